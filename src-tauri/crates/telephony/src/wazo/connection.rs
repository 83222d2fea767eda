//! The connection to a Wazo: a token, websocketd's session, calls and transfers read from calld, then events and requests.

use super::{
    WazoConfig,
    wire::{self, Call, EVENTS, Message, WireTransfer},
};
use crate::{
    action::{Action, ActionError, dialled},
    link::{Connect, End, Link, Reply, Request},
    net::{Server, Socket, refused, words},
    pbx::PbxUpdate,
    state::LossReason,
    station::{Plan, Station, Waiting},
};
use futures::{SinkExt, StreamExt};
use guichet_domain::call::{CallEvent, CallEventKind as Kind};
use jiff::Timestamp;
use reqwest::{Method, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite;

const CALLS: &str = "api/calld/1.0/users/me/calls";
const TRANSFERS: &str = "api/calld/1.0/users/me/transfers";
/// How soon to look again for what is not told yet.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// Most numbers of transfers that are remembered.
const MOST_NUMBERS: usize = 64;

/// A Wazo: its settings, and what the telephone is doing as far as is known, which outlives a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    config: WazoConfig,
    station: Station,
    /// Whom the transfers that were asked for here are to: Wazo does not tell.
    numbers: BTreeMap<String, String>,
}

impl Exchange {
    pub(super) fn new(config: WazoConfig) -> Self {
        // Above every number of an earlier run: its events may still be around.
        let first_seq = Timestamp::now().as_microsecond();
        let station = Station::new(config.source.clone(), &config.region, &config.device, first_seq).with_transfers();
        Self {
            config,
            station,
            numbers: BTreeMap::new(),
        }
    }
}

impl Connect for Exchange {
    type Action = Action;

    async fn session(&mut self, requests: &mut mpsc::Receiver<Request<Action>>, link: &mut Link) -> End {
        let (server, token, socket) = match open(&self.config).await {
            Ok(opened) => opened,
            Err(reason) => return End::Lost(reason),
        };
        let mut session = Session {
            config: &self.config,
            station: &mut self.station,
            numbers: &mut self.numbers,
            link,
            server,
            token,
            socket,
            waiting: Waiting::default(),
        };
        let end = session.listen(requests).await;
        session.waiting.lose();
        end
    }
}

/// A token and whose it is.
struct Token {
    secret: SecretString,
    user: Option<String>,
}

async fn login(server: &Server, config: &WazoConfig) -> Result<Token, LossReason> {
    let life = json!({ "backend": "wazo_user", "expiration": config.token_life.as_secs() });
    let request = server
        .http()
        .post(server.at("api/auth/0.1/token"))
        .basic_auth(&config.login, Some(config.password.expose_secret()))
        .json(&life);
    let (status, said) = server.ask(request).await?;
    let data = said.get("data").unwrap_or(&Value::Null);
    match data.get("token").and_then(Value::as_str) {
        Some(token) if status == 200 => Ok(Token {
            secret: SecretString::from(token.to_owned()),
            user: data
                .get("metadata")
                .and_then(|metadata| metadata.get("uuid"))
                .and_then(Value::as_str)
                .map(str::to_owned),
        }),
        _ => Err(refused(status, &said)),
    }
}

async fn open(config: &WazoConfig) -> Result<(Server, Token, Socket), LossReason> {
    let server = Server::new(&config.url, config.authorities.as_deref(), config.connect_timeout)?;
    let token = login(&server, config).await?;
    let mut url = server.at("api/websocketd/");
    url.query_pairs_mut()
        .append_pair("token", token.secret.expose_secret())
        .append_pair("version", "2");
    let socket = server.socket(url).await?;
    Ok((server, token, socket))
}

struct Session<'a> {
    config: &'a WazoConfig,
    station: &'a mut Station,
    numbers: &'a mut BTreeMap<String, String>,
    link: &'a mut Link,
    server: Server,
    token: Token,
    socket: Socket,
    waiting: Waiting,
}

