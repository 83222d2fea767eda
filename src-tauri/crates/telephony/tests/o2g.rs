//! The O2G adapter over real sockets, against a server that speaks as ALE's public client expects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::result_large_err, missing_docs)]

#[path = "common/desk.rs"]
mod desk;

use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use desk::Desk;
use futures::StreamExt;
use guichet_domain::call::{CallCause, CallEventKind as Kind, CallState, Direction};
use guichet_telephony::{
    Action, ActionError, Attachment, LossReason,
    o2g::{O2g, O2gConfig},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{net::TcpListener, sync::broadcast};

const OWN: &str = "6001";
const CALLER: &str = "0612340013";
const LOGIN: &str = "oxe6001";
/// What the server calls itself. Nothing is ever to be sent there.
const ELSEWHERE: &str = "https://o2g-public.example";

#[derive(Debug, Clone)]
struct OneCall {
    state: &'static str,
    number: String,
    name: String,
    pilot: Option<String>,
    attached: Option<String>,
    anonymous: bool,
}

#[derive(Default)]
struct Inner {
    calls: BTreeMap<String, OneCall>,
    serial: u32,
    logins: u32,
    keep_alives: u32,
    streams: u32,
    closed: bool,
    asked: Vec<(String, Value)>,
    away: bool,
    expired: bool,
    ignores: bool,
    strayed: bool,
}

#[derive(Clone)]
struct Fake {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    out: broadcast::Sender<String>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            inner: Arc::default(),
            out: broadcast::channel(256).0,
        };
        let app = Router::new()
            .route("/api/rest", get(versions))
            .route("/api/rest/authenticate", get(authenticate))
            .route("/api/rest/1.0/sessions", post(open).delete(close))
            .route("/api/rest/1.0/sessions/keepalive", post(keep_alive))
            .route("/api/rest/1.0/subscriptions", post(subscribe))
            .route("/api/rest/1.0/notif/7", post(stream))
            .route("/api/rest/1.0/telephony/calls", get(list).post(make))
            .route("/api/rest/1.0/telephony/calls/{ref}/{what}", post(act))
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

    fn line(&self, event: &Value) {
        let _ = self.out.send(format!("{event}\n"));
    }

    fn call(&self, call_ref: &str) -> Option<Value> {
        let call = self.with(|inner| inner.calls.get(call_ref).cloned())?;
        Some(json!({
            "callRef": call_ref,
            "callData": {
                "state": call.state, "anonymous": call.anonymous, "hexaBinaryAssociatedData": call.attached,
                "acdCallData": call.pilot.map(|pilot| json!({ "pilotNumber": pilot })),
            },
            "legs": [{ "deviceId": OWN, "state": call.state, "ringingRemote": false }],
            "participants": [
                { "participantId": OWN, "identity": { "id": { "loginName": LOGIN, "phoneNumber": OWN } } },
                { "participantId": call.number, "identity": {
                    "id": { "phoneNumber": call.number }, "firstName": "", "lastName": call.name } },
            ],
        }))
    }

    fn begins(&self, call: OneCall) -> String {
        let call_ref = self.with(|inner| {
            inner.serial += 1;
            let call_ref = format!("00de1b{:02}", inner.serial);
            inner.calls.insert(call_ref.clone(), call);
            call_ref
        });
        let mut event = self.call(&call_ref).unwrap();
        event["eventName"] = json!("OnCallCreated");
        event["loginName"] = json!(LOGIN);
        self.line(&event);
        call_ref
    }

    fn rings(&self, pilot: Option<&str>) -> String {
        self.begins(OneCall {
            state: "RINGING_INCOMING",
            number: CALLER.to_owned(),
            name: "Claire Fontaine".to_owned(),
            pilot: pilot.map(str::to_owned),
            attached: None,
            anonymous: false,
        })
    }

    fn moves(&self, call_ref: &str, state: &'static str, cause: Option<&str>) {
        self.with(|inner| {
            if let Some(call) = inner.calls.get_mut(call_ref) {
                call.state = state;
            }
        });
        self.line(&json!({
            "eventName": "OnCallModified", "loginName": LOGIN, "callRef": call_ref, "cause": cause,
            "modifiedLegs": [{ "deviceId": OWN, "state": state }],
        }));
    }

    fn ends(&self, call_ref: &str, cause: &str) {
        self.with(|inner| inner.calls.remove(call_ref));
        self.line(&json!({ "eventName": "OnCallRemoved", "loginName": LOGIN, "callRef": call_ref, "cause": cause }));
    }

    fn in_state(&self, state: &str) -> Option<String> {
        self.with(|inner| {
            let found = inner.calls.iter().find(|(_, call)| call.state == state);
            found.map(|(call_ref, _)| call_ref.clone())
        })
    }

    fn check(&self, headers: &HeaderMap, what: &str, body: &Bytes) -> Result<Value, Response> {
        let cookie = headers
            .get("cookie")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        self.with(|inner| {
            let good = cookie.contains(&format!("AlcUserId=credential-{}", inner.logins)) && !inner.expired;
            if good {
                inner.asked.push((what.to_owned(), body.clone()));
                Ok(body)
            } else {
                let error = json!({ "httpStatus": "UNAUTHORIZED", "helpMessage": "Session is over" });
                Err((StatusCode::UNAUTHORIZED, Json(error)).into_response())
            }
        })
    }
}

