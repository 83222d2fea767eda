//! Real Asterisk streams, replayed: what each of them is as calls, and one test for each fact that a client gets wrong
//! (`recordings/README.md`).
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{board, calls, desk, events, heard, received, recording, source, story};
use guichet_domain::call::{CallCause, CallEvent, CallEventKind as Kind, CallState, Direction, LineState};
use guichet_telephony::{
    Tracker,
    ami::{Scope, Switchboard},
};

/// Events while frames go in one by one; `each` sees the frame's place, the frame and what came of it.
fn replay(number: &str, mut each: impl FnMut(&guichet_telephony::ami::Frame, &[CallEvent], &Switchboard)) {
    let mut board = board(desk());
    for frame in received(number) {
        let events = board.apply(&frame, heard());
        each(&frame, &events, &board);
    }
}

#[test]
fn recording_01_a_queue_call_answered() {
    let events = events("01", desk());
    assert_eq!(
        story(&events),
        ["Queued", "Ringing SIP/6001", "Answered SIP/6001", "Ended Normal"]
    );
    let call = &calls(events)[0];
    assert_eq!(call.remote.e164.as_deref(), Some("+33612340013"));
    assert_eq!(call.remote.name.as_deref(), Some("Claire Fontaine"));
    assert_eq!(call.queue.as_deref(), Some("support"));
    assert_eq!(call.agent.as_deref(), Some("N. Leroux"));
    assert_eq!(call.direction, Direction::Inbound);
    // QueueCallerJoin to the bridge: 2.5 s, as AgentConnect's HoldTime rounds it.
    assert_eq!(call.wait().unwrap().as_millis(), 2_507);
    assert_eq!(call.talk().unwrap().as_millis(), 4_996);
}

#[test]
fn recording_02_a_caller_who_leaves_the_queue_is_a_missed_call() {
    let events = events("02", desk());
    assert_eq!(
        story(&events),
        [
            "Queued",
            "Ringing SIP/6001",
            "Missed SIP/6001 Cancelled",
            "Missed Abandoned"
        ]
    );
    let call = &calls(events)[0];
    assert_eq!(
        (call.state, call.cause),
        (CallState::Missed, Some(CallCause::Abandoned))
    );
    assert_eq!(call.remote.raw, "0612340014");
}

#[test]
fn recording_03_a_hot_transfer_completed() {
    let events = events("03", desk());
    assert_eq!(
        story(&events),
        [
            "Queued",
            "Ringing SIP/6001",
            "Answered SIP/6001",
            "Held SIP/6001",
            "ConsultRinging SIP/7002",
            "ConsultAnswered SIP/7002",
            "Transferred SIP/7002",
            "Ended Normal"
        ]
    );
    let calls = calls(events);
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].answered_by.as_deref(), Some("SIP/6001"));
    assert_eq!(calls[0].agent.as_deref(), Some("Sophie DSI"));
}

#[test]
fn recording_04_first_on_the_roster_cancelled_next_completes() {
    assert_eq!(
        story(&events("04", desk())),
        [
            "Queued",
            "Ringing SIP/6001",
            "Answered SIP/6001",
            "Held SIP/6001",
            "ConsultRinging SIP/7001",
            "TransferCancelled SIP/6001",
            "Resumed SIP/6001",
            "Held SIP/6001",
            "ConsultRinging SIP/7002",
            "ConsultAnswered SIP/7002",
            "Transferred SIP/7002",
            "Ended Normal"
        ]
    );
}

#[test]
fn recording_05_back_to_the_caller_after_the_consultation() {
    assert_eq!(
        story(&events("05", desk()))[3..],
        [
            "Held SIP/6001",
            "ConsultRinging SIP/7002",
            "ConsultAnswered SIP/7002",
            "TransferCancelled SIP/6001",
            "Resumed SIP/6001",
            "Ended Normal"
        ]
    );
}

#[test]
fn recording_06_a_blind_transfer_is_one_once_the_target_answered() {
    // "Unhold" of a call that never was on hold says nothing.
    assert_eq!(
        story(&events("06", desk()))[2..],
        [
            "Answered SIP/6001",
            "Ringing SIP/7002",
            "Transferred SIP/7002",
            "Ended Normal"
        ]
    );
}

