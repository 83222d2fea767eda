//! One rule, one test, figures worked out by hand. The month is June 2026: the 1st is a Monday, Paris is two hours ahead of
//! UTC, the service is open 8–18 on weekdays (06:00–16:00 UTC) and no public holiday falls in it (Whit Monday was 25 May).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::report::IndicatorReport;
use serde_json::{Value, json};

const DATA_END: &str = "2026-07-31T00:00:00Z";

fn report_of(contract: &str, month: &str, evidence: &Value) -> Report {
    let text = evidence.to_string();
    let evidence: Evidence<'_> = serde_json::from_str(&text).unwrap();
    let contract = Contract::embedded(contract).unwrap().unwrap();
    compute(&evidence, &contract, month.parse::<crate::Month>().unwrap()).unwrap()
}

/// June under the \[VSGP\] contract; `data_end` is the end of July unless the evidence says otherwise.
fn june(mut evidence: Value) -> Report {
    evidence
        .as_object_mut()
        .unwrap()
        .entry("data_end")
        .or_insert_with(|| json!(DATA_END));
    report_of("vsgp", "2026-06", &evidence)
}

fn indicator<'r>(report: &'r Report, id: &str) -> &'r IndicatorReport {
    report.indicators.iter().find(|indicator| indicator.id == id).unwrap()
}

/// Numerator and denominator of the month.
fn figure(report: &Report, id: &str) -> (f64, f64) {
    let figure = indicator(report, id).figure;
    (figure.numerator, figure.denominator)
}

/// Of a month by its place from the end: 0 is the month itself.
fn earlier(report: &Report, id: &str, months: usize) -> (f64, f64) {
    let figure = indicator(report, id).history[12 - months].figure;
    (figure.numerator, figure.denominator)
}

fn missed<'r>(report: &'r Report, id: &str) -> Vec<&'r str> {
    indicator(report, id).missed.iter().map(|id| &**id).collect()
}

fn listed(list: &[crate::report::Listed]) -> Vec<(&str, &str)> {
    list.iter().map(|listed| (&*listed.id, listed.reason)).collect()
}

/// A ticket of the user's environment; `more` overrides its keys; events as `(day and time of June in UTC, kind)`, where a day
/// above 30 is of July.
fn ticket(id: &str, created: &str, more: Value, events: &[(&str, &str)]) -> Value {
    let mut ticket = json!({
        "id": id, "type": "incident", "channel": "phone", "scope": "user", "priority": "medium", "urgency": "medium",
        "blocking": false, "vip": false, "quote": null, "created_at": at(created),
        "events": events.iter().map(|(time, kind)| event(time, kind)).collect::<Vec<_>>(),
    });
    for (key, value) in more.as_object().unwrap() {
        ticket[key] = value.clone();
    }
    ticket
}

/// `"02 08:00"` is 2 June 2026, 08:00 UTC; `"32 08:00"` 2 July; `"-30 08:00"` 30 May… or a whole instant.
fn at(text: &str) -> String {
    if text.len() > 10 {
        return text.to_owned();
    }
    let (day, time) = text.split_once(' ').unwrap();
    match day.parse::<i32>().unwrap() {
        day if day < 0 => format!("2026-05-{:02}T{time}:00Z", -day),
        day if day > 30 => format!("2026-07-{:02}T{time}:00Z", day - 30),
        day => format!("2026-06-{day:02}T{time}:00Z"),
    }
}

/// `assigned2` is an assignment to level 2.
fn event(time: &str, kind: &str) -> Value {
    match kind.strip_prefix("assigned").and_then(|level| level.parse::<u8>().ok()) {
        Some(level) => json!({"at": at(time), "kind": "assigned", "level": level}),
        None => json!({"at": at(time), "kind": kind}),
    }
}

fn call(id: &str, offered: &str, answered: Option<&str>, ended: &str) -> Value {
    let day = |time: &str| format!("2026-06-02T{time}Z");
    json!({
        "id": id, "direction": "inbound", "queue": "support", "offered_at": day(offered),
        "answered_at": answered.map(day), "ended_at": day(ended),
    })
}

#[test]
fn kpi1_counts_calls_answered_within_20_s_and_equality_meets() {
    let report = june(json!({"calls": [
        call("in 20 s", "08:00:00", Some("08:00:20"), "08:03:00"),
        call("in 20.001 s", "08:00:00", Some("08:00:20.001"), "08:03:00"),
        call("abandoned after 5 s", "08:00:00", None, "08:00:05"),
        call("abandoned after 4.9 s", "08:00:00", None, "08:00:04.900"),
        // 07:59 in Paris: closed.
        call("before opening", "05:59:59", None, "06:01:00"),
        call("at opening", "06:00:00", Some("06:00:01"), "06:01:00"),
        // 18:00 in Paris: closed.
        call("at closing", "16:00:00", Some("16:00:01"), "16:01:00"),
        // Rings 10 s before closing and is answered 25 s later: the wait is the wall clock's.
        call("over closing", "15:59:50", Some("16:00:15"), "16:01:00"),
    ]}));
    // 2 of 5: the two in time, and 20.001 s, the abandoned one and the one over closing are missed.
    assert_eq!(figure(&report, "KPI1"), (2.0, 5.0));
    assert_eq!(
        missed(&report, "KPI1"),
        ["abandoned after 5 s", "in 20.001 s", "over closing"]
    );
    assert_eq!(listed(&report.excluded), [("abandoned after 4.9 s", "abandoned_early")]);
    assert_eq!(indicator(&report, "KPI1").penalty.as_deref(), Some("P1"));
}

