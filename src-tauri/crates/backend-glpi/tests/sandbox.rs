//! The adapter against the sandbox: what it writes arrives once although the reply is lost, and what it reads in bulk is what
//! it reads ticket by ticket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Backend, BackendError, Clock, Cursor, Delivery, Outgoing, Probe};
use guichet_backend_glpi::{
    Credentials, GlpiBackend, GlpiConfig, HttpTransport,
    transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError},
};
use guichet_domain::{
    BlobHash, GroupId, OperationId, TicketId, UserId,
    asset::AssetKey,
    document::Attachment,
    operation::{AttachTo, Field, FieldValue, NewTicket, Operation},
    outbox::Receipt,
    record::{Collection, Record, TicketBundle},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Status, TicketKind},
    timeline::{EntryKey, EntryKind, TaskState},
};
use guichet_sandbox::{Act, Glpi, Options, Sandbox, Version, options, wire};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// A clock that moves when it is told to.
struct Hand(Mutex<Timestamp>);

impl Hand {
    fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The sandbox's core without a network; replies to writes can be lost after the commit.
struct Direct {
    core: Mutex<Glpi>,
    clock: Arc<Hand>,
    lose_replies: AtomicBool,
    writes: AtomicUsize,
    reads: AtomicUsize,
}

#[async_trait]
impl Transport for Direct {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let session = ["initSession", "killSession", "changeActiveEntities"].contains(&request.path.as_str());
        let changes = request.method != Method::GET && !session;
        self.reads.fetch_add(usize::from(!changes), Ordering::SeqCst);
        self.writes.fetch_add(usize::from(changes), Ordering::SeqCst);
        let request = wire::Request {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: match request.body {
                ApiBody::Empty => wire::Body::Empty,
                ApiBody::Json(value) => wire::Body::Json(value),
                ApiBody::Upload {
                    manifest,
                    filename,
                    mime,
                    content,
                } => wire::Body::Upload {
                    manifest,
                    filename,
                    mime,
                    content,
                },
            },
        };
        let reply = self.core.lock().unwrap().handle(&request, self.clock.now());
        if changes && self.lose_replies.load(Ordering::SeqCst) {
            return Err(TransportError {
                delivery: Delivery::MaybeSent,
                message: "lost".to_owned(),
            });
        }
        Ok(ApiResponse {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        })
    }
}

struct Desk {
    direct: Arc<Direct>,
    clock: Arc<Hand>,
    backend: GlpiBackend,
}

impl Desk {
    fn new(version: Version) -> Self {
        let mut setup = Options::tiny(7).version(version);
        setup.articles = 6;
        let core = Glpi::new(setup.clone());
        let token = core.user_token(options::TECHNICIAN).unwrap().to_owned();
        let clock = Arc::new(Hand(Mutex::new(Timestamp::from_second(setup.now).unwrap())));
        let direct = Arc::new(Direct {
            core: Mutex::new(core),
            clock: clock.clone(),
            lose_replies: AtomicBool::new(false),
            writes: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
        });
        let backend = GlpiBackend::new(
            direct.clone(),
            Credentials::user_token(token),
            GlpiConfig::default(),
            clock.clone(),
        );
        Self { direct, clock, backend }
    }

    fn outgoing(&self, ticket: Option<i64>, operation: Operation) -> Outgoing {
        self.clock.advance(2);
        let now = self.clock.now();
        Outgoing {
            id: OperationId::new(),
            ticket: ticket.map(TicketId),
            operation,
            written_at: now - SignedDuration::from_secs(60),
            first_attempt_at: Some(now),
            content: None,
            attach_to: None,
            claimed: Vec::new(),
        }
    }

