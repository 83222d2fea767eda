//! The thirteen periods of a report as instants in one zone.

use super::PERIODS;
use crate::{instant::Instant, period::Period};
use jiff::tz::TimeZone;

/// First instants of the thirteen periods and of the one after them.
#[derive(Debug)]
pub(super) struct Bounds([Instant; PERIODS + 1]);

impl Bounds {
    pub(super) fn new(zone: &TimeZone, last: Period) -> Self {
        let earlier = |place: usize| i32::try_from(place).unwrap_or(0) - 12;
        Self(std::array::from_fn(|place| {
            last.plus(earlier(place)).first_instant(zone)
        }))
    }

    /// Place of the period that holds an instant, 0 to 12.
    pub(super) fn of(&self, at: Instant) -> Option<usize> {
        let begun = self.0.partition_point(|first| *first <= at);
        (begun <= PERIODS).then(|| begun.checked_sub(1)).flatten()
    }

    /// First instant of a period by its place; 13 is the end of them all.
    pub(super) fn first(&self, place: usize) -> Instant {
        self.0.get(place).copied().unwrap_or(Instant::MAX)
    }
}
