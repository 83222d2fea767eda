//! A list in groups: what rows are grouped by, as a number, and the groups' names and order.

use super::targets;
use crate::{GroupHead, Grouping, StoreError, sql::json_ids};
use guichet_domain::text;
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Groups told apart; the rows of the rest are one group.
const MOST: usize = 200;

/// The key of what has nothing to be grouped by.
const NONE: i64 = -1;
/// The assignee is an address.
const ADDRESS: i64 = -2;

/// What rows are grouped by, as SQL over the facts of a row.
pub(crate) fn key(grouping: Grouping, now: Timestamp) -> String {
    let now = now.as_microsecond();
    match grouping {
        Grouping::Status => "status".to_owned(),
        Grouping::Priority => "priority".to_owned(),
        Grouping::Category => format!("coalesce(category_id, {NONE})"),
        Grouping::Entity => format!("coalesce(entity_id, {NONE})"),
        Grouping::Assignee => format!(
            "CASE WHEN unassigned = 1 THEN {NONE} WHEN assignee_id IS NOT NULL THEN assignee_id * 2 \
             WHEN assignee_group IS NOT NULL THEN assignee_group * 2 + 1 ELSE {ADDRESS} END"
        ),
        Grouping::Target => format!(
            "CASE WHEN status >= 5 OR next_key >= {none} THEN 4 WHEN next_key < {now} THEN 0 WHEN next_key < {hour} THEN 1 \
             WHEN next_key < {day} THEN 2 ELSE 3 END",
            none = targets::FIRST_PAUSED,
            hour = now.saturating_add(3_600_000_000),
            day = now.saturating_add(86_400_000_000),
        ),
    }
}

/// Where a group stands, and what it is called.
struct Place {
    rank: (i64, String, i64),
    key: String,
    label: Option<String>,
}

/// Puts rows in groups, each in the order they had; answers the groups.
pub(crate) async fn put_in_groups(
    connection: &mut SqliteConnection,
    grouping: Grouping,
    ids: &mut Vec<i64>,
    keys: &[i64],
) -> Result<Vec<GroupHead>, StoreError> {
    let mut places = places(connection, grouping, keys.iter().copied().collect()).await?;
    places.sort_by(|(_, a), (_, b)| a.rank.cmp(&b.rank));
    let order: HashMap<i64, usize> = places.iter().zip(0..).map(|((key, _), at)| (*key, at)).collect();
    let mut groups: Vec<Vec<i64>> = vec![Vec::new(); places.len().min(MOST)];
    for (id, key) in ids.iter().zip(keys) {
        let at = order.get(key).copied().unwrap_or(0).min(MOST - 1);
        if let Some(group) = groups.get_mut(at) {
            group.push(*id);
        }
    }
    let beyond = places.len() > MOST;
    let heads = groups
        .iter()
        .zip(places)
        .zip(1..)
        .map(|((group, (_, place)), n)| {
            let rest = beyond && n == MOST;
            GroupHead {
                key: if rest { "rest".to_owned() } else { place.key },
                label: if rest { None } else { place.label },
                count: u32::try_from(group.len()).unwrap_or(u32::MAX),
            }
        })
        .collect();
    *ids = groups.concat();
    Ok(heads)
}

async fn places(
    connection: &mut SqliteConnection,
    grouping: Grouping,
    keys: BTreeSet<i64>,
) -> Result<Vec<(i64, Place)>, StoreError> {
    let numbered = |rank: i64, key: &str| Place {
        rank: (rank, String::new(), 0),
        key: key.to_owned(),
        label: None,
    };
    let mut found = Vec::new();
    match grouping {
        Grouping::Status | Grouping::Target => {
            let names = if grouping == Grouping::Status {
                ["", "new", "assigned", "planned", "waiting", "solved", "closed"]
            } else {
                ["late", "hour", "day", "later", "none", "", ""]
            };
            for key in keys {
                let name = usize::try_from(key).ok().and_then(|at| names.get(at)).unwrap_or(&"");
                found.push((key, numbered(key, name)));
            }
        }
        Grouping::Priority => {
            for key in keys {
                found.push((key, numbered(-key, &key.to_string())));
            }
        }
        Grouping::Category | Grouping::Entity => {
            let (kind, word) = if grouping == Grouping::Category {
                (2, "category")
            } else {
                (1, "entity")
            };
            let names = names(
                connection,
                "SELECT id, name FROM catalogue WHERE kind = ?2 AND id IN (SELECT value FROM json_each(?1))",
                &keys,
                kind,
            )
            .await?;
            for key in keys {
                let place = if key == NONE {
                    numbered(2, "none")
                } else {
                    named(format!("{word}:{key}"), key, names.get(&key))
                };
                found.push((key, place));
            }
        }
        Grouping::Assignee => {
            let ids = |odd: i64| -> BTreeSet<i64> {
                let of_sort = keys.iter().filter(|key| **key >= 0 && **key % 2 == odd);
                of_sort.map(|key| key / 2).collect()
            };
            let people = "SELECT id, name FROM people WHERE ?2 = 0 AND id IN (SELECT value FROM json_each(?1))";
            let people = names(connection, people, &ids(0), 0).await?;
            let teams = "SELECT id, name FROM groups WHERE ?2 = 0 AND id IN (SELECT value FROM json_each(?1))";
            let teams = names(connection, teams, &ids(1), 0).await?;
            for key in keys {
                let place = match key {
                    NONE => numbered(0, "nobody"),
                    ADDRESS => numbered(3, "address"),
                    key if key % 2 == 0 => named(format!("user:{}", key / 2), key, people.get(&(key / 2))),
                    key => named(format!("group:{}", key / 2), key, teams.get(&(key / 2))),
                };
                found.push((key, place));
            }
        }
    }
    Ok(found)
}

/// By name; those without one after the others.
fn named(key: String, id: i64, name: Option<&String>) -> Place {
    Place {
        rank: match name {
            Some(name) => (1, text::fold(name), id),
            None => (1, "\u{10ffff}".to_owned(), id),
        },
        key,
        label: name.cloned(),
    }
}

async fn names(
    connection: &mut SqliteConnection,
    sql: &'static str,
    ids: &BTreeSet<i64>,
    kind: i64,
) -> Result<BTreeMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(sql)
        .bind(json_ids(ids))
        .bind(kind)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().collect())
}
