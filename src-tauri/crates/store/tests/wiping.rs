//! A store in memory that is emptied answers as a new one does.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    OperationId, TicketId,
    catalogue::CatalogueKind,
    operation::Operation,
    outbox::{EntryState, Gate, Receipt},
    record::{Collection, Record},
};
use guichet_store::*;

/// Something in every table.
async fn fill(store: &Store) {
    let page = Batch {
        collection: Some(Collection::Tickets),
        state: Some(CollectionState {
            cursor: Some(serde_json::json!({ "page": 1 })),
            complete: true,
            ..CollectionState::default()
        }),
        records: vec![
            Record::Catalogue(item(CatalogueKind::Category, 1, "Réseau")),
            Record::Group(team(5, "Support")),
            Record::Person(Box::new(person(7, "Élodie", "Œuvrard"))),
            Record::Asset(Box::new(asset(1, "PC-0001"))),
            Record::Article(Box::new(article(
                3,
                "Réinitialiser un mot de passe",
                "Ouvrir la console",
            ))),
            bundled(bundle(ticket(11, "Imprimante en panne"))),
            bundled(bundle(ticket(12, "Écran noir"))),
        ],
        removals: Vec::new(),
    };
    store.apply(&page).await.unwrap();
    store.keep_document(11.into(), b"png").await.unwrap();
    store.keep_attachment("a.png", "image/png", b"abc").await.unwrap();
    store.set_setting("theme", "\"dark\"").await.unwrap();
    store
        .set_gate(&Gate::AuthRequired {
            code: "auth_bad_user_token".to_owned(),
        })
        .await
        .unwrap();
    let mut ids = (1_u128..).map(|n| OperationId(uuid::Uuid::from_u128(n)));
    let mut submission = |lane: Option<i64>, operations: Vec<Operation>| Submission {
        lane: lane.map(TicketId),
        operations: operations
            .into_iter()
            .map(|operation| (ids.next().unwrap(), operation))
            .collect(),
        draft: None,
        hold: std::time::Duration::ZERO,
    };
    let first = store
        .submit(submission(None, vec![create("Souris"), say("Suite")]), at(1))
        .await
        .unwrap();
    store
        .submit(submission(None, vec![create("Clavier")]), at(1))
        .await
        .unwrap();
    store
        .submit(submission(Some(11), vec![say("Bonjour")]), at(2))
        .await
        .unwrap();
    let id = first.entries[0].id;
    store.begin_attempt(id, at(3)).await.unwrap();
    let receipt = Receipt {
        remote_id: Some(900),
        ticket: Some(TicketId(900)),
    };
    store.mark_sent(id, &receipt, at(4)).await.unwrap();
}

/// Everything a person or the engine could ask.
async fn answers(store: &Store) -> Vec<String> {
    let mut answers = Vec::new();
    macro_rules! ask {
        ($($call:expr),* $(,)?) => {$(answers.push(format!("{:?}", $call.await.unwrap()));)*};
    }
    for view in [View::Pending, View::Unassigned, View::Open, View::All] {
        ask!(store.list_tickets(&query(view, Sort::NextTarget)));
    }
    for text in [
        "imprimante",
        "noir",
        "souris",
        "oeuvrard",
        "console",
        "pc-0001",
        "1234",
        "impr",
    ] {
        let query = SearchQuery {
            text: text.to_owned(),
            kinds: Vec::new(),
            limit: 10,
        };
        answers.push(format!("{text}: {:?}", store.search(&query).await.unwrap().hits));
    }
    for id in [-1, -2, -3, 11, 12, 900] {
        ask!(store.ticket(TicketId(id)), store.mirrored_ticket(TicketId(id)));
    }
    for collection in [
        Collection::Tickets,
        Collection::People,
        Collection::Groups,
        Collection::Articles,
    ] {
        ask!(store.ids(collection));
    }
    ask!(
        store.outbox(None, true),
        store.outbox_counts(),
        store.created_tickets(),
        store.unread_tickets(),
        store.gate(),
        store.setting("theme"),
        store.drafts(),
        store.counts(),
        store.collection_states(),
        store.catalogue(CatalogueKind::Category),
        store.person(7.into()),
        store.document_content(11.into()),
        store.due(at(10), 10),
    );
    answers
}

#[tokio::test]
async fn a_wiped_store_answers_as_a_new_one_does() {
    let new = memory().await;
    let empty = answers(&new).await;
    fill(&new).await;
    let full = answers(&new).await;
    assert_ne!(empty, full);

    let used = memory().await;
    fill(&used).await;
    for _ in 0..2 {
        used.wipe().await.unwrap();
        assert_eq!(answers(&used).await, empty);
        fill(&used).await;
        assert_eq!(answers(&used).await, full, "numbers begin again, names are found again");
    }
    assert!(matches!(
        used.outbox(None, false).await.unwrap()[0].state,
        EntryState::Queued { .. }
    ));
}

#[tokio::test]
async fn what_is_in_files_is_never_wiped() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    store.submit(new(vec![create("Souris")]), at(1)).await.unwrap();
    assert!(matches!(store.wipe().await, Err(StoreError::Invalid { .. })));
    assert_eq!(store.outbox(None, false).await.unwrap().len(), 1);
    store.close().await;
}
