//! A first reading by the real program from a sandbox in another process, then rounds after it; then rounds in a program that
//! keeps running, for the processor time of a round alone.

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
    /// What the server takes longer for each request, in milliseconds, to stand for a slower server than the sandbox.
    #[arg(long, default_value_t = 0)]
    request_ms: u32,
    /// Seconds of rounds without a change, for the processor time of one.
    #[arg(long, default_value_t = 60)]
    idle_s: u64,
}

/// One run of the program.
pub(super) struct Measured {
    name: &'static str,
    elapsed: Duration,
    /// Processor time of the program, where the system tells.
    cpu: Option<Duration>,
    server: Duration,
    requests: u64,
    answer: Value,
}

impl Measured {
    /// As it is kept.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "elapsed_s": self.elapsed.as_secs_f64(),
            "server_s": self.server.as_secs_f64(),
            "requests": self.requests,
            "client_cpu_s": self.cpu.map(|cpu| cpu.as_secs_f64()),
            "answer": self.answer,
        })
    }
}

/// Times one `sync --once`; the server's own time is told apart.
pub(super) fn measure(sandbox: &Sandbox, guichet: &CommandLine, name: &'static str) -> Result<Measured> {
    let (before, requests) = server_time(sandbox)?;
    let cpu = children_cpu();
    let begun = Instant::now();
    let answer = guichet.run(&["sync", "--once"], &[0])?;
    let elapsed = begun.elapsed();
    let cpu = children_cpu()
        .zip(cpu)
        .map(|(after, before)| after.saturating_sub(before));
    let (server, answered) = server_time(sandbox)?;
    Ok(Measured {
        name,
        elapsed,
        cpu,
        server: server.saturating_sub(before),
        requests: answered.saturating_sub(requests),
        answer,
    })
}

/// Measures, prints the table and keeps it.
pub fn run(workspace: &Workspace, options: &FirstSync) -> Result<()> {
    setup::system(setup::Needs::Build)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let [program, _] = guichet::build_to_measure(workspace, PROFILE)?;
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

    if options.request_ms > 0 {
        sandbox.set_faults(&json!({ "slow_ms": options.request_ms }))?;
    }
    let first = measure(&sandbox, &guichet, "first reading")?;
    let idle = measure(&sandbox, &guichet, "round without a change")?;
    change(&sandbox, options.changes)?;
    let delta = measure(&sandbox, &guichet, "delta round")?;
    let running = running(&sandbox, &guichet, options)?;

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
    if let Some(running) = &running {
        println!("\nrounds of a program that keeps running:\n{running:#}");
    }
    let rows: Vec<Value> = measured.iter().map(Measured::json).collect();
    let file = workspace
        .artifacts("bench")?
        .join(format!("first-sync-{}-{}ms.json", options.tickets, options.request_ms));
    let document = json!({ "glpi": options.glpi, "tickets": options.tickets, "changes": options.changes, "request_ms": options.request_ms,
                "rows": rows, "running": running });
    fs::write(&file, format!("{document:#}\n")).map_err(Error::file(&file))?;
    println!("{}", file.display());
    Ok(())
}

/// Ticks a second of `/proc`, the same on every Linux.
const TICKS: u64 = 100;

/// Processor time of the processes that this one has waited for (Linux): the sandbox still runs and is not among them.
fn children_cpu() -> Option<Duration> {
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

/// Processor time of rounds in a program that keeps running (`sync --watch`, a round every second): without a change, and of
/// changed tickets. `None` where the system does not tell.
fn running(sandbox: &Sandbox, guichet: &CommandLine, options: &FirstSync) -> Result<Option<Value>> {
    /// Bursts of changes.
    const BURSTS: u32 = 5;
    /// Between two rounds of a program that is told nothing else, in seconds (`active_interval_s`).
    const SETTLE: Duration = Duration::from_secs(25);
    let (handle, process) = guichet.start(&["sync", "--watch"])?;
    std::thread::sleep(SETTLE);
    let look = || -> Result<Option<(Duration, u64)>> {
        let (_, requests) = server_time(sandbox)?;
        Ok(process_cpu(process).map(|cpu| (cpu, requests)))
    };
    let Some((cpu, requests)) = look()? else {
        return Ok(None);
    };
    let begun = Instant::now();
    std::thread::sleep(Duration::from_secs(options.idle_s));
    let idle_s = begun.elapsed().as_secs_f64();
    let Some((idle_cpu, idle_requests)) = look()? else {
        return Ok(None);
    };
    let begun = Instant::now();
    for _ in 0..BURSTS {
        change(sandbox, options.changes)?;
        std::thread::sleep(SETTLE);
    }
    let busy_s = begun.elapsed().as_secs_f64();
    let Some((busy_cpu, _)) = look()? else {
        return Ok(None);
    };
    handle.kill().map_err(Error::command("end the program"))?;
    let idle = idle_cpu.saturating_sub(cpu).as_secs_f64();
    let changed = f64::from(BURSTS * options.changes);
    let busy = (busy_cpu.saturating_sub(idle_cpu).as_secs_f64() - idle / idle_s * busy_s).max(0.0);
    Ok(Some(json!({
        "idle_s": idle_s,
        "idle_cpu_ms": idle * 1000.0,
        "idle_requests": idle_requests - requests,
        "changed_tickets": changed,
        "cpu_ms_a_changed_ticket": busy * 1000.0 / changed,
    })))
}

/// Processor time of one running process (Linux).
fn process_cpu(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields
        .get(11..13)?
        .iter()
        .map(|field| field.parse::<u64>().unwrap_or(0))
        .sum();
    Some(Duration::from_millis(ticks * 1000 / TICKS))
}

/// Time spent in the sandbox's handlers since it started, and the requests it answered.
fn server_time(sandbox: &Sandbox) -> Result<(Duration, u64)> {
    let page = sandbox.own_page("time")?;
    match (page["total_us"].as_u64(), page["requests"].as_u64()) {
        (Some(micros), Some(requests)) => Ok((Duration::from_micros(micros), requests)),
        _ => Err(Error::Check(format!("/_sandbox/time answered {page}"))),
    }
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
