//! Builders of records for the store's tests.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_domain::{
    DocumentId, GroupId, OperationId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::{CatalogueItem, CatalogueKind, CatalogueRef},
    document::{Document, DocumentLink},
    operation::{NewTicket, Operation},
    people::{Group, Person},
    phone::PhoneNumber,
    record::{ActorRow, AssetLink, Record, Removal, TicketBundle},
    rich_text::{Block, Inline, RichText},
    ticket::{Actor, Level, Party, Role, Status, Ticket, TicketKind},
    timeline::{EntryDetail, EntryKey, EntryKind, TimelineEntry},
};
use guichet_store::{Batch, DataKey, Sort, Store, Submission, TicketQuery, View};
use jiff::Timestamp;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;

/// The key of every desk of these tests.
pub static KEY: DataKey = DataKey::from_bytes([7; 32]);

/// A database's file as another tool would open it: with the key once it is encrypted, without where it is not (or not there).
pub fn raw_options(path: &Path) -> SqliteConnectOptions {
    let options = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let start = std::fs::read(path).unwrap_or_default();
    if start.is_empty() || start.starts_with(b"SQLite format 3\0") {
        return options;
    }
    let key: String = KEY.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    options.pragma("key", format!("\"x'{key}'\""))
}

/// Noon of a day, plus seconds.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_763_812_800 + seconds).unwrap()
}

pub fn rich(text: &str) -> RichText {
    RichText {
        blocks: vec![Block::Paragraph {
            content: vec![Inline::Text { text: text.to_owned() }],
        }],
    }
}

pub fn ticket(id: i64, title: &str) -> Ticket {
    Ticket {
        id: TicketId(id),
        title: title.to_owned(),
        description: rich(&format!("Description de {title}")),
        kind: TicketKind::Incident,
        status: Status::Assigned,
        urgency: Level(3),
        impact: Level(3),
        priority: Level(3),
        category: None,
        entity: None,
        location: None,
        channel: None,
        recorder: Some(UserId(2)),
        opened_at: at(id),
        updated_at: at(id + 10),
        solved_at: None,
        closed_at: None,
        taken_up_at: None,
        time_to_own: None,
        time_to_resolve: Some(at(id + 3600)),
        slas: Vec::new(),
        external_id: None,
    }
}

pub fn reference(id: i64, name: &str) -> CatalogueRef {
    CatalogueRef {
        id,
        name: Some(name.to_owned()),
    }
}

pub fn user(role: Role, id: i64) -> Actor {
    Actor {
        role,
        party: Party::User { id: UserId(id) },
    }
}

pub fn group(role: Role, id: i64) -> Actor {
    Actor {
        role,
        party: Party::Group { id: GroupId(id) },
    }
}

pub fn actor(id: i64, ticket: i64, actor: Actor) -> ActorRow {
    ActorRow {
        id,
        ticket: TicketId(ticket),
        actor,
    }
}

pub fn followup(id: i64, ticket: i64, text: &str) -> TimelineEntry {
    TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Followup,
            id,
        },
        ticket: TicketId(ticket),
        author: Some(UserId(2)),
        at: at(id),
        updated_at: at(id),
        body: rich(text),
        private: false,
        detail: EntryDetail::Followup { channel: None },
    }
}

pub fn bundle(ticket: Ticket) -> TicketBundle {
    let id = ticket.id.0;
    TicketBundle {
        ticket,
        actors: vec![
            actor(id * 10, id, user(Role::Requester, 7)),
            actor(id * 10 + 1, id, user(Role::Assigned, 2)),
            actor(id * 10, id, group(Role::Assigned, 5)),
        ],
        timeline: vec![
            followup(id * 10, id, "Premier suivi"),
            followup(id * 10 + 1, id, "Second suivi"),
        ],
        documents: vec![Document {
            id: DocumentId(id),
            name: "Capture".to_owned(),
            filename: "capture.png".to_owned(),
            mime: Some("image/png".to_owned()),
            sha1: Some("0".repeat(40)),
            updated_at: None,
        }],
        document_links: vec![DocumentLink {
            id,
            document: DocumentId(id),
            ticket: TicketId(id),
            entry: Some(EntryKey {
                kind: EntryKind::Followup,
                id: id * 10,
            }),
            author: Some(UserId(2)),
            at: Some(at(id)),
        }],
        ticket_links: Vec::new(),
        asset_links: vec![AssetLink {
            id,
            ticket: TicketId(id),
            asset: asset_key(1),
        }],
    }
}

