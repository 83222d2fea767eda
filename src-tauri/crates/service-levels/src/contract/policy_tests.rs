//! The policies: what the product's contracts say, what is taken when they say nothing, and where what is wrong is.

#![allow(clippy::unwrap_used)]

use super::*;
use guichet_domain::{
    diagnosis::DiagnosisField,
    escalation::SupportLevel,
    hot_transfer::OfferReason,
    ticket::Level,
    wrap_up::{CallLink, NumberMask},
};

fn contract(name: &str) -> Contract {
    Contract::embedded(name).unwrap().unwrap()
}

fn at(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Every policy there is, with little in it.
const FULL: &str = r#"id = "small"
name = { fr = "petit", en = "small" }
calendar = "office"
indicators = []

[calendars.office]
time_zone = "Europe/Paris"
open = { mon-fri = ["08:00-18:00"] }

[calendars.night]
time_zone = "Europe/Paris"
open = { mon-fri = ["18:00-24:00"] }

[vip]
hot_transfer = true

[hot_transfer]
roster = "dsi"
priority_at_least = 6
call_back = "15 min"
call_back_owner = "N2"
by_hand.consult = { fr = "a", en = "b" }
by_hand.join = { fr = "a", en = "b" }
by_hand.take_back = { fr = "a", en = "b" }

[[rosters]]
name = "dsi"
steps = [
  { group = "N2", name = "Ali", extension = "70 01", ring = "20 s" },
  { group = "N3", ring = "30 s", hours = "night" },
]

[calls]
number = "last_digits"
link_as = "task"
call_back = "1 h"
call_back_owner = "N1"

[escalation]
within = "20 min"

[[escalation_form]]
domain = "network"
mandatory = ["symptom"]

[[responsibilities]]
domain = "network"
name = { fr = "Réseau", en = "Network" }
n2 = { group = "Réseau", contact = "7002", hours = "night" }
vendor = "Orange"

[surge]
contacts = 4
within = "10 min"
message = { fr = "sur {subject}", en = "on {subject}" }
"#;

#[test]
fn the_vsgp_contract_hands_vips_and_critical_calls_over() {
    let contract = contract("vsgp");
    let rules = contract.hot_transfer.as_ref().unwrap();
    assert_eq!(rules.policy.reason(true, Level(2)), Some(OfferReason::Vip));
    assert_eq!(rules.policy.reason(false, Level(5)), Some(OfferReason::Critical));
    assert_eq!(rules.policy.reason(false, Level(4)), None);
    assert_eq!(rules.policy.call_back_s, 900);
    assert!(rules.policy.by_hand.consult.fr.contains("{extension}"));
    // A Monday morning, a Saturday morning and a night in Paris.
    let duty = |when: &str| -> Vec<bool> {
        let members = contract.roster_members(rules.roster, at(when));
        assert_eq!(members.len(), 3);
        assert!(
            members
                .iter()
                .all(|member| member.ring_s == 20 && member.tried.is_none())
        );
        members.iter().map(|member| member.on_duty).collect()
    };
    assert_eq!(duty("2026-11-23T09:00:00Z"), [true, true, true]);
    assert_eq!(
        duty("2026-11-21T09:00:00Z"),
        [false, false, false],
        "the roster itself does not serve"
    );
    assert_eq!(duty("2026-11-23T20:00:00Z"), [false, false, false]);
}

#[test]
fn the_matrix_and_forms_of_the_product_lead_somewhere() {
    for name in Contract::embedded_names() {
        let contract = contract(name);
        let policy = &contract.escalation;
        assert_eq!(policy.within_s, 1800, "{name}");
        for row in &policy.matrix {
            assert!(row.name.is_some(), "{}: {} has a name for people", name, row.domain);
            assert!(row.charges.contains_key(&SupportLevel::N2), "{name}: {}", row.domain);
            assert!(policy.form(&row.domain).mandatory.contains(&DiagnosisField::Symptom));
            for charge in row.charges.values() {
                if let Some(hours) = &charge.hours {
                    assert!(contract.is_open(hours, at("2026-11-23T09:00:00Z")).unwrap());
                }
            }
        }
        assert!(contract.surge.is_some(), "{name}");
    }
    let vsgp = contract("vsgp").escalation;
    assert_eq!(vsgp.domain_of("Réseau > VPN"), Some("network"));
    assert_eq!(vsgp.domain_of("Logiciels > Métier > Finances"), Some("applications"));
    assert_eq!(
        vsgp.domain_of("Logiciels > Installation"),
        Some("user"),
        "the longer one"
    );
    assert!(vsgp.form("applications").mandatory.contains(&DiagnosisField::ErrorText));
    assert_eq!(vsgp.reminder_every_s, 36_000, "a service day");
    assert_eq!(
        contract("giped").calls.mask,
        NumberMask::Hidden,
        "callers' numbers are health data"
    );
}

#[test]
fn what_a_contract_does_not_say_has_a_sane_default() {
    let contract = Contract::parse(FULL).unwrap();
    let policy = &contract.hot_transfer.as_ref().unwrap().policy;
    assert_eq!(
        policy.mandatory,
        [DiagnosisField::Symptom, DiagnosisField::Affected].into()
    );
    assert_eq!(policy.action_timeout_s, 8);
    assert_eq!(contract.escalation.within_s, 1200);
    assert_eq!(contract.calls.mask, NumberMask::LastDigits { digits: 4 });
    assert_eq!(contract.calls.link_as, CallLink::Task);
    let surge = contract.surge.as_ref().unwrap();
    assert_eq!((surge.contacts, surge.within_s, surge.times_usual), (4, 600, 3));
    assert_eq!(
        contract.escalation.form("user"),
        EscalationForm::default(),
        "no general form"
    );
    let members = contract.roster_members(0, at("2026-11-23T09:00:00Z"));
    assert_eq!(
        (members[0].extension.as_str(), members[0].name.as_str()),
        ("7001", "Ali")
    );
    assert_eq!((members[1].extension.as_str(), members[1].name.as_str()), ("", "N3"));
    assert_eq!((members[0].on_duty, members[1].on_duty), (true, false), "his own hours");
    assert!(contract.roster_members(9, at("2026-11-23T09:00:00Z")).is_empty());
    let charge = contract.escalation.charge("network", SupportLevel::Vendor).unwrap();
    assert_eq!((charge.group.as_str(), charge.contact.as_str()), ("Orange", ""));
}

/// What is said of a change, and the text at the place it is said of.
fn wrong(from: &str, to: &str) -> (&'static str, String) {
    assert_eq!(FULL.matches(from).count(), 1, "{from}");
    let text = FULL.replace(from, to);
    let error = Contract::parse(&text).unwrap_err();
    let line = text.lines().nth(error.line - 1).unwrap();
    let place: String = line.chars().skip(error.column - 1).collect();
    (error.problem.code(), place.chars().take(12).collect())
}

#[test]
fn errors_have_the_place_of_what_is_wrong() {
    let said = |code: &'static str, place: &str| (code, place.to_owned());
    assert_eq!(
        wrong("roster = \"dsi\"", "roster = \"n3\""),
        said("no_roster", "\"n3\"")
    );
    assert_eq!(wrong("least = 6", "least = 7"), said("range", "7"));
    assert_eq!(wrong("owner = \"N2\"", "owner = \" \""), said("empty", "\" \""));
    assert_eq!(wrong("70 01", "7001,1"), said("extension", "\"7001,1\", ri"));
    assert_eq!(wrong("ring = \"20 s\"", "ring = \"20\""), said("length", "\"20\" },"));
    assert_eq!(
        wrong("ring = \"30 s\", hours = \"night\"", "ring = \"30 s\", hours = \"day\""),
        said("no_calendar", "\"day\" },")
    );
    assert_eq!(
        wrong(
            "contact = \"7002\", hours = \"night\"",
            "contact = \"7002\", hours = \"day\""
        ),
        said("no_calendar", "\"day\" }")
    );
    assert_eq!(
        wrong("domain = \"network\"\nmandatory", "domain = \"user\"\nmandatory"),
        said("no_domain", "\"user\"")
    );
    assert_eq!(wrong("\"Orange\"", "\"\""), said("empty", "\"\""));
    assert_eq!(wrong("mandatory = [\"symptom\"]", "mandatory = [\"mood\"]").0, "syntax");
    assert_eq!(
        wrong("call_back_owner = \"N1\"", "digits = 9\ncall_back_owner = \"N1\""),
        said("range", "9")
    );
    assert_eq!(wrong("on {subject}", "on"), said("place", "{ fr = \"sur "));
    assert_eq!(wrong("contacts = 4", "contacts = 1"), said("range", "1"));
    assert_eq!(
        wrong("contacts = 4", "contacts = 4\ntimes_usual = 0"),
        said("range", "0")
    );
    let row = "\n[[responsibilities]]\ndomain = \"network\"\nn1 = \"N1\"\n[surge]";
    assert_eq!(wrong("\n[surge]", row), said("domain_twice", "\"network\""));
    let form = "\n[[escalation_form]]\ndomain = \"network\"\nmandatory = []\n[surge]";
    assert_eq!(wrong("\n[surge]", form), said("form_twice", "\"network\""));
    assert_eq!(
        wrong(
            "by_hand.join = { fr = \"a\", en = \"b\" }",
            "by_hand.join = { fr = \"a\", en = \"\" }"
        ),
        said("empty", "{ fr = \"a\", ")
    );
    let (code, place) = wrong("n2 = { group = \"Réseau\"", "n2 = { grup = \"Réseau\"");
    assert_eq!(
        (code, place.starts_with("grup") || place.starts_with('{')),
        ("syntax", true),
        "{place}"
    );
    assert_eq!(wrong("vendor = \"Orange\"", "vendor = 3").0, "syntax");
}

#[test]
fn a_roster_calls_somebody_and_vips_have_a_way() {
    let none = FULL.split_once("steps = [").unwrap();
    let rest = none.1.split_once("\n]\n").unwrap().1;
    let error = Contract::parse(&format!("{}steps = []\n{rest}", none.0)).unwrap_err();
    assert_eq!(error.problem, Problem::NoSteps("dsi".into()));
    let (before, after) = FULL.split_once("[hot_transfer]").unwrap();
    let after = after.split_once("[[rosters]]").unwrap().1;
    let error = Contract::parse(&format!("{before}[[rosters]]{after}")).unwrap_err();
    assert_eq!(error.problem, Problem::NoHotTransfer);
    assert_eq!(error.line, 15);
}

#[test]
fn asking_one_instant_and_working_years_out_say_the_same() {
    for name in Contract::embedded_names() {
        for known in contract(name).calendars {
            let years = crate::Calendar::new(&known.rules, 2027);
            // Changes of time, holidays, midnight: every 17 minutes of some days around them.
            for day in ["2026-03-29", "2026-05-01", "2026-10-25", "2026-12-31"] {
                let start = at(&format!("{day}T00:00:00Z"));
                for step in -100..200 {
                    let when = start.plus(step * 17 * crate::instant::MINUTE);
                    assert_eq!(known.rules.is_open(when), years.is_open(when), "{} {when}", known.name);
                }
            }
        }
    }
}
