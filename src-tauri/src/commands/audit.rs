//! The audit log: what the screen shows is told to it; it is verified, and its head is sent where this desk cannot change it.

use crate::{
    api::{Accepted, AuditReport, Seen},
    commands::{Answer, told},
    core::AppCore,
    error::AppError,
};
use guichet_domain::{
    TicketId,
    audit::{AuditAction, AuditEntry},
};
use tauri::State;

/// Somebody's record is on the screen now. What is read ahead is not told: it was not shown.
#[tauri::command]
#[specta::specta]
pub async fn seen(core: State<'_, AppCore>, what: Seen) -> Answer<()> {
    let result = async {
        let desk = core.desk().await?;
        match what {
            Seen::Ticket { id } => desk.ticket_seen(id),
            Seen::Person { id } => {
                desk.audit_soon(AuditEntry::done(AuditAction::PersonSeen, format!("person:{}", id.0)));
            }
            Seen::Call { id } => {
                let id: String = id.chars().take(64).collect();
                desk.audit_soon(AuditEntry::done(AuditAction::CallSeen, format!("call:{id}")));
            }
        }
        Ok::<_, AppError>(())
    };
    let result = result.await;
    told(&core, result).await
}

/// Goes through the whole log; with a ticket, held against the anchors in its follow-ups.
#[tauri::command]
#[specta::specta]
pub async fn verify_audit(core: State<'_, AppCore>, ticket: Option<TicketId>) -> Answer<AuditReport> {
    let result = async { core.desk().await?.verify_audit(Vec::new(), ticket).await }.await;
    told(&core, result).await
}

/// Sends the head of the log as a private follow-up of a ticket.
#[tauri::command]
#[specta::specta]
pub async fn send_anchor(core: State<'_, AppCore>, ticket: TicketId) -> Answer<Accepted> {
    let locale = core.locale().await;
    let result = async { core.desk().await?.send_anchor(ticket, locale).await }.await;
    told(&core, result).await
}
