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

use std::{borrow::Cow, collections::BTreeSet};
use unicode_normalization::char::{decompose_compatible, is_combining_mark};

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

/// Folds one character: lower case, no accents, ligatures taken apart. May give none (a lone accent) or several.
fn fold_char(c: char, mut emit: impl FnMut(char)) {
    if c.is_ascii() {
        emit(c.to_ascii_lowercase());
        return;
    }
    for lower in c.to_lowercase() {
        decompose_compatible(lower, |c| match c {
            c if c.is_ascii() => emit(c.to_ascii_lowercase()),
            c if is_combining_mark(c) => {}
            'œ' => "oe".chars().for_each(&mut emit),
            'æ' => "ae".chars().for_each(&mut emit),
            'ß' => "ss".chars().for_each(&mut emit),
            'ø' => emit('o'),
            'ł' => emit('l'),
            'đ' => emit('d'),
            'ı' => emit('i'),
            // Compatibility forms (ＦＵＬＬ ＷＩＤＴＨ, ™) may come out of the decomposition in upper case.
            c => c.to_lowercase().for_each(&mut emit),
        });
    }
}

/// Lower-cases a text and strips accents and ligatures; punctuation and spaces stay as they are.
#[must_use]
pub fn strip_accents(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        fold_char(c, |c| out.push(c));
    }
    out
}

/// Takes a French plural off a folded word.
#[must_use]
pub fn singular(folded: &str) -> String {
    stem(folded).into_owned()
}

/// As [`singular`], without a copy of the many words that end otherwise.
fn stem(folded: &str) -> Cow<'_, str> {
    let (Some(root), true) = (folded.strip_suffix(['s', 'x']), folded.len() >= MIN_STEMMED) else {
        return Cow::Borrowed(folded);
    };
    if folded.chars().count() < MIN_STEMMED || !folded.chars().all(char::is_alphabetic) {
        return Cow::Borrowed(folded);
    }
    if folded.ends_with('s') {
        return Cow::Borrowed(if root.ends_with('s') { folded } else { root });
    }
    if let Some((_, singular)) = AIL_PLURALS.iter().find(|(plural, _)| *plural == folded) {
        return Cow::Borrowed(singular);
    }
    // bureaux → bureau, tuyaux → tuyau, journaux → journal, jeux → jeu, bijoux → bijou, prix → pri (everywhere).
    match root.strip_suffix("au") {
        Some(stem) if !stem.ends_with(['e', 'y']) => Cow::Owned(format!("{stem}al")),
        _ => Cow::Borrowed(root),
    }
}

/// One word as it was written: its parts (one, unless it is a name put together with punctuation), folded and glued.
struct Word<'a> {
    glued: &'a str,
    /// Where each part ends in `glued`.
    ends: &'a [usize],
    /// The text goes on after it with a space or an ending of a sentence: it is finished.
    finished: bool,
}

impl<'a> Word<'a> {
    fn parts(&self) -> impl Iterator<Item = &'a str> {
        let (glued, mut start) = (self.glued, 0);
        self.ends.iter().map(move |end| {
            let part = glued.get(start..*end).unwrap_or_default();
            start = *end;
            part
        })
    }

    /// From a part to the end, glued together and cut to the length of a token.
    fn tail(&self, part: usize) -> &'a str {
        let start = part.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let tail = self.glued.get(start.unwrap_or(0)..).unwrap_or_default();
        if tail.len() <= MAX_TOKEN {
            return tail;
        }
        let end = tail.char_indices().nth(MAX_TOKEN).map_or(tail.len(), |(end, _)| end);
        tail.get(..end).unwrap_or_default()
    }
}

/// Whether a character holds the parts of a name together.
fn joins(c: char) -> bool {
    matches!(c, '-' | '.' | '_' | '@' | '+' | '\u{2010}' | '\u{2011}')
}

