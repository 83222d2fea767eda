//! Whether the PBX is there. Losing it is something people see at once, never a silence that looks like a quiet morning.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why the PBX is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LossReason {
    /// No connection could be made.
    Unreachable {
        /// What the system said, for support; not translated.
        detail: String,
    },
    /// Something answers there, but it is not a PBX of this kind.
    NotAPbx {
        /// Its first line, shortened.
        greeting: String,
    },
    /// The connection is to be protected, and what answers cannot prove that it is the PBX (or does not protect at all). Nothing
    /// was told to it, the secret least of all.
    Untrusted {
        /// What the check said, for support.
        detail: String,
    },
    /// The PBX refuses the account. Tried again at the longest pause only: PBXs ban addresses that insist.
    Refused {
        /// What it said.
        message: String,
    },
    /// The connection ended.
    Closed {
        /// What the system said.
        detail: String,
    },
    /// The PBX stopped answering, though the connection stands.
    Silent,
}

impl LossReason {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "pbx_unreachable",
            Self::NotAPbx { .. } => "pbx_not_a_pbx",
            Self::Untrusted { .. } => "pbx_untrusted",
            Self::Refused { .. } => "pbx_refused",
            Self::Closed { .. } => "pbx_closed",
            Self::Silent => "pbx_silent",
        }
    }
}

/// The connection to a PBX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConnectionState {
    /// The first try is under way.
    Connecting,
    /// Events arrive, and what the PBX is doing was read.
    Connected {
        /// Since when.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        since: Timestamp,
    },
    /// It is not there: calls may come and go unseen.
    Lost {
        /// Why.
        reason: LossReason,
        /// Since when nothing was heard.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        since: Timestamp,
        /// The next try.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        retry_at: Timestamp,
    },
    /// Switched off by the desk itself.
    Stopped,
}

impl ConnectionState {
    /// Whether events arrive.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}
