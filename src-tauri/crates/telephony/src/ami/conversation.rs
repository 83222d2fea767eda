//! One conversation, as the switchboard remembers it between two events of the PBX.

use guichet_domain::call::{CallCause, CallEvent, CallEventKind, Direction, RemoteParty};
use std::collections::BTreeMap;

/// The telephone that has the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    pub(super) uniqueid: String,
    pub(super) device: String,
}

/// The consultation under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Consult {
    /// The consulted telephone's channel.
    pub(super) uniqueid: String,
    pub(super) answered: bool,
    pub(super) failed: bool,
}

/// A telephone that rings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ring {
    pub(super) device: String,
    pub(super) agent: Option<String>,
    /// It rings for the technician, not for the caller.
    pub(super) consult: bool,
}

/// Something to say about a conversation; the switchboard adds what is the same for all.
#[derive(Debug, Clone)]
pub(super) struct Said {
    pub(super) kind: CallEventKind,
    pub(super) leg: Option<String>,
    pub(super) device: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) cause: Option<CallCause>,
}

impl Said {
    pub(super) fn new(kind: CallEventKind) -> Self {
        Self {
            kind,
            leg: None,
            device: None,
            agent: None,
            cause: None,
        }
    }

    pub(super) fn because(mut self, cause: Option<CallCause>) -> Self {
        self.cause = cause;
        self
    }
}

/// One conversation.
#[derive(Debug, Clone, Default)]
pub(super) struct Conversation {
    /// Its name now.
    pub(super) id: String,
    /// Its former names.
    pub(super) previous: Vec<String>,
    pub(super) direction: Direction,
    /// The channel that began it.
    pub(super) originator: Option<String>,
    /// The other end's channel.
    pub(super) remote: Option<String>,
    pub(super) party: RemoteParty,
    /// The number and name [`Self::party`] was last read from.
    pub(super) read_from: Option<(String, String)>,
    pub(super) queue: Option<String>,
    pub(super) queued: bool,
    pub(super) holder: Option<Holder>,
    pub(super) answered: bool,
    pub(super) consult: Option<Consult>,
    pub(super) rings: BTreeMap<String, Ring>,
    /// How dialling a channel ended, until that was used.
    pub(super) dial_ends: BTreeMap<String, CallCause>,
    pub(super) held: bool,
    /// One's own telephone rings for an outgoing call, and that was said.
    pub(super) own_ring_said: bool,
    pub(super) dialing_said: bool,
    pub(super) voicemail_said: bool,
    pub(super) abandoned: bool,
    pub(super) over: bool,
    /// It was first seen when the state was read again, and nothing was said of it yet.
    pub(super) learnt_late: bool,
    pub(super) user_data: BTreeMap<String, String>,
    /// Nobody was seen to answer, but the PBX was out of sight for a while and no telephone rang since: "missed" would be a
    /// guess.
    pub(super) unsure: bool,
    /// It touches a telephone or queue that is looked at.
    pub(super) in_scope: bool,
    /// What would have been said before it did.
    pub(super) backlog: Vec<CallEvent>,
}

impl Conversation {
    pub(super) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            ..Self::default()
        }
    }

    /// Takes in a conversation that turned out to be this one.
    pub(super) fn absorb(&mut self, other: Self) {
        self.previous.push(other.id);
        self.previous.extend(other.previous);
        if self.remote.is_none() && other.remote.is_some() {
            self.remote = other.remote;
            self.originator = other.originator;
            self.direction = other.direction;
            self.party = other.party;
        }
        self.queue = self.queue.take().or(other.queue);
        self.queued |= other.queued;
        if self.holder.is_none() {
            self.holder = other.holder;
            self.answered |= other.answered;
            self.consult = self.consult.take().or(other.consult);
        }
        self.rings.extend(other.rings);
        self.dial_ends.extend(other.dial_ends);
        self.abandoned |= other.abandoned;
        self.user_data.extend(other.user_data);
        self.in_scope |= other.in_scope;
        self.backlog.extend(other.backlog);
    }
}
