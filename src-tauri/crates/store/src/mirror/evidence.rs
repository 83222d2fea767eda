//! What is known of tickets for the indicators of a contract: facts and dates, no texts but the lines that say where an escalation
//! stands. Read by parts, so that a million tickets are never held at once.

use super::{
    codes::{entry_of, kind_of, status_of},
    escalated,
};
use crate::{
    KnownEntry, KnownTicket, KnownTickets, OpenTicket, StoreError,
    sql::{Columns, json_ids, micros},
};
use guichet_domain::{
    GroupId, TicketId, UserId,
    ticket::Level,
    timeline::{EntryDetail, EntryKind},
    triage::markers,
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::collections::BTreeMap;

/// Tickets that are open or changed since an instant. Local ones are not at the server, and no evidence.
const CHOSEN: &str = "SELECT t.id, t.kind, t.status, t.urgency, t.priority, \
     coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = t.category), t.category_name), \
     coalesce((SELECT name FROM catalogue WHERE kind = 4 AND id = t.channel), t.channel_name), \
     coalesce((SELECT vip FROM ticket_view v WHERE v.id = t.id), 0), \
     t.opened_at, t.updated_at, t.taken_up_at, t.solved_at, t.closed_at, \
     EXISTS (SELECT 1 FROM ticket_links l WHERE l.from_id = t.id AND l.kind = 2) \
     FROM tickets t WHERE t.id > ? AND t.id > 0 AND t.departure IS NULL AND (t.status < 5 OR t.updated_at >= ?) \
     ORDER BY t.id LIMIT ?";

/// Open tickets with their pending changes, local ones included; what the server alone tells is null for those.
const OPEN: &str = "SELECT v.id, v.kind, coalesce(t.status, v.status), v.urgency, v.priority, \
     coalesce((SELECT name FROM catalogue WHERE kind = 2 AND id = v.category_id), v.category_text), \
     coalesce((SELECT name FROM catalogue WHERE kind = 4 AND id = t.channel), t.channel_name), v.vip, \
     v.opened_at, v.updated_at, t.taken_up_at, t.solved_at, t.closed_at, \
     EXISTS (SELECT 1 FROM ticket_links l WHERE l.from_id = v.id AND l.kind = 2), v.status, v.unassigned \
     FROM ticket_view v LEFT JOIN tickets t ON t.id = v.id WHERE v.open = 1";

/// Open tickets for the contract's clock: those named, or the part that follows the ticket `after`.
pub(crate) async fn open(
    connection: &mut SqliteConnection,
    named: Option<&[TicketId]>,
    after: Option<TicketId>,
    limit: u32,
) -> Result<(Vec<OpenTicket>, Option<TicketId>), StoreError> {
    let read = match named {
        Some(ids) => {
            let ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
            let sql = format!("{OPEN} AND v.id IN (SELECT value FROM json_each(?)) ORDER BY v.id");
            sqlx::query(AssertSqlSafe(sql))
                .bind(json_ids(&ids))
                .fetch_all(&mut *connection)
                .await?
        }
        None => {
            let sql = format!("{OPEN} AND v.id > ? ORDER BY v.id LIMIT ?");
            sqlx::query(AssertSqlSafe(sql))
                .bind(after.map_or(i64::MIN, |id| id.0))
                .bind(limit)
                .fetch_all(&mut *connection)
                .await?
        }
    };
    let mut rows = Vec::with_capacity(read.len());
    let mut now = Vec::with_capacity(read.len());
    for row in &read {
        let mut c = Columns::new(row);
        rows.push(facts(&mut c)?);
        now.push((status_of(c.int()?), c.flag()?));
    }
    let last = (named.is_none() && read.len() >= limit as usize)
        .then(|| rows.last().map(|row| row.id))
        .flatten();
    fill(connection, &mut rows).await?;
    let rows = rows
        .into_iter()
        .zip(now)
        .map(|(known, (status, unassigned))| OpenTicket {
            known,
            status,
            unassigned,
        });
    Ok((rows.collect(), last))
}

/// The part that follows the ticket `after`.
pub(crate) async fn part(
    connection: &mut SqliteConnection,
    since: Timestamp,
    after: TicketId,
    limit: u32,
) -> Result<KnownTickets, StoreError> {
    let read = sqlx::query(CHOSEN)
        .bind(after.0)
        .bind(micros(since))
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
    let mut rows = Vec::with_capacity(read.len());
    for row in &read {
        rows.push(facts(&mut Columns::new(row))?);
    }
    let last = (read.len() >= limit as usize)
        .then(|| rows.last().map(|row| row.id))
        .flatten();
    fill(connection, &mut rows).await?;
    Ok(KnownTickets { rows, last })
}

/// A ticket's facts, from the columns that [`CHOSEN`] and [`OPEN`] begin with.
fn facts(c: &mut Columns<'_>) -> Result<KnownTicket, StoreError> {
    let level = |value: i64| Level(u8::try_from(value).unwrap_or(0));
    Ok(KnownTicket {
        id: TicketId(c.int()?),
        kind: kind_of(c.int()?),
        status: status_of(c.int()?),
        urgency: level(c.int()?),
        priority: level(c.int()?),
        category: c.opt_text()?.map(str::to_owned),
        channel: c.opt_text()?.map(str::to_owned),
        vip: c.flag()?,
        opened_at: c.at()?,
        updated_at: c.at()?,
        taken_up_at: c.opt_at()?,
        solved_at: c.opt_at()?,
        closed_at: c.opt_at()?,
        duplicate: c.flag()?,
        requesters: Vec::new(),
        groups: Vec::new(),
        entries: Vec::new(),
        markers: Vec::new(),
    })
}

/// Adds who is on the tickets, what was written, and where their escalations stood; `rows` are in the order of their numbers.
async fn fill(connection: &mut SqliteConnection, rows: &mut [KnownTicket]) -> Result<(), StoreError> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let list = json_ids(&ids);
    let mut at: BTreeMap<i64, &mut KnownTicket> = rows.iter_mut().map(|row| (row.id.0, row)).collect();
    let parties: Vec<(i64, i64, i64, i64)> = sqlx::query_as(
        "SELECT ticket, role, party, party_id FROM actors WHERE ticket IN (SELECT value FROM json_each(?)) \
         AND party_id IS NOT NULL AND ((role = 1 AND party = 0) OR (role = 2 AND party = 2)) ORDER BY ticket, id",
    )
    .bind(&list)
    .fetch_all(&mut *connection)
    .await?;
    for (ticket, role, _, party) in parties {
        let Some(row) = at.get_mut(&ticket) else { continue };
        if role == 1 {
            row.requesters.push(UserId(party));
        } else {
            row.groups.push(GroupId(party));
        }
    }
    let entries = sqlx::query(
        "SELECT ticket, kind, author, at, private, iif(kind = 3, detail, NULL) FROM timeline \
         WHERE rid BETWEEN ? AND ? AND ticket IN (SELECT value FROM json_each(?)) ORDER BY ticket, at, kind, id",
    )
    .bind(ids.first().copied().unwrap_or(0) << 22)
    .bind((ids.last().copied().unwrap_or(0) + 1) << 22)
    .bind(&list)
    .fetch_all(&mut *connection)
    .await?;
    for row in &entries {
        let mut c = Columns::new(row);
        let Some(ticket) = at.get_mut(&c.int()?) else { continue };
        let kind = entry_of(c.int()?);
        let (author, when, private) = (c.opt_int()?.map(UserId), c.at()?, c.flag()?);
        let detail: Option<EntryDetail> = c.opt_text()?.map(serde_json::from_str).transpose()?;
        let answer = match detail {
            Some(EntryDetail::Solution { approval, answered_at }) if kind == EntryKind::Solution => {
                Some((approval, answered_at))
            }
            _ => None,
        };
        ticket.entries.push(KnownEntry {
            kind,
            at: when,
            author,
            private,
            answer,
        });
    }
    for (ticket, lines) in escalated::mirrored_lines(connection, &list).await? {
        if let Some(row) = at.get_mut(&ticket) {
            row.markers = markers(&lines);
        }
    }
    Ok(())
}
