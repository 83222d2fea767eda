//! The Aircall adapter over real sockets, against a server that behaves as Aircall's developer documentation says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::result_large_err, missing_docs)]

#[path = "common/desk.rs"]
#[allow(dead_code, reason = "Aircall cannot consult, hold or answer")]
mod desk;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use desk::Desk;
use guichet_domain::call::{CallCause, CallEventKind as Kind, CallState, Direction};
use guichet_telephony::{
    Action, ActionError, Attachment, LossReason,
    aircall::{Aircall, AircallConfig},
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::mpsc};

const OWN: &str = "456";
const SUPPORT: u64 = 1234;
const CALLER: &str = "+33 6 12 34 00 13";

/// Whether a call is the one of that number.
fn is(call: &Value, id: &str) -> bool {
    call["id"].as_u64().is_some_and(|number| number.to_string() == id)
}

#[derive(Default)]
struct Inner {
    calls: Vec<Value>,
    serial: u64,
    /// What was posted: the path and the body.
    posted: Vec<(String, Value)>,
    looks: u32,
    away: bool,
    /// Requests left in this minute, where it says so.
    left: Option<u64>,
    /// Too many requests, for so many seconds.
    closed_for: Option<i64>,
    strayed: bool,
}

#[derive(Clone)]
struct Fake {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            inner: Arc::default(),
        };
        let app = Router::new()
            .route("/v1/users/{id}", get(user))
            .route("/v1/users/{id}/calls", post(dial))
            .route("/v1/calls", get(calls))
            .route("/v1/calls/{id}/transfers", post(transfer))
            .route("/v1/calls/{id}/insight_cards", post(card))
            .fallback(async |State(fake): State<Fake>| {
                fake.with(|inner| inner.strayed = true);
                StatusCode::NOT_FOUND
            })
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        fake
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    /// A call as the list has it.
    fn begins(&self, change: Value) -> String {
        self.with(|inner| {
            inner.serial += 1;
            let mut call = json!({
                "id": inner.serial, "direct_link": "https://api.aircall.io/v1/calls/1", "direction": "inbound", "status": "initial",
                "missed_call_reason": null, "started_at": Timestamp::now().as_second(), "answered_at": null, "ended_at": null,
                "duration": 0, "voicemail": null, "recording": null, "raw_digits": CALLER, "user": null,
                "contact": { "id": 1, "first_name": "Claire", "last_name": "Fontaine" }, "archived": false,
                "assigned_to": null, "transferred_by": null, "transferred_to": null, "comments": [], "tags": [],
                "number": { "id": SUPPORT, "name": "Support DSI", "digits": "+33 1 76 36 06 95" },
            });
            for (key, value) in change.as_object().unwrap() {
                call[key] = value.clone();
            }
            inner.calls.push(call);
            inner.serial.to_string()
        })
    }

    fn changes(&self, id: &str, change: Value) {
        self.with(|inner| {
            let call = inner.calls.iter_mut().find(|call| is(call, id)).unwrap();
            for (key, value) in change.as_object().unwrap() {
                call[key] = value.clone();
            }
        });
    }

    fn answers(&self, id: &str, user: u64) {
        let now = Timestamp::now().as_second();
        let user = json!({ "id": user, "name": "Nadia Benali", "email": "x@example.org" });
        self.changes(id, json!({ "status": "answered", "answered_at": now, "user": user }));
    }

    fn ends(&self, id: &str, change: Value) {
        self.changes(
            id,
            json!({ "status": "done", "ended_at": Timestamp::now().as_second() }),
        );
        self.changes(id, change);
    }

    /// Who asks, and whether he may: an answer of its own where not.
    fn check(&self, headers: &HeaderMap) -> Result<HeaderMap, Response> {
        // "key:token" in Base64.
        let known = headers.get("authorization").map(HeaderValue::as_bytes) == Some(b"Basic a2V5OnRva2Vu");
        self.with(|inner| {
            let mut told = HeaderMap::new();
            if inner.away {
                return Err(StatusCode::BAD_GATEWAY.into_response());
            }
            if !known {
                let error = json!({ "error": "Unauthorized", "troubleshoot": "Please check your credentials" });
                return Err((StatusCode::UNAUTHORIZED, Json(error)).into_response());
            }
            let reset = |seconds: i64| (Timestamp::now().as_second() + seconds).to_string().parse().unwrap();
            if let Some(seconds) = inner.closed_for.take() {
                told.insert("X-AircallApi-Remaining", "0".parse().unwrap());
                told.insert("X-AircallApi-Reset", reset(seconds));
                return Err((StatusCode::TOO_MANY_REQUESTS, told).into_response());
            }
            if let Some(left) = inner.left {
                told.insert("X-AircallApi-Remaining", left.to_string().parse().unwrap());
                told.insert("X-AircallApi-Reset", reset(30));
            }
            Ok(told)
        })
    }

    async fn desk(&self) -> Desk {
        self.desk_with(|_| {}).await
    }

    async fn desk_with(&self, change: impl FnOnce(&mut AircallConfig)) -> Desk {
        let (updates, heard) = mpsc::channel(64);
        let desk = Desk::new(Box::new(Aircall::start(self.config(change), updates)), OWN, heard);
        desk.connected().await;
        desk
    }

    fn config(&self, change: impl FnOnce(&mut AircallConfig)) -> AircallConfig {
        let url = format!("http://{}/", self.address).parse().unwrap();
        let mut config = AircallConfig::new("aircall", url, "key", SecretString::from("token"), OWN);
        config.numbers.insert("support dsi".to_owned());
        config.poll = Duration::from_millis(30);
        config.shortest_pause = Duration::from_millis(20);
        config.longest_pause = Duration::from_millis(100);
        config.effect_timeout = Duration::from_millis(800);
        change(&mut config);
        config
    }
}

