//! Tables for a spreadsheet: a workbook or a text file that a pivot table can use as it is. One row of headings, one table a
//! sheet, typed cells (dates as dates, lengths of time as numbers whose unit the heading says), nothing merged. Rows are given
//! one after the other, so that a list of any length is never held twice. The words are the caller's.

mod streamed;

use crate::period::Period;
use jiff::{Timestamp, tz::TimeZone};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

pub use streamed::{StreamedBook, Table};

/// Why a table cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The workbook: Excel's limits are exceeded (a text of more than 32,767 characters).
    #[error("the workbook cannot be made: {0}")]
    Workbook(#[from] XlsxError),
    /// The text file.
    #[error("the text file cannot be made: {0}")]
    Text(String),
    /// A text file is one table.
    #[error("a text file holds one table")]
    OneTable,
    /// A row came before its table.
    #[error("a row without a table")]
    NoTable,
}

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not known, or none.
    Nothing,
    /// A text, never a formula.
    Text(String),
    /// A number.
    Number(f64),
    /// A share of 1, shown in percent.
    Share(f64),
    /// Yes or no.
    Bool(bool),
    /// A month, a week or a year: its first day.
    Period(Period),
    /// An instant, on the clock of the table's zone.
    At(Timestamp),
    /// A length of time in whole seconds; the heading says the unit.
    Seconds(i64),
}

impl Cell {
    /// A text, or nothing where it is empty.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() {
            Self::Nothing
        } else {
            Self::Text(text)
        }
    }

    /// A number of things.
    #[must_use]
    pub fn count(number: u64) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "numbers of tickets and of people")]
        Self::Number(number as f64)
    }
}

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Nothing, Self::Share)
    }
}

impl From<Option<Timestamp>> for Cell {
    fn from(at: Option<Timestamp>) -> Self {
        at.map_or(Self::Nothing, Self::At)
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// Its width in a workbook, in characters.
    pub width: f64,
}

impl Column {
    /// With a heading and a width.
    #[must_use]
    pub fn new(heading: impl Into<String>, width: f64) -> Self {
        Self {
            heading: heading.into(),
            width,
        }
    }
}

/// Rows of a sheet below its headings (Excel's limit less one). What is more goes on to a further sheet.
const ROWS: u32 = 1_048_575;
/// Characters of a sheet's name.
const LONGEST_NAME: usize = 31;
/// Characters of a cell: Excel takes no more.
const LONGEST_TEXT: usize = 32_767;
/// Years of a date in Excel.
const EXCEL_YEARS: std::ops::RangeInclusive<i16> = 1900..=9999;

/// The cells' looks, made once.
struct Looks {
    heading: Format,
    share: Format,
    month: Format,
    day: Format,
    at: Format,
}

impl Looks {
    fn new() -> Self {
        let format = |number: &str| Format::new().set_num_format(number);
        Self {
            heading: Format::new().set_bold(),
            share: format("0.00%"),
            month: format("yyyy-mm"),
            day: format("yyyy-mm-dd"),
            at: format("yyyy-mm-dd hh:mm:ss"),
        }
    }
}

/// A sheet that is being filled.
struct Sheet {
    name: String,
    columns: Vec<Column>,
    sheet: Worksheet,
    /// Which of the table's sheets it is, from 1.
    nth: u32,
    rows: u32,
}

impl Sheet {
    /// Begins one with its row of headings.
    fn begin(
        mut sheet: Worksheet,
        name: String,
        columns: Vec<Column>,
        nth: u32,
        looks: &Looks,
    ) -> Result<Self, TableError> {
        if nth == 1 {
            sheet.set_name(&name)?;
        } else {
            let number = format!(" {nth}");
            let kept: String = name.chars().take(LONGEST_NAME - number.len()).collect();
            sheet.set_name(format!("{kept}{number}"))?;
        }
        for (place, column) in (0_u16..).zip(&columns) {
            sheet.write_with_format(0, place, &column.heading, &looks.heading)?;
            sheet.set_column_width(place, column.width)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(Self {
            name,
            columns,
            sheet,
            nth,
            rows: 0,
        })
    }

    /// Adds a row.
    fn row(&mut self, cells: impl IntoIterator<Item = Cell>, zone: &TimeZone, looks: &Looks) -> Result<(), TableError> {
        self.rows += 1;
        let (sheet, row) = (&mut self.sheet, self.rows);
        for (place, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Nothing => continue,
                Cell::Text(text) => sheet.write_string(row, place, shown(&text))?,
                Cell::Number(number) => sheet.write_number(row, place, number)?,
                #[allow(clippy::cast_precision_loss, reason = "lengths of time below 300 million years")]
                Cell::Seconds(seconds) => sheet.write_number(row, place, seconds as f64)?,
                Cell::Share(share) => sheet.write_number_with_format(row, place, share, &looks.share)?,
                Cell::Bool(yes) => sheet.write_boolean(row, place, yes)?,
                Cell::Period(period) => {
                    let look = match period {
                        Period::Month(_) => &looks.month,
                        Period::Week(_) | Period::Year(_) => &looks.day,
                    };
                    sheet.write_datetime_with_format(row, place, period.first_day(), look)?
                }
                Cell::At(at) => {
                    let shown = zone.to_datetime(at);
                    if EXCEL_YEARS.contains(&shown.year()) {
                        sheet.write_datetime_with_format(row, place, shown, &looks.at)?
                    } else {
                        sheet.write_string(row, place, shown.strftime("%Y-%m-%d %H:%M:%S").to_string())?
                    }
                }
            };
        }
        Ok(())
    }

