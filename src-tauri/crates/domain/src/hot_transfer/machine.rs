//! The technician's side of the machine: the offer, decisions, what happened by hand.

use super::{
    Asked, Briefing, ByHandReason, ConsultPhase, Decision, Drive, Effect, HandStep, Happened, HotTransfer,
    HotTransferError, HotTransferPolicy, OfferReason, Outcome, PbxVerb, RosterMember, State, Step, Then, Witness,
    steps::{Can, after, is_up},
};
use crate::{
    OperationId, TicketId,
    call::{Call, CallState},
    wording::Language,
};
use jiff::Timestamp;

type Decided = Result<Vec<Effect>, HotTransferError>;

impl HotTransfer {
    /// Offers a hot transfer for a call that the technician at `device` has. `drivable`: the adapter of this PBX carries out
    /// consultations; else it is all done by hand.
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "each is a fact of its own")]
    pub fn offer(
        id: OperationId,
        call: &Call,
        device: &str,
        drivable: bool,
        reason: OfferReason,
        policy: HotTransferPolicy,
        roster: Vec<RosterMember>,
        briefing: Briefing,
        now: Timestamp,
    ) -> (Self, Vec<Effect>) {
        let mut transfer = Self {
            id,
            source: call.source.clone(),
            call: call.id.clone(),
            call_ids: call.ids.iter().cloned().chain([call.id.clone()]).collect(),
            remote: call.remote.clone(),
            device: device.to_owned(),
            offered_at: now,
            drive: if drivable {
                Drive::Pbx
            } else {
                Drive::ByHand {
                    why: ByHandReason::NotDrivable,
                }
            },
            connected: true,
            policy,
            roster,
            briefing,
            state: State::Offered,
            trace: Vec::new(),
            actions: 0,
            consult_seen: false,
            briefed_as: None,
            pending: None,
            view: Some(Box::new(call.clone())),
            seen: None,
        };
        let mut effects = Vec::new();
        transfer.trace(Step::Offered { reason }, Witness::Guichet, now, &mut effects);
        (transfer, effects)
    }

    /// After the program was started again. What the PBX showed and what was asked of it is forgotten: nothing is asked anew. Gives every
    /// trace line and the call-back again, under the identities they had.
    pub fn resume(&mut self) -> Vec<Effect> {
        self.pending = None;
        self.view = None;
        self.seen = None;
        self.connected = false;
        let mut effects: Vec<Effect> = self
            .trace
            .iter()
            .map(|line| Effect::Trace {
                line: Box::new(line.clone()),
            })
            .collect();
        if let State::FellBack { call_back, .. } | State::CallerLeft { call_back, .. } = &self.state {
            effects.push(Effect::CallBack {
                call_back: call_back.clone(),
            });
        }
        effects
    }

    /// The briefing as it is being written.
    pub fn brief(&mut self, briefing: Briefing) {
        if !self.state.is_end() {
            self.briefing = briefing;
        }
    }

    /// The ticket, once there is one, or once it has its number at the backend.
    pub fn set_ticket(&mut self, ticket: TicketId) {
        self.briefing.ticket = Some(ticket);
        if let State::FellBack { call_back, .. } | State::CallerLeft { call_back, .. } = &mut self.state {
            call_back.ticket = Some(ticket);
        }
    }

    /// What to do on the telephone for a step by hand, in the contract's words. Where no number is known, the name stands in its
    /// place.
    #[must_use]
    pub fn instruction(&self, step: HandStep, nth: Option<u32>, language: Language) -> String {
        let texts = &self.policy.by_hand;
        let text = match step {
            HandStep::Consult => &texts.consult,
            HandStep::Join => &texts.join,
            HandStep::TakeBack => &texts.take_back,
        };
        let member = nth.and_then(|nth| self.member(nth));
        let name = member.map(|member| member.name.as_str()).unwrap_or_default();
        let number = member.filter(|member| member.has_number());
        let number = number.map_or(name, |member| member.extension.as_str());
        text.get(language)
            .replace("{extension}", number)
            .replace("{name}", name)
    }

    /// The next who would be called by himself, in the roster's order: on duty, not tried, and not known to be busy.
    #[must_use]
    pub fn next_free(&self) -> Option<u32> {
        let nth = self.roster.iter().position(RosterMember::is_free)?;
        u32::try_from(nth).ok()
    }

    /// Takes a decision of the technician's.
    ///
    /// # Errors
    /// Why it cannot be taken now. Nothing has changed then.
    pub fn decide(&mut self, decision: Decision, now: Timestamp) -> Decided {
        let mut effects = Vec::new();
        match decision {
            Decision::Consult { nth } => self.decide_consult(nth, now, &mut effects)?,
            Decision::Briefed => self.decide_briefed(now, &mut effects)?,
            Decision::Complete => self.decide_complete(now, &mut effects)?,
            Decision::Next => match self.state {
                State::Offered | State::WithCaller => self.decide_consult(None, now, &mut effects)?,
                _ => self.decide_back(Then::Next, now, &mut effects)?,
            },
            Decision::Return => self.decide_back(Then::Finish, now, &mut effects)?,
            Decision::FallBack => self.decide_back(Then::FallBack, now, &mut effects)?,
            Decision::Decline { reason } => {
                if !matches!(self.state, State::Offered | State::WithCaller) {
                    return Err(self.wrong_state());
                }
                let reason = reason.trim().to_owned();
                if reason.is_empty() {
                    return Err(HotTransferError::NoReason);
                }
                let step = Step::Declined { reason: reason.clone() };
                self.trace(step, Witness::Technician, now, &mut effects);
                self.state = State::Declined { at: now, reason };
            }
            Decision::Confirm { what } => self.decide_confirm(what, now, &mut effects)?,
        }
        Ok(effects)
    }

    fn decide_consult(
        &mut self,
        nth: Option<u32>,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), HotTransferError> {
        if !matches!(self.state, State::Offered | State::WithCaller) {
            return Err(self.wrong_state());
        }
        let missing = self.briefing.missing(&self.policy.mandatory);
        if !missing.is_empty() {
            return Err(HotTransferError::BriefingIncomplete { missing });
        }
        let Some(nth) = nth.or_else(|| self.next_free()) else {
            self.fall_back(now, effects);
            return Ok(());
        };
        if self.member(nth).is_none() {
            return Err(HotTransferError::NoSuchMember { nth });
        }
        if self.can(|can| can.consult) == Can::No {
            return Err(HotTransferError::NotNow);
        }
        self.consult(nth, now, effects);
        Ok(())
    }

    fn decide_briefed(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Result<(), HotTransferError> {
        let State::Consulting {
            nth,
            phase: ConsultPhase::Talking,
            ..
        } = self.state
        else {
            return Err(self.wrong_state());
        };
        let person = self.name_of(nth);
        self.trace(Step::Briefed { person }, Witness::Technician, now, effects);
        self.state = State::Briefed { nth };
        Ok(())
    }

    /// The only way to [`PbxVerb::Complete`].
    fn decide_complete(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> Result<(), HotTransferError> {
        let State::Briefed { nth } = self.state else {
            return Err(self.wrong_state());
        };
        match self.can(|can| can.complete) {
            Can::Yes => {
                let up = self.view.as_ref().is_some_and(|call| is_up(call));
                if !up {
                    return Err(HotTransferError::NotUp);
                }
                let consulted = self
                    .view
                    .as_ref()
                    .and_then(|call| call.consultation.as_ref()?.device.clone());
                self.ask(PbxVerb::Complete { consulted }, Some(Asked::Complete), now, effects);
                self.state = State::Completing {
                    nth,
                    until: Some(after(now, i64::from(self.policy.action_timeout_s))),
                };
            }
            Can::No => return Err(HotTransferError::NotUp),
            Can::Blind => {
                effects.push(Effect::Instruct {
                    step: HandStep::Join,
                    nth: Some(nth),
                });
                self.state = State::Completing { nth, until: None };
            }
        }
        Ok(())
    }

    fn decide_back(&mut self, then: Then, now: Timestamp, effects: &mut Vec<Effect>) -> Result<(), HotTransferError> {
        match self.state {
            State::Offered | State::WithCaller => self.follow(then, now, effects),
            State::Consulting { nth, .. } | State::Briefed { nth } | State::Completing { nth, .. } => {
                self.give_up(nth, Outcome::GivenUp, then, Witness::Technician, now, effects);
            }
            State::Returning { nth, since, asked, .. } => {
                // He insists: what follows is changed, and he is told how to do it himself.
                effects.push(Effect::Instruct {
                    step: HandStep::TakeBack,
                    nth: Some(nth),
                });
                self.state = State::Returning {
                    nth,
                    since,
                    then,
                    asked,
                    told: true,
                };
            }
            State::Unsure { nth } => {
                effects.push(Effect::Instruct {
                    step: HandStep::TakeBack,
                    nth,
                });
                self.state = State::Returning {
                    nth: nth.unwrap_or(0),
                    since: now,
                    then,
                    asked: false,
                    told: true,
                };
            }
            _ => return Err(self.wrong_state()),
        }
        Ok(())
    }

    fn decide_confirm(
        &mut self,
        what: Happened,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) -> Result<(), HotTransferError> {
        if self.state.is_end() {
            return Err(self.wrong_state());
        }
        let witness = Witness::Technician;
        match (what, self.state.clone()) {
            (Happened::Answered, State::Consulting { nth, phase, .. }) if phase != ConsultPhase::Talking => {
                self.talking(nth, witness, now, effects);
            }
            (Happened::Answered, State::Returning { nth, asked: false, .. }) => {
                self.talking(nth, witness, now, effects)
            }
            (Happened::NoAnswer | Happened::Busy | Happened::Refused, State::Consulting { nth, .. }) => {
                let outcome = match what {
                    Happened::Busy => Outcome::Busy,
                    Happened::Refused => Outcome::Refused,
                    _ => Outcome::NoAnswer,
                };
                self.give_up(nth, outcome, Then::Next, witness, now, effects);
            }
            (Happened::BackWithCaller, State::Returning { .. }) => self.back(witness, now, effects),
            (
                Happened::BackWithCaller,
                State::Consulting { nth, .. } | State::Briefed { nth } | State::Completing { nth, .. },
            ) => {
                self.not_taken(nth, Outcome::GivenUp, witness, now, effects);
                self.back(witness, now, effects);
            }
            (Happened::BackWithCaller, State::Unsure { .. }) => self.back(witness, now, effects),
            (
                Happened::Joined,
                State::Consulting {
                    nth,
                    phase: ConsultPhase::Talking,
                    ..
                }
                | State::Briefed { nth }
                | State::Completing { nth, .. }
                | State::Unsure { nth: Some(nth) },
            ) => {
                // The PBX sees the caller wait for the technician: then they are not joined.
                let contradicted = self.consult_seen
                    && self.view().is_some_and(|call| {
                        call.state == CallState::Consulting
                            || (call.state == CallState::Answered && call.device.as_deref() == Some(&*self.device))
                    });
                if contradicted {
                    return Err(HotTransferError::PbxSaysOtherwise);
                }
                self.completed(Some(nth), None, witness, now, effects);
            }
            (Happened::CallerLeft, _) => {
                if self.view().is_some_and(|call| !call.state.is_over()) {
                    return Err(HotTransferError::PbxSaysOtherwise);
                }
                self.caller_left(witness, now, effects);
            }
            _ => return Err(self.wrong_state()),
        }
        Ok(())
    }
}
