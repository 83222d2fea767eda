//! `view = mirror + pending operations`: how a ticket shows before the backend has heard of what was done to it.

use crate::{outbox::OutboxEntry, record::TicketBundle};

/// Applies the pending entries of one lane, in order, to what the mirror holds of the ticket (`None` for a ticket that
/// exists only here). Returns `None` when nothing is left to show. Pure: the same inputs give the same view.
#[must_use]
pub fn overlay(_mirror: Option<TicketBundle>, _pending: &[OutboxEntry]) -> Option<TicketBundle> {
    None
}
