//! Real streams, shuffled, doubled and cut: the calls come to the same.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{board, calls, desk, events, heard, received};
use guichet_domain::call::{Call, CallEvent, CallState};
use guichet_telephony::{
    CallEffect, Tracker,
    ami::{Decoder, Frame, Scope},
};
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::LazyLock};

const RECORDINGS: [&str; 13] = [
    "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13a",
];

static FRAMES: LazyLock<Vec<Vec<Frame>>> = LazyLock::new(|| RECORDINGS.iter().map(|n| received(n)).collect());
static EVENTS: LazyLock<Vec<Vec<CallEvent>>> = LazyLock::new(|| RECORDINGS.iter().map(|n| events(n, desk())).collect());

/// The channels as `CoreShowChannels` would list them after the first `until` frames: a small table of the test's own.
fn listing(frames: &[Frame]) -> Vec<Frame> {
    let mut channels: BTreeMap<String, (Frame, String)> = BTreeMap::new();
    let mut applications: BTreeMap<String, (String, String)> = BTreeMap::new();
    for frame in frames {
        let (Some(event), Some(id)) = (frame.event(), frame.get("Uniqueid")) else {
            continue;
        };
        let bridge = channels.get(id).map(|(_, bridge)| bridge.clone()).unwrap_or_default();
        if let (Some(application), Some(data)) = (frame.get("Application"), frame.get("AppData")) {
            applications.insert(id.to_owned(), (application.to_owned(), data.to_owned()));
        }
        let entered = frame.get("BridgeUniqueid").unwrap_or_default().to_owned();
        let bridge = match event {
            "Hangup" => {
                channels.remove(id);
                continue;
            }
            "BridgeEnter" => entered,
            "BridgeLeave" if bridge == entered => String::new(),
            "Cdr" | "OriginateResponse" | "AgentCalled" | "AgentConnect" | "AgentComplete" => continue,
            _ => bridge,
        };
        channels.insert(id.to_owned(), (frame.clone(), bridge));
    }
    let keys = [
        "Channel",
        "ChannelState",
        "ChannelStateDesc",
        "CallerIDNum",
        "CallerIDName",
        "ConnectedLineNum",
        "ConnectedLineName",
        "Context",
        "Exten",
        "Uniqueid",
        "Linkedid",
    ];
    channels
        .into_values()
        .map(|(frame, bridge)| {
            let mut listed = Frame::new([("Event", "CoreShowChannel"), ("ActionID", "r")]);
            for key in keys {
                listed = listed.with(key, frame.get(key).unwrap_or_default());
            }
            let id = frame.get("Uniqueid").unwrap_or_default();
            let (application, data) = applications.get(id).cloned().unwrap_or_default();
            listed
                .with("Application", application)
                .with("ApplicationData", data)
                .with("BridgeId", bridge)
        })
        .collect()
}

/// What must not depend on what was missed: who, when it began, how it is, and who has it.
fn essence(call: &Call) -> (String, Option<String>, bool, Option<String>) {
    (
        call.remote.raw.clone(),
        call.queue.clone(),
        call.state.is_over(),
        call.device.clone(),
    )
}

