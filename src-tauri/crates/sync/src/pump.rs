//! The outbox pump: operations go out lane by lane, and each is counted, durably, **before** its request is made.
//!
//! A lane is strictly first in, first out and never has two requests under way; lanes go on beside each other up to the
//! configured concurrency. A reply that never came leaves the entry in doubt: it is probed (`probe.rs`) before it is ever
//! sent again. The ticket is read back after a write, and the window is told of both at once, so that a message does not
//! vanish between leaving the outbox and arriving in the timeline.

use crate::{Engine, SyncError, backoff, engine::merge, gate::Pass, time};
use futures::{StreamExt, stream::FuturesUnordered};
use guichet_backend::{BackendError, Delivery, Retry};
use guichet_domain::{
    OperationId, TicketId,
    operation::Operation,
    outbox::{EntryState, Failure, OutboxEntry, Receipt, WedgeReason},
};
use guichet_store::{ChangeSet, StoreError};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Entries of one lane sent in a row before its ticket is read back.
const RUN_LENGTH: u32 = 20;

/// What the pump remembers between rounds. Losing it (a restart) costs patience, never correctness.
#[derive(Debug, Default)]
pub(crate) struct PumpMemory {
    /// Attempts that this engine began and whose outcome is not recorded yet, with their start. What is left of them when
    /// a drain begins was abandoned (a failed write, a round dropped half-way) and is in doubt.
    begun: BTreeMap<OperationId, Timestamp>,
    /// Unexplained failures of an entry while the server answered others.
    strikes: BTreeMap<OperationId, Strikes>,
    /// Tickets to read back, where reading failed.
    stale: BTreeSet<TicketId>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Strikes {
    count: u32,
    /// The server's answers counted at the last one.
    answers: u64,
}

/// What became of one look at a lane's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moved {
    /// The backend has it; the ticket is known by this number.
    Sent(TicketId),
    /// A person must decide.
    Wedged,
    /// It may go on later, or at once if it is queued without a date.
    Waits,
    /// Somebody else moved it meanwhile.
    Skipped,
}

/// Where a failed attempt leaves its entry.
enum AfterFailure {
    /// As it was: the gate waits.
    GateWaits,
    /// In this state.
    Entry(EntryState),
}

/// A drive along one lane.
#[derive(Debug, Default)]
struct Drive {
    sent: u32,
    changes: ChangeSet,
    read_back: BTreeSet<TicketId>,
    /// Nothing could be done although the head was due.
    idle: bool,
}

