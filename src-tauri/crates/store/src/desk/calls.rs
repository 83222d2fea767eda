//! The call journal: what is known of each call, as the events its PBX told and the call they add up to, with what the
//! technician made of it (note, person, ticket). Nothing here can be got again from anywhere else.
//!
//! The events are kept beside the call until it is over, so that a program started again in the middle of a call goes on with
//! the same call and not with a second one.

use crate::{CallNumbers, JournalCall, JournalPage, JournalQuery, StoreError, WithoutTicket};
use guichet_domain::{
    TicketId, UserId,
    call::{Call, CallEvent, Direction},
    surge::Contact,
    text,
    wrap_up::Disposition,
};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Row, SqliteConnection, sqlite::SqliteRow};

/// Answered within this long counts for the contract (R3.3).
const PROMPT: SignedDuration = SignedDuration::from_secs(20);

/// Rows of the journal in one answer, at most.
const LONGEST: u32 = 500;

const COLUMNS: &str = "call, mine, person, ticket, note, disposition, no_ticket, closed_at";

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "in",
        Direction::Outbound => "out",
    }
}

/// What a call is found by: number, names, queue, in folded form.
fn words(call: &Call, note: &str) -> String {
    let parts = [
        Some(call.remote.raw.as_str()),
        call.remote.e164.as_deref(),
        call.remote.name.as_deref(),
        call.queue.as_deref(),
        call.agent.as_deref(),
        Some(note),
    ];
    text::fold(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

/// Keeps a call as it is now, with the events it came from. `gone` are former identities of it: what was noted under them
/// comes along.
pub(crate) async fn keep(
    connection: &mut SqliteConnection,
    call: &Call,
    events: &[CallEvent],
    gone: &[String],
    mine: bool,
) -> Result<(), StoreError> {
    let source = &call.source.0;
    let mut inherited: Option<JournalCall> = None;
    for former in gone.iter().filter(|former| **former != call.id) {
        if let Some(row) = one(connection, source, former).await? {
            inherited = Some(match inherited {
                Some(kept) => joined(kept, row),
                None => row,
            });
        }
        for table in ["calls", "call_events"] {
            let column = if table == "calls" { "id" } else { "call" };
            let sql = format!("DELETE FROM {table} WHERE source = ? AND {column} = ?");
            sqlx::query(AssertSqlSafe(sql))
                .bind(source)
                .bind(former)
                .execute(&mut *connection)
                .await?;
        }
    }
    let held = one(connection, source, &call.id).await?;
    let made = match (held, inherited) {
        (Some(held), Some(former)) => Some(joined(held, former)),
        (held, former) => held.or(former),
    };
    let made = made.unwrap_or_else(|| JournalCall::of(call.clone(), mine));
    let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond);
    sqlx::query(
        "INSERT INTO calls (source, id, started_at, queued_at, answered_at, ended_at, wait, over, direction, queue, words, \
         call, mine, person, ticket, note, disposition, no_ticket, closed_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (source, id) DO UPDATE SET started_at = excluded.started_at, queued_at = excluded.queued_at, \
         answered_at = excluded.answered_at, ended_at = excluded.ended_at, wait = excluded.wait, over = excluded.over, \
         direction = excluded.direction, queue = excluded.queue, words = excluded.words, call = excluded.call, \
         mine = excluded.mine, person = excluded.person, ticket = excluded.ticket, note = excluded.note, \
         disposition = excluded.disposition, no_ticket = excluded.no_ticket, closed_at = excluded.closed_at",
    )
    .bind(source)
    .bind(&call.id)
    .bind(call.started_at.as_millisecond())
    .bind(millis(call.queued_at))
    .bind(millis(call.answered_at))
    .bind(millis(call.ended_at))
    .bind(call.wait().map(|wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    .bind(call.state.is_over())
    .bind(direction(call.direction))
    .bind(&call.queue)
    .bind(words(call, &made.note))
    .bind(serde_json::to_string(call)?)
    .bind(mine || made.mine)
    .bind(made.person.map(|person| person.0))
    .bind(made.ticket.map(|ticket| ticket.0))
    .bind(&made.note)
    .bind(made.disposition.map(Disposition::name))
    .bind(made.no_ticket.as_ref().map(serde_json::to_string).transpose()?)
    .bind(millis(made.closed_at))
    .execute(&mut *connection)
    .await?;
    if call.state.is_over() {
        sqlx::query("DELETE FROM call_events WHERE source = ? AND call = ?")
            .bind(source)
            .bind(&call.id)
            .execute(&mut *connection)
            .await?;
        return Ok(());
    }
    for event in events {
        sqlx::query("INSERT INTO call_events (source, call, event) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(source)
            .bind(&call.id)
            .bind(serde_json::to_string(event)?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// What two rows of one call say together: nothing that was noted is given up.
fn joined(mut kept: JournalCall, other: JournalCall) -> JournalCall {
    kept.person = kept.person.or(other.person);
    kept.ticket = kept.ticket.or(other.ticket);
    kept.mine |= other.mine;
    kept.disposition = kept.disposition.or(other.disposition);
    kept.no_ticket = kept.no_ticket.or(other.no_ticket);
    kept.closed_at = kept.closed_at.or(other.closed_at);
    if !other.note.is_empty() && other.note != kept.note {
        if !kept.note.is_empty() {
            kept.note.push_str("\n\n");
        }
        kept.note.push_str(&other.note);
    }
    kept
}

/// Events of calls that were not over when last heard of.
pub(crate) async fn unfinished(connection: &mut SqliteConnection) -> Result<Vec<CallEvent>, StoreError> {
    let events: Vec<String> = sqlx::query_scalar("SELECT event FROM call_events ORDER BY source, call, event")
        .fetch_all(connection)
        .await?;
    Ok(events
        .iter()
        .map(|event| serde_json::from_str(event))
        .collect::<Result<_, _>>()?)
}

fn decode(row: &SqliteRow) -> Result<JournalCall, StoreError> {
    Ok(JournalCall {
        call: serde_json::from_str(row.try_get("call")?)?,
        mine: row.try_get("mine")?,
        person: row.try_get::<Option<i64>, _>("person")?.map(UserId),
        ticket: row.try_get::<Option<i64>, _>("ticket")?.map(TicketId),
        note: row.try_get("note")?,
        disposition: row
            .try_get::<Option<&str>, _>("disposition")?
            .map(|name| {
                name.parse().map_err(|_| StoreError::Invalid {
                    message: format!("{name:?} is no disposition"),
                })
            })
            .transpose()?,
        no_ticket: row
            .try_get::<Option<&str>, _>("no_ticket")?
            .map(serde_json::from_str)
            .transpose()?,
        closed_at: row
            .try_get::<Option<i64>, _>("closed_at")?
            .and_then(|at| Timestamp::from_millisecond(at).ok()),
    })
}

/// The wrap-up of a call is done: what became of it, and its ticket or why there is none.
pub(crate) async fn close(
    connection: &mut SqliteConnection,
    source: &str,
    id: &str,
    disposition: Disposition,
    without: Option<&WithoutTicket>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let closed =
        sqlx::query("UPDATE calls SET disposition = ?, no_ticket = ?, closed_at = ? WHERE source = ? AND id = ?")
            .bind(disposition.name())
            .bind(without.map(serde_json::to_string).transpose()?)
            .bind(at.as_millisecond())
            .bind(source)
            .bind(id)
            .execute(connection)
            .await?;
    if closed.rows_affected() == 0 {
        return Err(StoreError::NoSuchCall { id: id.to_owned() });
    }
    Ok(())
}

/// One call.
pub(crate) async fn one(
    connection: &mut SqliteConnection,
    source: &str,
    id: &str,
) -> Result<Option<JournalCall>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE source = ? AND id = ?");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(source)
        .bind(id)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(decode).transpose()
}

/// Writes what the technician made of a call; what is `None` stays.
pub(crate) async fn write(
    connection: &mut SqliteConnection,
    source: &str,
    id: &str,
    note: Option<&str>,
    person: Option<Option<UserId>>,
    ticket: Option<Option<TicketId>>,
) -> Result<JournalCall, StoreError> {
    let Some(mut row) = one(connection, source, id).await? else {
        return Err(StoreError::NoSuchCall { id: id.to_owned() });
    };
    if let Some(note) = note {
        note.clone_into(&mut row.note);
    }
    row.person = person.unwrap_or(row.person);
    row.ticket = ticket.unwrap_or(row.ticket);
    sqlx::query("UPDATE calls SET note = ?, words = ?, person = ?, ticket = ? WHERE source = ? AND id = ?")
        .bind(&row.note)
        .bind(words(&row.call, &row.note))
        .bind(row.person.map(|person| person.0))
        .bind(row.ticket.map(|ticket| ticket.0))
        .bind(source)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(row)
}

/// A ticket written offline got the backend's number.
pub(crate) async fn renumber(
    connection: &mut SqliteConnection,
    local: TicketId,
    remote: TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE calls SET ticket = ? WHERE ticket = ?")
        .bind(remote.0)
        .bind(local.0)
        .execute(connection)
        .await?;
    Ok(())
}

/// The condition of a query: every value is bound, in this order, by [`bound`].
const FILTER: &str = "(?1 IS NULL OR started_at >= ?1) AND (?2 IS NULL OR started_at < ?2) \
    AND (?3 IS NULL OR direction = ?3) AND (?4 IS NULL OR (answered_at IS NOT NULL) = ?4) \
    AND (?5 IS NULL OR queue = ?5) AND (?6 IS NULL OR person = ?6) AND (?7 IS NULL OR ticket = ?7) \
    AND (?8 = '' OR instr(words, ?8) > 0) AND (NOT ?9 OR (mine = 1 AND over = 1 AND closed_at IS NULL))";

fn bound<'q>(query: &JournalQuery, sql: String) -> sqlx::query::Query<'q, sqlx::Sqlite, sqlx::sqlite::SqliteArguments> {
    sqlx::query(AssertSqlSafe(sql))
        .bind(query.from.map(Timestamp::as_millisecond))
        .bind(query.to.map(Timestamp::as_millisecond))
        .bind(query.direction.map(direction))
        .bind(query.answered)
        .bind(query.queue.clone())
        .bind(query.person.map(|person| person.0))
        .bind(query.ticket.map(|ticket| ticket.0))
        .bind(text::fold(&query.words))
        .bind(query.to_close)
}

/// A slice of the journal, newest first, with the numbers of everything the query holds.
pub(crate) async fn page(connection: &mut SqliteConnection, query: &JournalQuery) -> Result<JournalPage, StoreError> {
    let sql =
        format!("SELECT {COLUMNS} FROM calls WHERE {FILTER} ORDER BY started_at DESC, source, id LIMIT ?10 OFFSET ?11");
    let rows = bound(query, sql)
        .bind(query.limit.min(LONGEST))
        .bind(query.offset)
        .fetch_all(&mut *connection)
        .await?;
    Ok(JournalPage {
        rows: rows.iter().map(decode).collect::<Result<_, _>>()?,
        numbers: numbers(connection, query).await?,
    })
}

/// How many calls, how they were answered, how long was waited.
async fn numbers(connection: &mut SqliteConnection, query: &JournalQuery) -> Result<CallNumbers, StoreError> {
    let sql = format!(
        "SELECT count(*) AS all_calls, \
         count(*) FILTER (WHERE direction = 'in' AND over) AS offered, \
         count(*) FILTER (WHERE direction = 'in' AND over AND answered_at IS NOT NULL) AS answered, \
         count(*) FILTER (WHERE direction = 'in' AND answered_at IS NOT NULL AND over AND wait <= {prompt}) AS prompt, \
         count(*) FILTER (WHERE direction = 'in' AND over AND answered_at IS NULL) AS abandoned, \
         count(*) FILTER (WHERE direction = 'out') AS outgoing, \
         avg(wait) FILTER (WHERE direction = 'in' AND over AND answered_at IS NOT NULL) AS mean_wait, \
         avg(ended_at - answered_at) FILTER (WHERE over AND answered_at IS NOT NULL) AS mean_talk \
         FROM calls WHERE {FILTER}",
        prompt = PROMPT.as_millis(),
    );
    let row = bound(query, sql).fetch_one(connection).await?;
    let count = |name: &str| {
        row.try_get::<i64, _>(name)
            .map(|n| u32::try_from(n).unwrap_or(u32::MAX))
    };
    let seconds = |name: &str| {
        row.try_get::<Option<f64>, _>(name)
            .map(|millis| millis.map(|millis| (millis / 1000.0).max(0.0).round() as u32))
    };
    Ok(CallNumbers {
        all: count("all_calls")?,
        offered: count("offered")?,
        answered: count("answered")?,
        answered_promptly: count("prompt")?,
        abandoned: count("abandoned")?,
        outgoing: count("outgoing")?,
        mean_wait_s: seconds("mean_wait")?,
        mean_talk_s: seconds("mean_talk")?,
    })
}

/// Queues that calls of the journal came through, by name.
pub(crate) async fn queues(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    Ok(
        sqlx::query_scalar("SELECT DISTINCT queue FROM calls WHERE queue IS NOT NULL ORDER BY queue")
            .fetch_all(connection)
            .await?,
    )
}

/// Inbound calls after an instant that no ticket is about, as contacts, with the caller where somebody is known.
pub(crate) async fn without_ticket(
    connection: &mut SqliteConnection,
    since: Timestamp,
) -> Result<Vec<(Contact, Option<i64>)>, StoreError> {
    let rows = sqlx::query(
        "SELECT source, id, started_at, person, note FROM calls WHERE started_at > ? AND direction = 'in' AND ticket IS NULL \
         ORDER BY started_at, source, id",
    )
    .bind(since.as_millisecond())
    .fetch_all(connection)
    .await?;
    let contacts = rows.iter().map(|row| {
        let (source, id): (&str, &str) = (row.try_get("source")?, row.try_get("id")?);
        let contact = Contact {
            at: Timestamp::from_millisecond(row.try_get("started_at")?).unwrap_or(Timestamp::UNIX_EPOCH),
            id: format!("call:{source}:{id}"),
            ticket: None,
            category: None,
            site: None,
            words: row.try_get("note")?,
        };
        Ok((contact, row.try_get("person")?))
    });
    contacts.collect()
}
