//! What `statusjson.cgi` answers, as problems. Pure.
//!
//! Facts of 4.4.6: times are milliseconds since 1970; a state is one bit of a mask (a service: 2 OK, 4 warning, 8 unknown, 16
//! critical; a host: 2 up, 4 down, 8 unreachable; both: 1 pending); `state_type` is 1 once a state is confirmed (hard). The program
//! does not set a locale: texts with letters outside ASCII come out empty, and names as "(null)", several of them under one key.

use crate::AlertsError;
use guichet_domain::alert::{Problem, Severity};
use jiff::{SignedDuration, Timestamp};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use std::{collections::BTreeSet, fmt, marker::PhantomData};

const WARNING: u32 = 4;
const UNKNOWN: u32 = 8;
const CRITICAL: u32 = 16;
const DOWN: u32 = 4;
const UNREACHABLE: u32 = 8;
const HARD: u32 = 1;

#[derive(Deserialize)]
struct Answer {
    result: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    query_time: i64,
    #[serde(default)]
    last_data_update: i64,
    type_code: i64,
    #[serde(default)]
    type_text: String,
    #[serde(default)]
    message: String,
}

/// A host or a service that is not well.
#[derive(Deserialize)]
struct Entry {
    status: u32,
    state_type: u32,
    #[serde(default)]
    plugin_output: String,
    #[serde(default)]
    last_state_change: i64,
    #[serde(default)]
    last_hard_state_change: i64,
    problem_has_been_acknowledged: bool,
    scheduled_downtime_depth: i64,
}

/// A host or a service that is not well, by name, with when the answer was given.
pub(crate) struct Named {
    host: String,
    service: Option<String>,
    entry: Entry,
    asked_at: i64,
}

/// An object's members as they come: one key may come twice.
struct Members<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Members<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for All<T> {
            type Value = Members<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All(PhantomData))
    }
}

/// The answer's own part, when it is a success and Nagios runs.
fn answered<T: DeserializeOwned>(body: &[u8], stale_after: SignedDuration) -> Result<(T, i64), AlertsError> {
    if body.trim_ascii().is_empty() {
        // No file to read the states from: Nagios removes it when it ends.
        return Err(AlertsError::Stopped { since: None });
    }
    let text = String::from_utf8_lossy(body);
    let answer: Answer = serde_json::from_str(&text).map_err(|error| AlertsError::unexpected(error.to_string()))?;
    let result = answer.result;
    if result.type_code != 0 {
        return Err(AlertsError::unexpected(format!(
            "{}: {}",
            result.type_text, result.message
        )));
    }
    // Both by the server's clock.
    let age = SignedDuration::from_millis(result.query_time.saturating_sub(result.last_data_update));
    if age > stale_after {
        return Err(AlertsError::Stopped {
            since: Timestamp::from_millisecond(result.last_data_update).ok(),
        });
    }
    let whole: Data<T> = serde_json::from_str(&text).map_err(|error| AlertsError::unexpected(error.to_string()))?;
    Ok((whole.data, result.query_time))
}

#[derive(Deserialize)]
struct Data<T> {
    data: T,
}

#[derive(Deserialize)]
struct Services {
    servicelist: Members<Members<Entry>>,
}

#[derive(Deserialize)]
struct Hosts {
    hostlist: Members<Entry>,
}

#[derive(Deserialize)]
struct Count {
    count: Members<u64>,
}

/// The services of an answer.
///
/// # Errors
/// When it is none, or Nagios stands still.
pub(crate) fn services(body: &[u8], stale_after: SignedDuration) -> Result<Vec<Named>, AlertsError> {
    let (services, asked_at) = answered::<Services>(body, stale_after)?;
    let mut named = Vec::new();
    for (host, entries) in services.servicelist.0 {
        for (service, entry) in entries.0 {
            named.push(Named {
                host: host.clone(),
                service: Some(service),
                entry,
                asked_at,
            });
        }
    }
    Ok(named)
}

