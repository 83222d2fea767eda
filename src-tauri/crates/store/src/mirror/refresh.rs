//! The view's rows: one flat row a ticket, mirror plus pending operations, with the names spelt out.
//!
//! Tickets without pending operations are computed by SQL, many at a time; those with some go through the domain's overlay.
//! Both ways give the same row for a ticket without pending operations (tested).

use super::{
    Effects,
    codes::{kind_code, role_code, status_code},
    ticket, tickets,
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
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Pending entries by lane.
pub(crate) type Pending = BTreeMap<i64, Vec<OutboxEntry>>;

const NO_TARGET: i64 = i64::MAX;

/// Rows computed at once by SQL.
const CHUNK: usize = 2000;

const COLUMNS: &str = "id, title, kind, status, urgency, priority, open, unassigned, vip, requester_id, requester_group, \
    requester_text, requester, assignee_id, assignee_group, assignee_text, assignee, category_id, category_text, category, \
    location_id, location_text, location, opened_at, updated_at, next_key, next_kind, pending, wedged";

const ON_CONFLICT: &str = "ON CONFLICT(id) DO UPDATE SET title = excluded.title, kind = excluded.kind, \
    status = excluded.status, urgency = excluded.urgency, priority = excluded.priority, open = excluded.open, \
    unassigned = excluded.unassigned, vip = excluded.vip, requester_id = excluded.requester_id, \
    requester_group = excluded.requester_group, requester_text = excluded.requester_text, requester = excluded.requester, \
    assignee_id = excluded.assignee_id, assignee_group = excluded.assignee_group, assignee_text = excluded.assignee_text, \
    assignee = excluded.assignee, category_id = excluded.category_id, category_text = excluded.category_text, \
    category = excluded.category, location_id = excluded.location_id, location_text = excluded.location_text, \
    location = excluded.location, opened_at = excluded.opened_at, updated_at = excluded.updated_at, \
    next_key = excluded.next_key, next_kind = excluded.next_kind, pending = excluded.pending, wedged = excluded.wedged";

/// The first requester is a person if there is one, else an address, else a group; the same for the assignee.
const FROM_MIRROR: &str = "SELECT t.id, t.title, t.kind, t.status, t.urgency, t.priority, t.status < 5, \
    NOT EXISTS (SELECT 1 FROM actors x WHERE x.ticket = t.id AND x.role = 2), \
    EXISTS (SELECT 1 FROM actors x JOIN people p ON p.id = x.party_id WHERE x.ticket = t.id AND x.role = 1 AND x.party = 0 AND p.vip = 1) \
      OR EXISTS (SELECT 1 FROM actors x JOIN groups g ON g.id = x.party_id WHERE x.ticket = t.id AND x.role = 1 AND x.party = 2 AND g.vip = 1), \
    iif(r.party = 0, r.party_id, NULL), iif(r.party = 2, r.party_id, NULL), r.address, coalesce(rp.name, rg.name, r.address), \
    iif(a.party = 0, a.party_id, NULL), iif(a.party = 2, a.party_id, NULL), a.address, coalesce(ap.name, ag.name, a.address), \
    t.category, t.category_name, coalesce(c.name, t.category_name), \
    t.location, t.location_name, coalesce(l.name, t.location_name), \
    t.opened_at, t.updated_at, \
    coalesce(CASE WHEN t.status >= 5 THEN NULL WHEN t.status = 1 AND t.time_to_own IS NOT NULL THEN t.time_to_own ELSE t.time_to_resolve END, \
      9223372036854775807), \
    CASE WHEN t.status >= 5 THEN NULL WHEN t.status = 1 AND t.time_to_own IS NOT NULL THEN 1 WHEN t.time_to_resolve IS NOT NULL THEN 2 END, \
    0, 0 \
    FROM json_each(?) j JOIN tickets t ON t.id = j.value \
    LEFT JOIN actors r ON r.rid = (SELECT rid FROM actors WHERE ticket = t.id AND role = 1 ORDER BY party, id LIMIT 1) \
    LEFT JOIN people rp ON r.party = 0 AND rp.id = r.party_id \
    LEFT JOIN groups rg ON r.party = 2 AND rg.id = r.party_id \
    LEFT JOIN actors a ON a.rid = (SELECT rid FROM actors WHERE ticket = t.id AND role = 2 ORDER BY party, id LIMIT 1) \
    LEFT JOIN people ap ON a.party = 0 AND ap.id = a.party_id \
    LEFT JOIN groups ag ON a.party = 2 AND ag.id = a.party_id \
    LEFT JOIN catalogue c ON c.kind = 2 AND c.id = t.category \
    LEFT JOIN catalogue l ON l.kind = 3 AND l.id = t.location \
    WHERE true";

/// Spells the names out again, for rows already there. Names are in no index.
const NAMES: &str = "UPDATE ticket_view SET \
    requester = coalesce((SELECT name FROM people WHERE id = requester_id), (SELECT name FROM groups WHERE id = requester_group), requester_text), \
    assignee = coalesce((SELECT name FROM people WHERE id = assignee_id), (SELECT name FROM groups WHERE id = assignee_group), assignee_text), \
    category = coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = category_id), category_text), \
    location = coalesce((SELECT name FROM catalogue WHERE kind = 3 AND id = location_id), location_text) \
    WHERE id IN (SELECT value FROM json_each(?))";

/// The VIP mark is in every index of lists: it is written where it changes only.
const VIP: &str = "UPDATE ticket_view SET vip = 1 - vip WHERE id IN (SELECT value FROM json_each(?)) AND vip <> (\
      EXISTS (SELECT 1 FROM view_party v JOIN people p ON p.id = v.party_id WHERE v.ticket = ticket_view.id AND v.role = 1 AND v.party = 0 AND p.vip = 1) \
      OR EXISTS (SELECT 1 FROM view_party v JOIN groups g ON g.id = v.party_id WHERE v.ticket = ticket_view.id AND v.role = 1 AND v.party = 2 AND g.vip = 1))";

/// Names and VIP marks of rows already there.
async fn spell_out(connection: &mut SqliteConnection, ids: &[i64]) -> Result<(), StoreError> {
    let list = json_ids(ids);
    for sql in [NAMES, VIP] {
        sqlx::query(sql).bind(&list).execute(&mut *connection).await?;
    }
    Ok(())
}

/// A ticket's next target: to be taken up while it is new, else to be resolved; none once solved.
pub(crate) fn next_target(ticket: &Ticket) -> Option<(Timestamp, i64)> {
    if !ticket.status.is_open() {
        return None;
    }
    match ticket.time_to_own {
        Some(own) if ticket.status == Status::New => Some((own, 1)),
        _ => ticket.time_to_resolve.map(|at| (at, 2)),
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
    for sql in [
        "DELETE FROM ticket_view WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT id FROM tickets)",
        "DELETE FROM view_party WHERE ticket IN (SELECT value FROM json_each(?))",
        "INSERT OR IGNORE INTO view_party (role, party, party_id, open, ticket) \
         SELECT a.role, a.party, a.party_id, t.status < 5, t.id FROM json_each(?) j JOIN tickets t ON t.id = j.value \
         JOIN actors a ON a.ticket = t.id WHERE a.role IN (1, 2) AND a.party IN (0, 2) AND a.party_id IS NOT NULL",
    ] {
        sqlx::query(sql).bind(&list).execute(&mut *connection).await?;
    }
    let sql = format!("INSERT INTO ticket_view ({COLUMNS}) {FROM_MIRROR} {ON_CONFLICT}");
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&list)
        .execute(connection)
        .await?;
    Ok(())
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
    let head = format!("INSERT INTO ticket_view ({COLUMNS})");
    bulk(connection, &head, 29, ON_CONFLICT, vec![row(id, &bundle, entries)]).await?;
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
    spell_out(connection, &[id]).await
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

/// The row without its names, which [`spell_out`] fills in.
fn row(id: i64, bundle: &TicketBundle, entries: &[OutboxEntry]) -> Vec<Val> {
    let ticket = &bundle.ticket;
    let [requester_id, requester_group, requester_text] = first(bundle, Role::Requester);
    let [assignee_id, assignee_group, assignee_text] = first(bundle, Role::Assigned);
    let target = next_target(ticket);
    let wedged = entries
        .iter()
        .filter(|entry| matches!(entry.state, EntryState::Wedged { .. }))
        .count();
    let count = |n: usize| Val::Int(i64::try_from(n).unwrap_or(i64::MAX));
    let category = ticket.category.as_ref();
    let location = ticket.location.as_ref();
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
        Val::Null,
        assignee_id,
        assignee_group,
        assignee_text,
        Val::Null,
        category.map(|reference| reference.id).into(),
        category.and_then(|reference| reference.name.as_deref()).into(),
        Val::Null,
        location.map(|reference| reference.id).into(),
        location.and_then(|reference| reference.name.as_deref()).into(),
        Val::Null,
        ticket.opened_at.into(),
        ticket.updated_at.into(),
        target.map_or(NO_TARGET, |(at, _)| micros(at)).into(),
        target.map(|(_, kind)| kind).into(),
        count(entries.len()),
        count(wedged),
    ]
}

/// Names that changed reach the rows that show them. Tickets whose row is computed anyway are left out.
pub(crate) async fn rename(connection: &mut SqliteConnection, effects: &Effects) -> Result<bool, StoreError> {
    let mut affected: BTreeSet<i64> = BTreeSet::new();
    for (select, ids) in [
        (
            "SELECT v.ticket FROM json_each(?1) j JOIN view_party v ON v.role = 1 AND v.party = 0 AND v.party_id = j.value \
             UNION SELECT v.ticket FROM json_each(?1) j JOIN view_party v ON v.role = 2 AND v.party = 0 AND v.party_id = j.value",
            &effects.renamed_people,
        ),
        (
            "SELECT v.ticket FROM json_each(?1) j JOIN view_party v ON v.role = 1 AND v.party = 2 AND v.party_id = j.value \
             UNION SELECT v.ticket FROM json_each(?1) j JOIN view_party v ON v.role = 2 AND v.party = 2 AND v.party_id = j.value",
            &effects.renamed_groups,
        ),
        (
            "SELECT v.id FROM json_each(?) j JOIN ticket_view v ON v.category_id = j.value",
            &effects.renamed_categories,
        ),
        (
            "SELECT v.id FROM json_each(?) j JOIN ticket_view v ON v.location_id = j.value",
            &effects.renamed_locations,
        ),
    ] {
        if ids.is_empty() {
            continue;
        }
        let found: Vec<i64> = sqlx::query_scalar(select)
            .bind(json_ids(ids))
            .fetch_all(&mut *connection)
            .await?;
        affected.extend(found);
    }
    let affected: Vec<i64> = affected
        .into_iter()
        .filter(|id| !effects.rebuild.contains(id))
        .collect();
    for chunk in affected.chunks(CHUNK) {
        spell_out(connection, chunk).await?;
    }
    Ok(!affected.is_empty())
}

/// Local tickets in the view: those that have no lane any more must go.
pub(crate) async fn local_rows(connection: &mut SqliteConnection) -> Result<Vec<i64>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT id FROM ticket_view WHERE id < 0 OR pending > 0")
            .fetch_all(connection)
            .await?,
    )
}
