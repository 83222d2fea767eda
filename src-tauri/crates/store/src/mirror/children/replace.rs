//! Bundles: everything that hangs on a ticket becomes what the bundle says.

use super::{
    actor_table, actors, asset_links, document_links, documents, forget_entries, ticket_links, timeline, unsettle,
};
use crate::{
    StoreError,
    mirror::{Effects, codes::entry_of},
    sql::json_ids,
};
use guichet_domain::{record::TicketBundle, timeline::EntryKey};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

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
