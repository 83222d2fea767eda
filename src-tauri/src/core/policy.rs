//! What an organisation decides for its desks: a file that people at the desk do not write. Each value is read by itself, so that
//! one mistake costs that value and not the others, and each says where it came from (`guichet policy show`). See `docs/policy.md`.
//!
//! The machine's file comes first; what it leaves open may be said by the file that [`VARIABLE`] names.

use crate::messages::Catalogue;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

/// Names a second file, for a machine without administrator (a test bench, a pilot).
pub const VARIABLE: &str = "GUICHET_POLICY";
/// Largest file that is read, in bytes: nobody writes a longer policy by hand.
const LARGEST: u64 = 1024 * 1024;

/// What a value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Flag,
    /// A whole number between these, both included.
    Number {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("true | false"),
            Self::Number { min, max } => write!(f, "{min} – {max}"),
        }
    }
}

impl Kind {
    fn takes(self, value: &Value) -> bool {
        match self {
            Self::Flag => value.is_boolean(),
            Self::Number { min, max } => value
                .as_u64()
                .is_some_and(|number| (u64::from(min)..=u64::from(max)).contains(&number)),
        }
    }
}

/// One thing that can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name: the section and the name in it.
    pub key: &'static str,
    /// What its value may be.
    pub kind: Kind,
}

const fn flag(key: &'static str) -> Setting {
    Setting { key, kind: Kind::Flag }
}

const fn number(key: &'static str, min: u32, max: u32) -> Setting {
    Setting {
        key,
        kind: Kind::Number { min, max },
    }
}

/// All that can be decided, in the order of the documentation. What each means is in the message catalogue (`policy.KEY`).
pub const SETTINGS: [Setting; 11] = [
    flag("lock.pin_required"),
    flag("lock.with_session"),
    number("lock.idle_min", 1, 480),
    number("lock.lease_hours", 1, 8760),
    number("account.revoked_wipe_hours", 0, 8760),
    number("retention.calls_days", 31, 3650),
    number("retention.sent_days", 7, 3650),
    number("retention.alerts_days", 31, 3650),
    number("retention.events_days", 31, 3650),
    number("retention.consents_days", 365, 3650),
    number("retention.audit_days", 365, 3650),
];

/// What is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The lock of the window.
    pub lock: LockPolicy,
    /// The account.
    pub account: AccountPolicy,
    /// How long what only this desk keeps is kept.
    pub retention: RetentionPolicy,
}

/// What is decided of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockPolicy {
    /// Nobody works at a desk without a PIN.
    pub pin_required: bool,
    /// Whether it locks with the session of the operating system; it does unless told otherwise.
    pub with_session: Option<bool>,
    /// Most minutes without a sign of life.
    pub idle_min: Option<u32>,
    /// Most hours without the server's word.
    pub lease_hours: Option<u32>,
}

/// What is decided of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountPolicy {
    /// Hours between the server's first word that the account is revoked and the destruction of the profile; 0: never.
    pub revoked_wipe_hours: Option<u32>,
}

/// For how many days what only this desk keeps is kept; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionPolicy {
    /// Calls that are wrapped up, with their transfers and call-backs.
    pub calls_days: Option<u32>,
    /// What was sent or given up, with its files.
    pub sent_days: Option<u32>,
    /// Alerts that are over.
    pub alerts_days: Option<u32>,
    /// Notable events, and rooms of major incidents that are closed.
    pub events_days: Option<u32>,
    /// Consents and remote sessions.
    pub consents_days: Option<u32>,
    /// Lines of the audit log.
    pub audit_days: Option<u32>,
}

/// A value and where it came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Given {
    /// What.
    pub value: Value,
    /// The file.
    pub from: PathBuf,
}

/// What is wrong with a policy's file. Nothing else in it is affected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyProblem {
    /// It cannot be read.
    #[error("{path}: {detail}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        detail: String,
    },
    /// There is no such setting.
    #[error("{path}: no setting is called {key}")]
    Unknown {
        /// Which file.
        path: PathBuf,
        /// What stands there.
        key: String,
    },
    /// The value is none that the setting takes.
    #[error("{path}: {key} takes {takes}, not {value}")]
    Value {
        /// Which file.
        path: PathBuf,
        /// Which setting.
        key: &'static str,
        /// What it takes.
        takes: Kind,
        /// What stands there.
        value: String,
    },
}

