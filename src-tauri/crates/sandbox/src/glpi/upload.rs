//! Uploaded files. The trap: a refused file type is answered 201 all the same, with an empty document, and the error is
//! only inside `upload_result`.

use super::{Glpi, cell::Cell, list::hex, schema::Kind, write::Pen};
use crate::options::Options;
use bytes::Bytes;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

/// A file that came with a request.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    pub(crate) filename: String,
    pub(crate) mime: String,
    pub(crate) content: Bytes,
}

/// Endings GLPI's stock list of document types accepts, and the media type it tells for them.
const ACCEPTED: [(&str, &str); 30] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("bmp", "image/bmp"),
    ("svg", "image/svg+xml"),
    ("webp", "image/webp"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("csv", "text/csv"),
    ("xml", "text/xml"),
    ("rtf", "text/rtf"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odp", "application/vnd.oasis.opendocument.presentation"),
    ("zip", "application/zip"),
    ("7z", "application/x-7z-compressed"),
    ("gz", "application/gzip"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/x-wav"),
    ("mp4", "video/mp4"),
    ("eml", "message/rfc822"),
    ("msg", "application/vnd.ms-outlook"),
];

impl Upload {
    fn ending(&self) -> String {
        self.filename
            .rsplit_once('.')
            .map(|(_, ending)| ending.to_lowercase())
            .unwrap_or_default()
    }

    /// The media type, where the file type is accepted.
    pub(crate) fn accepted(&self) -> Option<&'static str> {
        let ending = self.ending();
        ACCEPTED
            .iter()
            .find(|(known, _)| *known == ending)
            .map(|(_, mime)| *mime)
    }

    /// SHA-1 of the content.
    pub(crate) fn sha1(&self) -> String {
        hex(&Sha1::digest(&self.content))
    }

    /// What `upload_result.filename[]` says.
    pub(crate) fn result(&self, options: &Options) -> Value {
        let sha1 = self.sha1();
        let prefix = format!("{}.{}", &sha1[..14], &sha1[14..22]);
        let name = format!("{prefix}{}", self.filename);
        let mut result = json!({
            "name": name,
            "size": self.content.len(),
            "type": self.accepted().unwrap_or("application/octet-stream"),
            "prefix": prefix,
            "display": self.filename,
            "filesize": format!("{} B", self.content.len()),
            "id": format!("docfilename{}", u32::from_str_radix(&sha1[..7], 16).unwrap_or(0)),
        });
        if self.accepted().is_some() {
            result["url"] = json!(format!("{}/files/{name}", options.base_url));
            result["deleteType"] = json!("DELETE");
        } else {
            result["error"] = json!("Filetype not allowed");
        }
        result
    }
}

impl Glpi {
    /// The document of an upload; of a refused type it is an empty one. It belongs to `entity`, else to the session's own.
    pub(crate) fn add_document(
        &mut self,
        pen: &Pen,
        upload: Option<&Upload>,
        name: &str,
        ticket: i64,
        entity: Option<i64>,
    ) -> i64 {
        let mut cells = vec![
            ("entities_id", Cell::Int(entity.unwrap_or(pen.session.entity))),
            ("name", Cell::text(name)),
            ("users_id", Cell::Int(pen.session.user)),
            ("tickets_id", Cell::Int(ticket)),
            ("date_mod", pen.stamp()),
            ("date_creation", pen.stamp()),
        ];
        if let Some(upload) = upload
            && let Some(mime) = upload.accepted()
        {
            let sha1 = upload.sha1();
            let ending = upload.ending().to_uppercase();
            self.files.insert(sha1.clone(), upload.content.clone());
            cells.extend([
                ("filename", Cell::text(&upload.filename)),
                (
                    "filepath",
                    Cell::text(&format!("{ending}/{}/{}.{ending}", &sha1[..2], &sha1[2..])),
                ),
                ("mime", Cell::text(mime)),
                ("tag", Cell::text(&format!("a65fe076-{}-{}", &sha1[..8], &sha1[8..22]))),
                ("sha1sum", Cell::text(&sha1)),
            ]);
        }
        self.db.table_mut(Kind::Document).insert(cells)
    }

    /// Puts a document on a row.
    pub(crate) fn link_document(&mut self, pen: &Pen, document: i64, kind: Kind, id: i64, dated: bool) -> i64 {
        let position = self
            .db
            .ticket_of(kind, id)
            .map_or(1, |ticket| self.timeline_position(pen, ticket));
        // The link belongs where its document does.
        let entity = self.db.table(Kind::Document).get(document, "entities_id");
        self.db.table_mut(Kind::DocumentItem).insert(vec![
            ("documents_id", Cell::Int(document)),
            ("items_id", Cell::Int(id)),
            ("itemtype", Cell::text(kind.name())),
            ("entities_id", entity),
            ("users_id", Cell::Int(pen.session.user)),
            ("timeline_position", Cell::Int(position)),
            ("date_mod", pen.stamp()),
            ("date_creation", pen.stamp()),
            ("date", if dated { pen.stamp() } else { Cell::Null }),
        ])
    }
}
