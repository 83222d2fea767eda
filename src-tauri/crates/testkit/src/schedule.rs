//! One schedule: a server, a client that lives and dies, a user and a colleague, in virtual time.

use crate::{
    Outcome, Sabotage,
    blocking::wait,
    check,
    clock::SimClock,
    colleague,
    desk::Desk,
    intents::Ledger,
    life::{Life, StepCounter},
    network::{Direct, Server, SimTransport},
    plan::{LIVENESS, LONGEST_PROCESSING, Plan},
    sabotage::Saboteur,
    trace::Trace,
    user::User,
};
use guichet_backend::{Backend, Clock};
use guichet_backend_glpi::{Credentials, GlpiBackend, GlpiConfig, transport::Transport};
use guichet_domain::UserId;
use guichet_sandbox::{Glpi, Options, Version, options::TECHNICIAN};
use guichet_store::{Store, StoreError};
use guichet_sync::{Engine, SyncSettings};
use jiff::Timestamp;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tempfile::TempDir;

/// What could not even be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error("runtime: {0}")]
    Runtime(#[from] std::io::Error),
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("engine: {0}")]
    Sync(#[from] guichet_sync::SyncError),
    #[error("the sandbox has no account {0}")]
    NoAccount(&'static str),
}

/// The engine's settings in a simulation: the product's, shortened so that 60 virtual seconds are enough for the longest
/// chain (a doubt that began at the last instant, its proof of absence, a backoff, and the lane behind it).
fn settings(plan: &Plan, sabotage: Sabotage) -> SyncSettings {
    SyncSettings {
        active_interval: Duration::from_secs(8),
        idle_interval: Duration::from_secs(16),
        longest_processing: match sabotage {
            Sabotage::ResendsUnprobed => Duration::ZERO,
            _ => LONGEST_PROCESSING,
        },
        concurrency: plan.concurrency,
        reconcile_interval: Duration::from_secs(20),
        backoff_min: Duration::from_millis(500),
        backoff_max: Duration::from_secs(6),
        max_attempts: 8,
    }
}

/// The adapter's configuration in a simulation: small pages, so that a first sync has many, and short beliefs.
fn adapter() -> GlpiConfig {
    GlpiConfig {
        ticket_page: 8,
        detail_page: 25,
        page_overlap: 2,
        bundles_per_page: 10,
        overlap: Duration::from_secs(50),
        slow_interval: Duration::from_secs(15),
        detail_interval: Duration::from_secs(10),
        ..GlpiConfig::default()
    }
}

/// The databases: in memory, or in files of a folder that goes with the schedule.
enum Databases {
    Memory,
    Files(TempDir),
}

impl Databases {
    fn new(plan: &Plan) -> Result<Self, SetupError> {
        if !plan.on_disk {
            return Ok(Self::Memory);
        }
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() {
            TempDir::new_in(memory)?
        } else {
            TempDir::new()?
        };
        Ok(Self::Files(folder))
    }

    fn open(&self, now: Timestamp) -> Result<Store, StoreError> {
        match self {
            Self::Memory => wait(Store::in_memory(now)),
            Self::Files(folder) => Ok(wait(Store::open(folder.path(), now))?.0),
        }
    }

    /// As after the process died.
    fn reopen(&self, store: Store, now: Timestamp) -> Result<Store, StoreError> {
        match self {
            Self::Memory => {
                wait(store.recover(now))?;
                Ok(store)
            }
            Self::Files(folder) => {
                // The kernel closes a dead process's files; nothing is written back on purpose.
                wait(store.close());
                drop(store);
                Ok(wait(Store::open(folder.path(), now))?.0)
            }
        }
    }
}

/// The server's data before anything happened. Making it up costs more than copying it.
fn demo(options: &Options) -> Glpi {
    static MADE: Mutex<BTreeMap<(u64, bool), Glpi>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (options.seed, options.version == Version::Eleven);
    made.entry(key).or_insert_with(|| Glpi::new(options.clone())).clone()
}

/// Runs one schedule on this thread.
pub(crate) fn run(seed: u64, sabotage: Sabotage, verbose: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(schedule(seed, sabotage, verbose)),
        Err(error) => Err(error.into()),
    };
    outcome.unwrap_or_else(|error| Outcome::broken(seed, error.to_string()))
}

