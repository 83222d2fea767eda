//! Writing: each operation is **one** request that can change anything, with reads before it where GLPI would otherwise let
//! the last writer win, and reads after a refusal where GLPI does not say why.
//!
//! GLPI has no idempotency key. What stands in for one, per operation, is in [`crate::probe`]; here every request is made
//! so that it can be recognised: tasks carry the operation's identity as `uuid` (unique at the server), tickets of 11 as
//! `externalid`, follow-ups and tickets the instant the technician pressed the key as their own `date`, which both
//! versions keep.

use crate::{
    backend::GlpiBackend,
    client::{Failure, refused},
    facts::Facts,
    forms::{
        actor_row, actors_of, changed, created, field_input, kind_number, same_actor, ticket_link_row, upload_error,
        wire_filename,
    },
    read::itemtype,
    transport::ApiBody,
    wire::{Generation, Refusal, Row},
};
use guichet_backend::{BackendError, Delivery, Outgoing, Probe};
use guichet_domain::{
    TicketId,
    document::Attachment,
    merge::{Outcome, field_value, merge},
    operation::{AttachTo, Field, FieldValue, NewTicket, Operation},
    outbox::Receipt,
    rich_text::RichText,
    ticket::{Actor, Party, Status},
    timeline::TaskState,
};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Length of a planned task that gives none, in seconds: GLPI wants an end.
const PLANNED_S: i64 = 1800;

impl GlpiBackend {
    pub(crate) async fn send_operation(&self, outgoing: &Outgoing) -> Result<Receipt, BackendError> {
        let facts = self.facts().await.map_err(not_sent)?;
        match &outgoing.operation {
            Operation::CreateTicket { ticket } => self.create_ticket(outgoing, ticket, &facts).await,
            Operation::AddFollowup { body, private } => {
                let input = self.followup(outgoing, body, *private, &facts)?;
                self.add(outgoing, "ITILFollowup", input).await
            }
            Operation::AddTask { .. } => self.add_task(outgoing, &facts).await,
            Operation::AddSolution { body, solution_type } => {
                let input = json!({
                    "itemtype": "Ticket",
                    "items_id": ticket_of(outgoing)?.0,
                    "content": body.to_html(),
                    "solutiontypes_id": solution_type.unwrap_or(0),
                });
                self.add(outgoing, "ITILSolution", input).await
            }
            Operation::AnswerSolution { accept, body } => self.answer(outgoing, *accept, body, &facts).await,
            Operation::Reopen { body } => self.reopen(outgoing, body, &facts).await,
            Operation::Assign { actor } => {
                let (table, input) = actor_row(ticket_of(outgoing)?, actor);
                self.add(outgoing, table, input).await
            }
            Operation::Unassign { actor } => self.unassign(outgoing, actor).await,
            Operation::SetField { field, base, new } => self.set_field(outgoing, *field, base, new, &facts).await,
            Operation::UploadDocument { attachment, attach_to } => self.upload(outgoing, attachment, attach_to).await,
            Operation::LinkArticle { article } => {
                let input = json!({
                    "knowbaseitems_id": article.0,
                    "itemtype": "Ticket",
                    "items_id": ticket_of(outgoing)?.0,
                });
                self.add(outgoing, "KnowbaseItem_Item", input).await
            }
            Operation::LinkAsset { asset } => {
                let input = json!({
                    "itemtype": asset.kind,
                    "items_id": asset.id,
                    "tickets_id": ticket_of(outgoing)?.0,
                });
                self.add(outgoing, "Item_Ticket", input).await
            }
            Operation::LinkTicket { ticket, kind } => {
                let input = ticket_link_row(ticket_of(outgoing)?, *ticket, *kind);
                self.add(outgoing, "Ticket_Ticket", input).await
            }
            // GLPI has no drafts: an article without a target (entity, profile, group, person) is seen by its author and
            // by those who administer the knowledge base, who publish it by giving it one.
            Operation::ProposeArticle { title, body } => {
                let input = json!({"name": title.trim(), "answer": body.to_html(), "is_faq": 0});
                self.add(outgoing, "KnowbaseItem", input).await
            }
        }
    }

    /// Posts one row. A refusal is looked into: what is there already was applied (a duplicate actor, a task's key, our own
    /// solution, a link), anything else gets its reason.
    async fn add(&self, outgoing: &Outgoing, table: &str, input: Value) -> Result<Receipt, BackendError> {
        match self
            .client
            .write(Method::POST, table, ApiBody::Json(json!({"input": input})))
            .await
        {
            Ok(reply) => created(&reply),
            Err(Failure::Refused(refusal)) => {
                if let Ok(Probe::Applied(receipt)) = self.probe_operation(outgoing).await {
                    return Ok(receipt);
                }
                Err(self.explain(outgoing, &refusal).await)
            }
            Err(Failure::Backend(error)) => Err(error),
        }
    }

