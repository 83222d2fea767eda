//! The desk's telephone against the pretend PBX, over a real connection, with real databases.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::{api::PbxSettings, core::pbx};
use guichet_domain::{
    call::{CallState, Direction},
    operation::{NewTicket, Operation},
    record::Record,
    rich_text::RichText,
    ticket::{Level, TicketKind},
    wrap_up::{CallTicket, Disposition},
};
use guichet_sandbox::pbx::{Pbx, PbxOptions};
use guichet_store::{Batch, DataKey};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

static KEY: DataKey = DataKey::from_bytes([7; 32]);
const DEVICE: &str = "SIP/6001";
const EXTENSION: &str = "6001";
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Scene {
    folder: tempfile::TempDir,
    pub(super) store: Store,
    pub(super) pbx: Pbx,
    settings: PbxSettings,
    secret: String,
    events: broadcast::Sender<AppEvent>,
    heard: broadcast::Receiver<AppEvent>,
}

pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

fn person(id: i64, last_name: &str, number: &str) -> Person {
    Person {
        id: UserId(id),
        login: format!("p{id}"),
        first_name: "Claire".to_owned(),
        last_name: last_name.to_owned(),
        phones: PhoneNumber::parse(number).into_iter().collect(),
        emails: Vec::new(),
        location: None,
        category: None,
        title: None,
        groups: Vec::new(),
        active: true,
        vip: id == 1,
        updated_at: None,
    }
}

impl Scene {
    /// Ten times as fast as the world: its people take seconds to lift a telephone.
    async fn set() -> Self {
        Self::at_pace(10.0).await
    }

    pub(super) async fn at_pace(pace: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (store, _) = Store::open(folder.path(), &KEY, now()).await.unwrap();
        let people = [
            person(1, "Fontaine", "06 12 34 00 13"),
            person(2, "Accueil", "01 44 55 66 77"),
            person(3, "Standard", "01 44 55 66 77"),
        ];
        let records = people.into_iter().map(|person| Record::Person(Box::new(person)));
        let batch = Batch {
            records: records.collect(),
            ..Batch::default()
        };
        store.apply(&batch).await.unwrap();
        let options = PbxOptions::demo(now());
        let (username, secret) = (options.username.clone(), options.secret.clone());
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let pbx = Pbx::start(options, address, pace).await.unwrap();
        let (events, heard) = broadcast::channel(1024);
        Self {
            settings: PbxSettings {
                host: "127.0.0.1".to_owned(),
                port: pbx.address().port(),
                username,
                device: DEVICE.to_owned(),
                queues: vec!["support".to_owned()],
                ..PbxSettings::default()
            },
            folder,
            store,
            pbx,
            secret,
            events,
            heard,
        }
    }

    pub(super) async fn telephone(&mut self) -> Arc<Telephone> {
        let config = pbx::config(&self.settings, self.secret.clone(), None).unwrap();
        let telephone = Telephone::start(config, DEVICE, self.around()).await.unwrap();
        self.connection(ConnectionState::is_connected).await;
        Arc::new(telephone)
    }

    /// The desk around the telephone: the demonstration's contract, whose people are there at every hour and given up after two
    /// seconds.
    fn around(&self) -> Around {
        let text = include_str!("../../../assets/contracts/vsgp.toml")
            .replace("ring = \"20 s\"", "ring = \"2 s\"")
            .replace(
                "name = \"hot-transfer\"\ncalendar = \"support\"",
                "name = \"hot-transfer\"\ncalendar = \"always\"",
            );
        let contract = Contract::parse(&text).unwrap();
        Around {
            store: self.store.clone(),
            events: self.events.clone(),
            contract: Some(Arc::new(contract)),
            locale: Locale::Fr,
            session: SessionSlot::default(),
        }
    }

    pub(super) async fn heard(&mut self) -> TelephonyEvent {
        loop {
            let event = tokio::time::timeout(PATIENCE, self.heard.recv()).await;
            if let AppEvent::Telephony(event) = event.expect("nothing was told any more").unwrap() {
                return event;
            }
        }
    }

    async fn connection(&mut self, wanted: impl Fn(&ConnectionState) -> bool) -> ConnectionState {
        loop {
            if let TelephonyEvent::State(state) = self.heard().await
                && let Some(connection) = state.connection.filter(&wanted)
            {
                return connection;
            }
        }
    }

    /// The next card that is as wanted.
    pub(super) async fn card(&mut self, wanted: impl Fn(&CallCard) -> bool) -> CallCard {
        loop {
            if let TelephonyEvent::Call(card) = self.heard().await
                && wanted(&card)
            {
                return *card;
            }
        }
    }
}

pub(super) fn rings(card: &CallCard) -> bool {
    card.mine && card.call.state == CallState::Ringing
}

