//! The Wazo adapter over real sockets, against a server that behaves as the source of wazo-calld and wazo-websocketd says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::result_large_err, missing_docs)]

#[path = "common/desk.rs"]
mod desk;
#[path = "common/tls.rs"]
mod tls;

use axum::{
    Json, Router,
    extract::{
        Path, Query, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use desk::Desk;
use guichet_domain::call::{CallCause, CallEventKind as Kind, CallState, Direction};
use guichet_telephony::{
    Action, ActionError, Attachment, LossReason,
    wazo::{Wazo, WazoConfig},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::broadcast};

const OWN: &str = "6001";
const CALLER: &str = "0612340013";
const ME: &str = "5e9c-me";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Answers,
    Rings,
    Busy,
}

#[derive(Default)]
struct Inner {
    calls: BTreeMap<String, Value>,
    transfers: BTreeMap<String, Value>,
    serial: u32,
    tokens: BTreeSet<String>,
    logins: u32,
    renewals: u32,
    asked: Vec<String>,
    bodies: Vec<Value>,
    away: bool,
    /// It accepts transfers and does nothing.
    ignores: bool,
    /// What `POST transfers` says instead.
    refuses: Option<(u16, Value)>,
    /// Another path of the server, taken by a call's id that holds slashes.
    strayed: bool,
}

#[derive(Debug, Clone)]
enum Out {
    Event(String, Value),
    Text(String),
    Close(u16, &'static str),
}

#[derive(Clone)]
struct Fake {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    out: broadcast::Sender<Out>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            inner: Arc::default(),
            out: broadcast::channel(256).0,
        };
        let calls = "/api/calld/1.0/users/me/calls";
        let transfers = "/api/calld/1.0/users/me/transfers";
        let app = Router::new()
            .route("/api/auth/0.1/token", post(token))
            .route("/api/websocketd/", get(websocketd))
            .route(calls, get(list_calls).post(make_call))
            .route(&format!("{calls}/{{id}}/answer"), put(answer))
            .route(&format!("{calls}/{{id}}/hold/{{way}}"), put(hold))
            .route(transfers, get(list_transfers).post(make_transfer))
            .route(&format!("{transfers}/{{id}}"), delete(cancel))
            .route(&format!("{transfers}/{{id}}/complete"), put(complete))
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

    fn say(&self, name: &str, data: Value) {
        let _ = self.out.send(Out::Event(name.to_owned(), data));
    }

    fn begins(&self, change: Value) -> String {
        let (id, call) = self.with(|inner| {
            inner.serial += 1;
            let id = format!("1795327.{}", inner.serial);
            let mut call = json!({
                "call_id": id, "conversation_id": format!("{id}-c"), "user_uuid": ME, "status": "Ringing", "on_hold": false,
                "talking_to": {}, "is_caller": false, "peer_caller_id_name": "Claire Fontaine",
                "peer_caller_id_number": CALLER, "dialed_extension": "0144556600", "direction": "inbound",
                "creation_time": "2026-11-22T05:56:40.000+0000", "answer_time": null, "caller_id_number": OWN,
            });
            for (key, value) in change.as_object().unwrap() {
                call[key] = value.clone();
            }
            inner.calls.insert(id.clone(), call.clone());
            (id, call)
        });
        self.say("call_created", call);
        id
    }

    fn changes(&self, id: &str, event: &str, change: Value) {
        let call = self.with(|inner| {
            let call = inner.calls.get_mut(id)?;
            for (key, value) in change.as_object().unwrap() {
                call[key] = value.clone();
            }
            Some(call.clone())
        });
        if let Some(call) = call {
            self.say(event, call);
        }
    }

    fn ends(&self, id: &str, reason: u16) {
        let call = self.with(|inner| inner.calls.remove(id));
        if let Some(mut call) = call {
            call["reason_code"] = json!(reason);
            call["talking_to"] = json!({});
            self.say("call_ended", call);
        }
    }

    /// A transfer comes to a step; `flow` may change on the way.
    fn step(&self, id: &str, event: &str, status: &str) {
        let over = event == "transfer_ended";
        let told = self.with(|inner| {
            let transfer = inner.transfers.get_mut(id)?;
            if !over {
                transfer["status"] = json!(status);
            }
            let told = transfer.clone();
            if over {
                inner.transfers.remove(id);
            }
            Some(told)
        });
        if let Some(told) = told {
            self.say(event, told);
        }
    }

    fn transfer_of(&self) -> (String, Value) {
        self.with(|inner| {
            inner
                .transfers
                .iter()
                .next()
                .map(|(id, t)| (id.clone(), t.clone()))
                .unwrap()
        })
    }

    /// The consulted telephone answers.
    fn recipient_answers(&self, id: &str) {
        self.step(id, "transfer_answered", "answered");
        let blind = self.with(|inner| inner.transfers.get(id).is_some_and(|t| t["flow"] == "blind"));
        if blind {
            self.step(id, "transfer_ended", "ended");
        }
    }

    /// It refuses, is busy, or hangs up: the server goes back by itself.
    fn recipient_hangs_up(&self, id: &str) {
        self.step(id, "transfer_cancelled", "answered");
        self.step(id, "transfer_ended", "ended");
    }

    /// What completing does before and after the answer (`state.py`).
    fn completes(&self, id: &str) {
        let answered = self.with(|inner| {
            let transfer = inner.transfers.get_mut(id).unwrap();
            let answered = transfer["status"] == "answered";
            if !answered {
                transfer["flow"] = json!("blind");
            }
            answered
        });
        self.step(
            id,
            "transfer_completed",
            if answered { "answered" } else { "blind_transferred" },
        );
        if answered {
            self.step(id, "transfer_ended", "ended");
        }
    }

    fn check(&self, headers: &HeaderMap, what: String) -> Result<(), Response> {
        let token = headers
            .get("x-auth-token")
            .and_then(|t| t.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        self.with(|inner| {
            inner.asked.push(what);
            if inner.tokens.contains(&token) {
                Ok(())
            } else {
                Err((StatusCode::UNAUTHORIZED, Json(json!({ "message": "Unauthorized" }))).into_response())
            }
        })
    }
}

async fn token(State(fake): State<Fake>, headers: HeaderMap, Json(body): Json<Value>) -> Response {
    assert_eq!(body["backend"], "wazo_user");
    // "nleroux:s3cret"
    if headers["authorization"] != "Basic bmxlcm91eDpzM2NyZXQ=" {
        let error =
            json!({ "reason": ["Authentication Failed"], "status_code": 401, "message": "Authentication Failed" });
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    let token = fake.with(|inner| {
        inner.logins += 1;
        let token = format!("token-{}", inner.logins);
        inner.tokens.insert(token.clone());
        (!inner.away).then_some(token)
    });
    match token {
        Some(token) => Json(json!({ "data": { "token": token, "metadata": { "uuid": ME } } })).into_response(),
        None => StatusCode::BAD_GATEWAY.into_response(),
    }
}

async fn websocketd(
    State(fake): State<Fake>,
    Query(query): Query<BTreeMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    assert_eq!(query["version"], "2");
    let known = fake.with(|inner| inner.tokens.contains(&query["token"]));
    upgrade.on_upgrade(move |socket| serve(fake, socket, known))
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let _ = socket.send(Message::Close(Some(frame))).await;
}

async fn serve(fake: Fake, mut socket: WebSocket, known: bool) {
    if !known {
        return close(socket, 4002, "authentication failed").await;
    }
    let mut out = fake.out.subscribe();
    let say = |op: &str, data: Value| Message::text(json!({ "op": op, "code": 0, "data": data }).to_string());
    socket.send(say("init", json!({ "version": 2 }))).await.unwrap();
    let mut subscribed: BTreeSet<String> = BTreeSet::new();
    let mut started = false;
    loop {
        let reply = tokio::select! {
            sent = out.recv() => match sent {
                Ok(Out::Event(name, data)) if started && subscribed.contains(&name) => {
                    say("event", json!({ "name": name, "origin_uuid": "x", "data": data }))
                }
                Ok(Out::Event(..)) => continue,
                Ok(Out::Text(text)) => Message::text(text),
                Ok(Out::Close(code, reason)) => return close(socket, code, reason).await,
                Err(_) => return,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let asked: Value = serde_json::from_str(&text).unwrap();
                    match asked["op"].as_str().unwrap() {
                        "subscribe" => {
                            subscribed.insert(asked["data"]["event_name"].as_str().unwrap().to_owned());
                            say("subscribe", Value::Null)
                        }
                        "start" => {
                            started = true;
                            say("start", Value::Null)
                        }
                        "ping" => say("pong", asked["data"].clone()),
                        "token" => {
                            let token = asked["data"]["token"].as_str().unwrap().to_owned();
                            fake.with(|inner| {
                                assert!(inner.tokens.contains(&token));
                                inner.renewals += 1;
                            });
                            say("token", Value::Null)
                        }
                        _ => return close(socket, 4004, "").await,
                    }
                }
                Some(Ok(_)) => continue,
                _ => return,
            },
        };
        if socket.send(reply).await.is_err() {
            return;
        }
    }
}

async fn list_calls(State(fake): State<Fake>, headers: HeaderMap) -> Result<Json<Value>, Response> {
    fake.check(&headers, "GET calls".to_owned())?;
    let items: Vec<Value> = fake.with(|inner| inner.calls.values().cloned().collect());
    Ok(Json(json!({ "items": items })))
}

async fn list_transfers(State(fake): State<Fake>, headers: HeaderMap) -> Result<Json<Value>, Response> {
    fake.check(&headers, "GET transfers".to_owned())?;
    let items: Vec<Value> = fake.with(|inner| inner.transfers.values().cloned().collect());
    Ok(Json(json!({ "items": items })))
}

async fn make_call(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, Response> {
    fake.check(&headers, "POST calls".to_owned())?;
    let peer = json!({
        "is_caller": true, "peer_caller_id_name": "", "peer_caller_id_number": body["extension"], "status": "Ringing",
        "direction": "outbound", "dialed_extension": body["extension"],
    });
    let id = fake.begins(peer);
    // One's own telephone is picked up: up, with nobody at the other end yet.
    fake.changes(&id, "call_answered", json!({ "status": "Up" }));
    Ok((StatusCode::CREATED, Json(json!({ "call_id": id }))).into_response())
}

async fn answer(State(fake): State<Fake>, headers: HeaderMap, Path(id): Path<String>) -> Result<StatusCode, Response> {
    fake.check(&headers, "PUT answer".to_owned())?;
    fake.changes(
        &id,
        "call_answered",
        json!({ "status": "Up", "talking_to": { "caller.1": null } }),
    );
    Ok(StatusCode::NO_CONTENT)
}

async fn hold(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Path((id, way)): Path<(String, String)>,
) -> Result<StatusCode, Response> {
    fake.check(&headers, format!("PUT hold/{way}"))?;
    let on = way == "start";
    fake.with(|inner| inner.calls.get_mut(&id).unwrap()["on_hold"] = json!(on));
    let event = if on { "call_held" } else { "call_resumed" };
    fake.say(event, json!({ "call_id": id, "user_uuid": ME }));
    Ok(StatusCode::NO_CONTENT)
}

async fn make_transfer(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, Response> {
    fake.check(&headers, "POST transfers".to_owned())?;
    if let Some((status, said)) = fake.with(|inner| {
        inner.bodies.push(body.clone());
        inner.refuses.clone()
    }) {
        return Err((StatusCode::from_u16(status).unwrap(), Json(said)).into_response());
    }
    let (target, known) = match body["exten"].as_str().unwrap() {
        "7001" => (Target::Rings, true),
        "7002" => (Target::Answers, true),
        "7003" => (Target::Busy, true),
        _ => (Target::Rings, false),
    };
    if !known {
        let error = json!({ "message": "Invalid extension", "error_id": "invalid-extension" });
        return Err((StatusCode::BAD_REQUEST, Json(error)).into_response());
    }
    let blind = body["flow"] == "blind";
    let (id, transfer, ignores) = fake.with(|inner| {
        inner.serial += 1;
        let id = format!("transfer-{}", inner.serial);
        let transfer = json!({
            "id": id, "initiator_uuid": ME, "initiator_call": body["initiator_call"], "transferred_call": "caller.1",
            "recipient_call": null, "status": "starting", "flow": body["flow"],
        });
        if !inner.ignores {
            inner.transfers.insert(id.clone(), transfer.clone());
        }
        (id, transfer, inner.ignores)
    });
    if !ignores {
        fake.step(&id, "transfer_created", "starting");
        fake.step(&id, "transfer_updated", "ringback");
        if blind {
            fake.ends(body["initiator_call"].as_str().unwrap(), 16);
            fake.step(&id, "transfer_completed", "blind_transferred");
        }
        let (later, id) = (fake.clone(), id.clone());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(60)).await;
            match target {
                Target::Answers => later.recipient_answers(&id),
                Target::Busy => later.recipient_hangs_up(&id),
                Target::Rings => {}
            }
        });
    }
    Ok((StatusCode::CREATED, Json(transfer)).into_response())
}

async fn complete(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Response> {
    fake.check(&headers, "PUT complete".to_owned())?;
    if fake.with(|inner| inner.ignores) {
        return Ok(StatusCode::NO_CONTENT);
    }
    let initiator = fake.transfer_of().1["initiator_call"].as_str().unwrap().to_owned();
    fake.ends(&initiator, 16);
    fake.completes(&id);
    Ok(StatusCode::NO_CONTENT)
}

async fn cancel(State(fake): State<Fake>, headers: HeaderMap, Path(id): Path<String>) -> Result<StatusCode, Response> {
    fake.check(&headers, "DELETE transfer".to_owned())?;
    fake.recipient_hangs_up(&id);
    Ok(StatusCode::NO_CONTENT)
}

fn config(fake: &Fake) -> WazoConfig {
    let url = format!("http://{}", fake.address).parse().unwrap();
    WazoConfig {
        effect_timeout: Duration::from_millis(600),
        connect_timeout: Duration::from_millis(1500),
        shortest_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        ..WazoConfig::new("wazo", url, "nleroux", SecretString::from("s3cret".to_owned()), OWN)
    }
}

fn open_with(config: WazoConfig) -> Desk {
    let (tell, updates) = tokio::sync::mpsc::channel(256);
    Desk::new(Box::new(Wazo::start(config, tell)), OWN, updates)
}

async fn desk() -> (Fake, Desk) {
    let fake = Fake::start().await;
    let desk = open_with(config(&fake));
    desk.connected().await;
    (fake, desk)
}

/// A technician in conversation with a caller: the server, the desk, his leg, the conversation.
async fn talking() -> (Fake, Desk, String, String) {
    let (fake, mut desk) = desk().await;
    let leg = fake.begins(json!({}));
    let ring = desk.until(Kind::Ringing, Some(OWN)).await;
    desk.answer(&ring.conversation_id).await.unwrap();
    desk.settle().await;
    (fake, desk, leg, ring.conversation_id)
}

#[tokio::test]
async fn a_call_rings_is_answered_held_and_ends() {
    let (fake, mut desk, leg, call) = talking().await;
    assert_eq!(desk.kinds(), [Kind::Ringing, Kind::Answered]);
    assert_eq!(desk.call().remote.e164.as_deref(), Some("+33612340013"));
    desk.hold(&call, true).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Held);
    desk.hold(&call, false).await.unwrap();
    fake.ends(&leg, 16);
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Normal));
}

