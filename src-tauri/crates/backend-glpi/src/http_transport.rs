//! The product's [`Transport`]: reqwest, one connection pool a server. It never follows a redirect (a POST behind one
//! could be taken for a failure and be repeated) and never repeats a request by itself.

use crate::{
    base_url::{BaseUrlError, normalise_base_url},
    transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError},
};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use guichet_backend::{Delivery, WireProblem};
use http::{
    StatusCode, Version,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};
use std::{
    convert::Infallible,
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::time::{sleep, timeout};
use tokio_rustls::rustls::{self, CertificateError};
use url::Url;

/// Bytes of an upload that are handed to the connection in one go: what its progress is measured by.
const UPLOAD_PIECE: usize = 16 * 1024;

/// How long a server is waited for, and how much of it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Longest wait for a connection, TLS and the proxy's tunnel included.
    pub connect: Duration,
    /// An exchange that in this time neither ends nor moves [`Limits::least_progress`] bytes is given up.
    pub window: Duration,
    /// Bytes of a body, either way, that must move in each window.
    pub least_progress: u64,
    /// Longest exchange in all, for those that do move.
    pub exchange: Duration,
    /// Longest reply that is read (bytes, after decompression).
    pub longest_reply: usize,
    /// The same for a document's content.
    pub longest_document: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            window: Duration::from_secs(30),
            // One kilobyte a second: slower is of no use to anybody.
            least_progress: 30_000,
            exchange: Duration::from_secs(180),
            longest_reply: 64 << 20,
            longest_document: 256 << 20,
        }
    }
}

/// How a server is reached. [`Reach::default`] is the product's: the system's authorities and the system's proxy.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Bounds.
    pub limits: Limits,
    /// The only authorities that are trusted (PEM), in place of the system's.
    pub authorities: Option<Vec<u8>>,
    /// The proxy to everything, in place of the system's.
    pub proxy: Option<Url>,
}

/// Why no transport could be made.
#[derive(Debug, thiserror::Error)]
pub enum HttpTransportError {
    /// The address.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// The TLS or proxy configuration of this machine.
    #[error("no connection can be made from this machine: {0}")]
    Client(#[from] reqwest::Error),
}

/// HTTP over the network.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    root: Url,
    client: reqwest::Client,
    limits: Limits,
}

impl HttpTransport {
    /// A transport to the server at this address, as a person typed it (see [`normalise_base_url`]).
    ///
    /// # Errors
    /// When the address cannot be one, or TLS cannot be set up.
    pub fn new(base_url: &str) -> Result<Self, HttpTransportError> {
        Self::reaching(base_url, Reach::default())
    }

    /// The same, reached in a way of its own.
    ///
    /// # Errors
    /// As for [`HttpTransport::new`]; also when the authorities or the proxy cannot be used.
    pub fn reaching(base_url: &str, reach: Reach) -> Result<Self, HttpTransportError> {
        let root = normalise_base_url(base_url)?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // reqwest repeats some requests of its own accord (HTTP/2 refusals); whether one may be repeated is decided above.
            .retry(reqwest::retry::never())
            .connect_timeout(reach.limits.connect)
            .user_agent(concat!("Guichet/", env!("CARGO_PKG_VERSION")));
        if let Some(pem) = &reach.authorities {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?);
        }
        if let Some(proxy) = reach.proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy)?);
        }
        Ok(Self {
            root,
            client: builder.build()?,
            limits: reach.limits,
        })
    }

    /// The API's root, for people.
    #[must_use]
    pub fn root(&self) -> &Url {
        &self.root
    }
}

/// An error and its causes, the outermost first. An input or output error passes over what it holds when it is asked for its
/// source: that is looked at too.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let error: &'a (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(held) => Some(held),
            None => error.source(),
        }
    })
}

/// What keeps an exchange from happening, where the error tells.
fn problem(error: &reqwest::Error) -> Option<WireProblem> {
    // Later on something has been sent: a reply that broke off, whatever broke it.
    if !error.is_connect() {
        return None;
    }
    for cause in causes(error) {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return match tls {
                rustls::Error::InvalidCertificate(
                    CertificateError::Expired
                    | CertificateError::ExpiredContext { .. }
                    | CertificateError::NotValidYet
                    | CertificateError::NotValidYetContext { .. },
                ) => Some(WireProblem::CertificateDate),
                rustls::Error::InvalidCertificate(_)
                | rustls::Error::PeerIncompatible(_)
                | rustls::Error::AlertReceived(_)
                | rustls::Error::NoCertificatesPresented => Some(WireProblem::Untrusted),
                // Broken or cut rather than untrusted.
                _ => None,
            };
        }
        // The tunnel's error has no public type; a test with a real proxy holds its words.
        if cause.to_string().contains("proxy authorization required") {
            return Some(WireProblem::ProxyCredentials);
        }
    }
    None
}

