//! The hot transfer step by step, and each trap by name.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    TicketId,
    call::{CallCapabilities, CallState, Consultation, Direction, LineState, RemoteParty},
    diagnosis::{Diagnosis, DiagnosisField},
    operation::Operation,
    ticket::Level,
    wording::testing::Catalogue,
};
use jiff::{SignedDuration, tz::TimeZone};
use std::collections::BTreeMap;

const MINE: &str = "SIP/6001";

pub(super) fn start() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

pub(super) fn policy() -> HotTransferPolicy {
    HotTransferPolicy {
        vip: true,
        priority_at_least: Some(Level(5)),
        mandatory: [DiagnosisField::Symptom, DiagnosisField::Affected].into(),
        action_timeout_s: 8,
        call_back_s: 900,
        call_back_owner: "Support N2".into(),
        by_hand: ByHandTexts::default(),
    }
}

pub(super) fn member(name: &str, extension: &str) -> RosterMember {
    RosterMember {
        name: name.into(),
        group: "Support N2".into(),
        extension: extension.into(),
        device: Some(format!("SIP/{extension}")),
        ring_s: 20,
        on_duty: true,
        line: None,
        tried: None,
    }
}

pub(super) fn call(state: CallState) -> Call {
    Call {
        source: CallSource("asterisk".into()),
        id: "c1".into(),
        ids: ["c1".into()].into(),
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612340013", "Claire Fontaine", "FR"),
        state,
        queue: Some("support".into()),
        ringing: BTreeSet::new(),
        device: Some(MINE.into()),
        agent: None,
        answered_by: Some(MINE.into()),
        consultation: None,
        started_at: start(),
        queued_at: None,
        ringing_at: None,
        answered_at: Some(start()),
        transferred_at: None,
        voicemail_at: None,
        ended_at: None,
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities {
            consult: state == CallState::Answered,
            ..CallCapabilities::default()
        },
    }
}

pub(super) fn consulting(device: &str, answered: bool, failed: Option<CallCause>) -> Call {
    Call {
        consultation: Some(Consultation {
            device: Some(device.into()),
            agent: None,
            since: start(),
            answered_at: answered.then(start),
            failed,
        }),
        capabilities: CallCapabilities {
            cancel: true,
            complete: answered && failed.is_none(),
            ..CallCapabilities::default()
        },
        ..call(CallState::Consulting)
    }
}

fn briefing() -> Briefing {
    Briefing::prefilled(
        Some(TicketId(4821)),
        "VPN coupé",
        BriefedCaller {
            name: "Claire Fontaine".into(),
            number: "06 12 34 00 13".into(),
            vip: true,
            site: "Mairie".into(),
        },
        Diagnosis {
            affected: "une personne".into(),
            ..Diagnosis::default()
        },
    )
}

/// A transfer with its clock and the number of the next snapshot.
struct Scene {
    transfer: HotTransfer,
    now: Timestamp,
    seq: u64,
}

impl Scene {
    fn new(drivable: bool) -> Self {
        let (transfer, effects) = HotTransfer::offer(
            OperationId::new(),
            &call(CallState::Answered),
            MINE,
            drivable,
            OfferReason::Vip,
            policy(),
            vec![member("Ali", "7001"), member("Bea", "7002")],
            briefing(),
            start(),
        );
        assert_eq!(steps(&effects), ["offered"]);
        Self {
            transfer,
            now: start(),
            seq: 0,
        }
    }

    fn pass(&mut self, seconds: i64) -> Vec<Effect> {
        self.now += SignedDuration::from_secs(seconds);
        self.transfer.observe(Observation::Tick, self.now)
    }

    fn see(&mut self, call: Call) -> Vec<Effect> {
        self.seq += 1;
        let call = Box::new(call);
        self.transfer
            .observe(Observation::Call { call, seq: self.seq }, self.now)
    }

