//! Lists of tickets: one scan of one index for the page, a few additions for the count.

use super::{
    codes::{kind_of, status_of},
    people,
    schema::{ORDERS, SCOPES},
    targets,
};
use crate::{
    MirrorCounts, Sort, StoreError, TicketList, TicketQuery, TicketRow, View,
    sql::{Columns, json_ids},
};
use guichet_domain::{TicketId, UserId, ticket::Level};
use sqlx::{AssertSqlSafe, SqliteConnection, sqlite::SqliteRow};
use std::collections::BTreeSet;

/// The longest page.
pub(crate) const LONGEST: u32 = 500;

/// A row's columns in the order [`decode`] reads them.
pub(crate) const COLUMNS: &str = "id, title, kind, status, urgency, priority, \
     coalesce((SELECT name FROM people WHERE id = requester_id), (SELECT name FROM groups WHERE id = requester_group), requester_text), \
     requester_id, vip, \
     coalesce((SELECT name FROM people WHERE id = assignee_id), (SELECT name FROM groups WHERE id = assignee_group), assignee_text), \
     coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = category_id), category_text), \
     coalesce((SELECT name FROM catalogue WHERE kind = 3 AND id = location_id), location_text), \
     coalesce((SELECT name FROM catalogue WHERE kind = 1 AND id = entity_id), entity_text), \
     opened_at, updated_at, next_key, next_kind, (SELECT json_array(indicator, calendar, soon_at, paused_left_s) \
       FROM targets WHERE ticket = ticket_view.id), pending, wedged";

/// How many columns [`COLUMNS`] are.
pub(crate) const WIDTH: usize = 20;

/// Reads a row of [`COLUMNS`].
pub(crate) fn decode(row: &SqliteRow) -> Result<TicketRow, StoreError> {
    let mut c = Columns::new(row);
    let level = |value: i64| Level(u8::try_from(value).unwrap_or(0));
    let count = |value: i64| u32::try_from(value).unwrap_or(0);
    let (id, title) = (TicketId(c.int()?), c.text()?.to_owned());
    let (kind, status) = (kind_of(c.int()?), status_of(c.int()?));
    let (urgency, priority) = (level(c.int()?), level(c.int()?));
    let requester = c.opt_text()?.map(str::to_owned);
    let requester_id = c.opt_int()?.map(UserId);
    let vip = c.flag()?;
    let assignee = c.opt_text()?.map(str::to_owned);
    let category = c.opt_text()?.map(str::to_owned);
    let location = c.opt_text()?.map(str::to_owned);
    let entity = c.opt_text()?.map(str::to_owned);
    let (opened_at, updated_at) = (c.at()?, c.at()?);
    let (key, kind_of_target, clock) = (c.int()?, c.opt_int()?, c.opt_text()?);
    let target = targets::told(key, kind_of_target, clock)?;
    Ok(TicketRow {
        id,
        title,
        kind,
        status,
        urgency,
        priority,
        requester,
        requester_id,
        vip,
        assignee,
        category,
        location,
        entity,
        opened_at,
        updated_at,
        target,
        pending: count(c.int()?),
        wedged: count(c.int()?),
    })
}

fn scope(view: View) -> Option<&'static str> {
    match view {
        View::Open => Some("open"),
        View::Unassigned => Some("unassigned"),
        View::Waiting => Some("waiting"),
        View::Solved => Some("solved"),
        View::All => Some("all"),
        View::Mine | View::Pending => None,
    }
}

/// An order: its index, its columns, and those of the way back.
pub(crate) fn order(sort: Sort) -> (&'static str, &'static str, &'static str) {
    let wanted = match sort {
        Sort::NextTarget => "next",
        Sort::Updated => "updated",
        Sort::Opened | Sort::Oldest => "opened",
        Sort::Priority => "priority",
    };
    let [first, ..] = ORDERS;
    let (name, forward, backward) = ORDERS.into_iter().find(|(name, ..)| *name == wanted).unwrap_or(first);
    match sort {
        Sort::Oldest => (name, backward, forward),
        _ => (name, forward, backward),
    }
}

fn condition(view: View) -> &'static str {
    match view {
        View::Mine => "open = 1",
        View::Pending => "pending > 0",
        view => SCOPES
            .into_iter()
            .find(|(name, _)| Some(*name) == scope(view))
            .map_or("", |(_, condition)| condition),
    }
}

/// A page of a list.
pub(crate) async fn page(connection: &mut SqliteConnection, query: &TicketQuery) -> Result<TicketList, StoreError> {
    let limit = query.limit.min(LONGEST);
    match (scope(query.view), query.requester) {
        (Some(scope), None) => indexed(connection, query, scope, limit).await,
        _ => chosen(connection, query, limit).await,
    }
}

/// How many rows a choice of tickets has, by adding a few numbers.
pub(crate) async fn tallied(connection: &mut SqliteConnection, scope: &str, vip_only: bool) -> Result<u32, StoreError> {
    let mut sql = String::from("SELECT coalesce(sum(n), 0) FROM tally WHERE ");
    sql.push_str(match scope {
        "open" => "status < 5",
        "unassigned" => "status < 5 AND unassigned = 1",
        "waiting" => "status = 4",
        "solved" => "status = 5",
        _ => "true",
    });
    if vip_only {
        sql.push_str(" AND vip = 1");
    }
    let total: i64 = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(connection).await?;
    Ok(u32::try_from(total.max(0)).unwrap_or(u32::MAX))
}

