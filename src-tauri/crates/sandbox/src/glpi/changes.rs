//! What changing and deleting rows does besides: which stamps move and which do not (NOTES §4), what a closed ticket
//! refuses, what goes away with a purged one.

use super::{
    Glpi,
    cell::Cell,
    effects::{ASSIGNED, CLOSED, NEW, PLANNED, PROTECTED, SOLVED, WAITING, priority},
    schema::Kind,
    write::{Pen, Refused, number},
};
use serde_json::Value;

impl Glpi {
    /// Changes a row, with all that goes with it.
    pub(super) fn change(&mut self, pen: &Pen, kind: Kind, id: i64, input: &Value) -> Result<(), Refused> {
        match kind {
            Kind::Ticket => self.change_ticket(pen, id, input),
            Kind::ItilFollowup | Kind::TicketTask | Kind::ItilSolution => {
                self.change_entry(pen, kind, id, input);
                Ok(())
            }
            Kind::TicketValidation => self.change_validation(pen, id, input),
            Kind::KnowbaseItem => {
                self.change_article(pen, id, input);
                Ok(())
            }
            _ => {
                if self.apply(pen, kind, id, &self.cells(pen, kind, input)) {
                    self.db.set(kind, id, "date_mod", pen.stamp());
                    if let Some(full_name) = self.full_name(kind, input) {
                        self.db.set(kind, id, "completename", Cell::text(&full_name));
                    }
                }
                Ok(())
            }
        }
    }

    fn change_ticket(&mut self, pen: &Pen, id: i64, input: &Value) -> Result<(), Refused> {
        let before = self.db.int(Kind::Ticket, id, "status");
        let restores = number(&input["is_deleted"]) == Some(0) && self.db.int(Kind::Ticket, id, "is_deleted") != 0;
        if before == CLOSED && !restores {
            return Err(Refused::silently());
        }
        let status = number(&input["status"]).filter(|status| (NEW..=CLOSED).contains(status));
        let mut cells: Vec<(&str, Cell)> = self
            .cells(pen, Kind::Ticket, input)
            .into_iter()
            .filter(|(name, _)| !PROTECTED.contains(name) && *name != "status")
            .collect();
        let ranked = cells.iter().any(|(name, _)| matches!(*name, "urgency" | "impact"));
        let said = cells.iter().any(|(name, _)| *name == "priority");
        if ranked && !said {
            let level = |name: &str| {
                cells
                    .iter()
                    .find(|(column, _)| *column == name)
                    .map_or_else(|| self.db.int(Kind::Ticket, id, name), |(_, cell)| cell.int())
            };
            cells.push(("priority", Cell::Int(priority(level("urgency"), level("impact")))));
        }
        if let Some(entity) = cells
            .iter()
            .find(|(name, _)| *name == "entities_id")
            .map(|(_, cell)| cell.int())
            && !pen.session.entities.contains(&entity)
        {
            return Err(Refused::permission());
        }
        let mut changed = self.apply(pen, Kind::Ticket, id, &cells);
        if restores {
            self.write_history(pen, id, 14, "0", 0, "", "");
        }
        if let Some(status) = status.filter(|status| *status != before) {
            self.set_status(pen, id, status);
            changed = true;
        }
        if changed {
            self.count_deadlines(pen, id);
            self.bump(pen, id);
        }
        Ok(())
    }

    /// Follow-ups and tasks move their ticket's stamp; an edited solution does not (NOTES §4).
    fn change_entry(&mut self, pen: &Pen, kind: Kind, id: i64, input: &Value) {
        let cells: Vec<(&str, Cell)> = self
            .cells(pen, kind, input)
            .into_iter()
            .filter(|(name, _)| {
                !matches!(
                    *name,
                    "itemtype" | "items_id" | "tickets_id" | "uuid" | "date_mod" | "date_creation"
                )
            })
            .collect();
        if !self.apply(pen, kind, id, &cells) {
            return;
        }
        self.db.set(kind, id, "date_mod", pen.stamp());
        if cells.iter().any(|(name, _)| *name == "content") {
            self.db.set(kind, id, "users_id_editor", Cell::Int(pen.session.user));
        }
        if kind == Kind::ItilSolution {
            return;
        }
        let Some(ticket) = self.db.ticket_of(kind, id) else {
            return;
        };
        if kind == Kind::TicketTask {
            self.plan_end(id);
            self.count_time(ticket);
            let open_plan = self
                .db
                .on(Kind::TicketTask, Kind::Ticket, ticket)
                .into_iter()
                .any(|task| {
                    self.db.int(Kind::TicketTask, task, "state") == 1
                        && self.db.time(Kind::TicketTask, task, "begin").is_some()
                });
            if !open_plan && self.db.int(Kind::Ticket, ticket, "status") == PLANNED {
                let back = if self.db.assigned(ticket) { ASSIGNED } else { NEW };
                self.set_status(pen, ticket, back);
            }
        }
        self.bump(pen, ticket);
    }

