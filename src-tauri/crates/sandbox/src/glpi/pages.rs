//! Bare HTML pages of the same tickets: what a browser could show at best. They are not GLPI's pages (no styles, no scripts, no
//! rights): measurements hold them against the window, as the least that the browser's own way costs.

use super::{Glpi, schema::Kind};
use std::fmt::Write as _;

/// What hangs on a ticket's page, oldest first.
const ENTRIES: [Kind; 3] = [Kind::ItilFollowup, Kind::TicketTask, Kind::ItilSolution];

impl Glpi {
    /// A page with the `rows` newest tickets as a table, each linked to its own page.
    #[must_use]
    pub fn list_page(&self, rows: usize) -> String {
        let mut page = head("Tickets");
        page.push_str("<table><tr><th>ID<th>Titre<th>Statut<th>Priorité<th>Demandeur<th>Attribué à<th>Modifié</tr>");
        for (ticket, _) in self.db.table(Kind::Ticket).iter().rev().take(rows) {
            let people = |part| self.names(ticket, part);
            let _ = write!(
                page,
                "<tr><td>{ticket}<td><a href=\"ticket/{ticket}\">{}</a><td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
                escape(&self.db.text(Kind::Ticket, ticket, "name")),
                self.db.int(Kind::Ticket, ticket, "status"),
                self.db.int(Kind::Ticket, ticket, "priority"),
                people(1),
                people(2),
                self.when(Kind::Ticket, ticket, "date_mod"),
            );
        }
        page.push_str("</table>");
        page
    }

    /// A ticket's page: its fields, its description, what happened. `None` when there is no such ticket.
    #[must_use]
    pub fn ticket_page(&self, ticket: i64) -> Option<String> {
        if !self.db.table(Kind::Ticket).has(ticket) {
            return None;
        }
        let title = escape(&self.db.text(Kind::Ticket, ticket, "name"));
        let mut page = head(&title);
        let _ = write!(
            page,
            "<h1>{title} ({ticket})</h1><p>{} · {} · {}</p><div>{}</div>",
            self.names(ticket, 1),
            self.names(ticket, 2),
            self.when(Kind::Ticket, ticket, "date"),
            self.db.text(Kind::Ticket, ticket, "content"),
        );
        let mut entries: Vec<(i64, Kind, i64)> = ENTRIES
            .into_iter()
            .flat_map(|kind| {
                self.db
                    .on(kind, Kind::Ticket, ticket)
                    .into_iter()
                    .map(move |row| (kind, row))
            })
            .map(|(kind, row)| (self.db.time(kind, row, "date_creation").unwrap_or(0), kind, row))
            .collect();
        entries.sort_by_key(|(at, _, row)| (*at, *row));
        for (_, kind, row) in entries {
            let _ = write!(
                page,
                "<article><h2>{} · {}</h2>{}</article>",
                self.db
                    .shown_name(Kind::User, self.db.int(kind, row, "users_id"))
                    .map(|name| escape(&name))
                    .unwrap_or_default(),
                self.when(kind, row, "date_creation"),
                self.db.text(kind, row, "content"),
            );
        }
        page.push_str("<form><textarea rows=\"8\" cols=\"80\"></textarea><button>Ajouter</button></form>");
        Some(page)
    }

    /// Who has a part in a ticket, by name.
    fn names(&self, ticket: i64, part: i64) -> String {
        let people = self.db.actors(Kind::TicketUser, ticket, part);
        let names: Vec<String> = people
            .into_iter()
            .filter_map(|user| self.db.shown_name(Kind::User, user))
            .map(|name| escape(&name))
            .collect();
        names.join(", ")
    }

    fn when(&self, kind: Kind, id: i64, column: &str) -> String {
        self.db
            .time(kind, id, column)
            .map(|at| self.shown_time(at, &self.zone))
            .unwrap_or_default()
    }
}

fn head(title: &str) -> String {
    format!("<!doctype html><html lang=\"fr\"><meta charset=\"utf-8\"><title>{title}</title>")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
