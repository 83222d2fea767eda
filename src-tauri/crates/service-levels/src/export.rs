//! The report as a workbook: see [`crate::table`]. The words are the caller's: they are in the person's language.

use crate::{
    contract::{Contract, Indicator},
    period::Period,
    report::{Figure, Listed, Report},
    table::{Book, Cell, Column, TableError},
};
use jiff::tz::TimeZone;

/// The words of the workbook.
#[derive(Debug, Clone)]
pub struct Labels {
    /// Names of the sheets: indicators, history, missed, excluded, rejected.
    pub sheets: [String; 5],
    /// Headings, by what a column holds.
    pub headings: Headings,
}

/// Headings of the columns.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "each is the heading of the column it is named after")]
pub struct Headings {
    pub month: String,
    pub contract: String,
    pub indicator: String,
    pub name: String,
    pub numerator: String,
    pub denominator: String,
    pub value: String,
    pub objective: String,
    pub met: String,
    pub penalty: String,
    pub amount: String,
    pub currency: String,
    pub missed: String,
    pub id: String,
    pub reason: String,
    pub explanation: String,
}

/// An indicator of the contract by its place in the report, and its report.
fn named<'a>(
    report: &'a Report,
    contract: &'a Contract,
) -> impl Iterator<Item = (&'a Indicator, &'a crate::report::IndicatorReport)> {
    contract.indicators.iter().zip(&report.indicators)
}

/// The workbook's bytes. `name` gives an indicator's name and `explain` a reason's text, in the person's language.
///
/// # Errors
/// Excel's limits are exceeded (a text of more than 32,767 characters).
pub fn workbook(
    report: &Report,
    contract: &Contract,
    labels: &Labels,
    name: &dyn Fn(&Indicator) -> String,
    explain: &dyn Fn(&str) -> String,
) -> Result<Vec<u8>, TableError> {
    let headings = &labels.headings;
    let [indicators, history, missed, excluded, rejected] = &labels.sheets;
    let mut book = Book::new(TimeZone::UTC);
    let begin = |period: Period, indicator: &Indicator| {
        vec![
            Cell::Period(period),
            Cell::Text(report.contract.clone()),
            Cell::Text(indicator.id.clone()),
            Cell::Text(name(indicator)),
        ]
    };
    let figure = |row: &mut Vec<Cell>, figure: &Figure, indicator: &Indicator| {
        row.extend([
            Cell::Number(figure.numerator),
            Cell::Number(figure.denominator),
            Cell::from(figure.value),
            Cell::Share(indicator.objective.share()),
            figure
                .value
                .map_or(Cell::Nothing, |value| Cell::Bool(indicator.objective.is_met(value))),
        ]);
    };
    let column = |heading: &String, width| Column::new(heading, width);
    let first = [
        column(&headings.month, 10.0),
        column(&headings.contract, 14.0),
        column(&headings.indicator, 14.0),
        column(&headings.name, 48.0),
    ];
    let figures = [
        column(&headings.numerator, 12.0),
        column(&headings.denominator, 12.0),
        column(&headings.value, 10.0),
        column(&headings.objective, 10.0),
        column(&headings.met, 8.0),
    ];
    let with = |further: &[Column]| first.iter().chain(further).cloned().collect::<Vec<_>>();

    let mut columns = with(&figures);
    columns.extend([
        column(&headings.penalty, 10.0),
        column(&headings.amount, 12.0),
        column(&headings.currency, 10.0),
        column(&headings.missed, 10.0),
    ]);
    book.table(indicators, columns)?;
    let rows = named(report, contract).map(|(indicator, told)| {
        let mut row = begin(report.period, indicator);
        figure(&mut row, &told.figure, indicator);
        let penalty = told.penalty.as_ref().and_then(|level| contract.penalties.get(level));
        row.extend([
            told.penalty.clone().map_or(Cell::Nothing, Cell::Text),
            penalty.map_or(Cell::Nothing, |penalty| Cell::Number(penalty.amount)),
            penalty.map_or(Cell::Nothing, |penalty| Cell::Text(penalty.currency.clone())),
            Cell::count(told.missed.len() as u64),
        ]);
        row
    });
    for row in rows {
        book.row(row)?;
    }

    book.table(history, with(&figures))?;
    let rows = named(report, contract).flat_map(|(indicator, told)| {
        told.history.iter().map(move |month| {
            let mut row = begin(month.period, indicator);
            figure(&mut row, &month.figure, indicator);
            row
        })
    });
    for row in rows {
        book.row(row)?;
    }

    book.table(missed, with(&[column(&headings.id, 24.0)]))?;
    let rows = named(report, contract).flat_map(|(indicator, told)| {
        told.missed.iter().map(move |id| {
            let mut row = begin(report.period, indicator);
            row.push(Cell::Text(id.to_string()));
            row
        })
    });
    for row in rows {
        book.row(row)?;
    }

    for (name, list) in [(excluded, &report.excluded), (rejected, &report.rejected)] {
        let columns = [
            column(&headings.id, 24.0),
            column(&headings.reason, 28.0),
            column(&headings.explanation, 60.0),
        ];
        book.table(name, columns.into())?;
        for listed in list {
            let Listed { id, reason } = listed;
            book.row([
                Cell::Text(id.to_string()),
                Cell::Text((*reason).to_owned()),
                Cell::Text(explain(reason)),
            ])?;
        }
    }
    book.finish()
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
