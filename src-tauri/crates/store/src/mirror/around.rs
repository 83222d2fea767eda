//! What lies around a ticket: its requester's other tickets and those of the same equipment; and, around one being
//! written, the tickets it may repeat and the category its words suggest. All of it is counted here, from what is
//! mirrored, and each guess says what it rests on.

use super::{
    index, lists,
    search::{newest_rows, spelt},
};
use crate::{
    AroundNew, AroundTicket, CategoryGuess, NewTicketWords, SimilarTicket, StoreError, TicketRow, sql::json_ids,
};
use guichet_domain::{
    TicketId, UserId,
    asset::AssetKey,
    text::{self, Pattern, Term},
    ticket::Status,
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Tickets shown of each sort.
const SHOWN: u32 = 8;
/// Words of a ticket being written that are looked for: the longest.
const WORDS: usize = 6;
/// A shorter word says too little.
const SHORTEST: usize = 3;
/// Newest tickets looked at for each word.
const LOOKED_AT: u32 = 400;
/// Tickets a word must be on before it says anything of a category.
const ENOUGH: u32 = 3;

/// Rows of tickets, open ones first, newest first.
async fn rows(connection: &mut SqliteConnection, ids: &BTreeSet<i64>) -> Result<Vec<TicketRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM ticket_view WHERE id IN (SELECT value FROM json_each(?)) ORDER BY open DESC, opened_at DESC, id DESC",
        lists::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(json_ids(ids))
        .fetch_all(connection)
        .await?;
    rows.iter().map(lists::decode).collect()
}

