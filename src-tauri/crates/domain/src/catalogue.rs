//! The backend's lists that tickets point into: categories, sites, entities, channels, templates, service levels.

use crate::{names::names, rich_text::RichText};
use serde::{Deserialize, Serialize};

/// Which list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CatalogueKind {
    /// Organisations and their sub-organisations.
    Entity,
    /// Categories of tickets.
    Category,
    /// Sites and rooms.
    Location,
    /// Channels: phone, mail, portal…
    Channel,
    /// Ready-made follow-ups.
    FollowupTemplate,
    /// Ready-made tasks.
    TaskTemplate,
    /// Ready-made solutions.
    SolutionTemplate,
    /// Kinds of solution.
    SolutionType,
    /// Service-level agreements.
    Sla,
    /// Categories of people; one of them may mean VIP.
    UserCategory,
    /// Categories of articles.
    ArticleCategory,
}

impl CatalogueKind {
    /// Every list, in the order a first sync reads them.
    pub const ALL: [Self; 11] = [
        Self::Entity,
        Self::Category,
        Self::Location,
        Self::Channel,
        Self::UserCategory,
        Self::Sla,
        Self::SolutionType,
        Self::FollowupTemplate,
        Self::TaskTemplate,
        Self::SolutionTemplate,
        Self::ArticleCategory,
    ];
}

/// A row of a list, as another record points to it. The name travels along where the backend gave it by expansion;
/// `None` means that this account may not read it, which is shown as unavailable and never as empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CatalogueRef {
    /// The row's number.
    pub id: i64,
    /// Its full name ("Réseau > VPN"), if known.
    pub name: Option<String>,
}

/// One row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CatalogueItem {
    /// Which list.
    pub kind: CatalogueKind,
    /// The row's number in it.
    pub id: i64,
    /// Own name.
    pub name: String,
    /// Name with those of its parents ("Réseau > VPN").
    pub full_name: String,
    /// Parent row, for trees.
    pub parent: Option<i64>,
    /// A template's text.
    pub body: Option<RichText>,
    /// Learned by expansion from another record because the list itself is refused.
    pub by_expansion: bool,
}

/// Whether a list could be read at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// Read completely.
    Available,
    /// The account may not read it: what is known comes by expansion.
    Forbidden,
    /// The backend has no such list.
    Unsupported,
    /// Not read yet.
    Unknown,
}

names!(CatalogueKind {
    Entity => "entity",
    Category => "category",
    Location => "location",
    Channel => "channel",
    FollowupTemplate => "followup_template",
    TaskTemplate => "task_template",
    SolutionTemplate => "solution_template",
    SolutionType => "solution_type",
    Sla => "sla",
    UserCategory => "user_category",
    ArticleCategory => "article_category",
});
names!(Availability {
    Available => "available",
    Forbidden => "forbidden",
    Unsupported => "unsupported",
    Unknown => "unknown",
});
