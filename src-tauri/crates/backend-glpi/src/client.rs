//! One signed-in connection: it puts the tokens on every call, signs in again **once** when the session died (callers that
//! notice it together share the new one), and turns every reply into rows, a refusal, or an error whose type says whether
//! the request may have been applied.
//!
//! How long a session lives cannot be predicted (PHP's garbage collection or GLPI's own cron task ends it): a 401 is an
//! ordinary event. It is answered before anything is done, so the call it hit is safe to repeat.

use crate::{
    config::{Account, Credentials},
    transport::{ApiBody, ApiRequest, ApiResponse, Transport},
    wire::{Refusal, Row, rows},
};
use base64::Engine as _;
use bytes::Bytes;
use guichet_backend::{AuthProblem, BackendError, Clock, Delivery, WireProblem};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, RwLock, Semaphore};

/// Why a call brought nothing.
#[derive(Debug)]
pub(crate) enum Failure {
    /// GLPI looked at it and said no.
    Refused(Refusal),
    /// Anything else, in the backend's own terms.
    Backend(BackendError),
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        Self::Backend(error)
    }
}

impl From<Failure> for BackendError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Backend(error) => error,
            Failure::Refused(refusal) => refused(&refusal),
        }
    }
}

/// What a refusal means where nothing more is known of it.
pub(crate) fn refused(refusal: &Refusal) -> BackendError {
    if let Some(problem) = auth_problem(refusal) {
        return BackendError::Auth(problem);
    }
    if refusal.is_missing() {
        BackendError::NotFound
    } else if refusal.is_forbidden() || refusal.speaks_of_rights() {
        BackendError::Forbidden {
            message: refusal.words(),
        }
    } else if refusal.is_unknown_type() {
        BackendError::Unsupported { what: "such a table" }
    } else {
        BackendError::Invalid {
            message: refusal.words(),
        }
    }
}

/// Refusals that any call can meet and that signing in differently would cure.
fn auth_problem(refusal: &Refusal) -> Option<AuthProblem> {
    match refusal.code.as_str() {
        "ERROR_APP_TOKEN_PARAMETERS_MISSING" => Some(AuthProblem::AppTokenMissing),
        "ERROR_WRONG_APP_TOKEN_PARAMETER" => Some(AuthProblem::AppTokenWrong),
        "ERROR_NOT_ALLOWED_IP" => Some(AuthProblem::AddressRefused),
        "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED" => Some(AuthProblem::PasswordLoginDisabled),
        "ERROR_GLPI_LOGIN_USER_TOKEN" => Some(AuthProblem::BadUserToken),
        "ERROR_LOGIN_PARAMETERS_MISSING" => Some(AuthProblem::NoSecret),
        "ERROR_SESSION_TOKEN_INVALID" | "ERROR_SESSION_TOKEN_MISSING" => Some(AuthProblem::SessionLost),
        // Switched off while a session lasts: the same generic code as many errors, told by its text alone.
        "ERROR" if refusal.message.as_deref() == Some("API disabled") => Some(AuthProblem::ApiDisabled),
        _ => None,
    }
}

/// A complete, trustworthy JSON reply.
#[derive(Debug)]
pub(crate) struct Reply {
    /// HTTP status, 2xx.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
    /// The server's clock when it answered.
    pub(crate) date: Option<Timestamp>,
    /// `Last-Modified`, true GMT.
    pub(crate) last_modified: Option<Timestamp>,
    /// The total of `Content-Range`, where there is one.
    pub(crate) total: Option<u64>,
}

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Listing {
    /// Its rows, in the order asked for.
    pub(crate) rows: Vec<Row>,
    /// How many rows there are in all, where the server tells.
    pub(crate) total: Option<u64>,
    /// The server's clock when it answered.
    pub(crate) date: Option<Timestamp>,
    /// The range starts beyond the end: the list shrank.
    pub(crate) beyond_the_end: bool,
}

struct Session {
    token: SecretString,
    generation: u64,
}

