//! An alert is one row from the first critical reading to the end of its life, whoever takes it up and however often the desk restarts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId, UserId,
    alert::{AlertTracker, Problem, Severity},
    outbox::Receipt,
};
use guichet_store::*;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

const CALM: SignedDuration = SignedDuration::from_mins(5);

fn disk(since: i64) -> Problem {
    Problem {
        host: "srv-fic-01".to_owned(),
        service: Some("Disque".to_owned()),
        severity: Severity::Critical,
        since: at(since),
        output: "DISK CRITICAL".to_owned(),
        acknowledged: false,
        in_downtime: false,
    }
}

async fn read(store: &Store, tracker: &mut AlertTracker, problems: &[Problem], now: Timestamp) -> Vec<JournalAlert> {
    let changes = tracker.read(problems, now);
    store.keep_alerts(&changes, now).await.unwrap()
}

fn all() -> AlertQuery {
    AlertQuery {
        limit: 100,
        ..AlertQuery::default()
    }
}

#[tokio::test]
async fn a_life_is_one_row() {
    let store = Store::in_memory(at(0)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    let raised = read(&store, &mut tracker, &[disk(-4)], at(0)).await;
    assert_eq!(raised.len(), 1);
    assert_eq!((raised[0].received_at, raised[0].alert.since), (at(0), at(-4)));
    assert_eq!((raised[0].handled_at, raised[0].recovered_at), (None, None));
    assert_eq!(store.open_alerts().await.unwrap(), raised);
    // Well, not well again, well for long enough.
    for (second, problems) in [
        (60, vec![]),
        (120, vec![disk(110)]),
        (180, vec![]),
        (479, vec![]),
        (480, vec![]),
    ] {
        read(&store, &mut tracker, &problems, at(second)).await;
    }
    assert_eq!(store.open_alerts().await.unwrap(), []);
    let page = store.alert_journal(&all()).await.unwrap();
    assert_eq!((page.rows.len(), page.total), (1, 1));
    assert_eq!(
        (page.rows[0].received_at, page.rows[0].recovered_at),
        (at(0), Some(at(180)))
    );
    // The next one is another.
    read(&store, &mut tracker, &[disk(600)], at(601)).await;
    assert_eq!(store.alert_journal(&all()).await.unwrap().total, 2);
    assert_eq!(store.open_alerts().await.unwrap()[0].received_at, at(601));
}

#[tokio::test]
async fn a_restart_raises_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let id = {
        let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
        let mut tracker = AlertTracker::new("nagios", CALM);
        let other = Problem {
            service: None,
            ..disk(0)
        };
        let raised = read(&store, &mut tracker, &[disk(0), other], at(1)).await;
        read(&store, &mut tracker, &[disk(0)], at(2)).await;
        store.close().await;
        raised[1].id.clone()
    };
    let (store, _) = Store::open(folder.path(), &KEY, at(100)).await.unwrap();
    let kept = store.tracked_alerts("nagios").await.unwrap();
    assert_eq!(kept.len(), 2, "one that settles is not over");
    assert!(store.tracked_alerts("centreon").await.unwrap().is_empty());
    let mut tracker = AlertTracker::restored("nagios", CALM, kept);
    let changes = tracker.read(&[disk(90)], at(101));
    assert!(changes.is_empty(), "{changes:?}");
    let changes = read(&store, &mut tracker, &[disk(90)], at(400)).await;
    assert_eq!(changes.len(), 1, "the host was well since before the restart");
    assert_eq!(changes[0].recovered_at, Some(at(2)));
    let open = store.open_alerts().await.unwrap();
    assert_eq!(open.iter().map(|row| &row.id).collect::<Vec<_>>(), [&id]);
    assert_eq!(store.alert_journal(&all()).await.unwrap().total, 2);
}

