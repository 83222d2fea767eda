//! The adapter itself: one signed-in account on one GLPI server.

use crate::{
    config::{Credentials, GlpiConfig},
    transport::Transport,
};
use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Backend, BackendError, Clock, Cursor, Outgoing, Page, Presence, Probe, ServerInfo};
use guichet_domain::{
    DocumentId, TicketId,
    outbox::Receipt,
    record::{Collection, Record, TicketBundle},
};
use std::{fmt, sync::Arc};

/// GLPI 10.0 or 11.0 over its legacy REST API.
pub struct GlpiBackend {
    #[allow(dead_code)]
    transport: Arc<dyn Transport>,
    #[allow(dead_code)]
    credentials: Credentials,
    config: GlpiConfig,
    #[allow(dead_code)]
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for GlpiBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GlpiBackend")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl GlpiBackend {
    /// An adapter that has not signed in yet; [`Backend::open`] does, and every other call does so when it has to.
    #[must_use]
    pub fn new(
        transport: Arc<dyn Transport>,
        credentials: Credentials,
        config: GlpiConfig,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            transport,
            credentials,
            config,
            clock,
        }
    }
}

#[async_trait]
impl Backend for GlpiBackend {
    async fn open(&self) -> Result<ServerInfo, BackendError> {
        Err(BackendError::Unsupported { what: "sign-in yet" })
    }

    async fn pull(&self, _collection: Collection, _cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        Err(BackendError::Unsupported { what: "reading yet" })
    }

    async fn list_ids(&self, _collection: Collection) -> Result<Vec<i64>, BackendError> {
        Err(BackendError::Unsupported { what: "reading yet" })
    }

    async fn ticket(&self, _id: TicketId) -> Result<TicketBundle, BackendError> {
        Err(BackendError::Unsupported { what: "reading yet" })
    }

    async fn record(&self, _collection: Collection, _id: i64) -> Result<Record, BackendError> {
        Err(BackendError::Unsupported { what: "reading yet" })
    }

    async fn presence(&self, _collection: Collection, _id: i64) -> Result<Presence, BackendError> {
        Err(BackendError::Unsupported { what: "reading yet" })
    }

    async fn send(&self, _outgoing: &Outgoing) -> Result<Receipt, BackendError> {
        Err(BackendError::Unsupported { what: "writing yet" })
    }

    async fn probe(&self, _outgoing: &Outgoing) -> Result<Probe, BackendError> {
        Err(BackendError::Unsupported { what: "writing yet" })
    }

    async fn download(&self, _document: DocumentId) -> Result<Bytes, BackendError> {
        Err(BackendError::Unsupported { what: "reading yet" })
    }

    async fn close(&self) {}
}
