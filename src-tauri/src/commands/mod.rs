//! The window's commands: each validates, calls one use case and maps the error. The list, for people, is in
//! `docs/architecture.md`; for the window, in `ui/src/backend/bindings.ts`.

pub mod alerts;
pub mod audit;
pub mod calls;
pub mod desk;
pub mod escalation;
pub mod export;
pub mod figures;
pub mod lock;
pub mod profile;
pub mod remote;
pub mod review;
pub mod rooms;
pub mod surge;
pub mod tickets;
mod transfers;

#[cfg(test)]
mod window_tests;

use crate::{
    api::{
        AlertsChanged, CallChanged, Changed, LockChanged, NoticeClicked, RemoteSessionChanged, RoomsChanged,
        SurgeChanged, SyncStatusChanged, TelephonyChanged, TransferChanged, UiError,
    },
    core::{AppCore, lock::LockError},
    error::AppError,
};
use tauri::{Manager as _, Runtime, ipc::Invoke};
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands, collect_events};

/// What a command answers.
pub type Answer<T> = Result<T, UiError>;

/// Maps an error to what a person reads, in the language in force.
pub(crate) async fn told<T>(core: &AppCore, result: Result<T, AppError>) -> Answer<T> {
    match result {
        Ok(value) => Ok(value),
        Err(error) => {
            tracing::debug!(%error, code = error.code(), "a command failed");
            Err(error.explain(core.locale().await))
        }
    }
}

/// The commands a locked desk answers: they say nothing personal and open it. Every other one is refused, whoever calls it.
pub(crate) const ANSWERED_WHILE_LOCKED: [&str; 4] = ["lock_state", "unlock", "unlock_by_account", "choose_pin"];

/// The handler of all commands behind the lock: the one place where a locked desk refuses.
pub fn guarded<R: Runtime>(
    handler: impl Fn(Invoke<R>) -> bool + Send + Sync + 'static,
) -> impl Fn(Invoke<R>) -> bool + Send + Sync + 'static {
    move |invoke| {
        let app = invoke.message.webview_ref().app_handle().clone();
        if !app.state::<AppCore>().lock.is_locked() || ANSWERED_WHILE_LOCKED.contains(&invoke.message.command()) {
            return handler(invoke);
        }
        let resolver = invoke.resolver;
        tauri::async_runtime::spawn(async move {
            let locale = app.state::<AppCore>().locale().await;
            resolver.reject(AppError::from(LockError::Locked).explain(locale));
        });
        true
    }
}

