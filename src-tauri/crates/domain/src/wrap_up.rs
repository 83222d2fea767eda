//! The end of a call: what became of it, which ticket it belongs to, who calls back, and the line it leaves in the ticket.
//!
//! A call is not left without a disposition and a ticket (new, existing, or a reason for none): [`WrapUp::close`] is the only way
//! to a [`ClosedCall`]. A call nobody answered becomes a [`CallBack`] with an owner.

use crate::{
    OperationId, TicketId, UserId,
    call::{Call, CallSource, CallState, Direction, RemoteParty},
    names::names,
    operation::{LanePlan, NewTicket, Operation, OperationError},
    rich_text::RichText,
    timeline::TaskState,
    wording::{Phrases, date_time, length},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Solved on the line.
    Solved,
    /// Taken up; work goes on.
    TakenUp,
    /// Handed over during the call.
    Transferred,
    /// A question answered, or news of a ticket.
    Information,
    /// The caller will be called back.
    CallBack,
    /// Nobody was reached (outgoing calls).
    NotReached,
    /// Not for the help desk.
    NotForUs,
}

/// Why a call has no ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NoTicket {
    /// A wrong number.
    WrongNumber,
    /// Nobody spoke.
    Silence,
    /// Advertising and the like.
    Nuisance,
    /// Among colleagues.
    Internal,
    /// A test of the telephone.
    Test,
    /// In the technician's words.
    Other,
}

/// The ticket of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CallTicket {
    /// One that is made of it.
    New {
        /// What it says.
        ticket: Box<NewTicket>,
    },
    /// One that exists, here or at the backend.
    Existing {
        /// Which.
        id: TicketId,
    },
    /// None.
    None {
        /// Why.
        reason: NoTicket,
        /// In words; asked for where the reason is another one.
        words: String,
    },
}

/// A call's wrap-up as it is being filled in. Saved as it is typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct WrapUp {
    /// What became of it.
    pub disposition: Option<Disposition>,
    /// Its ticket.
    pub ticket: Option<CallTicket>,
    /// Notes taken during the call.
    pub note: String,
}

/// A part of the wrap-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum WrapUpPart {
    /// The disposition.
    Disposition,
    /// The ticket, or why there is none.
    Ticket,
    /// The reason in words.
    Reason,
}

/// Why a call cannot be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrapUpError {
    /// It goes on.
    #[error("the call is not over")]
    NotOver,
    /// Something is not said.
    #[error("the wrap-up lacks {missing:?}")]
    Incomplete {
        /// What.
        missing: Vec<WrapUpPart>,
    },
    /// The new ticket cannot be created as it is.
    #[error("the new ticket: {0}")]
    Ticket(#[from] OperationError),
}

impl WrapUpError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotOver => "call_not_over",
            Self::Incomplete { .. } => "call_wrap_up_incomplete",
            Self::Ticket(_) => "call_new_ticket_invalid",
        }
    }
}

/// A call with its wrap-up, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ClosedCall {
    /// What became of it.
    pub disposition: Disposition,
    /// Its ticket.
    pub ticket: CallTicket,
    /// The note, trimmed.
    pub note: String,
}

impl WrapUp {
    /// What it still has to say.
    #[must_use]
    pub fn missing(&self) -> Vec<WrapUpPart> {
        let mut missing = Vec::new();
        if self.disposition.is_none() {
            missing.push(WrapUpPart::Disposition);
        }
        match &self.ticket {
            None => missing.push(WrapUpPart::Ticket),
            Some(CallTicket::None {
                reason: NoTicket::Other,
                words,
            }) if words.trim().is_empty() => missing.push(WrapUpPart::Reason),
            Some(_) => {}
        }
        missing
    }

    /// Closes the call: the only way, and only with everything said.
    ///
    /// # Errors
    /// What keeps it open.
    pub fn close(&self, call: &Call) -> Result<ClosedCall, WrapUpError> {
        // For the technician a call that was handed on is over.
        if !call.state.is_over() && call.state != CallState::Transferred {
            return Err(WrapUpError::NotOver);
        }
        let missing = self.missing();
        let (Some(disposition), Some(ticket), true) = (self.disposition, &self.ticket, missing.is_empty()) else {
            return Err(WrapUpError::Incomplete { missing });
        };
        if let CallTicket::New { ticket } = ticket {
            let ticket = ticket.clone();
            Operation::CreateTicket { ticket }.validate()?;
        }
        Ok(ClosedCall {
            disposition,
            ticket: ticket.clone(),
            note: self.note.trim().to_owned(),
        })
    }
}

/// Whose a call-back is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Owner {
    /// A group, by its name in the ITSM.
    Group {
        /// Its name.
        name: String,
    },
    /// A person.
    User {
        /// Who.
        id: UserId,
    },
}

