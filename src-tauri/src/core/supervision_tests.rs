//! Alerts at the desk, over a supervision that says what a test lets it say. The adapters are held to real ones in their own crate.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    api::AlertsState,
    core::test_desk::{at, desk},
};
use async_trait::async_trait;
use guichet_alerts::Reading;
use guichet_domain::alert::{Problem, Severity};
use guichet_service_levels::evidence::model::Evidence;
use std::sync::Mutex;

const CALM: SignedDuration = SignedDuration::from_mins(5);
const QUICK: Duration = Duration::from_millis(20);

/// Says what it is told to say, and remembers what it is told.
#[derive(Debug, Default)]
struct Said {
    problems: Mutex<Option<Vec<Problem>>>,
    read_at: Mutex<Option<Timestamp>>,
    acknowledged: Mutex<Vec<(AlertTarget, String)>>,
    refuses: Mutex<bool>,
}

#[async_trait]
impl Supervision for Said {
    fn source(&self) -> &str {
        "nagios"
    }

    async fn problems(&self) -> Result<Reading, AlertsError> {
        let problems = self.problems.lock().unwrap().clone();
        let at = self.read_at.lock().unwrap().unwrap_or_else(|| at(0));
        match problems {
            Some(problems) => Ok(Reading { problems, at }),
            None => Err(AlertsError::Silent),
        }
    }

    async fn acknowledge(&self, target: &AlertTarget, author: &str, comment: &str) -> Result<(), AlertsError> {
        if *self.refuses.lock().unwrap() {
            return Err(AlertsError::Refused {
                message: "no".to_owned(),
            });
        }
        let said = format!("{author}|{comment}");
        self.acknowledged.lock().unwrap().push((target.clone(), said));
        Ok(())
    }
}

impl Said {
    fn says(&self, problems: Option<Vec<Problem>>, minute: i64) {
        *self.read_at.lock().unwrap() = Some(at(minute));
        *self.problems.lock().unwrap() = problems;
    }
}

fn disk() -> Problem {
    Problem {
        host: "srv-fic-01".to_owned(),
        service: Some("Disque".to_owned()),
        severity: Severity::Critical,
        since: at(0),
        output: "DISK CRITICAL".to_owned(),
        acknowledged: false,
        in_downtime: false,
    }
}

/// What the desk is told next that holds.
async fn told(heard: &mut broadcast::Receiver<AppEvent>, holds: impl Fn(&AlertsState) -> bool) -> AlertsState {
    tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            if let AppEvent::Alerts(state) = heard.recv().await.unwrap()
                && holds(&state)
            {
                return *state;
            }
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn a_critical_problem_reaches_the_desk_once_and_one_that_flaps_stays_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = desk(folder.path()).await;
    let said = Arc::new(Said::default());
    let mut heard = desk.hear();
    desk.watch_supervision(said.clone(), CALM, QUICK).await;
    let state = told(&mut heard, |state| state.failing.is_some()).await;
    assert_eq!(state.failing.as_deref(), Some("alerts_silent"));
    said.says(Some(vec![disk()]), 1);
    let state = told(&mut heard, |state| !state.alerts.is_empty()).await;
    assert_eq!(
        (state.failing, state.target_s),
        (None, Some(300)),
        "five minutes by the contract"
    );
    let first = state.alerts[0].clone();
    assert_eq!((first.received_at, first.handled_at), (at(1), None));
    // It flaps, and this program is started again meanwhile.
    said.says(Some(Vec::new()), 2);
    told(&mut heard, |state| state.read_at == Some(at(2))).await;
    *desk.supervision.write().await = None;
    said.says(Some(vec![disk()]), 3);
    desk.watch_supervision(said.clone(), CALM, QUICK).await;
    let state = told(&mut heard, |state| state.read_at == Some(at(3))).await;
    assert_eq!(state.alerts.len(), 1);
    assert_eq!(state.alerts[0].id, first.id);
}

#[tokio::test]
async fn what_is_taken_up_is_so_though_the_supervision_does_not_hear_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = desk(folder.path()).await;
    let said = Arc::new(Said::default());
    said.says(Some(vec![disk()]), 1);
    let mut heard = desk.hear();
    desk.watch_supervision(said.clone(), CALM, QUICK).await;
    let id = told(&mut heard, |state| !state.alerts.is_empty()).await.alerts[0]
        .id
        .clone();
    *clock.0.lock().unwrap() = at(3);
    *said.refuses.lock().unwrap() = true;
    let error = desk.take_up_alert(&id).await.unwrap_err();
    assert_eq!(error.code(), "alerts_refused");
    let row = desk.alerts().await.unwrap().alerts.remove(0);
    assert_eq!(
        (row.handled_at, row.handling),
        (Some(at(3)), Some(AlertHandling::AcknowledgedHere))
    );
    *said.refuses.lock().unwrap() = false;
    *clock.0.lock().unwrap() = at(9);
    desk.take_up_alert(&id).await.unwrap();
    assert_eq!(said.acknowledged.lock().unwrap().len(), 1);
    let row = desk.alerts().await.unwrap().alerts.remove(0);
    assert_eq!(row.handled_at, Some(at(3)), "when it was taken up first stays");
    assert_eq!(desk.take_up_alert("x").await.unwrap_err().code(), "alert_gone");
}

