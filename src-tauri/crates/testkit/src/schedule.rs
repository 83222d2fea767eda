//! One schedule: a server, a client that lives and dies, a user and a colleague, in virtual time.

use crate::{
    Outcome, Sabotage, Scope,
    blocking::wait,
    check::{self, Finding, Verdict},
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
    whole,
};
use guichet_backend::{Backend, Clock};
use guichet_backend_glpi::{Credentials, GlpiBackend, GlpiConfig, transport::Transport};
use guichet_domain::{UserId, outbox::Gate};
use guichet_sandbox::{Glpi, Options, Version, options::TECHNICIAN};
use guichet_store::{DataKey, KEY_BYTES, Store, StoreError};
use guichet_sync::{Engine, SyncSettings};
use jiff::Timestamp;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    cell::RefCell,
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tempfile::TempDir;

/// The key of every schedule's databases in files.
static KEY: DataKey = DataKey::from_bytes([0x53; KEY_BYTES]);

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

thread_local! {
    /// Databases in memory of a schedule that ended well, for the next one on this thread: their tables are made and their
    /// statements prepared once.
    static SPARE: RefCell<Option<Store>> = const { RefCell::new(None) };
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
            Self::Memory => match SPARE.take() {
                Some(store) => wait(store.wipe()).map(|()| store),
                None => wait(Store::in_memory(now)),
            },
            Self::Files(folder) => Ok(wait(Store::open(folder.path(), &KEY, now))?.0),
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
                Ok(wait(Store::open(folder.path(), &KEY, now))?.0)
            }
        }
    }

    /// The schedule has ended.
    fn give_back(&self, store: Store) {
        match self {
            Self::Memory => SPARE.set(Some(store)),
            Self::Files(_) => wait(store.close()),
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
pub(crate) fn run(seed: u64, scope: Scope, sabotage: Sabotage, verbose: bool) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(schedule(seed, scope, sabotage, verbose)),
        Err(error) => Err(error.into()),
    };
    outcome.unwrap_or_else(|error| Outcome::broken(seed, error.to_string()))
}

async fn schedule(seed: u64, scope: Scope, sabotage: Sabotage, verbose: bool) -> Result<Outcome, SetupError> {
    let mut plan = Plan::from_seed(seed, scope);
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
    let (mut stamps, mut here, mut glpi) = (clock, clock, demo(&options));
    if let Some(whole) = &plan.whole {
        stamps = clock.off_by(whole.server_skew);
        here = clock.off_by(whole.desk_skew);
        glpi.reconfigure(|options| options.token_length = whole.token_length);
    }
    let server = Server::new(glpi, clock, stamps, trace.clone());
    let me = UserId(
        server
            .glpi()
            .user_id(TECHNICIAN)
            .ok_or(SetupError::NoAccount(TECHNICIAN))?,
    );
    let databases = Databases::new(&plan)?;
    let store = databases.open(here.now())?;
    let desk = Arc::new(Desk::default());
    let ledger = Arc::new(Mutex::new(Ledger::default()));
    let user = User::new(
        server.clone(),
        Arc::clone(&desk),
        Arc::clone(&ledger),
        plan.fork(),
        me,
        here,
    );
    let user = user.holding(plan.holds.take(), sabotage == Sabotage::PretendsToTakeBack);
    let rest = (scope == Scope::Whole).then(|| ChaCha8Rng::seed_from_u64(seed ^ 0x00d0_0a7e));
    let user = user.whole(rest, sabotage).work(plan.user_gap, plan.chaos);
    let restore = plan.whole.as_ref().and_then(|whole| whole.restore);
    let backup = whole::bring_back(server.clone(), restore);
    let colleague = colleague::work(server.clone(), plan.fork(), plan.colleague_gap, plan.chaos);
    let referee = Referee {
        server: server.clone(),
        ledger: Arc::clone(&ledger),
        me,
        chaos: plan.chaos,
        may_end: !plan.to_the_end,
        here,
    };
    let mut lives = Lives {
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
        referee,
    };
    let others = async {
        tokio::join!(user, colleague, backup);
        std::future::pending::<()>().await;
    };
    let (store, at_rest) = tokio::select! {
        biased;
        ended = lives.run(store) => ended?,
        () = others => unreachable_store()?,
    };
    let findings = if at_rest {
        Vec::new()
    } else {
        lives.referee.judge(&store, Verdict::Final).await?
    };
    lives.databases.give_back(store);
    let (operations, decisions) = {
        let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
        (ledger.intents.len(), ledger.decisions)
    };
    let (faults, crashes) = trace.troubles();
    Ok(Outcome {
        seed,
        findings,
        hash: trace.hash(),
        events: trace.events(),
        faults,
        crashes,
        restores: u32::from(!server.gone().is_empty()),
        decisions,
        operations: u32::try_from(operations).unwrap_or(u32::MAX),
        trace: trace.take_lines(),
    })
}