/// Why somebody is called back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallBackReason {
    /// Nobody answered the call.
    Unanswered,
    /// A message was left.
    Voicemail,
    /// Nobody of the roster could take the hot transfer.
    NobodyOnRoster,
    /// The caller hung up during a hot transfer.
    LeftDuringTransfer,
    /// It was promised.
    Promised,
}

/// Somebody is to be called back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CallBack {
    /// Its identity: the same call-back has the same.
    pub id: OperationId,
    /// The PBX of the call it comes from.
    pub source: CallSource,
    /// That call.
    pub call: String,
    /// The ticket, where there is one.
    pub ticket: Option<TicketId>,
    /// Number and name.
    pub remote: RemoteParty,
    /// Who it is, as the desk knows him; empty when unknown.
    pub name: String,
    /// Who calls back.
    pub owner: Owner,
    /// By when.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub due: Timestamp,
    /// Why.
    pub reason: CallBackReason,
}

/// How calls are kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CallPolicy {
    /// How a caller's number is written into tickets.
    pub mask: NumberMask,
    /// What a call becomes in its ticket.
    pub link_as: CallLink,
    /// An unanswered call is called back within so many seconds.
    pub call_back_s: u32,
    /// Whose call-backs are, by the group's name in the ITSM.
    pub call_back_owner: String,
}

impl Default for CallPolicy {
    fn default() -> Self {
        Self {
            mask: NumberMask::LastDigits { digits: 4 },
            link_as: CallLink::Followup,
            call_back_s: 1800,
            call_back_owner: String::new(),
        }
    }
}

/// What a call becomes in its ticket. Private in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallLink {
    /// A follow-up.
    Followup,
    /// A task, done, with the time spent.
    Task,
}

/// How much of a number is written where others read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NumberMask {
    /// All of it.
    Full,
    /// The last digits; the others are dots.
    LastDigits {
        /// How many, never more than half of the number's.
        digits: u8,
    },
    /// None of it.
    Hidden,
}

/// What stands for a digit.
const DOT: char = '•';

impl NumberMask {
    /// The number as it is written. Empty for a caller who hides it.
    #[must_use]
    pub fn write(self, remote: &RemoteParty) -> String {
        let number = remote.e164.as_deref().unwrap_or(&remote.raw);
        let digits = number.chars().filter(char::is_ascii_digit).count();
        let kept = match self {
            Self::Full => return number.to_owned(),
            Self::LastDigits { digits: kept } => usize::from(kept).min(digits / 2),
            Self::Hidden => 0,
        };
        let mut left = digits;
        let masked = number.chars().map(|c| {
            if c.is_ascii_digit() {
                left -= 1;
                if left >= kept { DOT } else { c }
            } else if c.is_alphabetic() {
                // A SIP address names its owner.
                DOT
            } else {
                c
            }
        });
        masked.collect()
    }
}

/// The call-back of a call that nobody answered, or whose caller left a message; `None` for one that was answered, goes on, was an
/// outgoing one, or cannot be called back because the number is hidden (that is left to the voicemail, if there is one).
#[must_use]
pub fn call_back_of(call: &Call, policy: &CallPolicy, id: OperationId) -> Option<CallBack> {
    let reason = match call.state {
        _ if call.direction == Direction::Outbound || call.answered_at.is_some() => return None,
        CallState::Missed => CallBackReason::Unanswered,
        CallState::Ended if call.voicemail_at.is_none() => CallBackReason::Unanswered,
        CallState::Ended => CallBackReason::Voicemail,
        _ => return None,
    };
    let reason = if call.voicemail_at.is_some() {
        CallBackReason::Voicemail
    } else {
        reason
    };
    if call.remote.anonymous || call.remote.raw.is_empty() {
        return None;
    }
    let from = call.ended_at.unwrap_or(call.started_at);
    Some(CallBack {
        id,
        source: call.source.clone(),
        call: call.id.clone(),
        ticket: None,
        remote: call.remote.clone(),
        name: call.remote.name.clone().unwrap_or_default(),
        owner: Owner::Group {
            name: policy.call_back_owner.clone(),
        },
        due: from
            .checked_add(SignedDuration::from_secs(i64::from(policy.call_back_s)))
            .unwrap_or(from),
        reason,
    })
}

