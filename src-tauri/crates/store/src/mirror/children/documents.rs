//! Documents' metadata. Where they hang is among the links.

use super::unsettle;
use crate::{
    StoreError,
    mirror::{Effects, digest},
    sql::{Columns, bulk, json_ids},
};
use guichet_domain::{DocumentId, document::Document};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Stores documents' metadata. A content kept under another checksum is forgotten.
pub(crate) async fn documents(
    connection: &mut SqliteConnection,
    records: Vec<&Document>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let wanted: BTreeMap<i64, &Document> = records.into_iter().map(|document| (document.id.0, document)).collect();
    let list = json_ids(wanted.keys());
    let held: Vec<(i64, i64, Option<String>)> =
        sqlx::query_as("SELECT id, hash, sha1 FROM documents WHERE id IN (SELECT value FROM json_each(?))")
            .bind(&list)
            .fetch_all(&mut *connection)
            .await?;
    let held: BTreeMap<i64, (i64, Option<String>)> =
        held.into_iter().map(|(id, hash, sha1)| (id, (hash, sha1))).collect();
    let mut rows = Vec::new();
    let mut touched = Vec::new();
    let mut outdated = Vec::new();
    for (id, document) in wanted {
        let hash = digest(document)?;
        match held.get(&id) {
            Some((before, _)) if *before == hash => continue,
            Some((_, sha1)) if *sha1 != document.sha1 => outdated.push(id),
            _ => {}
        }
        touched.push(id);
        rows.push(vec![
            id.into(),
            hash.into(),
            document.name.as_str().into(),
            document.filename.as_str().into(),
            document.mime.as_deref().into(),
            document.sha1.as_deref().into(),
            document.updated_at.into(),
        ]);
    }
    if touched.is_empty() {
        return Ok(());
    }
    bulk(
        connection,
        "INSERT INTO documents (id, hash, name, filename, mime, sha1, updated_at)",
        7,
        "ON CONFLICT(id) DO UPDATE SET hash = excluded.hash, name = excluded.name, filename = excluded.filename, \
         mime = excluded.mime, sha1 = excluded.sha1, updated_at = excluded.updated_at",
        rows,
    )
    .await?;
    sqlx::query("DELETE FROM document_contents WHERE id IN (SELECT value FROM json_each(?))")
        .bind(json_ids(&outdated))
        .execute(&mut *connection)
        .await?;
    let tickets: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT ticket FROM document_links WHERE document IN (SELECT value FROM json_each(?))",
    )
    .bind(json_ids(&touched))
    .fetch_all(&mut *connection)
    .await?;
    unsettle(connection, &tickets.iter().copied().collect()).await?;
    effects.changed.extend(tickets);
    Ok(())
}

/// Reads `id, name, filename, mime, sha1, updated_at`.
pub(crate) fn document_of(c: &mut Columns<'_>) -> Result<Document, StoreError> {
    Ok(Document {
        id: DocumentId(c.int()?),
        name: c.text()?.to_owned(),
        filename: c.text()?.to_owned(),
        mime: c.opt_text()?.map(str::to_owned),
        sha1: c.opt_text()?.map(str::to_owned),
        updated_at: c.opt_at()?,
    })
}
