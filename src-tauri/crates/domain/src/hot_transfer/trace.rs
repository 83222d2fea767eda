//! The dated trace of a hot transfer: each step once, in the ticket, whatever is restarted or cut.
//!
//! A line's identity is the transfer's own and its number in it, and its operation's identity follows from the two. So a
//! line that is handed over again (after a restart, or because nobody knows whether it was accepted) is the **same**
//! operation, and the outbox has it once.
//!
//! A line begins with `[Transfert à chaud]` or `[Hot transfer]`, and the briefing is the one that ends with a fixed word: by these
//! the consulted side's Guichet finds it in the ticket when the telephone rings. They are a format like the triage's markers,
//! always read in both languages.

use super::{ByHandReason, OfferReason, Outcome, briefing::Briefing};
use crate::{
    OperationId,
    operation::Operation,
    rich_text::RichText,
    timeline::{EntryKind, TimelineEntry},
    triage::plain,
    wording::{Language, Phrases, date_time},
};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a line of the trace begins with: French, English.
const OPENING: [&str; 2] = ["[Transfert à chaud]", "[Hot transfer]"];
/// What the first line of the briefing ends with: French, English.
const BRIEFING: [&str; 2] = ["note de transmission", "briefing"];

/// The latest briefing of a ticket's timeline: what the consulted person is shown when his telephone rings for a call that
/// carries the ticket's number. Only private entries count.
#[must_use]
pub fn latest_briefing(timeline: &[TimelineEntry]) -> Option<&TimelineEntry> {
    let briefings = timeline.iter().filter(|entry| {
        let text = entry.body.to_plain();
        let first = plain(text.trim_start().lines().next().unwrap_or_default());
        let fits = |words: &[&str], test: fn(&str, &str) -> bool| words.iter().any(|word| test(&first, &plain(word)));
        entry.private
            && entry.key.kind == EntryKind::Followup
            && fits(&OPENING, |line, word| line.starts_with(word))
            && fits(&BRIEFING, |line, word| line.ends_with(word))
    });
    briefings.max_by_key(|entry| (entry.at, entry.key))
}

/// Who says that it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Witness {
    /// The telephone system showed it.
    Pbx,
    /// The technician did or said it.
    Technician,
    /// Guichet itself (a time ran out, a connection was lost).
    Guichet,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Step {
    /// It was offered.
    Offered {
        /// Why.
        reason: OfferReason,
    },
    /// What the consulted person is told.
    Briefing {
        /// It.
        briefing: Box<Briefing>,
    },
    /// Somebody is being called; the caller waits.
    Consulting {
        /// Who.
        person: String,
        /// Of which group.
        group: String,
    },
    /// Their telephone rings.
    Rings {
        /// Whose.
        person: String,
    },
    /// They answered.
    Answered {
        /// Who.
        person: String,
    },
    /// They did not take it.
    NotTaken {
        /// Who.
        person: String,
        /// Why.
        outcome: Outcome,
    },
    /// The technician told them what it is about.
    Briefed {
        /// Whom.
        person: String,
    },
    /// The technician talks with the caller again.
    BackWithCaller,
    /// The caller is joined with them.
    Completed {
        /// With whom.
        person: String,
    },
    /// The technician keeps the caller.
    Returned,
    /// The technician does not transfer.
    Declined {
        /// Why.
        reason: String,
    },
    /// The call ended before anything was begun.
    NotBegun,
    /// Nobody could take it: the technician stays, somebody calls back.
    FellBack {
        /// Who owns the call-back.
        owner: String,
        /// By when.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        due: Timestamp,
    },
    /// The caller hung up before it was done.
    CallerLeft {
        /// Who calls him back.
        owner: String,
        /// By when.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        due: Timestamp,
    },
    /// The caller is on the line with nobody.
    CallerAlone,
    /// The telephone says that the call is over for the technician; whether it was handed on or lost is not known.
    Unclear,
    /// The telephone system is out of sight.
    PbxLost,
    /// It is there again.
    PbxBack,
    /// The rest is done on the telephone itself.
    ByHand {
        /// Why.
        why: ByHandReason,
    },
}

