//! The contract file as it is written. Every key that is checked beyond its kind knows its place in the text.

use super::Text;
use crate::{
    calendar::holidays::Holidays,
    evidence::model::{Channel, Priority, Quote, Scope, Severity, TicketType, Urgency},
};
use guichet_domain::{diagnosis::DiagnosisField, wrap_up::CallLink};
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, fmt};
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
    pub vip: VipTable,
    pub hot_transfer: Option<HotTransferTable>,
    pub escalation: Option<EscalationTable>,
    #[serde(default)]
    pub escalation_form: Vec<Spanned<FormTable>>,
    pub calls: Option<CallsTable>,
    pub classification: Option<ClassificationTable>,
    pub surge: Option<SurgeTable>,
    #[serde(default)]
    pub responsibilities: Vec<ResponsibilityTable>,
    #[serde(default)]
    pub rosters: Vec<RosterTable>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VipTable {
    pub hot_transfer: Option<Spanned<bool>>,
    #[serde(default)]
    pub groups: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HotTransferTable {
    pub roster: Spanned<String>,
    pub priority_at_least: Option<Spanned<u8>>,
    pub mandatory: Option<Vec<DiagnosisField>>,
    pub action_timeout: Option<Spanned<String>>,
    pub call_back: Spanned<String>,
    pub call_back_owner: Spanned<String>,
    pub by_hand: ByHandTable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ByHandTable {
    pub consult: Spanned<Text>,
    pub join: Spanned<Text>,
    pub take_back: Spanned<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EscalationTable {
    pub within: Spanned<String>,
    pub reminder_every: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormTable {
    pub domain: Option<Spanned<String>>,
    pub mandatory: Vec<DiagnosisField>,
    #[serde(default)]
    pub hints: BTreeMap<DiagnosisField, Text>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MaskWord {
    Full,
    LastDigits,
    Hidden,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallsTable {
    pub number: MaskWord,
    pub digits: Option<Spanned<u8>>,
    pub link_as: CallLink,
    pub call_back: Spanned<String>,
    pub call_back_owner: Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClassificationTable {
    #[serde(default)]
    pub infrastructure: Vec<Spanned<String>>,
    #[serde(default)]
    pub information: Vec<Spanned<String>>,
    #[serde(default)]
    pub quotes: BTreeMap<Quote, Vec<Spanned<String>>>,
    pub blocking_urgency: Option<Spanned<u8>>,
    pub priorities: Option<[Priority; 6]>,
    pub urgencies: Option<[Urgency; 5]>,
    pub channels: Option<BTreeMap<Channel, Vec<Spanned<String>>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ResponsibilityTable {
    pub domain: Spanned<String>,
    pub name: Option<Text>,
    #[serde(default)]
    pub categories: Vec<String>,
    pub n1: Option<Spanned<ChargeTable>>,
    pub n2: Option<Spanned<ChargeTable>>,
    pub n3: Option<Spanned<ChargeTable>>,
    pub on_site: Option<Spanned<ChargeTable>>,
    pub vendor: Option<Spanned<ChargeTable>>,
}

/// A group by its name alone, or with how and when it is reached.
#[derive(Debug)]
pub(super) struct ChargeTable {
    pub group: String,
    pub contact: String,
    pub hours: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FullChargeTable {
    group: String,
    #[serde(default)]
    contact: String,
    hours: Option<Spanned<String>>,
}

/// By hand: an untagged enum would lose the places in the text.
impl<'de> Deserialize<'de> for ChargeTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> de::Visitor<'de> for Visitor {
            type Value = ChargeTable;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a group's name, or a table with group, contact and hours")
            }

            fn visit_str<E: de::Error>(self, group: &str) -> Result<Self::Value, E> {
                Ok(ChargeTable {
                    group: group.to_owned(),
                    contact: String::new(),
                    hours: None,
                })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let table = FullChargeTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(ChargeTable {
                    group: table.group,
                    contact: table.contact,
                    hours: table.hours,
                })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
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
    pub times_usual: Option<Spanned<u32>>,
    #[serde(default)]
    pub ignored_words: Vec<String>,
    pub message: Spanned<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterTable {
    pub name: Spanned<String>,
    pub calendar: Option<Spanned<String>>,
    pub steps: Vec<RosterStepTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RosterStepTable {
    pub group: String,
    pub name: Option<String>,
    pub extension: Option<Spanned<String>>,
    pub device: Option<String>,
    pub hours: Option<Spanned<String>>,
    pub ring: Spanned<String>,
}
