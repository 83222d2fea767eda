//! What hangs on tickets: timeline, actors, documents and their places, links. Rows whose ticket is not mirrored are
//! dropped and counted, never stored.

pub(crate) mod actors;
mod documents;
mod links;
mod read;
mod replace;
mod timeline;

pub(crate) use actors::{actor_table, actors};
pub(crate) use documents::{document_of, documents};
pub(crate) use links::{asset_links, document_links, forget_links, ticket_links};
pub(crate) use read::read;
pub(crate) use replace::replace_all;
pub(crate) use timeline::timeline;

use crate::{StoreError, sql::json_ids};
use sqlx::SqliteConnection;
use std::collections::BTreeSet;
use timeline::forget_entries;

/// A ticket's entries have `ticket << PLACE` and up as row numbers.
pub(crate) const PLACE: i64 = 22;

/// The tickets among these that are mirrored.
pub(super) async fn mirrored(
    connection: &mut SqliteConnection,
    ids: &BTreeSet<i64>,
) -> Result<BTreeSet<i64>, StoreError> {
    let rows: Vec<i64> = sqlx::query_scalar("SELECT id FROM tickets WHERE id IN (SELECT value FROM json_each(?))")
        .bind(json_ids(ids))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Something of these tickets changed outside a bundle: what the last bundle said is no longer what is held.
pub(super) async fn unsettle(connection: &mut SqliteConnection, tickets: &BTreeSet<i64>) -> Result<(), StoreError> {
    if !tickets.is_empty() {
        // A bundle's details stay read: 0 is no bundle's hash, NULL would mean "never read".
        sqlx::query("UPDATE tickets SET bundle_hash = 0 WHERE bundle_hash IS NOT NULL AND id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(tickets))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Forgets what hangs on tickets that leave; `list` is `ids` as JSON.
pub(crate) async fn forget(
    connection: &mut SqliteConnection,
    ids: &BTreeSet<i64>,
    list: &str,
) -> Result<(), StoreError> {
    let rids: Vec<i64> = sqlx::query_scalar(
        "SELECT t.rid FROM json_each(?) j JOIN timeline t ON t.rid >= j.value << 22 AND t.rid < (j.value + 1) << 22",
    )
    .bind(list)
    .fetch_all(&mut *connection)
    .await?;
    forget_entries(connection, &rids).await?;
    let documents: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT document FROM document_links WHERE ticket IN (SELECT value FROM json_each(?))",
    )
    .bind(list)
    .fetch_all(&mut *connection)
    .await?;
    for sql in [
        "DELETE FROM actors WHERE ticket IN (SELECT value FROM json_each(?))",
        "DELETE FROM document_links WHERE ticket IN (SELECT value FROM json_each(?))",
        "DELETE FROM asset_links WHERE ticket IN (SELECT value FROM json_each(?))",
    ] {
        sqlx::query(sql).bind(list).execute(&mut *connection).await?;
    }
    let documents = json_ids(&documents);
    for sql in [
        "DELETE FROM document_contents WHERE id IN (SELECT value FROM json_each(?)) \
         AND id NOT IN (SELECT document FROM document_links)",
        "DELETE FROM documents WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT document FROM document_links)",
    ] {
        sqlx::query(sql).bind(&documents).execute(&mut *connection).await?;
    }
    // A link stays as long as its other end is mirrored.
    for id in ids {
        sqlx::query(
            "DELETE FROM ticket_links WHERE (from_id = ?1 AND NOT EXISTS (SELECT 1 FROM tickets WHERE id = to_id)) \
             OR (to_id = ?1 AND NOT EXISTS (SELECT 1 FROM tickets WHERE id = from_id))",
        )
        .bind(id)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