    /// The sheet as it goes into its workbook.
    fn closed(mut self) -> Result<Worksheet, TableError> {
        let last = u16::try_from(self.columns.len()).unwrap_or(1).saturating_sub(1);
        self.sheet.autofilter(0, 0, self.rows.max(1), last)?;
        Ok(self.sheet)
    }
}

/// A workbook (XLSX) that is being filled.
pub struct Book {
    workbook: Workbook,
    zone: TimeZone,
    looks: Looks,
    open: Option<Sheet>,
}

impl Book {
    /// An empty one; instants are shown on the clock of `zone`.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self {
            workbook: Workbook::new(),
            zone,
            looks: Looks::new(),
            open: None,
        }
    }

    /// Begins a table.
    ///
    /// # Errors
    /// The name or a heading is none that Excel takes.
    pub fn table(&mut self, name: &str, columns: Vec<Column>) -> Result<(), TableError> {
        self.close()?;
        self.begin(sheet_name(name), columns, 1)
    }

    fn begin(&mut self, name: String, columns: Vec<Column>, nth: u32) -> Result<(), TableError> {
        // A sheet may need a file there, and does not bear that it cannot have one.
        self.workbook.set_tempdir(std::env::temp_dir())?;
        self.open = Some(Sheet::begin(Worksheet::new(), name, columns, nth, &self.looks)?);
        Ok(())
    }

    fn close(&mut self) -> Result<(), TableError> {
        if let Some(open) = self.open.take() {
            self.workbook.push_worksheet(open.closed()?);
        }
        Ok(())
    }

    /// Adds a row to the table begun last; a full sheet goes on to a further one.
    ///
    /// # Errors
    /// There is no table, or Excel does not take a cell.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<(), TableError> {
        if self.open.as_ref().is_some_and(|open| open.rows == ROWS) {
            let (name, columns, nth) = match &self.open {
                Some(open) => (open.name.clone(), open.columns.clone(), open.nth + 1),
                None => return Err(TableError::NoTable),
            };
            self.close()?;
            self.begin(name, columns, nth)?;
        }
        let open = self.open.as_mut().ok_or(TableError::NoTable)?;
        open.row(cells, &self.zone, &self.looks)
    }

    /// The workbook's bytes.
    ///
    /// # Errors
    /// It cannot be packed.
    pub fn finish(mut self) -> Result<Vec<u8>, TableError> {
        self.close()?;
        Ok(self.workbook.save_to_buffer()?)
    }
}

