//! Tables that leave the desk.

use crate::api::BoardQuery;
use guichet_store::{JournalQuery, TicketQuery};
use serde::{Deserialize, Serialize};
use specta::Type;

/// What is exported: what a list on the screen shows, all of it.
#[derive(Debug, Clone, PartialEq, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Export {
    /// The tickets of a list.
    Tickets {
        /// Which; its slice does not count.
        query: TicketQuery,
    },
    /// The calls of the journal.
    Calls {
        /// Which; its slice does not count.
        query: JournalQuery,
    },
    /// The indicators of a period.
    Indicators {
        /// "2026-06", "2026-W23" or "2026".
        period: String,
    },
    /// What missed the indicators of a period.
    Missed {
        /// "2026-06", "2026-W23" or "2026".
        period: String,
    },
    /// What is blocked.
    Review,
    /// What was done in a period.
    Interventions {
        /// Its first day.
        from: String,
        /// The first day after it.
        to: String,
    },
    /// The notable events of a period.
    Events {
        /// Its first day.
        from: String,
        /// The first day after it.
        to: String,
    },
    /// The audit log, whole.
    Audit,
    /// The escalations of the board.
    Escalations {
        /// Which.
        query: BoardQuery,
    },
}

/// As what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// A workbook.
    Xlsx,
    /// A text file.
    Csv,
}

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Exported {
    /// Where.
    pub path: String,
    /// Rows below the headings.
    pub rows: u32,
}
