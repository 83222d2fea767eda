//! What `cargo xtask bench window` measures with: input events to painted frames, starts, memory.

mod browser;
mod memory;
mod work;

pub use browser::browse;
pub use memory::Memory;
pub use work::{Desk, Figures};

use crate::{
    error::{Error, Result},
    window::Window,
};
use serde_json::Value;

const PROBE: &str = include_str!("probe.js");

/// One input, until what it asked for was painted. Milliseconds.
#[derive(Debug, Clone, Copy)]
pub struct Painted {
    /// From the event's time stamp to the painted frame.
    pub total: f64,
    /// From the event to the first call to Rust.
    pub before: f64,
    /// From the first call to the last answer: the command and its way through the web view's processes.
    pub ipc: f64,
    /// From the last answer to the painted frame.
    pub after: f64,
    /// Of that, style and layout.
    pub layout: f64,
    /// Of that, painting.
    pub paint: f64,
    /// Calls answered until the frame was painted.
    pub calls: u64,
    /// From the event to the answer of a durable write, where there was one.
    pub submit: Option<f64>,
}

/// Puts the probe into the page (again, after each loading).
pub async fn install(window: &Window) -> Result<()> {
    window.run(PROBE, Vec::new()).await.map(|_| ())
}

/// Does `input`, whose event is of this kind (`keydown`, `click`…), and waits until the JavaScript expression `done` holds in
/// a painted frame. What differs from one time to the next is in `wanted`, of which the expression may speak: the engine keeps
/// the code of every new text it is given, which would be counted as the window's memory.
pub async fn painted(
    window: &Window,
    kind: &str,
    done: &str,
    wanted: Value,
    input: impl AsyncFnOnce() -> Result<()>,
) -> Result<Painted> {
    let arm = format!("const wanted = arguments[0]; window.__measure.arm({kind:?}, () => ({done}));");
    window.run(&arm, vec![wanted]).await?;
    input().await?;
    let result = "const done = arguments[arguments.length - 1];
        window.__measure.result.then(done, (error) => done({ error: String(error) }));";
    let answer = window.run_async(result, Vec::new()).await?;
    let number = |name: &str| answer[name].as_f64();
    match (number("total"), number("before"), number("ipc"), number("after")) {
        (Some(total), Some(before), Some(ipc), Some(after)) => Ok(Painted {
            total,
            before,
            ipc,
            after,
            layout: number("layout").unwrap_or_default(),
            paint: number("paint").unwrap_or_default(),
            calls: answer["calls"].as_u64().unwrap_or_default(),
            submit: number("submit"),
        }),
        _ => Err(Error::Check(format!("{kind}, {done}: {answer}"))),
    }
}

/// How many calls to Rust an interaction makes in all, those after the paint included, and their bytes both ways.
///
/// # Errors
/// When the page does not answer.
pub async fn weighed(window: &Window) -> Result<(usize, u64)> {
    let script = "return window.__measure.calls().map((call) => call.sent + call.received)";
    let answer = window.run(script, Vec::new()).await?;
    let bytes: Vec<u64> = answer
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    Ok((bytes.len(), bytes.iter().sum()))
}
