//! `view = mirror + pending operations`: how a ticket shows before the backend has heard of what was done to it.
//!
//! The side effects of an operation are those that GLPI has (seen in its recordings and its sources), so that the view does
//! not jump when the server's answer comes: assigning somebody to a new ticket makes it assigned, a solution makes it
//! solved, a planned task makes it planned, taking away the last assignee makes it new again. They are told from what the
//! ticket **is**, not from what the operation changed, so that an operation whose effect the mirror shows already (its reply
//! was lost) changes nothing.
//!
//! Pending follow-ups, tasks, solutions and documents are not put into the timeline: the window shows the outbox's own
//! entries there, with their state.

use crate::{
    TicketId, UserId,
    asset::AssetKey,
    catalogue::CatalogueRef,
    operation::{Field, FieldValue, NewTicket, Operation},
    outbox::{EntryState, OutboxEntry, WedgeReason},
    record::{ActorRow, AssetLink, LinkKind, TicketBundle, TicketLink},
    ticket::{Actor, Role, Status, Ticket, default_priority},
    timeline::TaskState,
};
use jiff::Timestamp;

/// Applies the pending entries of one lane, in order, to what the mirror holds of the ticket (`None` for a ticket that
/// exists only here). `me` is the account's own number: the recorder of a ticket written here. Returns `None` when
/// nothing is left to show. Pure: the same inputs give the same view.
///
/// Entries are taken in the order of their `seq`; those that are not pending are passed over, and so is a field in
/// conflict (the backend's value shows until a person decides). Rows that exist only here have negative numbers. Names of
/// catalogue rows chosen here are not known to an operation: the reference has the number alone.
#[must_use]
pub fn overlay(mirror: Option<TicketBundle>, pending: &[OutboxEntry], me: Option<UserId>) -> Option<TicketBundle> {
    let mut entries: Vec<&OutboxEntry> = pending.iter().filter(|entry| entry.state.is_pending()).collect();
    entries.sort_by_key(|entry| entry.seq);
    let mut view = mirror;
    for entry in entries {
        match (&mut view, &entry.operation) {
            (None, Operation::CreateTicket { ticket }) => view = Some(created(entry, ticket, me)),
            (Some(bundle), operation) => apply(bundle, operation, entry),
            // An operation on a ticket that is not mirrored (it left, or was not read yet): nothing to show it on.
            (None, _) => {}
        }
    }
    view
}

/// A ticket that exists only here.
fn created(entry: &OutboxEntry, new: &NewTicket, me: Option<UserId>) -> TicketBundle {
    let row = |id: Option<i64>| id.map(|id| CatalogueRef { id, name: None });
    let ticket = Ticket {
        id: entry.lane,
        title: new.title.trim().to_owned(),
        description: new.description.clone(),
        kind: new.kind,
        status: Status::New,
        urgency: new.urgency,
        impact: new.impact,
        priority: default_priority(new.urgency, new.impact),
        category: row(new.category),
        entity: row(new.entity),
        location: row(new.location),
        channel: row(new.channel),
        recorder: me,
        opened_at: entry.created_at,
        updated_at: entry.created_at,
        solved_at: None,
        closed_at: None,
        taken_up_at: None,
        time_to_own: None,
        time_to_resolve: None,
        slas: Vec::new(),
        external_id: Some(entry.id.to_string()),
    };
    let mut bundle = TicketBundle {
        ticket,
        actors: Vec::new(),
        timeline: Vec::new(),
        documents: Vec::new(),
        document_links: Vec::new(),
        ticket_links: Vec::new(),
        asset_links: Vec::new(),
    };
    for actor in &new.actors {
        assign(&mut bundle, actor);
    }
    for asset in &new.assets {
        link_asset(&mut bundle, asset);
    }
    bundle
}

/// Applies one operation to a ticket.
fn apply(bundle: &mut TicketBundle, operation: &Operation, entry: &OutboxEntry) {
    let at = entry.created_at;
    match operation {
        Operation::Assign { actor } => assign(bundle, actor),
        Operation::Unassign { actor } => {
            bundle.actors.retain(|row| row.actor != *actor);
            if actor.role == Role::Assigned && !is_assigned(bundle) && bundle.ticket.status.is_open() {
                set_status(&mut bundle.ticket, Status::New, at);
            }
        }
        Operation::SetField { field, new, .. } => {
            let in_conflict = matches!(
                &entry.state,
                EntryState::Wedged {
                    reason: WedgeReason::Conflict { .. }
                }
            );
            if !in_conflict {
                set_field(&mut bundle.ticket, *field, new, at);
            }
        }
        Operation::AddTask {
            begin: Some(_), state, ..
        } if *state != TaskState::Done => {
            if matches!(bundle.ticket.status, Status::New | Status::Assigned) {
                set_status(&mut bundle.ticket, Status::Planned, at);
            }
        }
        Operation::AddSolution { .. } => {
            if bundle.ticket.status.is_open() {
                set_status(&mut bundle.ticket, Status::Solved, at);
            }
        }
        Operation::AnswerSolution { accept: true, .. } => {
            if bundle.ticket.status == Status::Solved {
                set_status(&mut bundle.ticket, Status::Closed, at);
            }
        }
        Operation::AnswerSolution { accept: false, .. } | Operation::Reopen { .. } => {
            if !bundle.ticket.status.is_open() {
                let status = if is_assigned(bundle) {
                    Status::Assigned
                } else {
                    Status::New
                };
                set_status(&mut bundle.ticket, status, at);
            }
        }
        Operation::LinkAsset { asset } => link_asset(bundle, asset),
        Operation::LinkTicket { ticket, kind } => link_ticket(bundle, *ticket, *kind),
        // The ticket exists already, or the outbox's own entry shows it.
        Operation::CreateTicket { .. }
        | Operation::AddFollowup { .. }
        | Operation::AddTask { .. }
        | Operation::UploadDocument { .. }
        | Operation::LinkArticle { .. }
        | Operation::ProposeArticle { .. } => {}
    }
}

