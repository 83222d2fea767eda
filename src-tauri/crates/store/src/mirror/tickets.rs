//! Tickets' own rows, and bundles that replace a ticket as a whole.

use super::{
    Effects, children,
    codes::{kind_code, kind_of, status_code, status_of},
    digest, index,
};
use crate::{
    StoreError,
    sql::{Columns, Val, bulk, json_ids},
};
use guichet_domain::{
    TicketId, UserId,
    catalogue::CatalogueRef,
    record::TicketBundle,
    ticket::{Level, Ticket},
};
use sqlx::{SqliteConnection, sqlite::SqliteRow};
use std::collections::{BTreeMap, BTreeSet};

/// A ticket's columns in the order [`values`] writes and [`decode`] reads them.
pub(crate) const COLUMNS: &str = "id, title, description, kind, status, urgency, impact, priority, category, category_name, \
     entity, entity_name, location, location_name, channel, channel_name, recorder, opened_at, updated_at, solved_at, \
     closed_at, taken_up_at, time_to_own, time_to_resolve, slas, external_id";
const WIDTH: usize = 26 + 2;
const UPSERT: &str = "ON CONFLICT(id) DO UPDATE SET title = excluded.title, description = excluded.description, \
     kind = excluded.kind, status = excluded.status, urgency = excluded.urgency, impact = excluded.impact, \
     priority = excluded.priority, category = excluded.category, category_name = excluded.category_name, \
     entity = excluded.entity, entity_name = excluded.entity_name, location = excluded.location, \
     location_name = excluded.location_name, channel = excluded.channel, channel_name = excluded.channel_name, \
     recorder = excluded.recorder, opened_at = excluded.opened_at, updated_at = excluded.updated_at, \
     solved_at = excluded.solved_at, closed_at = excluded.closed_at, taken_up_at = excluded.taken_up_at, \
     time_to_own = excluded.time_to_own, time_to_resolve = excluded.time_to_resolve, slas = excluded.slas, \
     external_id = excluded.external_id, hash = excluded.hash, text_hash = excluded.text_hash, bundle_hash = iif(bundle_hash IS NULL OR provisional = 1, NULL, 0), \
     provisional = 0, departure = NULL";

fn reference(value: Option<&CatalogueRef>) -> [Val; 2] {
    [
        value.map(|reference| reference.id).into(),
        value.and_then(|reference| reference.name.as_deref()).into(),
    ]
}

fn level(level: Level) -> Val {
    level.0.into()
}

fn values(ticket: &Ticket) -> Result<Vec<Val>, StoreError> {
    let [category, category_name] = reference(ticket.category.as_ref());
    let [entity, entity_name] = reference(ticket.entity.as_ref());
    let [location, location_name] = reference(ticket.location.as_ref());
    let [channel, channel_name] = reference(ticket.channel.as_ref());
    Ok(vec![
        ticket.id.0.into(),
        ticket.title.as_str().into(),
        serde_json::to_string(&ticket.description)?.into(),
        kind_code(ticket.kind).into(),
        status_code(ticket.status).into(),
        level(ticket.urgency),
        level(ticket.impact),
        level(ticket.priority),
        category,
        category_name,
        entity,
        entity_name,
        location,
        location_name,
        channel,
        channel_name,
        ticket.recorder.map(|user| user.0).into(),
        ticket.opened_at.into(),
        ticket.updated_at.into(),
        ticket.solved_at.into(),
        ticket.closed_at.into(),
        ticket.taken_up_at.into(),
        ticket.time_to_own.into(),
        ticket.time_to_resolve.into(),
        serde_json::to_string(&ticket.slas)?.into(),
        ticket.external_id.as_deref().into(),
    ])
}

/// Reads a row of [`COLUMNS`].
pub(crate) fn decode(row: &SqliteRow) -> Result<Ticket, StoreError> {
    let mut c = Columns::new(row);
    fn reference(c: &mut Columns<'_>) -> Result<Option<CatalogueRef>, StoreError> {
        let id = c.opt_int()?;
        let name = c.opt_text()?.map(str::to_owned);
        Ok(id.map(|id| CatalogueRef { id, name }))
    }
    fn level(c: &mut Columns<'_>) -> Result<Level, StoreError> {
        Ok(Level(u8::try_from(c.int()?).unwrap_or(0)))
    }
    Ok(Ticket {
        id: TicketId(c.int()?),
        title: c.text()?.to_owned(),
        description: serde_json::from_str(c.text()?)?,
        kind: kind_of(c.int()?),
        status: status_of(c.int()?),
        urgency: level(&mut c)?,
        impact: level(&mut c)?,
        priority: level(&mut c)?,
        category: reference(&mut c)?,
        entity: reference(&mut c)?,
        location: reference(&mut c)?,
        channel: reference(&mut c)?,
        recorder: c.opt_int()?.map(UserId),
        opened_at: c.at()?,
        updated_at: c.at()?,
        solved_at: c.opt_at()?,
        closed_at: c.opt_at()?,
        taken_up_at: c.opt_at()?,
        time_to_own: c.opt_at()?,
        time_to_resolve: c.opt_at()?,
        slas: serde_json::from_str(c.text()?)?,
        external_id: c.opt_text()?.map(str::to_owned),
    })
}

struct Held {
    hash: i64,
    text_hash: i64,
    bundle_hash: Option<i64>,
    /// Not as the server has it now: provisional, or marked as departed.
    stale: bool,
}

