//! The daily review, the intervention log, the notable events.

use crate::{
    api::{DailyReview, Exported, Logbook},
    commands::{Answer, told},
    core::{AppCore, files},
    error::AppError,
};
use guichet_domain::OperationId;
use guichet_store::NotableEvent;
use tauri::State;

/// What is blocked, since when, on whom, and what is next.
#[tauri::command]
#[specta::specta]
pub async fn daily_review(core: State<'_, AppCore>) -> Answer<DailyReview> {
    let result = async { core.desk().await?.daily_review().await }.await;
    told(&core, result).await
}

/// What happened from a day ("2026-06-01") until another, which is not in it.
#[tauri::command]
#[specta::specta]
pub async fn logbook(core: State<'_, AppCore>, from: String, to: String) -> Answer<Logbook> {
    let result = async { core.desk().await?.logbook(&from, &to).await }.await;
    told(&core, result).await
}

/// Keeps a notable event, durably; one that is there is written over.
#[tauri::command]
#[specta::specta]
pub async fn keep_event(core: State<'_, AppCore>, event: NotableEvent) -> Answer<()> {
    let result = async { core.desk().await?.keep_event(event).await }.await;
    told(&core, result).await
}

/// Takes a notable event back.
#[tauri::command]
#[specta::specta]
pub async fn withdraw_event(core: State<'_, AppCore>, id: OperationId) -> Answer<()> {
    let result = async { core.desk().await?.withdraw_event(id).await }.await;
    told(&core, result).await
}

/// Writes what happened in a period to a text in the downloads, never over another.
#[tauri::command]
#[specta::specta]
pub async fn save_chronicle(core: State<'_, AppCore>, from: String, to: String) -> Answer<Exported> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        let made = desk.chronicle(&from, &to, locale).await?;
        let path = files::save(files::downloads()?, made.filename, made.text.into_bytes()).await?;
        Ok::<_, AppError>(Exported {
            path: path.display().to_string(),
            rows: made.rows,
        })
    };
    let result = result.await;
    told(&core, result).await
}