#[tokio::test]
async fn a_hot_transfer_first_does_not_answer_second_does() {
    let (fake, mut desk, _, call) = talking().await;
    desk.consult(&call, "7001").await.unwrap();
    assert_eq!(desk.complete(&call).await, Err(ActionError::NotPossible));
    let completed = fake.with(|inner| inner.asked.contains(&"PUT complete".to_owned()));
    assert!(
        !completed,
        "before the answer it would leave the caller at a ringing telephone"
    );
    desk.cancel(&call).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered);
    assert!(!desk.kinds().contains(&Kind::ConsultFailed));
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    desk.complete(&call).await.unwrap();
    desk.until(Kind::Transferred, Some("7002")).await;
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Unseen), "what becomes of it is out of sight");
    assert!(desk.call().transferred_at.is_some());
    let timeouts: Vec<Value> = fake.with(|inner| inner.bodies.iter().map(|body| body["timeout"].clone()).collect());
    assert_eq!(timeouts, [60, 60], "Wazo's own default is to ring for ever");
}

#[tokio::test]
async fn after_a_busy_target_the_server_goes_back_by_itself() {
    let (_fake, mut desk, _, call) = talking().await;
    desk.consult(&call, "7003").await.unwrap();
    desk.until(Kind::ConsultFailed, Some("7003")).await;
    desk.settle().await;
    assert_eq!(desk.kinds().last(), Some(&Kind::TransferCancelled));
    assert_eq!(desk.state(), CallState::Answered);
    desk.consult(&call, "7002").await.unwrap();
}

