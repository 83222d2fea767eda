//! The lock.

use crate::{
    api::{LockSettings, LockState, SignInAgain},
    commands::{Answer, told},
    core::AppCore,
};
use tauri::State;
use zeroize::Zeroizing;

/// How the lock stands; answered while it is locked too.
#[tauri::command]
#[specta::specta]
pub async fn lock_state(core: State<'_, AppCore>) -> Answer<LockState> {
    Ok(core.lock_state().await)
}

/// Locks the window. `place`: where it is, given back when it is opened.
#[tauri::command]
#[specta::specta]
pub async fn lock(core: State<'_, AppCore>, place: Option<String>) -> Answer<()> {
    told(&core, core.lock_now(place)).await
}

/// Opens the window with the PIN; answers where it was.
#[tauri::command]
#[specta::specta]
pub async fn unlock(core: State<'_, AppCore>, pin: String) -> Answer<Option<String>> {
    told(&core, core.unlock(Zeroizing::new(pin)).await).await
}

/// Opens the window because its account signed in again at its server; answers where it was. The PIN is gone then.
#[tauri::command]
#[specta::specta]
pub async fn unlock_by_account(core: State<'_, AppCore>, form: SignInAgain) -> Answer<Option<String>> {
    told(&core, core.unlock_by_account(form).await).await
}

/// Chooses the PIN that the organisation wants, at a desk that has none; answers where the window was.
#[tauri::command]
#[specta::specta]
pub async fn choose_pin(core: State<'_, AppCore>, pin: String) -> Answer<Option<String>> {
    told(&core, core.choose_pin(Zeroizing::new(pin)).await).await
}

/// Sets, changes or (with none) takes away the PIN.
#[tauri::command]
#[specta::specta]
pub async fn change_pin(core: State<'_, AppCore>, current: String, next: Option<String>) -> Answer<LockState> {
    let result = core.change_pin(Zeroizing::new(current), next.map(Zeroizing::new)).await;
    told(&core, result).await?;
    Ok(core.lock_state().await)
}

/// Keeps the lock's preferences.
#[tauri::command]
#[specta::specta]
pub async fn save_lock(core: State<'_, AppCore>, settings: LockSettings) -> Answer<LockState> {
    told(&core, core.save_lock(settings)).await?;
    Ok(core.lock_state().await)
}
