//! A VIP's call handed over to the customer's IT, at both desks: the first on the roster does not answer, the second does and reads
//! the briefing in a Guichet of his own; the network is cut in the middle. What the ticket holds at the server is each step, once.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_e2e::{Console, Key, Scenario, Server, axe, checkout, test_id};
use serde_json::{Value, json};
use std::fs;

const EXTENSION: &str = "6001";
const SYMPTOM: &str = "Plus d’accès aux dossiers du conseil";

/// The demonstration's contract, with a roster that serves at every hour and people who are given up after six seconds.
fn contract(scenario: &Scenario) -> String {
    let text = fs::read_to_string(checkout().join("assets/contracts/vsgp.toml")).unwrap();
    let hours = (
        "name = \"hot-transfer\"\ncalendar = \"support\"",
        "name = \"hot-transfer\"\ncalendar = \"always\"",
    );
    let text = text
        .replace(hours.0, hours.1)
        .replace("ring = \"20 s\"", "ring = \"6 s\"");
    assert!(text.contains(hours.1) && text.contains("ring = \"6 s\""));
    let path = scenario.folder().join("contract.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

async fn state(console: &Console, state: &str) {
    let panel = format!("{}[data-state=\"{state}\"]", test_id("transfer"));
    console.window.find(&panel).await.unwrap();
}

async fn phase(console: &Console, phase: &str) {
    let panel = format!(
        "{}[data-state=\"consulting\"][data-phase=\"{phase}\"]",
        test_id("transfer")
    );
    console.window.find(&panel).await.unwrap();
}

/// First lines of the private follow-ups that the transfer left at the server, without their dates, in their order.
fn steps(writes: &[Value]) -> Vec<String> {
    let followups = writes
        .iter()
        .filter(|write| write["itemtype"] == "ITILFollowup" && write["action"] == "add");
    let texts = followups.filter_map(|write| {
        let text = write["input"]["content"].as_str()?;
        let first = text.split("[Transfert à chaud]").nth(1)?.split('<').next()?.to_owned();
        let what = first.split_once('·').map_or(first.as_str(), |(_, what)| what.trim());
        // HTML was sent.
        Some(what.replace("&amp;", "&"))
    });
    texts.collect()
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn a_vip_is_handed_over_to_the_second_of_the_roster_who_reads_the_briefing_at_his_own_desk() {
    let axe = axe().unwrap();
    let scenario = Scenario::start("hot_transfer", "fr_FR.UTF-8").unwrap();
    let theirs = Scenario::start("hot_transfer-dsi", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "200", "--pbx"]).unwrap();

    // Level 1's desk.
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    let (number, name) = console.vip().await.unwrap();
    // A reply that is lost is asked after soon: this server does not go on with a request for two minutes.
    let mut settings = console.asked("settings", json!({})).await.unwrap();
    settings["longest_processing_s"] = json!(10);
    console
        .asked("save_settings", json!({ "settings": settings }))
        .await
        .unwrap();
    console.set_up_telephone(&server, "SIP/6001").await.unwrap();
    window.click(&test_id("settings-contract-file")).await.unwrap();
    console
        .replace_text(&test_id("settings-contract-file"), &contract(&scenario))
        .await
        .unwrap();
    window.press(&[Key::Enter.into()]).await.unwrap();
    let connected = format!("{}[data-state=\"connected\"]", test_id("status-telephone"));
    window.find(&connected).await.unwrap();
    console.queue().await.unwrap();

    // The desk of the second on the roster, at the customer's IT: another account of the same server.
    let dsi = Console::open(&theirs).await.unwrap();
    dsi.sign_in_by(&server, &server.colleague_token).await.unwrap();
    dsi.first_sync_done().await.unwrap();
    dsi.set_up_telephone(&server, "SIP/7002").await.unwrap();
    dsi.queue().await.unwrap();

    // The VIP calls, and it becomes a ticket.
    let called = server
        .telephone(json!({ "deed": "call", "number": number }))
        .await
        .unwrap();
    let caller = called["caller"].as_str().unwrap().to_owned();
    window
        .find(&format!("{}[data-state=\"ringing\"]", test_id("call")))
        .await
        .unwrap();
    server
        .telephone(json!({ "deed": "pick_up", "extension": EXTENSION }))
        .await
        .unwrap();
    window
        .find(&format!("{}[data-state=\"answered\"]", test_id("call")))
        .await
        .unwrap();
    window.click(&test_id("call-new-ticket")).await.unwrap();
    window.value(&test_id("new-requester"), &name).await.unwrap();
    window
        .type_into(&test_id("new-ticket-title"), "Dossiers du conseil inaccessibles")
        .await
        .unwrap();
    window.type_into(&test_id("new-ticket-text"), SYMPTOM).await.unwrap();
    window.press(&[Key::Control.into(), Key::Enter.into()]).await.unwrap();
    window.find(&test_id("call-linked")).await.unwrap();
    let created = |writes: &[Value]| {
        let is_ticket = |write: &&Value| write["itemtype"] == "Ticket" && write["action"] == "add";
        writes.iter().filter(is_ticket).count() == 1
    };
    server.accepts("the call's ticket, once", created).await.unwrap();

    // The briefing, then the first on the roster.
    window.click(&test_id("transfer-button")).await.unwrap();
    state(&console, "offered").await;
    for (field, text) in [("symptom", SYMPTOM), ("affected", "Le maire et son cabinet")] {
        let field = test_id(&format!("transfer-field-{field}"));
        window.click(&field).await.unwrap();
        console.replace_text(&field, text).await.unwrap();
    }
    window.gone(&test_id("transfer-missing")).await.unwrap();
    window.picture("briefing").await.unwrap();
    let mut found = console.accessibility(&axe).await.unwrap();
    window.click(&test_id("transfer-consult")).await.unwrap();
    phase(&console, "ringing").await;
    window.picture("consulting").await.unwrap();

    // The network is cut while it rings in vain, and the first reply afterwards is lost; the caller is on the line all the time.
    server.faults(json!({ "down": true })).await.unwrap();
    console.gate("offline").await.unwrap();
    server.faults(json!({ "drop_reply_after_commit": 1 })).await.unwrap();

    // The second of the roster lifts the telephone; the briefing is on his screen.
    dsi.window.find(&format!("{}[data-id]", test_id("call"))).await.unwrap();
    phase(&console, "talking").await;
    dsi.window.text_with(&test_id("call-briefing"), SYMPTOM).await.unwrap();
    dsi.window.picture("briefing-at-the-other-desk").await.unwrap();
    found.extend(dsi.accessibility(&axe).await.unwrap());

    // Briefed, joined: the caller talks with the customer's IT.
    window.click(&test_id("transfer-briefed")).await.unwrap();
    state(&console, "briefed").await;
    window.click(&test_id("transfer-complete")).await.unwrap();
    state(&console, "completed").await;
    // The ticket was linked before it had its number.
    window.text_with(&test_id("call-linked"), "#").await.unwrap();
    window.picture("completed").await.unwrap();
    found.extend(console.accessibility(&axe).await.unwrap());
    let calls = dsi.asked("calls", json!({})).await.unwrap();
    assert_eq!(
        calls[0]["call"]["device"], "SIP/7002",
        "the caller was not cut: {calls}"
    );

    // Each step is in the ticket, once, in its order.
    let transfers = console.asked("transfers", json!({})).await.unwrap();
    let traced: Vec<String> = transfers[0]["lines"]
        .as_array()
        .unwrap_or_else(|| panic!("{transfers}"))
        .iter()
        .map(|line| line["text"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert!(traced.len() >= 9, "{traced:?}");
    server
        .accepts("each step of the transfer", |writes| {
            steps(writes).len() >= traced.len()
        })
        .await
        .unwrap();
    assert_eq!(steps(&server.writes().await.unwrap()), traced);

    server
        .telephone(json!({ "deed": "hang_up", "caller": caller }))
        .await
        .unwrap();
    assert!(found.is_empty(), "axe-core finds:\n{}", found.join("\n"));
    dsi.window.close().await.unwrap();
    console.window.close().await.unwrap();
}
