//! The embedded sandbox: a GLPI-compatible server on this machine's loopback, with its data in the profile's folder.

use crate::core::secrets::Secrets;
use jiff::Timestamp;
use std::path::Path;

/// Why the sandbox does not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It did not start.
    #[error("{0}")]
    Start(String),
}

impl SandboxError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Start(_) => "sandbox_failed",
        }
    }
}

/// A sandbox that serves.
pub struct RunningSandbox {}

impl RunningSandbox {
    /// Starts it.
    pub async fn start(_folder: &Path, _now: Timestamp) -> Result<Self, SandboxError> {
        Err(SandboxError::Start("not in this build".to_owned()))
    }
    /// Where it serves.
    pub fn url(&self) -> String {
        String::new()
    }
    /// What signs in.
    pub fn secrets(&self) -> Secrets {
        Secrets::default()
    }
    /// Ends it.
    pub async fn stop(self) {}
    /// Tells it to end.
    pub fn shut_down(&self) {}
}

/// One value of every variant, for the catalogue's test.
#[cfg(test)]
pub(crate) fn every_error() -> Vec<SandboxError> {
    vec![SandboxError::Start("x".to_owned())]
}
