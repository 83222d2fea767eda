//! Who is in charge, what goes along, in which order, in how long.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    BlobHash,
    diagnosis::NamedAsset,
    document::Attachment,
    triage::markers,
    wording::{Language, testing::Catalogue},
};

fn charge(group: &str) -> Charge {
    Charge {
        group: group.into(),
        contact: "poste 7001".into(),
        hours: None,
    }
}

fn policy() -> EscalationPolicy {
    let row = |domain: &str, categories: &[&str], charges: &[(SupportLevel, &str)]| Responsibility {
        name: None,
        domain: domain.into(),
        categories: categories.iter().map(|name| (*name).to_owned()).collect(),
        charges: charges.iter().map(|(level, group)| (*level, charge(group))).collect(),
    };
    EscalationPolicy {
        within_s: 1800,
        reminder_every_s: 36_000,
        matrix: vec![
            row("user", &["Poste"], &[(SupportLevel::N2, "Support N2")]),
            row(
                "network",
                &["Réseau"],
                &[(SupportLevel::N2, "Réseau & Télécom"), (SupportLevel::Vendor, "Orange")],
            ),
            row("vpn", &["Réseau > VPN"], &[(SupportLevel::N3, "Sécurité")]),
        ],
        forms: Vec::new(),
    }
}

fn diagnosis() -> Diagnosis {
    let file = |name: &str| Attachment {
        blob: BlobHash("00".into()),
        filename: name.into(),
        mime: "image/png".into(),
        size: 12,
    };
    Diagnosis {
        symptom: "Plus d'accès distant".into(),
        since: "ce matin".into(),
        affected: "tout le site".into(),
        tried: "redémarrage de la box".into(),
        error_text: "Error 809".into(),
        screenshots: vec![file("a.png"), file("b.png")],
        remote_session: String::new(),
        assets: vec![NamedAsset {
            key: AssetKey {
                kind: "Computer".into(),
                id: 4,
            },
            name: "PC-0417".into(),
        }],
    }
}

fn group() -> NamedGroup {
    NamedGroup {
        id: GroupId(9),
        name: "Réseau & Télécom".into(),
    }
}

fn escalation<'a>(diagnosis: &'a Diagnosis, group: &'a NamedGroup) -> Escalation<'a> {
    Escalation {
        domain: "network",
        level: SupportLevel::N2,
        group,
        diagnosis,
        note: "",
        linked: &[],
        release: &[],
    }
}

#[test]
fn the_matrix_says_who_is_in_charge_or_that_nobody_is() {
    let policy = policy();
    assert_eq!(
        policy.charge("network", SupportLevel::N2).unwrap().group,
        "Réseau & Télécom"
    );
    assert_eq!(
        policy.charge("network", SupportLevel::N3),
        Err(EscalationError::NoResponsible {
            domain: "network".into(),
            level: SupportLevel::N3
        })
    );
    assert_eq!(policy.domain_of("reseau > Wifi"), Some("network"));
    assert_eq!(
        policy.domain_of("Réseau > VPN > Client"),
        Some("vpn"),
        "the longest fits"
    );
    assert_eq!(
        policy.domain_of("Réseautage"),
        None,
        "a whole name, not a part of a word"
    );
    assert_eq!(policy.domain_of(""), None);
}

#[test]
fn an_escalation_is_refused_while_mandatory_fields_are_empty() {
    let [fr, _] = Catalogue::both();
    let mut diagnosis = diagnosis();
    diagnosis.tried = " ".into();
    diagnosis.since.clear();
    let group = group();
    let planned = plan_escalation(&escalation(&diagnosis, &group), &policy(), &fr, OperationId::new);
    assert_eq!(
        planned,
        Err(EscalationError::Incomplete {
            missing: vec![DiagnosisField::Since, DiagnosisField::Tried]
        })
    );
}

