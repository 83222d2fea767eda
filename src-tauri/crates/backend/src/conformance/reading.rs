//! Rules of reading: pages, cursors, changes, departures.

use super::{Act, Mirror, Subject, bundle, opened};
use crate::{BackendError, Cursor, Presence};
use guichet_domain::{
    TicketId,
    record::{Collection, Departure, Record, RecordKey, Removal},
};
use std::collections::BTreeMap;

/// Collections whose identities can be listed, but the catalogues, which the account may not be allowed to read.
const LISTED: [Collection; 4] = [
    Collection::Tickets,
    Collection::People,
    Collection::Groups,
    Collection::Articles,
];

/// [`open`](crate::Backend::open) says who the account is, by the name that it has among the people.
pub async fn opening_names_the_account(subject: &dyn Subject) {
    let info = subject.backend().open().await.unwrap();
    assert_eq!(info.user, subject.account());
    assert!(!info.product.is_empty());
    let record = subject.backend().record(Collection::People, info.user.0).await.unwrap();
    let Record::Person(person) = record else {
        panic!("not a person: {record:?}")
    };
    assert_eq!(person.id, info.user);
    assert!(info.name.contains(&person.last_name), "{info:?}");
}

/// Reading every collection from the beginning comes to an end, says so, and gives what the complete lists and the single
/// tickets give, although every page was applied twice.
pub async fn a_first_reading_is_complete_and_every_page_may_be_applied_twice(subject: &dyn Subject) {
    let (mirror, _) = everything(subject).await;
    for collection in LISTED {
        let ids = mirror.ids(collection);
        assert!(!ids.is_empty(), "{collection}");
        let listed = subject.backend().list_ids(collection).await.unwrap();
        assert_eq!(ids, listed, "{collection}");
    }
    for (id, read) in &mirror.tickets {
        assert_eq!(*read, bundle(subject, *id).await, "ticket {id}");
    }
}

/// A page that could not be stored is read again from the cursor before it.
pub async fn a_stored_cursor_reads_the_same_page_again(subject: &dyn Subject) {
    let backend = subject.backend();
    for collection in Collection::all() {
        let first = backend.pull(collection, None).await.unwrap();
        for cursor in [None, Some(first.cursor)] {
            let mut pages = Vec::new();
            for _ in 0..2 {
                let stored = serde_json::to_string(&cursor).unwrap();
                let cursor: Option<Cursor> = serde_json::from_str(&stored).unwrap();
                let mut page = backend.pull(collection, cursor.as_ref()).await.unwrap();
                // Names learnt along the way may come once.
                page.records
                    .retain(|record| !matches!(record, Record::Catalogue(item) if item.by_expansion));
                pages.push((page.records, page.removals, page.more, page.complete));
            }
            assert_eq!(pages[0], pages[1], "{collection}");
        }
    }
}

/// Once everything is read and the seconds of the newest changes have passed, pages are empty, and still say complete.
pub async fn an_idle_server_brings_nothing(subject: &dyn Subject) {
    let (mut mirror, mut cursors) = everything(subject).await;
    for seconds in [400, 5] {
        subject.advance(seconds);
        for (collection, cursor) in &mut cursors {
            *cursor = mirror.read(subject.backend(), *collection, Some(cursor)).await;
        }
    }
    subject.advance(5);
    for (collection, cursor) in cursors {
        let page = subject.backend().pull(collection, Some(&cursor)).await.unwrap();
        assert!(page.complete && !page.more, "{collection}");
        assert_eq!((page.records, page.removals), (Vec::new(), Vec::new()), "{collection}");
    }
}

/// A record read by its number is the one that the pages bring.
pub async fn single_records_are_those_of_the_lists(subject: &dyn Subject) {
    let (mirror, _) = everything(subject).await;
    for collection in [Collection::People, Collection::Groups, Collection::Articles] {
        for id in mirror.ids(collection) {
            let single = subject.backend().record(collection, id).await.unwrap();
            assert!(
                mirror.others.values().any(|read| *read == single),
                "{collection}: {single:?}"
            );
        }
    }
}

