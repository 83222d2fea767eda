//! Rules of writing: one request per operation, read back, found again after a lost reply.

use super::{Act, Mirror, Subject, bundle, creation, opened, outgoing, somebody, text, user};
use crate::{Delivery, Outgoing, Probe};
use bytes::Bytes;
use guichet_domain::{
    ArticleId, BlobHash, GroupId, OperationId, TicketId,
    asset::AssetKey,
    document::Attachment,
    merge::{field_value, same},
    operation::{AttachTo, Field, FieldValue, Operation},
    outbox::Receipt,
    record::{Collection, LinkKind, RecordKey, TicketBundle, TicketLink},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Status, TicketKind},
    timeline::{EntryDetail, EntryKey, EntryKind, TaskState, TimelineEntry},
};
use jiff::SignedDuration;

const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0";

/// Each operation is sent with one request that can change anything, and the ticket then says what was meant.
pub async fn every_operation_is_one_request_and_is_read_back(subject: &dyn Subject) {
    Story { subject, lost: false }.tell().await;
}

/// The same when no reply arrives: the error says that it may have been sent, and reading back finds it.
pub async fn every_operation_is_found_again_after_its_reply_was_lost(subject: &dyn Subject) {
    Story { subject, lost: true }.tell().await;
}

/// The life of a ticket, with every operation that there is.
struct Story<'a> {
    subject: &'a dyn Subject,
    lost: bool,
}

