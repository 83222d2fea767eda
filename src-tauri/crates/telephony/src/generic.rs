//! Telephones of any make: a loopback endpoint that takes Zammad's generic CTI form, for softphones and desktops that can
//! call an address or run a program when it rings.
//!
//! [`GenericCall::read`] is pure, and also what a `guichet://call?…` link and the command line are read with; [`Endpoint`] is
//! the HTTP server. Source of the form: zammad-documentation, `api/generic-cti`.

use crate::{
    action::{Abilities, Action, ActionError},
    pbx::{Pbx, PbxUpdate},
    state::{ConnectionState, LossReason},
};
use async_trait::async_trait;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, StatusCode, header},
    routing::post,
};
use guichet_domain::call::{
    CallCapabilities, CallCause, CallEvent, CallEventKind as Kind, CallSource, Direction, RemoteParty,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// Most bytes of a form.
const LONGEST_FORM: usize = 16 * 1024;
/// Longest value of a field.
const LONGEST_VALUE: usize = 256;

/// Why a form is no call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A field that must be there is not.
    #[error("the field {0} is missing")]
    Missing(&'static str),
    /// A field says what it cannot.
    #[error("the field {0} cannot be understood")]
    Invalid(&'static str),
}

/// A call as the form tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenericCall {
    event: Happened,
    id: String,
    direction: Direction,
    from: String,
    to: String,
    users: Vec<String>,
    queue: Option<String>,
    answering: Option<String>,
    cause: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Happened {
    New,
    Answer,
    Hangup,
}

impl GenericCall {
    /// Reads the form's fields; unknown ones are passed over. `direction` is "in" where it is missing.
    ///
    /// # Errors
    /// When `event` or `callId` is missing, or a field says what it cannot.
    pub fn read<K: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (K, V)>) -> Result<Self, FormError> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        let mut users = Vec::new();
        for (key, value) in fields {
            let value = value.as_ref().trim();
            if value.len() > LONGEST_VALUE || value.chars().any(char::is_control) {
                return Err(FormError::Invalid("a value"));
            }
            let key = key.as_ref();
            if matches!(key, "user[]" | "user") || (key.starts_with("user[") && key.ends_with(']')) {
                if !value.is_empty() && users.len() < 100 {
                    users.push(value.to_owned());
                }
            } else {
                all.insert(key.to_owned(), value.to_owned());
            }
        }
        let mut take = |key: &str| all.remove(key).filter(|value| !value.is_empty());
        let event = match take("event").ok_or(FormError::Missing("event"))?.as_str() {
            "newCall" => Happened::New,
            "answer" => Happened::Answer,
            "hangup" => Happened::Hangup,
            _ => return Err(FormError::Invalid("event")),
        };
        let direction = match take("direction").as_deref() {
            None | Some("in") => Direction::Inbound,
            Some("out") => Direction::Outbound,
            Some(_) => return Err(FormError::Invalid("direction")),
        };
        Ok(Self {
            event,
            id: take("callId").ok_or(FormError::Missing("callId"))?,
            direction,
            from: take("from").unwrap_or_default(),
            to: take("to").unwrap_or_default(),
            users,
            queue: take("queue"),
            answering: take("answeringNumber"),
            cause: take("cause"),
        })
    }

    /// The call's events. Which telephone rings is `user[]` where it is said, else the number called (else the one calling out).
    #[must_use]
    pub fn events(&self, source: &CallSource, region: &str, at: Timestamp, first_seq: i64) -> Vec<CallEvent> {
        let (remote, own) = match self.direction {
            Direction::Inbound => (&self.from, &self.to),
            Direction::Outbound => (&self.to, &self.from),
        };
        let own = (!own.is_empty()).then(|| own.clone());
        let mut said: Vec<(Kind, Option<String>, Option<CallCause>)> = Vec::new();
        match self.event {
            Happened::New if self.direction == Direction::Outbound => {
                said.push((Kind::Dialing, self.users.first().cloned().or(own), None));
            }
            Happened::New => {
                if self.queue.is_some() {
                    said.push((Kind::Queued, None, None));
                }
                if self.users.is_empty() {
                    said.push((Kind::Ringing, own, None));
                }
                said.extend(self.users.iter().map(|user| (Kind::Ringing, Some(user.clone()), None)));
            }
            Happened::Answer => {
                let who = self.users.first().cloned().or_else(|| self.answering.clone()).or(own);
                said.push((Kind::Answered, who, None));
            }
            Happened::Hangup => {
                let (cause, unanswered) = match self.cause.as_deref() {
                    Some("normalClearing") => (CallCause::Normal, false),
                    Some("busy") => (CallCause::Busy, true),
                    Some("cancel") => (CallCause::Cancelled, true),
                    Some("noAnswer") => (CallCause::NoAnswer, true),
                    Some("congestion") => (CallCause::Congestion, true),
                    Some("notFound") => (CallCause::NotFound, true),
                    // "forwarded" included: it went elsewhere, and what became of it there is not told.
                    _ => (CallCause::Unknown, false),
                };
                // The tracker knows whether it was answered, and makes no missed call of one that was.
                let missed = unanswered && self.direction == Direction::Inbound;
                said.push((if missed { Kind::Missed } else { Kind::Ended }, None, Some(cause)));
            }
        }
        let remote = RemoteParty::read(remote, "", region);
        said.into_iter()
            .zip(first_seq..)
            .map(|((kind, device, cause), seq)| CallEvent {
                at,
                seq,
                source: source.clone(),
                native_id: self.id.clone(),
                conversation_id: self.id.clone(),
                previous_ids: Vec::new(),
                kind,
                direction: self.direction,
                remote: remote.clone(),
                agent: None,
                device,
                queue: self.queue.clone(),
                cause,
                user_data: BTreeMap::new(),
                capabilities: CallCapabilities::default(),
            })
            .collect()
    }
}