/// What somebody else does comes with the next page, as the whole ticket, and alone.
pub async fn a_colleague_s_change_arrives_as_a_bundle(subject: &dyn Subject) {
    let (mut mirror, cursor, [ticket, other]) = following(subject).await;
    subject.act(Act::Followup(ticket, "Vu")).await;
    let page = subject
        .backend()
        .pull(Collection::Tickets, Some(&cursor))
        .await
        .unwrap();
    assert!(page.removals.is_empty());
    let brought: Vec<TicketId> = page.records.iter().filter_map(bundled).collect();
    assert_eq!(brought, [ticket]);
    let before = mirror.tickets[&other].clone();
    mirror.apply(page);
    assert_eq!(mirror.tickets[&ticket], bundle(subject, ticket).await);
    assert_eq!(mirror.tickets[&other], before);
    let says = |text: &str| {
        mirror.tickets[&ticket]
            .timeline
            .iter()
            .any(|entry| entry.body.to_plain() == text)
    };
    assert!(says("Vu"));
}

/// A ticket put in the bin leaves with the next page and comes back with one when restored; one deleted for good is found
/// by comparing identities.
pub async fn bin_restore_and_purge_are_told_apart(subject: &dyn Subject) {
    let (mut mirror, cursor, [ticket, other]) = following(subject).await;
    subject.act(Act::Bin(ticket)).await;
    let page = subject
        .backend()
        .pull(Collection::Tickets, Some(&cursor))
        .await
        .unwrap();
    let removal = Removal {
        key: RecordKey::Ticket(ticket),
        departure: Departure::Binned,
    };
    assert_eq!(page.removals, [removal]);
    let cursor = page.cursor.clone();
    mirror.apply(page);
    assert_left(subject, ticket, Departure::Binned).await;

    subject.advance(5);
    subject.act(Act::Restore(ticket)).await;
    mirror.read(subject.backend(), Collection::Tickets, Some(&cursor)).await;
    assert_eq!(mirror.tickets[&ticket], bundle(subject, ticket).await);
    let ids = subject.backend().list_ids(Collection::Tickets).await.unwrap();
    assert_eq!(mirror.ids(Collection::Tickets), ids);
    let presence = subject.backend().presence(Collection::Tickets, ticket.0).await.unwrap();
    assert_eq!(presence, Presence::Visible);

    subject.act(Act::Purge(other)).await;
    assert_left(subject, other, Departure::Purged).await;
}

/// A ticket out of the account's sight is not taken for a deleted one.
pub async fn hidden_is_told_from_purged(subject: &dyn Subject) {
    let (_, _, [hidden, purged]) = following(subject).await;
    subject.act(Act::Hide(hidden)).await;
    subject.act(Act::Purge(purged)).await;
    assert_left(subject, hidden, Departure::Hidden).await;
    assert_left(subject, purged, Departure::Purged).await;
}

/// Neither listed nor readable, and told why.
async fn assert_left(subject: &dyn Subject, ticket: TicketId, departure: Departure) {
    let backend = subject.backend();
    let ids = backend.list_ids(Collection::Tickets).await.unwrap();
    assert!(!ids.contains(&ticket.0), "{departure} and listed");
    let presence = backend.presence(Collection::Tickets, ticket.0).await.unwrap();
    assert_eq!(presence, Presence::Left(departure));
    let error = backend.ticket(ticket).await.unwrap_err();
    let hidden = departure == Departure::Hidden;
    assert!(
        matches!(error, BackendError::Forbidden { .. } if hidden) || matches!(error, BackendError::NotFound if !hidden),
        "{departure}: {error:?}"
    );
}

fn bundled(record: &Record) -> Option<TicketId> {
    match record {
        Record::Bundle(bundle) => Some(bundle.ticket.id),
        // A name it needs may come along.
        Record::Catalogue(_) => None,
        other => panic!("a change came as {other:?}"),
    }
}

/// Every collection, read once.
async fn everything(subject: &dyn Subject) -> (Mirror, BTreeMap<Collection, Cursor>) {
    let mut mirror = Mirror::default();
    let mut cursors = BTreeMap::new();
    for collection in Collection::all() {
        let cursor = mirror.read(subject.backend(), collection, None).await;
        cursors.insert(collection, cursor);
    }
    (mirror, cursors)
}

/// Two tickets of its own in a mirror that has followed the server for a while.
async fn following(subject: &dyn Subject) -> (Mirror, Cursor, [TicketId; 2]) {
    let tickets = [opened(subject).await, opened(subject).await];
    let mut mirror = Mirror::default();
    let mut cursor = mirror.read(subject.backend(), Collection::Tickets, None).await;
    mirror.read(subject.backend(), Collection::TicketDetails, None).await;
    for seconds in [600, 5] {
        subject.advance(seconds);
        cursor = mirror.read(subject.backend(), Collection::Tickets, Some(&cursor)).await;
    }
    subject.advance(5);
    (mirror, cursor, tickets)
}
