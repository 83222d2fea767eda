//! Rich text: the one form in which formatted text lives here.
//!
//! HTML from a server is sanitised and parsed **once**, at ingestion, into this small document; the window renders it as
//! components, so that a script cannot be expressed (decision 5). Its plain text feeds the search index and the probing
//! of the outbox. What is written here goes out as HTML made from the same document.

use crate::DocumentId;
use serde::{Deserialize, Serialize};

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
