//! What a store makes of pages, kept in memory.

use crate::{Backend, Cursor, Page};
use guichet_domain::{
    DocumentId, TicketId,
    document::Document,
    record::{Collection, Record, RecordKey, TicketBundle},
    ticket::Ticket,
};
use std::collections::BTreeMap;

/// What the pages applied so far say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mirror {
    /// Tickets with everything on them, [`sorted`].
    pub tickets: BTreeMap<TicketId, TicketBundle>,
    /// Records of the other collections.
    pub others: BTreeMap<RecordKey, Record>,
    documents: BTreeMap<DocumentId, Document>,
}

impl Mirror {
    /// Reads a collection from where `cursor` stands until nothing more is waiting. Every page is applied twice, and every
    /// cursor goes through what a store would write of it.
    ///
    /// # Panics
    /// When the reading fails, never ends or is not complete at its end.
    pub async fn read(&mut self, backend: &dyn Backend, collection: Collection, cursor: Option<&Cursor>) -> Cursor {
        let mut cursor = cursor.cloned();
        for _ in 0..1000 {
            let page = backend.pull(collection, cursor.as_ref()).await.unwrap();
            let stored = serde_json::to_string(&page.cursor).unwrap();
            let next: Cursor = serde_json::from_str(&stored).unwrap();
            let (more, complete) = (page.more, page.complete);
            if let Some((done, total)) = page.progress {
                assert!(done <= total, "{collection}: {done} of {total}");
            }
            self.apply(page.clone());
            self.apply(page);
            if !more {
                assert!(complete, "{collection} is not complete");
                return next;
            }
            cursor = Some(next);
        }
        panic!("{collection} never ends");
    }

    /// Applies a page.
    pub fn apply(&mut self, page: Page) {
        for record in page.records {
            self.put(record);
        }
        for removal in page.removals {
            if let RecordKey::Ticket(ticket) = removal.key {
                self.tickets.remove(&ticket);
            } else {
                self.others.remove(&removal.key);
            }
        }
    }

    /// Numbers of what it holds of a collection, ascending.
    #[must_use]
    pub fn ids(&self, collection: Collection) -> Vec<i64> {
        if collection == Collection::Tickets {
            return self.tickets.keys().map(|id| id.0).collect();
        }
        let number = |key: &RecordKey| match (collection, key) {
            (Collection::Groups, RecordKey::Group(id)) => Some(id.0),
            (Collection::People, RecordKey::Person(id)) => Some(id.0),
            (Collection::Articles, RecordKey::Article(id)) => Some(id.0),
            _ => None,
        };
        self.others.keys().filter_map(number).collect()
    }

    fn put(&mut self, record: Record) {
        let key = match &record {
            Record::Group(group) => RecordKey::Group(group.id),
            Record::Person(person) => RecordKey::Person(person.id),
            Record::Article(article) => RecordKey::Article(article.id),
            Record::Asset(asset) => RecordKey::Asset(asset.key.clone()),
            Record::Catalogue(item) => RecordKey::Catalogue(item.kind, item.id),
            _ => return self.put_of_ticket(record),
        };
        self.others.insert(key, record);
    }

    /// A ticket or a part of one. Parts of tickets that it does not hold are passed over: lists may tell more than the
    /// account sees.
    fn put_of_ticket(&mut self, record: Record) {
        let tickets = &mut self.tickets;
        match record {
            Record::Bundle(bundle) => {
                tickets.insert(bundle.ticket.id, sorted(*bundle));
            }
            Record::Ticket(ticket) => match tickets.get_mut(&ticket.id) {
                Some(bundle) => bundle.ticket = *ticket,
                None => {
                    tickets.insert(ticket.id, bare(*ticket));
                }
            },
            Record::TimelineEntry(entry) => {
                if let Some(bundle) = tickets.get_mut(&entry.ticket) {
                    put(&mut bundle.timeline, *entry, |entry| entry.key);
                }
            }
            Record::Actor(row) => {
                if let Some(bundle) = tickets.get_mut(&row.ticket) {
                    put(&mut bundle.actors, row, |row| (row.actor.party.clone(), row.id));
                }
            }
            Record::Document(document) => {
                self.documents.insert(document.id, document);
            }
            Record::DocumentLink(link) => {
                if let Some(bundle) = tickets.get_mut(&link.ticket) {
                    if let Some(document) = self.documents.get(&link.document) {
                        put(&mut bundle.documents, document.clone(), |document| document.id);
                    }
                    put(&mut bundle.document_links, link, |link| link.id);
                }
            }
            Record::TicketLink(link) => {
                for end in [link.from, link.to] {
                    if let Some(bundle) = tickets.get_mut(&end) {
                        put(&mut bundle.ticket_links, link, |link| link.id);
                    }
                }
            }
            Record::AssetLink(link) => {
                if let Some(bundle) = tickets.get_mut(&link.ticket) {
                    put(&mut bundle.asset_links, link, |link| link.id);
                }
            }
            other => panic!("not of a ticket: {other:?}"),
        }
    }
}

fn bare(ticket: Ticket) -> TicketBundle {
    TicketBundle {
        ticket,
        actors: Vec::new(),
        timeline: Vec::new(),
        documents: Vec::new(),
        document_links: Vec::new(),
        ticket_links: Vec::new(),
        asset_links: Vec::new(),
    }
}

/// Replaces the row of the same key, or adds it where it belongs.
fn put<T, K: Ord>(rows: &mut Vec<T>, row: T, key: impl Fn(&T) -> K) {
    match rows.binary_search_by_key(&key(&row), &key) {
        Ok(at) => rows[at] = row,
        Err(at) => rows.insert(at, row),
    }
}

/// The same ticket with its rows in one order, so that two readings can be compared.
#[must_use]
pub fn sorted(mut bundle: TicketBundle) -> TicketBundle {
    bundle.actors.sort_by_key(|row| (row.actor.party.clone(), row.id));
    bundle.timeline.sort_by_key(|entry| entry.key);
    bundle.documents.sort_by_key(|document| document.id);
    bundle.documents.dedup();
    bundle.document_links.sort_by_key(|link| link.id);
    bundle.ticket_links.sort_by_key(|link| link.id);
    bundle.asset_links.sort_by_key(|link| link.id);
    bundle
}
