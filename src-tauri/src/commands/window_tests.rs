//! The real command handlers, called as the window calls them, on Tauri's mock runtime (no display, no web view).

#![allow(clippy::unwrap_used)]

use crate::{
    commands::bindings,
    core::{AppCore, desk::Pace, profile::Profiles},
    messages::Locale,
    window::forward_events,
};
use guichet_domain::OperationId;
use guichet_sandbox::{Options, Sandbox, Version};
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tauri::{
    App, Listener, Manager, WebviewWindow, WebviewWindowBuilder,
    ipc::{CallbackFn, InvokeBody},
    test::{INVOKE_KEY, MockRuntime, get_ipc_response, mock_builder},
    webview::InvokeRequest,
};

struct Window {
    app: App<MockRuntime>,
    view: WebviewWindow<MockRuntime>,
    heard: Arc<Mutex<Vec<(&'static str, Value)>>>,
}

impl Window {
    fn open(folder: &Path) -> Self {
        let bindings = bindings::<MockRuntime>();
        let profiles = Profiles::at(Some(folder.join("profiles")), None);
        let app = mock_builder()
            .invoke_handler(crate::commands::guarded(bindings.invoke_handler()))
            .manage(AppCore::over(profiles, Some(Locale::Fr), Pace::Background))
            // The product's own permissions.
            .build(crate::window::context())
            .unwrap();
        bindings.mount_events(&app);
        forward_events(app.handle());
        let heard: Arc<Mutex<Vec<(&'static str, Value)>>> = Arc::default();
        for name in ["changed", "lock", "room", "surge", "sync_status"] {
            let heard = heard.clone();
            app.listen_any(name, move |event| {
                let payload = serde_json::from_str(event.payload()).unwrap();
                heard.lock().unwrap().push((name, payload));
            });
        }
        let view = WebviewWindowBuilder::new(&app, "main", Default::default())
            .build()
            .unwrap();
        Self { app, view, heard }
    }

    /// One command, as the window sends it.
    fn ask(&self, command: &str, arguments: Value) -> Result<Value, Value> {
        asked(&self.view, "tauri://localhost", INVOKE_KEY, command, arguments)
    }

    fn get(&self, command: &str, arguments: Value) -> Value {
        self.ask(command, arguments)
            .unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn wait(&self, what: &str, mut until: impl FnMut(&Self) -> bool) {
        let begun = Instant::now();
        while !until(self) {
            assert!(begun.elapsed() < Duration::from_secs(90), "{what} did not come");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// As closing the window does.
    fn close(self) {
        let core = self.app.state::<AppCore>();
        tauri::async_runtime::block_on(core.close());
    }
}

/// One command, from any window, under any address and with any key.
fn asked(
    view: &WebviewWindow<MockRuntime>,
    url: &str,
    key: &str,
    command: &str,
    arguments: Value,
) -> Result<Value, Value> {
    let request = InvokeRequest {
        cmd: command.to_owned(),
        callback: CallbackFn(0),
        error: CallbackFn(1),
        url: url.parse().unwrap(),
        body: InvokeBody::Json(arguments),
        headers: Default::default(),
        invoke_key: key.to_owned(),
    };
    get_ipc_response(view, request).map(|body| body.deserialize().unwrap())
}

fn text(words: &str) -> Value {
    json!({ "blocks": [{ "type": "paragraph", "content": [{ "type": "text", "text": words }] }] })
}

fn new_ticket(title: &str) -> Value {
    json!({ "type": "create_ticket", "ticket": {
        "title": title, "description": text("Voyant rouge"), "kind": "incident", "urgency": 3, "impact": 3,
        "category": null, "location": null, "channel": null, "entity": null, "actors": [], "assets": [],
    }})
}

fn submission(lane: Value, operations: &[Value], draft: Option<&str>) -> Value {
    let operations: Vec<Value> = operations
        .iter()
        .map(|operation| json!({ "id": OperationId::new(), "operation": operation }))
        .collect();
    json!({ "submission": { "lane": lane, "operations": operations, "draft": draft } })
}

fn query(view: &str) -> Value {
    json!({ "query": {
        "view": view, "me": null, "vip_only": false, "requester": null, "sort": "updated", "offset": 0, "limit": 100,
    }})
}

fn start_server(data: &Path) -> Sandbox {
    let mut options = Options::demo(3).version(Version::Eleven);
    options.tickets = 40;
    options.users = 40;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    tauri::async_runtime::block_on(Sandbox::start_in(options, address, Some(data))).unwrap()
}

#[test]
fn everything_that_is_written_is_kept_with_nobody_signed_in_and_no_network() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let state = window.get("app_state", json!({}));
    assert_eq!(state["signed_in"], false);
    assert_eq!(state["locale"], "fr");
    assert_eq!(
        state["status"]["gate"],
        json!({ "type": "auth_required", "code": "auth_no_secret" })
    );
    let told = window.get("explain", json!({ "code": "auth_no_secret" }));
    assert!(told["message"].as_str().unwrap().starts_with("Aucun secret"), "{told}");

    let file = json!({ "filename": "C:\\Users\\moi\\capture.png", "mime": "", "base64": "aW1hZ2U=" });
    let attachment = window.get("keep_attachment", file);
    assert_eq!(
        (&attachment["filename"], &attachment["mime"], &attachment["size"]),
        (&json!("capture.png"), &json!("image/png"), &json!(5))
    );
    let kept = window.get("attachment", json!({ "blob": attachment["blob"] }));
    assert_eq!(kept, "aW1hZ2U=", "shown before it is sent");
    assert_eq!(window.get("attachment", json!({ "blob": "00" })), Value::Null);
    let draft = json!({
        "key": "new:1", "ticket": null, "body": "{\"title\":\"Impr", "attachments": [attachment],
        "updated_at": "2026-11-22T08:00:00Z",
    });
    assert_eq!(window.get("save_draft", json!({ "draft": draft })), Value::Null);
    assert_eq!(
        window.get("draft", json!({ "key": "new:1", "ticket": null }))["body"],
        "{\"title\":\"Impr"
    );

    let upload = json!({ "type": "upload_document", "attachment": attachment, "attach_to": { "type": "ticket" } });
    let operations = [new_ticket("Imprimante en panne"), upload];
    let accepted = window.get("submit", submission(Value::Null, &operations, Some("new:1")));
    let lane = accepted["lane"].as_i64().unwrap();
    assert!(lane < 0, "{accepted}");
    assert_eq!(accepted["entries"].as_array().unwrap().len(), 2);
    assert_eq!(
        window.get("draft", json!({ "key": "new:1", "ticket": null })),
        Value::Null,
        "the draft went with the words"
    );
    window.wait("the event", |window| {
        let heard = window.heard.lock().unwrap();
        heard
            .iter()
            .any(|(name, payload)| *name == "changed" && payload["outbox"] == true)
    });
    let list = window.get("list_tickets", query("pending"));
    assert_eq!(list["rows"][0]["title"], "Imprimante en panne", "{list}");
    window.close();

    // Another process finds it all again.
    let window = Window::open(folder.path());
    let outbox = window.get("outbox", json!({ "lane": null, "all": false }));
    assert_eq!(outbox.as_array().unwrap().len(), 2, "{outbox}");
    let view = window.get("ticket", json!({ "id": lane }));
    assert_eq!(view["ticket"]["title"], "Imprimante en panne");
    let answer = json!({
        "key": format!("ticket:{lane}"), "ticket": lane, "body": "{}", "attachments": [],
        "updated_at": "2026-11-22T08:00:00Z",
    });
    window.get("save_draft", json!({ "draft": answer }));
    let opened = window.get("open_ticket", json!({ "id": lane }));
    assert_eq!(opened["view"], view);
    assert_eq!(opened["drafts"], json!([answer]));
    assert!(opened["around"]["same_requester"].is_array(), "{opened}");
    assert_eq!(window.get("open_ticket", json!({ "id": 987_654 })), Value::Null);
    let discard = json!({ "id": outbox[0]["id"], "resolution": { "type": "discard" } });
    assert_eq!(window.get("resolve_entry", discard), Value::Null);
    window.close();
}

#[test]
fn a_refusal_reaches_the_window_with_its_code_its_words_and_its_cure() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let empty = window
        .ask("submit", submission(Value::Null, &[new_ticket(" ")], None))
        .unwrap_err();
    assert_eq!(
        empty,
        json!({
            "code": "operation_empty_title",
            "message": "Le titre est vide.",
            "hint": "Donnez un titre au ticket.",
            "detail": null,
        })
    );
    let refused = |command: &str, arguments: Value| window.ask(command, arguments).unwrap_err()["code"].clone();
    assert_eq!(refused("sync_now", json!({})), "not_signed_in");
    assert_eq!(refused("open_profile", json!({ "id": "../autre" })), "profile_unknown");
    assert_eq!(
        refused("open_link", json!({ "href": "file:///etc/passwd" })),
        "link_refused"
    );
    assert_eq!(refused("document", json!({ "id": 1 })), "not_found_here");
    let form = json!({ "form": {
        "url": "ftp://x", "method": "user_token", "user_token": "t", "login": null, "password": null,
        "app_token": null, "secret_store": "file",
    }});
    assert_eq!(refused("sign_in", form), "address_scheme");
    let mut settings = window.get("settings", json!({}));
    settings["active_interval_s"] = json!(0);
    assert_eq!(
        refused("save_settings", json!({ "settings": settings })),
        "setting_out_of_range"
    );
    settings["active_interval_s"] = json!(5);
    settings["quiet_hours"] = json!({ "from_min": 1320, "until_min": 1440 });
    assert_eq!(
        refused("save_settings", json!({ "settings": settings })),
        "setting_out_of_range"
    );
    window.close();
}

#[test]
fn texts_of_ones_own_and_silent_hours_are_there_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let mut settings = window.get("settings", json!({}));
    settings["snippets"] = json!([{ "name": "Rappel", "text": "Bonjour {demandeur},", "kinds": ["followup"] }]);
    settings["quiet_hours"] = json!({ "from_min": 1320, "until_min": 420 });
    let kept = window.get("save_settings", json!({ "settings": settings.clone() }));
    assert_eq!(kept, settings);
    window.close();
    let window = Window::open(folder.path());
    assert_eq!(window.get("settings", json!({})), settings);
    window.close();
}

#[test]
fn what_the_window_sends_is_held_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let draft = json!({
        "key": "new:1", "ticket": null, "body": "{\"title\":\"Impr", "attachments": [], "updated_at": "2026-11-22T08:00:00Z",
    });
    let send = |held: Option<u32>| {
        window.get("save_draft", json!({ "draft": draft }));
        let mut arguments = submission(Value::Null, &[new_ticket("Imprimante en panne")], Some("new:1"));
        if let Some(seconds) = held {
            arguments["submission"]["hold_s"] = json!(seconds);
        }
        window.get("submit", arguments)["entries"][0].clone()
    };
    let entry = send(None);
    assert!(entry["held_until"].is_string(), "held as the settings have it: {entry}");
    assert_eq!(
        window.get("draft", json!({ "key": "new:1", "ticket": null })),
        Value::Null
    );
    let back = window.get("take_back", json!({ "ids": [entry["id"]] }));
    assert_eq!(back, json!([draft]));
    assert_eq!(window.get("draft", json!({ "key": "new:1", "ticket": null })), draft);
    assert_eq!(window.get("outbox", json!({ "lane": null, "all": false })), json!([]));

