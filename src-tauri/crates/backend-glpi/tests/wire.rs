//! A hostile wire: servers, proxies and portals that misbehave on real sockets. Each case says what the adapter makes of it, in
//! bounded time, and that nothing is taken for whole that is not. See `docs/wire.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "sandbox/desk.rs"]
#[allow(dead_code)]
mod desk;
#[path = "wire/server.rs"]
mod server;

use async_trait::async_trait;
use desk::{Desk, Direct};
use futures::StreamExt as _;
use guichet_backend::{
    Backend as _, BackendError, Clock as _, Delivery, Outgoing, Probe, Retry, SystemClock, WireProblem,
};
use guichet_backend_glpi::{
    Credentials, GlpiBackend, GlpiConfig, HttpTransport, Limits, Reach,
    transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError},
};
use guichet_domain::{OperationId, TicketId, operation::Operation, record::Collection, rich_text::RichText};
use guichet_sandbox::{Version, options};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;
use server::{Act, Certificate, Server};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// The product's bounds, shortened.
fn short() -> Limits {
    Limits {
        connect: Duration::from_millis(2500),
        window: Duration::from_millis(2500),
        least_progress: 1000,
        exchange: Duration::from_secs(8),
        longest_reply: 1 << 20,
        longest_document: 1 << 20,
    }
}

/// Longest that any case may take here: the shortened bounds, and a busy machine.
const LONGEST: Duration = Duration::from_secs(20);

fn reach() -> Reach {
    Reach {
        limits: short(),
        ..Reach::default()
    }
}

fn call(method: Method, body: ApiBody, accept: &'static str) -> ApiRequest {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    headers.insert("session-token", HeaderValue::from_static("secret-of-the-session"));
    ApiRequest {
        method,
        path: "Ticket/1".to_owned(),
        query: Vec::new(),
        headers,
        body,
    }
}

fn get() -> ApiRequest {
    call(Method::GET, ApiBody::Empty, "application/json")
}

fn document() -> ApiRequest {
    call(Method::GET, ApiBody::Empty, "application/octet-stream")
}

async fn timed<T>(what: &str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let done = tokio::time::timeout(LONGEST, work)
        .await
        .unwrap_or_else(|_| panic!("{what} hangs"));
    assert!(started.elapsed() < LONGEST, "{what}");
    done
}

/// Signing in at a server that answers like this: what the person is told.
async fn told(what: &str, acts: Vec<Act>) -> BackendError {
    let server = Server::start(acts).await;
    let transport = HttpTransport::reaching(&server.url(), reach()).unwrap();
    let backend = GlpiBackend::new(
        Arc::new(transport),
        Credentials::user_token("secret"),
        GlpiConfig::default(),
        Arc::new(SystemClock),
    );
    timed(what, backend.open()).await.expect_err(what)
}

#[test]
fn the_product_gives_up_within_thirty_seconds() {
    let limits = Limits::default();
    assert!(limits.connect <= Duration::from_secs(30));
    assert!(limits.window <= Duration::from_secs(30));
    assert!(limits.least_progress >= 1000);
}

fn say(head: &str, body: &[u8]) -> Act {
    let mut bytes = format!("HTTP/1.1 {head}\r\n\r\n").into_bytes();
    bytes.extend_from_slice(body);
    Act::Say(bytes)
}