#[tokio::test]
async fn hanging_up_ones_telephone_completes_in_either_order_of_events() {
    for ended_first in [true, false] {
        let (fake, mut desk, leg, call) = talking().await;
        desk.consult(&call, "7002").await.unwrap();
        desk.until(Kind::ConsultAnswered, Some("7002")).await;
        let (transfer, _) = fake.transfer_of();
        if ended_first {
            fake.ends(&leg, 16);
            tokio::time::sleep(Duration::from_millis(100)).await;
            fake.completes(&transfer);
        } else {
            fake.completes(&transfer);
            tokio::time::sleep(Duration::from_millis(100)).await;
            fake.ends(&leg, 16);
        }
        desk.until(Kind::Transferred, Some("7002")).await;
        desk.settle().await;
        assert_eq!(desk.call().state, CallState::Ended);
    }
}

#[tokio::test]
async fn hanging_up_while_it_rings_makes_it_blind_and_unanswered_the_server_cuts_the_caller() {
    for answered in [true, false] {
        let (fake, mut desk, leg, call) = talking().await;
        desk.consult(&call, "7001").await.unwrap();
        let (transfer, _) = fake.transfer_of();
        fake.ends(&leg, 16);
        fake.completes(&transfer);
        desk.until(Kind::Ringing, Some("7001")).await;
        assert_eq!(desk.state(), CallState::Ringing);
        assert!(!desk.kinds().contains(&Kind::Transferred), "completed is no answer");
        if answered {
            fake.recipient_answers(&transfer);
            desk.until(Kind::Transferred, Some("7001")).await;
        } else {
            fake.recipient_hangs_up(&transfer);
            let end = desk.until(Kind::Ended, None).await;
            assert_eq!(end.cause, Some(CallCause::NoAnswer));
            assert!(!desk.kinds().contains(&Kind::Transferred));
        }
    }
}

