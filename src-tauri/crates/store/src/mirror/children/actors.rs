//! Who is on a ticket.

use super::{mirrored, unsettle};
use crate::{
    StoreError,
    mirror::{
        Effects,
        codes::{role_code, role_of},
    },
    sql::{Columns, bulk},
};
use guichet_domain::{
    GroupId, TicketId, UserId,
    record::ActorRow,
    ticket::{Actor, Party},
};
use sqlx::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet};

/// Which of the backend's two tables an actor's row is in: people and addresses, or groups.
pub(crate) fn actor_table(row: &ActorRow) -> i64 {
    i64::from(matches!(row.actor.party, Party::Group { .. }))
}

fn party_columns(party: &Party) -> (i64, Option<i64>, Option<&str>) {
    match party {
        Party::User { id } => (0, Some(id.0), None),
        Party::Email { address } => (1, None, Some(address)),
        Party::Group { id } => (2, Some(id.0), None),
    }
}

fn party_of(code: i64, id: Option<i64>, address: Option<&str>) -> Party {
    match (code, id) {
        (0, Some(id)) => Party::User { id: UserId(id) },
        (2, Some(id)) => Party::Group { id: GroupId(id) },
        _ => Party::Email {
            address: address.unwrap_or_default().to_owned(),
        },
    }
}

pub(crate) fn actor_of(c: &mut Columns<'_>) -> Result<ActorRow, StoreError> {
    Ok(ActorRow {
        id: c.int()?,
        ticket: TicketId(c.int()?),
        actor: Actor {
            role: role_of(c.int()?),
            party: party_of(c.int()?, c.opt_int()?, c.opt_text()?),
        },
    })
}

/// Stores actors' rows.
pub(crate) async fn actors(
    connection: &mut SqliteConnection,
    records: Vec<&ActorRow>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let parents = mirrored(connection, &records.iter().map(|row| row.ticket.0).collect()).await?;
    let mut wanted: BTreeMap<(i64, i64), &ActorRow> = BTreeMap::new();
    for row in records {
        if parents.contains(&row.ticket.0) {
            wanted.insert((actor_table(row), row.id), row);
        } else {
            effects.dropped += 1;
        }
    }
    let keys: Vec<&(i64, i64)> = wanted.keys().collect();
    let rows = sqlx::query(
        "SELECT a.grp, a.id, a.ticket, a.role, a.party, a.party_id, a.address FROM json_each(?) j JOIN actors a \
         ON a.grp = j.value ->> 0 AND a.id = j.value ->> 1",
    )
    .bind(serde_json::to_string(&keys)?)
    .fetch_all(&mut *connection)
    .await?;
    let mut touched = BTreeSet::new();
    let mut held = BTreeMap::new();
    for row in &rows {
        let mut c = Columns::new(row);
        let table = c.int()?;
        let row = actor_of(&mut c)?;
        held.insert((table, row.id), row);
    }
    let mut rows = Vec::new();
    for (key, row) in wanted {
        let before = held.get(&key);
        if before == Some(row) {
            continue;
        }
        touched.extend(before.map(|before| before.ticket.0));
        touched.insert(row.ticket.0);
        let (party, id, address) = party_columns(&row.actor.party);
        rows.push(vec![
            key.0.into(),
            key.1.into(),
            row.ticket.0.into(),
            role_code(row.actor.role).into(),
            party.into(),
            id.into(),
            address.into(),
        ]);
    }
    bulk(
        connection,
        "INSERT INTO actors (grp, id, ticket, role, party, party_id, address)",
        7,
        "ON CONFLICT(grp, id) DO UPDATE SET ticket = excluded.ticket, role = excluded.role, party = excluded.party, \
         party_id = excluded.party_id, address = excluded.address",
        rows,
    )
    .await?;
    unsettle(connection, &touched).await?;
    effects.rebuild.extend(&touched);
    effects.changed.extend(touched);
    Ok(())
}
