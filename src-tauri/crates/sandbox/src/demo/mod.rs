//! The demo data: a made-up authority's help desk, from a seed. Fictional names, French telephone numbers reserved for
//! fiction.

mod articles;
mod files;
mod lists;
mod people;
pub(crate) mod prose;
mod tickets;

use crate::glpi::{Glpi, cell::Cell, schema::Kind};
use std::sync::Arc;

/// Fills an empty server.
pub(crate) fn fill(glpi: &mut Glpi) {
    let sites = usize::try_from(glpi.options().sites)
        .unwrap_or(1)
        .clamp(1, prose::PLACES.len());
    glpi.demo_texts().cast = Arc::new(prose::Cast { sites });
    lists::fill(glpi, sites);
    people::fill(glpi, sites);
    articles::fill(glpi);
    tickets::fill(glpi, sites);
    files::fill(glpi);
}

/// A row of the demo data.
pub(crate) fn row(glpi: &mut Glpi, kind: Kind, cells: Vec<(&str, Cell)>) -> i64 {
    glpi.demo_table(kind).insert(cells)
}

/// A text cell.
pub(crate) fn t(text: &str) -> Cell {
    Cell::text(text)
}

/// A number cell.
pub(crate) fn n(number: i64) -> Cell {
    Cell::Int(number)
}

/// An instant cell.
pub(crate) fn at(seconds: i64) -> Cell {
    Cell::Time(seconds)
}
