//! The pace of rounds: quick while the technician is there, slower and slower when nobody is.

use crate::{SyncSettings, time};
use jiff::Timestamp;
use std::time::Duration;

/// How long after the last sign of life the user still counts as present.
const PRESENT_FOR: Duration = Duration::from_secs(120);

/// The pace of one engine.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    /// Last sign of life.
    touched_at: Option<Timestamp>,
    /// The last pause taken, once idle.
    idle_pause: Option<Duration>,
}

impl Pace {
    /// The user is there.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.touched_at = Some(now);
        self.idle_pause = None;
    }

    /// Whether the user was seen lately.
    pub(crate) fn present(&self, now: Timestamp) -> bool {
        self.touched_at.is_some_and(|at| now < time::after(at, PRESENT_FOR))
    }

    /// The pause before the next round when nothing else wakes the engine: the active interval while the user is present,
    /// then half as long again each time, up to the idle interval.
    pub(crate) fn pause(&mut self, now: Timestamp, settings: &SyncSettings) -> Duration {
        if self.present(now) {
            return settings.active_interval;
        }
        let pause = self
            .idle_pause
            .map_or(settings.active_interval, |last| last.mul_f64(1.5))
            .clamp(
                settings.active_interval,
                settings.idle_interval.max(settings.active_interval),
            );
        self.idle_pause = Some(pause);
        pause
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn five_seconds_while_present_then_slower_up_to_a_minute_and_back_at_a_touch() {
        let settings = SyncSettings::default();
        let mut now = Timestamp::from_second(1_790_000_000).unwrap();
        let mut pace = Pace::default();
        pace.touch(now);
        let mut pauses = Vec::new();
        for _ in 0..40 {
            let pause = pace.pause(now, &settings);
            now = time::after(now, pause);
            pauses.push(pause.as_secs_f64());
        }
        assert!(pauses[..24].iter().all(|pause| *pause == 5.0), "{pauses:?}");
        assert!(pauses[25..].windows(2).all(|pair| pair[0] <= pair[1]), "{pauses:?}");
        assert_eq!(pauses[39], 60.0);
        pace.touch(now);
        assert_eq!(pace.pause(now, &settings), settings.active_interval);
    }
}
