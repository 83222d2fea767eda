//! `doctor`: what is wrong, in plain words, with the cure.

use super::{Ending, Output};
use crate::{
    core::{
        AppCore,
        diagnosis::{Finding, Health, examine},
    },
    error::AppError,
    messages::ErrorText,
};
use serde_json::{Value, json};

fn told(out: &Output, finding: &Finding) -> ErrorText {
    if finding.health == Health::Fine {
        return ErrorText {
            message: out.text(finding.code, &finding.args),
            ..ErrorText::default()
        };
    }
    out.locale.catalogue().error(finding.code, &finding.args)
}

/// Runs `doctor`: exit code 1 when something does not work.
pub async fn run(core: &AppCore, out: &mut Output) -> Result<Ending, AppError> {
    let findings = examine(core).await;
    out.locale = core.locale().await;
    let healthy = findings.iter().all(|finding| finding.health != Health::Problem);
    let checks: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let told = told(out, finding);
            json!({
                "layer": finding.layer,
                "state": finding.health,
                "code": finding.code,
                "message": told.message,
                "hint": Some(told.hint).filter(|hint| !hint.is_empty()),
                "detail": told.detail,
            })
        })
        .collect();
    let out = *out;
    out.answer(&json!({ "ok": healthy, "checks": checks }), || {
        let mut lines = Vec::new();
        for finding in &findings {
            let told = told(&out, finding);
            let mark = match finding.health {
                Health::Fine => "✓",
                Health::Warning => "!",
                Health::Problem => "✗",
            };
            lines.push(format!("{mark} {}", told.message));
            if !told.hint.is_empty() {
                lines.push(format!("  → {}", told.hint));
            }
            if let Some(detail) = told.detail {
                lines.push(out.text("error.detail", &[("detail", detail)]));
            }
        }
        lines.push(out.text(if healthy { "doctor.healthy" } else { "doctor.unhealthy" }, &[]));
        lines.join("\n")
    });
    Ok(if healthy { Ending::Done } else { Ending::Failed })
}
