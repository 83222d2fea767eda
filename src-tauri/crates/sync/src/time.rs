//! Instants and spans: `jiff` for what is stored, `std` for what is waited.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// `at` plus `span`, stopping at the end of time.
pub(crate) fn after(at: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// How long it is from `now` until `at`; zero when it is past.
pub(crate) fn until(now: Timestamp, at: Timestamp) -> Duration {
    at.duration_since(now).try_into().unwrap_or(Duration::ZERO)
}
