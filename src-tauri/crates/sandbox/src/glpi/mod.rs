//! The server's core: GLPI's legacy REST API (v1) over tables in memory. No I/O, no clock of its own and no randomness
//! but the seed's: the same requests at the same instants give the same answers.

mod acts;
pub(crate) mod cell;
mod changes;
mod criteria;
mod db;
mod effects;
pub(crate) mod journal;
mod list;
mod pages;
mod params;
mod render;
mod reply;
mod rights;
pub(crate) mod schema;
mod search;
mod search_options;
mod session;
pub(crate) mod text;
mod upload;
mod write;

pub use acts::{Act, ActError};
pub(crate) use effects::priority;
pub use journal::{Author, Write, WriteAction};
pub(crate) use list::hex;

use crate::{
    demo,
    options::{self, Options},
    wire::{Body, Request, Response},
};
use bytes::Bytes;
use db::Db;
use http::Method;
use jiff::{Timestamp, tz::TimeZone};
use params::Params;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use reply::{Refusal, Reply};
use schema::Kind;
use serde_json::Value;
use session::Session;
use std::{collections::BTreeMap, sync::Arc};

/// A GLPI server. Cheap to make when it is tiny, and to clone.
#[derive(Debug, Clone)]
pub struct Glpi {
    options: Options,
    db: Db,
    zone: TimeZone,
    rng: ChaCha8Rng,
    sessions: BTreeMap<String, Session>,
    /// API tokens of people.
    tokens: BTreeMap<String, i64>,
    app_token: String,
    journal: Vec<Write>,
    /// File contents by SHA-1, shared by documents of the same bytes.
    files: BTreeMap<String, Bytes>,
    /// The last lists asked for, so that paging through them does not sort a million rows for each page.
    lists: Vec<(String, u64, Arc<Vec<i64>>)>,
}

/// A write whose stamp is taken and whose commit is still to come: the watermark race of NOTES §4.
#[derive(Debug, Clone)]
pub struct SlowWrite {
    request: Request,
    started: Timestamp,
}

