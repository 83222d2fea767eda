//! The exchange over TCP, on this machine's loopback.

use super::{
    AmiFrame,
    actions::field,
    exchange::{Behaviour, Exchange, PbxOptions},
};
use crate::SandboxError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Notify, broadcast, watch},
    task::JoinHandle,
};

/// Longest line a client may send.
const LONGEST_LINE: usize = 4096;
/// Most fields of an action.
const MOST_FIELDS: usize = 128;
/// Events a slow client may be behind before it is cut off, as Asterisk does.
const MOST_BEHIND: usize = 4096;

/// What somebody at one of its telephones, or in the machine room, does. As JSON this is what `/_sandbox/pbx` takes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    /// Somebody outside calls the queue.
    Call {
        /// His number, as the network shows it.
        number: String,
        /// His name, where the network shows one.
        #[serde(default)]
        name: String,
    },
    /// That caller hangs up.
    HangUp {
        /// His channel.
        caller: String,
    },
    /// A telephone that rings is picked up.
    PickUp {
        /// Which.
        extension: String,
    },
    /// A telephone is put down, or refuses.
    PutDown {
        /// Which.
        extension: String,
    },
    /// Every connection of managers is cut.
    Cut,
    /// New managers are turned away, or no more.
    Away {
        /// Away.
        away: bool,
    },
}

/// What became of a [`Deed`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Done {
    /// The channel of who called.
    pub caller: Option<String>,
    /// There was something to do it to.
    pub done: bool,
}

/// A PBX that serves. It ends when it is dropped.
#[derive(Debug)]
pub struct Pbx {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    exchange: Mutex<Exchange>,
    started: std::time::Instant,
    origin: Timestamp,
    /// How many times faster than the world its time goes.
    pace: f64,
    events: broadcast::Sender<Arc<Vec<u8>>>,
    /// Something was planned.
    planned: Notify,
    /// Counts the cuts; a session of before the last one ends.
    cuts: watch::Sender<u64>,
    /// New clients are turned away.
    away: watch::Sender<bool>,
}

