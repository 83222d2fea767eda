//! Telephone calls, whatever PBX they come from: the one event model that every adapter maps its own wire format to, and
//! the call that events are folded to (by the telephony crate's tracker).
//!
//! A **conversation** is what the caller lives through from the first ring to the end, whoever he is handed to; a **leg** is
//! one telephone's part in it. PBXs name both, and rename them on transfer: an event therefore carries the conversation's
//! present name and every earlier one it knows of.

use crate::phone::PhoneNumber;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which telephone system said it: the configured PBX's name ("asterisk", "xivo-mairie"…). Identities are its own: the same id
/// from two sources is two calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct CallSource(pub String);

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallEventKind {
    /// The caller entered a queue, or is back in it.
    Queued,
    /// An outgoing call is being set up.
    Dialing,
    /// A desk telephone (`device`) rings for the caller.
    Ringing,
    /// The caller talks with `device`: both are up **and joined**. That the PBX took the line is no answer.
    Answered,
    /// The caller was put on hold. A consultation begins with it.
    Held,
    /// The caller is off hold.
    Resumed,
    /// The consulted telephone (`device`) rings; the caller waits.
    ConsultRinging,
    /// The consulted person (`device`) talks with the technician; the caller waits.
    ConsultAnswered,
    /// The consulted telephone did not answer (`cause` says why), and **the technician is still in the consultation**: nothing
    /// goes back to the caller by itself (Asterisk 20, recording 10). Not among a PBX's usual words, but without it a hot transfer
    /// cannot go on to the next person.
    ConsultFailed,
    /// The caller is joined with `device` and no longer with who had the call. Never said on a PBX's "success" alone.
    Transferred,
    /// The consultation is over and the caller is joined with the technician again.
    TransferCancelled,
    /// The conversation is over.
    Ended,
    /// Without `device`: over, and nobody answered. With it: that telephone stopped ringing unanswered, the call goes on.
    Missed,
    /// The caller is leaving a message.
    Voicemail,
}

/// Who called whom, seen from the desk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody called the desk.
    #[default]
    Inbound,
    /// The desk called somebody.
    Outbound,
}

/// The person at the other end.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RemoteParty {
    /// The number as the PBX gave it; empty for a caller who hides it.
    pub raw: String,
    /// "+33612340013", when it is a valid public number.
    pub e164: Option<String>,
    /// The name the PBX knows, if any. Never proof of who it is.
    pub name: Option<String>,
    /// The caller hides the number, or the network has none.
    pub anonymous: bool,
}

/// What networks and PBXs write instead of a number, in lower case.
const NO_NUMBER: &[&str] = &[
    "<unknown>",
    "anonymous",
    "anonyme",
    "inconnu",
    "masque",
    "masqué",
    "number unavailable",
    "private",
    "prive",
    "privé",
    "restricted",
    "unavailable",
    "unknown",
    "withheld",
];

impl RemoteParty {
    /// Reads what a PBX says about the other end; `region` is where a national number belongs (two letters, ISO 3166).
    #[must_use]
    pub fn read(number: &str, name: &str, region: &str) -> Self {
        let number = number.trim();
        let hidden = |text: &str| text.is_empty() || NO_NUMBER.contains(&text.to_lowercase().as_str());
        // "anonymous@anonymous.invalid" (RFC 3323) comes through some trunks as it is.
        let anonymous = hidden(number)
            || number.to_lowercase().starts_with("anonymous@")
            || !number.chars().any(|c| c.is_ascii_digit());
        let raw = if anonymous { String::new() } else { number.to_owned() };
        let name = name.trim();
        Self {
            e164: PhoneNumber::parse_in(&raw, region).and_then(|number| number.e164),
            name: (!hidden(name) && name != raw).then(|| name.to_owned()),
            raw,
            anonymous,
        }
    }

    /// Whether nothing at all is known of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty() && self.name.is_none() && !self.anonymous
    }
}

