//! What is held before it leaves, and what is taken back.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId,
    operation::{AttachTo, Operation},
    outbox::{EntryState, Failure, Receipt, WedgeReason},
};
use guichet_store::*;
use std::time::Duration;

const HOLD: Duration = Duration::from_secs(5);

async fn with_ticket() -> Store {
    let store = memory().await;
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Ticket 1")))]))
        .await
        .unwrap();
    store
}

fn draft(key: &str, body: &str) -> Draft {
    Draft {
        key: key.to_owned(),
        ticket: Some(TicketId(1)),
        body: body.to_owned(),
        attachments: Vec::new(),
        updated_at: at(0),
    }
}

fn held(submission: Submission) -> Submission {
    Submission {
        hold: HOLD,
        ..submission
    }
}

async fn due(store: &Store, second: i64) -> Vec<OperationId> {
    let due = store.due(at(second), 10).await.unwrap();
    due.into_iter().map(|entry| entry.id).collect()
}

async fn state(store: &Store, id: OperationId) -> EntryState {
    store.entry(id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn what_is_held_is_pending_at_once_and_due_when_its_hold_ends() {
    let store = with_ticket().await;
    let accepted = store
        .submit(held(on(1, vec![say("Un"), say("Deux")])), at(10))
        .await
        .unwrap();
    assert!(accepted.entries.iter().all(|entry| entry.held_until == Some(at(15))));
    assert_eq!(store.outbox(Some(TicketId(1)), false).await.unwrap(), accepted.entries);
    assert_eq!(store.ticket(TicketId(1)).await.unwrap().unwrap().pending.len(), 2);
    assert!(due(&store, 14).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(at(15)));
    assert_eq!(due(&store, 15).await, [accepted.entries[0].id]);
}

#[tokio::test]
async fn a_lane_waits_behind_what_is_held_and_others_do_not() {
    let store = with_ticket().await;
    store
        .apply(&batch(vec![bundled(bundle(ticket(2, "Ticket 2")))]))
        .await
        .unwrap();
    let first = store
        .submit(held(on(1, vec![say("Un")])), at(10))
        .await
        .unwrap()
        .entries[0]
        .id;
    let behind = store.submit(on(1, vec![say("Deux")]), at(11)).await.unwrap().entries[0].id;
    let beside = store.submit(on(2, vec![say("Trois")]), at(11)).await.unwrap().entries[0].id;
    assert_eq!(due(&store, 12).await, [beside]);
    assert_eq!(due(&store, 15).await, [first, beside]);
    store.begin_attempt(first, at(15)).await.unwrap();
    store.mark_sent(first, &Receipt::default(), at(15)).await.unwrap();
    assert_eq!(due(&store, 15).await, [behind, beside]);
}

#[tokio::test]
async fn a_hold_ends_when_the_clock_was_set_back_and_none_is_endless() {
    let store = with_ticket().await;
    let id = store
        .submit(held(on(1, vec![say("Un")])), at(7200))
        .await
        .unwrap()
        .entries[0]
        .id;
    assert_eq!(due(&store, 0).await, [id], "two hours ahead: the clock was wrong");
    let endless = Submission {
        hold: Duration::from_secs(61),
        ..on(1, vec![say("Deux")])
    };
    assert!(matches!(
        store.submit(endless, at(0)).await,
        Err(StoreError::Invalid { .. })
    ));
}

#[tokio::test]
async fn what_is_taken_back_is_a_draft_again_with_its_files() {
    let store = with_ticket().await;
    let file = store
        .keep_attachment("capture.png", "image/png", b"pixels")
        .await
        .unwrap();
    let typed = Draft {
        attachments: vec![file.clone()],
        ..draft("ticket:1", "{\"text\":\"Bonjour\"}")
    };
    store.save_draft(&typed).await.unwrap();
    let words = OperationId::new();
    let upload = Operation::UploadDocument {
        attachment: file.clone(),
        attach_to: AttachTo::Operation { id: words },
    };
    let submission = Submission {
        lane: Some(TicketId(1)),
        operations: vec![(words, say("Bonjour")), (OperationId::new(), upload)],
        draft: Some("ticket:1".to_owned()),
        hold: HOLD,
    };
    let entries = store.submit(submission, at(10)).await.unwrap().entries;
    assert_eq!(store.draft("ticket:1").await.unwrap(), None);
    // By any of its operations.
    let taken = store.take_back(&[entries[1].id], at(12)).await.unwrap();
    assert_eq!(taken.operations, [entries[0].id, entries[1].id]);
    assert_eq!(taken.drafts, std::slice::from_ref(&typed));
    assert!(taken.changes.outbox && taken.changes.tickets.contains(&TicketId(1)));
    assert_eq!(store.draft("ticket:1").await.unwrap(), Some(typed));
    assert_eq!(store.attachment(&file.blob).await.unwrap().unwrap(), b"pixels");
    assert!(store.outbox(None, false).await.unwrap().is_empty());
    assert!(store.next_due().await.unwrap().is_none());
    assert!(store.ticket(TicketId(1)).await.unwrap().unwrap().pending.is_empty());
    assert_eq!(state(&store, words).await, EntryState::Cancelled { at: at(12) });
    // A second time there is nothing to do, and nothing is given back twice.
    let again = store.take_back(&[words], at(13)).await.unwrap();
    assert!(again.operations.is_empty() && again.drafts.is_empty());
}

#[tokio::test]
async fn newer_words_keep_their_place_and_those_given_back_get_one_of_their_own() {
    let store = with_ticket().await;
    store.save_draft(&draft("ticket:1", "avant")).await.unwrap();
    let submission = Submission {
        draft: Some("ticket:1".to_owned()),
        ..held(on(1, vec![say("avant")]))
    };
    let id = store.submit(submission, at(10)).await.unwrap().entries[0].id;
    store.save_draft(&draft("ticket:1", "depuis")).await.unwrap();
    let taken = store.take_back(&[id], at(11)).await.unwrap();
    assert_eq!(taken.drafts[0].key, format!("returned:{id}"));
    assert_eq!(store.draft("ticket:1").await.unwrap().unwrap().body, "depuis");
    let returned = store.draft(&taken.drafts[0].key).await.unwrap().unwrap();
    assert_eq!((returned.body.as_str(), returned.ticket), ("avant", Some(TicketId(1))));
}

#[tokio::test]
async fn what_may_have_left_is_not_taken_back_nor_what_was_submitted_with_it() {
    let store = with_ticket().await;
    let refused = async |ids: &[OperationId], why: &str| {
        let before = store.outbox(None, true).await.unwrap();
        let error = store.take_back(ids, at(20)).await.expect_err(why);
        assert!(matches!(error, StoreError::AlreadyLeft { .. }), "{why}: {error}");
        assert_eq!(error.code(), "entry_already_left");
        assert_eq!(store.outbox(None, true).await.unwrap(), before, "{why}");
    };
    let entries = store
        .submit(on(1, vec![say("Un"), say("Deux")]), at(10))
        .await
        .unwrap()
        .entries;
    let (first, second) = (entries[0].id, entries[1].id);
    store.begin_attempt(first, at(11)).await.unwrap();
    refused(&[first], "in flight").await;
    refused(&[second], "with one in flight").await;
    let doubt = EntryState::InDoubt {
        since: at(11),
        not_before: None,
    };
    store.set_state(first, doubt, None).await.unwrap();
    refused(&[first], "in doubt").await;
    store
        .set_state(first, EntryState::Queued { not_before: None }, None)
        .await
        .unwrap();
    refused(&[first], "looked for and not found: a request has been made").await;
    store.begin_attempt(first, at(12)).await.unwrap();
    store.mark_sent(first, &Receipt::default(), at(12)).await.unwrap();
    refused(&[first], "sent").await;
    refused(&[second], "with one sent").await;
    let unknown = OperationId::new();
    assert!(matches!(
        store.take_back(&[unknown], at(20)).await,
        Err(StoreError::NoSuchEntry { .. })
    ));
}

#[tokio::test]
async fn of_several_either_all_or_none_is_taken_back() {
    let store = with_ticket().await;
    let mine = store
        .submit(held(on(1, vec![say("Un")])), at(10))
        .await
        .unwrap()
        .entries[0]
        .id;
    let other = store
        .submit(held(new(vec![create("Autre")])), at(10))
        .await
        .unwrap()
        .entries[0]
        .id;
    store.begin_attempt(other, at(15)).await.unwrap();
    assert!(store.take_back(&[mine, other], at(16)).await.is_err());
    assert_eq!(state(&store, mine).await, EntryState::Queued { not_before: None });
    store.take_back(&[mine], at(16)).await.unwrap();
    assert!(matches!(state(&store, mine).await, EntryState::Cancelled { .. }));
}

#[tokio::test]
async fn an_attempt_that_met_no_network_can_be_taken_back() {
    let store = with_ticket().await;
    store.save_draft(&draft("ticket:1", "avant")).await.unwrap();
    let submission = Submission {
        draft: Some("ticket:1".to_owned()),
        ..on(1, vec![say("avant")])
    };
    let id = store.submit(submission, at(10)).await.unwrap().entries[0].id;
    store.begin_attempt(id, at(10)).await.unwrap();
    let offline = Failure {
        code: "backend_unreachable".to_owned(),
        detail: String::new(),
    };
    store.take_back_attempt(id, &offline).await.unwrap();
    let taken = store.take_back(&[id], at(3600)).await.unwrap();
    assert_eq!(taken.drafts[0].body, "avant");
}

#[tokio::test]
async fn a_new_ticket_taken_back_is_gone_and_what_was_said_on_it_since_can_be_taken_back_too() {
    let store = memory().await;
    store
        .save_draft(&Draft {
            ticket: None,
            ..draft("new:1", "le ticket")
        })
        .await
        .unwrap();
    let submission = Submission {
        draft: Some("new:1".to_owned()),
        ..held(new(vec![create("Souris")]))
    };
    let accepted = store.submit(submission, at(10)).await.unwrap();
    let creation = accepted.entries[0].id;
    store
        .save_draft(&Draft {
            ticket: Some(accepted.lane),
            ..draft("ticket:-1", "la suite")
        })
        .await
        .unwrap();
    let submission = Submission {
        draft: Some("ticket:-1".to_owned()),
        ..held(on(accepted.lane.0, vec![say("la suite")]))
    };
    let since = store.submit(submission, at(11)).await.unwrap().entries[0].id;
    let taken = store.take_back(&[creation], at(12)).await.unwrap();
    assert_eq!(taken.operations, [creation]);
    assert_eq!(taken.drafts[0].key, "new:1");
    assert!(store.ticket(accepted.lane).await.unwrap().is_none());
    assert_eq!(
        state(&store, since).await,
        EntryState::Wedged {
            reason: WedgeReason::DependencyDiscarded
        }
    );
    let taken = store.take_back(&[since], at(13)).await.unwrap();
    assert_eq!(taken.drafts[0].body, "la suite");
    assert!(store.outbox(None, false).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_draft_submitted_on_a_new_ticket_comes_back_under_its_number() {
    let store = memory().await;
    let accepted = store.submit(new(vec![create("Souris")]), at(10)).await.unwrap();
    store
        .save_draft(&Draft {
            ticket: Some(accepted.lane),
            ..draft("ticket:-1", "la suite")
        })
        .await
        .unwrap();
    let submission = Submission {
        draft: Some("ticket:-1".to_owned()),
        ..held(on(-1, vec![say("la suite")]))
    };
    let since = store.submit(submission, at(11)).await.unwrap().entries[0].id;
    store.begin_attempt(accepted.entries[0].id, at(11)).await.unwrap();
    let receipt = Receipt {
        remote_id: None,
        ticket: Some(TicketId(815)),
    };
    store.mark_sent(accepted.entries[0].id, &receipt, at(12)).await.unwrap();
    let taken = store.take_back(&[since], at(13)).await.unwrap();
    assert_eq!(
        (taken.drafts[0].key.as_str(), taken.drafts[0].ticket),
        ("ticket:815", Some(TicketId(815)))
    );
}

#[tokio::test]
async fn sending_at_once_ends_the_hold_of_all_that_was_submitted_together() {
    let store = with_ticket().await;
    let entries = store
        .submit(held(on(1, vec![say("Un"), say("Deux")])), at(10))
        .await
        .unwrap()
        .entries;
    let other = store
        .submit(held(on(1, vec![say("Trois")])), at(10))
        .await
        .unwrap()
        .entries[0]
        .id;
    store.resolve(entries[0].id, Resolution::Retry, at(11)).await.unwrap();
    for (id, until) in [(entries[0].id, None), (entries[1].id, None), (other, Some(at(15)))] {
        assert_eq!(store.entry(id).await.unwrap().unwrap().held_until, until);
    }
    assert_eq!(due(&store, 11).await, [entries[0].id]);
}

#[tokio::test]
async fn the_draft_of_what_was_sent_or_given_up_does_not_come_back() {
    let store = with_ticket().await;
    for end in ["sent", "given up"] {
        store.save_draft(&draft("ticket:1", end)).await.unwrap();
        let submission = Submission {
            draft: Some("ticket:1".to_owned()),
            ..held(on(1, vec![say(end)]))
        };
        let id = store.submit(submission, at(10)).await.unwrap().entries[0].id;
        if end == "sent" {
            store.begin_attempt(id, at(15)).await.unwrap();
            store.mark_sent(id, &Receipt::default(), at(15)).await.unwrap();
        } else {
            store.resolve(id, Resolution::Discard, at(11)).await.unwrap();
            assert!(store.take_back(&[id], at(12)).await.unwrap().drafts.is_empty());
        }
        assert!(store.drafts().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn words_changed_while_they_waited_come_back_as_they_were_changed() {
    let store = with_ticket().await;
    store
        .save_draft(&draft("ticket:1", "{\"text\":\"avant\"}"))
        .await
        .unwrap();
    let submission = Submission {
        draft: Some("ticket:1".to_owned()),
        ..held(on(1, vec![say("avant"), say("la suite")]))
    };
    let id = store.submit(submission, at(10)).await.unwrap().entries[0].id;
    let operation = Box::new(say("après"));
    store.resolve(id, Resolution::Edit { operation }, at(11)).await.unwrap();
    assert!(due(&store, 12).await.is_empty(), "an edit ends no hold");
    let taken = store.take_back(&[id], at(12)).await.unwrap();
    assert_eq!(taken.drafts[0].body, "après\n\nla suite");
}

#[tokio::test]
async fn what_is_held_when_the_process_ends_waits_on_and_can_still_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    store
        .save_draft(&Draft {
            ticket: None,
            ..draft("new:1", "le ticket")
        })
        .await
        .unwrap();
    let submission = Submission {
        draft: Some("new:1".to_owned()),
        ..held(new(vec![create("Souris")]))
    };
    let id = store.submit(submission, at(10)).await.unwrap().entries[0].id;
    store.close().await;
    drop(store);
    let (store, report) = Store::open(folder.path(), &KEY, at(12)).await.unwrap();
    assert!(report.recovered.is_empty(), "nothing was under way");
    assert!(due(&store, 12).await.is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(at(15)));
    assert_eq!(
        due(&store, 3600).await,
        [id],
        "closed during the hold: it goes at the next start"
    );
    assert_eq!(
        store.take_back(&[id], at(13)).await.unwrap().drafts[0].body,
        "le ticket"
    );
}

#[tokio::test]
async fn several_submissions_are_one_transaction_and_what_one_breaks_refuses_it_alone() {
    let store = with_ticket().await;
    store
        .apply(&batch(vec![bundled(bundle(ticket(2, "Ticket 2")))]))
        .await
        .unwrap();
    let all = [
        held(on(1, vec![say("Un")])),
        held(on(77, vec![say("Nulle part")])),
        held(on(2, vec![say("Deux"), say("")])),
        held(on(2, vec![say("Trois")])),
    ];
    let outcomes = store.submit_all(&all, at(10)).await.unwrap();
    let taken: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
    assert_eq!(taken, [true, false, false, true]);
    let waiting = store.outbox(None, false).await.unwrap();
    assert_eq!(waiting.len(), 2, "nothing is left of a submission half accepted");
    assert!(waiting.iter().all(|entry| entry.held_until == Some(at(15))));
    assert_eq!(store.ticket(TicketId(2)).await.unwrap().unwrap().pending.len(), 1);
    let ids: Vec<OperationId> = waiting.iter().map(|entry| entry.id).collect();
    let taken = store.take_back(&ids, at(11)).await.unwrap();
    assert_eq!(taken.operations.len(), 2, "and taken back together");
    assert!(store.outbox(None, false).await.unwrap().is_empty());
}
