//! A ticket's part in every indicator of tickets.

use super::{Engine, Life, PERIODS, Tally, bounds::Bounds, life::Out, reason};
use crate::{
    calendar::{Calendar, Wait},
    contract::{Case, Rule},
    evidence::model::Ticket,
    instant::{Instant, Nanoseconds},
};

impl Engine<'_> {
    /// Counts a ticket. `life` is scratch space.
    pub(crate) fn ticket(&self, ticket: &Ticket<'_>, life: &mut Life, tally: &mut Tally) {
        tally.saw_ticket(&ticket.id);
        match life.read(ticket, self.data_end) {
            Ok(()) => {}
            Err(Out::Excluded(reason)) => return tally.exclude(&ticket.id, reason),
            Err(Out::Rejected(reason)) => return tally.reject(&ticket.id, reason),
        }
        for (place, rule, calendar, periods) in self.indicators() {
            let id = &ticket.id;
            match rule {
                Rule::TakeUp(cases) => {
                    let Some((case, month)) = case_of(cases, ticket).zip(periods.of(ticket.created_at)) else {
                        continue;
                    };
                    let taken = [life.taken_up, life.assigned].into_iter().flatten().min();
                    let in_time = |taken| calendar.service_time(ticket.created_at, taken) <= case.target;
                    tally.count(place, month, taken.is_some_and(in_time), id);
                }
                Rule::Escalation(cases) => {
                    let Some(escalated) = life.escalated else { continue };
                    let Some((case, month)) = case_of(cases, ticket).zip(periods.of(escalated)) else {
                        continue;
                    };
                    let hit = calendar.service_time(ticket.created_at, escalated) <= case.target;
                    tally.count(place, month, hit, id);
                }
                Rule::FirstContact(population) => {
                    let Some(month) = life.solved.and_then(|solved| periods.of(solved)) else {
                        continue;
                    };
                    if population.holds(ticket) {
                        let reopened = life.reopened.iter().any(|at| periods.of(*at) == Some(month));
                        tally.count(place, month, life.one_contact && !reopened, id);
                    }
                }
                Rule::Resolution { cases, own_time } => {
                    let Some(case) = case_of(cases, ticket) else { continue };
                    let delay = Delay {
                        start: ticket.created_at,
                        end: life.solved,
                        waits: if *own_time { &life.waits } else { &[] },
                        target: case.target,
                    };
                    if let Some((month, hit)) = delay.counted(calendar, periods, self.data_end) {
                        tally.count(place, month, hit, id);
                    }
                }
                Rule::SolvedShare(population) => {
                    if let Some(month) = periods.of(ticket.created_at)
                        && population.holds(ticket)
                    {
                        tally.count(place, month, life.solved.is_some(), id);
                    }
                }
                Rule::ReopenRate(population) => {
                    let Some(month) = life.solved.and_then(|solved| periods.of(solved)) else {
                        continue;
                    };
                    if population.holds(ticket) {
                        let reopened = !life.reopened.is_empty();
                        tally.count_as(place, month, reopened, reopened, id);
                    }
                }
                Rule::CallAnswer { .. }
                | Rule::AlertTakeUp { .. }
                | Rule::Satisfaction
                | Rule::Survey
                | Rule::Availability { .. }
                | Rule::Compliance
                | Rule::Milestones
                | Rule::Deliverables { .. }
                | Rule::Restoration { .. } => {}
            }
        }
    }

    /// An answer about a ticket that is left out or refused is left out too.
    pub(super) fn settle_answers(&self, tally: &mut Tally) {
        let mut answers = std::mem::take(&mut tally.answers);
        let out: std::collections::HashSet<&str> = tally
            .excluded
            .iter()
            .chain(&tally.rejected)
            .map(|listed| &*listed.id)
            .collect();
        answers.retain(|answer| answer.at <= self.data_end && !out.contains(&*answer.ticket));
        drop(out);
        answers.retain(|answer| {
            let good = answer.scale > 0.0 && (0.0..=answer.scale).contains(&answer.note);
            if !good {
                tally.reject(&answer.ticket, reason::NOTE_OUT_OF_SCALE);
            }
            good
        });
        tally.answers = answers;
    }
}

/// The first case that holds the ticket.
pub(crate) fn case_of<'a>(cases: &'a [Case], ticket: &Ticket<'_>) -> Option<&'a Case> {
    cases.iter().find(|case| case.population.holds(ticket))
}

/// A delay that is to end within a target.
#[derive(Debug, Clone, Copy)]
pub(super) struct Delay<'a> {
    pub start: Instant,
    /// `None` while it lasts.
    pub end: Option<Instant>,
    pub waits: &'a [Wait],
    pub target: Nanoseconds,
}

impl Delay<'_> {
    /// The month it counts in and whether it met its target. It counts once: in the month of its end, unless an earlier month
    /// ended with its deadline passed: then it was missed there, whatever came later. What nobody knows yet (a deadline after
    /// the data's end) does not count.
    pub(super) fn counted(&self, calendar: &Calendar, periods: &Bounds, data_end: Instant) -> Option<(usize, bool)> {
        if self.end.is_some_and(|end| end < periods.first(0)) {
            return None;
        }
        let deadline = calendar.own_target_date(self.start, self.target, self.waits);
        let missed_by = |limit: Instant| {
            deadline
                .filter(|deadline| *deadline < limit)
                .and_then(|deadline| periods.of(deadline))
                .map(|month| (month, false))
        };
        let Some(end) = self.end else {
            return missed_by(data_end.plus(1));
        };
        let Some(month) = periods.of(end) else {
            return missed_by(periods.first(PERIODS));
        };
        let first = periods.first(month);
        if deadline.is_some_and(|deadline| deadline < first) {
            return missed_by(first);
        }
        Some((month, calendar.own_time(self.start, end, self.waits) <= self.target))
    }
}
