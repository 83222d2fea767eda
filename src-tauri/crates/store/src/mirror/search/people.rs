//! People: by names, login, addresses, and digits of their telephone numbers.

use super::{
    candidates::{CANDIDATES, newest},
    words,
};
use crate::{
    Hit, HitKind, StoreError,
    mirror::{
        index, people,
        ranking::{self, excerpt},
    },
};
use guichet_domain::text::{self, Pattern, Term};
use sqlx::SqliteConnection;
use std::collections::BTreeSet;

/// Fewest digits that are looked for within telephone numbers.
const MIN_DIGITS: usize = 4;

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

pub(super) async fn person_hits(
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
