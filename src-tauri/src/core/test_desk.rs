//! A desk for tests: real databases in a folder, the contract of the demonstration, a clock that is set by hand, no network.

#![allow(clippy::unwrap_used)]

use crate::{
    core::{
        desk::{Desk, Pace},
        profile::ProfileFolder,
    },
    messages::Locale,
};
use guichet_backend::Clock;
use guichet_domain::{
    TicketId, UserId,
    record::{ActorRow, Record, TicketBundle},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Status, Ticket as Held, TicketKind},
};
use guichet_store::Batch;
use jiff::{SignedDuration, Timestamp};
use std::{
    path::Path,
    sync::{Arc, Mutex},
};
use tokio::sync::broadcast;

/// A clock that is set by hand.
pub(crate) struct Hand(pub(crate) Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Minutes after Tuesday 2 June 2026, 10:00 in Paris; the service is open from 8 to 18.
pub(crate) fn at(minute: i64) -> Timestamp {
    let ten: Timestamp = "2026-06-02T08:00:00Z".parse().unwrap();
    ten + SignedDuration::from_mins(minute)
}

pub(crate) async fn desk(folder: &Path) -> (Arc<Desk>, Arc<Hand>) {
    let profile = ProfileFolder {
        id: "one".to_owned(),
        path: folder.join("one"),
    };
    let (events, _) = broadcast::channel(64);
    let clock = Arc::new(Hand(Mutex::new(at(0))));
    let desk = Desk::open(profile, clock.clone(), events, Pace::OnDemand, Some(Locale::Fr))
        .await
        .unwrap();
    let mut settings = desk.config().await.settings;
    settings.contract = Some("vsgp".to_owned());
    desk.save_settings(settings).await.unwrap();
    (Arc::new(desk), clock)
}

pub(crate) fn held(id: i64, status: Status, priority: u8) -> Held {
    Held {
        id: TicketId(id),
        title: "Imprimante".to_owned(),
        description: RichText::default(),
        kind: TicketKind::Incident,
        status,
        urgency: Level(3),
        impact: Level(3),
        priority: Level(priority),
        category: None,
        entity: None,
        location: None,
        channel: None,
        recorder: None,
        opened_at: at(0),
        updated_at: at(0),
        solved_at: None,
        closed_at: None,
        taken_up_at: None,
        time_to_own: None,
        // The server has its own idea.
        time_to_resolve: Some(at(9999)),
        slas: Vec::new(),
        external_id: None,
    }
}

/// Puts a ticket into the mirror, as a round would.
pub(crate) async fn mirrored(desk: &Desk, ticket: Held) {
    let taken = (ticket.status != Status::New).then_some(ActorRow {
        id: ticket.id.0,
        ticket: ticket.id,
        actor: Actor {
            role: Role::Assigned,
            party: Party::User { id: UserId(2) },
        },
    });
    let bundle = TicketBundle {
        ticket,
        actors: taken.into_iter().collect(),
        timeline: Vec::new(),
        documents: Vec::new(),
        document_links: Vec::new(),
        ticket_links: Vec::new(),
        asset_links: Vec::new(),
    };
    let batch = Batch {
        collection: None,
        state: None,
        records: vec![Record::Bundle(Box::new(bundle))],
        removals: Vec::new(),
    };
    desk.store.apply(&batch).await.unwrap();
}
