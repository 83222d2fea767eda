//! A server that was brought back from a backup: noticed, frozen, gone on from; and what must not be taken for one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use guichet_backend::Presence;
use guichet_domain::{
    OperationId, TicketId,
    outbox::{EntryState, Gate, Receipt, WedgeReason},
    record::Departure,
    rich_text::RichText,
    timeline::{EntryDetail, EntryKey, EntryKind, TimelineEntry},
};
use guichet_store::Submission;
use guichet_sync::{AfterRestore, SyncSettings};
use std::time::Duration;
use support::*;

fn quick() -> SyncSettings {
    SyncSettings {
        reconcile_interval: Duration::from_secs(10),
        ..SyncSettings::default()
    }
}

fn row(ticket: i64, id: i64) -> TimelineEntry {
    TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Followup,
            id,
        },
        ticket: ticket.into(),
        author: None,
        at: at(0),
        updated_at: at(0),
        body: RichText::from_plain("hello"),
        private: false,
        detail: EntryDetail::Followup { channel: None },
    }
}

/// What was sent is on the tickets and their dates moved; the mirror has read it.
async fn written(desk: &Desk, tickets: &[i64]) {
    desk.backend.script(|script| {
        for id in tickets {
            let bundle = script.tickets.get_mut(id).unwrap();
            bundle.ticket.updated_at = at(100_000);
            bundle.timeline.push(row(*id, 900 + id));
        }
    });
    for id in tickets {
        desk.engine.refresh_ticket((*id).into()).await.unwrap();
    }
}

/// The server is what it was before.
fn bring_back(desk: &Desk, tickets: &[i64]) {
    desk.backend.script(|script| {
        for id in tickets {
            script.tickets.insert(*id, bundle(*id));
        }
    });
}

/// Creates a ticket here; its local number.
fn create(desk: &Desk) -> TicketId {
    let submission = Submission {
        lane: None,
        operations: vec![(OperationId::new(), creation("Imprimante"))],
        draft: None,
        hold: Duration::ZERO,
    };
    now_or_wait(desk.store.submit(submission, at(0))).unwrap().lane
}

async fn after_a_comparison(desk: &Desk) -> Gate {
    tokio::time::sleep(Duration::from_secs(11)).await;
    desk.engine.round().await.unwrap().gate
}