impl Story<'_> {
    async fn tell(&self) {
        let Operation::CreateTicket { ticket: mut new } = creation(somebody(self.subject).await) else {
            panic!("not a creation")
        };
        let (linked, asset) = two_assets(self.subject).await;
        new.assets.push(asset.clone());
        let operation = Operation::CreateTicket { ticket: new.clone() };
        let ticket = self
            .deliver(&outgoing(self.subject, None, operation))
            .await
            .ticket
            .unwrap();
        let read = bundle(self.subject, ticket).await;
        assert_eq!((&read.ticket.title, read.ticket.kind), (&new.title, new.kind));
        assert_eq!((read.ticket.urgency, read.ticket.impact), (new.urgency, new.impact));
        assert!(says(&read.ticket.description, &new.description));
        assert!(plays(&read, &new.actors[0]));
        assert!(holds(&read, &asset));

        self.people_come_and_go(ticket).await;
        self.fields_change(ticket).await;
        let followup = self.entries_are_added(ticket).await;
        self.files_are_uploaded(ticket, followup).await;

        self.on(ticket, Operation::LinkAsset { asset: linked.clone() }).await;
        assert!(holds(&bundle(self.subject, ticket).await, &linked));
        // Tickets do not tell their articles: reading back is the probe's, which `deliver` asked.
        let article = an_article(self.subject).await;
        self.on(ticket, Operation::LinkArticle { article }).await;
        self.tickets_are_linked(ticket).await;
        let (title, body) = (
            "Débloquer l'imprimante".to_owned(),
            text("Vider la file d'attente & relancer."),
        );
        self.on(ticket, Operation::ProposeArticle { title, body }).await;

        self.solutions_are_answered(ticket).await;
    }

    async fn tickets_are_linked(&self, ticket: TicketId) {
        for kind in LinkKind::VALUES {
            let other = opened(self.subject).await;
            self.on(
                ticket,
                Operation::LinkTicket {
                    ticket: other,
                    kind: *kind,
                },
            )
            .await;
            let meant = TicketLink {
                id: 0,
                from: ticket,
                to: other,
                kind: *kind,
            };
            for seen in [ticket, other] {
                let links = bundle(self.subject, seen).await.ticket_links;
                assert!(
                    links.iter().any(|link| meant.says_as(link)),
                    "{kind:?} from {seen}: {links:?}"
                );
            }
        }
    }

    async fn people_come_and_go(&self, ticket: TicketId) {
        let observer = user(somebody(self.subject).await, Role::Observer);
        for actor in [
            user(self.subject.account(), Role::Assigned),
            observer,
            a_group(self.subject).await,
        ] {
            self.on(ticket, Operation::Assign { actor: actor.clone() }).await;
            assert!(plays(&bundle(self.subject, ticket).await, &actor));
            self.on(ticket, Operation::Unassign { actor: actor.clone() }).await;
            assert!(!plays(&bundle(self.subject, ticket).await, &actor));
        }
    }

    async fn fields_change(&self, ticket: TicketId) {
        let (category, location) = some_rows(self.subject).await;
        for (field, new) in [
            (Field::Title, FieldValue::Text("Écran <noir> & blanc".to_owned())),
            (Field::Description, FieldValue::Rich(text("Toujours rien"))),
            (Field::Kind, FieldValue::Kind(TicketKind::Request)),
            (Field::Urgency, FieldValue::Level(Level(5))),
            (Field::Impact, FieldValue::Level(Level(2))),
            (Field::Priority, FieldValue::Level(Level(1))),
            (Field::Category, FieldValue::Row(category)),
            (Field::Location, FieldValue::Row(location)),
            (Field::Status, FieldValue::Status(Status::Waiting)),
            (Field::Status, FieldValue::Status(Status::Assigned)),
        ] {
            let base = field_value(&bundle(self.subject, ticket).await.ticket, field);
            let new_value = new.clone();
            self.on(ticket, Operation::SetField { field, base, new }).await;
            let read = field_value(&bundle(self.subject, ticket).await.ticket, field);
            assert!(same(&read, &new_value), "{field}: {read:?}");
        }
    }

    /// Gives the follow-up's key.
    async fn entries_are_added(&self, ticket: TicketId) -> (OperationId, EntryKey) {
        let (body, private) = (text("Vu"), true);
        let operation = Operation::AddFollowup {
            body: body.clone(),
            private,
        };
        let followup = outgoing(self.subject, Some(ticket), operation);
        let entry = self.entry(ticket, EntryKind::Followup, &followup).await;
        assert!(entry.private && says(&entry.body, &body));

        let me = self.subject.account();
        let start = self.subject.now().as_second() + 86_400;
        let start = jiff::Timestamp::from_second(start).unwrap();
        let operation = Operation::AddTask {
            body: text("À faire"),
            private: false,
            state: TaskState::Todo,
            duration_s: 900,
            begin: Some(start),
            assignee: Some(me),
        };
        let task = outgoing(self.subject, Some(ticket), operation);
        let task = self.entry(ticket, EntryKind::Task, &task).await;
        assert!(!task.private && says(&task.body, &text("À faire")));
        let EntryDetail::Task {
            state,
            duration_s,
            begin,
            end,
            assignee,
            ..
        } = task.detail
        else {
            panic!("not a task: {task:?}")
        };
        assert_eq!((state, duration_s, assignee), (TaskState::Todo, 900, Some(me)));
        assert_eq!(
            (begin, end),
            (Some(start), Some(start + SignedDuration::from_secs(900)))
        );
        (followup.id, entry.key)
    }

    async fn files_are_uploaded(&self, ticket: TicketId, (operation, entry): (OperationId, EntryKey)) {
        for place in [None, Some(entry)] {
            let attach_to = place.map_or(AttachTo::Ticket, |_| AttachTo::Operation { id: operation });
            let mut upload = picture(self.subject, ticket, ("capture é.png", "image/png"), attach_to);
            upload.attach_to = place;
            let document = self.deliver(&upload).await.remote_id.unwrap();
            let read = bundle(self.subject, ticket).await;
            let link = read
                .document_links
                .iter()
                .find(|link| link.document.0 == document)
                .unwrap();
            assert_eq!(link.entry, place);
            let found = read.documents.iter().find(|found| found.id == link.document).unwrap();
            assert_eq!(found.filename, "capture é.png");
            let content = self.subject.backend().download(found.id).await.unwrap();
            assert_eq!(content, PICTURE);
        }
    }

    async fn solutions_are_answered(&self, ticket: TicketId) {
        let status = async || bundle(self.subject, ticket).await.ticket.status;
        self.solution(ticket, "Câble changé").await;
        assert_eq!(status().await, Status::Solved);
        self.on(
            ticket,
            Operation::Reopen {
                body: text("Encore en panne"),
            },
        )
        .await;
        assert!(status().await.is_open());

        self.solution(ticket, "Écran changé").await;
        let body = text("Non");
        self.on(ticket, Operation::AnswerSolution { accept: false, body }).await;
        assert!(status().await.is_open());

        self.solution(ticket, "Poste changé").await;
        let body = text("Merci");
        self.on(ticket, Operation::AnswerSolution { accept: true, body }).await;
        assert_eq!(status().await, Status::Closed);
    }

    async fn solution(&self, ticket: TicketId, words: &str) {
        let operation = Operation::AddSolution {
            body: text(words),
            solution_type: None,
        };
        let mut solution = outgoing(self.subject, Some(ticket), operation);
        // The desk knows which solutions of its own were sent before.
        let before = bundle(self.subject, ticket).await.timeline;
        solution.claimed = before
            .iter()
            .filter(|entry| entry.key.kind == EntryKind::Solution)
            .map(|entry| entry.key.id)
            .collect();
        let entry = self.entry(ticket, EntryKind::Solution, &solution).await;
        assert!(says(&entry.body, &text(words)));
    }

    /// Delivers an operation that adds an entry, and gives the entry.
    async fn entry(&self, ticket: TicketId, kind: EntryKind, outgoing: &Outgoing) -> TimelineEntry {
        let id = self.deliver(outgoing).await.remote_id.unwrap();
        let read = bundle(self.subject, ticket).await;
        let found = read
            .timeline
            .into_iter()
            .find(|entry| entry.key == EntryKey { kind, id });
        let entry = found.unwrap_or_else(|| panic!("{} is not on the ticket", outgoing.operation.name()));
        assert_eq!(entry.author, Some(self.subject.account()));
        entry
    }

    async fn on(&self, ticket: TicketId, operation: Operation) -> Receipt {
        self.deliver(&outgoing(self.subject, Some(ticket), operation)).await
    }

    /// Sends an operation once. Reading back says before that it is absent, and after that it is there, by the same number.
    async fn deliver(&self, outgoing: &Outgoing) -> Receipt {
        let (backend, name) = (self.subject.backend(), outgoing.operation.name());
        let probe = backend.probe(outgoing).await.unwrap();
        assert_eq!(probe, Probe::Absent, "{name}, never sent");
        let before = self.subject.mutations();
        self.subject.lose_replies(self.lost);
        let sent = backend.send(outgoing).await;
        self.subject.lose_replies(false);
        let probe = backend.probe(outgoing).await.unwrap();
        assert_eq!(self.subject.mutations() - before, 1, "{name} is one request");
        let Probe::Applied(found) = probe else {
            panic!("{name}, sent: {probe:?}")
        };
        match sent {
            Ok(receipt) => {
                assert!(!self.lost, "{name}: {receipt:?} without a reply");
                assert_eq!(found.ticket, receipt.ticket, "{name}");
                // A row that was taken away has a number only in the reply.
                if found.remote_id.is_some() {
                    assert_eq!(found.remote_id, receipt.remote_id, "{name}");
                }
            }
            Err(error) => assert!(
                self.lost && error.delivery() == Delivery::MaybeSent,
                "{name}: {error:?}"
            ),
        }
        found
    }
}

