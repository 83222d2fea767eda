//! Reading's rules: order, cursors, identities, what is remembered.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use guichet_backend::{BackendError, Delivery, Presence};
use guichet_domain::{
    TicketId,
    outbox::{EntryState, Gate},
    record::{Collection, Departure, Record},
};
use guichet_sync::SyncSettings;
use std::{sync::Arc, time::Duration};
use support::*;

fn tickets(ids: std::ops::Range<i64>) -> Vec<Record> {
    ids.map(|id| Record::Ticket(Box::new(bundle(id).ticket))).collect()
}

#[tokio::test(start_paused = true)]
async fn details_wait_for_the_tickets_and_the_outbox_goes_first() {
    let desk = Desk::new();
    desk.backend.script(|script| {
        script.tickets = (1..=40).map(|id| (id, bundle(id))).collect();
        let pages = (0..4).map(|n| Ok(page(tickets(n * 10 + 1..n * 10 + 11), n, n < 3)));
        script.pages.insert(Collection::Tickets, pages.collect());
    });
    // Cut after the first page of tickets: what is known already can be answered, and the answer must not wait for the rest.
    desk.backend.script(|script| {
        let pages = script.pages.get_mut(&Collection::Tickets).unwrap();
        pages.insert(1, Err(network(Delivery::NotSent)));
    });
    desk.engine.round().await.unwrap();
    desk.engine.nudge();
    desk.submit(1, vec![followup("now")]);
    desk.engine.round().await.unwrap();
    let log = desk.backend.script(|script| script.log.clone());
    let place = |what: &str, collection: Option<Collection>, nth: usize| {
        let mut found = log
            .iter()
            .enumerate()
            .filter(|(_, seen)| seen.what == what && seen.collection == collection);
        found.nth(nth).unwrap_or_else(|| panic!("no {what} {collection:?}")).0
    };
    let last_page = place("pull", Some(Collection::Tickets), 4);
    assert!(place("pull", Some(Collection::TicketDetails), 0) > last_page);
    assert!(place("send", None, 0) < last_page, "the answer did not wait");
    assert!(
        place("pull", Some(Collection::People), 0) < last_page,
        "collections take turns"
    );
    assert!(desk.engine.status().borrow().first_sync.is_empty(), "done");
}

#[tokio::test(start_paused = true)]
async fn the_next_page_is_asked_for_while_the_last_one_is_written() {
    let desk = Desk::new();
    desk.backend.script(|script| {
        script.tickets = (1..=30).map(|id| (id, bundle(id))).collect();
        let pages = (0..3).map(|n| Ok(page(tickets(n * 10 + 1..n * 10 + 11), n, n < 2)));
        script.pages.insert(Collection::Tickets, pages.collect());
    });
    desk.engine.round().await.unwrap();
    let asked: Vec<(Option<Collection>, i64)> = desk
        .backend
        .seen("pull")
        .iter()
        .filter(|seen| matches!(seen.collection, Some(Collection::Tickets | Collection::People)))
        .map(|seen| (seen.collection, seen.id))
        .collect();
    let tickets = Some(Collection::Tickets);
    let people = Some(Collection::People);
    assert_eq!(asked, [(tickets, -1), (tickets, 0), (people, -1), (tickets, 1)]);
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap().len(), 30);
}

/// A page of an older state must not overwrite a ticket that was read again after an answer was sent.
#[tokio::test(start_paused = true)]
async fn a_page_asked_for_ahead_is_asked_for_again_when_something_newer_was_mirrored() {
    let desk = Desk::new();
    let stale = |id: i64| {
        let mut ticket = bundle(id).ticket;
        ticket.title = "before".to_owned();
        vec![Record::Ticket(Box::new(ticket))]
    };
    desk.backend.script(|script| {
        script.tickets = (1..=40).map(|id| (id, bundle(id))).collect();
        let pages = vec![
            Ok(page(tickets(1..11), 0, true)),
            Err(network(Delivery::NotSent)),
            Ok(page(tickets(11..21), 1, true)),
            // Asked for ahead, then an answer on ticket 1 goes out and the ticket is read again.
            Ok(page(stale(1), 2, true)),
            Ok(page(tickets(21..31), 2, true)),
            Ok(page(tickets(31..41), 3, false)),
        ];
        script.pages.insert(Collection::Tickets, pages.into());
    });
    desk.engine.round().await.unwrap();
    desk.engine.nudge();
    let answer = desk.submit(1, vec![followup("now")])[0];
    desk.engine.round().await.unwrap();
    assert!(
        matches!(desk.state(answer), EntryState::Sent { .. }),
        "{:?}",
        desk.state(answer)
    );
    let cursors: Vec<i64> = desk
        .backend
        .seen("pull")
        .iter()
        .filter(|seen| seen.collection == Some(Collection::Tickets))
        .map(|seen| seen.id)
        .collect();
    assert_eq!(cursors, [-1, 0, 0, 1, 1, 2]);
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap().len(), 40);
    let mirrored = now_or_wait(desk.store.mirrored_ticket(TicketId(1))).unwrap().unwrap();
    assert_eq!(mirrored.ticket.title, bundle(1).ticket.title);
}

