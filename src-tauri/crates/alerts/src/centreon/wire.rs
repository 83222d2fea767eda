//! Centreon's resources, as problems. Pure.

use crate::AlertsError;
use guichet_domain::alert::{Problem, Severity};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

/// The statuses that are asked for.
pub(crate) const NOT_WELL: &str = r#"["WARNING","DOWN","CRITICAL","UNREACHABLE","UNKNOWN"]"#;

/// A slice of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    pub(crate) result: Vec<Resource>,
    pub(crate) meta: Meta,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Meta {
    /// Of the whole list.
    pub(crate) total: usize,
}

/// What an acknowledgement names: the kind, the number, and the number of the host it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Identity {
    kind: String,
    id: u64,
    parent: Option<u64>,
}

/// A host, a service, or what else Centreon counts as one (metaservices, business activities).
#[derive(Debug, Deserialize)]
pub(crate) struct Resource {
    #[serde(rename = "type")]
    kind: String,
    id: u64,
    name: String,
    status: Status,
    parent: Option<Parent>,
    /// "3/3 (H)": of how many tries, confirmed (hard) or not yet (soft).
    tries: Option<String>,
    information: Option<String>,
    last_status_change: Option<String>,
    // Newer versions call them otherwise.
    #[serde(alias = "is_acknowledged")]
    acknowledged: Option<bool>,
    #[serde(alias = "is_in_downtime")]
    in_downtime: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Status {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Parent {
    id: Option<u64>,
    name: Option<String>,
    status: Option<Status>,
}

impl Resource {
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            kind: self.kind.clone(),
            id: self.id,
            parent: self.parent.as_ref().and_then(|parent| parent.id),
        }
    }

    /// As a problem, when it is one; `now` where it does not say since when.
    pub(crate) fn problem(&self, now: Timestamp) -> Option<Problem> {
        let parent_is_up = !self
            .parent
            .as_ref()
            .and_then(|parent| parent.status.as_ref())
            .is_some_and(|status| matches!(status.name.as_str(), "DOWN" | "UNREACHABLE"));
        let worst = match self.status.name.as_str() {
            "OK" | "UP" | "PENDING" => return None,
            "DOWN" => Severity::Critical,
            // The host is the problem then, and is told as one.
            "CRITICAL" if parent_is_up => Severity::Critical,
            _ => Severity::Warning,
        };
        // Where it is not said, it counts as confirmed: nothing critical is kept back for want of a word.
        let soft = self
            .tries
            .as_deref()
            .is_some_and(|tries| tries.trim_end().ends_with("(S)"));
        let host_name = self.parent.as_ref().and_then(|parent| parent.name.clone());
        let (host, service) = match (self.kind.as_str(), host_name) {
            ("host", _) => (self.name.clone(), None),
            (_, Some(host)) => (host, Some(self.name.clone())),
            // It belongs to no host: what it is stands for one.
            (kind, None) => (kind.to_owned(), Some(self.name.clone())),
        };
        let since = self.last_status_change.as_deref();
        let since = since.and_then(|since| since.parse::<Timestamp>().ok()).unwrap_or(now);
        Some(Problem {
            host,
            service,
            severity: if soft { Severity::Warning } else { worst },
            since,
            output: self.information.clone().unwrap_or_default(),
            acknowledged: self.acknowledged.unwrap_or_default(),
            in_downtime: self.in_downtime.unwrap_or_default(),
        })
    }
}

/// The token of an answer to a sign-in.
pub(crate) fn token(body: &[u8]) -> Option<String> {
    let said: Value = serde_json::from_slice(body).ok()?;
    let token = said.pointer("/security/token")?.as_str()?;
    let good = (1..=512).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
    good.then(|| token.to_owned())
}

/// A slice of the list.
///
/// # Errors
/// When it is none.
pub(crate) fn page(body: &[u8]) -> Result<Page, AlertsError> {
    serde_json::from_slice(body).map_err(|error| AlertsError::unexpected(error.to_string()))
}