    async fn create_ticket(
        &self,
        outgoing: &Outgoing,
        ticket: &NewTicket,
        facts: &Facts,
    ) -> Result<Receipt, BackendError> {
        let mut input = Map::new();
        input.insert("name".to_owned(), json!(ticket.title));
        input.insert("content".to_owned(), json!(ticket.description.to_html()));
        input.insert("type".to_owned(), json!(kind_number(ticket.kind)));
        input.insert("urgency".to_owned(), json!(ticket.urgency.0));
        input.insert("impact".to_owned(), json!(ticket.impact.0));
        input.insert("date".to_owned(), json!(facts.zone.write(outgoing.written_at)));
        for (field, value) in [
            ("itilcategories_id", ticket.category),
            ("locations_id", ticket.location),
            ("requesttypes_id", ticket.channel),
            ("entities_id", ticket.entity),
        ] {
            if let Some(value) = value {
                input.insert(field.to_owned(), json!(value));
            }
        }
        if facts.generation == Generation::Eleven {
            input.insert("externalid".to_owned(), json!(outgoing.id.to_string()));
        }
        actors_of(&ticket.actors, &mut input);
        let mut assets: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for asset in &ticket.assets {
            assets.entry(&asset.kind).or_default().push(asset.id);
        }
        if !assets.is_empty() {
            input.insert("items_id".to_owned(), json!(assets));
        }
        match self
            .client
            .write(Method::POST, "Ticket", ApiBody::Json(json!({"input": input})))
            .await
        {
            Ok(reply) => {
                let receipt = created(&reply)?;
                Ok(Receipt {
                    ticket: receipt.remote_id.map(TicketId),
                    ..receipt
                })
            }
            Err(other) => Err(other.into()),
        }
    }

    fn followup(
        &self,
        outgoing: &Outgoing,
        body: &RichText,
        private: bool,
        facts: &Facts,
    ) -> Result<Value, BackendError> {
        Ok(json!({
            "itemtype": "Ticket",
            "items_id": ticket_of(outgoing)?.0,
            "content": body.to_html(),
            "is_private": i64::from(private),
            "date": facts.zone.write(outgoing.written_at),
        }))
    }

    async fn add_task(&self, outgoing: &Outgoing, facts: &Facts) -> Result<Receipt, BackendError> {
        let Operation::AddTask {
            body,
            private,
            state,
            duration_s,
            begin,
            assignee,
        } = &outgoing.operation
        else {
            return Err(BackendError::Unsupported { what: "such a task" });
        };
        let mut input = json!({
            "tickets_id": ticket_of(outgoing)?.0,
            "content": body.to_html(),
            "is_private": i64::from(*private),
            "state": match state {
                TaskState::Information => 0,
                TaskState::Todo => 1,
                TaskState::Done => 2,
            },
            "actiontime": duration_s,
            "date": facts.zone.write(outgoing.written_at),
            "uuid": outgoing.id.to_string(),
        });
        if let Some(begin) = begin {
            let length = SignedDuration::from_secs(if *duration_s > 0 { *duration_s } else { PLANNED_S });
            let end = begin.saturating_add(length).unwrap_or(*begin);
            input["begin"] = json!(facts.zone.write(*begin));
            input["end"] = json!(facts.zone.write(end));
        }
        if let Some(assignee) = assignee {
            input["users_id_tech"] = json!(assignee.0);
        }
        self.add(outgoing, "TicketTask", input).await
    }

    /// Accepting or refusing a solution is a follow-up that closes or re-opens (`add_close`, `add_reopen`).
    async fn answer(
        &self,
        outgoing: &Outgoing,
        accept: bool,
        body: &RichText,
        facts: &Facts,
    ) -> Result<Receipt, BackendError> {
        let ticket = self.writable(ticket_of(outgoing)?).await?;
        if crate::read::status(ticket.int("status")) != Status::Solved {
            return Err(BackendError::Invalid {
                message: "no solution is waiting for an answer".to_owned(),
            });
        }
        let mut input = self.followup(outgoing, body, false, facts)?;
        input[if accept { "add_close" } else { "add_reopen" }] = json!(1);
        self.add(outgoing, "ITILFollowup", input).await
    }

    async fn reopen(&self, outgoing: &Outgoing, body: &RichText, facts: &Facts) -> Result<Receipt, BackendError> {
        let ticket = self.writable(ticket_of(outgoing)?).await?;
        let mut input = self.followup(outgoing, body, false, facts)?;
        // Re-opened meanwhile by somebody else: what was written is still delivered.
        if crate::read::status(ticket.int("status")) == Status::Solved {
            input["add_reopen"] = json!(1);
        }
        self.add(outgoing, "ITILFollowup", input).await
    }

