//! June 2026 under the \[VSGP\] contract: open 06:00–16:00 UTC on weekdays; the 5th is a Friday.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::evidence::model::{Channel, Event, EventKind, Priority, Scope, TicketType};

fn at(text: &str) -> jiff::Timestamp {
    format!("2026-06-{}:00Z", text.replace(' ', "T")).parse().unwrap()
}

fn ticket(created: &str, events: &[(&str, EventKind)]) -> Ticket<'static> {
    Ticket {
        id: "T".into(),
        kind: TicketType::Incident,
        channel: Some(Channel::Portal),
        scope: Some(Scope::User),
        priority: Some(Priority::High),
        urgency: None,
        blocking: None,
        vip: None,
        quote: None,
        created_at: at(created).into(),
        events: events
            .iter()
            .map(|(when, kind)| Event {
                at: at(when).into(),
                kind: *kind,
                level: (*kind == EventKind::Assigned).then_some(2),
            })
            .collect(),
    }
}

/// Kind, due, seconds left, state, paused.
fn next(ticket: &Ticket<'_>, now: &str) -> Option<(TargetKind, String, i64, TargetState, bool)> {
    let contract = Contract::embedded("vsgp").unwrap().unwrap();
    let target = Clocks::new(Arc::new(contract), 2027).next_target(ticket, at(now))?;
    Some((
        target.kind,
        target.due.strftime("%d %H:%M").to_string(),
        target.remaining_service_seconds,
        target.state,
        target.paused,
    ))
}

#[test]
fn first_it_is_taken_up_then_escalated_or_solved() {
    use {TargetKind as Kind, TargetState as State};
    let new = ticket("02 08:00", &[]);
    assert_eq!(
        next(&new, "02 08:05"),
        Some((Kind::TakeUp, "02 08:15".into(), 600, State::Ok, false))
    );
    let taken = ticket("02 08:00", &[("02 08:05", EventKind::TakenUp)]);
    assert_eq!(
        next(&taken, "02 08:10"),
        Some((Kind::Escalate, "02 08:30".into(), 1200, State::Ok, false))
    );
    // Past half an hour it was not to be escalated: 3 h to solve it.
    assert_eq!(
        next(&taken, "02 09:00"),
        Some((Kind::Resolve, "02 11:00".into(), 7200, State::Ok, false))
    );
    let escalated = ticket("02 08:00", &[("02 08:05", EventKind::Assigned)]);
    assert_eq!(
        next(&escalated, "02 08:10"),
        Some((Kind::Resolve, "02 11:00".into(), 10200, State::Ok, false))
    );
}

#[test]
fn it_turns_when_less_than_a_quarter_is_left_and_is_late_after_its_target() {
    use {TargetKind as Kind, TargetState as State};
    let taken = ticket("02 08:00", &[("02 08:05", EventKind::Assigned)]);
    // A quarter of 3 h is 45 min: at 10:15 it is just not yet.
    assert_eq!(
        next(&taken, "02 10:15"),
        Some((Kind::Resolve, "02 11:00".into(), 2700, State::Ok, false))
    );
    assert_eq!(
        next(&taken, "02 10:16"),
        Some((Kind::Resolve, "02 11:00".into(), 2640, State::Soon, false))
    );
    assert_eq!(
        next(&taken, "02 11:00"),
        Some((Kind::Resolve, "02 11:00".into(), 0, State::Soon, false))
    );
    assert_eq!(
        next(&taken, "02 11:01"),
        Some((Kind::Resolve, "02 11:00".into(), -60, State::Late, false))
    );
    // A night later: 5 h of service since the target (11:00–16:00).
    assert_eq!(
        next(&taken, "03 05:00"),
        Some((Kind::Resolve, "02 11:00".into(), -18_000, State::Late, false))
    );
}

#[test]
fn a_week_end_is_no_service_time() {
    use {TargetKind as Kind, TargetState as State};
    // Friday 15:00 UTC + 3 h: one hour on Friday, two on Monday from 6:00.
    let friday = ticket("05 15:00", &[("05 15:00", EventKind::Assigned)]);
    assert_eq!(
        next(&friday, "06 12:00"),
        Some((Kind::Resolve, "08 08:00".into(), 7200, State::Ok, false))
    );
}

