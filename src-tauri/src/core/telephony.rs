//! The desk's telephone: the adapter's events folded to calls, kept in the journal, and shown as cards.
//!
//! One task hears the adapter. For each event: fold it, keep the call durably, make its card from the local databases, tell the
//! window. The card goes out whole with the event, so that the window paints it without asking anything back.

use crate::{
    api::{CallBriefing, CallCard, Caller, TelephonyState, TransferCard},
    core::{
        desk::AppEvent,
        pbx::{PbxConfig, REGION, SOURCE},
        transfers::{Beginning, SessionSlot, TICKET, TransferError, Transfers},
    },
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId, TicketId, UserId,
    call::{Call, CallEvent, CallSource, Direction},
    diagnosis::{Diagnosis, NamedAsset},
    hot_transfer::{BriefedCaller, Briefing, OfferReason, latest_briefing},
    people::Person,
    phone::PhoneNumber,
    ticket::Level,
    wording::Phrases,
    wrap_up::{CallPolicy, WrapUp, WrapUpError, call_back_of, link_call},
};
use guichet_service_levels::Contract;
use guichet_store::{ChangeSet, JournalCall, JournalQuery, Store, Submission};
use guichet_telephony::{
    Action, CallEffect, ConnectionState, DATA_PREFIX, MatchBy, Matches, Pbx, PbxUpdate, PhoneBook, Tracker,
    generic::EndpointError,
};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{
        Arc, Mutex as SyncMutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinHandle,
};

/// Updates the adapter may be ahead of the journal before it is read no further.
const AHEAD: usize = 256;
/// Earlier calls of the same caller on a card.
const RECENT: u32 = 5;
/// How often the ticket of a call that is handed on here is read again until its briefing is there.
const BRIEFING_TRIES: u32 = 30;
/// And how long between two.
const BRIEFING_PACE: Duration = Duration::from_millis(1500);
/// How long an ended call is still known by its identities: late events of it must find it.
const LATE_S: i64 = 600;

/// Why calls cannot be handled.
#[derive(Debug, thiserror::Error)]
pub enum TelephonyError {
    /// No telephone is set up in this profile.
    #[error("no telephone is set up")]
    NotSetUp,
    /// The file of authorities to trust cannot be read.
    #[error("{path}: {source}")]
    Authorities {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The endpoint for telephones of any make cannot listen.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The telephone that is set up tells of its calls itself.
    #[error("the telephone tells of its calls itself")]
    NotGeneric,
    /// No window took what was told of a call.
    #[error("no window took it: {detail}")]
    NotHeard {
        /// Why.
        detail: String,
    },
    /// A setting that must be there is empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// What was to be called is no number.
    #[error("{0} is no number that can be called")]
    NoNumber(String),
    /// The PBX did not do it.
    #[error(transparent)]
    Action(#[from] guichet_telephony::ActionError),
    /// The window has no such call.
    #[error("no call {0}")]
    NoSuchCall(String),
    /// Its wrap-up is done: what it put into the ticket is never put there twice.
    #[error("the call is wrapped up already")]
    Closed,
    /// The wrap-up is not complete.
    #[error(transparent)]
    WrapUp(#[from] WrapUpError),
}

impl TelephonyError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSetUp => "telephone_not_set_up",
            Self::Authorities { .. } => "telephone_authorities",
            Self::Endpoint(_) => "telephone_port",
            Self::NotGeneric => "telephone_not_generic",
            Self::NotHeard { .. } => "call_not_heard",
            Self::Missing(_) => "telephone_setting_missing",
            Self::NoNumber(_) => "telephone_no_number",
            Self::Action(error) => error.code(),
            Self::NoSuchCall(_) => "call_unknown",
            Self::Closed => "call_closed_already",
            Self::WrapUp(error) => error.code(),
        }
    }

