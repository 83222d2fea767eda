//! Rich text → Markdown (CommonMark with GitHub's tables). What the text says stays text: nothing in it can become markup of
//! Markdown's or HTML's, so that a renderer that passes HTML on has none to pass on.

use super::{Block, Cell, Inline, RichText, safe_href};
use crate::DocumentId;
use std::fmt::Write;

/// Where documents are, and how deep the document stands in another one.
pub(super) struct Markdown<'a> {
    /// The address of a document's file; `None` where there is none.
    pub(super) target: &'a dyn Fn(DocumentId) -> Option<String>,
    /// Headings are this much below what they are in the document.
    pub(super) below: u8,
}

/// Markdown of a document.
pub(super) fn write(document: &RichText, way: &Markdown<'_>) -> String {
    let mut out = String::new();
    way.blocks(&mut out, &document.blocks, "");
    out
}

/// A text as Markdown shows it: one line, escaped.
pub(super) fn line(text: &str) -> String {
    let mut out = String::new();
    escape(&mut out, text);
    unmarked(out.trim())
}

impl Markdown<'_> {
    /// Blocks, separated by an empty line; each line after the first stands behind `indent`.
    fn blocks(&self, out: &mut String, blocks: &[Block], indent: &str) {
        for (nth, block) in blocks.iter().enumerate() {
            if nth > 0 {
                // Two lists one after the other would be one.
                let apart = matches!(
                    (blocks.get(nth - 1), block),
                    (Some(Block::List { .. }), Block::List { .. })
                );
                for line in if apart { &["", "<!-- -->", ""][..] } else { &[""][..] } {
                    out.push('\n');
                    out.push_str(format!("{indent}{line}").trim_end());
                }
                out.push('\n');
                out.push_str(indent);
            }
            self.block(out, block, indent);
        }
    }

    fn block(&self, out: &mut String, block: &Block, indent: &str) {
        match block {
            Block::Paragraph { content } => out.push_str(&self.lines(content, indent)),
            Block::Heading { level, content } => {
                let level = level.saturating_add(self.below).clamp(1, 6);
                let text = self.lines(content, "").replace("\\\n", " ").replace('\n', " ");
                let _ = write!(out, "{} {}", "#".repeat(level.into()), text.trim());
            }
            Block::List { ordered, items } => {
                for (nth, item) in items.iter().enumerate() {
                    if nth > 0 {
                        out.push('\n');
                        out.push_str(indent);
                    }
                    let mark = if *ordered {
                        format!("{}. ", nth + 1)
                    } else {
                        "- ".to_owned()
                    };
                    out.push_str(&mark);
                    self.blocks(out, item, &format!("{indent}{}", " ".repeat(mark.len())));
                }
            }
            Block::Table { rows } => self.table(out, rows, indent),
            Block::Quote { blocks } => {
                out.push_str("> ");
                self.blocks(out, blocks, &format!("{indent}> "));
            }
            Block::Code { text } => {
                // A fence longer than any in the text: nothing in it ends the block.
                let fence = "`".repeat(longest_run(text).max(2) + 1);
                let _ = write!(out, "{fence}\n{indent}");
                for line in text.trim_end_matches('\n').split('\n') {
                    out.extend(line.chars().filter(|c| *c == '\t' || !c.is_control()));
                    let _ = write!(out, "\n{indent}");
                }
                out.push_str(&fence);
            }
        }
    }

    fn table(&self, out: &mut String, rows: &[Vec<Cell>], indent: &str) {
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        if width == 0 {
            return;
        }
        let line = |cells: &[Cell]| {
            let mut line = String::from("|");
            for place in 0..width {
                let text = cells.get(place).map(|cell| self.lines(&cell.content, ""));
                // A cell is one line.
                let text = text.unwrap_or_default().replace("\\\n", "<br>").replace('\n', " ");
                let _ = write!(line, " {} |", text.replace('|', "\\|").trim());
            }
            line
        };
        // A table has a head there, whether the document's has one or not.
        let headed = rows.first().is_some_and(|cells| cells.iter().any(|cell| cell.header));
        let (head, rest) = match rows.split_first() {
            Some((first, rest)) if headed => (first.as_slice(), rest),
            _ => (&[][..], rows),
        };
        let _ = write!(out, "{}\n{indent}|{}", line(head), " --- |".repeat(width));
        for cells in rest {
            let _ = write!(out, "\n{indent}{}", line(cells));
        }
    }

    /// A run of text; each of its lines after the first stands behind `indent`, and none begins with what would be a block's mark.
    fn lines(&self, content: &[Inline], indent: &str) -> String {
        let mut run = String::new();
        self.inlines(&mut run, content, false);
        // A break with nothing after it would be read as a backslash.
        let run = run.trim_end_matches("\\\n");
        let mut out = String::new();
        for (nth, line) in run.split('\n').enumerate() {
            if nth > 0 {
                out.push('\n');
                out.push_str(indent);
            }
            out.push_str(&unmarked(line));
        }
        out
    }

    fn inlines(&self, out: &mut String, content: &[Inline], in_link: bool) {
        for inline in content {
            self.inline(out, inline, in_link);
        }
    }

    fn inline(&self, out: &mut String, inline: &Inline, in_link: bool) {
        match inline {
            Inline::Text { text } => escape(out, text),
            Inline::Strong { content } => self.marked(out, "**", content, in_link),
            Inline::Emphasis { content } => self.marked(out, "*", content, in_link),
            Inline::Code { text } => code(out, text),
            // A document may come from elsewhere than from a server's HTML: the target is looked at again.
            Inline::Link { href, content } => match safe_href(href).filter(|_| !in_link) {
                Some(href) => {
                    out.push('[');
                    self.inlines(out, content, true);
                    out.push_str("](");
                    address(out, &href);
                    out.push(')');
                }
                None => self.inlines(out, content, in_link),
            },
            Inline::Image { document, alt } => match document.and_then(|document| (self.target)(document)) {
                Some(target) => {
                    out.push_str("![");
                    escape(out, alt);
                    out.push_str("](");
                    address(out, &target);
                    out.push(')');
                }
                None => {
                    out.push_str("\\[");
                    escape(out, alt);
                    out.push_str("\\]");
                }
            },
            // A backslash at a line's end is a line break.
            Inline::Break => out.push_str("\\\n"),
        }
    }

    /// Marks hold only when no space is inside of them.
    fn marked(&self, out: &mut String, mark: &str, content: &[Inline], in_link: bool) {
        let mut inner = String::new();
        self.inlines(&mut inner, content, in_link);
        let text = inner.trim();
        if text.is_empty() || text.ends_with('\\') {
            out.push_str(&inner);
            return;
        }
        let lead = &inner[..inner.len() - inner.trim_start().len()];
        let tail = &inner[inner.trim_end().len()..];
        let _ = write!(out, "{lead}{mark}{text}{mark}{tail}");
    }
}

