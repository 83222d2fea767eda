//! The messages of an O2G server, as far as calls are concerned.

use crate::{
    action::{ActionError, Attachment, DATA_PREFIX},
    net::clip,
    station::{Report, Stage},
};
use guichet_domain::call::CallCause;
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeMap, fmt::Write as _};

/// Most bytes that can be attached to a call (`correlator-data.ts`).
const MOST_ATTACHED: usize = 32;
/// Longest line of the event stream.
const LONGEST_LINE: usize = 256 * 1024;
/// Most calls of a list that are looked at.
const MOST: usize = 64;

/// Cuts the event stream into lines. A line that is too long costs itself.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    line: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Takes bytes in and gives the events they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            if *byte != b'\n' {
                if self.line.len() < LONGEST_LINE {
                    self.line.push(*byte);
                } else {
                    self.too_long = true;
                }
                continue;
            }
            let line = std::mem::take(&mut self.line);
            if !std::mem::take(&mut self.too_long) {
                events.extend(serde_json::from_slice::<Event>(&line).ok());
            }
        }
        events
    }
}

/// An event of a user's telephone. Fields that are missing are empty.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Event {
    pub(crate) event_name: String,
    pub(crate) login_name: Option<String>,
    pub(crate) call_ref: String,
    cause: Option<String>,
    pub(crate) previous_call_ref: Option<String>,
    pub(crate) replaced_by_call_ref: Option<String>,
    call_data: Option<CallData>,
    legs: Vec<Leg>,
    modified_legs: Vec<Leg>,
    added_legs: Vec<Leg>,
    participants: Vec<Participant>,
    modified_participants: Vec<Participant>,
    added_participants: Vec<Participant>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CallData {
    anonymous: bool,
    state: Option<String>,
    associated_data: Option<String>,
    hexa_binary_associated_data: Option<String>,
    acd_call_data: Option<AcdData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AcdData {
    pilot_number: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Leg {
    device_id: String,
    state: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Participant {
    identity: Option<Party>,
    anonymous: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Party {
    id: Identifier,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Identifier {
    login_name: Option<String>,
    phone_number: Option<String>,
}

/// Whose telephone is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own<'a> {
    pub(crate) login: &'a str,
    pub(crate) device: &'a str,
}

impl Event {
    /// Reads the list of calls.
    pub(crate) fn list(said: &Value) -> Vec<Self> {
        let calls = said.get("calls").and_then(Value::as_array).cloned().unwrap_or_default();
        let read = |call| serde_json::from_value(call).ok();
        calls.into_iter().take(MOST).filter_map(read).collect()
    }

    /// Whether it is about the user's own calls.
    pub(crate) fn is_of(&self, own: Own<'_>) -> bool {
        let same = |login: &String| login.eq_ignore_ascii_case(own.login);
        self.login_name.as_ref().is_none_or(same)
    }

    /// The call was transferred by its user.
    pub(crate) fn is_transferred(&self) -> bool {
        self.cause.as_deref() == Some("TRANSFERRED")
    }

    /// The own telephone's state in the call, if it is said.
    fn state(&self, own: Own<'_>) -> Option<&str> {
        let legs = [&self.modified_legs, &self.added_legs, &self.legs];
        let leg = legs
            .iter()
            .flat_map(|legs| legs.iter())
            .find(|leg| leg.device_id == own.device);
        match leg {
            Some(leg) => leg.state.as_deref(),
            // Other telephones of the user may have a part in it: theirs is not ours.
            None if legs.iter().any(|legs| !legs.is_empty()) => None,
            None => self.call_data.as_ref()?.state.as_deref(),
        }
    }

    /// It is being released: the tone of a busy line is heard, say.
    pub(crate) fn is_releasing(&self, own: Own<'_>) -> bool {
        self.state(own) == Some("RELEASING")
    }

    /// What it says of a leg; `before` is what was known of it.
    pub(crate) fn report(&self, own: Own<'_>, before: Option<Stage>) -> Option<Report> {
        let call_ref = clip(&self.call_ref);
        let stage = if self.event_name == "OnCallRemoved" {
            Stage::Gone(self.why())
        } else {
            match self.state(own) {
                Some("RINGING_INCOMING") => Stage::Ringing,
                Some("DIALING" | "RINGING_OUTGOING") => Stage::Dialing,
                Some("ACTIVE") => Stage::Up,
                Some("HELD") => Stage::Held,
                Some("RELEASING") => Stage::Gone(self.why()),
                // Who the other end is may be said without a word of the state.
                _ => before?,
            }
        };
        let data = self.call_data.as_ref();
        let others = [
            &self.modified_participants,
            &self.added_participants,
            &self.participants,
        ];
        let other = others
            .iter()
            .flat_map(|parties| parties.iter())
            .find(|party| !party.is(own));
        let hidden = data.is_some_and(|data| data.anonymous) || other.is_some_and(|party| party.anonymous);
        let party = other.and_then(|party| party.identity.as_ref()).filter(|_| !hidden);
        Some(Report {
            leg: call_ref.clone(),
            conversation: call_ref,
            stage,
            outbound: None,
            number: party
                .and_then(|party| party.id.phone_number.as_deref())
                .map(clip)
                .unwrap_or_default(),
            name: party.map(Party::name).unwrap_or_default(),
            queue: data
                .and_then(|data| data.acd_call_data.as_ref())
                .and_then(|acd| acd.pilot_number.as_deref())
                .filter(|pilot| !pilot.is_empty())
                .map(clip),
            data: data.map(CallData::attached).unwrap_or_default(),
            consults_for: None,
        })
    }

    fn why(&self) -> Option<CallCause> {
        Some(match self.cause.as_deref()? {
            "CLEARED" | "PARTICIPANT_LEFT" | "TRANSFERRED" | "CONFERENCED" => CallCause::Normal,
            "ABANDONED" => CallCause::Abandoned,
            "BUSY" | "CAMP_ON" => CallCause::Busy,
            "NOT_ANSWERED" => CallCause::NoAnswer,
            "INVALID_NUMBER" => CallCause::NotFound,
            "DO_NOT_DISTURB" => CallCause::Rejected,
            "PICKED_UP" | "PICKED_UP_TANDEM" => CallCause::AnsweredElsewhere,
            "ALL_TRUNK_BUSY" | "RESOURCES_NOT_AVAILABLE" | "DESTINATION_NOT_OBTAINABLE" | "LOCKOUT" => {
                CallCause::Congestion
            }
            // It went elsewhere, and what becomes of it there is not told.
            "FORWARDED" | "REDIRECTED" | "OVERFLOWN" | "PARKED" | "DISTRIBUTED" => CallCause::Unseen,
            _ => CallCause::Unknown,
        })
    }
}

impl Participant {
    /// Whether it is the user himself.
    fn is(&self, own: Own<'_>) -> bool {
        self.identity.as_ref().is_some_and(|party| {
            party.id.phone_number.as_deref() == Some(own.device)
                || party
                    .id
                    .login_name
                    .as_ref()
                    .is_some_and(|login| login.eq_ignore_ascii_case(own.login))
        })
    }
}

impl Party {
    fn name(&self) -> String {
        let full = [&self.first_name, &self.last_name]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .cloned()
            .collect::<Vec<_>>()
            .join(" ");
        let shown = self.display_name.as_ref().filter(|name| !name.is_empty());
        clip(shown.unwrap_or(&full))
    }
}

impl CallData {
    /// What is attached, when it is ours: "`GUICHET_TICKET=4821`".
    fn attached(&self) -> BTreeMap<String, String> {
        let text = match (&self.hexa_binary_associated_data, &self.associated_data) {
            (Some(hexa), _) => unhex(hexa).and_then(|bytes| String::from_utf8(bytes).ok()),
            (None, text) => text.clone(),
        };
        let read = |text: String| {
            let (name, value) = text.split_once('=')?;
            name.starts_with(DATA_PREFIX).then(|| (clip(name), clip(value)))
        };
        text.and_then(read).into_iter().collect()
    }
}

/// What is attached, as the PBX carries it.
///
/// # Errors
/// [`ActionError::Invalid`] when it is too long: the PBX carries 32 bytes.
pub(crate) fn attachable(attachment: &Attachment) -> Result<String, ActionError> {
    let text = format!("{}={}", attachment.key(), attachment.value());
    if text.len() > MOST_ATTACHED {
        return Err(ActionError::Invalid("the attached value"));
    }
    let mut hexa = String::new();
    for byte in text.bytes() {
        let _ = write!(hexa, "{byte:02x}");
    }
    Ok(hexa)
}

fn unhex(hexa: &str) -> Option<Vec<u8>> {
    if hexa.len() > 4 * MOST_ATTACHED || !hexa.is_ascii() {
        return None;
    }
    (0..hexa.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hexa.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_giant_line_costs_itself_and_nothing_else() {
        let mut lines = Lines::default();
        let giant = format!(
            "{{\"eventName\":\"OnCallCreated\",\"callRef\":\"{}\"}}\n",
            "x".repeat(1_000_000)
        );
        assert!(lines.push(giant.as_bytes()).is_empty());
        let next = lines.push(b"\n{\"eventName\":\"OnCallRemoved\",\"callRef\":\"1\"}\n");
        assert_eq!(next.len(), 1);
        assert!(lines.line.capacity() <= 2 * LONGEST_LINE);
    }

    #[test]
    fn what_is_attached_is_at_most_32_bytes_and_read_again() {
        let short = Attachment::new("TICKET", "4821").unwrap();
        let data = CallData {
            hexa_binary_associated_data: Some(attachable(&short).unwrap()),
            ..CallData::default()
        };
        assert_eq!(data.attached()["GUICHET_TICKET"], "4821");
        let long = Attachment::new("TICKET", "123456789012345678").unwrap();
        assert!(attachable(&long).is_err());
        for foreign in ["4", "zz", "é", "4142", "00", ""] {
            let data = CallData {
                hexa_binary_associated_data: Some(foreign.to_owned()),
                ..CallData::default()
            };
            assert!(data.attached().is_empty(), "{foreign}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_survived(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
            cut in 1_usize..100,
        ) {
            let mut lines = Lines::default();
            for piece in bytes.chunks(cut) {
                for event in lines.push(piece) {
                    let _ = event.report(Own { login: "a", device: "1" }, None);
                }
            }
        }
    }
}
