//! What a hit shows: its title, and an excerpt of the text where its words are.

use super::waiting::Waiting;
use crate::{
    Hit, HitKind, StoreError,
    mirror::{
        codes::status_of,
        ranking::{self, excerpt},
    },
    sql::json_ids,
};
use guichet_domain::{article::Article, asset::Asset, rich_text::RichText, text::Term};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

pub(super) async fn ticket_hits(
    connection: &mut SqliteConnection,
    ids: Vec<i64>,
    terms: &[Term],
    waiting: &Waiting,
) -> Result<Vec<Hit>, StoreError> {
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
        // What was typed here last says more than what it answers.
        for body in waiting.bodies(id) {
            let other = excerpt(body, terms);
            if other.matched > snippet.matched || snippet.text.is_empty() {
                snippet = other;
            }
        }
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

pub(super) async fn article_hits(
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

pub(super) async fn asset_hits(
    connection: &mut SqliteConnection,
    rids: Vec<i64>,
    terms: &[Term],
) -> Result<Vec<Hit>, StoreError> {
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
