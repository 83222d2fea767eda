//! The telephone: what is going on, the journal, calling, the settings of the PBX.

use crate::{
    api::{CallCard, PbxSettings, TelephonyState},
    commands::{Answer, told},
    core::{
        AppCore,
        telephony::{self, TelephonyError, Written},
    },
    error::AppError,
};
use guichet_domain::{OperationId, TicketId, UserId, wrap_up::WrapUp};
use guichet_store::{JournalPage, JournalQuery, KeptCallBack};
use tauri::State;

/// Call-backs in one answer, at most: beyond these nobody reads on.
const CALL_BACKS: u32 = 200;

/// Whether calls are seen.
#[tauri::command]
#[specta::specta]
pub async fn telephony(core: State<'_, AppCore>) -> Answer<TelephonyState> {
    let result = async {
        let telephone = core.desk().await?.telephone().await;
        Ok::<_, AppError>(telephone.map_or(
            TelephonyState {
                device: None,
                connection: None,
            },
            |telephone| telephone.state(),
        ))
    };
    let result = result.await;
    told(&core, result).await
}

/// Calls that are going on, oldest first.
#[tauri::command]
#[specta::specta]
pub async fn calls(core: State<'_, AppCore>) -> Answer<Vec<CallCard>> {
    let result = async {
        let telephone = core.desk().await?.telephone().await;
        Ok::<_, AppError>(telephone.map_or_else(Vec::new, |telephone| telephone.calls()))
    };
    let result = result.await;
    told(&core, result).await
}

/// A slice of the call journal, newest first, with its numbers.
#[tauri::command]
#[specta::specta]
pub async fn call_journal(core: State<'_, AppCore>, query: JournalQuery) -> Answer<JournalPage> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.journal(&query).await?) }.await;
    told(&core, result).await
}

/// Queues that calls of the journal came through.
#[tauri::command]
#[specta::specta]
pub async fn call_queues(core: State<'_, AppCore>) -> Answer<Vec<String>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.call_queues().await?) }.await;
    told(&core, result).await
}

/// Who is to be called back, the next due first.
#[tauri::command]
#[specta::specta]
pub async fn call_backs(core: State<'_, AppCore>) -> Answer<Vec<KeptCallBack>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.call_backs(CALL_BACKS).await?) }.await;
    told(&core, result).await
}

/// Says that a call-back is done; what is still to do.
#[tauri::command]
#[specta::specta]
pub async fn call_back_done(core: State<'_, AppCore>, id: OperationId) -> Answer<Vec<KeptCallBack>> {
    let result = async {
        let desk = core.desk().await?;
        desk.store.call_back_done(id, core.now()).await?;
        Ok::<_, AppError>(desk.store.call_backs(CALL_BACKS).await?)
    };
    let result = result.await;
    told(&core, result).await
}

/// The card of a call of the journal.
#[tauri::command]
#[specta::specta]
pub async fn call_card(core: State<'_, AppCore>, id: String) -> Answer<CallCard> {
    let result = async {
        let desk = core.desk().await?;
        telephony::card(&desk.store, desk.telephone().await.as_deref(), &id).await
    };
    let result = result.await;
    told(&core, result).await
}

async fn write(core: &AppCore, id: &str, written: Written) -> Result<CallCard, AppError> {
    let desk = core.desk().await?;
    telephony::write(&desk.store, desk.telephone().await.as_deref(), id, written).await
}

/// Keeps the note of a call as typed; answers once it is durable.
#[tauri::command]
#[specta::specta]
pub async fn note_call(core: State<'_, AppCore>, id: String, note: String) -> Answer<CallCard> {
    let result = write(&core, &id, Written::Note(note)).await;
    told(&core, result).await
}

/// Says who the caller is.
#[tauri::command]
#[specta::specta]
pub async fn name_caller(core: State<'_, AppCore>, id: String, person: Option<UserId>) -> Answer<CallCard> {
    let result = write(&core, &id, Written::Person(person)).await;
    told(&core, result).await
}

/// Says which ticket a call is about.
#[tauri::command]
#[specta::specta]
pub async fn link_call(core: State<'_, AppCore>, id: String, ticket: Option<TicketId>) -> Answer<CallCard> {
    let result = write(&core, &id, Written::Ticket(ticket)).await;
    told(&core, result).await
}

/// Does the wrap-up of a call: what became of it, and its ticket (new, existing, or why there is none), put there as the contract
/// says. All of it is durable when it answers.
#[tauri::command]
#[specta::specta]
pub async fn close_call(core: State<'_, AppCore>, id: String, wrap_up: WrapUp) -> Answer<CallCard> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        desk.close_call(&id, &wrap_up, locale).await
    };
    let result = result.await;
    told(&core, result).await
}

/// Calls a number: one's own telephone rings first.
#[tauri::command]
#[specta::specta]
pub async fn dial(core: State<'_, AppCore>, number: String) -> Answer<()> {
    let result = async {
        let telephone = core.desk().await?.telephone().await.ok_or(TelephonyError::NotSetUp)?;
        Ok::<_, AppError>(telephone.dial(&number).await?)
    };
    let result = result.await;
    told(&core, result).await
}

/// How the PBX is reached; `None` when no telephone is set up.
#[tauri::command]
#[specta::specta]
pub async fn telephone_settings(core: State<'_, AppCore>) -> Answer<Option<PbxSettings>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.config().await.telephone) }.await;
    told(&core, result).await
}

/// Sets the telephone up (the secret that is kept stays when none is given), or takes it away.
#[tauri::command]
#[specta::specta]
pub async fn save_telephone(
    core: State<'_, AppCore>,
    settings: Option<PbxSettings>,
    secret: Option<String>,
) -> Answer<()> {
    let result = async { core.desk().await?.save_telephone(settings, secret).await }.await;
    told(&core, result).await
}

/// Where a telephone of any make tells of its calls; `None` for another kind of telephone.
#[tauri::command]
#[specta::specta]
pub async fn telephone_endpoint(core: State<'_, AppCore>) -> Answer<Option<String>> {
    let result = async { core.desk().await?.telephone_endpoint().await }.await;
    told(&core, result).await
}

/// Makes somebody call the sandbox: a VIP, or the number given.
#[tauri::command]
#[specta::specta]
pub async fn sandbox_call(core: State<'_, AppCore>, number: Option<String>) -> Answer<()> {
    let result = async { core.desk().await?.sandbox_call(number.as_deref()).await }.await;
    told(&core, result).await
}
