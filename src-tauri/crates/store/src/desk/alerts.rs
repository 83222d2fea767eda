//! The journal of the supervision's alerts: one row per life of a problem, from the first time it was seen critical until it was well
//! for a while. Nothing here can be got again from anywhere else: when the desk heard of it and who took it up, only the desk knows.

use super::outbox::resolve;
use crate::{AlertHandling, AlertPage, AlertQuery, JournalAlert, StoreError};
use guichet_domain::{
    TicketId, UserId,
    alert::{Alert, AlertChange, AlertState},
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteRow};

/// Rows of the journal in one answer, at most.
const LONGEST: u32 = 500;

const COLUMNS: &str = "id, received_at, handled_at, handled_by, handling, ticket, acknowledged_at, recovered_at, alert";

fn decode(row: &SqliteRow) -> Result<JournalAlert, StoreError> {
    let instant = |name: &str| {
        row.try_get::<Option<i64>, _>(name)
            .map(|at| at.and_then(|at| Timestamp::from_millisecond(at).ok()))
    };
    let handling = row.try_get::<Option<&str>, _>("handling")?;
    Ok(JournalAlert {
        id: row.try_get("id")?,
        alert: serde_json::from_str(row.try_get("alert")?)?,
        received_at: instant("received_at")?.unwrap_or(Timestamp::UNIX_EPOCH),
        handled_at: instant("handled_at")?,
        handled_by: row.try_get::<Option<i64>, _>("handled_by")?.map(UserId),
        handling: handling
            .map(|name| {
                AlertHandling::named(name).ok_or_else(|| StoreError::Invalid {
                    message: format!("{name:?} is no way to take an alert up"),
                })
            })
            .transpose()?,
        ticket: row.try_get::<Option<i64>, _>("ticket")?.map(TicketId),
        acknowledged_at: instant("acknowledged_at")?,
        recovered_at: instant("recovered_at")?,
    })
}

/// One life of a problem: the supervision's name, the problem's identity there, and since when it is critical. The name of a source is
/// the desk's own and holds no "/".
fn life(alert: &Alert) -> String {
    format!("{}/{}@{}", alert.source, alert.id, alert.since.as_millisecond())
}

/// Keeps what a reading changed, heard of at `at`. Answers the rows as they are then.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    changes: &[AlertChange],
    at: Timestamp,
) -> Result<Vec<JournalAlert>, StoreError> {
    let mut rows = Vec::with_capacity(changes.len());
    for change in changes {
        let (alert, over) = match change {
            AlertChange::Raised(alert) | AlertChange::Changed(alert) => (alert, false),
            AlertChange::Recovered(alert) => (alert, true),
        };
        // It has been well since it settled, not since somebody was sure of it.
        let recovered_at = over.then_some(match alert.state {
            AlertState::Settling { since } => since,
            AlertState::Open => at,
        });
        let id = life(alert);
        // Known already: it goes on, and it is open again when the supervision says that it never ended.
        sqlx::query(
            "INSERT INTO alerts (id, source, received_at, recovered_at, acknowledged_at, alert) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (id) DO UPDATE SET recovered_at = excluded.recovered_at, alert = excluded.alert, \
             acknowledged_at = coalesce(alerts.acknowledged_at, excluded.acknowledged_at)",
        )
        .bind(&id)
        .bind(&alert.source)
        .bind(at.as_millisecond())
        .bind(recovered_at.map(Timestamp::as_millisecond))
        .bind(alert.acknowledged.then(|| at.as_millisecond()))
        .bind(serde_json::to_string(alert)?)
        .execute(&mut *connection)
        .await?;
        // Somebody else has it: it is taken up, unless it was before.
        let elsewhere = if alert.acknowledged {
            Some(AlertHandling::AcknowledgedElsewhere)
        } else if alert.in_downtime {
            Some(AlertHandling::InDowntime)
        } else {
            None
        };
        if let Some(handling) = elsewhere {
            take_up(connection, &id, handling, None, at).await?;
        }
        rows.extend(one(connection, &id).await?);
    }
    Ok(rows)
}

