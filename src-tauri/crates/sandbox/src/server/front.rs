//! HTTP in front of the core: parses requests, holds the lock, applies the faults, keeps what was accepted before its
//! reply leaves.

use super::{
    faults::{Faults, take_one},
    gate::Scissors,
    keep::Keeper,
};
use crate::{
    Act, Glpi,
    pbx::{Deed, Pbx},
    wire,
};
use axum::{
    Json, Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, FromRequest as _, Multipart, Path, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
    routing::{any, get, post},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// The biggest request taken: an upload.
const LIMIT: usize = 256 * 1024 * 1024;

/// What every request shares.
#[derive(Debug)]
pub(super) struct Shared {
    core: Mutex<Core>,
    faults: Mutex<Faults>,
    spent: Mutex<Spent>,
    refusing: Arc<AtomicBool>,
    closed: AtomicBool,
    /// The pretend PBX beside it, where there is one.
    pbx: OnceLock<Arc<Pbx>>,
}

#[derive(Debug)]
struct Core {
    glpi: Glpi,
    keeper: Option<Keeper>,
    colleague: ChaCha8Rng,
    colleague_acted: Instant,
}

/// Time the server itself spent, so that a client's own cost can be told apart.
#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    requests: u64,
    total: Duration,
    longest: Duration,
}

/// What became of a request.
struct Handled {
    reply: wire::Response,
    committed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic in one request must not silence the server for the others.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(mut glpi: Glpi, keeper: Option<Keeper>) -> Self {
        // A restarted server gives other session tokens than the one before it.
        glpi.reseed_sessions(Timestamp::now().as_nanosecond() as u64);
        let colleague = ChaCha8Rng::seed_from_u64(glpi.options().seed ^ 0x636f_6c6c);
        Self {
            core: Mutex::new(Core {
                glpi,
                keeper,
                colleague,
                colleague_acted: Instant::now(),
            }),
            faults: Mutex::new(Faults::default()),
            spent: Mutex::new(Spent::default()),
            refusing: Arc::new(AtomicBool::new(false)),
            closed: AtomicBool::new(false),
            pbx: OnceLock::new(),
        }
    }

    pub(super) fn set_pbx(&self, pbx: Arc<Pbx>) {
        // The first one stays.
        let _ = self.pbx.set(pbx);
    }

    pub(super) fn refusing(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.refusing)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn faults(&self) -> Faults {
        lock(&self.faults).clone()
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        self.refusing.store(faults.refuse, Ordering::SeqCst);
        *lock(&self.faults) = faults;
    }

    pub(super) fn with_core<T>(&self, work: impl FnOnce(&mut Glpi) -> T) -> T {
        let mut core = lock(&self.core);
        let done = work(&mut core.glpi);
        core.keep();
        done
    }

    /// One request through the core; what it changed is on disk when this returns.
    fn handle(&self, request: &wire::Request, colleague: bool, lose_session: bool) -> Handled {
        let mut core = lock(&self.core);
        let started = Instant::now();
        if lose_session {
            core.glpi.lose_sessions();
        }
        if colleague {
            core.let_colleague_work();
        }
        let before = core.glpi.writes().len();
        let reply = core.glpi.handle(request, Timestamp::now());
        let committed = core.glpi.writes().len() > before;
        let kept = core.keep();
        drop(core);
        let took = started.elapsed();
        let mut spent = lock(&self.spent);
        spent.requests += 1;
        spent.total += took;
        spent.longest = spent.longest.max(took);
        let reply = if kept { reply } else { broken() };
        Handled { reply, committed }
    }
}

