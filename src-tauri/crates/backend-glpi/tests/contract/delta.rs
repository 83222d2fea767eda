//! NOTES §4: following changes.

use crate::{reading::page, support::*};
use guichet_backend::{Backend, Cursor, Page};
use guichet_backend_glpi::{GlpiBackend, GlpiConfig};
use guichet_domain::{
    TicketId,
    catalogue::CatalogueKind,
    record::{Collection, Departure, Record, RecordKey, Removal},
};
use serde_json::{Value, json};
use std::sync::Arc;

const DELTA: &str = "GET Ticket?sort=date_mod&order=DESC";
const BIN: &str = "GET Ticket?sort=date_mod&order=DESC&is_deleted=true";

fn row(id: i64, date_mod: &str) -> Value {
    let mut row: Value = serde_json::from_slice(&excerpt("v1-11/087").response.body).unwrap();
    row["id"] = json!(id);
    row["date_mod"] = json!(date_mod);
    row
}

/// What the changed list shows, and each of its tickets.
fn shows(server: &Server, rows: &[(i64, &str)]) {
    let rows: Vec<Value> = rows.iter().map(|(id, at)| row(*id, at)).collect();
    for row in &rows {
        server.on(&format!("GET Ticket/{}", row["id"]), reply(200, row));
    }
    server.on(DELTA, reply(200, &json!(rows)));
    server.on(BIN, reply(200, &json!([])));
}

fn bundles(page: &Page) -> Vec<i64> {
    page.records
        .iter()
        .filter_map(|record| match record {
            Record::Bundle(bundle) => Some(bundle.ticket.id.0),
            _ => None,
        })
        .collect()
}

/// An adapter whose tickets have all been read, the newest of them stamped 04:55:05 (03:55:05 UTC), a while ago.
async fn settled() -> (Arc<Server>, GlpiBackend, Arc<Standing>, Cursor) {
    let server = Server::new("v1-11");
    server.on("GET Ticket?sort=id", page(&[2, 1], 0, 2));
    shows(&server, &[(2, "2026-11-22 04:55:05"), (1, "2026-11-22 04:50:00")]);
    let clock = Standing::new();
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        ..GlpiConfig::default()
    };
    let backend = backend_with(&server, config, clock.clone());
    clock.advance(600);
    let full = backend.pull(Collection::Tickets, None).await.unwrap();
    assert!(full.complete && !full.more);
    // The window's tickets come once as bundles, as they may have changed while all were read.
    let first = backend.pull(Collection::Tickets, Some(&full.cursor)).await.unwrap();
    assert_eq!(bundles(&first), [2]);
    server.forget();
    (server, backend, clock, first.cursor)
}

#[tokio::test]
async fn an_idle_delta_brings_nothing_and_asks_twice() {
    let (server, backend, clock, mut cursor) = settled().await;
    for _ in 0..3 {
        clock.advance(60);
        let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
        assert_eq!((page.records.len(), page.removals.len(), page.more), (0, 0, false));
        cursor = page.cursor;
    }
    assert_eq!(server.calls().len(), 6, "{:?}", server.calls());
}

#[tokio::test]
async fn a_slow_commit_with_an_older_stamp_is_not_lost() {
    let (server, backend, clock, cursor) = settled().await;
    clock.advance(60);
    // Ticket 1 was written by a request that began four minutes before the newest stamp seen.
    shows(&server, &[(2, "2026-11-22 04:55:05"), (1, "2026-11-22 04:51:05")]);
    let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
    assert_eq!(bundles(&page), [1]);
}

#[tokio::test]
async fn two_changes_in_one_second_are_both_seen() {
    let (server, backend, clock, cursor) = settled().await;
    clock.advance(60);
    shows(&server, &[(3, "2026-11-22 04:55:05"), (2, "2026-11-22 04:55:05")]);
    let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
    assert_eq!(bundles(&page), [3]);
}

