//! The desk: one open profile. Its databases are open from the first moment (the window shows the mirror with no network);
//! a session (adapter and sync engine) is added when an account is signed in and its secrets can be read.

use crate::{
    api::{
        Accepted, Account, AlertsState, CallCard, OpenedTicket, PbxKind, PbxSettings, RemoteSessionCard, RoomCard,
        SecretStoreKind, Settings, SignInMethod, SupervisionSettings, SurgeCard, TelephonyState, VipRule,
    },
    core::{
        audit::{Gathered, changed_settings},
        contract,
        escalation::ServiceClock,
        lock::{LockChange, LockError},
        pbx,
        profile::{Connection, ProfileConfig, ProfileFolder, Server},
        remote::RemoteDesk,
        sandbox::RunningSandbox,
        secrets::{Seal, SecretError, SecretPlace, Secrets},
        supervision::Watching,
        telephony::{self, Around, Telephone, TelephonyError, TelephonyEvent},
        transfers::SessionSlot,
        vault::{KeyAccess, Vault},
    },
    error::AppError,
    messages::Locale,
};
use guichet_backend::{Backend, Clock, ServerInfo};
use guichet_backend_glpi::{GlpiBackend, GlpiConfig, HttpTransport, normalise_base_url};
use guichet_domain::{
    OperationId, TicketId, UserId,
    audit::{AuditAction, AuditEntry},
    outbox::{Gate, OutboxEntry},
    wrap_up::WrapUp,
};
use guichet_service_levels::{Clocks, Contract};
use guichet_store::{
    AssigneeFilter, ChangeSet, Draft, OpenReport, Resolution, Store, StoreError, Submission, TicketQuery, View,
};
use guichet_sync::{AfterRestore, Engine, NoSteps, SyncEvent, SyncSettings, SyncStatus};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Mutex, MutexGuard, RwLock, broadcast},
    task::JoinHandle,
};

/// Between two status events to the window at most: a first sync changes the status with every page.
const STATUS_PACE: Duration = Duration::from_millis(100);

/// The last minute of a day.
const LAST_MINUTE: u32 = 24 * 60 - 1;
/// The longest time the window may hold what it submits, in seconds.
const LONGEST_UNDO_S: u32 = 60;

/// Where the desk remembers whose it is.
const OWNER_SETTING: &str = "shell.owner";

/// Whose words and tickets a profile holds.
#[derive(Debug, Serialize, Deserialize)]
struct Owner {
    server: Server,
    user: UserId,
    name: String,
}

/// What the window is told.
#[derive(Debug, Clone)]
pub enum AppEvent {
    /// Reads to make again.
    Changed(ChangeSet),
    /// Reads to make again, because targets by the contract are others.
    Targets(ChangeSet),
    /// The sync engine's state.
    Status(Box<SyncStatus>),
    /// A call, or the PBX.
    Telephony(TelephonyEvent),
    /// A remote session.
    RemoteSession(Box<RemoteSessionCard>),
    /// The alerts of the supervision.
    Alerts(Box<AlertsState>),
    /// The surges there are now.
    Surge(Vec<SurgeCard>),
    /// The rooms of major incidents that are open now.
    Room(Vec<RoomCard>),
    /// The lock.
    Lock(LockChange),
    /// A notice on the desktop was clicked: the ticket it leads to, or the list of notices.
    NoticeClicked(Option<TicketId>),
}

/// Signed in: the adapter and the engine over it.
pub struct Session {
    /// Keeps mirror and server in step.
    pub engine: Arc<Engine>,
    /// The adapter, for `doctor`.
    pub backend: Arc<dyn Backend>,
    tasks: Vec<JoinHandle<()>>,
    sandbox: Mutex<Option<RunningSandbox>>,
}

impl Session {
    /// Ends the tasks, then the embedded server. The engine may be stopped at any await: what was in flight is in doubt
    /// at the next start, and probed.
    async fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
        if let Some(sandbox) = self.sandbox.lock().await.take() {
            sandbox.stop().await;
        }
    }
}

/// How a desk is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Rounds run in the background (the window, `sync --watch`).
    Background,
    /// Rounds are asked for one by one (the command line).
    OnDemand,
}

/// One open profile.
pub struct Desk {
    /// Its folder.
    pub folder: ProfileFolder,
    /// Its databases.
    pub store: Store,
    /// What opening the databases found.
    pub report: OpenReport,
    /// Where an unreadable configuration was moved to.
    pub config_moved: Option<PathBuf>,
    /// What this profile held was destroyed because its account is revoked, and nobody signed in since.
    wiped: bool,
    config: RwLock<ProfileConfig>,
    /// What secrets in files are sealed with.
    pub(super) seal: Seal,
    session: SessionSlot,
    telephone: RwLock<Option<Arc<Telephone>>>,
    /// The supervision that is read, where one is set up and this desk runs in the background.
    pub(super) supervision: RwLock<Option<Watching>>,
    /// The contract with what it was read from, once asked for.
    contract: RwLock<Option<(String, Arc<Contract>)>>,
    /// The contract's calendar, worked out.
    service: RwLock<Option<(Arc<Contract>, Arc<ServiceClock>)>>,
    /// Its clocks, worked out.
    clocks: RwLock<Option<Arc<Clocks>>>,
    /// Why there is no session although an account is configured: a code of the message catalogue.
    obstacle: RwLock<Option<&'static str>>,
    /// What is remembered of surges is changed by one at a time.
    surging: Mutex<()>,
    /// Audit lines of what was shown, not written yet.
    pub(super) gathered: Gathered,
    /// The remote sessions of this run.
    pub(crate) remote: RemoteDesk,
    /// One change of session at a time.
    changing: Mutex<()>,
    events: broadcast::Sender<AppEvent>,
    clock: Arc<dyn Clock>,
    pace: Pace,
    locale_given: Option<Locale>,
}

