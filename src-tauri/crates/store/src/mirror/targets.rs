//! The contract's next targets of open tickets. Who knows the contract works them out; here they are kept, and put into the rows
//! that lists are sorted by.

use crate::{
    NextTarget, StoreError, TargetClock, TargetKind,
    sql::{Val, bulk, instant, json_ids, micros, opt_instant},
};
use guichet_domain::TicketId;
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Codes of the kinds, here and in rows.
pub(crate) const OWN: i64 = 1;
pub(crate) const RESOLVE: i64 = 2;
const ESCALATE: i64 = 3;

/// What a row without a target is sorted by: behind everything.
pub(crate) const NO_TARGET: i64 = i64::MAX;
/// Rows whose clock stands still are behind those whose clock runs, by what is left: this plus the seconds.
const PAUSED: i64 = i64::MAX - (1 << 40);
/// The least that such a row is sorted by.
pub(crate) const FIRST_PAUSED: i64 = PAUSED + i32::MIN as i64;

/// What a target is sorted by, as SQL over a row of the table under the name `x`.
pub(crate) fn sort_key_of(x: &str) -> String {
    format!("coalesce({x}.due, {PAUSED} + {x}.paused_left_s)")
}

fn kind_code(kind: TargetKind) -> i64 {
    match kind {
        TargetKind::Own => OWN,
        TargetKind::Resolve => RESOLVE,
        TargetKind::Escalate => ESCALATE,
    }
}

/// The target of a row: what it is sorted by, its kind, and the contract's clock as [`super::lists::COLUMNS`] reads it.
pub(crate) fn told(key: i64, kind: Option<i64>, clock: Option<&str>) -> Result<Option<NextTarget>, StoreError> {
    let kind = match kind {
        None => return Ok(None),
        Some(OWN) => TargetKind::Own,
        Some(ESCALATE) => TargetKind::Escalate,
        Some(_) => TargetKind::Resolve,
    };
    let clock: Option<(String, u32, Option<i64>, Option<i32>)> = clock.map(serde_json::from_str).transpose()?;
    Ok(Some(NextTarget {
        kind,
        due: (key < FIRST_PAUSED).then(|| instant(key)),
        clock: clock.map(|(indicator, calendar, soon_at, paused_left_s)| TargetClock {
            indicator,
            calendar,
            soon_at: opt_instant(soon_at),
            paused_left_s,
        }),
    }))
}

/// The target of a ticket's row.
pub(crate) async fn of(connection: &mut SqliteConnection, ticket: i64) -> Result<Option<NextTarget>, StoreError> {
    let row: Option<(i64, Option<i64>, Option<String>)> = sqlx::query_as(
        "SELECT next_key, next_kind, (SELECT json_array(indicator, calendar, soon_at, paused_left_s) FROM targets \
         WHERE ticket = ticket_view.id) FROM ticket_view WHERE id = ?",
    )
    .bind(ticket)
    .fetch_optional(connection)
    .await?;
    match row {
        Some((key, kind, clock)) => told(key, kind, clock.as_deref()),
        None => Ok(None),
    }
}

/// What the contract's target of a ticket is sorted by, and its kind's code.
pub(crate) async fn sort_key(connection: &mut SqliteConnection, ticket: i64) -> Result<Option<(i64, i64)>, StoreError> {
    let sql = format!("SELECT {}, kind FROM targets x WHERE ticket = ?", sort_key_of("x"));
    Ok(sqlx::query_as(AssertSqlSafe(sql))
        .bind(ticket)
        .fetch_optional(connection)
        .await?)
}

/// Rows of the table for an upsert that writes nothing where nothing differs.
const WRITE: &str = "ON CONFLICT(ticket) DO UPDATE SET kind = excluded.kind, indicator = excluded.indicator, \
     calendar = excluded.calendar, due = excluded.due, soon_at = excluded.soon_at, paused_left_s = excluded.paused_left_s \
     WHERE (kind, indicator, calendar, due, soon_at, paused_left_s) IS NOT (excluded.kind, excluded.indicator, \
     excluded.calendar, excluded.due, excluded.soon_at, excluded.paused_left_s)";

/// Sets the targets of these tickets, or takes them away. Returns those whose target is another one than before.
pub(crate) async fn set(
    connection: &mut SqliteConnection,
    targets: &[(TicketId, Option<NextTarget>)],
) -> Result<BTreeSet<i64>, StoreError> {
    let named: Vec<i64> = targets.iter().map(|(ticket, _)| ticket.0).collect();
    let before = held(connection, &named).await?;
    let mut gone = Vec::new();
    let mut rows = Vec::new();
    for (ticket, target) in targets {
        match target
            .as_ref()
            .and_then(|target| Some((target, target.clock.as_ref()?)))
        {
            Some((target, clock)) => rows.push(vec![
                ticket.0.into(),
                kind_code(target.kind).into(),
                clock.indicator.as_str().into(),
                i64::from(clock.calendar).into(),
                target.due.into(),
                clock.soon_at.into(),
                clock.paused_left_s.map_or(Val::Null, |left| i64::from(left).into()),
            ]),
            None => gone.push(ticket.0),
        }
    }
    sqlx::query("DELETE FROM targets WHERE ticket IN (SELECT value FROM json_each(?))")
        .bind(json_ids(&gone))
        .execute(&mut *connection)
        .await?;
    bulk(
        connection,
        "INSERT INTO targets (ticket, kind, indicator, calendar, due, soon_at, paused_left_s)",
        7,
        WRITE,
        rows,
    )
    .await?;
    let after = held(connection, &named).await?;
    let differs = |ticket: &i64| before.get(ticket) != after.get(ticket);
    Ok(named.into_iter().filter(differs).collect())
}

/// What is kept of these tickets, to compare.
async fn held(connection: &mut SqliteConnection, tickets: &[i64]) -> Result<BTreeMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = sqlx::query_as(
        "SELECT ticket, json_array(kind, indicator, calendar, due, soon_at, paused_left_s) FROM targets \
         WHERE ticket IN (SELECT value FROM json_each(?))",
    )
    .bind(json_ids(tickets))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// Tickets that have a target though they are open no more.
pub(crate) async fn left_over(connection: &mut SqliteConnection) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT ticket FROM targets WHERE NOT EXISTS (SELECT 1 FROM ticket_view v WHERE v.id = ticket AND v.open = 1)",
    )
    .fetch_all(connection)
    .await?;
    Ok(ids.into_iter().map(TicketId).collect())
}

/// Tickets whose target is one for escalation that has passed: whether they were to be escalated is not known, and another target
/// is the next one now.
pub(crate) async fn passed(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<TicketId>, StoreError> {
    let ids: Vec<i64> = sqlx::query_scalar("SELECT ticket FROM targets WHERE kind = ? AND due < ?")
        .bind(ESCALATE)
        .bind(micros(now))
        .fetch_all(connection)
        .await?;
    Ok(ids.into_iter().map(TicketId).collect())
}