    /// What fills the placeholders of the texts.
    pub(crate) fn args(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Authorities { path, source } => {
                vec![("path", path.display().to_string()), ("detail", source.to_string())]
            }
            Self::Endpoint(error) => vec![("detail", error.to_string())],
            Self::NotHeard { detail } => vec![("detail", detail.clone())],
            Self::Missing(setting) => vec![("setting", (*setting).to_owned())],
            Self::NoNumber(number) => vec![("number", number.clone())],
            Self::Action(error) => vec![("detail", error.to_string())],
            Self::NoSuchCall(id) => vec![("id", id.clone())],
            Self::WrapUp(WrapUpError::Ticket(error)) => vec![("detail", error.to_string())],
            Self::NotSetUp | Self::NotGeneric | Self::Closed | Self::WrapUp(_) => Vec::new(),
        }
    }
}

/// What the window is told about calls.
#[derive(Debug, Clone)]
pub enum TelephonyEvent {
    /// A call began, changed or ended.
    Call(Box<CallCard>),
    /// The PBX came or went.
    State(Box<TelephonyState>),
    /// A hot transfer began, changed or ended.
    Transfer(Box<TransferCard>),
}

/// What a telephone needs of the desk around it.
#[derive(Clone)]
pub struct Around {
    /// The databases.
    pub store: Store,
    /// Where the window hears of it.
    pub events: broadcast::Sender<AppEvent>,
    /// The contract the desk works by, where it can be read.
    pub contract: Option<Arc<Contract>>,
    /// What is written into tickets is in this language.
    pub locale: Locale,
    /// The session, where there is one.
    pub session: SessionSlot,
}

/// A telephone that is in use.
pub struct Telephone {
    pbx: Arc<Box<dyn Pbx>>,
    device: String,
    calls: Arc<Calls>,
    tasks: Tasks,
}

/// Tasks that end with their owner.
struct Tasks(Vec<JoinHandle<()>>);

impl Drop for Tasks {
    fn drop(&mut self) {
        for task in &self.0 {
            task.abort();
        }
    }
}

/// The calls of this desk and what they are kept with.
struct Calls {
    tracker: SyncMutex<Tracker>,
    /// Cards of the calls that are not over, and of those of this run that are.
    cards: SyncMutex<BTreeMap<String, CallCard>>,
    store: Store,
    device: String,
    events: broadcast::Sender<AppEvent>,
    session: SessionSlot,
    /// How calls are kept, by the contract.
    policy: CallPolicy,
    transfers: Arc<Transfers>,
    /// Grows with every state of a call that the transfers are shown.
    seq: AtomicU64,
    /// Calls whose ticket is being read for its briefing.
    reading: SyncMutex<BTreeSet<String>>,
    me: Weak<Self>,
}

