#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use guichet_domain::call::{CallCapabilities, CallCause, CallEventKind as Kind, Direction, RemoteParty};

fn event(second: i64, id: &str, kind: Kind, device: Option<&str>) -> CallEvent {
    CallEvent {
        at: Timestamp::from_second(1_795_327_000 + second).unwrap(),
        seq: second,
        source: CallSource("test".to_owned()),
        native_id: format!("{id}-leg"),
        conversation_id: id.to_owned(),
        previous_ids: Vec::new(),
        kind,
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612340013", "Claire", "FR"),
        agent: None,
        device: device.map(str::to_owned),
        queue: Some("support".to_owned()),
        cause: None,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

fn call(tracker: &Tracker) -> &Call {
    tracker.calls().next().unwrap()
}

#[test]
fn the_wait_counts_from_the_queue_and_not_from_the_agents_ring() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Queued, None));
    tracker.apply(event(12, "a", Kind::Ringing, Some("SIP/6001")));
    tracker.apply(event(19, "a", Kind::Answered, Some("SIP/6001")));
    tracker.apply(event(60, "a", Kind::Ended, None));
    assert_eq!(call(&tracker).wait().unwrap().as_secs(), 19);
    assert_eq!(call(&tracker).talk().unwrap().as_secs(), 41);
}

#[test]
fn the_pop_comes_with_the_ring_and_goes_when_another_telephone_answers() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Queued, None));
    let ring = tracker.apply(event(1, "a", Kind::Ringing, Some("SIP/6001")));
    assert!(ring.contains(&CallEffect::Ring {
        id: "a".to_owned(),
        device: "SIP/6001".to_owned()
    }));
    tracker.apply(event(2, "a", Kind::Ringing, Some("SIP/6002")));
    let answer = tracker.apply(event(3, "a", Kind::Answered, Some("SIP/6002")));
    assert!(answer.contains(&CallEffect::RingStopped {
        id: "a".to_owned(),
        device: "SIP/6001".to_owned()
    }));
    assert_eq!(call(&tracker).device.as_deref(), Some("SIP/6002"));
}

#[test]
fn a_telephone_that_rang_in_vain_leaves_the_caller_in_the_queue() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Queued, None));
    tracker.apply(event(1, "a", Kind::Ringing, Some("SIP/6001")));
    tracker.apply(event(16, "a", Kind::Missed, Some("SIP/6001")));
    assert_eq!(call(&tracker).state, CallState::Queued);
    assert_eq!(call(&tracker).ended_at, None);
}

#[test]
fn what_is_over_is_said_once_and_stays_over() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Ringing, Some("SIP/6001")));
    let end = tracker.apply(event(9, "a", Kind::Missed, None));
    assert!(end.contains(&CallEffect::Over { id: "a".to_owned() }));
    assert_eq!(tracker.apply(event(9, "a", Kind::Missed, None)), []);
    let late = tracker.apply(event(10, "a", Kind::Held, Some("SIP/6001")));
    assert!(!late.iter().any(|effect| matches!(effect, CallEffect::Over { .. })));
    assert_eq!(call(&tracker).state, CallState::Missed);
}

#[test]
fn an_answer_that_is_heard_of_after_the_end_makes_it_no_missed_call() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Ringing, Some("SIP/6001")));
    tracker.apply(event(9, "a", Kind::Missed, None));
    tracker.apply(event(3, "a", Kind::Answered, Some("SIP/6001")));
    assert_eq!(call(&tracker).state, CallState::Ended);
    assert_eq!(call(&tracker).wait().unwrap().as_secs(), 3);
}

