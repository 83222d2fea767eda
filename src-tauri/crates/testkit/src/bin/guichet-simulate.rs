//! `guichet-simulate --schedules N --seed S [--threads T] [--replay SEED]`: what `cargo xtask simulate` runs.

use clap::Parser;
use guichet_testkit::{Outcome, Sabotage, SimConfig, simulate_one, simulate_watched};
use std::process::ExitCode;

/// A sixth of a schedule's time is spent in allocations; this allocator takes half of that away.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Seeded schedules of the real engine, adapter and store over a simulated network.
#[derive(Debug, Parser)]
#[command(name = "guichet-simulate")]
struct Arguments {
    /// How many schedules.
    #[arg(long, default_value_t = 5_000)]
    schedules: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads; as many as the machine has processors unless said.
    #[arg(long)]
    threads: Option<usize>,
    /// Replays one seed with its trace.
    #[arg(long)]
    replay: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(seed) = arguments.replay {
        let outcome = simulate_one(seed, Sabotage::None, true);
        for line in &outcome.trace {
            println!("{line}");
        }
        for finding in &outcome.findings {
            println!("seed {seed}: {finding}");
        }
        println!("trace {:016x}, {} operations", outcome.hash, outcome.operations);
        return if outcome.findings.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    let defaults = SimConfig::default();
    let config = SimConfig {
        schedules: arguments.schedules,
        first_seed: arguments.seed,
        threads: arguments.threads.unwrap_or(defaults.threads),
        sabotage: Sabotage::None,
    };
    let report = simulate_watched(&config, &|ended: u64, outcome: &Outcome| {
        if !outcome.findings.is_empty() {
            println!("seed {} fails: --replay {} shows how", outcome.seed, outcome.seed);
        }
        if ended.is_multiple_of(1_000) {
            println!("{ended} of {} schedules", config.schedules);
        }
    });
    println!("{report}");
    if report.is_clean() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
