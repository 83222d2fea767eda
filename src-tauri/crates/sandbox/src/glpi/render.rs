//! Rows as GLPI shows them: naive datetimes in a zone, 10.0's entity-encoded strings, names instead of numbers, links.

use super::{
    Glpi,
    cell::Cell,
    schema::{Column, Kind, Type, Version},
    session::Session,
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value, json};

/// How a row is to be shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape {
    /// Names instead of the numbers of foreign keys.
    pub(crate) expand: bool,
    /// Links to what the row points to and to what hangs on it.
    pub(crate) links: bool,
    /// Only the number.
    pub(crate) only_id: bool,
    /// Columns whose names are wanted beside their numbers.
    pub(crate) names: Vec<String>,
}

impl Shape {
    /// Nothing but the row's columns is asked for.
    pub(crate) fn is_plain(&self) -> bool {
        !self.expand && !self.links && !self.only_id && self.names.is_empty()
    }
}

/// What hangs on a ticket, in the order GLPI links it.
const TICKET_CHILDREN: [&str; 13] = [
    "Document_Item",
    "TicketTask",
    "TicketValidation",
    "TicketCost",
    "Problem_Ticket",
    "Change_Ticket",
    "Ticket_Ticket",
    "Item_Ticket",
    "ITILSolution",
    "ITILFollowup",
    "Ticket_User",
    "Group_Ticket",
    "Supplier_Ticket",
];

impl Glpi {
    /// A string on its way out: 10.0 stores and returns `&`, `<` and `>` as entities, 11.0 does not.
    pub(crate) fn encode(&self, text: &str) -> String {
        match self.options.version {
            Version::Eleven => text.to_owned(),
            Version::Ten => encode(text),
        }
    }

    /// A name inside a `message`: 10.0 shows it as it stores it, 11.0 as HTML.
    pub(crate) fn in_message(&self, text: &str) -> String {
        match self.options.version {
            Version::Ten => encode(text),
            Version::Eleven => text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
                .replace('\'', "&#039;"),
        }
    }

    /// A row's name as lists of names show it.
    pub(crate) fn encoded_name(&self, kind: Kind, id: i64) -> String {
        self.db
            .shown_name(kind, id)
            .map(|name| self.encode(&name))
            .unwrap_or_default()
    }

    /// A naive datetime in a zone.
    pub(crate) fn shown_time(&self, seconds: i64, zone: &TimeZone) -> String {
        Timestamp::from_second(seconds)
            .map(|at| zone.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string())
            .unwrap_or_default()
    }

    /// A naive datetime given by a client, in its session's zone. GLPI reads ISO 8601 with `T` and `Z` too and ignores
    /// the zone in it.
    pub(crate) fn read_time(text: &str, zone: &TimeZone) -> Option<i64> {
        let naive = text.trim().trim_end_matches('Z').replace('T', " ");
        let naive = if naive.len() == 10 {
            format!("{naive} 00:00:00")
        } else {
            naive
        };
        let naive = naive.get(..19).unwrap_or(&naive);
        let at = DateTime::strptime("%Y-%m-%d %H:%M:%S", naive).ok()?;
        zone.to_ambiguous_timestamp(at)
            .compatible()
            .ok()
            .map(Timestamp::as_second)
    }

    /// A cell as JSON.
    pub(crate) fn shown(&self, cell: &Cell, zone: &TimeZone) -> Value {
        match cell {
            Cell::Null => Value::Null,
            Cell::Int(n) => json!(n),
            Cell::Time(at) => json!(self.shown_time(*at, zone)),
            Cell::Text(text) => json!(self.encode(text)),
            Cell::Made(code) => json!(self.encode(&self.db.texts.write(*code))),
        }
    }

    /// A plain row as text, without the brace that closes it: what [`Glpi::shown_row`] gives when nothing but its columns is
    /// asked for, without making a tree of it first.
    pub(crate) fn write_row(&self, session: &Session, kind: Kind, id: i64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        out.extend_from_slice(id.to_string().as_bytes());
        let table = self.db.table(kind);
        let Some(row) = table.row(id) else { return };
        for (column, cell) in table.schema.columns.iter().zip(table.cells_of(row)).skip(1) {
            if column.only.is_some_and(|only| only != self.options.version) {
                continue;
            }
            out.extend_from_slice(b",\"");
            out.extend_from_slice(column.name.as_bytes());
            out.extend_from_slice(b"\":");
            match &cell {
                Cell::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
                Cell::Null => out.extend_from_slice(b"null"),
                Cell::Time(_) | Cell::Text(_) | Cell::Made(_) => {
                    let shown = self.shown_column(session, column, &cell);
                    // Writing into memory cannot fail.
                    let _ = serde_json::to_writer(&mut *out, &shown);
                }
            }
        }
    }

