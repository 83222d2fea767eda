//! Dashboards.

use crate::{
    api::IndicatorSheet,
    commands::{Answer, told},
    core::AppCore,
};
use tauri::State;

/// The indicators of a month ("2026-06"), from what the desk holds.
#[tauri::command]
#[specta::specta]
pub async fn indicators(core: State<'_, AppCore>, month: String) -> Answer<IndicatorSheet> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.indicator_sheet(&month, locale).await }.await;
    told(&core, result).await
}
