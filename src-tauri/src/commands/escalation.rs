//! Escalation and triage: the sheet of a ticket, escalating it, the board and its steps.

use crate::{
    api::{Accepted, Board, BoardQuery, ChaseRow, EscalationSheet, EscalationState, NewEscalation},
    commands::{Answer, told},
    core::AppCore,
};
use guichet_domain::{TicketId, diagnosis::Diagnosis, triage::TriageAction};
use tauri::State;

/// What is needed to escalate a ticket.
#[tauri::command]
#[specta::specta]
pub async fn escalation(core: State<'_, AppCore>, ticket: TicketId) -> Answer<EscalationSheet> {
    let result = async { core.desk().await?.escalation(ticket).await }.await;
    told(&core, result).await
}

/// Keeps a ticket's diagnosis as typed; answers once it is durable.
#[tauri::command]
#[specta::specta]
pub async fn keep_diagnosis(core: State<'_, AppCore>, ticket: TicketId, diagnosis: Diagnosis) -> Answer<()> {
    let result = async { core.desk().await?.keep_diagnosis(ticket, &diagnosis).await }.await;
    told(&core, result).await
}

/// Escalates a ticket; all of it is durable when it answers.
#[tauri::command]
#[specta::specta]
pub async fn escalate(core: State<'_, AppCore>, ticket: TicketId, escalation: NewEscalation) -> Answer<Accepted> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.escalate(ticket, &escalation, locale).await }.await;
    told(&core, result).await
}

/// Where a ticket's escalation stands.
#[tauri::command]
#[specta::specta]
pub async fn ticket_escalation(core: State<'_, AppCore>, ticket: TicketId) -> Answer<EscalationState> {
    let result = async { core.desk().await?.ticket_escalation(ticket).await }.await;
    told(&core, result).await
}

/// The board of what was escalated.
#[tauri::command]
#[specta::specta]
pub async fn triage_board(core: State<'_, AppCore>, query: BoardQuery) -> Answer<Board> {
    let result = async { core.desk().await?.triage_board(&query).await }.await;
    told(&core, result).await
}

/// Does a step of triage; all of it is durable when it answers.
#[tauri::command]
#[specta::specta]
pub async fn triage(core: State<'_, AppCore>, ticket: TicketId, action: TriageAction) -> Answer<Accepted> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.triage(ticket, &action, locale).await }.await;
    told(&core, result).await
}

/// Third parties that are waited for, the next to be reminded first.
#[tauri::command]
#[specta::specta]
pub async fn chase_list(core: State<'_, AppCore>) -> Answer<Vec<ChaseRow>> {
    let result = async { core.desk().await?.chase_list().await }.await;
    told(&core, result).await
}
