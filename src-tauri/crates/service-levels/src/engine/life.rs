//! A ticket's events put in order and read once: what every indicator asks about.

use super::reason;
use crate::{
    calendar::{Wait, merge_waits},
    evidence::model::{Event, EventKind, Ticket},
    instant::Instant,
};

/// What happened to a ticket as far as it is known. One value is used for ticket after ticket, so that its lists are not
/// allocated a million times.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// Events in order; at the same instant in the document's order.
    events: Vec<Event>,
    /// Places of the waits that have begun and not ended.
    open_waits: Vec<usize>,
    /// First taken up.
    pub(crate) taken_up: Option<Instant>,
    /// First assigned.
    pub(crate) assigned: Option<Instant>,
    /// First assigned above level 1.
    pub(crate) escalated: Option<Instant>,
    /// First solution.
    pub(crate) solved: Option<Instant>,
    /// The last thing that happened about its solution was a solution, or it was closed.
    pub(crate) over: bool,
    /// Waits on somebody else, merged.
    pub(crate) waits: Vec<Wait>,
    /// Waiting at the data's end.
    pub(crate) waiting: bool,
    /// Up to the first solution: no assignment above level 1, no wait, no second contact.
    pub(crate) one_contact: bool,
    /// Re-openings after the first solution.
    pub(crate) reopened: Vec<Instant>,
}

/// Why a ticket is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Out {
    /// Left out.
    Excluded(&'static str),
    /// Bad data.
    Rejected(&'static str),
}

impl Life {
    /// Reads a ticket's events up to `data_end`.
    pub(crate) fn read(&mut self, ticket: &Ticket<'_>, data_end: Instant) -> Result<(), Out> {
        self.events.clear();
        self.open_waits.clear();
        self.waits.clear();
        self.reopened.clear();
        (self.taken_up, self.assigned, self.escalated, self.solved) = (None, None, None, None);
        (self.over, self.waiting, self.one_contact) = (false, false, true);
        if ticket.events.iter().any(|event| event.at < ticket.created_at) {
            return Err(Out::Rejected(reason::EVENT_BEFORE_CREATION));
        }
        self.events
            .extend(ticket.events.iter().filter(|event| event.at <= data_end).copied());
        if !self.events.is_sorted_by_key(|event| event.at) {
            self.events.sort_by_key(|event| event.at);
        }
        let left_out = self.walk()?;
        self.close_waits(data_end);
        if let Some(reason) = left_out {
            return Err(Out::Excluded(reason));
        }
        if ticket.created_at > data_end {
            return Err(Out::Excluded(reason::AFTER_DATA_END));
        }
        Ok(())
    }

    /// One pass over the events; why the ticket is left out, if it is.
    fn walk(&mut self) -> Result<Option<&'static str>, Out> {
        let mut left_out = None;
        for place in 0..self.events.len() {
            let Event { at, kind, level } = self.events[place];
            let before_solution = self.solved.is_none();
            match kind {
                EventKind::TakenUp => _ = self.taken_up.get_or_insert(at),
                EventKind::Assigned => {
                    self.assigned.get_or_insert(at);
                    if level.is_some_and(|level| level > 1) {
                        self.escalated.get_or_insert(at);
                        self.one_contact &= !before_solution;
                    }
                }
                EventKind::WaitingStarted => {
                    self.open_waits.push(place);
                    self.one_contact &= !before_solution;
                }
                EventKind::WaitingEnded => {
                    // Of several running waits the last is taken: merged they are the same whichever it is.
                    let Some(begun) = self.open_waits.pop() else {
                        return Err(Out::Rejected(reason::WAIT_ENDS_BEFORE_START));
                    };
                    let start = self.events[begun].at;
                    self.waits.push(Wait { start, end: at });
                }
                EventKind::Solved => {
                    self.solved.get_or_insert(at);
                    self.over = true;
                }
                EventKind::Reopened => {
                    if !before_solution {
                        self.reopened.push(at);
                    }
                    self.over = false;
                }
                EventKind::Closed => self.over = true,
                EventKind::RequesterContact => self.one_contact &= !before_solution,
                EventKind::Merged => _ = left_out.get_or_insert(reason::MERGED),
                EventKind::Trashed => _ = left_out.get_or_insert(reason::TRASHED),
            }
        }
        Ok(left_out)
    }

    /// A wait without an end runs until the next solution, or the data's end.
    fn close_waits(&mut self, data_end: Instant) {
        for place in &self.open_waits {
            let after = self.events.iter().skip(place + 1);
            let solved = after
                .filter(|event| event.kind == EventKind::Solved)
                .map(|event| event.at)
                .next();
            self.waiting |= solved.is_none();
            self.waits.push(Wait {
                start: self.events[*place].at,
                end: solved.unwrap_or(data_end),
            });
        }
        merge_waits(&mut self.waits);
    }
}
