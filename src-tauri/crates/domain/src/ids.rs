//! Identifiers. A record of the backend is known by the number the backend gave it; a ticket that was written here and
//! that the backend has not heard of yet has a **negative** number until then.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

macro_rules! id_type {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "bindings", derive(specta::Type))]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<i64> for $name {
            fn from(value: i64) -> Self {
                Self(value)
            }
        }
    )*};
}

id_type! {
    /// A ticket. Negative while it exists only on this desk (see [`TicketId::is_local`]).
    TicketId,
    /// A person known to the backend: requester, technician, observer.
    UserId,
    /// A group of people that tickets are assigned to.
    GroupId,
    /// A document's metadata row; its content is fetched on demand.
    DocumentId,
    /// A knowledge-base article.
    ArticleId,
}

impl TicketId {
    /// Whether the ticket was created here and has no number at the backend yet.
    #[must_use]
    pub fn is_local(self) -> bool {
        self.0 < 0
    }
}

/// The identity of one intent in the outbox, chosen when the technician presses the key and never changed. Time-ordered
/// (UUID version 7), and sent to the backend as its idempotency key where the backend has a place for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct OperationId(#[cfg_attr(feature = "bindings", specta(type = String))] pub Uuid);

impl OperationId {
    /// A fresh identity, time-ordered.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for OperationId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl std::str::FromStr for OperationId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// SHA-256 of an attachment's bytes, in lower-case hexadecimal: the name under which the desk keeps it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct BlobHash(pub String);