    fn decide(&mut self, decision: Decision) -> Vec<Effect> {
        self.transfer.decide(decision, self.now).unwrap()
    }

    fn refused(&mut self, decision: Decision) -> HotTransferError {
        let before = self.transfer.clone();
        let error = self.transfer.decide(decision, self.now).unwrap_err();
        assert_eq!(self.transfer, before, "a refusal changes nothing");
        error
    }

    fn confirm(&mut self, what: Happened) -> Vec<Effect> {
        self.decide(Decision::Confirm { what })
    }

    fn result(&mut self, number: u32, result: ActionResult) -> Vec<Effect> {
        self.transfer.observe(Observation::Action { number, result }, self.now)
    }

    fn state(&self) -> &State {
        &self.transfer.state
    }
}

fn steps(effects: &[Effect]) -> Vec<&'static str> {
    let lines = effects.iter().filter_map(|effect| match effect {
        Effect::Trace { line } => Some(line.step.name()),
        _ => None,
    });
    lines.collect()
}

fn verbs(effects: &[Effect]) -> Vec<&PbxVerb> {
    let verbs = effects.iter().filter_map(|effect| match effect {
        Effect::Ask { action } => Some(&action.verb),
        _ => None,
    });
    verbs.collect()
}

fn number(effects: &[Effect]) -> u32 {
    let mut numbers = effects.iter().filter_map(|effect| match effect {
        Effect::Ask { action } => Some(action.number),
        _ => None,
    });
    numbers.next_back().unwrap()
}

fn instructs(effects: &[Effect]) -> Vec<HandStep> {
    let steps = effects.iter().filter_map(|effect| match effect {
        Effect::Instruct { step, .. } => Some(*step),
        _ => None,
    });
    steps.collect()
}

fn consult_to(effects: &[Effect]) -> Option<&str> {
    verbs(effects).into_iter().find_map(|verb| match verb {
        PbxVerb::Consult { extension } => Some(extension.as_str()),
        _ => None,
    })
}

#[test]
fn the_first_does_not_answer_the_second_does() {
    let mut scene = Scene::new(true);
    let effects = scene.decide(Decision::Consult { nth: None });
    assert_eq!(steps(&effects), ["briefing", "consulting"]);
    assert_eq!(
        verbs(&effects)[0],
        &PbxVerb::AttachTicket { ticket: TicketId(4821) },
        "the ticket's number travels with the call"
    );
    assert_eq!(consult_to(&effects), Some("7001"));
    let effects = scene.see(consulting("SIP/7001", false, None));
    assert_eq!(steps(&effects), ["rings"]);
    assert!(
        matches!(effects.last(), Some(Effect::RaiseBriefing { nth: 0, device: Some(device), .. }) if device == "SIP/7001")
    );
    assert!(scene.pass(19).is_empty());
    let effects = scene.pass(1);
    assert_eq!(verbs(&effects), [&PbxVerb::Cancel]);
    assert_eq!(scene.transfer.roster[0].tried, Some(Outcome::NoAnswer));
    let effects = scene.see(call(CallState::Answered));
    assert_eq!(
        steps(&effects),
        ["back_with_caller", "consulting"],
        "the briefing is there already"
    );
    assert_eq!(consult_to(&effects), Some("7002"));
    scene.see(consulting("SIP/7002", false, None));
    let effects = scene.see(consulting("SIP/7002", true, None));
    assert_eq!(steps(&effects), ["answered"]);
    assert_eq!(
        scene.refused(Decision::Complete),
        HotTransferError::WrongState { state: "consulting" },
        "nobody is joined without a briefing"
    );
    scene.decide(Decision::Briefed);
    let effects = scene.decide(Decision::Complete);
    assert_eq!(
        verbs(&effects),
        [&PbxVerb::Complete {
            consulted: Some("SIP/7002".into())
        }]
    );
    let mut joined = call(CallState::Transferred);
    joined.device = Some("SIP/7002".into());
    let effects = scene.see(joined.clone());
    assert_eq!(steps(&effects), ["completed"]);
    assert!(matches!(scene.state(), State::Completed { nth: Some(1), .. }));
    assert!(scene.see(joined).is_empty(), "said once");
}

