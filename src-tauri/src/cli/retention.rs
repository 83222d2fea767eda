//! `retention`: deletes what the policy no longer needs, now, or says what would go.

use super::{Ending, Output, args::RetentionArgs};
use crate::{
    core::{AppCore, Desk},
    error::AppError,
};
use serde_json::json;

/// Runs `retention [--dry-run]`.
pub(super) async fn run(core: &AppCore, desk: &Desk, out: &Output, args: &RetentionArgs) -> Result<Ending, AppError> {
    let policy = core.policy().policy.retention;
    let found = if args.dry_run {
        desk.would_purge(&policy).await?
    } else {
        desk.purge(&policy).await?
    };
    out.answer(&json!({ "dry_run": args.dry_run, "purged": found }), || {
        if found.is_empty() {
            return out.text("retention.nothing", &[]);
        }
        let lines: Vec<String> = found
            .iter()
            .map(|kind| {
                let subject = out.text(&format!("retention.{}", kind.subject), &[]);
                out.text("retention.kind", &[("what", subject), ("rows", kind.rows.to_string())])
            })
            .collect();
        let heading = out.text(
            if args.dry_run {
                "retention.would_go"
            } else {
                "retention.gone"
            },
            &[],
        );
        format!("{heading}\n{}", lines.join("\n"))
    });
    Ok(Ending::Done)
}
