//! One session with Aircall's API: the key and the user are checked, the calls are read, then they are looked at again and again.

use super::{
    AircallConfig,
    ledger::Ledger,
    wire::{self, Call},
};
use crate::{
    action::{Action, ActionError, DATA_PREFIX},
    link::{Connect, End, Link, Reply, Request},
    net::{Server, refused, words},
    pbx::PbxUpdate,
    state::LossReason,
    station::Waiting,
};
use guichet_domain::{
    call::{CallEvent, CallEventKind as Kind},
    phone::PhoneNumber,
};
use jiff::{SignedDuration, Timestamp};
use reqwest::RequestBuilder;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use url::Url;

/// How far back the first look goes: no call is longer.
const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(8);
/// How far back a look goes where no call goes on: clocks differ, and a list may be late.
const LOOK_BACK: SignedDuration = SignedDuration::from_mins(5);
/// Calls of a page.
const PER_PAGE: u32 = 50;
/// Pages of one look at most.
const PAGES: usize = 6;
/// Requests kept for what the technician asks for.
const KEPT_FOR_ACTIONS: u64 = 10;

/// What outlives a session.
pub(super) struct Exchange {
    config: AircallConfig,
    ledger: Ledger,
    /// Aircall asked for silence until then.
    still_until: Option<Instant>,
}

impl Exchange {
    pub(super) fn new(config: AircallConfig) -> Self {
        Self {
            ledger: Ledger::new(&config),
            config,
            still_until: None,
        }
    }
}

impl Connect for Exchange {
    type Action = Action;

    async fn session(&mut self, requests: &mut mpsc::Receiver<Request<Action>>, link: &mut Link) -> End {
        if let Some(until) = self.still_until.take() {
            tokio::select! {
                () = sleep_until(until) => {}
                request = requests.recv() => match request {
                    Some(Request::Stop(done)) => return End::Stopped(Some(done)),
                    Some(Request::Act(_, reply)) => {
                        let _ = reply.send(Err(ActionError::NotConnected));
                        self.still_until = Some(until);
                        let detail = "too many requests".to_owned();
                        return End::Lost(LossReason::Closed { detail });
                    }
                    None => return End::Stopped(None),
                },
            }
        }
        let server = match Server::new(
            &self.config.url,
            self.config.authorities.as_deref(),
            self.config.connect_timeout,
        ) {
            Ok(server) => server,
            Err(reason) => return reason.into(),
        };
        let mut session = Session {
            config: &self.config,
            ledger: &mut self.ledger,
            still_until: &mut self.still_until,
            link,
            server,
            waiting: Waiting::default(),
            calling_from: None,
            poll: self.config.poll,
        };
        let end = session.run(requests).await;
        session.waiting.lose();
        end
    }
}

struct Session<'a> {
    config: &'a AircallConfig,
    ledger: &'a mut Ledger,
    still_until: &'a mut Option<Instant>,
    link: &'a mut Link,
    server: Server,
    waiting: Waiting,
    /// The Aircall number that the user calls from.
    calling_from: Option<u64>,
    /// Until the next look, as the allowance permits.
    poll: Duration,
}

