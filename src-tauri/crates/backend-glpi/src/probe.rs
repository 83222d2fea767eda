//! Reading back: was an operation in doubt applied? Nothing here changes anything.
//!
//! | operation | recognised by |
//! |---|---|
//! | task | its `uuid`, which is the operation's identity |
//! | ticket on 11 | `externalid`, which is the operation's identity |
//! | ticket on 10 | recorder, opening date (the instant the key was pressed), title and content |
//! | follow-up, answer to a solution, re-opening | author, date (the instant the key was pressed), content |
//! | solution | author, content, not older than the first attempt |
//! | actor, field, link | the state itself |
//! | proposed article | author, title and content, not older than the first attempt |
//! | document | SHA-1 of the content, author, not older than the first attempt, on the item it was meant for |
//!
//! Rows known to be other operations (`claimed`) never count. Two rows that cannot be told apart are not decided.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    facts::Facts,
    forms::wire_filename,
    read::rich,
    send::{place, ticket_of},
    wire::{Generation, Row},
};
use guichet_backend::{BackendError, Outgoing, Probe};
use guichet_domain::{
    TicketId,
    document::Attachment,
    merge::{Outcome, merge},
    operation::{AttachTo, FieldValue, NewTicket, Operation},
    outbox::Receipt,
    record::TicketLink,
    rich_text::RichText,
};
use jiff::Timestamp;
use sha1::{Digest as _, Sha1};

/// How much older than the first attempt a row may look: the two clocks differ, and a row's date is its request's start.
const CLOCK_TOLERANCE_S: i64 = 120;
/// Rows of the newest tickets looked at in one go, and how many times.
const TICKET_PAGE: u64 = 200;
const TICKET_PAGES: u64 = 20;
/// The same for articles, whose rows come with their whole text.
const ARTICLE_PAGE: u64 = 20;
const ARTICLE_PAGES: u64 = 20;
/// Characters of a title that survive GLPI's cut whatever they are (255 stored, five for an encoded one).
const CERTAIN_TITLE: usize = 50;

impl GlpiBackend {
    pub(crate) async fn probe_operation(&self, outgoing: &Outgoing) -> Result<Probe, BackendError> {
        let facts = self.facts().await?;
        match self.probe_with(outgoing, &facts).await {
            Ok(probe) => Ok(probe),
            // Gone for good: whatever was sent is not there to be seen, and sending again is refused with that very reason. A
            // ticket that is merely out of sight stays undecided: it may be back in sight when it is sent again.
            Err(Failure::Refused(refusal)) if refusal.is_missing() => Ok(Probe::Absent),
            Err(other) => Err(other.into()),
        }
    }

