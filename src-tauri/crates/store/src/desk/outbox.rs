//! The outbox: intents in lanes, strictly first in, first out. Every change of state is one durable transaction.

use super::{alerts, attachments, audit, call_backs, calls, consents, diagnoses, drafts, events, rooms};
use crate::{
    OutboxCounts, StoreError, Submission,
    mirror::refresh::Pending,
    sql::{Columns, instant, micros, opt_instant},
};
use guichet_domain::{
    OperationId, TicketId,
    audit::{AuditAction, AuditEntry},
    operation::{AttachTo, Operation},
    outbox::{EntryState, Failure, LONGEST_HOLD, OutboxEntry, Receipt, Transition, WedgeReason},
};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteRow};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub(crate) const COLUMNS: &str =
    "id, lane, seq, operation, state, attempts, created_at, first_attempt_at, last_error, remote_id, held_until";

pub(crate) fn decode(row: &SqliteRow) -> Result<OutboxEntry, StoreError> {
    let mut c = Columns::new(row);
    let id = c.text()?;
    Ok(OutboxEntry {
        id: id.parse().map_err(|_| StoreError::Invalid {
            message: format!("{id:?} is no operation's identity"),
        })?,
        lane: TicketId(c.int()?),
        seq: c.int()?,
        operation: serde_json::from_str(c.text()?)?,
        state: serde_json::from_str(c.text()?)?,
        attempts: u32::try_from(c.int()?).unwrap_or(u32::MAX),
        created_at: Timestamp::from_second(c.int()?).unwrap_or(Timestamp::UNIX_EPOCH),
        first_attempt_at: opt_instant(c.opt_int()?),
        last_error: c.opt_text()?.map(failure),
        remote_id: c.opt_int()?,
        held_until: c.opt_at()?,
    })
}

/// What is kept of a failure: JSON, or plain words where an earlier version wrote them.
fn failure(text: &str) -> Failure {
    serde_json::from_str(text).unwrap_or_else(|_| Failure {
        code: Failure::UNEXPLAINED.to_owned(),
        detail: text.to_owned(),
    })
}

fn not_before(state: &EntryState) -> Option<i64> {
    match state {
        EntryState::Queued { not_before } | EntryState::InDoubt { not_before, .. } => not_before.map(micros),
        _ => None,
    }
}

fn invalid<T>(message: impl Into<String>) -> Result<T, StoreError> {
    Err(StoreError::Invalid {
        message: message.into(),
    })
}

