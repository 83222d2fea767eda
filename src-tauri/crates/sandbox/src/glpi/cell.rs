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

/// A row: the cells that differ from the table's defaults, by column number.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Row(Box<[(u8, Cell)]>);

impl Row {
    /// Builds a row from named cells; names the schema lacks are dropped, as GLPI drops unknown fields.
    pub(crate) fn of(schema: &Schema, cells: Vec<(&str, Cell)>) -> Self {
        let mut kept: Vec<(u8, Cell)> = cells
            .into_iter()
            .filter_map(|(name, cell)| schema.column(name).map(|column| (column, cell)))
            .collect();
        kept.sort_by_key(|(column, _)| *column);
        kept.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                earlier.1 = later.1.clone();
            }
            same
        });
        Self(kept.into_boxed_slice())
    }

    /// The cell of a column, if it differs from the default.
    pub(crate) fn own(&self, column: u8) -> Option<&Cell> {
        self.0
            .binary_search_by_key(&column, |(number, _)| *number)
            .ok()
            .map(|at| &self.0[at].1)
    }

    /// Sets a column.
    pub(crate) fn set(&mut self, column: u8, cell: Cell) {
        match self.0.binary_search_by_key(&column, |(number, _)| *number) {
            Ok(at) => self.0[at].1 = cell,
            Err(at) => {
                let mut cells = std::mem::take(&mut self.0).into_vec();
                cells.insert(at, (column, cell));
                self.0 = cells.into_boxed_slice();
            }
        }
    }
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
            .cloned()
            .unwrap_or_else(|| self.schema.columns[usize::from(column)].default_cell())
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
