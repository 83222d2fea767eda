//! The room of a major incident: who is in it, what is done, what is known to help meanwhile, what was told and when the next word is
//! promised; and the report that is made of it afterwards.
//!
//! What people type ([`RoomWords`]) and what happened (opening, updates, closing) are apart: keeping the one never undoes the other, so
//! that a text being typed cannot take back an update that was posted meanwhile. A promise stays a promise: changing the cadence moves
//! the next promise and not the one that was made.

use crate::{
    OperationId, TicketId,
    names::names,
    rich_text::{Block, Cell, Inline, RichText},
    timeline::TimelineEntry,
    triage::markers,
    wording::{Phrases, date_time, length},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Minutes between updates unless somebody says otherwise.
pub const DEFAULT_CADENCE: u32 = 30;
/// Fewest and most minutes between updates.
pub const CADENCE: std::ops::RangeInclusive<u32> = 5..=1440;
/// Most people in a room.
pub const MAX_PEOPLE: usize = 50;
/// Most characters of a name.
pub const MAX_NAME: usize = 200;
/// Most actions of a plan.
pub const MAX_ACTIONS: usize = 200;
/// Most characters of an action.
pub const MAX_ACTION: usize = 1000;
/// Most characters of the workaround, and of an update.
pub const MAX_TEXT: usize = 10_000;
/// Most updates: at the shortest cadence, more than three days without a pause.
pub const MAX_UPDATES: usize = 1000;
/// An update is soon due so long before, at most…
const SOON: SignedDuration = SignedDuration::from_mins(5);
/// …and never longer than this part of the cadence.
const SOON_PART: i32 = 3;

/// What somebody does in the room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RoomRole {
    /// Leads: decides, and keeps the cadence.
    Lead,
    /// Looks for the cause and the cure.
    Technical,
    /// Tells those who are hit.
    Communication,
    /// Speaks for the customer.
    Customer,
    /// Anything else.
    #[default]
    Other,
}

/// Somebody in the room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RoomPerson {
    /// As what.
    pub role: RoomRole,
    /// Who, as typed; may be empty while it is.
    pub name: String,
}

/// A step of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RoomAction {
    /// Its identity, chosen where it is typed.
    pub id: OperationId,
    /// What is to be done.
    pub what: String,
    /// Who does it.
    pub who: String,
    /// By when.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub due: Option<Timestamp>,
    /// When it was done.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub done_at: Option<Timestamp>,
}

impl RoomAction {
    /// Whether it says anything yet: a line just added does not.
    fn says(&self) -> bool {
        !self.what.trim().is_empty()
    }
}

/// What was told, and when the next word is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RoomUpdate {
    /// Its identity: that of its follow-up on the parent.
    pub id: OperationId,
    /// When.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// What was told.
    pub text: String,
    /// When the next one is promised.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub next_expected_at: Timestamp,
}

/// What people type in a room, kept at every keystroke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RoomWords {
    /// Minutes between updates.
    pub cadence_min: u32,
    /// Who is in it.
    pub people: Vec<RoomPerson>,
    /// What helps meanwhile; empty while nothing does.
    pub workaround: String,
    /// What is done about it.
    pub actions: Vec<RoomAction>,
}

impl Default for RoomWords {
    fn default() -> Self {
        Self {
            cadence_min: DEFAULT_CADENCE,
            people: Vec::new(),
            workaround: String::new(),
            actions: Vec::new(),
        }
    }
}

/// The room of a major incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Room {
    /// The parent's ticket.
    pub ticket: TicketId,
    /// When the room was opened.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub opened_at: Timestamp,
    /// When it was closed.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub closed_at: Option<Timestamp>,
    /// What people typed.
    pub words: RoomWords,
    /// Since when there is a workaround.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub workaround_at: Option<Timestamp>,
    /// What was told, the oldest first.
    pub updates: Vec<RoomUpdate>,
}

/// Where a room stands with its next update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RoomStanding {
    /// There is time.
    OnTime,
    /// Little of it.
    DueSoon,
    /// The promised instant is past.
    Late,
    /// None is promised any more.
    Over,
}

