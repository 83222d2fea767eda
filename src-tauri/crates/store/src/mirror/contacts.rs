//! Contacts for the surge: tickets opened lately, and where somebody is.

use crate::{
    StoreError,
    sql::{Columns, json_ids, micros},
};
use guichet_domain::{
    TicketId,
    surge::{Contact, Label},
};
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// A contact whose place is told by number.
pub(crate) struct Placed {
    pub(crate) contact: Contact,
    pub(crate) place: Option<i64>,
}

/// What a ticket is as a contact.
pub(crate) fn identity(ticket: TicketId) -> String {
    format!("ticket:{ticket}")
}

/// Tickets opened after an instant. The place is the ticket's, else its requester's.
pub(crate) async fn opened_since(
    connection: &mut SqliteConnection,
    since: Timestamp,
) -> Result<Vec<Placed>, StoreError> {
    let rows = sqlx::query(
        "SELECT v.id, v.opened_at, v.title, v.category_id, \
         coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = v.category_id), v.category_text), \
         coalesce(v.location_id, (SELECT place FROM people WHERE id = v.requester_id)) \
         FROM ticket_view v INDEXED BY list_all_opened WHERE v.opened_at > ? ORDER BY v.opened_at DESC, v.id DESC",
    )
    .bind(micros(since))
    .fetch_all(connection)
    .await?;
    let contacts = rows.iter().map(|row| {
        let mut c = Columns::new(row);
        let ticket = c.int()?;
        let at = c.at()?;
        let words = c.text()?.to_owned();
        let category = c.opt_int()?.zip(c.opt_text()?);
        Ok(Placed {
            contact: Contact {
                at,
                id: identity(TicketId(ticket)),
                ticket: Some(TicketId(ticket)),
                category: category.map(|(id, name)| Label {
                    id,
                    name: name.to_owned(),
                }),
                site: None,
                words,
            },
            place: c.opt_int()?,
        })
    });
    contacts.collect()
}

/// Where these people are.
pub(crate) async fn places_of(
    connection: &mut SqliteConnection,
    people: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, i64>, StoreError> {
    let rows: Vec<(i64, i64)> = sqlx::query_as(
        "SELECT id, place FROM people WHERE place IS NOT NULL AND id IN (SELECT value FROM json_each(?))",
    )
    .bind(json_ids(people))
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().collect())
}

/// The site of each place: a room (a place that holds none) counts as what it is in, unless that is the one place that holds
/// everything.
pub(crate) async fn sites(
    connection: &mut SqliteConnection,
    places: &BTreeSet<i64>,
) -> Result<BTreeMap<i64, Label>, StoreError> {
    let rows: Vec<(i64, i64, String)> = sqlx::query_as(
        "WITH top AS MATERIALIZED (SELECT id FROM catalogue t WHERE t.kind = 3 AND NOT EXISTS \
           (SELECT 1 FROM catalogue a WHERE a.kind = 3 AND a.id = t.parent)), \
         site AS (SELECT c.id, iif(EXISTS (SELECT 1 FROM catalogue r WHERE r.kind = 3 AND r.parent = c.id) OR p.id IS NULL \
           OR (p.id IN (SELECT id FROM top) AND (SELECT count(*) FROM top) = 1), c.id, p.id) AS site \
           FROM catalogue c LEFT JOIN catalogue p ON p.kind = 3 AND p.id = c.parent \
           WHERE c.kind = 3 AND c.id IN (SELECT value FROM json_each(?))) \
         SELECT s.id, s.site, n.name FROM site s JOIN catalogue n ON n.kind = 3 AND n.id = s.site",
    )
    .bind(json_ids(places))
    .fetch_all(connection)
    .await?;
    let labels = rows.into_iter().map(|(place, id, name)| (place, Label { id, name }));
    Ok(labels.collect())
}
