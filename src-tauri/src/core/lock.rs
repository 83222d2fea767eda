//! The lock of the window. While it is on, the window's commands are refused and its events held back (see `commands::guarded`);
//! the session, the telephone and the outbox go on behind it. What it keeps lies in `lock.json` of the profile, readable before
//! any database is open, so that a desk can start locked; the hash of the PIN lies with the secrets. See `docs/lock.md`.

use crate::{
    api::{LockReason, LockSettings, SecretStoreKind},
    core::{
        lease::Lease,
        policy::LockPolicy,
        profile::{ProfileFolder, write_atomically},
        secrets::{SecretError, SecretPlace, Secrets},
    },
};
use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};
use zeroize::Zeroizing;

/// Its file in the profile.
const FILE: &str = "lock.json";
/// Fewest characters of a PIN.
pub const LEAST_LENGTH: usize = 6;
/// Most: what is typed is hashed, and must stay cheap to hash.
const MOST_LENGTH: usize = 200;
/// Minutes without a sign of life, unless chosen otherwise.
const IDLE_MIN: u32 = 10;
/// Most minutes that can be chosen.
const IDLE_MAX_MIN: u32 = 480;
/// Most hours of a lease that can be chosen: a year.
const LEASE_MAX_H: u32 = 8760;
/// Wrong tries that cost no wait: fingers slip.
const FREE_TRIES: u32 = 3;
/// The wait after the next wrong try, in seconds; it doubles with each one more.
const FIRST_WAIT_S: i64 = 5;
/// The longest wait, in seconds.
const LONGEST_WAIT_S: i64 = 900;
/// Between two writes of the instants of the lease.
const LEASE_PACE: SignedDuration = SignedDuration::from_mins(5);
/// Between two words of the server that the account is revoked.
const WORD_PACE: SignedDuration = SignedDuration::from_hours(1);
/// How many words it takes at least, however much time lies between the first and the last: a clock that jumps is no proof.
const WORDS: u32 = 3;
/// Longest description of a place in the window that is kept while it is locked, in bytes.
const PLACE_MAX: usize = 4096;

/// Why the lock does not do what it is asked for.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// The desk is locked.
    #[error("the desk is locked")]
    Locked,
    /// Nobody could open it again.
    #[error("no PIN is set")]
    NoWayOut,
    /// The PIN is another.
    #[error("the PIN is wrong")]
    WrongPin,
    /// Wrong ones were given: the next try is taken later.
    #[error("the next try is taken in {seconds} s")]
    Wait {
        /// In how many seconds.
        seconds: u32,
    },
    /// The server has to accept the account first.
    #[error("the lease is over")]
    LeaseOver,
    /// The PIN has too few or too many characters.
    #[error("a PIN has {LEAST_LENGTH} to {MOST_LENGTH} characters")]
    Length,
    /// The organisation wants every desk to have a PIN.
    #[error("the policy wants a PIN")]
    PinRequired,
    /// The server said that the account is revoked.
    #[error("the account is revoked")]
    Revoked,
    /// The PIN's hash is gone or damaged: signing in again is the way out.
    #[error("the PIN cannot be checked any more")]
    PinLost,
    /// There is no account to sign in with.
    #[error("there is no account to sign in with")]
    NoAccount,
    /// The credentials are of somebody else.
    #[error("the credentials are of another account")]
    AnotherAccount,
    /// What the lock keeps cannot be written.
    #[error("{path}: {source}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The hash cannot be made.
    #[error("the PIN cannot be hashed: {0}")]
    Hash(String),
    /// The place of the hash.
    #[error(transparent)]
    Secret(#[from] SecretError),
}