#[test]
fn recording_07_click_to_call_carries_its_ticket() {
    let events = events("07", desk());
    assert_eq!(
        story(&events),
        [
            "Dialing SIP/6001",
            "Dialing SIP/6001",
            "Answered SIP/6001",
            "Ended Normal"
        ]
    );
    let call = &calls(events)[0];
    assert_eq!(call.direction, Direction::Outbound);
    assert_eq!(call.remote.e164.as_deref(), Some("+33612340013"));
    assert_eq!(call.user_data["GUICHET_TICKET"], "4821");
}

#[test]
fn recording_08_a_caller_who_hangs_up_during_the_consultation_ended_the_call() {
    let events = events("08", desk());
    assert_eq!(
        story(&events)[3..],
        ["Held SIP/6001", "ConsultRinging SIP/7001", "Ended Normal"]
    );
    assert_eq!(calls(events)[0].transferred_at, None);
}

#[test]
fn recording_11_the_pbx_gives_up_a_consultation_nobody_answers() {
    let events = events("11", desk());
    assert_eq!(
        story(&events)[3..],
        [
            "Held SIP/6001",
            "ConsultRinging SIP/7001",
            "TransferCancelled SIP/6001",
            "Resumed SIP/6001",
            "Ended Normal"
        ]
    );
    let waited = events[5].at.duration_since(events[4].at).as_secs();
    assert!((7..=8).contains(&waited), "atxfernoanswertimeout=8: {waited}");
}

#[test]
fn atxfers_answer_says_nothing_the_consult_leg_does() {
    let mut answered = false;
    let mut ringing = false;
    replay("03", |frame, events, _| {
        if frame.get("Message") == Some("Atxfer successfully queued") {
            answered = true;
            assert!(events.is_empty(), "an answer is no event of the call");
        }
        if events.iter().any(|event| event.kind == Kind::ConsultRinging) {
            assert!(answered);
            assert!(["DialBegin", "BridgeEnter", "Newstate"].contains(&frame.event().unwrap()));
            ringing = true;
        }
    });
    assert!(ringing);
}

#[test]
fn an_ignored_cancelatxfer_is_answered_with_success_all_the_same() {
    // Recording 12: no consultation is under way, the PBX says "successfully queued", and nothing happens.
    let success = received("12")
        .iter()
        .any(|frame| frame.get("Message") == Some("CancelAtxfer successfully queued"));
    assert!(success);
    assert!(
        !events("12", desk())
            .iter()
            .any(|event| event.kind == Kind::TransferCancelled)
    );
}

#[test]
fn attendedtransfer_success_does_not_mean_that_the_target_answered() {
    // Recording 09: it comes when the technician's leg is lost, while 7001 still rings.
    let mut success = false;
    replay("09", |frame, events, board| {
        if frame.event() == Some("AttendedTransfer") {
            assert_eq!(frame.get("Result"), Some("Success"));
            success = true;
        }
        assert!(
            !events.iter().any(|event| event.kind == Kind::Transferred),
            "nobody ever answered"
        );
        for event in events {
            assert!(!board.capabilities(&event.conversation_id).complete);
        }
    });
    assert!(success);
    let call = &calls(events("09", desk()))[0];
    assert_eq!((call.state, call.transferred_at), (CallState::Ended, None));
}

#[test]
fn after_the_technicians_leg_is_lost_the_caller_hears_ringing_and_the_technician_is_called_back() {
    let events = events("09", desk());
    assert_eq!(
        story(&events)[4..],
        [
            "ConsultRinging SIP/7001",
            "Ringing SIP/7001",
            "Missed SIP/7001 Cancelled",
            "Ringing SIP/6001",
            "Missed SIP/6001 Unknown",
            "Ringing SIP/7001",
            "Missed SIP/7001 NoAnswer",
            "Ended Normal"
        ]
    );
    let calls = calls(events);
    assert_eq!(
        calls.len(),
        1,
        "the recall and the new consult leg have ids of their own, and are the same call"
    );
    assert_eq!(calls[0].ids.len(), 3);
}

