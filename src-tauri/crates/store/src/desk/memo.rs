//! The pending entries, remembered between two writes of the desk.
//!
//! What waits in the outbox is asked for at every page that is read and at every look for something to send, and hardly ever
//! changes in between. This process is the desk's only writer (it holds the profile), so what was read after the last write
//! is true until the next one.

use crate::mirror::refresh::Pending;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// What was last read, and when.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    /// Grows before and after each commit: what was read while it was another number is not kept.
    generation: AtomicU64,
    /// A commit was abandoned under way: nobody knows when it happens, so nothing is remembered any more.
    blind: AtomicBool,
    pending: Mutex<Option<(u64, Arc<Pending>)>>,
}

/// A commit under way.
pub(crate) struct Changing<'a> {
    memo: &'a Memo,
    done: bool,
}

impl Memo {
    /// The pending entries, or else the number to hand to [`Memo::learn`] with what is read now.
    pub(crate) fn known(&self) -> Result<Arc<Pending>, u64> {
        let generation = self.generation.load(Ordering::SeqCst);
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        match &*pending {
            Some((at, known)) if *at == generation && !self.blind.load(Ordering::SeqCst) => Ok(Arc::clone(known)),
            _ => Err(generation),
        }
    }

    /// Remembers what was read, unless something was written meanwhile.
    pub(crate) fn learn(&self, generation: u64, pending: &Arc<Pending>) {
        *self.pending.lock().unwrap_or_else(PoisonError::into_inner) = Some((generation, Arc::clone(pending)));
    }

    /// A commit begins.
    pub(crate) fn changing(&self) -> Changing<'_> {
        self.generation.fetch_add(1, Ordering::SeqCst);
        Changing {
            memo: self,
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
            self.memo.blind.store(true, Ordering::SeqCst);
        }
        self.memo.generation.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_known_until_something_is_written() {
        let memo = Memo::default();
        let empty = Arc::new(Pending::new());
        let generation = memo.known().unwrap_err();
        memo.learn(generation, &empty);
        assert!(memo.known().is_ok());
        memo.changing().done();
        assert!(memo.known().is_err());
    }

    #[test]
    fn what_was_read_before_or_during_a_commit_is_not_believed_after_it() {
        let memo = Memo::default();
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
        let memo = Memo::default();
        drop(memo.changing());
        let generation = memo.known().unwrap_err();
        memo.learn(generation, &Arc::new(Pending::new()));
        assert!(memo.known().is_err());
    }
}
