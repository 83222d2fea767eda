//! Consents are only ever added, are found under the number their ticket has now, and sessions leave one task.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId, UserId,
    asset::AssetKey,
    consent::{
        AskedPerson, ConsentAnswer, ConsentError, ConsentId, ConsentMeans, ConsentRecord, ConsentSubject, NotGranted,
    },
    operation::Operation,
    outbox::Receipt,
    rich_text::RichText,
    timeline::TaskState,
};
use guichet_store::*;
use jiff::SignedDuration;
use sqlx::ConnectOptions;
use std::time::Duration;

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn subject(ticket: i64) -> ConsentSubject {
    ConsentSubject {
        ticket: TicketId(ticket),
        asset: Some(AssetKey {
            kind: "Computer".to_owned(),
            id: 1,
        }),
    }
}

fn record(ticket: i64, second: i64, answer: ConsentAnswer) -> ConsentRecord {
    ConsentRecord {
        id: ConsentId::new(),
        subject: subject(ticket),
        technician: UserId(7),
        person: AskedPerson {
            user: Some(UserId(31)),
            name: "Amélie Roux".to_owned(),
        },
        means: ConsentMeans::Aloud,
        asked_at: at(second),
        answered_at: at(second),
        answer,
    }
}

fn task() -> Operation {
    Operation::AddTask {
        body: RichText::from_plain("Prise en main"),
        private: true,
        state: TaskState::Done,
        duration_s: 60,
        begin: None,
        assignee: None,
    }
}

fn session(ticket: i64, consent: ConsentId, second: i64) -> KeptSession {
    KeptSession {
        id: OperationId::new(),
        ticket: TicketId(ticket),
        asset: subject(ticket).asset,
        asset_name: "PC-0001".to_owned(),
        tool: "vnc".to_owned(),
        target: "PC-0001".to_owned(),
        code: None,
        link: None,
        consent,
        started_at: at(second),
        ended_at: None,
        end_is_seen: true,
        noted: false,
    }
}

fn submission(lane: Option<i64>, operation: Operation) -> Submission {
    Submission {
        lane: lane.map(TicketId),
        operations: vec![(OperationId::new(), operation)],
        draft: None,
        hold: Duration::ZERO,
    }
}

#[tokio::test]
async fn the_database_itself_refuses_to_change_or_remove_a_consent() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    let agreed = record(11, 1, ConsentAnswer::Agreed);
    store.record_consent(agreed.clone()).await.unwrap();
    store.close().await;
    let options = raw_options(&folder.path().join("desk.db"));
    let mut raw = options.connect().await.unwrap();
    for sql in [
        "UPDATE consents SET record = '{}'",
        "UPDATE consents SET ticket = 12",
        "DELETE FROM consents",
    ] {
        let refused = sqlx::query(sql).execute(&mut raw).await.unwrap_err();
        assert!(refused.to_string().contains("a consent is never"), "{sql}: {refused}");
    }
    sqlx::Connection::close(raw).await.unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(2)).await.unwrap();
    assert_eq!(store.consents(TicketId(11)).await.unwrap().records(), [agreed]);
    store.close().await;
}

#[tokio::test]
async fn what_the_log_does_not_take_is_not_kept() {
    let store = memory().await;
    let agreed = record(11, 1, ConsentAnswer::Agreed);
    store.record_consent(agreed.clone()).await.unwrap();
    let refused = |error: StoreError| match error {
        StoreError::Consent(error) => error,
        other => panic!("{other}"),
    };
    // The same record again, for its own ticket and for another one.
    let again = store.record_consent(agreed.clone()).await.unwrap_err();
    assert_eq!(refused(again), ConsentError::AlreadyRecorded(agreed.id));
    let mut elsewhere = agreed.clone();
    elsewhere.subject.ticket = TicketId(12);
    let again = store.record_consent(elsewhere).await.unwrap_err();
    assert_eq!(refused(again), ConsentError::AlreadyRecorded(agreed.id));
    let take_back = |ticket, second| record(ticket, second, ConsentAnswer::Withdrawn { agreement: agreed.id });
    let of_another = store.record_consent(take_back(12, 3)).await.unwrap_err();
    assert_eq!(refused(of_another), ConsentError::NoSuchAgreement(agreed.id));
    let log = store.record_consent(take_back(11, 3)).await.unwrap();
    assert_eq!(log.grant(&subject(11), at(4), HOUR), Err(NotGranted::Withdrawn));
    let twice = store.record_consent(take_back(11, 4)).await.unwrap_err();
    assert_eq!(refused(twice), ConsentError::AlreadyWithdrawn(agreed.id));
    assert_eq!(store.consents(TicketId(11)).await.unwrap(), log);
    assert!(store.consents(TicketId(12)).await.unwrap().records().is_empty());
}

