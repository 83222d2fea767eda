//! What a backend hands over: records of every collection, page by page.

use crate::{
    ArticleId, GroupId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::{CatalogueItem, CatalogueKind},
    document::{Document, DocumentLink},
    names::{UnknownName, names},
    people::{Group, Person},
    ticket::{Actor, Ticket},
    timeline::TimelineEntry,
};
use serde::{Deserialize, Serialize};

/// What is mirrored, each with a cursor of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", content = "list", rename_all = "snake_case")]
pub enum Collection {
    /// One of the backend's lists.
    Catalogue(CatalogueKind),
    /// Groups.
    Groups,
    /// People, with their addresses and memberships.
    People,
    /// Tickets: first their own fields newest first, later whole bundles of what changed.
    Tickets,
    /// Actors, timeline, documents and links of tickets already mirrored: the bulk of a first sync, and afterwards the
    /// changes that do not touch the ticket's own date.
    TicketDetails,
    /// Knowledge base.
    Articles,
    /// Equipment.
    Assets,
}

/// A ticket's link to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Related.
    Related,
    /// The first is a duplicate of the second.
    DuplicateOf,
    /// The first is a child of the second.
    ChildOf,
    /// The first is the parent of the second.
    ParentOf,
}

/// A link between two tickets, stored once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TicketLink {
    /// The link's own number at the backend.
    pub id: i64,
    /// First end.
    pub from: TicketId,
    /// Second end.
    pub to: TicketId,
    /// What the first is to the second.
    pub kind: LinkKind,
}

impl TicketLink {
    /// Whether the other link says the same of the same two tickets: a child of its parent is a parent of its child, and
    /// two related tickets are each other's.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        let turned = match self.kind {
            LinkKind::Related => Some(LinkKind::Related),
            LinkKind::ChildOf => Some(LinkKind::ParentOf),
            LinkKind::ParentOf => Some(LinkKind::ChildOf),
            LinkKind::DuplicateOf => None,
        };
        (self.from, self.to, self.kind) == (other.from, other.to, other.kind)
            || turned.is_some_and(|turned| (self.to, self.from, turned) == (other.from, other.to, other.kind))
    }
}

/// An actor's row on a ticket: the row's number is needed to remove it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ActorRow {
    /// The row's own number within its table (people and groups have a table each).
    pub id: i64,
    /// Which ticket.
    pub ticket: TicketId,
    /// Who, as what.
    pub actor: Actor,
}

/// A piece of equipment on a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AssetLink {
    /// The link's own number at the backend.
    pub id: i64,
    /// Which ticket.
    pub ticket: TicketId,
    /// Which equipment.
    pub asset: AssetKey,
}

/// A ticket with all that hangs on it. Applying one **replaces** everything held of that ticket, so that a follow-up
/// deleted at the backend disappears here too, and applying it twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketBundle {
    /// The ticket's own fields.
    pub ticket: Ticket,
    /// Everybody on it.
    pub actors: Vec<ActorRow>,
    /// What happened on it.
    pub timeline: Vec<TimelineEntry>,
    /// Documents referred to by `document_links`.
    pub documents: Vec<Document>,
    /// Where they hang.
    pub document_links: Vec<DocumentLink>,
    /// Links to other tickets, whichever end this one is.
    pub ticket_links: Vec<TicketLink>,
    /// Equipment.
    pub asset_links: Vec<AssetLink>,
}

/// One thing to store. Upserts are idempotent by identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum Record {
    /// A row of a list.
    Catalogue(CatalogueItem),
    /// A group.
    Group(Group),
    /// A person. Replaces addresses and memberships too.
    Person(Box<Person>),
    /// A ticket's own fields; what hangs on it is left as it is.
    Ticket(Box<Ticket>),
    /// A ticket with everything on it, replaced as a whole.
    Bundle(Box<TicketBundle>),
    /// One timeline entry; dropped when its ticket is not mirrored.
    TimelineEntry(Box<TimelineEntry>),
    /// One actor's row; dropped when its ticket is not mirrored.
    Actor(ActorRow),
    /// A document's metadata.
    Document(Document),
    /// A document's place; dropped when its ticket is not mirrored.
    DocumentLink(DocumentLink),
    /// A link between tickets; dropped when neither end is mirrored.
    TicketLink(TicketLink),
    /// Equipment on a ticket; dropped when the ticket is not mirrored.
    AssetLink(AssetLink),
    /// An article.
    Article(Box<Article>),
    /// A piece of equipment.
    Asset(Box<Asset>),
}

/// Which record left, and how.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum RecordKey {
    /// A ticket.
    Ticket(TicketId),
    /// A person.
    Person(UserId),
    /// A group.
    Group(GroupId),
    /// An article.
    Article(ArticleId),
    /// A piece of equipment.
    Asset(AssetKey),
    /// A row of a list.
    Catalogue(CatalogueKind, i64),
}

/// Why a record is not to be shown any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Departure {
    /// In the backend's bin; it may come back.
    Binned,
    /// Deleted for good.
    Purged,
    /// Still there, but this account may not see it any more (rights or entity changed).
    Hidden,
}

/// A record that left.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Removal {
    /// Which.
    pub key: RecordKey,
    /// How.
    pub departure: Departure,
}

names!(LinkKind {
    Related => "related",
    DuplicateOf => "duplicate_of",
    ChildOf => "child_of",
    ParentOf => "parent_of",
});
names!(Departure { Binned => "binned", Purged => "purged", Hidden => "hidden" });
impl Collection {
    /// Every collection, in the order of a first sync: first the lists and groups that tickets point into (they are
    /// small), then the tickets themselves, newest first, so that the window is useful early, then people and the rest.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = CatalogueKind::ALL.into_iter().map(Self::Catalogue).collect();
        all.extend([
            Self::Groups,
            Self::Tickets,
            Self::People,
            Self::TicketDetails,
            Self::Articles,
            Self::Assets,
        ]);
        all
    }

    /// The collection's name: "tickets", "catalogue:category"…
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Catalogue(kind) => format!("catalogue:{kind}"),
            Self::Groups => "groups".to_owned(),
            Self::People => "people".to_owned(),
            Self::Tickets => "tickets".to_owned(),
            Self::TicketDetails => "ticket_details".to_owned(),
            Self::Articles => "articles".to_owned(),
            Self::Assets => "assets".to_owned(),
        }
    }
}

impl std::fmt::Display for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.name())
    }
}

impl std::str::FromStr for Collection {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(kind) = text.strip_prefix("catalogue:") {
            return kind.parse().map(Self::Catalogue);
        }
        match text {
            "groups" => Ok(Self::Groups),
            "people" => Ok(Self::People),
            "tickets" => Ok(Self::Tickets),
            "ticket_details" => Ok(Self::TicketDetails),
            "articles" => Ok(Self::Articles),
            "assets" => Ok(Self::Assets),
            _ => Err(UnknownName {
                given: text.to_owned(),
                known: vec![
                    "groups",
                    "people",
                    "tickets",
                    "ticket_details",
                    "articles",
                    "assets",
                    "catalogue:…",
                ],
            }),
        }
    }
}
