//! People, groups, lists, articles and equipment: one row each with the whole record, and the columns that are asked for.

use super::{Effects, codes::catalogue_code, digest_bytes, index};
use crate::{
    StoreError,
    sql::{Columns, Val, bulk, json_ids},
};
use guichet_domain::{
    ArticleId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::{CatalogueItem, CatalogueKind},
    people::{Group, Person},
    text,
};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Hashes held, by number.
async fn hashes(
    connection: &mut SqliteConnection,
    select: &'static str,
    ids: &str,
) -> Result<BTreeMap<i64, i64>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(select).bind(ids).fetch_all(connection).await?;
    Ok(rows.into_iter().collect())
}

/// What a telephone number is found by: its digits as typed, those of its international form, and its extension.
fn digits(person: &Person) -> String {
    let mut all: Vec<String> = Vec::new();
    for phone in &person.phones {
        all.push(phone.digits.clone());
        let international = phone
            .e164
            .as_deref()
            .map(|e164| e164.trim_start_matches('+').to_owned());
        let more = international.into_iter().chain(phone.extension());
        all.extend(more.filter(|digits| *digits != phone.digits));
    }
    all.join(" ")
}

/// Stores people.
pub(crate) async fn people(
    connection: &mut SqliteConnection,
    records: Vec<&Person>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<i64, &Person> = records.into_iter().map(|person| (person.id.0, person)).collect();
    let rows: Vec<(i64, i64, String, i64)> =
        sqlx::query_as("SELECT id, hash, name, vip FROM people WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(wanted.keys()))
            .fetch_all(&mut *connection)
            .await?;
    let held: BTreeMap<i64, (i64, String, i64)> = rows
        .into_iter()
        .map(|(id, hash, name, vip)| (id, (hash, name, vip)))
        .collect();
    let (mut rows, mut stale, mut texts, mut numbers) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, person) in wanted {
        let record = serde_json::to_string(person)?;
        let hash = digest_bytes(record.as_bytes());
        let name = person.display_name();
        match held.get(&id) {
            Some((before, ..)) if *before == hash => continue,
            Some((_, before, vip)) => {
                stale.push(id);
                if *before != name {
                    effects.renamed_people.insert(id);
                }
                if (*vip != 0) != person.vip {
                    effects.vip_people.insert(id);
                }
            }
            None => {
                effects.renamed_people.insert(id);
                if person.vip {
                    effects.vip_people.insert(id);
                }
            }
        }
        texts.push((
            id,
            vec![
                format!("{} {}", person.first_name, person.last_name),
                format!("{} {}", person.login, person.emails.join(" ")),
            ],
        ));
        let digits = digits(person);
        if !digits.is_empty() {
            numbers.push(vec![id.into(), Val::from(digits)]);
        }
        rows.push(vec![
            id.into(),
            hash.into(),
            name.as_str().into(),
            person.vip.into(),
            person.active.into(),
            person.location.as_ref().map(|place| place.id).into(),
            text::fold(&name).into(),
            record.into(),
        ]);
    }
    if rows.is_empty() {
        return Ok(());
    }
    effects.people = true;
    bulk(
        connection,
        "INSERT INTO people (id, hash, name, vip, active, place, sort, record)",
        8,
        "ON CONFLICT(id) DO UPDATE SET hash = excluded.hash, name = excluded.name, vip = excluded.vip, \
         active = excluded.active, place = excluded.place, sort = excluded.sort, record = excluded.record",
        rows,
    )
    .await?;
    index::replace(connection, index::PEOPLE, &stale, texts).await?;
    forget_digits(connection, &stale).await?;
    bulk(connection, "INSERT INTO person_digits (rowid, digits)", 2, "", numbers).await?;
    Ok(())
}