/// One row.
pub(crate) async fn one(connection: &mut SqliteConnection, id: &str) -> Result<Option<JournalAlert>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE id = ?");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decode).transpose()
}

/// Says that it was taken up; what was said first stays.
pub(crate) async fn take_up(
    connection: &mut SqliteConnection,
    id: &str,
    handling: AlertHandling,
    by: Option<UserId>,
    at: Timestamp,
) -> Result<(), StoreError> {
    // A clock that was set back does not make a handling before its alert.
    sqlx::query(
        "UPDATE alerts SET handled_at = max(?, received_at), handled_by = ?, handling = ? \
         WHERE id = ? AND handled_at IS NULL",
    )
    .bind(at.as_millisecond())
    .bind(by.map(|by| by.0))
    .bind(handling.name())
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Says which ticket it is about; `None`: none.
pub(crate) async fn link(
    connection: &mut SqliteConnection,
    id: &str,
    ticket: Option<TicketId>,
) -> Result<(), StoreError> {
    let ticket = match ticket {
        Some(ticket) => Some(resolve(connection, ticket).await?),
        None => None,
    };
    sqlx::query("UPDATE alerts SET ticket = ? WHERE id = ?")
        .bind(ticket.map(|ticket| ticket.0))
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

/// Those of a supervision that are not over, as they were last read.
pub(crate) async fn tracked(connection: &mut SqliteConnection, source: &str) -> Result<Vec<Alert>, StoreError> {
    let alerts: Vec<String> = sqlx::query_scalar(
        "SELECT alert FROM alerts WHERE recovered_at IS NULL AND source = ? ORDER BY received_at, id",
    )
    .bind(source)
    .fetch_all(connection)
    .await?;
    Ok(alerts
        .iter()
        .map(|alert| serde_json::from_str(alert))
        .collect::<Result<_, _>>()?)
}

/// Those that are not over, the oldest first.
pub(crate) async fn open(connection: &mut SqliteConnection) -> Result<Vec<JournalAlert>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE recovered_at IS NULL ORDER BY received_at, id");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await?;
    rows.iter().map(decode).collect()
}

/// The condition of a query: every value is bound, in this order, by [`bound`].
const FILTER: &str = "(?1 IS NULL OR received_at >= ?1) AND (?2 IS NULL OR received_at < ?2) \
    AND (?3 IS NULL OR source = ?3) AND (?4 IS NULL OR ticket = ?4) AND (NOT ?5 OR handled_at IS NULL)";

fn bound<'q>(
    query: &AlertQuery,
    ticket: Option<TicketId>,
    sql: String,
) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    sqlx::query(AssertSqlSafe(sql))
        .bind(query.from.map(Timestamp::as_millisecond))
        .bind(query.to.map(Timestamp::as_millisecond))
        .bind(query.source.clone())
        .bind(ticket.map(|ticket| ticket.0))
        .bind(query.to_take_up)
}

/// A slice of the journal, newest first, with how many rows the query holds.
pub(crate) async fn page(connection: &mut SqliteConnection, query: &AlertQuery) -> Result<AlertPage, StoreError> {
    let ticket = match query.ticket {
        Some(ticket) => Some(resolve(connection, ticket).await?),
        None => None,
    };
    let sql = format!("SELECT count(*) FROM alerts WHERE {FILTER}");
    let total: i64 = bound(query, ticket, sql)
        .fetch_one(&mut *connection)
        .await?
        .try_get(0)?;
    let sql = format!("SELECT {COLUMNS} FROM alerts WHERE {FILTER} ORDER BY received_at DESC, id LIMIT ?6 OFFSET ?7");
    let rows = bound(query, ticket, sql)
        .bind(query.limit.min(LONGEST))
        .bind(query.offset)
        .fetch_all(connection)
        .await?;
    Ok(AlertPage {
        rows: rows.iter().map(decode).collect::<Result<_, _>>()?,
        total: u32::try_from(total).unwrap_or(u32::MAX),
    })
}

/// A ticket written offline got the backend's number.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE alerts SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(connection)
        .await?;
    Ok(())
}
