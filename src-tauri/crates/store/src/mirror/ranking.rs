//! Excerpts around the words that were found, made from the original text so that its accents are kept.

use guichet_domain::text::{self, Term};

/// Before a match.
const BEFORE: char = '\u{2}';
/// After a match.
const AFTER: char = '\u{3}';
/// Longest excerpt, in characters.
const LENGTH: usize = 160;
/// Text kept before the first match.
const LEAD: usize = 40;
/// A first match this near to the beginning (in characters) needs no cut before it.
const NEAR: usize = 90;
/// How far into a text matches are looked for, in bytes: an excerpt of a huge log is its beginning.
const HORIZON: usize = 64 * 1024;

/// An excerpt and how many different words of the query are in the text.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    pub(crate) matched: usize,
}

/// Whether a text has every word.
pub(crate) fn matches_all(original: &str, terms: &[Term]) -> bool {
    let mut missing: Vec<&Term> = terms.iter().collect();
    text::for_each_token(original, |token| missing.retain(|term| !term.matches([token])));
    missing.is_empty()
}

/// The text's words as byte ranges; a name put together with punctuation is one word.
fn words(original: &str) -> Vec<(usize, usize)> {
    let joins = |c: char| matches!(c, '-' | '.' | '_' | '@' | '+');
    let mut words = Vec::new();
    let mut start = None;
    let mut end = 0;
    let mut chars = original.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if at > HORIZON {
            break;
        }
        let inside = c.is_alphanumeric()
            || ('\u{300}'..='\u{36f}').contains(&c)
            || (start.is_some() && joins(c) && chars.peek().is_some_and(|(_, next)| next.is_alphanumeric()));
        if inside {
            start.get_or_insert(at);
            end = at + c.len_utf8();
        } else if let Some(start) = start.take() {
            words.push((start, end));
        }
    }
    if let Some(start) = start {
        words.push((start, end));
    }
    words
}

/// Cuts an excerpt around the first matches and marks them.
pub(crate) fn excerpt(original: &str, terms: &[Term]) -> Excerpt {
    let mut hits: Vec<(usize, usize)> = Vec::new();
    let mut seen = vec![false; terms.len()];
    for (start, end) in words(original) {
        let Some(word) = original.get(start..end) else { continue };
        let mut hit = false;
        text::for_each_token(word, |token| {
            for (term, seen) in terms.iter().zip(&mut seen) {
                if term.matches([token]) {
                    hit = true;
                    *seen = true;
                }
            }
        });
        if hit {
            hits.push((start, end));
        }
    }
    let matched = seen.iter().filter(|seen| **seen).count();
    let first = hits.first().map_or(0, |(start, _)| *start);
    let lead = original.get(..first).unwrap_or_default();
    let mut from = match lead.char_indices().nth(NEAR) {
        Some(_) => lead.char_indices().rev().nth(LEAD).map_or(0, |(at, _)| at),
        None => 0,
    };
    if from > 0 {
        // Begin with a whole word.
        from = original
            .get(from..first)
            .and_then(|text| text.find(char::is_whitespace))
            .map_or(first, |space| from + space + 1);
    }
    let mut text = String::new();
    if from > 0 {
        text.push('…');
    }
    let mut hits = hits.into_iter().filter(|(start, _)| *start >= from).peekable();
    let mut closing = None;
    for (length, (at, c)) in original.get(from..).unwrap_or_default().char_indices().enumerate() {
        let at = from + at;
        if closing.is_some_and(|end| at >= end) {
            text.push(AFTER);
            closing = None;
        }
        if length >= LENGTH && closing.is_none() && (c.is_whitespace() || length >= LENGTH + 40) {
            text.push('…');
            return Excerpt { text, matched };
        }
        if let Some((start, end)) = hits.peek().copied()
            && start == at
        {
            text.push(BEFORE);
            closing = Some(end);
            hits.next();
        }
        // Marks are ours alone; lines of a text become one.
        match c {
            BEFORE | AFTER => {}
            c if c.is_whitespace() => {
                if !text.ends_with(' ') {
                    text.push(' ');
                }
            }
            c => text.push(c),
        }
    }
    if closing.is_some() {
        text.push(AFTER);
    }
    Excerpt {
        text: text.trim_end().to_owned(),
        matched,
    }
}
