//! The clock of one ticket: its next target, how much service time is left, and whether it is late. Pure, and quick enough
//! to be asked for every row of a list at every minute, offline as well.

use crate::{
    calendar::Calendar,
    contract::{Contract, Rule},
    engine::{Life, case_of},
    evidence::model::Ticket,
    instant::{Instant, Nanoseconds, SECOND},
};
use serde::Serialize;

/// What has to be done by the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// Take the ticket up.
    TakeUp,
    /// Escalate it, if it is to be escalated.
    Escalate,
    /// Solve it.
    Resolve,
}

/// How the target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// There is time.
    Ok,
    /// Little is left: less than the contract's share of the target.
    Soon,
    /// The target was missed.
    Late,
}

/// A ticket's next target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextTarget {
    /// What has to be done.
    pub kind: TargetKind,
    /// Which indicator of the contract asks for it.
    pub indicator: String,
    /// By when. While the ticket waits on somebody else: if the wait ended now.
    pub due: jiff::Timestamp,
    /// Service time left, in seconds; negative when late: service time since.
    pub remaining_service_seconds: i64,
    /// How it stands.
    pub state: TargetState,
    /// The clock stands still: the ticket waits on somebody else.
    pub paused: bool,
}

/// A contract with its calendars worked out, to be asked again and again.
#[derive(Debug)]
pub struct Clocks<'c> {
    contract: &'c Contract,
    calendars: Vec<Calendar>,
}

/// A target that is still open.
struct Open<'a> {
    kind: TargetKind,
    indicator: &'a str,
    calendar: &'a Calendar,
    target: Nanoseconds,
    spent: Nanoseconds,
    paused: bool,
}

impl<'c> Clocks<'c> {
    /// For tickets that are due before the end of `last_year`.
    #[must_use]
    pub fn new(contract: &'c Contract, last_year: i16) -> Self {
        let calendars = contract
            .calendars
            .iter()
            .map(|named| Calendar::new(&named.rules, last_year));
        Self {
            contract,
            calendars: calendars.collect(),
        }
    }

    /// The ticket's next target at an instant: of those still open, the one due first. `None` when the ticket is over, left
    /// out, or no indicator is about it. Facts later than `now` are not known yet.
    #[must_use]
    pub fn next_target(&self, ticket: &Ticket<'_>, now: jiff::Timestamp) -> Option<NextTarget> {
        let now = Instant::from(now);
        let mut life = Life::default();
        life.read(ticket, now).ok()?;
        if life.over {
            return None;
        }
        let start = ticket.created_at;
        let mut next: Option<NextTarget> = None;
        for indicator in &self.contract.indicators {
            let Some(calendar) = self.calendars.get(indicator.calendar) else {
                continue;
            };
            let open = |kind, target, spent, paused| Open {
                kind,
                indicator: &indicator.id,
                calendar,
                target,
                spent,
                paused,
            };
            let since_start = || calendar.service_time(start, now);
            let open = match &indicator.rule {
                Rule::TakeUp(cases) if life.taken_up.is_none() && life.assigned.is_none() => {
                    case_of(cases, ticket).map(|case| open(TargetKind::TakeUp, case.target, since_start(), false))
                }
                // Whether a ticket is to be escalated is not known: its target is shown while it can be met, and is no
                // failure when it has passed.
                Rule::Escalation(cases) if life.escalated.is_none() && life.solved.is_none() => case_of(cases, ticket)
                    .map(|case| open(TargetKind::Escalate, case.target, since_start(), false))
                    .filter(|open| open.spent <= open.target),
                Rule::Resolution { cases, own_time } if life.solved.is_none() => case_of(cases, ticket).map(|case| {
                    let waits = if *own_time { life.waits.as_slice() } else { &[] };
                    let spent = calendar.own_time(start, now, waits);
                    open(TargetKind::Resolve, case.target, spent, *own_time && life.waiting)
                }),
                _ => None,
            };
            if let Some(target) = open.and_then(|open| self.told(&open, now, &life, start))
                && next
                    .as_ref()
                    .is_none_or(|next| (target.due, target.kind) < (next.due, next.kind))
            {
                next = Some(target);
            }
        }
        next
    }

    fn told(&self, open: &Open<'_>, now: Instant, life: &Life, start: Instant) -> Option<NextTarget> {
        let left = open.target - open.spent;
        let due = if left < 0 {
            let waits = if open.kind == TargetKind::Resolve {
                life.waits.as_slice()
            } else {
                &[]
            };
            open.calendar.own_target_date(start, open.target, waits)?
        } else if open.paused || left > 0 {
            open.calendar.target_date(now, left)?
        } else {
            now
        };
        #[allow(clippy::cast_precision_loss, reason = "a share of a few days")]
        let soon = (left as f64) < self.contract.warning_share * open.target as f64;
        Some(NextTarget {
            kind: open.kind,
            indicator: open.indicator.to_owned(),
            due: due.timestamp(),
            remaining_service_seconds: left.div_euclid(SECOND),
            state: if left < 0 {
                TargetState::Late
            } else if soon {
                TargetState::Soon
            } else {
                TargetState::Ok
            },
            paused: open.paused,
        })
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
