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
pub fn counted(workspace: &Workspace, options: &Options, counts: &mut Counts) -> Result<Verdict> {
    let program = guichet::build(workspace, false)?;
    let pictures = workspace.artifacts("e2e")?;
    let mut arguments: Vec<std::ffi::OsString> = [
        "test",
        "--locked",
        "--package",
        "guichet-e2e",
        "--no-fail-fast",
        "--",
        "--ignored",
        "--test-threads=1",
        "--nocapture",
    ]
    .map(Into::into)
    .into();
    if let Some(filter) = &options.filter {
        arguments.push(filter.into());
    }
    let expression = workspace
        .cargo_with(arguments)
        .env("GUICHET_E2E_PROGRAM", program)
        .env("GUICHET_E2E_PICTURES", &pictures)
        .env("GUICHET_E2E_UI", workspace.ui());
    steps::counted("cargo test --package guichet-e2e", &expression, counts)?;
    println!("Pictures of each step: {}", pictures.display());
    Ok(Verdict::Done("pictures in artifacts/e2e".to_owned()))
}
