//! The daily review (what is blocked, since when, on whom, what is next), the intervention log and the notable events of a period.
//!
//! What is to be done next is a task of the ticket that is to be done, so that everybody sees it in the ITSM; the log of interventions are
//! its tasks done. Notable events are written here.

use crate::{
    api::{Blocked, BoardQuery, DailyReview, Logbook, ProposedEvent, ReviewRow},
    core::{clocks, desk::Desk, evidence::Levels},
    error::AppError,
    messages::Locale,
};
use guichet_domain::{OperationId, TicketId, history::HistoryChange, ticket::Level, triage::BoardState};
use guichet_service_levels::evidence::model::Priority;
use guichet_store::{Intervention, NotableEvent, Sort, TargetFilter, TicketFilter, TicketQuery, TicketRow, View};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// Tickets of each kind that are looked at.
const MOST: u32 = 500;
/// Interventions that are shown.
const SHOWN: u32 = 500;
/// Interventions of one read.
const PART: u32 = 500;
/// Characters of an event's text.
const LONGEST_TEXT: usize = 2000;

/// Why a log, an event or a review was refused.
#[derive(Debug, thiserror::Error)]
pub enum ReviewFailure {
    /// No day, or the end is before the beginning.
    #[error("no period from {from} to {to}")]
    NoPeriod {
        /// What was given.
        from: String,
        /// What was given.
        to: String,
    },
    /// An event without a text, or with too long a one.
    #[error("an event needs a text of at most {LONGEST_TEXT} characters")]
    NoText,
    /// There is no such event.
    #[error("no such event")]
    NoEvent,
}

impl ReviewFailure {
    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 3] = ["review_no_period", "review_no_text", "review_no_event"];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoPeriod { .. } => "review_no_period",
            Self::NoText => "review_no_text",
            Self::NoEvent => "review_no_event",
        }
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NoPeriod { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::NoText => vec![("most", LONGEST_TEXT.to_string())],
            Self::NoEvent => Vec::new(),
        }
    }
}

