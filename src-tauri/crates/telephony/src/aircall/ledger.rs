//! From how calls stand at Aircall to what happened to them: each look is compared with the one before. Pure.
//!
//! While a call rings, Aircall's list does not say at whom: a call to a number that is the desk's rings at the desk.

use super::{
    AircallConfig,
    wire::{Call, Stage, User},
};
use guichet_domain::call::{
    CallCapabilities, CallCause, CallEvent, CallEventKind as Kind, CallSource, Direction, RemoteParty,
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Looks in which a call that went on was not there before it counts as over.
const LOOKS: u32 = 3;
/// Calls over that are remembered, so that the next looks tell nothing twice.
const REMEMBERED: usize = 500;

/// What was told of a call.
#[derive(Debug, Clone, Default)]
struct Told {
    begun: bool,
    /// Who had it last.
    with: Option<u64>,
    over: bool,
    started: Option<Timestamp>,
    missing: u32,
}

/// The calls that were seen.
#[derive(Debug)]
pub(crate) struct Ledger {
    source: CallSource,
    region: String,
    own: String,
    numbers: BTreeSet<String>,
    told: BTreeMap<String, Told>,
}

/// What an event says beside its kind.
struct About<'a> {
    call: &'a Call,
    id: &'a str,
    at: Timestamp,
}

impl Ledger {
    pub(crate) fn new(config: &AircallConfig) -> Self {
        Self {
            source: config.source.clone(),
            region: config.region.clone(),
            own: config.device.clone(),
            numbers: config.numbers.clone(),
            told: BTreeMap::new(),
        }
    }

    /// The calls that go on.
    pub(crate) fn alive(&self) -> BTreeSet<String> {
        let going = self.told.iter().filter(|(_, told)| !told.over);
        going.map(|(id, _)| id.clone()).collect()
    }

