//! NOTES §5: reading back what a lost reply left in doubt. Nothing here may change anything.

use crate::{support::*, writing};
use guichet_backend::{Backend, BackendError, Outgoing, Probe};
use guichet_domain::{
    TicketId, UserId,
    operation::{AttachTo, Field, FieldValue, Operation},
    rich_text::RichText,
    ticket::{Actor, Party, Role},
};
use serde_json::json;
use std::sync::Arc;

async fn probe(server: &Arc<Server>, outgoing: &Outgoing) -> Probe {
    let probe = backend(server).probe(outgoing).await.unwrap();
    assert!(server.writes().is_empty(), "a probe changed something");
    probe
}

fn applied(probe: &Probe) -> Option<i64> {
    match probe {
        Probe::Applied(receipt) => receipt.remote_id,
        _ => None,
    }
}

#[tokio::test]
async fn a_followup_is_known_by_its_author_its_date_and_its_words() {
    for version in BOTH {
        // 327: the same follow-up was posted twice, as nothing prevents it.
        let (first, second) = if version == "v1-11" { (451, 452) } else { (448, 449) };
        let server = Server::new(version);
        server.on("GET Ticket/41/ITILFollowup", recorded(&format!("{version}/327")));
        let twice = writing::followup();
        assert_eq!(probe(&server, &twice).await, Probe::Undecidable);
        // One of them is known to be another operation.
        let mut other = writing::followup();
        other.claimed = vec![first];
        assert_eq!(applied(&probe(&server, &other).await), Some(second));
        other.claimed = vec![first, second];
        assert_eq!(probe(&server, &other).await, Probe::Absent);
        // Another second.
        let mut later = writing::followup();
        later.written_at = "2026-11-20T09:00:01Z".parse().unwrap();
        assert_eq!(probe(&server, &later).await, Probe::Absent);
        let words = Operation::AddFollowup {
            body: RichText::from_plain("autre texte"),
            private: false,
        };
        // The same author and second with other words: ours, edited by somebody since, or not. Nobody can tell.
        let edited = outgoing(Some(41), words);
        assert_eq!(probe(&server, &edited).await, Probe::Undecidable);
        let mut others = edited;
        others.claimed = vec![first, second];
        assert_eq!(probe(&server, &others).await, Probe::Absent);
    }
}

#[tokio::test]
async fn a_followup_of_somebody_else_is_not_ours() {
    let server = Server::new("v1-11");
    let foreign = recorded("v1-11/327").edit(|rows| {
        for row in rows.as_array_mut().unwrap() {
            row["users_id"] = json!(9);
        }
    });
    server.on("GET Ticket/41/ITILFollowup", foreign);
    assert_eq!(probe(&server, &writing::followup()).await, Probe::Absent);
}

#[tokio::test]
async fn a_task_is_known_by_its_uuid() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301/TicketTask", recorded(&format!("{version}/188")));
        assert_eq!(probe(&server, &writing::task()).await, Probe::Absent);
        let mut ours = writing::task();
        ours.id = "11111111-2222-3333-4444-555555555555".parse().unwrap();
        assert_eq!(applied(&probe(&server, &ours).await), Some(118));
    }
}

#[tokio::test]
async fn a_solution_older_than_the_first_attempt_is_another_one() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301/ITILSolution", recorded(&format!("{version}/210")));
        assert_eq!(applied(&probe(&server, &writing::solution()).await), Some(62));
        let mut later = writing::solution();
        later.first_attempt_at = Some("2026-11-22T04:30:00Z".parse().unwrap());
        assert_eq!(probe(&server, &later).await, Probe::Absent);
    }
}

#[tokio::test]
async fn on_11_a_ticket_is_known_by_its_external_id_which_is_not_unique() {
    let server = Server::new("v1-11");
    // 153: two tickets carry the same external id, as 11 accepts it twice.
    let rows = |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        recorded("v1-11/153").edit(|rows| {
            for (row, id) in rows.as_array_mut().unwrap().iter_mut().zip(&ids) {
                row["externalid"] = json!(id);
            }
        })
    };
    let key = writing::new_ticket().id.to_string();
    server.on(
        "GET Ticket?searchText[externalid]=01912345-6789-7abc-8def-0123456789ab",
        rows(&[&key, &key]),
    );
    assert_eq!(probe(&server, &writing::new_ticket()).await, Probe::Undecidable);
    // `searchText` is a LIKE: a longer value matches too.
    let longer = format!("{key}-bis");
    server.on(
        "GET Ticket?searchText[externalid]=01912345-6789-7abc-8def-0123456789ab",
        rows(&[&key, &longer]),
    );
    let Probe::Applied(receipt) = probe(&server, &writing::new_ticket()).await else {
        panic!()
    };
    assert_eq!((receipt.remote_id, receipt.ticket), (Some(303), Some(TicketId(303))));
}

