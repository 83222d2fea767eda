//! The workbooks of a hand-over.

use super::words::{Names, Words, honest_cell};
use crate::core::export::{CALL_COLUMNS, ESCALATION_COLUMNS, TICKET_COLUMNS, number, optional, ticket_row};
use guichet_domain::{
    article::Article,
    asset::Asset,
    history::{HistoryChange, HistoryEvent, HistoryParty},
    outbox::OutboxEntry,
    ticket::Party,
    timeline::{EntryDetail, TimelineEntry},
    triage::{Marker, markers},
};
use guichet_service_levels::table::{Cell, StreamedBook, Table, TableError};
use guichet_store::{ExportedTicket, TicketView};
use std::{collections::BTreeMap, path::Path};

/// Headings by their keys in the catalogue, with their widths.
type Columns = &'static [(&'static str, f64)];

/// What the tickets' sheet has beyond an export's.
const MORE_OF_TICKETS: Columns = &[
    ("own_by", 19.0),
    ("resolve_by", 19.0),
    ("service_levels", 24.0),
    ("recorder", 24.0),
    ("description", 60.0),
    ("file", 48.0),
];

const ENTRIES: Columns = &[
    ("ticket", 10.0),
    ("entry", 10.0),
    ("entry_kind", 12.0),
    ("at", 19.0),
    ("author", 24.0),
    ("private", 9.0),
    ("text", 80.0),
    ("task_state", 14.0),
    ("duration_s", 12.0),
    ("begins_at", 19.0),
    ("ends_at", 19.0),
    ("in_charge", 24.0),
    ("group", 24.0),
    ("answer", 14.0),
    ("answered_by", 24.0),
    ("answered_at", 19.0),
    ("answer_text", 40.0),
    ("channel", 14.0),
    ("updated_at", 19.0),
];

const PARTICIPANTS: Columns = &[
    ("ticket", 10.0),
    ("role", 14.0),
    ("party", 12.0),
    ("party_id", 10.0),
    ("party_name", 32.0),
];

const ATTACHMENTS: Columns = &[
    ("ticket", 10.0),
    ("document", 10.0),
    ("filename", 40.0),
    ("media_type", 24.0),
    ("at", 19.0),
    ("author", 24.0),
    ("entry_kind", 12.0),
    ("entry", 10.0),
    ("file", 48.0),
];

const LINKS: Columns = &[("ticket", 10.0), ("link", 16.0), ("other", 10.0), ("title", 48.0)];

const ON_TICKETS: Columns = &[
    ("ticket", 10.0),
    ("asset_kind", 16.0),
    ("asset", 10.0),
    ("asset_name", 24.0),
];

const STEPS: Columns = &[
    ("ticket", 10.0),
    ("at", 19.0),
    ("author", 24.0),
    ("step", 24.0),
    ("whom", 24.0),
    ("text", 60.0),
];

const HISTORY: Columns = &[
    ("ticket", 10.0),
    ("at", 19.0),
    ("change", 24.0),
    ("before", 14.0),
    ("after", 14.0),
    ("role", 14.0),
    ("party", 12.0),
    ("party_id", 10.0),
    ("party_name", 32.0),
];

const UNSENT: Columns = &[
    ("ticket", 10.0),
    ("at", 19.0),
    ("operation", 24.0),
    ("text", 80.0),
    ("file", 48.0),
];

const ARTICLES: Columns = &[
    ("article", 10.0),
    ("title", 48.0),
    ("categories", 40.0),
    ("faq", 9.0),
    ("updated_at", 19.0),
    ("text", 80.0),
    ("file", 40.0),
    ("page", 40.0),
];

const ASSETS: Columns = &[
    ("asset_kind", 16.0),
    ("asset", 10.0),
    ("asset_name", 24.0),
    ("serial", 20.0),
    ("inventory_number", 20.0),
    ("model", 28.0),
    ("asset_state", 16.0),
    ("user", 24.0),
    ("location", 32.0),
    ("entity", 32.0),
    ("updated_at", 19.0),
];