#[test]
fn kpi1_leaves_outbound_calls_and_holidays_out() {
    let mut outbound = call("outbound", "08:00:00", None, "08:01:00");
    outbound["direction"] = json!("outbound");
    let report = june(json!({"calls": [
        outbound,
        // Saturday.
        {"id": "saturday", "direction": "inbound", "queue": "q", "offered_at": "2026-06-06T08:00:00Z", "answered_at": null,
         "ended_at": "2026-06-06T08:01:00Z"},
    ]}));
    assert_eq!(figure(&report, "KPI1"), (0.0, 0.0));
    assert_eq!(indicator(&report, "KPI1").figure.value, None);
    assert_eq!(indicator(&report, "KPI1").met, None);
    assert_eq!(indicator(&report, "KPI1").penalty, None);
    assert!(report.excluded.is_empty());
}

#[test]
fn kpi1_a_call_still_ringing_at_the_datas_end_is_missed() {
    let mut ringing = call("ringing", "08:00:00", Some("08:00:10"), "08:01:00");
    let report = june(json!({"data_end": "2026-06-02T08:00:04Z", "calls": [ringing.clone()]}));
    assert_eq!(figure(&report, "KPI1"), (0.0, 1.0));
    ringing["ended_at"] = Value::Null;
    ringing["answered_at"] = Value::Null;
    let report = june(json!({"data_end": "2026-06-02T08:00:04Z", "calls": [ringing]}));
    assert_eq!(missed(&report, "KPI1"), ["ringing"]);
}

#[test]
fn calls_that_end_before_they_begin_are_rejected() {
    let report = june(json!({"calls": [
        call("answered before ringing", "08:00:00", Some("07:59:59"), "08:01:00"),
        call("over before ringing", "08:00:00", None, "07:59:59"),
        call("over before answered", "08:00:00", Some("08:00:30"), "08:00:29"),
    ]}));
    assert_eq!(figure(&report, "KPI1"), (0.0, 0.0));
    assert_eq!(report.rejected.len(), 3);
    assert!(
        report
            .rejected
            .iter()
            .all(|listed| listed.reason == "call_ends_before_start")
    );
}

#[test]
fn kpi2_takes_the_earlier_of_taken_up_and_assigned_in_service_time() {
    let portal = || json!({"channel": "portal"});
    let report = june(json!({"tickets": [
        // 17:50 in Paris; taken up at 8:05 the next morning: 10 + 5 = 15 min, meets.
        ticket("over night", "02 15:50", portal(), &[("03 06:05", "taken_up")]),
        ticket("a minute more", "02 15:50", json!({"channel": "mail"}), &[("03 06:06", "taken_up")]),
        // Assigned after 10 min, taken up after 30: the earlier counts.
        ticket("assigned first", "02 08:00", portal(), &[("02 08:30", "taken_up"), ("02 08:10", "assigned1")]),
        ticket("never", "02 08:00", portal(), &[]),
        ticket("by phone", "02 08:00", json!({"channel": "phone"}), &[]),
        ticket("of May", "-29 08:00", portal(), &[("02 08:00", "taken_up")]),
        // A wait does not stop the clock of taking up.
        ticket("waiting", "02 08:00", portal(),
            &[("02 08:01", "waiting_started"), ("02 08:20", "waiting_ended"), ("02 08:21", "taken_up")]),
    ]}));
    assert_eq!(figure(&report, "KPI2"), (2.0, 5.0));
    assert_eq!(missed(&report, "KPI2"), ["a minute more", "never", "waiting"]);
    assert_eq!(earlier(&report, "KPI2", 1), (0.0, 1.0));
}

#[test]
fn kpi3_counts_critical_alerts_taken_up_within_5_min_of_service() {
    let alert = |id: &str, severity: &str, received: &str, handled: Option<&str>| json!({"id": id, "severity": severity, "received_at": at(received), "handled_at": handled.map(at)});
    let report = june(json!({"alerts": [
        // Received at 17:58 in Paris, handled at 8:03: 2 + 3 = 5 min.
        alert("over night", "critical", "02 15:58", Some("03 06:03")),
        alert("late", "critical", "02 08:00", Some("02 08:06")),
        alert("never", "critical", "02 08:00", None),
        alert("warning", "warning", "02 08:00", None),
        alert("backwards", "critical", "02 08:00", Some("02 07:59")),
    ]}));
    assert_eq!(figure(&report, "KPI3"), (1.0, 3.0));
    assert_eq!(missed(&report, "KPI3"), ["late", "never"]);
    assert_eq!(
        listed(&report.rejected),
        [("backwards", "alert_handled_before_received")]
    );
    assert_eq!(indicator(&report, "KPI3").penalty.as_deref(), Some("P2"));
}

