//! Timeline entries, and their texts in the search index.

use super::{PLACE, mirrored, unsettle};
use crate::{
    StoreError,
    mirror::{
        Effects,
        codes::{entry_code, entry_of},
        digest, index,
    },
    sql::{Columns, bulk, json_ids},
};
use guichet_domain::{
    timeline::{EntryKey, TimelineEntry},
    triage::markers,
};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

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
            (!markers(std::slice::from_ref(entry)).is_empty()).into(),
        ]);
    }
    forget_entries(connection, &moved).await?;
    bulk(
        connection,
        "INSERT INTO timeline (rid, ticket, kind, id, hash, author, at, updated_at, body, private, detail, marker)",
        12,
        "ON CONFLICT(rid) DO UPDATE SET hash = excluded.hash, author = excluded.author, at = excluded.at, \
         updated_at = excluded.updated_at, body = excluded.body, private = excluded.private, detail = excluded.detail, \
         marker = excluded.marker",
        rows,
    )
    .await?;
    index::replace(connection, index::TIMELINE, &stale, texts).await?;
    unsettle(connection, &touched).await?;
    effects.changed.extend(touched);
    Ok(())
}

pub(super) async fn forget_entries(connection: &mut SqliteConnection, rids: &[i64]) -> Result<(), StoreError> {
    if !rids.is_empty() {
        sqlx::query("DELETE FROM timeline WHERE rid IN (SELECT value FROM json_each(?))")
            .bind(json_ids(rids))
            .execute(&mut *connection)
            .await?;
        index::remove(connection, index::TIMELINE, rids).await?;
    }
    Ok(())
}
