//! Aircall: one user's calls, by reading its REST API again and again. A desktop cannot receive webhooks, so that what happens is seen
//! when it is asked for, within the number of requests a minute that Aircall allows.
//!
//! Source of the wire: Aircall's developer documentation (calls, users, transfers, insight cards, rate limits). What of it is remembered
//! rather than read is said in `docs/telephony.md`.

mod connection;
pub(crate) mod ledger;
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
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::{mpsc, watch};
use url::Url;

/// How an Aircall account is reached and used.
#[derive(Debug, Clone)]
pub struct AircallConfig {
    /// The telephone system's name among the configured ones.
    pub source: CallSource,
    /// Its address ("<https://api.aircall.io>"); without TLS only on this machine.
    pub url: Url,
    /// Authorities to trust **instead of** the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// The API key's identity.
    pub api_id: String,
    /// Its token. Never logged, never serialised.
    pub api_token: SecretString,
    /// The technician's user number at Aircall ("456"): what his telephone is called here.
    pub device: String,
    /// Aircall numbers that ring at the desk, by their names or numbers there. The API shows everybody's calls: those of other
    /// users and numbers never leave the adapter.
    pub numbers: BTreeSet<String>,
    /// Region of national numbers (two letters, ISO 3166).
    pub region: String,
    /// Between two looks. Aircall allows 60 requests a minute, actions included.
    pub poll: Duration,
    /// How long a connection or an answer may take.
    pub connect_timeout: Duration,
    /// How long the **effect** of an action may take to be seen: several looks.
    pub effect_timeout: Duration,
    /// The first pause between two tries.
    pub shortest_pause: Duration,
    /// The longest.
    pub longest_pause: Duration,
}

impl AircallConfig {
    /// An account with the usual settings.
    #[must_use]
    pub fn new(source: &str, url: Url, api_id: &str, api_token: SecretString, device: &str) -> Self {
        Self {
            source: CallSource(source.to_owned()),
            url,
            authorities: None,
            api_id: api_id.to_owned(),
            api_token,
            device: device.to_owned(),
            numbers: BTreeSet::new(),
            region: "FR".to_owned(),
            poll: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(5),
            effect_timeout: Duration::from_secs(10),
            shortest_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(60),
        }
    }
}

/// The adapter of one user's calls at Aircall. It connects, and connects again, by itself; dropping it ends it.
#[derive(Debug)]
pub struct Aircall {
    handle: Handle<Action>,
}

impl Aircall {
    /// Starts it. What it sees goes to `updates`, in order.
    #[must_use]
    pub fn start(config: AircallConfig, updates: mpsc::Sender<PbxUpdate>) -> Self {
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
impl Pbx for Aircall {
    fn source(&self) -> &CallSource {
        self.handle.source()
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.state()
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            dial: true,
            blind: true,
            attach: true,
            ..Abilities::default()
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
