//! Keeping the mirror and the server in step: rounds, the outbox pump, the gate, backoff and probing.
//!
//! No HTTP and no SQL here: the server is a [`guichet_backend::Backend`], the databases are a [`guichet_store::Store`].
//! Every step that a crash could separate from the next is named to [`Steps`], so that the simulation can stop there.

mod backoff;
mod engine;
mod gate;
mod history;
mod lock;
mod poll;
mod probe;
mod pull;
mod pump;
mod reconcile;
mod restored;
mod sight;
mod status;
mod time;

pub use engine::Engine;
pub use restored::{AfterRestore, LostWords};

use async_trait::async_trait;
use guichet_backend::BackendError;
use guichet_domain::{outbox::Gate, record::Collection};
use guichet_store::{ChangeSet, OutboxCounts, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// What the engine can be told by configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncSettings {
    /// Interval between rounds while the user is active.
    pub active_interval: Duration,
    /// Longest interval when nobody is there.
    pub idle_interval: Duration,
    /// Longest time the server may go on with a request whose reply was lost.
    pub longest_processing: Duration,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Between two comparisons of complete identity lists (purges).
    pub reconcile_interval: Duration,
    /// First delay after a failure; doubles with jitter up to `backoff_max`.
    pub backoff_min: Duration,
    /// Longest delay after failures.
    pub backoff_max: Duration,
    /// Attempts after which an entry with unexplained refusals is shown to a person.
    pub max_attempts: u32,
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            active_interval: Duration::from_secs(5),
            idle_interval: Duration::from_secs(60),
            longest_processing: Duration::from_secs(120),
            concurrency: 4,
            reconcile_interval: Duration::from_secs(300),
            backoff_min: Duration::from_secs(1),
            backoff_max: Duration::from_secs(60),
            max_attempts: 8,
        }
    }
}

/// Where the simulation may stop the engine. Does nothing in the product.
#[async_trait]
pub trait Steps: Send + Sync + 'static {
    /// The engine reached a step. A crash is simulated by never returning.
    async fn reached(&self, step: &'static str);

    /// Polls one call of the store. The simulation polls it to the end on the spot: the databases have threads of their
    /// own, and whatever waits for them would make the same seed run differently twice.
    fn poll_store(&self, call: Pin<&mut (dyn Future<Output = ()> + Send)>, context: &mut Context<'_>) -> Poll<()> {
        call.poll(context)
    }
}

/// No crash is planned.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSteps;

#[async_trait]
impl Steps for NoSteps {
    async fn reached(&self, _step: &'static str) {}
}

/// Progress of a first reading, per collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CollectionProgress {
    /// Which.
    pub collection: Collection,
    /// Rows done.
    pub done: u32,
    /// Rows in all, where known.
    pub total: Option<u32>,
    /// Read completely.
    pub complete: bool,
    /// The account may not read it.
    pub unavailable: bool,
}

/// What the status bar, the banner and the first-sync screen show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SyncStatus {
    /// Whether requests may be made.
    pub gate: Gate,
    /// A round is under way.
    pub running: bool,
    /// End of the last complete round.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub last_round_at: Option<Timestamp>,
    /// The first reading, while it lasts.
    pub first_sync: Vec<CollectionProgress>,
    /// Rows a second during the first reading.
    pub rows_per_second: Option<f64>,
    /// The outbox in numbers.
    pub outbox: OutboxCounts,
    /// Code of the last error, for the message catalogue.
    pub last_error: Option<String>,
}

/// What one round did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundReport {
    /// Rows applied, by collection name.
    pub applied: std::collections::BTreeMap<String, u64>,
    /// Operations known to have arrived in this round.
    pub sent: u32,
    /// Operations still pending after it.
    pub waiting: u32,
    /// The gate after it.
    pub gate: Gate,
}

/// What happened, for the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SyncEvent {
    /// Reads to make again.
    Changed(ChangeSet),
}

/// Why a round or a request on demand failed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// The databases.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server.
    #[error(transparent)]
    Backend(#[from] BackendError),
}
