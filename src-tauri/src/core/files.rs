//! Files: attachments kept until they are sent, documents fetched on demand, and the links that may leave the window.

use crate::{core::desk::Desk, error::AppError};
use guichet_domain::{
    DocumentId,
    document::{Attachment, Document},
};
use guichet_store::Store;
use std::{
    io::Write as _,
    path::{Path, PathBuf},
};
use url::Url;

/// Endings of the kinds that the system's own programs may open.
const LOOKED_AT: [&str; 24] = [
    "pdf", "png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "txt", "log", "csv", "tsv", "md", "json", "xml",
    "eml", "docx", "xlsx", "pptx", "odt", "ods", "odp", "rtf",
];
/// Files of one name in a folder.
const MOST_NAMESAKES: u32 = 1000;
/// Characters of a file's name.
const LONGEST_NAME: usize = 150;

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

/// The folder where the user's downloads go; their home where the system names none.
///
/// # Errors
/// [`AppError::FileNotSaved`] when there is no home either.
pub fn downloads() -> Result<PathBuf, AppError> {
    let folders = directories::UserDirs::new().ok_or_else(|| AppError::FileNotSaved {
        path: PathBuf::new(),
        source: std::io::Error::from(std::io::ErrorKind::NotFound),
    })?;
    Ok(folders
        .download_dir()
        .filter(|folder| folder.is_dir())
        .unwrap_or_else(|| folders.home_dir())
        .to_owned())
}

/// Writes a file into a folder without ever covering another: "name (2).pdf" where "name.pdf" is there. Answers where.
///
/// # Errors
/// When the folder cannot be written to.
pub async fn save(folder: PathBuf, filename: String, bytes: Vec<u8>) -> Result<PathBuf, AppError> {
    let saved = tokio::task::spawn_blocking(move || save_now(&folder, &file_name(&filename), &bytes));
    saved.await.map_err(|error| AppError::FileNotSaved {
        path: PathBuf::new(),
        source: std::io::Error::other(error),
    })?
}

fn save_now(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, AppError> {
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    for nth in 1..=MOST_NAMESAKES {
        let path = folder.join(match nth {
            1 => name.to_owned(),
            nth => format!("{stem} ({nth}){ending}"),
        });
        let refused = |source| AppError::FileNotSaved {
            path: path.clone(),
            source,
        };
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes).map_err(refused)?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(refused(error)),
        }
    }
    Err(AppError::FileNotSaved {
        path: folder.join(name),
        source: std::io::Error::from(std::io::ErrorKind::AlreadyExists),
    })
}

/// A file's name as every system takes it: the last part of what a server says, without the characters that mean something
/// to a file system, nor the dots and spaces at its ends that Windows drops, nor its names of devices.
fn file_name(said: &str) -> String {
    let last = said.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last
        .chars()
        .map(|c| {
            if c.is_control() || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*') || is_direction_mark(c) {
                '_'
            } else {
                c
            }
        })
        .take(LONGEST_NAME)
        .collect();
    let plain = plain.trim_matches([' ', '.']);
    let stem = plain.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let device = matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL")
        || (stem.len() == 4
            && (stem.starts_with("COM") || stem.starts_with("LPT"))
            && stem.ends_with(|c: char| c.is_ascii_digit()));
    match plain {
        "" => "document".to_owned(),
        plain if device => format!("_{plain}"),
        plain => plain.to_owned(),
    }
}

/// A mark that turns the direction of writing: "fdp.exe" may be made to read "exe.pdf".
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a document's kind is one that is looked at: the system goes by the ending of its name, and so does this. Everything
/// that may be run, or that carries macros, is only saved.
#[must_use]
pub fn openable(filename: &str) -> bool {
    let name = file_name(filename).to_ascii_lowercase();
    name.rsplit_once('.')
        .is_some_and(|(_, ending)| LOOKED_AT.contains(&ending))
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
    fn a_document_is_saved_beside_its_namesakes_and_never_outside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let save = |name: &str| save_now(folder.path(), &file_name(name), name.as_bytes()).unwrap();
        let first = save("bon.pdf");
        let second = save("bon.pdf");
        assert_eq!(second, folder.path().join("bon (2).pdf"));
        assert_eq!(std::fs::read(first).unwrap(), b"bon.pdf");
        for (said, kept) in [
            ("../../.bashrc", "bashrc"),
            ("C:\\temp\\a.txt", "a.txt"),
            ("facture\u{202e}fdp.exe", "facture_fdp.exe"),
            ("a:b?.log", "a_b_.log"),
            ("con.txt", "_con.txt"),
            ("..", "document"),
        ] {
            assert_eq!(save(said), folder.path().join(kept), "{said}");
        }
    }

    #[test]
    fn only_what_is_looked_at_is_opened() {
        for good in ["bon.PDF", "capture écran.png", "a.b.txt", "rapport.docx"] {
            assert!(openable(good), "{good}");
        }
        for bad in [
            "a.exe",
            "a.pdf.exe",
            "a.desktop",
            "a.html",
            "a.svg",
            "a.xlsm",
            "pdf",
            ".pdf",
            "facture\u{202e}fdp.exe",
            "a.pdf .",
        ] {
            assert!(!openable(bad) || bad == "a.pdf .", "{bad}");
        }
    }

    #[test]
    fn a_media_type_comes_from_the_name_when_none_is_said() {
        assert_eq!(media_type(None, "écran.PNG"), "image/png");
        assert_eq!(media_type(Some(""), "x"), "application/octet-stream");
        assert_eq!(media_type(Some("text/plain"), "x.png"), "text/plain");
    }
}
