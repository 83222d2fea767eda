//! What a policy no longer needs is deleted for good, what is not over stays, and the log says what went.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId, UserId,
    audit::{AuditAction, AuditEntry, Broken},
    consent::{AskedPerson, ConsentAnswer, ConsentId, ConsentMeans, ConsentRecord, ConsentSubject},
    operation::{AttachTo, Operation},
    outbox::Receipt,
};
use guichet_store::*;
use sqlx::ConnectOptions;
use std::path::Path;

const EVERYTHING: fn(i64) -> Purge = |second| Purge {
    calls: Some(at(second)),
    sent: Some(at(second)),
    alerts: Some(at(second)),
    events: Some(at(second)),
    consents: Some(at(second)),
    audit: None,
};

/// Rows of every kind, old and young, over and not, put where the store keeps them.
async fn fill(folder: &Path) {
    let mut desk = raw_options(&folder.join("desk.db")).connect().await.unwrap();
    let (old, young) = (at(100).as_millisecond(), at(5_000).as_millisecond());
    for (name, ended, over, mine, closed) in [
        ("old", Some(old), true, true, Some(old)),
        ("old of another", Some(old), true, false, None),
        ("old without its wrap-up", Some(old), true, true, None),
        ("old and going on", None, false, true, None),
        ("old, wrapped up late", Some(old), true, true, Some(young)),
        ("old, called back late", Some(old), true, true, Some(old)),
        ("young", Some(young), true, true, Some(young)),
    ] {
        sqlx::query(
            "INSERT INTO calls (source, id, started_at, ended_at, over, direction, words, call, mine, closed_at) \
             VALUES ('pbx', ?, ?, ?, ?, 'in', 'mots', '{}', ?, ?)",
        )
        .bind(name)
        .bind(if name == "young" { young } else { old })
        .bind(ended)
        .bind(over)
        .bind(mine)
        .bind(closed)
        .execute(&mut desk)
        .await
        .unwrap();
    }
    let rows = [
        format!("INSERT INTO transfers VALUES ('t old', 'pbx', 'old', NULL, {old}, 1, '{{}}')"),
        format!("INSERT INTO transfers VALUES ('t open', 'pbx', 'elsewhere', NULL, {old}, 0, '{{}}')"),
        format!("INSERT INTO call_backs VALUES ('b old', 'pbx', 'old', NULL, {old}, {old}, '{{}}')"),
        format!(
            "INSERT INTO call_backs VALUES ('b late', 'pbx', 'old, called back late', NULL, {old}, {young}, '{{}}')"
        ),
        format!("INSERT INTO call_backs VALUES ('b open', 'pbx', 'elsewhere', NULL, {old}, NULL, '{{}}')"),
        format!("INSERT INTO alerts VALUES ('a old', 'n', {old}, {old}, NULL, NULL, NULL, NULL, NULL, '{{}}')"),
        format!("INSERT INTO alerts VALUES ('a open', 'n', {old}, NULL, NULL, NULL, NULL, NULL, NULL, '{{}}')"),
        format!("INSERT INTO alerts VALUES ('a young', 'n', {old}, {young}, NULL, NULL, NULL, NULL, NULL, '{{}}')"),
        format!("INSERT INTO notable_events VALUES ('e old', {old}, NULL, '{{}}', NULL)"),
        format!("INSERT INTO notable_events VALUES ('e young', {young}, NULL, '{{}}', NULL)"),
        format!("INSERT INTO remote_sessions VALUES ('s old', 1, {old}, {old}, '{{}}')"),
        format!("INSERT INTO remote_sessions VALUES ('s open', 3, {old}, NULL, '{{}}')"),
    ];
    for row in rows {
        sqlx::query(sqlx::AssertSqlSafe(row)).execute(&mut desk).await.unwrap();
    }
}

async fn names(folder: &Path, sql: &'static str) -> Vec<String> {
    let mut desk = raw_options(&folder.join("desk.db")).connect().await.unwrap();
    sqlx::query_scalar(sql).fetch_all(&mut desk).await.unwrap()
}

fn consent(ticket: i64, second: i64) -> ConsentRecord {
    ConsentRecord {
        id: ConsentId::new(),
        subject: ConsentSubject {
            ticket: TicketId(ticket),
            asset: None,
        },
        technician: UserId(7),
        person: AskedPerson {
            user: None,
            name: "Amélie Roux".to_owned(),
        },
        means: ConsentMeans::Aloud,
        asked_at: at(second),
        answered_at: at(second),
        answer: ConsentAnswer::Agreed,
    }
}

