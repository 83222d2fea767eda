//! All tables together, and the few questions every part asks them.

use super::{
    cell::{Cell, Row, Table},
    schema::Kind,
    text::Texts,
};
use std::sync::Arc;

/// The database.
#[derive(Debug, Clone)]
pub(crate) struct Db {
    tables: Vec<Table>,
    /// Writes the demo's texts when they are read.
    pub(crate) texts: Texts,
    /// Counts changes, so that a remembered list knows when it is stale.
    pub(crate) revision: u64,
}

impl Db {
    /// Empty tables.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            tables: Kind::ALL.iter().map(|kind| Table::new(kind.schema())).collect(),
            texts: Texts::new(seed),
            revision: 0,
        }
    }

    /// One table.
    pub(crate) fn table(&self, kind: Kind) -> &Table {
        &self.tables[usize::from(kind.number())]
    }

    /// One table, to change it.
    pub(crate) fn table_mut(&mut self, kind: Kind) -> &mut Table {
        self.revision += 1;
        &mut self.tables[usize::from(kind.number())]
    }

    /// A row's number in a column.
    pub(crate) fn int(&self, kind: Kind, id: i64, column: &str) -> i64 {
        self.table(kind).get(id, column).int()
    }

    /// A row's text in a column; empty for NULL.
    pub(crate) fn text(&self, kind: Kind, id: i64, column: &str) -> Arc<str> {
        self.written(&self.table(kind).get(id, column))
            .unwrap_or_else(|| Arc::from(""))
    }

    /// A row's instant in a column.
    pub(crate) fn time(&self, kind: Kind, id: i64, column: &str) -> Option<i64> {
        self.table(kind).get(id, column).time()
    }

    /// Sets a cell.
    pub(crate) fn set(&mut self, kind: Kind, id: i64, column: &str, cell: Cell) {
        self.table_mut(kind).set(id, column, cell);
    }

    /// A cell's text, written if it is made up.
    pub(crate) fn written(&self, cell: &Cell) -> Option<Arc<str>> {
        match cell {
            Cell::Text(text) => Some(Arc::clone(text)),
            Cell::Made(code) => Some(Arc::from(self.texts.write(*code).as_str())),
            Cell::Int(n) => Some(Arc::from(n.to_string().as_str())),
            Cell::Time(_) | Cell::Null => None,
        }
    }

    /// Rows of `kind` hanging on `owner`, ascending.
    pub(crate) fn on(&self, kind: Kind, owner: Kind, id: i64) -> Vec<i64> {
        self.table(kind).of_owner(owner.number(), id).collect()
    }

    /// The name other rows are shown by: the full name of a tree's node, a login, a name.
    pub(crate) fn shown_name(&self, kind: Kind, id: i64) -> Option<Arc<str>> {
        let table = self.table(kind);
        let row = table.row(id)?;
        let column = table
            .schema
            .column("completename")
            .or_else(|| table.schema.column("name"))?;
        self.written(&table.cell_of(row, column))
    }

    /// The ticket a row belongs to, if it belongs to one.
    pub(crate) fn ticket_of(&self, kind: Kind, row: i64) -> Option<i64> {
        let table = self.table(kind);
        if kind == Kind::Ticket {
            return Some(row);
        }
        if table.schema.column("tickets_id").is_some() && kind != Kind::Document {
            return Some(table.get(row, "tickets_id").int());
        }
        let (itemtype, id) = (table.get(row, "itemtype"), table.get(row, "items_id").int());
        let Cell::Text(itemtype) = itemtype else { return None };
        match Kind::named(&itemtype)? {
            Kind::Ticket => Some(id),
            entry @ (Kind::ItilFollowup | Kind::TicketTask | Kind::ItilSolution) => self.ticket_of(entry, id),
            _ => None,
        }
    }

    /// People or groups with a part in a ticket: 1 requester, 2 assigned, 3 observer.
    pub(crate) fn actors(&self, kind: Kind, ticket: i64, part: i64) -> Vec<i64> {
        let column = if kind == Kind::TicketUser {
            "users_id"
        } else {
            "groups_id"
        };
        self.on(kind, Kind::Ticket, ticket)
            .into_iter()
            .filter(|row| self.int(kind, *row, "type") == part)
            .map(|row| self.int(kind, row, column))
            .collect()
    }

    /// Whether anybody is in charge of a ticket.
    pub(crate) fn assigned(&self, ticket: i64) -> bool {
        !self.actors(Kind::TicketUser, ticket, 2).is_empty() || !self.actors(Kind::GroupTicket, ticket, 2).is_empty()
    }

    /// Whether `entity` is `root` or below it.
    pub(crate) fn under(&self, mut entity: i64, root: i64) -> bool {
        loop {
            if entity == root {
                return true;
            }
            match self.table(Kind::Entity).get(entity, "entities_id") {
                Cell::Int(parent) if parent != entity => entity = parent,
                _ => return false,
            }
        }
    }

    /// Every entity reachable from an assignment.
    pub(crate) fn entities_from(&self, root: i64, recursive: bool) -> Vec<i64> {
        if !recursive {
            return vec![root];
        }
        self.table(Kind::Entity)
            .iter()
            .map(|(id, _)| id)
            .filter(|id| self.under(*id, root))
            .collect()
    }

    /// Ids of a kind's rows that `keep` accepts, ascending.
    pub(crate) fn ids(&self, kind: Kind, keep: impl Fn(i64, &Row) -> bool) -> Vec<i64> {
        self.table(kind)
            .iter()
            .filter(|(id, row)| keep(*id, row))
            .map(|(id, _)| id)
            .collect()
    }
}
