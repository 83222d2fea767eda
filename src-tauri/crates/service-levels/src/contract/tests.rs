#![allow(clippy::unwrap_used)]

use super::*;
use crate::evidence::model::{Channel, Priority, Scope, TicketType};
use crate::instant::{HOUR, MINUTE, SECOND};

fn vsgp() -> Contract {
    Contract::embedded("vsgp").unwrap().unwrap()
}

const SMALL: &str = r#"
id = "small"
name = { fr = "petit", en = "small" }
calendar = "office"

[calendars.office]
time_zone = "Europe/Paris"
open = { mon-fri = ["08:00-12:00", "14:00-18:00"] }

[populations]
major = { priority = ["major"] }

[[indicators]]
id = "A"
name = { fr = "a", en = "a" }
kind = "resolution"
population = "major"
target = "1 d"
at_least = 0.9
"#;

#[test]
fn the_contracts_of_the_product_are_good() {
    for name in Contract::embedded_names() {
        let contract = Contract::embedded(name)
            .unwrap()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(contract.id, name);
    }
    assert!(Contract::embedded("nobody").is_none());
}

/// Target, objective and penalty of every indicator of `kpi.md`, written a second time here by hand from its table.
#[test]
fn vsgp_says_what_the_contract_says() {
    let day = 10 * HOUR;
    let expected: [(&str, Option<Nanoseconds>, Objective, Option<&str>); 25] = [
        ("KPI1", Some(20 * SECOND), Objective::AtLeast(0.95), Some("P1")),
        ("KPI2", Some(15 * MINUTE), Objective::AtLeast(0.90), Some("P1")),
        ("KPI3", Some(5 * MINUTE), Objective::AtLeast(0.95), Some("P2")),
        ("KPI4", None, Objective::AtLeast(0.60), Some("P1")),
        ("KPI5", Some(30 * MINUTE), Objective::AtLeast(0.90), Some("P1")),
        ("KPI6", Some(20 * MINUTE), Objective::AtLeast(0.95), Some("P3")),
        ("KPI7", Some(3 * HOUR), Objective::AtLeast(0.90), Some("P2")),
        ("KPI8", Some(day), Objective::AtLeast(0.90), Some("P1")),
        ("KPI9", Some(3 * day), Objective::AtLeast(0.90), Some("P1")),
        ("KPI10", Some(24 * HOUR), Objective::AtLeast(0.90), Some("P2")),
        ("KPI11", Some(4 * HOUR), Objective::AtLeast(0.95), Some("P3")),
        ("KPI12", Some(3 * day), Objective::AtLeast(0.90), Some("P1")),
        ("KPI13", Some(day), Objective::AtLeast(0.90), Some("P1")),
        ("KPI14", Some(day / 2), Objective::AtLeast(0.90), Some("P2")),
        ("KPI15", Some(HOUR), Objective::AtLeast(0.95), Some("P3")),
        ("KPI16", None, Objective::AtMost(0.15), None),
        ("KPI17", None, Objective::AtLeast(0.70), None),
        ("KPI18", None, Objective::AtLeast(0.70), None),
        ("KPI19", None, Objective::AtLeast(0.99), Some("P3")),
        ("KPI20", None, Objective::AtLeast(0.97), Some("P3")),
        ("KPI21", None, Objective::AtLeast(0.80), Some("P2")),
        ("KPI22", Some(7 * day), Objective::AtLeast(0.90), Some("P1")),
        ("KPI23", Some(3 * day), Objective::AtLeast(0.90), Some("P1")),
        ("KPI24", Some(day), Objective::AtLeast(0.90), Some("P2")),
        ("KPI25", Some(3 * day), Objective::AtLeast(0.90), Some("P1")),
    ];
    let contract = vsgp();
    assert_eq!(contract.indicators.len(), expected.len());
    for (indicator, (id, target, objective, penalty)) in contract.indicators.iter().zip(expected) {
        assert_eq!(indicator.id, id);
        assert_eq!(indicator.objective, objective, "{id}");
        assert_eq!(indicator.penalty.as_deref(), penalty, "{id}");
        let found = match &indicator.rule {
            Rule::CallAnswer { target, .. } | Rule::AlertTakeUp { target, .. } | Rule::Deliverables { target } => {
                Some(*target)
            }
            Rule::TakeUp(cases) | Rule::Escalation(cases) | Rule::Resolution { cases, .. } => Some(cases[0].target),
            _ => None,
        };
        assert_eq!(found, target, "{id}");
    }
}

#[test]
fn unknown_amounts_are_0() {
    assert!(vsgp().penalties.values().all(|penalty| penalty.amount == 0.0));
}

/// The line and column of what was changed, and what is said of it.
fn wrong(from: &str, to: &str) -> (usize, usize, &'static str) {
    assert_eq!(SMALL.matches(from).count(), 1, "{from}");
    let error = Contract::parse(&SMALL.replace(from, to)).unwrap_err();
    (error.line, error.column, error.problem.code())
}

