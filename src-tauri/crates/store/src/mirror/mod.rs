//! `mirror.db`: what the server said, the view made of it, and the search index. Disposable.

pub(crate) mod apply;
pub(crate) mod around;
pub(crate) mod articles;
pub(crate) mod children;
pub(crate) mod codes;
pub(crate) mod contacts;
pub(crate) mod escalated;
pub(crate) mod evidence;
pub(crate) mod exported;
pub(crate) mod found;
pub(crate) mod grouping;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod lists;
pub(crate) mod misspelling;
pub(crate) mod others;
pub(crate) mod people;
pub(crate) mod places;
pub(crate) mod ranking;
pub(crate) mod refresh;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod targets;
pub(crate) mod tasks;
pub(crate) mod ticket;
pub(crate) mod tickets;

use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// What applying did, before it becomes a [`crate::ChangeSet`].
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Tickets whose screen must be read again.
    pub(crate) changed: BTreeSet<i64>,
    /// Tickets whose row in lists must be computed again (a subset of `changed`, mostly).
    pub(crate) rebuild: BTreeSet<i64>,
    /// People whose name changed.
    pub(crate) renamed_people: BTreeSet<i64>,
    /// Groups whose name changed.
    pub(crate) renamed_groups: BTreeSet<i64>,
    /// People whose VIP mark changed.
    pub(crate) vip_people: BTreeSet<i64>,
    /// Groups whose VIP mark changed.
    pub(crate) vip_groups: BTreeSet<i64>,
    /// A category's, a site's or an entity's name changed.
    pub(crate) renamed_lists: bool,
    pub(crate) people: bool,
    pub(crate) articles: bool,
    pub(crate) catalogues: bool,
    pub(crate) assets: bool,
    /// Rows whose ticket is not mirrored.
    pub(crate) dropped: u64,
}

/// A short hash of a record as it is stored, to tell a change from a repetition. 63 bits of SHA-256: a collision would keep
/// one stale row until its next change.
pub(crate) fn digest<T: Serialize + ?Sized>(value: &T) -> Result<i64, serde_json::Error> {
    Ok(digest_bytes(&serde_json::to_vec(value)?))
}

/// The same of bytes.
pub(crate) fn digest_bytes(bytes: &[u8]) -> i64 {
    let hash = Sha256::digest(bytes);
    let mut short = [0_u8; 8];
    for (to, from) in short.iter_mut().zip(hash.iter()) {
        *to = *from;
    }
    i64::from_le_bytes(short)
}
