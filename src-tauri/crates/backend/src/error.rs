//! One error for every adapter, with what the engine must know to go on.

use guichet_domain::{
    operation::{Field, FieldValue},
    outbox::Failure,
};
use std::time::Duration;

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The network: the gate goes offline.
    Network,
    /// The server is busy or broken for a while: the gate backs off, at least for `after` when the server said so.
    Transient {
        /// What the server asked for (`Retry-After`).
        after: Option<Duration>,
    },
    /// The account must sign in again: the gate asks for it.
    Auth,
    /// Repeating it will not help: a person must decide.
    Permanent,
}

/// Whether the operation may have been applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It certainly was not: the request never left, or was refused before it was looked at.
    NotSent,
    /// It may have been: the request left and no trustworthy reply came.
    MaybeSent,
    /// The server looked at it and said no.
    Rejected,
}

/// Why signing in does not work. Each has its own message and cure in the message catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthProblem {
    /// Wrong user token.
    BadUserToken,
    /// Wrong login or password.
    BadPassword,
    /// The account is switched off.
    AccountDisabled,
    /// The server wants an application token and none is configured.
    AppTokenMissing,
    /// The configured application token is wrong.
    AppTokenWrong,
    /// The server's REST API is switched off.
    ApiDisabled,
    /// The server's API does not accept login and password.
    PasswordLoginDisabled,
    /// The server's API does not accept this machine's address.
    AddressRefused,
    /// No secret is stored for this profile.
    NoSecret,
    /// The session ended and signing in again was refused.
    SessionLost,
}

impl AuthProblem {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::BadUserToken => "auth_bad_user_token",
            Self::BadPassword => "auth_bad_password",
            Self::AccountDisabled => "auth_account_disabled",
            Self::AppTokenMissing => "auth_app_token_missing",
            Self::AppTokenWrong => "auth_app_token_wrong",
            Self::ApiDisabled => "auth_api_disabled",
            Self::PasswordLoginDisabled => "auth_password_login_disabled",
            Self::AddressRefused => "auth_address_refused",
            Self::NoSecret => "auth_no_secret",
            Self::SessionLost => "auth_session_lost",
        }
    }
}

/// Why nothing can be exchanged with the server although something on the way answers. Each has its own message and cure in the
/// message catalogue: waiting cures none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireProblem {
    /// The server cannot prove who it is: an authority that is not known here (a proxy that looks into TLS), another name, a
    /// protocol too old to be trusted.
    Untrusted,
    /// The server's certificate is not valid at this machine's date.
    CertificateDate,
    /// The proxy asks for an account.
    ProxyCredentials,
    /// The reply is longer than anything the server has a reason to say.
    TooLong,
}

impl WireProblem {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Untrusted,
        Self::CertificateDate,
        Self::ProxyCredentials,
        Self::TooLong,
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Untrusted => "wire_untrusted",
            Self::CertificateDate => "wire_certificate_date",
            Self::ProxyCredentials => "wire_proxy_credentials",
            Self::TooLong => "wire_too_long",
        }
    }
}