#[tokio::test]
async fn a_telephone_that_left_without_a_word_about_the_transfer_has_ended() {
    let (fake, mut desk, leg, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    fake.ends(&leg, 16);
    desk.until(Kind::Ended, None).await;
    assert!(!desk.kinds().contains(&Kind::Transferred));
}

#[tokio::test]
async fn the_caller_who_leaves_during_the_consultation_ends_the_call_though_the_telephone_talks_on() {
    let (fake, mut desk, leg, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    let (transfer, _) = fake.transfer_of();
    fake.step(&transfer, "transfer_abandoned", "abandoned");
    desk.until(Kind::Ended, None).await;
    fake.changes(&leg, "call_updated", json!({ "talking_to": { "recipient.1": null } }));
    fake.step(&transfer, "transfer_ended", "ended");
    fake.ends(&leg, 16);
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Ended);
    assert!(!desk.kinds().contains(&Kind::Transferred));
}

#[tokio::test]
async fn a_blind_transfer_is_done_when_the_target_rings_and_transferred_when_it_answers() {
    let (_fake, mut desk, _, call) = talking().await;
    desk.blind(&call, "7002").await.unwrap();
    desk.until(Kind::Transferred, Some("7002")).await;
    let told: Vec<Kind> = desk.kinds().into_iter().skip(2).collect();
    assert_eq!(told[..2], [Kind::Ringing, Kind::Transferred]);
}

#[tokio::test]
async fn refusals_say_why_and_the_call_goes_on() {
    let (fake, mut desk, _, call) = talking().await;
    let refused = |message: &str| {
        Err(ActionError::Refused {
            message: message.to_owned(),
        })
    };
    assert_eq!(desk.consult(&call, "7999").await, refused("Invalid extension"));
    let started = "Transfer already started with same initiator";
    fake.with(|inner| inner.refuses = Some((409, json!({ "message": started }))));
    assert_eq!(desk.consult(&call, "7002").await, refused(started));
    fake.with(|inner| inner.refuses = Some((503, json!("down"))));
    assert_eq!(desk.consult(&call, "7002").await, refused("HTTP 503"));
    assert_eq!(
        desk.consult(&call, "7002/complete").await,
        Err(ActionError::Invalid("the number"))
    );
    let attach = Action::Attach {
        conversation: call.clone(),
        attachment: Attachment::new("TICKET", "4821").unwrap(),
    };
    assert_eq!(desk.pbx.act(attach).await, Err(ActionError::NotSupported));
    fake.with(|inner| {
        inner.refuses = None;
        inner.ignores = true;
    });
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NoEffect));
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered);
}