/// What a room does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// A text is too long.
    #[error("a text of the room is longer than {max} characters")]
    TooLong {
        /// Most characters.
        max: usize,
    },
    /// Too many people, actions or updates.
    #[error("more than {max} lines in a list of the room")]
    TooMany {
        /// Most lines.
        max: usize,
    },
    /// The time between updates is out of its range.
    #[error("updates come every {min} to {max} minutes")]
    Cadence {
        /// Fewest minutes.
        min: u32,
        /// Most minutes.
        max: u32,
    },
    /// An update says nothing.
    #[error("an update without words")]
    NothingSaid,
    /// The room is closed.
    #[error("the room is closed")]
    Closed,
}

impl RoomError {
    /// Every code there is.
    pub const CODES: [&'static str; 5] = [
        "room_too_long",
        "room_too_many",
        "room_cadence",
        "room_nothing_said",
        "room_closed",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => Self::CODES[0],
            Self::TooMany { .. } => Self::CODES[1],
            Self::Cadence { .. } => Self::CODES[2],
            Self::NothingSaid => Self::CODES[3],
            Self::Closed => Self::CODES[4],
        }
    }
}

fn short(text: &str, max: usize) -> Result<(), RoomError> {
    if text.chars().count() > max {
        return Err(RoomError::TooLong { max });
    }
    Ok(())
}

fn few(count: usize, max: usize) -> Result<(), RoomError> {
    if count > max {
        return Err(RoomError::TooMany { max });
    }
    Ok(())
}

fn cadence(minutes: u32) -> Result<(), RoomError> {
    if CADENCE.contains(&minutes) {
        return Ok(());
    }
    Err(RoomError::Cadence {
        min: *CADENCE.start(),
        max: *CADENCE.end(),
    })
}

fn after(at: Timestamp, minutes: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_mins(minutes.into()))
        .unwrap_or(Timestamp::MAX)
}

impl RoomWords {
    /// Whether a room takes them.
    ///
    /// # Errors
    /// When something is too long, too much, or the cadence is none.
    pub fn check(&self) -> Result<(), RoomError> {
        cadence(self.cadence_min)?;
        few(self.people.len(), MAX_PEOPLE)?;
        few(self.actions.len(), MAX_ACTIONS)?;
        short(&self.workaround, MAX_TEXT)?;
        for person in &self.people {
            short(&person.name, MAX_NAME)?;
        }
        for action in &self.actions {
            short(&action.what, MAX_ACTION)?;
            short(&action.who, MAX_NAME)?;
        }
        Ok(())
    }
}

impl Room {
    /// A room just opened, led by somebody where that is known.
    #[must_use]
    pub fn open(ticket: TicketId, lead: Option<String>, now: Timestamp) -> Self {
        let people = lead.map(|name| RoomPerson {
            role: RoomRole::Lead,
            name,
        });
        Self {
            ticket,
            opened_at: now,
            closed_at: None,
            words: RoomWords {
                people: people.into_iter().collect(),
                ..RoomWords::default()
            },
            workaround_at: None,
            updates: Vec::new(),
        }
    }

    /// Takes what was typed. The workaround is known since it first said something; an action is not done in the future.
    ///
    /// # Errors
    /// As [`RoomWords::check`].
    pub fn write(&mut self, words: RoomWords, now: Timestamp) -> Result<(), RoomError> {
        words.check()?;
        self.words = words;
        for action in &mut self.words.actions {
            action.done_at = action.done_at.map(|at| at.min(now));
        }
        if self.words.workaround.trim().is_empty() {
            self.workaround_at = None;
        } else {
            self.workaround_at.get_or_insert(now);
        }
        Ok(())
    }

    /// Adds an update; the next one is promised in `next_in_min` minutes, else by the cadence. Answers whether it is new: the same one
    /// posted again changes nothing.
    ///
    /// # Errors
    /// When it says nothing or too much, or the room is closed.
    pub fn post(
        &mut self,
        id: OperationId,
        text: &str,
        next_in_min: Option<u32>,
        now: Timestamp,
    ) -> Result<bool, RoomError> {
        if self.updates.iter().any(|update| update.id == id) {
            return Ok(false);
        }
        if self.closed_at.is_some() {
            return Err(RoomError::Closed);
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(RoomError::NothingSaid);
        }
        short(text, MAX_TEXT)?;
        few(self.updates.len() + 1, MAX_UPDATES)?;
        let minutes = next_in_min.unwrap_or(self.words.cadence_min);
        cadence(minutes)?;
        // A clock that was set back does not put an update before the one it follows.
        let at = self.updates.last().map_or(now, |last| last.at.max(now));
        self.updates.push(RoomUpdate {
            id,
            at,
            text: text.to_owned(),
            next_expected_at: after(at, minutes),
        });
        Ok(true)
    }