impl Step {
    /// Its name: the end of its phrase's key.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Offered { .. } => "offered",
            Self::Briefing { .. } => "briefing",
            Self::Consulting { .. } => "consulting",
            Self::Rings { .. } => "rings",
            Self::Answered { .. } => "answered",
            Self::NotTaken { .. } => "not_taken",
            Self::Briefed { .. } => "briefed",
            Self::BackWithCaller => "back_with_caller",
            Self::Completed { .. } => "completed",
            Self::Returned => "returned",
            Self::Declined { .. } => "declined",
            Self::NotBegun => "not_begun",
            Self::FellBack { .. } => "fell_back",
            Self::CallerLeft { .. } => "caller_left",
            Self::CallerAlone => "caller_alone",
            Self::Unclear => "unclear",
            Self::PbxLost => "pbx_lost",
            Self::PbxBack => "pbx_back",
            Self::ByHand { .. } => "by_hand",
        }
    }
}

/// One dated line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct TraceLine {
    /// Which transfer.
    pub transfer: OperationId,
    /// Its number in it, from 1.
    pub number: u16,
    /// When.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// Who says so.
    pub witness: Witness,
    /// What happened.
    pub step: Step,
}

impl TraceLine {
    /// Its identity as text: the same for the same line, for ever.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{:03}", self.transfer, self.number)
    }

    /// The identity of the operation that puts it into the ticket: the transfer's with the number worked into its last two
    /// bytes, so that it stays ordered in time and is always the same.
    #[must_use]
    pub fn operation_id(&self) -> OperationId {
        numbered(self.transfer, self.number)
    }

    /// What happened, in words.
    #[must_use]
    pub fn words(&self, phrases: &dyn Phrases, zone: &TimeZone) -> String {
        let key = format!("transfer.trace.{}", self.step.name());
        match &self.step {
            Step::Offered { reason } => {
                let reason = phrases.phrase(&format!("transfer.reason.{reason}"), &[]);
                phrases.phrase(&key, &[("reason", reason)])
            }
            Step::Consulting { person, group } => {
                phrases.phrase(&key, &[("person", person.clone()), ("group", group.clone())])
            }
            Step::Rings { person }
            | Step::Answered { person }
            | Step::Briefed { person }
            | Step::Completed { person } => phrases.phrase(&key, &[("person", person.clone())]),
            Step::NotTaken { person, outcome } => {
                let outcome = phrases.phrase(&format!("transfer.outcome.{outcome}"), &[]);
                phrases.phrase(&key, &[("person", person.clone()), ("outcome", outcome)])
            }
            Step::Declined { reason } => phrases.phrase(&key, &[("reason", reason.clone())]),
            Step::FellBack { owner, due } | Step::CallerLeft { owner, due } => phrases.phrase(
                &key,
                &[("owner", owner.clone()), ("due", date_time(phrases, *due, zone))],
            ),
            Step::ByHand { why } => {
                let why = phrases.phrase(&format!("transfer.by_hand.{why}"), &[]);
                phrases.phrase(&key, &[("why", why)])
            }
            Step::Briefing { .. } => BRIEFING[place(phrases.language())].to_owned(),
            Step::BackWithCaller
            | Step::Returned
            | Step::NotBegun
            | Step::CallerAlone
            | Step::Unclear
            | Step::PbxLost
            | Step::PbxBack => phrases.phrase(&key, &[]),
        }
    }

    /// The line as it is read in the ticket; the briefing has its lines below.
    #[must_use]
    pub fn text(&self, phrases: &dyn Phrases, zone: &TimeZone) -> String {
        let at = date_time(phrases, self.at, zone);
        let what = self.words(phrases, zone);
        let mut text = format!("{} {at} · {what}", OPENING[place(phrases.language())]);
        if let Step::Briefing { briefing } = &self.step {
            for line in briefing.lines(phrases) {
                text.push('\n');
                text.push_str(&line);
            }
        }
        text
    }

    /// The operation that puts the line into the ticket: a private follow-up.
    #[must_use]
    pub fn operation(&self, phrases: &dyn Phrases, zone: &TimeZone) -> Operation {
        Operation::AddFollowup {
            body: RichText::from_plain(&self.text(phrases, zone)),
            private: true,
        }
    }
}

/// Where a language stands in the format's words.
const fn place(language: Language) -> usize {
    match language {
        Language::Fr => 0,
        Language::En => 1,
    }
}

/// An identity of its own for the `number`-th thing that belongs to another.
pub(crate) fn numbered(of: OperationId, number: u16) -> OperationId {
    let mut bytes = *of.0.as_bytes();
    let [high, low] = number.to_be_bytes();
    bytes[14] ^= high;
    bytes[15] ^= low;
    OperationId(Uuid::from_bytes(bytes))
}
