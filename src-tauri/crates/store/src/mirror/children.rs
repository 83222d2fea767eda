//! What hangs on tickets: timeline, actors, documents and their places, links. Rows whose ticket is not mirrored are
//! dropped and counted, never stored.

use super::{
    Effects,
    codes::{entry_code, entry_of, link_code, link_of, role_code, role_of},
    digest, index,
};
use crate::{
    StoreError,
    sql::{Columns, Val, bulk, json_ids, micros},
};
use guichet_domain::{
    DocumentId, GroupId, TicketId, UserId,
    asset::AssetKey,
    document::{Document, DocumentLink},
    record::{ActorRow, AssetLink, TicketBundle, TicketLink},
    ticket::{Actor, Party},
    timeline::{EntryKey, TimelineEntry},
};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// A ticket's entries have `ticket << PLACE` and up as row numbers.
pub(crate) const PLACE: i64 = 22;

/// Which of the backend's two tables an actor's row is in: people and addresses, or groups.
pub(crate) fn actor_table(row: &ActorRow) -> i64 {
    i64::from(matches!(row.actor.party, Party::Group { .. }))
}

/// The tickets among these that are mirrored.
async fn mirrored(connection: &mut SqliteConnection, ids: &BTreeSet<i64>) -> Result<BTreeSet<i64>, StoreError> {
    let rows: Vec<i64> = sqlx::query_scalar("SELECT id FROM tickets WHERE id IN (SELECT value FROM json_each(?))")
        .bind(json_ids(ids))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Something of these tickets changed outside a bundle: what the last bundle said is no longer what is held.
async fn unsettle(connection: &mut SqliteConnection, tickets: &BTreeSet<i64>) -> Result<(), StoreError> {
    if !tickets.is_empty() {
        // A bundle's details stay read: 0 is no bundle's hash, NULL would mean "never read".
        sqlx::query("UPDATE tickets SET bundle_hash = 0 WHERE bundle_hash IS NOT NULL AND id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(tickets))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Stores timeline entries.
pub(crate) async fn timeline(
    connection: &mut SqliteConnection,
    entries: Vec<&TimelineEntry>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let parents = mirrored(connection, &entries.iter().map(|entry| entry.ticket.0).collect()).await?;
    let mut wanted: BTreeMap<EntryKey, &TimelineEntry> = BTreeMap::new();
    for entry in entries {
        if parents.contains(&entry.ticket.0) {
            wanted.insert(entry.key, entry);
        } else {
            effects.dropped += 1;
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let keys: Vec<(i64, i64)> = wanted.keys().map(|key| (entry_code(key.kind), key.id)).collect();
    let rows = sqlx::query(
        "SELECT t.kind, t.id, t.rid, t.ticket, t.hash FROM json_each(?) j JOIN timeline t \
         ON t.kind = j.value ->> 0 AND t.id = j.value ->> 1",
    )
    .bind(serde_json::to_string(&keys)?)
    .fetch_all(&mut *connection)
    .await?;
    let mut held = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        let key = EntryKey {
            kind: entry_of(c.int()?),
            id: c.int()?,
        };
        held.insert(key, (c.int()?, c.int()?, c.int()?));
    }
    let tickets: BTreeSet<i64> = wanted.values().map(|entry| entry.ticket.0).collect();
    let rows: Vec<(i64, Option<i64>)> = sqlx::query_as(
        "SELECT j.value, (SELECT max(rid) FROM timeline WHERE rid >= j.value << 22 AND rid < (j.value + 1) << 22) FROM json_each(?) j",
    )
    .bind(json_ids(&tickets))
    .fetch_all(&mut *connection)
    .await?;
    let mut last: BTreeMap<i64, i64> = rows
        .into_iter()
        .map(|(ticket, rid)| (ticket, rid.unwrap_or(ticket << PLACE)))
        .collect();

    let mut stale = Vec::new();
    let mut moved = Vec::new();
    let mut rows = Vec::new();
    let mut texts = Vec::new();
    let mut touched = BTreeSet::new();
    for (key, entry) in wanted {
        let hash = digest(entry)?;
        let rid = match held.get(&key) {
            Some((_, _, before)) if *before == hash => continue,
            Some((rid, ticket, _)) if *ticket == entry.ticket.0 => {
                stale.push(*rid);
                *rid
            }
            other => {
                if let Some((rid, ticket, _)) = other {
                    // The backend merged two tickets: the entry moves to the other one.
                    moved.push(*rid);
                    touched.insert(*ticket);
                }
                let last = last.entry(entry.ticket.0).or_insert(entry.ticket.0 << PLACE);
                *last += 1;
                *last
            }
        };
        touched.insert(entry.ticket.0);
        texts.push((rid, vec![entry.body.to_plain()]));
        rows.push(vec![
            rid.into(),
            entry.ticket.0.into(),
            entry_code(key.kind).into(),
            key.id.into(),
            hash.into(),
            entry.author.map(|user| user.0).into(),
            entry.at.into(),
            entry.updated_at.into(),
            serde_json::to_string(&entry.body)?.into(),
            entry.private.into(),
            serde_json::to_string(&entry.detail)?.into(),
        ]);
    }
    forget_entries(connection, &moved).await?;
    bulk(
        connection,
        "INSERT INTO timeline (rid, ticket, kind, id, hash, author, at, updated_at, body, private, detail)",
        11,
        "ON CONFLICT(rid) DO UPDATE SET hash = excluded.hash, author = excluded.author, at = excluded.at, \
         updated_at = excluded.updated_at, body = excluded.body, private = excluded.private, detail = excluded.detail",
        rows,
    )
    .await?;
    index::replace(connection, index::TIMELINE, &stale, texts).await?;
    unsettle(connection, &touched).await?;
    effects.changed.extend(touched);
    Ok(())
}

async fn forget_entries(connection: &mut SqliteConnection, rids: &[i64]) -> Result<(), StoreError> {
    if !rids.is_empty() {
        sqlx::query("DELETE FROM timeline WHERE rid IN (SELECT value FROM json_each(?))")
            .bind(json_ids(rids))
            .execute(&mut *connection)
            .await?;
        index::remove(connection, index::TIMELINE, rids).await?;
    }
    Ok(())
}

fn party_columns(party: &Party) -> (i64, Option<i64>, Option<&str>) {
    match party {
        Party::User { id } => (0, Some(id.0), None),
        Party::Email { address } => (1, None, Some(address)),
        Party::Group { id } => (2, Some(id.0), None),
    }
}

fn party_of(code: i64, id: Option<i64>, address: Option<&str>) -> Party {
    match (code, id) {
        (0, Some(id)) => Party::User { id: UserId(id) },
        (2, Some(id)) => Party::Group { id: GroupId(id) },
        _ => Party::Email {
            address: address.unwrap_or_default().to_owned(),
        },
    }
}

fn actor_of(c: &mut Columns<'_>) -> Result<ActorRow, StoreError> {
    Ok(ActorRow {
        id: c.int()?,
        ticket: TicketId(c.int()?),
        actor: Actor {
            role: role_of(c.int()?),
            party: party_of(c.int()?, c.opt_int()?, c.opt_text()?),
        },
    })
}

/// Stores actors' rows.
pub(crate) async fn actors(
    connection: &mut SqliteConnection,
    records: Vec<&ActorRow>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let parents = mirrored(connection, &records.iter().map(|row| row.ticket.0).collect()).await?;
    let mut wanted: BTreeMap<(i64, i64), &ActorRow> = BTreeMap::new();
    for row in records {
        if parents.contains(&row.ticket.0) {
            wanted.insert((actor_table(row), row.id), row);
        } else {
            effects.dropped += 1;
        }
    }
    let keys: Vec<&(i64, i64)> = wanted.keys().collect();
    let rows = sqlx::query(
        "SELECT a.grp, a.id, a.ticket, a.role, a.party, a.party_id, a.address FROM json_each(?) j JOIN actors a \
         ON a.grp = j.value ->> 0 AND a.id = j.value ->> 1",
    )
    .bind(serde_json::to_string(&keys)?)
    .fetch_all(&mut *connection)
    .await?;
    let mut touched = BTreeSet::new();
    let mut held = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        let table = c.int()?;
        let row = actor_of(&mut c)?;
        held.insert((table, row.id), row);
    }
    let mut rows = Vec::new();
    for (key, row) in wanted {
        let before = held.get(&key);
        if before == Some(row) {
            continue;
        }
        touched.extend(before.map(|before| before.ticket.0));
        touched.insert(row.ticket.0);
        let (party, id, address) = party_columns(&row.actor.party);
        rows.push(vec![
            key.0.into(),
            key.1.into(),
            row.ticket.0.into(),
            role_code(row.actor.role).into(),
            party.into(),
            id.into(),
            address.into(),
        ]);
    }
    bulk(
        connection,
        "INSERT INTO actors (grp, id, ticket, role, party, party_id, address)",
        7,
        "ON CONFLICT(grp, id) DO UPDATE SET ticket = excluded.ticket, role = excluded.role, party = excluded.party, \
         party_id = excluded.party_id, address = excluded.address",
        rows,
    )
    .await?;
    unsettle(connection, &touched).await?;
    effects.rebuild.extend(&touched);
    effects.changed.extend(touched);
    Ok(())
}

/// Stores documents' metadata. A content kept under another checksum is forgotten.
pub(crate) async fn documents(
    connection: &mut SqliteConnection,
    records: Vec<&Document>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<i64, &Document> = records.into_iter().map(|document| (document.id.0, document)).collect();
    let list = json_ids(wanted.keys());
    let held: Vec<(i64, i64, Option<String>)> =
        sqlx::query_as("SELECT id, hash, sha1 FROM documents WHERE id IN (SELECT value FROM json_each(?))")
            .bind(&list)
            .fetch_all(&mut *connection)
            .await?;
    let held: BTreeMap<i64, (i64, Option<String>)> =
        held.into_iter().map(|(id, hash, sha1)| (id, (hash, sha1))).collect();
    let mut rows = Vec::new();
    let mut touched = Vec::new();
    let mut outdated = Vec::new();
    for (id, document) in wanted {
        let hash = digest(document)?;
        match held.get(&id) {
            Some((before, _)) if *before == hash => continue,
            Some((_, sha1)) if *sha1 != document.sha1 => outdated.push(id),
            _ => {}
        }
        touched.push(id);
        rows.push(vec![
            id.into(),
            hash.into(),
            document.name.as_str().into(),
            document.filename.as_str().into(),
            document.mime.as_deref().into(),
            document.sha1.as_deref().into(),
            document.updated_at.into(),
        ]);
    }
    if touched.is_empty() {
        return Ok(());
    }
    bulk(
        connection,
        "INSERT INTO documents (id, hash, name, filename, mime, sha1, updated_at)",
        7,
        "ON CONFLICT(id) DO UPDATE SET hash = excluded.hash, name = excluded.name, filename = excluded.filename, \
         mime = excluded.mime, sha1 = excluded.sha1, updated_at = excluded.updated_at",
        rows,
    )
    .await?;
    sqlx::query("DELETE FROM document_contents WHERE id IN (SELECT value FROM json_each(?))")
        .bind(json_ids(&outdated))
        .execute(&mut *connection)
        .await?;
    let tickets: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT ticket FROM document_links WHERE document IN (SELECT value FROM json_each(?))",
    )
    .bind(json_ids(&touched))
    .fetch_all(&mut *connection)
    .await?;
    unsettle(connection, &tickets.iter().copied().collect()).await?;
    effects.changed.extend(tickets);
    Ok(())
}

const DOCUMENT_LINK: &str = "id, ticket, document, entry_kind, entry_id, author, at";

fn document_link_of(c: &mut Columns<'_>) -> Result<DocumentLink, StoreError> {
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

fn ticket_link_of(c: &mut Columns<'_>) -> Result<TicketLink, StoreError> {
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

fn asset_link_of(c: &mut Columns<'_>) -> Result<AssetLink, StoreError> {
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

/// Everything that hangs on tickets becomes what the bundles say.
pub(crate) async fn replace_all(
    connection: &mut SqliteConnection,
    bundles: &BTreeMap<i64, TicketBundle>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let list = json_ids(bundles.keys());
    // What is held and no longer said.
    let mut entries: BTreeSet<EntryKey> = BTreeSet::new();
    let mut actor_keys: BTreeSet<(i64, i64)> = BTreeSet::new();
    let mut places: BTreeSet<i64> = BTreeSet::new();
    let mut tickets: BTreeSet<i64> = BTreeSet::new();
    let mut assets: BTreeSet<i64> = BTreeSet::new();
    for bundle in bundles.values() {
        entries.extend(bundle.timeline.iter().map(|entry| entry.key));
        actor_keys.extend(bundle.actors.iter().map(|row| (actor_table(row), row.id)));
        places.extend(bundle.document_links.iter().map(|link| link.id));
        tickets.extend(bundle.ticket_links.iter().map(|link| link.id));
        assets.extend(bundle.asset_links.iter().map(|link| link.id));
    }
    let held: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT t.rid, t.ticket, t.kind, t.id FROM json_each(?) j JOIN timeline t \
         ON t.rid >= j.value << 22 AND t.rid < (j.value + 1) << 22",
    )
    .bind(&list)
    .fetch_all(&mut *connection)
    .await?;
    let mut gone = Vec::new();
    for (rid, ticket, kind, id) in held {
        if !entries.contains(&EntryKey {
            kind: entry_of(kind),
            id,
        }) {
            gone.push(rid);
            effects.changed.insert(ticket);
        }
    }
    forget_entries(connection, &gone).await?;

    let held: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT a.rid, a.ticket, a.grp, a.id FROM actors a WHERE a.ticket IN (SELECT value FROM json_each(?))",
    )
    .bind(&list)
    .fetch_all(&mut *connection)
    .await?;
    let mut gone = Vec::new();
    for (rid, ticket, table, id) in held {
        if !actor_keys.contains(&(table, id)) {
            gone.push(rid);
            effects.changed.insert(ticket);
            effects.rebuild.insert(ticket);
        }
    }
    if !gone.is_empty() {
        sqlx::query("DELETE FROM actors WHERE rid IN (SELECT value FROM json_each(?))")
            .bind(json_ids(&gone))
            .execute(&mut *connection)
            .await?;
    }
    for (select, delete, kept) in [
        (
            "SELECT id, ticket FROM document_links WHERE ticket IN (SELECT value FROM json_each(?))",
            "DELETE FROM document_links WHERE id IN (SELECT value FROM json_each(?))",
            &places,
        ),
        (
            "SELECT id, ticket FROM asset_links WHERE ticket IN (SELECT value FROM json_each(?))",
            "DELETE FROM asset_links WHERE id IN (SELECT value FROM json_each(?))",
            &assets,
        ),
    ] {
        let held: Vec<(i64, i64)> = sqlx::query_as(select).bind(&list).fetch_all(&mut *connection).await?;
        let gone: Vec<(i64, i64)> = held.into_iter().filter(|(id, _)| !kept.contains(id)).collect();
        if !gone.is_empty() {
            effects.changed.extend(gone.iter().map(|(_, ticket)| *ticket));
            sqlx::query(delete)
                .bind(json_ids(gone.iter().map(|(id, _)| id)))
                .execute(&mut *connection)
                .await?;
        }
    }
    let held: Vec<(i64, i64, i64)> = sqlx::query_as(
        "SELECT id, from_id, to_id FROM ticket_links WHERE from_id IN (SELECT value FROM json_each(?1)) \
         UNION SELECT id, from_id, to_id FROM ticket_links WHERE to_id IN (SELECT value FROM json_each(?1))",
    )
    .bind(&list)
    .fetch_all(&mut *connection)
    .await?;
    let gone: Vec<(i64, i64, i64)> = held.into_iter().filter(|(id, ..)| !tickets.contains(id)).collect();
    if !gone.is_empty() {
        sqlx::query("DELETE FROM ticket_links WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(gone.iter().map(|(id, ..)| id)))
            .execute(&mut *connection)
            .await?;
        // The other end shows it no more either.
        let ends: BTreeSet<i64> = gone.iter().flat_map(|(_, from, to)| [*from, *to]).collect();
        unsettle(connection, &ends).await?;
        effects.changed.extend(ends);
    }
    let dropped = effects.dropped;
    timeline(
        connection,
        bundles.values().flat_map(|b| &b.timeline).collect(),
        effects,
    )
    .await?;
    actors(connection, bundles.values().flat_map(|b| &b.actors).collect(), effects).await?;
    documents(
        connection,
        bundles.values().flat_map(|b| &b.documents).collect(),
        effects,
    )
    .await?;
    document_links(
        connection,
        bundles.values().flat_map(|b| &b.document_links).collect(),
        effects,
    )
    .await?;
    ticket_links(
        connection,
        bundles.values().flat_map(|b| &b.ticket_links).collect(),
        effects,
    )
    .await?;
    asset_links(
        connection,
        bundles.values().flat_map(|b| &b.asset_links).collect(),
        effects,
    )
    .await?;
    if effects.dropped != dropped {
        tracing::warn!(
            rows = effects.dropped - dropped,
            "a bundle holds rows of tickets that are not mirrored"
        );
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

/// Reads `id, name, filename, mime, sha1, updated_at`.
pub(crate) fn document_of(c: &mut Columns<'_>) -> Result<Document, StoreError> {
    Ok(Document {
        id: DocumentId(c.int()?),
        name: c.text()?.to_owned(),
        filename: c.text()?.to_owned(),
        mime: c.opt_text()?.map(str::to_owned),
        sha1: c.opt_text()?.map(str::to_owned),
        updated_at: c.opt_at()?,
    })
}