#[tokio::test(start_paused = true)]
async fn rows_gone_from_two_tickets_whose_dates_went_back_freeze_the_outbox() {
    let desk = Desk::ready(quick()).await;
    let ids = [
        desk.submit(1, vec![followup("un")])[0],
        desk.submit(2, vec![followup("deux")])[0],
    ];
    desk.backend.script(|script| {
        for (ticket, row) in [(1, 901), (2, 902)] {
            let receipt = Receipt {
                remote_id: Some(row),
                ticket: None,
            };
            script.sends_of.entry(ticket).or_default().push_back(Ok(receipt));
        }
    });
    desk.engine.round().await.unwrap();
    written(&desk, &[1, 2]).await;
    assert_eq!(after_a_comparison(&desk).await, Gate::Open);
    bring_back(&desk, &[1, 2]);
    assert!(after_a_comparison(&desk).await.is_restored());

    let waiting = desk.submit(3, vec![followup("attend")])[0];
    let sends = desk.backend.seen("send").len();
    desk.engine.signed_in().await.unwrap();
    desk.engine.nudge();
    assert!(
        desk.engine.round().await.unwrap().gate.is_restored(),
        "nobody but the person opens it"
    );
    assert_eq!(desk.backend.seen("send").len(), sends);

    let lost: Vec<_> = desk
        .engine
        .lost_words()
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.id)
        .collect();
    assert_eq!(lost, [ids[1], ids[0]], "the newest first");
    let again = desk.engine.go_on(AfterRestore::SendAgain).await.unwrap();
    assert_eq!(again.len(), 2);
    assert!(
        desk.engine.go_on(AfterRestore::SendAgain).await.unwrap().is_empty(),
        "once"
    );
    let report = desk.engine.round().await.unwrap();
    assert_eq!((report.gate, report.sent), (Gate::Open, 3));
    for id in again.iter().map(|one| one.id).chain([waiting]) {
        assert!(matches!(desk.state(id), EntryState::Sent { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_not_sent_again() {
    let desk = Desk::ready(quick()).await;
    desk.submit(1, vec![followup("un")]);
    desk.engine.round().await.unwrap();
    now_or_wait(desk.store.set_gate(&Gate::Restored { noticed_at: at(0) })).unwrap();
    let mut desk = desk;
    desk.restart();
    let sends = desk.backend.seen("send").len();
    assert!(
        desk.engine.round().await.unwrap().gate.is_restored(),
        "a restart does not open it"
    );
    assert!(desk.engine.go_on(AfterRestore::Leave).await.unwrap().is_empty());
    assert_eq!(desk.engine.round().await.unwrap().gate, Gate::Open);
    assert_eq!(desk.backend.seen("send").len(), sends);
}

#[tokio::test(start_paused = true)]
async fn a_number_given_out_twice_freezes_the_outbox() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        for ticket in [1, 2] {
            let receipt = Receipt {
                remote_id: Some(950),
                ticket: None,
            };
            script.sends_of.entry(ticket).or_default().push_back(Ok(receipt));
        }
    });
    desk.submit(1, vec![followup("un")]);
    assert_eq!(desk.engine.round().await.unwrap().gate, Gate::Open);
    desk.submit(2, vec![followup("deux")]);
    assert!(desk.engine.round().await.unwrap().gate.is_restored());
}

#[tokio::test(start_paused = true)]
async fn a_ticket_created_here_that_is_gone_is_created_again_with_what_followed() {
    let desk = Desk::ready(quick()).await;
    let lane = create(&desk);
    desk.engine.round().await.unwrap();
    let number = now_or_wait(desk.store.resolve_ticket(lane)).unwrap();
    desk.submit(number.0, vec![followup("suite")]);
    desk.engine.round().await.unwrap();
    now_or_wait(desk.store.set_gate(&Gate::Restored { noticed_at: at(0) })).unwrap();
    let mut desk = desk;
    desk.restart();
    let waiting = desk.submit(number.0, vec![followup("en attente")])[0];
    desk.backend.script(|script| {
        script.tickets.remove(&number.0);
        script.presences.insert(number.0, Presence::Left(Departure::Purged));
    });
    let again = desk.engine.go_on(AfterRestore::SendAgain).await.unwrap();
    assert_eq!(again.len(), 3, "{again:?}");
    assert!(
        matches!(desk.state(waiting), EntryState::Cancelled { .. }),
        "it follows the new ticket"
    );
    assert_eq!(desk.engine.round().await.unwrap().sent, 3);
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_ticket_that_is_left_gone_does_not_go_to_whoever_has_its_number() {
    let desk = Desk::ready(quick()).await;
    let lane = create(&desk);
    desk.engine.round().await.unwrap();
    let number = now_or_wait(desk.store.resolve_ticket(lane)).unwrap();
    now_or_wait(desk.store.set_gate(&Gate::Restored { noticed_at: at(0) })).unwrap();
    let mut desk = desk;
    desk.restart();
    let waiting = desk.submit(number.0, vec![followup("en attente")])[0];
    desk.backend.script(|script| script.tickets.remove(&number.0));
    desk.engine.go_on(AfterRestore::Leave).await.unwrap();
    assert_eq!(
        desk.state(waiting),
        EntryState::Wedged {
            reason: WedgeReason::Gone
        }
    );
}

/// An ordinary purge takes the newest number and leaves every other date alone; a deletion moves the date forward; a clock that is set
/// back takes nothing away.
#[tokio::test(start_paused = true)]
async fn a_purge_a_deletion_and_a_clock_set_back_freeze_nothing() {
    let desk = Desk::ready(quick()).await;
    written(&desk, &[1, 2, 3]).await;
    assert_eq!(after_a_comparison(&desk).await, Gate::Open);
    desk.backend.script(|script| {
        // The newest is purged.
        script.tickets.remove(&3);
        // Rows are deleted by a colleague.
        for id in [1, 2] {
            let bundle = script.tickets.get_mut(&id).unwrap();
            bundle.timeline.clear();
            bundle.ticket.updated_at = at(100_500);
        }
    });
    assert_eq!(after_a_comparison(&desk).await, Gate::Open);
    written(&desk, &[1, 2]).await;
    assert_eq!(after_a_comparison(&desk).await, Gate::Open);
    desk.backend.script(|script| {
        for id in [1, 2] {
            script.tickets.get_mut(&id).unwrap().ticket.updated_at = at(1_000);
        }
    });
    assert_eq!(after_a_comparison(&desk).await, Gate::Open);
}
