//! The whole desk, handed over: what the contract's end asks for in a form that needs none of this program. Tickets with their
//! timelines, calls, escalations, articles, equipment, documents and indicators, as workbooks, Markdown, HTML and files, in a
//! folder that appears under its name only once it is whole. From the local databases, so that it works without a network;
//! only documents may be fetched. It is read and written by parts: memory grows with the files' names, not with what is in them.
//! What is not there is said, never left out silently.

mod documents;
mod folder;
mod names;
mod pages;
mod sheets;
mod words;

use crate::{
    api::BoardQuery,
    core::{
        desk::Desk,
        evidence::{self, Parts},
        export::escalation_row,
        figures,
        profile::Server,
    },
    error::AppError,
    messages::Locale,
};
use folder::{Folder, ListedFile};
use guichet_domain::{
    TicketId,
    catalogue::{Availability, CatalogueKind},
    history::{HistoryChange, HistoryEvent, HistoryParty},
    operation::Operation,
    record::Collection,
};
use guichet_service_levels::{Month, export::workbook};
use guichet_store::{JournalQuery, TicketQuery, TicketView, View};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;
use sheets::{Handed, OneTable, TicketBook};
use specta::Type;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};
use words::Words;

/// Tickets of one read, with everything on them.
const TICKETS: u32 = 100;
/// Pieces of equipment of one read.
const ASSETS: u32 = 1000;
/// Articles written at a time.
const ARTICLES: usize = 50;
/// The version of the manifest's shape.
const VERSION: u32 = 1;

/// What is handed over beside what is kept here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HandOverOptions {
    /// Documents that are not kept here are fetched from the server.
    pub documents: bool,
}

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum HandOverStep {
    /// The documents.
    Documents,
    /// The tickets with everything on them.
    Tickets,
    /// Calls and escalations.
    Calls,
    /// The knowledge base.
    Articles,
    /// The equipment.
    Assets,
    /// The indicators.
    Indicators,
}

/// How far a hand-over is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
pub struct HandOverProgress {
    /// What is being written.
    pub step: HandOverStep,
    /// How much of it is.
    pub done: u32,
    /// How much of it there is, where that is known beforehand.
    pub total: Option<u32>,
}

/// How much there is of what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Type)]
pub struct HandOverCounts {
    /// Tickets, those that wait to be sent included.
    pub tickets: u32,
    /// Entries of their timelines.
    pub entries: u32,
    /// Parts that people have in them.
    pub participants: u32,
    /// Places of documents on them.
    pub attachments: u32,
    /// Links between them, seen from each end.
    pub ticket_links: u32,
    /// Equipment on them.
    pub ticket_assets: u32,
    /// Steps of escalations, as they are noted in the tickets.
    pub escalation_steps: u32,
    /// Lines of the tickets' history at the server.
    pub changes: u32,
    /// Operations that the server has not.
    pub unsent: u32,
    /// Calls of the journal.
    pub calls: u32,
    /// Escalations on the board.
    pub escalations: u32,
    /// Articles.
    pub articles: u32,
    /// Pieces of equipment.
    pub assets: u32,
    /// Documents that are known…
    pub documents: u32,
    /// …and of them, those that are files of it.
    pub documents_written: u32,
    /// Indicators.
    pub indicators: u32,
    /// Files, without the manifest that lists them.
    pub files: u32,
}

/// Something that is not in a hand-over, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct HandOverGap {
    /// For programs.
    pub code: String,
    /// For people.
    pub text: String,
    /// How many, where that can be counted.
    pub count: Option<u32>,
}

/// Why a document is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Reason {
    code: String,
    text: String,
}

impl Reason {
    fn of(error: &AppError, locale: Locale) -> Self {
        let told = error.explain(locale);
        Self {
            code: told.code,
            text: match told.detail {
                Some(detail) => format!("{} ({detail})", told.message.trim()),
                None => told.message.trim().to_owned(),
            },
        }
    }
}

/// A document that is not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Missing {
    document: i64,
    filename: String,
    reason: Reason,
}

