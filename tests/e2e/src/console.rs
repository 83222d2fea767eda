//! The product's window in the words of its users. The `data-testid`s are those of `ui/TESTING.md`.

use crate::{
    error::{Error, Result},
    scenario::Scenario,
    server::Server,
    window::Window,
};
use fantoccini::key::Key;
use std::path::Path;

/// The selector of a `data-testid`.
#[must_use]
pub fn test_id(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

/// The open console.
pub struct Console {
    /// The window under it.
    pub window: Window,
}

impl Console {
    /// Opens the window on the scenario's profile.
    pub async fn open(scenario: &Scenario) -> Result<Self> {
        Ok(Self {
            window: scenario.open().await?,
        })
    }

    /// Signs in as a technician does the first time.
    pub async fn sign_in(&self, server: &Server) -> Result<()> {
        self.sign_in_by(server, &server.user_token).await
    }

    /// Signs in with the token of somebody else.
    pub async fn sign_in_by(&self, server: &Server, user_token: &str) -> Result<()> {
        self.window.type_into(&test_id("sign-in-url"), &server.url).await?;
        self.window
            .type_into(&test_id("sign-in-user-token"), user_token)
            .await?;
        if !server.app_token.is_empty() {
            self.window.click(&test_id("sign-in-with-app-token")).await?;
            self.window
                .type_into(&test_id("sign-in-app-token"), &server.app_token)
                .await?;
        }
        self.window.click(&test_id("sign-in-submit")).await?;
        self.window.find(&test_id("queue")).await.map(|_| ())
    }

    /// Waits until the first reading is complete and the screen is at rest.
    pub async fn first_sync_done(&self) -> Result<()> {
        self.window.find("[data-testid^=\"queue-row-\"]").await?;
        let done = "const banner = document.querySelector('[data-testid=\"banner-first-sync\"]');
            return banner === null && document.querySelector('[data-gate=\"open\"]') !== null";
        self.window.holds("the first reading to be complete", done).await
    }

    /// Types into the search box: words, `#` and a number, `>` and a command.
    pub async fn search_box(&self, text: &str) -> Result<()> {
        self.window.press(&[Key::Control.into(), 'k']).await?;
        self.replace_text(&test_id("search-input"), text).await
    }

    /// Types into the search box and waits for this ticket among the answers.
    pub async fn search_for(&self, text: &str, ticket: i64) -> Result<()> {
        self.search_box(text).await?;
        // Before the answer the hits are those of fewer letters, and move away under a click.
        let answered = format!("{}[aria-busy=\"false\"]", test_id("search-results"));
        self.window
            .find(&format!("{answered} {}", hit(ticket)))
            .await
            .map(|_| ())
    }

    /// Finds a ticket by words and opens it.
    pub async fn open_ticket(&self, words: &str, ticket: i64) -> Result<()> {
        self.search_for(words, ticket).await?;
        self.window.click(&hit(ticket)).await?;
        self.window.find(&test_id(&format!("ticket-{ticket}"))).await?;
        // The composer takes keys once its stored draft is on screen.
        self.draft_saved().await
    }

    /// Waits until everything typed in the composer is on the disk.
    pub async fn draft_saved(&self) -> Result<()> {
        self.window
            .find("[data-testid=\"composer-draft-state\"][data-state=\"saved\"]")
            .await
            .map(|_| ())
    }

    /// Writes an answer on the open ticket: `followup`, `task` or `solution`.
    pub async fn write(&self, tab: &str, text: &str) -> Result<()> {
        self.window.click(&test_id(&format!("composer-tab-{tab}"))).await?;
        self.window.type_into(&test_id("composer-text"), text).await?;
        self.window.value(&test_id("composer-text"), text).await
    }

    /// Attaches a file to the answer.
    pub async fn attach(&self, file: &Path) -> Result<()> {
        self.window.choose_file(&test_id("composer-file"), file).await?;
        self.window.find(&test_id("composer-attachment")).await.map(|_| ())
    }

    /// Sends the answer; the composer is empty again.
    pub async fn send(&self) -> Result<()> {
        self.window.click(&test_id("composer-send")).await?;
        self.window.value(&test_id("composer-text"), "").await
    }

    /// Writes and sends a new ticket.
    pub async fn new_ticket(&self, title: &str, text: &str) -> Result<()> {
        self.window.click(&test_id("new-ticket")).await?;
        self.window.type_into(&test_id("new-ticket-title"), title).await?;
        self.window.type_into(&test_id("new-ticket-text"), text).await?;
        self.window.value(&test_id("new-ticket-text"), text).await?;
        self.window.click(&test_id("new-ticket-send")).await?;
        self.window.gone(&test_id("new-ticket-form")).await
    }

    /// Waits until the window knows whether the server is there (`open`, `offline`, `backed_off`, `auth_required`).
    pub async fn gate(&self, state: &str) -> Result<()> {
        self.window
            .find(&format!("[data-testid=\"gate\"][data-gate=\"{state}\"]"))
            .await
            .map(|_| ())
    }

    /// Shows the outbox and waits until this many entries wait; answers what each says.
    pub async fn outbox(&self, entries: usize) -> Result<Vec<String>> {
        self.window.click(&test_id("outbox-button")).await?;
        self.window.find(&test_id("outbox")).await?;
        let count = format!(
            "return document.querySelectorAll('[data-testid^=\"outbox-entry-\"]').length === {entries} ? true :
             document.querySelector('[data-testid=\"outbox\"]').innerText"
        );
        self.window
            .holds(&format!("{entries} entries in the outbox"), &count)
            .await?;
        self.window.texts("[data-testid^=\"outbox-entry-\"]").await
    }

    /// Which outbox entries are on screen, in order.
    pub async fn outbox_ids(&self) -> Result<Vec<String>> {
        let script =
            "return [...document.querySelectorAll('[data-testid^=\"outbox-entry-\"]')].map((e) => e.dataset.testid)";
        let ids = self.window.run(script, Vec::new()).await?;
        Ok(ids
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect())
    }

    /// Shows the queue.
    pub async fn queue(&self) -> Result<()> {
        self.window.click(&test_id("queue-button")).await?;
        self.window.find(&test_id("queue")).await.map(|_| ())
    }

    /// Finds an article by words and opens the first.
    pub async fn open_article(&self, words: &str) -> Result<()> {
        self.window.click(&test_id("knowledge-button")).await?;
        self.window.click(&test_id("knowledge-search")).await?;
        self.replace_text(&test_id("knowledge-search"), words).await?;
        // Before the answer the list is that of fewer letters, and moves away under a click.
        let answered = format!("{}[aria-busy=\"false\"]", test_id("knowledge-hits"));
        self.window
            .click(&format!("{answered} [data-testid^=\"article-hit-\"]"))
            .await?;
        self.window
            .find("[data-pane] [data-testid^=\"article-\"] h1")
            .await
            .map(|_| ())
    }

    /// Chooses language (`fr`, `en`) and theme (`light`, `dark`) in the settings.
    pub async fn settings(&self, language: &str, theme: &str) -> Result<()> {
        self.window.click(&test_id("settings-button")).await?;
        self.choose("settings-language", language).await?;
        self.window
            .holds(
                "the language",
                &format!("return document.documentElement.lang.startsWith('{language}')"),
            )
            .await?;
        self.choose("settings-theme", theme).await?;
        self.window
            .holds(
                "the theme",
                &format!("return document.documentElement.dataset.theme === '{theme}'"),
            )
            .await
    }

    /// Types over what a field that has the focus holds.
    pub async fn replace_text(&self, field: &str, text: &str) -> Result<()> {
        self.window.focused(field).await?;
        self.window.press(&[Key::Control.into(), 'a']).await?;
        self.window.keys(text).await?;
        self.window.value(field, text).await
    }

    async fn choose(&self, list: &str, value: &str) -> Result<()> {
        self.window
            .click(&format!("{} option[value=\"{value}\"]", test_id(list)))
            .await
    }

    /// Runs axe-core in the window; answers every violation, whatever its weight, each as one line.
    pub async fn accessibility(&self, axe: &str) -> Result<Vec<String>> {
        self.window.run(axe, Vec::new()).await?;
        let script = "const done = arguments[arguments.length - 1];
            axe.run(document).then(
              (result) => done({
                rules: result.passes.length,
                found: result.violations
                  .map((one) => `${one.id}, ${one.impact}: ${one.help} (${one.nodes.map((node) => node.target.join(' ')).join(', ')})`),
              }),
              (error) => done({ rules: 0, found: [String(error)] }),
            );";
        let answer = self.window.run_async(script, Vec::new()).await?;
        match (answer["found"].as_array(), answer["rules"].as_u64()) {
            (Some(found), Some(1..)) => Ok(found
                .iter()
                .map(|line| line.as_str().unwrap_or_default().to_owned())
                .collect()),
            _ => Err(Error::Check(format!("axe-core checked nothing: {answer}"))),
        }
    }
}

/// A ticket among the answers of the search box.
fn hit(ticket: i64) -> String {
    test_id(&format!("hit-ticket-{ticket}"))
}
