//! The life of an outbox entry, as a pure state machine.
//!
//! ```text
//! Queued → InFlight → Sent
//! InFlight + not sent → Queued(not_before)     InFlight + maybe sent, or found after a crash → InDoubt
//! InDoubt: probe says applied → Sent | absent → Queued | cannot tell → Wedged(Undetermined)
//! InFlight + rejected → Wedged(Invalid | Forbidden | Gone | Closed | Conflict)
//! Wedged → Queued (retry, edit) | Cancelled     Queued → Cancelled
//! ```
//! A lane is one ticket, strictly first in, first out: only its head may move, and a wedged head blocks its own lane
//! and no other.

use crate::{
    OperationId, TicketId,
    operation::{Field, FieldValue, Operation},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why an entry cannot go on without a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum WedgeReason {
    /// The backend refuses it as it is (a file type, a missing mandatory field…).
    Invalid {
        /// What the backend said, for support; not translated.
        message: String,
    },
    /// The account lacks the right.
    Forbidden {
        /// What the backend said.
        message: String,
    },
    /// The ticket does not exist any more, or is in the bin.
    Gone,
    /// The ticket is closed and takes no such change.
    Closed,
    /// The ticket is solved already: somebody proposed a solution before.
    AlreadySolved,
    /// Somebody changed the same field meanwhile.
    Conflict {
        /// Which field.
        field: Field,
        /// What the technician saw.
        base: FieldValue,
        /// What the backend has now.
        theirs: FieldValue,
        /// What the technician wants.
        ours: FieldValue,
    },
    /// It may have arrived and reading back cannot tell: send again, or say that it is there.
    Undetermined,
    /// It depends on an entry that was discarded.
    DependencyDiscarded,
    /// It was tried too often without an answer that explains why.
    TooManyAttempts {
        /// The last error, for support.
        message: String,
    },
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EntryState {
    /// Accepted, durable, waiting for its turn.
    Queued {
        /// Not tried before this instant (backoff).
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        not_before: Option<Timestamp>,
    },
    /// A request is under way. Written **before** the request is made, so that a crash finds it.
    InFlight,
    /// A reply never came: the backend may or may not have it.
    InDoubt {
        /// When the request that got no reply was first made: the start of the probing window.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        since: Timestamp,
        /// Next probe not before this instant.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        not_before: Option<Timestamp>,
    },
    /// The backend has it.
    Sent {
        /// When it was known.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
    },
    /// A person must decide.
    Wedged {
        /// Why.
        reason: WedgeReason,
    },
    /// Given up by a person.
    Cancelled {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
    },
}

impl EntryState {
    /// Whether the entry still belongs to the view (accepted and neither sent nor cancelled).
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !matches!(self, Self::Sent { .. } | Self::Cancelled { .. })
    }

    /// The state's name as the command line prints it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::InFlight => "in_flight",
            Self::InDoubt { .. } => "in_doubt",
            Self::Sent { .. } => "sent",
            Self::Wedged { .. } => "wedged",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

/// What an operation became at the backend.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Number of the created row (follow-up, task, solution, document, actor's row…), where there is one.
    pub remote_id: Option<i64>,
    /// The ticket's number, for a created ticket.
    pub ticket: Option<TicketId>,
}

/// One entry of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OutboxEntry {
    /// Its identity, and its idempotency key.
    pub id: OperationId,
    /// Its lane: the ticket it is about. Negative until a ticket created here has its number.
    pub lane: TicketId,
    /// Place in the outbox; order within the lane.
    pub seq: i64,
    /// What is meant.
    pub operation: Operation,
    /// Where it stands.
    pub state: EntryState,
    /// How often a request was begun (counted before trying).
    pub attempts: u32,
    /// When the technician pressed the key. Unique to the second within a lane, so that two equal texts differ.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub created_at: Timestamp,
    /// When the **first** request was made.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub first_attempt_at: Option<Timestamp>,
    /// The last error, for support.
    pub last_error: Option<String>,
    /// What it became at the backend, once sent.
    pub remote_id: Option<i64>,
}

/// Whether requests may be made at all. Offline, 401 and 429 change the gate, never an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Gate {
    /// Requests go out.
    #[default]
    Open,
    /// The server cannot be reached.
    Offline {
        /// Since when.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        since: Timestamp,
        /// Next try.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        retry_at: Timestamp,
    },
    /// The account must sign in again.
    AuthRequired {
        /// The error's code, for the message catalogue.
        code: String,
    },
    /// The server asked to be left alone for a while.
    BackedOff {
        /// Until when.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        until: Timestamp,
    },
}
