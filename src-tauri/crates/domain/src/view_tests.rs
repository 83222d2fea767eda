//! What shows before the backend has heard of it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{
    GroupId, OperationId,
    document::Attachment,
    operation::AttachTo,
    rich_text::RichText,
    ticket::{Level, Party, TicketKind},
};
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn user(role: Role, id: i64) -> Actor {
    Actor {
        role,
        party: Party::User { id: UserId(id) },
    }
}

fn new_ticket() -> NewTicket {
    NewTicket {
        title: " Imprimante ".into(),
        description: RichText::from_plain("Ne répond plus"),
        kind: TicketKind::Incident,
        urgency: Level(4),
        impact: Level(5),
        category: Some(7),
        location: None,
        channel: None,
        entity: None,
        actors: vec![user(Role::Requester, 1), user(Role::Assigned, 2)],
        assets: vec![AssetKey {
            kind: "Computer".into(),
            id: 3,
        }],
    }
}

fn entry(seq: i64, operation: Operation, state: EntryState) -> OutboxEntry {
    OutboxEntry {
        id: OperationId(uuid::Uuid::from_u128(u128::from(seq.unsigned_abs()))),
        lane: TicketId(-1),
        seq,
        operation,
        state,
        attempts: 0,
        created_at: at(1000 + seq),
        first_attempt_at: None,
        last_error: None,
        remote_id: None,
        held_until: None,
    }
}

fn queued(seq: i64, operation: Operation) -> OutboxEntry {
    entry(seq, operation, EntryState::Queued { not_before: None })
}

fn create() -> Operation {
    Operation::CreateTicket {
        ticket: Box::new(new_ticket()),
    }
}

fn set(field: Field, new: FieldValue) -> Operation {
    Operation::SetField {
        field,
        base: new.clone(),
        new,
    }
}

fn body() -> RichText {
    RichText::from_plain("x")
}

/// A mirrored ticket in a given state, with these assignees.
fn mirrored(status: Status, assignees: &[i64]) -> TicketBundle {
    let local = overlay(None, &[queued(1, create())], Some(UserId(9))).unwrap();
    let mut bundle = local;
    bundle.ticket.id = TicketId(5);
    bundle.ticket.status = status;
    bundle.ticket.solved_at = (!status.is_open()).then(|| at(500));
    bundle.ticket.closed_at = (status == Status::Closed).then(|| at(600));
    bundle.ticket.category = Some(CatalogueRef {
        id: 7,
        name: Some("Réseau".into()),
    });
    bundle.asset_links.clear();
    bundle.actors = assignees
        .iter()
        .map(|id| ActorRow {
            id: *id * 10,
            ticket: TicketId(5),
            actor: user(Role::Assigned, *id),
        })
        .collect();
    bundle
}

fn status_after(mirror: TicketBundle, operations: &[Operation]) -> Status {
    let entries: Vec<_> = operations
        .iter()
        .enumerate()
        .map(|(i, o)| queued(i as i64 + 1, o.clone()))
        .collect();
    overlay(Some(mirror), &entries, None).unwrap().ticket.status
}

#[test]
fn a_ticket_written_here_shows_at_once() {
    let view = overlay(None, &[queued(1, create())], Some(UserId(9))).unwrap();
    let ticket = &view.ticket;
    assert_eq!((ticket.id, ticket.title.as_str()), (TicketId(-1), "Imprimante"));
    assert_eq!((ticket.opened_at, ticket.updated_at), (at(1001), at(1001)));
    assert_eq!((ticket.recorder, ticket.priority), (Some(UserId(9)), Level(5)));
    assert_eq!(
        ticket.status,
        Status::Assigned,
        "GLPI assigns a ticket created with an assignee"
    );
    assert_eq!(
        ticket.external_id,
        Some(OperationId(uuid::Uuid::from_u128(1)).to_string())
    );
    assert_eq!(view.actors.iter().map(|row| row.id).collect::<Vec<_>>(), [-1, -2]);
    assert_eq!(view.asset_links[0].id, -1);
    assert!(view.timeline.is_empty());
    // Discarded, nothing is left of it.
    assert_eq!(
        overlay(None, &[entry(1, create(), EntryState::Cancelled { at: at(1) })], None),
        None
    );
    assert_eq!(
        overlay(None, &[queued(1, Operation::Reopen { body: body() })], None),
        None
    );
}

