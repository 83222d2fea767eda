//! What the adapter is told: who signs in, and how it works. Secrets live in [`SecretString`], which neither prints nor
//! serialises them, and are given to nobody but the header they belong in.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Who signs in.
#[derive(Debug, Clone)]
pub enum Account {
    /// The person's own API token ("remote access key"): preferred, as it can be revoked and spares the server a bcrypt.
    UserToken(SecretString),
    /// Login and password; the server must allow it (`enable_api_login_credentials`).
    Password {
        /// The login.
        login: String,
        /// The password.
        password: SecretString,
    },
}

/// Everything secret a session needs.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Who signs in.
    pub account: Account,
    /// The application's token, where the server's API clients ask for one. Sent with **every** call.
    pub app_token: Option<SecretString>,
}

impl Credentials {
    /// Signs in by the person's API token.
    #[must_use]
    pub fn user_token(token: impl Into<String>) -> Self {
        Self {
            account: Account::UserToken(SecretString::from(token.into())),
            app_token: None,
        }
    }

    /// Signs in by login and password.
    #[must_use]
    pub fn password(login: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            account: Account::Password {
                login: login.into(),
                password: SecretString::from(password.into()),
            },
            app_token: None,
        }
    }

    /// Adds the application's token; an empty one is none.
    #[must_use]
    pub fn with_app_token(mut self, token: impl Into<String>) -> Self {
        let token = token.into();
        self.app_token = (!token.is_empty()).then(|| SecretString::from(token));
        self
    }
}

/// What makes a person a VIP. GLPI's core has no such mark; the first rule that matches wins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum VipRule {
    /// Persons of this category (`UserCategory`).
    UserCategory {
        /// The category's number.
        id: i64,
    },
    /// Members of this group.
    Group {
        /// The group's number.
        id: i64,
    },
    /// Members of the groups that the third-party plugin "vip" marks, where it is installed.
    Plugin,
}

/// How the adapter works. [`GlpiConfig::default`] is meant for a real server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GlpiConfig {
    /// Rules that make a VIP, first match wins.
    pub vip_rules: Vec<VipRule>,
    /// Region of telephone numbers written without a country code (ISO 3166-1 alpha-2).
    pub region: String,
    /// Zone of the server's naive dates (IANA name), where the administrator knows better than the calibration.
    pub zone: Option<String>,
    /// Rows a page of tickets (first reading and delta).
    pub ticket_page: u32,
    /// Rows a page of the tables that hang on tickets, and of people, articles and assets.
    pub detail_page: u32,
    /// Rows read again at a page's edge, so that a row created or purged meanwhile does not shift one out of sight.
    pub page_overlap: u32,
    /// How far below the watermark a delta looks again: GLPI's `date_mod` is the **start** of the writing request, so a slow
    /// one becomes visible after a later stamp was seen.
    pub overlap: Duration,
    /// Bundles fetched in one page of the delta.
    pub bundles_per_page: u32,
    /// Requests under way at once within one call of the adapter.
    pub concurrency: usize,
    /// How long people, groups, articles, assets and lists are believed before their delta is asked again.
    pub slow_interval: Duration,
    /// How long the solutions, documents and links that do not touch their ticket's date are believed.
    pub detail_interval: Duration,
}

impl Default for GlpiConfig {
    fn default() -> Self {
        Self {
            vip_rules: vec![VipRule::Plugin],
            region: "FR".to_owned(),
            zone: None,
            ticket_page: 500,
            detail_page: 1000,
            page_overlap: 10,
            overlap: Duration::from_secs(300),
            bundles_per_page: 100,
            concurrency: 4,
            slow_interval: Duration::from_secs(600),
            detail_interval: Duration::from_secs(60),
        }
    }
}
