//! The tickets' history in a round: last, bounded, resumed, and no error where it may not be read.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use guichet_backend::{BackendError, Delivery};
use guichet_domain::{
    TicketId,
    catalogue::Availability,
    history::{HistoryChange, HistoryEvent},
    outbox::Gate,
};
use std::time::Duration;
use support::*;

fn line(id: i64) -> HistoryChange {
    HistoryChange {
        id,
        ticket: TicketId(12),
        at: at(id),
        what: HistoryEvent::Trashed,
    }
}

/// The cursors the history was asked for with are not told; how often is.
fn asked(desk: &Desk) -> usize {
    desk.backend
        .script(|script| script.log.iter().filter(|seen| seen.what == "history").count())
}

#[tokio::test(start_paused = true)]
async fn it_is_read_last_to_its_end_and_then_rests() {
    let desk = Desk::new();
    desk.backend.script(|script| {
        script.histories = [
            history_page(vec![line(9), line(8)], 8, true),
            history_page(vec![line(7)], 7, false),
        ]
        .map(Ok)
        .into();
    });
    let report = desk.engine.round().await.unwrap();
    assert_eq!(report.applied.get("ticket_history"), Some(&3));
    assert_eq!(
        desk.store.ticket_history(&[TicketId(12)]).await.unwrap(),
        [line(7), line(8), line(9)]
    );
    assert!(desk.store.history_state().await.unwrap().unwrap().complete);
    let log = desk.backend.script(|script| script.log.clone());
    let first = log.iter().position(|seen| seen.what == "history").unwrap();
    let last_pull = log.iter().rposition(|seen| seen.what == "pull").unwrap();
    assert!(last_pull < first, "nothing on a screen waits for it");

    desk.engine.round().await.unwrap();
    assert_eq!(asked(&desk), 2, "not due yet");
    tokio::time::advance(Duration::from_secs(301)).await;
    desk.engine.round().await.unwrap();
    assert_eq!(asked(&desk), 3, "an idle look is one request");
}

#[tokio::test(start_paused = true)]
async fn a_long_first_reading_goes_on_in_the_next_round() {
    let desk = Desk::new();
    desk.backend.script(|script| {
        script.histories = (0..25)
            .map(|n| Ok(history_page(vec![line(100 - n)], 100 - n, n < 24)))
            .collect();
    });
    desk.engine.round().await.unwrap();
    assert_eq!(asked(&desk), 20);
    assert!(!desk.store.history_state().await.unwrap().unwrap().complete);
    desk.engine.round().await.unwrap();
    assert_eq!(asked(&desk), 25);
    assert!(desk.store.history_state().await.unwrap().unwrap().complete);
    assert_eq!(desk.store.ticket_history(&[TicketId(12)]).await.unwrap().len(), 25);
}

#[tokio::test(start_paused = true)]
async fn who_may_not_read_it_has_a_round_without_an_error() {
    let desk = Desk::new();
    let mut refused = history_page(Vec::new(), 1, false);
    refused.complete = false;
    refused.availability = Availability::Forbidden;
    desk.backend.script(|script| script.histories = [Ok(refused)].into());
    let report = desk.engine.round().await.unwrap();
    assert_eq!(report.gate, Gate::Open);
    let state = desk.store.history_state().await.unwrap().unwrap();
    assert_eq!((state.availability, state.complete), (Availability::Forbidden, false));
    assert!(
        desk.store.last_round_at().await.unwrap().is_some(),
        "the round is complete"
    );
    assert_eq!(desk.engine.status().borrow().last_error, None);
}

#[tokio::test(start_paused = true)]
async fn a_cut_reading_closes_the_gate_and_goes_on_from_its_cursor() {
    let desk = Desk::new();
    let cut: BackendError = network(Delivery::NotSent);
    desk.backend.script(|script| {
        script.histories = [
            Ok(history_page(vec![line(9)], 9, true)),
            Err(cut),
            Ok(history_page(vec![line(8)], 8, false)),
        ]
        .into();
    });
    let report = desk.engine.round().await.unwrap();
    assert_ne!(report.gate, Gate::Open);
    assert_eq!(
        desk.store.history_state().await.unwrap().unwrap().cursor,
        Some(9.into())
    );
    desk.engine.nudge();
    desk.engine.round().await.unwrap();
    assert_eq!(
        desk.store.ticket_history(&[TicketId(12)]).await.unwrap(),
        [line(8), line(9)]
    );
}
