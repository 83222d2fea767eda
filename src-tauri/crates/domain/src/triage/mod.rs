//! The board of what was escalated, as the customer's IT and level 1 both see it.
//!
//! Where an escalation stands is derived from the ticket alone: its [`markers`], its status, its groups. Both sides read the same
//! ticket, so both see the same; nothing of it is kept anywhere else. A ticket escalated without Guichet has no marker and is known
//! by its group.

mod marker;

pub(crate) use marker::plain;
pub use marker::{Marked, Marker, markers};

use crate::{
    GroupId, OperationId, UserId,
    escalation::{EscalationError, NamedGroup},
    names::names,
    operation::{Field, FieldValue, Operation},
    rich_text::RichText,
    ticket::{Actor, Party, Role, Status, Ticket},
    timeline::TimelineEntry,
    wording::Phrases,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A column of the board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum BoardState {
    /// Nobody of the group has taken it on.
    New,
    /// Somebody has.
    Accepted,
    /// It waits for a third party (or for the user, where the ITSM alone says so).
    Waiting,
    /// Level 1 has it back, with a reason.
    SentBack,
    /// Done.
    Done,
}

/// An escalation on the board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct BoardCard {
    /// Its column.
    pub state: BoardState,
    /// The group it was sent to, by name, where a marker says so.
    pub group: Option<String>,
    /// When it was escalated. The ticket's opening where no marker says when.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub escalated_at: Timestamp,
    /// A marker says when; else the age is at most this.
    pub dated: bool,
    /// When it came into its column, as far as is known.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub state_since: Option<Timestamp>,
    /// Who took it on, sent it back or finished it.
    pub by: Option<UserId>,
    /// Why it was sent back or re-routed.
    pub reason: String,
    /// Whom it waits for.
    pub third: Option<String>,
    /// How often they were reminded since.
    pub reminders: u32,
    /// When they were last asked or reminded.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub last_contact: Option<Timestamp>,
}

/// Where an escalation stands; `None` for a ticket that is none. `groups`: the groups of the responsibility matrix above level 1.
#[must_use]
pub fn board_card(
    ticket: &Ticket,
    actors: &[Actor],
    timeline: &[TimelineEntry],
    groups: &BTreeSet<GroupId>,
) -> Option<BoardCard> {
    let markers = markers(timeline);
    let assigned_above = assigned_groups(actors).any(|id| groups.contains(&id));
    if markers.is_empty() && !assigned_above {
        return None;
    }
    let mut card = BoardCard {
        state: BoardState::New,
        group: None,
        escalated_at: ticket.opened_at,
        dated: false,
        state_since: None,
        by: None,
        reason: String::new(),
        third: None,
        reminders: 0,
        last_contact: None,
    };
    let person = actors
        .iter()
        .any(|actor| actor.role == Role::Assigned && matches!(actor.party, Party::User { .. }));
    if markers.is_empty() && person && ticket.status != Status::New {
        card.state = BoardState::Accepted;
    }
    for marked in &markers {
        card.take(marked);
    }
    match ticket.status {
        Status::Solved | Status::Closed => {
            card.state = BoardState::Done;
            card.state_since = ticket.solved_at.or(ticket.closed_at);
        }
        Status::Waiting if matches!(card.state, BoardState::New | BoardState::Accepted) => {
            card.state = BoardState::Waiting;
            card.state_since = None;
        }
        _ => {}
    }
    Some(card)
}

impl BoardCard {
    fn take(&mut self, marked: &Marked) {
        let (at, author) = (marked.at, marked.author);
        let state = match &marked.marker {
            Marker::Sent { to } => {
                if !self.dated || self.state == BoardState::SentBack || self.state == BoardState::Done {
                    // A second escalation is one of its own.
                    self.escalated_at = at;
                    self.dated = true;
                }
                self.group = Some(to.clone());
                BoardState::New
            }
            Marker::ReRouted { to } => {
                self.group = Some(to.clone());
                BoardState::New
            }
            Marker::Accepted => BoardState::Accepted,
            Marker::SentBack => BoardState::SentBack,
            Marker::Done => BoardState::Done,
            Marker::Waiting { third } => {
                self.third = Some(third.clone());
                self.reminders = 0;
                self.last_contact = Some(at);
                self.state_since = Some(at);
                self.state = BoardState::Waiting;
                return;
            }
            Marker::Reminded { .. } => {
                self.reminders += 1;
                self.last_contact = Some(at);
                return;
            }
            Marker::Answered { .. } => BoardState::Accepted,
        };
        if !matches!(marked.marker, Marker::Answered { .. }) {
            self.by = author.filter(|_| state != BoardState::New);
        }
        self.reason = match marked.marker {
            Marker::SentBack | Marker::ReRouted { .. } => marked.words.clone(),
            _ => String::new(),
        };
        self.third = None;
        self.reminders = 0;
        self.last_contact = None;
        self.state = state;
        self.state_since = Some(at);
    }

