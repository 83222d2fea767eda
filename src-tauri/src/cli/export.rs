//! `export`: a list as a file that a pivot table can use as it is; and the whole desk, handed over.

use super::{
    Ending, Output,
    args::{ExportCommand, ExportDeskArgs, ExportFile},
    calls, escalation,
    output::shown_time,
};
use crate::{
    api::Export,
    core::{
        Desk,
        handover::{HandOverOptions, HandOverProgress, HandOverStep},
    },
    error::AppError,
};
use guichet_store::TicketQuery;
use serde_json::json;
use std::sync::Mutex;

/// `export tickets|calls|escalations|desk`.
pub async fn run(desk: &Desk, out: &Output, command: ExportCommand) -> Result<Ending, AppError> {
    let (what, file) = match command {
        ExportCommand::Tickets(args) => {
            let query = TicketQuery {
                view: args.view.into(),
                ..TicketQuery::default()
            };
            (Export::Tickets { query }, args.file)
        }
        ExportCommand::Calls(args) => {
            let query = calls::asked(&args.calls)?;
            (Export::Calls { query }, args.file)
        }
        ExportCommand::Escalations(args) => {
            let query = escalation::asked(desk, &args.board).await?;
            (Export::Escalations { query }, args.file)
        }
        ExportCommand::Desk(args) => return hand_over(desk, out, &args).await,
    };
    let ExportFile { output } = file;
    let made = desk
        .export(&what, output.format, out.locale, jiff::Timestamp::now())
        .await?;
    tokio::fs::write(&output.path, made.bytes)
        .await
        .map_err(|source| AppError::FileNotSaved {
            path: output.path.clone(),
            source,
        })?;
    let path = output.path.display().to_string();
    out.answer(&json!({ "path": path, "rows": made.rows }), || {
        out.text(
            "export.written",
            &[("path", path.clone()), ("rows", made.rows.to_string())],
        )
    });
    Ok(Ending::Done)
}

/// `export desk`.
async fn hand_over(desk: &Desk, out: &Output, args: &ExportDeskArgs) -> Result<Ending, AppError> {
    let options = HandOverOptions {
        documents: args.documents,
    };
    // What begins is said once, beside the answer.
    let said: Mutex<Option<HandOverStep>> = Mutex::new(None);
    let progress = |progress: HandOverProgress| {
        if out.json {
            return;
        }
        if let Ok(mut said) = said.lock()
            && said.replace(progress.step) != Some(progress.step)
        {
            let step = super::read::word(&progress.step);
            out.aside(&out.text(&format!("handover.writing.{step}"), &[]));
        }
    };
    let made = desk.hand_over(&args.to, &options, &progress).await?;
    out.answer(&json!(made), || {
        let mut lines = vec![out.text(
            "handover.done",
            &[
                ("path", made.path.clone()),
                ("tickets", made.counts.tickets.to_string()),
                ("articles", made.counts.articles.to_string()),
                ("assets", made.counts.assets.to_string()),
                ("written", made.counts.documents_written.to_string()),
                ("documents", made.counts.documents.to_string()),
                ("files", made.counts.files.to_string()),
            ],
        )];
        if let Some(data_end) = made.data_end {
            lines.push(out.text("handover.until", &[("data_end", shown_time(data_end))]));
        }
        lines.extend(made.gaps.iter().map(|gap| format!("  – {}", gap.text)));
        lines.join("\n")
    });
    Ok(Ending::Done)
}