    /// Sends it, loses the reply, and finds it again by reading back; nothing was sent twice.
    async fn lost_and_found(&self, outgoing: &Outgoing) -> Receipt {
        let name = outgoing.operation.name();
        assert_eq!(
            self.backend.probe(outgoing).await.unwrap(),
            Probe::Absent,
            "{name} before it was sent"
        );
        self.direct.writes.store(0, Ordering::SeqCst);
        self.direct.lose_replies.store(true, Ordering::SeqCst);
        let error = self.backend.send(outgoing).await.unwrap_err();
        self.direct.lose_replies.store(false, Ordering::SeqCst);
        assert_eq!(error.delivery(), Delivery::MaybeSent, "{name}: {error:?}");
        assert_eq!(self.direct.writes.load(Ordering::SeqCst), 1, "{name} is one request");
        match self.backend.probe(outgoing).await.unwrap() {
            Probe::Applied(receipt) => receipt,
            other => panic!("{name} after its reply was lost: {other:?}"),
        }
    }

    async fn pull_all(&self, collection: Collection) -> (Vec<Record>, Cursor) {
        let mut records = Vec::new();
        let mut cursor: Option<Cursor> = None;
        for _ in 0..100 {
            let page = self.backend.pull(collection, cursor.as_ref()).await.unwrap();
            records.extend(page.records);
            if !page.more {
                assert!(page.complete);
                return (records, page.cursor);
            }
            cursor = Some(page.cursor);
        }
        panic!("{collection:?} never ends");
    }
}

const VERSIONS: [Version; 2] = [Version::Ten, Version::Eleven];

fn user(id: i64, role: Role) -> Actor {
    Actor {
        role,
        party: Party::User { id: UserId(id) },
    }
}

fn text(words: &str) -> RichText {
    RichText::from_html(&format!(
        "<p>{words} &amp; <b>plus</b> &lt;3</p><ul><li>un</li><li>deux</li></ul>"
    ))
}

fn new_ticket(asset: Option<AssetKey>) -> NewTicket {
    NewTicket {
        title: "R&D : écran <noir>".to_owned(),
        description: text("Rien ne s'affiche"),
        kind: TicketKind::Incident,
        urgency: Level(4),
        impact: Level(3),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: vec![user(5, Role::Requester)],
        assets: asset.into_iter().collect(),
    }
}

