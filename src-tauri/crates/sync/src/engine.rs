//! The engine: one round after another, at an adaptive pace.
//!
//! A round is: gate? → drain the due lanes → pull pages, draining again between them → compare identities when due →
//! publish. The pump is in `pump.rs`, reading in `pull.rs` and `reconcile.rs`, the gate in `gate.rs`.

use crate::{
    RoundReport, Steps, SyncError, SyncEvent, SyncSettings, SyncStatus,
    gate::GateMemory,
    lock::Lock,
    poll::Pace,
    pull::ReadingState,
    pump::PumpMemory,
    status::{Rate, StatusMemory},
    time,
};
use guichet_backend::{Backend, BackendError, Clock, Presence, ServerInfo};
use guichet_domain::{
    DocumentId, TicketId,
    asset::{AssetKey, AssetReach},
    record::{Collection, Departure, Record, RecordKey, Removal},
};
use guichet_store::{Batch, ChangeSet, Store};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Mutex, Notify, broadcast, watch};

/// Where the last [`ServerInfo`] is kept for starts without a network.
const SERVER_INFO_SETTING: &str = "sync.server_info";

/// Changes a slow window may lag behind before it has to read everything again.
const EVENTS_KEPT: usize = 256;

/// The shortest pause between two rounds that nobody asked for, whatever the outbox says.
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// The engine of one profile.
pub struct Engine {
    pub(crate) store: Store,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) steps: Arc<dyn Steps>,
    pub(crate) settings: SyncSettings,
    pub(crate) rng: Lock<ChaCha8Rng>,
    pub(crate) gate: Lock<GateMemory>,
    pub(crate) pump: Lock<PumpMemory>,
    pub(crate) status: Lock<StatusMemory>,
    pub(crate) status_sender: watch::Sender<SyncStatus>,
    /// One creation at a time from its request to its receipt: two creations with the same words could otherwise take
    /// each other's ticket when they are probed.
    pub(crate) creating: Mutex<()>,
    /// A record that was read is applied before the next one is read: an older copy never overwrites a newer one.
    pub(crate) mirroring: Mutex<()>,
    /// Counts what was mirrored besides the pages of a first reading: a page that was asked for ahead is of use only while
    /// this stands still.
    pub(crate) mirrored: AtomicU64,
    events: broadcast::Sender<SyncEvent>,
    round: Mutex<ReadingState>,
    wake: Notify,
    /// Something was accepted that is held: the pause ends with the hold at the latest.
    held: Notify,
    /// A person asked to try now: a closed gate is tried once.
    forced: AtomicBool,
    pace: Lock<Pace>,
    info: Lock<Option<ServerInfo>>,
    /// The server was asked who we are since this engine started (or signed in).
    introduced: AtomicBool,
}

impl Engine {
    /// An engine over a store and a backend. `seed` feeds the jitter only.
    pub fn new(
        store: Store,
        backend: Arc<dyn Backend>,
        clock: Arc<dyn Clock>,
        steps: Arc<dyn Steps>,
        settings: SyncSettings,
        seed: u64,
    ) -> Self {
        Self {
            store,
            backend,
            clock,
            steps,
            settings,
            rng: Lock::new(ChaCha8Rng::seed_from_u64(seed)),
            gate: Lock::default(),
            pump: Lock::default(),
            status: Lock::default(),
            status_sender: watch::Sender::new(SyncStatus::default()),
            creating: Mutex::default(),
            mirroring: Mutex::default(),
            mirrored: AtomicU64::new(0),
            events: broadcast::Sender::new(EVENTS_KEPT),
            round: Mutex::default(),
            wake: Notify::new(),
            held: Notify::new(),
            forced: AtomicBool::new(false),
            pace: Lock::default(),
            info: Lock::default(),
            introduced: AtomicBool::new(false),
        }
    }

    /// One round: gate, drain due lanes, pull pages, reconcile when due, publish. Returns when nothing is left to do now
    /// (first sync included) or the gate closed. Never fails for the network: that is the gate.
    ///
    /// # Errors
    /// Only the databases' own failures.
    pub async fn round(&self) -> Result<RoundReport, SyncError> {
        let mut reading = self.round.lock().await;
        let forced = self.forced.swap(false, Ordering::SeqCst);
        let mut report = RoundReport::default();
        self.load_gate().await?;
        self.load_last_round().await?;
        let permitted = self.gate.lock().permits(self.clock.now(), forced);
        if permitted {
            self.set_running(true).await?;
            let outcome = self.permitted_round(&mut reading, &mut report).await;
            self.set_running(false).await?;
            outcome?;
        } else {
            self.publish_status().await?;
        }
        report.waiting = self.db(self.store.outbox_counts()).await?.pending;
        report.gate = self.gate.lock().gate.clone();
        Ok(report)
    }