/// Code in a line, in a fence longer than any in it.
fn code(out: &mut String, text: &str) {
    let text: String = text.replace('\n', " ").chars().filter(|c| !c.is_control()).collect();
    if text.trim().is_empty() {
        escape(out, &text);
        return;
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let space = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    let _ = write!(out, "{fence}{space}{text}{space}{fence}");
}

fn longest_run(text: &str) -> usize {
    let runs = text.split(|c| c != '`').map(str::len);
    runs.max().unwrap_or(0)
}

/// A link's target: what would end it, or the line, is written by its number.
fn address(out: &mut String, href: &str) {
    for c in href.chars() {
        match c {
            '(' | ')' | '<' | '>' | '\\' | ' ' | '"' | '|' | '`' | '\n' => {
                let _ = write!(out, "%{:02X}", u32::from(c));
            }
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
}

/// Text that means nothing to Markdown or HTML.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(c);
            }
            // As in HTML; a break of its own is written as one.
            '\n' | '\t' => out.push(' '),
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
}

/// A line that begins no block: neither heading, list, rule nor underline of a heading, nor code by its indentation.
fn unmarked(line: &str) -> String {
    let text = line.trim_start_matches([' ', '\t']);
    let digits = text.chars().take_while(char::is_ascii_digit).count();
    let (kept, rest) = text.split_at(digits);
    let marks = match rest.chars().next() {
        Some('#' | '+' | '-' | '=' | '|' | ':') => digits == 0,
        Some('.' | ')') => digits > 0,
        _ => false,
    };
    if marks {
        format!("{kept}\\{rest}")
    } else {
        text.to_owned()
    }
}