#[tokio::test]
async fn every_operation_is_found_again_after_its_reply_was_lost() {
    for version in VERSIONS {
        let desk = Desk::new(version);
        let me = desk.backend.open().await.unwrap().user;

        let create = desk.outgoing(
            None,
            Operation::CreateTicket {
                ticket: Box::new(new_ticket(None)),
            },
        );
        let ticket = desk.lost_and_found(&create).await.ticket.unwrap().0;
        let on = |operation| desk.outgoing(Some(ticket), operation);

        let followup = on(Operation::AddFollowup {
            body: text("Vu"),
            private: true,
        });
        let followup_id = desk.lost_and_found(&followup).await.remote_id.unwrap();
        // The same words a moment later are another follow-up.
        let again = on(Operation::AddFollowup {
            body: text("Vu"),
            private: true,
        });
        assert_ne!(desk.lost_and_found(&again).await.remote_id, Some(followup_id));

        let task = on(Operation::AddTask {
            body: text("À faire"),
            private: false,
            state: TaskState::Todo,
            duration_s: 900,
            begin: Some(desk.clock.now() + SignedDuration::from_hours(24)),
            assignee: Some(me),
        });
        let task_id = desk.lost_and_found(&task).await.remote_id;
        // A task's key is unique: sending it again finds it.
        assert_eq!(desk.backend.send(&task).await.unwrap().remote_id, task_id);

        for actor in [
            user(me.0, Role::Assigned),
            user(6, Role::Observer),
            Actor {
                role: Role::Assigned,
                party: Party::Group { id: GroupId(1) },
            },
        ] {
            let assign = on(Operation::Assign { actor: actor.clone() });
            desk.lost_and_found(&assign).await;
            desk.backend.send(&assign).await.unwrap();
            let unassign = on(Operation::Unassign { actor });
            desk.lost_and_found(&unassign).await;
            desk.backend.send(&unassign).await.unwrap();
        }

        for (field, new) in [
            (Field::Title, FieldValue::Text("Écran <noir> & blanc".to_owned())),
            (Field::Description, FieldValue::Rich(text("Toujours rien"))),
            (Field::Urgency, FieldValue::Level(Level(5))),
            (Field::Kind, FieldValue::Kind(TicketKind::Request)),
            (Field::Status, FieldValue::Status(Status::Waiting)),
            (Field::Status, FieldValue::Status(Status::Assigned)),
        ] {
            let bundle = desk.backend.ticket(TicketId(ticket)).await.unwrap();
            let base = guichet_domain::merge::field_value(&bundle.ticket, field);
            desk.lost_and_found(&on(Operation::SetField { field, base, new })).await;
        }

        for entry in [
            None,
            Some(EntryKey {
                kind: EntryKind::Followup,
                id: followup_id,
            }),
        ] {
            let mut upload = on(Operation::UploadDocument {
                attachment: Attachment {
                    blob: BlobHash(String::new()),
                    filename: "capture é.png".to_owned(),
                    mime: "image/png".to_owned(),
                    size: 4,
                },
                attach_to: match entry {
                    None => AttachTo::Ticket,
                    Some(_) => AttachTo::Operation { id: followup.id },
                },
            });
            upload.content = Some(Bytes::from_static(b"\x89PNG"));
            upload.attach_to = entry;
            let document = desk.lost_and_found(&upload).await.remote_id.unwrap();
            let bundle = desk.backend.ticket(TicketId(ticket)).await.unwrap();
            let link = bundle
                .document_links
                .iter()
                .find(|link| link.document.0 == document)
                .unwrap();
            assert_eq!(link.entry, entry, "{version:?}");
            assert_eq!(desk.backend.download(link.document).await.unwrap().as_ref(), b"\x89PNG");
        }

        let solution = on(Operation::AddSolution {
            body: text("Câble changé"),
            solution_type: None,
        });
        let solution_id = desk.lost_and_found(&solution).await.remote_id;
        assert_eq!(
            desk.backend.send(&solution).await.unwrap().remote_id,
            solution_id,
            "ours already"
        );
        let other = on(Operation::AddSolution {
            body: text("Autre chose"),
            solution_type: None,
        });
        assert!(matches!(
            desk.backend.send(&other).await,
            Err(BackendError::AlreadySolved)
        ));

        let status = async || desk.backend.ticket(TicketId(ticket)).await.unwrap().ticket.status;
        assert_eq!(status().await, Status::Solved);
        desk.lost_and_found(&on(Operation::Reopen {
            body: text("Encore en panne"),
        }))
        .await;
        assert!(status().await.is_open());
        let second = on(Operation::AddSolution {
            body: text("Écran changé"),
            solution_type: None,
        });
        desk.lost_and_found(&second).await;
        desk.lost_and_found(&on(Operation::AnswerSolution {
            accept: false,
            body: text("Non"),
        }))
        .await;
        assert!(status().await.is_open());
        desk.backend
            .send(&on(Operation::AddSolution {
                body: text("Poste changé"),
                solution_type: None,
            }))
            .await
            .unwrap();
        desk.lost_and_found(&on(Operation::AnswerSolution {
            accept: true,
            body: text("Merci"),
        }))
        .await;
        assert_eq!(status().await, Status::Closed, "{version:?}");

        let late = on(Operation::SetField {
            field: Field::Urgency,
            base: FieldValue::Level(Level(5)),
            new: FieldValue::Level(Level(1)),
        });
        assert!(matches!(desk.backend.send(&late).await, Err(BackendError::Closed)));
    }
}

