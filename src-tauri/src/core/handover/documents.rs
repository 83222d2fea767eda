//! The documents of a hand-over: those kept here, and those fetched from the server. What is not there is listed with the reason.

use super::{Making, Missing, Reason, aside, names, sheets::said_name};
use crate::{
    core::desk::{Desk, Session},
    error::AppError,
    messages::Locale,
};
use guichet_backend::{BackendError, Retry};
use guichet_domain::{DocumentId, document::Document, record::Collection};
use std::{sync::Arc, time::Duration};

/// Documents of one read.
const DOCUMENTS: u32 = 200;
/// Requests for a document that the network or the server could not answer.
const TRIES: u32 = 2;
/// Between them.
const PAUSE: Duration = Duration::from_millis(500);
/// Documents in a row that could not be had: the server is away, and asking for thousands more would take for hours.
const GIVEN_UP_AFTER: u32 = 3;

/// What documents are fetched from.
struct Source {
    session: Option<Arc<Session>>,
    /// Why nothing is fetched, or nothing any more.
    refused: Option<Reason>,
    /// Failures without an answer, since the last one.
    in_a_row: u32,
    locale: Locale,
}

impl Source {
    async fn of(desk: &Desk, wanted: bool, locale: Locale) -> Self {
        let mut source = Self {
            session: None,
            refused: None,
            in_a_row: 0,
            locale,
        };
        if !wanted {
            source.refused = Some(Reason {
                code: "not_asked".to_owned(),
                text: locale.catalogue().text("handover.reason.not_asked", &[]),
            });
        } else if let Err(error) = desk.connect().await {
            source.refused = Some(Reason::of(&error, locale));
        } else {
            source.session = desk.session().await;
        }
        source
    }

    /// A document's content, or why it cannot be had.
    async fn content(&mut self, id: DocumentId) -> Result<Vec<u8>, Reason> {
        if let Some(refused) = &self.refused {
            return Err(refused.clone());
        }
        let Some(session) = &self.session else {
            return Err(Reason::of(&AppError::NotSignedIn, self.locale));
        };
        let mut tried = 1;
        let error = loop {
            // Not through the engine: what is handed over need not be kept here too.
            match session.backend.download(id).await {
                Ok(bytes) => {
                    self.in_a_row = 0;
                    return Ok(bytes.to_vec());
                }
                Err(error) if tried < TRIES && is_passing(&error) => {
                    tried += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => break error,
            }
        };
        let (passing, sign_in) = (is_passing(&error), error.retry() == Retry::Auth);
        let reason = Reason::of(&error.into(), self.locale);
        self.in_a_row = if passing { self.in_a_row + 1 } else { 0 };
        if sign_in || self.in_a_row >= GIVEN_UP_AFTER {
            self.refused = Some(reason.clone());
        }
        Err(reason)
    }
}

/// Another request may do better.
fn is_passing(error: &BackendError) -> bool {
    matches!(error.retry(), Retry::Network | Retry::Transient { .. })
}

impl Desk {
    /// Writes every document that can be had. `told` is called with how many were looked at.
    pub(super) async fn hand_over_documents(
        &self,
        mut making: Making,
        fetch: bool,
        told: &(dyn Fn(u32) + Send + Sync),
    ) -> Result<Making, AppError> {
        let mut source = Source::of(self, fetch, making.words.locale).await;
        let mut after = None;
        let mut seen = 0;
        loop {
            let part = self.store.exported_documents(after, DOCUMENTS).await?;
            for document in part.rows {
                making = self.hand_over_document(making, &mut source, document).await?;
                seen += 1;
                told(seen);
            }
            match part.last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        // Pictures in articles are documents that hang on no ticket: no more than their numbers is known.
        for id in self.store.ids(Collection::Articles).await? {
            let Some(article) = self.store.article(id.into()).await? else {
                continue;
            };
            for picture in article.body.images() {
                if making.documents.contains_key(&picture.0) || making.missing.contains_key(&picture.0) {
                    continue;
                }
                let document = match self.store.document(picture).await? {
                    Some(document) => document,
                    None => unnamed(picture),
                };
                making = self.hand_over_document(making, &mut source, document).await?;
                seen += 1;
                told(seen);
            }
        }
        Ok(making)
    }

    async fn hand_over_document(
        &self,
        mut making: Making,
        source: &mut Source,
        document: Document,
    ) -> Result<Making, AppError> {
        making.counts.documents += 1;
        let kept = self.store.document_content(document.id).await?;
        let content = match kept {
            Some(bytes) => Ok(bytes),
            None => source.content(document.id).await,
        };
        match content {
            Ok(bytes) => {
                let (made, ()) = aside(making, move |making| {
                    let place = names::document(&document, names::sniffed(&bytes));
                    making.folder.put(&place, &bytes)?;
                    making.documents.insert(document.id.0, place);
                    making.counts.documents_written += 1;
                    Ok(())
                })
                .await?;
                making = made;
            }
            Err(reason) => {
                let missing = Missing {
                    document: document.id.0,
                    filename: said_name(&document.filename, &document.name),
                    reason,
                };
                making.missing.insert(document.id.0, missing);
            }
        }
        Ok(making)
    }
}

fn unnamed(id: DocumentId) -> Document {
    Document {
        id,
        name: String::new(),
        filename: String::new(),
        mime: None,
        sha1: None,
        updated_at: None,
    }
}
