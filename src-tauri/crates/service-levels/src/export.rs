//! The report as a workbook that a pivot table can use as it is: one table per sheet, one row of headings, dates as dates,
//! shares and amounts as numbers, nothing merged. The words are the caller's: they are in the person's language.

use crate::{
    contract::{Contract, Indicator},
    instant::Month,
    report::{Figure, Listed, Report},
};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

/// Why a workbook cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be made: {0}")]
pub struct ExportError(#[from] XlsxError);

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

/// Rows of a sheet below its headings (Excel's limit less one). What is more goes on to a further sheet.
const ROWS: usize = 1_048_575;

/// What a cell holds.
enum Cell {
    Nothing,
    Text(String),
    Number(f64),
    /// A share of 1, shown in percent.
    Share(f64),
    Bool(bool),
    Month(Month),
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Nothing, Self::Share)
    }
}

struct Sheet<'a> {
    name: &'a str,
    /// Heading and width in characters.
    columns: Vec<(&'a str, f64)>,
}

impl Sheet<'_> {
    fn write(&self, workbook: &mut Workbook, rows: impl Iterator<Item = Vec<Cell>>) -> Result<(), ExportError> {
        let mut rows = rows.peekable();
        let mut number = 1;
        loop {
            let sheet = workbook.add_worksheet();
            if number == 1 {
                sheet.set_name(self.name)?;
            } else {
                sheet.set_name(format!("{} {number}", self.name))?;
            }
            let heading = Format::new().set_bold();
            for (column, (text, width)) in (0_u16..).zip(&self.columns) {
                sheet.write_with_format(0, column, *text, &heading)?;
                sheet.set_column_width(column, *width)?;
            }
            sheet.set_freeze_panes(1, 0)?;
            let mut last = 0;
            for (row, cells) in (1_u32..).zip(rows.by_ref().take(ROWS)) {
                for (column, cell) in (0_u16..).zip(cells) {
                    put(sheet, row, column, cell)?;
                }
                last = row;
            }
            let width = u16::try_from(self.columns.len()).unwrap_or(1).saturating_sub(1);
            sheet.autofilter(0, 0, last.max(1), width)?;
            if rows.peek().is_none() {
                return Ok(());
            }
            number += 1;
        }
    }
}

fn put(sheet: &mut Worksheet, row: u32, column: u16, cell: Cell) -> Result<(), ExportError> {
    match cell {
        Cell::Nothing => {}
        Cell::Text(text) => _ = sheet.write_string(row, column, text)?,
        Cell::Number(number) => _ = sheet.write_number(row, column, number)?,
        Cell::Share(share) => {
            _ = sheet.write_number_with_format(row, column, share, &Format::new().set_num_format("0.00%"))?;
        }
        Cell::Bool(yes) => _ = sheet.write_boolean(row, column, yes)?,
        Cell::Month(month) => {
            let first = ExcelDateTime::from_ymd(u16::try_from(month.year()).unwrap_or(1900), month.number(), 1)?;
            _ = sheet.write_datetime_with_format(row, column, first, &Format::new().set_num_format("yyyy-mm"))?;
        }
    }
    Ok(())
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
) -> Result<Vec<u8>, ExportError> {
    let headings = &labels.headings;
    let [indicators, history, missed, excluded, rejected] = &labels.sheets;
    let mut workbook = Workbook::new();
    let begin = |month: Month, indicator: &Indicator| {
        vec![
            Cell::Month(month),
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
    let first = [
        (headings.month.as_str(), 10.0),
        (headings.contract.as_str(), 14.0),
        (headings.indicator.as_str(), 14.0),
        (headings.name.as_str(), 48.0),
    ];
    let figures = [
        (headings.numerator.as_str(), 12.0),
        (headings.denominator.as_str(), 12.0),
        (headings.value.as_str(), 10.0),
        (headings.objective.as_str(), 10.0),
        (headings.met.as_str(), 8.0),
    ];

    let mut columns: Vec<(&str, f64)> = first.iter().chain(&figures).copied().collect();
    columns.extend([
        (headings.penalty.as_str(), 10.0),
        (headings.amount.as_str(), 12.0),
        (headings.currency.as_str(), 10.0),
        (headings.missed.as_str(), 10.0),
    ]);
    let rows = named(report, contract).map(|(indicator, told)| {
        let mut row = begin(report.month, indicator);
        figure(&mut row, &told.figure, indicator);
        let penalty = told.penalty.as_ref().and_then(|level| contract.penalties.get(level));
        #[allow(clippy::cast_precision_loss, reason = "a number of tickets")]
        let missed = told.missed.len() as f64;
        row.extend([
            told.penalty.clone().map_or(Cell::Nothing, Cell::Text),
            penalty.map_or(Cell::Nothing, |penalty| Cell::Number(penalty.amount)),
            penalty.map_or(Cell::Nothing, |penalty| Cell::Text(penalty.currency.clone())),
            Cell::Number(missed),
        ]);
        row
    });
    let sheet = Sheet {
        name: indicators,
        columns,
    };
    sheet.write(&mut workbook, rows)?;

    let rows = named(report, contract).flat_map(|(indicator, told)| {
        told.history.iter().map(move |month| {
            let mut row = begin(month.month, indicator);
            figure(&mut row, &month.figure, indicator);
            row
        })
    });
    let sheet = Sheet {
        name: history,
        columns: first.iter().chain(&figures).copied().collect(),
    };
    sheet.write(&mut workbook, rows)?;

    let rows = named(report, contract).flat_map(|(indicator, told)| {
        told.missed.iter().map(move |id| {
            let mut row = begin(report.month, indicator);
            row.push(Cell::Text(id.to_string()));
            row
        })
    });
    let sheet = Sheet {
        name: missed,
        columns: first.iter().copied().chain([(headings.id.as_str(), 24.0)]).collect(),
    };
    sheet.write(&mut workbook, rows)?;

    for (name, list) in [(excluded, &report.excluded), (rejected, &report.rejected)] {
        let sheet = Sheet {
            name,
            columns: vec![
                (headings.id.as_str(), 24.0),
                (headings.reason.as_str(), 28.0),
                (headings.explanation.as_str(), 60.0),
            ],
        };
        let row = |listed: &Listed| {
            vec![
                Cell::Text(listed.id.to_string()),
                Cell::Text(listed.reason.to_owned()),
                Cell::Text(explain(listed.reason)),
            ]
        };
        sheet.write(&mut workbook, list.iter().map(row))?;
    }
    Ok(workbook.save_to_buffer()?)
}

#[cfg(test)]
#[path = "export_tests.rs"]
mod tests;
