//! The shell: the only code that knows Tauri. [`core`] is the application without a window; the window's commands
//! ([`commands`]) and the command line ([`cli`]) both stand on it.

pub mod api;
pub mod cli;
pub mod commands;
pub mod core;
pub mod error;
pub mod messages;
pub mod window;

use crate::{
    cli::{Asked, Ending, Output},
    error::AppError,
    messages::Locale,
};
use std::{ffi::OsString, io::Write, process::ExitCode};

/// Runs the program: a command of the command line, else the window.
#[must_use]
pub fn run() -> ExitCode {
    log_to_stderr();
    #[cfg(target_os = "linux")]
    leave_no_memory_behind();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{error}");
            return Ending::Failed.into();
        }
    };
    let line = match cli::run(&arguments, &runtime) {
        Asked::Ended(ending) => return ending.into(),
        Asked::Window(line) => line,
    };
    let out = Output {
        json: line.json,
        locale: line.lang.unwrap_or_else(Locale::of_system),
    };
    if !window::display_available() {
        if !out.json {
            out.aside(&cli::help_text(out.locale));
        }
        out.error(&AppError::NoDisplay);
        return Ending::Usage.into();
    }
    match window::open(*line, &runtime) {
        Ok(()) => Ending::Done.into(),
        Err(error) => out.error(&error).into(),
    }
}

/// A crash writes no image of the memory to the disk: keys, secrets and people's words are in it. The processes that draw the
/// page inherit it.
#[cfg(target_os = "linux")]
fn leave_no_memory_behind() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "a crash could leave an image of the memory behind");
    }
}

/// Warnings go to standard error; `GUICHET_LOG` asks for more (`guichet_sync=debug`). Nothing secret is ever logged.
fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("GUICHET_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
