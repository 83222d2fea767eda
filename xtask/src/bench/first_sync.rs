//! A first reading by the real program from a sandbox in another process, then rounds after it.

use super::PROFILE;
use crate::{
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

struct Measured {
    name: &'static str,
    elapsed: Duration,
    /// Processor time of the program, where the system tells.
    cpu: Option<Duration>,
    server: Duration,
    answer: Value,
}

/// Measures, prints the table and keeps it.
pub fn run(workspace: &Workspace, options: &FirstSync) -> Result<()> {
    setup::system(setup::Needs::Build)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let program = guichet::build_in(workspace, PROFILE)?;
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
        let cpu = children_cpu();
        let begun = Instant::now();
        let answer = guichet.run(&["sync", "--once"], &[0])?;
        let elapsed = begun.elapsed();
        let cpu = children_cpu()
            .zip(cpu)
            .map(|(after, before)| after.saturating_sub(before));
        let server = server_time(&sandbox)?.saturating_sub(before);
        Ok(Measured {
            name,
            elapsed,
            cpu,
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
    println!(
        "{:<24} {:>10} {:>10} {:>10} {:>14}",
        "", "elapsed s", "server s", "client s", "client's CPU s"
    );
    let measured = [first, idle, delta];
    for one in &measured {
        println!(
            "{:<24} {:>10.3} {:>10.3} {:>10.3} {:>14}",
            one.name,
            one.elapsed.as_secs_f64(),
            one.server.as_secs_f64(),
            one.elapsed.saturating_sub(one.server).as_secs_f64(),
            one.cpu
                .map_or("–".to_owned(), |cpu| format!("{:.2}", cpu.as_secs_f64()))
        );
    }
    println!(
        "server: time spent inside its handlers, summed; requests that overlap count twice, so that client (elapsed − server) \
         is a lower bound. The program starts, opens its databases and signs in within each."
    );
    let rows: Vec<Value> = measured
        .iter()
        .map(|one| {
            json!({
                "name": one.name,
                "elapsed_s": one.elapsed.as_secs_f64(),
                "server_s": one.server.as_secs_f64(),
                "client_cpu_s": one.cpu.map(|cpu| cpu.as_secs_f64()),
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

/// Processor time of the processes that this one has waited for (Linux): the sandbox still runs and is not among them.
fn children_cpu() -> Option<Duration> {
    /// Ticks a second of `/proc`, the same on every Linux.
    const TICKS: u64 = 100;
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // Behind the name, which may hold spaces: field 3 is the first, 16 and 17 are the children's user and system time.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields
        .get(13..15)?
        .iter()
        .map(|field| field.parse::<u64>().unwrap_or(0))
        .sum();
    Some(Duration::from_millis(ticks * 1000 / TICKS))
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
