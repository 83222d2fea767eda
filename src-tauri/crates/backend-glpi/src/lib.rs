//! GLPI's legacy REST API (10.0 and 11.0) as a [`guichet_backend::Backend`]. No wire type leaves this crate.
//!
//! [`GlpiBackend`] speaks the protocol over a [`transport::Transport`]: [`HttpTransport`] in the product, a recorded or
//! simulated one in tests. The facts it rests on (what a 200, a 201, a 400 of GLPI really mean) are each held by a test
//! named after the fact, over excerpts of recorded exchanges in `tests/contract/recordings`.

mod backend;
mod base_url;
mod bundle;
mod client;
mod config;
mod facts;
mod forms;
mod http_transport;
mod names;
mod probe;
mod pull;
mod reach;
mod read;
mod send;
pub mod transport;
mod wire;
mod zone;

pub use backend::GlpiBackend;
pub use base_url::{BaseUrlError, normalise_base_url};
pub use config::{Account, Credentials, GlpiConfig, VipRule};
pub use http_transport::{HttpTransport, HttpTransportError, Limits, Reach};