/// The actors never end: the type alone wants a value.
fn unreachable_store() -> Result<(Store, bool), SetupError> {
    Err(SetupError::NoAccount("that never stops"))
}

/// The real adapter over a transport.
fn client(server: &Server, here: SimClock, transport: Arc<dyn Transport>) -> Result<GlpiBackend, SetupError> {
    let token = server
        .glpi()
        .user_token(TECHNICIAN)
        .map(str::to_owned)
        .ok_or(SetupError::NoAccount(TECHNICIAN))?;
    Ok(GlpiBackend::new(
        transport,
        Credentials::user_token(token),
        adapter(),
        Arc::new(here),
    ))
}

/// Says whether all is well.
struct Referee {
    server: Server,
    ledger: Arc<Mutex<Ledger>>,
    me: UserId,
    chaos: Duration,
    /// The schedule may end as soon as all is well.
    may_end: bool,
    /// This machine's clock.
    here: SimClock,
}

impl Referee {
    /// Compares with the server, as an adapter that never met a fault reads it.
    async fn judge(&self, store: &Store, verdict: Verdict) -> Result<Vec<Finding>, SetupError> {
        let direct = client(&self.server, self.here, Arc::new(Direct(self.server.clone())))?;
        let ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let untold = self.server.brought_back().map(|after| {
            let decided = ledger.decided_at;
            check::Untold {
                from: self.here.at(after),
                until: decided.unwrap_or(Timestamp::MAX),
                noticed: decided.is_some(),
            }
        });
        // What is not judged must not stand for what is.
        let verdict = if untold.is_some() { Verdict::Final } else { verdict };
        let untold = untold.as_ref();
        let findings = check::check(&self.server, store, &ledger, &direct, self.me, untold, verdict).await;
        Ok(findings)
    }

    /// Returns once the faults are over, nothing that was sent is still to be committed, and all is well after a round:
    /// every queue drained or its blockage named, and the mirror equal to the server. Nothing could change then but by a
    /// mistake of the engine's in peace, which the schedules that are played to the end look for.
    async fn at_rest(&self, engine: &Engine, store: &Store) -> Result<(), SetupError> {
        let mut status = engine.status();
        loop {
            if !self.may_end || status.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            let after_a_round = {
                let status = status.borrow_and_update();
                let since_peace = |at: Timestamp| at > self.here.at(self.chaos);
                !status.running && status.gate == Gate::Open && status.last_round_at.is_some_and(since_peace)
            };
            if after_a_round
                && !self.server.is_at_work()
                && self.server.clock.elapsed() > self.chaos
                && self.judge(store, Verdict::Early).await?.is_empty()
            {
                self.server
                    .trace
                    .add(self.server.clock.now(), format_args!("all is well"));
                return Ok(());
            }
        }
    }
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
    referee: Referee,
}

/// How a life ended.
enum Ended {
    /// The process died.
    Died,
    /// All was well.
    AtRest,
    /// Time was up.
    Late,
}

impl Lives {
    /// Lives until time is up, or all is well; says which.
    async fn run(&mut self, mut store: Store) -> Result<(Store, bool), SetupError> {
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
            let backend = client(&self.server, self.referee.here, Arc::new(transport))?;
            let backend = self.sabotaged(Arc::new(backend));
            let engine = Arc::new(Engine::new(
                store.clone(),
                backend,
                Arc::new(self.referee.here),
                Arc::clone(&life) as Arc<dyn guichet_sync::Steps>,
                self.settings.clone(),
                self.seed.wrapping_add(number),
            ));
            self.desk.set(Some((Arc::clone(&engine), store.clone())));
            if clock.elapsed() >= self.chaos {
                engine.signed_in().await?;
            }
            engine.touch();
            let ended = {
                let run: std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> = Box::pin(engine.run());
                tokio::select! {
                    biased;
                    () = life.end() => Ended::Died,
                    () = run => Ended::Late,
                    rest = self.referee.at_rest(&engine, &store) => rest.map(|()| Ended::AtRest)?,
                    () = tokio::time::sleep_until(end) => Ended::Late,
                }
            };
            self.desk.set(None);
            drop(engine);
            match ended {
                Ended::Died => {}
                Ended::AtRest => return Ok((store, true)),
                Ended::Late => return Ok((store, false)),
            }
            let downtime = Duration::from_millis(self.rng.random_range(0..3_000));
            tokio::time::sleep(downtime).await;
            store = self.databases.reopen(store, self.referee.here.now())?;
            self.server.trace.add(clock.now(), format_args!("started again"));
        }
        Ok((store, false))
    }

    fn sabotaged(&self, backend: Arc<dyn Backend>) -> Arc<dyn Backend> {
        match self.sabotage {
            Sabotage::None => backend,
            sabotage => Arc::new(Saboteur::new(backend, sabotage)),
        }
    }
}
