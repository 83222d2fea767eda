//! The desk's schema, as numbered additive steps. A step that was shipped is never edited: a desk of any shipped version
//! is brought forward by the steps it lacks, each in a transaction of its own.

use crate::StoreError;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::path::Path;

/// "GuiD": the file is a Guichet desk.
pub(crate) const APPLICATION_ID: i64 = 0x4775_6944;

/// Step *n* (from 1) brings a desk from version *n*−1 to *n*.
const STEPS: [&str; 1] = [r"
CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  lane INTEGER NOT NULL,
  operation TEXT NOT NULL,
  -- Queryable parts of the two JSON columns.
  kind TEXT NOT NULL, depends_on TEXT,
  state TEXT NOT NULL, state_name TEXT NOT NULL, pending INTEGER NOT NULL, not_before INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- Seconds since 1970 UTC, unique in the lane.
  created_at INTEGER NOT NULL,
  first_attempt_at INTEGER,
  last_error TEXT,
  remote_id INTEGER
) STRICT;
CREATE INDEX outbox_pending ON outbox(lane, seq) WHERE pending = 1;
CREATE INDEX outbox_lane ON outbox(lane, seq);
CREATE INDEX outbox_created ON outbox(seq) WHERE kind = 'create_ticket';
CREATE INDEX outbox_depends ON outbox(depends_on) WHERE depends_on IS NOT NULL;
CREATE TABLE renumbered (local INTEGER PRIMARY KEY, remote INTEGER NOT NULL) STRICT;
CREATE TABLE local_numbers (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT;
INSERT INTO local_numbers VALUES (1, 0);
CREATE TABLE drafts (
  key TEXT PRIMARY KEY, ticket INTEGER, body TEXT NOT NULL, attachments TEXT NOT NULL, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE attachments (blob TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE gate (one INTEGER PRIMARY KEY CHECK (one = 1), value TEXT NOT NULL) STRICT;
"];

/// What the steps leave in an empty desk (tested).
pub(crate) const FIRST_ROWS: &str = "INSERT INTO local_numbers VALUES (1, 0);";

/// The newest schema this version knows.
pub(crate) const VERSION: i64 = STEPS.len() as i64;

/// Brings a desk to [`VERSION`], creating it when the file is new.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let found: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await?;
    if application != APPLICATION_ID {
        let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
            .fetch_one(&mut *connection)
            .await?;
        if tables > 0 {
            return Err(StoreError::Corrupt {
                path: path.to_owned(),
                message: "it is another program's database".to_owned(),
            });
        }
    }
    if found > VERSION {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found,
            known: VERSION,
        });
    }
    for (step, version) in STEPS.iter().zip(1_i64..) {
        if version <= found {
            continue;
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let sql = format!("{step} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}
