//! A query's words spelt out in the index's language.

use crate::{StoreError, mirror::index};
use guichet_domain::text::{Pattern, Term};
use sqlx::SqliteConnection;
use std::collections::BTreeSet;

/// Words that an unfinished one stands for at most.
pub(crate) const EXPANSIONS: u32 = 48;
/// Words looked at to choose them.
const WORDS_READ: u32 = 5000;

/// A query's words as the index's language, each one `(a OR b OR c*)`.
#[derive(Debug, Clone)]
pub(crate) struct Words {
    pub(crate) terms: Vec<Term>,
    pub(super) matches: Vec<String>,
    pub(super) exact: Vec<String>,
}

impl Words {
    pub(super) fn all(&self) -> String {
        self.matches.join(" AND ")
    }
    pub(super) fn all_exact(&self) -> String {
        self.exact.join(" AND ")
    }
    pub(super) fn any(&self) -> String {
        self.matches.join(" OR ")
    }
}

/// One finished word in the index's language.
pub(crate) async fn spelt(connection: &mut SqliteConnection, term: &Term) -> Result<String, StoreError> {
    let words = words(connection, vec![term.clone()]).await?;
    Ok(words.all())
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
pub(crate) async fn expand(connection: &mut SqliteConnection, start: &str) -> Result<Vec<String>, StoreError> {
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
