//! What can go wrong in a command, said so that the reader knows what to do next.

use std::{io, path::PathBuf};

/// A command's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program ended with an error; its own output is above.
    #[error("`{command}` failed: {source}")]
    Command {
        /// As typed.
        command: String,
        /// Status or reason.
        source: io::Error,
    },
    /// A program is not on this machine and cannot be installed by us.
    #[error("{program} is missing: {cure}")]
    Missing {
        /// Which.
        program: &'static str,
        /// What to do.
        cure: String,
    },
    /// A file or folder could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server answered something else, or nothing.
    #[error("the server at {url}: {source}")]
    Http {
        /// Which address.
        url: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// A program answered something this tool does not understand.
    #[error("{what}: {source}")]
    Json {
        /// Whose answer.
        what: String,
        /// Why.
        source: serde_json::Error,
    },
    /// What was to be shown is not so.
    #[error("{0}")]
    Check(String),
}

impl Error {
    /// For `map_err` on file operations.
    pub fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// For `map_err` on programs.
    pub fn command(command: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let command = command.into();
        move |source| Self::Command { command, source }
    }

    /// For `map_err` on answers in JSON.
    pub fn json(what: impl Into<String>) -> impl FnOnce(serde_json::Error) -> Self {
        let what = what.into();
        move |source| Self::Json { what, source }
    }

    /// For `map_err` on requests.
    pub fn http(url: impl Into<String>) -> impl FnOnce(ureq::Error) -> Self {
        let url = url.into();
        move |source| Self::Http {
            url,
            source: Box::new(source),
        }
    }
}
