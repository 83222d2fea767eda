//! The audit log: lines are added, each with its hash, in the transaction of what they tell (the schema's triggers refuse every
//! change and every removal).

use crate::{
    StoreError,
    sql::{instant, micros},
};
use guichet_domain::audit::{Actor, Anchor, AuditAction, AuditEntry, AuditLine, LineHash};
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

fn decode(row: &SqliteRow) -> Result<AuditLine, StoreError> {
    let hash: &str = row.try_get("hash")?;
    Ok(AuditLine {
        seq: u64::try_from(row.try_get::<i64, _>("seq")?).unwrap_or_default(),
        at: instant(row.try_get("at")?),
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        outcome: row.try_get("outcome")?,
        detail: row.try_get("detail")?,
        // One that does not read back is a line that was changed: it verifies as none.
        hash: hash.parse().unwrap_or(LineHash::NONE),
    })
}

/// The last line's number and hash.
pub(crate) async fn head(connection: &mut SqliteConnection) -> Result<Anchor, StoreError> {
    let row: Option<(i64, String)> = sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    Ok(row.map_or(
        Anchor {
            seq: 0,
            hash: LineHash::NONE,
        },
        |(seq, hash)| Anchor {
            seq: u64::try_from(seq).unwrap_or_default(),
            hash: hash.parse().unwrap_or(LineHash::NONE),
        },
    ))
}

/// Adds a line. The instant is this machine's: when it was written, whatever the world of the caller says.
pub(crate) async fn append(connection: &mut SqliteConnection, entry: &AuditEntry) -> Result<(), StoreError> {
    let mut before = head(connection).await?;
    if before.seq == 0 {
        // What makes this log another one than every other.
        let begun = AuditEntry::done(AuditAction::LogBegun, "")
            .by_program()
            .detail(uuid::Uuid::new_v4().to_string());
        before = write(connection, before, &begun).await?;
    }
    write(connection, before, entry).await?;
    Ok(())
}

async fn write(connection: &mut SqliteConnection, before: Anchor, entry: &AuditEntry) -> Result<Anchor, StoreError> {
    let actor = if entry.by_program {
        Actor::Program
    } else {
        match crate::view::account_in(connection).await? {
            Some(user) => Actor::Account(user.0),
            None => Actor::Unknown,
        }
    };
    let mut line = AuditLine {
        seq: before.seq + 1,
        at: instant(micros(Timestamp::now())),
        actor: actor.to_string(),
        action: entry.action.name(),
        subject: entry.subject.clone(),
        outcome: entry.outcome.clone(),
        detail: entry.detail.clone(),
        hash: LineHash::NONE,
    };
    line.hash = line.hash_after(before.hash);
    sqlx::query(
        "INSERT INTO audit (seq, at, actor, action, subject, outcome, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(i64::try_from(line.seq).unwrap_or(i64::MAX))
    .bind(micros(line.at))
    .bind(&line.actor)
    .bind(&line.action)
    .bind(&line.subject)
    .bind(&line.outcome)
    .bind(&line.detail)
    .bind(line.hash.to_string())
    .execute(connection)
    .await?;
    Ok(Anchor {
        seq: line.seq,
        hash: line.hash,
    })
}

/// Up to where the log was cut, by the line that says so of the line before the first one there is.
pub(crate) async fn cut(connection: &mut SqliteConnection) -> Result<Option<Anchor>, StoreError> {
    let first: Option<i64> = sqlx::query_scalar("SELECT min(seq) FROM audit")
        .fetch_one(&mut *connection)
        .await?;
    let Some(first) = first.filter(|first| *first > 1) else {
        return Ok(None);
    };
    let rows = sqlx::query(
        "SELECT seq, at, actor, action, subject, outcome, detail, hash FROM audit WHERE action = ? ORDER BY seq DESC",
    )
    .bind(AuditAction::Purged.name())
    .fetch_all(connection)
    .await?;
    let before = first.unsigned_abs() - 1;
    for row in &rows {
        if let Some(cut) = decode(row)?.cut()
            && cut.seq == before
        {
            return Ok(Some(cut));
        }
    }
    Ok(None)
}

/// Lines after a number, in order, so many at most.
pub(crate) async fn after(
    connection: &mut SqliteConnection,
    seq: u64,
    limit: u32,
) -> Result<Vec<AuditLine>, StoreError> {
    let rows = sqlx::query(
        "SELECT seq, at, actor, action, subject, outcome, detail, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?",
    )
    .bind(i64::try_from(seq).unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(decode).collect()
}