async fn user(State(fake): State<Fake>, headers: HeaderMap, Path(id): Path<String>) -> Result<Response, Response> {
    let told = fake.check(&headers)?;
    if id != OWN {
        return Err(StatusCode::NOT_FOUND.into_response());
    }
    let user =
        json!({ "user": { "id": 456, "name": "Nadia Benali", "numbers": [{ "id": SUPPORT, "name": "Support DSI" }] } });
    Ok((told, Json(user)).into_response())
}

async fn calls(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    let told = fake.check(&headers)?;
    let from: i64 = query["from"].parse().unwrap();
    let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
    // Pages of two, so that every look of more goes on.
    let (all, size) = fake.with(|inner| {
        inner.looks += 1;
        let since = |call: &&Value| call["started_at"].as_i64().unwrap_or(i64::MAX) >= from;
        (inner.calls.iter().filter(since).cloned().collect::<Vec<_>>(), 2)
    });
    let shown: Vec<Value> = all.iter().skip((page - 1) * size).take(size).cloned().collect();
    // Another host: the way on it is followed, the key never goes there.
    let next = (page * size < all.len()).then(|| {
        format!(
            "https://elsewhere.example/v1/calls?from={from}&order=asc&per_page=50&page={}",
            page + 1
        )
    });
    let meta = json!({ "count": shown.len(), "total": all.len(), "current_page": page, "next_page_link": next });
    Ok((told, Json(json!({ "meta": meta, "calls": shown }))).into_response())
}

