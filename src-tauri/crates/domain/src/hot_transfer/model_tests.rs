//! The proof: random schedules on a small model of a PBX, with technicians who press anything, a telephone system that ignores,
//! refuses, loses and delays, snapshots that come late, twice or never, and programs that are started again in between.
//!
//! The model is as unforgiving as Asterisk: completing while the consulted person is not up **does** cut the caller off. What is
//! asserted at every step is in [`World::check`].

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::{
    tests::{call, consulting, member, policy, start},
    *,
};
use crate::{
    TicketId,
    call::{CallState, LineState},
    diagnosis::Diagnosis,
};
use jiff::SignedDuration;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

const MINE: &str = "SIP/6001";

/// Whom the caller is joined with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leg {
    Technician,
    Target(u32),
    /// The technician's own line broke while he consulted: the PBX rings somebody for him, or calls the technician back.
    Adrift,
    /// He hung up himself.
    HungUp,
    /// Somebody else's doing ended it: what must never be.
    Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Ringing,
    Up,
    Failed(CallCause),
}

/// The telephone system, as it is.
#[derive(Debug)]
struct Pbx {
    caller: Leg,
    consult: Option<(u32, Target)>,
    /// It does what it is asked for.
    obeys: bool,
}

impl Pbx {
    fn shown(&self) -> Call {
        match (self.caller, self.consult) {
            (Leg::HungUp | Leg::Cut, _) => call(CallState::Ended),
            (Leg::Adrift, _) => call(CallState::Waiting),
            (Leg::Target(nth), _) => {
                let mut call = call(CallState::Transferred);
                call.device = Some(device(nth));
                call.transferred_at = Some(start());
                call
            }
            (Leg::Technician, None) => call(CallState::Answered),
            (Leg::Technician, Some((nth, target))) => match target {
                Target::Ringing => consulting(&device(nth), false, None),
                Target::Up => consulting(&device(nth), true, None),
                Target::Failed(cause) => consulting(&device(nth), false, Some(cause)),
            },
        }
    }

    /// Carries an action out; what became of it.
    fn carry_out(&mut self, verb: &PbxVerb) -> ActionResult {
        if self.caller != Leg::Technician {
            return ActionResult::NotSent;
        }
        if !self.obeys && !matches!(verb, PbxVerb::AttachTicket { .. }) {
            return ActionResult::NoEffect;
        }
        match (verb, self.consult) {
            (PbxVerb::AttachTicket { .. }, _) => ActionResult::Done,
            (PbxVerb::Consult { extension }, None) => {
                let nth = extension.trim_start_matches("700").parse::<u32>().unwrap() - 1;
                self.consult = Some((nth, Target::Ringing));
                ActionResult::Done
            }
            (PbxVerb::Cancel, Some(_)) => {
                self.consult = None;
                ActionResult::Done
            }
            (PbxVerb::Complete { .. }, Some((nth, Target::Up))) => {
                self.consult = None;
                self.caller = Leg::Target(nth);
                ActionResult::Done
            }
            // Asterisk: the technician's leg is hung up, and there is nobody to be joined with.
            (PbxVerb::Complete { .. }, _) => {
                self.consult = None;
                self.caller = Leg::Cut;
                ActionResult::Done
            }
            _ => ActionResult::NotSent,
        }
    }
}

fn device(nth: u32) -> String {
    format!("SIP/700{}", nth + 1)
}

/// One thing that happens.
#[derive(Debug, Clone)]
enum Happening {
    TargetAnswers,
    TargetFails(CallCause),
    TargetHangsUp,
    CallerHangsUp,
    /// The technician's line breaks.
    LineBreaks,
    /// The PBX calls him back, and he answers.
    Recalled,
    /// Or somebody else answers first.
    Rescued(u32),
    /// The technician goes back by his own telephone's keys.
    KeyBack,
    /// Joins by his own telephone's keys, when they are up.
    KeyJoin,
    /// Consults by his own telephone's keys.
    KeyConsult(u32),
    /// Snapshots that wait are given in order: this many.
    Deliver(u8),
    /// One is lost.
    Drop,
    /// An old one is given again.
    Again(u8),
    Pass(u8),
    PbxLost,
    PbxBack,
    Restart,
    Obey(bool),
    /// The next action's answer is lost on the way (it may have been carried out or not).
    LoseAnswer(bool),
    Decide(Decision),
    Line(u32, LineState),
}

