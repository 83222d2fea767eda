//! Centreon by its REST API, version 2: the resources that are not well are read, and acknowledged.
//!
//! Source of the wire: Centreon's own description of its API and its sources (statuses, states, resources, acknowledgements); what was
//! not tried on a real server is said in `docs/alerts.md`.

pub(crate) mod wire;

use crate::{AlertTarget, AlertsError, Reading, Supervision, signed, web};
use async_trait::async_trait;
use guichet_net::{Reply, at, exchange};
use jiff::Timestamp;
use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::Mutex;
use url::Url;
use wire::{Identity, Page, Resource};

/// Resources of a page.
const PER_PAGE: usize = 500;
/// Most resources that are read.
const MOST: usize = 20_000;
/// How a Centreon is reached.
#[derive(Debug, Clone)]
pub struct CentreonConfig {
    /// The supervision's name among the configured ones.
    pub source: String,
    /// Its address ("<https://centreon.example/centreon>"); without TLS only on this machine.
    pub url: Url,
    /// Authorities to trust **instead of** the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// The account's name.
    pub login: String,
    /// Its password. Never logged, never serialised.
    pub password: SecretString,
    /// How long an answer may take.
    pub patience: Duration,
}

impl CentreonConfig {
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
        }
    }
}

/// The adapter of one Centreon.
#[derive(Debug)]
pub struct Centreon {
    config: CentreonConfig,
    http: Client,
    token: Mutex<Option<SecretString>>,
    /// What the last reading named, by its names: an acknowledgement goes by numbers.
    known: Mutex<BTreeMap<AlertTarget, Identity>>,
}

impl Centreon {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// [`AlertsError::Untrusted`] when it is not to be spoken to: no TLS though it is another machine, or authorities that cannot be
    /// read.
    pub fn new(config: CentreonConfig) -> Result<Self, AlertsError> {
        let http = guichet_net::client(&config.url, config.authorities.as_deref(), config.patience)?;
        Ok(Self {
            config,
            http,
            token: Mutex::default(),
            known: Mutex::default(),
        })
    }

    fn at(&self, path: &str) -> Url {
        at(&self.config.url, &format!("api/latest/{path}"))
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Reply, AlertsError> {
        Ok(exchange(request, web::LONGEST_REPLY, self.config.patience).await?)
    }

    async fn sign_in(&self) -> Result<SecretString, AlertsError> {
        let credentials = json!({
            "security": { "credentials": { "login": self.config.login, "password": self.config.password.expose_secret() } }
        });
        let request = self.http.post(self.at("login")).json(&credentials);
        let reply = self.exchange(request).await?;
        if reply.status != 200 {
            return Err(web::failed(&reply));
        }
        wire::token(&reply.body)
            .map(SecretString::from)
            .ok_or_else(|| AlertsError::unexpected("no token in the answer"))
    }

    /// One exchange in the name of the account; a token that is no longer taken is renewed once. Holding the token meanwhile keeps
    /// two requests from both renewing it.
    async fn ask(&self, request: impl Fn() -> RequestBuilder + Send) -> Result<Reply, AlertsError> {
        let mut token = self.token.lock().await;
        let mut fresh = false;
        loop {
            let held = match token.take() {
                Some(held) => held,
                None => {
                    fresh = true;
                    self.sign_in().await?
                }
            };
            let asked = request().header("X-AUTH-TOKEN", held.expose_secret());
            let reply = self.exchange(asked).await;
            // One that is refused when it is new is not the token's fault: what was asked is not allowed.
            let refused = matches!(&reply, Ok(reply) if matches!(reply.status, 401 | 403));
            if refused && !fresh {
                continue;
            }
            *token = Some(held);
            return reply;
        }
    }

    async fn page(&self, number: usize, limit: usize, statuses: Option<&str>) -> Result<Page, AlertsError> {
        let mut url = self.at("monitoring/resources");
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("page", &number.to_string())
                .append_pair("limit", &limit.to_string());
            if let Some(statuses) = statuses {
                query.append_pair("statuses", statuses);
            }
        }
        let reply = self.ask(|| self.http.get(url.clone())).await?;
        if reply.status != 200 {
            return Err(web::failed(&reply));
        }
        wire::page(&reply.body)
    }

    /// Reads the list from its first page to its last into `all`; answers how many pages that were.
    async fn pass(&self, all: &mut BTreeMap<Identity, Resource>) -> Result<usize, AlertsError> {
        let mut rows = 0;
        let mut pages = 0;
        loop {
            pages += 1;
            let page = self.page(pages, PER_PAGE, Some(wire::NOT_WELL)).await?;
            if page.meta.total > MOST {
                return Err(AlertsError::TooLong);
            }
            rows += page.result.len();
            let empty = page.result.is_empty();
            all.extend(page.result.into_iter().map(|resource| (resource.identity(), resource)));
            if rows >= page.meta.total {
                return Ok(pages);
            }
            if empty {
                return Err(AlertsError::unexpected("the list ends before all of it was read"));
            }
        }
    }

    /// Every resource that is not well. A list of several pages is read twice: what moved to a page that was read already, because
    /// something before it got well meanwhile, would pass for well itself. What got well between the two is named once more instead.
    async fn all(&self) -> Result<BTreeMap<Identity, Resource>, AlertsError> {
        let mut all = BTreeMap::new();
        if self.pass(&mut all).await? > 1 {
            self.pass(&mut all).await?;
        }
        Ok(all)
    }
}

#[async_trait]
impl Supervision for Centreon {
    fn source(&self) -> &str {
        &self.config.source
    }

    async fn problems(&self) -> Result<Reading, AlertsError> {
        let found = self.all().await?;
        if found.is_empty() && self.page(1, 1, None).await?.meta.total == 0 {
            // An account without rights is shown nothing, successfully.
            return Err(AlertsError::Refused {
                message: "Centreon shows this account no resource at all".to_owned(),
            });
        }
        let at = Timestamp::now();
        let mut problems = Vec::with_capacity(found.len());
        let mut known = BTreeMap::new();
        for (identity, resource) in found {
            if let Some(problem) = resource.problem(at) {
                let target = AlertTarget {
                    host: problem.host.clone(),
                    service: problem.service.clone(),
                };
                known.insert(target, identity);
                problems.push(problem);
            }
        }
        *self.known.lock().await = known;
        Ok(Reading { problems, at })
    }

    async fn acknowledge(&self, target: &AlertTarget, author: &str, comment: &str) -> Result<(), AlertsError> {
        let mut identity = self.known.lock().await.get(target).cloned();
        if identity.is_none() {
            self.problems().await?;
            identity = self.known.lock().await.get(target).cloned();
        }
        let identity = identity.ok_or(AlertsError::NoSuchProblem)?;
        let body = wire::acknowledgement(&identity, &signed(author, comment));
        let url = self.at("monitoring/resources/acknowledge");
        let reply = self.ask(|| self.http.post(url.clone()).json(&body)).await?;
        match reply.status {
            200 | 204 => Ok(()),
            404 => Err(AlertsError::NoSuchProblem),
            _ => Err(web::failed(&reply)),
        }
    }
}
