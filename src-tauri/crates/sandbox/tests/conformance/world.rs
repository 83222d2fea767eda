//! One side of the comparison: a sandbox with a few accounts, and exchanges however they came about.

use bytes::Bytes;
use guichet_sandbox::{
    Glpi, Options, Version,
    options::{ADMIN, PASSWORD, TECHNICIAN},
    wire::{Body, Request},
};
use http::{HeaderMap, Method};
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A reply, recorded or made.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    /// Rows of the list in the body, before a recording was cut.
    pub rows: Option<usize>,
    pub body: Value,
    /// The call's path, as it was sent.
    pub path: String,
}

impl Exchange {
    pub fn recorded(text: &str) -> Self {
        let file: Value = serde_json::from_str(text).unwrap();
        let response = &file["response"];
        Self {
            status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
            headers: serde_json::from_value(response["headers"].clone()).unwrap(),
            rows: response["rows"].as_u64().map(|rows| usize::try_from(rows).unwrap()),
            body: response["body"].clone(),
            path: file["request"]["path"].as_str().unwrap().to_owned(),
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// `["CODE", …]`
    pub fn code(&self) -> &str {
        self.body[0].as_str().unwrap_or_default()
    }

    /// `first`, `last`, `total` of Content-Range.
    pub fn range(&self) -> (i64, i64, i64) {
        let text = self.header("content-range");
        let (span, total) = text
            .split_once('/')
            .unwrap_or_else(|| panic!("no Content-Range on {}", self.path));
        let (first, last) = span.split_once('-').unwrap();
        (first.parse().unwrap(), last.parse().unwrap(), total.parse().unwrap())
    }

    pub fn text(&self, key: &str) -> &str {
        self.body[key]
            .as_str()
            .unwrap_or_else(|| panic!("no text {key} in {}", self.body))
    }

    pub fn int(&self, key: &str) -> i64 {
        self.body[key]
            .as_i64()
            .unwrap_or_else(|| panic!("no number {key} in {}", self.body))
    }

    pub fn id(&self) -> i64 {
        self.int("id")
    }

    pub fn error(&self, status: u16, code: &str) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.body);
        assert_eq!(self.body.as_array().unwrap().len(), 2);
    }
}

/// A sandbox and whoever calls it.
#[derive(Clone)]
pub struct World {
    pub glpi: Glpi,
    pub version: Version,
    now: Timestamp,
    tokens: BTreeMap<String, String>,
    speaker: String,
    headers: HeaderMap,
}

/// An ordinary person's number.
pub const PERSON: i64 = 20;

impl World {
    pub fn new(version: Version) -> Self {
        let options = Options {
            tickets: 300,
            users: 70,
            articles: 40,
            sites: 5,
            ..Options::demo(5)
        }
        .version(version);
        let now = Timestamp::from_second(options.now).unwrap();
        let mut world = Self {
            glpi: Glpi::new(options),
            version,
            now,
            tokens: BTreeMap::new(),
            speaker: TECHNICIAN.into(),
            headers: HeaderMap::new(),
        };
        for login in [TECHNICIAN.to_owned(), ADMIN.to_owned(), world.person()] {
            let reply = world.log_in(&login, PASSWORD);
            assert_eq!(reply.status, 200, "{reply:?}");
            world.tokens.insert(login, reply.text("session_token").to_owned());
        }
        world
    }

    /// The ordinary person's login.
    pub fn person(&self) -> String {
        self.glpi
            .peek("User", PERSON, "name")
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned()
    }

    pub fn log_in(&mut self, login: &str, password: &str) -> Exchange {
        use base64::Engine as _;
        let basic = base64::engine::general_purpose::STANDARD.encode(format!("{login}:{password}"));
        self.call_with(
            Method::GET,
            "initSession",
            &[("authorization", &format!("Basic {basic}"))],
            Body::Empty,
        )
    }

    /// Speaks as somebody else from now on.
    pub fn speak_as(&mut self, login: &str) -> &mut Self {
        self.speaker = login.to_owned();
        self
    }

    pub fn as_admin(&mut self) -> &mut Self {
        self.speak_as(ADMIN)
    }

