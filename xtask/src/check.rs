//! `cargo xtask test`: everything the continuous integration checks, in the order that fails soonest.

use crate::{
    bindings, deny, e2e,
    error::{Error, Result},
    front_end, fuzz,
    guichet::FEATURES,
    npm_audit, setup, simulate,
    steps::{self, Counts, Step, Verdict},
    workspace::Workspace,
};

/// Arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub struct Options {
    /// Go on after a failed step, so that one run shows them all.
    #[arg(long)]
    keep_going: bool,
    /// Schedules of the simulation.
    #[arg(long, default_value_t = 5_000)]
    schedules: u32,
    /// Leave the real window out (its pictures need a virtual display).
    #[arg(long)]
    without_window: bool,
}

/// Runs them all.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let mut steps = vec![
        Step::new("system packages", |_| setup::for_tests(workspace).map(Verdict::Done)),
        Step::new("rust format", |_| cargo(workspace, &["fmt", "--all", "--check"])),
        Step::new("ui modules", |_| front_end::install(workspace)),
        Step::new("ui format", |counts| {
            front_end::script(workspace, "format:check", counts)
        }),
        Step::new("ui lint", |counts| front_end::script(workspace, "lint", counts)),
        Step::new("ui types", |counts| front_end::script(workspace, "check", counts)),
        Step::new("ui tests", |counts| front_end::script(workspace, "test", counts)),
        // Before anything of the application is compiled: it embeds the result.
        Step::new("ui build", |_| front_end::build(workspace)),
        Step::new("crates allowed", |_| deny::check(workspace)),
        Step::new("npm audit", |_| npm_audit::check(workspace)),
        Step::new("clippy", |_| {
            let lints = [
                "clippy",
                "--locked",
                "--workspace",
                "--all-targets",
                FEATURES[0],
                FEATURES[1],
                "--",
                "-D",
                "warnings",
            ];
            cargo(workspace, &lints)
        }),
        Step::new("rust tests", |counts| rust_tests(workspace, counts)),
        Step::new("bindings fresh", |_| {
            bindings::run(workspace, &bindings::Options { check: true })?;
            Ok(Verdict::Done(String::new()))
        }),
        Step::new("simulation", |_| {
            let options = simulate::Options {
                schedules: options.schedules,
                seed: 1,
                replay: None,
            };
            simulate::closing_line(workspace, &options).map(Verdict::Done)
        }),
        Step::new("fuzzing", |_| {
            if !fuzz::is_possible() {
                return Ok(Verdict::Skipped("libFuzzer is built on Linux".to_owned()));
            }
            let options = fuzz::Options {
                seconds: 60,
                target: None,
                seed: 1,
                replay: None,
            };
            fuzz::closing_line(workspace, &options).map(Verdict::Done)
        }),
    ];
    steps.push(Step::new("real window", |counts| {
        if options.without_window {
            return Ok(Verdict::Skipped("asked for".to_owned()));
        }
        e2e::counted(workspace, &e2e::Options::default(), counts)
    }));
    steps::run_all(steps, options.keep_going)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<Verdict> {
    let name = format!("cargo {}", arguments.join(" "));
    let expression = workspace.cargo_with(arguments.iter().map(Into::into).collect());
    expression.run().map_err(Error::command(name))?;
    Ok(Verdict::Done(String::new()))
}

fn rust_tests(workspace: &Workspace, counts: &mut Counts) -> Result<Verdict> {
    let expression = workspace.cargo([
        "test",
        "--locked",
        "--workspace",
        "--no-fail-fast",
        FEATURES[0],
        FEATURES[1],
    ]);
    steps::counted("cargo test --workspace", &expression, counts)?;
    Ok(Verdict::Done(String::new()))
}
