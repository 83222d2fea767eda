//! The simulated network and server: the sandbox's core behind exchanges that go wrong as planned.

use crate::{
    clock::SimClock,
    life::Life,
    plan::{CLIENT_TIMEOUT, Exchange, Fate, Plan},
    trace::Trace,
    whole,
};
use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Clock, Delivery};
use guichet_backend_glpi::transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError};
use guichet_sandbox::{
    Glpi, Write,
    wire::{Body, Request, Response},
};
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::Timestamp;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// The server, shared by its clients.
#[derive(Clone)]
pub(crate) struct Server {
    glpi: Arc<Mutex<Glpi>>,
    /// Who had a part in a ticket before anything happened: table, ticket, person or group, part.
    pub(crate) parts_at_first: Arc<BTreeSet<(&'static str, i64, i64, i64)>>,
    /// Requests taken whose commit is still to come.
    under_way: Arc<AtomicUsize>,
    /// Writes that a backup brought back does not have.
    gone: Arc<Mutex<Vec<Write>>>,
    brought_back: Arc<Mutex<Option<Duration>>>,
    /// The time as it is.
    pub(crate) clock: SimClock,
    /// The server's own clock.
    pub(crate) stamps: SimClock,
    pub(crate) trace: Trace,
}

impl Server {
    pub(crate) fn new(glpi: Glpi, clock: SimClock, stamps: SimClock, trace: Trace) -> Self {
        let mut parts = BTreeSet::new();
        for ticket in glpi.tickets() {
            for (table, column) in [("Ticket_User", "users_id"), ("Group_Ticket", "groups_id")] {
                for row in glpi.on_ticket(table, ticket) {
                    let read = |column: &str| glpi.peek(table, row, column)?.as_i64();
                    parts.extend(
                        read(column)
                            .zip(read("type"))
                            .map(|(id, part)| (table, ticket, id, part)),
                    );
                }
            }
        }
        Self {
            parts_at_first: Arc::new(parts),
            glpi: Arc::new(Mutex::new(glpi)),
            under_way: Arc::default(),
            gone: Arc::default(),
            brought_back: Arc::default(),
            clock,
            stamps,
            trace,
        }
    }

    pub(crate) fn glpi(&self) -> MutexGuard<'_, Glpi> {
        self.glpi.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of what a backup brought back does not have.
    pub(crate) fn forget(&self, gone: Vec<Write>) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).extend(gone);
        let mut at = self.brought_back.lock().unwrap_or_else(PoisonError::into_inner);
        *at = Some(self.clock.elapsed());
    }

    /// When a backup was brought back, after the start.
    pub(crate) fn brought_back(&self) -> Option<Duration> {
        *self.brought_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a backup brought back does not have.
    pub(crate) fn gone(&self) -> Vec<Write> {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether something that was sent may still change something.
    pub(crate) fn is_at_work(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) > 0
    }

    /// Takes a request now and commits it later, whatever becomes of its client.
    async fn handle_later(
        self,
        request: Request,
        after: Duration,
        stamp: impl FnOnce(Timestamp) -> Timestamp,
    ) -> Response {
        tokio::time::sleep(after).await;
        let response = self.handle(&request, stamp(self.stamps.now()));
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        response
    }

    /// Handles a request now, with the stamps of `stamp`.
    pub(crate) fn handle(&self, request: &Request, stamp: Timestamp) -> Response {
        let response = self.glpi().handle(request, stamp);
        let (now, bytes) = (self.clock.now(), response.body.len());
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        self.trace.add(
            now,
            format_args!(
                "  server: {} {}?{} -> {} ({bytes} bytes)",
                request.method,
                request.path,
                query.join("&"),
                response.status
            ),
        );
        response
    }
}

/// A connection without faults, for the comparison at the end and for the colleague.
pub(crate) struct Direct(pub(crate) Server);

#[async_trait]
impl Transport for Direct {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let response = self.0.handle(&wire(request), self.0.stamps.now());
        Ok(api(response))
    }
}

/// A connection that goes wrong as planned.
pub(crate) struct SimTransport {
    server: Server,
    plan: Arc<Mutex<Plan>>,
    life: Arc<Life>,
}

impl SimTransport {
    pub(crate) fn new(server: Server, plan: Arc<Mutex<Plan>>, life: Arc<Life>) -> Self {
        Self { server, plan, life }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, what: std::fmt::Arguments<'_>) {
        self.server.trace.add(self.server.clock.now(), what);
    }
}

fn failure(delivery: Delivery, message: &str) -> Result<ApiResponse, TransportError> {
    Err(TransportError {
        delivery,
        message: message.to_owned(),
        problem: None,
    })
}

#[async_trait]
impl Transport for SimTransport {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        self.life.step("network.leaving").await;
        let exchange = exchange(&request);
        let (fate, up, down) = {
            let now = self.server.clock.elapsed();
            let mut plan = self.plan();
            (plan.fate(now, exchange), plan.travel(now), plan.travel(now))
        };
        if fate != Fate::Delivered {
            self.server.trace.count_fault();
        }
        if exchange != Exchange::Read || fate != Fate::Delivered {
            self.note(format_args!("{} {} {fate:?}", request.method, request.path));
        }
        let request = wire(request);
        let outcome = self.exchange(request, fate, up, down).await;
        self.life.step("network.answered").await;
        outcome
    }
}

