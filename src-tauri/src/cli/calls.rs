//! `calls`: the journal of calls, from the desk's own database.

use super::{
    Ending, Output,
    args::{CallFilter, CallsArgs, DirectionArg},
    output::{shortened, shown_time},
    read::word,
};
use crate::{
    core::{Desk, telephony},
    error::AppError,
};
use guichet_domain::{
    audit::{AuditAction, AuditEntry},
    call::{Call, Direction},
};
use guichet_store::{JournalCall, JournalQuery};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use serde_json::json;

/// Rows asked for at once: the store's own limit.
const PAGE: u32 = 500;

/// The first instant of a day, on this computer's clock.
fn begins(day: Date) -> Result<Timestamp, AppError> {
    day.to_zoned(TimeZone::system())
        .map(|zoned| zoned.timestamp())
        .map_err(|_| AppError::Usage {
            what: "date",
            value: day.to_string(),
        })
}

/// The journal's query; `--to` is the last day that counts.
pub(super) fn asked(args: &CallFilter) -> Result<JournalQuery, AppError> {
    let after = |day: Date| {
        day.tomorrow().map_err(|_| AppError::Usage {
            what: "date",
            value: day.to_string(),
        })
    };
    Ok(JournalQuery {
        from: args.from.map(begins).transpose()?,
        to: args.to.map(|day| after(day).and_then(begins)).transpose()?,
        direction: args.direction.map(|direction| match direction {
            DirectionArg::In => Direction::Inbound,
            DirectionArg::Out => Direction::Outbound,
        }),
        answered: match (args.answered, args.missed) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        },
        queue: args.queue.clone(),
        words: args.words.join(" "),
        to_close: args.to_close,
        ..JournalQuery::default()
    })
}

/// Minutes and seconds of a length of time; a dash where there is none.
fn minutes(length: Option<SignedDuration>) -> String {
    length.map_or_else(
        || "–".to_owned(),
        |length| format!("{}:{:02}", length.as_secs() / 60, length.as_secs() % 60),
    )
}

fn number(call: &Call) -> String {
    let number = call.remote.e164.as_deref().unwrap_or(&call.remote.raw);
    match &call.remote.name {
        Some(name) if !number.is_empty() => format!("{number} ({name})"),
        Some(name) => name.clone(),
        None if number.is_empty() => "–".to_owned(),
        None => number.to_owned(),
    }
}

/// `calls list`.
pub async fn list(desk: &Desk, out: &Output, args: &CallsArgs) -> Result<Ending, AppError> {
    let mut rows: Vec<JournalCall> = Vec::new();
    let mut query = asked(&args.filter)?;
    loop {
        query.offset = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        query.limit = PAGE.min(args.limit.saturating_sub(query.offset));
        if query.limit == 0 {
            break;
        }
        let page = desk.store.journal(&query).await?;
        let read = page.rows.len();
        rows.extend(page.rows);
        if read < query.limit as usize {
            break;
        }
    }
    out.answer(&json!({ "calls": rows }), || {
        if rows.is_empty() {
            return out.text("calls.none", &[]);
        }
        let table = rows
            .iter()
            .map(|row| {
                let call = &row.call;
                vec![
                    shown_time(call.started_at),
                    out.text(&format!("call.direction.{}", word(&call.direction)), &[]),
                    out.text(&format!("call.state.{}", word(&call.state)), &[]),
                    number(call),
                    call.queue.clone().unwrap_or_default(),
                    minutes(call.wait()),
                    minutes(call.talk()),
                    row.ticket.map(|ticket| ticket.to_string()).unwrap_or_default(),
                    shortened(&row.note, 40),
                    call.id.clone(),
                ]
            })
            .collect();
        let headings = [
            "column.call.at",
            "column.call.direction",
            "column.state",
            "column.call.number",
            "column.call.queue",
            "column.call.wait",
            "column.call.talk",
            "column.ticket",
            "column.call.note",
            "column.id",
        ];
        out.table(&headings, table)
    });
    Ok(Ending::Done)
}

/// `calls show`.
pub async fn show(desk: &Desk, out: &Output, id: &str) -> Result<Ending, AppError> {
    let card = telephony::card(&desk.store, None, id).await?;
    desk.audit_soon(AuditEntry::done(AuditAction::CallSeen, format!("call:{id}")));
    out.answer(&json!(card), || {
        let call = &card.call;
        let person = card.card.as_ref().map(|card| card.person.display_name());
        let lines = [
            ("column.call.at", shown_time(call.started_at)),
            (
                "column.call.direction",
                out.text(&format!("call.direction.{}", word(&call.direction)), &[]),
            ),
            (
                "column.state",
                out.text(&format!("call.state.{}", word(&call.state)), &[]),
            ),
            ("column.call.number", number(call)),
            ("column.call.person", person.unwrap_or_else(|| "–".to_owned())),
            (
                "column.call.queue",
                call.queue.clone().unwrap_or_else(|| "–".to_owned()),
            ),
            ("column.call.wait", minutes(call.wait())),
            ("column.call.talk", minutes(call.talk())),
            (
                "column.ticket",
                card.ticket.map_or_else(|| "–".to_owned(), |ticket| ticket.to_string()),
            ),
            (
                "column.call.disposition",
                card.disposition.map_or_else(
                    || "–".to_owned(),
                    |disposition| out.text(&format!("call.disposition.{disposition}"), &[]),
                ),
            ),
            ("column.call.note", card.note.clone()),
        ];
        lines
            .into_iter()
            .map(|(key, value)| format!("{} : {value}", out.text(key, &[])))
            .collect::<Vec<_>>()
            .join("\n")
    });
    Ok(Ending::Done)
}

/// `calls stats`.
pub async fn stats(desk: &Desk, out: &Output, args: &CallsArgs) -> Result<Ending, AppError> {
    let numbers = desk.store.journal(&asked(&args.filter)?).await?.numbers;
    out.answer(&json!(numbers), || {
        let seconds = |length: Option<u32>| minutes(length.map(|length| SignedDuration::from_secs(length.into())));
        let share = |part: u32| {
            if numbers.offered == 0 {
                "–".to_owned()
            } else {
                format!("{part} ({} %)", u64::from(part) * 100 / u64::from(numbers.offered))
            }
        };
        let lines = [
            ("calls.stats.all", numbers.all.to_string()),
            ("calls.stats.offered", numbers.offered.to_string()),
            ("calls.stats.answered", share(numbers.answered)),
            ("calls.stats.prompt", share(numbers.answered_promptly)),
            ("calls.stats.abandoned", share(numbers.abandoned)),
            ("calls.stats.outgoing", numbers.outgoing.to_string()),
            ("calls.stats.wait", seconds(numbers.mean_wait_s)),
            ("calls.stats.talk", seconds(numbers.mean_talk_s)),
        ];
        lines
            .into_iter()
            .map(|(key, value)| format!("{} : {value}", out.text(key, &[])))
            .collect::<Vec<_>>()
            .join("\n")
    });
    Ok(Ending::Done)
}