/// Whether the request may have left: only a failure to connect, or to build the request, says for certain that it did not.
fn failed(error: &reqwest::Error) -> TransportError {
    let delivery = if error.is_connect() || error.is_builder() {
        Delivery::NotSent
    } else {
        Delivery::MaybeSent
    };
    // The address is left out: the path and query say nothing a person needs, and logs stay free of them. The cause is what
    // helps (refused, no such host, certificate).
    let mut message = if error.is_timeout() {
        "timed out".to_owned()
    } else {
        String::new()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        if !message.is_empty() {
            message.push_str(": ");
        }
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    if message.is_empty() {
        message = "the exchange failed".to_owned();
    }
    TransportError {
        delivery,
        message,
        problem: problem(error),
    }
}

/// The request was on its way, or may have been, when the exchange was given up.
fn given_up(message: &str, problem: Option<WireProblem>) -> TransportError {
    TransportError {
        delivery: Delivery::MaybeSent,
        message: message.to_owned(),
        problem,
    }
}

/// A file as a body whose progress shows.
fn watched(content: Bytes, moved: Arc<AtomicU64>) -> reqwest::Body {
    let pieces = (0..content.len()).step_by(UPLOAD_PIECE).map(move |from| {
        let piece = content.slice(from..content.len().min(from + UPLOAD_PIECE));
        moved.fetch_add(piece.len() as u64, Ordering::Relaxed);
        Ok::<_, Infallible>(piece)
    });
    reqwest::Body::wrap_stream(futures::stream::iter(pieces))
}

/// Whether the end of a reply is said by the closing of its connection alone, which a cut looks like.
fn ends_by_closing(response: &reqwest::Response) -> bool {
    let headers = response.headers();
    let has_body = !matches!(response.status(), StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    response.version() <= Version::HTTP_11
        && has_body
        && !headers.contains_key(CONTENT_LENGTH)
        && !headers.contains_key(TRANSFER_ENCODING)
}

impl HttpTransport {
    /// Reads a reply whole, or not at all.
    async fn read(
        &self,
        mut response: reqwest::Response,
        document: bool,
        moved: &AtomicU64,
    ) -> Result<Bytes, TransportError> {
        // JSON that was cut does not parse; a document has nothing but its length.
        if document && response.status() == StatusCode::OK && ends_by_closing(&response) {
            return Err(given_up("the document came without its length", None));
        }
        let longest = if document {
            self.limits.longest_document
        } else {
            self.limits.longest_reply
        };
        let mut body = BytesMut::new();
        // From here on the server has seen the request: a body that does not arrive whole leaves it in doubt.
        while let Some(piece) = response.chunk().await.map_err(|error| TransportError {
            delivery: Delivery::MaybeSent,
            ..failed(&error)
        })? {
            if body.len() + piece.len() > longest {
                return Err(given_up("the reply is too long", Some(WireProblem::TooLong)));
            }
            moved.fetch_add(piece.len() as u64, Ordering::Relaxed);
            body.extend_from_slice(&piece);
        }
        Ok(body.freeze())
    }

    /// Comes back when the exchange stands still.
    async fn standstill(&self, moved: &AtomicU64) {
        let mut before = 0;
        loop {
            sleep(self.limits.window).await;
            let now = moved.load(Ordering::Relaxed);
            if now < before + self.limits.least_progress {
                return;
            }
            before = now;
        }
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let not_sent = |message: String| TransportError {
            delivery: Delivery::NotSent,
            message,
            problem: None,
        };
        let mut url = self.root.clone();
        // The types of 11's own assets hold backslashes, which an address would take for slashes.
        let path = request.path.replace('\\', "%5C");
        url.set_path(&format!("{}{path}", self.root.path()));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let document = request
            .headers
            .get(ACCEPT)
            .is_some_and(|accepted| accepted == "application/octet-stream");
        let moved = Arc::new(AtomicU64::new(0));
        let mut builder = self.client.request(request.method, url).headers(request.headers);
        if document {
            // A compressed reply loses its length on the way here, and a document has no other end.
            builder = builder.header(ACCEPT_ENCODING, "identity");
        }
        builder = match request.body {
            ApiBody::Empty => builder,
            ApiBody::Json(value) => builder.header(CONTENT_TYPE, "application/json").body(value.to_string()),
            ApiBody::Upload {
                manifest,
                filename,
                mime,
                content,
            } => {
                let length = content.len() as u64;
                let file = reqwest::multipart::Part::stream_with_length(watched(content, Arc::clone(&moved)), length)
                    .file_name(filename)
                    .mime_str(&mime)
                    .map_err(|error| not_sent(error.to_string()))?;
                let manifest = reqwest::multipart::Part::text(manifest.to_string())
                    .mime_str("application/json")
                    .map_err(|error| not_sent(error.to_string()))?;
                builder.multipart(
                    reqwest::multipart::Form::new()
                        .part("uploadManifest", manifest)
                        .part("filename[0]", file),
                )
            }
        };
        let exchange = async {
            let response = builder.send().await.map_err(|error| failed(&error))?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let body = self.read(response, document, &moved).await?;
            Ok(ApiResponse { status, headers, body })
        };
        let bounded = async {
            tokio::select! {
                done = exchange => done,
                () = self.standstill(&moved) => Err(given_up("timed out: nothing moves", None)),
            }
        };
        timeout(self.limits.exchange, bounded)
            .await
            .unwrap_or_else(|_| Err(given_up("timed out", None)))
    }
}
