//! The embedded sandbox: a GLPI-compatible server on this machine's loopback, with its data in the profile's folder, so
//! that anybody can try everything without a server. It starts with the profile and ends with it.

use crate::core::secrets::Secrets;
use guichet_sandbox::{Options, Sandbox, Version};
use jiff::Timestamp;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

/// Its folder within the profile's.
const FOLDER: &str = "sandbox";
/// What its demonstration data is made from.
const SEED: u64 = 1;

/// Why the sandbox does not run.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It did not start.
    #[error(transparent)]
    Start(#[from] guichet_sandbox::SandboxError),
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
pub struct RunningSandbox {
    server: Sandbox,
}

impl RunningSandbox {
    /// Starts it on a free port over the profile's sandbox data, made now if there is none.
    ///
    /// # Errors
    /// When no port can be had or the data cannot be used.
    pub async fn start(profile: &Path, now: Timestamp) -> Result<Self, SandboxError> {
        let options = Options::demo(SEED).version(Version::Eleven).ending(now);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Sandbox::start_in(options, address, Some(&profile.join(FOLDER))).await?;
        Ok(Self { server })
    }

    /// Where it serves.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url().to_owned()
    }

    /// What signs the demonstration technician in.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        let mut secrets = Secrets::default();
        secrets.user_token = Some(self.server.user_token().to_owned());
        secrets.app_token = self.server.app_token().map(str::to_owned);
        secrets
    }

    /// Ends it and waits until it has.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

/// One value of every variant, for the catalogue's test.
#[cfg(test)]
pub(crate) fn every_error() -> Vec<SandboxError> {
    vec![SandboxError::Start(guichet_sandbox::SandboxError::Made)]
}
