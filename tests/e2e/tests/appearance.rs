//! Every screen in French and English, light and dark: pictured, and read by axe-core in the real window.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Key, SCREEN, Scenario, Server, Window, axe, test_id};

/// `minWidth` and `minHeight` of `tauri.conf.json`, in pixels.
const SMALLEST: (u32, u32) = (960, 600);

/// A click would open the ticket under it.
const FOCUS_THE_LIST: &str = "document.querySelector('[data-testid=\"queue\"]').focus()";

/// Puts the queue in groups, or (empty) in none.
async fn group_by(window: &Window, grouping: &str) {
    window.click(&test_id("display-open")).await.unwrap();
    window.find(&test_id("display-dialog")).await.unwrap();
    let choose = "const choice = document.querySelector('[data-testid=\"display-group\"]');
        choice.value = arguments[0];
        choice.dispatchEvent(new Event('change', { bubbles: true }));";
    window.run(choose, vec![grouping.into()]).await.unwrap();
    window.press(&[Key::Escape.into()]).await.unwrap();
    window.gone(&test_id("display-dialog")).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn every_screen_is_accessible_in_both_languages_and_themes() {
    let axe = axe().unwrap();
    let scenario = Scenario::start("appearance", "fr_FR.UTF-8").unwrap();
    let mut server = Server::start(&scenario, &["--glpi", "11", "--tickets", "400"]).unwrap();
    let ticket = server
        .colleague_writes(
            "Messagerie lente au siège",
            "<p>Depuis <b>lundi</b>, chaque envoi prend une minute.</p>",
        )
        .await
        .unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    window.find(&test_id("sign-in-url")).await.unwrap();
    let mut found: Vec<String> = Vec::new();
    let mut look = async |name: &str| {
        window.picture(name).await.unwrap();
        let lines = console.accessibility(&axe).await.unwrap();
        found.extend(lines.into_iter().map(|line| format!("{name}: {line}")));
    };
    look("sign-in").await;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();

    // A draft for the views that show one.
    console.open_ticket("messagerie lente", ticket).await.unwrap();
    console
        .write("followup", "Le relais est redémarré, à confirmer.")
        .await
        .unwrap();
    console.draft_saved().await.unwrap();
    for (language, theme) in [("fr", "light"), ("fr", "dark"), ("en", "light"), ("en", "dark")] {
        let screen = |name: &str| format!("{language}-{theme}-{name}");
        console.settings(language, theme).await.unwrap();
        look(&screen("settings")).await;
        console.queue().await.unwrap();
        for (button, dialog) in [("filter-open", "filter-dialog"), ("display-open", "display-dialog")] {
            window.click(&test_id(button)).await.unwrap();
            window.find(&test_id(dialog)).await.unwrap();
            look(&screen(dialog)).await;
            window.press(&[Key::Escape.into()]).await.unwrap();
            window.gone(&test_id(dialog)).await.unwrap();
        }
        group_by(window, "category").await;
        window.find("[data-testid^=\"group-\"]").await.unwrap();
        window.run(FOCUS_THE_LIST, Vec::new()).await.unwrap();
        window.press(&[Key::Home.into()]).await.unwrap();
        look(&screen("queue-grouped")).await;
        // To the group's head, and folded.
        window.press(&[Key::Left.into()]).await.unwrap();
        window.press(&[Key::Left.into()]).await.unwrap();
        window
            .find("[data-testid^=\"group-\"][aria-expanded=\"false\"]")
            .await
            .unwrap();
        look(&screen("queue-folded")).await;
        window.press(&[Key::Right.into()]).await.unwrap();
        group_by(window, "").await;
        window.gone("[data-testid^=\"group-\"]").await.unwrap();
        window.run(FOCUS_THE_LIST, Vec::new()).await.unwrap();
        window.press(&[Key::Home.into()]).await.unwrap();
        window.press(&[' ']).await.unwrap();
        window.find(&test_id("bulk-count")).await.unwrap();
        look(&screen("queue-marked")).await;
        window.press(&['m']).await.unwrap();
        window.find(&test_id("bulk-dialog")).await.unwrap();
        look(&screen("bulk-dialog")).await;
        window.press(&[Key::Escape.into()]).await.unwrap();
        window.gone(&test_id("bulk-dialog")).await.unwrap();
        window.click(&test_id("bulk-clear")).await.unwrap();
        window.click(&test_id("bell")).await.unwrap();
        window.find(&test_id("notices")).await.unwrap();
        look(&screen("notices")).await;
        window.press(&[Key::Escape.into()]).await.unwrap();
        window.click(&test_id("places-button")).await.unwrap();
        window.find(&test_id("places-tree")).await.unwrap();
        look(&screen("places")).await;
        // Computed from what was just read, by the real engine.
        window.click(&test_id("figures-button")).await.unwrap();
        window.find(&test_id("indicator-TAKE-UP-open")).await.unwrap();
        window.click(&test_id("indicator-TAKE-UP-open")).await.unwrap();
        window.find(&test_id("indicator-TAKE-UP-detail")).await.unwrap();
        look(&screen("figures")).await;
        window.click(&test_id("indicator-TAKE-UP-open")).await.unwrap();
        for tab in ["week", "year"] {
            window.click(&test_id(&format!("figures-tab-{tab}"))).await.unwrap();
            window.find(&test_id("indicator-TAKE-UP")).await.unwrap();
            look(&screen(&format!("figures-{tab}"))).await;
        }
        window.click(&test_id("figures-tab-live")).await.unwrap();
        window.find(&test_id("live-desk")).await.unwrap();
        look(&screen("figures-live")).await;
        window.click(&test_id("figures-tab-month")).await.unwrap();
        window.click(&test_id("review-button")).await.unwrap();
        window.find(&test_id("review-about")).await.unwrap();
        look(&screen("review")).await;
        window.click(&test_id("review-tab-log")).await.unwrap();
        window.find(&test_id("event-add")).await.unwrap();
        look(&screen("log")).await;
        window.click(&test_id("review-tab-review")).await.unwrap();
        console.queue().await.unwrap();
        console.open_ticket("messagerie lente", ticket).await.unwrap();
        look(&screen("ticket")).await;
        window.click(&test_id("composer-tab-task")).await.unwrap();
        window.find(&test_id("composer-task-begin")).await.unwrap();
        look(&screen("ticket-task")).await;
        window.click(&test_id("composer-tab-followup")).await.unwrap();
        window.click(&test_id("edit-description")).await.unwrap();
        window.find(&test_id("description-input")).await.unwrap();
        look(&screen("ticket-description")).await;
        window.click(&test_id("description-cancel")).await.unwrap();
        window.click(&test_id("observe")).await.unwrap();
        window.find(&test_id("observe-dialog")).await.unwrap();
        look(&screen("ticket-observer")).await;
        window.press(&[Key::Escape.into()]).await.unwrap();
        window.gone(&test_id("observe-dialog")).await.unwrap();
        window.click(&test_id("link-ticket")).await.unwrap();
        window.find(&test_id("link-dialog")).await.unwrap();
        look(&screen("ticket-link")).await;
        window.press(&[Key::Escape.into()]).await.unwrap();
        window.gone(&test_id("link-dialog")).await.unwrap();
        window.click(&test_id("composer-then")).await.unwrap();
        window.find(&test_id("composer-then-waiting")).await.unwrap();
        look(&screen("ticket-send-and-status")).await;
        window.press(&[Key::Escape.into()]).await.unwrap();
        window.click(&test_id("drafts-button")).await.unwrap();
        window.find(&test_id("drafts")).await.unwrap();
        look(&screen("drafts")).await;
        console.search_box(">").await.unwrap();
        window.find(&test_id("hit-command-new")).await.unwrap();
        look(&screen("commands")).await;
        window.press(&[Key::Escape.into()]).await.unwrap();
        console.search_for("messagerie", ticket).await.unwrap();
        look(&screen("search")).await;
        window.click(&test_id("new-ticket")).await.unwrap();
        window.find(&test_id("new-ticket-title")).await.unwrap();
        look(&screen("new-ticket")).await;
        window
            .type_into(&test_id("new-ticket-title"), "Messagerie lente")
            .await
            .unwrap();
        window.find(&test_id(&format!("new-similar-{ticket}"))).await.unwrap();
        look(&screen("new-ticket-seen-before")).await;
        window.click(&test_id("new-ticket-discard")).await.unwrap();
        window.click(&test_id("new-ticket-discard-confirm")).await.unwrap();
        window.click(&test_id("knowledge-button")).await.unwrap();
        window.find(&test_id("knowledge-recent")).await.unwrap();
        look(&screen("knowledge-list")).await;
        console.open_article("mot de passe").await.unwrap();
        look(&screen("knowledge")).await;
        window.click(&test_id("outbox-button")).await.unwrap();
        window.find(&test_id("outbox")).await.unwrap();
        look(&screen("outbox")).await;
    }

    // In the smallest window there is, everything is still there.
    window.resize(SMALLEST).await.unwrap();
    console.open_ticket("messagerie lente", ticket).await.unwrap();
    look("small-ticket").await;
    window.click(&test_id("new-ticket")).await.unwrap();
    window.find(&test_id("new-ticket-title")).await.unwrap();
    look("small-new-ticket").await;
    window.click(&test_id("knowledge-button")).await.unwrap();
    look("small-knowledge").await;
    window.click(&test_id("settings-button")).await.unwrap();
    look("small-settings").await;
    window.resize(SCREEN).await.unwrap();

    // And with the server away and something waiting.
    server.kill();
    console.gate("offline").await.unwrap();
    console.open_ticket("messagerie lente", ticket).await.unwrap();
    console.send().await.unwrap();
    look("offline-ticket").await;
    console.outbox(1).await.unwrap();
    look("offline-outbox").await;
    assert!(found.is_empty(), "axe-core finds:\n{}", found.join("\n"));
    console.window.close().await.unwrap();
}
