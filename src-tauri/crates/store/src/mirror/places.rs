//! The map of places: sites and rooms, who is there, and what stands there.
//!
//! It is read one level at a time, a slice at a time: the places within a place, then the people at it, then the equipment
//! at it that is nobody's; within a person, their equipment. A place that points to a parent this account may not read
//! stands at the top under its full name; a place that people or equipment point to and that is in no list is there too,
//! without a name: what is refused is not left out.

use super::{apply, codes::catalogue_code, people, search};
use crate::{HitKind, PlaceHit, PlaceLevel, PlaceNode, PlaceQuery, PlaceRow, SearchQuery, StoreError, sql::json_ids};
use guichet_domain::{
    UserId,
    asset::Asset,
    catalogue::{CatalogueItem, CatalogueKind},
    record::Collection,
    text,
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a slice at most.
const LONGEST: u32 = 500;

/// The people at a place (`?1`, or nowhere when null), in the order they are listed.
pub(crate) const PEOPLE_AT: &str = "SELECT id, name, vip, active, (SELECT count(*) FROM assets WHERE user = people.id) \
     FROM people WHERE place IS ?1 ORDER BY active DESC, sort, id LIMIT ?2 OFFSET ?3";
/// How many they are.
pub(crate) const COUNT_PEOPLE_AT: &str = "SELECT count(*) FROM people WHERE place IS ?1";
/// The equipment at a place that is nobody's.
pub(crate) const ASSETS_AT: &str =
    "SELECT record FROM assets WHERE user IS NULL AND place IS ?1 ORDER BY sort, rid LIMIT ?2 OFFSET ?3";
/// How many pieces.
pub(crate) const COUNT_ASSETS_AT: &str = "SELECT count(*) FROM assets WHERE user IS NULL AND place IS ?1";
/// Each place of a list (`?1`, JSON) with everything below it: active people, and equipment that is nobody's. A place that
/// is its own ancestor is counted once.
pub(crate) const BELOW: &str = "WITH RECURSIVE below(root, id) AS (\
       SELECT value, value FROM json_each(?1) \
       UNION SELECT below.root, catalogue.id FROM below JOIN catalogue ON catalogue.kind = 3 AND catalogue.parent = below.id\
     ) SELECT root, \
       sum((SELECT count(*) FROM people WHERE people.place = below.id AND people.active = 1)), \
       sum((SELECT count(*) FROM assets WHERE assets.user IS NULL AND assets.place = below.id)), \
       count(*) - 1 FROM below GROUP BY root";

/// The places directly within one.
async fn within(connection: &mut SqliteConnection, parent: Option<i64>) -> Result<Vec<CatalogueItem>, StoreError> {
    let records: Vec<String> = match parent {
        Some(parent) => {
            sqlx::query_scalar("SELECT record FROM catalogue WHERE kind = 3 AND parent = ?")
                .bind(parent)
                .fetch_all(connection)
                .await?
        }
        // At the top: those without a parent, and those whose parent is in no list.
        None => {
            sqlx::query_scalar(
                "SELECT record FROM catalogue AS own WHERE kind = 3 AND NOT EXISTS \
                 (SELECT 1 FROM catalogue AS above WHERE above.kind = 3 AND above.id = own.parent)",
            )
            .fetch_all(connection)
            .await?
        }
    };
    Ok(records
        .iter()
        .map(|record| serde_json::from_str(record))
        .collect::<Result<_, _>>()?)
}

/// Places that people or equipment point to and that are in no list, with the name that travelled along, if any.
async fn unlisted(connection: &mut SqliteConnection) -> Result<BTreeMap<i64, Option<String>>, StoreError> {
    let mut found = BTreeMap::new();
    for (table, also) in [("people", ""), ("assets", "user IS NULL AND ")] {
        // From one place to the next in the index, whatever the number of people at each.
        let sql = format!(
            "WITH RECURSIVE at(place) AS (SELECT min(place) FROM {table} WHERE {also}place IS NOT NULL UNION ALL \
             SELECT (SELECT min(place) FROM {table} WHERE {also}place > at.place) FROM at WHERE at.place IS NOT NULL) \
             SELECT at.place, (SELECT record ->> '$.location.name' FROM {table} WHERE {also}{table}.place = at.place LIMIT 1) \
             FROM at WHERE at.place IS NOT NULL \
             AND NOT EXISTS (SELECT 1 FROM catalogue WHERE kind = 3 AND catalogue.id = at.place)"
        );
        let rows: Vec<(i64, Option<String>)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut *connection).await?;
        for (id, name) in rows {
            let held = found.entry(id).or_insert(None);
            if held.is_none() {
                *held = name;
            }
        }
    }
    Ok(found)
}

