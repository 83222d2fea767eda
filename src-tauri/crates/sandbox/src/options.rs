//! How a server is set up.

use crate::glpi::schema::Version;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The demo technician's login.
pub const TECHNICIAN: &str = "tech1";
/// The administrator's login.
pub const ADMIN: &str = "glpi";
/// A colleague of the demo technician.
pub const COLLEAGUE: &str = "tech2";
/// Everybody's password on the sandbox.
pub const PASSWORD: &str = "bac-a-sable";

/// How a server is set up. [`Options::demo`] and [`Options::tiny`] are the two starting points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Which GLPI.
    pub version: Version,
    /// Everything made up comes from this.
    pub seed: u64,
    /// How many tickets there are at the beginning.
    pub tickets: u32,
    /// How many people (at least 10: staff accounts come first).
    pub users: u32,
    /// How many sites.
    pub sites: u32,
    /// How many knowledge-base articles.
    pub articles: u32,
    /// The instant the made-up history ends, in seconds since 1970 UTC.
    pub now: i64,
    /// The server's zone (IANA name).
    pub zone: String,
    /// The demo accounts' own zone, where it differs: 10.0 converts dates to it, 11.0 does not.
    pub user_zone: Option<String>,
    /// Where the server believes it lives: the start of `href`s and `Location`s.
    pub base_url: String,
    /// Setup > General > API: the REST API is on.
    pub api_enabled: bool,
    /// Login and password are accepted.
    pub password_login: bool,
    /// The only active API client carries an application token.
    pub app_token: bool,
    /// The caller's address is one an API client allows.
    pub address_allowed: bool,
    /// The demo technician's account is active.
    pub account_active: bool,
    /// The demo technician's profile may also read the dropdown lists (categories, locations, templates…).
    pub dropdown_rights: bool,
    /// The third-party plugin "vip" is installed.
    pub vip_plugin: bool,
    /// Characters of a session token: PHP's configuration decides, and a proxy may wrap it.
    pub token_length: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self::demo(1)
    }
}

impl Options {
    /// The help desk the demo shows: about 1,200 people on 50 sites, 13 months at 400 tickets a month.
    #[must_use]
    pub fn demo(seed: u64) -> Self {
        Self {
            version: Version::Ten,
            seed,
            tickets: 5_200,
            users: 1_200,
            sites: 50,
            articles: 150,
            now: DEFAULT_NOW,
            zone: "Europe/Paris".to_owned(),
            user_zone: None,
            base_url: "http://127.0.0.1".to_owned(),
            api_enabled: true,
            password_login: true,
            app_token: false,
            address_allowed: true,
            account_active: true,
            dropdown_rights: false,
            vip_plugin: false,
            token_length: 40,
        }
    }

    /// A handful of everything, made in well under a millisecond: for simulations.
    #[must_use]
    pub fn tiny(seed: u64) -> Self {
        Self {
            tickets: 20,
            users: 10,
            sites: 3,
            articles: 0,
            ..Self::demo(seed)
        }
    }

    /// The same as another version.
    #[must_use]
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// With the made-up history ending then.
    #[must_use]
    pub fn ending(mut self, now: Timestamp) -> Self {
        self.now = now.as_second();
        self
    }
}

/// 2 November 2026, 08:00 UTC: a Monday morning. What a simulation starts from unless told otherwise.
pub const DEFAULT_NOW: i64 = 1_793_606_400;

/// A self-service user's login.
pub const SELF_SERVICE: &str = "post-only";
