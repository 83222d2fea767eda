//! A server that was put back to an earlier state of its own: noticed, and gone on from as a person decides.
//!
//! Nothing tells a client that a backup was brought back. What shows it is what no ordinary work brings about: a number given out a
//! second time; or rows that are gone from tickets whose own date went **back** (whoever deletes a row moves the date forward), on two
//! tickets, or on one while the newest numbers are gone as well. A purge takes the newest number and leaves every other date alone; a
//! colleague's deletion moves a date forward; a server's clock that is set back takes no row away. See `docs/reliability.md`.

use crate::{Engine, SyncError, engine::everything, pull::ReadingState, time};
use guichet_backend::{BackendError, Presence};
use guichet_domain::{
    TicketId, UserId,
    operation::Operation,
    outbox::{EntryState, OutboxEntry, Receipt},
    record::{Collection, Departure, TicketBundle},
    timeline::EntryKey,
};
use guichet_store::Repeated;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Tickets looked at afresh in a comparison, of those that changed last.
const LOOKED_AT: u32 = 4;

/// How far back it is asked what became of what was sent.
const SENT_LOOKED_AT: u32 = 200;

/// Whether the server is in an earlier state than the one known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// Nothing speaks for it.
    No,
    /// Something is odd; the mirror is read again.
    Perhaps,
    /// It is.
    Restored,
}

/// A ticket as it looked.
#[derive(Debug)]
pub(crate) struct Watched {
    ticket: TicketId,
    updated_at: Timestamp,
    rows: BTreeSet<EntryKey>,
}

/// What asking for a ticket showed.
#[derive(Debug)]
enum AsItIs {
    There(Box<TicketBundle>),
    /// Gone for good, with everything on it.
    Gone,
    /// In the bin, or not to be seen by this account.
    OutOfSight,
}

/// What becomes of words that a restored server lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterRestore {
    /// They are sent once more.
    SendAgain,
    /// They stay away; the outbox keeps them as sent.
    Leave,
}

/// An operation that had arrived and that the restored server does not have.
pub type LostWords = OutboxEntry;

impl Engine {
    /// Takes down how the tickets that changed last look, for the next comparison: what a backup does not have is what was done last, and
    /// the mirror itself may have read them again by then.
    pub(crate) async fn watch(&self) -> Result<Vec<Watched>, SyncError> {
        let mut watched = Vec::new();
        for ticket in self.db(self.store.latest_tickets(LOOKED_AT)).await? {
            if let Some(here) = self.db(self.store.mirrored_ticket(ticket)).await? {
                watched.push(Watched {
                    ticket,
                    updated_at: here.ticket.updated_at,
                    rows: here.timeline.iter().map(|entry| entry.key).collect(),
                });
            }
        }
        Ok(watched)
    }

    /// Looks for signs of a restored server in the tickets it lists (ascending), before anything here is removed for not being there.
    pub(crate) async fn earlier_state(&self, watched: &[Watched], there: &[i64]) -> Result<Earlier, SyncError> {
        let tolerance = self.settings.longest_processing;
        let (mut back, mut lost) = (0, 0);
        // As they looked at the last comparison, and as they are mirrored now: either may have been read again since.
        let mirrored = self.watch().await?;
        let newer = |known: &&Watched| {
            let other = mirrored.iter().find(|other| other.ticket == known.ticket);
            other.is_none_or(|other| other.updated_at < known.updated_at)
        };
        let earlier: Vec<&Watched> = watched.iter().filter(newer).collect();
        let again = |one: &&Watched| earlier.iter().any(|known| known.ticket == one.ticket);
        for known in earlier.iter().copied().chain(mirrored.iter().filter(|one| !again(one))) {
            if there.binary_search(&known.ticket.0).is_err() {
                continue;
            }
            let Some(now) = self.as_it_is(known.ticket).await? else {
                continue;
            };
            if time::after(now.ticket.updated_at, tolerance) < known.updated_at {
                back += 1;
                let rows: BTreeSet<EntryKey> = now.timeline.iter().map(|entry| entry.key).collect();
                lost += usize::from(!known.rows.is_subset(&rows));
            }
        }
        Ok(if lost >= 2 || lost == 1 && self.newest_is_gone(there).await? {
            Earlier::Restored
        } else if back > 0 {
            Earlier::Perhaps
        } else {
            Earlier::No
        })
    }

    /// Whether the highest number known here is above every one listed, and its ticket gone for good.
    async fn newest_is_gone(&self, there: &[i64]) -> Result<bool, SyncError> {
        let here = self.db(self.store.ids(Collection::Tickets)).await?;
        let created = self.db(self.store.created_tickets()).await?;
        let newest = here.into_iter().chain(created.into_iter().map(|id| id.0)).max();
        let Some(newest) = newest.filter(|newest| there.last().is_none_or(|last| newest > last)) else {
            return Ok(false);
        };
        self.is_gone_for_good(TicketId(newest)).await
    }

    /// Whether a ticket is neither to be seen nor in the bin nor merely out of sight.
    async fn is_gone_for_good(&self, ticket: TicketId) -> Result<bool, SyncError> {
        let pass = self.pass();
        let presence = self.backend.presence(Collection::Tickets, ticket.0).await;
        self.note(pass, &presence).await?;
        Ok(presence? == Presence::Left(Departure::Purged))
    }

