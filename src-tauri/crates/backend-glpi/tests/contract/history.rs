//! The tickets' history, from `Log`.

use crate::support::*;
use guichet_backend::{Backend, HistoryPage};
use guichet_backend_glpi::{GlpiBackend, GlpiConfig};
use guichet_domain::{
    GroupId, TicketId, UserId,
    catalogue::Availability,
    history::{HistoryEvent, HistoryParty},
    ticket::{Role, Status},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Long before every line.
fn long_ago() -> Timestamp {
    "2025-10-01T00:00:00Z".parse().unwrap()
}

/// A line as the recordings show them.
fn line(id: i64, action: i64, link: &str, option: i64, old: &str, new: &str) -> Value {
    json!({"id": id, "itemtype": "Ticket", "items_id": 12, "itemtype_link": link, "linked_action": action,
        "user_name": "glpi (2)", "date_mod": "2026-11-22 04:54:44", "id_search_option": option,
        "old_value": old, "new_value": new})
}

/// Some lines, and how many there are in all.
fn lines(rows: &[Value], total: usize) -> Answer {
    let status = if rows.len() == total { 200 } else { 206 };
    reply(status, &json!(rows)).with("content-range", &format!("0-{}/{total}", rows.len().saturating_sub(1)))
}

async fn next(backend: &GlpiBackend, before: Option<&HistoryPage>) -> HistoryPage {
    backend
        .history(before.map(|page| &page.cursor), long_ago())
        .await
        .unwrap()
}

fn ids(page: &HistoryPage) -> Vec<i64> {
    page.changes.iter().map(|change| change.id).collect()
}

fn small(server: &Arc<Server>, clock: Arc<Standing>) -> GlpiBackend {
    backend_with(
        server,
        GlpiConfig {
            vip_rules: Vec::new(),
            detail_page: 3,
            page_overlap: 1,
            ..GlpiConfig::default()
        },
        clock,
    )
}

#[tokio::test]
async fn lines_of_other_things_than_tickets_are_passed_over() {
    // Rules whose number and type only contain what was asked for, and one requester of a ticket.
    let server = Server::new("v1-10.0");
    server.on("GET Log", recorded("v1-10.0/226"));
    let page = next(&backend(&server), None).await;
    let [change] = page.changes.as_slice() else {
        panic!("{:?}", page.changes)
    };
    assert_eq!((change.id, change.ticket), (1694, TicketId(17)));
    assert_eq!(change.at, "2026-11-22T03:53:33Z".parse::<Timestamp>().unwrap());
    assert_eq!(
        change.what,
        HistoryEvent::Joined {
            party: HistoryParty::User { id: UserId(39) },
            role: Some(Role::Requester)
        }
    );
}

#[tokio::test]
async fn links_between_tickets_and_statuses_of_problems_are_none_of_it() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Log", recorded(&format!("{version}/112")));
        let page = next(&backend(&server), None).await;
        assert_eq!(page.changes, []);
        assert!(page.more, "thousands of lines are left");
        assert!(!page.complete);
    }
}

#[tokio::test]
async fn every_kind_of_line_that_counts() {
    let server = Server::new("v1-11");
    let mut named = line(9, 15, "Group", 8, "", "a name cut before its num");
    named["new_id"] = json!(7);
    let rows = [
        named,
        line(8, 14, "0", 0, "", ""),
        line(7, 13, "0", 0, "", ""),
        line(6, 16, "User", 5, "Martin (Lyon) (8)", ""),
        line(5, 15, "User", 0, "", "Martin (Lyon) (8)"),
        line(4, 0, "", 12, "2", "4"),
        line(3, 0, "", 10, "2", "4"),
        line(2, 15, "Supplier", 6, "", "A vendor (3)"),
        line(1, 20, "0", 0, "", ""),
    ];
    server.on("GET Log", lines(&rows, 9));
    let page = next(&backend(&server), None).await;
    let martin = HistoryParty::User { id: UserId(8) };
    let said: Vec<_> = page.changes.iter().map(|change| (change.id, change.what)).collect();
    assert_eq!(
        said,
        [
            (
                9,
                HistoryEvent::Joined {
                    party: HistoryParty::Group { id: GroupId(7) },
                    role: Some(Role::Assigned)
                }
            ),
            (8, HistoryEvent::Restored),
            (7, HistoryEvent::Trashed),
            (
                6,
                HistoryEvent::Parted {
                    party: martin,
                    role: Some(Role::Assigned)
                }
            ),
            (
                5,
                HistoryEvent::Joined {
                    party: martin,
                    role: None
                }
            ),
            (
                4,
                HistoryEvent::Status {
                    from: Status::Assigned,
                    to: Status::Waiting
                }
            ),
        ]
    );
    assert!(page.complete && !page.more);
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_rests_for_an_hour() {
    for version in BOTH {
        let server = Server::new(version);
        server.on("GET Log", recorded(&format!("{version}/111")));
        let clock = Standing::new();
        let backend = small(&server, Arc::clone(&clock));
        let first = next(&backend, None).await;
        assert_eq!(first.availability, Availability::Forbidden);
        assert!(first.asked && !first.more && !first.complete);
        clock.advance(3599);
        let second = next(&backend, Some(&first)).await;
        assert_eq!(second.availability, Availability::Forbidden);
        assert!(!second.asked);
        let logs = |server: &Server| server.calls().iter().filter(|call| call.path == "Log").count();
        assert_eq!(logs(&server), 1);

        clock.advance(1);
        server.on("GET Log", lines(&[line(1, 0, "", 12, "1", "2")], 1));
        let third = next(&backend, Some(&second)).await;
        assert_eq!(third.availability, Availability::Available);
        assert_eq!((ids(&third), logs(&server)), (vec![1], 2));
    }
}

#[tokio::test]
async fn a_walk_goes_on_where_it_stood_and_later_ones_end_at_what_is_known() {
    let server = Server::new("v1-11");
    let status = |id| line(id, 0, "", 12, "1", "2");
    server.on("GET Log?range=0-2", lines(&[status(5), status(4), status(3)], 5));
    server.on(
        "GET Log?range=2-4",
        lines(&[status(3), status(2), status(1)], 5).with("content-range", "2-4/5"),
    );
    let clock = Standing::new();
    let first = next(&small(&server, Arc::clone(&clock)), None).await;
    assert_eq!(ids(&first), [5, 4, 3]);
    assert!(first.more && !first.complete);
    // Another process goes on with the cursor alone.
    let backend = small(&server, clock);
    let second = next(&backend, Some(&first)).await;
    assert_eq!(ids(&second), [2, 1]);
    assert!(second.complete && !second.more);

    server.forget();
    server.on("GET Log?range=0-2", lines(&[status(6), status(5), status(4)], 6));
    let third = next(&backend, Some(&second)).await;
    assert_eq!(ids(&third), [6]);
    assert!(third.complete && !third.more);
    let fourth = next(&backend, Some(&third)).await;
    assert_eq!(ids(&fourth), [] as [i64; 0]);
    assert!(fourth.complete);
    assert_eq!(server.calls().len(), 2, "an idle look is one request");
}

#[tokio::test]
async fn the_first_reading_ends_at_the_horizon() {
    let server = Server::new("v1-11");
    let mut old = line(4, 0, "", 12, "1", "2");
    old["date_mod"] = json!("2025-09-30 12:00:00");
    server.on("GET Log", lines(&[line(5, 0, "", 12, "2", "5"), old], 5));
    let page = next(&backend(&server), None).await;
    assert_eq!(ids(&page), [5]);
    assert!(page.complete && !page.more, "nothing older is asked for");
}
