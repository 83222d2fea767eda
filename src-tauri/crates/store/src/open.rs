//! Opening a profile: the lock, the desk (migrated), the mirror (moved aside when it is of no use), and recovery.

use crate::{
    DataKey, StoreError,
    connection::{Database, Durability},
    desk,
    key::encrypt_plain,
    mirror::schema,
};
use jiff::Timestamp;
use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

/// Held for as long as the profile is open, so that a second Guichet says so instead of working on the same files.
const LOCK: &str = "profile.lock";
const DESK: &str = "desk.db";
const MIRROR: &str = "mirror.db";
/// Left behind when damage is met in an open mirror; the next opening moves the mirror aside.
const SUSPECT: &str = "mirror.suspect";

/// How long a profile held by another process is waited for. A process that was killed or closed holds its files until its
/// last write has reached the disk, and whoever starts Guichet again at once must not be told that it is still open.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// Between two tries at the lock.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A profile held for this process without its databases being open.
#[derive(Debug)]
pub struct ProfileLock {
    _file: File,
}

impl ProfileLock {
    /// Takes a profile, waiting a moment for a process that is ending.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process has it.
    pub async fn take(folder: &Path) -> Result<Self, StoreError> {
        Ok(Self {
            _file: lock(folder).await?,
        })
    }
}

/// Takes the profile for this process.
pub(crate) async fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)?;
    let held = async {
        loop {
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => tokio::time::sleep(LOCK_PAUSE).await,
                other => return other,
            }
        }
    };
    match tokio::time::timeout(LOCK_PATIENCE, held).await {
        Ok(Ok(())) => Ok(file),
        Err(_) | Ok(Err(TryLockError::WouldBlock)) => Err(StoreError::Locked { path }),
        Ok(Err(TryLockError::Error(error))) => Err(error.into()),
    }
}

/// Opens the desk and brings its schema up to date.
pub(crate) async fn desk(folder: &Path, key: &DataKey) -> Result<Database, StoreError> {
    let path = folder.join(DESK);
    encrypt_plain(&path, desk::migrations::APPLICATION_ID, key).await?;
    let desk = Database::open(&path, Durability::Precious, key).await?;
    let migrated = {
        let mut writer = desk.writer().await?;
        desk::migrations::migrate(&mut writer, &path)
            .await
            .map_err(|error| error.at(&path))
    };
    if let Err(error) = migrated {
        desk.close().await;
        return Err(error);
    }
    Ok(desk)
}

/// Opens the mirror; one that is damaged, foreign or of another version is moved aside and begun afresh.
pub(crate) async fn mirror(
    folder: &Path,
    key: &DataKey,
    now: Timestamp,
) -> Result<(Database, Option<PathBuf>), StoreError> {
    let path = folder.join(MIRROR);
    let suspect = folder.join(SUSPECT);
    let mut aside = None;
    if suspect.exists() {
        aside = move_aside(folder, now)?;
    } else {
        match usable(&path, key).await {
            Ok(mirror) => return Ok((mirror, None)),
            Err(StoreError::Locked { path }) => return Err(StoreError::Locked { path }),
            Err(StoreError::DiskFull) => return Err(StoreError::DiskFull),
            Err(error) => {
                tracing::warn!(%error, "the mirror is of no use and is read again from the server");
                aside = move_aside(folder, now)?.or(aside);
            }
        }
    }
    let mirror = usable(&path, key).await?;
    if suspect.exists() {
        std::fs::remove_file(&suspect)?;
    }
    Ok((mirror, aside))
}

async fn usable(path: &Path, key: &DataKey) -> Result<Database, StoreError> {
    encrypt_plain(path, schema::APPLICATION_ID, key).await?;
    let mirror = Database::open(path, Durability::Rebuildable, key).await?;
    let checked = check(&mirror).await.map_err(|error| error.at(path));
    match checked {
        Ok(()) => Ok(mirror),
        Err(error) => {
            mirror.close().await;
            Err(error)
        }
    }
}