#[test]
fn pending_fields_show_and_conflicting_ones_do_not() {
    let title = |seq, state| entry(seq, set(Field::Title, FieldValue::Text("nouveau".into())), state);
    let title_after = |state| {
        overlay(Some(mirrored(Status::New, &[])), &[title(1, state)], None)
            .unwrap()
            .ticket
            .title
    };
    assert_eq!(title_after(EntryState::Queued { not_before: None }), "nouveau");
    assert_eq!(title_after(EntryState::InFlight), "nouveau");
    assert_eq!(
        title_after(EntryState::InDoubt {
            since: at(1),
            not_before: None
        }),
        "nouveau"
    );
    assert_eq!(title_after(EntryState::Sent { at: at(1) }), "Imprimante");
    assert_eq!(title_after(EntryState::Cancelled { at: at(1) }), "Imprimante");
    let conflict = WedgeReason::Conflict {
        field: Field::Title,
        base: FieldValue::Text("a".into()),
        theirs: FieldValue::Text("b".into()),
        ours: FieldValue::Text("nouveau".into()),
    };
    assert_eq!(
        title_after(EntryState::Wedged { reason: conflict }),
        "Imprimante",
        "the server's value until decided"
    );
    assert_eq!(
        title_after(EntryState::Wedged {
            reason: WedgeReason::Undetermined
        }),
        "nouveau"
    );
}

#[test]
fn urgency_and_impact_give_the_priority() {
    let view = |operations: &[Operation]| {
        let entries: Vec<_> = operations
            .iter()
            .enumerate()
            .map(|(i, o)| queued(i as i64 + 1, o.clone()))
            .collect();
        overlay(Some(mirrored(Status::New, &[])), &entries, None)
            .unwrap()
            .ticket
            .priority
    };
    let urgency = set(Field::Urgency, FieldValue::Level(Level(1)));
    let major = set(Field::Priority, FieldValue::Level(Level(6)));
    assert_eq!(view(std::slice::from_ref(&urgency)), Level(2));
    assert_eq!(view(&[urgency.clone(), major.clone()]), Level(6));
    assert_eq!(view(&[major, urgency]), Level(2));
}

#[test]
fn a_row_chosen_again_keeps_its_name() {
    let category = |id| {
        let entries = [queued(1, set(Field::Category, FieldValue::Row(id)))];
        overlay(Some(mirrored(Status::New, &[])), &entries, None)
            .unwrap()
            .ticket
            .category
    };
    assert_eq!(
        category(Some(7)),
        Some(CatalogueRef {
            id: 7,
            name: Some("Réseau".into())
        })
    );
    assert_eq!(category(Some(8)), Some(CatalogueRef { id: 8, name: None }));
    assert_eq!(category(None), None);
}

#[test]
fn status_follows_as_at_the_server() {
    use Status as S;
    let assign = |id| Operation::Assign {
        actor: user(Role::Assigned, id),
    };
    let unassign = |id| Operation::Unassign {
        actor: user(Role::Assigned, id),
    };
    let observe = Operation::Assign {
        actor: user(Role::Observer, 4),
    };
    let solve = Operation::AddSolution {
        body: body(),
        solution_type: None,
    };
    let answer = |accept| Operation::AnswerSolution { accept, body: body() };
    let reopen = Operation::Reopen { body: body() };
    let task = |begin, state| Operation::AddTask {
        body: body(),
        private: false,
        state,
        duration_s: 0,
        begin,
        assignee: None,
    };

    assert_eq!(status_after(mirrored(S::New, &[]), &[assign(2)]), S::Assigned);
    assert_eq!(status_after(mirrored(S::New, &[]), &[observe]), S::New);
    assert_eq!(status_after(mirrored(S::Waiting, &[]), &[assign(2)]), S::Waiting);
    assert_eq!(status_after(mirrored(S::Assigned, &[2]), &[unassign(2)]), S::New);
    assert_eq!(
        status_after(mirrored(S::Assigned, &[2, 3]), &[unassign(2)]),
        S::Assigned
    );
    assert_eq!(status_after(mirrored(S::Solved, &[2]), &[unassign(2)]), S::Solved);
    assert_eq!(
        status_after(mirrored(S::Assigned, &[2]), std::slice::from_ref(&solve)),
        S::Solved
    );
    assert_eq!(
        status_after(mirrored(S::Closed, &[2]), std::slice::from_ref(&solve)),
        S::Closed
    );
    assert_eq!(status_after(mirrored(S::Solved, &[2]), &[answer(true)]), S::Closed);
    assert_eq!(status_after(mirrored(S::Solved, &[2]), &[answer(false)]), S::Assigned);
    assert_eq!(
        status_after(mirrored(S::Solved, &[2]), std::slice::from_ref(&reopen)),
        S::Assigned
    );
    assert_eq!(
        status_after(mirrored(S::Solved, &[]), std::slice::from_ref(&reopen)),
        S::New
    );
    assert_eq!(
        status_after(mirrored(S::Assigned, &[2]), &[task(Some(at(1)), TaskState::Todo)]),
        S::Planned
    );
    assert_eq!(
        status_after(mirrored(S::Assigned, &[2]), &[task(Some(at(1)), TaskState::Done)]),
        S::Assigned
    );
    assert_eq!(
        status_after(mirrored(S::Assigned, &[2]), &[task(None, TaskState::Todo)]),
        S::Assigned
    );
    assert_eq!(
        status_after(mirrored(S::Waiting, &[2]), &[task(Some(at(1)), TaskState::Todo)]),
        S::Waiting
    );
    assert_eq!(
        status_after(mirrored(S::New, &[]), &[assign(2), solve, reopen]),
        S::Assigned
    );
}

