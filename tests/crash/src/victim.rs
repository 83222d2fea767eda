//! The process that is killed.

use crate::{KEY, script};
use async_trait::async_trait;
use guichet_backend::SystemClock;
use guichet_backend_glpi::{Credentials, GlpiBackend, GlpiConfig, HttpTransport, HttpTransportError};
use guichet_domain::record::Collection;
use guichet_store::{Store, StoreError};
use guichet_sync::{Engine, Steps, SyncError, SyncSettings};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    io::Write,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

/// After this the process gives up and says so: everything it waits for takes far less.
const PATIENCE: Duration = Duration::from_secs(30);

/// One life.
#[derive(Debug, Clone, clap::Args)]
pub struct Life {
    /// The profile's folder.
    #[arg(long)]
    pub folder: PathBuf,
    /// The server.
    #[arg(long)]
    pub url: String,
    /// The account's token there (the sandbox's own, no secret).
    #[arg(long)]
    pub token: String,
    /// The script's seed.
    #[arg(long)]
    pub seed: u64,
    /// The first step that was not acknowledged.
    #[arg(long, default_value_t = 0)]
    pub from: u32,
    /// The place to die at.
    #[arg(long)]
    pub place: Option<String>,
    /// Dies when it is reached for the so many-th time.
    #[arg(long, default_value_t = 1)]
    pub passage: u32,
    /// Acknowledge each step before it is done: the referee must find that out.
    #[arg(long)]
    pub early: bool,
}

/// Why a life ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum Ended {
    /// The store.
    #[error("{code}: {0}", code = .0.code())]
    Store(#[from] StoreError),
    /// The engine.
    #[error("the engine: {0}")]
    Sync(#[from] SyncError),
    /// The adapter.
    #[error("the adapter: {0}")]
    Transport(#[from] HttpTransportError),
    /// The system.
    #[error("the system: {0}")]
    Io(#[from] std::io::Error),
    /// The outbox does not come to rest.
    #[error("the outbox did not come to rest: {0}")]
    Stuck(String),
}

/// The place to die at, with the passages left.
static DEATH: OnceLock<(String, u32)> = OnceLock::new();
static PASSAGES: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

/// A place was reached: it is counted, and the planned passage is the last thing this process does.
fn reached(place: &str) {
    let mut passages = PASSAGES.lock().unwrap_or_else(PoisonError::into_inner);
    let count = passages.entry(place.to_owned()).or_default();
    *count += 1;
    if DEATH
        .get()
        .is_some_and(|(planned, passage)| planned == place && count == passage)
    {
        die();
    }
}

#[cfg(unix)]
fn die() -> ! {
    // The system ends the process before this call returns; what would be after it must not run all the same.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    loop {
        std::thread::park();
    }
}

#[cfg(not(unix))]
fn die() -> ! {
    std::process::abort()
}

/// The engine's own steps are places too.
struct Places;

#[async_trait]
impl Steps for Places {
    async fn reached(&self, step: &'static str) {
        reached(&format!("engine.{step}"));
    }
}

/// A line for the referee, on its way before anything else happens.
fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Works through the script from `from` on, then until nothing is left to send.
///
/// # Errors
/// Whatever the program would tell a person.
pub fn live(life: &Life) -> Result<(), Ended> {
    if let Some(place) = &life.place {
        let _ = DEATH.set((place.clone(), life.passage));
    }
    // Without debug assertions there are no places: nothing but the engine's steps is left to die at.
    #[cfg(debug_assertions)]
    guichet_store::failpoint::on_reached(reached);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work(life))
}

async fn work(life: &Life) -> Result<(), Ended> {
    let begun = Instant::now();
    let (store, report) = Store::open(&life.folder, &KEY, Timestamp::now()).await?;
    say(&format!("opened {}", report.mirror_moved_aside.is_some()))?;
    let backend = GlpiBackend::new(
        Arc::new(HttpTransport::new(&life.url)?),
        Credentials::user_token(&life.token),
        GlpiConfig::default(),
        Arc::new(SystemClock),
    );
    // The product's, shortened: what is in doubt is asked about as soon as the server cannot be at it any more.
    let settings = SyncSettings {
        longest_processing: Duration::from_millis(300),
        backoff_min: Duration::from_millis(20),
        backoff_max: Duration::from_millis(200),
        ..SyncSettings::default()
    };
    let engine = Engine::new(
        store.clone(),
        Arc::new(backend),
        Arc::new(SystemClock),
        Arc::new(Places),
        settings,
        life.seed,
    );
    engine.recall().await?;
    // Nobody works on tickets that are not shown: the first life, and one after the mirror was moved aside, read them first.
    loop {
        engine.round().await?;
        if !store.ids(Collection::Tickets).await?.is_empty() {
            break;
        }
        if begun.elapsed() > PATIENCE {
            return Err(Ended::Stuck("the tickets were not read".to_owned()));
        }
        engine.nudge();
    }
    for step in life.from..script::STEPS {
        if life.early {
            say(&format!("done {step}"))?;
        }
        script::perform(&store, life.seed, step).await?;
        if !life.early {
            say(&format!("done {step}"))?;
        }
        if step % 4 == 3 {
            engine.round().await?;
        }
    }
    loop {
        let counts = store.outbox_counts().await?;
        if counts.pending == 0 {
            break;
        }
        if counts.wedged > 0 || begun.elapsed() > PATIENCE {
            let entries = store.outbox(None, false).await?;
            return Err(Ended::Stuck(
                entries
                    .iter()
                    .map(|entry| format!("{} {} {:?}; ", entry.operation.name(), entry.lane, entry.state))
                    .collect(),
            ));
        }
        engine.nudge();
        engine.round().await?;
        if let Some(due) = store.next_due().await? {
            // What is in doubt may be asked about from then on.
            let left = due.duration_since(Timestamp::now());
            tokio::time::sleep(Duration::try_from(left).unwrap_or_default()).await;
        }
    }
    store.close().await;
    let passages = PASSAGES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for (place, count) in passages {
        say(&format!("place {count} {place}"))?;
    }
    say("drained")?;
    Ok(())
}