impl LockError {
    /// Codes of the message catalogue that are this error's own.
    pub const CODES: [&'static str; 13] = [
        "locked",
        "lock_no_way_out",
        "lock_pin_wrong",
        "lock_wait",
        "lock_lease_over",
        "lock_pin_length",
        "lock_pin_required",
        "lock_revoked",
        "lock_pin_lost",
        "lock_no_account",
        "lock_another_account",
        "lock_file",
        "lock_hash",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::NoWayOut => "lock_no_way_out",
            Self::WrongPin => "lock_pin_wrong",
            Self::Wait { .. } => "lock_wait",
            Self::LeaseOver => "lock_lease_over",
            Self::Length => "lock_pin_length",
            Self::PinRequired => "lock_pin_required",
            Self::Revoked => "lock_revoked",
            Self::PinLost => "lock_pin_lost",
            Self::NoAccount => "lock_no_account",
            Self::AnotherAccount => "lock_another_account",
            Self::File { .. } => "lock_file",
            Self::Hash(_) => "lock_hash",
            Self::Secret(error) => error.code(),
        }
    }

    /// What its text names.
    pub(crate) fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Wait { seconds } => vec![("seconds", seconds.to_string())],
            Self::Length => vec![("min", LEAST_LENGTH.to_string()), ("max", MOST_LENGTH.to_string())],
            Self::File { source, .. } => vec![("detail", source.to_string())],
            Self::Hash(detail) => vec![("detail", detail.clone())],
            Self::Secret(error) => vec![("detail", error.to_string())],
            _ => Vec::new(),
        }
    }
}

/// `lock.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    idle_min: u32,
    /// Where the hash of the PIN is; `None`: there is no PIN.
    pin: Option<SecretStoreKind>,
    /// Wrong tries in a row. Counted before a try is checked, so that ending the program does not forget one.
    wrong: u32,
    wrong_at: Option<Timestamp>,
    lease: Lease,
    /// Whether it locks with the session of the operating system.
    with_session: bool,
    /// What the server said of the account being revoked, since it last accepted it.
    revoked: Option<Revoked>,
}

/// The server's word that the account is revoked: when it was first given, and how often, counted once an hour at most, so that
/// neither a clock that jumps nor a server that is asked often makes one word into many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Revoked {
    first_at: Timestamp,
    last_at: Timestamp,
    words: u32,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            idle_min: IDLE_MIN,
            pin: None,
            wrong: 0,
            wrong_at: None,
            lease: Lease::default(),
            with_session: true,
            revoked: None,
        }
    }
}

impl Kept {
    /// Brought within what the organisation decided. A preference that is cut stays cut when the policy goes: nobody has to
    /// remember two values.
    fn within(mut self, policy: LockPolicy) -> Self {
        let at_most = |value: u32, most: Option<u32>| match most {
            // 0 is "never", the longest of all.
            Some(most) if value == 0 || value > most => most,
            _ => value,
        };
        self.idle_min = at_most(self.idle_min, policy.idle_min);
        self.lease.hours = at_most(self.lease.hours, policy.lease_hours);
        self.with_session = policy.with_session.unwrap_or(self.with_session);
        self
    }

    /// Why a desk that nobody locked is locked all the same.
    fn own_reason(&self, policy: LockPolicy, now: Timestamp) -> Option<LockReason> {
        if self.revoked.is_some() {
            Some(LockReason::Revoked)
        } else if self.lease.is_over(now) {
            Some(LockReason::Lease)
        } else {
            (policy.pin_required && self.pin.is_none()).then_some(LockReason::NoPin)
        }
    }

    /// What is left of the wait after wrong tries, in seconds.
    fn wait_s(&self, now: Timestamp) -> u32 {
        let Some(at) = self.wrong_at.filter(|_| self.wrong > FREE_TRIES) else {
            return 0;
        };
        let doublings = (self.wrong - FREE_TRIES - 1).min(16);
        let whole = (FIRST_WAIT_S << doublings).min(LONGEST_WAIT_S);
        // A clock set back makes nobody wait less, nor longer than the whole of it.
        let gone = now.duration_since(at).as_secs().max(0);
        u32::try_from((whole - gone).max(0)).unwrap_or(0)
    }
}