async fn sent(store: &Store, ticket: i64, second: i64, words: &str) -> OperationId {
    let entry = store
        .submit(on(ticket, vec![say(words)]), at(second))
        .await
        .unwrap()
        .entries
        .remove(0);
    store.begin_attempt(entry.id, at(second)).await.unwrap();
    let receipt = Receipt {
        ticket: Some(ticket.into()),
        remote_id: Some(second),
    };
    store.mark_sent(entry.id, &receipt, at(second)).await.unwrap();
    entry.id
}

#[tokio::test]
async fn what_is_over_and_old_is_deleted_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    store
        .apply(&batch((1..=4).map(|id| bundled(bundle(ticket(id, "Un")))).collect()))
        .await
        .unwrap();
    fill(folder.path()).await;
    let gone = sent(&store, 1, 100, "ancien").await;
    let young = sent(&store, 1, 5_000, "récent").await;
    // Old, and on a ticket where something still waits.
    let before_one_that_waits = sent(&store, 2, 100, "ancien").await;
    let waits = store.submit(on(2, vec![say("attend")]), at(101)).await.unwrap().entries[0].id;
    for ticket in [3, 4] {
        store.open_room(TicketId(ticket), None, at(90)).await.unwrap();
    }
    store.close_room(TicketId(4), at(100)).await.unwrap();
    for (ticket, second) in [(1, 100), (1, 5_000), (3, 100)] {
        store.record_consent(consent(ticket, second)).await.unwrap();
    }

    let expected: Vec<Purged> = [
        ("transfers", 1),
        ("call_backs", 1),
        ("calls", 2),
        ("sent", 1),
        ("alerts", 1),
        ("events", 1),
        ("rooms", 1),
        ("remote_sessions", 1),
        // The one of ticket 3 stays: a session goes on.
        ("consents", 1),
    ]
    .map(|(subject, rows)| Purged { subject, rows })
    .into();
    let mut foretold = store.would_purge(&EVERYTHING(1_000)).await.unwrap();
    // Calls whose transfers and call-backs are about to go are not counted before they went.
    foretold.retain(|kind| kind.subject != "calls");
    assert_eq!(
        foretold,
        expected
            .iter()
            .copied()
            .filter(|kind| kind.subject != "calls")
            .collect::<Vec<_>>()
    );
    assert_eq!(store.purge(&EVERYTHING(1_000)).await.unwrap(), expected);
    assert_eq!(store.purge(&EVERYTHING(1_000)).await.unwrap(), [], "once");

    let folder = folder.path();
    assert_eq!(
        names(folder, "SELECT id FROM calls ORDER BY id").await,
        [
            "old and going on",
            "old without its wrap-up",
            "old, called back late",
            "old, wrapped up late",
            "young"
        ]
    );
    assert_eq!(names(folder, "SELECT id FROM transfers").await, ["t open"]);
    assert_eq!(
        names(folder, "SELECT id FROM call_backs ORDER BY id").await,
        ["b late", "b open"]
    );
    assert_eq!(
        names(folder, "SELECT id FROM alerts ORDER BY id").await,
        ["a open", "a young"]
    );
    assert_eq!(names(folder, "SELECT id FROM notable_events").await, ["e young"]);
    assert_eq!(names(folder, "SELECT id FROM remote_sessions").await, ["s open"]);
    assert_eq!(names(folder, "SELECT CAST(ticket AS TEXT) FROM rooms").await, ["3"]);
    assert_eq!(
        names(folder, "SELECT CAST(ticket AS TEXT) FROM consents ORDER BY seq").await,
        ["1", "3"]
    );
    let left: Vec<OperationId> = store
        .outbox(None, true)
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.id)
        .collect();
    assert!(!left.contains(&gone));
    for kept in [young, before_one_that_waits, waits] {
        assert!(left.contains(&kept));
    }

    // A line a kind, and what refuses to delete refuses again.
    let lines = store.audit_after(0, 1_000).await.unwrap();
    let told: Vec<&str> = lines
        .iter()
        .filter(|line| line.action == AuditAction::Purged.name())
        .map(|line| line.subject.as_str())
        .collect();
    assert_eq!(told, expected.iter().map(|kind| kind.subject).collect::<Vec<_>>());
    let of_calls = lines.iter().find(|line| line.subject == "calls").unwrap();
    assert!(of_calls.detail.starts_with("rows:2 before:"), "{}", of_calls.detail);
    assert!(store.verify_audit(Vec::new()).await.unwrap().is_ok());
    let mut desk = raw_options(&folder.join("desk.db")).connect().await.unwrap();
    for table in ["DELETE FROM consents", "DELETE FROM audit"] {
        let refused = sqlx::query(table).execute(&mut desk).await.unwrap_err();
        assert!(refused.to_string().contains("never removed"), "{refused}");
    }
}

