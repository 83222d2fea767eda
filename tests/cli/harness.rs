//! Processes of the executable under test, and the sandbox they talk to.

use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_guichet");
/// Small enough to be quick, large enough to have pages.
pub const TICKETS: &str = "60";

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }
}

/// A command that neither sees this machine's keyring nor its display; a new profile's key goes to a file of it.
pub fn command() -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .env("GUICHET_KEY_STORE", "file")
        .env_remove("GUICHET_PASSPHRASE_FILE")
        .env("LANG", "fr_FR.UTF-8")
        .env_remove("LC_ALL")
        .env_remove("LC_MESSAGES");
    command
}

pub fn run(mut command: Command, input: &str) -> Said {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads no input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A profile in a folder of its own.
pub struct Desk {
    pub folder: TempDir,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn profile(&self) -> PathBuf {
        self.folder.path().join("profile")
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command
            .arg("--profile")
            .arg(self.profile())
            .arg("--json")
            .args(arguments);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Said {
        run(self.command(arguments), "")
    }

    pub fn sign_in(&self, server: &Server) -> Said {
        let arguments = ["login", "--url", &server.url, "--secret-store", "file"];
        run(self.command(&arguments), &server.secrets())
    }

    /// Unsent entries.
    pub fn unsent(&self) -> Vec<Value> {
        let answer = self.run(&["outbox", "list"]).ended(0).json();
        answer["entries"].as_array().unwrap().clone()
    }

    /// A ticket of the technician's own queue.
    pub fn a_ticket(&self) -> i64 {
        let answer = self.run(&["ticket", "list"]).ended(0).json();
        let tickets = answer["tickets"].as_array().unwrap();
        assert!(!tickets.is_empty(), "the queue is empty");
        tickets[0]["id"].as_i64().unwrap()
    }
}

/// A sandbox in a process of its own, killed when dropped.
pub struct Server {
    child: Child,
    pub url: String,
    pub user_token: String,
    pub app_token: String,
}

impl Server {
    pub fn start(glpi: &str, data: &Path, port: u16, more: &[&str]) -> Self {
        let port = port.to_string();
        let mut child = command()
            .args([
                "sandbox",
                "--glpi",
                glpi,
                "--tickets",
                TICKETS,
                "--seed",
                "7",
                "--port",
                &port,
            ])
            .arg("--data")
            .arg(data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        assert_eq!(text("glpi"), glpi);
        Self {
            child,
            url: text("url"),
            user_token: text("user_token"),
            app_token: text("app_token"),
        }
    }

    pub fn secrets(&self) -> String {
        format!("user_token={}\napp_token={}\n", self.user_token, self.app_token)
    }

    /// As a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// One of the sandbox's own pages, as text.
    pub fn own_page(&self, page: &str) -> String {
        let url = format!("{}/_sandbox/{page}", self.url);
        block_on(async { reqwest::get(url).await.unwrap().text().await.unwrap() })
    }

    /// Sets the faults.
    pub fn faults(&self, faults: &Value) {
        let url = format!("{}/_sandbox/faults", self.url);
        let body = faults.to_string();
        let status = block_on(async {
            let request = reqwest::Client::new()
                .put(url)
                .header("content-type", "application/json")
                .body(body);
            request.send().await.unwrap().status()
        });
        assert!(status.is_success(), "{status}");
    }

    /// How often the server accepted a write with these words.
    pub fn accepted(&self, words: &str) -> usize {
        self.own_page("writes").matches(words).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// A port that is free now, so that a server can come back on the same one.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