#[derive(Debug)]
struct Inner {
    folder: Option<ProfileFolder>,
    kept: Kept,
    locked: Option<LockReason>,
    asked: Option<LockReason>,
    active_at: Timestamp,
    place: Option<String>,
    lease_written_at: Option<Timestamp>,
    /// The session of the operating system is locked, or about to sleep.
    session_locked: bool,
}

/// What the lock's owner records elsewhere, or tells the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockChange {
    /// It is about to lock.
    Asked,
    /// It locked.
    Locked(LockReason),
    /// It was opened with the PIN.
    OpenedByPin,
    /// It was opened because its account signed in again; the PIN is gone.
    OpenedByAccount,
    /// The server took the account again, and nothing else held it.
    OpenedByServer,
    /// The PIN that the organisation wants was chosen.
    OpenedByChoice,
    /// The profile was destroyed because the account is revoked: there is nothing left to lock.
    Destroyed,
    /// A PIN was wrong.
    Refused,
}

/// The lock of the open profile.
#[derive(Debug)]
pub struct Lock {
    policy: LockPolicy,
    inner: Mutex<Inner>,
    /// One try at a time: tries side by side would slip past the wait.
    trying: tokio::sync::Mutex<()>,
}

/// What a look at the lock shows; see [`crate::api::LockState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockView {
    /// Why it is locked.
    pub locked: Option<LockReason>,
    /// It is about to be.
    pub asked: bool,
    /// There is a PIN.
    pub pin: bool,
    /// Seconds until the next try.
    pub wait_s: u32,
    /// The lease ran out.
    pub lease_over: bool,
    /// Whole hours that are left of it.
    pub lease_left_h: Option<u32>,
    /// The preferences.
    pub settings: LockSettings,
    /// When the server said first that the account is revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What is to be done about an account that may be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// The server may be asked again now.
    Ask,
    /// The server's last word is not an hour old.
    Wait,
    /// It is certain.
    Confirmed,
}