impl Session<'_> {
    async fn run(&mut self, requests: &mut mpsc::Receiver<Request<Action>>) -> End {
        if let Err(end) = self.begin().await {
            return end;
        }
        let mut next = Instant::now() + self.poll;
        loop {
            let until = self.waiting.deadline().map_or(next, |deadline| deadline.min(next));
            let done = tokio::select! {
                request = requests.recv() => match request {
                    Some(Request::Act(action, reply)) => self.act(&action, reply).await,
                    Some(Request::Stop(done)) => return End::Stopped(Some(done)),
                    None => return End::Stopped(None),
                },
                () = sleep_until(until) => {
                    let now = Instant::now();
                    self.waiting.expire(now);
                    if now < next {
                        Ok(())
                    } else {
                        let looked = self.look(LOOK_BACK).await;
                        next = Instant::now() + self.poll;
                        looked
                    }
                }
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// The key is good, the user is somebody, and what goes on is read.
    async fn begin(&mut self) -> Result<(), End> {
        let url = self.server.below("v1/users", &[&self.config.device]);
        let (status, said) = self.get(url).await?;
        let user = said.get("user").filter(|_| status == 200);
        let Some(user) = user else {
            return Err(match status {
                404 => {
                    let message = format!("no user {}", self.config.device);
                    LossReason::Refused { message }
                }
                200 => LossReason::NotAPbx {
                    greeting: "no user in the answer".to_owned(),
                },
                status => refused(status, &said),
            }
            .into());
        };
        let numbers = user.get("numbers").and_then(Value::as_array);
        self.calling_from = numbers
            .and_then(|numbers| numbers.first())
            .and_then(|number| number.get("id"))
            .and_then(Value::as_u64);
        self.look(FIRST_LOOK).await?;
        let (alive, at) = (self.ledger.alive(), Timestamp::now());
        self.link.say(PbxUpdate::Reread { alive, at }).await?;
        self.link.connected();
        Ok(())
    }

    /// Looks at every call since the oldest that goes on, or since a little while ago.
    async fn look(&mut self, back: SignedDuration) -> Result<(), End> {
        let now = Timestamp::now();
        let usual = now.checked_sub(back).unwrap_or(now);
        let from = self.ledger.oldest().map_or(usual, |oldest| oldest.min(usual));
        let mut url = self.server.at("v1/calls");
        url.query_pairs_mut()
            .append_pair("from", &from.as_second().to_string())
            .append_pair("order", "asc")
            .append_pair("per_page", &PER_PAGE.to_string());
        let mut calls: Vec<Call> = Vec::new();
        for _ in 0..PAGES {
            let (status, said) = self.get(url).await?;
            let Some((page, next)) = wire::page(&said).filter(|_| status == 200) else {
                return Err(refused(status, &said).into());
            };
            calls.extend(page);
            // It names its own address: only the way on it is followed, on the server that was configured.
            match next.and_then(|next| self.server.named(&next)) {
                Some(next) => url = next,
                None => break,
            }
        }
        let events = self.ledger.look(&calls, now);
        self.say(events).await
    }

    async fn say(&mut self, events: Vec<CallEvent>) -> Result<(), End> {
        for event in events {
            self.waiting.seen(&event);
            self.link.say(PbxUpdate::Call(Box::new(event))).await?;
        }
        Ok(())
    }

    /// One read; a refusal for too many requests ends the session for as long as Aircall says.
    async fn get(&mut self, url: Url) -> Result<(u16, Value), End> {
        let request = self.authorised(self.server.http().get(url));
        let (status, headers, said) = self.server.ask_whole(request).await?;
        let now = Timestamp::now();
        if status == 429 {
            *self.still_until = Some(Instant::now() + wire::keep_still(&headers, now));
            let detail = "HTTP 429: too many requests".to_owned();
            return Err(LossReason::Closed { detail }.into());
        }
        // What is left of the minute is spread over it, less what the technician may ask for.
        self.poll = match wire::allowance(&headers, now) {
            Some((left, wait)) => {
                let looks = u32::try_from(left.saturating_sub(KEPT_FOR_ACTIONS)).unwrap_or(u32::MAX);
                self.config.poll.max(wait.checked_div(looks).unwrap_or(wait))
            }
            None => self.config.poll,
        };
        Ok((status, said))
    }

    fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        request.basic_auth(&self.config.api_id, Some(self.config.api_token.expose_secret()))
    }

    async fn act(&mut self, action: &Action, reply: Reply) -> Result<(), End> {
        let planned = self.plan(action);
        let (url, body, awaited) = match planned {
            Ok(planned) => planned,
            Err(error) => {
                let _ = reply.send(Err(error));
                return Ok(());
            }
        };
        let request = self.authorised(self.server.http().post(url)).json(&body);
        let done = match self.server.ask_whole(request).await {
            Ok((200..=299, _, _)) => Ok(()),
            Ok((404, _, _)) => Err(ActionError::NoSuchLeg),
            Ok((status, _, said)) => Err(ActionError::Refused {
                message: words(&said).unwrap_or_else(|| format!("HTTP {status}")),
            }),
            Err(LossReason::Silent) => Err(ActionError::Unanswered),
            // It may have arrived.
            Err(_) => Err(ActionError::Lost),
        };
        match (done, awaited) {
            (Ok(()), Some((conversation, effect))) => {
                let deadline = Instant::now() + self.config.effect_timeout;
                self.waiting.push(None, conversation, effect, deadline, reply);
            }
            (done, _) => _ = reply.send(done),
        }
        Ok(())
    }

    /// What an action comes to: where, what, and the effect to wait for (none: it shows none).
    fn plan(&self, action: &Action) -> Result<Planned, ActionError> {
        let of_call = |conversation: &str, what: &str| {
            if self.ledger.goes_on(conversation) {
                Ok(self.server.below("v1/calls", &[conversation, what]))
            } else {
                Err(ActionError::NoSuchLeg)
            }
        };
        match action {
            Action::Dial { device, number, .. } => {
                if *device != self.config.device {
                    return Err(ActionError::NoSuchLeg);
                }
                let parsed = PhoneNumber::parse_in(number, &self.config.region);
                let to = parsed
                    .and_then(|number| number.e164)
                    .ok_or(ActionError::Invalid("the number"))?;
                let from = self.calling_from.ok_or(ActionError::NotPossible)?;
                let url = self.server.below("v1/users", &[&self.config.device, "calls"]);
                let effect: &[Kind] = &[Kind::Dialing, Kind::Answered];
                Ok((url, json!({ "number_id": from, "to": to }), Some((None, effect))))
            }
            Action::Blind {
                conversation,
                device,
                extension,
            } => {
                if *device != self.config.device || !self.ledger.has(conversation) {
                    return Err(ActionError::NoSuchLeg);
                }
                // A user of the account by its number there; anything longer is a telephone number.
                let whom = match extension.trim().parse::<u64>() {
                    Ok(user) if !extension.trim().starts_with(['+', '0']) => json!({ "user_id": user }),
                    _ => {
                        let parsed = PhoneNumber::parse_in(extension, &self.config.region);
                        let number = parsed.and_then(|number| number.e164);
                        json!({ "number": number.ok_or(ActionError::Invalid("the number"))? })
                    }
                };
                let effect: &[Kind] = &[Kind::Transferred];
                // A call handed to a number outside stays the technician's in the list: there is nothing to see.
                let awaited = whom.get("user_id").map(|_| (Some(conversation.clone()), effect));
                Ok((of_call(conversation, "transfers")?, whom, awaited))
            }
            Action::Attach {
                conversation,
                attachment,
            } => {
                let name = attachment.key().trim_start_matches(DATA_PREFIX);
                let card = wire::card(name, attachment.value());
                Ok((of_call(conversation, "insight_cards")?, card, None))
            }
            _ => Err(ActionError::NotSupported),
        }
    }
}

/// Where, what, and for which events of which call (of any: `None`) to wait.
type Planned = (Url, Value, Option<(Option<String>, &'static [Kind])>);
