//! A person's ways out of an entry that is stuck or not wanted.

use super::{
    drafts,
    outbox::{check, existing, put_operation, put_state, step, submitted_together, wedge_dependants},
};
use crate::{Draft, Resolution, StoreError};
use guichet_domain::{
    OperationId, TicketId,
    operation::Operation,
    outbox::{EntryState, OutboxEntry, Transition, WedgeReason},
};
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

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
        Resolution::Retry => {
            can_go(connection, &entry, &entry.operation).await?;
            release(connection, &entry).await?;
        }
        Resolution::Edit { operation } => {
            if std::mem::discriminant(&**operation) != std::mem::discriminant(&entry.operation) {
                return Err(StoreError::Invalid {
                    message: "an edit cannot turn an operation into another one".to_owned(),
                });
            }
            check(connection, entry.lane, operation, &BTreeSet::new()).await?;
            can_go(connection, &entry, operation).await?;
            put_operation(connection, id, operation).await?;
            if is_spoken(operation) {
                keep_edited_words(connection, &entry).await?;
            }
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
    if state.is_final() && nothing_waits(connection, &entry).await? {
        drafts::forget(connection, id).await?;
    }
    Ok(entry)
}

/// Whether it carries words that somebody typed.
fn is_spoken(operation: &Operation) -> bool {
    match operation {
        Operation::CreateTicket { .. }
        | Operation::AddFollowup { .. }
        | Operation::AddTask { .. }
        | Operation::AddSolution { .. }
        | Operation::AnswerSolution { .. }
        | Operation::Reopen { .. }
        | Operation::ProposeArticle { .. } => true,
        Operation::Assign { .. }
        | Operation::Unassign { .. }
        | Operation::SetField { .. }
        | Operation::UploadDocument { .. }
        | Operation::LinkArticle { .. }
        | Operation::LinkAsset { .. }
        | Operation::LinkTicket { .. } => false,
    }
}

/// The words were changed since they were submitted: were they taken back, the draft must say what they say now. Its form is
/// the window's own and unknown here; a draft may also be plain text.
async fn keep_edited_words(connection: &mut SqliteConnection, entry: &OutboxEntry) -> Result<(), StoreError> {
    let Some(submission) = submission_of(connection, entry.id).await? else {
        return Ok(());
    };
    let together = submitted_together(connection, entry.lane, &submission).await?;
    let words: Vec<String> = together
        .iter()
        .filter(|other| is_spoken(&other.operation))
        .map(|other| other.operation.plain_text())
        .collect();
    drafts::reword(connection, &submission, &words.join("\n\n")).await
}

/// What an entry was submitted with; `None` where an earlier version accepted it.
async fn submission_of(connection: &mut SqliteConnection, id: OperationId) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT submission FROM outbox WHERE id = ?")
        .bind(id.to_string())
        .fetch_one(connection)
        .await?)
}

/// Ends the hold of everything that was submitted together with an entry: it is to go now.
async fn release(connection: &mut SqliteConnection, entry: &OutboxEntry) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE outbox SET held_until = NULL WHERE lane = ?1 AND pending = 1 \
         AND (id = ?2 OR submission = (SELECT submission FROM outbox WHERE id = ?2))",
    )
    .bind(entry.lane.0)
    .bind(entry.id.to_string())
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether nothing of an entry's submission is pending any more.
async fn nothing_waits(connection: &mut SqliteConnection, entry: &OutboxEntry) -> Result<bool, StoreError> {
    let waits: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM outbox WHERE lane = ?1 AND pending = 1 \
         AND submission = (SELECT submission FROM outbox WHERE id = ?2)",
    )
    .bind(entry.lane.0)
    .bind(entry.id.to_string())
    .fetch_optional(connection)
    .await?;
    Ok(waits.is_none())
}

/// Takes back what was submitted, all of it or nothing: none of it leaves any more, and its words are a draft again. With an
/// entry goes everything that was submitted together with it. Answers the entries as they were, and the drafts.
pub(crate) async fn take_back(
    connection: &mut SqliteConnection,
    ids: &[OperationId],
    now: Timestamp,
) -> Result<(Vec<OutboxEntry>, Vec<Draft>), StoreError> {
    let mut submissions: BTreeMap<String, TicketId> = BTreeMap::new();
    let mut alone = BTreeSet::new();
    for id in ids {
        let lane = existing(connection, *id).await?.lane;
        match submission_of(connection, *id).await? {
            Some(submission) => drop(submissions.insert(submission, lane)),
            // Accepted by an earlier version.
            None => drop(alone.insert(*id)),
        }
    }
    let mut taken = Vec::new();
    for (submission, lane) in &submissions {
        let together = submitted_together(connection, *lane, submission).await?;
        taken.extend(together);
    }
    for id in alone {
        taken.push(existing(connection, id).await?);
    }
    // What was given up already is as good as taken back.
    taken.retain(|entry| !matches!(entry.state, EntryState::Cancelled { .. }));
    for entry in taken.iter().rev() {
        if !entry.may_be_taken_back() {
            return Err(StoreError::AlreadyLeft {
                id: entry.id,
                actual: entry.state.name(),
            });
        }
        put_state(connection, entry.id, &step(entry, Transition::Discard { at: now })?).await?;
    }
    for entry in &taken {
        wedge_dependants(connection, entry).await?;
    }
    let mut drafts = Vec::new();
    for submission in submissions.keys() {
        drafts.extend(drafts::give_back(connection, submission).await?);
    }
    Ok((taken, drafts))
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
