//! Telephone numbers: E.164 where they are public numbers, internal extensions kept as they are.

use serde::{Deserialize, Serialize};

/// How many digits, from the end, tell two public numbers apart when one of them lacks its country.
const NATIONAL_DIGITS: usize = 9;
/// The longest internal extension.
const EXTENSION_DIGITS: usize = 7;
/// Words that announce an extension, without accents, in lower case.
const EXTENSION_WORDS: &[&str] = &["extension", "poste", "interne", "ext", "int", "pst"];

/// A telephone number as the backend has it, with what can be compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PhoneNumber {
    /// As typed at the backend.
    pub raw: String,
    /// "+33612340013", when it is a valid public number.
    pub e164: Option<String>,
    /// Digits only, for extensions and partial search.
    pub digits: String,
}

impl PhoneNumber {
    /// Reads a number as people type it, in France where no country is said. `None` when there is no digit in it.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        Self::parse_in(raw, "FR")
    }

    /// Reads a number as people type it in a country (two letters, ISO 3166; an unknown one leaves national numbers
    /// without E.164). A number followed by an extension ("01 23 45 67 89 poste 4012") is the public number; the extension
    /// is still found by [`Self::extension`].
    #[must_use]
    pub fn parse_in(raw: &str, region: &str) -> Option<Self> {
        let (main, extension) = split_extension(raw);
        let main_digits = digits_of(&main);
        if main_digits.is_empty() {
            let digits = extension?;
            return Some(Self {
                raw: raw.trim().to_owned(),
                e164: None,
                digits,
            });
        }
        // "+33 (0)6 12…": the trunk prefix in brackets is not dialled with the country.
        let plus = if main.trim_start().starts_with('+') { "+" } else { "" };
        let dialled = format!("{plus}{}", digits_of(&main.replace("(0)", "")));
        let country = region.parse::<phonenumber::country::Id>().ok();
        let e164 = (main_digits.len() > EXTENSION_DIGITS)
            .then(|| phonenumber::parse(country, &dialled).ok())
            .flatten()
            .filter(phonenumber::is_valid)
            .map(|number| number.format().mode(phonenumber::Mode::E164).to_string());
        Some(Self {
            raw: raw.trim().to_owned(),
            e164,
            digits: main_digits,
        })
    }

    /// The internal extension it says: its own digits when they are few and it is no public number, or what follows
    /// "poste", "ext"…
    #[must_use]
    pub fn extension(&self) -> Option<String> {
        match split_extension(&self.raw).1 {
            Some(extension) => Some(extension),
            None if self.e164.is_none() && self.digits.len() <= EXTENSION_DIGITS => Some(self.digits.clone()),
            None => None,
        }
    }

    /// Whether two numbers ring at the same place, as far as one can tell: the same E.164; else, when one of them has none,
    /// the same last nine digits; or the same extension.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (&self.e164, &other.e164) {
            return a == b;
        }
        if let (Some(a), Some(b)) = (last_digits(self), last_digits(other)) {
            return a == b;
        }
        matches!((self.extension(), other.extension()), (Some(a), Some(b)) if a == b)
    }
}

/// The digits that tell a public number apart, if there are enough of them.
fn last_digits(number: &PhoneNumber) -> Option<&str> {
    let digits = number
        .e164
        .as_deref()
        .map_or(number.digits.as_str(), |e164| e164.trim_start_matches('+'));
    digits
        .len()
        .checked_sub(NATIONAL_DIGITS)
        .and_then(|start| digits.get(start..))
}

