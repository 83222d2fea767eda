//! A room is kept at every keystroke, follows its ticket to its number, and an update leaves once.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId,
    operation::Operation,
    outbox::Receipt,
    room::{Room, RoomError, RoomUpdate, RoomWords},
};
use guichet_store::*;

fn words(workaround: &str) -> RoomWords {
    RoomWords {
        workaround: workaround.to_owned(),
        ..RoomWords::default()
    }
}

fn post(text: &str, children: &[i64]) -> RoomPost {
    RoomPost {
        id: OperationId::new(),
        text: text.to_owned(),
        next_in_min: None,
        children: children.iter().copied().map(TicketId).collect(),
    }
}

fn followup(room: &Room, update: &RoomUpdate) -> Operation {
    Operation::AddFollowup {
        body: guichet_domain::rich_text::RichText::from_plain(&format!("{} {}", room.updates.len(), update.text)),
        private: false,
    }
}

#[tokio::test]
async fn a_room_is_there_after_a_restart_as_it_was_typed() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    assert_eq!(store.room(TicketId(11)).await.unwrap(), None);
    assert!(matches!(
        store.write_room(TicketId(11), words("x"), at(1)).await,
        Err(StoreError::NoSuchRoom { ticket: TicketId(11) })
    ));
    let opened = store
        .open_room(TicketId(11), Some("Nadia".to_owned()), at(1))
        .await
        .unwrap();
    assert_eq!(opened.words.people[0].name, "Nadia");
    store.write_room(TicketId(11), words("Part"), at(2)).await.unwrap();
    let kept = store.write_room(TicketId(11), words("Partage"), at(3)).await.unwrap();
    // Opened twice is one room, and what does not fit leaves what was kept.
    let again = store
        .open_room(TicketId(11), Some("Léa".to_owned()), at(4))
        .await
        .unwrap();
    assert_eq!(again, kept);
    let refused = store.write_room(TicketId(11), words(&"x".repeat(20_000)), at(4)).await;
    assert!(matches!(refused, Err(StoreError::Room(RoomError::TooLong { .. }))));
    store.open_room(TicketId(12), None, at(5)).await.unwrap();
    store.close().await;
    let (store, _) = Store::open(folder.path(), &KEY, at(9)).await.unwrap();
    assert_eq!(store.room(TicketId(11)).await.unwrap(), Some(kept));
    store.close_room(TicketId(11), at(9)).await.unwrap();
    let open = store.open_rooms().await.unwrap();
    assert_eq!(open.iter().map(|room| room.ticket.0).collect::<Vec<_>>(), [12]);
    assert_eq!(store.latest_rooms(10).await.unwrap().len(), 2);
    assert_eq!(
        store.open_room(TicketId(11), None, at(10)).await.unwrap().closed_at,
        None
    );
    store.close().await;
}

#[tokio::test]
async fn an_update_is_one_line_of_the_room_and_one_followup_on_each_ticket_that_takes_it() {
    let store = memory().await;
    for id in [11, 12, 13] {
        store
            .apply(&batch(vec![bundled(bundle(ticket(id, "VPN")))]))
            .await
            .unwrap();
    }
    store.open_room(TicketId(11), None, at(0)).await.unwrap();
    // 99 is not known here.
    let asked = post("Cause connue", &[12, 99, 13]);
    let posted = store
        .post_room_update(TicketId(11), &asked, followup, at(60))
        .await
        .unwrap();
    assert!(posted.new && posted.changes.outbox);
    let told: Vec<(i64, bool)> = posted
        .outcomes
        .iter()
        .map(|(ticket, outcome)| (ticket.0, outcome.is_ok()))
        .collect();
    assert_eq!(told, [(11, true), (12, true), (99, false), (13, true)]);
    assert_eq!(posted.room.updates.len(), 1);
    // Asked again (the window did not hear the answer): nothing more.
    let again = store
        .post_room_update(TicketId(11), &asked, followup, at(61))
        .await
        .unwrap();
    assert!(!again.new && again.outcomes.is_empty() && again.room == posted.room);
    let entries = store.outbox(None, true).await.unwrap();
    assert_eq!(entries.len(), 3);
    assert!(
        entries
            .iter()
            .all(|entry| entry.operation.plain_text() == "1 Cause connue")
    );
    assert_eq!(entries.iter().filter(|entry| entry.id == asked.id).count(), 1);
    // What says nothing leaves neither a line nor a follow-up.
    assert!(
        store
            .post_room_update(TicketId(11), &post(" ", &[12]), followup, at(62))
            .await
            .is_err()
    );
    // A parent that takes no follow-up takes no update, and no child hears of it.
    store.open_room(TicketId(98), None, at(0)).await.unwrap();
    let refused = store
        .post_room_update(TicketId(98), &post("x", &[12]), followup, at(63))
        .await;
    assert!(matches!(refused, Err(StoreError::Invalid { .. })));
    assert!(store.room(TicketId(98)).await.unwrap().unwrap().updates.is_empty());
    assert_eq!(store.outbox(None, true).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_room_follows_its_ticket_to_the_servers_number() {
    let store = memory().await;
    let accepted = store.submit(new(vec![create("Incident majeur")]), at(0)).await.unwrap();
    let (local, created) = (accepted.lane, accepted.entries[0].id);
    store.open_room(local, None, at(1)).await.unwrap();
    store
        .post_room_update(local, &post("Nous cherchons", &[]), followup, at(2))
        .await
        .unwrap();
    store.begin_attempt(created, at(3)).await.unwrap();
    let receipt = Receipt {
        ticket: Some(TicketId(77)),
        remote_id: None,
    };
    store.mark_sent(created, &receipt, at(4)).await.unwrap();
    // Typed by a window that has not heard of the number.
    store.write_room(local, words("Partage"), at(5)).await.unwrap();
    let room = store.room(TicketId(77)).await.unwrap().unwrap();
    assert_eq!((room.ticket, room.updates.len()), (TicketId(77), 1));
    assert_eq!(store.room(local).await.unwrap(), Some(room.clone()));
    assert_eq!(store.open_rooms().await.unwrap(), [room]);
}
