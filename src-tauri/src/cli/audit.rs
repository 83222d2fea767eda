//! `audit`: verifies the log, exports it, sends its head where this desk cannot change it.

use super::{Ending, Output, args::AuditCommand};
use crate::{api::Export, core::Desk, error::AppError};
use guichet_domain::{TicketId, audit::Anchor};
use serde_json::json;
use std::path::Path;

/// Lines read at a time.
const PART: u32 = 1_000;

fn unwritten(path: &Path) -> impl FnOnce(std::io::Error) -> AppError + '_ {
    |source| AppError::FileNotSaved {
        path: path.to_owned(),
        source,
    }
}

/// Runs `audit verify|export|anchor`.
pub(super) async fn run(desk: &Desk, out: &Output, command: AuditCommand) -> Result<Ending, AppError> {
    match command {
        AuditCommand::Verify(args) => {
            let mut anchors = Vec::new();
            for given in &args.anchor {
                let found = Anchor::all_in(given);
                if found.is_empty() {
                    return Err(AppError::Usage {
                        what: "--anchor",
                        value: given.chars().take(40).collect(),
                    });
                }
                anchors.extend(found);
            }
            let report = desk.verify_audit(anchors, args.ticket.map(TicketId)).await?;
            out.answer(&json!(report), || {
                let args = [
                    ("lines", report.lines.to_string()),
                    ("anchors", report.anchors.to_string()),
                    ("anchor", report.anchor.clone()),
                    ("detail", report.broken.clone().unwrap_or_default()),
                ];
                out.text(
                    if report.broken.is_none() {
                        "audit.whole"
                    } else {
                        "audit.broken"
                    },
                    &args,
                )
            });
            Ok(if report.broken.is_none() {
                Ending::Done
            } else {
                Ending::Failed
            })
        }
        AuditCommand::Export(args) => {
            let rows = if args.output.extension().is_some_and(|ending| ending == "json") {
                in_json(desk, &args.output).await?
            } else {
                let format = super::args::table_format(&args.output).ok_or_else(|| AppError::Usage {
                    what: "--output",
                    value: ".xlsx | .csv | .json".to_owned(),
                })?;
                let made = desk
                    .export(&Export::Audit, format, out.locale, jiff::Timestamp::now())
                    .await?;
                tokio::fs::write(&args.output, made.bytes)
                    .await
                    .map_err(unwritten(&args.output))?;
                made.rows
            };
            let path = args.output.display().to_string();
            out.answer(&json!({ "path": path, "rows": rows }), || {
                out.text("export.written", &[("path", path.clone()), ("rows", rows.to_string())])
            });
            Ok(Ending::Done)
        }
        AuditCommand::Anchor(args) => {
            let accepted = desk.send_anchor(TicketId(args.ticket), out.locale).await?;
            out.answer(&json!({ "entries": accepted.entries }), || {
                out.text("audit.anchored", &[])
            });
            Ok(Ending::Waiting)
        }
    }
}

async fn in_json(desk: &Desk, path: &Path) -> Result<u32, AppError> {
    desk.audit_exported("audit", "json").await?;
    let mut all = Vec::new();
    loop {
        let last = all.last().map_or(0, |line: &guichet_domain::audit::AuditLine| line.seq);
        let part = desk.store.audit_after(last, PART).await?;
        if part.is_empty() {
            break;
        }
        all.extend(part);
    }
    let bytes = serde_json::to_vec_pretty(&all).map_err(guichet_store::StoreError::from)?;
    tokio::fs::write(path, bytes).await.map_err(unwritten(path))?;
    Ok(u32::try_from(all.len()).unwrap_or(u32::MAX))
}
