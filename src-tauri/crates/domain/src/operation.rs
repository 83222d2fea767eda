//! Intents: what a technician did, as the outbox keeps it until the backend has it.
//!
//! An operation says **what is meant** ("set the category from A to B"), never how a particular backend does it. Its
//! ticket is the outbox entry's lane, not part of the operation.

use crate::{
    ArticleId, OperationId, UserId,
    asset::AssetKey,
    document::Attachment,
    rich_text::RichText,
    ticket::{Actor, Level, Status, TicketKind},
    timeline::TaskState,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A ticket written here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct NewTicket {
    /// One line.
    pub title: String,
    /// What is asked.
    pub description: RichText,
    /// Incident or service request.
    pub kind: TicketKind,
    /// 1 to 5.
    pub urgency: Level,
    /// 1 to 5.
    pub impact: Level,
    /// Category.
    pub category: Option<i64>,
    /// Site or room.
    pub location: Option<i64>,
    /// Channel: phone, mail, portal…
    pub channel: Option<i64>,
    /// Entity; the account's own where `None`.
    pub entity: Option<i64>,
    /// Requesters, observers and assignees.
    pub actors: Vec<Actor>,
    /// Equipment.
    pub assets: Vec<AssetKey>,
}

/// A ticket's field that can be set on its own and merges three ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Title.
    Title,
    /// Description.
    Description,
    /// Incident or request.
    Kind,
    /// Status (solving and re-opening are operations of their own).
    Status,
    /// Urgency.
    Urgency,
    /// Impact.
    Impact,
    /// Priority.
    Priority,
    /// Category.
    Category,
    /// Site or room.
    Location,
    /// Channel.
    Channel,
}

/// A field's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum FieldValue {
    /// A line of text.
    Text(String),
    /// A formatted text.
    Rich(RichText),
    /// Incident or request.
    Kind(TicketKind),
    /// A status.
    Status(Status),
    /// A step of a scale.
    Level(Level),
    /// A row of a list, or none.
    Row(Option<i64>),
}

/// Where an uploaded document hangs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AttachTo {
    /// On the ticket itself.
    Ticket,
    /// On the timeline entry that an earlier operation of the same lane creates.
    Operation {
        /// That operation.
        id: OperationId,
    },
}

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Operation {
    /// Create a ticket.
    CreateTicket {
        /// What it says.
        ticket: Box<NewTicket>,
    },
    /// Add a follow-up.
    AddFollowup {
        /// What it says.
        body: RichText,
        /// Hidden from the requester.
        private: bool,
    },
    /// Add a task.
    AddTask {
        /// What it says.
        body: RichText,
        /// Hidden from the requester.
        private: bool,
        /// To do, done, for information.
        state: TaskState,
        /// Time spent or foreseen, in seconds.
        duration_s: i64,
        /// Planned start, for a planned task.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        begin: Option<Timestamp>,
        /// Person in charge.
        assignee: Option<UserId>,
    },
    /// Propose a solution.
    AddSolution {
        /// What it says.
        body: RichText,
        /// Kind of solution.
        solution_type: Option<i64>,
    },
    /// Accept or refuse the proposed solution, in the requester's name.
    AnswerSolution {
        /// Accepted (the ticket closes) or refused (it re-opens).
        accept: bool,
        /// Why; asked for on refusal.
        body: RichText,
    },
    /// Re-open a solved ticket.
    Reopen {
        /// Why.
        body: RichText,
    },
    /// Give somebody a part in the ticket.
    Assign {
        /// Who, as what.
        actor: Actor,
    },
    /// Take it away.
    Unassign {
        /// Who, as what.
        actor: Actor,
    },
    /// Set one field, knowing what it was.
    SetField {
        /// Which.
        field: Field,
        /// What the technician saw when he changed it.
        base: FieldValue,
        /// What it shall be.
        new: FieldValue,
    },
    /// Upload a document and link it.
    UploadDocument {
        /// The file, held on this desk.
        attachment: Attachment,
        /// Where it hangs.
        attach_to: AttachTo,
    },
    /// Link a knowledge-base article.
    LinkArticle {
        /// Which.
        article: ArticleId,
    },
    /// Link equipment.
    LinkAsset {
        /// Which.
        asset: AssetKey,
    },
}

impl Operation {
    /// The operation's name as the command line and the journal print it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateTicket { .. } => "create_ticket",
            Self::AddFollowup { .. } => "add_followup",
            Self::AddTask { .. } => "add_task",
            Self::AddSolution { .. } => "add_solution",
            Self::AnswerSolution { .. } => "answer_solution",
            Self::Reopen { .. } => "reopen",
            Self::Assign { .. } => "assign",
            Self::Unassign { .. } => "unassign",
            Self::SetField { .. } => "set_field",
            Self::UploadDocument { .. } => "upload_document",
            Self::LinkArticle { .. } => "link_article",
            Self::LinkAsset { .. } => "link_asset",
        }
    }
}

/// A problem with an operation that its author can mend before it is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// A text that must say something is empty.
    #[error("the text is empty")]
    EmptyBody,
    /// A ticket needs a title.
    #[error("the title is empty")]
    EmptyTitle,
    /// A scale's step is outside 1–5 (1–6 for priority).
    #[error("{field:?} must be between 1 and {max}, got {got}")]
    LevelOutOfRange {
        /// Which field.
        field: Field,
        /// The scale's end.
        max: u8,
        /// What was given.
        got: u8,
    },
    /// The value is not of the field's kind.
    #[error("{field:?} cannot take this kind of value")]
    WrongValue {
        /// Which field.
        field: Field,
    },
    /// A duration is negative.
    #[error("a duration cannot be negative")]
    NegativeDuration,
    /// The file has no name or no bytes.
    #[error("the file is empty or has no name")]
    EmptyFile,
}
