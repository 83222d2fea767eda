//! Notices on the desktop, outside the window: shown while the window has no focus, and telling when one is clicked.
//!
//! On Linux they go to the desktop's own service over the message bus (the freedesktop notification specification), which
//! also tells clicks. Elsewhere nothing is shown yet; the window's own notices are there in any case.

use crate::core::desk::AppEvent;
use guichet_domain::TicketId;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::broadcast;

/// A notice as it is shown.
#[derive(Debug, Clone)]
pub struct DesktopNotice {
    /// What happened, in a line.
    pub summary: String,
    /// More of it; may be empty. Plain text.
    pub body: String,
    /// The ticket a click leads to; `None`: the list of notices.
    pub ticket: Option<TicketId>,
}

/// Shows notices and hears their clicks.
pub struct Notifier {
    /// The window has the focus: what it shows itself is seen.
    focused: AtomicBool,
    /// The desk is locked: nothing that was meant for its page is shown.
    locked: AtomicBool,
    events: broadcast::Sender<AppEvent>,
    #[cfg(target_os = "linux")]
    service: tokio::sync::Mutex<Option<linux::Service>>,
}

impl Notifier {
    /// Clicks are told as [`AppEvent::NoticeClicked`].
    #[must_use]
    pub fn new(events: broadcast::Sender<AppEvent>) -> Self {
        Self {
            focused: AtomicBool::new(false),
            locked: AtomicBool::new(false),
            events,
            #[cfg(target_os = "linux")]
            service: tokio::sync::Mutex::new(None),
        }
    }

    /// The window got or lost the focus.
    pub fn set_focused(&self, focused: bool) {
        self.focused.store(focused, Ordering::Relaxed);
    }

    /// The desk was locked or opened. Notices shown before name tickets: they are taken off the desktop.
    pub fn set_locked(&self, locked: bool) {
        self.locked.store(locked, Ordering::Relaxed);
    }

    /// Takes every notice that is shown off the desktop.
    #[cfg(target_os = "linux")]
    pub async fn withdraw(&self) {
        if let Some(service) = self.service.lock().await.as_ref() {
            service.withdraw().await;
        }
    }

    /// Takes every notice that is shown off the desktop.
    #[cfg(not(target_os = "linux"))]
    pub async fn withdraw(&self) {}

    /// Shows a notice unless the window has the focus; answers whether the desktop took it. A desktop without such a service
    /// is no error: the window's own notices are there.
    pub async fn show(&self, notice: DesktopNotice) -> bool {
        if self.focused.load(Ordering::Relaxed) || self.locked.load(Ordering::Relaxed) {
            return false;
        }
        self.show_now(notice).await
    }

    #[cfg(not(target_os = "linux"))]
    async fn show_now(&self, _: DesktopNotice) -> bool {
        let _ = &self.events;
        false
    }

    #[cfg(target_os = "linux")]
    async fn show_now(&self, notice: DesktopNotice) -> bool {
        let mut service = self.service.lock().await;
        if service.as_ref().is_none_or(linux::Service::is_gone) {
            *service = match linux::Service::connect(None, self.events.clone()).await {
                Ok(connected) => Some(connected),
                Err(error) => {
                    tracing::info!(%error, "no message bus: notices stay within the window");
                    None
                }
            };
        }
        let Some(connected) = service.as_ref() else {
            return false;
        };
        match connected.show(notice).await {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(%error, "the desktop takes no notices: they stay within the window");
                false
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{AppEvent, DesktopNotice};
    use futures::StreamExt as _;
    use guichet_domain::TicketId;
    use std::{
        collections::{BTreeMap, HashMap},
        sync::{Arc, Mutex, PoisonError},
    };
    use tokio::{sync::broadcast, task::JoinHandle};
    use zbus::zvariant::Value;

    /// Under which its notices are listed.
    const NAME: &str = "Guichet";
    /// The action that is the click on the notice itself.
    const CLICK: &str = "default";
    /// How long a notice stays is the desktop's to say.
    const AS_THE_DESKTOP_HAS_IT: i32 = -1;
    /// Clicks remembered: older notices only raise nothing any more.
    const REMEMBERED: usize = 200;

    mod bus {
        #![allow(missing_docs)]
        use std::collections::HashMap;
        use zbus::zvariant::Value;

        #[zbus::proxy(
            interface = "org.freedesktop.Notifications",
            default_service = "org.freedesktop.Notifications",
            default_path = "/org/freedesktop/Notifications"
        )]
        pub trait Notifications {
            fn get_capabilities(&self) -> zbus::Result<Vec<String>>;
            #[allow(clippy::too_many_arguments)]
            fn notify(
                &self,
                app_name: &str,
                replaces_id: u32,
                app_icon: &str,
                summary: &str,
                body: &str,
                actions: &[&str],
                hints: HashMap<&str, Value<'_>>,
                expire_timeout: i32,
            ) -> zbus::Result<u32>;
            fn close_notification(&self, id: u32) -> zbus::Result<()>;
            #[zbus(signal)]
            fn action_invoked(&self, id: u32, action_key: String) -> zbus::Result<()>;
            #[zbus(signal)]
            fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
        }
    }