#[tokio::test]
async fn a_completion_that_is_accepted_and_ignored_is_found_out() {
    let (fake, mut desk, leg, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    fake.with(|inner| inner.ignores = true);
    assert_eq!(desk.complete(&call).await, Err(ActionError::NoEffect));
    let (transfer, _) = fake.transfer_of();
    fake.recipient_hangs_up(&transfer);
    desk.until(Kind::TransferCancelled, None).await;
    fake.ends(&leg, 16);
    desk.until(Kind::Ended, None).await;
    assert!(!desk.kinds().contains(&Kind::Transferred));
}

#[tokio::test]
async fn ones_own_telephone_that_is_up_is_no_answer() {
    let (fake, mut desk) = desk().await;
    let dial = Action::Dial {
        device: OWN.to_owned(),
        number: "06 12 34 00 13".to_owned(),
        attachments: Vec::new(),
    };
    desk.pbx.act(dial).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.kinds(), [Kind::Dialing]);
    let leg = fake.with(|inner| inner.calls.keys().next().unwrap().clone());
    fake.changes(&leg, "call_updated", json!({ "talking_to": { "trunk.1": null } }));
    let answered = desk.until(Kind::Answered, Some(OWN)).await;
    assert_eq!(answered.direction, Direction::Outbound);
    assert_eq!(answered.remote.raw, "0612340013");
}