/// Why the endpoint does not serve.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// Only this machine may reach it.
    #[error("the endpoint listens on this machine only, not on {0}")]
    NotLoopback(SocketAddr),
    /// The address cannot be had.
    #[error("the endpoint cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
}

/// The HTTP endpoint. It ends when it is dropped. As a [`Pbx`] it is connected while it listens, and cannot be asked for anything:
/// what a telephone of any make can do, nobody knows.
#[derive(Debug)]
pub struct Endpoint {
    source: CallSource,
    state: watch::Receiver<ConnectionState>,
    address: SocketAddr,
    serving: JoinHandle<()>,
}

struct Shared {
    source: CallSource,
    region: String,
    token: SecretString,
    seq: AtomicI64,
    updates: mpsc::Sender<PbxUpdate>,
}

impl Endpoint {
    /// Listens for forms at `POST /cti/TOKEN`. Port 0 picks a free one.
    ///
    /// # Errors
    /// When the address is not on loopback or cannot be had.
    pub async fn start(
        source: CallSource,
        region: &str,
        token: SecretString,
        address: SocketAddr,
        updates: mpsc::Sender<PbxUpdate>,
    ) -> Result<Self, EndpointError> {
        if !address.ip().is_loopback() {
            return Err(EndpointError::NotLoopback(address));
        }
        let listen = |source| EndpointError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let shared = Arc::new(Shared {
            source: source.clone(),
            region: region.to_owned(),
            token,
            seq: AtomicI64::new(Timestamp::now().as_microsecond()),
            updates,
        });
        let app = Router::new()
            .route("/cti/{token}", post(take))
            .layer(DefaultBodyLimit::max(LONGEST_FORM))
            .with_state(shared);
        let since = Timestamp::now();
        let (telling, state) = watch::channel(ConnectionState::Connected { since });
        let serving = tokio::spawn(async move {
            let detail = match axum::serve(listener, app).await {
                Ok(()) => "ended".to_owned(),
                Err(error) => error.to_string(),
            };
            tracing::error!(detail, "the telephony endpoint ended");
            let since = Timestamp::now();
            telling.send_replace(ConnectionState::Lost {
                reason: LossReason::Closed { detail },
                since,
                retry_at: since,
            });
        });
        Ok(Self {
            source,
            state,
            address,
            serving,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[async_trait]
impl Pbx for Endpoint {
    fn source(&self) -> &CallSource {
        &self.source
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.state.clone()
    }

    fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    async fn act(&self, _action: Action) -> Result<(), ActionError> {
        Err(ActionError::NotSupported)
    }

    async fn stop(self: Box<Self>) {}
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn take(
    State(shared): State<Arc<Shared>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    // A web page may post to loopback without asking; it cannot leave its origin out, nor (by a name of its own that leads
    // here) say that it called this machine.
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if headers.contains_key(header::ORIGIN) || !is_this_machine(host) || !same(&token, shared.token.expose_secret()) {
        return (StatusCode::FORBIDDEN, String::new());
    }
    let fields = form_fields(&body);
    let call = match GenericCall::read(fields) {
        Ok(call) => call,
        Err(error) => return (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    };
    let first = shared.seq.fetch_add(128, Ordering::Relaxed);
    for event in call.events(&shared.source, &shared.region, Timestamp::now(), first) {
        if shared.updates.send(PbxUpdate::Call(Box::new(event))).await.is_err() {
            return (StatusCode::SERVICE_UNAVAILABLE, String::new());
        }
    }
    (StatusCode::OK, String::new())
}

/// Whether the request was made for this machine by its own name.
fn is_this_machine(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        if port.chars().all(|c| c.is_ascii_digit()) {
            name
        } else {
            host
        }
    });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]")
}

/// Compares in a time that does not tell how much of it is right.
fn same(given: &str, wanted: &str) -> bool {
    let (given, wanted) = (given.as_bytes(), wanted.as_bytes());
    let different = given.iter().zip(wanted).fold(0_u8, |all, (a, b)| all | (a ^ b));
    !wanted.is_empty() && given.len() == wanted.len() && different == 0
}

/// The fields of an `application/x-www-form-urlencoded` body.
fn form_fields(body: &[u8]) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body)
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::Tracker;
    use guichet_domain::call::CallState;
    use proptest::prelude::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    fn events(form: &str, second: i64) -> Vec<CallEvent> {
        let at = Timestamp::from_second(1_795_327_000 + second).unwrap();
        let call = GenericCall::read(form_fields(form.as_bytes())).unwrap();
        call.events(&CallSource("generic".to_owned()), "FR", at, second * 100)
    }

    fn state(forms: &[&str]) -> (CallState, Option<CallCause>) {
        let mut tracker = Tracker::new();
        for (second, form) in forms.iter().enumerate() {
            for event in events(form, i64::try_from(second).unwrap()) {
                tracker.apply(event);
            }
        }
        let call = tracker.calls().next().unwrap();
        (call.state, call.cause)
    }

    const NEW: &str =
        "event=newCall&from=0612340013&to=0144556677&direction=in&callId=7&user%5B%5D=N.+Leroux&queue=support";

    #[test]
    fn a_call_rings_is_answered_and_hung_up() {
        let ring = events(NEW, 0);
        let kinds: Vec<_> = ring.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [Kind::Queued, Kind::Ringing]);
        assert_eq!(ring[1].device.as_deref(), Some("N. Leroux"));
        assert_eq!(ring[1].remote.e164.as_deref(), Some("+33612340013"));
        let answer =
            "event=answer&callId=7&direction=in&from=0612340013&to=0144556677&user[]=N.+Leroux&answeringNumber=6001";
        assert_eq!(state(&[NEW, answer]).0, CallState::Answered);
        let hangup = "event=hangup&callId=7&direction=in&from=0612340013&to=0144556677&cause=normalClearing";
        assert_eq!(
            state(&[NEW, answer, hangup]),
            (CallState::Ended, Some(CallCause::Normal))
        );
        // Some telephones say "cancel" of a call that was answered.
        assert_eq!(
            state(&[NEW, answer, "event=hangup&callId=7&cause=cancel"]).0,
            CallState::Ended
        );
    }

