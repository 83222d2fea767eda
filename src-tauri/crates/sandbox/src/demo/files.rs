//! A few real documents on tickets.

use crate::glpi::Glpi;

pub(super) fn fill(_glpi: &mut Glpi) {}
