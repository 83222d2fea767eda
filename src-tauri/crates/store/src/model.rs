//! What the store is asked and what it answers.

use crate::{GroupHead, Grouping, TicketFilter};
use guichet_domain::{
    ArticleId, DocumentId, GroupId, OperationId, TicketId, UserId,
    asset::Asset,
    call::{Call, Direction},
    catalogue::Availability,
    document::{Attachment, Document, DocumentLink},
    hot_transfer::{HandStep, HotTransfer, Notice},
    operation::Operation,
    outbox::OutboxEntry,
    people::Person,
    record::{Departure, LinkKind},
    ticket::{Level, Status, TicketKind},
    timeline::{Approval, EntryKind},
    triage::Marked,
    wrap_up::{CallBack, Disposition, NoTicket},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, path::PathBuf};

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Where a broken mirror was moved to.
    pub mirror_moved_aside: Option<PathBuf>,
    /// Entries that were in flight when the process ended, now in doubt.
    pub recovered: Vec<OperationId>,
}

/// Words that a restored server lost, accepted once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeated {
    /// The operation that was sent.
    pub was: OperationId,
    /// The one that is sent in its place.
    pub id: OperationId,
    /// Its lane.
    pub lane: TicketId,
}

/// Which reads a change invalidates. Empty sets mean nothing changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ChangeSet {
    /// Tickets whose view changed (above 500 of them, only `lists` is set).
    pub tickets: BTreeSet<TicketId>,
    /// Some list of tickets may look different.
    pub lists: bool,
    /// The outbox changed.
    pub outbox: bool,
    /// People or groups changed.
    pub people: bool,
    /// Articles changed.
    pub articles: bool,
    /// Lists (categories, sites…) changed.
    pub catalogues: bool,
    /// Equipment changed.
    pub assets: bool,
    /// Rows dropped because their ticket is not mirrored.
    #[cfg_attr(feature = "bindings", specta(type = u32))]
    pub dropped: u64,
    /// Local ticket numbers that got the backend's: `(local, remote)`.
    pub renumbered: Vec<(TicketId, TicketId)>,
}

/// How far a collection is read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionState {
    /// The adapter's cursor, opaque here.
    pub cursor: Option<serde_json::Value>,
    /// Read completely at least once.
    pub complete: bool,
    /// Rows of the first reading: done and in all.
    pub progress: Option<(u64, u64)>,
    /// Whether the account may read it.
    pub availability: Availability,
}

impl Default for CollectionState {
    fn default() -> Self {
        Self {
            cursor: None,
            complete: false,
            progress: None,
            availability: Availability::Unknown,
        }
    }
}

/// What a draft is about, and its text as typed. The key is unique: "ticket:4821", "new:1"…
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Draft {
    /// Its key.
    pub key: String,
    /// The ticket it is about, if any; follows a renumbering.
    pub ticket: Option<TicketId>,
    /// What was typed, as the window keeps it (JSON text; the store does not look inside).
    pub body: String,
    /// Files attached to it.
    pub attachments: Vec<Attachment>,
    /// When it was last typed in.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub updated_at: Timestamp,
}

/// A person's way out of an entry that is stuck or not wanted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Resolution {
    /// Try again as it is (wedged; or a queued one that waits, at once). For an undetermined entry: send again.
    Retry,
    /// Try again, changed (wedged or queued).
    Edit {
        /// The operation as it shall be now.
        operation: Box<Operation>,
    },
    /// Give it up (wedged, queued, or in doubt by explicit choice). Entries that depend on it are wedged.
    Discard,
    /// It did arrive (undetermined or in doubt).
    ConfirmSent,
    /// A conflict: keep the value of the backend (the entry is given up).
    TakeTheirs,
    /// A conflict: mine wins (base becomes theirs, queued again).
    TakeMine,
}

/// Counts of the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OutboxCounts {
    /// Accepted, neither sent nor cancelled (includes the two below).
    pub pending: u32,
    /// Waiting for a person.
    pub wedged: u32,
    /// Sent, reply lost, being probed.
    pub in_doubt: u32,
}

