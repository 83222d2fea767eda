//! The session of the operating system: hears when it is locked or about to sleep, and when it is open again.
//!
//! On Linux the desktops' screen savers tell it on the session's message bus (`ActiveChanged`), and logind on the system's (`Lock`,
//! `PrepareForSleep`). A desktop that tells neither locks nothing here; the idle lock is there in any case. Windows' session
//! events are not heard yet.

#[cfg(target_os = "linux")]
pub(crate) use linux::{Buses, watch};

#[cfg(target_os = "linux")]
mod linux {
    use futures::{StreamExt as _, stream::SelectAll};
    use std::{future::Future, time::Duration};
    use zbus::{Connection, MatchRule, MessageStream, message::Type};

    /// Between two tries to reach a bus that went away.
    const PAUSE: Duration = Duration::from_secs(60);
    /// The desktops' screen savers, each under its own name; all of them tell `ActiveChanged(bool)`.
    const SCREEN_SAVERS: [&str; 5] = [
        "org.freedesktop.ScreenSaver",
        "org.gnome.ScreenSaver",
        "org.mate.ScreenSaver",
        "org.cinnamon.ScreenSaver",
        "org.xfce.ScreenSaver",
    ];
    const LOGIND: &str = "org.freedesktop.login1";

    /// Where the two buses are; `None`: where the environment says.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Buses {
        /// The session's.
        pub session: Option<String>,
        /// The system's.
        pub system: Option<String>,
    }

    async fn heard_on(
        connection: &Connection,
        rules: Vec<MatchRule<'static>>,
    ) -> zbus::Result<SelectAll<MessageStream>> {
        let mut all = SelectAll::new();
        for rule in rules {
            all.push(MessageStream::for_match_rule(rule, connection, None).await?);
        }
        Ok(all)
    }

    async fn session_bus(address: Option<&str>) -> zbus::Result<SelectAll<MessageStream>> {
        let connection = match address {
            Some(address) => zbus::connection::Builder::address(address)?.build().await?,
            None => Connection::session().await?,
        };
        let mut rules = Vec::new();
        for interface in SCREEN_SAVERS {
            let rule = MatchRule::builder()
                .msg_type(Type::Signal)
                .interface(interface)?
                .member("ActiveChanged")?;
            rules.push(rule.build());
        }
        heard_on(&connection, rules).await
    }

    /// Logind's signals of this process' own session, and of the machine going to sleep. Only logind's: anybody may send others.
    async fn system_bus(address: Option<&str>) -> zbus::Result<SelectAll<MessageStream>> {
        let connection = match address {
            Some(address) => zbus::connection::Builder::address(address)?.build().await?,
            None => Connection::system().await?,
        };
        let mut rules = vec![
            MatchRule::builder()
                .msg_type(Type::Signal)
                .sender(LOGIND)?
                .interface("org.freedesktop.login1.Manager")?
                .member("PrepareForSleep")?
                .build(),
        ];
        let session = connection
            .call_method(
                Some(LOGIND),
                "/org/freedesktop/login1",
                Some("org.freedesktop.login1.Manager"),
                "GetSessionByPID",
                &(std::process::id(),),
            )
            .await;
        match session {
            Ok(reply) => {
                let path: zbus::zvariant::OwnedObjectPath = reply.body().deserialize()?;
                for member in ["Lock", "Unlock"] {
                    let rule = MatchRule::builder()
                        .msg_type(Type::Signal)
                        .sender(LOGIND)?
                        .interface("org.freedesktop.login1.Session")?
                        .path(path.clone().into_inner())?
                        .member(member)?;
                    rules.push(rule.build().to_owned());
                }
            }
            // Started outside a session (a service, a terminal of another user).
            Err(error) => tracing::info!(%error, "this process is in no session of logind's"),
        }
        heard_on(&connection, rules).await
    }

    /// What a signal says: the session is locked (or about to sleep), or open.
    fn said(message: &zbus::Message) -> Option<bool> {
        let header = message.header();
        match header.member()?.as_str() {
            "ActiveChanged" | "PrepareForSleep" => message.body().deserialize().ok(),
            "Lock" => Some(true),
            "Unlock" => Some(false),
            _ => None,
        }
    }

    /// Hears both buses for as long as it runs.
    pub(crate) async fn watch<F: Future<Output = ()>>(buses: &Buses, mut told: impl FnMut(bool) -> F) {
        loop {
            let mut heard = SelectAll::new();
            match session_bus(buses.session.as_deref()).await {
                Ok(streams) => heard.extend(streams),
                Err(error) => tracing::info!(%error, "no message bus of the session tells when it is locked"),
            }
            match system_bus(buses.system.as_deref()).await {
                Ok(streams) => heard.extend(streams),
                Err(error) => tracing::info!(%error, "no logind tells when the session is locked"),
            }
            while let Some(message) = heard.next().await {
                // A stream that ends with an error is taken out of the others by itself.
                if let Ok(message) = message
                    && let Some(locked) = said(&message)
                {
                    told(locked).await;
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    #[cfg(test)]
    #[allow(clippy::unwrap_used, clippy::print_stderr)]
    mod tests {
        use super::*;
        use crate::core::test_bus::Bus;
        use tokio::sync::mpsc;

        /// A logind of the test's own on a bus of the test's own.
        struct Logind;

        #[zbus::interface(name = "org.freedesktop.login1.Manager")]
        impl Logind {
            #[zbus(name = "GetSessionByPID")]
            fn get_session_by_pid(&self, _pid: u32) -> zbus::zvariant::OwnedObjectPath {
                zbus::zvariant::ObjectPath::try_from("/org/freedesktop/login1/session/_31")
                    .unwrap()
                    .into()
            }
        }

        async fn signal(bus: &Connection, path: &str, interface: &str, member: &str, body: Option<bool>) {
            let sent = match body {
                Some(body) => bus.emit_signal(None::<&str>, path, interface, member, &body).await,
                None => bus.emit_signal(None::<&str>, path, interface, member, &()).await,
            };
            sent.unwrap();
        }

        #[tokio::test]
        async fn what_the_desktop_and_logind_say_is_heard_and_what_others_pretend_is_not() {
            let Some(bus) = Bus::start() else {
                eprintln!("no dbus-daemon here: not run");
                return;
            };
            let logind = zbus::connection::Builder::address(bus.address())
                .unwrap()
                .name(LOGIND)
                .unwrap()
                .serve_at("/org/freedesktop/login1", Logind)
                .unwrap()
                .build()
                .await
                .unwrap();
            let stranger = zbus::connection::Builder::address(bus.address())
                .unwrap()
                .build()
                .await
                .unwrap();
            let buses = Buses {
                session: Some(bus.address().to_owned()),
                system: Some(bus.address().to_owned()),
            };
            let (send, mut heard) = mpsc::unbounded_channel();
            let watching = tokio::spawn(async move {
                watch(&buses, |locked| {
                    let send = send.clone();
                    async move { send.send(locked).unwrap() }
                })
                .await;
            });
            let session = "/org/freedesktop/login1/session/_31";
            let manager = "org.freedesktop.login1.Manager";
            let of_session = "org.freedesktop.login1.Session";
            let saver = "/org/gnome/ScreenSaver";
            // Until it listens, nothing is heard: told again and again.
            let first = async {
                loop {
                    signal(&stranger, saver, "org.gnome.ScreenSaver", "ActiveChanged", Some(true)).await;
                    tokio::task::yield_now().await;
                    if let Ok(said) = tokio::time::timeout(Duration::from_millis(20), heard.recv()).await {
                        return said.unwrap();
                    }
                }
            };
            assert!(tokio::time::timeout(Duration::from_secs(20), first).await.unwrap());
            // A stranger's word in logind's name, logind's word of another session, another signal: none counts.
            signal(&stranger, session, of_session, "Lock", None).await;
            signal(&logind, "/org/freedesktop/login1/session/_99", of_session, "Lock", None).await;
            signal(&logind, session, of_session, "PauseDevice", None).await;
            // The streams of the two buses are apart: logind's words are told in their order.
            signal(&logind, session, of_session, "Lock", None).await;
            signal(
                &logind,
                "/org/freedesktop/login1",
                manager,
                "PrepareForSleep",
                Some(false),
            )
            .await;
            let mut told = Vec::new();
            while let Ok(Some(said)) = tokio::time::timeout(Duration::from_millis(500), heard.recv()).await {
                told.push(said);
            }
            // Trues of the first loop may still have been under way; of logind's there is one of each.
            assert!(
                told.ends_with(&[true, false]) || told.ends_with(&[false, true]),
                "{told:?}"
            );
            assert_eq!(told.iter().filter(|said| !**said).count(), 1, "{told:?}");
            watching.abort();
        }
    }
}
