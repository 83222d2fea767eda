//! The profile's settings (JSON text by key) and the gate.

use crate::StoreError;
use guichet_domain::outbox::Gate;
use sqlx::SqliteConnection;

pub(crate) async fn get(connection: &mut SqliteConnection, key: &str) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT value FROM settings WHERE key = ?")
        .bind(key)
        .fetch_optional(connection)
        .await?)
}

pub(crate) async fn set(connection: &mut SqliteConnection, key: &str, value: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .bind(key)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}

pub(crate) async fn gate(connection: &mut SqliteConnection) -> Result<Gate, StoreError> {
    let value: Option<String> = sqlx::query_scalar("SELECT value FROM gate")
        .fetch_optional(connection)
        .await?;
    Ok(value
        .map(|value| serde_json::from_str(&value))
        .transpose()?
        .unwrap_or_default())
}

pub(crate) async fn set_gate(connection: &mut SqliteConnection, gate: &Gate) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO gate VALUES (1, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
        .bind(serde_json::to_string(gate)?)
        .execute(connection)
        .await?;
    Ok(())
}
