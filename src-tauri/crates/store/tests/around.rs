//! What lies around a ticket, and around one being written.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{TicketId, UserId, record::Record, ticket::Status};
use guichet_store::*;

fn filed(id: i64, title: &str, category: i64, name: &str, status: Status) -> Record {
    let mut one = ticket(id, title);
    one.category = Some(reference(category, name));
    one.status = status;
    bundled(bundle(one))
}

fn of(id: i64, requester: i64, asset: i64, status: Status) -> Record {
    let mut one = ticket(id, "Souris");
    one.status = status;
    let mut one = bundle(one);
    one.actors[0].actor = user(guichet_domain::ticket::Role::Requester, requester);
    one.asset_links[0].asset = asset_key(asset);
    bundled(one)
}

fn written(title: &str, requester: Option<i64>) -> NewTicketWords {
    NewTicketWords {
        requester: requester.map(UserId),
        title: title.to_owned(),
    }
}

fn ids(rows: &[TicketRow]) -> Vec<i64> {
    rows.iter().map(|row| row.id.0).collect()
}

#[tokio::test]
async fn the_same_requesters_and_the_same_equipments_tickets_are_found_open_ones_first() {
    let store = memory().await;
    let records = vec![
        of(1, 7, 1, Status::Assigned),
        of(2, 7, 2, Status::Closed),
        of(3, 7, 3, Status::New),
        of(4, 8, 1, Status::Closed),
        of(5, 8, 9, Status::Assigned),
        of(6, 7, 4, Status::Assigned),
    ];
    store.apply(&batch(records)).await.unwrap();
    let around = store
        .around_ticket(TicketId(6), Some(UserId(7)), &[asset_key(1), asset_key(4)])
        .await
        .unwrap();
    assert_eq!(ids(&around.same_requester), [3, 1, 2]);
    assert_eq!(ids(&around.same_asset), [1, 4], "itself is left out");
    let alone = store.around_ticket(TicketId(6), None, &[]).await.unwrap();
    assert_eq!(alone, AroundTicket::default());
}

#[tokio::test]
async fn a_ticket_being_written_shows_what_it_may_repeat() {
    let store = memory().await;
    let records = vec![
        filed(1, "Imprimante du deuxième bloquée", 3, "Impression", Status::Assigned),
        filed(2, "Imprimante lente", 3, "Impression", Status::New),
        filed(3, "Imprimante deuxième étage bloquée", 3, "Impression", Status::Closed),
        filed(4, "Badge refusé", 4, "Accès", Status::Assigned),
        of(5, 9, 1, Status::Assigned),
    ];
    store.apply(&batch(records)).await.unwrap();
    let found = |title: &'static str, requester| {
        let store = store.clone();
        async move {
            let around = store.around_new_ticket(&written(title, requester)).await.unwrap();
            around
                .similar
                .iter()
                .map(|one| (one.row.id.0, one.words, one.same_requester))
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(
        found("imprimantes bloquee", None).await,
        [(1, 2, false), (3, 2, false)],
        "two words of two; the closed one last; one word of two is no repetition"
    );
    assert_eq!(
        found("Imprimante", Some(9)).await,
        [(5, 0, true), (2, 1, false), (1, 1, false), (3, 1, false)],
        "what the requester has open comes first whatever it says"
    );
    assert_eq!(found("", None).await, []);
}

#[tokio::test]
async fn a_category_is_guessed_from_one_word_and_says_what_it_rests_on() {
    let store = memory().await;
    let records = vec![
        filed(1, "Imprimante bloquée", 3, "Matériel > Imprimante", Status::Closed),
        filed(2, "Imprimantes lentes", 3, "Matériel > Imprimante", Status::Closed),
        filed(3, "Toner d'imprimante", 3, "Matériel > Imprimante", Status::Assigned),
        filed(4, "Imprimante à déménager", 8, "Déménagement", Status::Assigned),
        filed(5, "Badge bloqué", 4, "Accès", Status::Assigned),
        filed(6, "Compte bloqué", 5, "Comptes", Status::Assigned),
        bundled(bundle(ticket(7, "Imprimante sans catégorie"))),
    ];
    store.apply(&batch(records)).await.unwrap();
    let guess = |title: &'static str| {
        let store = store.clone();
        async move { store.around_new_ticket(&written(title, None)).await.unwrap().category }
    };
    assert_eq!(
        guess("L'imprimante du hall est bloquée").await,
        Some(CategoryGuess {
            category: 3,
            name: "Matériel > Imprimante".to_owned(),
            word: "imprimante".to_owned(),
            tickets: 3,
            of: 4,
        })
    );
    assert_eq!(guess("bloqué").await, None, "no category has most of them");
    assert_eq!(guess("badge").await, None, "one ticket says nothing");
}
