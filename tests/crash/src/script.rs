//! What the victim does, step by step, and how the referee sees that it was done. A step is known by the script's seed and its
//! number alone, so that one that was cut off can be done again and one that was acknowledged can be looked for.

use guichet_domain::{
    DocumentId, OperationId, TicketId, UserId,
    alert::{AlertTracker, Problem, Severity},
    asset::{AssetKey, AssetReach},
    call::{Call, CallCapabilities, CallSource, CallState, Direction, RemoteParty},
    consent::{AskedPerson, ConsentAnswer, ConsentId, ConsentMeans, ConsentRecord, ConsentSubject},
    diagnosis::Diagnosis,
    operation::{AttachTo, NewTicket, Operation},
    rich_text::RichText,
    room::RoomWords,
    ticket::{Level, TicketKind},
    timeline::TaskState,
    wrap_up::{CallBack, CallBackReason, CallTicket, ClosedCall, Disposition, NoTicket, Owner},
};
use guichet_sandbox::{Write, WriteAction};
use guichet_store::{
    AlertHandling, Draft, EventKind, KeptSession, NotableEvent, Resolution, SavedView, Store, StoreError, Submission,
};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Steps of a script; every kind is in it once, in an order that the seed turns.
pub(crate) const STEPS: u32 = 22;
/// Instants that are stored are of this day, so that a step done again is the same.
const DAY: i64 = 1_793_606_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(DAY + second).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Which kind a step is.
fn kind(seed: u64, step: u32) -> u32 {
    (step + u32::try_from(seed % u64::from(STEPS)).unwrap_or(0)) % STEPS
}

fn uuid(seed: u64, step: u32, part: u32) -> uuid::Uuid {
    let random = (u128::from(seed) << 64) | (u128::from(step) << 32) | u128::from(part);
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&random.to_be_bytes()[6..]);
    uuid::Builder::from_unix_timestamp_millis(1_793_606_400_000, &bytes).into_uuid()
}

fn operation_id(seed: u64, step: u32, part: u32) -> OperationId {
    OperationId(uuid(seed, step, part))
}

/// A word that no other step has.
fn word(seed: u64, step: u32, part: u32) -> String {
    format!("mot{seed}x{step}x{part}fin")
}

/// One of the first tickets of a small sandbox.
fn ticket(seed: u64, step: u32) -> TicketId {
    TicketId(i64::try_from((seed + u64::from(step)) % 8).unwrap_or(0) + 1)
}

fn followup(text: &str) -> Operation {
    Operation::AddFollowup {
        body: RichText::from_plain(text),
        private: false,
    }
}

fn task(text: &str) -> Operation {
    Operation::AddTask {
        body: RichText::from_plain(text),
        private: true,
        state: TaskState::Done,
        duration_s: 60,
        begin: None,
        assignee: None,
    }
}