#[tokio::test]
async fn of_a_caller_without_a_number_the_number_he_dialled_is_not_taken() {
    let (fake, mut desk) = desk().await;
    fake.begins(json!({ "peer_caller_id_number": "0144556600", "peer_caller_id_name": "" }));
    let ring = desk.until(Kind::Ringing, None).await;
    assert!(ring.remote.anonymous, "{:?}", ring.remote);
}

#[tokio::test]
async fn a_missed_call_says_why_and_one_taken_elsewhere_is_not_missed() {
    let (fake, mut desk) = desk().await;
    let leg = fake.begins(json!({}));
    desk.until(Kind::Ringing, None).await;
    fake.ends(&leg, 16);
    let missed = desk.until(Kind::Missed, None).await;
    assert_eq!(
        missed.cause,
        Some(CallCause::Cancelled),
        "whoever hung up was the caller"
    );
    let leg = fake.begins(json!({}));
    desk.until(Kind::Ringing, None).await;
    fake.ends(&leg, 26);
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::AnsweredElsewhere));
}

#[tokio::test]
async fn calls_of_others_are_not_looked_at_whatever_the_account_may_see() {
    let (fake, mut desk) = desk().await;
    fake.begins(json!({ "user_uuid": "somebody-else" }));
    let own = fake.begins(json!({}));
    let ring = desk.until(Kind::Ringing, None).await;
    assert_eq!(ring.native_id, own);
    desk.settle().await;
    assert_eq!(desk.tracker.calls().count(), 1);
}

#[tokio::test]
async fn a_lost_connection_is_seen_and_what_happened_meanwhile_is_learnt() {
    let (fake, mut desk, _, call) = talking().await;
    let logins = fake.with(|inner| {
        inner.away = true;
        inner.logins
    });
    fake.out.send(Out::Close(1011, "bus connection lost")).unwrap();
    let detail = "closed: 1011 bus connection lost".to_owned();
    let reason = desk.lost().await;
    assert!(
        reason == LossReason::Closed { detail }
            || matches!(&reason, LossReason::Closed { detail } if detail == "HTTP 502"),
        "{reason:?}"
    );
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NotConnected));
    fake.with(|inner| {
        inner.calls.clear();
        inner.away = false;
    });
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Unseen));
    desk.connected().await;
    assert!(fake.with(|inner| inner.logins) > logins);
}