/// What pages of `Tickets` and `TicketDetails` make of each ticket, as a store would.
fn assemble(records: Vec<Record>) -> BTreeMap<i64, TicketBundle> {
    let mut tickets: BTreeMap<i64, TicketBundle> = BTreeMap::new();
    let mut documents = BTreeMap::new();
    for record in records {
        match record {
            Record::Ticket(ticket) => {
                let bundle = TicketBundle {
                    ticket: *ticket,
                    actors: Vec::new(),
                    timeline: Vec::new(),
                    documents: Vec::new(),
                    document_links: Vec::new(),
                    ticket_links: Vec::new(),
                    asset_links: Vec::new(),
                };
                tickets.insert(bundle.ticket.id.0, bundle);
            }
            Record::TimelineEntry(entry) => {
                if let Some(bundle) = tickets.get_mut(&entry.ticket.0) {
                    bundle.timeline.push(*entry);
                }
            }
            Record::Actor(actor) => {
                if let Some(bundle) = tickets.get_mut(&actor.ticket.0) {
                    bundle.actors.push(actor);
                }
            }
            Record::Document(document) => {
                documents.insert(document.id, document);
            }
            Record::DocumentLink(link) => {
                if let Some(bundle) = tickets.get_mut(&link.ticket.0) {
                    bundle.documents.extend(documents.get(&link.document).cloned());
                    bundle.document_links.push(link);
                }
            }
            Record::TicketLink(link) => {
                for end in [link.from, link.to] {
                    if let Some(bundle) = tickets.get_mut(&end.0) {
                        bundle.ticket_links.push(link);
                    }
                }
            }
            Record::AssetLink(link) => {
                if let Some(bundle) = tickets.get_mut(&link.ticket.0) {
                    bundle.asset_links.push(link);
                }
            }
            Record::Catalogue(item) => assert!(item.by_expansion),
            other => panic!("{other:?}"),
        }
    }
    tickets
}

fn sorted(mut bundle: TicketBundle) -> TicketBundle {
    bundle
        .actors
        .sort_by_key(|row| (format!("{:?}", row.actor.party), row.id));
    bundle.timeline.sort_by_key(|entry| entry.key);
    bundle.documents.sort_by_key(|document| document.id);
    bundle.documents.dedup();
    bundle.document_links.sort_by_key(|link| link.id);
    bundle.ticket_links.sort_by_key(|link| link.id);
    bundle.asset_links.sort_by_key(|link| link.id);
    bundle
}

#[tokio::test]
async fn what_is_read_in_bulk_is_what_is_read_ticket_by_ticket() {
    for version in VERSIONS {
        let desk = Desk::new(version);
        let (mut records, _) = desk.pull_all(Collection::Tickets).await;
        records.extend(desk.pull_all(Collection::TicketDetails).await.0);
        let tickets = assemble(records);
        let ids = desk.backend.list_ids(Collection::Tickets).await.unwrap();
        assert_eq!(tickets.keys().copied().collect::<Vec<_>>(), ids);
        assert!(!ids.is_empty());
        for (id, bulk) in tickets {
            let single = desk.backend.ticket(TicketId(id)).await.unwrap();
            assert_eq!(sorted(bulk), sorted(single), "{version:?} ticket {id}");
        }
    }
}

