//! What a set of events adds up to.

use guichet_domain::call::{Call, CallCause, CallEvent, CallEventKind, CallState, Consultation};
use std::collections::{BTreeMap, BTreeSet};

/// The call that these events are, in the order of their own instants; `None` when there is none.
pub(super) fn fold(events: &BTreeSet<CallEvent>) -> Option<Call> {
    let first = events.first()?;
    let mut call = Call {
        source: first.source.clone(),
        id: first.conversation_id.clone(),
        ids: BTreeSet::new(),
        direction: first.direction,
        remote: first.remote.clone(),
        state: CallState::Waiting,
        queue: None,
        ringing: BTreeSet::new(),
        device: None,
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: first.at,
        queued_at: None,
        ringing_at: None,
        answered_at: None,
        transferred_at: None,
        voicemail_at: None,
        ended_at: None,
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: first.capabilities,
    };
    let mut fold = Fold { on_hold: false };
    for event in events {
        fold.step(&mut call, event);
    }
    Some(call)
}

/// What the fold has to remember besides the call.
struct Fold {
    on_hold: bool,
}

impl Fold {
    fn step(&mut self, call: &mut Call, event: &CallEvent) {
        call.ids.insert(event.conversation_id.clone());
        call.ids
            .extend(event.previous_ids.iter().filter(|id| !id.is_empty()).cloned());
        call.user_data.extend(event.user_data.clone());
        call.times_uncertain |= event.cause == Some(CallCause::Unseen);
        if call.remote.is_empty() {
            call.remote = event.remote.clone();
        } else if call.remote.name.is_none() && call.remote.raw == event.remote.raw {
            call.remote.name.clone_from(&event.remote.name);
        }
        if call.queue.is_none() {
            call.queue.clone_from(&event.queue);
        }
        // What comes after the end adds facts, never life.
        if call.state.is_over() {
            return;
        }
        call.capabilities = event.capabilities;
        match event.kind {
            CallEventKind::Queued => self.queued(call, event),
            CallEventKind::Dialing => {
                if call.answered_at.is_none() {
                    call.state = CallState::Dialing;
                    take_over(call, event);
                }
            }
            CallEventKind::Ringing => self.ringing(call, event),
            CallEventKind::Answered => {
                call.answered_at.get_or_insert(event.at);
                if call.answered_by.is_none() {
                    call.answered_by.clone_from(&event.device);
                }
                self.joined(call, event, CallState::Answered);
            }
            CallEventKind::Held => {
                self.on_hold = true;
                if call.state == CallState::Answered {
                    call.state = CallState::Held;
                }
            }
            CallEventKind::Resumed => {
                self.on_hold = false;
                if call.state == CallState::Held {
                    call.state = CallState::Answered;
                }
            }
            CallEventKind::ConsultRinging => consult(call, event).state = CallState::Consulting,
            CallEventKind::ConsultAnswered => {
                let call = consult(call, event);
                call.state = CallState::Consulting;
                if let Some(consultation) = &mut call.consultation {
                    consultation.answered_at.get_or_insert(event.at);
                    consultation.failed = None;
                }
            }
            CallEventKind::ConsultFailed => {
                if let Some(consultation) = &mut call.consultation {
                    consultation.failed = event.cause.or(Some(CallCause::Unknown));
                }
            }
            CallEventKind::TransferCancelled => {
                call.consultation = None;
                call.state = if self.on_hold {
                    CallState::Held
                } else {
                    CallState::Answered
                };
            }
            CallEventKind::Transferred => {
                call.transferred_at = Some(event.at);
                self.joined(call, event, CallState::Transferred);
            }
            CallEventKind::Missed => match &event.device {
                Some(device) => stopped_ringing(call, device),
                None => over(call, event, CallState::Missed),
            },
            CallEventKind::Voicemail => {
                call.voicemail_at.get_or_insert(event.at);
                call.ringing.clear();
                call.state = CallState::Voicemail;
            }
            CallEventKind::Ended => over(call, event, CallState::Ended),
        }
    }

    fn queued(&mut self, call: &mut Call, event: &CallEvent) {
        call.queued_at.get_or_insert(event.at);
        call.queue.clone_from(&event.queue);
        if call.ringing.is_empty() {
            call.state = CallState::Queued;
            call.consultation = None;
            self.on_hold = false;
        }
    }

    /// A telephone rings for the caller; whoever had the call has it no more.
    fn ringing(&mut self, call: &mut Call, event: &CallEvent) {
        call.ringing_at.get_or_insert(event.at);
        call.ringing.extend(event.device.clone());
        call.state = CallState::Ringing;
        call.consultation = None;
        self.on_hold = false;
    }

    fn joined(&mut self, call: &mut Call, event: &CallEvent, state: CallState) {
        take_over(call, event);
        call.ringing.clear();
        call.consultation = None;
        call.state = state;
        self.on_hold = false;
    }
}

/// The call is this telephone's now.
fn take_over(call: &mut Call, event: &CallEvent) {
    if event.device.is_some() {
        call.device.clone_from(&event.device);
        call.agent.clone_from(&event.agent);
    }
}

/// The consultation this event is about, begun if it is another than the one under way.
fn consult<'a>(call: &'a mut Call, event: &CallEvent) -> &'a mut Call {
    let same = call
        .consultation
        .as_ref()
        .is_some_and(|consultation| consultation.device == event.device && consultation.failed.is_none());
    if !same {
        call.consultation = Some(Consultation {
            device: event.device.clone(),
            agent: event.agent.clone(),
            since: event.at,
            answered_at: None,
            failed: None,
        });
    }
    call
}

/// One telephone rings no more; when it was the last, the caller waits: in his queue, or with nobody.
fn stopped_ringing(call: &mut Call, device: &str) {
    call.ringing.remove(device);
    if call.state == CallState::Ringing && call.ringing.is_empty() {
        call.state = if call.answered_at.is_none() && call.queued_at.is_some() {
            CallState::Queued
        } else {
            CallState::Waiting
        };
    }
}

fn over(call: &mut Call, event: &CallEvent, state: CallState) {
    // An adapter that says "missed" of a call another event shows answered is wrong about it.
    call.state = if call.answered_at.is_some() {
        CallState::Ended
    } else {
        state
    };
    call.ended_at = Some(event.at);
    call.cause = event.cause;
    call.ringing.clear();
    call.consultation = None;
    call.capabilities = guichet_domain::call::CallCapabilities::default();
}
