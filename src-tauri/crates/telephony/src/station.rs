//! What one technician's own telephone is doing, and what that means for calls: for the PBXs that show their users no more than
//! that (XiVO's xuc, Wazo, Alcatel-Lucent's O2G). Pure: reports and instants come in, events go out.
//!
//! A telephone has **legs**; a leg that was dialled while a caller waits is a consultation about him. What such a PBX does not
//! show is never made up: when the caller was handed on and is out of sight, the call ends here as [`CallCause::Unseen`],
//! unless the other telephone can be watched.

mod moves;
mod transfers;
mod waiting;

#[cfg(test)]
mod tests;

pub(crate) use transfers::{Step, Transfer};
pub(crate) use waiting::Waiting;

use crate::action::{Action, ActionError, Attachment};
use guichet_domain::call::{
    CallCapabilities, CallCause, CallEvent, CallEventKind as Kind, CallSource, Direction, LineState, RemoteParty,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Legs remembered as gone, so that a late or repeated report does not bring them back.
const MOST_GONE: usize = 256;
/// Most legs at once: a telephone has a few.
const MOST_LEGS: usize = 64;
/// Most former names of a conversation that are kept.
const MOST_NAMES: usize = 32;
/// How long a call that the desk asked for may take to appear.
const TO_DIAL: SignedDuration = SignedDuration::from_secs(15);
/// How long the telephone that a caller was sent to may take to be seen ringing.
const TO_RING: SignedDuration = SignedDuration::from_secs(2);

/// What a leg does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It calls somebody.
    Dialing,
    /// It rings.
    Ringing,
    /// It talks.
    Up,
    /// The other end was put on hold.
    Held,
    /// It is over.
    Gone(Option<CallCause>),
}

impl Stage {
    /// A leg never goes back from talking to ringing: what says so is older than what was known.
    fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Dialing | Self::Ringing => matches!(before, Self::Dialing | Self::Ringing) && before != self,
            Self::Up | Self::Held | Self::Gone(_) => before != self,
        }
    }
}

/// What the PBX says of a leg.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    pub(crate) leg: String,
    /// The conversation it belongs to, as the PBX names it now.
    pub(crate) conversation: String,
    pub(crate) stage: Stage,
    /// Whether the telephone called; `None` where the PBX does not say.
    pub(crate) outbound: Option<bool>,
    /// The other end.
    pub(crate) number: String,
    pub(crate) name: String,
    pub(crate) queue: Option<String>,
    /// What is attached, under our own names.
    pub(crate) data: BTreeMap<String, String>,
    /// It is a consultation about this leg's caller; `None` where the PBX does not say.
    pub(crate) consults_for: Option<String>,
}

#[derive(Debug)]
struct Leg {
    thread: u64,
    conversation: String,
    stage: Option<Stage>,
    consult: bool,
    born: u64,
}

#[derive(Debug)]
struct Consult {
    /// Its leg, as long as there is one.
    leg: Option<String>,
    number: String,
    answered: bool,
    /// The telephone was seen used meanwhile: watching it tells something.
    seen: bool,
}

/// What the desk asked for, which tells apart what looks the same.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Complete,
    Cancel,
    Blind(String),
}

/// A caller who was handed to a telephone that can be watched.
#[derive(Debug)]
struct Away {
    number: String,
    since: Timestamp,
    /// It was seen ringing.
    rang: bool,
    joined: bool,
    /// The PBX tells of it under this name.
    transfer: Option<String>,
}

/// A conversation.
#[derive(Debug, Default)]
struct Thread {
    id: String,
    previous: Vec<String>,
    direction: Direction,
    party: RemoteParty,
    /// The number and name that the party was last read from.
    read_from: Option<(String, String)>,
    queue: Option<String>,
    data: BTreeMap<String, String>,
    ring_said: bool,
    dialing_said: bool,
    answered: bool,
    held: bool,
    consult: Option<Consult>,
    asked: Option<Asked>,
    /// Its own leg is over (why, when), and whether that completed a transfer is not known yet.
    left: Option<(Option<CallCause>, Timestamp)>,
    away: Option<Away>,
    over: bool,
    /// It was first seen when the state was read again, and nothing was said of it yet.
    learnt_late: bool,
}

/// Something to say about a conversation.
type Said = (Kind, Option<String>, Option<CallCause>);

