//! The exchange: who is on the line with whom, and what is said about it.

use super::{
    AmiFrame,
    channel::{Channel, bridge_fields},
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What a telephone does when it rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Somebody picks it up after a while.
    Answers(Duration),
    /// It is busy, as is known after a while.
    Busy(Duration),
    /// It rings until the caller gives up, or somebody picks it up by hand ([`Exchange::pick_up`]).
    Rings,
    /// It is dialled and does not even say that it rings (switched off a moment ago).
    Silent,
    /// It cannot be reached: dialling it fails at once.
    Unreachable,
}

/// A telephone of the house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its extension.
    pub extension: String,
    /// Whose.
    pub name: String,
    /// What it does when it rings.
    pub behaviour: Behaviour,
}

impl Line {
    /// A telephone.
    #[must_use]
    pub fn new(extension: &str, name: &str, behaviour: Behaviour) -> Self {
        Self {
            extension: extension.to_owned(),
            name: name.to_owned(),
            behaviour,
        }
    }
}

/// How a PBX is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PbxOptions {
    /// The manager account's name.
    pub username: String,
    /// Its secret.
    pub secret: String,
    /// The queue, reached by calling [`Self::queue_number`].
    pub queue: String,
    /// The number outside callers dial.
    pub queue_number: String,
    /// Who answers the queue.
    pub members: Vec<Line>,
    /// The other telephones of the house.
    pub lines: Vec<Line>,
    /// What somebody outside does when called.
    pub outside: Behaviour,
    /// The feature code of attended transfers works. Without it `Atxfer` is accepted and ignored.
    pub transfers: bool,
    /// `atxfernoanswertimeout`.
    pub no_answer_after: Duration,
    /// The instant it was started.
    pub started: Timestamp,
}

impl PbxOptions {
    /// The cast of the recordings: one technician in the queue, two people of the customer's IT.
    #[must_use]
    pub fn demo(started: Timestamp) -> Self {
        let line = Line::new;
        Self {
            username: "guichet".to_owned(),
            secret: crate::options::PASSWORD.to_owned(),
            queue: "support".to_owned(),
            queue_number: "3000".to_owned(),
            members: vec![line("6001", "N. Leroux", Behaviour::Rings)],
            lines: vec![
                line("7001", "Karim DSI", Behaviour::Rings),
                line("7002", "Sophie DSI", Behaviour::Answers(Duration::from_secs(2))),
            ],
            outside: Behaviour::Answers(Duration::from_secs(2)),
            transfers: true,
            no_answer_after: Duration::from_secs(8),
            started,
        }
    }
}

/// Something that happens later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Later {
    /// The dialplan reached the queue.
    JoinQueue { caller: String },
    /// A telephone that rings does what it does.
    Reacts { channel: String },
    /// The tones of the feature code were heard: the caller is put on hold.
    Hold { technician: String },
    /// The number to consult was heard.
    Consult { technician: String, extension: String },
    /// The tones of the abort code were heard.
    Abort { technician: String },
    /// `atxfernoanswertimeout`.
    NoAnswer { half: String },
    /// The PBX tries the target again, after the technician could not be called back.
    TryAgain { caller: String, extension: String },
}

/// A telephone that rings, and what for.
#[derive(Debug, Clone)]
pub(super) struct Ringing {
    /// Who dialled it; `None` for the PBX itself.
    pub(super) dialer: Option<String>,
    /// For an `Originate`: the action's id and the number to dial once it is picked up.
    pub(super) originate: Option<(String, String)>,
}

/// A conversation of an outside caller, or one the house made.
#[derive(Debug, Clone, Default)]
pub(super) struct Talk {
    /// The queue's part in it ended.
    pub(super) agent_done: bool,
    /// In the queue since (microseconds).
    pub(super) queued: Option<i64>,
    /// Answered at (microseconds).
    pub(super) answered: Option<i64>,
    /// Waits in the queue.
    pub(super) waiting: bool,
    /// The technician's channel.
    pub(super) technician: Option<String>,
    /// The consultation's halves and its target.
    pub(super) consult: Option<ConsultLeg>,
}

