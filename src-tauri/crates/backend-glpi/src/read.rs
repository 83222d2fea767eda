//! From GLPI's rows to the domain's records. Pure: the zone, the generation and the names known so far come in.

use crate::{
    names::Names,
    wire::{Generation, Row},
    zone::ServerZone,
};
use guichet_domain::{
    ArticleId, DocumentId, GroupId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::{CatalogueItem, CatalogueKind, CatalogueRef},
    document::{Document, DocumentLink},
    people::{Group, Person},
    phone::PhoneNumber,
    record::{ActorRow, AssetLink, LinkKind, TicketLink},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, Status, Ticket, TicketKind},
    timeline::{Approval, EntryDetail, EntryKey, EntryKind, TaskState, TimelineEntry},
};
use jiff::Timestamp;

/// Everything a row needs to be understood.
pub(crate) struct Reader<'a> {
    pub(crate) generation: Generation,
    pub(crate) zone: &'a ServerZone,
    pub(crate) names: &'a Names,
    pub(crate) region: &'a str,
}

impl Reader<'_> {
    /// A line of text.
    pub(crate) fn text(&self, row: &Row, field: &str) -> String {
        row.str(field)
            .map(|text| self.generation.decode(text).trim().to_owned())
            .unwrap_or_default()
    }

    /// A line of text that says something.
    fn filled(&self, row: &Row, field: &str) -> Option<String> {
        Some(self.text(row, field)).filter(|text| !text.is_empty())
    }

    /// A formatted text. GLPI keeps what it was given: usually HTML, sometimes plain text.
    pub(crate) fn rich(&self, row: &Row, field: &str) -> RichText {
        row.str(field)
            .map(|text| rich(&self.generation.decode(text)))
            .unwrap_or_default()
    }

    /// A date.
    pub(crate) fn time(&self, row: &Row, field: &str) -> Option<Timestamp> {
        row.str(field).and_then(|naive| self.zone.read(naive))
    }

    /// A reference to a row of a list, with its name where it is known.
    pub(crate) fn reference(&self, row: &Row, field: &str, kind: CatalogueKind) -> Option<CatalogueRef> {
        let id = match kind {
            // Entity 0 is the root, not "none".
            CatalogueKind::Entity => row.int(field).filter(|id| *id >= 0)?,
            _ => row.key(field)?,
        };
        let name = self
            .names
            .get(kind, id)
            .or_else(|| row.key_name(field).map(|name| self.generation.decode(name)));
        Some(CatalogueRef { id, name })
    }

    /// A ticket's own fields.
    pub(crate) fn ticket(&self, row: &Row) -> Ticket {
        let updated_at = self
            .time(row, "date_mod")
            .or_else(|| self.time(row, "date"))
            .unwrap_or_default();
        Ticket {
            id: TicketId(row.id()),
            title: self.text(row, "name"),
            description: self.rich(row, "content"),
            kind: ticket_kind(row.int("type")),
            status: status(row.int("status")),
            urgency: level(row.int("urgency")),
            impact: level(row.int("impact")),
            priority: level(row.int("priority")),
            category: self.reference(row, "itilcategories_id", CatalogueKind::Category),
            entity: self.reference(row, "entities_id", CatalogueKind::Entity),
            location: self.reference(row, "locations_id", CatalogueKind::Location),
            channel: self.reference(row, "requesttypes_id", CatalogueKind::Channel),
            recorder: row.key("users_id_recipient").map(UserId),
            opened_at: self
                .time(row, "date")
                .or_else(|| self.time(row, "date_creation"))
                .unwrap_or(updated_at),
            updated_at,
            solved_at: self.time(row, "solvedate"),
            closed_at: self.time(row, "closedate"),
            taken_up_at: self.time(row, "takeintoaccountdate"),
            time_to_own: self.time(row, "time_to_own"),
            time_to_resolve: self.time(row, "time_to_resolve"),
            slas: ["slas_id_tto", "slas_id_ttr"]
                .into_iter()
                .filter_map(|field| self.reference(row, field, CatalogueKind::Sla))
                .collect(),
            external_id: row.filled("externalid").map(str::to_owned),
        }
    }

    /// A person's part in a ticket (`Ticket_User`), or an address's.
    pub(crate) fn user_actor(&self, row: &Row) -> Option<ActorRow> {
        let role = role(row.int("type")?)?;
        let party = match row.key("users_id") {
            Some(id) => Party::User { id: UserId(id) },
            None => Party::Email {
                address: self.filled(row, "alternative_email")?,
            },
        };
        Some(ActorRow {
            id: row.id(),
            ticket: TicketId(row.key("tickets_id")?),
            actor: Actor { role, party },
        })
    }

    /// A group's part in a ticket (`Group_Ticket`).
    pub(crate) fn group_actor(&self, row: &Row) -> Option<ActorRow> {
        let role = role(row.int("type")?)?;
        let party = Party::Group {
            id: GroupId(row.key("groups_id")?),
        };
        Some(ActorRow {
            id: row.id(),
            ticket: TicketId(row.key("tickets_id")?),
            actor: Actor { role, party },
        })
    }

    /// A follow-up, unless it hangs on a problem or a change.
    pub(crate) fn followup(&self, row: &Row) -> Option<TimelineEntry> {
        let detail = EntryDetail::Followup {
            channel: self.reference(row, "requesttypes_id", CatalogueKind::Channel),
        };
        self.entry(row, itil_ticket(row)?, "users_id", "date", "content", detail)
    }

    /// A task.
    pub(crate) fn task(&self, row: &Row) -> Option<TimelineEntry> {
        let detail = EntryDetail::Task {
            state: match row.int("state") {
                Some(2) => TaskState::Done,
                Some(1) => TaskState::Todo,
                _ => TaskState::Information,
            },
            duration_s: row.int("actiontime").unwrap_or(0),
            begin: self.time(row, "begin"),
            end: self.time(row, "end"),
            assignee: row.key("users_id_tech").map(UserId),
            group: row.key("groups_id_tech").map(GroupId),
            uuid: row.filled("uuid").map(str::to_owned),
        };
        self.entry(
            row,
            TicketId(row.key("tickets_id")?),
            "users_id",
            "date",
            "content",
            detail,
        )
    }

    /// A solution, unless it hangs on a problem or a change.
    pub(crate) fn solution(&self, row: &Row) -> Option<TimelineEntry> {
        let detail = EntryDetail::Solution {
            approval: approval(row.int("status")),
            answered_at: self.time(row, "date_approval"),
        };
        self.entry(row, itil_ticket(row)?, "users_id", "date_creation", "content", detail)
    }

    /// An approval asked of somebody.
    pub(crate) fn validation(&self, row: &Row) -> Option<TimelineEntry> {
        // 11 names its target by type and number as well, and may ask a group.
        let validator = match row.str("itemtype_target") {
            Some("User") => row.key("items_id_target"),
            Some(_) => None,
            None => row.key("users_id_validate"),
        };
        let detail = EntryDetail::Validation {
            validator: validator.map(UserId),
            approval: approval(row.int("status")),
            answer: self.rich(row, "comment_validation"),
            answered_at: self.time(row, "validation_date"),
        };
        let ticket = TicketId(row.key("tickets_id")?);
        self.entry(row, ticket, "users_id", "submission_date", "comment_submission", detail)
    }

    fn entry(
        &self,
        row: &Row,
        ticket: TicketId,
        author: &str,
        date: &str,
        body: &str,
        detail: EntryDetail,
    ) -> Option<TimelineEntry> {
        let created = self.time(row, date).or_else(|| self.time(row, "date_creation"));
        let updated = self.time(row, "date_mod").or_else(|| self.time(row, "validation_date"));
        Some(TimelineEntry {
            key: EntryKey {
                kind: detail.kind(),
                id: row.id(),
            },
            ticket,
            author: row.key(author).map(UserId),
            at: created.or(updated)?,
            updated_at: updated.or(created)?,
            body: self.rich(row, body),
            private: row.flag("is_private"),
            detail,
        })
    }

    /// A document's metadata.
    pub(crate) fn document(&self, row: &Row) -> Document {
        let filename = self.text(row, "filename");
        let name = self.text(row, "name");
        Document {
            id: DocumentId(row.id()),
            name: if name.is_empty() { filename.clone() } else { name },
            filename,
            mime: row.filled("mime").map(str::to_owned),
            sha1: row.filled("sha1sum").map(str::to_ascii_lowercase),
            updated_at: self.time(row, "date_mod"),
        }
    }

    /// A document's place on a ticket, where it hangs on the ticket itself; what hangs on an entry needs the entry's ticket.
    pub(crate) fn document_link(&self, row: &Row, entry_ticket: Option<TicketId>) -> Option<DocumentLink> {
        let item = row.key("items_id")?;
        let (ticket, entry) = match row.str("itemtype")? {
            "Ticket" => (TicketId(item), None),
            other => (
                entry_ticket?,
                Some(EntryKey {
                    kind: entry_kind(other)?,
                    id: item,
                }),
            ),
        };
        Some(DocumentLink {
            id: row.id(),
            document: DocumentId(row.key("documents_id")?),
            ticket,
            entry,
            author: row.key("users_id").map(UserId),
            at: self.time(row, "date").or_else(|| self.time(row, "date_creation")),
        })
    }

    /// Equipment on a ticket.
    pub(crate) fn asset_link(&self, row: &Row) -> Option<AssetLink> {
        Some(AssetLink {
            id: row.id(),
            ticket: TicketId(row.key("tickets_id")?),
            asset: AssetKey {
                kind: row.filled("itemtype")?.to_owned(),
                id: row.key("items_id")?,
            },
        })
    }

    /// A link between two tickets.
    pub(crate) fn ticket_link(&self, row: &Row) -> Option<TicketLink> {
        Some(TicketLink {
            id: row.id(),
            from: TicketId(row.key("tickets_id_1")?),
            to: TicketId(row.key("tickets_id_2")?),
            kind: match row.int("link") {
                Some(2) => LinkKind::DuplicateOf,
                Some(3) => LinkKind::ChildOf,
                Some(4) => LinkKind::ParentOf,
                _ => LinkKind::Related,
            },
        })
    }

    /// A row of a list.
    pub(crate) fn catalogue_item(&self, row: &Row, kind: CatalogueKind) -> CatalogueItem {
        let name = self.text(row, "name");
        let body = matches!(
            kind,
            CatalogueKind::FollowupTemplate | CatalogueKind::TaskTemplate | CatalogueKind::SolutionTemplate
        )
        .then(|| self.rich(row, "content"));
        let parent = match kind {
            // The root's parent is written -1 or null; 0 is the root itself.
            CatalogueKind::Entity => row.int("entities_id").filter(|id| *id >= 0 && row.id() != 0),
            CatalogueKind::Category => row.key("itilcategories_id"),
            CatalogueKind::Location => row.key("locations_id"),
            CatalogueKind::ArticleCategory => row.key("knowbaseitemcategories_id"),
            _ => None,
        };
        CatalogueItem {
            kind,
            id: row.id(),
            full_name: self.filled(row, "completename").unwrap_or_else(|| name.clone()),
            name,
            parent,
            body,
            by_expansion: false,
        }
    }

    /// A group.
    pub(crate) fn group(&self, row: &Row, vip: bool) -> Group {
        let name = self.text(row, "name");
        Group {
            id: GroupId(row.id()),
            full_name: self.filled(row, "completename").unwrap_or_else(|| name.clone()),
            name,
            assignable: row.flag("is_assign"),
            vip,
        }
    }

    /// A person, with what other tables say of them.
    pub(crate) fn person(&self, row: &Row, emails: Vec<String>, groups: Vec<i64>, vip: bool) -> Person {
        let phones = ["phone", "phone2", "mobile"]
            .into_iter()
            .filter_map(|field| self.filled(row, field))
            .filter_map(|raw| PhoneNumber::parse_in(&raw, self.region))
            .collect();
        Person {
            id: UserId(row.id()),
            login: self.text(row, "name"),
            first_name: self.text(row, "firstname"),
            last_name: self.text(row, "realname"),
            phones,
            emails,
            location: self.reference(row, "locations_id", CatalogueKind::Location),
            category: self.reference(row, "usercategories_id", CatalogueKind::UserCategory),
            title: row.key("usertitles_id").map(|id| CatalogueRef {
                id,
                name: row.key_name("usertitles_id").map(|name| self.generation.decode(name)),
            }),
            groups: groups.into_iter().map(GroupId).collect(),
            active: row.flag("is_active") && !row.flag("is_deleted"),
            vip,
            updated_at: self.time(row, "date_mod"),
        }
    }

    /// An article, from its own GET (the only one that tells categories, and that proves it visible).
    pub(crate) fn article(&self, row: &Row) -> Article {
        let mut categories: Vec<i64> = match row.0.get("_categories") {
            Some(serde_json::Value::Array(ids)) => ids.iter().filter_map(serde_json::Value::as_i64).collect(),
            _ => row.key("knowbaseitemcategories_id").into_iter().collect(),
        };
        categories.retain(|id| *id > 0);
        categories.sort_unstable();
        // GLPI lists a category twice (seen on 10.0 and 11.0).
        categories.dedup();
        Article {
            id: ArticleId(row.id()),
            title: self.text(row, "name"),
            body: self.rich(row, "answer"),
            categories: categories
                .into_iter()
                .map(|id| CatalogueRef {
                    id,
                    name: self.names.get(CatalogueKind::ArticleCategory, id),
                })
                .collect(),
            faq: row.flag("is_faq"),
            updated_at: self.time(row, "date_mod"),
        }
    }

    /// A piece of equipment.
    pub(crate) fn asset(&self, row: &Row, kind: &str, model_field: &str) -> Asset {
        let expanded = |field: &str| row.key_name(field).map(|name| self.generation.decode(name));
        let model: Vec<String> = ["manufacturers_id", model_field]
            .into_iter()
            .filter_map(expanded)
            .collect();
        Asset {
            key: AssetKey {
                kind: kind.to_owned(),
                id: row.id(),
            },
            name: self.text(row, "name"),
            serial: self.filled(row, "serial"),
            inventory_number: self.filled(row, "otherserial"),
            user: row.key("users_id").map(UserId),
            location: self.reference(row, "locations_id", CatalogueKind::Location),
            entity: self.reference(row, "entities_id", CatalogueKind::Entity),
            model: Some(model.join(" ")).filter(|model| !model.is_empty()),
            state: expanded("states_id"),
            updated_at: self.time(row, "date_mod"),
        }
    }
}