/// What an action acts upon, when it is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) thread: u64,
    pub(crate) conversation: String,
    /// The telephone's leg with the caller.
    pub(crate) leg: String,
    /// Its leg with the person consulted.
    pub(crate) consult: Option<String>,
    /// Events that show the effect.
    pub(crate) effect: &'static [Kind],
}

/// One telephone.
#[derive(Debug)]
pub(crate) struct Station {
    source: CallSource,
    region: String,
    device: String,
    seq: i64,
    legs: BTreeMap<String, Leg>,
    threads: BTreeMap<u64, Thread>,
    next: u64,
    gone: VecDeque<String>,
    watched: BTreeMap<String, LineState>,
    /// The PBX tells of transfers by themselves ([`Transfer`]).
    tells_transfers: bool,
    /// The number that the desk asked to be called last.
    dialled: Option<(String, Timestamp)>,
    /// While the state is being read: the legs that events were about meanwhile.
    touched: Option<BTreeSet<String>>,
}

impl Station {
    /// An idle telephone. `first_seq` numbers the first event.
    pub(crate) fn new(source: CallSource, region: &str, device: &str, first_seq: i64) -> Self {
        Self {
            source,
            region: region.to_owned(),
            device: device.to_owned(),
            seq: first_seq,
            legs: BTreeMap::new(),
            threads: BTreeMap::new(),
            next: 0,
            gone: VecDeque::new(),
            watched: BTreeMap::new(),
            tells_transfers: false,
            dialled: None,
            touched: None,
        }
    }

    /// The PBX tells of transfers by themselves, so that a leg that ends need not be guessed about.
    pub(crate) fn with_transfers(mut self) -> Self {
        self.tells_transfers = true;
        self
    }

    /// The telephone's own number.
    pub(crate) fn device(&self) -> &str {
        &self.device
    }

    /// Takes in what an event says.
    pub(crate) fn report(&mut self, report: Report, at: Timestamp) -> Vec<CallEvent> {
        if let Some(touched) = &mut self.touched {
            touched.insert(report.leg.clone());
        }
        self.take(report, at, None)
    }

    /// The caller of a leg is put on hold, or taken off it.
    pub(crate) fn holds(&mut self, leg: &str, on: bool, at: Timestamp) -> Vec<CallEvent> {
        let Some(known) = self.legs.get(leg).filter(|leg| !leg.consult) else {
            return Vec::new();
        };
        // A leg that rings is not on hold.
        if !matches!(known.stage, Some(Stage::Up | Stage::Held)) {
            return Vec::new();
        }
        let Some(thread) = self.threads.get(&known.thread) else {
            return Vec::new();
        };
        let (number, name) = thread.read_from.clone().unwrap_or_default();
        let report = Report {
            leg: leg.to_owned(),
            conversation: thread.id.clone(),
            stage: if on { Stage::Held } else { Stage::Up },
            outbound: None,
            number,
            name,
            queue: None,
            data: BTreeMap::new(),
            consults_for: None,
        };
        self.report(report, at)
    }

    /// The state is about to be read.
    pub(crate) fn begin_reread(&mut self) {
        self.touched = Some(BTreeSet::new());
    }

    /// The state was read: these are the legs there are. What events said meanwhile is newer.
    pub(crate) fn end_reread(&mut self, mut listed: Vec<Report>, at: Timestamp) -> Vec<CallEvent> {
        let touched = self.touched.take().unwrap_or_default();
        // Who waits comes before who is consulted about him.
        listed.sort_by_key(|report| {
            (
                report.outbound == Some(true),
                report.stage != Stage::Held,
                report.leg.clone(),
            )
        });
        let alive: BTreeSet<String> = listed.iter().map(|report| report.leg.clone()).collect();
        let mut events = Vec::new();
        let unseen = Some(CallCause::Unseen);
        let vanished: Vec<String> = self
            .legs
            .keys()
            .filter(|leg| !alive.contains(*leg) && !touched.contains(*leg))
            .cloned()
            .collect();
        for report in listed {
            if !touched.contains(&report.leg) {
                events.extend(self.take(report, at, unseen));
            }
        }
        for leg in vanished {
            events.extend(self.depart(&leg, unseen, at, unseen));
        }
        events
    }

    /// The state cannot be read: what was known stays.
    pub(crate) fn cancel_reread(&mut self) {
        self.touched = None;
    }

