//! How the telephone's legs move, and what is said of it.

use super::{Asked, Away, Consult, Kind, Leg, MOST_LEGS, MOST_NAMES, Report, Said, Stage, Station, TO_DIAL, Thread};
use guichet_domain::call::{CallCause, CallEvent, Direction, LineState, RemoteParty};
use jiff::Timestamp;

impl Station {
    /// Takes a report in; `cause` marks what was learnt late.
    pub(super) fn take(&mut self, report: Report, at: Timestamp, cause: Option<CallCause>) -> Vec<CallEvent> {
        if report.leg.is_empty() || report.conversation.is_empty() {
            return Vec::new();
        }
        if let Stage::Gone(why) = report.stage {
            if let Some(leg) = self.legs.get(&report.leg) {
                let key = leg.thread;
                let consult = leg.consult;
                if let Some(thread) = self.threads.get_mut(&key) {
                    learn(thread, &report, consult, &self.region);
                }
            }
            return self.depart(&report.leg, why, at, cause);
        }
        if !self.legs.contains_key(&report.leg) {
            if self.gone.contains(&report.leg) || self.legs.len() >= MOST_LEGS {
                return Vec::new();
            }
            self.place(&report, at, cause.is_some());
        }
        let Some(leg) = self.legs.get_mut(&report.leg) else {
            return Vec::new();
        };
        let (key, consult, before) = (leg.thread, leg.consult, leg.stage);
        let moved = before.is_none_or(|before| report.stage.may_follow(before));
        if moved {
            leg.stage = Some(report.stage);
            leg.conversation.clone_from(&report.conversation);
        }
        let Some(thread) = self.threads.get_mut(&key) else {
            return Vec::new();
        };
        learn(thread, &report, consult, &self.region);
        if !moved {
            return Vec::new();
        }
        let said = if consult {
            thread.consult_moves(report.stage)
        } else {
            thread.moves(report.stage, &self.device)
        };
        self.tell(key, said, at, cause)
    }

    /// Finds out which conversation a new leg belongs to.
    fn place(&mut self, report: &Report, at: Timestamp, late: bool) {
        let asked_for = self
            .dialled
            .as_ref()
            .is_some_and(|(number, since)| same_number(number, &report.number) && at.duration_since(*since) < TO_DIAL);
        let outbound = asked_for || report.outbound.unwrap_or(report.stage == Stage::Dialing);
        if asked_for {
            self.dialled = None;
        }
        self.next += 1;
        let born = self.next;
        let leg = |thread, consult| Leg {
            thread,
            conversation: report.conversation.clone(),
            stage: None,
            consult,
            born,
        };
        let waiting = match &report.consults_for {
            Some(of) => self.legs.get(of).filter(|leg| !leg.consult).map(|leg| leg.thread),
            None if outbound => self.waiting_alone(),
            None => None,
        };
        if let Some(key) = waiting
            && let Some(thread) = self.threads.get_mut(&key)
        {
            thread.consult = Some(Consult {
                leg: Some(report.leg.clone()),
                number: report.number.clone(),
                answered: false,
                seen: false,
            });
            self.legs.insert(report.leg.clone(), leg(key, true));
            return;
        }
        let known = self
            .threads
            .iter()
            .find(|(_, thread)| thread.is_called(&report.conversation))
            .map(|(key, _)| *key);
        let key = known.unwrap_or(born);
        if known.is_none() {
            let thread = Thread {
                id: report.conversation.clone(),
                direction: if outbound {
                    Direction::Outbound
                } else {
                    Direction::Inbound
                },
                learnt_late: late,
                ..Thread::default()
            };
            self.threads.insert(key, thread);
        }
        self.legs.insert(report.leg.clone(), leg(key, false));
    }

    /// The one conversation whose caller a new outgoing leg can be about.
    fn waiting_alone(&self) -> Option<u64> {
        let mut open = self.threads.iter().filter(|(key, _)| {
            self.main_leg(**key)
                .is_some_and(|(_, stage)| matches!(stage, Stage::Up | Stage::Held))
        });
        let (key, thread) = open.next()?;
        let consulting = thread.consult.as_ref().is_some_and(|consult| consult.leg.is_some());
        (open.next().is_none() && !consulting).then_some(*key)
    }

