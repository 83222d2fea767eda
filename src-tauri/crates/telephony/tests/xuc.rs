//! The xuc adapter over real sockets, against a server that speaks as XiVO's documentation says.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "common/desk.rs"]
mod desk;

use axum::{
    Json, Router,
    extract::{
        Query, State,
        ws::{Message, WebSocket, WebSocketUpgrade},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use desk::Desk;
use guichet_domain::call::{CallCause, CallEventKind as Kind, CallState, Direction, LineState};
use guichet_telephony::{
    Action, ActionError, Attachment, LossReason,
    xuc::{Xuc, XucConfig},
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Answers,
    Rings,
    Busy,
}

#[derive(Debug, Clone)]
struct OneCall {
    unique: String,
    linked: String,
    state: &'static str,
    other: String,
    name: String,
    queue: String,
    way: &'static str,
    data: BTreeMap<String, String>,
}

impl OneCall {
    fn event(&self) -> Value {
        json!({
            "eventType": self.state, "DN": OWN, "otherDN": self.other, "otherDName": self.name, "linkedId": self.linked,
            "uniqueId": self.unique, "queueName": self.queue, "callDirection": self.way, "userData": self.data,
        })
    }
}

#[derive(Default)]
struct Inner {
    calls: Vec<OneCall>,
    serial: u32,
    tokens: BTreeSet<String>,
    logins: u32,
    commands: Vec<Value>,
    targets: BTreeMap<String, Target>,
    hints: BTreeMap<String, i64>,
    subscribed: BTreeSet<String>,
    /// It accepts transfers and does nothing.
    ignores: bool,
    /// It answers nothing at all.
    mute: bool,
    /// It is switched off for a while.
    away: bool,
    /// It does not know the command for what is on the telephone.
    old: bool,
}

/// The server.
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
            .route("/xuc/api/2.0/auth/login", post(login))
            .route("/xuc/api/2.0/cti", get(cti))
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        fake
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    fn say(&self, kind: &str, body: &Value) {
        let _ = self
            .out
            .send(json!({ "msgType": kind, "ctiMessage": body }).to_string());
    }

    /// A call of the telephone comes to this state.
    fn moves(&self, unique: &str, state: &'static str) {
        let event = self.with(|inner| {
            let call = inner.calls.iter_mut().find(|call| call.unique == unique)?;
            call.state = state;
            let event = call.event();
            inner.calls.retain(|call| call.state != "EventReleased");
            Some(event)
        });
        if let Some(event) = event {
            self.say("PhoneEvent", &event);
        }
    }

    fn begins(
        &self,
        other: &str,
        name: &str,
        queue: &str,
        way: &'static str,
        data: BTreeMap<String, String>,
    ) -> String {
        let unique = self.with(|inner| {
            inner.serial += 1;
            let unique = format!("1795327{}.{}", inner.serial, inner.serial);
            inner.calls.push(OneCall {
                unique: unique.clone(),
                linked: format!("{unique}-l"),
                state: "EventRinging",
                other: other.to_owned(),
                name: name.to_owned(),
                queue: queue.to_owned(),
                way,
                data,
            });
            unique
        });
        let state = if way == "Outgoing" {
            "EventDialing"
        } else {
            "EventRinging"
        };
        self.moves(&unique, state);
        unique
    }

    /// Somebody calls the technician.
    fn rings(&self, queue: &str) -> String {
        let data = BTreeMap::from([("XIVO_SRCNUM".to_owned(), CALLER.to_owned())]);
        self.begins(CALLER, "Claire Fontaine", queue, "Incoming", data)
    }

    fn hint(&self, number: &str, status: i64) {
        let subscribed = self.with(|inner| {
            inner.hints.insert(number.to_owned(), status);
            inner.subscribed.contains(number)
        });
        if subscribed {
            self.say("PhoneHintStatusEvent", &json!({ "number": number, "status": status }));
        }
    }

    fn in_state(&self, states: &[&str]) -> Vec<OneCall> {
        self.with(|inner| {
            let calls = inner.calls.iter().filter(|call| states.contains(&call.state));
            calls.cloned().collect()
        })
    }

    /// Closes every connection.
    fn cut(&self) {
        let _ = self.out.send("cut".to_owned());
    }

    async fn obey(&self, command: &Value) {
        let name = command["command"].as_str().unwrap_or_default().to_owned();
        let destination = command["destination"].as_str().unwrap_or_default().to_owned();
        if self.with(|inner| inner.ignores) && name.ends_with("Transfer") {
            return;
        }
        match name.as_str() {
            "getCurrentCallsPhoneEvents" if !self.with(|inner| inner.old) => {
                let events: Vec<Value> = self.with(|inner| inner.calls.iter().map(OneCall::event).collect());
                self.say("CurrentCallsPhoneEvents", &json!({ "events": events }));
            }
            "subscribeToPhoneHints" => {
                for number in command["phoneNumbers"].as_array().unwrap() {
                    let number = number.as_str().unwrap();
                    let known = self.with(|inner| {
                        inner.subscribed.insert(number.to_owned());
                        inner.hints.get(number).copied()
                    });
                    if let Some(status) = known {
                        self.hint(number, status);
                    }
                }
            }
            "answer" => {
                let ringing = self.in_state(&["EventRinging"]);
                self.moves(&ringing[0].unique, "EventEstablished");
            }
            // The same command puts on hold and takes off it.
            "hold" => {
                let calls = self.in_state(&["EventEstablished", "EventOnHold"]);
                let on = calls[0].state == "EventEstablished";
                self.moves(&calls[0].unique, if on { "EventOnHold" } else { "EventEstablished" });
            }
            "dial" => {
                let variables = command["variables"].as_object().unwrap().clone();
                let data = variables
                    .iter()
                    .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()));
                let call = self.begins(&destination, "", "", "Outgoing", data.collect());
                self.moves(&call, "EventEstablished");
            }
            "setData" => {
                let variables = command["variables"].as_object().unwrap().clone();
                self.with(|inner| {
                    for call in &mut inner.calls {
                        for (key, value) in &variables {
                            call.data.insert(key.clone(), value.as_str().unwrap().to_owned());
                        }
                    }
                });
            }
            "attendedTransfer" => {
                let target = self.with(|inner| inner.targets.get(&destination).copied());
                let Some(target) = target else {
                    self.say("Error", &json!({ "Error": "no such destination" }));
                    return;
                };
                let main = self.in_state(&["EventEstablished"]);
                self.moves(&main[0].unique, "EventOnHold");
                let call = self.begins(&destination, "DSI", "", "Outgoing", BTreeMap::new());
                match target {
                    Target::Rings => self.hint(&destination, 8),
                    Target::Busy => self.moves(&call, "EventReleased"),
                    Target::Answers => {
                        self.hint(&destination, 8);
                        let later = self.clone();
                        tokio::spawn(async move {
                            tokio::time::sleep(Duration::from_millis(60)).await;
                            later.hint(&destination, 2);
                            later.moves(&call, "EventEstablished");
                        });
                    }
                }
            }
            "cancelTransfer" => {
                for call in self.in_state(&["EventDialing", "EventEstablished"]) {
                    self.hint(&call.other, 0);
                    self.moves(&call.unique, "EventReleased");
                }
                for call in self.in_state(&["EventOnHold"]) {
                    self.moves(&call.unique, "EventEstablished");
                }
            }
            "completeTransfer" => {
                for call in self.in_state(&["EventEstablished", "EventOnHold"]) {
                    self.moves(&call.unique, "EventReleased");
                }
            }
            "directTransfer" => {
                let main = self.in_state(&["EventEstablished"]);
                self.moves(&main[0].unique, "EventReleased");
                let later = self.clone();
                tokio::spawn(async move {
                    later.hint(&destination, 8);
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    later.hint(&destination, 2);
                });
            }
            _ => {}
        }
    }
}

