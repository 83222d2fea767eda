//! What narrows, groups and lays out a list of tickets, and the views people keep of it.
//!
//! Everything that depends on the time is kept as a length of time before or after "now", so that a view kept today still
//! says what it meant tomorrow.

use crate::{Sort, View};
use guichet_domain::{
    GroupId, UserId,
    ticket::{Level, Status, TicketKind},
};
use serde::{Deserialize, Serialize};

/// What a list is narrowed to. Everything that is set must hold; what is empty or `None` narrows nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct TicketFilter {
    /// One of these.
    pub statuses: Vec<Status>,
    /// Incidents or requests.
    pub kind: Option<TicketKind>,
    /// One of these priorities.
    pub priorities: Vec<Level>,
    /// One of these urgencies.
    pub urgencies: Vec<Level>,
    /// One of these categories, or one below it.
    pub categories: Vec<i64>,
    /// One of these sites, or one below it.
    pub locations: Vec<i64>,
    /// One of these entities, or one below it.
    pub entities: Vec<i64>,
    /// Who is on it.
    pub assignee: Option<AssigneeFilter>,
    /// Opened in so many hours before now.
    pub opened_within_h: Option<u32>,
    /// Last changed in so many hours before now.
    pub updated_within_h: Option<u32>,
    /// How far its next target is.
    pub target: Option<TargetFilter>,
    /// Words of its title, as typed: each must be in it (folded, the last one may be unfinished). A single letter that goes
    /// on says too little and narrows nothing.
    pub title: String,
}

impl TicketFilter {
    /// Whether it narrows nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Who a list's tickets are assigned to, among others perhaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AssigneeFilter {
    /// The account itself (its groups do not count).
    Me,
    /// Nobody.
    Nobody,
    /// A technician.
    User {
        /// Who.
        id: UserId,
    },
    /// A group.
    Group {
        /// Which.
        id: GroupId,
    },
}

/// How far the next target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TargetFilter {
    /// Missed, and still open.
    Late,
    /// Missed, or less than so many minutes away.
    Within {
        /// Minutes.
        minutes: u32,
    },
}

/// What a list is grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Grouping {
    /// Status, in the order of a ticket's life.
    Status,
    /// Priority, highest first.
    Priority,
    /// Category, by full name.
    Category,
    /// First assignee, by name; unassigned first.
    Assignee,
    /// Entity, by full name.
    Entity,
    /// How far the next target is: late first.
    Target,
}

/// One group of a list: its rows follow those of the group before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct GroupHead {
    /// What its rows have in common: a status or a bucket's name (`late`, `hour`, `day`, `later`, `none`), a priority, a number
    /// (`user:7`, `group:5`, `category:12`, `entity:0`), `nobody`, `none`, `address`, or `rest` where there are more groups
    /// than are told apart.
    pub key: String,
    /// The name of what has a number, where it is known.
    pub label: Option<String>,
    /// How many rows.
    pub count: u32,
}

/// A fact a row of the queue can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Number.
    Id,
    /// Who asks.
    Requester,
    /// Site.
    Location,
    /// Category.
    Category,
    /// Entity.
    Entity,
    /// Who is on it.
    Assignee,
    /// Status.
    Status,
    /// Priority.
    Priority,
    /// When opened.
    Opened,
    /// When last changed.
    Updated,
    /// The next target.
    Target,
}

/// How the queue draws its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// Two lines a ticket.
    #[default]
    Cards,
    /// One line a ticket, in columns.
    Table,
}

/// A view somebody keeps: their own work, in the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SavedView {
    /// A UUID the window chose.
    pub id: String,
    /// What it is called; unique in a profile, whatever the case.
    pub name: String,
    /// What it begins with.
    pub view: View,
    /// Only VIP requesters.
    #[serde(default)]
    pub vip_only: bool,
    /// What narrows it.
    #[serde(default)]
    pub filter: TicketFilter,
    /// In which order.
    #[serde(default)]
    pub sort: Sort,
    /// In which groups.
    #[serde(default)]
    pub group: Option<Grouping>,
    /// How its rows are drawn.
    #[serde(default)]
    pub layout: Layout,
    /// What its rows show; empty: what they show by themselves.
    #[serde(default)]
    pub columns: Vec<Column>,
}

impl SavedView {
    /// As many as can be kept in a profile.
    pub const MOST: usize = 50;
    /// Longest name, in characters.
    pub const LONGEST_NAME: usize = 60;
}