async fn dial(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Result<Response, Response> {
    fake.check(&headers)?;
    fake.with(|inner| inner.posted.push((format!("users/{id}/calls"), body.clone())));
    if body["to"] == "+33199000000" {
        let error = json!({ "error": "Bad Request", "message": "User not available" });
        return Err((StatusCode::METHOD_NOT_ALLOWED, Json(error)).into_response());
    }
    fake.begins(
        json!({ "direction": "outbound", "raw_digits": body["to"], "user": { "id": 456, "name": "Nadia Benali" } }),
    );
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn transfer(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Response> {
    fake.check(&headers)?;
    fake.with(|inner| inner.posted.push((format!("calls/{id}/transfers"), body.clone())));
    if let Some(user) = body["user_id"].as_u64().filter(|user| *user == 789) {
        let user = json!({ "id": user, "name": "Paul Girard" });
        fake.changes(&id, json!({ "transferred_to": user, "user": user }));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn card(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<Value>,
) -> Result<StatusCode, Response> {
    fake.check(&headers)?;
    fake.with(|inner| inner.posted.push((format!("calls/{id}/insight_cards"), body)));
    Ok(StatusCode::CREATED)
}

#[tokio::test]
async fn a_call_to_a_number_of_the_desk_rings_is_answered_and_ends() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    let id = fake.begins(json!({}));
    let ring = desk.until(Kind::Ringing, Some(OWN)).await;
    assert_eq!(ring.remote.e164.as_deref(), Some("+33612340013"));
    assert_eq!(ring.remote.name.as_deref(), Some("Claire Fontaine"));
    assert_eq!(ring.queue.as_deref(), Some("Support DSI"));
    assert_eq!(ring.conversation_id, id);
    fake.answers(&id, 456);
    let answer = desk.until(Kind::Answered, Some(OWN)).await;
    assert_eq!(answer.agent.as_deref(), Some("Nadia Benali"));
    assert!(answer.capabilities.blind && !answer.capabilities.consult && !answer.capabilities.hold);
    fake.ends(&id, json!({}));
    desk.until(Kind::Ended, None).await;
    desk.settle().await;
    assert_eq!(
        desk.kinds(),
        [Kind::Queued, Kind::Ringing, Kind::Answered, Kind::Ended],
        "each once"
    );
    assert_eq!(desk.state(), CallState::Ended);
    assert!(!fake.with(|inner| inner.strayed));
}

#[tokio::test]
async fn what_nobody_answers_is_missed_with_its_reason() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    for (reason, cause) in [
        (json!("abandoned_in_classic"), CallCause::Abandoned),
        (json!("agents_did_not_answer"), CallCause::NoAnswer),
        (json!("a_reason_of_tomorrow"), CallCause::Unknown),
    ] {
        let id = fake.begins(json!({ "raw_digits": "anonymous", "contact": null }));
        let ring = desk.until(Kind::Ringing, Some(OWN)).await;
        assert!(ring.remote.anonymous);
        fake.ends(&id, json!({ "missed_call_reason": reason }));
        let missed = desk.until(Kind::Missed, None).await;
        assert_eq!((missed.conversation_id, missed.cause), (id, Some(cause)));
    }
    let id = fake.begins(json!({}));
    fake.ends(&id, json!({ "voicemail": "https://assets.example/1.mp3" }));
    desk.until(Kind::Voicemail, None).await;
}

#[tokio::test]
async fn a_colleague_who_answers_has_it_and_other_peoples_calls_never_leave_the_adapter() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    let elsewhere = json!({ "number": { "id": 99, "name": "Accueil", "digits": "+33 1 44 55 66 77" } });
    let other = fake.begins(elsewhere);
    fake.answers(&other, 789);
    let own = fake.begins(json!({}));
    desk.until(Kind::Ringing, Some(OWN)).await;
    fake.answers(&own, 789);
    desk.until(Kind::Answered, Some("789")).await;
    desk.settle().await;
    assert!(
        desk.heard.iter().all(|event| event.conversation_id == own),
        "{:?}",
        desk.heard
    );
    assert_eq!(desk.call().device.as_deref(), Some("789"));
    // One that is handed to the desk's own user is his, whatever number it came to.
    fake.changes(&other, json!({ "user": { "id": 456, "name": "Nadia Benali" } }));
    let event = desk.until(Kind::Answered, Some(OWN)).await;
    assert_eq!(event.conversation_id, other);
}

#[tokio::test]
async fn a_call_is_handed_to_a_user_and_done_when_that_is_seen() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    let id = fake.begins(json!({}));
    desk.until(Kind::Ringing, None).await;
    assert_eq!(
        desk.blind(&id, "789").await,
        Err(ActionError::NoSuchLeg),
        "nobody has it yet"
    );
    fake.answers(&id, 456);
    desk.until(Kind::Answered, None).await;
    assert_eq!(
        desk.blind(&id, "790").await,
        Err(ActionError::NoEffect),
        "accepted, and nothing happened"
    );
    assert_eq!(desk.blind(&id, "789").await, Ok(()));
    desk.until(Kind::Transferred, Some("789")).await;
    assert_eq!(desk.state(), CallState::Transferred);
    assert_eq!(
        desk.blind(&id, "789").await,
        Err(ActionError::NoSuchLeg),
        "it is the other's now"
    );
    let posted = fake.with(|inner| inner.posted.clone());
    assert_eq!(posted[1], (format!("calls/{id}/transfers"), json!({ "user_id": 789 })));
    // A consultation is nothing Aircall can be asked for.
    assert_eq!(desk.consult(&id, "789").await, Err(ActionError::NotSupported));
    assert_eq!(desk.complete(&id).await, Err(ActionError::NotSupported));
    assert_eq!(desk.cancel(&id).await, Err(ActionError::NotSupported));
    assert_eq!(desk.hold(&id, true).await, Err(ActionError::NotSupported));
    assert_eq!(desk.answer(&id).await, Err(ActionError::NotSupported));
}

#[tokio::test]
async fn an_outside_number_is_written_as_one_and_a_ticket_goes_on_the_card() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    let id = fake.begins(json!({}));
    fake.answers(&id, 456);
    desk.until(Kind::Answered, None).await;
    let attach = |conversation: &str| Action::Attach {
        conversation: conversation.to_owned(),
        attachment: Attachment::new("TICKET", "4821").unwrap(),
    };
    assert_eq!(desk.pbx.act(attach(&id)).await, Ok(()));
    assert_eq!(desk.pbx.act(attach("../../users")).await, Err(ActionError::NoSuchLeg));
    assert_eq!(desk.blind(&id, "06 12 34 00 13").await, Ok(()));
    assert_eq!(desk.blind(&id, "nobody").await, Err(ActionError::Invalid("the number")));
    let posted = fake.with(|inner| inner.posted.clone());
    assert_eq!(posted[0].0, format!("calls/{id}/insight_cards"));
    assert_eq!(
        posted[0].1["contents"][1],
        json!({ "type": "shortText", "label": "TICKET", "text": "4821" })
    );
    assert_eq!(posted[1].1, json!({ "number": "+33612340013" }));
}