    #[test]
    fn every_cause_of_the_form_is_known() {
        for (cause, wanted) in [
            ("busy", (CallState::Missed, Some(CallCause::Busy))),
            ("cancel", (CallState::Missed, Some(CallCause::Cancelled))),
            ("noAnswer", (CallState::Missed, Some(CallCause::NoAnswer))),
            ("congestion", (CallState::Missed, Some(CallCause::Congestion))),
            ("notFound", (CallState::Missed, Some(CallCause::NotFound))),
            ("forwarded", (CallState::Ended, Some(CallCause::Unknown))),
        ] {
            let hangup = format!("event=hangup&callId=7&direction=in&from=0612340013&cause={cause}");
            assert_eq!(state(&[NEW, &hangup]), wanted, "{cause}");
        }
    }

    #[test]
    fn an_outgoing_call_is_dialled_by_the_desk() {
        let call = &events("event=newCall&from=6001&to=0612340013&direction=out&callId=8", 0)[0];
        assert_eq!((call.kind, call.direction), (Kind::Dialing, Direction::Outbound));
        assert_eq!(call.remote.raw, "0612340013");
        assert_eq!(call.device.as_deref(), Some("6001"));
        let busy = "event=hangup&from=6001&to=0612340013&direction=out&callId=8&cause=busy";
        assert_eq!(
            state(&[busy]),
            (CallState::Ended, Some(CallCause::Busy)),
            "no missed call of one's own"
        );
    }

