//! How the two databases are kept in step, and the shapes every call to them has.

use crate::{
    ChangeSet, Store, StoreError, desk,
    mirror::{
        refresh::{self, Pending},
        tickets,
    },
    open,
};
use guichet_domain::{OperationId, TicketId, UserId, outbox::OutboxEntry, view::overlay};
use jiff::Timestamp;
use sqlx::Connection;
use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError},
};

/// Above this many tickets a change set names none: the screen reads again whatever it shows.
const NAMED: usize = 500;

/// The setting that keeps the account's number.
const ACCOUNT: &str = "store.account";

/// Names the tickets that changed, unless they are too many.
pub(crate) fn name_tickets(changes: &mut ChangeSet, ids: impl IntoIterator<Item = i64>) {
    let ids: BTreeSet<TicketId> = ids.into_iter().map(TicketId).collect();
    if ids.len() > NAMED {
        changes.lists = true;
    } else {
        changes.tickets.extend(ids);
    }
}

/// The account that the desk remembers, within a transaction.
pub(crate) async fn account_in(connection: &mut sqlx::SqliteConnection) -> Result<Option<UserId>, StoreError> {
    let kept = desk::settings::get(connection, ACCOUNT).await?;
    Ok(kept.map(|text| serde_json::from_str(&text)).transpose()?.flatten())
}

/// A durable transaction on the desk; the body may use `?`.
macro_rules! write_desk {
    ($store:expr, |$connection:ident| $body:expr) => {{
        let done: Result<_, StoreError> = async {
            let mut writer = $store.inner.desk.writer().await?;
            let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
            let $connection: &mut sqlx::SqliteConnection = &mut transaction;
            let value = $body;
            let changing = $store.inner.memo.changing();
            crate::failpoint::place!("desk", "before");
            transaction.commit().await?;
            crate::failpoint::place!("desk", "after");
            changing.done();
            Ok(value)
        }
        .await;
        done.map_err(|error| $store.desk_error(error))
    }};
}

/// A read of the desk.
macro_rules! read_desk {
    ($store:expr, |$connection:ident| $body:expr) => {{
        let done: Result<_, StoreError> = async {
            let mut reader = $store.inner.desk.reader().await?;
            let $connection: &mut sqlx::SqliteConnection = reader.connection()?;
            Ok($body)
        }
        .await;
        done.map_err(|error| $store.desk_error(error))
    }};
}

/// A transaction on the mirror.
macro_rules! write_mirror {
    ($store:expr, |$connection:ident| $body:expr) => {{
        let done: Result<_, StoreError> = async {
            let mut writer = $store.inner.mirror.writer().await?;
            let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
            let $connection: &mut sqlx::SqliteConnection = &mut transaction;
            let value = $body;
            let changing = $store.inner.found.changing();
            crate::failpoint::place!("mirror", "before");
            transaction.commit().await?;
            crate::failpoint::place!("mirror", "after");
            changing.done();
            Ok(value)
        }
        .await;
        done.map_err(|error| $store.mirror_error(error))
    }};
}

/// A read of the mirror, all of it of one moment.
macro_rules! read_mirror {
    ($store:expr, |$connection:ident| $body:expr) => {{
        let done: Result<_, StoreError> = async {
            let mut reader = $store.inner.mirror.reader().await?;
            let mut snapshot = reader.snapshot().await?;
            let $connection: &mut sqlx::SqliteConnection = &mut snapshot;
            let value = $body;
            snapshot.end().await?;
            Ok(value)
        }
        .await;
        done.map_err(|error| $store.mirror_error(error))
    }};
}

pub(crate) use {read_desk, read_mirror, write_desk, write_mirror};

impl Store {
    pub(crate) fn desk_error(&self, error: StoreError) -> StoreError {
        error.at(self.inner.desk.path())
    }

    /// Damage met in the mirror is remembered, so that the next opening reads it again from the server.
    pub(crate) fn mirror_error(&self, error: StoreError) -> StoreError {
        let error = error.at(self.inner.mirror.path());
        if matches!(error, StoreError::Corrupt { .. }) {
            open::suspect(self.inner.mirror.path());
        }
        error
    }

    /// Lanes whose view does not show what the desk holds.
    pub(crate) fn mark_stale(&self, lanes: impl IntoIterator<Item = i64>) {
        self.inner
            .stale
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend(lanes);
    }

