//! A pretend PBX that speaks Asterisk's Manager Interface, so that the demo's calls go through the real adapter.
//!
//! [`Exchange`] is the core: time, actions and people's deeds in, frames out, no I/O and no clock of its own. It says what
//! Asterisk 20.20 says, event by event, for the scenes of the recordings (the adapter's `tests/recordings`), traps included: an
//! `Atxfer` is answered "successfully queued" whatever becomes of it, `AttendedTransfer` says "Success" while the target still
//! rings, a busy target leaves the technician in the consultation. What no scene of the recordings shows (voicemail, parking,
//! conferences, several queues) it does not have. [`Pbx`] serves it over TCP on loopback.

mod actions;
mod channel;
mod exchange;
mod scenes;
mod server;

pub use exchange::{Behaviour, Exchange, Line, PbxOptions};
pub use server::{Deed, Done, Pbx};

/// Carries a manager's action out on an exchange that no server is in front of, and gives the answer.
pub fn perform(exchange: &mut Exchange, action: &AmiFrame) -> Vec<AmiFrame> {
    exchange.act(action).frames
}

/// One message of the Manager Interface: its fields in order.
pub type AmiFrame = Vec<(String, String)>;