/// What is mirrored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MirrorCounts {
    /// Tickets, local ones included.
    pub tickets: u32,
    /// Articles.
    pub articles: u32,
    /// People.
    pub people: u32,
    /// Equipment.
    pub assets: u32,
}

/// A ready-made choice of tickets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Open tickets assigned to me or to one of my groups.
    #[default]
    Mine,
    /// Open tickets nobody has taken up.
    Unassigned,
    /// Every open ticket.
    Open,
    /// Waiting on somebody else.
    Waiting,
    /// Solved, not closed yet.
    Solved,
    /// Everything, the closed included.
    All,
    /// With something pending, wedged or in doubt.
    Pending,
}

/// How a list is sorted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Next target first (time to own while new, else time to resolve), then priority, then oldest. Those without last.
    #[default]
    NextTarget,
    /// Last changed first.
    Updated,
    /// Last opened first.
    Opened,
    /// First opened first.
    Oldest,
    /// Highest priority first.
    Priority,
}

/// Which tickets, in which order, which slice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TicketQuery {
    /// Which.
    pub view: View,
    /// Who "me" is, for `Mine`.
    pub me: Option<UserId>,
    /// Only VIP requesters.
    pub vip_only: bool,
    /// Only of this requester.
    pub requester: Option<UserId>,
    /// In which order.
    pub sort: Sort,
    /// What narrows it further.
    #[serde(default)]
    pub filter: TicketFilter,
    /// In which groups; a list in groups is in the given order within each.
    #[serde(default)]
    pub group: Option<Grouping>,
    /// The heads of the groups are wanted with the rows.
    #[serde(default)]
    pub heads: bool,
    /// The instant that times are reckoned from, the same for all slices of a list.
    #[serde(default)]
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub now: Option<Timestamp>,
    /// How many times the usual work may be done to find rows of a narrowed list (0 is 1): somebody asked to look further.
    #[serde(default)]
    pub depth: u32,
    /// First row, from 0.
    pub offset: u32,
    /// How many rows, at most 500.
    pub limit: u32,
}

/// A ticket's row in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TicketRow {
    /// Number; negative while local.
    pub id: TicketId,
    /// Title.
    pub title: String,
    /// Incident or request.
    pub kind: TicketKind,
    /// Status, pending changes included.
    pub status: Status,
    /// Urgency.
    pub urgency: Level,
    /// Priority.
    pub priority: Level,
    /// First requester's display name, if any.
    pub requester: Option<String>,
    /// First requester.
    pub requester_id: Option<UserId>,
    /// A requester is a VIP.
    pub vip: bool,
    /// First assignee's display name (person, else group).
    pub assignee: Option<String>,
    /// Category's full name.
    pub category: Option<String>,
    /// Site.
    pub location: Option<String>,
    /// Entity.
    pub entity: Option<String>,
    /// When opened.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub opened_at: Timestamp,
    /// When last changed.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub updated_at: Timestamp,
    /// The next target: by the contract where it has one for the ticket, else as the backend computed it.
    pub target: Option<NextTarget>,
    /// Operations waiting to be sent.
    pub pending: u32,
    /// Operations waiting for a person.
    pub wedged: u32,
}

/// A ticket for an export: a list's row and what else a table has of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedTicket {
    /// As the list shows it, pending changes included.
    pub ticket: TicketRow,
    /// How many it hits. This and what follows is what the server said last; nothing for a ticket that is not there yet.
    pub impact: Option<Level>,
    /// How it came.
    pub channel: Option<String>,
    /// When somebody first began to handle it.
    pub taken_up_at: Option<Timestamp>,
    /// When it was solved.
    pub solved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

/// What is known of a ticket for the indicators of a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTicket {
    /// Its number.
    pub id: TicketId,
    /// Incident or request.
    pub kind: TicketKind,
    /// Where it stands.
    pub status: Status,
    /// Urgency.
    pub urgency: Level,
    /// Priority.
    pub priority: Level,
    /// Its category's full name.
    pub category: Option<String>,
    /// The channel it came by.
    pub channel: Option<String>,
    /// A requester is a VIP.
    pub vip: bool,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When somebody first began to handle it.
    pub taken_up_at: Option<Timestamp>,
    /// When it was last solved.
    pub solved_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// It is the duplicate of another one.
    pub duplicate: bool,
    /// Who asked.
    pub requesters: Vec<UserId>,
    /// Groups that it is assigned to.
    pub groups: Vec<GroupId>,
    /// What was written, by time.
    pub entries: Vec<KnownEntry>,
    /// Where its escalation stood, by time.
    pub markers: Vec<Marked>,
}