    pub fn as_technician(&mut self) -> &mut Self {
        self.speak_as(TECHNICIAN)
    }

    pub fn as_person(&mut self) -> &mut Self {
        let login = self.person();
        self.speak_as(&login)
    }

    pub fn relog(&mut self) {
        let login = self.speaker.clone();
        let reply = self.log_in(&login, PASSWORD);
        self.tokens.insert(login, reply.text("session_token").to_owned());
    }

    /// Time passes.
    pub fn wait(&mut self) {
        self.now = self.now.checked_add(Span::new().seconds(2)).unwrap();
    }

    pub fn with_header(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub fn get(&mut self, path: &str) -> Exchange {
        self.call(Method::GET, path, Body::Empty)
    }

    pub fn post(&mut self, path: &str, input: Value) -> Exchange {
        self.call(Method::POST, path, Body::Json(json!({ "input": input })))
    }

    pub fn put(&mut self, path: &str, input: Value) -> Exchange {
        self.call(Method::PUT, path, Body::Json(json!({ "input": input })))
    }

    pub fn delete(&mut self, path: &str) -> Exchange {
        self.call(Method::DELETE, path, Body::Empty)
    }

    pub fn upload(&mut self, path: &str, input: Value, filename: &str, content: &'static [u8]) -> Exchange {
        let body = Body::Upload {
            manifest: json!({ "input": input }),
            filename: filename.into(),
            mime: "application/octet-stream".into(),
            content: Bytes::from_static(content),
        };
        self.call(Method::POST, path, body)
    }

    pub fn call(&mut self, method: Method, path: &str, body: Body) -> Exchange {
        let token = self.tokens[&self.speaker].clone();
        let mut headers = std::mem::take(&mut self.headers);
        headers.insert("session-token", token.parse().unwrap());
        self.send(method, path, headers, body)
    }

    pub fn call_with(&mut self, method: Method, path: &str, headers: &[(&'static str, &str)], body: Body) -> Exchange {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        self.send(method, path, map, body)
    }

    fn send(&mut self, method: Method, path: &str, headers: HeaderMap, body: Body) -> Exchange {
        self.now = self.now.checked_add(Span::new().seconds(1)).unwrap();
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let request = Request {
            method,
            path: bare.to_owned(),
            query,
            headers,
            body,
        };
        let reply = self.glpi.handle(&request, self.now);
        let body: Value = serde_json::from_slice(&reply.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&reply.body).into_owned()));
        let rows = match &body {
            Value::Array(list) => Some(list.len()),
            Value::Object(map) => match map.get("data") {
                Some(Value::Array(data)) => Some(data.len()),
                Some(Value::Object(data)) => Some(data.len()),
                _ => None,
            },
            _ => None,
        };
        let headers = reply
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        Exchange {
            status: reply.status,
            headers,
            rows,
            body,
            path: path.to_owned(),
        }
    }

    /// A new ticket, assigned to the technician or to nobody.
    pub fn ticket(&mut self, assigned: bool) -> i64 {
        let mut input =
            json!({ "name": "Créé par la console", "content": "<p>Test</p>", "_users_id_requester": PERSON });
        if assigned {
            input["_users_id_assign"] = json!(self.glpi.user_id(TECHNICIAN).unwrap());
        }
        let reply = self.post("Ticket", input);
        assert_eq!(reply.status, 201, "{reply:?}");
        reply.id()
    }

    /// The first ticket of the demo data that `wanted` accepts.
    pub fn some_ticket(&self, wanted: impl Fn(&Glpi, i64) -> bool) -> i64 {
        self.glpi
            .tickets()
            .into_iter()
            .find(|id| wanted(&self.glpi, *id))
            .expect("such a ticket")
    }

    /// The newest stamp among the tickets, as the server shows it.
    pub fn newest(&mut self) -> String {
        let reply = self.get("search/Ticket?forcedisplay[0]=2&forcedisplay[1]=19&range=0-0&sort=19&order=DESC");
        reply.body["data"][0]["19"].as_str().unwrap().to_owned()
    }
}
