//! Knowledge base: only what the account may see. 10.0 lists every article with its answer, also those it refuses to open:
//! each one is opened before it is kept, which also brings its categories.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    pull::{empty_page, is_due, read_cursor, resting_page, walk::Walk, write_cursor},
    wire::Row,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use guichet_backend::{BackendError, Cursor, Page};
use guichet_domain::{
    ArticleId,
    catalogue::Availability,
    record::{Departure, Record, RecordKey, Removal},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Articles a page: each is opened on its own.
const PAGE: u64 = 50;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    walk: Walk,
    complete: bool,
    watermark: Option<i64>,
    /// Articles read inside the window, with their date.
    seen: BTreeMap<i64, String>,
    looked: Option<i64>,
    refused: bool,
}

impl GlpiBackend {
    pub(crate) async fn pull_articles(&self, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        let position: Position = read_cursor(cursor);
        if position.complete {
            self.changed_articles(position).await
        } else {
            self.all_articles(position).await
        }
        .map_err(BackendError::from)
    }

    async fn all_articles(&self, mut position: Position) -> Result<Page, Failure> {
        if position.watermark.is_none() {
            match self.newest_change("KnowbaseItem").await {
                Ok(watermark) => position.watermark = Some(watermark),
                Err(Failure::Refused(refusal)) if refusal.is_forbidden() => {
                    position = Position {
                        complete: true,
                        refused: true,
                        looked: Some(self.client.now().as_second()),
                        ..Position::default()
                    };
                    return Ok(empty_page(&position, Availability::Forbidden));
                }
                Err(other) => return Err(other),
            }
        }
        let query = [("only_id", "true".to_owned())];
        let step = self.step("KnowbaseItem", &query, &position.walk, PAGE).await?;
        let (records, _) = self.open_articles(step.rows.iter().map(Row::id).collect()).await?;
        let total = step.total.unwrap_or(step.walk.offset).max(step.walk.offset);
        let progress = Some((step.walk.offset.min(total), total));
        position.walk = step.walk;
        if step.done {
            position.complete = true;
            position.looked = Some(self.client.now().as_second());
        }
        Ok(Page {
            records,
            removals: Vec::new(),
            cursor: write_cursor(&position),
            more: !step.done,
            complete: step.done,
            progress,
            availability: Availability::Available,
            asked: true,
        })
    }

    async fn changed_articles(&self, mut position: Position) -> Result<Page, Failure> {
        let now = self.client.now();
        let availability = if position.refused {
            Availability::Forbidden
        } else {
            Availability::Available
        };
        if !is_due(position.looked, now, self.config.slow_interval) {
            return Ok(resting_page(&position, availability));
        }
        if position.refused {
            return self.all_articles(Position::default()).await;
        }
        let zone = self.facts().await?.zone.clone();
        let known = position.watermark.unwrap_or(0);
        let changes = self.changed_rows("KnowbaseItem", &[], known, &zone).await?;
        let mut seen = BTreeMap::new();
        let mut changed = Vec::new();
        for row in &changes.rows {
            let at = row.str("date_mod").unwrap_or_default().to_owned();
            position.watermark = position.watermark.max(zone.earliest(&at).map(Timestamp::as_second));
            if position.seen.get(&row.id()) != Some(&at) {
                changed.push(row.id());
            }
            seen.insert(row.id(), at);
        }
        position.watermark = position.watermark.map(|newest| changes.watermark(newest));
        position.seen = seen;
        let (records, removals) = self.open_articles(changed).await?;
        position.looked = Some(now.as_second());
        Ok(Page {
            records,
            removals,
            cursor: write_cursor(&position),
            more: false,
            complete: true,
            progress: None,
            availability,
            asked: true,
        })
    }

    /// Opens articles: those the account may see, and those it may not, or no more.
    async fn open_articles(&self, ids: Vec<i64>) -> Result<(Vec<Record>, Vec<Removal>), Failure> {
        let facts = self.facts().await?;
        let opened: Vec<(i64, Option<Row>)> = stream::iter(ids)
            .map(|id| async move { Ok::<_, Failure>((id, self.optional_item("KnowbaseItem", id).await?)) })
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        let now = self.client.now();
        let mut visible = self.visible.lock().await;
        let reader = self.reader(&facts);
        let (mut records, mut removals) = (Vec::new(), Vec::new());
        for (id, row) in opened {
            visible.note(id, row.is_some(), now);
            match row {
                Some(row) => records.push(Record::Article(Box::new(reader.article(&row)))),
                None => removals.push(Removal {
                    key: RecordKey::Article(ArticleId(id)),
                    departure: Departure::Hidden,
                }),
            }
        }
        Ok((records, removals))
    }
}
