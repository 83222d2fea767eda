//! The message catalogue: every text a person reads from Rust, in French and English (`assets/messages/*.json`).
//! Errors have a message and a hint (the cure); texts of the command line have one line.

use guichet_domain::wording::{Language, Phrases};
use serde::{Deserialize, Serialize};
use specta::Type;
use std::{collections::BTreeMap, sync::OnceLock};

/// A language of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Locale {
    /// French, the reference.
    Fr,
    /// English.
    En,
}

impl Locale {
    /// Both, for tests and help.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The operating system's language (`LC_ALL`, `LC_MESSAGES`, `LANG`; the user's on Windows). French where the system
    /// does not say: it is the reference language of the product.
    #[must_use]
    pub fn of_system() -> Self {
        Self::from_tag(sys_locale::get_locale().as_deref())
    }

    fn from_tag(tag: Option<&str>) -> Self {
        let language: String = tag
            .unwrap_or_default()
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect::<String>()
            .to_ascii_lowercase();
        match language.as_str() {
            "" | "c" | "posix" | "fr" => Self::Fr,
            _ => Self::En,
        }
    }

    /// The catalogue of this language.
    #[must_use]
    pub fn catalogue(self) -> &'static Catalogue {
        static FR: OnceLock<Catalogue> = OnceLock::new();
        static EN: OnceLock<Catalogue> = OnceLock::new();
        let (cell, source) = match self {
            Self::Fr => (&FR, include_str!("../../assets/messages/fr.json")),
            Self::En => (&EN, include_str!("../../assets/messages/en.json")),
        };
        // The file is part of the program and a test reads it: an unreadable one would only show codes instead of texts.
        cell.get_or_init(|| {
            let mut catalogue: Catalogue = serde_json::from_str(source).unwrap_or_default();
            if self == Self::Fr {
                for text in catalogue.errors.values_mut() {
                    text.message = spaced(&text.message);
                    text.hint = spaced(&text.hint);
                }
            }
            catalogue
        })
    }
}

/// An error's text and its cure.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ErrorText {
    /// What went wrong.
    pub message: String,
    /// What to do about it.
    pub hint: String,
    /// What the system, the network or the server said in its own language, for support: the argument `detail` where the
    /// text itself has no place for it.
    #[serde(skip)]
    pub detail: Option<String>,
}

/// The texts of one language. `{name}` in a text is replaced by the argument of that name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// By error code.
    pub errors: BTreeMap<String, ErrorText>,
    /// By key, for the command line.
    pub texts: BTreeMap<String, String>,
}

/// Arguments of a text.
pub type Args<'a> = [(&'a str, String)];

/// The spaces that French puts before its high punctuation and inside its quotation marks never end a line: errors are read in
/// the window too, whose own texts are spaced so by `ui/src/i18n`. (The command line's other texts are written for a terminal.)
fn spaced(text: &str) -> String {
    text.replace(" :", "\u{a0}:")
        .replace(" »", "\u{a0}»")
        .replace("« ", "«\u{a0}")
        .replace(" ;", "\u{202f};")
        .replace(" !", "\u{202f}!")
        .replace(" ?", "\u{202f}?")
}

fn fill(template: &str, args: &Args<'_>) -> String {
    args.iter().fold(template.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{name}}}"), value)
    })
}

impl Catalogue {
    /// Message and hint of an error; the code itself where the catalogue has none.
    #[must_use]
    pub fn error(&self, code: &str, args: &Args<'_>) -> ErrorText {
        self.errors.get(code).map_or_else(
            || ErrorText {
                message: code.to_owned(),
                hint: String::new(),
                detail: None,
            },
            |text| ErrorText {
                message: fill(&text.message, args),
                hint: fill(&text.hint, args),
                detail: (!text.message.contains("{detail}"))
                    .then(|| args.iter().find(|(name, _)| *name == "detail"))
                    .flatten()
                    .map(|(_, detail)| detail.trim().to_owned())
                    .filter(|detail| !detail.is_empty()),
            },
        )
    }

    /// A text; its key where the catalogue has none.
    #[must_use]
    pub fn text(&self, key: &str, args: &Args<'_>) -> String {
        self.texts
            .get(key)
            .map_or_else(|| key.to_owned(), |text| fill(text, args))
    }
}

