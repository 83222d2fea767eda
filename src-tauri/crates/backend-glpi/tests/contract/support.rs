//! A server that answers from excerpts of recordings, and notes what it was asked.

use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Clock, Delivery, Outgoing};
use guichet_backend_glpi::{
    Credentials, GlpiBackend, GlpiConfig,
    transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError},
};
use guichet_domain::{OperationId, TicketId, operation::Operation};
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::Value;
use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{Arc, Mutex},
};

/// What the server gives back.
#[derive(Clone)]
pub enum Answer {
    Reply(ApiResponse),
    Lost(Delivery),
}

/// One recorded exchange.
pub struct Excerpt {
    pub sent: Value,
    pub response: ApiResponse,
}

fn recordings() -> PathBuf {
    // Asked when the test runs: a build folder kept outside the checkout may serve several.
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("../../../tests/contract/recordings")
}

/// The excerpt `v1-10.0/087`, by its number.
pub fn excerpt(name: &str) -> Excerpt {
    let (version, number) = name.split_once('/').unwrap();
    let folder = recordings().join(version);
    let file = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(&format!("{number}-"))
        })
        .unwrap_or_else(|| panic!("no excerpt {name}"));
    let recorded: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let mut headers = HeaderMap::new();
    for (key, value) in recorded["response"]["headers"].as_object().unwrap() {
        headers.insert(
            HeaderName::from_bytes(key.as_bytes()).unwrap(),
            HeaderValue::from_str(value.as_str().unwrap()).unwrap(),
        );
    }
    let body = match &recorded["response"] {
        response if response.get("body_base64").is_some() => {
            use base64::Engine as _;
            let text = response["body_base64"].as_str().unwrap();
            Bytes::from(base64::engine::general_purpose::STANDARD.decode(text).unwrap())
        }
        response => match &response["body"] {
            Value::String(text) => Bytes::from(text.clone()),
            json => Bytes::from(json.to_string()),
        },
    };
    Excerpt {
        sent: recorded["request"].get("body").cloned().unwrap_or(Value::Null),
        response: ApiResponse {
            status: u16::try_from(recorded["response"]["status"].as_u64().unwrap()).unwrap(),
            headers,
            body,
        },
    }
}

impl From<Excerpt> for Answer {
    fn from(excerpt: Excerpt) -> Self {
        Self::Reply(excerpt.response)
    }
}

/// The reply of a recording.
pub fn recorded(name: &str) -> Answer {
    excerpt(name).into()
}

/// A reply in GLPI's manner, for what was not recorded.
pub fn reply(status: u16, body: &Value) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(
        "content-type",
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    headers.insert("date", HeaderValue::from_static("Sun, 22 Nov 2026 03:58:30 GMT"));
    Answer::Reply(ApiResponse {
        status,
        headers,
        body: Bytes::from(body.to_string()),
    })
}

impl Answer {
    /// The same with another header.
    pub fn with(self, name: &'static str, value: &str) -> Self {
        match self {
            Self::Reply(mut response) => {
                response.headers.insert(name, HeaderValue::from_str(value).unwrap());
                Self::Reply(response)
            }
            lost => lost,
        }
    }

    /// The same with its JSON changed.
    pub fn edit(self, change: impl FnOnce(&mut Value)) -> Self {
        match self {
            Self::Reply(mut response) => {
                let mut body: Value = serde_json::from_slice(&response.body).unwrap();
                change(&mut body);
                response.body = Bytes::from(body.to_string());
                Self::Reply(response)
            }
            lost => lost,
        }
    }
}

struct Route {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    answers: VecDeque<Answer>,
}

/// A call as the server saw it.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Value,
    pub file: Option<(String, usize)>,
}

impl Call {
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
pub struct Server {
    routes: Mutex<Vec<Route>>,
    calls: Mutex<Vec<Call>>,
}

fn split(spec: &str) -> (String, String, Vec<(String, String)>) {
    let (method, rest) = spec.split_once(' ').unwrap();
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let query = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    (method.to_owned(), path.to_owned(), query)
}

impl Server {
    /// A signed-in account of a version, with nothing else on it: lists are empty, single rows are not found.
    pub fn new(version: &str) -> Arc<Self> {
        let server = Arc::new(Self::default());
        server.on("GET initSession", recorded(&format!("{version}/008")));
        server.on("POST changeActiveEntities", recorded(&format!("{version}/036")));
        server.on("GET getFullSession", recorded(&format!("{version}/028")));
        server.on("GET getGlpiConfig", recorded(&format!("{version}/029")));
        server.on("GET killSession", recorded(&format!("{version}/021")));
        server
    }

