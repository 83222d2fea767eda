//! One scenario: its folder, its pictures, its desktop, and the programs it runs there.

use crate::{
    desktop::Desktop,
    error::{Error, Result},
    window::Window,
};
use serde_json::Value;
use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a command of the command line answered.
#[derive(Debug)]
pub struct Answer {
    /// Exit code.
    pub code: i32,
    /// Its JSON.
    pub json: Value,
}

/// The project's folder. Asked when the test runs: a build folder kept outside the checkout may serve several.
pub fn checkout() -> PathBuf {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    package.join("../..")
}

/// The front end's folder, with its modules (`GUICHET_E2E_UI`; `cargo xtask e2e` sets it).
pub(crate) fn front_end() -> PathBuf {
    env::var_os("GUICHET_E2E_UI").map_or_else(|| checkout().join("ui"), PathBuf::from)
}

/// The script of axe-core, as the front end's lock file has it.
///
/// # Errors
/// When the front end's modules are not installed.
pub fn axe() -> Result<String> {
    let file = front_end().join("node_modules/axe-core/axe.min.js");
    fs::read_to_string(&file).map_err(Error::file(&file))
}

/// A scenario under way.
pub struct Scenario {
    desktop: Desktop,
    program: PathBuf,
    pictures: PathBuf,
}

impl Scenario {
    /// Sets it up. `GUICHET_E2E_PROGRAM` names the executable; `cargo xtask e2e` sets it.
    pub fn start(name: &str, language: &str) -> Result<Self> {
        let program = env::var_os("GUICHET_E2E_PROGRAM")
            .map(PathBuf::from)
            .ok_or_else(|| Error::Check("GUICHET_E2E_PROGRAM is not set: run `cargo xtask e2e`".to_owned()))?;
        Self::of(name, language, &program)
    }

    /// Sets it up for this executable.
    pub fn of(name: &str, language: &str, program: &Path) -> Result<Self> {
        let pictures = env::var_os("GUICHET_E2E_PICTURES")
            .map_or_else(|| checkout().join("artifacts/e2e"), PathBuf::from)
            .join(name);
        if pictures.exists() {
            fs::remove_dir_all(&pictures).map_err(Error::file(&pictures))?;
        }
        fs::create_dir_all(&pictures).map_err(Error::file(&pictures))?;
        let desktop = Desktop::start(&pictures, language)?;
        Ok(Self {
            desktop,
            program: program.to_owned(),
            pictures,
        })
    }

    /// Where this scenario's pictures and logs go.
    pub fn pictures(&self) -> &Path {
        &self.pictures
    }

    /// A folder that goes with the scenario.
    pub fn folder(&self) -> PathBuf {
        self.desktop.home()
    }

    /// The desktop it runs on.
    pub fn desktop(&self) -> &Desktop {
        &self.desktop
    }

    /// The product's executable.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The profile folder that the window and the command line share.
    pub fn profile(&self) -> PathBuf {
        self.folder().join("profile")
    }

    /// The executable, on this desktop.
    pub fn guichet(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.desktop.adopt(&mut command);
        command
    }

    /// Opens the window on this scenario's profile.
    pub async fn open(&self) -> Result<Window> {
        Window::open(
            self,
            &self.program,
            &["--profile".into(), self.profile().into_os_string()],
        )
        .await
    }

    /// Runs a command of the command line over the same profile, with lines for its standard input.
    pub fn command_line(&self, arguments: &[&str], input: &str) -> Result<Answer> {
        let name = format!("guichet {}", arguments.join(" "));
        let mut child = self
            .guichet()
            .arg("--profile")
            .arg(self.profile())
            .arg("--json")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(Error::program(&name))?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(Error::program(&name))?;
        }
        let output = child.wait_with_output().map_err(Error::program(&name))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let json = serde_json::from_str(&text).map_err(|source| Error::Json {
            what: name,
            text: text.clone(),
            source,
        })?;
        Ok(Answer {
            code: output.status.code().unwrap_or(-1),
            json,
        })
    }
}
