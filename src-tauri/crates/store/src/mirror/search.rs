//! Search over everything, as one types.
//!
//! Candidates are bounded and come **newest first** out of the index (`ORDER BY rowid DESC LIMIT n`: row numbers grow with
//! the ticket's number), and only those are ranked: the commonest word of a million tickets costs no more than a rare one.
//! An unfinished word of two or three letters is answered by the index's own prefixes; a longer one is spelt out by the
//! list of words, because the index would gather every hit of a longer prefix before giving the first.

use super::{
    children::PLACE,
    codes::status_of,
    index::{self, Index},
    misspelling, people,
    ranking::{self, excerpt},
};
use crate::{Hit, HitKind, SearchQuery, StoreError, sql::json_ids};
use guichet_domain::{
    article::Article,
    asset::Asset,
    rich_text::RichText,
    text::{self, Pattern, Term},
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Newest candidates taken from each index before ranking.
const CANDIDATES: u32 = 300;
/// Newest tickets of a single word, when words are spread over a ticket and its timeline.
const SPREAD: u32 = 2000;
/// Words that an unfinished one stands for at most.
const EXPANSIONS: u32 = 48;
/// A word in more rows than this is common.
const COMMON: u32 = 5000;
/// Where every word is common, this many of the newest tickets are looked through first, and the rest only if they have
/// nothing: words that are common and never together would otherwise be followed through the whole index.
const WINDOW: i64 = 100_000;
/// Words looked at to choose them.
const WORDS_READ: u32 = 5000;
/// Hits of a kind at most.
const LONGEST: u32 = 100;
/// Fewest digits that are looked for within telephone numbers.
const MIN_DIGITS: usize = 4;

/// A query's words as the index's language, each one `(a OR b OR c*)`.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) terms: Vec<Term>,
    matches: Vec<String>,
    exact: Vec<String>,
}

impl Words {
    fn all(&self) -> String {
        self.matches.join(" AND ")
    }
    fn all_exact(&self) -> String {
        self.exact.join(" AND ")
    }
    fn any(&self) -> String {
        self.matches.join(" OR ")
    }
}

/// Spells a query's terms out.
pub(crate) async fn words(connection: &mut SqliteConnection, terms: Vec<Term>) -> Result<Words, StoreError> {
    let mut matches = Vec::new();
    let mut exact = Vec::new();
    for term in &terms {
        let mut alternatives = BTreeSet::new();
        for pattern in &term.patterns {
            match pattern {
                Pattern::Token(token) => {
                    alternatives.insert(format!("\"{token}\""));
                }
                Pattern::Prefix(start) => {
                    alternatives.insert(format!("\"{start}\""));
                    if start.len() == 1 {
                        // Every hit of a letter would be gathered first; one letter says too little to be worth it.
                        continue;
                    }
                    if start.len() >= index::MIN_WORD {
                        let longer = expand(connection, start).await?;
                        alternatives.extend(longer.into_iter().map(|word| format!("\"{word}\"")));
                    } else {
                        alternatives.insert(format!("\"{start}\" *"));
                    }
                }
            }
        }
        let alternatives: Vec<String> = alternatives.into_iter().collect();
        matches.push(format!("({})", alternatives.join(" OR ")));
        exact.push(format!("\"{}\"", term.folded));
    }
    Ok(Words { terms, matches, exact })
}

/// The words that begin so, the shortest first where they are very many: what is typed next chooses among the rest.
async fn expand(connection: &mut SqliteConnection, start: &str) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT word FROM (SELECT word FROM words WHERE word >= ?1 AND word < ?1 || char(1114111) LIMIT ?2) \
         ORDER BY length(word), word LIMIT ?3",
    )
    .bind(start)
    .bind(WORDS_READ)
    .bind(EXPANSIONS)
    .fetch_all(connection)
    .await?)
}

/// Newest rows of an index that match.
async fn newest(
    connection: &mut SqliteConnection,
    index: Index,
    query: &str,
    limit: u32,
) -> Result<Vec<i64>, StoreError> {
    newest_from(connection, index, query, limit, i64::MIN).await
}