/// The rows of places within one, by name; at the top also those in no list, last.
async fn places(connection: &mut SqliteConnection, parent: Option<i64>) -> Result<Vec<PlaceRow>, StoreError> {
    let items = within(connection, parent).await?;
    let mut named: Vec<(String, i64, Option<String>)> = items
        .into_iter()
        .map(|item| {
            // Away from its parent, its own name does not say where it is.
            let orphan = parent.is_none() && (item.parent.is_some() || item.by_expansion);
            let name = if orphan { item.full_name } else { item.name };
            (text::fold(&name), item.id, Some(name))
        })
        .collect();
    named.sort();
    if parent.is_none() {
        named.extend(
            unlisted(connection)
                .await?
                .into_iter()
                .map(|(id, name)| (String::new(), id, name)),
        );
    }
    let ids: BTreeSet<i64> = named.iter().map(|(_, id, _)| *id).collect();
    let counts: Vec<(i64, i64, i64, i64)> = sqlx::query_as(BELOW).bind(json_ids(&ids)).fetch_all(connection).await?;
    let counts: BTreeMap<i64, (i64, i64, i64)> = counts
        .into_iter()
        .map(|(id, people, assets, places)| (id, (people, assets, places)))
        .collect();
    Ok(named
        .into_iter()
        .map(|(_, id, name)| {
            let (people, assets, places) = counts.get(&id).copied().unwrap_or_default();
            PlaceRow::Place {
                id,
                name,
                places: count(places),
                people: count(people),
                assets: count(assets),
            }
        })
        .collect())
}

fn count(n: i64) -> u32 {
    u32::try_from(n.max(0)).unwrap_or(u32::MAX)
}

fn asset_row(asset: Asset) -> PlaceRow {
    PlaceRow::Asset {
        key: asset.key,
        name: asset.name,
        model: asset.model,
    }
}

/// A slice of what is in a place, at a person, or at the top.
pub(crate) async fn level(connection: &mut SqliteConnection, query: &PlaceQuery) -> Result<PlaceLevel, StoreError> {
    let limit = query.limit.clamp(1, LONGEST);
    let mut slice = Slice {
        skip: query.offset,
        left: limit,
        rows: Vec::new(),
        total: 0,
    };
    match query.within {
        PlaceNode::Top => {
            slice.take(places(connection, None).await?);
            let nowhere = PlaceRow::Nowhere {
                people: counted(connection, COUNT_PEOPLE_AT, None).await?,
                assets: counted(connection, COUNT_ASSETS_AT, None).await?,
            };
            if !matches!(nowhere, PlaceRow::Nowhere { people: 0, assets: 0 }) {
                slice.take(vec![nowhere]);
            }
        }
        PlaceNode::Place { id } => {
            slice.take(places(connection, Some(id)).await?);
            at(connection, Some(id), &mut slice).await?;
        }
        PlaceNode::Nowhere => at(connection, None, &mut slice).await?,
        PlaceNode::Person { id } => {
            let records: Vec<String> =
                sqlx::query_scalar("SELECT record FROM assets WHERE user = ? ORDER BY sort, rid")
                    .bind(id.0)
                    .fetch_all(&mut *connection)
                    .await?;
            let assets: Vec<Asset> = records
                .iter()
                .map(|record| serde_json::from_str(record))
                .collect::<Result<_, _>>()?;
            slice.take(assets.into_iter().map(asset_row).collect());
        }
    }
    let state = async |connection: &mut SqliteConnection, collection| -> Result<_, StoreError> {
        Ok(apply::state(connection, collection).await?.availability)
    };
    Ok(PlaceLevel {
        rows: slice.rows,
        total: slice.total,
        places: state(connection, Collection::Catalogue(CatalogueKind::Location)).await?,
        people: state(connection, Collection::People).await?,
        assets: state(connection, Collection::Assets).await?,
    })
}

