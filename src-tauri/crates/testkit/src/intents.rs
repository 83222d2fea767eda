//! The reference model: what was accepted, and how its arrival is recognised in the server's own journal.

use guichet_domain::{
    OperationId, TicketId,
    call::CallSource,
    consent::ConsentRecord,
    operation::Operation,
    ticket::{Party, Role},
};
use guichet_sandbox::{Write, WriteAction};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Ending of a file type that GLPI's stock list refuses.
pub(crate) const REFUSED_TYPE: &str = ".exe";

/// How an operation shows in the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// A write of this itemtype whose input contains this word.
    Word {
        itemtype: &'static str,
        action: Act,
        word: String,
    },
    /// Somebody's part in the ticket.
    Part { party: Party, role: Role, add: bool },
    /// Nothing of its own: a value that others may set as well.
    None,
}

/// A write's action, ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Act {
    Add,
    Update,
}

impl Mark {
    /// Whether a write is this operation's.
    pub(crate) fn matches(&self, write: &Write) -> bool {
        match self {
            Self::Word { itemtype, action, word } => {
                let wanted = match action {
                    Act::Add => WriteAction::Add,
                    Act::Update => WriteAction::Update,
                };
                write.itemtype == *itemtype
                    && write.action == wanted
                    && match &write.file {
                        // Of a refused type GLPI keeps an empty document and says 201: nothing arrived.
                        Some(file) => file.filename.contains(word) && !file.filename.ends_with(REFUSED_TYPE),
                        None => write.input.to_string().contains(word),
                    }
            }
            Self::Part { .. } | Self::None => false,
        }
    }
}

/// The mark of an operation that carries `word`, if it carries one.
pub(crate) fn mark(operation: &Operation, word: &str) -> Mark {
    let (itemtype, action) = match operation {
        Operation::CreateTicket { .. } => ("Ticket", Act::Add),
        Operation::AddFollowup { .. } | Operation::Reopen { .. } | Operation::AnswerSolution { .. } => {
            ("ITILFollowup", Act::Add)
        }
        Operation::AddTask { .. } => ("TicketTask", Act::Add),
        Operation::AddSolution { .. } => ("ITILSolution", Act::Add),
        Operation::UploadDocument { .. } => ("Document", Act::Add),
        Operation::SetField { new, .. } => {
            if !matches!(new, guichet_domain::operation::FieldValue::Text(_)) {
                return Mark::None;
            }
            ("Ticket", Act::Update)
        }
        Operation::Assign { actor } | Operation::Unassign { actor } => {
            return Mark::Part {
                party: actor.party.clone(),
                role: actor.role,
                add: matches!(operation, Operation::Assign { .. }),
            };
        }
        Operation::ProposeArticle { .. } => ("KnowbaseItem", Act::Add),
        Operation::LinkArticle { .. } | Operation::LinkAsset { .. } | Operation::LinkTicket { .. } => {
            return Mark::None;
        }
    };
    Mark::Word {
        itemtype,
        action,
        word: word.to_owned(),
    }
}

/// One accepted operation.
#[derive(Debug, Clone)]
pub(crate) struct Intent {
    pub(crate) mark: Mark,
    /// What it was before it was edited; none of these may arrive.
    pub(crate) superseded: Vec<Mark>,
    /// The lane it was accepted on.
    pub(crate) lane: TicketId,
    /// Lanes of tickets created here that had no number then: one of them may have been this lane's ticket without anybody
    /// knowing, and no order was promised between two tickets.
    pub(crate) strangers: Vec<TicketId>,
}

/// A call that was wrapped up.
#[derive(Debug, Clone)]
pub(crate) struct KeptCall {
    pub(crate) source: CallSource,
    pub(crate) id: String,
    pub(crate) note: String,
}

/// Everything accepted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) intents: BTreeMap<OperationId, Intent>,
    /// Given up while nobody could know whether it had arrived.
    pub(crate) given_up_in_doubt: BTreeSet<OperationId>,
    /// Taken back before they left.
    pub(crate) taken_back: BTreeSet<OperationId>,
    /// What must be in some draft at the end: words, or a file's name.
    pub(crate) drafted: BTreeSet<String>,
    /// Records of consent, as they were written.
    pub(crate) consents: Vec<ConsentRecord>,
    /// Calls that were wrapped up.
    pub(crate) calls: Vec<KeptCall>,
    /// News of rooms, by ticket.
    pub(crate) updates: Vec<(TicketId, OperationId)>,
    /// Times a person decided what becomes of what a backup lacked.
    pub(crate) decisions: u32,
    /// When a person decided so first.
    pub(crate) decided_at: Option<Timestamp>,
    /// What the desk says was accepted once more, by its new identity.
    pub(crate) told_again: BTreeMap<OperationId, OperationId>,
    /// Accepted once more under another identity, after a backup was brought back.
    pub(crate) repeated: BTreeSet<OperationId>,
    /// Said to have arrived by a person who looked.
    pub(crate) confirmed: BTreeSet<OperationId>,
}

impl Ledger {
    pub(crate) fn accept(&mut self, id: OperationId, mark: Mark, lane: TicketId, strangers: Vec<TicketId>) {
        self.intents.insert(
            id,
            Intent {
                mark,
                superseded: Vec::new(),
                lane,
                strangers,
            },
        );
    }
}
