//! One change to many tickets: one submission a ticket, all accepted in one transaction, so that they are taken back
//! together while none of them has left. What one ticket does not take keeps none of the others.

use crate::{
    api::{BulkAction, BulkRefusal, BulkReport},
    core::desk::Desk,
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId, TicketId,
    operation::{Field, FieldValue, Operation},
    ticket::Status,
};
use guichet_store::{Submission, TicketView};
use std::{collections::BTreeSet, time::Duration};

/// Tickets changed at once, at most.
pub const MOST: usize = 500;

impl Desk {
    /// Changes many tickets in one way.
    ///
    /// # Errors
    /// When there are too many, or the databases refuse the whole. What single tickets refuse is in the report.
    pub async fn bulk(
        &self,
        tickets: &[TicketId],
        action: &BulkAction,
        hold: Duration,
        locale: Locale,
    ) -> Result<BulkReport, AppError> {
        if tickets.len() > MOST {
            return Err(AppError::TooManyTickets { max: MOST });
        }
        let mut report = BulkReport::default();
        let mut submissions = Vec::new();
        let mut seen = BTreeSet::new();
        for ticket in tickets {
            if !seen.insert(*ticket) {
                continue;
            }
            let view = self.store.ticket(*ticket).await?;
            match operation(*ticket, view.as_ref(), action) {
                Ok(operation) => submissions.push(Submission {
                    lane: Some(*ticket),
                    operations: vec![(OperationId::new(), operation)],
                    draft: None,
                    hold,
                }),
                Err(error) => report.refused.push(refusal(*ticket, view.as_ref(), &error, locale)),
            }
        }
        let lanes: Vec<Option<TicketId>> = submissions.iter().map(|submission| submission.lane).collect();
        for (lane, outcome) in lanes.into_iter().zip(self.submit_all(submissions).await?) {
            match outcome {
                Ok(accepted) => {
                    report.held_until = accepted.entries.first().and_then(|entry| entry.held_until);
                    report.accepted.extend(accepted.entries.iter().map(|entry| entry.id));
                }
                Err(error) => {
                    let ticket = lane.unwrap_or(TicketId(0));
                    report.refused.push(refusal(ticket, None, &error, locale));
                }
            }
        }
        Ok(report)
    }
}

/// What one of several tickets did not take, in words.
pub(crate) fn refusal(ticket: TicketId, view: Option<&TicketView>, error: &AppError, locale: Locale) -> BulkRefusal {
    BulkRefusal {
        ticket,
        title: view.map(|view| view.ticket.title.clone()),
        error: error.explain(locale),
    }
}

/// What the action means for one ticket, knowing what it is now; why not, where it means nothing.
fn operation(id: TicketId, view: Option<&TicketView>, action: &BulkAction) -> Result<Operation, AppError> {
    let view = view.ok_or(AppError::NoSuchTicket(id))?;
    if view.departure.is_some() {
        return Err(AppError::NoSuchTicket(id));
    }
    let ticket = &view.ticket;
    if ticket.status == Status::Closed && !matches!(action, BulkAction::Link { .. }) {
        return Err(AppError::TicketClosed);
    }
    let operation = match action {
        BulkAction::Assign { actor } => {
            if view.actors.contains(actor) {
                return Err(AppError::NothingChanges);
            }
            Operation::Assign { actor: actor.clone() }
        }
        BulkAction::Set { field, new } => {
            let base = match field {
                Field::Status => FieldValue::Status(ticket.status),
                Field::Category => FieldValue::Row(ticket.category.as_ref().map(|row| row.id)),
                Field::Location => FieldValue::Row(ticket.location.as_ref().map(|row| row.id)),
                Field::Channel => FieldValue::Row(ticket.channel.as_ref().map(|row| row.id)),
                Field::Kind => FieldValue::Kind(ticket.kind),
                Field::Urgency => FieldValue::Level(ticket.urgency),
                Field::Impact => FieldValue::Level(ticket.impact),
                Field::Priority => FieldValue::Level(ticket.priority),
                // A text is written for one ticket.
                Field::Title | Field::Description => return Err(AppError::NotInBulk),
            };
            if matches!(new, FieldValue::Status(Status::Solved | Status::Closed)) {
                // Comes with a solution, which is written for one ticket.
                return Err(AppError::NotInBulk);
            }
            if base == *new {
                return Err(AppError::NothingChanges);
            }
            Operation::SetField {
                field: *field,
                base,
                new: new.clone(),
            }
        }
        BulkAction::Link { ticket: other, kind } => {
            if *other == id {
                return Err(AppError::LinkedToItself);
            }
            if view.links.iter().any(|link| link.id == *other && link.kind == *kind) {
                return Err(AppError::NothingChanges);
            }
            Operation::LinkTicket {
                ticket: *other,
                kind: *kind,
            }
        }
    };
    operation.validate()?;
    Ok(operation)
}