    /// When the third party is to be reminded; `None` when it waits for nobody. `later` says when the policy's length of service time
    /// has passed since an instant (a calendar of the contract, or the clock on the wall).
    #[must_use]
    pub fn remind_at(&self, later: impl FnOnce(Timestamp) -> Option<Timestamp>) -> Option<Timestamp> {
        let waits = self.state == BoardState::Waiting && self.third.is_some();
        later(self.last_contact.filter(|_| waits)?)
    }
}

fn assigned_groups(actors: &[Actor]) -> impl Iterator<Item = GroupId> + '_ {
    actors.iter().filter_map(|actor| match (&actor.role, &actor.party) {
        (Role::Assigned, Party::Group { id }) => Some(*id),
        _ => None,
    })
}

/// What the customer's IT does with an escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum TriageAction {
    /// Take it on.
    Accept,
    /// Back to level 1.
    SendBack {
        /// What is missing or wrong.
        reason: String,
        /// Level 1's group.
        to: NamedGroup,
    },
    /// To another group.
    ReRoute {
        /// Why.
        reason: String,
        /// Which.
        to: NamedGroup,
    },
    /// It waits for a third party from now on: the clock of its own time stands still.
    Wait {
        /// Whom.
        third: String,
        /// What was asked of them.
        words: String,
    },
    /// The third party was reminded.
    Remind {
        /// By what means: mail, telephone, their portal.
        means: String,
        /// What was said.
        words: String,
    },
    /// The third party answered.
    Answered {
        /// What.
        words: String,
    },
    /// Done: level 1 has the rest.
    Finish {
        /// What was done.
        words: String,
        /// It solves the ticket: proposed to the requester in these words.
        solution: bool,
    },
}

/// The ticket as far as triage looks at it.
#[derive(Debug, Clone, Copy)]
pub struct Triaged<'a> {
    /// Where it stands.
    pub card: &'a BoardCard,
    /// The ticket's status.
    pub status: Status,
    /// Everybody on it.
    pub actors: &'a [Actor],
    /// The groups of the responsibility matrix above level 1.
    pub groups: &'a BTreeSet<GroupId>,
    /// Who does it.
    pub me: UserId,
}

/// The operations of a step of triage, in the order of one lane: first the line it is known again by, then what it changes.
///
/// # Errors
/// What keeps it from being done.
pub fn plan_triage(
    ticket: &Triaged<'_>,
    action: &TriageAction,
    phrases: &dyn Phrases,
    mut id: impl FnMut() -> OperationId,
) -> Result<Vec<(OperationId, Operation)>, EscalationError> {
    use BoardState as B;
    let state = ticket.card.state;
    // Waiting by the ITSM's status alone: nobody is named yet, and somebody may take it on or name them.
    let unnamed = state == B::Waiting && ticket.card.third.is_none();
    let allowed = match action {
        TriageAction::Accept => state == B::New || unnamed,
        TriageAction::SendBack { .. } | TriageAction::ReRoute { .. } | TriageAction::Finish { .. } => {
            matches!(state, B::New | B::Accepted | B::Waiting)
        }
        TriageAction::Wait { .. } => matches!(state, B::New | B::Accepted) || unnamed,
        TriageAction::Remind { .. } | TriageAction::Answered { .. } => state == B::Waiting,
    };
    if !allowed {
        return Err(EscalationError::WrongState { state: state.name() });
    }
    let waits_for = || {
        let third = ticket.card.third.clone();
        third.ok_or(EscalationError::NoThirdParty)
    };
    let (marker, lines) = match action {
        TriageAction::Accept => (Marker::Accepted, Vec::new()),
        TriageAction::SendBack { reason, .. } => (Marker::SentBack, vec![reason_line(reason, phrases)?]),
        TriageAction::ReRoute { reason, to } => {
            let to = to.name.clone();
            (Marker::ReRouted { to }, vec![reason_line(reason, phrases)?])
        }
        TriageAction::Wait { third, words } => {
            let third = third.trim().to_owned();
            if third.is_empty() {
                return Err(EscalationError::NoThirdParty);
            }
            (Marker::Waiting { third }, vec![words.trim().to_owned()])
        }
        TriageAction::Remind { means, words } => {
            let number = (ticket.card.reminders + 1).to_string();
            let mut lines = vec![phrases.phrase("escalation.reminder", &[("number", number)])];
            if !means.trim().is_empty() {
                lines.push(phrases.phrase("escalation.means", &[("means", means.trim().to_owned())]));
            }
            lines.push(words.trim().to_owned());
            (Marker::Reminded { third: waits_for()? }, lines)
        }
        TriageAction::Answered { words } => (Marker::Answered { third: waits_for()? }, vec![words.trim().to_owned()]),
        TriageAction::Finish { words, .. } => {
            let words = words.trim().to_owned();
            if words.is_empty() {
                return Err(EscalationError::NoReason);
            }
            (Marker::Done, vec![words])
        }
    };
    let mut text = marker.line(phrases.language());
    for line in lines.iter().filter(|line| !line.is_empty()) {
        text.push('\n');
        text.push_str(line);
    }
    let body = RichText::from_plain(&text);
    let mut operations = vec![Operation::AddFollowup { body, private: true }];
    operations.extend(changes(ticket, action));
    Ok(operations.into_iter().map(|operation| (id(), operation)).collect())
}

