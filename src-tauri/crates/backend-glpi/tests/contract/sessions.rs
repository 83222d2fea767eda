//! NOTES §1: sessions and tokens.

use crate::support::*;
use guichet_backend::{AuthProblem, Backend, BackendError, Retry};
use guichet_backend_glpi::{Credentials, GlpiBackend, GlpiConfig};
use guichet_domain::{TicketId, record::Collection};
use serde_json::json;
use std::sync::Arc;

fn with(server: &Arc<Server>, credentials: Credentials) -> GlpiBackend {
    GlpiBackend::new(server.clone(), credentials, GlpiConfig::default(), Standing::new())
}

async fn problem(version: &str, number: &str, credentials: Credentials) -> AuthProblem {
    let server = Server::new(version);
    server.on("GET initSession", recorded(&format!("{version}/{number}")));
    match with(&server, credentials).open().await {
        Err(BackendError::Auth(problem)) => problem,
        other => panic!("{version}/{number}: {other:?}"),
    }
}

#[tokio::test]
async fn every_sign_in_failure_is_its_own_problem() {
    let token = || Credentials::user_token("t");
    let password = || Credentials::password("tech1", "p");
    for version in BOTH {
        for (number, credentials, expected) in [
            ("001", token(), AuthProblem::ApiDisabled),
            ("003", password(), AuthProblem::BadPassword),
            ("005", password(), AuthProblem::PasswordLoginDisabled),
            ("007", token(), AuthProblem::BadUserToken),
            ("012", password(), AuthProblem::AccountDisabled),
            ("013", token(), AuthProblem::AppTokenMissing),
            ("014", token(), AuthProblem::AppTokenWrong),
            ("018", token(), AuthProblem::AddressRefused),
        ] {
            assert_eq!(
                problem(version, number, credentials).await,
                expected,
                "{version}/{number}"
            );
        }
    }
}

#[tokio::test]
async fn a_disabled_account_is_told_from_a_wrong_token_by_its_code() {
    // The same refusal as 012, met with a user token: an unknown token has a code of its own (007).
    assert_eq!(
        problem("v1-11", "012", Credentials::user_token("t")).await,
        AuthProblem::AccountDisabled
    );
}

#[tokio::test]
async fn without_a_secret_nothing_is_sent() {
    let server = Server::new("v1-11");
    let error = with(&server, Credentials::user_token("")).open().await.unwrap_err();
    assert!(matches!(error, BackendError::Auth(AuthProblem::NoSecret)));
    assert_eq!(error.retry(), Retry::Auth);
    assert!(server.every_call().is_empty());
}

#[tokio::test]
async fn the_user_token_travels_in_a_header_and_never_in_the_address() {
    let server = Server::new("v1-10.0");
    with(&server, Credentials::user_token("secret-1")).open().await.unwrap();
    let first = &server.every_call()[0];
    assert_eq!(first.path, "initSession");
    assert_eq!(first.headers["authorization"], "user_token secret-1");
    for call in server.every_call() {
        assert!(!format!("{} {:?} {}", call.path, call.query, call.body).contains("secret-1"));
    }
}

#[tokio::test]
async fn a_password_is_sent_as_basic_authorization() {
    let server = Server::new("v1-10.0");
    with(&server, Credentials::password("tech1", "é:à"))
        .open()
        .await
        .unwrap();
    assert_eq!(
        server.every_call()[0].headers["authorization"],
        "Basic dGVjaDE6w6k6w6A="
    );
}

#[tokio::test]
async fn the_application_token_goes_with_every_call() {
    let server = Server::new("v1-11");
    let backend = with(&server, Credentials::user_token("t").with_app_token("app-1"));
    backend.open().await.unwrap();
    let _ = backend.ticket(TicketId(1)).await;
    backend.close().await;
    assert!(server.every_call().len() > 6);
    for call in server.every_call() {
        assert_eq!(call.headers["app-token"], "app-1", "{}", call.path);
    }
}

#[tokio::test]
async fn an_application_token_asked_for_later_is_a_sign_in_problem() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/1", recorded(&format!("{version}/016")));
        let error = backend(&server).presence(Collection::Tickets, 1).await.unwrap_err();
        assert!(matches!(error, BackendError::Auth(AuthProblem::AppTokenMissing)));
    }
}

