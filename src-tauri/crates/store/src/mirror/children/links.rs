//! Rows that join a ticket to something else: documents' places, links to other tickets, equipment.

use super::{mirrored, unsettle};
use crate::{
    StoreError,
    mirror::{
        Effects,
        codes::{entry_code, entry_of, link_code, link_of},
    },
    sql::{Columns, Val, bulk, json_ids, micros},
};
use guichet_domain::{
    DocumentId, TicketId, UserId,
    asset::AssetKey,
    document::DocumentLink,
    record::{AssetLink, TicketLink},
    timeline::EntryKey,
};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

const DOCUMENT_LINK: &str = "id, ticket, document, entry_kind, entry_id, author, at";

pub(super) fn document_link_of(c: &mut Columns<'_>) -> Result<DocumentLink, StoreError> {
    let (id, ticket, document) = (c.int()?, TicketId(c.int()?), DocumentId(c.int()?));
    let (kind, entry) = (c.opt_int()?, c.opt_int()?);
    Ok(DocumentLink {
        id,
        document,
        ticket,
        entry: kind.zip(entry).map(|(kind, id)| EntryKey {
            kind: entry_of(kind),
            id,
        }),
        author: c.opt_int()?.map(UserId),
        at: c.opt_at()?,
    })
}

fn document_link_values(link: &DocumentLink) -> Vec<Val> {
    vec![
        link.id.into(),
        link.ticket.0.into(),
        link.document.0.into(),
        link.entry.map(|entry| entry_code(entry.kind)).into(),
        link.entry.map(|entry| entry.id).into(),
        link.author.map(|user| user.0).into(),
        link.at.map(micros).into(),
    ]
}

const TICKET_LINK: &str = "id, from_id, to_id, kind";

pub(super) fn ticket_link_of(c: &mut Columns<'_>) -> Result<TicketLink, StoreError> {
    Ok(TicketLink {
        id: c.int()?,
        from: TicketId(c.int()?),
        to: TicketId(c.int()?),
        kind: link_of(c.int()?),
    })
}

fn ticket_link_values(link: &TicketLink) -> Vec<Val> {
    vec![
        link.id.into(),
        link.from.0.into(),
        link.to.0.into(),
        link_code(link.kind).into(),
    ]
}

const ASSET_LINK: &str = "id, ticket, asset_kind, asset_id";

pub(super) fn asset_link_of(c: &mut Columns<'_>) -> Result<AssetLink, StoreError> {
    Ok(AssetLink {
        id: c.int()?,
        ticket: TicketId(c.int()?),
        asset: AssetKey {
            kind: c.text()?.to_owned(),
            id: c.int()?,
        },
    })
}

fn asset_link_values(link: &AssetLink) -> Vec<Val> {
    vec![
        link.id.into(),
        link.ticket.0.into(),
        link.asset.kind.as_str().into(),
        link.asset.id.into(),
    ]
}

/// A table of links: how to read, write and place its rows.
struct Links<T> {
    table: &'static str,
    columns: &'static str,
    width: usize,
    id: fn(&T) -> i64,
    ends: fn(&T) -> Vec<i64>,
    read: fn(&mut Columns<'_>) -> Result<T, StoreError>,
    values: fn(&T) -> Vec<Val>,
}

const DOCUMENT_LINKS: Links<DocumentLink> = Links {
    table: "document_links",
    columns: DOCUMENT_LINK,
    width: 7,
    id: |link| link.id,
    ends: |link| vec![link.ticket.0],
    read: document_link_of,
    values: document_link_values,
};
const TICKET_LINKS: Links<TicketLink> = Links {
    table: "ticket_links",
    columns: TICKET_LINK,
    width: 4,
    id: |link| link.id,
    ends: |link| vec![link.from.0, link.to.0],
    read: ticket_link_of,
    values: ticket_link_values,
};
const ASSET_LINKS: Links<AssetLink> = Links {
    table: "asset_links",
    columns: ASSET_LINK,
    width: 4,
    id: |link| link.id,
    ends: |link| vec![link.ticket.0],
    read: asset_link_of,
    values: asset_link_values,
};

async fn links<T: PartialEq>(
    connection: &mut SqliteConnection,
    links: &Links<T>,
    records: Vec<&T>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let parents = mirrored(
        connection,
        &records.iter().flat_map(|link| (links.ends)(link)).collect(),
    )
    .await?;
    let mut wanted: BTreeMap<i64, &T> = BTreeMap::new();
    for link in records {
        // A link between tickets is kept if either end is mirrored.
        if (links.ends)(link).iter().any(|end| parents.contains(end)) {
            wanted.insert((links.id)(link), link);
        } else {
            effects.dropped += 1;
        }
    }
    let sql = format!(
        "SELECT {} FROM {} WHERE id IN (SELECT value FROM json_each(?))",
        links.columns, links.table
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(json_ids(wanted.keys()))
        .fetch_all(&mut *connection)
        .await?;
    let mut held = BTreeMap::new();
    for row in &rows {
        let link = (links.read)(&mut Columns::new(row))?;
        held.insert((links.id)(&link), link);
    }
    let mut touched = BTreeSet::new();
    let mut rows = Vec::new();
    for (id, link) in wanted {
        let before = held.get(&id);
        if before == Some(link) {
            continue;
        }
        touched.extend(before.into_iter().flat_map(|before| (links.ends)(before)));
        touched.extend((links.ends)(link));
        rows.push((links.values)(link));
    }
    let head = format!("INSERT OR REPLACE INTO {} ({})", links.table, links.columns);
    bulk(connection, &head, links.width, "", rows).await?;
    unsettle(connection, &touched).await?;
    effects.changed.extend(touched);
    Ok(())
}

/// Stores documents' places.
pub(crate) async fn document_links(
    connection: &mut SqliteConnection,
    records: Vec<&DocumentLink>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    links(connection, &DOCUMENT_LINKS, records, effects).await
}

/// Stores links between tickets.
pub(crate) async fn ticket_links(
    connection: &mut SqliteConnection,
    records: Vec<&TicketLink>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    links(connection, &TICKET_LINKS, records, effects).await
}

/// Stores links to equipment.
pub(crate) async fn asset_links(
    connection: &mut SqliteConnection,
    records: Vec<&AssetLink>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    links(connection, &ASSET_LINKS, records, effects).await
}

/// A purge takes a ticket's links to others along, and nothing tells of it at their other ends: their own dates stay.
pub(crate) async fn forget_links(
    connection: &mut SqliteConnection,
    ticket: i64,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let gone: Vec<(i64, i64)> =
        sqlx::query_as("DELETE FROM ticket_links WHERE from_id = ?1 OR to_id = ?1 RETURNING from_id, to_id")
            .bind(ticket)
            .fetch_all(&mut *connection)
            .await?;
    let ends: BTreeSet<i64> = gone.into_iter().flat_map(|(from, to)| [from, to]).collect();
    unsettle(connection, &ends).await?;
    effects.changed.extend(ends);
    Ok(())
}
