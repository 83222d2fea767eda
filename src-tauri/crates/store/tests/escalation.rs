//! Diagnoses as they are typed, tickets that may be on the board, contacts for the surge.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use guichet_domain::{
    BlobHash, GroupId, TicketId, UserId,
    call::{Call, CallCapabilities, CallSource, CallState, Direction, RemoteParty},
    catalogue::CatalogueKind,
    diagnosis::Diagnosis,
    document::Attachment,
    operation::{AttachTo, Operation},
    outbox::Receipt,
    record::{ActorRow, Record, TicketBundle},
    rich_text::RichText,
    ticket::{Role, Status, Ticket},
    timeline::TimelineEntry,
    triage::{Marker, markers},
};
use guichet_store::{Escalated, EscalatedQuery, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};

const NETWORK: i64 = 31;

fn typed(symptom: &str) -> Diagnosis {
    Diagnosis {
        symptom: symptom.to_owned(),
        ..Diagnosis::default()
    }
}

fn private(id: i64, ticket: i64, text: &str) -> TimelineEntry {
    TimelineEntry {
        private: true,
        body: RichText::from_plain(text),
        ..followup(id, ticket, "")
    }
}

/// A ticket with these groups and entries alone.
fn with(ticket: Ticket, groups: &[i64], timeline: Vec<TimelineEntry>) -> Record {
    let id = ticket.id.0;
    let actors = groups
        .iter()
        .map(|number| actor(id * 10 + number, id, group(Role::Assigned, *number)));
    bundled(TicketBundle {
        actors: actors.collect::<Vec<ActorRow>>(),
        timeline,
        documents: Vec::new(),
        document_links: Vec::new(),
        asset_links: Vec::new(),
        ..bundle(ticket)
    })
}

fn asked(over_since: Option<i64>) -> EscalatedQuery {
    EscalatedQuery {
        groups: BTreeSet::from([GroupId(NETWORK)]),
        over_since: over_since.map(at),
    }
}

async fn on_board(store: &Store, over_since: Option<i64>) -> Vec<i64> {
    let found = store.escalated(&asked(over_since)).await.unwrap();
    found.into_iter().map(|found| found.row.id.0).collect()
}

fn lines(found: &Escalated) -> Vec<Marker> {
    markers(&found.lines).into_iter().map(|marked| marked.marker).collect()
}

fn line(text: &str) -> Operation {
    Operation::AddFollowup {
        body: RichText::from_plain(text),
        private: true,
    }
}

#[tokio::test]
async fn a_diagnosis_is_kept_as_typed_and_follows_its_ticket_to_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    let written = store.submit(new(vec![create("Écran noir")]), at(1)).await.unwrap();
    let local = written.lane;
    assert_eq!(store.diagnosis(local).await.unwrap(), None);
    store.keep_diagnosis(local, &typed("Écr"), at(2)).await.unwrap();
    store.keep_diagnosis(local, &typed("Écran noir"), at(3)).await.unwrap();
    store.close().await;
    let (store, _) = Store::open(folder.path(), &KEY, at(4)).await.unwrap();
    assert_eq!(store.diagnosis(local).await.unwrap(), Some(typed("Écran noir")));
    let id = written.entries[0].id;
    store.begin_attempt(id, at(5)).await.unwrap();
    let receipt = Receipt {
        remote_id: Some(400),
        ticket: Some(TicketId(400)),
    };
    store.mark_sent(id, &receipt, at(6)).await.unwrap();
    for number in [TicketId(400), local] {
        assert_eq!(
            store.diagnosis(number).await.unwrap(),
            Some(typed("Écran noir")),
            "{number}"
        );
    }
}

#[tokio::test]
async fn an_escalation_that_is_refused_leaves_the_diagnosis_and_one_that_is_accepted_takes_it_along() {
    let store = memory().await;
    store
        .apply(&batch(vec![bundled(bundle(ticket(10, "Réseau lent")))]))
        .await
        .unwrap();
    store.keep_diagnosis(TicketId(10), &typed("Lent"), at(1)).await.unwrap();
    let missing = Operation::UploadDocument {
        attachment: Attachment {
            blob: BlobHash("0".repeat(64)),
            filename: "absente.png".to_owned(),
            mime: "image/png".to_owned(),
            size: 3,
        },
        attach_to: AttachTo::Ticket,
    };
    let refused = store
        .escalate(on(10, vec![line("[Escalade] transmise à : Réseau"), missing]), at(2))
        .await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    assert_eq!(store.diagnosis(TicketId(10)).await.unwrap(), Some(typed("Lent")));
    assert!(
        store.outbox(None, false).await.unwrap().is_empty(),
        "nothing is half accepted"
    );
    let accepted = store
        .escalate(on(10, vec![line("[Escalade] transmise à : Réseau")]), at(3))
        .await
        .unwrap();
    assert_eq!(accepted.entries.len(), 1);
    assert_eq!(store.diagnosis(TicketId(10)).await.unwrap(), None);
}

