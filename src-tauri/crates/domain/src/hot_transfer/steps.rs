//! What both sides of the machine share: calling somebody, the way back, the ends, the lines of the trace.

use super::{
    Asked, ConsultPhase, Drive, Effect, HandStep, HotTransfer, HotTransferError, Notice, Outcome, PbxAction, PbxVerb,
    Pending, RosterMember, State, Step, Then, TraceLine, Witness, numbered,
};
use crate::{
    call::{Call, CallCapabilities, CallState},
    wrap_up::{CallBack, CallBackReason, Owner},
};
use jiff::{SignedDuration, Timestamp};

/// How long an action may wait to be carried out, in seconds. What is later was meant for another moment of the call.
const ACTION_LIFE_S: i64 = 3;
/// The next on the roster is called by itself only if the caller is back this soon after one was given up.
const GO_ON_WITHIN_S: i64 = 10;
/// Number of the call-back's identity within the transfer's: no trace line has it.
const CALL_BACK: u16 = u16::MAX;

/// Whether the PBX can be asked for something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Can {
    Yes,
    /// It is in sight and says no.
    No,
    /// It cannot be driven, is out of sight, or has not shown the call since it is back.
    Blind,
}

pub(super) fn after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

impl HotTransfer {
    pub(super) fn wrong_state(&self) -> HotTransferError {
        HotTransferError::WrongState {
            state: self.state.name(),
        }
    }

    /// The call as it is, if the PBX is in sight and has shown it.
    pub(super) fn view(&self) -> Option<&Call> {
        self.view.as_deref().filter(|_| self.connected)
    }

    pub(super) fn can(&self, ability: impl Fn(&CallCapabilities) -> bool) -> Can {
        match (self.drive, self.view()) {
            (Drive::Pbx, Some(call)) if ability(&call.capabilities) => Can::Yes,
            (Drive::Pbx, Some(_)) => Can::No,
            _ => Can::Blind,
        }
    }

    pub(super) fn member(&self, nth: u32) -> Option<&RosterMember> {
        self.roster.get(usize::try_from(nth).ok()?)
    }

    fn member_mut(&mut self, nth: u32) -> Option<&mut RosterMember> {
        self.roster.get_mut(usize::try_from(nth).ok()?)
    }

    pub(super) fn name_of(&self, nth: u32) -> String {
        self.member(nth).map(|member| member.name.clone()).unwrap_or_default()
    }

    pub(super) fn trace(&mut self, step: Step, witness: Witness, now: Timestamp, effects: &mut Vec<Effect>) {
        // A call has some dozens of steps; beyond this something flickers, and the ticket is not its log.
        const MOST: usize = 400;
        if self.trace.len() >= MOST && !matches!(step, Step::Completed { .. } | Step::Returned | Step::FellBack { .. })
        {
            return;
        }
        let Ok(number) = u16::try_from(self.trace.len() + 1) else {
            return;
        };
        let line = TraceLine {
            transfer: self.id,
            number,
            at: now,
            witness,
            step,
        };
        self.trace.push(line.clone());
        effects.push(Effect::Trace { line: Box::new(line) });
    }

    pub(super) fn ask(&mut self, verb: PbxVerb, asked: Option<Asked>, now: Timestamp, effects: &mut Vec<Effect>) {
        self.actions += 1;
        let number = self.actions;
        if let Some(what) = asked {
            self.pending = Some(Pending { number, what });
        }
        effects.push(Effect::Ask {
            action: PbxAction {
                number,
                source: self.source.clone(),
                call: self.call.clone(),
                device: self.device.clone(),
                verb,
                not_after: after(now, ACTION_LIFE_S),
            },
        });
    }

    /// Puts the briefing into the ticket, again only when it says something else.
    pub(super) fn record_briefing(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let known = self.briefed_as.as_ref();
        if !known.is_some_and(|known| known.says_as(&self.briefing)) {
            let briefing = Box::new(self.briefing.clone());
            self.briefed_as = Some(briefing.clone());
            self.trace(Step::Briefing { briefing }, Witness::Technician, now, effects);
        }
    }

