//! The words of a hand-over, in the profile's language, and texts made harmless where a line of them stands in something larger.

use crate::messages::Locale;
use guichet_domain::{GroupId, UserId, ticket::Party};
use guichet_service_levels::table::{Cell, Column};
use guichet_store::TicketView;
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use std::collections::BTreeMap;

/// Language and clock.
#[derive(Debug, Clone)]
pub(super) struct Words {
    pub(super) locale: Locale,
    pub(super) zone: TimeZone,
}

impl Words {
    /// In a language, on this computer's clock.
    pub(super) fn new(locale: Locale) -> Self {
        Self {
            locale,
            zone: TimeZone::system(),
        }
    }

    /// A text of the catalogue, below `handover`.
    pub(super) fn text(&self, key: &str, arguments: &[(&str, String)]) -> String {
        self.locale.catalogue().text(&format!("handover.{key}"), arguments)
    }

    /// What a value is called: `PREFIX.value` of the catalogue.
    pub(super) fn of(&self, prefix: &str, value: &impl Serialize) -> String {
        let value = serde_json::to_value(value).ok();
        let value = value.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
        self.locale.catalogue().text(&format!("{prefix}.{value}"), &[])
    }

    /// What a value is called, as a cell.
    pub(super) fn cell(&self, prefix: &str, value: &impl Serialize) -> Cell {
        Cell::text(self.of(prefix, value))
    }

    /// A heading, as in the lists' exports where they have it.
    pub(super) fn heading(&self, key: &str) -> String {
        let catalogue = self.locale.catalogue();
        let own = format!("handover.column.{key}");
        if catalogue.texts.contains_key(&own) {
            catalogue.text(&own, &[])
        } else {
            catalogue.text(&format!("export.column.{key}"), &[])
        }
    }

    /// Columns by the keys of their headings.
    pub(super) fn columns(&self, keys: &[(&str, f64)]) -> Vec<Column> {
        keys.iter()
            .map(|(key, width)| Column::new(self.heading(key), *width))
            .collect()
    }

    /// An instant with its distance from UTC, so that it is the same instant wherever it is read.
    pub(super) fn at(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string()
    }
}

/// Everybody a ticket mentions. Who is not known here is called by the number.
pub(super) struct Names {
    users: BTreeMap<UserId, String>,
    groups: BTreeMap<GroupId, String>,
}

impl Names {
    pub(super) fn of(view: &TicketView) -> Self {
        let users = view.users.iter();
        let groups = view.groups.iter();
        Self {
            users: users.filter_map(|user| Some((user.id, user.name.clone()?))).collect(),
            groups: groups
                .filter_map(|group| Some((group.id, group.name.clone()?)))
                .collect(),
        }
    }

    pub(super) fn user(&self, id: UserId) -> String {
        self.users.get(&id).cloned().unwrap_or_else(|| format!("#{id}"))
    }

    pub(super) fn group(&self, id: GroupId) -> String {
        self.groups.get(&id).cloned().unwrap_or_else(|| format!("#{id}"))
    }

    pub(super) fn party(&self, party: &Party) -> String {
        match party {
            Party::User { id } => self.user(*id),
            Party::Group { id } => self.group(*id),
            Party::Email { address } => address.clone(),
        }
    }
}

/// A character that shows nothing and may change how what follows is shown: a control character, or a mark that turns the direction
/// of writing.
fn deceives(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}')
}

/// A text without what deceives.
pub(super) fn honest(text: &str) -> String {
    text.chars().filter(|c| !deceives(*c)).collect()
}

/// A text as one line.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(honest).collect();
    words.join(" ")
}

/// A cell without what deceives.
pub(super) fn honest_cell(cell: Cell) -> Cell {
    match cell {
        Cell::Text(text) if text.chars().any(deceives) => Cell::text(honest(&text)),
        other => other,
    }
}

/// Text in HTML, within an element or a quoted attribute.
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !deceives(*c)) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
