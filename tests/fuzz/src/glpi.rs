//! The GLPI adapter before a server whose answers are the fuzzer's: the first byte chooses what is asked, the second how the
//! answer comes (status, headers, whether the answers to signing in are the fuzzer's too), the rest is its body.
#![allow(clippy::panic, reason = "a fuzzer is told of what it found by a panic")]

use crate::seeds::recorded_body;
use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{Backend, Clock, Delivery, Outgoing};
use guichet_backend_glpi::{
    Credentials, GlpiBackend, GlpiConfig,
    transport::{ApiRequest, ApiResponse, Transport, TransportError},
};
use guichet_domain::{
    ArticleId, DocumentId, OperationId, TicketId,
    asset::AssetKey,
    catalogue::CatalogueKind,
    operation::{Field, FieldValue, Operation},
    record::{Collection, LinkKind},
    rich_text::RichText,
    timeline::TaskState,
};
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

/// Answers a server gives before it is gone: what goes on asking then does not know when to stop.
const ANSWERS: u32 = 200;
/// Requests that may be under way when it goes, and their repetitions.
const AFTER: u32 = 100;

const STATUSES: [u16; 8] = [200, 201, 206, 207, 302, 400, 404, 500];

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp::constant(1_795_338_000, 0)
    }
}

/// The server.
struct Fuzzed {
    how: u8,
    body: Bytes,
    asked: AtomicU32,
}

impl Fuzzed {
    fn signs_in_by_the_book(&self) -> bool {
        self.how & 0x80 == 0
    }

    fn answer(&self) -> ApiResponse {
        let mut headers = HeaderMap::new();
        let json = HeaderValue::from_static("application/json; charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::DATE, HeaderValue::from_static("Sun, 22 Nov 2026 09:00:00 GMT"));
        match self.how >> 3 & 0x07 {
            0 => {}
            1 => {
                headers.insert(header::CONTENT_RANGE, HeaderValue::from_static("0-49/120"));
            }
            2 => {
                headers.insert(
                    header::CONTENT_RANGE,
                    HeaderValue::from_static("0-0/18446744073709551615"),
                );
            }
            3 => {
                headers.insert(header::CONTENT_RANGE, HeaderValue::from_static("x"));
            }
            4 => {
                let html = HeaderValue::from_static("text/html");
                headers.insert(header::CONTENT_TYPE, html);
            }
            5 => {
                headers.insert(header::DATE, HeaderValue::from_static("yesterday"));
            }
            6 => {
                let modified = HeaderValue::from_static("Sun, 22 Nov 2026 03:58:30 GMT");
                headers.insert(header::LAST_MODIFIED, modified);
            }
            _ => {
                headers.clear();
            }
        }
        ApiResponse {
            status: STATUSES[usize::from(self.how & 0x07)],
            headers,
            body: self.body.clone(),
        }
    }
}

fn by_the_book(body: Vec<u8>) -> ApiResponse {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::DATE, HeaderValue::from_static("Sun, 22 Nov 2026 09:00:00 GMT"));
    ApiResponse {
        status: 200,
        headers,
        body: Bytes::from(body),
    }
}

#[async_trait]
impl Transport for Fuzzed {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        assert!(asked < ANSWERS + AFTER, "asked {asked} times: {request:?}");
        if asked > ANSWERS {
            return Err(TransportError {
                delivery: Delivery::NotSent,
                message: "gone".to_owned(),
                problem: None,
            });
        }
        let recording = match request.path.as_str() {
            "initSession" => include_str!("../../contract/recordings/v1-11/008-initSession-user-token-ok.json"),
            "changeActiveEntities" if self.signs_in_by_the_book() => {
                include_str!("../../contract/recordings/v1-11/036-changeActiveEntities-all.json")
            }
            "getFullSession" if self.signs_in_by_the_book() => {
                include_str!("../../contract/recordings/v1-11/028-getFullSession.json")
            }
            "getGlpiConfig" if self.signs_in_by_the_book() => {
                include_str!("../../contract/recordings/v1-11/029-getGlpiConfig.json")
            }
            _ => return Ok(self.answer()),
        };
        Ok(by_the_book(recorded_body(recording)))
    }
}

/// How many things are asked.
pub(crate) fn questions() -> u8 {
    u8::try_from(asked_of(&Collection::all()).len()).unwrap_or(u8::MAX)
}

#[derive(Clone)]
enum Question {
    Open,
    Pull(Collection),
    History,
    Ids(Collection),
    Ticket,
    Record(Collection),
    Presence(Collection),
    Send(Operation),
    Probe(Operation),
    Sight,
    Download,
    Reach,
}