/// A sheet's name as Excel takes it.
fn sheet_name(name: &str) -> String {
    name.chars()
        .map(|c| {
            if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') {
                ' '
            } else {
                c
            }
        })
        .take(LONGEST_NAME)
        .collect()
}

/// A text as a cell takes it: a longer one is cut, and says so. Excel counts units of UTF-16.
fn shown(text: &str) -> String {
    if text.encode_utf16().take(LONGEST_TEXT + 1).count() <= LONGEST_TEXT {
        return text.to_owned();
    }
    let mut room = LONGEST_TEXT - 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            let enough = c.len_utf16() <= room;
            room = room.saturating_sub(c.len_utf16());
            enough
        })
        .collect();
    kept + "…"
}

/// A text file (CSV) that is being filled: UTF-8 with the mark that Excel wants, instants as `2026-06-02 10:00:00` on the
/// clock of a zone, shares as numbers below 1, lengths in seconds, yes and no as 1 and 0.
pub struct TextFile {
    writer: csv::Writer<Vec<u8>>,
    zone: TimeZone,
    begun: bool,
}

impl TextFile {
    /// An empty one. `separator` is `;` where the comma is the decimal mark, else `,`.
    #[must_use]
    pub fn new(zone: TimeZone, separator: char) -> Self {
        let separator = u8::try_from(separator).unwrap_or(b',');
        Self {
            writer: csv::WriterBuilder::new()
                .delimiter(separator)
                .terminator(csv::Terminator::CRLF)
                .from_writer("\u{feff}".as_bytes().to_vec()),
            zone,
            begun: false,
        }
    }

    /// Begins its table.
    ///
    /// # Errors
    /// There is one already.
    pub fn table(&mut self, columns: &[Column]) -> Result<(), TableError> {
        if std::mem::replace(&mut self.begun, true) {
            return Err(TableError::OneTable);
        }
        self.record(columns.iter().map(|column| column.heading.clone()))
    }

    /// Adds a row.
    ///
    /// # Errors
    /// There is no table yet.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<(), TableError> {
        if !self.begun {
            return Err(TableError::NoTable);
        }
        let zone = self.zone.clone();
        self.record(cells.into_iter().map(|cell| match cell {
            Cell::Nothing => String::new(),
            Cell::Text(text) => harmless(text),
            Cell::Number(number) | Cell::Share(number) => number.to_string(),
            Cell::Seconds(seconds) => seconds.to_string(),
            Cell::Bool(yes) => u8::from(yes).to_string(),
            Cell::Period(period) => period.to_string(),
            Cell::At(at) => zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        }))
    }

    fn record(&mut self, fields: impl Iterator<Item = String>) -> Result<(), TableError> {
        self.writer
            .write_record(fields)
            .map_err(|error| TableError::Text(error.to_string()))
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// They cannot be put together.
    pub fn finish(self) -> Result<Vec<u8>, TableError> {
        self.writer
            .into_inner()
            .map_err(|error| TableError::Text(error.to_string()))
    }
}

/// A text that a spreadsheet does not take for a formula: a text file has no types, and what callers and servers wrote is in
/// it. Such a text gets an apostrophe before it, which spreadsheets read as "this is text"; numbers of telephones stay as they are.
fn harmless(text: String) -> String {
    let formula = text.starts_with(['=', '@', '\t', '\r'])
        || (text.starts_with(['+', '-'])
            && text
                .chars()
                .skip(1)
                .any(|c| !c.is_ascii_digit() && !matches!(c, ' ' | '.')));
    if formula { format!("'{text}") } else { text }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