fn lock<T>(mutex: &SyncMutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Telephone {
    /// Starts it: what the journal knows of calls and transfers that were going on is taken up, then the PBX is listened to.
    ///
    /// # Errors
    /// When the endpoint for telephones of any make cannot listen.
    pub async fn start(config: PbxConfig, device: &str, around: Around) -> Result<Self, TelephonyError> {
        let device = device.trim().to_owned();
        let (updates, heard) = mpsc::channel(AHEAD);
        let pbx: Arc<Box<dyn Pbx>> = Arc::new(config.start(updates).await?);
        let transfers = Transfers::start(pbx.clone(), device.clone(), around.clone()).await;
        let policy = around.contract.as_ref().map(|contract| contract.calls.clone());
        let calls = Arc::new_cyclic(|me| Calls {
            tracker: SyncMutex::new(Tracker::new()),
            cards: SyncMutex::new(BTreeMap::new()),
            store: around.store,
            device: device.clone(),
            events: around.events,
            session: around.session,
            policy: policy.unwrap_or_default(),
            transfers,
            seq: AtomicU64::new(0),
            reading: SyncMutex::default(),
            me: me.clone(),
        });
        match calls.store.unfinished_calls().await {
            Ok(known) => {
                for event in known {
                    calls.take(event).await;
                }
            }
            Err(error) => tracing::warn!(%error, "calls of the last start could not be read"),
        }
        let tasks = Tasks(vec![
            tokio::spawn(listen(calls.clone(), heard, pbx.state())),
            tokio::spawn(tick(calls.transfers.clone())),
        ]);
        Ok(Self {
            pbx,
            device,
            calls,
            tasks,
        })
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> TelephonyState {
        TelephonyState {
            device: Some(self.device.clone()),
            connection: Some(self.pbx.state().borrow().clone()),
        }
    }

    /// Calls that are not over, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallCard> {
        let mut calls: Vec<CallCard> = lock(&self.calls.cards)
            .values()
            .filter(|card| !card.call.state.is_over())
            .cloned()
            .collect();
        calls.sort_by_key(|card| card.call.started_at);
        calls
    }

    /// Rings one's own telephone, then calls the number from it.
    ///
    /// # Errors
    /// When it is no number, or the PBX does not do it.
    pub async fn dial(&self, number: &str) -> Result<(), TelephonyError> {
        let dialled = dialled(number).ok_or_else(|| TelephonyError::NoNumber(number.to_owned()))?;
        let dial = Action::Dial {
            device: self.device.clone(),
            number: dialled,
            attachments: Vec::new(),
        };
        Ok(self.pbx.act(dial).await?)
    }

    /// The hot transfers of this desk.
    #[must_use]
    pub fn transfers(&self) -> &Transfers {
        &self.calls.transfers
    }

    /// Offers the hot transfer of a call that goes on; the briefing says what the desk knows already.
    ///
    /// # Errors
    /// When there is no such call, the contract has none, or it cannot be kept.
    pub async fn begin_transfer(&self, id: &str) -> Result<TransferCard, AppError> {
        let card = lock(&self.calls.cards).get(id).cloned();
        let card = card.filter(|card| card.mine && card.call.answered_at.is_some() && !card.call.state.is_over());
        let card = card.ok_or_else(|| TransferError::NoCall(id.to_owned()))?;
        let beginning = self.calls.beginning(&card).await?;
        self.calls.transfers.begin(&card.call, beginning).await
    }

    /// Ends it: with a word to the PBX where nobody else holds it any more.
    pub async fn stop(self: Arc<Self>) {
        for task in &self.tasks.0 {
            task.abort();
        }
        let Some(Self {
            pbx, calls, mut tasks, ..
        }) = Arc::into_inner(self)
        else {
            return;
        };
        for task in tasks.0.drain(..) {
            // It was aborted: what it held is let go of.
            let _ = task.await;
        }
        drop(calls);
        if let Some(pbx) = Arc::into_inner(pbx) {
            pbx.stop().await;
        }
    }
}

/// The digits to dial for a number as people write it: a French number from the trunk zero on, another country's with `00`, an
/// extension as it is.
fn dialled(number: &str) -> Option<String> {
    let number = PhoneNumber::parse_in(number, REGION)?;
    Some(match number.e164.as_deref() {
        Some(e164) => match e164.strip_prefix("+33") {
            Some(national) => format!("0{national}"),
            None => format!("00{}", e164.trim_start_matches('+')),
        },
        None => number.extension().unwrap_or(number.digits),
    })
}

/// Hears the PBX: what happens, and whether it is there. One task, so that a lost connection is known before what is read after it.
async fn listen(
    calls: Arc<Calls>,
    mut heard: mpsc::Receiver<PbxUpdate>,
    mut state: tokio::sync::watch::Receiver<ConnectionState>,
) {
    let now = state.borrow_and_update().clone();
    calls.connection(now).await;
    loop {
        tokio::select! {
            biased;
            changed = state.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = state.borrow_and_update().clone();
                calls.connection(now).await;
            }
            update = heard.recv() => {
                let Some(update) = update else {
                    return;
                };
                calls.hear(update).await;
            }
        }
    }
}

async fn tick(transfers: Arc<Transfers>) {
    let mut second = tokio::time::interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        second.tick().await;
        transfers.tick().await;
    }
}