/// Walks the list's own index; from its far end when that is nearer.
async fn indexed(
    connection: &mut SqliteConnection,
    query: &TicketQuery,
    scope: &str,
    limit: u32,
) -> Result<TicketList, StoreError> {
    let condition = condition(query.view);
    let mut filter = String::from("true");
    if !condition.is_empty() {
        filter = condition.to_owned();
    }
    if query.vip_only {
        filter.push_str(" AND vip = 1");
    }
    let total = tallied(connection, scope, query.vip_only).await?;
    let limit = limit.min(total.saturating_sub(query.offset));
    if limit == 0 {
        return Ok(TicketList {
            rows: Vec::new(),
            total,
            more: false,
            groups: Vec::new(),
        });
    }
    let (name, forward, backward) = order(query.sort);
    let from_end = total - query.offset - limit;
    let (inner, offset) = if query.offset <= from_end {
        (forward, query.offset)
    } else {
        (backward, from_end)
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM ticket_view WHERE id IN \
         (SELECT id FROM ticket_view INDEXED BY list_{scope}_{name} WHERE {filter} ORDER BY {inner} LIMIT ? OFFSET ?) \
         ORDER BY {forward}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(limit)
        .bind(offset)
        .fetch_all(connection)
        .await?;
    Ok(TicketList {
        rows: rows.iter().map(decode).collect::<Result<_, _>>()?,
        total,
        more: false,
        groups: Vec::new(),
    })
}

/// Open tickets of somebody or of one of his groups, as a query that answers `ticket`.
pub(crate) async fn mine(connection: &mut SqliteConnection, me: Option<UserId>) -> Result<String, StoreError> {
    let groups: BTreeSet<i64> = match me {
        Some(me) => people::person(connection, me)
            .await?
            .map(|person| person.groups.iter().map(|group| group.0).collect())
            .unwrap_or_default(),
        None => BTreeSet::new(),
    };
    Ok(format!(
        "SELECT ticket FROM view_party WHERE role = 2 AND party = 0 AND party_id = {} AND open = 1 \
         UNION SELECT ticket FROM view_party WHERE role = 2 AND party = 2 AND open = 1 \
         AND party_id IN (SELECT value FROM json_each('{}'))",
        me.map_or(i64::MIN, |me| me.0),
        json_ids(&groups)
    ))
}

/// Lists that begin with a set of tickets: mine, a requester's, those with pending operations. Those sets are small.
async fn chosen(connection: &mut SqliteConnection, query: &TicketQuery, limit: u32) -> Result<TicketList, StoreError> {
    let mut filter = vec!["true".to_owned()];
    let condition = condition(query.view);
    if !condition.is_empty() {
        filter.push(condition.to_owned());
    }
    if query.vip_only {
        filter.push("vip = 1".to_owned());
    }
    if query.view == View::Mine {
        filter.push(format!("id IN ({})", mine(connection, query.me).await?));
    }
    if let Some(requester) = query.requester {
        filter.push(format!(
            "id IN (SELECT ticket FROM view_party WHERE role = 1 AND party = 0 AND party_id = {})",
            requester.0
        ));
    }
    let filter = filter.join(" AND ");
    // Left to itself, the planner walks a whole list in its order to find the few.
    let index = if query.view == View::Pending && query.requester.is_none() {
        "INDEXED BY ticket_view_pending"
    } else {
        "NOT INDEXED"
    };
    let total: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT count(*) FROM ticket_view {index} WHERE {filter}"
    )))
    .fetch_one(&mut *connection)
    .await?;
    let (_, forward, _) = order(query.sort);
    let sql = format!(
        "SELECT {COLUMNS} FROM ticket_view WHERE id IN \
         (SELECT id FROM ticket_view {index} WHERE {filter} ORDER BY {forward} LIMIT ? OFFSET ?) ORDER BY {forward}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(limit)
        .bind(query.offset)
        .fetch_all(connection)
        .await?;
    Ok(TicketList {
        rows: rows.iter().map(decode).collect::<Result<_, _>>()?,
        total: u32::try_from(total).unwrap_or(u32::MAX),
        more: false,
        groups: Vec::new(),
    })
}

/// How much is mirrored.
pub(crate) async fn counts(connection: &mut SqliteConnection) -> Result<MirrorCounts, StoreError> {
    let count = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    let tickets: i64 = sqlx::query_scalar("SELECT coalesce(sum(n), 0) FROM tally")
        .fetch_one(&mut *connection)
        .await?;
    let held: Vec<(String, i64)> = sqlx::query_as("SELECT what, n FROM held").fetch_all(connection).await?;
    let mut counts = MirrorCounts {
        tickets: count(tickets),
        ..MirrorCounts::default()
    };
    for (what, n) in held {
        match what.as_str() {
            "people" => counts.people = count(n),
            "articles" => counts.articles = count(n),
            "assets" => counts.assets = count(n),
            _ => {}
        }
    }
    Ok(counts)
}
