//! Rooms over real databases, and with the sandbox for what leaves.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::core::test_desk::{at, desk, held, mirrored};
use guichet_domain::{
    outbox::OutboxEntry,
    record::{Record, TicketLink},
    room::{RoomAction, RoomStanding},
};
use guichet_store::Batch;

async fn linked(desk: &Desk, parent: i64, child: i64) {
    let batch = Batch {
        collection: None,
        state: None,
        records: vec![Record::TicketLink(TicketLink {
            id: child,
            from: TicketId(parent),
            to: TicketId(child),
            kind: LinkKind::ParentOf,
        })],
        removals: Vec::new(),
    };
    desk.store.apply(&batch).await.unwrap();
}

/// A parent 40 with an open child 31, a solved one 32 and one that is not mirrored.
async fn incident(folder: &std::path::Path) -> (Arc<Desk>, Arc<crate::core::test_desk::Hand>) {
    let (desk, clock) = desk(folder).await;
    mirrored(&desk, held(40, Status::Assigned, 5)).await;
    mirrored(&desk, held(31, Status::New, 3)).await;
    mirrored(&desk, held(32, Status::Solved, 3)).await;
    mirrored(&desk, held(33, Status::Assigned, 3)).await;
    for child in [31, 32, 99] {
        linked(&desk, 40, child).await;
    }
    (desk, clock)
}

fn update(text: &str, children: bool) -> NewRoomUpdate {
    NewRoomUpdate {
        id: OperationId::new(),
        text: text.to_owned(),
        private: false,
        children,
        next_in_min: None,
    }
}

async fn followups(desk: &Desk) -> Vec<OutboxEntry> {
    let entries = desk.store.outbox(None, true).await.unwrap();
    let is_one = |entry: &OutboxEntry| matches!(entry.operation, Operation::AddFollowup { .. });
    entries.into_iter().filter(is_one).collect()
}

#[tokio::test]
async fn a_room_shows_its_parent_and_every_child_linked_or_about_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = incident(folder.path()).await;
    assert_eq!(desk.room(TicketId(40)).await.unwrap(), None);
    assert_eq!(desk.open_room(TicketId(7)).await.unwrap_err().code(), "ticket_unknown");
    // Linked from the child's side, not sent yet.
    let link = Operation::LinkTicket {
        ticket: TicketId(40),
        kind: LinkKind::ChildOf,
    };
    let submission = Submission {
        lane: Some(TicketId(33)),
        operations: vec![(OperationId::new(), link)],
        draft: None,
        hold: Duration::ZERO,
    };
    desk.submit(submission).await.unwrap();
    let sheet = desk.open_room(TicketId(40)).await.unwrap();
    let children: Vec<(i64, bool, bool)> = sheet
        .children
        .iter()
        .map(|child| (child.id.0, child.title.is_some(), child.open))
        .collect();
    assert_eq!(
        children,
        [
            (31, true, true),
            (32, true, false),
            (33, true, true),
            (99, false, false)
        ]
    );
    assert_eq!(sheet.card.standing, RoomStanding::OnTime);
    assert_eq!(sheet.card.next_update_at, Some(at(30)));
}