/// Every table's columns, for the catalogue's test.
#[cfg(test)]
pub(super) const ALL: [Columns; 11] = [
    MORE_OF_TICKETS,
    ENTRIES,
    PARTICIPANTS,
    ATTACHMENTS,
    LINKS,
    ON_TICKETS,
    STEPS,
    HISTORY,
    UNSENT,
    ARTICLES,
    ASSETS,
];

/// Rows of the tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) entries: u32,
    pub(super) participants: u32,
    pub(super) attachments: u32,
    pub(super) links: u32,
    pub(super) assets: u32,
    pub(super) steps: u32,
    pub(super) changes: u32,
    pub(super) unsent: u32,
}

/// The tickets' workbook while it is filled.
pub(super) struct TicketBook {
    book: StreamedBook,
    words: Words,
    tickets: Table,
    entries: Table,
    participants: Table,
    attachments: Table,
    links: Table,
    assets: Table,
    steps: Table,
    calls: Table,
    escalations: Table,
    history: Table,
    unsent: Table,
    /// The channels' names.
    channels: BTreeMap<i64, String>,
    /// What is in it so far.
    pub(super) rows: Rows,
}

fn ticket_columns() -> Vec<(&'static str, f64)> {
    [TICKET_COLUMNS, MORE_OF_TICKETS].concat()
}

/// What a step of an escalation is called in the catalogue, and whom it names.
fn step(marker: Marker) -> (&'static str, Option<String>) {
    match marker {
        Marker::Sent { to } => ("sent", Some(to)),
        Marker::Accepted => ("accepted", None),
        Marker::SentBack => ("sent_back", None),
        Marker::ReRouted { to } => ("rerouted", Some(to)),
        Marker::Waiting { third } => ("waiting", Some(third)),
        Marker::Reminded { third } => ("reminded", Some(third)),
        Marker::Answered { third } => ("answered", Some(third)),
        Marker::Done => ("done", None),
    }
}

/// A ticket with what was read of it, and where its files are.
pub(super) struct Handed<'a> {
    /// The list's row.
    pub(super) exported: ExportedTicket,
    /// Everything on it.
    pub(super) view: &'a TicketView,
    /// Its own file.
    pub(super) file: &'a str,
    /// Where documents are.
    pub(super) documents: &'a BTreeMap<i64, String>,
    /// Where files are that wait to be sent, by their entries' places in the outbox.
    pub(super) unsent: &'a BTreeMap<i64, String>,
    /// What the backend's history has of it, with the names of who joined or parted.
    pub(super) history: &'a [(HistoryChange, String)],
}

impl TicketBook {
    /// Begins it; its rows wait in `folder`.
    pub(super) fn begin(words: &Words, folder: &Path, channels: BTreeMap<i64, String>) -> Result<Self, TableError> {
        let mut book = StreamedBook::new(words.zone.clone(), folder)?;
        let mut table = |key: &str, columns: &[(&str, f64)]| {
            book.table(&words.text(&format!("sheet.{key}"), &[]), words.columns(columns))
        };
        Ok(Self {
            tickets: table("tickets", &ticket_columns())?,
            entries: table("entries", ENTRIES)?,
            participants: table("participants", PARTICIPANTS)?,
            attachments: table("attachments", ATTACHMENTS)?,
            links: table("links", LINKS)?,
            assets: table("on_tickets", ON_TICKETS)?,
            calls: table("calls", CALL_COLUMNS)?,
            escalations: table("escalations", ESCALATION_COLUMNS)?,
            steps: table("steps", STEPS)?,
            history: table("history", HISTORY)?,
            unsent: table("unsent", UNSENT)?,
            book,
            words: words.clone(),
            channels,
            rows: Rows::default(),
        })
    }