struct World {
    transfer: HotTransfer,
    pbx: Pbx,
    now: Timestamp,
    seq: u64,
    waiting: VecDeque<(u64, Call)>,
    given: Vec<(u64, Call)>,
    connected: bool,
    lose_answer: Option<bool>,
    /// The call as the machine was last shown it in this run and this connection.
    last_shown: Option<Call>,
    lines: BTreeMap<OperationId, TraceLine>,
    completes: u32,
}

fn unnumbered(name: &str) -> RosterMember {
    RosterMember {
        device: None,
        ..member(name, "")
    }
}

impl World {
    fn new(drivable: bool) -> Self {
        let mut briefing =
            Briefing::prefilled(Some(TicketId(7)), "VPN", BriefedCaller::default(), Diagnosis::default());
        briefing.diagnosis.affected = "une personne".into();
        let (transfer, effects) = HotTransfer::offer(
            OperationId::new(),
            &call(CallState::Answered),
            MINE,
            drivable,
            OfferReason::Vip,
            policy(),
            // Of the last nobody knows the number but the technician.
            vec![member("Ali", "7001"), member("Bea", "7002"), unnumbered("Cleo")],
            briefing,
            start(),
        );
        let mut world = Self {
            transfer,
            pbx: Pbx {
                caller: Leg::Technician,
                consult: None,
                obeys: true,
            },
            now: start(),
            seq: 0,
            waiting: VecDeque::new(),
            given: Vec::new(),
            connected: true,
            lose_answer: None,
            last_shown: Some(call(CallState::Answered)),
            lines: BTreeMap::new(),
            completes: 0,
        };
        world.take(effects, true);
        world
    }

    fn changed(&mut self) {
        self.seq += 1;
        if self.connected {
            self.waiting.push_back((self.seq, self.pbx.shown()));
        }
    }

    fn give(&mut self, seq: u64, call: Call) {
        let newer = self.given.iter().all(|(given, _)| *given < seq);
        if newer {
            self.last_shown = Some(call.clone());
        }
        self.given.push((seq, call.clone()));
        let call = Box::new(call);
        let effects = self.transfer.observe(Observation::Call { call, seq }, self.now);
        self.take(effects, false);
    }

    /// Carries effects out as the shell is told to.
    fn take(&mut self, effects: Vec<Effect>, decided: bool) {
        for effect in effects {
            match effect {
                Effect::Trace { line } => {
                    let known = self.lines.insert(line.operation_id(), (*line).clone());
                    assert!(known.is_none_or(|known| known == *line), "one identity, one line");
                }
                Effect::Ask { action } => self.asked(&action, decided),
                _ => {}
            }
        }
    }

    fn asked(&mut self, action: &PbxAction, decided: bool) {
        assert!(
            self.connected,
            "nothing is asked of a PBX that is out of sight: {action:?}"
        );
        assert!(self.last_shown.is_some(), "nothing is asked unseen: {action:?}");
        assert!(action.not_after > self.now && action.not_after <= self.now + SignedDuration::from_secs(5));
        if let PbxVerb::Complete { .. } = action.verb {
            assert!(decided, "only the technician's decision completes");
            let shown = self.last_shown.as_ref().unwrap();
            let consultation = shown.consultation.as_ref().expect("a consultation is shown");
            assert!(consultation.answered_at.is_some() && consultation.failed.is_none() && shown.capabilities.complete);
            self.completes += 1;
            // The last look belongs to the adapter: what happened and was not delivered yet is seen there.
            if !self.pbx.shown().capabilities.complete {
                assert!(
                    !self.waiting.is_empty() || self.seq > self.given.iter().map(|(seq, _)| *seq).max().unwrap_or(0)
                );
                self.answer(action.number, ActionResult::NotSent);
                return;
            }
        }
        match self.lose_answer.take() {
            None => {
                let result = self.pbx.carry_out(&action.verb);
                self.changed();
                self.answer(action.number, result);
            }
            Some(carried_out) => {
                if carried_out {
                    self.pbx.carry_out(&action.verb);
                    self.changed();
                }
                self.answer(action.number, ActionResult::Unknown);
            }
        }
    }