#[test]
fn busy_leaves_the_technician_in_the_consultation_so_it_is_cancelled_before_the_next() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    let effects = scene.see(consulting("SIP/7001", false, Some(CallCause::Busy)));
    assert_eq!(verbs(&effects), [&PbxVerb::Cancel]);
    assert_eq!(scene.transfer.roster[0].tried, Some(Outcome::Busy));
    assert!(
        scene
            .see(consulting("SIP/7001", false, Some(CallCause::Busy)))
            .is_empty()
    );
    assert_eq!(consult_to(&scene.see(call(CallState::Answered))), Some("7002"));
}

#[test]
fn when_nobody_is_left_somebody_calls_back_and_the_technician_stays() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", false, Some(CallCause::Rejected)));
    scene.see(call(CallState::Answered));
    scene.see(consulting("SIP/7002", false, Some(CallCause::Busy)));
    let effects = scene.see(call(CallState::Answered));
    assert_eq!(steps(&effects), ["back_with_caller", "fell_back"]);
    assert!(verbs(&effects).is_empty(), "the caller is not touched");
    let State::FellBack { call_back, .. } = scene.state() else {
        panic!("{:?}", scene.state());
    };
    assert_eq!(call_back.due, scene.now + SignedDuration::from_mins(15));
    assert_eq!(call_back.ticket, Some(TicketId(4821)));
    assert_eq!(
        call_back.owner,
        crate::wrap_up::Owner::Group {
            name: "Support N2".into()
        }
    );
    let again = scene.transfer.resume();
    assert!(
        again
            .iter()
            .any(|effect| matches!(effect, Effect::CallBack { call_back: same } if **same == *call_back_of(&scene)))
    );
}

fn call_back_of(scene: &Scene) -> &CallBack {
    match &scene.transfer.state {
        State::FellBack { call_back, .. } | State::CallerLeft { call_back, .. } => call_back,
        other => panic!("{other:?}"),
    }
}

#[test]
fn who_is_off_duty_or_busy_is_not_called_by_himself() {
    let mut scene = Scene::new(true);
    scene.transfer.roster[0].on_duty = false;
    assert_eq!(scene.transfer.next_free(), Some(1));
    scene.transfer.observe(
        Observation::Line {
            device: "SIP/7002".into(),
            state: LineState::Busy,
        },
        scene.now,
    );
    assert_eq!(scene.transfer.next_free(), None);
    let effects = scene.decide(Decision::Consult { nth: Some(0) });
    assert_eq!(consult_to(&effects), Some("7001"), "the technician may know better");
}

#[test]
fn who_has_no_number_is_called_by_the_technicians_own_hand_and_the_pbx_shows_the_rest() {
    let mut scene = Scene::new(true);
    scene.transfer.roster[0].extension.clear();
    scene.transfer.roster[0].device = None;
    let effects = scene.decide(Decision::Consult { nth: None });
    assert!(verbs(&effects).is_empty());
    assert_eq!(instructs(&effects), [HandStep::Consult]);
    assert!(scene.pass(20).is_empty(), "dialling takes a moment");
    assert_eq!(steps(&scene.see(consulting("SIP/7009", true, None))), ["answered"]);
    scene.decide(Decision::Briefed);
    assert_eq!(
        verbs(&scene.decide(Decision::Complete)).len(),
        1,
        "joining the PBX can do"
    );
}