/// A consultation: `;1` is the technician's side, `;2` the target's.
#[derive(Debug, Clone)]
pub(super) struct ConsultLeg {
    pub(super) first: String,
    pub(super) second: String,
    pub(super) target: Option<String>,
    pub(super) extension: String,
    /// The caller's bridge.
    pub(super) main_bridge: String,
    /// The technician's leg is lost.
    pub(super) orphan: bool,
}

/// The PBX without a network. Instants are passed in and never go back.
#[derive(Debug)]
pub struct Exchange {
    pub(super) options: PbxOptions,
    pub(super) now: i64,
    pub(super) channels: BTreeMap<String, Channel>,
    pub(super) order: Vec<String>,
    pub(super) bridges: BTreeMap<String, Vec<String>>,
    pub(super) ringing: BTreeMap<String, Ringing>,
    pub(super) talks: BTreeMap<String, Talk>,
    pub(super) variables: BTreeMap<String, BTreeMap<String, String>>,
    pub(super) paused: BTreeSet<String>,
    pub(super) completed: u32,
    pub(super) abandoned: u32,
    later: BTreeMap<(i64, u64), Later>,
    counter: u64,
    channel_serial: u64,
    local_serial: u64,
    bridge_serial: u64,
    said: Vec<AmiFrame>,
}

impl Exchange {
    /// An idle exchange.
    #[must_use]
    pub fn new(options: PbxOptions) -> Self {
        Self {
            now: options.started.as_microsecond(),
            options,
            channels: BTreeMap::new(),
            order: Vec::new(),
            bridges: BTreeMap::new(),
            ringing: BTreeMap::new(),
            talks: BTreeMap::new(),
            variables: BTreeMap::new(),
            paused: BTreeSet::new(),
            completed: 0,
            abandoned: 0,
            later: BTreeMap::new(),
            counter: 0,
            channel_serial: 0,
            local_serial: 0,
            bridge_serial: 0,
            said: Vec::new(),
        }
    }

    /// What was said since this was last asked, for every client that is signed in.
    pub fn take_events(&mut self) -> Vec<AmiFrame> {
        std::mem::take(&mut self.said)
    }

