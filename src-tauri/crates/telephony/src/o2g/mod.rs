//! Alcatel-Lucent OmniPCX Enterprise over its Open Telephony Gateway (O2G): one user's telephone, HTTP requests and a stream of events.
//!
//! Source of the wire: the public repository ALE-OPENNESS/o2g-node-sdk (`src/internal/rest`, `src/events/chunk-eventing.ts`,
//! `src/internal/types/telephony`).

mod connection;
pub(crate) mod wire;

use crate::{
    action::{Abilities, Action, ActionError},
    link::{Handle, Keeping},
    pbx::{Pbx, PbxUpdate},
    state::ConnectionState,
};
use async_trait::async_trait;
use connection::Exchange;
use guichet_domain::call::CallSource;
use secrecy::SecretString;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use url::Url;

/// How an O2G server is reached and used.
#[derive(Debug, Clone)]
pub struct O2gConfig {
    /// The PBX's name among the configured ones.
    pub source: CallSource,
    /// Its address ("<https://o2g.example>"); without TLS only on this machine.
    pub url: Url,
    /// Authorities to trust **instead of** the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// The technician's login name at the PBX ("oxe6001").
    pub login: String,
    /// Its password. Never logged, never serialised.
    pub password: SecretString,
    /// The technician's own device: the telephone that is looked at and driven.
    pub device: String,
    /// Region of national numbers (two letters, ISO 3166).
    pub region: String,
    /// How long a connection, a login or an answer may take.
    pub connect_timeout: Duration,
    /// How long the **effect** of an action may take to be seen.
    pub effect_timeout: Duration,
    /// The session is kept alive at least this often: an event stream without calls is silent, and a dead one looks the same.
    pub keep_alive: Duration,
    /// The first pause between two tries.
    pub shortest_pause: Duration,
    /// The longest.
    pub longest_pause: Duration,
}

impl O2gConfig {
    /// A server with the usual settings.
    #[must_use]
    pub fn new(source: &str, url: Url, login: &str, password: SecretString, device: &str) -> Self {
        Self {
            source: CallSource(source.to_owned()),
            url,
            authorities: None,
            login: login.to_owned(),
            password,
            device: device.to_owned(),
            region: "FR".to_owned(),
            connect_timeout: Duration::from_secs(5),
            effect_timeout: Duration::from_secs(5),
            keep_alive: Duration::from_secs(20),
            shortest_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// The adapter of one user's telephone at an OmniPCX Enterprise. It connects, and connects again, by itself; dropping it ends it.
#[derive(Debug)]
pub struct O2g {
    handle: Handle<Action>,
}

impl O2g {
    /// Starts it. What it hears goes to `updates`, in order.
    #[must_use]
    pub fn start(config: O2gConfig, updates: mpsc::Sender<PbxUpdate>) -> Self {
        let keeping = Keeping {
            source: config.source.clone(),
            region: config.region.clone(),
            shortest_pause: config.shortest_pause,
            longest_pause: config.longest_pause,
        };
        Self {
            handle: Handle::start(Exchange::new(config), keeping, updates),
        }
    }
}

#[async_trait]
impl Pbx for O2g {
    fn source(&self) -> &CallSource {
        self.handle.source()
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.state()
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            dial: true,
            answer: true,
            hold: true,
            consult: true,
            blind: true,
            attach: true,
            pause: false,
            lines: false,
        }
    }

    async fn act(&self, action: Action) -> Result<(), ActionError> {
        if !self.abilities().allow(&action) {
            return Err(ActionError::NotSupported);
        }
        self.handle.ask(action).await
    }

    async fn stop(self: Box<Self>) {
        self.handle.stop().await;
    }
}
