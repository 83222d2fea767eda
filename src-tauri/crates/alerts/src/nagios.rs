//! Nagios Core 4 by its own web programs: `statusjson.cgi` is read, `cmd.cgi` takes problems up.
//!
//! What the programs answer was looked at on Debian's `nagios4` 4.4.6: see `docs/alerts.md`. The account signs in by basic or
//! digest authentication, which the web server checks; what it may see and do, Nagios' `cgi.cfg` says.

mod command;
mod sign;
pub(crate) mod status;

use crate::{AlertTarget, AlertsError, Reading, Supervision, signed, web};
use async_trait::async_trait;
use guichet_net::{Reply, at, exchange};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, RequestBuilder, header};
use secrecy::SecretString;
use sign::Scheme;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use url::Url;

/// How a Nagios is reached.
#[derive(Debug, Clone)]
pub struct NagiosConfig {
    /// The supervision's name among the configured ones.
    pub source: String,
    /// Where its web programs are ("<https://nagios.example/nagios4/cgi-bin>"); without TLS only on this machine.
    pub url: Url,
    /// Authorities to trust **instead of** the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// The account's name.
    pub login: String,
    /// Its password. Never logged, never serialised.
    pub password: SecretString,
    /// How long an answer may take.
    pub patience: Duration,
    /// Nagios writes what it knows every few seconds: when it wrote nothing for so long, it stands still.
    pub stale_after: SignedDuration,
}

impl NagiosConfig {
    /// A server with the usual settings.
    #[must_use]
    pub fn new(source: &str, url: Url, login: &str, password: SecretString) -> Self {
        Self {
            source: source.to_owned(),
            url,
            authorities: None,
            login: login.to_owned(),
            password,
            patience: Duration::from_secs(15),
            stale_after: SignedDuration::from_mins(2),
        }
    }
}

/// The adapter of one Nagios.
#[derive(Debug)]
pub struct Nagios {
    config: NagiosConfig,
    http: Client,
    /// How the server wants an account to sign in.
    scheme: Mutex<Scheme>,
}

impl Nagios {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// [`AlertsError::Untrusted`] when it is not to be spoken to: no TLS though it is another machine, or authorities that cannot be
    /// read.
    pub fn new(config: NagiosConfig) -> Result<Self, AlertsError> {
        let http = guichet_net::client(&config.url, config.authorities.as_deref(), config.patience)?;
        Ok(Self {
            config,
            http,
            scheme: Mutex::default(),
        })
    }

    /// Asks, signed in as the server wants it: it is asked how with the first request, and again when it refuses the answer for its
    /// age. Once: a second refusal is one of the account.
    async fn ask(&self, request: RequestBuilder) -> Result<Reply, AlertsError> {
        let (http, request) = request.build_split();
        let request = request.map_err(|error| AlertsError::unexpected(error.to_string()))?;
        let mut scheme = self.scheme.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut tries = 0;
        loop {
            tries += 1;
            let Some(mut signed) = request.try_clone() else {
                return Err(AlertsError::unexpected("the request cannot be repeated"));
            };
            scheme.sign(&mut signed, &self.config.login, &self.config.password);
            let request = RequestBuilder::from_parts(http.clone(), signed);
            let reply = exchange(request, web::LONGEST_REPLY, self.config.patience).await?;
            // A challenge counts its answers: what was used up is kept.
            *self.scheme.lock().unwrap_or_else(PoisonError::into_inner) = scheme.clone();
            if reply.status == 200 {
                return Ok(reply);
            }
            match Scheme::asked(&reply.headers) {
                Some(asked) if reply.status == 401 && tries == 1 && scheme.is_worn(&asked) => scheme = asked,
                _ => return Err(web::failed(&reply)),
            }
        }
    }

    async fn read(&self, query: &[(&str, &str)]) -> Result<Reply, AlertsError> {
        let mut url = at(&self.config.url, "statusjson.cgi");
        url.query_pairs_mut().extend_pairs(query);
        self.ask(self.http.get(url)).await
    }
}

#[async_trait]
impl Supervision for Nagios {
    fn source(&self) -> &str {
        &self.config.source
    }

    async fn problems(&self) -> Result<Reading, AlertsError> {
        let services = [
            ("query", "servicelist"),
            ("details", "true"),
            ("servicestatus", "warning critical unknown"),
        ];
        let services = status::services(&self.read(&services).await?.body, self.config.stale_after)?;
        // Afterwards, so that a host that went down meanwhile is known to be.
        let hosts = [
            ("query", "hostlist"),
            ("details", "true"),
            ("hoststatus", "down unreachable"),
        ];
        let hosts = status::hosts(&self.read(&hosts).await?.body, self.config.stale_after)?;
        if services.is_empty() && hosts.is_empty() {
            // An account without rights is shown nothing, successfully.
            let count = self.read(&[("query", "hostcount")]).await?;
            if status::host_count(&count.body, self.config.stale_after)? == 0 {
                return Err(AlertsError::Refused {
                    message: "Nagios shows this account no host at all".to_owned(),
                });
            }
        }
        Ok(Reading {
            problems: status::problems(hosts, services),
            at: Timestamp::now(),
        })
    }

    async fn acknowledge(&self, target: &AlertTarget, author: &str, comment: &str) -> Result<(), AlertsError> {
        let kind = if target.service.is_some() { "34" } else { "33" };
        let mut about = vec![("cmd_typ", kind), ("host", target.host.as_str())];
        if let Some(service) = &target.service {
            about.push(("service", service.as_str()));
        }
        let url = at(&self.config.url, "cmd.cgi");
        let mut form = url.clone();
        form.query_pairs_mut().extend_pairs(&about);
        // The form first: what it is sent with must come back with what is filled in (older versions know of no such thing).
        let ticket = command::form_id(&self.ask(self.http.get(form)).await?.headers);
        let mut request = self.http.post(url);
        if let Some(ticket) = &ticket {
            request = request.header(header::COOKIE, format!("{}={ticket}", command::FORM_COOKIE));
        }
        let request = request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(command::filled(
                &about,
                author,
                &signed(author, comment),
                ticket.as_deref(),
            ));
        command::outcome(&self.ask(request).await?.body)
    }
}