impl Core {
    /// False when what was accepted could not be put on disk: then nobody may be told that it was.
    fn keep(&mut self) -> bool {
        let Some(keeper) = &mut self.keeper else { return true };
        match keeper.keep(&self.glpi) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, "a write could not be kept");
                false
            }
        }
    }

    /// Somebody else edits or answers, about once a second.
    fn let_colleague_work(&mut self) {
        if self.colleague_acted.elapsed() < Duration::from_secs(1) {
            return;
        }
        self.colleague_acted = Instant::now();
        // The newest tickets are the ones people work on.
        let tickets = self.glpi.tickets();
        let recent = &tickets[tickets.len().saturating_sub(60)..];
        if recent.is_empty() {
            return;
        }
        let ticket = recent[self.colleague.random_range(0..recent.len())];
        let act = match self.colleague.random_range(0..10) {
            0..=3 => Act::Edit {
                ticket,
                field: "urgency".into(),
                value: json!(self.colleague.random_range(1..=5)),
            },
            4..=6 => Act::Followup {
                ticket,
                text: "<p>Vu avec l'utilisateur, je regarde.</p>".into(),
                private: false,
            },
            7 => Act::Edit {
                ticket,
                field: "name".into(),
                value: json!("Titre repris par un collègue"),
            },
            8 => Act::Task {
                ticket,
                text: "<p>À vérifier demain matin.</p>".into(),
            },
            _ => Act::Solve {
                ticket,
                text: "<p>Réglé au passage.</p>".into(),
            },
        };
        if let Err(error) = self.glpi.act(&act, Timestamp::now()) {
            tracing::debug!(%error, "the colleague could not do it");
        }
    }
}

fn broken() -> wire::Response {
    wire::Response {
        status: 500,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    }
}

/// The whole server.
pub(super) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/_sandbox/faults", get(faults).put(set_faults))
        .route("/_sandbox/writes", get(writes))
        .route("/_sandbox/time", get(time).delete(reset_time))
        .route("/_sandbox/act", post(act))
        .route("/_sandbox/pbx", post(telephone))
        .route("/_sandbox/pages/tickets", get(list_page))
        .route("/_sandbox/pages/ticket/{id}", get(ticket_page))
        .fallback(any(api))
        .layer(DefaultBodyLimit::max(LIMIT))
        .with_state(shared)
}

async fn faults(State(shared): State<Arc<Shared>>) -> Json<Faults> {
    Json(shared.faults())
}

async fn set_faults(State(shared): State<Arc<Shared>>, Json(faults): Json<Faults>) -> Json<Faults> {
    shared.set_faults(faults);
    Json(shared.faults())
}

/// The journal; contents of files are left out, they are in their documents.
async fn writes(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let core = lock(&shared.core);
    let mut list = json!(core.glpi.writes());
    for write in list.as_array_mut().into_iter().flatten() {
        if let Some(file) = write.get_mut("file").and_then(Value::as_object_mut) {
            file.remove("content");
        }
    }
    Json(list)
}

async fn time(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let spent = *lock(&shared.spent);
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    Json(json!({ "requests": spent.requests, "total_us": micros(spent.total), "longest_us": micros(spent.longest) }))
}

async fn reset_time(State(shared): State<Arc<Shared>>) -> StatusCode {
    *lock(&shared.spent) = Spent::default();
    StatusCode::NO_CONTENT
}

async fn act(State(shared): State<Arc<Shared>>, Json(act): Json<Act>) -> Response {
    match shared.with_core(|glpi| glpi.act(&act, Timestamp::now())) {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err(error) => (StatusCode::CONFLICT, Json(json!({ "error": error.to_string() }))).into_response(),
    }
}

