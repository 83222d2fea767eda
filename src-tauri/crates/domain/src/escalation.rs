//! Escalation: who is in charge (the contract's responsibility matrix), the diagnosis that has to go with it, the operations of
//! one lane that carry it out, and the time there is for it.
//!
//! Level 1 stays in charge of following up: escalating adds the group in charge and takes nobody away unless it is told to.

use crate::{
    GroupId, OperationId,
    asset::AssetKey,
    diagnosis::{Diagnosis, DiagnosisField, EscalationForm},
    names::names,
    operation::{AttachTo, Operation},
    rich_text::RichText,
    text::strip_accents,
    ticket::{Actor, Party, Role},
    triage::Marker,
    wording::Phrases,
    wording::Text,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A level of support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum SupportLevel {
    /// The help desk.
    N1,
    /// Second level.
    N2,
    /// Third level: experts, application owners.
    N3,
    /// At the user's place.
    OnSite,
    /// A vendor or a maintainer.
    Vendor,
}

/// Who is in charge of a domain at a level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Charge {
    /// The group, by its name in the ITSM.
    pub group: String,
    /// How to reach them, in words: an extension, a mail address. Empty when the contract does not say.
    pub contact: String,
    /// When they work: a calendar of the contract.
    pub hours: Option<String>,
}

/// A row of the responsibility matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Responsibility {
    /// What it is about: its name in the contract.
    pub domain: String,
    /// What people call it; its name in the contract where the contract does not say.
    pub name: Option<Text>,
    /// Categories of the ITSM that belong to it, by the beginning of their full names.
    pub categories: Vec<String>,
    /// By level.
    pub charges: BTreeMap<SupportLevel, Charge>,
}

/// The contract's policy of escalation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EscalationPolicy {
    /// From the ticket's creation, in seconds of service.
    pub within_s: u32,
    /// A third party that does not answer is reminded after so many seconds of service.
    pub reminder_every_s: u32,
    /// Who is in charge of what.
    pub matrix: Vec<Responsibility>,
    /// Forms by domain.
    pub forms: Vec<EscalationForm>,
}

/// Why something cannot be escalated or triaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EscalationError {
    /// The diagnosis does not say enough.
    #[error("the diagnosis lacks {missing:?}")]
    Incomplete {
        /// What it has to say.
        missing: Vec<DiagnosisField>,
    },
    /// Nobody is in charge.
    #[error("nobody is in charge of {domain} at {level}")]
    NoResponsible {
        /// Of what.
        domain: String,
        /// At which level.
        level: SupportLevel,
    },
    /// A reason is asked for.
    #[error("a reason is needed")]
    NoReason,
    /// The third party has no name.
    #[error("the third party has no name")]
    NoThirdParty,
    /// Not in this state.
    #[error("not possible while it is {state}")]
    WrongState {
        /// The state's name.
        state: &'static str,
    },
}

impl EscalationError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Incomplete { .. } => "escalation_incomplete",
            Self::NoResponsible { .. } => "escalation_no_responsible",
            Self::NoReason => "escalation_no_reason",
            Self::NoThirdParty => "escalation_no_third_party",
            Self::WrongState { .. } => "escalation_wrong_state",
        }
    }
}

/// How much of a category's full name ("Réseau > VPN") a beginning ("reseau") is, in bytes; `None` where it is none. Accents and case do
/// not count, words are whole.
#[must_use]
pub fn beginning_fits(category: &str, beginning: &str) -> Option<usize> {
    let (category, beginning) = (strip_accents(category.trim()), strip_accents(beginning.trim()));
    let rest = category.strip_prefix(&beginning)?;
    let whole = !beginning.is_empty() && !rest.starts_with(char::is_alphanumeric);
    whole.then_some(beginning.len())
}