/// Accepts operations within the caller's transaction. `known` says whether the lane's ticket is one that can be shown.
pub(crate) async fn submit(
    connection: &mut SqliteConnection,
    submission: &Submission,
    known: bool,
    now: Timestamp,
) -> Result<(TicketId, Vec<OutboxEntry>), StoreError> {
    if submission.operations.is_empty() {
        return invalid("nothing is submitted");
    }
    let creates = |operation: &Operation| matches!(operation, Operation::CreateTicket { .. });
    let lane = match submission.lane {
        None => {
            if !submission.operations.first().is_some_and(|(_, first)| creates(first)) {
                return invalid("without a ticket, the first operation must create one");
            }
            let last: i64 = sqlx::query_scalar("UPDATE local_numbers SET last = last - 1 RETURNING last")
                .fetch_one(&mut *connection)
                .await?;
            TicketId(last)
        }
        Some(lane) => {
            let lane = resolve(connection, lane).await?;
            if submission.operations.iter().any(|(_, operation)| creates(operation)) {
                return invalid("a ticket that exists cannot be created");
            }
            if lane.is_local() {
                let created: Option<i64> = sqlx::query_scalar(
                    "SELECT 1 FROM outbox WHERE lane = ? AND kind = 'create_ticket' AND pending = 1",
                )
                .bind(lane.0)
                .fetch_optional(&mut *connection)
                .await?;
                if created.is_none() {
                    return invalid("the ticket was given up before it was sent");
                }
            } else if !known {
                return invalid("the ticket is not known here");
            }
            lane
        }
    };
    let mut earlier: BTreeSet<OperationId> = BTreeSet::new();
    // Unique to the second within the lane, so that two equal texts can be told apart at the backend.
    let last: Option<i64> = sqlx::query_scalar("SELECT max(created_at) FROM outbox WHERE lane = ?")
        .bind(lane.0)
        .fetch_one(&mut *connection)
        .await?;
    let first = now.as_second().max(last.map_or(i64::MIN, |last| last + 1));
    let held_until = hold_from(now, submission.hold)?;
    let together = submission.operations.first().map(|(id, _)| id.to_string());
    let mut entries: Vec<OutboxEntry> = Vec::new();
    for ((id, operation), written) in submission.operations.iter().zip(first..) {
        if !entries.is_empty() && creates(operation) {
            return invalid("only the first operation can create the ticket");
        }
        check(connection, lane, operation, &earlier).await?;
        earlier.insert(*id);
        let state = EntryState::Queued { not_before: None };
        let seq: Result<i64, sqlx::Error> = sqlx::query_scalar(
            "INSERT INTO outbox (id, lane, operation, kind, depends_on, state, state_name, pending, created_at, held_until, submission) \
             VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) RETURNING seq",
        )
        .bind(id.to_string())
        .bind(lane.0)
        .bind(serde_json::to_string(operation)?)
        .bind(operation.name())
        .bind(operation.depends_on().map(|id| id.to_string()))
        .bind(serde_json::to_string(&state)?)
        .bind(state.name())
        .bind(written)
        .bind(held_until.map(micros))
        .bind(&together)
        .fetch_one(&mut *connection)
        .await;
        let seq = match seq {
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => {
                return invalid(format!("operation {id} was accepted before"));
            }
            other => other?,
        };
        let accepted = AuditEntry::done(AuditAction::OperationAccepted, subject_of(lane, *id)).detail(operation.name());
        audit::append(connection, &accepted).await?;
        entries.push(OutboxEntry {
            id: *id,
            lane,
            seq,
            operation: operation.clone(),
            state,
            attempts: 0,
            created_at: Timestamp::from_second(written).unwrap_or(now),
            first_attempt_at: None,
            last_error: None,
            remote_id: None,
            held_until,
        });
    }
    if let (Some(draft), Some(together)) = (&submission.draft, &together) {
        drafts::set_aside(connection, draft, together).await?;
    }
    Ok((lane, entries))
}

/// The end of a hold that begins now; none for no hold.
fn hold_from(now: Timestamp, hold: Duration) -> Result<Option<Timestamp>, StoreError> {
    if hold.is_zero() {
        return Ok(None);
    }
    let until = SignedDuration::try_from(hold)
        .ok()
        .filter(|hold| *hold <= LONGEST_HOLD)
        .and_then(|hold| now.checked_add(hold).ok());
    match until {
        // As it is read back.
        Some(until) => Ok(Some(instant(micros(until)))),
        None => invalid("nothing is held for so long"),
    }
}

/// An operation's own rules, and what it refers to on this desk.
pub(crate) async fn check(
    connection: &mut SqliteConnection,
    lane: TicketId,
    operation: &Operation,
    earlier: &BTreeSet<OperationId>,
) -> Result<(), StoreError> {
    operation.validate().map_err(|error| StoreError::Invalid {
        message: error.to_string(),
    })?;
    if let Operation::UploadDocument { attachment, attach_to } = operation {
        if !attachments::kept(connection, &attachment.blob).await? {
            return invalid(format!("the file {:?} is not kept on this desk", attachment.filename));
        }
        if let AttachTo::Operation { id } = attach_to
            && !earlier.contains(id)
        {
            let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM outbox WHERE id = ? AND lane = ?")
                .bind(id.to_string())
                .bind(lane.0)
                .fetch_optional(connection)
                .await?;
            if found.is_none() {
                return invalid("the entry the file shall hang on is not in this lane");
            }
        }
    }
    Ok(())
}

