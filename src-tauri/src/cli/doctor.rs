//! `doctor`: what is wrong, in plain words, with the cure.

use super::{Ending, Output};
use crate::{
    core::{
        AppCore,
        diagnosis::{Finding, Health, examine},
    },
    error::AppError,
};
use serde_json::{Value, json};

fn told(out: &Output, finding: &Finding) -> (String, Option<String>) {
    if finding.health == Health::Fine {
        return (out.text(finding.code, &finding.args), None);
    }
    let text = out.locale.catalogue().error(finding.code, &finding.args);
    (text.message, Some(text.hint))
}

/// Runs `doctor`: exit code 1 when something does not work.
pub async fn run(core: &AppCore, out: &mut Output) -> Result<Ending, AppError> {
    let findings = examine(core).await;
    out.locale = core.locale().await;
    let healthy = findings.iter().all(|finding| finding.health != Health::Problem);
    let checks: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let (message, hint) = told(out, finding);
            json!({
                "layer": finding.layer,
                "state": finding.health,
                "code": finding.code,
                "message": message,
                "hint": hint,
            })
        })
        .collect();
    let out = *out;
    out.answer(&json!({ "ok": healthy, "checks": checks }), || {
        let mut lines = Vec::new();
        for finding in &findings {
            let (message, hint) = told(&out, finding);
            let mark = match finding.health {
                Health::Fine => "✓",
                Health::Warning => "!",
                Health::Problem => "✗",
            };
            lines.push(format!("{mark} {message}"));
            lines.extend(hint.map(|hint| format!("  → {hint}")));
        }
        lines.push(out.text(if healthy { "doctor.healthy" } else { "doctor.unhealthy" }, &[]));
        lines.join("\n")
    });
    Ok(if healthy { Ending::Done } else { Ending::Failed })
}
