//! The outbox: lanes, states, numbers of local tickets, ways out, drafts and attachments.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId,
    document::Attachment,
    operation::{AttachTo, Field, FieldValue, Operation},
    outbox::{EntryState, Failure, Gate, OutboxEntry, Receipt, WedgeReason},
};
use guichet_store::*;
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

async fn with_tickets(ids: &[i64]) -> Store {
    let store = memory().await;
    let records = ids
        .iter()
        .map(|id| bundled(bundle(ticket(*id, &format!("Ticket {id}")))))
        .collect();
    store.apply(&batch(records)).await.unwrap();
    store
}

fn failure(detail: &str) -> Failure {
    Failure {
        code: "backend_unreachable".to_owned(),
        detail: detail.to_owned(),
    }
}

async fn accept(store: &Store, lane: i64, text: &str) -> OutboxEntry {
    store
        .submit(on(lane, vec![say(text)]), at(0))
        .await
        .unwrap()
        .entries
        .remove(0)
}

fn receipt(remote_id: i64) -> Receipt {
    Receipt {
        remote_id: Some(remote_id),
        ticket: None,
    }
}

fn created(ticket: i64) -> Receipt {
    Receipt {
        remote_id: None,
        ticket: Some(TicketId(ticket)),
    }
}

fn queued(not_before: Option<Timestamp>) -> EntryState {
    EntryState::Queued { not_before }
}

fn wedged(reason: WedgeReason) -> EntryState {
    EntryState::Wedged { reason }
}