/// The backend's number of a local ticket, once known.
pub(crate) async fn resolve(connection: &mut SqliteConnection, id: TicketId) -> Result<TicketId, StoreError> {
    if !id.is_local() {
        return Ok(id);
    }
    let remote: Option<i64> = sqlx::query_scalar("SELECT remote FROM renumbered WHERE local = ?")
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(remote.map_or(id, TicketId))
}

/// Entries by a condition on at most one number, oldest first.
async fn select(
    connection: &mut SqliteConnection,
    condition: &str,
    number: Option<i64>,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE {condition} ORDER BY seq");
    let mut query = sqlx::query(AssertSqlSafe(sql));
    if let Some(number) = number {
        query = query.bind(number);
    }
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// Heads of lanes that wait for nobody. A lane may have an entry behind its head under way: what was accepted for a ticket
/// created here joins the lane of its number, where somebody may have answered meanwhile, not knowing that it is the same
/// ticket. Two requests are never under way in one lane all the same.
fn heads(pending: &Pending) -> impl Iterator<Item = &OutboxEntry> {
    pending.values().filter_map(|lane| {
        let head = lane
            .iter()
            .all(|entry| entry.state != EntryState::InFlight)
            .then(|| lane.first())??;
        matches!(head.state, EntryState::Queued { .. } | EntryState::InDoubt { .. }).then_some(head)
    })
}

/// Heads of lanes that may move now, oldest first.
pub(crate) fn due(pending: &Pending, now: Timestamp, limit: u32) -> Vec<OutboxEntry> {
    // Instants are kept to the microsecond.
    let now = instant(micros(now));
    let mut due: Vec<&OutboxEntry> = heads(pending).filter(|head| head.is_due(now)).collect();
    due.sort_by_key(|head| head.seq);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    due.into_iter().take(limit).cloned().collect()
}

/// The earliest instant a head waits for.
pub(crate) fn next_due(pending: &Pending) -> Option<Timestamp> {
    heads(pending).filter_map(OutboxEntry::waits_until).min()
}

/// Pending entries, oldest first, of one lane or of all.
pub(crate) fn waiting(pending: &Pending, lane: Option<TicketId>) -> Vec<OutboxEntry> {
    match lane {
        Some(lane) => pending.get(&lane.0).cloned().unwrap_or_default(),
        None => {
            let mut all: Vec<OutboxEntry> = pending.values().flatten().cloned().collect();
            all.sort_by_key(|entry| entry.seq);
            all
        }
    }
}

/// One entry.
pub(crate) async fn entry(
    connection: &mut SqliteConnection,
    id: OperationId,
) -> Result<Option<OutboxEntry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE id = ?");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id.to_string())
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decode).transpose()
}

/// One entry that must exist.
pub(crate) async fn existing(connection: &mut SqliteConnection, id: OperationId) -> Result<OutboxEntry, StoreError> {
    entry(connection, id).await?.ok_or(StoreError::NoSuchEntry { id })
}