impl Glpi {
    /// A server with its demo data.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed ^ 0x6775_6963_6865_7421);
        let zone = TimeZone::get(&options.zone).unwrap_or(TimeZone::UTC);
        let app_token = token_from(&mut rng, API_TOKEN_LENGTH);
        let mut glpi = Self {
            db: Db::new(options.seed),
            zone,
            rng,
            sessions: BTreeMap::new(),
            tokens: BTreeMap::new(),
            app_token,
            journal: Vec::new(),
            files: BTreeMap::new(),
            lists: Vec::new(),
            options,
        };
        demo::fill(&mut glpi);
        for login in [
            options::ADMIN,
            options::TECHNICIAN,
            options::COLLEAGUE,
            options::SELF_SERVICE,
        ] {
            let token = glpi.new_token();
            if let Some(user) = glpi.user_named(login) {
                glpi.tokens.insert(token, user);
            }
        }
        glpi
    }

    /// How it was set up.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Changes the setup while it runs, as an administrator does: API off, application tokens, addresses… What the demo
    /// data was made from (seed, sizes) stays.
    pub fn reconfigure(&mut self, change: impl FnOnce(&mut Options)) {
        change(&mut self.options);
    }

    /// A user's API token.
    #[must_use]
    pub fn user_token(&self, login: &str) -> Option<&str> {
        let user = self.user_named(login)?;
        self.tokens
            .iter()
            .find(|(_, owner)| **owner == user)
            .map(|(token, _)| token.as_str())
    }

    /// The application token, asked for when the options say so.
    #[must_use]
    pub fn app_token(&self) -> &str {
        &self.app_token
    }

    /// Every accepted write, in the order of its commit.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.journal
    }

    /// Ends every session: the next call of each client is answered 401.
    pub fn lose_sessions(&mut self) {
        self.sessions.clear();
    }

    /// Deactivates a user, or activates him again, as an administrator does; his sessions end.
    pub fn set_active(&mut self, login: &str, active: bool) {
        if let Some(user) = self.user_named(login) {
            self.db
                .set(Kind::User, user, "is_active", cell::Cell::Int(i64::from(active)));
            self.sessions.clear();
        }
    }

    /// Gives other session tokens from now on: what a server that was restarted does.
    pub fn reseed_sessions(&mut self, nonce: u64) {
        self.rng = ChaCha8Rng::seed_from_u64(self.options.seed ^ nonce);
    }

    /// Answers one request, at one instant.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let answer = self.route(request, now);
        let exposes = matches!(request.method, Method::GET | Method::OPTIONS | Method::HEAD);
        let reply = match answer {
            Ok(reply) => reply,
            Err(refusal) => {
                // GLPI 10 and 11 alike forget their own address for this one error.
                let root = if refusal.code == "ERROR_JSON_PAYLOAD_FORBIDDEN" {
                    String::new()
                } else {
                    self.api_root()
                };
                refusal.reply(&root)
            }
        };
        let reply = if exposes {
            reply.header(
                "access-control-expose-headers",
                "content-type, content-range, accept-range",
            )
        } else {
            reply
        };
        reply.send()
    }

    /// Starts a write that will be committed later: its stamps are taken now, its effects show only once
    /// [`Glpi::finish_slow_write`] is called.
    #[must_use]
    pub fn begin_slow_write(&self, request: &Request, now: Timestamp) -> SlowWrite {
        SlowWrite {
            request: request.clone(),
            started: now,
        }
    }

    /// Commits a slow write, with the stamps of its start.
    pub fn finish_slow_write(&mut self, write: &SlowWrite) -> Response {
        self.handle(&write.request, write.started)
    }

    fn route(&mut self, request: &Request, now: Timestamp) -> Result<Reply, Refusal> {
        if request.method == Method::OPTIONS {
            return Ok(Reply::text(200, "text/html; charset=UTF-8", "")
                .header("access-control-allow-methods", "PUT, GET, POST, DELETE, OPTIONS")
                .header(
                    "access-control-allow-headers",
                    "origin, content-type, accept, session-token, authorization, app-token",
                ));
        }
        let segments: Vec<&str> = request.path.split('/').filter(|segment| !segment.is_empty()).collect();
        let params = Params::of(&request.query);
        self.admit(request, &params)?;
        match (&request.body, &request.method) {
            (Body::Malformed, _) => {
                return Err(Refusal::plain(
                    400,
                    "ERROR_JSON_PAYLOAD_INVALID",
                    "JSON payload seems not valid",
                ));
            }
            (Body::Json(_), &Method::GET) => {
                return Err(Refusal::documented(
                    400,
                    "ERROR_JSON_PAYLOAD_FORBIDDEN",
                    "GET Request should not have json payload (http body)",
                ));
            }
            _ => {}
        }
        let Some((first, rest)) = segments.split_first() else {
            return Ok(Reply::text(
                200,
                "text/html; charset=UTF-8",
                "<!DOCTYPE html><html><head><title>GLPI API documentation</title></head><body></body></html>",
            ));
        };
        if *first == "initSession" {
            return self.init_session(request, &params, now);
        }
        if let Some(answer) = self.about_session(first, request, &params, now) {
            return answer;
        }
        match *first {
            "getMultipleItems" => {
                let (_, session) = self.session_of(request, &params)?;
                self.multiple(&session, &params)
            }
            "listSearchOptions" => {
                self.session_of(request, &params)?;
                let kind = itemtype(rest.first())?;
                Ok(Reply::json(200, &search_options::described(kind, self.options.version)))
            }
            "search" => {
                let (_, session) = self.session_of(request, &params)?;
                if rest.first() == Some(&"AllAssets") {
                    return self.search_assets(&session, &params, now);
                }
                let kind = itemtype(rest.first())?;
                self.search(&session, kind, &params, now)
            }
            _ => {
                let kind = Kind::named(first).filter(|kind| *kind != Kind::PluginVip || self.options.vip_plugin);
                let Some(kind) = kind else {
                    return Err(unknown_resource());
                };
                let (_, session) = self.session_of(request, &params)?;
                self.item(request, kind, rest, &session, &params, now)
            }
        }
    }

    fn item(
        &mut self,
        request: &Request,
        kind: Kind,
        rest: &[&str],
        session: &Session,
        params: &Params,
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let id = match rest.first() {
            Some(text) => Some(text.parse::<i64>().map_err(|_| unknown_resource())?),
            None => None,
        };
        match (&request.method, id, rest.get(1)) {
            (&Method::GET, None, _) => self.list(session, kind, None, params),
            (&Method::GET, Some(id), None) => self.one(session, kind, id, request, params),
            (&Method::GET, Some(id), Some(&"Picture")) if kind == Kind::User => {
                if self.db.table(Kind::User).has(id) {
                    Ok(Reply::text(204, "text/html; charset=UTF-8", ""))
                } else {
                    Err(Refusal::not_found())
                }
            }
            (&Method::GET, Some(id), Some(child)) => {
                let child = Kind::named(child).ok_or_else(unknown_resource)?;
                self.list(session, child, Some((kind, id)), params)
            }
            (&Method::POST, _, child) => {
                let kind = match child {
                    Some(child) => Kind::named(child).ok_or_else(unknown_resource)?,
                    None => kind,
                };
                self.post(session, kind, request, now)
            }
            (&Method::PUT | &Method::PATCH, id, _) => self.put(session, kind, id, &input_of(request), now),
            (&Method::DELETE, id, _) => self.delete(session, kind, id, &input_of(request), params, now),
            _ => Err(Refusal::documented(
                405,
                "ERROR_METHOD_NOT_ALLOWED",
                "Method not allowed",
            )),
        }
    }

    /// The root of the API as the server writes it in links.
    pub(crate) fn api_root(&self) -> String {
        match self.options.version {
            schema::Version::Ten => format!("{}/apirest.php", self.options.base_url),
            schema::Version::Eleven => format!("{}/api.php/v1", self.options.base_url),
        }
    }

    /// A table, for the demo data to fill.
    pub(crate) fn demo_table(&mut self, kind: Kind) -> &mut cell::Table {
        self.db.table_mut(kind)
    }

    /// Keeps a file's bytes, for the demo data.
    pub(crate) fn demo_file(&mut self, sha1: &str, content: Vec<u8>) {
        self.files.insert(sha1.to_owned(), content.into());
    }

    /// The writer of made-up texts, for the demo data to set.
    pub(crate) fn demo_texts(&mut self) -> &mut text::Texts {
        &mut self.db.texts
    }

    fn new_token(&mut self) -> String {
        token_from(&mut self.rng, API_TOKEN_LENGTH)
    }

    fn new_session_token(&mut self) -> String {
        token_from(&mut self.rng, self.options.token_length)
    }
}

/// Characters of a person's or an application's token.
const API_TOKEN_LENGTH: usize = 40;

fn token_from(rng: &mut ChaCha8Rng, length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..length)
        .map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())]))
        .collect()
}

fn itemtype(segment: Option<&&str>) -> Result<Kind, Refusal> {
    segment.and_then(|name| Kind::named(name)).ok_or_else(unknown_resource)
}

fn unknown_resource() -> Refusal {
    Refusal::documented(
        400,
        "ERROR_RESOURCE_NOT_FOUND_NOR_COMMONDBTM",
        "resource not found or not an instance of CommonDBTM",
    )
}

fn input_of(request: &Request) -> Value {
    match &request.body {
        Body::Json(body) => body.clone(),
        Body::Upload { manifest, .. } => manifest.clone(),
        Body::Empty | Body::Malformed => Value::Null,
    }
}