async fn schedule(seed: u64, sabotage: Sabotage, verbose: bool) -> Result<Outcome, SetupError> {
    let mut plan = Plan::from_seed(seed);
    let options = Options {
        articles: 3,
        tickets: 14,
        ..Options::tiny(seed % 16)
    }
    .version(if plan.eleven { Version::Eleven } else { Version::Ten });
    let start = Timestamp::from_second(options.now).unwrap_or(Timestamp::UNIX_EPOCH);
    let clock = SimClock::starting(start);
    let trace = Trace::new(start, verbose);
    trace.add(start, format_args!("seed {seed}: {plan:?}"));
    let server = Server::new(demo(&options), clock, trace.clone());
    let me = UserId(
        server
            .glpi()
            .user_id(TECHNICIAN)
            .ok_or(SetupError::NoAccount(TECHNICIAN))?,
    );
    let databases = Databases::new(&plan)?;
    let store = databases.open(clock.now())?;
    let desk = Arc::new(Desk::default());
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let user = User::new(server.clone(), Arc::clone(&desk), Arc::clone(&ledger), plan.fork(), me);
    let user = user.work(plan.user_gap, plan.chaos);
    let colleague = colleague::work(server.clone(), plan.fork(), plan.colleague_gap, plan.chaos);
    let lives = Lives {
        server: server.clone(),
        desk: Arc::clone(&desk),
        settings: settings(&plan, sabotage),
        crashes: plan.crashes.clone(),
        chaos: plan.chaos,
        rng: plan.fork(),
        plan: Arc::new(Mutex::new(plan)),
        databases,
        sabotage,
        seed,
    };
    let others = async {
        tokio::join!(user, colleague);
        std::future::pending::<()>().await;
    };
    let store = tokio::select! {
        biased;
        store = lives.run(store) => store?,
        () = others => unreachable_store()?,
    };
    let ledger = std::mem::take(&mut *ledger.lock().unwrap_or_else(PoisonError::into_inner));
    let direct = client(&server, Arc::new(Direct(server.clone())))?;
    let findings = check::check(&server, &store, &ledger, &direct, me).await;
    wait(store.close());
    let (faults, crashes) = trace.troubles();
    Ok(Outcome {
        seed,
        findings,
        hash: trace.hash(),
        events: trace.events(),
        faults,
        crashes,
        operations: u32::try_from(ledger.intents.len()).unwrap_or(u32::MAX),
        trace: trace.take_lines(),
    })
}

/// The actors never end: the type alone wants a value.
fn unreachable_store() -> Result<Store, SetupError> {
    Err(SetupError::NoAccount("that never stops"))
}

/// The real adapter over a transport.
fn client(server: &Server, transport: Arc<dyn Transport>) -> Result<GlpiBackend, SetupError> {
    let token = server
        .glpi()
        .user_token(TECHNICIAN)
        .map(str::to_owned)
        .ok_or(SetupError::NoAccount(TECHNICIAN))?;
    Ok(GlpiBackend::new(
        transport,
        Credentials::user_token(token),
        adapter(),
        Arc::new(server.clock),
    ))
}

/// The lives of the client process, one after another.
struct Lives {
    server: Server,
    desk: Arc<Desk>,
    settings: SyncSettings,
    crashes: Vec<u64>,
    chaos: Duration,
    rng: ChaCha8Rng,
    plan: Arc<Mutex<Plan>>,
    databases: Databases,
    sabotage: Sabotage,
    seed: u64,
}

impl Lives {
    async fn run(mut self, mut store: Store) -> Result<Store, SetupError> {
        let clock = self.server.clock;
        let counter = Arc::new(StepCounter::default());
        let end = clock.instant(self.chaos + LIVENESS);
        let mut crashes = std::mem::take(&mut self.crashes).into_iter();
        for number in 0.. {
            let dies_at = if clock.elapsed() < self.chaos {
                crashes.next()
            } else {
                None
            };
            let life = Arc::new(Life::new(
                Arc::clone(&counter),
                dies_at,
                clock,
                self.chaos,
                self.server.trace.clone(),
            ));
            let transport = SimTransport::new(self.server.clone(), Arc::clone(&self.plan), Arc::clone(&life));
            let backend = client(&self.server, Arc::new(transport))?;
            let backend = self.sabotaged(Arc::new(backend));
            let engine = Arc::new(Engine::new(
                store.clone(),
                backend,
                Arc::new(clock),
                Arc::clone(&life) as Arc<dyn guichet_sync::Steps>,
                self.settings.clone(),
                self.seed.wrapping_add(number),
            ));
            self.desk.set(Some((Arc::clone(&engine), store.clone())));
            if clock.elapsed() >= self.chaos {
                engine.signed_in().await?;
            }
            engine.touch();
            let died = {
                let run: std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> = Box::pin(engine.run());
                tokio::select! {
                    biased;
                    () = life.end() => true,
                    () = run => false,
                    () = tokio::time::sleep_until(end) => false,
                }
            };
            self.desk.set(None);
            drop(engine);
            if !died {
                return Ok(store);
            }
            let downtime = Duration::from_millis(self.rng.random_range(0..3_000));
            tokio::time::sleep(downtime).await;
            store = self.databases.reopen(store, clock.now())?;
            self.server.trace.add(clock.now(), format_args!("started again"));
        }
        Ok(store)
    }

    fn sabotaged(&self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        match self.sabotage {
            Sabotage::None => backend,
            sabotage => Arc::new(Saboteur::new(backend, sabotage)),
        }
    }
}
