//! The store's answers about consents to remote control, and the remote sessions that rest on them.

use crate::{
    ChangeSet, Store, StoreError, Submission, desk,
    view::{read_desk, write_desk},
};
use guichet_domain::{
    OperationId, TicketId,
    asset::AssetKey,
    consent::{ConsentId, ConsentLog, ConsentRecord},
    operation::Operation,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::Connection;
use std::time::Duration;

/// A remote session as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSession {
    /// Its identity, which its task's operation has as well: the task is in the ticket once.
    pub id: OperationId,
    /// For which ticket, by its present number when read.
    pub ticket: TicketId,
    /// On which equipment, where the inventory knows it.
    pub asset: Option<AssetKey>,
    /// The equipment's name as it was then; empty without one.
    pub asset_name: String,
    /// By which tool, by its name in the policy.
    pub tool: String,
    /// On what; empty where the tool takes none.
    pub target: String,
    /// The code of a session made by TeamViewer's Web API.
    pub code: Option<String>,
    /// What the customer opens.
    pub link: Option<String>,
    /// On which record of consent.
    pub consent: ConsentId,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Whether the end of the tool's program is the session's.
    pub end_is_seen: bool,
    /// Its task was given to the ticket's outbox.
    pub noted: bool,
}

impl Store {
    /// Every record of consent of a ticket, under its present number, those written while it was local among them.
    pub async fn consents(&self, ticket: TicketId) -> Result<ConsentLog, StoreError> {
        read_desk!(self, |connection| desk::consents::log(connection, ticket).await?)
    }

    /// Adds a record, durably; answers the ticket's log with it.
    ///
    /// # Errors
    /// [`StoreError::Consent`] when it contradicts itself or what is there: that is looked at in the same transaction.
    pub async fn record_consent(&self, record: ConsentRecord) -> Result<ConsentLog, StoreError> {
        write_desk!(self, |connection| desk::consents::append(connection, record).await?)
    }

    /// Keeps a remote session as it is now, durably.
    pub async fn keep_session(&self, session: &KeptSession) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::consents::keep(connection, session).await?)
    }

    /// Forgets a session that was kept and then could not be started.
    pub async fn forget_session(&self, id: OperationId) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::consents::forget(connection, id).await?)
    }

    /// One remote session.
    pub async fn remote_session(&self, id: OperationId) -> Result<Option<KeptSession>, StoreError> {
        read_desk!(self, |connection| desk::consents::session(connection, id).await?)
    }

    /// The remote sessions of a ticket, newest first.
    pub async fn sessions_of(&self, ticket: TicketId) -> Result<Vec<KeptSession>, StoreError> {
        read_desk!(self, |connection| desk::consents::of_ticket(connection, ticket).await?)
    }

    /// Remote sessions that are not over, and those whose task is still to be written (the end was seen, the technician has said
    /// nothing yet); oldest first.
    pub async fn open_sessions(&self) -> Result<Vec<KeptSession>, StoreError> {
        read_desk!(self, |connection| desk::consents::open(connection).await?)
    }

    /// Says when a session ended, unless that is known already; `None` where there is no such session.
    pub async fn end_session(&self, id: OperationId, at: Timestamp) -> Result<Option<KeptSession>, StoreError> {
        write_desk!(self, |connection| {
            match desk::consents::session(connection, id).await? {
                Some(mut session) if session.ended_at.is_none() => {
                    // A clock that was set back does not make a session of negative length.
                    session.ended_at = Some(at.max(session.started_at));
                    desk::consents::keep(connection, &session).await?;
                    Some(session)
                }
                other => other,
            }
        })
    }

    /// Gives the task of a session to its ticket's outbox, once: a session that was noted stays as it is. Both are one durable
    /// transaction.
    ///
    /// # Errors
    /// As [`Store::submit`]: the ticket may be unknown or given up.
    pub async fn note_session(
        &self,
        id: OperationId,
        task: Operation,
        now: Timestamp,
    ) -> Result<(Option<KeptSession>, ChangeSet), StoreError> {
        let Some(session) = self.remote_session(id).await? else {
            return Ok((None, ChangeSet::default()));
        };
        let known = self.is_known(session.ticket).await?;
        let (session, noted) = write_desk!(self, |connection| {
            match desk::consents::session(connection, id).await? {
                Some(mut session) if !session.noted => {
                    let submission = Submission {
                        lane: Some(session.ticket),
                        operations: vec![(id, task)],
                        draft: None,
                        hold: Duration::ZERO,
                    };
                    let (lane, _) = desk::outbox::submit(connection, &submission, known, now).await?;
                    self.mark_stale([lane.0]);
                    session.noted = true;
                    desk::consents::keep(connection, &session).await?;
                    (Some(session), true)
                }
                other => (other, false),
            }
        })?;
        if !noted {
            return Ok((session, ChangeSet::default()));
        }
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok((session, changes))
    }
}
