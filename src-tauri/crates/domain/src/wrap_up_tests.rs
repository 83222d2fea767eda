//! What a call's end asks for, what becomes a call-back, what stands in the ticket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    ticket::{Level, TicketKind},
    wording::testing::Catalogue,
};
use std::collections::{BTreeMap, BTreeSet};

fn at(text: &str) -> Timestamp {
    format!("2026-11-23T{text}Z").parse().unwrap()
}

fn call(state: CallState) -> Call {
    Call {
        source: CallSource("asterisk".into()),
        id: "1".into(),
        ids: BTreeSet::new(),
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612340013", "Claire Fontaine", "FR"),
        state,
        queue: Some("support".into()),
        ringing: BTreeSet::new(),
        device: Some("SIP/6001".into()),
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: at("08:00:00"),
        queued_at: Some(at("08:00:02")),
        ringing_at: None,
        answered_at: (state == CallState::Ended).then(|| at("08:00:12")),
        transferred_at: None,
        voicemail_at: None,
        ended_at: Some(at("08:04:17")),
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: Default::default(),
    }
}

fn ticket(title: &str) -> CallTicket {
    CallTicket::New {
        ticket: Box::new(NewTicket {
            title: title.into(),
            description: RichText::from_plain("Ne répond plus"),
            kind: TicketKind::Incident,
            urgency: Level(3),
            impact: Level(3),
            category: None,
            location: None,
            channel: None,
            entity: None,
            actors: vec![],
            assets: vec![],
        }),
    }
}

#[test]
fn a_call_cannot_be_left_without_disposition_and_ticket() {
    let over = call(CallState::Ended);
    let mut wrap_up = WrapUp::default();
    let missing = |wrap_up: &WrapUp| match wrap_up.close(&over) {
        Err(WrapUpError::Incomplete { missing }) => missing,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(&wrap_up), [WrapUpPart::Disposition, WrapUpPart::Ticket]);
    wrap_up.disposition = Some(Disposition::NotForUs);
    assert_eq!(missing(&wrap_up), [WrapUpPart::Ticket]);
    let none = |reason, words: &str| {
        Some(CallTicket::None {
            reason,
            words: words.into(),
        })
    };
    wrap_up.ticket = none(NoTicket::Other, "  ");
    assert_eq!(missing(&wrap_up), [WrapUpPart::Reason]);
    for (reason, words) in [(NoTicket::Other, "livreur"), (NoTicket::WrongNumber, "")] {
        wrap_up.ticket = none(reason, words);
        assert!(wrap_up.close(&over).is_ok());
    }
    wrap_up.ticket = Some(ticket(" "));
    assert_eq!(
        wrap_up.close(&over),
        Err(WrapUpError::Ticket(OperationError::EmptyTitle))
    );
    wrap_up.ticket = Some(CallTicket::Existing { id: TicketId(7) });
    assert_eq!(wrap_up.close(&call(CallState::Answered)), Err(WrapUpError::NotOver));
    assert!(
        wrap_up.close(&call(CallState::Transferred)).is_ok(),
        "handed on: over for the technician"
    );
}

#[test]
fn an_unanswered_call_becomes_a_call_back_with_an_owner() {
    let policy = CallPolicy {
        call_back_owner: "Support N1".into(),
        ..CallPolicy::default()
    };
    let id = OperationId::new();
    let missed = call(CallState::Missed);
    let back = call_back_of(&missed, &policy, id).unwrap();
    assert_eq!(back.reason, CallBackReason::Unanswered);
    assert_eq!(
        back.owner,
        Owner::Group {
            name: "Support N1".into()
        }
    );
    assert_eq!(back.due, at("08:34:17"));
    assert_eq!(call_back_of(&call(CallState::Ended), &policy, id), None, "answered");
    assert_eq!(call_back_of(&call(CallState::Ringing), &policy, id), None, "goes on");
    let voicemail = Call {
        voicemail_at: Some(at("08:01:00")),
        ..call(CallState::Missed)
    };
    assert_eq!(
        call_back_of(&voicemail, &policy, id).unwrap().reason,
        CallBackReason::Voicemail
    );
    let hidden = Call {
        remote: RemoteParty::read("anonymous", "", "FR"),
        ..call(CallState::Missed)
    };
    assert_eq!(call_back_of(&hidden, &policy, id), None, "there is no number to call");
    let ours = Call {
        direction: Direction::Outbound,
        ..call(CallState::Missed)
    };
    assert_eq!(call_back_of(&ours, &policy, id), None);
}

