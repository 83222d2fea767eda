//! NOTES §3: lists and pages.

use crate::support::*;
use guichet_backend::{Backend, BackendError, Cursor, Page};
use guichet_backend_glpi::GlpiConfig;
use guichet_domain::{
    TicketId,
    catalogue::CatalogueKind,
    record::{Collection, Record, TicketBundle},
};
use serde_json::{Value, json};

fn small(page: u32) -> GlpiConfig {
    GlpiConfig {
        vip_rules: Vec::new(),
        ticket_page: page,
        page_overlap: 1,
        ..GlpiConfig::default()
    }
}

fn tickets(page: &Page) -> Vec<i64> {
    page.records
        .iter()
        .filter_map(|record| match record {
            Record::Ticket(ticket) => Some(ticket.id.0),
            Record::Bundle(bundle) => Some(bundle.ticket.id.0),
            _ => None,
        })
        .collect()
}

/// A page of tickets numbered so, out of so many, from a recorded row.
pub fn page(ids: &[i64], start: usize, total: usize) -> Answer {
    let row: Value = serde_json::from_slice(&excerpt("v1-11/087").response.body).unwrap();
    let rows: Vec<Value> = ids
        .iter()
        .map(|id| {
            let mut row = row.clone();
            row["id"] = json!(id);
            row
        })
        .collect();
    let end = start + ids.len();
    let status = if start == 0 && end == total { 200 } else { 206 };
    reply(status, &json!(rows)).with("content-range", &format!("{start}-{}/{total}", end.saturating_sub(1)))
}

#[tokio::test]
async fn a_page_is_206_with_a_content_range_and_the_last_one_ends_the_list() {
    let server = Server::new("v1-11");
    server.on("GET Ticket?range=0-2", page(&[9, 8, 7], 0, 5));
    server.on("GET Ticket?range=2-4", page(&[7, 6, 5], 2, 5));
    let backend = backend_with(&server, small(3), Standing::new());
    let first = backend.pull(Collection::Tickets, None).await.unwrap();
    assert_eq!(
        (tickets(&first), first.more, first.complete),
        (vec![9, 8, 7], true, false)
    );
    assert_eq!(first.progress, Some((3, 5)));
    let second = backend.pull(Collection::Tickets, Some(&first.cursor)).await.unwrap();
    // The overlapping row was read before.
    assert_eq!(
        (tickets(&second), second.more, second.complete),
        (vec![6, 5], false, true)
    );
}

#[tokio::test]
async fn every_list_says_its_order_and_its_range() {
    let server = Server::new("v1-10.0");
    let backend = backend(&server);
    for collection in [
        Collection::Tickets,
        Collection::People,
        Collection::Groups,
        Collection::Articles,
    ] {
        backend.pull(collection, None).await.unwrap();
    }
    for call in server.calls().iter().filter(|call| !call.path.contains('/')) {
        for parameter in ["sort", "order", "range", "get_hateoas"] {
            assert!(call.param(parameter).is_some(), "{parameter} in {call:?}");
        }
    }
}

/// What a page says of the server is believed (the outbox sends on it), so that one made of what is known must say so.
#[tokio::test]
async fn a_page_says_whether_the_server_was_asked() {
    for version in BOTH {
        let server = Server::new(version);
        let backend = backend(&server);
        for collection in [
            Collection::Catalogue(CatalogueKind::Category),
            Collection::Groups,
            Collection::People,
            Collection::Tickets,
            Collection::TicketDetails,
            Collection::Articles,
            Collection::Assets,
        ] {
            let mut cursor = None;
            let mut rested = false;
            for _ in 0..200 {
                server.forget();
                let page = backend.pull(collection, cursor.as_ref()).await.unwrap();
                assert_eq!(
                    page.asked,
                    !server.every_call().is_empty(),
                    "{version} {collection:?} {page:?}"
                );
                rested |= !page.asked;
                cursor = Some(page.cursor);
                if !page.more && (rested || collection == Collection::Tickets) {
                    break;
                }
            }
            assert_eq!(rested, collection != Collection::Tickets, "{version} {collection:?}");
        }
    }
}