async fn login(State(fake): State<Fake>, Json(account): Json<Value>) -> Response {
    let token = fake.with(|inner| {
        inner.logins += 1;
        let token = format!("token-{}&x=é", inner.logins);
        // Each login makes the former token worthless.
        inner.tokens = BTreeSet::from([token.clone()]);
        (!inner.away).then_some(token)
    });
    let Some(token) = token else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    if account["login"] != "nleroux" || account["password"] != "s3cret" {
        let error = json!({ "error": "InvalidCredentials", "message": "Invalid username or password" });
        return (StatusCode::FORBIDDEN, Json(error)).into_response();
    }
    Json(json!({ "login": "nleroux", "token": token, "TTL": 3600 })).into_response()
}

async fn cti(
    State(fake): State<Fake>,
    Query(query): Query<BTreeMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !fake.with(|inner| inner.tokens.contains(query.get("token").map_or("", String::as_str))) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    upgrade.on_upgrade(|socket| serve(fake, socket))
}

async fn serve(fake: Fake, mut socket: WebSocket) {
    let mut out = fake.out.subscribe();
    if fake.with(|inner| inner.mute) {
        std::future::pending::<()>().await;
    }
    let hello = json!({ "msgType": "LoggedOn", "ctiMessage": {} }).to_string();
    socket.send(Message::text(hello)).await.unwrap();
    loop {
        tokio::select! {
            text = out.recv() => match text {
                Ok(text) if text != "cut" => {
                    if socket.send(Message::text(text)).await.is_err() { return; }
                }
                _ => return,
            },
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    let command: Value = serde_json::from_str(&text).unwrap();
                    if command["claz"] == "ping" {
                        socket.send(Message::text(r#"{"claz":"ping"}"#)).await.unwrap();
                        continue;
                    }
                    assert_eq!(command["claz"], "web");
                    fake.with(|inner| inner.commands.push(command.clone()));
                    fake.obey(&command).await;
                }
                Some(Ok(_)) => {}
                _ => return,
            },
        }
    }
}

