//! TeamViewer's Web API against a simulator that speaks the vendor's format over a real socket, in a process of its own: this very
//! test program, started again (see [`the_simulators_own_process`]).
//!
//! What the simulator follows: the vendor's "TeamViewer API Documentation" (paths, fields, the form of errors, `PUT … {state}`) and
//! the integration DeskproApps/teamviewer, whose `createSessionService` reads the made session from a redirect's `Location`. It
//! was not held against the real service, which needs an account.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use guichet_remote::{
    Platform, Policy, Programs, Tool, plan,
    policy::TeamViewerSessions,
    teamviewer::{NewSession, SessionCode, SessionState, TeamViewerApi, TeamViewerError},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
};
use url::Url;

/// The variable by which the second process knows what it is; its value is how it behaves.
const BEHAVIOUR: &str = "TEAMVIEWER_SIMULATOR";
/// The only token it takes.
const TOKEN: &str = "1234567-AbCdEfGhIjKlMnOpQrSt";

/// How the simulator answers a session's making.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Making {
    /// With the session.
    Body,
    /// With a redirect to it.
    Redirect,
    /// With a redirect to the link for customers.
    CustomerRedirect,
    /// With a redirect to somebody else's machine.
    ForeignRedirect,
    /// It makes the session, and the connection breaks before the answer.
    Lost,
    /// With links that lead elsewhere.
    ForeignLinks,
    /// With an error page.
    Html,
}

const MAKINGS: [(&str, Making); 7] = [
    ("body", Making::Body),
    ("redirect", Making::Redirect),
    ("customer-redirect", Making::CustomerRedirect),
    ("foreign-redirect", Making::ForeignRedirect),
    ("lost", Making::Lost),
    ("foreign-links", Making::ForeignLinks),
    ("html", Making::Html),
];

struct Service {
    making: Making,
    sessions: BTreeMap<String, Value>,
    /// What was asked: method, path with its query.
    asked: Vec<String>,
}

type Shared = State<Arc<Mutex<Service>>>;

fn error(status: StatusCode, name: &str, description: &str) -> Response {
    let body = json!({"error": name, "error_description": description, "error_code": 1});
    (status, Json(body)).into_response()
}

fn authorised(headers: &HeaderMap) -> Result<(), Box<Response>> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given == Some(format!("Bearer {TOKEN}").as_str()) {
        return Ok(());
    }
    let refusal = error(
        StatusCode::UNAUTHORIZED,
        "token_invalid",
        "The access token is invalid or has expired.",
    );
    Err(Box::new(refusal))
}

async fn ping(State(service): Shared, headers: HeaderMap) -> Response {
    service.lock().unwrap().asked.push("GET /ping".to_owned());
    Json(json!({"token_valid": authorised(&headers).is_ok()})).into_response()
}

async fn make(State(service): Shared, headers: HeaderMap, body: Bytes) -> Response {
    if let Err(refusal) = authorised(&headers) {
        return *refusal;
    }
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut service = service.lock().unwrap();
    service.asked.push(format!("POST /sessions {asked}"));
    if asked["groupname"].as_str().is_none_or(str::is_empty) && asked["groupid"].is_null() {
        return error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "groupid or groupname is required.",
        );
    }
    let number = 12_345_678 + service.sessions.len();
    let digits = number.to_string();
    let code = format!("s{}-{}-{}", &digits[..2], &digits[2..5], &digits[5..]);
    let site = if service.making == Making::ForeignLinks {
        "https://get.teamviewer.com.evil.example"
    } else {
        "https://get.teamviewer.com/v15"
    };
    let session = json!({
        "code": code,
        "state": "Open",
        "groupid": "g1234567",
        "description": asked["description"],
        "end_customer": asked["end_customer"],
        "waiting_message": asked["waiting_message"],
        "assigned_userid": "u1234567",
        "created_at": "2026-11-23T09:00:00Z",
        "valid_until": asked["valid_until"].as_str().unwrap_or("2026-11-24T09:00:00Z"),
        "online": false,
        "support_session_type": "Default",
        "end_customer_link": format!("{site}/s{digits}"),
        "supporter_link": format!("{site}/s{digits}-su"),
    });
    service.sessions.insert(code.clone(), session.clone());
    let redirect = |to: String| (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    match service.making {
        Making::Body | Making::ForeignLinks => (StatusCode::CREATED, Json(session)).into_response(),
        Making::Redirect => redirect(format!("/api/v1/sessions/{code}")),
        Making::CustomerRedirect => redirect(format!("https://get.teamviewer.com/v15/s{digits}")),
        Making::ForeignRedirect => redirect(format!("http://127.0.0.1:9/api/v1/sessions/{code}")),
        // An answer that announces more than it sends: the connection ends within it.
        Making::Lost => Response::builder()
            .status(StatusCode::CREATED)
            .header(header::CONTENT_LENGTH, "4096")
            .body(axum::body::Body::from_stream(broken()))
            .unwrap(),
        Making::Html => (StatusCode::CREATED, "<html>Maintenance</html>").into_response(),
    }
}

