//! Surges: many contacts on one subject in a short time, noticed and proposed as a major incident.
//!
//! A subject is a category, a word or a site that several contacts share. It is a surge when, within the policy's length of time, so many
//! contacts have it, **and** that is several times what is usual for it in the contacts before (Monday's passwords are no incident).
//! Subjects that are nearly the same contacts are one proposal; a site most of them share is said.
//!
//! A pure function of the set of contacts and the instant: neither order of arrival nor repetition matters. Every proposal says what it
//! rests on.

use crate::{
    OperationId, TicketId,
    operation::{LanePlan, NewTicket, Operation},
    record::LinkKind,
    text::{fold_tokens, is_stop_word},
    wording::{Phrases, Text},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A category or a site by number and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Label {
    /// The row's number.
    pub id: i64,
    /// Its full name.
    pub name: String,
}

/// One contact: a call, a mail, a request of the portal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Contact {
    /// When.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub at: Timestamp,
    /// Its identity: the ticket's, or the call's. The same contact has the same.
    pub id: String,
    /// Its ticket, if it has one.
    pub ticket: Option<TicketId>,
    /// Its category.
    pub category: Option<Label>,
    /// The caller's site.
    pub site: Option<Label>,
    /// Title, notes: what it is about.
    pub words: String,
}

/// When a surge is noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SurgePolicy {
    /// So many contacts…
    pub contacts: u32,
    /// …within so many seconds.
    pub within_s: u32,
    /// And at least so many times what is usual for the subject in as long a time.
    pub times_usual: u32,
    /// Words that are no subject here, besides those of every help desk.
    pub ignored_words: BTreeSet<String>,
    /// What the phone portal may say; `{subject}` is the subject.
    pub message: Text,
}

/// What is usual is looked for in the contacts of so many lengths before.
const LOOK_BACK: i32 = 16;
/// Words of every help desk, folded: they tell no subject.
const NO_SUBJECT: &[&str] = &[
    "aide",
    "appel",
    "avoir",
    "besoin",
    "bonjour",
    "cordialement",
    "demande",
    "depuis",
    "does",
    "erreur",
    "error",
    "faire",
    "fonctionne",
    "fonctionner",
    "from",
    "hello",
    "help",
    "impossible",
    "incident",
    "issue",
    "marche",
    "matin",
    "merci",
    "message",
    "ordinateur",
    "panne",
    "please",
    "plus",
    "poste",
    "problem",
    "probleme",
    "request",
    "thank",
    "ticket",
    "urgence",
    "urgent",
    "user",
    "utilisateur",
    "with",
    "work",
];

/// What contacts share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Shared {
    /// A category.
    Category {
        /// Which.
        label: Label,
    },
    /// A word, as it is compared (folded).
    Word {
        /// It.
        word: String,
    },
    /// A site.
    Site {
        /// Which.
        label: Label,
    },
}

/// A reason of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SurgeReason {
    /// What is shared.
    pub shared: Shared,
    /// By how many of the proposal's contacts.
    pub count: u32,
}

/// A major incident that is proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct SurgeProposal {
    /// The subject, as people read it.
    pub subject: String,
    /// The site nearly all of them share.
    pub site: Option<Label>,
    /// The category nearly all of them share.
    pub category: Option<Label>,
    /// What it rests on, the strongest first.
    pub reasons: Vec<SurgeReason>,
    /// Contacts on it, by identity, in order of time.
    pub contacts: Vec<String>,
    /// Their tickets: the children.
    pub tickets: Vec<TicketId>,
    /// The first of them.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub from: Timestamp,
    /// The last of them.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub to: Timestamp,
    /// What is usual for the subject in as long a time, in tenths of a contact.
    pub usual_tenths: u32,
    /// What the phone portal may say.
    pub message: Text,
}

/// A subject with the contacts of the latest length of time that have it.
struct Candidate<'a> {
    shared: Shared,
    contacts: Vec<&'a Contact>,
    usual_tenths: u32,
}

