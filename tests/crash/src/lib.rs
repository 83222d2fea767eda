//! Real kills. A **victim** process works through a script over the real store in files, the real engine and the real adapter,
//! and says over a pipe what was acknowledged; at a planned place it kills itself with SIGKILL. The **referee**, which holds the
//! server, starts it again until it has nothing left to do, and then looks for everything that was acknowledged.
//!
//! How it is run and what it proves: `docs/crash-tests.md`.

mod referee;
mod script;
mod victim;

pub use referee::{Plan, Report, Trouble, run};
pub use victim::{Life, live};

use guichet_store::DataKey;

/// The key of every profile here.
const KEY: DataKey = DataKey::from_bytes([0x5e; 32]);
