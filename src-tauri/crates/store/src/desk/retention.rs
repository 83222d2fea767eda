//! What a policy no longer needs is deleted, and the log says what: one line a kind, with how many rows, up to which instant, and a
//! digest of their identities, in the transaction that deletes them.
//!
//! What is not over is never deleted, however old: a call without its wrap-up, an operation that has not left, a room that is open.

use crate::{Purge, Purged, StoreError, sql::micros};
use guichet_domain::audit::{AuditAction, AuditEntry, LineHash};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::fmt::Write as _;

/// Triggers that refuse to delete what is only ever added to. Taken away and put back within the transaction of a purge.
const KEPT: [(&str, &str, &str); 2] = [
    ("consents_remain", "consents", "a consent is never removed"),
    ("audit_remains", "audit", "an audit line is never removed"),
];

/// How a table counts its instants, since 1970 UTC.
type Unit = fn(Timestamp) -> i64;
const MS: Unit = Timestamp::as_millisecond;
const S: Unit = Timestamp::as_second;

/// The rows of one kind that a purge deletes.
struct Rows {
    /// In the audit log.
    subject: &'static str,
    table: &'static str,
    /// What identifies a row; never a person's words.
    identity: &'static str,
    /// Which are over and too old; `?` is the instant.
    over: String,
    before: Timestamp,
    /// The instant in the table's unit.
    bound: i64,
}

fn rows(purge: &Purge) -> Vec<Rows> {
    let mut all = Vec::new();
    let mut add = |subject, table, identity, over: &str, before: Option<Timestamp>, unit: Unit| {
        if let Some(before) = before {
            all.push(Rows {
                subject,
                table,
                identity,
                over: over.to_owned(),
                before,
                bound: unit(before),
            });
        }
    };
    add(
        "transfers",
        "transfers",
        "id",
        "over = 1 AND offered_at < ?",
        purge.calls,
        MS,
    );
    add(
        "call_backs",
        "call_backs",
        "id",
        "done_at IS NOT NULL AND done_at < ?",
        purge.calls,
        MS,
    );
    // A call whose transfer or call-back goes on stays with it.
    add(
        "calls",
        "calls",
        "source || char(31) || id",
        "over = 1 AND (mine = 0 OR closed_at IS NOT NULL) AND max(started_at, coalesce(ended_at, 0), coalesce(closed_at, 0)) < ? \
         AND NOT EXISTS (SELECT 1 FROM transfers t WHERE t.source = calls.source AND t.call = calls.id) \
         AND NOT EXISTS (SELECT 1 FROM call_backs b WHERE b.source = calls.source AND b.call = calls.id)",
        purge.calls,
        MS,
    );
    // What another one still waits for is needed.
    add(
        "sent",
        "outbox",
        "id",
        "pending = 0 AND created_at < ? \
         AND NOT EXISTS (SELECT 1 FROM outbox w WHERE w.pending = 1 AND (w.depends_on = outbox.id OR w.lane = outbox.lane))",
        purge.sent,
        S,
    );
    add(
        "alerts",
        "alerts",
        "id",
        "recovered_at IS NOT NULL AND recovered_at < ?",
        purge.alerts,
        MS,
    );
    add("events", "notable_events", "id", "at < ?", purge.events, MS);
    add(
        "rooms",
        "rooms",
        "ticket",
        "open = 0 AND unixepoch(room ->> '$.closed_at') * 1000 < ?",
        purge.events,
        MS,
    );
    add(
        "remote_sessions",
        "remote_sessions",
        "id",
        "ended_at IS NOT NULL AND ended_at < ?",
        purge.consents,
        MS,
    );
    add(
        "consents",
        "consents",
        "id",
        "unixepoch(record ->> '$.answered_at') * 1000 < ? \
         AND NOT EXISTS (SELECT 1 FROM remote_sessions r WHERE r.ended_at IS NULL AND r.ticket = consents.ticket)",
        purge.consents,
        MS,
    );
    all
}

