//! Stretches of time that figures are told for: a month (as the contract does), a week, a year.

use crate::instant::{Instant, Month, NotAMonth};
use jiff::{
    ToSpan,
    civil::{Date, ISOWeekDate, Weekday},
    tz::TimeZone,
};
use serde::{Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A calendar month, an ISO week (Monday to Sunday) or a calendar year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    /// Written `2026-W23`; by its Monday.
    Week(Date),
    /// Written `2026-06`.
    Month(Month),
    /// Written `2026`.
    Year(i16),
}

impl Period {
    /// The week that holds a day.
    #[must_use]
    pub fn week_of(day: Date) -> Self {
        let back = i64::from(day.weekday().since(Weekday::Monday));
        Self::Week(day.checked_sub(back.days()).unwrap_or(day))
    }

    /// So many of its kind later (earlier when negative).
    #[must_use]
    pub fn plus(self, count: i32) -> Self {
        match self {
            Self::Week(monday) => Self::Week(monday.saturating_add(i64::from(count).weeks())),
            Self::Month(month) => Self::Month(month.plus(count)),
            Self::Year(year) => Self::Year(i16::try_from(i32::from(year) + count).unwrap_or(year)),
        }
    }

    /// Its first day.
    #[must_use]
    pub fn first_day(self) -> Date {
        match self {
            Self::Week(monday) => monday,
            Self::Month(month) => month.first_day(),
            Self::Year(year) => Date::new(year, 1, 1).unwrap_or(Date::ZERO),
        }
    }

    /// The month that holds its last day.
    #[must_use]
    pub fn last_month(self) -> Option<Month> {
        let last = self.plus(1).first_day().yesterday().ok()?;
        Month::new(last.year(), last.month())
    }

    /// The same a year before: a week 52 weeks before, so that weekdays are compared with themselves.
    #[must_use]
    pub fn a_year_before(self) -> Self {
        match self {
            Self::Week(_) => self.plus(-52),
            Self::Month(_) => self.plus(-12),
            Self::Year(_) => self.plus(-1),
        }
    }

    /// Its first instant in a zone; the period is \[its first instant, the next one's first instant).
    #[must_use]
    pub fn first_instant(self, zone: &TimeZone) -> Instant {
        crate::calendar::local::instant(zone, self.first_day().to_datetime(jiff::civil::Time::midnight()))
    }
}

impl From<Month> for Period {
    fn from(month: Month) -> Self {
        Self::Month(month)
    }
}

impl fmt::Display for Period {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Week(monday) => {
                let week = monday.iso_week_date();
                write!(formatter, "{:04}-W{:02}", week.year(), week.week())
            }
            Self::Month(month) => month.fmt(formatter),
            Self::Year(year) => write!(formatter, "{year:04}"),
        }
    }
}

/// The text is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a week such as 2026-W23, a month such as 2026-06 or a year such as 2026")]
pub struct NotAPeriod(pub String);

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = |part: &str, count| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
        let read = || -> Option<Self> {
            if let Some((year, week)) = text.split_once("-W") {
                if !digits(year, 4) || !digits(week, 2) {
                    return None;
                }
                let monday = ISOWeekDate::new(year.parse().ok()?, week.parse().ok()?, Weekday::Monday);
                let monday = monday.ok()?.date();
                Month::new(monday.year(), monday.month())?;
                return Some(Self::Week(monday));
            }
            if digits(text, 4) {
                let year = text.parse().ok()?;
                Month::new(year, 1)?;
                return Some(Self::Year(year));
            }
            let month: Result<Month, NotAMonth> = text.parse();
            month.ok().map(Self::Month)
        };
        read().ok_or_else(|| NotAPeriod(text.to_owned()))
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn period(text: &str) -> Period {
        text.parse().unwrap()
    }

    #[test]
    fn periods_are_strictly_written_and_counted_over_years() {
        for (text, before, after, a_year_before, last_month) in [
            ("2026-W01", "2025-W52", "2026-W02", "2025-W01", "2026-01"),
            ("2026-W53", "2026-W52", "2027-W01", "2026-W01", "2027-01"),
            ("2026-06", "2026-05", "2026-07", "2025-06", "2026-06"),
            ("2026", "2025", "2027", "2025", "2026-12"),
        ] {
            let one = period(text);
            assert_eq!(one.to_string(), text);
            assert_eq!(one.plus(-1).to_string(), before);
            assert_eq!(one.plus(1).to_string(), after);
            assert_eq!(one.a_year_before().to_string(), a_year_before);
            assert_eq!(one.last_month().unwrap().to_string(), last_month);
        }
        for wrong in ["2025-W53", "2026-W00", "2026-W1", "26", "2026-13", "W23", "", "20260"] {
            assert!(wrong.parse::<Period>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_week_begins_on_monday_at_local_midnight() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let week = Period::week_of(Date::constant(2026, 6, 7));
        assert_eq!(week, period("2026-W23"));
        assert_eq!(Period::week_of(Date::constant(2026, 6, 1)), week);
        assert_eq!(week.first_instant(&paris).to_string(), "2026-05-31T22:00:00Z");
    }
}