    async fn probe_with(&self, outgoing: &Outgoing, facts: &Facts) -> Result<Probe, Failure> {
        match &outgoing.operation {
            Operation::CreateTicket { ticket } => self.probe_ticket(outgoing, ticket, facts).await,
            Operation::AddFollowup { body, .. }
            | Operation::AnswerSolution { body, .. }
            | Operation::Reopen { body } => self.probe_followup(outgoing, body, facts).await,
            Operation::AddTask { .. } => self.probe_task(outgoing).await,
            Operation::AddSolution { body, .. } => self.probe_solution(outgoing, body, facts).await,
            Operation::Assign { actor } => {
                let row = self.actor_on(ticket_of(outgoing)?, actor).await?;
                Ok(row.map_or(Probe::Absent, |(_, id)| applied(id)))
            }
            Operation::Unassign { actor } => {
                let row = self.actor_on(ticket_of(outgoing)?, actor).await?;
                Ok(if row.is_none() {
                    Probe::Applied(Receipt::default())
                } else {
                    Probe::Absent
                })
            }
            Operation::SetField { field, base, new } => {
                let id = ticket_of(outgoing)?;
                let (row, _) = self.client.item("Ticket", id.0).await?;
                let theirs: FieldValue = self.field_of(&row, *field, facts);
                // Anything else but what was meant: sending again compares with what the technician saw and finds either the
                // field untouched or a conflict.
                Ok(if merge(base, new, &theirs) == Outcome::AlreadyOurs {
                    Probe::Applied(Receipt {
                        remote_id: None,
                        ticket: Some(id),
                    })
                } else {
                    Probe::Absent
                })
            }
            Operation::UploadDocument { attachment, attach_to } => {
                self.probe_document(outgoing, attachment, attach_to, facts).await
            }
            Operation::LinkArticle { article } => {
                let ticket = ticket_of(outgoing)?;
                let path = format!("KnowbaseItem/{article}/KnowbaseItem_Item");
                let rows = self.client.all(&path, &[], 1000).await?;
                let found = rows.iter().find(|row| {
                    row.str("itemtype") == Some("Ticket")
                        && row.key("items_id") == Some(ticket.0)
                        && row.key("knowbaseitems_id") == Some(article.0)
                });
                Ok(found.map_or(Probe::Absent, |row| applied(row.id())))
            }
            Operation::LinkAsset { asset } => {
                let rows = self.rows_on(ticket_of(outgoing)?, "Item_Ticket").await?;
                let found = rows.iter().find(|row| {
                    row.str("itemtype") == Some(asset.kind.as_str()) && row.key("items_id") == Some(asset.id)
                });
                Ok(found.map_or(Probe::Absent, |row| applied(row.id())))
            }
            Operation::LinkTicket { ticket: other, kind } => {
                let ticket = ticket_of(outgoing)?;
                let meant = TicketLink {
                    id: 0,
                    from: ticket,
                    to: *other,
                    kind: *kind,
                };
                let reader = self.reader(facts);
                let rows = self.rows_on(ticket, "Ticket_Ticket").await?;
                let mut links = rows.iter().filter_map(|row| reader.ticket_link(row));
                let found = links.find(|link| meant.says_as(link));
                Ok(found.map_or(Probe::Absent, |link| applied(link.id)))
            }
            Operation::ProposeArticle { title, body } => self.probe_article(outgoing, title, body, facts).await,
        }
    }

    /// Rows of a table on a ticket; a refusal stays one.
    async fn rows_on(&self, ticket: TicketId, table: &str) -> Result<Vec<Row>, Failure> {
        self.client.all(&format!("Ticket/{ticket}/{table}"), &[], 1000).await
    }

    async fn probe_followup(&self, outgoing: &Outgoing, body: &RichText, facts: &Facts) -> Result<Probe, Failure> {
        let ticket = ticket_of(outgoing)?;
        let date = facts.zone.write(outgoing.written_at);
        let rows = self.rows_on(ticket, "ITILFollowup").await?;
        let alike = rows.iter().filter(|row| {
            row.str("itemtype") == Some("Ticket")
                && row.key("items_id") == Some(ticket.0)
                && row.key("users_id") == Some(facts.info.user.0)
                && row.str("date") == Some(&date)
        });
        // An answer without words gets the server's own.
        let says = |row: &&Row| body.is_empty() || self.says(row, "content", body, facts);
        Ok(decide_among(alike, says, outgoing))
    }

    async fn probe_task(&self, outgoing: &Outgoing) -> Result<Probe, Failure> {
        let rows = self.rows_on(ticket_of(outgoing)?, "TicketTask").await?;
        let key = outgoing.id.to_string();
        let found = rows
            .iter()
            .find(|row| row.str("uuid").is_some_and(|uuid| uuid.eq_ignore_ascii_case(&key)));
        Ok(found.map_or(Probe::Absent, |row| applied(row.id())))
    }

    async fn probe_solution(&self, outgoing: &Outgoing, body: &RichText, facts: &Facts) -> Result<Probe, Failure> {
        let ticket = ticket_of(outgoing)?;
        let rows = self.rows_on(ticket, "ITILSolution").await?;
        let alike = rows.iter().filter(|row| {
            row.str("itemtype") == Some("Ticket")
                && row.key("items_id") == Some(ticket.0)
                && row.key("users_id") == Some(facts.info.user.0)
                && self.is_recent(row, "date_creation", outgoing, facts)
        });
        Ok(decide_among(
            alike,
            |row| self.says(row, "content", body, facts),
            outgoing,
        ))
    }

