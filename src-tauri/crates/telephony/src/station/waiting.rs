//! Actions that wait for their effect.

use crate::{action::ActionError, link::Reply};
use guichet_domain::call::{CallEvent, CallEventKind as Kind};
use tokio::time::Instant;

#[derive(Debug)]
struct Item {
    /// Which thread of the station; `None` for a call that is not there yet.
    thread: Option<u64>,
    /// The conversation; `None` for any.
    conversation: Option<String>,
    effect: &'static [Kind],
    deadline: Instant,
    reply: Reply,
}

/// Everything that waits.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    items: Vec<Item>,
}

impl Waiting {
    /// Waits for one of these events, of this conversation (of any: `None`).
    pub(crate) fn push(
        &mut self,
        thread: Option<u64>,
        conversation: Option<String>,
        effect: &'static [Kind],
        deadline: Instant,
        reply: Reply,
    ) {
        self.items.push(Item {
            thread,
            conversation,
            effect,
            deadline,
            reply,
        });
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether something was asked of this conversation and is not done.
    pub(crate) fn is_about(&self, thread: u64) -> bool {
        self.items.iter().any(|item| item.thread == Some(thread))
    }

    /// An event was said.
    pub(crate) fn seen(&mut self, event: &CallEvent) {
        let mut rest = Vec::new();
        for item in std::mem::take(&mut self.items) {
            let about = item
                .conversation
                .as_ref()
                .is_none_or(|name| event.conversation_id == *name || event.previous_ids.contains(name));
            let over = item.conversation.is_some()
                && (event.kind == Kind::Ended || (event.kind == Kind::Missed && event.device.is_none()));
            if about && item.effect.contains(&event.kind) {
                let _ = item.reply.send(Ok(()));
            } else if about && over {
                let _ = item.reply.send(Err(ActionError::CallOver));
            } else {
                rest.push(item);
            }
        }
        self.items = rest;
    }

    /// The PBX refuses what was asked last.
    pub(crate) fn refused(&mut self, message: &str) -> Option<u64> {
        let item = self.items.pop()?;
        let message = message.chars().take(200).collect();
        let _ = item.reply.send(Err(ActionError::Refused { message }));
        item.thread
    }

    /// When the next one is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.items.iter().map(|item| item.deadline).min()
    }

    /// Gives up what took too long, and names the conversations.
    pub(crate) fn expire(&mut self, now: Instant) -> Vec<u64> {
        let mut late = Vec::new();
        let mut rest = Vec::new();
        for item in std::mem::take(&mut self.items) {
            if item.deadline <= now {
                late.extend(item.thread);
                let _ = item.reply.send(Err(ActionError::NoEffect));
            } else {
                rest.push(item);
            }
        }
        self.items = rest;
        late
    }

    /// The connection is lost: what was asked may have happened.
    pub(crate) fn lose(&mut self) {
        for item in std::mem::take(&mut self.items) {
            let _ = item.reply.send(Err(ActionError::Lost));
        }
    }
}