    /// When something happens next by itself.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        let ((at, _), _) = self.later.first_key_value()?;
        Timestamp::from_microsecond(*at).ok()
    }

    /// Lets time pass until an instant; everything due until then happens, each at its own time.
    pub fn advance(&mut self, to: Timestamp) {
        let to = to.as_microsecond();
        while let Some(entry) = self.later.first_entry() {
            if entry.key().0 > to {
                break;
            }
            let ((at, _), what) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happens(what);
        }
        self.now = self.now.max(to);
    }

    /// Sets what a telephone does when it rings; one that rings already does it from now on.
    pub fn set_behaviour(&mut self, extension: &str, behaviour: Behaviour) {
        let lines = self.options.members.iter_mut().chain(&mut self.options.lines);
        for line in lines.filter(|line| line.extension == extension) {
            line.behaviour = behaviour;
        }
        let ringing: Vec<String> = self.ringing.keys().cloned().collect();
        for channel in ringing {
            if self
                .channels
                .get(&channel)
                .is_some_and(|channel| extension_of(channel) == extension)
            {
                self.react_later(&channel);
            }
        }
    }

    pub(super) fn in_a_while(&mut self, delay: Duration, what: Later) {
        self.counter += 1;
        let delay = i64::try_from(delay.as_micros()).unwrap_or(i64::MAX / 4);
        self.later.insert((self.now.saturating_add(delay), self.counter), what);
    }

    /// Plans what a ringing telephone will do.
    pub(super) fn react_later(&mut self, channel: &str) {
        let Some(behaviour) = self.channels.get(channel).map(|channel| self.behaviour(channel)) else {
            return;
        };
        let delay = match behaviour {
            Behaviour::Answers(delay) | Behaviour::Busy(delay) => delay,
            Behaviour::Unreachable => Duration::ZERO,
            Behaviour::Rings | Behaviour::Silent => return,
        };
        let channel = channel.to_owned();
        self.in_a_while(delay, Later::Reacts { channel });
    }

    pub(super) fn behaviour(&self, channel: &Channel) -> Behaviour {
        self.line(extension_of(channel))
            .map_or(self.options.outside, |line| line.behaviour)
    }

    pub(super) fn line(&self, extension: &str) -> Option<&Line> {
        self.options
            .members
            .iter()
            .chain(&self.options.lines)
            .find(|line| line.extension == extension)
    }

    // --- channels -------------------------------------------------------------------------------------------------------

    /// A new channel; `linkedid` is whose conversation it is part of, its own when `None`.
    pub(super) fn new_channel(&mut self, name: &str, linkedid: Option<&str>, context: &str, exten: &str) -> String {
        self.channel_serial += 1;
        let uniqueid = format!("{}.{}", self.now / 1_000_000, self.channel_serial);
        let name = if name.starts_with("Local/") {
            name.to_owned()
        } else {
            format!("{name}-{:08x}", self.channel_serial)
        };
        let line = self.line(
            name.rsplit_once('-')
                .map_or("", |(device, _)| device.trim_start_matches("SIP/")),
        );
        let (number, caller_name) = line.map_or((String::new(), String::new()), |line| {
            (line.extension.clone(), line.name.clone())
        });
        let channel = Channel {
            linkedid: linkedid.unwrap_or(&uniqueid).to_owned(),
            uniqueid: uniqueid.clone(),
            name,
            state: 0,
            number,
            caller_name,
            connected_number: String::new(),
            connected_name: String::new(),
            context: context.to_owned(),
            exten: exten.to_owned(),
            priority: 1,
            application: String::new(),
            application_data: String::new(),
            bridge: None,
            born: self.now,
        };
        self.channels.insert(uniqueid.clone(), channel);
        self.order.push(uniqueid.clone());
        uniqueid
    }

    pub(super) fn local_pair_name(&mut self, extension: &str) -> String {
        self.local_serial += 1;
        format!("Local/{extension}@atxfer-{:08x}", self.local_serial)
    }

    pub(super) fn set_state(&mut self, id: &str, state: u8) {
        if let Some(channel) = self.channels.get_mut(id) {
            channel.state = state;
        }
        self.say_channel("Newstate", id, &[]);
    }

    pub(super) fn linkedid(&self, id: &str) -> String {
        self.channels
            .get(id)
            .map(|channel| channel.linkedid.clone())
            .unwrap_or_default()
    }

    /// Connects what two channels show of each other.
    pub(super) fn show(&mut self, a: &str, b: &str) {
        let of = |id: &str| {
            self.channels
                .get(id)
                .map(|channel| (channel.number.clone(), channel.caller_name.clone()))
        };
        let (first, second) = (of(a), of(b));
        for (id, seen) in [(a, second), (b, first)] {
            if let (Some(channel), Some((number, name))) = (self.channels.get_mut(id), seen) {
                channel.connected_number = number;
                channel.connected_name = name;
            }
        }
    }

    /// Hangs a channel up: out of its bridge, out of the house.
    pub(super) fn hang_up_channel(&mut self, id: &str, cause: u16) {
        self.leave(id);
        self.ringing.remove(id);
        self.drop_channel(id, cause);
    }

    pub(super) fn drop_channel(&mut self, id: &str, cause: u16) {
        if !self.channels.contains_key(id) {
            return;
        }
        let text = match cause {
            16 => "Normal Clearing",
            17 => "User busy",
            _ => "Unknown",
        };
        self.say_channel("Hangup", id, &[("Cause", &cause.to_string()), ("Cause-txt", text)]);
        self.channels.remove(id);
        self.order.retain(|other| other != id);
        self.variables.remove(id);
        self.ringing.remove(id);
    }

    // --- bridges --------------------------------------------------------------------------------------------------------

    pub(super) fn new_bridge(&mut self) -> String {
        self.bridge_serial += 1;
        let id = format!("00000000-0000-4000-8000-{:012x}", self.bridge_serial);
        self.bridges.insert(id.clone(), Vec::new());
        let fields = bridge_fields("", &id, 0);
        self.say("BridgeCreate", fields);
        id
    }

    pub(super) fn enter(&mut self, id: &str, bridge: &str) {
        let members = self.bridges.entry(bridge.to_owned()).or_default();
        members.push(id.to_owned());
        let count = members.len();
        if let Some(channel) = self.channels.get_mut(id) {
            channel.bridge = Some(bridge.to_owned());
        }
        self.say_bridge("BridgeEnter", id, bridge, count);
    }

    pub(super) fn leave(&mut self, id: &str) {
        let Some(bridge) = self.channels.get_mut(id).and_then(|channel| channel.bridge.take()) else {
            return;
        };
        let members = self.bridges.entry(bridge.clone()).or_default();
        members.retain(|member| member != id);
        let count = members.len();
        self.say_bridge("BridgeLeave", id, &bridge, count);
    }

    /// Takes a bridge nobody is in away.
    pub(super) fn destroy(&mut self, bridge: &str) {
        if self.bridges.get(bridge).is_some_and(Vec::is_empty) {
            self.bridges.remove(bridge);
            self.say("BridgeDestroy", bridge_fields("", bridge, 0));
        }
    }

    pub(super) fn members(&self, bridge: &str) -> usize {
        self.bridges.get(bridge).map_or(0, Vec::len)
    }

    fn say_bridge(&mut self, event: &str, id: &str, bridge: &str, count: usize) {
        let mut fields = bridge_fields("", bridge, count);
        if let Some(channel) = self.channels.get(id) {
            fields.extend(channel.fields(""));
        }
        self.say(event, fields);
    }

    // --- saying ---------------------------------------------------------------------------------------------------------

    pub(super) fn say(&mut self, event: &str, fields: AmiFrame) {
        let privilege = if event.starts_with("Queue") || event.starts_with("Agent") {
            "agent,all"
        } else {
            "call,all"
        };
        let mut frame = vec![
            ("Event".to_owned(), event.to_owned()),
            ("Privilege".to_owned(), privilege.to_owned()),
            ("Timestamp".to_owned(), self.timestamp()),
        ];
        frame.extend(fields);
        self.said.push(frame);
        // Order within an instant is that of arrival, and a PBX takes a few microseconds for each.
        self.now += 7;
    }

    fn timestamp(&self) -> String {
        format!("{}.{:06}", self.now / 1_000_000, self.now % 1_000_000)
    }

    pub(super) fn say_channel(&mut self, event: &str, id: &str, more: &[(&str, &str)]) {
        let Some(channel) = self.channels.get(id) else { return };
        let mut fields = channel.fields("");
        fields.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        self.say(event, fields);
    }

    /// An event about a channel that dials and one that is dialled; the first may be missing.
    pub(super) fn say_dial(&mut self, event: &str, dialer: Option<&str>, dest: &str, more: &[(&str, &str)]) {
        let mut fields = dialer
            .and_then(|id| self.channels.get(id))
            .map(|channel| channel.fields(""))
            .unwrap_or_default();
        if let Some(dest) = self.channels.get(dest) {
            fields.extend(dest.fields("Dest"));
        }
        fields.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        self.say(event, fields);
    }
}

/// The extension (or "trunk") of a channel's device.
pub(super) fn extension_of(channel: &Channel) -> &str {
    channel.device().trim_start_matches("SIP/")
}
