//! The connection to a xuc: a token, a WebSocket, what is on the telephone read, then events and commands.

use super::{
    XucConfig,
    wire::{self, Message, PhoneEvent},
};
use crate::{
    action::{Action, ActionError, dialled},
    link::{Connect, End, Link, Reply, Request},
    net::{Server, Socket, refused},
    pbx::PbxUpdate,
    state::LossReason,
    station::{Station, Waiting},
};
use futures::{SinkExt, StreamExt};
use guichet_domain::call::{CallEvent, CallEventKind as Kind, LinePresence, LineState};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_tungstenite::tungstenite;

/// How soon to look again for a telephone that a caller was sent to.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A xuc: its settings, and what the telephone is doing as far as is known, which outlives a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    config: XucConfig,
    station: Station,
    told: BTreeMap<String, LineState>,
}

impl Exchange {
    pub(super) fn new(config: XucConfig) -> Self {
        // Above every number of an earlier run: its events may still be around.
        let first_seq = Timestamp::now().as_microsecond();
        let station = Station::new(config.source.clone(), &config.region, &config.device, first_seq);
        Self {
            config,
            station,
            told: BTreeMap::new(),
        }
    }
}

impl Connect for Exchange {
    type Action = Action;

    async fn session(&mut self, requests: &mut mpsc::Receiver<Request<Action>>, link: &mut Link) -> End {
        let socket = match open(&self.config).await {
            Ok(socket) => socket,
            Err(reason) => return End::Lost(reason),
        };
        let mut session = Session {
            config: &self.config,
            station: &mut self.station,
            told: &mut self.told,
            link,
            socket,
            waiting: Waiting::default(),
            watched: BTreeSet::new(),
            logged_on: false,
            reading: None,
        };
        let end = session.listen(requests).await;
        session.waiting.lose();
        end
    }
}

/// Gets a token and opens the WebSocket with it. A token is never kept: each connection has its own.
async fn open(config: &XucConfig) -> Result<Socket, LossReason> {
    let server = Server::new(&config.url, config.authorities.as_deref(), config.connect_timeout)?;
    let account = json!({ "login": config.login, "password": config.password.expose_secret() });
    let login = server.http().post(server.at("xuc/api/2.0/auth/login")).json(&account);
    let (status, said) = server.ask(login).await?;
    let token = match said.get("token").and_then(Value::as_str) {
        Some(token) if status == 200 => token,
        _ => return Err(refused(status, &said)),
    };
    let mut url = server.at("xuc/api/2.0/cti");
    url.query_pairs_mut().append_pair("token", token);
    server.socket(url).await
}

struct Session<'a> {
    config: &'a XucConfig,
    station: &'a mut Station,
    told: &'a mut BTreeMap<String, LineState>,
    link: &'a mut Link,
    socket: Socket,
    waiting: Waiting,
    watched: BTreeSet<String>,
    logged_on: bool,
    /// Until when what is on the telephone may take to be told.
    reading: Option<Instant>,
}