    assert_eq!(send(Some(0))["held_until"], Value::Null);
    let mut settings = window.get("settings", json!({}));
    settings["undo_send_s"] = json!(61);
    let refused = window
        .ask("save_settings", json!({ "settings": settings }))
        .unwrap_err();
    assert_eq!(refused["code"], "setting_out_of_range");
    settings["undo_send_s"] = json!(0);
    window.get("save_settings", json!({ "settings": settings }));
    let entry = send(None);
    assert_eq!(entry["held_until"], Value::Null, "0: at once");
    // Nobody is signed in: it has not left, and can be taken back all the same.
    assert_eq!(window.get("take_back", json!({ "ids": [entry["id"]] })), json!([draft]));
    window.close();
}

#[test]
fn many_tickets_are_changed_at_once_and_what_is_refused_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let written = |title: &str| {
        let accepted = window.get("submit", submission(Value::Null, &[new_ticket(title)], None));
        accepted["lane"].clone()
    };
    let (first, second) = (written("Un"), written("Deux"));
    let set = |level: u8| json!({ "type": "set", "field": "urgency", "new": { "type": "level", "value": level } });
    let bulk = |tickets: Value, action: Value| window.get("bulk", json!({ "tickets": tickets, "action": action }));
    let report = bulk(json!([first, second, -99, first]), set(5));
    assert_eq!(report["accepted"].as_array().unwrap().len(), 2, "each once: {report}");
    assert!(report["held_until"].is_string());
    assert_eq!(report["refused"][0]["ticket"], -99);
    assert_eq!(report["refused"][0]["error"]["code"], "ticket_unknown");
    let urgency = |id: &Value| window.get("ticket", json!({ "id": id }))["ticket"]["urgency"].clone();
    assert_eq!((urgency(&first), urgency(&second)), (json!(5), json!(5)));
    let again = bulk(json!([first]), set(5));
    assert_eq!(again["refused"][0]["error"]["code"], "bulk_nothing_changes");
    assert_eq!(again["refused"][0]["title"], "Un");
    let solved = json!({ "type": "set", "field": "status", "new": { "type": "status", "value": "solved" } });
    assert_eq!(
        bulk(json!([first]), solved)["refused"][0]["error"]["code"],
        "bulk_one_by_one"
    );
    let link = |kind: &str| json!({ "type": "link", "ticket": 4821, "kind": kind });
    assert_eq!(
        bulk(json!([first, second]), link("child_of"))["accepted"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let many: Vec<i64> = (1..=501).collect();
    let refused = window
        .ask("bulk", json!({ "tickets": many, "action": set(1) }))
        .unwrap_err();
    assert_eq!(refused["code"], "bulk_too_many");
    // One undo for all of them.
    window.get("take_back", json!({ "ids": report["accepted"] }));
    assert_ne!(urgency(&first), json!(5));
    assert_ne!(urgency(&second), json!(5));
    window.close();
}

#[test]
fn profiles_are_apart_and_the_last_one_opens_first() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    window.get(
        "submit",
        submission(Value::Null, &[new_ticket("Dans le premier")], None),
    );
    let state = window.get("create_profile", json!({ "name": "Nuit" }));
    assert_eq!(
        (&state["profile"]["name"], state["profiles"].as_array().unwrap().len()),
        (&json!("Nuit"), 2)
    );
    assert_eq!(window.get("outbox", json!({ "lane": null, "all": false })), json!([]));
    let back = window.get("open_profile", json!({ "id": "default" }));
    assert_eq!(back["status"]["outbox"]["pending"], 1, "{back}");
    window.get("open_profile", json!({ "id": "nuit" }));
    window.close();
    let window = Window::open(folder.path());
    assert_eq!(window.get("app_state", json!({}))["profile"]["id"], "nuit");
    window.close();
}

#[test]
fn the_mirror_shows_at_once_when_the_server_is_gone_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_server(&folder.path().join("server"));
    let window = Window::open(folder.path());
    let form = json!({ "form": {
        "url": server.url(), "method": "user_token", "user_token": server.user_token(), "login": null,
        "password": null, "app_token": null, "secret_store": "file",
    }});
    let state = window.get("sign_in", form);
    assert_eq!(
        (&state["signed_in"], &state["profile"]["sandbox"]),
        (&json!(true), &json!(false))
    );
    window.wait("the first sync", |window| {
        let state = window.get("app_state", json!({}));
        !state["status"]["last_round_at"].is_null()
    });
    let mine = window.get("list_tickets", query("mine"));
    assert!(mine["total"].as_u64().unwrap() > 0, "{mine}");
    let told = window
        .heard
        .lock()
        .unwrap()
        .iter()
        .any(|(name, _)| *name == "sync_status");
    assert!(told, "the status is told as it changes");
    window.close();
    tauri::async_runtime::block_on(server.stop());

