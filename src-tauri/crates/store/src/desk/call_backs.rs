//! Who is to be called back: by whom, by when, and whether it was done. One call makes one call-back.

use crate::{KeptCallBack, StoreError};
use guichet_domain::{OperationId, TicketId, UserId, call::RemoteParty, wrap_up::CallBack};
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Keeps a call-back; one that is done stays done.
pub(crate) async fn keep(connection: &mut SqliteConnection, call_back: &CallBack) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO call_backs (id, source, call, ticket, due, call_back) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET ticket = excluded.ticket, due = excluded.due, call_back = excluded.call_back",
    )
    .bind(call_back.id.to_string())
    .bind(&call_back.source.0)
    .bind(&call_back.call)
    .bind(call_back.ticket.map(|ticket| ticket.0))
    .bind(call_back.due.as_millisecond())
    .bind(serde_json::to_string(call_back)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps the call-back of a call that has none yet; whether it had none.
pub(crate) async fn add(connection: &mut SqliteConnection, call_back: &CallBack) -> Result<bool, StoreError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT 1 FROM call_backs WHERE source = ? AND call = ?")
        .bind(&call_back.source.0)
        .bind(&call_back.call)
        .fetch_optional(&mut *connection)
        .await?;
    if known.is_some() {
        return Ok(false);
    }
    keep(connection, call_back).await?;
    Ok(true)
}

fn decode(row: &SqliteRow) -> Result<KeptCallBack, StoreError> {
    let call_back: CallBack = serde_json::from_str(row.try_get("call_back")?)?;
    Ok(KeptCallBack {
        call_back: CallBack {
            ticket: row.try_get::<Option<i64>, _>("ticket")?.map(TicketId),
            ..call_back
        },
        person: row.try_get::<Option<i64>, _>("person")?.map(UserId),
        done_at: row
            .try_get::<Option<i64>, _>("done_at")?
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
    })
}

/// Those that are not done, the next due first.
pub(crate) async fn open(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<KeptCallBack>, StoreError> {
    let rows = sqlx::query(
        "SELECT call_back, call_backs.ticket AS ticket, done_at, person FROM call_backs \
         LEFT JOIN calls ON calls.source = call_backs.source AND calls.id = call_backs.call \
         WHERE done_at IS NULL ORDER BY due, call_backs.id LIMIT ?",
    )
    .bind(limit)
    .fetch_all(connection)
    .await?;
    rows.iter().map(decode).collect()
}

/// Says that one is done.
pub(crate) async fn done(connection: &mut SqliteConnection, id: OperationId, at: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE call_backs SET done_at = ? WHERE id = ? AND done_at IS NULL")
        .bind(at.as_millisecond())
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Somebody talks with this number: whoever was to call it back has. How many that were.
pub(crate) async fn reached(
    connection: &mut SqliteConnection,
    remote: &RemoteParty,
    at: Timestamp,
) -> Result<u32, StoreError> {
    let mut reached = 0;
    for kept in open(connection, u32::MAX).await? {
        let waiting = &kept.call_back.remote;
        let same = match (&waiting.e164, &remote.e164) {
            (Some(one), Some(other)) => one == other,
            _ => waiting.raw == remote.raw,
        };
        if same && !remote.raw.is_empty() {
            done(connection, kept.call_back.id, at).await?;
            reached += 1;
        }
    }
    Ok(reached)
}

/// A ticket written offline got the backend's number.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE call_backs SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(connection)
        .await?;
    Ok(())
}
