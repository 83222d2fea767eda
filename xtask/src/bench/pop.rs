//! `cargo xtask bench pop`: the screen pop. A sandbox with its pretend PBX, the real window at work, call after call; the driver is
//! `guichet-measure-pop` of `tests/e2e`. Nothing but the figures is kept.

use super::{
    PROFILE,
    window::{driver, print},
};
use crate::{
    error::{Error, Result},
    front_end, guichet, setup,
    workspace::Workspace,
};
use serde_json::Value;
use std::fs;

/// Arguments of `cargo xtask bench pop`.
#[derive(clap::Args)]
pub struct Options {
    /// Tickets on the server and in the window.
    #[arg(long, default_value_t = 20_000)]
    tickets: u32,
    /// Calls that come in.
    #[arg(long, default_value_t = 60)]
    calls: u32,
}

/// What is asked for: milliseconds from the event to the painted card, at the 95th percentile.
const MOST_MS: f64 = 100.0;

/// Measures, prints and keeps the figures in `artifacts/bench/pop.json`.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::system(setup::Needs::Test)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let [program, _] = guichet::build_to_measure(workspace, PROFILE)?;
    let measure = driver(workspace, "guichet-measure-pop")?;
    let artifacts = workspace.artifacts("bench")?;
    let file = artifacts.join("pop.json");
    duct::cmd!(
        measure,
        "--program",
        &program,
        "--tickets",
        options.tickets.to_string(),
        "--calls",
        options.calls.to_string(),
        "--json",
        &file
    )
    .env("GUICHET_E2E_PICTURES", &artifacts)
    .run()
    .map_err(Error::command("guichet-measure-pop"))?;
    let text = fs::read_to_string(&file).map_err(Error::file(&file))?;
    let measured: Value = serde_json::from_str(&text).map_err(Error::json("the figures of the screen pop"))?;
    print(&measured["figures"]);
    let p95 = measured["figures"]["call to the painted card"]["p95"].as_f64();
    let verdict = if p95.is_some_and(|took| took <= MOST_MS) {
        "reached"
    } else {
        "not reached"
    };
    println!("{MOST_MS:.0} ms at the 95th percentile: {verdict}\n{}", file.display());
    Ok(())
}
