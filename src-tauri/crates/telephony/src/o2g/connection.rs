//! The connection to an O2G server: a credential, a session that is kept alive, a subscription, its event stream, requests.

use super::{
    O2gConfig,
    wire::{self, Event, Lines, Own},
};
use crate::{
    action::{Action, ActionError, dialled},
    link::{Connect, End, Link, Reply, Request},
    net::{Server, clip, lost, refused, words},
    pbx::PbxUpdate,
    state::LossReason,
    station::{Plan, Station, Waiting},
};
use futures::{Stream, StreamExt};
use guichet_domain::call::{CallEvent, CallEventKind as Kind};
use jiff::Timestamp;
use reqwest::{
    Method, RequestBuilder,
    header::{COOKIE, HeaderMap, SET_COOKIE},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{collections::BTreeMap, pin::Pin, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use url::Url;

/// Most cookies that are kept.
const MOST_COOKIES: usize = 16;
/// A stream that is closed sooner than this after it began is no pause between two: the server does not want it.
const SHORTEST_STREAM: Duration = Duration::from_millis(50);
/// How many of those in a row are borne.
const MOST_SHORT_STREAMS: u32 = 5;

/// An O2G server: its settings, and what the telephone is doing as far as is known, which outlives a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    config: O2gConfig,
    station: Station,
}

impl Exchange {
    pub(super) fn new(config: O2gConfig) -> Self {
        // Above every number of an earlier run: its events may still be around.
        let first_seq = Timestamp::now().as_microsecond();
        let station = Station::new(config.source.clone(), &config.region, &config.device, first_seq);
        Self { config, station }
    }
}

impl Connect for Exchange {
    type Action = Action;

    async fn session(&mut self, requests: &mut mpsc::Receiver<Request<Action>>, link: &mut Link) -> End {
        let door = match Door::open(&self.config).await {
            Ok(door) => door,
            Err(reason) => return End::Lost(reason),
        };
        let mut session = Session {
            config: &self.config,
            station: &mut self.station,
            link,
            door,
            waiting: Waiting::default(),
            releasing: None,
        };
        let end = session.listen(requests).await;
        session.waiting.lose();
        if !matches!(end, End::Lost(_)) {
            session.door.close().await;
        }
        end
    }
}

/// An open session.
struct Door {
    server: Server,
    /// What proves who asks: nobody else's, and never shown.
    cookies: BTreeMap<String, SecretString>,
    sessions: Url,
    telephony: Url,
    polling: Url,
    keep_alive: Duration,
}

impl Door {
    async fn open(config: &O2gConfig) -> Result<Self, LossReason> {
        let server = Server::new(&config.url, config.authorities.as_deref(), config.connect_timeout)?;
        let mut cookies = BTreeMap::new();
        let not_o2g = |what: &str| LossReason::NotAPbx {
            greeting: format!("no {what}"),
        };
        let (status, said) = server.ask(server.http().get(server.at("api/rest"))).await?;
        let versions = said.get("versions").and_then(Value::as_array).filter(|_| status == 200);
        let versions = versions.ok_or_else(|| not_o2g("versions"))?;
        let current = versions
            .iter()
            .find(|version| version.get("status").and_then(Value::as_str) == Some("CURRENT"))
            .or(versions.first());
        let login = address(&server, current, "publicUrl").ok_or_else(|| not_o2g("address to log in"))?;
        let request = server
            .http()
            .get(login)
            .basic_auth(&config.login, Some(config.password.expose_secret()));
        let (status, headers, said) = server.ask_whole(request).await?;
        if status != 200 {
            return Err(refused(status, &said));
        }
        keep(&mut cookies, &headers);
        if cookies.is_empty()
            && let Some(credential) = said.get("credential").and_then(Value::as_str)
        {
            cookies.insert("AlcUserId".to_owned(), SecretString::from(credential.to_owned()));
        }
        let sessions = address(&server, Some(&said), "publicUrl").ok_or_else(|| not_o2g("address of sessions"))?;
        let named = json!({ "applicationName": "Guichet" });
        let request = with(&cookies, server.http().post(sessions.clone())).json(&named);
        let (status, headers, said) = server.ask_whole(request).await?;
        if !(200..=299).contains(&status) {
            return Err(refused(status, &said));
        }
        keep(&mut cookies, &headers);
        let base = address(&server, Some(&said), "publicBaseUrl").ok_or_else(|| not_o2g("address of services"))?;
        let life = said.get("timeToLive").and_then(Value::as_u64).unwrap_or(60).max(1);
        // Before it ends, and often enough to notice that nobody is there.
        let keep_alive = Duration::from_secs(life).mul_f64(0.8).min(config.keep_alive);
        let telephony = below(&base, "telephony");
        // Only this user's calls: other people's are no business of this desk.
        let subscription = json!({
            "filter": { "selectors": [{ "ids": [config.login], "names": ["telephony"] }] }, "version": "1.0", "timeout": 0,
        });
        let request = with(&cookies, server.http().post(below(&base, "subscriptions"))).json(&subscription);
        let (status, headers, said) = server.ask_whole(request).await?;
        if !(200..=299).contains(&status) {
            return Err(refused(status, &said));
        }
        keep(&mut cookies, &headers);
        let polling = address(&server, Some(&said), "publicPollingUrl").ok_or_else(|| not_o2g("address of events"))?;
        Ok(Self {
            server,
            cookies,
            sessions,
            telephony,
            polling,
            keep_alive,
        })
    }

    /// The event stream. It is asked for by POST.
    async fn stream(&self) -> Result<Events, LossReason> {
        let request = with(&self.cookies, self.server.http().post(self.polling.clone()));
        let response = self.server.stream(request).await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(refused(status, &Value::Null));
        }
        let pieces = response.bytes_stream().map(|piece| match piece {
            Ok(piece) => Ok(piece.to_vec()),
            Err(error) => Err(lost(&error)),
        });
        Ok(Box::pin(pieces))
    }

    async fn ask(&self, method: Method, url: Url, body: Option<Value>) -> Result<(u16, Value), LossReason> {
        let mut request = with(&self.cookies, self.server.http().request(method, url));
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.server.ask(request).await
    }

    /// Where a call is: its reference is one segment, whatever it holds.
    fn call(&self, segments: &[&str]) -> Url {
        let mut url = below(&self.telephony, "calls");
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(segments);
        }
        url
    }

    async fn close(&self) {
        // The session would end by itself; a server that does not answer is left alone.
        let _ = self.ask(Method::DELETE, self.sessions.clone(), None).await;
    }
}

