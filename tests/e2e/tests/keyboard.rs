//! The main job without touching the mouse.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Key, Scenario, Server, test_id};

const TITLE: &str = "Clavier bloqué au guichet d'état civil";
const ANSWER: &str = "Clavier échangé, essai fait avec l'agent.";
const NEW_TITLE: &str = "Double écran demandé";
const NEW_TEXT: &str = "Pour le poste d'accueil, avant lundi.";

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn the_main_job_is_done_with_the_keyboard_alone() {
    let scenario = Scenario::start("keyboard", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "200"]).unwrap();
    let ticket = server
        .colleague_writes(TITLE, "<p>Plus rien ne répond.</p>")
        .await
        .unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;

    // Sign in: the cursor is already in the first field.
    window.focused(&test_id("sign-in-url")).await.unwrap();
    window.keys(&server.url).await.unwrap();
    window.tab_to(&test_id("sign-in-user-token")).await.unwrap();
    window.keys(&server.user_token).await.unwrap();
    if !server.app_token.is_empty() {
        window.tab_to(&test_id("sign-in-with-app-token")).await.unwrap();
        window.keys(" ").await.unwrap();
        window.tab_to(&test_id("sign-in-app-token")).await.unwrap();
        window.keys(&server.app_token).await.unwrap();
    }
    window.picture("signing-in").await.unwrap();
    window.press(&[Key::Enter.into()]).await.unwrap();
    console.first_sync_done().await.unwrap();

    // Find and open.
    window.press(&[Key::Control.into(), 'k']).await.unwrap();
    window.focused(&test_id("search-input")).await.unwrap();
    window.keys("clavier bloque").await.unwrap();
    window.find(&test_id(&format!("hit-ticket-{ticket}"))).await.unwrap();
    window.picture("found").await.unwrap();
    window.press(&[Key::Enter.into()]).await.unwrap();
    window.find(&test_id(&format!("ticket-{ticket}"))).await.unwrap();
    console.draft_saved().await.unwrap();

    // Answer.
    window.keys("r").await.unwrap();
    window.focused(&test_id("composer-text")).await.unwrap();
    window.keys(ANSWER).await.unwrap();
    window.value(&test_id("composer-text"), ANSWER).await.unwrap();
    window.picture("answering").await.unwrap();
    window.press(&[Key::Control.into(), Key::Enter.into()]).await.unwrap();
    window.value(&test_id("composer-text"), "").await.unwrap();
    window.text_with(&test_id("timeline"), ANSWER).await.unwrap();

    // A new ticket.
    window.press(&[Key::Escape.into()]).await.unwrap();
    window.press(&[Key::Control.into(), 'n']).await.unwrap();
    window.find(&test_id("new-ticket-form")).await.unwrap();
    window.tab_to(&test_id("new-ticket-title")).await.unwrap();
    window.keys(NEW_TITLE).await.unwrap();
    window.tab_to(&test_id("new-ticket-text")).await.unwrap();
    window.keys(NEW_TEXT).await.unwrap();
    window.value(&test_id("new-ticket-text"), NEW_TEXT).await.unwrap();
    window.picture("new-ticket").await.unwrap();
    window.press(&[Key::Control.into(), Key::Enter.into()]).await.unwrap();
    window.gone(&test_id("new-ticket-form")).await.unwrap();

    // The keys are listed, and Escape goes back without losing anything.
    window.press(&[Key::Escape.into()]).await.unwrap();
    window.keys("?").await.unwrap();
    window.find("[role=\"dialog\"], dialog[open]").await.unwrap();
    window.picture("keys").await.unwrap();
    window.press(&[Key::Escape.into()]).await.unwrap();
    window.gone("[role=\"dialog\"], dialog[open]").await.unwrap();

    window.gone(&test_id("status-pending")).await.unwrap();
    server.arrived_once("ITILFollowup", "Clavier échangé").await.unwrap();
    server.arrived_once("Ticket", NEW_TITLE).await.unwrap();
    console.window.close().await.unwrap();
}
