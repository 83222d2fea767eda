//! The Nagios adapter against Debian's real Nagios: its daemon checks every second, its web programs answer.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "common/nagios.rs"]
mod real;

use guichet_alerts::{AlertTarget, AlertsError, Nagios, NagiosConfig, Supervision};
use guichet_domain::alert::{Alert, AlertChange, AlertState, AlertTracker, Problem, Severity};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

fn adapter(real: &real::Nagios, login: &str, password: &str) -> Nagios {
    let config = NagiosConfig::new("nagios", real.url.clone(), login, SecretString::from(password));
    Nagios::new(config).unwrap()
}

/// Reads again until what was read is as wanted.
async fn until(nagios: &Nagios, real: &real::Nagios, wanted: impl Fn(&[Problem]) -> bool) -> Vec<Problem> {
    let since = Instant::now();
    loop {
        let read = nagios
            .problems()
            .await
            .unwrap_or_else(|error| panic!("{error}\n{}", real.said()));
        if wanted(&read.problems) {
            return read.problems;
        }
        assert!(since.elapsed() < PATIENCE, "{:?}\n{}", read.problems, real.said());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn is_critical(problems: &[Problem]) -> bool {
    problems.iter().any(|problem| problem.severity == Severity::Critical)
}

fn disk() -> AlertTarget {
    AlertTarget {
        host: "srv-fic-01".to_owned(),
        service: Some("Disque C: & D".to_owned()),
    }
}

#[tokio::test]
async fn a_problem_is_one_alert_from_critical_to_calm() {
    let real = real::Nagios::start().await;
    let nagios = adapter(&real, "guichet", "secret");
    let mut tracker = AlertTracker::new(nagios.source(), SignedDuration::from_mins(5));
    let begun = Timestamp::now();
    until(&nagios, &real, <[Problem]>::is_empty).await;

    real.check_answers("service", 2);
    let read = until(&nagios, &real, is_critical).await;
    let changes = tracker.read(&read, Timestamp::now());
    let [AlertChange::Raised(alert)] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!(AlertTarget::of(alert), disk());
    assert_eq!(alert.output, "DISK state 2 <b>\"C:\"</b>");
    let slack = SignedDuration::from_secs(1);
    assert!(
        alert.since >= begun - slack && alert.since <= Timestamp::now(),
        "{alert:?}"
    );
    assert!(!alert.acknowledged && !alert.in_downtime);

    nagios
        .acknowledge(&disk(), "Nadia Benali", "Pris en charge; voir #815")
        .await
        .unwrap();
    let read = until(&nagios, &real, |problems| {
        problems.iter().any(|problem| problem.acknowledged)
    })
    .await;
    let changes = tracker.read(&read, Timestamp::now());
    assert!(
        matches!(
            changes.as_slice(),
            [AlertChange::Changed(Alert { acknowledged: true, .. })]
        ),
        "{changes:?}"
    );
    assert!(
        real.said().contains("Nadia Benali: Pris en charge"),
        "the comment says whose it is"
    );

    // Well, and not well again: nobody is called twice.
    let mut raised = 0;
    for _ in 0..2 {
        real.check_answers("service", 0);
        until(&nagios, &real, <[Problem]>::is_empty).await;
        raised += count_raised(&tracker.read(&[], Timestamp::now()));
        assert!(matches!(
            tracker.alerts().next().unwrap().state,
            AlertState::Settling { .. }
        ));
        real.check_answers("service", 2);
        // Not confirmed first, and no alert for that.
        let read = until(&nagios, &real, is_critical).await;
        assert!(!read[0].acknowledged, "an acknowledgement ends with the problem");
        raised += count_raised(&tracker.read(&read, Timestamp::now()));
    }
    assert_eq!(raised, 0);
    real.check_answers("service", 0);
    let read = until(&nagios, &real, <[Problem]>::is_empty).await;
    let now = Timestamp::now();
    tracker.read(&read, now);
    let changes = tracker.read(&read, now + SignedDuration::from_mins(5));
    assert!(matches!(changes.as_slice(), [AlertChange::Recovered(_)]), "{changes:?}");
}

fn count_raised(changes: &[AlertChange]) -> usize {
    changes
        .iter()
        .filter(|change| matches!(change, AlertChange::Raised(_)))
        .count()
}

#[tokio::test]
async fn a_host_that_is_down_is_one_alert_and_its_services_are_none() {
    let real = real::Nagios::start().await;
    let nagios = adapter(&real, "guichet", "secret");
    real.check_answers("host", 2);
    let read = until(&nagios, &real, is_critical).await;
    let mut tracker = AlertTracker::new("nagios", SignedDuration::from_mins(5));
    let changes = tracker.read(&read, Timestamp::now());
    let [AlertChange::Raised(alert)] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!((alert.host.as_str(), alert.service.as_deref()), ("srv-fic-01", None));
    let target = AlertTarget::of(alert);
    real.check_answers("service", 2);
    let read = until(&nagios, &real, |problems| problems.len() == 2).await;
    assert_eq!(tracker.read(&read, Timestamp::now()), [], "its service is no news");
    nagios.acknowledge(&target, "Nadia", "").await.unwrap();
    until(&nagios, &real, |problems| {
        problems
            .iter()
            .any(|problem| problem.service.is_none() && problem.acknowledged)
    })
    .await;
}

#[tokio::test]
async fn an_account_is_told_what_it_may_not() {
    let real = real::Nagios::start().await;
    let wrong = adapter(&real, "guichet", "wrong");
    assert_eq!(wrong.problems().await.unwrap_err().code(), "alerts_refused");
    assert_eq!(
        wrong.acknowledge(&disk(), "n", "x").await.unwrap_err().code(),
        "alerts_refused"
    );
    // Signed in, but without rights: Nagios answers an empty list, successfully.
    let nobody = adapter(&real, "nobody", "secret");
    let error = nobody.problems().await.unwrap_err();
    assert!(matches!(error, AlertsError::Refused { .. }), "{error:?}");
    // May look, may not touch.
    real.check_answers("service", 2);
    let reader = adapter(&real, "reader", "secret");
    until(&reader, &real, is_critical).await;
    for account in [&reader, &nobody] {
        let error = account.acknowledge(&disk(), "n", "x").await.unwrap_err();
        let AlertsError::Refused { message } = &error else {
            panic!("{error:?}")
        };
        assert!(!message.is_empty() && !message.contains('<'), "{message}");
    }
    let read = reader.problems().await.unwrap();
    assert!(read.problems.iter().all(|problem| !problem.acknowledged));
    assert!(!real.said().contains("ACKNOWLEDGE"), "{}", real.said());
}

#[tokio::test]
async fn a_server_that_wants_digest_authentication_is_read_and_told() {
    let mut real = real::Nagios::start().await;
    let path = real.url.path().replace("cgi-bin", "digest");
    real.url.set_path(&path);
    let wrong = adapter(&real, "guichet", "wrong");
    assert_eq!(wrong.problems().await.unwrap_err().code(), "alerts_refused");
    let nagios = adapter(&real, "guichet", "secret");
    real.check_answers("service", 2);
    until(&nagios, &real, is_critical).await;
    nagios.acknowledge(&disk(), "Nadia", "pris").await.unwrap();
    until(&nagios, &real, |problems| {
        problems.iter().any(|problem| problem.acknowledged)
    })
    .await;
}

#[tokio::test]
async fn a_nagios_that_ended_is_no_good_news() {
    let mut real = real::Nagios::start().await;
    let nagios = adapter(&real, "guichet", "secret");
    until(&nagios, &real, <[Problem]>::is_empty).await;
    real.stop();
    let error = nagios.problems().await.unwrap_err();
    assert_eq!(error, AlertsError::Stopped { since: None });
}
