//! A revoked account, from the server's first word to the destruction of its profile: a real server over HTTP, real databases.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    api::{SecretStoreKind, SignInMethod},
    core::test_desk::{Hand, at},
};
use guichet_sandbox::{Options, Sandbox};
use jiff::SignedDuration;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

const TECHNICIAN: &str = "tech1";

async fn server() -> Sandbox {
    let mut options = Options::demo(3);
    options.tickets = 10;
    options.users = 10;
    Sandbox::start(options, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .unwrap()
}

struct At {
    core: AppCore,
    clock: Arc<Hand>,
}

impl At {
    fn start(root: &Path) -> Self {
        let clock = Arc::new(Hand(SyncMutex::new(at(0))));
        let profiles = Profiles::at(Some(root.to_owned()), None);
        let core = AppCore::over(profiles, Some(Locale::Fr), Pace::OnDemand).by(clock.clone());
        Self { core, clock }
    }

    async fn sign_in(&self, server: &Sandbox) -> Result<(), AppError> {
        self.core
            .sign_in(SignIn {
                url: server.url().to_owned(),
                method: SignInMethod::UserToken,
                user_token: Some(server.user_token().to_owned()),
                login: None,
                password: None,
                app_token: server.app_token().map(str::to_owned),
                secret_store: SecretStoreKind::File,
            })
            .await
    }

    async fn later(&self, hours: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_hours(hours);
        self.core.look_at_account().await;
    }

    /// The server's answer to a round, whatever it was, has reached the desk.
    async fn round(&self) {
        let desk = self.core.desk().await.unwrap();
        let session = desk.require_session().await.unwrap();
        let _ = session.engine.round().await;
    }

    fn holds(&self) -> bool {
        let folder = self.core.first_folder().unwrap().path;
        folder.join("desk.db").exists() && folder.join("data.key").exists()
    }
}

#[tokio::test]
async fn a_confirmed_revocation_destroys_the_key_and_what_it_opened_and_nothing_less_does() {
    let root = tempfile::tempdir().unwrap();
    let server = server().await;
    let desk = At::start(root.path());
    desk.sign_in(&server).await.unwrap();
    desk.round().await;
    assert!(desk.holds());

    // A session that is lost, a token that is taken back: no word on the account, however long it lasts.
    server.with_core(|glpi| glpi.lose_sessions());
    desk.round().await;
    desk.later(100).await;
    assert_eq!(desk.core.lock.view(desk.clock.now()).revoked_at, None);

    // Deactivated: locked at the first word, and not destroyed before the hours are over.
    server.with_core(|glpi| glpi.set_active(TECHNICIAN, false));
    desk.round().await;
    desk.later(0).await;
    let first = desk.clock.now();
    assert_eq!(desk.core.lock.view(first).revoked_at, Some(first));
    assert_eq!(desk.core.look_at_lock(&mut None).await, Some(LockReason::Revoked));
    desk.later(8).await;
    desk.later(8).await;
    assert!(desk.holds(), "sixteen hours");

    desk.later(9).await;
    assert!(!desk.holds(), "twenty-five hours, and the server said it again");
    let state = desk.core.lock_state().await;
    assert_eq!(state.locked, None);
    let told = desk.core.state().await.unwrap();
    assert_eq!(told.notice.as_deref(), Some("profile_wiped"));
    assert!(!told.signed_in);
    let sign_in = desk.sign_in(&server).await.unwrap_err();
    assert_eq!(sign_in.code(), "auth_account_disabled");

    // Active again: the desk begins anew, and the word is told.
    server.with_core(|glpi| glpi.set_active(TECHNICIAN, true));
    desk.sign_in(&server).await.unwrap();
    desk.core.close().await;
    let again = At::start(root.path());
    assert_eq!(again.core.state().await.unwrap().notice, None);
    again.core.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_outage_is_no_word_and_an_account_that_is_taken_again_is_as_before() {
    let root = tempfile::tempdir().unwrap();
    let server = server().await;
    let desk = At::start(root.path());
    desk.sign_in(&server).await.unwrap();
    server.with_core(|glpi| glpi.set_active(TECHNICIAN, false));
    desk.round().await;
    desk.later(0).await;
    desk.later(2).await;
    let mut faults = server.faults();
    faults.add(guichet_sandbox::Fault::Down);
    server.set_faults(faults);
    // Three days without an answer.
    desk.later(24).await;
    desk.later(24).await;
    desk.later(24).await;
    assert!(desk.holds());
    server.set_faults(guichet_sandbox::Faults::default());
    server.with_core(|glpi| glpi.set_active(TECHNICIAN, true));
    desk.later(1).await;
    assert!(desk.holds());
    desk.round().await;
    let mut round = Some(at(0));
    assert_eq!(
        desk.core.look_at_lock(&mut round).await,
        None,
        "the server took the account"
    );
    assert_eq!(desk.core.lock.view(desk.clock.now()).revoked_at, None);
    desk.core.close().await;
    server.stop().await;
}
