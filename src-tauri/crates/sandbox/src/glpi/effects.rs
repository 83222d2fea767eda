//! What creating a row does besides itself: statuses, stamps, refusals. Every rule here was seen on the recorded servers
//! (NOTES §4 and §5); where they were not asked, a comment says what is assumed.

use super::{
    Glpi,
    cell::Cell,
    schema::Kind,
    upload::Upload,
    write::{Pen, Refused, ids_of, number, switch, text_of},
};
use serde_json::{Map, Value};

/// Ticket statuses.
pub(super) const NEW: i64 = 1;
pub(super) const ASSIGNED: i64 = 2;
pub(super) const PLANNED: i64 = 3;
pub(super) const WAITING: i64 = 4;
pub(super) const SOLVED: i64 = 5;
pub(super) const CLOSED: i64 = 6;

/// GLPI's default priority matrix: urgency × impact.
pub(crate) fn priority(urgency: i64, impact: i64) -> i64 {
    const MATRIX: [[i64; 5]; 5] = [
        [1, 1, 2, 2, 2],
        [1, 2, 2, 3, 3],
        [2, 2, 3, 4, 4],
        [2, 3, 4, 4, 5],
        [2, 3, 4, 5, 5],
    ];
    let step = |level: i64| usize::try_from(level.clamp(1, 5) - 1).unwrap_or(2);
    MATRIX[step(urgency)][step(impact)]
}

impl Glpi {
    /// Creates a row with all it brings along; gives its number and GLPI's message.
    pub(super) fn create(
        &mut self,
        pen: &Pen,
        kind: Kind,
        input: &Value,
        upload: Option<&Upload>,
    ) -> Result<(i64, String), Refused> {
        match kind {
            Kind::Ticket => self.create_ticket(pen, input, upload),
            Kind::ItilFollowup => self.create_followup(pen, input, upload),
            Kind::TicketTask => self.create_task(pen, input, upload),
            Kind::ItilSolution => self.create_solution(pen, input, upload),
            Kind::TicketUser | Kind::GroupTicket | Kind::SupplierTicket => self.create_actor(pen, kind, input),
            Kind::ItemTicket => self.create_asset_link(pen, input),
            Kind::TicketTicket => self.create_ticket_link(pen, input),
            Kind::TicketValidation => self.create_validation(pen, input),
            Kind::Document => Ok(self.create_document(pen, input, upload)),
            Kind::DocumentItem => self.create_document_link(pen, input),
            Kind::KnowbaseItemItem => self.create_article_link(pen, input),
            _ => Ok(self.create_plain(pen, kind, input)),
        }
    }

    /// A row of a table without effects of its own: cost, problem link, article, dropdown…
    fn create_plain(&mut self, pen: &Pen, kind: Kind, input: &Value) -> (i64, String) {
        let mut cells = vec![("date_creation", pen.stamp()), ("date_mod", pen.stamp())];
        if kind == Kind::KnowbaseItem || kind == Kind::KnowbaseItemComment {
            cells.push(("users_id", Cell::Int(pen.session.user)));
        }
        cells.extend(self.cells(pen, kind, input));
        let full_name = self.full_name(kind, input);
        if let Some(full_name) = &full_name {
            cells.push(("completename", Cell::text(full_name)));
        }
        let id = self.db.table_mut(kind).insert(cells);
        let name = input["name"]
            .as_str()
            .map_or_else(|| format!("{} - ID {id}", kind.name()), |name| self.in_message(name));
        (id, format!("Item successfully added: {name}"))
    }

    pub(super) fn full_name(&self, kind: Kind, input: &Value) -> Option<String> {
        kind.schema().column("completename")?;
        let name = input["name"].as_str()?;
        let parent = number(&input[kind.foreign_key()]).unwrap_or(0);
        Some(match self.db.shown_name(kind, parent) {
            Some(above) => format!("{above} > {name}"),
            None => name.to_owned(),
        })
    }