/// A failure of the backend.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// No reply: unreachable, cut, timed out.
    #[error("the server did not answer: {message}")]
    Network {
        /// Whether the request may have been applied.
        delivery: Delivery,
        /// What the network said, for support.
        message: String,
    },
    /// Something on the way keeps the exchange from happening, and a person can say what to do about it.
    #[error("the exchange with the server is prevented ({}): {message}", .problem.code())]
    Wire {
        /// Whether the request may have been applied.
        delivery: Delivery,
        /// What keeps it.
        problem: WireProblem,
        /// What the network said, for support.
        message: String,
    },
    /// 429, 5xx or a reply that cannot be trusted (cut, not JSON).
    #[error("the server is not able to answer now ({status}): {message}")]
    Transient {
        /// Whether the request may have been applied.
        delivery: Delivery,
        /// HTTP status, or 0 when the reply could not be read.
        status: u16,
        /// What the server asked for.
        after: Option<Duration>,
        /// What it said, for support.
        message: String,
    },
    /// Signing in is refused.
    #[error("the server refuses the sign-in: {}", .0.code())]
    Auth(AuthProblem),
    /// The account lacks the right.
    #[error("the account may not do this: {message}")]
    Forbidden {
        /// What the server said.
        message: String,
    },
    /// Not there, or (by some backends) not visible.
    #[error("not found")]
    NotFound,
    /// The ticket is closed and takes no such change.
    #[error("the ticket is closed")]
    Closed,
    /// A solution is there already.
    #[error("the ticket is solved already")]
    AlreadySolved,
    /// Somebody changed the same field meanwhile.
    #[error("{field:?} was changed by somebody else meanwhile")]
    Conflict {
        /// Which field.
        field: Field,
        /// What the server has now.
        theirs: Box<FieldValue>,
    },
    /// The server refuses the content.
    #[error("the server refuses it: {message}")]
    Invalid {
        /// What it said.
        message: String,
    },
    /// The server answered something this adapter does not understand.
    #[error("unexpected answer from the server: {message}")]
    Protocol {
        /// Whether the request may have been applied.
        delivery: Delivery,
        /// What was wrong with it.
        message: String,
    },
    /// This backend cannot do that.
    #[error("the backend has no {what}")]
    Unsupported {
        /// What is missing.
        what: &'static str,
    },
}

impl BackendError {
    /// What to do next.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            // A reply that is too long came from a server that is there.
            Self::Wire {
                problem: WireProblem::TooLong,
                ..
            } => Retry::Transient { after: None },
            Self::Network { .. } | Self::Wire { .. } => Retry::Network,
            Self::Transient { after, .. } => Retry::Transient { after: *after },
            Self::Protocol { .. } => Retry::Transient { after: None },
            Self::Auth(_) => Retry::Auth,
            _ => Retry::Permanent,
        }
    }

    /// Whether the operation may have been applied.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match self {
            Self::Network { delivery, .. }
            | Self::Wire { delivery, .. }
            | Self::Transient { delivery, .. }
            | Self::Protocol { delivery, .. } => *delivery,
            Self::Auth(_) | Self::Unsupported { .. } => Delivery::NotSent,
            _ => Delivery::Rejected,
        }
    }

    /// What the network or the server said, in its own words, for support; empty where the error says it all.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Network { message, .. }
            | Self::Wire { message, .. }
            | Self::Transient { message, .. }
            | Self::Forbidden { message }
            | Self::Invalid { message }
            | Self::Protocol { message, .. } => message,
            Self::Unsupported { what } => what,
            Self::Auth(_) | Self::NotFound | Self::Closed | Self::AlreadySolved | Self::Conflict { .. } => "",
        }
    }

    /// The error as an outbox entry remembers it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let status = match self {
            Self::Transient { status, .. } if *status != 0 => format!("HTTP {status} "),
            _ => String::new(),
        };
        Failure {
            code: self.code().to_owned(),
            detail: format!("{status}{}", self.detail()).trim_end().to_owned(),
        }
    }

    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Network { .. } => "backend_unreachable",
            Self::Wire { problem, .. } => problem.code(),
            Self::Transient { status: 429, .. } => "backend_too_many_requests",
            Self::Transient { .. } => "backend_unavailable",
            Self::Auth(problem) => problem.code(),
            Self::Forbidden { .. } => "backend_forbidden",
            Self::NotFound => "backend_not_found",
            Self::Closed => "ticket_closed",
            Self::AlreadySolved => "ticket_already_solved",
            Self::Conflict { .. } => "field_conflict",
            Self::Invalid { .. } => "backend_refused",
            Self::Protocol { .. } => "backend_protocol",
            Self::Unsupported { .. } => "backend_unsupported",
        }
    }
}