#[tokio::test]
async fn a_ticket_read_within_its_own_second_is_read_again_and_told_only_if_it_changed() {
    let (server, backend, clock, cursor) = settled().await;
    // The server's clock, as seen at sign-in: 03:58:15 or :16 UTC, an hour more in its zone.
    shows(&server, &[(2, "2026-11-22 04:58:16")]);
    let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
    assert_eq!(bundles(&page), [2]);
    clock.advance(10);
    let same = backend.pull(Collection::Tickets, Some(&page.cursor)).await.unwrap();
    assert_eq!(bundles(&same), Vec::<i64>::new(), "read again, nothing new");
    // A follow-up of that very second turns up later.
    let followup = recorded("v1-11/177").edit(|row| {
        row["items_id"] = json!(2);
        *row = json!([row.clone()]);
    });
    server.on("GET Ticket/2/ITILFollowup", followup);
    clock.advance(200);
    let changed = backend.pull(Collection::Tickets, Some(&same.cursor)).await.unwrap();
    assert_eq!(bundles(&changed), [2]);
}

#[tokio::test]
async fn a_binned_ticket_shows_in_the_bin_only_and_comes_back_when_restored() {
    let (server, backend, clock, cursor) = settled().await;
    clock.advance(60);
    let binned = |at: &str| {
        let mut row = row(2, at);
        row["is_deleted"] = json!(1);
        reply(200, &json!([row]))
    };
    server.on(DELTA, reply(200, &json!([])));
    server.on(BIN, binned("2026-11-22 05:09:00"));
    let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
    let gone = Removal {
        key: RecordKey::Ticket(TicketId(2)),
        departure: Departure::Binned,
    };
    assert_eq!(page.removals, [gone]);
    let again = backend.pull(Collection::Tickets, Some(&page.cursor)).await.unwrap();
    assert!(again.removals.is_empty(), "told once");
    shows(&server, &[(2, "2026-11-22 05:10:00")]);
    let back = backend.pull(Collection::Tickets, Some(&again.cursor)).await.unwrap();
    assert_eq!((bundles(&back), back.removals.len()), (vec![2], 0));
}

#[tokio::test]
async fn a_ticket_that_went_while_it_was_read_is_told_by_how() {
    for (number, departure) in [
        ("225", Departure::Purged),
        ("279", Departure::Hidden),
        ("219", Departure::Binned),
    ] {
        let (server, backend, clock, cursor) = settled().await;
        clock.advance(60);
        shows(&server, &[(2, "2026-11-22 05:09:00")]);
        server.on("GET Ticket/2", recorded(&format!("v1-11/{number}")));
        let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
        assert!(page.records.is_empty());
        assert_eq!(
            page.removals,
            [Removal {
                key: RecordKey::Ticket(TicketId(2)),
                departure
            }]
        );
    }
}

#[tokio::test]
async fn many_changes_come_in_several_pages_and_the_list_is_walked_once() {
    let (server, _, clock, cursor) = settled().await;
    clock.advance(60);
    let ids: Vec<i64> = (10..17).collect();
    let rows: Vec<(i64, &str)> = ids.iter().map(|id| (*id, "2026-11-22 05:09:00")).collect();
    shows(&server, &rows);
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        bundles_per_page: 3,
        ..GlpiConfig::default()
    };
    let backend = backend_with(&server, config, clock);
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, cursor);
    loop {
        let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
        seen.extend(bundles(&page));
        pages += 1;
        cursor = page.cursor;
        if !page.more {
            break;
        }
    }
    assert_eq!((seen, pages), (ids, 3));
    let walks = server
        .calls()
        .iter()
        .filter(|call| call.param("sort") == Some("date_mod") && call.param("order") == Some("DESC"))
        .count();
    assert_eq!(walks, 2, "the list and the bin");
}

