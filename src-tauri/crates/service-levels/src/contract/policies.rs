//! The policies the desk works by, from the file as written: who is handed over and how, who is in charge of what, what a diagnosis has
//! to say, how calls are kept, when contacts are a surge.

use super::{
    Classification, HotTransferRules, Problem, Roster, RosterStep, VipPolicy,
    check::{Checked, Names, problem, range},
    file::{ChargeTable, File, MaskWord, ResponsibilityTable, VipTable},
};
use crate::instant::SECOND;
use guichet_domain::{
    diagnosis::{DiagnosisField, EscalationForm},
    escalation::{Charge, EscalationPolicy, Responsibility, SupportLevel},
    hot_transfer::{ByHandTexts, HotTransferPolicy},
    surge::SurgePolicy,
    text::fold_tokens,
    ticket::Level,
    wording::Text,
    wrap_up::{CallPolicy, NumberMask},
};
use std::collections::BTreeSet;
use toml::Spanned;

/// How long a PBX has to show the effect of an action, unless the contract says otherwise, in seconds.
const ACTION_TIMEOUT_S: u32 = 8;
/// Half an hour from the ticket's creation, unless the contract says otherwise.
const ESCALATE_WITHIN_S: u32 = 1800;
/// A surge is so many times what is usual, unless the contract says otherwise.
const TIMES_USUAL: u32 = 3;
/// Digits of a number that stay under a mask, unless the contract says otherwise.
const MASK_DIGITS: u8 = 4;

pub(super) fn vip(table: &VipTable) -> VipPolicy {
    VipPolicy {
        hot_transfer: table.hot_transfer.as_ref().is_some_and(|on| *on.get_ref()),
        groups: table.groups.clone(),
    }
}

/// A length in seconds; less than one is none.
fn seconds(names: &Names, key: &str, text: &Spanned<String>, calendar: usize) -> Checked<u32> {
    let length = names.length(text, calendar)?;
    let seconds = u32::try_from(length / SECOND).ok().filter(|seconds| *seconds > 0);
    seconds.ok_or_else(|| problem(text, range(key, 1, u32::MAX)))
}

fn some_words(key: &str, text: &Spanned<String>) -> Checked<String> {
    let words = text.get_ref().trim();
    if words.is_empty() {
        return Err(problem(text, Problem::Empty { key: key.to_owned() }));
    }
    Ok(words.to_owned())
}

fn both_languages(key: &str, text: &Spanned<Text>, place: Option<&str>) -> Checked<Text> {
    let words = text.get_ref();
    for language in [&words.fr, &words.en] {
        if language.trim().is_empty() {
            return Err(problem(text, Problem::Empty { key: key.to_owned() }));
        }
        if let Some(name) = place.filter(|name| !language.contains(*name)) {
            let wrong = Problem::Place {
                key: key.to_owned(),
                name: name.to_owned(),
            };
            return Err(problem(text, wrong));
        }
    }
    Ok(words.clone())
}

pub(super) fn rosters(file: &File, names: &Names, default: usize) -> Checked<Vec<Roster>> {
    let rosters = file.rosters.iter().map(|roster| {
        let calendar = roster
            .calendar
            .as_ref()
            .map_or(Ok(default), |name| names.calendar(name))?;
        if roster.steps.is_empty() {
            let name = roster.name.get_ref().clone();
            return Err(problem(&roster.name, Problem::NoSteps(name)));
        }
        let steps = roster.steps.iter().map(|step| {
            let extension = step.extension.as_ref().map(extension).transpose()?;
            Ok(RosterStep {
                group: step.group.clone(),
                name: step.name.clone().unwrap_or_else(|| step.group.clone()),
                extension: extension.unwrap_or_default(),
                device: step.device.clone(),
                hours: step.hours.as_ref().map(|name| names.calendar(name)).transpose()?,
                ring: names.length(&step.ring, calendar)?,
            })
        });
        Ok(Roster {
            name: roster.name.get_ref().clone(),
            calendar,
            steps: steps.collect::<Checked<_>>()?,
        })
    });
    rosters.collect()
}