#[tokio::test]
async fn what_is_kept_twice_is_kept_once() {
    let store = Store::in_memory(at(0)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    let changes = tracker.read(&[disk(0)], at(1));
    let first = store.keep_alerts(&changes, at(1)).await.unwrap();
    // Killed between the reading and whatever follows it: the next start reads the same, later.
    assert_eq!(store.keep_alerts(&changes, at(50)).await.unwrap(), first);
    assert_eq!(store.alert_journal(&all()).await.unwrap().total, 1);
    // The supervision never saw it end: it is the same life.
    tracker.read(&[], at(60));
    store.keep_alerts(&tracker.read(&[], at(400)), at(400)).await.unwrap();
    assert!(store.open_alerts().await.unwrap().is_empty());
    store
        .keep_alerts(&tracker.read(&[disk(0)], at(401)), at(401))
        .await
        .unwrap();
    let open = store.open_alerts().await.unwrap();
    assert_eq!((open.len(), open[0].received_at), (1, at(1)));
}

#[tokio::test]
async fn who_takes_it_up_first_stays() {
    let store = Store::in_memory(at(0)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    let id = read(&store, &mut tracker, &[disk(0)], at(1)).await[0].id.clone();
    let nadia = Some(UserId(7));
    let here = AlertHandling::AcknowledgedHere;
    let taken = store.take_up_alert(&id, here, nadia, at(30)).await.unwrap().unwrap();
    assert_eq!(
        (taken.handled_at, taken.handled_by, taken.handling),
        (Some(at(30)), nadia, Some(here))
    );
    let again = store
        .take_up_alert(&id, AlertHandling::Ticket, Some(UserId(8)), at(40))
        .await;
    assert_eq!(again.unwrap().unwrap(), taken);
    let acknowledged = Problem {
        acknowledged: true,
        ..disk(0)
    };
    let seen = read(&store, &mut tracker, std::slice::from_ref(&acknowledged), at(60)).await;
    assert_eq!((seen[0].handled_at, seen[0].handling), (Some(at(30)), Some(here)));
    assert_eq!(seen[0].acknowledged_at, Some(at(60)));
    // The acknowledgement's first sight stays too.
    read(&store, &mut tracker, &[disk(0)], at(61)).await;
    let seen = read(&store, &mut tracker, &[acknowledged], at(62)).await;
    assert_eq!(seen[0].acknowledged_at, Some(at(60)));
    assert!(
        store
            .take_up_alert("nagios/none@0", here, nadia, at(1))
            .await
            .unwrap()
            .is_none()
    );
    // A clock that was set back.
    let id = read(
        &store,
        &mut tracker,
        &[Problem {
            service: None,
            ..disk(0)
        }],
        at(100),
    )
    .await[0]
        .id
        .clone();
    let row = store.journal_alert(&id).await.unwrap().unwrap();
    let taken = store.take_up_alert(&id, here, None, at(-50)).await.unwrap().unwrap();
    assert_eq!(taken.handled_at, Some(row.received_at));
}

#[tokio::test]
async fn what_somebody_has_already_is_taken_up() {
    let store = Store::in_memory(at(0)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    let planned = Problem {
        service: None,
        in_downtime: true,
        ..disk(0)
    };
    let elsewhere = Problem {
        acknowledged: true,
        ..disk(0)
    };
    let rows = read(&store, &mut tracker, &[planned, elsewhere], at(5)).await;
    let how: Vec<_> = rows
        .iter()
        .map(|row| (row.handling, row.handled_at, row.handled_by))
        .collect();
    assert_eq!(how[0], (Some(AlertHandling::InDowntime), Some(at(5)), None));
    assert_eq!(how[1], (Some(AlertHandling::AcknowledgedElsewhere), Some(at(5)), None));
    let open = AlertQuery {
        to_take_up: true,
        ..all()
    };
    assert_eq!(store.alert_journal(&open).await.unwrap().total, 0);
}

#[tokio::test]
async fn an_incident_is_made_once_and_followed_to_its_number() {
    let store = Store::in_memory(at(0)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    let id = read(&store, &mut tracker, &[disk(0)], at(1)).await[0].id.clone();
    let operation = OperationId::new();
    let submission = Submission {
        lane: None,
        operations: vec![(operation, create("Disque plein"))],
        draft: None,
        hold: Duration::ZERO,
    };
    let (row, accepted) = store
        .submit_for_alert(&id, &submission, Some(UserId(7)), at(20))
        .await
        .unwrap();
    let local = accepted.lane;
    assert!(local.is_local());
    assert_eq!((row.ticket, row.handled_at), (Some(local), Some(at(20))));
    assert_eq!(row.handling, Some(AlertHandling::Ticket));
    let second = Submission {
        operations: vec![(OperationId::new(), submission.operations[0].1.clone())],
        ..submission.clone()
    };
    for alert in [id.as_str(), "nagios/none@0"] {
        let error = store.submit_for_alert(alert, &second, None, at(21)).await.unwrap_err();
        assert!(matches!(error, StoreError::Invalid { .. }), "{error}");
    }
    assert_eq!(store.outbox(None, true).await.unwrap().len(), 1);

    store.begin_attempt(operation, at(22)).await.unwrap();
    let receipt = Receipt {
        remote_id: Some(815),
        ticket: Some(TicketId(815)),
    };
    store.mark_sent(operation, &receipt, at(23)).await.unwrap();
    for number in [local.0, 815] {
        let query = AlertQuery {
            ticket: Some(TicketId(number)),
            ..all()
        };
        let page = store.alert_journal(&query).await.unwrap();
        assert_eq!(
            page.rows.iter().map(|row| row.ticket).collect::<Vec<_>>(),
            [Some(TicketId(815))]
        );
    }
    // Somebody who still shows the ticket under its local number puts another alert to it.
    let host = Problem {
        service: None,
        ..disk(0)
    };
    let other = read(&store, &mut tracker, &[disk(0), host], at(30)).await[0].id.clone();
    let linked = store.link_alert(&other, Some(local)).await.unwrap().unwrap();
    assert_eq!(linked.ticket, Some(TicketId(815)));
    assert_eq!(linked.handled_at, None, "a link alone is no taking up");
    assert_eq!(store.link_alert(&other, None).await.unwrap().unwrap().ticket, None);
    assert!(store.link_alert("nagios/none@0", None).await.unwrap().is_none());
}

#[tokio::test]
async fn the_journal_is_read_by_period_and_by_parts() {
    let store = Store::in_memory(at(0)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    let mut problems = Vec::new();
    for minute in 0..10 {
        problems.push(Problem {
            host: format!("srv-{minute}"),
            service: None,
            ..disk(minute * 60)
        });
        read(&store, &mut tracker, &problems, at(minute * 60 + 1)).await;
    }
    let hosts = async |query: AlertQuery| -> Vec<String> {
        let page = store.alert_journal(&query).await.unwrap();
        page.rows.into_iter().map(|row| row.alert.host).collect()
    };
    let period = AlertQuery {
        from: Some(at(121)),
        to: Some(at(301)),
        ..all()
    };
    assert_eq!(
        hosts(period.clone()).await,
        ["srv-4", "srv-3", "srv-2"],
        "the end is left out"
    );
    let part = AlertQuery {
        offset: 1,
        limit: 1,
        ..period
    };
    assert_eq!(hosts(part.clone()).await, ["srv-3"]);
    assert_eq!(store.alert_journal(&part).await.unwrap().total, 3);
    let foreign = AlertQuery {
        source: Some("centreon".to_owned()),
        ..all()
    };
    assert_eq!(hosts(foreign).await, Vec::<String>::new());
}
