//! The indicators of a contract, as the window shows them.

use jiff::Timestamp;
use serde::Serialize;
use specta::Type;

/// What an indicator's missed items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum MissedKind {
    /// Tickets, by their numbers.
    Tickets,
    /// Calls of the journal.
    Calls,
    /// What has no place of its own here: alerts, outages, milestones.
    Other,
}

/// A figure of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct PeriodValue {
    /// "2026-06", "2026-W23" or "2026".
    pub period: String,
    /// Hits; a sum where the figure is a mean.
    pub numerator: f64,
    /// The population.
    pub denominator: f64,
    /// Their quotient, 0 to 1; `None` without data.
    pub value: Option<f64>,
}

/// One indicator.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct IndicatorRow {
    /// Its name in the contract's table.
    pub id: String,
    /// What it is called, in the person's language.
    pub name: String,
    /// What it should be, 0 to 1.
    pub objective: f64,
    /// It should be this or less, not this or more.
    pub at_most: bool,
    /// Whether it is; `None` without data.
    pub met: Option<bool>,
    /// Penalty level foreseen where it is not.
    pub penalty: Option<String>,
    /// What was missed (re-opened, for the re-open rate), sorted.
    pub missed: Vec<String>,
    /// What these are.
    pub missed_kind: MissedKind,
    /// The period and those before it, oldest first: thirteen weeks or months, two years.
    pub history: Vec<PeriodValue>,
    /// Thirteen months, oldest first, the last of which holds the period's end or the data's.
    pub months: Vec<PeriodValue>,
    /// The same period a year before: for a week, 52 weeks before.
    pub year_before: Option<f64>,
}

/// A penalty level that is foreseen.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct PenaltyForeseen {
    /// Its name in the contract.
    pub level: String,
    /// How often: once for each month in which an indicator is not met.
    pub times: u32,
    /// What that comes to; 0 where the contract's amount is not known.
    pub amount: f64,
    /// "EUR".
    pub currency: String,
}

/// What was left out or refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct LeftOut {
    /// What.
    pub id: String,
    /// Why, in the person's language.
    pub reason: String,
}

/// The indicators of a month, a week or a year.
#[derive(Debug, Clone, PartialEq, Serialize, Type)]
pub struct IndicatorSheet {
    /// "2026-06", "2026-W23" or "2026".
    pub period: String,
    /// Its first day, and the first after it: "2026-06-01".
    pub first_day: String,
    /// See `first_day`.
    pub end_day: String,
    /// The contract's name, in the person's language.
    pub contract: String,
    /// Nothing is known after this.
    #[specta(type = String)]
    pub data_end: Timestamp,
    /// In the contract's order.
    pub indicators: Vec<IndicatorRow>,
    /// Penalties of the months that the period has, by level. Contracts are judged by the month: a week has none.
    pub penalties: Vec<PenaltyForeseen>,
    /// Counted nowhere: duplicates, what is in the bin.
    pub excluded: Vec<LeftOut>,
    /// Bad data.
    pub rejected: Vec<LeftOut>,
    /// What cannot be told from what this desk holds, in the person's language.
    pub gaps: Vec<String>,
}

/// When the contract's calendars are open, around now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct ServiceHours {
    /// In the contract's order: a target's clock names its calendar by its place.
    pub calendars: Vec<ServiceCalendar>,
}

/// A calendar's openings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct ServiceCalendar {
    /// A service day, in seconds: its longest.
    pub day_s: u32,
    /// Each opening with its end, in seconds since 1970 (UTC), in order.
    pub spans: Vec<(u32, u32)>,
}
