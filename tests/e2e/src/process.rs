//! Programs that a test starts and that never outlive it.

use crate::error::{Error, Result};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

/// A running program; dropping it ends it.
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts a program whose whole output goes to a file.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let out = File::create(log).map_err(Error::file(log))?;
        let errors = out.try_clone().map_err(Error::file(log))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(Error::program(name))?;
        Ok(Self { child })
    }

    /// Starts a program that announces itself with one line; the rest of its output is thrown away.
    pub fn announced(name: &str, command: &mut Command, log: &Path) -> Result<(Self, String)> {
        let errors = File::create(log).map_err(Error::file(log))?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(Error::program(name))?;
        let stdout = child.stdout.take();
        let process = Self { child };
        let line = stdout
            .map_or_else(|| Ok(String::new()), first_line)
            .map_err(Error::program(name))?;
        if line.is_empty() {
            let said = std::fs::read_to_string(log).unwrap_or_default();
            return Err(Error::Check(format!("{name} ended without a word: {said}")));
        }
        Ok((process, line))
    }

    /// Starts a program that reads its input to the end first.
    pub fn fed(name: &str, command: &mut Command, input: &[u8], log: &Path) -> Result<Self> {
        let out = File::create(log).map_err(Error::file(log))?;
        let errors = out.try_clone().map_err(Error::file(log))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(out)
            .stderr(errors)
            .spawn()
            .map_err(Error::program(name))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input).map_err(Error::program(name))?;
        }
        Ok(Self { child })
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once (`kill -9`) and waits until it is gone.
    pub fn kill(&mut self) {
        // Gone already is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The first line; what follows is drained so that the program never blocks on a full pipe.
fn first_line(stdout: ChildStdout) -> std::io::Result<String> {
    let mut reader = BufReader::new(stdout);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    thread::spawn(move || {
        let mut rest = [0; 4096];
        while reader.read(&mut rest).is_ok_and(|count| count > 0) {}
    });
    Ok(line.trim().to_owned())
}