#[tokio::test]
async fn an_empty_list_has_no_content_range() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket", recorded(&format!("{version}/059")));
        let page = backend(&server).pull(Collection::Tickets, None).await.unwrap();
        assert_eq!((tickets(&page), page.more, page.complete), (vec![], false, true));
        assert_eq!(
            backend(&server).list_ids(Collection::Tickets).await.unwrap(),
            Vec::<i64>::new()
        );
    }
}

#[tokio::test]
async fn a_list_that_shrank_below_the_page_is_walked_back() {
    for (shrunk, answer) in [
        ("start beyond the total: 400", recorded("v1-11/049")),
        ("start at the total: 206 and nothing", recorded("v1-11/050")),
    ] {
        let server = Server::new("v1-11");
        server.on("GET Ticket?range=0-2", page(&[9, 8, 7], 0, 6));
        server.on("GET Ticket?range=2-4", answer);
        let backend = backend_with(&server, small(3), Standing::new());
        let first = backend.pull(Collection::Tickets, None).await.unwrap();
        let second = backend.pull(Collection::Tickets, Some(&first.cursor)).await.unwrap();
        assert!(second.more && !second.complete, "{shrunk}");
        // Five went: what is left is on the first page.
        server.on("GET Ticket?range=0-2", page(&[4], 0, 1));
        let third = backend.pull(Collection::Tickets, Some(&second.cursor)).await.unwrap();
        assert_eq!((tickets(&third), third.more), (vec![4], false), "{shrunk}");
    }
}