    let window = Window::open(folder.path());
    let begun = Instant::now();
    let state = window.get("app_state", json!({}));
    assert_eq!(
        (&state["signed_in"], &state["account"]["user"]),
        (&json!(true), &state["account"]["user"])
    );
    assert!(
        !state["status"]["last_round_at"].is_null(),
        "when it was last read is known without a network: {state}"
    );
    assert_eq!(window.get("list_tickets", query("mine"))["total"], mine["total"]);
    assert!(begun.elapsed() < Duration::from_secs(5), "no network is waited for");
    window.wait("the offline gate", |window| {
        window.get("app_state", json!({}))["status"]["gate"]["type"] == "offline"
    });
    window.close();
}

#[test]
fn the_sandbox_keeps_its_data_with_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    // Small data, so that the test is quick: the sandbox takes what its folder holds.
    let data = folder.path().join("profiles/default/sandbox");
    let server = start_server(&data);
    tauri::async_runtime::block_on(server.stop());
    let window = Window::open(folder.path());
    let state = window.get("use_sandbox", json!({}));
    assert_eq!(
        (&state["signed_in"], &state["profile"]["sandbox"]),
        (&json!(true), &json!(true))
    );
    window.wait("the queue", |window| {
        window.get("list_tickets", query("mine"))["total"].as_u64().unwrap() > 0
    });
    let ticket = window.get("list_tickets", query("mine"))["rows"][0]["id"].clone();
    let followup = json!({ "type": "add_followup", "body": text("Gardé au redémarrage"), "private": false });
    window.get("submit", submission(ticket.clone(), &[followup], None));
    window.wait("the sending", |window| {
        window.get("app_state", json!({}))["status"]["outbox"]["pending"] == 0
    });
    window.close();
    let window = Window::open(folder.path());
    // Signed in again by itself, on another port, to the same data: read from the server, not from the mirror.
    window.wait("the session", |window| {
        window.ask("refresh_ticket", json!({ "id": ticket })).is_ok()
    });
    let view = window.get("ticket", json!({ "id": ticket }));
    assert!(view["timeline"].to_string().contains("Gardé au redémarrage"), "{view}");
    window.close();
}

