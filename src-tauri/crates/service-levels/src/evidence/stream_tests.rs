#![allow(clippy::unwrap_used)]

use super::*;
use crate::{compute, evidence::model::Evidence};
use proptest::prelude::*;
use serde_json::json;

fn streamed(text: &str) -> Result<Report, EvidenceError> {
    let contract = Contract::embedded("vsgp").unwrap().unwrap();
    report(
        || Ok(text.as_bytes()),
        &contract,
        "2026-06".parse::<crate::Month>().unwrap(),
    )
}

/// Whatever a ticket may hold, at instants of a few days around June so that months, nights and ties meet.
pub(crate) fn some_ticket(n: usize) -> impl Strategy<Value = Value> {
    let kinds = [
        "taken_up",
        "assigned",
        "waiting_started",
        "waiting_ended",
        "solved",
        "reopened",
        "closed",
        "requester_contact",
        "merged",
        "trashed",
    ];
    let moment = (0_i64..70, 0_i64..8).prop_map(|(day, hours)| {
        let at: jiff::Timestamp = "2026-05-15T05:00:00Z".parse().unwrap();
        (at + jiff::SignedDuration::from_hours(day * 24 + hours * 2)).to_string()
    });
    let event = (moment.clone(), 0_usize..40, 1_u8..4).prop_map(move |(at, kind, level)| {
        // Merged and trashed tickets are rare.
        let kind = if kind < kinds.len() { kind } else { kind % 8 };
        json!({"at": at, "kind": kinds[kind], "level": level})
    });
    (
        proptest::sample::select(&["incident", "request", "quote"][..]),
        proptest::sample::select(&["phone", "mail", "portal", "direct"][..]),
        proptest::sample::select(&["user", "infrastructure"][..]),
        proptest::sample::select(&["major", "high", "medium", "low"][..]),
        any::<(bool, bool)>(),
        moment,
        proptest::collection::vec(event, 0..6),
    )
        .prop_map(
            move |(kind, channel, scope, priority, (blocking, vip), created, events)| {
                let urgency = if priority == "major" { "immediate" } else { priority };
                json!({
                    "id": format!("T{n}"), "type": kind, "channel": channel, "scope": scope, "priority": priority,
                    "urgency": urgency, "blocking": blocking, "vip": vip, "quote": "simple", "created_at": created,
                    "events": events,
                })
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Cut up, shared among cores and joined, a document gives what it gives in one piece.
    #[test]
    fn streaming_gives_what_the_whole_document_gives(
        tickets in (0..40_usize).prop_flat_map(|count| (0..count).map(some_ticket).collect::<Vec<_>>()),
        end in 0_i64..90,
        last in any::<bool>(),
    ) {
        let data_end: jiff::Timestamp = "2026-05-10T12:00:00Z".parse().unwrap();
        let data_end = (data_end + jiff::SignedDuration::from_hours(24 * end)).to_string();
        let tickets = Value::from(tickets);
        // data_end may come after the tickets.
        let text = if last {
            format!("{{\"tickets\": {tickets}, \"x\": {{\"y\": [1]}}, \"data_end\": \"{data_end}\"}}")
        } else {
            format!("{{\"data_end\": \"{data_end}\", \"tickets\": {tickets}}}")
        };
        let evidence: Evidence<'_> = serde_json::from_str(&text).unwrap();
        let contract = Contract::embedded("vsgp").unwrap().unwrap();
        let whole = compute(&evidence, &contract, "2026-06".parse::<crate::Month>().unwrap()).unwrap();
        prop_assert_eq!(streamed(&text).unwrap(), whole.clone());
        for indicator in &whole.indicators {
            for month in &indicator.history {
                prop_assert!(month.figure.numerator <= month.figure.denominator, "{}", indicator.id);
            }
        }
    }
}

#[test]
fn errors_name_the_record_and_the_key() {
    let text = |ticket: Value| {
        json!({"data_end": "2026-07-01T00:00:00Z", "tickets": [
            {"id": "A", "type": "incident", "created_at": "2026-06-01T00:00:00Z"}, ticket,
        ]})
        .to_string()
    };
    for (ticket, id, field, detail) in [
        (
            json!({"id": "B", "type": "incident"}),
            "B",
            "-",
            "missing field `created_at`",
        ),
        (
            json!({"id": "B", "type": "incident", "created_at": "hier"}),
            "B",
            "created_at",
            "\"hier\" is not an instant such as 2026-11-22T09:30:00Z",
        ),
        (
            json!({"id": "B", "type": "incident", "priority": "urgent", "created_at": "2026-06-01T00:00:00Z"}),
            "B",
            "priority",
            "unknown variant `urgent`, expected one of `major`, `high`, `medium`, `low`",
        ),
        (
            json!({"id": 12, "type": "incident", "created_at": "2026-06-01T00:00:00Z"}),
            "12",
            "id",
            "invalid type: integer `12`, expected a string",
        ),
        (
            json!({"id": "B", "type": "incident", "created_at": "2026-06-01T00:00:00Z",
                "events": [{"at": "2026-06-01T00:00:00Z", "kind": "solved"}, {"at": 5, "kind": "solved"}]}),
            "B",
            "events[1].at",
            "invalid type: integer `5`, expected an instant such as 2026-11-22T09:30:00Z",
        ),
    ] {
        match streamed(&text(ticket)) {
            Err(EvidenceError::Record {
                section,
                index,
                id: found,
                field: key,
                detail: said,
            }) => {
                assert_eq!((section.as_str(), index), ("tickets", 1));
                assert_eq!((found.as_str(), key.as_str(), said.as_str()), (id, field, detail));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn documents_that_are_none_are_refused() {
    assert!(matches!(streamed("{}"), Err(EvidenceError::NoDataEnd)));
    assert!(matches!(streamed(r#"{"tickets": []}"#), Err(EvidenceError::NoDataEnd)));
    assert!(matches!(streamed("tickets"), Err(EvidenceError::Document(_))));
    assert!(matches!(
        streamed(r#"{"data_end": "2026-07-01T00:00:00Z", "tickets": [{]}"#),
        Err(EvidenceError::Document(_) | EvidenceError::Record { .. })
    ));
    let twice = r#"{"data_end": "2026-07-01T00:00:00Z", "tickets": [
        {"id": "A", "type": "incident", "created_at": "2026-06-01T00:00:00Z"},
        {"id": "A", "type": "incident", "created_at": "2026-06-01T00:00:00Z"}]}"#;
    assert!(matches!(streamed(twice), Err(EvidenceError::Twice(_))));
}

#[test]
fn missing_and_null_keys_are_the_same_and_unknown_ones_are_ignored() {
    let least = r#"{"data_end": "2026-07-01T00:00:00Z", "tickets": [
        {"id": "A", "type": "incident", "created_at": "2026-06-01T00:00:00Z"}]}"#;
    let full = r#"{"format": 3, "data_end": "2026-07-01T00:00:00Z", "calls": null, "alerts": null, "satisfaction": null,
        "surveys": null, "outages": null, "services": null, "compliance": null, "milestones": null, "deliverables": null,
        "tickets": [{"id": "A", "type": "incident", "title": "x", "channel": null, "scope": null, "priority": null,
        "urgency": null, "blocking": null, "vip": null, "quote": null, "created_at": "2026-06-01T00:00:00Z",
        "events": null}]}"#;
    assert_eq!(streamed(least).unwrap(), streamed(full).unwrap());
}

#[test]
fn the_first_wrong_record_is_told_whoever_finds_which() {
    let mut tickets: Vec<Value> = (0..60_000)
        .map(|n| json!({"id": format!("T{n}"), "type": "incident", "created_at": "2026-06-01T00:00:00Z", "events": []}))
        .collect();
    for wrong in [17_000, 17_001, 40_000, 59_999] {
        tickets[wrong]["type"] = json!("?");
    }
    let text = json!({"data_end": "2026-07-01T00:00:00Z", "tickets": tickets}).to_string();
    for _ in 0..5 {
        match streamed(&text) {
            Err(EvidenceError::Record { index, .. }) => assert_eq!(index, 17_000),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn evidence_written_is_evidence_read() {
    let text = r#"{"data_end":"2026-07-01T00:00:00Z","tickets":[{"id":"A","type":"quote","channel":"mail","scope":"user","priority":null,"urgency":"low","blocking":false,"vip":true,"quote":"urgent","created_at":"2026-06-01T00:00:00Z","events":[{"at":"2026-06-01T01:00:00Z","kind":"assigned","level":2},{"at":"2026-06-01T02:00:00Z","kind":"solved"}]}],"calls":[{"id":"1","direction":"inbound","queue":"q","offered_at":"2026-06-01T00:00:00Z","answered_at":null,"ended_at":"2026-06-01T00:01:00Z"}],"alerts":[{"id":"1","severity":"critical","received_at":"2026-06-01T00:00:00Z","handled_at":null}],"satisfaction":[{"ticket":"A","answered_at":"2026-06-03T00:00:00Z","note":4.5,"scale":5.0}],"surveys":[{"period":"2026-06","note":4.0,"scale":5.0}],"outages":[{"service":"mail","started_at":"2026-06-01T00:00:00Z","ended_at":null}],"services":["mail"],"compliance":[{"at":"2026-06-01T00:00:00Z","compliant":1,"checked":2}],"milestones":[{"id":"m","due_at":"2026-06-01T00:00:00Z","done_at":null}],"deliverables":[{"id":"d","month":"2026-05","delivered_at":null}]}"#;
    let evidence: Evidence<'_> = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&evidence).unwrap(), text);
}
