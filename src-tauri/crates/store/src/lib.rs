//! The two local databases.
//!
//! `mirror.db` holds what the server can give again: disposable, rebuilt rather than migrated. `desk.db` holds what exists
//! only here (outbox, drafts, attachments, settings): migrated with care, never deleted by code. What the screen shows is
//! `view = mirror + pending operations`; after a crash the view is recomputed from the outbox, so that no transaction has
//! to span both files.
//!
//! This crate knows SQL and nothing of any network.

mod error;
mod model;

pub use error::StoreError;
pub use model::*;

use guichet_domain::{
    ArticleId, BlobHash, DocumentId, OperationId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::{Availability, CatalogueItem, CatalogueKind},
    document::Attachment,
    operation::Operation,
    outbox::{EntryState, Gate, OutboxEntry, Receipt},
    people::{Group, Person},
    record::{Collection, Record, Removal, TicketBundle},
};
use jiff::Timestamp;
use std::path::Path;

/// Both databases of one profile. Cheap to clone; every clone shares the same connections.
#[derive(Debug, Clone)]
pub struct Store {}

#[allow(unused_variables, missing_docs, clippy::todo, clippy::unused_async)]
impl Store {
    /// Opens (or creates) the databases of a profile's folder, migrates `desk.db`, moves a broken `mirror.db` aside and
    /// rebuilds it empty (the outbox stays), turns entries found in flight into entries in doubt (`now`), and recomputes the
    /// view of every lane with pending operations.
    pub async fn open(folder: &Path, now: Timestamp) -> Result<(Self, OpenReport), StoreError> {
        todo!()
    }
    /// Both databases in memory, for tests.
    pub async fn in_memory(now: Timestamp) -> Result<Self, StoreError> {
        todo!()
    }
    /// Finishes writes and closes the connections.
    pub async fn close(&self) {
        todo!()
    }

