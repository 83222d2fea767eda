//! Service levels: calendars and service time, contract files, the indicators of `kpi.md` and the evidence they rest on.
//! The computation is a pure function of (evidence, contract, month); the only output made here are tables for spreadsheets.
//! `docs/service-levels.md` explains the rules with a worked example each.

pub mod calendar;
pub mod clock;
pub mod contract;
pub mod engine;
pub mod evidence;
pub mod export;
pub mod instant;
pub mod period;
pub mod report;
pub mod table;

pub use calendar::{Calendar, CalendarRules, Wait};
pub use clock::{Clocks, NextTarget, Openings, TargetKind, TargetState};
pub use contract::{Contract, ContractError};
pub use engine::compute;
pub use evidence::{model::Evidence, stream::EvidenceError};
pub use instant::{Instant, Month, Nanoseconds};
pub use period::Period;
pub use report::Report;
