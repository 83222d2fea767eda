//! Telephony: adapters that turn a PBX's own events into [`CallEvent`](guichet_domain::call::CallEvent)s and carry out what
//! the desk asks of it, the [`tracker`] that folds events to calls, and the [`directory`] that finds who a number may be.
//!
//! The shell holds every adapter alike, as a [`Pbx`]. The tracker, the directory and everything of an adapter but its
//! connection are pure: bytes, frames, events and instants come in as parameters, so that recorded streams can be replayed, shuffled and cut.
//! `docs/telephony.md` tells the facts about real PBXs this rests on.

pub mod action;
pub mod aircall;
pub mod ami;
pub mod backoff;
pub mod directory;
pub mod generic;
mod link;
mod net;
pub mod o2g;
pub mod outside;
pub mod pbx;
mod q850;
pub mod state;
mod station;
mod tls;
pub mod tracker;
pub mod wazo;
pub mod xuc;

pub use action::{Abilities, Action, ActionError, Attachment, DATA_PREFIX};
pub use directory::{Candidate, MatchBy, Matches, PhoneBook, PhoneKey};
pub use pbx::{Pbx, PbxUpdate};
pub use state::{ConnectionState, LossReason};
pub use tracker::{CallEffect, Tracker};
