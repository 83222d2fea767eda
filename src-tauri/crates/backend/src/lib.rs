//! What Guichet asks of an ITSM backend, in the domain's words.
//!
//! An adapter implements [`Backend`]; nothing above it knows which ITSM is behind (requirement R10.4). Whether a failed
//! request may be repeated, and whether it may have been applied, is decided by **types** ([`Retry`], [`Delivery`]), never
//! by looking at a text. Every adapter passes the conformance suite in [`conformance`].

mod error;
mod pull;
mod send;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use error::{AuthProblem, BackendError, Delivery, Retry, WireProblem};
pub use pull::{Cursor, HistoryPage, Page, Presence, ServerInfo, Visibility};
pub use send::{Outgoing, Probe};

use async_trait::async_trait;
use bytes::Bytes;
use guichet_domain::{
    DocumentId, TicketId,
    asset::{AssetKey, AssetReach},
    outbox::Receipt,
    record::{Collection, Record, TicketBundle},
};
use jiff::Timestamp;

/// Where "now" comes from. Real in the product, virtual in the simulation.
pub trait Clock: Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> Timestamp;
}

/// The machine's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// An ITSM as Guichet uses it. All methods may be called concurrently; an adapter signs in by itself when it has to and
/// repeats a call once after an expired session.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// Signs in (if not yet) and tells who the account is and what the server can do.
    async fn open(&self) -> Result<ServerInfo, BackendError>;

    /// One page of a collection from where `cursor` stands (`None`: from the beginning). The page's own cursor is stored
    /// in the same transaction as its records; an adapter must accept a page being applied twice.
    async fn pull(&self, collection: Collection, cursor: Option<&Cursor>) -> Result<Page, BackendError>;

    /// One page of the tickets' history, from where `cursor` stands: the newest lines first, down to the last one a finished
    /// reading saw, and for the first reading down to `horizon`. Bounded, and resumed with the page's cursor while it says
    /// `more`. An account that may not read it gets an empty page that says so, never an error.
    async fn history(&self, cursor: Option<&Cursor>, horizon: Timestamp) -> Result<HistoryPage, BackendError>;

    /// The complete list of visible identities of a collection (tickets, articles, people, groups; assets are listed by
    /// [`Backend::pull`] alone and answer [`BackendError::Unsupported`]), ascending: what the mirror holds beyond it has left,
    /// what it lacks was missed.
    async fn list_ids(&self, collection: Collection) -> Result<Vec<i64>, BackendError>;

    /// One ticket afresh, with everything on it.
    async fn ticket(&self, id: TicketId) -> Result<TicketBundle, BackendError>;

    /// Any single record by number, for a collection [`Backend::list_ids`] covers other than tickets.
    async fn record(&self, collection: Collection, id: i64) -> Result<Record, BackendError>;

    /// Tells a deletion from a change of rights.
    async fn presence(&self, collection: Collection, id: i64) -> Result<Presence, BackendError>;

    /// Sends one operation, exactly one request that can change anything. An error says by [`BackendError::delivery`]
    /// whether it may have been applied.
    async fn send(&self, outgoing: &Outgoing) -> Result<Receipt, BackendError>;

    /// Reads back whether an operation in doubt was applied. Never changes anything.
    async fn probe(&self, outgoing: &Outgoing) -> Result<Probe, BackendError>;

    /// What the account sees at this moment, asked of the server: a digest of whatever decides it (profile, entities). Under
    /// another one, a row that is absent may only be out of sight.
    async fn sight(&self) -> Result<String, BackendError>;

    /// A document's content.
    async fn download(&self, document: DocumentId) -> Result<Bytes, BackendError>;

    /// How a piece of equipment is reached from afar. Nothing is what a server that does not tell answers.
    async fn reach(&self, asset: &AssetKey) -> Result<AssetReach, BackendError>;

    /// Signs out, as far as the server is reachable.
    async fn close(&self);
}
