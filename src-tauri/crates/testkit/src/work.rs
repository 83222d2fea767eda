//! The rest of a technician's day: calls wrapped up, consents asked for and remote sessions noted, rooms of major incidents, escalations,
//! links, proposals for the knowledge base, the same answer for several tickets.

use crate::{
    blocking::wait,
    intents::{KeptCall, Mark, mark},
    user::User,
};
use guichet_backend::Clock;
use guichet_domain::{
    OperationId, TicketId,
    asset::AssetKey,
    call::{Call, CallSource, CallState, Direction, RemoteParty},
    consent::{AskedPerson, ConsentAnswer, ConsentId, ConsentMeans, ConsentRecord, ConsentSubject},
    operation::Operation,
    record::{Collection, LinkKind},
    rich_text::RichText,
    ticket::{Actor, Party, Role},
    timeline::TaskState,
    wrap_up::{CallTicket, ClosedCall, Disposition},
};
use guichet_store::{Accepted, KeptSession, RoomPost, Store, Submission};
use jiff::SignedDuration;
use rand::{Rng, seq::IndexedRandom};
use std::{collections::BTreeSet, time::Duration};

impl User {
    /// One act of the rest of the day.
    pub(crate) fn work_on(&mut self, store: &Store) {
        let Some(lane) = self.pick_lane(store) else { return };
        match self.rng.random_range(0..100) {
            0..22 => self.wrap_up(store, lane),
            22..44 => self.remote_session(store, lane),
            44..60 => self.room(store, lane),
            60..74 => self.escalate(store, lane),
            74..88 => self.several(store),
            _ => self.link_or_propose(store, lane),
        }
    }

    /// A call that ended is wrapped up: its journal, what became of it and its task in one transaction.
    fn wrap_up(&mut self, store: &Store, lane: TicketId) {
        let (id, now) = (self.id(), self.clock.now());
        let source = CallSource("sim".to_owned());
        let call = ended_call(source.clone(), id.to_string(), now);
        if wait(store.keep_call(&call, &[], &[], true)).is_err() {
            return;
        }
        let word = self.fresh_word();
        let operation = self.task(&word);
        let closed = ClosedCall {
            disposition: Disposition::TakenUp,
            ticket: CallTicket::Existing { id: lane },
            note: format!("noté {word}"),
        };
        let submission = alone(lane, id, operation.clone());
        let kept = KeptCall {
            source: source.clone(),
            id: call.id.clone(),
            note: closed.note.clone(),
        };
        if self.pretends_work {
            self.ledger().calls.push(kept);
            return;
        }
        match wait(store.close_call(&source, &call.id, &closed, Some(submission), now)) {
            Ok((_, accepted)) => {
                self.ledger().calls.push(kept);
                self.took(store, accepted.as_ref(), &[(id, mark(&operation, &word), operation)]);
            }
            Err(error) => self.note(format_args!("user: call not wrapped up on {lane}: {error}")),
        }
    }

