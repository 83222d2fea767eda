//! Reading: pages, cursors, presence.

use guichet_domain::{
    UserId,
    catalogue::Availability,
    history::HistoryChange,
    record::{Departure, Record, Removal},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where reading a collection stands. Opaque above the adapter; stored as it is, so an adapter must still read what an
/// earlier version wrote, or start over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub serde_json::Value);

/// One page of a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What to store, in order.
    pub records: Vec<Record>,
    /// What left (noticed by the delta; a purge leaves no trace and is found by comparing identities).
    pub removals: Vec<Removal>,
    /// Where to go on; stored in the transaction that applies the page.
    pub cursor: Cursor,
    /// Another page is waiting now.
    pub more: bool,
    /// The collection has been read completely at least once.
    pub complete: bool,
    /// How many rows a first reading will bring in all, where the server tells, and how many are done with this page.
    pub progress: Option<(u64, u64)>,
    /// Whether the account may read it at all.
    pub availability: Availability,
    /// The server was asked for it. A page of a collection that is not due yet is made of what is known here, and says
    /// nothing of whether the server can be reached.
    pub asked: bool,
}

/// A piece of the tickets' history.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryPage {
    /// Lines, the newest first. A line may come again; its number tells it.
    pub changes: Vec<HistoryChange>,
    /// Where to go on.
    pub cursor: Cursor,
    /// Another page is waiting now.
    pub more: bool,
    /// Everything from the horizon of the first reading up to now has been read. Until then a ticket's history may lack its
    /// beginning.
    pub complete: bool,
    /// Whether the account may read it at all.
    pub availability: Availability,
    /// The server was asked for it.
    pub asked: bool,
}

/// What became of a record that the mirror holds and the server does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is visible after all.
    Visible,
    /// It left.
    Left(Departure),
}

/// What the account may do, as far as the window must know beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visibility {
    /// Names of rights or lists that are refused, for `doctor`.
    pub refused: Vec<String>,
}

/// Who the account is, and what the server can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// The account's own number.
    pub user: UserId,
    /// Its display name.
    pub name: String,
    /// Product and version, for people ("GLPI 11.0.6").
    pub product: String,
    /// The active profile's name, for people.
    pub profile: String,
    /// Server clock minus ours, in seconds.
    pub clock_skew_s: i64,
    /// The backend keeps a key per ticket, so that a lost reply to a creation can be decided.
    pub ticket_keys: bool,
    /// What is refused.
    pub visibility: Visibility,
    /// What the account sees ([`Backend::sight`](crate::Backend::sight)).
    #[serde(default)]
    pub sight: String,
    /// When this was read.
    pub read_at: Timestamp,
}