    /// What reading remembers, while no round is under way.
    pub(crate) async fn round_state(&self) -> tokio::sync::MutexGuard<'_, ReadingState> {
        self.round.lock().await
    }

    async fn permitted_round(&self, reading: &mut ReadingState, report: &mut RoundReport) -> Result<(), SyncError> {
        let round = self.pass();
        reading.load(self).await?;
        if !self.introduce(reading).await? {
            return Ok(());
        }
        if self.gate_is_open() {
            report.sent += self.drain(round).await?;
        }
        // Behind a gate that is merely due for another try, a page is read first: whether the server is back is found out
        // by a reading, not at the expense of somebody's answer.
        if !self.closed_since(round) {
            self.pull(round, reading, report).await?;
        }
        if !self.closed_since(round) {
            self.recall_unread().await?;
            report.sent += self.drain(round).await?;
        }
        if !self.closed_since(round) {
            self.reconcile(round, reading, report).await?;
        }
        if !self.closed_since(round) {
            let ended = self.clock.now();
            self.db(self.store.set_last_round_at(ended)).await?;
            let mut status = self.status.lock();
            status.last_round_at = Some(ended);
            status.last_error = None;
        }
        if !self.closed_since(round) {
            self.read_history(round, reading, report).await?;
        }
        Ok(())
    }

    /// Asks the server who we are, once per start. False when the gate closed over it.
    async fn introduce(&self, reading: &mut ReadingState) -> Result<bool, SyncError> {
        if self.introduced.load(Ordering::SeqCst) {
            return Ok(true);
        }
        let pass = self.pass();
        let answer = self.backend.open().await;
        self.note(pass, &answer).await?;
        match answer {
            Ok(info) => {
                let known = self.server_info().await;
                if known.as_ref().is_some_and(|known| known.user != info.user) {
                    // Another account sees other things; nothing of what this one may not see stays here.
                    self.db(self.store.reset_mirror()).await?;
                    *reading = ReadingState::default();
                    reading.load(self).await?;
                    self.status.lock().last_round_at = None;
                    self.publish(everything());
                }
                let text = serde_json::to_string(&info).map_err(guichet_store::StoreError::from)?;
                self.db(self.store.set_setting(SERVER_INFO_SETTING, &text)).await?;
                self.saw(&info.sight).await?;
                *self.info.lock() = Some(info);
                self.introduced.store(true, Ordering::SeqCst);
                Ok(true)
            }
            // What cannot be had of the introduction does not keep the words from going out.
            Err(error) => Ok(error.retry() == guichet_backend::Retry::Permanent),
        }
    }

    /// Rounds for ever at an adaptive pace, woken by [`Engine::nudge`].
    pub async fn run(&self) {
        let mut broken = 0_u32;
        loop {
            let pause = match self.round().await {
                Ok(_) => {
                    broken = 0;
                    self.next_pause().await.unwrap_or(self.settings.active_interval)
                }
                Err(error) => {
                    broken = broken.saturating_add(1);
                    tracing::error!(%error, "a round failed");
                    self.remember_error(match &error {
                        SyncError::Store(error) => error.code(),
                        SyncError::Backend(error) => error.code(),
                    });
                    let (min, max) = (self.settings.backoff_min, self.settings.backoff_max);
                    crate::backoff::pause(broken, min, max, &mut *self.rng.lock())
                }
            };
            self.pause(pause).await;
        }
    }

    /// Waits for the next round's time, which something accepted meanwhile may bring forward: a hold ends when it ends, and
    /// nobody looks every so often whether it has.
    async fn pause(&self, pause: Duration) {
        let mut end = tokio::time::Instant::now() + pause;
        loop {
            tokio::select! {
                // Always asked in this order: chance would make the same seed run differently twice.
                biased;
                () = self.wake.notified() => return,
                () = self.held.notified() => {
                    // A failure of the databases shows in the round that comes anyway.
                    if let Ok(Some(due)) = self.db(self.store.next_due()).await {
                        let wait = time::until(self.clock.now(), due).max(SHORTEST_PAUSE);
                        end = end.min(tokio::time::Instant::now() + wait);
                    }
                }
                () = tokio::time::sleep_until(end) => return,
            }
        }
    }

    /// How long until the next round is worth it: the pace, the outbox's next due instant, the gate's next try.
    async fn next_pause(&self) -> Result<Duration, SyncError> {
        let now = self.clock.now();
        let retry_at = self.gate.lock().retry_at();
        if let Some(at) = retry_at {
            return Ok(time::until(now, at).max(SHORTEST_PAUSE));
        }
        let paced = self.pace.lock().pause(now, &self.settings);
        let due = if self.gate_is_open() {
            self.db(self.store.next_due()).await?
        } else {
            None
        };
        Ok(due
            .map_or(paced, |at| paced.min(time::until(now, at)))
            .max(SHORTEST_PAUSE))
    }

    /// Something was submitted, or the user asked to try now: the next round starts at once, and an offline or backed-off
    /// gate is tried again.
    pub fn nudge(&self) {
        self.forced.store(true, Ordering::SeqCst);
        self.pace.lock().touch(self.clock.now());
        self.wake.notify_one();
    }

    /// Operations were accepted. What is not held goes out at once, as after [`Engine::nudge`]; what is held, when its hold
    /// ends: until then the server is not troubled, unless it could not be reached, which is tried now.
    pub fn accepted(&self, held: bool) {
        if held && self.gate_is_open() {
            self.pace.lock().touch(self.clock.now());
            self.held.notify_one();
        } else {
            self.nudge();
        }
    }

    /// The user is there: poll at the active pace for a while.
    pub fn touch(&self) {
        let now = self.clock.now();
        let mut pace = self.pace.lock();
        let was_away = !pace.present(now);
        pace.touch(now);
        if was_away {
            self.wake.notify_one();
        }
    }

    /// The account signed in again: opens an auth gate.
    ///
    /// # Errors
    /// The databases' own failures.
    pub async fn signed_in(&self) -> Result<(), SyncError> {
        self.introduced.store(false, Ordering::SeqCst);
        self.open_gate().await?;
        self.nudge();
        Ok(())
    }

    /// Takes up what earlier starts left: the gate, the outbox and the end of the last complete round are in the status from
    /// here on, before any request. A round does it as well.
    ///
    /// # Errors
    /// The databases' own failures.
    pub async fn recall(&self) -> Result<(), SyncError> {
        self.load_gate().await?;
        self.load_last_round().await?;
        self.publish_status().await
    }

    /// Current status and its changes.
    pub fn status(&self) -> watch::Receiver<SyncStatus> {
        self.status_sender.subscribe()
    }

    /// What changes.
    pub fn events(&self) -> broadcast::Receiver<SyncEvent> {
        self.events.subscribe()
    }

    /// Who the account is (asked once, then remembered in the desk's settings for offline starts).
    pub async fn server_info(&self) -> Option<ServerInfo> {
        if let Some(info) = self.info.lock().clone() {
            return Some(info);
        }
        let text = self.db(self.store.setting(SERVER_INFO_SETTING)).await.ok()??;
        let info: Option<ServerInfo> = serde_json::from_str(&text).ok();
        self.info.lock().clone_from(&info);
        info
    }

    /// Fetches one ticket now, out of turn.
    ///
    /// # Errors
    /// The server's refusal or absence, and the databases' own failures. A ticket that left is no error: its departure is
    /// applied.
    pub async fn refresh_ticket(&self, id: TicketId) -> Result<(), SyncError> {
        let id = self.db(self.store.resolve_ticket(id)).await?;
        if id.is_local() {
            return Ok(());
        }
        let changes = self.read_ticket(id).await?;
        self.publish(changes);
        Ok(())
    }

    /// A document's content, from the mirror or else from the server (then kept).
    ///
    /// # Errors
    /// The server's refusal or absence, and the databases' own failures.
    pub async fn document(&self, id: DocumentId) -> Result<Vec<u8>, SyncError> {
        if let Some(bytes) = self.db(self.store.document_content(id)).await? {
            return Ok(bytes);
        }
        let pass = self.pass();
        let answer = self.backend.download(id).await;
        self.note(pass, &answer).await?;
        let bytes = answer?;
        self.db(self.store.keep_document(id, &bytes)).await?;
        Ok(bytes.to_vec())
    }

    /// How a piece of equipment is reached from afar: asked of the server now, and kept.
    ///
    /// # Errors
    /// What the server says, or that it cannot be kept.
    pub async fn reach(&self, asset: &AssetKey) -> Result<AssetReach, SyncError> {
        let pass = self.pass();
        let answer = self.backend.reach(asset).await;
        self.note(pass, &answer).await?;
        let reach = answer?;
        self.db(self.store.keep_reach(asset, &reach)).await?;
        Ok(reach)
    }

    /// The next round starts at once.
    pub(crate) fn wake_soon(&self) {
        self.wake.notify_one();
    }

    /// Reads one ticket afresh and applies it, or applies its departure.
    pub(crate) async fn read_ticket(&self, id: TicketId) -> Result<ChangeSet, SyncError> {
        let _mirroring = self.mirroring.lock().await;
        let pass = self.pass();
        let answer = self.backend.ticket(id).await;
        self.note(pass, &answer).await?;
        self.steps.reached("ticket.read").await;
        let mut batch = Batch::default();
        match answer {
            Ok(bundle) => batch.records.push(Record::Bundle(Box::new(bundle))),
            Err(BackendError::NotFound | BackendError::Forbidden { .. }) => {
                match self.departure(Collection::Tickets, id.0).await? {
                    Some(removal) => batch.removals.push(removal),
                    None => return Ok(ChangeSet::default()),
                }
            }
            Err(error) => return Err(error.into()),
        }
        self.mirrored.fetch_add(1, Ordering::SeqCst);
        let changes = self.db(self.store.apply(&batch)).await?;
        self.steps.reached("ticket.applied").await;
        Ok(changes)
    }

    /// Asks how a record left; `None` when it is visible after all.
    pub(crate) async fn departure(&self, collection: Collection, id: i64) -> Result<Option<Removal>, SyncError> {
        let pass = self.pass();
        let answer = self.backend.presence(collection, id).await;
        self.note(pass, &answer).await?;
        let departure = match answer? {
            Presence::Visible => return Ok(None),
            Presence::Left(departure) => departure,
        };
        Ok(removal(collection, id, departure))
    }

    /// Polls one call of the store as [`Steps::poll_store`] wants it.
    pub(crate) async fn db<T: Send>(&self, call: impl Future<Output = T> + Send) -> T {
        let mut answer = None;
        {
            let answer = &mut answer;
            let mut call = std::pin::pin!(async move {
                *answer = Some(call.await);
            });
            std::future::poll_fn(|context| self.steps.poll_store(call.as_mut(), context)).await;
        }
        match answer {
            Some(answer) => answer,
            // A `Steps` that says it polled to the end without doing so is a crash of its own making.
            None => std::future::pending().await,
        }
    }

    /// Tells the window what to read again.
    pub(crate) fn publish(&self, changes: ChangeSet) {
        if changes != ChangeSet::default() {
            // Nobody listening is no failure.
            let _ = self.events.send(SyncEvent::Changed(changes));
        }
    }

    /// The rate meter of a first reading, restarted when there is none.
    pub(crate) fn count_rows(&self, rows: u64) {
        let now = self.clock.now();
        self.status
            .lock()
            .rate
            .get_or_insert_with(|| Rate::started(now))
            .add(rows);
    }
}

