//! Candidates out of the indexes: bounded, newest first, classed by where and how they match.

use super::Words;
use crate::{
    StoreError,
    mirror::{
        children::PLACE,
        index::{self, Index},
    },
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Newest candidates taken from each index before ranking.
pub(super) const CANDIDATES: u32 = 300;
/// Newest tickets of a single word, when words are spread over a ticket and its timeline.
const SPREAD: u32 = 2000;
/// A word in more rows than this is common.
const COMMON: u32 = 5000;
/// Where every word is common, this many of the newest tickets are looked through first, and the rest only if they have
/// nothing: words that are common and never together would otherwise be followed through the whole index.
const WINDOW: i64 = 100_000;

/// Newest rows of an index that match.
pub(crate) async fn newest(
    connection: &mut SqliteConnection,
    index: Index,
    query: &str,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    newest_from(connection, index, query, limit, i64::MIN).await
}

/// Newest rows of an index, from a number up, that match.
pub(crate) async fn newest_from(
    connection: &mut SqliteConnection,
    index: Index,
    query: &str,
    limit: u32,
    floor: i64,
) -> Result<Vec<i64>, StoreError> {
    // One row with all the numbers: a row each would cost more than finding it.
    let sql = format!(
        "SELECT json_group_array(rowid) FROM (SELECT rowid FROM {0} WHERE {0} MATCH ? AND rowid >= ? ORDER BY rowid DESC LIMIT ?)",
        index.table
    );
    let rows: String = sqlx::query_scalar(AssertSqlSafe(sql))
        .bind(query)
        .bind(floor)
        .bind(limit)
        .fetch_one(connection)
        .await?;
    Ok(serde_json::from_str(&rows)?)
}

/// How well a row matches, by where and how it was found. Smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    Number,
    TitleWhole,
    Title,
    Whole,
    Body,
}

/// Rows of one index from `floor` up that match, classed. `titled`: the index has a column for titles. Once there are
/// `enough` in titles, the rest would come after them and is not looked for.
pub(super) async fn classed(
    connection: &mut SqliteConnection,
    (index, titled, floor): (Index, bool, i64),
    words: &Words,
    enough: usize,
    found: &mut BTreeMap<i64, Class>,
    id_of: impl Fn(i64) -> i64,
) -> Result<(), StoreError> {
    let (all, exact) = (words.all(), words.all_exact());
    let mut rounds = Vec::new();
    if titled {
        rounds.push((format!("{{title}} : ({exact})"), Class::TitleWhole));
        rounds.push((format!("{{title}} : ({all})"), Class::Title));
    }
    rounds.push((exact, Class::Whole));
    rounds.push((all, Class::Body));
    for (query, class) in rounds {
        if class > Class::Title && found.values().filter(|class| **class <= Class::Title).count() >= enough {
            break;
        }
        for row in newest_from(connection, index, &query, CANDIDATES, floor).await? {
            let best = found.entry(id_of(row)).or_insert(class);
            *best = (*best).min(class);
        }
    }
    Ok(())
}

/// Best rows first, newest first within a class: those that exist only here (below zero) are newer than any other.
pub(super) fn ranked(found: BTreeMap<i64, Class>, limit: usize) -> Vec<i64> {
    let mut rows: Vec<(Class, i64)> = found.into_iter().map(|(id, class)| (class, id)).collect();
    rows.sort_unstable_by_key(|(class, id)| (*class, Reverse((*id < 0, id.abs()))));
    rows.into_iter().take(limit).map(|(_, id)| id).collect()
}

pub(super) async fn timeline_tickets(
    connection: &mut SqliteConnection,
    query: &str,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    let rows = newest(connection, index::TIMELINE, query, limit).await?;
    Ok(rows.into_iter().map(|row| row >> PLACE).collect())
}

pub(super) async fn tickets(
    connection: &mut SqliteConnection,
    words: &Words,
    limit: usize,
    found: &mut BTreeMap<i64, Class>,
) -> Result<(), StoreError> {
    let floor = floor(connection, words).await?;
    for floor in [Some(floor), (floor > i64::MIN).then_some(i64::MIN)]
        .into_iter()
        .flatten()
    {
        classed(connection, (index::TICKETS, true, floor), words, limit, found, |row| {
            row
        })
        .await?;
        if found.values().filter(|class| **class <= Class::Title).count() < limit {
            let floor = floor.saturating_mul(1 << PLACE);
            classed(
                connection,
                (index::TIMELINE, false, floor),
                words,
                limit,
                found,
                |row| row >> PLACE,
            )
            .await?;
        }
        if !found.is_empty() {
            break;
        }
    }
    if found.len() < limit && words.matches.len() > 1 {
        // The words may be spread: one in the title, another in a follow-up. Not if one of them is nowhere.
        for term in &words.matches {
            if newest(connection, index::TICKETS, term, 1).await?.is_empty()
                && newest(connection, index::TIMELINE, term, 1).await?.is_empty()
            {
                return Ok(());
            }
        }
        let mut all: Option<BTreeSet<i64>> = None;
        for term in &words.matches {
            let mut of_term: BTreeSet<i64> = newest(connection, index::TICKETS, term, SPREAD)
                .await?
                .into_iter()
                .collect();
            of_term.extend(timeline_tickets(connection, term, SPREAD).await?);
            let both = match all {
                None => of_term,
                Some(all) => all.intersection(&of_term).copied().collect(),
            };
            if both.is_empty() {
                return Ok(());
            }
            all = Some(both);
        }
        for id in all.unwrap_or_default() {
            found.entry(id).or_insert(Class::Body);
        }
    }
    Ok(())
}

/// From which ticket on a search begins: all of them unless every word is common.
async fn floor(connection: &mut SqliteConnection, words: &Words) -> Result<i64, StoreError> {
    for term in &words.matches {
        let many: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM (SELECT rowid FROM ticket_fts WHERE ticket_fts MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
        )
        .bind(term)
        .bind(COMMON)
        .fetch_optional(&mut *connection)
        .await?;
        if many.is_none() {
            return Ok(i64::MIN);
        }
    }
    let last: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM tickets")
        .fetch_one(connection)
        .await?;
    Ok(last.map_or(i64::MIN, |last| last - WINDOW))
}

/// Whether each of these words is on a mirrored ticket, in its own text or in its timeline.
pub(super) async fn holds(
    connection: &mut SqliteConnection,
    ticket: i64,
    words: &Words,
    terms: &[usize],
) -> Result<bool, StoreError> {
    for nth in terms {
        let Some(term) = words.matches.get(*nth) else { continue };
        let found: Option<i64> = sqlx::query_scalar(
            "SELECT 1 WHERE EXISTS (SELECT 1 FROM ticket_fts WHERE ticket_fts MATCH ?1 AND rowid = ?2) \
             OR EXISTS (SELECT 1 FROM timeline_fts WHERE timeline_fts MATCH ?1 AND rowid >= ?2 << 22 AND rowid < (?2 + 1) << 22)",
        )
        .bind(term)
        .bind(ticket)
        .fetch_optional(&mut *connection)
        .await?;
        if found.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
