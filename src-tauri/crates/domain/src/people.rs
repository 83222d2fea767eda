//! People and groups.

use crate::{GroupId, UserId, catalogue::CatalogueRef, phone::PhoneNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A person known to the backend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Person {
    /// The backend's number.
    pub id: UserId,
    /// Account name.
    pub login: String,
    /// First name, may be empty.
    pub first_name: String,
    /// Family name, may be empty.
    pub last_name: String,
    /// Telephone numbers, in the order phone, second phone, mobile.
    pub phones: Vec<PhoneNumber>,
    /// Mail addresses, default first.
    pub emails: Vec<String>,
    /// Site or room.
    pub location: Option<CatalogueRef>,
    /// Category; the configured one means VIP.
    pub category: Option<CatalogueRef>,
    /// Title or function, as the backend names it.
    pub title: Option<CatalogueRef>,
    /// Groups they belong to.
    pub groups: Vec<GroupId>,
    /// Account switched off or in the bin.
    pub active: bool,
    /// Marked by the configured VIP rule (category, group, plugin; first match wins).
    pub vip: bool,
    /// When the backend last changed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub updated_at: Option<Timestamp>,
}

impl Person {
    /// See [`display_name`].
    #[must_use]
    pub fn display_name(&self) -> String {
        display_name(&self.first_name, &self.last_name, &self.login)
    }
}

/// How a person is named everywhere: given name first, or the login where there is no name.
#[must_use]
pub fn display_name(first_name: &str, last_name: &str, login: &str) -> String {
    let name = format!("{} {}", first_name.trim(), last_name.trim());
    let name = name.trim();
    if name.is_empty() { login } else { name }.to_owned()
}

/// A group of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Group {
    /// The backend's number.
    pub id: GroupId,
    /// Own name.
    pub name: String,
    /// Name with those of its parents.
    pub full_name: String,
    /// Tickets may be assigned to it.
    pub assignable: bool,
    /// Its members are VIPs (configured group or the backend's plugin).
    pub vip: bool,
}
