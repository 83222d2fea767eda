//! The report: what is published for a month, in the order and the words of the interchange.

use crate::period::Period;
use serde::{Serialize, Serializer, ser::SerializeMap};

/// A number of the report: a whole one is written without a fraction.
fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Below it a floating-point number holds every whole one.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < WHOLE {
        #[allow(clippy::cast_possible_truncation, reason = "whole, and below 2^53")]
        let whole = *value as i64;
        serializer.serialize_i64(whole)
    } else {
        serializer.serialize_f64(*value)
    }
}

/// A figure of one month.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Figure {
    /// Hits; a sum where the figure is a mean.
    #[serde(serialize_with = "number")]
    pub numerator: f64,
    /// The population.
    #[serde(serialize_with = "number")]
    pub denominator: f64,
    /// Numerator ÷ denominator; `None` when the population is empty.
    pub value: Option<f64>,
}

impl Figure {
    /// No data.
    pub const EMPTY: Self = Self {
        numerator: 0.0,
        denominator: 0.0,
        value: None,
    };

    /// Of two numbers.
    #[must_use]
    pub fn of(numerator: f64, denominator: f64) -> Self {
        Self {
            numerator,
            denominator,
            value: (denominator > 0.0).then(|| numerator / denominator),
        }
    }
}

/// A figure and its period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PeriodFigure {
    /// Which.
    #[serde(rename = "month")]
    pub period: Period,
    /// What.
    #[serde(flatten)]
    pub figure: Figure,
}

/// An indicator's period and history.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorReport {
    /// Its name in the contract.
    pub id: String,
    /// The period's figure.
    pub figure: Figure,
    /// What it should be.
    pub objective: f64,
    /// Whether it is; `None` without data.
    pub met: Option<bool>,
    /// Penalty level foreseen, when it is not met.
    pub penalty: Option<String>,
    /// Ids of what was missed (of what was re-opened, for the re-open rate), sorted.
    pub missed: Vec<Box<str>>,
    /// Thirteen periods, oldest first; the last is the one asked for.
    pub history: Vec<PeriodFigure>,
}

/// Written by hand so that the keys come in the interchange's order.
impl Serialize for IndicatorReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Number(f64);
        impl Serialize for Number {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                number(&self.0, serializer)
            }
        }
        let mut map = serializer.serialize_map(Some(9))?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("numerator", &Number(self.figure.numerator))?;
        map.serialize_entry("denominator", &Number(self.figure.denominator))?;
        map.serialize_entry("value", &self.figure.value)?;
        map.serialize_entry("objective", &self.objective)?;
        map.serialize_entry("met", &self.met)?;
        map.serialize_entry("penalty", &self.penalty)?;
        map.serialize_entry("missed", &self.missed)?;
        map.serialize_entry("history", &self.history)?;
        map.end()
    }
}

/// Something that was left out or refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Listed {
    /// What.
    pub id: Box<str>,
    /// Why: a word of [`crate::engine::reason`].
    pub reason: &'static str,
}

/// What is published for a month, or for a week or a year by the same rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The period. The interchange knows months only.
    #[serde(rename = "month")]
    pub period: Period,
    /// The contract's name.
    pub contract: String,
    /// In the contract's order.
    pub indicators: Vec<IndicatorReport>,
    /// Left out, by id.
    pub excluded: Vec<Listed>,
    /// Refused as bad data, by id.
    pub rejected: Vec<Listed>,
}
