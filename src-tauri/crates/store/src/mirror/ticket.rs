//! One ticket with everything its screen needs, in one read.

use super::{children, codes::departure_of, lists, people, targets, tickets};
use crate::{
    AttachedDocument, LinkedTicket, NamedGroup, NamedUser, StoreError, TicketView,
    sql::{Columns, json_ids},
};
use guichet_domain::{
    GroupId, UserId,
    asset::{Asset, AssetKey},
    catalogue::{CatalogueKind, CatalogueRef},
    operation::Operation,
    outbox::OutboxEntry,
    record::{Collection, Departure, LinkKind, TicketBundle, TicketLink},
    ticket::{Party, Role},
    timeline::EntryDetail,
    view::overlay,
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// A mirrored ticket with what is known about it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) bundle: TicketBundle,
    pub(crate) departure: Option<Departure>,
    /// Made here from the operation that created it; the server's version has not been read yet.
    pub(crate) provisional: bool,
    /// Everything on it was read at least once.
    pub(crate) bundled: bool,
}

/// Reads a ticket with everything on it.
pub(crate) async fn bundle(connection: &mut SqliteConnection, id: i64) -> Result<Option<Held>, StoreError> {
    let sql = format!(
        "SELECT {}, departure, provisional, bundle_hash IS NOT NULL FROM tickets WHERE id = ?",
        tickets::COLUMNS
    );
    let Some(row) = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?
    else {
        return Ok(None);
    };
    let ticket = tickets::decode(&row)?;
    let mut c = Columns::from(&row, 26);
    let departure = c.opt_int()?.map(departure_of);
    let provisional = c.flag()?;
    let bundled = c.flag()?;
    let parts = children::read(connection, id).await?;
    Ok(Some(Held {
        bundle: TicketBundle {
            ticket,
            actors: parts.actors,
            timeline: parts.timeline,
            documents: parts.documents,
            document_links: parts.document_links,
            ticket_links: parts.ticket_links,
            asset_links: parts.asset_links,
        },
        departure,
        provisional,
        bundled,
    }))
}