    fn create_ticket(&mut self, pen: &Pen, input: &Value, upload: Option<&Upload>) -> Result<(i64, String), Refused> {
        let Value::Object(given) = input else {
            return Err(Refused::silently());
        };
        let entity = given.get("entities_id").and_then(number).unwrap_or(pen.session.entity);
        if !pen.session.entities.contains(&entity) {
            return Err(Refused::permission());
        }
        let level = |key| given.get(key).and_then(number).unwrap_or(3);
        let (urgency, impact) = (level("urgency"), level("impact"));
        let actors = actors_of(given);
        let assigned = actors.iter().any(|(_, _, part)| *part == 2);
        let mut cells = vec![
            ("entities_id", Cell::Int(entity)),
            ("name", Cell::text("")),
            ("content", Cell::text("")),
            ("date", pen.stamp()),
            ("date_mod", pen.stamp()),
            ("date_creation", pen.stamp()),
            ("users_id_lastupdater", Cell::Int(pen.session.user)),
            ("users_id_recipient", Cell::Int(pen.session.user)),
            ("requesttypes_id", Cell::Int(1)),
            ("status", Cell::Int(if assigned { ASSIGNED } else { NEW })),
            ("urgency", Cell::Int(urgency)),
            ("impact", Cell::Int(impact)),
            ("priority", Cell::Int(priority(urgency, impact))),
        ];
        if assigned {
            cells.push(("takeintoaccountdate", pen.stamp()));
        }
        let own: Vec<(&str, Cell)> = self
            .cells(pen, Kind::Ticket, input)
            .into_iter()
            .filter(|(name, _)| !PROTECTED.contains(name))
            .collect();
        cells.extend(own);
        let id = self.db.table_mut(Kind::Ticket).insert(cells);
        for (kind, actor, part) in actors {
            let column = if kind == Kind::TicketUser {
                "users_id"
            } else {
                "groups_id"
            };
            let link = vec![
                ("tickets_id", Cell::Int(id)),
                (column, Cell::Int(actor)),
                ("type", Cell::Int(part)),
            ];
            self.db.table_mut(kind).insert(link);
            self.write_part(pen, id, kind, actor, part, true);
        }
        if let Some(Value::Object(items)) = given.get("items_id") {
            for (itemtype, ids) in items {
                for asset in ids_of(&serde_json::json!({ "ids": ids }), "ids") {
                    self.link_asset(id, itemtype, asset);
                }
            }
        }
        self.count_deadlines(pen, id);
        self.attach(pen, upload, Kind::Ticket, id);
        let name = given
            .get("name")
            .and_then(Value::as_str)
            .filter(|name| !name.is_empty());
        let shown = name.map_or_else(|| format!("Ticket - ID {id}"), |name| self.in_message(name));
        let message = if self.is_eleven() {
            format!("Item successfully added: {shown}")
        } else {
            format!("Item successfully added: {shown} ({id})")
        };
        Ok((id, message))
    }

    /// Deadlines from the ticket's service levels (the clock runs around it: calendars belong to the real thing).
    pub(super) fn count_deadlines(&mut self, pen: &Pen, ticket: i64) {
        for (level, deadline) in [("slas_id_tto", "time_to_own"), ("slas_id_ttr", "time_to_resolve")] {
            let sla = self.db.int(Kind::Ticket, ticket, level);
            if sla != 0 && self.db.time(Kind::Ticket, ticket, deadline).is_none() {
                let unit = match self.db.text(Kind::Sla, sla, "definition_time").as_ref() {
                    "minute" => 60,
                    "day" => 86_400,
                    _ => 3_600,
                };
                let at = pen.now.as_second() + self.db.int(Kind::Sla, sla, "number_time") * unit;
                self.db.set(Kind::Ticket, ticket, deadline, Cell::Time(at));
            }
        }
    }

