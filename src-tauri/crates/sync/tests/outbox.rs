//! The pump's rules, one test each.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use guichet_backend::{AuthProblem, BackendError, Clock, Delivery, Page, Probe};
use guichet_domain::{
    operation::{AttachTo, Field, FieldValue, Operation},
    outbox::{EntryState, Gate, Receipt, WedgeReason},
    record::Collection,
    ticket::Level,
    timeline::{EntryKey, EntryKind},
};
use guichet_store::Resolution;
use guichet_sync::{SyncEvent, SyncSettings};
use std::{sync::Arc, time::Duration};
use support::*;

fn quick() -> SyncSettings {
    SyncSettings {
        reconcile_interval: Duration::from_secs(3600),
        ..SyncSettings::default()
    }
}

async fn run_for(desk: &Desk, seconds: u64) {
    let engine = Arc::clone(&desk.engine);
    tokio::select! {
        () = engine.run() => {}
        () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_goes_out_once_and_its_ticket_is_read_back() {
    let desk = Desk::ready(quick()).await;
    let mut events = desk.engine.events();
    let id = desk.submit(1, vec![followup("hello")])[0];
    let report = desk.engine.round().await.unwrap();
    assert_eq!((report.sent, report.waiting), (1, 0));
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
    assert_eq!(desk.entry(id).remote_id, Some(901));
    assert_eq!(desk.backend.seen("send").len(), 1);
    assert_eq!(
        desk.backend
            .seen("ticket")
            .iter()
            .map(|seen| seen.id)
            .collect::<Vec<_>>(),
        [1]
    );
    let SyncEvent::Changed(first) = events.try_recv().unwrap();
    assert!(
        first.outbox && first.tickets.contains(&1.into()),
        "one change tells of both: {first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_attempt_is_counted_before_its_request_is_made() {
    let desk = Desk::ready(quick()).await;
    let id = desk.submit(1, vec![followup("hello")])[0];
    *desk.steps.stop_at.lock().unwrap() = Some("attempt.begun");
    let crashed = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
    assert!(crashed.is_err());
    assert_eq!(desk.entry(id).attempts, 1);
    assert_eq!(desk.state(id), EntryState::InFlight);
    assert!(desk.backend.seen("send").is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_round_dropped_under_way_leaves_its_entry_in_doubt_and_it_is_probed() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.send_takes = Duration::from_secs(20);
        script.probes.push_back(Ok(Probe::Applied(Receipt {
            remote_id: Some(44),
            ticket: None,
        })));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    let dropped = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
    assert!(dropped.is_err());
    assert_eq!(desk.state(id), EntryState::InFlight);
    desk.engine.round().await.unwrap();
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
    assert_eq!(desk.entry(id).remote_id, Some(44));
    assert_eq!(desk.backend.seen("send").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_is_probed_before_anything_is_sent_again() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::MaybeSent)));
        script.probes.push_back(Ok(Probe::Applied(Receipt {
            remote_id: Some(77),
            ticket: None,
        })));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    desk.engine.round().await.unwrap();
    assert!(matches!(desk.state(id), EntryState::InDoubt { since, .. } if since == at(0)));
    run_for(&desk, 10).await;
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
    assert_eq!(desk.entry(id).remote_id, Some(77));
    assert_eq!(desk.backend.seen("send").len(), 1);
    assert_eq!(desk.backend.seen("probe").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn absence_is_believed_only_after_the_longest_processing_time_since_the_last_request() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::MaybeSent)));
        script.sends.push_back(Err(broken(Delivery::MaybeSent, 502, None)));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    run_for(&desk, 300).await;
    assert!(
        matches!(desk.state(id), EntryState::Sent { .. }),
        "{:?}",
        desk.state(id)
    );
    let sends = desk.backend.seen("send");
    assert_eq!(sends.len(), 3);
    for pair in sends.windows(2) {
        let waited = seconds_between(pair[0].at, pair[1].at);
        assert!((120.0..125.0).contains(&waited), "sent again after {waited} s");
    }
    assert!(desk.backend.seen("probe").len() > 6);
}

