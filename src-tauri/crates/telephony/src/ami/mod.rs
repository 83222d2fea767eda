//! Asterisk's Manager Interface (AMI), as Asterisk 20 speaks it; XiVO's and Wazo's engine is the same one.
//!
//! Bytes become [`Frame`]s ([`frame`]); the [`Switchboard`] keeps what the PBX is doing (channels, bridges, who
//! rings for whom) and says what that means for calls ([`switchboard`]); [`Ami`] holds the connection, reads the state again
//! after every reconnection, and carries actions out until their **effect** is seen, because AMI's "Success" says only that
//! an action was queued.

mod actions;
mod channels;
mod client;
mod config;
mod connection;
mod conversation;
mod derive;
pub mod frame;
pub mod switchboard;
mod tls;

pub use crate::{
    action::{ActionError, Attachment},
    pbx::PbxUpdate as AmiUpdate,
};
pub use client::Ami;
pub use config::{AmiConfig, AmiSecurity, Scope};
pub use frame::{Decoder, Frame};
pub use switchboard::Switchboard;