    fn row(&mut self, table: Table, cells: impl IntoIterator<Item = Cell>) -> Result<(), TableError> {
        self.book.row(table, cells.into_iter().map(honest_cell))
    }

    /// A ticket in all the tables.
    pub(super) fn ticket(&mut self, handed: Handed<'_>) -> Result<(), TableError> {
        let Handed {
            exported,
            view,
            file,
            documents,
            unsent,
            history,
        } = handed;
        let names = Names::of(view);
        let ticket = &view.ticket;
        let id = exported.ticket.id;
        let of_it = || number(Some(id));
        let slas: Vec<String> = ticket
            .slas
            .iter()
            .map(|sla| sla.name.clone().unwrap_or_else(|| format!("#{}", sla.id)))
            .collect();
        let more = [
            ticket.time_to_own.into(),
            ticket.time_to_resolve.into(),
            Cell::text(slas.join(", ")),
            optional(ticket.recorder.map(|user| names.user(user))),
            Cell::text(ticket.description.to_plain()),
            Cell::text(file),
        ];
        let cells = ticket_row(self.words.locale, exported);
        self.row(self.tickets, cells.into_iter().chain(more))?;
        for entry in &view.timeline {
            let cells = self.entry(entry, &names);
            self.row(self.entries, cells)?;
            self.rows.entries += 1;
        }
        for actor in &view.actors {
            let (party, party_id) = match &actor.party {
                Party::User { id } => ("person", Some(id.0)),
                Party::Group { id } => ("group", Some(id.0)),
                Party::Email { .. } => ("address", None),
            };
            let cells = [
                of_it(),
                self.words.cell("handover.role", &actor.role),
                Cell::text(self.words.text(&format!("party.{party}"), &[])),
                identity(party_id),
                Cell::text(names.party(&actor.party)),
            ];
            self.row(self.participants, cells)?;
            self.rows.participants += 1;
        }
        for attached in &view.documents {
            let (document, link) = (&attached.document, &attached.link);
            let cells = [
                of_it(),
                identity(Some(document.id.0)),
                Cell::text(said_name(&document.filename, &document.name)),
                optional(document.mime.clone()),
                link.at.into(),
                optional(link.author.map(|user| names.user(user))),
                link.entry
                    .map_or(Cell::Nothing, |entry| self.words.cell("kind", &entry.kind)),
                identity(link.entry.map(|entry| entry.id)),
                optional(documents.get(&document.id.0).cloned()),
            ];
            self.row(self.attachments, cells)?;
            self.rows.attachments += 1;
        }
        for link in &view.links {
            let cells = [
                of_it(),
                self.words.cell("handover.link", &link.kind),
                number(Some(link.id)),
                optional(link.title.clone()),
            ];
            self.row(self.links, cells)?;
            self.rows.links += 1;
        }
        for asset in &view.assets {
            let cells = [
                of_it(),
                Cell::text(asset.key.kind.clone()),
                identity(Some(asset.key.id)),
                Cell::text(asset.name.clone()),
            ];
            self.row(self.assets, cells)?;
            self.rows.assets += 1;
        }
        for marked in markers(&view.timeline) {
            let (step, whom) = step(marked.marker);
            let cells = [
                of_it(),
                Cell::At(marked.at),
                optional(marked.author.map(|user| names.user(user))),
                Cell::text(self.words.text(&format!("step.{step}"), &[])),
                optional(whom),
                Cell::text(marked.words),
            ];
            self.row(self.steps, cells)?;
            self.rows.steps += 1;
        }
        for (change, name) in history {
            let cells = self.change(change, name);
            self.row(self.history, cells)?;
            self.rows.changes += 1;
        }
        for entry in waiting(view) {
            let cells = [
                of_it(),
                Cell::At(entry.created_at),
                Cell::text(operation(&self.words, entry)),
                Cell::text(entry.operation.plain_text()),
                optional(unsent.get(&entry.seq).cloned()),
            ];
            self.row(self.unsent, cells)?;
            self.rows.unsent += 1;
        }
        Ok(())
    }

