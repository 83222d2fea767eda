//! Reading: one page of each collection in turn, the outbox first.
//!
//! Each page is applied in one transaction with its cursor, so that a kill in the middle of a first reading of a million
//! tickets loses one page at most. What hangs on tickets is read once the tickets themselves are. During a first reading the
//! next page of a collection is asked for while the last one is being written, so that neither the server nor the disk waits
//! for the other.

use crate::{Engine, RoundReport, SyncError, gate::Pass, status, time};
use guichet_backend::{BackendError, Cursor, Page, Retry};
use guichet_domain::{
    catalogue::{Availability, CatalogueKind},
    record::Collection,
};
use guichet_store::{Batch, CollectionState};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::atomic::Ordering, time::Duration};

/// In what order collections take turns.
pub(crate) const READING_ORDER: [Collection; 17] = {
    let lists = CatalogueKind::ALL;
    [
        Collection::Catalogue(lists[0]),
        Collection::Catalogue(lists[1]),
        Collection::Catalogue(lists[2]),
        Collection::Catalogue(lists[3]),
        Collection::Catalogue(lists[4]),
        Collection::Catalogue(lists[5]),
        Collection::Catalogue(lists[6]),
        Collection::Catalogue(lists[7]),
        Collection::Catalogue(lists[8]),
        Collection::Catalogue(lists[9]),
        Collection::Catalogue(lists[10]),
        Collection::Groups,
        Collection::Tickets,
        Collection::People,
        Collection::TicketDetails,
        Collection::Articles,
        Collection::Assets,
    ]
};

/// How often people and articles are asked for changes, once read.
const SLOW_INTERVAL: Duration = Duration::from_secs(60);

/// Pages in a row without a record before a collection has to wait for the next round.
const EMPTY_PAGES: u32 = 50;

/// What reading remembers between rounds; the cursors themselves are in the store.
#[derive(Debug, Default)]
pub(crate) struct ReadingState {
    pub(crate) states: BTreeMap<Collection, CollectionState>,
    loaded: bool,
    /// When each collection was last read to its end.
    read_at: BTreeMap<Collection, Timestamp>,
    /// Failures in a row of one collection's reading: those that work come first.
    failures: BTreeMap<Collection, u32>,
    /// When the history was last read to its end, or refused.
    pub(crate) history_read_at: Option<Timestamp>,
    /// Comparison of identities.
    pub(crate) reconciling: crate::reconcile::Reconciling,
}

impl ReadingState {
    /// Reads the cursors once.
    pub(crate) async fn load(&mut self, engine: &Engine) -> Result<(), SyncError> {
        if !self.loaded {
            self.states = engine.db(engine.store.collection_states()).await?.into_iter().collect();
            self.reconciling.watched = engine.watch().await?;
            self.loaded = true;
        }
        engine.status.lock().first_sync = status::first_sync(&self.states);
        Ok(())
    }

    pub(crate) fn state(&self, collection: Collection) -> CollectionState {
        self.states.get(&collection).cloned().unwrap_or_default()
    }

    fn is_complete(&self, collection: Collection) -> bool {
        self.states.get(&collection).is_some_and(|state| state.complete)
    }

    /// Whether a collection is worth asking now.
    fn due(&self, collection: Collection, now: Timestamp, reconcile_interval: Duration) -> bool {
        if collection == Collection::TicketDetails && !self.is_complete(Collection::Tickets) {
            return false;
        }
        let interval = match collection {
            Collection::Tickets | Collection::TicketDetails => Duration::ZERO,
            Collection::People | Collection::Articles => SLOW_INTERVAL.min(reconcile_interval),
            Collection::Catalogue(_) | Collection::Groups | Collection::Assets => reconcile_interval,
        };
        self.read_at
            .get(&collection)
            .is_none_or(|at| now >= time::after(*at, interval))
    }
}

/// A page asked for while the one before it was being written.
struct Ahead {
    /// What had been mirrored when it was asked for ([`Engine::mirrored`]).
    mirrored: u64,
    /// The gate's pass it was asked under.
    pass: Pass,
    cursor: Cursor,
    answer: Result<Page, BackendError>,
}

/// Pages that wait to be written, by collection.
type PagesAhead = BTreeMap<Collection, Ahead>;

/// What one page left to do.
enum Turn {
    More,
    Done,
    Closed,
}

impl Engine {
    /// Reads every collection that is due to its end, one page each in turn, draining the outbox between pages.
    pub(crate) async fn pull(
        &self,
        round: Pass,
        reading: &mut ReadingState,
        report: &mut RoundReport,
    ) -> Result<(), SyncError> {
        let mut order = READING_ORDER.to_vec();
        order.sort_by_key(|collection| reading.failures.get(collection).copied().unwrap_or(0));
        let mut done = Vec::new();
        let mut ahead = PagesAhead::new();
        let mut empty: BTreeMap<Collection, u32> = BTreeMap::new();
        loop {
            let mut read_something = false;
            for collection in &order {
                let now = self.clock.now();
                if done.contains(collection) || !reading.due(*collection, now, self.settings.reconcile_interval) {
                    continue;
                }
                read_something = true;
                let rows = match self.pull_page(*collection, reading, &mut ahead, report).await? {
                    (Turn::Closed, _) => return Ok(()),
                    (Turn::Done, rows) => {
                        done.push(*collection);
                        reading.read_at.insert(*collection, now);
                        rows
                    }
                    (Turn::More, rows) => rows,
                };
                let empty = empty.entry(*collection).or_default();
                *empty = if rows == 0 { *empty + 1 } else { 0 };
                if *empty > EMPTY_PAGES && !done.contains(collection) {
                    tracing::warn!(?collection, "pages without an end");
                    done.push(*collection);
                }
                // Nobody may have been asked for that page: behind a gate that is not open the answers wait for one who was.
                if self.gate_is_open() {
                    report.sent += self.drain(round).await?;
                }
                if self.closed_since(round) {
                    return Ok(());
                }
            }
            if !read_something {
                return Ok(());
            }
        }
    }