impl Desk {
    /// Opens a profile's databases. No network; of the keyring, the databases' key only: see [`Desk::connect`].
    ///
    /// # Errors
    /// When the folder, its configuration, its key or its databases cannot be opened.
    pub async fn open(
        folder: ProfileFolder,
        clock: Arc<dyn Clock>,
        events: broadcast::Sender<AppEvent>,
        pace: Pace,
        locale_given: Option<Locale>,
    ) -> Result<Self, AppError> {
        Self::open_with(folder, clock, events, pace, locale_given, &KeyAccess::default()).await
    }

    /// As [`Desk::open`], with what it takes to get at the databases' key.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub async fn open_with(
        folder: ProfileFolder,
        clock: Arc<dyn Clock>,
        events: broadcast::Sender<AppEvent>,
        pace: Pace,
        locale_given: Option<Locale>,
        access: &KeyAccess,
    ) -> Result<Self, AppError> {
        let of_folder = folder.clone();
        let (config, config_moved) = tokio::task::spawn_blocking(move || {
            of_folder.create()?;
            of_folder.read_config()
        })
        .await
        .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        let key = Vault::of(&folder.path).key(access, &config).await?;
        let (store, report) = Store::open(&folder.path, &key, clock.now()).await?;
        let wiped = super::wipe::left_word(&folder.path);
        Ok(Self {
            folder,
            store,
            report,
            wiped,
            config_moved,
            config: RwLock::new(config),
            seal: Seal::of(&key),
            session: SessionSlot::default(),
            telephone: RwLock::new(None),
            supervision: RwLock::new(None),
            contract: RwLock::new(None),
            service: RwLock::new(None),
            clocks: RwLock::new(None),
            obstacle: RwLock::new(None),
            surging: Mutex::new(()),
            gathered: Gathered::default(),
            remote: RemoteDesk::default(),
            changing: Mutex::new(()),
            events,
            clock,
            pace,
            locale_given,
        })
    }

    /// The configuration as it is now.
    pub async fn config(&self) -> ProfileConfig {
        self.config.read().await.clone()
    }

    /// The language in force: given on the command line, chosen in the settings, or the system's.
    pub async fn locale(&self) -> Locale {
        let chosen = self.config.read().await.settings.locale;
        self.locale_given.or(chosen).unwrap_or_else(Locale::of_system)
    }

    /// Something about this start worth telling: a key of the message catalogue.
    #[must_use]
    pub fn notice(&self) -> Option<String> {
        let code = if self.wiped {
            "profile_wiped"
        } else if self.config_moved.is_some() {
            "configuration_moved_aside"
        } else if self.report.mirror_moved_aside.is_some() {
            "mirror_rebuilt"
        } else if !self.report.recovered.is_empty() {
            "entries_recovered"
        } else {
            return None;
        };
        Some(code.to_owned())
    }

    /// The account, once known.
    pub async fn account(&self) -> Option<Account> {
        let config = self.config.read().await;
        config
            .connection
            .as_ref()
            .and_then(|connection| connection.account.clone())
    }

    /// The session, if there is one.
    pub async fn session(&self) -> Option<Arc<Session>> {
        self.session.read().await.clone()
    }

    /// The session.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`] when nobody is signed in.
    pub async fn require_session(&self) -> Result<Arc<Session>, AppError> {
        self.session().await.ok_or(AppError::NotSignedIn)
    }

    pub(super) async fn keep_supervision(&self, settings: Option<SupervisionSettings>) -> Result<(), AppError> {
        self.update_config(|config| config.supervision = settings).await
    }

    async fn update_config(&self, change: impl FnOnce(&mut ProfileConfig)) -> Result<(), AppError> {
        let mut config = self.config.write().await;
        let mut changed = config.clone();
        change(&mut changed);
        let folder = self.folder.clone();
        let written = changed.clone();
        tokio::task::spawn_blocking(move || folder.write_config(&written))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        let told = (
            serde_json::to_value(&*config).unwrap_or_default(),
            serde_json::to_value(&changed).unwrap_or_default(),
        );
        let names = changed_settings(&told.0, &told.1);
        *config = changed;
        drop(config);
        if !names.is_empty() {
            self.audit(AuditEntry::done(AuditAction::SettingsChanged, "settings").detail(names))
                .await?;
        }
        Ok(())
    }

    fn secret_place(&self, config: &ProfileConfig, kind: SecretStoreKind) -> SecretPlace {
        SecretPlace::new(kind, &config.key, &self.folder.path).sealed_by(&self.seal)
    }

    /// Where this profile's secrets are, once signed in.
    pub async fn secrets_of_profile(&self) -> Option<SecretPlace> {
        let config = self.config.read().await;
        let kind = config.connection.as_ref()?.secret_store;
        Some(self.secret_place(&config, kind))
    }

    /// Reads the secrets and starts the session of a signed-in profile. A profile whose secrets cannot be read stays open
    /// and says why ([`Desk::status`]): everything mirrored is readable and everything written is kept.
    ///
    /// # Errors
    /// Why there is no session.
    pub async fn connect(&self) -> Result<(), AppError> {
        let _changing = self.changing.lock().await;
        if self.session().await.is_some() {
            return Ok(());
        }
        let result = self.connect_once().await;
        *self.obstacle.write().await = result.as_ref().err().map(AppError::code);
        if result.is_err() {
            self.publish_status().await;
        }
        result
    }

    async fn connect_once(&self) -> Result<(), AppError> {
        let config = self.config().await;
        let connection = config
            .connection
            .clone()
            .filter(|connection| connection.signed_in)
            .ok_or(AppError::NotSignedIn)?;
        let (secrets, url, sandbox) = match &connection.server {
            Server::Glpi { url } => {
                let place = self.secret_place(&config, connection.secret_store);
                (place.read().await?, url.to_string(), None)
            }
            Server::Sandbox => {
                let sandbox = RunningSandbox::start(&self.folder.path, self.clock.now()).await?;
                (sandbox.secrets(), sandbox.url(), Some(sandbox))
            }
        };
        let backend = self.adapter(&url, &secrets, connection.method, &config.settings)?;
        self.start_session(backend, sandbox, &config.settings).await;
        Ok(())
    }

    fn adapter(
        &self,
        url: &str,
        secrets: &Secrets,
        method: SignInMethod,
        settings: &Settings,
    ) -> Result<Arc<dyn Backend>, AppError> {
        let credentials = secrets.credentials(method).ok_or(SecretError::None)?;
        let transport = Arc::new(HttpTransport::new(url)?);
        let glpi = GlpiConfig {
            vip_rules: settings.vip_rules.iter().map(vip_rule).collect(),
            ..GlpiConfig::default()
        };
        Ok(Arc::new(GlpiBackend::new(
            transport,
            credentials,
            glpi,
            self.clock.clone(),
        )))
    }

    async fn start_session(&self, backend: Arc<dyn Backend>, sandbox: Option<RunningSandbox>, settings: &Settings) {
        let engine = Arc::new(Engine::new(
            self.store.clone(),
            backend.clone(),
            self.clock.clone(),
            Arc::new(NoSteps),
            sync_settings(settings),
            rand::random(),
        ));
        if let Err(error) = engine.recall().await {
            // The first round meets it again and says so.
            tracing::warn!(%error, "the state of the last start could not be read");
        }
        let mut tasks = vec![self.forward_changes(&engine), self.forward_status(&engine)];
        if self.pace == Pace::Background {
            let running = engine.clone();
            tasks.push(tokio::spawn(async move { running.run().await }));
        }
        let session = Arc::new(Session {
            engine,
            backend,
            tasks,
            sandbox: Mutex::new(sandbox),
        });
        let previous = self.session.write().await.replace(session);
        stop(previous).await;
    }

    /// A list's query in which "mine" means the signed-in account, unless it says whose.
    pub async fn with_me(&self, query: &TicketQuery) -> TicketQuery {
        let mut query = query.clone();
        let mine = query.view == View::Mine || query.filter.assignee == Some(AssigneeFilter::Me);
        if mine && query.me.is_none() {
            query.me = self.account().await.map(|account| account.user);
        }
        query
    }

    /// The name or the file of the contract this desk works by.
    pub async fn contract_name(&self) -> String {
        let config = self.config.read().await;
        let server = config.connection.as_ref().map(|connection| &connection.server);
        contract::chosen(&config.settings, server)
    }

    /// The contract this desk works by. Read once: a file that was edited is read again when the settings are saved, or at the next
    /// start.
    ///
    /// # Errors
    /// When there is none, it cannot be read, or something in it is wrong.
    pub async fn contract(&self) -> Result<Arc<Contract>, AppError> {
        let chosen = self.contract_name().await;
        if let Some((name, contract)) = self.contract.read().await.as_ref()
            && *name == chosen
        {
            return Ok(contract.clone());
        }
        let name = chosen.clone();
        let read = tokio::task::spawn_blocking(move || contract::load(&name))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        let read = Arc::new(read);
        *self.contract.write().await = Some((chosen, read.clone()));
        Ok(read)
    }

    /// The clock of the contract's calendar.
    ///
    /// # Errors
    /// As [`Desk::contract`].
    pub async fn service_clock(&self) -> Result<Arc<ServiceClock>, AppError> {
        let contract = self.contract().await?;
        if let Some((known, clock)) = self.service.read().await.as_ref()
            && Arc::ptr_eq(known, &contract)
        {
            return Ok(clock.clone());
        }
        let (of, now) = (contract.clone(), self.now());
        let clock = tokio::task::spawn_blocking(move || Arc::new(ServiceClock::of(&of, now)))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))?;
        *self.service.write().await = Some((contract, clock.clone()));
        Ok(clock)
    }

    /// The contract's clocks.
    ///
    /// # Errors
    /// As [`Desk::contract`].
    pub async fn clocks(&self) -> Result<Arc<Clocks>, AppError> {
        let contract = self.contract().await?;
        if let Some(known) = self.clocks.read().await.as_ref()
            && Arc::ptr_eq(known.contract(), &contract)
        {
            return Ok(known.clone());
        }
        // Targets lie hours or days ahead.
        let last_year = self.now().to_zoned(TimeZone::UTC).year().saturating_add(2);
        let clocks = tokio::task::spawn_blocking(move || Arc::new(Clocks::new(contract, last_year)))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))?;
        *self.clocks.write().await = Some(clocks.clone());
        Ok(clocks)
    }

    /// The current instant.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The telephone, where one is set up and this desk runs in the background.
    pub async fn telephone(&self) -> Option<Arc<Telephone>> {
        self.telephone.read().await.clone()
    }

    /// Starts the telephone that is set up, or of the sandbox; none is no error. What was started before is ended first.
    ///
    /// # Errors
    /// When its settings or its secret cannot be used.
    pub async fn start_telephone(&self) -> Result<(), AppError> {
        let mut current = self.telephone.write().await;
        if let Some(before) = current.take() {
            before.stop().await;
        }
        let config = self.config().await;
        let of_sandbox = match self.session().await {
            Some(session) => session.sandbox.lock().await.as_ref().map(RunningSandbox::telephone),
            None => None,
        };
        let (settings, secret) = match (of_sandbox, config.telephone.clone()) {
            (Some(sandbox), _) => sandbox,
            (None, Some(settings)) => {
                let secrets = telephone_place(&config, &self.folder.path, &self.seal).read().await?;
                (settings, secrets.password.clone().unwrap_or_default())
            }
            (None, None) => return Ok(()),
        };
        let contract = self.contract().await.inspect_err(|error| {
            // Calls are taken all the same; what the contract decides is not offered.
            tracing::error!(code = error.code(), "the contract cannot be used");
        });
        let contract = contract.ok();
        let device = settings.device.clone();
        let of_contract = contract.clone();
        let config = tokio::task::spawn_blocking(move || pbx::config(&settings, secret, of_contract.as_deref()))
            .await
            .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        let around = Around {
            store: self.store.clone(),
            events: self.events.clone(),
            contract,
            locale: self.locale().await,
            session: self.session.clone(),
        };
        *current = Some(Arc::new(Telephone::start(config, &device, around).await?));
        Ok(())
    }

    /// Where a telephone of any make tells of its calls, token included; `None` for another kind of telephone.
    ///
    /// # Errors
    /// When the secret cannot be read.
    pub async fn telephone_endpoint(&self) -> Result<Option<String>, AppError> {
        let config = self.config().await;
        let Some(settings) = config.telephone.as_ref().filter(|one| one.kind == PbxKind::Generic) else {
            return Ok(None);
        };
        let secrets = telephone_place(&config, &self.folder.path, &self.seal).read().await?;
        let token = secrets.password.clone().unwrap_or_default();
        Ok(Some(format!("http://127.0.0.1:{}/cti/{token}", settings.port)))
    }

    /// Sets the telephone up, with its secret (the one kept stays when none is given), and starts it; `None` takes it away.
    ///
    /// # Errors
    /// When a setting is missing, or the secret or the profile cannot be written: the telephone used before stays then.
    pub async fn save_telephone(&self, settings: Option<PbxSettings>, secret: Option<String>) -> Result<(), AppError> {
        let config = self.config().await;
        let place = telephone_place(&config, &self.folder.path, &self.seal);
        if let Some(settings) = &settings {
            let kind_before = config.telephone.as_ref().map(|before| before.kind);
            let (checked, kept) = (settings.clone(), String::new());
            tokio::task::spawn_blocking(move || pbx::config(&checked, kept, None).map(drop))
                .await
                .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
            let secret = match secret {
                // What the endpoint's address ends with is nobody's password: it is made here, once.
                None if settings.kind == PbxKind::Generic && kind_before != Some(PbxKind::Generic) => {
                    Some(uuid::Uuid::new_v4().simple().to_string())
                }
                given => given,
            };
            if let Some(secret) = secret {
                let mut secrets = Secrets::default();
                secrets.password = Some(secret);
                place.write(&secrets).await?;
            }
        } else {
            place.delete().await?;
        }
        self.update_config(|config| config.telephone = settings).await?;
        let started = self.start_telephone().await;
        if self.telephone().await.is_none() {
            let none = TelephonyState {
                device: None,
                connection: None,
            };
            let _ = self
                .events
                .send(AppEvent::Telephony(TelephonyEvent::State(Box::new(none))));
        }
        started
    }

    /// Makes somebody call the sandbox's queue: a VIP whose number is known, unless a number is given.
    ///
    /// # Errors
    /// When this is no sandbox.
    pub async fn sandbox_call(&self, number: Option<&str>) -> Result<(), AppError> {
        let session = self.require_session().await?;
        let pbx = session.sandbox.lock().await.as_ref().map(RunningSandbox::pbx);
        let pbx = pbx.ok_or(TelephonyError::NotSetUp)?;
        let number = match number {
            Some(number) => number.to_owned(),
            None => {
                let numbers = self.store.vip_numbers(1).await?;
                let number = numbers.into_iter().next();
                number.ok_or_else(|| TelephonyError::NoNumber(String::new()))?
            }
        };
        pbx.call(&number, "");
        Ok(())
    }

    fn forward_changes(&self, engine: &Engine) -> JoinHandle<()> {
        let mut changes = engine.events();
        let events = self.events.clone();
        tokio::spawn(async move {
            loop {
                let change = match changes.recv().await {
                    Ok(SyncEvent::Changed(change)) => change,
                    // Some were missed: everything may have changed.
                    Err(broadcast::error::RecvError::Lagged(_)) => everything_changed(),
                    Err(broadcast::error::RecvError::Closed) => return,
                };
                let _ = events.send(AppEvent::Changed(change));
            }
        })
    }

    fn forward_status(&self, engine: &Engine) -> JoinHandle<()> {
        let mut status = engine.status();
        let events = self.events.clone();
        tokio::spawn(async move {
            loop {
                let now = status.borrow_and_update().clone();
                let _ = events.send(AppEvent::Status(Box::new(now)));
                tokio::time::sleep(STATUS_PACE).await;
                if status.changed().await.is_err() {
                    return;
                }
            }
        })
    }

    /// What happens, as the window is told it.
    pub(crate) fn hear(&self) -> broadcast::Receiver<AppEvent> {
        self.events.subscribe()
    }

    /// Tells the window.
    pub(crate) fn tell(&self, event: AppEvent) {
        let _ = self.events.send(event);
    }

    /// Held while what is remembered of surges is read and written.
    pub(crate) async fn surging(&self) -> MutexGuard<'_, ()> {
        self.surging.lock().await
    }

    /// Where the window is told, for what outlives a call.
    pub(crate) fn sender(&self) -> broadcast::Sender<AppEvent> {
        self.events.clone()
    }

    /// Where the token of TeamViewer's service is.
    pub(crate) async fn remote_secrets(&self) -> SecretPlace {
        let config = self.config.read().await;
        let kind = config
            .connection
            .as_ref()
            .map_or(SecretStoreKind::default(), |connection| connection.secret_store);
        SecretPlace::of_remote(kind, &config.key, &self.folder.path).sealed_by(&self.seal)
    }

    /// Tells the window that reads are to be made again.
    pub fn publish(&self, changes: ChangeSet) {
        let _ = self.events.send(AppEvent::Changed(changes));
    }

    pub(crate) async fn publish_status(&self) {
        if let Ok(status) = self.status().await {
            let _ = self.events.send(AppEvent::Status(Box::new(status)));
        }
    }

    /// The engine's state; without a session, what is known without one: the gate tells why.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub async fn status(&self) -> Result<SyncStatus, AppError> {
        if let Some(session) = self.session().await {
            let status = session.engine.status().borrow().clone();
            // Counted afresh: something may have been accepted since the engine last looked.
            return Ok(SyncStatus {
                outbox: self.store.outbox_counts().await?,
                ..status
            });
        }
        let signed_in = self.signed_in().await;
        let obstacle = *self.obstacle.read().await;
        let gate = if signed_in && obstacle.is_none() {
            // The session is about to start.
            self.store.gate().await?
        } else {
            Gate::AuthRequired {
                code: obstacle.unwrap_or("auth_no_secret").to_owned(),
            }
        };
        Ok(SyncStatus {
            gate,
            last_round_at: self.store.last_round_at().await?,
            outbox: self.store.outbox_counts().await?,
            last_error: obstacle.map(str::to_owned),
            ..SyncStatus::default()
        })
    }

    /// An account is configured and not signed out.
    pub async fn signed_in(&self) -> bool {
        let config = self.config.read().await;
        config
            .connection
            .as_ref()
            .is_some_and(|connection| connection.signed_in)
    }

    /// Signs in to a GLPI server: asks the server first, keeps the secrets and the account only when it agrees.
    ///
    /// # Errors
    /// What the server, the keyring or the profile says; [`AppError::UnsentOfAnotherAccount`] when operations of another
    /// account are still to be sent, because they must not go out under this one's name.
    pub async fn sign_in(
        &self,
        url: &str,
        method: SignInMethod,
        secrets: Secrets,
        secret_store: SecretStoreKind,
    ) -> Result<(), AppError> {
        let _changing = self.changing.lock().await;
        let url = normalise_base_url(url)?;
        let config = self.config().await;
        let backend = self.adapter(url.as_str(), &secrets, method, &config.settings)?;
        let info = backend.open().await?;
        let server = Server::Glpi { url };
        let account = account_of(&info);
        let other = self.refuse_another_account(&server, &account).await?;
        self.secret_place(&config, secret_store).write(&secrets).await?;
        if let Some(before) = &config.connection
            && before.secret_store != secret_store
            && before.server != Server::Sandbox
        {
            // The old place must not keep a copy; it may be unreachable, which is no reason to refuse the sign-in.
            let _ = self.secret_place(&config, before.secret_store).delete().await;
        }
        self.signed_in_as(
            Connection {
                server,
                method,
                secret_store,
                signed_in: true,
                account: Some(account),
            },
            backend,
            None,
            other,
        )
        .await
    }

    /// Signs the profile's own account in again, at its own server: proves who is there. Nothing changes when the server refuses.
    ///
    /// # Errors
    /// [`LockError::NoAccount`] where there is none, [`LockError::AnotherAccount`] when the credentials are somebody else's; else
    /// as [`Desk::sign_in`].
    pub async fn sign_in_again(&self, secrets: Secrets) -> Result<(), AppError> {
        let config = self.config().await;
        let Some(Connection {
            server: Server::Glpi { url },
            method,
            secret_store,
            account: Some(account),
            ..
        }) = config.connection.clone()
        else {
            return Err(LockError::NoAccount.into());
        };
        let backend = self.adapter(url.as_str(), &secrets, method, &config.settings)?;
        let info = backend.open().await?;
        // Asked once more below; this session is not needed any more.
        let _ = tokio::time::timeout(Duration::from_secs(2), backend.close()).await;
        if info.user != account.user {
            return Err(LockError::AnotherAccount.into());
        }
        self.sign_in(url.as_str(), method, secrets, secret_store).await
    }

    /// Asks the server for the account with the secrets that are kept: whether it takes it now. When it does, the session goes on.
    ///
    /// # Errors
    /// What the server or the place of the secrets says.
    pub(crate) async fn ask_for_the_account(&self) -> Result<(), AppError> {
        let Some(place) = self.secrets_of_profile().await else {
            return Err(LockError::NoAccount.into());
        };
        let secrets = place.read().await?;
        self.sign_in_again(secrets).await
    }

    /// How the account signs in at a server that is not the sandbox, and when that server last finished a round.
    pub(crate) async fn leased(&self) -> Option<(SignInMethod, Option<Timestamp>)> {
        let config = self.config().await;
        let connection = config
            .connection
            .filter(|connection| connection.server != Server::Sandbox)?;
        let round = match self.session().await {
            Some(session) => session.engine.status().borrow().last_round_at,
            None => None,
        };
        Some((connection.method, round))
    }

    /// Where the lock keeps the hash of a PIN: where the account's secrets are.
    pub(crate) async fn kind_of_secrets(&self) -> SecretStoreKind {
        let config = self.config.read().await;
        let connection = config.connection.as_ref();
        connection.map_or(SecretStoreKind::default(), |connection| connection.secret_store)
    }

    /// The session's application token, which a person who signs in again does not know by heart.
    pub(crate) async fn kept_app_token(&self) -> Option<String> {
        let place = self.secrets_of_profile().await?;
        place.read().await.ok()?.app_token.clone()
    }

    /// Starts the embedded sandbox with its data in the profile's folder, and signs in to it.
    ///
    /// # Errors
    /// As [`Desk::sign_in`], and when the sandbox does not start.
    pub async fn use_sandbox(&self) -> Result<(), AppError> {
        let _changing = self.changing.lock().await;
        let config = self.config().await;
        if let Some(session) = self.session().await
            && session.sandbox.lock().await.is_some()
        {
            return Ok(());
        }
        let sandbox = RunningSandbox::start(&self.folder.path, self.clock.now()).await?;
        let method = SignInMethod::UserToken;
        let signed_in = async {
            let backend = self.adapter(&sandbox.url(), &sandbox.secrets(), method, &config.settings)?;
            let info = backend.open().await?;
            let account = account_of(&info);
            let other = self.refuse_another_account(&Server::Sandbox, &account).await?;
            Ok::<_, AppError>((backend, account, other))
        }
        .await;
        let (backend, account, other) = match signed_in {
            Ok(signed_in) => signed_in,
            Err(error) => {
                sandbox.stop().await;
                return Err(error);
            }
        };
        self.signed_in_as(
            Connection {
                server: Server::Sandbox,
                method,
                // Its tokens open demonstration data on this machine's loopback only; they stay with that data.
                secret_store: SecretStoreKind::File,
                signed_in: true,
                account: Some(account),
            },
            backend,
            Some(sandbox),
            other,
        )
        .await
    }

    /// Whether the account differs from the one whose words and tickets this profile holds. That is read from the desk's own
    /// database, beside the words, so that a lost configuration changes nothing.
    async fn refuse_another_account(&self, server: &Server, account: &Account) -> Result<bool, AppError> {
        let Some(text) = self.store.setting(OWNER_SETTING).await? else {
            return Ok(false);
        };
        let before: Option<Owner> = serde_json::from_str(&text).ok();
        if before
            .as_ref()
            .is_some_and(|before| before.server == *server && before.user == account.user)
        {
            return Ok(false);
        }
        let pending = self.store.outbox_counts().await?.pending;
        if pending > 0 {
            return Err(AppError::UnsentOfAnotherAccount {
                pending,
                account: before.map(|before| before.name).unwrap_or_default(),
            });
        }
        Ok(true)
    }

    async fn signed_in_as(
        &self,
        connection: Connection,
        backend: Arc<dyn Backend>,
        sandbox: Option<RunningSandbox>,
        other_account: bool,
    ) -> Result<(), AppError> {
        super::wipe::forget_word(&self.folder.path);
        let previous = self.session.write().await.take();
        stop(previous).await;
        if other_account {
            self.store.reset_mirror().await?;
        }
        if let Some(account) = &connection.account {
            let owner = Owner {
                server: connection.server.clone(),
                user: account.user,
                name: account.name.clone(),
            };
            let text = serde_json::to_string(&owner).map_err(StoreError::from)?;
            self.store.set_setting(OWNER_SETTING, &text).await?;
            self.store.set_account(Some(account.user)).await?;
            self.audit(AuditEntry::done(
                AuditAction::SignedIn,
                format!("user:{}", account.user.0),
            ))
            .await?;
        }
        self.update_config(|config| config.connection = Some(connection))
            .await?;
        let settings = self.config.read().await.settings.clone();
        self.start_session(backend, sandbox, &settings).await;
        *self.obstacle.write().await = None;
        if let Some(session) = self.session().await {
            session.engine.signed_in().await?;
            session.engine.nudge();
        }
        self.publish(everything_changed());
        Ok(())
    }

    /// Signs out: the secrets are forgotten, the session ends. What is mirrored and what is unsent stay.
    ///
    /// # Errors
    /// When the secrets cannot be deleted.
    pub async fn sign_out(&self) -> Result<(), AppError> {
        let _changing = self.changing.lock().await;
        let session = self.session.write().await.take();
        if let Some(session) = &session {
            // Signing out at the server is a courtesy: it must not make a person wait for a network that is not there.
            let _ = tokio::time::timeout(Duration::from_secs(2), session.backend.close()).await;
        }
        if let Some(session) = &session
            && session.sandbox.lock().await.is_some()
            && let Some(telephone) = self.telephone.write().await.take()
        {
            // Its PBX goes with it.
            telephone.stop().await;
        }
        stop(session).await;
        if let Some(place) = self.secrets_of_profile().await {
            place.delete().await?;
        }
        self.audit(AuditEntry::done(AuditAction::SignedOut, "")).await?;
        self.update_config(|config| {
            if let Some(connection) = &mut config.connection {
                connection.signed_in = false;
            }
        })
        .await?;
        self.publish_status().await;
        Ok(())
    }

    /// Keeps the settings; the session starts again when they matter to it.
    ///
    /// # Errors
    /// When a setting is out of its range, or the profile cannot be written.
    pub async fn save_settings(&self, settings: Settings) -> Result<Settings, AppError> {
        within("active_interval_s", settings.active_interval_s, 1, 3600)?;
        within("longest_processing_s", settings.longest_processing_s, 10, 3600)?;
        if let Some(quiet) = &settings.quiet_hours {
            within("quiet_hours.from_min", quiet.from_min, 0, LAST_MINUTE)?;
            within("quiet_hours.until_min", quiet.until_min, 0, LAST_MINUTE)?;
        }
        within("undo_send_s", settings.undo_send_s, 0, LONGEST_UNDO_S)?;
        let before = self.config().await.settings;
        if let Some(given) = settings.contract.clone().filter(|given| !given.trim().is_empty()) {
            // A contract that does not read is told here, and the one in use stays.
            tokio::task::spawn_blocking(move || contract::load(given.trim()))
                .await
                .map_err(|error| AppError::Store(std::io::Error::other(error).into()))??;
        }
        let kept = settings.clone();
        self.update_config(|config| config.settings = kept).await?;
        *self.contract.write().await = None;
        let works_otherwise = before.contract != settings.contract || before.locale != settings.locale;
        if works_otherwise && self.telephone().await.is_some() {
            self.start_telephone().await?;
        }
        let restart = before.vip_rules != settings.vip_rules
            || before.active_interval_s != settings.active_interval_s
            || before.longest_processing_s != settings.longest_processing_s;
        if restart && self.session().await.is_some() {
            let session = {
                let _changing = self.changing.lock().await;
                self.session.write().await.take()
            };
            stop(session).await;
            self.connect().await?;
        }
        Ok(settings)
    }

    /// A ticket as it is opened: what its screen shows, what lies around it, what is being typed on it.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub async fn open_ticket(&self, id: TicketId) -> Result<Option<OpenedTicket>, AppError> {
        let Some(view) = self.store.ticket(id).await? else {
            return Ok(None);
        };
        let id = view.ticket.id;
        let requester = view.requester.as_ref().map(|card| card.person.id);
        let assets: Vec<_> = view.assets.iter().map(|asset| asset.key.clone()).collect();
        let around = self.store.around_ticket(id, requester, &assets).await?;
        let drafts = self.store.drafts_of(id).await?;
        Ok(Some(OpenedTicket { view, around, drafts }))
    }

    /// Accepts operations on one lane durably and lets them go out when their hold ends, at once without one.
    ///
    /// # Errors
    /// When an operation is incomplete or the databases refuse it.
    pub async fn submit(&self, submission: Submission) -> Result<Accepted, AppError> {
        for (_, operation) in &submission.operations {
            operation.validate()?;
        }
        let held = !submission.hold.is_zero();
        let accepted = self.store.submit(submission, self.clock.now()).await?;
        self.publish(accepted.changes);
        self.publish_status().await;
        if let Some(session) = self.session().await {
            session.engine.accepted(held);
        }
        Ok(Accepted {
            lane: accepted.lane,
            entries: accepted.entries,
        })
    }

    /// Does the wrap-up of a call of the journal.
    ///
    /// # Errors
    /// As [`telephony::close`].
    pub async fn close_call(&self, id: &str, wrap_up: &WrapUp, locale: Locale) -> Result<CallCard, AppError> {
        let telephone = self.telephone().await;
        let (card, changes) = telephony::close(
            &self.store,
            telephone.as_deref(),
            id,
            wrap_up,
            &locale,
            self.clock.now(),
        )
        .await?;
        if changes != ChangeSet::default() {
            self.publish(changes);
            self.publish_status().await;
            if let Some(session) = self.session().await {
                session.engine.accepted(false);
            }
        }
        Ok(card)
    }

    /// Accepts several submissions in one durable transaction; answers for each whether it was.
    ///
    /// # Errors
    /// When the databases refuse the whole.
    pub async fn submit_all(&self, submissions: Vec<Submission>) -> Result<Vec<Result<Accepted, AppError>>, AppError> {
        let held = submissions.iter().all(|submission| !submission.hold.is_zero());
        let outcomes = self.store.submit_all(&submissions, self.clock.now()).await?;
        if let Some(accepted) = outcomes.iter().flatten().next() {
            self.publish(accepted.changes.clone());
            self.publish_status().await;
            if let Some(session) = self.session().await {
                session.engine.accepted(held);
            }
        }
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                let accepted = outcome?;
                Ok(Accepted {
                    lane: accepted.lane,
                    entries: accepted.entries,
                })
            })
            .collect())
    }

    /// How long what the window submits is held, unless it says otherwise.
    pub async fn hold(&self) -> Duration {
        Duration::from_secs(self.config.read().await.settings.undo_send_s.into())
    }

    /// Takes back what was submitted and has not left, all of it or nothing; its words are drafts again.
    ///
    /// # Errors
    /// When a request for any of it may have left already.
    pub async fn take_back(&self, ids: &[OperationId]) -> Result<Vec<Draft>, AppError> {
        let taken = self.store.take_back(ids, self.clock.now()).await?;
        self.publish(taken.changes);
        self.publish_status().await;
        if let Some(session) = self.session().await {
            // What waited behind it in its lane need not any more.
            session.engine.nudge();
        }
        Ok(taken.drafts)
    }

    /// A person's way out of an entry.
    ///
    /// # Errors
    /// When the entry is not there or has changed state meanwhile.
    pub async fn resolve(&self, id: OperationId, resolution: Resolution) -> Result<(), AppError> {
        let changes = self.store.resolve(id, resolution, self.clock.now()).await?;
        self.publish(changes);
        self.publish_status().await;
        if let Some(session) = self.session().await {
            session.engine.nudge();
        }
        Ok(())
    }

    /// What was sent and what a server that was brought back from a backup does not have any more, the newest first.
    ///
    /// # Errors
    /// Why there is no session, or why the server cannot be asked.
    pub async fn lost_words(&self) -> Result<Vec<OutboxEntry>, AppError> {
        Ok(self.require_session().await?.engine.lost_words().await?)
    }

    /// Decides what becomes of it; the gate opens and the mirror is read again. Answers what was accepted once more.
    ///
    /// # Errors
    /// As [`Self::lost_words`]; nothing is decided then.
    pub async fn go_on_after_restore(&self, answer: AfterRestore) -> Result<Vec<OperationId>, AppError> {
        let repeated = self.require_session().await?.engine.go_on(answer).await?;
        self.publish_status().await;
        Ok(repeated.into_iter().map(|one| one.id).collect())
    }

    /// Asks for a round now; a session that could not start (keyring locked, sandbox down) is tried again.
    ///
    /// # Errors
    /// Why there is no session.
    pub async fn sync_now(&self) -> Result<(), AppError> {
        if self.session().await.is_none() {
            self.connect().await?;
        }
        self.require_session().await?.engine.nudge();
        Ok(())
    }

    /// Ends the session and closes the databases.
    pub async fn close(&self) {
        let _changing = self.changing.lock().await;
        let session = self.session.write().await.take();
        if let Some(telephone) = self.telephone.write().await.take() {
            telephone.stop().await;
        }
        self.remote.stop();
        stop(session).await;
        self.gathered.write(&self.store).await;
        self.store.close().await;
    }
}

