//! The records of the evidence document. Text is borrowed from the bytes it was read from where it can be: a million tickets
//! pass through here. Unknown keys are ignored, a missing optional key is null.

use crate::instant::{Instant, Month};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;

/// A closed set of words, numbered from 0 so that a population can be a set of bits.
pub trait Word: Copy {
    /// Its bit.
    fn bit(self) -> u8;
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl Word for $name {
            fn bit(self) -> u8 {
                1 << (self as u8)
            }
        }
    };
}

words!(
    /// What a ticket is.
    TicketType {
        /// Something that worked does not any more.
        Incident,
        /// A service request.
        Request,
        /// A question.
        Information,
        /// A request for a quote.
        Quote,
    }
);
words!(
    /// How it came.
    Channel {
        /// By phone.
        Phone,
        /// By mail.
        Mail,
        /// By the portal.
        Portal,
        /// From the supervision.
        Monitoring,
        /// In person, or typed in by the help desk itself.
        Direct,
    }
);
words!(
    /// What it is about.
    Scope {
        /// A user's environment.
        User,
        /// The infrastructure.
        Infrastructure,
    }
);
words!(
    /// Priority of an incident.
    Priority {
        /// The highest.
        Major,
        /// High.
        High,
        /// Medium.
        Medium,
        /// Low.
        Low,
    }
);
words!(
    /// Urgency of a request.
    Urgency {
        /// The highest.
        Immediate,
        /// High.
        High,
        /// Medium.
        Medium,
        /// Low.
        Low,
    }
);
words!(
    /// Kind of quote asked for.
    Quote {
        /// Needs a study.
        Complex,
        /// From the price list.
        Simple,
        /// In a hurry.
        Urgent,
    }
);
words!(
    /// Severity of an alert.
    Severity {
        /// Critical.
        Critical,
        /// A warning.
        Warning,
    }
);
words!(
    /// Direction of a call.
    Direction {
        /// Towards the help desk.
        Inbound,
        /// From it.
        Outbound,
    }
);

/// What can happen to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// Somebody began to handle it.
    TakenUp,
    /// Assigned to a person or group of a level.
    Assigned,
    /// Waiting on somebody else from here.
    WaitingStarted,
    /// Not any more.
    WaitingEnded,
    /// A solution was given.
    Solved,
    /// The solution was refused.
    Reopened,
    /// Closed.
    Closed,
    /// A call, mail or public follow-up by the requester after the creation.
    RequesterContact,
    /// Merged into another ticket.
    Merged,
    /// Put in the trash.
    Trashed,
}

impl EventKind {
    /// The word of the document.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TakenUp => "taken_up",
            Self::Assigned => "assigned",
            Self::WaitingStarted => "waiting_started",
            Self::WaitingEnded => "waiting_ended",
            Self::Solved => "solved",
            Self::Reopened => "reopened",
            Self::Closed => "closed",
            Self::RequesterContact => "requester_contact",
            Self::Merged => "merged",
            Self::Trashed => "trashed",
        }
    }
}

/// Something that happened to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// What.
    pub kind: EventKind,
    /// Level assigned to: 1, 2 or 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
}

/// A key that may be missing or null, for an empty list.
fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A ticket and what happened to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket<'a> {
    /// Its number or name.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TicketType,
    /// How it came.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// What it is about.
    #[serde(default)]
    pub scope: Option<Scope>,
    /// Priority.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Urgency.
    #[serde(default)]
    pub urgency: Option<Urgency>,
    /// It stops the service; null is no.
    #[serde(default)]
    pub blocking: Option<bool>,
    /// The requester is a VIP; null is no.
    #[serde(default)]
    pub vip: Option<bool>,
    /// Kind of quote.
    #[serde(default)]
    pub quote: Option<Quote>,
    /// When it was recorded.
    pub created_at: Instant,
    /// What happened to it, in any order; two at the same instant keep the order of the document.
    #[serde(default, deserialize_with = "list")]
    pub events: Vec<Event>,
}

