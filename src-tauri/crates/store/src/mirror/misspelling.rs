//! Words nobody ever wrote are taken for words one edit away (a letter missing, too many, wrong, or two swapped).

use super::index::MIN_WORD;
use crate::StoreError;
use guichet_domain::text::{Pattern, Term};
use sqlx::SqliteConnection;
use std::collections::BTreeSet;

/// Neighbours taken for a word at most.
const NEIGHBOURS: usize = 8;
/// Letters tried in place of a wrong or missing one.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz";

/// The terms with unknown words replaced by their neighbours; `None` when there is nothing to replace.
pub(crate) async fn correct(
    connection: &mut SqliteConnection,
    terms: &[Term],
) -> Result<Option<Vec<Term>>, StoreError> {
    let mut corrected = Vec::new();
    let mut any = false;
    for term in terms {
        let mut term = term.clone();
        // Short words have too many neighbours; names with digits mean what they say.
        let plain = term.folded.chars().count() > MIN_WORD && term.folded.bytes().all(|byte| byte.is_ascii_lowercase());
        if plain && !begins_a_word(connection, &term.folded).await? {
            let found = neighbours(connection, &term.folded).await?;
            if !found.is_empty() {
                any = true;
                term.patterns = found.into_iter().take(NEIGHBOURS).map(Pattern::Token).collect();
            }
        }
        corrected.push(term);
    }
    Ok(any.then_some(corrected))
}

async fn begins_a_word(connection: &mut SqliteConnection, word: &str) -> Result<bool, StoreError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM words WHERE word >= ?1 AND word < ?1 || char(1114111) LIMIT 1")
            .bind(word)
            .fetch_optional(connection)
            .await?;
    Ok(found.is_some())
}

/// Known words one edit away.
async fn neighbours(connection: &mut SqliteConnection, word: &str) -> Result<Vec<String>, StoreError> {
    let edits: Vec<String> = edits(word).into_iter().collect();
    Ok(
        sqlx::query_scalar("SELECT w.word FROM json_each(?) j JOIN words w ON w.word = j.value ORDER BY w.word")
            .bind(serde_json::to_string(&edits)?)
            .fetch_all(connection)
            .await?,
    )
}

fn edits(word: &str) -> BTreeSet<String> {
    let letters: Vec<char> = word.chars().collect();
    let mut edits = BTreeSet::new();
    for at in 0..=letters.len() {
        let (before, after) = letters.split_at(at);
        let make = |middle: &[char], rest: &[char]| -> String { before.iter().chain(middle).chain(rest).collect() };
        for letter in LETTERS.chars() {
            edits.insert(make(&[letter], after));
            if let [_, rest @ ..] = after {
                edits.insert(make(&[letter], rest));
            }
        }
        if let [_, rest @ ..] = after {
            edits.insert(make(&[], rest));
        }
        if let [first, second, rest @ ..] = after {
            edits.insert(make(&[*second, *first], rest));
        }
    }
    edits.remove(word);
    edits
}

#[cfg(test)]
mod tests {
    use super::edits;

    #[test]
    fn every_single_edit_is_tried() {
        let edits = edits("vpn");
        for neighbour in ["vn", "vpan", "vpm", "pvn", "vpns"] {
            assert!(edits.contains(neighbour), "{neighbour}");
        }
        assert!(!edits.contains("vpn"));
    }
}