#[tokio::test]
async fn on_10_a_ticket_is_known_by_its_recorder_its_date_its_title_and_its_words() {
    let server = Server::new("v1-10.0");
    // 146, stored encoded, with the date that was sent.
    let row = |date: &str| {
        let date = date.to_owned();
        recorded("v1-10.0/146").edit(move |row| {
            row["date"] = json!(date);
            row["content"] = json!("&#60;p&#62;Test &#60;b&#62;gras&#60;/b&#62;&#60;/p&#62;");
            *row = json!([row.clone()]);
        })
    };
    server.on("GET Ticket", row("2026-11-20 10:00:00"));
    server.on("GET Ticket?is_deleted=true", reply(200, &json!([])));
    let Probe::Applied(receipt) = probe(&server, &writing::new_ticket()).await else {
        panic!()
    };
    assert_eq!(receipt.ticket, Some(TicketId(301)));
    // 10.0 refuses to search a field it does not have (153): it is never asked.
    assert!(
        server
            .calls()
            .iter()
            .all(|call| call.param("searchText[externalid]").is_none())
    );
    server.on("GET Ticket", row("2026-11-20 10:00:01"));
    assert_eq!(probe(&server, &writing::new_ticket()).await, Probe::Absent);
}

#[tokio::test]
async fn a_ticket_created_and_binned_since_is_still_found() {
    let server = Server::new("v1-11");
    let key = writing::new_ticket().id.to_string();
    let binned = recorded("v1-11/153").edit(|rows| {
        let mut row = rows[0].clone();
        row["externalid"] = json!(key);
        row["is_deleted"] = json!(1);
        *rows = json!([row]);
    });
    server.on("GET Ticket?is_deleted=true", binned.with("content-range", "0-0/1"));
    assert_eq!(applied(&probe(&server, &writing::new_ticket()).await), Some(303));
}

#[tokio::test]
async fn actors_and_fields_are_known_by_their_state() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301/Ticket_User", recorded(&format!("{version}/147")));
        server.on("GET Ticket/301", recorded(&format!("{version}/146")));
        let actor = |id| Actor {
            role: Role::Assigned,
            party: Party::User { id: UserId(id) },
        };
        let assign = |id| outgoing(Some(301), Operation::Assign { actor: actor(id) });
        let unassign = |id| outgoing(Some(301), Operation::Unassign { actor: actor(id) });
        assert_eq!(applied(&probe(&server, &assign(7)).await), Some(616));
        assert_eq!(probe(&server, &assign(8)).await, Probe::Absent);
        assert_eq!(probe(&server, &unassign(7)).await, Probe::Absent);
        assert!(matches!(probe(&server, &unassign(8)).await, Probe::Applied(_)));
        let title = |new: &str| {
            let operation = Operation::SetField {
                field: Field::Title,
                base: FieldValue::Text("x".to_owned()),
                new: FieldValue::Text(new.to_owned()),
            };
            outgoing(Some(301), operation)
        };
        assert!(matches!(
            probe(&server, &title("Créé par la console")).await,
            Probe::Applied(_)
        ));
        assert_eq!(probe(&server, &title("autre")).await, Probe::Absent);
    }
}

#[tokio::test]
async fn a_document_is_known_by_its_bytes_its_author_and_its_place() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/301/Document_Item", recorded(&format!("{version}/203")));
        server.on("GET Document/6", recorded(&format!("{version}/198")));
        let upload = writing::upload(AttachTo::Ticket, None);
        assert_eq!(probe(&server, &upload).await, Probe::Absent, "other bytes");
        let mut ours = writing::upload(AttachTo::Ticket, None);
        let Answer::Reply(content) = recorded(&format!("{version}/199")) else {
            panic!()
        };
        ours.content = Some(content.body);
        assert_eq!(applied(&probe(&server, &ours).await), Some(6));
        ours.claimed = vec![6];
        assert_eq!(probe(&server, &ours).await, Probe::Absent);
    }
}

#[tokio::test]
async fn on_a_ticket_that_is_gone_nothing_is_to_be_found() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/41/ITILFollowup", recorded(&format!("{version}/106")));
        assert_eq!(probe(&server, &writing::followup()).await, Probe::Absent);
    }
}

#[tokio::test]
async fn a_ticket_out_of_sight_decides_nothing() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket/41/ITILFollowup", recorded(&format!("{version}/321")));
        // It may be back in sight when it is sent again, with the first follow-up on it.
        let probe = backend(&server).probe(&writing::followup()).await;
        assert!(matches!(probe, Err(BackendError::Forbidden { .. })), "{probe:?}");
    }
}

#[tokio::test]
async fn a_probe_that_cannot_read_decides_nothing() {
    let server = Server::new("v1-11");
    server.on("GET Ticket/41/ITILFollowup", reply(503, &json!("")));
    assert!(backend(&server).probe(&writing::followup()).await.is_err());
}
