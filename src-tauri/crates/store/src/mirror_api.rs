//! The store's answers about the mirror: what sync writes, and what the screen and the command line read.

use crate::{
    AroundNew, AroundTicket, ArticleCategory, ArticleList, ArticleQuery, Batch, ChangeSet, CollectionState,
    ExportedAssets, ExportedDocuments, ExportedTickets, Hit, KnownTickets, MirrorCounts, NewTicketWords, NextTarget,
    OpenTicket, PersonCard, PlaceHit, PlaceLevel, PlaceQuery, SearchQuery, SearchResults, Store, StoreError,
    TicketList, TicketQuery, TicketView,
    mirror::{self, apply, around, found, history, others, people, refresh, schema, search::Waiting, targets, ticket},
    sql::{Columns, micros, opt_instant},
    view::{name_tickets, read_mirror, write_mirror},
};
use guichet_domain::{
    ArticleId, DocumentId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey, AssetReach},
    catalogue::{Availability, CatalogueItem, CatalogueKind},
    document::Document,
    history::HistoryChange,
    people::{Group, Person},
    record::{Collection, TicketBundle},
};
use jiff::Timestamp;
use sqlx::Connection;
use std::{sync::Arc, time::Instant};

impl Store {
    /// Applies a page: records, removals, availability, progress and the new cursor in **one** transaction; then refreshes
    /// the views it touches. Idempotent. Rows whose ticket is not mirrored are dropped and counted.
    pub async fn apply(&self, batch: &Batch) -> Result<ChangeSet, StoreError> {
        let (effects, renamed, stale) = write_mirror!(self, |connection| {
            // Read while the writer is held: what is accepted later refreshes its lane itself.
            let pending = self.pending().await?;
            let stale = self.take_stale();
            let applied = apply::apply(connection, batch, &pending, self.account()).await;
            let (effects, renamed) = match applied {
                Ok(applied) => applied,
                Err(error) => {
                    self.mark_stale(stale);
                    return Err(self.mirror_error(error));
                }
            };
            refresh::refresh(connection, &stale, &pending, self.account()).await?;
            (effects, renamed, stale)
        })?;
        let mut changes = ChangeSet {
            people: effects.people,
            articles: effects.articles,
            catalogues: effects.catalogues,
            assets: effects.assets,
            dropped: effects.dropped,
            lists: renamed || !effects.rebuild.is_empty() || !stale.is_empty(),
            ..ChangeSet::default()
        };
        name_tickets(&mut changes, effects.changed.into_iter().chain(stale));
        Ok(changes)
    }

    /// A collection's cursor as the adapter last gave it, and how far the first reading is.
    pub async fn collection_state(&self, collection: Collection) -> Result<CollectionState, StoreError> {
        read_mirror!(self, |connection| apply::state(connection, collection).await?)
    }

    /// Every collection's state.
    pub async fn collection_states(&self) -> Result<Vec<(Collection, CollectionState)>, StoreError> {
        read_mirror!(self, |connection| apply::states(connection).await?)
    }

