//! Measurements. What is printed here is what documents may quote.

use crate::{
    bench_kpi,
    error::{Error, Result},
    front_end,
    guichet::{self, CommandLine, Sandbox},
    setup,
    workspace::Workspace,
};
use serde_json::{Value, json};
use std::{
    fs,
    time::{Duration, Instant},
};

/// What to measure.
#[derive(clap::Subcommand)]
pub enum Bench {
    /// A first reading of a big server, then a delta round, with the server's own time beside.
    FirstSync(FirstSync),
    /// The indicators of a million tickets and two million calls: time and memory.
    Kpi(bench_kpi::Kpi),
}

/// Arguments of `cargo xtask bench first-sync`.
#[derive(clap::Args)]
pub struct FirstSync {
    /// Tickets on the server.
    #[arg(long, default_value_t = 20_000)]
    tickets: u32,
    /// Changes made on the server before the delta round.
    #[arg(long, default_value_t = 200)]
    changes: u32,
    /// Which GLPI the sandbox plays: 10 or 11.
    #[arg(long, default_value_t = 11)]
    glpi: u8,
}

/// Runs one.
pub fn run(workspace: &Workspace, what: &Bench) -> Result<()> {
    match what {
        Bench::FirstSync(options) => first_sync(workspace, options),
        Bench::Kpi(options) => bench_kpi::run(workspace, options),
    }
}

struct Measured {
    name: &'static str,
    elapsed: Duration,
    server: Duration,
    answer: Value,
}

fn first_sync(workspace: &Workspace, options: &FirstSync) -> Result<()> {
    setup::system(setup::Needs::Build)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let program = guichet::build(workspace, true)?;
    let folder = tempfile::tempdir().map_err(Error::command("make a temporary folder"))?;
    let (glpi, tickets) = (options.glpi.to_string(), options.tickets.to_string());
    println!("Starting a sandbox of {tickets} tickets.");
    let sandbox = Sandbox::start(
        &program,
        &folder.path().join("server"),
        0,
        &["--glpi", &glpi, "--tickets", &tickets],
    )?;
    let guichet = CommandLine::new(&program, &folder.path().join("profile"));
    guichet.run_with(
        &["login", "--url", &sandbox.url, "--secret-store", "file"],
        Some(sandbox.secrets()),
        &[0],
    )?;

    let measure = |name: &'static str| -> Result<Measured> {
        let before = server_time(&sandbox)?;
        let begun = Instant::now();
        let answer = guichet.run(&["sync", "--once"], &[0])?;
        let elapsed = begun.elapsed();
        let server = server_time(&sandbox)?.saturating_sub(before);
        Ok(Measured {
            name,
            elapsed,
            server,
            answer,
        })
    };
    let first = measure("first reading")?;
    let idle = measure("round without a change")?;
    change(&sandbox, options.changes)?;
    let delta = measure("delta round")?;

    println!(
        "\nGLPI {glpi}, {tickets} tickets; {} changes before the delta round.",
        options.changes
    );
    println!("{:<24} {:>10} {:>12} {:>12}", "", "elapsed s", "server s", "client s");
    let measured = [first, idle, delta];
    for one in &measured {
        println!(
            "{:<24} {:>10.3} {:>12.3} {:>12.3}",
            one.name,
            one.elapsed.as_secs_f64(),
            one.server.as_secs_f64(),
            one.elapsed.saturating_sub(one.server).as_secs_f64()
        );
    }
    println!(
        "server: time spent inside its handlers, summed; requests that overlap count twice, so client is a lower bound."
    );
    let rows: Vec<Value> = measured
        .iter()
        .map(|one| {
            json!({
                "name": one.name,
                "elapsed_s": one.elapsed.as_secs_f64(),
                "server_s": one.server.as_secs_f64(),
                "answer": one.answer,
            })
        })
        .collect();
    let file = workspace.artifacts("bench")?.join("first-sync.json");
    let document =
        json!({ "glpi": options.glpi, "tickets": options.tickets, "changes": options.changes, "rows": rows });
    fs::write(&file, format!("{document:#}\n")).map_err(Error::file(&file))?;
    println!("{}", file.display());
    Ok(())
}

/// Time spent in the sandbox's handlers since it started.
fn server_time(sandbox: &Sandbox) -> Result<Duration> {
    let page = sandbox.own_page("time")?;
    let micros = page["total_us"]
        .as_u64()
        .ok_or_else(|| Error::Check(format!("/_sandbox/time answered {page}")))?;
    Ok(Duration::from_micros(micros))
}

/// Adds a follow-up to so many tickets through the API, as another program would.
fn change(sandbox: &Sandbox, changes: u32) -> Result<()> {
    let url = format!("{}/apirest.php/initSession", sandbox.url);
    let mut answer = ureq::get(&url)
        .header("Authorization", format!("user_token {}", sandbox.user_token))
        .header("App-Token", &sandbox.app_token)
        .call()
        .map_err(Error::http(&url))?;
    let session: Value = answer.body_mut().read_json().map_err(Error::http(&url))?;
    let session = session["session_token"].as_str().unwrap_or_default().to_owned();
    let url = format!("{}/apirest.php/ITILFollowup", sandbox.url);
    for ticket in 1..=changes {
        let input = json!({ "input": {
            "itemtype": "Ticket", "items_id": ticket, "content": format!("<p>Changement {ticket}</p>"),
        } });
        ureq::post(&url)
            .header("Session-Token", &session)
            .header("App-Token", &sandbox.app_token)
            .send_json(input)
            .map_err(Error::http(&url))?;
    }
    Ok(())
}