/// Part of a body, then a failure.
fn broken() -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    let cut = || Err(std::io::Error::other("the line is cut"));
    futures::stream::iter([Ok(Bytes::from_static(b"{\"code\":")), cut()])
}

async fn one(State(service): Shared, headers: HeaderMap, Path(code): Path<String>) -> Response {
    if let Err(refusal) = authorised(&headers) {
        return *refusal;
    }
    let mut service = service.lock().unwrap();
    service.asked.push(format!("GET /sessions/{code}"));
    match service.sessions.get(&code) {
        Some(session) => Json(session.clone()).into_response(),
        None => error(StatusCode::NOT_FOUND, "not_found", "The session does not exist."),
    }
}

async fn change(
    State(service): Shared,
    headers: HeaderMap,
    Path(code): Path<String>,
    Json(asked): Json<Value>,
) -> Response {
    if let Err(refusal) = authorised(&headers) {
        return *refusal;
    }
    let mut service = service.lock().unwrap();
    service.asked.push(format!("PUT /sessions/{code} {asked}"));
    let Some(session) = service.sessions.get_mut(&code) else {
        return error(StatusCode::NOT_FOUND, "not_found", "The session does not exist.");
    };
    if asked["state"] == "closed" {
        session["state"] = json!("Closed");
    }
    StatusCode::NO_CONTENT.into_response()
}

async fn list(State(service): Shared, headers: HeaderMap, Query(query): Query<BTreeMap<String, String>>) -> Response {
    if let Err(refusal) = authorised(&headers) {
        return *refusal;
    }
    let mut service = service.lock().unwrap();
    service.asked.push(format!("GET /sessions {query:?}"));
    let wanted = query.get("state").map_or("", String::as_str);
    let fits = |session: &&Value| session["state"].as_str().unwrap().eq_ignore_ascii_case(wanted);
    let found: Vec<Value> = service.sessions.values().filter(fits).cloned().collect();
    Json(json!({"sessions": found})).into_response()
}

async fn asked(State(service): Shared) -> Json<Vec<String>> {
    Json(service.lock().unwrap().asked.clone())
}

