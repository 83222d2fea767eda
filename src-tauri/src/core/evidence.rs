//! Evidence for the indicators of a contract, from what the desk holds: the mirror's tickets and the journal's calls, written
//! as the interchange document that anyone can compute the same figures from. Works without a network; what waits in the outbox is no
//! evidence. What cannot be known from here is said beside it ([`Gap`]), never guessed.

use crate::{core::desk::Desk, error::AppError, messages::Locale};
use guichet_domain::{
    GroupId, TicketId,
    call::Direction as CallDirection,
    catalogue::Availability,
    history::{HistoryChange, HistoryEvent, HistoryParty},
    people::Group,
    ticket::{Role, Status},
    timeline::{Approval, EntryKind},
    triage::{Marked, Marker, ThirdPartyWait, waits_of},
};
use guichet_service_levels::{
    Contract, EvidenceError, Instant, Month, Period, Report,
    evidence::{
        model::{Alert, Call, Direction, Event, EventKind, Evidence, Severity, Ticket},
        stream,
    },
};
use guichet_store::{AlertQuery, JournalCall, JournalQuery, KnownTicket};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use serde_json::{Value, json};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

/// Tickets of one read.
const TICKETS: u32 = 1000;
/// Calls of one read: the store's own limit.
const CALLS: u32 = 500;
/// Months of an export where none is said: a month and its history.
const MONTHS: i32 = 13;

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFailure {
    /// The server was never read to its end: nothing is known until any instant.
    #[error("no round was ever complete")]
    NothingRead,
    /// The file of what is kept by hand is wrong.
    #[error("{path}: {detail}")]
    Parts {
        /// Which.
        path: PathBuf,
        /// What.
        detail: String,
    },
}

impl EvidenceFailure {
    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 2] = ["evidence_nothing_read", "evidence_parts"];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NothingRead => "evidence_nothing_read",
            Self::Parts { .. } => "evidence_parts",
        }
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NothingRead => Vec::new(),
            Self::Parts { path, detail } => vec![("path", path.display().to_string()), ("detail", detail.clone())],
        }
    }
}

/// Something that cannot be told from what the desk holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The ITSM's history is not read: waits and assignments that were not noted in the ticket are not known.
    History,
    /// Tickets that wait without a line that says since when: their last change counts as the beginning.
    WaitingSince,
    /// Tickets of a higher level without a line that says since when: their escalation is not dated.
    EscalatedAt,
    /// Calls are those this desk has seen.
    CallsOfThisDesk,
    /// No alerts are known.
    Alerts,
    /// Alerts are those this desk has seen.
    AlertsOfThisDesk,
    /// No answers about single tickets are known.
    Satisfaction,
}

impl Gap {
    /// Its text in the message catalogue.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::History => "kpi.gap.history",
            Self::WaitingSince => "kpi.gap.waiting_since",
            Self::EscalatedAt => "kpi.gap.escalated_at",
            Self::CallsOfThisDesk => "kpi.gap.calls_of_this_desk",
            Self::Alerts => "kpi.gap.alerts",
            Self::AlertsOfThisDesk => "kpi.gap.alerts_of_this_desk",
            Self::Satisfaction => "kpi.gap.satisfaction",
        }
    }

    /// Every one, for the catalogue's test.
    pub const ALL: [Self; 7] = [
        Self::History,
        Self::WaitingSince,
        Self::EscalatedAt,
        Self::CallsOfThisDesk,
        Self::Alerts,
        Self::AlertsOfThisDesk,
        Self::Satisfaction,
    ];
}

/// The lists of the document that are kept by hand: everything but tickets and calls.
const BY_HAND: [&str; 8] = [
    "alerts",
    "satisfaction",
    "surveys",
    "outages",
    "services",
    "compliance",
    "milestones",
    "deliverables",
];

/// What is kept by hand, in the document's own shape.
#[derive(Debug, Default)]
pub struct Parts(BTreeMap<String, Vec<Value>>);

