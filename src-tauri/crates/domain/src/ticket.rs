//! The ticket: what the backend knows of one request, in ITIL's words.

use crate::{GroupId, TicketId, UserId, catalogue::CatalogueRef, names::names, rich_text::RichText};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// ITIL's kind of ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TicketKind {
    /// Something that worked does not any more.
    Incident,
    /// A service request.
    Request,
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has taken it up.
    New,
    /// Assigned and being worked on.
    Assigned,
    /// Work is planned at a date.
    Planned,
    /// Waiting on somebody else: the user, a third party, the customer.
    Waiting,
    /// A solution was proposed.
    Solved,
    /// Over; the backend accepts no change of fields any more.
    Closed,
}

impl Status {
    /// Whether the ticket still asks for work.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Solved | Self::Closed)
    }
}

/// A step on the 1–5 scale that urgency and impact use, and 1–6 for priority (6 is "major").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct Level(pub u8);

/// What somebody is to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Asked for it.
    Requester,
    /// Works on it.
    Assigned,
    /// Is kept informed.
    Observer,
}

/// Who: a person, a group, or an address without an account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Party {
    /// A person with an account.
    User {
        /// Whose.
        id: UserId,
    },
    /// A group.
    Group {
        /// Which.
        id: GroupId,
    },
    /// Somebody known by a mail address only.
    Email {
        /// The address as the backend has it.
        address: String,
    },
}

/// Somebody's part in a ticket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Actor {
    /// What they are to the ticket.
    pub role: Role,
    /// Who they are.
    pub party: Party,
}

/// One ticket's own fields as the backend gave them. Its actors, timeline, documents and links are records of their
/// own (see [`crate::record`]).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Ticket {
    /// The backend's number, or a negative one for a ticket written here and not sent yet.
    pub id: TicketId,
    /// One line, plain text.
    pub title: String,
    /// What was asked, sanitised at ingestion.
    pub description: RichText,
    /// Incident or service request.
    pub kind: TicketKind,
    /// Where it stands.
    pub status: Status,
    /// How fast it is needed, 1 (very low) to 5 (very high).
    pub urgency: Level,
    /// How much it hits, 1 to 5.
    pub impact: Level,
    /// What follows from the two, 1 to 6 (major).
    pub priority: Level,
    /// Category of the request.
    pub category: Option<CatalogueRef>,
    /// The entity (organisation) it belongs to.
    pub entity: Option<CatalogueRef>,
    /// Site or room.
    pub location: Option<CatalogueRef>,
    /// Channel it came by: phone, mail, portal…
    pub channel: Option<CatalogueRef>,
    /// Who typed it in at the backend.
    pub recorder: Option<UserId>,
    /// When it was opened.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub opened_at: Timestamp,
    /// When the backend last changed it. The delta's watermark.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub updated_at: Timestamp,
    /// When its last solution was given.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub solved_at: Option<Timestamp>,
    /// When it was closed.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub closed_at: Option<Timestamp>,
    /// When it was first taken up.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub taken_up_at: Option<Timestamp>,
    /// Target to take it up, as the backend computed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub time_to_own: Option<Timestamp>,
    /// Target to resolve it, as the backend computed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub time_to_resolve: Option<Timestamp>,
    /// The service levels attached to it: SLA to own and to resolve.
    pub slas: Vec<CatalogueRef>,
    /// The idempotency key kept by the backend, where it has a place for one.
    pub external_id: Option<String>,
}

names!(TicketKind { Incident => "incident", Request => "request" });
names!(Status {
    New => "new",
    Assigned => "assigned",
    Planned => "planned",
    Waiting => "waiting",
    Solved => "solved",
    Closed => "closed",
});
names!(Role { Requester => "requester", Assigned => "assigned", Observer => "observer" });

/// GLPI's default matrix (its configuration `priority_matrix`): rows are urgency 1–5, columns impact 1–5.
const PRIORITY_MATRIX: [[u8; 5]; 5] = [
    [1, 1, 2, 2, 2],
    [1, 2, 2, 3, 3],
    [2, 2, 3, 4, 4],
    [2, 3, 4, 4, 5],
    [2, 3, 4, 5, 5],
];

/// The priority that follows from urgency and impact by GLPI's **default** matrix, for showing a ticket before its backend
/// has computed it: an administrator may have changed the matrix, and the backend's own value replaces this one as soon as
/// it is known. "Major" (6) never follows; it is set by a person. A step outside 1–5 counts as the nearest.
#[must_use]
pub fn default_priority(urgency: Level, impact: Level) -> Level {
    let index = |level: Level| usize::from(level.0.clamp(1, 5) - 1);
    let row = PRIORITY_MATRIX.get(index(urgency));
    Level(row.and_then(|row| row.get(index(impact))).copied().unwrap_or(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priority_follows_from_urgency_and_impact() {
        assert_eq!(default_priority(Level(3), Level(3)), Level(3));
        assert_eq!(default_priority(Level(5), Level(5)), Level(5));
        assert_eq!(default_priority(Level(1), Level(1)), Level(1));
        assert_eq!(default_priority(Level(4), Level(3)), Level(4));
        assert_eq!(
            default_priority(Level(0), Level(9)),
            default_priority(Level(1), Level(5))
        );
        for urgency in 1..=5 {
            for impact in 1..=5 {
                let priority = default_priority(Level(urgency), Level(impact));
                assert_eq!(
                    priority,
                    default_priority(Level(impact), Level(urgency)),
                    "the default matrix is symmetric"
                );
                assert!(
                    priority.0 <= default_priority(Level((urgency + 1).min(5)), Level(impact)).0,
                    "never falls"
                );
            }
        }
    }
}