fn shuffled(which: usize) -> impl Strategy<Value = Vec<CallEvent>> {
    let events = EVENTS[which].clone();
    let doubled: Vec<CallEvent> = events.iter().chain(&events).cloned().collect();
    Just(doubled).prop_shuffle()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn events_in_any_order_and_twice_give_the_same_calls(
        (which, shuffled) in (0..RECORDINGS.len()).prop_flat_map(|which| (Just(which), shuffled(which))),
    ) {
        prop_assert_eq!(calls(EVENTS[which].clone()), calls(shuffled));
    }

    #[test]
    fn whatever_the_order_the_end_is_said_once_and_nobody_is_left_ringing(
        (which, shuffled) in (0..RECORDINGS.len()).prop_flat_map(|which| (Just(which), shuffled(which))),
    ) {
        let mut tracker = Tracker::new();
        let effects: Vec<CallEffect> = shuffled.into_iter().flat_map(|event| tracker.apply(event)).collect();
        let over = effects.iter().filter(|effect| matches!(effect, CallEffect::Over { .. })).count();
        prop_assert_eq!(over, tracker.calls().count(), "{}", RECORDINGS[which]);
        let rings = effects.iter().filter(|effect| matches!(effect, CallEffect::Ring { .. })).count();
        let stops = effects.iter().filter(|effect| matches!(effect, CallEffect::RingStopped { .. })).count();
        prop_assert_eq!(rings, stops);
        for call in tracker.calls() {
            prop_assert!(call.state.is_over() && call.ringing.is_empty() && call.consultation.is_none());
        }
    }

    #[test]
    fn events_of_several_calls_mixed_up_stay_with_their_calls(
        first in 0..RECORDINGS.len(), second in 0..RECORDINGS.len(), seed in any::<u64>(),
    ) {
        let mut mixed: Vec<CallEvent> = EVENTS[first].iter().chain(&EVENTS[second]).cloned().collect();
        // Cheap and repeatable: order by a hash of place and seed.
        let mut places: Vec<(u64, usize)> = (0..mixed.len())
            .map(|place| (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(place as u32).wrapping_mul(place as u64 + 1), place))
            .collect();
        places.sort_unstable();
        mixed = places.into_iter().map(|(_, place)| mixed[place].clone()).collect();
        let mut apart = calls(EVENTS[first].clone());
        if first != second {
            apart.extend(calls(EVENTS[second].clone()));
        }
        apart.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
        prop_assert_eq!(apart, calls(mixed));
    }

    #[test]
    fn a_connection_lost_in_mid_call_loses_no_call(
        which in 0..RECORDINGS.len(), from in 0.0_f64..1.0, length in 0.0_f64..0.5, fresh in any::<bool>(),
    ) {
        let frames = &FRAMES[which];
        let from = (from * frames.len() as f64) as usize;
        let until = (from + (length * frames.len() as f64) as usize).min(frames.len());
        let at = frames[..until].iter().rev().find_map(|frame| frame.get("Timestamp")).map_or_else(heard, |text| {
            let (seconds, micros) = text.split_once('.').unwrap();
            jiff::Timestamp::from_microsecond(seconds.parse::<i64>().unwrap() * 1_000_000 + micros.parse::<i64>().unwrap()).unwrap()
        });
        let mut switch = board(desk());
        let mut said: Vec<CallEvent> = frames[..from].iter().flat_map(|frame| switch.apply(frame, at)).collect();
        let before = said.len();
        if fresh {
            // The program was started anew: it knows nothing of the call but what the list says.
            switch = guichet_telephony::ami::Switchboard::new(common::source(), "FR", desk(), 1_000_000);
        }
        let listed = listing(&frames[..until]);
        switch.begin_reread();
        for frame in &listed {
            said.extend(switch.apply(frame, at));
        }
        said.extend(switch.end_reread(at));
        // A program that was started anew asks which of the calls it knows are still there.
        let mut tracker = Tracker::new();
        for event in said.clone() {
            tracker.apply(event);
        }
        said.extend(tracker.absent(&common::source(), &switch.alive(), at));
        for frame in &frames[until..] {
            said.extend(switch.apply(frame, at));
        }
        let whole = calls(EVENTS[which].clone());
        let cut = calls(said.clone());
        // A call that began and ended unseen cannot be known; any other is there, once.
        let knowable = before > 0 || !listed.is_empty() || until < frames.len() / 4;
        if knowable && !cut.is_empty() {
            prop_assert_eq!(cut.len(), 1, "{} {}..{} {:?} {:#?}", RECORDINGS[which], from, until, common::story(&said), cut);
            prop_assert!(cut[0].state.is_over(), "{} {}..{} {:?}", RECORDINGS[which], from, until, cut[0]);
            prop_assert_eq!(&cut[0].remote.raw, &whole[0].remote.raw, "{} {}..{}", RECORDINGS[which], from, until);
            prop_assert!(whole[0].ids.contains(&cut[0].id));
            // What was done unseen and undone again (a transfer just before the end) cannot be known; what was not, is the same.
            let seen_until = |end: usize| {
                let mut whole = board(desk());
                frames[..end].iter().flat_map(|frame| whole.apply(frame, at)).count()
            };
            if seen_until(from) == seen_until(until) && !fresh {
                prop_assert_eq!(essence(&cut[0]), essence(&whole[0]));
            }
            // Never a transfer that was none, never an answer that nobody gave.
            if whole[0].transferred_at.is_none() {
                prop_assert_eq!(cut[0].transferred_at, None);
            }
            if whole[0].answered_at.is_none() {
                prop_assert!(cut[0].answered_at.is_none() && cut[0].state != CallState::Answered);
            }
        } else if before > 0 {
            prop_assert!(!cut.is_empty(), "nothing that was known is lost");
        }
    }

    #[test]
    fn reading_the_state_again_when_nothing_was_missed_says_nothing(
        which in 0..RECORDINGS.len(), place in 0.0_f64..1.0,
    ) {
        let frames = &FRAMES[which];
        let place = (place * frames.len() as f64) as usize;
        let mut switch = board(desk());
        for frame in &frames[..place] {
            switch.apply(frame, heard());
        }
        switch.begin_reread();
        for frame in listing(&frames[..place]) {
            switch.apply(&frame, heard());
        }
        let said = switch.end_reread(heard());
        prop_assert!(said.is_empty(), "{} at {}: {:?}", RECORDINGS[which], place, common::story(&said));
    }

    #[test]
    fn rubbish_between_frames_harms_nothing(
        which in 0..RECORDINGS.len(),
        rubbish in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..6),
    ) {
        let mut decoder = Decoder::new();
        decoder.push(b"Asterisk Call Manager/9.0.0\r\n");
        let mut switch = board(desk());
        let mut said = Vec::new();
        for (place, frame) in FRAMES[which].iter().enumerate() {
            if let Some(bytes) = rubbish.get(place % 50) {
                for frame in decoder.push(bytes).into_iter().chain(decoder.push(b"\r\n\r\n")) {
                    said.extend(switch.apply(&frame, heard()));
                }
            }
            for frame in decoder.push(&frame.encode().unwrap()) {
                said.extend(switch.apply(&frame, heard()));
            }
        }
        prop_assert_eq!(calls(said), calls(EVENTS[which].clone()));
    }

    #[test]
    fn frames_in_any_order_never_panic_nor_invent_a_transfer(
        which in 0..RECORDINGS.len(), seed in any::<u64>(),
    ) {
        let frames = &FRAMES[which];
        let mut places: Vec<(u64, usize)> = (0..frames.len())
            .map(|place| (seed.wrapping_mul(place as u64 * 2 + 1) ^ seed.rotate_left(place as u32 % 64), place))
            .collect();
        places.sort_unstable();
        let mut switch = board(Scope::default());
        for (_, place) in places {
            switch.apply(&frames[place], heard());
            switch.changed_lines();
        }
    }
}
