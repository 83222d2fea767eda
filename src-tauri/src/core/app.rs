//! The application: the profiles and the one that is open.

use crate::{
    api::{AppState, PbxSettings, Settings, SignIn, SignInMethod},
    core::{
        clocks,
        desk::{AppEvent, Desk, Pace, telephone_place},
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
use std::{
    path::PathBuf,
    sync::{Arc, Mutex as SyncMutex, PoisonError},
};
use tokio::sync::{Mutex, RwLock, broadcast};

/// Changes the window may be behind with before it is told to read everything again.
const EVENTS: usize = 256;

/// The application without its window.
pub struct AppCore {
    profiles: Profiles,
    desk: RwLock<Option<Arc<Desk>>>,
    switching: Mutex<()>,
    events: broadcast::Sender<AppEvent>,
    /// Notices on the desktop.
    pub notifier: Notifier,
    clock: Arc<dyn Clock>,
    locale: Option<Locale>,
    pace: Pace,
    /// What was given to get at the key of the databases.
    access: SyncMutex<KeyAccess>,
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
        Self {
            profiles,
            desk: RwLock::new(None),
            switching: Mutex::new(()),
            notifier: Notifier::new(events.clone()),
            events,
            clock: Arc::new(SystemClock),
            locale,
            pace,
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
            tokio::task::spawn_blocking(move || profiles.remember(&folder));
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

    /// Closes the open profile.
    pub async fn close(&self) {
        let desk = self.desk.write().await.take();
        if let Some(desk) = desk {
            desk.close().await;
        }
    }
}
