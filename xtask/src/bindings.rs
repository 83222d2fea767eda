//! The window's typed view of the Rust commands.

use crate::{
    error::{Error, Result},
    guichet::FEATURES,
    steps::{self, Counts},
    workspace::Workspace,
};

/// Arguments of `cargo xtask bindings`.
#[derive(clap::Args)]
pub struct Options {
    /// Change nothing; fail when the committed file is not what the Rust types say.
    #[arg(long)]
    pub check: bool,
}

/// Writes the bindings again, or only compares. The types tell by a test of the application's library; it is run with
/// the whole workspace so that nothing is compiled with other features than the tests are.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let test = [
        "test",
        "--locked",
        "--quiet",
        "--workspace",
        FEATURES[0],
        FEATURES[1],
        "--lib",
        "bindings",
    ];
    let mut expression = workspace.cargo(test);
    if !options.check {
        expression = expression.env("GUICHET_WRITE_BINDINGS", "1");
    }
    let mut counts = Counts::default();
    steps::counted("cargo test --lib bindings", &expression, &mut counts)?;
    if counts.passed == 0 {
        return Err(Error::Check("no test of the bindings ran".to_owned()));
    }
    let state = if options.check { "up to date" } else { "written" };
    println!("ui/src/backend/bindings.ts: {state}.");
    Ok(())
}
