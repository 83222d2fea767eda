//! The life of an outbox entry, as a pure state machine.
//!
//! ```text
//! Queued → InFlight → Sent
//! InFlight + not sent → Queued(not_before)     InFlight + maybe sent, or found after a crash → InDoubt
//! InDoubt: probe says applied → Sent | absent → Queued | cannot tell → Wedged(Undetermined)
//! InFlight + rejected → Wedged(Invalid | Forbidden | Gone | Closed | Conflict)
//! Wedged → Queued (retry, edit) | Cancelled     Queued → Cancelled
//! Wedged(Conflict): mine → Queued | theirs → Cancelled
//! InDoubt and Wedged(Undetermined): a person who knows confirms → Sent     InDoubt → Cancelled, by explicit choice
//! Queued, and what it depends on was discarded → Wedged(DependencyDiscarded)
//! ```
//! An entry may be **held** for some seconds when it is accepted: it is durable and shown at once, and does not leave before
//! they are over, so that it can be taken back. The hold is no state: it is an instant beside a `Queued` one.
//! A lane is one ticket, strictly first in, first out: only its head may move, and a wedged head blocks its own lane
//! and no other.

use crate::{
    OperationId, TicketId,
    operation::{Field, FieldValue, Operation},
};
use jiff::{SignedDuration, Timestamp};
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

impl WedgeReason {
    /// What the backend said, for support.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Invalid { message } | Self::Forbidden { message } | Self::TooManyAttempts { message } => {
                Some(message)
            }
            Self::Gone
            | Self::Closed
            | Self::AlreadySolved
            | Self::Conflict { .. }
            | Self::Undetermined
            | Self::DependencyDiscarded => None,
        }
    }
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

/// Why an attempt failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Failure {
    /// Key in the message catalogue: what a person reads comes from there.
    pub code: String,
    /// What the network or the server said, for support; not translated.
    pub detail: String,
}

impl Failure {
    /// The code of an attempt that ended without an answer of its own: the process or the round ended meanwhile.
    pub const INTERRUPTED: &'static str = "attempt_interrupted";
    /// The code of a failure of which only the detail is known.
    pub const UNEXPLAINED: &'static str = "attempt_failed";
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
    /// How often the server may have seen a request (counted before trying, taken back without a network).
    pub attempts: u32,
    /// When the technician pressed the key. Unique to the second within a lane, so that two equal texts differ.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub created_at: Timestamp,
    /// When the **first** request was made.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub first_attempt_at: Option<Timestamp>,
    /// Why the last attempt failed, as far as one did.
    pub last_error: Option<Failure>,
    /// What it became at the backend, once sent.
    pub remote_id: Option<i64>,
    /// It does not leave before this instant, so that its author can take it back. What is behind it in its lane waits too.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub held_until: Option<Timestamp>,
}

/// The longest time an entry may be held before it leaves.
pub const LONGEST_HOLD: SignedDuration = SignedDuration::from_secs(60);

impl OutboxEntry {
    /// The instant before which nothing happens to it: the pause after a failure, or the end of its hold.
    #[must_use]
    pub fn waits_until(&self) -> Option<Timestamp> {
        match &self.state {
            EntryState::Queued { not_before } => (*not_before).max(self.held_until),
            EntryState::InDoubt { not_before, .. } => *not_before,
            _ => None,
        }
    }

    /// Whether its time has come, if it is one that moves by itself. A hold that lies further ahead than any hold lasts was
    /// written before this machine's clock was set back: it is over.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        let (not_before, held_until) = match &self.state {
            EntryState::Queued { not_before } => (*not_before, self.held_until),
            EntryState::InDoubt { not_before, .. } => (*not_before, None),
            _ => return false,
        };
        let held = held_until.is_some_and(|at| at > now && at.duration_since(now) <= LONGEST_HOLD);
        !held && not_before.is_none_or(|at| at <= now)
    }

    /// Whether its author may have it back: it waits, and no request for it has left this machine.
    #[must_use]
    pub fn may_be_taken_back(&self) -> bool {
        self.attempts == 0 && matches!(self.state, EntryState::Queued { .. } | EntryState::Wedged { .. })
    }
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
    /// The server was put back to an earlier state of its own (a backup): nothing leaves until a person has decided what becomes
    /// of the words that were lost with it. No answer of the server opens this one, and signing in does not either.
    Restored {
        /// When it was noticed.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        noticed_at: Timestamp,
    },
}

impl Gate {
    /// Key in the message catalogue of [`Gate::Restored`].
    pub const RESTORED: &'static str = "server_restored";

    /// Whether it is shut because the server was put back to an earlier state.
    #[must_use]
    pub fn is_restored(&self) -> bool {
        matches!(self, Self::Restored { .. })
    }
}

