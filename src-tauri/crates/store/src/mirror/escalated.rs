//! Escalated tickets: who may be on the board, and what the board is derived from, many tickets a statement. The lines that say where an
//! escalation stands are marked when they are mirrored (`timeline.marker`), so that no read walks through a timeline.

use super::{children::actors::actor_of, codes::entry_of, lists, ticket, tickets};
use crate::{
    Escalated, EscalatedQuery, StoreError,
    escalation_api::line,
    mirror::refresh::Pending,
    sql::{Columns, json_ids, micros},
};
use guichet_domain::{
    TicketId, UserId,
    outbox::OutboxEntry,
    ticket::{Actor, Ticket},
    timeline::{EntryKey, TimelineEntry},
    view::overlay,
};
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::{BTreeMap, BTreeSet};

/// Tickets read by one statement.
const CHUNK: usize = 500;

/// Open tickets with a group of the list, and those with a line. The groups come first: there may be a million tickets with a group.
const OPEN: &str = "SELECT v.ticket FROM json_each(?1) j CROSS JOIN view_party v \
     ON v.role = 2 AND v.party = 2 AND v.party_id = j.value AND v.open = 1 \
     UNION SELECT v.id FROM ticket_view v WHERE v.open = 1 \
     AND EXISTS (SELECT 1 FROM timeline m WHERE m.ticket = v.id AND m.marker = 1)";

/// The same of tickets over that changed since an instant.
const OVER: &str = "SELECT v.id FROM ticket_view v INDEXED BY list_all_updated WHERE v.updated_at >= ?2 AND v.status >= 5 \
     AND (EXISTS (SELECT 1 FROM timeline m WHERE m.ticket = v.id AND m.marker = 1) \
       OR EXISTS (SELECT 1 FROM json_each(?1) j JOIN view_party p ON p.role = 2 AND p.party = 2 \
         AND p.party_id = j.value AND p.open = 0 AND p.ticket = v.id))";

/// Open tickets with one of the groups or with a line of an escalation; with them those over, as far as they changed lately.
pub(crate) async fn candidates(
    connection: &mut SqliteConnection,
    query: &EscalatedQuery,
) -> Result<BTreeSet<i64>, StoreError> {
    let groups: Vec<i64> = query.groups.iter().map(|group| group.0).collect();
    let groups = json_ids(&groups);
    let mut found: BTreeSet<i64> = sqlx::query_scalar(OPEN)
        .bind(&groups)
        .fetch_all(&mut *connection)
        .await?
        .into_iter()
        .collect();
    if let Some(since) = query.over_since {
        let over: Vec<i64> = sqlx::query_scalar(OVER)
            .bind(&groups)
            .bind(micros(since))
            .fetch_all(connection)
            .await?;
        found.extend(over);
    }
    Ok(found)
}

/// What the board is derived from, of each ticket that can be shown, by number. `sent` are entries that may not be mirrored yet.
pub(crate) async fn read(
    connection: &mut SqliteConnection,
    ids: &BTreeSet<i64>,
    pending: &Pending,
    sent: &[OutboxEntry],
    me: Option<UserId>,
) -> Result<Vec<Escalated>, StoreError> {
    let mut all = Vec::new();
    let ids: Vec<i64> = ids.iter().copied().collect();
    for chunk in ids.chunks(CHUNK) {
        all.extend(read_some(connection, chunk, pending, sent, me).await?);
    }
    Ok(all)
}

async fn read_some(
    connection: &mut SqliteConnection,
    ids: &[i64],
    pending: &Pending,
    sent: &[OutboxEntry],
    me: Option<UserId>,
) -> Result<Vec<Escalated>, StoreError> {
    let list = json_ids(ids);
    let sql = format!(
        "SELECT {} FROM ticket_view WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
        lists::COLUMNS
    );
    let shown = sqlx::query(AssertSqlSafe(sql))
        .bind(&list)
        .fetch_all(&mut *connection)
        .await?;
    let mut lines = mirrored_lines(connection, &list).await?;
    let mut plain = mirrored(connection, &list).await?;
    let mut actors = mirrored_actors(connection, &list).await?;
    let mirrored_keys = sent_and_mirrored(connection, sent).await?;
    let mut escalated = Vec::with_capacity(shown.len());
    for row in &shown {
        let row = lists::decode(row)?;
        let id = row.id.0;
        let waiting = pending.get(&id).map(Vec::as_slice).unwrap_or_default();
        let (ticket, actors) = if waiting.is_empty() {
            let Some(ticket) = plain.remove(&id) else { continue };
            (ticket, actors.remove(&id).unwrap_or_default())
        } else {
            let mirror = ticket::bundle(connection, id).await?.map(|held| held.bundle);
            let Some(bundle) = overlay(mirror, waiting, me) else {
                continue;
            };
            let actors = bundle.actors.into_iter().map(|row| row.actor).collect();
            (bundle.ticket, actors)
        };
        let mut lines = lines.remove(&id).unwrap_or_default();
        let unread = sent
            .iter()
            .filter(|entry| entry.lane.0 == id && !mirrored_keys.contains(&entry.id.to_string()));
        let unsent = waiting.iter().filter(|entry| entry.state.is_pending());
        lines.extend(unread.chain(unsent).filter_map(|entry| line(entry, me)));
        escalated.push(Escalated {
            row,
            ticket,
            actors,
            lines,
        });
    }
    Ok(escalated)
}

