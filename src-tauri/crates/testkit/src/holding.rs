//! What the user holds before it leaves, and regrets.
//!
//! Each such submission comes from a draft that holds its words. It is held for some seconds or not at all, and half of them
//! are taken back at an instant drawn around the end of the hold: before it, between being due and being begun, under way, or
//! after. Now and then newer words have taken the draft's place by then.

use crate::intents::Mark;
use guichet_domain::{OperationId, TicketId, document::Attachment, operation::Operation};
use guichet_store::Draft;
use jiff::Timestamp;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use std::{collections::BTreeMap, time::Duration};
use tokio::time::Instant;

/// What was submitted from a draft.
#[derive(Debug, Clone)]
pub(crate) struct Submitted {
    pub(crate) operations: Vec<OperationId>,
    /// What each of them put into the draft: its word, or its file's name.
    pub(crate) words: BTreeMap<OperationId, String>,
    /// By which of them it is taken back.
    by: usize,
}

impl Submitted {
    /// What the store is asked to take back.
    pub(crate) fn asked(&self) -> Vec<OperationId> {
        self.operations.iter().skip(self.by).take(1).copied().collect()
    }
}

/// The user's second thoughts.
#[derive(Default)]
pub(crate) struct Holding {
    rng: Option<ChaCha8Rng>,
    /// Says that something was taken back although it was not.
    pub(crate) pretends: bool,
    drafts: u32,
    hold: Duration,
    held: bool,
    /// What will be taken back, and when.
    regrets: BTreeMap<(Instant, u32), Submitted>,
}

impl Holding {
    pub(crate) fn new(rng: Option<ChaCha8Rng>, pretends: bool) -> Self {
        Self {
            rng,
            pretends,
            ..Self::default()
        }
    }

    /// The draft that operations come from, and how long they are held; none, and not at all, in a schedule without holds.
    pub(crate) fn draft(
        &mut self,
        lane: Option<TicketId>,
        operations: &[(OperationId, Mark, Operation)],
        now: Timestamp,
    ) -> (Option<Draft>, Duration) {
        let Some(rng) = &mut self.rng else {
            return (None, Duration::ZERO);
        };
        self.hold = if rng.random_bool(0.3) {
            Duration::ZERO
        } else {
            Duration::from_millis(rng.random_range(200..8_000))
        };
        self.drafts += 1;
        let words: Vec<String> = operations.iter().filter_map(carried).collect();
        let attachments: Vec<Attachment> = operations
            .iter()
            .filter_map(|(_, _, operation)| match operation {
                Operation::UploadDocument { attachment, .. } => Some(attachment.clone()),
                _ => None,
            })
            .collect();
        let draft = Draft {
            key: format!("simulated:{}", self.drafts),
            ticket: lane,
            body: words.join(" "),
            attachments,
            updated_at: now,
        };
        (Some(draft), self.hold)
    }

    /// They were accepted: plans whether and when they are taken back. Answers newer words for the draft's place, if some are
    /// typed there meanwhile.
    pub(crate) fn submitted(&mut self, draft: &Draft, operations: &[(OperationId, Mark, Operation)]) -> Option<Draft> {
        let rng = self.rng.as_mut()?;
        self.held = !self.hold.is_zero();
        if rng.random_bool(0.5) {
            let end = self.hold.max(Duration::from_millis(200));
            let at = Instant::now() + end.mul_f64(rng.random_range(0.0..1.5));
            let submitted = Submitted {
                operations: operations.iter().map(|(id, ..)| *id).collect(),
                words: operations
                    .iter()
                    .filter_map(|one| Some((one.0, carried(one)?)))
                    .collect(),
                by: rng.random_range(0..operations.len()),
            };
            self.regrets.insert((at, self.drafts), submitted);
        }
        rng.random_bool(0.2).then(|| Draft {
            body: format!("depuis {}", draft.key),
            attachments: Vec::new(),
            ..draft.clone()
        })
    }

    /// Whether something was held since this was last asked.
    pub(crate) fn held_something(&mut self) -> bool {
        std::mem::take(&mut self.held)
    }

    /// When something is taken back next.
    pub(crate) fn next_regret(&self) -> Option<Instant> {
        self.regrets.keys().next().map(|(at, _)| *at)
    }

    /// What is to be taken back now.
    pub(crate) fn regret(&mut self) -> Option<Submitted> {
        self.regrets.pop_first().map(|(_, submitted)| submitted)
    }

    /// Words were changed while they waited.
    pub(crate) fn edited(&mut self, id: OperationId, word: &str) {
        for submitted in self.regrets.values_mut() {
            if let Some(said) = submitted.words.get_mut(&id) {
                word.clone_into(said);
            }
        }
    }
}

/// What an operation puts into a draft: its words, or its file.
fn carried((_, mark, operation): &(OperationId, Mark, Operation)) -> Option<String> {
    match (operation, mark) {
        (Operation::UploadDocument { attachment, .. }, _) => Some(attachment.filename.clone()),
        // A field's new value is chosen, not typed.
        (Operation::SetField { .. }, _) => None,
        (_, Mark::Word { word, .. }) => Some(word.clone()),
        _ => None,
    }
}