#[tokio::test(start_paused = true)]
async fn a_first_sync_goes_on_after_a_kill_where_it_stood() {
    let mut desk = Desk::new();
    desk.backend.script(|script| {
        script.tickets = (1..=40).map(|id| (id, bundle(id))).collect();
        let pages = (0..4).map(|n| Ok(page(tickets(n * 10 + 1..n * 10 + 11), n, n < 3)));
        script.pages.insert(Collection::Tickets, pages.collect());
    });
    // Killed between reading the second page of tickets and applying it.
    desk.backend.script(|script| {
        let pages = script.pages.get_mut(&Collection::Tickets).unwrap();
        pages.insert(1, Err(network(Delivery::NotSent)));
    });
    desk.engine.round().await.unwrap();
    desk.restart();
    desk.engine.nudge();
    desk.engine.round().await.unwrap();
    let cursors: Vec<i64> = desk
        .backend
        .seen("pull")
        .iter()
        .filter(|seen| seen.collection == Some(Collection::Tickets))
        .map(|seen| seen.id)
        .collect();
    assert_eq!(cursors, [-1, 0, 0, 1, 2]);
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap().len(), 40);
}

#[tokio::test(start_paused = true)]
async fn what_a_delta_missed_is_fetched_and_what_left_is_told_from_what_is_hidden() {
    let settings = SyncSettings {
        reconcile_interval: Duration::from_secs(60),
        ..SyncSettings::default()
    };
    let desk = Desk::ready(settings).await;
    desk.backend.script(|script| {
        script.tickets.remove(&1);
        script.tickets.remove(&2);
        script.tickets.insert(9, bundle(9));
        script.presences.insert(2, Presence::Left(Departure::Hidden));
    });
    desk.engine.round().await.unwrap();
    assert!(desk.backend.seen("list_ids").is_empty(), "not due yet");
    tokio::time::sleep(Duration::from_secs(61)).await;
    desk.engine.round().await.unwrap();
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap(), [3, 9]);
    let asked: Vec<i64> = desk.backend.seen("presence").iter().map(|seen| seen.id).collect();
    assert_eq!(asked, [1, 2]);
    assert!(now_or_wait(desk.store.mirrored_ticket(TicketId(9))).unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_great_departure_is_handled_in_portions() {
    let desk = Desk::new();
    desk.backend.script(|script| {
        script.tickets = (1..=501).map(|id| (id, bundle(id))).collect();
        let records = tickets(1..502);
        script
            .pages
            .insert(Collection::Tickets, [Ok(page(records, 0, false))].into());
    });
    desk.engine.round().await.unwrap();
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap().len(), 501);
    desk.backend.script(|script| script.tickets.retain(|id, _| *id == 501));
    tokio::time::sleep(Duration::from_secs(301)).await;
    desk.engine.round().await.unwrap();
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap().len(), 301);
    let engine = Arc::clone(&desk.engine);
    tokio::select! {
        () = engine.run() => {}
        () = tokio::time::sleep(Duration::from_secs(2)) => {}
    }
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap(), [501]);
}

