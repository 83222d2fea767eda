//! The application without its window: profiles, secrets, the open desk, the embedded sandbox. The window's commands and
//! the command line both stand on this; nothing here knows Tauri.

pub mod app;
pub mod article_use;
pub mod audit;
pub mod bulk;
pub mod clocks;
pub mod contract;
pub mod desk;
pub mod diagnosis;
pub mod escalation;
pub mod evidence;
pub mod export;
pub mod figures;
pub mod files;
pub mod handover;
pub mod lease;
pub mod lock;
pub mod notifier;
pub mod os_session;
pub mod pbx;
pub mod policy;
pub mod profile;
pub mod remote;
pub mod retention;
pub mod review;
pub mod rooms;
pub mod sandbox;
pub mod secrets;
pub mod supervision;
pub mod surge;
pub mod telephony;
#[cfg(all(test, target_os = "linux"))]
pub(crate) mod test_bus;
#[cfg(test)]
pub(crate) mod test_desk;
pub mod transfers;
pub mod triage;
pub mod vault;
pub mod wipe;

pub use app::AppCore;
pub use desk::{AppEvent, Desk};
