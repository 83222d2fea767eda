//! Telephone numbers: E.164 where they are public numbers, internal extensions kept as they are.

use serde::{Deserialize, Serialize};

/// A telephone number as the backend has it, with what can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PhoneNumber {
    /// As typed at the backend.
    pub raw: String,
    /// "+33612340013", when it is a valid public number.
    pub e164: Option<String>,
    /// Digits only, for extensions and partial search.
    pub digits: String,
}