#[tokio::test(start_paused = true)]
async fn a_collection_that_is_refused_is_unavailable_and_the_rest_is_read() {
    let desk = Desk::new();
    desk.backend.script(|script| {
        let refused = Err(BackendError::Forbidden {
            message: "no right".into(),
        });
        script.pages.insert(Collection::Assets, [refused].into());
        let broken = Err(broken(Delivery::NotSent, 500, None));
        script.pages.insert(Collection::Groups, [broken].into());
    });
    let report = desk.engine.round().await.unwrap();
    assert!(matches!(report.gate, Gate::BackedOff { .. }));
    desk.engine.nudge();
    let report = desk.engine.round().await.unwrap();
    assert_eq!(report.gate, Gate::Open);
    let states = now_or_wait(desk.store.collection_states()).unwrap();
    let assets = &states
        .iter()
        .find(|(collection, _)| *collection == Collection::Assets)
        .unwrap()
        .1;
    assert_eq!(assets.availability, guichet_domain::catalogue::Availability::Forbidden);
    assert!(desk.engine.status().borrow().first_sync.is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_we_are_is_known_without_a_network() {
    let mut desk = Desk::ready(SyncSettings::default()).await;
    desk.restart();
    desk.backend.script(|script| {
        script.opens.extend((0..9).map(|_| Err(network(Delivery::NotSent))));
    });
    desk.engine.round().await.unwrap();
    assert_eq!(desk.engine.server_info().await.unwrap(), info(7));
    assert!(matches!(now_or_wait(desk.store.gate()).unwrap(), Gate::Offline { .. }));
}

#[tokio::test(start_paused = true)]
async fn another_accounts_mirror_is_forgotten_and_the_outbox_is_not() {
    let mut desk = Desk::ready(SyncSettings::default()).await;
    desk.backend
        .script(|script| script.sends.push_back(Err(BackendError::Closed)));
    let id = desk.submit(1, vec![followup("mine")])[0];
    desk.engine.round().await.unwrap();
    desk.restart();
    desk.backend.script(|script| {
        script.opens.push_back(Ok(info(8)));
        script.tickets.retain(|id, _| *id == 3);
    });
    desk.engine.round().await.unwrap();
    assert_eq!(now_or_wait(desk.store.ids(Collection::Tickets)).unwrap(), [3]);
    assert!(matches!(desk.state(id), EntryState::Wedged { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_document_is_fetched_once_and_kept() {
    let desk = Desk::ready(SyncSettings::default()).await;
    for _ in 0..2 {
        assert_eq!(desk.engine.document(5.into()).await.unwrap(), b"content");
    }
    assert_eq!(desk.backend.seen("download").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn rounds_follow_the_users_presence() {
    let desk = Desk::ready(SyncSettings::default()).await;
    desk.engine.touch();
    let engine = Arc::clone(&desk.engine);
    tokio::select! {
        () = engine.run() => {}
        () = tokio::time::sleep(Duration::from_secs(3600)) => {}
    }
    let rounds: Vec<f64> = desk
        .backend
        .seen("pull")
        .iter()
        .filter(|seen| seen.collection == Some(Collection::Tickets))
        .map(|seen| seconds_between(at(0), seen.at))
        .collect();
    let pauses: Vec<f64> = rounds.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(pauses[..20].iter().all(|pause| *pause <= 5.0), "{pauses:?}");
    assert!(
        pauses[pauses.len() - 20..].iter().all(|pause| *pause >= 59.0),
        "{pauses:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn when_everything_was_last_read_is_known_at_the_next_start() {
    let mut desk = Desk::new();
    desk.engine.recall().await.unwrap();
    assert_eq!(desk.engine.status().borrow().last_round_at, None, "never yet");
    tokio::time::sleep(Duration::from_secs(5)).await;
    desk.engine.round().await.unwrap();
    assert_eq!(desk.engine.status().borrow().last_round_at, Some(at(5)));
    desk.restart();
    desk.backend.script(|script| script.down = true);
    tokio::time::sleep(Duration::from_secs(60)).await;
    desk.engine.recall().await.unwrap();
    assert_eq!(
        desk.engine.status().borrow().last_round_at,
        Some(at(5)),
        "before any request"
    );
    desk.engine.round().await.unwrap();
    assert_eq!(
        desk.engine.status().borrow().last_round_at,
        Some(at(5)),
        "a failed round is none"
    );
}

#[tokio::test(start_paused = true)]
async fn a_ticket_created_here_and_purged_before_it_was_read_back_goes_after_a_restart() {
    let mut desk = Desk::ready(SyncSettings::default()).await;
    desk.submit(0, vec![creation("Mouse")]);
    // The process dies between the receipt and reading the ticket back; meanwhile somebody purges it.
    *desk.steps.stop_at.lock().unwrap() = Some("entry.sent");
    let crashed = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
    assert!(crashed.is_err());
    let unread = now_or_wait(desk.store.unread_tickets()).unwrap();
    assert_eq!(unread, [TicketId(5001)]);
    assert!(
        now_or_wait(desk.store.ticket(TicketId(5001))).unwrap().is_some(),
        "shown as written"
    );
    desk.backend.script(|script| script.tickets.remove(&5001));
    desk.restart();
    desk.engine.round().await.unwrap();
    assert!(now_or_wait(desk.store.unread_tickets()).unwrap().is_empty());
    assert!(now_or_wait(desk.store.ticket(TicketId(5001))).unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_ticket_created_here_whose_reading_back_failed_is_read_in_the_next_round() {
    let mut desk = Desk::ready(SyncSettings::default()).await;
    desk.submit(0, vec![creation("Mouse")]);
    *desk.steps.stop_at.lock().unwrap() = Some("ticket.read");
    let crashed = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
    assert!(crashed.is_err());
    desk.restart();
    desk.engine.round().await.unwrap();
    assert!(
        now_or_wait(desk.store.mirrored_ticket(TicketId(5001)))
            .unwrap()
            .is_some()
    );
}
