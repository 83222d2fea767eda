//! The messages of a xuc, as far as calls are concerned.

use crate::{
    action::{Attachment, DATA_PREFIX},
    net::clip,
    station::{Report, Stage, Station},
};
use guichet_domain::call::{CallCause, LineState};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Variables whose name begins so travel with a call.
const USER_PREFIX: &str = "USR_";
/// Most variables and events of a message that are looked at.
const MOST: usize = 64;

/// What a xuc says.
#[derive(Debug)]
pub(crate) enum Message {
    /// The login is complete.
    LoggedOn,
    /// Something happened on the telephone.
    Phone(PhoneEvent),
    /// Every call on the telephone, as it was asked for.
    Current(Vec<PhoneEvent>),
    /// What a watched telephone does.
    Hint { number: String, state: LineState },
    /// It refuses what it was asked.
    Error(String),
    /// Anything else: agents, statistics, directories, an answer to a ping.
    Other,
}

/// An event of the telephone. Fields that are missing are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct PhoneEvent {
    event_type: String,
    #[serde(rename = "DN")]
    pub(crate) dn: String,
    #[serde(rename = "otherDN")]
    other_dn: String,
    #[serde(rename = "otherDName")]
    other_name: Option<String>,
    linked_id: String,
    unique_id: String,
    queue_name: Option<String>,
    call_direction: Option<String>,
    user_data: BTreeMap<String, Value>,
}

impl Message {
    /// Reads a message; what cannot be read is passed over.
    pub(crate) fn read(text: &str) -> Self {
        let Ok(mut message) = serde_json::from_str::<Value>(text) else {
            return Self::Other;
        };
        let body = message.get_mut("ctiMessage").map(Value::take).unwrap_or_default();
        match message.get("msgType").and_then(Value::as_str).unwrap_or_default() {
            "LoggedOn" => Self::LoggedOn,
            "PhoneEvent" => serde_json::from_value(body).map_or(Self::Other, Self::Phone),
            "CurrentCallsPhoneEvents" => {
                let events = body
                    .get("events")
                    .and_then(Value::as_array)
                    .cloned()
                    .unwrap_or_default();
                let read = |event| serde_json::from_value(event).ok();
                Self::Current(events.into_iter().take(MOST).filter_map(read).collect())
            }
            "PhoneHintStatusEvent" => match (
                body.get("number").and_then(Value::as_str),
                body.get("status").and_then(Value::as_i64),
            ) {
                (Some(number), Some(status)) => Self::Hint {
                    number: clip(number),
                    state: line_state(status),
                },
                _ => Self::Other,
            },
            "Error" => {
                let said = ["Error", "error", "message"]
                    .iter()
                    .find_map(|key| body.get(key).and_then(Value::as_str));
                Self::Error(clip(said.or(body.as_str()).unwrap_or_default()))
            }
            _ => Self::Other,
        }
    }
}

/// What a hint's status means (`Cti.PhoneStatus`).
fn line_state(status: i64) -> LineState {
    match status {
        0 => LineState::Free,
        8 => LineState::Ringing,
        // Calling, busy, busy and ringing, on hold.
        1 | 2 | 9 | 16 => LineState::Busy,
        _ => LineState::Unreachable,
    }
}

impl PhoneEvent {
    /// What it says of a leg; `None` for a kind that says nothing of calls.
    pub(crate) fn report(&self, station: &Station) -> Option<Report> {
        let stage = match self.event_type.as_str() {
            "EventDialing" => Stage::Dialing,
            "EventRinging" => Stage::Ringing,
            "EventEstablished" => Stage::Up,
            "EventOnHold" => Stage::Held,
            "EventReleased" => Stage::Gone(None),
            "EventFailure" => Stage::Gone(Some(CallCause::Congestion)),
            _ => return None,
        };
        let conversation = clip(&self.linked_id);
        let mut leg = clip(if self.unique_id.is_empty() {
            &self.linked_id
        } else {
            &self.unique_id
        });
        // A release may name the leg by what it was called when it began, or by the conversation.
        if matches!(stage, Stage::Gone(_))
            && let Some(known) = station.leg_named(&leg, &conversation)
        {
            leg = known;
        }
        let outbound = match self.call_direction.as_deref() {
            Some(way) if way.eq_ignore_ascii_case("outgoing") => Some(true),
            Some(way) if way.eq_ignore_ascii_case("incoming") => Some(false),
            _ => None,
        };
        let ours = |(name, value): (&String, &Value)| {
            let name = name
                .strip_prefix(USER_PREFIX)
                .filter(|name| name.starts_with(DATA_PREFIX))?;
            Some((clip(name), clip(value.as_str()?)))
        };
        Some(Report {
            leg,
            conversation,
            stage,
            outbound,
            number: clip(&self.other_dn),
            name: clip(self.other_name.as_deref().unwrap_or_default()),
            queue: self.queue_name.as_deref().filter(|name| !name.is_empty()).map(clip),
            data: self.user_data.iter().filter_map(ours).take(MOST).collect(),
            consults_for: None,
        })
    }
}

/// A command without more.
pub(crate) fn command(name: &str) -> Value {
    json!({ "claz": "web", "command": name })
}

/// A command with a destination.
pub(crate) fn to(name: &str, destination: &str) -> Value {
    json!({ "claz": "web", "command": name, "destination": destination })
}

/// A call, with what travels with it.
pub(crate) fn dial(destination: &str, attachments: &[Attachment]) -> Value {
    json!({ "claz": "web", "command": "dial", "destination": destination, "variables": variables(attachments) })
}

/// What is attached to the call of the telephone.
pub(crate) fn set_data(attachment: &Attachment) -> Value {
    json!({ "claz": "web", "command": "setData", "variables": variables(std::slice::from_ref(attachment)) })
}

/// Watch these telephones as well.
pub(crate) fn watch(numbers: &[&str]) -> Value {
    json!({ "claz": "web", "command": "subscribeToPhoneHints", "phoneNumbers": numbers })
}

/// A sign of life, which is answered.
pub(crate) fn ping() -> Value {
    json!({ "claz": "ping" })
}

fn variables(attachments: &[Attachment]) -> Map<String, Value> {
    attachments
        .iter()
        .map(|attachment| (format!("{USER_PREFIX}{}", attachment.key()), attachment.value().into()))
        .collect()
}
