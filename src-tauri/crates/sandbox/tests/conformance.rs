//! The same facts, checked on recordings of GLPI 10.0.20 and 11.0.6 and on the sandbox in the same mode.
//!
//! A fact names the recorded calls it is read from, says how to make the same calls on the sandbox, and checks both with
//! one function. A check may look at statuses, headers, shapes and relations, never at a number only one side has.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "conformance/facts_reading.rs"]
mod facts_reading;
#[path = "conformance/facts_sessions.rs"]
mod facts_sessions;
#[path = "conformance/facts_writing.rs"]
mod facts_writing;
#[path = "conformance/world.rs"]
mod world;

use guichet_sandbox::Version;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::Mutex,
};
use world::{Exchange, World};

/// One fact.
pub struct Fact {
    pub name: &'static str,
    /// Numbers of the recorded calls.
    pub recorded: &'static [&'static str],
    /// The same calls on the sandbox.
    pub act: fn(&mut World) -> Vec<Exchange>,
    /// What is true of both.
    pub check: fn(&[Exchange], Version),
}

fn facts() -> Vec<Fact> {
    [facts_sessions::facts(), facts_reading::facts(), facts_writing::facts()]
        .into_iter()
        .flatten()
        .collect()
}

fn recordings(version: Version, numbers: &[&str]) -> Vec<Exchange> {
    let folder = match version {
        Version::Ten => "v1-10.0",
        Version::Eleven => "v1-11",
    };
    // Asked when the test runs: a build folder kept outside the checkout may serve several.
    let folder = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("tests/recordings")
        .join(folder);
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    numbers
        .iter()
        .map(|number| {
            let file = files
                .iter()
                .find(|file| {
                    file.file_name()
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .starts_with(&format!("{number}-"))
                })
                .unwrap_or_else(|| panic!("no recording {number} in {folder:?}"));
            Exchange::recorded(&std::fs::read_to_string(file).unwrap())
        })
        .collect()
}

/// Failed checks are collected, not printed as they fall; only one run at a time may silence them.
static SILENCE: Mutex<()> = Mutex::new(());

fn run(version: Version) {
    let silence = SILENCE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let prototype = World::new(version);
    let mut failures = Vec::new();
    std::panic::set_hook(Box::new(|_| {}));
    for fact in facts() {
        let mut verdict = |side: &str, exchanges: &dyn Fn() -> Vec<Exchange>| {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let exchanges = exchanges();
                assert_eq!(exchanges.len(), fact.recorded.len(), "calls made");
                (fact.check)(&exchanges, version);
            }));
            if let Err(panic) = outcome {
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                    .unwrap_or_default();
                failures.push(format!("{} [{side}]: {text}", fact.name));
            }
        };
        verdict("recorded", &|| recordings(version, fact.recorded));
        verdict("sandbox", &|| (fact.act)(&mut prototype.clone()));
    }
    let _ = std::panic::take_hook();
    drop(silence);
    assert!(
        failures.is_empty(),
        "{} failures in {version:?}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn facts_hold_on_glpi_10() {
    run(Version::Ten);
}

#[test]
fn facts_hold_on_glpi_11() {
    run(Version::Eleven);
}

#[test]
fn there_are_enough_facts_and_each_has_its_own_name() {
    let facts = facts();
    let names: std::collections::BTreeSet<&str> = facts.iter().map(|fact| fact.name).collect();
    assert_eq!(names.len(), facts.len());
    assert!(facts.len() >= 60, "{}", facts.len());
}
