//! The application: the profiles and the one that is open.

use crate::{
    api::{
        AppState, LockReason, LockRules, LockSettings, LockState, PbxSettings, Settings, SignIn, SignInAgain,
        SignInMethod, Theme,
    },
    core::{
        clocks,
        desk::{AppEvent, Desk, Pace, telephone_place},
        lock::{LEAST_LENGTH, Lock, LockChange, LockError, Revocation, SettingsRefused},
        notifier::Notifier,
        policy::PolicyRead,
        profile::{ProfileError, ProfileFolder, Profiles},
        retention, rooms,
        secrets::{self, Seal, Secrets},
        surge,
        telephony::TelephonyError,
        vault::{KeyAccess, Vault},
        wipe,
    },
    error::AppError,
    messages::Locale,
};
use guichet_backend::{AuthProblem, BackendError, Clock, SystemClock};
use guichet_domain::{
    audit::{AuditAction, AuditEntry},
    call::CallState,
    deep_link::DeepLink,
    outbox::Gate,
};
use jiff::Timestamp;
use std::{
    path::PathBuf,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Mutex, RwLock, broadcast},
    task::JoinHandle,
};
use zeroize::Zeroizing;

/// Changes the window may be behind with before it is told to read everything again.
const EVENTS: usize = 256;

/// How long the page has to keep what is being typed before the desk locks by itself.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Hours between the server's first word that an account is revoked and the destruction of its profile, unless decided otherwise.
const REVOKED_WIPE_H: u32 = 24;

/// The application without its window.
pub struct AppCore {
    profiles: Profiles,
    desk: RwLock<Option<Arc<Desk>>>,
    switching: Mutex<()>,
    events: broadcast::Sender<AppEvent>,
    /// The lock of the open profile.
    pub lock: Lock,
    /// Notices on the desktop.
    pub notifier: Notifier,
    clock: Arc<dyn Clock>,
    locale: Option<Locale>,
    pace: Pace,
    /// The profile to open first next time is being written down.
    remembering: Mutex<Option<JoinHandle<()>>>,
    /// What was given to get at the key of the databases.
    access: SyncMutex<KeyAccess>,
    policy: PolicyRead,
    /// What the link that the program was started with shows, until the window took it.
    link: SyncMutex<Option<DeepLink>>,
}

/// The audit log's line of a change of the lock.
fn audited(change: LockChange) -> Option<AuditEntry> {
    let line = |action| AuditEntry::done(action, "desk");
    match change {
        // Of a profile that was destroyed there is no log any more.
        LockChange::Asked | LockChange::Destroyed => None,
        LockChange::Locked(reason) => Some(line(AuditAction::Locked).detail(reason.name())),
        LockChange::OpenedByPin => Some(line(AuditAction::Unlocked).detail("pin")),
        LockChange::OpenedByAccount => Some(line(AuditAction::Unlocked).detail("account")),
        LockChange::OpenedByServer => Some(line(AuditAction::Unlocked).detail("server").by_program()),
        LockChange::OpenedByChoice => Some(line(AuditAction::Unlocked).detail("pin_chosen")),
        LockChange::Refused => Some(line(AuditAction::Unlocked).outcome("lock_pin_wrong")),
    }
}

impl AppCore {
    /// Over this machine's profiles, and the folder given on the command line, if any. `locale` overrides the profile's.
    #[must_use]
    pub fn new(given: Option<PathBuf>, locale: Option<Locale>, pace: Pace) -> Self {
        Self::over(Profiles::new(given), locale, pace)
    }

    /// The same over profiles of the caller's choice, for tests.
    #[must_use]
    pub fn over(profiles: Profiles, locale: Option<Locale>, pace: Pace) -> Self {
        let (events, _) = broadcast::channel(EVENTS);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let policy = PolicyRead::default();
        Self {
            lock: Self::lock_under(&policy, &profiles, clock.now()),
            policy,
            profiles,
            desk: RwLock::new(None),
            switching: Mutex::new(()),
            notifier: Notifier::new(events.clone()),
            events,
            clock,
            locale,
            pace,
            remembering: Mutex::default(),
            access: SyncMutex::default(),
            link: SyncMutex::default(),
        }
    }