impl SimTransport {
    async fn exchange(
        &self,
        request: Request,
        fate: Fate,
        up: Duration,
        down: Duration,
    ) -> Result<ApiResponse, TransportError> {
        let sleep = tokio::time::sleep;
        let server = &self.server;
        match fate {
            Fate::Refused => {
                sleep(Duration::from_millis(3)).await;
                return failure(Delivery::NotSent, "connection refused");
            }
            Fate::RequestLost => {
                sleep(CLIENT_TIMEOUT).await;
                return failure(Delivery::MaybeSent, "timed out");
            }
            Fate::CutBefore => {
                sleep(up).await;
                return failure(Delivery::MaybeSent, "connection reset");
            }
            Fate::Late { after, old_stamp } => {
                sleep(up).await;
                let arrived = server.stamps.now();
                server.under_way.fetch_add(1, Ordering::Relaxed);
                let late = server.clone();
                tokio::spawn(late.handle_later(request, after, move |now| if old_stamp { arrived } else { now }));
                sleep(CLIENT_TIMEOUT.saturating_sub(up)).await;
                return failure(Delivery::MaybeSent, "timed out");
            }
            _ => {}
        }
        sleep(up).await;
        self.life.step("network.arrived").await;
        let arrived = server.stamps.now();
        let response = match fate {
            Fate::SlowCommit { held } => {
                // Committed by the server even if the client dies meanwhile.
                server.under_way.fetch_add(1, Ordering::Relaxed);
                match tokio::spawn(server.clone().handle_later(request, held, move |_| arrived)).await {
                    Ok(response) => response,
                    Err(_) => return failure(Delivery::MaybeSent, "connection reset"),
                }
            }
            Fate::SessionLost => {
                server.glpi().lose_sessions();
                server.handle(&request, arrived)
            }
            Fate::Busy { after } => busy(after),
            Fate::Broken { done: false, status } => broken(status),
            Fate::Broken { done: true, status } => {
                server.handle(&request, arrived);
                broken(status)
            }
            Fate::SignInRefused => refused_sign_in(),
            Fate::RefusedInside => whole::refused_inside(&request.method, &request.path),
            Fate::Twice => {
                let first = server.handle(&request, arrived);
                server.handle(&request, arrived);
                first
            }
            _ => server.handle(&request, arrived),
        };
        self.life.step("network.handled").await;
        if let Fate::ReplyLost { silently } = fate {
            sleep(if silently {
                CLIENT_TIMEOUT.saturating_sub(up)
            } else {
                down
            })
            .await;
            return failure(
                Delivery::MaybeSent,
                if silently { "timed out" } else { "connection reset" },
            );
        }
        sleep(down).await;
        let mut response = api(response);
        if let Some(drifts) = self.plan().whole.as_ref().map(|whole| whole.drifts) {
            response.headers.insert(header::DATE, date(server.stamps.now()));
            if drifts && let Some(body) = whole::drifted(&response.body) {
                response.body = body;
            }
        }
        if fate == Fate::BodyCut {
            let length = self.plan().cut(response.body.len());
            response.body = response.body.slice(..length);
        }
        Ok(response)
    }
}

/// As HTTP writes it.
fn date(now: Timestamp) -> HeaderValue {
    let text = now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn exchange(request: &ApiRequest) -> Exchange {
    if request.path.starts_with("initSession") {
        return Exchange::SignIn;
    }
    if request.method == Method::GET {
        return Exchange::Read;
    }
    let keyed = request.path.contains("TicketTask")
        && matches!(&request.body, ApiBody::Json(body) if body["input"]["uuid"].is_string());
    Exchange::Write { keyed }
}

/// What leaves the adapter, as the server's core takes it.
pub(crate) fn wire(request: ApiRequest) -> Request {
    Request {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        body: match request.body {
            ApiBody::Empty => Body::Empty,
            ApiBody::Json(value) => Body::Json(value),
            ApiBody::Upload {
                manifest,
                filename,
                mime,
                content,
            } => Body::Upload {
                manifest,
                filename,
                mime,
                content,
            },
        },
    }
}

fn api(response: Response) -> ApiResponse {
    ApiResponse {
        status: response.status,
        headers: response.headers,
        body: response.body,
    }
}

fn busy(after: Option<u64>) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(after) = after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    Response {
        status: 429,
        headers,
        body: Bytes::new(),
    }
}

fn broken(status: u16) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    Response {
        status,
        headers,
        body: Bytes::from_static(b"<html><body>Bad gateway</body></html>"),
    }
}

fn refused_sign_in() -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    Response {
        status: 401,
        headers,
        body: Bytes::from_static(br#"["ERROR_GLPI_LOGIN_USER_TOKEN","parameter user_token seems invalid"]"#),
    }
}
