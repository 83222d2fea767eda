//! TeamViewer's Web API, version 1: sessions that a customer joins by a link, without an id told over the telephone.
//!
//! The wire format is the vendor's (TeamViewer API documentation; read as well in the integration DeskproApps/teamviewer): Bearer
//! token; `GET /ping`, `POST /sessions`, `GET /sessions/{code}`, `GET /sessions?state=open&full_list=true`,
//! `PUT /sessions/{code}`. A made session may be told by a body or only by a `Location`: redirects are not followed, and **the token
//! goes to the configured address alone**.

use crate::{policy::TeamViewerSessions, target::is_teamviewer_link};
use jiff::Timestamp;
use reqwest::{
    Method, RequestBuilder, Response, StatusCode,
    header::{AUTHORIZATION, HeaderValue, LOCATION},
    redirect,
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use url::{Host, Url};

/// The service's address.
pub const API: &str = "https://webapi.teamviewer.com/api/v1";
/// A service that does not answer in this time is not there: the caller is on the line.
const PATIENCE: Duration = Duration::from_secs(15);
/// No answer of this API is longer.
const LONGEST_ANSWER: usize = 1 << 20;

/// What can go wrong with the Web API.
#[derive(Debug, thiserror::Error)]
pub enum TeamViewerError {
    /// The service cannot be reached, or stopped answering. With `maybe_made` the request had left: a session may exist, and
    /// [`TeamViewerApi::open_sessions`] finds it by its description.
    #[error("TeamViewer's service cannot be reached: {message}")]
    Unreachable {
        /// What the network said.
        message: String,
        /// The request may have been carried out.
        maybe_made: bool,
    },
    /// The token is wrong, expired, or lacks the right to manage sessions.
    #[error("TeamViewer refuses the token: {message}")]
    TokenRefused {
        /// What the service said.
        message: String,
    },
    /// The service refuses the request.
    #[error("TeamViewer answers {status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What the service said.
        message: String,
    },
    /// The answer is not what the documentation says.
    #[error("TeamViewer's answer is not understood: {message}")]
    Protocol {
        /// In what.
        message: String,
    },
}

impl TeamViewerError {
    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "teamviewer_unreachable",
            Self::TokenRefused { .. } => "teamviewer_token_refused",
            Self::Refused { .. } | Self::Protocol { .. } => "teamviewer_refused",
        }
    }

    /// What the network or the service said.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::Unreachable { message, .. } | Self::TokenRefused { message } | Self::Protocol { message } => {
                message.clone()
            }
            Self::Refused { status, message } => format!("{status}: {message}"),
        }
    }
}

/// Whether a session can be joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// It can.
    #[serde(alias = "Open")]
    Open,
    /// No longer.
    #[serde(alias = "Closed")]
    Closed,
}

/// A session's code, "s12-345-678": letters, digits and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SessionCode(String);

impl SessionCode {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for SessionCode {
    type Error = &'static str;

    fn try_from(text: String) -> std::result::Result<Self, Self::Error> {
        let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if plain && (1..=32).contains(&text.len()) && !text.starts_with('-') {
            Ok(Self(text))
        } else {
            Err("not a session code")
        }
    }
}

impl From<SessionCode> for String {
    fn from(code: SessionCode) -> Self {
        code.0
    }
}

impl std::fmt::Display for SessionCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// A session. Its links are TeamViewer's own, by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its code.
    pub code: SessionCode,
    /// Whether it can be joined.
    pub state: SessionState,
    /// What the customer opens.
    pub customer_link: String,
    /// What the technician opens: the target of [`crate::Tool::TeamViewerSession`].
    pub supporter_link: String,
    /// What it was described as.
    pub description: Option<String>,
    /// Until when it can be joined.
    pub valid_until: Option<Timestamp>,
    /// The customer has joined and waits.
    pub online: bool,
}

/// A session as the service writes it.
#[derive(Debug, Deserialize)]
struct SessionWire {
    code: SessionCode,
    state: SessionState,
    end_customer_link: String,
    supporter_link: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    valid_until: Option<Timestamp>,
    #[serde(default)]
    online: bool,
}

#[derive(Debug, Deserialize)]
struct SessionsWire {
    sessions: Vec<SessionWire>,
}

#[derive(Debug, Deserialize)]
struct PingWire {
    token_valid: bool,
}

