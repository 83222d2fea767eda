//! One ticket with everything on it, by the sub-paths: `/Ticket/:id/<table>` is refused where the ticket itself is, while
//! the tables' own lists give rows of tickets one may not see.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    names::{TICKET_FIELDS, by_expansion},
    read::{Reader, entry_kind},
    wire::{Row, rows},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use guichet_backend::BackendError;
use guichet_domain::{
    TicketId,
    catalogue::CatalogueItem,
    document::{Document, DocumentLink},
    record::{Record, TicketBundle},
    timeline::TimelineEntry,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a sub-path asked for at once; more are fetched page by page.
const SUB_PAGE: u64 = 1000;

/// What one ticket looks like now.
pub(crate) enum Fetched {
    /// All of it.
    Bundle(Box<TicketBundle>),
    /// It is in the bin.
    Binned,
    /// It does not exist (any more).
    Purged,
    /// The account may not see it (any more).
    Hidden,
}

impl GlpiBackend {
    /// One ticket afresh. Its own row is read **first**: what changes while the rest is read moves its date again.
    pub(crate) async fn fetch_ticket(&self, id: TicketId) -> Result<Fetched, BackendError> {
        match self.try_fetch(id).await {
            Ok(fetched) => Ok(fetched),
            Err(Failure::Refused(refusal)) if refusal.is_missing() => Ok(Fetched::Purged),
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() => Ok(Fetched::Hidden),
            Err(other) => Err(other.into()),
        }
    }

    async fn try_fetch(&self, id: TicketId) -> Result<Fetched, Failure> {
        let facts = self.facts().await?;
        let path = format!("Ticket/{id}");
        let query = [crate::client::plain(), ("with_documents", "true".to_owned())];
        let reply = self.client.get(&path, &query).await?;
        let Value::Object(row) = reply.body else {
            return Err(BackendError::Protocol {
                delivery: guichet_backend::Delivery::NotSent,
                message: format!("{path} is not an object"),
            }
            .into());
        };
        let row = Row(row);
        if row.flag("is_deleted") {
            return Ok(Fetched::Binned);
        }
        self.learn_names(std::slice::from_ref(&row)).await?;

        let (users, groups, followups, tasks, solutions, validations, links, assets, tickets) = futures::try_join!(
            self.sub(id, "Ticket_User"),
            self.sub(id, "Group_Ticket"),
            self.sub(id, "ITILFollowup"),
            self.sub(id, "TicketTask"),
            self.sub(id, "ITILSolution"),
            self.sub(id, "TicketValidation"),
            self.sub(id, "Document_Item"),
            self.sub(id, "Item_Ticket"),
            self.sub(id, "Ticket_Ticket"),
        )?;
        let reader = self.reader(&facts);
        let mut timeline: Vec<TimelineEntry> = followups
            .iter()
            .filter_map(|row| reader.followup(row))
            .chain(tasks.iter().filter_map(|row| reader.task(row)))
            .chain(solutions.iter().filter_map(|row| reader.solution(row)))
            .chain(validations.iter().filter_map(|row| reader.validation(row)))
            .filter(|entry| entry.ticket == id)
            .collect();
        timeline.sort_by_key(|entry| (entry.at, entry.key.kind, entry.key.id));
        let actors = users
            .iter()
            .filter_map(|row| reader.user_actor(row))
            .chain(groups.iter().filter_map(|row| reader.group_actor(row)))
            .filter(|actor| actor.ticket == id)
            .collect();
        let (documents, document_links) = self.documents_of(id, &row, &links, &timeline, &reader).await?;
        Ok(Fetched::Bundle(Box::new(TicketBundle {
            ticket: reader.ticket(&row),
            actors,
            timeline,
            documents,
            document_links,
            ticket_links: tickets.iter().filter_map(|row| reader.ticket_link(row)).collect(),
            asset_links: assets.iter().filter_map(|row| reader.asset_link(row)).collect(),
        })))
    }

    /// Rows of a table that hang on a ticket. A table that is refused or unknown on its own counts as empty; a ticket that
    /// went meanwhile shows when its own row is read again.
    pub(crate) async fn sub(&self, ticket: TicketId, table: &str) -> Result<Vec<Row>, Failure> {
        match self
            .client
            .all(&format!("Ticket/{ticket}/{table}"), &[], SUB_PAGE)
            .await
        {
            Ok(rows) => Ok(rows),
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() || refusal.is_unknown_type() => Ok(Vec::new()),
            Err(other) => Err(other),
        }
    }

    /// Documents of a ticket: links on the ticket itself come by its sub-path, links on its entries only as association
    /// numbers in `_documents`, whose place is then asked for one by one.
    async fn documents_of(
        &self,
        id: TicketId,
        ticket: &Row,
        links: &[Row],
        timeline: &[TimelineEntry],
        reader: &Reader<'_>,
    ) -> Result<(Vec<Document>, Vec<DocumentLink>), Failure> {
        let inline: Vec<Row> = ticket.0.get("_documents").cloned().and_then(rows).unwrap_or_default();
        let mut documents: BTreeMap<i64, Document> = inline
            .iter()
            .filter(|row| row.key("id").is_some())
            .map(|row| (row.id(), reader.document(row)))
            .collect();
        let mut found: BTreeMap<i64, DocumentLink> = links
            .iter()
            .filter_map(|row| reader.document_link(row, None))
            .filter(|link| link.ticket == id)
            .map(|link| (link.id, link))
            .collect();

        let on_entries: BTreeSet<i64> = inline
            .iter()
            .filter_map(|row| row.key("assocID"))
            .filter(|assoc| !found.contains_key(assoc))
            .collect();
        let rows: Vec<Option<Row>> = stream::iter(on_entries)
            .map(|assoc| self.optional_item("Document_Item", assoc))
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        let entries: BTreeSet<_> = timeline.iter().map(|entry| entry.key).collect();
        for row in rows.iter().flatten() {
            if let Some(link) = reader.document_link(row, Some(id))
                && (link.entry.is_none() || link.entry.is_some_and(|key| entries.contains(&key)))
            {
                found.insert(link.id, link);
            }
        }

        let unknown: BTreeSet<i64> = found
            .values()
            .map(|link| link.document.0)
            .filter(|id| !documents.contains_key(id))
            .collect();
        let rows: Vec<Option<Row>> = stream::iter(unknown)
            .map(|document| self.optional_item("Document", document))
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        documents.extend(rows.iter().flatten().map(|row| (row.id(), reader.document(row))));
        // A link whose document is refused has nothing to show.
        found.retain(|_, link| documents.contains_key(&link.document.0));
        let linked: BTreeSet<i64> = found.values().map(|link| link.document.0).collect();
        documents.retain(|id, _| linked.contains(id));
        Ok((documents.into_values().collect(), found.into_values().collect()))
    }

    /// A row that may be gone or refused.
    pub(crate) async fn optional_item(&self, table: &str, id: i64) -> Result<Option<Row>, Failure> {
        match self.client.item(table, id).await {
            Ok((row, _)) => Ok(Some(row)),
            Err(Failure::Refused(refusal)) if refusal.is_missing() || refusal.is_forbidden() => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Learns the names of list rows that these tickets point to and that the account may not read, by expansion on as few
    /// of the tickets as it takes. The names come back as records, for the store's own lists.
    pub(crate) async fn learn_names(&self, tickets: &[Row]) -> Result<Vec<Record>, Failure> {
        let mut wanted: BTreeSet<(guichet_domain::catalogue::CatalogueKind, i64)> = BTreeSet::new();
        let mut asked: Vec<i64> = Vec::new();
        for row in tickets {
            let fresh: Vec<_> = TICKET_FIELDS
                .iter()
                .filter_map(|(field, kind)| row.int(field).filter(|id| *id > 0).map(|id| (*kind, id)))
                .filter(|(kind, id)| !wanted.contains(&(*kind, *id)) && self.names.wants(*kind, *id))
                .collect();
            if !fresh.is_empty() {
                wanted.extend(fresh);
                asked.push(row.id());
            }
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let facts = self.facts().await?;
        let expanded: Vec<Option<(Row, Row)>> = stream::iter(asked)
            .map(|id| async move {
                let plain = tickets.iter().find(|row| row.id() == id);
                let query = [crate::client::plain(), ("expand_dropdowns", "true".to_owned())];
                match self.client.get(&format!("Ticket/{id}"), &query).await {
                    Ok(reply) => Ok(match (plain, reply.body) {
                        (Some(plain), Value::Object(row)) => Some((plain.clone(), Row(row))),
                        _ => None,
                    }),
                    Err(Failure::Refused(_)) => Ok(None),
                    Err(Failure::Backend(error)) => Err(Failure::Backend(error)),
                }
            })
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        let mut learned: BTreeMap<_, CatalogueItem> = BTreeMap::new();
        for (plain, named) in expanded.into_iter().flatten() {
            for (field, kind) in TICKET_FIELDS {
                let Some(id) = plain.int(field).filter(|id| *id > 0) else {
                    continue;
                };
                if !self.names.wants(kind, id) {
                    continue;
                }
                let name = named
                    .filled(field)
                    .map(|name| facts.generation.decode(name))
                    // A number instead of a name: the row does not exist, or not even its name may be had.
                    .filter(|name| name.parse::<i64>().is_err() && name != "&nbsp;");
                if let Some(name) = &name {
                    learned.insert((kind, id), by_expansion(kind, id, name));
                }
                self.names.learn(kind, id, name);
            }
        }
        Ok(learned.into_values().map(Record::Catalogue).collect())
    }

    /// The ticket of a timeline entry, for a document that hangs on it.
    pub(crate) async fn ticket_of_entry(&self, itemtype: &str, id: i64) -> Result<Option<TicketId>, Failure> {
        if entry_kind(itemtype).is_none() {
            return Ok(None);
        }
        let Some(row) = self.optional_item(itemtype, id).await? else {
            return Ok(None);
        };
        Ok(match itemtype {
            "TicketTask" | "TicketValidation" => row.key("tickets_id"),
            _ => (row.str("itemtype") == Some("Ticket"))
                .then(|| row.key("items_id"))
                .flatten(),
        }
        .map(TicketId))
    }
}