#[tokio::test]
async fn an_alert_becomes_an_incident_once_and_the_next_life_of_the_problem_takes_the_open_one() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = desk(folder.path()).await;
    let said = Arc::new(Said::default());
    said.says(Some(vec![disk()]), 1);
    let mut heard = desk.hear();
    desk.watch_supervision(said.clone(), CALM, QUICK).await;
    let id = told(&mut heard, |state| !state.alerts.is_empty()).await.alerts[0]
        .id
        .clone();
    let ticket = desk.alert_incident(&id, Locale::Fr).await.unwrap();
    assert_eq!(desk.alert_incident(&id, Locale::Fr).await.unwrap(), ticket);
    let view = desk.store.ticket(ticket).await.unwrap().unwrap();
    assert_eq!(
        view.ticket.title,
        "Alerte critique : Disque sur srv-fic-01".replace(" :", "\u{a0}:")
    );
    assert_eq!(view.pending.len(), 1);
    assert_eq!(said.acknowledged.lock().unwrap().len(), 1);
    // Well for long enough, and back: another life, the same open incident.
    said.says(Some(Vec::new()), 2);
    told(&mut heard, |state| state.read_at == Some(at(2))).await;
    said.says(Some(Vec::new()), 20);
    told(&mut heard, |state| state.alerts.is_empty()).await;
    let again = Problem {
        since: at(21),
        ..disk()
    };
    said.says(Some(vec![again]), 21);
    let second = told(&mut heard, |state| !state.alerts.is_empty()).await.alerts[0].clone();
    assert_ne!(second.id, id);
    assert_eq!(desk.alert_incident(&second.id, Locale::Fr).await.unwrap(), ticket);
    assert_eq!(
        desk.store.outbox(None, true).await.unwrap().len(),
        1,
        "one ticket, sent once"
    );
}

#[tokio::test]
async fn alerts_of_the_journal_are_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, clock) = desk(folder.path()).await;
    let settings = SupervisionSettings {
        url: "http://127.0.0.1:9/nagios4/cgi-bin".to_owned(),
        ..SupervisionSettings::default()
    };
    desk.keep_supervision(Some(settings)).await.unwrap();
    let mut tracker = AlertTracker::new("nagios", CALM);
    desk.store
        .keep_alerts(&tracker.read(&[disk()], at(1)), at(1))
        .await
        .unwrap();
    let id = desk.store.open_alerts().await.unwrap()[0].id.clone();
    *clock.0.lock().unwrap() = at(4);
    desk.store
        .take_up_alert(&id, AlertHandling::AcknowledgedHere, None, at(4))
        .await
        .unwrap();
    desk.store.set_last_round_at(at(60)).await.unwrap();
    let contract = desk.contract().await.unwrap();
    let path = folder.path().join("evidence.json");
    let parts = crate::core::evidence::Parts::default();
    let written = desk.write_evidence(&contract, None, &parts, &path).await.unwrap();
    assert!(written.gaps.contains(&crate::core::evidence::Gap::AlertsOfThisDesk));
    let text = std::fs::read_to_string(&path).unwrap();
    let evidence: Evidence<'_> = serde_json::from_str(&text).unwrap();
    assert_eq!(evidence.alerts.len(), 1);
    assert_eq!(evidence.alerts[0].handled_at.unwrap().timestamp(), at(4));
    let (report, _) = desk
        .indicators(&contract, "2026-06".parse().unwrap(), &parts)
        .await
        .unwrap();
    let kpi3 = report.indicators.iter().find(|one| one.id == "KPI3").unwrap();
    assert_eq!((kpi3.figure.numerator, kpi3.figure.denominator), (1.0, 1.0));
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_and_what_was_set_up_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = desk(folder.path()).await;
    let with = |url: &str, calm_min| {
        Some(SupervisionSettings {
            url: url.to_owned(),
            calm_min,
            ..SupervisionSettings::default()
        })
    };
    for (url, calm, code) in [
        ("nagios", 5, "supervision_address"),
        ("http://nagios.example/cgi-bin", 5, "alerts_untrusted"),
        ("https://nagios.example/cgi-bin", 0, "setting_out_of_range"),
    ] {
        let error = desk
            .save_supervision(with(url, calm), Some("x".to_owned()))
            .await
            .unwrap_err();
        assert_eq!(error.code(), code, "{url}");
    }
    assert_eq!(desk.supervision_settings().await, None);
}
