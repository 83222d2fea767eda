//! The engine gives each ticket its month at once. Here the definition is applied as it is written, month by month, with what was
//! known at each month's end, and the two have to agree.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    evidence::{
        model::{EventKind, Ticket},
        stream::tests::some_ticket,
    },
    instant::{HOUR, Nanoseconds},
};
use proptest::prelude::*;
use serde_json::{Value, json};

const CONTRACT: &str = r#"
id = "all"
name = { fr = "tout", en = "all" }
calendar = "office"
[calendars.office]
time_zone = "Europe/Paris"
holidays = "france"
open = { mon-fri = ["08:00-18:00"] }
[[indicators]]
id = "R"
name = { fr = "r", en = "r" }
kind = "resolution"
target = "25 h"
at_least = 0.9
"#;

const TARGET: Nanoseconds = 25 * HOUR;

/// Own time from the creation to `until`, from what had happened by then: time during which as many waits had ended as had begun.
fn own_time(calendar: &Calendar, ticket: &Ticket<'_>, until: Instant) -> Nanoseconds {
    let mut events = ticket.events.clone();
    events.sort_by_key(|event| event.at);
    let (mut from, mut waits, mut own) = (ticket.created_at, 0, 0);
    for event in events.iter().filter(|event| event.at <= until) {
        if waits == 0 {
            own += calendar.service_time(from, event.at);
        }
        from = event.at;
        match event.kind {
            EventKind::WaitingStarted => waits += 1,
            EventKind::WaitingEnded => waits -= 1,
            _ => {}
        }
    }
    if waits == 0 {
        own += calendar.service_time(from, until);
    }
    own
}

/// Whether the ticket counts in the month [first, end) and whether it met its target, by the definition.
fn counted(
    calendar: &Calendar,
    ticket: &Ticket<'_>,
    months: &[(Instant, Instant)],
    month: usize,
    data_end: Instant,
) -> Option<bool> {
    let solved = ticket
        .events
        .iter()
        .filter(|event| event.kind == EventKind::Solved && event.at <= data_end);
    let solved = solved.map(|event| event.at).min();
    let not_solved_by = |at: Instant| solved.is_none_or(|solved| solved >= at);
    // (b) not solved at the month's end, deadline in it.
    let missed = |(first, end): (Instant, Instant)| {
        let known = end.min(data_end);
        ticket.created_at <= known
            && not_solved_by(end)
            && own_time(calendar, ticket, known) >= TARGET
            && own_time(calendar, ticket, first.min(known)) < TARGET
    };
    if missed(months[month]) {
        return Some(false);
    }
    // (a) first solved in it, and not counted before.
    let (first, end) = months[month];
    let solved = solved.filter(|solved| (first..end).contains(solved))?;
    if months[..month].iter().any(|earlier| missed(*earlier)) {
        return None;
    }
    Some(own_time(calendar, ticket, solved) <= TARGET)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn each_ticket_counts_where_the_definition_counts_it(
        tickets in (0..30_usize).prop_flat_map(|count| (0..count).map(some_ticket).collect::<Vec<_>>()),
        end in 0_i64..100,
    ) {
        let data_end: jiff::Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        let data_end = Instant::from(data_end + jiff::SignedDuration::from_hours(24 * end));
        let text = json!({"data_end": data_end.to_string(), "tickets": Value::from(tickets)}).to_string();
        let evidence: Evidence<'_> = serde_json::from_str(&text).unwrap();
        let contract = Contract::parse(CONTRACT).unwrap();
        let last: crate::Month = "2026-07".parse().unwrap();
        let report = compute(&evidence, &contract, last).unwrap();
        let out: Vec<&str> = report.excluded.iter().chain(&report.rejected).map(|listed| &*listed.id).collect();

        let calendar = Calendar::new(&contract.calendars[0].rules, 2027);
        let months: Vec<(Instant, Instant)> = (0..13).map(|place| calendar.month(last.plus(place - 12))).collect();
        for (place, told) in report.indicators[0].history.iter().enumerate() {
            let verdicts: Vec<bool> = evidence
                .tickets
                .iter()
                .filter(|ticket| !out.contains(&&*ticket.id))
                .filter_map(|ticket| counted(&calendar, ticket, &months, place, data_end))
                .collect();
            let hits = verdicts.iter().filter(|hit| **hit).count();
            prop_assert_eq!(
                (told.figure.numerator, told.figure.denominator),
                (hits as f64, verdicts.len() as f64),
                "{}", told.period
            );
        }
    }
}
