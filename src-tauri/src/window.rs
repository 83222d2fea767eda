//! The window: one web view that shows files of this program only, calls the commands and hears a few events.

#[cfg(target_os = "linux")]
use crate::core::os_session;
use crate::{
    api::{
        AlertsChanged, CallChanged, Changed, LockChanged, NoticeClicked, RemoteSessionChanged, RoomsChanged,
        SurgeChanged, SyncStatusChanged, TelephonyChanged, TransferChanged,
    },
    cli::{self, args::CommandLine},
    commands,
    core::{
        AppCore,
        desk::{AppEvent, Pace, everything_changed},
        lock::LockChange,
        policy::PolicyRead,
        telephony::TelephonyEvent,
    },
    error::AppError,
};
use std::time::Duration;
use tauri::{
    AppHandle, Manager, RunEvent, Runtime, Url, WebviewWindowBuilder, WindowEvent, webview::NewWindowResponse,
};
use tauri_specta::Event;
use tokio::sync::broadcast::error::RecvError;

/// How long closing may take before the process ends anyway: everything that matters is on the disk already.
const FAREWELL: Duration = Duration::from_secs(3);
/// How much longer each time the page waits before it is loaded again after a crash of its process.
#[cfg(target_os = "linux")]
const RELOAD_PAUSE: Duration = Duration::from_secs(1);
/// The longest such wait, in [`RELOAD_PAUSE`]s.
#[cfg(target_os = "linux")]
const RELOAD_PAUSES: u32 = 10;
/// Turns WebDriver automation on in WebKitGTK and WebView2.
const AUTOMATION: &str = "TAURI_WEBVIEW_AUTOMATION";

/// Whether this machine can show a window: on Linux a display must be named.
#[must_use]
pub fn display_available() -> bool {
    if cfg!(target_os = "linux") {
        ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    } else {
        true
    }
}

/// Another program may drive the window only in builds made for tests.
fn automation_refused(asked: bool) -> bool {
    asked && !cfg!(any(debug_assertions, feature = "e2e"))
}

/// Only files of this program (and, while developing, the development server).
fn is_own(url: &Url, development: Option<&Url>) -> bool {
    let own = match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost"),
        _ => false,
    };
    own || development.is_some_and(|development| url.origin() == development.origin())
}

/// The product's configuration, files and permissions, as they were when it was built.
pub(crate) fn context<R: Runtime>() -> tauri::Context<R> {
    tauri::generate_context!()
}

/// Opens the window and stays until it is closed.
///
/// # Errors
/// When no window can be shown.
pub fn open(line: CommandLine, runtime: &tokio::runtime::Runtime) -> Result<(), AppError> {
    if automation_refused(std::env::var_os(AUTOMATION).is_some()) {
        return Err(AppError::AutomationRefused);
    }
    // Asked first: without a web view a start would end in a dialog that is not ours.
    tauri::webview_version().map_err(|error| AppError::NoWebView {
        message: error.to_string(),
    })?;
    tauri::async_runtime::set(runtime.handle().clone());
    let bindings = commands::bindings::<tauri::Wry>();
    let access = cli::key_access(&line)?;
    let core = AppCore::new(line.profile, line.lang, Pace::Background)
        .under(PolicyRead::of_machine())
        .with_access(access)
        .started_with(line.link);
    let app = tauri::Builder::default()
        .invoke_handler(commands::guarded(bindings.invoke_handler()))
        .manage(core)
        .setup(move |app| {
            bindings.mount_events(app);
            forward_events(app.handle());
            watch_lock(app.handle());
            #[cfg(target_os = "linux")]
            watch_session(app.handle());
            open_profile(app.handle());
            show(app.handle())?;
            Ok(())
        })
        .build(context())
        .map_err(|error| AppError::Window {
            message: error.to_string(),
        })?;
    app.run(|app, event| match event {
        RunEvent::WindowEvent {
            event: WindowEvent::Focused(focused),
            ..
        } => app.state::<AppCore>().notifier.set_focused(focused),
        RunEvent::Exit => {
            tauri::async_runtime::block_on(async {
                let core = app.state::<AppCore>();
                let _ = tokio::time::timeout(FAREWELL, core.close()).await;
            });
        }
        _ => {}
    });
    Ok(())
}