    async fn probe_ticket(&self, outgoing: &Outgoing, ticket: &NewTicket, facts: &Facts) -> Result<Probe, Failure> {
        // A ticket put in the bin since was created all the same.
        for bin in [false, true] {
            let probe = if facts.generation == Generation::Eleven {
                self.ticket_by_key(outgoing, bin).await?
            } else {
                self.ticket_by_content(outgoing, ticket, facts, bin).await?
            };
            if probe != Probe::Absent {
                return Ok(match probe {
                    Probe::Applied(receipt) => Probe::Applied(Receipt {
                        ticket: receipt.remote_id.map(TicketId),
                        ..receipt
                    }),
                    other => other,
                });
            }
        }
        Ok(Probe::Absent)
    }

    async fn ticket_by_key(&self, outgoing: &Outgoing, bin: bool) -> Result<Probe, Failure> {
        let key = outgoing.id.to_string();
        let query = with_bin(vec![("searchText[externalid]", key.clone())], bin);
        // `searchText` is a LIKE: the row must still be compared.
        let rows = self.client.all("Ticket", &query, TICKET_PAGE).await?;
        Ok(decide(
            rows.iter().filter(|row| row.str("externalid") == Some(&key)),
            outgoing,
        ))
    }

    async fn ticket_by_content(
        &self,
        outgoing: &Outgoing,
        ticket: &NewTicket,
        facts: &Facts,
        bin: bool,
    ) -> Result<Probe, Failure> {
        let date = facts.zone.write(outgoing.written_at);
        let reader = self.reader(facts);
        let mut found: Vec<Row> = Vec::new();
        for page in 0..TICKET_PAGES {
            let query = with_bin(Vec::new(), bin);
            let listing = self
                .client
                .list("Ticket", &query, ("id", "DESC"), page * TICKET_PAGE, TICKET_PAGE)
                .await?;
            let older = listing
                .rows
                .iter()
                .any(|row| !self.is_recent(row, "date_creation", outgoing, facts));
            let got = listing.rows.len() as u64;
            found.extend(listing.rows.into_iter().filter(|row| {
                row.key("users_id_recipient") == Some(facts.info.user.0) && row.str("date") == Some(&date)
            }));
            if older || got < TICKET_PAGE {
                break;
            }
        }
        found.dedup_by_key(|row| row.id());
        let says = |row: &&Row| {
            same_title(&reader.text(row, "name"), ticket.title.trim())
                && self.says(row, "content", &ticket.description, facts)
        };
        Ok(decide_among(found.iter(), says, outgoing))
    }

    async fn probe_article(
        &self,
        outgoing: &Outgoing,
        title: &str,
        body: &RichText,
        facts: &Facts,
    ) -> Result<Probe, Failure> {
        let reader = self.reader(facts);
        let mut found: Vec<Row> = Vec::new();
        for page in 0..ARTICLE_PAGES {
            let listing = self
                .client
                .list("KnowbaseItem", &[], ("id", "DESC"), page * ARTICLE_PAGE, ARTICLE_PAGE)
                .await?;
            let got = listing.rows.len() as u64;
            let (recent, older): (Vec<Row>, Vec<Row>) = listing
                .rows
                .into_iter()
                .partition(|row| self.is_recent(row, "date_creation", outgoing, facts));
            found.extend(recent.into_iter().filter(|row| {
                row.key("users_id") == Some(facts.info.user.0) && same_title(&reader.text(row, "name"), title.trim())
            }));
            if !older.is_empty() || got < ARTICLE_PAGE {
                break;
            }
        }
        found.dedup_by_key(|row| row.id());
        Ok(decide_among(
            found.iter(),
            |row| self.says(row, "answer", body, facts),
            outgoing,
        ))
    }