#[tokio::test]
async fn rows_that_moved_up_across_a_page_s_edge_are_not_missed() {
    let server = Server::new("v1-11");
    server.on("GET Ticket?range=0-2", page(&[9, 8, 7], 0, 9));
    let backend = backend_with(&server, small(3), Standing::new());
    let first = backend.pull(Collection::Tickets, None).await.unwrap();
    // 9, 8 and 7 were purged meanwhile: the page now begins with 4, and 6 and 5 are above it.
    server.on("GET Ticket?range=2-4", page(&[4, 3, 2], 2, 6));
    server.on("GET Ticket?range=0-2", page(&[6, 5, 4], 0, 6));
    let mut seen = Vec::new();
    let mut cursor = first.cursor;
    for _ in 0..6 {
        let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
        seen.extend(tickets(&page));
        cursor = page.cursor.clone();
        if !page.more {
            break;
        }
        if seen.len() >= 3 {
            server.on("GET Ticket?range=2-4", crate::reading::page(&[4, 3, 2], 2, 5));
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, [2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn a_tickets_created_meanwhile_are_not_read_twice_as_new() {
    let server = Server::new("v1-11");
    server.on("GET Ticket?range=0-2", page(&[9, 8, 7], 0, 5));
    let backend = backend_with(&server, small(3), Standing::new());
    let first = backend.pull(Collection::Tickets, None).await.unwrap();
    // Two new ones pushed everything down.
    server.on("GET Ticket?range=2-4", page(&[9, 8, 7], 2, 7));
    let second = backend.pull(Collection::Tickets, Some(&first.cursor)).await.unwrap();
    assert_eq!(tickets(&second), Vec::<i64>::new());
    assert!(second.more);
    server.on("GET Ticket?range=4-6", page(&[7, 6, 5], 4, 7));
    let third = backend.pull(Collection::Tickets, Some(&second.cursor)).await.unwrap();
    assert_eq!((tickets(&third), third.more), (vec![6, 5], false));
}

#[tokio::test]
async fn a_page_may_be_read_again_from_its_cursor() {
    let server = Server::new("v1-11");
    server.on("GET Ticket?range=0-2", page(&[9, 8, 7], 0, 5));
    server.on("GET Ticket?range=2-4", page(&[7, 6, 5], 2, 5));
    let first = backend_with(&server, small(3), Standing::new())
        .pull(Collection::Tickets, None)
        .await
        .unwrap();
    // Another run of the program: nothing but the cursor is left of the first.
    for _ in 0..2 {
        let backend = backend_with(&server, small(3), Standing::new());
        let second = backend.pull(Collection::Tickets, Some(&first.cursor)).await.unwrap();
        assert_eq!(tickets(&second), [6, 5]);
    }
}

#[tokio::test]
async fn a_cursor_of_another_version_starts_over() {
    let server = Server::new("v1-11");
    server.on("GET Ticket?range=0-499", page(&[9, 8], 0, 2));
    for strange in [
        json!({"v": 99, "at": {"phase": "delta"}}),
        json!("?"),
        json!(null),
        json!({"v": 1, "at": 7}),
    ] {
        let page = backend(&server)
            .pull(Collection::Tickets, Some(&Cursor(strange)))
            .await
            .unwrap();
        assert_eq!(tickets(&page), [9, 8]);
    }
}

#[tokio::test]
async fn identities_come_by_only_id_without_links_and_ascending() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Ticket", page(&[1, 2, 3, 7], 0, 4));
        assert_eq!(
            backend(&server).list_ids(Collection::Tickets).await.unwrap(),
            [1, 2, 3, 7]
        );
        let calls = server.calls();
        let call = calls.iter().find(|call| call.param("only_id").is_some()).unwrap();
        assert_eq!(
            (call.param("only_id"), call.param("get_hateoas")),
            (Some("true"), Some("false"))
        );
        assert_eq!((call.param("sort"), call.param("order")), (Some("id"), Some("ASC")));
    }
}

#[tokio::test]
async fn identities_that_contradict_their_total_are_not_believed() {
    let server = Server::new("v1-11");
    server.on("GET Ticket?only_id=true", page(&[1, 2, 3], 0, 4));
    let error = backend(&server).list_ids(Collection::Tickets).await.unwrap_err();
    assert!(matches!(error, BackendError::Protocol { .. }), "{error:?}");
}

#[tokio::test]
async fn on_10_identities_of_articles_are_those_that_open() {
    let server = Server::new("v1-10.0");
    server.on("GET KnowbaseItem", recorded("v1-10.0/232"));
    for id in 1..=40 {
        let answer = if id % 5 == 0 {
            recorded("v1-10.0/236")
        } else {
            recorded("v1-10.0/235")
        };
        server.on(&format!("GET KnowbaseItem/{id}"), answer);
    }
    let ten = backend(&server);
    let ids = ten.list_ids(Collection::Articles).await.unwrap();
    // 11 lists the same 32 by itself.
    let server_11 = Server::new("v1-11");
    server_11.on("GET KnowbaseItem", recorded("v1-11/232"));
    assert_eq!(ids, backend(&server_11).list_ids(Collection::Articles).await.unwrap());
    assert_eq!(
        server_11.calls().len(),
        2,
        "the zone's sample and the list: {:?}",
        server_11.calls()
    );
    // What was checked is remembered.
    server.forget();
    ten.list_ids(Collection::Articles).await.unwrap();
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn equipment_is_listed_by_pull_alone() {
    let server = Server::new("v1-11");
    let error = backend(&server).list_ids(Collection::Assets).await.unwrap_err();
    assert!(matches!(error, BackendError::Unsupported { .. }));
}

#[tokio::test]
async fn rows_of_foreign_parents_never_come_through_a_bundle() {
    // The tables' own lists leak (NOTES §8); a ticket's sub-paths do not, and are what bundles are made of.
    let server = Server::new("v1-11");
    server.on("GET Ticket/1", recorded("v1-11/087"));
    let _: TicketBundle = backend(&server).ticket(TicketId(1)).await.unwrap();
    for call in server.calls() {
        let leaky = [
            "Ticket_User",
            "Group_Ticket",
            "ITILSolution",
            "TicketTask",
            "Item_Ticket",
        ];
        assert!(!leaky.contains(&call.path.as_str()), "{call:?}");
    }
}

#[tokio::test]
async fn a_list_is_read_to_its_end_where_it_is_wanted_whole() {
    let server = Server::new("v1-11");
    let sla = |ids: &[i64], start: usize| {
        let rows: Vec<_> = ids
            .iter()
            .map(|id| json!({"id": id, "name": format!("SLA {id}")}))
            .collect();
        let end = start + ids.len() - 1;
        reply(206, &json!(rows)).with("content-range", &format!("{start}-{end}/3"))
    };
    server.on("GET SLA?range=0-1", sla(&[1, 2], 0));
    server.on("GET SLA?range=2-3", sla(&[3], 2));
    let config = GlpiConfig {
        detail_page: 2,
        ..small(2)
    };
    let backend = backend_with(&server, config, Standing::new());
    let page = backend
        .pull(Collection::Catalogue(CatalogueKind::Sla), None)
        .await
        .unwrap();
    assert_eq!(page.records.len(), 3);
}