    /// Calls somebody, or says how to: also where the PBX could, and nobody knows the number but the technician.
    pub(super) fn consult(&mut self, nth: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(member) = self.member(nth).cloned() else {
            return;
        };
        self.consult_seen = false;
        self.record_briefing(now, effects);
        let step = Step::Consulting {
            person: member.name.clone(),
            group: member.group.clone(),
        };
        self.trace(step, Witness::Guichet, now, effects);
        if let Some(member) = self.member_mut(nth) {
            member.tried = None;
        }
        let until = if member.has_number() && self.can(|can| can.consult) == Can::Yes {
            if let Some(ticket) = self.briefing.ticket.filter(|ticket| !ticket.is_local()) {
                self.ask(PbxVerb::AttachTicket { ticket }, None, now, effects);
            }
            let extension = member.extension.clone();
            self.ask(PbxVerb::Consult { extension }, Some(Asked::Consult), now, effects);
            self.policy.action_timeout_s
        } else {
            effects.push(Effect::Instruct {
                step: HandStep::Consult,
                nth: Some(nth),
            });
            // Dialling takes the technician a moment.
            member.ring_s.saturating_add(self.policy.action_timeout_s)
        };
        self.state = State::Consulting {
            nth,
            phase: ConsultPhase::Asked,
            until: Some(after(now, i64::from(until))),
        };
    }

    /// The consulted person talks with the technician.
    pub(super) fn talking(&mut self, nth: u32, witness: Witness, now: Timestamp, effects: &mut Vec<Effect>) {
        let person = self.name_of(nth);
        self.trace(Step::Answered { person }, witness, now, effects);
        self.state = State::Consulting {
            nth,
            phase: ConsultPhase::Talking,
            until: None,
        };
        effects.push(self.raise(nth));
        effects.push(Effect::Tell {
            notice: Notice::ConsultedAnswered,
        });
    }

    pub(super) fn raise(&self, nth: u32) -> Effect {
        let member = self.member(nth);
        Effect::RaiseBriefing {
            nth,
            device: member.and_then(|member| member.device.clone()),
            briefing: Box::new(self.briefing.clone()),
        }
    }

    pub(super) fn not_taken(
        &mut self,
        nth: u32,
        outcome: Outcome,
        witness: Witness,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let person = self.name_of(nth);
        self.trace(Step::NotTaken { person, outcome }, witness, now, effects);
        if let Some(member) = self.member_mut(nth) {
            member.tried = Some(outcome);
        }
    }

    /// Gives a consultation up: back to the caller, by the PBX where it can, else by hand.
    pub(super) fn give_up(
        &mut self,
        nth: u32,
        outcome: Outcome,
        then: Then,
        witness: Witness,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        self.not_taken(nth, outcome, witness, now, effects);
        self.state = State::Returning {
            nth,
            since: now,
            then,
            asked: false,
            told: false,
        };
        if self.can(|can| can.cancel) == Can::Yes {
            self.cancel(now, effects);
        } else {
            self.tell_take_back(effects);
        }
    }

    /// Asks the PBX for the way back, once.
    pub(super) fn cancel(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if let State::Returning { asked, .. } = &mut self.state {
            *asked = true;
            self.ask(PbxVerb::Cancel, Some(Asked::Cancel), now, effects);
        }
    }

    /// Says how to go back by hand, once.
    pub(super) fn tell_take_back(&mut self, effects: &mut Vec<Effect>) {
        if let State::Returning { told, nth, .. } = &mut self.state
            && !*told
        {
            *told = true;
            effects.push(Effect::Instruct {
                step: HandStep::TakeBack,
                nth: Some(*nth),
            });
        }
    }