#[test]
fn rooms_come_in_the_shapes_the_window_reads_with_no_server_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    assert_eq!(window.get("rooms", json!({ "closed": true })), json!([]));
    let ticket = window.get("submit", submission(Value::Null, &[new_ticket("VPN coupé")], None))["lane"].clone();
    let of = json!({ "ticket": ticket });
    assert_eq!(window.get("room", of.clone()), Value::Null);
    assert_eq!(window.ask("close_room", of.clone()).unwrap_err()["code"], "room_none");
    let sheet = window.get("open_room", of.clone());
    assert_eq!(
        (&sheet["room"]["ticket"], &sheet["card"]["standing"], &sheet["children"]),
        (&ticket, &json!("on_time"), &json!([]))
    );
    assert_eq!(
        (&sheet["parent"]["title"], &sheet["parent"]["open"]),
        (&json!("VPN coupé"), &json!(true))
    );
    window.wait("the room", |window| {
        let heard = window.heard.lock().unwrap();
        heard
            .iter()
            .any(|(name, cards)| *name == "room" && cards[0]["ticket"] == ticket)
    });

    let mut words = sheet["room"]["words"].clone();
    words["workaround"] = json!("Partage de connexion");
    words["people"] = json!([{ "role": "lead", "name": "Nadia" }]);
    let card = window.get("save_room", json!({ "ticket": ticket, "words": words }));
    assert!(card["workaround_at"].is_string(), "{card}");
    words["cadence_min"] = json!(1);
    let refused = window
        .ask("save_room", json!({ "ticket": ticket, "words": words }))
        .unwrap_err();
    assert_eq!(refused["code"], "room_cadence");
    assert!(!refused["message"].as_str().unwrap().contains('{'), "{refused}");

    let update = json!({
        "id": OperationId::new(), "text": "Cause connue", "private": false, "children": true, "next_in_min": null,
    });
    let asked = json!({ "ticket": ticket, "update": update });
    let posted = window.get("post_room_update", asked.clone());
    assert_eq!(posted["accepted"][0]["entries"][0]["id"], update["id"]);
    let again = window.get("post_room_update", asked);
    assert_eq!((&again["accepted"], &again["room"]), (&json!([]), &posted["room"]));

    assert!(window.get("close_room", of.clone())["room"]["closed_at"].is_string());
    let report = window.get("room_report", of);
    let written = report["markdown"].as_str().unwrap();
    assert!(
        written.contains("Partage de connexion") && written.contains("Cause connue"),
        "{written}"
    );
    assert_eq!(report["body"]["blocks"][0]["type"], "heading");
}