async fn versions(State(fake): State<Fake>) -> Response {
    if fake.with(|inner| inner.away) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    Json(json!({
        "serverInfo": { "productName": "O2G" },
        "versions": [
            { "id": "0.9", "status": "DEPRECATED", "publicUrl": format!("{ELSEWHERE}/old") },
            { "id": "1.0", "status": "CURRENT", "publicUrl": format!("{ELSEWHERE}/api/rest/authenticate?version=1.0") },
        ],
    }))
    .into_response()
}

async fn authenticate(State(fake): State<Fake>, headers: HeaderMap) -> Response {
    // "oxe6001:s3cret"
    if headers["authorization"] != "Basic b3hlNjAwMTpzM2NyZXQ=" {
        let error = json!({ "httpStatus": "UNAUTHORIZED", "helpMessage": "Bad credentials" });
        return (StatusCode::UNAUTHORIZED, Json(error)).into_response();
    }
    let login = fake.with(|inner| {
        inner.logins += 1;
        inner.expired = false;
        inner.logins
    });
    let said = json!({
        "credential": format!("credential-{login}"), "publicUrl": format!("{ELSEWHERE}/api/rest/1.0/sessions"),
        "internalUrl": "https://10.0.0.1/api/rest/1.0/sessions",
    });
    let cookie = format!("AlcUserId=credential-{login}; Path=/; Secure; HttpOnly");
    ([(SET_COOKIE, cookie)], Json(said)).into_response()
}