    /// By another clock, for tests.
    #[cfg(test)]
    pub(crate) fn by(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self.lock = Self::lock_under(&self.policy, &self.profiles, self.clock.now());
        self
    }

    /// The lock of the profile that opens first, under a policy.
    fn lock_under(policy: &PolicyRead, profiles: &Profiles, now: Timestamp) -> Lock {
        let lock = Lock::new(policy.policy.lock, now);
        if let Ok(folder) = profiles.first() {
            lock.enter(&folder, now);
        }
        lock
    }

    /// Under what the organisation decided. For a start: a desk that is open goes on under what it was opened with.
    #[must_use]
    pub fn under(mut self, policy: PolicyRead) -> Self {
        self.lock = Self::lock_under(&policy, &self.profiles, self.clock.now());
        self.policy = policy;
        self
    }

    /// What the organisation decided, as it was read at the start.
    #[must_use]
    pub const fn policy(&self) -> &PolicyRead {
        &self.policy
    }

    /// Started with a link.
    #[must_use]
    pub fn started_with(self, link: Option<DeepLink>) -> Self {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = link;
        self
    }

    /// What the link that the program was started with shows; told once.
    #[must_use]
    pub fn take_link(&self) -> Option<DeepLink> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// With what the command line gave to get at the key of the databases.
    #[must_use]
    pub fn with_access(self, access: KeyAccess) -> Self {
        *self.access.lock().unwrap_or_else(PoisonError::into_inner) = access;
        self
    }

