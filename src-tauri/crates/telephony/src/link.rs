//! What every connection to a PBX has in common: made, lost and made again, with pauses; its state shown; what it is asked
//! while it is not there refused at once.

use crate::{
    action::ActionError,
    backoff,
    pbx::PbxUpdate,
    state::{ConnectionState, LossReason},
};
use guichet_domain::{call::CallSource, phone::PhoneNumber};
use jiff::Timestamp;
use rand::{SeedableRng, rngs::StdRng};
use std::{future::Future, time::Duration};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

/// Where the outcome of an action goes.
pub(crate) type Reply = oneshot::Sender<Result<(), ActionError>>;

/// What an adapter is asked.
#[derive(Debug)]
pub(crate) enum Request<A> {
    Act(A, Reply),
    Stop(oneshot::Sender<()>),
}

/// Why a session ended.
pub(crate) enum End {
    Lost(LossReason),
    Stopped(Option<oneshot::Sender<()>>),
}

impl From<LossReason> for End {
    fn from(reason: LossReason) -> Self {
        Self::Lost(reason)
    }
}

/// How a connection is kept.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    pub(crate) source: CallSource,
    pub(crate) region: String,
    pub(crate) shortest_pause: Duration,
    pub(crate) longest_pause: Duration,
}

/// Where a session says what it hears, and that it is connected.
#[derive(Debug)]
pub(crate) struct Link {
    source: CallSource,
    updates: mpsc::Sender<PbxUpdate>,
    state: watch::Sender<ConnectionState>,
    connected: bool,
}

impl Link {
    /// Says something; an error means that nobody listens any more: the desk is closed.
    pub(crate) async fn say(&self, update: PbxUpdate) -> Result<(), End> {
        self.updates.send(update).await.map_err(|_| End::Stopped(None))
    }

    /// Whether this session got so far.
    pub(crate) fn is_connected(&self) -> bool {
        self.connected
    }

    /// What the PBX is doing was read: it is there.
    pub(crate) fn connected(&mut self) {
        if !self.connected {
            self.connected = true;
            let since = Timestamp::now();
            self.state.send_replace(ConnectionState::Connected { since });
            tracing::info!(source = %self.source.0, "the PBX is there");
        }
    }
}

/// What a connection is made of.
pub(crate) trait Connect: Send + 'static {
    /// What it can be asked.
    type Action: Send + 'static;

    /// One connection, from its first byte to its end.
    fn session(
        &mut self,
        requests: &mut mpsc::Receiver<Request<Self::Action>>,
        link: &mut Link,
    ) -> impl Future<Output = End> + Send;
}

/// Connects, listens and connects again, until it is stopped.
async fn keep<C: Connect>(
    mut pbx: C,
    keeping: Keeping,
    mut requests: mpsc::Receiver<Request<C::Action>>,
    updates: mpsc::Sender<PbxUpdate>,
    state: watch::Sender<ConnectionState>,
) {
    // The numbering plans of the world are loaded when the first number is read, which takes longer than a screen pop may.
    let region = keeping.region;
    let loading = tokio::task::spawn_blocking(move || PhoneNumber::parse_in("0100000000", &region));
    let mut rng = StdRng::from_os_rng();
    let mut failures = 0_u32;
    let mut lost_since: Option<Timestamp> = None;
    if let Err(error) = loading.await {
        tracing::warn!(%error, "numbering plans");
    }
    let mut link = Link {
        source: keeping.source,
        updates,
        state,
        connected: false,
    };
    let stopped = |link: &Link, done: Option<oneshot::Sender<()>>| {
        link.state.send_replace(ConnectionState::Stopped);
        if let Some(done) = done {
            let _ = done.send(());
        }
    };
    loop {
        link.connected = false;
        let reason = match pbx.session(&mut requests, &mut link).await {
            End::Stopped(done) => return stopped(&link, done),
            End::Lost(reason) => reason,
        };
        if link.connected {
            failures = 0;
            lost_since = None;
        }
        failures = failures.saturating_add(1);
        let pause = if matches!(reason, LossReason::Refused { .. }) {
            keeping.longest_pause
        } else {
            backoff::pause(failures, keeping.shortest_pause, keeping.longest_pause, &mut rng)
        };
        let now = Timestamp::now();
        let since = *lost_since.get_or_insert(now);
        tracing::warn!(source = %link.source.0, reason = reason.code(), ?pause, "the PBX is not there");
        link.state.send_replace(ConnectionState::Lost {
            reason,
            since,
            retry_at: now.checked_add(pause).unwrap_or(now),
        });
        if let Some(done) = wait(Instant::now() + pause, &mut requests).await {
            return stopped(&link, done);
        }
    }
}

/// Lets the pause pass; what is asked meanwhile is refused at once. `Some` when it was told to stop.
async fn wait<A>(until: Instant, requests: &mut mpsc::Receiver<Request<A>>) -> Option<Option<oneshot::Sender<()>>> {
    loop {
        tokio::select! {
            () = sleep_until(until) => return None,
            request = requests.recv() => match request {
                Some(Request::Act(_, reply)) => {
                    let _ = reply.send(Err(ActionError::NotConnected));
                }
                Some(Request::Stop(done)) => return Some(Some(done)),
                None => return Some(None),
            },
        }
    }
}

/// A connection that is kept, as its adapter holds it. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Handle<A> {
    source: CallSource,
    requests: mpsc::Sender<Request<A>>,
    state: watch::Receiver<ConnectionState>,
    running: JoinHandle<()>,
}

impl<A: Send + 'static> Handle<A> {
    /// Starts it.
    pub(crate) fn start<C: Connect<Action = A>>(pbx: C, keeping: Keeping, updates: mpsc::Sender<PbxUpdate>) -> Self {
        let (requests, asked) = mpsc::channel(32);
        let (telling, state) = watch::channel(ConnectionState::Connecting);
        let source = keeping.source.clone();
        Self {
            running: tokio::spawn(keep(pbx, keeping, asked, updates, telling)),
            source,
            requests,
            state,
        }
    }

    pub(crate) fn source(&self) -> &CallSource {
        &self.source
    }

    pub(crate) fn state(&self) -> watch::Receiver<ConnectionState> {
        self.state.clone()
    }

    pub(crate) async fn ask(&self, action: A) -> Result<(), ActionError> {
        // Nothing waits for a PBX to come back: a late transfer is a wrong one.
        if !self.state.borrow().is_connected() {
            return Err(ActionError::NotConnected);
        }
        let (reply, answer) = oneshot::channel();
        self.requests
            .send(Request::Act(action, reply))
            .await
            .map_err(|_| ActionError::NotConnected)?;
        answer.await.map_err(|_| ActionError::Lost)?
    }

    pub(crate) async fn stop(self) {
        let (done, ended) = oneshot::channel();
        if self.requests.send(Request::Stop(done)).await.is_ok() {
            // An error means that it has ended already.
            let _ = ended.await;
        }
    }
}

impl<A> Drop for Handle<A> {
    fn drop(&mut self) {
        self.running.abort();
    }
}
