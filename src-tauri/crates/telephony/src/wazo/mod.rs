//! Wazo: one user's telephone over calld (HTTP) and websocketd (events).
//!
//! Source of the wire: the public repositories of wazo-platform: wazo-websocketd (`protocol.py`, `session.py`), wazo-calld
//! (`plugins/calls`, `plugins/transfers`: `api.yml`, `state.py`), wazo-bus (`resources/calls/event.py`).

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

/// How a Wazo is reached and used.
#[derive(Debug, Clone)]
pub struct WazoConfig {
    /// The PBX's name among the configured ones.
    pub source: CallSource,
    /// Its address ("<https://wazo.example>"); without TLS only on this machine.
    pub url: Url,
    /// Authorities to trust **instead of** the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// The technician's account (backend `wazo_user`). Needs the rights `calld.users.me.#`, `websocketd`, `events.calls.me`,
    /// `events.transfers.me`.
    pub login: String,
    /// Its password. Never logged, never serialised.
    pub password: SecretString,
    /// The technician's own number: what his telephone is called here.
    pub device: String,
    /// Region of national numbers (two letters, ISO 3166).
    pub region: String,
    /// How long a consulted telephone may ring, in seconds. Wazo's own default is for ever, with the caller waiting.
    pub ring_seconds: u32,
    /// For how long a token is asked for. A new one is got before it ends.
    pub token_life: Duration,
    /// How long a connection, a login or an answer may take.
    pub connect_timeout: Duration,
    /// How long the **effect** of an action may take to be seen.
    pub effect_timeout: Duration,
    /// A ping is sent this often.
    pub ping: Duration,
    /// The connection is given up after this long without a word.
    pub silence: Duration,
    /// The first pause between two tries.
    pub shortest_pause: Duration,
    /// The longest.
    pub longest_pause: Duration,
}

impl WazoConfig {
    /// A Wazo with the usual settings.
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
            ring_seconds: 60,
            token_life: Duration::from_secs(7200),
            connect_timeout: Duration::from_secs(5),
            effect_timeout: Duration::from_secs(5),
            ping: Duration::from_secs(5),
            silence: Duration::from_secs(15),
            shortest_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// The adapter of one user's telephone at a Wazo. It connects, and connects again, by itself; dropping it ends it.
#[derive(Debug)]
pub struct Wazo {
    handle: Handle<Action>,
}

impl Wazo {
    /// Starts it. What it hears goes to `updates`, in order.
    #[must_use]
    pub fn start(config: WazoConfig, updates: mpsc::Sender<PbxUpdate>) -> Self {
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
impl Pbx for Wazo {
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
            attach: false,
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
