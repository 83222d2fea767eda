//! What the window and Rust say to each other about escalations, the board and surges.

use crate::api::Accepted;
use guichet_domain::{
    GroupId, TicketId,
    diagnosis::{Diagnosis, EscalationForm},
    escalation::{EscalationTimer, NamedGroup, SupportLevel},
    surge::SurgeProposal,
    triage::{BoardCard, ThirdPartyWait},
    wording::Text,
};
use guichet_store::TicketRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Who is in charge of a domain at a level, as the ITSM and the clock have it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct ChargeRow {
    /// At which level.
    pub level: SupportLevel,
    /// The group in the ITSM; nothing can be escalated to one that is not there.
    pub group: Option<NamedGroup>,
    /// The group's name in the contract.
    pub name: String,
    /// How to reach them.
    pub contact: String,
    /// The calendar they work by.
    pub hours: Option<String>,
    /// They are at work now; `None` where the contract does not say when they are.
    pub open: Option<bool>,
}

/// A domain of the responsibility matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct EscalationDomain {
    /// Its name in the contract.
    pub domain: String,
    /// What people call it, where the contract says.
    pub name: Option<Text>,
    /// Who is in charge above level 1.
    pub charges: Vec<ChargeRow>,
    /// What a diagnosis has to say.
    pub form: EscalationForm,
}

/// Where a ticket's escalation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct TicketEscalation {
    /// Its card.
    pub card: BoardCard,
    /// Its waits for third parties, in order.
    pub waits: Vec<ThirdPartyWait>,
    /// When the third party is to be reminded.
    #[specta(type = Option<String>)]
    pub remind_at: Option<Timestamp>,
    /// The name of the card's `by`.
    pub by: Option<String>,
}

/// What is needed to escalate a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct EscalationSheet {
    /// Which.
    pub ticket: TicketId,
    /// The matrix.
    pub domains: Vec<EscalationDomain>,
    /// The domain its category belongs to.
    pub domain: Option<String>,
    /// The diagnosis as it was last typed; else what the ticket says already.
    pub diagnosis: Diagnosis,
    /// The time there is for it.
    pub timer: EscalationTimer,
    /// Where it stands, if it was escalated.
    pub escalated: Option<TicketEscalation>,
}

/// An escalation as the technician asks for it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
pub struct NewEscalation {
    /// Of the matrix.
    pub domain: String,
    /// Above level 1.
    pub level: SupportLevel,
    /// What was found out.
    pub diagnosis: Diagnosis,
    /// Anything else.
    pub note: String,
    /// Level 1's group leaves.
    pub release: bool,
}

/// A ticket's escalation for its header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct EscalationState {
    /// The time to escalate; `None` where the contract has no matrix, the ticket is done, or it is not known when it was escalated.
    pub timer: Option<EscalationTimer>,
    /// Where it stands.
    pub escalated: Option<TicketEscalation>,
}

/// Which escalations the board shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Type)]
pub struct BoardQuery {
    /// Of these groups; none: of all groups of the matrix.
    pub groups: Vec<GroupId>,
    /// What I sent.
    pub mine: bool,
    /// Also what was done in the last 7 days.
    pub done: bool,
}

/// An escalation on the board.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct BoardRow {
    /// The ticket.
    pub ticket: TicketRow,
    /// Where it stands.
    pub escalated: TicketEscalation,
    /// Whether it was escalated in time; `None` where it is not known when it was.
    pub target: Option<EscalationTimer>,
    /// Whom it waits for.
    pub third: Option<String>,
}

/// The board.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct Board {
    /// Its rows, the oldest escalation first.
    pub rows: Vec<BoardRow>,
    /// The matrix's groups above level 1, as far as the ITSM has them.
    pub groups: Vec<NamedGroup>,
    /// Those of level 1.
    pub level_1: Vec<NamedGroup>,
}

/// A third party that is waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct ChaseRow {
    /// The ticket.
    pub ticket: TicketRow,
    /// The wait.
    pub wait: ThirdPartyWait,
    /// When they are to be reminded.
    #[specta(type = Option<String>)]
    pub remind_at: Option<Timestamp>,
    /// That is over.
    pub late: bool,
}

/// A surge that is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SurgeCard {
    /// The same as long as it is the same surge.
    pub key: String,
    /// The major incident that is proposed.
    pub proposal: SurgeProposal,
    /// Its title.
    pub title: String,
    /// Why it is proposed, in lines.
    pub explanation: Vec<String>,
    /// What the phone portal may say, in the desk's language.
    pub message: String,
    /// Somebody said that it is none, or it was declared.
    pub dismissed: bool,
}

/// The surges there are now.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "surge")]
pub struct SurgeChanged(pub Vec<SurgeCard>);

/// What became of a major incident that was declared.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct MajorIncident {
    /// The parent with the links to its children.
    pub accepted: Accepted,
    /// Tickets that are not at the server yet and could not be linked.
    pub left_out: Vec<TicketId>,
}
