//! Tickets: first every ticket's own fields, newest first; then what changed, as whole bundles.
//!
//! **Delta.** The list sorted by `date_mod` is walked from its newest row down to the watermark minus an overlap, because
//! `date_mod` is the *start* of the writing request: a slow one becomes visible after later stamps were seen. What was
//! already read inside that window is remembered by (number, date), so an idle delta brings nothing. A date has seconds
//! only: a ticket read in the very second of its stamp, or while a slow request with the same stamp may still be under way,
//! is read once more when that second, and later the overlap, has passed.
//!
//! The bin is walked the same way: a ticket put there leaves the ordinary list without a trace.

use crate::{
    backend::GlpiBackend,
    bundle::Fetched,
    client::Failure,
    pull::{fingerprint, read_cursor, walk::Walk, write_cursor},
    wire::Row,
    zone::ServerZone,
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use guichet_backend::{BackendError, Cursor, Page};
use guichet_domain::{
    TicketId,
    catalogue::Availability,
    record::{Departure, Record, RecordKey, Removal},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// How far below a clock that was set back changes are looked for, in seconds: two days cover a clock that was a day wrong and a desk
/// that was away for another.
const SET_BACK_S: i64 = 48 * 3600;
/// Seconds after which a stamp's own second has surely passed.
const SAME_SECOND_S: i64 = 3;
/// Rows asked for first in a delta: usually enough for all of it.
const FIRST_LOOK: u64 = 100;

/// Where reading the tickets stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
// Tagged from outside: serde cannot read maps with numbers as keys inside an internally tagged value.
#[serde(rename_all = "snake_case")]
enum Position {
    /// Reading all of them. The watermark is taken before the first page.
    Full { walk: Walk, watermark: Option<i64> },
    /// Following changes.
    Delta(Delta),
}

impl Default for Position {
    fn default() -> Self {
        Self::Full {
            walk: Walk::default(),
            watermark: None,
        }
    }
}

/// A ticket read inside the window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    /// Its `date_mod` as the server writes it.
    at: String,
    /// When it was read, by the server's clock.
    read: i64,
    /// Fingerprint of what was read.
    print: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Delta {
    /// The newest change known when the last complete walk began (epoch seconds).
    watermark: i64,
    /// Tickets read inside the window.
    seen: BTreeMap<i64, Seen>,
    /// Binned tickets told inside the window, with their date.
    bin: BTreeMap<i64, String>,
    /// Changed tickets still to be read, newest change first.
    todo: Vec<i64>,
    /// The watermark once they are.
    next: Option<i64>,
}

impl GlpiBackend {
    pub(crate) async fn pull_tickets(&self, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        match read_cursor::<Position>(cursor) {
            Position::Full { walk, watermark } => self.full_tickets(walk, watermark).await,
            Position::Delta(delta) => self.delta_tickets(delta).await,
        }
        .map_err(BackendError::from)
    }

    async fn full_tickets(&self, walk: Walk, watermark: Option<i64>) -> Result<Page, Failure> {
        let watermark = match watermark {
            Some(watermark) => watermark,
            None => self.newest_change("Ticket").await?,
        };
        let facts = self.facts().await?;
        let step = self
            .step("Ticket", &[], &walk, u64::from(self.config.ticket_page))
            .await?;
        let mut records = self.learn_names(&step.rows).await?;
        let reader = self.reader(&facts);
        records.extend(step.rows.iter().map(|row| Record::Ticket(Box::new(reader.ticket(row)))));
        let total = step.total.unwrap_or(step.walk.offset).max(step.walk.offset);
        let progress = Some((step.walk.offset.min(total), total));
        let position = if step.done {
            Position::Delta(Delta {
                watermark,
                ..Delta::default()
            })
        } else {
            Position::Full {
                walk: step.walk,
                watermark: Some(watermark),
            }
        };
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

    /// The newest `date_mod` of a table (epoch seconds, the earliest reading of an ambiguous hour), or the server's own
    /// clock for an empty one, and where rows are dated later than that: what changes next is dated by the clock.
    pub(crate) async fn newest_change(&self, table: &str) -> Result<i64, Failure> {
        let zone = self.facts().await?.zone.clone();
        let listing = self.client.list(table, &[], ("date_mod", "DESC"), 0, 1).await?;
        let newest = listing
            .rows
            .first()
            .and_then(|row| row.str("date_mod"))
            .and_then(|naive| zone.earliest(naive));
        let now = listing.date.unwrap_or_else(|| self.client.now());
        Ok(newest.unwrap_or(now).min(now).as_second())
    }

    async fn delta_tickets(&self, mut delta: Delta) -> Result<Page, Failure> {
        let mut removals = BTreeSet::new();
        if delta.todo.is_empty() {
            self.look_for_changes(&mut delta, &mut removals).await?;
        }
        let now = self.server_now().await?;
        let batch: Vec<i64> = delta
            .todo
            .drain(..delta.todo.len().min(self.config.bundles_per_page.max(1) as usize))
            .collect();
        let fetched: Vec<(i64, Fetched)> = stream::iter(batch)
            .map(|id| async move { self.fetch_ticket(TicketId(id)).await.map(|fetched| (id, fetched)) })
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        let zone = self.facts().await?.zone.clone();
        let mut records = Vec::new();
        for (id, fetched) in fetched {
            let departure = match fetched {
                Fetched::Bundle(bundle) => {
                    let print = fingerprint(&bundle);
                    let at = zone.write(bundle.ticket.updated_at);
                    let same = delta
                        .seen
                        .get(&id)
                        .is_some_and(|seen| seen.at == at && seen.print == print);
                    delta.seen.insert(
                        id,
                        Seen {
                            at,
                            read: now.as_second(),
                            print,
                        },
                    );
                    if !same {
                        records.extend(self.names_of(&bundle).await);
                        records.push(Record::Bundle(bundle));
                    }
                    continue;
                }
                Fetched::Binned => Departure::Binned,
                Fetched::Purged => Departure::Purged,
                Fetched::Hidden => Departure::Hidden,
            };
            delta.seen.remove(&id);
            removals.insert(Removal {
                key: RecordKey::Ticket(TicketId(id)),
                departure,
            });
        }
        if delta.todo.is_empty()
            && let Some(next) = delta.next.take()
        {
            delta.watermark = next;
        }
        let more = !delta.todo.is_empty();
        Ok(Page {
            records,
            removals: removals.into_iter().collect(),
            cursor: write_cursor(&Position::Delta(delta)),
            more,
            complete: true,
            progress: None,
            availability: Availability::Available,
            asked: true,
        })
    }

    /// Walks both lists down to the window's end and notes what changed. The bin first: a ticket restored in between then
    /// shows up among the changed.
    async fn look_for_changes(&self, delta: &mut Delta, removals: &mut BTreeSet<Removal>) -> Result<(), Failure> {
        let zone = self.facts().await?.zone.clone();
        let bin = [("is_deleted", "true".to_owned())];
        let binned = self.changed_rows("Ticket", &bin, delta.watermark, &zone).await?;
        let alive = self.changed_rows("Ticket", &[], delta.watermark, &zone).await?;
        let now = self.server_now().await?.as_second();
        let overlap = i64::try_from(self.config.overlap.as_secs()).unwrap_or(i64::MAX);

        let mut bin = BTreeMap::new();
        for row in &binned.rows {
            let at = row.str("date_mod").unwrap_or_default().to_owned();
            if delta.bin.get(&row.id()) != Some(&at) {
                removals.insert(Removal {
                    key: RecordKey::Ticket(TicketId(row.id())),
                    departure: Departure::Binned,
                });
            }
            delta.seen.remove(&row.id());
            bin.insert(row.id(), at);
        }
        delta.bin = bin;

        let mut window = BTreeMap::new();
        let mut newest = delta.watermark;
        for row in &alive.rows {
            let id = row.id();
            let at = row.str("date_mod").unwrap_or_default();
            let stamp = zone.earliest(at).map_or(delta.watermark, Timestamp::as_second);
            newest = newest.max(stamp);
            // Restored between the two reads.
            removals.remove(&Removal {
                key: RecordKey::Ticket(TicketId(id)),
                departure: Departure::Binned,
            });
            delta.bin.remove(&id);
            let known = delta.seen.get(&id).filter(|seen| seen.at == at).cloned();
            if known
                .as_ref()
                .is_none_or(|seen| read_too_early(seen.read - stamp, now - stamp, overlap))
            {
                delta.todo.push(id);
            }
            if let Some(seen) = known {
                window.insert(id, seen);
            }
        }
        delta.seen = window;
        delta.next = Some(alive.watermark(newest));
        Ok(())
    }

    /// The rows of a table changed since a watermark (epoch seconds) or shortly before it, newest change first. Rows that change
    /// while it is walked only move up, where the next walk finds them; an overlap of rows keeps removed ones from hiding others.
    ///
    /// Rows are dated by the server's clock. One that was set back dates what changes next below what was seen last: the walk goes
    /// down by [`SET_BACK_S`] then.
    pub(crate) async fn changed_rows(
        &self,
        table: &str,
        query: &[(&str, String)],
        watermark: i64,
        zone: &ServerZone,
    ) -> Result<Changes, Failure> {
        let mut floor = watermark - i64::try_from(self.config.overlap.as_secs()).unwrap_or(i64::MAX);
        let mut until = None;
        let page = u64::from(self.config.ticket_page.max(2));
        let overlap = u64::from(self.config.page_overlap).min(page / 2);
        let mut found: Vec<Row> = Vec::new();
        let mut ids = BTreeSet::new();
        let (mut start, mut count) = (0_u64, FIRST_LOOK.min(page));
        loop {
            let listing = self
                .client
                .list(table, query, ("date_mod", "DESC"), start, count)
                .await?;
            if until.is_none() {
                let now = listing.date.unwrap_or_else(|| self.client.now()).as_second();
                if now < floor {
                    floor = now - SET_BACK_S;
                }
                until = Some(now);
            }
            let got = listing.rows.len() as u64;
            let mut below = false;
            for row in listing.rows {
                // An ambiguous hour is taken at its latest: rather one row too many than one too few.
                let stamp = row
                    .str("date_mod")
                    .and_then(|naive| zone.latest(naive))
                    .map(Timestamp::as_second);
                if stamp.is_some_and(|stamp| stamp < floor) || stamp.is_none() {
                    below = true;
                } else if ids.insert(row.id()) {
                    found.push(row);
                }
            }
            let end = start + got;
            if below || got < count || listing.total.is_some_and(|total| end >= total) {
                return Ok(Changes { rows: found, until });
            }
            start = end.saturating_sub(overlap);
            count = page;
        }
    }

    /// Names learned for a bundle's ticket, again as records: they are part of its page.
    async fn names_of(&self, bundle: &guichet_domain::record::TicketBundle) -> Vec<Record> {
        use guichet_domain::catalogue::CatalogueKind;
        let ticket = &bundle.ticket;
        let references = [
            (CatalogueKind::Category, ticket.category.as_ref()),
            (CatalogueKind::Location, ticket.location.as_ref()),
            (CatalogueKind::Channel, ticket.channel.as_ref()),
            (CatalogueKind::Entity, ticket.entity.as_ref()),
        ];
        references
            .into_iter()
            .filter_map(|(kind, reference)| reference.map(|reference| (kind, reference)))
            .filter(|(kind, _)| self.names.is_refused(*kind))
            .filter_map(|(kind, reference)| {
                let name = reference.name.as_deref()?;
                Some(Record::Catalogue(crate::names::by_expansion(kind, reference.id, name)))
            })
            .collect()
    }
}

/// Changed rows of a table.
pub(crate) struct Changes {
    pub(crate) rows: Vec<Row>,
    /// The server's clock (epoch seconds) when the walk began.
    until: Option<i64>,
}

impl Changes {
    /// Where the next walk goes down to: the newest change seen, and never beyond the server's clock, by which later ones are dated.
    pub(crate) fn watermark(&self, newest: i64) -> i64 {
        self.until.map_or(newest, |until| newest.min(until))
    }
}

/// Whether a row was read while its stamp could still hide a later change (`age_then` seconds after it), and is old enough
/// now (`age_now`) to be read for good: once the stamp's own second has passed, and once more at the overlap's half, when a
/// slow request with the same stamp has surely become visible.
fn read_too_early(age_then: i64, age_now: i64, overlap: i64) -> bool {
    [SAME_SECOND_S, (overlap / 2).max(SAME_SECOND_S)]
        .iter()
        .any(|limit| age_then < *limit && age_now >= *limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delta_that_remembers_tickets_reads_back_from_its_cursor() {
        let seen = Seen {
            at: "2026-11-02 09:00:00".to_owned(),
            read: 7,
            print: "ab".to_owned(),
        };
        let position = Position::Delta(Delta {
            watermark: 5,
            seen: BTreeMap::from([(41, seen)]),
            bin: BTreeMap::from([(42, "2026-11-02 09:00:01".to_owned())]),
            todo: vec![43],
            next: Some(6),
        });
        assert_eq!(read_cursor::<Position>(Some(&write_cursor(&position))), position);
    }

    #[test]
    fn a_row_read_within_its_own_second_is_read_once_more() {
        assert!(!read_too_early(0, 1, 300), "its second may not have passed yet");
        assert!(read_too_early(0, 3, 300));
        assert!(
            !read_too_early(4, 60, 300),
            "read after its second, and a slow request may still be under way"
        );
        assert!(read_too_early(4, 150, 300));
        assert!(!read_too_early(151, 299, 300));
    }
}