#[test]
fn two_calls_that_turn_out_to_be_one_are_merged_and_nothing_is_lost() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Queued, None));
    tracker.apply(event(2, "a", Kind::Answered, Some("SIP/6001")));
    let mut consult = event(5, "b", Kind::Dialing, Some("SIP/6001"));
    consult.user_data.insert("GUICHET_TICKET".to_owned(), "4821".to_owned());
    tracker.apply(consult);
    assert_eq!(tracker.calls().count(), 2);
    let mut merged = event(8, "c", Kind::Transferred, Some("SIP/7002"));
    merged.previous_ids = vec!["b".to_owned(), "a".to_owned()];
    let effects = tracker.apply(merged);
    assert!(effects.contains(&CallEffect::Merged {
        kept: "a".to_owned(),
        gone: vec!["b".to_owned()]
    }));
    let source = CallSource("test".to_owned());
    for name in ["a", "b", "c"] {
        assert_eq!(tracker.call(&source, name).unwrap().id, "a", "{name}");
    }
    assert_eq!(call(&tracker).state, CallState::Transferred);
    assert_eq!(call(&tracker).answered_by.as_deref(), Some("SIP/6001"));
    assert_eq!(call(&tracker).user_data["GUICHET_TICKET"], "4821");
    assert_eq!(tracker.steps(&source, "b").count(), 4);
}

#[test]
fn the_same_id_of_two_pbxs_is_two_calls() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Ringing, Some("SIP/6001")));
    let mut other = event(0, "a", Kind::Ringing, Some("SIP/6001"));
    other.source = CallSource("other".to_owned());
    tracker.apply(other);
    assert_eq!(tracker.calls().count(), 2);
}

#[test]
fn a_failed_consultation_is_known_and_the_next_one_begins_afresh() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Answered, Some("SIP/6001")));
    tracker.apply(event(1, "a", Kind::Held, Some("SIP/6001")));
    let consulted = CallEffect::ConsultRing {
        id: "a".to_owned(),
        device: "SIP/7001".to_owned(),
    };
    let ring = tracker.apply(event(2, "a", Kind::ConsultRinging, Some("SIP/7001")));
    assert!(ring.contains(&consulted));
    let mut busy = event(3, "a", Kind::ConsultFailed, Some("SIP/7001"));
    busy.cause = Some(CallCause::Busy);
    assert!(!tracker.apply(busy).contains(&consulted));
    let consultation = call(&tracker).consultation.clone().unwrap();
    assert_eq!(consultation.failed, Some(CallCause::Busy));
    assert_eq!(
        call(&tracker).state,
        CallState::Consulting,
        "the technician is not back with the caller yet"
    );
    tracker.apply(event(4, "a", Kind::TransferCancelled, Some("SIP/6001")));
    assert_eq!(call(&tracker).state, CallState::Held);
    tracker.apply(event(5, "a", Kind::Resumed, Some("SIP/6001")));
    assert_eq!(call(&tracker).state, CallState::Answered);
    tracker.apply(event(6, "a", Kind::ConsultRinging, Some("SIP/7002")));
    assert_eq!(call(&tracker).consultation.as_ref().unwrap().failed, None);
}

#[test]
fn a_caller_left_with_nobody_is_seen_waiting() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Answered, Some("SIP/6001")));
    tracker.apply(event(1, "a", Kind::Ringing, Some("SIP/7001")));
    tracker.apply(event(9, "a", Kind::Missed, Some("SIP/7001")));
    assert_eq!(call(&tracker).state, CallState::Waiting);
}

#[test]
fn a_call_with_a_thousand_holds_keeps_its_beginning_and_its_end() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Answered, Some("SIP/6001")));
    for second in 1..5_000 {
        let kind = if second % 2 == 0 { Kind::Held } else { Kind::Resumed };
        tracker.apply(event(second, "a", kind, Some("SIP/6001")));
    }
    tracker.apply(event(9_000, "a", Kind::Ended, None));
    assert_eq!(call(&tracker).talk().unwrap().as_secs(), 9_000);
    assert!(tracker.steps(&CallSource("test".to_owned()), "a").count() <= MOST_EVENTS);
}

#[test]
fn what_ended_long_ago_is_forgotten_and_what_goes_on_is_not() {
    let mut tracker = Tracker::new();
    tracker.apply(event(0, "a", Kind::Ringing, Some("SIP/6001")));
    tracker.apply(event(1, "b", Kind::Ringing, Some("SIP/6001")));
    tracker.apply(event(5, "a", Kind::Ended, None));
    tracker.forget_ended_before(Timestamp::from_second(1_795_327_100).unwrap());
    let ids: Vec<_> = tracker.calls().map(|call| call.id.clone()).collect();
    assert_eq!(ids, ["b"]);
    assert!(tracker.call(&CallSource("test".to_owned()), "a").is_none());
}