#[test]
fn a_busy_target_leaves_the_technician_in_the_consultation_where_completing_would_cut_the_caller() {
    // Recording 10: hanging up would give "Success" as well, with the caller bridged to nobody.
    let mut failed = false;
    replay("10", |_, events, board| {
        for event in events {
            if event.kind == Kind::ConsultFailed {
                assert_eq!(event.cause, Some(CallCause::Busy));
                assert_eq!(event.device.as_deref(), Some("SIP/7001"));
                let can = board.capabilities(&event.conversation_id);
                assert!(can.cancel && !can.complete && !can.consult);
                failed = true;
            }
        }
    });
    assert!(failed);
    assert!(!events("10", desk()).iter().any(|event| event.kind == Kind::Transferred));
}

#[test]
fn completing_is_possible_only_once_the_target_is_up_and_joined_with_the_technician() {
    let mut possible_from = None;
    let mut answered_at = None;
    replay("03", |_, events, board| {
        for event in events {
            let can = board.capabilities(&event.conversation_id);
            if can.complete && possible_from.is_none() {
                possible_from = Some(event.at);
            }
            if event.kind == Kind::ConsultAnswered {
                answered_at = Some(event.at);
            }
        }
    });
    assert!(possible_from.is_some());
    assert_eq!(possible_from, answered_at);
}

#[test]
fn the_consult_leg_is_two_channels_and_no_call_of_its_own() {
    for number in ["03", "04", "05", "08", "10", "11"] {
        assert_eq!(calls(events(number, desk())).len(), 1, "{number}");
        assert_eq!(
            calls(events(number, Scope::default())).len(),
            1,
            "{number}, all telephones looked at"
        );
    }
}

#[test]
fn the_callers_channel_keeps_its_name_and_id_through_cancel_and_completion() {
    let mut names = std::collections::BTreeSet::new();
    replay("04", |_, events, board| {
        for event in events {
            names.extend(board.remote_leg(&event.conversation_id).map(str::to_owned));
        }
    });
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["SIP/trunk-0000000e"]);
    let conversations: std::collections::BTreeSet<_> = events("04", desk())
        .into_iter()
        .map(|event| event.conversation_id)
        .collect();
    assert_eq!(conversations.len(), 1);
}

#[test]
fn hold_begins_with_the_consultation_and_unhold_is_being_back_with_the_caller() {
    let mut tracker = Tracker::new();
    let mut states = Vec::new();
    for event in events("05", desk()) {
        let kind = event.kind;
        tracker.apply(event);
        states.push((kind, tracker.calls().next().unwrap().state));
    }
    assert!(states.contains(&(Kind::Held, CallState::Held)));
    assert!(states.contains(&(Kind::TransferCancelled, CallState::Held)));
    assert!(states.contains(&(Kind::Resumed, CallState::Answered)));
}

#[test]
fn times_are_the_pbxs_and_order_within_a_millisecond_is_that_of_arrival() {
    let events = events("04", desk());
    assert_eq!(events[0].at.as_microsecond() / 1_000_000, 1_795_327_534);
    assert!(events.windows(2).all(|pair| pair[0].seq < pair[1].seq));
    assert!(events.windows(2).all(|pair| pair[0].at <= pair[1].at));
}

#[test]
fn that_the_pbx_took_the_line_is_no_answer() {
    // The dialplan answers before the queue: the caller's channel is up half a second before anybody's telephone rings.
    let up = received("01")
        .iter()
        .position(|frame| frame.event() == Some("Newstate") && frame.get("ChannelStateDesc") == Some("Up"))
        .unwrap();
    let join = received("01")
        .iter()
        .position(|frame| frame.event() == Some("QueueCallerJoin"))
        .unwrap();
    assert!(up < join);
    let call = &calls(events("01", desk()))[0];
    assert!(call.answered_at.unwrap() > call.ringing_at.unwrap());
}

