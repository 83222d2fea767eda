//! The running client, while there is one: what the user's hands are on.

use guichet_store::Store;
use guichet_sync::Engine;
use std::sync::{Arc, Mutex, PoisonError};

/// The engine and the store of the present life.
#[derive(Default)]
pub(crate) struct Desk(Mutex<Option<(Arc<Engine>, Store)>>);

impl Desk {
    pub(crate) fn current(&self) -> Option<(Arc<Engine>, Store)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, current: Option<(Arc<Engine>, Store)>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = current;
    }
}