    /// A leg is over.
    pub(super) fn depart(
        &mut self,
        leg: &str,
        why: Option<CallCause>,
        at: Timestamp,
        cause: Option<CallCause>,
    ) -> Vec<CallEvent> {
        let Some(found) = self.legs.get(leg) else {
            return Vec::new();
        };
        let (key, consult) = (found.thread, found.consult);
        self.forget(leg);
        let others = self.main_leg(key);
        let Some(thread) = self.threads.get_mut(&key) else {
            return Vec::new();
        };
        let said = if consult {
            let waits = others.as_ref().map(|(_, stage)| *stage);
            thread.consult_ends(why, waits, &self.watched, at)
        } else if others.is_some() {
            // Another telephone of the same person rings on, or took it.
            Vec::new()
        } else {
            thread.leaves(why, &self.device, &self.watched, at, self.tells_transfers)
        };
        self.tell(key, said, at, cause)
    }
}

impl Consult {
    /// Whose telephone, where that is known.
    fn device(&self) -> Option<String> {
        (!self.number.is_empty()).then(|| self.number.clone())
    }
}

type Watched = std::collections::BTreeMap<String, LineState>;

impl Thread {
    /// Whether this is, or was, its name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.id == name || self.previous.iter().any(|old| old == name)
    }

    /// It has this name as well; unless that is of the consultation only, it is its name from now on.
    pub(super) fn is_now(&mut self, name: &str, aside: bool) {
        // An old name in a late report is no new one.
        if self.is_called(name) {
            return;
        }
        let former = if aside {
            name.to_owned()
        } else {
            std::mem::replace(&mut self.id, name.to_owned())
        };
        if self.previous.len() < MOST_NAMES {
            self.previous.push(former);
        }
    }

    /// The leg with the caller moves.
    fn moves(&mut self, now: Stage, device: &str) -> Vec<Said> {
        let own = Some(device.to_owned());
        let mut said = Vec::new();
        match now {
            // One's own telephone rings for a call one asked for.
            Stage::Ringing | Stage::Dialing if self.direction == Direction::Outbound => {
                if !std::mem::replace(&mut self.dialing_said, true) {
                    said.push((Kind::Dialing, own, None));
                }
            }
            Stage::Ringing | Stage::Dialing => {
                if !std::mem::replace(&mut self.ring_said, true) {
                    said.push((Kind::Ringing, own, None));
                }
            }
            Stage::Up | Stage::Held => {
                if !std::mem::replace(&mut self.answered, true) {
                    said.push((Kind::Answered, own.clone(), None));
                }
                let held = now == Stage::Held;
                if std::mem::replace(&mut self.held, held) != held {
                    said.push((if held { Kind::Held } else { Kind::Resumed }, own.clone(), None));
                }
                let back = self.consult.as_ref().is_some_and(|consult| consult.leg.is_none());
                if !held && back {
                    self.consult = None;
                    self.asked = None;
                    said.push((Kind::TransferCancelled, own, None));
                }
            }
            Stage::Gone(_) => {}
        }
        said
    }

    /// The leg with the person consulted moves.
    fn consult_moves(&mut self, now: Stage) -> Vec<Said> {
        let Some(consult) = &mut self.consult else {
            return Vec::new();
        };
        let device = consult.device();
        match now {
            Stage::Dialing | Stage::Ringing => vec![(Kind::ConsultRinging, device, None)],
            Stage::Up | Stage::Held if !std::mem::replace(&mut consult.answered, true) => {
                vec![(Kind::ConsultAnswered, device, None)]
            }
            _ => Vec::new(),
        }
    }

    /// The leg with the person consulted is over; `waits` is how the caller is.
    fn consult_ends(
        &mut self,
        why: Option<CallCause>,
        waits: Option<Stage>,
        watched: &Watched,
        at: Timestamp,
    ) -> Vec<Said> {
        let Some(mut consult) = self.consult.take() else {
            return Vec::new();
        };
        consult.leg = None;
        if let Some((cause, _)) = self.left.take() {
            if consult.answered && self.asked == Some(Asked::Complete) {
                return self.handed_to(&consult, watched, at);
            }
            return self.end(cause, "");
        }
        let device = consult.device();
        let mut said = Vec::new();
        match &self.asked {
            // The leg with the caller is about to go as well, or it is not: then nothing was completed.
            Some(Asked::Complete) if consult.answered => {
                self.consult = Some(consult);
                return said;
            }
            Some(Asked::Cancel) => {}
            _ if consult.answered => {
                // The caller may still be on hold; the consultation is over in any case.
                said.push((Kind::TransferCancelled, None, None));
                return said;
            }
            _ => {
                said.push((Kind::ConsultFailed, device, why.or(Some(CallCause::Unknown))));
            }
        }
        if waits == Some(Stage::Up) {
            self.asked = None;
            said.push((Kind::TransferCancelled, None, None));
        } else {
            self.consult = Some(consult);
        }
        said
    }

    /// The telephone has left the caller.
    fn leaves(
        &mut self,
        why: Option<CallCause>,
        device: &str,
        watched: &Watched,
        at: Timestamp,
        told: bool,
    ) -> Vec<Said> {
        if self.away.is_some() {
            return Vec::new();
        }
        let completing = self.asked == Some(Asked::Complete);
        match (self.consult.take(), &self.asked) {
            (Some(consult), _) if consult.leg.is_some() && (told || (completing && consult.answered)) => {
                self.consult = Some(consult);
                self.left = Some((why, at));
                Vec::new()
            }
            (Some(consult), _) if completing && consult.answered => self.handed_to(&consult, watched, at),
            (None, Some(Asked::Blind(number))) => {
                let number = number.clone();
                self.sent_to(&number, watched, at)
            }
            _ => self.end(why, device),
        }
    }

    /// Both legs ended after the transfer was asked for: caller and person consulted are joined.
    fn handed_to(&mut self, consult: &Consult, watched: &Watched, at: Timestamp) -> Vec<Said> {
        self.consult = None;
        self.left = None;
        self.asked = None;
        let number = &consult.number;
        let device = consult.device();
        match watched.get(number).filter(|_| consult.seen) {
            // That telephone is used by nobody: whoever was there is not joined with the caller.
            Some(LineState::Free | LineState::Unreachable) => {
                self.over = true;
                vec![(Kind::Ended, None, Some(CallCause::Unknown))]
            }
            Some(_) => {
                self.away = Some(Away {
                    number: number.clone(),
                    since: at,
                    rang: true,
                    joined: true,
                    transfer: None,
                });
                vec![(Kind::Transferred, device, None)]
            }
            None => {
                self.over = true;
                vec![
                    (Kind::Transferred, device, None),
                    (Kind::Ended, None, Some(CallCause::Unseen)),
                ]
            }
        }
    }

    /// The caller was sent elsewhere without a word.
    fn sent_to(&mut self, number: &str, watched: &Watched, at: Timestamp) -> Vec<Said> {
        self.asked = None;
        let device = Some(number.to_owned());
        let Some(state) = watched.get(number) else {
            self.over = true;
            return vec![(Kind::Ended, None, Some(CallCause::Unseen))];
        };
        // Whether it rings for the caller or for somebody else, nobody can tell: it is the best that is shown.
        let rings = *state == LineState::Ringing;
        self.away = Some(Away {
            number: number.to_owned(),
            since: at,
            rang: rings,
            joined: false,
            transfer: None,
        });
        if rings {
            vec![(Kind::Ringing, device, None)]
        } else {
            Vec::new()
        }
    }

    /// It is over, as far as this telephone tells.
    pub(super) fn end(&mut self, why: Option<CallCause>, device: &str) -> Vec<Said> {
        self.over = true;
        if self.answered || self.direction == Direction::Outbound || why == Some(CallCause::Unseen) {
            return vec![(Kind::Ended, None, why.or(Some(CallCause::Unknown)))];
        }
        let own = Some(device.to_owned());
        if self.queue.is_some() || why == Some(CallCause::AnsweredElsewhere) {
            // Somebody else may have answered, or the caller waits on: that is not shown here, so nothing is missed.
            return vec![
                (Kind::Missed, own, why),
                (Kind::Ended, None, why.or(Some(CallCause::Unknown))),
            ];
        }
        // Nobody answered, so that whoever hung up was the caller.
        let why = why.map(|why| {
            if why == CallCause::Normal {
                CallCause::Cancelled
            } else {
                why
            }
        });
        vec![(Kind::Missed, None, why.or(Some(CallCause::Unknown)))]
    }
}

/// Takes in what a report says of a conversation, whatever its leg does.
fn learn(thread: &mut Thread, report: &Report, consult: bool, region: &str) {
    thread.is_now(&report.conversation, consult);
    if consult {
        if let Some(consult) = &mut thread.consult
            && consult.number.is_empty()
        {
            consult.number.clone_from(&report.number);
        }
        return;
    }
    thread.data.extend(report.data.clone());
    if thread.queue.is_none() {
        thread.queue.clone_from(&report.queue);
    }
    let read = Some((report.number.clone(), report.name.clone()));
    // A later report that says nothing of the other end makes nobody anonymous.
    let says = !report.number.is_empty() || !report.name.is_empty() || thread.read_from.is_none();
    if says && thread.read_from != read {
        thread.party = RemoteParty::read(&report.number, &report.name, region);
        thread.read_from = read;
    }
}

/// Whether two numbers are the same, as dialled.
fn same_number(a: &str, b: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
    let (a, b) = (digits(a), digits(b));
    !a.is_empty() && (a == b || (a.len().min(b.len()) >= 9 && a.ends_with(b.get(b.len() - 9..).unwrap_or("-"))))
}
