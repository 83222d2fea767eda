//! Notices on the desktop: a real notification service on the scenario's own message bus receives them, and a click there
//! brings the ticket up.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_e2e::{Console, Scenario, Server, test_id};
use std::{
    collections::HashMap,
    process::{Child, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use zbus::{connection, zvariant::OwnedValue};

const PATH: &str = "/org/freedesktop/Notifications";
const NAME: &str = "org.freedesktop.Notifications";
const TITLE: &str = "Badge refusé à l'entrée du parking";
const SECRET: &str = "Le code provisoire est 4417.";
/// How long a notice may take: a round, a reading of the list, and what is told together.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the desktop was asked to show.
#[derive(Debug, Clone)]
struct Shown {
    id: u32,
    application: String,
    summary: String,
    body: String,
    actions: Vec<String>,
}

/// The desktop's notification service.
struct Desktop {
    shown: Arc<Mutex<Vec<Shown>>>,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Desktop {
    fn get_capabilities(&self) -> Vec<String> {
        vec!["actions".to_owned(), "body".to_owned()]
    }

    #[allow(clippy::too_many_arguments)]
    fn notify(
        &self,
        application: String,
        _replaces: u32,
        _icon: String,
        summary: String,
        body: String,
        actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _timeout: i32,
    ) -> u32 {
        let mut shown = self.shown.lock().unwrap();
        let id = u32::try_from(shown.len() + 1).unwrap();
        shown.push(Shown {
            id,
            application,
            summary,
            body,
            actions,
        });
        id
    }
}

/// Another program in front of the window, which thereby loses the focus: there is no window manager on this desktop, the
/// focus goes with the pointer, and what is opened last covers it.
struct InFront(Child);

impl InFront {
    fn open(scenario: &Scenario) -> Self {
        let mut command = scenario.guichet();
        command
            .arg("--profile")
            .arg(scenario.folder().join("another profile"))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for InFront {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn until(shown: &Mutex<Vec<Shown>>, wanted: impl Fn(&Shown) -> bool) -> Shown {
    let started = Instant::now();
    loop {
        if let Some(found) = shown.lock().unwrap().iter().find(|one| wanted(one)) {
            return found.clone();
        }
        assert!(
            started.elapsed() < PATIENCE,
            "shown instead: {:#?}",
            shown.lock().unwrap()
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e notifications`"]
async fn a_ticket_given_to_me_is_told_on_the_desktop_and_a_click_opens_it() {
    let scenario = Scenario::start("notifications", "fr_FR.UTF-8").unwrap();
    let shown = Arc::new(Mutex::new(Vec::new()));
    let desktop = Desktop {
        shown: Arc::clone(&shown),
    };
    let service = connection::Builder::address(scenario.desktop().bus())
        .unwrap()
        .name(NAME)
        .unwrap()
        .serve_at(PATH, desktop)
        .unwrap()
        .build()
        .await
        .unwrap();
    let server = Server::start(&scenario, &["--glpi", "11", "--tickets", "200"]).unwrap();
    let console = Console::open(&scenario).await.unwrap();
    let window = &console.window;
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();

    let _in_front = InFront::open(&scenario);
    window
        .holds("another window in front", "return !document.hasFocus()")
        .await
        .unwrap();

    let ticket = server
        .colleague_writes(TITLE, &format!("<p>{SECRET}</p>"))
        .await
        .unwrap();
    let told = until(&shown, |one| one.body.contains(TITLE)).await;
    assert_eq!(told.application, "Guichet");
    assert!(told.summary.contains("attribué"), "{told:?}");
    assert!(told.body.contains(&format!("#{ticket}")), "{told:?}");
    assert!(
        !told.body.contains(SECRET),
        "a ticket's text is nobody's business: {told:?}"
    );
    assert_eq!(
        told.actions.first().map(String::as_str),
        Some("default"),
        "it can be clicked"
    );

    service
        .emit_signal(None::<&str>, PATH, NAME, "ActionInvoked", &(told.id, "default"))
        .await
        .unwrap();
    window.find(&test_id(&format!("ticket-{ticket}"))).await.unwrap();
    window.picture("opened-from-the-desktop").await.unwrap();
}