/// Why something ended or did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallCause {
    /// Somebody hung up (Q.850 16).
    Normal,
    /// Busy (Q.850 17).
    Busy,
    /// It rang in vain (Q.850 18, 19).
    NoAnswer,
    /// The person refused (Q.850 21).
    Rejected,
    /// Whoever called gave up.
    Cancelled,
    /// The caller left the queue.
    Abandoned,
    /// Another telephone took the call.
    AnsweredElsewhere,
    /// No such number (Q.850 1).
    NotFound,
    /// The network or the telephone failed (Q.850 34, 38, 41, 42…).
    Congestion,
    /// The PBX was out of sight when it happened: the time is when it was learnt, not when it was.
    Unseen,
    /// The PBX did not say, or in words unknown here.
    Unknown,
}

/// What the PBX can be asked to do with the call right now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
#[allow(clippy::struct_excessive_bools, reason = "six independent abilities")]
pub struct CallCapabilities {
    /// Pick it up.
    pub answer: bool,
    /// Put it on hold.
    pub hold: bool,
    /// Consult somebody while the caller waits.
    pub consult: bool,
    /// Join the caller with the person consulted, and leave.
    pub complete: bool,
    /// Give the consultation up and go back to the caller.
    pub cancel: bool,
    /// Send the caller elsewhere without a word.
    pub blind: bool,
}

/// One event of a call, as every adapter gives it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct CallEvent {
    /// When it happened, by the PBX's clock where it says so.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// Order among the events of one adapter: they may share an instant.
    pub seq: i64,
    /// Which PBX.
    pub source: CallSource,
    /// The PBX's id of the leg it is about.
    pub native_id: String,
    /// The PBX's id of the conversation, as it is now.
    pub conversation_id: String,
    /// What the conversation was called before (ids change on transfer).
    pub previous_ids: Vec<String>,
    /// What happened.
    pub kind: CallEventKind,
    /// Who called whom.
    pub direction: Direction,
    /// The other end.
    pub remote: RemoteParty,
    /// The desk's person, as the PBX names them.
    pub agent: Option<String>,
    /// The telephone it is about ("SIP/6001").
    pub device: Option<String>,
    /// The queue, if one is involved.
    pub queue: Option<String>,
    /// Why, for what ended or failed.
    pub cause: Option<CallCause>,
    /// What was attached to the call (a ticket's number); travels with it through transfers.
    pub user_data: BTreeMap<String, String>,
    /// What the PBX can be asked for now.
    pub capabilities: CallCapabilities,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// In a queue, nobody's telephone rings.
    Queued,
    /// An outgoing call is being set up.
    Dialing,
    /// A desk telephone rings.
    Ringing,
    /// Caller and technician talk.
    Answered,
    /// The caller is on hold.
    Held,
    /// The technician talks with, or rings, somebody else; the caller waits.
    Consulting,
    /// The caller talks with whom he was handed to.
    Transferred,
    /// The caller is on the line with nobody, and no telephone rings: the state a hot transfer must never leave anyone in.
    #[default]
    Waiting,
    /// The caller leaves a message.
    Voicemail,
    /// Over.
    Ended,
    /// Over, and nobody answered.
    Missed,
}

impl CallState {
    /// Whether the conversation is over.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Ended | Self::Missed)
    }
}

/// A consultation during a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Consultation {
    /// Whose telephone.
    pub device: Option<String>,
    /// Their name at the PBX.
    pub agent: Option<String>,
    /// Since when.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub since: Timestamp,
    /// When they answered.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub answered_at: Option<Timestamp>,
    /// Why they did not.
    pub failed: Option<CallCause>,
}