    fn change_validation(&mut self, pen: &Pen, id: i64, input: &Value) -> Result<(), Refused> {
        let answer = number(&input["status"]).filter(|status| matches!(status, 3 | 4));
        if answer.is_some() && self.db.int(Kind::TicketValidation, id, "users_id_validate") != pen.session.user {
            return Err(Refused::permission());
        }
        let cells = self.cells(pen, Kind::TicketValidation, input);
        self.apply(pen, Kind::TicketValidation, id, &cells);
        let Some(ticket) = self.db.ticket_of(Kind::TicketValidation, id) else {
            return Ok(());
        };
        if let Some(answer) = answer {
            self.db.set(Kind::TicketValidation, id, "validation_date", pen.stamp());
            self.db
                .set(Kind::Ticket, ticket, "global_validation", Cell::Int(answer));
        }
        self.bump(pen, ticket);
        Ok(())
    }

    /// An edited answer or title leaves a revision behind; visibility, category and translation are other tables.
    fn change_article(&mut self, pen: &Pen, id: i64, input: &Value) {
        let before = |column| self.db.table(Kind::KnowbaseItem).get(id, column);
        let (name, answer, author, at) = (before("name"), before("answer"), before("users_id"), before("date_mod"));
        let cells = self.cells(pen, Kind::KnowbaseItem, input);
        let text = cells.iter().any(|(name, _)| matches!(*name, "answer" | "name"));
        if !self.apply(pen, Kind::KnowbaseItem, id, &cells) {
            return;
        }
        if text {
            let revision = self.db.on(Kind::KnowbaseItemRevision, Kind::KnowbaseItem, id).len() as i64 + 1;
            self.db.table_mut(Kind::KnowbaseItemRevision).insert(vec![
                ("knowbaseitems_id", Cell::Int(id)),
                ("revision", Cell::Int(revision)),
                ("name", name),
                ("answer", answer),
                ("users_id", author),
                ("date", at),
            ]);
        }
        self.db.set(Kind::KnowbaseItem, id, "date_mod", pen.stamp());
    }

    /// Sets what differs; tells whether anything did.
    fn apply(&mut self, _pen: &Pen, kind: Kind, id: i64, cells: &[(&str, Cell)]) -> bool {
        let mut changed = false;
        for (name, cell) in cells {
            let before = self.db.table(kind).get(id, name);
            let same = match (&before, cell) {
                (Cell::Made(_), Cell::Text(text)) => self.db.written(&before).as_deref() == Some(text),
                (before, cell) => before == cell,
            };
            if !same {
                self.db.set(kind, id, name, cell.clone());
                changed = true;
            }
        }
        changed
    }

    /// A status and the dates that go with it.
    pub(crate) fn set_status(&mut self, pen: &Pen, ticket: i64, status: i64) {
        let before = self.db.int(Kind::Ticket, ticket, "status");
        self.db.set(Kind::Ticket, ticket, "status", Cell::Int(status));
        if before != status {
            let (old, new) = (before.to_string(), status.to_string());
            self.write_history(pen, ticket, 0, "", 12, &old, &new);
        }
        let opened = self
            .db
            .time(Kind::Ticket, ticket, "date")
            .unwrap_or(pen.now.as_second());
        let delay = Cell::Int((pen.now.as_second() - opened).max(0));
        if status >= SOLVED && self.db.time(Kind::Ticket, ticket, "solvedate").is_none() {
            self.db.set(Kind::Ticket, ticket, "solvedate", pen.stamp());
            self.db.set(Kind::Ticket, ticket, "solve_delay_stat", delay.clone());
        }
        if status == CLOSED && before != CLOSED {
            self.db.set(Kind::Ticket, ticket, "closedate", pen.stamp());
            self.db.set(Kind::Ticket, ticket, "close_delay_stat", delay);
        }
        if status < SOLVED {
            self.db.set(Kind::Ticket, ticket, "solvedate", Cell::Null);
            self.db.set(Kind::Ticket, ticket, "closedate", Cell::Null);
        }
        let waiting = if status == WAITING { pen.stamp() } else { Cell::Null };
        self.db.set(Kind::Ticket, ticket, "begin_waiting_date", waiting);
    }