    fn answer(&mut self, number: u32, result: ActionResult) {
        // Twice: the second changes nothing.
        let effects = self.transfer.observe(Observation::Action { number, result }, self.now);
        self.take(effects, false);
        let before = self.transfer.clone();
        let again = self.transfer.observe(Observation::Action { number, result }, self.now);
        assert!(again.is_empty() && before == self.transfer);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::TargetAnswers => {
                if let Some((_, target @ Target::Ringing)) = &mut self.pbx.consult {
                    *target = Target::Up;
                    self.changed();
                }
            }
            Happening::TargetFails(cause) => {
                if let Some((_, target @ Target::Ringing)) = &mut self.pbx.consult {
                    *target = Target::Failed(cause);
                    self.changed();
                }
            }
            Happening::TargetHangsUp => match (self.pbx.caller, self.pbx.consult) {
                (Leg::Technician, Some((nth, Target::Up))) => {
                    self.pbx.consult = Some((nth, Target::Failed(CallCause::Normal)));
                    self.changed();
                }
                // Once handed over, the conversation is theirs.
                (Leg::Target(_), _) => {
                    self.pbx.caller = Leg::HungUp;
                    self.changed();
                }
                _ => {}
            },
            Happening::CallerHangsUp => {
                if self.pbx.caller != Leg::Cut {
                    self.pbx.caller = Leg::HungUp;
                    self.pbx.consult = None;
                    self.changed();
                }
            }
            Happening::LineBreaks => {
                if self.pbx.caller == Leg::Technician && self.pbx.consult.take().is_some() {
                    self.pbx.caller = Leg::Adrift;
                    self.changed();
                }
            }
            Happening::Recalled => {
                if self.pbx.caller == Leg::Adrift {
                    self.pbx.caller = Leg::Technician;
                    self.changed();
                }
            }
            Happening::Rescued(nth) => {
                if self.pbx.caller == Leg::Adrift {
                    self.pbx.caller = Leg::Target(nth);
                    self.changed();
                }
            }
            Happening::KeyBack => {
                if self.pbx.caller == Leg::Technician && self.pbx.consult.take().is_some() {
                    self.changed();
                }
            }
            Happening::KeyJoin => {
                if let (Leg::Technician, Some((nth, Target::Up))) = (self.pbx.caller, self.pbx.consult) {
                    self.pbx.caller = Leg::Target(nth);
                    self.pbx.consult = None;
                    self.changed();
                }
            }
            Happening::KeyConsult(nth) => {
                if self.pbx.caller == Leg::Technician && self.pbx.consult.is_none() {
                    self.pbx.consult = Some((nth, Target::Ringing));
                    self.changed();
                }
            }
            Happening::Deliver(count) => {
                for _ in 0..count {
                    if let Some((seq, call)) = self.waiting.pop_front() {
                        self.give(seq, call);
                    }
                }
            }
            Happening::Drop => {
                self.waiting.pop_front();
            }
            Happening::Again(which) => {
                if let Some((seq, call)) = self.given.get(usize::from(which) % self.given.len().max(1)).cloned() {
                    let before = self.transfer.clone();
                    self.give(seq, call);
                    assert_eq!(self.transfer, before, "what is old changes nothing");
                }
            }
            Happening::Pass(seconds) => {
                self.now += SignedDuration::from_secs(i64::from(seconds));
                let effects = self.transfer.observe(Observation::Tick, self.now);
                self.take(effects, false);
            }
            Happening::PbxLost => self.lose(),
            Happening::PbxBack => self.reconnect(),
            Happening::Restart => {
                let stored = serde_json::to_string(&self.transfer).unwrap();
                self.transfer = serde_json::from_str(&stored).unwrap();
                let effects = self.transfer.resume();
                assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
                self.forget();
                self.connected = false;
                self.take(effects, false);
            }
            Happening::Obey(obeys) => self.pbx.obeys = obeys,
            Happening::LoseAnswer(carried_out) => self.lose_answer = Some(carried_out),
            Happening::Decide(decision) => {
                let before = self.transfer.clone();
                match self.transfer.decide(decision, self.now) {
                    Ok(effects) => self.take(effects, true),
                    Err(_) => assert_eq!(self.transfer, before, "a refusal changes nothing"),
                }
            }
            Happening::Line(nth, state) => {
                let device = device(nth);
                let effects = self.transfer.observe(Observation::Line { device, state }, self.now);
                assert!(effects.is_empty());
            }
        }
        self.check();
    }

    fn forget(&mut self) {
        self.waiting.clear();
        self.given.clear();
        self.last_shown = None;
        self.seq = 0;
    }

    fn lose(&mut self) {
        self.connected = false;
        self.waiting.clear();
        self.last_shown = None;
        let effects = self.transfer.observe(Observation::PbxLost, self.now);
        assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
        self.take(effects, false);
    }

    fn reconnect(&mut self) {
        if !self.connected {
            self.connected = true;
            let effects = self.transfer.observe(Observation::PbxBack, self.now);
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Ask { .. })));
            self.take(effects, false);
            self.changed();
        }
    }

    /// What holds at every step.
    fn check(&self) {
        assert_ne!(self.pbx.caller, Leg::Cut, "nobody but the caller ends his call");
        for (number, line) in self.transfer.trace.iter().enumerate() {
            assert_eq!(usize::from(line.number), number + 1);
            assert!(
                self.lines.contains_key(&line.operation_id()),
                "every line was handed over"
            );
        }
        assert_eq!(self.lines.len(), self.transfer.trace.len());
        // A completion that the telephone system witnessed is one.
        let last = self.transfer.trace.last().unwrap();
        if let (State::Completed { .. }, Witness::Pbx) = (&self.transfer.state, last.witness) {
            assert!(
                matches!(self.pbx.caller, Leg::Target(_) | Leg::HungUp),
                "{:?}",
                self.pbx.caller
            );
        }
        // From every state that is no end the technician gets back to the caller, by hand if need be.
        if !self.transfer.state.is_end() {
            let mut exit = self.transfer.clone();
            exit.decide(Decision::Return, self.now).unwrap();
            if !exit.state.is_end() {
                let what = Happened::BackWithCaller;
                exit.decide(Decision::Confirm { what }, self.now).unwrap();
            }
            assert!(matches!(exit.state, State::Returned { .. }), "{:?}", exit.state);
        }
    }

    /// Everything is in order again, but for a PBX that may still ignore what it is asked for, and the technician wants his
    /// caller back: he gets him, by hand if need be.
    fn settle(&mut self, obeys: bool) {
        self.pbx.obeys = obeys;
        self.lose_answer = None;
        self.reconnect();
        self.happen(Happening::Recalled);
        // The last snapshot may be among those dropped: the tracker shows the call again on any event.
        self.changed();
        for round in 0..6 {
            self.happen(Happening::Deliver(200));
            if self.transfer.state.is_end() {
                break;
            }
            if round == 0 {
                self.happen(Happening::Decide(Decision::Return));
            }
            self.happen(Happening::Deliver(200));
            self.happen(Happening::Pass(9));
            // What Guichet cannot do the technician is told to do.
            if matches!(self.transfer.state, State::Returning { told: true, .. }) {
                self.happen(Happening::KeyBack);
                self.changed();
                if !self.transfer.state.is_end() && self.pbx.shown().state == CallState::Answered {
                    let what = Happened::BackWithCaller;
                    self.happen(Happening::Decide(Decision::Confirm { what }));
                }
            }
        }
        self.happen(Happening::Deliver(200));
        assert!(self.transfer.state.is_end(), "{:?}", self.transfer.state);
        if let State::CallerLeft { .. } = self.transfer.state
            && self.transfer.trace.last().unwrap().witness == Witness::Pbx
        {
            assert_eq!(self.pbx.caller, Leg::HungUp);
        }
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    let cause = prop::sample::select(vec![
        CallCause::Busy,
        CallCause::NoAnswer,
        CallCause::Rejected,
        CallCause::Congestion,
    ]);
    let what = prop::sample::select(vec![
        Happened::Answered,
        Happened::NoAnswer,
        Happened::Busy,
        Happened::Refused,
        Happened::BackWithCaller,
        Happened::Joined,
        Happened::CallerLeft,
    ]);
    let decision = prop_oneof![
        4 => prop::option::of(0..4_u32).prop_map(|nth| Decision::Consult { nth }),
        6 => Just(Decision::Briefed),
        6 => Just(Decision::Complete),
        2 => Just(Decision::Next),
        1 => Just(Decision::Return),
        1 => Just(Decision::FallBack),
        1 => Just(Decision::Decline { reason: "inutile".into() }),
        2 => what.prop_map(|what| Decision::Confirm { what }),
    ];
    let line = prop::sample::select(vec![LineState::Free, LineState::Busy, LineState::Ringing]);
    prop_oneof![
        12 => decision.prop_map(Happening::Decide),
        8 => Just(Happening::TargetAnswers),
        3 => cause.prop_map(Happening::TargetFails),
        2 => Just(Happening::TargetHangsUp),
        1 => Just(Happening::CallerHangsUp),
        1 => Just(Happening::LineBreaks),
        2 => Just(Happening::Recalled),
        1 => (0..3_u32).prop_map(Happening::Rescued),
        2 => Just(Happening::KeyBack),
        1 => Just(Happening::KeyJoin),
        1 => (0..3_u32).prop_map(Happening::KeyConsult),
        16 => (1..4_u8).prop_map(Happening::Deliver),
        1 => Just(Happening::Drop),
        2 => any::<u8>().prop_map(Happening::Again),
        5 => (0..25_u8).prop_map(Happening::Pass),
        1 => Just(Happening::PbxLost),
        3 => Just(Happening::PbxBack),
        1 => Just(Happening::Restart),
        1 => any::<bool>().prop_map(Happening::Obey),
        1 => any::<bool>().prop_map(Happening::LoseAnswer),
        1 => (0..3_u32, line).prop_map(|(nth, state)| Happening::Line(nth, state)),
    ]
}