async fn forget_digits(connection: &mut SqliteConnection, people: &[i64]) -> Result<(), StoreError> {
    if !people.is_empty() {
        sqlx::query("DELETE FROM person_digits WHERE rowid IN (SELECT value FROM json_each(?))")
            .bind(json_ids(people))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Stores groups.
pub(crate) async fn groups(
    connection: &mut SqliteConnection,
    records: Vec<&Group>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<i64, &Group> = records.into_iter().map(|group| (group.id.0, group)).collect();
    let held: Vec<(i64, i64, String, bool)> =
        sqlx::query_as("SELECT id, hash, name, vip FROM groups WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(wanted.keys()))
            .fetch_all(&mut *connection)
            .await?;
    let held: BTreeMap<i64, (i64, String, bool)> = held
        .into_iter()
        .map(|(id, hash, name, vip)| (id, (hash, name, vip)))
        .collect();
    let mut rows = Vec::new();
    for (id, group) in wanted {
        let record = serde_json::to_string(group)?;
        let hash = digest_bytes(record.as_bytes());
        let before = held.get(&id);
        if before.is_some_and(|(before, ..)| *before == hash) {
            continue;
        }
        effects.people = true;
        if before.is_none_or(|(_, name, _)| *name != group.full_name) {
            effects.renamed_groups.insert(id);
        }
        if before.is_some_and(|(.., vip)| *vip) != group.vip {
            effects.vip_groups.insert(id);
        }
        rows.push(vec![
            id.into(),
            hash.into(),
            group.full_name.as_str().into(),
            group.vip.into(),
            record.into(),
        ]);
    }
    bulk(
        connection,
        "INSERT INTO groups (id, hash, name, vip, record)",
        5,
        "ON CONFLICT(id) DO UPDATE SET hash = excluded.hash, name = excluded.name, vip = excluded.vip, record = excluded.record",
        rows,
    )
    .await?;
    Ok(())
}

/// Stores rows of lists. What was learned by expansion never covers what the list itself said.
pub(crate) async fn catalogue(
    connection: &mut SqliteConnection,
    records: Vec<&CatalogueItem>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<(i64, i64), &CatalogueItem> = records
        .into_iter()
        .map(|item| ((catalogue_code(item.kind), item.id), item))
        .collect();
    let keys: Vec<&(i64, i64)> = wanted.keys().collect();
    let rows: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT c.kind, c.id, c.hash, c.by_expansion FROM json_each(?) j JOIN catalogue c \
         ON c.kind = j.value ->> 0 AND c.id = j.value ->> 1",
    )
    .bind(serde_json::to_string(&keys)?)
    .fetch_all(&mut *connection)
    .await?;
    let held: BTreeMap<(i64, i64), (i64, i64)> = rows
        .into_iter()
        .map(|(kind, id, hash, expanded)| ((kind, id), (hash, expanded)))
        .collect();
    let mut rows = Vec::new();
    for (key, item) in wanted {
        let record = serde_json::to_string(item)?;
        let hash = digest_bytes(record.as_bytes());
        match held.get(&key) {
            Some((before, _)) if *before == hash => continue,
            Some((_, 0)) if item.by_expansion => continue,
            _ => {}
        }
        effects.catalogues = true;
        renamed(effects, item.kind);
        rows.push(vec![
            key.0.into(),
            key.1.into(),
            hash.into(),
            item.full_name.as_str().into(),
            item.by_expansion.into(),
            item.parent.into(),
            record.into(),
        ]);
    }
    bulk(
        connection,
        "INSERT INTO catalogue (kind, id, hash, name, by_expansion, parent, record)",
        7,
        "ON CONFLICT(kind, id) DO UPDATE SET hash = excluded.hash, name = excluded.name, \
         by_expansion = excluded.by_expansion, parent = excluded.parent, record = excluded.record",
        rows,
    )
    .await?;
    Ok(())
}

fn renamed(effects: &mut Effects, kind: CatalogueKind) {
    effects.renamed_lists |= matches!(
        kind,
        CatalogueKind::Category | CatalogueKind::Location | CatalogueKind::Entity
    );
}

/// Stores articles.
pub(crate) async fn articles(
    connection: &mut SqliteConnection,
    records: Vec<&Article>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<i64, &Article> = records.into_iter().map(|article| (article.id.0, article)).collect();
    let held = hashes(
        connection,
        "SELECT id, hash FROM articles WHERE id IN (SELECT value FROM json_each(?))",
        &json_ids(wanted.keys()),
    )
    .await?;
    let (mut rows, mut stale, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (id, article) in wanted {
        let record = serde_json::to_string(article)?;
        let hash = digest_bytes(record.as_bytes());
        match held.get(&id) {
            Some(before) if *before == hash => continue,
            Some(_) => stale.push(id),
            None => {}
        }
        texts.push((id, vec![article.title.clone(), article.body.to_plain()]));
        rows.push(vec![
            id.into(),
            hash.into(),
            article.title.as_str().into(),
            record.into(),
        ]);
    }
    effects.articles |= !rows.is_empty();
    bulk(
        connection,
        "INSERT INTO articles (id, hash, title, record)",
        4,
        "ON CONFLICT(id) DO UPDATE SET hash = excluded.hash, title = excluded.title, record = excluded.record",
        rows,
    )
    .await?;
    index::replace(connection, index::ARTICLES, &stale, texts).await
}

async fn asset_rows(
    connection: &mut SqliteConnection,
    keys: &[&AssetKey],
) -> Result<BTreeMap<AssetKey, (i64, i64)>, StoreError> {
    let keys: Vec<(&str, i64)> = keys.iter().map(|key| (key.kind.as_str(), key.id)).collect();
    let rows = sqlx::query(
        "SELECT a.kind, a.id, a.rid, a.hash FROM json_each(?) j JOIN assets a ON a.kind = j.value ->> 0 AND a.id = j.value ->> 1",
    )
    .bind(serde_json::to_string(&keys)?)
    .fetch_all(connection)
    .await?;
    let mut held = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        let key = AssetKey {
            kind: c.text()?.to_owned(),
            id: c.int()?,
        };
        held.insert(key, (c.int()?, c.int()?));
    }
    Ok(held)
}

/// Stores equipment.
pub(crate) async fn assets(
    connection: &mut SqliteConnection,
    records: Vec<&Asset>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<&AssetKey, &Asset> = records.into_iter().map(|asset| (&asset.key, asset)).collect();
    let held = asset_rows(connection, &wanted.keys().copied().collect::<Vec<_>>()).await?;
    let mut last: i64 = sqlx::query_scalar("SELECT coalesce(max(rid), 0) FROM assets")
        .fetch_one(&mut *connection)
        .await?;
    let (mut rows, mut stale, mut texts) = (Vec::new(), Vec::new(), Vec::new());
    for (key, asset) in wanted {
        let record = serde_json::to_string(asset)?;
        let hash = digest_bytes(record.as_bytes());
        let rid = match held.get(key) {
            Some((_, before)) if *before == hash => continue,
            Some((rid, _)) => {
                stale.push(*rid);
                *rid
            }
            None => {
                last += 1;
                last
            }
        };
        let parts = [&asset.serial, &asset.inventory_number, &asset.model];
        let body: Vec<&str> = parts.into_iter().filter_map(|part| part.as_deref()).collect();
        texts.push((rid, vec![asset.name.clone(), body.join(" ")]));
        rows.push(vec![
            rid.into(),
            key.kind.as_str().into(),
            key.id.into(),
            hash.into(),
            asset.name.as_str().into(),
            asset.user.map(|user| user.0).into(),
            asset.location.as_ref().map(|place| place.id).into(),
            text::fold(&asset.name).into(),
            record.into(),
        ]);
    }
    effects.assets |= !rows.is_empty();
    bulk(
        connection,
        "INSERT INTO assets (rid, kind, id, hash, name, user, place, sort, record)",
        9,
        "ON CONFLICT(rid) DO UPDATE SET hash = excluded.hash, name = excluded.name, user = excluded.user, \
         place = excluded.place, sort = excluded.sort, record = excluded.record",
        rows,
    )
    .await?;
    index::replace(connection, index::ASSETS, &stale, texts).await
}

/// Forgets a person.
pub(crate) async fn forget_person(
    connection: &mut SqliteConnection,
    id: i64,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if delete(connection, "DELETE FROM people WHERE id = ?", id).await? {
        index::remove(connection, index::PEOPLE, &[id]).await?;
        forget_digits(connection, &[id]).await?;
        effects.people = true;
        effects.renamed_people.insert(id);
        effects.vip_people.insert(id);
    }
    Ok(())
}

/// Forgets a group.
pub(crate) async fn forget_group(
    connection: &mut SqliteConnection,
    id: i64,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if delete(connection, "DELETE FROM groups WHERE id = ?", id).await? {
        effects.people = true;
        effects.renamed_groups.insert(id);
        effects.vip_groups.insert(id);
    }
    Ok(())
}

/// Forgets an article.
pub(crate) async fn forget_article(
    connection: &mut SqliteConnection,
    id: i64,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if delete(connection, "DELETE FROM articles WHERE id = ?", id).await? {
        index::remove(connection, index::ARTICLES, &[id]).await?;
        effects.articles = true;
    }
    Ok(())
}

/// Forgets a piece of equipment.
pub(crate) async fn forget_asset(
    connection: &mut SqliteConnection,
    key: &AssetKey,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if let Some((rid, _)) = asset_rows(connection, &[key]).await?.get(key) {
        delete(connection, "DELETE FROM assets WHERE rid = ?", *rid).await?;
        index::remove(connection, index::ASSETS, &[*rid]).await?;
        effects.assets = true;
    }
    Ok(())
}

/// Forgets a row of a list.
pub(crate) async fn forget_catalogue(
    connection: &mut SqliteConnection,
    kind: CatalogueKind,
    id: i64,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let done = sqlx::query("DELETE FROM catalogue WHERE kind = ? AND id = ?")
        .bind(catalogue_code(kind))
        .bind(id)
        .execute(connection)
        .await?;
    if done.rows_affected() > 0 {
        effects.catalogues = true;
        renamed(effects, kind);
    }
    Ok(())
}

/// Groups, by full name.
pub(crate) async fn all_groups(connection: &mut SqliteConnection) -> Result<Vec<Group>, StoreError> {
    let records: Vec<String> = sqlx::query_scalar("SELECT record FROM groups ORDER BY name, id")
        .fetch_all(connection)
        .await?;
    Ok(records
        .iter()
        .map(|record| serde_json::from_str(record))
        .collect::<Result<_, _>>()?)
}

/// An article.
pub(crate) async fn article(connection: &mut SqliteConnection, id: ArticleId) -> Result<Option<Article>, StoreError> {
    let record: Option<String> = sqlx::query_scalar("SELECT record FROM articles WHERE id = ?")
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(record.map(|record| serde_json::from_str(&record)).transpose()?)
}

/// A list's rows, by full name.
pub(crate) async fn catalogue_items(
    connection: &mut SqliteConnection,
    kind: CatalogueKind,
) -> Result<Vec<CatalogueItem>, StoreError> {
    let records: Vec<String> = sqlx::query_scalar("SELECT record FROM catalogue WHERE kind = ? ORDER BY name, id")
        .bind(catalogue_code(kind))
        .fetch_all(connection)
        .await?;
    Ok(records
        .iter()
        .map(|record| serde_json::from_str(record))
        .collect::<Result<_, _>>()?)
}

async fn delete(connection: &mut SqliteConnection, sql: &'static str, id: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query(sql).bind(id).execute(connection).await?.rows_affected() > 0)
}
