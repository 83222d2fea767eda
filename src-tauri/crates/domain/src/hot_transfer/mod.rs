//! The hot transfer: a caller is handed over to somebody of the customer's IT and is **never cut**.
//!
//! ```text
//! Offered → Consulting(nth: asked, ringing, talking) → Briefed → Completing → Completed
//! Consulting … Completing → Returning → WithCaller (then the next on the roster) | Returned | FellBack
//! Offered | WithCaller → Declined | FellBack           any of them, the caller hung up → CallerLeft
//! any of them, nobody can tell → Unsure → WithCaller | Completed | CallerLeft, by the PBX or by the technician's word
//! ```
//!
//! [`HotTransfer`] is a pure state machine: the technician's [`Decision`]s, what is [`Observation`]d and the time go in,
//! [`Effect`]s come out as data. What holds in every state, and is proved in the tests over random schedules on a model PBX:
//!
//! - No effect ends the caller's leg. The only one that makes the technician leave it is [`PbxVerb::Complete`], which is the
//!   direct answer to the technician's own decision and is given only while the last thing the PBX showed is that the
//!   consulted person is up and joined.
//! - No action comes from a connection that is restored or a program that is started again: both forget what the PBX showed and what
//!   was asked of it. Every action says until when it may be carried out; a late transfer is a wrong one.
//! - Every state that is not an end has a way back to the caller, with the PBX or by hand.
//!
//! Store the machine before carrying out what it says: a lost action is told and not repeated, and trace lines come again
//! from [`HotTransfer::resume`] under the same identities.

mod briefing;
mod dialogue;
mod machine;
mod observe;
mod policy;
mod steps;
mod trace;

pub use briefing::{BriefedCaller, Briefing};
pub use dialogue::{
    ActionResult, Decision, Effect, HandStep, Happened, HotTransferError, Notice, Observation, PbxAction, PbxVerb,
};
pub use policy::{ByHandTexts, HotTransferPolicy, OfferReason, RosterMember};
pub(crate) use trace::numbered;
pub use trace::{Step, TraceLine, Witness, latest_briefing};

use crate::{
    OperationId,
    call::{Call, CallCause, CallSource},
    names::names,
    wrap_up::CallBack,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How an attempt to reach somebody ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It rang in vain.
    NoAnswer,
    /// Busy.
    Busy,
    /// They refused.
    Refused,
    /// The number or the network failed.
    Failed,
    /// They answered, and hung up before the caller was joined.
    Left,
    /// The technician went back to the caller.
    GivenUp,
}

impl From<CallCause> for Outcome {
    fn from(cause: CallCause) -> Self {
        match cause {
            CallCause::Busy => Self::Busy,
            CallCause::Rejected => Self::Refused,
            CallCause::NotFound | CallCause::Congestion => Self::Failed,
            CallCause::Cancelled => Self::GivenUp,
            CallCause::Normal
            | CallCause::NoAnswer
            | CallCause::Abandoned
            | CallCause::AnsweredElsewhere
            | CallCause::Unseen
            | CallCause::Unknown => Self::NoAnswer,
        }
    }
}

/// Why the technician does it on the telephone itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ByHandReason {
    /// This telephone system cannot be driven.
    NotDrivable,
    /// It accepted and nothing happened.
    NoEffect,
}

/// Who moves the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Drive {
    /// The PBX, on our asking.
    Pbx,
    /// The technician; Guichet says what to press and asks what happened.
    ByHand {
        /// Why.
        why: ByHandReason,
    },
}

/// How far a consultation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ConsultPhase {
    /// Asked for, nothing was seen of it yet.
    Asked,
    /// Their telephone rings.
    Ringing,
    /// They answered.
    Talking,
}

/// What is done once the technician is back with the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The next on the roster.
    Next,
    /// Stay: the transfer is over.
    Finish,
    /// The policy's fallback.
    FallBack,
}