impl PolicyProblem {
    /// Codes of the message catalogue that are its own.
    pub const CODES: [&'static str; 3] = ["policy_unreadable", "policy_unknown", "policy_value"];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "policy_unreadable",
            Self::Unknown { .. } => "policy_unknown",
            Self::Value { .. } => "policy_value",
        }
    }

    /// What its text names.
    pub(crate) fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unreadable { path, detail } => vec![("path", path.display().to_string()), ("detail", detail.clone())],
            Self::Unknown { path, key } => vec![("path", path.display().to_string()), ("key", key.clone())],
            Self::Value {
                path,
                key,
                takes,
                value,
            } => vec![
                ("path", path.display().to_string()),
                ("key", (*key).to_owned()),
                ("takes", takes.to_string()),
                ("value", value.clone()),
            ],
        }
    }
}

/// A policy as it was read: what is in force, where each value came from, what could not be taken.
#[derive(Debug, Clone, Default)]
pub struct PolicyRead {
    /// In force.
    pub policy: Policy,
    /// The values that were given, by their names.
    pub given: BTreeMap<&'static str, Given>,
    /// What could not be taken.
    pub problems: Vec<PolicyProblem>,
}

/// The machine's own file, whether there is one or not; `None` where the system names no place for it.
#[must_use]
pub fn machine_file() -> Option<PathBuf> {
    if cfg!(windows) {
        let data = std::env::var_os("ProgramData").filter(|folder| !folder.is_empty())?;
        Some(Path::new(&data).join("Guichet").join("policy.json"))
    } else {
        Some(PathBuf::from("/etc/guichet/policy.json"))
    }
}

impl PolicyRead {
    /// This machine's.
    #[must_use]
    pub fn of_machine() -> Self {
        let named = std::env::var_os(VARIABLE)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from);
        let optional = machine_file().into_iter().filter(|path| path.exists());
        // One that is named has to be there.
        Self::of_files(&optional.chain(named).collect::<Vec<_>>())
    }

    /// Of these files; what an earlier one says holds.
    #[must_use]
    pub fn of_files(files: &[PathBuf]) -> Self {
        let mut read = Self::default();
        for path in files {
            match content(path) {
                Ok(content) => read.take(path, content),
                Err(detail) => read.problems.push(PolicyProblem::Unreadable {
                    path: path.clone(),
                    detail,
                }),
            }
        }
        let mut sections: Map<String, Value> = Map::new();
        for (key, given) in &read.given {
            if let Some((section, name)) = key.split_once('.')
                && let Some(section) = sections
                    .entry(section)
                    .or_insert_with(|| Value::Object(Map::new()))
                    .as_object_mut()
            {
                section.insert(name.to_owned(), given.value.clone());
            }
        }
        // Every value was looked at above; a test holds the settings' names against the form they are read into.
        read.policy = serde_json::from_value(Value::Object(sections)).unwrap_or_default();
        read
    }

    fn take(&mut self, path: &Path, content: Map<String, Value>) {
        for (section, values) in content {
            let Value::Object(values) = values else {
                self.problems.push(PolicyProblem::Unknown {
                    path: path.to_owned(),
                    key: section,
                });
                continue;
            };
            for (name, value) in values {
                let key = format!("{section}.{name}");
                let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
                    self.problems.push(PolicyProblem::Unknown {
                        path: path.to_owned(),
                        key,
                    });
                    continue;
                };
                if !setting.kind.takes(&value) {
                    self.problems.push(PolicyProblem::Value {
                        path: path.to_owned(),
                        key: setting.key,
                        takes: setting.kind,
                        value: value.to_string().chars().take(60).collect(),
                    });
                    continue;
                }
                self.given.entry(setting.key).or_insert_with(|| Given {
                    value,
                    from: path.to_owned(),
                });
            }
        }
    }

    /// The problems as lines for people, each with its cure.
    #[must_use]
    pub fn told(&self, catalogue: &Catalogue) -> Vec<String> {
        self.problems
            .iter()
            .map(|problem| {
                let text = catalogue.error(problem.code(), &problem.args());
                format!("{} {}", text.message, text.hint)
            })
            .collect()
    }
}

fn content(path: &Path) -> Result<Map<String, Value>, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > LARGEST {
        return Err(format!("{length} > {LARGEST}"));
    }
    let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
    // Editors on Windows begin a file with a mark of its encoding.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