/// Everything accepted in one submission, in order.
pub(crate) async fn submitted_together(
    connection: &mut SqliteConnection,
    lane: TicketId,
    submission: &str,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM outbox WHERE lane = ? AND submission = ? ORDER BY seq");
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(lane.0)
        .bind(submission)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// Whether an entry is the first pending one of its lane.
async fn is_head(connection: &mut SqliteConnection, entry: &OutboxEntry) -> Result<bool, StoreError> {
    let head: Option<i64> = sqlx::query_scalar("SELECT min(seq) FROM outbox WHERE lane = ? AND pending = 1")
        .bind(entry.lane.0)
        .fetch_one(connection)
        .await?;
    Ok(head == Some(entry.seq))
}

/// How the audit log names an entry: its ticket and itself.
fn subject_of(lane: TicketId, id: OperationId) -> String {
    format!("ticket:{}/operation:{id}", lane.0)
}

/// How the audit log tells a state.
fn told(state: &EntryState) -> AuditAction {
    match state {
        EntryState::Queued { .. } => AuditAction::OperationQueued,
        EntryState::InFlight => AuditAction::OperationUnderWay,
        EntryState::InDoubt { .. } => AuditAction::OperationInDoubt,
        EntryState::Sent { .. } => AuditAction::OperationSent,
        EntryState::Wedged { .. } => AuditAction::OperationWedged,
        EntryState::Cancelled { .. } => AuditAction::OperationCancelled,
    }
}

/// Writes a state over an entry, whatever it was.
pub(crate) async fn put_state(
    connection: &mut SqliteConnection,
    id: OperationId,
    state: &EntryState,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET state = ?, state_name = ?, pending = ?, not_before = ? WHERE id = ?")
        .bind(serde_json::to_string(state)?)
        .bind(state.name())
        .bind(state.is_pending())
        .bind(not_before(state))
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?;
    let lane: i64 = sqlx::query_scalar("SELECT lane FROM outbox WHERE id = ?")
        .bind(id.to_string())
        .fetch_one(&mut *connection)
        .await?;
    // A person's decision on it is a line of its own, where it is taken.
    let line = AuditEntry::done(told(state), subject_of(TicketId(lane), id)).by_program();
    audit::append(connection, &line).await?;
    Ok(())
}

/// Writes an operation over an entry's.
pub(crate) async fn put_operation(
    connection: &mut SqliteConnection,
    id: OperationId,
    operation: &Operation,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE outbox SET operation = ?, kind = ?, depends_on = ? WHERE id = ?")
        .bind(serde_json::to_string(operation)?)
        .bind(operation.name())
        .bind(operation.depends_on().map(|id| id.to_string()))
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?;
    let line = AuditEntry::done(AuditAction::OperationEdited, format!("operation:{id}")).detail(operation.name());
    audit::append(connection, &line).await?;
    Ok(())
}

/// The entry's state after a transition, if it allows it.
pub(crate) fn step(entry: &OutboxEntry, transition: Transition) -> Result<EntryState, StoreError> {
    entry.state.apply(transition).map_err(|_illegal| changed(entry))
}

/// Not what the caller believed.
fn changed(entry: &OutboxEntry) -> StoreError {
    StoreError::StateChanged {
        id: entry.id,
        actual: entry.state.name(),
    }
}

/// Counts an attempt and marks the head in flight.
pub(crate) async fn begin_attempt(
    connection: &mut SqliteConnection,
    id: OperationId,
    now: Timestamp,
) -> Result<OutboxEntry, StoreError> {
    let mut entry = existing(connection, id).await?;
    if !is_head(connection, &entry).await? {
        return Err(changed(&entry));
    }
    entry.state = step(&entry, Transition::Begin)?;
    entry.attempts = entry.attempts.saturating_add(1);
    entry.first_attempt_at = Some(entry.first_attempt_at.unwrap_or_else(|| instant(micros(now))));
    put_state(connection, id, &entry.state).await?;
    sqlx::query("UPDATE outbox SET attempts = ?, first_attempt_at = ? WHERE id = ?")
        .bind(entry.attempts)
        .bind(entry.first_attempt_at.map(micros))
        .bind(id.to_string())
        .execute(connection)
        .await?;
    Ok(entry)
}

/// InFlight → Queued, as if the attempt had not been: nothing left this machine, or nothing was looked at.
pub(crate) async fn take_back_attempt(
    connection: &mut SqliteConnection,
    id: OperationId,
    error: &Failure,
) -> Result<OutboxEntry, StoreError> {
    let entry = set_state(connection, id, &EntryState::Queued { not_before: None }, Some(error)).await?;
    let attempts = entry.attempts.saturating_sub(1);
    sqlx::query(
        "UPDATE outbox SET attempts = ?1, first_attempt_at = iif(?1 = 0, NULL, first_attempt_at) WHERE id = ?2",
    )
    .bind(attempts)
    .bind(id.to_string())
    .execute(connection)
    .await?;
    Ok(entry)
}

/// What marking an entry as sent did.
pub(crate) struct Sent {
    /// The entry as it was.
    pub(crate) entry: OutboxEntry,
    /// The number a ticket created here got.
    pub(crate) renumbered: Option<(TicketId, TicketId)>,
}

/// InFlight or InDoubt → Sent; a created ticket's lane and drafts move to its number.
pub(crate) async fn mark_sent(
    connection: &mut SqliteConnection,
    id: OperationId,
    receipt: &Receipt,
    now: Timestamp,
) -> Result<Sent, StoreError> {
    let entry = existing(connection, id).await?;
    put_state(connection, id, &step(&entry, Transition::Applied { at: now })?).await?;
    sqlx::query("UPDATE outbox SET remote_id = ?, last_error = NULL WHERE id = ?")
        .bind(receipt.remote_id.or(receipt.ticket.map(|ticket| ticket.0)))
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?;
    drafts::forget(connection, id).await?;
    let mut renumbered = None;
    if matches!(entry.operation, Operation::CreateTicket { .. }) && entry.lane.is_local() {
        let Some(remote) = receipt.ticket.filter(|ticket| !ticket.is_local()) else {
            return invalid("a created ticket must have a number");
        };
        let local = entry.lane;
        sqlx::query("INSERT OR REPLACE INTO renumbered VALUES (?, ?)")
            .bind(local.0)
            .bind(remote.0)
            .execute(&mut *connection)
            .await?;
        sqlx::query("UPDATE outbox SET lane = ? WHERE lane = ?")
            .bind(remote.0)
            .bind(local.0)
            .execute(&mut *connection)
            .await?;
        drafts::renumber(connection, local.0, remote.0).await?;
        calls::renumber(connection, local, remote).await?;
        call_backs::renumber(connection, local, remote).await?;
        diagnoses::renumber(connection, local, remote).await?;
        consents::renumber(connection, local, remote).await?;
        alerts::renumber(connection, local, remote).await?;
        events::renumber(connection, local, remote).await?;
        rooms::renumber(connection, local, remote).await?;
        renumbered = Some((local, remote));
    }
    Ok(Sent { entry, renumbered })
}

/// A transition the engine asks for.
pub(crate) async fn set_state(
    connection: &mut SqliteConnection,
    id: OperationId,
    state: &EntryState,
    error: Option<&Failure>,
) -> Result<OutboxEntry, StoreError> {
    let entry = existing(connection, id).await?;
    if !entry.state.may_become(state)
        || !matches!(
            state,
            EntryState::Queued { .. } | EntryState::InDoubt { .. } | EntryState::Wedged { .. }
        )
    {
        return Err(changed(&entry));
    }
    put_state(connection, id, state).await?;
    if let Some(error) = error {
        sqlx::query("UPDATE outbox SET last_error = ? WHERE id = ?")
            .bind(serde_json::to_string(error)?)
            .bind(id.to_string())
            .execute(connection)
            .await?;
    }
    Ok(entry)
}

/// Wedges the pending entries that cannot go without the given one: uploads that hang on what it would have created, and,
/// when it would have created the ticket, everything in its lane.
pub(crate) async fn wedge_dependants(connection: &mut SqliteConnection, entry: &OutboxEntry) -> Result<(), StoreError> {
    let creates = matches!(entry.operation, Operation::CreateTicket { .. });
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE pending = 1 AND id <> ?1 AND (depends_on = ?1 OR (?2 AND lane = ?3)) ORDER BY seq"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(entry.id.to_string())
        .bind(creates)
        .bind(entry.lane.0)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let dependant = decode(row)?;
        // One that is wedged for a reason of its own is so for this one now: retrying it would be in vain.
        let state = step(&dependant, Transition::DependencyDiscarded).unwrap_or(EntryState::Wedged {
            reason: WedgeReason::DependencyDiscarded,
        });
        put_state(connection, dependant.id, &state).await?;
    }
    Ok(())
}

