//! From the file as written to the contract: names are looked up, lengths worked out, keys held against the kind.

use super::{
    AnyOf, Case, Contract, ContractError, Indicator, NamedCalendar, Objective, Penalty, Population, Problem, Rule,
    file::{CalendarTable, File, IndicatorTable, Kind, PopulationTable},
    length, policies,
};
use crate::{
    calendar::{CalendarRules, DAY_MINUTES, Opening},
    evidence::model::Severity,
    instant::{Nanoseconds, SECOND},
};
use jiff::{civil::Date, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};
use toml::Spanned;

/// A call abandoned sooner than this is left out, unless the contract says otherwise.
const ABANDONED_AFTER: Nanoseconds = 5 * SECOND;
/// A clock turns when a quarter of its target is left, unless the contract says otherwise.
const WARNING_SHARE: f64 = 0.25;

/// A problem and the byte it is at.
pub(super) type Checked<T> = Result<T, (usize, Problem)>;

pub(super) fn contract(text: &str) -> Result<Contract, ContractError> {
    let file: File = toml::from_str(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        ContractError::at(text, offset, Problem::Syntax(error.message().to_owned()))
    })?;
    file_checked(&file).map_err(|(offset, problem)| ContractError::at(text, offset, problem))
}

/// What the rest of the file refers to by name.
pub(super) struct Names {
    calendars: Vec<NamedCalendar>,
    populations: BTreeMap<String, Population>,
    penalties: BTreeMap<String, Penalty>,
}

impl Names {
    pub(super) fn calendar(&self, name: &Spanned<String>) -> Checked<usize> {
        let known = |calendar: &NamedCalendar| calendar.name == *name.get_ref();
        self.calendars
            .iter()
            .position(known)
            .ok_or_else(|| problem(name, Problem::NoCalendar(name.get_ref().clone())))
    }

    pub(super) fn service_day(&self, calendar: usize) -> Nanoseconds {
        self.calendars
            .get(calendar)
            .map_or(0, |named| named.rules.service_day())
    }

    fn population(&self, name: Option<&Spanned<String>>) -> Checked<Population> {
        name.map_or_else(
            || Ok(Population::default()),
            |name| {
                let found = self.populations.get(name.get_ref()).cloned();
                found.ok_or_else(|| problem(name, Problem::NoPopulation(name.get_ref().clone())))
            },
        )
    }

    pub(super) fn length(&self, text: &Spanned<String>, calendar: usize) -> Checked<Nanoseconds> {
        let day = self.service_day(calendar);
        length::parse(text.get_ref(), day).ok_or_else(|| problem(text, Problem::Length(text.get_ref().clone())))
    }
}

pub(super) fn problem<T>(place: &Spanned<T>, problem: Problem) -> (usize, Problem) {
    (place.span().start, problem)
}

fn file_checked(file: &File) -> Checked<Contract> {
    let calendars = file.calendars.iter().map(|(name, table)| {
        Ok(NamedCalendar {
            name: name.clone(),
            rules: calendar(name, table)?,
        })
    });
    let penalties = file.penalties.iter().map(|(level, table)| {
        if !(0.0..=1e9).contains(table.amount.get_ref()) {
            return Err(problem(&table.amount, range("amount", 0, 1_000_000_000)));
        }
        Ok((
            level.clone(),
            Penalty {
                amount: *table.amount.get_ref(),
                currency: table.currency.clone(),
            },
        ))
    });
    let names = Names {
        calendars: calendars.collect::<Checked<_>>()?,
        populations: file
            .populations
            .iter()
            .map(|(name, table)| (name.clone(), population(table)))
            .collect(),
        penalties: penalties.collect::<Checked<_>>()?,
    };
    let default = names.calendar(&file.calendar)?;
    let mut seen = BTreeSet::new();
    let mut indicators = Vec::with_capacity(file.indicators.len());
    for table in &file.indicators {
        let id = &table.get_ref().id;
        if !seen.insert(id.get_ref()) {
            return Err(problem(id, Problem::Twice(id.get_ref().clone())));
        }
        indicators.push(indicator(table, &names, default)?);
    }
    let warning_share = match &file.warning_share {
        Some(share) => unit_share("warning_share", share)?,
        None => WARNING_SHARE,
    };
    let rosters = policies::rosters(file, &names, default)?;
    let hot_transfer = policies::hot_transfer(file, &names, default, &rosters)?;
    let escalation = policies::escalation(file, &names, default)?;
    let calls = policies::calls(file, &names, default)?;
    let surge = policies::surge(file, &names, default)?;
    Ok(Contract {
        id: file.id.clone(),
        name: file.name.clone(),
        calendar: default,
        indicators,
        warning_share,
        vip: policies::vip(&file.vip),
        hot_transfer,
        escalation,
        calls,
        classification: policies::classification(file)?,
        surge,
        rosters,
        calendars: names.calendars,
        penalties: names.penalties,
    })
}

