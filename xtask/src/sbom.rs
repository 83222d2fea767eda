//! `cargo xtask sbom`: the software bill of materials (`xtask/sbom`).

use crate::{
    error::{Error, Result},
    front_end,
    workspace::Workspace,
};
use std::path::PathBuf;

/// Arguments of `cargo xtask sbom`.
#[derive(clap::Args)]
pub struct Options {
    /// Where to write it; artifacts/sbom/guichet.cdx.json otherwise.
    #[arg(long)]
    to: Option<PathBuf>,
}

/// Builds the page (its build writes down what it is made of) and writes the bill.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let to = match &options.to {
        Some(to) => to.clone(),
        None => workspace.artifacts("sbom")?.join("guichet.cdx.json"),
    };
    workspace
        .cargo_with(
            [
                "run".into(),
                "--quiet".into(),
                "--locked".into(),
                "--package".into(),
                "guichet-sbom".into(),
                "--".into(),
                "--root".into(),
                workspace.root().as_os_str().to_owned(),
                "--to".into(),
                std::path::absolute(&to).unwrap_or(to).into_os_string(),
            ]
            .into(),
        )
        .run()
        .map_err(Error::command("guichet-sbom"))?;
    Ok(())
}