/// Cuts a text into words, in one pass and without keeping any of them.
fn for_each_word(text: &str, mut each: impl FnMut(&Word<'_>)) {
    let mut glued = String::new();
    let mut ends: Vec<usize> = Vec::new();
    // Characters of the part being read, cut ones included.
    let mut length = 0;
    // A joiner only joins when a letter or digit follows it at once.
    let mut joined = false;
    for c in text.chars() {
        fold_char(c, |c| {
            if c.is_alphanumeric() {
                joined = false;
                if length < MAX_TOKEN {
                    glued.push(c);
                }
                length += 1;
                return;
            }
            joined = length > 0 && joins(c);
            if length > 0 {
                ends.push(glued.len());
                length = 0;
            }
            if !joined && !ends.is_empty() {
                each(&Word {
                    glued: &glued,
                    ends: &ends,
                    finished: true,
                });
                glued.clear();
                ends.clear();
            }
        });
    }
    if length > 0 {
        ends.push(glued.len());
    }
    if !ends.is_empty() {
        each(&Word {
            glued: &glued,
            ends: &ends,
            finished: false,
        });
    }
}

/// Calls `each` with every token under which a text is indexed, in the text's order.
pub fn for_each_token(text: &str, mut each: impl FnMut(&str)) {
    for_each_word(text, |word| {
        for part in word.parts() {
            each(&stem(part));
        }
        if (2..=MAX_PARTS).contains(&word.ends.len()) {
            for start in 0..word.ends.len() - 1 {
                each(word.tail(start));
            }
        }
    });
}

/// The tokens under which a text is indexed, in the text's order.
#[must_use]
pub fn fold_tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for_each_token(text, |token| tokens.push(token.to_owned()));
    tokens
}

/// The same as one text for the index: tokens separated by spaces.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for_each_token(text, |token| {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(token);
    });
    folded
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
    fn compound(word: &Word<'_>) -> Self {
        let glued = word.tail(0).to_owned();
        Self {
            folded: glued.clone(),
            unfinished: !word.finished,
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
    for_each_word(query, |word| {
        let count = word.ends.len();
        if (2..=MAX_PARTS).contains(&count) && (has_at || word.glued.chars().any(char::is_numeric)) {
            terms.push(Term::compound(word));
            return;
        }
        for (part, i) in word.parts().zip(1..) {
            terms.push(if i == count && !word.finished {
                Term::unfinished(part)
            } else {
                Term::finished(part)
            });
        }
    });
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
    use unicode_normalization::UnicodeNormalization;

    fn finds(query: &str, text: &str) -> bool {
        let tokens = fold_tokens(text);
        let terms = query_terms(query);
        !terms.is_empty() && terms.iter().all(|term| term.matches(tokens.iter().map(String::as_str)))
    }

    /// The folding as it is defined, over a whole text at once and with nothing spared.
    fn reference(text: &str) -> Vec<String> {
        let plain: String = text
            .chars()
            .flat_map(char::to_lowercase)
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            .map(|c| match c {
                'œ' => "oe".to_owned(),
                'æ' => "ae".to_owned(),
                'ß' => "ss".to_owned(),
                'ø' => "o".to_owned(),
                'ł' => "l".to_owned(),
                'đ' => "d".to_owned(),
                'ı' => "i".to_owned(),
                c => c.to_lowercase().collect(),
            })
            .collect();
        assert_eq!(strip_accents(text), plain);
        let chars: Vec<char> = plain.chars().collect();
        // A joiner between two letters or digits holds them together; everything else separates.
        let inside = |at: usize| chars.get(at).is_some_and(|c| c.is_alphanumeric());
        let kept = |at: usize| inside(at) || (at > 0 && inside(at - 1) && inside(at + 1) && joins(chars[at]));
        let mut words = String::new();
        for (at, c) in chars.iter().enumerate() {
            words.push(if kept(at) { *c } else { ' ' });
        }
        let mut tokens = Vec::new();
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            let cut = |text: &str| text.chars().take(MAX_TOKEN).collect::<String>();
            let parts: Vec<String> = word.split(joins).map(cut).collect();
            tokens.extend(parts.iter().map(|part| singular(part)));
            if (2..=MAX_PARTS).contains(&parts.len()) {
                tokens.extend((0..parts.len() - 1).map(|start| cut(&parts[start..].concat())));
            }
        }
        tokens
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

    #[test]
    fn every_character_folds_as_the_whole_text_does() {
        // In one text each: what stands beside a character must not matter.
        for plane in (0..0x2_0000_u32).step_by(0x1000) {
            let text: String = (plane..plane + 0x1000)
                .filter_map(char::from_u32)
                .flat_map(|c| ['a', c, '-', c])
                .collect();
            assert_eq!(fold_tokens(&text), reference(&text), "{plane:x}");
        }
    }

    proptest! {
        #[test]
        fn one_pass_folds_as_the_definition_says(text in "([a-zA-Zéœ0-9]|[-._@+’' \u{2011}…]|.){0,120}|([a-z]{30,80}[-.]){0,10}") {
            prop_assert_eq!(fold_tokens(&text), reference(&text));
            prop_assert_eq!(fold(&text), reference(&text).join(" "));
        }

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