const JSON: &str = "content-type: application/json; charset=UTF-8";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_answers_in_the_server_s_place_has_a_name_for_people() {
    let html = |status: &str, title: &str| {
        let body = format!("<!doctype html><title>{title}</title>");
        let head = format!("{status}\r\ncontent-type: text/html\r\ncontent-length: {}", body.len());
        vec![say(&head, body.as_bytes())]
    };
    let json = |body: &[u8]| {
        vec![say(
            &format!("200 OK\r\n{JSON}\r\ncontent-length: {}", body.len()),
            body,
        )]
    };
    let utf16: Vec<u8> = "{\"session_token\":\"x\"}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let many = "x: y\r\n".repeat(100_000);
    let cases: Vec<(&str, Vec<Act>, &str)> = vec![
        ("a captive portal", html("200 OK", "Wi-Fi"), "backend_protocol"),
        (
            "a maintenance page",
            html("503 Service Unavailable", "Maintenance"),
            "backend_unavailable",
        ),
        (
            "a portal that says so",
            html("511 Network Authentication Required", "Sign in"),
            "backend_protocol",
        ),
        (
            "a proxy that asks who we are",
            html("407 Proxy Authentication Required", "Proxy"),
            "wire_proxy_credentials",
        ),
        (
            "a redirect to itself",
            vec![say(
                "302 Found\r\nlocation: /glpi/apirest.php/initSession\r\ncontent-length: 0",
                b"",
            )],
            "backend_protocol",
        ),
        (
            "a redirect elsewhere",
            vec![say(
                "307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0",
                b"",
            )],
            "backend_protocol",
        ),
        (
            "an empty page",
            vec![say("200 OK\r\ncontent-length: 0", b"")],
            "backend_protocol",
        ),
        ("empty JSON", json(b""), "backend_unavailable"),
        ("HTML that says it is JSON", json(b"<html>"), "backend_unavailable"),
        ("Latin-1", json(b"{\"session_token\":\"\xe9\"}"), "backend_unavailable"),
        ("UTF-16", json(&utf16), "backend_unavailable"),
        (
            "invalid UTF-8",
            json(b"{\"session_token\":\"\xff\xfe\"}"),
            "backend_unavailable",
        ),
        (
            "a byte order mark",
            json(b"\xef\xbb\xbf{\"session_token\":\"x\"}"),
            "backend_unavailable",
        ),
        (
            "deep nesting",
            json("[".repeat(200_000).as_bytes()),
            "backend_unavailable",
        ),
        (
            "broken gzip",
            vec![say(
                &format!("200 OK\r\n{JSON}\r\ncontent-encoding: gzip\r\ncontent-length: 4"),
                b"nope",
            )],
            "backend_unreachable",
        ),
        (
            "a body without end",
            vec![
                say(&format!("200 OK\r\n{JSON}\r\ntransfer-encoding: chunked"), b""),
                Act::Flood,
            ],
            "wire_too_long",
        ),
        (
            "a length that promises more",
            vec![say(&format!("200 OK\r\n{JSON}\r\ncontent-length: 99"), b"{}")],
            "backend_unreachable",
        ),
        (
            "a length that promises less",
            vec![say(
                &format!("200 OK\r\n{JSON}\r\ncontent-length: 3"),
                b"{\"session_token\":\"x\"}",
            )],
            "backend_unavailable",
        ),
        (
            "a negative length",
            vec![say(&format!("200 OK\r\n{JSON}\r\ncontent-length: -1"), b"{}")],
            "backend_unreachable",
        ),
        (
            "a huge length",
            vec![say(
                &format!("200 OK\r\n{JSON}\r\ncontent-length: 9223372036854775807"),
                b"{}",
            )],
            "backend_unreachable",
        ),
        (
            "two lengths",
            vec![say(
                &format!("200 OK\r\n{JSON}\r\ncontent-length: 2\r\ncontent-length: 9"),
                b"{}",
            )],
            "backend_unreachable",
        ),
        (
            "a header of a megabyte",
            vec![say(
                &format!("200 OK\r\nx: {}\r\n{JSON}\r\ncontent-length: 2", "y".repeat(1 << 20)),
                b"{}",
            )],
            "backend_unreachable",
        ),
        (
            "100,000 headers",
            vec![say(&format!("200 OK\r\n{many}content-length: 2"), b"{}")],
            "backend_unreachable",
        ),
        ("garbage", vec![Act::Say(vec![0x5a; 5000])], "backend_unreachable"),
        ("a connection reset", vec![Act::Reset], "backend_unreachable"),
        ("nothing, and the end", vec![], "backend_unreachable"),
        ("silence", vec![Act::Silence], "backend_unreachable"),
        (
            "headers a byte at a time",
            vec![Act::Drip(
                format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(500)).into_bytes(),
            )],
            "backend_unreachable",
        ),
        (
            "a body a byte at a time",
            vec![
                say(&format!("200 OK\r\n{JSON}\r\ncontent-length: 9999"), b"{"),
                Act::Drip(vec![b' '; 9998]),
            ],
            "backend_unreachable",
        ),
    ];
    let all = cases.into_iter().map(|(what, acts, code)| async move {
        let error = told(what, acts).await;
        // Signing in writes nothing, and the gate waits, not the words.
        let fate = error.delivery() == Delivery::NotSent && error.retry() != Retry::Permanent;
        (error.code() != code || !fate).then(|| format!("{what}: {} is {error:?}", error.code()))
    });
    // A few at a time: the bounds are short, and what they measure must not be this machine.
    let wrong: Vec<_> = futures::stream::iter(all)
        .buffer_unordered(3)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_redirect_takes_no_secret_along() {
    let other = Server::start(vec![say("200 OK\r\ncontent-length: 2", b"{}")]).await;
    let head = format!(
        "307 Temporary Redirect\r\nlocation: {}\r\ncontent-length: 0",
        other.url()
    );
    let server = Server::start(vec![say(&head, b"")]).await;
    let transport = HttpTransport::reaching(&server.url(), reach()).unwrap();
    let reply = timed("a redirect", transport.execute(get())).await.unwrap();
    assert_eq!(reply.status, 307);
    assert!(server.heard().contains("secret-of-the-session"));
    assert_eq!((server.connections(), other.connections()), (1, 0));
}