    async fn probe_document(
        &self,
        outgoing: &Outgoing,
        attachment: &Attachment,
        attach_to: &AttachTo,
        facts: &Facts,
    ) -> Result<Probe, Failure> {
        let (itemtype, items_id) = place(outgoing, attach_to, ticket_of(outgoing)?)?;
        let links = self
            .client
            .all(&format!("{itemtype}/{items_id}/Document_Item"), &[], 1000)
            .await?;
        let sha1 = outgoing.content.as_ref().map(|content| {
            Sha1::digest(content)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        });
        let mut found = Vec::new();
        for link in &links {
            let Some(document) = link.key("documents_id") else {
                continue;
            };
            if !self.is_recent(link, "date_creation", outgoing, facts) {
                continue;
            }
            let Some(row) = self.optional_item("Document", document).await? else {
                continue;
            };
            let same_bytes = match (&sha1, row.filled("sha1sum")) {
                (Some(sha1), Some(theirs)) => theirs.eq_ignore_ascii_case(sha1),
                _ => row
                    .filled("filename")
                    .is_some_and(|name| facts.generation.decode(name) == wire_filename(&attachment.filename)),
            };
            if same_bytes && row.key("users_id") == Some(facts.info.user.0) {
                found.push(row);
            }
        }
        Ok(decide(found.iter(), outgoing))
    }

    /// Whether a row's text says what was written.
    fn says(&self, row: &Row, field: &str, body: &RichText, facts: &Facts) -> bool {
        let theirs = rich(&facts.generation.decode(row.str(field).unwrap_or_default()));
        theirs.fingerprint() == body.fingerprint()
    }

    /// Whether a row is not older than the first attempt.
    fn is_recent(&self, row: &Row, field: &str, outgoing: &Outgoing, facts: &Facts) -> bool {
        let Some(first) = outgoing.first_attempt_at else {
            return true;
        };
        let floor = first.as_second() + facts.info.clock_skew_s - CLOCK_TOLERANCE_S;
        row.str(field)
            .and_then(|naive| facts.zone.latest(naive))
            .is_none_or(|at: Timestamp| at.as_second() >= floor)
    }
}

fn with_bin(mut query: Vec<(&'static str, String)>, bin: bool) -> Vec<(&'static str, String)> {
    if bin {
        query.push(("is_deleted", "true".to_owned()));
    }
    query
}

/// Whether a title is ours. GLPI cuts titles at 255 characters as it stores them, which in 10.0 is encoded.
fn same_title(theirs: &str, ours: &str) -> bool {
    let cut: String = theirs.chars().take(CERTAIN_TITLE).collect();
    theirs == ours || (cut.chars().count() == CERTAIN_TITLE && ours.starts_with(&cut))
}

fn applied(id: i64) -> Probe {
    Probe::Applied(Receipt {
        remote_id: Some(id),
        ticket: None,
    })
}

/// As [`decide`] among the rows that say what was written. Rows of the same author and date that say something else may be
/// ours with the text edited since by somebody else: that is not decided here.
fn decide_among<'a>(
    alike: impl Iterator<Item = &'a Row>,
    says: impl Fn(&&'a Row) -> bool,
    outgoing: &Outgoing,
) -> Probe {
    let (exact, others): (Vec<&Row>, Vec<&Row>) = alike.partition(says);
    match decide(exact.into_iter(), outgoing) {
        Probe::Absent if others.iter().any(|row| !outgoing.claimed.contains(&row.id())) => Probe::Undecidable,
        probe => probe,
    }
}

/// One candidate is it, none is absent, more cannot be told apart.
fn decide<'a>(candidates: impl Iterator<Item = &'a Row>, outgoing: &Outgoing) -> Probe {
    let mut left = candidates.map(Row::id).filter(|id| !outgoing.claimed.contains(id));
    match (left.next(), left.next()) {
        (None, _) => Probe::Absent,
        (Some(id), None) => applied(id),
        (Some(_), Some(_)) => Probe::Undecidable,
    }
}