impl Session<'_> {
    async fn listen(&mut self, requests: &mut mpsc::Receiver<Request<Action>>) -> End {
        let mut heard = Instant::now();
        let mut ping_at = heard + self.config.ping;
        let log_on_by = heard + self.config.connect_timeout;
        loop {
            let mut next = ping_at.min(heard + self.config.silence);
            for at in [self.reading, self.waiting.deadline()].into_iter().flatten() {
                next = next.min(at);
            }
            if !self.logged_on {
                next = next.min(log_on_by);
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
                    if now >= heard + self.config.silence || (!self.logged_on && now >= log_on_by) {
                        return LossReason::Silent.into();
                    }
                    let mut done = self.look_around(now).await;
                    if now >= ping_at && done.is_ok() {
                        ping_at = now + self.config.ping;
                        done = self.send(&wire::ping()).await;
                    }
                    done
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    async fn receive(&mut self, message: Option<Result<tungstenite::Message, tungstenite::Error>>) -> Result<(), End> {
        let closed = |detail: String| End::Lost(LossReason::Closed { detail });
        let text = match message {
            Some(Ok(tungstenite::Message::Text(text))) => text,
            Some(Ok(tungstenite::Message::Close(_))) | None => return Err(closed("closed by the PBX".to_owned())),
            Some(Ok(_)) => return Ok(()),
            Some(Err(error)) => return Err(closed(error.to_string())),
        };
        let now = Timestamp::now();
        match Message::read(text.as_str()) {
            Message::LoggedOn if !self.logged_on => {
                self.logged_on = true;
                self.station.begin_reread();
                self.reading = Some(Instant::now() + self.config.connect_timeout);
                self.send(&wire::command("getCurrentCallsPhoneEvents")).await?;
                let watched = self.config.watched.clone();
                self.watch(watched).await
            }
            Message::Phone(event) if self.is_ours(&event) => {
                let Some(report) = event.report(self.station) else {
                    return Ok(());
                };
                let events = self.station.report(report, now);
                self.say(events).await
            }
            Message::Current(events) if self.reading.is_some() => {
                let ours = events.iter().filter(|event| self.is_ours(event));
                let listed = ours.filter_map(|event| event.report(self.station)).collect();
                let events = self.station.end_reread(listed, now);
                self.say(events).await?;
                self.reading = None;
                let alive = self.station.alive();
                self.link.say(PbxUpdate::Reread { alive, at: now }).await?;
                self.link.connected();
                Ok(())
            }
            Message::Hint { number, state } => self.hint(number, state, now).await,
            Message::Error(message) if !self.logged_on => Err(End::Lost(LossReason::Refused { message })),
            Message::Error(message) => {
                tracing::warn!(source = %self.config.source.0, message, "the PBX refuses");
                let Some(thread) = self.waiting.refused(&message) else {
                    return Ok(());
                };
                let events = self.station.gave_up(thread, now);
                self.say(events).await
            }
            _ => Ok(()),
        }
    }

    /// Whether an event is about the telephone that is looked at.
    fn is_ours(&self, event: &PhoneEvent) -> bool {
        let ours = event.dn.is_empty() || event.dn == self.config.device;
        if !ours {
            tracing::warn!(source = %self.config.source.0, number = event.dn, "an event of another telephone");
        }
        ours
    }

    async fn hint(&mut self, number: String, state: LineState, now: Timestamp) -> Result<(), End> {
        let events = self.station.presence(&number, state, now);
        self.say(events).await?;
        if self.config.watched.contains(&number) && self.told.insert(number.clone(), state) != Some(state) {
            let line = LinePresence {
                source: self.config.source.clone(),
                device: number,
                agent: None,
                state,
                paused_in: BTreeSet::new(),
            };
            self.link.say(PbxUpdate::Line(line)).await?;
        }
        Ok(())
    }

    /// What is due without a word from the PBX.
    async fn look_around(&mut self, now: Instant) -> Result<(), End> {
        let at = Timestamp::now();
        if self.reading.is_some_and(|until| until <= now) {
            // An older server, that does not tell: what was known stays, which is better than to believe nothing is left.
            tracing::warn!(source = %self.config.source.0, "the PBX does not tell what is on the telephone");
            self.reading = None;
            self.station.cancel_reread();
            self.link.connected();
        }
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

    async fn watch(&mut self, numbers: BTreeSet<String>) -> Result<(), End> {
        let new: Vec<&str> = numbers.difference(&self.watched).map(String::as_str).collect();
        if new.is_empty() {
            return Ok(());
        }
        let subscription = wire::watch(&new);
        self.send(&subscription).await?;
        self.watched.extend(numbers);
        Ok(())
    }

    async fn act(&mut self, action: Action, reply: Reply) -> Result<(), End> {
        match self.command(&action).await? {
            Ok(Some((thread, conversation, effect))) => {
                let deadline = Instant::now() + self.config.effect_timeout;
                self.waiting.push(thread, conversation, effect, deadline, reply);
            }
            Ok(None) => {
                let _ = reply.send(Ok(()));
            }
            Err(error) => {
                let _ = reply.send(Err(error));
            }
        }
        Ok(())
    }

    /// Sends what an action comes to, and says what to wait for.
    async fn command(&mut self, action: &Action) -> Result<Result<Option<Awaited>, ActionError>, End> {
        // Neither answers nor refusals say what they are about: one thing at a time.
        if !self.waiting.is_empty() {
            return Ok(Err(ActionError::NotPossible));
        }
        match action {
            Action::Dial {
                device,
                number,
                attachments,
            } => {
                let number = match dialled(number) {
                    Ok(number) => number,
                    Err(error) => return Ok(Err(error)),
                };
                if *device != self.station.device() {
                    return Ok(Err(ActionError::NoSuchLeg));
                }
                if !self.station.is_idle() {
                    return Ok(Err(ActionError::NotPossible));
                }
                self.station.dials(&number, Timestamp::now());
                self.send(&wire::dial(&number, attachments)).await?;
                return Ok(Ok(Some((None, None, &[Kind::Dialing, Kind::Answered]))));
            }
            Action::Attach {
                conversation,
                attachment,
            } => {
                if !self.station.is_only(conversation) {
                    return Ok(Err(ActionError::NoSuchLeg));
                }
                if let Err(error) = self.station.attach(conversation, attachment) {
                    return Ok(Err(error));
                }
                self.send(&wire::set_data(attachment)).await?;
                return Ok(Ok(None));
            }
            _ => {}
        }
        let mut action = action.clone();
        if let Action::Consult { extension, .. } | Action::Blind { extension, .. } = &mut action {
            match dialled(extension) {
                Ok(number) => *extension = number,
                Err(error) => return Ok(Err(error)),
            }
        }
        let plan = match self.station.plan(&action, true) {
            Ok(plan) => plan,
            Err(error) => return Ok(Err(error)),
        };
        let message = match &action {
            Action::Answer { .. } => wire::command("answer"),
            Action::Hold { .. } => wire::command("hold"),
            Action::Consult { extension, .. } => wire::to("attendedTransfer", extension),
            Action::Blind { extension, .. } => wire::to("directTransfer", extension),
            Action::Complete { .. } => wire::command("completeTransfer"),
            // Nobody is consulted any more: the caller is taken off hold.
            Action::Cancel { .. } if plan.consult.is_none() => wire::command("hold"),
            Action::Cancel { .. } => wire::command("cancelTransfer"),
            _ => return Ok(Err(ActionError::NotSupported)),
        };
        if let Action::Consult { extension, .. } | Action::Blind { extension, .. } = &action {
            self.watch(BTreeSet::from([extension.clone()])).await?;
        }
        self.station.asked(&plan, &action);
        self.send(&message).await?;
        Ok(Ok(Some((Some(plan.thread), Some(plan.conversation), plan.effect))))
    }
}

/// The station's thread, the conversation and the events to wait for.
type Awaited = (Option<u64>, Option<String>, &'static [Kind]);
