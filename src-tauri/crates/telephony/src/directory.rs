//! Who a number may be.
//!
//! Numbers are compared by keys, the surest first: the same E.164; else the same last nine digits, where one side has no
//! E.164 (switchboards show numbers with their own prefixes, or without the trunk zero); an internal extension only with an
//! extension. Several people may share a number (a site's switchboard): the technician chooses, nothing is guessed.

use guichet_domain::{call::RemoteParty, phone::PhoneNumber};
use serde::Serialize;
use std::collections::BTreeMap;

/// Digits, from the end, that tell two public numbers apart when one of them lacks its country.
const LAST_DIGITS: usize = 9;

/// What two numbers are compared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum PhoneKey {
    /// A valid public number, "+33612340013".
    E164(String),
    /// The last nine digits of a number.
    LastNine(String),
    /// An internal extension.
    Extension(String),
}

impl PhoneKey {
    /// The keys of a number, surest first. A directory stores all of them; so can a database's index.
    #[must_use]
    pub fn of(number: &PhoneNumber) -> Vec<Self> {
        let mut keys: Vec<Self> = number.e164.iter().cloned().map(Self::E164).collect();
        let digits = number
            .e164
            .as_deref()
            .map_or(number.digits.as_str(), |e164| e164.trim_start_matches('+'));
        if let Some(last) = digits.len().checked_sub(LAST_DIGITS).and_then(|at| digits.get(at..)) {
            keys.push(Self::LastNine(last.to_owned()));
        }
        keys.extend(number.extension().map(Self::Extension));
        keys
    }
}

/// How a candidate was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum MatchBy {
    /// The very number.
    Number,
    /// The internal extension.
    Extension,
    /// The last nine digits: very likely, and shown as such.
    LastDigits,
}

/// Somebody the caller may be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Candidate<P> {
    /// Who.
    pub who: P,
    /// How sure.
    pub by: MatchBy,
}

/// Who the caller may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", content = "candidates", rename_all = "snake_case")]
pub enum Matches<P> {
    /// The number is hidden: nothing can be looked up, and no number can be saved.
    Anonymous,
    /// Nobody has this number: attach the call to a person, and offer to save the number.
    Unknown,
    /// One person.
    One(Candidate<P>),
    /// Several: a person chooses.
    Several(Vec<Candidate<P>>),
}

/// Numbers and whose they are.
#[derive(Debug, Clone)]
pub struct PhoneBook<P> {
    region: String,
    entries: BTreeMap<PhoneKey, Vec<(P, bool)>>,
}

impl<P: Clone + Ord> PhoneBook<P> {
    /// An empty one; `region` is where national numbers belong (two letters, ISO 3166; "FR" unless told otherwise).
    #[must_use]
    pub fn new(region: &str) -> Self {
        Self {
            region: region.to_owned(),
            entries: BTreeMap::new(),
        }
    }

    /// Adds a number of somebody.
    pub fn insert(&mut self, who: P, number: &PhoneNumber) {
        for key in PhoneKey::of(number) {
            self.entries
                .entry(key)
                .or_default()
                .push((who.clone(), number.e164.is_some()));
        }
    }

    /// Who the other end of a call may be.
    #[must_use]
    pub fn of_caller(&self, remote: &RemoteParty) -> Matches<P> {
        if remote.anonymous {
            return Matches::Anonymous;
        }
        PhoneNumber::parse_in(&remote.raw, &self.region).map_or(Matches::Unknown, |number| self.candidates(&number))
    }

