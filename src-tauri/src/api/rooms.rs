//! What the window and Rust say to each other about the rooms of major incidents.

use super::{Accepted, BulkRefusal};
use guichet_domain::{
    OperationId, TicketId,
    rich_text::RichText,
    room::{Room, RoomStanding},
    ticket::Status,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// A room in brief: what a list, a countdown and a reminder need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct RoomCard {
    /// The parent.
    pub ticket: TicketId,
    /// Its title; `None` where it is not known here.
    pub title: Option<String>,
    /// When the room was opened.
    #[specta(type = String)]
    pub opened_at: Timestamp,
    /// When it was closed.
    #[specta(type = Option<String>)]
    pub closed_at: Option<Timestamp>,
    /// When the next update is promised; nothing once it is over.
    #[specta(type = Option<String>)]
    pub next_update_at: Option<Timestamp>,
    /// From when on that is soon.
    #[specta(type = Option<String>)]
    pub soon_at: Option<Timestamp>,
    /// Where it stands with it.
    pub standing: RoomStanding,
    /// Since when there is a workaround.
    #[specta(type = Option<String>)]
    pub workaround_at: Option<Timestamp>,
    /// Updates posted.
    pub updates: u32,
}

/// A ticket of a major incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RoomTicket {
    /// Its number.
    pub id: TicketId,
    /// Its title; `None` where it is not known here.
    pub title: Option<String>,
    /// Its status.
    pub status: Option<Status>,
    /// Who asked.
    pub requester: Option<String>,
    /// A requester is a VIP.
    pub vip: bool,
    /// Where.
    pub site: Option<String>,
    /// When it was opened.
    #[specta(type = Option<String>)]
    pub opened_at: Option<Timestamp>,
    /// When it was solved.
    #[specta(type = Option<String>)]
    pub solved_at: Option<Timestamp>,
    /// An update reaches it.
    pub open: bool,
}

/// Everything the screen of a room needs.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct RoomSheet {
    /// In brief.
    pub card: RoomCard,
    /// The room.
    pub room: Room,
    /// The parent.
    pub parent: RoomTicket,
    /// Its children, links that wait in the outbox included; by number.
    pub children: Vec<RoomTicket>,
}

/// An update to be posted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Type)]
pub struct NewRoomUpdate {
    /// Its identity, chosen by the window: the same one is posted once.
    pub id: OperationId,
    /// What is told.
    pub text: String,
    /// Hidden from the requesters.
    pub private: bool,
    /// Also on each open child.
    pub children: bool,
    /// Minutes until the next one, where it is not the room's cadence.
    pub next_in_min: Option<u32>,
}

/// An update that was accepted.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct RoomPosted {
    /// The room with it.
    pub room: Room,
    /// In brief.
    pub card: RoomCard,
    /// What was accepted, the parent's first; empty where it had been posted before.
    pub accepted: Vec<Accepted>,
    /// Children that did not take it, and why.
    pub refused: Vec<BulkRefusal>,
}

/// The report of a major incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct RoomReport {
    /// As the window shows it.
    pub body: RichText,
    /// As a file.
    pub markdown: String,
    /// The file's name.
    pub filename: String,
}

/// A report that was saved.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct SavedRoomReport {
    /// Where.
    pub path: String,
    /// Its private follow-up, where one was asked for and was not there yet.
    pub noted: Option<Accepted>,
}

/// The rooms that are open, when they differ from those told before.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "room")]
pub struct RoomsChanged(pub Vec<RoomCard>);