fn config(fake: &Fake) -> XucConfig {
    let url = format!("http://{}", fake.address).parse().unwrap();
    XucConfig {
        watched: BTreeSet::from(["7002".to_owned()]),
        effect_timeout: Duration::from_millis(600),
        connect_timeout: Duration::from_millis(1500),
        shortest_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        ..XucConfig::new("xivo", url, "nleroux", SecretString::from("s3cret".to_owned()), OWN)
    }
}

async fn open_with(config: XucConfig) -> Desk {
    let (tell, updates) = tokio::sync::mpsc::channel(256);
    Desk::new(Box::new(Xuc::start(config, tell)), OWN, updates)
}

async fn desk() -> (Fake, Desk) {
    let fake = Fake::start().await;
    fake.with(|inner| {
        inner.targets = BTreeMap::from([
            ("7001".to_owned(), Target::Rings),
            ("7002".to_owned(), Target::Answers),
            ("7003".to_owned(), Target::Busy),
        ]);
        inner.hints.insert("7002".to_owned(), 0);
    });
    let desk = open_with(config(&fake)).await;
    desk.connected().await;
    (fake, desk)
}

/// A technician in conversation with a caller.
async fn talking() -> (Fake, Desk, String, String) {
    let (fake, mut desk) = desk().await;
    let unique = fake.rings("support");
    let ring = desk.until(Kind::Ringing, Some(OWN)).await;
    desk.answer(&ring.conversation_id).await.unwrap();
    desk.settle().await;
    (fake, desk, unique, ring.conversation_id)
}

