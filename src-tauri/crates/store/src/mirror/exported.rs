//! Tickets for an export: everything a query chooses, however many there are, in the order of their numbers and by parts, so
//! that nothing is left out and nothing is held twice. A list on the screen may stop looking; a table that is handed over may not.

use super::{children, codes::catalogue_code, found, lists};
use crate::{
    ExportedAssets, ExportedDocuments, ExportedTicket, ExportedTickets, StoreError, TicketQuery, sql::Columns,
};
use guichet_domain::{TicketId, asset::Asset, catalogue::CatalogueKind, ticket::Level};
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

/// The part of at most `limit` pieces of equipment, from the one after the place `after` on. The lists' own names of where they are come
/// before those that travelled along.
pub(crate) async fn assets(
    connection: &mut SqliteConnection,
    after: i64,
    limit: u32,
) -> Result<ExportedAssets, StoreError> {
    let read = sqlx::query(
        "SELECT a.rid, a.record, p.name, l.name, e.name FROM assets a LEFT JOIN people p ON p.id = a.user \
         LEFT JOIN catalogue l ON l.kind = ? AND l.id = json_extract(a.record, '$.location.id') \
         LEFT JOIN catalogue e ON e.kind = ? AND e.id = json_extract(a.record, '$.entity.id') \
         WHERE a.rid > ? ORDER BY a.rid LIMIT ?",
    )
    .bind(catalogue_code(CatalogueKind::Location))
    .bind(catalogue_code(CatalogueKind::Entity))
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let last = match read.last() {
        Some(last) if read.len() >= limit as usize => Some(last.try_get(0)?),
        _ => None,
    };
    let mut rows = Vec::with_capacity(read.len());
    for row in &read {
        let mut c = Columns::from(row, 1);
        let mut asset: Asset = serde_json::from_str(c.text()?)?;
        let person = c.opt_text()?.map(str::to_owned);
        for reference in [&mut asset.location, &mut asset.entity] {
            let name = c.opt_text()?;
            if let (Some(reference), Some(name)) = (reference, name) {
                reference.name = Some(name.to_owned());
            }
        }
        rows.push((asset, person));
    }
    Ok(ExportedAssets { rows, last })
}

/// The part of at most `limit` documents, from the one after `after` on.
pub(crate) async fn documents(
    connection: &mut SqliteConnection,
    after: i64,
    limit: u32,
) -> Result<ExportedDocuments, StoreError> {
    let read = sqlx::query(
        "SELECT id, name, filename, mime, sha1, updated_at FROM documents WHERE id > ? ORDER BY id LIMIT ?",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let rows = read
        .iter()
        .map(|row| children::document_of(&mut Columns::new(row)))
        .collect::<Result<Vec<_>, _>>()?;
    let last = rows.last().map(|document| document.id);
    Ok(ExportedDocuments {
        last: last.filter(|_| rows.len() >= limit as usize),
        rows,
    })
}
