//! What a document says, in a form that survives a server's rewriting of its markup.

use super::{Block, Inline, RichText};
use unicode_normalization::UnicodeNormalization;

/// The fingerprint of a document.
pub(super) fn of(document: &RichText) -> String {
    let mut raw = String::new();
    blocks(&mut raw, &document.blocks);
    normalise(&raw)
}

fn blocks(out: &mut String, blocks: &[Block]) {
    for block in blocks {
        out.push('\n');
        match block {
            Block::Paragraph { content } | Block::Heading { content, .. } => inlines(out, content),
            Block::List { items, .. } => items.iter().for_each(|item| self::blocks(out, item)),
            Block::Table { rows } => {
                for cell in rows.iter().flatten() {
                    out.push('\n');
                    inlines(out, &cell.content);
                }
            }
            Block::Quote { blocks } => self::blocks(out, blocks),
            Block::Code { text } => out.push_str(text),
        }
        out.push('\n');
    }
}

fn inlines(out: &mut String, content: &[Inline]) {
    for inline in content {
        match inline {
            Inline::Text { text } | Inline::Code { text } => out.push_str(text),
            Inline::Strong { content } | Inline::Emphasis { content } | Inline::Link { content, .. } => {
                inlines(out, content)
            }
            // A server renames images but keeps their documents.
            Inline::Image {
                document: Some(document),
                ..
            } => out.push_str(&format!("[#{document}]")),
            Inline::Image { document: None, alt } => out.push_str(alt),
            Inline::Break => out.push('\n'),
        }
    }
}

/// One form for what looks alike: compatibility composition (no-break and thin spaces, ligatures, "…"), straight quotes and
/// dashes, no invisible characters, white space collapsed.
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = false;
    // What shows nothing goes first, so that it does not keep a letter and its accent apart.
    let visible = text
        .chars()
        .filter(|c| c.is_whitespace() || !(c.is_control() || is_invisible(*c)));
    for c in visible.nfkc() {
        let c = match c {
            '‘' | '’' | '‛' | '′' | 'ʼ' => '\'',
            '“' | '”' | '„' | '«' | '»' | '″' => '"',
            '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => '-',
            c => c,
        };
        if c.is_whitespace() {
            space = true;
            continue;
        }
        if space && !out.is_empty() {
            out.push(' ');
        }
        space = false;
        out.push(c);
    }
    out
}

/// Characters that show nothing: soft hyphen, zero-width space and joiners, direction marks, byte-order mark, variation
/// selectors.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}