#[test]
fn escalations_and_surges_come_in_the_shapes_the_window_reads_with_no_server_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let mut settings = window.get("settings", json!({}));
    settings["contract"] = json!("vsgp");
    window.get("save_settings", json!({ "settings": settings }));
    let written =
        |title: &str| window.get("submit", submission(Value::Null, &[new_ticket(title)], None))["lane"].clone();
    let ticket = written("VPN coupé");

    let mut sheet = window.get("escalation", json!({ "ticket": ticket }));
    assert_eq!(sheet["ticket"], ticket);
    assert_eq!((&sheet["domain"], &sheet["escalated"]), (&Value::Null, &Value::Null));
    assert_eq!(sheet["timer"]["state"], "running");
    assert!(sheet["timer"]["left_s"].as_i64().unwrap() <= 1800);
    let user = &sheet["domains"][0];
    assert_eq!(user["domain"], "user");
    let charge = &user["charges"][0];
    assert_eq!(
        (&charge["level"], &charge["name"], &charge["contact"], &charge["group"]),
        (&json!("n2"), &json!("Support N2"), &json!("7001"), &Value::Null)
    );
    assert!(charge["open"].is_boolean() && user["form"]["mandatory"].as_array().unwrap().contains(&json!("asset")));
    assert_eq!(sheet["diagnosis"]["symptom"], "Voyant rouge");

    sheet["diagnosis"]["since"] = json!("ce matin");
    window.get(
        "keep_diagnosis",
        json!({ "ticket": ticket, "diagnosis": sheet["diagnosis"] }),
    );
    let kept = window.get("escalation", json!({ "ticket": ticket }))["diagnosis"].clone();
    assert_eq!(kept, sheet["diagnosis"]);
    let escalation = json!({ "domain": "user", "level": "n2", "diagnosis": kept, "note": "", "release": false });
    let refused = window
        .ask("escalate", json!({ "ticket": ticket, "escalation": escalation }))
        .unwrap_err();
    // Without a server the mirror holds no group: that is told before what the diagnosis lacks.
    assert_eq!(refused["code"], "escalation_unknown_group", "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("Support N2"));
    let state = window.get("ticket_escalation", json!({ "ticket": ticket }));
    assert_eq!(
        (&state["timer"]["state"], &state["escalated"]),
        (&json!("running"), &Value::Null)
    );
    let board = json!({ "query": { "groups": [], "mine": false, "done": false } });
    assert_eq!(
        window.get("triage_board", board.clone()),
        json!({ "rows": [], "groups": [], "level_1": [] })
    );
    assert_eq!(window.get("chase_list", json!({})), json!([]));
    let step = json!({ "ticket": ticket, "action": { "type": "accept" } });
    assert_eq!(window.ask("triage", step).unwrap_err()["code"], "not_signed_in");
    // Somebody typed the line himself: it is on the board.
    let line = json!({ "type": "add_followup", "body": text("[Escalade] transmise à : Support N2"), "private": true });
    window.get("submit", submission(ticket.clone(), &[line], None));
    let rows = window.get("triage_board", board)["rows"].clone();
    let row = &rows[0];
    assert_eq!((&row["ticket"]["id"], &row["third"]), (&ticket, &Value::Null));
    assert_eq!(row["escalated"]["card"]["state"], "new");
    assert_eq!(row["target"]["state"], "met");

    assert_eq!(window.get("surges", json!({})), json!([]));
    for title in ["Le VPN ne répond plus", "VPN lent", "plus de vpn", "Erreur 809 VPN"] {
        written(title);
    }
    window.wait("the surge", |window| {
        let heard = window.heard.lock().unwrap();
        heard
            .iter()
            .any(|(name, cards)| *name == "surge" && !cards.as_array().unwrap().is_empty())
    });
    let card = window.get("surges", json!({}))[0].clone();
    assert_eq!((&card["key"], &card["dismissed"]), (&json!("word:vpn"), &json!(false)));
    assert_eq!(card["title"], "Incident majeur : VPN");
    assert!(card["message"].as_str().unwrap().contains("VPN") && !card["explanation"].as_array().unwrap().is_empty());
    assert_eq!(card["proposal"]["tickets"].as_array().unwrap().len(), 5);
    let declare = json!({ "key": card["key"], "title": card["title"], "text": "" });
    let refused = window.ask("declare_major_incident", declare).unwrap_err();
    assert_eq!(refused["code"], "surge_nothing_to_link");
    window.get("dismiss_surge", json!({ "key": card["key"] }));
    assert_eq!(window.get("surges", json!({}))[0]["dismissed"], true);
    window.close();
}

