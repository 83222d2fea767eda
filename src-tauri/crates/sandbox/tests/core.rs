//! The core as a simulation uses it: small, repeatable, honest about its traps.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use bytes::Bytes;
use guichet_sandbox::{
    Act, Glpi, Options, Version,
    options::{ADMIN, TECHNICIAN},
    wire::{Body, Request, Response},
};
use http::{HeaderMap, Method};
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

struct Client {
    glpi: Glpi,
    token: String,
    now: Timestamp,
}

impl Client {
    fn new(options: Options, login: &str) -> Self {
        let now = Timestamp::from_second(options.now).unwrap();
        let mut client = Self {
            glpi: Glpi::new(options),
            token: String::new(),
            now,
        };
        client.sign_in(login);
        client
    }

    fn sign_in(&mut self, login: &str) {
        let user_token = self.glpi.user_token(login).unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("user_token {user_token}").parse().unwrap());
        let request = Request {
            method: Method::GET,
            path: "initSession".into(),
            query: vec![],
            headers,
            body: Body::Empty,
        };
        let reply = self.glpi.handle(&request, self.now);
        assert_eq!(reply.status, 200, "{reply:?}");
        self.token = json_of(&reply)["session_token"].as_str().unwrap().to_owned();
    }

    fn request(&self, method: Method, path: &str, body: Body) -> Request {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let mut headers = HeaderMap::new();
        headers.insert("session-token", self.token.parse().unwrap());
        Request {
            method,
            path: path.into(),
            query,
            headers,
            body,
        }
    }

    fn call(&mut self, method: Method, path: &str, body: Body) -> Response {
        let request = self.request(method, path, body);
        self.now = self.now.checked_add(Span::new().seconds(1)).unwrap();
        self.glpi.handle(&request, self.now)
    }

    fn get(&mut self, path: &str) -> Response {
        self.call(Method::GET, path, Body::Empty)
    }

    fn post(&mut self, path: &str, input: Value) -> Response {
        self.call(Method::POST, path, Body::Json(json!({ "input": input })))
    }

    fn put(&mut self, path: &str, input: Value) -> Response {
        self.call(Method::PUT, path, Body::Json(json!({ "input": input })))
    }

    fn new_ticket(&mut self) -> i64 {
        let reply = self.post("Ticket", json!({ "name": "Essai", "content": "<p>x</p>" }));
        assert_eq!(reply.status, 201, "{reply:?}");
        json_of(&reply)["id"].as_i64().unwrap()
    }
}

fn json_of(reply: &Response) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn a_tiny_server_has_a_queue_and_costs_next_to_nothing() {
    let started = std::time::Instant::now();
    for seed in 0..50 {
        let glpi = Glpi::new(Options::tiny(seed));
        assert_eq!(glpi.count("Ticket"), 20);
    }
    // A debug build on a busy machine: the release build's bound is a millisecond each.
    assert!(started.elapsed().as_millis() < 50 * 40, "{:?}", started.elapsed());
    let open = (0..20).flat_map(|seed| {
        let glpi = Glpi::new(Options::tiny(seed));
        glpi.tickets()
            .into_iter()
            .filter(move |id| glpi.peek("Ticket", *id, "status").unwrap().as_i64() < Some(5))
    });
    assert!(open.count() > 20);
}

