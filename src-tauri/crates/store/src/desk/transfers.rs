//! Hot transfers as they are kept: the machine is stored before anything it asks for is carried out, in one transaction with
//! the lines it puts into its ticket, so that neither a line nor a step is done twice or lost.

use crate::{
    KeptTransfer, StoreError,
    desk::{audit, call_backs, outbox::resolve},
};
use guichet_domain::{
    OperationId,
    audit::{AuditAction, AuditEntry},
    hot_transfer::State,
};
use jiff::Timestamp;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

/// Ended transfers are told of for so long while their call's wrap-up is not done, in milliseconds.
const TOLD_MS: i64 = 12 * 3600 * 1000;

/// Keeps a transfer as it is now, with the call-back it ended in.
pub(crate) async fn keep(connection: &mut SqliteConnection, kept: &KeptTransfer) -> Result<(), StoreError> {
    let transfer = &kept.transfer;
    sqlx::query(
        "INSERT INTO transfers (id, source, call, ticket, offered_at, over, machine) VALUES (?, ?, ?, ?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET source = excluded.source, call = excluded.call, ticket = excluded.ticket, \
         over = excluded.over, machine = excluded.machine",
    )
    .bind(transfer.id.to_string())
    .bind(&transfer.source.0)
    .bind(&transfer.call)
    .bind(transfer.briefing.ticket.map(|ticket| ticket.0))
    .bind(transfer.offered_at.as_millisecond())
    .bind(transfer.state.is_end())
    .bind(serde_json::to_string(kept)?)
    .execute(&mut *connection)
    .await?;
    if let State::FellBack { call_back, .. } | State::CallerLeft { call_back, .. } = &transfer.state {
        call_backs::keep(connection, call_back).await?;
    }
    let line =
        AuditEntry::done(AuditAction::TransferStep, format!("transfer:{}", transfer.id)).detail(transfer.state.name());
    audit::append(connection, &line).await?;
    Ok(())
}

/// Rows as they are told: a ticket written here goes by the number the backend gave it meanwhile.
async fn decode(connection: &mut SqliteConnection, rows: &[SqliteRow]) -> Result<Vec<KeptTransfer>, StoreError> {
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let mut kept: KeptTransfer = serde_json::from_str(row.try_get("machine")?)?;
        if let Some(ticket) = kept.transfer.briefing.ticket {
            let present = resolve(connection, ticket).await?;
            if present != ticket {
                kept.transfer.set_ticket(present);
            }
        }
        all.push(kept);
    }
    Ok(all)
}

/// Transfers that are not over, and those that are while the wrap-up of their call is not done; oldest first.
pub(crate) async fn told(connection: &mut SqliteConnection, now: Timestamp) -> Result<Vec<KeptTransfer>, StoreError> {
    let rows = sqlx::query(
        "SELECT machine FROM transfers WHERE over = 0 OR (offered_at > ? AND NOT EXISTS (SELECT 1 FROM calls \
         WHERE calls.source = transfers.source AND calls.id = transfers.call AND closed_at IS NOT NULL)) ORDER BY offered_at, id",
    )
    .bind(now.as_millisecond().saturating_sub(TOLD_MS))
    .fetch_all(&mut *connection)
    .await?;
    decode(connection, &rows).await
}

/// All of them, newest first.
pub(crate) async fn all(connection: &mut SqliteConnection, limit: u32) -> Result<Vec<KeptTransfer>, StoreError> {
    let rows = sqlx::query("SELECT machine FROM transfers ORDER BY offered_at DESC, id LIMIT ?")
        .bind(limit)
        .fetch_all(&mut *connection)
        .await?;
    decode(connection, &rows).await
}

/// One of them.
pub(crate) async fn one(
    connection: &mut SqliteConnection,
    id: OperationId,
) -> Result<Option<KeptTransfer>, StoreError> {
    let rows = sqlx::query("SELECT machine FROM transfers WHERE id = ?")
        .bind(id.to_string())
        .fetch_all(&mut *connection)
        .await?;
    Ok(decode(connection, &rows).await?.pop())
}