#[test]
fn dates_follow_the_status() {
    let solve = queued(
        1,
        Operation::AddSolution {
            body: body(),
            solution_type: None,
        },
    );
    let reopen = queued(2, Operation::Reopen { body: body() });
    let solved = overlay(
        Some(mirrored(Status::Assigned, &[2])),
        std::slice::from_ref(&solve),
        None,
    )
    .unwrap()
    .ticket;
    assert_eq!(solved.solved_at, Some(at(1001)));
    let open = overlay(Some(mirrored(Status::Assigned, &[2])), &[solve, reopen], None)
        .unwrap()
        .ticket;
    assert_eq!((open.solved_at, open.closed_at), (None, None));
}

// ---- properties -------------------------------------------------------------------------------------------------------

fn operation() -> impl Strategy<Value = Operation> {
    let actor = (prop::sample::select(Role::VALUES), 1_i64..4, any::<bool>()).prop_map(|(role, id, group)| Actor {
        role,
        party: if group {
            Party::Group { id: GroupId(id) }
        } else {
            Party::User { id: UserId(id) }
        },
    });
    let level = || (1_u8..6).prop_map(|n| FieldValue::Level(Level(n)));
    prop_oneof![
        3 => actor.clone().prop_map(|actor| Operation::Assign { actor }),
        3 => actor.prop_map(|actor| Operation::Unassign { actor }),
        2 => prop::sample::select(Status::VALUES).prop_map(|s| set(Field::Status, FieldValue::Status(s))),
        1 => level().prop_map(|v| set(Field::Urgency, v)),
        1 => level().prop_map(|v| set(Field::Impact, v)),
        1 => level().prop_map(|v| set(Field::Priority, v)),
        1 => "[ab]{0,2}".prop_map(|t| set(Field::Title, FieldValue::Text(t))),
        1 => prop::option::of(1_i64..3).prop_map(|id| set(Field::Category, FieldValue::Row(id))),
        2 => Just(Operation::AddSolution { body: body(), solution_type: None }),
        2 => any::<bool>().prop_map(|accept| Operation::AnswerSolution { accept, body: body() }),
        2 => Just(Operation::Reopen { body: body() }),
        2 => (prop::option::of(Just(at(1))), prop::sample::select(TaskState::VALUES)).prop_map(|(begin, state)| {
            Operation::AddTask { body: body(), private: false, state, duration_s: 0, begin, assignee: None }
        }),
        1 => (1_i64..3).prop_map(|id| Operation::LinkAsset { asset: AssetKey { kind: "Computer".into(), id } }),
        1 => (1_i64..3, prop::sample::select(LinkKind::VALUES)).prop_map(|(id, kind)| {
            Operation::LinkTicket { ticket: TicketId(id), kind }
        }),
        1 => Just(Operation::AddFollowup { body: body(), private: true }),
        1 => Just(create()),
        1 => Just(Operation::UploadDocument {
            attachment: Attachment { blob: crate::BlobHash("0".into()), filename: "a".into(), mime: "b".into(), size: 1 },
            attach_to: AttachTo::Ticket,
        }),
    ]
}

