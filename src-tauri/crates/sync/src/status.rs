//! What the status bar, the banner and the first-sync screen are told.

use crate::{CollectionProgress, Engine, SyncError, SyncStatus, pull::READING_ORDER};
use guichet_domain::{catalogue::Availability, outbox::Gate, record::Collection};
use guichet_store::CollectionState;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What the status is made from, besides the databases.
#[derive(Debug, Default)]
pub(crate) struct StatusMemory {
    pub(crate) running: bool,
    pub(crate) last_round_at: Option<Timestamp>,
    /// The end of the last round of an earlier start was looked up.
    last_round_known: bool,
    pub(crate) last_error: Option<String>,
    /// The first reading's progress; empty once everything was read.
    pub(crate) first_sync: Vec<CollectionProgress>,
    pub(crate) rate: Option<Rate>,
}

/// Rows a second since a first reading began (or went on, after a restart).
#[derive(Debug)]
pub(crate) struct Rate {
    since: Timestamp,
    rows: u64,
}

impl Rate {
    pub(crate) fn started(since: Timestamp) -> Self {
        Self { since, rows: 0 }
    }

    pub(crate) fn add(&mut self, rows: u64) {
        self.rows = self.rows.saturating_add(rows);
    }

    #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
    fn per_second(&self, now: Timestamp) -> Option<f64> {
        let seconds = now.duration_since(self.since).as_secs_f64();
        (seconds > 0.0).then(|| self.rows as f64 / seconds)
    }
}

/// The first reading's progress, empty when every readable collection was read once.
pub(crate) fn first_sync(states: &BTreeMap<Collection, CollectionState>) -> Vec<CollectionProgress> {
    let all: Vec<CollectionProgress> = READING_ORDER
        .iter()
        .map(|collection| {
            let state = states.get(collection).cloned().unwrap_or_default();
            let (done, total) = state.progress.map_or((0, None), |(done, total)| (done, Some(total)));
            CollectionProgress {
                collection: *collection,
                done: u32::try_from(done).unwrap_or(u32::MAX),
                total: total.map(|total| u32::try_from(total).unwrap_or(u32::MAX)),
                complete: state.complete,
                unavailable: unreadable(&state),
            }
        })
        .collect();
    if all.iter().all(|progress| progress.complete || progress.unavailable) {
        Vec::new()
    } else {
        all
    }
}

/// Whether the account (or the backend) has no such collection.
pub(crate) fn unreadable(state: &CollectionState) -> bool {
    matches!(state.availability, Availability::Forbidden | Availability::Unsupported)
}

impl Engine {
    /// Looks up once when an earlier start last read everything: what a window started without a network shows.
    pub(crate) async fn load_last_round(&self) -> Result<(), SyncError> {
        if !self.status.lock().last_round_known {
            let ended = self.db(self.store.last_round_at()).await?;
            let mut status = self.status.lock();
            status.last_round_known = true;
            status.last_round_at = ended;
        }
        Ok(())
    }

    /// A round begins or ends.
    pub(crate) async fn set_running(&self, running: bool) -> Result<(), SyncError> {
        self.status.lock().running = running;
        self.publish_status().await
    }

    /// The code of the last error, for the status bar.
    pub(crate) fn remember_error(&self, code: &str) {
        self.status.lock().last_error = Some(code.to_owned());
    }

    /// Shows a gate that just changed.
    pub(crate) fn publish_gate(&self, gate: &Gate) {
        self.status_sender.send_if_modified(|status| {
            let changed = status.gate != *gate;
            status.gate.clone_from(gate);
            changed
        });
    }

    /// Publishes the whole status.
    pub(crate) async fn publish_status(&self) -> Result<(), SyncError> {
        let outbox = self.db(self.store.outbox_counts()).await?;
        let gate = self.gate.lock().gate.clone();
        let now = self.clock.now();
        let status = {
            let memory = self.status.lock();
            SyncStatus {
                gate,
                running: memory.running,
                last_round_at: memory.last_round_at,
                rows_per_second: if memory.first_sync.is_empty() {
                    None
                } else {
                    memory.rate.as_ref().and_then(|rate| rate.per_second(now))
                },
                first_sync: memory.first_sync.clone(),
                outbox,
                last_error: memory.last_error.clone(),
            }
        };
        self.status_sender.send_if_modified(|shown| {
            let changed = *shown != status;
            *shown = status;
            changed
        });
        Ok(())
    }
}
