//! Notable events, as somebody wrote them. One that is withdrawn stays, and is not told.

use super::audit;
use crate::{NotableEvent, StoreError};
use guichet_domain::{
    OperationId, TicketId,
    audit::{AuditAction, AuditEntry},
};
use jiff::Timestamp;
use sqlx::SqliteConnection;

/// Keeps an event; one that is there is written over.
pub(crate) async fn keep(connection: &mut SqliteConnection, event: &NotableEvent) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO notable_events (id, at, ticket, event) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \
         at = excluded.at, ticket = excluded.ticket, event = excluded.event",
    )
    .bind(event.id.to_string())
    .bind(event.at.as_millisecond())
    .bind(event.ticket.map(|ticket| ticket.0))
    .bind(serde_json::to_string(event)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Those of \[from, to) that were not withdrawn, the oldest first.
pub(crate) async fn between(
    connection: &mut SqliteConnection,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<NotableEvent>, StoreError> {
    let rows: Vec<(String, Option<i64>)> = sqlx::query_as(
        "SELECT event, ticket FROM notable_events WHERE at >= ? AND at < ? AND withdrawn_at IS NULL ORDER BY at, id",
    )
    .bind(from.as_millisecond())
    .bind(to.as_millisecond())
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(event, ticket)| {
            let event: NotableEvent = serde_json::from_str(&event)?;
            Ok(NotableEvent {
                ticket: ticket.map(TicketId),
                ..event
            })
        })
        .collect()
}

/// Takes an event back; whether there was one.
pub(crate) async fn withdraw(
    connection: &mut SqliteConnection,
    id: OperationId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let line = AuditEntry::done(AuditAction::EventWithdrawn, format!("event:{id}"));
    audit::append(connection, &line).await?;
    let done = sqlx::query("UPDATE notable_events SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL")
        .bind(now.as_millisecond())
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// A ticket written offline got the backend's number.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE notable_events SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(connection)
        .await?;
    Ok(())
}