    /// Closes the room; a closed one stays as it was closed.
    pub fn close(&mut self, now: Timestamp) {
        self.closed_at.get_or_insert(now.max(self.opened_at));
    }

    /// When the next update is promised; nothing once the room is closed.
    #[must_use]
    pub fn next_update_due(&self) -> Option<Timestamp> {
        if self.closed_at.is_some() {
            return None;
        }
        let promised = self.updates.last().map(|update| update.next_expected_at);
        Some(promised.unwrap_or_else(|| after(self.opened_at, self.words.cadence_min)))
    }

    /// From when on the next update is soon due.
    #[must_use]
    pub fn soon_at(&self) -> Option<Timestamp> {
        let due = self.next_update_due()?;
        let before = self.updates.last().map_or(self.opened_at, |update| update.at);
        let little = (due.duration_since(before) / SOON_PART).min(SOON);
        Some(due.checked_sub(little).unwrap_or(Timestamp::MIN))
    }

    /// Where it stands with its next update; no word is promised of an incident that is resolved.
    #[must_use]
    pub fn standing(&self, resolved: bool, now: Timestamp) -> RoomStanding {
        match (self.next_update_due(), self.soon_at()) {
            (Some(due), Some(soon)) if !resolved => {
                if now >= due {
                    RoomStanding::Late
                } else if now >= soon {
                    RoomStanding::DueSoon
                } else {
                    RoomStanding::OnTime
                }
            }
            _ => RoomStanding::Over,
        }
    }

    /// An update as its follow-up says it: which it is, its words, when the next one is promised.
    /// The incident goes by its number, once the server has given it one.
    #[must_use]
    pub fn followup(&self, update: &RoomUpdate, zone: &TimeZone, phrases: &dyn Phrases) -> RichText {
        let place = self.updates.iter().position(|known| known.id == update.id);
        let number = place.unwrap_or(self.updates.len()) + 1;
        let head = if self.ticket.is_local() {
            phrases.phrase("room.update.head_local", &[("number", number.to_string())])
        } else {
            phrases.phrase(
                "room.update.head",
                &[("ticket", self.ticket.to_string()), ("number", number.to_string())],
            )
        };
        let next = phrases.phrase(
            "room.update.next",
            &[("at", date_time(phrases, update.next_expected_at, zone))],
        );
        let mut blocks = vec![Block::Paragraph {
            content: vec![Inline::Strong {
                content: vec![Inline::text(head)],
            }],
        }];
        blocks.extend(RichText::from_plain(&update.text).blocks);
        blocks.push(paragraph(next));
        RichText { blocks }
    }
}

/// A ticket as the report tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedTicket {
    /// Its number.
    pub id: TicketId,
    /// Its title; `None` where it is not known here.
    pub title: Option<String>,
    /// Who asked.
    pub requester: Option<String>,
    /// Where.
    pub site: Option<String>,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When it was solved.
    pub solved_at: Option<Timestamp>,
}

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Incident<'a> {
    /// Its room.
    pub room: &'a Room,
    /// The parent.
    pub parent: &'a ReportedTicket,
    /// Its children.
    pub children: &'a [ReportedTicket],
    /// What happened on the parent: the lines of its escalation are read from it.
    pub timeline: &'a [TimelineEntry],
}

fn paragraph(text: impl Into<String>) -> Block {
    Block::Paragraph {
        content: vec![Inline::text(text)],
    }
}

fn list(lines: Vec<String>) -> Block {
    Block::List {
        ordered: false,
        items: lines.into_iter().map(|line| vec![paragraph(line)]).collect(),
    }
}

fn row(header: bool, cells: impl IntoIterator<Item = String>) -> Vec<Cell> {
    let cell = |text| Cell {
        header,
        content: vec![Inline::text(text)],
    };
    cells.into_iter().map(cell).collect()
}

