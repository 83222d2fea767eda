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

use super::{Block, CUT_MARK, Cell, Inline, MAX_DEPTH, MAX_NODES, MAX_TEXT, RichText, kept, safe_href};
use crate::DocumentId;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts, states::RawKind,
};
use std::cell::{Cell as Shared, RefCell};

/// How much of a source is looked at (without the bytes of inline images). [`MAX_TEXT`] and [`MAX_NODES`], written out as
/// HTML, stay below it, so that reading back what we wrote never cuts it.
const MAX_SOURCE: usize = 8 << 20;
/// The source is fed in pieces of this size, so that a tag that never ends can be noticed.
const PIECE: usize = 4096;
/// A tag longer than this (inline images are gone by then) is no tag: looking for repeated attributes takes the tokenizer
/// quadratic time.
const MAX_TAG: usize = 16 * 1024;
/// The depth from which another list or quotation is not opened any more; tables need three levels.
const LAST_LEVEL: usize = MAX_DEPTH - 4;

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
            let mut document = super::plain::read(&decode_entities(kept));
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

fn cut_mark() -> Block {
    Block::Paragraph {
        content: vec![Inline::text(CUT_MARK)],
    }
}

/// The beginning of a text, at most `max` bytes, and whether something was cut.
fn cut_at(text: &str, max: usize) -> (&str, bool) {
    if text.len() <= max {
        return (text, false);
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), true)
}

// ---- what kind of source ----------------------------------------------------------------------------------------------

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
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
    fn of(source: &str) -> Self {
        let mut inline = false;
        for (at, _) in source.match_indices('<') {
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
fn decode_entities(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<']) {
        let (before, tail) = rest.split_at(at);
        escaped.push_str(before);
        let is_entity = tail.strip_prefix('&').is_some_and(|name| {
            let name = name.strip_prefix('#').unwrap_or(name);
            let length = name.bytes().take(32).take_while(u8::is_ascii_alphanumeric).count();
            length > 0 && name.as_bytes().get(length) == Some(&b';')
        });
        escaped.push_str(match (tail.starts_with('<'), is_entity) {
            (true, _) => "&lt;",
            (_, true) => "&",
            (_, false) => "&amp;",
        });
        rest = tail.get(1..).unwrap_or_default();
    }
    escaped.push_str(rest);
    let text = RefCell::new(String::new());
    let tokenizer = Tokenizer::new(TextSink(&text), TokenizerOpts::default());
    let queue = BufferQueue::default();
    queue.push_back(escaped.as_str().into());
    let _ = tokenizer.feed(&queue);
    tokenizer.end();
    drop(tokenizer);
    text.into_inner()
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
fn without_bulk(source: &str) -> String {
    const DATA: &str = ";base64,";
    let mut out = String::with_capacity(source.len().min(MAX_SOURCE));
    let mut rest = source;
    let mut comments = true;
    // One pass: each step goes forward from the last `<` or `;`.
    while let Some(at) = rest.find(['<', ';']) {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        if comments && tail.starts_with("<!--") {
            if let Some(end) = tail.find("-->") {
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

// ---- tokens -----------------------------------------------------------------------------------------------------------

/// Hands tokens to the builder and notices that there was one.
struct Sink<'a> {
    builder: &'a RefCell<Builder>,
    progressed: &'a Shared<bool>,
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
    let progressed = Shared::new(false);
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
                rest = rest.find('>').and_then(|at| rest.get(at + 1..)).unwrap_or_default();
                break;
            }
        }
    }
    builder.into_inner()
}

// ---- the builder ------------------------------------------------------------------------------------------------------

/// How a run of text looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Style {
    strong: bool,
    emphasis: bool,
    code: bool,
    /// Target, for a link that may keep it.
    link: Option<String>,
}

/// A run within a block.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Atom {
    Text(String),
    Image(Option<DocumentId>, String),
    Break,
}