#[tokio::test]
async fn a_call_rings_is_answered_held_and_ends() {
    let (fake, mut desk, unique, call) = talking().await;
    assert_eq!(desk.kinds(), [Kind::Ringing, Kind::Answered]);
    let known = desk.call();
    assert_eq!(known.remote.e164.as_deref(), Some("+33612340013"));
    assert_eq!(known.remote.name.as_deref(), Some("Claire Fontaine"));
    assert_eq!(known.queue.as_deref(), Some("support"));
    assert_eq!(known.device.as_deref(), Some(OWN));
    desk.hold(&call, true).await.unwrap();
    // The server's command is a toggle: holding twice would resume.
    assert_eq!(desk.hold(&call, true).await, Err(ActionError::NotPossible));
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Held);
    desk.hold(&call, false).await.unwrap();
    fake.moves(&unique, "EventReleased");
    desk.until(Kind::Ended, None).await;
    assert_eq!(desk.state(), CallState::Ended);
}

#[tokio::test]
async fn a_hot_transfer_first_does_not_answer_second_does() {
    let (fake, mut desk, _, call) = talking().await;
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
    assert!(
        !desk.kinds().contains(&Kind::ConsultFailed),
        "one's own doing is no failure"
    );
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    desk.complete(&call).await.unwrap();
    desk.until(Kind::Transferred, Some("7002")).await;
    assert_eq!(desk.state(), CallState::Transferred);
    // The other telephone is watched: when it is free again, the call is over.
    fake.hint("7002", 0);
    desk.until(Kind::Ended, None).await;
    assert_eq!(
        desk.tracker.calls().count(),
        1,
        "the consultation's own call is part of it"
    );
    let commands: Vec<String> = fake.with(|inner| {
        let commands = inner.commands.iter().map(|command| command["command"].to_string());
        commands.filter(|name| name.contains("Transfer")).collect()
    });
    assert_eq!(
        commands,
        [
            "\"attendedTransfer\"",
            "\"cancelTransfer\"",
            "\"attendedTransfer\"",
            "\"completeTransfer\""
        ]
    );
}

#[tokio::test]
async fn a_busy_target_leaves_the_caller_waiting_and_completing_is_refused() {
    let (_fake, mut desk, _, call) = talking().await;
    desk.consult(&call, "7003").await.unwrap();
    let failed = desk.until(Kind::ConsultFailed, Some("7003")).await;
    assert!(failed.capabilities.cancel && !failed.capabilities.complete);
    assert_eq!(desk.complete(&call).await, Err(ActionError::NotPossible));
    // Nobody is consulted any more: going back is taking the caller off hold.
    desk.cancel(&call).await.unwrap();
    desk.until(Kind::TransferCancelled, Some(OWN)).await;
    assert_eq!(desk.state(), CallState::Answered);
}

#[tokio::test]
async fn a_server_that_accepts_a_transfer_and_does_nothing_is_found_out() {
    let (fake, mut desk, _, call) = talking().await;
    fake.with(|inner| inner.ignores = true);
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NoEffect));
    assert_eq!(desk.blind(&call, "7002").await, Err(ActionError::NoEffect));
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered, "the call goes on");
    fake.with(|inner| inner.ignores = false);
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    fake.with(|inner| inner.ignores = true);
    assert_eq!(desk.complete(&call).await, Err(ActionError::NoEffect));
    assert!(!desk.kinds().contains(&Kind::Transferred));
}

#[tokio::test]
async fn an_error_of_the_server_refuses_what_was_asked() {
    let (_fake, mut desk, _, call) = talking().await;
    let refused = desk.consult(&call, "7999").await;
    assert_eq!(
        refused,
        Err(ActionError::Refused {
            message: "no such destination".to_owned()
        })
    );
    desk.settle().await;
    assert_eq!(desk.state(), CallState::Answered);
}

#[tokio::test]
async fn commands_carry_no_call_so_that_with_a_second_call_they_are_refused() {
    let (fake, mut desk, _, call) = talking().await;
    fake.begins("0144556677", "", "", "Incoming", BTreeMap::new());
    let other = desk.until(Kind::Ringing, Some(OWN)).await;
    assert_ne!(other.conversation_id, call);
    let asked = fake.with(|inner| inner.commands.len());
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NotPossible));
    assert_eq!(desk.blind(&call, "7002").await, Err(ActionError::NotPossible));
    assert_eq!(desk.hold(&call, true).await, Err(ActionError::NotPossible));
    assert_eq!(desk.answer(&other.conversation_id).await, Err(ActionError::NotPossible));
    let attachment = Attachment::new("TICKET", "4821").unwrap();
    let attach = Action::Attach {
        conversation: call,
        attachment,
    };
    assert_eq!(desk.pbx.act(attach).await, Err(ActionError::NoSuchLeg));
    assert_eq!(fake.with(|inner| inner.commands.len()), asked, "nothing was sent");
}

