//! The key of a profile's databases, and what it takes to bring a plain file under it.

use crate::{StoreError, open};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use std::{fmt, path::Path};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Bytes of a key: AES-256.
pub const KEY_BYTES: usize = 32;

/// The key that both databases of a profile are encrypted with: 256 random bits, given to SQLCipher as they are, so that
/// opening derives nothing. Wiped from memory when it is dropped; never printed.
///
/// SQLCipher and the options of each connection hold copies of their own for as long as the databases are open.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct DataKey([u8; KEY_BYTES]);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(…)")
    }
}

impl DataKey {
    /// The key of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, for where it is kept.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// A key of its own for another purpose: SHA-256 of the purpose and this key.
    #[must_use]
    pub fn derived(&self, purpose: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        hash.update(purpose);
        hash.update([0]);
        hash.update(self.0);
        Zeroizing::new(hash.finalize().into())
    }

    /// As SQLCipher takes a raw key: `"x'…'"`, the quotes included.
    pub(crate) fn literal(&self) -> Zeroizing<String> {
        use fmt::Write as _;
        // Room for all of it at once: a text that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(2 * KEY_BYTES + 5));
        text.push_str("\"x'");
        for byte in &self.0 {
            let _ = write!(text, "{byte:02x}");
        }
        text.push_str("'\"");
        text
    }

    /// Connections with this key. What they execute is never logged: the key is a statement.
    pub(crate) fn unlock(&self, options: SqliteConnectOptions) -> SqliteConnectOptions {
        options
            .pragma("key", self.literal().as_str().to_owned())
            // What it says of a page that was tampered with comes back as an error; it need not be on standard error too.
            .pragma("cipher_log_level", "NONE")
            .disable_statement_logging()
    }
}

/// Encrypts a database that an earlier version left plain: into a file beside, which then takes its place. Nothing happens to
/// one that is encrypted, or not there; another program's (`application` is ours) is refused as it is. Interrupted, it is begun anew; the plain file stays until the other is whole.
///
/// What the plain file held may stay on the medium until it is written over: see `docs/security.md`.
pub(crate) async fn encrypt_plain(path: &Path, application: i64, key: &DataKey) -> Result<bool, StoreError> {
    if !open::has_header(path) {
        return Ok(false);
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".encrypting");
    let beside = Path::new(&beside);
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut leftover = beside.as_os_str().to_owned();
        leftover.push(suffix);
        match std::fs::remove_file(leftover) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    let mut plain = SqliteConnectOptions::new()
        .filename(path)
        // For the file beside: it is attached to this connection.
        .create_if_missing(true)
        .foreign_keys(false)
        .journal_mode(SqliteJournalMode::Delete)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
        .connect()
        .await
        .map_err(|error| StoreError::Database(error).at(path))?;
    let copied = copy(&mut plain, application, beside, key).await;
    plain.close().await?;
    copied.map_err(|error| error.at(path))?;
    crate::failpoint::place!("file", "before");
    std::fs::rename(beside, path)?;
    crate::failpoint::place!("file", "after");
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(true)
}

async fn copy(plain: &mut sqlx::SqliteConnection, ours: i64, beside: &Path, key: &DataKey) -> Result<(), StoreError> {
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *plain).await?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *plain)
        .await?;
    if application != ours {
        return Err(StoreError::Corrupt {
            path: beside.with_extension(""),
            message: "it is another program's database".to_owned(),
        });
    }
    let beside = beside.to_str().ok_or_else(|| StoreError::Invalid {
        message: "the profile's folder has a name that is no text".to_owned(),
    })?;
    let literal = key.literal();
    let attach = Zeroizing::new(format!("ATTACH DATABASE ? AS encrypted KEY {}", literal.as_str()));
    sqlx::query(AssertSqlSafe(attach.as_str().to_owned()))
        .bind(beside)
        .execute(&mut *plain)
        .await?;
    sqlx::raw_sql(AssertSqlSafe(format!(
        "PRAGMA encrypted.synchronous = FULL; SELECT sqlcipher_export('encrypted'); \
         PRAGMA encrypted.user_version = {version}; PRAGMA encrypted.application_id = {application}; \
         DETACH DATABASE encrypted;"
    )))
    .execute(&mut *plain)
    .await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_sqlcipher_takes_it_and_is_not_printed() {
        let key = DataKey::from_bytes([0xab; KEY_BYTES]);
        assert_eq!(key.literal().as_str(), format!("\"x'{}'\"", "ab".repeat(32)));
        assert_eq!(format!("{key:?}"), "DataKey(…)");
    }
}