/// Sending again what is so already (a second attempt after a doubt, a colleague who was faster) neither fails nor changes
/// the ticket.
pub async fn what_is_so_already_is_no_error(subject: &dyn Subject) {
    let ticket = opened(subject).await;
    let actor = user(somebody(subject).await, Role::Observer);
    let (asset, _) = two_assets(subject).await;
    let article = an_article(subject).await;
    let (original, kind) = (opened(subject).await, LinkKind::DuplicateOf);
    let field = Field::Urgency;
    let base = field_value(&bundle(subject, ticket).await.ticket, field);
    let new = FieldValue::Level(Level(5));
    for operation in [
        Operation::Assign { actor: actor.clone() },
        Operation::Unassign { actor },
        Operation::LinkAsset { asset },
        Operation::LinkArticle { article },
        Operation::LinkTicket { ticket: original, kind },
        Operation::SetField { field, base, new },
    ] {
        let outgoing = outgoing(subject, Some(ticket), operation);
        let name = outgoing.operation.name();
        subject.backend().send(&outgoing).await.unwrap();
        let once = bundle(subject, ticket).await;
        let again = subject.backend().send(&outgoing).await;
        assert!(again.is_ok(), "{name}: {again:?}");
        assert_eq!(bundle(subject, ticket).await, once, "{name}");
    }
}

