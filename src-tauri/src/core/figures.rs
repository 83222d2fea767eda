//! The indicators of a month in a person's words, from what the desk holds.

use crate::{
    api::{IndicatorRow, IndicatorSheet, LeftOut, MissedKind, MonthValue},
    core::{
        desk::Desk,
        evidence::{self, Parts},
    },
    error::AppError,
    messages::Locale,
};
use guichet_service_levels::{
    Month,
    contract::{Indicator, Objective, Rule},
    report::{IndicatorReport, Listed},
};

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

fn row(indicator: &Indicator, told: IndicatorReport, locale: Locale) -> IndicatorRow {
    IndicatorRow {
        name: match locale {
            Locale::Fr => indicator.name.fr.clone(),
            Locale::En => indicator.name.en.clone(),
        },
        objective: indicator.objective.share(),
        at_most: matches!(indicator.objective, Objective::AtMost(_)),
        met: told.met,
        penalty: told.penalty,
        missed: told.missed.iter().map(ToString::to_string).collect(),
        missed_kind: missed_kind(&indicator.rule),
        history: told
            .history
            .into_iter()
            .map(|month| MonthValue {
                month: month.month.to_string(),
                numerator: month.figure.numerator,
                denominator: month.figure.denominator,
                value: month.figure.value,
            })
            .collect(),
        id: told.id,
    }
}

impl Desk {
    /// The indicators of a month ("2026-06") by the desk's contract.
    ///
    /// # Errors
    /// When it is no month, the contract cannot be read, or there is no evidence yet.
    pub async fn indicator_sheet(&self, month: &str, locale: Locale) -> Result<IndicatorSheet, AppError> {
        let month: Month = month.parse().map_err(|_| AppError::Usage {
            what: "month",
            value: month.to_owned(),
        })?;
        let contract = self.contract().await?;
        let (report, written) = self.indicators(&contract, month, &Parts::default()).await?;
        let catalogue = locale.catalogue();
        let left_out = |listed: Listed| LeftOut {
            reason: catalogue.text(&format!("kpi.reason.{}", listed.reason), &[]),
            id: listed.id.into(),
        };
        Ok(IndicatorSheet {
            month: month.to_string(),
            contract: match locale {
                Locale::Fr => contract.name.fr.clone(),
                Locale::En => contract.name.en.clone(),
            },
            data_end: written.data_end,
            indicators: contract
                .indicators
                .iter()
                .zip(report.indicators)
                .map(|(indicator, told)| row(indicator, told, locale))
                .collect(),
            excluded: report.excluded.into_iter().map(left_out).collect(),
            rejected: report.rejected.into_iter().map(left_out).collect(),
            gaps: evidence::told(&written.gaps, locale),
        })
    }
}
