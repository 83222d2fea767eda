//! The one place that opens a connection, so that what every connection must have (write-ahead log, busy timeout,
//! query-only readers, the key) is said once.
//!
//! A database has **one** writer, serialised by a mutex, and a few query-only readers. In memory there is a single
//! connection for both: nothing else could see the same data, and a simulation creates a hundred thousand of them.

use crate::{DataKey, StoreError, open::has_header};
use sqlx::{
    ConnectOptions, Connection, Sqlite, SqliteConnection, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    sync::{Mutex as SyncMutex, PoisonError},
    time::Duration,
};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard, Semaphore, SemaphorePermit};

/// How long a connection waits for another one's lock. There is one writer, so that only a checkpoint or a foreign tool
/// can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Readers of a database in a file.
const READERS: usize = 4;
/// Statements kept prepared by a connection: the store has about a hundred.
const STATEMENTS: usize = 256;

/// What losing a database costs decides how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// The mirror: a power cut may lose the last transactions, which the server gives again.
    Rebuildable,
    /// The desk: what was accepted survives a power cut.
    Precious,
}

/// One database: its writer and its readers.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    writer: Mutex<Option<SqliteConnection>>,
    readers: Option<Readers>,
}

/// Query-only connections, opened when first needed. Not a pool of sqlx's: that one waits by a timer, and under a paused
/// clock (a simulation) every wait for its worker thread would run into the timeout.
#[derive(Debug)]
struct Readers {
    options: SqliteConnectOptions,
    idle: SyncMutex<Vec<SqliteConnection>>,
    permits: Semaphore,
}

impl Readers {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection to read with.
pub(crate) enum Reader<'a> {
    /// The only connection there is.
    Shared(MappedMutexGuard<'a, SqliteConnection>),
    /// One of several.
    Borrowed(Borrowed<'a>),
}

/// A reader that goes back to the others when it is dropped.
pub(crate) struct Borrowed<'a> {
    /// `None` only while it is dropped.
    connection: Option<SqliteConnection>,
    home: &'a Readers,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        self.home.idle().extend(self.connection.take());
    }
}

impl Reader<'_> {
    /// The connection.
    pub(crate) fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        match self {
            Self::Shared(guard) => Ok(guard),
            Self::Borrowed(borrowed) => borrowed
                .connection
                .as_mut()
                .ok_or(StoreError::Database(sqlx::Error::PoolClosed)),
        }
    }

    /// Several reads of one moment.
    pub(crate) async fn snapshot(&mut self) -> Result<Snapshot<'_>, StoreError> {
        match self {
            // Nobody else can write while this guard is held: a transaction would only cost two more trips to the
            // connection's thread.
            Self::Shared(guard) => Ok(Snapshot::Held(guard)),
            Self::Borrowed(_) => Ok(Snapshot::Transaction(self.connection()?.begin().await?)),
        }
    }
}

/// A connection whose reads are all of one moment.
pub(crate) enum Snapshot<'a> {
    /// The only connection there is, held.
    Held(&'a mut SqliteConnection),
    /// A reader in a transaction.
    Transaction(Transaction<'a, Sqlite>),
}

impl Snapshot<'_> {
    /// Lets go of the moment.
    pub(crate) async fn end(self) -> Result<(), StoreError> {
        match self {
            Self::Held(_) => Ok(()),
            Self::Transaction(transaction) => Ok(transaction.rollback().await?),
        }
    }
}

impl Deref for Snapshot<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match self {
            Self::Held(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl DerefMut for Snapshot<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Held(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

fn options(durability: Durability, key: &DataKey) -> SqliteConnectOptions {
    key.unlock(SqliteConnectOptions::new())
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(STATEMENTS)
        .foreign_keys(false)
        .synchronous(match durability {
            Durability::Rebuildable => SqliteSynchronous::Normal,
            Durability::Precious => SqliteSynchronous::Full,
        })
        .pragma("temp_store", "MEMORY")
        .pragma("trusted_schema", "OFF")
        // Writing a row over by `INSERT OR REPLACE` is a deletion too: a consent refuses it.
        .pragma("recursive_triggers", "ON")
}

impl Database {
    /// Opens the file, creating it when it is missing. Schema and versions are the caller's.
    pub(crate) async fn open(path: &Path, durability: Durability, key: &DataKey) -> Result<Self, StoreError> {
        let base = options(durability, key).filename(path);
        let writer = base
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("cache_size", "-32000")
            // Keep the log from growing without end behind a long reader.
            .pragma("journal_size_limit", "67108864")
            .connect()
            .await
            .map_err(|error| StoreError::Database(error).at(path))?;
        let readers = Readers {
            // Each reader may come to hold so much; behind it, the system's own cache of the file serves them all.
            options: base.pragma("query_only", "ON").pragma("cache_size", "-4000"),
            idle: SyncMutex::new(Vec::new()),
            permits: Semaphore::new(READERS),
        };
        Ok(Self {
            path: path.to_owned(),
            writer: Mutex::new(Some(writer)),
            readers: Some(readers),
        })
    }

    /// A database that lives as long as the value.
    pub(crate) async fn in_memory(name: &str) -> Result<Self, StoreError> {
        let writer = SqliteConnectOptions::new()
            .in_memory(true)
            .foreign_keys(false)
            .statement_cache_capacity(STATEMENTS)
            .connect()
            .await?;
        Ok(Self {
            path: PathBuf::from(name),
            writer: Mutex::new(Some(writer)),
            readers: None,
        })
    }

    /// Whether it lives in memory only.
    pub(crate) fn is_in_memory(&self) -> bool {
        self.readers.is_none()
    }

    /// The file, or a name for messages.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The writer, for as long as the guard lives.
    pub(crate) async fn writer(&self) -> Result<MappedMutexGuard<'_, SqliteConnection>, StoreError> {
        MutexGuard::try_map(self.writer.lock().await, Option::as_mut)
            .map_err(|_closed| StoreError::Database(sqlx::Error::PoolClosed))
    }

    /// A query-only connection.
    pub(crate) async fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let Some(readers) = &self.readers else {
            return Ok(Reader::Shared(self.writer().await?));
        };
        let closed = |_| StoreError::Database(sqlx::Error::PoolClosed);
        let permit = readers.permits.acquire().await.map_err(closed)?;
        let idle = readers.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => readers.options.connect().await?,
        };
        Ok(Reader::Borrowed(Borrowed {
            connection: Some(connection),
            home: readers,
            _permit: permit,
        }))
    }