impl Parts {
    /// Reads it: an object with some of the lists, each of whose records is one.
    ///
    /// # Errors
    /// What does not belong there.
    fn read(text: &str) -> Result<Self, String> {
        let lists: BTreeMap<String, Vec<Value>> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if let Some(other) = lists.keys().find(|key| !BY_HAND.contains(&key.as_str())) {
            return Err(format!("{other:?}"));
        }
        let mut document = serde_json::to_value(&lists).map_err(|error| error.to_string())?;
        document["data_end"] = json!("2000-01-01T00:00:00Z");
        let document = document.to_string();
        serde_json::from_str::<Evidence<'_>>(&document).map_err(|error| error.to_string())?;
        Ok(Self(lists))
    }

    fn list(&self, key: &str) -> &[Value] {
        self.0.get(key).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What is known of the groups of a contract.
pub(super) struct Levels(BTreeMap<GroupId, u8>);

impl Levels {
    /// Of the groups that the contract names, by the numbers that the ITSM gave them.
    pub(super) fn of(contract: &Contract, groups: &[Group]) -> Self {
        let level = |group: &Group| Some((group.id, contract.escalation.level_of(&group.name)?));
        Self(groups.iter().filter_map(level).collect())
    }

    /// The highest level among groups.
    pub(super) fn highest(&self, groups: &[GroupId]) -> Option<u8> {
        groups.iter().filter_map(|group| self.0.get(group)).max().copied()
    }
}

pub(super) fn event(kind: EventKind, at: Timestamp) -> Event {
    Event {
        at: Instant::from(at),
        kind,
        level: None,
    }
}

/// A ticket as the interchange has it. `contacts` are the requester's calls about it; `history` is the ITSM's, where it may be read:
/// then waits are dated by it, and by nothing else.
pub(super) fn ticket_of(
    known: &KnownTicket,
    contract: &Contract,
    levels: &Levels,
    contacts: &[Timestamp],
    history: Option<&[HistoryChange]>,
    gaps: &mut BTreeSet<Gap>,
) -> Ticket<'static> {
    let classes = &contract.classification;
    let category = known.category.as_deref();
    let mut events: Vec<Event> = Vec::new();
    events.extend(known.taken_up_at.map(|at| event(EventKind::TakenUp, at)));
    let mut waiting = false;
    let mut dated = false;
    for marked in &known.markers {
        let over = matches!(
            marked.marker,
            Marker::Accepted | Marker::SentBack | Marker::ReRouted { .. } | Marker::Done | Marker::Answered { .. }
        );
        if over && waiting {
            waiting = false;
            if history.is_none() {
                events.push(event(EventKind::WaitingEnded, marked.at));
            }
        }
        match &marked.marker {
            Marker::Sent { to } | Marker::ReRouted { to } => {
                dated = true;
                events.push(Event {
                    level: Some(contract.escalation.level_of(to).unwrap_or(2)),
                    ..event(EventKind::Assigned, marked.at)
                });
            }
            Marker::SentBack => events.push(Event {
                level: Some(1),
                ..event(EventKind::Assigned, marked.at)
            }),
            Marker::Waiting { .. } if !waiting => {
                waiting = true;
                if history.is_none() {
                    events.push(event(EventKind::WaitingStarted, marked.at));
                }
            }
            _ => {}
        }
    }
    let by_history = history.map(|lines| changes(lines, levels, &mut events));
    dated |= by_history.as_ref().is_some_and(|told| told.assigned_above);
    // Without a line that says since when: too old for what is read of the history, or there is none.
    let since_known = by_history.as_ref().map_or(waiting, |told| told.waiting);
    if known.status == Status::Waiting && !since_known {
        gaps.insert(Gap::WaitingSince);
        events.push(event(EventKind::WaitingStarted, known.updated_at));
    }
    if known.status != Status::Waiting && by_history.as_ref().is_some_and(|told| told.waiting) {
        // The ticket was read later than its history.
        events.push(event(EventKind::WaitingEnded, known.updated_at));
    }
    if !dated && levels.highest(&known.groups).is_some_and(|level| level > 1) {
        gaps.insert(Gap::EscalatedAt);
    }
    if !by_history.is_some_and(|told| told.solved) {
        solutions(known, &mut events);
    }
    let contact = |at: &Timestamp| *at > known.opened_at;
    let written = known.entries.iter().filter(|entry| {
        entry.kind == EntryKind::Followup
            && !entry.private
            && entry.author.is_some_and(|author| known.requesters.contains(&author))
    });
    let written = written.map(|entry| entry.at);
    events.extend(
        written
            .chain(contacts.iter().copied())
            .filter(contact)
            .map(|at| event(EventKind::RequesterContact, at)),
    );
    if known.duplicate {
        // When it was marked is not told; that it counts nowhere is what matters.
        events.push(event(EventKind::Merged, known.solved_at.unwrap_or(known.updated_at)));
    }
    events.sort_by_key(|event| event.at);
    Ticket {
        id: Cow::Owned(known.id.to_string()),
        kind: classes.kind(known.kind, category),
        channel: classes.channel(known.channel.as_deref()),
        scope: Some(classes.scope(category)),
        priority: Some(classes.priority(known.priority)),
        urgency: Some(classes.urgency(known.urgency)),
        blocking: Some(classes.is_blocking(known.urgency)),
        vip: Some(known.vip),
        quote: classes.quote(category),
        created_at: Instant::from(known.opened_at),
        events,
    }
}

/// How third parties were chased about a ticket: each wait with every line about it.
fn chases(known: &KnownTicket) -> Vec<Value> {
    let waits = waits_of(known.markers.iter().cloned());
    let line = |marked: Marked| json!({ "at": marked.at, "author": marked.author, "line": marked.marker, "words": marked.words });
    let wait = |wait: ThirdPartyWait| {
        json!({
            "ticket": known.id.to_string(),
            "third": wait.third,
            "from": wait.from,
            "to": wait.to,
            "proof": wait.proof.into_iter().map(line).collect::<Vec<_>>(),
        })
    };
    waits.into_iter().map(wait).collect()
}

/// What the history told of a ticket.
#[derive(Debug, Default)]
struct Told {
    waiting: bool,
    solved: bool,
    assigned_above: bool,
}

/// Events that the ITSM's history dates. A part that it did not write down is not known.
fn changes(history: &[HistoryChange], levels: &Levels, events: &mut Vec<Event>) -> Told {
    let mut told = Told::default();
    let mut trashed = None;
    for change in history {
        let mut push = |kind| events.push(event(kind, change.at));
        match change.what {
            HistoryEvent::Status { from, to } => {
                if from == Status::Waiting && to != Status::Waiting {
                    told.waiting = false;
                    push(EventKind::WaitingEnded);
                }
                match to {
                    Status::Waiting => {
                        told.waiting = true;
                        push(EventKind::WaitingStarted);
                    }
                    Status::Solved if from.is_open() => {
                        told.solved = true;
                        push(EventKind::Solved);
                    }
                    // Closed at once: solved as well.
                    Status::Closed => {
                        if from.is_open() {
                            told.solved = true;
                            push(EventKind::Solved);
                        }
                        push(EventKind::Closed);
                    }
                    _ if !from.is_open() && to.is_open() => push(EventKind::Reopened),
                    _ => {}
                }
            }
            HistoryEvent::Joined {
                party: HistoryParty::Group { id },
                role: Some(Role::Assigned),
            } => {
                if let Some(level) = levels.0.get(&id) {
                    told.assigned_above |= *level > 1;
                    events.push(Event {
                        level: Some(*level),
                        ..event(EventKind::Assigned, change.at)
                    });
                }
            }
            HistoryEvent::Trashed => trashed = Some(change.at),
            HistoryEvent::Restored => trashed = None,
            _ => {}
        }
    }
    events.extend(trashed.map(|at| event(EventKind::Trashed, at)));
    told
}

/// Solutions, what was said of them, and the end.
fn solutions(known: &KnownTicket, events: &mut Vec<Event>) {
    let solutions: Vec<_> = known
        .entries
        .iter()
        .filter_map(|entry| entry.answer.map(|answer| (entry.at, answer)))
        .collect();
    let mut refused = false;
    for (at, (approval, answered_at)) in &solutions {
        events.push(event(EventKind::Solved, *at));
        refused = *approval == Approval::Refused;
        if refused {
            events.push(event(EventKind::Reopened, answered_at.unwrap_or(*at)));
        }
    }
    match (solutions.is_empty(), known.solved_at, known.status.is_open()) {
        // Solved without a solution: by its status.
        (true, Some(at), false) => events.push(event(EventKind::Solved, at)),
        // Open again though nobody refused: by a follow-up. When is not told.
        (false, _, true) if !refused => events.push(event(EventKind::Reopened, known.updated_at)),
        _ => {}
    }
    if known.status == Status::Closed {
        events.extend(known.closed_at.map(|at| event(EventKind::Closed, at)));
    }
}

/// A call as the interchange has it.
fn call_of(journal: &JournalCall) -> Call<'static> {
    let call = &journal.call;
    let offered = call.queued_at.or(call.ringing_at).unwrap_or(call.started_at);
    Call {
        id: Cow::Owned(call.id.clone()),
        direction: match call.direction {
            CallDirection::Inbound => Direction::Inbound,
            CallDirection::Outbound => Direction::Outbound,
        },
        queue: call.queue.clone().map(Cow::Owned),
        offered_at: Instant::from(offered),
        answered_at: call.answered_at.map(Instant::from),
        ended_at: call.ended_at.map(Instant::from),
    }
}

