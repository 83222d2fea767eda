//! A message bus of a test's own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

/// Ends with the test.
pub(crate) struct Bus(Child, String);

impl Bus {
    /// `None` where no `dbus-daemon` is installed.
    pub(crate) fn start() -> Option<Self> {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut address = String::new();
        BufReader::new(daemon.stdout.take()?).read_line(&mut address).ok()?;
        Some(Self(daemon, address.trim().to_owned()))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> &str {
        &self.1
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
