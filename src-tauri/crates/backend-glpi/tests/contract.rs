//! The adapter against recorded GLPI servers: every excerpt in `tests/contract/recordings` was cut from an exchange with a
//! running 10.0.20 or 11.0.6, and every fact a client can get wrong has a test named after it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "contract/support.rs"]
mod support;

#[path = "contract/delta.rs"]
mod delta;
#[path = "contract/errors.rs"]
mod errors;
#[path = "contract/history.rs"]
mod history;
#[path = "contract/mapping.rs"]
mod mapping;
#[path = "contract/probing.rs"]
mod probing;
#[path = "contract/reading.rs"]
mod reading;
#[path = "contract/sessions.rs"]
mod sessions;
#[path = "contract/writing.rs"]
mod writing;