#[test]
fn a_waiting_ticket_stands_still() {
    use {TargetKind as Kind, TargetState as State};
    let waiting = ticket(
        "02 08:00",
        &[
            ("02 08:05", EventKind::Assigned),
            ("02 09:00", EventKind::WaitingStarted),
        ],
    );
    // One hour spent; if the wait ended at 14:00 two hours would be left: 16:00.
    assert_eq!(
        next(&waiting, "02 14:00"),
        Some((Kind::Resolve, "02 16:00".into(), 7200, State::Ok, true))
    );
    let again = ticket(
        "02 08:00",
        &[
            ("02 08:05", EventKind::Assigned),
            ("02 09:00", EventKind::WaitingStarted),
            ("02 14:00", EventKind::WaitingEnded),
        ],
    );
    assert_eq!(
        next(&again, "02 15:00"),
        Some((Kind::Resolve, "02 16:00".into(), 3600, State::Ok, false))
    );
}

#[test]
fn what_is_over_or_left_out_has_no_target() {
    assert_eq!(
        next(&ticket("02 08:00", &[("02 09:00", EventKind::Solved)]), "02 10:00"),
        None
    );
    assert_eq!(
        next(&ticket("02 08:00", &[("02 09:00", EventKind::Merged)]), "02 10:00"),
        None
    );
    // Solved later than now: not known yet.
    assert!(next(&ticket("02 08:00", &[("02 09:00", EventKind::Solved)]), "02 08:30").is_some());
}

#[test]
fn a_reopened_ticket_keeps_its_first_solution_and_has_no_new_target() {
    let reopened = ticket(
        "02 08:00",
        &[
            ("02 08:05", EventKind::Assigned),
            ("02 09:00", EventKind::Solved),
            ("02 10:00", EventKind::Reopened),
        ],
    );
    assert_eq!(next(&reopened, "02 11:00"), None);
}

#[test]
fn it_says_from_when_on_little_is_left_and_by_which_calendar() {
    let contract = Contract::embedded("vsgp").unwrap().unwrap();
    let contract = Arc::new(contract);
    let clocks = Clocks::new(contract.clone(), 2027);
    let taken = ticket("02 08:00", &[("02 08:05", EventKind::Assigned)]);
    // The same before, between and after.
    for now in ["02 09:00", "02 10:30", "03 09:00"] {
        let target = clocks.next_target(&taken, at(now)).unwrap();
        assert_eq!(
            (target.soon_at, target.due),
            (at("02 10:15"), at("02 11:00")),
            "seen at {now}"
        );
        assert_eq!(
            contract
                .indicators
                .iter()
                .find(|one| one.id == target.indicator)
                .unwrap()
                .calendar,
            target.calendar
        );
    }
}

#[test]
fn openings_count_the_same_service_time_as_the_calendar() {
    let contract = Contract::embedded("vsgp").unwrap().unwrap();
    let contract = Arc::new(contract);
    let clocks = Clocks::new(contract.clone(), 2027);
    let (from, to) = (at("01 00:00"), at("30 00:00"));
    for (openings, named) in clocks.openings(from, to).iter().zip(&contract.calendars) {
        let calendar = Calendar::new(&named.rules, 2027);
        assert_eq!(openings.day_s, calendar.service_day() / SECOND);
        for (start, end) in [
            ("02 04:00", "02 05:00"),
            ("02 07:30", "08 09:00"),
            ("05 15:59", "29 06:01"),
        ] {
            let (start, end) = (at(start), at(end));
            let told: i64 = openings
                .spans
                .iter()
                .map(|(opens, closes)| (end.min(*closes).as_second() - start.max(*opens).as_second()).max(0))
                .sum();
            let counted = calendar.service_time(start.into(), end.into()) / SECOND;
            assert_eq!(told, counted, "{start} {end}");
        }
    }
}
