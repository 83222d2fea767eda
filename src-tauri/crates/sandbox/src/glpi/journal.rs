//! The journal: every accepted write, as it was asked for, so that a test can count them and a restarted sandbox can
//! repeat them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a write did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteAction {
    /// A row was created.
    Add,
    /// A row was changed (or asked to be: GLPI says yes to a change that changes nothing).
    Update,
    /// A row went to the bin, or away where there is no bin.
    Delete,
    /// A row went away for good.
    Purge,
}

/// Who wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Author {
    /// A client of the API.
    Client,
    /// A colleague played by the sandbox.
    Colleague,
}

/// One accepted write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Write {
    /// When it was stamped: the start of its request.
    pub at: Timestamp,
    /// The user's number.
    pub user: i64,
    /// A client or a colleague.
    pub author: Author,
    /// What it did.
    pub action: WriteAction,
    /// On which itemtype.
    pub itemtype: String,
    /// On which row.
    pub id: i64,
    /// The ticket it belongs to, if any.
    pub ticket: Option<i64>,
    /// The input as it came.
    pub input: Value,
    /// The uploaded file, if one came along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<WrittenFile>,
}

/// A file that came with a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// Its name.
    pub filename: String,
    /// Its media type as the client said.
    pub mime: String,
    /// Its bytes in base64.
    pub content: String,
}