pub(super) fn range(key: &str, min: u32, max: u32) -> Problem {
    Problem::Range {
        key: key.to_owned(),
        min,
        max,
    }
}

fn unit_share(key: &str, value: &Spanned<f64>) -> Checked<f64> {
    if (0.0..=1.0).contains(value.get_ref()) {
        Ok(*value.get_ref())
    } else {
        Err(problem(value, range(key, 0, 1)))
    }
}

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The days of `mon` or `mon-fri`.
fn days(text: &str) -> Option<std::ops::RangeInclusive<usize>> {
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day(first)?, day(last)?);
    (first <= last).then_some(first..=last)
}

/// `08:00-18:00`; `24:00` is the day's end.
fn opening(text: &str) -> Option<Opening> {
    let minute = |time: &str| {
        let (hour, minute) = time.trim().split_once(':')?;
        let number = |part: &str| -> Option<u16> {
            (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse().ok())?
        };
        let (hour, minute) = (number(hour)?, number(minute)?);
        let minutes = hour * 60 + minute;
        (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
    };
    let (start, end) = text.split_once('-')?;
    let (start, end) = (minute(start)?, minute(end)?);
    (start < end).then_some(Opening { start, end })
}

fn calendar(name: &str, table: &Spanned<CalendarTable>) -> Checked<CalendarRules> {
    let place = table.span().start;
    let table = table.get_ref();
    let zone = TimeZone::get(table.time_zone.get_ref())
        .map_err(|_| problem(&table.time_zone, Problem::TimeZone(table.time_zone.get_ref().clone())))?;
    let mut week: [Vec<Opening>; 7] = Default::default();
    for (key, openings) in &table.open {
        let days = days(key.get_ref()).ok_or_else(|| problem(key, Problem::Days(key.get_ref().clone())))?;
        for text in openings.get_ref() {
            let opening =
                opening(text.get_ref()).ok_or_else(|| problem(text, Problem::Opening(text.get_ref().clone())))?;
            for day in days.clone() {
                let known = &mut week[day];
                known.push(opening);
                known.sort_unstable();
                if known.windows(2).any(|pair| pair[0].end > pair[1].start) {
                    return Err(problem(text, Problem::OpeningsOverlap(DAYS[day].to_owned())));
                }
            }
        }
    }
    let closed = table.closed.iter().map(|day| {
        let date: Result<Date, _> = day.get_ref().parse();
        date.map_err(|_| problem(day, Problem::Date(day.get_ref().clone())))
    });
    let rules = CalendarRules {
        zone,
        week,
        holidays: table.holidays,
        closed: closed.collect::<Checked<_>>()?,
    };
    if rules.service_day() == 0 {
        return Err((place, Problem::NeverOpen(name.to_owned())));
    }
    Ok(rules)
}

fn population(table: &PopulationTable) -> Population {
    Population {
        types: AnyOf::of(&table.types),
        channels: AnyOf::of(&table.channels),
        scopes: AnyOf::of(&table.scopes),
        priorities: AnyOf::of(&table.priorities),
        urgencies: AnyOf::of(&table.urgencies),
        quotes: AnyOf::of(&table.quotes),
        blocking: table.blocking,
        vip: table.vip,
        any: table.any.iter().map(population).collect(),
    }
}

fn indicator(table: &Spanned<IndicatorTable>, names: &Names, default: usize) -> Checked<Indicator> {
    let place = table.span().start;
    let table = table.get_ref();
    let kind = *table.kind.get_ref();
    for (key, place) in table.special_keys() {
        if !kind.keys().contains(&key) {
            let problem = Problem::UselessKey {
                kind: kind.name().to_owned(),
                key: key.to_owned(),
            };
            return Err((place, problem));
        }
    }
    let calendar = table
        .calendar
        .as_ref()
        .map_or(Ok(default), |name| names.calendar(name))?;
    let objective = match (&table.at_least, &table.at_most) {
        (Some(share), None) => Objective::AtLeast(unit_share("at_least", share)?),
        (None, Some(share)) => Objective::AtMost(unit_share("at_most", share)?),
        _ => return Err((place, Problem::Objective)),
    };
    if let Some(level) = &table.penalty
        && !names.penalties.contains_key(level.get_ref())
    {
        return Err(problem(level, Problem::NoPenalty(level.get_ref().clone())));
    }
    let rule = rule(table, kind, names, calendar).map_err(|(offset, problem)| (offset.unwrap_or(place), problem))?;
    Ok(Indicator {
        id: table.id.get_ref().clone(),
        name: table.name.clone(),
        calendar,
        objective,
        penalty: table.penalty.as_ref().map(|level| level.get_ref().clone()),
        rule,
    })
}

/// A problem of the whole indicator has no byte of its own.
type RuleChecked<T> = Result<T, (Option<usize>, Problem)>;

fn placed<T>(checked: Checked<T>) -> RuleChecked<T> {
    checked.map_err(|(offset, problem)| (Some(offset), problem))
}

fn rule(table: &IndicatorTable, kind: Kind, names: &Names, calendar: usize) -> RuleChecked<Rule> {
    let missing = |key: &str| {
        let problem = Problem::MissingKey {
            kind: kind.name().to_owned(),
            key: key.to_owned(),
        };
        (None, problem)
    };
    let target = || -> RuleChecked<Nanoseconds> {
        let target = table.target.as_ref().ok_or_else(|| missing("target"))?;
        placed(names.length(target, calendar))
    };
    let population = || placed(names.population(table.population.as_ref()));
    let cases = || -> RuleChecked<Vec<Case>> {
        let Some(cases) = &table.cases else {
            return Ok(vec![Case {
                population: population()?,
                target: target()?,
            }]);
        };
        if let Some((_, place)) = table
            .special_keys()
            .iter()
            .find(|(key, _)| ["target", "population"].contains(key))
        {
            let problem = Problem::UselessKey {
                kind: format!("{} with cases", kind.name()),
                key: "target, population".to_owned(),
            };
            return Err((Some(*place), problem));
        }
        let case = |case: &super::file::CaseTable| {
            Ok(Case {
                population: names.population(Some(&case.population))?,
                target: names.length(&case.target, calendar)?,
            })
        };
        placed(cases.get_ref().iter().map(case).collect())
    };
    let list =
        |value: &Option<Spanned<Vec<String>>>| value.as_ref().map(|list| list.get_ref().clone()).unwrap_or_default();
    Ok(match kind {
        Kind::CallAnswer => Rule::CallAnswer {
            queues: list(&table.queues),
            target: target()?,
            abandoned_after: match &table.abandoned_after {
                Some(text) => placed(names.length(text, calendar))?,
                None => ABANDONED_AFTER,
            },
        },
        Kind::TakeUp => Rule::TakeUp(cases()?),
        Kind::AlertTakeUp => Rule::AlertTakeUp {
            severities: table
                .severities
                .as_ref()
                .map_or_else(|| vec![Severity::Critical], |severities| severities.get_ref().clone()),
            target: target()?,
        },
        Kind::FirstContact => Rule::FirstContact(population()?),
        Kind::Escalation => Rule::Escalation(cases()?),
        Kind::Resolution => Rule::Resolution {
            cases: cases()?,
            own_time: table.own_time.as_ref().is_none_or(|own| *own.get_ref()),
        },
        Kind::SolvedShare => Rule::SolvedShare(population()?),
        Kind::ReopenRate => Rule::ReopenRate(population()?),
        Kind::Satisfaction => Rule::Satisfaction,
        Kind::Survey => Rule::Survey,
        Kind::Availability => Rule::Availability {
            services: list(&table.services),
        },
        Kind::Compliance => Rule::Compliance,
        Kind::Milestones => Rule::Milestones,
        Kind::Deliverables => Rule::Deliverables { target: target()? },
        Kind::Restoration => Rule::Restoration {
            services: list(&table.services),
            except: list(&table.except_services),
            target: target()?,
        },
    })
}