#[tokio::test]
async fn a_consent_of_a_ticket_written_offline_is_found_under_both_numbers() {
    let store = memory().await;
    let accepted = store.submit(submission(None, create("Souris")), at(1)).await.unwrap();
    let local = accepted.lane;
    assert!(local.is_local());
    let agreed = record(local.0, 2, ConsentAnswer::Agreed);
    store.record_consent(agreed.clone()).await.unwrap();
    let open = session(local.0, agreed.id, 3);
    store.keep_session(&open).await.unwrap();

    let id = accepted.entries[0].id;
    store.begin_attempt(id, at(4)).await.unwrap();
    let receipt = Receipt {
        remote_id: Some(815),
        ticket: Some(TicketId(815)),
    };
    store.mark_sent(id, &receipt, at(5)).await.unwrap();

    for number in [local.0, 815] {
        let log = store.consents(TicketId(number)).await.unwrap();
        assert_eq!(log.records().len(), 1);
        let granted = log.grant(&subject(815), at(6), HOUR).unwrap();
        assert_eq!(granted.consent(), agreed.id);
        let sessions = store.sessions_of(TicketId(number)).await.unwrap();
        assert_eq!(sessions.iter().map(|one| one.ticket.0).collect::<Vec<_>>(), [815]);
    }
    // Somebody who still shows the ticket under its local number withdraws: it is the same log.
    let taken_back = record(local.0, 7, ConsentAnswer::Withdrawn { agreement: agreed.id });
    let log = store.record_consent(taken_back).await.unwrap();
    assert_eq!(log.grant(&subject(815), at(8), HOUR), Err(NotGranted::Withdrawn));
    assert_eq!(store.consents(TicketId(815)).await.unwrap(), log);
    // As does a session that was read before.
    store.keep_session(&open).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap()[0].ticket, TicketId(815));
}

#[tokio::test]
async fn a_session_ends_once_and_leaves_one_task() {
    let store = memory().await;
    store
        .apply(&batch(vec![bundled(bundle(ticket(11, "Imprimante")))]))
        .await
        .unwrap();
    let kept = session(11, ConsentId::new(), 10);
    store.keep_session(&kept).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), std::slice::from_ref(&kept));
    // A clock that was set back makes no negative length.
    let ended = store.end_session(kept.id, at(5)).await.unwrap().unwrap();
    assert_eq!(ended.ended_at, Some(at(10)));
    let again = store.end_session(kept.id, at(99)).await.unwrap().unwrap();
    assert_eq!(again, ended, "the first end stays");
    assert_eq!(
        store.open_sessions().await.unwrap(),
        [ended],
        "its task is still to be written"
    );
    assert_eq!(store.end_session(OperationId::new(), at(5)).await.unwrap(), None);

    let (noted, changes) = store.note_session(kept.id, task(), at(20)).await.unwrap();
    assert!(noted.unwrap().noted && changes.outbox);
    let (noted, changes) = store.note_session(kept.id, task(), at(21)).await.unwrap();
    assert!(noted.unwrap().noted);
    assert_eq!(changes, ChangeSet::default());
    assert!(store.open_sessions().await.unwrap().is_empty());
    let entries = store.outbox(Some(TicketId(11)), true).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [kept.id]);

    let failed = session(11, ConsentId::new(), 30);
    store.keep_session(&failed).await.unwrap();
    store.forget_session(failed.id).await.unwrap();
    assert_eq!(store.remote_session(failed.id).await.unwrap(), None);
    // A ticket that nobody knows: the task is not accepted, and the session not noted.
    let lost = session(999, ConsentId::new(), 40);
    store.keep_session(&lost).await.unwrap();
    let refused = store.note_session(lost.id, task(), at(41)).await.unwrap_err();
    assert_eq!(refused.code(), "operation_invalid");
    assert!(!store.remote_session(lost.id).await.unwrap().unwrap().noted);
}

#[tokio::test]
async fn a_store_in_memory_is_emptied_of_consents_and_keeps_them_again() {
    let store = memory().await;
    let agreed = record(11, 1, ConsentAnswer::Agreed);
    for _ in 0..3 {
        store.record_consent(agreed.clone()).await.unwrap();
        store.keep_session(&session(11, agreed.id, 2)).await.unwrap();
        store.wipe().await.unwrap();
        assert!(store.consents(TicketId(11)).await.unwrap().records().is_empty());
        assert!(store.sessions_of(TicketId(11)).await.unwrap().is_empty());
    }
}
