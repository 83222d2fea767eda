//! What the adapter is told.

use guichet_domain::call::CallSource;
use secrecy::SecretString;
use std::{collections::BTreeSet, time::Duration};

/// Whose calls are looked at. Everybody else's never leave the adapter: a help desk has no business with them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Telephones ("SIP/6001"). A call that rings at, or is made from, one of them is looked at.
    pub devices: BTreeSet<String>,
    /// Queues ("support"). A call that enters one of them is looked at.
    pub queues: BTreeSet<String>,
}

impl Scope {
    /// These telephones' calls.
    #[must_use]
    pub fn devices<'a>(devices: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            devices: devices.into_iter().map(str::to_owned).collect(),
            queues: BTreeSet::new(),
        }
    }

    /// And these queues'.
    #[must_use]
    pub fn queues<'a>(mut self, queues: impl IntoIterator<Item = &'a str>) -> Self {
        self.queues.extend(queues.into_iter().map(str::to_owned));
        self
    }
}

/// How the connection is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum AmiSecurity {
    /// Not at all: the secret and every number called go over the network as they are. For this machine and closed networks.
    #[default]
    Plain,
    /// By TLS (`manager.conf`: `tlsenable`, port 5039 as a rule). The certificate must be for the host that is connected to.
    Tls {
        /// Authorities to trust **instead of** the system's, PEM: the PBX's own, which is how most have it.
        authorities: Option<Vec<u8>>,
    },
}

/// How a PBX is reached and used.
#[derive(Debug, Clone)]
pub struct AmiConfig {
    /// The PBX's name among the configured ones.
    pub source: CallSource,
    /// Host name or address.
    pub host: String,
    /// Port: 5038 unless the PBX says otherwise.
    pub port: u16,
    /// How the connection is protected.
    pub security: AmiSecurity,
    /// The manager's account (`manager.conf`); needs read `call,agent,dialplan,user`, write
    /// `call,originate,agent,reporting` (the last to list channels after a reconnection).
    pub username: String,
    /// Its secret. Never logged, never serialised.
    pub secret: SecretString,
    /// Region of national numbers (two letters, ISO 3166).
    pub region: String,
    /// Whose calls are looked at.
    pub scope: Scope,
    /// Dialplan context that consultations are dialled in.
    pub transfer_context: String,
    /// Dialplan context that calls are made in.
    pub dial_context: String,
    /// How long a connection may take to be made, and a login to be answered.
    pub connect_timeout: Duration,
    /// How long an action may take to be answered.
    pub action_timeout: Duration,
    /// How long the **effect** of an action may take to be seen, after which it is said not to have happened. The feature
    /// code of a consultation is played as tones: about half a second; prompts come on top.
    pub effect_timeout: Duration,
    /// A `Ping` is sent after this long without a word, and the connection given up after twice as long.
    pub silence: Duration,
    /// The first pause between two tries.
    pub shortest_pause: Duration,
    /// The longest.
    pub longest_pause: Duration,
}

impl AmiConfig {
    /// A PBX with the usual settings.
    #[must_use]
    pub fn new(source: &str, host: &str, username: &str, secret: SecretString, scope: Scope) -> Self {
        Self {
            source: CallSource(source.to_owned()),
            host: host.to_owned(),
            port: 5038,
            security: AmiSecurity::Plain,
            username: username.to_owned(),
            secret,
            region: "FR".to_owned(),
            scope,
            transfer_context: "default".to_owned(),
            dial_context: "default".to_owned(),
            connect_timeout: Duration::from_secs(5),
            action_timeout: Duration::from_secs(5),
            effect_timeout: Duration::from_secs(4),
            silence: Duration::from_secs(15),
            shortest_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(30),
        }
    }
}
