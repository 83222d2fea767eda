//! Search over everything, as one types.
//!
//! Candidates are bounded and come **newest first** out of the index (`ORDER BY rowid DESC LIMIT n`: row numbers grow with
//! the ticket's number), and only those are ranked: the commonest word of a million tickets costs no more than a rare one.
//! An unfinished word of two or three letters is answered by the index's own prefixes; a longer one is spelt out by the
//! list of words, because the index would gather every hit of a longer prefix before giving the first. What waits in the
//! outbox is in no index: it is few, and looked through as it is.

mod candidates;
mod hits;
mod people;
mod suggest;
mod waiting;
mod words;

pub(crate) use people::people_candidates;
pub(crate) use suggest::articles as suggested_articles;
pub(crate) use waiting::Waiting;
pub(crate) use words::{EXPANSIONS, expand, spelt};
use words::{Words, words};

use super::{index, misspelling};
use crate::{Hit, HitKind, SearchQuery, StoreError};
use candidates::{CANDIDATES, Class, classed, newest, ranked, timeline_tickets};
pub(crate) use candidates::{newest as newest_rows, newest_from};
use guichet_domain::text;
use hits::{article_hits, asset_hits, ticket_hits};
use people::person_hits;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Hits of a kind at most.
const LONGEST: u32 = 100;

/// Searches; hits grouped by kind, best first within each.
pub(crate) async fn search(
    connection: &mut SqliteConnection,
    query: &SearchQuery,
    waiting: &Waiting,
) -> Result<Vec<Hit>, StoreError> {
    let limit = query.limit.clamp(1, LONGEST) as usize;
    let wants = |kind| query.kinds.is_empty() || query.kinds.contains(&kind);
    let terms = text::query_terms(&query.text);
    let number = ticket_number(&query.text);
    if terms.is_empty() && number.is_none() {
        return Ok(Vec::new());
    }
    let mut words = words(connection, terms).await?;
    let mut hits = gather(connection, query, waiting, &words, number, limit, &wants).await?;
    if hits.is_empty() && !words.terms.is_empty() {
        // Nothing has all the words: a word nobody ever wrote is taken for its nearest neighbours…
        if let Some(corrected) = misspelling::correct(connection, &words.terms).await? {
            words = self::words(connection, corrected).await?;
            hits = gather(connection, query, waiting, &words, number, limit, &wants).await?;
        }
        // …and then some of the words must do.
        if hits.is_empty() && words.terms.len() > 1 {
            hits = gather_any(connection, waiting, &words, limit, &wants).await?;
        }
    }
    Ok(hits)
}

/// "#123" or "123": the ticket of that number.
fn ticket_number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('#').unwrap_or(text).trim();
    (!digits.is_empty() && digits.len() <= 12 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

async fn gather(
    connection: &mut SqliteConnection,
    query: &SearchQuery,
    waiting: &Waiting,
    words: &Words,
    number: Option<i64>,
    limit: usize,
    wants: &impl Fn(HitKind) -> bool,
) -> Result<Vec<Hit>, StoreError> {
    let mut hits = Vec::new();
    let has_words = !words.terms.is_empty();
    if wants(HitKind::Ticket) {
        let mut found = BTreeMap::new();
        if has_words {
            candidates::tickets(connection, words, limit, &mut found).await?;
            waiting.find(connection, words, &mut found).await?;
        }
        if let Some(number) = number {
            found.insert(number, Class::Number);
        }
        hits.extend(ticket_hits(connection, ranked(found, limit), &words.terms, waiting).await?);
    }
    if wants(HitKind::Person) {
        let ids = people_candidates(connection, &query.text, false).await?;
        hits.extend(person_hits(connection, ids, &words.terms, limit).await?);
    }
    if wants(HitKind::Article) && has_words {
        let mut found = BTreeMap::new();
        classed(
            connection,
            (index::ARTICLES, true, i64::MIN),
            words,
            limit,
            &mut found,
            |row| row,
        )
        .await?;
        hits.extend(article_hits(connection, ranked(found, limit), &words.terms).await?);
    }
    if wants(HitKind::Asset) && has_words {
        let mut found = BTreeMap::new();
        classed(
            connection,
            (index::ASSETS, true, i64::MIN),
            words,
            limit,
            &mut found,
            |row| row,
        )
        .await?;
        hits.extend(asset_hits(connection, ranked(found, limit), &words.terms).await?);
    }
    Ok(hits)
}

/// Some of the words: the more of them, the better.
async fn gather_any(
    connection: &mut SqliteConnection,
    waiting: &Waiting,
    words: &Words,
    limit: usize,
    wants: &impl Fn(HitKind) -> bool,
) -> Result<Vec<Hit>, StoreError> {
    let mut hits = Vec::new();
    if wants(HitKind::Ticket) {
        let mut found: BTreeMap<i64, usize> = BTreeMap::new();
        for (term, spelt) in words.terms.iter().zip(&words.matches) {
            let mut of_term: BTreeSet<i64> = newest(connection, index::TICKETS, spelt, CANDIDATES)
                .await?
                .into_iter()
                .collect();
            of_term.extend(timeline_tickets(connection, spelt, CANDIDATES).await?);
            of_term.extend(waiting.with(term));
            for id in of_term {
                *found.entry(id).or_default() += 1;
            }
        }
        let mut rows: Vec<(usize, i64)> = found.into_iter().map(|(id, n)| (n, id)).collect();
        rows.sort_unstable_by(|a, b| b.cmp(a));
        let ids = rows.into_iter().take(limit).map(|(_, id)| id).collect();
        hits.extend(ticket_hits(connection, ids, &words.terms, waiting).await?);
    }
    let any = words.any();
    if wants(HitKind::Person) {
        let ids = newest(connection, index::PEOPLE, &any, CANDIDATES).await?;
        hits.extend(person_hits(connection, ids, &words.terms, limit).await?);
    }
    if wants(HitKind::Article) {
        let ids = newest(connection, index::ARTICLES, &any, CANDIDATES).await?;
        hits.extend(article_hits(connection, ids.into_iter().take(limit).collect(), &words.terms).await?);
    }
    if wants(HitKind::Asset) {
        let ids = newest(connection, index::ASSETS, &any, CANDIDATES).await?;
        hits.extend(asset_hits(connection, ids.into_iter().take(limit).collect(), &words.terms).await?);
    }
    Ok(hits)
}
