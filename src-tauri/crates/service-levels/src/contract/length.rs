//! Lengths of time as a contract writes them: `20 s`, `15 min`, `3 h`, `0.5 d`. A day is a service day of the calendar.

use crate::instant::{HOUR, MINUTE, Nanoseconds, SECOND};

/// Longest length taken: a thousand units keeps every product far from the largest number.
const MOST: f64 = 100_000.0;

/// The length, where a day is `service_day` long. `None` when it is not written so, or is not above 0.
#[must_use]
pub(super) fn parse(text: &str, service_day: Nanoseconds) -> Option<Nanoseconds> {
    let text = text.trim();
    let unit_at = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.parse().ok().filter(|number| (0.0..=MOST).contains(number))?;
    let unit = match unit.trim() {
        "s" => SECOND,
        "min" => MINUTE,
        "h" => HOUR,
        "d" => service_day,
        _ => return None,
    };
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "rounded to a nanosecond, far below 2^63"
    )]
    let length = (number * unit as f64).round() as Nanoseconds;
    (length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_a_service_day() {
        let day = 10 * HOUR;
        assert_eq!(parse("20 s", day), Some(20 * SECOND));
        assert_eq!(parse("15 min", day), Some(15 * MINUTE));
        assert_eq!(parse("24 h", day), Some(24 * HOUR));
        assert_eq!(parse("0.5 d", day), Some(5 * HOUR));
        assert_eq!(parse("3d", day), Some(30 * HOUR));
        for wrong in [
            "",
            "3",
            "d",
            "3 days",
            "-1 h",
            "1e3 s",
            "0 s",
            "1 h 30",
            "999999999 d",
            "1.5.2 h",
        ] {
            assert_eq!(parse(wrong, day), None, "{wrong}");
        }
    }
}