#[test]
fn remote_control_is_asked_for_refused_withdrawn_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("profiles/default/sandbox");
    tauri::async_runtime::block_on(start_server(&data).stop());
    let window = Window::open(folder.path());
    let refused = |command: &str, arguments: Value| window.ask(command, arguments).unwrap_err()["code"].clone();
    assert_eq!(refused("remote_sheet", json!({ "ticket": 987_654 })), "ticket_unknown");
    window.get("use_sandbox", json!({}));
    window.wait("the queue", |window| {
        window.get("list_tickets", query("mine"))["total"].as_u64().unwrap() > 0
    });
    let ticket = window.get("list_tickets", query("mine"))["rows"][0]["id"].clone();
    let sheet = window.get("remote_sheet", json!({ "ticket": ticket }));
    assert_eq!(sheet["ticket"], ticket);
    let unknown = sheet["states"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&unknown["asset"], &unknown["reason"], &unknown["granted_until"]),
        (&Value::Null, &json!("consent_not_asked"), &Value::Null)
    );
    let start = json!({ "ticket": ticket, "asset": null, "tool": "vnc", "target": "PC-0417" });
    assert_eq!(refused("start_remote", start.clone()), "consent_not_asked");
    let answer = |name: &str, agreed: bool, asked_at: &str| {
        json!({
            "ticket": ticket, "asset": null, "person": { "user": null, "name": name }, "means": "aloud",
            "askedAt": asked_at, "agreed": agreed,
        })
    };
    let earlier = "2026-01-05T08:00:00Z";
    assert_eq!(
        refused("record_consent", answer(" ", true, earlier)),
        "consent_nobody_named"
    );
    assert_eq!(
        refused("record_consent", answer("Claire", true, "2999-01-01T00:00:00Z")),
        "consent_answered_before_asked"
    );
    let sheet = window.get("record_consent", answer("Claire", true, earlier));
    let agreement = sheet["consents"][0]["id"].clone();
    assert!(
        sheet["states"].as_array().unwrap().last().unwrap()["granted_until"].is_string(),
        "{sheet}"
    );
    let take_back = json!({ "ticket": ticket, "agreement": agreement });
    let sheet = window.get("withdraw_consent", take_back.clone());
    assert_eq!(
        sheet["consents"].as_array().unwrap().len(),
        2,
        "nothing is written over"
    );
    assert_eq!(refused("withdraw_consent", take_back), "consent_already_withdrawn");
    assert_eq!(refused("start_remote", start), "consent_withdrawn");
    window.get("record_consent", answer("Claire", false, earlier));
    let hostile = json!({ "tool": "vnc", "target": "--config=x" });
    assert_eq!(refused("remote_plan", hostile), "remote_target_option");
    let end = json!({ "id": OperationId::new(), "note": "" });
    assert_eq!(refused("end_remote", end), "remote_session_unknown");
    assert_eq!(window.get("remote_sessions", json!({})), json!([]));
    window.close();
    // Who agreed to what is still there at the next start, with nobody signed in.
    let window = Window::open(folder.path());
    let sheet = window.get("remote_sheet", json!({ "ticket": ticket }));
    assert_eq!(sheet["consents"].as_array().unwrap().len(), 3, "{sheet}");
    window.close();
}