#[tokio::test]
async fn a_gzip_bomb_is_cut_at_the_bound() {
    let server = Server::start(vec![say(
        &format!("200 OK\r\n{JSON}\r\ncontent-encoding: gzip\r\nconnection: close"),
        &server::gzip_bomb(),
    )])
    .await;
    let transport = HttpTransport::reaching(&server.url(), reach()).unwrap();
    let error = timed("a bomb", transport.execute(get())).await.unwrap_err();
    assert_eq!(error.problem, Some(WireProblem::TooLong), "{error:?}");
}

#[tokio::test]
async fn a_document_whose_end_cannot_be_told_from_a_cut_is_none() {
    let cut = [
        (
            "closing alone",
            "200 OK\r\ncontent-type: image/png",
            &b"half a pict"[..],
        ),
        (
            "a length",
            "200 OK\r\ncontent-type: image/png\r\ncontent-length: 20",
            b"half a pict",
        ),
        (
            "chunks",
            "200 OK\r\ncontent-type: image/png\r\ntransfer-encoding: chunked",
            b"5\r\nhalf \r\n6\r\na pict\r\n",
        ),
    ];
    for (what, head, body) in cut {
        let server = Server::start(vec![say(head, body)]).await;
        let transport = HttpTransport::reaching(&server.url(), reach()).unwrap();
        assert!(timed(what, transport.execute(document())).await.is_err(), "{what}");
    }
    let whole = "200 OK\r\ncontent-type: image/png\r\ntransfer-encoding: chunked";
    let server = Server::start(vec![say(whole, b"5\r\nwhole\r\n0\r\n\r\n")]).await;
    let transport = HttpTransport::reaching(&server.url(), reach()).unwrap();
    let reply = timed("whole", transport.execute(document())).await.unwrap();
    assert_eq!(reply.body.as_ref(), b"whole");
    assert!(
        server
            .heard()
            .to_ascii_lowercase()
            .contains("accept-encoding: identity")
    );
}