    /// Stores a page of the tickets' history, and where reading it stands, in one transaction. A line that is held stays as it
    /// is; lines of tickets that are not mirrored are kept, as the history is read once.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn apply_history(&self, changes: &[HistoryChange], state: &CollectionState) -> Result<(), StoreError> {
        write_mirror!(self, |connection| history::apply(connection, changes, state).await?)
    }

    /// Where reading the history stands, and whether the account may read it; nothing before the first page.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn history_state(&self) -> Result<Option<CollectionState>, StoreError> {
        read_mirror!(self, |connection| history::state(connection).await?)
    }

    /// The history of some tickets, by ticket and then in the order it happened. Meant for a batch of some hundred.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn ticket_history(&self, tickets: &[TicketId]) -> Result<Vec<HistoryChange>, StoreError> {
        read_mirror!(self, |connection| history::of(connection, tickets).await?)
    }

    /// When the mirror was last known to be what the server shows: the end of the last complete round. `None` while the first
    /// reading lasts, and after the mirror was forgotten.
    pub async fn last_round_at(&self) -> Result<Option<Timestamp>, StoreError> {
        read_mirror!(self, |connection| {
            let ended: Option<i64> = sqlx::query_scalar("SELECT ended_at FROM last_round")
                .fetch_optional(connection)
                .await?;
            opt_instant(ended)
        })
    }

    /// A complete round ended: everything it read is in.
    pub async fn set_last_round_at(&self, at: Timestamp) -> Result<(), StoreError> {
        write_mirror!(self, |connection| {
            sqlx::query("INSERT INTO last_round VALUES (1, ?) ON CONFLICT DO UPDATE SET ended_at = excluded.ended_at")
                .bind(micros(at))
                .execute(connection)
                .await?;
        })
    }

    /// Identities held, ascending, of tickets (not local ones), people, groups or articles.
    pub async fn ids(&self, collection: Collection) -> Result<Vec<i64>, StoreError> {
        read_mirror!(self, |connection| apply::ids(connection, collection).await?)
    }

    /// The tickets the backend changed last, as far as mirrored, newest first.
    pub async fn latest_tickets(&self, limit: u32) -> Result<Vec<TicketId>, StoreError> {
        read_mirror!(self, |connection| {
            let ids: Vec<i64> = sqlx::query_scalar(
                "SELECT id FROM tickets WHERE id > 0 AND departure IS NULL ORDER BY updated_at DESC, id LIMIT ?",
            )
            .bind(limit)
            .fetch_all(connection)
            .await?;
            ids.into_iter().map(TicketId).collect()
        })
    }

    /// Forgets everything mirrored (another account, another server); the desk is untouched.
    pub async fn reset_mirror(&self) -> Result<(), StoreError> {
        write_mirror!(self, |connection| schema::recreate(connection).await?)?;
        self.refresh_all().await
    }

    /// Keeps a document's content once fetched.
    pub async fn keep_document(&self, id: DocumentId, bytes: &[u8]) -> Result<(), StoreError> {
        write_mirror!(self, |connection| {
            sqlx::query("INSERT INTO document_contents VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes")
                .bind(id.0)
                .bind(bytes)
                .execute(connection)
                .await?;
        })
    }

    /// A document's kept content.
    pub async fn document_content(&self, id: DocumentId) -> Result<Option<Vec<u8>>, StoreError> {
        read_mirror!(self, |connection| {
            sqlx::query_scalar("SELECT bytes FROM document_contents WHERE id = ?")
                .bind(id.0)
                .fetch_optional(connection)
                .await?
        })
    }

    /// A document's metadata.
    pub async fn document(&self, id: DocumentId) -> Result<Option<Document>, StoreError> {
        read_mirror!(self, |connection| {
            let row = sqlx::query("SELECT id, name, filename, mime, sha1, updated_at FROM documents WHERE id = ?")
                .bind(id.0)
                .fetch_optional(connection)
                .await?;
            row.map(|row| mirror::children::document_of(&mut Columns::new(&row)))
                .transpose()?
        })
    }

    /// The server's truth of one ticket, without pending operations (for tests and the simulation's comparison).
    pub async fn mirrored_ticket(&self, id: TicketId) -> Result<Option<TicketBundle>, StoreError> {
        read_mirror!(self, |connection| {
            ticket::bundle(connection, id.0)
                .await?
                .filter(|held| !held.provisional && held.departure.is_none())
                .map(|held| held.bundle)
        })
    }

    /// A page of a list. Answers in milliseconds at a million tickets.
    ///
    /// A narrowed or grouped list is found once and remembered until something is written: its other slices are read by
    /// their numbers.
    pub async fn list_tickets(&self, query: &TicketQuery) -> Result<TicketList, StoreError> {
        if !found::is_narrowed(query) {
            return read_mirror!(self, |connection| mirror::lists::page(connection, query).await?);
        }
        let key = found::key(query);
        let (generation, known) = self.inner.found.look();
        if let Some(list) = known.as_deref().and_then(|lists| lists.get(&key)) {
            return read_mirror!(self, |connection| list.slice(connection, query).await?);
        }
        let (list, answer) = read_mirror!(self, |connection| {
            let list = found::find(connection, &key, &found::Budget::USUAL).await?;
            let answer = list.slice(connection, query).await?;
            (list, answer)
        })?;
        let lists = known.map_or_else(found::Lists::default, |lists| (*lists).clone());
        self.inner.found.learn(generation, &Arc::new(lists.with(key, list)));
        Ok(answer)
    }

    /// A part of everything a query chooses, in the order of the numbers (not the query's), local tickets first: what an
    /// export walks through. `after` is the last part's [`ExportedTickets::last`]; `None` begins.
    pub async fn exported_tickets(
        &self,
        query: &TicketQuery,
        after: Option<TicketId>,
        limit: u32,
    ) -> Result<ExportedTickets, StoreError> {
        let after = after.unwrap_or(TicketId(i64::MIN));
        read_mirror!(self, |connection| mirror::exported::part(
            connection, query, after, limit
        )
        .await?)
    }

    /// A part of all equipment, in no order that means anything, with the name of whose it is. `after` is the last part's
    /// [`ExportedAssets::last`].
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn exported_assets(&self, after: Option<i64>, limit: u32) -> Result<ExportedAssets, StoreError> {
        let after = after.unwrap_or(i64::MIN);
        read_mirror!(self, |connection| mirror::exported::assets(connection, after, limit)
            .await?)
    }

    /// A part of all documents on tickets, in the order of their numbers. `after` is the last part's [`ExportedDocuments::last`].
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn exported_documents(
        &self,
        after: Option<DocumentId>,
        limit: u32,
    ) -> Result<ExportedDocuments, StoreError> {
        let after = after.map_or(i64::MIN, |after| after.0);
        read_mirror!(self, |connection| mirror::exported::documents(connection, after, limit)
            .await?)
    }

    /// A part of the tickets at the server that are open or changed since an instant, with what is known of them for the
    /// indicators of a contract. Operations that wait are no evidence. `after` is the last part's [`KnownTickets::last`].
    pub async fn known_tickets(
        &self,
        since: Timestamp,
        after: Option<TicketId>,
        limit: u32,
    ) -> Result<KnownTickets, StoreError> {
        let after = after.unwrap_or(TicketId(0));
        read_mirror!(self, |connection| mirror::evidence::part(
            connection, since, after, limit
        )
        .await?)
    }

    /// Open tickets for the contract's clock, local ones included, with how they stand: those `named`, or a part of all of them, which
    /// follows the ticket `after`; the second value is the next part's `after`.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn open_tickets(
        &self,
        named: Option<&[TicketId]>,
        after: Option<TicketId>,
        limit: u32,
    ) -> Result<(Vec<OpenTicket>, Option<TicketId>), StoreError> {
        read_mirror!(self, |connection| mirror::evidence::open(
            connection, named, after, limit
        )
        .await?)
    }

    /// Tickets whose kept target is to be worked out again though nothing changed: those that are open no more, and those whose time
    /// to be escalated has passed.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn stale_targets(&self, now: Timestamp) -> Result<Vec<TicketId>, StoreError> {
        read_mirror!(self, |connection| {
            let mut tickets = targets::left_over(connection).await?;
            tickets.extend(targets::passed(connection, now).await?);
            tickets
        })
    }

    /// Keeps the contract's next targets of tickets, or that they have none, and brings their rows in lists up to date. A target
    /// without a clock is none of the contract's. Meant for some hundred at once.
    ///
    /// # Errors
    /// The database's own failures.
    pub async fn set_targets(&self, targets: &[(TicketId, Option<NextTarget>)]) -> Result<ChangeSet, StoreError> {
        let changed = write_mirror!(self, |connection| {
            let pending = self.pending().await?;
            let changed = targets::set(connection, targets).await?;
            refresh::refresh(connection, &changed, &pending, self.account()).await?;
            changed
        })?;
        let mut changes = ChangeSet {
            lists: !changed.is_empty(),
            ..ChangeSet::default()
        };
        name_tickets(&mut changes, changed);
        Ok(changes)
    }

    /// One ticket with everything the screen needs, pending operations included. Follows a local number to the backend's.
    pub async fn ticket(&self, id: TicketId) -> Result<Option<TicketView>, StoreError> {
        let id = self.resolve_ticket(id).await?;
        let pending = self.outbox(Some(id), false).await?;
        read_mirror!(self, |connection| ticket::view(
            connection,
            id.0,
            pending,
            self.account()
        )
        .await?)
    }

    /// The tickets around one: its requester's others and those of the same equipment, open ones first.
    pub async fn around_ticket(
        &self,
        id: TicketId,
        requester: Option<UserId>,
        assets: &[AssetKey],
    ) -> Result<AroundTicket, StoreError> {
        let id = self.resolve_ticket(id).await?;
        read_mirror!(self, |connection| around::ticket(connection, id, requester, assets)
            .await?)
    }

    /// What may be repeated by a ticket being written, and the category its words suggest.
    pub async fn around_new_ticket(&self, written: &NewTicketWords) -> Result<AroundNew, StoreError> {
        read_mirror!(self, |connection| around::new_ticket(connection, written).await?)
    }

    /// Searches everything, bounded and ranked: what is mirrored and what waits in the outbox.
    pub async fn search(&self, query: &SearchQuery) -> Result<SearchResults, StoreError> {
        let started = Instant::now();
        let waiting = Waiting::of(&*self.pending().await?);
        let hits = read_mirror!(self, |connection| mirror::search::search(connection, query, &waiting)
            .await?)?;
        Ok(SearchResults {
            hits,
            elapsed_ms: started.elapsed().as_secs_f64() * 1000.0,
        })
    }

    /// Articles that may help with what these texts are about (a ticket's title and category, an answer being typed), the
    /// likeliest first, at most 20: those that most of the texts' longest words lead to.
    pub async fn suggest_articles(&self, texts: &[String], limit: u32) -> Result<Vec<Hit>, StoreError> {
        read_mirror!(self, |connection| mirror::search::suggested_articles(
            connection, texts, limit
        )
        .await?)
    }

    /// A person's card: record, open tickets, equipment.
    pub async fn person(&self, id: UserId) -> Result<Option<PersonCard>, StoreError> {
        read_mirror!(self, |connection| people::card(connection, id).await?)
    }

    /// People whose name, login, mail or phone digits begin with the words typed (requester picker).
    pub async fn find_people(&self, words: &str, limit: u32) -> Result<Vec<Person>, StoreError> {
        read_mirror!(self, |connection| people::find(connection, words, limit).await?)
    }

    /// A slice of the map of places: what is directly in a place, at a person, or at the top.
    pub async fn places(&self, query: &PlaceQuery) -> Result<PlaceLevel, StoreError> {
        read_mirror!(self, |connection| mirror::places::level(connection, query).await?)
    }

    /// Places, people and equipment that answer to the words, with the way to each in the map of places.
    pub async fn find_in_places(&self, words: &str, limit: u32) -> Result<Vec<PlaceHit>, StoreError> {
        read_mirror!(self, |connection| mirror::places::find(connection, words, limit)
            .await?)
    }

    /// Groups, by full name.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        read_mirror!(self, |connection| others::all_groups(connection).await?)
    }

    /// A slice of the knowledge base, newest first.
    pub async fn list_articles(&self, query: &ArticleQuery) -> Result<ArticleList, StoreError> {
        read_mirror!(self, |connection| mirror::articles::page(connection, query).await?)
    }

    /// The categories of the knowledge base that hold something.
    pub async fn article_categories(&self) -> Result<Vec<ArticleCategory>, StoreError> {
        read_mirror!(self, |connection| mirror::articles::categories(connection).await?)
    }

    /// An article.
    pub async fn article(&self, id: ArticleId) -> Result<Option<Article>, StoreError> {
        read_mirror!(self, |connection| others::article(connection, id).await?)
    }

    /// A list's rows by full name, and whether it could be read.
    pub async fn catalogue(&self, kind: CatalogueKind) -> Result<(Vec<CatalogueItem>, Availability), StoreError> {
        read_mirror!(self, |connection| {
            let items = others::catalogue_items(connection, kind).await?;
            let state = apply::state(connection, Collection::Catalogue(kind)).await?;
            (items, state.availability)
        })
    }

    /// A piece of equipment.
    pub async fn asset(&self, key: &AssetKey) -> Result<Option<Asset>, StoreError> {
        read_mirror!(self, |connection| ticket::asset(connection, key).await?)
    }

    /// How a piece of equipment is reached from afar, as the server last said it.
    pub async fn reach(&self, key: &AssetKey) -> Result<Option<AssetReach>, StoreError> {
        let record: Option<String> = read_mirror!(self, |connection| {
            sqlx::query_scalar("SELECT record FROM reach WHERE kind = ? AND id = ?")
                .bind(&key.kind)
                .bind(key.id)
                .fetch_optional(connection)
                .await?
        })?;
        Ok(record.map(|record| serde_json::from_str(&record)).transpose()?)
    }

    /// Keeps what the server said of it.
    pub async fn keep_reach(&self, key: &AssetKey, reach: &AssetReach) -> Result<(), StoreError> {
        let record = serde_json::to_string(reach)?;
        write_mirror!(self, |connection| {
            sqlx::query("INSERT INTO reach VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record")
                .bind(&key.kind)
                .bind(key.id)
                .bind(record)
                .execute(connection)
                .await?;
        })
    }

    /// How much is mirrored, for the status bar.
    pub async fn counts(&self) -> Result<MirrorCounts, StoreError> {
        read_mirror!(self, |connection| mirror::lists::counts(connection).await?)
    }
}