impl Session<'_> {
    async fn listen(&mut self, requests: &mut mpsc::Receiver<Request<Action>>) -> End {
        let mut heard = Instant::now();
        let mut ping_at = heard + self.config.ping;
        let mut renew_at = heard + self.config.token_life.mul_f64(0.8);
        let start_by = heard + self.config.connect_timeout;
        loop {
            let mut next = ping_at.min(renew_at).min(heard + self.config.silence);
            if let Some(at) = self.waiting.deadline() {
                next = next.min(at);
            }
            if !self.link.is_connected() {
                next = next.min(start_by);
            }
            if self.station.is_sending() {
                next = next.min(Instant::now() + LOOK_AGAIN);
            }
            let done = tokio::select! {
                message = self.socket.next() => {
                    heard = Instant::now();
                    self.receive(message).await
                }
                request = requests.recv() => match request {
                    Some(Request::Act(action, reply)) => self.act(action, reply).await,
                    Some(Request::Stop(done)) => {
                        let _ = self.socket.close(None).await;
                        return End::Stopped(Some(done));
                    }
                    None => return End::Stopped(None),
                },
                () = sleep_until(next) => {
                    let now = Instant::now();
                    if now >= heard + self.config.silence || (!self.link.is_connected() && now >= start_by) {
                        return LossReason::Silent.into();
                    }
                    let mut done = self.look_around(now).await;
                    if now >= renew_at && done.is_ok() {
                        renew_at = now + self.config.token_life.mul_f64(0.8);
                        done = self.renew().await;
                    }
                    if now >= ping_at && done.is_ok() {
                        ping_at = now + self.config.ping;
                        done = self.send(&wire::operation("ping", "payload", "guichet")).await;
                    }
                    done
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// A new token before the old one ends: the session goes on.
    async fn renew(&mut self) -> Result<(), End> {
        self.token = login(&self.server, self.config).await?;
        let renewal = wire::operation("token", "token", self.token.secret.expose_secret());
        self.send(&renewal).await
    }

    async fn receive(&mut self, message: Option<Result<tungstenite::Message, tungstenite::Error>>) -> Result<(), End> {
        let text = match message {
            Some(Ok(tungstenite::Message::Text(text))) => text,
            Some(Ok(tungstenite::Message::Close(frame))) => {
                let (code, reason) = frame.map_or((1005, String::new()), |frame| {
                    (u16::from(frame.code), frame.reason.as_str().to_owned())
                });
                return Err(End::Lost(closed(code, &reason)));
            }
            None => return Err(End::Lost(closed(1005, ""))),
            Some(Ok(_)) => return Ok(()),
            Some(Err(error)) => {
                let detail = error.to_string();
                return Err(End::Lost(LossReason::Closed { detail }));
            }
        };
        match Message::read(text.as_str()) {
            Message::Init => {
                for name in EVENTS {
                    self.send(&wire::operation("subscribe", "event_name", name)).await?;
                }
                self.send(&json!({ "op": "start" })).await
            }
            Message::Started if !self.link.is_connected() => self.read().await,
            Message::Event { name, data } => self.event(&name, data).await,
            Message::Refused(operation) => {
                let message = format!("{operation} is refused");
                Err(End::Lost(LossReason::Refused { message }))
            }
            _ => Ok(()),
        }
    }

    /// Reads what is on the telephone. Events wait in the socket meanwhile: they are older than the list or newer, and do no harm
    /// either way.
    async fn read(&mut self) -> Result<(), End> {
        let calls = self.get(CALLS).await?;
        let transfers = self.get(TRANSFERS).await?;
        self.station.begin_reread();
        let now = Timestamp::now();
        let calls = Call::list(&calls);
        let mut listed: Vec<_> = calls
            .iter()
            .filter(|call| self.is_own(call.user_uuid.as_deref()))
            .filter_map(|call| call.report(""))
            .collect();
        for told in WireTransfer::list(&transfers) {
            let (Some(transfer), Some(stage)) = (told.transfer(self.numbers), told.stage()) else {
                continue;
            };
            let main = listed.iter().find(|report| report.leg == transfer.initiator);
            if let Some(conversation) = main.map(|report| report.conversation.clone())
                && !transfer.blind
            {
                listed.push(transfer.report(&conversation, stage));
            }
        }
        let events = self.station.end_reread(listed, now);
        self.say(events).await?;
        let alive = self.station.alive();
        self.link.say(PbxUpdate::Reread { alive, at: now }).await?;
        self.link.connected();
        Ok(())
    }

    async fn get(&self, path: &str) -> Result<Value, End> {
        let request = self.authorised(self.server.http().get(self.server.at(path)));
        let (status, said) = self.server.ask(request).await?;
        if status == 200 {
            Ok(said)
        } else {
            Err(refused(status, &said).into())
        }
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        request.header("X-Auth-Token", self.token.secret.expose_secret())
    }

    /// Whether something is the technician's own: an account with more rights hears of everybody's.
    fn is_own(&self, user: Option<&str>) -> bool {
        match (&self.token.user, user) {
            (Some(own), Some(user)) => own == user,
            _ => true,
        }
    }

    async fn event(&mut self, name: &str, data: Value) -> Result<(), End> {
        let now = Timestamp::now();
        let events = if let Some(step) = wire::step(name) {
            let told = WireTransfer::read(data).filter(|told| self.is_own(told.initiator_uuid.as_deref()));
            let transfer = told.and_then(|told| told.transfer(self.numbers));
            transfer.map(|transfer| self.station.transfer(&transfer, step, now))
        } else if matches!(name, "call_held" | "call_resumed") {
            let id = data.get("call_id").and_then(Value::as_str).unwrap_or_default();
            Some(self.station.holds(id, name == "call_held", now))
        } else {
            let call = Call::read(data).filter(|call| self.is_own(call.user_uuid.as_deref()));
            let report = call.and_then(|call| call.report(name));
            report.map(|report| self.station.report(report, now))
        };
        self.say(events.unwrap_or_default()).await
    }

    /// What is due without a word from the PBX.
    async fn look_around(&mut self, now: Instant) -> Result<(), End> {
        let at = Timestamp::now();
        for thread in self.waiting.expire(now) {
            let events = self.station.gave_up(thread, at);
            self.say(events).await?;
        }
        let events = self.station.overdue(at);
        self.say(events).await
    }

    async fn say(&mut self, events: Vec<CallEvent>) -> Result<(), End> {
        for event in events {
            self.waiting.seen(&event);
            self.link.say(PbxUpdate::Call(Box::new(event))).await?;
        }
        Ok(())
    }

    async fn send(&mut self, message: &Value) -> Result<(), End> {
        let text = tungstenite::Message::text(message.to_string());
        self.socket.send(text).await.map_err(|error| {
            let detail = error.to_string();
            LossReason::Closed { detail }.into()
        })
    }

    async fn act(&mut self, mut action: Action, reply: Reply) -> Result<(), End> {
        let awaited = self.request(&mut action).await;
        match awaited {
            Ok((plan, effect)) => {
                let (thread, conversation) = plan.map(|plan| (plan.thread, plan.conversation)).unzip();
                let deadline = Instant::now() + self.config.effect_timeout;
                self.waiting.push(thread, conversation, effect, deadline, reply);
            }
            Err((plan, error)) => {
                let _ = reply.send(Err(error));
                if let Some(plan) = plan {
                    let events = self.station.gave_up(plan.thread, Timestamp::now());
                    self.say(events).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends what an action comes to, and says what to wait for.
    async fn request(&mut self, action: &mut Action) -> Result<Awaited, (Option<Plan>, ActionError)> {
        if let Action::Dial { number, .. }
        | Action::Consult { extension: number, .. }
        | Action::Blind { extension: number, .. } = action
        {
            *number = dialled(number).map_err(|error| (None, error))?;
        }
        if let Action::Dial { device, number, .. } = action {
            if *device != self.station.device() {
                return Err((None, ActionError::NoSuchLeg));
            }
            self.station.dials(number, Timestamp::now());
            let body = json!({ "extension": number, "from_mobile": false });
            let asked = self.ask(Method::POST, CALLS, &[], Some(body)).await;
            asked.map_err(|error| (None, error))?;
            return Ok((None, &[Kind::Dialing, Kind::Answered]));
        }
        let plan = self.station.plan(action, false).map_err(|error| (None, error))?;
        if self.waiting.is_about(plan.thread) {
            return Err((None, ActionError::NotPossible));
        }
        let own = plan.leg.clone();
        let consult = plan.consult.clone().unwrap_or_default();
        let transfer = |exten: &str, flow: &str| json!({ "initiator_call": own, "exten": exten, "flow": flow, "timeout": self.config.ring_seconds });
        let (method, path, segments, body) = match action {
            Action::Answer { .. } => (Method::PUT, CALLS, vec![own.as_str(), "answer"], None),
            Action::Hold { on: true, .. } => (Method::PUT, CALLS, vec![own.as_str(), "hold", "start"], None),
            Action::Hold { .. } => (Method::PUT, CALLS, vec![own.as_str(), "hold", "stop"], None),
            Action::Consult { extension, .. } => {
                let body = transfer(extension, "attended");
                (Method::POST, TRANSFERS, Vec::new(), Some(body))
            }
            Action::Blind { extension, .. } => {
                let body = transfer(extension, "blind");
                (Method::POST, TRANSFERS, Vec::new(), Some(body))
            }
            Action::Complete { .. } => (Method::PUT, TRANSFERS, vec![consult.as_str(), "complete"], None),
            Action::Cancel { .. } => (Method::DELETE, TRANSFERS, vec![consult.as_str()], None),
            _ => return Err((None, ActionError::NotSupported)),
        };
        // What is told meanwhile is read in the light of what was asked; that a blind transfer was made is told by itself.
        if !matches!(action, Action::Blind { .. }) {
            self.station.asked(&plan, action);
        }
        let said = match self.ask(method, path, &segments, body).await {
            Ok(said) => said,
            Err(error) => return Err((Some(plan), error)),
        };
        if let Action::Consult { extension, .. } | Action::Blind { extension, .. } = action
            && let Some(id) = said.get("id").and_then(Value::as_str)
        {
            if self.numbers.len() >= MOST_NUMBERS {
                self.numbers.pop_first();
            }
            self.numbers.insert(id.to_owned(), extension.clone());
        }
        let effect = plan.effect;
        Ok((Some(plan), effect))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        segments: &[&str],
        body: Option<Value>,
    ) -> Result<Value, ActionError> {
        let url = if segments.is_empty() {
            self.server.at(path)
        } else {
            self.server.below(path, segments)
        };
        let mut request = self.authorised(self.server.http().request(method, url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        match self.server.ask(request).await {
            Ok((200..=299, said)) => Ok(said),
            Ok((404, _)) => Err(ActionError::NoSuchLeg),
            Ok((status, said)) => Err(ActionError::Refused {
                message: words(&said).unwrap_or_else(|| format!("HTTP {status}")),
            }),
            Err(LossReason::Silent) => Err(ActionError::Unanswered),
            // It may have arrived.
            Err(_) => Err(ActionError::Lost),
        }
    }
}

/// What was planned, and the events to wait for.
type Awaited = (Option<Plan>, &'static [Kind]);

/// What websocketd means by closing (`session.py`).
fn closed(code: u16, reason: &str) -> LossReason {
    let said = crate::net::clip(reason);
    match code {
        4001 | 4002 => LossReason::Refused {
            message: if said.is_empty() {
                format!("closed: {code}")
            } else {
                said
            },
        },
        _ => LossReason::Closed {
            detail: format!("closed: {code} {said}").trim_end().to_owned(),
        },
    }
}