/// Whether anybody works on the ticket.
fn is_assigned(bundle: &TicketBundle) -> bool {
    bundle.actors.iter().any(|row| row.actor.role == Role::Assigned)
}

/// A number for a row that exists only here: below every number that is there.
fn local_number(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.min().unwrap_or(0).min(0) - 1
}

fn assign(bundle: &mut TicketBundle, actor: &Actor) {
    if !bundle.actors.iter().any(|row| row.actor == *actor) {
        let id = local_number(bundle.actors.iter().map(|row| row.id));
        let ticket = bundle.ticket.id;
        bundle.actors.push(ActorRow {
            id,
            ticket,
            actor: actor.clone(),
        });
    }
    if actor.role == Role::Assigned && bundle.ticket.status == Status::New {
        bundle.ticket.status = Status::Assigned;
    }
}

fn link_asset(bundle: &mut TicketBundle, asset: &AssetKey) {
    if !bundle.asset_links.iter().any(|link| link.asset == *asset) {
        let id = local_number(bundle.asset_links.iter().map(|link| link.id));
        let ticket: TicketId = bundle.ticket.id;
        bundle.asset_links.push(AssetLink {
            id,
            ticket,
            asset: asset.clone(),
        });
    }
}

fn link_ticket(bundle: &mut TicketBundle, other: TicketId, kind: LinkKind) {
    let link = TicketLink {
        id: local_number(bundle.ticket_links.iter().map(|link| link.id)),
        from: bundle.ticket.id,
        to: other,
        kind,
    };
    if !bundle.ticket_links.iter().any(|there| there.says_as(&link)) {
        bundle.ticket_links.push(link);
    }
}

/// Sets the status with the dates that go with it.
fn set_status(ticket: &mut Ticket, status: Status, at: Timestamp) {
    if ticket.status == status {
        return;
    }
    ticket.status = status;
    match status {
        Status::Solved => {
            ticket.solved_at = Some(at);
            ticket.closed_at = None;
        }
        Status::Closed => {
            ticket.solved_at = ticket.solved_at.or(Some(at));
            ticket.closed_at = Some(at);
        }
        Status::New | Status::Assigned | Status::Planned | Status::Waiting => {
            ticket.solved_at = None;
            ticket.closed_at = None;
        }
    }
}

/// Sets a field. A value of the wrong kind (which validation refuses) changes nothing.
fn set_field(ticket: &mut Ticket, field: Field, value: &FieldValue, at: Timestamp) {
    // A row chosen again keeps the name it is known by.
    let row = |old: &Option<CatalogueRef>, id: Option<i64>| match (old, id) {
        (Some(old), Some(id)) if old.id == id => Some(old.clone()),
        (_, id) => id.map(|id| CatalogueRef { id, name: None }),
    };
    match (field, value) {
        (Field::Title, FieldValue::Text(title)) => ticket.title = title.trim().to_owned(),
        (Field::Description, FieldValue::Rich(text)) => ticket.description = text.clone(),
        (Field::Kind, FieldValue::Kind(kind)) => ticket.kind = *kind,
        (Field::Status, FieldValue::Status(status)) => set_status(ticket, *status, at),
        // GLPI computes the priority afresh when either changes.
        (Field::Urgency, FieldValue::Level(level)) => {
            ticket.urgency = *level;
            ticket.priority = default_priority(ticket.urgency, ticket.impact);
        }
        (Field::Impact, FieldValue::Level(level)) => {
            ticket.impact = *level;
            ticket.priority = default_priority(ticket.urgency, ticket.impact);
        }
        (Field::Priority, FieldValue::Level(level)) => ticket.priority = *level,
        (Field::Category, FieldValue::Row(id)) => ticket.category = row(&ticket.category, *id),
        (Field::Location, FieldValue::Row(id)) => ticket.location = row(&ticket.location, *id),
        (Field::Channel, FieldValue::Row(id)) => ticket.channel = row(&ticket.channel, *id),
        _ => {}
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
