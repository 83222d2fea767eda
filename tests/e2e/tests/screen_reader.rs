//! What a screen reader is told, over the accessibility bus, while the main job is done in the real window.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Heard, Role, Scenario, ScreenReader, Server, test_id};

const PHONE: &str = "Téléphone muet à la médiathèque";
const FOLLOWUP: &str = "Rappelé à 10 h : la base du téléphone est changée.";
const DRAFT: &str = "La base est changée, j'attends que l'accueil rappelle.";

/// Whether a person can do something with it and must therefore know what it is.
fn is_control(object: &Heard) -> bool {
    object.showing
        && object.focusable
        && matches!(
            object.role,
            Role::Button
                | Role::CheckBox
                | Role::ComboBox
                | Role::Entry
                | Role::Link
                | Role::ListBox
                | Role::ListItem
                | Role::MenuItem
                | Role::PageTab
                | Role::PasswordText
                | Role::RadioButton
                | Role::ToggleButton
        )
}

/// Every control on screen has a name.
async fn everything_is_named(reader: &ScreenReader, view: &str) {
    let tree = reader.tree().await.unwrap();
    let controls: Vec<_> = tree.iter().filter(|object| is_control(object)).collect();
    assert!(!controls.is_empty(), "{view} has no control");
    let nameless: Vec<_> = controls
        .iter()
        .filter(|object| object.name.trim().is_empty())
        .map(ToString::to_string)
        .collect();
    assert!(nameless.is_empty(), "{view}: {nameless:#?}");
}

/// A window on the sandbox, its first reading done, a ticket about a telephone open.
async fn ticket_open(scenario: &Scenario, server: &Server) -> (Console, i64) {
    let phone = server
        .colleague_writes(PHONE, "<p>Aucune tonalité au prêt.</p>")
        .await
        .unwrap();
    let console = Console::open(scenario).await.unwrap();
    console.sign_in(server).await.unwrap();
    console.first_sync_done().await.unwrap();
    console.open_ticket("mediatheque", phone).await.unwrap();
    (console, phone)
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn a_screen_reader_says_what_happens() {
    let scenario = Scenario::start("screen-reader", "fr_FR.UTF-8").unwrap();
    let reader = ScreenReader::attach(&scenario).await.unwrap();
    let server = Server::start(&scenario, &["--tickets", "60"]).unwrap();
    let (console, _) = ticket_open(&scenario, &server).await;

    // Where one is: the ticket's heading, the queue as a list whose rows say what they are.
    reader
        .hears("the ticket's heading", |object| {
            object.role == Role::Heading && object.name.contains(PHONE)
        })
        .await
        .unwrap();
    reader
        .hears("the ticket's row in the queue", |object| {
            object.role == Role::ListItem && object.name.contains(PHONE)
        })
        .await
        .unwrap();
    everything_is_named(&reader, "the queue and a ticket").await;

    // What happens: the answer is kept and on its way.
    console.write("followup", FOLLOWUP).await.unwrap();
    console.send().await.unwrap();
    reader
        .hears("that the answer is kept", |object| {
            matches!(object.role, Role::StatusBar | Role::Notification)
                && object.text.as_ref().is_some_and(|text| text.contains("Enregistré"))
        })
        .await
        .unwrap();
    server
        .arrives_once("ITILFollowup", "la base du téléphone est changée")
        .await
        .unwrap();

    for screen in ["knowledge-button", "outbox-button", "settings-button", "new-ticket"] {
        console.window.click(&test_id(screen)).await.unwrap();
        console.window.picture(screen).await.unwrap();
        everything_is_named(&reader, screen).await;
    }
    console.window.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn a_crash_of_the_web_view_loses_nothing() {
    let scenario = Scenario::start("crash", "fr_FR.UTF-8").unwrap();
    let reader = ScreenReader::attach(&scenario).await.unwrap();
    let server = Server::start(&scenario, &["--tickets", "60"]).unwrap();
    let (console, _) = ticket_open(&scenario, &server).await;
    console.write("followup", DRAFT).await.unwrap();
    console.draft_saved().await.unwrap();

    console.window.kill_web_view().unwrap();

    // The page came back on the same ticket, with what was typed.
    reader
        .hears("the draft in the composer", |object| {
            object.role == Role::Entry && object.text.as_deref() == Some(DRAFT)
        })
        .await
        .unwrap();
    let send = reader
        .hears("the button that sends", |object| {
            object.role == Role::Button && object.showing && object.name.starts_with("Envoyer")
        })
        .await
        .unwrap();
    reader.act_on(&send).await.unwrap();
    server.arrives_once("ITILFollowup", DRAFT).await.unwrap();
    console.window.kill().await.unwrap();
}
