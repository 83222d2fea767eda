//! The front end's own steps, run by npm.

use crate::{
    error::{Error, Result},
    steps::{self, Counts, Verdict},
    workspace::Workspace,
};
use duct::{Expression, cmd};
use std::fs;

/// Installs the modules exactly as the lock file says, unless they already are.
pub fn install(workspace: &Workspace) -> Result<Verdict> {
    let ui = workspace.ui();
    let lock_file = ui.join("package-lock.json");
    let lock = fs::read(&lock_file).map_err(Error::file(&lock_file))?;
    let stamp = ui.join("node_modules").join(".installed-lock.json");
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        println!("ui/node_modules: as the lock file says.");
        return Ok(Verdict::Done("up to date".to_owned()));
    }
    println!("Installing the front end's modules into ui/node_modules (npm ci).");
    npm(workspace, &["ci", "--no-audit", "--no-fund"])
        .run()
        .map_err(Error::command("npm ci"))?;
    fs::write(&stamp, lock).map_err(Error::file(&stamp))?;
    Ok(Verdict::Done("installed".to_owned()))
}

/// Runs one of package.json's scripts.
pub fn script(workspace: &Workspace, name: &'static str, counts: &mut Counts) -> Result<Verdict> {
    steps::counted(
        &format!("npm run {name}"),
        &npm(workspace, &["run", "--silent", name]),
        counts,
    )?;
    Ok(Verdict::Done(String::new()))
}

/// Builds what the application embeds.
pub fn build(workspace: &Workspace) -> Result<Verdict> {
    script(workspace, "build", &mut Counts::default())
}

/// npm in the front end's folder.
pub fn npm(workspace: &Workspace, arguments: &[&str]) -> Expression {
    cmd(if cfg!(windows) { "npm.cmd" } else { "npm" }, arguments)
        .dir(workspace.ui())
        .env("NO_COLOR", "1")
        .env("NODE_NO_WARNINGS", "1")
        .stdin_null()
}