impl Engine {
    /// Sends what is due until nothing is, or the gate closes. Returns how many operations are known to have arrived.
    pub(crate) async fn drain(&self, round: Pass) -> Result<u32, SyncError> {
        self.recover_abandoned().await?;
        let mut sent = 0;
        let mut failure = None;
        let mut busy = BTreeSet::new();
        let mut lanes = FuturesUnordered::new();
        loop {
            if failure.is_none() && !self.closed_since(round) {
                let width = if self.gate_is_open() {
                    self.settings.concurrency.max(1)
                } else {
                    1
                };
                if lanes.len() < width {
                    let limit = u32::try_from(width + busy.len()).unwrap_or(u32::MAX);
                    match self.db(self.store.due(self.clock.now(), limit)).await {
                        Ok(due) => {
                            for entry in due {
                                if lanes.len() < width && busy.insert(entry.lane) {
                                    lanes.push(self.drive_lane(entry, round));
                                }
                            }
                        }
                        Err(error) => failure = Some(error.into()),
                    }
                }
            }
            // A lane under way is never dropped: its request may be at the server.
            match lanes.next().await {
                Some((lane, Ok(drive))) => {
                    sent += drive.sent;
                    if !drive.idle {
                        busy.remove(&lane);
                    }
                }
                Some((_, Err(error))) => failure = failure.or(Some(error)),
                None => break,
            }
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        self.read_back_stale(round).await?;
        Ok(sent)
    }

    /// Drives one lane from its head as far as it goes now, then reads its ticket back and tells the window.
    async fn drive_lane(&self, head: OutboxEntry, round: Pass) -> (TicketId, Result<Drive, SyncError>) {
        let lane = head.lane;
        let mut drive = Drive::default();
        let moved = self.move_along(head, round, &mut drive).await;
        let read = self.read_back(&mut drive).await;
        self.publish(std::mem::take(&mut drive.changes));
        let published = self.publish_status().await;
        (lane, moved.and(read).and(published).map(|()| drive))
    }

    async fn move_along(&self, head: OutboxEntry, round: Pass, drive: &mut Drive) -> Result<(), SyncError> {
        let mut next = Some(head);
        let mut run = 0;
        while let Some(entry) = next.take() {
            let mut lane = entry.lane;
            match self.move_entry(entry, drive).await? {
                Moved::Sent(ticket) => {
                    drive.sent += 1;
                    drive.read_back.insert(ticket);
                    lane = ticket;
                }
                Moved::Wedged => {
                    // What the server has now explains the refusal.
                    drive.read_back.insert(lane);
                    break;
                }
                Moved::Waits => {}
                Moved::Skipped => {
                    drive.idle = run == 0;
                    break;
                }
            }
            run += 1;
            if run < RUN_LENGTH && !self.closed_since(round) {
                next = self.due_head(lane).await?;
            }
        }
        Ok(())
    }

    /// The lane's head, if it may move now.
    async fn due_head(&self, lane: TicketId) -> Result<Option<OutboxEntry>, SyncError> {
        let now = self.clock.now();
        let waiting = self.db(self.store.outbox(Some(lane), false)).await?;
        if waiting.iter().any(|entry| entry.state == EntryState::InFlight) {
            // The lane of a ticket created here joined one that is driven already: that one goes on.
            return Ok(None);
        }
        let head = waiting.into_iter().next();
        Ok(head.filter(|head| head.is_due(now)))
    }

    async fn move_entry(&self, entry: OutboxEntry, drive: &mut Drive) -> Result<Moved, SyncError> {
        // See `Engine::creating`.
        let _creating = if matches!(entry.operation, Operation::CreateTicket { .. }) {
            Some(self.creating.lock().await)
        } else {
            None
        };
        let moved = match entry.state {
            EntryState::Queued { .. } => self.attempt(entry, &mut drive.changes).await,
            EntryState::InDoubt { since, .. } => self.look(entry, since, &mut drive.changes).await,
            _ => Ok(Moved::Skipped),
        };
        match moved {
            // A person resolved it while the request was under way; what they decided stands.
            Err(SyncError::Store(StoreError::StateChanged { id, actual })) => {
                tracing::warn!(%id, actual, "an entry changed state under way");
                self.pump.lock().begun.remove(&id);
                Ok(Moved::Skipped)
            }
            moved => moved,
        }
    }

    /// One request, counted before it is made.
    async fn attempt(&self, entry: OutboxEntry, changes: &mut ChangeSet) -> Result<Moved, SyncError> {
        let started = self.clock.now();
        let tried_before = entry.first_attempt_at;
        self.steps.reached("attempt.due").await;
        let entry = self.db(self.store.begin_attempt(entry.id, started)).await?;
        self.pump.lock().begun.insert(entry.id, started);
        self.steps.reached("attempt.begun").await;
        let outgoing = match self.outgoing(&entry, tried_before).await? {
            Ok(outgoing) => outgoing,
            Err(reason) => {
                self.settle(&entry, EntryState::Wedged { reason }, None, changes)
                    .await?;
                return Ok(Moved::Wedged);
            }
        };
        self.steps.reached("attempt.sending").await;
        let pass = self.pass();
        let outcome = self.backend.send(&outgoing).await;
        self.steps.reached("attempt.answered").await;
        let moved = match &outcome {
            Ok(receipt) => self.arrived(&entry, receipt, changes).await?,
            Err(error) => match self.after_failure(&entry, error, started) {
                AfterFailure::GateWaits => {
                    self.take_back(&entry, &error.failure(), changes).await?;
                    Moved::Waits
                }
                AfterFailure::Entry(state) => {
                    let moved = match state {
                        EntryState::Wedged { .. } => Moved::Wedged,
                        _ => Moved::Waits,
                    };
                    self.settle(&entry, state, Some(&error.failure()), changes).await?;
                    moved
                }
            },
        };
        self.note(pass, &outcome).await?;
        Ok(moved)
    }

    /// The backend has the operation.
    pub(crate) async fn arrived(
        &self,
        entry: &OutboxEntry,
        receipt: &Receipt,
        changes: &mut ChangeSet,
    ) -> Result<Moved, SyncError> {
        let sent = self
            .db(self.store.mark_sent(entry.id, receipt, self.clock.now()))
            .await?;
        merge(changes, sent);
        {
            let mut pump = self.pump.lock();
            pump.begun.remove(&entry.id);
            pump.strikes.remove(&entry.id);
        }
        self.steps.reached("entry.sent").await;
        if self.was_given_before(entry, receipt).await? {
            self.freeze().await?;
        }
        Ok(Moved::Sent(receipt.ticket.unwrap_or(entry.lane)))
    }

    /// Records where an entry stands now.
    pub(crate) async fn settle(
        &self,
        entry: &OutboxEntry,
        state: EntryState,
        error: Option<&Failure>,
        changes: &mut ChangeSet,
    ) -> Result<(), SyncError> {
        tracing::debug!(id = %entry.id, lane = %entry.lane, state = state.name(), ?error, "entry");
        let wedged = matches!(state, EntryState::Wedged { .. });
        let settled = self.db(self.store.set_state(entry.id, state, error)).await?;
        merge(changes, settled);
        {
            let mut pump = self.pump.lock();
            pump.begun.remove(&entry.id);
            if wedged {
                pump.strikes.remove(&entry.id);
            }
        }
        self.steps.reached("entry.settled").await;
        Ok(())
    }

    /// The attempt never began to be one: no network, a server that takes nothing now, a session that ended. The gate waits,
    /// not the entry, and a person who counts attempts counts what the server may have seen.
    async fn take_back(&self, entry: &OutboxEntry, error: &Failure, changes: &mut ChangeSet) -> Result<(), SyncError> {
        tracing::debug!(id = %entry.id, lane = %entry.lane, ?error, "attempt taken back");
        let settled = self.db(self.store.take_back_attempt(entry.id, error)).await?;
        merge(changes, settled);
        self.pump.lock().begun.remove(&entry.id);
        self.steps.reached("entry.settled").await;
        Ok(())
    }

    /// Where a failed attempt leaves its entry.
    fn after_failure(&self, entry: &OutboxEntry, error: &BackendError, started: Timestamp) -> AfterFailure {
        let now = self.clock.now();
        let strikes = if is_unexplained(error) {
            self.strike(entry.id)
        } else {
            0
        };
        AfterFailure::Entry(match (error.delivery(), error.retry()) {
            (Delivery::MaybeSent, _) => EntryState::InDoubt {
                since: started,
                not_before: Some(time::after(now, backoff::next_look(std::time::Duration::ZERO))),
            },
            (_, Retry::Permanent) => EntryState::Wedged {
                reason: wedge_reason(&entry.operation, error),
            },
            _ if strikes >= self.settings.max_attempts => EntryState::Wedged {
                reason: WedgeReason::TooManyAttempts {
                    message: error.failure().detail,
                },
            },
            _ if strikes > 0 => {
                let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
                let pause = backoff::pause(strikes, min, max, &mut *self.rng.lock());
                EntryState::Queued {
                    not_before: Some(time::after(now, pause)),
                }
            }
            _ => return AfterFailure::GateWaits,
        })
    }

    /// Counts an unexplained failure of one entry, if the server answered anything else since its last one: a server that
    /// is down for everybody wedges nobody's words.
    fn strike(&self, id: OperationId) -> u32 {
        let answers = self.answers();
        let mut pump = self.pump.lock();
        let strikes = pump.strikes.entry(id).or_default();
        if strikes.count == 0 || answers > strikes.answers {
            strikes.count += 1;
        }
        strikes.answers = answers;
        strikes.count
    }

    /// How often an entry failed without explanation while the server was well.
    pub(crate) fn strikes(&self, id: OperationId) -> u32 {
        self.pump.lock().strikes.get(&id).map_or(0, |strikes| strikes.count)
    }

    /// Attempts without a recorded outcome are in doubt.
    async fn recover_abandoned(&self) -> Result<(), SyncError> {
        let abandoned = self.pump.lock().begun.clone();
        for (id, since) in abandoned {
            let entry = self.db(self.store.entry(id)).await?;
            if let Some(entry) = entry.filter(|entry| entry.state == EntryState::InFlight) {
                let mut changes = ChangeSet::default();
                let state = EntryState::InDoubt {
                    since,
                    not_before: None,
                };
                let interrupted = Failure {
                    code: Failure::INTERRUPTED.to_owned(),
                    detail: String::new(),
                };
                self.settle(&entry, state, Some(&interrupted), &mut changes).await?;
                self.publish(changes);
            }
            self.pump.lock().begun.remove(&id);
        }
        Ok(())
    }

    async fn read_back(&self, drive: &mut Drive) -> Result<(), SyncError> {
        for ticket in std::mem::take(&mut drive.read_back) {
            let ticket = self.db(self.store.resolve_ticket(ticket)).await?;
            if ticket.is_local() {
                continue;
            }
            match self.read_ticket(ticket).await {
                Ok(changes) => merge(&mut drive.changes, changes),
                Err(SyncError::Backend(error)) => {
                    tracing::debug!(%ticket, %error, "not read back yet");
                    self.pump.lock().stale.insert(ticket);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Tickets created here whose reading back was lost with the process are read back after all: one that was purged at
    /// once, or is out of sight, is in no list and would stay as it was written.
    pub(crate) async fn recall_unread(&self) -> Result<(), SyncError> {
        let unread = self.db(self.store.unread_tickets()).await?;
        self.pump.lock().stale.extend(unread);
        Ok(())
    }

    /// Reads back what could not be read back before.
    async fn read_back_stale(&self, round: Pass) -> Result<(), SyncError> {
        if self.closed_since(round) || !self.gate_is_open() {
            return Ok(());
        }
        let mut drive = Drive {
            read_back: std::mem::take(&mut self.pump.lock().stale),
            ..Drive::default()
        };
        self.read_back(&mut drive).await?;
        self.publish(drive.changes);
        Ok(())
    }
}

/// A failure that may be this entry's own: the server broke over it, or answered nonsense. Being told to wait is not.
fn is_unexplained(error: &BackendError) -> bool {
    match error {
        BackendError::Transient { status, .. } => *status != 429,
        BackendError::Protocol { .. } => true,
        _ => false,
    }
}

/// What a refusal means to a person.
fn wedge_reason(operation: &Operation, error: &BackendError) -> WedgeReason {
    match (error, operation) {
        (BackendError::Forbidden { message }, _) => WedgeReason::Forbidden {
            message: message.clone(),
        },
        (BackendError::NotFound, _) => WedgeReason::Gone,
        (BackendError::Closed, _) => WedgeReason::Closed,
        (BackendError::AlreadySolved, _) => WedgeReason::AlreadySolved,
        (BackendError::Conflict { field, theirs }, Operation::SetField { base, new, .. }) => WedgeReason::Conflict {
            field: *field,
            base: base.clone(),
            theirs: (**theirs).clone(),
            ours: new.clone(),
        },
        (BackendError::Invalid { message }, _) => WedgeReason::Invalid {
            message: message.clone(),
        },
        (error, _) => WedgeReason::Invalid {
            message: error.detail().to_owned(),
        },
    }
}
