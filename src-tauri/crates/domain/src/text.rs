//! Folding of text for search and comparison: accents, ligatures, case and French plurals forgiven.
//!
//! The index and the query go through the same folding, so that what is typed meets what is stored:
//!
//! - lower case, no accents, `œ` → `oe`, `æ` → `ae`, `ß` → `ss`; everything that is neither a letter nor a digit (an
//!   apostrophe too: *l'imprimante*) separates words, so that a folded token never holds punctuation and any tokenizer of
//!   an index keeps it whole;
//! - words of four letters and more lose a French plural (`-s`, `-x`, `-aux` → `-al`, `-eaux` → `-eau`). Nothing more is
//!   stemmed: feminines, verbs and suffixes confuse as often as they help. Short words and words with digits are left alone
//!   (*bus*, *sas*, *W10s*);
//! - a name put together with `-` `.` `_` `@` `+` (PC-0417, 10.0.0.12, a mail address) is indexed by its parts **and** by
//!   every tail of it glued together (`pc0417`; `jeandupontexemplefr`, `dupontexemplefr`…), so that it is found whole, by
//!   any part, by any run of parts, with or without its punctuation.
//!
//! French stop-words stay in the index (they cost little there) and are dropped from a query when other words remain: they
//! would only slow it down. A query made of nothing else keeps them.

use std::collections::BTreeSet;
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Words shorter than this keep their ending.
const MIN_STEMMED: usize = 4;
/// A token is cut after this many characters: nobody types more, and base64 lumps must not swell the index.
const MAX_TOKEN: usize = 64;
/// A name put together of more parts than this is indexed by its parts only.
const MAX_PARTS: usize = 8;

/// Words of French that say nothing about a subject, folded. Elided articles (*l'*, *d'*) included.
const STOP_WORDS: &[&str] = &[
    "a", "ai", "au", "aux", "avec", "c", "ce", "ces", "cet", "cette", "d", "dans", "de", "des", "du", "elle", "en",
    "est", "et", "il", "ils", "j", "je", "l", "la", "le", "les", "leur", "lui", "m", "ma", "mes", "mon", "n", "ne",
    "nos", "notre", "nous", "on", "ou", "par", "pas", "pour", "qu", "que", "qui", "s", "sa", "se", "ses", "son",
    "sont", "sur", "t", "ta", "tes", "ton", "un", "une", "vos", "votre", "vous", "y",
];

/// Plurals in `-aux` whose singular is in `-ail`: the rule would make *traval* of them.
const AIL_PLURALS: &[(&str, &str)] = &[
    ("travaux", "travail"),
    ("vitraux", "vitrail"),
    ("coraux", "corail"),
    ("emaux", "email"),
    ("soupiraux", "soupirail"),
    ("vantaux", "vantail"),
    ("baux", "bail"),
];

/// Whether a folded word is a French stop-word.
#[must_use]
pub fn is_stop_word(folded: &str) -> bool {
    STOP_WORDS.binary_search(&folded).is_ok()
}

