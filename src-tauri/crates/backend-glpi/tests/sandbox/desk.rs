//! The sandbox's core without a network, as the conformance suite's subject.

use async_trait::async_trait;
use guichet_backend::{
    Backend, Clock, Delivery,
    conformance::{self, Subject},
};
use guichet_backend_glpi::{
    Credentials, GlpiBackend, GlpiConfig,
    transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError},
};
use guichet_domain::UserId;
use guichet_sandbox::{self as sandbox, Glpi, Options, Version, options, wire};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// The demo's last entity, the one that its technicians do not see.
const OUT_OF_SIGHT: i64 = 4;

/// A clock that moves when it is told to.
pub struct Hand(Mutex<Timestamp>);

impl Hand {
    pub fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }
}

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// The sandbox's core without a network; replies to writes can be lost after the commit.
pub struct Direct {
    pub core: Mutex<Glpi>,
    clock: Arc<Hand>,
    lose_replies: AtomicBool,
    writes: AtomicUsize,
    pub reads: AtomicUsize,
}

#[async_trait]
impl Transport for Direct {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let session = ["initSession", "killSession", "changeActiveEntities"].contains(&request.path.as_str());
        let changes = request.method != Method::GET && !session;
        self.reads.fetch_add(usize::from(!changes), Ordering::SeqCst);
        self.writes.fetch_add(usize::from(changes), Ordering::SeqCst);
        let request = wire::Request {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: request.headers,
            body: match request.body {
                ApiBody::Empty => wire::Body::Empty,
                ApiBody::Json(value) => wire::Body::Json(value),
                ApiBody::Upload {
                    manifest,
                    filename,
                    mime,
                    content,
                } => wire::Body::Upload {
                    manifest,
                    filename,
                    mime,
                    content,
                },
            },
        };
        let reply = self.core.lock().unwrap().handle(&request, self.clock.now());
        if changes && self.lose_replies.load(Ordering::SeqCst) {
            return Err(TransportError {
                delivery: Delivery::MaybeSent,
                message: "lost".to_owned(),
                problem: None,
            });
        }
        Ok(ApiResponse {
            status: reply.status,
            headers: reply.headers,
            body: reply.body,
        })
    }
}

/// A technician's adapter on a sandbox of its own.
pub struct Desk {
    pub direct: Arc<Direct>,
    pub clock: Arc<Hand>,
    pub backend: GlpiBackend,
}

impl Desk {
    pub fn new(version: Version) -> Self {
        let mut setup = Options::tiny(7).version(version);
        setup.articles = 6;
        let core = Glpi::new(setup.clone());
        let token = core.user_token(options::TECHNICIAN).unwrap().to_owned();
        let clock = Arc::new(Hand(Mutex::new(Timestamp::from_second(setup.now).unwrap())));
        let direct = Arc::new(Direct {
            core: Mutex::new(core),
            clock: clock.clone(),
            lose_replies: AtomicBool::new(false),
            writes: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
        });
        let backend = GlpiBackend::new(
            direct.clone(),
            Credentials::user_token(token),
            GlpiConfig::default(),
            clock.clone(),
        );
        Self { direct, clock, backend }
    }

    /// Somebody else does something, now.
    pub fn act(&self, act: &sandbox::Act) {
        self.direct.core.lock().unwrap().act(act, self.clock.now()).unwrap();
    }
}

#[async_trait]
impl Subject for Desk {
    fn backend(&self) -> &dyn Backend {
        &self.backend
    }

    fn account(&self) -> UserId {
        UserId(self.direct.core.lock().unwrap().user_id(options::TECHNICIAN).unwrap())
    }

    fn refused_file(&self) -> (&'static str, &'static str) {
        ("virus.exe", "application/octet-stream")
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn advance(&self, seconds: i64) {
        self.clock.advance(seconds);
    }

    fn lose_replies(&self, lose: bool) {
        self.direct.lose_replies.store(lose, Ordering::SeqCst);
    }

    fn mutations(&self) -> usize {
        self.direct.writes.load(Ordering::SeqCst)
    }

    async fn act(&self, act: conformance::Act) {
        use conformance::Act;
        let html = |text: &str| format!("<p>{text}</p>");
        self.act(&match act {
            Act::Followup(ticket, text) => sandbox::Act::Followup {
                ticket: ticket.0,
                text: html(text),
                private: false,
            },
            Act::Urgency(ticket, level) => sandbox::Act::Edit {
                ticket: ticket.0,
                field: "urgency".to_owned(),
                value: level.0.into(),
            },
            Act::Solve(ticket, text) => sandbox::Act::Solve {
                ticket: ticket.0,
                text: html(text),
            },
            Act::Close(ticket) => sandbox::Act::Close { ticket: ticket.0 },
            Act::Bin(ticket) => sandbox::Act::Bin { ticket: ticket.0 },
            Act::Restore(ticket) => sandbox::Act::Restore { ticket: ticket.0 },
            Act::Purge(ticket) => sandbox::Act::Purge { ticket: ticket.0 },
            Act::Hide(ticket) => sandbox::Act::Move {
                ticket: ticket.0,
                entity: OUT_OF_SIGHT,
            },
        });
    }
}
