//! What goes into the machine and what comes out of it: decisions, observations, effects.

use super::{Briefing, TraceLine};
use crate::{
    TicketId,
    call::{Call, CallSource, LineState},
    diagnosis::DiagnosisField,
    names::names,
    wrap_up::CallBack,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the technician decides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Decision {
    /// Call somebody of the roster.
    Consult {
        /// Whom; the first who is free, if he does not choose.
        nth: Option<u32>,
    },
    /// The consulted person knows what it is about.
    Briefed,
    /// Join the caller with them, and leave.
    Complete,
    /// Give this one up and call the next.
    Next,
    /// Back to the caller; no transfer.
    Return,
    /// No transfer, before anybody was called.
    Decline {
        /// Why; it is asked for.
        reason: String,
    },
    /// Nobody can take it: the policy's fallback.
    FallBack,
    /// By hand, with one tap: what happened on the telephone.
    Confirm {
        /// What.
        what: Happened,
    },
}

/// What the technician says has happened on his telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// They answered.
    Answered,
    /// It rang in vain.
    NoAnswer,
    /// Busy.
    Busy,
    /// They refuse.
    Refused,
    /// The caller and the technician talk again.
    BackWithCaller,
    /// The caller and the consulted person are joined.
    Joined,
    /// The caller hung up.
    CallerLeft,
}

/// What is observed, without anybody deciding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Observation {
    /// What the events of the call add up to now, as the tracker says.
    Call {
        /// The call.
        call: Box<Call>,
        /// Grows with each one the tracker gives in this run of the program; an older one is not looked at.
        seq: u64,
    },
    /// What became of an action.
    Action {
        /// Which ([`PbxAction::number`]).
        number: u32,
        /// What.
        result: ActionResult,
    },
    /// The PBX is out of sight.
    PbxLost,
    /// It is there again, and every call that is alive was read anew.
    PbxBack,
    /// A telephone of the roster changed.
    Line {
        /// Which.
        device: String,
        /// What it does.
        state: LineState,
    },
    /// Time has passed.
    Tick,
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ActionResult {
    /// Its effect was seen.
    Done,
    /// It was not sent: not possible in this state, no such leg, not connected, too late.
    NotSent,
    /// The PBX refuses it.
    Refused,
    /// The PBX accepted it and nothing happened.
    NoEffect,
    /// Whether it happened is not known: no answer, or the connection was lost meanwhile.
    Unknown,
}

/// What the PBX is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PbxVerb {
    /// Attach the ticket's number to the call: it travels with it.
    AttachTicket {
        /// Which.
        ticket: TicketId,
    },
    /// Consult this extension while the caller waits.
    Consult {
        /// What is dialled.
        extension: String,
    },
    /// Give the consultation up and go back to the caller.
    Cancel,
    /// Join the caller with the person consulted, and leave. Whoever carries it out looks once more whether they are joined
    /// (an adapter's own check): between the look here and the wire they may have hung up.
    Complete {
        /// The consulted telephone.
        consulted: Option<String>,
    },
}

/// Something to ask of the PBX at once, or never.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct PbxAction {
    /// Names it in [`Observation::Action`].
    pub number: u32,
    /// Which PBX.
    pub source: CallSource,
    /// The call, by its present name.
    pub call: String,
    /// The technician's telephone.
    pub device: String,
    /// What.
    pub verb: PbxVerb,
    /// Not carried out after this instant: it is [`ActionResult::NotSent`] then.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub not_after: Timestamp,
}

/// What the technician does on the telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum HandStep {
    /// Hold the caller and call the person.
    Consult,
    /// Join the caller with the person.
    Join,
    /// Go back to the caller.
    TakeBack,
}

/// What the technician is told beside the state itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The telephone system is out of sight; nothing will be asked of it later.
    PbxLost,
    /// It is there again.
    PbxBack,
    /// It accepted and nothing happened: by hand from now on.
    NoEffect,
    /// It refuses.
    ActionRefused,
    /// They were not joined: they are still with you.
    NotJoined,
    /// The consulted person answered: brief them.
    ConsultedAnswered,
    /// The consulted person hung up.
    ConsultedLeft,
    /// Time to give this one up.
    RingTimeOver,
    /// The caller is on the line with nobody: take him back.
    CallerAlone,
    /// The call is over for your telephone: was he handed on?
    WhereIsTheCaller,
    /// The next of the roster can be called.
    NextIsReady,
    /// Nobody is left: stay with the caller, somebody calls back.
    NobodyLeft,
    /// Done.
    Completed,
    /// The caller hung up.
    CallerLeft,
}

/// What is to be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Effect {
    /// Ask the PBX, now or never.
    Ask {
        /// What.
        action: PbxAction,
    },
    /// Put a line into the ticket.
    Trace {
        /// Which.
        line: Box<TraceLine>,
    },
    /// Show the briefing to whoever has this telephone.
    RaiseBriefing {
        /// Who of the roster.
        nth: u32,
        /// Their telephone, where it is known.
        device: Option<String>,
        /// What they are told.
        briefing: Box<Briefing>,
    },
    /// Have the caller called back. The same `id` is the same call-back.
    CallBack {
        /// By whom, when.
        call_back: Box<CallBack>,
    },
    /// Say what to do on the telephone.
    Instruct {
        /// What.
        step: HandStep,
        /// Whom it is about.
        nth: Option<u32>,
    },
    /// Tell the technician.
    Tell {
        /// What.
        notice: Notice,
    },
}

/// Why a decision cannot be taken now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HotTransferError {
    /// The briefing does not say enough.
    #[error("the briefing lacks {missing:?}")]
    BriefingIncomplete {
        /// What it has to say.
        missing: Vec<DiagnosisField>,
    },
    /// Not in this state.
    #[error("not possible while it is {state}")]
    WrongState {
        /// The state's name.
        state: &'static str,
    },
    /// There is nobody of that number on the roster.
    #[error("there is nobody number {nth} on the roster")]
    NoSuchMember {
        /// The number.
        nth: u32,
    },
    /// The PBX cannot do it as the call is now (on hold, not answered).
    #[error("the call is not in a state for that")]
    NotNow,
    /// The consulted person is not up and joined: completing would cut the caller off.
    #[error("the consulted person is not on the line")]
    NotUp,
    /// The telephone system shows otherwise, and it sees the call.
    #[error("the telephone system shows otherwise")]
    PbxSaysOtherwise,
    /// It is asked for.
    #[error("a reason is needed")]
    NoReason,
}

impl HotTransferError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BriefingIncomplete { .. } => "transfer_briefing_incomplete",
            Self::WrongState { .. } => "transfer_wrong_state",
            Self::NoSuchMember { .. } => "transfer_no_such_member",
            Self::NotNow => "transfer_not_now",
            Self::NotUp => "transfer_not_up",
            Self::PbxSaysOtherwise => "transfer_pbx_says_otherwise",
            Self::NoReason => "transfer_no_reason",
        }
    }
}

names!(Notice {
    PbxLost => "pbx_lost",
    PbxBack => "pbx_back",
    NoEffect => "no_effect",
    ActionRefused => "action_refused",
    NotJoined => "not_joined",
    ConsultedAnswered => "consulted_answered",
    ConsultedLeft => "consulted_left",
    RingTimeOver => "ring_time_over",
    CallerAlone => "caller_alone",
    WhereIsTheCaller => "where_is_the_caller",
    NextIsReady => "next_is_ready",
    NobodyLeft => "nobody_left",
    Completed => "completed",
    CallerLeft => "caller_left",
});