    /// Waits for the writer, then closes every connection. The log is written back into the database file.
    pub(crate) async fn close(&self) {
        if let Some(readers) = &self.readers {
            // Waits for reads under way; later ones find the door closed.
            let all = readers
                .permits
                .acquire_many(u32::try_from(READERS).unwrap_or(u32::MAX))
                .await;
            readers.permits.close();
            drop(all);
            let idle = std::mem::take(&mut *readers.idle());
            for connection in idle {
                if let Err(error) = connection.close().await {
                    tracing::warn!(%error, path = %self.path.display(), "closing a reader");
                }
            }
        }
        if let Some(mut writer) = self.writer.lock().await.take() {
            if self.readers.is_some()
                && let Err(error) = sqlx::raw_sql("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE)")
                    .execute(&mut writer)
                    .await
            {
                tracing::warn!(%error, path = %self.path.display(), "the log could not be written back on closing");
            }
            if let Err(error) = writer.close().await {
                tracing::warn!(%error, path = %self.path.display(), "closing the database");
            }
        }
    }
}

impl StoreError {
    /// Names what SQLite said of a database by the file it is in.
    pub(crate) fn at(self, path: &Path) -> Self {
        let Self::Database(error) = &self else { return self };
        let Some(database) = error.as_database_error() else {
            return self;
        };
        let code = database.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or(1) & 0xff;
        let message = database.message().to_owned();
        let path = path.to_owned();
        match code {
            5 | 6 => Self::Locked { path },
            11 => Self::Corrupt { path, message },
            13 => Self::DiskFull,
            // "file is not a database": a plain file without SQLite's first bytes is an encrypted (or foreign) one.
            26 if has_header(&path) => Self::Corrupt { path, message },
            26 => Self::WrongKey { path },
            _ => self,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    static KEY: DataKey = DataKey::from_bytes([1; 32]);

    #[tokio::test]
    async fn no_room_left_has_its_own_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let database = Database::open(&path, Durability::Precious, &KEY).await.unwrap();
        let mut writer = database.writer().await.unwrap();
        sqlx::raw_sql("CREATE TABLE words (text TEXT); PRAGMA max_page_count = 4")
            .execute(&mut *writer)
            .await
            .unwrap();
        let full = sqlx::query("INSERT INTO words VALUES (?)")
            .bind("mot ".repeat(10_000))
            .execute(&mut *writer)
            .await
            .unwrap_err();
        let error = StoreError::from(full).at(&path);
        assert!(matches!(error, StoreError::DiskFull), "{error}");
        assert_eq!(error.code(), "store_disk_full");
    }

    #[tokio::test]
    async fn a_consent_is_not_written_over_in_any_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let database = Database::open(&path, Durability::Precious, &KEY).await.unwrap();
        let mut writer = database.writer().await.unwrap();
        crate::desk::migrations::migrate(&mut writer, &path).await.unwrap();
        let kept = "INSERT INTO consents (id, ticket, record) VALUES ('a', 7, 'yes')";
        sqlx::raw_sql(kept).execute(&mut *writer).await.unwrap();
        for attempt in [
            "UPDATE consents SET record = 'no'",
            "DELETE FROM consents",
            "INSERT OR REPLACE INTO consents (id, ticket, record) VALUES ('a', 7, 'no')",
            "REPLACE INTO consents (seq, id, ticket, record) VALUES (1, 'b', 7, 'no')",
        ] {
            let refused = sqlx::raw_sql(attempt).execute(&mut *writer).await.unwrap_err();
            assert!(
                refused.to_string().contains("a consent is never"),
                "{attempt}: {refused}"
            );
        }
        let record: String = sqlx::query_scalar("SELECT record FROM consents")
            .fetch_one(&mut *writer)
            .await
            .unwrap();
        assert_eq!(record, "yes");
    }

    #[tokio::test]
    async fn a_foreign_tool_s_lock_has_its_own_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.db");
        let database = Database::open(&path, Durability::Rebuildable, &KEY).await.unwrap();
        let mut tool = KEY
            .unlock(SqliteConnectOptions::new())
            .filename(&path)
            .connect()
            .await
            .unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut tool).await.unwrap();
        let mut writer = database.writer().await.unwrap();
        sqlx::raw_sql("PRAGMA busy_timeout = 1")
            .execute(&mut *writer)
            .await
            .unwrap();
        let refused = sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut *writer)
            .await
            .unwrap_err();
        let error = StoreError::from(refused).at(&path);
        assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    }
}
