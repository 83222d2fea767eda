//! Knowledge-base articles.

use crate::{ArticleId, catalogue::CatalogueRef, rich_text::RichText};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One article the account may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Article {
    /// The backend's number.
    pub id: ArticleId,
    /// Title or question.
    pub title: String,
    /// The answer.
    pub body: RichText,
    /// Its categories.
    pub categories: Vec<CatalogueRef>,
    /// Open to users (FAQ).
    pub faq: bool,
    /// When the backend last changed it.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub updated_at: Option<Timestamp>,
}
