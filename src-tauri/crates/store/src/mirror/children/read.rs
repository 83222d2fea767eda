//! Reading what hangs on one ticket.

use super::{
    actors::actor_of,
    documents::document_of,
    links::{asset_link_of, document_link_of, ticket_link_of},
};
use crate::{StoreError, mirror::codes::entry_of, sql::Columns};
use guichet_domain::{
    TicketId, UserId,
    document::{Document, DocumentLink},
    record::{ActorRow, AssetLink, TicketLink},
    timeline::{EntryKey, TimelineEntry},
};
use sqlx::SqliteConnection;

/// Everything that hangs on one ticket, in a stable order.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) actors: Vec<ActorRow>,
    pub(crate) timeline: Vec<TimelineEntry>,
    pub(crate) documents: Vec<Document>,
    pub(crate) document_links: Vec<DocumentLink>,
    pub(crate) ticket_links: Vec<TicketLink>,
    pub(crate) asset_links: Vec<AssetLink>,
}

/// Reads what hangs on a ticket; the timeline oldest first.
pub(crate) async fn read(connection: &mut SqliteConnection, ticket: i64) -> Result<Parts, StoreError> {
    let mut parts = Parts::default();
    let rows = sqlx::query(
        "SELECT kind, id, author, at, updated_at, body, private, detail FROM timeline \
         WHERE rid >= ?1 << 22 AND rid < (?1 + 1) << 22 ORDER BY at, kind, id",
    )
    .bind(ticket)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        let mut c = Columns::new(row);
        parts.timeline.push(TimelineEntry {
            key: EntryKey {
                kind: entry_of(c.int()?),
                id: c.int()?,
            },
            ticket: TicketId(ticket),
            author: c.opt_int()?.map(UserId),
            at: c.at()?,
            updated_at: c.at()?,
            body: serde_json::from_str(c.text()?)?,
            private: c.flag()?,
            detail: serde_json::from_str(c.text()?)?,
        });
    }
    let rows = sqlx::query(
        "SELECT id, ticket, role, party, party_id, address FROM actors WHERE ticket = ? ORDER BY role, party, id",
    )
    .bind(ticket)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        parts.actors.push(actor_of(&mut Columns::new(row))?);
    }
    let rows = sqlx::query(
        "SELECT id, name, filename, mime, sha1, updated_at FROM documents \
         WHERE id IN (SELECT document FROM document_links WHERE ticket = ?) ORDER BY id",
    )
    .bind(ticket)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        parts.documents.push(document_of(&mut Columns::new(row))?);
    }
    let rows = sqlx::query(
        "SELECT id, ticket, document, entry_kind, entry_id, author, at FROM document_links WHERE ticket = ? ORDER BY id",
    )
    .bind(ticket)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        parts.document_links.push(document_link_of(&mut Columns::new(row))?);
    }
    let rows = sqlx::query(
        "SELECT id, from_id, to_id, kind FROM ticket_links WHERE from_id = ?1 \
         UNION SELECT id, from_id, to_id, kind FROM ticket_links WHERE to_id = ?1 ORDER BY 1",
    )
    .bind(ticket)
    .fetch_all(&mut *connection)
    .await?;
    for row in &rows {
        parts.ticket_links.push(ticket_link_of(&mut Columns::new(row))?);
    }
    let rows = sqlx::query("SELECT id, ticket, asset_kind, asset_id FROM asset_links WHERE ticket = ? ORDER BY id")
        .bind(ticket)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        parts.asset_links.push(asset_link_of(&mut Columns::new(row))?);
    }
    Ok(parts)
}
