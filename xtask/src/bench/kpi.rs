//! `cargo xtask bench kpi`: an evidence file of a shared help desk (a million tickets, two million calls, thirteen months), the
//! time and the memory its indicators take. The file is the same for the same sizes.

use crate::{
    error::{Error, Result},
    front_end, guichet, setup,
    workspace::Workspace,
};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Arguments of `cargo xtask bench kpi`.
#[derive(clap::Args)]
pub struct Kpi {
    /// Tickets in the file.
    #[arg(long, default_value_t = 1_000_000)]
    tickets: u32,
    /// Calls in the file.
    #[arg(long, default_value_t = 2_000_000)]
    calls: u32,
    /// Measure the computation alone, without building the program: seconds instead of minutes to build.
    #[arg(long)]
    core: bool,
    /// How often; the best and the worst are told.
    #[arg(long, default_value_t = 3)]
    runs: u32,
}

/// The last of the thirteen months.
const MONTH: &str = "2026-06";
/// 1 June 2025, 00:00 UTC, and the length of the thirteen months.
const FIRST: i64 = 1_748_736_000;
const SECONDS: i64 = 395 * 86_400;
/// What is allowed.
const MOST_SECONDS: f64 = 10.0;
const MOST_BYTES: u64 = 1_500_000_000;

struct Run {
    elapsed: Duration,
    /// `None` where the system does not tell.
    peak: Option<u64>,
    /// Processor time of all cores, which other programs do not lengthen; `None` where the system does not tell.
    busy: Option<Duration>,
    report: Value,
}

/// Makes the file, measures, prints and writes `artifacts/bench/kpi.json`.
pub fn run(workspace: &Workspace, options: &Kpi) -> Result<()> {
    let program = if options.core {
        build_core(workspace)?
    } else {
        setup::system(setup::Needs::Build)?;
        front_end::install(workspace)?;
        front_end::build(workspace)?;
        guichet::build(workspace, true)?
    };
    let folder = tempfile::tempdir().map_err(Error::command("make a temporary folder"))?;
    let evidence = folder.path().join("evidence.json");
    println!("Writing {} tickets and {} calls.", options.tickets, options.calls);
    write(&evidence, options)?;
    let bytes = fs::metadata(&evidence).map_err(Error::file(&evidence))?.len();
    let runs = (0..options.runs.max(1))
        .map(|_| measure(&program, &evidence, options.core))
        .collect::<Result<Vec<Run>>>()?;

    let seconds = runs.iter().map(|run| run.elapsed.as_secs_f64());
    let (best, worst) = (seconds.clone().fold(f64::MAX, f64::min), seconds.fold(0.0, f64::max));
    let peak = runs.iter().filter_map(|run| run.peak).max();
    let what = if options.core {
        "service-levels alone"
    } else {
        "guichet kpi"
    };
    println!(
        "\n{what}, {} tickets, {} calls, {} MB of JSON, 13 months",
        options.tickets,
        options.calls,
        bytes / 1_000_000
    );
    println!(
        "{:<22} {:>10.2} s   (worst {:.2} s; at most {MOST_SECONDS} s)",
        "time, best", best, worst
    );
    let busy = runs.iter().filter_map(|run| run.busy).min();
    if let Some(busy) = busy {
        println!(
            "{:<22} {:>10.2} s   (all cores together)",
            "processor time",
            busy.as_secs_f64()
        );
    }
    match peak {
        Some(peak) => println!(
            "{:<22} {:>10} MB  (at most {} MB)",
            "peak memory",
            peak / 1_000_000,
            MOST_BYTES / 1_000_000
        ),
        None => println!("{:<22} {:>10}", "peak memory", "unknown"),
    }
    let report = runs.first().map(|run| &run.report);
    let rows = report
        .and_then(|report| report["indicators"].as_array())
        .cloned()
        .unwrap_or_default();
    println!("\n{:<8} {:>12} {:>12} {:>8}", "", "numerator", "denominator", "value");
    for row in &rows {
        let value = row["value"]
            .as_f64()
            .map_or("–".to_owned(), |value| format!("{value:.4}"));
        let shown = |key: &str| row[key].as_f64().unwrap_or_default();
        println!(
            "{:<8} {:>12} {:>12} {:>8}",
            row["id"].as_str().unwrap_or_default(),
            shown("numerator"),
            shown("denominator"),
            value
        );
    }
    let document = json!({
        "what": what, "tickets": options.tickets, "calls": options.calls, "bytes": bytes, "runs_s": runs
            .iter()
            .map(|run| run.elapsed.as_secs_f64())
            .collect::<Vec<_>>(),
        "peak_bytes": peak, "processor_s": busy.map(|busy| busy.as_secs_f64()), "cores": std::thread::available_parallelism().map_or(1, usize::from),
    });
    let file = workspace.artifacts("bench")?.join("kpi.json");
    fs::write(&file, format!("{document:#}\n")).map_err(Error::file(&file))?;
    println!("{}", file.display());
    if worst > MOST_SECONDS || peak.is_some_and(|peak| peak > MOST_BYTES) {
        return Err(Error::Check(format!(
            "more than {MOST_SECONDS} s or {MOST_BYTES} bytes"
        )));
    }
    Ok(())
}

