//! Tasks of many tickets at once: what is to be done next, and what was done.

use crate::{
    Intervention, NextAction, StoreError,
    sql::{Columns, json_ids, micros},
};
use guichet_domain::{TicketId, UserId, rich_text::RichText, timeline::EntryDetail};
use jiff::Timestamp;
use sqlx::SqliteConnection;
use std::collections::BTreeMap;

/// The task that was written last and is to be done, by ticket.
pub(crate) async fn next_actions(
    connection: &mut SqliteConnection,
    tickets: &[i64],
) -> Result<BTreeMap<TicketId, NextAction>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.ticket, t.body, t.at, t.detail, (SELECT name FROM people WHERE id = json_extract(t.detail, '$.assignee')) \
         FROM json_each(?) j JOIN timeline t ON t.rid BETWEEN j.value << 22 AND ((j.value + 1) << 22) - 1 \
         WHERE t.kind = 2 AND json_extract(t.detail, '$.state') = 'todo' ORDER BY t.ticket, t.at, t.id",
    )
    .bind(json_ids(tickets))
    .fetch_all(connection)
    .await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        let ticket = TicketId(c.int()?);
        let body: RichText = serde_json::from_str(c.text()?)?;
        let at = c.at()?;
        let detail: EntryDetail = serde_json::from_str(c.text()?)?;
        let by = match detail {
            EntryDetail::Task { begin, .. } => begin,
            _ => None,
        };
        let action = NextAction {
            what: body.to_plain(),
            who: c.opt_text()?.map(str::to_owned),
            by,
            said_at: at,
            sent: true,
        };
        // The last one stays.
        found.insert(ticket, action);
    }
    Ok(found)
}

/// Tasks done that were written in \[from, to), the oldest first; local tickets have none. `after` is the number of the entry before.
pub(crate) async fn interventions(
    connection: &mut SqliteConnection,
    (from, to): (Timestamp, Timestamp),
    (offset, limit): (u32, u32),
) -> Result<Vec<Intervention>, StoreError> {
    let rows = sqlx::query(
        "SELECT t.ticket, v.title, t.at, t.body, t.private, t.detail, \
         coalesce((SELECT name FROM people WHERE id = json_extract(t.detail, '$.assignee')), \
           (SELECT name FROM people WHERE id = t.author)), \
         coalesce((SELECT name FROM catalogue WHERE kind = 3 AND id = v.location_id), v.location_text), \
         (SELECT group_concat(a.name, ', ') FROM asset_links l JOIN assets a ON a.kind = l.asset_kind AND a.id = l.asset_id \
           WHERE l.ticket = t.ticket) \
         FROM timeline t JOIN ticket_view v ON v.id = t.ticket \
         WHERE t.kind = 2 AND t.at >= ? AND t.at < ? AND json_extract(t.detail, '$.state') <> 'todo' \
         ORDER BY t.at, t.id LIMIT ? OFFSET ?",
    )
    .bind(micros(from))
    .bind(micros(to))
    .bind(limit)
    .bind(offset)
    .fetch_all(connection)
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut c = Columns::new(row);
        let (ticket, title, at) = (TicketId(c.int()?), c.text()?.to_owned(), c.at()?);
        let body: RichText = serde_json::from_str(c.text()?)?;
        let private = c.flag()?;
        let detail: EntryDetail = serde_json::from_str(c.text()?)?;
        let duration_s = match detail {
            EntryDetail::Task { duration_s, .. } => duration_s,
            _ => 0,
        };
        found.push(Intervention {
            ticket,
            title,
            at,
            what: body.to_plain(),
            private,
            duration_s: u32::try_from(duration_s).unwrap_or(0),
            who: c.opt_text()?.map(str::to_owned),
            site: c.opt_text()?.map(str::to_owned),
            assets: c.opt_text()?.map(str::to_owned),
        });
    }
    Ok(found)
}

/// Names of people, for actions that wait to be sent.
pub(crate) async fn name(connection: &mut SqliteConnection, person: UserId) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT name FROM people WHERE id = ?")
        .bind(person.0)
        .fetch_optional(connection)
        .await?)
}