    /// Who a number may be. The surest kind of match wins; people found by a weaker one are not mixed in.
    #[must_use]
    pub fn candidates(&self, number: &PhoneNumber) -> Matches<P> {
        for key in PhoneKey::of(number) {
            let by = match &key {
                PhoneKey::E164(_) => MatchBy::Number,
                PhoneKey::LastNine(_) => MatchBy::LastDigits,
                PhoneKey::Extension(_) => MatchBy::Extension,
            };
            let mut found: Vec<Candidate<P>> = self
                .entries
                .get(&key)
                .into_iter()
                .flatten()
                // Two valid public numbers that differ are two numbers, however they end.
                .filter(|(_, public)| by != MatchBy::LastDigits || !(*public && number.e164.is_some()))
                .map(|(who, _)| Candidate { who: who.clone(), by })
                .collect();
            found.sort();
            found.dedup();
            match found.len() {
                0 => {}
                1 => return found.pop().map_or(Matches::Unknown, Matches::One),
                _ => return Matches::Several(found),
            }
        }
        Matches::Unknown
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn book() -> PhoneBook<&'static str> {
        let mut book = PhoneBook::new("FR");
        for (who, number) in [
            ("claire", "06 12 34 00 13"),
            ("claire", "01 44 55 66 77 poste 4012"),
            ("paul", "+33 1 44 55 66 77"),
            ("site", "poste 4013"),
            ("anne", "0 0 612 34 00 19 99"),
            ("belge", "+32 475 12 34 56"),
        ] {
            book.insert(who, &PhoneNumber::parse(number).unwrap());
        }
        book
    }

    fn of(raw: &str) -> Matches<&'static str> {
        book().of_caller(&RemoteParty::read(raw, "", "FR"))
    }

    fn one(who: &'static str, by: MatchBy) -> Matches<&'static str> {
        Matches::One(Candidate { who, by })
    }

    #[test]
    fn the_very_number_is_found_however_it_is_written() {
        for raw in ["0612340013", "+33612340013", "0033612340013", "06.12.34.00.13"] {
            assert_eq!(of(raw), one("claire", MatchBy::Number), "{raw}");
        }
    }

    #[test]
    fn a_number_with_the_switchboards_prefix_is_found_by_its_last_nine_digits() {
        assert_eq!(
            of("612340013"),
            one("claire", MatchBy::Number),
            "the trunk zero is missing"
        );
        assert_eq!(of("900612340013"), one("claire", MatchBy::LastDigits));
    }

    #[test]
    fn an_extension_is_found_among_extensions_only() {
        assert_eq!(of("4012"), one("claire", MatchBy::Extension));
        assert_eq!(of("4013"), one("site", MatchBy::Extension));
        assert_eq!(
            of("0013"),
            Matches::Unknown,
            "the end of a public number is no extension"
        );
    }

    #[test]
    fn a_number_of_several_people_is_a_choice() {
        let Matches::Several(found) = of("0144556677") else {
            panic!("two people share it")
        };
        let who: Vec<_> = found.iter().map(|candidate| candidate.who).collect();
        assert_eq!(who, ["claire", "paul"]);
    }

    #[test]
    fn hidden_and_unknown_callers_are_said_so() {
        assert_eq!(of("anonymous"), Matches::Anonymous);
        assert_eq!(of(""), Matches::Anonymous);
        assert_eq!(of("0699999999"), Matches::Unknown);
    }

    #[test]
    fn two_public_numbers_with_the_same_ending_are_not_the_same() {
        let mut book = PhoneBook::new("FR");
        book.insert("de", &PhoneNumber::parse("+49 1512 3400139").unwrap());
        let french = PhoneNumber::parse("+33 1 23 40 01 39").unwrap();
        assert_eq!(book.candidates(&french), Matches::Unknown);
    }

    proptest! {
        /// The book agrees with the domain's own comparison: whoever is proposed has a number that matches.
        #[test]
        fn whoever_is_proposed_has_a_matching_number(
            numbers in proptest::collection::vec("(0[1-7][0-9]{8}|\\+33[1-7][0-9]{8}|[0-9]{3,5}|[0-9]{9,12})", 1..20),
            asked in 0_usize..20,
        ) {
            let mut book = PhoneBook::new("FR");
            for (i, number) in numbers.iter().enumerate() {
                book.insert(i, &PhoneNumber::parse(number).unwrap());
            }
            let asked = PhoneNumber::parse(&numbers[asked % numbers.len()]).unwrap();
            let found = match book.candidates(&asked) {
                Matches::One(one) => vec![one],
                Matches::Several(several) => several,
                _ => Vec::new(),
            };
            for candidate in &found {
                prop_assert!(asked.matches(&PhoneNumber::parse(&numbers[candidate.who]).unwrap()));
            }
            // Digits between an extension's length and nine, that are no number, can be compared with nothing.
            if !PhoneKey::of(&asked).is_empty() {
                prop_assert!(!found.is_empty(), "the number itself is in the book");
            }
        }
    }
}
