//! Values, rows and tables: the server's database in memory, ordered and without any hidden state, so that the same seed
//! and the same requests give the same answers.
//!
//! A row keeps only what differs from its table's defaults, so that a million tickets fit in a desk's memory.

use super::schema::{Owner, Schema};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One value of a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// SQL's NULL.
    Null,
    /// Any number or boolean.
    Int(i64),
    /// An instant, in seconds since 1970 UTC.
    Time(i64),
    /// A text, raw (never entity-encoded).
    Text(Arc<str>),
    /// A text of the demo data, written when it is read: its code names situation and variant.
    Made(u64),
}

impl Cell {
    /// A text.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(Arc::from(text))
    }

    /// The number in it, 0 where there is none.
    pub(crate) fn int(&self) -> i64 {
        match self {
            Self::Int(n) | Self::Time(n) => *n,
            Self::Text(text) => text.trim().parse().unwrap_or(0),
            Self::Null | Self::Made(_) => 0,
        }
    }

    /// The instant in it, if any.
    pub(crate) fn time(&self) -> Option<i64> {
        match self {
            Self::Time(at) => Some(*at),
            _ => None,
        }
    }
}

/// A row: the cells that differ from the table's defaults, packed: column, tag, payload, by ascending column. A ticket takes
/// some 150 bytes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row(Box<[u8]>);

const NULL: u8 = 0;
const INT: u8 = 1;
const TIME: u8 = 2;
const TEXT: u8 = 3;
const MADE: u8 = 4;

impl Row {
    /// Builds a row from named cells, the last one of a name winning; names the schema lacks are dropped, as GLPI drops
    /// unknown fields.
    pub(crate) fn of(schema: &Schema, cells: Vec<(&str, Cell)>) -> Self {
        let mut kept: Vec<(u8, Cell)> = Vec::with_capacity(cells.len());
        for (name, cell) in cells {
            let Some(column) = schema.column(name) else { continue };
            match kept.binary_search_by_key(&column, |(number, _)| *number) {
                Ok(at) => kept[at].1 = cell,
                Err(at) => kept.insert(at, (column, cell)),
            }
        }
        Self::packed(&kept)
    }

    fn packed(cells: &[(u8, Cell)]) -> Self {
        let mut bytes = Vec::with_capacity(cells.len() * 7);
        for (column, cell) in cells {
            bytes.push(*column);
            match cell {
                Cell::Null => bytes.push(NULL),
                Cell::Int(n) => {
                    bytes.push(INT);
                    put_number(&mut bytes, zigzag(*n));
                }
                Cell::Time(at) => {
                    bytes.push(TIME);
                    put_number(&mut bytes, zigzag(*at));
                }
                Cell::Text(text) => {
                    bytes.push(TEXT);
                    put_number(&mut bytes, text.len() as u64);
                    bytes.extend_from_slice(text.as_bytes());
                }
                Cell::Made(code) => {
                    bytes.push(MADE);
                    put_number(&mut bytes, *code);
                }
            }
        }
        Self(bytes.into_boxed_slice())
    }

    fn cells(&self) -> Reader<'_> {
        Reader { bytes: &self.0 }
    }

    /// The cell of a column, if it differs from the default.
    pub(crate) fn own(&self, column: u8) -> Option<Cell> {
        let mut reader = self.cells();
        while let Some((number, packed)) = reader.step() {
            if number == column {
                return Some(packed.cell());
            }
            if number > column {
                return None;
            }
        }
        None
    }

    /// Whether a column holds exactly this text.
    pub(crate) fn holds(&self, column: u8, text: &str) -> bool {
        let mut reader = self.cells();
        while let Some((number, packed)) = reader.step() {
            if number == column {
                return matches!(packed, Packed::Text(own) if own == text.as_bytes());
            }
        }
        false
    }

    /// Sets a column.
    pub(crate) fn set(&mut self, column: u8, cell: Cell) {
        let mut cells: Vec<(u8, Cell)> = Vec::new();
        let mut reader = self.cells();
        while let Some((number, packed)) = reader.step() {
            cells.push((number, packed.cell()));
        }
        match cells.binary_search_by_key(&column, |(number, _)| *number) {
            Ok(at) => cells[at].1 = cell,
            Err(at) => cells.insert(at, (column, cell)),
        }
        *self = Self::packed(&cells);
    }
}