    /// The ticket an entry's input names, visible to the writer.
    fn parent(&self, pen: &Pen, input: &Value) -> Result<i64, Refused> {
        let by_type = input["itemtype"].as_str().is_none_or(|itemtype| itemtype == "Ticket");
        let id = number(&input["tickets_id"])
            .or_else(|| number(&input["items_id"]).filter(|_| by_type))
            .unwrap_or(0);
        if !self.db.table(Kind::Ticket).has(id) || !super::rights::sees_ticket(&self.db, &pen.session, id) {
            return Err(Refused::permission());
        }
        Ok(id)
    }

    fn create_followup(&mut self, pen: &Pen, input: &Value, upload: Option<&Upload>) -> Result<(i64, String), Refused> {
        let ticket = self.parent(pen, input)?;
        let reopen = switch(&input["add_reopen"]);
        let content = input["content"].as_str().unwrap_or_default();
        if reopen && content.is_empty() {
            return Err(Refused::saying(
                "If you want to reopen this item, you must specify a reason",
            ));
        }
        let mut cells = self.entry_cells(pen, ticket);
        cells.extend([("itemtype", Cell::text("Ticket")), ("items_id", Cell::Int(ticket))]);
        cells.extend(self.cells(pen, Kind::ItilFollowup, input));
        cells.push(("itemtype", Cell::text("Ticket")));
        cells.push(("items_id", Cell::Int(ticket)));
        let id = self.db.table_mut(Kind::ItilFollowup).insert(cells);
        let copied = self.attach(pen, upload, Kind::ItilFollowup, id);
        let status = self.db.int(Kind::Ticket, ticket, "status");
        if switch(&input["add_close"]) && status == SOLVED {
            self.answer_solution(pen, ticket, 3, id);
            self.set_status(pen, ticket, CLOSED);
        } else if reopen && matches!(status, WAITING | SOLVED | CLOSED) {
            self.answer_solution(pen, ticket, 4, id);
            let back = if self.db.assigned(ticket) { ASSIGNED } else { NEW };
            self.set_status(pen, ticket, back);
        }
        self.bump(pen, ticket);
        Ok((
            id,
            if copied {
                "Document copy succeeded.".to_owned()
            } else {
                String::new()
            },
        ))
    }

    /// Marks the proposed solution accepted (3) or refused (4).
    fn answer_solution(&mut self, pen: &Pen, ticket: i64, answer: i64, followup: i64) {
        let Some(solution) = self.db.on(Kind::ItilSolution, Kind::Ticket, ticket).pop() else {
            return;
        };
        if self.db.int(Kind::ItilSolution, solution, "status") != 2 {
            return;
        }
        for (column, cell) in [
            ("status", Cell::Int(answer)),
            ("users_id_approval", Cell::Int(pen.session.user)),
            ("date_approval", pen.stamp()),
            ("itilfollowups_id", Cell::Int(followup)),
        ] {
            self.db.set(Kind::ItilSolution, solution, column, cell);
        }
    }

    fn create_task(&mut self, pen: &Pen, input: &Value, upload: Option<&Upload>) -> Result<(i64, String), Refused> {
        let ticket = self.parent(pen, input)?;
        let next = self.db.table(Kind::TicketTask).next_id();
        let uuid = match input["uuid"].as_str().filter(|uuid| !uuid.is_empty()) {
            Some(uuid) => uuid.to_owned(),
            None => uuid::Uuid::from_u64_pair(self.options.seed.rotate_left(17) ^ 0x7461_736b, next.cast_unsigned())
                .to_string(),
        };
        let column = Kind::TicketTask.schema().column("uuid").unwrap_or(0);
        let taken = self
            .db
            .table(Kind::TicketTask)
            .iter()
            .any(|(_, row)| row.holds(column, &uuid));
        if taken {
            let text = format!("Duplicate entry '{uuid}' for key 'uuid'");
            return Err(Refused::saying(if self.is_eleven() {
                format!(
                    "MySQL query error: {text} (1062) in SQL query \"INSERT INTO `glpi_tickettasks` (`tickets_id`, `content`, `uuid`) VALUES ('{ticket}', …, '{uuid}')\""
                )
            } else {
                text
            }));
        }
        let mut cells = self.entry_cells(pen, ticket);
        cells.extend(self.cells(pen, Kind::TicketTask, input));
        cells.extend([("tickets_id", Cell::Int(ticket)), ("uuid", Cell::text(&uuid))]);
        let id = self.db.table_mut(Kind::TicketTask).insert(cells);
        self.plan_end(id);
        self.attach(pen, upload, Kind::TicketTask, id);
        let planned = self.db.time(Kind::TicketTask, id, "begin").is_some();
        let status = self.db.int(Kind::Ticket, ticket, "status");
        if planned && self.db.int(Kind::TicketTask, id, "state") == 1 && matches!(status, NEW | ASSIGNED | WAITING) {
            self.set_status(pen, ticket, PLANNED);
        }
        self.count_time(ticket);
        self.bump(pen, ticket);
        Ok((id, String::new()))
    }

