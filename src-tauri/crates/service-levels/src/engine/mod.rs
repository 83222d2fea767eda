//! The computation: records go in one by one ([`Engine::ticket`], [`Engine::call`]…), each is counted in its month of the
//! thirteen at once, and [`Engine::report`] turns the counts into the report. Several tallies filled side by side can be joined,
//! so that cores share the work; what comes out does not depend on who counted what.

mod bounds;
mod life;
mod mean;
mod small;
mod tally;
mod tickets;

use crate::{
    calendar::Calendar,
    contract::{Contract, Rule},
    evidence::model::{Alert, Call, Direction, Evidence},
    instant::Instant,
    period::Period,
    report::Report,
};
use bounds::Bounds;
pub(crate) use life::Life;
pub use tally::{DuplicateTicket, Tally};
pub(crate) use tickets::case_of;

/// Periods of history, the asked one included.
pub const PERIODS: usize = 13;

/// Why a record is left out or refused: words of the report, and keys of the catalogue of messages.
pub mod reason {
    /// The ticket is a duplicate.
    pub const MERGED: &str = "merged";
    /// The ticket is in the trash.
    pub const TRASHED: &str = "trashed";
    /// The call was abandoned at once.
    pub const ABANDONED_EARLY: &str = "abandoned_early";
    /// The record is of a time of which nothing is known.
    pub const AFTER_DATA_END: &str = "after_data_end";
    /// Something happened to the ticket before it was created.
    pub const EVENT_BEFORE_CREATION: &str = "event_before_creation";
    /// A wait ends that had not begun.
    pub const WAIT_ENDS_BEFORE_START: &str = "wait_ends_before_start";
    /// The call was answered or over before it rang, or over before it was answered.
    pub const CALL_ENDS_BEFORE_START: &str = "call_ends_before_start";
    /// The alert was handled before it came.
    pub const ALERT_HANDLED_BEFORE_RECEIVED: &str = "alert_handled_before_received";
    /// The service worked again before it failed.
    pub const OUTAGE_ENDS_BEFORE_START: &str = "outage_ends_before_start";
    /// The note is not between 0 and the scale.
    pub const NOTE_OUT_OF_SCALE: &str = "note_out_of_scale";
    /// More equipment complies than was checked.
    pub const MORE_COMPLIANT_THAN_CHECKED: &str = "more_compliant_than_checked";
    /// The dashboard was delivered before its month was over.
    pub const DELIVERED_BEFORE_MONTH_END: &str = "delivered_before_month_end";

    /// All of them.
    pub const ALL: [&str; 12] = [
        MERGED,
        TRASHED,
        ABANDONED_EARLY,
        AFTER_DATA_END,
        EVENT_BEFORE_CREATION,
        WAIT_ENDS_BEFORE_START,
        CALL_ENDS_BEFORE_START,
        ALERT_HANDLED_BEFORE_RECEIVED,
        OUTAGE_ENDS_BEFORE_START,
        NOTE_OUT_OF_SCALE,
        MORE_COMPLIANT_THAN_CHECKED,
        DELIVERED_BEFORE_MONTH_END,
    ];
}

/// A contract worked out for one period and the twelve before it.
#[derive(Debug)]
pub struct Engine<'c> {
    contract: &'c Contract,
    period: Period,
    data_end: Instant,
    /// By the contract's calendars: the openings, and where the months begin in its zone. `None` for one that no indicator
    /// follows.
    calendars: Vec<Option<(Calendar, Bounds)>>,
}

impl<'c> Engine<'c> {
    /// For a period (a month, as contracts are judged by), knowing nothing after `data_end`.
    #[must_use]
    pub fn new(contract: &'c Contract, period: impl Into<Period>, data_end: Instant) -> Self {
        let period = period.into();
        let last_year = data_end
            .timestamp()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .year()
            .max(period.first_day().year());
        let followed = |place: usize| contract.indicators.iter().any(|indicator| indicator.calendar == place);
        // A target that lies beyond the year after the last is in none of the months.
        let calendars = contract.calendars.iter().enumerate().map(|(place, named)| {
            followed(place).then(|| {
                let calendar = Calendar::new(&named.rules, last_year.saturating_add(1));
                let periods = Bounds::new(calendar.zone(), period);
                (calendar, periods)
            })
        });
        let calendars = calendars.collect();
        Self {
            contract,
            period,
            data_end,
            calendars,
        }
    }

    /// An empty tally.
    #[must_use]
    pub fn tally(&self) -> Tally {
        Tally::new(self.contract.indicators.len())
    }