#[tokio::test]
async fn a_long_list_of_changes_is_walked_down_to_the_window_s_end() {
    let (server, _, clock, cursor) = settled().await;
    clock.advance(60);
    let page_of = |ids: std::ops::Range<i64>, start: usize, at: &str| {
        let rows: Vec<Value> = ids.map(|id| row(id, at)).collect();
        let end = start + rows.len() - 1;
        reply(206, &json!(rows)).with("content-range", &format!("{start}-{end}/20000"))
    };
    for id in 1000..1012 {
        server.on(&format!("GET Ticket/{id}"), reply(200, &row(id, "2026-11-22 05:09:00")));
    }
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        ticket_page: 8,
        page_overlap: 2,
        ..GlpiConfig::default()
    };
    let backend = backend_with(&server, config, clock);
    server.on(
        "GET Ticket?sort=date_mod&order=DESC&range=0-7",
        page_of(1000..1008, 0, "2026-11-22 05:09:00"),
    );
    server.on(
        "GET Ticket?sort=date_mod&order=DESC&range=6-13",
        page_of(1006..1012, 6, "2026-11-22 05:09:00").edit(|rows| {
            rows.as_array_mut().unwrap().push(row(1, "2026-11-22 04:00:00"));
            rows.as_array_mut().unwrap().push(row(2, "2026-11-22 03:00:00"));
        }),
    );
    server.on(
        "GET Ticket?sort=date_mod&order=DESC&is_deleted=true&range=0-7",
        reply(200, &json!([])),
    );
    let page = backend.pull(Collection::Tickets, Some(&cursor)).await.unwrap();
    assert_eq!(bundles(&page), (1000..1012).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_edited_solution_is_noticed_although_its_ticket_s_date_does_not_move() {
    for version in BOTH {
        let server = Server::new(version);
        let config = GlpiConfig {
            vip_rules: Vec::new(),
            ..GlpiConfig::default()
        };
        let clock = Standing::new();
        let backend = backend_with(&server, config, clock.clone());
        server.on("GET ITILSolution", recorded(&format!("{version}/110")));
        let mut cursor = None;
        loop {
            let page = backend.pull(Collection::TicketDetails, cursor.as_ref()).await.unwrap();
            let more = page.more;
            cursor = Some(page.cursor);
            if !more {
                break;
            }
        }
        clock.advance(120);
        let page = backend.pull(Collection::TicketDetails, cursor.as_ref()).await.unwrap();
        clock.advance(120);
        let idle = backend
            .pull(Collection::TicketDetails, Some(&page.cursor))
            .await
            .unwrap();
        assert!(idle.records.is_empty());
        let edited = recorded(&format!("{version}/110")).edit(|rows| {
            rows[0]["content"] = json!("Autre texte");
            rows[0]["date_mod"] = json!("2026-11-22 05:00:00");
        });
        server.on("GET ITILSolution", edited);
        clock.advance(120);
        server.forget();
        let page = backend
            .pull(Collection::TicketDetails, Some(&idle.cursor))
            .await
            .unwrap();
        assert_eq!(page.records.len(), 1);
        assert_eq!(server.calls().len(), 2);
        // Not due yet: not even asked.
        server.forget();
        backend
            .pull(Collection::TicketDetails, Some(&page.cursor))
            .await
            .unwrap();
        assert!(server.calls().is_empty());
    }
}

#[tokio::test]
async fn slow_collections_are_not_asked_again_before_their_time() {
    let server = Server::new("v1-11");
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        ..GlpiConfig::default()
    };
    let clock = Standing::new();
    let backend = backend_with(&server, config, clock.clone());
    let collections = [
        Collection::Catalogue(CatalogueKind::Entity),
        Collection::Catalogue(CatalogueKind::Category),
        Collection::Groups,
        Collection::People,
        Collection::Articles,
        Collection::Assets,
    ];
    server.on("GET Entity", recorded("v1-11/134"));
    server.on("GET ITILCategory", recorded("v1-11/119"));
    let mut cursors = Vec::new();
    for collection in collections {
        let mut cursor = None;
        loop {
            let page = backend.pull(collection, cursor.as_ref()).await.unwrap();
            let more = page.more;
            cursor = Some(page.cursor);
            if !more {
                break;
            }
        }
        cursors.push(cursor.unwrap());
    }
    server.forget();
    for (collection, cursor) in collections.into_iter().zip(&cursors) {
        let page = backend.pull(collection, Some(cursor)).await.unwrap();
        assert!(page.records.is_empty() && !page.more && page.complete);
    }
    assert!(server.calls().is_empty(), "{:?}", server.calls());
    // Due: the list comes again, and brings nothing while nothing changed.
    clock.advance(700);
    let page = backend.pull(collections[0], Some(&cursors[0])).await.unwrap();
    assert!(page.records.is_empty());
    assert_eq!(server.calls().len(), 1);
    // A row that left is told.
    server.on(
        "GET Entity",
        recorded("v1-11/134")
            .edit(|rows| {
                rows.as_array_mut().unwrap().pop();
            })
            .with("content-range", "0-2/3"),
    );
    clock.advance(700);
    let page = backend.pull(collections[0], Some(&page.cursor)).await.unwrap();
    assert_eq!(page.removals.len(), 1);
}

