//! Rich text ↔ plain text.

use super::{Block, Inline, RichText, work};

/// A no-break space: HTML keeps it where it would fold ordinary spaces together.
const NBSP: char = '\u{a0}';

/// Reads plain text.
pub(super) fn read(text: &str) -> RichText {
    let mut blocks = Vec::new();
    let mut paragraph: Vec<Inline> = Vec::new();
    let mut items: Vec<Vec<Block>> = Vec::new();
    let text: String = text
        .replace("\r\n", "\n")
        .replace('\r', "\n")
        .chars()
        .filter_map(super::kept)
        .collect();
    for line in text.split('\n') {
        let line = line.trim_end();
        let trimmed = line.trim_start();
        if let Some(item) = trimmed
            .strip_prefix("- ")
            .map(str::trim)
            .filter(|item| !item.is_empty())
        {
            end_paragraph(&mut blocks, &mut paragraph);
            items.push(vec![Block::Paragraph {
                content: vec![Inline::text(keep_spaces(item))],
            }]);
            continue;
        }
        end_list(&mut blocks, &mut items);
        if trimmed.is_empty() {
            end_paragraph(&mut blocks, &mut paragraph);
        } else {
            if !paragraph.is_empty() {
                paragraph.push(Inline::Break);
            }
            paragraph.push(Inline::text(keep_spaces(line)));
        }
    }
    end_list(&mut blocks, &mut items);
    end_paragraph(&mut blocks, &mut paragraph);
    RichText { blocks }
}

fn end_paragraph(blocks: &mut Vec<Block>, paragraph: &mut Vec<Inline>) {
    if !paragraph.is_empty() {
        blocks.push(Block::Paragraph {
            content: std::mem::take(paragraph),
        });
    }
}

fn end_list(blocks: &mut Vec<Block>, items: &mut Vec<Vec<Block>>) {
    if !items.is_empty() {
        blocks.push(Block::List {
            ordered: false,
            items: std::mem::take(items),
        });
    }
}

/// Keeps an indentation or a column: every space of a run but the last becomes a no-break space (all of an indentation),
/// a tab becomes four.
fn keep_spaces(line: &str) -> String {
    let line = line.replace('\t', "    ");
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars().peekable();
    let mut indentation = true;
    while let Some(c) = chars.next() {
        work::spend(1);
        let kept = c == ' ' && (indentation || chars.peek() == Some(&' '));
        indentation &= matches!(c, ' ' | NBSP);
        out.push(if kept { NBSP } else { c });
    }
    out
}

/// Writes plain text.
pub(super) fn write(document: &RichText) -> String {
    let mut out = String::new();
    blocks(&mut out, &document.blocks, "", "\n\n");
    out
}

/// Writes blocks, each line after the first behind `indent`, blocks separated by `gap`.
fn blocks(out: &mut String, blocks: &[Block], indent: &str, gap: &str) {
    for (i, block) in blocks.iter().enumerate() {
        if i > 0 {
            // No indentation is left behind on an empty line, but a quotation's mark stays.
            for c in gap.chars().skip(1) {
                out.push('\n');
                if c == '\n' {
                    out.push_str(indent.trim_end());
                }
            }
            out.push('\n');
            out.push_str(indent);
        }
        self::block(out, block, indent);
    }
}

fn block(out: &mut String, block: &Block, indent: &str) {
    match block {
        Block::Paragraph { content } | Block::Heading { content, .. } => lines(out, &inline_text(content), indent),
        Block::List { ordered, items } => {
            let inner = format!("{indent}  ");
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push('\n');
                    out.push_str(indent);
                }
                if *ordered {
                    out.push_str(&format!("{}. ", i + 1));
                } else {
                    out.push_str("- ");
                }
                blocks(out, item, &inner, "\n");
            }
        }
        Block::Table { rows } => {
            for (i, row) in rows.iter().enumerate() {
                if i > 0 {
                    out.push('\n');
                    out.push_str(indent);
                }
                for (j, cell) in row.iter().enumerate() {
                    if j > 0 {
                        out.push('\t');
                    }
                    out.push_str(&inline_text(&cell.content).replace('\n', " "));
                }
            }
        }
        Block::Quote { blocks } => {
            out.push_str("> ");
            self::blocks(out, blocks, &format!("{indent}> "), "\n\n");
        }
        Block::Code { text } => lines(out, text, indent),
    }
}

/// Writes lines, each but the first behind the indentation.
fn lines(out: &mut String, text: &str, indent: &str) {
    for (i, line) in text.split('\n').enumerate() {
        if i > 0 {
            out.push('\n');
            out.push_str(indent);
        }
        out.push_str(line);
    }
}

/// Text of runs, with line breaks. A link's target follows its text unless they say the same.
pub(super) fn inline_text(content: &[Inline]) -> String {
    let mut out = String::new();
    write_inlines(&mut out, content);
    out
}

fn write_inlines(out: &mut String, content: &[Inline]) {
    for inline in content {
        match inline {
            Inline::Text { text } | Inline::Code { text } => {
                out.extend(text.chars().map(|c| if c == NBSP { ' ' } else { c }))
            }
            Inline::Strong { content } | Inline::Emphasis { content } => write_inlines(out, content),
            Inline::Link { href, content } => {
                let start = out.len();
                write_inlines(out, content);
                let shown = out.get(start..).unwrap_or_default().trim().to_owned();
                let bare = |target: &str| {
                    let target = target.trim_start_matches("mailto:").trim_start_matches("tel:");
                    let target = target.trim_start_matches("https://").trim_start_matches("http://");
                    target.trim_end_matches('/').to_owned()
                };
                if bare(&shown) != bare(href) {
                    out.push_str(&format!(" <{href}>"));
                }
            }
            Inline::Image { alt, .. } if alt.trim().is_empty() => out.push_str("[image]"),
            Inline::Image { alt, .. } => out.push_str(&format!("[{}]", alt.trim())),
            Inline::Break => out.push('\n'),
        }
    }
}
