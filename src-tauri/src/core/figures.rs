//! The indicators of a period in a person's words, from what the desk holds: of a month as the contract is judged by, of a week and of
//! a year by the same rules. On the screen, and as tables.

use crate::{
    api::{IndicatorRow, IndicatorSheet, LeftOut, MissedKind, PenaltyForeseen, PeriodValue},
    core::{
        desk::Desk,
        evidence::{self, Parts},
    },
    error::AppError,
    messages::Locale,
};
use guichet_service_levels::{
    Contract, Month, Period, Report,
    contract::{Indicator, Objective, Rule},
    export::{Headings, Labels},
    report::{IndicatorReport, Listed, PeriodFigure},
};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;

fn missed_kind(rule: &Rule) -> MissedKind {
    match rule {
        Rule::CallAnswer { .. } => MissedKind::Calls,
        Rule::TakeUp(_)
        | Rule::FirstContact(_)
        | Rule::Escalation(_)
        | Rule::Resolution { .. }
        | Rule::SolvedShare(_)
        | Rule::ReopenRate(_) => MissedKind::Tickets,
        Rule::AlertTakeUp { .. }
        | Rule::Satisfaction
        | Rule::Survey
        | Rule::Availability { .. }
        | Rule::Compliance
        | Rule::Milestones
        | Rule::Deliverables { .. }
        | Rule::Restoration { .. } => MissedKind::Other,
    }
}

/// The words of the workbook of indicators.
#[must_use]
pub fn labels(locale: Locale) -> Labels {
    let catalogue = locale.catalogue();
    let text = |key: String| catalogue.text(&key, &[]);
    let heading = |name: &str| text(format!("column.kpi.{name}"));
    Labels {
        sheets: ["indicators", "history", "missed", "excluded", "rejected"]
            .map(|name| text(format!("sheet.kpi.{name}"))),
        headings: Headings {
            month: heading("month"),
            contract: heading("contract"),
            indicator: heading("indicator"),
            name: heading("name"),
            numerator: heading("numerator"),
            denominator: heading("denominator"),
            value: heading("value"),
            objective: heading("objective"),
            met: heading("met"),
            penalty: heading("penalty"),
            amount: heading("amount"),
            currency: heading("currency"),
            missed: heading("missed"),
            id: heading("id"),
            reason: heading("reason"),
            explanation: heading("explanation"),
        },
    }
}

/// What an indicator is called, in the person's language.
#[must_use]
pub fn name_of(indicator: &Indicator, locale: Locale) -> &str {
    match locale {
        Locale::Fr => &indicator.name.fr,
        Locale::En => &indicator.name.en,
    }
}

fn values(history: &[PeriodFigure]) -> Vec<PeriodValue> {
    let value = |told: &PeriodFigure| PeriodValue {
        period: told.period.to_string(),
        numerator: told.figure.numerator,
        denominator: told.figure.denominator,
        value: told.figure.value,
    };
    history.iter().map(value).collect()
}

/// Figures of a period with what they are compared with.
pub struct Computed {
    /// Of the period.
    pub report: Report,
    /// Of the month that holds its end or the data's, with the twelve before it; `None` where that is the period itself.
    months: Option<Report>,
    /// Of the same period a year before, where the history of the first does not reach it.
    year_before: Option<Report>,
    /// What the evidence was.
    pub written: evidence::Written,
}

impl Computed {
    fn row(&self, place: usize, indicator: &Indicator, told: &IndicatorReport, locale: Locale) -> IndicatorRow {
        let history = match self.report.period {
            // No more of the years before is here than the last of them.
            Period::Year(_) => told.history.get(told.history.len().saturating_sub(2)..),
            Period::Month(_) | Period::Week(_) => None,
        };
        let history = history.unwrap_or(&told.history);
        let of = |report: &Option<Report>| -> Option<Vec<PeriodFigure>> {
            Some(report.as_ref()?.indicators.get(place)?.history.clone())
        };
        let months = of(&self.months).unwrap_or_else(|| told.history.clone());
        let year_before = match of(&self.year_before) {
            Some(history) => history.last().and_then(|told| told.figure.value),
            None => history.first().and_then(|told| told.figure.value),
        };
        IndicatorRow {
            name: name_of(indicator, locale).to_owned(),
            objective: indicator.objective.share(),
            at_most: matches!(indicator.objective, Objective::AtMost(_)),
            met: told.met,
            penalty: told.penalty.clone(),
            missed: told.missed.iter().map(ToString::to_string).collect(),
            missed_kind: missed_kind(&indicator.rule),
            history: values(history),
            months: values(&months),
            year_before,
            id: told.id.clone(),
        }
    }

