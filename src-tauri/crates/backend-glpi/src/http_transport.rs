//! The product's [`Transport`]: reqwest, one connection pool a server. It never follows a redirect (a POST behind one
//! could be taken for a failure and be repeated) and never repeats a request by itself.

use crate::{
    base_url::{BaseUrlError, normalise_base_url},
    transport::{ApiBody, ApiRequest, ApiResponse, Transport, TransportError},
};
use async_trait::async_trait;
use guichet_backend::Delivery;
use http::header::CONTENT_TYPE;
use std::{error::Error as _, time::Duration};
use url::Url;

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest silence while a reply is awaited or read.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest exchange in all.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(180);

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
}

impl HttpTransport {
    /// A transport to the server at this address, as a person typed it (see [`normalise_base_url`]).
    ///
    /// # Errors
    /// When the address cannot be one, or TLS cannot be set up.
    pub fn new(base_url: &str) -> Result<Self, HttpTransportError> {
        let root = normalise_base_url(base_url)?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // reqwest repeats some requests of its own accord (HTTP/2 refusals); whether one may be repeated is decided above.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .timeout(TOTAL_TIMEOUT)
            .user_agent(concat!("Guichet/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { root, client })
    }

    /// The API's root, for people.
    #[must_use]
    pub fn root(&self) -> &Url {
        &self.root
    }
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
    TransportError { delivery, message }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError> {
        let not_sent = |message: String| TransportError {
            delivery: Delivery::NotSent,
            message,
        };
        let mut url = self.root.clone();
        // The types of 11's own assets hold backslashes, which an address would take for slashes.
        let path = request.path.replace('\\', "%5C");
        url.set_path(&format!("{}{path}", self.root.path()));
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut builder = self.client.request(request.method, url).headers(request.headers);
        builder = match request.body {
            ApiBody::Empty => builder,
            ApiBody::Json(value) => builder.header(CONTENT_TYPE, "application/json").body(value.to_string()),
            ApiBody::Upload {
                manifest,
                filename,
                mime,
                content,
            } => {
                let file = reqwest::multipart::Part::stream(content)
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
        let response = builder.send().await.map_err(|error| failed(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        // From here on the server has seen the request: a body that does not arrive whole leaves it in doubt.
        let body = response.bytes().await.map_err(|error| TransportError {
            delivery: Delivery::MaybeSent,
            ..failed(&error)
        })?;
        Ok(ApiResponse { status, headers, body })
    }
}
