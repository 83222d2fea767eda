//! `cargo xtask tour`: a scripted tour of the real window that makes the README's pictures.

use crate::{
    error::{Error, Result},
    front_end, guichet, setup,
    workspace::Workspace,
};
use std::fs;

/// Sets up, builds, tours; the pictures replace those of `docs/pictures`.
pub fn run(workspace: &Workspace) -> Result<()> {
    setup::system(setup::Needs::Test)?;
    front_end::install(workspace)?;
    front_end::build(workspace)?;
    let program = guichet::build(workspace, false)?;
    let build = ["build", "--locked", "--workspace", "--bin", "guichet-tour"];
    workspace
        .cargo_with(build.iter().chain(&guichet::FEATURES).map(Into::into).collect())
        .run()
        .map_err(Error::command("cargo build --bin guichet-tour"))?;
    let pictures = workspace.root().join("docs/pictures");
    fs::create_dir_all(&pictures).map_err(Error::file(&pictures))?;
    duct::cmd!(
        workspace.built("debug", "guichet-tour"),
        "--program",
        &program,
        "--pictures",
        &pictures
    )
    .env("GUICHET_E2E_PICTURES", workspace.artifacts("tour")?)
    .run()
    .map_err(Error::command("guichet-tour"))?;
    Ok(())
}
