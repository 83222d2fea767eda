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

/// The indicators of a month ("2026-06"), a week ("2026-W23") or a year ("2026"), from what the desk holds.
#[tauri::command]
#[specta::specta]
pub async fn indicators(core: State<'_, AppCore>, period: String) -> Answer<IndicatorSheet> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.indicator_sheet(&period, locale).await }.await;
    told(&core, result).await
}