/// The formatting that is open: how often each was opened and not closed.
#[derive(Debug, Clone, Default)]
struct Formatting {
    strong: u32,
    emphasis: u32,
    code: u32,
    link: Option<Target>,
}

/// Where an open link leads.
#[derive(Debug, Clone)]
enum Target {
    Address(String),
    /// A document of the server: the image within is that document.
    Document(DocumentId),
    /// Nowhere we would go.
    Dropped,
}

impl Formatting {
    fn style(&self) -> Style {
        Style {
            strong: self.strong > 0,
            emphasis: self.emphasis > 0,
            code: self.code > 0,
            link: match &self.link {
                Some(Target::Address(href)) => Some(href.clone()),
                _ => None,
            },
        }
    }
}

/// A block that is open.
enum Frame {
    Root,
    Quote,
    List { ordered: bool, items: Vec<Vec<Block>> },
    Item,
    Table { rows: Vec<Vec<RawCell>> },
    Row { cells: Vec<RawCell> },
    Cell { header: bool, outside: Formatting },
}

/// A cell before it is known whether its table is one.
struct RawCell {
    header: bool,
    blocks: Vec<Block>,
}

struct Open {
    frame: Frame,
    blocks: Vec<Block>,
}

struct Builder {
    stack: Vec<Open>,
    /// Containers that were too deep to open: their ends are to be ignored as well.
    too_deep: u32,
    /// Runs of the paragraph being built.
    runs: Vec<(Style, Atom)>,
    heading: Option<u8>,
    formatting: Formatting,
    /// Text of the `<pre>` being read.
    pre: Option<String>,
    /// The raw-text element being passed over.
    skipping: Option<String>,
    /// Line breaks of the source count.
    lines_count: bool,
    text_left: usize,
    nodes_left: usize,
    /// A bound was reached: the rest is not looked at.
    full: bool,
}

impl Builder {
    fn new(lines_count: bool) -> Self {
        Self {
            stack: vec![Open {
                frame: Frame::Root,
                blocks: Vec::new(),
            }],
            too_deep: 0,
            runs: Vec::new(),
            heading: None,
            formatting: Formatting::default(),
            pre: None,
            skipping: None,
            lines_count,
            text_left: MAX_TEXT,
            nodes_left: MAX_NODES,
            full: false,
        }
    }

    fn finish(mut self, cut: bool) -> RichText {
        self.end_pre();
        self.end_paragraph();
        while self.stack.len() > 1 {
            self.close_top();
        }
        let mut blocks = self.stack.pop().map(|open| open.blocks).unwrap_or_default();
        if cut || self.full {
            blocks.push(cut_mark());
        }
        RichText { blocks }
    }

    /// Takes a node from the budget.
    fn spend_node(&mut self) -> bool {
        match self.nodes_left.checked_sub(1) {
            Some(left) => self.nodes_left = left,
            None => self.full = true,
        }
        !self.full
    }

