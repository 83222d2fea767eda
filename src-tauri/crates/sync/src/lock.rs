//! A mutex for short, never-awaiting sections.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A mutex that does not care whether an earlier holder panicked: what it guards here is advice (counters, caches), whose
/// truth is in the store.
#[derive(Debug, Default)]
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