/// An error as the service writes it.
#[derive(Debug, Default, Deserialize)]
struct ErrorWire {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

/// What a session is made with. `description` carries the ticket's number, so that a session whose answer was lost is found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSession {
    /// What it is for.
    pub description: String,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The customer's address.
    pub customer_email: Option<String>,
    /// What the customer reads while waiting.
    pub waiting_message: Option<String>,
    /// Until when it can be joined; the service has a length of its own (a day).
    pub valid_until: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct NewSessionWire<'a> {
    groupname: &'a str,
    description: &'a str,
    end_customer: CustomerWire<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

#[derive(Debug, Serialize)]
struct CustomerWire<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct StateWire {
    state: SessionState,
}

type Result<T> = std::result::Result<T, TeamViewerError>;

/// The Web API with a token.
#[derive(Debug)]
pub struct TeamViewerApi {
    http: reqwest::Client,
    base: Url,
    group: String,
    token: SecretString,
}

impl TeamViewerApi {
    /// One for the policy's address and group. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address is not one by HTTPS (loopback excepted, for tests), or this machine's TLS cannot be set up.
    pub fn new(sessions: &TeamViewerSessions, token: SecretString) -> Result<Self> {
        let loopback = match sessions.api.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            _ => false,
        };
        if sessions.api.scheme() != "https" && !loopback {
            return Err(protocol("the address is not by https"));
        }
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .https_only(!loopback)
            .timeout(PATIENCE)
            .build()
            .map_err(|error| unreachable(&error, false))?;
        Ok(Self {
            http,
            base: sessions.api.clone(),
            group: sessions.group.clone(),
            token,
        })
    }

    /// Whether the service is there and takes the token.
    ///
    /// # Errors
    /// Why not.
    pub async fn ping(&self) -> Result<()> {
        let response = self.send(self.request(Method::GET, &["ping"])?, false).await?;
        let ping: PingWire = read(accepted(response).await?).await?;
        if ping.token_valid {
            Ok(())
        } else {
            Err(TeamViewerError::TokenRefused {
                message: "token_valid: false".to_owned(),
            })
        }
    }

    /// Makes a session.
    ///
    /// # Errors
    /// Why not. It is never sent twice by itself: there is no key by which the service would know the second from the first.
    pub async fn create(&self, new: &NewSession) -> Result<Session> {
        let body = NewSessionWire {
            groupname: &self.group,
            description: &new.description,
            end_customer: CustomerWire {
                name: new.customer_name.as_deref(),
                email: new.customer_email.as_deref(),
            },
            waiting_message: new.waiting_message.as_deref(),
            valid_until: new.valid_until.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        };
        let request = self.request(Method::POST, &["sessions"])?.json(&body);
        let response = self.send(request, true).await?;
        let location = location(&response);
        let redirected = response.status().is_redirection();
        let answer = if redirected {
            String::new()
        } else {
            text(accepted(response).await?, true).await?
        };
        if !answer.trim().is_empty() {
            return session(parse(&answer)?);
        }
        // Told by a Location only: the session is asked for at the address we know, never at the one we were sent to.
        let code = location
            .as_deref()
            .and_then(code_of)
            .ok_or_else(|| protocol("a session was made, and neither a body nor a Location says which"))?;
        self.session(&code).await
    }

    /// What became of a session.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn session(&self, code: &SessionCode) -> Result<Session> {
        let request = self.request(Method::GET, &["sessions", code.as_str()])?;
        session(read(accepted(self.send(request, false).await?).await?).await?)
    }

    /// Every session that can be joined.
    ///
    /// # Errors
    /// Why that cannot be told.
    pub async fn open_sessions(&self) -> Result<Vec<Session>> {
        let mut url = self.url(&["sessions"])?;
        url.set_query(Some("state=open&full_list=true"));
        let request = self.authorised(Method::GET, url)?;
        let list: SessionsWire = read(accepted(self.send(request, false).await?).await?).await?;
        list.sessions.into_iter().map(session).collect()
    }

    /// Closes a session; closing a closed one changes nothing.
    ///
    /// # Errors
    /// Why not.
    pub async fn close(&self, code: &SessionCode) -> Result<()> {
        let state = SessionState::Closed;
        let request = self
            .request(Method::PUT, &["sessions", code.as_str()])?
            .json(&StateWire { state });
        accepted(self.send(request, true).await?).await?;
        Ok(())
    }

    fn url(&self, path: &[&str]) -> Result<Url> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| protocol("the address has no path"))?
            .pop_if_empty()
            .extend(path);
        Ok(url)
    }

    fn request(&self, method: Method, path: &[&str]) -> Result<RequestBuilder> {
        self.authorised(method, self.url(path)?)
    }

    fn authorised(&self, method: Method, url: Url) -> Result<RequestBuilder> {
        let mut bearer = HeaderValue::try_from(format!("Bearer {}", self.token.expose_secret())).map_err(|_| {
            TeamViewerError::TokenRefused {
                message: "the token has characters that no token has".to_owned(),
            }
        })?;
        bearer.set_sensitive(true);
        Ok(self.http.request(method, url).header(AUTHORIZATION, bearer))
    }

    async fn send(&self, request: RequestBuilder, changes: bool) -> Result<Response> {
        request
            .send()
            .await
            .map_err(|error| unreachable(&error, changes && !error.is_connect()))
    }
}

