//! NOTES §2 and §3: what a reply is worth.

use crate::support::*;
use bytes::Bytes;
use guichet_backend::{Backend, BackendError, Delivery, Presence, Retry};
use guichet_backend_glpi::transport::ApiResponse;
use guichet_domain::{
    TicketId,
    record::{Collection, Departure},
};
use http::HeaderValue;
use serde_json::json;
use std::time::Duration;

async fn read(answer: Answer) -> BackendError {
    let server = Server::new("v1-11");
    server.on("GET Ticket/1", answer);
    backend(&server).presence(Collection::Tickets, 1).await.unwrap_err()
}

async fn write(answer: Answer) -> BackendError {
    let server = Server::new("v1-11");
    server.on("POST ITILFollowup", answer);
    backend(&server).send(&crate::writing::followup()).await.unwrap_err()
}

fn html(status: u16) -> Answer {
    let mut response = ApiResponse {
        status,
        headers: http::HeaderMap::new(),
        body: Bytes::from_static(b"<!DOCTYPE html><html><body>GLPI</body></html>"),
    };
    response
        .headers
        .insert("content-type", HeaderValue::from_static("text/html; charset=UTF-8"));
    Answer::Reply(response)
}

#[tokio::test]
async fn an_html_page_with_status_200_is_not_a_result() {
    // v1/276: GET of the root answers a page of documentation with 200.
    let error = read(html(200)).await;
    assert!(
        matches!(
            error,
            BackendError::Protocol {
                delivery: Delivery::NotSent,
                ..
            }
        ),
        "{error:?}"
    );
    let error = write(html(200)).await;
    assert!(
        matches!(
            error,
            BackendError::Protocol {
                delivery: Delivery::MaybeSent,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(error.retry(), Retry::Transient { after: None });
}

#[tokio::test]
async fn a_404_or_403_that_is_not_glpi_s_is_no_deletion() {
    for status in [404, 403] {
        let error = read(html(status)).await;
        assert!(matches!(error, BackendError::Protocol { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn not_found_and_not_visible_and_in_the_bin_are_told_apart() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/999999", recorded(&format!("{version}/106")));
        server.on("GET Ticket/7", recorded(&format!("{version}/225")));
        server.on("GET Ticket/21", recorded(&format!("{version}/279")));
        server.on("GET Ticket/6", recorded(&format!("{version}/219")));
        server.on("GET Ticket/1", recorded(&format!("{version}/087")));
        server.on("GET KnowbaseItem/5", recorded(&format!("{version}/236")));
        let backend = backend(&server);
        for (collection, id, expected) in [
            (Collection::Tickets, 999_999, Presence::Left(Departure::Purged)),
            (Collection::Tickets, 7, Presence::Left(Departure::Purged)),
            (Collection::Tickets, 21, Presence::Left(Departure::Hidden)),
            (Collection::Tickets, 6, Presence::Left(Departure::Binned)),
            (Collection::Tickets, 1, Presence::Visible),
            (Collection::Articles, 5, Presence::Left(Departure::Hidden)),
        ] {
            assert_eq!(
                backend.presence(collection, id).await.unwrap(),
                expected,
                "{version} {collection:?} {id}"
            );
        }
    }
}

#[tokio::test]
async fn an_unknown_type_is_unsupported_not_missing() {
    for version in BOTH {
        for number in ["273", "275"] {
            let error = read(recorded(&format!("{version}/{number}"))).await;
            assert!(
                matches!(error, BackendError::Unsupported { .. }),
                "{version}/{number}: {error:?}"
            );
        }
    }
}

#[tokio::test]
async fn too_many_requests_say_how_long_and_were_not_applied() {
    let busy = |value: &str| reply(429, &json!(["ERROR", "slow down"])).with("retry-after", value);
    let error = write(busy("17")).await;
    assert_eq!(
        error.retry(),
        Retry::Transient {
            after: Some(Duration::from_secs(17))
        }
    );
    assert_eq!(error.delivery(), Delivery::NotSent);
    // A date is compared with the server's own clock (03:58:30), not with ours.
    let error = write(busy("Sun, 22 Nov 2026 03:59:00 GMT")).await;
    assert_eq!(
        error.retry(),
        Retry::Transient {
            after: Some(Duration::from_secs(30))
        }
    );
}

#[tokio::test]
async fn a_server_error_leaves_a_write_in_doubt_and_a_read_not() {
    for status in [500, 502, 503, 504] {
        let error = write(html(status)).await;
        assert_eq!(error.delivery(), Delivery::MaybeSent);
        assert!(matches!(error.retry(), Retry::Transient { .. }));
        assert_eq!(read(html(status)).await.delivery(), Delivery::NotSent);
    }
}

#[tokio::test]
async fn a_cut_body_leaves_a_write_in_doubt() {
    let Answer::Reply(mut whole) = recorded("v1-11/176") else {
        panic!()
    };
    whole.body = whole.body.slice(..6);
    let error = write(Answer::Reply(whole)).await;
    assert_eq!(error.delivery(), Delivery::MaybeSent);
    assert!(matches!(error, BackendError::Transient { status: 0, .. }), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_never_followed() {
    let moved = reply(302, &json!({"id": 312})).with("location", "http://elsewhere.example/Ticket/312");
    let error = write(moved).await;
    assert!(
        matches!(
            error,
            BackendError::Protocol {
                delivery: Delivery::MaybeSent,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_the_network_says_of_delivery_holds_for_writes_only() {
    assert_eq!(
        write(Answer::Lost(Delivery::NotSent)).await.delivery(),
        Delivery::NotSent
    );
    assert_eq!(
        write(Answer::Lost(Delivery::MaybeSent)).await.delivery(),
        Delivery::MaybeSent
    );
    let error = read(Answer::Lost(Delivery::MaybeSent)).await;
    assert_eq!((error.delivery(), error.retry()), (Delivery::NotSent, Retry::Network));
}

#[tokio::test]
async fn a_read_before_a_write_that_fails_leaves_nothing_in_doubt() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/301", html(502));
    let error = backend(&server)
        .send(&crate::writing::set_title("a", "b"))
        .await
        .unwrap_err();
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert!(server.writes().is_empty());
}

#[tokio::test]
async fn a_created_row_without_its_number_is_in_doubt() {
    let error = write(reply(201, &json!({"message": ""}))).await;
    assert!(
        matches!(
            error,
            BackendError::Protocol {
                delivery: Delivery::MaybeSent,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_ticket_in_the_bin_is_not_found_and_a_foreign_one_forbidden() {
    let server = Server::new("v1-10.0");
    server.on("GET Ticket/6", recorded("v1-10.0/219"));
    server.on("GET Ticket/21", recorded("v1-10.0/279"));
    let backend = backend(&server);
    assert!(matches!(backend.ticket(TicketId(6)).await, Err(BackendError::NotFound)));
    assert!(matches!(
        backend.ticket(TicketId(21)).await,
        Err(BackendError::Forbidden { .. })
    ));
}