/// The hosts of an answer.
///
/// # Errors
/// When it is none, or Nagios stands still.
pub(crate) fn hosts(body: &[u8], stale_after: SignedDuration) -> Result<Vec<Named>, AlertsError> {
    let (hosts, asked_at) = answered::<Hosts>(body, stale_after)?;
    let hosts = hosts.hostlist.0.into_iter();
    Ok(hosts
        .map(|(host, entry)| Named {
            host,
            service: None,
            entry,
            asked_at,
        })
        .collect())
}

/// How many hosts the account sees, well or not.
///
/// # Errors
/// When the answer is none, or Nagios stands still.
pub(crate) fn host_count(body: &[u8], stale_after: SignedDuration) -> Result<u64, AlertsError> {
    let (count, _) = answered::<Count>(body, stale_after)?;
    Ok(count.count.0.iter().map(|(_, number)| number).sum())
}

/// What is not well. A service of a host that is not up is a warning: the host is the problem, and is told as one.
pub(crate) fn problems(hosts: Vec<Named>, services: Vec<Named>) -> Vec<Problem> {
    let not_up: BTreeSet<String> = hosts
        .iter()
        .filter(|host| matches!(host.entry.status, DOWN | UNREACHABLE))
        .map(|host| host.host.clone())
        .collect();
    let services = services.into_iter().filter_map(|service| {
        let worst = match service.entry.status {
            CRITICAL if !not_up.contains(&service.host) => Severity::Critical,
            CRITICAL | WARNING | UNKNOWN => Severity::Warning,
            _ => return None,
        };
        Some(problem(service, worst))
    });
    let services: Vec<Problem> = services.collect();
    let hosts = hosts.into_iter().filter_map(|host| {
        let worst = match host.entry.status {
            DOWN => Severity::Critical,
            UNREACHABLE => Severity::Warning,
            _ => return None,
        };
        Some(problem(host, worst))
    });
    hosts.chain(services).collect()
}