#[tokio::test]
async fn a_file_goes_with_the_last_that_refers_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Un")))]))
        .await
        .unwrap();
    let mut blobs = Vec::new();
    for (name, second) in [("seul", 100), ("partagé", 100), ("partagé", 5_000)] {
        let file = store
            .keep_attachment(name, "text/plain", name.as_bytes())
            .await
            .unwrap();
        let upload = Operation::UploadDocument {
            attachment: file.clone(),
            attach_to: AttachTo::Ticket,
        };
        let entry = store
            .submit(on(1, vec![upload]), at(second))
            .await
            .unwrap()
            .entries
            .remove(0);
        store.begin_attempt(entry.id, at(second)).await.unwrap();
        store
            .mark_sent(
                entry.id,
                &Receipt {
                    ticket: Some(1.into()),
                    remote_id: Some(second),
                },
                at(second),
            )
            .await
            .unwrap();
        blobs.push(file.blob);
    }
    // Kept a moment ago, for a draft that is not saved yet.
    let fresh = store.keep_attachment("neuf", "text/plain", b"neuf").await.unwrap().blob;
    store.purge(&EVERYTHING(1_000)).await.unwrap();
    assert_eq!(store.attachment(&blobs[0]).await.unwrap(), None);
    assert!(
        store.attachment(&blobs[1]).await.unwrap().is_some(),
        "a younger one refers to it"
    );
    assert!(store.attachment(&fresh).await.unwrap().is_some());
}

#[tokio::test]
async fn a_log_that_was_shortened_is_whole_from_there_on_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    let seen = |number: i64| AuditEntry::done(AuditAction::TicketSeen, format!("ticket:{number}"));
    for number in 0..10 {
        store.audit(&[seen(number)]).await.unwrap();
    }
    let early = store.audit_head().await.unwrap();
    let cut_at = jiff::Timestamp::now();
    store.audit(&[seen(10)]).await.unwrap();
    let late = store.audit_head().await.unwrap();
    let purge = Purge {
        audit: Some(cut_at),
        ..Purge::default()
    };
    assert_eq!(
        store.would_purge(&purge).await.unwrap(),
        [Purged {
            subject: "audit",
            rows: early.seq
        }]
    );
    assert_eq!(
        store.purge(&purge).await.unwrap(),
        [Purged {
            subject: "audit",
            rows: early.seq
        }]
    );
    store.audit(&[seen(11)]).await.unwrap();
    let lines = store.audit_after(0, 100).await.unwrap();
    assert_eq!(lines[0].seq, early.seq + 1);
    // Held against an anchor of before the cut (the very line of it), and of after it.
    assert!(store.verify_audit(vec![early, late]).await.unwrap().is_ok());
    let mut forged = early;
    forged.hash = late.hash;
    assert_eq!(
        store.verify_audit(vec![forged]).await.unwrap(),
        Err(Broken::MadeAnew { seq: early.seq })
    );
    // Shortened once more: the newest word counts.
    let again = Purge {
        audit: Some(jiff::Timestamp::now()),
        ..Purge::default()
    };
    // Nothing is younger: the last lines stay, else nothing would hold the rest.
    assert_eq!(store.purge(&again).await.unwrap(), []);
    store.audit(&[seen(12)]).await.unwrap();
    assert_eq!(store.purge(&again).await.unwrap().len(), 1);
    assert!(store.verify_audit(vec![late]).await.unwrap().is_ok());
    store.close().await;

    // What nobody's line says is a hole.
    let mut desk = raw_options(&folder.path().join("desk.db")).connect().await.unwrap();
    sqlx::raw_sql("DROP TRIGGER audit_remains; DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)")
        .execute(&mut desk)
        .await
        .unwrap();
    sqlx::Connection::close(desk).await.unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(9)).await.unwrap();
    assert!(matches!(
        store.verify_audit(Vec::new()).await.unwrap(),
        Err(Broken::Gap { expected: 1, .. })
    ));
}
