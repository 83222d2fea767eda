//! The calendar against an oracle that knows nothing clever: it walks minute by minute and asks each minute whether a clock on
//! the wall is past an opening and not past its end.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::instant::HOUR;
use jiff::{Timestamp, civil::DateTime};
use proptest::prelude::*;

/// The first minute of a day at which the wall's clock shows `minute` or later, found by walking through the day.
fn walked(zone: &TimeZone, day: Date, minute: u16) -> Instant {
    let wanted: DateTime = if minute == DAY_MINUTES {
        day.tomorrow().unwrap().at(0, 0, 0, 0)
    } else {
        day.at((minute / 60) as i8, (minute % 60) as i8, 0, 0)
    };
    // 14 hours before UTC's midnight it is yesterday everywhere.
    let mut at = day.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).unwrap().timestamp() - jiff::SignedDuration::from_hours(15);
    loop {
        if at.to_zoned(zone.clone()).datetime() >= wanted {
            return at.into();
        }
        at += jiff::SignedDuration::from_mins(1);
    }
}

/// Whether each minute is open. Openings of the day before the first count too: on a night when the clock goes back over
/// midnight one may last into the next date.
struct Oracle {
    first: Instant,
    open: Vec<bool>,
}

impl Oracle {
    fn new(rules: &CalendarRules, first: Instant, days: usize) -> Self {
        let mut day_edges = Vec::new();
        let mut day = first
            .timestamp()
            .to_zoned(rules.zone.clone())
            .date()
            .yesterday()
            .unwrap();
        for _ in 0..days + 3 {
            let closed = rules.closed.contains(&day) || rules.holidays.of_year(day.year()).contains(&day);
            if !closed {
                for opening in rules.openings(day.weekday()) {
                    day_edges.push((
                        walked(&rules.zone, day, opening.start),
                        walked(&rules.zone, day, opening.end),
                    ));
                }
            }
            day = day.tomorrow().unwrap();
        }
        let open = (0..days * 1440)
            .map(|minute| {
                let at = first.plus(minute as i64 * MINUTE);
                day_edges.iter().any(|(start, end)| *start <= at && at < *end)
            })
            .collect();
        Self { first, open }
    }

    fn service_time(&self, start: usize, end: usize) -> Nanoseconds {
        self.open[start..end.max(start)].iter().filter(|open| **open).count() as i64 * MINUTE
    }

    fn own_time(&self, start: usize, end: usize, waits: &[(usize, usize)]) -> Nanoseconds {
        (start..end)
            .filter(|minute| self.open[*minute] && !waits.iter().any(|(from, to)| from <= minute && minute < to))
            .count() as i64
            * MINUTE
    }

    fn at(&self, minute: usize) -> Instant {
        self.first.plus(minute as i64 * MINUTE)
    }

    /// First minute by which `target` minutes outside the waits were open.
    fn target(&self, start: usize, target: usize, waits: &[(usize, usize)]) -> Option<usize> {
        let mut left = target;
        for minute in start..self.open.len() {
            if left == 0 {
                return Some(minute);
            }
            if self.open[minute] && !waits.iter().any(|(from, to)| *from <= minute && minute < *to) {
                left -= 1;
            }
        }
        (left == 0).then_some(self.open.len())
    }
}

const ZONES: [&str; 8] = [
    "Europe/Paris",
    "UTC",
    "America/New_York",
    // Half an hour of summer time.
    "Australia/Lord_Howe",
    // Midnight is skipped in spring and comes twice in autumn.
    "America/Havana",
    "Asia/Kathmandu",
    "America/Martinique",
    "Pacific/Auckland",
];

/// First days of fortnights worth looking at: changes of time, Easter, May's holidays, new year, a leap day.
const DAYS: [&str; 9] = [
    "2026-03-22",
    "2026-10-18",
    "2026-04-01",
    "2026-05-06",
    "2025-12-20",
    "2024-02-25",
    "2026-03-05",
    "2026-11-01",
    "2026-09-27",
];

