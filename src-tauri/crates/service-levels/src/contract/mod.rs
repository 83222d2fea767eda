//! The contract file, read and checked: calendars, populations, indicators with their targets, penalties, and the policies the
//! desk works by. The engine knows *kinds* of indicators; which indicators exist, on whom and with which figures is said by
//! the file (`assets/contracts/*.toml`, format in `docs/service-levels.md`).

mod check;
mod classification;
mod file;
mod length;
mod policies;
mod problem;

use crate::{
    calendar::CalendarRules,
    evidence::model::{Severity, Ticket, Word},
    instant::{Instant, Nanoseconds, SECOND},
};
pub use classification::Classification;
pub use guichet_domain::{
    diagnosis::EscalationForm,
    escalation::{EscalationPolicy, Responsibility},
    hot_transfer::{HotTransferPolicy, RosterMember},
    surge::SurgePolicy,
    wording::Text,
    wrap_up::CallPolicy,
};
pub use problem::{ContractError, Problem};
use std::collections::BTreeMap;

/// Some values of a closed set; none said is all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AnyOf(u8);

impl AnyOf {
    fn of<T: Word>(values: &[T]) -> Self {
        Self(values.iter().fold(0, |bits, value| bits | value.bit()))
    }

    /// An unknown value is in no set but that of all.
    fn holds<T: Word>(self, value: Option<T>) -> bool {
        self.0 == 0 || value.is_some_and(|value| self.0 & value.bit() != 0)
    }
}

/// Which tickets: all conditions together, and one of `any` when there are some.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Population {
    types: AnyOf,
    channels: AnyOf,
    scopes: AnyOf,
    priorities: AnyOf,
    urgencies: AnyOf,
    quotes: AnyOf,
    blocking: Option<bool>,
    vip: Option<bool>,
    any: Vec<Population>,
}

impl Population {
    /// Whether a ticket belongs to it.
    #[must_use]
    pub fn holds(&self, ticket: &Ticket<'_>) -> bool {
        self.types.holds(Some(ticket.kind))
            && self.channels.holds(ticket.channel)
            && self.scopes.holds(ticket.scope)
            && self.priorities.holds(ticket.priority)
            && self.urgencies.holds(ticket.urgency)
            && self.quotes.holds(ticket.quote)
            && self
                .blocking
                .is_none_or(|wanted| wanted == ticket.blocking.unwrap_or(false))
            && self.vip.is_none_or(|wanted| wanted == ticket.vip.unwrap_or(false))
            && (self.any.is_empty() || self.any.iter().any(|one| one.holds(ticket)))
    }
}

/// A population with its target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Which tickets.
    pub population: Population,
    /// Longest delay that meets the target.
    pub target: Nanoseconds,
}

/// What an indicator counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Inbound calls answered in time.
    CallAnswer {
        /// Queues counted; none is all.
        queues: Vec<String>,
        /// Longest wait.
        target: Nanoseconds,
        /// A call abandoned earlier than this is left out.
        abandoned_after: Nanoseconds,
    },
    /// Tickets taken up in time.
    TakeUp(Vec<Case>),
    /// Alerts taken up in time.
    AlertTakeUp {
        /// Which severities.
        severities: Vec<Severity>,
        /// Longest delay.
        target: Nanoseconds,
    },
    /// Tickets solved at the first contact.
    FirstContact(Population),
    /// Escalations in time, among the tickets escalated.
    Escalation(Vec<Case>),
    /// Delay until the first solution.
    Resolution {
        /// The first case that holds a ticket is its own.
        cases: Vec<Case>,
        /// Waits on somebody else are not counted.
        own_time: bool,
    },
    /// Tickets of the month that have a solution.
    SolvedShare(Population),
    /// Solved tickets that were re-opened.
    ReopenRate(Population),
    /// Answers about tickets.
    Satisfaction,
    /// Periodic surveys.
    Survey,
    /// Availability of services.
    Availability {
        /// Which; none is all in scope.
        services: Vec<String>,
    },
    /// Equipment that complies.
    Compliance,
    /// Milestones kept.
    Milestones,
    /// Dashboards delivered in time.
    Deliverables {
        /// Longest delay after the month's end.
        target: Nanoseconds,
    },
    /// Outages ended in time.
    Restoration {
        /// Which services; none is all.
        services: Vec<String>,
        /// But these.
        except: Vec<String>,
        /// Longest delay.
        target: Nanoseconds,
    },
}

/// What a figure should be, as a share of 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Objective {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Objective {
    /// The figure.
    #[must_use]
    pub const fn share(self) -> f64 {
        match self {
            Self::AtLeast(share) | Self::AtMost(share) => share,
        }
    }

    /// Whether a figure is good enough; equality is.
    #[must_use]
    pub fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(share) => value >= share,
            Self::AtMost(share) => value <= share,
        }
    }
}

/// An indicator of the contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// Its name in the contract's table.
    pub id: String,
    /// What it is called.
    pub name: Text,
    /// Calendar of its delays and of its months.
    pub calendar: usize,
    /// What it should be.
    pub objective: Objective,
    /// Penalty level foreseen when it is not.
    pub penalty: Option<String>,
    /// What it counts.
    pub rule: Rule,
}