/// An entry of a ticket's timeline, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownEntry {
    /// Which kind.
    pub kind: EntryKind,
    /// The instant it tells of.
    pub at: Timestamp,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// Hidden from the requester.
    pub private: bool,
    /// What the requester said of a solution, and when.
    pub answer: Option<(Approval, Option<Timestamp>)>,
}

/// A part of them, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownTickets {
    /// The tickets.
    pub rows: Vec<KnownTicket>,
    /// The next part begins after this one; `None`: there is no more.
    pub last: Option<TicketId>,
}

/// A part of the tickets that are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedTickets {
    /// In the order of their numbers.
    pub rows: Vec<ExportedTicket>,
    /// The next part begins after this one; `None`: there is no more.
    pub last: Option<TicketId>,
}

/// A part of the equipment that is exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedAssets {
    /// Each with the name of whose it is, where that is known.
    pub rows: Vec<(Asset, Option<String>)>,
    /// The next part begins after this place; `None`: there is no more.
    pub last: Option<i64>,
}

/// A part of the documents that are exported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedDocuments {
    /// In the order of their numbers.
    pub rows: Vec<Document>,
    /// The next part begins after this one; `None`: there is no more.
    pub last: Option<DocumentId>,
}

/// A target's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Take it up.
    Own,
    /// Escalate it, if it is to be escalated.
    Escalate,
    /// Resolve it.
    Resolve,
}

/// A ticket's next target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NextTarget {
    /// What is to be done.
    pub kind: TargetKind,
    /// By when; nothing while the contract's clock stands still.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub due: Option<Timestamp>,
    /// The contract's clock; nothing where the date is the backend's own.
    pub clock: Option<TargetClock>,
}

/// How the contract counts the time until a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TargetClock {
    /// Which indicator of the contract asks for it.
    pub indicator: String,
    /// Which calendar of the contract it runs by.
    pub calendar: u32,
    /// From when on little is left; nothing while the clock stands still.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub soon_at: Option<Timestamp>,
    /// Seconds of service time left while the clock stands still (the ticket waits on somebody else), negative when late; nothing
    /// while it runs.
    pub paused_left_s: Option<i32>,
}

/// An open ticket, for the contract's clock: what is known of it, and how it stands with what waits in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenTicket {
    /// What the server is known to have. Its facts (kind, urgency, priority, category, VIP mark) have pending changes in them.
    pub known: KnownTicket,
    /// Its status, pending changes included.
    pub status: Status,
    /// Nobody has it, pending changes included.
    pub unassigned: bool,
}

/// A slice of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TicketList {
    /// The rows asked for.
    pub rows: Vec<TicketRow>,
    /// How many there are in all, or were found when `more`.
    pub total: u32,
    /// There may be more than `total`: not everything was looked at. What was found comes first in the list's order, unless
    /// it was found by words of the title, which finds the newest tickets first.
    pub more: bool,
    /// The groups in order, where they were asked for.
    pub groups: Vec<GroupHead>,
}

/// Which articles to list, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ArticleQuery {
    /// Only those of this category.
    pub category: Option<i64>,
    /// First row.
    pub offset: u32,
    /// At most this many.
    pub limit: u32,
}

/// An article as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ArticleRow {
    /// Which.
    pub id: ArticleId,
    /// Title or question.
    pub title: String,
    /// How its text begins, plain.
    pub excerpt: String,
    /// Open to users (FAQ).
    pub faq: bool,
    /// When the backend last changed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub updated_at: Option<Timestamp>,
}

/// A slice of the knowledge base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ArticleList {
    /// The rows asked for.
    pub rows: Vec<ArticleRow>,
    /// How many there are in all.
    pub total: u32,
}

