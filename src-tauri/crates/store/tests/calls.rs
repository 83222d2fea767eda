//! The call journal, and whose a number may be.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use guichet_domain::{
    TicketId, UserId,
    call::{Call, CallCapabilities, CallEvent, CallEventKind, CallSource, CallState, Direction, RemoteParty},
    phone::PhoneNumber,
    record::Record,
};
use guichet_store::{JournalQuery, Store, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

fn source() -> CallSource {
    CallSource("pbx".to_owned())
}

fn call(id: &str, started: i64, number: &str) -> Call {
    Call {
        source: source(),
        id: id.to_owned(),
        ids: BTreeSet::from([id.to_owned()]),
        direction: Direction::Inbound,
        remote: RemoteParty::read(number, "", "FR"),
        state: CallState::Ringing,
        queue: Some("support".to_owned()),
        ringing: BTreeSet::from(["SIP/6001".to_owned()]),
        device: None,
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: at(started),
        queued_at: Some(at(started)),
        ringing_at: Some(at(started + 1)),
        answered_at: None,
        transferred_at: None,
        voicemail_at: None,
        ended_at: None,
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

fn answered(id: &str, started: i64, waited: i64, talked: i64, number: &str) -> Call {
    Call {
        state: CallState::Ended,
        ringing: BTreeSet::new(),
        answered_at: Some(at(started + waited)),
        ended_at: Some(at(started + waited + talked)),
        ..call(id, started, number)
    }
}

fn missed(id: &str, started: i64, number: &str) -> Call {
    Call {
        state: CallState::Missed,
        ringing: BTreeSet::new(),
        ended_at: Some(at(started + 40)),
        ..call(id, started, number)
    }
}

fn event(id: &str, seq: i64, when: Timestamp) -> CallEvent {
    CallEvent {
        at: when,
        seq,
        source: source(),
        native_id: id.to_owned(),
        conversation_id: id.to_owned(),
        previous_ids: Vec::new(),
        kind: CallEventKind::Ringing,
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612340013", "", "FR"),
        agent: None,
        device: Some("SIP/6001".to_owned()),
        queue: None,
        cause: None,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

async fn ids(store: &Store, query: JournalQuery) -> Vec<String> {
    let query = JournalQuery { limit: 100, ..query };
    let page = store.journal(&query).await.unwrap();
    page.rows.into_iter().map(|row| row.call.id).collect()
}

#[tokio::test]
async fn a_call_going_on_is_taken_up_again_after_closing_and_one_that_is_over_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    let first = event("1", 1, at(100));
    let second = event("1", 2, at(101));
    let going_on = call("1", 100, "0612340013");
    store
        .keep_call(&going_on, std::slice::from_ref(&first), &[], true)
        .await
        .unwrap();
    store
        .keep_call(&going_on, std::slice::from_ref(&second), &[], true)
        .await
        .unwrap();
    // The same event once more changes nothing.
    store
        .keep_call(&going_on, std::slice::from_ref(&second), &[], true)
        .await
        .unwrap();
    store
        .keep_call(
            &answered("2", 50, 5, 60, "0144556677"),
            &[event("2", 1, at(50))],
            &[],
            true,
        )
        .await
        .unwrap();
    store.close().await;

    let (store, _) = Store::open(folder.path(), &KEY, at(200)).await.unwrap();
    let known = store.unfinished_calls().await.unwrap();
    assert_eq!(known.len(), 2);
    assert!(known.contains(&first) && known.contains(&second));
    assert_eq!(ids(&store, JournalQuery::default()).await, ["1", "2"]);
    store
        .keep_call(&answered("1", 100, 5, 10, "0612340013"), &[], &[], true)
        .await
        .unwrap();
    assert_eq!(store.unfinished_calls().await.unwrap(), []);
}

#[tokio::test]
async fn what_was_noted_stays_while_the_call_goes_on_and_when_two_turn_out_to_be_one() {
    let store = memory().await;
    store
        .keep_call(&call("1", 100, "0612340013"), &[], &[], true)
        .await
        .unwrap();
    store
        .keep_call(&call("2", 101, "0612340013"), &[], &[], true)
        .await
        .unwrap();
    store.note_call(&source(), "1", "écran noir").await.unwrap();
    store.note_call(&source(), "2", "depuis ce matin").await.unwrap();
    store.name_caller(&source(), "2", Some(UserId(7))).await.unwrap();
    store.link_call(&source(), "1", Some(TicketId(12))).await.unwrap();

    store
        .keep_call(&answered("1", 100, 4, 90, "0612340013"), &[], &["2".to_owned()], true)
        .await
        .unwrap();

    assert_eq!(ids(&store, JournalQuery::default()).await, ["1"]);
    let kept = store.journal_call(&source(), "1").await.unwrap().unwrap();
    assert_eq!(kept.note, "écran noir\n\ndepuis ce matin");
    assert_eq!((kept.person, kept.ticket), (Some(UserId(7)), Some(TicketId(12))));
    assert_eq!(kept.call.state, CallState::Ended);
    let error = store.note_call(&source(), "2", "x").await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchCall { .. }), "{error}");
}

#[tokio::test]
async fn the_journal_is_filtered_and_searched_without_accents() {
    let store = memory().await;
    store
        .keep_call(&answered("a", 1000, 5, 60, "0612340013"), &[], &[], true)
        .await
        .unwrap();
    store
        .keep_call(&missed("b", 2000, "0144556677"), &[], &[], true)
        .await
        .unwrap();
    let out = Call {
        direction: Direction::Outbound,
        queue: None,
        ..answered("c", 3000, 8, 30, "4012")
    };
    store.keep_call(&out, &[], &[], true).await.unwrap();
    store
        .note_call(&source(), "a", "Écran cassé à l’accueil")
        .await
        .unwrap();
    store.link_call(&source(), "c", Some(TicketId(5))).await.unwrap();

    let all = JournalQuery::default;
    assert_eq!(ids(&store, all()).await, ["c", "b", "a"], "newest first");
    let words = |words: &str| JournalQuery {
        words: words.to_owned(),
        ..all()
    };
    assert_eq!(ids(&store, words("ecran casse")).await, ["a"]);
    assert_eq!(ids(&store, words("0013")).await, ["a"]);
    assert_eq!(ids(&store, words("+3314455")).await, ["b"]);
    assert_eq!(ids(&store, words("100 %")).await, Vec::<String>::new());
    let direction = Some(Direction::Outbound);
    assert_eq!(ids(&store, JournalQuery { direction, ..all() }).await, ["c"]);
    let answered = Some(false);
    assert_eq!(ids(&store, JournalQuery { answered, ..all() }).await, ["b"]);
    let queue = Some("support".to_owned());
    assert_eq!(ids(&store, JournalQuery { queue, ..all() }).await, ["b", "a"]);
    let ticket = Some(TicketId(5));
    assert_eq!(ids(&store, JournalQuery { ticket, ..all() }).await, ["c"]);
    let (from, to) = (Some(at(1000)), Some(at(3000)));
    assert_eq!(ids(&store, JournalQuery { from, to, ..all() }).await, ["b", "a"]);
    assert_eq!(store.call_queues().await.unwrap(), ["support"]);
}

#[tokio::test]
async fn the_numbers_are_those_of_everything_asked_for() {
    let store = memory().await;
    store
        .keep_call(&answered("1", 1000, 20, 60, "0612340013"), &[], &[], true)
        .await
        .unwrap();
    store
        .keep_call(&answered("2", 1100, 21, 120, "0612340014"), &[], &[], true)
        .await
        .unwrap();
    store
        .keep_call(&missed("3", 1200, "0612340015"), &[], &[], true)
        .await
        .unwrap();
    store
        .keep_call(&call("4", 1300, "0612340016"), &[], &[], true)
        .await
        .unwrap();
    let out = Call {
        direction: Direction::Outbound,
        ..answered("5", 1400, 3, 30, "4012")
    };
    store.keep_call(&out, &[], &[], true).await.unwrap();

    let query = JournalQuery {
        limit: 1,
        ..JournalQuery::default()
    };
    let page = store.journal(&query).await.unwrap();
    assert_eq!(page.rows.len(), 1);
    let numbers = page.numbers;
    assert_eq!((numbers.all, numbers.offered, numbers.outgoing), (5, 3, 1));
    assert_eq!((numbers.answered, numbers.abandoned), (2, 1));
    assert_eq!(numbers.answered_promptly, 1, "20 s is within 20 s, 21 s is not");
    assert_eq!(numbers.mean_wait_s, Some(21), "20.5 s");
    assert_eq!(numbers.mean_talk_s, Some(70));
}

#[tokio::test]
async fn a_call_follows_its_ticket_when_the_backend_numbers_it() {
    let store = memory().await;
    let accepted = store.submit(new(vec![create("Écran noir")]), at(100)).await.unwrap();
    store
        .keep_call(&call("1", 90, "0612340013"), &[], &[], true)
        .await
        .unwrap();
    store.link_call(&source(), "1", Some(accepted.lane)).await.unwrap();
    let entry = accepted.entries[0].id;
    store.begin_attempt(entry, at(101)).await.unwrap();
    let receipt = guichet_domain::outbox::Receipt {
        ticket: Some(TicketId(500)),
        ..Default::default()
    };
    store.mark_sent(entry, &receipt, at(102)).await.unwrap();
    let kept = store.journal_call(&source(), "1").await.unwrap().unwrap();
    assert_eq!(kept.ticket, Some(TicketId(500)));
}

#[tokio::test]
async fn people_are_found_by_their_number_however_it_is_written() {
    let store = memory().await;
    let with = |id: i64, name: &str, numbers: &[&str], active: bool| {
        let mut one = person(id, "Claire", name);
        one.phones = numbers.iter().filter_map(|raw| PhoneNumber::parse(raw)).collect();
        one.active = active;
        Record::Person(Box::new(one))
    };
    let people = vec![
        with(1, "Fontaine", &["06 12 34 00 13"], true),
        with(2, "Ancienne", &["01 44 55 66 77"], false),
        with(3, "Accueil", &["01 44 55 66 77"], true),
        with(4, "Poste", &["4012"], true),
        with(7, "Direct", &["01 70 00 00 01 poste 4077"], true),
        with(5, "Belge", &["+32 475 12 34 56"], true),
        with(6, "Autre", &["06 99 34 00 13"], true),
    ];
    store.apply(&batch(people)).await.unwrap();
    let found = async |raw: &str| -> Vec<i64> {
        let number = PhoneNumber::parse(raw).unwrap();
        let people = store.people_numbered(&number).await.unwrap();
        people.into_iter().map(|person| person.id.0).collect()
    };
    for raw in ["0612340013", "+33612340013", "0033 6 12 34 00 13", "900612340013"] {
        assert_eq!(found(raw).await, [1], "{raw}");
    }
    assert_eq!(found("0144556677").await, [3, 2], "active accounts first");
    assert_eq!(found("4012").await, [4]);
    assert_eq!(found("4077").await, [7], "the extension of a number of the network");
    assert_eq!(found("0032475123456").await, [5]);
    assert_eq!(found("0699999999").await, Vec::<i64>::new());
    assert_eq!(found("12").await, Vec::<i64>::new(), "too short to be looked for");
}
