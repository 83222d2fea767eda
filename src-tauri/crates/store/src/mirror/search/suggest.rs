//! Articles that may help with what is being written: those that most of its telling words lead to.

use super::{candidates::newest, hits::article_hits, words::words};
use crate::{Hit, StoreError, mirror::index, mirror::misspelling};
use guichet_domain::text::{self, Pattern, Term};
use sqlx::SqliteConnection;
use std::{cmp::Reverse, collections::BTreeMap};

/// Words that are looked for: the longest, those of earlier texts first where they are as long.
const WORDS: usize = 6;
/// A shorter word says too little.
const SHORTEST: usize = 3;
/// Newest articles looked at for each word.
const OF_A_WORD: u32 = 100;
/// A word in an article's title counts as much as this many in its text.
const TITLE: u32 = 2;
/// Articles at most.
const MOST: u32 = 20;

/// The articles that may help, the likeliest first.
pub(crate) async fn articles(
    connection: &mut SqliteConnection,
    texts: &[String],
    limit: u32,
) -> Result<Vec<Hit>, StoreError> {
    let mut terms = telling(texts);
    if let Some(corrected) = misspelling::correct(connection, &terms).await? {
        terms = corrected;
    }
    let mut found: BTreeMap<i64, u32> = BTreeMap::new();
    for term in &terms {
        let all = words(connection, vec![term.clone()]).await?.all();
        for row in newest(connection, index::ARTICLES, &all, OF_A_WORD).await? {
            *found.entry(row).or_default() += 1;
        }
        for row in newest(connection, index::ARTICLES, &format!("{{title}} : {all}"), OF_A_WORD).await? {
            *found.entry(row).or_default() += TITLE;
        }
    }
    let mut ranked: Vec<(u32, i64)> = found.into_iter().map(|(id, weight)| (weight, id)).collect();
    ranked.sort_unstable_by_key(|row| Reverse(*row));
    ranked.truncate(limit.min(MOST) as usize);
    article_hits(connection, ranked.into_iter().map(|(_, id)| id).collect(), &terms).await
}

/// The longest words of texts, each once.
fn telling(texts: &[String]) -> Vec<Term> {
    // The last word of each is finished for this purpose: what is suggested must not jump at every letter.
    let mut terms = text::query_terms(&format!("{} ", texts.join(" \n")));
    terms.retain(|term| term.folded.chars().count() >= SHORTEST && !text::is_stop_word(&term.folded));
    for term in &mut terms {
        term.patterns.retain(|pattern| matches!(pattern, Pattern::Token(_)));
    }
    terms.retain(|term| !term.patterns.is_empty());
    terms.sort_by_key(|term| Reverse(term.folded.chars().count()));
    terms.truncate(WORDS);
    terms
}

#[cfg(test)]
mod tests {
    use super::telling;

    #[test]
    fn the_longest_words_lead_each_once_whatever_its_accents() {
        let texts = ["Réseau du réseau", "le VPN et les réseaux, PC-0417"].map(str::to_owned);
        let words: Vec<String> = telling(&texts).into_iter().map(|term| term.folded).collect();
        assert_eq!(
            words,
            ["reseau", "vpn"],
            "names with digits lead to equipment, not to articles"
        );
    }
}
