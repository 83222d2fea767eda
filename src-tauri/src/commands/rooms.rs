//! Rooms of major incidents.

use crate::{
    api::{NewRoomUpdate, RoomCard, RoomPosted, RoomReport, RoomSheet, SavedRoomReport},
    commands::{Answer, told},
    core::{AppCore, files},
};
use guichet_domain::{OperationId, TicketId, room::RoomWords};
use tauri::State;

/// The rooms that are open, the next update first; with `closed`, the latest closed ones after them.
#[tauri::command]
#[specta::specta]
pub async fn rooms(core: State<'_, AppCore>, closed: bool) -> Answer<Vec<RoomCard>> {
    let result = async { core.desk().await?.rooms(closed).await }.await;
    told(&core, result).await
}

/// The room of a ticket with its parent and children, or null.
#[tauri::command]
#[specta::specta]
pub async fn room(core: State<'_, AppCore>, ticket: TicketId) -> Answer<Option<RoomSheet>> {
    let result = async { core.desk().await?.room(ticket).await }.await;
    told(&core, result).await
}

/// Opens the room of a ticket, or opens it again.
#[tauri::command]
#[specta::specta]
pub async fn open_room(core: State<'_, AppCore>, ticket: TicketId) -> Answer<RoomSheet> {
    let result = async { core.desk().await?.open_room(ticket).await }.await;
    told(&core, result).await
}

/// Keeps what was typed in a room, at every keystroke; answers once it is durable.
#[tauri::command]
#[specta::specta]
pub async fn save_room(core: State<'_, AppCore>, ticket: TicketId, words: RoomWords) -> Answer<RoomCard> {
    let result = async { core.desk().await?.save_room(ticket, words).await }.await;
    told(&core, result).await
}

/// Posts an update; all of it is durable when it answers.
#[tauri::command]
#[specta::specta]
pub async fn post_room_update(core: State<'_, AppCore>, ticket: TicketId, update: NewRoomUpdate) -> Answer<RoomPosted> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.post_room_update(ticket, &update, locale).await }.await;
    told(&core, result).await
}

/// Closes a room.
#[tauri::command]
#[specta::specta]
pub async fn close_room(core: State<'_, AppCore>, ticket: TicketId) -> Answer<RoomSheet> {
    let result = async { core.desk().await?.close_room(ticket).await }.await;
    told(&core, result).await
}

/// The report of a room, as it would be now.
#[tauri::command]
#[specta::specta]
pub async fn room_report(core: State<'_, AppCore>, ticket: TicketId) -> Answer<RoomReport> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.room_report(ticket, locale).await }.await;
    told(&core, result).await
}

/// Saves the report in the downloads, never over another file; with `note`, adds it to the parent as a private follow-up of that
/// identity, once.
#[tauri::command]
#[specta::specta]
pub async fn save_room_report(
    core: State<'_, AppCore>,
    ticket: TicketId,
    note: Option<OperationId>,
) -> Answer<SavedRoomReport> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        desk.save_room_report(ticket, note, files::downloads()?, locale).await
    };
    let result = result.await;
    told(&core, result).await
}