/// A category of the knowledge base that holds something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ArticleCategory {
    /// Which.
    pub id: i64,
    /// Full name; `None` where the account may not read it.
    pub name: Option<String>,
    /// How many articles.
    pub articles: u32,
}

/// Names for the identities that a ticket's parts point to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NamedUser {
    /// Who.
    pub id: UserId,
    /// Display name; `None` when the person is not mirrored (unavailable, not empty).
    pub name: Option<String>,
    /// Is a VIP.
    pub vip: bool,
}

/// A name for a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NamedGroup {
    /// Which.
    pub id: guichet_domain::GroupId,
    /// Full name; `None` when not mirrored.
    pub name: Option<String>,
}

/// A linked ticket in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LinkedTicket {
    /// The other ticket.
    pub id: TicketId,
    /// What this ticket is to it.
    pub kind: LinkKind,
    /// Its title, if mirrored.
    pub title: Option<String>,
    /// Its status, if mirrored.
    pub status: Option<Status>,
}

/// A document on a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AttachedDocument {
    /// Its metadata.
    pub document: Document,
    /// Its place.
    pub link: DocumentLink,
    /// Its content is kept here.
    pub kept: bool,
}

/// Everything one ticket's screen needs, in one read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TicketView {
    /// The ticket with pending operations applied: fields, actors, timeline (pending entries have key id 0 and are listed in
    /// `pending` instead).
    pub ticket: guichet_domain::ticket::Ticket,
    /// Everybody on it.
    pub actors: Vec<guichet_domain::ticket::Actor>,
    /// The timeline as the server has it, oldest first.
    pub timeline: Vec<guichet_domain::timeline::TimelineEntry>,
    /// Pending entries of its lane, in order; the window shows them dashed at the timeline's end.
    pub pending: Vec<OutboxEntry>,
    /// Documents with their place.
    pub documents: Vec<AttachedDocument>,
    /// Linked tickets.
    pub links: Vec<LinkedTicket>,
    /// Equipment on it; `None` name where not mirrored.
    pub assets: Vec<Asset>,
    /// Names of everybody it mentions (actors, authors, assignees; the account, when something of it is pending).
    pub users: Vec<NamedUser>,
    /// Names of every group it mentions.
    pub groups: Vec<NamedGroup>,
    /// First requester's card.
    pub requester: Option<PersonCard>,
    /// It left the server (bin, purge, rights), but something of ours still hangs on it.
    pub departure: Option<Departure>,
    /// Its timeline and actors have been read (false early in a first sync).
    pub details_read: bool,
    /// Its next target, as its row in lists has it.
    pub target: Option<NextTarget>,
}

/// A person as the third column shows them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PersonCard {
    /// The record.
    pub person: Person,
    /// Their open tickets, newest first, at most 20.
    pub open_tickets: Vec<TicketRow>,
    /// Their equipment, at most 20.
    pub assets: Vec<Asset>,
}

/// Somewhere in the map of places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PlaceNode {
    /// Above every place.
    Top,
    /// A site or a room.
    Place {
        /// Its number.
        id: i64,
    },
    /// Where whoever has no place is, and what stands nowhere and is nobody's.
    Nowhere,
    /// A person.
    Person {
        /// Who.
        id: UserId,
    },
}

/// A slice of the map of places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PlaceQuery {
    /// What is directly in this.
    pub within: PlaceNode,
    /// First row, from 0.
    pub offset: u32,
    /// How many rows, at most 500.
    pub limit: u32,
}

/// What is in a place, in this order: places by name, people by name (switched-off accounts last), equipment by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PlaceRow {
    /// A place, with what is at it and anywhere below it.
    Place {
        /// Its number.
        id: i64,
        /// Own name; the full one where its parents are not above it; `None` when the account may not read it.
        name: Option<String>,
        /// Places below it.
        places: u32,
        /// People there whose account is not switched off.
        people: u32,
        /// Equipment there that is nobody's.
        assets: u32,
    },
    /// Those without a place; last at the top.
    Nowhere {
        /// People.
        people: u32,
        /// Equipment that is nobody's.
        assets: u32,
    },
    /// A person at the place.
    Person {
        /// Who.
        id: UserId,
        /// Display name.
        name: String,
        /// Is a VIP.
        vip: bool,
        /// The account is not switched off.
        active: bool,
        /// Pieces of equipment that are theirs.
        assets: u32,
    },
    /// Equipment: the person's, or at the place and nobody's.
    Asset {
        /// Which.
        key: guichet_domain::asset::AssetKey,
        /// Name.
        name: String,
        /// Manufacturer and model, where known.
        model: Option<String>,
    },
}