fn problem(named: Named, worst: Severity) -> Problem {
    let entry = named.entry;
    let hard = entry.state_type == HARD;
    // What is not confirmed yet may be gone at the next check.
    let severity = if hard { worst } else { Severity::Warning };
    let changed = if hard {
        entry.last_hard_state_change
    } else {
        entry.last_state_change
    };
    // Never is 0; what is ahead of the answer itself is a clock that was set.
    let since = if changed > 0 {
        changed.min(named.asked_at)
    } else {
        named.asked_at
    };
    Problem {
        host: named.host,
        service: named.service,
        severity,
        since: Timestamp::from_millisecond(since).unwrap_or(Timestamp::UNIX_EPOCH),
        output: entry.plugin_output,
        acknowledged: entry.problem_has_been_acknowledged,
        in_downtime: entry.scheduled_downtime_depth > 0,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_795_441_936_000;
    const STALE: SignedDuration = SignedDuration::from_mins(2);

    fn answer(data: &str, updated: i64) -> Vec<u8> {
        let result = json!({ "query_time": NOW, "last_data_update": updated, "type_code": 0, "type_text": "Success" });
        format!(r#"{{ "format_version": 0, "result": {result}, "data": {data} }}"#).into_bytes()
    }

    fn entry(status: u32, hard: bool) -> Value {
        json!({
            "status": status, "state_type": u32::from(hard), "plugin_output": "x", "last_state_change": NOW - 2000,
            "last_hard_state_change": NOW - 9000, "problem_has_been_acknowledged": false, "scheduled_downtime_depth": 0,
        })
    }

    fn read(services: &Value, hosts: &Value) -> Vec<Problem> {
        let services = answer(&json!({ "servicelist": services }).to_string(), NOW);
        let hosts = answer(&json!({ "hostlist": hosts }).to_string(), NOW);
        problems(
            super::hosts(&hosts, STALE).unwrap(),
            super::services(&services, STALE).unwrap(),
        )
    }

    #[test]
    fn only_what_is_confirmed_is_critical() {
        let read = read(
            &json!({ "a": { "hard": entry(16, true), "soft": entry(16, false), "warning": entry(4, true), "unknown": entry(8, true), "ok": entry(2, true) } }),
            &json!({ "down": entry(4, true), "soft": entry(4, false), "behind": entry(8, true), "up": entry(2, true) }),
        );
        let severity = |host: &str, service: Option<&str>| {
            let found = read.iter().find(|p| p.host == host && p.service.as_deref() == service);
            found.map(|problem| problem.severity)
        };
        assert_eq!(severity("a", Some("hard")), Some(Severity::Critical));
        assert_eq!(severity("a", Some("soft")), Some(Severity::Warning));
        assert_eq!(severity("a", Some("warning")), Some(Severity::Warning));
        assert_eq!(severity("a", Some("unknown")), Some(Severity::Warning));
        assert_eq!(severity("a", Some("ok")), None);
        assert_eq!(severity("down", None), Some(Severity::Critical));
        assert_eq!(severity("soft", None), Some(Severity::Warning));
        assert_eq!(severity("behind", None), Some(Severity::Warning));
        assert_eq!(severity("up", None), None);
        let since = |service| {
            read.iter()
                .find(|p| p.service.as_deref() == Some(service))
                .unwrap()
                .since
        };
        assert_eq!(since("hard").as_millisecond(), NOW - 9000);
        assert_eq!(since("soft").as_millisecond(), NOW - 2000);
    }

    #[test]
    fn a_service_of_a_host_that_is_not_up_is_no_alert_beside_the_hosts() {
        let read = read(
            &json!({ "a": { "s": entry(16, true) }, "b": { "s": entry(16, true) } }),
            &json!({ "a": entry(4, false) }),
        );
        let of = |host: &str| {
            read.iter()
                .find(|p| p.host == host && p.service.is_some())
                .unwrap()
                .severity
        };
        assert_eq!((of("a"), of("b")), (Severity::Warning, Severity::Critical));
    }

    #[test]
    fn members_of_one_name_are_all_read() {
        let (mild, bad) = (entry(4, true), entry(16, true));
        let data = format!(r#"{{ "servicelist": {{ "(null)": {{ "s": {bad} }}, "(null)": {{ "s": {mild} }} }} }}"#);
        assert_eq!(services(&answer(&data, NOW), STALE).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_complete_reading_is_none() {
        let stopped = hosts(&answer(r#"{ "hostlist": {} }"#, NOW - 121_000), STALE)
            .err()
            .unwrap();
        let since = Timestamp::from_millisecond(NOW - 121_000).ok();
        assert_eq!(stopped, AlertsError::Stopped { since });
        assert_eq!(hosts(b"\n\n", STALE).err(), Some(AlertsError::Stopped { since: None }));
        let failed = json!({ "result": { "query_time": NOW, "type_code": 6, "type_text": "Option Value Invalid", "message": "no" }, "data": {} });
        for body in [
            failed.to_string(),
            "<html>Sign in</html>".to_owned(),
            "{}".to_owned(),
            r#"{ "result": {"#.to_owned(),
            String::from_utf8(answer(r#"{ "servicelist": {} }"#, NOW)).unwrap(),
            String::from_utf8(answer(r#"{ "hostlist": { "a": { "status": "down" } } }"#, NOW)).unwrap(),
        ] {
            let error = hosts(body.as_bytes(), STALE).err();
            assert!(
                matches!(error, Some(AlertsError::Unexpected { .. })),
                "{body}: {error:?}"
            );
        }
    }

    #[test]
    fn times_that_cannot_be_are_the_answers_own() {
        let mut never = entry(16, true);
        never["last_hard_state_change"] = json!(0);
        let mut ahead = entry(16, true);
        ahead["last_hard_state_change"] = json!(i64::MAX);
        let read = read(&json!({ "a": { "never": never, "ahead": ahead } }), &json!({}));
        assert!(read.len() == 2 && read.iter().all(|problem| problem.since.as_millisecond() == NOW));
    }
}
