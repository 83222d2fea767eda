//! The contract file as it is written. Every key that is checked beyond its kind knows its place in the text.

use super::{Responsibility, Text, VipPolicy};
use crate::{
    calendar::holidays::Holidays,
    evidence::model::{Channel, Priority, Quote, Scope, Severity, TicketType, Urgency},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub id: String,
    pub name: Text,
    pub calendar: Spanned<String>,
    pub warning_share: Option<Spanned<f64>>,
    pub calendars: BTreeMap<String, Spanned<CalendarTable>>,
    #[serde(default)]
    pub populations: BTreeMap<String, PopulationTable>,
    #[serde(default)]
    pub penalties: BTreeMap<String, PenaltyTable>,
    pub indicators: Vec<Spanned<IndicatorTable>>,
    #[serde(default)]
    pub vip: VipPolicy,
    pub surge: Option<SurgeTable>,
    #[serde(default)]
    pub responsibilities: Vec<Responsibility>,
    #[serde(default)]
    pub rosters: Vec<RosterTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarTable {
    pub time_zone: Spanned<String>,
    #[serde(default)]
    pub holidays: Holidays,
    #[serde(default)]
    pub closed: Vec<Spanned<String>>,
    /// By day (`sat`) or range of days (`mon-fri`).
    pub open: BTreeMap<Spanned<String>, Spanned<Vec<Spanned<String>>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PopulationTable {
    #[serde(default, rename = "type")]
    pub types: Vec<TicketType>,
    #[serde(default, rename = "channel")]
    pub channels: Vec<Channel>,
    #[serde(default, rename = "scope")]
    pub scopes: Vec<Scope>,
    #[serde(default, rename = "priority")]
    pub priorities: Vec<Priority>,
    #[serde(default, rename = "urgency")]
    pub urgencies: Vec<Urgency>,
    #[serde(default, rename = "quote")]
    pub quotes: Vec<Quote>,
    pub blocking: Option<bool>,
    pub vip: Option<bool>,
    #[serde(default)]
    pub any: Vec<PopulationTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PenaltyTable {
    pub amount: Spanned<f64>,
    pub currency: String,
}

/// What an indicator counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    CallAnswer,
    TakeUp,
    AlertTakeUp,
    FirstContact,
    Escalation,
    Resolution,
    SolvedShare,
    ReopenRate,
    Satisfaction,
    Survey,
    Availability,
    Compliance,
    Milestones,
    Deliverables,
    Restoration,
}

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CallAnswer => "call_answer",
            Self::TakeUp => "take_up",
            Self::AlertTakeUp => "alert_take_up",
            Self::FirstContact => "first_contact",
            Self::Escalation => "escalation",
            Self::Resolution => "resolution",
            Self::SolvedShare => "solved_share",
            Self::ReopenRate => "reopen_rate",
            Self::Satisfaction => "satisfaction",
            Self::Survey => "survey",
            Self::Availability => "availability",
            Self::Compliance => "compliance",
            Self::Milestones => "milestones",
            Self::Deliverables => "deliverables",
            Self::Restoration => "restoration",
        }
    }

    /// Keys it has a use for, besides those of every indicator.
    pub(super) const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::CallAnswer => &["target", "queues", "abandoned_after"],
            Self::TakeUp | Self::Escalation => &["target", "population", "cases"],
            Self::AlertTakeUp => &["target", "severities"],
            Self::FirstContact | Self::SolvedShare | Self::ReopenRate => &["population"],
            Self::Resolution => &["target", "population", "cases", "own_time"],
            Self::Satisfaction | Self::Survey | Self::Compliance | Self::Milestones => &[],
            Self::Availability => &["services"],
            Self::Deliverables => &["target"],
            Self::Restoration => &["target", "services", "except_services"],
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IndicatorTable {
    pub id: Spanned<String>,
    pub name: Text,
    pub kind: Spanned<Kind>,
    pub calendar: Option<Spanned<String>>,
    pub at_least: Option<Spanned<f64>>,
    pub at_most: Option<Spanned<f64>>,
    pub penalty: Option<Spanned<String>>,
    pub target: Option<Spanned<String>>,
    pub population: Option<Spanned<String>>,
    pub cases: Option<Spanned<Vec<CaseTable>>>,
    pub own_time: Option<Spanned<bool>>,
    pub queues: Option<Spanned<Vec<String>>>,
    pub abandoned_after: Option<Spanned<String>>,
    pub severities: Option<Spanned<Vec<Severity>>>,
    pub services: Option<Spanned<Vec<String>>>,
    pub except_services: Option<Spanned<Vec<String>>>,
}

impl IndicatorTable {
    /// The keys that only some kinds use, with their places, as far as they are there.
    pub(super) fn special_keys(&self) -> Vec<(&'static str, usize)> {
        fn place<T>(value: Option<&Spanned<T>>) -> Option<usize> {
            value.map(|value| value.span().start)
        }
        [
            ("target", place(self.target.as_ref())),
            ("population", place(self.population.as_ref())),
            ("cases", place(self.cases.as_ref())),
            ("own_time", place(self.own_time.as_ref())),
            ("queues", place(self.queues.as_ref())),
            ("abandoned_after", place(self.abandoned_after.as_ref())),
            ("severities", place(self.severities.as_ref())),
            ("services", place(self.services.as_ref())),
            ("except_services", place(self.except_services.as_ref())),
        ]
        .into_iter()
        .filter_map(|(key, place)| place.map(|place| (key, place)))
        .collect()
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseTable {
    pub population: Spanned<String>,
    pub target: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SurgeTable {
    pub contacts: Spanned<u32>,
    pub within: Spanned<String>,
    pub message: Text,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterTable {
    pub name: String,
    pub calendar: Option<Spanned<String>>,
    pub steps: Vec<RosterStepTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterStepTable {
    pub group: String,
    pub ring: Spanned<String>,
}