/// A packed cell, not yet unpacked.
enum Packed<'row> {
    Null,
    Int(i64),
    Time(i64),
    Text(&'row [u8]),
    Made(u64),
}

impl Packed<'_> {
    fn cell(&self) -> Cell {
        match self {
            Self::Null => Cell::Null,
            Self::Int(n) => Cell::Int(*n),
            Self::Time(at) => Cell::Time(*at),
            Self::Text(bytes) => Cell::Text(Arc::from(std::str::from_utf8(bytes).unwrap_or_default())),
            Self::Made(code) => Cell::Made(*code),
        }
    }
}

/// Walks through a packed row.
struct Reader<'row> {
    bytes: &'row [u8],
}

impl<'row> Reader<'row> {
    fn step(&mut self) -> Option<(u8, Packed<'row>)> {
        let (column, tag) = (*self.bytes.first()?, *self.bytes.get(1)?);
        self.bytes = &self.bytes[2..];
        let packed = match tag {
            INT => Packed::Int(unzigzag(self.number())),
            TIME => Packed::Time(unzigzag(self.number())),
            TEXT => {
                let length = usize::try_from(self.number()).unwrap_or(0).min(self.bytes.len());
                let (text, rest) = self.bytes.split_at(length);
                self.bytes = rest;
                Packed::Text(text)
            }
            MADE => Packed::Made(self.number()),
            _ => Packed::Null,
        };
        Some((column, packed))
    }

    fn number(&mut self) -> u64 {
        let mut number = 0;
        let mut shift = 0;
        while let Some((byte, rest)) = self.bytes.split_first() {
            self.bytes = rest;
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        number
    }
}

fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Small negative numbers stay small.
fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

/// A table: rows by id, and the ids of the rows hanging on each owner.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// What its columns are.
    pub(crate) schema: &'static Schema,
    /// Its rows. Never touched around [`Table::insert`], [`Table::set`] and [`Table::remove`], which keep the index.
    rows: BTreeMap<i64, Row>,
    /// (owner's kind, owner's id, row's id).
    owned: BTreeSet<(u16, i64, i64)>,
    /// The next id AUTO_INCREMENT gives; a deleted row's id is never given again.
    next: i64,
}

impl Table {
    /// An empty table.
    pub(crate) fn new(schema: &'static Schema) -> Self {
        Self {
            schema,
            rows: BTreeMap::new(),
            owned: BTreeSet::new(),
            next: 1,
        }
    }

    /// How many rows.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The id the next row gets.
    pub(crate) fn next_id(&self) -> i64 {
        self.next
    }

    /// Every row, by ascending id.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (i64, &Row)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// One row.
    pub(crate) fn row(&self, id: i64) -> Option<&Row> {
        self.rows.get(&id)
    }

    /// Whether it exists.
    pub(crate) fn has(&self, id: i64) -> bool {
        self.rows.contains_key(&id)
    }

    /// A row's cell, its default where the row does not say.
    pub(crate) fn cell_of(&self, row: &Row, column: u8) -> Cell {
        row.own(column)
            .unwrap_or_else(|| self.schema.columns[usize::from(column)].default_cell())
    }

    /// Every cell of a row, in the order of the columns: one walk, where asking for each would be one walk each.
    pub(crate) fn cells_of(&self, row: &Row) -> Vec<Cell> {
        let mut reader = row.cells();
        let mut next = reader.step();
        let mut cells = Vec::with_capacity(self.schema.columns.len());
        for (number, column) in self.schema.columns.iter().enumerate() {
            cells.push(match &next {
                Some((own, packed)) if usize::from(*own) == number => {
                    let cell = packed.cell();
                    next = reader.step();
                    cell
                }
                _ => column.default_cell(),
            });
        }
        cells
    }

    /// A cell by name; NULL where there is no such row or column.
    pub(crate) fn get(&self, id: i64, name: &str) -> Cell {
        match (self.row(id), self.schema.column(name)) {
            (Some(row), Some(column)) => self.cell_of(row, column),
            _ => Cell::Null,
        }
    }

