//! The exchange the server's core works on: parsed, but still GLPI's own. The HTTP front turns connections into these; the
//! simulation calls the core with them directly.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::Value;

/// A parsed request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The verb.
    pub method: Method,
    /// Path below `/apirest.php/`, without a leading slash.
    pub path: String,
    /// Decoded query parameters, in order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// A parsed body.
#[derive(Debug, Clone)]
pub enum Body {
    /// None.
    Empty,
    /// JSON (already parsed).
    Json(Value),
    /// Something that claims to be JSON and is not.
    Malformed,
    /// GLPI's multipart upload.
    Upload {
        /// `uploadManifest`.
        manifest: Value,
        /// `filename[0]`'s name.
        filename: String,
        /// Its media type.
        mime: String,
        /// Its bytes.
        content: Bytes,
    },
}

/// A reply.
#[derive(Debug, Clone)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}