#[test]
fn kpi4_is_missed_by_an_escalation_a_wait_a_second_contact_or_a_reopening_in_the_month() {
    let solved = |id: &str, events: &[(&str, &str)]| {
        let mut all = events.to_vec();
        all.push(("02 10:00", "solved"));
        ticket(id, "02 08:00", json!({}), &all)
    };
    let report = june(json!({"tickets": [
        solved("plain", &[("02 08:01", "taken_up"), ("02 08:02", "assigned1")]),
        solved("escalated", &[("02 09:00", "assigned2")]),
        solved("waited", &[("02 09:00", "waiting_started"), ("02 09:01", "waiting_ended")]),
        solved("second contact", &[("02 09:00", "requester_contact")]),
        solved("re-opened in June", &[("30 10:00", "reopened")]),
        // 1 July, 00:00 in Paris is 30 June, 22:00 UTC: no more June.
        solved("re-opened in July", &[("30 22:00", "reopened")]),
        solved("contact after", &[("02 10:01", "requester_contact"), ("02 11:00", "assigned3")]),
        ticket("direct", "02 08:00", json!({"channel": "direct"}), &[("02 09:00", "solved")]),
        ticket("monitoring", "02 08:00", json!({"channel": "monitoring"}), &[("02 09:00", "solved")]),
        ticket("not solved", "02 08:00", json!({}), &[]),
    ]}));
    assert_eq!(figure(&report, "KPI4"), (3.0, 7.0));
    assert_eq!(
        missed(&report, "KPI4"),
        ["escalated", "re-opened in June", "second contact", "waited"]
    );
    // 3/7 = 43 % < 60 %.
    assert_eq!(indicator(&report, "KPI4").penalty.as_deref(), Some("P1"));
}

#[test]
fn events_at_the_same_instant_keep_the_documents_order() {
    let report = june(json!({"tickets": [
        // A contact at the instant of the solution, before it in the document: up to the solution there was one.
        ticket("before", "02 08:00", json!({}), &[("02 10:00", "requester_contact"), ("02 10:00", "solved")]),
        ticket("after", "02 08:00", json!({}), &[("02 10:00", "solved"), ("02 10:00", "requester_contact")]),
    ]}));
    assert_eq!(missed(&report, "KPI4"), ["before"]);
    assert_eq!(figure(&report, "KPI4"), (1.0, 2.0));
}

#[test]
fn kpi5_counts_escalated_tickets_only_in_the_month_of_the_escalation() {
    let report = june(json!({"tickets": [
        ticket("in 30 min", "02 08:00", json!({}), &[("02 08:30", "assigned2"), ("02 12:00", "assigned3")]),
        ticket("in 31 min", "02 08:00", json!({}), &[("02 08:31", "assigned3")]),
        // 17:45 in Paris to 8:15 the next day: 30 min of service.
        ticket("over night", "02 15:45", json!({}), &[("03 06:15", "assigned2")]),
        ticket("never", "02 08:00", json!({}), &[("02 08:01", "assigned1")]),
        ticket("of May, escalated in June", "-29 08:00", json!({}), &[("02 08:00", "assigned2")]),
        ticket("escalated in July", "30 08:00", json!({}), &[("32 08:00", "assigned2")]),
    ]}));
    assert_eq!(figure(&report, "KPI5"), (2.0, 4.0));
    assert_eq!(missed(&report, "KPI5"), ["in 31 min", "of May, escalated in June"]);
}

