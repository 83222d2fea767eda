//! Records of consent, which are only ever added (the schema's triggers hold that too), and the remote sessions that rest on them.
//!
//! A record keeps the number its ticket had when it was written. What is read goes by the ticket's present number, so that a log
//! of a ticket written offline is one log.

use super::{audit, outbox::resolve};
use crate::{KeptSession, StoreError};
use guichet_domain::{
    OperationId, TicketId,
    audit::{AuditAction, AuditEntry},
    consent::{ConsentError, ConsentLog, ConsentRecord},
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteRow};

/// Every record of a ticket, in the order they were written, under its present number.
pub(crate) async fn log(connection: &mut SqliteConnection, ticket: TicketId) -> Result<ConsentLog, StoreError> {
    let present = resolve(connection, ticket).await?;
    let rows: Vec<String> = sqlx::query_scalar(
        "SELECT record FROM consents WHERE ticket = ?1 OR ticket IN (SELECT local FROM renumbered WHERE remote = ?1) \
         ORDER BY seq",
    )
    .bind(present.0)
    .fetch_all(connection)
    .await?;
    let mut records = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut record: ConsentRecord = serde_json::from_str(row)?;
        record.subject.ticket = present;
        records.push(record);
    }
    Ok(ConsentLog::read(records)?)
}

/// Adds a record that the log takes; answers the log with it.
pub(crate) async fn append(
    connection: &mut SqliteConnection,
    mut record: ConsentRecord,
) -> Result<ConsentLog, StoreError> {
    let present = resolve(connection, record.subject.ticket).await?;
    record.subject.ticket = present;
    let mut log = log(connection, present).await?;
    log.append(record.clone())?;
    let added = sqlx::query("INSERT INTO consents (id, ticket, record) VALUES (?, ?, ?)")
        .bind(record.id.to_string())
        .bind(present.0)
        .bind(serde_json::to_string(&record)?)
        .execute(&mut *connection)
        .await;
    match added {
        // Another ticket's record has the identity.
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
            Err(ConsentError::AlreadyRecorded(record.id).into())
        }
        Err(error) => Err(error.into()),
        Ok(_) => {
            let line = AuditEntry::done(AuditAction::ConsentRecorded, format!("ticket:{}", present.0))
                .detail(format!("consent:{}", record.id));
            audit::append(connection, &line).await?;
            Ok(log)
        }
    }
}

const COLUMNS: &str = "ticket, session";

/// The ticket's column is the number in force: it moves when a ticket written offline gets the backend's.
fn decode(row: &SqliteRow) -> Result<KeptSession, StoreError> {
    let mut session: KeptSession = serde_json::from_str(row.try_get("session")?)?;
    session.ticket = TicketId(row.try_get("ticket")?);
    Ok(session)
}

/// Keeps a session as it is now.
pub(crate) async fn keep(connection: &mut SqliteConnection, session: &KeptSession) -> Result<(), StoreError> {
    let ticket = resolve(connection, session.ticket).await?;
    let before: Option<Option<i64>> = sqlx::query_scalar("SELECT ended_at FROM remote_sessions WHERE id = ?")
        .bind(session.id.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let changed = match (before, session.ended_at) {
        (None, _) => Some(AuditAction::RemoteSessionStarted),
        (Some(None), Some(_)) => Some(AuditAction::RemoteSessionEnded),
        _ => None,
    };
    sqlx::query(
        "INSERT INTO remote_sessions (id, ticket, started_at, ended_at, session) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET ticket = excluded.ticket, ended_at = excluded.ended_at, session = excluded.session",
    )
    .bind(session.id.to_string())
    .bind(ticket.0)
    .bind(session.started_at.as_millisecond())
    .bind(session.ended_at.map(Timestamp::as_millisecond))
    .bind(serde_json::to_string(session)?)
    .execute(&mut *connection)
    .await?;
    if let Some(action) = changed {
        let line = AuditEntry::done(action, format!("ticket:{}", ticket.0)).detail(format!("session:{}", session.id));
        audit::append(connection, &line).await?;
    }
    Ok(())
}

/// Forgets a session that never began.
pub(crate) async fn forget(connection: &mut SqliteConnection, id: OperationId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM remote_sessions WHERE id = ?")
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn session(
    connection: &mut SqliteConnection,
    id: OperationId,
) -> Result<Option<KeptSession>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM remote_sessions WHERE id = ?");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decode).transpose()
}

/// Those of a ticket, newest first.
pub(crate) async fn of_ticket(
    connection: &mut SqliteConnection,
    ticket: TicketId,
) -> Result<Vec<KeptSession>, StoreError> {
    let ticket = resolve(connection, ticket).await?;
    let sql = format!("SELECT {COLUMNS} FROM remote_sessions WHERE ticket = ? ORDER BY started_at DESC, id DESC");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(ticket.0)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// Those that are not over, and those whose task is still to be written; oldest first.
pub(crate) async fn open(connection: &mut SqliteConnection) -> Result<Vec<KeptSession>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM remote_sessions WHERE ended_at IS NULL OR session ->> 'noted' = 0 ORDER BY started_at, id"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// A ticket written offline got the backend's number.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE remote_sessions SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(connection)
        .await?;
    Ok(())
}
