//! An escalation seen from both sides: level 1 says what was found out and sends it, the customer's IT takes it on at its own desk, asks a
//! third party and sends it back; level 1 sees each of it on its ticket. Driven by the keyboard.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_e2e::{Console, Key, Scenario, Server, axe, test_id};
use serde_json::{Value, json};

const TITLE: &str = "Plus de réseau au deuxième étage";
const TRIED: &str = "Câble et prise changés, port du commutateur éteint";

async fn choose(console: &Console, id: &str, value: &str) {
    let selector = test_id(id);
    console.window.find(&selector).await.unwrap();
    let script = "const choice = document.querySelector(arguments[0]);
        choice.value = arguments[1];
        choice.dispatchEvent(new Event('change', { bubbles: true }));
        return choice.value;";
    let chosen = console
        .window
        .run(script, vec![selector.into(), value.into()])
        .await
        .unwrap();
    assert_eq!(chosen, value, "{id} has no such choice");
}

async fn by_the_demonstrations_contract(console: &Console) {
    let mut settings = console.asked("settings", json!({})).await.unwrap();
    settings["contract"] = json!("vsgp");
    // What is sent is not held back: the other desk waits for it.
    settings["undo_send_s"] = json!(0);
    let saved = console
        .asked("save_settings", json!({ "settings": settings }))
        .await
        .unwrap();
    assert_eq!(saved["contract"], "vsgp", "{saved}");
}

/// Private follow-ups at the server that begin with a line of an escalation.
fn lines(writes: &[Value], line: &str) -> usize {
    let followups = writes
        .iter()
        .filter(|write| write["itemtype"] == "ITILFollowup" && write["action"] == "add");
    followups
        .filter(|write| {
            write["input"]["content"]
                .as_str()
                .is_some_and(|text| text.contains(line))
        })
        .count()
}

/// A key on the card that is chosen on the board.
async fn on_the_board(console: &Console, card: &str, key: char) {
    let focus = format!("const card = document.querySelector('{card}'); card.click(); return card !== null");
    console.window.holds("the card on the board", &focus).await.unwrap();
    let focused = format!(
        "const card = document.querySelector('{card}');
         const list = card.closest('[tabindex]') ?? card; list.focus(); return list.contains(document.activeElement)"
    );
    console.window.holds("the focus on the board", &focused).await.unwrap();
    console.window.press(&[key]).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn what_is_escalated_is_taken_on_chased_and_sent_back_and_level_1_sees_it() {
    let axe = axe().unwrap();
    let scenario = Scenario::start("escalation", "fr_FR.UTF-8").unwrap();
    let theirs = Scenario::start("escalation-dsi", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "150"]).unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    by_the_demonstrations_contract(&console).await;
    let dsi = Console::open(&theirs).await.unwrap();
    dsi.sign_in_by(&server, &server.colleague_token).await.unwrap();
    dsi.first_sync_done().await.unwrap();
    by_the_demonstrations_contract(&dsi).await;

    // Level 1 takes it up and escalates: not without what the form asks for.
    console
        .new_ticket(TITLE, "Une vingtaine de postes sans réseau")
        .await
        .unwrap();
    let (_, ticket) = server.arrives_once("Ticket", TITLE).await.unwrap();
    let ticket = ticket["id"].as_i64().unwrap();
    console.open_ticket(TITLE, ticket).await.unwrap();
    window.find(&test_id("escalation-timer")).await.unwrap();
    window.click(&test_id("escalate-button")).await.unwrap();
    choose(&console, "escalation-domain", "network").await;
    choose(&console, "escalation-level", "n2").await;
    window.click(&test_id("escalation-send")).await.unwrap();
    window.find(&test_id("escalation-missing")).await.unwrap();
    window.picture("missing").await.unwrap();
    let mut found = console.accessibility(&axe).await.unwrap();
    for (field, text) in [
        ("symptom", "Aucune adresse, aucun poste ne répond"),
        ("since", "Ce matin, 8 h"),
        ("affected", "Tout le deuxième étage"),
        ("tried", TRIED),
    ] {
        let field = test_id(&format!("escalation-field-{field}"));
        window.click(&field).await.unwrap();
        console.replace_text(&field, text).await.unwrap();
    }
    // Nobody has equipment on this ticket: it is found by its name.
    window
        .type_into(&test_id("escalation-asset-find"), "PC-0")
        .await
        .unwrap();
    window
        .find("[data-testid^=\"escalation-asset-find-option-\"]")
        .await
        .unwrap();
    window.press(&[Key::Down.into(), Key::Enter.into()]).await.unwrap();
    window
        .find("[data-testid^=\"escalation-asset-Computer\"]")
        .await
        .unwrap();
    window.picture("diagnosis").await.unwrap();
    window.press(&[Key::Control.into(), Key::Enter.into()]).await.unwrap();
    window.gone(&test_id("escalation")).await.unwrap();
    let sent = |writes: &[Value]| lines(writes, "[Escalade] transmise à") == 1;
    server.accepts("the escalation, once", sent).await.unwrap();
    let assigned = |writes: &[Value]| {
        let group = |write: &&Value| write["itemtype"] == "Group_Ticket" && write["action"] == "add";
        writes.iter().filter(group).count() == 1
    };
    server.accepts("the group in charge, once", assigned).await.unwrap();
    let state = |state: &str| format!("{}[data-state=\"{state}\"]", test_id("escalation-state"));
    window.find(&state("new")).await.unwrap();
    window.picture("escalated").await.unwrap();

    // The customer's IT: on its board, taken on with a key.
    dsi.window.click(&test_id("triage-button")).await.unwrap();
    dsi.window.find(&test_id("triage")).await.unwrap();
    let card = test_id(&format!("triage-card-{ticket}"));
    dsi.window.find(&card).await.unwrap();
    dsi.window.picture("board").await.unwrap();
    found.extend(dsi.accessibility(&axe).await.unwrap());
    on_the_board(&dsi, &card, 'a').await;
    let accepted = |writes: &[Value]| lines(writes, "[Escalade] acceptée") == 1;
    server.accepts("that it is accepted, once", accepted).await.unwrap();
    window.find(&state("accepted")).await.unwrap();

    // Sent back, with a reason in its own words.
    on_the_board(&dsi, &card, 's').await;
    let words = "Le commutateur est éteint : remettez-le sous tension et rappelez-nous";
    dsi.window.type_into(&test_id("triage-words"), words).await.unwrap();
    dsi.window.picture("send-back").await.unwrap();
    dsi.window
        .press(&[Key::Control.into(), Key::Enter.into()])
        .await
        .unwrap();
    dsi.window.gone(&test_id("triage-words")).await.unwrap();
    let back = |writes: &[Value]| lines(writes, "[Escalade] renvoyée au niveau 1") == 1;
    server.accepts("that it is sent back, once", back).await.unwrap();
    window.find(&state("sent_back")).await.unwrap();
    window.text_with(&test_id("escalation-state"), words).await.unwrap();
    window.picture("sent-back").await.unwrap();
    found.extend(console.accessibility(&axe).await.unwrap());
    assert!(found.is_empty(), "axe-core finds:\n{}", found.join("\n"));
    dsi.window.close().await.unwrap();
    console.window.close().await.unwrap();
}