#[test]
fn the_same_seed_gives_the_same_answers() {
    let run = || {
        let mut client = Client::new(Options::tiny(7), TECHNICIAN);
        let ticket = client.new_ticket();
        client.post("TicketTask", json!({ "tickets_id": ticket, "content": "t" }));
        let list = client.get("Ticket?range=0-50").body;
        let tasks = client.get("TicketTask?range=0-50").body;
        (list, tasks, client.token)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_slow_commit_shows_late_with_the_stamp_of_its_start() {
    let mut client = Client::new(Options::tiny(3), TECHNICIAN);
    let (slow, other) = (client.new_ticket(), client.new_ticket());
    let request = client.request(
        Method::PUT,
        &format!("Ticket/{slow}"),
        Body::Json(json!({ "input": { "urgency": 5 } })),
    );
    let write = client.glpi.begin_slow_write(&request, client.now);
    let started = client.now;
    client.now = client.now.checked_add(Span::new().seconds(5)).unwrap();
    client.put(&format!("Ticket/{other}"), json!({ "urgency": 5 }));
    assert_eq!(
        client.glpi.peek("Ticket", slow, "urgency"),
        Some(json!(3)),
        "not visible yet"
    );
    assert_eq!(client.glpi.finish_slow_write(&write).status, 200);
    let stamp = |id| client.glpi.peek("Ticket", id, "date_mod").unwrap().as_i64().unwrap();
    assert_eq!(stamp(slow), started.as_second());
    assert!(stamp(slow) < stamp(other), "a watermark at the newest stamp loses it");
}

#[test]
fn a_moved_ticket_is_forbidden_and_a_purged_one_never_existed() {
    let mut client = Client::new(Options::tiny(3), TECHNICIAN);
    let (moved, purged, binned) = (client.new_ticket(), client.new_ticket(), client.new_ticket());
    let now = client.now;
    client
        .glpi
        .act(
            &Act::Move {
                ticket: moved,
                entity: 4,
            },
            now,
        )
        .unwrap();
    client.glpi.act(&Act::Purge { ticket: purged }, now).unwrap();
    client.glpi.act(&Act::Bin { ticket: binned }, now).unwrap();
    assert_eq!(client.get(&format!("Ticket/{moved}")).status, 403);
    assert_eq!(client.get(&format!("Ticket/{purged}")).status, 404);
    assert_eq!(client.get(&format!("Ticket/{binned}")).status, 200);
    let ids: Vec<i64> = json_of(&client.get("Ticket?range=0-999&only_id=true&get_hateoas=false"))
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect();
    assert!(![moved, purged, binned].iter().any(|id| ids.contains(id)));
    let bin = json_of(&client.get("search/Ticket?is_deleted=1&forcedisplay[0]=2&range=0-10"));
    assert_eq!(bin["data"][0]["2"], json!(binned));
}

#[test]
fn rights_change_at_the_next_login_only() {
    let mut client = Client::new(Options::tiny(3), TECHNICIAN);
    let before = json_of(&client.get("Ticket?range=0-999&only_id=true&get_hateoas=false"))
        .as_array()
        .unwrap()
        .len();
    let act = Act::Rights {
        login: TECHNICIAN.into(),
        entities: vec![(2, false)],
        lists: true,
    };
    let now = client.now;
    client.glpi.act(&act, now).unwrap();
    assert_eq!(client.get("ITILCategory").status, 403);
    client.sign_in(TECHNICIAN);
    assert_eq!(client.get("ITILCategory").status, 206);
    let after = json_of(&client.get("Ticket?range=0-999&only_id=true&get_hateoas=false"))
        .as_array()
        .unwrap()
        .len();
    assert!(after < before, "{after} < {before}");
}

#[test]
fn every_accepted_write_is_in_the_journal_and_can_be_repeated() {
    let mut client = Client::new(Options::tiny(5), TECHNICIAN);
    let ticket = client.new_ticket();
    client.post(
        "ITILFollowup",
        json!({ "itemtype": "Ticket", "items_id": ticket, "content": "une fois" }),
    );
    client.put(&format!("Ticket/{ticket}"), json!({ "urgency": 5 }));
    let manifest =
        json!({ "input": { "name": "note", "_filename": ["note.txt"], "itemtype": "Ticket", "items_id": ticket } });
    let body = Body::Upload {
        manifest,
        filename: "note.txt".into(),
        mime: "text/plain".into(),
        content: Bytes::from_static(b"abc"),
    };
    assert_eq!(client.call(Method::POST, "Document", body).status, 201);
    client.put(&format!("Ticket/{ticket}"), json!({ "status": 6 }));
    assert_eq!(
        client.put(&format!("Ticket/{ticket}"), json!({ "urgency": 1 })).status,
        400
    );
    client.post(
        "ITILFollowup",
        json!({ "itemtype": "Ticket", "items_id": ticket, "content": "après" }),
    );
    let writes = client.glpi.writes().to_vec();
    assert_eq!(writes.len(), 6, "{writes:#?}");
    assert!(
        writes
            .iter()
            .all(|write| write.id > 0 && write.user == client.glpi.user_id(TECHNICIAN).unwrap())
    );

    let mut again = Glpi::new(Options::tiny(5));
    for write in &writes {
        assert!(again.replay(write), "{write:?}");
    }
    for column in ["urgency", "status", "date_mod", "closedate"] {
        assert_eq!(
            again.peek("Ticket", ticket, column),
            client.glpi.peek("Ticket", ticket, column),
            "{column}"
        );
    }
    assert_eq!(
        again.on_ticket("ITILFollowup", ticket),
        client.glpi.on_ticket("ITILFollowup", ticket)
    );
    assert_eq!(again.count("Document"), client.glpi.count("Document"));
}

#[test]
fn versions_and_accounts_can_be_chosen() {
    for version in [Version::Ten, Version::Eleven] {
        let mut client = Client::new(Options::tiny(1).version(version), ADMIN);
        let config = json_of(&client.get("getGlpiConfig"));
        assert_eq!(config["cfg_glpi"]["version"], json!(version.number()));
        assert_eq!(client.get("ITILCategory?range=0-2").status, 206);
    }
}

#[test]
fn the_vip_plugin_is_there_only_when_it_is_installed() {
    let mut without = Client::new(Options::tiny(1), TECHNICIAN);
    assert_eq!(without.get("PluginVipGroup").status, 400);
    let mut with = Client::new(
        Options {
            vip_plugin: true,
            ..Options::tiny(1)
        },
        TECHNICIAN,
    );
    let groups = json_of(&with.get("PluginVipGroup?get_hateoas=false"));
    assert_eq!((&groups[0]["id"], &groups[0]["isvip"]), (&json!(7), &json!(1)));
}

#[test]
fn stamps_move_and_stay_as_they_were_seen_to() {
    let mut client = Client::new(Options::tiny(9), ADMIN);
    let (ticket, other) = (client.new_ticket(), client.new_ticket());
    let stamp = |client: &Client| {
        client
            .glpi
            .peek("Ticket", ticket, "date_mod")
            .unwrap()
            .as_i64()
            .unwrap()
    };
    let mut moved = |what: &str, expected: bool, method: Method, path: &str, input: Value| -> i64 {
        let before = stamp(&client);
        let reply = client.call(method, path, Body::Json(json!({ "input": input })));
        assert!(reply.status < 300, "{what}: {reply:?}");
        assert_eq!(stamp(&client) > before, expected, "{what}");
        json_of(&reply)["id"].as_i64().unwrap_or(0)
    };
    let path = format!("Ticket/{ticket}");
    let (post, put, delete) = (Method::POST, Method::PUT, Method::DELETE);
    moved("field", true, put.clone(), &path, json!({ "urgency": 5 }));
    moved("no-op", false, put.clone(), &path, json!({ "urgency": 5 }));
    let entry = json!({ "itemtype": "Ticket", "items_id": ticket, "content": "a" });
    let id = moved("follow-up", true, post.clone(), "ITILFollowup", entry.clone());
    moved(
        "follow-up edited",
        true,
        put.clone(),
        &format!("ITILFollowup/{id}"),
        json!({ "content": "b" }),
    );
    moved(
        "made private",
        true,
        put.clone(),
        &format!("ITILFollowup/{id}"),
        json!({ "is_private": 1 }),
    );
    moved(
        "follow-up deleted",
        true,
        delete.clone(),
        &format!("ITILFollowup/{id}"),
        json!({}),
    );
    let id = moved(
        "task",
        true,
        post.clone(),
        "TicketTask",
        json!({ "tickets_id": ticket, "content": "t" }),
    );
    moved(
        "task done",
        true,
        put.clone(),
        &format!("TicketTask/{id}"),
        json!({ "state": 2 }),
    );
    moved(
        "task deleted",
        true,
        delete.clone(),
        &format!("TicketTask/{id}"),
        json!({}),
    );
    let id = moved(
        "actor",
        true,
        post.clone(),
        "Ticket_User",
        json!({ "tickets_id": ticket, "users_id": 8, "type": 3 }),
    );
    moved(
        "actor removed",
        true,
        delete.clone(),
        &format!("Ticket_User/{id}"),
        json!({}),
    );
    let asset = json!({ "tickets_id": ticket, "itemtype": "Computer", "items_id": 1 });
    let id = moved("asset", true, post.clone(), "Item_Ticket", asset);
    moved(
        "asset removed",
        true,
        delete.clone(),
        &format!("Item_Ticket/{id}"),
        json!({}),
    );
    let link = json!({ "tickets_id_1": ticket, "tickets_id_2": other, "link": 1 });
    moved("ticket link", true, post.clone(), "Ticket_Ticket", link);
    let id = moved(
        "validation",
        true,
        post.clone(),
        "TicketValidation",
        json!({ "tickets_id": ticket, "users_id_validate": 2 }),
    );
    moved(
        "validation answered",
        true,
        put.clone(),
        &format!("TicketValidation/{id}"),
        json!({ "status": 3 }),
    );
    moved(
        "problem link",
        false,
        post.clone(),
        "Problem_Ticket",
        json!({ "tickets_id": ticket, "problems_id": 1 }),
    );
    moved(
        "cost",
        false,
        post.clone(),
        "TicketCost",
        json!({ "tickets_id": ticket, "name": "c" }),
    );
    let id = moved("solution", true, post.clone(), "ITILSolution", entry);
    moved(
        "solution edited",
        false,
        put.clone(),
        &format!("ITILSolution/{id}"),
        json!({ "content": "mieux" }),
    );
    let reopen = json!({ "itemtype": "Ticket", "items_id": ticket, "content": "non", "add_reopen": 1 });
    moved("reopened", true, post, "ITILFollowup", reopen);
    moved("moved", true, put.clone(), &path, json!({ "entities_id": 2 }));
    moved(
        "category renamed",
        false,
        put.clone(),
        "ITILCategory/1",
        json!({ "name": "Autre" }),
    );
    moved("binned", true, delete, &path, json!({}));
    moved("restored", true, put, &path, json!({ "is_deleted": 0 }));
}

#[test]
fn a_solution_is_accepted_or_refused_by_a_follow_up() {
    for (answer, solution, status) in [("add_close", 3, 6), ("add_reopen", 4, 1)] {
        let mut client = Client::new(Options::tiny(4), TECHNICIAN);
        let ticket = client.new_ticket();
        let input = json!({ "itemtype": "Ticket", "items_id": ticket, "content": "fait" });
        assert_eq!(client.post("ITILSolution", input.clone()).status, 201);
        let mut reply = input;
        reply[answer] = json!(1);
        assert_eq!(client.post("ITILFollowup", reply).status, 201);
        let id = client.glpi.on_ticket("ITILSolution", ticket)[0];
        assert_eq!(
            client.glpi.peek("ITILSolution", id, "status"),
            Some(json!(solution)),
            "{answer}"
        );
        assert_eq!(
            client.glpi.peek("Ticket", ticket, "status"),
            Some(json!(status)),
            "{answer}"
        );
    }
}
