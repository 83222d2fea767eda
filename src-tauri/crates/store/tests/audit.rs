//! The audit log: what is decided is written down with it, in one transaction; and nothing can be changed without being found.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    UserId,
    audit::{AuditAction, AuditEntry, AuditLine, Broken},
    outbox::{EntryState, Receipt},
};
use guichet_store::*;
use sqlx::ConnectOptions;
use std::path::Path;

async fn lines(store: &Store) -> Vec<AuditLine> {
    store.audit_after(0, 10_000).await.unwrap()
}

fn told(lines: &[AuditLine]) -> Vec<(&str, &str)> {
    lines
        .iter()
        .map(|line| (line.action.as_str(), line.actor.as_str()))
        .collect()
}

/// A desk where somebody answered a ticket and the answer arrived.
async fn worked(folder: &Path) -> Store {
    let (store, _) = Store::open(folder, &KEY, at(0)).await.unwrap();
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Un")))]))
        .await
        .unwrap();
    store.set_account(Some(UserId(31))).await.unwrap();
    let entry = store
        .submit(on(1, vec![say("Bonjour à vous")]), at(1))
        .await
        .unwrap()
        .entries
        .remove(0);
    store.begin_attempt(entry.id, at(2)).await.unwrap();
    store
        .set_state(
            entry.id,
            EntryState::InDoubt {
                since: at(2),
                not_before: None,
            },
            None,
        )
        .await
        .unwrap();
    let receipt = Receipt {
        ticket: Some(1.into()),
        remote_id: Some(9),
    };
    store.mark_sent(entry.id, &receipt, at(3)).await.unwrap();
    store
        .audit(&[AuditEntry::done(AuditAction::TicketSeen, "ticket:1")])
        .await
        .unwrap();
    store
}

#[tokio::test]
async fn every_step_of_an_operation_is_a_line_and_no_word_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = worked(folder.path()).await;
    let all = lines(&store).await;
    assert_eq!(
        told(&all),
        [
            ("log_begun", "program"),
            ("operation_accepted", "user:31"),
            ("operation_under_way", "program"),
            ("operation_in_doubt", "program"),
            ("operation_sent", "program"),
            ("ticket_seen", "user:31"),
        ]
    );
    assert_eq!(all[1].detail, "add_followup");
    assert!(all[1].subject.starts_with("ticket:1/operation:"));
    assert!(!serde_json::to_string(&all).unwrap().contains("Bonjour"));
    let head = store.verify_audit(Vec::new()).await.unwrap().unwrap();
    assert_eq!(head, store.audit_head().await.unwrap());
    assert_eq!(head.seq, 6);
    // It goes on after a restart.
    store.close().await;
    let (store, _) = Store::open(folder.path(), &KEY, at(9)).await.unwrap();
    store
        .audit(&[AuditEntry::done(AuditAction::Exported, "").detail("tickets xlsx 12")])
        .await
        .unwrap();
    assert_eq!(store.verify_audit(vec![head]).await.unwrap().unwrap().seq, 7);
}

#[tokio::test]
async fn what_is_refused_leaves_no_line() {
    let store = Store::in_memory(at(0)).await.unwrap();
    assert!(store.submit(on(77, vec![say("Personne")]), at(1)).await.is_err());
    assert!(lines(&store).await.is_empty(), "it was rolled back with the operation");
}

#[tokio::test]
async fn what_another_tool_changes_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = worked(folder.path()).await;
    let head = store.audit_head().await.unwrap();
    store.close().await;
    let desk = folder.path().join("desk.db");
    let mut tool = raw_options(&desk).connect().await.unwrap();
    for refused in [
        "UPDATE audit SET outcome = 'x' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 2",
        "INSERT OR REPLACE INTO audit SELECT seq, at, actor, action, subject, 'x', detail, hash FROM audit WHERE seq = 2",
    ] {
        let error = sqlx::raw_sql("PRAGMA recursive_triggers = ON")
            .execute(&mut tool)
            .await
            .map(|_| ());
        error.unwrap();
        let error = sqlx::raw_sql(refused).execute(&mut tool).await.unwrap_err();
        assert!(
            error.to_string().contains("an audit line is never"),
            "{refused}: {error}"
        );
    }
    // Who takes the triggers away first.
    sqlx::raw_sql("DROP TRIGGER audit_stays; DROP TRIGGER audit_remains; CREATE TABLE kept AS SELECT * FROM audit")
        .execute(&mut tool)
        .await
        .unwrap();
    for (forgery, found) in [
        (
            "UPDATE audit SET subject = 'ticket:2' WHERE seq = 6",
            Broken::Changed { seq: 6 },
        ),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", Broken::Changed { seq: 3 }),
        ("DELETE FROM audit WHERE seq = 4", Broken::Gap { expected: 4, found: 5 }),
        (
            "UPDATE audit SET seq = -1 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = -1",
            Broken::Changed { seq: 3 },
        ),
        ("UPDATE audit SET hash = 'x' WHERE seq = 5", Broken::Changed { seq: 5 }),
        ("DELETE FROM audit WHERE seq > 4", Broken::CutOff { last: 4, anchor: 6 }),
        ("DELETE FROM audit", Broken::CutOff { last: 0, anchor: 6 }),
    ] {
        sqlx::raw_sql(forgery).execute(&mut tool).await.unwrap();
        let (store, _) = Store::open(folder.path(), &KEY, at(9)).await.unwrap();
        assert_eq!(store.verify_audit(vec![head]).await.unwrap(), Err(found), "{forgery}");
        store.close().await;
        sqlx::raw_sql("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept")
            .execute(&mut tool)
            .await
            .unwrap();
    }
}
