//! French public holidays (Code du travail, L3133-1) and the two more of Alsace-Moselle (L3134-13).

use jiff::{
    ToSpan,
    civil::{Date, date},
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// Which public holidays close a service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holidays {
    /// None: it is open on them.
    #[default]
    None,
    /// The eleven of France.
    France,
    /// Those and Good Friday and 26 December.
    AlsaceMoselle,
}

/// Easter Sunday of the Gregorian calendar, by the algorithm of Meeus, Jones and Butcher (J. Meeus, *Astronomical
/// Algorithms*, chapter 8).
#[must_use]
pub fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (b - (b + 8) / 25 + 1) / 3;
    let h = (19 * a + b - d - g + 15) % 30;
    let l = (32 + 2 * e + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let of_march = h + l - 7 * m + 22;
    let (month, day) = if of_march > 31 {
        (4, of_march - 31)
    } else {
        (3, of_march)
    };
    Date::new(year, month, i8::try_from(day).unwrap_or(1)).unwrap_or(Date::ZERO)
}

impl Holidays {
    /// The holidays of a year.
    #[must_use]
    pub fn of_year(self, year: i16) -> BTreeSet<Date> {
        if self == Self::None {
            return BTreeSet::new();
        }
        let easter = easter(year);
        let after = |days: i64| easter.saturating_add(days.days());
        let mut all = BTreeSet::from([
            date(year, 1, 1),
            after(1),
            date(year, 5, 1),
            date(year, 5, 8),
            after(39),
            after(50),
            date(year, 7, 14),
            date(year, 8, 15),
            date(year, 11, 1),
            date(year, 11, 11),
            date(year, 12, 25),
        ]);
        if self == Self::AlsaceMoselle {
            all.extend([after(-2), date(year, 12, 26)]);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Dates published by the Bureau des longitudes; 2008 is the earliest of our time, 2038 the latest possible.
    #[test]
    fn easter_is_when_it_was_published() {
        for (year, month, day) in [
            (1999, 4, 4),
            (2000, 4, 23),
            (2008, 3, 23),
            (2019, 4, 21),
            (2024, 3, 31),
            (2025, 4, 20),
            (2026, 4, 5),
            (2027, 3, 28),
            (2038, 4, 25),
            (2049, 4, 18),
            (2076, 4, 19),
        ] {
            assert_eq!(easter(year), date(year, month, day));
        }
    }

    #[test]
    fn holidays_of_2026() {
        let days: Vec<String> = Holidays::France.of_year(2026).iter().map(ToString::to_string).collect();
        assert_eq!(
            days,
            [
                "2026-01-01",
                "2026-04-06",
                "2026-05-01",
                "2026-05-08",
                "2026-05-14",
                "2026-05-25",
                "2026-07-14",
                "2026-08-15",
                "2026-11-01",
                "2026-11-11",
                "2026-12-25",
            ]
        );
    }

    #[test]
    fn alsace_moselle_has_good_friday_and_saint_stephens_day_besides() {
        let (france, east) = (Holidays::France.of_year(2026), Holidays::AlsaceMoselle.of_year(2026));
        let more: Vec<Date> = east.difference(&france).copied().collect();
        assert_eq!(more, [date(2026, 4, 3), date(2026, 12, 26)]);
        assert!(Holidays::None.of_year(2026).is_empty());
    }

    #[test]
    fn two_holidays_on_one_day_are_one() {
        // In 2008 Ascension was the 1st of May.
        assert_eq!(Holidays::France.of_year(2008).len(), 10);
    }
}
