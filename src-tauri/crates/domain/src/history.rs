//! A ticket's history as the backend kept it: what changed, and when. It is what dates waits and assignments, which the
//! ticket's own fields only tell as they are now.

use crate::{
    GroupId, TicketId, UserId,
    ticket::{Role, Status},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of a ticket's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryChange {
    /// The backend's number of the line. Ascending with time: of two lines of the same second the greater came later.
    pub id: i64,
    /// Whose history it is.
    pub ticket: TicketId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub what: HistoryEvent,
}

/// What a line of the history says, as far as service levels rest on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HistoryEvent {
    /// The ticket's status changed.
    Status {
        /// Before.
        from: Status,
        /// After.
        to: Status,
    },
    /// Somebody was given a part in the ticket.
    Joined {
        /// Who.
        party: HistoryParty,
        /// As what; nothing where the backend did not write it down (then it may be any of them).
        role: Option<Role>,
    },
    /// Somebody's part in the ticket ended.
    Parted {
        /// Who.
        party: HistoryParty,
        /// As what; see [`HistoryEvent::Joined`].
        role: Option<Role>,
    },
    /// The ticket was put in the bin.
    Trashed,
    /// The ticket was taken out of the bin.
    Restored,
}

/// Who joined or left. Addresses without an account leave no number, and therefore no line here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HistoryParty {
    /// A person.
    User {
        /// Who.
        id: UserId,
    },
    /// A group.
    Group {
        /// Which.
        id: GroupId,
    },
}
