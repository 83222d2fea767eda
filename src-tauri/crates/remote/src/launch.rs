//! Starting a plan, with a consent in hand, and seeing it end.
//!
//! The program gets its arguments one by one, an empty standard input, no handles of ours, a process group of its own (what ends
//! Guichet does not end the session) and none of our variables. Links go to the function that the shell gave: the web view's own
//! opener knows how on each system (`ShellExecuteW`, the desktop portal), and nothing here passes them through a shell.

use crate::{Launch, Plan, RemoteError, program::ProgramProblem};
use guichet_domain::consent::{ConsentId, ConsentSubject, Granted};
use jiff::Timestamp;
use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
};
use tokio::process::{Child, Command};

/// What opens a link, given whole.
type Opener = Box<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// Starts plans.
pub struct Launcher {
    open: Opener,
}

impl std::fmt::Debug for Launcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launcher").finish_non_exhaustive()
    }
}

/// A session that was started.
#[derive(Debug)]
pub struct RemoteSession {
    plan: Plan,
    consent: ConsentId,
    started_at: Timestamp,
    child: Option<Child>,
}

/// How the started program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// When that was seen.
    pub at: Timestamp,
    /// With what. Where [`Plan::end_is_seen`] says no, it is the program's end only, not the session's.
    pub status: ExitStatus,
}

impl Launcher {
    /// One that opens links by a function: it gets the link whole and must not put it through a shell.
    pub fn new(open: impl Fn(&str) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open) }
    }

    /// Starts a plan for a ticket and a piece of equipment. The consent is used up.
    ///
    /// Must be called within a Tokio runtime, which waits for the program's end.
    ///
    /// # Errors
    /// When the consent is for something else or has expired, or the program cannot be started. Nothing was started then.
    pub fn launch(&self, plan: Plan, subject: &ConsentSubject, granted: Granted) -> Result<RemoteSession, RemoteError> {
        if granted.subject() != subject {
            return Err(RemoteError::ConsentElsewhere);
        }
        let started_at = Timestamp::now();
        if !granted.holds_at(started_at) {
            return Err(RemoteError::ConsentExpired);
        }
        let child = match plan.launch() {
            Launch::Link { link } => {
                (self.open)(link).map_err(|source| RemoteError::Open { source })?;
                None
            }
            Launch::Program { program, arguments } => {
                safe(program)?;
                let start = |source| RemoteError::Start {
                    path: program.clone(),
                    source,
                };
                // Tokio's own answer to the lack of a runtime is a panic.
                tokio::runtime::Handle::try_current().map_err(|error| start(io::Error::other(error)))?;
                Some(command(program, arguments).spawn().map_err(start)?)
            }
        };
        Ok(RemoteSession {
            plan,
            consent: granted.consent(),
            started_at,
            child,
        })
    }
}

impl RemoteSession {
    /// What was started.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// On which record of consent.
    #[must_use]
    pub const fn consent(&self) -> ConsentId {
        self.consent
    }

    /// When.
    #[must_use]
    pub const fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The program's process, while it runs; none for a link.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Waits for the started program to end. `None` where a link was opened: only the technician can say when that ended.
    /// Leaving the wait, or dropping the session, ends nothing.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub async fn ended(&mut self) -> Result<Option<Ended>, RemoteError> {
        let Some(child) = &mut self.child else {
            return Ok(None);
        };
        let status = child.wait().await.map_err(|source| RemoteError::Wait { source })?;
        Ok(Some(Ended {
            at: Timestamp::now(),
            status,
        }))
    }
}

/// The program as it stands on the disk now: a file, and not one that anybody may write over.
fn safe(program: &str) -> Result<(), RemoteError> {
    let refused = |problem| RemoteError::Program {
        path: program.to_owned(),
        problem,
    };
    let path = Path::new(program);
    // A Windows path is not absolute on Linux: a plan for the other system is not for starting here.
    let file = path.is_absolute().then(|| path.metadata().ok()).flatten();
    let Some(file) = file.filter(std::fs::Metadata::is_file) else {
        return Err(refused(ProgramProblem::Gone));
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.permissions().mode() & 0o002 != 0 {
            return Err(refused(ProgramProblem::Writable));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn command(program: &str, arguments: &[String]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(false);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().to_ascii_uppercase().starts_with("GUICHET") {
            command.env_remove(name);
        }
    }
    // Not the folder Guichet happens to be in: Windows looks for libraries there.
    if let Some(folder) = Path::new(program).parent() {
        command.current_dir(folder);
    }
    #[cfg(unix)]
    command.process_group(0);
    #[cfg(windows)]
    {
        /// No console of ours (`DETACHED_PROCESS`), and no Ctrl+C of ours (`CREATE_NEW_PROCESS_GROUP`).
        const DETACHED: u32 = 0x0000_0008 | 0x0000_0200;
        command.creation_flags(DETACHED);
    }
    command
}