fn reason_line(reason: &str, phrases: &dyn Phrases) -> Result<String, EscalationError> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() {
        return Err(EscalationError::NoReason);
    }
    Ok(phrases.phrase("escalation.reason", &[("reason", reason)]))
}

/// What a step changes besides its line. New parties come before old ones leave: a ticket that loses its last one becomes a new one
/// at the backend.
fn changes(ticket: &Triaged<'_>, action: &TriageAction) -> Vec<Operation> {
    let me = Actor {
        role: Role::Assigned,
        party: Party::User { id: ticket.me },
    };
    let has = |actor: &Actor| ticket.actors.contains(actor);
    let leave = |mine_too: bool, keep: Option<GroupId>| {
        let above = assigned_groups(ticket.actors)
            .filter(|id| ticket.groups.contains(id) && Some(*id) != keep)
            .map(|id| Actor {
                role: Role::Assigned,
                party: Party::Group { id },
            });
        let mine = (mine_too && has(&me)).then(|| me.clone());
        above
            .chain(mine)
            .map(|actor| Operation::Unassign { actor })
            .collect::<Vec<_>>()
    };
    let arrive = |group: &NamedGroup| {
        let actor = group.assigned();
        (!has(&actor)).then_some(Operation::Assign { actor })
    };
    let status = |new: Status| {
        (ticket.status != new && ticket.status.is_open()).then_some(Operation::SetField {
            field: Field::Status,
            base: FieldValue::Status(ticket.status),
            new: FieldValue::Status(new),
        })
    };
    // What no longer waits is in work again.
    let resumed = || {
        if ticket.status == Status::Waiting {
            status(Status::Assigned)
        } else {
            None
        }
    };
    match action {
        TriageAction::Accept => {
            let actor = me.clone();
            let assign = (!has(&me)).then_some(Operation::Assign { actor });
            assign.into_iter().chain(resumed()).collect()
        }
        TriageAction::SendBack { to, .. } | TriageAction::ReRoute { to, .. } => arrive(to)
            .into_iter()
            .chain(resumed())
            .chain(leave(true, Some(to.id)))
            .collect(),
        TriageAction::Wait { .. } => status(Status::Waiting).into_iter().collect(),
        TriageAction::Remind { .. } => Vec::new(),
        TriageAction::Answered { .. } => resumed().into_iter().collect(),
        TriageAction::Finish { words, solution: true } => vec![Operation::AddSolution {
            body: RichText::from_plain(words.trim()),
            solution_type: None,
        }],
        TriageAction::Finish { solution: false, .. } => resumed().into_iter().collect(),
    }
}

/// A wait for a third party, with what proves that they were chased.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ThirdPartyWait {
    /// Whom.
    pub third: String,
    /// Since when.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub from: Timestamp,
    /// Until when; open while there is no end.
    #[cfg_attr(feature = "bindings", specta(type = Option<String>))]
    pub to: Option<Timestamp>,
    /// Every line about it, the first request and the answer included: date, author, words.
    pub proof: Vec<Marked>,
}

/// The waits of a ticket, in order: the list that proves that a third party was chased, and the time that is not the contractor's own.
#[must_use]
pub fn third_party_waits(timeline: &[TimelineEntry]) -> Vec<ThirdPartyWait> {
    waits_of(markers(timeline))
}

/// The same from a ticket's markers, in their order.
#[must_use]
pub fn waits_of(markers: impl IntoIterator<Item = Marked>) -> Vec<ThirdPartyWait> {
    let mut waits: Vec<ThirdPartyWait> = Vec::new();
    for marked in markers {
        let open = waits.last_mut().filter(|wait| wait.to.is_none());
        match (&marked.marker, open) {
            (Marker::Waiting { third }, open) => {
                if let Some(before) = open {
                    before.to = Some(marked.at);
                }
                waits.push(ThirdPartyWait {
                    third: third.clone(),
                    from: marked.at,
                    to: None,
                    proof: vec![marked],
                });
            }
            (Marker::Reminded { .. }, Some(wait)) => wait.proof.push(marked),
            (Marker::Reminded { .. }, None) => {}
            (_, Some(wait)) => {
                wait.to = Some(marked.at);
                wait.proof.push(marked);
            }
            (_, None) => {}
        }
    }
    waits
}

names!(BoardState {
    New => "new",
    Accepted => "accepted",
    Waiting => "waiting",
    SentBack => "sent_back",
    Done => "done",
});

#[cfg(test)]
mod tests;
