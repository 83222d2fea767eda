//! Rich text → HTML: the subset that the document can express, escaped.

use super::{Block, Cell, Inline, RichText, safe_href};
use crate::DocumentId;
use std::fmt::Write;

/// Where documents are.
pub(super) struct Images<'a> {
    /// The address of a document's content; `None` where there is none.
    pub(super) target: &'a dyn Fn(DocumentId) -> Option<String>,
    /// An image leads to its own file.
    pub(super) linked: bool,
}

/// HTML of a document, as a server takes it.
pub(super) fn write(document: &RichText) -> String {
    // As GLPI itself writes an inline document; the path is relative so that it holds wherever GLPI is installed.
    let images = Images {
        target: &|document| Some(format!("../front/document.send.php?docid={document}")),
        linked: true,
    };
    write_with(document, &images)
}

/// HTML of a document whose images are elsewhere.
pub(super) fn write_with(document: &RichText, images: &Images<'_>) -> String {
    let mut out = String::new();
    blocks(&mut out, &document.blocks, images);
    out
}

fn blocks(out: &mut String, blocks: &[Block], images: &Images<'_>) {
    for block in blocks {
        self::block(out, block, images);
    }
}

fn element(out: &mut String, name: &str, content: impl FnOnce(&mut String)) {
    // Writing into a String cannot fail.
    let _ = write!(out, "<{name}>");
    content(out);
    let _ = write!(out, "</{name}>");
}

fn block(out: &mut String, block: &Block, images: &Images<'_>) {
    match block {
        Block::Paragraph { content } => element(out, "p", |out| inlines(out, content, false, images)),
        Block::Heading { level, content } => {
            let name = format!("h{}", level.clamp(&1, &6));
            element(out, &name, |out| inlines(out, content, false, images));
        }
        Block::List { ordered, items } => element(out, if *ordered { "ol" } else { "ul" }, |out| {
            for item in items {
                element(out, "li", |out| match item.as_slice() {
                    // The usual item: one line, without a paragraph's margins.
                    [Block::Paragraph { content }] => inlines(out, content, false, images),
                    item => blocks(out, item, images),
                });
            }
        }),
        Block::Table { rows } => element(out, "table", |out| {
            for row in rows {
                element(out, "tr", |out| {
                    row.iter().for_each(|cell| self::cell(out, cell, images))
                });
            }
        }),
        Block::Quote { blocks } => element(out, "blockquote", |out| self::blocks(out, blocks, images)),
        Block::Code { text } => element(out, "pre", |out| {
            // HTML drops a line break right after <pre>.
            if text.starts_with('\n') {
                out.push('\n');
            }
            escape(out, text);
        }),
    }
}

fn cell(out: &mut String, cell: &Cell, images: &Images<'_>) {
    element(out, if cell.header { "th" } else { "td" }, |out| {
        inlines(out, &cell.content, false, images)
    });
}

fn inlines(out: &mut String, content: &[Inline], in_link: bool, images: &Images<'_>) {
    for inline in content {
        self::inline(out, inline, in_link, images);
    }
}

/// Writes a run; `in_link` says that a link is open around it (links do not nest in HTML).
fn inline(out: &mut String, inline: &Inline, in_link: bool, images: &Images<'_>) {
    match inline {
        Inline::Text { text } => escape(out, text),
        Inline::Strong { content } => element(out, "strong", |out| inlines(out, content, in_link, images)),
        Inline::Emphasis { content } => element(out, "em", |out| inlines(out, content, in_link, images)),
        Inline::Code { text } => element(out, "code", |out| escape(out, text)),
        // A document may come from elsewhere than `from_html`: the target is looked at again.
        Inline::Link { href, content } => match safe_href(href).filter(|_| !in_link) {
            Some(href) => {
                out.push_str("<a href=\"");
                escape(out, &href);
                out.push_str("\">");
                inlines(out, content, true, images);
                out.push_str("</a>");
            }
            None => inlines(out, content, in_link, images),
        },
        Inline::Image { document, alt } => {
            let target = document.and_then(|document| (images.target)(document));
            let link = target.as_ref().filter(|_| images.linked && !in_link);
            if let Some(target) = link {
                out.push_str("<a href=\"");
                escape(out, target);
                out.push_str("\">");
            }
            out.push_str("<img alt=\"");
            escape(out, alt);
            if let Some(target) = &target {
                out.push_str("\" src=\"");
                escape(out, target);
            }
            out.push_str("\">");
            if link.is_some() {
                out.push_str("</a>");
            }
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
