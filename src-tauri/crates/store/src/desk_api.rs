//! The store's answers about the desk: outbox, drafts, attachments, kept views, settings.
//!
//! Order matters: the desk commits first (the words are safe), then the view is computed again from the desk while the
//! mirror's writer is held, so that the last one to write has seen everything. No transaction spans both files; after a
//! crash between the two, opening computes the view again.

use crate::{
    Accepted, ChangeSet, Draft, OutboxCounts, Repeated, Resolution, SavedView, Store, StoreError, Submission,
    TakenBack, desk,
    view::{read_desk, write_desk},
};
use guichet_domain::{
    BlobHash, OperationId, TicketId,
    document::Attachment,
    outbox::{EntryState, Failure, Gate, OutboxEntry, Receipt},
};
use jiff::Timestamp;
use sqlx::Connection;

impl Store {
    /// Accepts operations on one lane, in one durable transaction with their attachments and the removal of the draft they
    /// came from; then refreshes the lane's view. When this returns, the words are safe. `lane` `None` with a
    /// `CreateTicket` first allots a local (negative) ticket number.
    pub async fn submit(&self, submission: Submission, now: Timestamp) -> Result<Accepted, StoreError> {
        let (lane, entries) = {
            let known = match submission.lane {
                Some(lane) => self.is_known(lane).await?,
                None => true,
            };
            write_desk!(self, |connection| {
                let (lane, entries) = desk::outbox::submit(connection, &submission, known, now).await?;
                self.mark_stale([lane.0]);
                (lane, entries)
            })?
        };
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(Accepted { lane, entries, changes })
    }

    /// Accepts several submissions in one durable transaction. What one of them breaks refuses that one alone, as
    /// `Invalid`; answered in their order.
    pub async fn submit_all(
        &self,
        submissions: &[Submission],
        now: Timestamp,
    ) -> Result<Vec<Result<Accepted, StoreError>>, StoreError> {
        let mut known = Vec::with_capacity(submissions.len());
        for submission in submissions {
            known.push(match submission.lane {
                Some(lane) => self.is_known(lane).await?,
                None => true,
            });
        }
        let outcomes = write_desk!(self, |connection| {
            let mut outcomes = Vec::with_capacity(submissions.len());
            for (submission, known) in submissions.iter().zip(known) {
                let mut part = connection.begin().await?;
                match desk::outbox::submit(&mut part, submission, known, now).await {
                    Ok((lane, entries)) => {
                        part.commit().await?;
                        outcomes.push(Ok((lane, entries)));
                    }
                    Err(error @ StoreError::Invalid { .. }) => {
                        part.rollback().await?;
                        outcomes.push(Err(error));
                    }
                    Err(error) => return Err(error),
                }
            }
            self.mark_stale(outcomes.iter().flatten().map(|(lane, _)| lane.0));
            outcomes
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(outcomes
            .into_iter()
            .map(|outcome| {
                outcome.map(|(lane, entries)| Accepted {
                    lane,
                    entries,
                    // All of them are told at once.
                    changes: changes.clone(),
                })
            })
            .collect())
    }

    /// The entries that may move now: the head of each lane (the first pending entry) if it is queued and due, or in
    /// doubt and its probe due. Oldest first, at most `limit`.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        Ok(desk::outbox::due(&*self.pending().await?, now, limit))
    }

    /// The earliest instant at which some lane's head becomes due, if any waits for one.
    pub async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(desk::outbox::next_due(&*self.pending().await?))
    }

    /// Marks a head in flight and counts the attempt, durably, **before** any request. Fails with `StateChanged` when the
    /// entry is no longer queued (cancelled or edited meanwhile).
    pub async fn begin_attempt(&self, id: OperationId, now: Timestamp) -> Result<OutboxEntry, StoreError> {
        write_desk!(self, |connection| desk::outbox::begin_attempt(connection, id, now)
            .await?)
    }

    /// InFlight or InDoubt → Sent. For a `CreateTicket`, maps the local number to `receipt.ticket` and moves the lane's
    /// remaining entries and drafts to it, in the same transaction.
    pub async fn mark_sent(&self, id: OperationId, receipt: &Receipt, now: Timestamp) -> Result<ChangeSet, StoreError> {
        let sent = write_desk!(self, |connection| {
            let sent = desk::outbox::mark_sent(connection, id, receipt, now).await?;
            self.mark_stale([sent.entry.lane.0]);
            self.mark_stale(sent.renumbered.map(|(_, remote)| remote.0));
            sent
        })?;
        if let Some((local, remote)) = sent.renumbered {
            self.keep_provisional(&sent.entry, local, remote).await?;
        }
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        changes.renumbered.extend(sent.renumbered);
        Ok(changes)
    }

