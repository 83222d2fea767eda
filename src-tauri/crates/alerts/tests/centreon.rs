//! The Centreon adapter over real sockets, against a server that behaves as Centreon's description of its API says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::result_large_err, missing_docs)]

#[path = "../../telephony/tests/common/tls.rs"]
mod tls;

use axum::{
    Json, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use guichet_alerts::{AlertTarget, AlertsError, Centreon, CentreonConfig, Supervision};
use guichet_domain::alert::Severity;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::net::TcpListener;

const PASSWORD: &str = "secret";

#[derive(Default)]
struct Inner {
    resources: Vec<Value>,
    /// Tokens that are taken.
    tokens: Vec<String>,
    signed_in: usize,
    posted: Vec<Value>,
    asked: Vec<String>,
    /// Rows of a page, whatever is asked for.
    per_page: Option<usize>,
    /// After how many pages the list loses its first row.
    moves_after: Option<usize>,
    may_not_acknowledge: bool,
    behaviour: Behaviour,
}

#[derive(Default, Clone, Copy)]
enum Behaviour {
    #[default]
    Well,
    Rubbish,
    Silence,
    Oversize,
    Redirect,
    Failing,
}

#[derive(Clone)]
struct Fake {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Fake {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            address: listener.local_addr().unwrap(),
            inner: Arc::default(),
        };
        let app = Router::new()
            .route("/centreon/api/latest/login", post(login))
            .route("/centreon/api/latest/monitoring/resources", get(resources))
            .route(
                "/centreon/api/latest/monitoring/resources/acknowledge",
                post(acknowledge),
            )
            .with_state(fake.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        fake
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    fn behaves(&self, behaviour: Behaviour) {
        self.with(|inner| inner.behaviour = behaviour);
    }

    fn adapter(&self, change: impl FnOnce(&mut CentreonConfig)) -> Centreon {
        let url = format!("http://{}/centreon/", self.address).parse().unwrap();
        let mut config = CentreonConfig::new("centreon", url, "guichet", SecretString::from(PASSWORD));
        config.patience = Duration::from_millis(700);
        change(&mut config);
        Centreon::new(config).unwrap()
    }

    fn check(&self, headers: &HeaderMap) -> Result<(), Response> {
        let token = headers
            .get("X-AUTH-TOKEN")
            .and_then(|token| token.to_str().ok())
            .unwrap_or_default();
        let good = self.with(|inner| inner.tokens.iter().any(|known| known == token));
        let refused = Json(json!({ "code": 401, "message": "Authorization required" }));
        if good {
            Ok(())
        } else {
            Err((StatusCode::UNAUTHORIZED, refused).into_response())
        }
    }
}

async fn login(State(fake): State<Fake>, Json(body): Json<Value>) -> Response {
    let credentials = &body["security"]["credentials"];
    if credentials["login"] != "guichet" || credentials["password"] != PASSWORD {
        let refused = json!({ "code": 401, "message": "Authentication failed" });
        return (StatusCode::UNAUTHORIZED, Json(refused)).into_response();
    }
    let token = fake.with(|inner| {
        inner.signed_in += 1;
        let token = format!("token{}/=", inner.signed_in);
        inner.tokens.push(token.clone());
        token
    });
    let contact =
        json!({ "id": 1, "name": "Guichet", "alias": "guichet", "email": "g@example.invalid", "is_admin": false });
    Json(json!({ "contact": contact, "security": { "token": token } })).into_response()
}

async fn resources(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    fake.check(&headers)?;
    match fake.with(|inner| inner.behaviour) {
        Behaviour::Well => {}
        Behaviour::Rubbish => return Ok("<html>Sign in</html>".into_response()),
        Behaviour::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        Behaviour::Oversize => return Ok(vec![b' '; 17 * 1024 * 1024].into_response()),
        Behaviour::Redirect => {
            let elsewhere = "https://elsewhere.example/";
            return Ok((StatusCode::FOUND, [(header::LOCATION, elsewhere)]).into_response());
        }
        Behaviour::Failing => {
            let said = json!({ "code": 500, "message": "Error while searching for resources" });
            return Ok((StatusCode::INTERNAL_SERVER_ERROR, Json(said)).into_response());
        }
    }
    let page: usize = query["page"].parse().unwrap();
    let limit: usize = query["limit"].parse().unwrap();
    let wanted: Option<Vec<String>> = query.get("statuses").map(|all| serde_json::from_str(all).unwrap());
    let (shown, total) = fake.with(|inner| {
        inner.asked.push(format!("{page}/{limit}"));
        let all: Vec<Value> = inner
            .resources
            .iter()
            .filter(|one| {
                wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.iter().any(|name| one["status"]["name"] == **name))
            })
            .cloned()
            .collect();
        let size = inner.per_page.unwrap_or(limit);
        let shown: Vec<Value> = all.iter().skip((page - 1) * size).take(size).cloned().collect();
        if let Some(left) = inner.moves_after.as_mut() {
            *left -= 1;
            if *left == 0 {
                inner.moves_after = None;
                // One goes, another comes: as many as before, in other places.
                inner.resources.remove(0);
                inner.resources.push(service(99, "CRITICAL"));
            }
        }
        (shown, all.len())
    });
    let meta = json!({ "page": page, "limit": limit, "search": {}, "sort_by": {}, "total": total });
    Ok(Json(json!({ "result": shown, "meta": meta })).into_response())
}

async fn acknowledge(
    State(fake): State<Fake>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<StatusCode, Response> {
    fake.check(&headers)?;
    fake.with(|inner| {
        if inner.may_not_acknowledge {
            return Err(StatusCode::FORBIDDEN.into_response());
        }
        let target = &body["resources"][0];
        let found = inner.resources.iter_mut().find(|one| {
            one["type"] == target["type"] && one["id"] == target["id"] && one["parent"]["id"] == target["parent"]["id"]
        });
        let Some(found) = found else {
            return Err(StatusCode::NOT_FOUND.into_response());
        };
        found["is_acknowledged"] = json!(true);
        inner.posted.push(body.clone());
        Ok(StatusCode::NO_CONTENT)
    })
}

fn service(id: u64, status: &str) -> Value {
    json!({
        "uuid": format!("h14-s{id}"), "id": id, "type": "service", "name": format!("Disque {id}"), "alias": null, "fqdn": null,
        "host_id": 14, "service_id": id,
        "parent": { "uuid": "h14", "id": 14, "name": "srv-fic-01", "type": "host", "status": { "code": 0, "name": "UP", "severity_code": 5 } },
        "status": { "code": 2, "name": status, "severity_code": 1 }, "is_in_downtime": false, "is_acknowledged": false,
        "last_status_change": "2026-11-23T10:30:00+01:00", "tries": "3/3 (H)", "information": "DISK CRITICAL - é",
    })
}

fn host(id: u64, status: &str) -> Value {
    json!({
        "uuid": format!("h{id}"), "id": id, "type": "host", "name": format!("srv-{id}"), "parent": null,
        "status": { "code": 1, "name": status, "severity_code": 1 }, "is_in_downtime": true, "is_acknowledged": false,
        "last_status_change": "2026-11-23T10:30:00+01:00", "tries": "1/1 (H)", "information": null,
    })
}

fn target(id: u64) -> AlertTarget {
    AlertTarget {
        host: "srv-fic-01".to_owned(),
        service: Some(format!("Disque {id}")),
    }
}

#[tokio::test]
async fn every_page_is_read_and_nothing_that_is_well() {
    let fake = Fake::start().await;
    fake.with(|inner| {
        inner.resources = (1..=7).map(|id| service(id, "CRITICAL")).collect();
        inner.resources.extend([
            service(8, "OK"),
            host(20, "DOWN"),
            host(21, "UP"),
            service(9, "WARNING"),
        ]);
        inner.per_page = Some(4);
    });
    let centreon = fake.adapter(|_| {});
    let reading = centreon.problems().await.unwrap();
    assert_eq!(reading.problems.len(), 9);
    assert_eq!(
        fake.with(|inner| inner.asked.clone()),
        ["1/500", "2/500", "3/500", "1/500", "2/500", "3/500"]
    );
    let critical = reading
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Critical);
    assert_eq!(critical.count(), 8);
    let down = reading
        .problems
        .iter()
        .find(|problem| problem.service.is_none())
        .unwrap();
    assert_eq!(
        (down.host.as_str(), down.in_downtime, down.output.as_str()),
        ("srv-20", true, "")
    );
    centreon.problems().await.unwrap();
    assert_eq!(fake.with(|inner| inner.signed_in), 1, "one token for all");
}

#[tokio::test]
async fn what_moves_between_pages_while_they_are_read_is_not_well() {
    let fake = Fake::start().await;
    fake.with(|inner| {
        inner.resources = (1..=7).map(|id| service(id, "CRITICAL")).collect();
        inner.per_page = Some(4);
        inner.moves_after = Some(1);
    });
    let reading = fake.adapter(|_| {}).problems().await.unwrap();
    let names: Vec<String> = reading
        .problems
        .into_iter()
        .filter_map(|problem| problem.service)
        .collect();
    assert!(
        names.contains(&"Disque 5".to_owned()) && names.contains(&"Disque 99".to_owned()),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_asked_once() {
    let fake = Fake::start().await;
    let centreon = fake.adapter(|config| config.password = SecretString::from("wrong"));
    let error = centreon.problems().await.unwrap_err();
    let message = "HTTP 401: Authentication failed".to_owned();
    assert_eq!(
        (error.code(), error),
        ("alerts_refused", AlertsError::Refused { message })
    );
    assert!(!format!("{centreon:?}").contains("wrong"), "the password is in no log");
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_once() {
    let fake = Fake::start().await;
    fake.with(|inner| inner.resources = vec![service(1, "CRITICAL")]);
    let centreon = fake.adapter(|_| {});
    centreon.problems().await.unwrap();
    fake.with(|inner| inner.tokens.clear());
    assert_eq!(centreon.problems().await.unwrap().problems.len(), 1);
    assert_eq!(fake.with(|inner| inner.signed_in), 2);
}

#[tokio::test]
async fn a_problem_is_acknowledged_by_its_numbers() {
    let fake = Fake::start().await;
    fake.with(|inner| inner.resources = vec![service(1, "CRITICAL"), host(20, "DOWN")]);
    // Without a reading before: it finds them by itself.
    let centreon = fake.adapter(|_| {});
    centreon
        .acknowledge(&target(1), "Nadia Benali", "Pris en charge")
        .await
        .unwrap();
    let posted = fake.with(|inner| inner.posted.clone());
    let acknowledgement = &posted[0]["acknowledgement"];
    assert_eq!(acknowledgement["comment"], "Nadia Benali: Pris en charge");
    assert_eq!(acknowledgement["is_notify_contacts"], false);
    assert_eq!(
        posted[0]["resources"],
        json!([{ "type": "service", "id": 1, "parent": { "id": 14 } }])
    );
    let reading = centreon.problems().await.unwrap();
    let taken: Vec<bool> = reading.problems.iter().map(|problem| problem.acknowledged).collect();
    assert_eq!(taken, [false, true], "the host, the service");

    let whole = AlertTarget {
        host: "srv-20".to_owned(),
        service: None,
    };
    centreon.acknowledge(&whole, "Nadia", "").await.unwrap();
    assert_eq!(
        fake.with(|inner| inner.posted[1]["resources"].clone()),
        json!([{ "type": "host", "id": 20, "parent": null }])
    );

    assert_eq!(
        centreon.acknowledge(&target(7), "n", "x").await,
        Err(AlertsError::NoSuchProblem)
    );
    // It went meanwhile.
    fake.with(|inner| inner.resources.retain(|one| one["type"] != "service"));
    assert_eq!(
        centreon.acknowledge(&target(1), "n", "x").await,
        Err(AlertsError::NoSuchProblem)
    );
    fake.with(|inner| inner.may_not_acknowledge = true);
    let error = centreon.acknowledge(&whole, "n", "x").await.unwrap_err();
    assert!(matches!(error, AlertsError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_no_complete_reading_is_an_error() {
    let fake = Fake::start().await;
    fake.with(|inner| inner.resources = vec![service(1, "OK")]);
    let centreon = fake.adapter(|_| {});
    assert!(centreon.problems().await.unwrap().problems.is_empty(), "all is well");
    for (behaviour, code) in [
        (Behaviour::Rubbish, "alerts_unexpected"),
        (Behaviour::Silence, "alerts_silent"),
        (Behaviour::Oversize, "alerts_too_long"),
        (Behaviour::Redirect, "alerts_unexpected"),
        (Behaviour::Failing, "alerts_unexpected"),
    ] {
        fake.behaves(behaviour);
        let error = centreon.problems().await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    fake.behaves(Behaviour::Well);
    assert!(centreon.problems().await.is_ok(), "it goes on");
    // An account without rights: a list without anything is no good news.
    fake.with(|inner| inner.resources.clear());
    let error = centreon.problems().await.unwrap_err();
    assert!(matches!(error, AlertsError::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn only_who_is_trusted_is_told_the_password() {
    let fake = Fake::start().await;
    fake.with(|inner| inner.resources = vec![service(1, "CRITICAL")]);
    let (port, authority) = tls::tls_before(fake.address.port()).await;
    let url: url::Url = format!("https://localhost:{port}/centreon").parse().unwrap();
    let own = fake.adapter(|config| {
        config.url = url.clone();
        config.authorities = Some(authority);
    });
    assert_eq!(own.problems().await.unwrap().problems.len(), 1);
    let stranger = fake.adapter(|config| config.url = url);
    let signed_in = fake.with(|inner| inner.signed_in);
    let error = stranger.problems().await.unwrap_err();
    assert!(matches!(error, AlertsError::Untrusted { .. }), "{error:?}");
    assert_eq!(fake.with(|inner| inner.signed_in), signed_in);
    let plain = CentreonConfig::new(
        "c",
        "http://centreon.example".parse().unwrap(),
        "g",
        SecretString::from(PASSWORD),
    );
    assert!(matches!(Centreon::new(plain), Err(AlertsError::Untrusted { .. })));
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}").parse().unwrap();
    let centreon = Centreon::new(CentreonConfig::new("c", url, "g", SecretString::from(PASSWORD))).unwrap();
    assert_eq!(centreon.problems().await.unwrap_err().code(), "alerts_unreachable");
}