    /// Penalties foreseen, by level.
    fn penalties(&self, contract: &Contract) -> Vec<PenaltyForeseen> {
        let first = match self.report.period {
            Period::Week(_) => return Vec::new(),
            Period::Month(month) => month,
            Period::Year(year) => match Month::new(year, 1) {
                Some(month) => month,
                None => return Vec::new(),
            },
        };
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        let months = self.months.as_ref().unwrap_or(&self.report);
        for (indicator, told) in contract.indicators.iter().zip(&months.indicators) {
            let Some(level) = &indicator.penalty else { continue };
            let missed = told.history.iter().filter(|month| {
                month.period >= Period::Month(first)
                    && month
                        .figure
                        .value
                        .is_some_and(|value| !indicator.objective.is_met(value))
            });
            let missed = u32::try_from(missed.count()).unwrap_or(u32::MAX);
            if missed > 0 {
                *times.entry(level).or_default() += missed;
            }
        }
        let of = |(level, times): (&str, u32)| {
            let penalty = contract.penalties.get(level);
            PenaltyForeseen {
                level: level.to_owned(),
                times,
                amount: penalty.map_or(0.0, |penalty| penalty.amount * f64::from(times)),
                currency: penalty.map_or_else(String::new, |penalty| penalty.currency.clone()),
            }
        };
        times.into_iter().map(of).collect()
    }
}

impl Desk {
    /// The figures of a period ("2026-06", "2026-W23", "2026") by the desk's contract.
    ///
    /// # Errors
    /// When it is no period, the contract cannot be read, or there is no evidence yet.
    pub async fn figures_of(&self, contract: &Contract, period: &str) -> Result<Computed, AppError> {
        let period: Period = period.parse().map_err(|_| AppError::Usage {
            what: "period",
            value: period.to_owned(),
        })?;
        let today = TimeZone::system().to_datetime(self.now()).date();
        let this_month = Month::new(today.year(), today.month());
        let last_month = match (period.last_month(), this_month) {
            (Some(last), Some(now)) => last.min(now),
            (Some(last), None) => last,
            _ => {
                return Err(AppError::Usage {
                    what: "period",
                    value: period.to_string(),
                });
            }
        };
        let before = period.a_year_before();
        let further = match period {
            Period::Month(_) => Vec::new(),
            Period::Week(_) => vec![last_month.into(), before],
            Period::Year(_) => vec![last_month.into()],
        };
        let first = before.first_day().min(last_month.plus(-12).first_day());
        let from = Month::new(first.year(), first.month()).unwrap_or(last_month);
        let mut periods = vec![period];
        periods.extend(further);
        let (reports, written) = self.reports(contract, &periods, from, &Parts::default()).await?;
        let mut reports = reports.into_iter();
        let report = reports.next().ok_or_else(|| AppError::Usage {
            what: "period",
            value: period.to_string(),
        })?;
        Ok(Computed {
            report,
            months: reports.next(),
            year_before: reports.next(),
            written,
        })
    }

    /// The indicators of a period ("2026-06", "2026-W23", "2026") by the desk's contract.
    ///
    /// # Errors
    /// As [`Desk::figures_of`].
    pub async fn indicator_sheet(&self, period: &str, locale: Locale) -> Result<IndicatorSheet, AppError> {
        let contract = self.contract().await?;
        let computed = self.figures_of(&contract, period).await?;
        let catalogue = locale.catalogue();
        let left_out = |listed: &Listed| LeftOut {
            reason: catalogue.text(&format!("kpi.reason.{}", listed.reason), &[]),
            id: listed.id.to_string(),
        };
        let report = &computed.report;
        Ok(IndicatorSheet {
            period: report.period.to_string(),
            first_day: report.period.first_day().to_string(),
            end_day: report.period.plus(1).first_day().to_string(),
            contract: match locale {
                Locale::Fr => contract.name.fr.clone(),
                Locale::En => contract.name.en.clone(),
            },
            data_end: computed.written.data_end,
            indicators: contract
                .indicators
                .iter()
                .zip(&report.indicators)
                .enumerate()
                .map(|(place, (indicator, told))| computed.row(place, indicator, told, locale))
                .collect(),
            penalties: computed.penalties(&contract),
            excluded: report.excluded.iter().map(left_out).collect(),
            rejected: report.rejected.iter().map(left_out).collect(),
            gaps: evidence::told(&computed.written.gaps, locale),
        })
    }
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