/// A slice of what is in a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PlaceLevel {
    /// The rows asked for.
    pub rows: Vec<PlaceRow>,
    /// How many there are in all.
    pub total: u32,
    /// Whether the list of places could be read…
    pub places: guichet_domain::catalogue::Availability,
    /// …and people…
    pub people: guichet_domain::catalogue::Availability,
    /// …and equipment. What could not is unavailable, which is not the same as none.
    pub assets: guichet_domain::catalogue::Availability,
}

/// Something found in the map of places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PlaceHit {
    /// What; a place under its full name, without its counts.
    pub row: PlaceRow,
    /// The way to it from the top.
    pub way: Vec<PlaceNode>,
    /// Where it is, or whose, in words; `None` for a place, and where it is not known.
    pub at: Option<String>,
}

/// Tickets that lie around another, open ones first, newest first, at most 8 of each sort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AroundTicket {
    /// The first requester's others.
    pub same_requester: Vec<TicketRow>,
    /// Those of the same equipment.
    pub same_asset: Vec<TicketRow>,
}

/// A ticket being written, as far as it is compared with others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewTicketWords {
    /// Who asks, once known.
    pub requester: Option<UserId>,
    /// Its title as typed so far.
    pub title: String,
}

/// What is known that may matter to a ticket being written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AroundNew {
    /// Tickets it may repeat, the likeliest first, at most 5.
    pub similar: Vec<SimilarTicket>,
    /// The category its words suggest.
    pub category: Option<CategoryGuess>,
}

/// A ticket that one being written may repeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SimilarTicket {
    /// Its row.
    pub row: TicketRow,
    /// The same person asks.
    pub same_requester: bool,
    /// Words of the title that are in its title too.
    pub words: u32,
}

/// A category guessed from words, with what the guess rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CategoryGuess {
    /// Which category.
    pub category: i64,
    /// Its full name.
    pub name: String,
    /// The words that lead to it as typed, the surest first: two or more, or one that is very sure.
    pub words: Vec<String>,
    /// Tickets with one of those words in their title that are in it…
    pub tickets: u32,
    /// …of so many with one of those words and a category, among the newest.
    pub of: u32,
}

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum HitKind {
    /// A ticket (its title, description or timeline).
    Ticket,
    /// An article.
    Article,
    /// A person.
    Person,
    /// A piece of equipment.
    Asset,
}

/// What is searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SearchQuery {
    /// Words as typed; the last one may be unfinished. "#123" finds the ticket of that number.
    pub text: String,
    /// Only these; empty: everything.
    pub kinds: Vec<HitKind>,
    /// At most this many hits a kind.
    pub limit: u32,
}

/// One hit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Hit {
    /// What it is.
    pub kind: HitKind,
    /// Its number (an asset's within its type).
    pub id: i64,
    /// An asset's type; empty otherwise.
    pub asset_kind: String,
    /// Title or name.
    pub title: String,
    /// An excerpt around the words, plain text, with `\u{2}` before and `\u{3}` after each match.
    pub snippet: String,
    /// A ticket's status.
    pub status: Option<Status>,
    /// A VIP, or a VIP's ticket.
    pub vip: bool,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SearchResults {
    /// Hits, grouped by kind in the order tickets, people, articles, equipment; best first within each.
    pub hits: Vec<Hit>,
    /// How long the database took.
    #[cfg_attr(feature = "bindings", specta(type = u32))]
    pub elapsed_ms: f64,
}

/// A call of the journal, with what the technician made of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct JournalCall {
    /// What the PBX told.
    pub call: Call,
    /// It concerned the desk's own telephone.
    pub mine: bool,
    /// Who the caller is, where somebody said so or the number is one person's.
    pub person: Option<UserId>,
    /// The ticket it is about.
    pub ticket: Option<TicketId>,
    /// Notes as typed.
    pub note: String,
    /// What became of it, once the wrap-up is done.
    pub disposition: Option<Disposition>,
    /// Why it has no ticket, where it has none.
    pub no_ticket: Option<WithoutTicket>,
    /// When the wrap-up was done.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub closed_at: Option<Timestamp>,
}