    /// A column's cell as JSON, numbers as they are.
    fn shown_column(&self, session: &Session, column: &Column, cell: &Cell) -> Value {
        match &column.kind {
            // Entities are the one list whose full names 10.0 gives with a bare separator.
            Type::Text if column.name == "completename" => {
                let text = self
                    .db
                    .written(cell)
                    .map(|text| self.encode(&text).replace(" &#62; ", " > "));
                text.map_or(Value::Null, Value::String)
            }
            _ => self.shown(cell, &session.zone),
        }
    }

    /// A whole row.
    pub(crate) fn shown_row(&self, session: &Session, kind: Kind, id: i64, shape: &Shape) -> Map<String, Value> {
        let mut shown = Map::new();
        let table = self.db.table(kind);
        let Some(row) = table.row(id) else { return shown };
        shown.insert("id".to_owned(), json!(id));
        if !shape.only_id {
            for (column, cell) in table.schema.columns.iter().zip(table.cells_of(row)).skip(1) {
                if column.only.is_some_and(|only| only != self.options.version) {
                    continue;
                }
                let value = match &column.kind {
                    Type::Link(target) if shape.expand => self.expanded(&cell, target),
                    _ => self.shown_column(session, column, &cell),
                };
                shown.insert(column.name.clone(), value);
            }
        }
        if !shape.names.is_empty() {
            let names: Map<String, Value> = shape
                .names
                .iter()
                .filter_map(|name| Some((name.clone(), json!(self.key_name(kind, id, name)?))))
                .collect();
            shown.insert("_keys_names".to_owned(), Value::Object(names));
        }
        if shape.links {
            shown.insert("links".to_owned(), Value::Array(self.links(kind, id, shape.only_id)));
        }
        shown
    }

    /// A foreign key by name; 0 stays 0, except for the root entity.
    fn expanded(&self, cell: &Cell, target: &str) -> Value {
        let id = cell.int();
        match Kind::named(target) {
            Some(kind) if matches!(cell, Cell::Int(_)) && (id != 0 || kind == Kind::Entity) => {
                if self.db.table(kind).has(id) {
                    json!(self.encoded_name(kind, id))
                } else {
                    json!(id)
                }
            }
            _ => self.shown(cell, &TimeZone::UTC),
        }
    }

    /// What `add_keys_names` gives: the short name.
    fn key_name(&self, kind: Kind, id: i64, column: &str) -> Option<String> {
        if column == "id" {
            return Some(self.encode(&self.db.text(kind, id, "name")));
        }
        let schema = kind.schema();
        let number = schema.column(column)?;
        let Type::Link(target) = &schema.columns[usize::from(number)].kind else {
            return None;
        };
        let target = Kind::named(target)?;
        let pointed = self.db.int(kind, id, column);
        self.db
            .table(target)
            .has(pointed)
            .then(|| self.encode(&self.db.text(target, pointed, "name")))
    }

    fn links(&self, kind: Kind, id: i64, only_id: bool) -> Vec<Value> {
        let root = self.api_root();
        let mut links = Vec::new();
        let table = self.db.table(kind);
        if !only_id && let Some(row) = table.row(id) {
            for (number, column) in table.schema.columns.iter().enumerate() {
                if let Type::Link(target) = &column.kind
                    && let Ok(number) = u8::try_from(number)
                    && column.only.is_none_or(|only| only == self.options.version)
                {
                    let pointed = table.cell_of(row, number).int();
                    if pointed != 0 {
                        links.push(json!({ "rel": target, "href": format!("{root}/{target}/{pointed}") }));
                    }
                }
            }
        }
        let children: &[&str] = match kind {
            Kind::Ticket => &TICKET_CHILDREN,
            _ => &["Document_Item"],
        };
        for child in children {
            links.push(json!({ "rel": child, "href": format!("{root}/{}/{id}/{child}/", kind.name()) }));
        }
        links
    }
}

/// 10.0's encoding.
pub(crate) fn encode(text: &str) -> String {
    if !text.contains(['&', '<', '>']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 32);
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&#38;"),
            '<' => out.push_str("&#60;"),
            '>' => out.push_str("&#62;"),
            other => out.push(other),
        }
    }
    out
}