/// A hand-over that is there, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct HandedOver {
    /// Its folder.
    pub path: String,
    /// Its length in bytes.
    #[specta(type = f64)]
    pub bytes: u64,
    /// What is in it.
    pub counts: HandOverCounts,
    /// What is not.
    pub gaps: Vec<HandOverGap>,
    /// Nothing that the server learned after this is in it; `None` when it was never read to its end.
    #[specta(type = Option<String>)]
    pub data_end: Option<Timestamp>,
}

/// What stands in `manifest.json`.
#[derive(Debug, Serialize)]
struct Manifest<'a> {
    format: &'static str,
    version: u32,
    made_at: Timestamp,
    made_by: Option<String>,
    program: &'static str,
    server: &'a str,
    product: Option<String>,
    contract: &'a str,
    language: Locale,
    data_end: Option<Timestamp>,
    counts: &'a HandOverCounts,
    gaps: &'a [HandOverGap],
    documents_missing: Vec<&'a Missing>,
    files: &'a [ListedFile],
}

/// A hand-over while it is made.
struct Making {
    folder: Folder,
    words: Words,
    /// Where documents are, by their numbers.
    documents: BTreeMap<i64, String>,
    /// Documents that are not there, by their numbers.
    missing: BTreeMap<i64, Missing>,
    counts: HandOverCounts,
    gaps: Vec<HandOverGap>,
}

impl Making {
    fn gap(&mut self, code: &str, count: Option<u32>, arguments: &[(&str, String)]) {
        let mut told = arguments.to_vec();
        told.extend(count.map(|count| ("count", count.to_string())));
        self.gaps.push(HandOverGap {
            code: code.to_owned(),
            text: self.words.text(&format!("gap.{code}"), &told),
            count,
        });
    }
}

/// Does what blocks (packing, hashing, writing) beside, and gives back what it was done with.
async fn aside<W: Send + 'static, T: Send + 'static>(
    mut with: W,
    work: impl FnOnce(&mut W) -> Result<T, AppError> + Send + 'static,
) -> Result<(W, T), AppError> {
    let done = tokio::task::spawn_blocking(move || work(&mut with).map(|told| (with, told)));
    done.await.map_err(|error| AppError::FileNotSaved {
        path: PathBuf::new(),
        source: std::io::Error::other(error),
    })?
}

/// A ticket that was read, with the files of it that wait to be sent.
struct Read {
    exported: guichet_store::ExportedTicket,
    view: TicketView,
    unsent: Vec<(i64, String, Vec<u8>)>,
    history: Vec<(HistoryChange, String)>,
}

/// Names of people and groups that are asked for again and again.
struct KnownNames(BTreeMap<HistoryKey, String>);

/// Who a line of the history is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum HistoryKey {
    User(i64),
    Group(i64),
}