    fn entry(&self, entry: &TimelineEntry, names: &Names) -> [Cell; ENTRIES.len()] {
        let words = &self.words;
        let mut task = (Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::Nothing);
        let mut charge = (Cell::Nothing, Cell::Nothing);
        let mut answer = (Cell::Nothing, Cell::Nothing, Cell::Nothing, Cell::Nothing);
        let mut came_by = Cell::Nothing;
        match &entry.detail {
            EntryDetail::Followup { channel } => {
                let known = channel.as_ref().and_then(|channel| self.channels.get(&channel.id));
                let came_with = channel.as_ref().and_then(|channel| channel.name.as_ref());
                came_by = optional(known.or(came_with).cloned());
            }
            EntryDetail::Task {
                state,
                duration_s,
                begin,
                end,
                assignee,
                group,
                uuid: _,
            } => {
                task = (
                    words.cell("handover.task", state),
                    Cell::Seconds(*duration_s),
                    (*begin).into(),
                    (*end).into(),
                );
                charge = (
                    optional(assignee.map(|user| names.user(user))),
                    optional(group.map(|group| names.group(group))),
                );
            }
            EntryDetail::Solution { approval, answered_at } => {
                answer.0 = words.cell("handover.answer", approval);
                answer.2 = (*answered_at).into();
            }
            EntryDetail::Validation {
                validator,
                approval,
                answer: said,
                answered_at,
            } => {
                answer = (
                    words.cell("handover.answer", approval),
                    optional(validator.map(|user| names.user(user))),
                    (*answered_at).into(),
                    Cell::text(said.to_plain()),
                );
            }
        }
        [
            number(Some(entry.ticket)),
            identity(Some(entry.key.id)),
            words.cell("kind", &entry.key.kind),
            Cell::At(entry.at),
            optional(entry.author.map(|user| names.user(user))),
            Cell::Bool(entry.private),
            Cell::text(entry.body.to_plain()),
            task.0,
            task.1,
            task.2,
            task.3,
            charge.0,
            charge.1,
            answer.0,
            answer.1,
            answer.2,
            answer.3,
            came_by,
            Cell::At(entry.updated_at),
        ]
    }

    fn change(&self, change: &HistoryChange, name: &str) -> [Cell; HISTORY.len()] {
        let words = &self.words;
        let (mut before, mut after, mut as_what, mut who) = (Cell::Nothing, Cell::Nothing, Cell::Nothing, None);
        let what = match change.what {
            HistoryEvent::Status { from, to } => {
                before = words.cell("status", &from);
                after = words.cell("status", &to);
                "status"
            }
            HistoryEvent::Joined { party, role } => {
                as_what = role.map_or(Cell::Nothing, |role| words.cell("handover.role", &role));
                who = Some(party);
                "joined"
            }
            HistoryEvent::Parted { party, role } => {
                as_what = role.map_or(Cell::Nothing, |role| words.cell("handover.role", &role));
                who = Some(party);
                "parted"
            }
            HistoryEvent::Trashed => "trashed",
            HistoryEvent::Restored => "restored",
        };
        let (party, id) = match who {
            Some(HistoryParty::User { id }) => (Cell::text(words.text("party.person", &[])), Some(id.0)),
            Some(HistoryParty::Group { id }) => (Cell::text(words.text("party.group", &[])), Some(id.0)),
            None => (Cell::Nothing, None),
        };
        [
            number(Some(change.ticket)),
            Cell::At(change.at),
            Cell::text(words.text(&format!("change.{what}"), &[])),
            before,
            after,
            as_what,
            party,
            identity(id),
            Cell::text(name),
        ]
    }

    /// A call of the journal.
    pub(super) fn call(&mut self, cells: [Cell; CALL_COLUMNS.len()]) -> Result<(), TableError> {
        self.row(self.calls, cells)
    }