/// Anything, and in between the way a transfer is meant to go, which anything may still cross: without it schedules of this
/// length would hardly ever come to a completion.
fn schedule() -> impl Strategy<Value = Vec<Happening>> {
    let meant = prop::option::of(0..3_u32).prop_map(|nth| {
        vec![
            Happening::Decide(Decision::Consult { nth }),
            Happening::Deliver(3),
            Happening::TargetAnswers,
            Happening::Deliver(3),
            Happening::Decide(Decision::Briefed),
            Happening::Decide(Decision::Complete),
        ]
    });
    let crossed = (meant, prop::collection::vec((0..7_usize, happening()), 0..3)).prop_map(|(mut meant, others)| {
        for (place, other) in others {
            meant.insert(place.min(meant.len()), other);
        }
        meant
    });
    let part = prop_oneof![
        3 => prop::collection::vec(happening(), 1..6),
        1 => crossed,
    ];
    prop::collection::vec(part, 1..12).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_but_a_completion_or_the_caller_himself_ends_his_call(
        drivable in prop::bool::weighted(0.85),
        obeys_in_the_end in any::<bool>(),
        schedule in schedule(),
    ) {
        let mut world = World::new(drivable);
        for happening in schedule {
            world.happen(happening);
        }
        world.settle(obeys_in_the_end);
    }
}

/// The model itself: without the machine's care it does cut callers off, so that the property above can fail.
#[test]
fn the_model_cuts_the_caller_off_when_completed_too_early() {
    let mut pbx = Pbx {
        caller: Leg::Technician,
        consult: Some((0, Target::Ringing)),
        obeys: true,
    };
    pbx.carry_out(&PbxVerb::Complete { consulted: None });
    assert_eq!(pbx.caller, Leg::Cut);
}

/// And schedules do reach completions, by the machine's asking, over and over.
#[test]
fn the_schedules_reach_completions() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let strategy = schedule();
    let mut completed = 0;
    for _ in 0..300 {
        let mut world = World::new(true);
        for happening in strategy.new_tree(&mut runner).unwrap().current() {
            world.happen(happening);
        }
        completed += world.completes;
    }
    assert!(completed >= 20, "{completed} of 300");
}