#[tokio::test]
async fn a_consultation_found_after_a_cut_or_at_a_late_opening_goes_on() {
    let (fake, mut desk, _, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    let told = desk.kinds();
    fake.out.send(Out::Close(4003, "authentication expired")).unwrap();
    desk.lost().await;
    desk.connected().await;
    desk.settle().await;
    assert_eq!(desk.kinds(), told, "nothing is said twice");
    let mut late = open_with(config(&fake));
    late.connected().await;
    late.settle().await;
    assert_eq!(late.call().state, CallState::Consulting);
    desk.complete(&call).await.unwrap();
    desk.until(Kind::Transferred, Some("7002")).await;
    // Whom it was to, Wazo does not tell those who did not ask.
    let transferred = late.until(Kind::Transferred, None).await;
    assert_eq!(transferred.device, None);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends_and_the_session_goes_on() {
    let fake = Fake::start().await;
    let desk = open_with(WazoConfig {
        token_life: Duration::from_millis(400),
        ..config(&fake)
    });
    desk.connected().await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert!(fake.with(|inner| inner.renewals) >= 2);
    assert!(desk.pbx.state().borrow().is_connected());
}

#[tokio::test]
async fn who_is_refused_is_told_so() {
    let fake = Fake::start().await;
    let wrong = WazoConfig {
        password: SecretString::from("hunter2".to_owned()),
        ..config(&fake)
    };
    assert!(!format!("{wrong:?}").contains("hunter2"));
    let desk = open_with(wrong);
    let message = "Authentication Failed".to_owned();
    assert_eq!(desk.lost().await, LossReason::Refused { message });
    let desk = open_with(config(&fake));
    desk.connected().await;
    fake.out.send(Out::Close(4002, "authentication failed")).unwrap();
    let message = "authentication failed".to_owned();
    assert_eq!(desk.lost().await, LossReason::Refused { message });
}

#[tokio::test]
async fn rubbish_costs_itself_only_and_an_id_leads_nowhere_else() {
    let (fake, mut desk) = desk().await;
    for text in [
        "",
        "{",
        "[1]",
        r#"{"op":"event"}"#,
        r#"{"op":"event","data":{"name":"call_created","data":[]}}"#,
    ] {
        fake.out.send(Out::Text(text.to_owned())).unwrap();
    }
    fake.say("call_created", json!({ "call_id": 7 }));
    fake.say("call_ended", json!({ "call_id": "unknown", "reason_code": 16 }));
    fake.say(
        "transfer_completed",
        json!({ "id": "t", "initiator_call": "unknown", "flow": "attended" }),
    );
    fake.say(
        "call_created",
        json!({ "call_id": "../transfers/1/complete?x=", "status": "Ringing", "peer_caller_id_number": CALLER }),
    );
    let ring = desk.until(Kind::Ringing, None).await;
    assert_eq!(desk.kinds(), [Kind::Ringing]);
    // The server has no such call; what matters is that nothing else was reached.
    let _ = desk.answer(&ring.conversation_id).await;
    assert!(!fake.with(|inner| inner.strayed || inner.asked.contains(&"PUT complete".to_owned())));
    assert!(fake.with(|inner| inner.asked.contains(&"PUT answer".to_owned())));
}

/// The way of every PBX that speaks HTTP and WebSocket: requests and socket are protected alike.
#[tokio::test]
async fn a_protected_server_is_heard_and_one_that_cannot_prove_itself_is_told_nothing() {
    let fake = Fake::start().await;
    let (port, authority) = tls::tls_before(fake.address.port()).await;
    let (_, other) = tls::tls_before(fake.address.port()).await;
    let at = |host: &str, authorities: Option<&[u8]>| WazoConfig {
        url: format!("https://{host}:{port}").parse().unwrap(),
        authorities: authorities.map(<[u8]>::to_vec),
        ..config(&fake)
    };
    for (what, config) in [
        ("an authority the system does not know", at("localhost", None)),
        (
            "another authority than the one that is trusted",
            at("localhost", Some(&other)),
        ),
        ("another name than the certificate's", at("127.0.0.1", Some(&authority))),
        ("authorities that are none", at("localhost", Some(b"nonsense"))),
    ] {
        let reason = open_with(config).lost().await;
        assert!(matches!(reason, LossReason::Untrusted { .. }), "{what}: {reason:?}");
    }
    assert_eq!(fake.with(|inner| inner.logins), 0, "nothing was told to any of them");

    let mut desk = open_with(at("localhost", Some(&authority)));
    desk.connected().await;
    fake.begins(json!({}));
    desk.until(Kind::Ringing, Some(OWN)).await;
}