/// What GLPI keeps as content is HTML from its own editor, or plain text from a mail or another program: only the first has
/// tags, only in the second a line break means one.
pub(crate) fn rich(content: &str) -> RichText {
    let has_tag = content.char_indices().any(|(at, character)| {
        character == '<'
            && content[at + 1..]
                .chars()
                .next()
                .is_some_and(|next| next.is_ascii_alphabetic() || next == '/' || next == '!')
    });
    if has_tag || !content.contains('\n') {
        RichText::from_html(content)
    } else {
        RichText::from_plain(content)
    }
}

/// The ticket a follow-up or a solution hangs on; GLPI keeps those of problems and changes in the same tables.
fn itil_ticket(row: &Row) -> Option<TicketId> {
    (row.str("itemtype") == Some("Ticket"))
        .then(|| row.key("items_id"))
        .flatten()
        .map(TicketId)
}

/// The table of a timeline entry by GLPI's name.
pub(crate) fn entry_kind(itemtype: &str) -> Option<EntryKind> {
    match itemtype {
        "ITILFollowup" => Some(EntryKind::Followup),
        "TicketTask" => Some(EntryKind::Task),
        "ITILSolution" => Some(EntryKind::Solution),
        "TicketValidation" => Some(EntryKind::Validation),
        _ => None,
    }
}

