//! What the PBX is doing: its channels, which of them are joined, and which ring for which.
//!
//! Two channels hear each other when a chain of bridges joins them; a consultation's leg is a pair of `Local` channels
//! (`;1` and `;2`), each in a bridge of its own, so the pair is a link of the chain as well.

use super::frame::Frame;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A channel's state, as far as calls are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Being set up.
    Down,
    /// Rings (`Ringing`), or waits for what it called (`Ring`).
    Ringing,
    /// Up.
    Up,
    /// Busy.
    Busy,
}

impl Stage {
    fn read(frame: &Frame, prefix: &str) -> Option<Self> {
        // include/asterisk/channelstate.h: 0 down, 1 reserved, 2 off hook, 3 dialing, 4 ring, 5 ringing, 6 up, 7 busy.
        Some(match frame.get(&format!("{prefix}ChannelState"))? {
            "6" => Self::Up,
            "7" => Self::Busy,
            "3" | "4" | "5" | "8" | "9" => Self::Ringing,
            _ => Self::Down,
        })
    }
}

/// A channel: one leg at the PBX.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) uniqueid: String,
    pub(super) linkedid: String,
    /// "SIP/6001-0000000c".
    pub(super) name: String,
    pub(super) stage: Stage,
    pub(super) number: String,
    pub(super) caller_name: String,
    pub(super) connected_number: String,
    pub(super) exten: String,
    pub(super) bridge: Option<String>,
    /// Who rings it, by unique id.
    pub(super) dialer: Option<String>,
    /// It was dialled by somebody, or by the PBX itself.
    pub(super) dialled: bool,
    /// "Queue", "AppQueue", "Dial"…, where known.
    pub(super) application: String,
    pub(super) application_data: String,
    /// Order of appearance.
    pub(super) born: u64,
}

impl Channel {
    /// "SIP/6001": the telephone (or trunk) it belongs to.
    pub(super) fn device(&self) -> &str {
        device_of(&self.name)
    }

    /// One half of a `Local` pair: the PBX's own plumbing, nobody's telephone.
    pub(super) fn is_local(&self) -> bool {
        self.name.starts_with("Local/")
    }

    /// The pair's common name.
    fn pair(&self) -> Option<&str> {
        self.name
            .strip_suffix(";1")
            .or_else(|| self.name.strip_suffix(";2"))
            .filter(|_| self.is_local())
    }

    pub(super) fn is_second_half(&self) -> bool {
        self.is_local() && self.name.ends_with(";2")
    }
}

/// "SIP/6001" of "SIP/6001-0000000c".
pub(super) fn device_of(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((device, serial)) if serial.chars().all(|c| c.is_ascii_hexdigit() || c == ';') => device,
        _ => name,
    }
}

/// Whether a device is a telephone of the house: its name is an extension.
pub(super) fn is_station(device: &str) -> bool {
    device
        .rsplit_once('/')
        .is_some_and(|(_, name)| (2..=7).contains(&name.len()) && name.chars().all(|c| c.is_ascii_digit()))
}

/// Every channel of the PBX.
#[derive(Debug, Clone, Default)]
pub(super) struct Channels {
    by_id: BTreeMap<String, Channel>,
    born: u64,
}

impl Channels {
    pub(super) fn get(&self, uniqueid: &str) -> Option<&Channel> {
        self.by_id.get(uniqueid)
    }

    pub(super) fn get_mut(&mut self, uniqueid: &str) -> Option<&mut Channel> {
        self.by_id.get_mut(uniqueid)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Channel> {
        self.by_id.values()
    }

    pub(super) fn remove(&mut self, uniqueid: &str) -> Option<Channel> {
        self.by_id.remove(uniqueid)
    }

    /// Takes in what an event says of a channel (fields with this prefix: "", "Dest", "LocalOne"…) and gives its unique id. An
    /// event about a channel that was never announced announces it.
    pub(super) fn note(&mut self, frame: &Frame, prefix: &str) -> Option<String> {
        let field = |name: &str| frame.known(&format!("{prefix}{name}")).unwrap_or_default().to_owned();
        let uniqueid = field("Uniqueid");
        if uniqueid.is_empty() {
            return None;
        }
        self.born += 1;
        let born = self.born;
        let linkedid = field("Linkedid");
        let channel = self.by_id.entry(uniqueid.clone()).or_insert_with(|| Channel {
            uniqueid: uniqueid.clone(),
            linkedid: uniqueid.clone(),
            name: String::new(),
            stage: Stage::Down,
            number: String::new(),
            caller_name: String::new(),
            connected_number: String::new(),
            exten: String::new(),
            bridge: None,
            dialer: None,
            dialled: false,
            application: String::new(),
            application_data: String::new(),
            born,
        });
        if !linkedid.is_empty() {
            channel.linkedid = linkedid;
        }
        for (name, slot) in [
            ("Channel", &mut channel.name),
            ("CallerIDNum", &mut channel.number),
            ("CallerIDName", &mut channel.caller_name),
            ("ConnectedLineNum", &mut channel.connected_number),
            ("Exten", &mut channel.exten),
            ("Application", &mut channel.application),
            ("ApplicationData", &mut channel.application_data),
        ] {
            let value = field(name);
            if !value.is_empty() {
                *slot = value;
            }
        }
        // A channel never goes back from up to ringing: what says so is older than what said up.
        if let Some(stage) = Stage::read(frame, prefix)
            && (channel.stage != Stage::Up || stage == Stage::Busy)
        {
            channel.stage = stage;
        }
        Some(uniqueid)
    }

    /// The other half of a `Local` channel.
    fn other_half(&self, channel: &Channel) -> Option<&Channel> {
        let pair = channel.pair()?;
        self.by_id
            .values()
            .find(|other| other.uniqueid != channel.uniqueid && other.pair() == Some(pair))
    }

    /// Every channel that a chain of bridges (and `Local` pairs) joins to this one, itself included.
    pub(super) fn joined_to(&self, uniqueid: &str) -> BTreeSet<String> {
        let mut joined = BTreeSet::new();
        let mut todo = VecDeque::from([uniqueid.to_owned()]);
        while let Some(id) = todo.pop_front() {
            let Some(channel) = self.by_id.get(&id) else { continue };
            if !joined.insert(id) {
                continue;
            }
            if let Some(half) = self.other_half(channel) {
                todo.push_back(half.uniqueid.clone());
            }
            if let Some(bridge) = &channel.bridge {
                let others = self
                    .by_id
                    .values()
                    .filter(|other| other.bridge.as_ref() == Some(bridge));
                todo.extend(others.map(|other| other.uniqueid.clone()));
            }
        }
        joined
    }

    /// The first half of whose pair is dialled through, for a ringing channel of which nobody saw the dialling begin (after a
    /// reconnection): the `;2` half of the same conversation that is in no bridge and was made for that extension.
    pub(super) fn likely_dialer(&self, ringing: &Channel) -> Option<&Channel> {
        let halves = |exten: Option<&str>| {
            self.by_id.values().find(|half| {
                half.is_second_half()
                    && half.bridge.is_none()
                    && half.linkedid == ringing.linkedid
                    && exten.is_none_or(|exten| half.exten == exten)
            })
        };
        halves(Some(&ringing.number)).or_else(|| halves(None))
    }
}
