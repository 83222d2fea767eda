//! Steps that are timed, counted and summed up in a table.

use crate::error::{Error, Result};
use duct::Expression;
use std::{
    fmt::Write as _,
    io::{BufRead, BufReader},
    time::{Duration, Instant},
};

/// What a step found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tests (or checks) that passed.
    pub passed: u64,
    /// Those that did not.
    pub failed: u64,
}

/// How a step ended when nothing went wrong.
pub enum Verdict {
    /// Done; a remark for the table, or nothing.
    Done(String),
    /// Could not be done here and says why; it is neither passed nor failed.
    Skipped(String),
}

/// A step's work.
pub type Work<'a> = Box<dyn FnOnce(&mut Counts) -> Result<Verdict> + 'a>;

/// One step of a command.
pub struct Step<'a> {
    /// As the table shows it.
    pub name: &'static str,
    /// What it does.
    pub work: Work<'a>,
}

impl<'a> Step<'a> {
    /// A step.
    pub fn new(name: &'static str, work: impl FnOnce(&mut Counts) -> Result<Verdict> + 'a) -> Self {
        Self {
            name,
            work: Box::new(work),
        }
    }
}

enum Outcome {
    Passed,
    Failed,
    Skipped,
    NotRun,
}

struct Row {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
    counts: Counts,
    remark: String,
}

/// Runs the steps in order. After a failure the rest is not run, unless asked for. Ends with a table and the plain line
/// `N passed, N failed`; a step that counts no tests counts as one check.
pub fn run_all(steps: Vec<Step<'_>>, keep_going: bool) -> Result<()> {
    let started = Instant::now();
    let mut rows: Vec<Row> = Vec::new();
    let mut failures: Vec<&'static str> = Vec::new();
    for Step { name, work } in steps {
        if !failures.is_empty() && !keep_going {
            rows.push(Row {
                name,
                outcome: Outcome::NotRun,
                took: Duration::ZERO,
                counts: Counts::default(),
                remark: String::new(),
            });
            continue;
        }
        println!("\n=== {name}");
        let begun = Instant::now();
        let mut counts = Counts::default();
        let ended = work(&mut counts);
        let took = begun.elapsed();
        let (outcome, remark) = match ended {
            Ok(Verdict::Done(_)) if counts.failed > 0 => (Outcome::Failed, format!("{} failed", counts.failed)),
            Ok(Verdict::Done(remark)) => {
                counts.passed = counts.passed.max(1);
                (Outcome::Passed, remark)
            }
            Ok(Verdict::Skipped(why)) => {
                println!("skipped: {why}");
                (Outcome::Skipped, why)
            }
            Err(error) => {
                counts.failed = counts.failed.max(1);
                println!("{name}: {error}");
                (Outcome::Failed, error.to_string())
            }
        };
        if matches!(outcome, Outcome::Failed) {
            failures.push(name);
        }
        rows.push(Row {
            name,
            outcome,
            took,
            counts,
            remark,
        });
    }
    print!("{}", table(&rows, started.elapsed()));
    if failures.is_empty() {
        Ok(())
    } else {
        Err(Error::Check(format!("failed: {}", failures.join(", "))))
    }
}

fn table(rows: &[Row], whole: Duration) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = String::from("\n");
    let mut total = Counts::default();
    for row in rows {
        let state = match row.outcome {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
            Outcome::NotRun => "not run",
        };
        total.passed += row.counts.passed;
        total.failed += row.counts.failed;
        let remark = row.remark.lines().next().unwrap_or("");
        let _ = writeln!(
            text,
            "{:<width$}  {state:<7}  {:>7.1} s  {:>5}  {remark}",
            row.name,
            row.took.as_secs_f64(),
            row.counts.passed
        );
    }
    let _ = writeln!(text, "{:<width$}  {:<7}  {:>7.1} s", "all", "", whole.as_secs_f64());
    let _ = writeln!(text, "\n{} passed, {} failed", total.passed, total.failed);
    text
}

