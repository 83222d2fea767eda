//! Writing: what goes out, and what reading back says.

use bytes::Bytes;
use guichet_domain::{OperationId, TicketId, operation::Operation, outbox::Receipt, timeline::EntryKey};
use jiff::Timestamp;

/// One operation on its way, with everything the adapter needs.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Its identity: the idempotency key.
    pub id: OperationId,
    /// The ticket, by the backend's number; `None` only for a creation.
    pub ticket: Option<TicketId>,
    /// What is meant.
    pub operation: Operation,
    /// When the technician pressed the key; becomes the entry's own date where the backend keeps one given by the client.
    pub written_at: Timestamp,
    /// When the first request was made: what is older cannot be it. `None` before the first.
    pub first_attempt_at: Option<Timestamp>,
    /// Bytes of the attachment, for an upload.
    pub content: Option<Bytes>,
    /// The timeline entry an upload hangs on, once known.
    pub attach_to: Option<EntryKey>,
    /// Numbers of rows of the same table that are known to be **other** operations of ours: a probe must not take them.
    pub claimed: Vec<i64>,
}

/// What reading back says of an operation in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// It is there.
    Applied(Receipt),
    /// It is not there **now**; the request may still be under way at the server (the engine waits for the server's longest
    /// processing time before it believes it).
    Absent,
    /// Reading back cannot tell.
    Undecidable,
}