    /// Every name of every conversation that goes on.
    pub(crate) fn alive(&self) -> BTreeSet<String> {
        self.threads
            .values()
            .flat_map(|thread| std::iter::once(&thread.id).chain(&thread.previous))
            .cloned()
            .collect()
    }

    /// What another telephone does.
    pub(crate) fn presence(&mut self, number: &str, state: LineState, at: Timestamp) -> Vec<CallEvent> {
        self.watched.insert(number.to_owned(), state);
        if state == LineState::Busy {
            for consult in self.threads.values_mut().filter_map(|thread| thread.consult.as_mut()) {
                consult.seen |= consult.number == number;
            }
        }
        let watching: Vec<u64> = self
            .threads
            .iter()
            .filter(|(_, thread)| thread.away.as_ref().is_some_and(|away| away.number == number))
            .map(|(key, _)| *key)
            .collect();
        let mut events = Vec::new();
        for key in watching {
            let mut said: Vec<Said> = Vec::new();
            if let Some(thread) = self.threads.get_mut(&key)
                && let Some(away) = &mut thread.away
            {
                let device = Some(away.number.clone());
                match state {
                    LineState::Ringing if !away.joined && !away.rang => {
                        away.rang = true;
                        said.push((Kind::Ringing, device, None));
                    }
                    LineState::Busy if !away.joined => {
                        away.joined = true;
                        said.push((Kind::Transferred, device, None));
                    }
                    LineState::Free | LineState::Unreachable if away.joined || away.rang => {
                        thread.over = true;
                        // Whether the caller hung up, or went on to somebody else, is not shown.
                        said.push((Kind::Ended, None, Some(CallCause::Unknown)));
                    }
                    _ => {}
                }
            }
            events.extend(self.tell(key, said, at, None));
        }
        events
    }

    /// Ends what cannot be followed any more: callers sent to a telephone that was never seen ringing, and telephones that left
    /// without the PBX's telling why.
    pub(crate) fn overdue(&mut self, now: Timestamp) -> Vec<CallEvent> {
        let mut late = Vec::new();
        for (key, thread) in &mut self.threads {
            let unseen = |away: &Away| !away.rang && !away.joined && now.duration_since(away.since) > TO_RING;
            let own = self.legs.values().any(|leg| leg.thread == *key && !leg.consult);
            if !own && thread.away.as_ref().is_some_and(unseen) {
                thread.over = true;
                late.push((*key, vec![(Kind::Ended, None, Some(CallCause::Unseen))]));
            } else if let Some((why, since)) = thread.left
                && thread.asked != Some(Asked::Complete)
                && now.duration_since(since) > TO_RING
            {
                late.push((*key, thread.end(why, &self.device)));
            }
        }
        late.into_iter()
            .flat_map(|(key, said)| self.tell(key, said, now, None))
            .collect()
    }

    /// Whether something can be asked for now, and what it acts upon. `alone`: the PBX's commands say no call, so that with
    /// another call on the telephone they could act upon the wrong one.
    ///
    /// # Errors
    /// [`ActionError::NoSuchLeg`], [`ActionError::NotPossible`].
    pub(crate) fn plan(&self, action: &Action, alone: bool) -> Result<Plan, ActionError> {
        let (Action::Answer { conversation, device }
        | Action::Hold {
            conversation, device, ..
        }
        | Action::Consult {
            conversation, device, ..
        }
        | Action::Complete { conversation, device }
        | Action::Cancel { conversation, device }
        | Action::Blind {
            conversation, device, ..
        }) = action
        else {
            return Err(ActionError::NotSupported);
        };
        if *device != self.device {
            return Err(ActionError::NoSuchLeg);
        }
        let (key, thread) = self
            .threads
            .iter()
            .find(|(_, thread)| thread.is_called(conversation))
            .ok_or(ActionError::NoSuchLeg)?;
        let (leg, stage) = self.main_leg(*key).ok_or(ActionError::NoSuchLeg)?;
        if alone && self.legs.values().any(|other| other.thread != *key) {
            return Err(ActionError::NotPossible);
        }
        let able = self.abilities(*key, thread);
        let (possible, effect): (bool, &'static [Kind]) = match action {
            Action::Answer { .. } => (able.answer, &[Kind::Answered]),
            Action::Hold { on: true, .. } => (able.hold && stage == Stage::Up, &[Kind::Held]),
            Action::Hold { .. } => (able.hold && stage == Stage::Held, &[Kind::Resumed]),
            Action::Consult { .. } => (
                able.consult,
                &[Kind::ConsultRinging, Kind::ConsultAnswered, Kind::ConsultFailed],
            ),
            Action::Complete { .. } => (able.complete, &[Kind::Transferred]),
            Action::Cancel { .. } => (able.cancel, &[Kind::TransferCancelled]),
            _ => (able.blind, &[Kind::Ringing, Kind::Transferred, Kind::Ended]),
        };
        if !possible {
            return Err(ActionError::NotPossible);
        }
        Ok(Plan {
            thread: *key,
            conversation: thread.id.clone(),
            leg,
            consult: thread.consult.as_ref().and_then(|consult| consult.leg.clone()),
            effect,
        })
    }

