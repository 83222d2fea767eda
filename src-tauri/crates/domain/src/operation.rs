//! Intents: what a technician did, as the outbox keeps it until the backend has it.
//!
//! An operation says **what is meant** ("set the category from A to B"), never how a particular backend does it. Its
//! ticket is the outbox entry's lane, not part of the operation.

use crate::{
    ArticleId, OperationId, TicketId, UserId,
    asset::AssetKey,
    document::Attachment,
    names::names,
    record::LinkKind,
    rich_text::RichText,
    ticket::{Actor, Level, Status, TicketKind},
    timeline::{EntryKind, TaskState},
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
    /// Link another ticket: related, the original of this duplicate, parent or child.
    LinkTicket {
        /// The other one, by the backend's number.
        ticket: TicketId,
        /// What this ticket is to the other.
        kind: LinkKind,
    },
    /// Propose an article for the knowledge base, from what solved this ticket. It stays a draft until somebody of the
    /// knowledge base publishes it: nobody else sees it before.
    ProposeArticle {
        /// One line.
        title: String,
        /// What it says.
        body: RichText,
    },
}

/// Intents to accept together on one lane, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanePlan {
    /// The ticket; `None` when the first operation creates it.
    pub lane: Option<TicketId>,
    /// The intents with their identities.
    pub operations: Vec<(OperationId, Operation)>,
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
            Self::LinkTicket { .. } => "link_ticket",
            Self::ProposeArticle { .. } => "propose_article",
        }
    }

    /// The kind of timeline entry it creates, if any. An answer to a solution and a re-opening are follow-ups that carry it.
    #[must_use]
    pub fn creates(&self) -> Option<EntryKind> {
        match self {
            Self::AddFollowup { .. } | Self::AnswerSolution { .. } | Self::Reopen { .. } => Some(EntryKind::Followup),
            Self::AddTask { .. } => Some(EntryKind::Task),
            Self::AddSolution { .. } => Some(EntryKind::Solution),
            _ => None,
        }
    }

    /// The earlier operation of the same lane without which it makes no sense.
    #[must_use]
    pub fn depends_on(&self) -> Option<OperationId> {
        match self {
            Self::UploadDocument {
                attach_to: AttachTo::Operation { id },
                ..
            } => Some(*id),
            _ => None,
        }
    }

    /// The words it carries, as its author wrote them, for showing it and for copying them out; empty for an operation
    /// without words.
    #[must_use]
    pub fn plain_text(&self) -> String {
        match self {
            Self::CreateTicket { ticket } => {
                let text = format!("{}\n\n{}", ticket.title.trim(), ticket.description.to_plain());
                text.trim().to_owned()
            }
            Self::AddFollowup { body, .. }
            | Self::AddTask { body, .. }
            | Self::AddSolution { body, .. }
            | Self::AnswerSolution { body, .. }
            | Self::Reopen { body } => body.to_plain(),
            Self::SetField { new, .. } => new.plain_text(),
            Self::UploadDocument { attachment, .. } => attachment.filename.clone(),
            Self::LinkAsset { asset } => format!("{} {}", asset.kind, asset.id),
            Self::LinkTicket { ticket, .. } => ticket.to_string(),
            Self::ProposeArticle { title, body } => {
                format!("{}\n\n{}", title.trim(), body.to_plain()).trim().to_owned()
            }
            Self::Assign { .. } | Self::Unassign { .. } | Self::LinkArticle { .. } => String::new(),
        }
    }

    /// Whether it can be accepted: what its author can mend is said before, not after a trip to the backend.
    pub fn validate(&self) -> Result<(), OperationError> {
        match self {
            Self::CreateTicket { ticket } => {
                check_title(&ticket.title)?;
                check_level(Field::Urgency, ticket.urgency)?;
                check_level(Field::Impact, ticket.impact)
            }
            Self::AddTask { duration_s, .. } if *duration_s < 0 => Err(OperationError::NegativeDuration),
            // An acceptance needs no words.
            Self::AnswerSolution { accept: true, .. } => Ok(()),
            Self::AddFollowup { body, .. }
            | Self::AddTask { body, .. }
            | Self::AddSolution { body, .. }
            | Self::AnswerSolution { body, .. }
            | Self::Reopen { body } => {
                if body.is_empty() {
                    return Err(OperationError::EmptyBody);
                }
                Ok(())
            }
            Self::SetField { field, base, new } => {
                if !field.accepts(base) || !field.accepts(new) {
                    return Err(OperationError::WrongValue { field: *field });
                }
                match new {
                    FieldValue::Text(title) => check_title(title),
                    FieldValue::Level(level) => check_level(*field, *level),
                    _ => Ok(()),
                }
            }
            Self::UploadDocument { attachment, .. } => {
                if attachment.filename.trim().is_empty() || attachment.size == 0 {
                    return Err(OperationError::EmptyFile);
                }
                Ok(())
            }
            Self::LinkTicket { ticket, .. } if ticket.is_local() => Err(OperationError::UnsentTicket),
            Self::ProposeArticle { title, body } => {
                check_title(title)?;
                if body.is_empty() {
                    return Err(OperationError::EmptyBody);
                }
                Ok(())
            }
            Self::Assign { .. }
            | Self::Unassign { .. }
            | Self::LinkArticle { .. }
            | Self::LinkAsset { .. }
            | Self::LinkTicket { .. } => Ok(()),
        }
    }
}

