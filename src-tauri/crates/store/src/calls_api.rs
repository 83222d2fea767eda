//! The store's answers about calls: the journal in the desk, and whose a number may be in the mirror.

use crate::{
    JournalCall, JournalPage, JournalQuery, Store, StoreError, desk, mirror,
    view::{read_desk, read_mirror, write_desk},
};
use guichet_domain::{
    TicketId, UserId,
    call::{Call, CallEvent, CallSource},
    people::Person,
    phone::PhoneNumber,
};
use sqlx::Connection;

impl Store {
    /// Keeps a call as it is now with the events it came from (those kept already are passed over), durably. `gone` are
    /// identities it had before; what was noted under them comes along.
    pub async fn keep_call(&self, call: &Call, events: &[CallEvent], gone: &[String]) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::calls::keep(connection, call, events, gone)
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
            desk::calls::write(connection, &source.0, id, None, Some(person), None).await?
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
            desk::calls::write(connection, &source.0, id, None, None, Some(ticket)).await?
        })
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
