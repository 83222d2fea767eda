//! A database in memory made empty again, with its connection and its prepared statements.

use crate::{StoreError, connection::Database};
use sqlx::{AssertSqlSafe, Connection};

/// Empties every table of a database in memory and puts back what a new one holds.
pub(crate) async fn wipe(database: &Database, first_rows: &str) -> Result<(), StoreError> {
    if !database.is_in_memory() {
        return Err(StoreError::Invalid {
            message: "a database in a file is never emptied".to_owned(),
        });
    }
    let mut writer = database.writer().await?;
    let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
    let tables: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual') \
         AND name NOT IN ('sqlite_schema', 'sqlite_sequence') ORDER BY name",
    )
    .fetch_all(&mut *transaction)
    .await?;
    let mut sql = String::new();
    let mut triggers = String::new();
    if tables.iter().any(|(name, _)| name == "consents") {
        // Consents are never removed: their triggers step aside for a database that only a test sees. Without records they need
        // not, and the prepared statements stay good.
        let any: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM consents)")
            .fetch_one(&mut *transaction)
            .await?;
        if any {
            let held: Vec<(String, String)> =
                sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'consents'")
                    .fetch_all(&mut *transaction)
                    .await?;
            for (name, made) in held {
                sql.push_str(&format!("DROP TRIGGER {name};"));
                triggers.push_str(&made);
                triggers.push(';');
            }
        }
    }
    for (name, sort) in &tables {
        // The search indexes have no rows of their own that could be deleted one by one.
        sql.push_str(&if sort == "virtual" {
            format!("INSERT INTO {name} ({name}) VALUES ('delete-all');")
        } else {
            format!("DELETE FROM {name};")
        });
    }
    if tables.iter().any(|(name, _)| name == "outbox") {
        // Where AUTOINCREMENT left off.
        sql.push_str("DELETE FROM sqlite_sequence;");
    }
    sql.push_str(first_rows);
    sql.push_str(&triggers);
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(())
}
