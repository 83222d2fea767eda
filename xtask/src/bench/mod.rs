//! Measurements. What is printed here is what documents may quote.
//!
//! They run in the profile `simulate`: optimised, without the link-time optimisation of `release`, which takes minutes to
//! build and changes little.

mod first_sync;
mod kpi;
mod pop;
mod report;
mod store;
mod window;

use crate::{error::Result, workspace::Workspace};

/// The profile measurements are built in.
const PROFILE: &str = "simulate";

/// What to measure.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// A first reading of a big server, then a delta round, with the server's own time beside.
    FirstSync(first_sync::FirstSync),
    /// The databases with very many tickets: filling, lists, a ticket, search at each keystroke, changes.
    Store(store::Options),
    /// The real window with very many tickets, from the input to the painted frame, beside an empty one and a browser.
    Window(window::Options),
    /// The screen pop in the real window: from the PBX's event to the painted card, call after call.
    Pop(pop::Options),
    /// Write the tables of docs/performance.md again from the figures kept in artifacts/bench.
    Report,
    /// The indicators of a million tickets and two million calls: time and memory.
    Kpi(kpi::Kpi),
}

/// Runs one.
pub fn run(workspace: &Workspace, what: &Bench) -> Result<()> {
    match what {
        Bench::FirstSync(options) => first_sync::run(workspace, options),
        Bench::Store(options) => store::run(workspace, options),
        Bench::Window(options) => window::run(workspace, options),
        Bench::Pop(options) => pop::run(workspace, options),
        Bench::Report => report::run(workspace),
        Bench::Kpi(options) => kpi::run(workspace, options),
    }
}