fn rules() -> impl Strategy<Value = CalendarRules> {
    let opening = (0_u16..DAY_MINUTES, 1_u16..=DAY_MINUTES).prop_map(|(a, b)| {
        let (start, end) = (a.min(b), a.max(b));
        Opening {
            start,
            end: end.max(start + 1),
        }
    });
    let day = prop_oneof![
        2 => Just(vec![Opening { start: 480, end: 1080 }]),
        1 => Just(vec![Opening { start: 0, end: DAY_MINUTES }]),
        1 => Just(Vec::new()),
        1 => Just(vec![Opening { start: 480, end: 720 }, Opening { start: 810, end: 1110 }]),
        2 => opening.prop_map(|opening| vec![opening]),
    ];
    (
        proptest::sample::select(&ZONES[..]),
        proptest::collection::vec(day, 7),
        proptest::sample::select(&[Holidays::None, Holidays::France, Holidays::AlsaceMoselle][..]),
        proptest::option::of(0_i64..14),
    )
        .prop_map(|(zone, week, holidays, closed)| CalendarRules {
            zone: TimeZone::get(zone).unwrap(),
            week: week.try_into().unwrap(),
            holidays,
            closed: closed
                .map(|days| date(2026, 3, 22).saturating_add(jiff::Span::new().days(days)))
                .into_iter()
                .collect(),
        })
}

fn first_instant(day: &str) -> Instant {
    format!("{day}T00:00:00Z").parse::<Timestamp>().unwrap().into()
}

const FORTNIGHT: usize = 14;
const MINUTES: usize = FORTNIGHT * 1440;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn service_time_own_time_and_target_dates_are_those_of_the_oracle(
        rules in rules(),
        day in proptest::sample::select(&DAYS[..]),
        spans in proptest::collection::vec((0..MINUTES, 0..MINUTES), 12),
        waits in proptest::collection::vec((0..MINUTES, 0_usize..2_000), 0..5),
        target in 1_usize..3_000,
    ) {
        let first = first_instant(day);
        let oracle = Oracle::new(&rules, first, FORTNIGHT);
        let calendar = Calendar::new(&rules, first.timestamp().to_zoned(TimeZone::UTC).year() + 1);
        let waits: Vec<(usize, usize)> = waits.into_iter().map(|(from, length)| (from, from + length)).collect();
        let mut merged: Vec<Wait> =
            waits.iter().map(|(from, to)| Wait { start: oracle.at(*from), end: oracle.at(*to) }).collect();
        merge_waits(&mut merged);
        for (start, end) in spans {
            prop_assert_eq!(calendar.is_open(oracle.at(start)), oracle.open[start]);
            prop_assert_eq!(
                calendar.service_time(oracle.at(start), oracle.at(end)),
                oracle.service_time(start, end)
            );
            prop_assert_eq!(
                calendar.own_time(oracle.at(start), oracle.at(end.max(start)), &merged),
                oracle.own_time(start, end.max(start), &waits)
            );
            if let Some(due) = oracle.target(start, target, &[]) {
                prop_assert_eq!(calendar.target_date(oracle.at(start), target as i64 * MINUTE), Some(oracle.at(due)));
            }
            if let Some(due) = oracle.target(start, target, &waits) {
                prop_assert_eq!(
                    calendar.own_target_date(oracle.at(start), target as i64 * MINUTE, &merged),
                    Some(oracle.at(due))
                );
            }
        }
    }
}

