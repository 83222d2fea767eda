//! Calendars: when a service is open, and how much service time lies between two instants.
//!
//! A [`CalendarRules`] says it as a contract does (zone, weekly openings, holidays); a [`Calendar`] is the same worked out
//! as a list of openings in UTC with running totals, so that a question costs two binary searches: a million tickets are
//! asked about.

pub mod holidays;
pub mod local;

use crate::instant::{Instant, MINUTE, Month, Nanoseconds};
use holidays::Holidays;
use jiff::{
    civil::{Date, Time, Weekday, date},
    tz::TimeZone,
};
use std::collections::BTreeSet;

/// An opening of one day on the wall's clock, in minutes from midnight; `end` may be 1440, the day's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// First minute.
    pub start: u16,
    /// First minute after it.
    pub end: u16,
}

/// Minutes of a day on the wall.
pub const DAY_MINUTES: u16 = 1440;

/// When a service is open, as the contract says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRules {
    /// Where its clocks hang.
    pub zone: TimeZone,
    /// Openings from Monday to Sunday; of one day in order and apart.
    pub week: [Vec<Opening>; 7],
    /// Public holidays on which it is closed.
    pub holidays: Holidays,
    /// Other days on which it is closed.
    pub closed: BTreeSet<Date>,
}

impl CalendarRules {
    /// Open without interruption.
    #[must_use]
    pub fn always(zone: TimeZone) -> Self {
        Self::daily(
            zone,
            7,
            Opening {
                start: 0,
                end: DAY_MINUTES,
            },
            Holidays::None,
        )
    }

    /// The same opening on the first `days` days of the week.
    #[must_use]
    pub fn daily(zone: TimeZone, days: usize, opening: Opening, holidays: Holidays) -> Self {
        Self {
            zone,
            week: std::array::from_fn(|day| if day < days { vec![opening] } else { Vec::new() }),
            holidays,
            closed: BTreeSet::new(),
        }
    }

    /// Openings of a weekday.
    #[must_use]
    pub fn openings(&self, weekday: Weekday) -> &[Opening] {
        let index = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
        self.week.get(index).map_or(&[], Vec::as_slice)
    }

    /// Whether it is open at an instant, without working years out: for asking who is on duty now.
    #[must_use]
    pub fn is_open(&self, at: Instant) -> bool {
        let today = at.timestamp().to_zoned(self.zone.clone()).date();
        let first = today.yesterday().unwrap_or(today);
        let last = today.tomorrow().unwrap_or(today);
        Calendar::between(self, first, last).is_open(at)
    }

    /// A service day: the length of the longest day of the week.
    #[must_use]
    pub fn service_day(&self) -> Nanoseconds {
        let of_day = |day: &Vec<Opening>| {
            day.iter()
                .map(|opening| Nanoseconds::from(opening.end.saturating_sub(opening.start)) * MINUTE)
                .sum()
        };
        self.week.iter().map(of_day).max().unwrap_or(0)
    }
}

/// First year of a calendar: nothing is served before it. A delay that began earlier still counts from there on.
const FIRST_YEAR: i16 = 2000;
/// Last year a calendar may be worked out for: instants end in 2261.
const LAST_YEAR: i16 = 2199;

/// A calendar worked out for the years from 2000 to a given one. Before and after them nothing is open.
#[derive(Debug, Clone)]
pub struct Calendar {
    zone: TimeZone,
    starts: Vec<i64>,
    ends: Vec<i64>,
    /// Service time before each opening.
    before: Vec<Nanoseconds>,
    service_day: Nanoseconds,
}

impl Calendar {
    /// Works the openings out, up to the end of `last_year`.
    #[must_use]
    pub fn new(rules: &CalendarRules, last_year: i16) -> Self {
        let last_year = last_year.clamp(FIRST_YEAR, LAST_YEAR);
        Self::between(rules, date(FIRST_YEAR, 1, 1), date(last_year, 12, 31))
    }

    /// Works the openings of some days out, the last one included.
    fn between(rules: &CalendarRules, first: Date, last: Date) -> Self {
        let mut calendar = Self {
            zone: rules.zone.clone(),
            starts: Vec::new(),
            ends: Vec::new(),
            before: Vec::new(),
            service_day: rules.service_day(),
        };
        for year in first.year()..=last.year() {
            let holidays = rules.holidays.of_year(year);
            let closed = |day: &Date| holidays.contains(day) || rules.closed.contains(day);
            for day in date(year, 1, 1)
                .max(first)
                .series(jiff::Span::new().days(1))
                .take_while(|day| day.year() == year && *day <= last)
            {
                if closed(&day) {
                    continue;
                }
                for opening in rules.openings(day.weekday()) {
                    let start = wall(&rules.zone, day, opening.start);
                    let end = wall(&rules.zone, day, opening.end);
                    calendar.push(start.nanoseconds(), end.nanoseconds());
                }
            }
        }
        let mut total = 0;
        for (start, end) in calendar.starts.iter().zip(&calendar.ends) {
            calendar.before.push(total);
            total += end - start;
        }
        calendar
    }