    /// An escalation of the board.
    pub(super) fn escalation(&mut self, cells: [Cell; ESCALATION_COLUMNS.len()]) -> Result<(), TableError> {
        self.row(self.escalations, cells)
    }

    /// Packs it into a file.
    pub(super) fn save(self, path: &Path) -> Result<(), TableError> {
        self.book.save(path)
    }
}

/// What of a ticket's lane is not at the server.
pub(super) fn waiting(view: &TicketView) -> impl Iterator<Item = &OutboxEntry> {
    view.pending.iter().filter(|entry| entry.state.is_pending())
}

/// What an operation is called.
pub(super) fn operation(words: &Words, entry: &OutboxEntry) -> String {
    let key = format!("operation.{}", entry.operation.name());
    words.locale.catalogue().text(&key, &[])
}

/// What a document is called.
pub(super) fn said_name(filename: &str, name: &str) -> String {
    if filename.is_empty() { name } else { filename }.to_owned()
}

fn identity(id: Option<i64>) -> Cell {
    #[allow(clippy::cast_precision_loss, reason = "numbers that a backend counts up")]
    id.map_or(Cell::Nothing, |id| Cell::Number(id as f64))
}

/// A workbook of one table while it is filled.
pub(super) struct OneTable {
    book: StreamedBook,
    table: Table,
}

impl OneTable {
    fn begin(words: &Words, folder: &Path, key: &str, columns: Columns) -> Result<Self, TableError> {
        let mut book = StreamedBook::new(words.zone.clone(), folder)?;
        let name = words.text(&format!("sheet.{key}"), &[]);
        let table = book.table(&name, words.columns(columns))?;
        Ok(Self { book, table })
    }

    /// The articles'.
    pub(super) fn of_articles(words: &Words, folder: &Path) -> Result<Self, TableError> {
        Self::begin(words, folder, "articles", ARTICLES)
    }

    /// The equipment's.
    pub(super) fn of_assets(words: &Words, folder: &Path) -> Result<Self, TableError> {
        Self::begin(words, folder, "assets", ASSETS)
    }

    fn row(&mut self, cells: impl IntoIterator<Item = Cell>) -> Result<(), TableError> {
        self.book.row(self.table, cells.into_iter().map(honest_cell))
    }

    /// An article, with its files without their endings.
    pub(super) fn article(&mut self, article: &Article, file: &str) -> Result<(), TableError> {
        self.row([
            identity(Some(article.id.0)),
            Cell::text(article.title.clone()),
            Cell::text(categories(article).join(", ")),
            Cell::Bool(article.faq),
            article.updated_at.into(),
            Cell::text(article.body.to_plain()),
            Cell::text(format!("{file}.md")),
            Cell::text(format!("{file}.html")),
        ])
    }

    /// A piece of equipment, and the name of whose it is.
    pub(super) fn asset(&mut self, asset: Asset, person: Option<String>) -> Result<(), TableError> {
        let user = person.or_else(|| asset.user.map(|user| format!("#{user}")));
        self.row([
            Cell::text(asset.key.kind),
            identity(Some(asset.key.id)),
            Cell::text(asset.name),
            optional(asset.serial),
            optional(asset.inventory_number),
            optional(asset.model),
            optional(asset.state),
            optional(user),
            optional(asset.location.and_then(|place| place.name)),
            optional(asset.entity.and_then(|entity| entity.name)),
            asset.updated_at.into(),
        ])
    }

    /// Packs it into a file.
    pub(super) fn save(self, path: &Path) -> Result<(), TableError> {
        self.book.save(path)
    }
}

/// The names of an article's categories.
pub(super) fn categories(article: &Article) -> Vec<String> {
    let names = article.categories.iter();
    names
        .map(|category| category.name.clone().unwrap_or_else(|| format!("#{}", category.id)))
        .collect()
}