impl Pbx {
    /// Starts a PBX. Port 0 picks a free one; `pace` is how many times faster than the world its time goes (1.0 in the demo).
    ///
    /// # Errors
    /// When the address is not on loopback or cannot be had.
    pub async fn start(options: PbxOptions, address: SocketAddr, pace: f64) -> Result<Self, SandboxError> {
        if !address.ip().is_loopback() {
            return Err(SandboxError::NotLoopback(address));
        }
        let listen = |source| SandboxError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared {
            origin: options.started,
            exchange: Mutex::new(Exchange::new(options)),
            started: std::time::Instant::now(),
            pace: pace.max(0.001),
            events: broadcast::channel(MOST_BEHIND).0,
            planned: Notify::new(),
            cuts: watch::Sender::new(0),
            away: watch::Sender::new(false),
        });
        let serving = vec![
            tokio::spawn(accept(listener, Arc::clone(&shared))),
            tokio::spawn(tick(Arc::clone(&shared))),
        ];
        Ok(Self {
            address,
            shared,
            serving,
        })
    }

    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody outside calls the house's number; gives the caller's channel, for [`Self::hang_up`].
    pub fn call(&self, number: &str, name: &str) -> String {
        self.shared.with(|exchange| exchange.call(number, name))
    }

    /// That caller hangs up.
    pub fn hang_up(&self, caller: &str) {
        self.shared.with(|exchange| exchange.hang_up(caller));
    }

    /// Somebody picks up a telephone that rings; whether it rang.
    pub fn pick_up(&self, extension: &str) -> bool {
        self.shared.with(|exchange| exchange.pick_up(extension))
    }

    /// Somebody puts a telephone down, or refuses a call; whether it was used.
    pub fn put_down(&self, extension: &str) -> bool {
        self.shared.with(|exchange| exchange.put_down(extension))
    }

    /// Sets what a telephone does when it rings.
    pub fn set_behaviour(&self, extension: &str, behaviour: Behaviour) {
        self.shared
            .with(|exchange| exchange.set_behaviour(extension, behaviour));
    }

    /// Carries a deed out: what it made (the caller's channel), or whether there was something to do it to.
    pub fn carry_out(&self, deed: &Deed) -> Done {
        let done = |it: bool| Done { caller: None, done: it };
        match deed {
            Deed::Call { number, name } => Done {
                caller: Some(self.call(number, name)),
                done: true,
            },
            Deed::HangUp { caller } => {
                self.hang_up(caller);
                done(true)
            }
            Deed::PickUp { extension } => done(self.pick_up(extension)),
            Deed::PutDown { extension } => done(self.put_down(extension)),
            Deed::Cut => {
                self.cut();
                done(true)
            }
            Deed::Away { away } => {
                self.set_away(*away);
                done(true)
            }
        }
    }

    /// Cuts every connection; calls go on. Clients may come back at once.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Turns new clients away, or no more.
    pub fn set_away(&self, away: bool) {
        self.shared.away.send_replace(away);
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        self.cut();
        for task in &self.serving {
            task.abort();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.exchange.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Timestamp {
        let passed = self.started.elapsed().mul_f64(self.pace);
        self.origin.checked_add(passed).unwrap_or(self.origin)
    }

    /// Does something to the exchange, at the present instant, and tells everybody what came of it.
    fn with<T>(&self, work: impl FnOnce(&mut Exchange) -> T) -> T {
        let mut exchange = self.lock();
        exchange.advance(self.now());
        let result = work(&mut exchange);
        self.tell(exchange.take_events());
        drop(exchange);
        self.planned.notify_one();
        result
    }

    fn tell(&self, events: Vec<AmiFrame>) {
        for event in events {
            // An error means that nobody listens.
            let _ = self.events.send(Arc::new(encode(&event)));
        }
    }
}

/// Lets what is planned happen in time.
async fn tick(shared: Arc<Shared>) {
    loop {
        let next = shared.lock().next_at();
        let wait = next.map_or(Duration::from_secs(3600), |next| {
            let ahead = next.duration_since(shared.now());
            Duration::try_from(ahead).unwrap_or_default().div_f64(shared.pace)
        });
        tokio::select! {
            () = tokio::time::sleep(wait) => {
                let mut exchange = shared.lock();
                exchange.advance(shared.now());
                shared.tell(exchange.take_events());
            }
            () = shared.planned.notified() => {}
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        if *shared.away.borrow() {
            continue;
        }
        tokio::spawn(session(stream, Arc::clone(&shared)));
    }
}

/// One client, until it or the line goes.
async fn session(stream: TcpStream, shared: Arc<Shared>) {
    let mut cuts = shared.cuts.subscribe();
    tokio::select! {
        result = talk(stream, &shared) => {
            if let Err(error) = result {
                tracing::debug!(%error, "a manager session ended");
            }
        }
        _ = cuts.changed() => {}
    }
}

async fn talk(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading);
    writing.write_all(b"Asterisk Call Manager/9.0.0\r\n").await?;
    let mut events: Option<broadcast::Receiver<Arc<Vec<u8>>>> = None;
    let mut action: AmiFrame = Vec::new();
    let mut line = Vec::new();
    loop {
        tokio::select! {
            read = lines.read_until(b'\n', &mut line) => {
                if read? == 0 || line.len() > LONGEST_LINE || action.len() > MOST_FIELDS {
                    return Ok(());
                }
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                if let Some((key, value)) = text.split_once(':') {
                    action.push((key.trim().to_owned(), value.trim_start().to_owned()));
                }
                if !text.is_empty() || action.is_empty() {
                    continue;
                }
                let asked = std::mem::take(&mut action);
                let signed_in = events.is_some();
                let (frames, goodbye) = answer(shared, &asked, &mut events);
                for frame in frames {
                    writing.write_all(&encode(&frame)).await?;
                }
                if goodbye || (!signed_in && events.is_none()) {
                    return Ok(());
                }
            }
            event = next_event(&mut events) => {
                let Some(event) = event else { return Ok(()) };
                writing.write_all(&event).await?;
            }
        }
    }
}

/// The next event for a client that is signed in; `None` when it is too far behind.
async fn next_event(events: &mut Option<broadcast::Receiver<Arc<Vec<u8>>>>) -> Option<Arc<Vec<u8>>> {
    match events {
        Some(events) => events.recv().await.ok(),
        None => std::future::pending().await,
    }
}

/// Answers an action; signing in opens the stream of events.
fn answer(
    shared: &Shared,
    action: &AmiFrame,
    events: &mut Option<broadcast::Receiver<Arc<Vec<u8>>>>,
) -> (Vec<AmiFrame>, bool) {
    let frame = |fields: &[(&str, &str)]| -> AmiFrame {
        fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect()
    };
    let id = field(action, "ActionID");
    if events.is_none() {
        let login = field(action, "Action").eq_ignore_ascii_case("Login") && shared.lock().login(action);
        if !login {
            let message = "Authentication failed";
            return (
                vec![frame(&[("Response", "Error"), ("ActionID", id), ("Message", message)])],
                true,
            );
        }
        *events = Some(shared.events.subscribe());
        let message = "Authentication accepted";
        let frames = vec![
            frame(&[("Response", "Success"), ("ActionID", id), ("Message", message)]),
            frame(&[
                ("Event", "FullyBooted"),
                ("Privilege", "system,all"),
                ("Uptime", "1"),
                ("LastReload", "1"),
                ("Status", "Fully Booted"),
            ]),
        ];
        return (frames, false);
    }
    let answer = shared.with(|exchange| exchange.act(action));
    (answer.frames, answer.goodbye)
}

fn encode(frame: &AmiFrame) -> Vec<u8> {
    let mut text: String = frame.iter().map(|(key, value)| format!("{key}: {value}\r\n")).collect();
    text.push_str("\r\n");
    text.into_bytes()
}
