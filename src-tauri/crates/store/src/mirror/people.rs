//! People: the card shown beside a ticket, and the requester picker.

use super::{search, ticket};
use crate::{PersonCard, StoreError, sql::json_ids};
use guichet_domain::{UserId, asset::Asset, people::Person, text};
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// Open tickets and equipment on a card.
const ON_CARD: u32 = 20;

/// One person.
pub(crate) async fn person(connection: &mut SqliteConnection, id: UserId) -> Result<Option<Person>, StoreError> {
    let record: Option<String> = sqlx::query_scalar("SELECT record FROM people WHERE id = ?")
        .bind(id.0)
        .fetch_optional(connection)
        .await?;
    Ok(record.map(|record| serde_json::from_str(&record)).transpose()?)
}

/// A person's card.
pub(crate) async fn card(connection: &mut SqliteConnection, id: UserId) -> Result<Option<PersonCard>, StoreError> {
    let Some(person) = person(connection, id).await? else {
        return Ok(None);
    };
    let open_tickets = ticket::open_tickets(connection, id, ON_CARD).await?;
    let records: Vec<String> =
        sqlx::query_scalar("SELECT record FROM assets WHERE user = ? ORDER BY kind, name, id LIMIT ?")
            .bind(id.0)
            .bind(ON_CARD)
            .fetch_all(connection)
            .await?;
    let assets: Vec<Asset> = records
        .iter()
        .map(|record| serde_json::from_str(record))
        .collect::<Result<_, _>>()?;
    Ok(Some(PersonCard {
        person,
        open_tickets,
        assets,
    }))
}

/// People by number, as records.
pub(crate) async fn records(
    connection: &mut SqliteConnection,
    ids: &[i64],
) -> Result<BTreeMap<i64, Person>, StoreError> {
    let rows: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, record FROM people WHERE id IN (SELECT value FROM json_each(?))")
            .bind(json_ids(ids))
            .fetch_all(connection)
            .await?;
    let mut people = BTreeMap::new();
    for (id, record) in rows {
        people.insert(id, serde_json::from_str(&record)?);
    }
    Ok(people)
}

/// The requester picker: every word begins one of the person's names, login or addresses, or the digits are in a number.
/// Active accounts first, then by name. Without words: nobody.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    words: &str,
    limit: u32,
) -> Result<Vec<Person>, StoreError> {
    let ids = search::people_candidates(connection, words, true).await?;
    let folded = text::fold(words);
    let mut people: Vec<(bool, bool, String, Person)> = records(connection, &ids)
        .await?
        .into_values()
        .map(|person| {
            let name = person.display_name();
            let begins = !text::fold(&name).starts_with(&folded) && !text::fold(&person.last_name).starts_with(&folded);
            (!person.active, begins, text::fold(&name), person)
        })
        .collect();
    people.sort_by(|a, b| (a.0, a.1, &a.2, a.3.id).cmp(&(b.0, b.1, &b.2, b.3.id)));
    people.truncate(limit as usize);
    Ok(people.into_iter().map(|(.., person)| person).collect())
}
