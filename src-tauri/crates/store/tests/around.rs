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

/// A desk with so many tickets of each title in a category.
async fn desk(tickets: &[(u32, &str, i64, &str)]) -> Store {
    let store = memory().await;
    let mut id = 0;
    let mut records = Vec::new();
    for (n, title, category, name) in tickets {
        for _ in 0..*n {
            id += 1;
            records.push(filed(id, title, *category, name, Status::Closed));
        }
    }
    store.apply(&batch(records)).await.unwrap();
    store
}

async fn guess(store: &Store, title: &str) -> Option<CategoryGuess> {
    store.around_new_ticket(&written(title, None)).await.unwrap().category
}

#[tokio::test]
async fn a_category_is_guessed_from_two_words_and_says_what_it_rests_on() {
    let store = desk(&[
        (3, "Imprimante bloquée", 3, "Matériel > Imprimante"),
        (1, "Toner d'imprimante", 3, "Matériel > Imprimante"),
        (1, "Imprimante à déménager", 8, "Déménagement"),
        (1, "Badge perdu", 4, "Accès"),
    ])
    .await;
    let found = guess(&store, "L'imprimante du hall est bloquée").await.unwrap();
    assert_eq!((found.category, found.name.as_str()), (3, "Matériel > Imprimante"));
    assert_eq!(found.words, ["bloquée", "imprimante"], "the surest first, as typed");
    assert_eq!(
        (found.tickets, found.of),
        (4, 5),
        "tickets with one of the words, each once"
    );
    assert_eq!(
        guess(&store, "Imprimante").await,
        None,
        "four of five is not sure enough for a word alone"
    );
    assert_eq!(guess(&store, "badge").await, None, "one ticket says nothing");
}

#[tokio::test]
async fn a_word_alone_suggests_a_category_only_when_it_is_very_sure() {
    let store = desk(&[
        (8, "Badge perdu", 4, "Accès"),
        (20, "Messagerie absente sur le mobile", 5, "Téléphonie > Mobile"),
        (6, "Messagerie vocale pleine", 6, "Téléphonie > Poste fixe"),
        (30, "Outlook lent", 7, "Messagerie > Outlook"),
    ])
    .await;
    assert_eq!(
        guess(&store, "badge").await.map(|guess| guess.words),
        Some(vec!["badge".to_owned()])
    );
    assert_eq!(
        guess(&store, "Messagerie").await,
        None,
        "20 of 26 are on mobiles, which is no reason to file a message that does not arrive there"
    );
    assert_eq!(
        guess(&store, "Messagerie lente au siège")
            .await
            .map(|guess| guess.category),
        None
    );
    assert_eq!(
        guess(&store, "Messagerie du mobile absente")
            .await
            .map(|guess| guess.category),
        Some(5),
        "with its other words it is one"
    );
}

#[tokio::test]
async fn words_that_lead_to_different_categories_suggest_none() {
    let store = desk(&[
        (4, "Imprimante bloquée", 3, "Impression"),
        (4, "Badge refusé", 4, "Accès"),
    ])
    .await;
    assert_eq!(guess(&store, "Imprimante à badge").await, None);
    let records = vec![bundled(bundle(ticket(90, "Imprimante sans catégorie")))];
    store.apply(&batch(records)).await.unwrap();
    assert_eq!(
        guess(&store, "Imprimante bloquée")
            .await
            .map(|guess| (guess.tickets, guess.of)),
        Some((4, 4)),
        "a ticket without a category says nothing of categories"
    );
}