    /// A planned task without an end lasts its duration.
    pub(super) fn plan_end(&mut self, task: i64) {
        let length = self.db.int(Kind::TicketTask, task, "actiontime");
        let (begin, end) = (
            self.db.time(Kind::TicketTask, task, "begin"),
            self.db.time(Kind::TicketTask, task, "end"),
        );
        match (begin, end) {
            (Some(begin), None) => self.db.set(Kind::TicketTask, task, "end", Cell::Time(begin + length)),
            (Some(begin), Some(end)) if length == 0 => {
                self.db
                    .set(Kind::TicketTask, task, "actiontime", Cell::Int(end - begin));
            }
            _ => {}
        }
    }

    /// The ticket's time is the sum of its tasks'.
    pub(super) fn count_time(&mut self, ticket: i64) {
        let tasks = self.db.on(Kind::TicketTask, Kind::Ticket, ticket);
        let total = tasks
            .into_iter()
            .map(|task| self.db.int(Kind::TicketTask, task, "actiontime"))
            .sum();
        self.db.set(Kind::Ticket, ticket, "actiontime", Cell::Int(total));
    }

    fn create_solution(&mut self, pen: &Pen, input: &Value, upload: Option<&Upload>) -> Result<(i64, String), Refused> {
        let ticket = self.parent(pen, input)?;
        if matches!(self.db.int(Kind::Ticket, ticket, "status"), SOLVED | CLOSED) {
            return Err(Refused::saying(
                "The item is already solved, did anyone pushed a solution before you?",
            ));
        }
        let mut cells = self.entry_cells(pen, ticket);
        cells.extend(self.cells(pen, Kind::ItilSolution, input));
        cells.extend([
            ("itemtype", Cell::text("Ticket")),
            ("items_id", Cell::Int(ticket)),
            ("status", Cell::Int(2)),
        ]);
        let id = self.db.table_mut(Kind::ItilSolution).insert(cells);
        self.attach(pen, upload, Kind::ItilSolution, id);
        self.set_status(pen, ticket, SOLVED);
        self.bump(pen, ticket);
        Ok((id, format!("Item successfully added: {id}")))
    }

    fn entry_cells(&self, pen: &Pen, ticket: i64) -> Vec<(&'static str, Cell)> {
        vec![
            ("users_id", Cell::Int(pen.session.user)),
            ("date", pen.stamp()),
            ("date_mod", pen.stamp()),
            ("date_creation", pen.stamp()),
            ("timeline_position", Cell::Int(self.timeline_position(pen, ticket))),
        ]
    }

    /// On the right (4) for those in charge, on the left (1) for others.
    pub(crate) fn timeline_position(&self, pen: &Pen, ticket: i64) -> i64 {
        if self.db.actors(Kind::TicketUser, ticket, 2).contains(&pen.session.user) {
            4
        } else {
            1
        }
    }

