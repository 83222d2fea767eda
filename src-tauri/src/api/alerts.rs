//! Alerts of the supervision, as the window shows them.

use guichet_store::JournalAlert;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use specta::Type;

/// Which supervision it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionKind {
    /// Nagios, by its web programs.
    Nagios,
    /// Centreon, by its Web API.
    Centreon,
}

/// How the supervision is reached. No secret in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct SupervisionSettings {
    /// Which it is.
    pub kind: SupervisionKind,
    /// What it is called; its host's name where nothing is said.
    pub name: String,
    /// Nagios: where its web programs are; Centreon: its address.
    pub url: String,
    /// The account's name.
    pub login: String,
    /// A file (PEM) of the authorities to trust instead of the system's.
    pub authorities: Option<String>,
    /// A problem that was well for less than so many minutes is still the same one.
    pub calm_min: u32,
}

/// The alerts there are, and how reading them stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct AlertsState {
    /// The supervision's name; `None` where none is set up.
    pub source: Option<String>,
    /// The last complete reading.
    #[specta(type = Option<String>)]
    pub read_at: Option<Timestamp>,
    /// Why there is none since: a code of the message catalogue.
    pub failing: Option<String>,
    /// Within how many seconds of service a critical alert is to be taken up, where the contract says so.
    pub target_s: Option<u32>,
    /// The alerts that are not over, the oldest first.
    pub alerts: Vec<JournalAlert>,
}

/// The alerts, after each change.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
#[tauri_specta(event_name = "alerts")]
pub struct AlertsChanged(pub AlertsState);
