#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use proptest::prelude::*;

fn report(leg: u8, stage: Stage) -> Report {
    Report {
        leg: leg.to_string(),
        conversation: format!("c{leg}"),
        stage,
        outbound: None,
        number: format!("700{leg}"),
        name: String::new(),
        queue: None,
        data: BTreeMap::new(),
        consults_for: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_327_000 + second).unwrap()
}

fn station() -> Station {
    Station::new(CallSource("test".to_owned()), "FR", "6001", 0)
}

fn action(name: u8, conversation: String) -> Action {
    let device = "6001".to_owned();
    match name {
        0 => Action::Complete { conversation, device },
        1 => Action::Cancel { conversation, device },
        _ => Action::Blind {
            conversation,
            device,
            extension: "7009".to_owned(),
        },
    }
}

#[derive(Debug, Clone)]
enum Step {
    Report(u8, Stage),
    Ask(u8),
    GiveUp,
    Presence(u8, LineState),
    Reread(Vec<u8>),
    Overdue,
}

fn step() -> impl Strategy<Value = Step> {
    let stage = prop_oneof![
        Just(Stage::Dialing),
        Just(Stage::Ringing),
        Just(Stage::Up),
        Just(Stage::Held),
        Just(Stage::Gone(None)),
    ];
    let line = prop_oneof![Just(LineState::Free), Just(LineState::Ringing), Just(LineState::Busy)];
    prop_oneof![
        8 => (1_u8..5, stage).prop_map(|(leg, stage)| Step::Report(leg, stage)),
        3 => (0_u8..3).prop_map(Step::Ask),
        1 => Just(Step::GiveUp),
        2 => (1_u8..5, line).prop_map(|(leg, line)| Step::Presence(leg, line)),
        1 => proptest::collection::vec(1_u8..5, 0..3).prop_map(Step::Reread),
        1 => Just(Step::Overdue),
    ]
}

#[test]
fn a_leg_dialled_while_two_callers_wait_is_about_neither() {
    let mut station = station();
    for leg in [1, 2] {
        station.report(report(leg, Stage::Ringing), at(0));
        station.report(report(leg, Stage::Up), at(1));
        station.report(report(leg, Stage::Held), at(2));
    }
    let events = station.report(report(3, Stage::Dialing), at(3));
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].kind,
        Kind::Dialing,
        "a guess would put a caller in the wrong hands"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever comes in whatever order: a call that is over stays over, nobody is said to have been handed on unless that was
    /// asked for, and the person was there (or the telephone is watched); what is forgotten is forgotten whole.
    #[test]
    fn no_order_of_events_makes_up_a_transfer_or_life_after_the_end(steps in proptest::collection::vec(step(), 1..60)) {
        let mut station = station();
        let mut over: BTreeSet<String> = BTreeSet::new();
        let mut asked: BTreeSet<String> = BTreeSet::new();
        let mut there: BTreeSet<String> = BTreeSet::new();
        let mut last = None;
        for (second, step) in steps.into_iter().enumerate() {
            let now = at(i64::try_from(second).unwrap());
            let events = match step {
                Step::Report(leg, stage) => station.report(report(leg, stage), now),
                Step::Ask(name) => {
                    let conversations = station.alive();
                    for conversation in conversations {
                        let action = action(name, conversation);
                        if let Ok(plan) = station.plan(&action, false) {
                            station.asked(&plan, &action);
                            asked.insert(plan.conversation.clone());
                            last = Some(plan.thread);
                        }
                    }
                    Vec::new()
                }
                Step::GiveUp => last.map(|thread| station.gave_up(thread, now)).unwrap_or_default(),
                Step::Presence(leg, line) => station.presence(&format!("700{leg}"), line, now),
                Step::Reread(legs) => {
                    station.begin_reread();
                    station.end_reread(legs.iter().map(|leg| report(*leg, Stage::Up)).collect(), now)
                }
                Step::Overdue => station.overdue(now),
            };
            for event in events {
                let names: Vec<&String> = std::iter::once(&event.conversation_id).chain(&event.previous_ids).collect();
                prop_assert!(!over.contains(&event.conversation_id), "life after the end: {event:?}");
                match event.kind {
                    Kind::Transferred => {
                        prop_assert!(names.iter().any(|name| asked.contains(*name)), "not asked: {event:?}");
                        let device = event.device.clone().unwrap();
                        prop_assert!(device == "7009" || there.contains(&device), "nobody was there: {event:?}");
                    }
                    Kind::ConsultAnswered => {
                        there.insert(event.device.clone().unwrap());
                    }
                    Kind::Ended => {
                        over.insert(event.conversation_id.clone());
                    }
                    Kind::Missed if event.device.is_none() => {
                        over.insert(event.conversation_id.clone());
                    }
                    _ => {}
                }
                if event.capabilities.complete {
                    prop_assert!(event.capabilities.cancel, "who can complete can go back");
                }
            }
            prop_assert!(station.legs.values().all(|leg| station.threads.contains_key(&leg.thread)));
        }
    }
}