/// The ticket as the screen shows it. `pending` are the entries of its lane.
pub(crate) async fn view(
    connection: &mut SqliteConnection,
    id: i64,
    pending: Vec<OutboxEntry>,
    me: Option<UserId>,
) -> Result<Option<TicketView>, StoreError> {
    let held = bundle(connection, id).await?;
    let departure = held.as_ref().and_then(|held| held.departure);
    let local = id < 0;
    let provisional = held.as_ref().is_some_and(|held| held.provisional);
    let bundled = held.as_ref().is_some_and(|held| held.bundled);
    if departure.is_some() && pending.is_empty() {
        return Ok(None);
    }
    let mirrored_timeline = held
        .as_ref()
        .map(|held| held.bundle.timeline.clone())
        .unwrap_or_default();
    let shown = if pending.is_empty() {
        held.map(|held| held.bundle)
    } else {
        overlay(held.map(|held| held.bundle), &pending, me)
    };
    let Some(bundle) = shown else { return Ok(None) };
    let details_read = local
        || provisional
        || bundled
        || super::apply::state(connection, Collection::TicketDetails)
            .await?
            .complete;

    let mut mentioned_users = BTreeSet::new();
    let mut mentioned_groups = BTreeSet::new();
    for row in &bundle.actors {
        match &row.actor.party {
            Party::User { id } => drop(mentioned_users.insert(id.0)),
            Party::Group { id } => drop(mentioned_groups.insert(id.0)),
            Party::Email { .. } => {}
        }
    }
    mentioned_users.extend(bundle.ticket.recorder.map(|user| user.0));
    mentioned_users.extend(
        bundle
            .document_links
            .iter()
            .filter_map(|link| link.author)
            .map(|user| user.0),
    );
    for entry in &mirrored_timeline {
        mentioned_users.extend(entry.author.map(|user| user.0));
        match &entry.detail {
            EntryDetail::Task { assignee, group, .. } => {
                mentioned_users.extend(assignee.map(|user| user.0));
                mentioned_groups.extend(group.map(|group| group.0));
            }
            EntryDetail::Validation { validator, .. } => mentioned_users.extend(validator.map(|user| user.0)),
            EntryDetail::Followup { .. } | EntryDetail::Solution { .. } => {}
        }
    }
    if !pending.is_empty() {
        mentioned_users.extend(me.map(|user| user.0));
    }
    for entry in &pending {
        match &entry.operation {
            Operation::AddTask { assignee, .. } => mentioned_users.extend(assignee.map(|user| user.0)),
            Operation::Assign { actor } | Operation::Unassign { actor } => match &actor.party {
                Party::User { id } => drop(mentioned_users.insert(id.0)),
                Party::Group { id } => drop(mentioned_groups.insert(id.0)),
                Party::Email { .. } => {}
            },
            _ => {}
        }
    }
    let users = named_users(connection, &mentioned_users).await?;
    let groups = named_groups(connection, &mentioned_groups).await?;
    let requester = bundle
        .actors
        .iter()
        .filter(|row| row.actor.role == Role::Requester)
        .find_map(|row| match row.actor.party {
            Party::User { id } => Some(id),
            _ => None,
        });
    let requester = match requester {
        Some(user) => people::card(connection, user).await?,
        None => None,
    };
    let documents = attached(connection, &bundle).await?;
    let links = linked(connection, id, &bundle.ticket_links).await?;
    let mut assets = Vec::new();
    for link in &bundle.asset_links {
        assets.push(
            asset(connection, &link.asset)
                .await?
                .unwrap_or_else(|| unknown_asset(&link.asset)),
        );
    }
    let mut ticket = bundle.ticket;
    for (kind, reference) in [
        (CatalogueKind::Category, &mut ticket.category),
        (CatalogueKind::Entity, &mut ticket.entity),
        (CatalogueKind::Location, &mut ticket.location),
        (CatalogueKind::Channel, &mut ticket.channel),
    ] {
        if let Some(reference) = reference {
            name_reference(connection, kind, reference).await?;
        }
    }
    for sla in &mut ticket.slas {
        name_reference(connection, CatalogueKind::Sla, sla).await?;
    }
    Ok(Some(TicketView {
        ticket,
        actors: bundle.actors.into_iter().map(|row| row.actor).collect(),
        timeline: mirrored_timeline,
        pending,
        documents,
        links,
        assets,
        users,
        groups,
        requester,
        departure,
        details_read,
        target: targets::of(connection, id).await?,
    }))
}

/// The list's own name for a row comes before the one that travelled along; where neither is known it stays `None`.
async fn name_reference(
    connection: &mut SqliteConnection,
    kind: CatalogueKind,
    reference: &mut CatalogueRef,
) -> Result<(), StoreError> {
    let name: Option<String> = sqlx::query_scalar("SELECT name FROM catalogue WHERE kind = ? AND id = ?")
        .bind(super::codes::catalogue_code(kind))
        .bind(reference.id)
        .fetch_optional(connection)
        .await?;
    if name.is_some() {
        reference.name = name;
    }
    Ok(())
}

async fn named_users(connection: &mut SqliteConnection, ids: &BTreeSet<i64>) -> Result<Vec<NamedUser>, StoreError> {
    let rows: Vec<(i64, Option<String>, bool)> = sqlx::query_as(
        "SELECT j.value, p.name, coalesce(p.vip, 0) FROM json_each(?) j LEFT JOIN people p ON p.id = j.value",
    )
    .bind(json_ids(ids))
    .fetch_all(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name, vip)| NamedUser {
            id: UserId(id),
            name,
            vip,
        })
        .collect())
}