#[tokio::test]
async fn the_ticket_travels_as_a_user_variable_and_foreign_variables_are_not_taken() {
    let (fake, mut desk, _, call) = talking().await;
    let attachment = Attachment::new("TICKET", "4821").unwrap();
    let conversation = call.clone();
    desk.pbx
        .act(Action::Attach {
            conversation,
            attachment,
        })
        .await
        .unwrap();
    desk.hold(&call, true).await.unwrap();
    let held = desk.until(Kind::Held, None).await;
    assert_eq!(
        held.user_data,
        BTreeMap::from([("GUICHET_TICKET".to_owned(), "4821".to_owned())])
    );
    let sent = fake.with(|inner| {
        inner
            .commands
            .iter()
            .any(|c| c["variables"] == json!({ "USR_GUICHET_TICKET": "4821" }))
    });
    assert!(sent);
    // The desk that is consulted: its telephone rings with what was attached.
    let (other, mut dsi) = self::desk().await;
    let data = BTreeMap::from([("USR_GUICHET_TICKET".to_owned(), "4821".to_owned())]);
    other.begins("6001", "N. Leroux", "", "Incoming", data);
    assert_eq!(dsi.until(Kind::Ringing, None).await.user_data["GUICHET_TICKET"], "4821");
}

#[tokio::test]
async fn a_conversation_renamed_by_a_transfer_stays_the_same_call() {
    let (fake, mut desk) = desk().await;
    let unique = fake.begins("6002", "Collègue", "", "Incoming", BTreeMap::new());
    desk.until(Kind::Ringing, None).await;
    fake.moves(&unique, "EventEstablished");
    let before = desk.until(Kind::Answered, None).await;
    // The colleague completes: the caller is at the other end now, in a conversation of another name.
    fake.with(|inner| {
        inner.calls[0].linked = "1795000.1".to_owned();
        inner.calls[0].other = CALLER.to_owned();
    });
    fake.moves(&unique, "EventEstablished");
    desk.settle().await;
    fake.moves(&unique, "EventReleased");
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.conversation_id, "1795000.1");
    assert!(
        end.previous_ids.contains(&before.conversation_id),
        "{:?}",
        end.previous_ids
    );
    assert_eq!(end.remote.raw, CALLER);
    assert_eq!(desk.tracker.calls().count(), 1);
}

#[tokio::test]
async fn what_rang_here_in_vain_is_missed_only_when_nobody_else_can_have_answered() {
    let (fake, mut desk) = desk().await;
    let unique = fake.rings("support");
    desk.until(Kind::Ringing, None).await;
    fake.moves(&unique, "EventReleased");
    desk.until(Kind::Ended, None).await;
    assert_eq!(desk.state(), CallState::Ended, "from a queue: a colleague may have it");
    let unique = fake.rings("");
    desk.until(Kind::Ringing, None).await;
    fake.moves(&unique, "EventReleased");
    desk.until(Kind::Missed, None).await;
}

#[tokio::test]
async fn the_caller_who_hangs_up_during_the_consultation_is_said_and_nothing_was_transferred() {
    let (fake, mut desk, unique, call) = talking().await;
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    fake.moves(&unique, "EventReleased");
    desk.until(Kind::Ended, None).await;
    assert_eq!(desk.state(), CallState::Ended);
    assert!(!desk.kinds().contains(&Kind::Transferred));
    assert_eq!(desk.complete(&call).await, Err(ActionError::NoSuchLeg));
}

