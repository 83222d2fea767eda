//! The contract's next targets in the rows that lists are sorted by.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    TicketId,
    operation::{Field, FieldValue, Operation},
    ticket::Status,
};
use guichet_store::*;

fn running(kind: TargetKind, due: i64) -> Option<NextTarget> {
    Some(NextTarget {
        kind,
        due: Some(at(due)),
        clock: Some(TargetClock {
            indicator: "KPI7".to_owned(),
            calendar: 1,
            soon_at: Some(at(due - 60)),
            paused_left_s: None,
        }),
    })
}

fn paused(left: i32) -> Option<NextTarget> {
    Some(NextTarget {
        kind: TargetKind::Resolve,
        due: None,
        clock: Some(TargetClock {
            indicator: "KPI8".to_owned(),
            calendar: 0,
            soon_at: None,
            paused_left_s: Some(left),
        }),
    })
}

/// Five open tickets; the backend's own target of the fifth is at 900.
async fn filled() -> Store {
    let store = memory().await;
    let records = (1..=5).map(|id| {
        let mut one = ticket(id, "Poste");
        one.status = Status::Assigned;
        one.time_to_own = None;
        one.time_to_resolve = (id == 5).then(|| at(900));
        bundled(bundle(one))
    });
    store.apply(&batch(records.collect())).await.unwrap();
    store
}

async fn order(store: &Store) -> Vec<i64> {
    let list = store.list_tickets(&query(View::Open, Sort::NextTarget)).await.unwrap();
    list.rows.iter().map(|row| row.id.0).collect()
}

async fn target(store: &Store, id: i64) -> Option<NextTarget> {
    let list = store.list_tickets(&query(View::All, Sort::Updated)).await.unwrap();
    let row = list.rows.into_iter().find(|row| row.id.0 == id).unwrap();
    let view = store.ticket(TicketId(id)).await.unwrap().unwrap();
    assert_eq!(view.target, row.target, "the ticket's screen says what its row says");
    row.target
}

#[tokio::test]
async fn lists_are_sorted_by_the_contract_s_targets_and_what_stands_still_comes_behind() {
    let store = filled().await;
    let targets = [
        (TicketId(1), paused(-30)),
        (TicketId(2), running(TargetKind::Resolve, 950)),
        (TicketId(3), running(TargetKind::Escalate, 100)),
        (TicketId(4), paused(-60)),
    ];
    let changes = store.set_targets(&targets).await.unwrap();
    assert!(changes.lists);
    assert_eq!(changes.tickets.iter().map(|id| id.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(order(&store).await, [3, 5, 2, 4, 1]);
    for (id, kept) in targets {
        assert_eq!(target(&store, id.0).await, kept);
    }
    assert_eq!(target(&store, 5).await.unwrap().clock, None, "the backend's own");
    let again = store
        .set_targets(&[(TicketId(2), running(TargetKind::Resolve, 950)), (TicketId(5), None)])
        .await
        .unwrap();
    assert_eq!(again, ChangeSet::default(), "nothing differs");
    let late = TicketQuery {
        filter: TicketFilter {
            target: Some(TargetFilter::Late),
            ..TicketFilter::default()
        },
        ..query(View::Open, Sort::NextTarget)
    };
    let now: i64 = store.list_tickets(&late).await.unwrap().rows.len().try_into().unwrap();
    assert_eq!(
        now, 3,
        "a clock that stands still is not late in a filter: these dates are long past"
    );
}

#[tokio::test]
async fn a_target_outlives_what_the_server_says_of_its_ticket_and_ends_with_it() {
    let store = filled().await;
    store
        .set_targets(&[(TicketId(1), running(TargetKind::Resolve, 700))])
        .await
        .unwrap();
    let mut one = ticket(1, "Poste neuf");
    one.status = Status::Assigned;
    store.apply(&batch(vec![bundled(bundle(one.clone()))])).await.unwrap();
    assert_eq!(target(&store, 1).await, running(TargetKind::Resolve, 700));
    // With an operation that waits, and without it again.
    store.submit(on(1, vec![say("Bonjour")]), at(0)).await.unwrap();
    assert_eq!(target(&store, 1).await, running(TargetKind::Resolve, 700));
    assert!(store.stale_targets(at(600)).await.unwrap().is_empty());
    one.status = Status::Solved;
    store.apply(&batch(vec![bundled(bundle(one))])).await.unwrap();
    assert_eq!(target(&store, 1).await, None);
    assert_eq!(store.stale_targets(at(600)).await.unwrap(), [TicketId(1)]);
    store.set_targets(&[(TicketId(1), None)]).await.unwrap();
    assert!(store.stale_targets(at(600)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_time_to_escalate_that_has_passed_is_to_be_worked_out_again() {
    let store = filled().await;
    let targets = [
        (TicketId(1), running(TargetKind::Escalate, 100)),
        (TicketId(2), running(TargetKind::Resolve, 100)),
    ];
    store.set_targets(&targets).await.unwrap();
    assert!(store.stale_targets(at(100)).await.unwrap().is_empty());
    assert_eq!(store.stale_targets(at(101)).await.unwrap(), [TicketId(1)]);
}

#[tokio::test]
async fn open_tickets_are_told_with_what_waits_and_local_ones_too() {
    let store = filled().await;
    let solve = Operation::AddSolution {
        body: rich("Fait"),
        solution_type: None,
    };
    store.submit(on(2, vec![solve]), at(0)).await.unwrap();
    let wait = Operation::SetField {
        field: Field::Status,
        base: FieldValue::Status(Status::Assigned),
        new: FieldValue::Status(Status::Waiting),
    };
    store.submit(on(3, vec![wait]), at(0)).await.unwrap();
    let local = store.submit(new(vec![create("Neuf")]), at(0)).await.unwrap().lane;
    let (open, last) = store.open_tickets(None, None, 500).await.unwrap();
    let told: Vec<(i64, Status, Status)> = open
        .iter()
        .map(|open| (open.known.id.0, open.known.status, open.status))
        .collect();
    assert_eq!(
        told,
        [
            (local.0, Status::New, Status::New),
            (1, Status::Assigned, Status::Assigned),
            (3, Status::Assigned, Status::Waiting),
            (4, Status::Assigned, Status::Assigned),
            (5, Status::Assigned, Status::Assigned),
        ]
    );
    assert_eq!(last, None);
    // By parts, and by name.
    let (first, last) = store.open_tickets(None, None, 2).await.unwrap();
    assert_eq!((first.len(), last), (2, Some(TicketId(1))));
    let (rest, last) = store.open_tickets(None, last, 4).await.unwrap();
    assert_eq!((rest.len(), last), (3, None));
    let (named, _) = store
        .open_tickets(Some(&[TicketId(2), TicketId(4)]), None, 500)
        .await
        .unwrap();
    assert_eq!(
        named.len(),
        1,
        "the second is solved as far as its technician is concerned"
    );
    assert_eq!(named[0].known.id, TicketId(4));
}
