//! `sync`: one round, or rounds until interrupted.

use super::{Ending, Output, args::SyncArgs};
use crate::{
    core::{Desk, clocks::Due},
    error::AppError,
};
use guichet_domain::outbox::Gate;
use guichet_sync::RoundReport;
use serde_json::{Value, json};
use std::time::Duration;

/// Code of the message catalogue for a closed gate.
pub(super) fn gate_code(gate: &Gate) -> Option<&str> {
    match gate {
        Gate::Open => None,
        Gate::Offline { .. } => Some("backend_unreachable"),
        Gate::BackedOff { .. } => Some("backend_unavailable"),
        Gate::AuthRequired { code } => Some(code),
        Gate::Restored { .. } => Some(Gate::RESTORED),
    }
}

fn document(report: &RoundReport, out: &Output) -> Value {
    let mut document = json!({
        "applied": report.applied,
        "sent": report.sent,
        "waiting": report.waiting,
        "gate": report.gate,
    });
    if let Some(code) = gate_code(&report.gate) {
        let text = out.locale.catalogue().error(code, &[("detail", String::new())]);
        document["error"] = json!({ "code": code, "message": text.message.trim(), "hint": text.hint });
    }
    document
}

fn human(report: &RoundReport, out: &Output) -> String {
    let applied: u64 = report.applied.values().sum();
    let mut text = out.text(
        "sync.done",
        &[
            ("applied", applied.to_string()),
            ("sent", report.sent.to_string()),
            ("waiting", report.waiting.to_string()),
        ],
    );
    for (collection, rows) in &report.applied {
        text.push_str(&format!("\n  {collection}: {rows}"));
    }
    if let Some(code) = gate_code(&report.gate) {
        let told = out.locale.catalogue().error(code, &[("detail", String::new())]);
        text.push_str(&format!("\n{}\n  → {}", told.message.trim(), told.hint));
    }
    text
}

/// Runs `sync`.
pub async fn run(desk: &Desk, out: &Output, args: &SyncArgs) -> Result<Ending, AppError> {
    desk.connect().await?;
    let session = desk.require_session().await?;
    if args.watch {
        return watch(desk, out).await;
    }
    // A person asked: a closed gate is tried once more.
    session.engine.nudge();
    let report = session.engine.round().await?;
    wind(desk).await;
    out.answer(&document(&report, out), || human(&report, out));
    Ok(if report.gate == Gate::Open {
        Ending::Done
    } else {
        Ending::Failed
    })
}

async fn watch(desk: &Desk, out: &Output) -> Result<Ending, AppError> {
    let session = desk.require_session().await?;
    let pause = Duration::from_secs(desk.config().await.settings.active_interval_s.into());
    let mut gate = None;
    session.engine.nudge();
    loop {
        let report = tokio::select! {
            report = session.engine.round() => report?,
            _ = tokio::signal::ctrl_c() => return Ok(Ending::Done),
        };
        wind(desk).await;
        // A round that changed nothing says nothing.
        if report.sent > 0 || report.applied.values().any(|rows| *rows > 0) || gate.as_ref() != Some(&report.gate) {
            out.answer(&document(&report, out), || human(&report, out));
        }
        gate = Some(report.gate);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Ending::Done),
        }
    }
}

/// Brings the contract's targets up to date with what was read. A contract that does not read takes nothing from the round: it is told
/// where it is chosen.
async fn wind(desk: &Desk) {
    if let Err(error) = desk.wind_clocks(&Due::All).await {
        tracing::warn!(code = error.code(), "targets could not be worked out");
    }
}
