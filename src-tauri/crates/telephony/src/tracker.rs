//! Folds call events to calls.
//!
//! A call is kept as the **set** of its events, ordered by their own instant and number, and is folded anew from that set
//! whenever one is added. So what a call comes to does not depend on the order of arrival, and an event that comes twice is
//! there once: both hold by construction, and the tests shuffle, double and cut recorded streams to show it. Conversations
//! that turn out to be the same (ids change on transfer) are merged by uniting their sets.
//!
//! No I/O and no clock: what is over is forgotten when the owner says so ([`Tracker::forget_ended_before`]).

mod fold;

use fold::fold;
use guichet_domain::call::{
    Call, CallCapabilities, CallCause, CallEvent, CallEventKind, CallSource, CallState, Consultation,
};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Most events of one call that are kept. A call of hours with dozens of consultations has a few hundred; beyond this the
/// oldest but the first are given up, which costs detail (times in the middle), not the call.
const MOST_EVENTS: usize = 1024;
/// First events that are never given up: how the call began.
const FIRST_EVENTS: usize = 64;

/// What an event changed, for the desk to act upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum CallEffect {
    /// A telephone began to ring for this call: the screen pop, where it is one's own.
    Ring {
        /// Which call.
        id: String,
        /// Which telephone.
        device: String,
    },
    /// A technician consults the person at this telephone about the call, and it rings: the briefing's pop, where it is one's own.
    ConsultRing {
        /// Which call.
        id: String,
        /// Which telephone.
        device: String,
    },
    /// It rings no more.
    RingStopped {
        /// Which call.
        id: String,
        /// Which telephone.
        device: String,
    },
    /// The caller is joined with this telephone: an answer, a completed transfer, or a return.
    Joined {
        /// Which call.
        id: String,
        /// Which telephone.
        device: String,
    },
    /// The conversation is over: wrap-up for who had it, a call-back for a missed one. Said once a call.
    Over {
        /// Which call.
        id: String,
    },
    /// Calls turned out to be one.
    Merged {
        /// Its name now.
        kept: String,
        /// Names that are no calls of their own any more.
        gone: Vec<String>,
    },
    /// Something about the call changed: show it again. Comes last, after every other effect of the event.
    Changed {
        /// The call as it is now.
        call: Box<Call>,
    },
}

#[derive(Debug)]
struct Tracked {
    events: BTreeSet<CallEvent>,
    call: Call,
}

/// Everything known of the calls of every PBX.
#[derive(Debug, Default)]
pub struct Tracker {
    calls: BTreeMap<u64, Tracked>,
    names: BTreeMap<(CallSource, String), u64>,
    next: u64,
}

impl Tracker {
    /// One that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes an event in. An event that is known already has no effect.
    pub fn apply(&mut self, event: CallEvent) -> Vec<CallEffect> {
        let source = event.source.clone();
        let names: BTreeSet<String> = std::iter::once(&event.conversation_id)
            .chain(&event.previous_ids)
            .filter(|id| !id.is_empty())
            .cloned()
            .collect();
        let mut known: Vec<u64> = names
            .iter()
            .filter_map(|name| self.names.get(&(source.clone(), name.clone())).copied())
            .collect();
        known.sort_unstable();
        known.dedup();

        let mut before: Vec<Call> = Vec::new();
        let mut events = BTreeSet::new();
        let key = known.first().copied().unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        for old in known {
            if let Some(tracked) = self.calls.remove(&old) {
                before.push(tracked.call);
                events.extend(tracked.events);
            }
        }
        events.insert(event);
        if events.len() > MOST_EVENTS
            && let Some(given_up) = events.iter().nth(FIRST_EVENTS).cloned()
        {
            events.remove(&given_up);
        }
        let Some(mut call) = fold(&events) else {
            return Vec::new();
        };
        call.ids.extend(names);
        for old in &before {
            call.ids.extend(old.ids.iter().cloned());
        }
        for name in &call.ids {
            self.names.insert((source.clone(), name.clone()), key);
        }
        let effects = effects(&before, &call);
        self.calls.insert(key, Tracked { events, call });
        effects
    }

