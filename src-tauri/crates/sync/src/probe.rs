//! Operations in doubt: read back before anything is sent again.
//!
//! "It is not there" is believed only when it was read after the server's longest processing time had passed since the
//! **last** request that may have been applied: until then the request may still be under way; and, for a row that does not
//! hang on a ticket, only while the account sees what it saw then (`sight.rs`).

use crate::{Engine, SyncError, backoff, pump::Moved, sight::has_a_place_of_its_own, time};
use guichet_backend::{BackendError, Outgoing, Presence, Probe, Retry};
use guichet_domain::{
    TicketId,
    operation::{AttachTo, Operation},
    outbox::{EntryState, OutboxEntry, WedgeReason},
    record::{Collection, Departure},
    rich_text::RichText,
    ticket::Party,
    timeline::{EntryKey, EntryKind},
};
use guichet_store::ChangeSet;
use jiff::Timestamp;

/// How many of the operations sent last are looked through for one whose number may have been given again.
const RECENT: u32 = 500;

impl Engine {
    /// One look at an entry in doubt since `since`.
    pub(crate) async fn look(
        &self,
        entry: OutboxEntry,
        since: Timestamp,
        changes: &mut ChangeSet,
    ) -> Result<Moved, SyncError> {
        let looked_at = self.clock.now();
        let decided_at = time::after(since, self.settings.longest_processing);
        let decisive = looked_at >= decided_at;
        let outgoing = match self.outgoing(&entry, entry.first_attempt_at).await? {
            Ok(outgoing) => outgoing,
            Err(reason) => {
                self.settle(&entry, EntryState::Wedged { reason }, None, changes)
                    .await?;
                return Ok(Moved::Wedged);
            }
        };
        self.steps.reached("probe.asking").await;
        let pass = self.pass();
        let mut outcome = self.backend.probe(&outgoing).await;
        self.steps.reached("probe.answered").await;
        if decisive && matches!(outcome, Ok(Probe::Absent)) && has_a_place_of_its_own(&entry.operation) {
            outcome = match self.backend.sight().await {
                Ok(sight) if self.may_be_out_of_sight(&entry, &sight).await? => Ok(Probe::Undecidable),
                Ok(_) => Ok(Probe::Absent),
                Err(error) => Err(error),
            };
        }
        let error = outcome.as_ref().err().map(BackendError::failure);
        let state = match &outcome {
            Ok(Probe::Applied(receipt)) => {
                let moved = self.arrived(&entry, receipt, changes).await?;
                self.note(pass, &outcome).await?;
                return Ok(moved);
            }
            Ok(Probe::Absent) if decisive => self.certainly_absent(&entry),
            Ok(Probe::Undecidable) if decisive => EntryState::Wedged {
                reason: WedgeReason::Undetermined,
            },
            Ok(Probe::Absent | Probe::Undecidable) => self.look_again(since, decided_at),
            Err(error) if error.retry() == Retry::Permanent && decisive => EntryState::Wedged {
                reason: self.unreadable(&entry, error).await?,
            },
            // Offline, busy, signed out: it stays in doubt, and the gate tells when to look again.
            Err(_) => self.look_again(since, decided_at),
        };
        let wedged = matches!(state, EntryState::Wedged { .. });
        self.settle(&entry, state, error.as_ref(), changes).await?;
        self.note(pass, &outcome).await?;
        Ok(if wedged { Moved::Wedged } else { Moved::Waits })
    }

    /// In doubt for a while longer; the look that decides is not put off.
    fn look_again(&self, since: Timestamp, decided_at: Timestamp) -> EntryState {
        let now = self.clock.now();
        let next = time::after(now, backoff::next_look(time::until(since, now)));
        EntryState::InDoubt {
            since,
            not_before: Some(if now < decided_at { next.min(decided_at) } else { next }),
        }
    }

    /// It never arrived: it may be sent again, unless the server broke over it too often.
    fn certainly_absent(&self, entry: &OutboxEntry) -> EntryState {
        if self.strikes(entry.id) >= self.settings.max_attempts {
            return EntryState::Wedged {
                reason: WedgeReason::TooManyAttempts {
                    message: entry
                        .last_error
                        .as_ref()
                        .map(|failure| failure.detail.clone())
                        .unwrap_or_default(),
                },
            };
        }
        EntryState::Queued { not_before: None }
    }

    /// Reading back is refused. Only a ticket that is gone for good makes it certain that sending again can do no harm.
    async fn unreadable(&self, entry: &OutboxEntry, error: &BackendError) -> Result<WedgeReason, SyncError> {
        if matches!(error, BackendError::NotFound) && !entry.lane.is_local() {
            let pass = self.pass();
            let presence = self.backend.presence(Collection::Tickets, entry.lane.0).await;
            self.note(pass, &presence).await?;
            if let Ok(Presence::Left(Departure::Purged)) = presence {
                return Ok(WedgeReason::Gone);
            }
        }
        Ok(WedgeReason::Undetermined)
    }

