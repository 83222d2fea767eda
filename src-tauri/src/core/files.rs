//! Files: attachments kept until they are sent, documents fetched on demand, and the links that may leave the window.

use crate::{core::desk::Desk, error::AppError};
use guichet_domain::{
    DocumentId,
    document::{Attachment, Document},
};
use guichet_store::Store;
use std::path::Path;
use url::Url;

/// Largest file taken, in megabytes. A server's own limit (GLPI's default is far lower) is its own to say.
const LIMIT_MB: usize = 64;

/// Keeps a file's bytes durably. Only the last part of its name is kept: a folder's name is nobody's business.
///
/// # Errors
/// When it has no name or no bytes, is too large, or cannot be kept.
pub async fn keep(store: &Store, filename: &str, mime: &str, bytes: &[u8]) -> Result<Attachment, AppError> {
    let name = filename.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    if name.is_empty() || bytes.is_empty() {
        return Err(guichet_domain::operation::OperationError::EmptyFile.into());
    }
    if bytes.len() > LIMIT_MB * 1024 * 1024 {
        return Err(AppError::AttachmentTooLarge {
            filename: name.to_owned(),
            limit_mb: LIMIT_MB,
        });
    }
    Ok(store
        .keep_attachment(name, &media_type(Some(mime), name), bytes)
        .await?)
}

/// Reads a file of this machine and keeps it.
///
/// # Errors
/// When it cannot be read, or as [`keep`].
pub async fn keep_file(store: &Store, path: &Path) -> Result<Attachment, AppError> {
    let bytes = tokio::fs::read(path).await.map_err(|source| AppError::File {
        path: path.to_owned(),
        source,
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    keep(store, &name.unwrap_or_default(), "", &bytes).await
}

/// A document's metadata and content: kept here, or fetched from the server and then kept.
///
/// # Errors
/// [`AppError::DocumentNotKept`] when it is not here and nobody is signed in; else what the server says.
pub async fn document(desk: &Desk, id: DocumentId) -> Result<(Document, Vec<u8>), AppError> {
    let document = desk.store.document(id).await?.ok_or_else(|| AppError::NotFound {
        what: "document",
        name: id.to_string(),
    })?;
    if let Some(bytes) = desk.store.document_content(id).await? {
        return Ok((document, bytes));
    }
    let session = desk.session().await.ok_or(AppError::DocumentNotKept)?;
    let bytes = session.engine.document(id).await?;
    Ok((document, bytes))
}

/// The media type said, or the one the file's name suggests.
#[must_use]
pub fn media_type(said: Option<&str>, filename: &str) -> String {
    match said.map(str::trim) {
        Some(mime) if mime.contains('/') => mime.to_owned(),
        _ => mime_guess::from_path(filename).first_or_octet_stream().to_string(),
    }
}

/// An address that may be opened outside the window.
///
/// # Errors
/// [`AppError::LinkRefused`] for every other scheme: a ticket's text comes from anybody.
pub fn link(href: &str) -> Result<Url, AppError> {
    let url = Url::parse(href).map_err(|_| AppError::LinkRefused)?;
    if matches!(url.scheme(), "http" | "https" | "mailto" | "tel") {
        Ok(url)
    } else {
        Err(AppError::LinkRefused)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn only_links_that_cannot_run_anything_leave_the_window() {
        for good in [
            "https://glpi.example.org/front/ticket.form.php?id=1",
            "mailto:a@b.fr",
            "tel:+33612340013",
        ] {
            assert!(link(good).is_ok(), "{good}");
        }
        for bad in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ms-msdt:/id",
            "/etc/passwd",
            "smb://h/x",
            "",
        ] {
            assert!(matches!(link(bad), Err(AppError::LinkRefused)), "{bad}");
        }
    }

    #[test]
    fn a_media_type_comes_from_the_name_when_none_is_said() {
        assert_eq!(media_type(None, "écran.PNG"), "image/png");
        assert_eq!(media_type(Some(""), "x"), "application/octet-stream");
        assert_eq!(media_type(Some("text/plain"), "x.png"), "text/plain");
    }
}