    /// What was given to get at the key of the databases.
    #[must_use]
    pub fn access(&self) -> KeyAccess {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Opens the first profile with what the window was given: a passphrase, or where a new profile's key goes.
    ///
    /// # Errors
    /// As [`AppCore::desk`]; what was given is forgotten then.
    pub async fn unlock_vault(&self, access: KeyAccess) -> Result<(), AppError> {
        let before = std::mem::replace(&mut *self.access.lock().unwrap_or_else(PoisonError::into_inner), access);
        let opened = self.desk().await;
        if opened.is_err() {
            *self.access.lock().unwrap_or_else(PoisonError::into_inner) = before;
        }
        opened.map(|_| ())
    }

    /// What happens, for the window.
    #[must_use]
    pub fn events(&self) -> broadcast::Receiver<AppEvent> {
        self.events.subscribe()
    }

    /// The current instant.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// The open profile, opened now if none is yet. Its session is started beside: reading never waits for it.
    ///
    /// # Errors
    /// When the profile cannot be opened.
    pub async fn desk(&self) -> Result<Arc<Desk>, AppError> {
        if let Some(desk) = self.desk.read().await.clone() {
            return Ok(desk);
        }
        let _switching = self.switching.lock().await;
        if let Some(desk) = self.desk.read().await.clone() {
            return Ok(desk);
        }
        self.open(self.profiles.first()?).await
    }

    /// The telephone that the profile has set up, with its secret. Opens no database: the window may have them.
    ///
    /// # Errors
    /// When there is none, or the profile or the secret cannot be read.
    pub async fn telephone_kept(&self) -> Result<(PbxSettings, String), AppError> {
        let folder = self.profiles.first()?;
        let path = folder.path.clone();
        let (config, _) = tokio::task::spawn_blocking(move || folder.read_config())
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        let settings = config.telephone.clone().ok_or(TelephonyError::NotSetUp)?;
        let key = Vault::of(&path).key(&self.access(), &config).await?;
        let secrets = telephone_place(&config, &path, &Seal::of(&key)).read().await?;
        Ok((settings, secrets.password.clone().unwrap_or_default()))
    }

    async fn open(&self, folder: ProfileFolder) -> Result<Arc<Desk>, AppError> {
        self.lock.enter(&folder, self.clock.now());
        let access = self.access();
        let desk = Desk::open_with(
            folder.clone(),
            self.clock.clone(),
            self.events.clone(),
            self.pace,
            self.locale,
            &access,
        )
        .await?;
        let desk = Arc::new(desk);
        *self.desk.write().await = Some(desk.clone());
        if self.pace == Pace::Background {
            let profiles = self.profiles.clone();
            let mut remembering = self.remembering.lock().await;
            let before = remembering.take();
            *remembering = Some(tokio::spawn(async move {
                // In their order: the one opened last is the one remembered.
                if let Some(before) = before {
                    let _ = before.await;
                }
                let _ = tokio::task::spawn_blocking(move || profiles.remember(&folder)).await;
            }));
            drop(remembering);
            surge::watch(&desk);
            rooms::watch(&desk);
            clocks::watch(&desk);
            retention::watch(&desk, self.policy.policy.retention);
            let starting = desk.clone();
            tokio::spawn(async move {
                if starting.signed_in().await
                    && let Err(error) = starting.connect().await
                {
                    tracing::warn!(code = error.code(), "the profile's session could not start");
                }
                // After the session: the sandbox brings its own PBX.
                if let Err(error) = starting.start_supervision().await {
                    tracing::warn!(code = error.code(), "the supervision could not be read");
                }
                if let Err(error) = starting.start_telephone().await {
                    tracing::warn!(code = error.code(), "the telephone could not start");
                }
            });
        }
        Ok(desk)
    }

    async fn switch(&self, folder: ProfileFolder) -> Result<(), AppError> {
        let _switching = self.switching.lock().await;
        if let Some(desk) = self.desk.read().await.as_ref()
            && desk.folder == folder
        {
            return Ok(());
        }
        let before = self.desk.write().await.take();
        let previous = before.as_ref().map(|desk| desk.folder.clone());
        if let Some(desk) = before {
            desk.close().await;
        }
        match self.open(folder).await {
            Ok(desk) => {
                desk.publish(crate::core::desk::everything_changed());
                Ok(())
            }
            Err(error) => {
                // A profile that does not open (held by another process, damaged) must not leave the window without any.
                if let Some(previous) = previous {
                    self.open(previous).await?;
                }
                Err(error)
            }
        }
    }

    /// The folder a command with no window works on.
    ///
    /// # Errors
    /// When the system names no folder for application data.
    pub fn first_folder(&self) -> Result<ProfileFolder, ProfileError> {
        self.profiles.first()
    }

    /// The language in force: the command line's, else the profile's, else the system's.
    pub async fn locale(&self) -> Locale {
        match self.desk.read().await.clone() {
            Some(desk) => desk.locale().await,
            None => self.locale.unwrap_or_else(Locale::of_system),
        }
    }

    /// Everything the window needs for its first frame.
    ///
    /// # Errors
    /// When the profile cannot be opened or read.
    pub async fn state(&self) -> Result<AppState, AppError> {
        // A profile that was just switched to may start locked.
        self.lock.refuse_locked()?;
        let desk = self.desk().await?;
        let config = desk.config().await;
        let signed_in = desk.signed_in().await;
        let profiles = self.profiles.clone();
        let list = tokio::task::spawn_blocking(move || profiles.list())
            .await
            .unwrap_or_default();
        let keyring_available = signed_in || secrets::keyring_answers().await;
        Ok(AppState {
            profile: desk.folder.describe(&config),
            profiles: list,
            locale: self.locale().await,
            theme: config.settings.theme,
            signed_in,
            account: desk.account().await,
            status: desk.status().await?,
            counts: desk.store.counts().await?,
            keyring_available,
            notice: desk
                .notice()
                .or_else(|| (!self.policy.problems.is_empty()).then(|| "policy_problems".to_owned())),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// Makes a profile and opens it.
    ///
    /// # Errors
    /// When the name is no name, or the folder cannot be made.
    pub async fn create_profile(&self, name: &str) -> Result<(), AppError> {
        let profiles = self.profiles.clone();
        let name = name.to_owned();
        let folder = tokio::task::spawn_blocking(move || profiles.create(&name))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        self.switch(folder).await
    }

    /// Opens another profile; the one open before stays when it cannot be opened.
    ///
    /// # Errors
    /// When there is no such profile or it cannot be opened.
    pub async fn open_profile(&self, id: &str) -> Result<(), AppError> {
        let folder = self.profiles.find(id)?;
        self.switch(folder).await
    }

    /// Signs in as the sign-in page says.
    ///
    /// # Errors
    /// As [`Desk::sign_in`].
    pub async fn sign_in(&self, mut form: SignIn) -> Result<(), AppError> {
        let mut secrets = Secrets::default();
        match form.method {
            SignInMethod::UserToken => secrets.user_token = form.user_token.take(),
            SignInMethod::Password => {
                secrets.login = form.login.take();
                secrets.password = form.password.take();
            }
        }
        secrets.app_token = form.app_token.take();
        let desk = self.desk().await?;
        desk.sign_in(&form.url, form.method, secrets, form.secret_store).await
    }

    /// The open profile's settings.
    ///
    /// # Errors
    /// When the profile cannot be opened.
    pub async fn settings(&self) -> Result<Settings, AppError> {
        Ok(self.desk().await?.config().await.settings)
    }

    /// What becomes known of the lock: the one place where it is told and can be recorded. No name, number or secret is in it.
    fn told(&self, change: LockChange) {
        tracing::info!(?change, "the lock");
        if let LockChange::Locked(_) = change {
            self.notifier.set_locked(true);
        } else if !self.lock.is_locked() {
            self.notifier.set_locked(false);
        }
        if let Some(line) = audited(change)
            && let Ok(desk) = self.desk.try_read()
            && let Some(desk) = desk.as_ref()
        {
            desk.audit_soon(line);
        }
        let _ = self.events.send(AppEvent::Lock(change));
    }

    /// How the lock stands. Answers in any case: a locked desk must be able to say so.
    pub async fn lock_state(&self) -> LockState {
        let view = self.lock.view(self.clock.now());
        let (rules, hours) = (self.lock.policy(), self.wipe_hours());
        let desk = self.desk.read().await.clone();
        let (theme, sign_in, rings) = match &desk {
            Some(desk) => {
                let theme = desk.config().await.settings.theme;
                let sign_in = desk.leased().await.map(|(method, _)| method);
                let calls = desk
                    .telephone()
                    .await
                    .map_or_else(Vec::new, |telephone| telephone.calls());
                let rings = calls.iter().any(|card| card.call.state == CallState::Ringing);
                (theme, sign_in, rings)
            }
            None => (Theme::System, None, false),
        };
        LockState {
            locked: view.locked,
            asked: view.asked,
            pin: view.pin,
            least_length: u32::try_from(LEAST_LENGTH).unwrap_or(u32::MAX),
            wait_s: view.wait_s,
            lease_over: view.lease_over,
            lease_left_h: view.lease_left_h,
            lease_hours: view.settings.lease_hours,
            idle_min: view.settings.idle_min,
            with_session: view.settings.with_session,
            policy: LockRules {
                pin_required: rules.pin_required,
                with_session: rules.with_session,
                idle_most: rules.idle_min,
                lease_most: rules.lease_hours,
            },
            destroyed_at: view
                .revoked_at
                .filter(|_| hours > 0)
                .and_then(|first| first.checked_add(jiff::SignedDuration::from_hours(hours.into())).ok()),
            rings,
            sign_in,
            locale: self.locale().await,
            theme,
        }
    }

    /// Locks the window; `place` is given back when it is opened.
    ///
    /// # Errors
    /// When nobody could open it again.
    pub fn lock_now(&self, place: Option<String>) -> Result<(), AppError> {
        let change = self.lock.lock(place)?;
        self.told(change);
        Ok(())
    }

    /// Opens the window with the PIN; answers where it was.
    ///
    /// # Errors
    /// Why it stays locked.
    pub async fn unlock(&self, pin: Zeroizing<String>) -> Result<Option<String>, AppError> {
        match self.lock.unlock(pin, self.clock.now()).await {
            Ok(place) => {
                self.told(LockChange::OpenedByPin);
                Ok(place)
            }
            Err(error) => {
                if matches!(error, LockError::WrongPin) {
                    self.told(LockChange::Refused);
                }
                Err(error.into())
            }
        }
    }

    /// Opens the window because the profile's own account signed in again at its server; answers where it was. The PIN, which was
    /// forgotten or did not do, is gone.
    ///
    /// # Errors
    /// When the server refuses, the account is another, or there is none.
    pub async fn unlock_by_account(&self, mut form: SignInAgain) -> Result<Option<String>, AppError> {
        let desk = self.desk().await?;
        let mut secrets = Secrets::default();
        secrets.user_token = form.user_token.take();
        secrets.login = form.login.take();
        secrets.password = form.password.take();
        secrets.app_token = desk.kept_app_token().await;
        desk.sign_in_again(secrets).await?;
        let place = self.lock.proved(self.clock.now()).await?;
        self.told(LockChange::OpenedByAccount);
        Ok(place)
    }

    /// Chooses the PIN that the organisation wants at a desk that has none; answers where the window was.
    ///
    /// # Errors
    /// When it is too short, or cannot be kept, or something else locks the desk.
    pub async fn choose_pin(&self, pin: Zeroizing<String>) -> Result<Option<String>, AppError> {
        let kind = self.desk().await?.kind_of_secrets().await;
        let place = self.lock.choose_pin(pin, kind, self.clock.now()).await?;
        self.told(LockChange::OpenedByChoice);
        Ok(place)
    }

    /// Sets, changes or takes away the PIN.
    ///
    /// # Errors
    /// When the current one is wrong, the new one too short, or either cannot be kept.
    pub async fn change_pin(&self, current: Zeroizing<String>, new: Option<Zeroizing<String>>) -> Result<(), AppError> {
        let kind = self.desk().await?.kind_of_secrets().await;
        let changed = self.lock.change_pin(current, new, kind, self.clock.now()).await;
        if let Err(LockError::WrongPin) = &changed {
            self.told(LockChange::Refused);
        }
        Ok(changed?)
    }

    /// Keeps the lock's preferences.
    ///
    /// # Errors
    /// When one is out of its bounds, or they cannot be kept.
    pub fn save_lock(&self, settings: LockSettings) -> Result<(), AppError> {
        self.lock.save(settings).map_err(|refused| match refused {
            SettingsRefused::OutOfRange(setting, max) => AppError::SettingOutOfRange { setting, min: 0, max },
            SettingsRefused::Lock(error) => error.into(),
        })
    }

    /// Looks whether the desk should lock by itself, or may open again. `before`: the round seen by the look before this one.
    pub(crate) async fn look_at_lock(&self, before: &mut Option<Timestamp>) -> Option<LockReason> {
        let now = self.clock.now();
        let desk = self.desk.read().await.clone()?;
        let leased = desk.leased().await;
        let round = leased.and_then(|(_, round)| round);
        // A round ends only when the server took the account's credentials. The first value seen may be of another day.
        let accepted = before.is_some() && round.is_some() && round != *before;
        *before = round.or(*before);
        match self.lock.look(now, leased.is_some(), accepted) {
            Ok(true) => self.told(LockChange::OpenedByServer),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the lease could not be kept"),
        }
        self.lock.due(now, self.on_a_call().await)
    }

    async fn on_a_call(&self) -> bool {
        let Some(desk) = self.desk.read().await.clone() else {
            return false;
        };
        let telephone = desk.telephone().await;
        telephone.is_some_and(|telephone| !telephone.calls().is_empty())
    }

    /// The session of the operating system was locked or opened again: the desk locks with it, after the call if one goes on. It
    /// does not open with it: an unlocked session is not the PIN.
    pub(crate) async fn session_of_system(&self, locked: bool) {
        self.lock.session(locked);
        if let Some(reason) = self.lock.due(self.clock.now(), self.on_a_call().await) {
            self.lock_by_itself(reason).await;
        }
    }

    fn wipe_hours(&self) -> u32 {
        self.policy.policy.account.revoked_wipe_hours.unwrap_or(REVOKED_WIPE_H)
    }

    /// Looks whether the server says that the account is revoked, and destroys the profile once that is certain: it said so three
    /// times at least, over the hours that the policy gives, asked each time anew, and never took the account in between. An outage,
    /// a wrong password, an expired session or any other refusal is no such word.
    pub(crate) async fn look_at_account(&self) {
        let Some(desk) = self.desk.read().await.clone() else {
            return;
        };
        match desk.status().await.map(|status| status.gate) {
            Ok(Gate::AuthRequired { code }) if code == AuthProblem::AccountDisabled.code() => {}
            _ => return,
        }
        if self.lock.revocation(self.wipe_hours(), self.clock.now()) != Revocation::Ask {
            return;
        }
        let said = desk.ask_for_the_account().await;
        let now = self.clock.now();
        match said {
            Err(AppError::Backend(BackendError::Auth(AuthProblem::AccountDisabled))) => {
                if let Err(error) = self.lock.revoked(now) {
                    tracing::error!(%error, "the server's word on the account could not be kept");
                    return;
                }
                tracing::warn!("the server says that the account is revoked");
                if self.lock.revocation(self.wipe_hours(), now) == Revocation::Confirmed {
                    drop(desk);
                    self.destroy_revoked().await;
                }
            }
            // It was taken again: the lock hears of it with the next round.
            Ok(()) => tracing::info!("the server takes the account again"),
            Err(error) => tracing::info!(code = error.code(), "the server was asked for the account"),
        }
    }

    /// Destroys the open profile: the key first. What was unsent goes with it, as the person was told from the first word on.
    async fn destroy_revoked(&self) {
        let _switching = self.switching.lock().await;
        let Some(desk) = self.desk.write().await.take() else {
            return;
        };
        let folder = desk.folder.clone();
        desk.close().await;
        drop(desk);
        let wiped = wipe::wipe(&folder.path, &self.access(), true).await;
        match wiped {
            Ok(wiped) => {
                tracing::error!(files = wiped.files, "the account is revoked: its profile was destroyed");
                if let Err(error) = wipe::leave_word(&folder.path, self.clock.now()) {
                    tracing::warn!(%error, "why the profile is empty could not be written down");
                }
            }
            Err(error) => tracing::error!(%error, "the profile of a revoked account could not be destroyed whole"),
        }
        self.lock.leave();
        self.told(LockChange::Destroyed);
    }

    /// Tells the page that it is about to be locked, then locks: when the page says that all is kept, or after [`LAST_WORDS`].
    pub(crate) async fn lock_by_itself(&self, reason: LockReason) {
        if self.lock.ask(reason) {
            self.told(LockChange::Asked);
            tokio::time::sleep(LAST_WORDS).await;
        }
        // A page that hangs keeps nothing open. The one that answered has locked already.
        if self.lock.view(self.clock.now()).asked
            && let Err(error) = self.lock_now(None)
        {
            tracing::warn!(code = error.code(), "the desk did not lock");
        }
    }

    /// Closes the open profile.
    pub async fn close(&self) {
        let desk = self.desk.write().await.take();
        if let Some(desk) = desk {
            desk.close().await;
        }
        if let Some(remembering) = self.remembering.lock().await.take() {
            let _ = remembering.await;
        }
    }
}

#[cfg(test)]
#[path = "revocation_tests.rs"]
mod revocation_tests;