/// Where the secret of a profile's telephone is.
pub(super) fn telephone_place(config: &ProfileConfig, folder: &Path, seal: &Seal) -> SecretPlace {
    let kind = config
        .connection
        .as_ref()
        .map_or(SecretStoreKind::default(), |connection| connection.secret_store);
    SecretPlace::of_telephone(kind, &config.key, folder).sealed_by(seal)
}

async fn stop(session: Option<Arc<Session>>) {
    if let Some(session) = session {
        session.stop().await;
    }
}

fn within(setting: &'static str, value: u32, min: u32, max: u32) -> Result<(), AppError> {
    if (min..=max).contains(&value) {
        Ok(())
    } else {
        Err(AppError::SettingOutOfRange { setting, min, max })
    }
}

/// A change set that invalidates every read.
#[must_use]
pub fn everything_changed() -> ChangeSet {
    ChangeSet {
        lists: true,
        outbox: true,
        people: true,
        articles: true,
        catalogues: true,
        assets: true,
        ..ChangeSet::default()
    }
}

fn account_of(info: &ServerInfo) -> Account {
    Account {
        user: info.user,
        name: info.name.clone(),
        product: info.product.clone(),
        profile: info.profile.clone(),
    }
}

fn vip_rule(rule: &VipRule) -> guichet_backend_glpi::VipRule {
    match *rule {
        VipRule::Category { id } => guichet_backend_glpi::VipRule::UserCategory { id },
        VipRule::Group { id } => guichet_backend_glpi::VipRule::Group { id },
        VipRule::Plugin => guichet_backend_glpi::VipRule::Plugin,
    }
}

fn sync_settings(settings: &Settings) -> SyncSettings {
    SyncSettings {
        active_interval: Duration::from_secs(settings.active_interval_s.into()),
        longest_processing: Duration::from_secs(settings.longest_processing_s.into()),
        ..SyncSettings::default()
    }
}
