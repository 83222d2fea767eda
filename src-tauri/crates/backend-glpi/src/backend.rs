//! The adapter itself: one signed-in account on one GLPI server.

use crate::{
    bundle::Fetched,
    client::{Client, Failure},
    config::{Credentials, GlpiConfig},
    facts::{self, Facts},
    names::Names,
    pull::ids::Visible,
    pull::people::Crowd,
    read::Reader,
    transport::Transport,
};
use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Backend, BackendError, Clock, Cursor, HistoryPage, Outgoing, Page, Presence, Probe, ServerInfo};
use guichet_domain::{
    DocumentId, TicketId,
    asset::{AssetKey, AssetReach},
    outbox::Receipt,
    record::{Collection, Record, TicketBundle},
};
use jiff::{SignedDuration, Timestamp};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Mutex, RwLock};

/// How long an unnamed zone's offset is believed (seconds).
const FIXED_ZONE_S: i64 = 900;

/// GLPI 10.0 or 11.0 over its legacy REST API.
pub struct GlpiBackend {
    pub(crate) client: Client,
    pub(crate) config: GlpiConfig,
    pub(crate) names: Names,
    facts: RwLock<Option<Arc<Facts>>>,
    learning: Mutex<()>,
    /// Addresses and memberships of everybody, while a reading of all people lasts.
    pub(crate) crowd: Mutex<Option<Arc<Crowd>>>,
    /// Which articles of 10.0 the account may really see.
    pub(crate) visible: Mutex<Visible>,
    /// The number of the session whose scope the facts tell.
    scope_of: AtomicU64,
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
            client: Client::new(transport, credentials, clock, config.concurrency),
            config,
            names: Names::default(),
            facts: RwLock::new(None),
            learning: Mutex::new(()),
            crowd: Mutex::new(None),
            visible: Mutex::new(Visible::default()),
            scope_of: AtomicU64::new(0),
        }
    }

    /// What the session sees now. Rights that changed show in a session that is made after them: asked again of each new one.
    pub(crate) async fn scope(&self) -> Result<String, BackendError> {
        let facts = self.facts().await?;
        let session = self.client.session_number().await;
        if self.scope_of.load(Ordering::Relaxed) == session {
            return Ok(facts.scope.clone());
        }
        let scope = facts::sight(&self.client).await?;
        if scope != facts.scope {
            let mut changed = Facts::clone(&facts);
            changed.scope.clone_from(&scope);
            *self.facts.write().await = Some(Arc::new(changed));
        }
        // A session that ended while it was asked is asked again the next time.
        self.scope_of.store(session, Ordering::Relaxed);
        Ok(scope)
    }

    /// What signing in taught, learned on first use. The zone of a server whose zone has no name is calibrated again from
    /// time to time, as its offset changes with the seasons.
    pub(crate) async fn facts(&self) -> Result<Arc<Facts>, BackendError> {
        if let Some(facts) = self.facts.read().await.clone().filter(|facts| self.is_fresh(facts)) {
            return Ok(facts);
        }
        let _one = self.learning.lock().await;
        let known = self.facts.read().await.clone();
        let Some(facts) = known else { return self.learn().await };
        if self.is_fresh(&facts) {
            return Ok(facts);
        }
        let zone = facts::recalibrate(&self.client, facts.info.user.0).await?;
        let mut fresh = Facts::clone(&facts);
        fresh.zone = zone.unwrap_or(fresh.zone);
        fresh.calibrated_at = self.client.now();
        let fresh = Arc::new(fresh);
        *self.facts.write().await = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    fn is_fresh(&self, facts: &Facts) -> bool {
        let age = self.client.now().as_second() - facts.calibrated_at.as_second();
        facts.zone.is_named() || age.abs() < FIXED_ZONE_S
    }

    async fn learn(&self) -> Result<Arc<Facts>, BackendError> {
        let facts = Arc::new(facts::learn(&self.client, &self.config, &self.names).await?);
        self.scope_of
            .store(self.client.session_number().await, Ordering::Relaxed);
        *self.facts.write().await = Some(Arc::clone(&facts));
        Ok(facts)
    }

    /// The server's clock, by ours and the difference seen at sign-in.
    pub(crate) async fn server_now(&self) -> Result<Timestamp, BackendError> {
        let skew = SignedDuration::from_secs(self.facts().await?.info.clock_skew_s);
        Ok(self
            .client
            .now()
            .saturating_add(skew)
            .unwrap_or_else(|_| self.client.now()))
    }

    pub(crate) fn reader<'a>(&'a self, facts: &'a Facts) -> Reader<'a> {
        Reader {
            generation: facts.generation,
            zone: &facts.zone,
            names: &self.names,
            region: &self.config.region,
        }
    }
}

#[async_trait]
impl Backend for GlpiBackend {
    async fn open(&self) -> Result<ServerInfo, BackendError> {
        let _one = self.learning.lock().await;
        Ok(self.learn().await?.info.clone())
    }

    async fn pull(&self, collection: Collection, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        match collection {
            Collection::Catalogue(kind) => self.pull_catalogue(kind, cursor).await,
            Collection::Groups => self.pull_groups(cursor).await,
            Collection::People => self.pull_people(cursor).await,
            Collection::Tickets => self.pull_tickets(cursor).await,
            Collection::TicketDetails => self.pull_details(cursor).await,
            Collection::Articles => self.pull_articles(cursor).await,
            Collection::Assets => self.pull_assets(cursor).await,
        }
    }

    async fn history(&self, cursor: Option<&Cursor>, horizon: Timestamp) -> Result<HistoryPage, BackendError> {
        self.pull_history(cursor, horizon).await
    }

    async fn list_ids(&self, collection: Collection) -> Result<Vec<i64>, BackendError> {
        self.identities(collection).await
    }

    async fn ticket(&self, id: TicketId) -> Result<TicketBundle, BackendError> {
        match self.fetch_ticket(id).await? {
            Fetched::Bundle(bundle) => Ok(*bundle),
            Fetched::Binned | Fetched::Purged => Err(BackendError::NotFound),
            Fetched::Hidden => Err(BackendError::Forbidden {
                message: format!("ticket {id} is not visible"),
            }),
        }
    }

    async fn record(&self, collection: Collection, id: i64) -> Result<Record, BackendError> {
        self.one_record(collection, id).await
    }

    async fn presence(&self, collection: Collection, id: i64) -> Result<Presence, BackendError> {
        self.is_there(collection, id).await
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Receipt, BackendError> {
        self.send_operation(outgoing).await
    }

    async fn probe(&self, outgoing: &Outgoing) -> Result<Probe, BackendError> {
        self.probe_operation(outgoing).await
    }

    async fn sight(&self) -> Result<String, BackendError> {
        facts::sight(&self.client).await
    }

    async fn download(&self, document: DocumentId) -> Result<Bytes, BackendError> {
        self.facts().await?;
        self.client
            .bytes(&format!("Document/{document}"))
            .await
            .map_err(|failure| match failure {
                Failure::Refused(refusal) if refusal.is_forbidden() => BackendError::Forbidden {
                    message: refusal.words(),
                },
                other => other.into(),
            })
    }

    async fn reach(&self, asset: &AssetKey) -> Result<AssetReach, BackendError> {
        self.fetch_reach(asset).await
    }

    async fn close(&self) {
        self.client.sign_out().await;
    }
}