    async fn unassign(&self, outgoing: &Outgoing, actor: &Actor) -> Result<Receipt, BackendError> {
        let ticket = ticket_of(outgoing)?;
        let row = self
            .actor_on(ticket, actor)
            .await
            .map_err(|failure| not_sent(failure.into()))?;
        // Already off it: that is what was meant.
        let Some((table, row)) = row else {
            return Ok(Receipt::default());
        };
        match self
            .client
            .write(Method::DELETE, &format!("{table}/{row}"), ApiBody::Empty)
            .await
        {
            Ok(reply) => changed(&reply, row),
            Err(Failure::Refused(refusal)) => match self.actor_on(ticket, actor).await {
                Ok(None) => Ok(Receipt::default()),
                _ => Err(self.explain(outgoing, &refusal).await),
            },
            Err(Failure::Backend(error)) => Err(error),
        }
    }

    /// Sets one field if it still is what the technician saw: GLPI has no concurrency token, so the ticket is read right
    /// before (a race of milliseconds remains).
    async fn set_field(
        &self,
        outgoing: &Outgoing,
        field: Field,
        base: &FieldValue,
        new: &FieldValue,
        facts: &Facts,
    ) -> Result<Receipt, BackendError> {
        let id = ticket_of(outgoing)?;
        let row = self.writable(id).await?;
        let theirs = self.field_of(&row, field, facts);
        match merge(base, new, &theirs) {
            Outcome::AlreadyOurs => {
                return Ok(Receipt {
                    remote_id: None,
                    ticket: Some(id),
                });
            }
            Outcome::Conflict => {
                return Err(BackendError::Conflict {
                    field,
                    theirs: Box::new(theirs),
                });
            }
            Outcome::Apply => {}
        }
        let (name, value) = field_input(field, new)?;
        let body = ApiBody::Json(json!({"input": {name: value}}));
        match self.client.write(Method::PUT, &format!("Ticket/{id}"), body).await {
            Ok(reply) => {
                changed(&reply, id.0)?;
                Ok(Receipt {
                    remote_id: None,
                    ticket: Some(id),
                })
            }
            Err(Failure::Refused(refusal)) => Err(self.explain(outgoing, &refusal).await),
            Err(Failure::Backend(error)) => Err(error),
        }
    }

    /// Uploads a document and links it, in one request. GLPI answers 201 also for a refused file type and then keeps an
    /// empty document: that is an error here, and the empty document is removed.
    async fn upload(
        &self,
        outgoing: &Outgoing,
        attachment: &Attachment,
        attach_to: &AttachTo,
    ) -> Result<Receipt, BackendError> {
        let ticket = ticket_of(outgoing)?;
        let (itemtype, items_id) = place(outgoing, attach_to, ticket)?;
        let Some(content) = outgoing.content.clone() else {
            return Err(BackendError::Invalid {
                message: "the file's content is missing".to_owned(),
            });
        };
        // The document belongs where its ticket does: in the session's own entity, people who see the ticket might not see it.
        let (row, _) = self
            .client
            .item("Ticket", ticket.0)
            .await
            .map_err(|failure| not_sent(failure.into()))?;
        let entity = row.int("entities_id").unwrap_or(0);
        let filename = wire_filename(&attachment.filename);
        let manifest = json!({"input": {
            "name": attachment.filename,
            "_filename": [filename],
            "itemtype": itemtype,
            "items_id": items_id,
            "tickets_id": ticket.0,
            "entities_id": entity,
        }});
        let body = ApiBody::Upload {
            manifest,
            filename,
            mime: attachment.mime.clone(),
            content,
        };
        let reply = match self.client.write(Method::POST, "Document", body).await {
            Ok(reply) => reply,
            Err(Failure::Refused(refusal)) => return Err(self.explain(outgoing, &refusal).await),
            Err(Failure::Backend(error)) => return Err(error),
        };
        let receipt = created(&reply)?;
        let Some(reason) = upload_error(&reply.body) else {
            return Ok(receipt);
        };
        if let Some(id) = receipt.remote_id {
            self.withdraw(id, itemtype, items_id).await;
        }
        Err(BackendError::Invalid { message: reason })
    }

    /// Takes back the empty document of a refused upload: for good, or at least off the item where the account may not
    /// purge documents. Best effort: the refusal is what counts.
    async fn withdraw(&self, document: i64, itemtype: &str, items_id: i64) {
        if self.client.purge("Document", document).await.is_ok() {
            return;
        }
        let links = self
            .client
            .all(&format!("{itemtype}/{items_id}/Document_Item"), &[], 1000)
            .await;
        for link in links.unwrap_or_default() {
            if link.key("documents_id") == Some(document)
                && self.client.purge("Document_Item", link.id()).await.is_err()
            {
                tracing::warn!(document, "the empty document of a refused upload stays on its item");
            }
        }
    }

