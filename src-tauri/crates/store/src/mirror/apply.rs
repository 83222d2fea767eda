//! Applying a page: records in their order, removals, then the view, then the cursor, in one transaction.

use super::{
    Effects, children,
    codes::departure_code,
    others,
    refresh::{self, Pending},
    tickets,
};
use crate::{Batch, CollectionState, StoreError};
use guichet_domain::{
    UserId,
    record::{Collection, Departure, Record, RecordKey, Removal},
};
use sqlx::SqliteConnection;

/// Applies a batch within the caller's transaction. `pending` are the desk's pending entries, all lanes.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    batch: &Batch,
    pending: &Pending,
    me: Option<UserId>,
) -> Result<(Effects, bool), StoreError> {
    let mut effects = Effects::default();
    let mut rest = batch.records.as_slice();
    while let Some(first) = rest.first() {
        // Runs of the same sort are stored together; the order between runs is the page's.
        let length = rest
            .iter()
            .take_while(|record| std::mem::discriminant(*record) == std::mem::discriminant(first))
            .count();
        let (run, after) = rest.split_at(length);
        store(connection, run, &mut effects).await?;
        rest = after;
    }
    for removal in &batch.removals {
        remove(connection, removal, &mut effects).await?;
    }
    refresh::refresh(connection, &effects.rebuild, pending, me).await?;
    let renamed = refresh::rename(connection, &effects).await?;
    if let (Some(collection), Some(state)) = (batch.collection, &batch.state) {
        save_state(connection, collection, state).await?;
    }
    Ok((effects, renamed))
}

macro_rules! of {
    ($run:expr, $variant:ident) => {
        $run.iter()
            .filter_map(|record| match record {
                Record::$variant(value) => Some(value),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
    ($run:expr, boxed $variant:ident) => {
        $run.iter()
            .filter_map(|record| match record {
                Record::$variant(value) => Some(&**value),
                _ => None,
            })
            .collect::<Vec<_>>()
    };
}

async fn store(connection: &mut SqliteConnection, run: &[Record], effects: &mut Effects) -> Result<(), StoreError> {
    let Some(first) = run.first() else { return Ok(()) };
    match first {
        Record::Catalogue(_) => others::catalogue(connection, of!(run, Catalogue), effects).await,
        Record::Group(_) => others::groups(connection, of!(run, Group), effects).await,
        Record::Person(_) => others::people(connection, of!(run, boxed Person), effects).await,
        Record::Ticket(_) => {
            let run = of!(run, boxed Ticket)
                .into_iter()
                .map(|ticket| (ticket.id.0, ticket))
                .collect();
            tickets::upsert(connection, &run, effects).await
        }
        Record::Bundle(_) => {
            let run = of!(run, boxed Bundle)
                .into_iter()
                .map(|bundle| (bundle.ticket.id.0, bundle))
                .collect();
            tickets::replace(connection, &run, effects).await
        }
        Record::TimelineEntry(_) => children::timeline(connection, of!(run, boxed TimelineEntry), effects).await,
        Record::Actor(_) => children::actors(connection, of!(run, Actor), effects).await,
        Record::Document(_) => children::documents(connection, of!(run, Document), effects).await,
        Record::DocumentLink(_) => children::document_links(connection, of!(run, DocumentLink), effects).await,
        Record::TicketLink(_) => children::ticket_links(connection, of!(run, TicketLink), effects).await,
        Record::AssetLink(_) => children::asset_links(connection, of!(run, AssetLink), effects).await,
        Record::Article(_) => others::articles(connection, of!(run, boxed Article), effects).await,
        Record::Asset(_) => others::assets(connection, of!(run, boxed Asset), effects).await,
    }
}

async fn remove(connection: &mut SqliteConnection, removal: &Removal, effects: &mut Effects) -> Result<(), StoreError> {
    match &removal.key {
        RecordKey::Ticket(id) => {
            // Marked first; the refresh forgets it unless something of ours still hangs on it.
            let code = departure_code(removal.departure);
            let done =
                sqlx::query("UPDATE tickets SET departure = ?1, provisional = 0 WHERE id = ?2 AND departure IS NOT ?1")
                    .bind(code)
                    .bind(id.0)
                    .execute(&mut *connection)
                    .await?;
            if done.rows_affected() > 0 {
                effects.changed.insert(id.0);
                effects.rebuild.insert(id.0);
            }
            if removal.departure == Departure::Purged {
                children::forget_links(connection, id.0, effects).await?;
            }
            Ok(())
        }
        RecordKey::Person(id) => others::forget_person(connection, id.0, effects).await,
        RecordKey::Group(id) => others::forget_group(connection, id.0, effects).await,
        RecordKey::Article(id) => others::forget_article(connection, id.0, effects).await,
        RecordKey::Asset(key) => others::forget_asset(connection, key, effects).await,
        RecordKey::Catalogue(kind, id) => others::forget_catalogue(connection, *kind, *id, effects).await,
    }
}

/// A collection's name in the table of states.
fn name(collection: Collection) -> Result<String, StoreError> {
    Ok(serde_json::to_string(&collection)?)
}

/// Writes a collection's state; an unchanged one is not written.
async fn save_state(
    connection: &mut SqliteConnection,
    collection: Collection,
    state: &CollectionState,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO collections VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state WHERE state <> excluded.state",
    )
    .bind(name(collection)?)
    .bind(serde_json::to_string(state)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// A collection's state.
pub(crate) async fn state(
    connection: &mut SqliteConnection,
    collection: Collection,
) -> Result<CollectionState, StoreError> {
    let text: Option<String> = sqlx::query_scalar("SELECT state FROM collections WHERE name = ?")
        .bind(name(collection)?)
        .fetch_optional(connection)
        .await?;
    Ok(text
        .map(|text| serde_json::from_str(&text))
        .transpose()?
        .unwrap_or_default())
}

/// Every collection's state.
pub(crate) async fn states(
    connection: &mut SqliteConnection,
) -> Result<Vec<(Collection, CollectionState)>, StoreError> {
    let rows: Vec<(String, String)> = sqlx::query_as("SELECT name, state FROM collections ORDER BY name")
        .fetch_all(connection)
        .await?;
    let mut states = Vec::new();
    for (name, state) in rows {
        states.push((serde_json::from_str(&name)?, serde_json::from_str(&state)?));
    }
    states.sort_by_key(|(collection, _)| *collection);
    Ok(states)
}

/// Identities held of a collection, ascending. Departed and provisional tickets are not "held".
pub(crate) async fn ids(connection: &mut SqliteConnection, collection: Collection) -> Result<Vec<i64>, StoreError> {
    let sql = match collection {
        Collection::Tickets | Collection::TicketDetails => {
            "SELECT id FROM tickets WHERE departure IS NULL AND provisional = 0 ORDER BY id"
        }
        Collection::People => "SELECT id FROM people ORDER BY id",
        Collection::Groups => "SELECT id FROM groups ORDER BY id",
        Collection::Articles => "SELECT id FROM articles ORDER BY id",
        Collection::Catalogue(kind) => {
            return Ok(
                sqlx::query_scalar("SELECT id FROM catalogue WHERE kind = ? ORDER BY id")
                    .bind(super::codes::catalogue_code(kind))
                    .fetch_all(connection)
                    .await?,
            );
        }
        Collection::Assets => {
            return Err(StoreError::Invalid {
                message: "equipment is numbered within its type and has no list of numbers".to_owned(),
            });
        }
    };
    Ok(sqlx::query_scalar(sql).fetch_all(connection).await?)
}