    /// Takes text from the budget: what of it fits.
    fn spend_text<'t>(&mut self, text: &'t str) -> &'t str {
        let (kept, cut) = cut_at(text, self.text_left);
        self.text_left -= kept.len();
        self.full |= cut;
        kept
    }

    // ---- text ----

    fn text(&mut self, text: &str) {
        if self.skipping.is_some() || self.full {
            return;
        }
        if self.pre.is_some() {
            let text = self.spend_text(text);
            if let Some(pre) = &mut self.pre {
                pre.extend(text.chars().filter_map(kept));
            }
            return;
        }
        if self.lines_count {
            for (i, line) in text.split('\n').enumerate() {
                if i > 0 {
                    self.line_break();
                }
                self.inline_text(line);
            }
        } else {
            self.inline_text(text);
        }
    }

    /// Adds text to the paragraph, white space collapsed as HTML does.
    fn inline_text(&mut self, text: &str) {
        let blank = text.chars().filter_map(kept).all(|c| c.is_ascii_whitespace());
        if blank && self.runs.is_empty() {
            return;
        }
        if !blank {
            self.open_implied();
        }
        let text = self.spend_text(text);
        let mut after_space = match self.runs.last() {
            None | Some((_, Atom::Break)) => true,
            Some((_, Atom::Text(text))) => text.ends_with(' '),
            Some((_, Atom::Image(..))) => false,
        };
        let mut collapsed = String::with_capacity(text.len());
        for c in text.chars().filter_map(kept) {
            if !c.is_ascii_whitespace() {
                collapsed.push(c);
                after_space = false;
            } else if !after_space {
                collapsed.push(' ');
                after_space = true;
            }
        }
        if collapsed.is_empty() {
            return;
        }
        let style = self.formatting.style();
        match self.runs.last_mut() {
            Some((last, Atom::Text(text))) if *last == style => text.push_str(&collapsed),
            _ => self.push_run(Atom::Text(collapsed)),
        }
    }

    fn push_run(&mut self, atom: Atom) {
        let mut style = self.formatting.style();
        if let Some(href) = &style.link
            && !matches!(self.runs.last(), Some((last, _)) if last.link.as_ref() == Some(href))
        {
            // A target counts like text, once per link.
            let length = href.len();
            if length > self.text_left {
                self.full = true;
                return;
            }
            self.text_left -= length;
        }
        if !matches!(atom, Atom::Text(_)) {
            style.code = false;
        }
        if self.spend_node() {
            self.runs.push((style, atom));
        }
    }

    fn line_break(&mut self) {
        if !self.runs.is_empty() {
            trim_end(&mut self.runs, false);
            if !self.runs.is_empty() {
                self.push_run(Atom::Break);
            }
        }
    }

    /// Ends the paragraph being built and puts it into the open block.
    fn end_paragraph(&mut self) {
        let mut runs = std::mem::take(&mut self.runs);
        trim_end(&mut runs, true);
        let says_something = runs.iter().any(|(_, atom)| match atom {
            Atom::Text(text) => !text.chars().all(char::is_whitespace),
            Atom::Image(..) => true,
            Atom::Break => false,
        });
        if !says_something || !self.spend_node() {
            return;
        }
        let content = nest(runs);
        let block = match self.heading {
            Some(level) => Block::Heading { level, content },
            None => Block::Paragraph { content },
        };
        self.push_block(block);
    }

    fn push_block(&mut self, block: Block) {
        if let Some(open) = self.stack.last_mut() {
            open.blocks.push(block);
        }
    }

    fn end_pre(&mut self) {
        if let Some(pre) = self.pre.take() {
            let text = pre.trim_start_matches('\n').trim_end().to_owned();
            if !text.trim().is_empty() && self.spend_node() {
                self.open_implied();
                self.push_block(Block::Code { text });
            }
        }
    }

    // ---- blocks ----

    /// Text or a block directly within a list or a table gets the item or the cell it lacks.
    fn open_implied(&mut self) {
        match self.stack.last_mut() {
            Some(Open {
                frame: Frame::List { items, .. },
                ..
            }) => {
                let blocks = items.pop().unwrap_or_default();
                self.stack.push(Open {
                    frame: Frame::Item,
                    blocks,
                });
            }
            Some(Open {
                frame: Frame::Table { .. },
                ..
            }) => {
                self.open(Frame::Row { cells: Vec::new() });
                self.open_cell(false);
            }
            Some(Open {
                frame: Frame::Row { .. },
                ..
            }) => self.open_cell(false),
            _ => {}
        }
    }

    fn open(&mut self, frame: Frame) {
        self.stack.push(Open {
            frame,
            blocks: Vec::new(),
        });
    }

    /// Opens a list, quotation or table within the open block, unless it is too deep.
    fn open_container(&mut self, frame: Frame) {
        self.end_paragraph();
        if self.stack.len() >= LAST_LEVEL {
            self.too_deep = self.too_deep.saturating_add(1);
            return;
        }
        self.open_implied();
        if self.spend_node() {
            self.open(frame);
        }
    }

    fn open_cell(&mut self, header: bool) {
        let outside = std::mem::take(&mut self.formatting);
        if self.spend_node() {
            self.open(Frame::Cell { header, outside });
        } else {
            self.formatting = outside;
        }
    }

    /// Ends the innermost open block and hands it to the one around it.
    fn close_top(&mut self) {
        self.end_paragraph();
        if self.stack.len() < 2 {
            return;
        }
        let Some(Open { frame, blocks }) = self.stack.pop() else {
            return;
        };
        match frame {
            Frame::Root => {}
            Frame::Quote if blocks.is_empty() => {}
            Frame::Quote => self.push_block(Block::Quote { blocks }),
            Frame::Item => {
                if let Some(Open {
                    frame: Frame::List { items, .. },
                    ..
                }) = self.stack.last_mut()
                    && !blocks.is_empty()
                {
                    items.push(blocks);
                }
            }
            Frame::List { ordered, items } => {
                if !items.is_empty() {
                    self.push_block(Block::List { ordered, items });
                }
            }
            Frame::Cell { header, outside } => {
                self.formatting = outside;
                if let Some(Open {
                    frame: Frame::Row { cells },
                    ..
                }) = self.stack.last_mut()
                {
                    cells.push(RawCell { header, blocks });
                }
            }
            Frame::Row { cells } => {
                if let Some(Open {
                    frame: Frame::Table { rows },
                    ..
                }) = self.stack.last_mut()
                    && cells.iter().any(|cell| !cell.blocks.is_empty())
                {
                    rows.push(cells);
                }
            }
            Frame::Table { rows } => {
                for block in table(rows) {
                    self.push_block(block);
                }
            }
        }
    }

    /// Ends the innermost block for which `wanted` holds, and everything within it, unless `barrier` comes first.
    fn close(&mut self, wanted: fn(&Frame) -> bool, barrier: fn(&Frame) -> bool) {
        self.end_paragraph();
        let found = self
            .stack
            .iter()
            .enumerate()
            .rev()
            .skip_while(|(_, open)| !wanted(&open.frame) && !barrier(&open.frame));
        let Some(depth) = found
            .map(|(depth, open)| wanted(&open.frame).then_some(depth))
            .next()
            .flatten()
        else {
            return;
        };
        while self.stack.len() > depth.max(1) {
            self.close_top();
        }
    }

    /// The end tag of a container: one that was not opened for its depth is not closed either.
    fn close_container(&mut self, wanted: fn(&Frame) -> bool, barrier: fn(&Frame) -> bool) {
        self.end_paragraph();
        match self.too_deep.checked_sub(1) {
            Some(left) => self.too_deep = left,
            None => self.close(wanted, barrier),
        }
    }

    // ---- tags ----

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        if let Some(skipping) = &self.skipping {
            if tag.kind == TagKind::EndTag && skipping == name {
                self.skipping = None;
            }
            return TokenSinkResult::Continue;
        }
        match tag.kind {
            TagKind::StartTag => self.start(name, tag),
            TagKind::EndTag => {
                self.end(name);
                TokenSinkResult::Continue
            }
        }
    }

    fn start(&mut self, name: &str, tag: &Tag) -> TokenSinkResult<()> {
        if let Some(raw) = raw_text(name) {
            self.skipping = Some(name.to_owned());
            return TokenSinkResult::RawData(raw);
        }
        if let Some(pre) = &mut self.pre {
            match name {
                "br" => pre.push('\n'),
                // A block within preformatted text starts a line, as it shows.
                "div" | "p" | "li" | "tr" if !pre.is_empty() && !pre.ends_with('\n') => pre.push('\n'),
                "table" | "td" | "th" => {
                    self.end_pre();
                    return self.start(name, tag);
                }
                _ => {}
            }
            return TokenSinkResult::Continue;
        }
        match name {
            "b" | "strong" => self.formatting.strong = self.formatting.strong.saturating_add(1),
            "i" | "em" | "cite" | "var" | "dfn" => {
                self.formatting.emphasis = self.formatting.emphasis.saturating_add(1)
            }
            "code" | "kbd" | "samp" | "tt" => self.formatting.code = self.formatting.code.saturating_add(1),
            "a" => self.formatting.link = attribute(tag, "href").map(target),
            "img" | "image" => self.image(tag),
            "br" => self.line_break(),
            "pre" | "listing" => {
                self.end_paragraph();
                self.pre = Some(String::new());
            }
            "xmp" => {
                self.end_paragraph();
                self.pre = Some(String::new());
                return TokenSinkResult::RawData(RawKind::Rawtext);
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_paragraph();
                self.heading = name.as_bytes().get(1).map(|digit| digit - b'0');
            }
            "ul" | "ol" | "menu" | "dir" => {
                self.open_container(Frame::List {
                    ordered: name == "ol",
                    items: Vec::new(),
                });
            }
            "li" => self.item(),
            "blockquote" => self.open_container(Frame::Quote),
            "table" => self.open_container(Frame::Table { rows: Vec::new() }),
            "tr" => {
                self.end_paragraph();
                if self.too_deep == 0 {
                    self.close(is_row, is_table);
                    if self.stack.last().is_some_and(|open| is_table(&open.frame)) && self.spend_node() {
                        self.open(Frame::Row { cells: Vec::new() });
                    }
                }
            }
            "td" | "th" => self.cell(name == "th"),
            _ if is_block(name) => self.end_paragraph(),
            _ => {}
        }
        TokenSinkResult::Continue
    }

    fn end(&mut self, name: &str) {
        if self.pre.is_some() {
            match name {
                "pre" | "listing" | "xmp" => self.end_pre(),
                "td" | "th" | "tr" | "table" | "blockquote" | "li" | "ul" | "ol" => {
                    self.end_pre();
                    self.end(name);
                }
                _ => {}
            }
            return;
        }
        match name {
            "b" | "strong" => self.formatting.strong = self.formatting.strong.saturating_sub(1),
            "i" | "em" | "cite" | "var" | "dfn" => {
                self.formatting.emphasis = self.formatting.emphasis.saturating_sub(1)
            }
            "code" | "kbd" | "samp" | "tt" => self.formatting.code = self.formatting.code.saturating_sub(1),
            "a" => self.formatting.link = None,
            // </br> is a line break, as in browsers.
            "br" => self.line_break(),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.end_paragraph();
                self.heading = None;
            }
            "ul" | "ol" | "menu" | "dir" => self.close_container(is_list, is_cell),
            "li" | "tr" | "td" | "th" if self.too_deep > 0 => self.end_paragraph(),
            "li" => self.close(is_item, is_list_or_cell),
            "blockquote" => self.close_container(is_quote, is_cell),
            "table" => self.close_container(is_table, |_| false),
            "tr" => self.close(is_row, is_table),
            "td" | "th" => self.close(is_cell, is_table),
            _ if is_block(name) => self.end_paragraph(),
            _ => {}
        }
    }

    fn item(&mut self) {
        self.end_paragraph();
        if self.too_deep > 0 {
            return;
        }
        self.close(is_item, is_list_or_cell);
        if !self.stack.last().is_some_and(|open| is_list(&open.frame)) {
            // An item without a list makes one.
            self.open_container(Frame::List {
                ordered: false,
                items: Vec::new(),
            });
        }
        if self.stack.last().is_some_and(|open| is_list(&open.frame)) && self.spend_node() {
            self.open(Frame::Item);
        }
    }

    fn cell(&mut self, header: bool) {
        self.end_paragraph();
        if self.too_deep > 0 {
            return;
        }
        self.close(is_cell, is_table);
        if self.stack.last().is_some_and(|open| is_table(&open.frame)) && self.spend_node() {
            self.open(Frame::Row { cells: Vec::new() });
        }
        if self.stack.last().is_some_and(|open| is_row(&open.frame)) {
            self.open_cell(header);
        }
    }

    fn image(&mut self, tag: &Tag) {
        let src = attribute(tag, "src").unwrap_or_default();
        let document = document_number(src).or(match self.formatting.link {
            Some(Target::Document(document)) => Some(document),
            _ => None,
        });
        let mut alt = attribute(tag, "alt").unwrap_or_default();
        if document.is_some() && alt.contains("image_paste") {
            // GLPI's own tag for a pasted image, not a description.
            alt = "";
        }
        let is_dot = |name| attribute(tag, name).is_some_and(|size| matches!(size.trim(), "0" | "1" | "0px" | "1px"));
        if document.is_none() && alt.is_empty() && (is_dot("width") || is_dot("height")) {
            // A tracking pixel.
            return;
        }
        self.open_implied();
        let alt = self.spend_text(alt).chars().filter_map(kept).collect();
        self.push_run(Atom::Image(document, alt));
    }
}

