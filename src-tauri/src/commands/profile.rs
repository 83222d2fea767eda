//! Profiles, sign-in, settings.

use crate::{
    api::{AppState, Settings, SignIn, UiError, VaultForm},
    commands::{Answer, told},
    core::{AppCore, vault::KeyAccess},
};
use guichet_domain::deep_link::DeepLink;
use tauri::State;

/// Everything the window needs for its first frame.
#[tauri::command]
#[specta::specta]
pub async fn app_state(core: State<'_, AppCore>) -> Answer<AppState> {
    told(&core, core.state().await).await
}

/// What the link that the program was started with shows; told once.
#[tauri::command]
#[specta::specta]
pub async fn opened_with(core: State<'_, AppCore>) -> Answer<Option<DeepLink>> {
    Ok(core.take_link())
}

/// Opens the databases with what a person gave: the passphrase of their key, or where a new profile's key shall be kept.
#[tauri::command]
#[specta::specta]
pub async fn open_vault(core: State<'_, AppCore>, form: VaultForm) -> Answer<AppState> {
    let access = KeyAccess {
        place: form.place,
        passphrase: form.passphrase.map(Into::into),
    };
    told(&core, core.unlock_vault(access).await).await?;
    app_state(core).await
}

/// Makes a profile of that name and opens it.
#[tauri::command]
#[specta::specta]
pub async fn create_profile(core: State<'_, AppCore>, name: String) -> Answer<AppState> {
    told(&core, core.create_profile(&name).await).await?;
    app_state(core).await
}

/// Opens another profile.
#[tauri::command]
#[specta::specta]
pub async fn open_profile(core: State<'_, AppCore>, id: String) -> Answer<AppState> {
    told(&core, core.open_profile(&id).await).await?;
    app_state(core).await
}

/// Signs in to a server.
#[tauri::command]
#[specta::specta]
pub async fn sign_in(core: State<'_, AppCore>, form: SignIn) -> Answer<AppState> {
    told(&core, core.sign_in(form).await).await?;
    app_state(core).await
}

/// Starts the embedded sandbox and signs in to it.
#[tauri::command]
#[specta::specta]
pub async fn use_sandbox(core: State<'_, AppCore>) -> Answer<AppState> {
    let result = async {
        let desk = core.desk().await?;
        desk.use_sandbox().await?;
        desk.start_telephone().await
    };
    let result = result.await;
    told(&core, result).await?;
    app_state(core).await
}

/// Signs out; what is mirrored and what is unsent stay.
#[tauri::command]
#[specta::specta]
pub async fn sign_out(core: State<'_, AppCore>) -> Answer<AppState> {
    let result = async { core.desk().await?.sign_out().await }.await;
    told(&core, result).await?;
    app_state(core).await
}

/// The open profile's settings.
#[tauri::command]
#[specta::specta]
pub async fn settings(core: State<'_, AppCore>) -> Answer<Settings> {
    told(&core, core.settings().await).await
}

/// Keeps the settings and answers them as kept.
#[tauri::command]
#[specta::specta]
pub async fn save_settings(core: State<'_, AppCore>, settings: Settings) -> Answer<Settings> {
    let result = async { core.desk().await?.save_settings(settings).await }.await;
    told(&core, result).await
}

/// Message and hint of a code that came without them: a gate's, a status's, a notice's.
#[tauri::command]
#[specta::specta]
pub async fn explain(core: State<'_, AppCore>, code: String) -> Answer<UiError> {
    let text = core
        .locale()
        .await
        .catalogue()
        .error(&code, &[("detail", String::new())]);
    Ok(UiError {
        code,
        message: text.message,
        hint: text.hint,
        detail: text.detail,
    })
}