    /// The ticket's own row, if it takes changes.
    async fn writable(&self, id: TicketId) -> Result<Row, BackendError> {
        let (row, _) = self
            .client
            .item("Ticket", id.0)
            .await
            .map_err(|failure| not_sent(failure.into()))?;
        if row.flag("is_deleted") {
            return Err(BackendError::NotFound);
        }
        if crate::read::status(row.int("status")) == Status::Closed {
            return Err(BackendError::Closed);
        }
        Ok(row)
    }

    /// Why a write was refused: GLPI often gives an empty text, so the ticket is looked at.
    async fn explain(&self, outgoing: &Outgoing, refusal: &Refusal) -> BackendError {
        let known = refused(refusal);
        if matches!(known, BackendError::Auth(_)) {
            return known;
        }
        let Some(ticket) = outgoing.ticket else { return known };
        match self.client.item("Ticket", ticket.0).await {
            Ok((row, _)) if row.flag("is_deleted") => BackendError::NotFound,
            Ok((row, _)) => {
                let status = crate::read::status(row.int("status"));
                let solving = matches!(outgoing.operation, Operation::AddSolution { .. });
                let forbidden = matches!(known, BackendError::Forbidden { .. });
                match status {
                    Status::Closed if !forbidden => BackendError::Closed,
                    Status::Solved if solving => BackendError::AlreadySolved,
                    // Alive and open, and no word why: GLPI does that where a right is missing.
                    _ if refusal.message.is_none() => BackendError::Forbidden {
                        message: refusal.words(),
                    },
                    _ => known,
                }
            }
            Err(Failure::Refused(gone)) if gone.is_missing() => BackendError::NotFound,
            Err(Failure::Refused(hidden)) if hidden.is_forbidden() => BackendError::Forbidden {
                message: hidden.words(),
            },
            // The refusal stands, whatever became of the look.
            Err(_) => known,
        }
    }

    /// A ticket's field as the domain has it.
    pub(crate) fn field_of(&self, row: &Row, field: Field, facts: &Facts) -> FieldValue {
        field_value(&self.reader(facts).ticket(row), field)
    }

    /// The row that gives somebody a part in a ticket: its table and number.
    pub(crate) async fn actor_on(
        &self,
        ticket: TicketId,
        actor: &Actor,
    ) -> Result<Option<(&'static str, i64)>, Failure> {
        let facts = self.facts().await?;
        let reader = self.reader(&facts);
        let table = if matches!(actor.party, Party::Group { .. }) {
            "Group_Ticket"
        } else {
            "Ticket_User"
        };
        let rows = self.client.all(&format!("Ticket/{ticket}/{table}"), &[], 1000).await?;
        let read = |row: &Row| {
            if table == "Group_Ticket" {
                reader.group_actor(row)
            } else {
                reader.user_actor(row)
            }
        };
        Ok(rows
            .iter()
            .filter_map(read)
            .find(|row| row.ticket == ticket && same_actor(&row.actor, actor))
            .map(|row| (table, row.id)))
    }
}

/// The ticket an operation is about; the engine resolves it before sending.
pub(crate) fn ticket_of(outgoing: &Outgoing) -> Result<TicketId, BackendError> {
    outgoing
        .ticket
        .filter(|ticket| !ticket.is_local())
        .ok_or(BackendError::Unsupported {
            what: "operations on a ticket that it does not know",
        })
}

/// Where a document hangs: GLPI's type and number.
pub(crate) fn place(
    outgoing: &Outgoing,
    attach_to: &AttachTo,
    ticket: TicketId,
) -> Result<(&'static str, i64), BackendError> {
    match (attach_to, outgoing.attach_to) {
        (AttachTo::Ticket, _) => Ok(("Ticket", ticket.0)),
        (AttachTo::Operation { .. }, Some(entry)) => Ok((itemtype(entry.kind), entry.id)),
        (AttachTo::Operation { .. }, None) => Err(BackendError::Unsupported {
            what: "an entry to hang the document on",
        }),
    }
}

/// A read before a write failed: the write never left.
fn not_sent(error: BackendError) -> BackendError {
    match error {
        BackendError::Network { message, .. } => BackendError::Network {
            delivery: Delivery::NotSent,
            message,
        },
        BackendError::Transient {
            status, after, message, ..
        } => BackendError::Transient {
            delivery: Delivery::NotSent,
            status,
            after,
            message,
        },
        BackendError::Protocol { message, .. } => BackendError::Protocol {
            delivery: Delivery::NotSent,
            message,
        },
        other => other,
    }
}
