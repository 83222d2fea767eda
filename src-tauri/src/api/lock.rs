//! The lock, as the window shows it.

use crate::{
    api::{SignInMethod, Theme},
    messages::Locale,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Why the desk is locked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum LockReason {
    /// The profile has a PIN and was just opened.
    Start,
    /// A person asked for it.
    Key,
    /// Nobody was there for a while.
    Idle,
    /// The server has not accepted the account for longer than the lease.
    Lease,
    /// The session of the operating system was locked.
    Session,
    /// The organisation wants a PIN, and there is none yet: one is chosen, and it opens.
    NoPin,
    /// The server said that the account is revoked.
    Revoked,
}

impl LockReason {
    /// Its name in the audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Key => "key",
            Self::Idle => "idle",
            Self::Lease => "lease",
            Self::Session => "session",
            Self::NoPin => "no_pin",
            Self::Revoked => "revoked",
        }
    }
}

/// All that is shown of a locked desk, and what the settings show of the lock. Nothing personal is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LockState {
    /// Why it is locked; `None`: it is not.
    pub locked: Option<LockReason>,
    /// It is about to be: the page keeps what is being typed, then calls `lock`.
    pub asked: bool,
    /// There is a PIN or a passphrase.
    pub pin: bool,
    /// Fewest characters of one.
    pub least_length: u32,
    /// Seconds until the next try is taken, after wrong ones.
    pub wait_s: u32,
    /// The server must accept the account before the desk opens.
    pub lease_over: bool,
    /// Whole hours until then; `None`: there is no lease.
    pub lease_left_h: Option<u32>,
    /// Hours the desk stays open without the server's word; 0: for ever.
    pub lease_hours: u32,
    /// Minutes without a sign of life until it locks; 0: never.
    pub idle_min: u32,
    /// It locks with the session of the operating system.
    pub with_session: bool,
    /// What the organisation decided of the lock.
    pub policy: LockRules,
    /// When the profile is destroyed at the earliest, its account being revoked.
    #[specta(type = Option<String>)]
    pub destroyed_at: Option<Timestamp>,
    /// A call rings. Who calls is not told.
    pub rings: bool,
    /// How the account signs in, where signing in again can open the desk.
    pub sign_in: Option<SignInMethod>,
    /// The language to draw it in.
    pub locale: Locale,
    /// The colours to draw it in.
    pub theme: Theme,
}

/// What the organisation decided of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LockRules {
    /// A PIN cannot be taken away.
    pub pin_required: bool,
    /// Whether it locks with the system's session, where that is decided.
    pub with_session: Option<bool>,
    /// Most minutes without a sign of life, where that is decided.
    pub idle_most: Option<u32>,
    /// Most hours without the server's word, where that is decided.
    pub lease_most: Option<u32>,
}

/// Preferences of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct LockSettings {
    /// Minutes without a sign of life until it locks, up to 480; 0: never.
    pub idle_min: u32,
    /// Hours the desk stays open without the server's word, up to 8760; 0: for ever.
    pub lease_hours: u32,
    /// It locks with the session of the operating system.
    pub with_session: bool,
}

/// The account's own credentials, given to a locked desk. Neither printed nor kept here.
#[derive(Deserialize, Type)]
pub struct SignInAgain {
    /// Its API token.
    pub user_token: Option<String>,
    /// Its login.
    pub login: Option<String>,
    /// Its password.
    pub password: Option<String>,
}

/// The lock changed: reads of it are to be made again.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "lock")]
pub struct LockChanged(pub LockState);