fn is_quote(frame: &Frame) -> bool {
    matches!(frame, Frame::Quote)
}
fn is_list(frame: &Frame) -> bool {
    matches!(frame, Frame::List { .. })
}
fn is_item(frame: &Frame) -> bool {
    matches!(frame, Frame::Item)
}
fn is_table(frame: &Frame) -> bool {
    matches!(frame, Frame::Table { .. })
}
fn is_row(frame: &Frame) -> bool {
    matches!(frame, Frame::Row { .. })
}
fn is_cell(frame: &Frame) -> bool {
    matches!(frame, Frame::Cell { .. })
}
fn is_list_or_cell(frame: &Frame) -> bool {
    is_list(frame) || is_cell(frame)
}

/// Elements whose content is no text, and how the tokenizer must read them.
fn raw_text(name: &str) -> Option<RawKind> {
    match name {
        "script" => Some(RawKind::ScriptData),
        "style" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
        "title" => Some(RawKind::Rcdata),
        _ => None,
    }
}

/// Elements that begin and end a paragraph without being one of ours.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "aside"
            | "header"
            | "footer"
            | "main"
            | "nav"
            | "address"
            | "center"
            | "dl"
            | "dt"
            | "dd"
            | "fieldset"
            | "form"
            | "figure"
            | "figcaption"
            | "hr"
            | "caption"
            | "thead"
            | "tbody"
            | "tfoot"
            | "body"
            | "html"
            | "head"
            | "details"
            | "summary"
            | "legend"
            | "option"
            | "hgroup"
    )
}