/// ASCII digits of a text.
fn digits_of(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// Cuts "… poste 4012" into the number and its extension.
fn split_extension(raw: &str) -> (String, Option<String>) {
    let folded = crate::text::strip_accents(raw);
    for word in EXTENSION_WORDS {
        if let Some((before, after)) = folded.split_once(word) {
            let digits = digits_of(after);
            if !digits.is_empty() && digits.len() <= EXTENSION_DIGITS {
                return (before.to_owned(), Some(digits));
            }
        }
    }
    // Several numbers in one field: the first counts.
    let first = folded
        .split(['/', ';'])
        .find(|part| part.contains(|c: char| c.is_ascii_digit()));
    (first.unwrap_or(&folded).to_owned(), None)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn e164(raw: &str) -> Option<String> {
        PhoneNumber::parse(raw).unwrap().e164
    }

    #[test]
    fn french_numbers_become_e164_however_typed() {
        for raw in [
            "06 12 34 00 13",
            "06.12.34.00.13",
            "0612340013",
            "06-12-34-00-13",
            "+33 6 12 34 00 13",
            "+33 (0)6 12 34 00 13",
            "0033612340013",
            "00 33 6 12 34 00 13",
            " 06 12 34 00 13 (perso)",
            "Tél. 06 12 34 00 13 / 01 44 55 66 77",
        ] {
            assert_eq!(e164(raw).as_deref(), Some("+33612340013"), "{raw}");
        }
        assert_eq!(e164("01 44 55 66 77").as_deref(), Some("+33144556677"));
        assert_eq!(e164("+32 2 555 12 12").as_deref(), Some("+3225551212"));
    }

    #[test]
    fn extensions_keep_their_digits_and_get_no_e164() {
        for (raw, digits) in [
            ("4012", "4012"),
            ("poste 4012", "4012"),
            ("Poste : 40.12", "4012"),
            ("ext. 77", "77"),
        ] {
            let number = PhoneNumber::parse(raw).unwrap();
            assert_eq!((number.e164, number.digits.as_str()), (None, digits), "{raw}");
        }
        assert_eq!(PhoneNumber::parse("aucun"), None);
        assert_eq!(PhoneNumber::parse(""), None);
        assert_eq!(e164("06 12 34"), None, "too short to be a number");
    }

    #[test]
    fn a_number_with_an_extension_is_both() {
        let number = PhoneNumber::parse("01 44 55 66 77 poste 4012").unwrap();
        assert_eq!(number.e164.as_deref(), Some("+33144556677"));
        assert_eq!(number.extension().as_deref(), Some("4012"));
        assert!(number.matches(&PhoneNumber::parse("4012").unwrap()));
        assert!(number.matches(&PhoneNumber::parse("+33 1 44 55 66 77").unwrap()));
    }

    #[test]
    fn numbers_match_by_e164_then_by_their_last_nine_digits() {
        let parse = |raw: &str| PhoneNumber::parse(raw).unwrap();
        assert!(parse("06 12 34 00 13").matches(&parse("+33612340013")));
        assert!(!parse("06 12 34 00 13").matches(&parse("06 12 34 00 14")));
        // A switchboard that shows 9 digits, or one with its own outside prefix.
        assert!(parse("612340013").matches(&parse("06 12 34 00 13")));
        assert!(parse("0 0612340013").matches(&parse("06 12 34 00 13")));
        // Two valid numbers of different countries with the same ending are not the same.
        assert!(
            !parse("+33 6 12 34 00 13").matches(&parse("+49 1512 612340013")) || e164("+49 1512 612340013").is_none()
        );
        assert!(parse("4012").matches(&parse("poste 4012")));
        assert!(!parse("4012").matches(&parse("4013")));
        assert!(!parse("4012").matches(&parse("01 44 55 40 12")));
    }

    proptest! {
        #[test]
        fn never_panics_and_matches_itself(raw in "\\PC{0,40}") {
            if let Some(number) = PhoneNumber::parse(&raw) {
                prop_assert!(!number.digits.is_empty());
                if number.e164.is_some() || number.extension().is_some() || number.digits.len() >= NATIONAL_DIGITS {
                    prop_assert!(number.matches(&number.clone()));
                }
            }
        }
    }
}