impl EscalationPolicy {
    /// The level of a group of the matrix: 1 for the help desk, 2 for the second level, 3 for those beyond (experts, on site, vendors);
    /// the lowest where it is in charge at several. `None` for a group that is in no row.
    #[must_use]
    pub fn level_of(&self, group: &str) -> Option<u8> {
        let group = strip_accents(group.trim());
        let charges = self.matrix.iter().flat_map(|row| &row.charges);
        let levels = charges.filter(|(_, charge)| strip_accents(charge.group.trim()) == group);
        levels
            .map(|(level, _)| match level {
                SupportLevel::N1 => 1,
                SupportLevel::N2 => 2,
                SupportLevel::N3 | SupportLevel::OnSite | SupportLevel::Vendor => 3,
            })
            .min()
    }

    /// Who is in charge of a domain at a level.
    ///
    /// # Errors
    /// [`EscalationError::NoResponsible`].
    pub fn charge(&self, domain: &str, level: SupportLevel) -> Result<&Charge, EscalationError> {
        let rows = self.matrix.iter().filter(|row| row.domain == domain);
        rows.filter_map(|row| row.charges.get(&level))
            .next()
            .ok_or_else(|| EscalationError::NoResponsible {
                domain: domain.to_owned(),
                level,
            })
    }

    /// The domain of a category, by its full name ("Réseau > VPN"): the row with the longest beginning that fits.
    #[must_use]
    pub fn domain_of(&self, category: &str) -> Option<&str> {
        let fits = |beginning: &String| beginning_fits(category, beginning);
        let rows = self.matrix.iter().filter_map(|row| {
            let longest = row.categories.iter().filter_map(fits).max()?;
            Some((longest, row))
        });
        // Of equally long ones the first.
        let best = rows.reduce(|best, other| if other.0 > best.0 { other } else { best });
        best.map(|(_, row)| row.domain.as_str())
    }

    /// The form of a domain.
    #[must_use]
    pub fn form(&self, domain: &str) -> EscalationForm {
        EscalationForm::of_domain(&self.forms, domain)
    }
}

/// A group by number and name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
// The window has a `NamedGroup` already, whose name may be missing.
#[serde(rename = "GroupInCharge")]
pub struct NamedGroup {
    /// Number at the backend.
    pub id: GroupId,
    /// Name there.
    pub name: String,
}

impl NamedGroup {
    pub(crate) fn assigned(&self) -> Actor {
        Actor {
            role: Role::Assigned,
            party: Party::Group { id: self.id },
        }
    }
}

/// An escalation as the technician asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation<'a> {
    /// Of the matrix.
    pub domain: &'a str,
    /// Of the matrix.
    pub level: SupportLevel,
    /// The group in charge, as the ITSM has it.
    pub group: &'a NamedGroup,
    /// What was found out.
    pub diagnosis: &'a Diagnosis,
    /// Anything else.
    pub note: &'a str,
    /// Equipment the ticket has already.
    pub linked: &'a [AssetKey],
    /// Who gives the ticket up. Empty as a rule: level 1 follows up.
    pub release: &'a [Actor],
}

/// The operations of an escalation, in the order of one lane: the diagnosis as a private follow-up that is known again by its first
/// line, the group, then equipment and documents. The group comes before the documents: a file that the server refuses blocks the
/// lane behind it, and the half hour is counted to the assignment.
///
/// # Errors
/// What keeps it here. Nothing is half planned.
pub fn plan_escalation(
    escalation: &Escalation<'_>,
    policy: &EscalationPolicy,
    phrases: &dyn Phrases,
    mut id: impl FnMut() -> OperationId,
) -> Result<Vec<(OperationId, Operation)>, EscalationError> {
    let charge = policy.charge(escalation.domain, escalation.level)?;
    let missing = escalation.diagnosis.missing(&policy.form(escalation.domain).mandatory);
    if !missing.is_empty() {
        return Err(EscalationError::Incomplete { missing });
    }
    let followup = id();
    let body = RichText::from_plain(&escalation_text(escalation, charge, phrases));
    let mut operations = vec![
        (followup, Operation::AddFollowup { body, private: true }),
        (
            id(),
            Operation::Assign {
                actor: escalation.group.assigned(),
            },
        ),
    ];
    for actor in escalation.release {
        let actor = actor.clone();
        operations.push((id(), Operation::Unassign { actor }));
    }
    for asset in &escalation.diagnosis.assets {
        if !escalation.linked.contains(&asset.key) {
            let asset = asset.key.clone();
            operations.push((id(), Operation::LinkAsset { asset }));
        }
    }
    for attachment in &escalation.diagnosis.screenshots {
        let upload = Operation::UploadDocument {
            attachment: attachment.clone(),
            attach_to: AttachTo::Operation { id: followup },
        };
        operations.push((id(), upload));
    }
    Ok(operations)
}

