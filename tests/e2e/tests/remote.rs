//! Taking a screen over: not before the person agreed; the plan is shown; a real viewer is started, and its end is seen; what happened is in
//! the ticket, once. The keyboard and the real window.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_e2e::{Console, Key, Scenario, Server, axe, test_id};
use serde_json::Value;
use std::{net::TcpListener, time::Duration};

const TITLE: &str = "Écran figé au premier étage";
const PERSON: &str = "Claire Fontaine";

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn a_screen_is_taken_over_only_after_a_yes_and_the_ticket_says_it_once() {
    let axe = axe().unwrap();
    let scenario = Scenario::start("remote", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "100"]).unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    console.new_ticket(TITLE, "Plus rien ne bouge").await.unwrap();
    let (_, ticket) = server.arrives_once("Ticket", TITLE).await.unwrap();
    console
        .open_ticket(TITLE, ticket["id"].as_i64().unwrap())
        .await
        .unwrap();

    // Nobody was asked: there is no way to start.
    window.click(&test_id("remote-button")).await.unwrap();
    window.find(&test_id("remote-sentence")).await.unwrap();
    let closed = format!(
        "return document.querySelector('{}').disabled === true",
        test_id("remote-start")
    );
    window.holds("that nothing can be started", &closed).await.unwrap();
    window.picture("before-the-question").await.unwrap();
    let mut found = console.accessibility(&axe).await.unwrap();

    // No; and then, asked again, yes.
    window.click(&test_id("remote-person")).await.unwrap();
    console.replace_text(&test_id("remote-person"), PERSON).await.unwrap();
    window.click(&test_id("remote-refused")).await.unwrap();
    let state = |state: &str| format!("{}[data-state=\"{state}\"]", test_id("remote-consent"));
    window.find(&state("consent_refused")).await.unwrap();
    window.holds("that nothing can be started", &closed).await.unwrap();
    window.click(&test_id("remote-agreed")).await.unwrap();
    window.find(&state("granted")).await.unwrap();

    // A viewer of this machine, on a port where nobody listens: it starts, finds nobody, and ends.
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = nobody.local_addr().unwrap().port();
    let target = format!("127.0.0.1:{port}");
    // As the viewer is told it: two colons say a port, where one would say a display.
    let argument = format!("127.0.0.1::{port}");
    drop(nobody);
    let choose = "const choice = document.querySelector(arguments[0]);
        choice.value = 'vnc';
        choice.dispatchEvent(new Event('change', { bubbles: true }));
        return choice.value;";
    let chosen = window.run(choose, vec![test_id("remote-tool").into()]).await.unwrap();
    assert_eq!(chosen, "vnc");
    window.type_into(&test_id("remote-target"), &target).await.unwrap();
    window.text_with(&test_id("remote-plan"), "vncviewer").await.unwrap();
    window.picture("plan").await.unwrap();
    found.extend(console.accessibility(&axe).await.unwrap());
    window.press(&[Key::Control.into(), Key::Enter.into()]).await.unwrap();
    window.gone(&test_id("remote")).await.unwrap();
    window.find(&test_id("remote-session")).await.unwrap();
    let viewers = || {
        let listed = std::process::Command::new("pgrep")
            .args(["-f", &argument])
            .output()
            .unwrap();
        String::from_utf8_lossy(&listed.stdout).lines().count()
    };
    for _ in 0..100 {
        if viewers() > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(viewers() > 0, "no viewer was started for {argument}");
    window.picture("session").await.unwrap();

    // Over: said once, with a note, and in the ticket once.
    window.click(&test_id("remote-end")).await.unwrap();
    window
        .type_into(&test_id("remote-note"), "Pilote d’affichage remplacé")
        .await
        .unwrap();
    window.picture("end").await.unwrap();
    window.click(&test_id("remote-end-confirm")).await.unwrap();
    window.gone(&test_id("remote-session")).await.unwrap();
    let noted = |writes: &[Value]| {
        let tasks = writes
            .iter()
            .filter(|write| write["itemtype"] == "TicketTask" && write["action"] == "add");
        let said = tasks.filter(|task| {
            let text = task.to_string();
            text.contains(PERSON) && text.contains("Pilote d’affichage remplacé") && text.contains(&target)
        });
        said.count() == 1
    };
    server.accepts("the session's task, once", noted).await.unwrap();
    assert!(found.is_empty(), "axe-core finds:\n{}", found.join("\n"));
    let _ = std::process::Command::new("pkill").args(["-f", &argument]).status();
    console.window.close().await.unwrap();
}
