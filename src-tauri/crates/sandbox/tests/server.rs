//! The server as clients meet it: over HTTP, with faults, across restarts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use guichet_sandbox::{Faults, Options, Sandbox, SandboxError, StatusFault, Version};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path, time::Duration};

struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

fn loopback() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

async fn started(folder: Option<&Path>) -> (Sandbox, Client) {
    let sandbox = Sandbox::start_in(Options::tiny(11), loopback(), folder).await.unwrap();
    let mut client = Client {
        http: reqwest::Client::new(),
        url: sandbox.url().to_owned(),
        token: String::new(),
    };
    client.sign_in(&sandbox).await;
    (sandbox, client)
}

impl Client {
    async fn sign_in(&mut self, sandbox: &Sandbox) {
        let reply = self
            .http
            .get(format!("{}/apirest.php/initSession", self.url))
            .header("authorization", format!("user_token {}", sandbox.user_token()))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200);
        self.token = reply.json::<Value>().await.unwrap()["session_token"]
            .as_str()
            .unwrap()
            .to_owned();
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}/apirest.php/{path}", self.url))
            .header("session-token", &self.token)
    }

    async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.request(Method::GET, path).send().await
    }

    async fn post(&self, path: &str, input: Value) -> reqwest::Result<reqwest::Response> {
        self.request(Method::POST, path)
            .json(&json!({ "input": input }))
            .send()
            .await
    }

    async fn faults(&self, faults: Value) {
        let reply = self
            .http
            .put(format!("{}/_sandbox/faults", self.url))
            .json(&faults)
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 200, "{faults}");
    }

    async fn control(&self, path: &str) -> Value {
        self.http
            .get(format!("{}/_sandbox/{path}", self.url))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn both_roots_answer_and_nothing_else_does() {
    let (sandbox, client) = started(None).await;
    assert!(sandbox.url().starts_with("http://127.0.0.1:"));
    assert_eq!(client.get("getMyProfiles").await.unwrap().status(), 200);
    let other = client
        .http
        .get(format!("{}/api.php/v1/getMyProfiles", client.url))
        .header("session-token", &client.token);
    assert_eq!(other.send().await.unwrap().status(), 200);
    assert_eq!(
        client
            .http
            .get(format!("{}/front/ticket.php", client.url))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
    let root = client.get("").await.unwrap();
    assert_eq!(root.headers()["content-type"], "text/html; charset=UTF-8");
    sandbox.stop().await;
}

#[tokio::test]
async fn only_loopback_is_served() {
    let refused = Sandbox::start(Options::tiny(1), "0.0.0.0:0".parse().unwrap()).await;
    assert!(matches!(refused, Err(SandboxError::NotLoopback(_))));
}

#[tokio::test]
async fn down_closes_connections_without_a_reply_and_refuse_takes_none() {
    let (_sandbox, client) = started(None).await;
    client.faults(json!({ "down": true })).await;
    assert!(client.get("getMyProfiles").await.is_err());
    client.faults(json!({ "refuse": false })).await;
    assert_eq!(client.get("getMyProfiles").await.unwrap().status(), 200);

    let (sandbox, client) = started(None).await;
    sandbox.set_faults(Faults {
        refuse: true,
        ..Faults::default()
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = reqwest::Client::new().get(client.url.clone()).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    sandbox.set_faults(Faults::default());
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(client.get("getMyProfiles").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_reply_lost_after_the_commit_leaves_the_write_behind() {
    let (_sandbox, client) = started(None).await;
    client.faults(json!({ "drop_reply_after_commit": 1 })).await;
    assert_eq!(
        client.get("getMyProfiles").await.unwrap().status(),
        200,
        "reads are answered"
    );
    let ticket = json!({ "name": "Une seule fois", "content": "x" });
    assert!(client.post("Ticket", ticket.clone()).await.is_err());
    let writes = client.control("writes").await;
    assert_eq!(writes.as_array().unwrap().len(), 1);
    assert_eq!(writes[0]["input"]["name"], "Une seule fois");
    assert_eq!(
        client.post("Ticket", ticket).await.unwrap().status(),
        201,
        "only one reply is lost"
    );
}

#[tokio::test]
async fn statuses_sessions_cuts_and_slowness_come_as_asked() {
    let (_sandbox, mut client) = started(None).await;
    client
        .faults(json!({ "status": { "code": 429, "retry_after_s": 7, "count": 1 } }))
        .await;
    let reply = client.get("getMyProfiles").await.unwrap();
    assert_eq!(
        (reply.status(), reply.headers()["retry-after"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "7")
    );
    assert_eq!(client.get("getMyProfiles").await.unwrap().status(), 200);

    client.faults(json!({ "truncate_body": 1 })).await;
    let reply = client.get("Ticket?range=0-9").await.unwrap();
    assert!(reply.bytes().await.is_err(), "the body breaks off");
    assert!(client.get("Ticket?range=0-9").await.unwrap().bytes().await.is_ok());

    client.faults(json!({ "slow_ms": 120 })).await;
    let started = std::time::Instant::now();
    client.get("getMyProfiles").await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(120));

    client.faults(json!({ "lose_session": true })).await;
    assert_eq!(client.get("getMyProfiles").await.unwrap().status(), 401);
    client.sign_in(&_sandbox).await;
    assert_eq!(client.get("getMyProfiles").await.unwrap().status(), 200, "once only");
    assert_eq!(_sandbox.faults(), Faults::default());
}

#[tokio::test]
async fn another_technician_works_while_he_is_switched_on() {
    let (sandbox, client) = started(None).await;
    client.faults(json!({ "other_technician": true })).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    client.get("getMyProfiles").await.unwrap();
    assert_eq!(sandbox.with_core(|glpi| glpi.writes().len()), 1);
    let act = json!({ "act": "followup", "ticket": 20, "text": "<p>vu</p>" });
    let reply = client
        .http
        .post(format!("{}/_sandbox/act", client.url))
        .json(&act)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 200);
    assert!(
        client
            .control("writes")
            .await
            .as_array()
            .unwrap()
            .iter()
            .all(|write| write["author"] == "colleague")
    );
}

#[tokio::test]
async fn accepted_writes_survive_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let (sandbox, client) = started(Some(folder.path())).await;
    let id = client
        .post("Ticket", json!({ "name": "Gardé", "content": "x" }))
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap()["id"]
        .clone();
    let manifest =
        json!({ "input": { "name": "pièce", "_filename": ["pièce.txt"], "itemtype": "Ticket", "items_id": id } });
    let form = reqwest::multipart::Form::new()
        .text("uploadManifest", manifest.to_string())
        .part(
            "filename[0]",
            reqwest::multipart::Part::bytes(b"contenu".to_vec())
                .file_name("pièce.txt")
                .mime_str("text/plain")
                .unwrap(),
        );
    let reply = client
        .request(Method::POST, "Document")
        .multipart(form)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 201);
    let document = reply.json::<Value>().await.unwrap()["id"].clone();
    let old_token = client.token.clone();
    // No goodbye, and a line that was being written when the power went.
    drop(sandbox);
    let journal = folder.path().join("journal.jsonl");
    let mut text = std::fs::read_to_string(&journal).unwrap();
    assert_eq!(text.lines().count(), 2);
    text.push_str("{\"at\":\"2026");
    std::fs::write(&journal, text).unwrap();

    let (sandbox, client) = started(Some(folder.path())).await;
    assert_ne!(client.token, old_token, "sessions end with the process");
    let ticket: Value = client.get(&format!("Ticket/{id}")).await.unwrap().json().await.unwrap();
    assert_eq!(ticket["name"], "Gardé");
    let content = client
        .get(&format!("Document/{document}?alt=media"))
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(content.as_ref(), b"contenu");
    assert_eq!(
        client
            .post("Ticket", json!({ "name": "Suite", "content": "x" }))
            .await
            .unwrap()
            .status(),
        201
    );
    drop(sandbox);
    let (sandbox, _) = started(Some(folder.path())).await;
    assert_eq!(sandbox.with_core(|glpi| glpi.writes().len()), 3);
    drop(sandbox);
    let other = Options::tiny(11).version(Version::Eleven);
    let refused = Sandbox::start_in(other, loopback(), Some(folder.path())).await;
    assert!(matches!(refused, Err(SandboxError::OtherVersion { .. })));
}

#[tokio::test]
async fn the_servers_own_time_is_told() {
    let (_sandbox, client) = started(None).await;
    assert_eq!(
        client
            .http
            .delete(format!("{}/_sandbox/time", client.url))
            .send()
            .await
            .unwrap()
            .status(),
        204
    );
    for _ in 0..3 {
        client.get("Ticket?range=0-19").await.unwrap();
    }
    let time = client.control("time").await;
    assert_eq!(time["requests"], 3);
    assert!(time["total_us"].as_u64().unwrap() >= time["longest_us"].as_u64().unwrap());
    let status = StatusFault {
        code: 503,
        retry_after_s: None,
        count: Some(1),
    };
    assert_eq!(serde_json::to_value(status).unwrap()["code"], 503);
}

#[tokio::test]
async fn bare_pages_show_what_the_api_has() {
    let (_sandbox, client) = started(None).await;
    let input = json!({ "name": "Écran < noir", "content": "<p>Depuis lundi.</p>" });
    let id = client
        .post("Ticket", input)
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap()["id"]
        .as_i64()
        .unwrap();
    let answer = json!({ "items_id": id, "itemtype": "Ticket", "content": "<p>Vu avec elle.</p>" });
    assert_eq!(client.post("ITILFollowup", answer).await.unwrap().status(), 201);
    let page = async |path: &str| {
        let url = format!("{}/_sandbox/pages/{path}", client.url);
        client.http.get(url).send().await.unwrap().text().await.unwrap()
    };
    assert!(
        page("tickets")
            .await
            .contains(&format!("<a href=\"ticket/{id}\">Écran &lt; noir</a>"))
    );
    let ticket = page(&format!("ticket/{id}")).await;
    let (description, answer) = (ticket.find("Depuis lundi"), ticket.find("Vu avec elle"));
    assert!(description.is_some() && description < answer, "{ticket}");
    assert_eq!(page("ticket/999999999").await, "");
}