#[test]
fn a_linked_ticket_shows_at_once_and_not_twice() {
    let link = |kind| Operation::LinkTicket {
        ticket: TicketId(9),
        kind,
    };
    let pending = [queued(1, link(LinkKind::ParentOf)), queued(2, link(LinkKind::ParentOf))];
    let mut mirror = mirrored(Status::Assigned, &[1]);
    let view = overlay(Some(mirror.clone()), &pending, None).unwrap();
    assert_eq!(view.ticket_links.len(), 1);
    let shown = view.ticket_links[0];
    assert_eq!(
        (shown.from, shown.to, shown.kind),
        (view.ticket.id, TicketId(9), LinkKind::ParentOf)
    );
    assert!(shown.id < 0);
    // The backend tells it from the other end.
    mirror.ticket_links.push(TicketLink {
        id: 4,
        from: TicketId(9),
        to: mirror.ticket.id,
        kind: LinkKind::ChildOf,
    });
    assert_eq!(
        overlay(Some(mirror.clone()), &pending, None).unwrap().ticket_links,
        mirror.ticket_links
    );
}

fn state() -> impl Strategy<Value = EntryState> {
    prop::sample::select(vec![
        EntryState::Queued { not_before: None },
        EntryState::InFlight,
        EntryState::InDoubt {
            since: at(1),
            not_before: None,
        },
        EntryState::Wedged {
            reason: WedgeReason::Gone,
        },
        EntryState::Wedged {
            reason: WedgeReason::Conflict {
                field: Field::Title,
                base: FieldValue::Row(None),
                theirs: FieldValue::Row(None),
                ours: FieldValue::Row(None),
            },
        },
        EntryState::Sent { at: at(1) },
        EntryState::Cancelled { at: at(1) },
    ])
}

fn entries() -> impl Strategy<Value = Vec<OutboxEntry>> {
    prop::collection::vec((operation(), state()), 0..8).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(i, (operation, state))| entry(i as i64 + 1, operation, state))
            .collect()
    })
}

fn mirror() -> impl Strategy<Value = Option<TicketBundle>> {
    let bundle = (
        prop::sample::select(Status::VALUES),
        prop::sample::subsequence(vec![1_i64, 2, 3], 0..3),
    )
        .prop_map(|(status, assignees)| mirrored(status, &assignees));
    prop::option::weighted(0.8, bundle)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn an_operation_the_server_has_already_changes_nothing(mirror in mirror(), operation in operation(), state in state()) {
        // The head of a lane whose reply was lost: the mirror may show its effect while it is still pending.
        let head = [entry(1, operation, state)];
        let once = overlay(mirror, &head, Some(UserId(9)));
        prop_assert_eq!(overlay(once.clone(), &head, Some(UserId(9))), once);
    }

    #[test]
    fn entries_apply_in_their_own_order(mirror in mirror(), entries in entries()) {
        let view = overlay(mirror.clone(), &entries, None);
        let mut shuffled = entries.clone();
        shuffled.reverse();
        prop_assert_eq!(&overlay(mirror.clone(), &shuffled, None), &view);
        // One after the other is the same as all at once.
        let stepwise = entries.iter().fold(mirror, |view, entry| overlay(view, std::slice::from_ref(entry), None));
        prop_assert_eq!(stepwise, view);
    }

    #[test]
    fn only_what_is_pending_shows(mirror in mirror(), entries in entries()) {
        let pending: Vec<_> = entries.iter().filter(|entry| entry.state.is_pending()).cloned().collect();
        prop_assert_eq!(overlay(mirror.clone(), &entries, None), overlay(mirror.clone(), &pending, None));
        prop_assert_eq!(overlay(mirror.clone(), &[], None), mirror);
    }

    #[test]
    fn rows_of_our_own_have_numbers_of_their_own(mirror in mirror(), entries in entries()) {
        if let Some(view) = overlay(mirror, &entries, None) {
            let mut ids: Vec<i64> = view.actors.iter().map(|row| row.id).collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), count);
            prop_assert!(view.timeline.is_empty(), "pending entries are shown from the outbox");
        }
    }
}