#[test]
fn the_briefing_names_what_it_lacks_before_anybody_is_called() {
    let mut scene = Scene::new(true);
    let mut short = briefing();
    assert_eq!(short.diagnosis.symptom, "VPN coupé", "filled from the title");
    short.diagnosis.affected = "  ".into();
    scene.transfer.brief(short);
    assert_eq!(
        scene.refused(Decision::Consult { nth: None }),
        HotTransferError::BriefingIncomplete {
            missing: vec![DiagnosisField::Affected]
        }
    );
    scene.transfer.brief(briefing());
    assert!(!scene.decide(Decision::Consult { nth: None }).is_empty());
}

#[test]
fn completing_while_nobody_is_up_would_cut_the_caller_off_and_is_refused() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", false, None));
    scene.confirm(Happened::Answered);
    scene.decide(Decision::Briefed);
    assert_eq!(
        scene.refused(Decision::Complete),
        HotTransferError::NotUp,
        "whatever the technician says, the PBX shows that it still rings"
    );
    scene.see(consulting("SIP/7001", true, None));
    assert_eq!(verbs(&scene.decide(Decision::Complete)).len(), 1);
}

#[test]
fn an_action_without_effect_goes_on_by_hand() {
    let mut scene = Scene::new(true);
    let effects = scene.decide(Decision::Consult { nth: None });
    let effects = scene.result(number(&effects), ActionResult::NoEffect);
    assert_eq!(steps(&effects), ["by_hand"]);
    assert_eq!(instructs(&effects), [HandStep::Consult]);
    scene.confirm(Happened::Answered);
    scene.decide(Decision::Briefed);
    assert_eq!(instructs(&scene.decide(Decision::Complete)), [HandStep::Join]);
    scene.confirm(Happened::Joined);
    assert!(matches!(scene.state(), State::Completed { nth: Some(0), .. }));
}

#[test]
fn a_refused_consultation_leaves_the_technician_with_the_caller() {
    let mut scene = Scene::new(true);
    let effects = scene.decide(Decision::Consult { nth: None });
    let asked = number(&effects);
    scene.result(asked - 1, ActionResult::Refused);
    assert!(
        matches!(scene.state(), State::Consulting { .. }),
        "that was another action"
    );
    scene.result(asked, ActionResult::Refused);
    assert_eq!(*scene.state(), State::WithCaller);
    assert_eq!(consult_to(&scene.decide(Decision::Next)), Some("7002"));
}

#[test]
fn a_lost_pbx_is_told_and_nothing_is_asked_of_it_later() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", true, None));
    scene.decide(Decision::Briefed);
    let effects = scene.transfer.observe(Observation::PbxLost, scene.now);
    assert_eq!(steps(&effects), ["pbx_lost"]);
    let effects = scene.decide(Decision::Complete);
    assert!(verbs(&effects).is_empty());
    assert_eq!(instructs(&effects), [HandStep::Join]);
    let effects = scene.transfer.observe(Observation::PbxBack, scene.now);
    assert!(verbs(&effects).is_empty(), "a late transfer is a wrong one");
    assert!(verbs(&scene.pass(600)).is_empty());
    assert!(verbs(&scene.see(consulting("SIP/7001", true, None))).is_empty());
    scene.decide(Decision::Return);
    assert!(matches!(scene.state(), State::Returning { asked: true, .. }));
}

#[test]
fn a_program_started_again_asks_nothing_and_writes_each_line_once() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", false, None));
    let stored = serde_json::to_string(&scene.transfer).unwrap();
    let before = scene.transfer.trace.clone();
    scene.transfer = serde_json::from_str(&stored).unwrap();
    let effects = scene.transfer.resume();
    assert!(verbs(&effects).is_empty());
    let again: Vec<TraceLine> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Trace { line } => Some((**line).clone()),
            _ => None,
        })
        .collect();
    assert_eq!(again, before, "under the identities they had");
    let ids: BTreeSet<_> = again.iter().map(TraceLine::operation_id).collect();
    assert_eq!(ids.len(), again.len());
    assert!(verbs(&scene.pass(60)).is_empty(), "out of sight: said, not done");
    assert!(matches!(scene.state(), State::Returning { told: true, .. }));
    scene.seq = 0;
    scene.transfer.observe(Observation::PbxBack, scene.now);
    assert_eq!(
        verbs(&scene.see(consulting("SIP/7001", false, None))),
        [&PbxVerb::Cancel],
        "the way back is asked for once the PBX shows that it is needed"
    );
}