fn show<R: Runtime>(app: &AppHandle<R>) -> tauri::Result<()> {
    let config = app.config();
    let development = cfg!(dev).then(|| config.build.dev_url.clone()).flatten();
    let Some(window) = config.app.windows.first() else {
        return Ok(());
    };
    let window = WebviewWindowBuilder::from_config(app, window)?
        .on_navigation(move |url| is_own(url, development.as_ref()))
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    #[cfg(target_os = "linux")]
    {
        draw_without_a_graphics_card(&window)?;
        load_again_after_a_crash(&window)?;
    }
    Ok(())
}

/// Where Linux lists graphics cards that draw.
#[cfg(target_os = "linux")]
const GRAPHICS_CARDS: &str = "/dev/dri";

/// Whether a folder of devices lists a graphics card that can draw (`renderD128`…).
#[cfg(target_os = "linux")]
fn has_graphics_card(devices: &std::path::Path) -> bool {
    std::fs::read_dir(devices).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("renderD"))
    })
}

/// Without a graphics card (a virtual machine, a remote desktop), WebKitGTK puts its layers together by drawing as a graphics
/// card would, in software: each frame takes several times as long as painting the page's changes directly (measured in
/// `docs/performance.md`). Painting is asked for there.
#[cfg(target_os = "linux")]
fn draw_without_a_graphics_card<R: Runtime>(window: &tauri::WebviewWindow<R>) -> tauri::Result<()> {
    use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt};
    if has_graphics_card(std::path::Path::new(GRAPHICS_CARDS)) {
        return Ok(());
    }
    window.with_webview(|view| {
        if let Some(settings) = WebViewExt::settings(&view.inner()) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// The process that draws the page may be ended by a fault in it or by the system when memory is short; the window would stay
/// blank. Nothing is lost (what was typed is on the disk), so the page is loaded again, where it was.
#[cfg(target_os = "linux")]
fn load_again_after_a_crash<R: Runtime>(window: &tauri::WebviewWindow<R>) -> tauri::Result<()> {
    use webkit2gtk::WebViewExt as _;
    let app = window.app_handle().clone();
    let label = window.label().to_owned();
    let crashes = std::sync::atomic::AtomicU32::new(0);
    window.with_webview(move |view| {
        view.inner().connect_web_process_terminated(move |_, reason| {
            let before = crashes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            tracing::error!(
                ?reason,
                before,
                "the web view's process ended; the page is loaded again"
            );
            let (app, label) = (app.clone(), label.clone());
            tauri::async_runtime::spawn(async move {
                // A page that crashes at once must not keep the machine busy.
                tokio::time::sleep(RELOAD_PAUSE * before.min(RELOAD_PAUSES)).await;
                let reloaded = app.get_webview_window(&label).map(|window| window.reload());
                if let Some(Err(error)) = reloaded {
                    tracing::error!(%error, "the page could not be loaded again");
                }
            });
        });
    })
}

/// The databases are opened while the web view starts.
fn open_profile<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        if let Err(error) = app.state::<AppCore>().desk().await {
            tracing::warn!(%error, "the profile could not be opened; the window will say so");
        }
    });
}

/// Between two looks whether the desk should lock by itself.
const LOCK_PACE: Duration = Duration::from_secs(5);

/// Locks the desk when nobody is there, or when the lease ran out.
fn watch_lock<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let mut round = None;
        loop {
            tokio::time::sleep(LOCK_PACE).await;
            let core = app.state::<AppCore>();
            if let Some(reason) = core.look_at_lock(&mut round).await {
                core.lock_by_itself(reason).await;
            }
            core.look_at_account().await;
        }
    });
}