/// Where a hot transfer stands. Numbers of the roster count from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum State {
    /// Offered; the briefing is being written.
    Offered,
    /// Somebody is consulted; the caller waits.
    Consulting {
        /// Who.
        nth: u32,
        /// How far.
        phase: ConsultPhase,
        /// Given up at this instant, if nothing happens.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        until: Option<Timestamp>,
    },
    /// They know what it is about: the caller can be joined with them.
    Briefed {
        /// Who.
        nth: u32,
    },
    /// Joining was asked for.
    Completing {
        /// With whom.
        nth: u32,
        /// If nothing is seen by then, it did not work.
        #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
        until: Option<Timestamp>,
    },
    /// On the way back to the caller.
    Returning {
        /// From whom.
        nth: u32,
        /// Since when.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        since: Timestamp,
        /// What follows.
        then: Then,
        /// The PBX was asked for it.
        asked: bool,
        /// The technician was told how to do it himself.
        told: bool,
    },
    /// With the caller, between two attempts: the technician decides.
    WithCaller,
    /// Where the caller is cannot be told: the technician says.
    Unsure {
        /// Whom it was about.
        nth: Option<u32>,
    },
    /// End: the caller is joined with somebody.
    Completed {
        /// Who of the roster, if it is one of them.
        nth: Option<u32>,
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
    },
    /// End: the technician keeps the caller.
    Returned {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
    },
    /// End: not transferred at all.
    Declined {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
        /// Why; empty when the call ended before anything was begun.
        reason: String,
    },
    /// End: nobody could take it; the technician keeps the caller company and somebody calls back.
    FellBack {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
        /// By whom.
        call_back: Box<CallBack>,
    },
    /// End: the caller hung up himself; he is called back.
    CallerLeft {
        /// When it was known.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        at: Timestamp,
        /// By whom.
        call_back: Box<CallBack>,
    },
}

impl State {
    /// Whether nothing leads out of it.
    #[must_use]
    pub fn is_end(&self) -> bool {
        matches!(
            self,
            Self::Completed { .. }
                | Self::Returned { .. }
                | Self::Declined { .. }
                | Self::FellBack { .. }
                | Self::CallerLeft { .. }
        )
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Consulting { .. } => "consulting",
            Self::Briefed { .. } => "briefed",
            Self::Completing { .. } => "completing",
            Self::Returning { .. } => "returning",
            Self::WithCaller => "with_caller",
            Self::Unsure { .. } => "unsure",
            Self::Completed { .. } => "completed",
            Self::Returned { .. } => "returned",
            Self::Declined { .. } => "declined",
            Self::FellBack { .. } => "fell_back",
            Self::CallerLeft { .. } => "caller_left",
        }
    }
}

/// A hot transfer, from its offer to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct HotTransfer {
    /// Its identity, chosen when it is offered.
    pub id: OperationId,
    /// Which PBX the call is on.
    pub source: CallSource,
    /// The call's present name.
    pub call: String,
    /// Every name the call had.
    pub call_ids: BTreeSet<String>,
    /// The caller's number and name, for calling him back.
    pub remote: crate::call::RemoteParty,
    /// The technician's telephone.
    pub device: String,
    /// Since when.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub offered_at: Timestamp,
    /// Who moves the call.
    pub drive: Drive,
    /// The PBX is in sight.
    pub connected: bool,
    /// The contract's policy, as it was when it was offered.
    pub policy: HotTransferPolicy,
    /// Whom to ask, in order.
    pub roster: Vec<RosterMember>,
    /// What they are told.
    pub briefing: Briefing,
    /// Where it stands.
    pub state: State,
    /// Every line so far.
    pub trace: Vec<TraceLine>,
    /// Actions asked for so far.
    actions: u32,
    /// The PBX showed the present consultation: that it shows none any more means something.
    consult_seen: bool,
    /// The briefing is in the ticket, as it was then.
    briefed_as: Option<Box<Briefing>>,
    /// The one action whose result is awaited. Forgotten when the PBX is lost or the program started again.
    #[serde(skip)]
    #[cfg_attr(feature = "bindings", specta(skip))]
    pending: Option<Pending>,
    /// The call as the PBX showed it last, while it is in sight.
    #[serde(skip)]
    #[cfg_attr(feature = "bindings", specta(skip))]
    view: Option<Box<Call>>,
    #[serde(skip)]
    #[cfg_attr(feature = "bindings", specta(skip))]
    seen: Option<u64>,
}

/// An action whose result is awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pending {
    number: u32,
    what: Asked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Consult,
    Cancel,
    Complete,
}

names!(Outcome {
    NoAnswer => "no_answer",
    Busy => "busy",
    Refused => "refused",
    Failed => "failed",
    Left => "left",
    GivenUp => "given_up",
});
names!(ByHandReason { NotDrivable => "not_drivable", NoEffect => "no_effect" });

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
