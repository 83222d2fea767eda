//! The seeded simulation: the **real** engine, adapter and store against the sandbox's core, over a network, a server and a
//! clock that are made up, with everything that can go wrong planned from a seed.
//!
//! [`simulate`] runs many schedules and reports; [`simulate_one`] replays one, with a trace a person can read. The same seed
//! gives the same trace. What is checked at the end of each schedule is in [`check`]; that the referee can fail is proved by
//! [`Sabotage`].
//!
//! Virtual time is tokio's paused clock. SQLite's threads are waited for on the spot ([`blocking`]), so that no virtual time
//! passes, and nothing else moves, while the databases work.
//!
//! A schedule ends as soon as all is well after the faults: nothing that was sent is still to be committed, every queue is
//! drained or its blockage named, and the mirror equals the server. Whatever is not well by then has until the end of the
//! minute. One schedule in ten is played through that minute all the same, so that what would break in peace shows.
//!
//! Settings are the product's, shortened: the server's longest processing time is 20 s instead of 120 s, so that the phase
//! without faults (60 virtual seconds) is long enough for the longest honest chain.

pub mod blocking;
pub mod check;
pub mod clock;
mod colleague;
mod desk;
mod holding;
mod intents;
mod life;
mod network;
mod plan;
mod sabotage;
mod schedule;
pub mod trace;
mod user;
mod whole;
mod work;

pub use check::Finding;
pub use sabotage::Sabotage;

use std::{
    fmt,
    panic::AssertUnwindSafe,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// How many schedules, from which seed on, on how many threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SimConfig {
    /// How many.
    pub schedules: u64,
    /// The first seed; each schedule has the next.
    pub first_seed: u64,
    /// Threads.
    pub threads: usize,
    /// What is broken on purpose.
    pub sabotage: Sabotage,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            schedules: 5_000,
            first_seed: 1,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            sabotage: Sabotage::None,
        }
    }
}

/// What became of one schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What was wrong; empty when all was well.
    pub findings: Vec<Finding>,
    /// Hash of the whole trace.
    pub hash: u64,
    /// Events in the trace.
    pub events: u64,
    /// Exchanges that went wrong as planned.
    pub faults: u32,
    /// Times the process died.
    pub crashes: u32,
    /// Operations accepted.
    pub operations: u32,
    /// A backup was brought back that lacked something.
    pub restores: u32,
    /// Times a person decided what becomes of what it lacked.
    pub decisions: u32,
    /// The trace, when it was asked for.
    pub trace: Vec<String>,
}

impl Outcome {
    pub(crate) fn broken(seed: u64, why: String) -> Self {
        Self {
            seed,
            findings: vec![Finding::Broken(why)],
            hash: 0,
            events: 0,
            faults: 0,
            crashes: 0,
            operations: 0,
            restores: 0,
            decisions: 0,
            trace: Vec::new(),
        }
    }
}

/// What became of all schedules.
#[derive(Debug, Clone, Default)]
pub struct SimReport {
    /// How many were run.
    pub schedules: u64,
    /// Operations accepted in all.
    pub operations: u64,
    /// Backups brought back that lacked something.
    pub restores: u64,
    /// Times a person decided what becomes of what one lacked.
    pub decisions: u64,
    /// Events in all traces.
    pub events: u64,
    /// Exchanges that went wrong as planned.
    pub faults: u64,
    /// Times the process died.
    pub crashes: u64,
    /// Operations said to have arrived that did not.
    pub lost: u64,
    /// Operations that arrived more often than meant.
    pub duplicated: u64,
    /// Operations whose blockage nobody names.
    pub stalled: u64,
    /// Lanes out of order.
    pub out_of_order: u64,
    /// Differences between mirror and server.
    pub differing: u64,
    /// Schedules that could not be judged.
    pub broken: u64,
    /// The failing schedules, by seed.
    pub failing: Vec<Outcome>,
    /// How long it took.
    pub elapsed: Duration,
}