/// Locks the desk with the session of the operating system.
#[cfg(target_os = "linux")]
fn watch_session<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        os_session::watch(&os_session::Buses::default(), |locked| {
            let app = app.clone();
            async move { app.state::<AppCore>().session_of_system(locked).await }
        })
        .await;
    });
}

/// Brings the window in front of the others.
fn raise<R: Runtime>(app: &AppHandle<R>) {
    for window in app.webview_windows().values() {
        let raised = window
            .unminimize()
            .and_then(|()| window.show())
            .and_then(|()| window.set_focus());
        if let Err(error) = raised {
            tracing::warn!(%error, "the window could not be brought in front");
        }
    }
}

/// Forwards what happens to the window.
pub(crate) fn forward_events<R: Runtime>(app: &AppHandle<R>) {
    let app = app.clone();
    let mut events = app.state::<AppCore>().events();
    tauri::async_runtime::spawn(async move {
        loop {
            let event = match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(_)) => AppEvent::Changed(everything_changed()),
                Err(RecvError::Closed) => return,
            };
            let core = app.state::<AppCore>();
            // Events carry what is read; a page that is told nothing shows nothing. It reads everything when it is opened.
            if core.lock.is_locked() && !matches!(event, AppEvent::Lock(_)) {
                if matches!(event, AppEvent::Telephony(_)) {
                    let _ = LockChanged(core.lock_state().await).emit(&app);
                }
                continue;
            }
            let emitted = match event {
                AppEvent::Lock(change) => {
                    if matches!(change, LockChange::Locked(_)) {
                        core.notifier.withdraw().await;
                    }
                    LockChanged(core.lock_state().await).emit(&app)
                }
                AppEvent::Changed(changes) | AppEvent::Targets(changes) => Changed(changes).emit(&app),
                AppEvent::Status(status) => SyncStatusChanged(*status).emit(&app),
                AppEvent::Telephony(TelephonyEvent::Call(card)) => CallChanged(*card).emit(&app),
                AppEvent::Telephony(TelephonyEvent::Transfer(card)) => TransferChanged(*card).emit(&app),
                AppEvent::Telephony(TelephonyEvent::State(state)) => TelephonyChanged(*state).emit(&app),
                AppEvent::RemoteSession(card) => RemoteSessionChanged(*card).emit(&app),
                AppEvent::Alerts(state) => AlertsChanged(*state).emit(&app),
                AppEvent::Surge(cards) => SurgeChanged(cards).emit(&app),
                AppEvent::Room(cards) => RoomsChanged(cards).emit(&app),
                AppEvent::NoticeClicked(ticket) => {
                    raise(&app);
                    NoticeClicked(ticket).emit(&app)
                }
            };
            if let Err(error) = emitted {
                tracing::warn!(%error, "an event did not reach the window");
            }
        }
    });
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_graphics_card_is_one_that_draws() {
        let devices = tempfile::tempdir().unwrap();
        assert!(!has_graphics_card(&devices.path().join("none")), "no such folder");
        // A card that only shows, as some virtual machines have.
        std::fs::write(devices.path().join("card0"), "").unwrap();
        assert!(!has_graphics_card(devices.path()));
        std::fs::write(devices.path().join("renderD128"), "").unwrap();
        assert!(has_graphics_card(devices.path()));
    }

    #[test]
    fn the_window_shows_nothing_but_its_own_files() {
        let own = |url: &str| is_own(&Url::parse(url).unwrap(), None);
        assert!(own("tauri://localhost/index.html"));
        assert!(own("http://tauri.localhost/"));
        for foreign in [
            "https://glpi.example.org/",
            "http://localhost:5173/",
            "data:text/html,x",
            "file:///etc/passwd",
            "tauri://elsewhere/",
        ] {
            assert!(!own(foreign), "{foreign}");
        }
        let development = Url::parse("http://localhost:5173").unwrap();
        assert!(is_own(
            &Url::parse("http://localhost:5173/x").unwrap(),
            Some(&development)
        ));
    }
}