impl Calls {
    async fn connection(&self, connection: ConnectionState) {
        if matches!(connection, ConnectionState::Lost { .. }) {
            self.transfers.pbx(false).await;
        }
        let now = TelephonyState {
            device: Some(self.device.clone()),
            connection: Some(connection),
        };
        let _ = self
            .events
            .send(AppEvent::Telephony(TelephonyEvent::State(Box::new(now))));
    }

    async fn hear(&self, update: PbxUpdate) {
        match update {
            PbxUpdate::Call(event) => self.take(*event).await,
            PbxUpdate::Reread { alive, at } => {
                let ended = lock(&self.tracker).absent(&CallSource(SOURCE.to_owned()), &alive, at);
                for event in ended {
                    self.take(event).await;
                }
                // What was read again may be what was known: it is shown all the same.
                let going_on: Vec<Call> = lock(&self.tracker).calls().cloned().collect();
                for call in going_on {
                    self.transfers.saw(&call, self.next()).await;
                }
                self.transfers.pbx(true).await;
            }
            PbxUpdate::Line(line) => self.transfers.line(&line).await,
        }
    }

    fn next(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed)
    }

    /// One event: folded, kept, shown.
    async fn take(&self, event: CallEvent) {
        let effects = {
            let mut tracker = lock(&self.tracker);
            let effects = tracker.apply(event.clone());
            let forgotten = Timestamp::from_second(event.at.as_second() - LATE_S).unwrap_or(Timestamp::MIN);
            tracker.forget_ended_before(forgotten);
            effects
        };
        let mut gone = Vec::new();
        for effect in effects {
            match effect {
                CallEffect::Merged { gone: merged, .. } => {
                    let mut cards = lock(&self.cards);
                    for id in &merged {
                        cards.remove(id);
                    }
                    gone = merged;
                }
                CallEffect::Changed { call } => {
                    if let Err(error) = self.keep(&call, &event, &gone).await {
                        // Shown all the same: who is calling matters now.
                        tracing::error!(%error, "a call could not be kept in the journal");
                    }
                    self.call_back(&call, &event).await;
                    let seen = call.clone();
                    let card = self.card(*call, &gone).await;
                    self.show(card);
                    self.transfers.saw(&seen, self.next()).await;
                }
                _ => {}
            }
        }
    }

    /// A call that rang here in vain is one to call back, and one that is talked ends that.
    async fn call_back(&self, call: &Call, event: &CallEvent) {
        let now = Timestamp::now();
        let done = if call.answered_at.is_some_and(|at| at == event.at) {
            self.store.caller_reached(&call.remote, now).await.map(drop)
        } else if self.is_mine(call) || lock(&self.cards).get(&call.id).is_some_and(|card| card.mine) {
            let Some(mut call_back) = call_back_of(call, &self.policy, OperationId::new()) else {
                return;
            };
            let held = lock(&self.cards).get(&call.id).cloned();
            if let Some(card) = held {
                call_back.ticket = card.ticket;
                if let Some(person) = card.card {
                    call_back.name = person.person.display_name();
                }
            }
            self.store.add_call_back(&call_back).await.map(drop)
        } else {
            Ok(())
        };
        if let Err(error) = done {
            tracing::error!(%error, "a call-back could not be kept");
        }
    }

    async fn keep(&self, call: &Call, event: &CallEvent, gone: &[String]) -> Result<(), guichet_store::StoreError> {
        let events = std::slice::from_ref(event);
        self.store.keep_call(call, events, gone, self.is_mine(call)).await
    }

    fn show(&self, card: CallCard) {
        let mut cards = lock(&self.cards);
        if card.call.state.is_over() {
            cards.remove(&card.call.id);
        } else {
            cards.insert(card.call.id.clone(), card.clone());
        }
        drop(cards);
        let _ = self
            .events
            .send(AppEvent::Telephony(TelephonyEvent::Call(Box::new(card))));
    }

    /// The card of a call, as complete as the local databases allow: what cannot be read is left out, the call never.
    async fn card(&self, call: Call, gone: &[String]) -> CallCard {
        let card = self.person_card(call, gone).await;
        self.with_policy(card).await
    }

    /// The card with what the contract offers for the call, and what was written about it by whoever hands it on.
    async fn with_policy(&self, mut card: CallCard) -> CallCard {
        card.offer = self.offer(&card).await;
        card.briefing = self.briefing(&card).await;
        card
    }

    async fn offer(&self, card: &CallCard) -> Option<OfferReason> {
        if !card.mine || card.call.state.is_over() || card.call.direction == Direction::Outbound {
            return None;
        }
        let vip = card.card.as_ref().is_some_and(|card| card.person.vip);
        let priority = match card.ticket {
            Some(ticket) => self
                .store
                .ticket(ticket)
                .await
                .ok()
                .flatten()
                .map(|view| view.ticket.priority),
            None => None,
        };
        self.transfers.reason(vip, priority.unwrap_or(Level(0)))
    }

    /// The briefing of a call that somebody else hands on. What is not read yet is asked for, and shown when it is there.
    async fn briefing(&self, card: &CallCard) -> Option<CallBriefing> {
        let ticket = card.call.user_data.get(&format!("{DATA_PREFIX}{TICKET}"))?;
        let ticket = TicketId(ticket.parse().ok()?);
        if !card.mine || self.transfers.has(&card.call).await {
            return None;
        }
        let briefing = briefing_of(&self.store, ticket).await;
        let written = briefing.at.is_some_and(|at| at >= card.call.started_at);
        if !written && !card.call.state.is_over() && lock(&self.reading).insert(card.call.id.clone()) {
            let (me, id) = (self.me.clone(), card.call.id.clone());
            tokio::spawn(async move {
                read_briefing(&me, &id, ticket).await;
                if let Some(calls) = me.upgrade() {
                    lock(&calls.reading).remove(&id);
                }
            });
        }
        Some(briefing)
    }

    /// What a hot transfer of a call begins with.
    async fn beginning(&self, card: &CallCard) -> Result<Beginning, AppError> {
        let view = match card.ticket {
            Some(ticket) => self.store.ticket(ticket).await?,
            None => None,
        };
        let person = card.card.as_ref().map(|card| &card.person);
        let site = person.and_then(|person| person.location.as_ref()?.name.clone());
        let caller = BriefedCaller {
            name: person.map_or_else(
                || card.call.remote.name.clone().unwrap_or_default(),
                Person::display_name,
            ),
            number: card.call.remote.raw.clone(),
            vip: person.is_some_and(|person| person.vip),
            site: site.unwrap_or_default(),
        };
        let title = view.as_ref().map(|view| view.ticket.title.clone()).unwrap_or_default();
        let mut diagnosis = Diagnosis {
            symptom: card.note.trim().to_owned(),
            ..Diagnosis::default()
        };
        if let Some(view) = &view {
            diagnosis.assets = view
                .assets
                .iter()
                .map(|asset| NamedAsset {
                    key: asset.key.clone(),
                    name: asset.name.clone(),
                })
                .collect();
        }
        Ok(Beginning {
            briefing: Briefing::prefilled(card.ticket, &title, caller, diagnosis),
            reason: card.offer,
        })
    }

    async fn person_card(&self, call: Call, gone: &[String]) -> CallCard {
        let held = lock(&self.cards).get(&call.id).cloned();
        let journal = self
            .store
            .journal_call(&call.source, &call.id)
            .await
            .unwrap_or_else(|error| {
                tracing::error!(%error, "the journal could not be read");
                None
            });
        let same_caller = held.as_ref().filter(|held| {
            held.call.remote == call.remote
                && journal
                    .as_ref()
                    .is_none_or(|row| row.person.is_none() || row.person == held.person)
        });
        if let Some(held) = same_caller {
            // Who it is was looked up when it rang; what is open, and a ticket's number, may be others by now.
            let person = match held.person {
                Some(person) => self.store.person(person).await.ok().flatten(),
                None => None,
            };
            let (note, ticket) = journal.map_or_else(|| (held.note.clone(), held.ticket), |row| (row.note, row.ticket));
            return CallCard {
                mine: held.mine || self.is_mine(&call),
                gone: gone.to_vec(),
                card: person.or_else(|| held.card.clone()),
                note,
                ticket,
                call,
                ..held.clone()
            };
        }
        let mine = self.is_mine(&call);
        let row = journal.unwrap_or_else(|| JournalCall::of(call, mine));
        let unnamed = row.person.is_none();
        let card = looked_up(&self.store, row, &self.device, gone).await;
        // Whose call it was is asked of the journal later, when numbers may have changed hands.
        if let Caller::Known { person, sure: true } = card.caller
            && unnamed
            && let Err(error) = self
                .store
                .name_caller(&card.call.source, &card.call.id, Some(person))
                .await
        {
            tracing::warn!(%error, "the caller could not be noted in the journal");
        }
        card
    }

    fn is_mine(&self, call: &Call) -> bool {
        is_mine(call, &self.device)
    }
}

