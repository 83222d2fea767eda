//! One error for the crate.

use guichet_net::Failure;
use jiff::Timestamp;

/// Why a supervision could not be read, or did not do what was asked. The texts are for support, in the system's or the server's own
/// words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertsError {
    /// No connection could be made.
    #[error("the supervision cannot be reached: {detail}")]
    Unreachable {
        /// What the system said.
        detail: String,
    },
    /// It cannot prove who it is, or is not to be spoken to at all. Nothing was told to it, the secret least of all.
    #[error("the supervision is not trusted: {detail}")]
    Untrusted {
        /// What the check said.
        detail: String,
    },
    /// It refuses the account, or the account may not do this, or sees nothing at all.
    #[error("the supervision refuses the account: {message}")]
    Refused {
        /// What it said.
        message: String,
    },
    /// The connection ended before the answer did.
    #[error("the connection ended: {detail}")]
    Closed {
        /// What the system said.
        detail: String,
    },
    /// No complete answer in the time there was.
    #[error("the supervision does not answer")]
    Silent,
    /// The answer is longer than what is read.
    #[error("the answer is too long")]
    TooLong,
    /// The server answers, but the supervision itself stands still: what it shows is old.
    #[error("the supervision itself does not run")]
    Stopped {
        /// Since when nothing is new there, by its own clock, where it says so.
        since: Option<Timestamp>,
    },
    /// It has no such host or service that is not well.
    #[error("no such problem")]
    NoSuchProblem,
    /// Something else answers there, or the answer is none that is understood.
    #[error("the answer is not understood: {detail}")]
    Unexpected {
        /// What about it.
        detail: String,
    },
}

impl AlertsError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "alerts_unreachable",
            Self::Untrusted { .. } => "alerts_untrusted",
            Self::Refused { .. } => "alerts_refused",
            Self::Closed { .. } => "alerts_closed",
            Self::Silent => "alerts_silent",
            Self::TooLong => "alerts_too_long",
            Self::Stopped { .. } => "alerts_stopped",
            Self::NoSuchProblem => "alerts_no_such_problem",
            Self::Unexpected { .. } => "alerts_unexpected",
        }
    }

    pub(crate) fn unexpected(detail: impl AsRef<str>) -> Self {
        Self::Unexpected {
            detail: guichet_net::clip(detail.as_ref()),
        }
    }
}

impl From<Failure> for AlertsError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Untrusted { detail } => Self::Untrusted { detail },
            Failure::Unreachable { detail } => Self::Unreachable { detail },
            Failure::Closed { detail } => Self::Closed { detail },
            Failure::Silent => Self::Silent,
            Failure::TooLong => Self::TooLong,
        }
    }
}
