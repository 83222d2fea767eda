//! Targets by the contract of the demonstration, at an instant of a hand-set clock, without a network.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::core::test_desk::{at, desk, held, mirrored};
use guichet_domain::{
    OperationId,
    operation::{Field, FieldValue, NewTicket, Operation},
    rich_text::RichText,
    ticket::{Level, TicketKind},
};
use guichet_store::{Sort, Submission, TicketQuery, View};

async fn submitted(desk: &Desk, lane: Option<TicketId>, operation: Operation) -> TicketId {
    let submission = Submission {
        lane,
        operations: vec![(OperationId::new(), operation)],
        draft: None,
        hold: Duration::ZERO,
    };
    desk.store.submit(submission, desk.now()).await.unwrap().lane
}

/// What a ticket's row says: kind, minute it is due at, minute from which on little is left, seconds left while it stands still.
async fn told(desk: &Desk, id: TicketId) -> Option<(TargetKind, Option<i64>, Option<i64>, Option<i32>)> {
    let query = TicketQuery {
        view: View::All,
        sort: Sort::NextTarget,
        limit: 50,
        ..TicketQuery::default()
    };
    let list = desk.store.list_tickets(&query).await.unwrap();
    let row = list.rows.into_iter().find(|row| row.id == id).unwrap();
    let target = row.target?;
    let minute = |when: Timestamp| (when.as_second() - at(0).as_second()) / 60;
    let clock = target.clock?;
    Some((
        target.kind,
        target.due.map(minute),
        clock.soon_at.map(minute),
        clock.paused_left_s,
    ))
}

fn named(ids: &[i64]) -> Due {
    Due::Named(ids.iter().copied().map(TicketId).collect())
}

fn becomes(from: Status, to: Status) -> Operation {
    Operation::SetField {
        field: Field::Status,
        base: FieldValue::Status(from),
        new: FieldValue::Status(to),
    }
}

#[tokio::test]
async fn a_ticket_is_to_be_escalated_or_solved_and_its_clock_stands_still_while_it_waits_here_too() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = desk(folder.path()).await;
    mirrored(&desk, held(1, Status::Assigned, 4)).await;
    let changes = desk.wind_clocks(&Due::All).await.unwrap();
    assert_eq!(changes.tickets, BTreeSet::from([TicketId(1)]));
    // Escalated within 30 min, or solved within 3 h (high priority).
    let escalate = (TargetKind::Escalate, Some(30), Some(22), None);
    assert_eq!(told(&desk, TicketId(1)).await, Some(escalate));
    assert_eq!(desk.wind_clocks(&Due::All).await.unwrap(), ChangeSet::default());

    // Its time to be escalated has passed: nothing else changed.
    *clock.0.lock().unwrap() = at(31);
    let changes = desk.wind_clocks(&named(&[])).await.unwrap();
    assert_eq!(changes.tickets, BTreeSet::from([TicketId(1)]));
    let resolve = (TargetKind::Resolve, Some(180), Some(135), None);
    assert_eq!(told(&desk, TicketId(1)).await, Some(resolve));

    // A wait that the server has not heard of yet: 2 h are left whatever happens.
    *clock.0.lock().unwrap() = at(60);
    submitted(&desk, Some(TicketId(1)), becomes(Status::Assigned, Status::Waiting)).await;
    desk.wind_clocks(&named(&[1])).await.unwrap();
    let paused = (TargetKind::Resolve, None, None, Some(7200));
    assert_eq!(told(&desk, TicketId(1)).await, Some(paused));

    // Solved here: no target, and none is left over.
    let solution = Operation::AddSolution {
        body: RichText::from_plain("Fait"),
        solution_type: None,
    };
    submitted(&desk, Some(TicketId(1)), solution).await;
    desk.wind_clocks(&named(&[])).await.unwrap();
    assert_eq!(told(&desk, TicketId(1)).await, None);
    assert!(desk.store.stale_targets(at(61)).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_new_ticket_is_to_be_taken_up_and_one_written_here_has_its_clock_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = desk(folder.path()).await;
    let mut new = held(1, Status::New, 3);
    new.channel = Some(guichet_domain::catalogue::CatalogueRef {
        id: 1,
        name: Some("Helpdesk".to_owned()),
    });
    mirrored(&desk, new).await;
    desk.wind_clocks(&Due::All).await.unwrap();
    let of_portal = told(&desk, TicketId(1)).await.unwrap();
    assert_eq!((of_portal.0, of_portal.1), (TargetKind::Own, Some(15)));

    *clock.0.lock().unwrap() = at(5);
    let ticket = NewTicket {
        title: "Écran noir".to_owned(),
        description: RichText::default(),
        kind: TicketKind::Incident,
        urgency: Level(3),
        impact: Level(3),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: Vec::new(),
        assets: Vec::new(),
    };
    let local = submitted(
        &desk,
        None,
        Operation::CreateTicket {
            ticket: Box::new(ticket),
        },
    )
    .await;
    assert!(local.is_local());
    desk.wind_clocks(&Due::Named(BTreeSet::from([local]))).await.unwrap();
    let (kind, due, ..) = told(&desk, local).await.unwrap();
    assert_eq!((kind, due), (TargetKind::Escalate, Some(35)));
}

#[tokio::test]
async fn while_a_desk_is_open_its_targets_follow_what_changes_and_which_contract_is_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = desk(folder.path()).await;
    mirrored(&desk, held(1, Status::Assigned, 4)).await;
    let mut heard = desk.hear();
    let task = watch(&desk);
    let mut next = async || {
        tokio::time::timeout(Duration::from_secs(60), async {
            loop {
                if let AppEvent::Targets(changes) = heard.recv().await.unwrap() {
                    return changes.tickets;
                }
            }
        })
        .await
        .unwrap()
    };
    assert_eq!(next().await, BTreeSet::from([TicketId(1)]));
    mirrored(&desk, held(2, Status::Assigned, 4)).await;
    desk.publish(ChangeSet {
        tickets: BTreeSet::from([TicketId(2)]),
        lists: true,
        ..ChangeSet::default()
    });
    assert_eq!(next().await, BTreeSet::from([TicketId(2)]));
    let mut settings = desk.config().await.settings;
    settings.contract = Some("giped".to_owned());
    desk.save_settings(settings).await.unwrap();
    // Told of any change, it asks which contract is in force.
    desk.publish(ChangeSet {
        tickets: BTreeSet::from([TicketId(2)]),
        ..ChangeSet::default()
    });
    assert_eq!(next().await, BTreeSet::from([TicketId(1), TicketId(2)]));
    task.abort();
}