/// \[the first instant of a day, the first instant of another): "2026-06-01" and "2026-06-08" are a week, on this computer's clock.
///
/// # Errors
/// When one is no day, or the end is not after the beginning.
pub fn days(from: &str, to: &str) -> Result<(Timestamp, Timestamp), ReviewFailure> {
    let wrong = || ReviewFailure::NoPeriod {
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let first = |day: &str| -> Option<Timestamp> {
        let day: Date = day.parse().ok()?;
        Some(day.to_zoned(TimeZone::system()).ok()?.timestamp())
    };
    match (first(from), first(to)) {
        (Some(begin), Some(end)) if begin < end => Ok((begin, end)),
        _ => Err(wrong()),
    }
}

impl Desk {
    async fn listed(&self, query: TicketQuery) -> Result<(Vec<TicketRow>, bool), AppError> {
        let query = TicketQuery { limit: MOST, ..query };
        let list = self.store.list_tickets(&query).await?;
        let more = list.total as usize > list.rows.len();
        Ok((list.rows, more))
    }

    /// What is blocked, the longest first.
    ///
    /// # Errors
    /// When the contract or the databases cannot be read.
    pub async fn daily_review(&self) -> Result<DailyReview, AppError> {
        let mut rows: BTreeMap<TicketId, ReviewRow> = BTreeMap::new();
        for row in self.triage_board(&BoardQuery::default()).await?.rows {
            let card = row.escalated.card;
            let (blocked, on) = match (card.state, card.third) {
                (BoardState::New, _) => (Blocked::NotAccepted, card.group),
                (BoardState::Waiting, Some(third)) => (Blocked::ThirdParty, Some(third)),
                _ => continue,
            };
            let one = ReviewRow {
                blocked,
                since: card.state_since.unwrap_or(card.escalated_at),
                dated: card.state_since.is_some() || card.dated,
                on,
                next: None,
                ticket: row.ticket,
            };
            rows.insert(one.ticket.id, one);
        }
        let (waiting, more_waiting) = self
            .listed(TicketQuery {
                view: View::Waiting,
                sort: Sort::Oldest,
                ..TicketQuery::default()
            })
            .await?;
        let since = self.waiting_since(&waiting).await?;
        for ticket in waiting {
            let (at, dated) = since.get(&ticket.id).copied().unwrap_or((ticket.updated_at, false));
            rows.entry(ticket.id).or_insert(ReviewRow {
                blocked: Blocked::Waiting,
                since: at,
                dated,
                on: ticket.requester.clone(),
                next: None,
                ticket,
            });
        }
        let (late, more_late) = self
            .listed(TicketQuery {
                view: View::Open,
                sort: Sort::NextTarget,
                filter: TicketFilter {
                    target: Some(TargetFilter::Late),
                    ..TicketFilter::default()
                },
                ..TicketQuery::default()
            })
            .await?;
        for ticket in late {
            let Some(due) = ticket.target.as_ref().and_then(|target| target.due) else {
                continue;
            };
            rows.entry(ticket.id).or_insert(ReviewRow {
                blocked: Blocked::Late,
                since: due,
                dated: true,
                on: ticket.assignee.clone(),
                next: None,
                ticket,
            });
        }
        let ids: Vec<TicketId> = rows.keys().copied().collect();
        let mut next = self.store.next_actions(&ids).await?;
        let mut rows: Vec<ReviewRow> = rows.into_values().collect();
        for row in &mut rows {
            row.next = next.remove(&row.ticket.id);
        }
        rows.sort_by_key(|row| (row.since, row.ticket.id));
        Ok(DailyReview {
            rows,
            more: more_waiting || more_late,
        })
    }

    /// Since when tickets wait, and whether that is known.
    async fn waiting_since(&self, waiting: &[TicketRow]) -> Result<BTreeMap<TicketId, (Timestamp, bool)>, AppError> {
        let (contract, now) = (self.contract().await?, self.now());
        let levels = Levels::of(&contract, &self.store.groups().await?);
        let readable = self.history_is_read().await?;
        let ids: Vec<TicketId> = waiting.iter().map(|row| row.id).collect();
        let (open, _) = self.store.open_tickets(Some(&ids), None, MOST).await?;
        let mut lines: BTreeMap<TicketId, Vec<HistoryChange>> = BTreeMap::new();
        if readable {
            for change in self.store.ticket_history(&ids).await? {
                lines.entry(change.ticket).or_default().push(change);
            }
        }
        let mut since = BTreeMap::new();
        for open in &open {
            let id = open.known.id;
            let history = readable.then(|| lines.get(&id).map(Vec::as_slice).unwrap_or_default());
            if let Some(told) = clocks::waiting_since(open, &contract, &levels, history, now) {
                since.insert(id, told);
            }
        }
        Ok(since)
    }

    /// What happened between two days ("2026-06-01" and the first after the last).
    ///
    /// # Errors
    /// When they are none, or the contract or the databases cannot be read.
    pub async fn logbook(&self, from: &str, to: &str) -> Result<Logbook, AppError> {
        let (begin, end) = days(from, to)?;
        let events = self.store.events_between(begin, end).await?;
        let noted: BTreeSet<TicketId> = events.iter().filter_map(|event| event.ticket).collect();
        let mut interventions = self.store.interventions(begin, end, 0, SHOWN + 1).await?;
        let more = interventions.len() > SHOWN as usize;
        interventions.truncate(SHOWN as usize);
        let classes = &self.contract().await?.classification;
        let major = (1..=6)
            .map(Level)
            .filter(|level| classes.priority(*level) == Priority::Major);
        let (opened, _) = self
            .listed(TicketQuery {
                view: View::All,
                sort: Sort::Opened,
                filter: TicketFilter {
                    priorities: major.collect(),
                    ..TicketFilter::default()
                },
                ..TicketQuery::default()
            })
            .await?;
        let proposed = opened
            .into_iter()
            .filter(|row| row.opened_at >= begin && row.opened_at < end && !noted.contains(&row.id))
            .map(|row| ProposedEvent {
                ticket: row.id,
                title: row.title,
                at: row.opened_at,
            });
        Ok(Logbook {
            proposed: proposed.collect(),
            events,
            interventions,
            more,
        })
    }

    /// Keeps a notable event as it was written; the account is its author.
    ///
    /// # Errors
    /// When it has no text, or cannot be written.
    pub async fn keep_event(&self, event: NotableEvent) -> Result<(), AppError> {
        let text = event.text.trim();
        if text.is_empty() || text.chars().count() > LONGEST_TEXT {
            return Err(ReviewFailure::NoText.into());
        }
        let author = self.account().await.map(|account| account.name);
        let kept = NotableEvent {
            text: text.to_owned(),
            author: event.author.clone().or(author),
            ..event
        };
        Ok(self.store.keep_event(&kept).await?)
    }

    /// Takes a notable event back. It stays in the database, and is told no more.
    ///
    /// # Errors
    /// When there is none, or it cannot be written.
    pub async fn withdraw_event(&self, id: OperationId) -> Result<(), AppError> {
        if !self.store.withdraw_event(id, self.now()).await? {
            return Err(ReviewFailure::NoEvent.into());
        }
        Ok(())
    }

    /// Every intervention of a period, for an export.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub(super) async fn all_interventions(
        &self,
        (begin, end): (Timestamp, Timestamp),
    ) -> Result<Vec<Intervention>, AppError> {
        let mut all = Vec::new();
        loop {
            let offset = u32::try_from(all.len()).unwrap_or(u32::MAX);
            let part = self.store.interventions(begin, end, offset, PART).await?;
            let last = part.len() < PART as usize;
            all.extend(part);
            if last {
                return Ok(all);
            }
        }
    }

    /// What happened in a period as a text (Markdown) that a committee can read: the notable events, then the interventions, day by day.
    ///
    /// # Errors
    /// As [`Desk::logbook`].
    pub async fn chronicle(&self, from: &str, to: &str, locale: Locale) -> Result<Chronicle, AppError> {
        let (begin, end) = days(from, to)?;
        let events = self.store.events_between(begin, end).await?;
        let interventions = self.all_interventions((begin, end)).await?;
        let rows = u32::try_from(events.len() + interventions.len()).unwrap_or(u32::MAX);
        let catalogue = locale.catalogue();
        let zone = TimeZone::system();
        let text = |key: &str, args: &[(&str, String)]| catalogue.text(&format!("chronicle.{key}"), args);
        let day = |at: Timestamp| zone.to_datetime(at).date();
        let shown_day = |day: Date| match locale {
            Locale::Fr => day.strftime("%d/%m/%Y").to_string(),
            Locale::En => day.to_string(),
        };
        let clock = |at: Timestamp| zone.to_datetime(at).strftime("%H:%M").to_string();
        let last = day(end).yesterday().unwrap_or_else(|_| day(end));
        let period = [("from", shown_day(day(begin))), ("to", shown_day(last))];
        let mut out = format!("# {}\n\n## {}\n", text("title", &period), text("events", &[]));
        let nothing = |out: &mut String, key: &str| out.push_str(&format!("\n{}\n", text(key, &[])));
        if events.is_empty() {
            nothing(&mut out, "no_events");
        }
        let under = |out: &mut String, heading: &mut Option<Date>, at: Timestamp| {
            let this = day(at);
            if heading.replace(this) != Some(this) {
                out.push_str(&format!("\n### {}\n\n", shown_day(this)));
            }
        };
        let mut heading: Option<Date> = None;
        for event in &events {
            under(&mut out, &mut heading, event.at);
            let kind = serde_json::to_value(event.kind).ok();
            let kind = kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("other");
            let ticket = event.ticket.map(|ticket| format!(" (#{ticket})")).unwrap_or_default();
            let author = event
                .author
                .as_ref()
                .map(|who| format!(" – {}", inline(who)))
                .unwrap_or_default();
            out.push_str(&format!(
                "- **{}** {} : {}{ticket}{author}\n",
                clock(event.at),
                catalogue.text(&format!("event.kind.{kind}"), &[]),
                inline(&event.text)
            ));
        }
        out.push_str(&format!("\n## {}\n", text("interventions", &[])));
        if interventions.is_empty() {
            nothing(&mut out, "no_interventions");
        }
        let mut heading: Option<Date> = None;
        for done in &interventions {
            under(&mut out, &mut heading, done.at);
            let facts: Vec<String> = [
                done.who.as_deref().map(inline),
                done.site.as_deref().map(inline),
                done.assets.as_deref().map(inline),
                (done.duration_s > 0).then(|| text("minutes", &[("n", (done.duration_s / 60).to_string())])),
            ]
            .into_iter()
            .flatten()
            .collect();
            out.push_str(&format!(
                "- **{}** #{} {}{}{} : {}\n",
                clock(done.at),
                done.ticket,
                inline(&done.title),
                if facts.is_empty() { "" } else { " – " },
                facts.join(", "),
                inline(&done.what)
            ));
        }
        let filename = format!("guichet {} {} {}.md", text("file", &[]), day(begin), last);
        Ok(Chronicle {
            filename,
            text: out,
            rows,
        })
    }
}

/// A text for a committee.
#[derive(Debug)]
pub struct Chronicle {
    /// What to call it.
    pub filename: String,
    /// Markdown.
    pub text: String,
    /// Events and interventions in it.
    pub rows: u32,
}

/// A text on one line, in which Markdown means nothing.
fn inline(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars().filter(|c| !c.is_control()) {
            if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '!') {
                line.push('\\');
            }
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
#[path = "review_tests.rs"]
mod tests;