fn many(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Desk {
    /// Hands the whole desk over: writes everything it holds to a folder that must be new or empty.
    ///
    /// # Errors
    /// [`AppError::HandOverFolder`] when something is there already; when the databases or the contract cannot be read, or the folder
    /// cannot be written. Then nothing is left of it.
    pub async fn hand_over(
        &self,
        to: &Path,
        options: &HandOverOptions,
        progress: &(dyn Fn(HandOverProgress) + Send + Sync),
    ) -> Result<HandedOver, AppError> {
        let told = |step: HandOverStep, done: u32, total: Option<u32>| progress(HandOverProgress { step, done, total });
        let words = Words::new(self.locale().await);
        // What cannot be read stops it before anything is written.
        let contract = self.contract().await?;
        let held = self.store.counts().await?;
        let (to, of) = (to.to_owned(), words.clone());
        let ((), mut making) = aside((), move |()| {
            Ok(Making {
                folder: Folder::begin(&to)?,
                words: of,
                documents: BTreeMap::new(),
                missing: BTreeMap::new(),
                counts: HandOverCounts::default(),
                gaps: Vec::new(),
            })
        })
        .await?;

        told(HandOverStep::Documents, 0, None);
        let seen = |seen| told(HandOverStep::Documents, seen, None);
        making = self.hand_over_documents(making, options.documents, &seen).await?;

        let (channels, _) = self.store.catalogue(CatalogueKind::Channel).await?;
        let channels = channels.into_iter().map(|item| (item.id, item.full_name)).collect();
        let (made, mut book) = aside(making, |making| {
            Ok(TicketBook::begin(&making.words, making.folder.path(), channels)?)
        })
        .await?;
        making = made;
        told(HandOverStep::Tickets, 0, Some(held.tickets));
        let seen = |seen| told(HandOverStep::Tickets, seen, Some(held.tickets));
        (making, book) = self.hand_over_tickets(making, book, &seen).await?;

        told(HandOverStep::Calls, 0, None);
        let now = self.now();
        making.counts.calls = self
            .call_rows(&JournalQuery::default(), words.locale, now, &mut |cells| {
                book.call(cells)
            })
            .await?;
        told(HandOverStep::Calls, making.counts.calls, None);
        let everything = BoardQuery {
            done: true,
            ..BoardQuery::default()
        };
        for row in self.triage_board(&everything).await?.rows {
            book.escalation(escalation_row(words.locale, row))?;
            making.counts.escalations += 1;
        }
        let rows = book.rows;
        (making, ()) = aside(making, move |making| {
            making.folder.put_with("tickets.xlsx", |path| Ok(book.save(path)?))
        })
        .await?;
        making.counts.entries = rows.entries;
        making.counts.participants = rows.participants;
        making.counts.attachments = rows.attachments;
        making.counts.ticket_links = rows.links;
        making.counts.ticket_assets = rows.assets;
        making.counts.escalation_steps = rows.steps;
        making.counts.changes = rows.changes;
        making.counts.unsent = rows.unsent;

        told(HandOverStep::Articles, 0, Some(held.articles));
        let seen = |seen| told(HandOverStep::Articles, seen, Some(held.articles));
        making = self.hand_over_articles(making, &seen).await?;

        told(HandOverStep::Assets, 0, Some(held.assets));
        let seen = |seen| told(HandOverStep::Assets, seen, Some(held.assets));
        making = self.hand_over_assets(making, &seen).await?;

        told(HandOverStep::Indicators, 0, None);
        let data_end = self.store.last_round_at().await?;
        making = self.hand_over_indicators(making, data_end).await?;
        self.note_gaps(&mut making, data_end).await?;

        let config = self.config().await;
        let server = match config.connection.map(|connection| connection.server) {
            Some(Server::Glpi { url }) => url.to_string(),
            Some(Server::Sandbox) => words.text("sandbox", &[]),
            None => words.text("no_server", &[]),
        };
        let account = self.account().await;
        let (made_by, product) = account.map(|account| (account.name, account.product)).unzip();
        let contract = match words.locale {
            Locale::Fr => contract.name.fr.clone(),
            Locale::En => contract.name.en.clone(),
        };
        let ((), handed) = aside((), move |()| {
            let about = About {
                made_at: now,
                made_by,
                product,
                server,
                contract,
                data_end,
            };
            making.finish(about)
        })
        .await?;
        Ok(handed)
    }

    /// The files of a ticket that wait to be sent, by their entries' places in the outbox.
    async fn unsent_files(&self, view: &TicketView) -> Result<Vec<(i64, String, Vec<u8>)>, AppError> {
        let mut files = Vec::new();
        for entry in sheets::waiting(view) {
            if let Operation::UploadDocument { attachment, .. } = &entry.operation
                && let Some(bytes) = self.store.attachment(&attachment.blob).await?
            {
                files.push((entry.seq, attachment.filename.clone(), bytes));
            }
        }
        Ok(files)
    }

    /// The history of some tickets, each line with the name of whom it is about: the number where no name is known.
    async fn named_history(
        &self,
        tickets: &[TicketId],
        names: &mut KnownNames,
    ) -> Result<BTreeMap<TicketId, Vec<(HistoryChange, String)>>, AppError> {
        let mut histories: BTreeMap<TicketId, Vec<(HistoryChange, String)>> = BTreeMap::new();
        for change in self.store.ticket_history(tickets).await? {
            let name = match change.what {
                HistoryEvent::Joined { party, .. } | HistoryEvent::Parted { party, .. } => {
                    let key = match party {
                        HistoryParty::User { id } => HistoryKey::User(id.0),
                        HistoryParty::Group { id } => HistoryKey::Group(id.0),
                    };
                    match (names.0.get(&key), key) {
                        (Some(name), _) => name.clone(),
                        (None, HistoryKey::Group(id)) => format!("#{id}"),
                        (None, HistoryKey::User(id)) => {
                            let card = self.store.person(id.into()).await?;
                            let name = card.map_or_else(|| format!("#{id}"), |card| card.person.display_name());
                            names.0.insert(key, name.clone());
                            name
                        }
                    }
                }
                HistoryEvent::Status { .. } | HistoryEvent::Trashed | HistoryEvent::Restored => String::new(),
            };
            histories.entry(change.ticket).or_default().push((change, name));
        }
        Ok(histories)
    }

    async fn hand_over_tickets(
        &self,
        making: Making,
        book: TicketBook,
        told: &(dyn Fn(u32) + Send + Sync),
    ) -> Result<(Making, TicketBook), AppError> {
        let query = TicketQuery {
            view: View::All,
            ..TicketQuery::default()
        };
        let mut with = (making, book);
        let (mut after, mut gone, mut unread) = (None, 0_u32, 0_u32);
        let groups = self.store.groups().await?.into_iter();
        let mut names = KnownNames(
            groups
                .map(|group| (HistoryKey::Group(group.id.0), group.name))
                .collect(),
        );
        loop {
            let part = self.store.exported_tickets(&query, after, TICKETS).await?;
            let ids: Vec<TicketId> = part.rows.iter().map(|exported| exported.ticket.id).collect();
            let mut histories = self.named_history(&ids, &mut names).await?;
            let mut tickets = Vec::with_capacity(part.rows.len());
            for exported in part.rows {
                match self.store.ticket(exported.ticket.id).await? {
                    Some(view) => {
                        unread += u32::from(!view.details_read);
                        tickets.push(Read {
                            unsent: self.unsent_files(&view).await?,
                            history: histories.remove(&exported.ticket.id).unwrap_or_default(),
                            exported,
                            view,
                        });
                    }
                    // It left between the two reads.
                    None => gone += 1,
                }
            }
            (with, ()) = aside(with, move |(making, book)| {
                tickets.into_iter().try_for_each(|ticket| making.ticket(book, ticket))
            })
            .await?;
            told(with.0.counts.tickets);
            match part.last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let (mut making, book) = with;
        if gone > 0 {
            making.gap("tickets_left", Some(gone), &[]);
        }
        if unread > 0 {
            making.gap("details_unread", Some(unread), &[]);
        }
        Ok((making, book))
    }

    async fn hand_over_articles(&self, making: Making, told: &(dyn Fn(u32) + Send + Sync)) -> Result<Making, AppError> {
        let (categories, _) = self.store.catalogue(CatalogueKind::ArticleCategory).await?;
        let categories: BTreeMap<i64, String> = categories.into_iter().map(|item| (item.id, item.full_name)).collect();
        let (making, book) = aside(making, |making| {
            Ok(OneTable::of_articles(&making.words, making.folder.path())?)
        })
        .await?;
        let mut with = (making, book, Vec::new());
        let ids = self.store.ids(Collection::Articles).await?;
        for ids in ids.chunks(ARTICLES) {
            let mut articles = Vec::with_capacity(ids.len());
            for id in ids {
                let Some(mut article) = self.store.article((*id).into()).await? else {
                    continue;
                };
                for category in &mut article.categories {
                    if let Some(name) = categories.get(&category.id) {
                        category.name = Some(name.clone());
                    }
                }
                articles.push(article);
            }
            (with, ()) = aside(with, move |(making, book, listed)| {
                for article in articles {
                    let file = names::article(article.id, &article.title);
                    book.article(&article, &file)?;
                    let (words, documents) = (&making.words, &making.documents);
                    let markdown = pages::article_markdown(words, &article, &file, documents);
                    let html = pages::article_html(words, &article, &file, documents);
                    making.folder.put(&format!("{file}.md"), markdown.as_bytes())?;
                    making.folder.put(&format!("{file}.html"), html.as_bytes())?;
                    making.counts.articles += 1;
                    let category = sheets::categories(&article).into_iter().next();
                    let file = file.trim_start_matches("articles/").to_owned();
                    listed.push((category.unwrap_or_default(), article.title, file));
                }
                Ok(())
            })
            .await?;
            told(with.0.counts.articles);
        }
        let (making, book, listed) = with;
        let (making, ()) = aside(making, move |making| {
            let page = pages::articles(&making.words, listed);
            making.folder.put("articles/index.html", page.as_bytes())?;
            making.folder.put_with("articles.xlsx", |path| Ok(book.save(path)?))
        })
        .await?;
        Ok(making)
    }

    async fn hand_over_assets(&self, making: Making, told: &(dyn Fn(u32) + Send + Sync)) -> Result<Making, AppError> {
        let (making, book) = aside(making, |making| {
            Ok(OneTable::of_assets(&making.words, making.folder.path())?)
        })
        .await?;
        let mut with = (making, book);
        let mut after = None;
        loop {
            let part = self.store.exported_assets(after, ASSETS).await?;
            (with, ()) = aside(with, move |(making, book)| {
                for (asset, person) in part.rows {
                    book.asset(asset, person)?;
                    making.counts.assets += 1;
                }
                Ok(())
            })
            .await?;
            told(with.0.counts.assets);
            match part.last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let (making, book) = with;
        let (making, ()) = aside(making, move |making| {
            making.folder.put_with("assets.xlsx", |path| Ok(book.save(path)?))
        })
        .await?;
        Ok(making)
    }

    /// The indicators of the month in which the data ends, with the twelve before it. That they cannot be computed is a gap: the
    /// rest is handed over all the same.
    async fn hand_over_indicators(&self, mut making: Making, data_end: Option<Timestamp>) -> Result<Making, AppError> {
        let Some(data_end) = data_end else {
            return Ok(making);
        };
        let day = TimeZone::system().to_datetime(data_end).date();
        let Some(month) = Month::new(day.year(), day.month()) else {
            return Ok(making);
        };
        let contract = self.contract().await?;
        let locale = making.words.locale;
        match self.indicators(&contract, month, &Parts::default()).await {
            Ok((report, written)) => {
                making.counts.indicators = many(report.indicators.len());
                let texts = evidence::told(&written.gaps, locale);
                for (gap, text) in written.gaps.iter().zip(texts) {
                    making.gaps.push(HandOverGap {
                        code: gap.key().to_owned(),
                        text,
                        count: None,
                    });
                }
                (making, ()) = aside(making, move |making| {
                    let bytes = workbook(
                        &report,
                        &contract,
                        &figures::labels(locale),
                        &|indicator| figures::name_of(indicator, locale).to_owned(),
                        &|reason| locale.catalogue().text(&format!("kpi.reason.{reason}"), &[]),
                    )?;
                    making.folder.put("indicators.xlsx", &bytes)
                })
                .await?;
            }
            Err(error) => {
                let reason = Reason::of(&error, locale);
                making.gap("indicators", None, &[("reason", reason.text)]);
            }
        }
        Ok(making)
    }

    /// What is not in it, or not whole, as far as this desk knows.
    async fn note_gaps(&self, making: &mut Making, data_end: Option<Timestamp>) -> Result<(), AppError> {
        if data_end.is_none() {
            making.gap("nothing_read", None, &[]);
        }
        for (collection, state) in self.store.collection_states().await? {
            let list = matches!(collection, Collection::Catalogue(_));
            let matters = match collection {
                Collection::Catalogue(kind) => matches!(
                    kind,
                    CatalogueKind::Entity
                        | CatalogueKind::Category
                        | CatalogueKind::Location
                        | CatalogueKind::Channel
                        | CatalogueKind::Sla
                        | CatalogueKind::ArticleCategory
                ),
                _ => true,
            };
            let code = match state.availability {
                // What a list is called may have come with what points into it.
                Availability::Forbidden if list => "list_forbidden",
                Availability::Forbidden => "forbidden",
                Availability::Unsupported => "unsupported",
                Availability::Available | Availability::Unknown if !state.complete => "unread",
                Availability::Available | Availability::Unknown => continue,
            };
            if matters {
                let name = collection.name().replace(':', ".");
                let list = making.words.text(&format!("collection.{name}"), &[]);
                making.gap(code, None, &[("list", list)]);
            }
        }
        let missing = many(making.missing.len());
        if missing > 0 {
            making.gap("documents", Some(missing), &[]);
        }
        if making.counts.unsent > 0 {
            making.gap("unsent", Some(making.counts.unsent), &[]);
        }
        Ok(())
    }
}

/// Where a hand-over comes from.
struct About {
    made_at: Timestamp,
    made_by: Option<String>,
    product: Option<String>,
    server: String,
    contract: String,
    data_end: Option<Timestamp>,
}

impl Making {
    /// A ticket in the workbook, and its file.
    fn ticket(&mut self, book: &mut TicketBook, read: Read) -> Result<(), AppError> {
        let Read {
            exported,
            view,
            unsent,
            history,
        } = read;
        let file = names::ticket(exported.ticket.id, &exported.ticket.title);
        let mut waiting = BTreeMap::new();
        for (seq, filename, bytes) in unsent {
            let nth = u32::try_from(seq).unwrap_or(u32::MAX);
            let place = names::unsent(nth, &filename);
            self.folder.put(&place, &bytes)?;
            waiting.insert(seq, place);
        }
        let handed = Handed {
            exported,
            view: &view,
            file: &file,
            documents: &self.documents,
            unsent: &waiting,
            history: &history,
        };
        let page = pages::ticket(&self.words, &handed);
        book.ticket(handed)?;
        self.folder.put(&file, page.as_bytes())?;
        self.counts.tickets += 1;
        Ok(())
    }

    /// The first page and the manifest; then the folder gets its name.
    fn finish(mut self, about: About) -> Result<HandedOver, AppError> {
        // The first page is one of them.
        self.counts.files = many(self.folder.files.len()) + 1;
        let words = &self.words;
        let at = |at: Option<Timestamp>| at.map_or_else(|| words.text("never", &[]), |at| words.at(at));
        let mut facts = vec![
            ("made_at", words.at(about.made_at)),
            ("made_by", about.made_by.clone().unwrap_or_default()),
            ("server", about.server.clone()),
            ("product", about.product.clone().unwrap_or_default()),
            ("data_end", at(about.data_end)),
            ("contract", about.contract.clone()),
            ("program", concat!("Guichet ", env!("CARGO_PKG_VERSION")).to_owned()),
        ];
        facts.retain(|(_, value)| !value.is_empty());
        let facts: Vec<(String, String)> = facts
            .into_iter()
            .map(|(key, value)| (words.text(&format!("about.{key}"), &[]), value))
            .collect();
        let told = pages::Told {
            facts: &facts,
            counts: &self.counts,
            gaps: &self.gaps,
            missing: &self.missing,
            files: &self.folder.files,
        };
        let page = pages::index(words, &told);
        self.folder.put("index.html", page.as_bytes())?;
        self.folder.files.sort_by(|one, other| one.path.cmp(&other.path));
        let manifest = Manifest {
            format: "guichet-hand-over",
            version: VERSION,
            made_at: about.made_at,
            made_by: about.made_by,
            program: concat!("guichet ", env!("CARGO_PKG_VERSION")),
            server: &about.server,
            product: about.product,
            contract: &about.contract,
            language: self.words.locale,
            data_end: about.data_end,
            counts: &self.counts,
            gaps: &self.gaps,
            documents_missing: self.missing.values().collect(),
            files: &self.folder.files,
        };
        let manifest = serde_json::to_vec_pretty(&manifest).map_err(|error| AppError::FileNotSaved {
            path: PathBuf::from("manifest.json"),
            source: error.into(),
        })?;
        self.folder.put("manifest.json", &manifest)?;
        let bytes = self.folder.bytes();
        let path = self.folder.finish()?;
        Ok(HandedOver {
            path: path.display().to_string(),
            bytes,
            counts: self.counts,
            gaps: self.gaps,
            data_end: about.data_end,
        })
    }
}

#[cfg(test)]
#[path = "handover_tests.rs"]
mod tests;