#[test]
fn errors_have_the_line_and_column_of_what_is_wrong() {
    assert!(Contract::parse(SMALL).is_ok());
    assert_eq!(wrong("Europe/Paris", "Europe/Evry"), (7, 13, "time_zone"));
    assert_eq!(wrong("mon-fri", "lun-ven"), (8, 10, "days"));
    assert_eq!(wrong("08:00-12:00", "8h-12h"), (8, 21, "opening"));
    assert_eq!(wrong("14:00-18:00", "11:00-18:00"), (8, 36, "openings_overlap"));
    assert_eq!(wrong("1 d", "1 day"), (18, 10, "length"));
    assert_eq!(
        wrong("population = \"major\"", "population = \"minor\""),
        (17, 14, "no_population")
    );
    assert_eq!(
        wrong("calendar = \"office\"", "calendar = \"usine\""),
        (4, 12, "no_calendar")
    );
    assert_eq!(wrong("at_least = 0.9", "at_least = 90"), (19, 12, "range"));
    assert_eq!(
        wrong("at_least = 0.9", "queues = []\nat_least = 0.9"),
        (19, 10, "useless_key")
    );
    assert_eq!(
        wrong("at_least = 0.9", "at_least = 0.9\npenalty = \"P9\""),
        (20, 11, "no_penalty")
    );
    let (line, _, code) = wrong("target = \"1 d\"\n", "");
    assert_eq!((line, code), (13, "missing_key"));
    let (line, _, code) = wrong("at_least = 0.9", "");
    assert_eq!((line, code), (13, "objective"));
    let again = "at_least = 0.9\n[[indicators]]\nid = \"A\"\nname = { fr = \"a\", en = \"a\" }\nkind = \"survey\"\nat_least = 1.0";
    assert_eq!(wrong("at_least = 0.9", again), (21, 6, "twice"));
    let (line, _, code) = wrong("{ mon-fri = [\"08:00-12:00\", \"14:00-18:00\"] }", "{}");
    assert_eq!((line, code), (6, "never_open"));
}

#[test]
fn unknown_keys_and_words_are_refused_at_every_depth() {
    assert_eq!(wrong("time_zone =", "timezone ="), (7, 1, "syntax"));
    assert_eq!(wrong("[\"major\"]", "[\"urgent\"]"), (11, 23, "syntax"));
    assert_eq!(wrong("kind = \"resolution\"", "kind = \"magic\""), (16, 8, "syntax"));
    assert_eq!(wrong("calendar = \"office\"", "calendar = "), (4, 12, "syntax"));
    let error = Contract::parse(&SMALL.replace("population =", "populatoin =")).unwrap_err();
    assert_eq!((error.line, error.column), (17, 1));
    assert!(error.to_string().contains("populatoin"), "{error}");
}

#[test]
fn days_of_several_lines_add_up() {
    let contract = Contract::parse(&SMALL.replace(
        "mon-fri = [\"08:00-12:00\", \"14:00-18:00\"]",
        "mon-fri = [\"08:00-12:00\"], mon = [\"14:00-18:00\"], sat-sun = [\"00:00-24:00\"]",
    ))
    .unwrap();
    let lengths: Vec<usize> = contract.calendars[0].rules.week.iter().map(Vec::len).collect();
    assert_eq!(lengths, [2, 1, 1, 1, 1, 1, 1]);
    assert_eq!(contract.calendars[0].rules.service_day(), 24 * HOUR);
}

#[test]
fn a_vips_incident_is_in_kpi6_alone() {
    let contract = vsgp();
    let ticket = |vip, priority| Ticket {
        id: "T".into(),
        kind: TicketType::Incident,
        channel: Some(Channel::Phone),
        scope: Some(Scope::User),
        priority: Some(priority),
        urgency: None,
        blocking: None,
        vip: Some(vip),
        quote: None,
        created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        events: Vec::new(),
    };
    let held = |ticket: &Ticket<'_>| -> Vec<String> {
        let holds = |indicator: &&Indicator| match &indicator.rule {
            Rule::Resolution { cases, .. } => cases.iter().any(|case| case.population.holds(ticket)),
            _ => false,
        };
        contract
            .indicators
            .iter()
            .filter(holds)
            .map(|indicator| indicator.id.clone())
            .collect()
    };
    for priority in [Priority::Major, Priority::High, Priority::Medium, Priority::Low] {
        assert_eq!(held(&ticket(true, priority)), ["KPI6"]);
    }
    assert_eq!(held(&ticket(false, Priority::Major)), ["KPI6"]);
    assert_eq!(held(&ticket(false, Priority::High)), ["KPI7"]);
    assert_eq!(held(&ticket(false, Priority::Medium)), ["KPI8"]);
    assert_eq!(held(&ticket(false, Priority::Low)), ["KPI9"]);
}