    /// Every call, in no order that means anything.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values().map(|tracked| &tracked.call)
    }

    /// The call with this name, present or former.
    #[must_use]
    pub fn call(&self, source: &CallSource, id: &str) -> Option<&Call> {
        let key = self.names.get(&(source.clone(), id.to_owned()))?;
        self.calls.get(key).map(|tracked| &tracked.call)
    }

    /// The dated steps of a call, in order: what its trace is written from.
    pub fn steps(&self, source: &CallSource, id: &str) -> impl Iterator<Item = &CallEvent> {
        self.names
            .get(&(source.clone(), id.to_owned()))
            .and_then(|key| self.calls.get(key))
            .into_iter()
            .flat_map(|tracked| &tracked.events)
    }

    /// The ends of calls that a PBX does not have any more, as events to apply: `alive` is what it said it has, read at `at`. For
    /// calls known from before the program was started; an adapter that kept running says these ends itself.
    #[must_use]
    pub fn absent(&self, source: &CallSource, alive: &BTreeSet<String>, at: Timestamp) -> Vec<CallEvent> {
        let open = self.calls.values().filter(|tracked| {
            let call = &tracked.call;
            call.source == *source && !call.state.is_over() && call.ids.is_disjoint(alive)
        });
        open.filter_map(|tracked| {
            let last = tracked.events.last()?.clone();
            Some(CallEvent {
                at: at.max(last.at),
                seq: last.seq.saturating_add(1),
                kind: CallEventKind::Ended,
                cause: Some(CallCause::Unseen),
                device: None,
                agent: None,
                capabilities: CallCapabilities::default(),
                ..last
            })
        })
        .collect()
    }

    /// Forgets calls that ended before an instant. Late events of them would make a new call: leave them some minutes.
    pub fn forget_ended_before(&mut self, instant: Timestamp) {
        self.calls
            .retain(|_, tracked| tracked.call.ended_at.is_none_or(|ended| ended >= instant));
        let calls = &self.calls;
        self.names.retain(|_, key| calls.contains_key(key));
    }
}

/// What is different.
fn effects(before: &[Call], now: &Call) -> Vec<CallEffect> {
    let mut effects = Vec::new();
    let id = || now.id.clone();
    if before.len() == 1 && before.first() == Some(now) {
        return effects;
    }
    let gone: Vec<String> = before
        .iter()
        .map(|call| &call.id)
        .filter(|old| **old != now.id)
        .cloned()
        .collect();
    if !gone.is_empty() {
        effects.push(CallEffect::Merged { kept: id(), gone });
    }
    let rang: BTreeSet<&String> = before.iter().flat_map(|call| &call.ringing).collect();
    for device in now.ringing.iter().filter(|device| !rang.contains(device)) {
        let device = device.clone();
        effects.push(CallEffect::Ring { id: id(), device });
    }
    for device in rang.into_iter().filter(|device| !now.ringing.contains(*device)) {
        let device = device.clone();
        effects.push(CallEffect::RingStopped { id: id(), device });
    }
    let consulted = |call: &Call| {
        let rings = |consultation: &&Consultation| consultation.answered_at.is_none() && consultation.failed.is_none();
        let consultation = call.consultation.as_ref().filter(rings)?;
        Some((consultation.device.clone()?, consultation.since))
    };
    if let Some((device, since)) = consulted(now)
        && !before
            .iter()
            .any(|call| consulted(call) == Some((device.clone(), since)))
    {
        effects.push(CallEffect::ConsultRing { id: id(), device });
    }
    let joined = |call: &Call| {
        matches!(
            call.state,
            CallState::Answered | CallState::Held | CallState::Transferred
        )
        .then(|| call.device.clone())
        .flatten()
    };
    if let Some(device) = joined(now)
        && !before.iter().any(|call| joined(call).as_ref() == Some(&device))
    {
        effects.push(CallEffect::Joined { id: id(), device });
    }
    if now.state.is_over() && !before.iter().any(|call| call.state.is_over()) {
        effects.push(CallEffect::Over { id: id() });
    }
    effects.push(CallEffect::Changed {
        call: Box::new(now.clone()),
    });
    effects
}

#[cfg(test)]
mod tests;