async fn telephone(State(shared): State<Arc<Shared>>, Json(deed): Json<Deed>) -> Response {
    match shared.pbx.get() {
        Some(pbx) => Json(pbx.carry_out(&deed)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Rows of the list's page, as many as GLPI's own list shows in a big window.
const PAGE_ROWS: usize = 50;

async fn list_page(State(shared): State<Arc<Shared>>) -> Html<String> {
    Html(shared.with_core(|glpi| glpi.list_page(PAGE_ROWS)))
}

async fn ticket_page(State(shared): State<Arc<Shared>>, Path(id): Path<i64>) -> Response {
    match shared.with_core(|glpi| glpi.ticket_page(id)) {
        Some(page) => Html(page).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Everything that is not the sandbox's own.
async fn api(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Scissors>,
    request: Request,
) -> Response {
    let faults = shared.faults();
    if faults.down || faults.refuse || shared.closed.load(Ordering::SeqCst) {
        wire.cut();
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if faults.slow_ms > 0 {
        tokio::time::sleep(Duration::from_millis(faults.slow_ms)).await;
    }
    let status = lock(&shared.faults).take_status();
    if let Some(fault) = status {
        let code = StatusCode::from_u16(fault.code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        let mut reply = (code, "<html><body>Service momentanément indisponible</body></html>").into_response();
        if let Some(seconds) = fault.retry_after_s
            && let Ok(value) = seconds.to_string().parse()
        {
            reply.headers_mut().insert(header::RETRY_AFTER, value);
        }
        return reply;
    }
    let Some(request) = parsed(request).await else {
        // A body that breaks off: the client is gone, so is its connection.
        tracing::debug!(peer = %wire.peer(), "a request broke off");
        return StatusCode::BAD_REQUEST.into_response();
    };
    let Some(request) = request else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let lose_session = std::mem::take(&mut lock(&shared.faults).lose_session);
    let worker = Arc::clone(&shared);
    let colleague = faults.other_technician;
    let handled = tokio::task::spawn_blocking(move || worker.handle(&request, colleague, lose_session)).await;
    let Ok(Handled { reply, committed }) = handled else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (lost, truncated) = {
        let mut faults = lock(&shared.faults);
        let lost = committed && take_one(&mut faults.drop_reply_after_commit);
        (
            lost,
            !lost && reply.body.len() > 1 && take_one(&mut faults.truncate_body),
        )
    };
    if lost || shared.closed.load(Ordering::SeqCst) {
        wire.cut();
    }
    sent(reply, truncated)
}

fn sent(reply: wire::Response, truncated: bool) -> Response {
    let code = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let length = reply.body.len();
    let body = if truncated {
        let half = reply.body.slice(..length / 2);
        let broken = async {
            // Time for the first half to leave.
            tokio::time::sleep(Duration::from_millis(30)).await;
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
        };
        Body::from_stream(stream::iter([Ok::<Bytes, std::io::Error>(half)]).chain(stream::once(broken)))
    } else {
        Body::from(reply.body)
    };
    let mut response = Response::new(body);
    *response.status_mut() = code;
    *response.headers_mut() = reply.headers;
    if truncated && let Ok(length) = length.to_string().parse() {
        response.headers_mut().insert(header::CONTENT_LENGTH, length);
    }
    response
}

/// A request for the core; `Some(None)` for a path that is not the API's, `None` when the body breaks off.
async fn parsed(request: Request) -> Option<Option<wire::Request>> {
    let path = request.uri().path();
    let Some(path) = path
        .strip_prefix("/apirest.php")
        .or_else(|| path.strip_prefix("/api.php/v1"))
    else {
        return Some(None);
    };
    let path = path.trim_start_matches('/').to_owned();
    let query = request.uri().query().unwrap_or_default();
    let query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let (method, headers) = (request.method().clone(), request.headers().clone());
    let body = body_of(request, &method, &headers).await?;
    Some(Some(wire::Request {
        method,
        path,
        query,
        headers,
        body,
    }))
}

async fn body_of(request: Request, method: &Method, headers: &HeaderMap) -> Option<wire::Body> {
    let mime = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if method == Method::POST && mime.starts_with("multipart/form-data") {
        return Some(upload(request).await.unwrap_or(wire::Body::Malformed));
    }
    let bytes = axum::body::to_bytes(request.into_body(), LIMIT).await.ok()?;
    if bytes.is_empty() {
        return Some(wire::Body::Empty);
    }
    Some(serde_json::from_slice(&bytes).map_or(wire::Body::Malformed, wire::Body::Json))
}

/// `uploadManifest` and `filename[0]`.
async fn upload(request: Request) -> Option<wire::Body> {
    let mut form = Multipart::from_request(request, &()).await.ok()?;
    let mut manifest = None;
    let mut file = None;
    while let Some(field) = form.next_field().await.ok()? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "uploadManifest" {
            manifest = serde_json::from_slice(&field.bytes().await.ok()?).ok();
        } else if name.starts_with("filename") {
            let filename = field.file_name().unwrap_or_default().to_owned();
            let mime = field.content_type().unwrap_or("application/octet-stream").to_owned();
            file = Some((filename, mime, field.bytes().await.ok()?));
        }
    }
    let (filename, mime, content) = file?;
    Some(wire::Body::Upload {
        manifest: manifest?,
        filename,
        mime,
        content,
    })
}