impl Phrases for Locale {
    fn phrase(&self, key: &str, arguments: &[(&str, String)]) -> String {
        self.catalogue().text(key, arguments)
    }

    fn language(&self) -> Language {
        match self {
            Self::Fr => Language::Fr,
            Self::En => Language::En,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn read(locale: Locale) -> Catalogue {
        let source = match locale {
            Locale::Fr => include_str!("../../assets/messages/fr.json"),
            Locale::En => include_str!("../../assets/messages/en.json"),
        };
        serde_json::from_str(source).unwrap()
    }

    fn placeholders(text: &str) -> BTreeSet<String> {
        text.split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}').map(|(name, _)| name.to_owned()))
            .collect()
    }

    #[test]
    fn french_errors_keep_their_punctuation_on_the_line() {
        for (code, text) in &Locale::Fr.catalogue().errors {
            for part in [&text.message, &text.hint] {
                for loose in [" :", " ;", " !", " ?", " »", "« "] {
                    assert!(!part.contains(loose), "{code}: {part}");
                }
            }
        }
        let unknown = Locale::Fr
            .catalogue()
            .error("not_found_here", &[("name", "a : b".to_owned())]);
        assert_eq!(
            unknown.message, "«\u{a0}a : b\u{a0}» est introuvable ici.",
            "what a person or a server wrote stays as it is"
        );
        let english = Locale::En
            .catalogue()
            .error("not_found_here", &[("name", "x".to_owned())]);
        assert!(!english.message.contains('\u{a0}'));
    }

    #[test]
    fn both_languages_have_the_same_keys_and_the_same_arguments() {
        let (fr, en) = (read(Locale::Fr), read(Locale::En));
        assert_eq!(
            fr.errors.keys().collect::<Vec<_>>(),
            en.errors.keys().collect::<Vec<_>>()
        );
        assert_eq!(fr.texts.keys().collect::<Vec<_>>(), en.texts.keys().collect::<Vec<_>>());
        for (code, text) in &fr.errors {
            let other = &en.errors[code];
            assert!(
                !text.message.trim().is_empty() && !text.hint.trim().is_empty(),
                "{code}"
            );
            assert!(
                !other.message.trim().is_empty() && !other.hint.trim().is_empty(),
                "{code}"
            );
            assert_eq!(
                placeholders(&format!("{} {}", text.message, text.hint)),
                placeholders(&format!("{} {}", other.message, other.hint)),
                "{code}"
            );
        }
        for (key, text) in &fr.texts {
            assert!(!text.trim().is_empty(), "{key}");
            assert_eq!(placeholders(text), placeholders(&en.texts[key]), "{key}");
        }
    }

    #[test]
    fn the_language_follows_the_system_and_french_is_the_reference() {
        assert_eq!(Locale::from_tag(Some("fr-FR")), Locale::Fr);
        assert_eq!(Locale::from_tag(Some("fr_CA.UTF-8")), Locale::Fr);
        assert_eq!(Locale::from_tag(Some("en_GB.UTF-8")), Locale::En);
        assert_eq!(Locale::from_tag(Some("de-DE")), Locale::En);
        assert_eq!(Locale::from_tag(Some("C.UTF-8")), Locale::Fr);
        assert_eq!(Locale::from_tag(None), Locale::Fr);
    }

    #[test]
    fn what_a_machine_said_stays_out_of_the_sentence() {
        let said = [(
            "detail",
            "tcp connect error: Connection refused (os error 111)".to_owned(),
        )];
        for locale in Locale::ALL {
            let told = locale.catalogue().error("backend_unreachable", &said);
            assert!(!told.message.contains("tcp"), "{}", told.message);
            assert_eq!(told.detail.as_deref(), Some(said[0].1.as_str()));
            let told = locale
                .catalogue()
                .error("backend_refused", &[("detail", "Type de fichier refusé".into())]);
            assert!(
                told.message.contains("Type de fichier refusé"),
                "the server's own reason is the message"
            );
            assert_eq!(told.detail, None);
        }
    }

    #[test]
    fn arguments_are_put_in_place() {
        assert_eq!(fill("{a}/{b}", &[("a", "1".into()), ("b", "2".into())]), "1/2");
    }
}
