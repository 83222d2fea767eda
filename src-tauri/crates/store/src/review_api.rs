//! The store's answers for the daily review, the intervention log and the notable events.

use crate::{
    Store, StoreError, desk,
    mirror::tasks,
    view::{read_desk, read_mirror, write_desk},
};
use guichet_domain::{OperationId, TicketId, operation::Operation, timeline::TaskState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Connection;
use std::collections::BTreeMap;

/// What is to be done next about a ticket: its last task that is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NextAction {
    /// What.
    pub what: String,
    /// By whom, where the task says so.
    pub who: Option<String>,
    /// From when, where it is planned.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub by: Option<Timestamp>,
    /// When it was written.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub said_at: Timestamp,
    /// It is at the server.
    pub sent: bool,
}

/// Something that was done: a task of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Intervention {
    /// On which ticket.
    pub ticket: TicketId,
    /// Its title.
    pub title: String,
    /// When it was written down.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// What.
    pub what: String,
    /// Hidden from the requester.
    pub private: bool,
    /// Time spent, in seconds; 0 where none was noted.
    pub duration_s: u32,
    /// By whom: in charge of the task, else who wrote it.
    pub who: Option<String>,
    /// At which site.
    pub site: Option<String>,
    /// On which equipment.
    pub assets: Option<String>,
}

/// What a notable event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A major incident.
    MajorIncident,
    /// A service was not there.
    Outage,
    /// Security.
    Security,
    /// A change, planned work.
    Change,
    /// The help desk itself: staff, hours, tools.
    Organisation,
    /// Anything else.
    Other,
}

/// A notable event, as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NotableEvent {
    /// Its identity.
    pub id: OperationId,
    /// When it happened.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// What it is about.
    pub kind: EventKind,
    /// In writing.
    pub text: String,
    /// The ticket it belongs to.
    pub ticket: Option<TicketId>,
    /// Who wrote it.
    pub author: Option<String>,
}

impl Store {
    /// What is to be done next about each of these tickets, what waits to be sent before what is at the server. Meant for some hundred.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn next_actions(&self, tickets: &[TicketId]) -> Result<BTreeMap<TicketId, NextAction>, StoreError> {
        let pending = self.pending().await?;
        read_mirror!(self, |connection| {
            let ids: Vec<i64> = tickets.iter().map(|ticket| ticket.0).collect();
            let mut found = tasks::next_actions(connection, &ids).await?;
            for ticket in tickets {
                for entry in pending.get(&ticket.0).into_iter().flatten() {
                    let Operation::AddTask {
                        body,
                        state: TaskState::Todo,
                        begin,
                        assignee,
                        ..
                    } = &entry.operation
                    else {
                        continue;
                    };
                    let who = match assignee {
                        Some(person) => tasks::name(connection, *person).await?,
                        None => None,
                    };
                    let action = NextAction {
                        what: body.to_plain(),
                        who,
                        by: *begin,
                        said_at: entry.created_at,
                        sent: false,
                    };
                    found.insert(*ticket, action);
                }
            }
            found
        })
    }

    /// What was done in \[from, to): tasks of tickets at the server that are not to be done any more, the oldest first, a slice at a time.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn interventions(
        &self,
        from: Timestamp,
        to: Timestamp,
        offset: u32,
        limit: u32,
    ) -> Result<Vec<Intervention>, StoreError> {
        read_mirror!(self, |connection| tasks::interventions(
            connection,
            (from, to),
            (offset, limit)
        )
        .await?)
    }

    /// Keeps a notable event, durably; one that is there is written over.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn keep_event(&self, event: &NotableEvent) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::events::keep(connection, event).await?)
    }

    /// Takes a notable event back; whether there was one.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn withdraw_event(&self, id: OperationId, now: Timestamp) -> Result<bool, StoreError> {
        write_desk!(self, |connection| desk::events::withdraw(connection, id, now).await?)
    }

    /// The notable events of \[from, to), the oldest first.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn events_between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<NotableEvent>, StoreError> {
        read_desk!(self, |connection| desk::events::between(connection, from, to).await?)
    }
}
