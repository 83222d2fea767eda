//! Aircall's JSON, as far as it is used. Everything in it is bounded, and what cannot be read is passed over.

use crate::net::clip;
use guichet_domain::call::{CallCause, Direction};
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Calls of one page at most.
const MOST_CALLS: usize = 200;
/// How long to wait where a refusal for too many requests does not say.
const USUAL_WAIT: Duration = Duration::from_secs(60);

/// Somebody of the account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct User {
    pub(crate) id: u64,
    #[serde(default)]
    name: Option<String>,
}

impl User {
    pub(crate) fn device(&self) -> String {
        self.id.to_string()
    }

    pub(crate) fn name(&self) -> Option<String> {
        self.name.as_deref().map(clip).filter(|name| !name.is_empty())
    }
}

/// One of the account's telephone numbers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Number {
    pub(crate) id: u64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    digits: Option<String>,
}

impl Number {
    /// What people call it; its digits, else its identity, where it has no name.
    pub(crate) fn label(&self) -> String {
        let mut named = [&self.name, &self.digits].into_iter().flatten().map(|text| clip(text));
        named
            .find(|text| !text.is_empty())
            .unwrap_or_else(|| self.id.to_string())
    }

    /// Whether a setting means it: by its identity, its name, or its digits however they are written.
    pub(crate) fn is(&self, meant: &str) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let same_digits = |own: &str| {
            let (own, meant) = (digits(own), digits(meant));
            own.len() >= 9 && meant.len() >= 9 && own[own.len() - 9..] == meant[meant.len() - 9..]
        };
        meant == self.id.to_string()
            || self
                .name
                .as_deref()
                .is_some_and(|name| name.trim().to_lowercase() == meant.trim().to_lowercase())
            || self.digits.as_deref().is_some_and(same_digits)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Contact {
    #[serde(default)]
    first_name: Option<String>,
    #[serde(default)]
    last_name: Option<String>,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It rings, or is being made.
    Initial,
    /// Somebody talks.
    Answered,
    /// Over.
    Done,
}

/// A call as Aircall has it now.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Call {
    id: u64,
    direction: String,
    status: String,
    #[serde(default)]
    started_at: Option<i64>,
    #[serde(default)]
    answered_at: Option<i64>,
    #[serde(default)]
    ended_at: Option<i64>,
    #[serde(default)]
    raw_digits: Option<String>,
    #[serde(default)]
    missed_call_reason: Option<String>,
    #[serde(default)]
    voicemail: Option<String>,
    #[serde(default)]
    pub(crate) user: Option<User>,
    #[serde(default)]
    pub(crate) transferred_to: Option<User>,
    #[serde(default)]
    pub(crate) number: Option<Number>,
    #[serde(default)]
    contact: Option<Contact>,
}

fn instant(seconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_second(seconds?).ok()
}

