//! Drafts: what is being typed, saved at every keystroke.

use crate::{
    Draft, StoreError,
    sql::{Columns, micros},
};
use guichet_domain::TicketId;
use sqlx::{SqliteConnection, sqlite::SqliteRow};

fn decode(row: &SqliteRow) -> Result<Draft, StoreError> {
    let mut c = Columns::new(row);
    Ok(Draft {
        key: c.text()?.to_owned(),
        ticket: c.opt_int()?.map(TicketId),
        body: c.text()?.to_owned(),
        attachments: serde_json::from_str(c.text()?)?,
        updated_at: c.at()?,
    })
}

pub(crate) async fn save(connection: &mut SqliteConnection, draft: &Draft) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO drafts (key, ticket, body, attachments, updated_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT DO UPDATE SET ticket = excluded.ticket, body = excluded.body, attachments = excluded.attachments, \
         updated_at = excluded.updated_at",
    )
    .bind(&draft.key)
    .bind(draft.ticket.map(|ticket| ticket.0))
    .bind(&draft.body)
    .bind(serde_json::to_string(&draft.attachments)?)
    .bind(micros(draft.updated_at))
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<Draft>, StoreError> {
    let rows =
        sqlx::query("SELECT key, ticket, body, attachments, updated_at FROM drafts ORDER BY updated_at DESC, key")
            .fetch_all(connection)
            .await?;
    rows.iter().map(decode).collect()
}

pub(crate) async fn get(connection: &mut SqliteConnection, key: &str) -> Result<Option<Draft>, StoreError> {
    let row = sqlx::query("SELECT key, ticket, body, attachments, updated_at FROM drafts WHERE key = ?")
        .bind(key)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decode).transpose()
}

pub(crate) async fn delete(connection: &mut SqliteConnection, key: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM drafts WHERE key = ?")
        .bind(key)
        .execute(connection)
        .await?;
    Ok(())
}

/// A ticket created here got its number: its drafts follow, and so does the key that names it.
pub(crate) async fn renumber(connection: &mut SqliteConnection, local: i64, remote: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE drafts SET ticket = ? WHERE ticket = ?")
        .bind(remote)
        .bind(local)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE OR IGNORE drafts SET key = ? WHERE key = ?")
        .bind(format!("ticket:{remote}"))
        .bind(format!("ticket:{local}"))
        .execute(connection)
        .await?;
    Ok(())
}