    /// What the adapter needs to send or to probe an entry, or why it can never be sent as it is.
    pub(crate) async fn outgoing(
        &self,
        entry: &OutboxEntry,
        first_attempt_at: Option<Timestamp>,
    ) -> Result<Result<Outgoing, WedgeReason>, SyncError> {
        let creation = matches!(entry.operation, Operation::CreateTicket { .. });
        let ticket = if creation {
            None
        } else {
            let ticket = self.db(self.store.resolve_ticket(entry.lane)).await?;
            if ticket.is_local() {
                // Its creation was given up.
                return Ok(Err(WedgeReason::DependencyDiscarded));
            }
            Some(ticket)
        };
        let mut outgoing = Outgoing {
            id: entry.id,
            ticket,
            operation: entry.operation.clone(),
            written_at: entry.created_at,
            first_attempt_at,
            content: None,
            attach_to: None,
            claimed: self.claimed(entry, ticket).await?,
        };
        if let Operation::UploadDocument { attachment, attach_to } = &entry.operation {
            match self.db(self.store.attachment(&attachment.blob)).await? {
                Some(bytes) => outgoing.content = Some(bytes.into()),
                None => {
                    return Ok(Err(WedgeReason::Invalid {
                        message: format!("the bytes of {} are not kept here any more", attachment.filename),
                    }));
                }
            }
            if let AttachTo::Operation { id } = attach_to {
                let parent = self.db(self.store.entry(*id)).await?;
                match parent.map(|parent| {
                    (
                        parent.state.clone(),
                        parent.remote_id,
                        timeline_table(&parent.operation),
                    )
                }) {
                    // A parent whose row is not known (a person said that it arrived): the ticket is the nearest place.
                    Some((EntryState::Sent { .. }, row, table)) => {
                        outgoing.attach_to = row.zip(table).map(|(id, kind)| EntryKey { kind, id });
                    }
                    _ => return Ok(Err(WedgeReason::DependencyDiscarded)),
                }
            }
        }
        Ok(Ok(outgoing))
    }

    /// Rows of the same table that are known to be other operations of ours and that could be taken for this one. A row that can only
    /// be this one by its words does not belong to an operation with other words, whatever its number: a server that was brought back
    /// from a backup gives numbers out again, and what looks like another's row would be written a second time.
    async fn claimed(&self, entry: &OutboxEntry, ticket: Option<TicketId>) -> Result<Vec<i64>, SyncError> {
        let Some(ticket) = ticket else {
            let sent = self.db(self.store.last_sent(RECENT)).await?;
            let mut claimed: Vec<i64> = self
                .db(self.store.created_tickets())
                .await?
                .into_iter()
                .map(|id| id.0)
                .collect();
            let with_other_words = |id: &i64| {
                let mut tickets = sent
                    .iter()
                    .filter(|other| matches!(other.operation, Operation::CreateTicket { .. }));
                tickets
                    .any(|other| other.remote_id == Some(*id) && !may_be_taken_for(&other.operation, &entry.operation))
            };
            claimed.retain(|id| !with_other_words(id));
            return Ok(claimed);
        };
        let Some(table) = table(&entry.operation) else {
            return Ok(Vec::new());
        };
        let lane = self.db(self.store.outbox(Some(ticket), true)).await?;
        Ok(lane
            .iter()
            .filter(|other| other.id != entry.id && self::table(&other.operation) == Some(table))
            .filter(|other| may_be_taken_for(&other.operation, &entry.operation))
            .filter_map(|other| other.remote_id)
            .collect())
    }
}

/// Whether the row of one operation can be taken for that of another of the same table. Words are compared as a probe compares them;
/// titles are not, which a server may cut.
fn may_be_taken_for(one: &Operation, other: &Operation) -> bool {
    match (words(one), words(other)) {
        (Some(one), Some(other)) => one.is_empty() || other.is_empty() || one.fingerprint() == other.fingerprint(),
        _ => true,
    }
}

/// The words by which an operation's row is recognised.
fn words(operation: &Operation) -> Option<&RichText> {
    match operation {
        Operation::CreateTicket { ticket } => Some(&ticket.description),
        Operation::AddFollowup { body, .. }
        | Operation::AddSolution { body, .. }
        | Operation::AnswerSolution { body, .. }
        | Operation::Reopen { body }
        | Operation::ProposeArticle { body, .. } => Some(body),
        _ => None,
    }
}

/// The kind of row an operation creates; rows of different tables may have the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    Timeline(EntryKind),
    Document,
    Person,
    Group,
    Article,
    Asset,
    Ticket,
    ArticleDraft,
}

fn table(operation: &Operation) -> Option<Table> {
    if let Some(kind) = timeline_table(operation) {
        return Some(Table::Timeline(kind));
    }
    match operation {
        Operation::UploadDocument { .. } => Some(Table::Document),
        Operation::Assign { actor } | Operation::Unassign { actor } => Some(match actor.party {
            Party::Group { .. } => Table::Group,
            Party::User { .. } | Party::Email { .. } => Table::Person,
        }),
        Operation::LinkArticle { .. } => Some(Table::Article),
        Operation::LinkAsset { .. } => Some(Table::Asset),
        Operation::LinkTicket { .. } => Some(Table::Ticket),
        Operation::ProposeArticle { .. } => Some(Table::ArticleDraft),
        _ => None,
    }
}

/// The timeline's table an operation writes in, if it writes there.
fn timeline_table(operation: &Operation) -> Option<EntryKind> {
    match operation {
        Operation::AddFollowup { .. } | Operation::AnswerSolution { .. } | Operation::Reopen { .. } => {
            Some(EntryKind::Followup)
        }
        Operation::AddTask { .. } => Some(EntryKind::Task),
        Operation::AddSolution { .. } => Some(EntryKind::Solution),
        _ => None,
    }
}
