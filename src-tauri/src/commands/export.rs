//! Tables that leave the desk.

use crate::{
    api::{Export, ExportFormat, Exported},
    commands::{Answer, told},
    core::{AppCore, files},
    error::AppError,
};
use tauri::State;

/// Writes everything that a list shows to a file in the downloads, never over another; answers where, and how many rows.
#[tauri::command]
#[specta::specta]
pub async fn export(core: State<'_, AppCore>, what: Export, format: ExportFormat) -> Answer<Exported> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        let file = desk.export(&what, format, locale, core.now()).await?;
        let path = files::save(files::downloads()?, file.filename, file.bytes).await?;
        Ok::<_, AppError>(Exported {
            path: path.display().to_string(),
            rows: file.rows,
        })
    };
    let result = result.await;
    told(&core, result).await
}
