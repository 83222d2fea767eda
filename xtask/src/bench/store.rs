//! The store alone (`store`'s bench `desk`): no server, no window.

use super::PROFILE;
use crate::{
    error::{Error, Result},
    setup,
    workspace::Workspace,
};
use std::path::PathBuf;

/// Arguments of `cargo xtask bench store`.
#[derive(clap::Args)]
pub struct Options {
    /// How many tickets; five timeline entries each on average.
    #[arg(long, default_value_t = 1_000_000)]
    tickets: u32,
    /// Keep the databases there, and measure what is there already (a million tickets take minutes to write).
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// Fills a desk and measures it.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    setup::system(setup::Needs::Build)?;
    let file = workspace
        .artifacts("bench")?
        .join(format!("store-{}.json", options.tickets));
    let mut arguments: Vec<std::ffi::OsString> = [
        "bench",
        "--locked",
        "--profile",
        PROFILE,
        "--package",
        "guichet-store",
        "--bench",
        "desk",
        "--",
        "--tickets",
    ]
    .map(Into::into)
    .into();
    arguments.push(options.tickets.to_string().into());
    arguments.extend(["--json".into(), file.clone().into()]);
    if let Some(folder) = &options.folder {
        std::fs::create_dir_all(folder).map_err(Error::file(folder))?;
        let folder = folder.canonicalize().map_err(Error::file(folder))?;
        arguments.extend(["--folder".into(), folder.into()]);
    }
    workspace
        .cargo_with(arguments)
        .run()
        .map_err(Error::command("cargo bench --bench desk"))?;
    println!("{}", file.display());
    Ok(())
}