fn creation(text: &str) -> Operation {
    Operation::CreateTicket {
        ticket: Box::new(NewTicket {
            title: format!("Nouveau {text}"),
            description: RichText::from_plain("Demande prise au téléphone"),
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

fn draft(seed: u64, step: u32) -> Draft {
    Draft {
        key: format!("followup:{}", word(seed, step, 0)),
        ticket: Some(ticket(seed, step)),
        body: word(seed, step, 1),
        attachments: Vec::new(),
        updated_at: at(i64::from(step)),
    }
}

fn source() -> CallSource {
    CallSource("pbx".to_owned())
}

fn call(id: &str) -> Call {
    Call {
        source: source(),
        id: id.to_owned(),
        ids: BTreeSet::from([id.to_owned()]),
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612340013", "", "FR"),
        state: CallState::Ended,
        queue: Some("support".to_owned()),
        ringing: BTreeSet::new(),
        device: None,
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: at(1),
        queued_at: Some(at(1)),
        ringing_at: Some(at(2)),
        answered_at: Some(at(3)),
        transferred_at: None,
        voicemail_at: None,
        ended_at: Some(at(60)),
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

fn consent(seed: u64, step: u32) -> ConsentRecord {
    ConsentRecord {
        id: ConsentId(uuid(seed, step, 9)),
        subject: ConsentSubject {
            ticket: ticket(seed, step),
            asset: None,
        },
        technician: UserId(7),
        person: AskedPerson {
            user: None,
            name: word(seed, step, 0),
        },
        means: ConsentMeans::Aloud,
        asked_at: at(1),
        answered_at: at(2),
        answer: ConsentAnswer::Agreed,
    }
}

fn session(seed: u64, step: u32) -> KeptSession {
    KeptSession {
        id: operation_id(seed, step, 0),
        ticket: ticket(seed, step),
        asset: None,
        asset_name: word(seed, step, 0),
        tool: "vnc".to_owned(),
        target: "PC-0001".to_owned(),
        code: None,
        link: None,
        consent: ConsentId(uuid(seed, step, 9)),
        started_at: at(3),
        ended_at: None,
        end_is_seen: true,
        noted: false,
    }
}

fn view(seed: u64, step: u32) -> SavedView {
    SavedView {
        id: uuid(seed, step, 0).to_string(),
        name: word(seed, step, 0),
        view: guichet_store::View::Open,
        vip_only: false,
        filter: guichet_store::TicketFilter::default(),
        sort: guichet_store::Sort::Oldest,
        group: None,
        layout: guichet_store::Layout::Table,
        columns: vec![guichet_store::Column::Id],
    }
}

fn event(seed: u64, step: u32) -> NotableEvent {
    NotableEvent {
        id: operation_id(seed, step, 0),
        at: at(1),
        kind: EventKind::Outage,
        text: word(seed, step, 0),
        ticket: None,
        author: None,
    }
}

fn problem(seed: u64, step: u32) -> Problem {
    Problem {
        host: word(seed, step, 0),
        service: None,
        severity: Severity::Critical,
        since: at(0),
        output: "CRITICAL".to_owned(),
        acknowledged: false,
        in_downtime: false,
    }
}

fn submission(lane: Option<TicketId>, operations: Vec<(OperationId, Operation)>, hold: Duration) -> Submission {
    Submission {
        lane,
        operations,
        draft: None,
        hold,
    }
}

/// Refused because it was accepted in a life that ended before it could say so.
fn twice(error: &StoreError) -> bool {
    matches!(error, StoreError::Invalid { message } if message.contains("was accepted before"))
}

async fn submit(
    store: &Store,
    lane: Option<TicketId>,
    operations: Vec<(OperationId, Operation)>,
    hold: Duration,
) -> Result<(), StoreError> {
    match store.submit(submission(lane, operations, hold), Timestamp::now()).await {
        Err(error) if !twice(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Does a step, wherever an earlier life left it.
pub(crate) async fn perform(store: &Store, seed: u64, step: u32) -> Result<(), StoreError> {
    let now = Timestamp::now();
    let lane = ticket(seed, step);
    let id = |part| operation_id(seed, step, part);
    let text = |part| word(seed, step, part);
    match kind(seed, step) {
        0 => submit(store, Some(lane), vec![(id(0), followup(&text(0)))], Duration::ZERO).await?,
        1 => {
            let operations = vec![(id(0), creation(&text(0))), (id(1), followup(&text(1)))];
            submit(store, None, operations, Duration::ZERO).await?;
        }
        2 => store.save_draft(&draft(seed, step)).await?,
        3 => {
            let attachment = store
                .keep_attachment(&format!("capture-{}.png", text(0)), "image/png", text(0).as_bytes())
                .await?;
            let upload = Operation::UploadDocument {
                attachment,
                attach_to: AttachTo::Ticket,
            };
            submit(store, Some(lane), vec![(id(0), upload)], Duration::ZERO).await?;
        }
        4 => {
            store.keep_call(&call(&text(0)), &[], &[], true).await?;
            store.note_call(&source(), &text(0), &text(1)).await?;
        }
        5 => {
            store.keep_call(&call(&text(0)), &[], &[], true).await?;
            store.name_caller(&source(), &text(0), Some(UserId(3))).await?;
            store.link_call(&source(), &text(0), Some(lane)).await?;
        }
        6 => {
            store.keep_call(&call(&text(0)), &[], &[], true).await?;
            let row = store.journal_call(&source(), &text(0)).await?;
            if row.is_some_and(|row| row.closed_at.is_none()) {
                let closed = ClosedCall {
                    disposition: Disposition::Solved,
                    ticket: CallTicket::None {
                        reason: NoTicket::Internal,
                        words: String::new(),
                    },
                    note: text(1),
                };
                store.close_call(&source(), &text(0), &closed, None, now).await?;
            }
        }
        7 => {
            let log = store.consents(lane).await?;
            let record = consent(seed, step);
            if !log.records().iter().any(|kept| kept.id == record.id) {
                store.record_consent(record).await?;
            }
        }
        8 => {
            let kept = store.sessions_of(lane).await?;
            if !kept.iter().any(|kept| kept.id == id(0)) {
                store.keep_session(&session(seed, step)).await?;
            }
            store.end_session(id(0), at(9)).await?;
            store.note_session(id(0), task(&text(1)), now).await?;
        }
        9 => {
            store.keep_event(&event(seed, step)).await?;
            let withdrawn = NotableEvent {
                id: id(1),
                ..event(seed, step)
            };
            store.keep_event(&withdrawn).await?;
            store.withdraw_event(id(1), now).await?;
        }
        10 => {
            let diagnosis = Diagnosis {
                symptom: text(0),
                ..Diagnosis::default()
            };
            // A ticket of its own kind: an escalation of another step forgets what is kept for its ticket.
            store.keep_diagnosis(TicketId(15), &diagnosis, at(1)).await?;
        }
        11 => {
            let operations = vec![(id(0), followup(&text(0))), (id(1), task(&text(1)))];
            match store
                .escalate(submission(Some(lane), operations, Duration::ZERO), now)
                .await
            {
                Err(error) if !twice(&error) => return Err(error),
                _ => {}
            }
        }
        12 => {
            store.open_room(lane, None, at(1)).await?;
            let words = RoomWords {
                workaround: text(0),
                ..RoomWords::default()
            };
            store.write_room(lane, words, at(2)).await?;
            store.close_room(lane, at(3)).await?;
        }
        13 => {
            store.save_view(&view(seed, step), None).await?;
            let gone = SavedView {
                id: uuid(seed, step, 1).to_string(),
                name: text(1),
                ..view(seed, step)
            };
            store.save_view(&gone, None).await?;
            store.delete_view(&gone.id).await?;
        }
        14 => store.set_setting("crash.test", &text(0)).await?,
        15 => {
            let call_back = CallBack {
                id: id(0),
                source: source(),
                call: text(0),
                ticket: None,
                remote: RemoteParty::read("0612340013", "", "FR"),
                name: text(1),
                owner: Owner::Group {
                    name: "Support".to_owned(),
                },
                due: at(600),
                reason: CallBackReason::Unanswered,
            };
            store.add_call_back(&call_back).await?;
            let second = CallBack {
                id: id(1),
                call: text(2),
                ..call_back
            };
            store.add_call_back(&second).await?;
            store.call_back_done(id(1), now).await?;
        }
        16 => {
            // Held, and taken back before it leaves: its words never arrive.
            submit(
                store,
                Some(lane),
                vec![(id(0), followup(&text(0)))],
                Duration::from_secs(50),
            )
            .await?;
            match store.take_back(&[id(0)], Timestamp::now()).await {
                // Taken back by a life that ended before it could say so.
                Ok(_) | Err(StoreError::AlreadyLeft { .. } | StoreError::StateChanged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        17 => {
            let submissions = [0, 1, 2].map(|part| {
                submission(
                    Some(TicketId(lane.0 + i64::from(part))),
                    vec![(id(part), followup(&text(part)))],
                    Duration::ZERO,
                )
            });
            for outcome in store.submit_all(&submissions, now).await? {
                match outcome {
                    Err(error) if !twice(&error) => return Err(error),
                    _ => {}
                }
            }
        }
        18 => {
            let mut tracker = AlertTracker::new("nagios", SignedDuration::from_mins(5));
            let changes = tracker.read(&[problem(seed, step)], at(1));
            store.keep_alerts(&changes, at(1)).await?;
            for alert in store.open_alerts().await? {
                store
                    .take_up_alert(&alert.id, AlertHandling::AcknowledgedHere, None, at(2))
                    .await?;
                store.link_alert(&alert.id, Some(lane)).await?;
            }
        }
        19 => {
            let gone = Draft {
                key: format!("followup:{}", text(5)),
                ..draft(seed, step)
            };
            store.save_draft(&gone).await?;
            store.delete_draft(&gone.key).await?;
        }
        20 => {
            // Held, then let go at once: a person's way out.
            submit(
                store,
                Some(lane),
                vec![(id(0), followup(&text(0)))],
                Duration::from_secs(50),
            )
            .await?;
            match store.resolve(id(0), Resolution::Retry, Timestamp::now()).await {
                Ok(_) | Err(StoreError::StateChanged { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        _ => {
            store.keep_document(DocumentId(1), text(0).as_bytes()).await?;
            let key = AssetKey {
                kind: "Computer".to_owned(),
                id: 1,
            };
            let reach = AssetReach {
                remote_ids: Vec::new(),
                addresses: vec![text(0)],
            };
            store.keep_reach(&key, &reach).await?;
            store.set_targets(&[]).await?;
        }
    }
    Ok(())
}

/// How often a word arrived at the server.
fn arrived(writes: &[Write], word: &str) -> usize {
    writes
        .iter()
        .filter(|write| {
            write.action == WriteAction::Add
                && match &write.file {
                    Some(file) => file.filename.contains(word),
                    None => write.input.to_string().contains(word),
                }
        })
        .count()
}

/// Looks for what an acknowledged step did; says what is missing.
pub(crate) async fn missing(
    store: &Store,
    writes: &[Write],
    seed: u64,
    step: u32,
) -> Result<Option<String>, StoreError> {
    let lane = ticket(seed, step);
    let id = |part| operation_id(seed, step, part);
    let text = |part| word(seed, step, part);
    let once = |parts: &[u32]| {
        parts.iter().find_map(|part| {
            let times = arrived(writes, &text(*part));
            (times != 1).then(|| format!("{} arrived {times} times", text(*part)))
        })
    };
    let here = |there: bool, what: &str| (!there).then(|| format!("{what} of step {step} is not there"));
    let note = |row: Option<guichet_store::JournalCall>, note: &str| row.is_some_and(|row| row.note == note);
    Ok(match kind(seed, step) {
        0 | 3 | 20 => once(&[0]),
        1 | 11 => once(&[0, 1]),
        17 => once(&[0, 1, 2]),
        2 => here(
            store.draft(&draft(seed, step).key).await? == Some(draft(seed, step)),
            "the draft",
        ),
        4 => here(
            note(store.journal_call(&source(), &text(0)).await?, &text(1)),
            "the call's note",
        ),
        5 => {
            let row = store.journal_call(&source(), &text(0)).await?;
            let said = row.is_some_and(|row| row.person == Some(UserId(3)) && row.ticket == Some(lane));
            here(said, "the call's person or ticket")
        }
        6 => {
            let row = store.journal_call(&source(), &text(0)).await?;
            here(
                row.is_some_and(|row| row.closed_at.is_some() && row.note == text(1)),
                "the wrap-up",
            )
        }
        7 => {
            let log = store.consents(lane).await?;
            let times = log
                .records()
                .iter()
                .filter(|kept| **kept == consent(seed, step))
                .count();
            here(times == 1, "the consent")
        }
        8 => {
            let kept = store.remote_session(id(0)).await?;
            here(
                kept.is_some_and(|kept| kept.noted && kept.ended_at == Some(at(9))),
                "the session",
            )
            .or_else(|| once(&[1]))
        }
        9 => {
            let events = store.events_between(at(0), at(10)).await?;
            let kept = events.iter().any(|kept| kept.id == id(0)) && !events.iter().any(|kept| kept.id == id(1));
            here(kept, "the event (or its withdrawal)")
        }
        10 => {
            let kept = store.diagnosis(TicketId(15)).await?;
            here(kept.is_some_and(|kept| kept.symptom == text(0)), "the diagnosis")
        }
        12 => {
            let room = store.room(lane).await?;
            here(
                room.is_some_and(|room| room.words.workaround == text(0) && room.closed_at.is_some()),
                "the room",
            )
        }
        13 => {
            let views = store.saved_views().await?;
            let kept = views.contains(&view(seed, step)) && !views.iter().any(|kept| kept.name == text(1));
            here(kept, "the view")
        }
        14 => here(
            store.setting("crash.test").await?.as_deref() == Some(text(0).as_str()),
            "the setting",
        ),
        15 => {
            let kept = store.call_backs(100).await?;
            let kept = kept.iter().any(|kept| kept.call_back.id == id(0))
                && !kept
                    .iter()
                    .any(|kept| kept.call_back.id == id(1) && kept.done_at.is_none());
            here(kept, "the call-back")
        }
        16 => {
            let times = arrived(writes, &text(0));
            (times != 0).then(|| format!("{} was taken back and arrived {times} times", text(0)))
        }
        18 => {
            let alerts = store.open_alerts().await?;
            let kept = alerts
                .iter()
                .any(|kept| kept.alert.host == text(0) && kept.ticket == Some(lane));
            here(kept, "the alert")
        }
        19 => here(
            store.draft(&format!("followup:{}", text(5))).await?.is_none(),
            "the removal of the draft",
        ),
        // The mirror gives no promise: what it forgets is read again.
        _ => None,
    })
}

/// Words that arrived more often than once, of any step, acknowledged or not.
pub(crate) fn doubled(writes: &[Write], seed: u64) -> Vec<String> {
    (0..STEPS)
        .flat_map(|step| [0, 1, 2].map(|part| word(seed, step, part)))
        .filter(|word| arrived(writes, word) > 1)
        .collect()
}