#[test]
fn secrets_are_never_printed() {
    let credentials = Credentials::password("tech1", "geheim").with_app_token("app-geheim");
    let server = Arc::new(Server::default());
    let printed = format!("{credentials:?} {:?}", with(&server, credentials.clone()));
    assert!(!printed.contains("geheim"), "{printed}");
}

#[tokio::test]
async fn a_session_that_died_is_renewed_once_and_the_call_repeated() {
    for version in BOTH {
        let server = Server::new(version);
        server.then(
            "GET Ticket/1",
            vec![recorded(&format!("{version}/020")), recorded(&format!("{version}/087"))],
        );
        server.then(
            "GET initSession",
            vec![
                reply(200, &json!({"session_token": "old"})),
                reply(200, &json!({"session_token": "new"})),
            ],
        );
        let backend = backend(&server);
        backend.open().await.unwrap();
        server.forget();
        backend.presence(Collection::Tickets, 1).await.unwrap();
        let calls = server.every_call();
        let seen: Vec<(&str, Option<&str>)> = calls
            .iter()
            .map(|call| {
                (
                    call.path.as_str(),
                    call.headers.get("session-token").and_then(|value| value.to_str().ok()),
                )
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("Ticket/1", Some("old")),
                ("initSession", None),
                // The new session must see all entities again.
                ("changeActiveEntities", Some("new")),
                ("Ticket/1", Some("new")),
            ]
        );
    }
}

#[tokio::test]
async fn callers_that_meet_a_dead_session_together_share_the_new_one() {
    let server = Server::new("v1-11");
    let dead = || recorded("v1-11/020");
    server.then("GET Ticket/1", vec![dead(), recorded("v1-11/087")]);
    server.then("GET Ticket/301", vec![dead(), recorded("v1-11/150")]);
    let backend = backend(&server);
    backend.open().await.unwrap();
    server.forget();
    let (one, other) = tokio::join!(
        backend.presence(Collection::Tickets, 1),
        backend.presence(Collection::Tickets, 301)
    );
    one.unwrap();
    other.unwrap();
    assert_eq!(
        server
            .every_call()
            .iter()
            .filter(|call| call.path == "initSession")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_session_refused_twice_is_lost() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/1", recorded("v1-11/020"));
    let error = backend(&server).presence(Collection::Tickets, 1).await.unwrap_err();
    assert!(matches!(error, BackendError::Auth(AuthProblem::SessionLost)));
}

#[tokio::test]
async fn a_write_that_meets_a_dead_session_is_repeated_because_a_401_was_not_applied() {
    let server = Server::new("v1-11");
    server.then("POST ITILFollowup", vec![recorded("v1-11/020"), recorded("v1-11/176")]);
    let receipt = backend(&server).send(&crate::writing::followup()).await.unwrap();
    assert_eq!(receipt.remote_id, Some(441));
}

#[tokio::test]
async fn opening_tells_who_and_what_and_what_is_refused() {
    for version in BOTH {
        let server = Server::new(version);
        let info = backend(&server).open().await.unwrap();
        insta::assert_json_snapshot!(format!("open-{version}"), info);
    }
}

#[tokio::test]
async fn all_entities_are_made_active() {
    let server = Server::new("v1-10.0");
    backend(&server).open().await.unwrap();
    let call = server
        .every_call()
        .into_iter()
        .find(|call| call.path == "changeActiveEntities")
        .unwrap();
    assert_eq!(call.body, excerpt("v1-10.0/036").sent);
}

#[tokio::test]
async fn closing_ends_the_session_and_the_next_call_signs_in_again() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/1", recorded("v1-11/087"));
    let backend = backend(&server);
    backend.open().await.unwrap();
    backend.close().await;
    assert_eq!(server.every_call().last().unwrap().path, "killSession");
    backend.presence(Collection::Tickets, 1).await.unwrap();
    assert_eq!(
        server
            .every_call()
            .iter()
            .filter(|call| call.path == "initSession")
            .count(),
        2
    );
}
