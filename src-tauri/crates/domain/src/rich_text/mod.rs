//! Rich text: the one form in which formatted text lives here.
//!
//! HTML from a server is read **once**, at ingestion, into this small document ([`html_in`]); the window renders it as
//! components, so that a script cannot be expressed (decision 5, docs/decisions/0003-rich-text-instead-of-html.md). Its plain
//! text ([`plain`]) feeds the search index, its fingerprint ([`fingerprint`]) the probing of the outbox. What is written here
//! goes out as HTML made from the same document ([`html_out`]); what is handed over as files, as Markdown too ([`markdown_out`]).

mod builder;
mod fingerprint;
mod html_in;
mod html_out;
mod markdown_out;
mod plain;
mod runs;
mod source;
mod tags;
mod work;

use crate::DocumentId;
use serde::{Deserialize, Serialize};

/// How deep blocks may lie in each other; what is deeper is kept as text of the last block allowed.
pub const MAX_DEPTH: usize = 32;
/// How many bytes of text (and of link targets) a document read from a server may hold; the rest is cut, visibly.
pub const MAX_TEXT: usize = 1 << 20;
/// How many blocks and runs of text a document read from a server may hold; the rest is cut, visibly.
pub const MAX_NODES: usize = 100_000;
/// What stands at the end of a document that was cut.
pub const CUT_MARK: &str = "[…]";

/// A formatted text: a sequence of blocks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RichText {
    /// Its blocks, in order.
    pub blocks: Vec<Block>,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Paragraph {
        /// Its text.
        content: Vec<Inline>,
    },
    /// A heading.
    Heading {
        /// 1 to 6.
        level: u8,
        /// Its text.
        content: Vec<Inline>,
    },
    /// A list.
    List {
        /// Numbered or bulleted.
        ordered: bool,
        /// Each item is a sequence of blocks.
        items: Vec<Vec<Block>>,
    },
    /// A table.
    Table {
        /// Rows of cells.
        rows: Vec<Vec<Cell>>,
    },
    /// A quotation.
    Quote {
        /// What is quoted.
        blocks: Vec<Block>,
    },
    /// Preformatted text.
    Code {
        /// Verbatim, lines included.
        text: String,
    },
}

/// A table's cell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Cell {
    /// Heads its row or column.
    pub header: bool,
    /// Its text.
    pub content: Vec<Inline>,
}

/// A run of text within a block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Inline {
    /// Plain text.
    Text {
        /// The characters.
        text: String,
    },
    /// Strong emphasis.
    Strong {
        /// What is emphasised.
        content: Vec<Inline>,
    },
    /// Emphasis.
    Emphasis {
        /// What is emphasised.
        content: Vec<Inline>,
    },
    /// Code in a line.
    Code {
        /// Verbatim.
        text: String,
    },
    /// A link; only `http`, `https`, `mailto` and `tel` survive ingestion.
    Link {
        /// Where to.
        href: String,
        /// What is shown.
        content: Vec<Inline>,
    },
    /// An image held by the backend as a document. Images by URL or inline data become their alternative text.
    Image {
        /// Which document.
        document: Option<DocumentId>,
        /// Alternative text.
        alt: String,
    },
    /// A line break within a block.
    Break,
}

impl RichText {
    /// Reads what a server gives: HTML, or plain text whose line breaks count (see [`html_in`]). Never fails: what cannot be
    /// expressed here becomes its text, or nothing where it has none.
    #[must_use]
    pub fn from_html(source: &str) -> Self {
        html_in::read(source)
    }

    /// Reads plain text: an empty line separates paragraphs, a single line break stays one, lines that start with "- " are
    /// the items of a list, and runs of spaces are kept.
    #[must_use]
    pub fn from_plain(text: &str) -> Self {
        plain::read(text)
    }

    /// HTML of this document: the subset it can express, escaped, always the same for the same document. This is what is
    /// sent to a server.
    #[must_use]
    pub fn to_html(&self) -> String {
        html_out::write(self)
    }

    /// HTML of this document as [`Self::to_html`] writes it, for a file of its own: its images are where `image` says, and only
    /// their alternative text is left of those that are nowhere.
    #[must_use]
    pub fn to_html_with(&self, image: &dyn Fn(DocumentId) -> Option<String>) -> String {
        let images = html_out::Images {
            target: image,
            linked: false,
        };
        html_out::write_with(self, &images)
    }

