//! The store's answers about alerts of the supervision: the journal in the desk.

use crate::{
    Accepted, Store, StoreError, Submission, desk,
    view::{read_desk, write_desk},
};
use guichet_domain::{
    TicketId, UserId,
    alert::{Alert, AlertChange},
    audit::{AuditAction, AuditEntry},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Connection;

/// How an alert was taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum AlertHandling {
    /// Somebody acknowledged it at this desk.
    AcknowledgedHere,
    /// Somebody acknowledged it in the supervision.
    AcknowledgedElsewhere,
    /// It became an incident, or was put to one.
    Ticket,
    /// The supervision knew that it is being worked on as planned.
    InDowntime,
}

impl AlertHandling {
    const ALL: [Self; 4] = [
        Self::AcknowledgedHere,
        Self::AcknowledgedElsewhere,
        Self::Ticket,
        Self::InDowntime,
    ];

    /// As it is stored.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::AcknowledgedHere => "acknowledged_here",
            Self::AcknowledgedElsewhere => "acknowledged_elsewhere",
            Self::Ticket => "ticket",
            Self::InDowntime => "in_downtime",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|handling| handling.name() == name)
    }
}

/// One life of a problem, as the desk knows it. Every row was critical once: that is what raised it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct JournalAlert {
    /// Its identity: the supervision, the problem there, and since when.
    pub id: String,
    /// As it was last read; its state says nothing once it is over.
    pub alert: Alert,
    /// When the desk first heard of it, by this machine's clock.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub received_at: Timestamp,
    /// When it was taken up first.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub handled_at: Option<Timestamp>,
    /// By whom, where that is an account of the desk.
    pub handled_by: Option<UserId>,
    /// How.
    pub handling: Option<AlertHandling>,
    /// The incident, by its present number.
    pub ticket: Option<TicketId>,
    /// When the supervision was first seen to have it acknowledged.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub acknowledged_at: Option<Timestamp>,
    /// Since when it is well; `None`: it is not over.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub recovered_at: Option<Timestamp>,
}

/// Which alerts of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct AlertQuery {
    /// Received at this instant or later.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub from: Option<Timestamp>,
    /// Received before this instant.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub to: Option<Timestamp>,
    /// Of this supervision.
    pub source: Option<String>,
    /// About this ticket.
    pub ticket: Option<TicketId>,
    /// Only those that nobody took up.
    pub to_take_up: bool,
    /// How many to leave out.
    pub offset: u32,
    /// How many at most (500 are never exceeded).
    pub limit: u32,
}

/// A slice of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AlertPage {
    /// Newest first.
    pub rows: Vec<JournalAlert>,
    /// How many rows the query holds in all.
    pub total: u32,
}

/// How the audit log names an alert: a problem of the supervision, without the words it came with.
fn alert_subject(id: &str) -> String {
    format!("alert:{id}")
}

/// The audit log's line of an alert's ticket.
fn linked(id: &str, ticket: Option<TicketId>) -> AuditEntry {
    AuditEntry::done(AuditAction::AlertLinked, alert_subject(id))
        .detail(ticket.map_or_else(|| "none".to_owned(), |ticket| format!("ticket:{}", ticket.0)))
}

impl Store {
    /// Keeps what a reading of the supervision changed, durably, all of it or nothing; `at` is when the desk heard of it. What is
    /// acknowledged or in downtime there is taken up thereby, unless it was before. Answers the rows as they are then, in the
    /// order of the changes. Keeping the same again changes nothing.
    pub async fn keep_alerts(&self, changes: &[AlertChange], at: Timestamp) -> Result<Vec<JournalAlert>, StoreError> {
        write_desk!(self, |connection| desk::alerts::keep(connection, changes, at).await?)
    }

    /// The alerts of a supervision that are not over: what its tracker goes on with after a restart
    /// ([`AlertTracker::restored`](guichet_domain::alert::AlertTracker::restored)).
    pub async fn tracked_alerts(&self, source: &str) -> Result<Vec<Alert>, StoreError> {
        read_desk!(self, |connection| desk::alerts::tracked(connection, source).await?)
    }

    /// The alerts that are not over, the oldest first.
    pub async fn open_alerts(&self) -> Result<Vec<JournalAlert>, StoreError> {
        read_desk!(self, |connection| desk::alerts::open(connection).await?)
    }

    /// The journal, newest first, a slice at a time (500 rows at most).
    pub async fn alert_journal(&self, query: &AlertQuery) -> Result<AlertPage, StoreError> {
        read_desk!(self, |connection| desk::alerts::page(connection, query).await?)
    }

    /// One alert of the journal.
    pub async fn journal_alert(&self, id: &str) -> Result<Option<JournalAlert>, StoreError> {
        read_desk!(self, |connection| desk::alerts::one(connection, id).await?)
    }

    /// Says that somebody took it up, durably. What was said first stays: doing it again changes nothing. `None` where there is no
    /// such alert.
    pub async fn take_up_alert(
        &self,
        id: &str,
        handling: AlertHandling,
        by: Option<UserId>,
        at: Timestamp,
    ) -> Result<Option<JournalAlert>, StoreError> {
        write_desk!(self, |connection| {
            desk::alerts::take_up(connection, id, handling, by, at).await?;
            desk::audit::append(
                connection,
                &AuditEntry::done(AuditAction::AlertTakenUp, alert_subject(id)),
            )
            .await?;
            desk::alerts::one(connection, id).await?
        })
    }

    /// Says which ticket it is about (one that was not sent yet as well: its number is brought up to date when it is); `None`: none.
    /// Answers `None` where there is no such alert.
    pub async fn link_alert(&self, id: &str, ticket: Option<TicketId>) -> Result<Option<JournalAlert>, StoreError> {
        write_desk!(self, |connection| {
            desk::alerts::link(connection, id, ticket).await?;
            desk::audit::append(connection, &linked(id, ticket)).await?;
            desk::alerts::one(connection, id).await?
        })
    }

    /// Makes an incident of an alert, or puts it to one: the operations, the link and that it was taken up are one durable transaction,
    /// so that neither a second click nor a crash makes a second incident.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when there is no such alert, or it has a ticket; as [`Store::submit`].
    pub async fn submit_for_alert(
        &self,
        id: &str,
        submission: &Submission,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<(JournalAlert, Accepted), StoreError> {
        let known = match submission.lane {
            Some(lane) => self.is_known(lane).await?,
            None => true,
        };
        let (row, (lane, entries)) = write_desk!(self, |connection| {
            let invalid = |message: &str| StoreError::Invalid {
                message: message.to_owned(),
            };
            match desk::alerts::one(connection, id).await? {
                None => return Err(invalid("there is no such alert")),
                Some(row) if row.ticket.is_some() => return Err(invalid("the alert has a ticket")),
                Some(_) => {}
            }
            let accepted = desk::outbox::submit(connection, submission, known, now).await?;
            self.mark_stale([accepted.0.0]);
            desk::alerts::link(connection, id, Some(accepted.0)).await?;
            desk::alerts::take_up(connection, id, AlertHandling::Ticket, by, now).await?;
            desk::audit::append(connection, &linked(id, Some(accepted.0))).await?;
            let row = desk::alerts::one(connection, id).await?;
            (row.ok_or_else(|| invalid("there is no such alert"))?, accepted)
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok((row, Accepted { lane, entries, changes }))
    }
}