#[test]
fn the_way_back_that_has_no_effect_is_told_by_hand() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", true, None));
    let effects = scene.decide(Decision::Return);
    let effects = scene.result(number(&effects), ActionResult::NoEffect);
    assert_eq!(instructs(&effects), [HandStep::TakeBack]);
    scene.confirm(Happened::BackWithCaller);
    assert!(matches!(scene.state(), State::Returned { .. }));
}

#[test]
fn a_caller_who_hangs_up_during_it_is_called_back_and_before_it_is_not() {
    let mut scene = Scene::new(true);
    let effects = scene.see(call(CallState::Ended));
    assert_eq!(steps(&effects), ["not_begun"]);
    assert!(matches!(scene.state(), State::Declined { .. }));
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", true, None));
    scene.see(call(CallState::Ended));
    assert_eq!(
        call_back_of(&scene).reason,
        crate::wrap_up::CallBackReason::LeftDuringTransfer
    );
}

#[test]
fn what_ended_out_of_sight_is_asked_not_guessed() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", true, None));
    scene.decide(Decision::Briefed);
    let mut gone = call(CallState::Ended);
    gone.cause = Some(CallCause::Unseen);
    let effects = scene.see(gone);
    assert_eq!(steps(&effects), ["unclear"]);
    assert_eq!(*scene.state(), State::Unsure { nth: Some(0) });
    scene.confirm(Happened::Joined);
    assert!(matches!(scene.state(), State::Completed { nth: Some(0), .. }));
}

#[test]
fn a_caller_with_nobody_is_an_alarm() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", true, None));
    let effects = scene.see(call(CallState::Waiting));
    assert_eq!(steps(&effects), ["caller_alone"]);
    assert_eq!(instructs(&effects), [HandStep::TakeBack]);
    assert!(scene.see(call(CallState::Waiting)).is_empty(), "said once");
    scene.see(call(CallState::Answered));
    assert_eq!(*scene.state(), State::WithCaller);
}

#[test]
fn by_hand_the_same_steps_are_instructions_and_confirmations() {
    let mut scene = Scene::new(false);
    let effects = scene.decide(Decision::Consult { nth: None });
    assert!(verbs(&effects).is_empty());
    assert_eq!(instructs(&effects), [HandStep::Consult]);
    assert!(
        scene.see(call(CallState::Answered)).is_empty(),
        "such a telephone does not tell of the consultation"
    );
    assert_eq!(instructs(&scene.confirm(Happened::Busy)), [HandStep::TakeBack]);
    let effects = scene.confirm(Happened::BackWithCaller);
    assert!(effects.contains(&Effect::Tell {
        notice: Notice::NextIsReady
    }));
    scene.decide(Decision::Next);
    let effects = scene.pass(28);
    assert_eq!(instructs(&effects), [HandStep::TakeBack], "it rang long enough");
    scene.confirm(Happened::Answered);
    assert!(
        matches!(
            scene.state(),
            State::Consulting {
                nth: 1,
                phase: ConsultPhase::Talking,
                ..
            }
        ),
        "at the last moment"
    );
    scene.decide(Decision::Briefed);
    assert_eq!(instructs(&scene.decide(Decision::Complete)), [HandStep::Join]);
    let effects = scene.see(call(CallState::Ended));
    assert_eq!(steps(&effects), ["unclear"], "its own leg is over: joined, or cut?");
    scene.confirm(Happened::Joined);
    assert!(matches!(scene.state(), State::Completed { nth: Some(1), .. }));
}