    /// Answers calls to a path (with at least these parameters); the last answer stays. A later rule wins.
    pub fn on(&self, spec: &str, answer: impl Into<Answer>) -> &Self {
        self.then(spec, vec![answer.into()])
    }

    /// Answers one call after the other.
    pub fn then(&self, spec: &str, answers: Vec<Answer>) -> &Self {
        let (method, path, query) = split(spec);
        self.routes.lock().unwrap().push(Route {
            method,
            path,
            query,
            answers: answers.into(),
        });
        self
    }

    /// Every call so far but signing in and its questions.
    pub fn calls(&self) -> Vec<Call> {
        let start = [
            "initSession",
            "changeActiveEntities",
            "getFullSession",
            "getGlpiConfig",
            "User/7",
        ];
        self.calls
            .lock()
            .unwrap()
            .iter()
            .filter(|call| !start.contains(&call.path.as_str()))
            .cloned()
            .collect()
    }

    /// Every call, signing in included.
    pub fn every_call(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Calls that can change something, but signing in.
    pub fn writes(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.method != "GET").collect()
    }

    /// Forgets the calls so far.
    pub fn forget(&self) {
        self.calls.lock().unwrap().clear();
    }
}

#[async_trait]
impl Transport for Server {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let (body, file) = match &request.body {
            ApiBody::Empty => (Value::Null, None),
            ApiBody::Json(value) => (value.clone(), None),
            ApiBody::Upload {
                manifest,
                filename,
                content,
                ..
            } => (manifest.clone(), Some((filename.clone(), content.len()))),
        };
        let call = Call {
            method: request.method.to_string(),
            path: request.path.clone(),
            query: request.query.clone(),
            headers: request.headers.clone(),
            body,
            file,
        };
        self.calls.lock().unwrap().push(call.clone());
        // Calls made together are under way together.
        tokio::task::yield_now().await;
        let answer = {
            let mut routes = self.routes.lock().unwrap();
            let route = routes.iter_mut().rev().find(|route| {
                route.method == call.method
                    && route.path == call.path
                    && route.query.iter().all(|pair| call.query.contains(pair))
            });
            match route {
                Some(route) if route.answers.len() > 1 => route.answers.pop_front(),
                Some(route) => route.answers.front().cloned(),
                None => None,
            }
        };
        let answer = answer.unwrap_or_else(|| {
            assert_eq!(call.method, "GET", "a write nobody foresaw: {call:?}");
            let is_list = call.query.iter().any(|(key, _)| key == "range");
            if is_list {
                reply(200, &serde_json::json!([]))
            } else {
                reply(404, &serde_json::json!(["ERROR_ITEM_NOT_FOUND", "Item not found"]))
            }
        });
        match answer {
            Answer::Reply(response) => Ok(response),
            Answer::Lost(delivery) => Err(TransportError {
                delivery,
                message: "cut".to_owned(),
                problem: None,
            }),
        }
    }
}

/// A clock that stands still until it is moved. It starts at the recordings' time.
pub struct Standing(Mutex<Timestamp>);

impl Standing {
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-11-22T03:58:30Z".parse().unwrap())))
    }

    pub fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now += jiff::SignedDuration::from_secs(seconds);
    }
}

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An adapter over a server.
pub fn backend(server: &Arc<Server>) -> GlpiBackend {
    backend_with(
        server,
        GlpiConfig {
            vip_rules: Vec::new(),
            ..GlpiConfig::default()
        },
        Standing::new(),
    )
}

pub fn backend_with(server: &Arc<Server>, config: GlpiConfig, clock: Arc<Standing>) -> GlpiBackend {
    GlpiBackend::new(server.clone(), Credentials::user_token("a-user-token"), config, clock)
}

/// An operation on its way, written a minute before it is first tried.
pub fn outgoing(ticket: Option<i64>, operation: Operation) -> Outgoing {
    Outgoing {
        id: OperationId("01912345-6789-7abc-8def-0123456789ab".parse().unwrap()),
        ticket: ticket.map(TicketId),
        operation,
        written_at: "2026-11-20T09:00:00Z".parse().unwrap(),
        first_attempt_at: Some("2026-11-20T09:01:00Z".parse().unwrap()),
        content: None,
        attach_to: None,
        claimed: Vec::new(),
    }
}

/// Both generations, each with its folder.
pub const BOTH: [&str; 2] = ["v1-10.0", "v1-11"];