#[test]
fn it_is_one_lane_diagnosis_then_group_then_documents_on_the_diagnosis() {
    let (diagnosis, group) = (diagnosis(), group());
    for phrases in Catalogue::both() {
        let operations =
            plan_escalation(&escalation(&diagnosis, &group), &policy(), &phrases, OperationId::new).unwrap();
        let names: Vec<_> = operations.iter().map(|(_, operation)| operation.name()).collect();
        assert_eq!(
            names,
            [
                "add_followup",
                "assign",
                "link_asset",
                "upload_document",
                "upload_document"
            ],
            "level 1 stays: nobody is taken away"
        );
        for (_, operation) in &operations {
            assert_eq!(operation.validate(), Ok(()));
            if operation.name() == "upload_document" {
                assert_eq!(operation.depends_on(), Some(operations[0].0));
            }
        }
        let ids: std::collections::BTreeSet<_> = operations.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), operations.len());
        let Operation::AddFollowup { body, private: true } = &operations[0].1 else {
            panic!("{operations:?}");
        };
        let text = body.to_plain();
        for part in [
            "Plus d'accès distant",
            "Error 809",
            "a.png, b.png",
            "PC-0417",
            "poste 7001",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let first = text.lines().next().unwrap();
        assert_eq!(
            Marker::parse(first),
            Some(Marker::Sent {
                to: "Réseau & Télécom".into()
            }),
            "{first}"
        );
        let opening = if phrases.language() == Language::Fr {
            "[Escalade] transmise à : "
        } else {
            "[Escalation] sent to: "
        };
        assert!(first.starts_with(opening), "{first}");
    }
    assert!(markers(&[]).is_empty());
}

#[test]
fn equipment_is_linked_once_and_release_is_asked_for() {
    let [fr, _] = Catalogue::both();
    let (diagnosis, group) = (diagnosis(), group());
    let me = Actor {
        role: Role::Assigned,
        party: Party::User { id: crate::UserId(3) },
    };
    let linked = [diagnosis.assets[0].key.clone()];
    let escalation = Escalation {
        linked: &linked,
        release: std::slice::from_ref(&me),
        ..escalation(&diagnosis, &group)
    };
    let operations = plan_escalation(&escalation, &policy(), &fr, OperationId::new).unwrap();
    assert!(!operations.iter().any(|(_, operation)| operation.name() == "link_asset"));
    assert_eq!(
        operations[2].1,
        Operation::Unassign { actor: me },
        "after the group is there"
    );
}

#[test]
fn every_level_has_a_name_in_both_languages() {
    for phrases in Catalogue::both() {
        for level in SupportLevel::VALUES {
            assert!(!phrases.phrase(&format!("escalation.level.{level}"), &[]).is_empty());
        }
        phrases.phrase("escalation.note", &[("note", "x".into())]);
    }
}

#[test]
fn half_an_hour_counts_from_the_creation_in_service_time() {
    let at = |text: &str| -> Timestamp { format!("2026-11-23T{text}Z").parse().unwrap() };
    let wall = |from: Timestamp, to: Timestamp| to.duration_since(from);
    let timer =
        |escalated: Option<&str>, now: &str| escalation_timer(at("09:00:00"), escalated.map(at), 1800, at(now), wall);
    assert_eq!(timer(None, "09:10:00").state, TimerState::Running);
    assert_eq!(timer(None, "09:10:00").left_s, 1200);
    assert_eq!(timer(None, "09:20:01").state, TimerState::Short);
    assert_eq!(timer(None, "09:30:00").state, TimerState::Short, "equality is in time");
    assert_eq!(timer(None, "09:30:01").state, TimerState::Over);
    assert_eq!(timer(Some("09:30:00"), "12:00:00").state, TimerState::Met);
    let late = timer(Some("09:30:01"), "12:00:00");
    assert_eq!((late.state, late.used_s, late.left_s), (TimerState::Late, 1801, 0));
    let closed = escalation_timer(at("09:00:00"), None, 1800, at("20:00:00"), |_, _| {
        SignedDuration::from_mins(5)
    });
    assert_eq!(
        (closed.state, closed.left_s),
        (TimerState::Running, 1500),
        "the service was closed meanwhile"
    );
}