/// The briefing in a ticket, as far as it is read here.
async fn briefing_of(store: &Store, ticket: TicketId) -> CallBriefing {
    let view = store.ticket(ticket).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "a call's ticket could not be read");
        None
    });
    let found = view
        .as_ref()
        .and_then(|view| Some((view, latest_briefing(&view.timeline)?)));
    match found {
        Some((view, entry)) => CallBriefing {
            ticket,
            at: Some(entry.at),
            author: entry.author.and_then(|author| {
                let known = view.users.iter().find(|user| user.id == author);
                known?.name.clone()
            }),
            // The first line says what the rest is.
            lines: entry.body.to_plain().lines().skip(1).map(str::to_owned).collect(),
        },
        None => CallBriefing {
            ticket,
            at: None,
            author: None,
            lines: Vec::new(),
        },
    }
}

/// Reads a call's ticket until the briefing of this call is there, the call is over, or it takes too long.
async fn read_briefing(calls: &Weak<Calls>, id: &str, ticket: TicketId) {
    for _ in 0..BRIEFING_TRIES {
        let Some(calls) = calls.upgrade() else {
            return;
        };
        if let Some(session) = calls.session.read().await.clone()
            && let Err(error) = session.engine.refresh_ticket(ticket).await
        {
            tracing::warn!(%error, "a call's ticket could not be read from the server");
        }
        let held = lock(&calls.cards).get(id).cloned();
        let Some(held) = held.filter(|held| !held.call.state.is_over()) else {
            return;
        };
        let briefing = briefing_of(&calls.store, ticket).await;
        let written = briefing.at.is_some_and(|at| at >= held.call.started_at);
        if held.briefing.as_ref() != Some(&briefing) {
            calls.show(CallCard {
                briefing: Some(briefing),
                ..held
            });
        }
        if written {
            return;
        }
        drop(calls);
        tokio::time::sleep(BRIEFING_PACE).await;
    }
}

