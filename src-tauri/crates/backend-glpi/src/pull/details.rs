//! What hangs on tickets, in bulk: the tables' own lists, newest first, a thousand rows a page.
//!
//! These lists are **not filtered** by what the account may see (NOTES §8): the store keeps only rows whose ticket it holds,
//! which is why this runs after the tickets. Afterwards nearly everything shows by its ticket's date and comes as bundles;
//! what does not (a solution's text edited, a document's metadata) is looked at here, from time to time.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    pull::{fingerprint, is_due, read_cursor, resting_page, walk::Walk, write_cursor},
    read::Reader,
    wire::Row,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use guichet_backend::{BackendError, Cursor, Page};
use guichet_domain::{TicketId, catalogue::Availability, record::Record};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The tables, in the order a first reading takes them: what the queue shows first.
const TABLES: [&str; 10] = [
    "Ticket_User",
    "Group_Ticket",
    "ITILFollowup",
    "TicketTask",
    "ITILSolution",
    "TicketValidation",
    "Document",
    "Document_Item",
    "Item_Ticket",
    "Ticket_Ticket",
];

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// What the session saw when this reading began. These lists leave out, without a word, what is out of sight; a ticket
    /// that is in sight again later does not show by its date. So another scope means to read them again.
    #[serde(default)]
    scope: String,
    /// All tables have been read at least once.
    #[serde(default)]
    complete: bool,
    /// Which table is being read; past the last one, all have been.
    table: usize,
    walk: Walk,
    /// Newest changes when the first reading began.
    solutions: Option<Watch>,
    documents: Option<Watch>,
    /// When changes were last looked for (epoch seconds, our clock).
    looked: Option<i64>,
}

impl Position {
    /// Reading that starts over, for a session that sees something else.
    fn begun_again(&self, scope: String) -> Self {
        Self {
            scope,
            complete: self.complete,
            ..Self::default()
        }
    }
}

/// A table whose rows change without their ticket's date moving.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Watch {
    watermark: i64,
    seen: BTreeMap<i64, String>,
}

impl GlpiBackend {
    pub(crate) async fn pull_details(&self, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        let mut position: Position = read_cursor(cursor);
        let scope = self.scope().await?;
        if position.scope != scope {
            position = position.begun_again(scope);
        }
        if position.table < TABLES.len() {
            self.bulk(position).await
        } else {
            self.changed_details(position).await
        }
        .map_err(BackendError::from)
    }

    async fn bulk(&self, mut position: Position) -> Result<Page, Failure> {
        if position.solutions.is_none() {
            position.solutions = Some(self.watch("ITILSolution").await?);
            position.documents = Some(self.watch("Document").await?);
        }
        let table = TABLES[position.table.min(TABLES.len() - 1)];
        let step = match self
            .step(table, &[], &position.walk, u64::from(self.config.detail_page))
            .await
        {
            Ok(step) => Some(step),
            // Not to be had as a list: bundles bring what the account may see of it.
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() || refusal.is_unknown_type() => None,
            Err(other) => return Err(other),
        };
        let scope = self.scope().await?;
        if scope != position.scope {
            // The session was made anew on the way, and sees something else.
            return Ok(Self::resumed(&position.begun_again(scope)));
        }
        let (mut records, mut progress) = (Vec::new(), None);
        match step {
            Some(step) => {
                let total = step.total.unwrap_or(step.walk.offset).max(step.walk.offset);
                progress = Some((step.walk.offset.min(total), total));
                records = self.detail_records(table, &step.rows).await?;
                position.walk = step.walk;
                if step.done {
                    position.table += 1;
                    position.walk = Walk::default();
                }
            }
            None => {
                position.table += 1;
                position.walk = Walk::default();
            }
        }
        let read = position.table >= TABLES.len();
        if read {
            position.complete = true;
            position.looked = Some(self.client.now().as_second());
        }
        Ok(Page {
            records,
            removals: Vec::new(),
            cursor: write_cursor(&position),
            more: !read,
            complete: position.complete,
            progress,
            availability: Availability::Available,
            asked: true,
        })
    }

    /// A page that only says where reading goes on.
    fn resumed(position: &Position) -> Page {
        Page {
            records: Vec::new(),
            removals: Vec::new(),
            cursor: write_cursor(position),
            more: true,
            complete: position.complete,
            progress: None,
            availability: Availability::Available,
            asked: true,
        }
    }

