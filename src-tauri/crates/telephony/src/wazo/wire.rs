//! The messages of a Wazo, as far as calls are concerned.

use crate::{
    net::clip,
    q850,
    station::{Report, Stage, Step, Transfer},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The events that are asked for.
pub(crate) const EVENTS: &[&str] = &[
    "call_created",
    "call_updated",
    "call_answered",
    "call_held",
    "call_resumed",
    "call_ended",
    "transfer_created",
    "transfer_updated",
    "transfer_answered",
    "transfer_cancelled",
    "transfer_completed",
    "transfer_abandoned",
    "transfer_ended",
];
/// Most calls or transfers of a list that are looked at.
const MOST: usize = 64;

/// What websocketd says.
#[derive(Debug)]
pub(crate) enum Message {
    /// The session is there.
    Init,
    /// Events follow.
    Started,
    /// Something happened.
    Event { name: String, data: Value },
    /// An acknowledgement.
    Done,
    /// It refuses an operation.
    Refused(String),
    /// Anything else.
    Other,
}

impl Message {
    /// Reads a message; what cannot be read is passed over.
    pub(crate) fn read(text: &str) -> Self {
        let Ok(mut message) = serde_json::from_str::<Value>(text) else {
            return Self::Other;
        };
        let op = message.get("op").and_then(Value::as_str).unwrap_or_default().to_owned();
        if message.get("code").and_then(Value::as_i64).unwrap_or(0) != 0 {
            return Self::Refused(clip(&op));
        }
        match op.as_str() {
            "init" => Self::Init,
            "start" => Self::Started,
            "event" => {
                let mut event = message.get_mut("data").map(Value::take).unwrap_or_default();
                let name = event.get("name").and_then(Value::as_str).map(clip);
                let data = event.get_mut("data").map(Value::take).unwrap_or_default();
                name.map_or(Self::Other, |name| Self::Event { name, data })
            }
            "subscribe" | "token" | "pong" => Self::Done,
            _ => Self::Other,
        }
    }
}

/// An operation of websocketd.
pub(crate) fn operation(name: &str, key: &str, value: &str) -> Value {
    json!({ "op": name, "data": { key: value } })
}

/// A call. Fields that are missing or null are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Call {
    call_id: Option<String>,
    conversation_id: Option<String>,
    pub(crate) user_uuid: Option<String>,
    status: Option<String>,
    on_hold: Option<bool>,
    talking_to: Option<BTreeMap<String, Value>>,
    is_caller: Option<bool>,
    peer_caller_id_name: Option<String>,
    peer_caller_id_number: Option<String>,
    dialed_extension: Option<String>,
    reason_code: Option<u16>,
}

impl Call {
    /// Reads one.
    pub(crate) fn read(data: Value) -> Option<Self> {
        serde_json::from_value(data).ok()
    }

    /// Reads a list of them.
    pub(crate) fn list(said: &Value) -> Vec<Self> {
        let items = said.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        items.into_iter().take(MOST).filter_map(Self::read).collect()
    }

    /// What it says of a leg; `None` while that is between two states.
    pub(crate) fn report(&self, event: &str) -> Option<Report> {
        let leg = clip(self.call_id.as_deref()?);
        let is_caller = self.is_caller == Some(true);
        let talks = self.talking_to.as_ref().is_some_and(|others| !others.is_empty());
        let stage = if event == "call_ended" {
            Stage::Gone(self.reason_code.map(q850::cause))
        } else {
            match self.status.as_deref().unwrap_or_default() {
                "Up" if self.on_hold == Some(true) => Stage::Held,
                // "Up" alone is no answer: one's own telephone is up while it calls somebody.
                "Up" if talks => Stage::Up,
                "Up" | "Ring" | "Dialing" if is_caller => Stage::Dialing,
                "Ringing" if is_caller => Stage::Dialing,
                "Ringing" => Stage::Ringing,
                _ => return None,
            }
        };
        let mut number = clip(self.peer_caller_id_number.as_deref().unwrap_or_default());
        // Of a caller who hides his number, Wazo gives the number he dialled.
        if !is_caller && self.dialed_extension.as_deref() == Some(&number) {
            number.clear();
        }
        Some(Report {
            conversation: clip(self.conversation_id.as_deref().unwrap_or(&leg)),
            leg,
            stage,
            outbound: self.is_caller,
            number,
            name: clip(self.peer_caller_id_name.as_deref().unwrap_or_default()),
            queue: None,
            data: BTreeMap::new(),
            consults_for: None,
        })
    }
}

/// A transfer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WireTransfer {
    id: Option<String>,
    pub(crate) initiator_uuid: Option<String>,
    initiator_call: Option<String>,
    status: Option<String>,
    flow: Option<String>,
}

impl WireTransfer {
    /// Reads one.
    pub(crate) fn read(data: Value) -> Option<Self> {
        serde_json::from_value(data).ok()
    }

    /// Reads a list of them.
    pub(crate) fn list(said: &Value) -> Vec<Self> {
        let items = said.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        items.into_iter().take(MOST).filter_map(Self::read).collect()
    }

    /// The transfer; the number is not told, `numbers` knows it of those that were asked for here.
    pub(crate) fn transfer(&self, numbers: &BTreeMap<String, String>) -> Option<Transfer> {
        let id = clip(self.id.as_deref()?);
        Some(Transfer {
            number: numbers.get(&id).cloned().unwrap_or_default(),
            initiator: clip(self.initiator_call.as_deref()?),
            blind: self.flow.as_deref() == Some("blind"),
            id,
        })
    }

    /// How far a transfer that goes on is.
    pub(crate) fn stage(&self) -> Option<Stage> {
        match self.status.as_deref()? {
            "starting" | "ready" | "ringback" => Some(Stage::Dialing),
            "answered" => Some(Stage::Up),
            _ => None,
        }
    }
}

/// What an event of a transfer says.
pub(crate) fn step(event: &str) -> Option<Step> {
    Some(match event {
        "transfer_created" | "transfer_updated" => Step::Begun,
        "transfer_answered" => Step::Answered,
        "transfer_completed" => Step::Completed,
        "transfer_cancelled" => Step::Cancelled,
        "transfer_abandoned" => Step::Abandoned,
        "transfer_ended" => Step::Ended,
        _ => return None,
    })
}