/// One line of a text: a table's cell and a list's item hold no more.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Incident<'_> {
    /// Since when: the first of its tickets, which may be older than the parent.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        let opened = self
            .children
            .iter()
            .chain([self.parent])
            .filter_map(|one| one.opened_at);
        opened.min().unwrap_or(self.room.opened_at)
    }

    /// The report: head, impact, what happened, workaround, plan, lengths of time. Pure: the same incident at the same instant gives
    /// the same document.
    #[must_use]
    pub fn report(&self, now: Timestamp, zone: &TimeZone, phrases: &dyn Phrases) -> RichText {
        let when = |at: Timestamp| date_time(phrases, at, zone);
        let say = |key: &str| phrases.phrase(key, &[]);
        let head = |level: u8, text: String| Block::Heading {
            level,
            content: vec![Inline::text(text)],
        };
        let title = one_line(self.parent.title.as_deref().unwrap_or_default());
        let title = if self.parent.id.is_local() {
            phrases.phrase("room.report.title_local", &[("title", title)])
        } else {
            let ticket = self.parent.id.to_string();
            phrases.phrase("room.report.title", &[("ticket", ticket), ("title", title)])
        };
        let mut blocks = vec![
            head(1, title),
            list(self.head_lines(now, zone, phrases)),
            head(2, say("room.report.impact")),
            list(self.impact(phrases)),
        ];
        if !self.children.is_empty() {
            blocks.push(self.table(zone, phrases));
        }
        blocks.push(head(2, say("room.report.timeline")));
        let events = self.events(phrases).into_iter();
        blocks.push(Block::Table {
            rows: events.map(|(at, what)| row(false, [when(at), what])).collect(),
        });
        blocks.push(head(2, say("room.report.workaround")));
        let workaround = self.room.words.workaround.trim();
        if workaround.is_empty() {
            blocks.push(paragraph(say("room.report.no_workaround")));
        } else {
            blocks.extend(RichText::from_plain(workaround).blocks);
        }
        blocks.push(head(2, say("room.report.actions")));
        blocks.extend(self.plan(zone, phrases));
        RichText { blocks }
    }

    fn head_lines(&self, now: Timestamp, zone: &TimeZone, phrases: &dyn Phrases) -> Vec<String> {
        let since = self.since();
        let took = |until: Timestamp| length(phrases, until.duration_since(since).as_secs());
        let mut lines = vec![phrases.phrase("room.report.since", &[("at", date_time(phrases, since, zone))])];
        lines.push(match self.parent.solved_at {
            Some(at) => phrases.phrase(
                "room.report.resolved",
                &[("at", date_time(phrases, at, zone)), ("length", took(at))],
            ),
            None => phrases.phrase("room.report.unresolved", &[("length", took(now))]),
        });
        if let Some(at) = self.room.workaround_at {
            lines.push(phrases.phrase("room.report.to_workaround", &[("length", took(at))]));
        }
        let people = &self.room.words.people;
        for role in RoomRole::VALUES {
            let names: Vec<String> = people
                .iter()
                .filter(|person| person.role == *role)
                .map(|person| one_line(&person.name))
                .filter(|name| !name.is_empty())
                .collect();
            if !names.is_empty() {
                let label = role.label(phrases);
                lines.push(phrases.phrase("room.report.person", &[("role", label), ("names", names.join(", "))]));
            }
        }
        lines
    }

    fn impact(&self, phrases: &dyn Phrases) -> Vec<String> {
        let mut lines = vec![phrases.phrase("room.report.children", &[("count", self.children.len().to_string())])];
        let of_all = || self.children.iter().chain([self.parent]);
        let requesters: BTreeSet<&str> = of_all().filter_map(|one| one.requester.as_deref()).collect();
        if !requesters.is_empty() {
            let names: Vec<&str> = requesters.iter().copied().collect();
            lines.push(phrases.phrase(
                "room.report.requesters",
                &[("count", requesters.len().to_string()), ("names", names.join(", "))],
            ));
        }
        let mut sites: BTreeMap<&str, usize> = BTreeMap::new();
        for site in of_all().filter_map(|one| one.site.as_deref()) {
            *sites.entry(site).or_default() += 1;
        }
        if !sites.is_empty() {
            let named: Vec<String> = sites.iter().map(|(site, count)| format!("{site} ({count})")).collect();
            lines.push(phrases.phrase("room.report.sites", &[("names", named.join(", "))]));
        }
        lines
    }

    fn table(&self, zone: &TimeZone, phrases: &dyn Phrases) -> Block {
        let columns = ["ticket", "title", "requester", "site", "opened", "solved"];
        let heads = columns.map(|column| phrases.phrase(&format!("room.report.column.{column}"), &[]));
        let when = |at: Option<Timestamp>| at.map(|at| date_time(phrases, at, zone)).unwrap_or_default();
        let mut rows = vec![row(true, heads)];
        rows.extend(self.children.iter().map(|child| {
            row(
                false,
                [
                    child.id.to_string(),
                    one_line(child.title.as_deref().unwrap_or_default()),
                    child.requester.clone().unwrap_or_default(),
                    child.site.clone().unwrap_or_default(),
                    when(child.opened_at),
                    when(child.solved_at),
                ],
            )
        }));
        Block::Table { rows }
    }

    /// What happened, in order of time; of one instant in the order in which it is said here.
    fn events(&self, phrases: &dyn Phrases) -> Vec<(Timestamp, String)> {
        let room = self.room;
        let say = |key: &str| phrases.phrase(key, &[]);
        let mut events: Vec<(Timestamp, String)> = Vec::new();
        events.extend(self.parent.opened_at.map(|at| (at, say("room.event.declared"))));
        events.push((room.opened_at, say("room.event.opened")));
        events.extend(markers(self.timeline).into_iter().map(|marked| {
            let line = marked.marker.line(phrases.language());
            (marked.at, line)
        }));
        events.extend(room.updates.iter().map(|update| {
            let text = one_line(&update.text);
            (update.at, phrases.phrase("room.event.update", &[("text", text)]))
        }));
        events.extend(room.workaround_at.map(|at| (at, say("room.event.workaround"))));
        let done = room.words.actions.iter().filter(|action| action.says());
        events.extend(done.filter_map(|action| {
            let what = one_line(&action.what);
            Some((action.done_at?, phrases.phrase("room.event.action", &[("what", what)])))
        }));
        events.extend(self.parent.solved_at.map(|at| (at, say("room.event.resolved"))));
        events.extend(room.closed_at.map(|at| (at, say("room.event.closed"))));
        events.sort_by_key(|(at, _)| *at);
        events
    }

    fn plan(&self, zone: &TimeZone, phrases: &dyn Phrases) -> Vec<Block> {
        let (done, open): (Vec<&RoomAction>, Vec<&RoomAction>) = self
            .room
            .words
            .actions
            .iter()
            .filter(|action| action.says())
            .partition(|action| action.done_at.is_some());
        if done.is_empty() && open.is_empty() {
            return vec![paragraph(phrases.phrase("room.report.no_actions", &[]))];
        }
        let line = |action: &RoomAction| {
            let mut text = one_line(&action.what);
            let who = one_line(&action.who);
            if !who.is_empty() {
                text = phrases.phrase("room.report.action_who", &[("what", text), ("who", who)]);
            }
            let dated = |key: &str, at: Timestamp, what: String| {
                phrases.phrase(key, &[("what", what), ("at", date_time(phrases, at, zone))])
            };
            match (action.done_at, action.due) {
                (Some(at), _) => dated("room.report.action_done", at, text),
                (None, Some(at)) => dated("room.report.action_due", at, text),
                (None, None) => text,
            }
        };
        let mut blocks = Vec::new();
        for (key, actions) in [("room.report.open_actions", open), ("room.report.done_actions", done)] {
            if !actions.is_empty() {
                blocks.push(Block::Heading {
                    level: 3,
                    content: vec![Inline::text(phrases.phrase(key, &[]))],
                });
                blocks.push(list(actions.into_iter().map(line).collect()));
            }
        }
        blocks
    }
}

impl RoomRole {
    /// What the role is called: phrase `room.role.NAME`.
    #[must_use]
    pub fn label(self, phrases: &dyn Phrases) -> String {
        phrases.phrase(&format!("room.role.{}", self.name()), &[])
    }
}

names!(RoomRole {
    Lead => "lead",
    Technical => "technical",
    Communication => "communication",
    Customer => "customer",
    Other => "other",
});
names!(RoomStanding {
    OnTime => "on_time",
    DueSoon => "due_soon",
    Late => "late",
    Over => "over",
});

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
