//! The connection to the PBX: made, kept, lost and made again; actions matched with their answers and effects.

use super::{
    actions::{Action, Effect},
    config::AmiConfig,
    frame::{Decoder, Frame},
    switchboard::Switchboard,
    tls::protect,
};
use crate::{
    action::ActionError,
    link::{Connect, End, Link, Reply, Request},
    pbx::PbxUpdate,
    state::LossReason,
    tls::Line,
};
use guichet_domain::call::CallEvent;
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

/// An action that waits.
struct Pending {
    effect: Effect,
    effect_timeout: Duration,
    /// The PBX accepted it; what is waited for is its effect.
    accepted: bool,
    /// The effect was seen before the answer.
    seen: Option<Result<(), ActionError>>,
    deadline: Instant,
    reply: Reply,
}

/// A PBX: its settings, and what it is doing as far as is known, which outlives a connection.
#[derive(Debug)]
pub(super) struct Exchange {
    config: AmiConfig,
    board: Switchboard,
}

impl Exchange {
    pub(super) fn new(config: AmiConfig) -> Self {
        // Above every number of an earlier run: its events may still be around.
        let first_seq = Timestamp::now().as_microsecond();
        let board = Switchboard::new(config.source.clone(), &config.region, config.scope.clone(), first_seq);
        Self { config, board }
    }
}

impl Connect for Exchange {
    type Action = Action;

    async fn session(&mut self, requests: &mut mpsc::Receiver<Request<Action>>, link: &mut Link) -> End {
        let mut session = Session {
            config: &self.config,
            board: &mut self.board,
            link,
            pending: BTreeMap::new(),
            next_id: 0,
        };
        session.run(requests).await
    }
}

/// One connection, from its first byte to its end.
struct Session<'a> {
    config: &'a AmiConfig,
    board: &'a mut Switchboard,
    link: &'a mut Link,
    pending: BTreeMap<String, Pending>,
    next_id: u64,
}