async fn counted(connection: &mut SqliteConnection, sql: &'static str, place: Option<i64>) -> Result<u32, StoreError> {
    let n: i64 = sqlx::query_scalar(sql).bind(place).fetch_one(connection).await?;
    Ok(count(n))
}

/// The people at a place, then what stands there and is nobody's.
async fn at(connection: &mut SqliteConnection, place: Option<i64>, slice: &mut Slice) -> Result<(), StoreError> {
    let all = counted(connection, COUNT_PEOPLE_AT, place).await?;
    if let Some((offset, limit)) = slice.pass(all) {
        let rows: Vec<(i64, String, bool, bool, i64)> = sqlx::query_as(PEOPLE_AT)
            .bind(place)
            .bind(limit)
            .bind(offset)
            .fetch_all(&mut *connection)
            .await?;
        slice.rows.extend(
            rows.into_iter()
                .map(|(id, name, vip, active, assets)| PlaceRow::Person {
                    id: UserId(id),
                    name,
                    vip,
                    active,
                    assets: count(assets),
                }),
        );
    }
    let all = counted(connection, COUNT_ASSETS_AT, place).await?;
    if let Some((offset, limit)) = slice.pass(all) {
        let records: Vec<String> = sqlx::query_scalar(ASSETS_AT)
            .bind(place)
            .bind(limit)
            .bind(offset)
            .fetch_all(&mut *connection)
            .await?;
        for record in &records {
            slice.rows.push(asset_row(serde_json::from_str(record)?));
        }
    }
    Ok(())
}

/// A slice of several lists put one behind the other.
struct Slice {
    /// Rows of the lists to come that are before it.
    skip: u32,
    /// Rows it still wants.
    left: u32,
    rows: Vec<PlaceRow>,
    /// Rows of all the lists passed.
    total: u32,
}

impl Slice {
    /// Goes past a list of so many rows; answers which of them to read (offset and number), if any.
    fn pass(&mut self, all: u32) -> Option<(u32, u32)> {
        self.total = self.total.saturating_add(all);
        let offset = self.skip;
        self.skip = self.skip.saturating_sub(all);
        if offset >= all || self.left == 0 {
            return None;
        }
        let n = self.left.min(all - offset);
        self.left -= n;
        Some((offset, n))
    }

    /// The same of a list that is here already.
    fn take(&mut self, list: Vec<PlaceRow>) {
        if let Some((offset, n)) = self.pass(u32::try_from(list.len()).unwrap_or(u32::MAX)) {
            self.rows
                .extend(list.into_iter().skip(offset as usize).take(n as usize));
        }
    }
}