/// Every command of the generated bindings, by the name it is called by.
fn all_commands() -> Vec<String> {
    let checkout = Path::new(&std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("ui/src/backend/bindings.ts");
    let text = std::fs::read_to_string(checkout).unwrap();
    let names: Vec<String> = text
        .split("__TAURI_INVOKE<")
        .skip(1)
        .filter_map(|rest| rest.split_once(">(\"")?.1.split('"').next().map(str::to_owned))
        .collect();
    assert!(names.len() > 100, "{names:?}");
    names
}

#[test]
fn a_locked_window_answers_nothing_but_how_to_open_it_and_is_told_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let refused = window.ask("lock", json!({ "place": null })).unwrap_err();
    assert_eq!(refused["code"], "lock_no_way_out", "anybody could open it");

    // The sandbox keeps its secrets in a file: no keyring is needed here.
    window.get("use_sandbox", json!({}));
    let state = window.get("change_pin", json!({ "current": "", "next": "une phrase" }));
    assert_eq!(state["pin"], true);
    assert_eq!(state["lease_left_h"], Value::Null, "the sandbox has no lease");
    let draft = json!({
        "key": "new:1", "ticket": null, "body": "{\"title\":\"Mots a demi", "attachments": [],
        "updated_at": "2026-11-22T08:00:00Z",
    });
    window.get("save_draft", json!({ "draft": draft }));
    window.get("lock", json!({ "place": "ici" }));

    for command in all_commands() {
        if crate::commands::ANSWERED_WHILE_LOCKED.contains(&command.as_str()) {
            continue;
        }
        // Whatever it is given: it is not even read.
        let refused = window.ask(&command, json!({})).unwrap_err();
        assert_eq!(refused["code"], "locked", "{command}: {refused}");
        assert_eq!(refused["message"], "Le poste est verrouillé.", "{command}");
    }
    let state = window.get("lock_state", json!({}));
    assert_eq!(state["locked"], "key");
    let shown = state.to_string();
    for personal in ["Mots", "sandbox", "127.0.0.1", "ici"] {
        assert!(!shown.contains(personal), "{shown}");
    }

    // What goes on behind it is not told.
    window.heard.lock().unwrap().clear();
    let core = window.app.state::<AppCore>();
    let desk = tauri::async_runtime::block_on(core.desk()).unwrap();
    desk.publish(crate::core::desk::everything_changed());
    let wrong = window.ask("unlock", json!({ "pin": "faux" })).unwrap_err();
    assert_eq!(wrong["code"], "lock_pin_wrong");
    // Told after what was published, by the same way.
    window.wait("the refusal", |window| {
        window.heard.lock().unwrap().iter().any(|(name, _)| *name == "lock")
    });
    assert!(
        window.heard.lock().unwrap().iter().all(|(name, _)| *name == "lock"),
        "an event came through the lock"
    );

    assert_eq!(window.get("unlock", json!({ "pin": "une phrase" })), "ici");
    let kept = window.get("draft", json!({ "key": "new:1", "ticket": null }));
    assert_eq!(kept["body"], "{\"title\":\"Mots a demi", "no word is lost");
    window.close();

    // The next start is locked, before anything is read.
    let window = Window::open(folder.path());
    assert_eq!(window.ask("app_state", json!({})).unwrap_err()["code"], "locked");
    assert_eq!(window.get("lock_state", json!({}))["locked"], "start");
    assert_eq!(window.get("unlock", json!({ "pin": "une phrase" })), Value::Null);
    assert_eq!(window.get("app_state", json!({}))["signed_in"], true);
    window.close();
}

