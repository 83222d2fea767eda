//! What the window is told of remote control: what could be started on a ticket's equipment, who agreed to it, what was started.

use super::UiError;
use guichet_domain::{
    OperationId, TicketId,
    asset::AssetKey,
    consent::{AskedPerson, ConsentId, ConsentRecord},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Where a target comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum TargetFrom {
    /// The equipment's entry for the tool in the inventory.
    RemoteItem,
    /// The equipment's name.
    Name,
    /// Its address.
    Address,
}

/// One way to a piece of equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RemoteTarget {
    /// By which tool.
    pub tool: String,
    /// On what, as the inventory says it.
    pub target: String,
    /// Where that comes from.
    pub from: TargetFrom,
    /// Why it cannot be started.
    pub problem: Option<UiError>,
}

/// A piece of equipment with the ways to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RemoteAsset {
    /// Which.
    pub key: AssetKey,
    /// Its name.
    pub name: String,
    /// The ways.
    pub targets: Vec<RemoteTarget>,
}

/// A tool that the policy allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RemoteTool {
    /// Its name in the policy and in records.
    pub tool: String,
    /// Its name for people.
    pub label: String,
    /// Whether it is told a target.
    pub takes_target: bool,
    /// Why it cannot be used here at all.
    pub problem: Option<UiError>,
    /// Whether the end of its program is the session's.
    pub end_is_seen: bool,
}

/// How the consent for a piece of equipment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct ConsentState {
    /// Which; `None`: equipment that the inventory does not know.
    pub asset: Option<AssetKey>,
    /// Until when a consent holds; `None` where none does.
    #[specta(type = Option<String>)]
    pub granted_until: Option<Timestamp>,
    /// Why none does: a code of the message catalogue.
    pub reason: Option<String>,
    /// The last answer.
    pub last: Option<ConsentRecord>,
}

/// Remote control of a ticket: everything its panel shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RemoteSheet {
    /// Which ticket.
    pub ticket: TicketId,
    /// The requester.
    pub person: Option<AskedPerson>,
    /// Equipment of the ticket, then of its requester.
    pub assets: Vec<RemoteAsset>,
    /// What can be used.
    pub tools: Vec<RemoteTool>,
    /// Every record of consent, oldest first.
    pub consents: Vec<ConsentRecord>,
    /// How it stands for each piece of equipment, and for unknown equipment.
    pub states: Vec<ConsentState>,
    /// Its sessions, newest first.
    pub sessions: Vec<RemoteSessionCard>,
}

/// A remote session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct RemoteSessionCard {
    /// Its identity.
    pub id: OperationId,
    /// For which ticket.
    pub ticket: TicketId,
    /// On which equipment, where it is known.
    pub asset: Option<AssetKey>,
    /// The equipment's name; empty without one.
    pub asset_name: String,
    /// By which tool.
    pub tool: String,
    /// On what.
    pub target: String,
    /// The code of a TeamViewer session.
    pub code: Option<String>,
    /// The link that the person opens, to be read out or sent.
    pub link: Option<String>,
    /// On which record of consent.
    pub consent: ConsentId,
    /// When it was started.
    #[specta(type = String)]
    pub started_at: Timestamp,
    /// When it ended.
    #[specta(type = Option<String>)]
    pub ended_at: Option<Timestamp>,
    /// Whether Guichet sees the end by itself; not for a session that an earlier run started.
    pub end_is_seen: bool,
    /// Its task is in the ticket, or on its way there.
    pub noted: bool,
}

/// What a remote session would start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RemotePlan {
    /// The program's path.
    pub program: Option<String>,
    /// Its arguments, one by one.
    pub arguments: Vec<String>,
    /// The link that is opened instead.
    pub link: Option<String>,
}

/// A remote session began, changed or ended.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "remote_session")]
pub struct RemoteSessionChanged(pub RemoteSessionCard);