/// The surges there are at `now`, the largest first. Contacts later than `now` are not known yet.
#[must_use]
pub fn surges(contacts: &[Contact], policy: &SurgePolicy, now: Timestamp) -> Vec<SurgeProposal> {
    let within = SignedDuration::from_secs(i64::from(policy.within_s));
    let since = now.checked_sub(within).unwrap_or(Timestamp::MIN);
    let looked_back = now.checked_sub(within * (LOOK_BACK + 1)).unwrap_or(Timestamp::MIN);
    // By identity, so that a contact told twice counts once; of two versions the fuller one by a total order.
    let mut known: BTreeMap<&str, &Contact> = BTreeMap::new();
    for contact in contacts
        .iter()
        .filter(|contact| contact.at <= now && contact.at > looked_back)
    {
        let kept = known.entry(&contact.id).or_insert(contact);
        if contact > *kept {
            *kept = contact;
        }
    }
    let mut ordered: Vec<&Contact> = known.into_values().collect();
    ordered.sort();
    let mut subjects: BTreeMap<Shared, (Vec<&Contact>, u32)> = BTreeMap::new();
    for contact in ordered {
        for shared in subjects_of(contact, policy) {
            let (recent, before) = subjects.entry(shared).or_default();
            if contact.at > since {
                recent.push(contact);
            } else {
                *before += 1;
            }
        }
    }
    let least = usize::try_from(policy.contacts.max(2)).unwrap_or(usize::MAX);
    let mut candidates: Vec<Candidate<'_>> = subjects
        .into_iter()
        .filter(|(_, (recent, _))| recent.len() >= least)
        .map(|(shared, (contacts, before))| Candidate {
            shared,
            contacts,
            usual_tenths: before * 10 / LOOK_BACK.unsigned_abs(),
        })
        .filter(|candidate| {
            let tenths = u32::try_from(candidate.contacts.len() * 10).unwrap_or(u32::MAX);
            tenths >= candidate.usual_tenths.saturating_mul(policy.times_usual.max(1))
        })
        .collect();
    // The largest first; of equally large ones a category before a word, and then by name: a total order.
    candidates.sort_by(|a, b| {
        b.contacts
            .len()
            .cmp(&a.contacts.len())
            .then_with(|| a.shared.cmp(&b.shared))
    });
    let mut proposals: Vec<(Candidate<'_>, Vec<Candidate<'_>>)> = Vec::new();
    for candidate in candidates {
        match proposals
            .iter_mut()
            .find(|(main, _)| mostly_in(&candidate.contacts, &main.contacts))
        {
            Some((_, others)) => others.push(candidate),
            None => proposals.push((candidate, Vec::new())),
        }
    }
    proposals
        .into_iter()
        .map(|(main, others)| proposal(&main, &others, policy))
        .collect()
}

/// Whether most of some contacts are among others.
fn mostly_in(some: &[&Contact], others: &[&Contact]) -> bool {
    let ids: BTreeSet<&str> = others.iter().map(|contact| contact.id.as_str()).collect();
    let shared = some.iter().filter(|contact| ids.contains(contact.id.as_str())).count();
    shared * 2 > some.len()
}

/// What a contact may be about. Each once.
fn subjects_of(contact: &Contact, policy: &SurgePolicy) -> BTreeSet<Shared> {
    let words = fold_tokens(&contact.words).into_iter().filter(|word| {
        let no_subject = NO_SUBJECT.contains(&word.as_str()) || policy.ignored_words.contains(word);
        // A number alone (a telephone's, a ticket's) is no subject.
        word.chars().count() >= 3 && word.chars().any(char::is_alphabetic) && !is_stop_word(word) && !no_subject
    });
    let category = contact.category.clone().map(|label| Shared::Category { label });
    // A power cut is many subjects on one site.
    let site = contact.site.clone().map(|label| Shared::Site { label });
    words
        .map(|word| Shared::Word { word })
        .chain(category)
        .chain(site)
        .collect()
}

fn proposal(main: &Candidate<'_>, others: &[Candidate<'_>], policy: &SurgePolicy) -> SurgeProposal {
    let contacts = &main.contacts;
    let count = |candidate: &Candidate<'_>| u32::try_from(candidate.contacts.len()).unwrap_or(u32::MAX);
    let mut reasons: Vec<SurgeReason> = std::iter::once(main)
        .chain(others)
        .map(|candidate| SurgeReason {
            shared: candidate.shared.clone(),
            count: count(candidate),
        })
        .collect();
    let site = shared_by_nearly_all(contacts, |contact| contact.site.as_ref());
    if let Some((label, count)) = &site {
        let (label, count) = (label.clone(), *count);
        let shared = Shared::Site { label };
        if !reasons.iter().any(|reason| reason.shared == shared) {
            reasons.push(SurgeReason { shared, count });
        }
    }
    let category = shared_by_nearly_all(contacts, |contact| contact.category.as_ref());
    let subject = match (&main.shared, &category) {
        (Shared::Category { label }, _) | (_, Some((label, _))) => last_name(&label.name).to_owned(),
        (Shared::Word { word }, None) => as_written(word, contacts),
        (Shared::Site { label }, None) => last_name(&label.name).to_owned(),
    };
    let tickets: BTreeSet<TicketId> = contacts.iter().filter_map(|contact| contact.ticket).collect();
    let times = || contacts.iter().map(|contact| contact.at);
    SurgeProposal {
        message: policy.message.filled("subject", &subject),
        subject,
        site: site.map(|(label, _)| label),
        category: category.map(|(label, _)| label),
        reasons,
        contacts: contacts.iter().map(|contact| contact.id.clone()).collect(),
        tickets: tickets.into_iter().collect(),
        from: times().min().unwrap_or_default(),
        to: times().max().unwrap_or_default(),
        usual_tenths: main.usual_tenths,
    }
}

