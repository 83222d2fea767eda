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
use std::sync::Arc;

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
    /// The calendar it runs by, as an index into the contract's.
    pub calendar: usize,
    /// By when. While the ticket waits on somebody else: if the wait ended now.
    pub due: jiff::Timestamp,
    /// From when on less than the contract's share of the target is left; as `due` while it waits.
    pub soon_at: jiff::Timestamp,
    /// Service time left, in seconds; negative when late: service time since.
    pub remaining_service_seconds: i64,
    /// How it stands.
    pub state: TargetState,
    /// The clock stands still: the ticket waits on somebody else.
    pub paused: bool,
}

/// A contract with its calendars worked out, to be asked again and again.
#[derive(Debug)]
pub struct Clocks {
    contract: Arc<Contract>,
    calendars: Vec<Calendar>,
}

/// A target that is still open.
struct Open<'a> {
    kind: TargetKind,
    indicator: &'a str,
    number: usize,
    calendar: &'a Calendar,
    target: Nanoseconds,
    spent: Nanoseconds,
    paused: bool,
}

/// When a calendar is open, for whoever counts service time without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Openings {
    /// A service day, in seconds.
    pub day_s: i64,
    /// Each opening with its end, in order.
    pub spans: Vec<(jiff::Timestamp, jiff::Timestamp)>,
}

impl Clocks {
    /// For tickets that are due before the end of `last_year`.
    #[must_use]
    pub fn new(contract: Arc<Contract>, last_year: i16) -> Self {
        let calendars: Vec<Calendar> = contract
            .calendars
            .iter()
            .map(|named| Calendar::new(&named.rules, last_year))
            .collect();
        Self { contract, calendars }
    }

    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
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
                number: indicator.calendar,
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

    /// The openings of each of the contract's calendars between two instants.
    #[must_use]
    pub fn openings(&self, from: jiff::Timestamp, to: jiff::Timestamp) -> Vec<Openings> {
        let of = |calendar: &Calendar| Openings {
            day_s: calendar.service_day() / SECOND,
            spans: calendar
                .openings(from.into(), to.into())
                .map(|(opens, closes)| (opens.timestamp(), closes.timestamp()))
                .collect(),
        };
        self.calendars.iter().map(of).collect()
    }

    fn told(&self, open: &Open<'_>, now: Instant, life: &Life, start: Instant) -> Option<NextTarget> {
        let left = open.target - open.spent;
        let waits = if open.kind == TargetKind::Resolve {
            life.waits.as_slice()
        } else {
            &[]
        };
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            reason = "a share of a few days"
        )]
        let margin = (self.contract.warning_share * open.target as f64) as Nanoseconds;
        // When the clock has shown, or will show, that so much is left.
        let shows = |left_then: Nanoseconds| -> Option<Instant> {
            if left > left_then {
                open.calendar.target_date(now, left - left_then)
            } else {
                open.calendar.own_target_date(start, open.target - left_then, waits)
            }
        };
        let due = shows(0)?;
        let soon_at = shows(margin)?;
        let soon = left < margin;
        Some(NextTarget {
            kind: open.kind,
            indicator: open.indicator.to_owned(),
            calendar: open.number,
            due: due.timestamp(),
            soon_at: soon_at.timestamp(),
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
