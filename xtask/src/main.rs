//! The project's own commands. `cargo xtask help` lists them.
//!
//! Each command sets up what it needs on a fresh Debian machine (the Rust toolchain, Node 20 and root or sudo are taken
//! for granted) and says what it installs before it installs it.
#![allow(clippy::print_stderr, reason = "a command-line tool talks on the terminal")]

mod bench;
mod bindings;
mod check;
mod crash;
mod demo;
mod deny;
mod e2e;
mod error;
mod front_end;
mod fuzz;
mod guichet;
mod nagios;
mod npm_audit;
mod sbom;
mod setup;
mod simulate;
mod steps;
mod tour;
mod workspace;

use clap::{Parser, Subcommand};
use error::Result;
use std::process::ExitCode;
use workspace::Workspace;

/// Guichet's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the machine lacks: system packages (said first), the front end's modules.
    Setup,
    /// Open the window on the embedded sandbox; without a display, do the main job in the terminal.
    Demo(demo::Options),
    /// Everything the continuous integration checks, each step timed.
    Test(check::Options),
    /// Drive the real window under a virtual display; a picture of each step goes to artifacts/e2e/.
    E2e(e2e::Options),
    /// Tour the real window and make the README's pictures again.
    Tour,
    /// Run seeded schedules of faults against the real engine.
    Simulate(simulate::Options),
    /// Kill a real process at every durable step and look for what it had acknowledged.
    Crash(crash::Options),
    /// Put every reader of bytes from outside before a fuzzer; what it finds is kept in tests/fuzz/cases/.
    Fuzz(fuzz::Options),
    /// Write the software bill of materials (CycloneDX 1.5) of what is shipped and what it was built with.
    Sbom(sbom::Options),
    /// Measure; tables on the terminal, JSON in artifacts/.
    Bench {
        #[command(subcommand)]
        what: bench::Bench,
    },
    /// Write ui/src/backend/bindings.ts again from the Rust types.
    Bindings(bindings::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cargo xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Setup => setup::run(&workspace),
        Command::Demo(options) => demo::run(&workspace, &options),
        Command::Test(options) => check::run(&workspace, &options),
        Command::E2e(options) => e2e::run(&workspace, &options),
        Command::Tour => tour::run(&workspace),
        Command::Simulate(options) => simulate::run(&workspace, &options),
        Command::Crash(options) => crash::run(&workspace, &options),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
        Command::Sbom(options) => sbom::run(&workspace, &options),
        Command::Bench { what } => bench::run(&workspace, &what),
        Command::Bindings(options) => bindings::run(&workspace, &options),
    }
}