impl Field {
    /// Whether a value is of the field's kind.
    #[must_use]
    pub fn accepts(self, value: &FieldValue) -> bool {
        matches!(
            (self, value),
            (Self::Title, FieldValue::Text(_))
                | (Self::Description, FieldValue::Rich(_))
                | (Self::Kind, FieldValue::Kind(_))
                | (Self::Status, FieldValue::Status(_))
                | (Self::Urgency | Self::Impact | Self::Priority, FieldValue::Level(_))
                | (Self::Category | Self::Location | Self::Channel, FieldValue::Row(_))
        )
    }

    /// The end of the field's scale, for those that have one.
    #[must_use]
    pub fn scale(self) -> Option<u8> {
        match self {
            Self::Urgency | Self::Impact => Some(5),
            Self::Priority => Some(6),
            _ => None,
        }
    }
}

impl FieldValue {
    /// The value as text: words, a name in plain ASCII, or a number.
    #[must_use]
    pub fn plain_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Rich(text) => text.to_plain(),
            Self::Kind(kind) => kind.name().to_owned(),
            Self::Status(status) => status.name().to_owned(),
            Self::Level(level) => level.0.to_string(),
            Self::Row(row) => row.map(|row| row.to_string()).unwrap_or_default(),
        }
    }
}

/// The longest title a backend is sure to keep (GLPI's column holds 255 characters and refuses or cuts more).
pub const MAX_TITLE: usize = 255;

fn check_title(title: &str) -> Result<(), OperationError> {
    if title.trim().is_empty() {
        return Err(OperationError::EmptyTitle);
    }
    if title.chars().count() > MAX_TITLE {
        return Err(OperationError::TitleTooLong { max: MAX_TITLE });
    }
    Ok(())
}

fn check_level(field: Field, level: Level) -> Result<(), OperationError> {
    match field.scale() {
        Some(max) if !(1..=max).contains(&level.0) => Err(OperationError::LevelOutOfRange {
            field,
            max,
            got: level.0,
        }),
        _ => Ok(()),
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
    /// The title does not fit.
    #[error("the title is longer than {max} characters")]
    TitleTooLong {
        /// The longest there may be.
        max: usize,
    },
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
    /// The other ticket exists only here: there is nothing to link to yet.
    #[error("the other ticket has not reached the server yet")]
    UnsentTicket,
}

names!(Field {
    Title => "title",
    Description => "description",
    Kind => "kind",
    Status => "status",
    Urgency => "urgency",
    Impact => "impact",
    Priority => "priority",
    Category => "category",
    Location => "location",
    Channel => "channel",
});

#[cfg(test)]
#[path = "operation_tests.rs"]
mod tests;
