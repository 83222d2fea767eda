//! The real window under a virtual display (`tests/e2e`).

use crate::{
    error::Result,
    front_end, guichet, setup,
    steps::{self, Counts, Verdict},
    workspace::Workspace,
};

/// Arguments of `cargo xtask e2e`.
#[derive(clap::Args, Default)]
pub struct Options {
    /// Only the scenarios whose name contains this.
    filter: Option<String>,
    /// How often, to look for what fails only now and then.
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Keep the pictures of the scenario `every_view` as they are now (tests/e2e/looks), after looking at them.
    #[arg(long)]
    accept: bool,
}

/// Sets up, builds and runs.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::system(setup::Needs::Test)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    for _ in 0..options.repeat.max(1) {
        counted(workspace, options, &mut Counts::default())?;
    }
    Ok(())
}

/// Runs the scenarios; the front end is already built. Every step leaves a picture.
///
/// A scenario that only waited in vain (for the driver or for something on screen: [`Waited`]) is run a second time, and the
/// table says so: on a busy machine the driver, the display and the web view are late or lose an event now and then. One that
/// found something wrong (an answer lost or sent twice, an accessibility fault) is never tried again.
pub fn counted(workspace: &Workspace, options: &Options, counts: &mut Counts) -> Result<Verdict> {
    let program = guichet::build(workspace, false)?;
    front_end::script(workspace, "build:demo", &mut Counts::default())?;
    let pictures = workspace.artifacts("e2e")?;
    let scenarios = |names: &[String], counts: &mut Counts, waited: &mut Waited| {
        let arguments = ["test", "--locked", "--package", "guichet-e2e", "--no-fail-fast", "--"]
            .into_iter()
            .chain(["--ignored", "--test-threads=1", "--nocapture"])
            .map(std::ffi::OsString::from)
            .chain(names.iter().map(Into::into));
        let expression = workspace
            .cargo_with(arguments.collect())
            .env("GUICHET_E2E_PROGRAM", &program)
            .env("GUICHET_E2E_PICTURES", &pictures)
            .env("GUICHET_E2E_UI", workspace.ui());
        let expression = if options.accept {
            expression.env("GUICHET_E2E_ACCEPT", "1")
        } else {
            expression
        };
        steps::counted_and_read("cargo test --package guichet-e2e", &expression, counts, |line| {
            waited.read(line);
        })
    };
    let filter: Vec<String> = options.filter.iter().cloned().collect();
    let mut waited = Waited::default();
    let first = scenarios(&filter, counts, &mut waited);
    println!("Pictures of each step: {}", pictures.display());
    let Err(failure) = first else {
        return Ok(Verdict::Done("pictures in artifacts/e2e".to_owned()));
    };
    let again = waited.in_vain();
    if again.is_empty() || again.len() as u64 != counts.failed {
        return Err(failure);
    }
    println!("\nOnly waited in vain, tried once more: {}", again.join(", "));
    let mut second = Counts::default();
    scenarios(&again, &mut second, &mut Waited::default())?;
    counts.failed -= second.passed;
    counts.passed += second.passed;
    Ok(Verdict::Done(format!("passed at the second try: {}", again.join(", "))))
}

/// What failed scenarios said, read from the output of the test runner.
#[derive(Default)]
struct Waited {
    failed: Vec<(String, bool)>,
    panicked: Option<String>,
}

impl Waited {
    /// The harness's errors that tell of waiting, as `Debug` prints them (`guichet_e2e::error::Error`).
    const IN_VAIN: [&str; 2] = ["` on an `Err` value: TimedOut {", "` on an `Err` value: Driver {"];

    fn read(&mut self, line: &str) {
        if let Some(scenario) = self.panicked.take() {
            let in_vain = Self::IN_VAIN.iter().any(|what| line.contains(what));
            self.failed.push((scenario, in_vain));
        }
        // The runner writes `thread 'NAME' (12) panicked at FILE:LINE:COLUMN:` and, on the next line, the message.
        let named = line
            .trim()
            .strip_prefix("thread '")
            .filter(|_| line.contains(" panicked at "));
        self.panicked = named
            .and_then(|rest| rest.split_once('\''))
            .map(|(name, _)| name.to_owned());
    }

    /// The failed scenarios, if none of them failed for another reason.
    fn in_vain(self) -> Vec<String> {
        if self.failed.iter().all(|(_, in_vain)| *in_vain) {
            self.failed.into_iter().map(|(scenario, _)| scenario).collect()
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Vec<String> {
        let mut waited = Waited::default();
        for line in lines {
            waited.read(line);
        }
        waited.in_vain()
    }

    #[test]
    fn a_scenario_that_waited_in_vain_is_tried_again() {
        let lines = [
            "test every_screen ... ",
            "thread 'every_screen' (26907) panicked at tests/e2e/tests/appearance.rs:100:52:",
            "called `Result::unwrap()` on an `Err` value: TimedOut { what: \"h1\", seconds: 30, seen: \"\" }",
        ];
        assert_eq!(read(&lines), ["every_screen"]);
    }

    #[test]
    fn a_scenario_that_found_something_wrong_is_not() {
        let waited = [
            "thread 'keyboard' (1) panicked at tests/e2e/tests/keyboard.rs:10:5:",
            "called `Result::unwrap()` on an `Err` value: Driver { what: \"keys\" }",
        ];
        let wrong = [
            "thread 'nothing_is_lost' (2) panicked at tests/e2e/tests/outage.rs:90:5:",
            "assertion `left == right` failed: the answer arrived once",
        ];
        assert_eq!(read(&waited), ["keyboard"]);
        assert!(read(&[waited, wrong].concat()).is_empty());
    }
}