/// Every command and event, with their types.
#[must_use]
pub fn bindings<R: Runtime>() -> Builder<R> {
    Builder::<R>::new()
        .commands(collect_commands![
            lock::lock_state,
            lock::lock,
            lock::unlock,
            lock::unlock_by_account,
            lock::choose_pin,
            lock::change_pin,
            lock::save_lock,
            profile::app_state,
            profile::opened_with,
            profile::open_vault,
            profile::create_profile,
            profile::open_profile,
            profile::sign_in,
            profile::use_sandbox,
            profile::sign_out,
            profile::settings,
            profile::save_settings,
            profile::explain,
            tickets::list_tickets,
            tickets::ticket,
            tickets::open_ticket,
            tickets::refresh_ticket,
            tickets::around_ticket,
            tickets::around_new_ticket,
            tickets::search,
            tickets::person,
            tickets::find_people,
            tickets::groups,
            tickets::places,
            tickets::find_in_places,
            tickets::catalogue,
            tickets::list_articles,
            tickets::article_categories,
            tickets::suggest_articles,
            tickets::article_uses,
            tickets::note_article,
            tickets::article,
            tickets::asset,
            desk::submit,
            desk::outbox,
            desk::resolve_entry,
            desk::lost_words,
            desk::go_on_after_restore,
            desk::take_back,
            desk::bulk,
            desk::save_draft,
            desk::draft,
            desk::drafts,
            desk::delete_draft,
            desk::saved_views,
            desk::save_view,
            desk::delete_view,
            desk::keep_attachment,
            desk::attachment,
            desk::document,
            desk::save_document,
            export::export,
            audit::seen,
            audit::verify_audit,
            audit::send_anchor,
            alerts::alert_incident,
            alerts::alerts,
            alerts::save_supervision,
            alerts::supervision_settings,
            alerts::take_up_alert,
            figures::indicators,
            figures::service_hours,
            review::daily_review,
            review::keep_event,
            review::logbook,
            review::save_chronicle,
            review::withdraw_event,
            desk::sync_now,
            desk::user_active,
            desk::open_link,
            desk::notify,
            calls::telephony,
            calls::calls,
            calls::call_journal,
            calls::call_queues,
            calls::call_card,
            calls::call_backs,
            calls::call_back_done,
            calls::note_call,
            calls::name_caller,
            calls::link_call,
            calls::close_call,
            calls::dial,
            calls::telephone_settings,
            calls::save_telephone,
            calls::telephone_endpoint,
            calls::sandbox_call,
            transfers::transfers,
            transfers::begin_transfer,
            transfers::brief_transfer,
            transfers::decide_transfer,
            transfers::contract_names,
            escalation::escalation,
            escalation::keep_diagnosis,
            escalation::escalate,
            escalation::ticket_escalation,
            escalation::triage_board,
            escalation::triage,
            escalation::chase_list,
            surge::surges,
            surge::dismiss_surge,
            surge::declare_major_incident,
            rooms::rooms,
            rooms::room,
            rooms::open_room,
            rooms::save_room,
            rooms::post_room_update,
            rooms::close_room,
            rooms::room_report,
            rooms::save_room_report,
            remote::remote_sheet,
            remote::fresh_remote_sheet,
            remote::record_consent,
            remote::withdraw_consent,
            remote::remote_plan,
            remote::start_remote,
            remote::end_remote,
            remote::remote_sessions,
            remote::save_remote_token,
            remote::remote_token_set,
        ])
        .events(collect_events![
            Changed,
            SyncStatusChanged,
            NoticeClicked,
            LockChanged,
            CallChanged,
            TelephonyChanged,
            TransferChanged,
            SurgeChanged,
            AlertsChanged,
            RoomsChanged,
            RemoteSessionChanged,
        ])
        .error_handling(ErrorHandlingMode::Throw)
        .typ::<UiError>()
        // Identifiers are the backend's row numbers: far below 2^53.
        .dangerously_cast_bigints_to_number()
        // What is written here is read back here: one form for both directions.
        .disable_serde_phases()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::bindings;
    use specta_typescript::Typescript;
    use std::path::PathBuf;

    /// The window's typed view of the commands is generated and committed; this fails when it is stale, and writes it
    /// with `GUICHET_WRITE_BINDINGS=1` (`cargo xtask bindings`).
    #[test]
    fn the_committed_bindings_are_those_of_the_types() {
        // Asked when the test runs: a build folder kept outside the checkout may serve several.
        let checkout = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
        let committed = checkout.join("ui/src/backend/bindings.ts");
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        let header = "// Generated from the Rust types by `cargo xtask bindings`: do not edit.\n";
        bindings::<tauri::Wry>()
            .export(Typescript::default().header(header), &fresh)
            .unwrap();
        let fresh = std::fs::read_to_string(fresh).unwrap();
        if std::env::var_os("GUICHET_WRITE_BINDINGS").is_some() {
            std::fs::create_dir_all(committed.parent().unwrap()).unwrap();
            std::fs::write(&committed, fresh).unwrap();
            return;
        }
        let committed = std::fs::read_to_string(committed).unwrap_or_default();
        assert!(
            fresh == committed.replace("\r\n", "\n"),
            "ui/src/backend/bindings.ts is stale: run `cargo xtask bindings` and commit it"
        );
    }
}
