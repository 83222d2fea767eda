//! Surges: the list, putting one aside, declaring the major incident.

use crate::{
    api::{MajorIncident, SurgeCard},
    commands::{Answer, told},
    core::AppCore,
};
use tauri::State;

/// The surges there are now.
#[tauri::command]
#[specta::specta]
pub async fn surges(core: State<'_, AppCore>) -> Answer<Vec<SurgeCard>> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.surges(locale).await }.await;
    told(&core, result).await
}

/// Says that a surge is none; remembered as long as it lasts.
#[tauri::command]
#[specta::specta]
pub async fn dismiss_surge(core: State<'_, AppCore>, key: String) -> Answer<()> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.dismiss_surge(&key, locale).await }.await;
    told(&core, result).await
}

/// Makes the major incident of a surge; all of it is durable when it answers.
#[tauri::command]
#[specta::specta]
pub async fn declare_major_incident(
    core: State<'_, AppCore>,
    key: String,
    title: String,
    text: String,
) -> Answer<MajorIncident> {
    let locale = core.locale().await;
    let result = async {
        core.desk()
            .await?
            .declare_major_incident(&key, &title, &text, locale)
            .await
    };
    let result = result.await;
    told(&core, result).await
}
