//! Who the account is: the author of what is pending, the recorder of what is created here.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{UserId, outbox::Receipt, record::Record};
use guichet_store::*;

const ME: UserId = UserId(31);

async fn names(store: &Store, ticket: i64) -> Vec<String> {
    let view = store.ticket(ticket.into()).await.unwrap().unwrap();
    view.users.into_iter().filter_map(|user| user.name).collect()
}

#[tokio::test]
async fn a_pending_follow_up_shows_its_author() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    store
        .apply(&batch(vec![
            Record::Person(Box::new(person(ME.0, "Inès", "Morel"))),
            bundled(bundle(ticket(1, "Un"))),
        ]))
        .await
        .unwrap();
    let local = store.submit(new(vec![create("Nouveau")]), at(1)).await.unwrap().lane;
    assert_eq!(
        store.ticket(local).await.unwrap().unwrap().ticket.recorder,
        None,
        "not known yet"
    );
    store.set_account(Some(ME)).await.unwrap();
    assert!(
        names(&store, 1).await.is_empty(),
        "nothing of the account's is pending on it"
    );
    store.submit(on(1, vec![say("Bonjour")]), at(2)).await.unwrap();
    assert_eq!(names(&store, 1).await, ["Inès Morel"]);
    assert_eq!(store.ticket(local).await.unwrap().unwrap().ticket.recorder, Some(ME));
    store.close().await;

    // With no server in reach, after a restart.
    let (store, _) = Store::open(folder.path(), &KEY, at(3)).await.unwrap();
    assert_eq!(names(&store, 1).await, ["Inès Morel"]);
    assert_eq!(store.ticket(local).await.unwrap().unwrap().ticket.recorder, Some(ME));
    // Once it has its number, until the server's own version is read.
    let creation = store.outbox(Some(local), false).await.unwrap().remove(0);
    store.begin_attempt(creation.id, at(4)).await.unwrap();
    let receipt = Receipt {
        ticket: Some(815.into()),
        remote_id: Some(815),
    };
    store.mark_sent(creation.id, &receipt, at(5)).await.unwrap();
    assert_eq!(
        store.ticket(815.into()).await.unwrap().unwrap().ticket.recorder,
        Some(ME)
    );
    store.set_account(None).await.unwrap();
    assert!(names(&store, 1).await.is_empty());
}