async fn state(store: &Store, id: OperationId) -> EntryState {
    store.entry(id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn only_the_head_of_a_lane_is_due_and_other_lanes_go_on() {
    let store = with_tickets(&[1, 2]).await;
    let first = accept(&store, 1, "un").await;
    let second = accept(&store, 1, "deux").await;
    let other = accept(&store, 2, "trois").await;
    let due = |entries: Vec<OutboxEntry>| entries.iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert_eq!(due(store.due(at(0), 10).await.unwrap()), [first.id, other.id]);
    assert_eq!(due(store.due(at(0), 1).await.unwrap()), [first.id]);
    assert!(matches!(
        store.begin_attempt(second.id, at(0)).await,
        Err(StoreError::StateChanged { .. })
    ));
    let flying = store.begin_attempt(first.id, at(1)).await.unwrap();
    assert_eq!((flying.attempts, flying.first_attempt_at), (1, Some(at(1))));
    assert_eq!(due(store.due(at(1), 10).await.unwrap()), [other.id]);
    // Not sent: put off.
    store
        .set_state(first.id, queued(Some(at(60))), Some(&failure("connexion refusée")))
        .await
        .unwrap();
    assert_eq!(due(store.due(at(59), 10).await.unwrap()), [other.id]);
    assert_eq!(store.next_due().await.unwrap(), Some(at(60)));
    assert_eq!(due(store.due(at(60), 10).await.unwrap()), [first.id, other.id]);
    let again = store.begin_attempt(first.id, at(60)).await.unwrap();
    assert_eq!(
        (again.attempts, again.first_attempt_at),
        (2, Some(at(1))),
        "the first attempt's instant stays"
    );
    assert_eq!(again.last_error, Some(failure("connexion refusée")));
    // A wedged head blocks its own lane only.
    store
        .set_state(first.id, wedged(WedgeReason::Closed), None)
        .await
        .unwrap();
    assert_eq!(due(store.due(at(60), 10).await.unwrap()), [other.id]);
    assert_eq!(
        store.outbox_counts().await.unwrap(),
        OutboxCounts {
            pending: 3,
            wedged: 1,
            in_doubt: 0
        }
    );
    store.resolve(first.id, Resolution::Discard, at(61)).await.unwrap();
    assert_eq!(due(store.due(at(61), 10).await.unwrap()), [second.id, other.id]);
}

#[tokio::test]
async fn an_entry_in_doubt_is_due_for_its_probe_and_is_not_sent_before() {
    let store = with_tickets(&[1]).await;
    let entry = accept(&store, 1, "un").await;
    store.begin_attempt(entry.id, at(1)).await.unwrap();
    let doubt = EntryState::InDoubt {
        since: at(1),
        not_before: Some(at(9)),
    };
    store
        .set_state(entry.id, doubt.clone(), Some(&failure("délai dépassé")))
        .await
        .unwrap();
    assert!(store.due(at(8), 9).await.unwrap().is_empty());
    assert_eq!(store.next_due().await.unwrap(), Some(at(9)));
    assert_eq!(store.due(at(9), 9).await.unwrap()[0].state, doubt);
    assert!(matches!(
        store.begin_attempt(entry.id, at(9)).await,
        Err(StoreError::StateChanged { actual: "in_doubt", .. })
    ));
    store.set_state(entry.id, queued(None), None).await.unwrap();
    store.begin_attempt(entry.id, at(10)).await.unwrap();
    store.mark_sent(entry.id, &receipt(70), at(11)).await.unwrap();
    assert_eq!(store.sent_rows(TicketId(1)).await.unwrap(), [(entry.id, 70)]);
    assert!(store.outbox(None, false).await.unwrap().is_empty());
    assert_eq!(store.outbox(None, true).await.unwrap()[0].remote_id, Some(70));
}

#[tokio::test]
async fn illegal_transitions_are_errors() {
    let store = with_tickets(&[1]).await;
    let entry = accept(&store, 1, "un").await;
    assert!(matches!(
        store.mark_sent(entry.id, &receipt(1), at(1)).await,
        Err(StoreError::StateChanged { .. })
    ));
    let doubt = EntryState::InDoubt {
        since: at(0),
        not_before: None,
    };
    assert!(
        store.set_state(entry.id, doubt, None).await.is_err(),
        "nothing was sent"
    );
    store.begin_attempt(entry.id, at(1)).await.unwrap();
    assert!(
        store.resolve(entry.id, Resolution::Discard, at(1)).await.is_err(),
        "a request is under way"
    );
    store.mark_sent(entry.id, &receipt(1), at(1)).await.unwrap();
    assert!(store.set_state(entry.id, queued(None), None).await.is_err());
    assert!(store.resolve(entry.id, Resolution::Retry, at(1)).await.is_err());
    let unknown = OperationId::new();
    assert!(matches!(
        store.begin_attempt(unknown, at(1)).await,
        Err(StoreError::NoSuchEntry { .. })
    ));
    assert!(store.entry(unknown).await.unwrap().is_none());
}

#[tokio::test]
async fn equal_texts_of_one_second_get_seconds_of_their_own() {
    let store = with_tickets(&[1, 2]).await;
    let accepted = store
        .submit(on(1, vec![say("Bonjour"), say("Bonjour")]), at(5))
        .await
        .unwrap();
    let third = accept(&store, 1, "Bonjour").await;
    let seconds: Vec<Timestamp> = accepted
        .entries
        .iter()
        .chain([&third])
        .map(|entry| entry.created_at)
        .collect();
    assert_eq!(seconds, [at(5), at(6), at(7)]);
    assert_eq!(accept(&store, 2, "Bonjour").await.created_at, at(0), "lanes are apart");
    assert_eq!(
        store.outbox(Some(TicketId(1)), false).await.unwrap()[0],
        accepted.entries[0],
        "as accepted, so stored"
    );
}

#[tokio::test]
async fn a_created_ticket_s_lane_and_drafts_move_to_its_number() {
    let store = with_tickets(&[]).await;
    let accepted = store
        .submit(new(vec![create("Écran noir"), say("Le câble est branché")]), at(1))
        .await
        .unwrap();
    let local = accepted.lane;
    assert_eq!(local, TicketId(-1));
    assert_eq!(
        store.submit(new(vec![create("Autre")]), at(1)).await.unwrap().lane,
        TicketId(-2)
    );
    for (key, ticket) in [
        ("ticket:-1", Some(local)),
        ("note", Some(local)),
        ("ticket:-2", Some(TicketId(-2))),
    ] {
        let draft = Draft {
            key: key.to_owned(),
            ticket,
            body: "…".to_owned(),
            attachments: Vec::new(),
            updated_at: at(2),
        };
        store.save_draft(&draft).await.unwrap();
    }
    let of = store.drafts_of(local).await.unwrap();
    assert_eq!(
        of.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(),
        ["note", "ticket:-1"]
    );
    let found = async |key: &str, ticket: i64| {
        let draft = store.find_draft(key, Some(TicketId(ticket))).await.unwrap();
        draft.map(|draft| draft.key)
    };
    assert_eq!(
        found("ticket:-2", -1).await.as_deref(),
        Some("ticket:-2"),
        "its key first"
    );
    assert_eq!(
        found("ticket:99", -1).await.as_deref(),
        Some("ticket:-1"),
        "then its ticket"
    );
    assert_eq!(found("other:99", -1).await, None, "of the same kind only");
    assert_eq!(found("tick:99", -1).await, None);
    assert_eq!(store.find_draft("ticket:99", None).await.unwrap(), None);
    let view = store.ticket(local).await.unwrap().unwrap();
    assert_eq!(
        (view.ticket.title.as_str(), view.pending.len(), view.details_read),
        ("Écran noir", 2, true)
    );
    assert_eq!(store.counts().await.unwrap().tickets, 2);
    store.begin_attempt(accepted.entries[0].id, at(3)).await.unwrap();
    assert!(
        store
            .mark_sent(accepted.entries[0].id, &receipt(9), at(4))
            .await
            .is_err(),
        "a number is needed"
    );
    assert!(
        matches!(state(&store, accepted.entries[0].id).await, EntryState::InFlight),
        "and nothing was written"
    );
    let changes = store
        .mark_sent(accepted.entries[0].id, &created(815), at(4))
        .await
        .unwrap();
    assert_eq!(changes.renumbered, [(local, TicketId(815))]);
    assert!(changes.outbox && changes.lists);
    assert_eq!(changes.tickets, BTreeSet::from([local, TicketId(815)]));

    assert_eq!(store.resolve_ticket(local).await.unwrap(), TicketId(815));
    assert_eq!(store.created_tickets().await.unwrap(), [TicketId(815)]);
    let next = store.due(at(4), 9).await.unwrap();
    assert_eq!((next[0].lane, next[0].id), (TicketId(815), accepted.entries[1].id));
    assert_eq!(
        store.outbox(Some(local), false).await.unwrap(),
        store.outbox(Some(TicketId(815)), false).await.unwrap()
    );
    let drafts: BTreeMap<String, Option<TicketId>> = store
        .drafts()
        .await
        .unwrap()
        .into_iter()
        .map(|draft| (draft.key, draft.ticket))
        .collect();
    assert_eq!(
        drafts,
        BTreeMap::from([
            ("note".to_owned(), Some(TicketId(815))),
            ("ticket:-2".to_owned(), Some(TicketId(-2))),
            ("ticket:815".to_owned(), Some(TicketId(815))),
        ])
    );
    // It stays on the screen until the server gives its own version; it is not the server's truth.
    for id in [local, TicketId(815)] {
        let view = store.ticket(id).await.unwrap().unwrap();
        assert_eq!(
            (view.ticket.id, view.ticket.title.as_str(), view.pending.len()),
            (TicketId(815), "Écran noir", 1)
        );
    }
    assert_eq!(store.unread_tickets().await.unwrap(), [TicketId(815)]);
    assert_eq!(store.mirrored_ticket(TicketId(815)).await.unwrap(), None);
    assert!(
        store
            .ids(guichet_domain::record::Collection::Tickets)
            .await
            .unwrap()
            .is_empty()
    );
    // And work on it goes on under either number.
    let more = store.submit(on(-1, vec![say("Encore")]), at(5)).await.unwrap();
    assert_eq!(more.lane, TicketId(815));
    let theirs = bundle(ticket(815, "Écran noir"));
    store.apply(&batch(vec![bundled(theirs.clone())])).await.unwrap();
    assert!(store.unread_tickets().await.unwrap().is_empty());
    assert_eq!(store.mirrored_ticket(TicketId(815)).await.unwrap(), Some(theirs));
    let rows = store.list_tickets(&query(View::All, Sort::Opened)).await.unwrap().rows;
    assert_eq!(
        rows.iter().map(|row| (row.id.0, row.pending)).collect::<Vec<_>>(),
        [(815, 2), (-2, 1)]
    );
}

#[tokio::test]
async fn discarding_an_entry_wedges_what_depends_on_it() {
    let store = with_tickets(&[1]).await;
    let file = store
        .keep_attachment("capture.png", "image/png", b"pixels")
        .await
        .unwrap();
    let upload = |attach_to| Operation::UploadDocument {
        attachment: file.clone(),
        attach_to,
    };
    let parent = OperationId::new();
    let submission = Submission {
        lane: Some(TicketId(1)),
        operations: vec![
            (parent, say("Voir la capture")),
            (OperationId::new(), upload(AttachTo::Operation { id: parent })),
            (OperationId::new(), upload(AttachTo::Ticket)),
        ],
        draft: None,
        hold: std::time::Duration::ZERO,
    };
    let entries = store.submit(submission, at(0)).await.unwrap().entries;
    store.resolve(parent, Resolution::Discard, at(1)).await.unwrap();
    assert_eq!(
        state(&store, entries[1].id).await,
        wedged(WedgeReason::DependencyDiscarded)
    );
    assert_eq!(state(&store, entries[2].id).await, queued(None));
    assert!(matches!(
        store.resolve(entries[1].id, Resolution::Retry, at(2)).await,
        Err(StoreError::Invalid { .. })
    ));
    // It can hang on the ticket instead.
    let operation = Box::new(upload(AttachTo::Ticket));
    store
        .resolve(entries[1].id, Resolution::Edit { operation }, at(2))
        .await
        .unwrap();
    assert_eq!(state(&store, entries[1].id).await, queued(None));

    let accepted = store
        .submit(new(vec![create("Abandonné"), say("un"), say("deux")]), at(3))
        .await
        .unwrap();
    store
        .resolve(accepted.entries[0].id, Resolution::Discard, at(4))
        .await
        .unwrap();
    for entry in &accepted.entries[1..] {
        assert_eq!(state(&store, entry.id).await, wedged(WedgeReason::DependencyDiscarded));
        assert!(store.resolve(entry.id, Resolution::Retry, at(4)).await.is_err());
    }
    assert!(
        store
            .submit(on(accepted.lane.0, vec![say("trois")]), at(4))
            .await
            .is_err(),
        "there will be no such ticket"
    );
    assert!(store.ticket(accepted.lane).await.unwrap().is_none());
    assert_eq!(store.counts().await.unwrap().tickets, 1);
}

#[tokio::test]
async fn a_conflict_is_resolved_by_a_person() {
    let store = with_tickets(&[1]).await;
    let text = |text: &str| FieldValue::Text(text.to_owned());
    let set = |base: &str, new: &str| Operation::SetField {
        field: Field::Title,
        base: text(base),
        new: text(new),
    };
    let conflict = || {
        wedged(WedgeReason::Conflict {
            field: Field::Title,
            base: text("Ticket 1"),
            theirs: text("Le leur"),
            ours: text("Le mien"),
        })
    };
    let entries = store
        .submit(on(1, vec![set("Ticket 1", "Le mien"), say("après")]), at(0))
        .await
        .unwrap()
        .entries;
    assert_eq!(store.ticket(1.into()).await.unwrap().unwrap().ticket.title, "Le mien");
    store.begin_attempt(entries[0].id, at(1)).await.unwrap();
    store.set_state(entries[0].id, conflict(), None).await.unwrap();
    let row = &store
        .list_tickets(&query(View::Pending, Sort::Updated))
        .await
        .unwrap()
        .rows[0];
    assert_eq!(
        (row.title.as_str(), row.pending, row.wedged),
        ("Ticket 1", 2, 1),
        "theirs shows until it is decided"
    );
    store.resolve(entries[0].id, Resolution::TakeMine, at(2)).await.unwrap();
    let entry = store.entry(entries[0].id).await.unwrap().unwrap();
    assert_eq!(
        (entry.operation, entry.state),
        (set("Le leur", "Le mien"), queued(None))
    );
    store.begin_attempt(entries[0].id, at(3)).await.unwrap();
    store.set_state(entries[0].id, conflict(), None).await.unwrap();
    store
        .resolve(entries[0].id, Resolution::TakeTheirs, at(4))
        .await
        .unwrap();
    assert_eq!(state(&store, entries[0].id).await, EntryState::Cancelled { at: at(4) });
    assert_eq!(store.due(at(4), 9).await.unwrap()[0].id, entries[1].id);
}

#[tokio::test]
async fn an_undetermined_entry_is_confirmed_or_sent_again() {
    let store = with_tickets(&[1]).await;
    let entry = accept(&store, 1, "un").await;
    let doubt = || EntryState::InDoubt {
        since: at(1),
        not_before: None,
    };
    store.begin_attempt(entry.id, at(1)).await.unwrap();
    store.set_state(entry.id, doubt(), None).await.unwrap();
    store
        .set_state(entry.id, wedged(WedgeReason::Undetermined), None)
        .await
        .unwrap();
    store.resolve(entry.id, Resolution::Retry, at(2)).await.unwrap();
    assert_eq!(state(&store, entry.id).await, queued(None));
    store.begin_attempt(entry.id, at(3)).await.unwrap();
    store.set_state(entry.id, doubt(), None).await.unwrap();
    store.resolve(entry.id, Resolution::ConfirmSent, at(4)).await.unwrap();
    assert_eq!(state(&store, entry.id).await, EntryState::Sent { at: at(4) });
    assert!(
        store.sent_rows(1.into()).await.unwrap().is_empty(),
        "its number is not known"
    );
}

#[tokio::test]
async fn a_submission_that_breaks_a_rule_leaves_nothing_behind() {
    let store = with_tickets(&[1]).await;
    let missing = Operation::UploadDocument {
        attachment: Attachment {
            blob: guichet_domain::BlobHash("0".repeat(64)),
            filename: "perdu.png".to_owned(),
            mime: "image/png".to_owned(),
            size: 3,
        },
        attach_to: AttachTo::Ticket,
    };
    let kept = store.keep_attachment("a.png", "image/png", b"a").await.unwrap();
    let dangling = Operation::UploadDocument {
        attachment: kept,
        attach_to: AttachTo::Operation { id: OperationId::new() },
    };
    let twice = OperationId::new();
    let same_id = Submission {
        lane: Some(TicketId(1)),
        operations: vec![(twice, say("un")), (twice, say("deux"))],
        draft: None,
        hold: std::time::Duration::ZERO,
    };
    for (why, submission) in [
        ("empty", on(1, vec![])),
        ("unknown ticket", on(404, vec![say("?")])),
        ("unknown local ticket", on(-7, vec![say("?")])),
        ("no ticket", new(vec![say("?")])),
        ("a ticket cannot be created in a lane", on(1, vec![create("?")])),
        ("two tickets", new(vec![create("un"), create("deux")])),
        ("a file that is not kept", on(1, vec![say("?"), missing])),
        ("an unknown parent", on(1, vec![say("?"), dangling])),
        ("empty text", on(1, vec![say("un"), say("  ")])),
        ("the same identity twice", same_id),
    ] {
        let error = store.submit(submission, at(0)).await.expect_err(why);
        assert!(matches!(error, StoreError::Invalid { .. }), "{why}: {error}");
        assert!(store.outbox(None, true).await.unwrap().is_empty(), "{why}");
    }
    assert_eq!(
        store.submit(new(vec![create("Bon")]), at(0)).await.unwrap().lane,
        TicketId(-1),
        "no number was used up"
    );
}

#[tokio::test]
async fn an_edit_changes_what_will_be_sent() {
    let store = with_tickets(&[1]).await;
    let entry = accept(&store, 1, "faute").await;
    let edit = |operation| Resolution::Edit {
        operation: Box::new(operation),
    };
    store.resolve(entry.id, edit(say("corrigé")), at(1)).await.unwrap();
    assert_eq!(store.entry(entry.id).await.unwrap().unwrap().operation, say("corrigé"));
    assert!(store.resolve(entry.id, edit(say("")), at(1)).await.is_err());
    assert!(store.resolve(entry.id, edit(create("?")), at(1)).await.is_err());
    assert_eq!(store.entry(entry.id).await.unwrap().unwrap().operation, say("corrigé"));
}

#[tokio::test]
async fn a_submission_takes_its_draft_along() {
    let store = with_tickets(&[1]).await;
    let draft = |key: &str, n: i64| Draft {
        key: key.to_owned(),
        ticket: None,
        body: format!("{{\"n\":{n}}}"),
        attachments: Vec::new(),
        updated_at: at(n),
    };
    store.save_draft(&draft("a", 1)).await.unwrap();
    store.save_draft(&draft("b", 2)).await.unwrap();
    store.save_draft(&draft("a", 3)).await.unwrap();
    assert_eq!(
        store.drafts().await.unwrap(),
        [draft("a", 3), draft("b", 2)],
        "newest first, one a key"
    );
    let submission = Submission {
        draft: Some("a".to_owned()),
        hold: std::time::Duration::ZERO,
        ..on(1, vec![say("Bonjour")])
    };
    store.submit(submission, at(4)).await.unwrap();
    assert_eq!(store.draft("a").await.unwrap(), None);
    store.delete_draft("b").await.unwrap();
    assert!(store.drafts().await.unwrap().is_empty());
}

#[tokio::test]
async fn bytes_are_kept_once_and_settings_and_the_gate_are_remembered() {
    let store = memory().await;
    let one = store.keep_attachment("un.txt", "text/plain", b"abc").await.unwrap();
    let two = store.keep_attachment("deux.txt", "text/plain", b"abc").await.unwrap();
    assert_eq!(
        (one.blob.0.as_str(), one.size),
        ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)
    );
    assert_eq!(one.blob, two.blob);
    assert_eq!(store.attachment(&one.blob).await.unwrap().unwrap(), b"abc");
    assert_eq!(
        store
            .attachment(&guichet_domain::BlobHash("?".to_owned()))
            .await
            .unwrap(),
        None
    );
    assert_eq!(store.setting("langue").await.unwrap(), None);
    store.set_setting("langue", "\"fr\"").await.unwrap();
    store.set_setting("langue", "\"en\"").await.unwrap();
    assert_eq!(store.setting("langue").await.unwrap().as_deref(), Some("\"en\""));
    assert_eq!(store.gate().await.unwrap(), Gate::Open);
    let offline = Gate::Offline {
        since: at(1),
        retry_at: at(2),
    };
    store.set_gate(&offline).await.unwrap();
    assert_eq!(store.gate().await.unwrap(), offline);
}

#[tokio::test]
async fn a_crash_leaves_entries_in_doubt() {
    let store = with_tickets(&[1]).await;
    let entry = accept(&store, 1, "un").await;
    store.begin_attempt(entry.id, at(1)).await.unwrap();
    assert_eq!(store.recover(at(5)).await.unwrap(), [entry.id]);
    assert_eq!(
        state(&store, entry.id).await,
        EntryState::InDoubt {
            since: at(5),
            not_before: None
        }
    );
    assert!(store.recover(at(6)).await.unwrap().is_empty());
}

/// What can happen to a lane, chosen at random.
#[derive(Debug, Clone)]
enum Step {
    Submit { lane: i64, operations: usize },
    Begin { which: usize },
    Send { which: usize },
    PutOff { which: usize },
    Doubt { which: usize },
    Wedge { which: usize },
    Retry { which: usize },
    Discard { which: usize },
    Crash,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let which = 0_usize..6;
    let step = prop_oneof![
        3 => (1_i64..4, 1_usize..3).prop_map(|(lane, operations)| Step::Submit { lane, operations }),
        4 => which.clone().prop_map(|which| Step::Begin { which }),
        3 => which.clone().prop_map(|which| Step::Send { which }),
        1 => which.clone().prop_map(|which| Step::PutOff { which }),
        1 => which.clone().prop_map(|which| Step::Doubt { which }),
        1 => which.clone().prop_map(|which| Step::Wedge { which }),
        1 => which.clone().prop_map(|which| Step::Retry { which }),
        1 => which.prop_map(|which| Step::Discard { which }),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..40)
}

async fn play(steps: Vec<Step>) {
    let store = with_tickets(&[1, 2, 3]).await;
    let mut sent: Vec<OutboxEntry> = Vec::new();
    let mut accepted = 0;
    for (n, step) in steps.into_iter().enumerate() {
        let now = at(n as i64);
        let pending = store.outbox(None, false).await.unwrap();
        let pick = |which: usize| pending.get(which % pending.len().max(1)).map(|entry| entry.id);
        match step {
            Step::Submit { lane, operations } => {
                store.submit(on(lane, vec![say("x"); operations]), now).await.unwrap();
                accepted += operations;
            }
            Step::Begin { which } => {
                // Any entry may be tried; only a queued head is taken.
                if let Some(id) = pick(which) {
                    let entry = pending.iter().find(|entry| entry.id == id).unwrap();
                    let head = pending.iter().find(|other| other.lane == entry.lane).unwrap();
                    let expected = head.id == id && matches!(entry.state, EntryState::Queued { .. });
                    assert_eq!(store.begin_attempt(id, now).await.is_ok(), expected);
                }
            }
            Step::Send { which } => {
                if let Some(id) = pick(which)
                    && store.mark_sent(id, &receipt(n as i64), now).await.is_ok()
                {
                    sent.push(store.entry(id).await.unwrap().unwrap());
                }
            }
            Step::PutOff { which } => {
                if let Some(id) = pick(which) {
                    let _ = store.set_state(id, queued(Some(now)), None).await;
                }
            }
            Step::Doubt { which } => {
                if let Some(id) = pick(which) {
                    let doubt = EntryState::InDoubt {
                        since: now,
                        not_before: None,
                    };
                    let _ = store.set_state(id, doubt, None).await;
                }
            }
            Step::Wedge { which } => {
                if let Some(id) = pick(which) {
                    let _ = store.set_state(id, wedged(WedgeReason::Closed), None).await;
                }
            }
            Step::Retry { which } => {
                if let Some(id) = pick(which) {
                    let _ = store.resolve(id, Resolution::Retry, now).await;
                }
            }
            Step::Discard { which } => {
                if let Some(id) = pick(which) {
                    let _ = store.resolve(id, Resolution::Discard, now).await;
                }
            }
            Step::Crash => {
                store.recover(now).await.unwrap();
            }
        }
        let pending = store.outbox(None, false).await.unwrap();
        let mut heads: BTreeMap<TicketId, &OutboxEntry> = BTreeMap::new();
        for entry in &pending {
            heads.entry(entry.lane).or_insert(entry);
            if entry.id != heads[&entry.lane].id {
                assert!(
                    !matches!(entry.state, EntryState::InFlight | EntryState::InDoubt { .. }),
                    "only a head moves"
                );
            }
        }
        for entry in store.due(at(1000), 100).await.unwrap() {
            assert_eq!(heads[&entry.lane].id, entry.id);
        }
        let counts = store.outbox_counts().await.unwrap();
        assert_eq!(counts.pending as usize, pending.len());
        for lane in 1..=3_i64 {
            let row = store
                .list_tickets(&query(View::All, Sort::Opened))
                .await
                .unwrap()
                .rows
                .into_iter()
                .find(|row| row.id.0 == lane);
            let expected = pending.iter().filter(|entry| entry.lane.0 == lane).count();
            assert_eq!(row.unwrap().pending as usize, expected, "the view is in step");
        }
    }
    let all = store.outbox(None, true).await.unwrap();
    assert_eq!(all.len(), accepted, "nothing is lost, nothing is doubled");
    for lane in 1..=3_i64 {
        let in_lane: Vec<&OutboxEntry> = sent.iter().filter(|entry| entry.lane.0 == lane).collect();
        assert!(
            in_lane.windows(2).all(|pair| pair[0].seq < pair[1].seq),
            "first in, first out"
        );
        let written: Vec<Timestamp> = all
            .iter()
            .filter(|entry| entry.lane.0 == lane)
            .map(|entry| entry.created_at)
            .collect();
        assert!(
            written.windows(2).all(|pair| pair[0].as_second() < pair[1].as_second()),
            "unique to the second"
        );
    }
    for entry in sent {
        assert!(entry.attempts > 0, "no entry is sent without an attempt");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn lanes_are_first_in_first_out_whatever_happens(steps in steps()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(play(steps));
    }
}
