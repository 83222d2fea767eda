//! The view's rows: one flat row a ticket, mirror plus pending operations.
//!
//! Tickets without pending operations are computed by SQL, many at a time; those with some go through the domain's overlay.
//! Both ways give the same row for a ticket without pending operations (tested).

use super::{
    Effects,
    codes::{kind_code, role_code, status_code},
    targets, ticket, tickets,
};
use crate::{
    StoreError,
    sql::{Val, bulk, json_ids, micros},
};
use guichet_domain::{
    UserId,
    outbox::{EntryState, OutboxEntry},
    record::TicketBundle,
    ticket::{Party, Role, Status, Ticket},
    view::overlay,
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Pending entries by lane.
pub(crate) type Pending = BTreeMap<i64, Vec<OutboxEntry>>;

/// Rows computed at once by SQL.
const CHUNK: usize = 2000;

const COLUMNS: &str = "id, title, kind, status, urgency, priority, open, unassigned, vip, requester_id, requester_group, \
    requester_text, assignee_id, assignee_group, assignee_text, category_id, category_text, location_id, location_text, \
    entity_id, entity_text, opened_at, updated_at, next_key, next_kind, pending, wedged";
const WIDTH: usize = 27;

const ON_CONFLICT: &str = "ON CONFLICT(id) DO UPDATE SET title = excluded.title, kind = excluded.kind, \
    status = excluded.status, urgency = excluded.urgency, priority = excluded.priority, open = excluded.open, \
    unassigned = excluded.unassigned, vip = excluded.vip, requester_id = excluded.requester_id, \
    requester_group = excluded.requester_group, requester_text = excluded.requester_text, \
    assignee_id = excluded.assignee_id, assignee_group = excluded.assignee_group, assignee_text = excluded.assignee_text, \
    category_id = excluded.category_id, category_text = excluded.category_text, location_id = excluded.location_id, \
    location_text = excluded.location_text, entity_id = excluded.entity_id, entity_text = excluded.entity_text, opened_at = excluded.opened_at, updated_at = excluded.updated_at, \
    next_key = excluded.next_key, next_kind = excluded.next_kind, pending = excluded.pending, wedged = excluded.wedged";

/// The first requester is a person if there is one, else an address, else a group; the same for the assignee.
const ACTORS: &str = "LEFT JOIN actors r ON r.rid = (SELECT rid FROM actors WHERE ticket = t.id AND role = 1 ORDER BY party, id LIMIT 1) \
    LEFT JOIN actors a ON a.rid = (SELECT rid FROM actors WHERE ticket = t.id AND role = 2 ORDER BY party, id LIMIT 1)";
const REQUESTER: &str = "iif(r.party = 0, r.party_id, NULL), iif(r.party = 2, r.party_id, NULL), r.address";
const ASSIGNEE: &str = "iif(a.party = 0, a.party_id, NULL), iif(a.party = 2, a.party_id, NULL), a.address";
/// A ticket's next target, for lists to be sorted by: the contract's, else the backend's own (to be taken up while it is new, else to
/// be resolved); none once solved.
fn next_key() -> String {
    format!(
        "coalesce(CASE WHEN t.status >= 5 THEN NULL ELSE coalesce((SELECT {} FROM targets x WHERE x.ticket = t.id), \
         CASE WHEN t.status = 1 AND t.time_to_own IS NOT NULL THEN t.time_to_own ELSE t.time_to_resolve END) END, {})",
        targets::sort_key_of("x"),
        targets::NO_TARGET
    )
}
const NEXT_KIND: &str = "CASE WHEN t.status >= 5 THEN NULL ELSE coalesce((SELECT x.kind FROM targets x WHERE x.ticket = t.id), \
    CASE WHEN t.status = 1 AND t.time_to_own IS NOT NULL THEN 1 WHEN t.time_to_resolve IS NOT NULL THEN 2 END) END";
const IS_VIP: &str = "(EXISTS (SELECT 1 FROM view_party v JOIN people p ON p.id = v.party_id \
      WHERE v.ticket = ticket_view.id AND v.role = 1 AND v.party = 0 AND p.vip = 1) \
    OR EXISTS (SELECT 1 FROM view_party v JOIN groups g ON g.id = v.party_id \
      WHERE v.ticket = ticket_view.id AND v.role = 1 AND v.party = 2 AND g.vip = 1))";

/// Rows that are not there yet; `vip` is set afterwards.
fn insert_from_mirror() -> String {
    let next_key = next_key();
    format!(
        "INSERT INTO ticket_view ({COLUMNS}) SELECT t.id, t.title, t.kind, t.status, t.urgency, t.priority, t.status < 5, \
         a.rid IS NULL, 0, {REQUESTER}, {ASSIGNEE}, t.category, t.category_name, t.location, t.location_name, \
         t.entity, t.entity_name, t.opened_at, t.updated_at, {next_key}, {NEXT_KIND}, 0, 0 \
         FROM json_each(?) j JOIN tickets t ON t.id = j.value {ACTORS} WHERE true"
    )
}

/// Rows that are there. Columns that lists are sorted, chosen or narrowed by are in twenty indexes, and SQLite writes an index again
/// whenever one of its columns is set: so those are set only where they differ, each kind by a statement of its own.
fn update_from_mirror() -> [String; 5] {
    let next_key = next_key();
    [
        format!(
            "UPDATE ticket_view SET (title, requester_id, requester_group, requester_text, assignee_text, category_text, \
             location_text, entity_text, next_kind, wedged) = \
             (SELECT t.title, {REQUESTER}, a.address, t.category_name, t.location_name, t.entity_name, {NEXT_KIND}, 0 \
             FROM tickets t {ACTORS} WHERE t.id = ticket_view.id) WHERE id IN (SELECT value FROM json_each(?))"
        ),
        format!(
            "UPDATE ticket_view SET status = f.status, open = f.open, kind = f.kind, urgency = f.urgency, \
             priority = f.priority, category_id = f.category, location_id = f.location, entity_id = f.entity, \
             assignee_id = f.assignee_id, assignee_group = f.assignee_group, opened_at = f.opened_at, next_key = f.next_key \
             FROM (SELECT t.id, t.status, t.status < 5 AS open, t.kind, t.urgency, t.priority, t.category, t.location, \
             t.entity, iif(a.party = 0, a.party_id, NULL) AS assignee_id, iif(a.party = 2, a.party_id, NULL) AS assignee_group, \
             t.opened_at, {next_key} AS next_key FROM json_each(?) j JOIN tickets t ON t.id = j.value {ACTORS}) f \
             WHERE ticket_view.id = f.id AND (ticket_view.status, ticket_view.kind, ticket_view.urgency, \
             ticket_view.priority, ticket_view.category_id, ticket_view.location_id, ticket_view.entity_id, \
             ticket_view.assignee_id, ticket_view.assignee_group, ticket_view.opened_at, ticket_view.next_key) IS NOT \
             (f.status, f.kind, f.urgency, f.priority, f.category, f.location, f.entity, f.assignee_id, f.assignee_group, \
             f.opened_at, f.next_key)"
        ),
        "UPDATE ticket_view SET updated_at = t.updated_at FROM json_each(?) j JOIN tickets t ON t.id = j.value \
         WHERE ticket_view.id = t.id AND ticket_view.updated_at <> t.updated_at"
            .to_owned(),
        "UPDATE ticket_view SET unassigned = 1 - unassigned WHERE id IN (SELECT value FROM json_each(?)) \
         AND unassigned = EXISTS (SELECT 1 FROM actors x WHERE x.ticket = ticket_view.id AND x.role = 2)"
            .to_owned(),
        "UPDATE ticket_view SET pending = 0 WHERE id IN (SELECT value FROM json_each(?)) AND pending <> 0".to_owned(),
    ]
}

/// Who has which part in tickets without pending operations; rows that are right already are left alone.
const PARTIES: [&str; 2] = [
    "DELETE FROM view_party WHERE ticket IN (SELECT value FROM json_each(?)) AND NOT EXISTS \
     (SELECT 1 FROM tickets t JOIN actors a ON a.ticket = t.id WHERE t.id = view_party.ticket AND (t.status < 5) = view_party.open \
      AND a.role = view_party.role AND a.party = view_party.party AND a.party_id = view_party.party_id)",
    "INSERT OR IGNORE INTO view_party (role, party, party_id, open, ticket) \
     SELECT a.role, a.party, a.party_id, t.status < 5, t.id FROM json_each(?) j JOIN tickets t ON t.id = j.value \
     JOIN actors a ON a.ticket = t.id WHERE a.role IN (1, 2) AND a.party IN (0, 2) AND a.party_id IS NOT NULL",
];

/// Sets the VIP mark of rows: it is in every index of lists, and written where it changes only.
async fn mark_vips(connection: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE ticket_view SET vip = 1 - vip WHERE id IN (SELECT value FROM json_each(?)) AND vip <> {IS_VIP}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(json_ids(ids))
        .execute(connection)
        .await?;
    Ok(())
}

/// The backend's own next target: to be taken up while it is new, else to be resolved; none once solved.
pub(crate) fn next_target(ticket: &Ticket) -> Option<(i64, i64)> {
    if !ticket.status.is_open() {
        return None;
    }
    match ticket.time_to_own {
        Some(own) if ticket.status == Status::New => Some((micros(own), targets::OWN)),
        _ => ticket.time_to_resolve.map(|at| (micros(at), targets::RESOLVE)),
    }
}

/// Computes the rows of these tickets again. Departed tickets without pending operations go, from the mirror too. Returns
/// the tickets that are not in the view (any more).
pub(crate) async fn refresh(
    connection: &mut SqliteConnection,
    ids: &BTreeSet<i64>,
    pending: &Pending,
    me: Option<UserId>,
) -> Result<(), StoreError> {
    let (overlaid, plain): (Vec<i64>, Vec<i64>) = ids
        .iter()
        .partition(|id| pending.get(id).is_some_and(|entries| !entries.is_empty()));
    for chunk in plain.chunks(CHUNK) {
        refresh_plain(connection, chunk).await?;
    }
    for id in overlaid {
        let entries = pending.get(&id).map(Vec::as_slice).unwrap_or_default();
        refresh_overlaid(connection, id, entries, me).await?;
    }
    Ok(())
}

async fn refresh_plain(connection: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
    let list = json_ids(ids);
    let departed: Vec<i64> = sqlx::query_scalar(
        "SELECT t.id FROM json_each(?) j JOIN tickets t ON t.id = j.value WHERE t.departure IS NOT NULL",
    )
    .bind(&list)
    .fetch_all(&mut *connection)
    .await?;
    tickets::forget(connection, &departed.into_iter().collect()).await?;
    let known: BTreeSet<i64> =
        sqlx::query_scalar::<_, i64>("SELECT id FROM ticket_view WHERE id IN (SELECT value FROM json_each(?))")
            .bind(&list)
            .fetch_all(&mut *connection)
            .await?
            .into_iter()
            .collect();
    let new: Vec<i64> = ids.iter().copied().filter(|id| !known.contains(id)).collect();
    for sql in PARTIES {
        sqlx::query(sql).bind(&list).execute(&mut *connection).await?;
    }
    if !new.is_empty() {
        sqlx::query(AssertSqlSafe(insert_from_mirror()))
            .bind(json_ids(&new))
            .execute(&mut *connection)
            .await?;
    }
    if !known.is_empty() {
        let known = json_ids(&known);
        sqlx::query("DELETE FROM ticket_view WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT id FROM tickets)")
            .bind(&known)
            .execute(&mut *connection)
            .await?;
        for sql in update_from_mirror() {
            sqlx::query(AssertSqlSafe(sql))
                .bind(&known)
                .execute(&mut *connection)
                .await?;
        }
    }
    mark_vips(connection, ids).await
}

async fn refresh_overlaid(
    connection: &mut SqliteConnection,
    id: i64,
    entries: &[OutboxEntry],
    me: Option<UserId>,
) -> Result<(), StoreError> {
    let mirror = ticket::bundle(connection, id).await?.map(|held| held.bundle);
    sqlx::query("DELETE FROM view_party WHERE ticket = ?")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    let Some(bundle) = overlay(mirror, entries, me) else {
        sqlx::query("DELETE FROM ticket_view WHERE id = ?")
            .bind(id)
            .execute(connection)
            .await?;
        return Ok(());
    };
    let target = match targets::sort_key(connection, id).await? {
        Some(target) if bundle.ticket.status.is_open() => Some(target),
        _ => next_target(&bundle.ticket),
    };
    let head = format!("INSERT INTO ticket_view ({COLUMNS})");
    bulk(
        connection,
        &head,
        WIDTH,
        ON_CONFLICT,
        vec![row(id, &bundle, entries, target)],
    )
    .await?;
    let parties = bundle
        .actors
        .iter()
        .filter(|row| row.actor.role != Role::Observer)
        .filter_map(|row| {
            let (party, party_id) = match &row.actor.party {
                Party::User { id } => (0, id.0),
                Party::Group { id } => (2, id.0),
                Party::Email { .. } => return None,
            };
            Some((role_code(row.actor.role), party, party_id))
        })
        .collect::<BTreeSet<(i64, i64, i64)>>();
    let open = bundle.ticket.status.is_open();
    let parties = parties
        .into_iter()
        .map(|(role, party, party_id)| vec![role.into(), party.into(), party_id.into(), open.into(), id.into()])
        .collect();
    bulk(
        connection,
        "INSERT INTO view_party (role, party, party_id, open, ticket)",
        5,
        "",
        parties,
    )
    .await?;
    mark_vips(connection, &[id]).await
}

/// First of a role, in the order of the mirror: people, addresses, groups.
fn first(bundle: &TicketBundle, role: Role) -> [Val; 3] {
    let party = bundle
        .actors
        .iter()
        .filter(|row| row.actor.role == role)
        .min_by_key(|row| {
            let rank = match row.actor.party {
                Party::User { .. } => 0,
                Party::Email { .. } => 1,
                Party::Group { .. } => 2,
            };
            // Rows added by pending operations have no number yet and come last.
            (rank, row.id <= 0, row.id)
        })
        .map(|row| &row.actor.party);
    match party {
        Some(Party::User { id }) => [id.0.into(), Val::Null, Val::Null],
        Some(Party::Group { id }) => [Val::Null, id.0.into(), Val::Null],
        Some(Party::Email { address }) => [Val::Null, Val::Null, address.as_str().into()],
        None => [Val::Null, Val::Null, Val::Null],
    }
}

/// The row without its VIP mark, which [`mark_vips`] sets.
fn row(id: i64, bundle: &TicketBundle, entries: &[OutboxEntry], target: Option<(i64, i64)>) -> Vec<Val> {
    let ticket = &bundle.ticket;
    let [requester_id, requester_group, requester_text] = first(bundle, Role::Requester);
    let [assignee_id, assignee_group, assignee_text] = first(bundle, Role::Assigned);
    let wedged = entries
        .iter()
        .filter(|entry| matches!(entry.state, EntryState::Wedged { .. }))
        .count();
    let count = |n: usize| Val::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let category = ticket.category.as_ref();
    let location = ticket.location.as_ref();
    let entity = ticket.entity.as_ref();
    vec![
        id.into(),
        ticket.title.as_str().into(),
        kind_code(ticket.kind).into(),
        status_code(ticket.status).into(),
        ticket.urgency.0.into(),
        ticket.priority.0.into(),
        ticket.status.is_open().into(),
        (!bundle.actors.iter().any(|row| row.actor.role == Role::Assigned)).into(),
        false.into(),
        requester_id,
        requester_group,
        requester_text,
        assignee_id,
        assignee_group,
        assignee_text,
        category.map(|reference| reference.id).into(),
        category.and_then(|reference| reference.name.as_deref()).into(),
        location.map(|reference| reference.id).into(),
        location.and_then(|reference| reference.name.as_deref()).into(),
        entity.map(|reference| reference.id).into(),
        entity.and_then(|reference| reference.name.as_deref()).into(),
        ticket.opened_at.into(),
        ticket.updated_at.into(),
        target.map_or(targets::NO_TARGET, |(key, _)| key).into(),
        target.map(|(_, kind)| kind).into(),
        count(entries.len()),
        count(wedged),
    ]
}

/// What people and groups that changed mean for lists: names are looked up by the page that shows them (lists are to be
/// read again), VIP marks are in the rows. Answers whether lists look different.
pub(crate) async fn rename(connection: &mut SqliteConnection, effects: &Effects) -> Result<bool, StoreError> {
    let mut renamed = effects.renamed_lists;
    for (party, ids) in [(0, &effects.renamed_people), (2, &effects.renamed_groups)] {
        if renamed || ids.is_empty() {
            continue;
        }
        let shown: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM json_each(?1) j JOIN view_party v ON v.role IN (1, 2) AND v.party = ?2 AND v.party_id = j.value LIMIT 1",
        )
        .bind(json_ids(ids))
        .bind(party)
        .fetch_optional(&mut *connection)
        .await?;
        renamed = shown.is_some();
    }
    let mut affected: BTreeSet<i64> = BTreeSet::new();
    for (party, ids) in [(0, &effects.vip_people), (2, &effects.vip_groups)] {
        if ids.is_empty() {
            continue;
        }
        let found: Vec<i64> = sqlx::query_scalar(
            "SELECT v.ticket FROM json_each(?1) j JOIN view_party v ON v.role = 1 AND v.party = ?2 AND v.party_id = j.value",
        )
        .bind(json_ids(ids))
        .bind(party)
        .fetch_all(&mut *connection)
        .await?;
        affected.extend(found);
    }
    let affected: Vec<i64> = affected.into_iter().collect();
    for chunk in affected.chunks(CHUNK) {
        mark_vips(connection, chunk).await?;
    }
    Ok(renamed || !affected.is_empty())
}

/// Local tickets in the view: those that have no lane any more must go.
pub(crate) async fn local_rows(connection: &mut SqliteConnection) -> Result<Vec<i64>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT id FROM ticket_view WHERE id < 0 OR pending > 0")
            .fetch_all(connection)
            .await?,
    )
}