#[test]
fn a_ticket_that_gets_its_number_is_no_other_briefing() {
    let mut scene = Scene::new(true);
    scene.transfer.set_ticket(TicketId(-2));
    let effects = scene.decide(Decision::Consult { nth: None });
    assert_eq!(verbs(&effects).len(), 1, "a number of this desk alone is not attached");
    scene.see(consulting("SIP/7001", false, Some(CallCause::Busy)));
    scene.transfer.set_ticket(TicketId(4821));
    let effects = scene.see(call(CallState::Answered));
    assert_eq!(steps(&effects), ["back_with_caller", "consulting"]);
    assert_eq!(verbs(&effects).len(), 2);
    scene.see(call(CallState::Ended));
    scene.transfer.set_ticket(TicketId(4822));
    assert_eq!(call_back_of(&scene).ticket, Some(TicketId(4822)));
}

#[test]
fn an_instruction_names_whom_to_call_and_at_which_number() {
    let mut scene = Scene::new(false);
    scene.transfer.policy.by_hand.consult = crate::wording::Text {
        fr: "R puis {extension} pour {name}".into(),
        en: "R then {extension} for {name}".into(),
    };
    let said = |scene: &Scene, nth| {
        let language = crate::wording::Language::Fr;
        scene.transfer.instruction(HandStep::Consult, nth, language)
    };
    assert_eq!(said(&scene, Some(1)), "R puis 7002 pour Bea");
    scene.transfer.roster[1].extension.clear();
    assert_eq!(said(&scene, Some(1)), "R puis Bea pour Bea");
}

#[test]
fn who_answered_and_hangs_up_has_left_and_the_way_back_is_asked_for() {
    let mut scene = Scene::new(true);
    scene.decide(Decision::Consult { nth: None });
    scene.see(consulting("SIP/7001", true, None));
    scene.decide(Decision::Briefed);
    let effects = scene.see(consulting("SIP/7001", true, Some(CallCause::Normal)));
    assert_eq!(scene.transfer.roster[0].tried, Some(Outcome::Left));
    assert_eq!(verbs(&effects), [&PbxVerb::Cancel]);
}

#[test]
fn declining_needs_a_reason() {
    let mut scene = Scene::new(true);
    assert_eq!(
        scene.refused(Decision::Decline { reason: " ".into() }),
        HotTransferError::NoReason
    );
    let effects = scene.decide(Decision::Decline {
        reason: "résolu aussitôt".into(),
    });
    assert_eq!(steps(&effects), ["declined"]);
    assert_eq!(
        scene.refused(Decision::Consult { nth: None }),
        HotTransferError::WrongState { state: "declined" }
    );
}

#[test]
fn the_policy_says_who_is_offered_it() {
    let policy = policy();
    assert_eq!(policy.reason(true, Level(2)), Some(OfferReason::Vip));
    assert_eq!(policy.reason(false, Level(5)), Some(OfferReason::Critical));
    assert_eq!(policy.reason(true, Level(6)), Some(OfferReason::VipAndCritical));
    assert_eq!(policy.reason(false, Level(4)), None);
    let none = HotTransferPolicy {
        vip: false,
        priority_at_least: None,
        ..policy
    };
    assert_eq!(none.reason(true, Level(6)), None);
}

#[test]
fn the_pbx_shows_hold_before_and_after_a_consultation() {
    // Recording 04: Held, ConsultRinging, TransferCancelled (still on hold), Resumed.
    let mut scene = Scene::new(true);
    let held = || Call {
        capabilities: CallCapabilities {
            consult: true,
            ..CallCapabilities::default()
        },
        ..call(CallState::Held)
    };
    scene.decide(Decision::Consult { nth: None });
    assert!(scene.see(held()).is_empty(), "that is how it begins, not how it ends");
    scene.see(consulting("SIP/7001", false, None));
    scene.pass(20);
    assert_eq!(consult_to(&scene.see(held())), Some("7002"));
    assert!(scene.see(call(CallState::Answered)).is_empty());
    assert!(matches!(scene.state(), State::Consulting { nth: 1, .. }));
}