#[test]
fn a_number_shows_as_much_as_the_policy_says_and_never_more_than_half() {
    let public = RemoteParty::read("06 12 34 00 13", "", "FR");
    let inside = RemoteParty::read("4012", "", "FR");
    let sip = RemoteParty::read("jean.dupont4@example.fr", "", "FR");
    let last = |digits| NumberMask::LastDigits { digits };
    assert_eq!(NumberMask::Full.write(&public), "+33612340013");
    assert_eq!(last(4).write(&public), "+•••••••0013");
    assert_eq!(last(9).write(&public), "+••••••40013");
    assert_eq!(NumberMask::Hidden.write(&public), "+•••••••••••");
    assert_eq!(last(4).write(&inside), "••12");
    let masked = last(4).write(&sip);
    assert!(!masked.contains("dupont") && !masked.contains("example"), "{masked}");
    assert_eq!(last(4).write(&RemoteParty::read("", "", "FR")), "");
}

#[test]
fn a_call_goes_into_its_ticket_with_times_length_and_masked_number() {
    let over = call(CallState::Ended);
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let mut policy = CallPolicy::default();
    for phrases in Catalogue::both() {
        let closed = ClosedCall {
            disposition: Disposition::TakenUp,
            ticket: CallTicket::Existing { id: TicketId(7) },
            note: "Rappeler demain".into(),
        };
        policy.link_as = CallLink::Followup;
        let LanePlan { lane, operations } =
            link_call(&over, &closed, &policy, &phrases, &paris, OperationId::new).unwrap();
        assert_eq!(lane, Some(TicketId(7)));
        let [(_, Operation::AddFollowup { body, private: true })] = &operations[..] else {
            panic!("{operations:?}");
        };
        let text = body.to_plain();
        for part in [
            "09:00:00",
            "09:04:17",
            "4 min 05 s",
            "0 min 10 s",
            "•0013",
            "Rappeler demain",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("612340013") && !text.contains("0612"), "{text}");
        policy.link_as = CallLink::Task;
        let closed = ClosedCall {
            ticket: ticket("VPN"),
            ..closed
        };
        let LanePlan { lane, operations } =
            link_call(&over, &closed, &policy, &phrases, &paris, OperationId::new).unwrap();
        assert_eq!((lane, operations.len()), (None, 2));
        assert!(operations.iter().all(|(_, operation)| operation.validate().is_ok()));
        let Operation::AddTask {
            duration_s,
            private,
            begin,
            state,
            ..
        } = &operations[1].1
        else {
            panic!("{operations:?}");
        };
        assert_eq!(
            (*duration_s, *private, *begin, *state),
            (245, true, None, TaskState::Done)
        );
        let closed = ClosedCall {
            ticket: CallTicket::None {
                reason: NoTicket::Silence,
                words: String::new(),
            },
            ..closed
        };
        assert!(link_call(&over, &closed, &policy, &phrases, &paris, OperationId::new).is_none());
        for disposition in Disposition::VALUES {
            let closed = ClosedCall {
                disposition: *disposition,
                ..closed.clone()
            };
            assert!(!call_lines(&over, &closed, &policy, &phrases, &paris).is_empty());
        }
    }
}

#[test]
fn a_call_back_is_a_task_to_do_in_its_ticket_once() {
    let paris = TimeZone::get("Europe/Paris").unwrap();
    let mut back = call_back_of(&call(CallState::Missed), &CallPolicy::default(), OperationId::new()).unwrap();
    for phrases in Catalogue::both() {
        for reason in CallBackReason::VALUES {
            back.reason = *reason;
            back.ticket = None;
            let mask = NumberMask::LastDigits { digits: 4 };
            assert_eq!(back.task("Support N1", mask, &phrases, &paris), None);
            back.ticket = Some(TicketId(7));
            let (ticket, id, task) = back.task("Support N1", mask, &phrases, &paris).unwrap();
            assert_eq!((ticket, id), (TicketId(7), back.id));
            assert_eq!(task.validate(), Ok(()));
            let words = task.plain_text();
            for part in ["Claire Fontaine", "•0013", "09:34:17", "Support N1"] {
                assert!(words.contains(part), "{part} in {words}");
            }
            assert!(matches!(
                task,
                Operation::AddTask {
                    private: true,
                    state: TaskState::Todo,
                    begin: None,
                    ..
                }
            ));
        }
    }
}
