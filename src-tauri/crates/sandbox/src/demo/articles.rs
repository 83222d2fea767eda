//! Knowledge-base articles.

use crate::glpi::Glpi;

pub(super) fn fill(_glpi: &mut Glpi) {}