async fn check(mirror: &Database) -> Result<(), StoreError> {
    let mut writer = mirror.writer().await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *writer)
        .await?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *writer)
        .await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *writer)
        .await?;
    if tables == 0 && version == 0 {
        return schema::create(&mut writer).await;
    }
    if application != schema::APPLICATION_ID || version != schema::VERSION {
        return Err(StoreError::TooNew {
            path: mirror.path().to_owned(),
            found: version,
            known: schema::VERSION,
        });
    }
    // A complete check of a large file takes seconds; a look at what every screen needs finds a torn file.
    for sql in [
        "SELECT count(*) FROM collections",
        "SELECT coalesce(sum(n), 0) FROM tally",
        "SELECT coalesce(max(id), 0) FROM ticket_view",
        "SELECT coalesce(max(id), 0) FROM tickets",
        "SELECT count(*) FROM (SELECT rowid FROM ticket_fts WHERE ticket_fts MATCH 'a' LIMIT 1)",
    ] {
        let _: i64 = sqlx::query_scalar(sql).fetch_one(&mut *writer).await?;
    }
    Ok(())
}

/// What a complete check finds wrong; empty when all is well.
pub(crate) async fn problems(connection: &mut sqlx::SqliteConnection) -> Result<Vec<String>, StoreError> {
    let mut wrong: Vec<String> = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_all(&mut *connection)
        .await?;
    wrong.retain(|line| line != "ok");
    // Says nothing where all is well, or where nothing is encrypted.
    let seals: Vec<String> = sqlx::query_scalar("PRAGMA cipher_integrity_check")
        .fetch_all(connection)
        .await?;
    wrong.extend(seals);
    Ok(wrong)
}

/// Moves the mirror's files aside under a dated name; `None` when there was none.
fn move_aside(folder: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let stamp = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut target = folder.join(format!("mirror.broken-{stamp}.db"));
    let mut again = 1;
    while target.exists() {
        again += 1;
        target = folder.join(format!("mirror.broken-{stamp}-{again}.db"));
    }
    let mut moved = None;
    for suffix in ["", "-wal", "-shm"] {
        let from = folder.join(format!("{MIRROR}{suffix}"));
        let mut to = target.clone().into_os_string();
        to.push(suffix);
        crate::failpoint::place!("file", "before");
        if move_if_there(&from, Path::new(&to))? {
            moved = Some(target.clone());
        }
        crate::failpoint::place!("file", "after");
    }
    Ok(moved)
}

/// Moves a file; false when there is none. Looking first would not do: SQLite removes the files beside a database when its
/// last connection closes, which ends on a thread of its own.
fn move_if_there(from: &Path, to: &Path) -> std::io::Result<bool> {
    match std::fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Damage was met in the open mirror: the next opening shall not trust it.
pub(crate) fn suspect(mirror: &Path) {
    if let Some(folder) = mirror.parent().filter(|folder| !folder.as_os_str().is_empty())
        && let Err(error) = std::fs::write(folder.join(SUSPECT), b"")
    {
        tracing::warn!(%error, "the damaged mirror could not be marked");
    }
}

/// Whether a file begins as SQLite's unencrypted databases do.
pub(crate) fn has_header(path: &Path) -> bool {
    use std::io::Read;
    let mut start = [0_u8; 16];
    std::fs::File::open(path)
        .and_then(|mut file| file.read_exact(&mut start))
        .is_ok()
        && &start == b"SQLite format 3\0"
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_file_that_went_meanwhile_is_none_to_move() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("mirror.db-wal"), folder.path().join("aside.db-wal"));
        assert!(!move_if_there(&from, &to).unwrap());
        std::fs::write(&from, b"x").unwrap();
        assert!(move_if_there(&from, &to).unwrap());
        assert_eq!(std::fs::read(&to).unwrap(), b"x");
        assert!(!from.exists());
    }
}