/// What happens to an entry. The first group comes from sending, the second from a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transition {
    /// Its turn has come: a request is about to be made.
    Begin,
    /// The backend has it: its reply said so, or a probe found it.
    Applied {
        /// When this was known.
        at: Timestamp,
    },
    /// The request certainly did not get through.
    NotSent {
        /// Not before this instant again.
        not_before: Option<Timestamp>,
    },
    /// The request may have got through: no trustworthy reply, or the process ended meanwhile.
    MaybeSent {
        /// When the request without a reply was first made.
        since: Timestamp,
        /// First probe not before this instant.
        not_before: Option<Timestamp>,
    },
    /// A probe says that it is not there, and it is late enough to believe it.
    Absent {
        /// Not before this instant again.
        not_before: Option<Timestamp>,
    },
    /// A probe could not be made, or it is too early to believe it.
    ProbeLater {
        /// Next probe not before this instant.
        not_before: Option<Timestamp>,
    },
    /// Reading back cannot tell.
    Undecidable,
    /// The backend looked at it and said no (never [`WedgeReason::Undetermined`] or
    /// [`WedgeReason::DependencyDiscarded`]).
    Rejected {
        /// Why.
        reason: WedgeReason,
    },
    /// An entry it depends on was discarded.
    DependencyDiscarded,

    /// A person: try again as it is; for an undetermined entry this means sending it again.
    Retry,
    /// A person changed the operation.
    Edit,
    /// A person gives it up.
    Discard {
        /// When.
        at: Timestamp,
    },
    /// A person says that it did arrive.
    ConfirmSent {
        /// When.
        at: Timestamp,
    },
    /// A person keeps the backend's value of a conflicting field.
    TakeTheirs {
        /// When.
        at: Timestamp,
    },
    /// A person wants his own value over the backend's; the operation's base becomes theirs.
    TakeMine,
}

/// A transition that the entry's state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an entry that is {from} cannot take {transition:?}")]
pub struct IllegalTransition {
    /// The state's name.
    pub from: &'static str,
    /// What was tried.
    pub transition: Transition,
}

impl EntryState {
    /// The state after a transition.
    pub fn apply(&self, transition: Transition) -> Result<Self, IllegalTransition> {
        use Transition as T;
        use WedgeReason as R;
        let next = match (self, &transition) {
            (Self::Queued { .. }, T::Begin) => Self::InFlight,
            (Self::Queued { .. }, T::DependencyDiscarded) => Self::Wedged {
                reason: R::DependencyDiscarded,
            },

            (Self::InFlight | Self::InDoubt { .. }, T::Applied { at }) => Self::Sent { at: *at },
            (Self::InFlight, T::NotSent { not_before }) => Self::Queued {
                not_before: *not_before,
            },
            (Self::InFlight, T::MaybeSent { since, not_before }) => Self::InDoubt {
                since: *since,
                not_before: *not_before,
            },
            (Self::InFlight, T::Rejected { reason }) if !matches!(reason, R::Undetermined | R::DependencyDiscarded) => {
                Self::Wedged { reason: reason.clone() }
            }

            (Self::InDoubt { .. }, T::Absent { not_before }) => Self::Queued {
                not_before: *not_before,
            },
            (Self::InDoubt { since, .. }, T::ProbeLater { not_before }) => Self::InDoubt {
                since: *since,
                not_before: *not_before,
            },
            (Self::InDoubt { .. }, T::Undecidable) => Self::Wedged {
                reason: R::Undetermined,
            },

            (Self::Queued { .. } | Self::Wedged { .. }, T::Retry | T::Edit) => Self::Queued { not_before: None },
            (Self::Queued { .. } | Self::Wedged { .. } | Self::InDoubt { .. }, T::Discard { at }) => {
                Self::Cancelled { at: *at }
            }
            (
                Self::InDoubt { .. }
                | Self::Wedged {
                    reason: R::Undetermined,
                },
                T::ConfirmSent { at },
            ) => Self::Sent { at: *at },
            (
                Self::Wedged {
                    reason: R::Conflict { .. },
                },
                T::TakeTheirs { at },
            ) => Self::Cancelled { at: *at },
            (
                Self::Wedged {
                    reason: R::Conflict { .. },
                },
                T::TakeMine,
            ) => Self::Queued { not_before: None },

            _ => {
                return Err(IllegalTransition {
                    from: self.name(),
                    transition,
                });
            }
        };
        Ok(next)
    }

    /// Whether some transition of **sending** (not a person's) leads from here to `next`.
    #[must_use]
    pub fn may_become(&self, next: &Self) -> bool {
        let not_before = match next {
            Self::Queued { not_before } | Self::InDoubt { not_before, .. } => *not_before,
            _ => None,
        };
        let candidates = match next {
            Self::Queued { .. } => vec![Transition::NotSent { not_before }, Transition::Absent { not_before }],
            Self::InFlight => vec![Transition::Begin],
            Self::InDoubt { since, .. } => {
                vec![
                    Transition::MaybeSent {
                        since: *since,
                        not_before,
                    },
                    Transition::ProbeLater { not_before },
                ]
            }
            Self::Sent { at } => vec![Transition::Applied { at: *at }],
            Self::Wedged { reason } => vec![
                Transition::Rejected { reason: reason.clone() },
                Transition::Undecidable,
                Transition::DependencyDiscarded,
            ],
            Self::Cancelled { .. } => Vec::new(),
        };
        candidates
            .into_iter()
            .any(|transition| self.apply(transition).as_ref() == Ok(next))
    }

    /// Whether it ends here: nothing leads out of it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !self.is_pending()
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
