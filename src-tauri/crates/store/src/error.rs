//! One error for the store.

use guichet_domain::{OperationId, TicketId, consent::ConsentError, room::RoomError};
use std::path::PathBuf;

/// What can go wrong with the databases.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the profile.
    #[error("the profile is in use by another Guichet ({path})")]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The key does not open the database (encrypted with another one).
    #[error("the key does not open {path}")]
    WrongKey {
        /// The database.
        path: PathBuf,
    },
    /// The file is damaged. A damaged mirror is moved aside by [`crate::Store::open`]; a damaged desk is left as it is.
    #[error("{path} is damaged: {message}")]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        message: String,
    },
    /// Written by a newer Guichet.
    #[error("{path} was written by a newer version (schema {found}, this one knows {known})")]
    TooNew {
        /// The database.
        path: PathBuf,
        /// Schema found.
        found: i64,
        /// Newest schema this version knows.
        known: i64,
    },
    /// No room on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// An entry is not in the state the caller believed.
    #[error("entry {id} has changed state meanwhile ({actual})")]
    StateChanged {
        /// Which entry.
        id: OperationId,
        /// Its state now.
        actual: &'static str,
    },
    /// An entry cannot be taken back: a request for it (or for what was submitted with it) may have left this machine.
    #[error("entry {id} has left already ({actual})")]
    AlreadyLeft {
        /// Which entry.
        id: OperationId,
        /// Its state now.
        actual: &'static str,
    },
    /// No such entry.
    #[error("no outbox entry {id}")]
    NoSuchEntry {
        /// Which entry.
        id: OperationId,
    },
    /// The submission breaks a rule (empty, unknown lane, an upload whose attachment is not kept…).
    #[error("the operation cannot be accepted: {message}")]
    Invalid {
        /// Which rule.
        message: String,
    },
    /// No such call in the journal.
    #[error("no call {id} in the journal")]
    NoSuchCall {
        /// Its identity at the PBX.
        id: String,
    },
    /// A record of consent that the log does not take.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// A ticket has no room.
    #[error("ticket {ticket} has no room")]
    NoSuchRoom {
        /// Which ticket.
        ticket: TicketId,
    },
    /// What a room does not take.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// As many views are kept as can be.
    #[error("{max} views are kept already")]
    TooManyViews {
        /// Most.
        max: usize,
    },
    /// A view has no name.
    #[error("a view needs a name")]
    ViewNameEmpty,
    /// A view's name is too long.
    #[error("a view's name has at most {max} characters")]
    ViewNameTooLong {
        /// Most.
        max: usize,
    },
    /// Another view has that name.
    #[error("there is a view called {name:?} already")]
    ViewNameTaken {
        /// Which.
        name: String,
    },
    /// Anything else SQLite said.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// The file system.
    #[error("file error: {0}")]
    Io(#[from] std::io::Error),
    /// A stored value does not read back.
    #[error("a stored value does not read back: {0}")]
    Decode(#[from] serde_json::Error),
}

impl StoreError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "store_locked",
            Self::WrongKey { .. } => "store_wrong_key",
            Self::Corrupt { .. } => "store_corrupt",
            Self::TooNew { .. } => "store_too_new",
            Self::DiskFull => "store_disk_full",
            Self::StateChanged { .. } => "entry_state_changed",
            Self::AlreadyLeft { .. } => "entry_already_left",
            Self::NoSuchEntry { .. } => "entry_not_found",
            Self::Invalid { .. } => "operation_invalid",
            Self::TooManyViews { .. } => "views_too_many",
            Self::ViewNameEmpty => "view_name_empty",
            Self::ViewNameTooLong { .. } => "view_name_too_long",
            Self::ViewNameTaken { .. } => "view_name_taken",
            Self::NoSuchCall { .. } => "call_unknown",
            Self::Consent(error) => error.code(),
            Self::NoSuchRoom { .. } => "room_none",
            Self::Room(error) => error.code(),
            Self::Database(_) => "store_database",
            Self::Io(_) => "store_io",
            Self::Decode(_) => "store_decode",
        }
    }
}
