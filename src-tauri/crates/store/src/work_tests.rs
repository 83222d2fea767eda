//! What a read costs in a larger mirror, counted in steps of SQLite's machine instead of time: nothing may walk a table.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_possible_wrap, missing_docs)]

#[path = "../tests/common/mod.rs"]
pub(crate) mod common;

use crate::{Sort, Store, TicketQuery, View};
use common::*;
use guichet_domain::{
    UserId,
    catalogue::CatalogueKind,
    record::Record,
    ticket::{Role, Status},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// Steps between two counts.
const GRAIN: i32 = 10;

const SUBJECTS: [&str; 8] = [
    "imprimante",
    "messagerie",
    "vpn",
    "écran",
    "téléphone",
    "session",
    "réseau",
    "badge",
];

/// A mirror of so many tickets: one in fifty is open, every technician has the same number of open ones.
async fn mirror(tickets: i64) -> Store {
    let store = memory().await;
    let people = tickets / 5;
    let mut records: Vec<Record> = (1..=20)
        .map(|id| Record::Catalogue(item(CatalogueKind::Category, id, &format!("Catégorie {id}"))))
        .collect();
    records.extend((1..=people).map(|id| Record::Person(Box::new(person(id, "Hélène", &format!("Nom{id}"))))));
    store.apply(&batch(records)).await.unwrap();
    let (mut own, mut on) = (Vec::new(), Vec::new());
    for id in 1..=tickets {
        let subject = SUBJECTS[id as usize % SUBJECTS.len()];
        let mut ticket = ticket(id, &format!("{subject} terme{}", id * 7919 % 10_007));
        // As many open ones, whatever the size.
        ticket.status = if id > tickets - 100 {
            Status::Assigned
        } else {
            Status::Closed
        };
        ticket.category = Some(reference(1 + id % 20, "Catégorie"));
        own.push(Record::Ticket(Box::new(ticket)));
        on.push(Record::Actor(actor(id * 2, id, user(Role::Requester, 1 + id % people))));
        on.push(Record::Actor(actor(id * 2 + 1, id, user(Role::Assigned, 1 + id % 10))));
        on.push(Record::TimelineEntry(Box::new(followup(
            id,
            id,
            &format!("Rappelé pour {subject}"),
        ))));
    }
    store.apply(&batch(own)).await.unwrap();
    store.apply(&batch(on)).await.unwrap();
    store
}

/// Steps taken since the counter was last read.
struct Counter(Arc<AtomicU64>);

impl Counter {
    async fn on(store: &Store) -> Self {
        let steps = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&steps);
        let mut connection = store.inner.mirror.writer().await.unwrap();
        connection
            .lock_handle()
            .await
            .unwrap()
            .set_progress_handler(GRAIN, move || {
                counted.fetch_add(GRAIN.unsigned_abs().into(), Ordering::Relaxed);
                true
            });
        Self(steps)
    }
    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// Every read of a screen, with its steps.
async fn reads(store: &Store, tickets: i64) -> Vec<(String, u64)> {
    let counter = Counter::on(store).await;
    let mut costs = Vec::new();
    for view in [
        View::Mine,
        View::Unassigned,
        View::Open,
        View::Waiting,
        View::Solved,
        View::All,
        View::Pending,
    ] {
        for sort in [Sort::NextTarget, Sort::Updated, Sort::Opened, Sort::Priority] {
            let query = TicketQuery {
                me: Some(UserId(3)),
                limit: 50,
                ..query(view, sort)
            };
            let total = store.list_tickets(&query).await.unwrap().total;
            costs.push((format!("{view:?} by {sort:?}"), counter.take()));
            let end = TicketQuery {
                offset: total.saturating_sub(50),
                ..query
            };
            store.list_tickets(&end).await.unwrap();
            costs.push((format!("the end of {view:?} by {sort:?}"), counter.take()));
        }
    }
    store.ticket((tickets / 2).into()).await.unwrap().unwrap();
    costs.push(("a ticket".to_owned(), counter.take()));
    store.person(UserId(3)).await.unwrap().unwrap();
    costs.push(("a person".to_owned(), counter.take()));
    store.counts().await.unwrap();
    costs.push(("counts".to_owned(), counter.take()));
    let rare = format!("terme{}", 50 * 7919 % 10_007);
    for text in [rare.as_str(), "#77", "014658", "helene nom12", "introuvable"] {
        store
            .search(&crate::SearchQuery {
                text: text.to_owned(),
                kinds: Vec::new(),
                limit: 20,
            })
            .await
            .unwrap();
        costs.push((format!("search {text:?}"), counter.take()));
    }
    let mut technician = person(3, "Hélène", "Nouveau-Nom");
    technician.vip = false;
    let changes = store
        .apply(&batch(vec![Record::Person(Box::new(technician))]))
        .await
        .unwrap();
    assert!(changes.lists, "lists show another name");
    costs.push(("a technician renamed".to_owned(), counter.take()));
    costs
}

#[tokio::test]
async fn nothing_costs_more_in_a_larger_mirror() {
    let small = reads(&mirror(500).await, 500).await;
    let large = reads(&mirror(4_000).await, 4_000).await;
    for ((name, few), (_, many)) in small.iter().zip(&large) {
        assert!(
            *many <= few * 2 + 3_000,
            "{name}: {few} steps with 500 tickets, {many} with 4,000"
        );
    }
}

#[tokio::test]
async fn the_counter_notices_a_walk_through_a_table() {
    let store = mirror(500).await;
    let counter = Counter::on(&store).await;
    counter.take();
    let mut writer = store.inner.mirror.writer().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM tickets WHERE title LIKE '%zz%'")
        .fetch_one(&mut *writer)
        .await
        .unwrap();
    assert!(counter.take() > 1_000);
}
