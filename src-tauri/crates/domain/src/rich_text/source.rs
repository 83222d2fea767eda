//! What a source is, HTML or plain text, and what of it is worth tokenizing.

use super::{html_in::MAX_SOURCE, work};
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::RefCell;

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nature {
    /// No tag of HTML in it: its line breaks count. `<jean@exemple.fr>` and "a < b" are plain text.
    Plain,
    /// HTML.
    Html {
        /// It has inline tags only: somebody put a `<b>` into plain text, and its line breaks count.
        lines_count: bool,
    },
}

/// Tags that shape blocks or lines.
const BLOCK_TAGS: &[&str] = &[
    "address",
    "article",
    "blockquote",
    "body",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "head",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
];
/// Tags within a line.
const INLINE_TAGS: &[&str] = &[
    "a", "abbr", "audio", "b", "base", "big", "button", "cite", "code", "del", "details", "em", "embed", "figure",
    "font", "i", "iframe", "img", "input", "ins", "kbd", "label", "link", "mark", "math", "meta", "nav", "noscript",
    "object", "option", "q", "s", "samp", "script", "select", "small", "span", "strike", "strong", "style", "sub",
    "summary", "sup", "svg", "template", "textarea", "tt", "u", "var", "video", "xmp",
];

impl Nature {
    pub(super) fn of(source: &str) -> Self {
        let mut inline = false;
        work::spend(source.len());
        for (at, _) in source.match_indices('<') {
            work::spend(12);
            let rest = source.get(at + 1..).unwrap_or_default();
            if rest.starts_with("!--") || rest.get(..8).is_some_and(|s| s.eq_ignore_ascii_case("!doctype")) {
                inline = true;
                continue;
            }
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            let length = rest.bytes().take(12).take_while(u8::is_ascii_alphanumeric).count();
            let ends = rest
                .as_bytes()
                .get(length)
                .is_some_and(|b| matches!(b, b'>' | b'/') || b.is_ascii_whitespace());
            let name = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
            if !ends || name.is_empty() {
                continue;
            }
            if BLOCK_TAGS.binary_search(&name.as_str()).is_ok() {
                return Self::Html { lines_count: false };
            }
            inline |= INLINE_TAGS.binary_search(&name.as_str()).is_ok();
        }
        if inline {
            Self::Html { lines_count: true }
        } else {
            Self::Plain
        }
    }
}

/// Decodes the well-formed entities (`&amp;`, `&#233;`…) of plain text: a server's own page shows them decoded. What only
/// looks like one (`?a=1&copy=2`) stays.
pub(super) fn decode_entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let decoded = RefCell::new(String::with_capacity(text.len()));
    let tokenizer = Tokenizer::new(TextSink(&decoded), TokenizerOpts::default());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, tail) = rest.split_at(at);
        decoded.borrow_mut().push_str(before);
        let name = tail.get(1..).unwrap_or_default();
        let hash = usize::from(name.starts_with('#'));
        let length = name
            .bytes()
            .skip(hash)
            .take(32)
            .take_while(u8::is_ascii_alphanumeric)
            .count()
            + hash;
        work::spend(at + length + 1);
        if length > hash && name.as_bytes().get(length) == Some(&b';') {
            // Only the entity itself goes through the tokenizer: `&`, its name, `;`.
            let (entity, after) = tail.split_at(length + 2);
            let queue = BufferQueue::default();
            // The tokenizer hands an entity over when it sees what follows; the sink passes over this.
            queue.push_back(format!("{entity}\0").as_str().into());
            let _ = tokenizer.feed(&queue);
            rest = after;
        } else {
            decoded.borrow_mut().push('&');
            rest = name;
        }
    }
    decoded.borrow_mut().push_str(rest);
    tokenizer.end();
    drop(tokenizer);
    decoded.into_inner()
}

/// Gathers characters only.
struct TextSink<'a>(&'a RefCell<String>);

impl TokenSink for TextSink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::CharacterTokens(text) = token {
            self.0.borrow_mut().push_str(&text);
        }
        TokenSinkResult::Continue
    }
}

/// Takes out what is bulky and says nothing: comments (Word puts whole style sheets there) and the bytes of inline images,
/// which would otherwise push the text behind them over the limit. A comment that never ends stays for the tokenizer.
pub(super) fn without_bulk(source: &str) -> String {
    const DATA: &str = ";base64,";
    let mut out = String::with_capacity(source.len().min(MAX_SOURCE));
    let mut rest = source;
    let mut comments = true;
    // One pass: each step goes forward from the last `<` or `;`.
    while let Some(at) = rest.find(['<', ';']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        work::spend(at + 1);
        if comments && tail.starts_with("<!--") {
            let end = tail.find("-->");
            work::spend(end.unwrap_or(tail.len()));
            if let Some(end) = end {
                rest = tail.get(end + 3..).unwrap_or_default();
                continue;
            }
            comments = false;
        } else if let Some(bytes) = tail.strip_prefix(DATA)
            && last_bytes(&out, 80).contains("data:")
        {
            out.push_str(DATA);
            let length = bytes
                .bytes()
                .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'%' | b'\r' | b'\n'))
                .count();
            work::spend(length);
            rest = bytes.get(length..).unwrap_or_default();
            continue;
        }
        let (first, after) = tail.split_at(1);
        out.push_str(first);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// About the last `count` bytes of a text.
fn last_bytes(text: &str, count: usize) -> &str {
    let mut from = text.len().saturating_sub(count);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    text.get(from..).unwrap_or_default()
}

/// The beginning of a text, at most `max` bytes, and whether something was cut.
pub(super) fn cut_at(text: &str, max: usize) -> (&str, bool) {
    if text.len() <= max {
        return (text, false);
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), true)
}
