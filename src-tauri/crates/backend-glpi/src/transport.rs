//! One HTTP exchange with GLPI, so that the same adapter runs over a real connection and over a simulated network.

use async_trait::async_trait;
use bytes::Bytes;
use guichet_backend::{BackendError, Delivery, WireProblem};
use http::{HeaderMap, Method};
use serde_json::Value;

/// A request, before it is anybody's wire format.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    /// The verb.
    pub method: Method,
    /// Path below the API's root, without a leading slash: `Ticket/1/ITILFollowup`.
    pub path: String,
    /// Query parameters, not yet percent-encoded.
    pub query: Vec<(String, String)>,
    /// Headers the adapter sets (session, application token, accept…).
    pub headers: HeaderMap,
    /// The body.
    pub body: ApiBody,
}

/// A request's body.
#[derive(Debug, Clone)]
pub enum ApiBody {
    /// None.
    Empty,
    /// JSON.
    Json(Value),
    /// GLPI's multipart upload: `uploadManifest` and one file as `filename[0]`.
    Upload {
        /// The manifest.
        manifest: Value,
        /// The file's name.
        filename: String,
        /// Its media type.
        mime: String,
        /// Its bytes.
        content: Bytes,
    },
}

/// A complete reply.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// HTTP status. Redirects are never followed: they are replies like any other.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// No complete reply.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct TransportError {
    /// Whether the request may have reached the server.
    pub delivery: Delivery,
    /// What the network said.
    pub message: String,
    /// What keeps the exchange from happening, where that can be told from a server that does not answer.
    pub problem: Option<WireProblem>,
}

impl TransportError {
    /// The failure in the backend's terms; `delivery` is what it means for the request at hand.
    pub(crate) fn into_backend(self, delivery: Delivery) -> BackendError {
        match self.problem {
            Some(problem) => BackendError::Wire {
                delivery,
                problem,
                message: self.message,
            },
            None => BackendError::Network {
                delivery,
                message: self.message,
            },
        }
    }
}

/// Carries requests to a GLPI server.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// One exchange, at most once: never repeats a request, never follows a redirect.
    async fn execute(&self, request: ApiRequest) -> Result<ApiResponse, TransportError>;
}
