//! The application: the profiles and the one that is open.

use crate::{
    api::{
        AppState, LockReason, LockSettings, LockState, PbxSettings, Settings, SignIn, SignInAgain, SignInMethod, Theme,
    },
    core::{
        clocks,
        desk::{AppEvent, Desk, Pace, telephone_place},
        lock::{LEAST_LENGTH, Lock, LockChange, LockError, SettingsRefused},
        notifier::Notifier,
        profile::{ProfileError, ProfileFolder, Profiles},
        rooms,
        secrets::{self, Seal, Secrets},
        surge,
        telephony::TelephonyError,
        vault::{KeyAccess, Vault},
    },
    error::AppError,
    messages::Locale,
};
use guichet_backend::{Clock, SystemClock};
use guichet_domain::{
    audit::{AuditAction, AuditEntry},
    call::CallState,
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
}

/// The audit log's line of a change of the lock.
fn audited(change: LockChange) -> Option<AuditEntry> {
    let line = |action| AuditEntry::done(action, "desk");
    match change {
        LockChange::Asked => None,
        LockChange::Locked(reason) => Some(line(AuditAction::Locked).detail(reason.name())),
        LockChange::OpenedByPin => Some(line(AuditAction::Unlocked).detail("pin")),
        LockChange::OpenedByAccount => Some(line(AuditAction::Unlocked).detail("account")),
        LockChange::OpenedByLease => Some(line(AuditAction::Unlocked).detail("lease").by_program()),
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
        let lock = Lock::new(clock.now());
        if let Ok(folder) = profiles.first() {
            lock.enter(&folder, clock.now());
        }
        Self {
            lock,
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
        }
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
            notice: desk.notice(),
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
            Ok(true) => self.told(LockChange::OpenedByLease),
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "the lease could not be kept"),
        }
        let calls = desk
            .telephone()
            .await
            .map_or_else(Vec::new, |telephone| telephone.calls());
        self.lock.due(now, !calls.is_empty())
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
