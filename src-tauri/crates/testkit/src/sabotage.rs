//! Deliberately broken behaviours: a referee that never blows its whistle proves nothing.

use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Backend, BackendError, Cursor, HistoryPage, Outgoing, Page, Presence, Probe, ServerInfo};
use guichet_domain::{
    DocumentId, TicketId,
    asset::{AssetKey, AssetReach},
    outbox::Receipt,
    record::{Collection, Record, TicketBundle},
};
use jiff::Timestamp;
use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sabotage {
    /// Nothing.
    #[default]
    None,
    /// An operation in doubt is sent again without looking whether it is there.
    ResendsUnprobed,
    /// Now and then an operation is reported as sent without being sent.
    Drops,
    /// An operation in doubt is taken for sent without looking.
    BelievesInDoubt,
    /// A request that certainly was not applied is never answered.
    Hangs,
    /// What could not be taken back is said to have been.
    PretendsToTakeBack,
    /// Calls are said to have been wrapped up and consents to have been kept that were not.
    PretendsToKeep,
    /// The news of a room is told twice.
    TellsTwice,
    /// The gate of a restored server is opened without asking what is lost or reading again.
    OpensFrozenGate,
    /// Some tickets of each page are not handed over, and bundles come without their last entry.
    Forgets,
}

/// A backend that misbehaves.
pub(crate) struct Saboteur {
    backend: Arc<dyn Backend>,
    sabotage: Sabotage,
    sends: AtomicU32,
}

impl Saboteur {
    pub(crate) fn new(backend: Arc<dyn Backend>, sabotage: Sabotage) -> Self {
        Self {
            backend,
            sabotage,
            sends: AtomicU32::new(0),
        }
    }

    fn forget(&self, bundle: &mut TicketBundle) {
        if self.sabotage == Sabotage::Forgets {
            bundle.timeline.pop();
        }
    }
}

#[async_trait]
impl Backend for Saboteur {
    async fn open(&self) -> Result<ServerInfo, BackendError> {
        self.backend.open().await
    }

    async fn pull(&self, collection: Collection, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        let mut page = self.backend.pull(collection, cursor).await?;
        for record in &mut page.records {
            if let Record::Bundle(bundle) = record {
                self.forget(bundle);
            }
        }
        Ok(page)
    }

    async fn history(&self, cursor: Option<&Cursor>, horizon: Timestamp) -> Result<HistoryPage, BackendError> {
        self.backend.history(cursor, horizon).await
    }

    async fn list_ids(&self, collection: Collection) -> Result<Vec<i64>, BackendError> {
        self.backend.list_ids(collection).await
    }

    async fn ticket(&self, id: TicketId) -> Result<TicketBundle, BackendError> {
        let mut bundle = self.backend.ticket(id).await?;
        self.forget(&mut bundle);
        Ok(bundle)
    }

    async fn record(&self, collection: Collection, id: i64) -> Result<Record, BackendError> {
        self.backend.record(collection, id).await
    }

    async fn presence(&self, collection: Collection, id: i64) -> Result<Presence, BackendError> {
        self.backend.presence(collection, id).await
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Receipt, BackendError> {
        let number = self.sends.fetch_add(1, Ordering::Relaxed);
        match self.sabotage {
            Sabotage::Drops if number % 5 == 4 && outgoing.ticket.is_some() => Ok(Receipt::default()),
            Sabotage::Hangs if number % 7 == 6 => std::future::pending().await,
            _ => self.backend.send(outgoing).await,
        }
    }

    async fn probe(&self, outgoing: &Outgoing) -> Result<Probe, BackendError> {
        match self.sabotage {
            Sabotage::ResendsUnprobed => Ok(Probe::Absent),
            Sabotage::BelievesInDoubt if outgoing.ticket.is_some() => Ok(Probe::Applied(Receipt::default())),
            _ => self.backend.probe(outgoing).await,
        }
    }

    async fn sight(&self) -> Result<String, BackendError> {
        self.backend.sight().await
    }

    async fn download(&self, document: DocumentId) -> Result<Bytes, BackendError> {
        self.backend.download(document).await
    }

    async fn reach(&self, asset: &AssetKey) -> Result<AssetReach, BackendError> {
        self.backend.reach(asset).await
    }

    async fn close(&self) {
        self.backend.close().await;
    }
}
