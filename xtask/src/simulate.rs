//! Seeded schedules of faults against the real engine (`testkit`'s `guichet-simulate`, optimised).

use crate::{
    error::{Error, Result},
    steps,
    workspace::Workspace,
};

/// Arguments of `cargo xtask simulate`.
#[derive(clap::Args)]
pub struct Options {
    /// How many schedules.
    #[arg(long, default_value_t = 5_000)]
    pub schedules: u32,
    /// The first schedule's seed.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Run this one schedule and print its trace.
    #[arg(long)]
    pub replay: Option<u64>,
}

/// Runs them; an error unless the closing line says that nothing was lost, duplicated or stalled.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    closing_line(workspace, options).map(|_| ())
}

/// As [`run`], with the closing line.
pub fn closing_line(workspace: &Workspace, options: &Options) -> Result<String> {
    let mut arguments: Vec<String> = [
        "run",
        "--locked",
        "--profile",
        "simulate",
        "--package",
        "guichet-testkit",
        "--bin",
        "guichet-simulate",
        "--",
    ]
    .map(String::from)
    .into();
    match options.replay {
        Some(seed) => arguments.extend(["--replay".to_owned(), seed.to_string()]),
        None => arguments.extend([
            "--schedules".to_owned(),
            options.schedules.to_string(),
            "--seed".to_owned(),
            options.seed.to_string(),
        ]),
    }
    let mut last = String::new();
    let expression = workspace.cargo_with(arguments.into_iter().map(Into::into).collect());
    steps::stream("guichet-simulate", &expression, |line| {
        if !line.trim().is_empty() {
            line.trim().clone_into(&mut last);
        }
    })?;
    if options.replay.is_none() && !is_clean(&last, options.schedules) {
        return Err(Error::Check(format!("the simulation ended with: {last}")));
    }
    Ok(last)
}

fn is_clean(line: &str, schedules: u32) -> bool {
    line == format!("{schedules} schedules: 0 lost, 0 duplicated, 0 stalled")
}

#[cfg(test)]
mod tests {
    use super::is_clean;

    #[test]
    fn only_the_whole_number_of_schedules_without_a_loss_is_clean() {
        assert!(is_clean("2000 schedules: 0 lost, 0 duplicated, 0 stalled", 2000));
        assert!(!is_clean("2000 schedules: 0 lost, 1 duplicated, 0 stalled", 2000));
        assert!(!is_clean("20 schedules: 0 lost, 0 duplicated, 0 stalled", 2000));
        assert!(!is_clean("", 2000));
    }
}