/// Every entry, oldest first, of one lane or of all.
pub(crate) async fn list(
    connection: &mut SqliteConnection,
    lane: Option<TicketId>,
) -> Result<Vec<OutboxEntry>, StoreError> {
    match lane {
        Some(lane) => {
            let lane = resolve(connection, lane).await?.0;
            select(connection, "lane = ?", Some(lane)).await
        }
        None => select(connection, "true", None).await,
    }
}

/// Every pending entry, by lane.
pub(crate) async fn pending(connection: &mut SqliteConnection) -> Result<Pending, StoreError> {
    let mut pending = Pending::new();
    for entry in select(connection, "pending = 1", None).await? {
        pending.entry(entry.lane.0).or_default().push(entry);
    }
    Ok(pending)
}

/// Counts of pending entries.
pub(crate) fn counts(pending: &Pending) -> OutboxCounts {
    let count = |wanted: fn(&EntryState) -> bool| {
        let found = pending.values().flatten().filter(|entry| wanted(&entry.state)).count();
        u32::try_from(found).unwrap_or(u32::MAX)
    };
    OutboxCounts {
        pending: count(|_| true),
        wedged: count(|state| matches!(state, EntryState::Wedged { .. })),
        in_doubt: count(|state| matches!(state, EntryState::InDoubt { .. })),
    }
}

