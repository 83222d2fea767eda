//! Alerts of the supervision.

use crate::{
    api::{AlertsState, SupervisionSettings},
    commands::{Answer, told},
    core::AppCore,
};
use guichet_domain::TicketId;
use tauri::State;

/// The alerts that are not over, and how reading them stands.
#[tauri::command]
#[specta::specta]
pub async fn alerts(core: State<'_, AppCore>) -> Answer<AlertsState> {
    let result = async { core.desk().await?.alerts().await }.await;
    told(&core, result).await
}

/// Takes an alert up: durably here, then in the supervision.
#[tauri::command]
#[specta::specta]
pub async fn take_up_alert(core: State<'_, AppCore>, id: String) -> Answer<()> {
    let result = async { core.desk().await?.take_up_alert(&id).await }.await;
    told(&core, result).await
}

/// Makes an incident of an alert, once; answers its ticket.
#[tauri::command]
#[specta::specta]
pub async fn alert_incident(core: State<'_, AppCore>, id: String) -> Answer<TicketId> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.alert_incident(&id, locale).await }.await;
    told(&core, result).await
}

/// How the supervision is reached; `None` when none is set up.
#[tauri::command]
#[specta::specta]
pub async fn supervision_settings(core: State<'_, AppCore>) -> Answer<Option<SupervisionSettings>> {
    let result = async { Ok(core.desk().await?.supervision_settings().await) }.await;
    told(&core, result).await
}

/// Sets the supervision up (the secret that is kept stays when none is given), or takes it away.
#[tauri::command]
#[specta::specta]
pub async fn save_supervision(
    core: State<'_, AppCore>,
    settings: Option<SupervisionSettings>,
    secret: Option<String>,
) -> Answer<()> {
    let result = async { core.desk().await?.save_supervision(settings, secret).await }.await;
    told(&core, result).await
}