    /// A file sent along with an item becomes a document on it; a refused type becomes nothing here. True if it hangs.
    fn attach(&mut self, pen: &Pen, upload: Option<&Upload>, kind: Kind, id: i64) -> bool {
        let Some(upload) = upload.filter(|upload| upload.accepted().is_some()) else {
            return false;
        };
        let ticket = self.db.ticket_of(kind, id).unwrap_or(0);
        let (name, ticket) = if self.is_eleven() {
            (format!("Document Ticket {ticket}"), ticket)
        } else {
            (upload.filename.clone(), 0)
        };
        let document = self.add_document(pen, Some(upload), &name, ticket, None);
        self.link_document(pen, document, kind, id, true);
        true
    }

    fn create_actor(&mut self, pen: &Pen, kind: Kind, input: &Value) -> Result<(i64, String), Refused> {
        let ticket = self.parent(pen, input)?;
        let (column, part) = match kind {
            Kind::TicketUser => ("users_id", number(&input["type"]).unwrap_or(1)),
            Kind::GroupTicket => ("groups_id", number(&input["type"]).unwrap_or(1)),
            _ => ("suppliers_id", 2),
        };
        let actor = number(&input[column]).unwrap_or(0);
        let there = self
            .db
            .on(kind, Kind::Ticket, ticket)
            .into_iter()
            .any(|link| self.db.int(kind, link, column) == actor && self.db.int(kind, link, "type") == part);
        let by_mail = input["alternative_email"].as_str().is_some_and(|mail| !mail.is_empty());
        if there || (actor == 0 && !by_mail) {
            return Err(Refused::silently());
        }
        let mut cells = self.cells(pen, kind, input);
        cells.extend([("tickets_id", Cell::Int(ticket)), ("type", Cell::Int(part))]);
        let id = self.db.table_mut(kind).insert(cells);
        self.write_part(pen, ticket, kind, actor, part, true);
        if part == 2 {
            self.take_into_account(pen, ticket);
            if self.db.int(Kind::Ticket, ticket, "status") == NEW {
                self.set_status(pen, ticket, ASSIGNED);
            }
        }
        self.bump(pen, ticket);
        Ok((id, String::new()))
    }

    fn take_into_account(&mut self, pen: &Pen, ticket: i64) {
        if self.db.time(Kind::Ticket, ticket, "takeintoaccountdate").is_none() {
            let delay = self
                .db
                .time(Kind::Ticket, ticket, "date")
                .map_or(0, |date| pen.now.as_second() - date);
            self.db.set(Kind::Ticket, ticket, "takeintoaccountdate", pen.stamp());
            self.db.set(
                Kind::Ticket,
                ticket,
                "takeintoaccount_delay_stat",
                Cell::Int(delay.max(0)),
            );
        }
    }

    fn link_asset(&mut self, ticket: i64, itemtype: &str, asset: i64) -> Option<i64> {
        let kind = Kind::named(itemtype)?;
        let there = self
            .db
            .on(Kind::ItemTicket, Kind::Ticket, ticket)
            .into_iter()
            .any(|link| {
                self.db.text(Kind::ItemTicket, link, "itemtype").as_ref() == kind.name()
                    && self.db.int(Kind::ItemTicket, link, "items_id") == asset
            });
        if there || !self.db.table(kind).has(asset) {
            return None;
        }
        Some(self.db.table_mut(Kind::ItemTicket).insert(vec![
            ("itemtype", Cell::text(kind.name())),
            ("items_id", Cell::Int(asset)),
            ("tickets_id", Cell::Int(ticket)),
        ]))
    }

    fn create_asset_link(&mut self, pen: &Pen, input: &Value) -> Result<(i64, String), Refused> {
        let ticket = self.parent(pen, &serde_json::json!({ "tickets_id": input["tickets_id"] }))?;
        let itemtype = input["itemtype"].as_str().unwrap_or_default().to_owned();
        let asset = number(&input["items_id"]).unwrap_or(0);
        let id = self
            .link_asset(ticket, &itemtype, asset)
            .ok_or_else(Refused::silently)?;
        self.bump(pen, ticket);
        let name = Kind::named(&itemtype)
            .map(|kind| self.encoded_name(kind, asset))
            .unwrap_or_default();
        Ok((id, format!("Item successfully added: {name}")))
    }