/// The call rings at this telephone, is on it, was, or it is consulted about it.
fn is_mine(call: &Call, device: &str) -> bool {
    call.ringing.contains(device)
        || call.device.as_deref() == Some(device)
        || call.answered_by.as_deref() == Some(device)
        || call
            .consultation
            .as_ref()
            .is_some_and(|consultation| consultation.device.as_deref() == Some(device))
}

/// A card made from the databases alone.
async fn looked_up(store: &Store, row: JournalCall, device: &str, gone: &[String]) -> CallCard {
    let JournalCall {
        call,
        mine,
        person,
        ticket,
        note,
        disposition,
        closed_at,
        ..
    } = row;
    let caller = match person {
        Some(person) => Caller::Known { person, sure: true },
        None => caller_of(store, &call).await,
    };
    let person = match &caller {
        Caller::Known { person, .. } => Some(*person),
        _ => None,
    };
    let card = match person {
        Some(person) => store.person(person).await.ok().flatten(),
        None => None,
    };
    let recent = JournalQuery {
        person,
        words: if person.is_none() {
            call.remote.raw.clone()
        } else {
            String::new()
        },
        limit: RECENT + 1,
        ..JournalQuery::default()
    };
    let recent = if person.is_none() && call.remote.raw.is_empty() {
        Vec::new()
    } else {
        let page = store.journal(&recent).await.map(|page| page.rows).unwrap_or_default();
        page.into_iter()
            .filter(|other| other.call.id != call.id)
            .take(RECENT as usize)
            .collect()
    };
    CallCard {
        mine: mine || is_mine(&call, device),
        caller,
        person,
        card,
        recent,
        note,
        ticket,
        disposition,
        closed: closed_at.is_some(),
        gone: gone.to_vec(),
        offer: None,
        briefing: None,
        call,
    }
}