/// The account lost an entity meanwhile: what was sent may be there, out of sight.
#[tokio::test(start_paused = true)]
async fn absence_is_not_believed_when_the_account_sees_other_things_than_before() {
    for (sight, sends) in [("", 2), ("fewer entities", 1)] {
        let desk = Desk::ready(quick()).await;
        desk.backend.script(|script| {
            script.sends.push_back(Err(network(Delivery::MaybeSent)));
        });
        let id = desk.submit(0, vec![creation("New one")])[0];
        desk.engine.round().await.unwrap();
        desk.backend.script(|script| script.sight = sight.to_owned());
        run_for(&desk, 130).await;
        assert_eq!(desk.backend.seen("send").len(), sends, "{sight}: {:?}", desk.state(id));
        let reason = WedgeReason::Undetermined;
        assert_eq!(desk.state(id) == EntryState::Wedged { reason }, sends == 1, "{sight}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_decided_is_shown_after_the_longest_processing_time() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::MaybeSent)));
        script.probes.extend((0..50).map(|_| Ok(Probe::Undecidable)));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    run_for(&desk, 119).await;
    assert!(
        matches!(desk.state(id), EntryState::InDoubt { .. }),
        "{:?}",
        desk.state(id)
    );
    run_for(&desk, 10).await;
    let reason = WedgeReason::Undetermined;
    assert_eq!(desk.state(id), EntryState::Wedged { reason });
    assert_eq!(desk.backend.seen("send").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn offline_during_a_probe_leaves_it_in_doubt() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::MaybeSent)));
        script.probes.extend((0..3).map(|_| Err(network(Delivery::NotSent))));
        script.probes.push_back(Ok(Probe::Applied(Receipt::default())));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    run_for(&desk, 60).await;
    assert!(
        matches!(desk.state(id), EntryState::Sent { .. }),
        "{:?}",
        desk.state(id)
    );
    assert_eq!(desk.backend.seen("send").len(), 1);
    assert_eq!(desk.backend.seen("probe").len(), 4);
}

#[tokio::test(start_paused = true)]
async fn what_certainly_did_not_leave_waits_behind_an_offline_gate() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::NotSent)));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    let report = desk.engine.round().await.unwrap();
    assert!(matches!(report.gate, Gate::Offline { .. }));
    assert_eq!(desk.state(id), EntryState::Queued { not_before: None });
    desk.engine.round().await.unwrap();
    assert_eq!(desk.backend.seen("send").len(), 1, "not before the gate's time");
    desk.engine.nudge();
    let report = desk.engine.round().await.unwrap();
    assert_eq!(report.gate, Gate::Open);
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
}

/// The adapter answers for a collection that is not due without asking anybody. Taken for an answer of the server, it opened
/// the gate once a second all through an outage, and an attempt was under way whenever the power went.
#[tokio::test(start_paused = true)]
async fn a_page_nobody_was_asked_for_does_not_open_the_gate() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        let cut = std::iter::repeat_with(|| Err(network(Delivery::NotSent)));
        script.pages.insert(Collection::Tickets, cut.take(20).collect());
        let resting = std::iter::repeat_with(|| {
            Ok(Page {
                asked: false,
                ..page(Vec::new(), 1, false)
            })
        });
        script
            .pages
            .insert(Collection::TicketDetails, resting.take(200).collect());
    });
    desk.engine.round().await.unwrap();
    let id = desk.submit(1, vec![followup("hello")])[0];
    run_for(&desk, 25).await;
    assert!(desk.backend.seen("pull").len() > 4, "it was tried again and again");
    assert_eq!(desk.backend.seen("send").len(), 0);
    assert!(matches!(now_or_wait(desk.store.gate()).unwrap(), Gate::Offline { .. }));
    desk.backend.script(|script| script.pages.clear());
    run_for(&desk, 60).await;
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(broken(Delivery::NotSent, 429, Some(30))));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    let asked = desk.backend.script(|script| script.log.len());
    run_for(&desk, 29).await;
    assert_eq!(
        desk.backend.script(|script| script.log.len()),
        asked + 1,
        "nothing is asked meanwhile"
    );
    assert_eq!(desk.state(id), EntryState::Queued { not_before: None });
    run_for(&desk, 5).await;
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_refused_sign_in_stays_until_somebody_signs_in() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script
            .sends
            .push_back(Err(BackendError::Auth(AuthProblem::BadUserToken)));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    run_for(&desk, 600).await;
    assert_eq!(desk.state(id), EntryState::Queued { not_before: None });
    assert_eq!(desk.backend.seen("send").len(), 1);
    desk.engine.nudge();
    let report = desk.engine.round().await.unwrap();
    assert!(matches!(&report.gate, Gate::AuthRequired { code } if code == "auth_bad_user_token"));
    desk.engine.signed_in().await.unwrap();
    let report = desk.engine.round().await.unwrap();
    assert_eq!((report.gate, report.sent), (Gate::Open, 1));
}

