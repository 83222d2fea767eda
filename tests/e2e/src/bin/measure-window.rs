//! Measures the real window over a profile that is already filled, for `cargo xtask bench window`, which prepares all of it:
//! starts and memory against an empty window, gestures from the input to the painted frame, the bytes they cost.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use clap::Parser;
use guichet_e2e::{
    Console, Error, Result, Scenario, Window,
    measure::{Desk, Figures, Memory, browse},
};
use serde_json::{Value, json};
use std::{
    ffi::OsString,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

/// Pages of each kind that the browser loads.
const PAGES: i64 = 100;

#[derive(Parser)]
struct Plan {
    /// The product, optimised and drivable.
    #[arg(long)]
    program: PathBuf,
    /// The empty window, built the same way.
    #[arg(long)]
    empty: PathBuf,
    /// A signed-in profile, first reading done.
    #[arg(long)]
    profile: PathBuf,
    /// Starts of each window.
    #[arg(long)]
    starts: usize,
    /// Rounds of each gesture.
    #[arg(long)]
    rounds: usize,
    /// Texts of the fixed list to search.
    #[arg(long)]
    queries: usize,
    /// Minutes of work with the memory watched.
    #[arg(long)]
    minutes: u64,
    /// Address of the sandbox's bare pages.
    #[arg(long)]
    pages: String,
    /// Tickets on the server.
    #[arg(long)]
    tickets: i64,
    /// Where the figures go (JSON).
    #[arg(long)]
    json: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::process::ExitCode {
    match run(&Plan::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            std::process::ExitCode::FAILURE
        }
    }
}

async fn run(plan: &Plan) -> Result<()> {
    let scenario = Scenario::of("measure-window", "fr_FR.UTF-8", &plan.program)?;
    let mut figures = Figures::default();
    for _ in 0..plan.starts {
        let empty = Started::new(&scenario, &plan.empty, &[]).await?;
        figures.add("start of an empty window", empty.took);
        settled().await;
        figures.add(
            "memory of an empty window, bytes",
            Memory::of(empty.window.process()?).pss as f64,
        );
        empty.window.close().await?;
        let own = Started::new(&scenario, &plan.program, &profile(plan)).await?;
        figures.add("start to a usable list", own.took);
        settled().await;
        figures.add(
            "memory after the start, bytes",
            Memory::of(own.window.process()?).pss as f64,
        );
        own.window.close().await?;
    }
    println!("Starts measured.");

    // Tickets all over the server, at equal distances.
    let spread: Vec<i64> = (0..PAGES).map(|nth| 1 + nth * (plan.tickets - 1) / PAGES).collect();
    browse(
        &scenario,
        &plan.pages,
        &spread,
        usize::try_from(PAGES).unwrap_or(0),
        &mut figures,
    )
    .await?;
    println!("The browser's own way measured.");

    let empty = Started::new(&scenario, &plan.empty, &[]).await?.window;
    let console = Console {
        window: Started::new(&scenario, &plan.program, &profile(plan)).await?.window,
    };
    let programs = [empty.process()?, console.window.process()?];
    let mut desk = Desk::begin(&console, &mut figures).await?;
    desk.floor(plan.rounds * 10).await?;
    desk.change_views(plan.rounds).await?;
    println!("Views measured.");
    for _ in 0..plan.rounds * 2 {
        desk.change_view("all").await?;
        for _ in 0..3 {
            desk.scroll().await?;
        }
        for _ in 0..2 {
            desk.open_next().await?;
            desk.open_anywhere().await?;
        }
        desk.change_view("mine").await?;
        desk.open_next().await?;
        desk.answer().await?;
    }
    println!("Scrolling, opening and answering measured.");
    desk.search_all(plan.queries).await?;
    println!("Searching measured.");
    desk.weigh(3).await?;
    let looks = desk.work(Duration::from_secs(plan.minutes * 60), &programs).await?;
    let memory: Vec<Value> = looks
        .iter()
        .map(|(at, bytes)| json!({ "at_s": at, "empty": bytes.first(), "guichet": bytes.get(1) }))
        .collect();
    console.window.picture("at the end").await?;
    console.window.close().await?;
    empty.close().await?;
    let document = json!({ "figures": figures.json(), "memory": memory });
    fs::write(&plan.json, format!("{document:#}\n")).map_err(|source| Error::File {
        path: plan.json.clone(),
        source,
    })
}

fn profile(plan: &Plan) -> Vec<OsString> {
    vec!["--profile".into(), plan.profile.clone().into_os_string()]
}

/// Time for what follows a start (the first round, late reads) to end.
async fn settled() {
    tokio::time::sleep(Duration::from_secs(2)).await;
}

/// A window and how long it took to be usable, in milliseconds since its process began.
struct Started {
    window: Window,
    took: f64,
}

impl Started {
    async fn new(scenario: &Scenario, program: &Path, arguments: &[OsString]) -> Result<Self> {
        let launcher = scenario.folder().join("launcher");
        let begun = scenario.folder().join("begun");
        let file = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { path, source }
        };
        let text = format!(
            "#!/bin/sh\ndate +%s%N > '{}'\nexec '{}' \"$@\"\n",
            begun.display(),
            program.display()
        );
        fs::write(&launcher, text).map_err(file(&launcher))?;
        fs::set_permissions(&launcher, fs::Permissions::from_mode(0o755)).map_err(file(&launcher))?;
        let window = Window::launched(scenario, &launcher, program, arguments).await?;
        let marked = "const mark = performance.getEntriesByName('usable')[0];
            return mark === undefined ? 'not yet' : true";
        window.holds("the window to be usable", marked).await?;
        let at = "return performance.timeOrigin + performance.getEntriesByName('usable')[0].startTime";
        let at = window.run(at, Vec::new()).await?;
        let nanoseconds = fs::read_to_string(&begun).map_err(file(&begun))?;
        let from = nanoseconds.trim().parse::<f64>().unwrap_or_default() / 1e6;
        let took = at.as_f64().unwrap_or_default() - from;
        Ok(Self { window, took })
    }
}