    fn create_ticket_link(&mut self, pen: &Pen, input: &Value) -> Result<(i64, String), Refused> {
        let one = self.parent(pen, &serde_json::json!({ "tickets_id": input["tickets_id_1"] }))?;
        let other = self.parent(pen, &serde_json::json!({ "tickets_id": input["tickets_id_2"] }))?;
        let there = self
            .db
            .on(Kind::TicketTicket, Kind::Ticket, one)
            .into_iter()
            .any(|link| {
                let pair = (
                    self.db.int(Kind::TicketTicket, link, "tickets_id_1"),
                    self.db.int(Kind::TicketTicket, link, "tickets_id_2"),
                );
                pair == (one, other) || pair == (other, one)
            });
        if there || one == other {
            return Err(Refused::silently());
        }
        let cells = self.cells(pen, Kind::TicketTicket, input);
        let id = self.db.table_mut(Kind::TicketTicket).insert(cells);
        self.bump(pen, one);
        self.bump(pen, other);
        Ok((id, format!("Item successfully added: Linked ticket - ID {id}")))
    }

    fn create_validation(&mut self, pen: &Pen, input: &Value) -> Result<(i64, String), Refused> {
        let ticket = self.parent(pen, input)?;
        let mut cells = vec![
            ("entities_id", self.db.table(Kind::Ticket).get(ticket, "entities_id")),
            ("users_id", Cell::Int(pen.session.user)),
            ("submission_date", pen.stamp()),
            ("timeline_position", Cell::Int(self.timeline_position(pen, ticket))),
        ];
        cells.extend(self.cells(pen, Kind::TicketValidation, input));
        cells.extend([("tickets_id", Cell::Int(ticket)), ("status", Cell::Int(2))]);
        let id = self.db.table_mut(Kind::TicketValidation).insert(cells);
        self.db.set(Kind::Ticket, ticket, "global_validation", Cell::Int(2));
        self.bump(pen, ticket);
        Ok((id, String::new()))
    }

    fn create_document(&mut self, pen: &Pen, input: &Value, upload: Option<&Upload>) -> (i64, String) {
        let target = input["itemtype"]
            .as_str()
            .and_then(Kind::named)
            .zip(number(&input["items_id"]));
        let ticket = target.filter(|(kind, _)| *kind == Kind::Ticket).map(|(_, id)| id);
        let own_ticket = number(&input["tickets_id"])
            .or(ticket.filter(|_| self.is_eleven()))
            .unwrap_or(0);
        let given = input["name"].as_str().unwrap_or_default();
        // Linked in the same breath, 10.0 names the document after the ticket.
        let name = match ticket {
            Some(ticket) if !self.is_eleven() => {
                format!("Document: Ticket - {}", self.db.text(Kind::Ticket, ticket, "name"))
            }
            _ => given.to_owned(),
        };
        let entity = number(&input["entities_id"]);
        let id = self.add_document(pen, upload, &name, own_ticket, entity);
        if let Some((kind, row)) = target.filter(|(kind, row)| self.db.table(*kind).has(*row)) {
            self.link_document(pen, id, kind, row, false);
            if let Some(ticket) = self.db.ticket_of(kind, row) {
                self.bump(pen, ticket);
            }
        }
        (id, format!("Item successfully added: {}", self.in_message(&name)))
    }

