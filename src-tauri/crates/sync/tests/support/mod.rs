//! A backend that does as it is told, a clock that follows tokio's, and steps that may stop the engine.
#![allow(dead_code)]

use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{
    Backend, BackendError, Clock, Cursor, Delivery, HistoryPage, Outgoing, Page, Presence, Probe, ServerInfo,
    Visibility,
};
use guichet_domain::{
    DocumentId, OperationId, TicketId, UserId,
    asset::{AssetKey, AssetReach},
    catalogue::Availability,
    history::HistoryChange,
    operation::{NewTicket, Operation},
    outbox::{EntryState, OutboxEntry, Receipt},
    record::{Collection, Record, TicketBundle},
    rich_text::{Block, Inline, RichText},
    ticket::{Level, Status, Ticket, TicketKind},
};
use guichet_store::{Store, Submission};
use guichet_sync::{Engine, Steps, SyncSettings};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, VecDeque},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};
use tokio::time::Instant;

pub const START: i64 = 1_790_000_000;

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

/// Follows tokio's (paused) clock.
#[derive(Clone)]
pub struct TestClock(Instant);

impl TestClock {
    pub fn start() -> Self {
        Self(Instant::now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        at(0) + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

struct Unparker(std::thread::Thread);

impl Wake for Unparker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a store call on the spot, so that paused time does not run away while SQLite works on its own thread.
pub fn now_or_wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unparker(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(tokio::task::unconstrained(future));
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Stops for ever at the n-th step of a name, once.
#[derive(Default)]
pub struct TestSteps {
    pub stop_at: Mutex<Option<&'static str>>,
    pub reached: Mutex<Vec<&'static str>>,
}

#[async_trait]
impl Steps for TestSteps {
    async fn reached(&self, step: &'static str) {
        self.reached.lock().unwrap().push(step);
        let stop = self.stop_at.lock().unwrap().take_if(|stop| *stop == step).is_some();
        if stop {
            std::future::pending::<()>().await;
        }
    }

    fn poll_store(&self, call: Pin<&mut (dyn Future<Output = ()> + Send)>, _context: &mut Context<'_>) -> Poll<()> {
        now_or_wait(call);
        Poll::Ready(())
    }
}

/// One request the backend saw.
#[derive(Debug, Clone)]
pub struct Seen {
    pub at: Timestamp,
    pub what: &'static str,
    pub outgoing: Option<Outgoing>,
    pub collection: Option<Collection>,
    pub id: i64,
}

type Answer<T> = Result<T, BackendError>;

#[derive(Default)]
pub struct Script {
    /// Answers to `send`, in order; then receipts.
    pub sends: VecDeque<Answer<Receipt>>,
    /// Answers to `send` of one ticket, before `sends`.
    pub sends_of: BTreeMap<i64, VecDeque<Answer<Receipt>>>,
    pub probes: VecDeque<Answer<Probe>>,
    pub pages: BTreeMap<Collection, VecDeque<Answer<Page>>>,
    /// Pages of the history, in order; then empty ones.
    pub histories: VecDeque<Answer<HistoryPage>>,
    pub opens: VecDeque<Answer<ServerInfo>>,
    pub tickets: BTreeMap<i64, TicketBundle>,
    pub presences: BTreeMap<i64, Presence>,
    /// What the account sees.
    pub sight: String,
    /// Everything is answered 503.
    pub down: bool,
    /// How long a `send` takes.
    pub send_takes: Duration,
    pub next_row: i64,
    pub log: Vec<Seen>,
    under_way: usize,
    pub most_under_way: usize,
}

pub struct ScriptedBackend {
    pub script: Mutex<Script>,
    clock: TestClock,
}

impl ScriptedBackend {
    fn see(&self, what: &'static str, outgoing: Option<&Outgoing>, collection: Option<Collection>, id: i64) {
        let seen = Seen {
            at: self.clock.now(),
            what,
            outgoing: outgoing.cloned(),
            collection,
            id,
        };
        self.script.lock().unwrap().log.push(seen);
    }

    fn up(&self) -> Answer<()> {
        if self.script(|script| script.down) {
            Err(broken(Delivery::NotSent, 503, None))
        } else {
            Ok(())
        }
    }

    pub fn seen(&self, what: &str) -> Vec<Seen> {
        let script = self.script.lock().unwrap();
        script.log.iter().filter(|seen| seen.what == what).cloned().collect()
    }

    pub fn script<T>(&self, with: impl FnOnce(&mut Script) -> T) -> T {
        with(&mut self.script.lock().unwrap())
    }
}

pub fn info(user: i64) -> ServerInfo {
    ServerInfo {
        user: UserId(user),
        name: "Tech One".into(),
        product: "Scripted 1".into(),
        profile: "Technician".into(),
        clock_skew_s: 0,
        ticket_keys: true,
        visibility: Visibility::default(),
        sight: String::new(),
        read_at: at(0),
    }
}

pub fn page(records: Vec<Record>, cursor: i64, more: bool) -> Page {
    Page {
        records,
        removals: Vec::new(),
        cursor: Cursor(cursor.into()),
        more,
        complete: !more,
        progress: None,
        availability: Availability::Available,
        asked: true,
    }
}

/// A page of the history whose cursor is a number.
pub fn history_page(changes: Vec<HistoryChange>, cursor: i64, more: bool) -> HistoryPage {
    HistoryPage {
        changes,
        cursor: Cursor(cursor.into()),
        more,
        complete: !more,
        availability: Availability::Available,
        asked: true,
    }
}

#[async_trait]
impl Backend for ScriptedBackend {
    async fn open(&self) -> Answer<ServerInfo> {
        self.see("open", None, None, 0);
        self.up()?;
        self.script(|script| script.opens.pop_front())
            .unwrap_or_else(|| Ok(info(7)))
    }

    async fn pull(&self, collection: Collection, cursor: Option<&Cursor>) -> Answer<Page> {
        let from = cursor.and_then(|cursor| cursor.0.as_i64()).unwrap_or(-1);
        self.see("pull", None, Some(collection), from);
        self.up()?;
        self.script(|script| script.pages.get_mut(&collection).and_then(VecDeque::pop_front))
            .unwrap_or_else(|| Ok(page(Vec::new(), from, false)))
    }

    async fn history(&self, cursor: Option<&Cursor>, horizon: Timestamp) -> Answer<HistoryPage> {
        let from = cursor.and_then(|cursor| cursor.0.as_i64()).unwrap_or(-1);
        self.see("history", None, None, horizon.as_second());
        self.up()?;
        self.script(|script| script.histories.pop_front())
            .unwrap_or_else(|| Ok(history_page(Vec::new(), from, false)))
    }

    async fn list_ids(&self, collection: Collection) -> Answer<Vec<i64>> {
        self.see("list_ids", None, Some(collection), 0);
        self.up()?;
        Ok(match collection {
            Collection::Tickets => self.script(|script| script.tickets.keys().copied().collect()),
            _ => Vec::new(),
        })
    }

    async fn ticket(&self, id: TicketId) -> Answer<TicketBundle> {
        self.see("ticket", None, None, id.0);
        self.up()?;
        self.script(|script| script.tickets.get(&id.0).cloned())
            .ok_or(BackendError::NotFound)
    }

    async fn record(&self, collection: Collection, id: i64) -> Answer<Record> {
        self.see("record", None, Some(collection), id);
        self.up()?;
        Err(BackendError::NotFound)
    }

    async fn presence(&self, collection: Collection, id: i64) -> Answer<Presence> {
        self.see("presence", None, Some(collection), id);
        self.up()?;
        Ok(self
            .script(|script| script.presences.get(&id).copied())
            .unwrap_or(Presence::Left(guichet_domain::record::Departure::Purged)))
    }

    async fn send(&self, outgoing: &Outgoing) -> Answer<Receipt> {
        self.see(
            "send",
            Some(outgoing),
            None,
            outgoing.ticket.map_or(0, |ticket| ticket.0),
        );
        self.up()?;
        let takes = self.script(|script| {
            script.under_way += 1;
            script.most_under_way = script.most_under_way.max(script.under_way);
            script.send_takes
        });
        tokio::time::sleep(takes).await;
        self.script(|script| {
            script.under_way -= 1;
            let ticket = outgoing.ticket.map_or(0, |ticket| ticket.0);
            if let Some(answer) = script.sends_of.get_mut(&ticket).and_then(VecDeque::pop_front) {
                return answer;
            }
            script.sends.pop_front().unwrap_or_else(|| {
                script.next_row += 1;
                let created = matches!(outgoing.operation, Operation::CreateTicket { .. }).then(|| {
                    let id = 5000 + script.next_row;
                    script.tickets.insert(id, bundle(id));
                    TicketId(id)
                });
                Ok(Receipt {
                    remote_id: Some(created.map_or(900 + script.next_row, |id| id.0)),
                    ticket: created,
                })
            })
        })
    }

    async fn probe(&self, outgoing: &Outgoing) -> Answer<Probe> {
        self.see(
            "probe",
            Some(outgoing),
            None,
            outgoing.ticket.map_or(0, |ticket| ticket.0),
        );
        self.up()?;
        self.script(|script| script.probes.pop_front())
            .unwrap_or(Ok(Probe::Absent))
    }

    async fn sight(&self) -> Answer<String> {
        self.see("sight", None, None, 0);
        self.up()?;
        Ok(self.script(|script| script.sight.clone()))
    }

    async fn reach(&self, asset: &AssetKey) -> Answer<AssetReach> {
        self.see("reach", None, None, asset.id);
        self.up()?;
        Ok(AssetReach::default())
    }

    async fn download(&self, document: DocumentId) -> Answer<Bytes> {
        self.see("download", None, None, document.0);
        self.up()?;
        Ok(Bytes::from_static(b"content"))
    }

    async fn close(&self) {}
}

/// An engine over a scripted backend and a store in memory with tickets 1 to 3 in both.
pub struct Desk {
    pub store: Store,
    pub backend: Arc<ScriptedBackend>,
    pub steps: Arc<TestSteps>,
    pub clock: TestClock,
    pub settings: SyncSettings,
    pub engine: Arc<Engine>,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(SyncSettings::default())
    }

    pub fn with(settings: SyncSettings) -> Self {
        let clock = TestClock::start();
        let store = now_or_wait(Store::in_memory(clock.now())).unwrap();
        let backend = Arc::new(ScriptedBackend {
            script: Mutex::default(),
            clock: clock.clone(),
        });
        backend.script(|script| {
            for id in 1..=3 {
                script.tickets.insert(id, bundle(id));
            }
            let records = script
                .tickets
                .values()
                .map(|bundle| Record::Bundle(Box::new(bundle.clone())))
                .collect();
            script
                .pages
                .entry(Collection::Tickets)
                .or_default()
                .push_back(Ok(page(records, 1, false)));
        });
        let steps = Arc::new(TestSteps::default());
        let engine = Self::engine_over(&store, &backend, &clock, &steps, &settings);
        Self {
            store,
            backend,
            steps,
            clock,
            settings,
            engine,
        }
    }

    fn engine_over(
        store: &Store,
        backend: &Arc<ScriptedBackend>,
        clock: &TestClock,
        steps: &Arc<TestSteps>,
        settings: &SyncSettings,
    ) -> Arc<Engine> {
        Arc::new(Engine::new(
            store.clone(),
            backend.clone(),
            Arc::new(clock.clone()),
            steps.clone(),
            settings.clone(),
            7,
        ))
    }

    /// Another engine over the same databases, as after a restart.
    pub fn restart(&mut self) {
        self.engine = Self::engine_over(&self.store, &self.backend, &self.clock, &self.steps, &self.settings);
    }

    /// A desk whose first sync is done, with a clean log.
    pub async fn ready(settings: SyncSettings) -> Self {
        let desk = Self::with(settings);
        desk.engine.round().await.unwrap();
        desk.backend.script(|script| script.log.clear());
        desk
    }

    pub fn submit(&self, lane: i64, operations: Vec<Operation>) -> Vec<OperationId> {
        self.submit_held(lane, operations, std::time::Duration::ZERO)
    }

    pub fn submit_held(&self, lane: i64, operations: Vec<Operation>, hold: std::time::Duration) -> Vec<OperationId> {
        let operations: Vec<_> = operations
            .into_iter()
            .map(|operation| (OperationId::new(), operation))
            .collect();
        let ids = operations.iter().map(|(id, _)| *id).collect();
        let submission = Submission {
            lane: (lane != 0).then_some(TicketId(lane)),
            operations,
            draft: None,
            hold,
        };
        now_or_wait(self.store.submit(submission, self.clock.now())).unwrap();
        ids
    }

    pub fn entry(&self, id: OperationId) -> OutboxEntry {
        now_or_wait(self.store.entry(id)).unwrap().unwrap()
    }

    pub fn state(&self, id: OperationId) -> EntryState {
        self.entry(id).state
    }
}

pub fn text(words: &str) -> RichText {
    RichText {
        blocks: vec![Block::Paragraph {
            content: vec![Inline::Text { text: words.into() }],
        }],
    }
}

pub fn followup(words: &str) -> Operation {
    Operation::AddFollowup {
        body: text(words),
        private: false,
    }
}

pub fn creation(title: &str) -> Operation {
    Operation::CreateTicket {
        ticket: Box::new(NewTicket {
            title: title.into(),
            description: text("it does not work"),
            kind: TicketKind::Incident,
            urgency: Level(3),
            impact: Level(3),
            category: None,
            location: None,
            channel: None,
            entity: None,
            actors: Vec::new(),
            assets: Vec::new(),
        }),
    }
}

pub fn bundle(id: i64) -> TicketBundle {
    TicketBundle {
        ticket: Ticket {
            id: TicketId(id),
            title: format!("Ticket {id}"),
            description: text("it does not work"),
            kind: TicketKind::Incident,
            status: Status::New,
            urgency: Level(3),
            impact: Level(3),
            priority: Level(3),
            category: None,
            entity: None,
            location: None,
            channel: None,
            recorder: None,
            opened_at: at(-1000),
            updated_at: at(-1000),
            solved_at: None,
            closed_at: None,
            taken_up_at: None,
            time_to_own: None,
            time_to_resolve: None,
            slas: Vec::new(),
            external_id: None,
        },
        actors: Vec::new(),
        timeline: Vec::new(),
        documents: Vec::new(),
        document_links: Vec::new(),
        ticket_links: Vec::new(),
        asset_links: Vec::new(),
    }
}

pub fn network(delivery: Delivery) -> BackendError {
    BackendError::Network {
        delivery,
        message: "cut".into(),
    }
}

pub fn broken(delivery: Delivery, status: u16, after: Option<u64>) -> BackendError {
    BackendError::Transient {
        delivery,
        status,
        after: after.map(Duration::from_secs),
        message: "no".into(),
    }
}

pub fn seconds_between(earlier: Timestamp, later: Timestamp) -> f64 {
    later.duration_since(earlier).as_secs_f64()
}
