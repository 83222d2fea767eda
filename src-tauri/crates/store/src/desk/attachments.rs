//! Files held on this desk until they are uploaded, by the hash of their bytes.

use crate::StoreError;
use guichet_domain::{BlobHash, document::Attachment};
use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;
use std::fmt::Write;

/// SHA-256 in lower-case hexadecimal.
fn hash(bytes: &[u8]) -> BlobHash {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        let _ = write!(text, "{byte:02x}");
    }
    BlobHash(text)
}

/// Keeps bytes; the same bytes twice are kept once.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    filename: &str,
    mime: &str,
    bytes: &[u8],
) -> Result<Attachment, StoreError> {
    let blob = hash(bytes);
    sqlx::query("INSERT OR IGNORE INTO attachments (blob, bytes) VALUES (?, ?)")
        .bind(&blob.0)
        .bind(bytes)
        .execute(connection)
        .await?;
    Ok(Attachment {
        blob,
        filename: filename.to_owned(),
        mime: mime.to_owned(),
        size: bytes.len() as u64,
    })
}

pub(crate) async fn bytes(connection: &mut SqliteConnection, blob: &BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT bytes FROM attachments WHERE blob = ?")
        .bind(&blob.0)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn kept(connection: &mut SqliteConnection, blob: &BlobHash) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM attachments WHERE blob = ?")
        .bind(&blob.0)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}