impl SimReport {
    /// Whether nothing at all was wrong.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.failing.is_empty()
    }

    fn add(&mut self, outcome: Outcome) {
        self.schedules += 1;
        self.operations += u64::from(outcome.operations);
        self.restores += u64::from(outcome.restores);
        self.decisions += u64::from(outcome.decisions);
        self.events += outcome.events;
        self.faults += u64::from(outcome.faults);
        self.crashes += u64::from(outcome.crashes);
        for finding in &outcome.findings {
            *match finding {
                Finding::Lost(_) => &mut self.lost,
                Finding::Duplicated(_) => &mut self.duplicated,
                Finding::Stalled(_) => &mut self.stalled,
                Finding::OutOfOrder(_) => &mut self.out_of_order,
                Finding::Differs(_) => &mut self.differing,
                Finding::Broken(_) => &mut self.broken,
            } += 1;
        }
        if !outcome.findings.is_empty() {
            self.failing.push(outcome);
        }
    }
}

impl fmt::Display for SimReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self.failing.iter().take(20) {
            for finding in &outcome.findings {
                let text = finding.to_string();
                let short: String = text.chars().take(600).collect();
                writeln!(f, "seed {}: {short}", outcome.seed)?;
            }
        }
        let seconds = self.elapsed.as_secs_f64();
        writeln!(
            f,
            "{} operations, {} faults, {} crashes, {} backups brought back ({} decided on), {} events in {seconds:.1} s ({:.2} ms a schedule); {} lanes out of order, {} mirrors differ, {} broken",
            self.operations,
            self.faults,
            self.crashes,
            self.restores,
            self.decisions,
            self.events,
            seconds * 1000.0 / (self.schedules.max(1) as f64),
            self.out_of_order,
            self.differing,
            self.broken,
        )?;
        if !self.failing.is_empty() {
            let seeds: Vec<String> = self.failing.iter().map(|outcome| outcome.seed.to_string()).collect();
            writeln!(f, "failing seeds: {}", seeds.join(" "))?;
        }
        write!(
            f,
            "{} schedules: {} lost, {} duplicated, {} stalled",
            self.schedules, self.lost, self.duplicated, self.stalled
        )
    }
}

/// What a schedule is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    #[default]
    Whole,
    /// Answers, files and fields, with the faults of single exchanges: what the seeds that failed at that time played.
    Exchanges,
}

/// Runs one schedule of everything; `verbose` keeps its trace.
#[must_use]
pub fn simulate_one(seed: u64, sabotage: Sabotage, verbose: bool) -> Outcome {
    simulate_scope(seed, Scope::Whole, sabotage, verbose)
}

/// Runs one schedule; `verbose` keeps its trace.
#[must_use]
pub fn simulate_scope(seed: u64, scope: Scope, sabotage: Sabotage, verbose: bool) -> Outcome {
    std::panic::catch_unwind(AssertUnwindSafe(|| schedule::run(seed, scope, sabotage, verbose))).unwrap_or_else(
        |panic| {
            let why = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default();
            Outcome::broken(seed, format!("panicked: {why}"))
        },
    )
}

/// A schedule hands every statement to its database's own thread and waits for it: on one processor that costs half of what it does
/// across two. Threads started from here on stay there too.
#[cfg(target_os = "linux")]
fn stay_on_one_processor(thread: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let Ok(allowed) = sched_getaffinity(None) else { return };
    let processors: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|one| allowed.is_set(*one)).collect();
    let Some(processor) = processors.get(thread % processors.len().max(1)) else {
        return;
    };
    let mut only = CpuSet::new();
    only.set(*processor);
    // Where it is refused, it is only slower.
    let _ = sched_setaffinity(None, &only);
}

#[cfg(not(target_os = "linux"))]
fn stay_on_one_processor(_thread: usize) {}

/// Runs many schedules, on several threads.
#[must_use]
pub fn simulate(config: &SimConfig) -> SimReport {
    simulate_watched(config, &|_, _| {})
}

/// As [`simulate`], telling of each schedule as it ends, with how many have ended so far.
#[must_use]
pub fn simulate_watched(config: &SimConfig, watch: &(dyn Fn(u64, &Outcome) + Sync)) -> SimReport {
    let started = Instant::now();
    let next = AtomicU64::new(0);
    let report = Mutex::new(SimReport::default());
    std::thread::scope(|scope| {
        for thread in 0..config.threads.max(1) {
            let (next, report) = (&next, &report);
            scope.spawn(move || {
                stay_on_one_processor(thread);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= config.schedules {
                        return;
                    }
                    let outcome = simulate_one(config.first_seed + number, config.sabotage, false);
                    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
                    watch(report.schedules + 1, &outcome);
                    report.add(outcome);
                }
            });
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    report.failing.sort_by_key(|outcome| outcome.seed);
    report.elapsed = started.elapsed();
    report
}