    /// It was sent: what follows is read in its light.
    pub(crate) fn asked(&mut self, plan: &Plan, action: &Action) {
        if let Some(thread) = self.threads.get_mut(&plan.thread) {
            thread.asked = match action {
                Action::Complete { .. } => Some(Asked::Complete),
                Action::Cancel { .. } => Some(Asked::Cancel),
                Action::Blind { extension, .. } => Some(Asked::Blind(extension.clone())),
                _ => None,
            };
        }
    }

    /// It did not come about: what happened meanwhile was something else.
    pub(crate) fn gave_up(&mut self, thread: u64, at: Timestamp) -> Vec<CallEvent> {
        let Some(found) = self.threads.get_mut(&thread) else {
            return Vec::new();
        };
        found.asked = None;
        let Some((cause, _)) = found.left.take() else {
            return Vec::new();
        };
        let said = found.end(cause, &self.device);
        self.tell(thread, said, at, None)
    }

    /// A leg goes on under another name, and with it its conversation.
    pub(crate) fn renamed(&mut self, former: &str, now: &str) {
        if former == now || self.legs.contains_key(now) {
            return;
        }
        if let Some(mut leg) = self.legs.remove(former) {
            let (key, consult) = (leg.thread, leg.consult);
            now.clone_into(&mut leg.conversation);
            self.legs.insert(now.to_owned(), leg);
            if let Some(thread) = self.threads.get_mut(&key) {
                if let Some(of) = thread.consult.as_mut().filter(|_| consult) {
                    of.leg = Some(now.to_owned());
                }
                thread.is_now(now, consult);
            }
            self.gone.push_back(former.to_owned());
        }
    }

    /// A conversation will go on under another name where this telephone does not see it.
    pub(crate) fn also_called(&mut self, leg: &str, name: &str) {
        if let Some(key) = self.legs.get(leg).map(|leg| leg.thread)
            && let Some(thread) = self.threads.get_mut(&key)
        {
            thread.is_now(name, true);
        }
    }

    /// The PBX says that a leg ended in a transfer: what was asked at the telephone itself counts as asked.
    pub(crate) fn was_transferred(&mut self, leg: &str) {
        if let Some(key) = self.legs.get(leg).map(|leg| leg.thread)
            && let Some(thread) = self.threads.get_mut(&key)
            && thread.consult.as_ref().is_some_and(|consult| consult.answered)
        {
            thread.asked = Some(Asked::Complete);
        }
    }

    /// The leg a report is about: some PBXs name a leg that ends by its conversation only.
    pub(crate) fn leg_named(&self, leg: &str, conversation: &str) -> Option<String> {
        if self.legs.contains_key(leg) {
            return Some(leg.to_owned());
        }
        let mut named = self.legs.iter().filter(|(_, known)| known.conversation == conversation);
        let (found, _) = named.next()?;
        named.next().is_none().then(|| found.clone())
    }

    /// What is known of a leg.
    pub(crate) fn stage(&self, leg: &str) -> Option<Stage> {
        self.legs.get(leg)?.stage
    }

    /// The telephone's leg in a conversation.
    pub(crate) fn leg_of(&self, conversation: &str) -> Option<String> {
        let (key, _) = self.threads.iter().find(|(_, thread)| thread.is_called(conversation))?;
        self.main_leg(*key).map(|(leg, _)| leg)
    }

    /// Whether somebody is on the way to a telephone that was not seen ringing yet: look again soon ([`Self::overdue`]).
    pub(crate) fn is_sending(&self) -> bool {
        let unseen = |away: &Away| !away.rang && !away.joined;
        self.threads
            .values()
            .any(|thread| thread.away.as_ref().is_some_and(unseen))
    }