/// The computation alone, optimised without the link-time optimisation that takes minutes.
fn build_core(workspace: &Workspace) -> Result<PathBuf> {
    let arguments = [
        "build",
        "--locked",
        "--profile",
        "simulate",
        "--package",
        "guichet-service-levels",
        "--bin",
        "guichet-kpi-core",
    ];
    workspace
        .cargo_with(arguments.map(Into::into).into())
        .run()
        .map_err(Error::command("cargo build --bin guichet-kpi-core"))?;
    Ok(workspace.built("simulate", "guichet-kpi-core"))
}

/// Runs the program over the file, looking at its memory every hundredth of a second (the system keeps the highest).
fn measure(program: &Path, evidence: &Path, core: bool) -> Result<Run> {
    let mut command = Command::new(program);
    if core {
        command.arg(evidence).args(["vsgp", MONTH]);
    } else {
        command
            .args([
                "kpi",
                "--contract",
                "vsgp",
                "--month",
                MONTH,
                "--format",
                "json",
                "--evidence",
            ])
            .arg(evidence);
    }
    let failed = || Error::command(program.display().to_string());
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(failed())?;
    // Its answer is read beside: it would stop at a full pipe.
    let mut stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut answer = Vec::new();
        let read = stdout.as_mut().map(|stdout| stdout.read_to_end(&mut answer));
        (read, answer)
    });
    let (mut peak, mut busy) = (None, None);
    let status = loop {
        peak = high_water(child.id()).or(peak);
        busy = processor_time(child.id()).or(busy);
        if let Some(status) = child.try_wait().map_err(failed())? {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let elapsed = begun.elapsed();
    let answer = reader.join().map(|(_, answer)| answer).unwrap_or_default();
    if !status.success() {
        return Err(Error::Check(format!("{} ended with {status}", program.display())));
    }
    let report = serde_json::from_slice(&answer).map_err(Error::json("the report"))?;
    Ok(Run {
        elapsed,
        peak,
        busy,
        report,
    })
}

/// The most memory a process has had at once, where the system tells (Linux).
fn high_water(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// User and system time of a process, where the system tells (Linux, whose clock for them ticks a hundred times a second).
fn processor_time(process: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name comes second, in parentheses, and may hold anything.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let (user, system) = (ticks()?, ticks()?);
    Some(Duration::from_millis((user + system) * 10))
}

/// Numbers that look random and are the same every time (SplitMix64, by S. Vigna).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides.max(1)
    }

    fn seconds(&mut self, most: i64) -> i64 {
        i64::try_from(self.roll(u64::try_from(most).unwrap_or(1))).unwrap_or(0)
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let place = usize::try_from(self.roll(words.len() as u64)).unwrap_or(0);
        words.get(place).copied().unwrap_or_default()
    }
}

/// RFC 3339 in UTC. Days to dates by the civil calendar's 400-year cycle.
fn instant(at: i64) -> String {
    let (days, second) = (at.div_euclid(86_400), at.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3_600,
        second / 60 % 60,
        second % 60
    )
}

/// A working moment, most of the time.
fn moment(dice: &mut Dice) -> i64 {
    let day = dice.seconds(SECONDS / 86_400);
    FIRST + day * 86_400 + 6 * 3_600 + dice.seconds(10 * 3_600)
}

