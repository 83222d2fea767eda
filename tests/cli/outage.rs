//! The main promise, from the command line: what is accepted reaches the server exactly once, whatever happens between.

use crate::harness::{Desk, Server, free_port};
use serde_json::json;

const ONLINE: &str = "Bonjour, je prends votre demande en charge.";
const OFFLINE: &str = "Rappelé à 15 h : le poste redémarre en boucle.";
const TASK: &str = "Remplacer l’alimentation du poste.";
const NEW: &str = "Imprimante hors service (appel pendant la panne)";

fn answers_arrive_exactly_once_through_an_outage(glpi: &str) {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let port = free_port();
    let server = Server::start(glpi, &data, port, &[]);
    let account = desk.sign_in(&server).ended(0).json();
    assert!(
        account["account"]["product"].as_str().unwrap().contains(glpi),
        "{account}"
    );
    let first = desk.run(&["sync", "--once"]).ended(0).json();
    assert!(
        first["applied"].as_object().is_some_and(|rows| !rows.is_empty()),
        "{first}"
    );
    assert_eq!((&first["sent"], &first["waiting"]), (&json!(0), &json!(0)));
    let all = desk.run(&["ticket", "list", "--all"]).ended(0).json();
    // All that the account may see: the sandbox hides some in other entities.
    let mirrored = all["tickets"].as_array().unwrap().len();
    assert!((50..=60).contains(&mirrored), "{mirrored}");

    let ticket = desk.a_ticket().to_string();
    let sent = desk
        .run(&["ticket", "followup", &ticket, "--text", ONLINE])
        .ended(0)
        .json();
    assert_eq!(sent["state"], "sent", "{sent}");
    assert_eq!(server.accepted(ONLINE), 1);
    // What was sent is in the timeline at once, with the server's own number.
    let shown = desk.run(&["ticket", "show", &ticket]).ended(0).json();
    let said = |document: &serde_json::Value, words: &str| {
        let timeline = document["timeline"].as_array().unwrap();
        timeline
            .iter()
            .find(|entry| entry["text"].as_str().unwrap().contains(words))
            .cloned()
    };
    let entry = said(&shown, ONLINE).unwrap_or_else(|| panic!("not in the timeline: {shown}"));
    assert_eq!((&entry["kind"], &entry["state"]), (&json!("followup"), &json!("sent")));

    server.kill();
    let attached = desk.folder.path().join("capture.png");
    std::fs::write(&attached, b"\x89PNG\r\n\x1a\n not much of an image").unwrap();
    let attached = attached.to_str().unwrap();
    let waiting = desk
        .run(&["ticket", "followup", &ticket, "--text", OFFLINE, "--attach", attached])
        .ended(3)
        .json();
    assert_eq!(waiting["entries"].as_array().unwrap().len(), 2, "{waiting}");
    desk.run(&[
        "ticket",
        "task",
        &ticket,
        "--text",
        TASK,
        "--state",
        "done",
        "--minutes",
        "10",
    ])
    .ended(3);
    let new = desk
        .run(&["ticket", "new", "--title", NEW, "--text", "Voyant rouge."])
        .ended(3)
        .json();
    assert!(
        new["ticket"].as_i64().unwrap() < 0,
        "a local number until the server gives one: {new}"
    );
    // A dead server is a failure of the round, and nothing is lost by it.
    let round = desk.run(&["sync", "--once"]).ended(1).json();
    assert_eq!(round["waiting"], 4, "{round}");
    assert_eq!(round["error"]["code"], "backend_unreachable");
    let shown = desk.run(&["ticket", "show", &ticket]).ended(0).json();
    assert_ne!(said(&shown, OFFLINE).unwrap()["state"], "sent");
    assert_eq!(desk.unsent().len(), 4);

    let server = Server::start(glpi, &data, port, &[]);
    // The next reply is lost after the server has committed: the entry must be probed, not sent again.
    server.faults(&json!({ "drop_reply_after_commit": 1 }));
    for _ in 0..10 {
        desk.run(&["sync", "--once"]);
        if desk.unsent().is_empty() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(1500));
    }
    assert_eq!(desk.unsent(), Vec::<serde_json::Value>::new());
    for words in [ONLINE, OFFLINE, TASK, NEW] {
        assert_eq!(server.accepted(words), 1, "{words}\n{}", server.own_page("writes"));
    }
    let log = server.own_page("writes");
    assert!(log.find(OFFLINE) < log.find(TASK), "a lane is first in, first out");
    // The file arrived, on the follow-up it was attached to.
    let shown = desk.run(&["ticket", "show", &ticket]).ended(0).json();
    let document = &shown["documents"][0];
    assert_eq!(document["filename"], "capture.png", "{shown}");
    assert_eq!(document["entry"]["id"], said(&shown, OFFLINE).unwrap()["id"]);
    let found = desk.run(&["search", "imprimante", "hors"]).ended(0).json();
    let hits = found["hits"].as_array().unwrap();
    assert!(
        hits.iter()
            .any(|hit| hit["title"] == NEW && hit["id"].as_i64().unwrap() > 0),
        "{found}"
    );
}

