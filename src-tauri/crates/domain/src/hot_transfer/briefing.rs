//! What the consulted person is told: on his screen when his telephone rings, and in the ticket.

use crate::{
    TicketId,
    diagnosis::{Diagnosis, DiagnosisField},
    wording::Phrases,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The caller, as the desk knows him.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct BriefedCaller {
    /// Name, empty when unknown.
    pub name: String,
    /// Where to call him back, as people write it.
    pub number: String,
    /// Marked VIP.
    pub vip: bool,
    /// Site or room, empty when unknown.
    pub site: String,
}

/// The briefing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Briefing {
    /// The ticket it is about; negative while it exists only here.
    pub ticket: Option<TicketId>,
    /// Its title.
    pub title: String,
    /// Who is on the line.
    pub caller: BriefedCaller,
    /// What is known.
    pub diagnosis: Diagnosis,
    /// What the caller expects, and anything else to say first.
    pub note: String,
}

impl Briefing {
    /// The briefing as far as the ticket and the diagnosis form already say it.
    #[must_use]
    pub fn prefilled(ticket: Option<TicketId>, title: &str, caller: BriefedCaller, diagnosis: Diagnosis) -> Self {
        let mut diagnosis = diagnosis;
        if !diagnosis.has(DiagnosisField::Symptom) {
            title.trim().clone_into(&mut diagnosis.symptom);
        }
        Self {
            ticket,
            title: title.to_owned(),
            caller,
            diagnosis,
            note: String::new(),
        }
    }

    /// Whether it tells people the same: the ticket's number is not part of what is told.
    #[must_use]
    pub fn says_as(&self, other: &Self) -> bool {
        (&self.title, &self.caller, &self.diagnosis, &self.note)
            == (&other.title, &other.caller, &other.diagnosis, &other.note)
    }

    /// What it still has to say.
    #[must_use]
    pub fn missing(&self, mandatory: &BTreeSet<DiagnosisField>) -> Vec<DiagnosisField> {
        self.diagnosis.missing(mandatory)
    }

    /// The briefing in lines, as it is read in a ticket.
    #[must_use]
    pub fn lines(&self, phrases: &dyn Phrases) -> Vec<String> {
        let mut lines = Vec::new();
        let caller = &self.caller;
        let known = [&caller.name, &caller.number, &caller.site];
        let who: Vec<&str> = known
            .into_iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect();
        if !who.is_empty() {
            let key = if caller.vip {
                "transfer.briefing.vip"
            } else {
                "transfer.briefing.caller"
            };
            lines.push(phrases.phrase(key, &[("who", who.join(" · "))]));
        }
        lines.extend(self.diagnosis.lines(phrases));
        if !self.note.trim().is_empty() {
            lines.push(phrases.phrase("transfer.briefing.note", &[("note", self.note.trim().to_owned())]));
        }
        lines
    }
}
