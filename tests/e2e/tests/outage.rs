//! The main job through an outage, in the real window: nothing typed is lost, nothing sent is doubled.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Scenario, Server, checkout, test_id};
use serde_json::json;

const PHONE: &str = "Téléphone muet à la médiathèque";
const PRINTER: &str = "Imprimante bloquée au deuxième étage";
const BADGE: &str = "Badge refusé à l'entrée du siège";

const FOLLOWUP: &str = "Rappelé à 10 h : la base du téléphone est changée, photo jointe.";
const SOLUTION: &str = "Bourrage retiré, page d'essai imprimée.";
const NEW_TITLE: &str = "Écran noir après la mise à jour";
const NEW_TEXT: &str = "Appel reçu pendant la panne : l'écran reste noir, la souris répond.";
const DRAFT: &str = "Brouillon : le badge n° 4127 est refusé depuis ce matin, à vérifier avec l'accueil…";

/// The window, after the power came back, on the same profile.
async fn again(scenario: &Scenario) -> Console {
    let console = Console::open(scenario).await.unwrap();
    console.window.find(&test_id("queue")).await.unwrap();
    console
}

async fn through_an_outage(glpi: &str) {
    let scenario = Scenario::start(&format!("outage-{glpi}"), "fr_FR.UTF-8").unwrap();
    let mut server = Server::start(&scenario, &["--glpi", glpi, "--tickets", "400"]).unwrap();
    let phone = server
        .colleague_writes(PHONE, "<p>Aucune tonalité au prêt.</p>")
        .await
        .unwrap();
    let printer = server.colleague_writes(PRINTER, "<p>Voyant rouge.</p>").await.unwrap();
    let badge = server
        .colleague_writes(BADGE, "<p>Le tourniquet ne s'ouvre pas.</p>")
        .await
        .unwrap();

    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    window.find(&test_id("sign-in-url")).await.unwrap();
    window.picture("signing-in").await.unwrap();
    console.sign_in(&server).await.unwrap();
    window.picture("first-reading").await.unwrap();
    console.first_sync_done().await.unwrap();
    window.picture("queue").await.unwrap();

    // The title says « médiathèque ».
    console.search_for("mediatheque", phone).await.unwrap();
    window.picture("found-without-the-accent").await.unwrap();
    console.open_ticket("mediatheque", phone).await.unwrap();
    window
        .text_with(&test_id(&format!("ticket-{phone}")), PHONE)
        .await
        .unwrap();
    window.picture("ticket-open").await.unwrap();

    server.kill();
    console.gate("offline").await.unwrap();
    window.picture("server-down").await.unwrap();

    console.write("followup", FOLLOWUP).await.unwrap();
    console.attach(&checkout().join("icons/128x128.png")).await.unwrap();
    window.picture("follow-up-with-an-image").await.unwrap();
    console.send().await.unwrap();
    window.text_with(&test_id("timeline"), FOLLOWUP).await.unwrap();
    window.picture("follow-up-waits").await.unwrap();

    console.open_ticket("imprimante bloquee", printer).await.unwrap();
    console.write("solution", SOLUTION).await.unwrap();
    console.send().await.unwrap();
    window.text_with(&test_id("timeline"), SOLUTION).await.unwrap();
    window.picture("solution-waits").await.unwrap();

    console.new_ticket(NEW_TITLE, NEW_TEXT).await.unwrap();
    window.picture("new-ticket-waits").await.unwrap();

    // A follow-up, its image, a solution, a ticket.
    console.outbox(4).await.unwrap();
    let waiting = console.outbox_ids().await.unwrap();
    window.picture("outbox").await.unwrap();

    console.open_ticket("badge refuse", badge).await.unwrap();
    console.write("followup", DRAFT).await.unwrap();
    console.draft_saved().await.unwrap();
    window.picture("draft").await.unwrap();
    console.window.kill().await.unwrap();

    let console = again(&scenario).await;
    let window = &console.window;
    console.outbox(4).await.unwrap();
    assert_eq!(
        console.outbox_ids().await.unwrap(),
        waiting,
        "the same entries, in the same order"
    );
    window.picture("after-the-power-cut-outbox").await.unwrap();
    console.open_ticket("badge refuse", badge).await.unwrap();
    window.value(&test_id("composer-text"), DRAFT).await.unwrap();
    window.picture("after-the-power-cut-draft").await.unwrap();
    console.open_ticket("mediatheque", phone).await.unwrap();
    window.text_with(&test_id("timeline"), FOLLOWUP).await.unwrap();
    window.picture("after-the-power-cut-follow-up").await.unwrap();

    // The machine is up again but refuses everything; then it works, and loses two replies after their commits.
    server.come_back_with(&scenario, &["--fault", "down"]).unwrap();
    window.picture("server-refuses").await.unwrap();
    server.faults(json!({ "drop_reply_after_commit": 2 })).await.unwrap();
    console.outbox(0).await.unwrap();
    console.gate("open").await.unwrap();
    window.picture("everything-sent").await.unwrap();
    assert_eq!(
        server.faults_left().await.unwrap()["drop_reply_after_commit"],
        0,
        "both replies were lost"
    );

    let (followup, written) = server
        .arrived_once("ITILFollowup", "la base du téléphone est changée")
        .await
        .unwrap();
    assert_eq!(written["ticket"], phone);
    let (image, _) = server.arrived_once("Document", "128x128.png").await.unwrap();
    assert!(followup < image, "the follow-up comes before its image");
    let (_, written) = server.arrived_once("ITILSolution", "Bourrage retiré").await.unwrap();
    assert_eq!(written["ticket"], printer);
    let (_, written) = server.arrived_once("Ticket", NEW_TITLE).await.unwrap();
    let new_ticket = written["id"].as_i64().unwrap();

    console.open_ticket("mediatheque", phone).await.unwrap();
    window.gone("[data-testid^=\"pending-\"]").await.unwrap();
    let timeline = window.text_with(&test_id("timeline"), FOLLOWUP).await.unwrap();
    assert_eq!(timeline.matches(FOLLOWUP).count(), 1, "{timeline}");
    window.picture("follow-up-arrived").await.unwrap();
    console.open_ticket("ecran noir apres", new_ticket).await.unwrap();
    window.picture("new-ticket-has-its-number").await.unwrap();
    console.open_ticket("badge refuse", badge).await.unwrap();
    window.value(&test_id("composer-text"), DRAFT).await.unwrap();
    console.window.close().await.unwrap();
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn nothing_is_lost_or_doubled_through_an_outage_with_glpi_11() {
    through_an_outage("11").await;
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn nothing_is_lost_or_doubled_through_an_outage_with_glpi_10() {
    through_an_outage("10").await;
}
