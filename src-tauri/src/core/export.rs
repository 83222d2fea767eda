//! Exports: the tickets of a list, the call journal, the board of escalations, as a table that a pivot table can use as it is.
//! From the local databases alone, so that they work without a network. A caller's number is written as the contract says
//! numbers are: an export leaves the desk.

use crate::{
    api::{BoardRow, Export, ExportFormat},
    core::{desk::Desk, figures, review},
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    TicketId,
    ticket::Level,
    wrap_up::{CallPolicy, NoTicket},
};
use guichet_service_levels::{
    Contract, Report,
    export::workbook,
    table::{Book, Cell, Column, TableError, TextFile},
};
use guichet_store::{ExportedTicket, JournalCall, JournalQuery, TicketQuery};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeMap;

/// Tickets looked at in one read.
const TICKETS: u32 = 1000;
/// Calls of one read: the store's own limit.
const CALLS: u32 = 500;

/// A file for a person.
#[derive(Debug)]
pub struct ExportFile {
    /// What to call it: what it holds and the day it was made.
    pub filename: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Rows below the headings.
    pub rows: u32,
}

/// Headings by their keys in the message catalogue (below `export.column`), with the width each is given in a workbook.
pub(super) type Columns = &'static [(&'static str, f64)];

pub(super) const TICKET_COLUMNS: Columns = &[
    ("ticket", 10.0),
    ("title", 48.0),
    ("kind", 12.0),
    ("status", 12.0),
    ("urgency", 9.0),
    ("impact", 9.0),
    ("priority", 9.0),
    ("vip", 7.0),
    ("requester", 24.0),
    ("assignee", 24.0),
    ("category", 32.0),
    ("location", 28.0),
    ("entity", 28.0),
    ("channel", 14.0),
    ("opened_at", 19.0),
    ("taken_up_at", 19.0),
    ("updated_at", 19.0),
    ("solved_at", 19.0),
    ("closed_at", 19.0),
    ("target_at", 19.0),
    ("unsent", 12.0),
];

pub(super) const CALL_COLUMNS: Columns = &[
    ("call", 24.0),
    ("direction", 9.0),
    ("state", 14.0),
    ("number", 18.0),
    ("person", 24.0),
    ("queue", 16.0),
    ("device", 16.0),
    ("began_at", 19.0),
    ("answered_at", 19.0),
    ("ended_at", 19.0),
    ("wait_s", 11.0),
    ("talk_s", 11.0),
    ("ticket", 10.0),
    ("disposition", 18.0),
    ("without_ticket", 24.0),
    ("note", 48.0),
    ("uncertain", 12.0),
];

pub(super) const ESCALATION_COLUMNS: Columns = &[
    ("ticket", 10.0),
    ("title", 48.0),
    ("vip", 7.0),
    ("priority", 9.0),
    ("state", 14.0),
    ("group", 24.0),
    ("escalated_at", 19.0),
    ("since", 19.0),
    ("by", 24.0),
    ("reason", 40.0),
    ("third_party", 24.0),
    ("reminders", 10.0),
    ("remind_at", 19.0),
    ("used_s", 14.0),
    ("in_time", 10.0),
];

/// Names as they are kept: a log is compared, not read aloud.
const AUDIT_COLUMNS: Columns = &[
    ("audit_line", 10.0),
    ("happened_at", 19.0),
    ("audit_actor", 14.0),
    ("audit_action", 24.0),
    ("audit_subject", 40.0),
    ("audit_outcome", 12.0),
    ("audit_detail", 40.0),
    ("audit_hash", 68.0),
];

const INDICATOR_COLUMNS: Columns = &[
    ("period", 12.0),
    ("indicator", 10.0),
    ("indicator_name", 48.0),
    ("numerator", 12.0),
    ("denominator", 12.0),
    ("value", 10.0),
    ("objective", 10.0),
    ("met", 8.0),
];

const REVIEW_COLUMNS: Columns = &[
    ("ticket", 10.0),
    ("title", 48.0),
    ("vip", 7.0),
    ("priority", 9.0),
    ("blocked", 20.0),
    ("since", 19.0),
    ("dated", 10.0),
    ("on", 24.0),
    ("next", 48.0),
    ("next_who", 24.0),
    ("next_by", 19.0),
];