async fn mirrored(connection: &mut SqliteConnection, list: &str) -> Result<BTreeMap<i64, Ticket>, StoreError> {
    let sql = format!(
        "SELECT {} FROM tickets WHERE id IN (SELECT value FROM json_each(?))",
        tickets::COLUMNS
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(list).fetch_all(connection).await?;
    let tickets = rows.iter().map(|row| {
        let ticket = tickets::decode(row)?;
        Ok((ticket.id.0, ticket))
    });
    tickets.collect()
}

async fn mirrored_actors(
    connection: &mut SqliteConnection,
    list: &str,
) -> Result<BTreeMap<i64, Vec<Actor>>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, ticket, role, party, party_id, address FROM actors WHERE ticket IN (SELECT value FROM json_each(?)) \
         ORDER BY ticket, role, party, id",
    )
    .bind(list)
    .fetch_all(connection)
    .await?;
    let mut actors: BTreeMap<i64, Vec<Actor>> = BTreeMap::new();
    for row in &rows {
        let row = actor_of(&mut Columns::new(row))?;
        actors.entry(row.ticket.0).or_default().push(row.actor);
    }
    Ok(actors)
}

pub(crate) async fn mirrored_lines(
    connection: &mut SqliteConnection,
    list: &str,
) -> Result<BTreeMap<i64, Vec<TimelineEntry>>, StoreError> {
    let rows = sqlx::query(
        "SELECT ticket, kind, id, author, at, updated_at, body, private, detail FROM timeline \
         WHERE marker = 1 AND ticket IN (SELECT value FROM json_each(?)) ORDER BY ticket, at, kind, id",
    )
    .bind(list)
    .fetch_all(connection)
    .await?;
    let mut lines: BTreeMap<i64, Vec<TimelineEntry>> = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        let ticket = c.int()?;
        lines.entry(ticket).or_default().push(TimelineEntry {
            ticket: TicketId(ticket),
            key: EntryKey {
                kind: entry_of(c.int()?),
                id: c.int()?,
            },
            author: c.opt_int()?.map(UserId),
            at: c.at()?,
            updated_at: c.at()?,
            body: serde_json::from_str(c.text()?)?,
            private: c.flag()?,
            detail: serde_json::from_str(c.text()?)?,
        });
    }
    Ok(lines)
}

/// Which of our own entries at the backend are mirrored, by the operation's identity.
async fn sent_and_mirrored(
    connection: &mut SqliteConnection,
    sent: &[OutboxEntry],
) -> Result<BTreeSet<String>, StoreError> {
    let mut keys = Vec::new();
    for entry in sent {
        if let (Some(kind), Some(remote)) = (entry.operation.creates(), entry.remote_id) {
            keys.push((entry.id.to_string(), super::codes::entry_code(kind), remote));
        }
    }
    if keys.is_empty() {
        return Ok(BTreeSet::new());
    }
    let found: Vec<String> = sqlx::query_scalar(
        "SELECT j.value ->> 0 FROM json_each(?) j JOIN timeline t ON t.kind = j.value ->> 1 AND t.id = j.value ->> 2",
    )
    .bind(serde_json::to_string(&keys)?)
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{OPEN, OVER};
    use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection};

    /// Without statistics of the tables, as a mirror that is being filled: the order of the tables is the statements' own.
    #[tokio::test]
    async fn candidates_are_found_by_indexes() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        crate::mirror::schema::create(&mut connection).await.unwrap();
        for (sql, steps) in [
            (
                OPEN,
                [
                    "SEARCH v USING PRIMARY KEY (role=? AND party=? AND party_id=? AND open=?)",
                    "INDEX list_open_",
                    "INDEX timeline_markers (ticket=?)",
                ]
                .as_slice(),
            ),
            (
                OVER,
                &[
                    "INDEX list_all_updated (updated_at>?)",
                    "INDEX timeline_markers (ticket=?)",
                    "view_party_ticket (ticket=? AND role=? AND party=?",
                ],
            ),
        ] {
            let plan = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
                .fetch_all(&mut connection)
                .await
                .unwrap();
            let plan: Vec<String> = plan.iter().map(|row| row.get("detail")).collect();
            for step in steps {
                assert!(plan.iter().any(|line| line.contains(step)), "{step} in {plan:#?}");
            }
        }
    }
}
