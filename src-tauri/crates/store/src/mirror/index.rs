//! Writing the search index. Text is folded by the domain (accents, ligatures, plurals); every word of four letters or more
//! is also kept in a list of words, which unfinished and misspelt words are looked up in.

use crate::{
    StoreError,
    sql::{Val, bulk, json_ids},
};
use guichet_domain::text;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeSet, HashSet};

/// An index: its table and its columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Index {
    pub(crate) table: &'static str,
    columns: &'static str,
    width: usize,
}

pub(crate) const TICKETS: Index = Index {
    table: "ticket_fts",
    columns: "rowid, title, body",
    width: 2,
};
pub(crate) const TIMELINE: Index = Index {
    table: "timeline_fts",
    columns: "rowid, body",
    width: 1,
};
pub(crate) const ARTICLES: Index = Index {
    table: "article_fts",
    columns: "rowid, title, body",
    width: 2,
};
pub(crate) const PEOPLE: Index = Index {
    table: "person_fts",
    columns: "rowid, title, body",
    width: 2,
};
pub(crate) const ASSETS: Index = Index {
    table: "asset_fts",
    columns: "rowid, title, body",
    width: 2,
};

/// The shortest word that is kept in the list of words. Shorter beginnings are answered by the index's own prefixes.
pub(crate) const MIN_WORD: usize = 4;
/// Longer ones are keys and lumps of base64, not words.
const MAX_WORD: usize = 24;

/// Takes the rows in `stale` out and puts `texts` in (the columns' texts as people read them).
pub(crate) async fn replace(
    connection: &mut SqliteConnection,
    index: Index,
    stale: &[i64],
    texts: Vec<(i64, Vec<String>)>,
) -> Result<(), StoreError> {
    remove(connection, index, stale).await?;
    if texts.is_empty() {
        return Ok(());
    }
    let mut words: HashSet<String> = HashSet::new();
    let mut rows = Vec::with_capacity(texts.len());
    for (rowid, columns) in texts {
        debug_assert_eq!(columns.len(), index.width);
        let mut row: Vec<Val> = vec![rowid.into()];
        for column in columns {
            let mut folded = String::with_capacity(column.len());
            text::for_each_token(&column, |token| {
                if !folded.is_empty() {
                    folded.push(' ');
                }
                folded.push_str(token);
                if (MIN_WORD..=MAX_WORD).contains(&token.len()) && !words.contains(token) {
                    words.insert(token.to_owned());
                }
            });
            row.push(folded.into());
        }
        rows.push(row);
    }
    // In the list's own order, so that neighbours are written together.
    let words: BTreeSet<String> = words.into_iter().collect();
    let head = format!("INSERT INTO {} ({})", index.table, index.columns);
    bulk(connection, &head, index.width + 1, "", rows).await?;
    sqlx::query("INSERT OR IGNORE INTO words SELECT value FROM json_each(?)")
        .bind(serde_json::to_string(&words)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Takes rows out.
pub(crate) async fn remove(connection: &mut SqliteConnection, index: Index, rows: &[i64]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "DELETE FROM {} WHERE rowid IN (SELECT value FROM json_each(?))",
        index.table
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(json_ids(rows))
        .execute(connection)
        .await?;
    Ok(())
}