#[test]
fn the_consulted_side_finds_the_latest_briefing_in_the_ticket() {
    use crate::{
        timeline::{EntryDetail, EntryKey, EntryKind, TimelineEntry},
        wording::Phrases,
    };
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let entry = |id: i64, private, text: &str| TimelineEntry {
        key: EntryKey {
            kind: EntryKind::Followup,
            id,
        },
        ticket: TicketId(7),
        author: None,
        at: start() + SignedDuration::from_secs(id),
        updated_at: start(),
        body: crate::rich_text::RichText::from_html(&crate::rich_text::RichText::from_plain(text).to_html()),
        private,
        detail: EntryDetail::Followup { channel: None },
    };
    let line = |step, phrases: &dyn Phrases| {
        let line = TraceLine {
            transfer: OperationId::new(),
            number: 2,
            at: start(),
            witness: Witness::Technician,
            step,
        };
        line.text(phrases, &paris)
    };
    for phrases in Catalogue::both() {
        let briefing = || Step::Briefing {
            briefing: Box::new(briefing()),
        };
        let timeline = [
            entry(3, true, &line(briefing(), &phrases)),
            entry(1, true, &line(briefing(), &phrases)),
            entry(4, true, &line(Step::BackWithCaller, &phrases)),
            entry(5, false, &line(briefing(), &phrases)),
        ];
        assert_eq!(latest_briefing(&timeline).map(|entry| entry.key.id), Some(3));
        assert_eq!(latest_briefing(&timeline[2..]), None, "nobody but the desk writes one");
    }
}

#[test]
fn every_step_reads_in_both_languages_and_is_private() {
    let due = start();
    let person = || "Ali".to_owned();
    let mut all = vec![
        Step::Briefing {
            briefing: Box::new(briefing()),
        },
        Step::Consulting {
            person: person(),
            group: "N2".into(),
        },
        Step::Rings { person: person() },
        Step::Answered { person: person() },
        Step::Briefed { person: person() },
        Step::BackWithCaller,
        Step::Completed { person: person() },
        Step::Returned,
        Step::Declined { reason: "x".into() },
        Step::NotBegun,
        Step::FellBack { owner: person(), due },
        Step::CallerLeft { owner: person(), due },
        Step::CallerAlone,
        Step::Unclear,
        Step::PbxLost,
        Step::PbxBack,
    ];
    all.extend(
        OfferReason::VALUES
            .iter()
            .map(|reason| Step::Offered { reason: *reason }),
    );
    all.extend(Outcome::VALUES.iter().map(|outcome| Step::NotTaken {
        person: person(),
        outcome: *outcome,
    }));
    all.extend(ByHandReason::VALUES.iter().map(|why| Step::ByHand { why: *why }));
    let paris = TimeZone::get("Europe/Paris").unwrap();
    for phrases in Catalogue::both() {
        for step in &all {
            let line = TraceLine {
                transfer: OperationId::new(),
                number: 1,
                at: start(),
                witness: Witness::Pbx,
                step: step.clone(),
            };
            let Operation::AddFollowup { body, private: true } = line.operation(&phrases, &paris) else {
                panic!("{step:?}");
            };
            assert!(body.to_plain().contains("10:00:00"), "dated: {}", body.to_plain());
            if matches!(step, Step::Briefing { .. }) {
                assert!(body.to_plain().contains("VPN coupé") && body.to_plain().contains("Claire Fontaine"));
            }
        }
        for notice in Notice::VALUES {
            assert!(!crate::wording::Phrases::phrase(&phrases, &format!("transfer.notice.{notice}"), &[]).is_empty());
        }
    }
}
