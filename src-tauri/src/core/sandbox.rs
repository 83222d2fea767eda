//! The embedded sandbox: a GLPI-compatible server on this machine's loopback, with its data in the profile's folder, so
//! that anybody can try everything without a server, and a pretend PBX beside it, so that its calls go through the real
//! adapter. Both start with the profile and end with it.

use crate::{api::PbxSettings, core::secrets::Secrets};
use guichet_sandbox::{
    Options, Sandbox, Version,
    pbx::{Pbx, PbxOptions},
};
use jiff::Timestamp;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
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
    pbx: Arc<Pbx>,
    telephone: PbxSettings,
    secret: String,
}

impl RunningSandbox {
    /// Starts it on a free port over the profile's sandbox data, made now if there is none.
    ///
    /// # Errors
    /// When no port can be had or the data cannot be used.
    pub async fn start(profile: &Path, now: Timestamp) -> Result<Self, SandboxError> {
        let options = Options {
            // Without it nobody would be a VIP there.
            vip_plugin: true,
            ..Options::demo(SEED).version(Version::Eleven).ending(now)
        };
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let server = Sandbox::start_in(options, address, Some(&profile.join(FOLDER))).await?;
        let exchange = PbxOptions::demo(now);
        let telephone = PbxSettings {
            host: Ipv4Addr::LOCALHOST.to_string(),
            username: exchange.username.clone(),
            device: exchange
                .members
                .first()
                .map_or_else(String::new, |line| format!("SIP/{}", line.extension)),
            queues: vec![exchange.queue.clone()],
            ..PbxSettings::default()
        };
        let secret = exchange.secret.clone();
        let pbx = Pbx::start(exchange, address, 1.0).await?;
        Ok(Self {
            telephone: PbxSettings {
                port: pbx.address().port(),
                ..telephone
            },
            pbx: Arc::new(pbx),
            secret,
            server,
        })
    }

    /// How its PBX is reached, and the secret of it.
    #[must_use]
    pub fn telephone(&self) -> (PbxSettings, String) {
        (self.telephone.clone(), self.secret.clone())
    }

    /// Its PBX, to make somebody call.
    #[must_use]
    pub fn pbx(&self) -> Arc<Pbx> {
        self.pbx.clone()
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
