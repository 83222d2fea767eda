//! Faults beyond those of one exchange: clocks that are wrong, sessions lost at any call, a schema that drifts, refusals inside an
//! answer that says yes, a server brought back from a backup. Drawn by a generator of their own, so that the seeds that once failed
//! still play what they played.

use crate::{network::Server, plan::Exchange};
use bytes::Bytes;
use guichet_backend::Clock;
use guichet_sandbox::wire::Response;
use http::{HeaderMap, HeaderValue, Method, header};
use jiff::SignedDuration;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, time::Duration};

/// The furthest a clock is off.
const SKEW: i64 = 24 * 3600;

/// When the server is copied, and when the copy takes its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Restore {
    pub(crate) taken: Duration,
    pub(crate) brought_back: Duration,
}

/// What else goes wrong in one schedule.
#[derive(Debug, Clone)]
pub(crate) struct Whole {
    rng: ChaCha8Rng,
    /// How far the server's clock is off.
    pub(crate) server_skew: SignedDuration,
    /// How far this machine's clock is off.
    pub(crate) desk_skew: SignedDuration,
    /// The calls, of whatever kind, that find their session gone.
    lost_at: BTreeSet<u64>,
    calls: u64,
    /// Fields nobody asked for come along, and tokens are of any length.
    pub(crate) drifts: bool,
    pub(crate) token_length: usize,
    /// Chance that a write is refused inside an answer that says yes.
    refused_inside: f64,
    pub(crate) restore: Option<Restore>,
}

impl Whole {
    pub(crate) fn from_seed(seed: u64, chaos: Duration) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed.rotate_left(17) ^ 0x5eed);
        let skew = |rng: &mut ChaCha8Rng| {
            let off = rng.random_bool(0.5);
            SignedDuration::from_secs(if off { rng.random_range(-SKEW..=SKEW) } else { 0 })
        };
        let (server_skew, desk_skew) = (skew(&mut rng), skew(&mut rng));
        let lost_at = (0..rng.random_range(0..5)).map(|_| rng.random_range(1..400)).collect();
        let drifts = rng.random_bool(0.25);
        let token_length = if drifts {
            [1, 26, 40, 64, 255, 1_024, 4_096][rng.random_range(0..7)]
        } else {
            40
        };
        let refused_inside = if rng.random_bool(0.3) {
            rng.random_range(0.0..0.15)
        } else {
            0.0
        };
        let restore = rng.random_bool(0.15).then(|| {
            let taken = chaos.mul_f64(rng.random_range(0.0..0.5));
            Restore {
                taken,
                brought_back: taken + (chaos - taken).mul_f64(rng.random_range(0.5..0.98)),
            }
        });
        Self {
            rng,
            server_skew,
            desk_skew,
            lost_at,
            calls: 0,
            drifts,
            token_length,
            refused_inside,
            restore,
        }
    }

    /// Counts a call; whether it finds its session gone.
    pub(crate) fn finds_no_session(&mut self) -> bool {
        self.calls += 1;
        self.lost_at.remove(&self.calls)
    }

    /// Whether this exchange is refused inside an answer that says yes.
    pub(crate) fn refuses_inside(&mut self, exchange: Exchange) -> bool {
        matches!(exchange, Exchange::Write { .. }) && self.rng.random_bool(self.refused_inside)
    }
}

/// A refusal inside an answer that says yes: nothing was done. 201 with `false`, or 207 with the reason.
pub(crate) fn refused_inside(method: &Method, path: &str) -> Response {
    let row = path.rsplit('/').next().unwrap_or_default();
    let (status, body) = match (*method == Method::POST, path.len().is_multiple_of(2)) {
        (true, true) => (201, json!({ "id": false, "message": "" })),
        (true, false) => (
            207,
            json!(["ERROR_GLPI_PARTIAL_ADD", [{ "id": false, "message": "Refused" }]]),
        ),
        (false, true) => (200, json!([{ row: false, "message": "" }])),
        (false, false) => (
            207,
            json!(["ERROR_GLPI_PARTIAL_UPDATE", [{ row: false, "message": "Refused" }]]),
        ),
    };
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    Response {
        status,
        headers,
        body: Bytes::from(body.to_string()),
    }
}

/// The same answer from a server with plugins: fields nobody knows in every object, numbers of a search as text (both are seen on
/// running servers).
pub(crate) fn drifted(body: &Bytes) -> Option<Bytes> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    if let Some(rows) = value.get_mut("data").and_then(Value::as_array_mut) {
        for cell in rows
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .flat_map(Map::values_mut)
        {
            if let Value::Number(number) = cell {
                *cell = Value::String(number.to_string());
            }
        }
    }
    add_unknown(&mut value);
    Some(Bytes::from(value.to_string()))
}

fn add_unknown(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(add_unknown),
        Value::Object(fields) => {
            fields.values_mut().for_each(add_unknown);
            fields.insert(
                "plugin_fields_x".to_owned(),
                json!({ "dropdown": [1, null], "text": "é" }),
            );
        }
        _ => {}
    }
}

/// Copies the server, and puts the copy in its place later: what was written between is gone, and its numbers are given out again.
pub(crate) async fn bring_back(server: Server, restore: Option<Restore>) {
    let Some(Restore { taken, brought_back }) = restore else {
        return;
    };
    tokio::time::sleep_until(server.clock.instant(taken)).await;
    let copy = server.glpi().clone();
    tokio::time::sleep_until(server.clock.instant(brought_back)).await;
    let gone = {
        let mut glpi = server.glpi();
        let gone = glpi.writes().get(copy.writes().len()..).unwrap_or_default().to_vec();
        *glpi = copy;
        glpi.reseed_sessions(0x00ba_cc0b);
        glpi.lose_sessions();
        gone
    };
    server.trace.add(
        server.clock.now(),
        format_args!("BROUGHT BACK: {} writes are gone", gone.len()),
    );
    server.forget(gone);
}
