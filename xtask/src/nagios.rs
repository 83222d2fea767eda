//! Debian's Nagios for the tests of its adapter: unpacked beside the build folder, not installed. Its packages ask for a web server, PHP
//! and a mail server, and start them; the tests need three programs.

use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use duct::cmd;
use std::{fs, path::Path};

/// What the tests run.
const PROGRAMS: [&str; 3] = [
    "usr/sbin/nagios4",
    "usr/lib/cgi-bin/nagios4/statusjson.cgi",
    "usr/lib/cgi-bin/nagios4/cmd.cgi",
];

/// Unpacks it, unless it is there. Where it is: `tests/common/nagios.rs` of the alerts' crate.
pub fn unpack(workspace: &Workspace) -> Result<()> {
    let there = |root: &Path| PROGRAMS.iter().all(|program| root.join(program).exists());
    let folder = workspace.cache("nagios4")?;
    if !Path::new("/usr/bin/apt-get").exists() || there(Path::new("/")) || there(&folder) {
        return Ok(());
    }
    println!(
        "Unpacking Debian's Nagios into {} (nothing is installed).",
        folder.display()
    );
    let packages = workspace.cache("nagios4-packages")?;
    let download = || {
        cmd!("apt-get", "download", "--quiet", "nagios4-core", "nagios4-cgi")
            .dir(&packages)
            .stdin_null()
            .run()
    };
    if download().is_err() {
        // The list of packages may be older than they are.
        crate::setup::apt_get(&["update"])?;
        download().map_err(Error::command("apt-get download nagios4-core nagios4-cgi"))?;
    }
    for entry in fs::read_dir(&packages).map_err(Error::file(&packages))? {
        let package = entry.map_err(Error::file(&packages))?.path();
        if package.extension().is_some_and(|extension| extension == "deb") {
            cmd!("dpkg-deb", "--extract", &package, &folder)
                .run()
                .map_err(Error::command("dpkg-deb --extract"))?;
        }
    }
    fs::remove_dir_all(&packages).map_err(Error::file(&packages))
}