    /// Where each notice that is shown leads to.
    type Shown = Arc<Mutex<BTreeMap<u32, Option<TicketId>>>>;

    /// The desktop's service.
    pub(super) struct Service {
        proxy: bus::NotificationsProxy<'static>,
        /// A body may hold markup: what is written is not.
        markup: bool,
        shown: Shown,
        listening: JoinHandle<()>,
    }

    impl Drop for Service {
        fn drop(&mut self) {
            self.listening.abort();
        }
    }

    impl Service {
        /// Connects to the session's bus, or to the one named.
        pub(super) async fn connect(address: Option<&str>, events: broadcast::Sender<AppEvent>) -> zbus::Result<Self> {
            let connection = match address {
                Some(address) => zbus::connection::Builder::address(address)?.build().await?,
                None => zbus::Connection::session().await?,
            };
            let proxy = bus::NotificationsProxy::new(&connection).await?;
            let markup = proxy
                .get_capabilities()
                .await?
                .iter()
                .any(|capability| capability == "body-markup");
            let shown = Shown::default();
            let mut clicks = proxy.receive_action_invoked().await?;
            let mut closed = proxy.receive_notification_closed().await?;
            let held = Arc::clone(&shown);
            let listening = tokio::spawn(async move {
                loop {
                    tokio::select! {
                        click = clicks.next() => {
                            let Some(click) = click else { return };
                            let Ok(click) = click.args() else { continue };
                            let leads = held.lock().unwrap_or_else(PoisonError::into_inner).get(&click.id).copied();
                            if click.action_key == CLICK && let Some(ticket) = leads {
                                let _ = events.send(AppEvent::NoticeClicked(ticket));
                            }
                        }
                        gone = closed.next() => {
                            let Some(gone) = gone else { return };
                            if let Ok(gone) = gone.args() {
                                held.lock().unwrap_or_else(PoisonError::into_inner).remove(&gone.id);
                            }
                        }
                    }
                }
            });
            Ok(Self {
                proxy,
                markup,
                shown,
                listening,
            })
        }

        /// The bus went away.
        pub(super) fn is_gone(&self) -> bool {
            self.listening.is_finished()
        }

        /// Closes what it showed.
        pub(super) async fn withdraw(&self) {
            let shown = std::mem::take(&mut *self.shown.lock().unwrap_or_else(PoisonError::into_inner));
            for id in shown.into_keys() {
                if let Err(error) = self.proxy.close_notification(id).await {
                    tracing::debug!(%error, "a notice could not be closed");
                }
            }
        }

        pub(super) async fn show(&self, notice: DesktopNotice) -> zbus::Result<()> {
            let body = if self.markup {
                escaped(&notice.body)
            } else {
                notice.body
            };
            let hints = HashMap::from([
                ("desktop-entry", Value::from("guichet")),
                ("urgency", Value::from(1_u8)),
            ]);
            let id = self
                .proxy
                .notify(
                    NAME,
                    0,
                    "guichet",
                    &notice.summary,
                    &body,
                    &[CLICK, NAME],
                    hints,
                    AS_THE_DESKTOP_HAS_IT,
                )
                .await?;
            let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
            shown.insert(id, notice.ticket);
            if shown.len() > REMEMBERED {
                shown.pop_first();
            }
            Ok(())
        }
    }