async fn open(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Response> {
    let body = fake.check(&headers, "POST sessions", &body)?;
    assert_eq!(body["applicationName"], "Guichet");
    Ok(Json(json!({
        "admin": false, "login": LOGIN, "timeToLive": 60, "publicBaseUrl": format!("{ELSEWHERE}/api/rest/1.0"),
        "services": [{ "serviceName": "Telephony", "relativeUrl": "/telephony" }],
    })))
}

async fn close(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Response> {
    fake.check(&headers, "DELETE sessions", &body)?;
    fake.with(|inner| inner.closed = true);
    Ok(StatusCode::NO_CONTENT)
}

async fn keep_alive(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Response> {
    fake.check(&headers, "POST keepalive", &body)?;
    fake.with(|inner| inner.keep_alives += 1);
    Ok(StatusCode::NO_CONTENT)
}

async fn subscribe(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Response> {
    let body = fake.check(&headers, "POST subscriptions", &body)?;
    assert_eq!(
        body["filter"]["selectors"],
        json!([{ "ids": [LOGIN], "names": ["telephony"] }])
    );
    assert_eq!(body["version"], "1.0");
    let url = format!("{ELSEWHERE}/api/rest/1.0/notif/7");
    Ok(Json(
        json!({ "subscriptionId": "7", "status": "ACCEPTED", "publicPollingUrl": url }),
    ))
}

async fn stream(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<Response, Response> {
    fake.check(&headers, "POST notif", &body)?;
    fake.with(|inner| inner.streams += 1);
    let out = fake.out.subscribe();
    let lines = futures::stream::unfold(out, |mut out| async {
        let line = out.recv().await.ok().filter(|line| line != "cut")?;
        Some((line.into_bytes(), out))
    });
    // In two pieces: a line may be cut anywhere.
    let pieces = lines.flat_map(|line| {
        let (first, rest) = line.split_at(line.len() / 2);
        futures::stream::iter([first.to_vec(), rest.to_vec()].map(Ok::<_, std::io::Error>))
    });
    Ok(Body::from_stream(pieces).into_response())
}

async fn list(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Response> {
    fake.check(&headers, "GET calls", &body)?;
    let refs: Vec<String> = fake.with(|inner| inner.calls.keys().cloned().collect());
    let calls: Vec<Value> = refs.iter().filter_map(|call_ref| fake.call(call_ref)).collect();
    Ok(Json(json!({ "calls": calls })))
}

async fn make(State(fake): State<Fake>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Response> {
    let body = fake.check(&headers, "POST calls", &body)?;
    assert_eq!(body["deviceId"], OWN);
    let callee = body["callee"].as_str().unwrap().to_owned();
    if callee == "7999" {
        let error = json!({
            "httpStatus": "BAD_REQUEST", "telephony": { "errorType": "CALL_SERVER_ERROR", "errorCause": "INVALID_DESTINATION" },
        });
        return Err((StatusCode::BAD_REQUEST, Json(error)).into_response());
    }
    if fake.with(|inner| inner.ignores) {
        return Ok(StatusCode::OK);
    }
    if let Some(active) = fake.in_state("ACTIVE") {
        fake.moves(&active, "HELD", None);
    }
    let call = fake.begins(OneCall {
        state: "RINGING_OUTGOING",
        number: callee.clone(),
        name: "DSI".to_owned(),
        pilot: None,
        attached: body["hexaBinaryAssociatedData"].as_str().map(str::to_owned),
        anonymous: false,
    });
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        match callee.as_str() {
            "7001" => {}
            // The tone is heard until somebody does something.
            "7003" => fake.moves(&call, "RELEASING", Some("BUSY")),
            _ => fake.moves(&call, "ACTIVE", None),
        }
    });
    Ok(StatusCode::OK)
}

async fn act(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Path((call_ref, what)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Response> {
    let body = fake.check(&headers, &what, &body)?;
    if fake.with(|inner| !inner.calls.contains_key(&call_ref)) {
        let error = json!({ "telephony": { "errorType": "CALL_REFERENCE_NOT_FOUND" } });
        return Err((StatusCode::NOT_FOUND, Json(error)).into_response());
    }
    if fake.with(|inner| inner.ignores) {
        return Ok(StatusCode::OK);
    }
    match what.as_str() {
        "answer" | "retrieve" => fake.moves(&call_ref, "ACTIVE", None),
        "hold" => fake.moves(&call_ref, "HELD", None),
        "transfer" => {
            let held = body["heldCallRef"].as_str().unwrap();
            assert_eq!(fake.in_state("HELD").as_deref(), Some(held));
            fake.ends(&call_ref, "TRANSFERRED");
            fake.ends(held, "TRANSFERRED");
        }
        "reconnect" => {
            let enquiry = body["enquiryCallRef"].as_str().unwrap();
            assert_ne!(enquiry, call_ref);
            fake.ends(enquiry, "CLEARED");
            fake.moves(&call_ref, "ACTIVE", None);
        }
        "blindtransfer" => fake.ends(&call_ref, "TRANSFERRED"),
        "attachdata" => {
            let hexa = body["hexaBinaryAssociatedData"].as_str().unwrap().to_owned();
            fake.with(|inner| inner.calls.get_mut(&call_ref).unwrap().attached = Some(hexa));
        }
        other => panic!("{other}"),
    }
    Ok(StatusCode::OK)
}

fn config(fake: &Fake) -> O2gConfig {
    let url = format!("http://{}", fake.address).parse().unwrap();
    O2gConfig {
        effect_timeout: Duration::from_millis(600),
        connect_timeout: Duration::from_millis(1500),
        keep_alive: Duration::from_millis(200),
        shortest_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        ..O2gConfig::new("oxe", url, LOGIN, SecretString::from("s3cret".to_owned()), OWN)
    }
}

fn open_with(config: O2gConfig) -> Desk {
    let (tell, updates) = tokio::sync::mpsc::channel(256);
    Desk::new(Box::new(O2g::start(config, tell)), OWN, updates)
}

async fn desk() -> (Fake, Desk) {
    let fake = Fake::start().await;
    let desk = open_with(config(&fake));
    desk.connected().await;
    (fake, desk)
}

/// A technician in conversation with a caller: the server, the desk, the call's reference.
async fn talking() -> (Fake, Desk, String) {
    let (fake, mut desk) = desk().await;
    let call = fake.rings(Some("3000"));
    desk.until(Kind::Ringing, Some(OWN)).await;
    desk.answer(&call).await.unwrap();
    desk.settle().await;
    (fake, desk, call)
}

#[tokio::test]
async fn a_call_rings_is_answered_held_and_ends() {
    let (fake, mut desk, call) = talking().await;
    assert_eq!(desk.kinds(), [Kind::Ringing, Kind::Answered]);
    let known = desk.call();
    assert_eq!(known.remote.e164.as_deref(), Some("+33612340013"));
    assert_eq!(known.remote.name.as_deref(), Some("Claire Fontaine"));
    assert_eq!(known.queue.as_deref(), Some("3000"), "the pilot it came through");
    desk.hold(&call, true).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Held);
    desk.hold(&call, false).await.unwrap();
    fake.ends(&call, "CLEARED");
    assert_eq!(desk.until(Kind::Ended, None).await.cause, Some(CallCause::Normal));
}

#[tokio::test]
async fn a_hot_transfer_first_does_not_answer_second_does() {
    let (fake, mut desk, call) = talking().await;
    desk.consult(&call, "7001").await.unwrap();
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Consulting);
    assert_eq!(
        desk.complete(&call).await,
        Err(ActionError::NotPossible),
        "nobody is there yet"
    );
    desk.cancel(&call).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered);
    assert!(!desk.kinds().contains(&Kind::ConsultFailed));
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    desk.complete(&call).await.unwrap();
    desk.until(Kind::Transferred, Some("7002")).await;
    assert_eq!(desk.until(Kind::Ended, None).await.cause, Some(CallCause::Unseen));
    assert!(desk.call().transferred_at.is_some());
    let names: Vec<String> = fake.with(|inner| inner.asked.iter().map(|(what, _)| what.clone()).collect());
    assert!(names.contains(&"reconnect".to_owned()) && names.contains(&"transfer".to_owned()));
}

#[tokio::test]
async fn the_tone_of_a_busy_line_is_a_failed_consultation_and_is_given_up_with_it() {
    let (fake, mut desk, call) = talking().await;
    desk.consult(&call, "7003").await.unwrap();
    let failed = desk.until(Kind::ConsultFailed, Some("7003")).await;
    assert_eq!(failed.cause, Some(CallCause::Busy));
    assert_eq!(desk.complete(&call).await, Err(ActionError::NotPossible));
    let tone = fake.in_state("RELEASING").unwrap();
    desk.cancel(&call).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered);
    let (_, body) = fake.with(|inner| {
        inner
            .asked
            .iter()
            .find(|(what, _)| what == "reconnect")
            .cloned()
            .unwrap()
    });
    assert_eq!(body["enquiryCallRef"], json!(tone));
}

#[tokio::test]
async fn a_transfer_made_at_the_telephone_itself_is_known_by_its_cause() {
    let (fake, mut desk, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    let enquiry = fake.in_state("ACTIVE").unwrap();
    fake.ends(&call, "TRANSFERRED");
    fake.ends(&enquiry, "TRANSFERRED");
    desk.until(Kind::Transferred, Some("7002")).await;
}

#[tokio::test]
async fn the_caller_who_hangs_up_during_the_consultation_is_said_and_nothing_was_transferred() {
    let (fake, mut desk, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    fake.ends(&call, "CLEARED");
    desk.until(Kind::Ended, None).await;
    assert!(!desk.kinds().contains(&Kind::Transferred));
}

#[tokio::test]
async fn what_is_accepted_and_ignored_is_found_out_and_refusals_say_why() {
    let (fake, mut desk, call) = talking().await;
    let message = "INVALID_DESTINATION".to_owned();
    assert_eq!(desk.consult(&call, "7999").await, Err(ActionError::Refused { message }));
    fake.with(|inner| inner.ignores = true);
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NoEffect));
    assert_eq!(desk.blind(&call, "7002").await, Err(ActionError::NoEffect));
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered);
    fake.with(|inner| inner.ignores = false);
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    fake.with(|inner| inner.ignores = true);
    assert_eq!(desk.complete(&call).await, Err(ActionError::NoEffect));
    fake.with(|inner| inner.ignores = false);
    assert_eq!(
        desk.consult(&call, "7002/../answer").await,
        Err(ActionError::Invalid("the number"))
    );
}

#[tokio::test]
async fn a_blind_transfer_is_done_when_the_telephone_has_left() {
    let (_fake, mut desk, call) = talking().await;
    desk.blind(&call, "7002").await.unwrap();
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Unseen));
    assert!(!desk.kinds().contains(&Kind::Transferred), "nobody saw it answered");
}

