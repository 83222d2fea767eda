//! Real kills of a process over the real store (`tests/crash`).

use crate::{
    error::{Error, Result},
    guichet::FEATURES,
    steps,
    workspace::Workspace,
};

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
    let mut arguments: Vec<String> = [
        "run",
        "--locked",
        "--workspace",
        FEATURES[0],
        FEATURES[1],
        "--bin",
        "guichet-crash",
        "--",
        "run",
    ]
    .map(String::from)
    .into();
    arguments.extend(["--kills".to_owned(), options.kills.to_string()]);
    arguments.extend(["--seed".to_owned(), options.seed.to_string()]);
    if let Some(point) = &options.point {
        arguments.extend(["--point".to_owned(), point.clone()]);
    }
    let mut last = String::new();
    let expression = workspace.cargo_with(arguments.into_iter().map(Into::into).collect());
    steps::stream("guichet-crash", &expression, |line| {
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
