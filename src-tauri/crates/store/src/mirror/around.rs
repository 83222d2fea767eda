//! What lies around a ticket: its requester's other tickets and those of the same equipment, the articles that may help;
//! and, around one being written, the tickets it may repeat and the category its words suggest. All of it is counted
//! here, from what is mirrored, and each guess says what it rests on.

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
/// Tickets of a category a word must be on before it says anything of it.
const ENOUGH: u32 = 3;
/// A category that a word leads to has more of its tickets than this.
const HALF: f64 = 0.5;
/// One word alone is enough when it leads to a category at least so often.
const SURE: f64 = 0.8;

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

/// What a word says of categories: the one most of its newest tickets are in, and how far that can be relied on.
struct Lead {
    category: i64,
    tickets: u32,
    share: f64,
}

/// The category that the words suggest, with what the suggestion rests on.
///
/// A word *leads* to a category when its share of the word's newest tickets is more than half even at the lower end of what
/// so few tickets can tell ([`share_at_least`]). A word that leads somewhere is no proof yet ("messagerie" is on mobile
/// telephones, and on much else): two words of the title must lead to the same category, or one word must be very sure
/// ([`SURE`]: seven tickets of seven, say). Otherwise nothing is proposed: choosing costs less than correcting.
async fn category(
    connection: &mut SqliteConnection,
    title: &str,
    of_word: &[(String, Vec<i64>)],
) -> Result<Option<CategoryGuess>, StoreError> {
    let looked_at: BTreeSet<i64> = of_word.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let filed: BTreeMap<i64, i64> = sqlx::query_as::<_, (i64, i64)>(
        "SELECT id, category_id FROM ticket_view WHERE id IN (SELECT value FROM json_each(?)) AND category_id IS NOT NULL",
    )
    .bind(json_ids(&looked_at))
    .fetch_all(&mut *connection)
    .await?
    .into_iter()
    .collect();
    let mut leads: BTreeMap<i64, Vec<(f64, usize)>> = BTreeMap::new();
    for (nth, (_, ids)) in of_word.iter().enumerate() {
        if let Some(lead) = lead(ids, &filed)
            && lead.tickets >= ENOUGH
            && lead.share > HALF
        {
            leads.entry(lead.category).or_default().push((lead.share, nth));
        }
    }
    let surest = |words: &[(f64, usize)]| words.iter().map(|(share, _)| *share).fold(0.0, f64::max);
    leads.retain(|_, words| words.len() > 1 || surest(words) >= SURE);
    let Some((category, mut words)) = leads.into_iter().max_by(|(_, a), (_, b)| {
        let by_words = a.len().cmp(&b.len());
        by_words.then(surest(a).total_cmp(&surest(b)))
    }) else {
        return Ok(None);
    };
    let name: Option<String> = sqlx::query_scalar(
        "SELECT coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = ?1), \
         (SELECT category_text FROM ticket_view WHERE category_id = ?1 AND category_text IS NOT NULL LIMIT 1))",
    )
    .bind(category)
    .fetch_one(connection)
    .await?;
    let Some(name) = name else { return Ok(None) };
    words.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let told: Vec<&(String, Vec<i64>)> = words.iter().filter_map(|(_, nth)| of_word.get(*nth)).collect();
    let rests_on: BTreeSet<i64> = told.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let of: Vec<i64> = rests_on.iter().filter_map(|id| filed.get(id).copied()).collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Ok(Some(CategoryGuess {
        category,
        name,
        words: told.iter().map(|(word, _)| as_typed(title, word)).collect(),
        tickets: count(of.iter().filter(|id| **id == category).count()),
        of: count(of.len()),
    }))
}

/// The category that most of these tickets are in.
fn lead(ids: &[i64], filed: &BTreeMap<i64, i64>) -> Option<Lead> {
    let mut counts: BTreeMap<i64, u32> = BTreeMap::new();
    for category in ids.iter().filter_map(|id| filed.get(id)) {
        *counts.entry(*category).or_default() += 1;
    }
    let of: u32 = counts.values().sum();
    let (category, tickets) = counts.into_iter().max_by_key(|(id, n)| (*n, Reverse(*id)))?;
    Some(Lead {
        category,
        tickets,
        share: share_at_least(tickets, of),
    })
}

/// The lower end of Wilson's interval for a share, at nine chances in ten: what `n` of `of` says at least, where few say
/// less than many (3 of 3: 0.65; 7 of 7: 0.81; 30 of 40: 0.65).
fn share_at_least(n: u32, of: u32) -> f64 {
    /// The normal distribution's quantile of 0.9.
    const Z: f64 = 1.2816;
    if of == 0 {
        return 0.0;
    }
    let of = f64::from(of);
    let share = f64::from(n) / of;
    let square = Z * Z;
    let spread = Z * (share * (1.0 - share) / of + square / (4.0 * of * of)).sqrt();
    ((share + square / (2.0 * of) - spread) / (1.0 + square / of)).clamp(0.0, 1.0)
}

/// The word as it stands in the title.
fn as_typed(title: &str, folded: &str) -> String {
    title
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .find(|word| text::fold_tokens(word).iter().any(|token| token == folded))
        .unwrap_or(folded)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::{HALF, SURE, share_at_least};

    #[test]
    fn few_tickets_say_less_than_many() {
        assert!(share_at_least(0, 0) == 0.0);
        assert!(share_at_least(2, 2) > HALF && share_at_least(2, 2) < SURE);
        assert!(share_at_least(3, 4) < HALF);
        assert!(share_at_least(30, 40) > HALF && share_at_least(30, 40) < SURE);
        assert!(share_at_least(6, 6) < SURE);
        assert!(share_at_least(7, 7) > SURE);
        assert!(share_at_least(396, 400) > SURE);
    }
}
