//! Tickets' history: lines by number, read back by ticket.

use super::codes::{role_code, role_of, status_code, status_of};
use crate::{
    CollectionState, StoreError,
    sql::{Val, bulk, instant, json_ids},
};
use guichet_domain::{
    GroupId, TicketId, UserId,
    history::{HistoryChange, HistoryEvent, HistoryParty},
};
use sqlx::SqliteConnection;

const STATUS: i64 = 1;
const JOINED: i64 = 2;
const PARTED: i64 = 3;
const BINNED: i64 = 4;
const RESTORED: i64 = 5;

const PERSON: i64 = 0;
const GROUP: i64 = 2;

/// Columns after the number, the ticket and the instant.
type Said = [Option<i64>; 6];

fn written(event: HistoryEvent) -> Said {
    let part = |event, party, role: Option<_>| {
        let (party, id) = match party {
            HistoryParty::User { id } => (PERSON, id.0),
            HistoryParty::Group { id } => (GROUP, id.0),
        };
        [Some(event), None, None, Some(party), Some(id), role.map(role_code)]
    };
    match event {
        HistoryEvent::Status { from, to } => [
            Some(STATUS),
            Some(status_code(from)),
            Some(status_code(to)),
            None,
            None,
            None,
        ],
        HistoryEvent::Joined { party, role } => part(JOINED, party, role),
        HistoryEvent::Parted { party, role } => part(PARTED, party, role),
        HistoryEvent::Trashed => [Some(BINNED), None, None, None, None, None],
        HistoryEvent::Restored => [Some(RESTORED), None, None, None, None, None],
    }
}

fn read([event, was, became, party, id, role]: Said) -> Option<HistoryEvent> {
    let who = || {
        Some(match (party?, id?) {
            (GROUP, id) => HistoryParty::Group { id: GroupId(id) },
            (_, id) => HistoryParty::User { id: UserId(id) },
        })
    };
    let role = role.map(role_of);
    Some(match event? {
        STATUS => HistoryEvent::Status {
            from: status_of(was?),
            to: status_of(became?),
        },
        JOINED => HistoryEvent::Joined { party: who()?, role },
        PARTED => HistoryEvent::Parted { party: who()?, role },
        BINNED => HistoryEvent::Trashed,
        RESTORED => HistoryEvent::Restored,
        _ => return None,
    })
}

/// Stores lines and where the reading stands, in the caller's transaction. A line that is held stays as it is: the history
/// only grows.
pub(crate) async fn apply(
    connection: &mut SqliteConnection,
    changes: &[HistoryChange],
    state: &CollectionState,
) -> Result<(), StoreError> {
    let rows = changes
        .iter()
        .map(|change| {
            let mut row: Vec<Val> = vec![change.id.into(), change.ticket.0.into(), change.at.into()];
            row.extend(written(change.what).into_iter().map(Val::from));
            row
        })
        .collect();
    bulk(
        connection,
        "INSERT INTO ticket_history (id, ticket, at, event, was, became, party, party_id, role)",
        9,
        "ON CONFLICT DO NOTHING",
        rows,
    )
    .await?;
    sqlx::query("INSERT INTO history_state VALUES (1, ?) ON CONFLICT DO UPDATE SET state = excluded.state")
        .bind(serde_json::to_string(state)?)
        .execute(connection)
        .await?;
    Ok(())
}

/// Where the reading stands; nothing before the first page.
pub(crate) async fn state(connection: &mut SqliteConnection) -> Result<Option<CollectionState>, StoreError> {
    let state: Option<String> = sqlx::query_scalar("SELECT state FROM history_state")
        .fetch_optional(connection)
        .await?;
    Ok(state.map(|state| serde_json::from_str(&state)).transpose()?)
}

type Line = (
    i64,
    i64,
    i64,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);

/// The history of some tickets: by ticket, then in the order it happened.
pub(crate) async fn of(
    connection: &mut SqliteConnection,
    tickets: &[TicketId],
) -> Result<Vec<HistoryChange>, StoreError> {
    let ids: Vec<i64> = tickets.iter().map(|ticket| ticket.0).collect();
    let lines: Vec<Line> = sqlx::query_as(
        "SELECT id, ticket, at, event, was, became, party, party_id, role FROM ticket_history \
         WHERE ticket IN (SELECT value FROM json_each(?)) ORDER BY ticket, id",
    )
    .bind(json_ids(&ids))
    .fetch_all(connection)
    .await?;
    Ok(lines
        .into_iter()
        .filter_map(|(id, ticket, at, event, was, became, party, party_id, role)| {
            Some(HistoryChange {
                id,
                ticket: TicketId(ticket),
                at: instant(at),
                what: read([event, was, became, party, party_id, role])?,
            })
        })
        .collect())
}