    /// Adds an opening after the others; one that touches the last prolongs it.
    fn push(&mut self, start: i64, end: i64) {
        if end <= start {
            // An opening inside the hour that spring skips.
            return;
        }
        match self.ends.last_mut() {
            Some(last) if *last >= start => *last = end.max(*last),
            _ => {
                self.starts.push(start);
                self.ends.push(end);
            }
        }
    }

    /// Where its clocks hang.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Length of its longest weekday.
    #[must_use]
    pub fn service_day(&self) -> Nanoseconds {
        self.service_day
    }

    /// Service time from the first year to an instant.
    fn elapsed(&self, at: Instant) -> Nanoseconds {
        let at = at.nanoseconds();
        let begun = self.starts.partition_point(|start| *start <= at);
        let Some(last) = begun.checked_sub(1) else {
            return 0;
        };
        self.before[last] + at.min(self.ends[last]) - self.starts[last]
    }

    /// Service time of \[start, end): the length of its intersection with the openings. 0 when the end is not after the
    /// start.
    #[must_use]
    pub fn service_time(&self, start: Instant, end: Instant) -> Nanoseconds {
        if end <= start {
            return 0;
        }
        self.elapsed(end) - self.elapsed(start)
    }

    /// Whether the service is open at an instant.
    #[must_use]
    pub fn is_open(&self, at: Instant) -> bool {
        let at = at.nanoseconds();
        let begun = self.starts.partition_point(|start| *start <= at);
        begun.checked_sub(1).is_some_and(|last| at < self.ends[last])
    }

    /// The openings that a stretch of time touches, each whole, in order.
    pub fn openings(&self, from: Instant, to: Instant) -> impl Iterator<Item = (Instant, Instant)> + '_ {
        let first = self.ends.partition_point(|end| *end <= from.nanoseconds());
        let beyond = self.starts.partition_point(|start| *start < to.nanoseconds());
        let instants = |of: &[i64]| of.iter().copied().map(Instant::from_nanoseconds).collect::<Vec<_>>();
        let range = first..beyond.max(first);
        instants(&self.starts[range.clone()])
            .into_iter()
            .zip(instants(&self.ends[range]))
    }

    /// The target date: the first instant at which so much service time has passed since the start. `None` when that lies
    /// beyond the years worked out. A target of 0 is the start itself.
    #[must_use]
    pub fn target_date(&self, start: Instant, target: Nanoseconds) -> Option<Instant> {
        if target <= 0 {
            return Some(start);
        }
        let goal = self.elapsed(start).saturating_add(target);
        // The last opening before which less than the goal has passed.
        let last = self.before.partition_point(|before| *before < goal).checked_sub(1)?;
        let at = self.starts[last] + (goal - self.before[last]);
        (at <= self.ends[last]).then_some(Instant::from_nanoseconds(at))
    }

    /// Own time of \[start, end): its service time less that of the waits, which are in order and apart.
    #[must_use]
    pub fn own_time(&self, start: Instant, end: Instant, waits: &[Wait]) -> Nanoseconds {
        let waited: Nanoseconds = waits
            .iter()
            .map(|wait| self.service_time(wait.start.max(start), wait.end.min(end)))
            .sum();
        self.service_time(start, end) - waited
    }

    /// The target date in own time: the first instant at which so much own time has passed since the start.
    #[must_use]
    pub fn own_target_date(&self, start: Instant, target: Nanoseconds, waits: &[Wait]) -> Option<Instant> {
        let (mut from, mut left) = (start, target);
        for wait in waits {
            let worked = self.service_time(from, wait.start);
            if worked >= left {
                break;
            }
            left -= worked;
            from = from.max(wait.end);
        }
        self.target_date(from, left)
    }

    /// First instant of a month and of the next one.
    #[must_use]
    pub fn month(&self, month: Month) -> (Instant, Instant) {
        (month.first_instant(&self.zone), month.plus(1).first_instant(&self.zone))
    }
}

/// Time spent waiting on somebody else: \[start, end).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wait {
    /// Since when.
    pub start: Instant,
    /// Until when.
    pub end: Instant,
}

/// Puts waits in order and joins those that overlap or touch.
pub fn merge_waits(waits: &mut Vec<Wait>) {
    if waits.len() < 2 {
        return;
    }
    waits.sort_unstable();
    let mut merged = 0;
    for at in 1..waits.len() {
        let wait = waits[at];
        if wait.start <= waits[merged].end {
            waits[merged].end = waits[merged].end.max(wait.end);
        } else {
            merged += 1;
            waits[merged] = wait;
        }
    }
    waits.truncate(merged + 1);
}

/// A minute of a day on the wall; 1440 is the next day's midnight.
fn wall(zone: &TimeZone, day: Date, minute: u16) -> Instant {
    if minute >= DAY_MINUTES {
        let next = day.tomorrow().unwrap_or(day);
        return local::instant(zone, next.to_datetime(Time::midnight()));
    }
    let hour = i8::try_from(minute / 60).unwrap_or(0);
    let minute = i8::try_from(minute % 60).unwrap_or(0);
    local::instant(zone, day.at(hour, minute, 0, 0))
}

#[cfg(test)]
#[path = "oracle_tests.rs"]
mod oracle_tests;