impl Session<'_> {
    async fn run(&mut self, requests: &mut mpsc::Receiver<Request<Action>>) -> End {
        let end = match self.open().await {
            Ok((stream, decoder, frames)) => self.listen(stream, decoder, frames, requests).await,
            Err(end) => end,
        };
        for (_, pending) in std::mem::take(&mut self.pending) {
            let _ = pending.reply.send(Err(ActionError::Lost));
        }
        end
    }

    fn id(&mut self) -> String {
        self.next_id += 1;
        format!("guichet-{}", self.next_id)
    }

    /// Connects and signs in.
    async fn open(&mut self) -> Result<(Box<dyn Line>, Decoder, VecDeque<Frame>), End> {
        let config = self.config;
        let unreachable = |detail: String| End::Lost(LossReason::Unreachable { detail });
        let connecting = TcpStream::connect((config.host.as_str(), config.port));
        let stream = timeout(config.connect_timeout, connecting)
            .await
            .map_err(|_| unreachable("timed out".to_owned()))?
            .map_err(|error| unreachable(error.to_string()))?;
        // Actions are small and somebody waits for each.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
        let mut stream = timeout(config.connect_timeout, protect(stream, &config.security, &config.host))
            .await
            .map_err(|_| End::Lost(LossReason::Silent))?
            .map_err(|detail| End::Lost(LossReason::Untrusted { detail }))?;
        let id = self.id();
        let signing_in = async {
            let mut decoder = Decoder::new();
            let mut frames = VecDeque::new();
            while decoder.greeting().is_none() {
                frames.extend(receive(&mut stream, &mut decoder).await?);
            }
            let greeting = decoder.greeting().unwrap_or_default();
            if !greeting.starts_with("Asterisk Call Manager") {
                let greeting = greeting.chars().take(80).collect();
                return Err(End::Lost(LossReason::NotAPbx { greeting }));
            }
            let login = Frame::new([("Action", "Login"), ("ActionID", &id), ("Username", &config.username)])
                .with("Secret", config.secret.expose_secret());
            send(&mut stream, &login).await?;
            loop {
                while let Some(frame) = frames.pop_front() {
                    if frame.get("ActionID") != Some(&id) {
                        continue;
                    }
                    if frame.get("Response") == Some("Success") {
                        return Ok((decoder, frames));
                    }
                    let message = frame.get("Message").unwrap_or_default().to_owned();
                    return Err(End::Lost(LossReason::Refused { message }));
                }
                frames.extend(receive(&mut stream, &mut decoder).await?);
            }
        };
        let (decoder, frames) = timeout(config.connect_timeout, signing_in)
            .await
            .map_err(|_| End::Lost(LossReason::Silent))??;
        Ok((stream, decoder, frames))
    }

    /// Reads what the PBX is doing, then listens and acts.
    async fn listen(
        &mut self,
        mut stream: Box<dyn Line>,
        mut decoder: Decoder,
        mut frames: VecDeque<Frame>,
        requests: &mut mpsc::Receiver<Request<Action>>,
    ) -> End {
        let reread = self.id();
        let members = self.id();
        self.board.begin_reread();
        for (action, id) in [("CoreShowChannels", &reread), ("QueueStatus", &members)] {
            if let Err(end) = send(&mut stream, &Frame::new([("Action", action), ("ActionID", id)])).await {
                return end;
            }
        }
        let mut heard = Instant::now();
        let mut pinged = false;
        loop {
            while let Some(frame) = frames.pop_front() {
                if let Err(end) = self.hear(&frame, &reread).await {
                    return end;
                }
                // A PBX that was still starting has something to say only now.
                if frame.event() == Some("FullyBooted") && self.link.is_connected() {
                    self.board.begin_reread();
                    let again = Frame::new([("Action", "CoreShowChannels"), ("ActionID", &reread)]);
                    if let Err(end) = send(&mut stream, &again).await {
                        return end;
                    }
                }
            }
            let silent_at = heard + self.config.silence * if pinged { 2 } else { 1 };
            let next = self
                .pending
                .values()
                .map(|pending| pending.deadline)
                .fold(silent_at, Instant::min);
            tokio::select! {
                received = receive(&mut stream, &mut decoder) => match received {
                    Ok(more) => {
                        frames.extend(more);
                        heard = Instant::now();
                        pinged = false;
                    }
                    Err(end) => return end,
                },
                request = requests.recv() => match request {
                    Some(Request::Act(action, reply)) => {
                        if let Err(end) = self.act(action, reply, &mut stream).await {
                            return end;
                        }
                    }
                    Some(Request::Stop(done)) => {
                        let _ = send(&mut stream, &Frame::new([("Action", "Logoff")])).await;
                        return End::Stopped(Some(done));
                    }
                    None => return End::Stopped(None),
                },
                () = sleep_until(next) => {
                    self.expire();
                    if Instant::now() >= silent_at {
                        if pinged {
                            return LossReason::Silent.into();
                        }
                        pinged = true;
                        let id = self.id();
                        if let Err(end) = send(&mut stream, &Frame::new([("Action", "Ping"), ("ActionID", &id)])).await {
                            return end;
                        }
                    }
                }
            }
        }
    }

    /// Takes a frame in.
    async fn hear(&mut self, frame: &Frame, reread: &str) -> Result<(), End> {
        let mut events = self.board.apply(frame, Timestamp::now());
        let id = frame.get("ActionID").unwrap_or_default();
        let complete = frame.event() == Some("CoreShowChannelsComplete") && id == reread;
        let refused = id == reread && frame.get("Response") == Some("Error");
        if refused {
            let message = frame.get("Message").unwrap_or_default();
            tracing::warn!(source = %self.config.source.0, message, "the PBX does not list its channels");
            self.board.cancel_reread();
        }
        if complete {
            let now = Timestamp::now();
            events.extend(self.board.end_reread(now));
        }
        for event in events {
            self.seen(&event);
            self.link.say(PbxUpdate::Call(Box::new(event))).await?;
        }
        if complete {
            let (alive, at) = (self.board.alive(), Timestamp::now());
            self.link.say(PbxUpdate::Reread { alive, at }).await?;
        }
        for line in self.board.changed_lines() {
            self.link.say(PbxUpdate::Line(line)).await?;
        }
        if complete || refused {
            self.link.connected();
        }
        self.answered(frame);
        Ok(())
    }

    async fn act(&mut self, action: Action, reply: Reply, stream: &mut Box<dyn Line>) -> Result<(), End> {
        let id = self.id();
        let prepared = match action.prepare(&id, self.board, self.config) {
            Ok(prepared) if prepared.frame.encode().is_none() => Err(ActionError::Invalid("the action")),
            other => other,
        };
        let prepared = match prepared {
            Ok(prepared) => prepared,
            Err(error) => {
                let _ = reply.send(Err(error));
                return Ok(());
            }
        };
        self.pending.insert(
            id,
            Pending {
                effect: prepared.effect,
                effect_timeout: prepared.effect_timeout,
                accepted: false,
                seen: None,
                deadline: Instant::now() + self.config.action_timeout,
                reply,
            },
        );
        send(stream, &prepared.frame).await
    }

    /// Matches an answer (or a call's report) with what was asked.
    fn answered(&mut self, frame: &Frame) {
        let Some(id) = frame.get("ActionID") else { return };
        let Some(pending) = self.pending.get_mut(id) else {
            return;
        };
        let message = || frame.get("Message").unwrap_or_default().to_owned();
        let done = match (frame.event(), frame.get("Response")) {
            (Some("OriginateResponse"), response) => Some(if response == Some("Success") {
                Ok(())
            } else {
                let message = format!("reason {}", frame.get("Reason").unwrap_or("?"));
                Err(ActionError::Refused { message })
            }),
            (None, Some("Success" | "Goodbye")) => {
                pending.accepted = true;
                pending.deadline = Instant::now() + pending.effect_timeout;
                if pending.effect == Effect::Response {
                    Some(Ok(()))
                } else {
                    pending.seen.take()
                }
            }
            (None, Some(_)) => Some(Err(ActionError::Refused { message: message() })),
            _ => None,
        };
        if let Some(done) = done
            && let Some(pending) = self.pending.remove(id)
        {
            let _ = pending.reply.send(done);
        }
    }

    /// Matches an event with the effects that are waited for.
    fn seen(&mut self, event: &CallEvent) {
        let mut done = Vec::new();
        for (id, pending) in &mut self.pending {
            if let Some(shown) = pending.effect.shown_by(event) {
                if pending.accepted {
                    done.push((id.clone(), shown));
                } else {
                    pending.seen.get_or_insert(shown);
                }
            }
        }
        for (id, shown) in done {
            if let Some(pending) = self.pending.remove(&id) {
                let _ = pending.reply.send(shown);
            }
        }
    }

    /// Gives up what took too long.
    fn expire(&mut self) {
        let now = Instant::now();
        let late: Vec<String> = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.deadline <= now)
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            if let Some(pending) = self.pending.remove(&id) {
                let error = if pending.accepted {
                    ActionError::NoEffect
                } else {
                    ActionError::Unanswered
                };
                let _ = pending.reply.send(Err(error));
            }
        }
    }
}

/// Reads once.
async fn receive(stream: &mut Box<dyn Line>, decoder: &mut Decoder) -> Result<Vec<Frame>, End> {
    let mut bytes = [0_u8; 8192];
    match stream.read(&mut bytes).await {
        Ok(0) => Err(LossReason::Closed {
            detail: "closed by the PBX".to_owned(),
        }
        .into()),
        Ok(read) => Ok(decoder.push(bytes.get(..read).unwrap_or_default())),
        Err(error) => Err(LossReason::Closed {
            detail: error.to_string(),
        }
        .into()),
    }
}

/// Sends a frame; the frames of this module can always be encoded, those of actions were looked at before.
async fn send(stream: &mut Box<dyn Line>, frame: &Frame) -> Result<(), End> {
    let bytes = frame.encode().unwrap_or_default();
    stream.write_all(&bytes).await.map_err(|error| {
        LossReason::Closed {
            detail: error.to_string(),
        }
        .into()
    })
}