    /// A ticket as the server has it; `None` where it is not there or not to be seen.
    async fn as_it_is(&self, ticket: TicketId) -> Result<Option<TicketBundle>, SyncError> {
        let pass = self.pass();
        let answer = self.backend.ticket(ticket).await;
        self.note(pass, &answer).await?;
        match answer {
            Ok(bundle) => Ok(Some(bundle)),
            Err(BackendError::NotFound | BackendError::Forbidden { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether an operation that just arrived was given the number of another one.
    pub(crate) async fn was_given_before(&self, entry: &OutboxEntry, receipt: &Receipt) -> Result<bool, SyncError> {
        Ok(self.db(self.store.number_given_before(entry, receipt)).await?)
    }

    /// Reads the mirror from nothing: what went back has an older date than the reading has passed.
    pub(crate) async fn read_anew(&self, reading: &mut ReadingState) -> Result<(), SyncError> {
        self.db(self.store.reset_mirror()).await?;
        self.steps.reached("mirror.reset").await;
        *reading = ReadingState::default();
        reading.load(self).await?;
        self.publish(everything());
        self.wake_soon();
        Ok(())
    }

    /// What was sent and is not at the server any more, the newest first: entries of timelines, documents and tickets. Fields, parts and
    /// links of tickets that are there are seen on the tickets as they are.
    ///
    /// # Errors
    /// What the server says, and the databases' own failures.
    pub async fn lost_words(&self) -> Result<Vec<LostWords>, SyncError> {
        let me = self.server_info().await.map(|info| info.user);
        let mut sent = self.db(self.store.last_sent(SENT_LOOKED_AT)).await?;
        sent.sort_by_key(|entry| std::cmp::Reverse((sent_at(entry), entry.seq)));
        let mut tickets: BTreeMap<TicketId, AsItIs> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        let mut lost: Vec<LostWords> = Vec::new();
        for entry in sent {
            let bundle = match tickets.get(&entry.lane) {
                Some(known) => known,
                None => {
                    let answer = match self.as_it_is(entry.lane).await? {
                        Some(bundle) => AsItIs::There(Box::new(bundle)),
                        None if self.is_gone_for_good(entry.lane).await? => AsItIs::Gone,
                        None => AsItIs::OutOfSight,
                    };
                    tickets.entry(entry.lane).or_insert(answer)
                }
            };
            let there = is_there(&entry, bundle, me)
                // Of two with the same number the later one is there.
                .map(|there| there && entry.remote_id.is_none_or(|id| numbers.insert((kind(&entry), id))));
            match there {
                Some(false) => lost.push(entry),
                // Sent before the state that was brought back: so is everything before it.
                Some(true) if !lost.is_empty() => break,
                _ => {}
            }
        }
        Ok(lost)
    }

    /// A person decided what becomes of what the restored server lost: the words are accepted once more or left, the gate opens, and the
    /// mirror is read again. Answers what was accepted.
    ///
    /// # Errors
    /// What the server says when it is asked what is lost, and the databases' own failures; nothing is decided then.
    pub async fn go_on(&self, answer: AfterRestore) -> Result<Vec<Repeated>, SyncError> {
        let mut reading = self.round_state().await;
        if !self.load_gate().await?.is_restored() {
            return Ok(Vec::new());
        }
        let lost: Vec<_> = self.lost_words().await?.into_iter().map(|entry| entry.id).collect();
        // First the mirror: a process that dies in between finds the gate shut and asks again.
        self.read_anew(&mut reading).await?;
        let again = answer == AfterRestore::SendAgain;
        let repeated = self
            .db(self.store.go_on_after_restore(&lost, again, self.clock.now()))
            .await?;
        self.steps.reached("gate.thawed").await;
        self.thaw();
        drop(reading);
        self.publish(everything());
        self.publish_status().await?;
        self.nudge();
        Ok(repeated)
    }
}

fn sent_at(entry: &OutboxEntry) -> Timestamp {
    match entry.state {
        EntryState::Sent { at } => at,
        _ => Timestamp::UNIX_EPOCH,
    }
}

/// The table a row is numbered in, as far as rows are looked for here.
fn kind(entry: &OutboxEntry) -> &'static str {
    match entry.operation {
        Operation::Reopen { .. } | Operation::AnswerSolution { .. } => "add_followup",
        _ => entry.operation.name(),
    }
}

/// Whether an operation's row is at the server; `None` where that cannot be told.
fn is_there(entry: &OutboxEntry, ticket: &AsItIs, me: Option<UserId>) -> Option<bool> {
    let bundle = match ticket {
        AsItIs::There(bundle) => bundle,
        // With the ticket; what made no row of its own is not listed.
        AsItIs::Gone => {
            let made_a_row = entry.remote_id.is_some() || matches!(entry.operation, Operation::CreateTicket { .. });
            return made_a_row.then_some(false);
        }
        // In the bin, or not to be seen any more: what is on it may be there all the same, and nobody asks for it twice.
        AsItIs::OutOfSight => return None,
    };
    if let Operation::CreateTicket { .. } = entry.operation {
        // A number given out again belongs to somebody else's ticket.
        return Some(bundle.ticket.recorder == me);
    }
    let id = entry.remote_id?;
    if let Some(kind) = entry.operation.creates() {
        return Some(bundle.timeline.iter().any(|row| row.key == EntryKey { kind, id }));
    }
    match entry.operation {
        Operation::UploadDocument { .. } => Some(bundle.documents.iter().any(|document| document.id.0 == id)),
        _ => None,
    }
}
