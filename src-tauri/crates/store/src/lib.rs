//! The two local databases.
//!
//! `mirror.db` holds what the server can give again: disposable, rebuilt rather than migrated. `desk.db` holds what exists
//! only here (outbox, drafts, attachments, settings): migrated with care, never deleted by code. What the screen shows is
//! `view = mirror + pending operations`; after a crash the view is recomputed from the outbox, so that no transaction has
//! to span both files.
//!
//! This crate knows SQL and nothing of any network.

mod alerts_api;
mod audit_api;
mod calls_api;
mod connection;
mod consents_api;
mod desk;
mod desk_api;
mod error;
mod escalation_api;
pub mod failpoint;
mod filter;
mod key;
mod mirror;
mod mirror_api;
mod model;
mod open;
mod review_api;
mod rooms_api;
mod sql;
mod surge_api;
mod transfers_api;
mod view;
mod wipe;
#[cfg(test)]
mod work_tests;

// The builders of the tests name the crate from outside.
#[cfg(test)]
extern crate self as guichet_store;

pub use alerts_api::{AlertHandling, AlertPage, AlertQuery, JournalAlert};
pub use consents_api::KeptSession;
pub use error::StoreError;
pub use escalation_api::{Escalated, EscalatedQuery};
pub use filter::*;
pub use key::{DataKey, KEY_BYTES};
pub use model::*;
pub use open::ProfileLock;
pub use review_api::{EventKind, Intervention, NextAction, NotableEvent};
pub use rooms_api::{PostedUpdate, RoomPost};

use connection::Database;
use guichet_domain::{
    OperationId, TicketId, UserId,
    operation::Operation,
    outbox::OutboxEntry,
    record::{Collection, Record, Removal},
};
use jiff::Timestamp;
use std::{
    collections::BTreeSet,
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Both databases of one profile. Cheap to clone; every clone shares the same connections.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    desk: Database,
    mirror: Database,
    /// Lanes whose view must be computed again: the desk has committed, the mirror not yet. Kept across a caller that is
    /// dropped between the two.
    stale: Mutex<BTreeSet<i64>>,
    /// Whose words the outbox holds, once known: the author of what is pending.
    account: Mutex<Option<UserId>>,
    /// What waits in the outbox, as last read.
    memo: desk::memo::Memo<mirror::refresh::Pending>,
    /// The narrowed and grouped lists last found in the mirror.
    found: desk::memo::Memo<mirror::found::Lists>,
    /// Holds the profile for this process.
    lock: Mutex<Option<File>>,
}

impl Store {
    /// Opens (or creates) the databases of a profile's folder, migrates `desk.db`, moves a broken `mirror.db` aside and
    /// rebuilds it empty (the outbox stays), turns entries found in flight into entries in doubt (`now`), and recomputes the
    /// view of every lane with pending operations.
    ///
    /// Both are encrypted with `key`; files that an earlier version left plain are brought under it.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when another key is theirs; else why they cannot be opened.
    pub async fn open(folder: &Path, key: &DataKey, now: Timestamp) -> Result<(Self, OpenReport), StoreError> {
        std::fs::create_dir_all(folder)?;
        let lock = open::lock(folder).await?;
        // The desk first: a wrong key must stop here, not make a heap of mirrors moved aside.
        let desk = open::desk(folder, key).await?;
        let (mirror, mirror_moved_aside) = open::mirror(folder, key, now).await?;
        let store = Self::of(desk, mirror, Some(lock));
        let recovered = store.recover(now).await?;
        Ok((
            store,
            OpenReport {
                mirror_moved_aside,
                recovered,
            },
        ))
    }

    /// Both databases in memory, for tests.
    pub async fn in_memory(now: Timestamp) -> Result<Self, StoreError> {
        let (desk, mirror) = tokio::try_join!(Database::in_memory("desk"), Database::in_memory("mirror"))?;
        desk::migrations::migrate(&mut *desk.writer().await?, Path::new("desk")).await?;
        // A test's audit log is emptied with everything else (`wipe`), a hundred thousand times.
        sqlx::raw_sql("DROP TRIGGER audit_stays; DROP TRIGGER audit_remains;")
            .execute(&mut *desk.writer().await?)
            .await?;
        mirror::schema::create(&mut *mirror.writer().await?).await?;
        let store = Self::of(desk, mirror, None);
        store.recover(now).await?;
        Ok(store)
    }

