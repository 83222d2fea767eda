//! Documents: metadata always, content on demand.

use crate::{BlobHash, DocumentId, TicketId, UserId, timeline::EntryKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One document at the backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Document {
    /// The backend's number.
    pub id: DocumentId,
    /// Name given to it.
    pub name: String,
    /// File name with its ending.
    pub filename: String,
    /// Media type as the backend says.
    pub mime: Option<String>,
    /// SHA-1 of the content as the backend says, lower-case hexadecimal.
    pub sha1: Option<String>,
    /// When the backend last changed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub updated_at: Option<Timestamp>,
}

/// A document's place on a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct DocumentLink {
    /// The link's own number at the backend.
    pub id: i64,
    /// Which document.
    pub document: DocumentId,
    /// Which ticket.
    pub ticket: TicketId,
    /// The timeline entry it hangs on; `None` for the ticket itself.
    pub entry: Option<EntryKey>,
    /// Who linked it.
    pub author: Option<UserId>,
    /// When.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub at: Option<Timestamp>,
}

/// A file held on this desk until it is uploaded: the bytes are in the desk's own database under their hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Attachment {
    /// Where its bytes are kept.
    pub blob: BlobHash,
    /// File name as the technician had it.
    pub filename: String,
    /// Media type.
    pub mime: String,
    /// Length in bytes.
    #[cfg_attr(feature = "bindings", specta(type = u32))]
    pub size: u64,
}