/// The removal of a record, where its collection has such a thing.
pub(crate) fn removal(collection: Collection, id: i64, departure: Departure) -> Option<Removal> {
    let key = match collection {
        Collection::Tickets | Collection::TicketDetails => RecordKey::Ticket(id.into()),
        Collection::People => RecordKey::Person(id.into()),
        Collection::Groups => RecordKey::Group(id.into()),
        Collection::Articles => RecordKey::Article(id.into()),
        Collection::Catalogue(kind) => RecordKey::Catalogue(kind, id),
        Collection::Assets => return None,
    };
    Some(Removal { key, departure })
}

/// Everything may have changed.
pub(crate) fn everything() -> ChangeSet {
    ChangeSet {
        lists: true,
        people: true,
        articles: true,
        catalogues: true,
        assets: true,
        ..ChangeSet::default()
    }
}

/// Adds what another change invalidates.
pub(crate) fn merge(into: &mut ChangeSet, from: ChangeSet) {
    into.tickets.extend(from.tickets);
    into.lists |= from.lists;
    into.outbox |= from.outbox;
    into.people |= from.people;
    into.articles |= from.articles;
    into.catalogues |= from.catalogues;
    into.assets |= from.assets;
    into.dropped += from.dropped;
    into.renumbered.extend(from.renumbered);
}

#[cfg(test)]
mod tests {
    fn sendable<T: Send>(_: T) {}

    /// The shell spawns rounds: their futures must be able to move between threads.
    #[allow(dead_code)]
    fn rounds_can_be_spawned(engine: &'static super::Engine) {
        sendable(engine.round());
        sendable(engine.run());
        sendable(engine.refresh_ticket(1.into()));
        sendable(engine.document(1.into()));
    }
}