impl Lock {
    /// Of no profile yet: open.
    #[must_use]
    pub fn new(policy: LockPolicy, now: Timestamp) -> Self {
        Self {
            policy,
            inner: Mutex::new(Inner {
                folder: None,
                kept: Kept::default(),
                locked: None,
                asked: None,
                active_at: now,
                place: None,
                lease_written_at: None,
                session_locked: false,
            }),
            trying: tokio::sync::Mutex::default(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A profile is about to be opened: it starts locked when it has a PIN. Nothing happens for the one it is of already.
    pub fn enter(&self, folder: &ProfileFolder, now: Timestamp) {
        let mut inner = self.inner();
        if inner.folder.as_ref() == Some(folder) {
            return;
        }
        let path = folder.path.join(FILE);
        let kept = match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                tracing::error!(%error, "what the lock keeps does not read back: it is taken to be locked");
                Kept {
                    pin: Some(SecretStoreKind::default()),
                    ..Kept::default()
                }
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Kept::default(),
            Err(error) => {
                tracing::error!(%error, "what the lock keeps cannot be read: it is taken to be locked");
                Kept {
                    pin: Some(SecretStoreKind::default()),
                    ..Kept::default()
                }
            }
        };
        let kept = kept.within(self.policy);
        let own = kept.own_reason(self.policy, now);
        let locked = match own {
            Some(LockReason::Revoked) => own,
            _ if kept.pin.is_some() => Some(LockReason::Start),
            _ => own,
        };
        let session_locked = inner.session_locked;
        *inner = Inner {
            folder: Some(folder.clone()),
            kept,
            locked,
            asked: None,
            active_at: now,
            place: None,
            lease_written_at: None,
            session_locked,
        };
    }

    /// The profile is gone: of no profile again.
    pub fn leave(&self) {
        let mut inner = self.inner();
        inner.folder = None;
        inner.kept = Kept::default();
        inner.locked = None;
        inner.asked = None;
        inner.place = None;
        inner.lease_written_at = None;
    }

    /// Whether it is locked.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.inner().locked.is_some()
    }

    /// # Errors
    /// [`LockError::Locked`] while it is.
    pub fn refuse_locked(&self) -> Result<(), LockError> {
        if self.is_locked() {
            Err(LockError::Locked)
        } else {
            Ok(())
        }
    }

    /// How it stands.
    #[must_use]
    pub fn view(&self, now: Timestamp) -> LockView {
        let inner = self.inner();
        let left = inner.kept.lease.left(now);
        LockView {
            locked: inner.locked,
            asked: inner.asked.is_some(),
            pin: inner.kept.pin.is_some(),
            wait_s: inner.kept.wait_s(now),
            lease_over: inner.kept.lease.is_over(now),
            lease_left_h: left.and_then(|left| u32::try_from(left.as_hours()).ok()),
            settings: LockSettings {
                idle_min: inner.kept.idle_min,
                lease_hours: inner.kept.lease.hours,
                with_session: inner.kept.with_session,
            },
            revoked_at: inner.kept.revoked.map(|revoked| revoked.first_at),
        }
    }

    /// What the organisation decided of it.
    #[must_use]
    pub const fn policy(&self) -> LockPolicy {
        self.policy
    }

    /// The session of the operating system was locked (or is about to sleep), or opened again.
    pub fn session(&self, locked: bool) {
        self.inner().session_locked = locked;
    }

    /// A person is there.
    pub fn active(&self, now: Timestamp) {
        self.inner().active_at = now;
    }

    /// Why it should lock now, if it should. `busy`: a call or a hot transfer goes on, and nobody is put out of its card.
    #[must_use]
    pub fn due(&self, now: Timestamp, busy: bool) -> Option<LockReason> {
        let mut inner = self.inner();
        if inner.locked.is_some() {
            return None;
        }
        if busy {
            // Whoever talked was there.
            inner.active_at = now;
            return None;
        }
        if let Some(own) = inner.kept.own_reason(self.policy, now) {
            return Some(own);
        }
        if inner.session_locked && inner.kept.with_session && inner.kept.pin.is_some() {
            return Some(LockReason::Session);
        }
        // A clock set back: counted from now on.
        inner.active_at = inner.active_at.min(now);
        let idle = now.duration_since(inner.active_at);
        let limit = SignedDuration::from_mins(inner.kept.idle_min.into());
        (inner.kept.idle_min > 0 && inner.kept.pin.is_some() && idle >= limit).then_some(LockReason::Idle)
    }

    /// Tells the page that it is about to be locked, so that it keeps what is being typed; answers whether it is the first time.
    pub fn ask(&self, reason: LockReason) -> bool {
        let mut inner = self.inner();
        inner.locked.is_none() && inner.asked.replace(reason).is_none()
    }

    /// Locks. `place`: where the window is, given back when it is opened; kept in memory only.
    ///
    /// # Errors
    /// [`LockError::NoWayOut`] when nobody could open it again.
    pub fn lock(&self, place: Option<String>) -> Result<LockChange, LockError> {
        let mut inner = self.inner();
        let reason = inner.asked.take().unwrap_or(LockReason::Key);
        let opens_by_itself = matches!(reason, LockReason::Lease | LockReason::NoPin | LockReason::Revoked);
        if inner.kept.pin.is_none() && !opens_by_itself {
            return Err(LockError::NoWayOut);
        }
        let reason = *inner.locked.get_or_insert(reason);
        inner.place = place.filter(|place| place.len() <= PLACE_MAX).or(inner.place.take());
        Ok(LockChange::Locked(reason))
    }

    /// Keeps a change of what is kept; the disk first.
    fn keep(inner: &mut Inner, change: impl FnOnce(&mut Kept)) -> Result<(), LockError> {
        let mut changed = inner.kept.clone();
        change(&mut changed);
        if let Some(folder) = &inner.folder {
            let path = folder.path.join(FILE);
            let written = folder
                .create()
                .map_err(std::io::Error::other)
                .and_then(|()| serde_json::to_vec_pretty(&changed).map_err(std::io::Error::other))
                .and_then(|bytes| write_atomically(&path, &bytes, true));
            written.map_err(|source| LockError::File { path, source })?;
        }
        inner.kept = changed;
        Ok(())
    }

    /// Opens it with the PIN; answers where the window was.
    ///
    /// # Errors
    /// Why it stays locked.
    pub async fn unlock(&self, pin: Zeroizing<String>, now: Timestamp) -> Result<Option<String>, LockError> {
        let _trying = self.trying.lock().await;
        {
            let inner = self.inner();
            if inner.locked.is_none() {
                return Ok(None);
            }
            match inner.kept.own_reason(self.policy, now) {
                Some(LockReason::Revoked) => return Err(LockError::Revoked),
                Some(LockReason::NoPin) => return Err(LockError::PinRequired),
                Some(_) => return Err(LockError::LeaseOver),
                None => {}
            }
        }
        self.check(pin, now).await?;
        let mut inner = self.inner();
        inner.locked = None;
        inner.active_at = now;
        Ok(inner.place.take())
    }

    /// Checks a PIN; without one there is nothing to check.
    async fn check(&self, pin: Zeroizing<String>, now: Timestamp) -> Result<(), LockError> {
        let Some(place) = self.place_of_pin().await? else {
            return Ok(());
        };
        let seconds = self.inner().kept.wait_s(now);
        if seconds > 0 {
            return Err(LockError::Wait { seconds });
        }
        let hash = match place.read().await {
            Ok(secrets) => secrets.password.clone().unwrap_or_default(),
            Err(SecretError::None | SecretError::Unreadable) => return Err(LockError::PinLost),
            Err(error) => return Err(error.into()),
        };
        Self::keep(&mut self.inner(), |kept| {
            kept.wrong = kept.wrong.saturating_add(1);
            kept.wrong_at = Some(now);
        })?;
        let right = tokio::task::spawn_blocking(move || {
            let hash = PasswordHash::new(&hash).map_err(|_| LockError::PinLost)?;
            Ok::<_, LockError>(Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
        })
        .await
        .map_err(|error| LockError::Hash(error.to_string()))??;
        if !right {
            return Err(LockError::WrongPin);
        }
        Self::keep(&mut self.inner(), |kept| {
            kept.wrong = 0;
            kept.wrong_at = None;
        })
    }

    /// Where the PIN's hash is, if there is one.
    async fn place_of_pin(&self) -> Result<Option<SecretPlace>, LockError> {
        let kind = self.inner().kept.pin;
        match kind {
            Some(kind) => self.place(kind).await,
            None => Ok(None),
        }
    }

    async fn place(&self, kind: SecretStoreKind) -> Result<Option<SecretPlace>, LockError> {
        let Some(folder) = self.inner().folder.clone() else {
            return Ok(None);
        };
        let path = folder.path.clone();
        let config = tokio::task::spawn_blocking(move || folder.read_config())
            .await
            .map_err(std::io::Error::other)
            .and_then(|read| read.map_err(std::io::Error::other));
        let (config, _) = config.map_err(|source| LockError::File {
            path: path.clone(),
            source,
        })?;
        Ok(Some(SecretPlace::of_lock(kind, &config.key, &path)))
    }

    /// Sets, changes or (with none) takes away the PIN. Who changes one must know it: the desk may be open before somebody else.
    ///
    /// # Errors
    /// When the current one is wrong, the new one too short, or either cannot be kept.
    pub async fn change_pin(
        &self,
        current: Zeroizing<String>,
        new: Option<Zeroizing<String>>,
        kind: SecretStoreKind,
        now: Timestamp,
    ) -> Result<(), LockError> {
        let _trying = self.trying.lock().await;
        if let Some(new) = &new {
            let length = new.chars().count();
            if !(LEAST_LENGTH..=MOST_LENGTH).contains(&length) {
                return Err(LockError::Length);
            }
        }
        if new.is_none() && self.policy.pin_required {
            return Err(LockError::PinRequired);
        }
        self.check(current, now).await?;
        let Some(new) = new else { return self.forget_pin().await };
        let hash = tokio::task::spawn_blocking(move || {
            let salt = SaltString::encode_b64(uuid::Uuid::new_v4().as_bytes())?;
            Argon2::default()
                .hash_password(new.as_bytes(), &salt)
                .map(|hash| hash.to_string())
        })
        .await
        .map_err(|error| LockError::Hash(error.to_string()))?
        .map_err(|error| LockError::Hash(error.to_string()))?;
        let Some(place) = self.place(kind).await? else {
            return Err(LockError::NoAccount);
        };
        let mut secrets = Secrets::default();
        secrets.password = Some(hash);
        place.write(&secrets).await?;
        // After the hash: a PIN that is announced and not there would lock its owner out.
        Self::keep(&mut self.inner(), |kept| kept.pin = Some(kind))
    }

    /// Chooses the PIN that the organisation wants, at a desk that has none, and opens it; answers where the window was.
    ///
    /// # Errors
    /// As [`Self::change_pin`]; [`LockError::Locked`] where something else locks it.
    pub async fn choose_pin(
        &self,
        new: Zeroizing<String>,
        kind: SecretStoreKind,
        now: Timestamp,
    ) -> Result<Option<String>, LockError> {
        if self.inner().locked != Some(LockReason::NoPin) {
            return Err(LockError::Locked);
        }
        self.change_pin(Zeroizing::default(), Some(new), kind, now).await?;
        let mut inner = self.inner();
        inner.locked = None;
        inner.active_at = now;
        Ok(inner.place.take())
    }

    async fn forget_pin(&self) -> Result<(), LockError> {
        let place = self.place_of_pin().await?;
        Self::keep(&mut self.inner(), |kept| {
            kept.pin = None;
            kept.wrong = 0;
            kept.wrong_at = None;
        })?;
        if let Some(place) = place {
            // It opens nothing any more; a keyring that cannot be reached keeps nobody out.
            if let Err(error) = place.delete().await {
                tracing::warn!(code = error.code(), "the hash of the old PIN could not be deleted");
            }
        }
        Ok(())
    }

    /// The account proved who is there: the forgotten PIN is gone, the lease begins again, the desk is open. Answers where the
    /// window was.
    ///
    /// # Errors
    /// When that cannot be kept.
    pub async fn proved(&self, now: Timestamp) -> Result<Option<String>, LockError> {
        let _trying = self.trying.lock().await;
        self.forget_pin().await?;
        let mut inner = self.inner();
        Self::keep(&mut inner, |kept| {
            kept.lease.accepted(now);
            kept.revoked = None;
        })?;
        inner.active_at = now;
        inner.locked = inner.kept.own_reason(self.policy, now);
        Ok(if inner.locked.is_none() {
            inner.place.take()
        } else {
            None
        })
    }

    /// Keeps the preferences.
    ///
    /// # Errors
    /// The name and the bounds of one that is out of them, or why they cannot be kept.
    pub fn save(&self, settings: LockSettings) -> Result<(), SettingsRefused> {
        for (name, value, max) in [
            ("idle_min", settings.idle_min, IDLE_MAX_MIN),
            ("lease_hours", settings.lease_hours, LEASE_MAX_H),
        ] {
            if value > max {
                return Err(SettingsRefused::OutOfRange(name, max));
            }
        }
        Self::keep(&mut self.inner(), |kept| {
            kept.idle_min = settings.idle_min;
            kept.lease.hours = settings.lease_hours;
            kept.with_session = settings.with_session;
            *kept = kept.clone().within(self.policy);
        })
        .map_err(SettingsRefused::Lock)
    }

    /// Time went by. `counted`: the profile has an account at a server that is not the sandbox; `accepted`: that server accepted
    /// it since the last look. Answers whether the lock opened because nothing else held it.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn look(&self, now: Timestamp, counted: bool, accepted: bool) -> Result<bool, LockError> {
        let mut inner = self.inner();
        let mut lease = inner.kept.lease;
        if counted {
            lease.look(now);
            if accepted || lease.accepted_at.is_none() {
                lease.accepted(now);
            }
        } else {
            lease.accepted_at = None;
        }
        let revoked = inner.kept.revoked.filter(|_| counted && !accepted);
        let was_over = inner.kept.lease.is_over(now);
        let written = inner.lease_written_at;
        let late = written.is_none_or(|at| now < at || now.duration_since(at) >= LEASE_PACE);
        let weighty = was_over != lease.is_over(now)
            || lease.accepted_at.is_some() != inner.kept.lease.accepted_at.is_some()
            || revoked != inner.kept.revoked;
        if weighty || (late && lease != inner.kept.lease) {
            Self::keep(&mut inner, |kept| {
                kept.lease = lease;
                kept.revoked = revoked;
            })?;
            inner.lease_written_at = Some(now);
        } else {
            inner.kept.lease = lease;
        }
        // What the server's word closed, its word opens; what a person or the organisation closed stays closed.
        let by_server = matches!(inner.locked, Some(LockReason::Lease | LockReason::Revoked));
        let own = inner.kept.own_reason(self.policy, now);
        if !by_server || matches!(own, Some(LockReason::Lease | LockReason::Revoked)) {
            return Ok(false);
        }
        if inner.kept.pin.is_some() {
            inner.locked = Some(LockReason::Start);
            return Ok(false);
        }
        inner.locked = own;
        inner.active_at = now;
        Ok(own.is_none())
    }
}

impl Lock {
    /// Whether the server is to be asked (again) whether the account is revoked, or has said so often enough. `hours`: between its
    /// first word and the last; 0: never enough.
    #[must_use]
    pub fn revocation(&self, hours: u32, now: Timestamp) -> Revocation {
        let inner = self.inner();
        let Some(revoked) = inner.kept.revoked else {
            return Revocation::Ask;
        };
        let whole = SignedDuration::from_hours(hours.into());
        if hours > 0 && revoked.words >= WORDS && revoked.last_at.duration_since(revoked.first_at) >= whole {
            return Revocation::Confirmed;
        }
        // A clock set back asks at once: better one question too many.
        let since = now.duration_since(revoked.last_at);
        if (SignedDuration::ZERO..WORD_PACE).contains(&since) {
            Revocation::Wait
        } else {
            Revocation::Ask
        }
    }

    /// The server said, asked just now, that the account is revoked.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn revoked(&self, now: Timestamp) -> Result<(), LockError> {
        Self::keep(&mut self.inner(), |kept| {
            let revoked = kept.revoked.get_or_insert(Revoked {
                first_at: now,
                last_at: now,
                words: 0,
            });
            // A first word that lies ahead was heard by a clock that was wrong: counted from now.
            revoked.first_at = revoked.first_at.min(now);
            revoked.last_at = now;
            revoked.words = revoked.words.saturating_add(1);
        })
    }
}

/// Why preferences are not kept.
#[derive(Debug)]
pub enum SettingsRefused {
    /// One is above its highest value.
    OutOfRange(&'static str, u32),
    /// They cannot be written.
    Lock(LockError),
}

#[cfg(test)]
#[path = "lock_tests.rs"]
pub(crate) mod tests;