fn asked_of(collections: &[Collection]) -> Vec<Question> {
    let mut questions = vec![
        Question::Open,
        Question::History,
        Question::Ticket,
        Question::Sight,
        Question::Download,
        Question::Reach,
    ];
    let listed = [
        Collection::Tickets,
        Collection::Articles,
        Collection::People,
        Collection::Groups,
        Collection::Catalogue(CatalogueKind::Category),
    ];
    questions.extend(collections.iter().copied().map(Question::Pull));
    questions.extend(listed.map(Question::Ids));
    questions.extend(listed.map(Question::Record));
    questions.extend(listed.map(Question::Presence));
    questions.extend(operations().into_iter().map(Question::Send));
    questions.extend(operations().into_iter().map(Question::Probe));
    questions
}

fn operations() -> Vec<Operation> {
    let body = RichText::from_plain("Redémarrée.");
    vec![
        Operation::AddFollowup {
            body: body.clone(),
            private: false,
        },
        Operation::AddTask {
            body: body.clone(),
            private: true,
            state: TaskState::Done,
            duration_s: 300,
            begin: None,
            assignee: None,
        },
        Operation::AddSolution {
            body: body.clone(),
            solution_type: Some(1),
        },
        Operation::AnswerSolution {
            accept: false,
            body: body.clone(),
        },
        Operation::SetField {
            field: Field::Title,
            base: FieldValue::Text("Imprimante".to_owned()),
            new: FieldValue::Text("Imprimante en panne".to_owned()),
        },
        Operation::LinkArticle { article: ArticleId(1) },
        Operation::LinkAsset {
            asset: AssetKey {
                kind: "Computer".to_owned(),
                id: 1,
            },
        },
        Operation::LinkTicket {
            ticket: TicketId(2),
            kind: LinkKind::DuplicateOf,
        },
        Operation::ProposeArticle {
            title: "Imprimante".to_owned(),
            body,
        },
    ]
}

fn outgoing(operation: Operation) -> Outgoing {
    let at = Now.now();
    Outgoing {
        id: OperationId("01912345-6789-7abc-8def-0123456789ab".parse().unwrap_or_default()),
        ticket: Some(TicketId(1)),
        operation,
        written_at: at,
        first_attempt_at: Some(at),
        content: None,
        attach_to: None,
        claimed: Vec::new(),
    }
}

pub(crate) fn answers(bytes: &[u8]) {
    let [which, how, body @ ..] = bytes else { return };
    let questions = asked_of(&Collection::all());
    let question = questions[usize::from(*which) % questions.len()].clone();
    let server = Arc::new(Fuzzed {
        how: *how,
        body: Bytes::copy_from_slice(body),
        asked: AtomicU32::new(0),
    });
    let config = GlpiConfig {
        vip_rules: Vec::new(),
        ..GlpiConfig::default()
    };
    let credentials = Credentials::user_token("a-user-token");
    let backend = GlpiBackend::new(server, credentials, config, Arc::new(Now));
    run(ask(&backend, question));
}

/// Waits between two requests cost nothing here.
fn run(work: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    match builder.enable_time().start_paused(true).build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => panic!("no runtime: {error}"),
    }
}

async fn ask(backend: &GlpiBackend, question: Question) {
    match question {
        Question::Open => {
            let _ = backend.open().await;
        }
        Question::Pull(collection) => {
            // The second page starts where the first one says.
            if let Ok(page) = backend.pull(collection, None).await {
                let _ = backend.pull(collection, Some(&page.cursor)).await;
            }
        }
        Question::History => {
            let horizon = Timestamp::UNIX_EPOCH;
            if let Ok(page) = backend.history(None, horizon).await {
                let _ = backend.history(Some(&page.cursor), horizon).await;
            }
        }
        Question::Ids(collection) => {
            if let Ok(ids) = backend.list_ids(collection).await {
                assert!(ids.is_sorted(), "{ids:?}");
            }
        }
        Question::Ticket => {
            let _ = backend.ticket(TicketId(1)).await;
        }
        Question::Record(collection) => {
            let _ = backend.record(collection, 1).await;
        }
        Question::Presence(collection) => {
            let _ = backend.presence(collection, 1).await;
        }
        Question::Send(operation) => {
            let _ = backend.send(&outgoing(operation)).await;
        }
        Question::Probe(operation) => {
            let _ = backend.probe(&outgoing(operation)).await;
        }
        Question::Sight => {
            let _ = backend.sight().await;
        }
        Question::Download => {
            let _ = backend.download(DocumentId(1)).await;
        }
        Question::Reach => {
            let asset = AssetKey {
                kind: "Computer".to_owned(),
                id: 1,
            };
            let _ = backend.reach(&asset).await;
        }
    }
}