/// Rows at the backend that are known to be ours.
pub(crate) async fn sent_rows(
    connection: &mut SqliteConnection,
    lane: TicketId,
) -> Result<Vec<(OperationId, i64)>, StoreError> {
    let lane = resolve(connection, lane).await?.0;
    let entries = select(
        connection,
        "lane = ? AND state_name = 'sent' AND remote_id IS NOT NULL",
        Some(lane),
    )
    .await?;
    Ok(entries
        .into_iter()
        .filter_map(|entry| entry.remote_id.map(|remote| (entry.id, remote)))
        .collect())
}

/// What was sent into the timelines of these lanes, oldest first: an entry may be at the backend and not mirrored yet.
pub(crate) async fn sent_entries(
    connection: &mut SqliteConnection,
    lanes: &str,
) -> Result<Vec<OutboxEntry>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbox WHERE lane IN (SELECT value FROM json_each(?)) AND pending = 0 AND state_name = 'sent' \
         AND kind IN ('add_followup', 'add_task') AND remote_id IS NOT NULL ORDER BY seq"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(lanes)
        .fetch_all(connection)
        .await?;
    rows.iter().map(decode).collect()
}

/// The number a ticket had here before the backend's, by the backend's.
pub(crate) async fn local_numbers(
    connection: &mut SqliteConnection,
) -> Result<BTreeMap<TicketId, TicketId>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as("SELECT remote, local FROM renumbered")
        .fetch_all(connection)
        .await?;
    let numbers = rows
        .into_iter()
        .map(|(remote, local)| (TicketId(remote), TicketId(local)));
    Ok(numbers.collect())
}

/// Tickets that creations of ours became, without those that a restored backend lost: their numbers are nobody's.
pub(crate) async fn created_tickets(connection: &mut SqliteConnection) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT remote FROM renumbered WHERE remote NOT IN \
         (SELECT lane FROM outbox WHERE kind = 'create_ticket' AND state_name = 'sent' AND remote_id IS NULL \
          AND lane NOT IN (SELECT lane FROM outbox WHERE kind = 'create_ticket' AND remote_id IS NOT NULL)) ORDER BY remote",
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(TicketId).collect())
}

/// Entries found in flight become entries in doubt: the process ended before the reply.
pub(crate) async fn recover(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<OperationId>, StoreError> {
    let entries = select(connection, "pending = 1 AND state_name = 'in_flight'", None).await?;
    let mut recovered = Vec::new();
    for entry in entries {
        // The request may have left as late as now: the server's longest processing time counts from here.
        let state = step(
            &entry,
            Transition::MaybeSent {
                since: now,
                not_before: None,
            },
        )?;
        put_state(connection, entry.id, &state).await?;
        recovered.push(entry.id);
    }
    Ok(recovered)
}
