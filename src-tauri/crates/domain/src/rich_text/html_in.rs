//! HTML or plain text from a server → rich text.
//!
//! The source is cut into tokens by html5ever's tokenizer (entities, broken tags and raw-text elements as in a browser) and
//! a small builder keeps what the document can express: an **allow-list by construction**. There is no tree in between:
//! HTML's tree construction re-opens formatting elements and scans its stack at every tag, so that a hostile mail of a few
//! kilobytes costs seconds and gigabytes. Here time and memory grow with the length of the source, and depth, text and
//! nodes are bounded.
//!
//! Formatting is a state, not a tree: runs of text carry strong / emphasis / code / link, and are nested in that fixed order
//! when their block ends. Misnested tags therefore do no harm, and the same look always gives the same document.

use super::{
    MAX_NODES, MAX_TEXT, RichText,
    builder::{Builder, cut_mark},
    plain,
    source::{Nature, cut_at, decode_entities, without_bulk},
    work,
};
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use std::cell::{Cell, RefCell};

/// How much of a source is looked at (without the bytes of inline images). [`MAX_TEXT`] and [`MAX_NODES`], written out as
/// HTML, stay below it, so that reading back what we wrote never cuts it.
pub(super) const MAX_SOURCE: usize = 8 << 20;
/// The source is fed in pieces of this size, so that a tag that never ends can be noticed.
const PIECE: usize = 4096;
/// A tag longer than this (inline images are gone by then) is no tag: looking for repeated attributes takes the tokenizer
/// quadratic time.
const MAX_TAG: usize = 16 * 1024;
/// Reads HTML or plain text.
pub(super) fn read(source: &str) -> RichText {
    match Nature::of(source) {
        Nature::Plain => {
            let (kept, _) = cut_at(source, MAX_TEXT);
            // A line is a run and its break, or a paragraph and its run.
            let kept = kept
                .match_indices('\n')
                .nth(MAX_NODES / 2)
                .and_then(|(at, _)| kept.get(..at))
                .unwrap_or(kept);
            let mut document = plain::read(&decode_entities(kept));
            if kept.len() < source.len() {
                document.blocks.push(cut_mark());
            }
            document
        }
        Nature::Html { lines_count } => {
            let source = without_bulk(source);
            let (source, cut) = cut_at(&source, MAX_SOURCE);
            tokenize(source, Builder::new(lines_count)).finish(cut)
        }
    }
}

/// Hands tokens to the builder and notices that there was one.
struct Sink<'a> {
    builder: &'a RefCell<Builder>,
    progressed: &'a Cell<bool>,
}

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut builder = self.builder.borrow_mut();
        match token {
            Token::TagToken(tag) => {
                self.progressed.set(true);
                if builder.full {
                    return TokenSinkResult::Continue;
                }
                builder.tag(&tag)
            }
            Token::CharacterTokens(text) => {
                self.progressed.set(true);
                builder.text(&text);
                TokenSinkResult::Continue
            }
            Token::CommentToken(_) | Token::DoctypeToken(_) => {
                self.progressed.set(true);
                TokenSinkResult::Continue
            }
            Token::NullCharacterToken | Token::EOFToken | Token::ParseError(_) => TokenSinkResult::Continue,
        }
    }
}

/// Runs the tokenizer over a source, in pieces. A tag that does not end within [`MAX_TAG`] is passed over, up to the next
/// `>`, and a fresh tokenizer goes on behind it.
fn tokenize(source: &str, builder: Builder) -> Builder {
    let builder = RefCell::new(builder);
    let progressed = Cell::new(false);
    let mut rest = source;
    while !rest.is_empty() && !builder.borrow().full {
        let tokenizer = Tokenizer::new(
            Sink {
                builder: &builder,
                progressed: &progressed,
            },
            TokenizerOpts {
                discard_bom: false,
                ..TokenizerOpts::default()
            },
        );
        let mut stuck = 0;
        loop {
            let (piece, _) = cut_at(rest, PIECE);
            work::spend(piece.len());
            rest = rest.get(piece.len()..).unwrap_or_default();
            let queue = BufferQueue::default();
            queue.push_back(piece.into());
            progressed.set(false);
            let _ = tokenizer.feed(&queue);
            stuck = if progressed.get() { 0 } else { stuck + piece.len() };
            if rest.is_empty() || builder.borrow().full {
                tokenizer.end();
                break;
            }
            if stuck > MAX_TAG {
                let behind = rest.find('>').and_then(|at| rest.get(at + 1..)).unwrap_or_default();
                work::spend(rest.len() - behind.len());
                rest = behind;
                break;
            }
        }
    }
    builder.into_inner()
}
