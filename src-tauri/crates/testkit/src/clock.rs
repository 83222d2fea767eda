//! Virtual time: tokio's paused clock, as instants.

use guichet_backend::Clock;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// Follows tokio's clock from a given instant on. Made and used inside a paused runtime.
#[derive(Debug, Clone, Copy)]
pub struct SimClock {
    start: Timestamp,
    origin: Instant,
}

impl SimClock {
    /// A clock that shows `start` now.
    #[must_use]
    pub fn starting(start: Timestamp) -> Self {
        Self {
            start,
            origin: Instant::now(),
        }
    }

    /// The same clock, wrong by so much.
    pub(crate) fn off_by(self, skew: SignedDuration) -> Self {
        Self {
            start: self.start.saturating_add(skew).unwrap_or(self.start),
            ..self
        }
    }

    /// The tokio instant `seconds` after the start.
    pub(crate) fn instant(&self, after: Duration) -> Instant {
        self.origin + after
    }

    /// What it shows `after` its start.
    pub(crate) fn at(&self, after: Duration) -> Timestamp {
        let after = SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(after).unwrap_or(Timestamp::MAX)
    }

    /// How long it has been running.
    pub(crate) fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        self.start.saturating_add(elapsed).unwrap_or(Timestamp::MAX)
    }
}