#[tokio::test]
async fn a_call_that_a_transfer_renames_stays_the_same() {
    let (fake, mut desk) = desk().await;
    let call = fake.begins(OneCall {
        state: "RINGING_INCOMING",
        number: "6002".to_owned(),
        name: "Collègue".to_owned(),
        pilot: None,
        attached: None,
        anonymous: false,
    });
    desk.until(Kind::Ringing, None).await;
    fake.moves(&call, "ACTIVE", None);
    desk.until(Kind::Answered, None).await;
    // The colleague hands the caller over: another reference, other participants, and no word of the former one's end.
    fake.line(&json!({
        "eventName": "OnCallModified", "loginName": LOGIN, "callRef": "00ffff01", "previousCallRef": call,
        "cause": "TRANSFERRED", "modifiedLegs": [{ "deviceId": OWN, "state": "ACTIVE" }],
        "addedParticipants": [{ "participantId": CALLER, "identity": { "id": { "phoneNumber": CALLER } } }],
        "removedParticipants": ["6002"],
    }));
    fake.ends("00ffff01", "CLEARED");
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.conversation_id, "00ffff01");
    assert_eq!(end.previous_ids, [call]);
    assert_eq!(end.remote.raw, CALLER);
    assert_eq!(desk.call().state, CallState::Ended);
}

