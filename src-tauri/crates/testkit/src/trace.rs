//! What happened, in order: a hash of it always, the words when a person asked to read them.

use jiff::Timestamp;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// The trace of one schedule.
#[derive(Debug, Clone)]
pub struct Trace {
    inner: Arc<Mutex<Inner>>,
    start: Timestamp,
}

#[derive(Debug)]
struct Inner {
    /// FNV-1a over every line.
    hash: u64,
    events: u64,
    faults: u32,
    crashes: u32,
    lines: Option<Vec<String>>,
}

impl Trace {
    pub(crate) fn new(start: Timestamp, verbose: bool) -> Self {
        Self {
            inner: Arc::new(Mutex::new(Inner {
                hash: 0xcbf2_9ce4_8422_2325,
                events: 0,
                faults: 0,
                crashes: 0,
                lines: verbose.then(Vec::new),
            })),
            start,
        }
    }

    /// Adds an event.
    pub(crate) fn add(&self, now: Timestamp, what: fmt::Arguments<'_>) {
        let seconds = now.duration_since(self.start).as_secs_f64();
        let line = format!("{seconds:9.3} {what}");
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in line.bytes().chain([b'\n']) {
            inner.hash = (inner.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        inner.events += 1;
        if let Some(lines) = &mut inner.lines {
            lines.push(line);
        }
    }

    /// The hash of everything so far.
    pub(crate) fn hash(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).hash
    }

    /// How many events there were.
    pub(crate) fn events(&self) -> u64 {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).events
    }

    /// An exchange goes wrong.
    pub(crate) fn count_fault(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).faults += 1;
    }

    /// The process dies.
    pub(crate) fn count_crash(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).crashes += 1;
    }

    /// Exchanges that went wrong, and deaths.
    pub(crate) fn troubles(&self) -> (u32, u32) {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (inner.faults, inner.crashes)
    }

    /// The lines, if they were kept.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.lines.as_mut().map(std::mem::take).unwrap_or_default()
    }
}
