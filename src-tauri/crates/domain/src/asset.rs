//! Equipment.

use crate::{UserId, catalogue::CatalogueRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An asset's identity: its type as the backend names it, and its number there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AssetKey {
    /// The backend's type name ("Computer", "Printer", a custom one…).
    pub kind: String,
    /// Number within the type.
    pub id: i64,
}

/// One piece of equipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Asset {
    /// Its identity.
    pub key: AssetKey,
    /// Name ("PC-0417").
    pub name: String,
    /// Serial number.
    pub serial: Option<String>,
    /// Inventory number.
    pub inventory_number: Option<String>,
    /// Whose it is.
    pub user: Option<UserId>,
    /// Where it is.
    pub location: Option<CatalogueRef>,
    /// Its entity.
    pub entity: Option<CatalogueRef>,
    /// Manufacturer and model in one line, where known.
    pub model: Option<String>,
    /// State ("in use", "stock"…), where known.
    pub state: Option<String>,
    /// When the backend last changed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub updated_at: Option<Timestamp>,
}

/// How a piece of equipment is reached from afar, as the inventory has it. Agents fill it in: hostile input.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssetReach {
    /// Its identity in programs of remote control.
    pub remote_ids: Vec<RemoteId>,
    /// Its network addresses.
    pub addresses: Vec<String>,
}

/// A piece of equipment's identity in a program of remote control.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteId {
    /// The program, as the inventory names it ("teamviewer"), in lower case.
    pub tool: String,
    /// The identity there.
    pub id: String,
}