/// A document that is being written: lists of records, each as it comes.
struct Document<W: Write> {
    out: W,
    first: bool,
}

impl<W: Write> Document<W> {
    fn begin(mut out: W, data_end: Timestamp) -> std::io::Result<Self> {
        write!(
            out,
            "{{\"data_end\":{}",
            serde_json::to_string(&Instant::from(data_end))?
        )?;
        Ok(Self { out, first: true })
    }

    fn open(&mut self, key: &str) -> std::io::Result<()> {
        self.first = true;
        write!(self.out, ",\n\"{key}\":[")
    }

    fn record(&mut self, record: &impl Serialize) -> std::io::Result<()> {
        self.out.write_all(if self.first { b"\n" } else { b",\n" })?;
        self.first = false;
        serde_json::to_writer(&mut self.out, record)?;
        Ok(())
    }

    fn close(&mut self) -> std::io::Result<()> {
        self.out.write_all(b"]")
    }

    fn list(&mut self, key: &str, records: &[impl Serialize]) -> std::io::Result<()> {
        self.open(key)?;
        for record in records {
            self.record(record)?;
        }
        self.close()
    }

    fn end(mut self) -> std::io::Result<()> {
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// Reads what is kept by hand.
///
/// # Errors
/// When it cannot be read, or holds what does not belong there.
pub fn parts(path: &Path) -> Result<Parts, AppError> {
    let text = std::fs::read_to_string(path).map_err(|source| AppError::File {
        path: path.to_owned(),
        source,
    })?;
    Parts::read(&text).map_err(|detail| {
        EvidenceFailure::Parts {
            path: path.to_owned(),
            detail,
        }
        .into()
    })
}

/// Evidence that was written.
#[derive(Debug)]
pub struct Written {
    /// Tickets in it.
    pub tickets: u64,
    /// Calls in it.
    pub calls: u64,
    /// What cannot be told from here.
    pub gaps: BTreeSet<Gap>,
    /// Nothing is known after this.
    pub data_end: Timestamp,
}

impl Desk {
    /// Writes the evidence for a contract from a month on (thirteen months where none is said).
    ///
    /// # Errors
    /// When the server was never read to its end, the databases cannot be read, or the document cannot be written.
    pub async fn write_evidence(
        &self,
        contract: &Contract,
        from: Option<Month>,
        parts: &Parts,
        path: &Path,
    ) -> Result<Written, AppError> {
        let data_end = self.store.last_round_at().await?.ok_or(EvidenceFailure::NothingRead)?;
        let since = first_instant(from, data_end);
        let refused = |source| AppError::FileNotSaved {
            path: path.to_owned(),
            source,
        };
        let file = File::create(path).map_err(refused)?;
        let mut document = Document::begin(BufWriter::new(file), data_end).map_err(refused)?;
        let mut gaps = BTreeSet::from([Gap::CallsOfThisDesk]);
        let readable = self.history_is_read().await?;
        if !readable {
            gaps.insert(Gap::History);
        }
        // What is kept by hand comes before what this desk has seen.
        let watched = parts.list("alerts").is_empty() && self.supervision_settings().await.is_some();
        if watched {
            gaps.insert(Gap::AlertsOfThisDesk);
        } else if parts.list("alerts").is_empty() {
            gaps.insert(Gap::Alerts);
        }
        if parts.list("satisfaction").is_empty() {
            gaps.insert(Gap::Satisfaction);
        }
        let mut contacts: BTreeMap<TicketId, Vec<Timestamp>> = BTreeMap::new();
        let mut calls = 0;
        document.open("calls").map_err(refused)?;
        loop {
            let slice = JournalQuery {
                from: Some(since),
                to: Some(data_end),
                offset: u32::try_from(calls).unwrap_or(u32::MAX),
                limit: CALLS,
                ..JournalQuery::default()
            };
            let page = self.store.journal(&slice).await?;
            for journal in &page.rows {
                document.record(&call_of(journal)).map_err(refused)?;
                if let (CallDirection::Inbound, Some(ticket)) = (journal.call.direction, journal.ticket) {
                    contacts.entry(ticket).or_default().push(journal.call.started_at);
                }
            }
            calls += page.rows.len() as u64;
            if page.rows.len() < CALLS as usize {
                break;
            }
        }
        document.close().map_err(refused)?;
        let levels = Levels::of(contract, &self.store.groups().await?);
        let mut tickets = 0;
        let mut after = None;
        let mut chased: Vec<Value> = Vec::new();
        document.open("tickets").map_err(refused)?;
        loop {
            let part = self.store.known_tickets(since, after, TICKETS).await?;
            let mut lines: BTreeMap<TicketId, Vec<HistoryChange>> = BTreeMap::new();
            if readable {
                let ids: Vec<TicketId> = part.rows.iter().map(|known| known.id).collect();
                for change in self.store.ticket_history(&ids).await? {
                    lines.entry(change.ticket).or_default().push(change);
                }
            }
            for known in &part.rows {
                let of_it = lines.get(&known.id).map(Vec::as_slice).unwrap_or_default();
                let calls = contacts.get(&known.id).map(Vec::as_slice).unwrap_or_default();
                let ticket = ticket_of(known, contract, &levels, calls, readable.then_some(of_it), &mut gaps);
                document.record(&ticket).map_err(refused)?;
                tickets += 1;
                chased.extend(chases(known));
            }
            match part.last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        document.close().map_err(refused)?;
        // No indicator counts it: it proves that the time of the waits was not the contractor's.
        document.list("third_party_waits", &chased).map_err(refused)?;
        for key in BY_HAND {
            if key == "alerts" && watched {
                self.write_alerts(&mut document, since, data_end)
                    .await?
                    .map_err(refused)?;
            } else {
                document.list(key, parts.list(key)).map_err(refused)?;
            }
        }
        document.end().map_err(refused)?;
        Ok(Written {
            tickets,
            calls,
            gaps,
            data_end,
        })
    }

    /// The alerts of the desk's journal. What was never critical raised none.
    async fn write_alerts<W: Write>(
        &self,
        document: &mut Document<W>,
        since: Timestamp,
        data_end: Timestamp,
    ) -> Result<std::io::Result<()>, AppError> {
        if let Err(error) = document.open("alerts") {
            return Ok(Err(error));
        }
        let mut offset = 0;
        loop {
            let slice = AlertQuery {
                from: Some(since),
                to: Some(data_end),
                offset,
                limit: CALLS,
                ..AlertQuery::default()
            };
            let page = self.store.alert_journal(&slice).await?;
            for row in &page.rows {
                let record = Alert {
                    id: Cow::Borrowed(&row.id),
                    severity: Severity::Critical,
                    received_at: Instant::from(row.received_at),
                    handled_at: row.handled_at.map(Instant::from),
                };
                if let Err(error) = document.record(&record) {
                    return Ok(Err(error));
                }
            }
            offset += CALLS;
            if page.rows.len() < CALLS as usize {
                return Ok(document.close());
            }
        }
    }

    /// Whether the ITSM's history is known to its beginning.
    pub(super) async fn history_is_read(&self) -> Result<bool, AppError> {
        let state = self.store.history_state().await?;
        Ok(state.is_some_and(|state| state.complete && state.availability == Availability::Available))
    }

    /// The indicators of a month from what the desk holds: computed from the very document that an export writes.
    ///
    /// # Errors
    /// As [`Desk::write_evidence`].
    pub async fn indicators(
        &self,
        contract: &Contract,
        month: Month,
        parts: &Parts,
    ) -> Result<(Report, Written), AppError> {
        let from = month.plus(1 - MONTHS);
        let (mut reports, written) = self.reports(contract, &[month.into()], from, parts).await?;
        let report = reports.pop().ok_or(EvidenceFailure::NothingRead)?;
        Ok((report, written))
    }

    /// Reports on several periods from one and the same evidence, which begins with a month.
    ///
    /// # Errors
    /// As [`Desk::write_evidence`].
    pub(super) async fn reports(
        &self,
        contract: &Contract,
        periods: &[Period],
        from: Month,
        parts: &Parts,
    ) -> Result<(Vec<Report>, Written), AppError> {
        let folder = tempfile::tempdir().map_err(|source| AppError::FileNotSaved {
            path: std::env::temp_dir(),
            source,
        })?;
        let path = folder.path().join("evidence.json");
        let written = self.write_evidence(contract, Some(from), parts, &path).await?;
        let (contract, periods) = (contract.clone(), periods.to_vec());
        let reports = tokio::task::spawn_blocking(move || {
            let _folder = folder;
            let report = |period: &Period| stream::report(|| File::open(&path), &contract, *period);
            periods.iter().map(report).collect::<Result<Vec<_>, _>>()
        });
        let reports = reports
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))?
            .map_err(|source: EvidenceError| crate::cli::kpi::KpiError::Evidence {
                path: PathBuf::new(),
                source,
            })?;
        Ok((reports, written))
    }
}

/// The first instant of the months asked for.
fn first_instant(from: Option<Month>, data_end: Timestamp) -> Timestamp {
    let zone = TimeZone::system();
    let day = zone.to_datetime(data_end).date();
    let current = Month::new(day.year(), day.month());
    let month = from.or_else(|| current.map(|month| month.plus(1 - MONTHS)));
    month.map_or(Timestamp::UNIX_EPOCH, |month| month.first_instant(&zone).timestamp())
}

/// What cannot be told, in words.
#[must_use]
pub fn told(gaps: &BTreeSet<Gap>, locale: Locale) -> Vec<String> {
    gaps.iter().map(|gap| locale.catalogue().text(gap.key(), &[])).collect()
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
