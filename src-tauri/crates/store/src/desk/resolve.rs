//! A person's ways out of an entry that is stuck or not wanted.

use super::outbox::{check, existing, put_operation, put_state, step, wedge_dependants};
use crate::{Resolution, StoreError};
use guichet_domain::{
    OperationId,
    operation::Operation,
    outbox::{EntryState, OutboxEntry, Transition, WedgeReason},
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
    let state = step(
        &entry,
        match resolution {
            Resolution::Retry => Transition::Retry,
            Resolution::Edit { .. } => Transition::Edit,
            Resolution::Discard => Transition::Discard { at: now },
            Resolution::ConfirmSent => Transition::ConfirmSent { at: now },
            Resolution::TakeTheirs => Transition::TakeTheirs { at: now },
            Resolution::TakeMine => Transition::TakeMine,
        },
    )?;
    put_state(connection, id, &state).await?;
    match resolution {
        Resolution::Retry => can_go(connection, &entry, &entry.operation).await?,
        Resolution::Edit { operation } => {
            if std::mem::discriminant(&**operation) != std::mem::discriminant(&entry.operation) {
                return Err(StoreError::Invalid {
                    message: "an edit cannot turn an operation into another one".to_owned(),
                });
            }
            check(connection, entry.lane, operation, &BTreeSet::new()).await?;
            can_go(connection, &entry, operation).await?;
            put_operation(connection, id, operation).await?;
        }
        Resolution::Discard => wedge_dependants(connection, &entry).await?,
        Resolution::ConfirmSent => {
            if matches!(entry.operation, Operation::CreateTicket { .. }) {
                // Which ticket it became is not known: what was to follow cannot go there by itself.
                wedge_dependants(connection, &entry).await?;
            }
        }
        Resolution::TakeTheirs => {}
        Resolution::TakeMine => {
            if let EntryState::Wedged {
                reason: WedgeReason::Conflict {
                    field, theirs, ours, ..
                },
            } = &entry.state
            {
                let operation = Operation::SetField {
                    field: *field,
                    base: theirs.clone(),
                    new: ours.clone(),
                };
                put_operation(connection, id, &operation).await?;
            }
        }
    }
    Ok(entry)
}

/// Whether what an entry needs is still to come or there: not after it was given up.
async fn can_go(
    connection: &mut SqliteConnection,
    entry: &OutboxEntry,
    operation: &Operation,
) -> Result<(), StoreError> {
    let refused = |message: &str| StoreError::Invalid {
        message: message.to_owned(),
    };
    if entry.lane.is_local() && !matches!(operation, Operation::CreateTicket { .. }) {
        let creation: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM outbox WHERE lane = ? AND kind = 'create_ticket' AND pending = 1")
                .bind(entry.lane.0)
                .fetch_optional(&mut *connection)
                .await?;
        if creation.is_none() {
            return Err(refused(
                "the ticket it belongs to was given up: it can only be discarded",
            ));
        }
    }
    if let Some(id) = operation.depends_on() {
        let needed = existing(connection, id).await?;
        if matches!(needed.state, EntryState::Cancelled { .. }) {
            return Err(refused("the entry it hangs on was given up"));
        }
    }
    Ok(())
}