    #[test]
    fn a_form_that_is_no_call_says_why() {
        for (form, wanted) in [
            ("callId=1", FormError::Missing("event")),
            ("event=newCall", FormError::Missing("callId")),
            ("event=explode&callId=1", FormError::Invalid("event")),
            ("event=newCall&callId=1&direction=up", FormError::Invalid("direction")),
            ("event=newCall&callId=1&from=06%0d%0ax", FormError::Invalid("a value")),
        ] {
            assert_eq!(GenericCall::read(form_fields(form.as_bytes())), Err(wanted), "{form}");
        }
    }

    proptest! {
        #[test]
        fn any_body_is_survived(body in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = GenericCall::read(form_fields(&body));
        }
    }

    async fn ask(address: SocketAddr, path: &str, headers: &str, body: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\n{headers}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn only_who_has_the_token_and_is_no_web_page_is_listened_to() {
        let (tell, mut heard) = mpsc::channel(16);
        let token = SecretString::from("s3cret".to_owned());
        let address = "127.0.0.1:0".parse().unwrap();
        let endpoint = Endpoint::start(CallSource("generic".to_owned()), "FR", token, address, tell)
            .await
            .unwrap();
        let address = endpoint.address();
        let own = "Host: 127.0.0.1\r\n";
        for (path, headers, body, status) in [
            ("/cti/wrong", own, NEW, "403"),
            ("/cti/s3cre", own, NEW, "403"),
            (
                "/cti/s3cret",
                "Host: 127.0.0.1\r\nOrigin: https://evil.example\r\n",
                NEW,
                "403",
            ),
            ("/cti/s3cret", "Host: rebound.example:80\r\n", NEW, "403"),
            ("/cti/s3cret", own, "event=newCall", "422"),
            ("/", own, NEW, "404"),
        ] {
            assert_eq!(ask(address, path, headers, body).await, status, "{path} {headers}");
        }
        assert!(heard.try_recv().is_err(), "nothing of that was heard");
        let giant = format!("{NEW}&x={}", "y".repeat(LONGEST_FORM));
        assert_eq!(ask(address, "/cti/s3cret", own, &giant).await, "413");
        assert_eq!(ask(address, "/cti/s3cret", "Host: localhost:5\r\n", NEW).await, "200");
        for kind in [Kind::Queued, Kind::Ringing] {
            let update = heard.recv().await.unwrap();
            assert!(
                matches!(&update, PbxUpdate::Call(event) if event.kind == kind),
                "{update:?}"
            );
        }
        let any: Box<dyn Pbx> = Box::new(endpoint);
        assert!(any.state().borrow().is_connected());
        let consult = Action::Consult {
            conversation: "7".to_owned(),
            device: "N. Leroux".to_owned(),
            extension: "7001".to_owned(),
        };
        assert!(!any.abilities().allow(&consult));
        assert_eq!(any.act(consult).await, Err(ActionError::NotSupported));
        any.stop().await;
        let outside = "0.0.0.0:0".parse().unwrap();
        let (tell, _heard) = mpsc::channel(1);
        let refused = Endpoint::start(
            CallSource("g".to_owned()),
            "FR",
            SecretString::from(String::new()),
            outside,
            tell,
        )
        .await;
        assert!(matches!(refused, Err(EndpointError::NotLoopback(_))));
    }
}
