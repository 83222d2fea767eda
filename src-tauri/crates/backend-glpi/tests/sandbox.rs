//! The adapter against the sandbox, in both versions: the conformance suite, and what only GLPI does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "sandbox/desk.rs"]
mod desk;

use bytes::Bytes;
use desk::Desk;
use guichet_backend::{
    Backend, BackendError, Clock as _, Delivery, Outgoing,
    conformance::{Mirror, sorted},
};
use guichet_backend_glpi::{Credentials, GlpiBackend, GlpiConfig, HttpTransport};
use guichet_domain::{
    BlobHash, OperationId, TicketId, UserId,
    catalogue::Availability,
    document::Attachment,
    history::{HistoryEvent, HistoryParty},
    operation::{AttachTo, Operation},
    record::Collection,
    ticket::{Role, Status},
};
use guichet_sandbox::{Act, Options, Sandbox, Version};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

guichet_backend::conformance_tests!(ten, Desk::new(Version::Ten));
guichet_backend::conformance_tests!(eleven, Desk::new(Version::Eleven));

const VERSIONS: [Version; 2] = [Version::Ten, Version::Eleven];

#[tokio::test]
async fn an_idle_round_costs_next_to_nothing() {
    for version in VERSIONS {
        let desk = Desk::new(version);
        let mut mirror = Mirror::default();
        let mut cursors = BTreeMap::new();
        for collection in Collection::all() {
            let cursor = mirror.read(&desk.backend, collection, None).await;
            cursors.insert(collection, cursor);
        }
        desk.clock.advance(400);
        for round in 0..3 {
            desk.direct.reads.store(0, Ordering::SeqCst);
            desk.clock.advance(5);
            for (collection, cursor) in &mut cursors {
                *cursor = mirror.read(&desk.backend, *collection, Some(cursor)).await;
            }
            let asked = desk.direct.reads.load(Ordering::SeqCst);
            assert!(
                round == 0 || asked <= 4,
                "{version:?}: an idle round asked {asked} times"
            );
        }
    }
}

