//! Remote control: what could be started, the person's answer, starting, ending.

use crate::{
    api::{RemotePlan, RemoteSessionCard, RemoteSheet},
    commands::{Answer, told},
    core::{
        AppCore,
        remote::{self, Opener},
    },
};
use guichet_domain::{
    OperationId, TicketId,
    asset::AssetKey,
    consent::{AskedPerson, ConsentId, ConsentMeans},
};
use jiff::Timestamp;
use std::{io, sync::Arc};
use tauri::State;

/// Opens the links that plans yield, as the shell opens links: given whole to the system, through no shell. Of any other kind it
/// opens none, whatever it is given.
pub(crate) fn opener() -> Opener {
    Arc::new(|link| {
        let known = ["https://", "teamviewer10://control?device=", "ms-quick-assist:"];
        if !known.iter().any(|beginning| link.starts_with(beginning)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "this kind of link is not opened",
            ));
        }
        tauri_plugin_opener::open_url(link, None::<&str>).map_err(io::Error::other)
    })
}

/// Remote control of a ticket: equipment, tools, consents, sessions.
#[tauri::command]
#[specta::specta]
pub async fn remote_sheet(core: State<'_, AppCore>, ticket: TicketId) -> Answer<RemoteSheet> {
    let locale = core.locale().await;
    let result = async { remote::sheet(&*core.desk().await?, ticket, locale).await }.await;
    told(&core, result).await
}

/// The same, after the server was asked how the equipment is reached now.
#[tauri::command]
#[specta::specta]
pub async fn fresh_remote_sheet(core: State<'_, AppCore>, ticket: TicketId) -> Answer<RemoteSheet> {
    let locale = core.locale().await;
    let result = async { remote::fresh_sheet(&*core.desk().await?, ticket, locale).await }.await;
    told(&core, result).await
}

/// Keeps a person's answer, for good; answers once it is durable.
#[tauri::command]
#[specta::specta]
pub async fn record_consent(
    core: State<'_, AppCore>,
    ticket: TicketId,
    asset: Option<AssetKey>,
    person: AskedPerson,
    means: ConsentMeans,
    asked_at: Instant,
    agreed: bool,
) -> Answer<RemoteSheet> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        let answer = remote::Answer {
            asset,
            person,
            means,
            asked_at: asked_at.0,
            agreed,
        };
        remote::record(&desk, ticket, answer).await?;
        remote::sheet(&desk, ticket, locale).await
    };
    let result = result.await;
    told(&core, result).await
}

/// An instant as the window writes it.
#[derive(Debug, Clone, Copy, serde::Deserialize, specta::Type)]
#[serde(transparent)]
pub struct Instant(#[specta(type = String)] pub Timestamp);

/// Takes an agreement back; answers once that is durable.
#[tauri::command]
#[specta::specta]
pub async fn withdraw_consent(core: State<'_, AppCore>, ticket: TicketId, agreement: ConsentId) -> Answer<RemoteSheet> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        remote::withdraw(&desk, ticket, agreement).await?;
        remote::sheet(&desk, ticket, locale).await
    };
    let result = result.await;
    told(&core, result).await
}

/// What a session would start, without starting it.
#[tauri::command]
#[specta::specta]
pub async fn remote_plan(core: State<'_, AppCore>, tool: String, target: String) -> Answer<RemotePlan> {
    let result = async { remote::planned(&*core.desk().await?, &tool, &target).await }.await;
    told(&core, result).await
}

/// Starts a session, on a consent that holds for this ticket and this equipment.
#[tauri::command]
#[specta::specta]
pub async fn start_remote(
    core: State<'_, AppCore>,
    ticket: TicketId,
    asset: Option<AssetKey>,
    tool: String,
    target: String,
) -> Answer<RemoteSessionCard> {
    let result = async { remote::start(&*core.desk().await?, ticket, asset, &tool, &target, opener()).await }.await;
    told(&core, result).await
}

/// Ends a session and puts its task into the ticket, once.
#[tauri::command]
#[specta::specta]
pub async fn end_remote(core: State<'_, AppCore>, id: OperationId, note: String) -> Answer<RemoteSessionCard> {
    let locale = core.locale().await;
    let result = async { remote::end(&*core.desk().await?, id, &note, locale).await }.await;
    told(&core, result).await
}

/// Sessions that are not over, and those that ended and are not noted in their ticket yet; oldest first.
#[tauri::command]
#[specta::specta]
pub async fn remote_sessions(core: State<'_, AppCore>) -> Answer<Vec<RemoteSessionCard>> {
    let result = async { remote::open_sessions(&*core.desk().await?).await }.await;
    told(&core, result).await
}

/// Keeps the token of TeamViewer's service with the profile's secrets; none: forgets it.
#[tauri::command]
#[specta::specta]
pub async fn save_remote_token(core: State<'_, AppCore>, token: Option<String>) -> Answer<()> {
    let result = async { remote::save_token(&*core.desk().await?, token).await }.await;
    told(&core, result).await
}

/// Whether such a token is kept.
#[tauri::command]
#[specta::specta]
pub async fn remote_token_set(core: State<'_, AppCore>) -> Answer<bool> {
    let result = async { remote::token_set(&*core.desk().await?).await }.await;
    told(&core, result).await
}
