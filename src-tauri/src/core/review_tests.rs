//! What is blocked, what was done, what was worth writing down: one desk, without a network.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::core::test_desk::{at, desk, held, mirrored};
use guichet_domain::{
    UserId,
    operation::Operation,
    record::Record,
    rich_text::RichText,
    ticket::Status,
    timeline::{EntryDetail, EntryKey, EntryKind, TaskState, TimelineEntry},
};
use guichet_store::{Batch, EventKind, Submission};
use std::time::Duration;

fn task(id: i64, ticket: i64, state: TaskState, minute: i64, text: &str) -> Record {
    Record::TimelineEntry(Box::new(TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Task,
            id,
        },
        ticket: TicketId(ticket),
        author: Some(UserId(2)),
        at: at(minute),
        updated_at: at(minute),
        body: RichText::from_plain(text),
        private: true,
        detail: EntryDetail::Task {
            state,
            duration_s: 900,
            begin: None,
            end: None,
            assignee: None,
            group: None,
            uuid: None,
        },
    }))
}

async fn add(desk: &Desk, records: Vec<Record>) {
    let batch = Batch {
        collection: None,
        state: None,
        records,
        removals: Vec::new(),
    };
    desk.store.apply(&batch).await.unwrap();
}

#[tokio::test]
async fn what_waits_and_what_is_late_is_told_with_its_next_action_and_what_moves_on_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = desk(folder.path()).await;
    let mut waiting = held(1, Status::Waiting, 3);
    waiting.updated_at = at(90);
    mirrored(&desk, waiting).await;
    // Of high priority, opened at 10: to be solved by 13.
    mirrored(&desk, held(2, Status::Assigned, 4)).await;
    let mut fresh = held(3, Status::Assigned, 3);
    fresh.opened_at = at(200);
    mirrored(&desk, fresh).await;
    mirrored(&desk, held(4, Status::Solved, 4)).await;
    *clock.0.lock().unwrap() = at(240);
    desk.wind_clocks(&clocks::Due::All).await.unwrap();
    // A filter asks what time it is by the machine's own clock: these targets are long past.
    let review = desk.daily_review().await.unwrap();
    let told: Vec<_> = review
        .rows
        .iter()
        .map(|row| (row.ticket.id.0, row.blocked, row.since, row.dated))
        .collect();
    assert!(told.contains(&(1, Blocked::Waiting, at(90), false)), "{told:?}");
    assert!(told.contains(&(2, Blocked::Late, at(180), true)), "{told:?}");
    assert!(!told.iter().any(|row| row.0 == 4), "what is solved moves on: {told:?}");
    assert!(
        told.is_sorted_by_key(|row| row.2),
        "the longest blocked first: {told:?}"
    );

    // Decided in the review: a task of the ticket, shown at once.
    let decided = Operation::AddTask {
        body: RichText::from_plain("Relancer l’agent"),
        private: true,
        state: TaskState::Todo,
        duration_s: 0,
        begin: None,
        assignee: None,
    };
    let submission = Submission {
        lane: Some(TicketId(1)),
        operations: vec![(OperationId::new(), decided)],
        draft: None,
        hold: Duration::ZERO,
    };
    desk.submit(submission).await.unwrap();
    let review = desk.daily_review().await.unwrap();
    let row = review.rows.iter().find(|row| row.ticket.id == TicketId(1)).unwrap();
    let next = row.next.as_ref().unwrap();
    assert_eq!((next.what.as_str(), next.sent), ("Relancer l’agent", false));
}

#[tokio::test]
async fn a_log_tells_what_was_done_and_proposes_major_tickets_until_they_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = desk(folder.path()).await;
    mirrored(&desk, held(1, Status::Assigned, 6)).await;
    mirrored(&desk, held(2, Status::Assigned, 3)).await;
    add(
        &desk,
        vec![
            task(10, 2, TaskState::Done, 30, "Câble *changé*\nsur place"),
            task(11, 2, TaskState::Todo, 40, "Revenir"),
        ],
    )
    .await;
    let (from, to) = ("2026-06-01", "2026-06-08");
    let log = desk.logbook(from, to).await.unwrap();
    assert_eq!(log.interventions.len(), 1);
    assert_eq!(log.proposed.iter().map(|one| one.ticket.0).collect::<Vec<_>>(), [1]);
    let event = NotableEvent {
        id: OperationId::new(),
        at: at(0),
        kind: EventKind::MajorIncident,
        text: "  Imprimantes en panne  ".to_owned(),
        ticket: Some(TicketId(1)),
        author: None,
    };
    desk.keep_event(event.clone()).await.unwrap();
    let log = desk.logbook(from, to).await.unwrap();
    assert!(log.proposed.is_empty());
    assert_eq!(log.events[0].text, "Imprimantes en panne");
    let told = desk.chronicle(from, to, Locale::Fr).await.unwrap();
    assert_eq!(told.rows, 2);
    for part in [
        "# Journal du 01/06/2026 au 07/06/2026",
        "### 02/06/2026",
        "Incident majeur",
        "Imprimantes en panne (#1)",
        "Câble \\*changé\\* sur place",
        "15 min",
    ] {
        assert!(told.text.contains(part), "{part}: {}", told.text);
    }
    assert!(!told.text.contains("Revenir"));
    desk.withdraw_event(event.id).await.unwrap();
    assert_eq!(
        desk.withdraw_event(event.id).await.unwrap_err().code(),
        "review_no_event"
    );
    assert!(desk.logbook(from, to).await.unwrap().events.is_empty());
    let empty = NotableEvent {
        text: " ".to_owned(),
        ..event
    };
    assert_eq!(desk.keep_event(empty).await.unwrap_err().code(), "review_no_text");
}

#[test]
fn a_period_has_two_days_in_order() {
    assert!(days("2026-06-01", "2026-06-02").is_ok());
    for (from, to) in [
        ("2026-06-02", "2026-06-02"),
        ("2026-06-02", "2026-06-01"),
        ("June", "2026-06-01"),
    ] {
        assert_eq!(days(from, to).unwrap_err().code(), "review_no_period", "{from} {to}");
    }
}
