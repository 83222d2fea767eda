//! What has been counted so far. Two tallies can be joined.

use super::PERIODS;
use crate::{evidence::model::Satisfaction, instant::Instant, report::Listed};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A ticket is there twice: its figures would be counted twice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ticket {id:?} is there twice")]
pub struct DuplicateTicket {
    /// Which.
    pub id: String,
}

/// Hits of a population.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub hits: u64,
    pub total: u64,
}

/// An answer about a ticket, kept until it is known which tickets are left out.
#[derive(Debug)]
pub(super) struct Answer {
    pub ticket: Box<str>,
    pub at: Instant,
    pub note: f64,
    pub scale: f64,
}

/// A text in the arena of [`Ids`].
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u64,
    start: u32,
    length: u32,
}

/// The tickets' ids, to notice one that is there twice. One long text and places in it: a million small allocations would cost
/// more than the computation.
#[derive(Debug, Default)]
struct Ids {
    chunks: Vec<(String, Vec<Entry>)>,
}

/// A chunk's text stays below what a `u32` can address.
const CHUNK: usize = 1 << 24;

impl Ids {
    fn push(&mut self, id: &str) {
        if self.chunks.last().is_none_or(|(text, _)| text.len() > CHUNK) {
            self.chunks.push(Default::default());
        }
        let Some((text, entries)) = self.chunks.last_mut() else {
            return;
        };
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        if let (Ok(start), Ok(length)) = (u32::try_from(text.len()), u32::try_from(id.len())) {
            entries.push(Entry {
                hash: hasher.finish(),
                start,
                length,
            });
            text.push_str(id);
        }
    }

    fn twice(&self) -> Option<&str> {
        let mut all: Vec<(u64, &str)> = Vec::with_capacity(self.chunks.iter().map(|(_, entries)| entries.len()).sum());
        for (text, entries) in &self.chunks {
            let id = |entry: &Entry| text.get(entry.start as usize..(entry.start + entry.length) as usize);
            all.extend(entries.iter().filter_map(|entry| Some((entry.hash, id(entry)?))));
        }
        all.sort_unstable();
        let mut found: Vec<&str> = all
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0].1)
            .collect();
        found.sort_unstable();
        found.first().copied()
    }
}

/// What has been counted so far.
#[derive(Debug)]
pub struct Tally {
    counts: Vec<[Count; PERIODS]>,
    /// Missed in the month asked for, by indicator.
    missed: Vec<Vec<Box<str>>>,
    pub(super) excluded: Vec<Listed>,
    pub(super) rejected: Vec<Listed>,
    pub(super) answers: Vec<Answer>,
    tickets: Ids,
}

impl Tally {
    pub(super) fn new(indicators: usize) -> Self {
        Self {
            counts: vec![[Count::default(); PERIODS]; indicators],
            missed: vec![Vec::new(); indicators],
            excluded: Vec::new(),
            rejected: Vec::new(),
            answers: Vec::new(),
            tickets: Ids::default(),
        }
    }

    /// One more of an indicator's population. Ids are kept of what was missed in the last month only: that is the evidence
    /// published.
    pub(super) fn count(&mut self, indicator: usize, month: usize, hit: bool, id: &str) {
        self.count_as(indicator, month, hit, !hit, id);
    }

    /// The same where a hit is what is to be listed (re-openings).
    pub(super) fn count_as(&mut self, indicator: usize, month: usize, hit: bool, listed: bool, id: &str) {
        if let Some(count) = self.counts.get_mut(indicator).and_then(|months| months.get_mut(month)) {
            count.total += 1;
            count.hits += u64::from(hit);
        }
        if listed
            && month == PERIODS - 1
            && let Some(missed) = self.missed.get_mut(indicator)
        {
            missed.push(id.into());
        }
    }

    pub(super) fn exclude(&mut self, id: &str, reason: &'static str) {
        self.excluded.push(Listed { id: id.into(), reason });
    }

    pub(super) fn reject(&mut self, id: &str, reason: &'static str) {
        self.rejected.push(Listed { id: id.into(), reason });
    }

    pub(super) fn saw_ticket(&mut self, id: &str) {
        self.tickets.push(id);
    }

    /// Keeps an answer about a ticket.
    pub fn satisfaction(&mut self, answer: &Satisfaction<'_>) {
        self.answers.push(Answer {
            ticket: answer.ticket.as_ref().into(),
            at: answer.answered_at,
            note: answer.note,
            scale: answer.scale,
        });
    }

    /// Adds what another has counted.
    pub fn join(&mut self, other: Self) {
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                mine.hits += theirs.hits;
                mine.total += theirs.total;
            }
        }
        for (mine, theirs) in self.missed.iter_mut().zip(other.missed) {
            mine.extend(theirs);
        }
        self.excluded.extend(other.excluded);
        self.rejected.extend(other.rejected);
        self.answers.extend(other.answers);
        self.tickets.chunks.extend(other.tickets.chunks);
    }

    pub(super) fn check_tickets(&self) -> Result<(), DuplicateTicket> {
        self.tickets
            .twice()
            .map_or(Ok(()), |id| Err(DuplicateTicket { id: id.to_owned() }))
    }

    /// An indicator's counts and what it missed, taken out.
    pub(super) fn take(&mut self, indicator: usize) -> ([Count; PERIODS], Vec<Box<str>>) {
        let counts = self.counts.get(indicator).copied().unwrap_or_default();
        let missed = self.missed.get_mut(indicator).map(std::mem::take).unwrap_or_default();
        (counts, missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_is_there_twice_is_noticed_across_tallies() {
        let (mut one, mut other) = (Tally::new(0), Tally::new(0));
        for id in ["a", "b", "c"] {
            one.saw_ticket(id);
        }
        other.saw_ticket("d");
        assert_eq!(one.check_tickets(), Ok(()));
        other.saw_ticket("b");
        one.join(other);
        assert_eq!(one.check_tickets(), Err(DuplicateTicket { id: "b".into() }));
    }
}