/// Money foreseen for a penalty level.
#[derive(Debug, Clone, PartialEq)]
pub struct Penalty {
    /// 0 where the contract's amount is not known.
    pub amount: f64,
    /// "EUR".
    pub currency: String,
}

/// A calendar and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCalendar {
    /// In the file.
    pub name: String,
    /// When it is open.
    pub rules: CalendarRules,
}

/// Who is rung for a hot transfer, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roster {
    /// Its name.
    pub name: String,
    /// When it serves.
    pub calendar: usize,
    /// Groups in the order they are rung.
    pub steps: Vec<RosterStep>,
}

/// One to ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterStep {
    /// The group's name in the ITSM.
    pub group: String,
    /// Who, where it is one person; the group's name else.
    pub name: String,
    /// What is dialled; empty where the file does not say.
    pub extension: String,
    /// Their telephone as the PBX names it.
    pub device: Option<String>,
    /// When they are on duty, if not all the time the roster serves.
    pub hours: Option<usize>,
    /// How long it rings before the next.
    pub ring: Nanoseconds,
}

/// How VIPs are served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VipPolicy {
    /// Their calls go to the roster.
    pub hot_transfer: bool,
    /// Groups of the ITSM whose members are VIPs, besides what the ITSM marks.
    pub groups: Vec<String>,
}

/// How calls are handed over without being cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotTransferRules {
    /// Who is asked.
    pub roster: usize,
    /// What the machine works by.
    pub policy: HotTransferPolicy,
}

/// A contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {
    /// Its name.
    pub id: String,
    /// What it is called.
    pub name: Text,
    /// Its calendars.
    pub calendars: Vec<NamedCalendar>,
    /// The calendar of what has none of its own.
    pub calendar: usize,
    /// Indicators in the order of the file.
    pub indicators: Vec<Indicator>,
    /// By level.
    pub penalties: BTreeMap<String, Penalty>,
    /// A clock turns before it is late: when less than this share of its target is left.
    pub warning_share: f64,
    /// How VIPs are served.
    pub vip: VipPolicy,
    /// How calls are handed over; `None` where they are not.
    pub hot_transfer: Option<HotTransferRules>,
    /// Who is in charge of what, and what goes along.
    pub escalation: EscalationPolicy,
    /// How calls are kept.
    pub calls: CallPolicy,
    /// What tickets are, from what the ITSM says of them.
    pub classification: Classification,
    /// When a surge is noticed.
    pub surge: Option<SurgePolicy>,
    /// Who is rung.
    pub rosters: Vec<Roster>,
}

/// The contracts that come with the product: name and text.
const EMBEDDED: [(&str, &str); 3] = [
    ("vsgp", include_str!("../../../../../assets/contracts/vsgp.toml")),
    ("giped", include_str!("../../../../../assets/contracts/giped.toml")),
    (
        "itil-default",
        include_str!("../../../../../assets/contracts/itil-default.toml"),
    ),
];

impl Contract {
    /// Reads and checks a contract file.
    ///
    /// # Errors
    /// What is wrong first, with its line and column.
    pub fn parse(text: &str) -> Result<Self, ContractError> {
        check::contract(text)
    }

    /// Whether a calendar of the contract is open at an instant; `None` when it has no calendar of that name.
    #[must_use]
    pub fn is_open(&self, calendar: &str, at: Instant) -> Option<bool> {
        let known = self.calendars.iter().find(|known| known.name == calendar)?;
        Some(known.rules.is_open(at))
    }

    /// Who is on a roster, in its order, and who of them is on duty at an instant: the roster serves, and so do they.
    #[must_use]
    pub fn roster_members(&self, roster: usize, at: Instant) -> Vec<RosterMember> {
        let open = |calendar: usize| {
            self.calendars
                .get(calendar)
                .is_some_and(|known| known.rules.is_open(at))
        };
        let Some(roster) = self.rosters.get(roster) else {
            return Vec::new();
        };
        let serves = open(roster.calendar);
        let member = |step: &RosterStep| RosterMember {
            name: step.name.clone(),
            group: step.group.clone(),
            extension: step.extension.clone(),
            device: step.device.clone(),
            ring_s: u32::try_from(step.ring / SECOND).unwrap_or(u32::MAX),
            on_duty: serves && step.hours.is_none_or(open),
            line: None,
            tried: None,
        };
        roster.steps.iter().map(member).collect()
    }

    /// A contract that comes with the product; `None` when there is none of that name.
    #[must_use]
    pub fn embedded(name: &str) -> Option<Result<Self, ContractError>> {
        let (_, text) = EMBEDDED.iter().find(|(known, _)| *known == name)?;
        Some(Self::parse(text))
    }

    /// Names of the contracts that come with the product.
    pub fn embedded_names() -> impl Iterator<Item = &'static str> {
        EMBEDDED.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod policy_tests;
#[cfg(test)]
mod tests;
