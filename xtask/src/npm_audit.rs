//! Known vulnerabilities of the front end's packages, tools included, where the registry answers such questions; a mirror may not.

use crate::{
    error::{Error, Result},
    front_end,
    steps::Verdict,
    workspace::Workspace,
};
use serde_json::Value;

/// Runs `npm audit`: a vulnerability that is high or critical fails.
pub fn check(workspace: &Workspace) -> Result<Verdict> {
    let ran = front_end::npm(workspace, &["audit", "--json"])
        .stdout_capture()
        .stderr_capture()
        .unchecked()
        .run()
        .map_err(Error::command("npm audit"))?;
    verdict(&String::from_utf8_lossy(&ran.stdout))
}

fn verdict(said: &str) -> Result<Verdict> {
    let said: Value = serde_json::from_str(said).map_err(Error::json("npm audit"))?;
    let Some(found) = said["metadata"]["vulnerabilities"].as_object() else {
        println!("The registry answers no audits: known vulnerabilities of npm's packages were NOT checked.");
        return Ok(Verdict::Skipped("the registry answers no audits".to_owned()));
    };
    let of = |level: &str| found.get(level).and_then(Value::as_u64).unwrap_or_default();
    let (high, critical) = (of("high"), of("critical"));
    if high + critical == 0 {
        return Ok(Verdict::Done(format!("{} of lesser weight", of("total"))));
    }
    let names: Vec<&str> = said["vulnerabilities"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, about)| ["high", "critical"].iter().any(|level| about["severity"] == *level))
        .map(|(name, _)| name.as_str())
        .collect();
    Err(Error::Check(format!(
        "{critical} critical and {high} high vulnerabilities: {}. Run npm audit in ui/",
        names.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_high_fails_what_is_less_passes_and_no_answer_is_no_pass() {
        let counts = |high: u32| {
            format!(
                r#"{{ "vulnerabilities": {{ "left-pad": {{ "severity": "high" }} }},
                "metadata": {{ "vulnerabilities": {{ "low": 2, "high": {high}, "critical": 0, "total": 2 }} }} }}"#
            )
        };
        let failed = verdict(&counts(1)).err().map(|error| error.to_string());
        assert!(failed.is_some_and(|text| text.contains("left-pad")));
        assert!(matches!(verdict(&counts(0)), Ok(Verdict::Done(_))));
        // As the registry of a closed network answers.
        let refused = r#"{ "message": "405 Method Not Allowed", "statusCode": 405, "error": {} }"#;
        assert!(matches!(verdict(refused), Ok(Verdict::Skipped(_))));
        assert!(verdict("").is_err());
    }
}