/// The pieces of the event stream.
type Events = Pin<Box<dyn Stream<Item = Result<Vec<u8>, LossReason>> + Send + Sync>>;

/// An address that the server named, on the server that was configured.
fn address(server: &Server, said: Option<&Value>, key: &str) -> Option<Url> {
    server.named(said?.get(key)?.as_str()?)
}

fn below(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    let root = url.path().trim_end_matches('/').to_owned();
    url.set_path(&format!("{root}/{name}"));
    url
}

/// Keeps the cookies of a reply: names and values, no more; they go nowhere else than here.
fn keep(cookies: &mut BTreeMap<String, SecretString>, headers: &HeaderMap) {
    for header in headers.get_all(SET_COOKIE) {
        let pair = header
            .to_str()
            .ok()
            .and_then(|text| text.split(';').next()?.split_once('='));
        if let Some((name, value)) = pair
            && cookies.len() < MOST_COOKIES
        {
            cookies.insert(name.trim().to_owned(), SecretString::from(value.trim().to_owned()));
        }
    }
}

fn with(cookies: &BTreeMap<String, SecretString>, request: RequestBuilder) -> RequestBuilder {
    let all: Vec<String> = cookies
        .iter()
        .map(|(name, value)| format!("{name}={}", value.expose_secret()))
        .collect();
    request.header(COOKIE, all.join("; "))
}

struct Session<'a> {
    config: &'a O2gConfig,
    station: &'a mut Station,
    link: &'a mut Link,
    door: Door,
    waiting: Waiting,
    /// A call of which only the tone is left: it has to be given up before the one on hold is taken back.
    releasing: Option<String>,
}