    /// When the oldest call that goes on began.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        let going = self.told.values().filter(|told| !told.over);
        going.filter_map(|told| told.started).min()
    }

    /// Whether the desk's own user talks on a call.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.told
            .get(id)
            .is_some_and(|told| !told.over && told.with.is_some_and(|user| user.to_string() == self.own))
    }

    /// Whether a call is known and goes on.
    pub(crate) fn goes_on(&self, id: &str) -> bool {
        self.told.get(id).is_some_and(|told| !told.over)
    }

    /// A whole look: what happened since the one before.
    pub(crate) fn look(&mut self, calls: &[Call], now: Timestamp) -> Vec<CallEvent> {
        let mut events = Vec::new();
        let mut there = BTreeSet::new();
        for call in calls {
            there.insert(call.id());
            events.extend(self.step(call, now));
        }
        let mut gone = Vec::new();
        for (id, told) in &mut self.told {
            if told.over || there.contains(id) {
                told.missing = 0;
                continue;
            }
            told.missing += 1;
            if told.missing >= LOOKS {
                told.over = true;
                gone.push(id.clone());
            }
        }
        for id in gone {
            events.push(self.unseen(&id, now));
        }
        let over: Vec<String> = self
            .told
            .iter()
            .filter(|(_, told)| told.over)
            .map(|(id, _)| id.clone())
            .collect();
        for id in over.iter().take(over.len().saturating_sub(REMEMBERED)) {
            self.told.remove(id);
        }
        events
    }

    /// Whether a call is the desk's business: its own user's, to a number that rings here, or known already.
    fn concerns(&self, call: &Call) -> bool {
        let own = |user: &Option<User>| user.as_ref().is_some_and(|user| user.device() == self.own);
        own(&call.user)
            || own(&call.transferred_to)
            || (call.direction() == Direction::Inbound && self.rings_here(call))
            || self.told.contains_key(&call.id())
    }

    fn rings_here(&self, call: &Call) -> bool {
        let number = call.number.as_ref();
        number.is_some_and(|number| self.numbers.iter().any(|meant| number.is(meant)))
    }

    fn step(&mut self, call: &Call, now: Timestamp) -> Vec<CallEvent> {
        if !self.concerns(call) {
            return Vec::new();
        }
        let id = call.id();
        let mut told = self.told.remove(&id).unwrap_or_default();
        let mut events = Vec::new();
        if told.over {
            self.told.insert(id, told);
            return events;
        }
        let inbound = call.direction() == Direction::Inbound;
        let started = call.started_at().unwrap_or(now);
        let about = |at: Timestamp| About { call, id: &id, at };
        if !told.begun {
            told.begun = true;
            told.started = Some(started);
            if inbound {
                events.push(self.event(&about(started), Kind::Queued, None, None));
                if call.stage() == Stage::Initial {
                    events.push(self.event(&about(started), Kind::Ringing, Some(self.own.clone()), None));
                }
            } else {
                let device = call.user.as_ref().map(User::device);
                events.push(self.event(&about(started), Kind::Dialing, device, None));
            }
        }
        let answered = call.answered_at().or((call.stage() == Stage::Answered).then_some(now));
        if let (Some(at), Some(user)) = (answered, &call.user) {
            // Never before what was told of it already.
            match told.with {
                None => events.push(self.event(&about(at.max(started)), Kind::Answered, Some(user.device()), None)),
                // Aircall does not say when it was handed on.
                Some(before) if before != user.id && call.stage() == Stage::Answered => {
                    events.push(self.event(&about(now), Kind::Transferred, Some(user.device()), None));
                }
                Some(_) => {}
            }
            told.with = Some(user.id);
        }
        if call.stage() == Stage::Done {
            told.over = true;
            let at = call
                .ended_at()
                .unwrap_or(now)
                .max(answered.unwrap_or(started))
                .max(started);
            if call.has_voicemail() {
                events.push(self.event(&about(at), Kind::Voicemail, None, None));
            }
            let (kind, cause) = match (answered, inbound) {
                (Some(_), _) => (Kind::Ended, CallCause::Normal),
                (None, true) => (Kind::Missed, call.missed()),
                (None, false) => (Kind::Ended, CallCause::NoAnswer),
            };
            events.push(self.event(&about(at), kind, None, Some(cause)));
        }
        self.told.insert(id, told);
        events
    }

    fn event(&self, about: &About<'_>, kind: Kind, device: Option<String>, cause: Option<CallCause>) -> CallEvent {
        let About { call, id, at } = *about;
        let user = call
            .user
            .as_ref()
            .filter(|user| device.as_deref() == Some(user.device().as_str()));
        let own = device.as_deref() == Some(self.own.as_str());
        CallEvent {
            at,
            seq: order(kind),
            source: self.source.clone(),
            native_id: id.to_owned(),
            conversation_id: id.to_owned(),
            previous_ids: Vec::new(),
            kind,
            direction: call.direction(),
            remote: RemoteParty::read(&call.digits(), &call.caller(), &self.region),
            agent: user.and_then(User::name),
            device,
            queue: (call.direction() == Direction::Inbound)
                .then(|| call.number.as_ref().map(super::wire::Number::label))
                .flatten(),
            cause,
            user_data: BTreeMap::new(),
            capabilities: CallCapabilities {
                blind: own && matches!(kind, Kind::Answered | Kind::Transferred),
                ..CallCapabilities::default()
            },
        }
    }

    /// A call that is in no list any more, and whose end was not seen.
    fn unseen(&self, id: &str, now: Timestamp) -> CallEvent {
        CallEvent {
            at: now,
            seq: order(Kind::Ended),
            source: self.source.clone(),
            native_id: id.to_owned(),
            conversation_id: id.to_owned(),
            previous_ids: Vec::new(),
            kind: Kind::Ended,
            direction: Direction::Inbound,
            remote: RemoteParty::default(),
            agent: None,
            device: None,
            queue: None,
            cause: Some(CallCause::Unseen),
            user_data: BTreeMap::new(),
            capabilities: CallCapabilities::default(),
        }
    }
}

/// Aircall's instants are whole seconds: what comes first of the same second.
const fn order(kind: Kind) -> i64 {
    match kind {
        Kind::Queued | Kind::Dialing => 0,
        Kind::Ringing => 1,
        Kind::Answered => 2,
        Kind::Transferred => 3,
        Kind::Voicemail => 4,
        _ => 5,
    }
}