    /// A customer agrees (or not), a session runs on it and ends, its task is written once however often it is asked for.
    fn remote_session(&mut self, store: &Store, lane: TicketId) {
        let now = self.clock.now();
        let consent = ConsentId(self.id().0);
        let agreed = self.rng.random_bool(0.7);
        let record = ConsentRecord {
            id: consent,
            subject: ConsentSubject {
                ticket: lane,
                asset: self.rng.random_bool(0.5).then(|| AssetKey {
                    kind: "Computer".to_owned(),
                    id: 1,
                }),
            },
            technician: self.me,
            person: AskedPerson {
                user: None,
                name: format!("Client {consent}"),
            },
            means: ConsentMeans::Aloud,
            asked_at: now,
            answered_at: now,
            answer: if agreed {
                ConsentAnswer::Agreed
            } else {
                ConsentAnswer::Refused
            },
        };
        if !self.pretends_work && wait(store.record_consent(record.clone())).is_err() {
            return;
        }
        self.note(format_args!("user: consent [{consent}] on {lane}: {agreed}"));
        self.ledger().consents.push(record.clone());
        if !agreed || self.pretends_work {
            return;
        }
        let session = KeptSession {
            id: self.id(),
            ticket: lane,
            asset: record.subject.asset,
            asset_name: String::new(),
            tool: "vnc".to_owned(),
            target: String::new(),
            code: None,
            link: None,
            consent,
            started_at: now,
            ended_at: None,
            end_is_seen: false,
            noted: false,
        };
        if wait(store.keep_session(&session)).is_err() || wait(store.end_session(session.id, now)).is_err() {
            return;
        }
        let word = self.fresh_word();
        let operation = self.task(&word);
        let asked = self.rng.random_range(1..=2);
        for _ in 0..asked {
            match wait(store.note_session(session.id, operation.clone(), now)) {
                Ok((Some(kept), changes)) if kept.noted && changes.outbox => {
                    let entry = (session.id, mark(&operation, &word), operation.clone());
                    self.accept_on(store, lane, &[entry]);
                }
                Ok(_) => {}
                Err(error) => self.note(format_args!("user: session not noted on {lane}: {error}")),
            }
        }
    }

    /// News of a major incident, told once to the parent and each child, however often the button is pressed.
    fn room(&mut self, store: &Store, lane: TicketId) {
        let now = self.clock.now();
        if lane.is_local() || wait(store.open_room(lane, None, now)).is_err() {
            return;
        }
        let word = self.fresh_word();
        let mut children = BTreeSet::new();
        for _ in 0..self.rng.random_range(0..3) {
            children.extend(self.pick_lane(store).filter(|child| *child != lane));
        }
        let post = RoomPost {
            id: self.id(),
            text: format!("Nouvelles : {word}"),
            next_in_min: None,
            children: children.into_iter().collect(),
        };
        let followup = |operation: &str| Operation::AddFollowup {
            body: RichText::from_plain(operation),
            private: false,
        };
        for _ in 0..self.rng.random_range(1..=2) {
            let posted = wait(store.post_room_update(lane, &post, |_, update| followup(&update.text), now));
            match posted {
                Ok(posted) if posted.new => {
                    self.ledger().updates.push((lane, post.id));
                    for (_, outcome) in posted.outcomes {
                        let Ok(accepted) = outcome else { continue };
                        let of_room: Vec<_> = accepted
                            .entries
                            .iter()
                            .map(|entry| (entry.id, mark(&entry.operation, &word), entry.operation.clone()))
                            .collect();
                        self.took(store, Some(&accepted), &of_room);
                    }
                    if self.tells_twice {
                        let _ = wait(store.submit(alone(lane, OperationId::new(), followup(&post.text)), now));
                    }
                }
                Ok(_) => {}
                Err(error) => self.note(format_args!("user: no news on {lane}: {error}")),
            }
        }
    }

    /// The lines of an escalation and the group that takes it, together and in order.
    fn escalate(&mut self, store: &Store, lane: TicketId) {
        let group = Actor {
            role: Role::Assigned,
            party: Party::Group {
                id: self.rng.random_range(1..4_i64).into(),
            },
        };
        let (first, second) = (self.fresh_word(), self.fresh_word());
        let line = |word: &str| Operation::AddFollowup {
            body: RichText::from_plain(&format!("Escalade : {word}")),
            private: true,
        };
        let mut operations = Vec::new();
        for (operation, word) in [
            (line(&first), first.as_str()),
            (Operation::Assign { actor: group }, ""),
            (line(&second), second.as_str()),
        ] {
            operations.push((self.id(), mark(&operation, word), operation));
        }
        let submission = together(lane, &operations);
        match wait(store.escalate(submission, self.clock.now())) {
            Ok(accepted) => self.took(store, Some(&accepted), &operations),
            Err(error) => self.note(format_args!("user: not escalated on {lane}: {error}")),
        }
    }

