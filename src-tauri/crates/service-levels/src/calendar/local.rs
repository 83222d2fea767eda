//! From a clock on the wall to an instant, over changes of time.

use crate::instant::Instant;
use jiff::{
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

/// The first instant at which a clock in `zone` shows `local` or later. A time that is skipped in spring is the instant of
/// the change; a time that comes twice in autumn is its first coming. Never decreasing in `local`, so that openings do not
/// overlap.
#[must_use]
pub fn instant(zone: &TimeZone, local: DateTime) -> Instant {
    let at = |offset: jiff::tz::Offset| offset.to_timestamp(local).ok();
    let found = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        AmbiguousOffset::Fold { before, .. } => at(before),
        AmbiguousOffset::Gap { after, .. } => {
            // Read with the new offset the skipped time lies before the change, which is the next one from there.
            at(after).map(|earlier| {
                zone.following(earlier)
                    .next()
                    .map_or(earlier, |change| change.timestamp())
            })
        }
    };
    found.map_or(
        if local.year() < 1970 {
            Instant::MIN
        } else {
            Instant::MAX
        },
        Instant::from,
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_skipped_time_is_the_change_and_a_double_one_its_first_coming() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let at = |day: jiff::civil::Date, hour, minute| instant(&paris, day.at(hour, minute, 0, 0)).to_string();
        // 29 March 2026: 02:00 becomes 03:00, at 01:00 UTC.
        for minute in [0, 30, 59] {
            assert_eq!(at(date(2026, 3, 29), 2, minute), "2026-03-29T01:00:00Z");
        }
        assert_eq!(at(date(2026, 3, 29), 3, 0), "2026-03-29T01:00:00Z");
        assert_eq!(at(date(2026, 3, 29), 1, 59), "2026-03-29T00:59:00Z");
        // 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC.
        assert_eq!(at(date(2026, 10, 25), 2, 30), "2026-10-25T00:30:00Z");
        assert_eq!(at(date(2026, 10, 25), 3, 0), "2026-10-25T02:00:00Z");
    }
}
