//! Tickets for an export: everything a query chooses, however many there are, in the order of their numbers and by parts, so
//! that nothing is left out and nothing is held twice. A list on the screen may stop looking; a table that is handed over may not.

use super::{found, lists};
use crate::{ExportedTicket, ExportedTickets, StoreError, TicketQuery, sql::Columns};
use guichet_domain::{TicketId, ticket::Level};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

/// The part of at most `limit` tickets looked at, from the one after `after` on.
pub(crate) async fn part(
    connection: &mut SqliteConnection,
    query: &TicketQuery,
    after: TicketId,
    limit: u32,
) -> Result<ExportedTickets, StoreError> {
    let chosen = found::chosen(connection, query).await?;
    // What a ticket has beyond a list's row is the server's: one that is not there yet has nothing of it.
    let sql = format!(
        "SELECT v.*, t.impact, coalesce((SELECT name FROM catalogue WHERE kind = 4 AND id = t.channel), t.channel_name), \
         t.taken_up_at, t.solved_at, t.closed_at \
         FROM (SELECT {} FROM ticket_view WHERE id > ? AND {} ORDER BY id LIMIT {limit}) v \
         LEFT JOIN tickets t ON t.id = v.id ORDER BY v.id",
        lists::COLUMNS,
        chosen.condition,
    );
    let read = sqlx::query(AssertSqlSafe(sql))
        .bind(after.0)
        .fetch_all(connection)
        .await?;
    let last = match read.last() {
        Some(last) if read.len() >= limit as usize => Some(TicketId(last.try_get(0)?)),
        _ => None,
    };
    let mut rows = Vec::with_capacity(read.len());
    for row in &read {
        let ticket = lists::decode(row)?;
        if !chosen.has_title(&ticket.title) {
            continue;
        }
        let mut c = Columns::from(row, lists::WIDTH);
        rows.push(ExportedTicket {
            impact: c.opt_int()?.map(|level| Level(u8::try_from(level).unwrap_or(0))),
            channel: c.opt_text()?.map(str::to_owned),
            taken_up_at: c.opt_at()?,
            solved_at: c.opt_at()?,
            closed_at: c.opt_at()?,
            ticket,
        });
    }
    Ok(ExportedTickets { rows, last })
}