pub fn asset_key(id: i64) -> AssetKey {
    AssetKey {
        kind: "Computer".to_owned(),
        id,
    }
}

pub fn asset(id: i64, name: &str) -> Asset {
    Asset {
        key: asset_key(id),
        name: name.to_owned(),
        serial: Some(format!("SN{id:05}")),
        inventory_number: Some(format!("INV-{id}")),
        user: Some(UserId(7)),
        location: None,
        entity: None,
        model: Some("Latitude 5440".to_owned()),
        state: None,
        updated_at: None,
    }
}

pub fn person(id: i64, first: &str, last: &str) -> Person {
    Person {
        id: UserId(id),
        login: format!("{}{id}", last.to_lowercase()),
        first_name: first.to_owned(),
        last_name: last.to_owned(),
        phones: vec![PhoneNumber {
            raw: format!("01 46 58 {:02} {:02}", id / 100 % 100, id % 100),
            e164: Some(format!("+3314658{:04}", id % 10_000)),
            digits: format!("014658{:04}", id % 10_000),
        }],
        emails: vec![format!("{}.{}@exemple.fr", first.to_lowercase(), last.to_lowercase())],
        location: None,
        category: None,
        title: None,
        groups: Vec::new(),
        active: true,
        vip: false,
        updated_at: None,
    }
}

pub fn team(id: i64, name: &str) -> Group {
    Group {
        id: GroupId(id),
        name: name.to_owned(),
        full_name: format!("DSI > {name}"),
        assignable: true,
        vip: false,
    }
}

pub fn item(kind: CatalogueKind, id: i64, name: &str) -> CatalogueItem {
    CatalogueItem {
        kind,
        id,
        name: name.to_owned(),
        full_name: name.to_owned(),
        parent: None,
        body: None,
        by_expansion: false,
    }
}

pub fn article(id: i64, title: &str, body: &str) -> Article {
    Article {
        id: id.into(),
        title: title.to_owned(),
        body: rich(body),
        categories: Vec::new(),
        faq: false,
        updated_at: None,
    }
}

pub fn batch(records: Vec<Record>) -> Batch {
    Batch {
        records,
        ..Batch::default()
    }
}

pub fn removals(removals: Vec<Removal>) -> Batch {
    Batch {
        removals,
        ..Batch::default()
    }
}

pub fn bundled(bundle: TicketBundle) -> Record {
    Record::Bundle(Box::new(bundle))
}

pub fn say(text: &str) -> Operation {
    Operation::AddFollowup {
        body: rich(text),
        private: false,
    }
}

pub fn create(title: &str) -> Operation {
    Operation::CreateTicket {
        ticket: Box::new(NewTicket {
            title: title.to_owned(),
            description: rich("Demande prise au téléphone"),
            kind: TicketKind::Request,
            urgency: Level(3),
            impact: Level(3),
            category: None,
            location: None,
            channel: None,
            entity: None,
            actors: vec![user(Role::Requester, 7)],
            assets: Vec::new(),
        }),
    }
}

pub fn on(lane: i64, operations: Vec<Operation>) -> Submission {
    Submission {
        lane: Some(TicketId(lane)),
        operations: operations
            .into_iter()
            .map(|operation| (OperationId::new(), operation))
            .collect(),
        draft: None,
        hold: std::time::Duration::ZERO,
    }
}

pub fn new(operations: Vec<Operation>) -> Submission {
    Submission {
        lane: None,
        ..on(0, operations)
    }
}

pub fn query(view: View, sort: Sort) -> TicketQuery {
    TicketQuery {
        view,
        sort,
        limit: 100,
        ..TicketQuery::default()
    }
}

pub async fn memory() -> Store {
    Store::in_memory(at(0)).await.unwrap()
}
