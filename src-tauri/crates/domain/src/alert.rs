//! Alerts of the supervision: a problem is one alert from the first time it is seen critical until it has been well for a while.
//!
//! Pure: what a reading of the supervision said, and when, come in as parameters. What the supervision writes is hostile: it is bounded
//! here and is plain text everywhere.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Most characters of a host's or a service's name that are kept.
const LONGEST_NAME: usize = 256;
/// Most characters of a check's output that are kept.
const LONGEST_OUTPUT: usize = 1024;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It may become critical.
    Warning,
    /// Somebody is to be reached.
    Critical,
}

/// Where an alert is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AlertState {
    /// It is not well.
    Open,
    /// It is well, but not for long enough to be over.
    Settling {
        /// Since when it was seen well.
        #[cfg_attr(feature = "bindings", specta(type = String))]
        since: Timestamp,
    },
}

/// What one reading says of a host or a service that is not well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The host.
    pub host: String,
    /// The service; `None` is the host itself.
    pub service: Option<String>,
    /// How bad it is.
    pub severity: Severity,
    /// Since when, as the supervision says.
    pub since: Timestamp,
    /// What the check said, in its own words.
    pub output: String,
    /// Somebody took it, here or in the supervision.
    pub acknowledged: bool,
    /// It is being worked on as planned.
    pub in_downtime: bool,
}

/// A problem that became critical, until it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Alert {
    /// The supervision's name among the configured ones.
    pub source: String,
    /// The same for the same host and service of a source: "host/service" with "%" and "/" of names escaped.
    pub id: String,
    /// The host.
    pub host: String,
    /// The service; `None` is the host itself.
    pub service: Option<String>,
    /// How bad it is now, or was when last seen.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: AlertState,
    /// Since when the supervision says that it was critical, the first time in this life.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub since: Timestamp,
    /// What the check said last; plain text.
    pub output: String,
    /// Somebody took it, here or in the supervision.
    pub acknowledged: bool,
    /// It is being worked on as planned.
    pub in_downtime: bool,
}

/// What a reading changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertChange {
    /// A new alert: the only change that is to reach somebody.
    Raised(Alert),
    /// One that is known is otherwise than before.
    Changed(Alert),
    /// It is over.
    Recovered(Alert),
}

/// The alerts of one supervision.
#[derive(Debug, Clone)]
pub struct AlertTracker {
    source: String,
    calm: SignedDuration,
    alerts: BTreeMap<String, Alert>,
}

impl AlertTracker {
    /// Of the supervision `source`; a problem that was well for less than `calm` and is back is still the same one.
    #[must_use]
    pub fn new(source: &str, calm: SignedDuration) -> Self {
        Self {
            source: source.to_owned(),
            calm,
            alerts: BTreeMap::new(),
        }
    }

    /// Goes on with the alerts that were not over when the program ended; those of other supervisions are passed over. Without
    /// it, a problem that lasts would be raised again by every start.
    #[must_use]
    pub fn restored(source: &str, calm: SignedDuration, alerts: impl IntoIterator<Item = Alert>) -> Self {
        let mut tracker = Self::new(source, calm);
        let own = alerts.into_iter().filter(|alert| alert.source == source);
        tracker.alerts = own.map(|alert| (alert.id.clone(), alert)).collect();
        tracker
    }

    /// The supervision's name among the configured ones.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The alerts that are not over, by their ids.
    pub fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values()
    }

    /// Takes in a **complete** reading of `at`: what it does not name is well. A reading that was cut short must not come here, or it
    /// would end alerts by its silence. Of two problems with one id the worse is taken.
    pub fn read(&mut self, problems: &[Problem], at: Timestamp) -> Vec<AlertChange> {
        let mut said: BTreeMap<String, &Problem> = BTreeMap::new();
        for problem in problems {
            let known = said.entry(id(problem)).or_insert(problem);
            if problem.severity > known.severity {
                *known = problem;
            }
        }
        let mut changes = Vec::new();
        for (id, problem) in &said {
            let before = self.alerts.get(id);
            if before.is_none() && problem.severity < Severity::Critical {
                continue;
            }
            let now = Alert {
                source: self.source.clone(),
                id: id.clone(),
                host: clip(&problem.host, LONGEST_NAME),
                service: problem.service.as_deref().map(|name| clip(name, LONGEST_NAME)),
                severity: problem.severity,
                state: AlertState::Open,
                since: before.map_or(problem.since, |before| before.since),
                output: clip(&problem.output, LONGEST_OUTPUT),
                acknowledged: problem.acknowledged,
                in_downtime: problem.in_downtime,
            };
            match before {
                None => changes.push(AlertChange::Raised(now.clone())),
                Some(before) if *before != now => changes.push(AlertChange::Changed(now.clone())),
                Some(_) => continue,
            }
            self.alerts.insert(id.clone(), now);
        }
        let silent: BTreeSet<String> = self
            .alerts
            .keys()
            .filter(|id| !said.contains_key(*id))
            .cloned()
            .collect();
        for id in silent {
            let Some(mut alert) = self.alerts.remove(&id) else {
                continue;
            };
            let (since, seen_before) = match alert.state {
                AlertState::Settling { since } => (since, true),
                AlertState::Open => (at, false),
            };
            alert.state = AlertState::Settling { since };
            if at.duration_since(since) >= self.calm {
                changes.push(AlertChange::Recovered(alert));
                continue;
            }
            if !seen_before {
                changes.push(AlertChange::Changed(alert.clone()));
            }
            self.alerts.insert(id, alert);
        }
        changes
    }
}