async fn named_groups(connection: &mut SqliteConnection, ids: &BTreeSet<i64>) -> Result<Vec<NamedGroup>, StoreError> {
    let rows: Vec<(i64, Option<String>)> =
        sqlx::query_as("SELECT j.value, g.name FROM json_each(?) j LEFT JOIN groups g ON g.id = j.value")
            .bind(json_ids(ids))
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(id, name)| NamedGroup { id: GroupId(id), name })
        .collect())
}

async fn attached(
    connection: &mut SqliteConnection,
    bundle: &TicketBundle,
) -> Result<Vec<AttachedDocument>, StoreError> {
    let ids: BTreeSet<i64> = bundle.documents.iter().map(|document| document.id.0).collect();
    let kept: Vec<i64> = if ids.is_empty() {
        Vec::new()
    } else {
        sqlx::query_scalar("SELECT id FROM document_contents WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(&ids))
            .fetch_all(connection)
            .await?
    };
    let documents: BTreeMap<i64, _> = bundle
        .documents
        .iter()
        .map(|document| (document.id.0, document))
        .collect();
    Ok(bundle
        .document_links
        .iter()
        .filter_map(|link| {
            let document = documents.get(&link.document.0)?;
            Some(AttachedDocument {
                document: (*document).clone(),
                link: link.clone(),
                kept: kept.contains(&link.document.0),
            })
        })
        .collect())
}

/// What this ticket is to the other one.
fn seen_from(link: &TicketLink, id: i64) -> (i64, LinkKind) {
    if link.from.0 == id {
        return (link.to.0, link.kind);
    }
    let kind = match link.kind {
        LinkKind::ChildOf => LinkKind::ParentOf,
        LinkKind::ParentOf => LinkKind::ChildOf,
        // "Is duplicated by" has no name of its own.
        other @ (LinkKind::Related | LinkKind::DuplicateOf) => other,
    };
    (link.from.0, kind)
}

async fn linked(
    connection: &mut SqliteConnection,
    id: i64,
    links: &[TicketLink],
) -> Result<Vec<LinkedTicket>, StoreError> {
    let mut linked = Vec::new();
    for link in links {
        let (other, kind) = seen_from(link, id);
        let row: Option<(String, i64)> = sqlx::query_as("SELECT title, status FROM ticket_view WHERE id = ?")
            .bind(other)
            .fetch_optional(&mut *connection)
            .await?;
        let (title, status) = row.unzip();
        linked.push(LinkedTicket {
            id: other.into(),
            kind,
            title,
            status: status.map(super::codes::status_of),
        });
    }
    Ok(linked)
}

/// A piece of equipment.
pub(crate) async fn asset(connection: &mut SqliteConnection, key: &AssetKey) -> Result<Option<Asset>, StoreError> {
    let record: Option<String> = sqlx::query_scalar("SELECT record FROM assets WHERE kind = ? AND id = ?")
        .bind(&key.kind)
        .bind(key.id)
        .fetch_optional(connection)
        .await?;
    Ok(record.map(|record| serde_json::from_str(&record)).transpose()?)
}

/// Equipment that is linked and not mirrored: its identity is all that is known.
fn unknown_asset(key: &AssetKey) -> Asset {
    Asset {
        key: key.clone(),
        name: String::new(),
        serial: None,
        inventory_number: None,
        user: None,
        location: None,
        entity: None,
        model: None,
        state: None,
        updated_at: None,
    }
}

/// A person's open tickets, newest first.
pub(crate) async fn open_tickets(
    connection: &mut SqliteConnection,
    user: UserId,
    limit: u32,
) -> Result<Vec<crate::TicketRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM ticket_view WHERE id IN (SELECT id FROM ticket_view WHERE id IN \
         (SELECT ticket FROM view_party WHERE role = 1 AND party = 0 AND party_id = ? AND open = 1) \
         ORDER BY opened_at DESC, id DESC LIMIT ?) ORDER BY opened_at DESC, id DESC",
        lists::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(user.0)
        .bind(limit)
        .fetch_all(connection)
        .await?;
    rows.iter().map(lists::decode).collect()
}