fn paris(days: usize, start: u16, end: u16, holidays: Holidays) -> Calendar {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    Calendar::new(
        &CalendarRules::daily(zone, days, Opening { start, end }, holidays),
        2027,
    )
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

#[test]
fn a_week_end_and_a_holiday_are_not_counted() {
    let office = paris(5, 480, 1080, Holidays::France);
    // Thursday 30 April 2026 17:00 to Monday 4 May 09:00 (Friday is the 1st of May): 1 h + 1 h.
    assert_eq!(
        office.service_time(at("2026-04-30T15:00:00Z"), at("2026-05-04T07:00:00Z")),
        2 * HOUR
    );
}

#[test]
fn days_of_23_and_25_hours_are_as_long_as_they_are() {
    let always = paris(7, 0, DAY_MINUTES, Holidays::None);
    assert_eq!(
        always.service_time(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")),
        23 * HOUR
    );
    assert_eq!(
        always.service_time(at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")),
        25 * HOUR
    );
    // From 8:00 on the Saturday to 8:00 on the Monday over the change of March: 47 h.
    assert_eq!(
        always.service_time(at("2026-03-28T07:00:00Z"), at("2026-03-30T06:00:00Z")),
        47 * HOUR
    );
    // An office never sees the night of the change: 8–18 stays 10 h.
    let office = paris(7, 480, 1080, Holidays::None);
    assert_eq!(
        office.service_time(at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")),
        10 * HOUR
    );
}

#[test]
fn a_service_day_is_the_longest_of_the_week() {
    assert_eq!(paris(5, 480, 1080, Holidays::France).service_day(), 10 * HOUR);
    assert_eq!(paris(7, 0, DAY_MINUTES, Holidays::None).service_day(), 24 * HOUR);
    let mut rules = CalendarRules::daily(TimeZone::UTC, 5, Opening { start: 480, end: 720 }, Holidays::None);
    rules.week[2].push(Opening { start: 840, end: 1080 });
    assert_eq!(rules.service_day(), 8 * HOUR);
}

#[test]
fn a_target_reached_at_closing_time_is_due_then_and_not_the_next_morning() {
    let office = paris(5, 480, 1080, Holidays::France);
    // Friday 17:00 + 1 h = Friday 18:00; + 61 min = Monday 08:01.
    let friday = at("2026-11-20T16:00:00Z");
    assert_eq!(office.target_date(friday, HOUR), Some(at("2026-11-20T17:00:00Z")));
    assert_eq!(
        office.target_date(friday, HOUR + MINUTE),
        Some(at("2026-11-23T07:01:00Z"))
    );
    // Beyond the years worked out there is no date.
    assert_eq!(office.target_date(friday, 100_000 * HOUR), None);
}

#[test]
fn a_ticket_of_the_night_starts_counting_in_the_morning() {
    let office = paris(5, 480, 1080, Holidays::France);
    assert_eq!(
        office.target_date(at("2026-11-20T22:00:00Z"), 15 * MINUTE),
        Some(at("2026-11-23T07:15:00Z"))
    );
}

#[test]
fn waits_that_overlap_or_touch_are_one() {
    let wait = |start: &str, end: &str| Wait {
        start: at(start),
        end: at(end),
    };
    let mut waits = vec![
        wait("2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z"),
        wait("2026-11-20T08:00:00Z", "2026-11-20T10:00:00Z"),
        wait("2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z"),
        wait("2026-11-20T11:00:00Z", "2026-11-20T11:30:00Z"),
    ];
    merge_waits(&mut waits);
    assert_eq!(
        waits,
        [
            wait("2026-11-20T08:00:00Z", "2026-11-20T11:30:00Z"),
            wait("2026-11-20T12:00:00Z", "2026-11-20T13:00:00Z"),
        ]
    );
    let office = paris(5, 480, 1080, Holidays::France);
    // 9:00 to 15:00 local is 6 h, of which 9:00–12:30 and 13:00–14:00 waited: 1.5 h.
    let own = office.own_time(at("2026-11-20T08:00:00Z"), at("2026-11-20T14:00:00Z"), &waits);
    assert_eq!(own, 90 * MINUTE);
    // 20 minutes of own time from 9:00: the first free half-hour begins at 12:30.
    let due = office.own_target_date(at("2026-11-20T08:00:00Z"), 20 * MINUTE, &waits);
    assert_eq!(due, Some(at("2026-11-20T11:50:00Z")));
}