#[tokio::test]
async fn the_ticket_travels_as_32_bytes_at_most() {
    let (fake, mut desk, call) = talking().await;
    let attach = |value: &str| Action::Attach {
        conversation: call.clone(),
        attachment: Attachment::new("TICKET", value).unwrap(),
    };
    desk.pbx.act(attach("4821")).await.unwrap();
    let too_long = desk.pbx.act(attach("12345678901234567890")).await;
    assert_eq!(too_long, Err(ActionError::Invalid("the attached value")));
    let hexa = fake.with(|inner| inner.calls[&call].attached.clone().unwrap());
    // The desk it reaches.
    let (other, mut dsi) = self::desk().await;
    other.begins(OneCall {
        state: "RINGING_INCOMING",
        number: OWN.replace('1', "2"),
        name: String::new(),
        pilot: None,
        attached: Some(hexa),
        anonymous: false,
    });
    assert_eq!(dsi.until(Kind::Ringing, None).await.user_data["GUICHET_TICKET"], "4821");
    desk.settle().await;
}

#[tokio::test]
async fn click_to_call_is_dialled_and_answered() {
    let (fake, mut desk) = desk().await;
    let dial = Action::Dial {
        device: OWN.to_owned(),
        number: "06 12 34 00 13".to_owned(),
        attachments: vec![Attachment::new("TICKET", "4821").unwrap()],
    };
    desk.pbx.act(dial.clone()).await.unwrap();
    let answered = desk.until(Kind::Answered, Some(OWN)).await;
    assert_eq!(answered.direction, Direction::Outbound);
    assert_eq!(answered.remote.raw, "0612340013");
    assert_eq!(answered.user_data["GUICHET_TICKET"], "4821");
    // With somebody on the line it would be a consultation.
    assert_eq!(desk.pbx.act(dial).await, Err(ActionError::NotPossible));
    assert_eq!(fake.with(|inner| inner.calls.len()), 1);
}

