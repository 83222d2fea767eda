//! Dashboards.

use crate::{
    api::{IndicatorSheet, ServiceHours},
    commands::{Answer, told},
    core::AppCore,
};
use tauri::State;

/// When the contract's calendars are open, so that the window counts the service time that is left.
#[tauri::command]
#[specta::specta]
pub async fn service_hours(core: State<'_, AppCore>) -> Answer<ServiceHours> {
    let result = async { core.desk().await?.service_hours().await }.await;
    told(&core, result).await
}

/// The indicators of a month ("2026-06"), from what the desk holds.
#[tauri::command]
#[specta::specta]
pub async fn indicators(core: State<'_, AppCore>, month: String) -> Answer<IndicatorSheet> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.indicator_sheet(&month, locale).await }.await;
    told(&core, result).await
}
