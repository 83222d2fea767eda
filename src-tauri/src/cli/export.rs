//! `export`: a list as a file that a pivot table can use as it is.

use super::{
    Ending, Output,
    args::{ExportCommand, ExportFile},
    calls, escalation,
};
use crate::{api::Export, core::Desk, error::AppError};
use guichet_store::TicketQuery;
use serde_json::json;

/// `export tickets|calls|escalations`.
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
