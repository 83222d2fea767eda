//! The contract the desk works by: its roster, its policies, its calendars. One that comes with the product by its name, or a file.

use crate::{api::Settings, core::profile::Server, error::AppError, messages::Locale};
use guichet_service_levels::{Contract, ContractError};
use std::path::Path;

/// What a desk works by whose settings say nothing.
const USUAL: &str = "itil-default";
/// What the demonstration works by: its groups and extensions are in it.
const OF_SANDBOX: &str = "vsgp";

/// Why there is no contract.
#[derive(Debug, thiserror::Error)]
pub enum ContractFileError {
    /// Neither a contract of the product nor a file.
    #[error("no contract {name}")]
    Unknown {
        /// What was given.
        name: String,
    },
    /// The file is wrong.
    #[error("{name}: {source}")]
    Invalid {
        /// Which.
        name: String,
        /// Where and what.
        source: ContractError,
    },
}

impl ContractFileError {
    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 2] = ["contract_unknown", "contract_invalid"];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "contract_unknown",
            Self::Invalid { .. } => "contract_invalid",
        }
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self, locale: Locale) -> Vec<(&'static str, String)> {
        match self {
            Self::Unknown { name } => vec![
                ("name", name.clone()),
                ("known", Contract::embedded_names().collect::<Vec<_>>().join(", ")),
            ],
            Self::Invalid { name, source } => {
                let key = format!("contract.problem.{}", source.problem.code());
                let detail = locale.catalogue().text(&key, &source.problem.arguments());
                vec![
                    ("path", name.clone()),
                    ("line", source.line.to_string()),
                    ("column", source.column.to_string()),
                    ("detail", detail),
                ]
            }
        }
    }
}

/// A contract of the product by its name, else a file.
///
/// # Errors
/// When there is none, it cannot be read, or something in it is wrong.
pub fn load(given: &str) -> Result<Contract, AppError> {
    let wrong = |source| ContractFileError::Invalid {
        name: given.to_owned(),
        source,
    };
    if let Some(embedded) = Contract::embedded(given) {
        return Ok(embedded.map_err(wrong)?);
    }
    let path = Path::new(given);
    let looks_like_a_file = path.extension().is_some() || path.components().count() > 1;
    if !looks_like_a_file && !path.exists() {
        return Err(ContractFileError::Unknown { name: given.to_owned() }.into());
    }
    let text = std::fs::read_to_string(path).map_err(|source| AppError::File {
        path: path.to_owned(),
        source,
    })?;
    Ok(Contract::parse(&text).map_err(wrong)?)
}

/// The name or file of the contract that a desk works by.
#[must_use]
pub fn chosen(settings: &Settings, server: Option<&Server>) -> String {
    match (&settings.contract, server) {
        (Some(given), _) if !given.trim().is_empty() => given.trim().to_owned(),
        (_, Some(Server::Sandbox)) => OF_SANDBOX.to_owned(),
        _ => USUAL.to_owned(),
    }
}

/// One value of every variant, for the catalogue's test.
#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) fn every_error() -> Vec<ContractFileError> {
    let text = || String::from("x");
    vec![
        ContractFileError::Unknown { name: text() },
        ContractFileError::Invalid {
            name: text(),
            source: Contract::parse("x").unwrap_err(),
        },
    ]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_demonstration_has_its_own_contract_and_a_setting_decides_before_it() {
        let mut settings = Settings::default();
        assert_eq!(chosen(&settings, Some(&Server::Sandbox)), "vsgp");
        assert_eq!(chosen(&settings, None), "itil-default");
        settings.contract = Some("  ".to_owned());
        assert_eq!(chosen(&settings, None), "itil-default");
        settings.contract = Some(" giped ".to_owned());
        assert_eq!(chosen(&settings, Some(&Server::Sandbox)), "giped");
    }

    #[test]
    fn a_file_is_read_and_a_name_that_is_none_is_said_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ours.toml");
        std::fs::write(&path, include_str!("../../../assets/contracts/giped.toml")).unwrap();
        assert_eq!(load(path.to_str().unwrap()).unwrap().id, "giped");
        assert_eq!(load("nothing").unwrap_err().code(), "contract_unknown");
        std::fs::write(&path, "id = 3").unwrap();
        assert_eq!(load(path.to_str().unwrap()).unwrap_err().code(), "contract_invalid");
        assert_eq!(load("/no/such.toml").unwrap_err().code(), "file_unreadable");
    }
}