/// Newest rows of an index, from a number up, that match.
async fn newest_from(
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
enum Class {
    Number,
    TitleWhole,
    Title,
    Whole,
    Body,
}

/// Rows of one index from `floor` up that match, classed. `titled`: the index has a column for titles. Once there are
/// `enough` in titles, the rest would come after them and is not looked for.
async fn classed(
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

/// Best rows first, newest first within a class.
fn ranked(found: BTreeMap<i64, Class>, limit: usize) -> Vec<i64> {
    let mut rows: Vec<(Class, std::cmp::Reverse<i64>)> = found
        .into_iter()
        .map(|(id, class)| (class, std::cmp::Reverse(id)))
        .collect();
    rows.sort_unstable();
    rows.into_iter().take(limit).map(|(_, id)| id.0).collect()
}

/// Searches; hits grouped by kind, best first within each.
pub(crate) async fn search(connection: &mut SqliteConnection, query: &SearchQuery) -> Result<Vec<Hit>, StoreError> {
    let limit = query.limit.clamp(1, LONGEST) as usize;
    let wants = |kind| query.kinds.is_empty() || query.kinds.contains(&kind);
    let terms = text::query_terms(&query.text);
    let number = ticket_number(&query.text);
    if terms.is_empty() && number.is_none() {
        return Ok(Vec::new());
    }
    let mut words = words(connection, terms).await?;
    let mut hits = gather(connection, query, &words, number, limit, &wants).await?;
    if hits.is_empty() && !words.terms.is_empty() {
        // Nothing has all the words: a word nobody ever wrote is taken for its nearest neighbours…
        if let Some(corrected) = misspelling::correct(connection, &words.terms).await? {
            words = self::words(connection, corrected).await?;
            hits = gather(connection, query, &words, number, limit, &wants).await?;
        }
        // …and then some of the words must do.
        if hits.is_empty() && words.terms.len() > 1 {
            hits = gather_any(connection, &words, limit, &wants).await?;
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
            tickets(connection, words, limit, &mut found).await?;
            local_tickets(connection, words, &mut found).await?;
        }
        if let Some(number) = number {
            found.insert(number, Class::Number);
        }
        hits.extend(ticket_hits(connection, ranked(found, limit), &words.terms).await?);
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
    words: &Words,
    limit: usize,
    wants: &impl Fn(HitKind) -> bool,
) -> Result<Vec<Hit>, StoreError> {
    let mut hits = Vec::new();
    if wants(HitKind::Ticket) {
        let mut found: BTreeMap<i64, usize> = BTreeMap::new();
        for term in &words.matches {
            let mut of_term: BTreeSet<i64> = newest(connection, index::TICKETS, term, CANDIDATES)
                .await?
                .into_iter()
                .collect();
            of_term.extend(timeline_tickets(connection, term, CANDIDATES).await?);
            for id in of_term {
                *found.entry(id).or_default() += 1;
            }
        }
        let mut rows: Vec<(usize, i64)> = found.into_iter().map(|(id, n)| (n, id)).collect();
        rows.sort_unstable_by(|a, b| b.cmp(a));
        let ids = rows.into_iter().take(limit).map(|(_, id)| id).collect();
        hits.extend(ticket_hits(connection, ids, &words.terms).await?);
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

async fn timeline_tickets(connection: &mut SqliteConnection, query: &str, limit: u32) -> Result<Vec<i64>, StoreError> {
    let rows = newest(connection, index::TIMELINE, query, limit).await?;
    Ok(rows.into_iter().map(|row| row >> PLACE).collect())
}

async fn tickets(
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

/// Tickets that exist only here are few and in no index: their titles are read.
async fn local_tickets(
    connection: &mut SqliteConnection,
    words: &Words,
    found: &mut BTreeMap<i64, Class>,
) -> Result<(), StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as("SELECT id, title FROM ticket_view WHERE id < 0")
        .fetch_all(connection)
        .await?;
    for (id, title) in rows {
        let tokens = text::fold_tokens(&title);
        if words
            .terms
            .iter()
            .all(|term| term.matches(tokens.iter().map(String::as_str)))
        {
            found.insert(id, Class::Title);
        }
    }
    Ok(())
}

async fn ticket_hits(connection: &mut SqliteConnection, ids: Vec<i64>, terms: &[Term]) -> Result<Vec<Hit>, StoreError> {
    let rows: Vec<(i64, String, i64, bool, Option<String>)> = sqlx::query_as(
        "SELECT v.id, v.title, v.status, v.vip, t.description FROM ticket_view v LEFT JOIN tickets t ON t.id = v.id \
         WHERE v.id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_ids(&ids))
    .fetch_all(&mut *connection)
    .await?;
    let mut rows: BTreeMap<i64, _> = rows.into_iter().map(|row| (row.0, row)).collect();
    let mut hits = Vec::new();
    for id in ids {
        let Some((_, title, status, vip, description)) = rows.remove(&id) else {
            continue;
        };
        let description = description.map(|json| plain(&json)).transpose()?.unwrap_or_default();
        let mut snippet = excerpt(&description, terms);
        if snippet.matched == 0 && !ranking::matches_all(&title, terms) {
            // The words are in the timeline: show where.
            let bodies: Vec<String> = sqlx::query_scalar(
                "SELECT body FROM timeline WHERE rid >= ?1 << 22 AND rid < (?1 + 1) << 22 ORDER BY at DESC LIMIT 50",
            )
            .bind(id)
            .fetch_all(&mut *connection)
            .await?;
            for body in bodies {
                let other = excerpt(&plain(&body)?, terms);
                if other.matched > snippet.matched {
                    snippet = other;
                }
            }
        }
        hits.push(Hit {
            kind: HitKind::Ticket,
            id,
            asset_kind: String::new(),
            title,
            snippet: snippet.text,
            status: Some(status_of(status)),
            vip,
        });
    }
    Ok(hits)
}

fn plain(json: &str) -> Result<String, StoreError> {
    Ok(serde_json::from_str::<RichText>(json)?.to_plain())
}

/// People whose names, login, addresses or telephone numbers match. `picker`: a lone letter is a beginning too.
pub(crate) async fn people_candidates(
    connection: &mut SqliteConnection,
    query: &str,
    picker: bool,
) -> Result<Vec<i64>, StoreError> {
    let mut ids = Vec::new();
    let digits: String = query.chars().filter(char::is_ascii_digit).collect();
    let only_number =
        !query.trim().is_empty() && query.chars().all(|c| !c.is_alphabetic()) && !query.trim().starts_with('#');
    if only_number && digits.len() >= MIN_DIGITS {
        // "+33 6…", "0033 6…" and "06…" are the same number from the ninth digit on.
        let national = if digits.len() > 9 {
            digits.get(digits.len() - 9..).unwrap_or(&digits)
        } else {
            digits.as_str()
        };
        let rows: Vec<i64> = sqlx::query_scalar(
            "SELECT rowid FROM person_digits WHERE person_digits MATCH ? ORDER BY rowid DESC LIMIT ?",
        )
        .bind(format!("\"{national}\""))
        .bind(CANDIDATES)
        .fetch_all(&mut *connection)
        .await?;
        ids.extend(rows);
    }
    let mut terms = text::query_terms(query);
    if picker {
        // In the picker every word may be a beginning ("je dup").
        for term in &mut terms {
            let start = term.folded.clone();
            if !term
                .patterns
                .iter()
                .any(|pattern| matches!(pattern, Pattern::Prefix(_)))
            {
                term.patterns.push(Pattern::Prefix(start));
            }
        }
    }
    if !terms.is_empty() {
        let words = words(connection, terms).await?;
        let mut all = words.all();
        if picker
            && all.len() <= 5
            && words.terms.len() == 1
            && words.terms.first().is_some_and(|t| t.folded.len() == 1)
        {
            all = format!("{} OR {} *", all, words.exact.join(""));
        }
        for query in [words.all_exact(), all] {
            ids.extend(newest(connection, index::PEOPLE, &query, CANDIDATES).await?);
        }
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids)
}

async fn person_hits(
    connection: &mut SqliteConnection,
    ids: Vec<i64>,
    terms: &[Term],
    limit: usize,
) -> Result<Vec<Hit>, StoreError> {
    let mut records = people::records(connection, &ids).await?;
    let mut hits: Vec<(bool, bool, Hit)> = Vec::new();
    for id in ids {
        let Some(person) = records.remove(&id) else { continue };
        let title = person.display_name();
        let by_name = ranking::matches_all(&title, terms);
        let mut details = vec![person.login.clone()];
        details.extend(person.emails.iter().cloned());
        details.extend(person.phones.iter().map(|phone| phone.raw.clone()));
        hits.push((
            !person.active,
            !by_name,
            Hit {
                kind: HitKind::Person,
                id,
                asset_kind: String::new(),
                title,
                snippet: excerpt(&details.join(" · "), terms).text,
                status: None,
                vip: person.vip,
            },
        ));
    }
    // Stable: the order of the index stays within each class.
    hits.sort_by_key(|(inactive, elsewhere, _)| (*inactive, *elsewhere));
    hits.truncate(limit);
    Ok(hits.into_iter().map(|(.., hit)| hit).collect())
}

async fn article_hits(
    connection: &mut SqliteConnection,
    ids: Vec<i64>,
    terms: &[Term],
) -> Result<Vec<Hit>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, record FROM articles WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(&ids))
            .fetch_all(connection)
            .await?;
    let mut rows: BTreeMap<i64, String> = rows.into_iter().collect();
    let mut hits = Vec::new();
    for id in ids {
        let Some(record) = rows.remove(&id) else { continue };
        let article: Article = serde_json::from_str(&record)?;
        hits.push(Hit {
            kind: HitKind::Article,
            id,
            asset_kind: String::new(),
            snippet: excerpt(&article.body.to_plain(), terms).text,
            title: article.title,
            status: None,
            vip: false,
        });
    }
    Ok(hits)
}

async fn asset_hits(connection: &mut SqliteConnection, rids: Vec<i64>, terms: &[Term]) -> Result<Vec<Hit>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT rid, record FROM assets WHERE rid IN (SELECT value FROM json_each(?))")
            .bind(json_ids(&rids))
            .fetch_all(connection)
            .await?;
    let mut rows: BTreeMap<i64, String> = rows.into_iter().collect();
    let mut hits = Vec::new();
    for rid in rids {
        let Some(record) = rows.remove(&rid) else { continue };
        let asset: Asset = serde_json::from_str(&record)?;
        let details: Vec<String> = [asset.serial, asset.inventory_number, asset.model]
            .into_iter()
            .flatten()
            .collect();
        hits.push(Hit {
            kind: HitKind::Asset,
            id: asset.key.id,
            asset_kind: asset.key.kind,
            title: asset.name,
            snippet: excerpt(&details.join(" · "), terms).text,
            status: None,
            vip: false,
        });
    }
    Ok(hits)
}
