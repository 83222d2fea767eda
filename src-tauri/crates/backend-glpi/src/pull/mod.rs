//! Reading collections page by page. Each collection has a cursor of its own: versioned JSON, so that one written by another
//! version starts the collection over instead of being misread. Every page may be applied twice.

pub(crate) mod articles;
pub(crate) mod assets;
pub(crate) mod catalogues;
pub(crate) mod details;
pub(crate) mod history;
pub(crate) mod ids;
pub(crate) mod people;
pub(crate) mod tickets;
pub(crate) mod walk;

use guichet_backend::{Cursor, Page};
use guichet_domain::catalogue::Availability;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use sha1::{Digest as _, Sha1};
use std::time::Duration;

/// Version of every cursor's shape. Raise it with any change of meaning.
const VERSION: u32 = 1;

#[derive(Serialize, serde::Deserialize)]
struct Versioned<T> {
    v: u32,
    at: T,
}

/// Where a cursor stands; the beginning for none, for one of another version, and for one that cannot be read.
pub(crate) fn read_cursor<T: DeserializeOwned + Default>(cursor: Option<&Cursor>) -> T {
    cursor
        .and_then(|cursor| serde_json::from_value::<Versioned<T>>(cursor.0.clone()).ok())
        .filter(|versioned| versioned.v == VERSION)
        .map(|versioned| versioned.at)
        .unwrap_or_default()
}

/// A cursor to store.
pub(crate) fn write_cursor<T: Serialize>(at: &T) -> Cursor {
    Cursor(serde_json::to_value(Versioned { v: VERSION, at }).unwrap_or_default())
}

/// A page without anything on it: what the server was asked for cannot be had.
pub(crate) fn empty_page<T: Serialize>(at: &T, availability: Availability) -> Page {
    Page {
        records: Vec::new(),
        removals: Vec::new(),
        cursor: write_cursor(at),
        more: false,
        complete: true,
        progress: None,
        availability,
        asked: true,
    }
}

/// A page without anything on it, of a collection that is not due yet: nobody was asked.
pub(crate) fn resting_page<T: Serialize>(at: &T, availability: Availability) -> Page {
    Page {
        asked: false,
        ..empty_page(at, availability)
    }
}

/// Whether something read at `last` (epoch seconds) is due again. A clock that went back makes it due.
pub(crate) fn is_due(last: Option<i64>, now: Timestamp, interval: Duration) -> bool {
    last.is_none_or(|last| {
        let age = now.as_second() - last;
        age < 0 || age as u64 >= interval.as_secs()
    })
}

/// A short fingerprint of a record, to notice that nothing changed.
pub(crate) fn fingerprint<T: Serialize>(value: &T) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default();
    Sha1::digest(&json)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
