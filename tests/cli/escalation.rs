//! Escalating from a script, and what both sides do about it.

use crate::harness::{Desk, Server};
use serde_json::{Value, json};

/// The profile works by the demonstration's contract.
fn by_contract(desk: &Desk) {
    let path = desk.profile().join("config.json");
    let mut config: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    config["settings"]["contract"] = json!("vsgp");
    std::fs::write(&path, config.to_string()).unwrap();
}

#[test]
fn a_ticket_is_escalated_taken_on_and_sent_back_and_each_step_is_told_in_json() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let server = Server::start("11", &data, 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    by_contract(&desk);
    let new = desk.run(&["ticket", "new", "--title", "Badge refusé", "--text", "Depuis lundi"]);
    let id = new.ended(0).json()["ticket"].to_string();

    let shown = desk.run(&["escalation", "show", &id]).ended(0).json();
    assert_eq!(shown["escalated"], Value::Null);
    assert!(shown["timer"]["left_s"].is_number(), "{shown}");
    let refused = desk.run(&["escalate", &id, "--domain", "security"]).ended(1).json();
    assert_eq!(refused["error"]["code"], "escalation_incomplete");
    // The category says no domain, and none is given.
    desk.run(&["escalate", &id]).ended(2);
    let nobody = desk.run(&["escalate", &id, "--domain", "security", "--level", "vendor"]);
    assert_eq!(nobody.ended(1).json()["error"]["code"], "escalation_no_responsible");

    let picture = desk.folder.path().join("badge.png");
    std::fs::write(&picture, b"\x89PNG\r\n\x1a\nbadge").unwrap();
    let picture = picture.to_str().unwrap();
    let escalated = desk.run(&[
        "escalate",
        &id,
        "--domain",
        "security",
        "--level",
        "n2",
        "--since",
        "lundi",
        "--affected",
        "deux personnes",
        "--tried",
        "autre badge",
        "--attach",
        picture,
        "--note",
        "- urgent",
    ]);
    let escalated = escalated.ended(0).json();
    assert_eq!(escalated["state"], "sent");
    assert_eq!(escalated["entries"].as_array().unwrap().len(), 3, "{escalated}");
    let board = desk.run(&["escalation", "board", "--mine"]).ended(0).json();
    let rows = board["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 1, "{board}");
    assert_eq!(rows[0]["escalated"]["card"]["state"], "new");
    assert_eq!(rows[0]["escalated"]["card"]["group"], "Sécurité");

    desk.run(&["escalation", "accept", &id]).ended(0);
    let again = desk.run(&["escalation", "accept", &id]).ended(1).json();
    assert_eq!(again["error"]["code"], "escalation_wrong_state");
    desk.run(&[
        "escalation",
        "wait",
        &id,
        "--third",
        "Fournisseur",
        "--text",
        "Dossier 42",
    ])
    .ended(0);
    let waits = desk.run(&["escalation", "chase"]).ended(0).json();
    assert_eq!(waits["waits"][0]["wait"]["third"], "Fournisseur");
    desk.run(&["escalation", "remind", &id, "--means", "téléphone", "--text", "Promis"])
        .ended(0);
    desk.run(&["escalation", "answered", &id, "--text", "Badge envoyé"])
        .ended(0);
    desk.run(&[
        "escalation",
        "reroute",
        &id,
        "--to",
        "Support N2",
        "--reason",
        "Leur affaire",
    ])
    .ended(0);
    // Level 1's group is the contract's when none is given.
    desk.run(&["escalation", "send-back", &id, "--reason", "Quel badge ?"])
        .ended(0);
    let shown = desk.run(&["escalation", "show", &id]).ended(0).json();
    assert_eq!(shown["escalated"]["card"]["state"], "sent_back");
    assert_eq!(shown["escalated"]["waits"][0]["proof"].as_array().unwrap().len(), 3);
    let timeline = desk.run(&["ticket", "show", &id]).ended(0).json()["timeline"].to_string();
    for line in [
        "transmise à : Sécurité",
        "acceptée",
        "en attente d’un tiers",
        "relance",
        "réponse",
        "réorientée",
        "renvoyée",
    ] {
        assert!(timeline.contains(line), "{line}: {timeline}");
    }
    desk.run(&["escalation", "finish", &id, "--text", "Fait"]).ended(1);
    assert_eq!(desk.run(&["surge", "list"]).ended(0).json(), json!({ "surges": [] }));

    // Without the server: accepted, and waiting.
    server.kill();
    let waiting = desk.run(&[
        "escalate",
        &id,
        "--domain",
        "security",
        "--since",
        "lundi",
        "--affected",
        "x",
        "--tried",
        "y",
    ]);
    assert_eq!(waiting.ended(3).json()["state"], "waiting");
    let shown = desk.run(&["escalation", "show", &id]).ended(0).json();
    assert_eq!(shown["escalated"]["card"]["state"], "new");
}