    /// InFlight/InDoubt → any state the machine allows (Queued, InDoubt, Wedged), with why the last attempt failed.
    /// Wedging as `DependencyDiscarded` etc. also goes through here. Illegal transitions are an error.
    pub async fn set_state(
        &self,
        id: OperationId,
        state: EntryState,
        error: Option<&Failure>,
    ) -> Result<ChangeSet, StoreError> {
        write_desk!(self, |connection| {
            let entry = desk::outbox::set_state(connection, id, &state, error).await?;
            self.mark_stale([entry.lane.0]);
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(changes)
    }

    /// InFlight → Queued, and the attempt does not count: it met no network, a server that takes nothing now, or a session
    /// that is not one any more. Until this is written the attempt counts, so that an entry over which the process dies
    /// cannot be tried for ever unseen.
    pub async fn take_back_attempt(&self, id: OperationId, error: &Failure) -> Result<ChangeSet, StoreError> {
        write_desk!(self, |connection| {
            let entry = desk::outbox::take_back_attempt(connection, id, error).await?;
            self.mark_stale([entry.lane.0]);
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(changes)
    }

    /// A person's way out of a wedged, queued or in-doubt entry.
    pub async fn resolve(
        &self,
        id: OperationId,
        resolution: Resolution,
        now: Timestamp,
    ) -> Result<ChangeSet, StoreError> {
        write_desk!(self, |connection| {
            let entry = desk::resolve::resolve(connection, id, &resolution, now).await?;
            self.mark_stale([entry.lane.0]);
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(changes)
    }

    /// Takes back what was submitted and has not left, all of it or nothing, in one durable transaction: it never leaves, and
    /// the drafts it came from are drafts again. With an entry goes everything that was submitted together with it. Fails with
    /// `AlreadyLeft` once a request for any of it may have left this machine.
    pub async fn take_back(&self, ids: &[OperationId], now: Timestamp) -> Result<TakenBack, StoreError> {
        let (entries, drafts) = write_desk!(self, |connection| {
            let taken = desk::resolve::take_back(connection, ids, now).await?;
            self.mark_stale(taken.0.iter().map(|entry| entry.lane.0));
            taken
        })?;
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(TakenBack {
            operations: entries.into_iter().map(|entry| entry.id).collect(),
            drafts,
            changes,
        })
    }

    /// Entries: pending only, or all, oldest first; of one lane or of all.
    pub async fn outbox(&self, lane: Option<TicketId>, all: bool) -> Result<Vec<OutboxEntry>, StoreError> {
        if all {
            return read_desk!(self, |connection| desk::outbox::list(connection, lane).await?);
        }
        let lane = match lane {
            Some(lane) => Some(self.resolve_ticket(lane).await?),
            None => None,
        };
        Ok(desk::outbox::waiting(&*self.pending().await?, lane))
    }

    /// One entry.
    pub async fn entry(&self, id: OperationId) -> Result<Option<OutboxEntry>, StoreError> {
        read_desk!(self, |connection| desk::outbox::entry(connection, id).await?)
    }

    /// Pending, wedged and in-doubt counts.
    pub async fn outbox_counts(&self) -> Result<OutboxCounts, StoreError> {
        Ok(desk::outbox::counts(&*self.pending().await?))
    }

    /// `(operation, remote_id)` of every **sent** entry of a lane: rows at the backend that are known to be ours.
    pub async fn sent_rows(&self, lane: TicketId) -> Result<Vec<(OperationId, i64)>, StoreError> {
        read_desk!(self, |connection| desk::outbox::sent_rows(connection, lane).await?)
    }

    /// `remote ticket ids` of every sent creation: rows a probe of a creation must not take.
    pub async fn created_tickets(&self) -> Result<Vec<TicketId>, StoreError> {
        read_desk!(self, |connection| desk::outbox::created_tickets(connection).await?)
    }

    /// What was sent last, newest first.
    pub async fn last_sent(&self, limit: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        read_desk!(self, |connection| desk::restored::last_sent(connection, limit).await?)
    }

    /// Whether a row of the backend that became of `entry` has the number of another operation's row of the same table: numbers are
    /// given once, unless the backend was put back to an earlier state.
    pub async fn number_given_before(&self, entry: &OutboxEntry, receipt: &Receipt) -> Result<bool, StoreError> {
        read_desk!(self, |connection| {
            desk::restored::given_before(connection, entry, receipt).await?
        })
    }

    /// The person decided about what a restored server lost: in one durable transaction the words are accepted once more (under new
    /// identities, `again`) or left, what waited for a ticket that is gone follows it or is wedged as gone, the lost numbers are
    /// nobody's any more, and the gate opens. Answers what was accepted. Without a restored gate nothing happens: the answer counts once.
    pub async fn go_on_after_restore(
        &self,
        lost: &[OperationId],
        again: bool,
        now: Timestamp,
    ) -> Result<Vec<Repeated>, StoreError> {
        let repeated = write_desk!(self, |connection| {
            let (repeated, lanes) = desk::restored::go_on(connection, lost, again, now).await?;
            self.mark_stale(lanes);
            repeated
        })?;
        self.refresh_stale().await?;
        Ok(repeated)
    }

    /// The backend's number of a ticket created here, once known (identity for a positive number).
    pub async fn resolve_ticket(&self, id: TicketId) -> Result<TicketId, StoreError> {
        if !id.is_local() {
            return Ok(id);
        }
        read_desk!(self, |connection| desk::outbox::resolve(connection, id).await?)
    }

    /// The persisted gate.
    pub async fn gate(&self) -> Result<Gate, StoreError> {
        read_desk!(self, |connection| desk::settings::gate(connection).await?)
    }

    /// Persists the gate.
    pub async fn set_gate(&self, gate: &Gate) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::settings::set_gate(connection, gate).await?)
    }

    /// Keeps a file's bytes durably (deduplicated by hash) so that a draft or an operation can refer to them.
    pub async fn keep_attachment(&self, filename: &str, mime: &str, bytes: &[u8]) -> Result<Attachment, StoreError> {
        write_desk!(self, |connection| desk::attachments::keep(
            connection, filename, mime, bytes
        )
        .await?)
    }

    /// An attachment's bytes.
    pub async fn attachment(&self, blob: &BlobHash) -> Result<Option<Vec<u8>>, StoreError> {
        read_desk!(self, |connection| desk::attachments::bytes(connection, blob).await?)
    }

    /// Saves a draft durably, replacing the one under the same key. Called at every keystroke.
    pub async fn save_draft(&self, draft: &Draft) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::drafts::save(connection, draft).await?)
    }

    /// Drafts, newest first.
    pub async fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        read_desk!(self, |connection| desk::drafts::all(connection).await?)
    }

    /// One draft.
    pub async fn draft(&self, key: &str) -> Result<Option<Draft>, StoreError> {
        read_desk!(self, |connection| desk::drafts::get(connection, key).await?)
    }

    /// What is being typed on a ticket, newest first.
    pub async fn drafts_of(&self, ticket: TicketId) -> Result<Vec<Draft>, StoreError> {
        read_desk!(self, |connection| desk::drafts::of(connection, ticket).await?)
    }

    /// The draft under a key; where there is none, the newest of the same kind (what stands before the key's colon) on the
    /// ticket.
    pub async fn find_draft(&self, key: &str, ticket: Option<TicketId>) -> Result<Option<Draft>, StoreError> {
        read_desk!(self, |connection| desk::drafts::find(connection, key, ticket).await?)
    }

    /// Forgets a draft.
    pub async fn delete_draft(&self, key: &str) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::drafts::delete(connection, key).await?)
    }

    /// The views somebody keeps, in their order.
    pub async fn saved_views(&self) -> Result<Vec<SavedView>, StoreError> {
        read_desk!(self, |connection| desk::views::all(connection).await?)
    }

    /// Keeps a view durably, replacing the one of that identity; at a place (from 0) among the others, else where it was, or
    /// last. Answers all of them. Refused with a code of its own when it has no name, one that is too long or taken, or when
    /// there are [`SavedView::MOST`] already.
    pub async fn save_view(&self, view: &SavedView, place: Option<u32>) -> Result<Vec<SavedView>, StoreError> {
        write_desk!(self, |connection| {
            desk::views::save(connection, view, place).await?;
            desk::views::all(connection).await?
        })
    }

    /// Forgets a view; answers the others. Keeping it again at its place undoes it.
    pub async fn delete_view(&self, id: &str) -> Result<Vec<SavedView>, StoreError> {
        write_desk!(self, |connection| {
            desk::views::delete(connection, id).await?;
            desk::views::all(connection).await?
        })
    }

    /// A setting of this profile (JSON text).
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        read_desk!(self, |connection| desk::settings::get(connection, key).await?)
    }

    /// Writes a setting.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        write_desk!(self, |connection| desk::settings::set(connection, key, value).await?)
    }
}
