//! Names of rows of lists the account may not read, learned from where GLPI expands them.
//!
//! The stock Technician profile is refused categories, sites, channels and more, yet `expand_dropdowns` gives their full
//! names on a ticket. Each unknown one costs one small read, once a session.

use guichet_domain::catalogue::{CatalogueItem, CatalogueKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{PoisonError, RwLock},
};

/// A ticket's fields that point into lists.
pub(crate) const TICKET_FIELDS: [(&str, CatalogueKind); 6] = [
    ("itilcategories_id", CatalogueKind::Category),
    ("locations_id", CatalogueKind::Location),
    ("requesttypes_id", CatalogueKind::Channel),
    ("entities_id", CatalogueKind::Entity),
    ("slas_id_tto", CatalogueKind::Sla),
    ("slas_id_ttr", CatalogueKind::Sla),
];

#[derive(Debug, Default)]
struct Known {
    names: BTreeMap<(CatalogueKind, i64), Option<String>>,
    refused: BTreeSet<CatalogueKind>,
}

/// What is known of names, and which lists are refused.
#[derive(Debug, Default)]
pub(crate) struct Names(RwLock<Known>);

impl Names {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, Known> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Known> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A row's full name, if known.
    pub(crate) fn get(&self, kind: CatalogueKind, id: i64) -> Option<String> {
        self.read().names.get(&(kind, id)).cloned().flatten()
    }

    /// Whether nothing was ever asked about a row of a list that cannot be read itself.
    pub(crate) fn wants(&self, kind: CatalogueKind, id: i64) -> bool {
        let known = self.read();
        known.refused.contains(&kind) && !known.names.contains_key(&(kind, id))
    }

    /// Remembers a name, or that there is none to be had.
    pub(crate) fn learn(&self, kind: CatalogueKind, id: i64, name: Option<String>) {
        self.write().names.insert((kind, id), name);
    }

    /// Whether the list itself is refused.
    pub(crate) fn is_refused(&self, kind: CatalogueKind) -> bool {
        self.read().refused.contains(&kind)
    }

    /// The list is refused: its names must come by expansion.
    pub(crate) fn refuse(&self, kind: CatalogueKind) {
        self.write().refused.insert(kind);
    }

    /// The list can be read (again).
    pub(crate) fn allow(&self, kind: CatalogueKind) {
        self.write().refused.remove(&kind);
    }
}

/// A row known by its expanded name alone.
pub(crate) fn by_expansion(kind: CatalogueKind, id: i64, full_name: &str) -> CatalogueItem {
    let name = full_name.rsplit(" > ").next().unwrap_or(full_name).to_owned();
    CatalogueItem {
        kind,
        id,
        name,
        full_name: full_name.to_owned(),
        parent: None,
        body: None,
        by_expansion: true,
    }
}