#[tokio::test]
async fn the_board_finds_tickets_by_group_and_by_private_line_and_nothing_else() {
    let store = memory().await;
    let sent = "[Escalade] transmise à : Réseau\nConstaté : lent";
    let over = |id, status| Ticket {
        status,
        solved_at: Some(at(id + 5)),
        ..ticket(id, "Fini")
    };
    store
        .apply(&batch(vec![
            with(ticket(1, "Par le groupe"), &[NETWORK], Vec::new()),
            with(
                ticket(2, "D’un autre groupe"),
                &[5],
                vec![private(20, 2, "Rien de tel")],
            ),
            with(
                ticket(3, "Renvoyé"),
                &[5],
                vec![
                    private(30, 3, sent),
                    private(31, 3, "[ESCALATION] sent back to level 1\nReason: no error text"),
                ],
            ),
            // What a requester can write decides nothing.
            with(ticket(4, "Public"), &[5], vec![followup(40, 4, "[Escalade] acceptée")]),
            with(over(5, Status::Solved), &[NETWORK], Vec::new()),
            with(over(6, Status::Closed), &[5], vec![private(60, 6, sent)]),
            with(over(7, Status::Closed), &[5], Vec::new()),
        ]))
        .await
        .unwrap();
    assert_eq!(on_board(&store, None).await, [1, 3]);
    assert_eq!(on_board(&store, Some(0)).await, [1, 3, 5, 6]);
    // Tickets change ten seconds after they were opened.
    assert_eq!(on_board(&store, Some(16)).await, [1, 3, 6]);
    let found = store.escalated(&asked(None)).await.unwrap();
    assert_eq!(
        lines(&found[1]),
        [
            Marker::Sent {
                to: "Réseau".to_owned()
            },
            Marker::SentBack
        ]
    );
    assert_eq!(found[1].lines.len(), 2);
    // A line that is corrected is none any more; one that an entry becomes is one.
    store
        .apply(&batch(vec![
            Record::TimelineEntry(Box::new(private(30, 3, "Transmis"))),
            Record::TimelineEntry(Box::new(private(31, 3, "Renvoyé"))),
            Record::TimelineEntry(Box::new(private(20, 2, sent))),
        ]))
        .await
        .unwrap();
    assert_eq!(on_board(&store, None).await, [1, 2]);
}

