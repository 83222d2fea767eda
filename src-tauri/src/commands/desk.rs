//! Writing: operations, the outbox, drafts, files, the two signals the engine takes, and notices on the desktop.

use crate::{
    api::{Accepted, BulkAction, BulkReport, DocumentContent, Submission},
    commands::{Answer, told},
    core::{AppCore, files, notifier::DesktopNotice},
    error::AppError,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use guichet_domain::{
    BlobHash, DocumentId, OperationId, TicketId,
    audit::{AuditAction, AuditEntry},
    document::Attachment,
    outbox::OutboxEntry,
};
use guichet_store::{Draft, Resolution, SavedView};
use guichet_sync::AfterRestore;
use std::time::Duration;
use tauri::State;

/// Accepts operations durably; when it answers, the words are safe.
#[tauri::command]
#[specta::specta]
pub async fn submit(core: State<'_, AppCore>, submission: Submission) -> Answer<Accepted> {
    let result = async {
        let desk = core.desk().await?;
        let hold = match submission.hold_s {
            Some(seconds) => Duration::from_secs(seconds.into()),
            None => desk.hold().await,
        };
        desk.submit(submission.accepted_with(hold)).await
    };
    let result = result.await;
    told(&core, result).await
}

/// Entries of one lane or of all: pending only, or all.
#[tauri::command]
#[specta::specta]
pub async fn outbox(core: State<'_, AppCore>, lane: Option<TicketId>, all: bool) -> Answer<Vec<OutboxEntry>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.outbox(lane, all).await?) }.await;
    told(&core, result).await
}

/// A person's way out of an entry that is stuck or not wanted.
#[tauri::command]
#[specta::specta]
pub async fn resolve_entry(core: State<'_, AppCore>, id: OperationId, resolution: Resolution) -> Answer<()> {
    let result = async { core.desk().await?.resolve(id, resolution).await }.await;
    told(&core, result).await
}

/// What was sent and what a server that was brought back from a backup does not have any more, the newest first.
#[tauri::command]
#[specta::specta]
pub async fn lost_words(core: State<'_, AppCore>) -> Answer<Vec<OutboxEntry>> {
    let result = async { core.desk().await?.lost_words().await }.await;
    told(&core, result).await
}

/// Decides what becomes of it: sent once more (`again`) or left. Answers how many operations were accepted.
#[tauri::command]
#[specta::specta]
pub async fn go_on_after_restore(core: State<'_, AppCore>, again: bool) -> Answer<u32> {
    let answer = if again {
        AfterRestore::SendAgain
    } else {
        AfterRestore::Leave
    };
    let result = async { core.desk().await?.go_on_after_restore(answer).await }.await;
    told(
        &core,
        result.map(|accepted| u32::try_from(accepted.len()).unwrap_or(u32::MAX)),
    )
    .await
}

/// Changes many tickets in one way: one operation a ticket, all accepted in one transaction; what is refused is reported.
#[tauri::command]
#[specta::specta]
pub async fn bulk(core: State<'_, AppCore>, tickets: Vec<TicketId>, action: BulkAction) -> Answer<BulkReport> {
    let locale = core.locale().await;
    let result = async {
        let desk = core.desk().await?;
        desk.bulk(&tickets, &action, desk.hold().await, locale).await
    };
    let result = result.await;
    told(&core, result).await
}

/// Takes back what was submitted and has not left, all of it or nothing, and answers the drafts its words are again. With an
/// operation goes everything that was submitted together with it.
#[tauri::command]
#[specta::specta]
pub async fn take_back(core: State<'_, AppCore>, ids: Vec<OperationId>) -> Answer<Vec<Draft>> {
    let result = async { core.desk().await?.take_back(&ids).await }.await;
    told(&core, result).await
}

/// Keeps a draft as typed; answers once it is durable.
#[tauri::command]
#[specta::specta]
pub async fn save_draft(core: State<'_, AppCore>, draft: Draft) -> Answer<()> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.save_draft(&draft).await?) }.await;
    told(&core, result).await
}

/// The draft under a key; where there is none, the newest of the same kind on the ticket.
#[tauri::command]
#[specta::specta]
pub async fn draft(core: State<'_, AppCore>, key: String, ticket: Option<TicketId>) -> Answer<Option<Draft>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.find_draft(&key, ticket).await?) }.await;
    told(&core, result).await
}

/// Drafts, newest first.
#[tauri::command]
#[specta::specta]
pub async fn drafts(core: State<'_, AppCore>) -> Answer<Vec<Draft>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.drafts().await?) }.await;
    told(&core, result).await
}

/// Forgets a draft.
#[tauri::command]
#[specta::specta]
pub async fn delete_draft(core: State<'_, AppCore>, key: String) -> Answer<()> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.delete_draft(&key).await?) }.await;
    told(&core, result).await
}

/// The views somebody keeps, in their order.
#[tauri::command]
#[specta::specta]
pub async fn saved_views(core: State<'_, AppCore>) -> Answer<Vec<SavedView>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.saved_views().await?) }.await;
    told(&core, result).await
}

/// Keeps a view, at a place among the others; answers all of them.
#[tauri::command]
#[specta::specta]
pub async fn save_view(core: State<'_, AppCore>, view: SavedView, place: Option<u32>) -> Answer<Vec<SavedView>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.save_view(&view, place).await?) }.await;
    told(&core, result).await
}

/// Forgets a view; answers the others.
#[tauri::command]
#[specta::specta]
pub async fn delete_view(core: State<'_, AppCore>, id: String) -> Answer<Vec<SavedView>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.delete_view(&id).await?) }.await;
    told(&core, result).await
}

/// Keeps a file's bytes durably until an operation uploads them.
#[tauri::command]
#[specta::specta]
pub async fn keep_attachment(
    core: State<'_, AppCore>,
    filename: String,
    mime: String,
    base64: String,
) -> Answer<Attachment> {
    let result = async {
        let bytes = STANDARD.decode(base64).map_err(|_| AppError::BadEncoding)?;
        files::keep(&core.desk().await?.store, &filename, &mime, &bytes).await
    };
    let result = result.await;
    told(&core, result).await
}

/// The bytes of a file kept here until it is sent, as standard base64; null when it is not here any more.
#[tauri::command]
#[specta::specta]
pub async fn attachment(core: State<'_, AppCore>, blob: BlobHash) -> Answer<Option<String>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.attachment(&blob).await?) }.await;
    told(&core, result.map(|bytes| bytes.map(|bytes| STANDARD.encode(bytes)))).await
}

/// A document's content: kept here, or fetched and then kept.
#[tauri::command]
#[specta::specta]
pub async fn document(core: State<'_, AppCore>, id: DocumentId) -> Answer<DocumentContent> {
    let result = async {
        let desk = core.desk().await?;
        let (document, bytes) = files::document(&desk, id).await?;
        desk.audit_soon(AuditEntry::done(
            AuditAction::DocumentSeen,
            format!("document:{}", id.0),
        ));
        Ok::<_, AppError>(DocumentContent {
            mime: files::media_type(document.mime.as_deref(), &document.filename),
            openable: files::openable(&document.filename),
            filename: document.filename,
            base64: STANDARD.encode(bytes),
        })
    };
    let result = result.await;
    told(&core, result).await
}

/// Saves a document among the user's downloads, under a name of its own, and answers where; `open`: the system's program for
/// its kind opens it there, where that is a kind to be looked at.
#[tauri::command]
#[specta::specta]
pub async fn save_document(core: State<'_, AppCore>, id: DocumentId, open: bool) -> Answer<String> {
    let result = async {
        let desk = core.desk().await?;
        let (document, bytes) = files::document(&desk, id).await?;
        if open && !files::openable(&document.filename) {
            return Err(AppError::DocumentNotOpened {
                filename: document.filename,
            });
        }
        desk.audit(AuditEntry::done(
            AuditAction::DocumentSaved,
            format!("document:{}", id.0),
        ))
        .await?;
        let path = files::save(files::downloads()?, document.filename, bytes).await?;
        if open {
            tauri_plugin_opener::open_path(&path, None::<&str>).map_err(|error| AppError::LinkFailed {
                message: error.to_string(),
            })?;
        }
        Ok::<_, AppError>(path.display().to_string())
    };
    let result = result.await;
    told(&core, result).await
}

/// The user asks for a round now.
#[tauri::command]
#[specta::specta]
pub async fn sync_now(core: State<'_, AppCore>) -> Answer<()> {
    let result = async { core.desk().await?.sync_now().await }.await;
    told(&core, result).await
}

/// The user is there: poll at the active pace.
#[tauri::command]
#[specta::specta]
pub async fn user_active(core: State<'_, AppCore>) -> Answer<()> {
    core.lock.active(core.now());
    let result = async {
        if let Some(session) = core.desk().await?.session().await {
            session.engine.touch();
        }
        Ok::<_, AppError>(())
    };
    let result = result.await;
    told(&core, result).await
}

/// Opens an address outside the window: `http`, `https`, `mailto` and `tel` only.
#[tauri::command]
#[specta::specta]
pub async fn open_link(core: State<'_, AppCore>, href: String) -> Answer<()> {
    let result = files::link(&href).and_then(|url| {
        tauri_plugin_opener::open_url(url.as_str(), None::<&str>).map_err(|error| AppError::LinkFailed {
            message: error.to_string(),
        })
    });
    told(&core, result).await
}

/// Shows a notice on the desktop unless the window has the focus; answers whether the desktop took it. A click raises the
/// window and is told by the event `notice_clicked`.
#[tauri::command]
#[specta::specta]
pub async fn notify(core: State<'_, AppCore>, summary: String, body: String, ticket: Option<TicketId>) -> Answer<bool> {
    Ok(core.notifier.show(DesktopNotice { summary, body, ticket }).await)
}