/// A call: what the events known so far add up to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Call {
    /// Which PBX.
    pub source: CallSource,
    /// The name its first event gave it. Stays the smallest-dated one when calls turn out to be the same.
    pub id: String,
    /// Every name it ever had.
    pub ids: BTreeSet<String>,
    /// Who called whom.
    pub direction: Direction,
    /// The other end.
    pub remote: RemoteParty,
    /// Where it stands.
    pub state: CallState,
    /// The queue it came through.
    pub queue: Option<String>,
    /// Telephones that ring for the caller.
    pub ringing: BTreeSet<String>,
    /// The telephone that has the call, or had it last.
    pub device: Option<String>,
    /// Whose it is, as the PBX names them.
    pub agent: Option<String>,
    /// Who answered first.
    pub answered_by: Option<String>,
    /// The consultation under way.
    pub consultation: Option<Consultation>,
    /// When it began: the first event known.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub started_at: Timestamp,
    /// When the caller entered the first queue.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub queued_at: Option<Timestamp>,
    /// When a telephone first rang.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub ringing_at: Option<Timestamp>,
    /// When it was answered.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub answered_at: Option<Timestamp>,
    /// When the caller was last handed to somebody who answered.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub transferred_at: Option<Timestamp>,
    /// When a message was left.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub voicemail_at: Option<Timestamp>,
    /// When it ended.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub cause: Option<CallCause>,
    /// Part of it happened while the PBX was out of sight: its times are when things were learnt.
    pub times_uncertain: bool,
    /// What is attached to it.
    pub user_data: BTreeMap<String, String>,
    /// What the PBX can be asked for now.
    pub capabilities: CallCapabilities,
}

impl Call {
    /// How long the caller waited: from the queue (else the first ring, else the start) to the answer or the end. `None` while
    /// he still waits. Answering "within 20 s" counts from the queue, not from the agent's ring.
    #[must_use]
    pub fn wait(&self) -> Option<SignedDuration> {
        let from = self.queued_at.or(self.ringing_at).unwrap_or(self.started_at);
        let to = self.answered_at.or(self.ended_at)?;
        Some(to.duration_since(from).max(SignedDuration::ZERO))
    }

    /// How long it was talked, consultations and waiting in between included. `None` when nobody answered or it goes on.
    #[must_use]
    pub fn talk(&self) -> Option<SignedDuration> {
        let (from, to) = (self.answered_at?, self.ended_at?);
        Some(to.duration_since(from).max(SignedDuration::ZERO))
    }
}

/// What a telephone of the desk (or of the people it hands calls to) is doing, as far as the PBX tells: who is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Nothing goes on there.
    Free,
    /// It rings.
    Ringing,
    /// It is used.
    Busy,
    /// Nobody can be reached there (not registered, not configured).
    Unreachable,
}

/// The state of one telephone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct LinePresence {
    /// Which PBX.
    pub source: CallSource,
    /// Which telephone ("SIP/7001").
    pub device: String,
    /// Whose, where the PBX says.
    pub agent: Option<String>,
    /// What it does.
    pub state: LineState,
    /// The person takes no calls of these queues at the moment.
    pub paused_in: BTreeSet<String>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_who_hides_the_number_is_anonymous_and_has_none() {
        for number in [
            "",
            "<unknown>",
            "anonymous",
            "Anonymous",
            "Restricted",
            "anonymous@anonymous.invalid",
            "masqué",
            "private",
        ] {
            let remote = RemoteParty::read(number, "<unknown>", "FR");
            assert!(remote.anonymous, "{number}");
            assert_eq!(
                (remote.raw.as_str(), remote.e164, remote.name),
                ("", None, None),
                "{number}"
            );
        }
    }

    #[test]
    fn a_national_number_gets_its_country_and_an_extension_none() {
        let remote = RemoteParty::read("0612340013", "Claire Fontaine", "FR");
        assert_eq!(remote.e164.as_deref(), Some("+33612340013"));
        assert_eq!(remote.name.as_deref(), Some("Claire Fontaine"));
        let inside = RemoteParty::read("4012", "4012", "FR");
        assert_eq!(
            (inside.raw.as_str(), inside.e164, inside.anonymous),
            ("4012", None, false)
        );
        assert_eq!(
            inside.name, None,
            "a PBX that repeats the number as the name says nothing"
        );
    }
}