async fn held(connection: &mut SqliteConnection, ids: &str) -> Result<BTreeMap<i64, Held>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, hash, text_hash, bundle_hash, provisional = 1 OR departure IS NOT NULL FROM tickets \
         WHERE id IN (SELECT value FROM json_each(?))",
    )
    .bind(ids)
    .fetch_all(connection)
    .await?;
    let mut held = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        held.insert(
            c.int()?,
            Held {
                hash: c.int()?,
                text_hash: c.int()?,
                bundle_hash: c.opt_int()?,
                stale: c.flag()?,
            },
        );
    }
    Ok(held)
}

/// Stores tickets' own fields; what is unchanged is not written.
pub(crate) async fn upsert(
    connection: &mut SqliteConnection,
    tickets: &BTreeMap<i64, &Ticket>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let held = held(connection, &json_ids(tickets.keys())).await?;
    let mut rows = Vec::new();
    let mut texts = Vec::new();
    let mut stale_texts = Vec::new();
    for (id, ticket) in tickets {
        let hash = digest(ticket)?;
        let before = held.get(id);
        if before.is_some_and(|before| before.hash == hash && !before.stale) {
            continue;
        }
        let text_hash = digest(&(&ticket.title, &ticket.description))?;
        if before.is_none_or(|before| before.text_hash != text_hash) {
            if before.is_some() {
                stale_texts.push(*id);
            }
            texts.push((*id, vec![ticket.title.clone(), ticket.description.to_plain()]));
        }
        let mut row = values(ticket)?;
        row.push(hash.into());
        row.push(text_hash.into());
        rows.push(row);
        effects.changed.insert(*id);
        effects.rebuild.insert(*id);
    }
    let head = format!("INSERT INTO tickets ({COLUMNS}, hash, text_hash)");
    bulk(connection, &head, WIDTH, UPSERT, rows).await?;
    index::replace(connection, index::TICKETS, &stale_texts, texts).await
}

/// A bundle's parts in an order of their own, so that the order a server lists them in is no change.
fn canonical(bundle: &TicketBundle) -> TicketBundle {
    let mut bundle = bundle.clone();
    bundle.actors.sort_by_key(|row| (children::actor_table(row), row.id));
    bundle.timeline.sort_by_key(|entry| entry.key);
    bundle.documents.sort_by_key(|document| document.id);
    bundle.document_links.sort_by_key(|link| link.id);
    bundle.ticket_links.sort_by_key(|link| link.id);
    bundle.asset_links.sort_by_key(|link| link.id);
    bundle
}

/// Replaces tickets as a whole; an unchanged one costs one comparison.
pub(crate) async fn replace(
    connection: &mut SqliteConnection,
    bundles: &BTreeMap<i64, &TicketBundle>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let held = held(connection, &json_ids(bundles.keys())).await?;
    let mut changed: BTreeMap<i64, TicketBundle> = BTreeMap::new();
    let mut hashes = Vec::new();
    for (id, bundle) in bundles {
        let bundle = canonical(bundle);
        let hash = digest(&bundle)?;
        if held
            .get(id)
            .is_some_and(|before| before.bundle_hash == Some(hash) && !before.stale)
        {
            continue;
        }
        hashes.push((*id, hash));
        changed.insert(*id, bundle);
    }
    if changed.is_empty() {
        return Ok(());
    }
    let tickets = changed.iter().map(|(id, bundle)| (*id, &bundle.ticket)).collect();
    upsert(connection, &tickets, effects).await?;
    children::replace_all(connection, &changed, effects).await?;
    for (id, hash) in hashes {
        sqlx::query("UPDATE tickets SET bundle_hash = ? WHERE id = ?")
            .bind(hash)
            .bind(id)
            .execute(&mut *connection)
            .await?;
        if held.get(&id).is_none_or(|before| before.bundle_hash.is_none()) {
            // Its details were not known to be read: the screen says so.
            effects.changed.insert(id);
        }
    }
    Ok(())
}

/// Keeps what a ticket created here looks like until the server gives its own version (which replaces all of it).
pub(crate) async fn keep_provisional(
    connection: &mut SqliteConnection,
    bundle: &TicketBundle,
) -> Result<(), StoreError> {
    let id = bundle.ticket.id.0;
    let known: Option<i64> = sqlx::query_scalar("SELECT id FROM tickets WHERE id = ?")
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    if known.is_some() {
        return Ok(());
    }
    let mut effects = Effects::default();
    upsert(connection, &BTreeMap::from([(id, &bundle.ticket)]), &mut effects).await?;
    children::replace_all(connection, &BTreeMap::from([(id, bundle.clone())]), &mut effects).await?;
    sqlx::query("UPDATE tickets SET provisional = 1 WHERE id = ?")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets tickets and everything that hangs on them, documents that hang on nothing else included.
pub(crate) async fn forget(connection: &mut SqliteConnection, ids: &BTreeSet<i64>) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let list = json_ids(ids);
    children::forget(connection, ids, &list).await?;
    index::remove(connection, index::TICKETS, &ids.iter().copied().collect::<Vec<_>>()).await?;
    for sql in [
        "DELETE FROM tickets WHERE id IN (SELECT value FROM json_each(?))",
        "DELETE FROM ticket_view WHERE id IN (SELECT value FROM json_each(?))",
        "DELETE FROM view_party WHERE ticket IN (SELECT value FROM json_each(?))",
    ] {
        sqlx::query(sql).bind(&list).execute(&mut *connection).await?;
    }
    Ok(())
}