    async fn pull_page(
        &self,
        collection: Collection,
        reading: &mut ReadingState,
        ahead: &mut PagesAhead,
        report: &mut RoundReport,
    ) -> Result<(Turn, u64), SyncError> {
        let mirroring = self.mirroring.lock().await;
        let before = reading.state(collection);
        let cursor = before.cursor.clone().map(Cursor);
        let mirrored = self.mirrored.load(Ordering::SeqCst);
        let held = ahead
            .remove(&collection)
            .filter(|page| page.mirrored == mirrored && Some(&page.cursor) == cursor.as_ref());
        let (pass, answer) = match held {
            Some(page) => (page.pass, page.answer),
            None => (self.pass(), self.backend.pull(collection, cursor.as_ref()).await),
        };
        if answer.as_ref().map_or(true, |page| page.asked) {
            self.note(pass, &answer).await?;
        }
        self.steps.reached("page.read").await;
        let page = match answer {
            Ok(page) => page,
            Err(error) => {
                *reading.failures.entry(collection).or_default() += 1;
                if error.retry() != Retry::Permanent {
                    return Ok((Turn::Closed, 0));
                }
                tracing::warn!(?collection, %error, "a collection cannot be read");
                return Ok((self.cannot_be_read(collection, before, &error, reading).await?, 0));
            }
        };
        reading.failures.remove(&collection);
        let Page {
            records,
            removals,
            cursor,
            more,
            complete,
            progress,
            availability,
            asked: _,
        } = page;
        let first_reading = !before.complete;
        let rows = (records.len() + removals.len()) as u64;
        let state = CollectionState {
            cursor: Some(cursor.0),
            complete: complete || before.complete,
            progress: progress.or(before.progress),
            availability,
        };
        let stood_still = rows == 0 && before.cursor == state.cursor;
        if rows > 0 || before != state {
            let batch = Batch {
                collection: Some(collection),
                state: Some(state.clone()),
                records,
                removals,
            };
            if !first_reading {
                self.mirrored.fetch_add(1, Ordering::SeqCst);
            }
            let worth_it = first_reading && more && !stood_still;
            let next = state.cursor.clone().filter(|_| worth_it).map(Cursor);
            let (changes, page) = tokio::join!(self.db(self.store.apply(&batch)), self.ask_ahead(collection, next));
            let changes = changes?;
            ahead.extend(page.map(|page| (collection, page)));
            self.steps.reached("page.applied").await;
            self.publish(changes);
        }
        drop(mirroring);
        reading.states.insert(collection, state);
        if rows > 0 {
            *report.applied.entry(name(collection)).or_default() += rows;
        }
        if first_reading {
            self.count_rows(rows);
            self.status.lock().first_sync = status::first_sync(&reading.states);
            self.publish_status().await?;
        }
        Ok((if more && !stood_still { Turn::More } else { Turn::Done }, rows))
    }

    /// Asks for the page at `cursor`, if any; who takes the answer notes what it says about the server.
    async fn ask_ahead(&self, collection: Collection, cursor: Option<Cursor>) -> Option<Ahead> {
        let cursor = cursor?;
        let (pass, mirrored) = (self.pass(), self.mirrored.load(Ordering::SeqCst));
        let answer = self.backend.pull(collection, Some(&cursor)).await;
        Some(Ahead {
            mirrored,
            pass,
            cursor,
            answer,
        })
    }

    /// The server refuses a whole collection: it is shown as unavailable, not as empty, and asked again later.
    async fn cannot_be_read(
        &self,
        collection: Collection,
        mut state: CollectionState,
        error: &BackendError,
        reading: &mut ReadingState,
    ) -> Result<Turn, SyncError> {
        let availability = match error {
            BackendError::Forbidden { .. } => Availability::Forbidden,
            BackendError::Unsupported { .. } => Availability::Unsupported,
            _ => return Ok(Turn::Done),
        };
        if state.availability != availability {
            state.availability = availability;
            let batch = Batch {
                collection: Some(collection),
                state: Some(state.clone()),
                ..Batch::default()
            };
            let changes = self.db(self.store.apply(&batch)).await?;
            self.publish(changes);
            reading.states.insert(collection, state);
            self.status.lock().first_sync = status::first_sync(&reading.states);
        }
        Ok(Turn::Done)
    }
}

/// A collection's name in a report.
pub(crate) fn name(collection: Collection) -> String {
    match collection {
        Collection::Catalogue(_) => "catalogues",
        Collection::Groups => "groups",
        Collection::People => "people",
        Collection::Tickets => "tickets",
        Collection::TicketDetails => "ticket_details",
        Collection::Articles => "articles",
        Collection::Assets => "assets",
    }
    .to_owned()
}
