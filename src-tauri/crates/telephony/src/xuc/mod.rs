//! XiVO's unified communication server (xuc): one technician's telephone over a WebSocket.
//!
//! Source of the wire: XiVO's documentation (xuc API: phone, user, REST authentication) and the `js/xivo/cti.js` of the public
//! repository pluginsGLPI/xivo. Commands of this server carry no call: with two calls on the telephone they are refused here,
//! because they could act upon the wrong one.

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
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::{mpsc, watch};
use url::Url;

/// How a xuc is reached and used.
#[derive(Debug, Clone)]
pub struct XucConfig {
    /// The PBX's name among the configured ones.
    pub source: CallSource,
    /// Its address ("<https://xivo.example>"); without TLS only on this machine.
    pub url: Url,
    /// Authorities to trust **instead of** the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// The technician's account at XiVO.
    pub login: String,
    /// Its password. Never logged, never serialised.
    pub password: SecretString,
    /// The technician's own number ("6001"): the telephone that is looked at and driven.
    pub device: String,
    /// Numbers whose telephones are watched: who is free.
    pub watched: BTreeSet<String>,
    /// Region of national numbers (two letters, ISO 3166).
    pub region: String,
    /// How long a connection or a login may take.
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

impl XucConfig {
    /// A xuc with the usual settings.
    #[must_use]
    pub fn new(source: &str, url: Url, login: &str, password: SecretString, device: &str) -> Self {
        Self {
            source: CallSource(source.to_owned()),
            url,
            authorities: None,
            login: login.to_owned(),
            password,
            device: device.to_owned(),
            watched: BTreeSet::new(),
            region: "FR".to_owned(),
            connect_timeout: Duration::from_secs(5),
            effect_timeout: Duration::from_secs(5),
            ping: Duration::from_secs(5),
            silence: Duration::from_secs(15),
            shortest_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}

/// The adapter of one technician's telephone at a XiVO. It connects, and connects again, by itself; dropping it ends it.
#[derive(Debug)]
pub struct Xuc {
    handle: Handle<Action>,
    abilities: Abilities,
}

impl Xuc {
    /// Starts it. What it hears goes to `updates`, in order.
    #[must_use]
    pub fn start(config: XucConfig, updates: mpsc::Sender<PbxUpdate>) -> Self {
        let keeping = Keeping {
            source: config.source.clone(),
            region: config.region.clone(),
            shortest_pause: config.shortest_pause,
            longest_pause: config.longest_pause,
        };
        let abilities = Abilities {
            dial: true,
            answer: true,
            hold: true,
            consult: true,
            blind: true,
            attach: true,
            pause: false,
            lines: !config.watched.is_empty(),
        };
        Self {
            handle: Handle::start(Exchange::new(config), keeping, updates),
            abilities,
        }
    }
}

#[async_trait]
impl Pbx for Xuc {
    fn source(&self) -> &CallSource {
        self.handle.source()
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.state()
    }

    fn abilities(&self) -> Abilities {
        self.abilities
    }

    async fn act(&self, action: Action) -> Result<(), ActionError> {
        if !self.abilities.allow(&action) {
            return Err(ActionError::NotSupported);
        }
        self.handle.ask(action).await
    }

    async fn stop(self: Box<Self>) {
        self.handle.stop().await;
    }
}