    /// The technician talks with the caller again; what was to follow does.
    pub(super) fn back(&mut self, witness: Witness, now: Timestamp, effects: &mut Vec<Effect>) {
        self.trace(Step::BackWithCaller, witness, now, effects);
        self.pending = None;
        let (then, since) = match self.state {
            State::Returning { then, since, .. } => (Some(then), since),
            _ => (None, now),
        };
        self.state = State::WithCaller;
        match then {
            Some(Then::Next) => {
                let soon = now.duration_since(since) <= SignedDuration::from_secs(GO_ON_WITHIN_S);
                match self.next_free() {
                    None => self.fall_back(now, effects),
                    Some(nth) => {
                        let driven = witness == Witness::Pbx && self.can(|can| can.consult) == Can::Yes;
                        if soon && driven {
                            self.consult(nth, now, effects);
                        } else {
                            effects.push(Effect::Tell {
                                notice: Notice::NextIsReady,
                            });
                        }
                    }
                }
            }
            Some(then) => self.follow(then, now, effects),
            None => {}
        }
    }

    /// What follows once the technician has the caller.
    pub(super) fn follow(&mut self, then: Then, now: Timestamp, effects: &mut Vec<Effect>) {
        match then {
            Then::Next => {}
            Then::Finish => {
                self.trace(Step::Returned, Witness::Technician, now, effects);
                self.state = State::Returned { at: now };
            }
            Then::FallBack => self.fall_back(now, effects),
        }
    }

    /// Nobody can take it: the technician stays with the caller, and a call-back has an owner.
    pub(super) fn fall_back(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let call_back = self.call_back(CallBackReason::NobodyOnRoster, now);
        let step = Step::FellBack {
            owner: self.policy.call_back_owner.clone(),
            due: call_back.due,
        };
        self.trace(step, Witness::Guichet, now, effects);
        effects.push(Effect::CallBack {
            call_back: call_back.clone(),
        });
        effects.push(Effect::Tell {
            notice: Notice::NobodyLeft,
        });
        self.state = State::FellBack { at: now, call_back };
    }

    /// The caller hung up. Before anything was begun that is an ordinary end of a call; later he is called back.
    pub(super) fn caller_left(&mut self, witness: Witness, now: Timestamp, effects: &mut Vec<Effect>) {
        if self.state == State::Offered {
            self.trace(Step::NotBegun, witness, now, effects);
            self.state = State::Declined {
                at: now,
                reason: String::new(),
            };
            return;
        }
        let call_back = self.call_back(CallBackReason::LeftDuringTransfer, now);
        let step = Step::CallerLeft {
            owner: self.policy.call_back_owner.clone(),
            due: call_back.due,
        };
        self.trace(step, witness, now, effects);
        effects.push(Effect::CallBack {
            call_back: call_back.clone(),
        });
        effects.push(Effect::Tell {
            notice: Notice::CallerLeft,
        });
        self.pending = None;
        self.state = State::CallerLeft { at: now, call_back };
    }

    pub(super) fn completed(
        &mut self,
        nth: Option<u32>,
        device: Option<&str>,
        witness: Witness,
        now: Timestamp,
        effects: &mut Vec<Effect>,
    ) {
        let person = match (nth, device) {
            (Some(nth), _) => self.name_of(nth),
            (None, device) => device.unwrap_or_default().to_owned(),
        };
        self.trace(Step::Completed { person }, witness, now, effects);
        effects.push(Effect::Tell {
            notice: Notice::Completed,
        });
        self.pending = None;
        self.state = State::Completed { nth, at: now };
    }

    fn call_back(&self, reason: CallBackReason, now: Timestamp) -> Box<CallBack> {
        Box::new(CallBack {
            id: numbered(self.id, CALL_BACK),
            source: self.source.clone(),
            call: self.call.clone(),
            ticket: self.briefing.ticket,
            remote: self.remote.clone(),
            name: self.briefing.caller.name.clone(),
            owner: Owner::Group {
                name: self.policy.call_back_owner.clone(),
            },
            due: after(now, i64::from(self.policy.call_back_s)),
            reason,
        })
    }
}

/// Whether the consulted person is up and talks with the technician.
pub(super) fn is_up(call: &Call) -> bool {
    call.state == CallState::Consulting
        && call
            .consultation
            .as_ref()
            .is_some_and(|consultation| consultation.answered_at.is_some() && consultation.failed.is_none())
}