fn attribute<'t>(tag: &'t Tag, name: &str) -> Option<&'t str> {
    tag.attrs
        .iter()
        .find(|attribute| &*attribute.name.local == name)
        .map(|attribute| &*attribute.value)
}

fn target(href: &str) -> Target {
    match document_number(href) {
        Some(document) => Target::Document(document),
        None => safe_href(href).map_or(Target::Dropped, Target::Address),
    }
}

/// The document's number in an address of GLPI's (`…document.send.php?docid=12&…`).
fn document_number(address: &str) -> Option<DocumentId> {
    let (_, query) = address.split_once("document.send.php?")?;
    let number = query
        .split(['&', ';', '#'])
        .find_map(|pair| pair.strip_prefix("docid="))?;
    number.parse().ok().filter(|number| *number > 0).map(DocumentId)
}

/// Takes spaces off the end of a paragraph, and line breaks too if `breaks`.
fn trim_end(runs: &mut Vec<(Style, Atom)>, breaks: bool) {
    while let Some((_, atom)) = runs.last_mut() {
        match atom {
            Atom::Text(text) => {
                text.truncate(text.trim_end_matches(' ').len());
                if !text.is_empty() {
                    return;
                }
            }
            Atom::Break if breaks => {}
            Atom::Break | Atom::Image(..) => return,
        }
        runs.pop();
    }
}

