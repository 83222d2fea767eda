//! Who is offered a hot transfer, who is on the roster, and what happens when nobody can take it.

use super::Outcome;
use crate::{call::LineState, diagnosis::DiagnosisField, names::names, ticket::Level, wording::Text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Why a hot transfer is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum OfferReason {
    /// The requester is a VIP.
    Vip,
    /// The ticket is critical.
    Critical,
    /// Both.
    VipAndCritical,
    /// The technician wants it.
    Asked,
}

/// The policy of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct HotTransferPolicy {
    /// Offered for VIPs.
    pub vip: bool,
    /// Offered from this priority on (1 to 6).
    pub priority_at_least: Option<Level>,
    /// What the briefing must say before anybody is consulted.
    pub mandatory: BTreeSet<DiagnosisField>,
    /// How long the PBX has to show the effect of an action, in seconds.
    pub action_timeout_s: u32,
    /// When nobody can take the case: the customer's IT calls back within so many seconds.
    pub call_back_s: u32,
    /// The group that owns that call-back, by its name in the ITSM.
    pub call_back_owner: String,
    /// What to do on the telephone where the PBX cannot be driven.
    pub by_hand: ByHandTexts,
}

/// What the technician does on his own telephone; which keys is a matter of the house's PBX. `{name}` and `{extension}` are
/// filled in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ByHandTexts {
    /// Hold the caller and call the person.
    pub consult: Text,
    /// Join the caller with the person.
    pub join: Text,
    /// Go back to the caller.
    pub take_back: Text,
}

impl HotTransferPolicy {
    /// Whether a hot transfer is offered for this requester and this priority, and why.
    #[must_use]
    pub fn reason(&self, vip: bool, priority: Level) -> Option<OfferReason> {
        let critical = self.priority_at_least.is_some_and(|least| priority >= least);
        match (self.vip && vip, critical) {
            (true, true) => Some(OfferReason::VipAndCritical),
            (true, false) => Some(OfferReason::Vip),
            (false, true) => Some(OfferReason::Critical),
            (false, false) => None,
        }
    }
}

/// Somebody on the roster, in the order they are asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct RosterMember {
    /// Who: a person's name, or the group's.
    pub name: String,
    /// Their group, by its name in the ITSM.
    pub group: String,
    /// What is dialled. Empty where only the technician knows.
    pub extension: String,
    /// Their telephone as the PBX names it ("SIP/7001"), where it is known.
    pub device: Option<String>,
    /// How long it may ring, in seconds.
    pub ring_s: u32,
    /// On duty at the time of the offer.
    pub on_duty: bool,
    /// What their telephone does, where the PBX tells.
    pub line: Option<LineState>,
    /// How the last attempt ended.
    pub tried: Option<Outcome>,
}

impl RosterMember {
    /// Whether they would be asked by themselves: on duty, not tried yet, and not known to be busy or away.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.on_duty && self.tried.is_none() && matches!(self.line, None | Some(LineState::Free))
    }

    /// Whether there is something to dial.
    #[must_use]
    pub fn has_number(&self) -> bool {
        !self.extension.trim().is_empty()
    }

    /// Whether a telephone of the PBX is theirs.
    #[must_use]
    pub fn has_device(&self, device: &str) -> bool {
        match &self.device {
            Some(own) => own == device,
            None => !self.extension.is_empty() && device.rsplit('/').next() == Some(self.extension.as_str()),
        }
    }
}

names!(OfferReason {
    Vip => "vip",
    Critical => "critical",
    VipAndCritical => "vip_and_critical",
    Asked => "asked",
});