#[test]
fn recording_13_a_connection_in_mid_call_learns_who_talks_with_whom_but_not_since_when() {
    let mut board = board(desk());
    board.begin_reread();
    let mut said = Vec::new();
    for frame in received("13b") {
        said.extend(board.apply(&frame, heard()));
        if frame.event() == Some("CoreShowChannelsComplete") {
            said.extend(board.end_reread(heard()));
        }
    }
    assert_eq!(story(&said), ["Answered SIP/6001 Unseen"]);
    let call = &calls(said)[0];
    assert_eq!(call.remote.raw, "0612340013");
    assert_eq!(call.agent.as_deref(), Some("N. Leroux"));
    assert!(call.times_uncertain);
    assert_eq!(board.leg("1795327670.66", "SIP/6001"), Some("SIP/6001-0000002b"));
}

#[test]
fn recording_13_the_first_and_the_second_connection_tell_of_the_same_call() {
    let first = events("13a", desk());
    let mut board = board(desk());
    board.begin_reread();
    let mut second = Vec::new();
    for frame in received("13b") {
        second.extend(board.apply(&frame, first[2].at));
        if frame.event() == Some("CoreShowChannelsComplete") {
            second.extend(board.end_reread(first[2].at));
        }
    }
    let calls = calls(first.into_iter().chain(second));
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].state, CallState::Ended);
}

#[test]
fn device_state_says_not_in_use_while_the_telephone_rings_so_channels_are_asked() {
    let mut board = board(desk());
    let mut states = Vec::new();
    let mut misled = false;
    for frame in received("01") {
        board.apply(&frame, heard());
        let not_in_use = frame.get("Device") == Some("SIP/6001") && frame.get("State") == Some("NOT_INUSE");
        for line in board
            .changed_lines()
            .into_iter()
            .filter(|line| line.device == "SIP/6001")
        {
            states.push(line.state);
        }
        misled |= not_in_use && states.last() == Some(&LineState::Ringing);
    }
    assert!(misled);
    assert_eq!(
        states,
        [LineState::Busy, LineState::Ringing, LineState::Busy, LineState::Free]
    );
}

#[test]
fn a_queue_members_pause_is_seen() {
    let mut board = board(desk());
    let mut paused = Vec::new();
    for frame in received("12") {
        board.apply(&frame, heard());
        for line in board
            .changed_lines()
            .into_iter()
            .filter(|line| line.device == "SIP/6001")
        {
            if paused.last() != Some(&line.paused_in.len()) {
                paused.push(line.paused_in.len());
            }
            if line.paused_in.contains("support") {
                assert_eq!(line.agent.as_deref(), Some("N. Leroux"));
            }
        }
    }
    assert_eq!(paused, [0, 1, 0]);
}

#[test]
fn calls_of_other_telephones_are_nobodys_business() {
    for number in ["01", "02", "07", "12", "13a"] {
        assert_eq!(events(number, Scope::devices(["SIP/6999"])), [], "{number}");
    }
}

#[test]
fn the_desk_a_call_is_handed_to_learns_the_whole_story_when_its_telephone_rings() {
    let mut board = board(Scope::devices(["SIP/7002"]));
    let mut first = None;
    for frame in received("03") {
        let events = board.apply(&frame, heard());
        if !events.is_empty() && first.is_none() {
            first = Some(story(&events));
        }
    }
    assert_eq!(
        first.unwrap(),
        ["Queued", "Ringing SIP/6001", "Answered SIP/6001", "Held SIP/6001",],
        "what came before is said as soon as his telephone is touched, and who calls is known before it rings"
    );
    let all = events("03", Scope::devices(["SIP/7002"]));
    assert_eq!(story(&all), story(&events("03", desk())));
    assert!(all.iter().all(|event| event.remote.raw == "0612340013"));
}

#[test]
fn every_recorded_frame_is_read_and_none_is_skipped() {
    for number in 1..=12 {
        let number = format!("{number:02}");
        let spoken = recording(&number);
        assert!(spoken.len() > 50, "{number}");
        assert!(spoken.iter().all(|spoken| spoken.frame.fields().count() > 0));
    }
    assert_eq!(source().0, "asterisk");
}