impl Call {
    pub(crate) fn read(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    pub(crate) fn id(&self) -> String {
        self.id.to_string()
    }

    pub(crate) fn direction(&self) -> Direction {
        if self.direction == "outbound" {
            Direction::Outbound
        } else {
            Direction::Inbound
        }
    }

    pub(crate) fn stage(&self) -> Stage {
        match self.status.as_str() {
            "done" => Stage::Done,
            "answered" => Stage::Answered,
            _ if self.ended_at.is_some() => Stage::Done,
            _ => Stage::Initial,
        }
    }

    pub(crate) fn started_at(&self) -> Option<Timestamp> {
        instant(self.started_at)
    }

    pub(crate) fn answered_at(&self) -> Option<Timestamp> {
        instant(self.answered_at)
    }

    pub(crate) fn ended_at(&self) -> Option<Timestamp> {
        instant(self.ended_at)
    }

    pub(crate) fn digits(&self) -> String {
        self.raw_digits.as_deref().map(clip).unwrap_or_default()
    }

    pub(crate) fn caller(&self) -> String {
        let Some(contact) = &self.contact else {
            return String::new();
        };
        let names = [&contact.first_name, &contact.last_name].into_iter().flatten();
        clip(&names.map(|name| name.trim()).collect::<Vec<_>>().join(" "))
    }

    pub(crate) fn has_voicemail(&self) -> bool {
        self.voicemail.is_some()
    }

    /// Why nobody answered.
    pub(crate) fn missed(&self) -> CallCause {
        match self.missed_call_reason.as_deref() {
            Some("short_abandoned" | "abandoned_in_ivr" | "abandoned_in_classic") => CallCause::Abandoned,
            Some("no_available_agent" | "agents_did_not_answer") => CallCause::NoAnswer,
            _ => CallCause::Unknown,
        }
    }
}

/// A page of calls, and where the next one is.
pub(crate) fn page(said: &Value) -> Option<(Vec<Call>, Option<String>)> {
    let calls = said.get("calls")?.as_array()?;
    let calls = calls.iter().take(MOST_CALLS).filter_map(Call::read).collect();
    let next = said.get("meta").and_then(|meta| meta.get("next_page_link"));
    Some((calls, next.and_then(Value::as_str).map(str::to_owned)))
}

/// How many requests are left in this minute, and how long until it is over.
pub(crate) fn allowance(headers: &HeaderMap, now: Timestamp) -> Option<(u64, Duration)> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<i64>().ok();
    let left = u64::try_from(number("x-aircallapi-remaining")?).unwrap_or(0);
    let until = number("x-aircallapi-reset").and_then(|second| Timestamp::from_second(second).ok());
    let wait = until.map_or(USUAL_WAIT, |until| {
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    });
    Some((left, wait.min(USUAL_WAIT)))
}

/// How long to keep still after a refusal for too many requests.
pub(crate) fn keep_still(headers: &HeaderMap, now: Timestamp) -> Duration {
    let wait = allowance(headers, now).map_or(USUAL_WAIT, |(_, wait)| wait);
    wait.max(Duration::from_secs(1))
}

/// An insight card: a line that the telephone of whoever has the call shows.
pub(crate) fn card(name: &str, value: &str) -> Value {
    json!({ "contents": [
        { "type": "title", "text": "Guichet" },
        { "type": "shortText", "label": name, "text": value },
    ] })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_meant_by_its_name_its_identity_or_its_digits() {
        let number: Number = serde_json::from_value(json!({
            "id": 1234, "name": "Support DSI", "digits": "+33 1 76 36 06 95"
        }))
        .unwrap();
        for meant in ["1234", "support dsi", "0176360695", "+33176360695"] {
            assert!(number.is(meant), "{meant}");
        }
        for other in ["123", "Support", "695", "0176360696", ""] {
            assert!(!number.is(other), "{other}");
        }
        assert_eq!(number.label(), "Support DSI");
    }

    #[test]
    fn what_is_no_call_is_passed_over_and_times_out_of_the_calendar_are_none() {
        let said = json!({ "meta": { "next_page_link": null }, "calls": [
            { "id": "x" }, null, 3,
            { "id": 7, "direction": "inbound", "status": "initial", "started_at": i64::MAX, "user": null },
        ] });
        let (calls, next) = page(&said).unwrap();
        assert_eq!((calls.len(), next), (1, None));
        assert_eq!(calls[0].started_at(), None);
        assert!(page(&json!({ "error": "x" })).is_none());
    }

    #[test]
    fn the_allowance_is_read_and_never_more_than_a_minute() {
        let now = Timestamp::from_second(1_795_000_000).unwrap();
        let mut headers = HeaderMap::new();
        assert_eq!(allowance(&headers, now), None);
        headers.insert("X-AircallApi-Remaining", "3".parse().unwrap());
        headers.insert("X-AircallApi-Reset", "1795000030".parse().unwrap());
        assert_eq!(allowance(&headers, now), Some((3, Duration::from_secs(30))));
        headers.insert("X-AircallApi-Reset", "1999999999".parse().unwrap());
        assert_eq!(keep_still(&headers, now), USUAL_WAIT);
        headers.insert("X-AircallApi-Reset", "1".parse().unwrap());
        assert_eq!(keep_still(&headers, now), Duration::from_secs(1));
    }
}