/// Places, people and equipment that answer to the words, each with the way to it: the places from the top down, then the
/// person whose it is.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    words: &str,
    limit: u32,
) -> Result<Vec<PlaceHit>, StoreError> {
    let limit = limit.clamp(1, 100) as usize;
    let folded: Vec<String> = text::fold(words).split_whitespace().map(str::to_owned).collect();
    if folded.is_empty() {
        return Ok(Vec::new());
    }
    let records: Vec<String> = sqlx::query_scalar("SELECT record FROM catalogue WHERE kind = ? ORDER BY name, id")
        .bind(catalogue_code(CatalogueKind::Location))
        .fetch_all(&mut *connection)
        .await?;
    let listed: Vec<CatalogueItem> = records
        .iter()
        .map(|record| serde_json::from_str(record))
        .collect::<Result<_, _>>()?;
    let tree: BTreeMap<i64, &CatalogueItem> = listed.iter().map(|item| (item.id, item)).collect();
    let mut hits = Vec::new();
    for item in &listed {
        let name = text::fold(&item.full_name);
        // Every word somewhere in the full name, and one of them in its own: a site's rooms are not all hits.
        let own = text::fold(&item.name);
        if folded.iter().all(|word| name.contains(word)) && folded.iter().any(|word| own.contains(word)) {
            let mut way = way_to(&tree, item.id);
            way.pop();
            hits.push((
                PlaceRow::Place {
                    id: item.id,
                    name: Some(item.full_name.clone()),
                    places: 0,
                    people: 0,
                    assets: 0,
                },
                way,
                None,
            ));
        }
        if hits.len() >= limit {
            break;
        }
    }
    for person in people::find(connection, words, u32::try_from(limit).unwrap_or(u32::MAX)).await? {
        let place = person.location.as_ref().and_then(|place| place.name.clone());
        let way = way_of(&tree, person.location.as_ref().map(|place| place.id));
        let assets: i64 = sqlx::query_scalar("SELECT count(*) FROM assets WHERE user = ?")
            .bind(person.id.0)
            .fetch_one(&mut *connection)
            .await?;
        hits.push((
            PlaceRow::Person {
                id: person.id,
                name: person.display_name(),
                vip: person.vip,
                active: person.active,
                assets: count(assets),
            },
            way,
            place,
        ));
    }
    let query = SearchQuery {
        text: words.to_owned(),
        kinds: vec![HitKind::Asset],
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    };
    for hit in search::search(connection, &query, &search::Waiting::default()).await? {
        let record: Option<String> = sqlx::query_scalar("SELECT record FROM assets WHERE kind = ? AND id = ?")
            .bind(&hit.asset_kind)
            .bind(hit.id)
            .fetch_optional(&mut *connection)
            .await?;
        let Some(record) = record else { continue };
        let asset: Asset = serde_json::from_str(&record)?;
        let (way, place) = match asset.user {
            Some(user) => {
                let owner = people::person(connection, user).await?;
                let place = owner.as_ref().and_then(|owner| owner.location.clone());
                let mut way = way_of(&tree, place.as_ref().map(|place| place.id));
                way.push(PlaceNode::Person { id: user });
                let whose = owner.map(|owner| owner.display_name());
                (way, whose)
            }
            None => (
                way_of(&tree, asset.location.as_ref().map(|place| place.id)),
                asset.location.as_ref().and_then(|place| place.name.clone()),
            ),
        };
        hits.push((asset_row(asset), way, place));
    }
    Ok(hits
        .into_iter()
        .map(|(row, way, at)| PlaceHit { row, way, at })
        .collect())
}

/// The way to what is at a place, or nowhere.
fn way_of(tree: &BTreeMap<i64, &CatalogueItem>, place: Option<i64>) -> Vec<PlaceNode> {
    place.map_or_else(|| vec![PlaceNode::Nowhere], |place| way_to(tree, place))
}

/// The places from the top down to one, itself last. A loop among them ends the way.
fn way_to(tree: &BTreeMap<i64, &CatalogueItem>, place: i64) -> Vec<PlaceNode> {
    let mut way = vec![place];
    let mut at = place;
    while let Some(parent) = tree.get(&at).and_then(|item| item.parent) {
        if way.contains(&parent) || !tree.contains_key(&parent) {
            break;
        }
        way.push(parent);
        at = parent;
    }
    way.into_iter().rev().map(|id| PlaceNode::Place { id }).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{ASSETS_AT, BELOW, COUNT_ASSETS_AT, COUNT_PEOPLE_AT, PEOPLE_AT};
    use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

    #[tokio::test]
    async fn a_level_is_read_by_indexes_and_sorted_by_them() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        crate::mirror::schema::create(&mut connection).await.unwrap();
        for (sql, indexes) in [
            (PEOPLE_AT, ["people_place", "assets_user"].as_slice()),
            (COUNT_PEOPLE_AT, &["people_place"]),
            (ASSETS_AT, &["assets_place"]),
            (COUNT_ASSETS_AT, &["assets_place"]),
            (BELOW, &["catalogue_parent", "people_place", "assets_place"]),
        ] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            for index in indexes {
                assert!(plan.iter().any(|step| step.contains(index)), "{sql}: {plan:#?}");
            }
            for walk in ["ORDER BY", "SCAN people", "SCAN assets", "SCAN catalogue"] {
                assert!(
                    !plan.iter().any(|step| step.contains(walk)),
                    "{walk} in {sql}: {plan:#?}"
                );
            }
        }
    }
}