#[tokio::test]
async fn over_a_real_connection() {
    let setup = Options::tiny(3).version(Version::Eleven);
    let sandbox = Sandbox::start(setup, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let backend = GlpiBackend::new(
        Arc::new(HttpTransport::new(sandbox.url()).unwrap()),
        Credentials::user_token(sandbox.user_token()),
        GlpiConfig::default(),
        Arc::new(guichet_backend::SystemClock),
    );
    let info = backend.open().await.unwrap();
    assert!(info.product.starts_with("GLPI 11"), "{info:?}");
    let ids = backend.list_ids(Collection::Tickets).await.unwrap();
    let now = Timestamp::now();
    let upload = Outgoing {
        id: OperationId::new(),
        ticket: Some(TicketId(ids[0])),
        operation: Operation::UploadDocument {
            attachment: Attachment {
                blob: BlobHash(String::new()),
                filename: "capture d'écran.png".to_owned(),
                mime: "image/png".to_owned(),
                size: 4,
            },
            attach_to: AttachTo::Ticket,
        },
        written_at: now,
        first_attempt_at: Some(now),
        content: Some(Bytes::from_static(b"\x89PNG")),
        attach_to: None,
        claimed: Vec::new(),
    };
    let document = backend.send(&upload).await.unwrap().remote_id.unwrap();
    let bundle = backend.ticket(TicketId(ids[0])).await.unwrap();
    let found = bundle.documents.iter().find(|found| found.id.0 == document).unwrap();
    assert_eq!(found.filename, "capture d'écran.png");
    assert_eq!(backend.download(found.id).await.unwrap().as_ref(), b"\x89PNG");
    backend.close().await;
    let url = sandbox.url().to_owned();
    sandbox.stop().await;
    let gone = GlpiBackend::new(
        Arc::new(HttpTransport::new(&url).unwrap()),
        Credentials::user_token("t"),
        GlpiConfig::default(),
        Arc::new(guichet_backend::SystemClock),
    );
    let error = gone.open().await.unwrap_err();
    assert!(
        matches!(
            error,
            BackendError::Network {
                delivery: Delivery::NotSent,
                ..
            }
        ),
        "{error:?}"
    );
}

/// A small generator of choices: the same seed, the same story.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

#[tokio::test]
async fn after_any_story_the_mirror_is_the_server() {
    for seed in 0..12_u64 {
        let version = VERSIONS[(seed % 2) as usize];
        let desk = Desk::new(version);
        let mut dice = Dice(seed);
        let mut mirror = Mirror::default();
        let mut cursor = mirror.read(&desk.backend, Collection::Tickets, None).await;
        mirror.read(&desk.backend, Collection::TicketDetails, None).await;
        let mut purged = Vec::new();
        for _ in 0..30 {
            let everything = desk.backend.list_ids(Collection::Tickets).await.unwrap();
            let ticket = everything[dice.roll(everything.len() as u64) as usize];
            let act = match dice.roll(9) {
                0 => Act::Edit {
                    ticket,
                    field: "urgency".to_owned(),
                    value: serde_json::json!(1 + dice.roll(5)),
                },
                1 | 2 => Act::Followup {
                    ticket,
                    text: format!("<p>{}</p>", dice.roll(1000)),
                    private: false,
                },
                3 => Act::Task {
                    ticket,
                    text: "<p>À faire</p>".to_owned(),
                },
                4 => Act::Assign {
                    ticket,
                    user: 5 + dice.roll(4) as i64,
                },
                5 => Act::Bin { ticket },
                6 => {
                    let gone: Vec<i64> = (1..=25).filter(|id| !everything.contains(id)).collect();
                    Act::Restore {
                        ticket: gone.first().copied().unwrap_or(ticket),
                    }
                }
                7 => Act::Open {
                    title: "Nouveau".to_owned(),
                    text: "<p>?</p>".to_owned(),
                    requester: None,
                },
                _ => Act::Purge { ticket },
            };
            // Every third write is a slow one: it shows now, stamped when it began.
            let late = if dice.roll(3) == 0 { dice.roll(100) as i64 } else { 0 };
            let at = desk.clock.now() - SignedDuration::from_secs(late);
            let done = desk.direct.core.lock().unwrap().act(&act, at).is_ok();
            if done && let Act::Purge { ticket } = act {
                purged.push(ticket);
            }
            desk.clock.advance(dice.roll(4) as i64 * dice.roll(20) as i64);
            if dice.roll(2) == 0 {
                let page = desk.backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
                cursor = page.cursor.clone();
                mirror.apply(page);
            }
        }
        for seconds in [5, 200] {
            desk.clock.advance(seconds);
            cursor = mirror.read(&desk.backend, Collection::Tickets, Some(&cursor)).await;
        }
        let ids = desk.backend.list_ids(Collection::Tickets).await.unwrap();
        // A purge leaves no trace in the lists: comparing identities finds it.
        mirror
            .tickets
            .retain(|id, _| !purged.contains(&id.0) || ids.contains(&id.0));
        assert_eq!(mirror.ids(Collection::Tickets), ids, "seed {seed}");
        for (id, mut ours) in mirror.tickets {
            // A link to a purged ticket goes with it, and this end's date does not move.
            let mut theirs = sorted(desk.backend.ticket(id).await.unwrap());
            for bundle in [&mut ours, &mut theirs] {
                bundle
                    .ticket_links
                    .retain(|link| [link.from, link.to].iter().all(|end| ids.contains(&end.0)));
            }
            assert_eq!(ours.ticket, theirs.ticket, "seed {seed}");
            assert_eq!(ours.timeline, theirs.timeline, "seed {seed} ticket {id}");
            assert_eq!(ours, theirs, "seed {seed} ticket {id}");
        }
        let idle = desk.backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
        assert!(
            idle.records.is_empty() && idle.removals.is_empty(),
            "seed {seed}: {idle:?}"
        );
    }
}

#[tokio::test]
async fn what_happens_to_a_ticket_is_in_its_history_for_who_may_read_it() {
    for version in VERSIONS {
        let desk = Desk::new(version);
        let horizon = desk.clock.now() - SignedDuration::from_hours(24);
        let refused = desk.backend.history(None, horizon).await.unwrap();
        assert_eq!(refused.availability, Availability::Forbidden, "{version:?}");

        desk.act(&Act::Rights {
            login: guichet_sandbox::options::TECHNICIAN.to_owned(),
            entities: vec![(0, true)],
            lists: true,
        });
        desk.backend.close().await;
        desk.clock.advance(3600);
        let user = {
            let core = desk.direct.core.lock().unwrap();
            core.user_id(guichet_sandbox::options::TECHNICIAN).unwrap()
        };
        let opened = Act::Open {
            title: "Imprimante".to_owned(),
            text: "<p>En panne</p>".to_owned(),
            requester: Some(user),
        };
        let now = desk.clock.now();
        let ticket = desk.direct.core.lock().unwrap().act(&opened, now).unwrap();
        for act in [
            Act::Assign { ticket, user },
            Act::Edit {
                ticket,
                field: "status".to_owned(),
                value: 4.into(),
            },
            Act::Bin { ticket },
            Act::Restore { ticket },
        ] {
            desk.act(&act);
        }
        let mut cursor = refused.cursor;
        let mut said = Vec::new();
        loop {
            let page = desk.backend.history(Some(&cursor), horizon).await.unwrap();
            assert_eq!(page.availability, Availability::Available, "{version:?}");
            said.extend(page.changes);
            cursor = page.cursor;
            if !page.more {
                break;
            }
        }
        said.retain(|change| change.ticket == TicketId(ticket));
        said.reverse();
        let said: Vec<_> = said.into_iter().map(|change| change.what).collect();
        let joined = |role| HistoryEvent::Joined {
            party: HistoryParty::User { id: UserId(user) },
            role: Some(role),
        };
        let status = |from, to| HistoryEvent::Status { from, to };
        assert_eq!(
            said,
            [
                joined(Role::Requester),
                joined(Role::Assigned),
                status(Status::New, Status::Assigned),
                status(Status::Assigned, Status::Waiting),
                HistoryEvent::Trashed,
                HistoryEvent::Restored,
            ],
            "{version:?}"
        );
    }
}