#[tokio::test]
async fn a_number_is_called_from_the_users_own() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    let dial = |device: &str, number: &str| Action::Dial {
        device: device.to_owned(),
        number: number.to_owned(),
        attachments: Vec::new(),
    };
    assert_eq!(desk.pbx.act(dial(OWN, "01 99 00 00 10")).await, Ok(()));
    let event = desk.until(Kind::Dialing, Some(OWN)).await;
    assert_eq!(event.direction, Direction::Outbound);
    let (path, body) = fake.with(|inner| inner.posted[0].clone());
    assert_eq!(
        (path.as_str(), body),
        ("users/456/calls", json!({ "number_id": SUPPORT, "to": "+33199000010" }))
    );
    fake.ends("1", json!({}));
    let event = desk.until(Kind::Ended, None).await;
    assert_eq!(event.cause, Some(CallCause::NoAnswer));
    let refused = desk.pbx.act(dial(OWN, "0199000000")).await;
    assert_eq!(
        refused,
        Err(ActionError::Refused {
            message: "User not available".to_owned()
        })
    );
    assert_eq!(
        desk.pbx.act(dial("789", "0199000010")).await,
        Err(ActionError::NoSuchLeg)
    );
    assert_eq!(
        desk.pbx.act(dial(OWN, "12")).await,
        Err(ActionError::Invalid("the number"))
    );
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_and_the_key_goes_nowhere_else() {
    let fake = Fake::start().await;
    let ids: Vec<String> = (0..5).map(|_| fake.begins(json!({}))).collect();
    let mut desk = fake.desk().await;
    desk.settle().await;
    let rung: Vec<&str> = desk
        .heard
        .iter()
        .filter(|event| event.kind == Kind::Ringing)
        .map(|event| event.conversation_id.as_str())
        .collect();
    assert_eq!(rung, ids.iter().map(String::as_str).collect::<Vec<_>>());
}