#[tokio::test]
async fn a_vip_who_calls_is_known_when_it_rings_and_the_journal_has_the_call() {
    let mut scene = Scene::set().await;
    let telephone = scene.telephone().await;
    let caller = scene.pbx.call("0612340013", "");
    let card = scene.card(rings).await;
    assert_eq!(
        card.caller,
        Caller::Known {
            person: UserId(1),
            sure: true
        }
    );
    assert!(card.card.unwrap().person.vip);
    assert_eq!(telephone.calls().len(), 1);
    // Noted while it rings, and there still when it has been answered.
    let id = card.call.id.clone();
    let noted = Written::Note("écran noir".to_owned());
    write(&scene.store, Some(&telephone), &id, noted).await.unwrap();
    assert!(scene.pbx.pick_up(EXTENSION));
    let card = scene.card(|card| card.call.state == CallState::Answered).await;
    assert_eq!((card.note.as_str(), card.mine), ("écran noir", true));
    scene.pbx.hang_up(&caller);
    let card = scene.card(|card| card.call.state.is_over()).await;
    assert_eq!(card.note, "écran noir");
    assert!(telephone.calls().is_empty());
    let page = scene
        .store
        .journal(&JournalQuery {
            limit: 10,
            ..JournalQuery::default()
        })
        .await
        .unwrap();
    assert_eq!((page.rows.len(), page.numbers.answered), (1, 1));
    assert_eq!(page.rows[0].call.direction, Direction::Inbound);
    assert_eq!(page.rows[0].call.queue.as_deref(), Some("support"));

    // The second call of the same person shows the first.
    scene.pbx.call("0612340013", "");
    let card = scene.card(rings).await;
    assert_eq!(card.recent.len(), 1);
    assert_eq!(card.recent[0].note, "écran noir");
}

fn new_ticket(title: &str) -> NewTicket {
    NewTicket {
        title: title.to_owned(),
        description: RichText::from_plain("Plus rien à l’écran"),
        kind: TicketKind::Incident,
        urgency: Level(3),
        impact: Level(3),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: Vec::new(),
        assets: Vec::new(),
    }
}

#[tokio::test]
async fn a_call_is_wrapped_up_once_and_leaves_its_line_in_the_new_ticket() {
    let mut scene = Scene::set().await;
    let telephone = scene.telephone().await;
    let caller = scene.pbx.call("0612340013", "");
    let id = scene.card(rings).await.call.id;
    assert!(scene.pbx.pick_up(EXTENSION));
    scene.card(|card| card.call.state == CallState::Answered).await;
    let store = scene.store.clone();
    let close = async |wrap_up: &WrapUp| close(&store, Some(&telephone), &id, wrap_up, &Locale::Fr, now()).await;
    let complete = WrapUp {
        disposition: Some(Disposition::TakenUp),
        ticket: Some(CallTicket::New {
            ticket: Box::new(new_ticket("Écran noir")),
        }),
        note: "Depuis ce matin".to_owned(),
    };
    let error = close(&complete).await.unwrap_err();
    assert_eq!(error.code(), "call_not_over");
    scene.pbx.hang_up(&caller);
    scene.card(|card| card.call.state.is_over()).await;
    let to_close = JournalQuery {
        to_close: true,
        limit: 10,
        ..JournalQuery::default()
    };
    assert_eq!(store.journal(&to_close).await.unwrap().rows.len(), 1);
    let error = close(&WrapUp::default()).await.unwrap_err();
    assert_eq!(error.code(), "call_wrap_up_incomplete");
    let (card, changes) = close(&complete).await.unwrap();
    assert!(card.closed && card.note == "Depuis ce matin");
    let lane = card.ticket.unwrap();
    assert!(changes.outbox && lane.0 < 0);
    let entries = store.outbox(Some(lane), false).await.unwrap();
    assert_eq!(entries.len(), 2, "the ticket, and the call on it");
    let Operation::AddFollowup { body, private } = &entries[1].operation else {
        panic!("{:?}", entries[1].operation)
    };
    let text = body.to_plain();
    assert!(*private && text.contains("Depuis ce matin"), "{text}");
    assert!(!text.contains("612340013"), "the number is masked: {text}");
    assert!(store.journal(&to_close).await.unwrap().rows.is_empty());
    let error = close(&complete).await.unwrap_err();
    assert_eq!(error.code(), "call_closed_already", "nothing goes out twice");
    assert_eq!(store.outbox(Some(lane), false).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_number_of_several_people_is_a_choice_and_the_choice_stays() {
    let mut scene = Scene::set().await;
    let telephone = scene.telephone().await;
    scene.pbx.call("0144556677", "");
    let card = scene.card(rings).await;
    let Caller::Several { people } = &card.caller else {
        panic!("{:?}", card.caller)
    };
    assert_eq!(people.len(), 2);
    let chosen = Written::Person(Some(UserId(3)));
    let named = write(&scene.store, Some(&telephone), &card.call.id, chosen)
        .await
        .unwrap();
    assert_eq!(named.card.unwrap().person.last_name, "Standard");
    assert!(scene.pbx.pick_up(EXTENSION));
    let card = scene.card(|card| card.call.state == CallState::Answered).await;
    assert_eq!(card.person, Some(UserId(3)));
}

#[tokio::test]
async fn a_hidden_number_and_one_nobody_has_are_said_so() {
    let mut scene = Scene::set().await;
    let _telephone = scene.telephone().await;
    let caller = scene.pbx.call("anonymous", "");
    assert_eq!(scene.card(rings).await.caller, Caller::Anonymous);
    scene.pbx.hang_up(&caller);
    scene.card(|card| card.call.state.is_over()).await;
    scene.pbx.call("0699999999", "");
    assert_eq!(scene.card(rings).await.caller, Caller::Unknown);
}

#[tokio::test]
async fn a_call_goes_on_when_the_pbx_is_lost_and_when_the_program_starts_again() {
    let mut scene = Scene::at_pace(1.0).await;
    let telephone = scene.telephone().await;
    let caller = scene.pbx.call("0612340013", "");
    scene.card(rings).await;
    assert!(scene.pbx.pick_up(EXTENSION));
    let answered = scene.card(|card| card.call.state == CallState::Answered).await;
    scene.pbx.cut();
    let lost = scene
        .connection(|state| matches!(state, ConnectionState::Lost { .. }))
        .await;
    assert!(matches!(lost, ConnectionState::Lost { .. }));
    scene.connection(ConnectionState::is_connected).await;
    assert_eq!(telephone.calls()[0].call.id, answered.call.id, "one call, not two");

    telephone.stop().await;
    let telephone = scene.telephone().await;
    let calls = telephone.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].call.id, answered.call.id);
    assert_eq!(calls[0].call.answered_at, answered.call.answered_at);
    scene.pbx.hang_up(&caller);
    scene.card(|card| card.call.state.is_over()).await;
    let page = scene
        .store
        .journal(&JournalQuery {
            limit: 10,
            ..JournalQuery::default()
        })
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 1);
    drop(scene.folder);
}

