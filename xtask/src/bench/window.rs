//! The real window over very many tickets: a sandbox fills a profile (that first reading is measured too), then
//! `guichet-measure-window` of `tests/e2e` drives the window, an empty one beside it, and Chromium on bare pages.

use super::{PROFILE, first_sync};
use crate::{
    error::{Error, Result},
    front_end,
    guichet::{self, CommandLine, Sandbox},
    setup,
    workspace::Workspace,
};
use serde_json::{Value, json};
use std::{fs, path::PathBuf};

/// Arguments of `cargo xtask bench window`.
#[derive(clap::Args)]
pub struct Options {
    /// Tickets on the server and in the window.
    #[arg(long, default_value_t = 20_000)]
    tickets: u32,
    /// Keep the server's data and the profile there, and use what is there already (a million tickets take minutes to read).
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Minutes of work with the memory watched.
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Starts of each window.
    #[arg(long, default_value_t = 10)]
    starts: usize,
    /// Rounds of each gesture.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Texts to search, of the fixed 200.
    #[arg(long, default_value_t = 200)]
    queries: usize,
}

/// Measures and keeps the figures.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::system(setup::Needs::Measure)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let [program, empty] = guichet::build_to_measure(workspace, PROFILE)?;
    let temporary = tempfile::tempdir().map_err(Error::command("make a temporary folder"))?;
    let folder = options.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
    let folder = folder.canonicalize().map_err(Error::file(&folder))?;

    // The profile remembers the server's address: a kept folder needs the same port again.
    let kept_port = folder.join("port");
    let port = match fs::read_to_string(&kept_port)
        .ok()
        .and_then(|text| text.trim().parse().ok())
    {
        Some(port) => port,
        None => guichet::free_port()?,
    };
    fs::write(&kept_port, port.to_string()).map_err(Error::file(&kept_port))?;
    let tickets = options.tickets.to_string();
    println!("Starting a sandbox of {tickets} tickets.");
    let sandbox = Sandbox::start(
        &program,
        &folder.join("server"),
        port,
        &["--glpi", "11", "--tickets", &tickets],
    )?;
    let profile = folder.join("profile");
    let guichet = CommandLine::new(&program, &profile);
    let mut first = Value::Null;
    if !profile.exists() {
        guichet.run_with(
            &["login", "--url", &sandbox.url, "--secret-store", "file"],
            Some(sandbox.secrets()),
            &[0],
        )?;
        println!("First reading.");
        first = first_sync::measure(&sandbox, &guichet, "first reading")?.json();
        println!("{first:#}");
    }
    guichet.run(&["sync", "--once"], &[0])?;

    let artifacts = workspace.artifacts("bench")?;
    let figures = artifacts.join("window.part.json");
    let measure = driver(workspace, "guichet-measure-window")?;
    let pages = format!("{}/_sandbox/pages", sandbox.origin());
    duct::cmd!(
        measure,
        "--program",
        &program,
        "--empty",
        &empty,
        "--profile",
        &profile,
        "--starts",
        options.starts.to_string(),
        "--rounds",
        options.rounds.to_string(),
        "--queries",
        options.queries.to_string(),
        "--minutes",
        options.minutes.to_string(),
        "--pages",
        pages,
        "--tickets",
        &tickets,
        "--json",
        &figures
    )
    .env("GUICHET_E2E_PICTURES", workspace.artifacts("bench")?)
    .run()
    .map_err(Error::command("guichet-measure-window"))?;

    let text = fs::read_to_string(&figures).map_err(Error::file(&figures))?;
    let measured: Value = serde_json::from_str(&text).map_err(Error::json("the figures of the window"))?;
    print(&measured["figures"]);
    let file = artifacts.join(format!("window-{}.json", options.tickets));
    let document = json!({
        "tickets": options.tickets,
        "minutes": options.minutes,
        "first_reading": first,
        "figures": measured["figures"],
        "memory": measured["memory"],
        "memory_slope_kb_per_minute": slope(&measured["memory"]),
    });
    fs::write(&file, format!("{document:#}\n")).map_err(Error::file(&file))?;
    fs::remove_file(&figures).map_err(Error::file(&figures))?;
    println!("{}", file.display());
    Ok(())
}

/// Builds the program that drives the window; answers its path.
pub(super) fn driver(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let build = ["build", "--locked", "--workspace", "--bin", name];
    workspace
        .cargo_with(build.iter().chain(&guichet::FEATURES).map(Into::into).collect())
        .run()
        .map_err(Error::command(format!("cargo build --bin {name}")))?;
    Ok(workspace.built("debug", name))
}

/// A table of figures on the terminal.
pub(super) fn print(figures: &Value) {
    println!(
        "\n{:<44} {:>6} {:>12} {:>12} {:>12}",
        "ms (or as named)", "n", "p50", "p95", "max"
    );
    for (name, one) in figures.as_object().into_iter().flatten() {
        let number = |key: &str| one[key].as_f64().unwrap_or_default();
        println!(
            "{name:<44} {:>6} {:>12.1} {:>12.1} {:>12.1}",
            one["n"],
            number("p50"),
            number("p95"),
            number("max")
        );
    }
}

/// Growth of the window's memory over the last two thirds of the work, in kilobytes a minute (least squares); the first third
/// fills caches.
fn slope(memory: &Value) -> Option<f64> {
    let looks: Vec<(f64, f64)> = memory
        .as_array()?
        .iter()
        .filter_map(|look| Some((look["at_s"].as_f64()? / 60.0, look["guichet"].as_f64()? / 1024.0)))
        .collect();
    let late = looks.get(looks.len() / 3..)?;
    let count = late.len() as f64;
    let (x, y) = late.iter().fold((0.0, 0.0), |(x, y), look| (x + look.0, y + look.1));
    let (x, y) = (x / count, y / count);
    let covariance: f64 = late.iter().map(|look| (look.0 - x) * (look.1 - y)).sum();
    let variance: f64 = late.iter().map(|look| (look.0 - x).powi(2)).sum();
    (variance > 0.0).then(|| covariance / variance)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_steady_memory_has_no_slope_and_a_leak_has_one() {
        let looks = |each: f64| {
            let look = |minute: i64| json!({ "at_s": minute * 60, "guichet": 100e6 + each * 1024.0 * minute as f64 });
            Value::Array((0..30).map(look).collect())
        };
        assert!(slope(&looks(0.0)).unwrap().abs() < 1e-6);
        assert!((slope(&looks(12.0)).unwrap() - 12.0).abs() < 1e-6);
        assert_eq!(slope(&json!([])), None);
    }
}