    // ---- desk: outbox ------------------------------------------------------------------------------------------------
    /// Accepts operations on one lane, in one durable transaction with their attachments and the removal of the draft they
    /// came from; then refreshes the lane's view. When this returns, the words are safe. `lane` `None` with a
    /// `CreateTicket` first allots a local (negative) ticket number.
    pub async fn submit(&self, submission: Submission, now: Timestamp) -> Result<Accepted, StoreError> {
        todo!()
    }
    /// The entries that may move now: the head of each lane (the first pending entry) if it is queued and due, or in
    /// doubt and its probe due. Oldest first, at most `limit`.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        todo!()
    }
    /// The earliest instant at which some lane's head becomes due, if any waits for one.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        todo!()
    }
    /// Marks a head in flight and counts the attempt, durably, **before** any request. Fails with `StateChanged` when the
    /// entry is no longer queued (cancelled or edited meanwhile).
    pub async fn begin_attempt(&self, id: OperationId, now: Timestamp) -> Result<OutboxEntry, StoreError> {
        todo!()
    }
    /// InFlight or InDoubt → Sent. For a `CreateTicket`, maps the local number to `receipt.ticket` and moves the lane's
    /// remaining entries and drafts to it, in the same transaction.
    pub async fn mark_sent(&self, id: OperationId, receipt: &Receipt, now: Timestamp) -> Result<ChangeSet, StoreError> {
        todo!()
    }
    /// InFlight/InDoubt → any state the machine allows (Queued, InDoubt, Wedged), with the error for support. Wedging as
    /// `DependencyDiscarded` etc. also goes through here. Illegal transitions are an error.
    pub async fn set_state(
        &self,
        id: OperationId,
        state: EntryState,
        error: Option<&str>,
    ) -> Result<ChangeSet, StoreError> {
        todo!()
    }
    /// A person's way out of a wedged, queued or in-doubt entry.
    pub async fn resolve(
        &self,
        id: OperationId,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<ChangeSet, StoreError> {
        todo!()
    }
    /// Entries: pending only, or all, oldest first; of one lane or of all.
    pub async fn outbox(&self, lane: Option<TicketId>, all: bool) -> Result<Vec<OutboxEntry>, StoreError> {
        todo!()
    }
    /// One entry.
    pub async fn entry(&self, id: OperationId) -> Result<Option<OutboxEntry>, StoreError> {
        todo!()
    }
    /// Pending, wedged and in-doubt counts.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        todo!()
    }
    /// `(operation, remote_id)` of every **sent** entry of a lane: rows at the backend that are known to be ours.
    pub async fn sent_rows(&self, lane: TicketId) -> Result<Vec<(OperationId, i64)>, StoreError> {
        todo!()
    }
    /// `remote ticket ids` of every sent creation: rows a probe of a creation must not take.
    pub async fn created_tickets(&self) -> Result<Vec<TicketId>, StoreError> {
        todo!()
    }
    /// The backend's number of a ticket created here, once known (identity for a positive number).
    pub async fn resolve_ticket(&self, id: TicketId) -> Result<TicketId, StoreError> {
        todo!()
    }
    /// The persisted gate.
    pub async fn gate(&self) -> Result<Gate, StoreError> {
        todo!()
    }
    /// Persists the gate.
    pub async fn set_gate(&self, gate: &Gate) -> Result<(), StoreError> {
        todo!()
    }

    // ---- desk: attachments, drafts, settings --------------------------------------------------------------------------
    /// Keeps a file's bytes durably (deduplicated by hash) so that a draft or an operation can refer to them.
    pub async fn keep_attachment(&self, filename: &str, mime: &str, bytes: &[u8]) -> Result<Attachment, StoreError> {
        todo!()
    }
    /// An attachment's bytes.
    pub async fn attachment(&self, blob: &BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        todo!()
    }
    /// Saves a draft durably, replacing the one under the same key. Called at every keystroke.
    pub async fn save_draft(&self, draft: &Draft) -> Result<(), StoreError> {
        todo!()
    }
    /// Drafts, newest first.
    pub async fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        todo!()
    }
    /// One draft.
    pub async fn draft(&self, key: &str) -> Result<Option<Draft>, StoreError> {
        todo!()
    }
    /// Forgets a draft.
    pub async fn delete_draft(&self, key: &str) -> Result<(), StoreError> {
        todo!()
    }
    /// A setting of this profile (JSON text).
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }
    /// Writes a setting.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        todo!()
    }

    // ---- mirror: writing (sync) ---------------------------------------------------------------------------------------
    /// Applies a page: records, removals, availability, progress and the new cursor in **one** transaction; then refreshes
    /// the views it touches. Idempotent. Rows whose ticket is not mirrored are dropped and counted.
    pub async fn apply(&self, batch: &Batch) -> Result<ChangeSet, StoreError> {
        todo!()
    }
    /// A collection's cursor as the adapter last gave it, and how far the first reading is.
    pub async fn collection_state(&self, collection: Collection) -> Result<CollectionState, StoreError> {
        todo!()
    }
    /// Every collection's state.
    pub async fn collection_states(&self) -> Result<Vec<(Collection, CollectionState)>, StoreError> {
        todo!()
    }
    /// Identities held, ascending, of tickets (not local ones), people, groups or articles.
    pub async fn ids(&self, collection: Collection) -> Result<Vec<i64>, StoreError> {
        todo!()
    }
    /// Forgets everything mirrored (another account, another server); the desk is untouched.
    pub async fn reset_mirror(&self) -> Result<(), StoreError> {
        todo!()
    }
    /// Keeps a document's content once fetched.
    pub async fn keep_document(&self, id: DocumentId, bytes: &[u8]) -> Result<(), StoreError> {
        todo!()
    }
    /// A document's kept content.
    pub async fn document_content(&self, id: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        todo!()
    }
    /// A document's metadata.
    pub async fn document(&self, id: DocumentId) -> Result<Option<guichet_domain::document::Document>, StoreError> {
        todo!()
    }
    /// The server's truth of one ticket, without pending operations (for tests and the simulation's comparison).
    pub async fn mirrored_ticket(&self, id: TicketId) -> Result<Option<TicketBundle>, StoreError> {
        todo!()
    }

    // ---- view: reading (screen, command line) -------------------------------------------------------------------------
    /// A page of a list. Answers in milliseconds at a million tickets.
    pub async fn list_tickets(&self, query: &TicketQuery) -> Result<TicketList, StoreError> {
        todo!()
    }
    /// One ticket with everything the screen needs, pending operations included. Follows a local number to the backend's.
    pub async fn ticket(&self, id: TicketId) -> Result<Option<TicketView>, StoreError> {
        todo!()
    }
    /// Searches everything, bounded and ranked.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchResults, StoreError> {
        todo!()
    }
    /// A person's card: record, open tickets, equipment.
    pub async fn person(&self, id: UserId) -> Result<Option<PersonCard>, StoreError> {
        todo!()
    }
    /// People whose name, login, mail or phone digits begin with the words typed (requester picker).
    pub async fn find_people(&self, words: &str, limit: u32) -> Result<Vec<Person>, StoreError> {
        todo!()
    }
    /// Groups, by full name.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        todo!()
    }
    /// An article.
    pub async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError> {
        todo!()
    }
    /// A list's rows by full name, and whether it could be read.
    pub async fn catalogue(&self, kind: CatalogueKind) -> Result<(Vec<CatalogueItem>, Availability), StoreError> {
        todo!()
    }
    /// A piece of equipment.
    pub async fn asset(&self, key: &AssetKey) -> Result<Option<Asset>, StoreError> {
        todo!()
    }
    /// How much is mirrored, for the status bar.
    pub async fn counts(&self) -> Result<MirrorCounts, StoreError> {
        todo!()
    }
}

/// One page to apply, or a set of records fetched out of turn (`collection` `None`: no cursor moves).
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Whose cursor moves; `None` for records fetched out of turn.
    pub collection: Option<Collection>,
    /// The collection's state after this batch.
    pub state: Option<CollectionState>,
    /// What to store.
    pub records: Vec<Record>,
    /// What left.
    pub removals: Vec<Removal>,
}

/// Operations to accept together, in order, on one lane.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The ticket; `None` when the first operation creates one.
    pub lane: Option<TicketId>,
    /// The intents with their identities, in order.
    pub operations: Vec<(OperationId, Operation)>,
    /// The draft they came from, removed in the same transaction.
    pub draft: Option<String>,
}

/// What became of a submission.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The lane, with the local number of a ticket created here.
    pub lane: TicketId,
    /// The entries, in order.
    pub entries: Vec<OutboxEntry>,
    /// What the screen should read again.
    pub changes: ChangeSet,
}