    /// A text as it stands, for a service that reads markup.
    fn escaped(text: &str) -> String {
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]
    mod tests {
        use super::*;
        use crate::core::test_bus::Bus;
        use std::time::Duration;

        /// What the desktop of the test was asked to show.
        type Asked = Arc<Mutex<Vec<(String, String, Vec<String>)>>>;

        struct Desktop {
            asked: Asked,
        }

        #[zbus::interface(name = "org.freedesktop.Notifications")]
        impl Desktop {
            fn get_capabilities(&self) -> Vec<String> {
                vec!["actions".to_owned(), "body".to_owned(), "body-markup".to_owned()]
            }
            #[allow(clippy::too_many_arguments)]
            fn notify(
                &self,
                _app_name: String,
                _replaces_id: u32,
                _app_icon: String,
                summary: String,
                body: String,
                actions: Vec<String>,
                _hints: HashMap<String, zbus::zvariant::OwnedValue>,
                _expire_timeout: i32,
            ) -> u32 {
                let mut asked = self.asked.lock().unwrap();
                asked.push((summary, body, actions));
                u32::try_from(asked.len()).unwrap()
            }
        }

        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn the_desktop_shows_a_notice_and_its_click_leads_to_the_ticket() {
            let Some(bus) = Bus::start() else {
                eprintln!("skipped: dbus-daemon is not installed");
                return;
            };
            let asked = Asked::default();
            let desktop = Desktop {
                asked: Arc::clone(&asked),
            };
            let serving = zbus::connection::Builder::address(bus.address())
                .unwrap()
                .name("org.freedesktop.Notifications")
                .unwrap()
                .serve_at("/org/freedesktop/Notifications", desktop)
                .unwrap()
                .build()
                .await
                .unwrap();
            let (events, mut heard) = broadcast::channel(8);
            let service = Service::connect(Some(bus.address()), events).await.unwrap();
            for (ticket, body) in [(Some(TicketId(4821)), "#4821 <b>VPN</b> & co"), (None, "")] {
                let notice = DesktopNotice {
                    summary: "Réponse".to_owned(),
                    body: body.to_owned(),
                    ticket,
                };
                service.show(notice).await.unwrap();
            }
            let shown = asked.lock().unwrap().clone();
            assert_eq!(shown[0].1, "#4821 &lt;b&gt;VPN&lt;/b&gt; &amp; co", "text, not markup");
            assert_eq!(shown[0].2[0], CLICK, "the notice itself can be clicked");
            for (id, action) in [(1_u32, "other"), (7, CLICK), (2, CLICK), (1, CLICK)] {
                serving
                    .emit_signal(
                        None::<&str>,
                        "/org/freedesktop/Notifications",
                        "org.freedesktop.Notifications",
                        "ActionInvoked",
                        &(id, action),
                    )
                    .await
                    .unwrap();
            }
            let mut led = Vec::new();
            for _ in 0..2 {
                match tokio::time::timeout(Duration::from_secs(10), heard.recv())
                    .await
                    .unwrap()
                    .unwrap()
                {
                    AppEvent::NoticeClicked(ticket) => led.push(ticket),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(
                led,
                [None, Some(TicketId(4821))],
                "another action and a stranger's notice lead nowhere"
            );
        }
    }
}

#[cfg(test)]
#[allow(missing_docs)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_shown_while_the_window_has_the_focus() {
        let notifier = Notifier::new(broadcast::channel(1).0);
        notifier.set_focused(true);
        let notice = DesktopNotice {
            summary: "x".to_owned(),
            body: String::new(),
            ticket: None,
        };
        assert!(!notifier.show(notice).await);
        #[cfg(target_os = "linux")]
        assert!(
            notifier.service.lock().await.is_none(),
            "the bus was not even asked for"
        );
    }
}