/// Newest tickets that somebody asked for, the open ones before the others.
async fn asked_by(connection: &mut SqliteConnection, user: UserId, limit: u32) -> Result<Vec<i64>, StoreError> {
    let mut ids = Vec::new();
    for open in [1_i64, 0] {
        let left = limit.saturating_sub(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        let found: Vec<i64> = sqlx::query_scalar(
            "SELECT ticket FROM view_party WHERE role = 1 AND party = 0 AND party_id = ? AND open = ? \
             ORDER BY ticket DESC LIMIT ?",
        )
        .bind(user.0)
        .bind(open)
        .bind(left)
        .fetch_all(&mut *connection)
        .await?;
        ids.extend(found);
    }
    Ok(ids)
}

/// What lies around a ticket, itself left out.
pub(crate) async fn ticket(
    connection: &mut SqliteConnection,
    id: TicketId,
    requester: Option<UserId>,
    assets: &[AssetKey],
) -> Result<AroundTicket, StoreError> {
    let mut same_requester = BTreeSet::new();
    if let Some(requester) = requester {
        same_requester.extend(asked_by(connection, requester, SHOWN + 1).await?);
    }
    same_requester.remove(&id.0);
    let mut same_asset = BTreeSet::new();
    for asset in assets {
        let found: Vec<i64> = sqlx::query_scalar(
            "SELECT ticket FROM asset_links WHERE asset_kind = ? AND asset_id = ? ORDER BY ticket DESC LIMIT ?",
        )
        .bind(&asset.kind)
        .bind(asset.id)
        .bind(SHOWN + 1)
        .fetch_all(&mut *connection)
        .await?;
        same_asset.extend(found);
    }
    same_asset.remove(&id.0);
    let shown = SHOWN as usize;
    let mut around = AroundTicket {
        same_requester: rows(connection, &same_requester).await?,
        same_asset: rows(connection, &same_asset).await?,
    };
    around.same_requester.truncate(shown);
    around.same_asset.truncate(shown);
    Ok(around)
}

/// What may be repeated by a ticket being written, and the category its words suggest.
pub(crate) async fn new_ticket(
    connection: &mut SqliteConnection,
    written: &NewTicketWords,
) -> Result<AroundNew, StoreError> {
    let terms = telling(&written.title);
    let mut matched: BTreeMap<i64, u32> = BTreeMap::new();
    let mut of_word: Vec<(String, Vec<i64>)> = Vec::new();
    for term in terms {
        let query = format!("{{title}} : {}", spelt(connection, &term).await?);
        let ids = newest_rows(connection, index::TICKETS, &query, LOOKED_AT).await?;
        for id in &ids {
            *matched.entry(*id).or_default() += 1;
        }
        of_word.push((term.folded, ids));
    }
    Ok(AroundNew {
        similar: similar(connection, written.requester, &matched, of_word.len()).await?,
        category: category(connection, &written.title, &of_word).await?,
    })
}

/// The finished, longest words of a title that say something.
fn telling(title: &str) -> Vec<Term> {
    // The last word is finished for this purpose: a guess at every letter would jump about.
    let mut terms = text::query_terms(&format!("{title} "));
    terms.retain(|term| term.folded.chars().count() >= SHORTEST && !text::is_stop_word(&term.folded));
    for term in &mut terms {
        term.patterns.retain(|pattern| matches!(pattern, Pattern::Token(_)));
    }
    terms.retain(|term| !term.patterns.is_empty());
    terms.sort_by_key(|term| Reverse(term.folded.chars().count()));
    terms.truncate(WORDS);
    terms
}

/// Open tickets first: those of the requester that share a word, others that share at least two (or the only one there
/// is); closed ones where most of the words are the same.
async fn similar(
    connection: &mut SqliteConnection,
    requester: Option<UserId>,
    matched: &BTreeMap<i64, u32>,
    words: usize,
) -> Result<Vec<SimilarTicket>, StoreError> {
    let words = u32::try_from(words).unwrap_or(u32::MAX);
    let asked: BTreeSet<i64> = match requester {
        Some(requester) => asked_by(connection, requester, LOOKED_AT).await?.into_iter().collect(),
        None => BTreeSet::new(),
    };
    let strong = 2.min(words.max(1));
    let mut candidates: Vec<(u32, i64)> = matched
        .iter()
        .filter(|(id, n)| **n >= strong || asked.contains(id))
        .map(|(id, n)| (*n + 2 * u32::from(asked.contains(id)), *id))
        .collect();
    // What the requester has open is worth a look whatever it says.
    candidates.extend(asked.iter().filter(|id| !matched.contains_key(id)).map(|id| (0, *id)));
    candidates.sort_unstable_by_key(|(score, id)| Reverse((*score, *id)));
    candidates.truncate(60);
    let ids: BTreeSet<i64> = candidates.iter().map(|(_, id)| *id).collect();
    let mut found: Vec<SimilarTicket> = rows(connection, &ids)
        .await?
        .into_iter()
        .map(|row| SimilarTicket {
            words: matched.get(&row.id.0).copied().unwrap_or(0),
            same_requester: asked.contains(&row.id.0),
            row,
        })
        .filter(|one| {
            let over = matches!(one.row.status, Status::Solved | Status::Closed);
            !over || (one.words >= strong && 2 * one.words > words)
        })
        .collect();
    found.sort_by_key(|one| {
        let over = matches!(one.row.status, Status::Solved | Status::Closed);
        (over, Reverse((one.same_requester, one.words)), Reverse(one.row.id))
    });
    found.truncate(5);
    Ok(found)
}

/// The category most of the newest tickets with one of the words are in, where that is most of them. The word that
/// leads to one category the most often wins, so that the guess can be told in one sentence.
async fn category(
    connection: &mut SqliteConnection,
    title: &str,
    of_word: &[(String, Vec<i64>)],
) -> Result<Option<CategoryGuess>, StoreError> {
    let mut best: Option<(f64, CategoryGuess)> = None;
    for (word, ids) in of_word {
        let counts: Vec<(i64, Option<String>, i64)> = sqlx::query_as(
            "SELECT category_id, coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = category_id), max(category_text)), \
             count(*) AS n FROM ticket_view WHERE id IN (SELECT value FROM json_each(?)) AND category_id IS NOT NULL \
             GROUP BY category_id ORDER BY n DESC, category_id",
        )
        .bind(json_ids(ids))
        .fetch_all(&mut *connection)
        .await?;
        let all: u32 = counts.iter().map(|(.., n)| u32::try_from(*n).unwrap_or(0)).sum();
        let Some((id, Some(name), n)) = counts.into_iter().next() else {
            continue;
        };
        let tickets = u32::try_from(n).unwrap_or(0);
        if tickets < ENOUGH || 2 * tickets <= all {
            continue;
        }
        // Few tickets say less than many: one is taken off what speaks for it, two are added to what was looked at.
        let weight = f64::from(tickets - 1) / f64::from(all + 2);
        if best.as_ref().is_none_or(|(other, _)| weight > *other) {
            let guess = CategoryGuess {
                category: id,
                name,
                word: as_typed(title, word),
                tickets,
                of: all,
            };
            best = Some((weight, guess));
        }
    }
    Ok(best.map(|(_, guess)| guess))
}

/// The word as it stands in the title.
fn as_typed(title: &str, folded: &str) -> String {
    title
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .find(|word| text::fold_tokens(word).iter().any(|token| token == folded))
        .unwrap_or(folded)
        .to_owned()
}
