//! Rooms of major incidents, one a ticket. They are never removed: the report may be asked for long after.

use super::outbox::resolve;
use crate::StoreError;
use guichet_domain::{TicketId, room::Room};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// A room under its ticket's present number.
fn decode(row: &SqliteRow) -> Result<Room, StoreError> {
    let mut room: Room = serde_json::from_str(row.try_get("room")?)?;
    room.ticket = TicketId(row.try_get("ticket")?);
    Ok(room)
}

/// The room of a ticket.
pub(crate) async fn get(connection: &mut SqliteConnection, ticket: TicketId) -> Result<Option<Room>, StoreError> {
    let ticket = resolve(connection, ticket).await?;
    let row = sqlx::query("SELECT ticket, room FROM rooms WHERE ticket = ?")
        .bind(ticket.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decode).transpose()
}

/// The room of a ticket that has one.
pub(crate) async fn existing(connection: &mut SqliteConnection, ticket: TicketId) -> Result<Room, StoreError> {
    let room = get(connection, ticket).await?;
    room.ok_or(StoreError::NoSuchRoom { ticket })
}

/// Keeps a room as it is now; its ticket is a present number (as [`get`] answers it).
pub(crate) async fn keep(connection: &mut SqliteConnection, room: &Room) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO rooms (ticket, open, opened_at, room) VALUES (?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET open = excluded.open, opened_at = excluded.opened_at, room = excluded.room",
    )
    .bind(room.ticket.0)
    .bind(room.closed_at.is_none())
    .bind(room.opened_at.as_millisecond())
    .bind(serde_json::to_string(room)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Rooms that are open, the first opened first.
pub(crate) async fn open(connection: &mut SqliteConnection) -> Result<Vec<Room>, StoreError> {
    let rows = sqlx::query("SELECT ticket, room FROM rooms WHERE open = 1 ORDER BY opened_at, ticket")
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// The newest rooms, closed ones included.
pub(crate) async fn latest(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<Room>, StoreError> {
    let rows = sqlx::query("SELECT ticket, room FROM rooms ORDER BY opened_at DESC, ticket LIMIT ?")
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// A ticket written offline got the backend's number. Where that has a room already, both stay: nothing of them is lost.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE OR IGNORE rooms SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(connection)
        .await?;
    Ok(())
}
