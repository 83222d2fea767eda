//! Why a test could not go on.

use fantoccini::error::{CmdError, NewSessionError};
use std::{io, path::PathBuf};

/// A step's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program could not be started or did not say what it should.
    #[error("{program}: {source}")]
    Program {
        /// Which.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The driver refused to open the window.
    #[error("the window did not open: {0}")]
    Session(#[from] NewSessionError),
    /// The driver refused a command.
    #[error("{what}: {source}; {program}")]
    Driver {
        /// What was tried.
        what: String,
        /// Its answer.
        source: Box<CmdError>,
        /// Whether the program still runs, and what it said last: the driver's own words do not tell a crash from a refusal.
        program: String,
    },
    /// The accessibility bus did not answer.
    #[error("the accessibility bus: {0}")]
    Accessibility(#[from] zbus::Error),
    /// The sandbox did not answer.
    #[error("the sandbox: {0}")]
    Server(#[from] reqwest::Error),
    /// An answer was not the JSON it should be.
    #[error("{what} answered {text:?}: {source}")]
    Json {
        /// Whose answer.
        what: String,
        /// All of it.
        text: String,
        /// Why it is none.
        source: serde_json::Error,
    },
    /// It did not come in time.
    #[error("after {seconds} s still waiting for {what}; last seen: {seen}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What there was instead.
        seen: String,
    },
    /// What was to be shown is not so.
    #[error("{0}")]
    Check(String),
}

impl Error {
    /// For `map_err` on programs.
    pub(crate) fn program(program: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let program = program.into();
        move |source| Self::Program { program, source }
    }

    /// For `map_err` on files.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }
}