fn ticket(dice: &mut Dice, number: u32) -> String {
    let created = moment(dice);
    let mut events = Vec::new();
    let mut at = created + 60 + dice.seconds(1_800);
    events.push(format!(r#"{{"at":"{}","kind":"taken_up"}}"#, instant(at)));
    let level = if dice.roll(5) == 0 { 2 } else { 1 };
    events.push(format!(
        r#"{{"at":"{}","kind":"assigned","level":{level}}}"#,
        instant(at)
    ));
    if dice.roll(4) == 0 {
        at += dice.seconds(86_400);
        events.push(format!(r#"{{"at":"{}","kind":"requester_contact"}}"#, instant(at)));
    }
    if dice.roll(3) == 0 {
        at += dice.seconds(7_200);
        events.push(format!(r#"{{"at":"{}","kind":"waiting_started"}}"#, instant(at)));
        at += dice.seconds(3 * 86_400);
        events.push(format!(r#"{{"at":"{}","kind":"waiting_ended"}}"#, instant(at)));
    }
    match dice.roll(50) {
        0 => events.push(format!(r#"{{"at":"{}","kind":"merged"}}"#, instant(at + 60))),
        1..=3 => {}
        _ => {
            at += dice.seconds(2 * 86_400);
            events.push(format!(r#"{{"at":"{}","kind":"solved"}}"#, instant(at)));
            at += dice.seconds(5 * 86_400);
            let last = if dice.roll(12) == 0 { "reopened" } else { "closed" };
            events.push(format!(r#"{{"at":"{}","kind":"{last}"}}"#, instant(at)));
        }
    }
    if dice.roll(1_000) == 0 {
        events.push(format!(r#"{{"at":"{}","kind":"solved"}}"#, instant(created - 60)));
    }
    let kind = dice.one_of(&["incident", "incident", "request", "request", "information", "quote"]);
    let quote = if kind == "quote" { r#""simple""# } else { "null" };
    format!(
        r#"{{"id":"T-{number:07}","type":"{kind}","channel":"{}","scope":"{}","priority":"{}","urgency":"{}","blocking":{},"vip":{},"quote":{quote},"created_at":"{}","events":[{}]}}"#,
        dice.one_of(&["phone", "phone", "mail", "portal", "monitoring", "direct"]),
        dice.one_of(&["user", "user", "user", "infrastructure"]),
        dice.one_of(&["major", "high", "medium", "low"]),
        dice.one_of(&["immediate", "high", "medium", "low"]),
        dice.roll(10) == 0,
        dice.roll(10) == 0,
        instant(created),
        events.join(",")
    )
}

fn call(dice: &mut Dice, number: u32) -> String {
    let offered = moment(dice);
    let patience = if dice.roll(12) == 0 { 120 } else { 20 };
    let wait = dice.seconds(patience);
    let answered = dice.roll(15) != 0;
    let answered_at = if answered {
        format!("\"{}\"", instant(offered + wait))
    } else {
        "null".to_owned()
    };
    let over = offered + wait + if answered { 30 + dice.seconds(600) } else { 0 };
    format!(
        r#"{{"id":"C-{number:07}","direction":"{}","queue":"support","offered_at":"{}","answered_at":{answered_at},"ended_at":"{}"}}"#,
        dice.one_of(&["inbound", "inbound", "inbound", "outbound"]),
        instant(offered),
        instant(over)
    )
}

fn write(path: &Path, options: &Kpi) -> Result<()> {
    let file = File::create(path).map_err(Error::file(path))?;
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut dice = Dice(1);
    let mut write = || -> std::io::Result<()> {
        write!(out, r#"{{"data_end":"{}","tickets":["#, instant(FIRST + SECONDS))?;
        for number in 0..options.tickets {
            let comma = if number == 0 { "" } else { ",\n" };
            write!(out, "{comma}{}", ticket(&mut dice, number))?;
        }
        write!(out, r#"],"calls":["#)?;
        for number in 0..options.calls {
            let comma = if number == 0 { "" } else { ",\n" };
            write!(out, "{comma}{}", call(&mut dice, number))?;
        }
        writeln!(out, "]}}")?;
        out.flush()
    };
    write().map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_as_the_interchange_wants_them() {
        assert_eq!(instant(FIRST), "2025-06-01T00:00:00Z");
        assert_eq!(instant(0), "1970-01-01T00:00:00Z");
        assert_eq!(instant(951_826_332), "2000-02-29T12:12:12Z");
        assert_eq!(instant(FIRST + SECONDS), "2026-07-01T00:00:00Z");
    }

    #[test]
    fn what_is_written_is_json() {
        let mut dice = Dice(7);
        for number in 0..200 {
            let ticket: Value = serde_json::from_str(&ticket(&mut dice, number)).unwrap_or_default();
            assert!(ticket["created_at"].is_string());
            let call: Value = serde_json::from_str(&call(&mut dice, number)).unwrap_or_default();
            assert!(call["offered_at"].is_string());
        }
    }
}