#[test]
fn a_forgotten_pin_gives_way_to_the_account_itself_and_to_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let server = start_server(&folder.path().join("server"));
    let window = Window::open(folder.path());
    let form = |secret: &str| {
        json!({ "form": {
            "url": server.url(), "method": "user_token", "user_token": secret, "login": null, "password": null,
            "app_token": null, "secret_store": "file",
        }})
    };
    window.get("sign_in", form(server.user_token()));
    window.get("change_pin", json!({ "current": "", "next": "une phrase" }));
    window.get("lock", json!({ "place": null }));
    let again = |secret: &str| json!({ "form": { "user_token": secret, "login": null, "password": null } });
    let refused = window.ask("unlock_by_account", again("faux")).unwrap_err();
    assert!(refused["code"].as_str().unwrap().starts_with("auth_"), "{refused}");
    assert_eq!(
        window.get("lock_state", json!({}))["locked"],
        "key",
        "a refusal opens nothing, and wipes nothing"
    );
    window.get("unlock_by_account", again(server.user_token()));
    let state = window.get("lock_state", json!({}));
    assert_eq!((&state["locked"], &state["pin"]), (&Value::Null, &json!(false)));
    // The server's word was given a moment ago.
    assert!(state["lease_left_h"].as_u64() >= Some(71), "{state}");
    window.close();
}

/// What the capabilities, the permissions and the code say of the commands is one and the same, written down in files that a review
/// sees.
#[test]
fn the_window_may_call_every_command_there_is_and_nothing_else() {
    let checkout = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("src-tauri");
    let names = |folder: &str| -> Vec<String> {
        let entries = std::fs::read_dir(checkout.join(folder)).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names("capabilities"), ["main.json"]);
    assert_eq!(names("permissions"), ["commands.toml"]);
    let capability = std::fs::read_to_string(checkout.join("capabilities/main.json")).unwrap();
    let capability: Value = serde_json::from_str(&capability).unwrap();
    let keys: Vec<&String> = capability.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["$schema", "description", "identifier", "permissions", "windows"],
        "no remote address, no other web view"
    );
    assert_eq!(capability["windows"], json!(["main"]));
    let permissions = std::fs::read_to_string(checkout.join("permissions/commands.toml")).unwrap();
    let quoted = |line: &str| line.split('"').nth(1).map(str::to_owned);
    let rooms: Vec<String> = permissions
        .lines()
        .filter(|line| line.starts_with("identifier"))
        .filter_map(quoted)
        .collect();
    let mut expected = vec![
        "core:event:allow-listen".to_owned(),
        "core:event:allow-unlisten".to_owned(),
    ];
    expected.extend(rooms);
    assert_eq!(capability["permissions"], json!(expected));
    let mut allowed: Vec<String> = permissions
        .lines()
        .filter(|line| line.starts_with("  \""))
        .filter_map(quoted)
        .collect();
    let mut commands = all_commands();
    allowed.sort();
    commands.sort();
    assert_eq!(
        allowed, commands,
        "src-tauri/permissions/commands.toml against the commands there are"
    );
}

/// Every command, asked by whoever is not the product's own page in the product's own window.
#[test]
fn no_other_window_page_or_frame_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let window = Window::open(folder.path());
    let other = WebviewWindowBuilder::new(&window.app, "other", Default::default())
        .build()
        .unwrap();
    let refused = |answer: Result<Value, Value>, who: &str| {
        let Err(error) = answer else {
            panic!("{who} was answered")
        };
        // Tauri's own refusal: no code of ours was run.
        assert!(error.is_string(), "{who}: {error}");
    };
    for command in all_commands() {
        let ask = |view, url, key| asked(view, url, key, &command, json!({}));
        refused(
            ask(&other, "tauri://localhost", INVOKE_KEY),
            &format!("{command} from another window"),
        );
        for page in [
            "https://glpi.example.org/",
            "http://localhost:5173/",
            "data:text/html,x",
            "about:blank",
            "blob:https://glpi.example.org/1",
            "file:///tmp/page.html",
            "tauri://elsewhere/",
        ] {
            refused(ask(&window.view, page, INVOKE_KEY), &format!("{command} from {page}"));
        }
    }
    // And Tauri's own commands beyond listening to events.
    for command in [
        "plugin:event|emit",
        "plugin:event|emit_to",
        "plugin:window|close",
        "plugin:webview|create_webview_window",
        "plugin:path|resolve_directory",
        "plugin:opener|open_path",
        "plugin:opener|open_url",
        "plugin:app|version",
        "no_such_command",
    ] {
        refused(
            asked(&window.view, "tauri://localhost", INVOKE_KEY, command, json!({})),
            command,
        );
    }
    window.close();
}
