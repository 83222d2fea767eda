//! `cargo xtask bench report`: the figures kept in artifacts/bench as the tables of docs/performance.md. Nothing is typed in
//! by hand there; what was not measured is absent.

use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use comfy_table::{Table, presets::ASCII_MARKDOWN};
use serde_json::Value;
use std::{fs, path::Path};

/// Sizes in the order of the columns.
const SIZES: [u32; 3] = [20_000, 200_000, 1_000_000];
/// The measured part of the document stands between these lines.
const BEGIN: &str = "<!-- figures: written by `cargo xtask bench report` -->";
const END: &str = "<!-- end of the figures -->";

/// A row of the first table: its words, what is to be reached at a million, the figure's name.
const GESTURES: [(&str, &str, &str); 21] = [
    ("a key that changes one word", "", "a key that changes one word"),
    (
        "a key that paints the window anew",
        "",
        "a key that paints the window anew",
    ),
    ("open a ticket", "p95 ≤ 16.7 ms", "open a ticket"),
    ("· to the call", "", "open a ticket: to the call"),
    ("· command and IPC", "", "open a ticket: command and IPC"),
    ("· to the frame", "", "open a ticket: to the frame"),
    ("· of which painting", "", "open a ticket: painting"),
    (
        "change of view (a list from its top)",
        "p95 ≤ 16.7 ms",
        "change of view",
    ),
    ("· command and IPC", "", "change of view: command and IPC"),
    ("· painting", "", "change of view: painting"),
    ("scroll of a screen", "p95 ≤ 16.7 ms", "scroll of a screen"),
    ("· painting", "", "scroll of a screen: painting"),
    ("search, a keystroke", "p95 ≤ 20 ms, max ≤ 50 ms", "search, a keystroke"),
    ("· command and IPC", "", "search, a keystroke: command and IPC"),
    ("· painting", "", "search, a keystroke: painting"),
    ("send an answer", "", "send an answer"),
    (
        "write acknowledged durably",
        "p95 ≤ 25 ms",
        "write acknowledged durably",
    ),
    (
        "start to a usable list",
        "≤ 1.3 × the empty window",
        "start to a usable list",
    ),
    ("start of an empty window", "", "start of an empty window"),
    (
        "browser: bare list of 50, first paint",
        "",
        "the browser's bare list of 50",
    ),
    ("browser: bare ticket, first paint", "", "the browser's bare ticket"),
];

/// Gestures whose calls and bytes are counted.
const WEIGHED: [&str; 4] = [
    "open a ticket",
    "change of view",
    "scroll of a screen",
    "search, a keystroke",
];

/// Writes the document's measured part again.
pub fn run(workspace: &Workspace) -> Result<()> {
    let kept = workspace.artifacts("bench")?;
    let windows: Vec<Option<Value>> = SIZES
        .iter()
        .map(|size| read(&kept.join(format!("window-{size}.json"))))
        .collect::<Result<_>>()?;
    let mut text = format!("Machine: {}.\n\n", machine());
    text.push_str("Milliseconds, p50 / p95 / max (number of samples).\n\n");
    text.push_str(&gestures(&windows));
    text.push_str("\n\nMemory (PSS, all processes, MB) and calls:\n\n");
    text.push_str(&weights(&windows));
    let rounds = rounds(&kept)?;
    if !rounds.is_empty() {
        text.push_str("\n\nReading the server:\n\n");
        text.push_str(&rounds);
    }
    let file = workspace.root().join("docs/performance.md");
    let document = fs::read_to_string(&file).map_err(Error::file(&file))?;
    let (Some(begin), Some(end)) = (document.find(BEGIN), document.find(END)) else {
        return Err(Error::Check(format!(
            "{}: the lines around the figures are missing",
            file.display()
        )));
    };
    let written = format!("{}{BEGIN}\n\n{text}\n\n{}", &document[..begin], &document[end..]);
    fs::write(&file, written).map_err(Error::file(&file))?;
    println!("{}", file.display());
    Ok(())
}

fn read(file: &Path) -> Result<Option<Value>> {
    match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(Error::json(file.display().to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::file(file)(error)),
    }
}

fn table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head);
    table
}

fn gestures(windows: &[Option<Value>]) -> String {
    let mut table = table(&["", "to reach at 1,000,000", "20,000", "200,000", "1,000,000"]);
    for (words, goal, name) in GESTURES {
        let mut row = vec![words.to_owned(), goal.to_owned()];
        row.extend(windows.iter().map(|window| {
            let one = window.as_ref().map(|window| &window["figures"][name]);
            one.and_then(spread).unwrap_or_else(|| "–".to_owned())
        }));
        table.add_row(row);
    }
    let mut row = vec!["start against the empty window (p50)".to_owned(), "≤ 1.3".to_owned()];
    row.extend(windows.iter().map(|window| {
        let p50 = |name: &str| {
            window
                .as_ref()
                .and_then(|window| window["figures"][name]["p50"].as_f64())
        };
        match (p50("start to a usable list"), p50("start of an empty window")) {
            (Some(own), Some(empty)) => format!("{:.2}", own / empty),
            _ => "–".to_owned(),
        }
    }));
    table.add_row(row);
    table.to_string()
}