/// A call offered to a queue, or made by the help desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call<'a> {
    /// Its number.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// Towards the help desk or from it.
    pub direction: Direction,
    /// The queue it rang at.
    #[serde(borrow, default)]
    pub queue: Option<Cow<'a, str>>,
    /// Began to ring.
    pub offered_at: Instant,
    /// An agent answered.
    #[serde(default)]
    pub answered_at: Option<Instant>,
    /// Over; null while it lasts.
    #[serde(default)]
    pub ended_at: Option<Instant>,
}

/// An alert of the supervision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert<'a> {
    /// Its number.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// How bad.
    pub severity: Severity,
    /// Came in.
    pub received_at: Instant,
    /// Somebody began to handle it.
    #[serde(default)]
    pub handled_at: Option<Instant>,
}

/// A requester's answer about one ticket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Satisfaction<'a> {
    /// Which ticket.
    #[serde(borrow)]
    pub ticket: Cow<'a, str>,
    /// When it was given.
    pub answered_at: Instant,
    /// The note, from 0 to the scale.
    pub note: f64,
    /// The best note.
    pub scale: f64,
}

/// A periodic survey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Month it counts for.
    pub period: Month,
    /// The note, from 0 to the scale.
    pub note: f64,
    /// The best note.
    pub scale: f64,
}

/// A service that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Which.
    pub service: String,
    /// Since when.
    pub started_at: Instant,
    /// Until when; null while it lasts.
    #[serde(default)]
    pub ended_at: Option<Instant>,
}

/// A check of the equipment against the security policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compliance {
    /// When.
    pub at: Instant,
    /// How many comply.
    pub compliant: u64,
    /// Of how many.
    pub checked: u64,
}

/// A milestone of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestone {
    /// Its name.
    pub id: String,
    /// When it is due.
    pub due_at: Instant,
    /// When it was reached.
    #[serde(default)]
    pub done_at: Option<Instant>,
}

/// A dashboard to deliver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deliverable {
    /// Its name.
    pub id: String,
    /// The month it reports on.
    pub month: Month,
    /// When it was delivered.
    #[serde(default)]
    pub delivered_at: Option<Instant>,
}

/// The whole document, for one that fits in memory. [`super::stream`] reads the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence<'a> {
    /// Nothing is known after this.
    pub data_end: Instant,
    /// Tickets.
    #[serde(borrow, default, deserialize_with = "list")]
    pub tickets: Vec<Ticket<'a>>,
    /// Calls.
    #[serde(borrow, default, deserialize_with = "list")]
    pub calls: Vec<Call<'a>>,
    /// Alerts.
    #[serde(borrow, default, deserialize_with = "list")]
    pub alerts: Vec<Alert<'a>>,
    /// Answers about tickets.
    #[serde(borrow, default, deserialize_with = "list")]
    pub satisfaction: Vec<Satisfaction<'a>>,
    /// Periodic surveys.
    #[serde(default, deserialize_with = "list")]
    pub surveys: Vec<Survey>,
    /// Outages.
    #[serde(default, deserialize_with = "list")]
    pub outages: Vec<Outage>,
    /// Services in scope.
    #[serde(default, deserialize_with = "list")]
    pub services: Vec<String>,
    /// Checks against the security policy.
    #[serde(default, deserialize_with = "list")]
    pub compliance: Vec<Compliance>,
    /// Milestones.
    #[serde(default, deserialize_with = "list")]
    pub milestones: Vec<Milestone>,
    /// Dashboards.
    #[serde(default, deserialize_with = "list")]
    pub deliverables: Vec<Deliverable>,
}

impl Evidence<'_> {
    /// Nothing yet.
    #[must_use]
    pub const fn empty(data_end: Instant) -> Self {
        Self {
            data_end,
            tickets: Vec::new(),
            calls: Vec::new(),
            alerts: Vec::new(),
            satisfaction: Vec::new(),
            surveys: Vec::new(),
            outages: Vec::new(),
            services: Vec::new(),
            compliance: Vec::new(),
            milestones: Vec::new(),
            deliverables: Vec::new(),
        }
    }
}