#[tokio::test]
async fn a_call_that_ended_while_the_program_was_away_is_over_when_it_comes_back() {
    let mut scene = Scene::set().await;
    let telephone = scene.telephone().await;
    let caller = scene.pbx.call("0612340013", "");
    scene.card(rings).await;
    telephone.stop().await;
    scene.pbx.hang_up(&caller);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let telephone = scene.telephone().await;
    let card = scene.card(|card| card.call.state.is_over()).await;
    assert!(card.call.times_uncertain);
    assert!(telephone.calls().is_empty());
}

#[tokio::test]
async fn one_calls_by_a_click_and_what_is_no_number_is_refused() {
    let mut scene = Scene::set().await;
    let telephone = scene.telephone().await;
    let dialling = telephone.dial("06 12 34 00 13");
    let answering = async {
        // One's own telephone rings first; it is lifted.
        for _ in 0..200 {
            if scene.pbx.pick_up(EXTENSION) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the telephone did not ring");
    };
    let (dialled, ()) = tokio::join!(dialling, answering);
    dialled.unwrap();
    let card = scene
        .card(|card| card.call.direction == Direction::Outbound && card.call.state == CallState::Answered)
        .await;
    assert_eq!(card.person, Some(UserId(1)));
    let error = telephone.dial("personne").await.unwrap_err();
    assert_eq!(error.code(), "telephone_no_number");
}

#[tokio::test]
async fn a_call_that_rang_in_vain_is_to_be_called_back_until_somebody_talks_with_that_number() {
    let mut scene = Scene::at_pace(1.0).await;
    let _telephone = scene.telephone().await;
    let caller = scene.pbx.call("0612340013", "");
    scene.card(rings).await;
    scene.pbx.hang_up(&caller);
    let missed = scene.card(|card| card.call.state.is_over()).await;
    assert_eq!(missed.call.state, CallState::Missed);
    let open = scene.store.call_backs(10).await.unwrap();
    assert_eq!(open.len(), 1, "one call, one call-back");
    let call_back = &open[0].call_back;
    assert_eq!(call_back.name, "Claire Fontaine");
    assert_eq!(
        call_back.due,
        missed.call.ended_at.unwrap() + jiff::SignedDuration::from_mins(30)
    );
    let guichet_domain::wrap_up::Owner::Group { name } = &call_back.owner else {
        panic!("{:?}", call_back.owner)
    };
    assert_eq!(name, "Support N1", "as the contract says");
    // A hidden number cannot be called back.
    let hidden = scene.pbx.call("anonymous", "");
    scene.card(rings).await;
    scene.pbx.hang_up(&hidden);
    scene.card(|card| card.call.state.is_over()).await;
    assert_eq!(scene.store.call_backs(10).await.unwrap().len(), 1);
    // The same person calls again and is answered.
    scene.pbx.call("0612340013", "");
    scene.card(rings).await;
    assert!(scene.pbx.pick_up(EXTENSION));
    scene.card(|card| card.call.state == CallState::Answered).await;
    assert!(scene.store.call_backs(10).await.unwrap().is_empty());
}