/// The request that acknowledges one resource, until it is well again, and tells nobody by itself.
pub(crate) fn acknowledgement(of: &Identity, comment: &str) -> Value {
    json!({
        "acknowledgement": {
            "comment": comment,
            "is_notify_contacts": false,
            "is_persistent_comment": true,
            "is_sticky": true,
            "with_services": false,
        },
        "resources": [{ "type": of.kind, "id": of.id, "parent": of.parent.map(|id| json!({ "id": id })) }],
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().unwrap()
    }

    fn resource(change: Value) -> Option<Problem> {
        let mut resource = json!({
            "uuid": "h14-s19", "id": 19, "type": "service", "name": "Disque", "alias": null,
            "parent": { "id": 14, "name": "srv-fic-01", "type": "host", "status": { "code": 0, "name": "UP", "severity_code": 5 } },
            "status": { "code": 2, "name": "CRITICAL", "severity_code": 1 }, "is_in_downtime": false, "is_acknowledged": false,
            "last_status_change": "2026-11-23T10:30:00+01:00", "tries": "3/3 (H)", "information": "DISK CRITICAL",
        });
        for (key, value) in change.as_object().unwrap() {
            resource[key] = value.clone();
        }
        serde_json::from_value::<Resource>(resource).unwrap().problem(now())
    }

    #[test]
    fn only_what_is_confirmed_is_critical() {
        let plain = resource(json!({})).unwrap();
        assert_eq!(
            (plain.host.as_str(), plain.service.as_deref()),
            ("srv-fic-01", Some("Disque"))
        );
        assert_eq!(plain.severity, Severity::Critical);
        assert_eq!(plain.since, "2026-11-23T09:30:00Z".parse().unwrap());
        let severity = |change: Value| resource(change).map(|problem| problem.severity);
        assert_eq!(severity(json!({ "tries": "1/3 (S)" })), Some(Severity::Warning));
        assert_eq!(severity(json!({ "tries": null })), Some(Severity::Critical));
        for name in ["WARNING", "UNKNOWN", "UNREACHABLE", "SOMETHING NEW"] {
            assert_eq!(
                severity(json!({ "status": { "name": name } })),
                Some(Severity::Warning),
                "{name}"
            );
        }
        assert_eq!(severity(json!({ "status": { "name": "OK" } })), None);
        let down = json!({ "id": 14, "name": "srv-fic-01", "status": { "name": "DOWN" } });
        assert_eq!(
            severity(json!({ "parent": down })),
            Some(Severity::Warning),
            "the host is told"
        );
    }

    #[test]
    fn both_names_of_a_field_are_read() {
        let mut old = json!({ "acknowledged": true, "in_downtime": true });
        let fields = json!({ "id": 14, "type": "host", "name": "a", "parent": null, "status": { "name": "DOWN" } });
        old.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let old = serde_json::from_value::<Resource>(old).unwrap().problem(now()).unwrap();
        assert!(old.acknowledged && old.in_downtime);
        assert_eq!((old.host.as_str(), old.service, old.since), ("a", None, now()));
        assert!(resource(json!({ "is_acknowledged": true })).unwrap().acknowledged);
    }

    #[test]
    fn what_belongs_to_no_host_is_found_all_the_same() {
        let meta = resource(json!({ "type": "metaservice", "parent": null, "name": "Messagerie" })).unwrap();
        assert_eq!(
            (meta.host.as_str(), meta.service.as_deref()),
            ("metaservice", Some("Messagerie"))
        );
    }

    #[test]
    fn a_token_is_nothing_that_could_be_a_header() {
        assert_eq!(token(br#"{"security":{"token":"abc/="}}"#).as_deref(), Some("abc/="));
        for body in [
            r#"{"security":{"token":"a b"}}"#,
            r#"{"security":{"token":"a\r\nX: y"}}"#,
            r#"{"security":{"token":""}}"#,
            "[]",
            "",
        ] {
            assert_eq!(token(body.as_bytes()), None, "{body}");
        }
    }
}