    /// The indicators with their places, calendars and months.
    fn indicators(&self) -> impl Iterator<Item = (usize, &Rule, &Calendar, &Bounds)> {
        self.contract
            .indicators
            .iter()
            .enumerate()
            .filter_map(|(place, indicator)| {
                let (calendar, periods) = self.calendars.get(indicator.calendar)?.as_ref()?;
                Some((place, &indicator.rule, calendar, periods))
            })
    }

    /// What is known at the data's end of something that happened.
    fn known(&self, at: Option<Instant>) -> Option<Instant> {
        at.filter(|at| *at <= self.data_end)
    }

    /// Counts a call.
    pub fn call(&self, call: &Call<'_>, tally: &mut Tally) {
        let over = call.ended_at;
        let backwards = |end: Option<Instant>, start: Instant| end.is_some_and(|end| end < start);
        if backwards(call.answered_at, call.offered_at)
            || backwards(over, call.offered_at)
            || call.answered_at.is_some_and(|answered| backwards(over, answered))
        {
            tally.reject(&call.id, reason::CALL_ENDS_BEFORE_START);
            return;
        }
        if call.offered_at > self.data_end {
            tally.exclude(&call.id, reason::AFTER_DATA_END);
            return;
        }
        if call.direction != Direction::Inbound {
            return;
        }
        let answered = self.known(call.answered_at);
        let over = self.known(over);
        let mut left_out = false;
        for (place, rule, calendar, periods) in self.indicators() {
            let Rule::CallAnswer {
                queues,
                target,
                abandoned_after,
            } = rule
            else {
                continue;
            };
            let of_queue = |queue: &String| call.queue.as_deref() == Some(queue);
            if !calendar.is_open(call.offered_at) || !(queues.is_empty() || queues.iter().any(of_queue)) {
                continue;
            }
            if answered.is_none() && over.is_some_and(|over| over.since(call.offered_at) < *abandoned_after) {
                left_out = true;
                continue;
            }
            if let Some(month) = periods.of(call.offered_at) {
                let hit = answered.is_some_and(|answered| answered.since(call.offered_at) <= *target);
                tally.count(place, month, hit, &call.id);
            }
        }
        if left_out {
            tally.exclude(&call.id, reason::ABANDONED_EARLY);
        }
    }

    /// Counts an alert.
    pub fn alert(&self, alert: &Alert<'_>, tally: &mut Tally) {
        if alert.handled_at.is_some_and(|handled| handled < alert.received_at) {
            tally.reject(&alert.id, reason::ALERT_HANDLED_BEFORE_RECEIVED);
            return;
        }
        if alert.received_at > self.data_end {
            tally.exclude(&alert.id, reason::AFTER_DATA_END);
            return;
        }
        let handled = self.known(alert.handled_at);
        for (place, rule, calendar, periods) in self.indicators() {
            let Rule::AlertTakeUp { severities, target } = rule else {
                continue;
            };
            if !severities.contains(&alert.severity) {
                continue;
            }
            if let Some(month) = periods.of(alert.received_at) {
                let hit = handled.is_some_and(|handled| calendar.service_time(alert.received_at, handled) <= *target);
                tally.count(place, month, hit, &alert.id);
            }
        }
    }
}

/// The report on a document in memory.
///
/// # Errors
/// A ticket is there twice.
pub fn compute(
    evidence: &Evidence<'_>,
    contract: &Contract,
    period: impl Into<Period>,
) -> Result<Report, DuplicateTicket> {
    let engine = Engine::new(contract, period, evidence.data_end);
    let mut tally = engine.tally();
    let mut life = Life::default();
    for ticket in &evidence.tickets {
        engine.ticket(ticket, &mut life, &mut tally);
    }
    for call in &evidence.calls {
        engine.call(call, &mut tally);
    }
    for alert in &evidence.alerts {
        engine.alert(alert, &mut tally);
    }
    for answer in &evidence.satisfaction {
        tally.satisfaction(answer);
    }
    let mut small = small::SmallSections::default();
    small.surveys.extend_from_slice(&evidence.surveys);
    small.outages.extend_from_slice(&evidence.outages);
    small.services.extend_from_slice(&evidence.services);
    small.compliance.extend_from_slice(&evidence.compliance);
    small.milestones.extend_from_slice(&evidence.milestones);
    small.deliverables.extend_from_slice(&evidence.deliverables);
    engine.report(tally, &small)
}

pub use small::SmallSections;

#[cfg(test)]
mod definition_tests;
#[cfg(test)]
mod tests;