fn spread(one: &Value) -> Option<String> {
    Some(format!(
        "{:.1} / {:.1} / {:.1} ({})",
        one["p50"].as_f64()?,
        one["p95"].as_f64()?,
        one["max"].as_f64()?,
        one["n"]
    ))
}

fn weights(windows: &[Option<Value>]) -> String {
    let mut table = table(&["", "to reach at 1,000,000", "20,000", "200,000", "1,000,000"]);
    let mut add = |words: &str, goal: &str, cell: &dyn Fn(&Value) -> Option<String>| {
        let mut row = vec![words.to_owned(), goal.to_owned()];
        row.extend(
            windows
                .iter()
                .map(|window| window.as_ref().and_then(cell).unwrap_or_else(|| "–".to_owned())),
        );
        table.add_row(row);
    };
    let last = |window: &Value, name: &str| Some(window["memory"].as_array()?.last()?[name].as_f64()? / 1e6);
    add("the window after the work", "", &|window| {
        Some(format!("{:.0}", last(window, "guichet")?))
    });
    add("the empty window beside it", "", &|window| {
        Some(format!("{:.0}", last(window, "empty")?))
    });
    add("more than the empty window", "≤ 60", &|window| {
        Some(format!("{:.0}", last(window, "guichet")? - last(window, "empty")?))
    });
    add("growth, kB a minute (minutes of work)", "≈ 0", &|window| {
        Some(format!(
            "{:.0} ({})",
            window["memory_slope_kb_per_minute"].as_f64()?,
            window["minutes"]
        ))
    });
    for name in WEIGHED {
        add(&format!("{name}: calls, most"), "≤ 1", &|window| {
            Some(format!(
                "{:.0}",
                window["figures"][&format!("{name}: all calls")]["max"].as_f64()?
            ))
        });
        add(&format!("{name}: kB, most"), "≤ 64", &|window| {
            Some(format!(
                "{:.1}",
                window["figures"][&format!("{name}: IPC bytes")]["max"].as_f64()? / 1000.0
            ))
        });
    }
    table.to_string()
}

fn rounds(kept: &Path) -> Result<String> {
    let mut table = table(&[
        "tickets",
        "ms more a request",
        "",
        "elapsed s",
        "server s",
        "beyond the server",
        "client's CPU s",
    ]);
    let mut any = false;
    let mut names: Vec<_> = fs::read_dir(kept)
        .map_err(Error::file(kept))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("first-sync-"))
        })
        .collect();
    names.sort();
    let mut running = String::new();
    for file in names {
        let Some(document) = read(&file)? else { continue };
        any = true;
        let delay = document["request_ms"].as_f64().unwrap_or_default();
        for row in document["rows"].as_array().into_iter().flatten() {
            let number = |name: &str| row[name].as_f64().unwrap_or_default();
            let server = number("server_s") + number("requests") * delay / 1000.0;
            let elapsed = number("elapsed_s");
            table.add_row([
                document["tickets"].to_string(),
                format!("{delay:.0}"),
                row["name"].as_str().unwrap_or_default().to_owned(),
                format!("{elapsed:.3}"),
                format!("{server:.3}"),
                format!("{:.0} %", (elapsed - server) / server * 100.0),
                format!("{:.2}", number("client_cpu_s")),
            ]);
        }
        let rounds = &document["running"];
        if let (Some(idle), Some(requests), Some(changed)) = (
            rounds["idle_cpu_ms"].as_f64(),
            rounds["idle_requests"].as_f64(),
            rounds["cpu_ms_a_changed_ticket"].as_f64(),
        ) {
            running.push_str(&format!(
                "\n- {} tickets, a program that keeps running: {idle:.0} ms of processor in {:.0} s without a change ({requests:.0} requests); \
                 {changed:.2} ms of processor a changed ticket ({:.0} changes).",
                document["tickets"],
                rounds["idle_s"].as_f64().unwrap_or_default(),
                rounds["changed_tickets"].as_f64().unwrap_or_default(),
            ));
        }
    }
    Ok(if any {
        format!("{table}\n{running}")
    } else {
        String::new()
    })
}

/// The processor, the memory, the system.
fn machine() -> String {
    let line = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let found = text.lines().find_map(|line| line.strip_prefix(name));
        found.map(|rest| rest.trim_start_matches([':', ' ', '\t']).trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = line("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .map_or(String::new(), |kilobytes| {
            format!(", {:.0} GiB of memory", kilobytes / 1_048_576.0)
        });
    let system = line("/etc/os-release", "PRETTY_NAME=").unwrap_or_default();
    format!(
        "{}, {cores} processors{memory}, {}, a virtual display without graphics hardware",
        line("/proc/cpuinfo", "model name").unwrap_or_default(),
        system.trim_matches('"'),
    )
}