/// Digits, `*` and `#` with a leading `+`; spaces are for the eye.
fn extension(text: &Spanned<String>) -> Checked<String> {
    let number: String = text.get_ref().chars().filter(|c| !c.is_whitespace()).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let good = (1..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
    good.then_some(number.clone())
        .ok_or_else(|| problem(text, Problem::Extension(text.get_ref().clone())))
}

pub(super) fn hot_transfer(
    file: &File,
    names: &Names,
    default: usize,
    rosters: &[Roster],
) -> Checked<Option<HotTransferRules>> {
    let Some(table) = &file.hot_transfer else {
        return match &file.vip.hot_transfer {
            Some(on) if *on.get_ref() => Err(problem(on, Problem::NoHotTransfer)),
            _ => Ok(None),
        };
    };
    let name = table.roster.get_ref();
    let roster = rosters
        .iter()
        .position(|roster| roster.name == *name)
        .ok_or_else(|| problem(&table.roster, Problem::NoRoster(name.clone())))?;
    let priority_at_least = table.priority_at_least.as_ref().map(|priority| {
        if (1..=6).contains(priority.get_ref()) {
            Ok(Level(*priority.get_ref()))
        } else {
            Err(problem(priority, range("priority_at_least", 1, 6)))
        }
    });
    let mandatory = match &table.mandatory {
        Some(fields) => fields.iter().copied().collect(),
        None => BTreeSet::from([DiagnosisField::Symptom, DiagnosisField::Affected]),
    };
    let action_timeout_s = match &table.action_timeout {
        Some(text) => seconds(names, "action_timeout", text, default)?,
        None => ACTION_TIMEOUT_S,
    };
    let policy = HotTransferPolicy {
        vip: vip(&file.vip).hot_transfer,
        priority_at_least: priority_at_least.transpose()?,
        mandatory,
        action_timeout_s,
        call_back_s: seconds(names, "call_back", &table.call_back, default)?,
        call_back_owner: some_words("call_back_owner", &table.call_back_owner)?,
        by_hand: ByHandTexts {
            consult: both_languages("consult", &table.by_hand.consult, None)?,
            join: both_languages("join", &table.by_hand.join, None)?,
            take_back: both_languages("take_back", &table.by_hand.take_back, None)?,
        },
    };
    Ok(Some(HotTransferRules { roster, policy }))
}

pub(super) fn escalation(file: &File, names: &Names, default: usize) -> Checked<EscalationPolicy> {
    let mut matrix: Vec<Responsibility> = Vec::with_capacity(file.responsibilities.len());
    for row in &file.responsibilities {
        let domain = some_words("domain", &row.domain)?;
        if matrix.iter().any(|known| known.domain == domain) {
            return Err(problem(&row.domain, Problem::DomainTwice(domain)));
        }
        matrix.push(responsibility(row, domain, names)?);
    }
    let mut forms: Vec<EscalationForm> = Vec::with_capacity(file.escalation_form.len());
    for form in &file.escalation_form {
        let table = form.get_ref();
        let domain = table.domain.as_ref().map(|domain| domain.get_ref().clone());
        if forms.iter().any(|known| known.domain == domain) {
            let twice = Problem::FormTwice(domain.unwrap_or_default());
            return Err(table
                .domain
                .as_ref()
                .map_or_else(|| problem(form, twice.clone()), |domain| problem(domain, twice.clone())));
        }
        if let Some(name) = &table.domain
            && !matrix.iter().any(|row| row.domain == *name.get_ref())
        {
            return Err(problem(name, Problem::NoDomain(name.get_ref().clone())));
        }
        forms.push(EscalationForm {
            domain,
            mandatory: table.mandatory.iter().copied().collect(),
            hints: table.hints.clone(),
        });
    }
    let table = file.escalation.as_ref();
    let within_s = table.map(|table| seconds(names, "within", &table.within, default));
    let every = table.and_then(|table| table.reminder_every.as_ref());
    let reminder_every_s = every.map(|text| seconds(names, "reminder_every", text, default));
    let service_day = names.service_day(default) / SECOND;
    Ok(EscalationPolicy {
        within_s: within_s.transpose()?.unwrap_or(ESCALATE_WITHIN_S),
        reminder_every_s: reminder_every_s
            .transpose()?
            .unwrap_or(u32::try_from(service_day).unwrap_or(u32::MAX)),
        matrix,
        forms,
    })
}

pub(super) fn classification(file: &File) -> Checked<Classification> {
    let mut classes = Classification::default();
    let Some(table) = &file.classification else {
        return Ok(classes);
    };
    let names = |key: &str, texts: &[Spanned<String>]| {
        let words = texts.iter().map(|text| some_words(key, text));
        words.collect::<Checked<Vec<_>>>()
    };
    classes.infrastructure = names("infrastructure", &table.infrastructure)?;
    classes.information = names("information", &table.information)?;
    for (quote, texts) in &table.quotes {
        classes.quotes.insert(*quote, names("quotes", texts)?);
    }
    if let Some(urgency) = &table.blocking_urgency {
        if !(1..=5).contains(urgency.get_ref()) {
            return Err(problem(urgency, range("blocking_urgency", 1, 5)));
        }
        classes.blocking_urgency = *urgency.get_ref();
    }
    classes.priorities = table.priorities.unwrap_or(classes.priorities);
    classes.urgencies = table.urgencies.unwrap_or(classes.urgencies);
    if let Some(channels) = &table.channels {
        classes.channels.clear();
        for (channel, texts) in channels {
            classes.channels.insert(*channel, names("channels", texts)?);
        }
    }
    Ok(classes)
}

fn responsibility(row: &ResponsibilityTable, domain: String, names: &Names) -> Checked<Responsibility> {
    let levels = [
        (SupportLevel::N1, &row.n1),
        (SupportLevel::N2, &row.n2),
        (SupportLevel::N3, &row.n3),
        (SupportLevel::OnSite, &row.on_site),
        (SupportLevel::Vendor, &row.vendor),
    ];
    let charges = levels.into_iter().filter_map(|(level, table)| {
        let table = table.as_ref()?;
        Some(charge(table, names).map(|charge| (level, charge)))
    });
    Ok(Responsibility {
        domain,
        name: row.name.clone(),
        categories: row.categories.clone(),
        charges: charges.collect::<Checked<_>>()?,
    })
}

fn charge(table: &Spanned<ChargeTable>, names: &Names) -> Checked<Charge> {
    let charge = table.get_ref();
    if charge.group.trim().is_empty() {
        return Err(problem(
            table,
            Problem::Empty {
                key: "group".to_owned(),
            },
        ));
    }
    if let Some(hours) = &charge.hours {
        names.calendar(hours)?;
    }
    Ok(Charge {
        group: charge.group.clone(),
        contact: charge.contact.clone(),
        hours: charge.hours.as_ref().map(|hours| hours.get_ref().clone()),
    })
}

pub(super) fn calls(file: &File, names: &Names, default: usize) -> Checked<CallPolicy> {
    let Some(table) = &file.calls else {
        return Ok(CallPolicy::default());
    };
    let digits = match &table.digits {
        Some(digits) if !(1..=8).contains(digits.get_ref()) => return Err(problem(digits, range("digits", 1, 8))),
        Some(digits) => *digits.get_ref(),
        None => MASK_DIGITS,
    };
    Ok(CallPolicy {
        mask: match table.number {
            MaskWord::Full => NumberMask::Full,
            MaskWord::LastDigits => NumberMask::LastDigits { digits },
            MaskWord::Hidden => NumberMask::Hidden,
        },
        link_as: table.link_as,
        call_back_s: seconds(names, "call_back", &table.call_back, default)?,
        call_back_owner: some_words("call_back_owner", &table.call_back_owner)?,
    })
}

pub(super) fn surge(file: &File, names: &Names, default: usize) -> Checked<Option<SurgePolicy>> {
    let Some(table) = &file.surge else {
        return Ok(None);
    };
    if !(2..=10_000).contains(table.contacts.get_ref()) {
        return Err(problem(&table.contacts, range("contacts", 2, 10_000)));
    }
    let times_usual = match &table.times_usual {
        Some(times) if !(1..=100).contains(times.get_ref()) => {
            return Err(problem(times, range("times_usual", 1, 100)));
        }
        Some(times) => *times.get_ref(),
        None => TIMES_USUAL,
    };
    Ok(Some(SurgePolicy {
        contacts: *table.contacts.get_ref(),
        within_s: seconds(names, "within", &table.within, default)?,
        times_usual,
        ignored_words: table.ignored_words.iter().flat_map(|word| fold_tokens(word)).collect(),
        message: both_languages("message", &table.message, Some("{subject}"))?,
    }))
}
