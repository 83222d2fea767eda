//! What the PBX is doing, from its events, and what that means for calls.
//!
//! [`Switchboard::apply`] takes frames in the order they come. After a reconnection the state is read again: the frames of
//! `CoreShowChannels` go between [`Switchboard::begin_reread`] and [`Switchboard::end_reread`], and the difference to what was
//! known is said as events whose cause is [`CallCause::Unseen`]. Events that come in between win over the list, which is
//! older than they are.

use super::{
    channels::{Channel, Channels, Stage, is_station},
    config::Scope,
    conversation::{Conversation, Holder, Said},
    derive::{derive, identify},
    frame::Frame,
};
use crate::action::DATA_PREFIX;
use guichet_domain::call::{
    CallCapabilities, CallCause, CallEvent, CallEventKind as Kind, CallSource, Direction, LinePresence, LineState,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Events kept of a conversation that touches nothing that is looked at, in case it does later.
const LONGEST_BACKLOG: usize = 64;
/// Channels remembered as gone, so that a late event does not bring them back.
const MOST_GONE: usize = 512;

/// A telephone as far as the PBX told.
#[derive(Debug, Clone, Default)]
struct Line {
    agent: Option<String>,
    unreachable: bool,
    paused_in: BTreeSet<String>,
}

/// The list of channels while it is being read.
#[derive(Debug, Default)]
struct Reread {
    listed: Vec<Frame>,
    /// Channels that events were about meanwhile.
    touched: BTreeSet<String>,
}

/// What the PBX is doing.
#[derive(Debug)]
pub struct Switchboard {
    source: CallSource,
    region: String,
    scope: Scope,
    channels: Channels,
    gone: VecDeque<String>,
    conversations: BTreeMap<String, Conversation>,
    /// Former name → name.
    names: BTreeMap<String, String>,
    lines: BTreeMap<String, Line>,
    told: BTreeMap<String, LinePresence>,
    /// Telephones something was said about since their state was last looked at.
    stirred: BTreeSet<String>,
    reread: Option<Reread>,
    seq: i64,
}

impl Switchboard {
    /// An idle PBX. `first_seq` numbers the first event: one above what a former connection of the same source used.
    #[must_use]
    pub fn new(source: CallSource, region: &str, scope: Scope, first_seq: i64) -> Self {
        Self {
            source,
            region: region.to_owned(),
            scope,
            channels: Channels::default(),
            gone: VecDeque::new(),
            conversations: BTreeMap::new(),
            names: BTreeMap::new(),
            lines: BTreeMap::new(),
            told: BTreeMap::new(),
            stirred: BTreeSet::new(),
            reread: None,
            seq: first_seq,
        }
    }

    /// Takes a frame in; `heard_at` is used where the PBX gives no time of its own.
    pub fn apply(&mut self, frame: &Frame, heard_at: Timestamp) -> Vec<CallEvent> {
        let Some(event) = frame.event() else { return Vec::new() };
        let at = frame.get("Timestamp").and_then(instant).unwrap_or(heard_at);
        let mut said: Vec<(String, Said)> = Vec::new();
        let mut touched: BTreeSet<String> = BTreeSet::new();
        match event {
            "CoreShowChannel" => {
                if let Some(reread) = &mut self.reread {
                    reread.listed.push(frame.clone());
                }
                return Vec::new();
            }
            "Newchannel" | "Newstate" | "NewCallerid" | "NewConnectedLine" | "Newexten" | "VarSet" | "Hold"
            | "Unhold" | "BridgeEnter" | "BridgeLeave" | "QueueCallerJoin" | "QueueCallerLeave"
            | "QueueCallerAbandon" | "HangupRequest" | "SoftHangupRequest" => touched.extend(self.note(frame, "")),
            "DialBegin" | "DialState" | "DialEnd" | "AgentCalled" | "AgentConnect" | "AgentRingNoAnswer" => {
                touched.extend(self.note(frame, ""));
                touched.extend(self.note(frame, "Dest"));
            }
            "LocalBridge" => {
                touched.extend(self.note(frame, "LocalOne"));
                touched.extend(self.note(frame, "LocalTwo"));
            }
            "Hangup" => return self.hangup(frame, at),
            "QueueMember" | "QueueMemberPause" | "QueueMemberStatus" | "QueueMemberAdded" => {
                self.queue_member(frame);
                return Vec::new();
            }
            "DeviceStateChange" => {
                self.device_state(frame);
                return Vec::new();
            }
            _ => return Vec::new(),
        }
        let own = frame.known("Uniqueid").unwrap_or_default().to_owned();
        let dest = frame.known("DestUniqueid").unwrap_or_default().to_owned();
        match event {
            "BridgeEnter" => {
                if let Some(channel) = self.channels.get_mut(&own) {
                    channel.bridge = frame.known("BridgeUniqueid").map(str::to_owned);
                }
            }
            "BridgeLeave" => {
                // Entering another bridge is sometimes said before leaving this one.
                if let Some(channel) = self.channels.get_mut(&own)
                    && channel.bridge.as_deref() == frame.known("BridgeUniqueid")
                {
                    channel.bridge = None;
                }
            }
            "DialBegin" => self.dial_begin(&own, &dest),
            "DialEnd" => {
                if let Some(cause) = frame.known("DialStatus").and_then(dial_cause)
                    && let Some(conversation) = self.conversation_of(&dest)
                {
                    conversation.dial_ends.insert(dest.clone(), cause);
                }
            }
            "QueueCallerJoin" => {
                let queue = frame.known("Queue").map(str::to_owned);
                if let Some(conversation) = self.conversation_of(&own) {
                    conversation.queue = queue;
                    conversation.queued = true;
                    said.push((conversation.id.clone(), Said::new(Kind::Queued)));
                }
            }
            "QueueCallerLeave" => {
                if let Some(conversation) = self.conversation_of(&own) {
                    conversation.queued = false;
                }
            }
            "QueueCallerAbandon" => {
                if let Some(conversation) = self.conversation_of(&own) {
                    conversation.abandoned = true;
                }
            }
            "Hold" | "Unhold" => said.extend(self.hold(&own, event == "Hold")),
            "Newexten" => said.extend(self.extension(frame, &own)),
            "VarSet" => self.variable(frame, &own),
            _ => {}
        }
        self.finish(touched, said, at, None)
    }

    /// The list of channels begins.
    pub fn begin_reread(&mut self) {
        self.reread = Some(Reread::default());
    }

    /// The PBX does not give the list: what was known stays, which is better than to believe that nothing is left.
    pub fn cancel_reread(&mut self) {
        self.reread = None;
    }

    /// The list of channels is complete: says what changed while nobody listened. `at` is now.
    pub fn end_reread(&mut self, at: Timestamp) -> Vec<CallEvent> {
        let Some(reread) = self.reread.take() else {
            return Vec::new();
        };
        let mut listed: Vec<Frame> = reread.listed;
        // The list has no order; ids grow ("1795327670.66").
        listed.sort_by_key(|frame| frame.known("Uniqueid").and_then(serial).unwrap_or_default());
        let alive: BTreeSet<&str> = listed.iter().filter_map(|frame| frame.known("Uniqueid")).collect();
        let vanished: Vec<String> = self
            .channels
            .iter()
            .map(|channel| &channel.uniqueid)
            .filter(|id| !alive.contains(id.as_str()) && !reread.touched.contains(*id))
            .cloned()
            .collect();
        let mut touched = BTreeSet::new();
        let mut said = Vec::new();
        for frame in &listed {
            let Some(id) = frame.known("Uniqueid") else { continue };
            if reread.touched.contains(id) {
                continue;
            }
            let new = self.channels.get(id).is_none();
            let in_queue = self
                .channels
                .get(id)
                .is_some_and(|channel| is_queue(&channel.application));
            let known = self.conversations.len();
            touched.extend(self.note(frame, ""));
            if self.conversations.len() > known
                && let Some(conversation) = self.conversation_of(id)
            {
                conversation.learnt_late = true;
            }
            if let Some(channel) = self.channels.get_mut(id) {
                channel.bridge = frame.known("BridgeId").map(str::to_owned);
                // Of what rings, somebody must have dialled it; a second half only carries what was dialled.
                channel.dialled |= new && channel.stage == Stage::Ringing && !channel.is_local();
            }
            said.extend(self.reread_queue(id, in_queue));
        }
        let mut over = Vec::new();
        for id in &vanished {
            if let Some(channel) = self.channels.remove(id) {
                self.forget(id);
                if is_station(channel.device()) {
                    self.stirred.insert(channel.device().to_owned());
                }
                let name = self.resolve(&channel.linkedid);
                touched.insert(name.clone());
                if let Some(conversation) = self.conversations.get_mut(&name)
                    && ends_with(conversation, id)
                {
                    // Whether anybody answered meanwhile, nobody saw: "missed" would be a guess.
                    over.push((name, Said::new(Kind::Ended).because(Some(CallCause::Unseen))));
                }
            }
        }
        for (name, what) in &over {
            if let Some(conversation) = self.conversations.get_mut(name) {
                conversation.over = true;
            }
            said.push((name.clone(), what.clone()));
        }
        self.identify_all();
        said.extend(self.answered_unseen());
        touched.extend(self.conversations.keys().cloned());
        let events = self.finish(touched, said, at, Some(CallCause::Unseen));
        for conversation in self.conversations.values_mut() {
            conversation.unsure = !conversation.answered && conversation.rings.is_empty();
        }
        events
    }

    /// Every name of every conversation that is looked at and goes on.
    #[must_use]
    pub fn alive(&self) -> BTreeSet<String> {
        self.conversations
            .values()
            // What is left over of a call whose other end is gone is no call.
            .filter(|conversation| !conversation.over && (conversation.remote.is_some() || conversation.own_ring_said))
            .filter(|conversation| conversation.in_scope)
            .flat_map(|conversation| std::iter::once(&conversation.id).chain(&conversation.previous))
            .cloned()
            .collect()
    }

    /// The channel a telephone has in a conversation: what an action is told to act upon.
    #[must_use]
    pub fn leg(&self, conversation: &str, device: &str) -> Option<&str> {
        let name = self.resolve(conversation);
        self.channels
            .iter()
            .filter(|channel| channel.device() == device && self.resolve(&channel.linkedid) == name)
            // A leg that was left hangs about without a bridge.
            .max_by_key(|channel| (channel.bridge.is_some(), channel.born))
            .map(|channel| channel.name.as_str())
    }

    /// The other end's channel.
    #[must_use]
    pub fn remote_leg(&self, conversation: &str) -> Option<&str> {
        let conversation = self.conversations.get(&self.resolve(conversation))?;
        let id = conversation.remote.as_deref()?;
        self.channels.get(id).map(|channel| channel.name.as_str())
    }

    /// The device and consultation of a conversation: whether somebody is consulted, and whether they are there.
    #[must_use]
    pub fn capabilities(&self, conversation: &str) -> CallCapabilities {
        self.conversations
            .get(&self.resolve(conversation))
            .map(|conversation| self.abilities(conversation))
            .unwrap_or_default()
    }

    /// Telephones whose state changed since this was last asked.
    pub fn changed_lines(&mut self) -> Vec<LinePresence> {
        let mut changed = Vec::new();
        for device in std::mem::take(&mut self.stirred) {
            let presence = self.line(&device);
            if self.told.get(&device) != Some(&presence) {
                self.told.insert(device, presence.clone());
                changed.push(presence);
            }
        }
        changed
    }

    /// What a telephone does. Its channels say more than its device state: chan_sip without a call limit reports
    /// `NOT_INUSE` while it rings.
    fn line(&self, device: &str) -> LinePresence {
        let line = self.lines.get(device).cloned().unwrap_or_default();
        let mut own = self
            .channels
            .iter()
            .filter(|channel| channel.device() == device)
            .peekable();
        let state = if own.peek().is_none() {
            if line.unreachable {
                LineState::Unreachable
            } else {
                LineState::Free
            }
        } else if own.all(|channel| channel.dialled && channel.stage != Stage::Up) {
            LineState::Ringing
        } else {
            LineState::Busy
        };
        LinePresence {
            source: self.source.clone(),
            device: device.to_owned(),
            agent: line.agent,
            state,
            paused_in: line.paused_in,
        }
    }

    /// Notes a channel and gives the conversation it belongs to.
    fn note(&mut self, frame: &Frame, prefix: &str) -> Option<String> {
        let id = frame.known(&format!("{prefix}Uniqueid"))?.to_owned();
        if self.gone.contains(&id) {
            return None;
        }
        if frame.event() != Some("CoreShowChannel")
            && let Some(reread) = &mut self.reread
        {
            reread.touched.insert(id.clone());
        }
        let before = self.channels.get(&id).map(|channel| channel.linkedid.clone());
        self.channels.note(frame, prefix)?;
        let device = self.channels.get(&id)?.device();
        if is_station(device) {
            self.stirred.insert(device.to_owned());
        }
        let now = self.channels.get(&id)?.linkedid.clone();
        if let Some(before) = before.filter(|before| *before != now) {
            self.merge(&before, &now);
        }
        let name = self.resolve(&now);
        self.conversations
            .entry(name.clone())
            .or_insert_with(|| Conversation::named(&name));
        Some(name)
    }

    /// The name a conversation has now.
    fn resolve(&self, id: &str) -> String {
        let mut name = id;
        // Names are never made to point in a circle: `merge` resolves both ends first.
        while let Some(next) = self.names.get(name) {
            name = next;
        }
        name.to_owned()
    }

    fn conversation_of(&mut self, uniqueid: &str) -> Option<&mut Conversation> {
        let name = self.resolve(&self.channels.get(uniqueid)?.linkedid);
        self.conversations.get_mut(&name)
    }

    /// Two conversations are one: the PBX renamed a channel's.
    fn merge(&mut self, from: &str, into: &str) {
        let (from, into) = (self.resolve(from), self.resolve(into));
        if from == into {
            return;
        }
        let absorbed = self
            .conversations
            .remove(&from)
            .unwrap_or_else(|| Conversation::named(&from));
        self.names.insert(from, into.clone());
        self.conversations
            .entry(into.clone())
            .or_insert_with(|| Conversation::named(&into))
            .absorb(absorbed);
    }

    fn dial_begin(&mut self, dialer: &str, dest: &str) {
        if let Some(channel) = self.channels.get_mut(dest) {
            channel.dialled = true;
            channel.dialer = (!dialer.is_empty()).then(|| dialer.to_owned());
        }
        if dialer.is_empty()
            && let Some((from, into)) = self.recalled(dest)
        {
            self.merge(&from, &into);
        }
    }

    /// Whether the PBX calls a technician back whose leg was lost while he consulted (recording 09): the new leg has a
    /// conversation of its own, and only the number it shows says which one it belongs to.
    fn recalled(&self, dest: &str) -> Option<(String, String)> {
        let leg = self.channels.get(dest)?;
        let own = self.resolve(&leg.linkedid);
        let lost = self.conversations.values().find(|conversation| {
            conversation.id != own
                && !conversation.over
                && conversation.remote.is_some()
                && !conversation.party.raw.is_empty()
                && conversation.party.raw == leg.connected_number
                && conversation.holder.as_ref().map_or(conversation.answered, |holder| {
                    holder.device == leg.device()
                        && self
                            .channels
                            .get(&holder.uniqueid)
                            .is_none_or(|channel| channel.bridge.is_none())
                })
        })?;
        Some((own, lost.id.clone()))
    }

    fn hold(&mut self, uniqueid: &str, on: bool) -> Option<(String, Said)> {
        let conversation = self.conversation_of(uniqueid)?;
        let holder = conversation.holder.clone()?;
        // chan_sip says "Unhold" at a blind transfer of a call that never was on hold (recording 06).
        if holder.uniqueid != uniqueid || conversation.held == on {
            return None;
        }
        conversation.held = on;
        let mut said = Said::new(if on { Kind::Held } else { Kind::Resumed });
        said.leg = Some(holder.uniqueid);
        said.device = Some(holder.device);
        Some((conversation.id.clone(), said))
    }

    fn extension(&mut self, frame: &Frame, uniqueid: &str) -> Option<(String, Said)> {
        let application = frame.known("Application")?;
        if !application.eq_ignore_ascii_case("VoiceMail") {
            return None;
        }
        let conversation = self.conversation_of(uniqueid)?;
        if conversation.remote.as_deref() != Some(uniqueid) || conversation.voicemail_said {
            return None;
        }
        conversation.voicemail_said = true;
        Some((conversation.id.clone(), Said::new(Kind::Voicemail)))
    }

    fn variable(&mut self, frame: &Frame, uniqueid: &str) {
        // The underscores say that other channels inherit it.
        let Some(name) = frame.known("Variable").map(|name| name.trim_start_matches('_')) else {
            return;
        };
        if !name.starts_with(DATA_PREFIX) {
            return;
        }
        let (name, value) = (name.to_owned(), frame.get("Value").unwrap_or_default().to_owned());
        if let Some(conversation) = self.conversation_of(uniqueid) {
            conversation.user_data.insert(name, value);
        }
    }

    /// After a reconnection: a caller whose channel runs `Queue` and is joined with nobody waits there, unless that is what
    /// was known (`knew`).
    fn reread_queue(&mut self, uniqueid: &str, knew: bool) -> Option<(String, Said)> {
        let channel = self.channels.get(uniqueid)?;
        if !is_queue(&channel.application) {
            return None;
        }
        let alone = channel.bridge.is_none();
        let queue = channel.application_data.split(',').next()?.to_owned();
        let conversation = self.conversation_of(uniqueid)?;
        if conversation.queue.is_none() && !queue.is_empty() {
            conversation.queue = Some(queue);
        }
        if knew || !alone || conversation.queued || conversation.answered {
            return None;
        }
        conversation.queued = true;
        Some((conversation.id.clone(), Said::new(Kind::Queued)))
    }

    /// Finds every conversation's other end.
    fn identify_all(&mut self) {
        let mut conversations = std::mem::take(&mut self.conversations);
        for (name, conversation) in &mut conversations {
            let members: Vec<_> = self
                .channels
                .iter()
                .filter(|channel| self.resolve(&channel.linkedid) == *name)
                .collect();
            identify(conversation, &self.channels, &members, &self.scope, &self.region);
        }
        self.conversations = conversations;
    }

    /// After a reconnection: a caller who is in a bridge, though nobody is there with him, was answered by somebody who now
    /// consults, or has lost his leg. Such a call must not end as a missed one.
    fn answered_unseen(&mut self) -> Vec<(String, Said)> {
        let mut said = Vec::new();
        for (name, conversation) in &mut self.conversations {
            let remote = conversation.remote.as_deref().and_then(|id| self.channels.get(id));
            let Some(remote) = remote.filter(|remote| remote.bridge.is_some()) else {
                continue;
            };
            if conversation.answered || conversation.over {
                continue;
            }
            let talking = |channel: &&Channel| {
                !channel.is_local() && channel.uniqueid != remote.uniqueid && channel.stage == Stage::Up
            };
            let joined = self.channels.joined_to(&remote.uniqueid);
            if joined
                .iter()
                .filter_map(|id| self.channels.get(id))
                .any(|channel| talking(&channel))
            {
                continue;
            }
            let holder = self
                .channels
                .iter()
                .filter(talking)
                .filter(|channel| channel.bridge.is_some() && channel.linkedid == remote.linkedid)
                .min_by_key(|channel| channel.born);
            if holder.is_none() && conversation.direction == Direction::Outbound {
                // Its own side enters the bridge a moment later.
                continue;
            }
            conversation.answered = true;
            conversation.queued = false;
            let mut what = Said::new(Kind::Answered);
            if let Some(holder) = holder {
                conversation.holder = Some(Holder {
                    uniqueid: holder.uniqueid.clone(),
                    device: holder.device().to_owned(),
                });
                what.leg = Some(holder.uniqueid.clone());
                what.device = Some(holder.device().to_owned());
            }
            said.push((name.clone(), what));
        }
        said
    }

    fn hangup(&mut self, frame: &Frame, at: Timestamp) -> Vec<CallEvent> {
        let Some(id) = frame.known("Uniqueid").map(str::to_owned) else {
            return Vec::new();
        };
        if self.gone.contains(&id) {
            return Vec::new();
        }
        let mut touched: BTreeSet<String> = self.note(frame, "").into_iter().collect();
        let Some(channel) = self.channels.remove(&id) else {
            return Vec::new();
        };
        self.forget(&id);
        let name = self.resolve(&channel.linkedid);
        let cause = frame.get("Cause").and_then(q850);
        let mut said = Vec::new();
        if let Some(conversation) = self.conversations.get_mut(&name) {
            if let Some(cause) = cause
                && conversation.rings.contains_key(&id)
            {
                conversation.dial_ends.entry(id.clone()).or_insert(cause);
            }
            if !conversation.over && ends_with(conversation, &id) {
                said.push((name.clone(), the_end(conversation, &id, cause)));
                conversation.over = true;
            }
        }
        touched.insert(name);
        self.finish(touched, said, at, None)
    }

    /// Remembers that a channel is gone.
    fn forget(&mut self, uniqueid: &str) {
        if self.gone.len() >= MOST_GONE {
            self.gone.pop_front();
        }
        self.gone.push_back(uniqueid.to_owned());
    }

    /// Derives what was touched, and turns everything said into events.
    fn finish(
        &mut self,
        touched: BTreeSet<String>,
        said: Vec<(String, Said)>,
        at: Timestamp,
        cause: Option<CallCause>,
    ) -> Vec<CallEvent> {
        let mut events = Vec::new();
        let mut names: BTreeSet<String> = touched.iter().map(|name| self.resolve(name)).collect();
        let mut first: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for (name, what) in said {
            let name = self.resolve(&name);
            names.insert(name.clone());
            first.entry(name).or_default().push(what);
        }
        for name in names {
            let Some(mut conversation) = self.conversations.remove(&name) else {
                continue;
            };
            let mut all = first.remove(&name).unwrap_or_default();
            let members: Vec<_> = self
                .channels
                .iter()
                .filter(|channel| self.resolve(&channel.linkedid) == name)
                .collect();
            all.extend(derive(
                &mut conversation,
                &self.channels,
                &members,
                &self.scope,
                &self.region,
            ));
            let everything = self.scope.devices.is_empty() && self.scope.queues.is_empty();
            conversation.in_scope |= everything
                || conversation
                    .queue
                    .as_ref()
                    .is_some_and(|queue| self.scope.queues.contains(queue))
                || members
                    .iter()
                    .any(|channel| self.scope.devices.contains(channel.device()));
            let nobody_left = members.is_empty();
            for mut what in all {
                if matches!(what.kind, Kind::Queued | Kind::Ringing) {
                    conversation.unsure = false;
                }
                // Its beginning was not seen: how long the caller waited cannot be known.
                if std::mem::take(&mut conversation.learnt_late) && what.cause.is_none() {
                    what.cause = Some(CallCause::Unseen);
                }
                let event = self.event(&conversation, what, at, cause);
                conversation.backlog.push(event);
            }
            if conversation.in_scope {
                events.append(&mut conversation.backlog);
            } else if conversation.backlog.len() > LONGEST_BACKLOG {
                conversation.backlog.remove(1);
            }
            if nobody_left {
                self.names.retain(|_, into| *into != name);
            } else {
                self.conversations.insert(name, conversation);
            }
        }
        // What was looked at late is said late, but with its own instants and numbers.
        events.sort();
        events
    }

    fn event(&mut self, conversation: &Conversation, said: Said, at: Timestamp, cause: Option<CallCause>) -> CallEvent {
        self.seq += 1;
        CallEvent {
            at,
            seq: self.seq,
            source: self.source.clone(),
            native_id: said
                .leg
                .or_else(|| conversation.remote.clone())
                .unwrap_or_else(|| conversation.id.clone()),
            conversation_id: conversation.id.clone(),
            previous_ids: conversation.previous.clone(),
            kind: said.kind,
            direction: conversation.direction,
            remote: conversation.party.clone(),
            agent: said.agent,
            device: said.device,
            queue: conversation.queue.clone(),
            cause: said.cause.or(cause),
            user_data: conversation.user_data.clone(),
            capabilities: self.abilities(conversation),
        }
    }

    /// What AMI can do with the call now: it cannot pick up or hold (no action for it), it transfers.
    fn abilities(&self, conversation: &Conversation) -> CallCapabilities {
        let ours = conversation.holder.as_ref().is_some_and(|holder| {
            (self.scope.devices.is_empty() || self.scope.devices.contains(&holder.device))
                && self
                    .channels
                    .get(&holder.uniqueid)
                    .is_some_and(|channel| channel.bridge.is_some())
        });
        if !ours || conversation.over {
            return CallCapabilities::default();
        }
        match &conversation.consult {
            Some(consult) => CallCapabilities {
                cancel: true,
                complete: consult.answered && !consult.failed && self.channels.get(&consult.uniqueid).is_some(),
                ..CallCapabilities::default()
            },
            None => CallCapabilities {
                consult: true,
                blind: true,
                ..CallCapabilities::default()
            },
        }
    }

    fn queue_member(&mut self, frame: &Frame) {
        let device = frame.known("StateInterface").or_else(|| frame.known("Interface"));
        let (Some(device), Some(queue)) = (device.or_else(|| frame.known("Location")), frame.known("Queue")) else {
            return;
        };
        self.stirred.insert(device.to_owned());
        let line = self.lines.entry(device.to_owned()).or_default();
        if let Some(name) = frame.known("MemberName").or_else(|| frame.known("Name")) {
            line.agent = Some(name.to_owned());
        }
        if frame.get("Paused") == Some("1") {
            line.paused_in.insert(queue.to_owned());
        } else {
            line.paused_in.remove(queue);
        }
        // include/asterisk/devicestate.h: 4 invalid, 5 unavailable.
        line.unreachable = matches!(frame.get("Status"), Some("4" | "5"));
    }

    fn device_state(&mut self, frame: &Frame) {
        let (Some(device), Some(state)) = (frame.known("Device"), frame.get("State")) else {
            return;
        };
        if is_station(device) {
            self.stirred.insert(device.to_owned());
            self.lines.entry(device.to_owned()).or_default().unreachable = matches!(state, "UNAVAILABLE" | "INVALID");
        }
    }
}

/// Whether a channel's application is the one that callers wait in.
fn is_queue(application: &str) -> bool {
    application.eq_ignore_ascii_case("Queue")
}

/// Whether the conversation ends with this channel: the other end's, or the own one of a call that never found another.
fn ends_with(conversation: &Conversation, uniqueid: &str) -> bool {
    match &conversation.remote {
        Some(remote) => remote == uniqueid,
        None => conversation.originator.as_deref() == Some(uniqueid) && conversation.own_ring_said,
    }
}

/// How a conversation whose other end hung up is over.
fn the_end(conversation: &Conversation, uniqueid: &str, cause: Option<CallCause>) -> Said {
    if conversation.answered {
        return Said::new(Kind::Ended).because(cause);
    }
    if conversation.direction == Direction::Outbound {
        return Said::new(Kind::Ended).because(conversation.dial_ends.get(uniqueid).copied().or(cause));
    }
    if conversation.unsure && !conversation.abandoned {
        return Said::new(Kind::Ended).because(Some(CallCause::Unseen));
    }
    let cause = match cause {
        _ if conversation.abandoned => Some(CallCause::Abandoned),
        None | Some(CallCause::Normal | CallCause::Unknown) => Some(CallCause::Cancelled),
        cause => cause,
    };
    Said::new(Kind::Missed).because(cause)
}

/// "1795327500.738335": seconds and microseconds of the PBX's clock.
fn instant(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Timestamp::from_microsecond(
        seconds
            .parse::<i64>()
            .ok()?
            .checked_mul(1_000_000)?
            .checked_add(micros)?,
    )
    .ok()
}

/// A unique id as numbers, for order: "1795327670.66" is the 66th channel since that PBX was started.
fn serial(uniqueid: &str) -> Option<(u64, u64)> {
    let (started, number) = uniqueid.rsplit_once('.')?;
    let started = started.rsplit('-').next()?;
    Some((started.parse().ok()?, number.parse().ok()?))
}

/// Why a dialling ended, unless it was answered.
fn dial_cause(status: &str) -> Option<CallCause> {
    Some(match status {
        "ANSWER" => return None,
        "BUSY" => CallCause::Busy,
        "NOANSWER" => CallCause::NoAnswer,
        "CANCEL" => CallCause::Cancelled,
        "CONGESTION" | "CHANUNAVAIL" => CallCause::Congestion,
        "DONTCALL" | "TORTURE" => CallCause::Rejected,
        _ => CallCause::Unknown,
    })
}

/// A Q.850 cause.
fn q850(code: &str) -> Option<CallCause> {
    code.parse().ok().map(crate::q850::cause)
}