/// Nests runs: link around strong around emphasis around text, neighbours of the same look together.
fn nest(runs: Vec<(Style, Atom)>) -> Vec<Inline> {
    group(
        runs,
        |style| style.link.take(),
        |link, content| match link {
            Some(href) => vec![Inline::Link {
                href,
                content: strong(content),
            }],
            None => strong(content),
        },
    )
}

fn strong(runs: Vec<(Style, Atom)>) -> Vec<Inline> {
    group(
        runs,
        |style| style.strong,
        |strong, runs| {
            let content = emphasis(runs);
            if strong {
                vec![Inline::Strong { content }]
            } else {
                content
            }
        },
    )
}

fn emphasis(runs: Vec<(Style, Atom)>) -> Vec<Inline> {
    group(
        runs,
        |style| style.emphasis,
        |emphasis, runs| {
            let content = runs
                .into_iter()
                .map(|(style, atom)| match atom {
                    Atom::Text(text) if style.code => Inline::Code { text },
                    Atom::Text(text) => Inline::Text { text },
                    Atom::Image(document, alt) => Inline::Image { document, alt },
                    Atom::Break => Inline::Break,
                })
                .collect();
            if emphasis {
                vec![Inline::Emphasis { content }]
            } else {
                content
            }
        },
    )
}