/// GLPI's name of the table of a timeline entry.
pub(crate) fn itemtype(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Followup => "ITILFollowup",
        EntryKind::Task => "TicketTask",
        EntryKind::Solution => "ITILSolution",
        EntryKind::Validation => "TicketValidation",
    }
}

/// `glpi_tickets.type`.
pub(crate) fn ticket_kind(kind: Option<i64>) -> TicketKind {
    if kind == Some(2) {
        TicketKind::Request
    } else {
        TicketKind::Incident
    }
}

/// `CommonITILObject`'s statuses; one that is not known counts as being worked on.
pub(crate) fn status(status: Option<i64>) -> Status {
    match status {
        Some(1) => Status::New,
        Some(3) => Status::Planned,
        Some(4) => Status::Waiting,
        Some(5) => Status::Solved,
        Some(6) => Status::Closed,
        _ => Status::Assigned,
    }
}

/// GLPI's number of a status.
pub(crate) fn status_number(status: Status) -> i64 {
    match status {
        Status::New => 1,
        Status::Assigned => 2,
        Status::Planned => 3,
        Status::Waiting => 4,
        Status::Solved => 5,
        Status::Closed => 6,
    }
}

/// `CommonITILActor`'s types.
pub(crate) fn role(kind: i64) -> Option<Role> {
    match kind {
        1 => Some(Role::Requester),
        2 => Some(Role::Assigned),
        3 => Some(Role::Observer),
        _ => None,
    }
}

/// GLPI's number of a role.
pub(crate) fn role_number(role: Role) -> i64 {
    match role {
        Role::Requester => 1,
        Role::Assigned => 2,
        Role::Observer => 3,
    }
}

/// `CommonITILValidation`'s statuses.
fn approval(status: Option<i64>) -> Approval {
    match status {
        Some(2) => Approval::Waiting,
        Some(3) => Approval::Accepted,
        Some(4) => Approval::Refused,
        _ => Approval::None,
    }
}

fn level(value: Option<i64>) -> Level {
    Level(value.and_then(|value| u8::try_from(value).ok()).unwrap_or(3))
}