#[tokio::test]
async fn all_collections_are_read_and_then_cost_next_to_nothing() {
    for version in VERSIONS {
        let desk = Desk::new(version);
        let mut cursors = BTreeMap::new();
        let mut collections = vec![
            Collection::Groups,
            Collection::People,
            Collection::Tickets,
            Collection::TicketDetails,
            Collection::Articles,
            Collection::Assets,
        ];
        collections.extend(guichet_domain::catalogue::CatalogueKind::ALL.map(Collection::Catalogue));
        for collection in &collections {
            let (records, cursor) = desk.pull_all(*collection).await;
            if matches!(
                collection,
                Collection::Groups | Collection::People | Collection::Articles
            ) {
                let mut ids: Vec<i64> = records
                    .iter()
                    .map(|record| match record {
                        Record::Group(group) => group.id.0,
                        Record::Person(person) => person.id.0,
                        Record::Article(article) => article.id.0,
                        other => panic!("{other:?}"),
                    })
                    .collect();
                ids.sort_unstable();
                assert_eq!(
                    ids,
                    desk.backend.list_ids(*collection).await.unwrap(),
                    "{version:?} {collection:?}"
                );
            }
            cursors.insert(*collection, cursor);
        }
        desk.clock.advance(400);
        for round in 0..3 {
            desk.direct.reads.store(0, Ordering::SeqCst);
            desk.clock.advance(5);
            for (collection, cursor) in &mut cursors {
                let page = desk.backend.pull(*collection, Some(cursor)).await.unwrap();
                assert!(!page.more);
                *cursor = page.cursor;
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
async fn a_colleague_s_changes_come_with_the_next_delta() {
    for version in VERSIONS {
        let desk = Desk::new(version);
        let (_, cursor) = desk.pull_all(Collection::Tickets).await;
        let ids = desk.backend.list_ids(Collection::Tickets).await.unwrap();
        desk.clock.advance(600);
        let first = desk.backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
        desk.clock.advance(5);
        let followup = Act::Followup {
            ticket: ids[3],
            text: "<p>Vu</p>".to_owned(),
            private: false,
        };
        desk.direct
            .core
            .lock()
            .unwrap()
            .act(&followup, desk.clock.now())
            .unwrap();
        let page = desk
            .backend
            .pull(Collection::Tickets, Some(&first.cursor))
            .await
            .unwrap();
        let bundles: Vec<i64> = page
            .records
            .iter()
            .filter_map(|record| match record {
                Record::Bundle(bundle) => Some(bundle.ticket.id.0),
                _ => None,
            })
            .collect();
        assert_eq!(bundles, [ids[3]], "{version:?}");
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
    let mut upload = Outgoing {
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
    // A refused type: an error, and nothing stays on the ticket.
    if let Operation::UploadDocument { attachment, .. } = &mut upload.operation {
        attachment.filename = "virus.exe".to_owned();
        attachment.mime = "application/octet-stream".to_owned();
    }
    let error = backend.send(&upload).await.unwrap_err();
    assert!(matches!(error, BackendError::Invalid { .. }), "{error:?}");
    assert_eq!(
        backend.ticket(TicketId(ids[0])).await.unwrap().documents.len(),
        bundle.documents.len()
    );
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

/// What a store makes of the delta's pages.
fn apply(mirror: &mut BTreeMap<i64, TicketBundle>, page: guichet_backend::Page) {
    for record in page.records {
        match record {
            Record::Bundle(bundle) => {
                mirror.insert(bundle.ticket.id.0, *bundle);
            }
            Record::Catalogue(_) => {}
            other => panic!("{other:?}"),
        }
    }
    for removal in page.removals {
        match removal.key {
            guichet_domain::record::RecordKey::Ticket(id) => {
                mirror.remove(&id.0);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn after_any_story_the_mirror_is_the_server() {
    for seed in 0..12_u64 {
        let version = VERSIONS[(seed % 2) as usize];
        let desk = Desk::new(version);
        let mut dice = Dice(seed);
        let (mut records, mut cursor) = desk.pull_all(Collection::Tickets).await;
        records.extend(desk.pull_all(Collection::TicketDetails).await.0);
        let mut mirror = assemble(records);
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
                apply(&mut mirror, page);
            }
        }
        for seconds in [5, 200] {
            desk.clock.advance(seconds);
            loop {
                let page = desk.backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
                cursor = page.cursor.clone();
                let more = page.more;
                apply(&mut mirror, page);
                if !more {
                    break;
                }
            }
        }
        let ids = desk.backend.list_ids(Collection::Tickets).await.unwrap();
        // A purge leaves no trace in the lists: comparing identities finds it.
        mirror.retain(|id, _| !purged.contains(id) || ids.contains(id));
        assert_eq!(mirror.keys().copied().collect::<Vec<_>>(), ids, "seed {seed}");
        for (id, mut ours) in mirror {
            // A link to a purged ticket goes with it, and this end's date does not move.
            let mut theirs = desk.backend.ticket(TicketId(id)).await.unwrap();
            for bundle in [&mut ours, &mut theirs] {
                bundle
                    .ticket_links
                    .retain(|link| [link.from, link.to].iter().all(|end| ids.contains(&end.0)));
            }
            let (ours, theirs) = (sorted(ours), sorted(theirs));
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