#[tokio::test]
async fn a_hidden_caller_is_anonymous_and_a_call_taken_elsewhere_is_not_missed() {
    let (fake, mut desk) = desk().await;
    let call = fake.begins(OneCall {
        state: "RINGING_INCOMING",
        number: CALLER.to_owned(),
        name: String::new(),
        pilot: None,
        attached: None,
        anonymous: true,
    });
    assert!(desk.until(Kind::Ringing, None).await.remote.anonymous);
    fake.ends(&call, "ABANDONED");
    let missed = desk.until(Kind::Missed, None).await;
    assert_eq!((missed.cause, missed.device), (Some(CallCause::Abandoned), None));
    for (cause, why) in [
        ("PICKED_UP", CallCause::AnsweredElsewhere),
        ("OVERFLOWN", CallCause::Unseen),
    ] {
        let call = fake.rings(None);
        desk.until(Kind::Ringing, None).await;
        fake.ends(&call, cause);
        assert_eq!(desk.until(Kind::Ended, None).await.cause, Some(why));
    }
}

#[tokio::test]
async fn the_stream_is_closed_now_and_then_and_what_was_missed_is_read() {
    let (fake, mut desk, call) = talking().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let streams = fake.with(|inner| {
        inner.calls.clear();
        inner.streams
    });
    fake.out.send("cut".to_owned()).unwrap();
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Unseen));
    assert_eq!(end.conversation_id, call);
    assert!(fake.with(|inner| inner.streams) > streams);
    assert_eq!(fake.with(|inner| inner.logins), 1, "the session goes on");
    assert!(desk.pbx.state().borrow().is_connected());
}

#[tokio::test]
async fn a_session_that_ended_is_seen_and_opened_again_and_the_call_goes_on() {
    let (fake, mut desk, call) = talking().await;
    fake.with(|inner| {
        inner.expired = true;
        inner.away = true;
    });
    assert!(matches!(desk.lost().await, LossReason::Closed { .. }));
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NotConnected));
    fake.with(|inner| inner.away = false);
    desk.connected().await;
    desk.settle().await;
    assert_eq!(desk.kinds(), [Kind::Ringing, Kind::Answered], "nothing is said twice");
    assert!(desk.rereads >= 2);
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
}

#[tokio::test]
async fn the_session_is_kept_alive_and_closed_at_the_end() {
    let (fake, desk) = desk().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert!(fake.with(|inner| inner.keep_alives) >= 2);
    desk.pbx.stop().await;
    assert!(fake.with(|inner| inner.closed));
}

#[tokio::test]
async fn who_is_refused_is_told_so_and_what_is_no_o2g_as_well() {
    let fake = Fake::start().await;
    let wrong = O2gConfig {
        password: SecretString::from("hunter2".to_owned()),
        ..config(&fake)
    };
    assert!(!format!("{wrong:?}").contains("hunter2"));
    let message = "Bad credentials".to_owned();
    assert_eq!(open_with(wrong).lost().await, LossReason::Refused { message });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut other = config(&fake);
    other.url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new()).await });
    assert!(matches!(open_with(other).lost().await, LossReason::NotAPbx { .. }));
}

#[tokio::test]
async fn rubbish_others_calls_and_other_telephones_are_passed_over_and_a_reference_leads_nowhere_else() {
    let (fake, mut desk) = desk().await;
    for line in [
        "\n",
        "{\n",
        "[1]\n",
        "{\"eventName\":7}\n",
        "{\"eventName\":\"OnCallCreated\"}\n",
    ] {
        fake.out.send(line.to_owned()).unwrap();
    }
    let ring = |login: &str, device: &str, call_ref: &str| {
        json!({
            "eventName": "OnCallCreated", "loginName": login, "callRef": call_ref,
            "legs": [{ "deviceId": device, "state": "RINGING_INCOMING" }],
        })
    };
    fake.line(&ring("oxe6002", OWN, "a1"));
    fake.line(&ring(LOGIN, "6099", "a2"));
    fake.line(&ring(LOGIN, OWN, "a3/../../sessions?x="));
    let heard = desk.until(Kind::Ringing, None).await;
    desk.settle().await;
    assert_eq!(desk.kinds(), [Kind::Ringing]);
    assert_eq!(desk.answer(&heard.conversation_id).await, Err(ActionError::NoSuchLeg));
    assert!(!fake.with(|inner| inner.strayed));
}