    /// Whether the telephone has no call: some PBXs can only be asked for a new one then.
    pub(crate) fn is_idle(&self) -> bool {
        self.legs.is_empty()
    }

    /// Whether the telephone has this conversation, and no other.
    pub(crate) fn is_only(&self, conversation: &str) -> bool {
        let called = |leg: &Leg| {
            self.threads
                .get(&leg.thread)
                .is_some_and(|thread| thread.is_called(conversation))
        };
        !self.legs.is_empty() && self.legs.values().all(called)
    }

    /// A number is about to be called for the desk.
    pub(crate) fn dials(&mut self, number: &str, at: Timestamp) {
        self.dialled = Some((number.to_owned(), at));
    }

    /// Something was attached to a conversation.
    ///
    /// # Errors
    /// [`ActionError::NoSuchLeg`].
    pub(crate) fn attach(&mut self, conversation: &str, attachment: &Attachment) -> Result<(), ActionError> {
        let thread = self
            .threads
            .values_mut()
            .find(|thread| thread.is_called(conversation))
            .ok_or(ActionError::NoSuchLeg)?;
        thread
            .data
            .insert(attachment.key().to_owned(), attachment.value().to_owned());
        Ok(())
    }

    /// The leg of a conversation with the caller: the furthest one, where several telephones of one person ring.
    fn main_leg(&self, key: u64) -> Option<(String, Stage)> {
        let rank = |stage: Option<Stage>| match stage {
            Some(Stage::Up) => 3,
            Some(Stage::Held) => 2,
            Some(_) => 1,
            None => 0,
        };
        let own = self.legs.iter().filter(|(_, leg)| leg.thread == key && !leg.consult);
        let (id, leg) = own.max_by_key(|(_, leg)| (rank(leg.stage), std::cmp::Reverse(leg.born)))?;
        Some((id.clone(), leg.stage?))
    }

    /// What the telephone can be asked for now.
    fn abilities(&self, key: u64, thread: &Thread) -> CallCapabilities {
        let mut able = CallCapabilities::default();
        let Some((_, stage)) = self.main_leg(key) else {
            return able;
        };
        if thread.over || thread.away.is_some() {
            return able;
        }
        match (&thread.consult, stage) {
            (Some(consult), _) => {
                able.cancel = true;
                able.complete = consult.answered && consult.leg.is_some();
            }
            (None, Stage::Ringing) => able.answer = thread.direction == Direction::Inbound,
            (None, Stage::Up) => {
                able.hold = true;
                able.consult = true;
                able.blind = true;
            }
            (None, Stage::Held) => able.hold = true,
            (None, _) => {}
        }
        able
    }

    /// Turns what is to be said about a conversation into events, and forgets it when it is over.
    fn tell(&mut self, key: u64, said: Vec<Said>, at: Timestamp, cause: Option<CallCause>) -> Vec<CallEvent> {
        let Some(mut thread) = self.threads.remove(&key) else {
            return Vec::new();
        };
        let mut events = Vec::new();
        for (kind, device, own_cause) in said {
            let mut why = own_cause.or(cause);
            if std::mem::take(&mut thread.learnt_late) {
                // Its beginning was not seen: how long the caller waited cannot be known.
                why = Some(CallCause::Unseen);
            }
            self.seq += 1;
            events.push(CallEvent {
                at,
                seq: self.seq,
                source: self.source.clone(),
                native_id: self.main_leg(key).map_or_else(|| thread.id.clone(), |(leg, _)| leg),
                conversation_id: thread.id.clone(),
                previous_ids: thread.previous.clone(),
                kind,
                direction: thread.direction,
                remote: thread.party.clone(),
                agent: None,
                device,
                queue: thread.queue.clone(),
                cause: why,
                user_data: thread.data.clone(),
                capabilities: self.abilities(key, &thread),
            });
        }
        if thread.over {
            let left: Vec<String> = self
                .legs
                .iter()
                .filter(|(_, leg)| leg.thread == key)
                .map(|(id, _)| id.clone())
                .collect();
            for leg in left {
                self.forget(&leg);
            }
        } else {
            self.threads.insert(key, thread);
        }
        events
    }

    fn forget(&mut self, leg: &str) {
        self.legs.remove(leg);
        if self.gone.len() >= MOST_GONE {
            self.gone.pop_front();
        }
        self.gone.push_back(leg.to_owned());
    }
}
