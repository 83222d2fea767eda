//! Tickets' history in the mirror.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    GroupId, TicketId, UserId,
    catalogue::Availability,
    history::{HistoryChange, HistoryEvent, HistoryParty},
    ticket::{Role, Status},
};
use guichet_store::*;

fn line(id: i64, ticket: i64, what: HistoryEvent) -> HistoryChange {
    HistoryChange {
        id,
        ticket: TicketId(ticket),
        at: jiff::Timestamp::from_second(1_790_000_000 + id).unwrap(),
        what,
    }
}

fn every_kind() -> Vec<HistoryChange> {
    let (person, group) = (
        HistoryParty::User { id: UserId(7) },
        HistoryParty::Group { id: GroupId(5) },
    );
    vec![
        line(
            1,
            12,
            HistoryEvent::Status {
                from: Status::New,
                to: Status::Waiting,
            },
        ),
        line(
            2,
            12,
            HistoryEvent::Joined {
                party: group,
                role: Some(Role::Assigned),
            },
        ),
        line(
            4,
            12,
            HistoryEvent::Parted {
                party: person,
                role: None,
            },
        ),
        line(5, 12, HistoryEvent::Trashed),
        line(6, 12, HistoryEvent::Restored),
    ]
}

fn standing(cursor: i64) -> CollectionState {
    CollectionState {
        cursor: Some(cursor.into()),
        complete: true,
        progress: None,
        availability: Availability::Available,
    }
}

#[tokio::test]
async fn a_line_comes_back_as_it_was_in_the_order_it_happened() {
    let store = memory().await;
    assert_eq!(store.history_state().await.unwrap(), None);
    let mut newest_first = every_kind();
    newest_first.reverse();
    newest_first.push(line(3, 13, HistoryEvent::Trashed));
    store.apply_history(&newest_first, &standing(6)).await.unwrap();
    assert_eq!(store.ticket_history(&[TicketId(12)]).await.unwrap(), every_kind());
    let both = store.ticket_history(&[TicketId(13), TicketId(12)]).await.unwrap();
    let ids: Vec<i64> = both.iter().map(|change| change.id).collect();
    assert_eq!(ids, [1, 2, 4, 5, 6, 3]);
    assert_eq!(store.ticket_history(&[TicketId(14)]).await.unwrap(), []);
    assert_eq!(store.history_state().await.unwrap(), Some(standing(6)));
}

#[tokio::test]
async fn a_page_may_come_twice_and_a_refusal_keeps_what_is_held() {
    let store = memory().await;
    for _ in 0..2 {
        store.apply_history(&every_kind(), &standing(6)).await.unwrap();
    }
    let refused = CollectionState {
        availability: Availability::Forbidden,
        ..standing(6)
    };
    store.apply_history(&[], &refused).await.unwrap();
    assert_eq!(store.ticket_history(&[TicketId(12)]).await.unwrap(), every_kind());
    assert_eq!(store.history_state().await.unwrap(), Some(refused));
}

#[tokio::test]
async fn a_forgotten_mirror_has_no_history() {
    let store = memory().await;
    store.apply_history(&every_kind(), &standing(6)).await.unwrap();
    store.reset_mirror().await.unwrap();
    assert_eq!(store.ticket_history(&[TicketId(12)]).await.unwrap(), []);
    assert_eq!(store.history_state().await.unwrap(), None);
}