    fn create_document_link(&mut self, pen: &Pen, input: &Value) -> Result<(i64, String), Refused> {
        let document = number(&input["documents_id"]).unwrap_or(0);
        let kind = input["itemtype"]
            .as_str()
            .and_then(Kind::named)
            .ok_or_else(Refused::silently)?;
        let row = number(&input["items_id"]).unwrap_or(0);
        if !self.db.table(Kind::Document).has(document) || !self.db.table(kind).has(row) {
            return Err(Refused::permission());
        }
        if !super::rights::readable(&self.db, &pen.session, kind, row) {
            return Err(Refused::permission());
        }
        // Assumed (not recorded): the same document twice on the same row is refused, as duplicate actors are.
        let there = self
            .db
            .on(Kind::DocumentItem, kind, row)
            .into_iter()
            .any(|link| self.db.int(Kind::DocumentItem, link, "documents_id") == document);
        if there {
            return Err(Refused::silently());
        }
        let id = self.link_document(pen, document, kind, row, false);
        if let Some(ticket) = self.db.ticket_of(kind, row) {
            self.bump(pen, ticket);
        }
        Ok((id, format!("Item successfully added: Document item - ID {id}")))
    }

    fn create_article_link(&mut self, pen: &Pen, input: &Value) -> Result<(i64, String), Refused> {
        let article = number(&input["knowbaseitems_id"]).unwrap_or(0);
        let kind = input["itemtype"]
            .as_str()
            .and_then(Kind::named)
            .ok_or_else(Refused::silently)?;
        let row = number(&input["items_id"]).unwrap_or(0);
        let there = self
            .db
            .on(Kind::KnowbaseItemItem, kind, row)
            .into_iter()
            .any(|link| self.db.int(Kind::KnowbaseItemItem, link, "knowbaseitems_id") == article);
        // Assumed (not recorded): the table's unique key speaks as the one of the tasks does.
        if there {
            return Err(Refused::saying(format!(
                "Duplicate entry '{}-{row}-{article}' for key 'unicity'",
                kind.name()
            )));
        }
        if !self.db.table(Kind::KnowbaseItem).has(article) || !self.db.table(kind).has(row) {
            return Err(Refused::permission());
        }
        let (id, _) = self.create_plain(pen, Kind::KnowbaseItemItem, input);
        Ok((id, format!("Item successfully added: Knowledge base item - ID {id}")))
    }
}

/// What a client cannot set on a ticket: the server's own.
pub(super) const PROTECTED: [&str; 6] = [
    "date_mod",
    "date_creation",
    "users_id_lastupdater",
    "solve_delay_stat",
    "close_delay_stat",
    "takeintoaccount_delay_stat",
];

/// The actors a new ticket's input names: (table, number, part).
fn actors_of(input: &Map<String, Value>) -> Vec<(Kind, i64, i64)> {
    let mut found: Vec<(Kind, i64, i64)> = Vec::new();
    let mut push = |actor: (Kind, i64, i64)| {
        if !found.contains(&actor) {
            found.push(actor);
        }
    };
    let all = Value::Object(input.clone());
    for (name, part) in [("requester", 1), ("assign", 2), ("observer", 3)] {
        for user in ids_of(&all, &format!("_users_id_{name}")) {
            push((Kind::TicketUser, user, part));
        }
        for group in ids_of(&all, &format!("_groups_id_{name}")) {
            push((Kind::GroupTicket, group, part));
        }
        if let Some(Value::Array(list)) = input.get("_actors").and_then(|actors| actors.get(name)) {
            for actor in list {
                let Value::Object(actor) = actor else { continue };
                let id = actor.get("items_id").and_then(number).unwrap_or(0);
                match text_of(actor, "itemtype") {
                    Some("User") if id != 0 => push((Kind::TicketUser, id, part)),
                    Some("Group") if id != 0 => push((Kind::GroupTicket, id, part)),
                    _ => {}
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_priority_matrix_is_the_one_of_the_recordings() {
        for (urgency, impact, expected) in [
            (4, 3, 4),
            (2, 3, 2),
            (5, 3, 4),
            (3, 3, 3),
            (3, 5, 4),
            (1, 2, 1),
            (2, 2, 2),
            (5, 2, 3),
            (2, 5, 3),
        ] {
            assert_eq!(
                priority(urgency, impact),
                expected,
                "urgency {urgency}, impact {impact}"
            );
        }
    }
}