    /// As new: what [`Store::in_memory`] gives, without opening connections, creating tables and preparing statements
    /// again. A simulation does this a hundred thousand times. Refused for databases in files, which hold somebody's words.
    pub async fn wipe(&self) -> Result<(), StoreError> {
        self.take_stale();
        let changing = self.inner.found.changing();
        wipe::wipe(&self.inner.mirror, mirror::schema::FIRST_ROWS).await?;
        changing.done();
        let changing = self.inner.memo.changing();
        wipe::wipe(&self.inner.desk, desk::migrations::FIRST_ROWS).await?;
        changing.done();
        self.load_account().await
    }

    fn of(desk: Database, mirror: Database, lock: Option<File>) -> Self {
        Self {
            inner: Arc::new(Inner {
                desk,
                mirror,
                stale: Mutex::new(BTreeSet::new()),
                account: Mutex::new(None),
                memo: desk::memo::Memo::default(),
                found: desk::memo::Memo::default(),
                lock: Mutex::new(lock),
            }),
        }
    }

    /// What opening does after a crash: entries found in flight become entries in doubt, and the view of every lane with
    /// pending operations is computed again. The simulation calls it for a crash of a store in memory.
    pub async fn recover(&self, now: Timestamp) -> Result<Vec<OperationId>, StoreError> {
        let recovered = self.recover_outbox(now).await?;
        self.load_account().await?;
        self.refresh_all().await?;
        Ok(recovered)
    }

    /// What is wrong with the two files, looked at whole: SQLite's own check of their structure and, where pages are
    /// encrypted, of every page's seal. Empty when all is well. Takes seconds on a large mirror.
    ///
    /// # Errors
    /// When a file cannot even be looked at.
    pub async fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let mut wrong = Vec::new();
        for database in [&self.inner.desk, &self.inner.mirror] {
            let mut writer = database.writer().await?;
            wrong.extend(
                open::problems(&mut writer)
                    .await
                    .map_err(|error| error.at(database.path()))?,
            );
        }
        Ok(wrong)
    }

    /// Finishes writes and closes the connections.
    pub async fn close(&self) {
        self.inner.mirror.close().await;
        self.inner.desk.close().await;
        drop(self.inner.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// One page to apply, or a set of records fetched out of turn (`collection` `None`: no cursor moves).
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Whose cursor moves; `None` for records fetched out of turn.
    pub collection: Option<Collection>,
    /// The collection's state after this batch.
    pub state: Option<CollectionState>,
    /// What to store.
    pub records: Vec<Record>,
    /// What left.
    pub removals: Vec<Removal>,
}

/// Operations to accept together, in order, on one lane.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The ticket; `None` when the first operation creates one.
    pub lane: Option<TicketId>,
    /// The intents with their identities, in order.
    pub operations: Vec<(OperationId, Operation)>,
    /// The draft they came from, removed in the same transaction; given back when they are taken back.
    pub draft: Option<String>,
    /// How long they stay here before they leave, at most [`guichet_domain::outbox::LONGEST_HOLD`]. They are durable and
    /// shown at once all the same.
    pub hold: Duration,
}

/// What was taken back.
#[derive(Debug, Clone, Default)]
pub struct TakenBack {
    /// The operations that never leave: those asked for, with everything that was submitted together with them.
    pub operations: Vec<OperationId>,
    /// The drafts they came from, as they are stored again. One whose place was taken by newer words has a key of its own
    /// (`returned:…`).
    pub drafts: Vec<Draft>,
    /// What the screen should read again.
    pub changes: ChangeSet,
}

/// What became of a submission.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The lane, with the local number of a ticket created here.
    pub lane: TicketId,
    /// The entries, in order.
    pub entries: Vec<OutboxEntry>,
    /// What the screen should read again.
    pub changes: ChangeSet,
}