    /// The same answer for several tickets.
    fn several(&mut self, store: &Store) {
        let word = self.fresh_word();
        let mut lanes = BTreeSet::new();
        for _ in 0..4 {
            lanes.extend(self.pick_lane(store));
        }
        let mut plans = Vec::new();
        for lane in lanes {
            let operation = Operation::AddFollowup {
                body: RichText::from_plain(&format!("Pour tous : {word}")),
                private: false,
            };
            plans.push((lane, vec![(self.id(), mark(&operation, &word), operation)]));
        }
        let submissions: Vec<Submission> = plans
            .iter()
            .map(|(lane, operations)| together(*lane, operations))
            .collect();
        let Ok(outcomes) = wait(store.submit_all(&submissions, self.clock.now())) else {
            return;
        };
        for (outcome, (_, operations)) in outcomes.iter().zip(&plans) {
            self.took(store, outcome.as_ref().ok(), operations);
        }
    }

    fn link_or_propose(&mut self, store: &Store, lane: TicketId) {
        let word = self.fresh_word();
        let operation = if self.rng.random_bool(0.5) {
            Operation::ProposeArticle {
                title: format!("Article {word}"),
                body: RichText::from_plain(&format!("Relancer : {word}")),
            }
        } else {
            let ids = wait(store.ids(Collection::Tickets)).unwrap_or_default();
            let Some(other) = ids.choose(&mut self.rng).filter(|other| **other != lane.0) else {
                return;
            };
            Operation::LinkTicket {
                ticket: TicketId(*other),
                kind: LinkKind::Related,
            }
        };
        let operations = vec![(self.id(), mark(&operation, &word), operation)];
        match wait(store.submit(together(lane, &operations), self.clock.now())) {
            Ok(accepted) => self.took(store, Some(&accepted), &operations),
            Err(error) => self.note(format_args!("user: not accepted on {lane}: {error}")),
        }
    }

    fn task(&mut self, word: &str) -> Operation {
        Operation::AddTask {
            body: self.text(word),
            private: true,
            state: TaskState::Done,
            duration_s: 300,
            begin: None,
            assignee: None,
        }
    }

    fn took(&mut self, store: &Store, accepted: Option<&Accepted>, operations: &[(OperationId, Mark, Operation)]) {
        if let Some(accepted) = accepted {
            self.accept_on(store, accepted.lane, operations);
        }
    }

    fn accept_on(&mut self, store: &Store, lane: TicketId, operations: &[(OperationId, Mark, Operation)]) {
        for (id, mark, operation) in operations {
            self.note(format_args!("user: {} on {lane} [{id}] {mark:?}", operation.name()));
            let strangers = self.strangers(store);
            self.ledger().accept(*id, mark.clone(), lane, strangers);
        }
    }
}

fn alone(lane: TicketId, id: OperationId, operation: Operation) -> Submission {
    Submission {
        lane: Some(lane),
        operations: vec![(id, operation)],
        draft: None,
        hold: Duration::ZERO,
    }
}

fn together(lane: TicketId, operations: &[(OperationId, Mark, Operation)]) -> Submission {
    Submission {
        lane: Some(lane),
        operations: operations
            .iter()
            .map(|(id, _, operation)| (*id, operation.clone()))
            .collect(),
        draft: None,
        hold: Duration::ZERO,
    }
}

/// A call that was answered and ended.
fn ended_call(source: CallSource, id: String, now: jiff::Timestamp) -> Call {
    let began = now.saturating_sub(SignedDuration::from_secs(90)).unwrap_or(now);
    Call {
        source,
        ids: BTreeSet::from([id.clone()]),
        id,
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612345678", "", "FR"),
        state: CallState::Ended,
        queue: None,
        ringing: BTreeSet::new(),
        device: None,
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: began,
        queued_at: None,
        ringing_at: Some(began),
        answered_at: Some(began),
        transferred_at: None,
        voicemail_at: None,
        ended_at: Some(now),
        cause: None,
        times_uncertain: false,
        user_data: std::collections::BTreeMap::new(),
        capabilities: guichet_domain::call::CallCapabilities::default(),
    }
}
