//! The telephone's side of the machine: what the PBX shows, what became of an action, time.

use super::{
    ActionResult, Asked, ByHandReason, ConsultPhase, Drive, Effect, HandStep, HotTransfer, Notice, Observation,
    Outcome, RosterMember, State, Step, Then, Witness,
    steps::{Can, after, is_up},
};
use crate::call::{Call, CallCause, CallState};
use jiff::Timestamp;

/// Where the caller is, as the PBX shows it.
enum Place<'a> {
    WithTechnician,
    WithOther(&'a str),
    Consulting,
    /// On the line with nobody, in a queue again, or ringing elsewhere.
    Nowhere,
    Over,
}

impl HotTransfer {
    /// Takes in what is observed. An observation that is not about this call, is older than one taken in, or comes after the end
    /// changes nothing.
    pub fn observe(&mut self, observation: Observation, now: Timestamp) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Observation::Line { device, state } = &observation {
            for member in &mut self.roster {
                if member.has_device(device) {
                    member.line = Some(*state);
                }
            }
        }
        if self.state.is_end() {
            return effects;
        }
        match observation {
            Observation::Call { call, seq } => self.see(*call, seq, now, &mut effects),
            Observation::Action { number, result } => self.result(number, result, now, &mut effects),
            Observation::PbxLost => self.lost(now, &mut effects),
            Observation::PbxBack => {
                if !self.connected {
                    self.connected = true;
                    self.trace(Step::PbxBack, Witness::Guichet, now, &mut effects);
                    effects.push(Effect::Tell {
                        notice: Notice::PbxBack,
                    });
                }
            }
            Observation::Line { .. } => {}
            Observation::Tick => self.tick(now, &mut effects),
        }
        effects
    }

    fn see(&mut self, call: Call, seq: u64, now: Timestamp, effects: &mut Vec<Effect>) {
        let mine =
            call.source == self.source && (self.call_ids.contains(&call.id) || !self.call_ids.is_disjoint(&call.ids));
        if !mine || self.seen.is_some_and(|seen| seq <= seen) {
            return;
        }
        self.seen = Some(seq);
        self.call_ids.extend(call.ids.iter().cloned());
        self.call_ids.insert(call.id.clone());
        self.call.clone_from(&call.id);
        if !call.remote.is_empty() {
            self.remote.clone_from(&call.remote);
        }
        self.view = Some(Box::new(call.clone()));
        match place(&call, &self.device) {
            Place::Over => self.see_over(&call, now, effects),
            Place::WithOther(device) => {
                let nth = self.member_at(device).or_else(|| self.consulted());
                self.completed(nth, Some(device), Witness::Pbx, now, effects);
            }
            Place::WithTechnician => self.see_technician(now, effects),
            Place::Consulting => self.see_consulting(&call, now, effects),
            Place::Nowhere => {
                if !matches!(self.state, State::Unsure { .. }) {
                    self.trace(Step::CallerAlone, Witness::Pbx, now, effects);
                    effects.push(Effect::Tell {
                        notice: Notice::CallerAlone,
                    });
                    let nth = self.consulted();
                    effects.push(Effect::Instruct {
                        step: HandStep::TakeBack,
                        nth,
                    });
                    self.state = State::Unsure { nth };
                }
            }
        }
    }

    /// The conversation is over: handed on before that, unclear, or the caller hung up.
    fn see_over(&mut self, call: &Call, now: Timestamp, effects: &mut Vec<Effect>) {
        let handed_on = call.transferred_at.is_some_and(|at| at >= self.offered_at);
        if let Some(device) = call
            .device
            .as_deref()
            .filter(|device| handed_on && *device != self.device)
        {
            let nth = self.member_at(device).or_else(|| self.consulted());
            self.completed(nth, Some(device), Witness::Pbx, now, effects);
            return;
        }
        // A telephone that only tells of the technician's own leg ends the call when he hands it on; and what happened out of
        // sight is not known either.
        let own_leg_only = self.drive != Drive::Pbx && !self.consult_seen;
        let unseen = call.cause == Some(CallCause::Unseen);
        let may_be_joined = matches!(
            self.state,
            State::Consulting {
                phase: ConsultPhase::Talking,
                ..
            } | State::Briefed { .. }
                | State::Completing { .. }
                | State::Unsure { .. }
        );
        if may_be_joined && (own_leg_only || unseen) {
            if !matches!(self.state, State::Unsure { .. }) {
                self.trace(Step::Unclear, Witness::Pbx, now, effects);
                effects.push(Effect::Tell {
                    notice: Notice::WhereIsTheCaller,
                });
                self.state = State::Unsure { nth: self.consulted() };
            }
            return;
        }
        self.caller_left(Witness::Pbx, now, effects);
    }

    /// The caller and the technician are joined, no consultation is under way.
    fn see_technician(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        match self.state {
            State::Consulting { nth, phase, .. } if self.consult_seen => {
                let talked = phase == ConsultPhase::Talking;
                let outcome = if talked { Outcome::Left } else { Outcome::NoAnswer };
                self.not_taken(nth, outcome, Witness::Pbx, now, effects);
                if talked {
                    effects.push(Effect::Tell {
                        notice: Notice::ConsultedLeft,
                    });
                } else {
                    // It ended by itself before anybody answered: as after a cancellation, the next one.
                    self.state = State::Returning {
                        nth,
                        since: now,
                        then: Then::Next,
                        asked: false,
                        told: false,
                    };
                }
                self.back(Witness::Pbx, now, effects);
            }
            State::Briefed { nth } | State::Completing { nth, .. } if self.consult_seen => {
                self.not_taken(nth, Outcome::Left, Witness::Pbx, now, effects);
                effects.push(Effect::Tell {
                    notice: Notice::ConsultedLeft,
                });
                self.back(Witness::Pbx, now, effects);
            }
            // Without having seen the consultation this may be the moment before it.
            State::Returning { .. } => {
                let may_still_begin = self.pending.is_some_and(|pending| pending.what == Asked::Consult);
                if self.consult_seen || (self.drive == Drive::Pbx && !may_still_begin) {
                    self.back(Witness::Pbx, now, effects);
                }
            }
            State::Unsure { .. } => self.back(Witness::Pbx, now, effects),
            _ => {}
        }
    }

    /// A consultation is under way.
    fn see_consulting(&mut self, call: &Call, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(consultation) = &call.consultation else {
            return;
        };
        let who = consultation.device.as_deref().and_then(|device| self.member_at(device));
        let nth = match (&self.state, who) {
            // Before it has begun, or between two: only somebody of the roster means that it goes on, by the technician's own hand.
            (State::Offered | State::WithCaller, None) => return,
            (_, Some(nth)) => nth,
            (_, None) => self.consulted().unwrap_or(0),
        };
        self.consult_seen = true;
        if matches!(self.state, State::Offered | State::WithCaller) {
            self.record_briefing(now, effects);
        }
        if matches!(self.state, State::Returning { .. }) {
            // What was asked for before it was given up begins only now, or could not be cancelled before.
            self.cancel_if_possible(now, effects);
            return;
        }
        let talks = matches!(
            self.state,
            State::Consulting {
                phase: ConsultPhase::Talking,
                ..
            } | State::Briefed { .. }
                | State::Completing { .. }
        );
        if let Some(cause) = consultation.failed {
            // Who answered and is gone has not failed to answer.
            let outcome = if talks { Outcome::Left } else { Outcome::from(cause) };
            if talks {
                effects.push(Effect::Tell {
                    notice: Notice::ConsultedLeft,
                });
            }
            self.give_up(nth, outcome, Then::Next, Witness::Pbx, now, effects);
            return;
        }
        if is_up(call) {
            // Somebody else answers than the one who was talked with: he has to be briefed.
            if !talks || self.consulted() != Some(nth) {
                self.talking(nth, Witness::Pbx, now, effects);
            }
            return;
        }
        let rings_already = matches!(
            self.state,
            State::Consulting {
                nth: known,
                phase: ConsultPhase::Ringing,
                ..
            } if known == nth
        );
        if !rings_already {
            let person = self.name_of(nth);
            self.trace(Step::Rings { person }, Witness::Pbx, now, effects);
            let ring_s = self.member(nth).map_or(0, |member| member.ring_s);
            self.state = State::Consulting {
                nth,
                phase: ConsultPhase::Ringing,
                until: Some(after(now, i64::from(ring_s))),
            };
            effects.push(self.raise(nth));
        }
    }

    fn cancel_if_possible(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if matches!(self.state, State::Returning { asked: false, .. }) && self.can(|can| can.cancel) == Can::Yes {
            self.cancel(now, effects);
        }
    }

    fn result(&mut self, number: u32, result: ActionResult, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(pending) = self.pending.filter(|pending| pending.number == number) else {
            return;
        };
        self.pending = None;
        if result == ActionResult::Done {
            // What it did to the call is seen on the call.
            return;
        }
        match (pending.what, self.state.clone()) {
            (
                Asked::Consult,
                State::Consulting {
                    nth,
                    phase: ConsultPhase::Asked,
                    ..
                },
            ) => match result {
                ActionResult::NoEffect => self.by_hand(nth, now, effects),
                // Whatever it became of will be seen, or the time runs out.
                ActionResult::Unknown | ActionResult::Done => {}
                ActionResult::NotSent | ActionResult::Refused => {
                    self.not_taken(nth, Outcome::Failed, Witness::Pbx, now, effects);
                    effects.push(Effect::Tell {
                        notice: Notice::ActionRefused,
                    });
                    self.state = State::WithCaller;
                }
            },
            (Asked::Cancel, State::Returning { .. }) => self.tell_take_back(effects),
            (Asked::Complete, State::Completing { nth, .. }) if result != ActionResult::Unknown => {
                self.not_joined(nth, effects);
            }
            _ => {}
        }
    }

    fn lost(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        if !self.connected {
            return;
        }
        self.connected = false;
        self.view = None;
        self.pending = None;
        self.trace(Step::PbxLost, Witness::Guichet, now, effects);
        effects.push(Effect::Tell {
            notice: Notice::PbxLost,
        });
        match self.state {
            State::Returning { .. } => self.tell_take_back(effects),
            State::Consulting {
                nth,
                phase: ConsultPhase::Asked,
                ..
            } => effects.push(Effect::Instruct {
                step: HandStep::Consult,
                nth: Some(nth),
            }),
            State::Completing { nth, .. } => effects.push(Effect::Instruct {
                step: HandStep::Join,
                nth: Some(nth),
            }),
            _ => {}
        }
    }

    fn tick(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        match self.state.clone() {
            State::Consulting {
                nth,
                phase,
                until: Some(until),
            } if now >= until => {
                let has_number = self.member(nth).is_some_and(RosterMember::has_number);
                let asked_of_pbx = phase == ConsultPhase::Asked && has_number && self.can(|_| true) == Can::Yes;
                if asked_of_pbx {
                    self.by_hand(nth, now, effects);
                } else {
                    effects.push(Effect::Tell {
                        notice: Notice::RingTimeOver,
                    });
                    self.give_up(nth, Outcome::NoAnswer, Then::Next, Witness::Guichet, now, effects);
                }
            }
            State::Completing {
                nth,
                until: Some(until),
                ..
            } if now >= until => {
                self.pending = None;
                self.not_joined(nth, effects);
            }
            State::Returning { since, told: false, .. }
                if now >= after(since, i64::from(self.policy.action_timeout_s)) =>
            {
                self.pending = None;
                self.tell_take_back(effects);
            }
            _ => {}
        }
    }

    /// The PBX does not do what it accepts: the rest is done on the telephone.
    fn by_hand(&mut self, nth: u32, now: Timestamp, effects: &mut Vec<Effect>) {
        let why = ByHandReason::NoEffect;
        self.pending = None;
        self.drive = Drive::ByHand { why };
        self.trace(Step::ByHand { why }, Witness::Guichet, now, effects);
        effects.push(Effect::Tell {
            notice: Notice::NoEffect,
        });
        effects.push(Effect::Instruct {
            step: HandStep::Consult,
            nth: Some(nth),
        });
        let ring_s = self.member(nth).map_or(0, |member| member.ring_s);
        let seconds = ring_s.saturating_add(self.policy.action_timeout_s);
        self.state = State::Consulting {
            nth,
            phase: ConsultPhase::Asked,
            until: Some(after(now, i64::from(seconds))),
        };
    }

    /// They were not joined: the consulted person is still with the technician, and joining can be decided again.
    fn not_joined(&mut self, nth: u32, effects: &mut Vec<Effect>) {
        effects.push(Effect::Tell {
            notice: Notice::NotJoined,
        });
        self.state = State::Briefed { nth };
    }

    /// Whom the state is about.
    fn consulted(&self) -> Option<u32> {
        match self.state {
            State::Consulting { nth, .. }
            | State::Briefed { nth }
            | State::Completing { nth, .. }
            | State::Returning { nth, .. } => Some(nth),
            State::Unsure { nth } => nth,
            _ => None,
        }
    }

    /// Who of the roster has this telephone.
    fn member_at(&self, device: &str) -> Option<u32> {
        let nth = self.roster.iter().position(|member| member.has_device(device))?;
        u32::try_from(nth).ok()
    }
}

fn place<'a>(call: &'a Call, technician: &str) -> Place<'a> {
    match call.state {
        CallState::Ended | CallState::Missed => Place::Over,
        CallState::Consulting => Place::Consulting,
        CallState::Answered | CallState::Held | CallState::Transferred => match call.device.as_deref() {
            Some(device) if device != technician => Place::WithOther(device),
            _ => Place::WithTechnician,
        },
        CallState::Queued | CallState::Dialing | CallState::Ringing | CallState::Waiting | CallState::Voicemail => {
            Place::Nowhere
        }
    }
}