const INTERVENTION_COLUMNS: Columns = &[
    ("done_at", 19.0),
    ("ticket", 10.0),
    ("title", 48.0),
    ("done", 60.0),
    ("by", 24.0),
    ("location", 28.0),
    ("assets", 28.0),
    ("spent_s", 11.0),
    ("private", 9.0),
];

const EVENT_COLUMNS: Columns = &[
    ("happened_at", 19.0),
    ("event_kind", 20.0),
    ("event", 60.0),
    ("ticket", 10.0),
    ("by", 24.0),
];

const MISSED_COLUMNS: Columns = &[
    ("period", 12.0),
    ("indicator", 10.0),
    ("indicator_name", 48.0),
    ("missed_item", 24.0),
];

/// What a file is called: what it holds, and the day.
fn filename(name: &str, format: ExportFormat, now: Timestamp) -> String {
    let day = TimeZone::system().to_datetime(now).date();
    let ending = match format {
        ExportFormat::Xlsx => "xlsx",
        ExportFormat::Csv => "csv",
    };
    format!("guichet {} {day}.{ending}", name.to_lowercase())
}

/// A table that is being filled, in either format.
enum Writer {
    Xlsx(Box<Book>),
    Csv(Box<TextFile>),
}

impl Writer {
    fn new(format: ExportFormat, locale: Locale) -> Self {
        let zone = TimeZone::system();
        match (format, locale) {
            (ExportFormat::Xlsx, _) => Self::Xlsx(Box::new(Book::new(zone))),
            // Where the comma is the decimal mark, spreadsheets expect semicolons.
            (ExportFormat::Csv, Locale::Fr) => Self::Csv(Box::new(TextFile::new(zone, ';'))),
            (ExportFormat::Csv, Locale::En) => Self::Csv(Box::new(TextFile::new(zone, ','))),
        }
    }

    fn begin(&mut self, name: &str, columns: Columns, locale: Locale) -> Result<(), TableError> {
        let catalogue = locale.catalogue();
        let columns = columns
            .iter()
            .map(|(key, width)| Column::new(catalogue.text(&format!("export.column.{key}"), &[]), *width))
            .collect::<Vec<_>>();
        match self {
            Self::Xlsx(book) => book.table(name, columns),
            Self::Csv(file) => file.table(&columns),
        }
    }

    fn row<const N: usize>(&mut self, cells: [Cell; N]) -> Result<(), TableError> {
        match self {
            Self::Xlsx(book) => book.row(cells),
            Self::Csv(file) => file.row(cells),
        }
    }

    fn finish(self) -> Result<Vec<u8>, TableError> {
        match self {
            Self::Xlsx(book) => book.finish(),
            Self::Csv(file) => file.finish(),
        }
    }
}

/// A word of the catalogue for a value: `PREFIX.value`.
pub(super) fn word(locale: Locale, prefix: &str, value: &impl Serialize) -> Cell {
    let value = serde_json::to_value(value).ok();
    match value.as_ref().and_then(serde_json::Value::as_str) {
        Some(value) => Cell::text(locale.catalogue().text(&format!("{prefix}.{value}"), &[])),
        None => Cell::Nothing,
    }
}

pub(super) fn optional(text: Option<String>) -> Cell {
    text.map_or(Cell::Nothing, Cell::text)
}

pub(super) fn level(level: Level) -> Cell {
    Cell::count(level.0.into())
}

pub(super) fn number(ticket: Option<TicketId>) -> Cell {
    #[allow(clippy::cast_precision_loss, reason = "numbers of tickets")]
    ticket.map_or(Cell::Nothing, |TicketId(id)| Cell::Number(id as f64))
}

fn seconds(length: Option<SignedDuration>) -> Cell {
    length.map_or(Cell::Nothing, |length| Cell::Seconds(length.as_secs()))
}