    /// Adds a row and gives its id.
    pub(crate) fn insert(&mut self, cells: Vec<(&str, Cell)>) -> i64 {
        let id = self.next;
        self.insert_at(id, cells);
        id
    }

    /// Adds a row with a given id.
    pub(crate) fn insert_at(&mut self, id: i64, cells: Vec<(&str, Cell)>) {
        let row = Row::of(self.schema, cells);
        for (kind, owner) in self.owners(&row) {
            self.owned.insert((kind, owner, id));
        }
        self.rows.insert(id, row);
        self.next = self.next.max(id + 1);
    }

    /// Sets one cell; unknown columns and rows are ignored.
    pub(crate) fn set(&mut self, id: i64, name: &str, cell: Cell) {
        let Some(column) = self.schema.column(name) else { return };
        let Some(mut row) = self.rows.remove(&id) else { return };
        let reindex = self.schema.names_owner(name);
        if reindex {
            for (kind, owner) in self.owners(&row) {
                self.owned.remove(&(kind, owner, id));
            }
        }
        row.set(column, cell);
        if reindex {
            for (kind, owner) in self.owners(&row) {
                self.owned.insert((kind, owner, id));
            }
        }
        self.rows.insert(id, row);
    }

    /// Removes a row.
    pub(crate) fn remove(&mut self, id: i64) -> bool {
        let Some(row) = self.rows.remove(&id) else { return false };
        for (kind, owner) in self.owners(&row) {
            self.owned.remove(&(kind, owner, id));
        }
        true
    }

    /// Ids of the rows hanging on an owner, ascending.
    pub(crate) fn of_owner(&self, kind: u16, owner: i64) -> impl Iterator<Item = i64> {
        self.owned
            .range((kind, owner, i64::MIN)..=(kind, owner, i64::MAX))
            .map(|(_, _, id)| *id)
    }

    fn owners(&self, row: &Row) -> Vec<(u16, i64)> {
        let mut found = Vec::new();
        for owner in &self.schema.owners {
            match owner {
                Owner::Column { column, kind } => {
                    let id = self.cell_of(row, *column).int();
                    if id != 0 && !found.contains(&(*kind, id)) {
                        found.push((*kind, id));
                    }
                }
                Owner::Typed { itemtype, id } => {
                    if let Cell::Text(name) = self.cell_of(row, *itemtype)
                        && let Some(kind) = super::schema::Kind::named(&name)
                    {
                        found.push((kind.number(), self.cell_of(row, *id).int()));
                    }
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glpi::schema::Kind;

    #[test]
    fn cells_survive_packing() {
        let schema = Kind::Ticket.schema();
        let mut row = Row::default();
        let cells = [
            ("name", Cell::text("R&D « œ » 😀")),
            ("content", Cell::Made(u64::MAX)),
            ("date", Cell::Time(1_793_606_400)),
            ("urgency", Cell::Int(-5)),
            ("impact", Cell::Int(i64::MIN)),
            ("solvedate", Cell::Null),
            ("externalid", Cell::text("")),
        ];
        for (name, cell) in cells.iter().rev() {
            if let Some(column) = schema.column(name) {
                row.set(column, Cell::Int(1));
                row.set(column, cell.clone());
            }
        }
        assert_eq!(row, Row::of(schema, cells.to_vec()));
        for (name, cell) in &cells {
            assert_eq!(
                schema.column(name).and_then(|column| row.own(column)).as_ref(),
                Some(cell),
                "{name}"
            );
        }
        assert_eq!(schema.column("status").and_then(|column| row.own(column)), None);
        let table = Table::new(schema);
        let one_by_one: Vec<Cell> = (0_u8..)
            .zip(&schema.columns)
            .map(|(number, _)| table.cell_of(&row, number))
            .collect();
        assert_eq!(table.cells_of(&row), one_by_one);
        assert!(
            schema
                .column("externalid")
                .is_some_and(|column| row.holds(column, "") && !row.holds(column, "x"))
        );
    }
}
