//! A person's ways out of an entry that is stuck or not wanted.

use super::outbox::{changed, check, existing, put_operation, put_state, wedge_dependants};
use crate::{Resolution, StoreError};
use guichet_domain::{
    OperationId,
    operation::Operation,
    outbox::{EntryState, OutboxEntry, WedgeReason},
};
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::collections::BTreeSet;

/// Resolves an entry within the caller's transaction; answers it as it was.
pub(crate) async fn resolve(
    connection: &mut SqliteConnection,
    id: OperationId,
    resolution: &Resolution,
    now: Timestamp,
) -> Result<OutboxEntry, StoreError> {
    let entry = existing(connection, id).await?;
    let queued = EntryState::Queued { not_before: None };
    match (resolution, &entry.state) {
        (
            Resolution::Retry | Resolution::Edit { .. },
            EntryState::Wedged {
                reason: WedgeReason::DependencyDiscarded,
            },
        ) => {
            return Err(StoreError::Invalid {
                message: "what it depends on was given up: it can only be discarded".to_owned(),
            });
        }
        (Resolution::Retry, EntryState::Wedged { .. } | EntryState::Queued { .. }) => {
            put_state(connection, id, &queued).await?;
        }
        (Resolution::Retry, EntryState::InDoubt { since, .. }) => {
            // Look again now; it is not sent again before looking has told.
            let state = EntryState::InDoubt {
                since: *since,
                not_before: None,
            };
            put_state(connection, id, &state).await?;
        }
        (Resolution::Edit { operation }, EntryState::Wedged { .. } | EntryState::Queued { .. }) => {
            if std::mem::discriminant(&**operation) != std::mem::discriminant(&entry.operation) {
                return Err(StoreError::Invalid {
                    message: "an edit cannot turn an operation into another one".to_owned(),
                });
            }
            check(connection, entry.lane, operation, &BTreeSet::new()).await?;
            put_operation(connection, id, operation).await?;
            put_state(connection, id, &queued).await?;
        }
        (Resolution::Discard, EntryState::Wedged { .. } | EntryState::Queued { .. } | EntryState::InDoubt { .. }) => {
            put_state(connection, id, &EntryState::Cancelled { at: now }).await?;
            wedge_dependants(connection, &entry).await?;
        }
        (
            Resolution::ConfirmSent,
            EntryState::InDoubt { .. }
            | EntryState::Wedged {
                reason: WedgeReason::Undetermined,
            },
        ) => {
            put_state(connection, id, &EntryState::Sent { at: now }).await?;
            if matches!(entry.operation, Operation::CreateTicket { .. }) {
                // Which ticket it became is not known: what was to follow cannot go there by itself.
                wedge_dependants(connection, &entry).await?;
            }
        }
        (
            Resolution::TakeTheirs,
            EntryState::Wedged {
                reason: WedgeReason::Conflict { .. },
            },
        ) => put_state(connection, id, &EntryState::Cancelled { at: now }).await?,
        (
            Resolution::TakeMine,
            EntryState::Wedged {
                reason: WedgeReason::Conflict {
                    field, theirs, ours, ..
                },
            },
        ) => {
            let operation = Operation::SetField {
                field: *field,
                base: theirs.clone(),
                new: ours.clone(),
            };
            put_operation(connection, id, &operation).await?;
            put_state(connection, id, &queued).await?;
        }
        _ => return Err(changed(&entry)),
    }
    Ok(entry)
}