#[tokio::test(start_paused = true)]
async fn what_the_old_session_was_refused_does_not_shut_out_the_new_one() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.send_takes = Duration::from_secs(2);
        script
            .sends
            .push_back(Err(BackendError::Auth(AuthProblem::BadUserToken)));
    });
    let id = desk.submit(1, vec![followup("hello")])[0];
    let engine = Arc::clone(&desk.engine);
    let signing_in = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        desk.engine.signed_in().await.unwrap();
    };
    let (report, ()) = tokio::join!(engine.round(), signing_in);
    assert_eq!(report.unwrap().gate, Gate::Open);
    assert_eq!(desk.state(id), EntryState::Queued { not_before: None });
    desk.engine.round().await.unwrap();
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_its_own_reason_and_blocks_its_own_lane_only() {
    let field = Field::Urgency;
    let (base, theirs, new) = (
        FieldValue::Level(Level(3)),
        FieldValue::Level(Level(4)),
        FieldValue::Level(Level(5)),
    );
    let conflict = BackendError::Conflict {
        field,
        theirs: Box::new(theirs.clone()),
    };
    let message = String::from("why");
    let cases = [
        (
            BackendError::Forbidden {
                message: message.clone(),
            },
            WedgeReason::Forbidden {
                message: message.clone(),
            },
        ),
        (BackendError::NotFound, WedgeReason::Gone),
        (BackendError::Closed, WedgeReason::Closed),
        (BackendError::AlreadySolved, WedgeReason::AlreadySolved),
        (
            BackendError::Invalid {
                message: message.clone(),
            },
            WedgeReason::Invalid { message },
        ),
        (
            conflict,
            WedgeReason::Conflict {
                field,
                base: base.clone(),
                theirs,
                ours: new.clone(),
            },
        ),
    ];
    for (error, reason) in cases {
        let desk = Desk::ready(quick()).await;
        desk.backend.script(|script| {
            script.sends_of.entry(1).or_default().push_back(Err(error));
        });
        let set = Operation::SetField {
            field,
            base: base.clone(),
            new: new.clone(),
        };
        let ids = desk.submit(1, vec![set, followup("behind it")]);
        let other = desk.submit(2, vec![followup("beside it")])[0];
        desk.engine.round().await.unwrap();
        assert_eq!(desk.state(ids[0]), EntryState::Wedged { reason });
        assert_eq!(desk.state(ids[1]), EntryState::Queued { not_before: None });
        assert!(matches!(desk.state(other), EntryState::Sent { .. }));
        assert_eq!(now_or_wait(desk.store.gate()).unwrap(), Gate::Open);
        let id = ids[0];
        now_or_wait(desk.store.resolve(id, Resolution::Retry, at(1))).unwrap();
        desk.engine.round().await.unwrap();
        assert!(matches!(desk.state(ids[1]), EntryState::Sent { .. }));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lane_never_has_two_requests_under_way_and_lanes_go_on_beside_each_other() {
    let settings = SyncSettings {
        concurrency: 2,
        ..quick()
    };
    let desk = Desk::ready(settings).await;
    desk.backend.script(|script| script.send_takes = Duration::from_secs(3));
    let mut ids = Vec::new();
    for lane in 1..=3 {
        ids.extend(desk.submit(lane, vec![followup("first"), followup("second"), followup("third")]));
    }
    desk.engine.round().await.unwrap();
    assert_eq!(desk.backend.script(|script| script.most_under_way), 2);
    let sends = desk.backend.seen("send");
    assert_eq!(sends.len(), 9);
    for lane in 1..=3 {
        let of_lane: Vec<_> = sends.iter().filter(|seen| seen.id == lane).collect();
        let wanted = &ids[(usize::try_from(lane).unwrap() - 1) * 3..][..3];
        assert_eq!(
            of_lane
                .iter()
                .map(|seen| seen.outgoing.as_ref().unwrap().id)
                .collect::<Vec<_>>(),
            wanted
        );
        assert!(
            of_lane
                .windows(2)
                .all(|pair| seconds_between(pair[0].at, pair[1].at) >= 3.0)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_entry_in_doubt_holds_its_lane() {
    let desk = Desk::ready(quick()).await;
    desk.backend
        .script(|script| script.sends.push_back(Err(network(Delivery::MaybeSent))));
    let ids = desk.submit(1, vec![followup("first"), followup("second")]);
    run_for(&desk, 60).await;
    assert!(matches!(desk.state(ids[0]), EntryState::InDoubt { .. }));
    assert_eq!(desk.backend.seen("send").len(), 1);
    run_for(&desk, 120).await;
    assert!(matches!(desk.state(ids[1]), EntryState::Sent { .. }));
    let order: Vec<_> = desk
        .backend
        .seen("send")
        .iter()
        .map(|seen| seen.outgoing.as_ref().unwrap().id)
        .collect();
    assert_eq!(order, [ids[0], ids[0], ids[1]]);
}

#[tokio::test(start_paused = true)]
async fn an_upload_hangs_on_the_entry_its_parent_became() {
    let desk = Desk::ready(quick()).await;
    let attachment = now_or_wait(desk.store.keep_attachment("a.png", "image/png", b"bytes")).unwrap();
    let parent = guichet_domain::OperationId::new();
    let submission = guichet_store::Submission {
        lane: Some(1.into()),
        operations: vec![
            (parent, followup("see the picture")),
            (
                guichet_domain::OperationId::new(),
                Operation::UploadDocument {
                    attachment,
                    attach_to: AttachTo::Operation { id: parent },
                },
            ),
        ],
        draft: None,
        hold: std::time::Duration::ZERO,
    };
    now_or_wait(desk.store.submit(submission, at(0))).unwrap();
    desk.engine.round().await.unwrap();
    let sends = desk.backend.seen("send");
    let upload = sends[1].outgoing.as_ref().unwrap();
    assert_eq!(
        upload.attach_to,
        Some(EntryKey {
            kind: EntryKind::Followup,
            id: 901
        })
    );
    assert_eq!(upload.content.as_deref(), Some(&b"bytes"[..]));
}

#[tokio::test(start_paused = true)]
async fn rows_known_to_be_ours_are_not_taken_for_another_operation() {
    let desk = Desk::ready(quick()).await;
    desk.submit(1, vec![followup("same words")]);
    let task = Operation::AddTask {
        body: text("a task"),
        private: false,
        state: guichet_domain::timeline::TaskState::Todo,
        duration_s: 0,
        begin: None,
        assignee: None,
    };
    desk.submit(1, vec![task]);
    desk.engine.round().await.unwrap();
    desk.backend
        .script(|script| script.sends.push_back(Err(network(Delivery::MaybeSent))));
    desk.submit(1, vec![followup("same words")]);
    run_for(&desk, 4).await;
    let probe = desk.backend.seen("probe").remove(0);
    assert_eq!(
        probe.outgoing.unwrap().claimed,
        [901],
        "the first follow-up, and not the task 902"
    );
}

#[tokio::test(start_paused = true)]
async fn a_created_ticket_gets_its_number_and_its_lane_goes_on_under_it() {
    let desk = Desk::ready(quick()).await;
    let ids = desk.submit(0, vec![creation("New one"), followup("and this")]);
    desk.engine.round().await.unwrap();
    assert!(ids.iter().all(|id| matches!(desk.state(*id), EntryState::Sent { .. })));
    let sends = desk.backend.seen("send");
    assert_eq!(sends[0].outgoing.as_ref().unwrap().ticket, None);
    assert_eq!(sends[1].outgoing.as_ref().unwrap().ticket, Some(5001.into()));
    assert!(
        now_or_wait(desk.store.mirrored_ticket(5001.into())).unwrap().is_some(),
        "read back"
    );
}

#[tokio::test(start_paused = true)]
async fn two_creations_are_never_under_way_together() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| script.send_takes = Duration::from_secs(2));
    desk.submit(0, vec![creation("Same words")]);
    desk.submit(0, vec![creation("Same words")]);
    desk.engine.round().await.unwrap();
    let sends = desk.backend.seen("send");
    assert_eq!(sends.len(), 2);
    assert!(seconds_between(sends[0].at, sends[1].at) >= 2.0);
}

#[tokio::test(start_paused = true)]
async fn an_operation_the_server_breaks_over_is_shown_and_the_others_go_on() {
    let settings = SyncSettings {
        max_attempts: 3,
        ..quick()
    };
    let desk = Desk::ready(settings).await;
    desk.backend.script(|script| {
        script
            .sends_of
            .entry(1)
            .or_default()
            .extend((0..20).map(|_| Err(broken(Delivery::NotSent, 500, None))));
    });
    let poisoned = desk.submit(1, vec![followup("poison")])[0];
    let other = desk.submit(2, vec![followup("beside it")])[0];
    run_for(&desk, 120).await;
    assert!(matches!(desk.state(other), EntryState::Sent { .. }));
    let state = desk.state(poisoned);
    assert!(
        matches!(
            state,
            EntryState::Wedged {
                reason: WedgeReason::TooManyAttempts { .. }
            }
        ),
        "{state:?}"
    );
    assert_eq!(desk.backend.seen("send").iter().filter(|seen| seen.id == 1).count(), 3);
    assert_eq!(now_or_wait(desk.store.gate()).unwrap(), Gate::Open);
}

#[tokio::test(start_paused = true)]
async fn a_server_down_for_everybody_wedges_nobodys_words() {
    let settings = SyncSettings {
        max_attempts: 3,
        ..quick()
    };
    let desk = Desk::ready(settings).await;
    desk.backend.script(|script| script.down = true);
    let id = desk.submit(1, vec![followup("patience")])[0];
    run_for(&desk, 3600).await;
    assert!(
        matches!(desk.state(id), EntryState::Queued { .. }),
        "{:?}",
        desk.state(id)
    );
    assert_eq!(
        desk.entry(id).attempts,
        1,
        "whether the server is back is found out by reading"
    );
    desk.backend.script(|script| script.down = false);
    run_for(&desk, 120).await;
    assert!(
        matches!(desk.state(id), EntryState::Sent { .. }),
        "{:?}",
        desk.state(id)
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_that_met_no_network_or_a_shut_gate_do_not_count() {
    let desk = Desk::ready(quick()).await;
    let busy = Err(BackendError::Transient {
        delivery: Delivery::NotSent,
        status: 429,
        after: Some(Duration::from_secs(2)),
        message: "later".into(),
    });
    let ended = Err(BackendError::Auth(AuthProblem::SessionLost));
    desk.backend.script(|script| {
        script.sends.extend((0..12).map(|_| Err(network(Delivery::NotSent))));
        script.sends.extend([busy, ended]);
    });
    let id = desk.submit(1, vec![followup("through the outage")])[0];
    let mut tries = 0;
    while !matches!(desk.state(id), EntryState::Sent { .. }) {
        assert_eq!((desk.entry(id).attempts, desk.entry(id).first_attempt_at), (0, None));
        tries += 1;
        assert!(tries < 100, "{:?}", desk.entry(id));
        tokio::time::sleep(Duration::from_secs(61)).await;
        desk.engine.round().await.unwrap();
    }
    assert_eq!(desk.backend.seen("send").len(), 15);
    assert_eq!(desk.entry(id).attempts, 1, "the one that reached the server");
    // What the server may have seen counts: a lost reply, an error of its own.
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::MaybeSent)));
        script.sends.push_back(Err(broken(Delivery::NotSent, 500, None)));
    });
    let id = desk.submit(1, vec![followup("seen")])[0];
    run_for(&desk, 400).await;
    assert!(
        matches!(desk.state(id), EntryState::Sent { .. }),
        "{:?}",
        desk.entry(id)
    );
    assert_eq!(desk.entry(id).attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_dies_with_the_process_counts_however_it_would_have_ended() {
    let mut desk = Desk::ready(quick()).await;
    let id = desk.submit(1, vec![followup("poisoned")])[0];
    for attempts in 1..=3 {
        desk.backend
            .script(|script| script.sends.push_back(Err(network(Delivery::NotSent))));
        *desk.steps.stop_at.lock().unwrap() = Some("attempt.answered");
        let crashed = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
        assert!(crashed.is_err());
        assert_eq!(desk.entry(id).attempts, attempts);
        desk.restart();
        now_or_wait(desk.store.recover(guichet_backend::Clock::now(&desk.clock))).unwrap();
        // Found in flight: in doubt, and sent again only once it is known not to be there.
        tokio::time::sleep(Duration::from_secs(200)).await;
        desk.backend.script(|script| script.down = false);
        *desk.steps.stop_at.lock().unwrap() = Some("attempt.due");
        let stopped = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
        assert!(stopped.is_err(), "it is tried again");
        desk.restart();
    }
}

#[tokio::test(start_paused = true)]
async fn a_created_tickets_lane_that_joins_one_under_way_waits_for_it() {
    let desk = Desk::ready(quick()).await;
    desk.backend.script(|script| {
        script.sends.push_back(Err(network(Delivery::MaybeSent)));
        script.probes.push_back(Ok(Probe::Applied(Receipt {
            remote_id: Some(4),
            ticket: Some(4.into()),
        })));
        script.tickets.insert(4, bundle(4));
    });
    let behind = desk.submit(0, vec![creation("Mouse"), followup("behind")])[1];
    desk.engine.round().await.unwrap();
    // The ticket is read before its creation's lost reply is cleared up, and somebody answers it under its number.
    let read = guichet_store::Batch {
        records: vec![guichet_domain::record::Record::Bundle(Box::new(bundle(4)))],
        ..guichet_store::Batch::default()
    };
    now_or_wait(desk.store.apply(&read)).unwrap();
    let by_number = desk.submit(4, vec![followup("by its number")])[0];
    desk.backend.script(|script| script.send_takes = Duration::from_secs(5));
    tokio::time::sleep(Duration::from_secs(3)).await;
    run_for(&desk, 60).await;
    for id in [behind, by_number] {
        assert!(
            matches!(desk.state(id), EntryState::Sent { .. }),
            "{:?}",
            desk.entry(id)
        );
    }
    assert_eq!(desk.backend.script(|script| script.most_under_way), 1);
}

const HOLD: Duration = Duration::from_secs(5);

/// An engine that would look again in an hour.
fn sleepy() -> SyncSettings {
    SyncSettings {
        active_interval: Duration::from_secs(3600),
        idle_interval: Duration::from_secs(3600),
        ..quick()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_held_leaves_when_its_hold_ends_without_anybody_looking_meanwhile() {
    let desk = Desk::ready(sleepy()).await;
    let engine = Arc::clone(&desk.engine);
    let sleeping = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let before = desk.backend.seen("pull").len();
        let id = desk.submit_held(1, vec![followup("held")], HOLD)[0];
        engine.accepted(true);
        tokio::time::sleep(HOLD - Duration::from_millis(100)).await;
        assert_eq!(desk.entry(id).attempts, 0);
        assert_eq!(
            desk.backend.seen("pull").len(),
            before,
            "the server is left alone meanwhile"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(
            matches!(desk.state(id), EntryState::Sent { .. }),
            "{:?}",
            desk.state(id)
        );
    };
    tokio::select! {
        () = engine.run() => {}
        () = sleeping => {}
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_while_held_never_leaves_and_what_is_behind_it_does() {
    let desk = Desk::ready(sleepy()).await;
    let held = desk.submit_held(1, vec![followup("held")], HOLD)[0];
    let behind = desk.submit(1, vec![followup("behind")])[0];
    assert_eq!(desk.engine.round().await.unwrap().sent, 0, "the lane waits, in order");
    now_or_wait(desk.store.take_back(&[held], desk.clock.now())).unwrap();
    assert_eq!(desk.engine.round().await.unwrap().sent, 1);
    tokio::time::sleep(HOLD).await;
    desk.engine.round().await.unwrap();
    assert!(matches!(desk.state(behind), EntryState::Sent { .. }));
    assert!(matches!(desk.state(held), EntryState::Cancelled { .. }));
    assert_eq!(desk.backend.seen("send").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_back_between_being_due_and_being_begun_does_not_leave() {
    let desk = Desk::ready(quick()).await;
    let id = desk.submit(1, vec![followup("now")])[0];
    *desk.steps.stop_at.lock().unwrap() = Some("attempt.due");
    let stopped = tokio::time::timeout(Duration::from_secs(1), desk.engine.round()).await;
    assert!(stopped.is_err());
    now_or_wait(desk.store.take_back(&[id], desk.clock.now())).unwrap();
    *desk.steps.stop_at.lock().unwrap() = None;
    desk.engine.round().await.unwrap();
    assert!(desk.backend.seen("send").is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_engine_started_during_a_hold_sends_when_it_ends() {
    let mut desk = Desk::ready(sleepy()).await;
    let id = desk.submit_held(1, vec![followup("held")], HOLD)[0];
    desk.restart();
    run_for(&desk, 4).await;
    assert_eq!(desk.entry(id).attempts, 0);
    run_for(&desk, 2).await;
    assert!(matches!(desk.state(id), EntryState::Sent { .. }));
}
