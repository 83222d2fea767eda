//! Instants and months. An instant is a number of nanoseconds since 1970 in UTC: small, exact, quick to compare, which is
//! what a million tickets need. A month is a calendar month; which instants it holds depends on a time zone.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A length of time in nanoseconds.
pub type Nanoseconds = i64;

/// One second.
pub const SECOND: Nanoseconds = 1_000_000_000;
/// One minute.
pub const MINUTE: Nanoseconds = 60 * SECOND;
/// One hour.
pub const HOUR: Nanoseconds = 60 * MINUTE;

/// A point in time, UTC. Covers the years 1678 to 2261; what lies beyond is taken for the nearest end ("year 9999" as
/// "never" stays in the far future).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The earliest.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest.
    pub const MAX: Self = Self(i64::MAX);

    /// From nanoseconds since 1970.
    #[must_use]
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub const fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Later by so many nanoseconds, or the nearest end.
    #[must_use]
    pub const fn plus(self, length: Nanoseconds) -> Self {
        Self(self.0.saturating_add(length))
    }

    /// Nanoseconds from `earlier` to this instant, as a clock on the wall counts them.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Nanoseconds {
        self.0.saturating_sub(earlier.0)
    }

    /// As jiff's timestamp.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        // Every number of nanoseconds that fits is within jiff's years.
        Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or_default()
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        let nanoseconds = at.as_nanosecond();
        Self(i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX }))
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(formatter)
    }
}

/// Two digits at `at`.
fn two(text: &[u8], at: usize) -> Option<i64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i64::from(byte - b'0'));
    Some(digit(*text.get(at)?)? * 10 + digit(*text.get(at + 1)?)?)
}

/// Days from 1970-01-01 to a date of the Gregorian calendar (years count from March, so that the leap day comes last).
const fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The commonest writing, `2026-11-22T09:30:00Z` with or without a fraction of up to nine digits; `None` for every other
/// one, which jiff reads.
fn quick(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    if bytes.len() < 20 || bytes[bytes.len() - 1] != b'Z' {
        return None;
    }
    if (bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]) != (b'-', b'-', b'T', b':', b':') {
        return None;
    }
    let year = two(bytes, 0)? * 100 + two(bytes, 2)?;
    let (month, day) = (two(bytes, 5)?, two(bytes, 8)?);
    let (hour, minute, second) = (two(bytes, 11)?, two(bytes, 14)?, two(bytes, 17)?);
    // Days 29 to 31 and leap seconds are left to jiff, which knows the months.
    if !(1700..2260).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=28).contains(&day)
        || hour > 23
        || minute > 59
        || second > 59
    {
        return None;
    }
    let fraction = &bytes[19..bytes.len() - 1];
    let nanoseconds = match fraction {
        [] => 0,
        [b'.', digits @ ..] if (1..=9).contains(&digits.len()) => {
            let mut value = 0_i64;
            for at in 0..9 {
                let digit = digits.get(at).copied().unwrap_or(b'0');
                if !digit.is_ascii_digit() {
                    return None;
                }
                value = value * 10 + i64::from(digit - b'0');
            }
            value
        }
        _ => return None,
    };
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Instant(seconds * SECOND + nanoseconds))
}

impl FromStr for Instant {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match quick(text) {
            Some(instant) => Ok(instant),
            // "Never", as databases write it, is an hour more than jiff's years hold.
            None if text.starts_with("9999-12-31T") && text.ends_with('Z') => text
                .trim_end_matches('Z')
                .parse::<jiff::civil::DateTime>()
                .map(|_| Self::MAX),
            None => text.parse::<Timestamp>().map(Self::from),
        }
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Instant;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an instant such as 2026-11-22T09:30:00Z")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Instant, E> {
                text.parse()
                    .map_err(|_| E::custom(format_args!("{text:?} is not an instant such as 2026-11-22T09:30:00Z")))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// A calendar month, written `2026-11`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

/// The text is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a month such as 2026-11")]
pub struct NotAMonth(pub String);

impl Month {
    /// A month of the years 1900 to 2199; `None` outside.
    #[must_use]
    pub fn new(year: i16, month: i8) -> Option<Self> {
        ((1900..2200).contains(&year) && (1..=12).contains(&month)).then_some(Self { year, month })
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.month.unsigned_abs()
    }

    /// So many months later (earlier when negative).
    #[must_use]
    pub fn plus(self, months: i32) -> Self {
        let count = i32::from(self.year) * 12 + i32::from(self.month) - 1 + months;
        Self {
            year: i16::try_from(count.div_euclid(12)).unwrap_or(self.year),
            month: i8::try_from(count.rem_euclid(12) + 1).unwrap_or(1),
        }
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        Date::new(self.year, self.month, 1).unwrap_or(Date::ZERO)
    }

    /// Its first instant in a zone; the month is \[its first instant, the next month's first instant).
    #[must_use]
    pub fn first_instant(self, zone: &TimeZone) -> Instant {
        crate::calendar::local::instant(zone, self.first_day().to_datetime(jiff::civil::Time::midnight()))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let plain = |part: &str, digits| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
            if !plain(year, 4) || !plain(month, 2) {
                return None;
            }
            Self::new(year.parse().ok()?, month.parse().ok()?)
        };
        read().ok_or_else(|| NotAMonth(text.to_owned()))
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_quick_reading_is_jiffs(seconds in -8_000_000_000_i64..8_000_000_000, fraction in 0_i32..1_000_000_000) {
            let at = Timestamp::new(seconds, fraction).unwrap();
            prop_assert_eq!(at.to_string().parse::<Instant>().unwrap(), Instant::from(at));
            let whole = Timestamp::new(seconds, 0).unwrap();
            if let Some(read) = quick(&whole.to_string()) {
                prop_assert_eq!(read, Instant::from(whole));
            }
        }
    }

    #[test]
    fn impossible_dates_are_refused_and_offsets_are_understood() {
        for wrong in [
            "2026-02-30T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01",
            "",
            "hier",
            "9999-12-31T99:59:59Z",
            "2026-01-01T00:00:00.Z",
        ] {
            assert!(wrong.parse::<Instant>().is_err(), "{wrong}");
        }
        let utc: Instant = "2026-07-01T08:00:00Z".parse().unwrap();
        assert_eq!("2026-07-01T10:00:00+02:00".parse::<Instant>().unwrap(), utc);
        assert_eq!(
            "2024-02-29T12:00:00Z".parse::<Instant>().unwrap().to_string(),
            "2024-02-29T12:00:00Z"
        );
        assert_eq!("9999-12-31T23:59:59Z".parse::<Instant>().unwrap(), Instant::MAX);
    }

    #[test]
    fn months_are_strictly_written_and_counted_over_years() {
        let month: Month = "2026-01".parse().unwrap();
        assert_eq!(month.plus(-12).to_string(), "2025-01");
        assert_eq!(month.plus(-1).to_string(), "2025-12");
        assert_eq!(month.plus(23).to_string(), "2027-12");
        for wrong in ["2026-13", "2026-1", "26-01", "2026-00", "2026-011", "+026-01", "2026"] {
            assert!(wrong.parse::<Month>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_month_begins_at_local_midnight() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let first = |month: &str| month.parse::<Month>().unwrap().first_instant(&paris).to_string();
        assert_eq!(first("2026-07"), "2026-06-30T22:00:00Z");
        assert_eq!(first("2026-12"), "2026-11-30T23:00:00Z");
    }
}
