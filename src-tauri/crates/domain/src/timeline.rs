//! What happened on a ticket, entry by entry: follow-ups, tasks, solutions, validations.

use crate::{GroupId, TicketId, UserId, catalogue::CatalogueRef, names::names, rich_text::RichText};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Which table of the backend an entry comes from; with its number it is unique.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A message to or about the requester.
    Followup,
    /// Work to do or done.
    Task,
    /// A proposed solution.
    Solution,
    /// An approval asked of somebody.
    Validation,
}

/// The identity of a timeline entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EntryKey {
    /// Its table.
    pub kind: EntryKind,
    /// Its number in that table.
    pub id: i64,
}

/// Whether a task is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// For the record only.
    Information,
    /// To be done.
    Todo,
    /// Done.
    Done,
}

/// What the requester (or the person asked) said of a solution or a validation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// No answer is asked for.
    None,
    /// Asked, not answered.
    Waiting,
    /// Accepted.
    Accepted,
    /// Refused.
    Refused,
}

/// The part of an entry that its kind alone has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EntryDetail {
    /// A follow-up.
    Followup {
        /// Channel it came by.
        channel: Option<CatalogueRef>,
    },
    /// A task.
    Task {
        /// To do, done, or for information.
        state: TaskState,
        /// Time spent, in seconds.
        duration_s: i64,
        /// Planned start.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        begin: Option<Timestamp>,
        /// Planned end.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        end: Option<Timestamp>,
        /// Person in charge.
        assignee: Option<UserId>,
        /// Group in charge.
        group: Option<GroupId>,
        /// The client-chosen unique key, where the backend keeps one.
        uuid: Option<String>,
    },
    /// A solution.
    Solution {
        /// The requester's answer.
        approval: Approval,
        /// When it was answered.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        answered_at: Option<Timestamp>,
    },
    /// An approval asked of somebody.
    Validation {
        /// Whom.
        validator: Option<UserId>,
        /// Their answer.
        approval: Approval,
        /// What they said.
        answer: RichText,
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        answered_at: Option<Timestamp>,
    },
}

impl EntryDetail {
    /// The table this detail belongs to.
    #[must_use]
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::Followup { .. } => EntryKind::Followup,
            Self::Task { .. } => EntryKind::Task,
            Self::Solution { .. } => EntryKind::Solution,
            Self::Validation { .. } => EntryKind::Validation,
        }
    }
}

/// One entry of a ticket's timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TimelineEntry {
    /// Its identity.
    pub key: EntryKey,
    /// The ticket it belongs to.
    pub ticket: TicketId,
    /// Who wrote it.
    pub author: Option<UserId>,
    /// The instant it tells of.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// When the backend last changed it.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub updated_at: Timestamp,
    /// What it says, sanitised at ingestion.
    pub body: RichText,
    /// Hidden from the requester.
    pub private: bool,
    /// What its kind alone has.
    pub detail: EntryDetail,
}

names!(EntryKind { Followup => "followup", Task => "task", Solution => "solution", Validation => "validation" });
names!(TaskState { Information => "information", Todo => "todo", Done => "done" });
names!(Approval { None => "none", Waiting => "waiting", Accepted => "accepted", Refused => "refused" });