pub(super) fn ticket_row(locale: Locale, exported: ExportedTicket) -> [Cell; TICKET_COLUMNS.len()] {
    let ticket = exported.ticket;
    [
        number(Some(ticket.id)),
        Cell::text(ticket.title),
        word(locale, "export.kind", &ticket.kind),
        word(locale, "status", &ticket.status),
        level(ticket.urgency),
        exported.impact.map_or(Cell::Nothing, level),
        level(ticket.priority),
        Cell::Bool(ticket.vip),
        optional(ticket.requester),
        optional(ticket.assignee),
        optional(ticket.category),
        optional(ticket.location),
        optional(ticket.entity),
        optional(exported.channel),
        Cell::At(ticket.opened_at),
        exported.taken_up_at.into(),
        Cell::At(ticket.updated_at),
        exported.solved_at.into(),
        exported.closed_at.into(),
        ticket.target.and_then(|target| target.due).into(),
        Cell::count(ticket.pending.into()),
    ]
}

fn call_row(
    locale: Locale,
    policy: &CallPolicy,
    person: Option<String>,
    journal: JournalCall,
) -> [Cell; CALL_COLUMNS.len()] {
    let call = journal.call;
    [
        Cell::text(call.id.as_str()),
        word(locale, "call.direction", &call.direction),
        word(locale, "call.state", &call.state),
        Cell::text(policy.mask.write(&call.remote)),
        optional(person),
        optional(call.queue.clone()),
        optional(call.device.clone()),
        Cell::At(call.started_at),
        call.answered_at.into(),
        call.ended_at.into(),
        seconds(call.wait()),
        seconds(call.talk()),
        number(journal.ticket),
        journal.disposition.map_or(Cell::Nothing, |disposition| {
            word(locale, "call.disposition", &disposition)
        }),
        journal.no_ticket.map_or(Cell::Nothing, |why| match why.reason {
            NoTicket::Other => Cell::text(why.words),
            reason => word(locale, "export.without_ticket", &reason),
        }),
        Cell::text(journal.note),
        Cell::Bool(call.times_uncertain),
    ]
}

pub(super) fn escalation_row(locale: Locale, row: BoardRow) -> [Cell; ESCALATION_COLUMNS.len()] {
    let card = row.escalated.card;
    let timer = row.target.as_ref();
    [
        number(Some(row.ticket.id)),
        Cell::text(row.ticket.title),
        Cell::Bool(row.ticket.vip),
        level(row.ticket.priority),
        word(locale, "escalation.state", &card.state),
        optional(card.group),
        if card.dated {
            Cell::At(card.escalated_at)
        } else {
            Cell::Nothing
        },
        card.state_since.into(),
        optional(row.escalated.by),
        Cell::text(card.reason),
        optional(row.third),
        Cell::count(card.reminders.into()),
        row.escalated.remind_at.into(),
        timer.map_or(Cell::Nothing, |timer| Cell::Seconds(timer.used_s)),
        timer.map_or(Cell::Nothing, |timer| Cell::Bool(timer.is_in_time())),
    ]
}