/// Deletes what is over and older than each instant; what was deleted, by kind.
pub(crate) async fn purge(connection: &mut SqliteConnection, purge: &Purge) -> Result<Vec<Purged>, StoreError> {
    for (trigger, ..) in KEPT {
        sqlx::raw_sql(AssertSqlSafe(format!("DROP TRIGGER IF EXISTS {trigger}")))
            .execute(&mut *connection)
            .await?;
    }
    let mut purged = Vec::new();
    for rows in rows(purge) {
        let files = if rows.table == "outbox" {
            files_of(connection, &rows).await?
        } else {
            Vec::new()
        };
        let sql = format!(
            "DELETE FROM {} WHERE {} RETURNING CAST({} AS TEXT)",
            rows.table, rows.over, rows.identity
        );
        let gone: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(rows.bound)
            .fetch_all(&mut *connection)
            .await?;
        if rows.table == "outbox" {
            forget_files(connection, &files).await?;
            sqlx::raw_sql(
                "DELETE FROM submitted_drafts WHERE submission NOT IN (SELECT submission FROM outbox WHERE submission IS NOT NULL)",
            )
            .execute(&mut *connection)
            .await?;
        }
        note(connection, &mut purged, rows.subject, rows.before, gone).await?;
    }
    if let Some(before) = purge.audit {
        purge_log(connection, &mut purged, before).await?;
    }
    for (trigger, table, why) in KEPT {
        let sql = format!("CREATE TRIGGER {trigger} BEFORE DELETE ON {table} BEGIN SELECT RAISE(ABORT, '{why}'); END");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(purged)
}

/// How many rows a purge would delete, by kind; the lines of the audit log among them.
pub(crate) async fn would_purge(connection: &mut SqliteConnection, purge: &Purge) -> Result<Vec<Purged>, StoreError> {
    let mut found = Vec::new();
    for rows in rows(purge) {
        let sql = format!("SELECT count(*) FROM {} WHERE {}", rows.table, rows.over);
        let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(rows.bound)
            .fetch_one(&mut *connection)
            .await?;
        push(&mut found, rows.subject, count.unsigned_abs());
    }
    if let Some(before) = purge.audit {
        let last = last_before(connection, before).await?;
        let first: Option<i64> = sqlx::query_scalar("SELECT min(seq) FROM audit")
            .fetch_one(&mut *connection)
            .await?;
        let count = last.map_or(0, |(seq, _)| seq - first.unwrap_or(seq) + 1);
        push(&mut found, "audit", count.unsigned_abs());
    }
    Ok(found)
}

fn push(all: &mut Vec<Purged>, subject: &'static str, rows: u64) {
    if rows > 0 {
        all.push(Purged { subject, rows });
    }
}

/// The audit log's line of what was deleted.
async fn note(
    connection: &mut SqliteConnection,
    purged: &mut Vec<Purged>,
    subject: &'static str,
    before: Timestamp,
    mut gone: Vec<String>,
) -> Result<(), StoreError> {
    if gone.is_empty() {
        return Ok(());
    }
    // In an order that the identities alone give: whoever kept a list of them can make the digest again.
    gone.sort_unstable();
    let mut digest = Sha256::new();
    for identity in &gone {
        digest.update(identity.as_bytes());
        digest.update([b'\n']);
    }
    let mut text = String::new();
    for byte in digest.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    let line = AuditEntry::done(AuditAction::Purged, subject)
        .by_program()
        .detail(format!(
            "rows:{} before:{} sha256:{text}",
            gone.len(),
            before.as_second()
        ));
    super::audit::append(connection, &line).await?;
    push(purged, subject, gone.len() as u64);
    Ok(())
}

/// The files that the operations about to be deleted carry.
async fn files_of(connection: &mut SqliteConnection, rows: &Rows) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT tree.value FROM outbox, json_tree(outbox.operation) AS tree WHERE tree.key = 'blob' AND {}",
        rows.over
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(rows.bound)
        .fetch_all(connection)
        .await?)
}

/// Deletes those of these files that nothing refers to any more. Only these: a file that was just kept is referred to by a draft that
/// is about to be saved.
async fn forget_files(connection: &mut SqliteConnection, blobs: &[String]) -> Result<(), StoreError> {
    for blob in blobs {
        sqlx::query(
            "DELETE FROM attachments WHERE blob = ?1 \
             AND NOT EXISTS (SELECT 1 FROM outbox, json_tree(outbox.operation) AS tree WHERE tree.key = 'blob' AND tree.value = ?1) \
             AND NOT EXISTS (SELECT 1 FROM drafts WHERE instr(attachments, ?1) > 0) \
             AND NOT EXISTS (SELECT 1 FROM submitted_drafts WHERE instr(attachments, ?1) > 0)",
        )
        .bind(blob)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The last line of the log that lies before an instant, with all the lines before it; its number and hash.
async fn last_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
) -> Result<Option<(i64, String)>, StoreError> {
    // Up to the first line that is young enough: a clock that was wrong once opens no gap.
    Ok(sqlx::query_as(
        "SELECT seq, hash FROM audit WHERE seq < (SELECT min(seq) FROM audit WHERE at >= ?) ORDER BY seq DESC LIMIT 1",
    )
    .bind(micros(before))
    .fetch_optional(connection)
    .await?)
}

/// Shortens the log from its beginning. The line that says so carries the hash of the last line that went: the rest is verified from
/// there on.
async fn purge_log(
    connection: &mut SqliteConnection,
    purged: &mut Vec<Purged>,
    before: Timestamp,
) -> Result<(), StoreError> {
    let Some((last, hash)) = last_before(connection, before).await? else {
        return Ok(());
    };
    let hash: LineHash = hash.parse().unwrap_or(LineHash::NONE);
    let cut = guichet_domain::audit::Anchor {
        seq: last.unsigned_abs(),
        hash,
    };
    super::audit::append(connection, &AuditEntry::log_cut(cut)).await?;
    let gone = sqlx::query("DELETE FROM audit WHERE seq <= ?")
        .bind(last)
        .execute(connection)
        .await?;
    push(purged, "audit", gone.rows_affected());
    Ok(())
}