/// The whole names are in it, not the clipped ones: two long names that begin alike are two problems.
fn id(problem: &Problem) -> String {
    let escaped = |name: &str| name.replace('%', "%25").replace('/', "%2F");
    match &problem.service {
        Some(service) => format!("{}/{}", escaped(&problem.host), escaped(service)),
        None => escaped(&problem.host),
    }
}

/// Controls become spaces, so that a line stays one.
fn clip(text: &str, longest: usize) -> String {
    text.chars()
        .take(longest)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_795_000_000 + minute * 60).unwrap()
    }

    fn disk(severity: Severity, minute: i64) -> Problem {
        Problem {
            host: "srv-fic-01".to_owned(),
            service: Some("Disque".to_owned()),
            severity,
            since: at(minute),
            output: "DISK CRITICAL".to_owned(),
            acknowledged: false,
            in_downtime: false,
        }
    }

    fn tracker() -> AlertTracker {
        AlertTracker::new("nagios", SignedDuration::from_mins(5))
    }

    #[test]
    fn a_warning_alone_is_no_alert_and_a_critical_is_one() {
        let mut tracker = tracker();
        assert!(tracker.read(&[disk(Severity::Warning, 0)], at(0)).is_empty());
        let changes = tracker.read(&[disk(Severity::Critical, 1)], at(1));
        let [AlertChange::Raised(alert)] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!((alert.id.as_str(), alert.since), ("srv-fic-01/Disque", at(1)));
        assert!(tracker.read(&[disk(Severity::Critical, 1)], at(2)).is_empty());
    }

    #[test]
    fn flapping_is_one_alert_until_it_was_well_for_long_enough() {
        let mut tracker = tracker();
        tracker.read(&[disk(Severity::Critical, 0)], at(0));
        tracker.read(&[disk(Severity::Warning, 1)], at(1));
        tracker.read(&[], at(2));
        let changes = tracker.read(&[disk(Severity::Critical, 4)], at(4));
        let [AlertChange::Changed(alert)] = changes.as_slice() else {
            panic!("{changes:?}")
        };
        assert_eq!((alert.since, alert.state), (at(0), AlertState::Open));
        tracker.read(&[], at(5));
        assert!(tracker.read(&[], at(9)).is_empty());
        assert!(matches!(
            tracker.read(&[], at(10)).as_slice(),
            [AlertChange::Recovered(_)]
        ));
        assert_eq!(tracker.alerts().count(), 0);
        let changes = tracker.read(&[disk(Severity::Critical, 11)], at(11));
        assert!(matches!(changes.as_slice(), [AlertChange::Raised(_)]), "a new life");
    }

    #[test]
    fn a_tracker_started_anew_raises_nothing_twice() {
        let mut before = tracker();
        before.read(&[disk(Severity::Critical, 0)], at(0));
        before.read(&[], at(1));
        let kept: Vec<Alert> = before.alerts().cloned().collect();
        let foreign = Alert {
            source: "centreon".to_owned(),
            ..kept[0].clone()
        };
        let all = kept.iter().cloned().chain([foreign]);
        let mut after = AlertTracker::restored("nagios", SignedDuration::from_mins(5), all);
        assert_eq!(after.alerts().cloned().collect::<Vec<_>>(), kept);
        let changes = after.read(&[disk(Severity::Critical, 2)], at(2));
        assert!(matches!(changes.as_slice(), [AlertChange::Changed(alert)] if alert.since == at(0)));
        after.read(&[], at(3));
        assert!(matches!(after.read(&[], at(8)).as_slice(), [AlertChange::Recovered(_)]));
    }

    #[test]
    fn what_is_acknowledged_elsewhere_is_shown_so() {
        let mut tracker = tracker();
        tracker.read(&[disk(Severity::Critical, 0)], at(0));
        let taken = Problem {
            acknowledged: true,
            ..disk(Severity::Critical, 0)
        };
        let changes = tracker.read(&[taken], at(1));
        assert!(matches!(changes.as_slice(), [AlertChange::Changed(alert)] if alert.acknowledged));
    }

    #[test]
    fn names_cannot_pass_for_others_and_text_is_bounded() {
        let mut tracker = tracker();
        let host = Problem {
            host: "srv-fic-01/Disque".to_owned(),
            service: None,
            output: "a\u{1b}[2J\n".repeat(5000),
            ..disk(Severity::Critical, 0)
        };
        let changes = tracker.read(&[disk(Severity::Critical, 0), host], at(0));
        assert_eq!(changes.len(), 2, "a host whose name holds a slash is no service");
        for alert in tracker.alerts() {
            assert!(alert.output.chars().count() <= LONGEST_OUTPUT && !alert.output.contains(char::is_control));
        }
    }
}