/// The connection.
pub(crate) struct Client {
    transport: Arc<dyn Transport>,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    session: RwLock<Option<Arc<Session>>>,
    sign_in: Mutex<u64>,
    reads: Semaphore,
}

const SESSION_TOKEN: HeaderName = HeaderName::from_static("session-token");
const APP_TOKEN: HeaderName = HeaderName::from_static("app-token");

impl Client {
    pub(crate) fn new(
        transport: Arc<dyn Transport>,
        credentials: Credentials,
        clock: Arc<dyn Clock>,
        concurrency: usize,
    ) -> Self {
        Self {
            transport,
            credentials,
            clock,
            session: RwLock::new(None),
            sign_in: Mutex::new(0),
            reads: Semaphore::new(concurrency.max(1)),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Reads a JSON resource.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Reply, Failure> {
        let request = request(Method::GET, path, query, ApiBody::Empty);
        let response = {
            let _permit = self.reads.acquire().await;
            self.exchange(&request).await?
        };
        json_reply(&response, Delivery::NotSent)
    }

    /// Reads one row, without its links.
    pub(crate) async fn item(&self, table: &str, id: i64) -> Result<(Row, Reply), Failure> {
        self.item_with(table, id, &[]).await
    }

    /// Reads one row, without its links, with more said about it.
    pub(crate) async fn item_with(
        &self,
        table: &str,
        id: i64,
        query: &[(&str, String)],
    ) -> Result<(Row, Reply), Failure> {
        let mut all = vec![plain()];
        all.extend(query.iter().cloned());
        let mut reply = self.get(&format!("{table}/{id}"), &all).await?;
        match std::mem::take(&mut reply.body) {
            Value::Object(row) => Ok((Row(row), reply)),
            other => Err(protocol(
                Delivery::NotSent,
                format!("{table}/{id} is not an object: {}", kind(&other)),
            )
            .into()),
        }
    }

    /// Reads a range of a list, both ends included, always with its order said.
    pub(crate) async fn list(
        &self,
        path: &str,
        query: &[(&str, String)],
        order: (&str, &str),
        start: u64,
        count: u64,
    ) -> Result<Listing, Failure> {
        let end = start + count.max(1) - 1;
        let mut all = vec![
            plain(),
            ("sort", order.0.to_owned()),
            ("order", order.1.to_owned()),
            ("range", format!("{start}-{end}")),
        ];
        all.extend(query.iter().cloned());
        let reply = match self.get(path, &all).await {
            Ok(reply) => reply,
            Err(Failure::Refused(refusal)) if refusal.is_beyond_the_end() => {
                return Ok(Listing {
                    rows: Vec::new(),
                    total: None,
                    date: None,
                    beyond_the_end: true,
                });
            }
            Err(other) => return Err(other),
        };
        let (total, date, status) = (reply.total, reply.date, reply.status);
        let rows = rows(reply.body)
            .ok_or_else(|| protocol(Delivery::NotSent, format!("the list {path} is not a list of rows")))?;
        // 206 says that there is more than was given; without a Content-Range a 200 is everything there is.
        let total = total.or_else(|| (status == 200).then_some(start + rows.len() as u64));
        Ok(Listing {
            rows,
            total,
            date,
            beyond_the_end: false,
        })
    }

    /// Reads a whole list, page by page, ordered by number.
    pub(crate) async fn all(&self, path: &str, query: &[(&str, String)], page: u64) -> Result<Vec<Row>, Failure> {
        let mut found: Vec<Row> = Vec::new();
        loop {
            let start = found.len() as u64;
            let listing = self.list(path, query, ("id", "ASC"), start, page).await?;
            let got = listing.rows.len() as u64;
            found.extend(listing.rows);
            let more = listing.total.is_some_and(|total| (found.len() as u64) < total);
            if got == 0 || !more {
                return Ok(found);
            }
        }
    }

    /// Sends something that can change the server: one exchange, unless the session was dead.
    pub(crate) async fn write(&self, method: Method, path: &str, body: ApiBody) -> Result<Reply, Failure> {
        let response = self.exchange(&request(method, path, &[], body)).await?;
        json_reply(&response, Delivery::MaybeSent)
    }

    /// Deletes a row for good, past the bin.
    pub(crate) async fn purge(&self, table: &str, id: i64) -> Result<Reply, Failure> {
        let query = [("force_purge", "true".to_owned())];
        let request = request(Method::DELETE, &format!("{table}/{id}"), &query, ApiBody::Empty);
        json_reply(&self.exchange(&request).await?, Delivery::MaybeSent)
    }

    /// Reads a document's bytes.
    pub(crate) async fn bytes(&self, path: &str) -> Result<Bytes, Failure> {
        let mut request = request(Method::GET, path, &[], ApiBody::Empty);
        request
            .headers
            .insert(header::ACCEPT, HeaderValue::from_static("application/octet-stream"));
        let response = {
            let _permit = self.reads.acquire().await;
            self.exchange(&request).await?
        };
        if response.status == 200 {
            return Ok(response.body);
        }
        let reply = json_reply(&response, Delivery::NotSent)?;
        Err(protocol(
            Delivery::NotSent,
            format!("a document's content came with status {}", reply.status),
        )
        .into())
    }

    /// Ends the session at the server, best effort.
    pub(crate) async fn sign_out(&self) {
        let session = self.session.write().await.take();
        if let Some(session) = session {
            let mut request = request(Method::GET, "killSession", &[], ApiBody::Empty);
            if self.authorise(&mut request, Some(&session)).is_ok() {
                // Nothing depends on it: the server forgets the session by itself after a while.
                let _ = self.transport.execute(request).await;
            }
        }
    }

    /// One exchange with a live session; a session that died is replaced and the call repeated, once.
    async fn exchange(&self, request: &ApiRequest) -> Result<ApiResponse, Failure> {
        let session = self.session().await?;
        let response = self.execute(request, Some(&session)).await?;
        if !is_dead_session(&response) {
            return Ok(response);
        }
        tracing::debug!("the session died, signing in again");
        let session = self.renew(session.generation).await?;
        let response = self.execute(request, Some(&session)).await?;
        if is_dead_session(&response) {
            return Err(BackendError::Auth(AuthProblem::SessionLost).into());
        }
        Ok(response)
    }

    async fn execute(&self, request: &ApiRequest, session: Option<&Session>) -> Result<ApiResponse, Failure> {
        let mut request = request.clone();
        let changes = request.method != Method::GET;
        self.authorise(&mut request, session)?;
        self.transport.execute(request).await.map_err(|error| {
            let delivery = if changes { error.delivery } else { Delivery::NotSent };
            error.into_backend(delivery).into()
        })
    }

    /// Puts the session's and the application's tokens where they belong: in headers, never in the address.
    fn authorise(&self, request: &mut ApiRequest, session: Option<&Session>) -> Result<(), BackendError> {
        if let Some(token) = &self.credentials.app_token {
            request.headers.insert(
                APP_TOKEN,
                secret_header(token.expose_secret(), AuthProblem::AppTokenWrong)?,
            );
        }
        if let Some(session) = session {
            request.headers.insert(
                SESSION_TOKEN,
                secret_header(session.token.expose_secret(), AuthProblem::SessionLost)?,
            );
        }
        Ok(())
    }

    async fn session(&self) -> Result<Arc<Session>, BackendError> {
        if let Some(session) = self.session.read().await.clone() {
            return Ok(session);
        }
        self.renew(0).await
    }

    /// The number of the session in use; 0 before the first.
    pub(crate) async fn session_number(&self) -> u64 {
        self.session
            .read()
            .await
            .as_ref()
            .map_or(0, |session| session.generation)
    }

    /// A session newer than `dead`, shared by all who ask for one at the same time.
    async fn renew(&self, dead: u64) -> Result<Arc<Session>, BackendError> {
        let mut generation = self.sign_in.lock().await;
        if let Some(session) = self.session.read().await.clone()
            && session.generation > dead
        {
            return Ok(session);
        }
        let token = self.init_session().await?;
        *generation += 1;
        let session = Arc::new(Session {
            token,
            generation: *generation,
        });
        // A session sees only the entities it has made active: all of them, sub-entities included. An account that may not
        // change keeps what it has.
        let mut all = request(
            Method::POST,
            "changeActiveEntities",
            &[],
            ApiBody::Json(json!({"entities_id": "all", "is_recursive": true})),
        );
        self.authorise(&mut all, Some(&session))?;
        let response = self
            .transport
            .execute(all)
            .await
            .map_err(|error| error.into_backend(Delivery::NotSent))?;
        match json_reply(&response, Delivery::NotSent) {
            Ok(_) => {}
            Err(Failure::Refused(refusal)) => {
                tracing::warn!(code = refusal.code, "the entities could not be made active");
            }
            // A session that sees fewer entities than before would make their tickets look gone.
            Err(Failure::Backend(error)) => return Err(error),
        }
        *self.session.write().await = Some(Arc::clone(&session));
        Ok(session)
    }

    async fn init_session(&self) -> Result<SecretString, BackendError> {
        let mut request = request(Method::GET, "initSession", &[], ApiBody::Empty);
        let (authorization, wrong) = match &self.credentials.account {
            Account::UserToken(token) if token.expose_secret().is_empty() => {
                return Err(BackendError::Auth(AuthProblem::NoSecret));
            }
            Account::UserToken(token) => (
                format!("user_token {}", token.expose_secret()),
                AuthProblem::BadUserToken,
            ),
            Account::Password { login, password } => {
                if login.is_empty() || password.expose_secret().is_empty() {
                    return Err(BackendError::Auth(AuthProblem::NoSecret));
                }
                let pair = format!("{login}:{}", password.expose_secret());
                let pair = base64::engine::general_purpose::STANDARD.encode(pair);
                (format!("Basic {pair}"), AuthProblem::BadPassword)
            }
        };
        request
            .headers
            .insert(header::AUTHORIZATION, secret_header(&authorization, wrong)?);
        self.authorise(&mut request, None)?;
        let response = self
            .transport
            .execute(request)
            .await
            .map_err(|error| error.into_backend(Delivery::NotSent))?;
        match json_reply(&response, Delivery::NotSent) {
            Ok(reply) => match reply.body.get("session_token").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => Ok(SecretString::from(token.to_owned())),
                _ => Err(protocol(Delivery::NotSent, "signing in gave no session".to_owned())),
            },
            Err(Failure::Refused(refusal)) => Err(BackendError::Auth(self.sign_in_problem(&refusal))),
            Err(Failure::Backend(error)) => Err(error),
        }
    }

    /// Why signing in was refused.
    fn sign_in_problem(&self, refusal: &Refusal) -> AuthProblem {
        if let Some(problem) = auth_problem(refusal) {
            return problem;
        }
        match refusal.code.as_str() {
            "ERROR_GLPI_LOGIN" => match &self.credentials.account {
                // The token was known (else it has a code of its own), the account behind it is not let in.
                Account::UserToken(_) => AuthProblem::AccountDisabled,
                // The same code for a wrong password and for a disabled account; only the text differs.
                Account::Password { .. } => {
                    let text = refusal.message.as_deref().unwrap_or_default().to_lowercase();
                    if ["deactivated", "disabled", "désactivé"]
                        .iter()
                        .any(|word| text.contains(word))
                    {
                        AuthProblem::AccountDisabled
                    } else {
                        AuthProblem::BadPassword
                    }
                }
            },
            // The one generic error of initSession, whatever the language of its text.
            "ERROR" => AuthProblem::ApiDisabled,
            _ => match &self.credentials.account {
                Account::UserToken(_) => AuthProblem::BadUserToken,
                Account::Password { .. } => AuthProblem::BadPassword,
            },
        }
    }
}

/// `get_hateoas=false`: the links are most of a list's bytes, point where the server's configuration says, and are never
/// followed.
pub(crate) fn plain() -> (&'static str, String) {
    ("get_hateoas", "false".to_owned())
}

fn request(method: Method, path: &str, query: &[(&str, String)], body: ApiBody) -> ApiRequest {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    ApiRequest {
        method,
        path: path.to_owned(),
        query: query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
        headers,
        body,
    }
}

fn secret_header(value: &str, wrong: AuthProblem) -> Result<HeaderValue, BackendError> {
    let mut header = HeaderValue::from_str(value).map_err(|_| BackendError::Auth(wrong))?;
    header.set_sensitive(true);
    Ok(header)
}

fn protocol(delivery: Delivery, message: String) -> BackendError {
    BackendError::Protocol { delivery, message }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn is_json(response: &ApiResponse) -> bool {
    response
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("application/json"))
}

/// Whether a call other than signing in was answered 401: GLPI's own `ERROR_SESSION_TOKEN_INVALID`, or a proxy's word for it.
fn is_dead_session(response: &ApiResponse) -> bool {
    response.status == 401
}

fn header_date(response: &ApiResponse, name: HeaderName) -> Option<Timestamp> {
    let value = response.headers.get(name)?.to_str().ok()?;
    let time = httpdate::parse_http_date(value).ok()?;
    Timestamp::try_from(time).ok()
}

/// `Retry-After`: seconds, or a date to be compared with the server's own clock.
fn retry_after(response: &ApiResponse) -> Option<Duration> {
    let value = response.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = Timestamp::try_from(httpdate::parse_http_date(value).ok()?).ok()?;
    let now = header_date(response, header::DATE)?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// Judges a complete reply. `unknown` is what holds for the request while the reply cannot be trusted: a read was not sent
/// as far as anybody cares, a write may have been applied.
fn json_reply(response: &ApiResponse, unknown: Delivery) -> Result<Reply, Failure> {
    let status = response.status;
    if status == 429 {
        // Refused at the door, before anything was looked at.
        return Err(BackendError::Transient {
            delivery: Delivery::NotSent,
            status,
            after: retry_after(response),
            message: "too many requests".to_owned(),
        }
        .into());
    }
    if status == 407 {
        return Err(BackendError::Wire {
            delivery: unknown,
            problem: WireProblem::ProxyCredentials,
            message: "a proxy answers 407".to_owned(),
        }
        .into());
    }
    if status == 511 {
        // Said by a captive portal, never by the server: waiting does not help, a person must look at it.
        return Err(protocol(unknown, "the network asks to sign in first (511)".to_owned()).into());
    }
    if status >= 500 {
        let message = if is_json(response) {
            let body = serde_json::from_slice(&response.body).ok();
            body.and_then(|body| Refusal::parse(status, &body))
                .map_or_else(String::new, |refusal| refusal.words())
        } else {
            String::new()
        };
        return Err(BackendError::Transient {
            delivery: unknown,
            status,
            after: retry_after(response),
            message,
        }
        .into());
    }
    if (300..400).contains(&status) {
        return Err(protocol(
            unknown,
            format!("the server answers {status}, a redirect, which is not followed"),
        )
        .into());
    }
    if !is_json(response) {
        return Err(protocol(unknown, format!("status {status} came without JSON")).into());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&response.body) else {
        return Err(BackendError::Transient {
            delivery: unknown,
            status: 0,
            after: None,
            message: "the reply was cut or is not JSON".to_owned(),
        }
        .into());
    };
    if status >= 400 {
        return Err(match Refusal::parse(status, &body) {
            Some(refusal) => Failure::Refused(refusal),
            None => protocol(unknown, format!("status {status} came with an unknown error")).into(),
        });
    }
    let total = response
        .headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit('/').next())
        .and_then(|total| total.parse().ok());
    Ok(Reply {
        status,
        body,
        date: header_date(response, header::DATE),
        last_modified: header_date(response, header::LAST_MODIFIED),
        total,
    })
}
