//! What whole-program tests need: a private desktop (display, message bus, secret store), the sandbox as a process of its
//! own, and the real window, driven by WebKitWebDriver as a person would drive it.
//!
//! Waiting is the rule here: whatever is looked for is looked for again until it is there or the time is up, because a
//! window redraws between two commands. Nothing sleeps for a fixed time and hopes.

use std::time::Duration;

/// How long a thing may take to appear. Generous: the machine may be busy with a build.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

mod console;
mod desktop;
mod error;
mod looks;
pub mod measure;
mod page;
mod process;
mod scenario;
mod screen;
mod screen_reader;
mod server;
mod telephone;
mod window;

pub use atspi::Role;
pub use console::{Console, test_id};
pub use desktop::{Desktop, SCREEN};
pub use error::{Error, Result};
pub use fantoccini::key::Key;
pub use looks::{Looks, packed};
pub use page::Page;
pub use scenario::{Answer, Scenario, axe, checkout};
pub use screen_reader::{Heard, ScreenReader};
pub use server::Server;
pub use telephone::Popped;
pub use window::Window;