#[tokio::test]
async fn an_upload_that_nobody_reads_ends_in_doubt_and_a_slow_one_arrives() {
    let upload = |size: usize| {
        let body = ApiBody::Upload {
            manifest: serde_json::json!({"input": {}}),
            filename: "a.bin".to_owned(),
            mime: "application/octet-stream".to_owned(),
            content: vec![7; size].into(),
        };
        call(Method::POST, body, "application/json")
    };
    let deaf = Server::start(vec![Act::Deaf]).await;
    let transport = HttpTransport::reaching(&deaf.url(), reach()).unwrap();
    let error = timed("a deaf server", transport.execute(upload(32 << 20)))
        .await
        .unwrap_err();
    assert_eq!(error.delivery, Delivery::MaybeSent, "{error:?}");

    // Longer than a window in all, but it moves.
    let mut brief = reach();
    brief.limits.window = Duration::from_millis(600);
    let slow = Server::start(vec![Act::ReadSlowly, say("200 OK\r\ncontent-length: 4", b"true")]).await;
    let transport = HttpTransport::reaching(&slow.url(), brief.clone()).unwrap();
    let started = Instant::now();
    let reply = timed("a slow upload", transport.execute(upload(24 << 20)))
        .await
        .unwrap();
    assert_eq!(reply.status, 200);
    assert!(
        started.elapsed() > brief.limits.window,
        "it was slow: {:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn certificates_that_prove_nothing_are_told_apart() {
    let cases = [
        (Certificate::Good, None),
        (Certificate::Expired, Some(WireProblem::CertificateDate)),
        (Certificate::NotYet, Some(WireProblem::CertificateDate)),
        (Certificate::OtherName, Some(WireProblem::Untrusted)),
        (Certificate::UnknownAuthority, Some(WireProblem::Untrusted)),
        (Certificate::OldProtocol, Some(WireProblem::Untrusted)),
    ];
    for (certificate, problem) in cases {
        let answer = vec![say("200 OK\r\ncontent-length: 4", b"true")];
        let (server, authority) = Server::start_tls(answer, certificate).await;
        let reach = Reach {
            authorities: Some(authority),
            ..reach()
        };
        let transport = HttpTransport::reaching(&server.tls_url(), reach).unwrap();
        match timed(
            "TLS",
            transport.execute(call(Method::POST, ApiBody::Empty, "application/json")),
        )
        .await
        {
            Ok(reply) => assert_eq!((reply.status, problem), (200, None), "{certificate:?}"),
            Err(error) => {
                assert_eq!(error.problem, problem, "{certificate:?}: {error:?}");
                assert_eq!(error.delivery, Delivery::NotSent, "{certificate:?}");
                assert!(server.heard().is_empty(), "{certificate:?}: something was told to it");
            }
        }
    }
}

#[tokio::test]
async fn a_proxy_that_asks_for_an_account_is_no_outage() {
    let asks = || {
        vec![say(
            "407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm=\"p\"\r\ncontent-length: 0",
            b"",
        )]
    };
    let proxy = Server::start(asks()).await;
    let through = |url: &str| {
        let reach = Reach {
            proxy: Some(proxy.url().parse().unwrap()),
            ..reach()
        };
        HttpTransport::reaching(url, reach).unwrap()
    };
    let error = timed("CONNECT", through("https://glpi.invalid").execute(get()))
        .await
        .unwrap_err();
    assert_eq!(error.problem, Some(WireProblem::ProxyCredentials), "{error:?}");
    assert_eq!(error.delivery, Delivery::NotSent);
    assert!(
        !proxy.heard().contains("secret-of-the-session"),
        "the tunnel's request carries no session"
    );
    let reply = timed("HTTP", through("http://glpi.invalid").execute(get()))
        .await
        .unwrap();
    assert_eq!(reply.status, 407);

    let down = Reach {
        proxy: Some("http://127.0.0.1:1".parse().unwrap()),
        ..reach()
    };
    let transport = HttpTransport::reaching("https://glpi.invalid", down).unwrap();
    let error = timed("no proxy", transport.execute(get())).await.unwrap_err();
    assert_eq!((error.delivery, error.problem), (Delivery::NotSent, None), "{error:?}");
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length,
    Chunks,
    Closing,
}

fn framed(reply: &ApiResponse, framing: Framing) -> (usize, Vec<u8>) {
    let version = if matches!(framing, Framing::Closing) {
        "1.0"
    } else {
        "1.1"
    };
    let mut bytes = format!("HTTP/{version} {} Answer\r\n", reply.status).into_bytes();
    for (name, value) in &reply.headers {
        bytes.extend_from_slice(format!("{name}: {}\r\n", value.to_str().unwrap()).as_bytes());
    }
    let mut body = reply.body.to_vec();
    match framing {
        Framing::Length => bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes()),
        Framing::Chunks => {
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n");
            let chunks: Vec<u8> = body
                .chunks(700)
                .flat_map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat())
                .collect();
            body = [&chunks[..], b"0\r\n\r\n"].concat();
        }
        Framing::Closing => {}
    }
    bytes.extend_from_slice(b"\r\n");
    let head = bytes.len();
    bytes.extend_from_slice(&body);
    (head, bytes)
}

/// The sandbox, but one request's reply travels over a real socket and is cut on the way.
struct Cut {
    direct: Arc<Direct>,
    server: Server,
    wire: HttpTransport,
    framing: Framing,
    victim: (Method, String),
    rows: usize,
    at: Mutex<usize>,
    length: Mutex<(usize, usize)>,
}

