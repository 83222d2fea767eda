//! Real kills of a process over the real store (`tests/crash`).

use crate::{
    error::{Error, Result},
    guichet::FEATURES,
    steps,
    workspace::Workspace,
};
use duct::cmd;

/// The referee, and the process that it kills.
const PROGRAM: &str = "guichet-crash";

/// Arguments of `cargo xtask crash`.
#[derive(clap::Args)]
pub struct Options {
    /// Kills, at least.
    #[arg(long, default_value_t = 1_000)]
    kills: u32,
    /// The first profile's seed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only places whose name contains this.
    #[arg(long)]
    point: Option<String>,
}

/// Kills as often as asked; an error unless the closing line says that nothing was found.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    workspace
        .cargo([
            "build",
            "--locked",
            "--workspace",
            FEATURES[0],
            FEATURES[1],
            "--bin",
            PROGRAM,
        ])
        .run()
        .map_err(Error::command("cargo build --bin guichet-crash"))?;
    let mut arguments = vec!["run".to_owned()];
    arguments.extend(["--kills".to_owned(), options.kills.to_string()]);
    arguments.extend(["--seed".to_owned(), options.seed.to_string()]);
    if let Some(point) = &options.point {
        arguments.extend(["--point".to_owned(), point.clone()]);
    }
    let mut last = String::new();
    let expression = cmd(workspace.built("debug", PROGRAM), arguments);
    steps::stream(PROGRAM, &expression, |line| {
        if !line.trim().is_empty() {
            line.trim().clone_into(&mut last);
        }
    })?;
    if !is_clean(&last, options.kills) {
        return Err(Error::Check(format!("the kills ended with: {last}")));
    }
    Ok(())
}

fn is_clean(line: &str, kills: u32) -> bool {
    line.strip_suffix(" kills: 0 findings")
        .and_then(|count| count.parse::<u32>().ok())
        .is_some_and(|count| count >= kills)
}

#[cfg(test)]
mod tests {
    use super::is_clean;

    #[test]
    fn only_enough_kills_without_a_finding_are_clean() {
        assert!(is_clean("1003 kills: 0 findings", 1000));
        assert!(!is_clean("999 kills: 0 findings", 1000));
        assert!(!is_clean("1003 kills: 1 findings", 1000));
        assert!(!is_clean("", 0));
    }
}
