//! Transfers that the PBX tells of by themselves, with a name and steps of their own (Wazo's calld).

use super::{Asked, Away, CallCause, CallEvent, Kind, Report, Said, Stage, Station};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// What became of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The other telephone is called.
    Begun,
    /// It was answered.
    Answered,
    /// The technician left: with somebody there the caller is joined with him, else he is at a ringing telephone.
    Completed,
    /// It came to nothing; caller and technician are joined again where both are still there.
    Cancelled,
    /// The caller left.
    Abandoned,
    /// Nothing more will be told.
    Ended,
}

/// A transfer as the PBX tells it.
#[derive(Debug, Clone)]
pub(crate) struct Transfer {
    pub(crate) id: String,
    /// The technician's leg.
    pub(crate) initiator: String,
    /// Whom, where that is known.
    pub(crate) number: String,
    /// The technician does not wait for an answer.
    pub(crate) blind: bool,
}

impl Transfer {
    /// A consultation as a leg of the telephone: it is told under the transfer's name.
    pub(crate) fn report(&self, conversation: &str, stage: Stage) -> Report {
        Report {
            leg: self.id.clone(),
            conversation: conversation.to_owned(),
            stage,
            outbound: Some(true),
            number: self.number.clone(),
            name: String::new(),
            queue: None,
            data: BTreeMap::new(),
            consults_for: Some(self.initiator.clone()),
        }
    }
}

impl Station {
    /// Takes in what is told of a transfer.
    pub(crate) fn transfer(&mut self, transfer: &Transfer, step: Step, at: Timestamp) -> Vec<CallEvent> {
        let away = |away: &Away| away.transfer.as_ref() == Some(&transfer.id);
        let sent = self
            .threads
            .iter()
            .find(|(_, thread)| thread.away.as_ref().is_some_and(away))
            .map(|(key, _)| *key);
        if let Some(key) = sent {
            return self.sent_on(key, step, at);
        }
        let of = self
            .legs
            .get(&transfer.id)
            .or_else(|| self.legs.get(&transfer.initiator));
        let Some(key) = of.map(|leg| leg.thread) else {
            return Vec::new();
        };
        let known = self.legs.contains_key(&transfer.id);
        let Some(thread) = self.threads.get_mut(&key) else {
            return Vec::new();
        };
        let answered = thread.consult.as_ref().is_some_and(|consult| consult.answered);
        let conversation = thread.id.clone();
        match step {
            Step::Begun if transfer.blind => {
                thread.away = Some(Away {
                    number: transfer.number.clone(),
                    since: at,
                    rang: false,
                    joined: false,
                    transfer: Some(transfer.id.clone()),
                });
                Vec::new()
            }
            Step::Begun => self.report(transfer.report(&conversation, Stage::Dialing), at),
            Step::Answered => self.report(transfer.report(&conversation, Stage::Up), at),
            // Nobody had answered yet: it has become a blind one.
            Step::Completed if !answered => {
                thread.consult = None;
                thread.left = None;
                thread.asked = None;
                thread.away = Some(Away {
                    number: transfer.number.clone(),
                    since: at,
                    rang: false,
                    joined: false,
                    transfer: Some(transfer.id.clone()),
                });
                self.forget(&transfer.id);
                self.sent_on(key, step, at)
            }
            Step::Completed => {
                thread.asked = Some(Asked::Complete);
                self.depart(&transfer.id, None, at, None)
            }
            Step::Cancelled | Step::Ended => self.depart(&transfer.id, None, at, None),
            // The technician may go on talking with whom he consulted: that is no call of the caller's any more.
            Step::Abandoned if known => {
                thread.over = true;
                self.tell(key, vec![(Kind::Ended, None, Some(CallCause::Normal))], at, None)
            }
            Step::Abandoned => Vec::new(),
        }
    }

    /// A caller who is on the way to another telephone.
    fn sent_on(&mut self, key: u64, step: Step, at: Timestamp) -> Vec<CallEvent> {
        let own = self.main_leg(key).is_some();
        let Some(thread) = self.threads.get_mut(&key) else {
            return Vec::new();
        };
        let Some(away) = &mut thread.away else {
            return Vec::new();
        };
        let device = (!away.number.is_empty()).then(|| away.number.clone());
        let mut said: Vec<Said> = Vec::new();
        match step {
            Step::Completed if !away.rang => {
                away.rang = true;
                said.push((Kind::Ringing, device, None));
            }
            Step::Answered => {
                thread.over = true;
                said.push((Kind::Transferred, device, None));
                said.push((Kind::Ended, None, Some(CallCause::Unseen)));
            }
            Step::Cancelled | Step::Ended if own => thread.away = None,
            Step::Cancelled | Step::Ended => {
                thread.over = true;
                said.push((Kind::Ended, None, Some(CallCause::NoAnswer)));
            }
            Step::Abandoned => {
                thread.over = true;
                said.push((Kind::Ended, None, Some(CallCause::Normal)));
            }
            _ => {}
        }
        self.tell(key, said, at, None)
    }
}