#[async_trait]
impl Transport for Cut {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let mut reply = self.direct.execute(request.clone()).await?;
        if (&request.method, &request.path) != (&self.victim.0, &self.victim.1) {
            return Ok(reply);
        }
        if let Ok(Value::Array(mut rows)) = serde_json::from_slice(&reply.body) {
            rows.truncate(self.rows);
            reply.body = serde_json::to_vec(&rows).unwrap().into();
        }
        reply.headers.remove(header::CONTENT_LENGTH);
        let (head, mut bytes) = framed(&reply, self.framing);
        *self.length.lock().unwrap() = (head, bytes.len());
        bytes.truncate(*self.at.lock().unwrap());
        self.server.next(vec![Act::Say(bytes)]);
        self.wire.execute(request).await
    }
}

async fn cut(framing: Framing, victim: (Method, &str), rows: usize) -> (Arc<Cut>, GlpiBackend, Desk) {
    let desk = Desk::new(Version::Eleven);
    let server = Server::start(Vec::new()).await;
    let wire = HttpTransport::reaching(&server.url(), reach()).unwrap();
    let transport = Arc::new(Cut {
        direct: desk.direct.clone(),
        server,
        wire,
        framing,
        victim: (victim.0, victim.1.to_owned()),
        rows,
        at: Mutex::new(usize::MAX),
        length: Mutex::new((0, 0)),
    });
    let token = desk
        .direct
        .core
        .lock()
        .unwrap()
        .user_token(options::TECHNICIAN)
        .unwrap()
        .to_owned();
    let backend = GlpiBackend::new(
        transport.clone(),
        Credentials::user_token(token),
        GlpiConfig::default(),
        desk.clock.clone(),
    );
    (transport, backend, desk)
}

#[tokio::test]
async fn a_page_cut_at_any_byte_is_no_page() {
    for (framing, rows) in [(Framing::Length, 2), (Framing::Chunks, 1), (Framing::Closing, 1)] {
        let (transport, backend, _desk) = cut(framing, (Method::GET, "Ticket"), rows).await;
        backend.pull(Collection::Tickets, None).await.unwrap();
        let (head, length) = *transport.length.lock().unwrap();
        assert!(length > head + 500, "a page of rows, {length} bytes");
        for at in 0..length {
            *transport.at.lock().unwrap() = at;
            let error = match timed("a cut page", backend.pull(Collection::Tickets, None)).await {
                Err(error) => error,
                Ok(_) => panic!("{framing:?}: {at} of {length} bytes were taken for a page"),
            };
            let expected = matches!(
                error,
                BackendError::Network { .. } | BackendError::Transient { status: 0, .. }
            );
            assert!(expected, "{framing:?} at {at}: {error:?}");
        }
    }
}

#[tokio::test]
async fn a_write_whose_answer_is_cut_at_any_byte_is_in_doubt_and_found() {
    for framing in [Framing::Length, Framing::Chunks, Framing::Closing] {
        let (transport, backend, desk) = cut(framing, (Method::POST, "ITILFollowup"), 9).await;
        let ticket = TicketId(backend.list_ids(Collection::Tickets).await.unwrap()[0]);
        let followup = |n: usize| {
            let now = desk.clock.now();
            Outgoing {
                id: OperationId::new(),
                ticket: Some(ticket),
                operation: Operation::AddFollowup {
                    body: RichText::from_plain(&format!("the {n}th")),
                    private: false,
                },
                written_at: now,
                first_attempt_at: Some(now),
                content: None,
                attach_to: None,
                claimed: Vec::new(),
            }
        };
        backend.send(&followup(0)).await.unwrap();
        let (_, length) = *transport.length.lock().unwrap();
        for at in 0..length {
            desk.clock.advance(1);
            *transport.at.lock().unwrap() = at;
            let outgoing = followup(at + 1);
            let error = timed("a cut answer", backend.send(&outgoing)).await;
            let error = error.expect_err("a cut answer was taken for a whole one");
            assert_eq!(error.delivery(), Delivery::MaybeSent, "{framing:?} at {at}: {error:?}");
            // Looking is enough to find it: it is never sent twice.
            if at % 40 == 0 {
                let found = backend.probe(&outgoing).await.unwrap();
                assert!(matches!(found, Probe::Applied(_)), "{framing:?} at {at}: {found:?}");
            }
        }
    }
}
