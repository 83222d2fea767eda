//! The zone of the server's naive dates.
//!
//! GLPI's legacy API writes `2026-11-22 04:58:16` without a zone: that of PHP, or (10.0 with time zones enabled) of the
//! account's own preference. Item reads carry `Last-Modified` in true GMT, so one of them calibrates the offset; a named
//! zone that agrees with it is preferred, as old dates need its summer time.
//!
//! **The repeated hour** of an autumn night cannot be told from the text. Values are read as its first passage; comparisons
//! with a watermark take whichever reading is safe ([`ServerZone::earliest`], [`ServerZone::latest`]).

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

/// How the server writes dates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ServerZone {
    zone: TimeZone,
    named: bool,
}

/// How an instant is written in GLPI.
const FORMAT: &str = "%Y-%m-%d %H:%M:%S";

impl ServerZone {
    /// A fixed offset, for want of a name.
    pub(crate) fn fixed(offset: Offset) -> Self {
        Self {
            zone: TimeZone::fixed(offset),
            named: false,
        }
    }

    /// A named zone, when this machine knows it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(|zone| Self { zone, named: true })
    }

    /// Whether summer time is known, so that one calibration lasts.
    pub(crate) fn is_named(&self) -> bool {
        self.named
    }

    /// Whether this zone writes this instant as the server did.
    pub(crate) fn agrees(&self, instant: Timestamp, naive: &str) -> bool {
        self.write(instant) == naive
    }

    /// The offset the server applied: naive minus true, as far as it is one (whole minutes, under a day).
    pub(crate) fn offset(instant: Timestamp, naive: &str) -> Option<Offset> {
        let naive = parse(naive)?.to_zoned(TimeZone::UTC).ok()?.timestamp();
        // The two stamps may lie a second or two apart where they are not from the same source.
        let seconds = naive.as_second() - instant.as_second();
        let quarters = (seconds as f64 / 900.0).round() as i64;
        if (seconds - quarters * 900).abs() > 60 {
            return None;
        }
        i32::try_from(quarters * 900)
            .ok()
            .and_then(|seconds| Offset::from_seconds(seconds).ok())
    }

    /// The instant a naive date means; the first passage of a repeated hour.
    pub(crate) fn read(&self, naive: &str) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(parse(naive)?).compatible().ok()
    }

    /// The earliest instant it can mean.
    pub(crate) fn earliest(&self, naive: &str) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(parse(naive)?).earlier().ok()
    }

    /// The latest instant it can mean.
    pub(crate) fn latest(&self, naive: &str) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(parse(naive)?).later().ok()
    }

    /// An instant as the server writes it.
    pub(crate) fn write(&self, instant: Timestamp) -> String {
        instant.to_zoned(self.zone.clone()).strftime(FORMAT).to_string()
    }
}

/// A date in GLPI's form. MySQL's zero date is none.
fn parse(naive: &str) -> Option<DateTime> {
    if naive.starts_with("0000") {
        return None;
    }
    DateTime::strptime(FORMAT, naive).ok().or_else(|| naive.parse().ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn last_modified_minus_date_mod_is_the_session_s_offset() {
        // v1-10.0/087: Last-Modified 03:54:44 GMT, date_mod 04:54:44.
        let offset = ServerZone::offset(at("2026-11-22T03:54:44Z"), "2026-11-22 04:54:44").unwrap();
        assert_eq!(offset, Offset::from_hours(1).unwrap());
        // v1-10.0/286: the same ticket for an account whose preference is New York.
        let offset = ServerZone::offset(at("2026-11-22T03:54:44Z"), "2026-11-21 22:54:44").unwrap();
        assert_eq!(offset, Offset::from_hours(-5).unwrap());
        assert_eq!(
            ServerZone::offset(at("2026-11-22T03:54:44Z"), "2026-11-22 04:41:44"),
            None
        );
    }

    #[test]
    fn a_named_zone_gets_summer_dates_right() {
        let paris = ServerZone::named("Europe/Paris").unwrap();
        assert_eq!(paris.read("2026-07-01 12:00:00").unwrap(), at("2026-07-01T10:00:00Z"));
        assert_eq!(paris.read("2026-12-01 12:00:00").unwrap(), at("2026-12-01T11:00:00Z"));
        assert_eq!(paris.write(at("2026-07-01T10:00:00Z")), "2026-07-01 12:00:00");
    }

    #[test]
    fn the_repeated_hour_is_read_as_its_first_passage_and_bounded_both_ways() {
        let paris = ServerZone::named("Europe/Paris").unwrap();
        assert_eq!(paris.read("2026-10-25 02:30:00").unwrap(), at("2026-10-25T00:30:00Z"));
        assert_eq!(
            paris.earliest("2026-10-25 02:30:00").unwrap(),
            at("2026-10-25T00:30:00Z")
        );
        assert_eq!(paris.latest("2026-10-25 02:30:00").unwrap(), at("2026-10-25T01:30:00Z"));
    }

    #[test]
    fn a_zero_or_broken_date_is_none() {
        let paris = ServerZone::named("Europe/Paris").unwrap();
        assert_eq!(paris.read("0000-00-00 00:00:00"), None);
        assert_eq!(paris.read("bientôt"), None);
        assert_eq!(paris.read("2026-02-30 00:00:00"), None);
    }
}