/// Who the other end is, by its number.
async fn caller_of(store: &Store, call: &Call) -> Caller {
    if call.remote.anonymous {
        return Caller::Anonymous;
    }
    let Some(number) = PhoneNumber::parse_in(&call.remote.raw, REGION) else {
        return Caller::Unknown;
    };
    let people = store.people_numbered(&number).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the caller could not be looked up");
        Vec::new()
    });
    let mut book = PhoneBook::new(REGION);
    for (at, person) in people.iter().enumerate() {
        for phone in &person.phones {
            book.insert(at, phone);
        }
    }
    let of = |at: usize| people.get(at).cloned();
    match book.of_caller(&call.remote) {
        Matches::Anonymous => Caller::Anonymous,
        Matches::Unknown => Caller::Unknown,
        Matches::One(one) => of(one.who).map_or(Caller::Unknown, |person: Person| Caller::Known {
            person: person.id,
            sure: one.by != MatchBy::LastDigits,
        }),
        Matches::Several(several) => Caller::Several {
            people: several.into_iter().filter_map(|one| of(one.who)).collect(),
        },
    }
}

/// Writes on a call of the journal, and shows its card again where it is on screen.
pub enum Written {
    /// The note, as typed.
    Note(String),
    /// Who the caller is.
    Person(Option<UserId>),
    /// The ticket it is about.
    Ticket(Option<TicketId>),
}

/// Writes on a call of the journal; the card of it as it is then.
///
/// # Errors
/// When there is no such call, or it cannot be written.
pub async fn write(
    store: &Store,
    telephone: Option<&Telephone>,
    id: &str,
    written: Written,
) -> Result<CallCard, AppError> {
    let source = CallSource(SOURCE.to_owned());
    let row = match written {
        Written::Note(note) => store.note_call(&source, id, &note).await?,
        Written::Person(person) => store.name_caller(&source, id, person).await?,
        Written::Ticket(ticket) => {
            let row = store.link_call(&source, id, ticket).await?;
            if let (Some(telephone), Some(ticket)) = (telephone, ticket) {
                telephone.calls.transfers.ticket_of(&source, id, ticket).await;
            }
            row
        }
    };
    let device = telephone.map_or("", |telephone| telephone.device.as_str());
    let mut card = looked_up(store, row, device, &[]).await;
    if let Some(telephone) = telephone {
        card = telephone.calls.with_policy(card).await;
        let mut cards = lock(&telephone.calls.cards);
        if let Some(held) = cards.get_mut(id) {
            let call = held.call.clone();
            *held = CallCard { call, ..card.clone() };
        }
    }
    Ok(card)
}

