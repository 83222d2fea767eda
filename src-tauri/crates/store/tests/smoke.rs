#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{record::Record, ticket::Role};
use guichet_store::*;

#[tokio::test]
async fn a_bundle_is_listed_shown_and_found() {
    let store = memory().await;
    let records = vec![
        Record::Person(Box::new(person(7, "Hélène", "Lefèvre"))),
        Record::Group(team(5, "Support")),
        Record::Asset(Box::new(asset(1, "PC-0417"))),
        Record::Article(Box::new(article(
            3,
            "Réinitialiser le mot de passe",
            "Ouvrir la session",
        ))),
        bundled(bundle(ticket(42, "Imprimantes bloquées à l'accueil"))),
    ];
    let changes = store.apply(&batch(records.clone())).await.unwrap();
    assert!(changes.lists && changes.people && changes.assets && changes.articles);
    assert_eq!(store.apply(&batch(records)).await.unwrap(), ChangeSet::default());
    for sort in [Sort::NextTarget, Sort::Updated, Sort::Opened, Sort::Priority] {
        for view in [
            View::Mine,
            View::Unassigned,
            View::Open,
            View::Waiting,
            View::Solved,
            View::All,
            View::Pending,
        ] {
            let list = store
                .list_tickets(&TicketQuery {
                    me: Some(2.into()),
                    ..query(view, sort)
                })
                .await
                .unwrap();
            let expected = u32::from(matches!(view, View::Mine | View::Open | View::All));
            assert_eq!(
                (list.total, list.rows.len()),
                (expected, expected as usize),
                "{view:?} {sort:?}"
            );
        }
    }
    let view = store.ticket(42.into()).await.unwrap().unwrap();
    assert_eq!(view.timeline.len(), 2);
    assert_eq!(view.actors.len(), 3);
    assert_eq!(view.requester.unwrap().open_tickets.len(), 1);
    for text in [
        "imprimante",
        "IMPRIMANTES",
        "bloquee",
        "impr",
        "acceuil",
        "#42",
        "suivi premier",
        "lefevre",
        "pc0417",
        "0417",
        "mot de passe",
        "46580007",
    ] {
        let found = store
            .search(&SearchQuery {
                text: text.to_owned(),
                kinds: vec![],
                limit: 10,
            })
            .await
            .unwrap();
        assert!(!found.hits.is_empty(), "{text}");
        println!(
            "{text}: {:?}",
            found
                .hits
                .iter()
                .map(|hit| (&hit.title, &hit.snippet))
                .collect::<Vec<_>>()
        );
    }
    let accepted = store.submit(on(42, vec![say("Bonjour")]), at(100)).await.unwrap();
    assert_eq!(accepted.entries.len(), 1);
    assert_eq!(
        store
            .list_tickets(&query(View::Pending, Sort::Updated))
            .await
            .unwrap()
            .total,
        1
    );
    let due = store.due(at(101), 10).await.unwrap();
    let entry = store.begin_attempt(due[0].id, at(102)).await.unwrap();
    store
        .mark_sent(
            entry.id,
            &guichet_domain::outbox::Receipt {
                remote_id: Some(9),
                ticket: None,
            },
            at(103),
        )
        .await
        .unwrap();
    assert_eq!(
        store
            .list_tickets(&query(View::Pending, Sort::Updated))
            .await
            .unwrap()
            .total,
        0
    );
    store.reset_mirror().await.unwrap();
    assert_eq!(store.counts().await.unwrap(), MirrorCounts::default());
    assert_eq!(user(Role::Observer, 1).role, Role::Observer);
}

#[tokio::test]
async fn a_folder_is_opened_closed_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let (store, report) = Store::open(folder.path(), at(0)).await.unwrap();
    assert_eq!(report, OpenReport::default());
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Un")))]))
        .await
        .unwrap();
    assert!(matches!(
        Store::open(folder.path(), at(0)).await,
        Err(StoreError::Locked { .. })
    ));
    store.close().await;
    let (store, _) = Store::open(folder.path(), at(0)).await.unwrap();
    assert_eq!(store.counts().await.unwrap().tickets, 1);
    store.close().await;
}

#[tokio::test]
async fn timing_of_in_memory() {
    let _warm = memory().await;
    let start = std::time::Instant::now();
    let mut stores = Vec::new();
    for _ in 0..100 {
        stores.push(memory().await);
    }
    println!("in_memory: {:?} each", start.elapsed() / 100);
}