#[tokio::test]
async fn a_blind_transfer_is_followed_on_the_watched_telephone() {
    let (_fake, mut desk, _, call) = talking().await;
    desk.blind(&call, "7002").await.unwrap();
    desk.until(Kind::Transferred, Some("7002")).await;
    assert!(desk.kinds().contains(&Kind::Ringing));
    assert_eq!(desk.state(), CallState::Transferred);
    assert!(
        desk.lines.contains(&("7002".to_owned(), LineState::Ringing)),
        "{:?}",
        desk.lines
    );
}

#[tokio::test]
async fn click_to_call_carries_the_ticket_and_only_a_number() {
    let (fake, mut desk) = desk().await;
    let dial = |number: &str| Action::Dial {
        device: OWN.to_owned(),
        number: number.to_owned(),
        attachments: vec![Attachment::new("TICKET", "4821").unwrap()],
    };
    for number in ["7001@outside", "", "06\",\"command\":\"hangup"] {
        let refused = desk.pbx.act(dial(number)).await;
        assert_eq!(refused, Err(ActionError::Invalid("the number")), "{number}");
    }
    desk.pbx.act(dial("06 12 34 00 13")).await.unwrap();
    let answered = desk.until(Kind::Answered, Some(OWN)).await;
    assert_eq!(answered.direction, Direction::Outbound);
    assert_eq!(answered.remote.raw, "0612340013");
    assert_eq!(answered.user_data["GUICHET_TICKET"], "4821");
    let sent = fake.with(|inner| inner.commands.last().unwrap().clone());
    assert_eq!(sent["destination"], "0612340013");
    assert_eq!(
        desk.pbx.act(dial("0144556677")).await,
        Err(ActionError::NotPossible),
        "in a call"
    );
}

#[tokio::test]
async fn a_lost_connection_is_seen_a_new_token_got_and_what_happened_meanwhile_learnt() {
    let (fake, mut desk, _, call) = talking().await;
    let logins = fake.with(|inner| {
        inner.away = true;
        inner.logins
    });
    fake.cut();
    assert!(matches!(desk.lost().await, LossReason::Closed { .. }));
    assert_eq!(desk.consult(&call, "7002").await, Err(ActionError::NotConnected));
    fake.with(|inner| {
        inner.calls.clear();
        inner.away = false;
    });
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Unseen));
    desk.connected().await;
    assert!(desk.call().times_uncertain);
    assert!(
        fake.with(|inner| inner.logins) > logins,
        "each connection has a token of its own"
    );
}