/// Cuts runs into groups of neighbours for which `key` is the same.
fn group<K: PartialEq>(
    runs: Vec<(Style, Atom)>,
    key: impl Fn(&mut Style) -> K,
    wrap: impl Fn(K, Vec<(Style, Atom)>) -> Vec<Inline>,
) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut current: Option<(K, Vec<(Style, Atom)>)> = None;
    for (mut style, atom) in runs {
        let key = key(&mut style);
        match &mut current {
            Some((last, members)) if *last == key => members.push((style, atom)),
            _ => {
                if let Some((last, members)) = current.replace((key, vec![(style, atom)])) {
                    out.extend(wrap(last, members));
                }
            }
        }
    }
    if let Some((last, members)) = current {
        out.extend(wrap(last, members));
    }
    out
}

/// A table of the source: ours if it is one, else (a mail's layout: one column, or blocks that no cell can hold) its
/// contents one after the other.
fn table(rows: Vec<Vec<RawCell>>) -> Vec<Block> {
    let one_column = rows.iter().all(|row| row.len() < 2);
    let holds_blocks = rows
        .iter()
        .flatten()
        .flat_map(|cell| &cell.blocks)
        .any(|block| matches!(block, Block::Table { .. } | Block::Quote { .. }));
    if one_column || holds_blocks {
        return rows.into_iter().flatten().flat_map(|cell| cell.blocks).collect();
    }
    let rows: Vec<Vec<Cell>> = rows
        .into_iter()
        .map(|row| {
            row.into_iter()
                .map(|cell| Cell {
                    header: cell.header,
                    content: one_line(cell.blocks),
                })
                .collect()
        })
        .collect();
    vec![Block::Table { rows }]
}

/// Blocks as the lines of a cell.
fn one_line(blocks: Vec<Block>) -> Vec<Inline> {
    let mut out: Vec<Inline> = Vec::new();
    let mut line = |content: Vec<Inline>| {
        if !out.is_empty() {
            out.push(Inline::Break);
        }
        out.extend(content);
    };
    for block in blocks {
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } => line(content),
            Block::Code { text } => {
                for text in text.lines().filter(|text| !text.trim().is_empty()) {
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    line(vec![Inline::Code { text }]);
                }
            }
            Block::List { ordered, items } => {
                for (i, item) in items.into_iter().enumerate() {
                    let mark = if ordered {
                        format!("{}. ", i + 1)
                    } else {
                        "• ".to_owned()
                    };
                    let mut content = one_line(item);
                    match content.first_mut() {
                        Some(Inline::Text { text }) => text.insert_str(0, &mark),
                        _ => content.insert(0, Inline::text(mark)),
                    }
                    line(content);
                }
            }
            // Such a table was taken apart by `table`.
            Block::Quote { blocks } => line(one_line(blocks)),
            Block::Table { .. } => {}
        }
    }
    out
}