    /// Markdown of this document: its text escaped, so that none of it can become markup, its headings `below` steps lower, its
    /// images where `image` says.
    #[must_use]
    pub fn to_markdown(&self, below: u8, image: &dyn Fn(DocumentId) -> Option<String>) -> String {
        let way = markdown_out::Markdown { target: image, below };
        markdown_out::write(self, &way)
    }

    /// The documents that its images are, in order.
    #[must_use]
    pub fn images(&self) -> Vec<DocumentId> {
        let mut found = Vec::new();
        self.blocks.iter().for_each(|block| block.images(&mut found));
        found
    }

    /// Readable plain text, for the search index, the clipboard and the command line: blocks separated by an empty line,
    /// items by "- " or their number, cells by a tab, quotations marked with "> ".
    #[must_use]
    pub fn to_plain(&self) -> String {
        plain::write(self)
    }

    /// What it says and nothing of how: for comparing what was sent with what a server gives back. White space is one space,
    /// typographic variants are unified, and it does not matter how paragraphs and line breaks are marked up.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint::of(self)
    }

    /// Whether it says nothing: no visible character and no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprint().is_empty() && !self.blocks.iter().any(Block::has_image)
    }
}

/// A line of plain text as Markdown shows it: nothing in it is markup.
#[must_use]
pub fn markdown_line(text: &str) -> String {
    markdown_out::line(text)
}

impl Block {
    fn images(&self, found: &mut Vec<DocumentId>) {
        match self {
            Self::Paragraph { content } | Self::Heading { content, .. } => Inline::images(content, found),
            Self::List { items, .. } => items.iter().flatten().for_each(|block| block.images(found)),
            Self::Table { rows } => rows
                .iter()
                .flatten()
                .for_each(|cell| Inline::images(&cell.content, found)),
            Self::Quote { blocks } => blocks.iter().for_each(|block| block.images(found)),
            Self::Code { .. } => {}
        }
    }

    fn has_image(&self) -> bool {
        match self {
            Self::Paragraph { content } | Self::Heading { content, .. } => content.iter().any(Inline::has_image),
            Self::List { items, .. } => items.iter().flatten().any(Self::has_image),
            Self::Table { rows } => rows
                .iter()
                .flatten()
                .flat_map(|cell| &cell.content)
                .any(Inline::has_image),
            Self::Quote { blocks } => blocks.iter().any(Self::has_image),
            Self::Code { .. } => false,
        }
    }
}

impl Inline {
    fn images(content: &[Self], found: &mut Vec<DocumentId>) {
        for inline in content {
            match inline {
                Self::Image { document, .. } => found.extend(document),
                Self::Strong { content } | Self::Emphasis { content } | Self::Link { content, .. } => {
                    Self::images(content, found);
                }
                Self::Text { .. } | Self::Code { .. } | Self::Break => {}
            }
        }
    }

    fn has_image(&self) -> bool {
        match self {
            Self::Image { .. } => true,
            Self::Strong { content } | Self::Emphasis { content } | Self::Link { content, .. } => {
                content.iter().any(Self::has_image)
            }
            Self::Text { .. } | Self::Code { .. } | Self::Break => false,
        }
    }

    /// A run of text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// A character as a document keeps it: no control characters but tab and line feed; those that are white space become a
/// space.
fn kept(c: char) -> Option<char> {
    match c {
        '\n' | '\t' => Some(c),
        c if c.is_control() => c.is_whitespace().then_some(' '),
        c => Some(c),
    }
}

/// Whether a link may keep its target: an absolute `http`, `https`, `mailto` or `tel` address. Returns it as it is kept.
/// Characters that browsers skip (tabs, line ends, leading controls) are taken out **before** the scheme is looked at.
#[must_use]
pub fn safe_href(raw: &str) -> Option<String> {
    const MAX_HREF: usize = 4096;
    let cleaned: String = raw
        .chars()
        .filter(|c| !c.is_control())
        .collect::<String>()
        .trim()
        .replace(' ', "%20");
    if cleaned.len() > MAX_HREF {
        return None;
    }
    let (scheme, rest) = cleaned.split_once(':')?;
    let scheme = scheme.to_ascii_lowercase();
    let rest_is_good = match scheme.as_str() {
        "http" | "https" => rest
            .strip_prefix("//")
            .is_some_and(|host| !host.is_empty() && !host.starts_with('/')),
        "mailto" | "tel" => !rest.is_empty(),
        _ => false,
    };
    rest_is_good.then(|| format!("{scheme}:{rest}"))
}

#[cfg(test)]
mod tests;
