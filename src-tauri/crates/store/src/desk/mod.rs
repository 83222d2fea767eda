//! `desk.db`: what exists only here. Migrated with care, never deleted by code.

pub(crate) mod alerts;
pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod call_backs;
pub(crate) mod calls;
pub(crate) mod consents;
pub(crate) mod diagnoses;
pub(crate) mod drafts;
pub(crate) mod events;
pub(crate) mod memo;
pub(crate) mod migrations;
pub(crate) mod outbox;
pub(crate) mod resolve;
pub(crate) mod restored;
pub(crate) mod retention;
pub(crate) mod rooms;
pub(crate) mod settings;
pub(crate) mod transfers;
pub(crate) mod views;
