//! After the backend was put back to an earlier state: what was sent and is gone, sent once more or left.

use super::{
    attachments, audit,
    outbox::{COLUMNS, decode, entry, list, put_state, submit},
    settings,
};
use crate::{Repeated, StoreError, Submission};
use guichet_domain::{
    OperationId, TicketId,
    audit::{AuditAction, AuditEntry},
    operation::{AttachTo, Operation},
    outbox::{EntryState, Gate, OutboxEntry, Receipt, WedgeReason},
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use uuid::Uuid;

/// How far back a number is looked for: what a restored backend gives out again is what it gave out last.
const LOOKED_BACK: i64 = 500;

/// What was sent last, newest first.
pub(crate) async fn last_sent(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE state_name = 'sent' ORDER BY seq DESC LIMIT ?");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// Kinds of operations whose rows are numbered together. Only those that always make a row of their own: a part in a ticket that
/// somebody has already is found and not made.
fn numbered_with(operation: &Operation) -> &'static [&'static str] {
    match operation {
        Operation::CreateTicket { .. } => &["create_ticket"],
        Operation::AddFollowup { .. } | Operation::Reopen { .. } | Operation::AnswerSolution { .. } => {
            &["add_followup", "reopen", "answer_solution"]
        }
        Operation::AddTask { .. } => &["add_task"],
        _ => &[],
    }
}

/// Whether another operation's row has this number.
pub(crate) async fn given_before(
    connection: &mut SqliteConnection,
    entry: &OutboxEntry,
    receipt: &Receipt,
) -> Result<bool, StoreError> {
    let kinds = numbered_with(&entry.operation);
    let number = receipt.remote_id.or(receipt.ticket.map(|ticket| ticket.0));
    let (Some(number), false) = (number, kinds.is_empty()) else {
        return Ok(false);
    };
    let found: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM outbox WHERE remote_id = ? AND state_name = 'sent' AND id <> ? \
         AND kind IN (SELECT value FROM json_each(?)) AND seq > (SELECT max(seq) FROM outbox) - ? LIMIT 1",
    )
    .bind(number)
    .bind(entry.id.to_string())
    .bind(serde_json::to_string(kinds)?)
    .bind(LOOKED_BACK)
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// Goes on as the person decided; answers what was accepted once more and the lanes that look different.
pub(crate) async fn go_on(
    connection: &mut SqliteConnection,
    lost: &[OperationId],
    again: bool,
    now: Timestamp,
) -> Result<(Vec<Repeated>, BTreeSet<i64>), StoreError> {
    let mut lanes = BTreeSet::new();
    let mut repeated = Vec::new();
    if !settings::gate(connection).await?.is_restored() {
        return Ok((repeated, lanes));
    }
    let mut by_lane: BTreeMap<i64, Vec<OutboxEntry>> = BTreeMap::new();
    for id in lost {
        if let Some(entry) = entry(connection, *id).await?
            && matches!(entry.state, EntryState::Sent { .. })
        {
            by_lane.entry(entry.lane.0).or_default().push(entry);
        }
    }
    for (lane, mut entries) in by_lane {
        lanes.insert(lane);
        entries.sort_by_key(|entry| entry.seq);
        for entry in &entries {
            // Another row may have the number now: a probe must not pass it over as ours.
            sqlx::query("UPDATE outbox SET remote_id = NULL WHERE id = ?")
                .bind(entry.id.to_string())
                .execute(&mut *connection)
                .await?;
        }
        let ticket_is_gone = entries
            .iter()
            .any(|entry| matches!(entry.operation, Operation::CreateTicket { .. }));
        let mut operations: Vec<OutboxEntry> = if again { entries } else { Vec::new() };
        if ticket_is_gone {
            operations = of_gone_ticket(connection, lane, lost, again, now).await?;
        }
        let (operations, pairs) = renamed(connection, operations).await?;
        if operations.is_empty() {
            continue;
        }
        let submission = Submission {
            lane: (!ticket_is_gone).then_some(TicketId(lane)),
            operations,
            draft: None,
            hold: Duration::ZERO,
        };
        let (new_lane, _) = submit(connection, &submission, true, now).await?;
        lanes.insert(new_lane.0);
        repeated.extend(pairs.into_iter().map(|(was, id)| Repeated {
            was,
            id,
            lane: new_lane,
        }));
    }
    let answer = if again { "sent_again" } else { "left" };
    let decided = AuditEntry::done(AuditAction::OutboxReopened, "outbox").detail(format!("{answer}: {}", lost.len()));
    audit::append(connection, &decided).await?;
    settings::set_gate(connection, &Gate::Open).await?;
    Ok((repeated, lanes))
}

/// Everything that belonged to a ticket that is gone, where it is to be sent again: fields, parts and links as well, because nothing of
/// it is left to hang them on. What waits for the ticket's number must not go to whoever has the number next: it comes along, or is
/// wedged as gone.
async fn of_gone_ticket(
    connection: &mut SqliteConnection,
    lane: i64,
    lost: &[OperationId],
    again: bool,
    now: Timestamp,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let entries = list(connection, Some(TicketId(lane))).await?;
    // The number may be that of another ticket created here since: what was accepted from its creation on is its own.
    let next = entries
        .iter()
        .filter(|entry| matches!(entry.operation, Operation::CreateTicket { .. }) && !lost.contains(&entry.id))
        .filter(|entry| matches!(entry.state, EntryState::Sent { .. }))
        .map(|entry| entry.seq)
        .max();
    let mut operations = Vec::new();
    for entry in entries {
        if next.is_some_and(|next| entry.seq >= next) {
            continue;
        }
        match &entry.state {
            EntryState::Sent { .. } => {
                sqlx::query("UPDATE outbox SET remote_id = NULL WHERE id = ?")
                    .bind(entry.id.to_string())
                    .execute(&mut *connection)
                    .await?;
                if again {
                    operations.push(entry);
                }
            }
            state if state.is_pending() => {
                let follows = again && entry.may_be_taken_back();
                let state = if follows {
                    EntryState::Cancelled { at: now }
                } else {
                    EntryState::Wedged {
                        reason: WedgeReason::Gone,
                    }
                };
                put_state(connection, entry.id, &state).await?;
                if follows {
                    operations.push(entry);
                }
            }
            _ => {}
        }
    }
    Ok(operations)
}

/// The same words under new identities, uploads hanging on the new ones; a file that is not kept here any more cannot be sent again.
async fn renamed(
    connection: &mut SqliteConnection,
    entries: Vec<OutboxEntry>,
) -> Result<(Vec<(OperationId, Operation)>, Vec<(OperationId, OperationId)>), StoreError> {
    let mut names: BTreeMap<OperationId, OperationId> = BTreeMap::new();
    let mut operations = Vec::new();
    let mut pairs = Vec::new();
    for entry in entries {
        let mut operation = entry.operation;
        if let Operation::UploadDocument { attachment, attach_to } = &mut operation {
            if !attachments::kept(connection, &attachment.blob).await? {
                continue;
            }
            if let AttachTo::Operation { id } = attach_to {
                match names.get(id) {
                    Some(name) => *id = *name,
                    // What it hung on is there still, or was given up: the ticket is the nearest place that is sure.
                    None => *attach_to = AttachTo::Ticket,
                }
            }
        }
        // From what it repeats, so that the same answer always gives the same identities.
        let name = OperationId(Uuid::from_u128(entry.id.0.as_u128().wrapping_add(1)));
        names.insert(entry.id, name);
        pairs.push((entry.id, name));
        operations.push((name, operation));
    }
    Ok((operations, pairs))
}
