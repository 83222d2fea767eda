//! Drafts: what is being typed, saved at every keystroke.

use crate::{
    Draft, StoreError,
    sql::{Columns, micros},
};
use guichet_domain::{OperationId, TicketId};
use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteRow};

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

pub(crate) async fn of(connection: &mut SqliteConnection, ticket: TicketId) -> Result<Vec<Draft>, StoreError> {
    let rows = sqlx::query(
        "SELECT key, ticket, body, attachments, updated_at FROM drafts WHERE ticket = ? ORDER BY updated_at DESC, key",
    )
    .bind(ticket.0)
    .fetch_all(connection)
    .await?;
    rows.iter().map(decode).collect()
}

/// The draft under a key; where there is none, the newest of the same kind (what stands before the key's colon) on the ticket:
/// a ticket written here keeps its drafts when the server numbers it.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    key: &str,
    ticket: Option<TicketId>,
) -> Result<Option<Draft>, StoreError> {
    let kind = key.split_once(':').map_or(key, |(kind, _)| kind);
    let row = sqlx::query(
        "SELECT key, ticket, body, attachments, updated_at FROM drafts \
         WHERE key = ?1 OR (ticket = ?2 AND substr(key, 1, length(?3) + 1) = ?3 || ':') \
         ORDER BY key = ?1 DESC, updated_at DESC LIMIT 1",
    )
    .bind(key)
    .bind(ticket.map(|ticket| ticket.0))
    .bind(kind)
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

/// A draft was submitted: it is no draft any more, but kept until what it became has left. A draft under a second name of the
/// same submission cannot be.
pub(crate) async fn set_aside(
    connection: &mut SqliteConnection,
    key: &str,
    submission: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO submitted_drafts (submission, key, ticket, body, attachments, updated_at) \
         SELECT ?, key, ticket, body, attachments, updated_at FROM drafts WHERE key = ?",
    )
    .bind(submission)
    .bind(key)
    .execute(&mut *connection)
    .await?;
    delete(connection, key).await
}

/// What a submission came from is a draft again, under its key, or under one of its own where newer words have taken its
/// place. None when the submission came from no draft.
pub(crate) async fn give_back(
    connection: &mut SqliteConnection,
    submission: &str,
) -> Result<Option<Draft>, StoreError> {
    let row = sqlx::query(
        "DELETE FROM submitted_drafts WHERE submission = ? RETURNING key, ticket, body, attachments, updated_at",
    )
    .bind(submission)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(mut draft) = row.as_ref().map(decode).transpose()? else {
        return Ok(None);
    };
    if get(connection, &draft.key).await?.is_some() {
        draft.key = format!("returned:{submission}");
    }
    save(connection, &draft).await?;
    Ok(Some(draft))
}

/// Other words for a submitted draft.
pub(crate) async fn reword(connection: &mut SqliteConnection, submission: &str, body: &str) -> Result<(), StoreError> {
    sqlx::query("UPDATE submitted_drafts SET body = ? WHERE submission = ?")
        .bind(body)
        .bind(submission)
        .execute(connection)
        .await?;
    Ok(())
}

/// Nothing of an entry's submission can be taken back any more: the draft it came from is not needed.
pub(crate) async fn forget(connection: &mut SqliteConnection, id: OperationId) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM submitted_drafts WHERE submission = (SELECT submission FROM outbox WHERE id = ?)")
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// A ticket created here got its number: its drafts follow, those submitted included, and so does the key that names it.
pub(crate) async fn renumber(connection: &mut SqliteConnection, local: i64, remote: i64) -> Result<(), StoreError> {
    for table in ["drafts", "submitted_drafts"] {
        sqlx::query(AssertSqlSafe(format!("UPDATE {table} SET ticket = ? WHERE ticket = ?")))
            .bind(remote)
            .bind(local)
            .execute(&mut *connection)
            .await?;
        sqlx::query(AssertSqlSafe(format!(
            "UPDATE OR IGNORE {table} SET key = ? WHERE key = ?"
        )))
        .bind(format!("ticket:{remote}"))
        .bind(format!("ticket:{local}"))
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
