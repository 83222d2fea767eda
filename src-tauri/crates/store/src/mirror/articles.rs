//! The knowledge base before a word is typed: articles, newest first, and their categories with how many each holds.

use super::codes::catalogue_code;
use crate::{ArticleCategory, ArticleList, ArticleQuery, ArticleRow, StoreError};
use guichet_domain::{article::Article, catalogue::CatalogueKind};
use sqlx::{AssertSqlSafe, SqliteConnection};

/// Characters of an article's text that a row shows.
const EXCERPT: usize = 160;

const IN_CATEGORY: &str = "(?1 IS NULL OR EXISTS (SELECT 1 FROM json_each(record, '$.categories') AS own
    WHERE json_extract(own.value, '$.id') = ?1))";

/// A slice of the articles of a category, or of all.
pub(crate) async fn page(connection: &mut SqliteConnection, query: &ArticleQuery) -> Result<ArticleList, StoreError> {
    let total: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT count(*) FROM articles WHERE {IN_CATEGORY}"
    )))
    .bind(query.category)
    .fetch_one(&mut *connection)
    .await?;
    // The order is an index of its own (`articles_recent`).
    let records: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT record FROM articles WHERE {IN_CATEGORY}
         ORDER BY json_extract(record, '$.updated_at') DESC, id DESC LIMIT ?2 OFFSET ?3"
    )))
    .bind(query.category)
    .bind(query.limit)
    .bind(query.offset)
    .fetch_all(&mut *connection)
    .await?;
    let rows = records
        .iter()
        .map(|record| Ok(row(serde_json::from_str(record)?)))
        .collect::<Result<_, StoreError>>()?;
    Ok(ArticleList {
        rows,
        total: u32::try_from(total).unwrap_or(u32::MAX),
    })
}

fn row(article: Article) -> ArticleRow {
    let text = article.body.to_plain();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut excerpt: String = words.join(" ").chars().take(EXCERPT + 1).collect();
    if excerpt.chars().count() > EXCERPT {
        excerpt = excerpt.chars().take(EXCERPT - 1).collect();
        excerpt.push('…');
    }
    ArticleRow {
        id: article.id,
        title: article.title,
        excerpt,
        faq: article.faq,
        updated_at: article.updated_at,
    }
}

/// The categories that hold an article, by name; those whose name the account may not read come last.
pub(crate) async fn categories(connection: &mut SqliteConnection) -> Result<Vec<ArticleCategory>, StoreError> {
    let rows: Vec<(i64, Option<String>, i64)> = sqlx::query_as(
        "SELECT held.id, coalesce(listed.name, held.name) AS shown, held.articles FROM (
           SELECT json_extract(own.value, '$.id') AS id, max(json_extract(own.value, '$.name')) AS name,
             count(DISTINCT articles.id) AS articles
           FROM articles, json_each(articles.record, '$.categories') AS own GROUP BY 1
         ) AS held LEFT JOIN catalogue AS listed ON listed.kind = ?1 AND listed.id = held.id
         ORDER BY shown IS NULL, shown, held.id",
    )
    .bind(catalogue_code(CatalogueKind::ArticleCategory))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, articles)| ArticleCategory {
            id,
            name,
            articles: u32::try_from(articles).unwrap_or(u32::MAX),
        })
        .collect())
}
