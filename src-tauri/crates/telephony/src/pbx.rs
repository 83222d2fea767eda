//! Any telephone system alike: what the shell holds, whichever adapter it is.
//!
//! An adapter is started with its own settings and a channel that takes [`PbxUpdate`]s; from then on it is a [`Pbx`]: its
//! connection is watched ([`Pbx::state`]), and it is asked for [`Action`]s. It connects, and connects again, by itself. After every
//! connection it reads what is going on and says [`PbxUpdate::Reread`]. Dropping it ends it.

use crate::{
    action::{Abilities, Action, ActionError},
    state::ConnectionState,
};
use async_trait::async_trait;
use guichet_domain::call::{CallEvent, CallSource, LinePresence};
use jiff::Timestamp;
use std::{collections::BTreeSet, fmt::Debug};
use tokio::sync::watch;

/// What an adapter has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PbxUpdate {
    /// Something happened to a call.
    Call(Box<CallEvent>),
    /// A telephone's state changed.
    Line(LinePresence),
    /// What the PBX is doing was read (at every connection): these conversations go on, and no other. What
    /// [`Tracker::absent`](crate::Tracker::absent) wants to know. Never said by a system that cannot be read.
    Reread {
        /// Their names, former ones included.
        alive: BTreeSet<String>,
        /// When.
        at: Timestamp,
    },
}

/// The adapter of one telephone system.
#[async_trait]
pub trait Pbx: Debug + Send + Sync {
    /// Its name among the configured ones: the `source` of its events.
    fn source(&self) -> &CallSource;

    /// Whether it is there, now and from now on.
    fn state(&self) -> watch::Receiver<ConnectionState>;

    /// What it can be asked for at all.
    fn abilities(&self) -> Abilities;

    /// Asks for something, and waits until its effect was seen (or could not be).
    ///
    /// # Errors
    /// See [`ActionError`]; [`ActionError::NotSupported`] for what [`Self::abilities`] does not allow.
    async fn act(&self, action: Action) -> Result<(), ActionError>;

    /// Says goodbye and ends.
    async fn stop(self: Box<Self>);
}
