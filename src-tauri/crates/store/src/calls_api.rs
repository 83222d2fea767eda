//! The store's answers about calls: the journal in the desk, and whose a number may be in the mirror.

use crate::{
    Accepted, JournalCall, JournalPage, JournalQuery, KeptCallBack, Store, StoreError, Submission, WithoutTicket, desk,
    mirror,
    view::{read_desk, read_mirror, write_desk},
};
use guichet_domain::{
    OperationId, TicketId, UserId,
    audit::{AuditAction, AuditEntry},
    call::{Call, CallEvent, CallSource, RemoteParty},
    people::Person,
    phone::PhoneNumber,
    wrap_up::{CallBack, CallTicket, ClosedCall},
};
use jiff::Timestamp;
use sqlx::Connection;

impl Store {
    /// Keeps a call as it is now with the events it came from (those kept already are passed over), durably. `gone` are
    /// identities it had before; what was noted under them comes along.
    /// `mine`: it concerns the desk's own telephone, now or earlier.
    pub async fn keep_call(
        &self,
        call: &Call,
        events: &[CallEvent],
        gone: &[String],
        mine: bool,
    ) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::calls::keep(
            connection, call, events, gone, mine
        )
        .await?)
    }

    /// Events of the calls that were not over when last heard of: what a tracker started anew is told first.
    pub async fn unfinished_calls(&self) -> Result<Vec<CallEvent>, StoreError> {
        read_desk!(self, |connection| desk::calls::unfinished(connection).await?)
    }

    /// One call of the journal.
    pub async fn journal_call(&self, source: &CallSource, id: &str) -> Result<Option<JournalCall>, StoreError> {
        read_desk!(self, |connection| desk::calls::one(connection, &source.0, id).await?)
    }

    /// The journal, newest first, a slice at a time (500 rows at most), with the numbers of everything asked for.
    pub async fn journal(&self, query: &JournalQuery) -> Result<JournalPage, StoreError> {
        read_desk!(self, |connection| desk::calls::page(connection, query).await?)
    }

    /// Queues that calls came through.
    pub async fn call_queues(&self) -> Result<Vec<String>, StoreError> {
        read_desk!(self, |connection| desk::calls::queues(connection).await?)
    }

    /// Keeps the note of a call, as typed.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCall`].
    pub async fn note_call(&self, source: &CallSource, id: &str, note: &str) -> Result<JournalCall, StoreError> {
        write_desk!(self, |connection| {
            desk::calls::write(connection, &source.0, id, Some(note), None, None).await?
        })
    }

    /// Says who the caller is; `None`: nobody known.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCall`].
    pub async fn name_caller(
        &self,
        source: &CallSource,
        id: &str,
        person: Option<UserId>,
    ) -> Result<JournalCall, StoreError> {
        write_desk!(self, |connection| {
            let row = desk::calls::write(connection, &source.0, id, None, Some(person), None).await?;
            let line = AuditEntry::done(AuditAction::CallerNamed, format!("call:{id}"))
                .detail(person.map_or_else(|| "nobody".to_owned(), |person| format!("person:{}", person.0)));
            desk::audit::append(connection, &line).await?;
            row
        })
    }

    /// Says which ticket a call is about; `None`: none.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCall`].
    pub async fn link_call(
        &self,
        source: &CallSource,
        id: &str,
        ticket: Option<TicketId>,
    ) -> Result<JournalCall, StoreError> {
        write_desk!(self, |connection| {
            let row = desk::calls::write(connection, &source.0, id, None, None, Some(ticket)).await?;
            let line = AuditEntry::done(AuditAction::CallLinked, format!("call:{id}"))
                .detail(ticket.map_or_else(|| "none".to_owned(), |ticket| format!("ticket:{}", ticket.0)));
            desk::audit::append(connection, &line).await?;
            row
        })
    }

    /// Does the wrap-up of a call: what became of it, its ticket or why there is none, and the operations that put it into the
    /// ticket (a new one with them, if need be), all in one durable transaction.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCall`]; as [`Store::submit`].
    pub async fn close_call(
        &self,
        source: &CallSource,
        id: &str,
        closed: &ClosedCall,
        submission: Option<Submission>,
        now: Timestamp,
    ) -> Result<(JournalCall, Option<Accepted>), StoreError> {
        let known = match submission.as_ref().and_then(|submission| submission.lane) {
            Some(lane) => self.is_known(lane).await?,
            None => true,
        };
        let without = match &closed.ticket {
            CallTicket::None { reason, words } => Some(WithoutTicket {
                reason: *reason,
                words: words.trim().to_owned(),
            }),
            CallTicket::New { .. } | CallTicket::Existing { .. } => None,
        };
        let (row, accepted) = write_desk!(self, |connection| {
            let accepted = match &submission {
                Some(submission) => Some(desk::outbox::submit(connection, submission, known, now).await?),
                None => None,
            };
            let ticket = accepted.as_ref().map(|(lane, _)| *lane);
            self.mark_stale(ticket.map(|lane| lane.0));
            desk::calls::close(connection, &source.0, id, closed.disposition, without.as_ref(), now).await?;
            let note = Some(closed.note.as_str());
            let row = desk::calls::write(connection, &source.0, id, note, None, Some(ticket)).await?;
            let line =
                AuditEntry::done(AuditAction::CallClosed, format!("call:{id}")).detail(closed.disposition.name());
            desk::audit::append(connection, &line).await?;
            (row, accepted)
        })?;
        let Some((lane, entries)) = accepted else {
            return Ok((row, None));
        };
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok((row, Some(Accepted { lane, entries, changes })))
    }

    /// Keeps the call-back of a call that has none yet; whether it had none.
    pub async fn add_call_back(&self, call_back: &CallBack) -> Result<bool, StoreError> {
        write_desk!(self, |connection| desk::call_backs::add(connection, call_back).await?)
    }

    /// Call-backs that are not done, the next due first.
    pub async fn call_backs(&self, limit: u32) -> Result<Vec<KeptCallBack>, StoreError> {
        read_desk!(self, |connection| desk::call_backs::open(connection, limit).await?)
    }

    /// Says that a call-back is done.
    pub async fn call_back_done(&self, id: OperationId, now: Timestamp) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::call_backs::done(connection, id, now).await?)
    }

    /// Somebody talks with this number: call-backs to it are done. How many that were.
    pub async fn caller_reached(&self, remote: &RemoteParty, now: Timestamp) -> Result<u32, StoreError> {
        write_desk!(self, |connection| desk::call_backs::reached(connection, remote, now)
            .await?)
    }

    /// Telephone numbers of VIPs.
    pub async fn vip_numbers(&self, limit: u32) -> Result<Vec<String>, StoreError> {
        read_mirror!(self, |connection| mirror::people::vip_numbers(connection, limit)
            .await?)
    }

    /// Everybody who has this number, as far as one can tell ([`PhoneNumber::matches`]); active accounts first.
    pub async fn people_numbered(&self, number: &PhoneNumber) -> Result<Vec<Person>, StoreError> {
        read_mirror!(self, |connection| mirror::people::numbered(connection, number).await?)
    }
}