#[tokio::test]
async fn a_line_counts_from_the_instant_it_is_accepted_until_it_is_read_again_and_once() {
    let store = memory().await;
    store.set_account(Some(UserId(2))).await.unwrap();
    store
        .apply(&batch(vec![with(ticket(1, "Réseau lent"), &[5], Vec::new())]))
        .await
        .unwrap();
    assert!(on_board(&store, None).await.is_empty());
    let assign = Operation::Assign {
        actor: group(Role::Assigned, NETWORK),
    };
    let accepted = store
        .submit(on(1, vec![line("[Escalade] transmise à : Réseau"), assign]), at(100))
        .await
        .unwrap();
    let one = async || {
        let mut found = store.escalated(&asked(None)).await.unwrap();
        assert_eq!(found.len(), 1);
        found.remove(0)
    };
    let sent = [Marker::Sent {
        to: "Réseau".to_owned(),
    }];
    let found = one().await;
    assert_eq!(lines(&found), sent);
    assert!(found.actors.contains(&group(Role::Assigned, NETWORK)));
    assert_eq!(found.lines[0].author, Some(UserId(2)), "the account's own words");
    assert_eq!(found.row.pending, 2);
    // Sent, and not read again yet.
    let entry = &accepted.entries[0];
    store.begin_attempt(entry.id, at(101)).await.unwrap();
    let receipt = Receipt {
        remote_id: Some(77),
        ticket: None,
    };
    store.mark_sent(entry.id, &receipt, at(102)).await.unwrap();
    assert_eq!(lines(&one().await), sent);
    // Read again: once, not twice.
    store
        .apply(&batch(vec![Record::TimelineEntry(Box::new(private(
            77,
            1,
            "[Escalade] transmise à : Réseau",
        )))]))
        .await
        .unwrap();
    assert_eq!(lines(&one().await), sent);
    let read = store.escalated_ticket(TicketId(1)).await.unwrap().unwrap();
    assert_eq!(lines(&read), sent);
    assert!(store.escalated_ticket(TicketId(999)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_ticket_written_here_can_be_on_the_board_before_any_server_knows_it() {
    let store = memory().await;
    let assign = Operation::Assign {
        actor: group(Role::Assigned, NETWORK),
    };
    let written = store.submit(new(vec![create("Sans réseau")]), at(1)).await.unwrap();
    let lane = written.lane.0;
    store
        .escalate(on(lane, vec![line("[Escalation] sent to: Réseau"), assign]), at(2))
        .await
        .unwrap();
    assert_eq!(on_board(&store, None).await, [lane]);
}

#[tokio::test]
async fn names_are_those_of_people_who_are_known() {
    let store = memory().await;
    store
        .apply(&batch(vec![Record::Person(Box::new(person(2, "Karim", "Marsaudon")))]))
        .await
        .unwrap();
    let names = store
        .people_names(&BTreeSet::from([UserId(2), UserId(3)]))
        .await
        .unwrap();
    assert_eq!(names, BTreeMap::from([(UserId(2), "Karim Marsaudon".to_owned())]));
}

fn call(id: &str, started: i64) -> Call {
    Call {
        source: CallSource("pbx".to_owned()),
        id: id.to_owned(),
        ids: BTreeSet::from([id.to_owned()]),
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612340013", "", "FR"),
        state: CallState::Ended,
        queue: None,
        ringing: BTreeSet::new(),
        device: None,
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: at(started),
        queued_at: None,
        ringing_at: None,
        answered_at: None,
        transferred_at: None,
        voicemail_at: None,
        ended_at: Some(at(started + 60)),
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

#[tokio::test]
async fn contacts_are_the_tickets_opened_lately_and_the_calls_that_have_none() {
    let store = memory().await;
    let place = |id, name: &str, parent: Option<i64>| {
        let mut item = item(CatalogueKind::Location, id, name);
        item.parent = parent;
        Record::Catalogue(item)
    };
    let mut caller = person(7, "Claire", "Fontaine");
    caller.location = Some(reference(3, "Mairie > Salle 2"));
    let opened = |id, room: Option<i64>| Ticket {
        category: Some(reference(12, "Réseau > VPN")),
        location: room.map(|room| reference(room, "")),
        ..ticket(id, "Le VPN ne répond plus")
    };
    store
        .apply(&batch(vec![
            place(1, "Mairie", None),
            place(2, "Mairie > Salle 1", Some(1)),
            place(3, "Mairie > Salle 2", Some(1)),
            place(4, "Gymnase", None),
            Record::Person(Box::new(caller)),
            bundled(bundle(opened(50, None))),
            bundled(bundle(opened(100, Some(2)))),
            // Its requester is in room 2.
            bundled(bundle(opened(110, None))),
            bundled(bundle(opened(120, Some(4)))),
        ]))
        .await
        .unwrap();
    for (id, started) in [("early", 60), ("free", 105), ("of a ticket", 106)] {
        store.keep_call(&call(id, started), &[], &[], true).await.unwrap();
    }
    let source = CallSource("pbx".to_owned());
    store.note_call(&source, "free", "VPN coupé").await.unwrap();
    store.name_caller(&source, "free", Some(UserId(7))).await.unwrap();
    store
        .link_call(&source, "of a ticket", Some(TicketId(100)))
        .await
        .unwrap();
    let local = store.submit(new(vec![create("VPN")]), at(130)).await.unwrap().lane;

    let mut contacts = store.contacts_since(at(60)).await.unwrap();
    contacts.sort();
    let told: Vec<_> = contacts
        .iter()
        .map(|contact| {
            let site = contact.site.as_ref().map(|site| site.name.as_str());
            (contact.id.clone(), contact.ticket, site, contact.words.as_str())
        })
        .collect();
    let vpn = "Le VPN ne répond plus";
    assert_eq!(
        told,
        [
            ("ticket:100".to_owned(), Some(TicketId(100)), Some("Mairie"), vpn),
            ("call:pbx:free".to_owned(), None, Some("Mairie"), "VPN coupé"),
            ("ticket:110".to_owned(), Some(TicketId(110)), Some("Mairie"), vpn),
            ("ticket:120".to_owned(), Some(TicketId(120)), Some("Gymnase"), vpn),
            (format!("ticket:{local}"), Some(local), Some("Mairie"), "VPN"),
        ]
    );
    assert_eq!(contacts[0].category.as_ref().map(|category| category.id), Some(12));

    // One place that holds everything is no site: rooms of it are told apart.
    store
        .apply(&batch(vec![place(4, "Mairie > Gymnase", Some(1))]))
        .await
        .unwrap();
    let contacts = store.contacts_since(at(99)).await.unwrap();
    let sites: BTreeSet<i64> = contacts
        .iter()
        .filter_map(|contact| contact.site.as_ref().map(|site| site.id))
        .collect();
    assert_eq!(sites, BTreeSet::from([2, 3, 4]));
}
