//! Answers and refusals, in GLPI's own shapes: errors are `["CODE", "text"]`.

use crate::wire::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Value, json};

/// A refusal: status, code, text, and whether GLPI appends where its documentation is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) detail: Value,
    documented: bool,
}

impl Refusal {
    /// A refusal without the pointer to the documentation.
    pub(crate) fn plain(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: Value::String(text.into()),
            documented: false,
        }
    }

    /// A refusal that ends in "; view documentation in your browser at …".
    pub(crate) fn documented(status: u16, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: Value::String(text.into()),
            documented: true,
        }
    }

    /// A refusal with anything as its detail: null, a list.
    pub(crate) fn with(status: u16, code: &'static str, detail: Value) -> Self {
        Self {
            status,
            code,
            detail,
            documented: false,
        }
    }

    /// No such row.
    pub(crate) fn not_found() -> Self {
        Self::plain(404, "ERROR_ITEM_NOT_FOUND", "Item not found")
    }

    /// Not allowed to read it.
    pub(crate) fn right_missing() -> Self {
        Self::plain(403, "ERROR_RIGHT_MISSING", NO_PERMISSION)
    }

    /// A parameter makes no sense.
    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::documented(400, "ERROR", text)
    }

    /// The reply to send.
    pub(crate) fn reply(self, api_root: &str) -> Reply {
        let detail = match (self.documented, self.detail) {
            (true, Value::String(text)) => Value::String(format!(
                "{text}; view documentation in your browser at {api_root}/#{}",
                self.code
            )),
            (_, detail) => detail,
        };
        Reply::json(self.status, &json!([self.code, detail]))
    }
}

/// What GLPI says when a right is missing.
pub(crate) const NO_PERMISSION: &str = "You don't have permission to perform this action.";

/// An answer under construction.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::json_text(status, body.to_string())
    }

    /// A JSON answer that is text already.
    pub(crate) fn json_text(status: u16, body: impl Into<Bytes>) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body)
    }

    /// An answer of another type.
    pub(crate) fn text(status: u16, mime: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// With one more header; a value HTTP does not allow is left out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Onto the wire.
    pub(crate) fn send(self) -> Response {
        Response {
            status: self.status,
            headers: self.headers,
            body: self.body,
        }
    }
}
