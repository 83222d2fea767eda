//! Rich text → HTML: the subset that the document can express, escaped.

use super::{Block, Cell, Inline, RichText, safe_href};
use std::fmt::Write;

/// HTML of a document.
pub(super) fn write(document: &RichText) -> String {
    let mut out = String::new();
    blocks(&mut out, &document.blocks);
    out
}

fn blocks(out: &mut String, blocks: &[Block]) {
    for block in blocks {
        self::block(out, block);
    }
}

fn element(out: &mut String, name: &str, content: impl FnOnce(&mut String)) {
    // Writing into a String cannot fail.
    let _ = write!(out, "<{name}>");
    content(out);
    let _ = write!(out, "</{name}>");
}

fn block(out: &mut String, block: &Block) {
    match block {
        Block::Paragraph { content } => element(out, "p", |out| inlines(out, content, false)),
        Block::Heading { level, content } => {
            let name = format!("h{}", level.clamp(&1, &6));
            element(out, &name, |out| inlines(out, content, false));
        }
        Block::List { ordered, items } => element(out, if *ordered { "ol" } else { "ul" }, |out| {
            for item in items {
                element(out, "li", |out| match item.as_slice() {
                    // The usual item: one line, without a paragraph's margins.
                    [Block::Paragraph { content }] => inlines(out, content, false),
                    item => blocks(out, item),
                });
            }
        }),
        Block::Table { rows } => element(out, "table", |out| {
            for row in rows {
                element(out, "tr", |out| row.iter().for_each(|cell| self::cell(out, cell)));
            }
        }),
        Block::Quote { blocks } => element(out, "blockquote", |out| self::blocks(out, blocks)),
        Block::Code { text } => element(out, "pre", |out| {
            // HTML drops a line break right after <pre>.
            if text.starts_with('\n') {
                out.push('\n');
            }
            escape(out, text);
        }),
    }
}

fn cell(out: &mut String, cell: &Cell) {
    element(out, if cell.header { "th" } else { "td" }, |out| {
        inlines(out, &cell.content, false)
    });
}

fn inlines(out: &mut String, content: &[Inline], in_link: bool) {
    for inline in content {
        self::inline(out, inline, in_link);
    }
}

/// Writes a run; `in_link` says that a link is open around it (links do not nest in HTML).
fn inline(out: &mut String, inline: &Inline, in_link: bool) {
    match inline {
        Inline::Text { text } => escape(out, text),
        Inline::Strong { content } => element(out, "strong", |out| inlines(out, content, in_link)),
        Inline::Emphasis { content } => element(out, "em", |out| inlines(out, content, in_link)),
        Inline::Code { text } => element(out, "code", |out| escape(out, text)),
        // A document may come from elsewhere than `from_html`: the target is looked at again.
        Inline::Link { href, content } => match safe_href(href).filter(|_| !in_link) {
            Some(href) => {
                out.push_str("<a href=\"");
                escape(out, &href);
                out.push_str("\">");
                inlines(out, content, true);
                out.push_str("</a>");
            }
            None => inlines(out, content, in_link),
        },
        Inline::Image {
            document: Some(document),
            alt,
        } => {
            // As GLPI itself writes an inline document; the path is relative so that it holds wherever GLPI is installed.
            if !in_link {
                let _ = write!(out, "<a href=\"../front/document.send.php?docid={document}\">");
            }
            out.push_str("<img alt=\"");
            escape(out, alt);
            let _ = write!(out, "\" src=\"../front/document.send.php?docid={document}\">");
            if !in_link {
                out.push_str("</a>");
            }
        }
        Inline::Image { document: None, alt } => {
            out.push_str("<img alt=\"");
            escape(out, alt);
            out.push_str("\">");
        }
        Inline::Break => out.push_str("<br>"),
    }
}

/// Escapes text for element content and for a double-quoted attribute.
fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // HTML cannot hold it, and databases stumble over it.
            '\0' => {}
            c => out.push(c),
        }
    }
}