/// Runs a program, showing its output as it comes and handing each line to `look`.
pub fn stream(name: &str, expression: &Expression, mut look: impl FnMut(&str)) -> Result<()> {
    let reader = expression.stderr_to_stdout().reader().map_err(Error::command(name))?;
    for line in BufReader::new(reader).split(b'\n') {
        let line = line.map_err(Error::command(name))?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        look(&line);
    }
    Ok(())
}

/// Runs a program and counts the tests that its output reports.
pub fn counted(name: &str, expression: &Expression, counts: &mut Counts) -> Result<()> {
    counted_and_read(name, expression, counts, |_| ())
}

/// As [`counted`], handing each line to `look` too.
pub fn counted_and_read(
    name: &str,
    expression: &Expression,
    counts: &mut Counts,
    mut look: impl FnMut(&str),
) -> Result<()> {
    stream(name, expression, |line| {
        look(line);
        if let Some(found) = reported(line) {
            counts.passed += found.passed;
            counts.failed += found.failed;
        }
    })
}

/// Reads the closing line of cargo's test runner (`test result: ok. 3 passed; 0 failed; …`) or of vitest
/// (`Tests  1 failed | 3 passed (4)`).
fn reported(line: &str) -> Option<Counts> {
    let line = without_colours(line);
    let line = line.trim();
    let rest = line
        .strip_prefix("test result: ")
        .or_else(|| line.strip_prefix("Tests ").filter(|rest| rest.ends_with(')')))?;
    let number_before = |word: &str| {
        let words: Vec<&str> = rest.split([' ', ';', '|']).filter(|part| !part.is_empty()).collect();
        words
            .windows(2)
            .find(|pair| pair[1] == word)
            .and_then(|pair| pair[0].parse().ok())
    };
    Some(Counts {
        passed: number_before("passed").unwrap_or(0),
        failed: number_before("failed").unwrap_or(0),
    })
}

/// Terminal colours away: vitest colours its closing line even into a pipe.
fn without_colours(line: &str) -> String {
    let mut parts = line.split("\u{1b}[");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        text + part.split_once('m').map_or(part, |(_, rest)| rest)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn reads_the_closing_line_of_cargo_test() {
        let line = "test result: FAILED. 12 passed; 2 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(reported(line), Some(Counts { passed: 12, failed: 2 }));
    }

    #[test]
    fn reads_the_closing_line_of_vitest() {
        assert_eq!(
            reported("      Tests  1 failed | 3 passed (4)"),
            Some(Counts { passed: 3, failed: 1 })
        );
        assert_eq!(
            reported("      Tests  3 passed (3)"),
            Some(Counts { passed: 3, failed: 0 })
        );
        let coloured =
            "\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m5 passed\u{1b}[39m\u{1b}[22m\u{1b}[90m (5)\u{1b}[39m";
        assert_eq!(reported(coloured), Some(Counts { passed: 5, failed: 0 }));
        assert_eq!(reported(" Test Files  3 passed (3)"), None);
    }

    #[test]
    fn a_failed_step_stops_the_rest_and_is_named() {
        let mut ran = false;
        let error = run_all(
            vec![
                Step::new("breaks", |_| Err(Error::Check("broken".to_owned()))),
                Step::new("later", |_| {
                    ran = true;
                    Ok(Verdict::Done(String::new()))
                }),
            ],
            false,
        )
        .unwrap_err();
        assert_eq!(error.to_string(), "failed: breaks");
        assert!(!ran);
    }

    #[test]
    fn a_step_with_failed_tests_fails_even_when_its_program_ended_well() {
        let steps = vec![Step::new("tests", |counts| {
            counts.failed = 1;
            Ok(Verdict::Done(String::new()))
        })];
        assert!(run_all(steps, true).is_err());
    }

    #[test]
    fn a_program_that_fails_is_an_error_after_its_output_was_read() {
        let mut lines = Vec::new();
        let outcome = stream(
            "sh",
            &duct::cmd!("sh", "-c", "echo one; echo two >&2; exit 3"),
            |line| lines.push(line.to_owned()),
        );
        assert!(outcome.is_err());
        assert_eq!(lines, ["one", "two"]);
    }
}
