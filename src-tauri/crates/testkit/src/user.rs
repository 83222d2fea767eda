//! The technician at the desk: submits operations of all kinds and deals with what is stuck.

use crate::{
    Sabotage,
    blocking::wait,
    clock::SimClock,
    desk::Desk,
    holding::Holding,
    intents::{Ledger, Mark, REFUSED_TYPE, mark},
    network::Server,
};
use guichet_backend::Clock;
use guichet_domain::{
    ArticleId, OperationId, TicketId, UserId,
    asset::AssetKey,
    operation::{AttachTo, Field, FieldValue, NewTicket, Operation},
    outbox::{EntryState, Gate, OutboxEntry, WedgeReason},
    record::Collection,
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, TicketKind},
    timeline::TaskState,
};
use guichet_store::{Resolution, Store, Submission};
use guichet_sync::{AfterRestore, Engine};
use rand::{Rng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Signs in, unless the process dies over it: nothing of a dead process answers any more.
async fn sign_in(engine: &Engine) {
    // What the databases refuse shows in the checks.
    let _ = tokio::time::timeout(Duration::from_millis(1), engine.signed_in()).await;
}

/// The user of one schedule.
pub(crate) struct User {
    server: Server,
    desk: Arc<Desk>,
    ledger: Arc<Mutex<Ledger>>,
    pub(crate) rng: ChaCha8Rng,
    /// This machine's clock.
    pub(crate) clock: SimClock,
    /// The rest of the day's work is done as well.
    whole: Option<ChaCha8Rng>,
    /// Says that calls were wrapped up and consents given that were not.
    pub(crate) pretends_work: bool,
    /// Tells the news of a room a second time.
    pub(crate) tells_twice: bool,
    /// Opens the gate of a restored server without reading anything again.
    opens_frozen: bool,
    /// Words used so far; each operation carries one.
    words: u32,
    /// Words that may be used a second time on the same lane: equal texts.
    last_word: Option<(TicketId, String)>,
    /// Lanes of tickets created here.
    created: Vec<TicketId>,
    pub(crate) me: UserId,
    /// What is held and taken back, in the schedules that have it.
    holding: Holding,
}

impl User {
    pub(crate) fn new(
        server: Server,
        desk: Arc<Desk>,
        ledger: Arc<Mutex<Ledger>>,
        rng: ChaCha8Rng,
        me: UserId,
        clock: SimClock,
    ) -> Self {
        Self {
            server,
            desk,
            ledger,
            rng,
            words: 0,
            last_word: None,
            created: Vec::new(),
            me,
            holding: Holding::default(),
            clock,
            whole: None,
            pretends_work: false,
            tells_twice: false,
            opens_frozen: false,
        }
    }

    /// Lets the user do the rest of the day's work as well.
    pub(crate) fn whole(mut self, rng: Option<ChaCha8Rng>, sabotage: Sabotage) -> Self {
        self.whole = rng;
        self.pretends_work = sabotage == Sabotage::PretendsToKeep;
        self.tells_twice = sabotage == Sabotage::TellsTwice;
        self.opens_frozen = sabotage == Sabotage::OpensFrozenGate;
        self
    }

    /// Lets the user hold what is submitted and take it back. `pretends`: say so although it was refused.
    pub(crate) fn holding(mut self, rng: Option<ChaCha8Rng>, pretends: bool) -> Self {
        self.holding = Holding::new(rng, pretends);
        self
    }

    /// Acts at random times until the faults stop, then signs in again if that is what is asked.
    pub(crate) async fn work(mut self, gap: Duration, until: Duration) {
        loop {
            let pause = gap
                .mul_f64(-self.rng.random_range(0.001_f64..1.0).ln())
                .min(Duration::from_secs(20));
            let end = self.server.clock.instant(until);
            let next = end.min(tokio::time::Instant::now() + pause);
            while let Some(at) = self.holding.next_regret().filter(|at| *at < next) {
                tokio::time::sleep_until(at).await;
                self.take_back();
            }
            tokio::time::sleep_until(next).await;
            if self.server.clock.elapsed() >= until {
                break;
            }
            self.act().await;
        }
        // The faults are over: the server may have forgotten everybody, the technician signs in where asked.
        self.server.glpi().lose_sessions();
        if let Some((engine, _)) = self.desk.current() {
            self.note(format_args!("user: signs in"));
            sign_in(&engine).await;
            engine.nudge();
        }
        while self.whole.is_some() {
            tokio::time::sleep(Duration::from_millis(700)).await;
            if let Some((engine, store)) = self.desk.current() {
                self.decide(&engine, &store).await;
            }
        }
    }

    /// What a restored server lost is sent again or left.
    async fn decide(&mut self, engine: &Engine, store: &Store) {
        if !engine.status().borrow().gate.is_restored() {
            return;
        }
        let now = self.clock.now();
        if self.opens_frozen {
            let lost: Vec<OperationId> = Vec::new();
            if wait(store.go_on_after_restore(&lost, false, self.clock.now())).is_ok() {
                let mut ledger = self.ledger();
                ledger.decisions += 1;
                ledger.decided_at.get_or_insert(now);
            }
            return;
        }
        let again = self.rng.random_bool(0.6);
        let answer = if again {
            AfterRestore::SendAgain
        } else {
            AfterRestore::Leave
        };
        self.note(format_args!("user: {answer:?}"));
        // A dead process answers nothing, and a server that is away is asked again later.
        let outcome = tokio::time::timeout(Duration::from_secs(15), engine.go_on(answer)).await;
        if let Ok(Ok(repeated)) = &outcome {
            let mut ledger = self.ledger();
            ledger.decisions += 1;
            ledger.decided_at.get_or_insert(now);
            ledger.told_again.extend(repeated.iter().map(|one| (one.id, one.was)));
        }
        self.note(format_args!("user: {answer:?} -> {outcome:?}"));
    }

    pub(crate) fn note(&self, what: std::fmt::Arguments<'_>) {
        self.server.trace.add(self.server.clock.now(), what);
    }

    pub(crate) fn ledger(&self) -> std::sync::MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn act(&mut self) {
        let Some((engine, store)) = self.desk.current() else {
            return;
        };
        if self.whole.is_some() {
            self.decide(&engine, &store).await;
        }
        let works = self.whole.as_mut().is_some_and(|rng| rng.random_bool(0.35));
        match self.rng.random_range(0..100) {
            _ if works => self.work_on(&store),
            0..55 => self.answer(&store),
            55..67 => self.create(&store),
            67..90 => self.resolve(&store),
            90..94 => engine.touch(),
            94..97 if engine.status().borrow().gate != Gate::Open => {
                self.note(format_args!("user: signs in"));
                sign_in(&engine).await;
            }
            _ => {}
        }
        if self.holding.held_something() {
            engine.accepted(true);
        } else if self.rng.random_bool(0.8) {
            engine.nudge();
        }
    }

    /// Takes back what was planned to be, if it has not left; the process may be dead just then.
    fn take_back(&mut self) {
        let Some(submitted) = self.holding.regret() else {
            return;
        };
        let Some((engine, store)) = self.desk.current() else {
            return;
        };
        let outcome = wait(store.take_back(&submitted.asked(), self.clock.now()));
        let how = match &outcome {
            Ok(taken) if taken.operations.is_empty() => "nothing left of it",
            Ok(_) => "done",
            Err(_) => "refused",
        };
        self.note(format_args!("user: takes back {:?} -> {how}", submitted.operations));
        let taken = match &outcome {
            Ok(taken) => taken.operations.clone(),
            Err(_) if self.holding.pretends => submitted.operations.clone(),
            Err(_) => return,
        };
        if !taken.is_empty() {
            let mut ledger = self.ledger();
            ledger.taken_back.extend(taken);
            ledger.drafted.extend(submitted.words.into_values());
        }
        engine.nudge();
    }

    fn word(&mut self, lane: TicketId) -> String {
        if let Some((last_lane, word)) = &self.last_word
            && *last_lane == lane
            && self.rng.random_bool(0.25)
        {
            return word.clone();
        }
        self.words += 1;
        let word = format!("mot{:04}fin", self.words);
        self.last_word = Some((lane, word.clone()));
        word
    }

    pub(crate) fn fresh_word(&mut self) -> String {
        self.last_word = None;
        self.words += 1;
        format!("mot{:04}fin", self.words)
    }

    pub(crate) fn text(&mut self, word: &str) -> RichText {
        match self.rng.random_range(0..3) {
            0 => RichText::from_plain(&format!("Bonjour,\n\nle poste <PC> & l'écran : {word}")),
            1 => RichText::from_html(&format!("<p>Redémarré <b>le</b> poste</p><ul><li>{word}</li></ul>")),
            _ => RichText::from_plain(word),
        }
    }

    pub(crate) fn id(&mut self) -> OperationId {
        let millis = u64::try_from(self.clock.now().as_millisecond()).unwrap_or(0);
        let random: [u8; 10] = self.rng.random();
        OperationId(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    fn somebody(&mut self) -> UserId {
        UserId([2, 3, 7, 8, 20, 21, 22][self.rng.random_range(0..7)])
    }

    /// A ticket the user sees, or one of his own that is not at the server yet.
    pub(crate) fn pick_lane(&mut self, store: &Store) -> Option<TicketId> {
        if !self.created.is_empty() && self.rng.random_bool(0.35) {
            return self.created.choose(&mut self.rng).copied();
        }
        let ids = wait(store.ids(Collection::Tickets)).ok()?;
        // A few busy tickets, so that lanes fill up and meet the colleague.
        let few = ids.len().min(8);
        ids[..few].choose(&mut self.rng).map(|id| TicketId(*id))
    }

    fn answer(&mut self, store: &Store) {
        let Some(lane) = self.pick_lane(store) else { return };
        let mut operations = Vec::new();
        for _ in 0..self.rng.random_range(1..=3) {
            self.operation(store, lane, &mut operations);
        }
        self.submit(store, Some(lane), operations);
    }

    fn create(&mut self, store: &Store) {
        let word = self.fresh_word();
        let description = self.text(&word);
        let mut actors = Vec::new();
        if self.rng.random_bool(0.6) {
            actors.push(Actor {
                role: Role::Requester,
                party: Party::User { id: self.somebody() },
            });
        }
        if self.rng.random_bool(0.3) {
            actors.push(Actor {
                role: Role::Assigned,
                party: Party::User { id: self.me },
            });
        }
        let operation = Operation::CreateTicket {
            ticket: Box::new(NewTicket {
                title: format!("Nouveau {word} & co"),
                description,
                kind: TicketKind::Incident,
                urgency: Level(self.rng.random_range(1..=5)),
                impact: Level(3),
                category: None,
                location: None,
                channel: None,
                entity: None,
                actors,
                assets: Vec::new(),
            }),
        };
        let mut operations = vec![(self.id(), mark(&operation, &word), operation)];
        if self.rng.random_bool(0.5) {
            // The lane's number is not known before it is submitted; words are fresh anyway.
            self.operation(store, TicketId(0), &mut operations);
        }
        self.submit(store, None, operations);
    }

    fn operation(&mut self, store: &Store, lane: TicketId, into: &mut Vec<(OperationId, Mark, Operation)>) {
        let id = self.id();
        let mut word = if lane.0 == 0 {
            self.fresh_word()
        } else {
            self.word(lane)
        };
        let private = self.rng.random_bool(0.3);
        let operation = match self.rng.random_range(0..100) {
            0..34 => Operation::AddFollowup {
                body: self.text(&word),
                private,
            },
            34..46 => Operation::AddTask {
                body: self.text(&word),
                private,
                state: if self.rng.random_bool(0.5) {
                    TaskState::Done
                } else {
                    TaskState::Todo
                },
                duration_s: self.rng.random_range(0..4) * 300,
                begin: None,
                assignee: self.rng.random_bool(0.3).then_some(self.me),
            },
            46..54 => Operation::AddSolution {
                body: self.text(&word),
                solution_type: None,
            },
            54..58 => Operation::Reopen { body: self.text(&word) },
            58..62 => Operation::AnswerSolution {
                accept: self.rng.random_bool(0.4),
                body: self.text(&word),
            },
            62..72 => {
                let party = if self.rng.random_bool(0.7) {
                    Party::User { id: self.somebody() }
                } else {
                    Party::Group {
                        id: self.rng.random_range(1..4_i64).into(),
                    }
                };
                let actor = Actor {
                    role: Role::Assigned,
                    party,
                };
                if self.rng.random_bool(0.7) {
                    Operation::Assign { actor }
                } else {
                    Operation::Unassign { actor }
                }
            }
            72..86 => {
                word = self.fresh_word();
                match self.set_field(store, lane, &word) {
                    Some(operation) => operation,
                    None => return,
                }
            }
            86..96 => {
                word = self.fresh_word();
                let refused = self.rng.random_bool(0.1);
                let filename = format!("capture-{word}{}", if refused { REFUSED_TYPE } else { ".png" });
                let Ok(attachment) = wait(store.keep_attachment(&filename, "image/png", word.as_bytes())) else {
                    return;
                };
                let parent = into.iter().rev().find(|(_, _, operation)| {
                    matches!(operation, Operation::AddFollowup { .. } | Operation::AddTask { .. })
                });
                let attach_to = match parent {
                    Some((id, _, _)) if self.rng.random_bool(0.7) => AttachTo::Operation { id: *id },
                    _ => AttachTo::Ticket,
                };
                Operation::UploadDocument { attachment, attach_to }
            }
            96..98 => Operation::LinkArticle {
                article: ArticleId(self.rng.random_range(1..4)),
            },
            _ => Operation::LinkAsset {
                asset: AssetKey {
                    kind: "Computer".to_owned(),
                    id: self.rng.random_range(1..4),
                },
            },
        };
        into.push((id, mark(&operation, &word), operation));
    }

    fn set_field(&mut self, store: &Store, lane: TicketId, word: &str) -> Option<Operation> {
        let seen = wait(store.ticket(lane)).ok()??.ticket;
        Some(match self.rng.random_range(0..4) {
            0..2 => Operation::SetField {
                field: Field::Title,
                base: FieldValue::Text(seen.title),
                new: FieldValue::Text(format!("Titre {word}")),
            },
            2 => Operation::SetField {
                field: Field::Urgency,
                base: FieldValue::Level(seen.urgency),
                new: FieldValue::Level(Level(self.rng.random_range(1..=5))),
            },
            _ => Operation::SetField {
                field: Field::Category,
                base: FieldValue::Row(seen.category.map(|category| category.id)),
                new: FieldValue::Row(Some(self.rng.random_range(1..=3))),
            },
        })
    }

    fn submit(&mut self, store: &Store, lane: Option<TicketId>, operations: Vec<(OperationId, Mark, Operation)>) {
        if operations.is_empty() {
            return;
        }
        let (draft, hold) = self.holding.draft(lane, &operations, self.clock.now());
        if let Some(draft) = &draft
            && wait(store.save_draft(draft)).is_err()
        {
            return;
        }
        let submission = Submission {
            lane,
            operations: operations
                .iter()
                .map(|(id, _, operation)| (*id, operation.clone()))
                .collect(),
            draft: draft.as_ref().map(|draft| draft.key.clone()),
            hold,
        };
        match wait(store.submit(submission, self.clock.now())) {
            Ok(accepted) => {
                if let Some(draft) = draft {
                    let typed = self.holding.submitted(&draft, &operations);
                    if let Some(typed) = typed
                        && wait(store.save_draft(&typed)).is_ok()
                    {
                        self.ledger().drafted.insert(typed.body);
                    }
                }
                let strangers = self.strangers(store);
                for (id, mark, operation) in operations {
                    self.note(format_args!(
                        "user: {} on {} [{id}] {mark:?}",
                        operation.name(),
                        accepted.lane
                    ));
                    self.ledger().accept(id, mark, accepted.lane, strangers.clone());
                }
                if lane.is_none() {
                    self.created.push(accepted.lane);
                }
            }
            Err(error) => self.note(format_args!("user: not accepted on {lane:?}: {error}")),
        }
    }

    /// Tickets created here whose number is not known.
    pub(crate) fn strangers(&self, store: &Store) -> Vec<TicketId> {
        self.created
            .iter()
            .copied()
            .filter(|lane| wait(store.resolve_ticket(*lane)).is_ok_and(|known| known.is_local()))
            .collect()
    }

    /// Deals with an entry that is stuck, or changes its mind about one that waits.
    fn resolve(&mut self, store: &Store) {
        let Ok(entries) = wait(store.outbox(None, false)) else {
            return;
        };
        let stuck: Vec<&OutboxEntry> = entries
            .iter()
            .filter(|entry| matches!(entry.state, EntryState::Wedged { .. }))
            .collect();
        let entry = match stuck.choose(&mut self.rng) {
            Some(entry) => (*entry).clone(),
            None => {
                if !self.rng.random_bool(0.3) {
                    return;
                }
                let Some(entry) = entries.choose(&mut self.rng) else {
                    return;
                };
                entry.clone()
            }
        };
        let Some(resolution) = self.resolution(store, &entry) else {
            return;
        };
        let outcome = wait(store.resolve(entry.id, resolution.clone(), self.clock.now()));
        self.note(format_args!(
            "user: {} [{}] {resolution:?} -> {}",
            entry.state.name(),
            entry.id,
            if outcome.is_ok() { "done" } else { "refused" }
        ));
        if outcome.is_err() {
            return;
        }
        let doubtful = match &entry.state {
            EntryState::InDoubt { .. } => true,
            EntryState::Wedged { reason } => *reason == WedgeReason::Undetermined,
            _ => false,
        };
        let edited = format!("mot{:04}fin", self.words);
        if matches!(resolution, Resolution::Edit { .. }) {
            self.holding.edited(entry.id, &edited);
        }
        let mut ledger = self.ledger();
        match resolution {
            Resolution::Discard if doubtful => {
                ledger.given_up_in_doubt.insert(entry.id);
            }
            Resolution::ConfirmSent => {
                ledger.confirmed.insert(entry.id);
            }
            Resolution::Edit { operation } => {
                let word = edited;
                if let Some(intent) = ledger.intents.get_mut(&entry.id) {
                    let new = mark(&operation, &word);
                    let old = std::mem::replace(&mut intent.mark, new);
                    intent.superseded.push(old);
                }
            }
            _ => {}
        }
    }

    fn resolution(&mut self, store: &Store, entry: &OutboxEntry) -> Option<Resolution> {
        Some(match &entry.state {
            EntryState::Wedged { reason } => match reason {
                WedgeReason::Undetermined => {
                    if self.rng.random_bool(0.2) {
                        Resolution::Discard
                    } else if self.is_there(store, entry) {
                        Resolution::ConfirmSent
                    } else {
                        Resolution::Retry
                    }
                }
                WedgeReason::Conflict { .. } => match self.rng.random_range(0..3) {
                    0 => Resolution::TakeTheirs,
                    1 => Resolution::TakeMine,
                    _ => Resolution::Discard,
                },
                WedgeReason::DependencyDiscarded => Resolution::Discard,
                _ if self.rng.random_bool(0.5) => Resolution::Discard,
                _ => Resolution::Retry,
            },
            EntryState::Queued { .. } if entry.attempts == 0 => match (&entry.operation, self.rng.random_range(0..4)) {
                (Operation::AddFollowup { private, .. }, 0..2) => {
                    let word = self.fresh_word();
                    let body = self.text(&word);
                    Resolution::Edit {
                        operation: Box::new(Operation::AddFollowup {
                            body,
                            private: *private,
                        }),
                    }
                }
                (_, 2) => Resolution::Discard,
                _ => Resolution::Retry,
            },
            EntryState::Queued { .. } => Resolution::Retry,
            EntryState::InDoubt { .. } if self.rng.random_bool(0.1) => Resolution::Discard,
            EntryState::InDoubt { .. } => Resolution::Retry,
            _ => return None,
        })
    }

    /// The technician looks at the server: is it there, beyond those known to be others?
    fn is_there(&self, store: &Store, entry: &OutboxEntry) -> bool {
        let ledger = self.ledger();
        let Some(intent) = ledger.intents.get(&entry.id) else {
            return false;
        };
        let there = self
            .server
            .glpi()
            .writes()
            .iter()
            .filter(|write| intent.mark.matches(write))
            .count();
        let others = ledger
            .intents
            .iter()
            .filter(|(id, other)| **id != entry.id && other.mark == intent.mark)
            .filter(|(id, _)| {
                wait(store.entry(**id))
                    .ok()
                    .flatten()
                    .is_some_and(|other| matches!(other.state, EntryState::Sent { .. }))
            })
            .count();
        there > others
    }
}
