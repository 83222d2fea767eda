//! What both adapters say of a supervision's replies.

use crate::AlertsError;
use guichet_net::{Reply, clip};
use serde_json::Value;

/// Most bytes of a reply: thousands of problems.
pub(crate) const LONGEST_REPLY: usize = 16 * 1024 * 1024;

/// What a status that is no success means.
pub(crate) fn failed(reply: &Reply) -> AlertsError {
    let said = serde_json::from_slice::<Value>(&reply.body).ok();
    let words = said
        .as_ref()
        .and_then(|said| said.get("message"))
        .and_then(Value::as_str)
        .map(clip)
        .filter(|words| !words.is_empty());
    let status = format!("HTTP {}", reply.status);
    let message = words.map_or(status.clone(), |words| format!("{status}: {words}"));
    match reply.status {
        401 | 403 => AlertsError::Refused { message },
        300..=399 => AlertsError::unexpected(format!("{status}: it points elsewhere, which is never followed")),
        _ => AlertsError::unexpected(message),
    }
}
