//! The main tasks besides the first answer (`keyboard.rs`), each done without touching the mouse, and what the server got of it.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Key, Scenario, Server, test_id};
use serde_json::Value;

const MAIL: &str = "Messagerie lente au siège";
const BADGE: &str = "Badge refusé à la médiathèque";
const SAME: &str = "Badge refusé, deuxième appel";

/// The desk at work: a window, a server, and the keyboard.
struct Desk<'a> {
    console: &'a Console,
    server: &'a Server,
}

impl Desk<'_> {
    async fn keys(&self, text: &str) {
        self.console.window.keys(text).await.unwrap();
    }

    async fn press(&self, key: Key) {
        self.console.window.press(&[key.into()]).await.unwrap();
    }

    async fn send(&self) {
        let keys = [Key::Control.into(), Key::Enter.into()];
        self.console.window.press(&keys).await.unwrap();
    }

    async fn there(&self, id: &str) {
        self.console.window.find(&test_id(id)).await.unwrap();
    }

    async fn gone(&self, id: &str) {
        self.console.window.gone(&test_id(id)).await.unwrap();
    }

    async fn focused(&self, id: &str) {
        self.console.window.focused(&test_id(id)).await.unwrap();
    }

    /// Back to where no text is being edited, whatever was open.
    async fn step_back(&self) {
        self.press(Key::Escape).await;
        self.press(Key::Escape).await;
    }

    /// Finds by words and opens the first hit.
    async fn open(&self, words: &str, ticket: i64) {
        self.step_back().await;
        self.console.search_for(words, ticket).await.unwrap();
        self.press(Key::Enter).await;
        self.there(&format!("ticket-{ticket}")).await;
        self.console.draft_saved().await.unwrap();
    }

    /// Runs a command of the palette by its words.
    async fn command(&self, words: &str, id: &str) {
        self.console.search_box(&format!(">{words}")).await.unwrap();
        let first = format!("#search-command-{id}[aria-selected=\"true\"]");
        self.console.window.find(&first).await.unwrap();
        self.press(Key::Enter).await;
    }

    async fn type_in(&self, id: &str, text: &str) {
        self.focused(id).await;
        self.keys(text).await;
        self.console.window.value(&test_id(id), text).await.unwrap();
    }

    /// Waits until this field of this row was given this value.
    async fn wrote(&self, itemtype: &str, row: i64, field: &str, value: Value) {
        let wanted = |writes: &[Value]| {
            let is = |write: &Value| write["itemtype"] == itemtype && write["id"] == row;
            writes.iter().any(|write| is(write) && write["input"][field] == value)
        };
        self.server.accepts(field, wanted).await.unwrap();
    }
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e`"]
async fn the_main_tasks_need_no_mouse() {
    let scenario = Scenario::start("journeys", "fr_FR.UTF-8").unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "200"]).unwrap();
    let mail = server.colleague_writes(MAIL, "<p>Depuis lundi.</p>").await.unwrap();
    let badge = server.colleague_writes(BADGE, "<p>Portillon nord.</p>").await.unwrap();
    let same = server
        .colleague_writes(SAME, "<p>Portillon nord encore.</p>")
        .await
        .unwrap();
    let console = Console::open(&scenario).await.unwrap();
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    let desk = Desk {
        console: &console,
        server: &server,
    };

    wait_for_news(&desk, mail).await;
    correct_the_title(&desk, mail).await;
    take_back_a_private_note(&desk, mail).await;
    solve(&desk, mail).await;
    insert_an_article(&desk, badge).await;
    link_as_duplicate(&desk, same, badge).await;
    write_for_a_known_caller(&desk).await;
    change_several(&desk).await;
    come_back_to_a_draft(&desk, badge).await;
    read_who_calls(&desk).await;
    console.window.close().await.unwrap();
}

/// The status is set from the command list.
async fn wait_for_news(desk: &Desk<'_>, ticket: i64) {
    desk.open("messagerie lente", ticket).await;
    desk.command("statut en attente", "status-waiting").await;
    desk.wrote("Ticket", ticket, "status", 4.into()).await;
}

async fn correct_the_title(desk: &Desk<'_>, ticket: i64) {
    desk.command("modifier le titre", "edit-title").await;
    desk.focused("title-input").await;
    desk.console.window.press(&[Key::Control.into(), 'a']).await.unwrap();
    desk.type_in("title-input", "Messagerie lente au siège, étage 3").await;
    desk.press(Key::Enter).await;
    desk.gone("title-input").await;
    desk.wrote("Ticket", ticket, "name", "Messagerie lente au siège, étage 3".into())
        .await;
}

/// Sent, undone, and in the answer again, private as it was; nothing of it reached the server.
async fn take_back_a_private_note(desk: &Desk<'_>, ticket: i64) {
    const NOTE: &str = "Le prestataire n'a pas rappelé.";
    desk.open("messagerie lente", ticket).await;
    desk.keys("r").await;
    desk.type_in("composer-text", NOTE).await;
    desk.console.window.press(&[Key::Alt.into(), 'p']).await.unwrap();
    desk.console.draft_saved().await.unwrap();
    desk.send().await;
    desk.there("undo-send").await;
    desk.step_back().await;
    desk.console.window.press(&[Key::Control.into(), 'z']).await.unwrap();
    desk.console
        .window
        .value(&test_id("composer-text"), NOTE)
        .await
        .unwrap();
    let kept = "return document.querySelector('[data-testid=\"composer-private\"]').checked";
    desk.console
        .window
        .holds("the note to be private still", kept)
        .await
        .unwrap();
    assert!(desk.server.arrived_once("ITILFollowup", "prestataire").await.is_err());
}

async fn solve(desk: &Desk<'_>, ticket: i64) {
    desk.open("messagerie lente", ticket).await;
    desk.keys("s").await;
    desk.focused("composer-text").await;
    desk.console.window.press(&[Key::Control.into(), 'a']).await.unwrap();
    desk.type_in("composer-text", "Relais redémarré, envoi vérifié avec elle.")
        .await;
    desk.console.draft_saved().await.unwrap();
    desk.send().await;
    desk.console.window.value(&test_id("composer-text"), "").await.unwrap();
    desk.server
        .arrives_once("ITILSolution", "Relais redémarré")
        .await
        .unwrap();
}

/// The shelf beside the answer: the first article's text lands in the answer.
async fn insert_an_article(desk: &Desk<'_>, ticket: i64) {
    desk.open("badge refusé médiathèque", ticket).await;
    desk.keys("r").await;
    desk.type_in("composer-text", "Bonjour. ").await;
    desk.console.window.press(&[Key::Alt.into(), 'b']).await.unwrap();
    desk.console
        .window
        .find("[data-testid=\"shelf\"] [role=\"option\"][aria-selected=\"true\"]")
        .await
        .unwrap();
    desk.press(Key::Enter).await;
    let longer = "return document.querySelector('[data-testid=\"composer-text\"]').value.length > 40";
    desk.console
        .window
        .holds("the article's text in the answer", longer)
        .await
        .unwrap();
    desk.console.draft_saved().await.unwrap();
}

async fn link_as_duplicate(desk: &Desk<'_>, ticket: i64, first: i64) {
    desk.open("badge deuxième appel", ticket).await;
    desk.keys("l").await;
    desk.focused("link-other").await;
    desk.keys("médiathèque").await;
    desk.there(&format!("link-option-{first}")).await;
    desk.press(Key::Enter).await;
    desk.console.window.tab_to(&test_id("link-save")).await.unwrap();
    desk.press(Key::Enter).await;
    desk.gone("link-dialog").await;
    let linked = |writes: &[Value]| {
        let is = |write: &Value| write["itemtype"] == "Ticket_Ticket";
        writes
            .iter()
            .any(|write| is(write) && write.to_string().contains(&first.to_string()))
    };
    desk.server.accepts("the link", linked).await.unwrap();
}

/// A ticket for somebody found by the first letters of a name.
async fn write_for_a_known_caller(desk: &Desk<'_>) {
    desk.step_back().await;
    desk.console.window.press(&[Key::Control.into(), 'n']).await.unwrap();
    desk.focused("new-requester").await;
    desk.keys("mar").await;
    desk.console
        .window
        .find("[role=\"listbox\"] [role=\"option\"]")
        .await
        .unwrap();
    desk.press(Key::Enter).await;
    desk.console.window.tab_to(&test_id("new-ticket-title")).await.unwrap();
    desk.type_in("new-ticket-title", "Casque à remplacer").await;
    desk.console.window.tab_to(&test_id("new-ticket-text")).await.unwrap();
    desk.type_in("new-ticket-text", "Plus de son à gauche.").await;
    desk.send().await;
    desk.gone("new-ticket-form").await;
    desk.server.arrives_once("Ticket", "Casque à remplacer").await.unwrap();
}

/// Two tickets of the list are given the same status at once.
async fn change_several(desk: &Desk<'_>) {
    desk.step_back().await;
    desk.command("aller à la file", "queue").await;
    desk.console.window.tab_to(&test_id("view-unassigned")).await.unwrap();
    desk.keys(" ").await;
    desk.console.window.tab_to(&test_id("queue")).await.unwrap();
    desk.keys(" ").await;
    let further = [Key::Shift.into(), Key::Down.into()];
    desk.console.window.press(&further).await.unwrap();
    desk.console
        .window
        .text_with(&test_id("bulk-count"), "2")
        .await
        .unwrap();
    desk.keys("m").await;
    desk.there("bulk-dialog").await;
    desk.console.window.tab_to(&test_id("bulk-assign-me")).await.unwrap();
    desk.keys(" ").await;
    desk.send().await;
    desk.gone("bulk-dialog").await;
    let taken = |writes: &[Value]| {
        let is = |write: &&Value| write["itemtype"] == "Ticket_User" && write["action"] == "add";
        writes.iter().filter(is).count() >= 2
    };
    desk.server.accepts("two assignments", taken).await.unwrap();
}

/// What was begun is listed, and opened where it was left.
async fn come_back_to_a_draft(desk: &Desk<'_>, ticket: i64) {
    desk.step_back().await;
    desk.keys("d").await;
    desk.there("drafts").await;
    desk.console
        .window
        .tab_to(&test_id(&format!("draft-open-ticket:{ticket}")))
        .await
        .unwrap();
    desk.press(Key::Enter).await;
    desk.there(&format!("ticket-{ticket}")).await;
    let begun = "return document.querySelector('[data-testid=\"composer-text\"]').value.startsWith('Bonjour.')";
    desk.console
        .window
        .holds("the draft in the answer", begun)
        .await
        .unwrap();
}

/// A caller is found by name and his card read.
async fn read_who_calls(desk: &Desk<'_>) {
    desk.step_back().await;
    desk.console.search_box("mar").await.unwrap();
    let person = "[data-testid=\"search-results\"][aria-busy=\"false\"] [data-testid^=\"hit-person-\"]";
    desk.console.window.find(person).await.unwrap();
    for _ in 0..20 {
        let chosen = "return document.querySelector('[role=\"option\"][aria-selected=\"true\"]')?.dataset.testid ?? ''";
        let chosen = desk.console.window.run(chosen, Vec::new()).await.unwrap();
        if chosen.as_str().unwrap_or_default().starts_with("hit-person-") {
            break;
        }
        desk.press(Key::Down).await;
    }
    desk.press(Key::Enter).await;
    desk.console
        .window
        .find("[data-testid^=\"person-\"] h1, [data-testid^=\"person-\"] h2")
        .await
        .unwrap();
}