fn protocol(message: impl Into<String>) -> TeamViewerError {
    TeamViewerError::Protocol {
        message: message.into(),
    }
}

fn unreachable(error: &reqwest::Error, maybe_made: bool) -> TeamViewerError {
    // The cause is what people can do something about; the address is not repeated (it is configuration).
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    TeamViewerError::Unreachable {
        message: cause.to_string(),
        maybe_made,
    }
}

fn location(response: &Response) -> Option<String> {
    let value = response.headers().get(LOCATION)?.to_str().ok()?;
    Some(value.to_owned())
}

/// The code in `…/sessions/s12-345-678`, or in a link for customers or supporters, which writes it without `-`.
fn code_of(location: &str) -> Option<SessionCode> {
    let path = location.split(['?', '#']).next()?;
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    let digits: String = last.strip_prefix(['s', 'S'])?.chars().filter(|c| *c != '-').collect();
    let fits = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| SessionCode(format!("s{}-{}-{}", &digits[..2], &digits[2..5], &digits[5..])))
}

/// A session whose links lead to TeamViewer, and nowhere else: they are opened, and sent to people.
fn session(wire: SessionWire) -> Result<Session> {
    for link in [&wire.end_customer_link, &wire.supporter_link] {
        if !is_teamviewer_link(link) {
            return Err(protocol(format!(
                "{} is no link of TeamViewer",
                crate::error::shown(link)
            )));
        }
    }
    Ok(Session {
        code: wire.code,
        state: wire.state,
        customer_link: wire.end_customer_link,
        supporter_link: wire.supporter_link,
        description: wire.description,
        valid_until: wire.valid_until,
        online: wire.online,
    })
}

/// The response if it is a success, else the service's reason.
async fn accepted(response: Response) -> Result<Response> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let body = text(response, false).await.unwrap_or_default();
    let said: ErrorWire = serde_json::from_str(&body).unwrap_or_default();
    let message = match (said.error_description.is_empty(), said.error.is_empty()) {
        (false, _) => said.error_description,
        (true, false) => said.error,
        (true, true) => status.canonical_reason().unwrap_or("no reason given").to_owned(),
    };
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => TeamViewerError::TokenRefused { message },
        _ => TeamViewerError::Refused {
            status: status.as_u16(),
            message,
        },
    })
}

/// The body, as far as an answer of this API goes.
async fn text(mut response: Response, changes: bool) -> Result<String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error, changes))? {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(protocol("the answer is too long"));
        }
    }
    String::from_utf8(body).map_err(|_| protocol("the answer is not text"))
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| protocol(error.to_string()))
}

async fn read<T: serde::de::DeserializeOwned>(response: Response) -> Result<T> {
    parse(&text(response, false).await?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_in_every_form_of_location() {
        for location in [
            "https://webapi.teamviewer.com/api/v1/sessions/s12-345-678",
            "/api/v1/sessions/s12-345-678",
            "https://get.teamviewer.com/v15/s12345678",
            "https://get.teamviewer.com/s12345678?lng=fr",
        ] {
            assert_eq!(code_of(location).unwrap().as_str(), "s12-345-678", "{location}");
        }
        for location in ["", "/", "https://evil.example/", "/sessions/../ping", "/sessions/s12"] {
            assert_eq!(code_of(location), None, "{location}");
        }
    }

    #[test]
    fn the_token_is_sent_by_https_only() {
        let sessions = TeamViewerSessions {
            api: Url::parse("http://webapi.teamviewer.com/api/v1").unwrap(),
            group: "Guichet".to_owned(),
        };
        let refused = TeamViewerApi::new(&sessions, SecretString::from("t")).unwrap_err();
        assert!(matches!(refused, TeamViewerError::Protocol { .. }), "{refused:?}");
    }

    #[test]
    fn a_code_that_would_leave_its_place_in_the_address_is_none() {
        for wrong in ["", "../ping", "s12/..", "s12?x=1", "-s12", "s12 345"] {
            assert!(SessionCode::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }
}