impl Desk {
    /// Makes a table of everything a list shows, in the person's language.
    ///
    /// # Errors
    /// When the databases or the contract cannot be read, or a cell is none that the format takes.
    pub async fn export(
        &self,
        what: &Export,
        format: ExportFormat,
        locale: Locale,
        now: Timestamp,
    ) -> Result<ExportFile, AppError> {
        let name = match what {
            Export::Tickets { .. } => "tickets",
            Export::Calls { .. } => "calls",
            Export::Escalations { .. } => "escalations",
            Export::Indicators { .. } => "indicators",
            Export::Missed { .. } => "missed",
            Export::Review => "review",
            Export::Interventions { .. } => "interventions",
            Export::Events { .. } => "events",
            Export::Audit => "audit",
        };
        let kind = match format {
            ExportFormat::Xlsx => "xlsx",
            ExportFormat::Csv => "csv",
        };
        self.audit_exported(name, kind).await?;
        let name = locale.catalogue().text(&format!("export.{name}"), &[]);
        let mut writer = Writer::new(format, locale);
        let rows = match what {
            Export::Tickets { query } => self.export_tickets(&mut writer, &name, query, locale).await?,
            Export::Calls { query } => self.export_calls(&mut writer, &name, query, locale, now).await?,
            Export::Escalations { query } => {
                let board = self.triage_board(query).await?;
                writer.begin(&name, ESCALATION_COLUMNS, locale)?;
                let rows = board.rows.len();
                for row in board.rows {
                    writer.row(escalation_row(locale, row))?;
                }
                u32::try_from(rows).unwrap_or(u32::MAX)
            }
            Export::Indicators { period } => {
                let contract = self.contract().await?;
                let report = self.figures_of(&contract, period).await?.report;
                let mut rows = 0;
                if format == ExportFormat::Xlsx {
                    return self.export_figures(&contract, &report, &name, locale, now);
                }
                writer.begin(&name, INDICATOR_COLUMNS, locale)?;
                for (indicator, told) in contract.indicators.iter().zip(&report.indicators) {
                    for figure in &told.history {
                        rows += 1;
                        writer.row([
                            Cell::Period(figure.period),
                            Cell::text(&told.id),
                            Cell::text(figures::name_of(indicator, locale)),
                            Cell::Number(figure.figure.numerator),
                            Cell::Number(figure.figure.denominator),
                            figure.figure.value.into(),
                            Cell::Share(indicator.objective.share()),
                            figure
                                .figure
                                .value
                                .map_or(Cell::Nothing, |value| Cell::Bool(indicator.objective.is_met(value))),
                        ])?;
                    }
                }
                rows
            }
            Export::Review => {
                let review = self.daily_review().await?;
                writer.begin(&name, REVIEW_COLUMNS, locale)?;
                let rows = review.rows.len();
                for row in review.rows {
                    let (what, who, by) = match row.next {
                        Some(next) => (Cell::text(next.what), optional(next.who), next.by.into()),
                        None => (Cell::Nothing, Cell::Nothing, Cell::Nothing),
                    };
                    writer.row([
                        number(Some(row.ticket.id)),
                        Cell::text(row.ticket.title),
                        Cell::Bool(row.ticket.vip),
                        level(row.ticket.priority),
                        word(locale, "review.blocked", &row.blocked),
                        Cell::At(row.since),
                        Cell::Bool(row.dated),
                        optional(row.on),
                        what,
                        who,
                        by,
                    ])?;
                }
                u32::try_from(rows).unwrap_or(u32::MAX)
            }
            Export::Interventions { from, to } => {
                let done = self.all_interventions(review::days(from, to)?).await?;
                writer.begin(&name, INTERVENTION_COLUMNS, locale)?;
                let rows = done.len();
                for one in done {
                    writer.row([
                        Cell::At(one.at),
                        number(Some(one.ticket)),
                        Cell::text(one.title),
                        Cell::text(one.what),
                        optional(one.who),
                        optional(one.site),
                        optional(one.assets),
                        Cell::Seconds(one.duration_s.into()),
                        Cell::Bool(one.private),
                    ])?;
                }
                u32::try_from(rows).unwrap_or(u32::MAX)
            }
            Export::Events { from, to } => {
                let (begin, end) = review::days(from, to)?;
                let events = self.store.events_between(begin, end).await?;
                writer.begin(&name, EVENT_COLUMNS, locale)?;
                let rows = events.len();
                for one in events {
                    writer.row([
                        Cell::At(one.at),
                        word(locale, "event.kind", &one.kind),
                        Cell::text(one.text),
                        number(one.ticket),
                        optional(one.author),
                    ])?;
                }
                u32::try_from(rows).unwrap_or(u32::MAX)
            }
            Export::Audit => {
                writer.begin(&name, AUDIT_COLUMNS, locale)?;
                let mut last = 0;
                loop {
                    let part = self.store.audit_after(last, TICKETS).await?;
                    let Some(end) = part.last() else { break };
                    last = end.seq;
                    for line in part {
                        writer.row([
                            Cell::count(line.seq),
                            Cell::At(line.at),
                            Cell::text(line.actor),
                            Cell::text(line.action),
                            Cell::text(line.subject),
                            Cell::text(line.outcome),
                            Cell::text(line.detail),
                            Cell::text(line.hash.to_string()),
                        ])?;
                    }
                }
                u32::try_from(last).unwrap_or(u32::MAX)
            }
            Export::Missed { period } => {
                let contract = self.contract().await?;
                let report = self.figures_of(&contract, period).await?.report;
                let mut rows = 0;
                writer.begin(&name, MISSED_COLUMNS, locale)?;
                for (indicator, told) in contract.indicators.iter().zip(&report.indicators) {
                    for missed in &told.missed {
                        rows += 1;
                        writer.row([
                            Cell::Period(report.period),
                            Cell::text(&told.id),
                            Cell::text(figures::name_of(indicator, locale)),
                            // A ticket's number is one, so that it can be joined with the table of tickets.
                            missed
                                .parse()
                                .map_or_else(|_| Cell::text(missed.as_ref()), Cell::Number),
                        ])?;
                    }
                }
                rows
            }
        };
        // A large workbook is packed for seconds.
        let bytes = tokio::task::spawn_blocking(move || writer.finish())
            .await
            .map_err(|error| TableError::Text(error.to_string()))??;
        Ok(ExportFile {
            filename: filename(&name, format, now),
            bytes,
            rows,
        })
    }