#[test]
fn answers_arrive_exactly_once_through_an_outage_of_glpi_10() {
    answers_arrive_exactly_once_through_an_outage("10");
}

#[test]
fn answers_arrive_exactly_once_through_an_outage_of_glpi_11() {
    answers_arrive_exactly_once_through_an_outage("11");
}

#[test]
fn an_entry_can_be_given_up_before_it_leaves() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let port = free_port();
    let server = Server::start("11", &data, port, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let ticket = desk.a_ticket().to_string();
    server.kill();
    desk.run(&["ticket", "followup", &ticket, "--text", "À ne pas envoyer"])
        .ended(3);
    let id = desk.unsent()[0]["id"].as_str().unwrap().to_owned();
    desk.run(&["outbox", "discard", &id]).ended(0);
    assert!(desk.unsent().is_empty());
    let all = desk.run(&["outbox", "list", "--all"]).ended(0).json();
    assert_eq!(all["entries"][0]["state"], "cancelled");
    let server = Server::start("11", &data, port, &[]);
    desk.run(&["sync", "--once"]).ended(0);
    assert_eq!(server.accepted("À ne pas envoyer"), 0);
}

#[test]
fn every_change_of_a_ticket_can_be_made_from_a_script() {
    let desk = Desk::new();
    let server = Server::start("11", &desk.folder.path().join("server"), 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let ticket = desk.a_ticket().to_string();
    let show = || desk.run(&["ticket", "show", &ticket]).ended(0).json()["ticket"].clone();
    desk.run(&["ticket", "set", &ticket, "urgency=5", "--title", "Titre corrigé"])
        .ended(0);
    assert_eq!(
        (&show()["urgency"], &show()["title"]),
        (&json!(5), &json!("Titre corrigé"))
    );
    desk.run(&["ticket", "assign", &ticket, "--user", "tech2"]).ended(0);
    let assigned = |count: usize| assert_eq!(show()["assigned"].as_array().unwrap().len(), count, "{}", show());
    let before = show()["assigned"].as_array().unwrap().len();
    desk.run(&["ticket", "assign", &ticket, "--user", "tech2", "--remove"])
        .ended(0);
    assigned(before - 1);
    desk.run(&["ticket", "solve", &ticket, "--text", "Câble remplacé"])
        .ended(0);
    assert_eq!(show()["status"], "solved");
    desk.run(&["ticket", "reopen", &ticket]).ended(0);
    assert_ne!(show()["status"], "solved");
    let ambiguous = desk.run(&["ticket", "assign", &ticket, "--user", "a"]).ended(1).json();
    assert_eq!(ambiguous["error"]["code"], "ambiguous_name", "{ambiguous}");
    // What the server refuses is a failure, said with its reason, and stays for a person to decide.
    desk.run(&["ticket", "set", &ticket, "--priority", "9"]).ended(2);
}
