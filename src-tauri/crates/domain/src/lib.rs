//! The help desk's own words and rules: tickets, timeline, people, articles, assets, the operations a technician
//! performs on them, and how a pending operation shows before the server has heard of it.
//!
//! Nothing here does I/O: time, identifiers and randomness come in as parameters, so that every rule can be tested
//! (and simulated) without a disk, a network or a clock.

pub mod alert;
pub mod article;
pub mod asset;
pub mod audit;
pub mod call;
pub mod catalogue;
pub mod consent;
pub mod deep_link;
pub mod diagnosis;
pub mod document;
pub mod escalation;
pub mod history;
pub mod hot_transfer;
pub mod ids;
pub mod merge;
pub mod names;
pub mod operation;
pub mod outbox;
pub mod people;
pub mod phone;
pub mod record;
pub mod rich_text;
pub mod room;
pub mod surge;
pub mod text;
pub mod ticket;
pub mod timeline;
pub mod triage;
pub mod view;
pub mod wording;
pub mod wrap_up;

pub use ids::*;