#[tokio::test]
async fn equipment_purged_meanwhile_is_noticed_by_comparing_numbers() {
    let server = Server::new("v1-11");
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        ..GlpiConfig::default()
    };
    let clock = Standing::new();
    let backend = backend_with(&server, config, clock.clone());
    let computers = |ids: &[i64]| {
        let rows: Vec<Value> = ids
            .iter()
            .map(|id| json!({"id": id, "name": format!("PC-{id}"), "date_mod": "2026-01-01 00:00:00"}))
            .collect();
        reply(200, &json!(rows))
    };
    server.on("GET Computer", computers(&[3, 2, 1]));
    let mut cursor: Option<Cursor> = None;
    loop {
        let page = backend.pull(Collection::Assets, cursor.as_ref()).await.unwrap();
        let more = page.more;
        cursor = Some(page.cursor);
        if !more {
            break;
        }
    }
    server.on("GET Computer", computers(&[3, 1]));
    let mut removals = Vec::new();
    for _ in 0..6 {
        clock.advance(700);
        let page = backend.pull(Collection::Assets, cursor.as_ref()).await.unwrap();
        removals.extend(page.removals);
        cursor = Some(page.cursor);
    }
    assert_eq!(removals.len(), 1);
    assert_eq!(removals[0].departure, Departure::Purged);
}

#[tokio::test]
async fn a_new_membership_is_noticed_although_the_person_s_date_does_not_move() {
    let server = Server::new("v1-11");
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        ..GlpiConfig::default()
    };
    let clock = Standing::new();
    let backend = backend_with(&server, config, clock.clone());
    let person = || {
        recorded("v1-11/263")
            .edit(|row| *row = json!([row.clone()]))
            .with("content-range", "0-0/1")
    };
    server.on("GET User", person());
    server.on("GET User/12", recorded("v1-11/263"));
    let page = backend.pull(Collection::People, None).await.unwrap();
    clock.advance(700);
    let page = backend.pull(Collection::People, Some(&page.cursor)).await.unwrap();
    clock.advance(700);
    let idle = backend.pull(Collection::People, Some(&page.cursor)).await.unwrap();
    assert!(idle.records.is_empty());
    let membership = json!([{"id": 5, "users_id": 12, "groups_id": 3}]);
    server.on("GET Group_User", reply(200, &membership));
    server.on("GET User/12/Group_User", reply(200, &membership));
    clock.advance(700);
    let page = backend.pull(Collection::People, Some(&idle.cursor)).await.unwrap();
    let [Record::Person(person)] = page.records.as_slice() else {
        panic!("{:?}", page.records)
    };
    assert_eq!(person.groups.len(), 1);
    // Read by number, and still with the names that the lists of people bring.
    let calls = server.calls();
    let read = calls.iter().find(|call| call.path == "User/12").unwrap();
    assert_eq!(read.param("add_keys_names[]"), Some("usertitles_id"));
}