/// Does the wrap-up of a call: the journal, and what goes into the ticket, in one durable transaction. The card as it is then, and
/// what changed.
///
/// # Errors
/// When the call goes on, is wrapped up already, or something is not said.
pub async fn close(
    store: &Store,
    telephone: Option<&Telephone>,
    id: &str,
    wrap_up: &WrapUp,
    phrases: &(dyn Phrases + Sync),
    now: Timestamp,
) -> Result<(CallCard, ChangeSet), AppError> {
    let source = CallSource(SOURCE.to_owned());
    let row = store
        .journal_call(&source, id)
        .await?
        .ok_or_else(|| TelephonyError::NoSuchCall(id.to_owned()))?;
    if row.closed_at.is_some() {
        return Err(TelephonyError::Closed.into());
    }
    let closed = wrap_up.close(&row.call).map_err(TelephonyError::from)?;
    let plan = link_call(
        &row.call,
        &closed,
        &telephone.map_or_else(CallPolicy::default, |telephone| telephone.calls.policy.clone()),
        phrases,
        &TimeZone::system(),
        OperationId::new,
    );
    let submission = plan.map(|plan| Submission {
        lane: plan.lane,
        operations: plan.operations,
        draft: None,
        hold: Duration::ZERO,
    });
    let (row, accepted) = store.close_call(&source, id, &closed, submission, now).await?;
    if let (Some(telephone), Some(accepted)) = (telephone, &accepted) {
        telephone.calls.transfers.ticket_of(&source, id, accepted.lane).await;
    }
    let device = telephone.map_or("", |telephone| telephone.device.as_str());
    let card = looked_up(store, row, device, &[]).await;
    Ok((card, accepted.map(|accepted| accepted.changes).unwrap_or_default()))
}

/// The card of a call of the journal.
///
/// # Errors
/// When there is no such call, or it cannot be read.
pub async fn card(store: &Store, telephone: Option<&Telephone>, id: &str) -> Result<CallCard, AppError> {
    let source = CallSource(SOURCE.to_owned());
    let row = store
        .journal_call(&source, id)
        .await?
        .ok_or_else(|| TelephonyError::NoSuchCall(id.to_owned()))?;
    let device = telephone.map_or("", |telephone| telephone.device.as_str());
    Ok(looked_up(store, row, device, &[]).await)
}

/// One value of every variant, for the catalogue's test.
#[cfg(test)]
pub(crate) fn every_error() -> Vec<TelephonyError> {
    use guichet_telephony::ActionError;
    let text = String::new;
    let actions = [
        ActionError::NotSupported,
        ActionError::NotConnected,
        ActionError::NoSuchLeg,
        ActionError::NotPossible,
        ActionError::Invalid("it"),
        ActionError::Refused { message: text() },
        ActionError::Unanswered,
        ActionError::NoEffect,
        ActionError::CallOver,
        ActionError::Lost,
    ];
    let mut all: Vec<TelephonyError> = actions.into_iter().map(TelephonyError::Action).collect();
    all.extend([
        TelephonyError::NotSetUp,
        TelephonyError::Authorities {
            path: PathBuf::new(),
            source: std::io::Error::other(""),
        },
        TelephonyError::Missing("host"),
        TelephonyError::NotGeneric,
        TelephonyError::NotHeard { detail: text() },
        TelephonyError::Endpoint(EndpointError::NotLoopback(([1, 1, 1, 1], 1).into())),
        TelephonyError::NoNumber(text()),
        TelephonyError::NoSuchCall(text()),
        TelephonyError::Closed,
        TelephonyError::WrapUp(WrapUpError::NotOver),
        TelephonyError::WrapUp(WrapUpError::Incomplete { missing: Vec::new() }),
        TelephonyError::WrapUp(WrapUpError::Ticket(
            guichet_domain::operation::OperationError::EmptyTitle,
        )),
    ]);
    all
}

#[cfg(test)]
#[path = "telephony_tests.rs"]
mod with_a_pbx;

#[cfg(test)]
#[path = "transfers_tests.rs"]
mod handed_over;

#[cfg(test)]
mod tests {
    use super::dialled;

    #[test]
    fn a_number_is_dialled_as_the_pbx_wants_it() {
        for (written, digits) in [
            ("06 12 34 00 13", Some("0612340013")),
            ("+33 (0)6 12 34 00 13", Some("0612340013")),
            ("+32 475 12 34 56", Some("0032475123456")),
            ("4012", Some("4012")),
            ("poste 4012", Some("4012")),
            ("nobody", None),
        ] {
            assert_eq!(dialled(written).as_deref(), digits, "{written}");
        }
    }
}