    async fn watch(&self, table: &str) -> Result<Watch, Failure> {
        match self.newest_change(table).await {
            Ok(watermark) => Ok(Watch {
                watermark,
                seen: BTreeMap::new(),
            }),
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() || refusal.is_unknown_type() => {
                Ok(Watch::default())
            }
            Err(other) => Err(other),
        }
    }

    async fn changed_details(&self, mut position: Position) -> Result<Page, Failure> {
        let now = self.client.now();
        if !is_due(position.looked, now, self.config.detail_interval) {
            return Ok(resting_page(&position, Availability::Available));
        }
        let mut records = Vec::new();
        for table in ["ITILSolution", "Document"] {
            let watch = if table == "Document" {
                &mut position.documents
            } else {
                &mut position.solutions
            };
            let mut updated = watch.clone().unwrap_or_default();
            records.extend(self.look(table, &mut updated).await?);
            *watch = Some(updated);
        }
        position.looked = Some(now.as_second());
        Ok(Page {
            records,
            removals: Vec::new(),
            cursor: write_cursor(&position),
            more: false,
            complete: true,
            progress: None,
            availability: Availability::Available,
            asked: true,
        })
    }

    async fn look(&self, table: &str, watch: &mut Watch) -> Result<Vec<Record>, Failure> {
        let zone = self.facts().await?.zone.clone();
        let changes = match self.changed_rows(table, &[], watch.watermark, &zone).await {
            Ok(changes) => changes,
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() || refusal.is_unknown_type() => {
                return Ok(Vec::new());
            }
            Err(other) => return Err(other),
        };
        // These rows are whole: their fingerprint tells a change even within one second.
        let mut seen = BTreeMap::new();
        let mut fresh = Vec::new();
        for row in &changes.rows {
            let stamp = row
                .str("date_mod")
                .and_then(|naive| zone.earliest(naive))
                .map(Timestamp::as_second);
            watch.watermark = watch.watermark.max(stamp.unwrap_or(watch.watermark));
            let print = fingerprint(&row.0);
            if watch.seen.get(&row.id()) != Some(&print) {
                fresh.push(row.clone());
            }
            seen.insert(row.id(), print);
        }
        watch.watermark = changes.watermark(watch.watermark);
        watch.seen = seen;
        self.detail_records(table, &fresh).await
    }

    async fn detail_records(&self, table: &str, rows: &[Row]) -> Result<Vec<Record>, Failure> {
        let facts = self.facts().await?;
        let reader = self.reader(&facts);
        if table == "Document_Item" {
            return self.document_links(rows, &reader).await;
        }
        Ok(rows
            .iter()
            .filter_map(|row| match table {
                "Ticket_User" => reader.user_actor(row).map(Record::Actor),
                "Group_Ticket" => reader.group_actor(row).map(Record::Actor),
                "ITILFollowup" => reader.followup(row).map(|entry| Record::TimelineEntry(Box::new(entry))),
                "TicketTask" => reader.task(row).map(|entry| Record::TimelineEntry(Box::new(entry))),
                "ITILSolution" => reader.solution(row).map(|entry| Record::TimelineEntry(Box::new(entry))),
                "TicketValidation" => reader
                    .validation(row)
                    .map(|entry| Record::TimelineEntry(Box::new(entry))),
                "Document" => (!row.flag("is_deleted")).then(|| Record::Document(reader.document(row))),
                "Item_Ticket" => reader.asset_link(row).map(Record::AssetLink),
                "Ticket_Ticket" => reader.ticket_link(row).map(Record::TicketLink),
                _ => None,
            })
            .collect())
    }

    /// Links of documents. One that hangs on an entry does not name its ticket: the entry is asked.
    async fn document_links(&self, rows: &[Row], reader: &Reader<'_>) -> Result<Vec<Record>, Failure> {
        let entries: BTreeSet<(String, i64)> = rows
            .iter()
            .filter_map(|row| Some((row.str("itemtype")?.to_owned(), row.key("items_id")?)))
            .filter(|(itemtype, _)| itemtype != "Ticket")
            .collect();
        let tickets: BTreeMap<(String, i64), Option<TicketId>> = stream::iter(entries)
            .map(|(itemtype, id)| async move {
                let ticket = self.ticket_of_entry(&itemtype, id).await?;
                Ok::<_, Failure>(((itemtype, id), ticket))
            })
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        Ok(rows
            .iter()
            .filter_map(|row| {
                let place = (row.str("itemtype")?.to_owned(), row.key("items_id")?);
                reader
                    .document_link(row, tickets.get(&place).copied().flatten())
                    .map(Record::DocumentLink)
            })
            .collect())
    }
}
