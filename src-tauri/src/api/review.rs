//! The daily review, the intervention log and the notable events, as the window shows them.

use guichet_domain::TicketId;
use guichet_store::{Intervention, NextAction, NotableEvent, TicketRow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Why a ticket does not move on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// It waits for a third party.
    ThirdParty,
    /// It waits for the user, or nobody said for whom.
    Waiting,
    /// It was escalated, and nobody of the group has taken it on.
    NotAccepted,
    /// Its target has passed.
    Late,
}

/// A ticket that does not move on.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct ReviewRow {
    /// Which.
    pub ticket: TicketRow,
    /// Why.
    pub blocked: Blocked,
    /// Since when.
    #[specta(type = String)]
    pub since: Timestamp,
    /// That is known; else it is the ticket's last change, and it is so since then at the latest.
    pub dated: bool,
    /// On whom: the third party, the group, the user, the technician.
    pub on: Option<String>,
    /// What is to be done next.
    pub next: Option<NextAction>,
}

/// What is blocked.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct DailyReview {
    /// The longest blocked first.
    pub rows: Vec<ReviewRow>,
    /// There are more than are looked at.
    pub more: bool,
}

/// A major ticket of a period that nobody noted as an event yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct ProposedEvent {
    /// Which.
    pub ticket: TicketId,
    /// Its title.
    pub title: String,
    /// When it was opened.
    #[specta(type = String)]
    pub at: Timestamp,
}

/// What happened in a period.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Logbook {
    /// The notable events, the oldest first.
    pub events: Vec<NotableEvent>,
    /// What may be one.
    pub proposed: Vec<ProposedEvent>,
    /// What was done, the oldest first.
    pub interventions: Vec<Intervention>,
    /// There is more than is shown; an export has it all.
    pub more: bool,
}
