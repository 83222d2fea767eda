//! The product's executable, as the commands here use it: built, called with `--json`, and serving a sandbox.

use crate::{
    error::{Error, Result},
    workspace::Workspace,
};
use duct::{ReaderHandle, cmd};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
};

/// The features of every build here: one set, so that nothing is compiled twice. This one puts the front end inside the
/// executable.
pub const FEATURES: [&str; 2] = ["--features", "tauri/custom-protocol"];

/// Builds the executable, window included; answers its path.
pub fn build(workspace: &Workspace, release: bool) -> Result<PathBuf> {
    build_in(workspace, if release { "release" } else { "dev" })
}

/// As [`build`], in one of cargo's profiles.
pub fn build_in(workspace: &Workspace, profile: &str) -> Result<PathBuf> {
    // The whole workspace is named so that nothing is compiled twice.
    let arguments = [
        "build",
        "--locked",
        "--workspace",
        "--bin",
        "guichet",
        "--profile",
        profile,
        FEATURES[0],
        FEATURES[1],
    ];
    workspace
        .cargo(arguments)
        .run()
        .map_err(Error::command("cargo build --bin guichet"))?;
    Ok(workspace.built(if profile == "dev" { "debug" } else { profile }, "guichet"))
}

/// The product and the empty window it is held against, optimised and drivable (feature `e2e`), in one of cargo's profiles.
pub fn build_to_measure(workspace: &Workspace, profile: &str) -> Result<[PathBuf; 2]> {
    let names = ["guichet", "guichet-empty-window"];
    let arguments = [
        "build",
        "--locked",
        "--workspace",
        "--bin",
        names[0],
        "--bin",
        names[1],
        "--profile",
        profile,
        "--features",
        "tauri/custom-protocol,guichet/e2e,guichet-empty-window/window",
    ];
    workspace
        .cargo(arguments)
        .run()
        .map_err(Error::command("cargo build --bin guichet --bin guichet-empty-window"))?;
    Ok(names.map(|name| workspace.built(profile, name)))
}

/// The command line over one profile.
pub struct CommandLine {
    program: PathBuf,
    profile: PathBuf,
}

impl CommandLine {
    /// Over this profile folder.
    pub fn new(program: &Path, profile: &Path) -> Self {
        Self {
            program: program.to_owned(),
            profile: profile.to_owned(),
        }
    }

    /// Runs a command that must end with one of these exit codes (0 done, 1 failed, 2 usage, 3 accepted and waiting);
    /// answers its JSON.
    pub fn run(&self, arguments: &[&str], accepted: &[i32]) -> Result<Value> {
        self.run_with(arguments, None, accepted)
    }

    /// As [`Self::run`], with lines for its standard input (secrets go this way only).
    pub fn run_with(&self, arguments: &[&str], input: Option<String>, accepted: &[i32]) -> Result<Value> {
        let shown = format!("guichet {}", arguments.join(" "));
        let mut line = vec![
            "--profile".into(),
            self.profile.clone().into_os_string(),
            "--json".into(),
        ];
        line.extend(arguments.iter().map(Into::into));
        let expression = cmd(&self.program, line).unchecked().stdout_capture();
        let expression = match input {
            Some(input) => expression.stdin_bytes(input),
            None => expression.stdin_null(),
        };
        let output = expression.run().map_err(Error::command(&shown))?;
        let code = output.status.code().unwrap_or(-1);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !accepted.contains(&code) {
            return Err(Error::Check(format!("`{shown}` ended with {code}: {}", text.trim())));
        }
        serde_json::from_str(&text).map_err(Error::json(format!("the answer of `{shown}`")))
    }
}

impl CommandLine {
    /// Starts a command that goes on by itself; answers the handle that ends it and the process's number.
    pub fn start(&self, arguments: &[&str]) -> Result<(duct::Handle, u32)> {
        let shown = format!("guichet {}", arguments.join(" "));
        let mut line = vec![
            "--profile".into(),
            self.profile.clone().into_os_string(),
            "--json".into(),
        ];
        line.extend(arguments.iter().map(Into::into));
        let handle = cmd(&self.program, line)
            .stdin_null()
            .stdout_null()
            .unchecked()
            .start()
            .map_err(Error::command(&shown))?;
        match handle.pids().first() {
            Some(&process) => Ok((handle, process)),
            None => Err(Error::Check(format!("`{shown}` has no process"))),
        }
    }
}

/// A sandbox in a process of its own. Dropping it ends the process.
pub struct Sandbox {
    handle: ReaderHandle,
    /// Where it serves.
    pub url: String,
    /// The technician's token.
    pub user_token: String,
    /// The application's token.
    pub app_token: String,
}

impl Sandbox {
    /// Starts it; its state lives in `data`.
    pub fn start(program: &Path, data: &Path, port: u16, more: &[&str]) -> Result<Self> {
        let port = port.to_string();
        let mut line: Vec<std::ffi::OsString> = vec![
            "sandbox".into(),
            "--port".into(),
            port.into(),
            "--data".into(),
            data.into(),
        ];
        line.extend(more.iter().map(Into::into));
        let handle = cmd(program, line)
            .stdin_null()
            .reader()
            .map_err(Error::command("guichet sandbox"))?;
        let mut first = String::new();
        BufReader::new(&handle)
            .read_line(&mut first)
            .map_err(Error::command("guichet sandbox"))?;
        let said: Value = serde_json::from_str(&first).map_err(Error::json("the sandbox's first line"))?;
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        Ok(Self {
            url: text("url"),
            user_token: text("user_token"),
            app_token: text("app_token"),
            handle,
        })
    }

    /// The lines that `guichet login` reads.
    pub fn secrets(&self) -> String {
        let mut lines = format!("user_token={}\n", self.user_token);
        if !self.app_token.is_empty() {
            lines.push_str(&format!("app_token={}\n", self.app_token));
        }
        lines
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(self) -> Result<()> {
        self.handle.kill().map_err(Error::command("kill the sandbox"))
    }

    /// Reads one of the sandbox's own pages (`/_sandbox/…`).
    pub fn own_page(&self, page: &str) -> Result<Value> {
        let url = format!("{}/_sandbox/{page}", self.origin());
        let mut answer = ureq::get(&url).call().map_err(Error::http(&url))?;
        answer.body_mut().read_json().map_err(Error::http(&url))
    }

    /// Sets the sandbox's faults (`/_sandbox/faults`); those not named are off.
    pub fn set_faults(&self, faults: &Value) -> Result<()> {
        let url = format!("{}/_sandbox/faults", self.origin());
        ureq::put(&url).send_json(faults).map_err(Error::http(&url))?;
        Ok(())
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        let after_scheme = self.url.find("://").map_or(0, |at| at + 3);
        let end = self.url[after_scheme..]
            .find('/')
            .map_or(self.url.len(), |at| after_scheme + at);
        &self.url[..end]
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.handle.kill();
    }
}

/// A port that is free now, so that a server can come back on the same one.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::command("find a free port"))?;
    Ok(listener
        .local_addr()
        .map_err(Error::command("find a free port"))?
        .port())
}