/// The second process: serves until it is killed. Not a test, hence ignored; without its variable it says so.
#[test]
#[ignore = "the simulator's own process, started by the tests of this file"]
fn the_simulators_own_process() {
    let Ok(behaviour) = std::env::var(BEHAVIOUR) else {
        panic!("this is started by the other tests of this file");
    };
    let (_, making) = MAKINGS
        .into_iter()
        .find(|(name, _)| *name == behaviour)
        .expect("a behaviour");
    let service = Arc::new(Mutex::new(Service {
        making,
        sessions: BTreeMap::new(),
        asked: Vec::new(),
    }));
    let api = Router::new()
        .route("/ping", get(ping))
        .route("/sessions", post(make).get(list))
        .route("/sessions/{code}", get(one).put(change));
    let router = Router::new()
        .nest("/api/v1", api)
        .route("/asked", get(asked))
        .with_state(service);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("\nlistening {}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}

/// The simulator from outside.
struct Simulator {
    process: Child,
    address: String,
}

impl Simulator {
    fn start(behaviour: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_simulators_own_process", "--ignored", "--nocapture"])
            .env(BEHAVIOUR, behaviour)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening ").map(str::to_owned))
            .expect("the simulator says where it listens");
        Self { process, address }
    }

    fn api(&self, token: &str) -> TeamViewerApi {
        let sessions = TeamViewerSessions {
            api: Url::parse(&format!("http://{}/api/v1", self.address)).unwrap(),
            group: "Centre de services".to_owned(),
        };
        TeamViewerApi::new(&sessions, SecretString::from(token)).unwrap()
    }

    async fn asked(&self) -> Vec<String> {
        let answer = reqwest::get(format!("http://{}/asked", self.address)).await.unwrap();
        answer.json().await.unwrap()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn new_session() -> NewSession {
    NewSession {
        description: "Ticket 4711".to_owned(),
        customer_name: Some("Amélie Roux".to_owned()),
        waiting_message: Some("Un instant, s’il vous plaît".to_owned()),
        valid_until: Some("2026-11-23T10:00:00Z".parse().unwrap()),
        ..NewSession::default()
    }
}

#[tokio::test]
async fn a_session_is_made_read_and_closed() {
    let simulator = Simulator::start("body");
    let api = simulator.api(TOKEN);
    api.ping().await.unwrap();
    let made = api.create(&new_session()).await.unwrap();
    assert_eq!(made.code.as_str(), "s12-345-678");
    assert_eq!(made.state, SessionState::Open);
    assert_eq!(made.customer_link, "https://get.teamviewer.com/v15/s12345678");
    assert_eq!(made.description.as_deref(), Some("Ticket 4711"));
    assert_eq!(made.valid_until, new_session().valid_until);
    assert!(!made.online);
    assert_eq!(api.open_sessions().await.unwrap(), std::slice::from_ref(&made));
    api.close(&made.code).await.unwrap();
    assert_eq!(api.session(&made.code).await.unwrap().state, SessionState::Closed);
    assert!(api.open_sessions().await.unwrap().is_empty());
    api.close(&made.code).await.unwrap();
    let asked = simulator.asked().await;
    assert_eq!(
        asked[1],
        format!(
            "POST /sessions {}",
            json!({
                "groupname": "Centre de services",
                "description": "Ticket 4711",
                "end_customer": {"name": "Amélie Roux"},
                "waiting_message": "Un instant, s’il vous plaît",
                "valid_until": "2026-11-23T10:00:00Z",
            })
        )
    );
    assert_eq!(asked[3], "PUT /sessions/s12-345-678 {\"state\":\"closed\"}");
}

#[tokio::test]
async fn the_technician_opens_the_link_for_supporters_of_the_made_session() {
    let simulator = Simulator::start("body");
    let made = simulator.api(TOKEN).create(&new_session()).await.unwrap();
    let programs = Programs::none(Platform::Windows);
    let plan = plan(
        &Tool::TeamViewerSession,
        &made.supporter_link,
        &Policy::default(),
        &programs,
    )
    .unwrap();
    assert_eq!(plan.target(), made.supporter_link);
}

/// The trap of this API: the made session may be told by a redirect only.
#[tokio::test]
async fn a_session_told_by_a_location_only_is_asked_for() {
    for behaviour in ["redirect", "customer-redirect"] {
        let simulator = Simulator::start(behaviour);
        let made = simulator.api(TOKEN).create(&new_session()).await.unwrap();
        assert_eq!(made.code.as_str(), "s12-345-678");
        let asked = simulator.asked().await;
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert_eq!(asked[1], "GET /sessions/s12-345-678", "{behaviour}");
    }
}

/// Following it would hand the token to whoever is named there: nothing listens on port 9, and nothing is asked there.
#[tokio::test]
async fn a_redirect_to_another_machine_is_not_followed_with_the_token() {
    let simulator = Simulator::start("foreign-redirect");
    let made = simulator.api(TOKEN).create(&new_session()).await.unwrap();
    assert_eq!(made.code.as_str(), "s12-345-678");
    assert_eq!(simulator.asked().await[1], "GET /sessions/s12-345-678");
}

#[tokio::test]
async fn a_session_whose_answer_was_lost_is_found_again_and_not_made_twice() {
    let simulator = Simulator::start("lost");
    let api = simulator.api(TOKEN);
    let lost = api.create(&new_session()).await.unwrap_err();
    assert!(
        matches!(lost, TeamViewerError::Unreachable { maybe_made: true, .. }),
        "{lost:?}"
    );
    let open = api.open_sessions().await.unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].description.as_deref(), Some("Ticket 4711"));
    let made = simulator.asked().await;
    assert_eq!(made.iter().filter(|asked| asked.starts_with("POST")).count(), 1);
}

#[tokio::test]
async fn a_wrong_token_is_told_as_such_and_in_the_services_words() {
    let simulator = Simulator::start("body");
    let api = simulator.api("wrong");
    for refused in [
        api.ping().await.unwrap_err(),
        api.create(&new_session()).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), "teamviewer_token_refused", "{refused:?}");
        assert!(
            !format!("{refused:?} {api:?}").contains("wrong"),
            "the token shows: {refused:?}"
        );
    }
    let said = api.open_sessions().await.unwrap_err().detail();
    assert_eq!(said, "The access token is invalid or has expired.");
    let spoilt = simulator.api("a\nb").ping().await.unwrap_err();
    assert_eq!(spoilt.code(), "teamviewer_token_refused");
}

#[tokio::test]
async fn links_that_lead_elsewhere_are_not_handed_on() {
    let simulator = Simulator::start("foreign-links");
    let refused = simulator.api(TOKEN).create(&new_session()).await.unwrap_err();
    assert!(matches!(refused, TeamViewerError::Protocol { .. }), "{refused:?}");
}

#[tokio::test]
async fn an_answer_that_is_none_is_told() {
    let simulator = Simulator::start("html");
    let api = simulator.api(TOKEN);
    let refused = api.create(&new_session()).await.unwrap_err();
    assert_eq!(refused.code(), "teamviewer_refused");
    let unknown = SessionCode::try_from("s99-999-999".to_owned()).unwrap();
    let refused = api.session(&unknown).await.unwrap_err();
    assert!(
        matches!(&refused, TeamViewerError::Refused { status: 404, .. }),
        "{refused:?}"
    );
    assert_eq!(refused.detail(), "404: The session does not exist.");
}

#[tokio::test]
async fn a_service_that_is_not_there_made_nothing() {
    let simulator = Simulator::start("body");
    let api = simulator.api(TOKEN);
    drop(simulator);
    let refused = api.create(&new_session()).await.unwrap_err();
    assert!(
        matches!(refused, TeamViewerError::Unreachable { maybe_made: false, .. }),
        "{refused:?}"
    );
}
