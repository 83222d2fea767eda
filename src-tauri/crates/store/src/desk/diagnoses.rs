//! Diagnoses as they are typed, one a ticket, until they go along with an escalation.

use crate::StoreError;
use guichet_domain::{TicketId, diagnosis::Diagnosis};
use jiff::Timestamp;
use sqlx::SqliteConnection;

pub(crate) async fn get(connection: &mut SqliteConnection, ticket: TicketId) -> Result<Option<Diagnosis>, StoreError> {
    let kept: Option<String> = sqlx::query_scalar("SELECT diagnosis FROM diagnoses WHERE ticket = ?")
        .bind(ticket.0)
        .fetch_optional(connection)
        .await?;
    Ok(kept.map(|kept| serde_json::from_str(&kept)).transpose()?)
}

pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    ticket: TicketId,
    diagnosis: &Diagnosis,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO diagnoses (ticket, diagnosis, updated_at) VALUES (?, ?, ?) \
         ON CONFLICT DO UPDATE SET diagnosis = excluded.diagnosis, updated_at = excluded.updated_at",
    )
    .bind(ticket.0)
    .bind(serde_json::to_string(diagnosis)?)
    .bind(now.as_millisecond())
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn forget(connection: &mut SqliteConnection, ticket: TicketId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM diagnoses WHERE ticket = ?")
        .bind(ticket.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// A ticket written offline got the backend's number. One typed under the number already stays.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE OR IGNORE diagnoses SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(&mut *connection)
        .await?;
    forget(connection, local).await
}