impl JournalCall {
    /// A call that nobody has noted anything of.
    #[must_use]
    pub fn of(call: Call, mine: bool) -> Self {
        Self {
            call,
            mine,
            person: None,
            ticket: None,
            note: String::new(),
            disposition: None,
            no_ticket: None,
            closed_at: None,
        }
    }
}

/// A call-back as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct KeptCallBack {
    /// Whom, by whom, by when.
    pub call_back: CallBack,
    /// Who the caller is, where the journal knows.
    pub person: Option<UserId>,
    /// When it was done.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub done_at: Option<Timestamp>,
}

/// A hot transfer as it is kept, with what of it was handed on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptTransfer {
    /// The machine.
    pub transfer: HotTransfer,
    /// How many lines of its trace are in the outbox: the first so many.
    #[serde(default)]
    pub handed: u16,
    /// The task of its call-back is there too.
    #[serde(default)]
    pub called_back: bool,
    /// What the technician is to do on his telephone now, and whom of the roster it is about.
    #[serde(default)]
    pub hand_step: Option<(HandStep, Option<u32>)>,
    /// What he was told last.
    #[serde(default)]
    pub notice: Option<Notice>,
}

/// Why a call has no ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct WithoutTicket {
    /// The reason.
    pub reason: NoTicket,
    /// In words, where the reason is another one.
    pub words: String,
}

/// Which calls of the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct JournalQuery {
    /// Begun at this instant or later.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub from: Option<Timestamp>,
    /// Begun before this instant.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub to: Option<Timestamp>,
    /// Who called whom.
    pub direction: Option<Direction>,
    /// Somebody answered, or nobody did (yet).
    pub answered: Option<bool>,
    /// Through this queue.
    pub queue: Option<String>,
    /// Of this person.
    pub person: Option<UserId>,
    /// About this ticket.
    pub ticket: Option<TicketId>,
    /// Letters or digits within number, names, queue or note; accents and case do not count.
    pub words: String,
    /// Only one's own calls that are over and whose wrap-up is still to be done.
    pub to_close: bool,
    /// How many to leave out.
    pub offset: u32,
    /// How many at most (500 are never exceeded).
    pub limit: u32,
}

/// A slice of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct JournalPage {
    /// Newest first.
    pub rows: Vec<JournalCall>,
    /// Of everything asked for, not of the slice.
    pub numbers: CallNumbers,
}

/// How calls were answered (R3.3). A call still under way is in none but `all` and `outgoing`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CallNumbers {
    /// Calls in all.
    pub all: u32,
    /// Calls that came in.
    pub offered: u32,
    /// Of them, answered by somebody.
    pub answered: u32,
    /// Of them, within 20 seconds from the queue (else from the first ring).
    pub answered_promptly: u32,
    /// Offered, and nobody answered.
    pub abandoned: u32,
    /// Calls made.
    pub outgoing: u32,
    /// Mean wait of those answered, in seconds.
    pub mean_wait_s: Option<u32>,
    /// Mean time from answer to end, in seconds.
    pub mean_talk_s: Option<u32>,
}

/// Which of what only this desk keeps is old enough to be deleted: what ended before each instant; `None`: nothing of that kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Purge {
    /// Calls that are wrapped up, with their transfers and call-backs.
    pub calls: Option<Timestamp>,
    /// Operations that were sent or given up, with their files.
    pub sent: Option<Timestamp>,
    /// Alerts that are over.
    pub alerts: Option<Timestamp>,
    /// Notable events, and rooms that are closed.
    pub events: Option<Timestamp>,
    /// Consents and remote sessions.
    pub consents: Option<Timestamp>,
    /// Lines of the audit log.
    pub audit: Option<Timestamp>,
}

/// What a purge deleted of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    /// Which kind, as the audit log names it.
    pub subject: &'static str,
    /// How many.
    pub rows: u64,
}
