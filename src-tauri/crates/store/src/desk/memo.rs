//! What was read of a database, remembered between two writes of it: the pending entries of the desk, and the lists last
//! found in the mirror.
//!
//! What waits in the outbox is asked for at every page that is read and at every look for something to send, and hardly ever
//! changes in between. This process is the only writer (it holds the profile), so what was read after the last write is true
//! until the next one.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// What was last read, and when.
#[derive(Debug)]
pub(crate) struct Memo<T> {
    /// Grows before and after each commit: what was read while it was another number is not kept.
    generation: AtomicU64,
    /// A commit was abandoned under way: nobody knows when it happens, so nothing is remembered any more.
    blind: AtomicBool,
    known: Mutex<Option<(u64, Arc<T>)>>,
}

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self {
            generation: AtomicU64::new(0),
            blind: AtomicBool::new(false),
            known: Mutex::new(None),
        }
    }
}

/// A commit under way.
pub(crate) struct Changing<'a> {
    generation: &'a AtomicU64,
    blind: &'a AtomicBool,
    done: bool,
}

impl<T> Memo<T> {
    /// What is known, or else the number to hand to [`Memo::learn`] with what is read now.
    pub(crate) fn known(&self) -> Result<Arc<T>, u64> {
        let (generation, known) = self.look();
        known.ok_or(generation)
    }

    /// The number to hand to [`Memo::learn`] with what is read now, and what is known already.
    pub(crate) fn look(&self) -> (u64, Option<Arc<T>>) {
        let generation = self.generation.load(Ordering::SeqCst);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = match &*known {
            Some((at, known)) if *at == generation && !self.blind.load(Ordering::SeqCst) => Some(Arc::clone(known)),
            _ => None,
        };
        (generation, known)
    }

    /// Remembers what was read, unless something was written meanwhile.
    pub(crate) fn learn(&self, generation: u64, value: &Arc<T>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, Arc::clone(value)));
    }

    /// A commit begins.
    pub(crate) fn changing(&self) -> Changing<'_> {
        self.generation.fetch_add(1, Ordering::SeqCst);
        Changing {
            generation: &self.generation,
            blind: &self.blind,
            done: false,
        }
    }
}

impl Changing<'_> {
    /// It was committed.
    pub(crate) fn done(mut self) {
        self.done = true;
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.blind.store(true, Ordering::SeqCst);
        }
        self.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::mirror::refresh::Pending;

    #[test]
    fn what_was_read_is_known_until_something_is_written() {
        let memo = Memo::<Pending>::default();
        let empty = Arc::new(Pending::new());
        let generation = memo.known().unwrap_err();
        memo.learn(generation, &empty);
        assert!(memo.known().is_ok());
        memo.changing().done();
        assert!(memo.known().is_err());
    }

    #[test]
    fn what_was_read_before_or_during_a_commit_is_not_believed_after_it() {
        let memo = Memo::<Pending>::default();
        let empty = Arc::new(Pending::new());
        let before = memo.known().unwrap_err();
        let changing = memo.changing();
        let during = memo.known().unwrap_err();
        changing.done();
        for old in [before, during] {
            memo.learn(old, &empty);
            assert!(memo.known().is_err());
        }
    }

    #[test]
    fn a_commit_abandoned_under_way_ends_all_remembering() {
        let memo = Memo::<Pending>::default();
        drop(memo.changing());
        let generation = memo.known().unwrap_err();
        memo.learn(generation, &Arc::new(Pending::new()));
        assert!(memo.known().is_err());
    }
}