    /// Moves a ticket's stamp: to the start of the writing request, never to its end.
    pub(crate) fn bump(&mut self, pen: &Pen, ticket: i64) {
        self.db.set(Kind::Ticket, ticket, "date_mod", pen.stamp());
        self.db.set(
            Kind::Ticket,
            ticket,
            "users_id_lastupdater",
            Cell::Int(pen.session.user),
        );
    }

    /// Puts a row in the bin.
    pub(super) fn put_in_bin(&mut self, pen: &Pen, kind: Kind, id: i64) {
        self.db.set(kind, id, "is_deleted", Cell::Int(1));
        self.db.set(kind, id, "date_mod", pen.stamp());
        if kind == Kind::Ticket {
            self.bump(pen, id);
            self.write_history(pen, id, 13, "0", 0, "", "");
        }
    }

    /// Writes a line of a ticket's history, with the numbers of GLPI's `linked_action`s and of the ticket's search options.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn write_history(
        &mut self,
        pen: &Pen,
        ticket: i64,
        action: i64,
        link: &str,
        option: i64,
        old: &str,
        new: &str,
    ) {
        let user = pen.session.user;
        let author = format!("{} ({user})", self.db.text(Kind::User, user, "name"));
        self.db.table_mut(Kind::Log).insert(vec![
            ("itemtype", Cell::text("Ticket")),
            ("items_id", Cell::Int(ticket)),
            ("itemtype_link", Cell::text(link)),
            ("linked_action", Cell::Int(action)),
            ("user_name", Cell::text(&author)),
            ("date_mod", pen.stamp()),
            ("id_search_option", Cell::Int(option)),
            ("old_value", Cell::text(old)),
            ("new_value", Cell::text(new)),
        ]);
    }

    /// Writes that somebody got a part in a ticket (`joined`), or lost it. An address without an account leaves no line.
    pub(super) fn write_part(&mut self, pen: &Pen, ticket: i64, kind: Kind, actor: i64, part: i64, joined: bool) {
        let (link, party, options) = match kind {
            Kind::TicketUser => ("User", Kind::User, [4, 5, 66]),
            Kind::GroupTicket => ("Group", Kind::Group, [71, 8, 65]),
            _ => return,
        };
        if actor <= 0 {
            return;
        }
        let option = match part {
            1 => options[0],
            2 => options[1],
            _ => options[2],
        };
        let who = format!("{} ({actor})", self.db.text(party, actor, "name"));
        if joined {
            self.write_history(pen, ticket, 15, link, option, "", &who);
        } else {
            self.write_history(pen, ticket, 16, link, option, &who, "");
        }
    }

    /// Removes a row and all that hangs on it, without a trace.
    pub(super) fn erase(&mut self, pen: &Pen, kind: Kind, id: i64) {
        let ticket = self.db.ticket_of(kind, id).filter(|_| kind != Kind::Ticket);
        let assigned = ticket.is_some_and(|ticket| self.db.assigned(ticket));
        if let Some(ticket) = ticket {
            let column = if kind == Kind::TicketUser {
                "users_id"
            } else {
                "groups_id"
            };
            if matches!(kind, Kind::TicketUser | Kind::GroupTicket) {
                let actor = self.db.int(kind, id, column);
                let part = self.db.int(kind, id, "type");
                self.write_part(pen, ticket, kind, actor, part, false);
            }
        }
        for child in Kind::ALL {
            let rows = self.db.on(*child, kind, id);
            if matches!(
                *child,
                Kind::Computer
                    | Kind::Monitor
                    | Kind::Printer
                    | Kind::Phone
                    | Kind::Peripheral
                    | Kind::NetworkEquipment
            ) {
                continue;
            }
            for row in rows {
                if matches!(*child, Kind::ItilFollowup | Kind::TicketTask | Kind::ItilSolution) {
                    for link in self.db.on(Kind::DocumentItem, *child, row) {
                        self.db.table_mut(Kind::DocumentItem).remove(link);
                    }
                }
                self.db.table_mut(*child).remove(row);
            }
        }
        self.db.table_mut(kind).remove(id);
        let Some(ticket) = ticket.filter(|ticket| self.db.table(Kind::Ticket).has(*ticket)) else {
            return;
        };
        if kind == Kind::TicketTask {
            self.count_time(ticket);
        }
        // Nobody in charge any more: back among the new ones.
        if assigned && !self.db.assigned(ticket) && self.db.int(Kind::Ticket, ticket, "status") == ASSIGNED {
            self.set_status(pen, ticket, NEW);
        }
        if !matches!(kind, Kind::TicketCost | Kind::ProblemTicket | Kind::ChangeTicket) {
            self.bump(pen, ticket);
        }
    }
}
