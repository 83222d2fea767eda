//! What is to be done next, what was done, and what was worth writing down.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId, UserId,
    operation::Operation,
    outbox::Receipt,
    record::Record,
    timeline::{EntryDetail, EntryKey, EntryKind, TaskState, TimelineEntry},
};
use guichet_store::*;

fn task(id: i64, ticket: i64, state: TaskState, second: i64, text: &str) -> Record {
    Record::TimelineEntry(Box::new(TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Task,
            id,
        },
        at: at(second),
        updated_at: at(second),
        private: true,
        detail: EntryDetail::Task {
            state,
            duration_s: 600,
            begin: None,
            end: None,
            assignee: Some(UserId(7)),
            group: None,
            uuid: None,
        },
        ..followup(id, ticket, text)
    }))
}

async fn filled() -> Store {
    let store = memory().await;
    let records = vec![
        Record::Person(Box::new(person(7, "Nadia", "Leroux"))),
        Record::Asset(Box::new(asset(1, "PC-0042"))),
        bundled(bundle(ticket(1, "Écran"))),
        bundled(bundle(ticket(2, "Clavier"))),
        task(1, 1, TaskState::Todo, 100, "Commander un écran"),
        task(2, 1, TaskState::Todo, 200, "Rappeler le fournisseur"),
        task(3, 2, TaskState::Done, 300, "Clavier changé sur place"),
        task(4, 2, TaskState::Information, 400, "Vu avec l’agent"),
    ];
    store.apply(&batch(records)).await.unwrap();
    store
}

#[tokio::test]
async fn the_next_action_is_the_last_task_to_do_and_one_that_waits_to_be_sent_comes_before() {
    let store = filled().await;
    let ids = [TicketId(1), TicketId(2)];
    let next = store.next_actions(&ids).await.unwrap();
    assert_eq!(next.len(), 1, "done is done: {next:?}");
    let one = &next[&TicketId(1)];
    assert_eq!(
        (one.what.as_str(), one.who.as_deref(), one.sent),
        ("Rappeler le fournisseur", Some("Nadia Leroux"), true)
    );
    let todo = Operation::AddTask {
        body: rich("Passer voir"),
        private: true,
        state: TaskState::Todo,
        duration_s: 0,
        begin: Some(at(900)),
        assignee: None,
    };
    store.submit(on(1, vec![todo]), at(500)).await.unwrap();
    let next = store.next_actions(&ids).await.unwrap();
    let one = &next[&TicketId(1)];
    assert_eq!(
        (one.what.as_str(), one.by, one.sent),
        ("Passer voir", Some(at(900)), false)
    );
}

#[tokio::test]
async fn interventions_are_the_tasks_done_with_their_place_and_equipment() {
    let store = filled().await;
    let told = async |from: i64, to: i64, offset: u32| store.interventions(at(from), at(to), offset, 10).await.unwrap();
    let all = told(0, 1000, 0).await;
    let texts: Vec<&str> = all.iter().map(|one| one.what.as_str()).collect();
    assert_eq!(texts, ["Clavier changé sur place", "Vu avec l’agent"]);
    assert_eq!(
        (
            all[0].ticket,
            all[0].duration_s,
            all[0].who.as_deref(),
            all[0].assets.as_deref()
        ),
        (TicketId(2), 600, Some("Nadia Leroux"), Some("PC-0042"))
    );
    assert_eq!(told(0, 400, 0).await.len(), 1, "the end is not in it");
    assert_eq!(told(300, 1000, 1).await.len(), 1);
}

#[tokio::test]
async fn an_event_follows_its_ticket_to_the_server_s_number_and_is_told_until_it_is_withdrawn() {
    let store = memory().await;
    let accepted = store.submit(new(vec![create("Panne du VPN")]), at(0)).await.unwrap();
    let event = NotableEvent {
        id: OperationId::new(),
        at: at(50),
        kind: EventKind::Outage,
        text: "VPN coupé".to_owned(),
        ticket: Some(accepted.lane),
        author: Some("Nadia Leroux".to_owned()),
    };
    store.keep_event(&event).await.unwrap();
    assert_eq!(
        store.events_between(at(50), at(51)).await.unwrap(),
        std::slice::from_ref(&event)
    );
    assert!(store.events_between(at(0), at(50)).await.unwrap().is_empty());
    let entry = &accepted.entries[0];
    store.begin_attempt(entry.id, at(1)).await.unwrap();
    let receipt = Receipt {
        remote_id: Some(77),
        ticket: Some(TicketId(77)),
    };
    store.mark_sent(entry.id, &receipt, at(2)).await.unwrap();
    assert_eq!(
        store.events_between(at(0), at(99)).await.unwrap()[0].ticket,
        Some(TicketId(77))
    );
    let again = NotableEvent {
        text: "VPN coupé de 9 h à 10 h".to_owned(),
        ..event.clone()
    };
    store.keep_event(&again).await.unwrap();
    assert_eq!(store.events_between(at(0), at(99)).await.unwrap()[0].text, again.text);
    assert!(store.withdraw_event(event.id, at(60)).await.unwrap());
    assert!(!store.withdraw_event(event.id, at(61)).await.unwrap());
    assert!(store.events_between(at(0), at(99)).await.unwrap().is_empty());
}