#[tokio::test]
async fn an_update_goes_to_the_parent_and_its_open_children_once_and_what_is_refused_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = incident(folder.path()).await;
    let error = desk
        .post_room_update(TicketId(40), &update("x", false), Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "room_none");
    desk.open_room(TicketId(40)).await.unwrap();
    let error = desk
        .post_room_update(TicketId(40), &update("  ", true), Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "room_nothing_said");
    *clock.0.lock().unwrap() = at(20);
    let asked = update("Cause connue", true);
    for _ in 0..2 {
        // The second time is a window that did not hear the answer.
        let posted = desk.post_room_update(TicketId(40), &asked, Locale::Fr).await.unwrap();
        assert_eq!(posted.room.updates.len(), 1);
        assert_eq!(posted.card.next_update_at, Some(at(50)));
        let refused: Vec<i64> = posted.refused.iter().map(|refusal| refusal.ticket.0).collect();
        assert_eq!(refused, [99]);
    }
    let told = followups(&desk).await;
    assert_eq!(told.iter().map(|entry| entry.lane.0).collect::<Vec<_>>(), [40, 31]);
    let words = told[1].operation.plain_text();
    assert!(
        words.starts_with("Incident majeur n° 40, point de situation n° 1\n\nCause connue"),
        "{words}"
    );
    desk.post_room_update(TicketId(40), &update("Suite", false), Locale::Fr)
        .await
        .unwrap();
    assert_eq!(followups(&desk).await.len(), 3);
    // A closed parent takes none.
    mirrored(&desk, held(40, Status::Closed, 5)).await;
    let error = desk
        .post_room_update(TicketId(40), &update("x", false), Locale::Fr)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "ticket_closed");
}

#[tokio::test]
async fn the_window_is_told_when_an_update_comes_due_and_when_it_is_late() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = incident(folder.path()).await;
    desk.open_room(TicketId(40)).await.unwrap();
    let mut heard = desk.hear();
    let watching = watch_by(&desk, Duration::from_millis(2), Duration::from_millis(10));
    let mut next = async || loop {
        if let AppEvent::Room(cards) = heard.recv().await.unwrap() {
            return cards.first().map(|card| card.standing);
        }
    };
    assert_eq!(next().await, Some(RoomStanding::OnTime));
    *clock.0.lock().unwrap() = at(25);
    assert_eq!(next().await, Some(RoomStanding::DueSoon));
    *clock.0.lock().unwrap() = at(31);
    assert_eq!(next().await, Some(RoomStanding::Late));
    // Resolved: no word is promised any more, and the room is there until somebody closes it.
    mirrored(&desk, held(40, Status::Solved, 5)).await;
    assert_eq!(next().await, Some(RoomStanding::Over));
    desk.close_room(TicketId(40)).await.unwrap();
    assert_eq!(next().await, None);
    watching.abort();
}

#[tokio::test]
async fn the_report_is_a_file_and_one_private_followup() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = incident(folder.path()).await;
    let downloads = folder.path().join("downloads");
    std::fs::create_dir(&downloads).unwrap();
    desk.open_room(TicketId(40)).await.unwrap();
    let words = RoomWords {
        workaround: "Imprimer à l’étage".to_owned(),
        actions: vec![RoomAction {
            id: OperationId::new(),
            what: "Changer le tambour".to_owned(),
            who: "Léa".to_owned(),
            due: None,
            done_at: None,
        }],
        ..RoomWords::default()
    };
    let card = desk.save_room(TicketId(40), words).await.unwrap();
    assert_eq!(card.workaround_at, Some(at(0)));
    *clock.0.lock().unwrap() = at(60);
    desk.close_room(TicketId(40)).await.unwrap();
    let note = Some(OperationId::new());
    let mut paths = BTreeSet::new();
    for nth in 0..2 {
        let saved = desk
            .save_room_report(TicketId(40), note, downloads.clone(), Locale::Fr)
            .await
            .unwrap();
        assert_eq!(saved.noted.is_some(), nth == 0, "it is noted once");
        let written = std::fs::read_to_string(&saved.path).unwrap();
        assert!(written.contains("Changer le tambour (Léa)") && written.contains("Imprimer à l’étage"));
        paths.insert(saved.path);
    }
    assert_eq!(paths.len(), 2, "no file covers another");
    assert!(paths.iter().all(|path| path.contains("incident-majeur-40")));
    let noted = followups(&desk).await;
    assert_eq!(noted.len(), 1);
    assert!(matches!(
        noted[0].operation,
        Operation::AddFollowup { private: true, .. }
    ));
    let error = desk.room_report(TicketId(31), Locale::Fr).await.unwrap_err();
    assert_eq!(error.code(), "room_none");
}