/// What the group in charge reads: the marker, to whom it goes, the diagnosis.
fn escalation_text(escalation: &Escalation<'_>, charge: &Charge, phrases: &dyn Phrases) -> String {
    let to = escalation.group.name.clone();
    let mut lines = vec![Marker::Sent { to: to.clone() }.line(phrases.language())];
    let level = phrases.phrase(&format!("escalation.level.{}", escalation.level), &[]);
    let domain = escalation.domain.to_owned();
    lines.push(phrases.phrase("escalation.to", &[("group", to), ("domain", domain), ("level", level)]));
    if !charge.contact.trim().is_empty() {
        lines.push(phrases.phrase("escalation.contact", &[("contact", charge.contact.trim().to_owned())]));
    }
    lines.extend(escalation.diagnosis.lines(phrases));
    if !escalation.note.trim().is_empty() {
        lines.push(phrases.phrase("escalation.note", &[("note", escalation.note.trim().to_owned())]));
    }
    lines.join("\n")
}

/// How the time to escalate stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum TimerState {
    /// There is time.
    Running,
    /// Less than a third is left.
    Short,
    /// It is over, and the ticket was not escalated. No failure as long as it is not: not every ticket is.
    Over,
    /// Escalated in time.
    Met,
    /// Escalated too late.
    Late,
}

/// The time to escalate a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct EscalationTimer {
    /// How it stands.
    pub state: TimerState,
    /// Seconds of service used until now, or until the escalation.
    pub used_s: i64,
    /// Seconds of service left; 0 when over.
    pub left_s: i64,
}

impl EscalationTimer {
    /// Whether the time was kept, or can still be.
    #[must_use]
    pub const fn is_in_time(&self) -> bool {
        !matches!(self.state, TimerState::Over | TimerState::Late)
    }
}

/// The time to escalate from the ticket's creation. `service_time` says how long the service was open between two instants
/// (a calendar of the contract, or the clock on the wall); reaching the limit exactly is in time.
#[must_use]
pub fn escalation_timer(
    opened_at: Timestamp,
    escalated_at: Option<Timestamp>,
    within_s: u32,
    now: Timestamp,
    service_time: impl Fn(Timestamp, Timestamp) -> SignedDuration,
) -> EscalationTimer {
    let until = escalated_at.unwrap_or(now);
    let used = service_time(opened_at, until).max(SignedDuration::ZERO);
    let within = SignedDuration::from_secs(i64::from(within_s));
    let left = (within - used).max(SignedDuration::ZERO);
    let in_time = used <= within;
    let state = match (escalated_at.is_some(), in_time) {
        (true, true) => TimerState::Met,
        (true, false) => TimerState::Late,
        (false, false) => TimerState::Over,
        (false, true) if left * 3 < within => TimerState::Short,
        (false, true) => TimerState::Running,
    };
    EscalationTimer {
        state,
        used_s: used.as_secs(),
        left_s: left.as_secs(),
    }
}

names!(SupportLevel {
    N1 => "n1",
    N2 => "n2",
    N3 => "n3",
    OnSite => "on_site",
    Vendor => "vendor",
});

#[cfg(test)]
#[path = "escalation_tests.rs"]
mod tests;
