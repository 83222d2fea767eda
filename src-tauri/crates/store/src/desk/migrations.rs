//! The desk's schema, as numbered additive steps. A step that was shipped is never edited: a desk of any shipped version
//! is brought forward by the steps it lacks, each in a transaction of its own.

use crate::StoreError;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use std::path::Path;

/// "GuiD": the file is a Guichet desk.
pub(crate) const APPLICATION_ID: i64 = 0x4775_6944;

/// Step *n* (from 1) brings a desk from version *n*−1 to *n*.
const STEPS: [&str; 9] = [
    r"
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
",
    // Sending can be undone: an entry may be held, knows what it was submitted with (by the first operation of it; NULL where
    // an earlier version accepted it, which kept no draft), and the draft it came from is kept until it has left.
    r"
ALTER TABLE outbox ADD COLUMN held_until INTEGER;
ALTER TABLE outbox ADD COLUMN submission TEXT;
CREATE TABLE submitted_drafts (
  submission TEXT PRIMARY KEY,
  key TEXT NOT NULL, ticket INTEGER, body TEXT NOT NULL, attachments TEXT NOT NULL, updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
",
    // Views of the queue that somebody keeps, in their order; the definition is JSON.
    r"
CREATE TABLE saved_views (id TEXT PRIMARY KEY, place INTEGER NOT NULL, definition TEXT NOT NULL) STRICT, WITHOUT ROWID;
",
    // The call journal. Instants are milliseconds since 1970 UTC, `wait` is milliseconds; `call` and `event` are JSON, the other
    // columns what is asked by. Events are kept until their call is over.
    r"
CREATE TABLE calls (
  source TEXT NOT NULL, id TEXT NOT NULL,
  started_at INTEGER NOT NULL, queued_at INTEGER, answered_at INTEGER, ended_at INTEGER, wait INTEGER,
  over INTEGER NOT NULL, direction TEXT NOT NULL, queue TEXT, words TEXT NOT NULL,
  call TEXT NOT NULL,
  -- What the technician made of it: `disposition` a name, `no_ticket` JSON, `closed_at` when the wrap-up was done.
  mine INTEGER NOT NULL, person INTEGER, ticket INTEGER, note TEXT NOT NULL DEFAULT '',
  disposition TEXT, no_ticket TEXT, closed_at INTEGER,
  PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX calls_started ON calls(started_at);
CREATE INDEX calls_person ON calls(person, started_at) WHERE person IS NOT NULL;
CREATE INDEX calls_to_close ON calls(started_at) WHERE mine = 1 AND over = 1 AND closed_at IS NULL;
CREATE INDEX calls_ticket ON calls(ticket, started_at) WHERE ticket IS NOT NULL;
CREATE TABLE call_events (
  source TEXT NOT NULL, call TEXT NOT NULL, event TEXT NOT NULL, PRIMARY KEY (source, call, event)
) STRICT, WITHOUT ROWID;
",
    // Hot transfers (the machine as JSON, stored before what it asks for is carried out), call-backs, the diagnosis as it is typed,
    // consents and remote sessions. Instants are milliseconds since 1970 UTC. A record of consent is written once: its ticket is the
    // number it had then, and `renumbered` says which it became.
    r"
CREATE TABLE transfers (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, call TEXT NOT NULL, ticket INTEGER, offered_at INTEGER NOT NULL,
  over INTEGER NOT NULL, machine TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX transfers_open ON transfers(offered_at) WHERE over = 0;
CREATE INDEX transfers_call ON transfers(source, call);
CREATE TABLE call_backs (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, call TEXT NOT NULL, ticket INTEGER, due INTEGER NOT NULL, done_at INTEGER,
  call_back TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX call_backs_due ON call_backs(due) WHERE done_at IS NULL;
CREATE TABLE diagnoses (ticket INTEGER PRIMARY KEY, diagnosis TEXT NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE TABLE consents (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ticket INTEGER NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX consents_ticket ON consents(ticket, seq);
CREATE TRIGGER consents_stay BEFORE UPDATE ON consents BEGIN SELECT RAISE(ABORT, 'a consent is never changed'); END;
CREATE TRIGGER consents_remain BEFORE DELETE ON consents BEGIN SELECT RAISE(ABORT, 'a consent is never removed'); END;
CREATE TABLE remote_sessions (
  id TEXT PRIMARY KEY, ticket INTEGER NOT NULL, started_at INTEGER NOT NULL, ended_at INTEGER, session TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX remote_sessions_open ON remote_sessions(started_at) WHERE ended_at IS NULL;
CREATE INDEX remote_sessions_ticket ON remote_sessions(ticket, started_at);
",
    // Alerts of the supervision, one row per life of a problem. Instants are milliseconds since 1970 UTC; `alert` is JSON, as it was
    // last read; `handling` is a name.
    r"
CREATE TABLE alerts (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, received_at INTEGER NOT NULL, recovered_at INTEGER, acknowledged_at INTEGER,
  handled_at INTEGER, handled_by INTEGER, handling TEXT, ticket INTEGER,
  alert TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX alerts_received ON alerts(received_at);
CREATE INDEX alerts_open ON alerts(source, received_at) WHERE recovered_at IS NULL;
CREATE INDEX alerts_ticket ON alerts(ticket) WHERE ticket IS NOT NULL;
",
    // Notable events, as somebody wrote them: `event` is JSON, instants are milliseconds since 1970 UTC.
    r"
CREATE TABLE notable_events (
  id TEXT PRIMARY KEY, at INTEGER NOT NULL, ticket INTEGER, event TEXT NOT NULL, withdrawn_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX notable_events_at ON notable_events(at);
",
    // Rooms of major incidents, one a ticket: what was typed, told and promised, as JSON. The ticket's present number is the column.
    r"
CREATE TABLE rooms (ticket INTEGER PRIMARY KEY, open INTEGER NOT NULL, opened_at INTEGER NOT NULL, room TEXT NOT NULL) STRICT;
CREATE INDEX rooms_open ON rooms(opened_at) WHERE open = 1;
",
    // The audit log: only ever added to. `at` is microseconds since 1970 UTC; `hash` is of the line and of all before it.
    r"
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, subject TEXT NOT NULL,
  outcome TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'an audit line is never changed'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'an audit line is never removed'); END;
",
];

/// What the steps leave in an empty desk (tested).
pub(crate) const FIRST_ROWS: &str = "INSERT INTO local_numbers VALUES (1, 0);";

/// Brings a desk to the newest version, creating it when the file is new.
pub(crate) async fn migrate(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    migrate_by(connection, path, &STEPS).await
}

/// Brings a desk forward by the steps it lacks. Each is a transaction with the version it leads to: one that fails leaves
/// the desk as the step before it did.
async fn migrate_by(connection: &mut SqliteConnection, path: &Path, steps: &[&str]) -> Result<(), StoreError> {
    let known = steps.len() as i64;
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
    if found > known {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found,
            known,
        });
    }
    for (step, version) in steps.iter().zip(1_i64..) {
        if version <= found {
            continue;
        }
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        let sql = format!("{step} PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version};");
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
        crate::failpoint::place!("desk", "before");
        transaction.commit().await?;
        crate::failpoint::place!("desk", "after");
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};

    const SHIPPED: &str = include_str!("../../tests/fixtures/desk-v1.sql");

    async fn shipped() -> SqliteConnection {
        let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        sqlx::raw_sql(SHIPPED).execute(&mut connection).await.unwrap();
        connection
    }

    async fn number(connection: &mut SqliteConnection, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
    }

    #[tokio::test]
    async fn a_desk_is_brought_forward_by_the_steps_it_lacks_and_keeps_its_words() {
        let mut desk = shipped().await;
        let mut steps = STEPS.to_vec();
        steps.push("CREATE TABLE sirens (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;");
        steps.push("ALTER TABLE drafts ADD COLUMN kind TEXT NOT NULL DEFAULT 'followup';");
        for _ in 0..2 {
            migrate_by(&mut desk, Path::new("desk"), &steps).await.unwrap();
            assert_eq!(number(&mut desk, "PRAGMA user_version").await, steps.len() as i64);
            assert_eq!(number(&mut desk, "SELECT count(*) FROM outbox").await, 3);
            assert_eq!(
                number(&mut desk, "SELECT count(*) FROM drafts WHERE kind = 'followup'").await,
                1
            );
            assert_eq!(number(&mut desk, "SELECT count(*) FROM sirens").await, 0);
        }
        let error = migrate(&mut desk, Path::new("desk")).await.unwrap_err();
        assert!(matches!(error, StoreError::TooNew { .. }), "{error}");
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_the_desk_as_the_step_before_it_did() {
        let mut desk = shipped().await;
        let mut steps = STEPS.to_vec();
        steps.push("CREATE TABLE sirens (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;");
        steps.push(
            "CREATE TABLE trails (id TEXT PRIMARY KEY) STRICT; DELETE FROM outbox; INSERT INTO nowhere VALUES (1);",
        );
        assert!(migrate_by(&mut desk, Path::new("desk"), &steps).await.is_err());
        assert_eq!(number(&mut desk, "PRAGMA user_version").await, STEPS.len() as i64 + 1);
        assert_eq!(number(&mut desk, "SELECT count(*) FROM outbox").await, 3);
        assert_eq!(
            number(&mut desk, "SELECT count(*) FROM sqlite_schema WHERE name = 'trails'").await,
            0
        );
    }
}