/// Lower-cases a text and strips accents and ligatures; punctuation and spaces stay as they are.
#[must_use]
pub fn strip_accents(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text
        .chars()
        .flat_map(char::to_lowercase)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
    {
        match c {
            'œ' => out.push_str("oe"),
            'æ' => out.push_str("ae"),
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' => out.push('d'),
            'ı' => out.push('i'),
            // Compatibility forms (ＦＵＬＬ ＷＩＤＴＨ, ™) may come out of the decomposition in upper case.
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

/// Takes a French plural off a folded word.
#[must_use]
pub fn singular(folded: &str) -> String {
    if folded.chars().count() < MIN_STEMMED || !folded.chars().all(char::is_alphabetic) {
        return folded.to_owned();
    }
    if let Some((_, singular)) = AIL_PLURALS.iter().find(|(plural, _)| *plural == folded) {
        return (*singular).to_owned();
    }
    if let Some(root) = folded.strip_suffix('x') {
        // bureaux → bureau, tuyaux → tuyau, journaux → journal, jeux → jeu, bijoux → bijou, prix → pri (everywhere).
        return match root.strip_suffix("au") {
            Some(stem) if !stem.ends_with(['e', 'y']) => format!("{stem}al"),
            _ => root.to_owned(),
        };
    }
    match folded.strip_suffix('s') {
        Some(root) if !root.ends_with('s') => root.to_owned(),
        _ => folded.to_owned(),
    }
}

/// One word as it was written: its parts (one, unless it is a name put together with punctuation).
struct Word {
    parts: Vec<String>,
    /// The text goes on after it with a space or an ending of a sentence: it is finished.
    finished: bool,
}

/// Whether a character holds the parts of a name together.
fn joins(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | '@' | '+' | '\u{2010}' | '\u{2011}')
}

/// Cuts a text into words.
fn words(text: &str) -> Vec<Word> {
    let plain = strip_accents(text);
    let mut words = Vec::new();
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    let mut length = 0;
    // A joiner only joins when a letter or digit follows it at once.
    let mut joined = false;
    for c in plain.chars() {
        if c.is_alphanumeric() {
            if joined {
                joined = false;
            } else if part.is_empty() && !parts.is_empty() {
                words.push(Word {
                    parts: std::mem::take(&mut parts),
                    finished: true,
                });
            }
            if length < MAX_TOKEN {
                part.push(c);
                length += 1;
            }
        } else {
            if !part.is_empty() {
                parts.push(std::mem::take(&mut part));
                length = 0;
                joined = joins(c);
            } else {
                joined = false;
            }
            if !joined && !parts.is_empty() {
                words.push(Word {
                    parts: std::mem::take(&mut parts),
                    finished: true,
                });
            }
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    if !parts.is_empty() {
        words.push(Word { parts, finished: false });
    }
    words
}

/// Glues parts together, cut to the length of a token.
fn glue(parts: &[String]) -> String {
    parts.concat().chars().take(MAX_TOKEN).collect()
}

/// The tokens under which a text is indexed, in the text's order.
#[must_use]
pub fn fold_tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in words(text) {
        for part in &word.parts {
            tokens.push(singular(part));
        }
        if (2..=MAX_PARTS).contains(&word.parts.len()) {
            for start in 0..word.parts.len() - 1 {
                if let Some(tail) = word.parts.get(start..) {
                    tokens.push(glue(tail));
                }
            }
        }
    }
    tokens
}

/// The same as one text for the index: tokens separated by spaces.
#[must_use]
pub fn fold(text: &str) -> String {
    fold_tokens(text).join(" ")
}

/// What an indexed token must be to satisfy a term.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pattern {
    /// Exactly this token.
    Token(String),
    /// A token that begins with this.
    Prefix(String),
}

impl Pattern {
    /// Whether an indexed token satisfies it.
    #[must_use]
    pub fn matches(&self, token: &str) -> bool {
        match self {
            Self::Token(wanted) => token == wanted,
            Self::Prefix(start) => token.starts_with(start.as_str()),
        }
    }
}

/// One word of a query. All terms of a query must be found; for each, **one** of its patterns is enough. The patterns hold
/// letters and digits only, so that they can be quoted into any index's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The word as it is folded in the index (for highlighting and for other ways of looking it up).
    pub folded: String,
    /// Whether it is the last word, still being typed.
    pub unfinished: bool,
    /// What may be found, widest first.
    pub patterns: Vec<Pattern>,
}

impl Term {
    fn finished(word: &str) -> Self {
        let stem = singular(word);
        Self {
            folded: stem.clone(),
            unfinished: false,
            patterns: vec![Pattern::Token(stem)],
        }
    }

    /// A word that may go on: what was typed as a prefix; the word it is if it is complete (*imprimantes* is indexed as
    /// *imprimante*); and the singular of the plural it is about to become (*journau* → *journal*).
    fn unfinished(word: &str) -> Self {
        let stem = singular(word);
        let mut patterns = vec![Pattern::Prefix(word.to_owned())];
        if stem != word {
            patterns.push(Pattern::Token(stem.clone()));
        }
        if word.chars().count() >= MIN_STEMMED {
            if let Some(root) = word.strip_suffix("au").filter(|root| !root.ends_with(['e', 'y'])) {
                patterns.push(Pattern::Token(format!("{root}al")));
            }
            for (plural, singular) in AIL_PLURALS {
                if plural.starts_with(word) && !singular.starts_with(word) && *plural != word {
                    patterns.push(Pattern::Token((*singular).to_owned()));
                }
            }
        }
        Self {
            folded: stem,
            unfinished: true,
            patterns,
        }
    }

    /// A name put together: a run of whole parts is the beginning of one of the tails in the index.
    fn compound(parts: &[String], unfinished: bool) -> Self {
        let glued = glue(parts);
        Self {
            folded: glued.clone(),
            unfinished,
            patterns: vec![Pattern::Prefix(glued)],
        }
    }

    /// Whether one of these indexed tokens satisfies it.
    #[must_use]
    pub fn matches<'a>(&self, tokens: impl IntoIterator<Item = &'a str>) -> bool {
        tokens
            .into_iter()
            .any(|token| self.patterns.iter().any(|pattern| pattern.matches(token)))
    }
}