#[test]
fn kpi6_holds_major_and_vip_incidents_and_a_vip_is_nowhere_else() {
    let report = june(json!({"tickets": [
        ticket("major", "02 08:00", json!({"priority": "major"}), &[("02 08:20", "solved")]),
        ticket("vip low", "02 08:00", json!({"priority": "low", "vip": true}), &[("02 08:21", "solved")]),
        ticket("high", "02 08:00", json!({"priority": "high"}), &[("02 11:00", "solved")]),
        ticket("medium", "02 08:00", json!({}), &[("03 08:00", "solved")]),
        ticket("low", "02 08:00", json!({"priority": "low"}), &[("05 08:01", "solved")]),
        ticket("vip request", "02 08:00", json!({"type": "request", "vip": true}), &[("02 08:10", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI6"), (1.0, 2.0));
    assert_eq!(missed(&report, "KPI6"), ["vip low"]);
    // 3 h exactly; 10 h = 1 service day exactly; 30 h 01 min > 3 service days.
    assert_eq!(figure(&report, "KPI7"), (1.0, 1.0));
    assert_eq!(figure(&report, "KPI8"), (1.0, 1.0));
    assert_eq!(figure(&report, "KPI9"), (0.0, 1.0));
    assert_eq!(figure(&report, "KPI13"), (1.0, 1.0));
}

#[test]
fn own_time_leaves_merged_waits_out() {
    // 8:00 to 13:00 UTC is 5 h; waits 9:00–11:00 and 10:00–11:30 together are 2.5 h; own time 2.5 h ≤ 3 h.
    let waits = &[
        ("02 09:00", "waiting_started"),
        ("02 10:00", "waiting_started"),
        ("02 11:00", "waiting_ended"),
        ("02 11:30", "waiting_ended"),
        ("02 13:00", "solved"),
    ];
    let high = || json!({"priority": "high"});
    let report = june(json!({"tickets": [
        ticket("overlapping", "02 08:00", high(), waits),
        // The same with one wait of 1 h 59: own time 3 h 01 min.
        ticket("too short a wait", "02 08:00", high(),
            &[("02 09:00", "waiting_started"), ("02 10:59", "waiting_ended"), ("02 13:00", "solved")]),
        // A wait without an end runs until the solution: own time 1 h.
        ticket("until the solution", "02 08:00", high(), &[("02 09:00", "waiting_started"), ("09 09:00", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (2.0, 3.0));
    assert_eq!(missed(&report, "KPI7"), ["too short a wait"]);
}

#[test]
fn events_need_not_be_sorted() {
    let report = june(json!({"tickets": [ticket("x", "02 08:00", json!({"priority": "high"}),
        &[("02 13:00", "solved"), ("02 11:30", "waiting_ended"), ("02 09:00", "waiting_started")])]}));
    // 5 h − 2.5 h.
    assert_eq!(figure(&report, "KPI7"), (1.0, 1.0));
}

#[test]
fn a_ticket_not_solved_at_the_months_end_is_missed_in_the_month_of_its_deadline_and_not_again_later() {
    let high = || json!({"priority": "high"});
    let report = june(json!({"tickets": [
        // Deadline 30 June 13:00 UTC; solved in July: missed in June.
        ticket("late", "30 10:00", high(), &[("31 08:00", "solved")]),
        // Deadline on 1 July: nothing in June.
        ticket("due in July", "30 14:30", high(), &[("31 07:00", "solved")]),
        // Waiting since before the deadline, still at June's end: the deadline is not reached.
        ticket("waiting", "30 10:00", high(),
            &[("30 12:00", "waiting_started"), ("32 08:00", "waiting_ended"), ("32 09:00", "solved")]),
        ticket("never solved", "30 10:00", high(), &[]),
        // Deadline on 29 May, solved in June: counted in May, not in June.
        ticket("late since May", "-29 08:00", high(), &[("02 08:00", "solved")]),
        // Deadline and solution in June, in this order.
        ticket("late in June", "02 08:00", high(), &[("02 11:01", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (0.0, 3.0));
    assert_eq!(missed(&report, "KPI7"), ["late", "late in June", "never solved"]);
    assert_eq!(earlier(&report, "KPI7", 1), (0.0, 1.0));
    // July: the two that were due then, in time (1 h 30 + 1 h = 2.5 h; 2 h + 1 h = 3 h).
    let evidence = json!({"data_end": DATA_END, "tickets": [
        ticket("late", "30 10:00", high(), &[("31 08:00", "solved")]),
        ticket("due in July", "30 14:30", high(), &[("31 07:00", "solved")]),
        ticket("waiting", "30 10:00", high(),
            &[("30 12:00", "waiting_started"), ("32 08:00", "waiting_ended"), ("32 09:00", "solved")]),
    ]});
    let july = report_of("vsgp", "2026-07", &evidence);
    assert_eq!(figure(&july, "KPI7"), (2.0, 2.0));
    assert_eq!(earlier(&july, "KPI7", 1), (0.0, 1.0));
}

#[test]
fn a_deadline_at_the_last_closing_of_the_month_is_missed_even_if_solved_before_the_next_opening() {
    // 3 h from 13:00 UTC is 16:00 UTC, closing time of 30 June; solved at 7:00 in Paris on 1 July: no more service time has
    // passed, but June ended with the deadline in it.
    let report = june(json!({"tickets": [
        ticket("x", "30 13:00", json!({"priority": "high"}), &[("31 05:00", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (0.0, 1.0));
    // A month's inner night is no such end.
    let report = june(json!({"tickets": [
        ticket("x", "29 13:00", json!({"priority": "high"}), &[("30 05:00", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (1.0, 1.0));
}

#[test]
fn what_is_not_known_yet_at_the_datas_end_does_not_count() {
    let high = || json!({"priority": "high"});
    let tickets = json!([
        // Deadline 11:00.
        ticket("x", "02 08:00", high(), &[("02 10:30", "solved")]),
    ]);
    // At 10:00 the ticket is neither solved nor late.
    let report = june(json!({"data_end": at("02 10:00"), "tickets": tickets}));
    assert_eq!(figure(&report, "KPI7"), (0.0, 0.0));
    let report = june(json!({"data_end": at("02 10:30"), "tickets": tickets}));
    assert_eq!(figure(&report, "KPI7"), (1.0, 1.0));
    // At its deadline without a solution it is missed.
    let open = json!([ticket("x", "02 08:00", high(), &[])]);
    assert_eq!(
        figure(&june(json!({"data_end": at("02 10:59"), "tickets": open})), "KPI7"),
        (0.0, 0.0)
    );
    assert_eq!(
        figure(&june(json!({"data_end": at("02 11:00"), "tickets": open})), "KPI7"),
        (0.0, 1.0)
    );
    // Waiting until the data's end.
    let waiting = json!([ticket("x", "02 08:00", high(), &[("02 09:00", "waiting_started")])]);
    assert_eq!(
        figure(&june(json!({"data_end": at("25 11:00"), "tickets": waiting})), "KPI7"),
        (0.0, 0.0)
    );
    // A ticket of later than that is left out, and said to be.
    let report = june(json!({"data_end": at("01 11:00"), "tickets": open}));
    assert_eq!(listed(&report.excluded), [("x", "after_data_end")]);
}

#[test]
fn a_reopened_ticket_keeps_its_first_solution() {
    let report = june(json!({"tickets": [
        ticket("x", "02 08:00", json!({"priority": "high"}),
            &[("02 09:00", "solved"), ("03 09:00", "reopened"), ("32 09:00", "solved")]),
        ticket("y", "02 08:00", json!({"priority": "high"}), &[("02 09:00", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (2.0, 2.0));
    assert_eq!(figure(&report, "KPI16"), (1.0, 2.0));
}

#[test]
fn kpi10_and_11_are_hours_of_service() {
    let infrastructure = |blocking| json!({"scope": "infrastructure", "blocking": blocking, "priority": null});
    let report = june(json!({"tickets": [
        // Tuesday 8:00 UTC + 24 h of 10-hour days: 8 + 10 = 18 h by Wednesday evening, 6 more on Thursday: 12:00 UTC.
        ticket("24 h", "02 08:00", infrastructure(false), &[("04 12:00", "solved")]),
        ticket("more", "02 08:00", infrastructure(false), &[("04 12:01", "solved")]),
        ticket("4 h", "02 08:00", infrastructure(true), &[("02 12:00", "solved")]),
        ticket("5 h", "02 08:00", infrastructure(true), &[("02 13:00", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI10"), (1.0, 2.0));
    assert_eq!(missed(&report, "KPI10"), ["more"]);
    assert_eq!(figure(&report, "KPI11"), (1.0, 2.0));
    assert_eq!(indicator(&report, "KPI11").penalty.as_deref(), Some("P3"));
}

#[test]
fn kpi12_to_15_are_requests_by_urgency_in_service_days() {
    let request = |id: &str, urgency: &str, solved: &str| {
        ticket(
            id,
            "02 08:00",
            json!({"type": "request", "urgency": urgency}),
            &[(solved, "solved")],
        )
    };
    let report = june(json!({"tickets": [
        // Tuesday 8:00 UTC + 30 h: 8, 18, 28 h by Thursday evening, 2 h on Friday: 8:00 UTC.
        request("low", "low", "05 08:00"),
        request("low late", "low", "05 08:01"),
        request("medium", "medium", "03 08:00"),
        request("medium late", "medium", "03 08:01"),
        request("high", "high", "02 13:00"),
        request("high late", "high", "02 13:01"),
        request("immediate", "immediate", "02 09:00"),
        request("immediate late", "immediate", "02 09:01"),
    ]}));
    for (id, late) in [
        ("KPI12", "low late"),
        ("KPI13", "medium late"),
        ("KPI14", "high late"),
        ("KPI15", "immediate late"),
    ] {
        assert_eq!(figure(&report, id), (1.0, 2.0), "{id}");
        assert_eq!(missed(&report, id), [late]);
    }
}

#[test]
fn kpi16_counts_reopenings_at_any_time_and_lists_them() {
    let solved = |id: &str, events: &[(&str, &str)]| {
        let mut all = vec![("02 10:00", "solved")];
        all.extend(events);
        ticket(id, "02 08:00", json!({}), &all)
    };
    let report = june(json!({"tickets": [
        solved("a", &[]),
        solved("b", &[("50 10:00", "reopened")]),
        solved("c", &[]),
        // First solved in May: not June's.
        ticket("may", "-28 08:00", json!({}), &[("-29 08:00", "solved"), ("02 08:00", "reopened"), ("03 08:00", "solved")]),
    ]}));
    // 1 of 3 = 33 % > 15 %; there is no penalty for it.
    assert_eq!(figure(&report, "KPI16"), (1.0, 3.0));
    assert_eq!(missed(&report, "KPI16"), ["b"]);
    assert_eq!(indicator(&report, "KPI16").met, Some(false));
    assert_eq!(indicator(&report, "KPI16").penalty, None);
    assert_eq!(indicator(&report, "KPI16").objective, 0.15);
    assert_eq!(earlier(&report, "KPI16", 1), (1.0, 1.0));
}

#[test]
fn kpi16_of_exactly_15_percent_meets() {
    let tickets: Vec<Value> = (0..20)
        .map(|n| {
            let events: &[(&str, &str)] = if n < 3 {
                &[("02 10:00", "solved"), ("03 10:00", "reopened")]
            } else {
                &[("02 10:00", "solved")]
            };
            ticket(&format!("{n:02}"), "02 08:00", json!({}), events)
        })
        .collect();
    let report = june(json!({"tickets": tickets}));
    assert_eq!(figure(&report, "KPI16"), (3.0, 20.0));
    assert_eq!(indicator(&report, "KPI16").met, Some(true));
}

#[test]
fn kpi17_is_the_mean_of_note_by_scale_of_answers_given_in_the_month() {
    let answer = |ticket: &str, when: &str, note: f64, scale: f64| json!({"ticket": ticket, "answered_at": at(when), "note": note, "scale": scale});
    let report = june(json!({
        "tickets": [ticket("merged", "02 08:00", json!({}), &[("02 09:00", "merged")])],
        "satisfaction": [
            answer("a", "02 08:00", 7.0, 10.0),
            answer("b", "02 08:00", 3.5, 5.0),
            answer("c", "30 21:59", 14.0, 20.0),
            // July in Paris.
            answer("d", "30 22:00", 0.0, 10.0),
            // Its ticket is left out.
            answer("merged", "02 10:00", 0.0, 10.0),
            answer("bad", "02 10:00", 11.0, 10.0),
        ],
    }));
    // (0.7 + 0.7 + 0.7) / 3 = 0.7, exactly the objective.
    assert_eq!(figure(&report, "KPI17"), (2.1, 3.0));
    assert_eq!(indicator(&report, "KPI17").figure.value, Some(0.7));
    assert_eq!(indicator(&report, "KPI17").met, Some(true));
    assert_eq!(listed(&report.rejected), [("bad", "note_out_of_scale")]);
}

#[test]
fn kpi18_is_the_survey_of_the_month() {
    let report = june(json!({"surveys": [
        {"period": "2026-06", "note": 13, "scale": 20}, {"period": "2026-05", "note": 4, "scale": 5},
    ]}));
    assert_eq!(indicator(&report, "KPI18").figure.value, Some(0.65));
    assert_eq!(indicator(&report, "KPI18").met, Some(false));
    assert_eq!(indicator(&report, "KPI18").history[11].figure.value, Some(0.8));
    assert_eq!(indicator(&report, "KPI18").history[10].figure.value, None);
}

#[test]
fn kpi19_is_the_mean_of_the_services_availability() {
    let outage = |service: &str, from: &str, to: Option<&str>| json!({"service": service, "started_at": at(from), "ended_at": to.map(at)});
    let report = june(json!({
        "services": ["mail", "files"],
        "outages": [
            // June 2026 has 22 weekdays of 10 h: 220 h. 15:00–17:00 UTC is one hour of service (closing at 16:00 UTC).
            outage("mail", "02 15:00", Some("02 17:00")),
            // Overlaps the first by half an hour: 14:30–15:30, one half-hour more.
            outage("mail", "02 14:30", Some("02 15:30")),
            // A Saturday: no service time.
            outage("files", "06 08:00", Some("06 12:00")),
            // From May into June: 1 h of June (Monday the 1st, 6:00–7:00 UTC).
            outage("files", "-31 08:00", Some("01 07:00")),
            outage("not in scope", "02 06:00", None),
            outage("mail", "03 10:00", Some("03 09:00")),
        ],
    }));
    // mail 1 − 1.5/220, files 1 − 1/220: the mean is 1 − 2.5/440 = 437.5/440.
    assert_eq!(indicator(&report, "KPI19").figure.value, Some(437.5 / 440.0));
    assert_eq!(figure(&report, "KPI19").1, 2.0);
    assert_eq!(
        listed(&report.rejected),
        [("mail@2026-06-03T10:00:00Z", "outage_ends_before_start")]
    );
    assert_eq!(figure(&june(json!({})), "KPI19"), (0.0, 0.0));
}

#[test]
fn kpi19_an_outage_without_an_end_lasts_until_the_datas_end() {
    // Known until 12 June, 16:00 UTC: ten weekdays, 100 h; down since the 11th, 6:00 UTC: 20 h.
    let report = june(json!({
        "data_end": at("12 16:00"),
        "services": ["mail"],
        "outages": [{"service": "mail", "started_at": at("11 06:00"), "ended_at": null}],
    }));
    assert_eq!(indicator(&report, "KPI19").figure.value, Some(0.8));
    // Months of which nothing is known have no figure.
    let report = june(json!({"data_end": at("-20 16:00"), "services": ["mail"]}));
    assert_eq!(indicator(&report, "KPI19").figure.value, None);
}

#[test]
fn kpi20_is_the_last_check_of_the_month() {
    let check =
        |when: &str, compliant: u32, checked: u32| json!({"at": at(when), "compliant": compliant, "checked": checked});
    let report = june(json!({"compliance": [
        check("30 08:00", 97, 100), check("15 08:00", 10, 100), check("32 08:00", 1, 100), check("20 08:00", 9, 8),
    ]}));
    assert_eq!(figure(&report, "KPI20"), (97.0, 100.0));
    assert_eq!(indicator(&report, "KPI20").met, Some(true));
    assert_eq!(report.rejected[0].reason, "more_compliant_than_checked");
    // At the same instant the later in the document.
    let report = june(json!({"compliance": [check("15 08:00", 10, 100), check("15 08:00", 20, 100)]}));
    assert_eq!(figure(&report, "KPI20"), (20.0, 100.0));
}

#[test]
fn kpi21_counts_milestones_due_in_the_month() {
    let milestone =
        |id: &str, due: &str, done: Option<&str>| json!({"id": id, "due_at": at(due), "done_at": done.map(at)});
    let report = june(json!({"milestones": [
        milestone("kept", "15 16:00", Some("15 16:00")),
        milestone("early", "16 16:00", Some("-20 16:00")),
        milestone("late", "15 16:00", Some("15 16:01")),
        milestone("open", "20 16:00", None),
        milestone("of July", "32 16:00", None),
    ]}));
    assert_eq!(figure(&report, "KPI21"), (2.0, 4.0));
    assert_eq!(missed(&report, "KPI21"), ["late", "open"]);
    // What is not due yet is not judged.
    let report = june(json!({"data_end": at("18 00:00"), "milestones": [milestone("open", "20 16:00", None)]}));
    assert_eq!(figure(&report, "KPI21"), (0.0, 0.0));
}

#[test]
fn kpi22_to_24_are_quotes_in_service_days() {
    let quote = |id: &str, kind: &str, sent: &str| {
        ticket(
            id,
            "01 06:00",
            json!({"type": "quote", "quote": kind, "priority": null}),
            &[(sent, "solved")],
        )
    };
    let report = june(json!({"tickets": [
        // Monday 1 June, 8:00 in Paris + 70 h = the evening of Tuesday the 9th.
        quote("complex", "complex", "09 16:00"),
        quote("complex late", "complex", "10 06:01"),
        quote("simple", "simple", "03 16:00"),
        quote("simple late", "simple", "04 06:01"),
        quote("urgent", "urgent", "01 16:00"),
        quote("urgent late", "urgent", "02 06:01"),
    ]}));
    for (id, late) in [
        ("KPI22", "complex late"),
        ("KPI23", "simple late"),
        ("KPI24", "urgent late"),
    ] {
        assert_eq!(figure(&report, id), (1.0, 2.0), "{id}");
        assert_eq!(missed(&report, id), [late]);
    }
    assert_eq!(indicator(&report, "KPI24").penalty.as_deref(), Some("P2"));
}

#[test]
fn kpi25_counts_dashboards_in_the_month_they_are_due() {
    let dashboard = |id: &str, month: &str, delivered: Option<&str>| json!({"id": id, "month": month, "delivered_at": delivered.map(at)});
    let report = june(json!({"deliverables": [
        // May is over on Sunday at midnight; 3 service days later is Wednesday 3 June, 18:00 in Paris.
        dashboard("in time", "2026-05", Some("03 16:00")),
        // Before the next opening no more service time has passed.
        dashboard("by night", "2026-05", Some("04 05:59")),
        dashboard("late", "2026-05", Some("04 06:01")),
        dashboard("never", "2026-05", None),
        // Due on 3 July.
        dashboard("of June", "2026-06", None),
        dashboard("too early", "2026-05", Some("-31 21:59")),
    ]}));
    assert_eq!(figure(&report, "KPI25"), (2.0, 4.0));
    assert_eq!(missed(&report, "KPI25"), ["late", "never"]);
    assert_eq!(listed(&report.rejected), [("too early", "delivered_before_month_end")]);
    // Not due yet.
    let report = june(json!({"data_end": at("02 12:00"), "deliverables": [dashboard("x", "2026-05", None)]}));
    assert_eq!(figure(&report, "KPI25"), (0.0, 0.0));
}

#[test]
fn duplicates_and_trash_are_excluded_and_bad_data_rejected() {
    let report = june(json!({"tickets": [
        ticket("duplicate", "02 08:00", json!({"priority": "high"}), &[("02 09:00", "solved"), ("03 09:00", "merged")]),
        ticket("trash", "02 08:00", json!({"priority": "high"}), &[("02 09:00", "trashed"), ("02 09:01", "merged")]),
        ticket("before", "02 08:00", json!({"priority": "high"}), &[("02 07:59", "solved")]),
        ticket("bad wait", "02 08:00", json!({"priority": "high"}),
            &[("02 09:00", "waiting_ended"), ("02 10:00", "waiting_started"), ("02 11:00", "solved")]),
        ticket("good", "02 08:00", json!({"priority": "high"}), &[("02 08:00", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (1.0, 1.0));
    assert_eq!(
        listed(&report.excluded),
        [("duplicate", "merged"), ("trash", "trashed")]
    );
    assert_eq!(
        listed(&report.rejected),
        [
            ("bad wait", "wait_ends_before_start"),
            ("before", "event_before_creation")
        ]
    );
}

#[test]
fn a_wait_ended_after_the_solution_is_no_bad_data() {
    let report = june(json!({"tickets": [
        ticket("x", "02 08:00", json!({"priority": "high"}),
            &[("02 09:00", "waiting_started"), ("02 12:00", "solved"), ("02 12:00", "waiting_ended")]),
    ]}));
    assert!(report.rejected.is_empty());
    assert_eq!(figure(&report, "KPI7"), (1.0, 1.0));
}

#[test]
fn months_begin_at_midnight_in_the_calendars_zone() {
    let high = || json!({"priority": "high", "scope": "user"});
    let report = june(json!({"tickets": [
        // 31 May, 22:00 UTC is 1 June in Paris; 30 June, 22:00 UTC is 1 July.
        ticket("first", "-29 15:59", high(), &[("-31 22:00", "solved")]),
        ticket("last", "30 15:00", high(), &[("30 21:59", "solved")]),
        ticket("after", "30 15:00", high(), &[("30 22:00", "solved")]),
        ticket("before", "-29 15:59", high(), &[("-31 21:59", "solved")]),
    ]}));
    assert_eq!(figure(&report, "KPI7"), (2.0, 2.0));
    assert_eq!(earlier(&report, "KPI7", 1), (1.0, 1.0));
}

#[test]
fn the_history_has_thirteen_months_and_the_same_month_a_year_before() {
    let report = june(json!({"tickets": [
        ticket("a year ago", "2025-06-03T08:00:00Z", json!({"priority": "high"}), &[("2025-06-03T09:00:00Z", "solved")]),
        ticket("longer ago", "2025-05-28T08:00:00Z", json!({"priority": "high"}), &[("2025-05-28T09:00:00Z", "solved")]),
    ]}));
    let history = &indicator(&report, "KPI7").history;
    assert_eq!(history.len(), 13);
    assert_eq!(history[0].period.to_string(), "2025-06");
    assert_eq!(history[12].period.to_string(), "2026-06");
    assert_eq!(earlier(&report, "KPI7", 12), (1.0, 1.0));
    let counted: f64 = history.iter().map(|month| month.figure.denominator).sum();
    assert_eq!(counted, 1.0);
}

#[test]
fn an_incident_over_whit_monday_and_a_change_of_time_counts_open_hours_only() {
    // Friday 22 May, 17:00 in Paris to Tuesday 26 May, 10:00: 1 h + 2 h = 3 h (Monday is a holiday).
    let whit = json!({"data_end": DATA_END, "tickets": [
        ticket("whit", "2026-05-22T15:00:00Z", json!({"priority": "high"}), &[("2026-05-26T08:00:00Z", "solved")]),
    ]});
    assert_eq!(figure(&report_of("vsgp", "2026-05", &whit), "KPI7"), (1.0, 1.0));
    // Friday 27 March, 17:00 (UTC+1) to Monday 30 March, 10:00 (UTC+2): 3 h.
    let spring = json!({"data_end": DATA_END, "tickets": [
        ticket("spring", "2026-03-27T16:00:00Z", json!({"priority": "high"}), &[("2026-03-30T08:00:00Z", "solved")]),
        ticket("late", "2026-03-27T16:00:00Z", json!({"priority": "high"}), &[("2026-03-30T08:01:00Z", "solved")]),
    ]});
    let report = report_of("vsgp", "2026-03", &spring);
    assert_eq!(figure(&report, "KPI7"), (1.0, 2.0));
    assert_eq!(missed(&report, "KPI7"), ["late"]);
}

#[test]
fn a_ticket_that_is_there_twice_is_an_error() {
    let text = json!({"data_end": DATA_END, "tickets": [
        ticket("x", "02 08:00", json!({}), &[]), ticket("x", "03 08:00", json!({}), &[]),
    ]})
    .to_string();
    let evidence: Evidence<'_> = serde_json::from_str(&text).unwrap();
    let contract = Contract::embedded("vsgp").unwrap().unwrap();
    let error = compute(&evidence, &contract, "2026-06".parse::<crate::Month>().unwrap()).unwrap_err();
    assert_eq!(error.id, "x");
}

// --- [GIPED]: support 9–18, so a service day is 9 h; the call centre is open 24/7.

fn giped(evidence: Value) -> Report {
    report_of("giped", "2026-06", &evidence)
}

#[test]
fn ic1_and_ic2_are_the_solved_among_those_received_in_the_month() {
    let request = || json!({"type": "request"});
    let report = giped(json!({"data_end": DATA_END, "tickets": [
        ticket("r1", "02 08:00", request(), &[("02 09:00", "solved")]),
        ticket("r2", "30 15:00", request(), &[("40 09:00", "solved")]),
        ticket("r3", "02 08:00", request(), &[]),
        ticket("of May", "-29 08:00", request(), &[("02 09:00", "solved")]),
        ticket("i1", "02 08:00", json!({}), &[("02 09:00", "solved")]),
        ticket("information", "02 08:00", json!({"type": "information"}), &[]),
    ]}));
    assert_eq!(figure(&report, "IC1"), (2.0, 3.0));
    assert_eq!(missed(&report, "IC1"), ["r3"]);
    assert_eq!(figure(&report, "IC2"), (1.0, 1.0));
    assert_eq!(indicator(&report, "IC2").met, Some(true));
}

#[test]
fn ic3_is_two_service_days_of_nine_hours() {
    let request = || json!({"type": "request"});
    let report = giped(json!({"data_end": DATA_END, "tickets": [
        // Tuesday 2 June, 10:00 in Paris + 18 h: 8 h on Tuesday, 9 on Wednesday, 1 on Thursday: 10:00 (8:00 UTC).
        ticket("in time", "02 08:00", request(), &[("04 08:00", "solved")]),
        ticket("late", "02 08:00", request(), &[("04 08:01", "solved")]),
    ]}));
    assert_eq!(figure(&report, "IC3"), (1.0, 2.0));
    assert_eq!(missed(&report, "IC3"), ["late"]);
    assert_eq!(indicator(&report, "IC3").penalty, None);
}

#[test]
fn ic4_has_a_target_for_the_office_and_another_for_the_infrastructure() {
    let infrastructure = || json!({"scope": "infrastructure"});
    let report = giped(json!({"data_end": DATA_END, "tickets": [
        ticket("office", "02 08:00", json!({}), &[("02 09:00", "solved")]),
        ticket("office late", "02 08:00", json!({}), &[("02 09:01", "solved")]),
        ticket("infrastructure", "02 08:00", infrastructure(), &[("02 08:30", "solved")]),
        ticket("infrastructure late", "02 08:00", infrastructure(), &[("02 08:31", "solved")]),
    ]}));
    assert_eq!(figure(&report, "IC4"), (2.0, 4.0));
    assert_eq!(missed(&report, "IC4"), ["infrastructure late", "office late"]);
}

#[test]
fn ic5_to_ic7_are_outages_around_the_clock() {
    let outage = |service: &str, from: &str, to: Option<&str>| json!({"service": service, "started_at": at(from), "ended_at": to.map(at)});
    let report = giped(json!({"data_end": DATA_END, "outages": [
        // A Saturday night counts like any other time.
        outage("servers", "06 23:00", Some("07 01:00")),
        outage("network", "06 23:00", Some("07 01:01")),
        outage("telephone", "07 01:00", Some("07 02:00")),
        outage("telephone", "08 01:00", Some("08 02:01")),
        outage("web site", "07 01:00", Some("07 01:30")),
        // From 30 June, 23:50 in Paris to 0:30: the deadline 0:20 is in July, and so is the end.
        outage("web site", "30 21:50", Some("30 22:30")),
        // Never ended; deadline 2 June.
        outage("web site", "02 10:00", None),
    ]}));
    assert_eq!(figure(&report, "IC5"), (1.0, 2.0));
    assert_eq!(missed(&report, "IC5"), ["network@2026-06-06T23:00:00Z"]);
    assert_eq!(figure(&report, "IC6"), (1.0, 2.0));
    assert_eq!(missed(&report, "IC6"), ["telephone@2026-06-08T01:00:00Z"]);
    assert_eq!(figure(&report, "IC7"), (1.0, 2.0));
}

#[test]
fn the_report_is_written_in_the_interchanges_order() {
    let report = june(json!({"calls": [call("c", "08:00:00", None, "08:01:00")]}));
    let text = serde_json::to_string(&report).unwrap();
    assert!(text.starts_with(
        r#"{"month":"2026-06","contract":"vsgp","indicators":[{"id":"KPI1","numerator":0,"denominator":1,"value":0.0,"objective":0.95,"met":false,"penalty":"P1","missed":["c"],"history":[{"month":"2025-06","numerator":0,"denominator":0,"value":null}"#
    ), "{text}");
    assert!(text.ends_with(r#""excluded":[],"rejected":[]}"#), "{text}");
}