#[tokio::test]
async fn calls_go_on_while_aircall_is_away_and_what_ended_unseen_is_told_after() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    let ends = fake.begins(json!({}));
    let vanishes = fake.begins(json!({}));
    for _ in 0..2 {
        desk.until(Kind::Ringing, None).await;
    }
    fake.with(|inner| inner.away = true);
    assert!(matches!(desk.lost().await, LossReason::Closed { .. }));
    assert_eq!(desk.blind(&ends, "789").await, Err(ActionError::NotConnected));
    fake.ends(&ends, json!({ "missed_call_reason": "abandoned_in_classic" }));
    fake.with(|inner| {
        inner.calls.retain(|call| !is(call, &vanishes));
        inner.away = false;
    });
    let missed = desk.until(Kind::Missed, None).await;
    assert_eq!(
        (missed.conversation_id, missed.cause),
        (ends, Some(CallCause::Abandoned))
    );
    let gone = desk.until(Kind::Ended, None).await;
    assert_eq!((gone.conversation_id, gone.cause), (vanishes, Some(CallCause::Unseen)));
    assert!(desk.rereads >= 2);
}

#[tokio::test]
async fn too_many_requests_are_followed_by_the_silence_that_is_asked_for() {
    let fake = Fake::start().await;
    let desk = fake.desk().await;
    fake.with(|inner| inner.closed_for = Some(2));
    let LossReason::Closed { detail } = desk.lost().await else {
        panic!("another reason")
    };
    assert!(detail.contains("429"), "{detail}");
    let before = fake.with(|inner| inner.looks);
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(fake.with(|inner| inner.looks), before, "nothing is asked meanwhile");
    desk.connected().await;
    assert!(fake.with(|inner| inner.looks) > before);
}

#[tokio::test]
async fn what_is_left_of_the_minute_is_spread_over_it() {
    let fake = Fake::start().await;
    // 16 left, 10 of them kept for the technician, 30 s to go: a look every 5 s.
    fake.with(|inner| inner.left = Some(16));
    let _desk = fake.desk().await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(fake.with(|inner| inner.looks), 1);
}

#[tokio::test]
async fn a_wrong_key_a_wrong_user_and_something_else_are_told_apart() {
    let fake = Fake::start().await;
    for (change, refused) in [
        (
            Box::new(|config: &mut AircallConfig| config.api_token = SecretString::from("other"))
                as Box<dyn FnOnce(&mut AircallConfig)>,
            true,
        ),
        (
            Box::new(|config: &mut AircallConfig| config.device = "999".to_owned()),
            true,
        ),
        (
            Box::new(|config: &mut AircallConfig| config.url = config.url.join("other/").unwrap()),
            true,
        ),
    ] {
        let (updates, heard) = mpsc::channel(4);
        let desk = Desk::new(Box::new(Aircall::start(fake.config(change), updates)), OWN, heard);
        assert_eq!(matches!(desk.lost().await, LossReason::Refused { .. }), refused);
    }
}

#[tokio::test]
async fn rubbish_is_no_call_and_stops_nothing() {
    let fake = Fake::start().await;
    let mut desk = fake.desk().await;
    fake.with(|inner| {
        inner.calls.extend([
            json!({ "id": "x", "started_at": Timestamp::now().as_second() }),
            json!({ "id": -1, "direction": [], "status": {}, "started_at": Timestamp::now().as_second() }),
        ]);
    });
    fake.begins(json!({ "raw_digits": "x".repeat(100_000), "number": { "id": SUPPORT, "name": "Support DSI" } }));
    let ring = desk.until(Kind::Ringing, None).await;
    assert!(ring.remote.raw.len() <= 256);
}
