//! The store's answers about escalations: the diagnosis as it is typed, and what the board is derived from.

use crate::{
    Accepted, Store, StoreError, Submission, TicketRow, desk, mirror,
    sql::json_ids,
    view::{read_desk, read_mirror, write_desk},
};
use guichet_domain::{
    GroupId, TicketId, UserId,
    diagnosis::Diagnosis,
    operation::Operation,
    outbox::OutboxEntry,
    ticket::{Actor, Ticket},
    timeline::{EntryDetail, EntryKey, EntryKind, TaskState, TimelineEntry},
    triage::markers,
};
use jiff::Timestamp;
use sqlx::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// Which tickets may be on the board.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EscalatedQuery {
    /// The groups above level 1.
    pub groups: BTreeSet<GroupId>,
    /// With tickets that are solved or closed and changed since then; `None`: open ones alone.
    pub over_since: Option<Timestamp>,
}

/// A ticket as far as the board is derived from it, pending operations included.
#[derive(Debug, Clone, PartialEq)]
pub struct Escalated {
    /// As lists show it.
    pub row: TicketRow,
    /// The ticket.
    pub ticket: Ticket,
    /// Everybody on it.
    pub actors: Vec<Actor>,
    /// The entries whose first line says where an escalation stands, those waiting to be sent and those sent and not read again
    /// included. What is not at the backend has a number above every number that is there.
    pub lines: Vec<TimelineEntry>,
}

/// Numbers of entries that are not at the backend begin here: what was not sent comes last. Below 2^53, as
/// every number the window is told.
const UNSENT: i64 = 1 << 52;

/// The line of an escalation that an operation of the outbox puts into the timeline, if it is one.
pub(crate) fn line(entry: &OutboxEntry, me: Option<UserId>) -> Option<TimelineEntry> {
    let (kind, body, detail) = match &entry.operation {
        Operation::AddFollowup { body, private: true } => {
            (EntryKind::Followup, body, EntryDetail::Followup { channel: None })
        }
        Operation::AddTask {
            body,
            private: true,
            state,
            ..
        } => (EntryKind::Task, body, task(*state)),
        _ => return None,
    };
    let line = TimelineEntry {
        key: EntryKey {
            kind,
            id: entry.remote_id.unwrap_or_else(|| UNSENT.saturating_add(entry.seq)),
        },
        ticket: entry.lane,
        author: me,
        at: entry.created_at,
        updated_at: entry.created_at,
        body: body.clone(),
        private: true,
        detail,
    };
    (!markers(std::slice::from_ref(&line)).is_empty()).then_some(line)
}

fn task(state: TaskState) -> EntryDetail {
    EntryDetail::Task {
        state,
        duration_s: 0,
        begin: None,
        end: None,
        assignee: None,
        group: None,
        uuid: None,
    }
}

impl Store {
    /// The diagnosis of a ticket as it was last typed.
    pub async fn diagnosis(&self, ticket: TicketId) -> Result<Option<Diagnosis>, StoreError> {
        read_desk!(self, |connection| {
            let ticket = desk::outbox::resolve(connection, ticket).await?;
            desk::diagnoses::get(connection, ticket).await?
        })
    }

    /// Keeps a diagnosis durably, as typed.
    pub async fn keep_diagnosis(
        &self,
        ticket: TicketId,
        diagnosis: &Diagnosis,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        write_desk!(self, |connection| {
            let ticket = desk::outbox::resolve(connection, ticket).await?;
            desk::diagnoses::keep(connection, ticket, diagnosis, now).await?
        })
    }

    /// Accepts the operations of an escalation and forgets the diagnosis that goes along, in one durable transaction.
    ///
    /// # Errors
    /// As [`Store::submit`].
    pub async fn escalate(&self, submission: Submission, now: Timestamp) -> Result<Accepted, StoreError> {
        let known = match submission.lane {
            Some(lane) => self.is_known(lane).await?,
            None => true,
        };
        let (lane, entries) = write_desk!(self, |connection| {
            let (lane, entries) = desk::outbox::submit(connection, &submission, known, now).await?;
            desk::diagnoses::forget(connection, lane).await?;
            self.mark_stale([lane.0]);
            (lane, entries)
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(Accepted { lane, entries, changes })
    }

    /// Tickets that may be on the board, by number. Costs what is open and what is escalated, not what there is.
    pub async fn escalated(&self, query: &EscalatedQuery) -> Result<Vec<Escalated>, StoreError> {
        let pending = self.pending().await?;
        let mut ids = read_mirror!(self, |connection| mirror::escalated::candidates(connection, query)
            .await?)?;
        let lines = pending.iter().filter(|(_, entries)| {
            let mut waiting = entries.iter().filter(|entry| entry.state.is_pending());
            waiting.any(|entry| line(entry, None).is_some())
        });
        ids.extend(lines.map(|(lane, _)| *lane));
        self.read_escalated(ids).await
    }

    /// One ticket, as [`Store::escalated`] answers it, escalated or not; `None` where it is not known.
    pub async fn escalated_ticket(&self, ticket: TicketId) -> Result<Option<Escalated>, StoreError> {
        let ticket = self.resolve_ticket(ticket).await?;
        let read = self.read_escalated(BTreeSet::from([ticket.0])).await?;
        Ok(read.into_iter().next())
    }

    async fn read_escalated(&self, ids: BTreeSet<i64>) -> Result<Vec<Escalated>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let pending = self.pending().await?;
        let sent = read_desk!(self, |connection| {
            desk::outbox::sent_entries(connection, &json_ids(&ids)).await?
        })?;
        read_mirror!(self, |connection| mirror::escalated::read(
            connection,
            &ids,
            &pending,
            &sent,
            self.account()
        )
        .await?)
    }

    /// Names of people, of those that are known.
    pub async fn people_names(&self, people: &BTreeSet<UserId>) -> Result<BTreeMap<UserId, String>, StoreError> {
        let ids: Vec<i64> = people.iter().map(|person| person.0).collect();
        read_mirror!(self, |connection| {
            let rows: Vec<(i64, String)> =
                sqlx::query_as("SELECT id, name FROM people WHERE id IN (SELECT value FROM json_each(?))")
                    .bind(json_ids(&ids))
                    .fetch_all(connection)
                    .await?;
            rows.into_iter().map(|(id, name)| (UserId(id), name)).collect()
        })
    }
}