impl Session<'_> {
    async fn listen(&mut self, requests: &mut mpsc::Receiver<Request<Action>>) -> End {
        let mut short = 0_u32;
        loop {
            let began = Instant::now();
            let mut events = match self.door.stream().await {
                Ok(events) => events,
                Err(reason) => return reason.into(),
            };
            if let Err(end) = self.read().await {
                return end;
            }
            match self.follow(&mut events, requests).await {
                // A stream that ends is followed by the next one: the server closes it now and then.
                Ok(()) if began.elapsed() > SHORTEST_STREAM => short = 0,
                Ok(()) => short += 1,
                Err(end) => return end,
            }
            if short > MOST_SHORT_STREAMS {
                let detail = "the event stream is closed at once".to_owned();
                return LossReason::Closed { detail }.into();
            }
        }
    }

    /// Follows one stream to its end.
    async fn follow(&mut self, events: &mut Events, requests: &mut mpsc::Receiver<Request<Action>>) -> Result<(), End> {
        let mut lines = Lines::default();
        let mut alive_at = Instant::now() + self.door.keep_alive;
        loop {
            let mut next = alive_at;
            if let Some(at) = self.waiting.deadline() {
                next = next.min(at);
            }
            tokio::select! {
                piece = events.next() => match piece {
                    Some(Ok(bytes)) => {
                        for event in lines.push(&bytes) {
                            self.hear(&event).await?;
                        }
                    }
                    // Broken off like ended: asked for again, and a server that is gone does not answer that.
                    Some(Err(reason)) => {
                        tracing::debug!(source = %self.config.source.0, reason = reason.code(), "the event stream broke off");
                        return Ok(());
                    }
                    None => return Ok(()),
                },
                request = requests.recv() => match request {
                    Some(Request::Act(action, reply)) => self.act(action, reply).await?,
                    Some(Request::Stop(done)) => return Err(End::Stopped(Some(done))),
                    None => return Err(End::Stopped(None)),
                },
                () = sleep_until(next) => {
                    let now = Instant::now();
                    for thread in self.waiting.expire(now) {
                        let events = self.station.gave_up(thread, Timestamp::now());
                        self.say(events).await?;
                    }
                    if now >= alive_at {
                        alive_at = now + self.door.keep_alive;
                        let url = below(&self.door.sessions, "keepalive");
                        let (status, said) = self.door.ask(Method::POST, url, None).await?;
                        if !(200..=299).contains(&status) {
                            // The session is over; the account may well be good.
                            let detail = words(&said).unwrap_or_else(|| format!("HTTP {status}"));
                            return Err(LossReason::Closed { detail }.into());
                        }
                    }
                }
            }
        }
    }

    fn own(&self) -> Own<'_> {
        Own {
            login: &self.config.login,
            device: &self.config.device,
        }
    }

    /// Reads what is on the telephone.
    async fn read(&mut self) -> Result<(), End> {
        let (status, said) = self.door.ask(Method::GET, self.door.call(&[]), None).await?;
        if status != 200 {
            return Err(refused(status, &said).into());
        }
        let calls = Event::list(&said);
        let listed = calls
            .iter()
            .filter_map(|call| call.report(self.own(), self.station.stage(&clip(&call.call_ref))))
            .collect();
        self.station.begin_reread();
        let now = Timestamp::now();
        let events = self.station.end_reread(listed, now);
        self.say(events).await?;
        let alive = self.station.alive();
        self.link.say(PbxUpdate::Reread { alive, at: now }).await?;
        self.link.connected();
        Ok(())
    }

    async fn hear(&mut self, event: &Event) -> Result<(), End> {
        if !matches!(
            event.event_name.as_str(),
            "OnCallCreated" | "OnCallModified" | "OnCallRemoved"
        ) || !event.is_of(self.own())
        {
            return Ok(());
        }
        let call_ref = clip(&event.call_ref);
        if let Some(former) = &event.previous_call_ref {
            self.station.renamed(&clip(former), &call_ref);
        }
        if let Some(next) = &event.replaced_by_call_ref {
            self.station.also_called(&call_ref, &clip(next));
        }
        let removed = event.event_name == "OnCallRemoved";
        if removed && event.is_transferred() {
            self.station.was_transferred(&call_ref);
        }
        if removed && self.releasing.as_ref() == Some(&call_ref) {
            self.releasing = None;
        }
        if event.is_releasing(self.own()) {
            self.releasing = Some(call_ref.clone());
        }
        let Some(report) = event.report(self.own(), self.station.stage(&call_ref)) else {
            return Ok(());
        };
        let events = self.station.report(report, Timestamp::now());
        self.say(events).await
    }

    async fn say(&mut self, events: Vec<CallEvent>) -> Result<(), End> {
        for event in events {
            self.waiting.seen(&event);
            self.link.say(PbxUpdate::Call(Box::new(event))).await?;
        }
        Ok(())
    }

    async fn act(&mut self, mut action: Action, reply: Reply) -> Result<(), End> {
        match self.request(&mut action).await {
            Ok(Some((plan, effect))) => {
                let (thread, conversation) = plan.map(|plan| (plan.thread, plan.conversation)).unzip();
                let deadline = Instant::now() + self.config.effect_timeout;
                self.waiting.push(thread, conversation, effect, deadline, reply);
            }
            Ok(None) => {
                let _ = reply.send(Ok(()));
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
    async fn request(&mut self, action: &mut Action) -> Result<Option<Awaited>, (Option<Plan>, ActionError)> {
        if let Action::Dial { number, .. }
        | Action::Consult { extension: number, .. }
        | Action::Blind { extension: number, .. } = action
        {
            *number = dialled(number).map_err(|error| (None, error))?;
        }
        let device = self.config.device.clone();
        match action {
            Action::Dial {
                device: from,
                number,
                attachments,
            } => {
                if *from != device {
                    return Err((None, ActionError::NoSuchLeg));
                }
                // With a caller on the line it would be a consultation.
                if !self.station.is_idle() {
                    return Err((None, ActionError::NotPossible));
                }
                let mut body = json!({ "deviceId": device, "callee": number, "autoAnswer": true });
                if let Some(attachment) = attachments.first() {
                    let hexa = wire::attachable(attachment).map_err(|error| (None, error))?;
                    body["hexaBinaryAssociatedData"] = hexa.into();
                }
                self.station.dials(number, Timestamp::now());
                self.post(&[], body).await.map_err(|error| (None, error))?;
                return Ok(Some((None, &[Kind::Dialing, Kind::Answered])));
            }
            Action::Attach {
                conversation,
                attachment,
            } => {
                let hexa = wire::attachable(attachment).map_err(|error| (None, error))?;
                let leg = self
                    .station
                    .leg_of(conversation)
                    .ok_or((None, ActionError::NoSuchLeg))?;
                let body = json!({ "deviceId": device, "hexaBinaryAssociatedData": hexa });
                self.post(&[&leg, "attachdata"], body)
                    .await
                    .map_err(|error| (None, error))?;
                self.station
                    .attach(conversation, attachment)
                    .map_err(|error| (None, error))?;
                return Ok(None);
            }
            _ => {}
        }
        let plan = self.station.plan(action, false).map_err(|error| (None, error))?;
        if self.waiting.is_about(plan.thread) {
            return Err((None, ActionError::NotPossible));
        }
        let own = plan.leg.as_str();
        let on_device = json!({ "deviceId": device });
        let (segments, body) = match action {
            Action::Answer { .. } => (vec![own, "answer"], on_device),
            Action::Hold { on: true, .. } => (vec![own, "hold"], on_device),
            Action::Hold { .. } => (vec![own, "retrieve"], on_device),
            // A second call: the PBX puts the first one on hold by itself.
            Action::Consult { extension, .. } => {
                let body = json!({ "deviceId": device, "callee": extension, "autoAnswer": true });
                (Vec::new(), body)
            }
            Action::Blind { extension, .. } => {
                let body = json!({ "transferTo": extension, "anonymous": false });
                (vec![own, "blindtransfer"], body)
            }
            Action::Complete { .. } => {
                let active = plan.consult.as_deref().unwrap_or_default();
                (vec![active, "transfer"], json!({ "heldCallRef": own }))
            }
            Action::Cancel { .. } => match plan.consult.as_ref().or(self.releasing.as_ref()) {
                Some(enquiry) => {
                    let body = json!({ "deviceId": device, "enquiryCallRef": enquiry });
                    (vec![own, "reconnect"], body)
                }
                None => (vec![own, "retrieve"], on_device),
            },
            _ => return Err((None, ActionError::NotSupported)),
        };
        self.station.asked(&plan, action);
        if let Err(error) = self.post(&segments, body).await {
            return Err((Some(plan), error));
        }
        let effect = plan.effect;
        Ok(Some((Some(plan), effect)))
    }

    async fn post(&self, segments: &[&str], body: Value) -> Result<(), ActionError> {
        match self.door.ask(Method::POST, self.door.call(segments), Some(body)).await {
            Ok((200..=299, _)) => Ok(()),
            Ok((404, _)) => Err(ActionError::NoSuchLeg),
            Ok((status, said)) => {
                let cause = said
                    .get("telephony")
                    .and_then(|info| info.get("errorCause"))
                    .and_then(Value::as_str);
                let message = words(&said).or(cause.map(clip));
                Err(ActionError::Refused {
                    message: message.unwrap_or_else(|| format!("HTTP {status}")),
                })
            }
            Err(LossReason::Silent) => Err(ActionError::Unanswered),
            // It may have arrived.
            Err(_) => Err(ActionError::Lost),
        }
    }
}

/// What was planned, and the events to wait for.
type Awaited = (Option<Plan>, &'static [Kind]);
