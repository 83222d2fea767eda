//! A workbook whose tables are filled side by side and whose rows are written to the disk as they come: of a table of any length
//! only the last row is held.

use super::{Cell, Column, Looks, ROWS, Sheet, TableError};
use jiff::tz::TimeZone;
use rust_xlsxwriter::Workbook;
use std::path::Path;

/// One of a workbook's tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table(usize);

/// A workbook (XLSX) that is being filled, in order of its rows within each table.
pub struct StreamedBook {
    workbook: Workbook,
    zone: TimeZone,
    looks: Looks,
    /// The sheets of each table, the last one open.
    tables: Vec<Vec<Sheet>>,
}

impl StreamedBook {
    /// An empty one; instants are shown on the clock of `zone`. Rows wait in `folder` (in files without a name where the system has
    /// such), so that what they say lies nowhere else.
    ///
    /// # Errors
    /// The folder cannot be written to, or the system's own for what is temporary.
    pub fn new(zone: TimeZone, folder: &Path) -> Result<Self, TableError> {
        let mut workbook = Workbook::new();
        // Every sheet opens a file there before it takes its own, and does not bear that it cannot.
        workbook.set_tempdir(std::env::temp_dir())?;
        workbook.set_tempdir(folder)?;
        Ok(Self {
            workbook,
            zone,
            looks: Looks::new(),
            tables: Vec::new(),
        })
    }

    /// Begins a table; its sheets stand in the order of the tables.
    ///
    /// # Errors
    /// The name or a heading is none that Excel takes.
    pub fn table(&mut self, name: &str, columns: Vec<Column>) -> Result<Table, TableError> {
        let worksheet = self.workbook.new_worksheet_with_constant_memory();
        let sheet = Sheet::begin(worksheet, super::sheet_name(name), columns, 1, &self.looks)?;
        self.tables.push(vec![sheet]);
        Ok(Table(self.tables.len() - 1))
    }

    /// Adds a row to a table; a full sheet goes on to a further one.
    ///
    /// # Errors
    /// There is no such table, or Excel does not take a cell.
    pub fn row(&mut self, table: Table, cells: impl IntoIterator<Item = Cell>) -> Result<(), TableError> {
        let sheets = self.tables.get_mut(table.0).ok_or(TableError::NoTable)?;
        let open = sheets.last().ok_or(TableError::NoTable)?;
        if open.rows == ROWS {
            let (name, columns, nth) = (open.name.clone(), open.columns.clone(), open.nth + 1);
            let worksheet = self.workbook.new_worksheet_with_constant_memory();
            sheets.push(Sheet::begin(worksheet, name, columns, nth, &self.looks)?);
        }
        let open = sheets.last_mut().ok_or(TableError::NoTable)?;
        open.row(cells, &self.zone, &self.looks)
    }

    /// Packs it into a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(mut self, path: &Path) -> Result<(), TableError> {
        for sheet in self.tables.into_iter().flatten() {
            self.workbook.push_worksheet(sheet.closed()?);
        }
        Ok(self.workbook.save(path)?)
    }
}

#[cfg(test)]
#[path = "streamed_tests.rs"]
mod tests;
