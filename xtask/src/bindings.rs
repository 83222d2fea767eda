//! The window's typed view of the Rust commands.

use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use std::{fs, path::PathBuf};

/// Arguments of `cargo xtask bindings`.
#[derive(clap::Args)]
pub struct Options {
    /// Change nothing; fail when the committed file is not what the Rust types say.
    #[arg(long)]
    pub check: bool,
}

/// Writes the bindings again, or only compares.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let file: PathBuf = workspace.ui().join("src/backend/bindings.ts");
    let committed = fs::read(&file).unwrap_or_default();
    workspace
        .cargo([
            "test",
            "--locked",
            "--quiet",
            "--package",
            "guichet",
            "--lib",
            "bindings",
        ])
        .env("GUICHET_WRITE_BINDINGS", "1")
        .run()
        .map_err(Error::command("cargo test --package guichet --lib bindings"))?;
    let written = fs::read(&file).map_err(Error::file(&file))?;
    if written == committed {
        println!("{}: up to date.", file.display());
        return Ok(());
    }
    if options.check {
        fs::write(&file, committed).map_err(Error::file(&file))?;
        return Err(Error::Check(
            "ui/src/backend/bindings.ts is stale: run `cargo xtask bindings` and commit it".to_owned(),
        ));
    }
    println!("{}: written.", file.display());
    Ok(())
}
