//! People: the card shown beside a ticket, and the requester picker.

use super::{search, ticket};
use crate::{PersonCard, StoreError, sql::json_ids};
use guichet_domain::{UserId, asset::Asset, people::Person, phone::PhoneNumber, text};
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

/// Telephone numbers of VIPs, as the backend has them.
pub(crate) async fn vip_numbers(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<String>, StoreError> {
    let records: Vec<String> = sqlx::query_scalar("SELECT record FROM people WHERE vip = 1 AND active = 1 ORDER BY id")
        .fetch_all(connection)
        .await?;
    let mut numbers = Vec::new();
    for record in &records {
        let person: Person = serde_json::from_str(record)?;
        numbers.extend(person.phones.into_iter().next().map(|phone| phone.raw));
        if numbers.len() >= limit as usize {
            break;
        }
    }
    Ok(numbers)
}

/// Digits of a number, from the end, that people are found by: those that any way of writing it has in common.
const COMMON_DIGITS: usize = 9;
/// People looked at for one number: a site's switchboard is the number of many.
const MOST_NUMBERED: u32 = 200;

/// Everybody who has this number, active accounts first, then by name.
pub(crate) async fn numbered(
    connection: &mut SqliteConnection,
    number: &PhoneNumber,
) -> Result<Vec<Person>, StoreError> {
    let mut asked: Vec<String> = Vec::new();
    let digits = number
        .e164
        .as_deref()
        .map_or(number.digits.as_str(), |e164| e164.trim_start_matches('+'));
    asked.push(
        digits
            .get(digits.len().saturating_sub(COMMON_DIGITS)..)
            .unwrap_or(digits)
            .to_owned(),
    );
    asked.extend(number.extension());
    asked.dedup();
    let mut ids = Vec::new();
    // The index knows three digits in a row at least.
    for digits in asked.iter().filter(|digits| digits.len() >= 3) {
        let rows: Vec<i64> = sqlx::query_scalar(
            "SELECT rowid FROM person_digits WHERE person_digits MATCH ? ORDER BY rowid DESC LIMIT ?",
        )
        .bind(format!("\"{digits}\""))
        .bind(MOST_NUMBERED)
        .fetch_all(&mut *connection)
        .await?;
        ids.extend(rows);
    }
    let mut people: Vec<Person> = records(connection, &ids)
        .await?
        .into_values()
        .filter(|person| person.phones.iter().any(|phone| phone.matches(number)))
        .collect();
    people.sort_by_key(|person| (!person.active, text::fold(&person.display_name()), person.id));
    Ok(people)
}