    /// The workbook that `kpi` writes as well: indicators, history, missed, excluded, rejected.
    fn export_figures(
        &self,
        contract: &Contract,
        report: &Report,
        name: &str,
        locale: Locale,
        now: Timestamp,
    ) -> Result<ExportFile, AppError> {
        let catalogue = locale.catalogue();
        let bytes = workbook(
            report,
            contract,
            &figures::labels(locale),
            &|indicator| figures::name_of(indicator, locale).to_owned(),
            &|reason| catalogue.text(&format!("kpi.reason.{reason}"), &[]),
        )?;
        Ok(ExportFile {
            filename: filename(name, ExportFormat::Xlsx, now),
            bytes,
            rows: u32::try_from(report.indicators.len()).unwrap_or(u32::MAX),
        })
    }

    async fn export_tickets(
        &self,
        writer: &mut Writer,
        name: &str,
        query: &TicketQuery,
        locale: Locale,
    ) -> Result<u32, AppError> {
        let query = self.with_me(query).await;
        writer.begin(name, TICKET_COLUMNS, locale)?;
        let (mut rows, mut after) = (0, None);
        loop {
            let part = self.store.exported_tickets(&query, after, TICKETS).await?;
            for ticket in part.rows {
                writer.row(ticket_row(locale, ticket))?;
                rows += 1;
            }
            match part.last {
                Some(last) => after = Some(last),
                None => return Ok(rows),
            }
        }
    }

    async fn export_calls(
        &self,
        writer: &mut Writer,
        name: &str,
        query: &JournalQuery,
        locale: Locale,
        now: Timestamp,
    ) -> Result<u32, AppError> {
        writer.begin(name, CALL_COLUMNS, locale)?;
        self.call_rows(query, locale, now, &mut |cells| writer.row(cells)).await
    }

    /// Walks through the journal, the newest call first, a row each. Answers how many there are.
    pub(super) async fn call_rows(
        &self,
        query: &JournalQuery,
        locale: Locale,
        now: Timestamp,
        each: &mut (dyn FnMut([Cell; CALL_COLUMNS.len()]) -> Result<(), TableError> + Send),
    ) -> Result<u32, AppError> {
        let contract = self.contract().await?;
        let mut names: BTreeMap<i64, Option<String>> = BTreeMap::new();
        let mut rows = 0;
        loop {
            let slice = JournalQuery {
                offset: rows,
                limit: CALLS,
                // A call that comes in meanwhile must not move the others.
                to: Some(query.to.map_or(now, |to| to.min(now))),
                ..query.clone()
            };
            let page = self.store.journal(&slice).await?;
            let read = page.rows.len();
            for call in page.rows {
                let mut person = None;
                if let Some(id) = call.person {
                    person = match names.get(&id.0) {
                        Some(name) => name.clone(),
                        None => {
                            let card = self.store.person(id).await?;
                            let name = card.map(|card| card.person.display_name());
                            names.insert(id.0, name.clone());
                            name
                        }
                    };
                }
                each(call_row(locale, &contract.calls, person, call))?;
            }
            rows += u32::try_from(read).unwrap_or(u32::MAX);
            if read < CALLS as usize {
                return Ok(rows);
            }
        }
    }
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
