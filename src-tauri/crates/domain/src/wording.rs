//! How the domain's own lines (trace lines, rendered follow-ups) come to be in the reader's language: no text lives in code.
//!
//! Whatever people read is asked of [`Phrases`] by key and arguments; the shell answers from the message catalogue
//! (`assets/messages/{fr,en}.json`, keys `transfer.*`, `escalation.*`, `call.*`, `surge.*`), and a test here holds every key that
//! can be asked for against both files. Texts that belong to a customer's contract come as [`Text`] from its file.

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A language of the product.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// French, the reference.
    #[default]
    Fr,
    /// English.
    En,
}

/// A text in the two languages of the product, as a contract's file has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// French.
    pub fr: String,
    /// English.
    pub en: String,
}

impl Text {
    /// The text in a language.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::Fr => &self.fr,
            Language::En => &self.en,
        }
    }

    /// Both languages with `{name}` replaced by a value.
    #[must_use]
    pub fn filled(&self, name: &str, value: &str) -> Self {
        let place = format!("{{{name}}}");
        Self {
            fr: self.fr.replace(&place, value),
            en: self.en.replace(&place, value),
        }
    }
}

/// A catalogue of phrases in one language.
pub trait Phrases {
    /// The phrase of this key with `{name}` replaced by the argument of that name; the key itself where there is none.
    fn phrase(&self, key: &str, arguments: &[(&str, String)]) -> String;

    /// The language of its phrases.
    fn language(&self) -> Language;
}

/// An instant as the language writes it, on the clocks of `zone`, to the second: phrase `format.date_time` is a `strftime`
/// pattern. ISO 8601 where the pattern is none.
#[must_use]
pub fn date_time(phrases: &dyn Phrases, at: Timestamp, zone: &TimeZone) -> String {
    let pattern = phrases.phrase("format.date_time", &[]);
    let local = at.to_zoned(zone.clone());
    jiff::fmt::strtime::format(&pattern, &local).unwrap_or_else(|_| at.to_string())
}

/// A length of time as the language writes it: minutes and seconds, or hours and minutes.
#[must_use]
pub fn length(phrases: &dyn Phrases, seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let two = |number: i64| format!("{number:02}");
    if hours > 0 {
        phrases.phrase(
            "format.hours",
            &[("hours", hours.to_string()), ("minutes", two(minutes))],
        )
    } else {
        phrases.phrase(
            "format.minutes",
            &[("minutes", minutes.to_string()), ("seconds", two(rest))],
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
pub(crate) mod testing {
    use super::{Language, Phrases};
    use std::{
        cell::RefCell,
        collections::{BTreeMap, BTreeSet},
    };

    /// The product's own catalogue, and which keys were asked of it.
    pub(crate) struct Catalogue {
        language: Language,
        texts: BTreeMap<String, String>,
        pub(crate) asked: RefCell<BTreeSet<String>>,
    }

    impl Catalogue {
        pub(crate) fn of(language: Language) -> Self {
            let source = match language {
                Language::Fr => include_str!("../../../../assets/messages/fr.json"),
                Language::En => include_str!("../../../../assets/messages/en.json"),
            };
            let file: serde_json::Value = serde_json::from_str(source).unwrap();
            Self {
                language,
                texts: serde_json::from_value(file["texts"].clone()).unwrap(),
                asked: RefCell::default(),
            }
        }

        pub(crate) fn both() -> [Self; 2] {
            [Self::of(Language::Fr), Self::of(Language::En)]
        }
    }

    impl Phrases for Catalogue {
        fn phrase(&self, key: &str, arguments: &[(&str, String)]) -> String {
            self.asked.borrow_mut().insert(key.to_owned());
            let text = self
                .texts
                .get(key)
                .unwrap_or_else(|| panic!("no phrase {key} in {:?}", self.language));
            let filled = arguments.iter().fold(text.clone(), |text, (name, value)| {
                let place = format!("{{{name}}}");
                assert!(
                    text.contains(&place),
                    "{key} has no place for {name} in {:?}",
                    self.language
                );
                text.replace(&place, value)
            });
            let left = text.matches('{').count();
            assert_eq!(left, arguments.len(), "{key} wants other arguments: {text}");
            filled
        }

        fn language(&self) -> Language {
            self.language
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{testing::Catalogue, *};

    #[test]
    fn an_instant_is_written_as_the_language_does() {
        let at: Timestamp = "2026-11-23T13:05:09Z".parse().unwrap();
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let [fr, en] = Catalogue::both();
        assert_eq!(date_time(&fr, at, &paris), "23/11/2026 14:05:09");
        assert_eq!(date_time(&en, at, &paris), "2026-11-23 14:05:09");
        assert_eq!(length(&fr, 65), "1 min 05 s");
        assert_eq!(length(&en, 3900), "1 h 05 min");
        assert_eq!(length(&fr, -4), "0 min 00 s");
    }

    #[test]
    fn a_contracts_text_is_filled_in_both_languages() {
        let text = Text {
            fr: "Incident sur {subject}.".into(),
            en: "Incident on {subject}.".into(),
        };
        assert_eq!(text.filled("subject", "VPN").get(Language::Fr), "Incident sur VPN.");
        assert_eq!(text.filled("subject", "VPN").get(Language::En), "Incident on VPN.");
    }
}
