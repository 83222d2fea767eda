//! The shell: the only code that knows Tauri. [`core`] is the application without a window; the window's commands
//! ([`commands`]) and the command line ([`cli`]) both stand on it.

pub mod api;
pub mod commands;
pub mod core;
pub mod error;
pub mod messages;