/// The value that at least four of five contacts have.
fn shared_by_nearly_all<'a>(
    contacts: &[&'a Contact],
    of: impl Fn(&'a Contact) -> Option<&'a Label>,
) -> Option<(Label, u32)> {
    let mut counts: BTreeMap<&Label, usize> = BTreeMap::new();
    for label in contacts.iter().filter_map(|contact| of(contact)) {
        *counts.entry(label).or_default() += 1;
    }
    let (label, count) = counts.into_iter().find(|(_, count)| count * 5 >= contacts.len() * 4)?;
    Some((label.clone(), u32::try_from(count).unwrap_or(u32::MAX)))
}

/// "VPN" of "Réseau > VPN".
fn last_name(full: &str) -> &str {
    full.rsplit('>').next().unwrap_or(full).trim()
}

/// A folded word as the contacts wrote it: the writing most of them use, of equally common ones the first by the alphabet.
fn as_written(word: &str, contacts: &[&Contact]) -> String {
    let mut writings: BTreeMap<&str, usize> = BTreeMap::new();
    for contact in contacts {
        for written in contact.words.split(|c: char| !c.is_alphanumeric()) {
            if fold_tokens(written).iter().any(|token| token == word) {
                *writings.entry(written).or_default() += 1;
            }
        }
    }
    let best = writings
        .into_iter()
        .reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.map_or_else(|| word.to_owned(), |(written, _)| written.to_owned())
}

impl SurgeProposal {
    /// The title of the major incident.
    #[must_use]
    pub fn title(&self, phrases: &dyn Phrases) -> String {
        let subject = self.subject.clone();
        let site = self.site.as_ref().map(|site| last_name(&site.name).to_owned());
        match site.filter(|site| *site != subject) {
            Some(site) => phrases.phrase("surge.title_at", &[("subject", subject), ("site", site)]),
            None => phrases.phrase("surge.title", &[("subject", subject)]),
        }
    }

    /// Why it is proposed, in lines.
    #[must_use]
    pub fn explanation(&self, policy: &SurgePolicy, phrases: &dyn Phrases) -> Vec<String> {
        let total = self.contacts.len().to_string();
        let usual = if self.usual_tenths.is_multiple_of(10) {
            (self.usual_tenths / 10).to_string()
        } else {
            format!("{}.{}", self.usual_tenths / 10, self.usual_tenths % 10)
        };
        let mut lines = vec![phrases.phrase(
            "surge.contacts",
            &[
                ("count", total.clone()),
                ("minutes", policy.within_s.div_ceil(60).to_string()),
                ("subject", self.subject.clone()),
                ("usual", usual),
            ],
        )];
        for reason in &self.reasons {
            let (key, label) = match &reason.shared {
                Shared::Category { label } => ("surge.reason.category", &label.name),
                Shared::Word { word } => ("surge.reason.word", word),
                Shared::Site { label } => ("surge.reason.site", &label.name),
            };
            let arguments = [
                ("label", label.clone()),
                ("count", reason.count.to_string()),
                ("total", total.clone()),
            ];
            lines.push(phrases.phrase(key, &arguments));
        }
        lines
    }

    /// The operations that make the major incident: `parent` as the technician completed it, then its children. Tickets that are not at the
    /// backend yet cannot be linked and are given back.
    #[must_use]
    pub fn plan(&self, parent: NewTicket, mut id: impl FnMut() -> OperationId) -> (LanePlan, Vec<TicketId>) {
        let ticket = Box::new(parent);
        let mut operations = vec![(id(), Operation::CreateTicket { ticket })];
        let (left_out, children): (Vec<TicketId>, Vec<TicketId>) =
            self.tickets.iter().copied().partition(|ticket| ticket.is_local());
        for ticket in children {
            let kind = LinkKind::ParentOf;
            operations.push((id(), Operation::LinkTicket { ticket, kind }));
        }
        (LanePlan { lane: None, operations }, left_out)
    }
}

#[cfg(test)]
#[path = "surge_tests.rs"]
mod tests;