    pub(crate) fn take_stale(&self) -> BTreeSet<i64> {
        std::mem::take(&mut *self.inner.stale.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every pending entry, by lane.
    pub(crate) async fn pending(&self) -> Result<Arc<Pending>, StoreError> {
        let generation = match self.inner.memo.known() {
            Ok(pending) => return Ok(pending),
            Err(generation) => generation,
        };
        let pending = Arc::new(read_desk!(self, |connection| desk::outbox::pending(connection).await?)?);
        self.inner.memo.learn(generation, &pending);
        Ok(pending)
    }

    /// Whether a ticket can be worked on: it is mirrored, or local.
    pub(crate) async fn is_known(&self, id: TicketId) -> Result<bool, StoreError> {
        let id = self.resolve_ticket(id).await?;
        if id.is_local() {
            return Ok(true);
        }
        read_mirror!(self, |connection| {
            let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM tickets WHERE id = ?")
                .bind(id.0)
                .fetch_optional(connection)
                .await?;
            found.is_some()
        })
    }

    /// Computes the view of stale lanes again.
    pub(crate) async fn refresh_stale(&self) -> Result<ChangeSet, StoreError> {
        let lanes = write_mirror!(self, |connection| {
            let lanes = self.take_stale();
            let refreshed = match self.pending().await {
                Ok(pending) => refresh::refresh(connection, &lanes, &pending, self.account()).await,
                Err(error) => Err(error),
            };
            if let Err(error) = refreshed {
                self.mark_stale(lanes);
                return Err(self.mirror_error(error));
            }
            lanes
        })?;
        let mut changes = ChangeSet {
            lists: !lanes.is_empty(),
            ..ChangeSet::default()
        };
        name_tickets(&mut changes, lanes);
        Ok(changes)
    }

    /// Computes the view of every lane with pending operations again, and of every ticket that shows some.
    pub(crate) async fn refresh_all(&self) -> Result<(), StoreError> {
        let shown = read_mirror!(self, |connection| refresh::local_rows(connection).await?)?;
        self.mark_stale(shown);
        self.mark_stale(self.pending().await?.keys().copied());
        if self
            .inner
            .stale
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_empty()
        {
            return Ok(());
        }
        self.refresh_stale().await.map(drop)
    }

    /// A ticket that was created here and has its number now stays on the screen as it was written, until it is read from
    /// the server.
    pub(crate) async fn keep_provisional(
        &self,
        entry: &OutboxEntry,
        local: TicketId,
        remote: TicketId,
    ) -> Result<(), StoreError> {
        let mut entry = entry.clone();
        entry.lane = local;
        let Some(mut bundle) = overlay(None, std::slice::from_ref(&entry), self.account()) else {
            return Ok(());
        };
        bundle.ticket.id = remote;
        // Rows are numbered by the server; until then, below zero so that they meet nobody's.
        let mut below = -remote.0.saturating_mul(1024);
        for row in &mut bundle.actors {
            below -= 1;
            row.id = below;
            row.ticket = remote;
        }
        for link in &mut bundle.asset_links {
            below -= 1;
            link.id = below;
            link.ticket = remote;
        }
        bundle.timeline.clear();
        write_mirror!(self, |connection| tickets::keep_provisional(connection, &bundle)
            .await?)
    }

    /// Tickets created here that have their number and have not been read from the server yet. Fetching each of them makes
    /// sure that what is shown is the server's version, and that one purged at once does not stay.
    pub async fn unread_tickets(&self) -> Result<Vec<TicketId>, StoreError> {
        read_mirror!(self, |connection| {
            let ids: Vec<i64> = sqlx::query_scalar("SELECT id FROM tickets WHERE provisional = 1 ORDER BY id")
                .fetch_all(connection)
                .await?;
            ids.into_iter().map(TicketId).collect()
        })
    }

    /// Who the account is: the author of what is pending and the recorder of tickets created here.
    pub(crate) fn account(&self) -> Option<UserId> {
        *self.inner.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says who the account is. Kept in the desk, so that what is pending shows its author with no server in reach.
    pub async fn set_account(&self, account: Option<UserId>) -> Result<(), StoreError> {
        write_desk!(self, |connection| {
            desk::settings::set(connection, ACCOUNT, &serde_json::to_string(&account)?).await?;
        })?;
        *self.inner.account.lock().unwrap_or_else(PoisonError::into_inner) = account;
        self.refresh_all().await
    }

    /// The account that the desk remembers.
    pub(crate) async fn load_account(&self) -> Result<(), StoreError> {
        let kept = read_desk!(self, |connection| desk::settings::get(connection, ACCOUNT).await?)?;
        let account = kept.map(|text| serde_json::from_str(&text)).transpose()?.flatten();
        *self.inner.account.lock().unwrap_or_else(PoisonError::into_inner) = account;
        Ok(())
    }

    /// Entries found in flight become entries in doubt.
    pub(crate) async fn recover_outbox(&self, now: Timestamp) -> Result<Vec<OperationId>, StoreError> {
        write_desk!(self, |connection| desk::outbox::recover(connection, now).await?)
    }
}