#[tokio::test]
async fn a_call_goes_on_through_a_cut_and_can_still_be_transferred() {
    let (fake, mut desk, _, call) = talking().await;
    let rereads = desk.rereads;
    fake.cut();
    desk.lost().await;
    desk.connected().await;
    desk.settle().await;
    assert!(desk.rereads > rereads);
    assert_eq!(desk.kinds(), [Kind::Ringing, Kind::Answered], "nothing is said twice");
    desk.consult(&call, "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("7002")).await;
    desk.complete(&call).await.unwrap();
    desk.settle().await;
    assert_eq!(desk.call().state, CallState::Transferred);
}

#[tokio::test]
async fn a_consultation_found_at_a_late_opening_is_one_call() {
    let (fake, mut first, _, call) = talking().await;
    first.consult(&call, "7002").await.unwrap();
    first.until(Kind::ConsultAnswered, Some("7002")).await;
    let mut late = open_with(config(&fake)).await;
    late.connected().await;
    late.settle().await;
    assert_eq!(late.call().state, CallState::Consulting);
    assert!(late.call().times_uncertain);
    late.complete(&call).await.unwrap();
    late.until(Kind::Transferred, Some("7002")).await;
}

#[tokio::test]
async fn an_older_server_that_does_not_tell_what_is_on_the_telephone_ends_no_call() {
    let (fake, mut desk, unique, _) = talking().await;
    fake.with(|inner| inner.old = true);
    let rereads = desk.rereads;
    fake.cut();
    desk.lost().await;
    desk.connected().await;
    desk.settle().await;
    assert_eq!(desk.rereads, rereads, "nothing was read, so nothing is said to be gone");
    assert_eq!(desk.state(), CallState::Answered);
    fake.moves(&unique, "EventReleased");
    desk.until(Kind::Ended, None).await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_a_mute_server_is_silent() {
    let fake = Fake::start().await;
    let wrong = XucConfig {
        password: SecretString::from("hunter2".to_owned()),
        ..config(&fake)
    };
    assert!(!format!("{wrong:?}").contains("hunter2"));
    let desk = open_with(wrong).await;
    let message = "Invalid username or password".to_owned();
    assert_eq!(desk.lost().await, LossReason::Refused { message });
    desk.pbx.stop().await;
    fake.with(|inner| inner.mute = true);
    let mute = open_with(config(&fake)).await;
    assert_eq!(mute.lost().await, LossReason::Silent);
}

#[tokio::test]
async fn what_is_no_xuc_or_is_not_there_is_said() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, Router::new()).await });
    let mut config = config(&Fake::start().await);
    config.url = format!("http://{address}").parse().unwrap();
    let desk = open_with(config.clone()).await;
    let greeting = "HTTP 404".to_owned();
    assert_eq!(desk.lost().await, LossReason::NotAPbx { greeting });
    serving.abort();
    let _ = serving.await;
    let desk = open_with(config.clone()).await;
    assert!(matches!(desk.lost().await, LossReason::Unreachable { .. }));
    config.url = "http://xivo.example".parse().unwrap();
    let desk = open_with(config).await;
    assert!(
        matches!(desk.lost().await, LossReason::Untrusted { .. }),
        "no secret without TLS"
    );
}

#[tokio::test]
async fn rubbish_and_giant_fields_cost_themselves_only() {
    let (fake, mut desk) = desk().await;
    for text in [
        "",
        "{",
        "[]",
        "null",
        r#"{"msgType":"PhoneEvent"}"#,
        r#"{"msgType":"PhoneEvent","ctiMessage":{"eventType":7}}"#,
    ] {
        let _ = fake.out.send(text.to_owned());
    }
    fake.say(
        "PhoneEvent",
        &json!({ "eventType": "EventRinging", "DN": OWN, "otherDN": "1", "linkedId": "", "uniqueId": "" }),
    );
    fake.say(
        "PhoneEvent",
        &json!({ "eventType": "EventRinging", "DN": "6002", "otherDN": "1", "linkedId": "9", "uniqueId": "9" }),
    );
    let long = "9".repeat(50_000);
    let giant = json!({ "eventType": "EventRinging", "DN": OWN, "otherDN": long, "linkedId": "5", "uniqueId": "5" });
    fake.say("PhoneEvent", &giant);
    let ring = desk.until(Kind::Ringing, None).await;
    assert!(ring.remote.raw.len() <= 256);
    assert_eq!(desk.kinds(), [Kind::Ringing], "another telephone's events are not ours");
    let _ = fake.out.send("x".repeat(400_000));
    assert!(matches!(desk.lost().await, LossReason::Closed { .. }));
    desk.connected().await;
}

#[tokio::test]
async fn events_twice_and_late_are_harmless() {
    let (fake, mut desk) = desk().await;
    let unique = fake.rings("");
    fake.moves(&unique, "EventRinging");
    fake.moves(&unique, "EventEstablished");
    fake.moves(&unique, "EventEstablished");
    let late = fake.with(|inner| {
        let mut call = inner.calls[0].clone();
        call.state = "EventRinging";
        call.event()
    });
    fake.say("PhoneEvent", &late);
    fake.moves(&unique, "EventReleased");
    fake.say("PhoneEvent", &late);
    desk.until(Kind::Ended, None).await;
    desk.settle().await;
    assert_eq!(desk.kinds(), [Kind::Ringing, Kind::Answered, Kind::Ended]);
}