/// The terms of a query. The last word is taken as unfinished unless a space (or other punctuation) follows it. A name with
/// digits or an `@` is looked for as a whole; one with letters only (*jean.dupont*, *rendez-vous*) by its parts, so that it
/// also finds *Jean Dupont*. Stop-words are dropped when other words remain, and each term comes once.
#[must_use]
pub fn query_terms(query: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    let has_at = query.contains('@');
    for word in words(query) {
        let has_digits = word.parts.iter().any(|part| part.chars().any(char::is_numeric));
        let as_name = word.parts.len() > 1 && word.parts.len() <= MAX_PARTS && (has_digits || has_at);
        if as_name {
            terms.push(Term::compound(&word.parts, !word.finished));
            continue;
        }
        let last = word.parts.len() - 1;
        for (i, part) in word.parts.iter().enumerate() {
            terms.push(if i == last && !word.finished {
                Term::unfinished(part)
            } else {
                Term::finished(part)
            });
        }
    }
    if terms.iter().any(|term| !is_stop_word(&term.folded)) {
        terms.retain(|term| !is_stop_word(&term.folded));
    }
    let mut seen = BTreeSet::new();
    terms.retain(|term| seen.insert((term.folded.clone(), term.unfinished)));
    terms
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finds(query: &str, text: &str) -> bool {
        let tokens = fold_tokens(text);
        let terms = query_terms(query);
        !terms.is_empty() && terms.iter().all(|term| term.matches(tokens.iter().map(String::as_str)))
    }

    #[test]
    fn folds_case_accents_and_ligatures() {
        assert_eq!(
            fold("Élève ÇA Œuvre NOËL straße ǽ ﬁn"),
            "eleve ca oeuvre noel strasse ae fin"
        );
        assert_eq!(fold("e\u{301}te\u{301}"), fold("été"));
    }

    #[test]
    fn an_apostrophe_separates_words() {
        assert_eq!(fold("l'imprimante d’accueil"), "l imprimante d accueil");
        assert!(finds("imprimante", "Panne de l'imprimante"));
        assert!(finds("l’imprimante", "Panne de l'imprimante"));
        assert!(finds("aujourd'hui", "plus rien aujourd’hui"));
    }

    #[test]
    fn plurals_meet_singulars() {
        for (one, many) in [
            ("imprimante", "imprimantes"),
            ("journal", "journaux"),
            ("bureau", "bureaux"),
            ("réseau", "réseaux"),
            ("travail", "travaux"),
            ("tuyau", "tuyaux"),
            ("jeu", "jeux"),
            ("bijou", "bijoux"),
            ("mot de passe", "mots de passe"),
        ] {
            assert_eq!(fold(one), fold(many), "{one}");
        }
        for same in [
            "accès", "process", "souris", "prix", "VPN", "bus", "sas", "W10s", "virus",
        ] {
            assert!(finds(same, same), "{same}");
            assert!(finds(&format!("{same} "), same), "{same} finished");
        }
        assert_eq!(fold("bus sas W10s"), "bus sas w10s");
    }

    #[test]
    fn a_word_being_typed_finds_what_it_will_be() {
        for typed in [
            "imp",
            "imprim",
            "imprimante",
            "imprimantes",
            "IMPRIMANTE",
            "imprimantes ",
        ] {
            assert!(finds(typed, "l'imprimante du 2e"), "{typed}");
            assert!(finds(typed, "Les imprimantes"), "{typed}");
        }
        for typed in ["journ", "journa", "journau", "journaux", "journal", "journaux "] {
            assert!(finds(typed, "le journal"), "{typed}");
            assert!(finds(typed, "les journaux"), "{typed}");
        }
        for typed in ["trav", "trava", "travau", "travaux", "travail"] {
            assert!(finds(typed, "travaux en cours"), "{typed}");
        }
        for typed in ["acc", "acce", "acces", "accès"] {
            assert!(finds(typed, "accès refusé"), "{typed}");
        }
        assert!(!finds("imprim ", "imprimante"), "a finished word is a word");
    }

    #[test]
    fn every_prefix_of_a_word_finds_it() {
        for word in [
            "imprimantes",
            "journaux",
            "bureaux",
            "souris",
            "œuvres",
            "généraux",
            "prix",
            "écrans",
            "VPN",
        ] {
            let folded = strip_accents(word);
            for end in 1..=folded.len() {
                assert!(finds(&folded[..end], word), "{} in {word}", &folded[..end]);
            }
        }
    }

    #[test]
    fn names_are_found_whole_and_by_parts() {
        let text = "Le poste PC-0417 (10.0.0.12) de jean.dupont@exemple.fr affiche l'erreur 0x80070005.";
        for query in [
            "PC-0417",
            "pc0417",
            "0417",
            "pc-04",
            "PC-",
            "10.0.0.12",
            "10.0.0",
            "0.12",
            "jean.dupont@exemple.fr",
            "jean.dupont@ex",
            "dupont@exemple.fr",
            "jean.dupont",
            "jean dupont",
            "exemple.fr",
            "dupont",
            "0x80070005",
            "0x8007",
            "PC-0417 erreur",
            "pc-0417 10.0.0.12",
        ] {
            assert!(finds(query, text), "{query}");
        }
        for query in ["PC-0418", "10.0.0.13", "jean.durand@exemple.fr", "417"] {
            assert!(!finds(query, text), "{query}");
        }
        assert!(finds("jean.dupont", "Jean Dupont"));
        assert!(finds("rendez-vous", "prise de rendez vous"));
    }

    #[test]
    fn stop_words_go_when_others_remain() {
        let folded = |query: &str| query_terms(query).into_iter().map(|t| t.folded).collect::<Vec<_>>();
        assert_eq!(
            folded("la panne de l'imprimante à l'accueil"),
            ["panne", "imprimante", "accueil"]
        );
        assert_eq!(folded("le la"), ["le", "la"]);
        assert_eq!(folded("imprimante de"), ["imprimante"]);
        assert!(STOP_WORDS.is_sorted(), "binary search needs order");
    }

    #[test]
    fn nothing_is_asked_by_punctuation_alone() {
        assert!(query_terms(" -- \"*\" ' ").is_empty());
        assert!(query_terms("").is_empty());
    }

    proptest! {
        #[test]
        fn tokens_hold_letters_and_digits_only(text in ".{0,200}") {
            for token in fold_tokens(&text) {
                prop_assert!(!token.is_empty());
                prop_assert!(token.chars().count() <= MAX_TOKEN);
                prop_assert!(token.chars().all(char::is_alphanumeric), "{token:?}");
            }
        }

        #[test]
        fn a_text_is_found_by_each_of_its_words(text in "[a-zà-ÿœA-Z0-9'.@ -]{1,60}", pick in any::<prop::sample::Index>()) {
            let words: Vec<&str> = text.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).collect();
            if !words.is_empty() {
                let word = words[pick.index(words.len())];
                prop_assert!(finds(word, &text), "{word:?} in {text:?}: {:?} {:?}", query_terms(word), fold_tokens(&text));
            }
        }
    }
}