/// The same words written at another second are another operation; at the same second a row known to be another one's is
/// not taken, and without that knowledge nothing is guessed.
pub async fn equal_words_are_told_apart(subject: &dyn Subject) {
    let backend = subject.backend();
    let ticket = opened(subject).await;
    let (body, private) = (text("Vu"), false);
    let followup = Operation::AddFollowup { body, private };
    for (ticket, operation) in [(Some(ticket), followup), (None, creation(subject.account()))] {
        let story = Story { subject, lost: true };
        let first = outgoing(subject, ticket, operation.clone());
        let first_id = story.deliver(&first).await.remote_id.unwrap();
        let second = outgoing(subject, ticket, operation);
        let second_id = story.deliver(&second).await.remote_id.unwrap();
        assert_ne!(second_id, first_id);
        let Probe::Applied(found) = backend.probe(&first).await.unwrap() else {
            panic!("the first is not found any more")
        };
        assert_eq!(found.remote_id, Some(first_id));

        let mut twin = second.clone();
        twin.id = OperationId::new();
        twin.claimed = vec![first_id, second_id];
        let twin_id = story.deliver(&twin).await.remote_id.unwrap();
        assert!(![first_id, second_id].contains(&twin_id));
        twin.claimed.clear();
        match backend.probe(&twin).await.unwrap() {
            Probe::Undecidable => {}
            Probe::Applied(found) => assert_eq!(found.remote_id, Some(twin_id)),
            Probe::Absent => panic!("the twin is not found any more"),
        }
    }
}

/// A field that somebody else changed meanwhile is not overwritten; one that they set to the same value needs nothing.
pub async fn a_conflict_carries_theirs(subject: &dyn Subject) {
    let ticket = opened(subject).await;
    let field = Field::Urgency;
    let base = field_value(&bundle(subject, ticket).await.ticket, field);
    let new = FieldValue::Level(Level(5));
    let ours = outgoing(subject, Some(ticket), Operation::SetField { field, base, new });
    subject.act(Act::Urgency(ticket, Level(1))).await;
    let before = subject.mutations();
    let error = super::refused(subject, &ours).await;
    let theirs = FieldValue::Level(Level(1));
    assert!(
        matches!(&error, crate::BackendError::Conflict { field: at, theirs: now } if *at == field && **now == theirs),
        "{error:?}"
    );
    subject.act(Act::Urgency(ticket, Level(5))).await;
    subject.backend().send(&ours).await.unwrap();
    assert_eq!(subject.mutations(), before);
}

/// An upload.
pub(super) fn picture(
    subject: &dyn Subject,
    ticket: TicketId,
    (filename, mime): (&str, &str),
    attach_to: AttachTo,
) -> Outgoing {
    let attachment = Attachment {
        blob: BlobHash(String::new()),
        filename: filename.to_owned(),
        mime: mime.to_owned(),
        size: PICTURE.len() as u64,
    };
    let mut upload = outgoing(
        subject,
        Some(ticket),
        Operation::UploadDocument { attachment, attach_to },
    );
    upload.content = Some(Bytes::from_static(PICTURE));
    upload
}

fn says(theirs: &RichText, ours: &RichText) -> bool {
    theirs.fingerprint() == ours.fingerprint()
}

fn plays(bundle: &TicketBundle, actor: &Actor) -> bool {
    bundle.actors.iter().any(|row| row.actor == *actor)
}

fn holds(bundle: &TicketBundle, asset: &AssetKey) -> bool {
    bundle.asset_links.iter().any(|link| link.asset == *asset)
}

async fn a_group(subject: &dyn Subject) -> Actor {
    let groups = subject.backend().list_ids(Collection::Groups).await.unwrap();
    let id = GroupId(groups[0]);
    Actor {
        role: Role::Assigned,
        party: Party::Group { id },
    }
}

async fn an_article(subject: &dyn Subject) -> ArticleId {
    let articles = subject.backend().list_ids(Collection::Articles).await.unwrap();
    ArticleId(articles[0])
}

async fn two_assets(subject: &dyn Subject) -> (AssetKey, AssetKey) {
    let mut mirror = Mirror::default();
    mirror.read(subject.backend(), Collection::Assets, None).await;
    let mut assets = mirror.others.into_keys().filter_map(|key| match key {
        RecordKey::Asset(asset) => Some(asset),
        _ => None,
    });
    (
        assets.next().expect("equipment"),
        assets.next().expect("more equipment"),
    )
}

/// A category and a location that tickets have: the account may not be allowed to read the lists.
async fn some_rows(subject: &dyn Subject) -> (Option<i64>, Option<i64>) {
    let mut mirror = Mirror::default();
    mirror.read(subject.backend(), Collection::Tickets, None).await;
    let tickets = || mirror.tickets.values().map(|bundle| &bundle.ticket);
    let category = tickets().find_map(|ticket| ticket.category.as_ref().map(|row| row.id));
    let location = tickets().find_map(|ticket| ticket.location.as_ref().map(|row| row.id));
    assert!(
        category.is_some() && location.is_some(),
        "no ticket has a category or a location"
    );
    (category, location)
}