impl CallBack {
    /// The call-back in its ticket: a private task to do, which the owner's side sees as well. Its operation's identity is the
    /// call-back's own, so that it is there once. `None` without a ticket. Who owns it is in the words: that the group is
    /// assigned is the escalation's business.
    #[must_use]
    pub fn task(
        &self,
        owner: &str,
        mask: NumberMask,
        phrases: &dyn Phrases,
        zone: &TimeZone,
    ) -> Option<(TicketId, OperationId, Operation)> {
        let ticket = self.ticket?;
        let number = mask.write(&self.remote);
        let number = if number.is_empty() {
            phrases.phrase("call.link.no_number", &[])
        } else {
            number
        };
        let name = self.name.trim();
        let who = if name.is_empty() {
            number
        } else {
            phrases.phrase("call.back.person", &[("name", name.to_owned()), ("number", number)])
        };
        let words = phrases.phrase(
            "call.back.task",
            &[
                ("who", who),
                ("due", date_time(phrases, self.due, zone)),
                ("owner", owner.to_owned()),
                (
                    "reason",
                    phrases.phrase(&format!("call.back.reason.{}", self.reason), &[]),
                ),
            ],
        );
        let task = Operation::AddTask {
            body: RichText::from_plain(&words),
            private: true,
            state: TaskState::Todo,
            duration_s: 0,
            // Planned, it would make the ticket a planned one.
            begin: None,
            assignee: match &self.owner {
                Owner::User { id } => Some(*id),
                Owner::Group { .. } => None,
            },
        };
        Some((ticket, self.id, task))
    }
}

/// The call as it is read in its ticket: direction, start, end, wait, length, number as the policy says, note.
#[must_use]
pub fn call_lines(
    call: &Call,
    closed: &ClosedCall,
    policy: &CallPolicy,
    phrases: &dyn Phrases,
    zone: &TimeZone,
) -> Vec<String> {
    let direction = match call.direction {
        Direction::Inbound => "call.link.inbound",
        Direction::Outbound => "call.link.outbound",
    };
    let number = policy.mask.write(&call.remote);
    let number = if number.is_empty() {
        phrases.phrase("call.link.no_number", &[])
    } else {
        number
    };
    let mut lines = vec![phrases.phrase(direction, &[("number", number)])];
    let start = date_time(phrases, call.started_at, zone);
    lines.push(match call.ended_at {
        Some(end) => phrases.phrase(
            "call.link.times",
            &[("start", start), ("end", date_time(phrases, end, zone))],
        ),
        None => phrases.phrase("call.link.start", &[("start", start)]),
    });
    if let Some(wait) = call.wait() {
        lines.push(phrases.phrase("call.link.wait", &[("length", length(phrases, wait.as_secs()))]));
    }
    if let Some(talk) = call.talk() {
        lines.push(phrases.phrase("call.link.talk", &[("length", length(phrases, talk.as_secs()))]));
    }
    if call.times_uncertain {
        lines.push(phrases.phrase("call.link.uncertain", &[]));
    }
    let disposition = phrases.phrase(&format!("call.disposition.{}", closed.disposition), &[]);
    lines.push(phrases.phrase("call.link.disposition", &[("disposition", disposition)]));
    if !closed.note.is_empty() {
        lines.push(closed.note.clone());
    }
    lines
}

/// The operations that put a closed call into its ticket, in one lane: the new ticket, if it is one, then the call as a private
/// follow-up or task. Nothing for a call without a ticket.
#[must_use]
pub fn link_call(
    call: &Call,
    closed: &ClosedCall,
    policy: &CallPolicy,
    phrases: &dyn Phrases,
    zone: &TimeZone,
    mut id: impl FnMut() -> OperationId,
) -> Option<LanePlan> {
    let (lane, mut operations) = match &closed.ticket {
        CallTicket::None { .. } => return None,
        CallTicket::Existing { id } => (Some(*id), Vec::new()),
        CallTicket::New { ticket } => {
            let ticket = ticket.clone();
            (None, vec![(id(), Operation::CreateTicket { ticket })])
        }
    };
    let body = RichText::from_plain(&call_lines(call, closed, policy, phrases, zone).join("\n"));
    let operation = match policy.link_as {
        CallLink::Followup => Operation::AddFollowup { body, private: true },
        CallLink::Task => Operation::AddTask {
            body,
            private: true,
            state: TaskState::Done,
            duration_s: call.talk().map_or(0, |talk| talk.as_secs()),
            // A planned start would make the ticket a planned one at the backend; the times are in the words.
            begin: None,
            assignee: None,
        },
    };
    operations.push((id(), operation));
    Some(LanePlan { lane, operations })
}

names!(Disposition {
    Solved => "solved",
    TakenUp => "taken_up",
    Transferred => "transferred",
    Information => "information",
    CallBack => "call_back",
    NotReached => "not_reached",
    NotForUs => "not_for_us",
});
names!(NoTicket {
    WrongNumber => "wrong_number",
    Silence => "silence",
    Nuisance => "nuisance",
    Internal => "internal",
    Test => "test",
    Other => "other",
});
names!(WrapUpPart { Disposition => "disposition", Ticket => "ticket", Reason => "reason" });
names!(CallBackReason {
    Unanswered => "unanswered",
    Voicemail => "voicemail",
    NobodyOnRoster => "nobody_on_roster",
    LeftDuringTransfer => "left_during_transfer",
    Promised => "promised",
});
names!(CallLink { Followup => "followup", Task => "task" });

#[cfg(test)]
#[path = "wrap_up_tests.rs"]
mod tests;
