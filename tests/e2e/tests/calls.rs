//! A call, from the caller's number at the PBX to the ticket at the server: the pretend PBX is a process of its own that speaks
//! Asterisk's manager interface over a socket; the window is set up for it as a technician would, and driven by the keyboard.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_e2e::{Console, Key, Popped, Scenario, Server, axe, test_id};
use serde_json::{Value, json};
use std::time::Duration;

const DEVICE: &str = "SIP/6001";
const EXTENSION: &str = "6001";
const NOTE: &str = "Plus d’image depuis la mise à jour";

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn a_vips_call_pops_up_becomes_a_ticket_and_is_in_the_journal() {
    let axe = axe().unwrap();
    let scenario = Scenario::start("calls", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "400", "--pbx"]).unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    let (number, name) = console.vip().await.unwrap();
    console.set_up_telephone(&server, DEVICE).await.unwrap();
    console.queue().await.unwrap();

    // It rings: who it is, at once, without taking the focus from the list.
    window.tab_to(&test_id("queue")).await.unwrap();
    let Popped { caller, took } = console.pop(&server, &number).await.unwrap();
    println!("a call, from the PBX's event to the painted card: {took:.0} ms");
    // The driver takes a text that may be cut off for one that is not shown.
    let who = format!("return document.querySelector('[data-testid=\"call-caller\"]').textContent === {name:?}");
    window.holds("the caller's name", &who).await.unwrap();
    window.find(&format!("{} .tag.vip", test_id("call"))).await.unwrap();
    window.focused(&test_id("queue")).await.unwrap();
    window.picture("ringing").await.unwrap();
    let mut found = console.accessibility(&axe).await.unwrap();

    // Answered on the telephone; noted while it is talked; the network to the PBX breaks meanwhile.
    server
        .telephone(json!({ "deed": "pick_up", "extension": EXTENSION }))
        .await
        .unwrap();
    window
        .find(&format!("{}[data-state=\"answered\"]", test_id("call")))
        .await
        .unwrap();
    window.type_into(&test_id("call-note"), NOTE).await.unwrap();
    server.telephone(json!({ "deed": "cut" })).await.unwrap();
    window
        .find(&format!("{}[data-state=\"saved\"]", test_id("call-note-state")))
        .await
        .unwrap();
    window
        .find(&format!("{}[data-state=\"connected\"]", test_id("status-telephone")))
        .await
        .unwrap();
    window
        .find(&format!("{}[data-state=\"answered\"]", test_id("call")))
        .await
        .unwrap();

    // The new ticket is filled from the call.
    window.click(&test_id("call-new-ticket")).await.unwrap();
    window.find(&test_id("new-ticket-form")).await.unwrap();
    window.value(&test_id("new-requester"), &name).await.unwrap();
    window.picture("new-ticket").await.unwrap();
    window
        .type_into(&test_id("new-ticket-title"), "Écran sans image")
        .await
        .unwrap();
    window.type_into(&test_id("new-ticket-text"), NOTE).await.unwrap();
    window.press(&[Key::Control.into(), Key::Enter.into()]).await.unwrap();
    window.find(&test_id("call-linked")).await.unwrap();

    // The caller hangs up.
    server
        .telephone(json!({ "deed": "hang_up", "caller": caller }))
        .await
        .unwrap();
    window
        .find(&format!("{}[data-state=\"ended\"]", test_id("call")))
        .await
        .unwrap();
    window.picture("ended").await.unwrap();
    found.extend(console.accessibility(&axe).await.unwrap());
    let is_ticket = |write: &&Value| write["itemtype"] == "Ticket" && write["action"] == "add";
    let created = |writes: &[Value]| writes.iter().filter(is_ticket).count() == 1;
    server.accepts("the call's ticket, once", created).await.unwrap();

    // What became of it is said, and the call goes into its ticket.
    let choose = "const choice = document.querySelector('[data-testid=\"call-disposition\"]');
        choice.value = 'taken_up';
        choice.dispatchEvent(new Event('change', { bubbles: true }));";
    window.run(choose, Vec::new()).await.unwrap();
    window.click(&test_id("call-wrap-up-done")).await.unwrap();
    window.gone(&test_id("call")).await.unwrap();
    let is_call = |write: &&Value| write["itemtype"] == "ITILFollowup" && write.to_string().contains(NOTE);
    let told = |writes: &[Value]| writes.iter().filter(is_call).count() == 1;
    server.accepts("the call on its ticket, once", told).await.unwrap();

    // The power is cut: the journal has it, with its note.
    console.window.kill().await.unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    window.click(&test_id("calls-button")).await.unwrap();
    window.click("[data-testid^=\"journal-row-\"]").await.unwrap();
    window.find(&test_id("journal-card")).await.unwrap();
    window
        .value(&format!("{} {}", test_id("journal-card"), test_id("call-note")), NOTE)
        .await
        .unwrap();
    window.picture("journal").await.unwrap();
    found.extend(console.accessibility(&axe).await.unwrap());
    assert!(found.is_empty(), "axe-core finds:\n{}", found.join("\n"));

    // Another call, that nobody answers.
    let Popped { caller, .. } = console.pop(&server, "0699999999").await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    server
        .telephone(json!({ "deed": "hang_up", "caller": caller }))
        .await
        .unwrap();
    window
        .find(&format!("{}[data-state=\"missed\"]", test_id("call")))
        .await
        .unwrap();
    console.window.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn a_telephone_of_any_make_tells_of_its_calls_by_a_program_it_runs_or_a_link() {
    let scenario = Scenario::start("calls-generic", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "100"]).unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    let (number, name) = console.vip().await.unwrap();
    window.click(&test_id("settings-button")).await.unwrap();
    window.find(&test_id("telephone-kind")).await.unwrap();
    let choose = "const choice = document.querySelector('[data-testid=\"telephone-kind\"]');
        choice.value = 'generic';
        choice.dispatchEvent(new Event('change', { bubbles: true }));";
    window.run(choose, Vec::new()).await.unwrap();
    window.gone(&test_id("telephone-host")).await.unwrap();
    window.click(&test_id("telephone-device")).await.unwrap();
    console
        .replace_text(&test_id("telephone-device"), EXTENSION)
        .await
        .unwrap();
    window.click(&test_id("telephone-save")).await.unwrap();
    window.find(&test_id("telephone-endpoint")).await.unwrap();
    window.picture("any-make").await.unwrap();
    console.queue().await.unwrap();

    // The telephone runs a program: the window has the profile open, and takes what is told.
    let told = scenario
        .command_line(&["call", "ringing", "--number", &number, "--id", "7"], "")
        .unwrap();
    assert_eq!((told.code, &told.json["id"]), (0, &json!("7")), "{told:?}");
    window
        .find(&format!("{}[data-state=\"ringing\"]", test_id("call")))
        .await
        .unwrap();
    let who = format!("return document.querySelector('[data-testid=\"call-caller\"]').textContent === {name:?}");
    window.holds("the caller's name", &who).await.unwrap();
    for (told, state) in [("answered", "answered"), ("ended", "ended")] {
        scenario.command_line(&["call", told, "--id", "7"], "").unwrap();
        window
            .find(&format!("{}[data-state=\"{state}\"]", test_id("call")))
            .await
            .unwrap();
    }
    // Or it opens a link.
    let link = scenario
        .command_line(&["call", "link", "guichet://call?from=0699999999&callId=8"], "")
        .unwrap();
    assert_eq!(link.code, 0, "{link:?}");
    let second = "return window.__TAURI_INTERNALS__ !== undefined
        && document.querySelector('[data-testid=\"call-other-8\"], [data-testid=\"call\"][data-id=\"8\"]') !== null";
    window.holds("the second call", second).await.unwrap();
    console.window.close().await.unwrap();
    // Nobody listens any more, and that is said.
    let lost = scenario
        .command_line(&["call", "ringing", "--number", &number], "")
        .unwrap();
    assert_eq!(lost.code, 1, "{lost:?}");
    assert_eq!(lost.json["error"]["code"], "call_not_heard", "{lost:?}");
}
