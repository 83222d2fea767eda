//! The mirror's tables. There are no migrations: a mirror of another version is moved aside and read again from the server.
//!
//! Two layers live here. The **mirror** proper (`tickets`, `timeline`, `actors`…) is what the server said. The **view**
//! (`ticket_view`, `view_party`) is what lists show: mirror plus pending operations, one flat row a ticket, so that a page of
//! a list is one scan of one index. Names of people, groups and lists are not in it: they are looked up for the rows of a
//! page, so that somebody renamed costs one row. Local tickets (negative numbers) exist in the view only.
//!
//! Codes: status 1 new, 2 assigned, 3 planned, 4 waiting, 5 solved, 6 closed; role 1 requester, 2 assigned, 3 observer;
//! party 0 person, 1 mail address, 2 group. Instants are microseconds since 1970 UTC.

use crate::StoreError;
use sqlx::{AssertSqlSafe, SqliteConnection};

/// "GuiM": the file is a Guichet mirror.
pub(crate) const APPLICATION_ID: i64 = 0x4775_694d;
/// The version of what follows. Any change of a table, of an index or of the way text is folded raises it.
pub(crate) const VERSION: i64 = 12;

const TABLES: &str = r"
CREATE TABLE tickets (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL, text_hash INTEGER NOT NULL, bundle_hash INTEGER,
  provisional INTEGER NOT NULL DEFAULT 0,
  departure INTEGER,
  title TEXT NOT NULL, description TEXT NOT NULL,
  kind INTEGER NOT NULL, status INTEGER NOT NULL,
  urgency INTEGER NOT NULL, impact INTEGER NOT NULL, priority INTEGER NOT NULL,
  category INTEGER, category_name TEXT, entity INTEGER, entity_name TEXT,
  location INTEGER, location_name TEXT, channel INTEGER, channel_name TEXT,
  recorder INTEGER, opened_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  solved_at INTEGER, closed_at INTEGER, taken_up_at INTEGER, time_to_own INTEGER, time_to_resolve INTEGER,
  slas TEXT NOT NULL, external_id TEXT
) STRICT;
CREATE INDEX tickets_provisional ON tickets(id) WHERE provisional = 1;
CREATE TABLE timeline (
  -- (ticket << 22) + place: a ticket's entries lie together, and grow with the ticket's number.
  rid INTEGER PRIMARY KEY,
  ticket INTEGER NOT NULL, kind INTEGER NOT NULL, id INTEGER NOT NULL, hash INTEGER NOT NULL,
  author INTEGER, at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  body TEXT NOT NULL, private INTEGER NOT NULL, detail TEXT NOT NULL,
  -- Its first line says where an escalation stands, told from the text when it is written: a change of what such a line is raises
  -- the version.
  marker INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX timeline_key ON timeline(kind, id);
-- Few among very many: the board reads them alone.
CREATE INDEX timeline_markers ON timeline(ticket, at) WHERE marker = 1;
CREATE TABLE actors (
  rid INTEGER PRIMARY KEY,
  -- People (and addresses) and groups have a table each at the backend, numbered apart.
  grp INTEGER NOT NULL, id INTEGER NOT NULL,
  ticket INTEGER NOT NULL, role INTEGER NOT NULL, party INTEGER NOT NULL, party_id INTEGER, address TEXT
) STRICT;
CREATE UNIQUE INDEX actors_key ON actors(grp, id);
CREATE INDEX actors_ticket ON actors(ticket, role, party, id);
CREATE TABLE documents (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, name TEXT NOT NULL, filename TEXT NOT NULL, mime TEXT, sha1 TEXT, updated_at INTEGER
) STRICT;
CREATE TABLE document_contents (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE document_links (
  id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, document INTEGER NOT NULL,
  entry_kind INTEGER, entry_id INTEGER, author INTEGER, at INTEGER
) STRICT;
CREATE INDEX document_links_ticket ON document_links(ticket);
CREATE INDEX document_links_document ON document_links(document);
CREATE TABLE ticket_links (
  id INTEGER PRIMARY KEY, from_id INTEGER NOT NULL, to_id INTEGER NOT NULL, kind INTEGER NOT NULL
) STRICT;
CREATE INDEX ticket_links_from ON ticket_links(from_id);
CREATE INDEX ticket_links_to ON ticket_links(to_id);
CREATE TABLE asset_links (
  id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, asset_kind TEXT NOT NULL, asset_id INTEGER NOT NULL
) STRICT;
CREATE INDEX asset_links_ticket ON asset_links(ticket);
CREATE INDEX asset_links_asset ON asset_links(asset_kind, asset_id, ticket);
CREATE TABLE people (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, name TEXT NOT NULL, vip INTEGER NOT NULL, active INTEGER NOT NULL,
  -- Where they are, and their name folded, so that a place lists its people in the order of the alphabet.
  place INTEGER, sort TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX people_place ON people(place, active DESC, sort, id);
CREATE TABLE groups (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, name TEXT NOT NULL, vip INTEGER NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE TABLE catalogue (
  kind INTEGER NOT NULL, id INTEGER NOT NULL, hash INTEGER NOT NULL, name TEXT NOT NULL, by_expansion INTEGER NOT NULL, parent INTEGER, record TEXT NOT NULL,
  PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX catalogue_parent ON catalogue(kind, parent);
CREATE TABLE articles (
  id INTEGER PRIMARY KEY, hash INTEGER NOT NULL, title TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE INDEX articles_recent ON articles(json_extract(record, '$.updated_at') DESC, id DESC);
CREATE TABLE assets (
  rid INTEGER PRIMARY KEY, kind TEXT NOT NULL, id INTEGER NOT NULL, hash INTEGER NOT NULL, name TEXT NOT NULL, user INTEGER,
  place INTEGER, sort TEXT NOT NULL, record TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX assets_key ON assets(kind, id);
CREATE INDEX assets_user ON assets(user) WHERE user IS NOT NULL;
-- What stands at a place and is nobody's.
CREATE INDEX assets_place ON assets(place, sort, rid) WHERE user IS NULL;
-- How equipment is reached from afar, as it was when it was last asked for.
CREATE TABLE reach (
  kind TEXT NOT NULL, id INTEGER NOT NULL, record TEXT NOT NULL, PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE collections (name TEXT PRIMARY KEY, state TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- What the backend's history said of tickets: also of tickets that are not mirrored (yet), as it is read once.
CREATE TABLE ticket_history (
  id INTEGER PRIMARY KEY, ticket INTEGER NOT NULL, at INTEGER NOT NULL,
  -- 1 status (from, to), 2 joined and 3 parted (party 0 person, 2 group; its number; role or null), 4 binned, 5 restored.
  event INTEGER NOT NULL, was INTEGER, became INTEGER, party INTEGER, party_id INTEGER, role INTEGER
) STRICT;
CREATE INDEX ticket_history_ticket ON ticket_history(ticket, id);
-- The contract's next target of open tickets, worked out by whoever knows the contract.
CREATE TABLE targets (
  ticket INTEGER PRIMARY KEY, kind INTEGER NOT NULL, indicator TEXT NOT NULL, calendar INTEGER NOT NULL,
  -- While the clock runs: by when, and from when on little is left. While it stands still: what is left.
  due INTEGER, soon_at INTEGER, paused_left_s INTEGER,
  CHECK ((due IS NULL) = (paused_left_s IS NOT NULL))
) STRICT;
CREATE TABLE history_state (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL) STRICT;
CREATE TABLE last_round (one INTEGER PRIMARY KEY CHECK (one = 1), ended_at INTEGER NOT NULL) STRICT;

CREATE TABLE ticket_view (
  id INTEGER PRIMARY KEY,
  title TEXT NOT NULL, kind INTEGER NOT NULL, status INTEGER NOT NULL, urgency INTEGER NOT NULL, priority INTEGER NOT NULL,
  open INTEGER NOT NULL, unassigned INTEGER NOT NULL, vip INTEGER NOT NULL,
  -- The first requester and the first assignee: a person, a group, or an address.
  requester_id INTEGER, requester_group INTEGER, requester_text TEXT,
  assignee_id INTEGER, assignee_group INTEGER, assignee_text TEXT,
  -- With the name that travelled along, for a list that cannot be read.
  category_id INTEGER, category_text TEXT,
  location_id INTEGER, location_text TEXT, entity_id INTEGER, entity_text TEXT,
  opened_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  -- The next target; the largest integer where there is none, so that those sort last.
  next_key INTEGER NOT NULL, next_kind INTEGER,
  pending INTEGER NOT NULL, wedged INTEGER NOT NULL
) STRICT;
CREATE TABLE view_party (
  role INTEGER NOT NULL, party INTEGER NOT NULL, party_id INTEGER NOT NULL, open INTEGER NOT NULL, ticket INTEGER NOT NULL,
  PRIMARY KEY (role, party, party_id, open, ticket)
) STRICT, WITHOUT ROWID;
CREATE INDEX view_party_ticket ON view_party(ticket);
CREATE INDEX ticket_view_pending ON ticket_view(id) WHERE pending > 0;
-- Where a filter begins when it chooses few among very many.
CREATE INDEX view_category ON ticket_view(category_id) WHERE category_id IS NOT NULL;
CREATE INDEX view_location ON ticket_view(location_id) WHERE location_id IS NOT NULL;
CREATE INDEX view_entity ON ticket_view(entity_id) WHERE entity_id IS NOT NULL;

-- How many rows there are of each sort, so that a million tickets are counted by adding a few numbers.
CREATE TABLE tally (
  status INTEGER NOT NULL, unassigned INTEGER NOT NULL, vip INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (status, unassigned, vip)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER tally_in AFTER INSERT ON ticket_view BEGIN
  INSERT INTO tally VALUES (new.status, new.unassigned, new.vip, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_out AFTER DELETE ON ticket_view BEGIN
  UPDATE tally SET n = n - 1 WHERE status = old.status AND unassigned = old.unassigned AND vip = old.vip;
END;
CREATE TRIGGER tally_move AFTER UPDATE OF status, unassigned, vip ON ticket_view
WHEN old.status <> new.status OR old.unassigned <> new.unassigned OR old.vip <> new.vip BEGIN
  UPDATE tally SET n = n - 1 WHERE status = old.status AND unassigned = old.unassigned AND vip = old.vip;
  INSERT INTO tally VALUES (new.status, new.unassigned, new.vip, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;

CREATE TABLE held (what TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Every word of four letters or more that was ever indexed: what an unfinished or misspelt word may be.
CREATE TABLE words (word TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
";

/// What an empty mirror holds.
pub(crate) const FIRST_ROWS: &str = "INSERT INTO held VALUES ('people', 0), ('articles', 0), ('assets', 0);";

/// The search indexes: contentless (the text is in the tables), folded by the domain before it gets here, with the places of
/// words by column only (no phrases are asked for).
const SEARCH: [(&str, &str); 5] = [
    ("ticket_fts", "title, body"),
    ("timeline_fts", "body"),
    ("article_fts", "title, body"),
    ("person_fts", "title, body"),
    ("asset_fts", "title, body"),
];

/// The orders a list can have: `(name, columns)`. Every one ends with what makes it total.
pub(crate) const ORDERS: [(&str, &str, &str); 4] = [
    (
        "next",
        "next_key, priority DESC, opened_at, id",
        "next_key DESC, priority, opened_at DESC, id DESC",
    ),
    ("updated", "updated_at DESC, id DESC", "updated_at, id"),
    ("opened", "opened_at DESC, id DESC", "opened_at, id"),
    (
        "priority",
        "priority DESC, updated_at DESC, id DESC",
        "priority, updated_at, id",
    ),
];

/// What filters ask about and lists are grouped by: in every list's index, so that walking a list with a filter does not
/// touch the table. `updated_at` is not: it changes with every ticket that changes, and would have every index written.
pub(crate) const FACTS: [&str; 13] = [
    "vip",
    "status",
    "unassigned",
    "kind",
    "urgency",
    "priority",
    "category_id",
    "location_id",
    "entity_id",
    "assignee_id",
    "assignee_group",
    "opened_at",
    "next_key",
];

/// The choices of tickets that have indexes of their own: `(name, condition)`.
pub(crate) const SCOPES: [(&str, &str); 5] = [
    ("open", "open = 1"),
    ("unassigned", "open = 1 AND unassigned = 1"),
    ("waiting", "status = 4"),
    ("solved", "status = 5"),
    ("all", ""),
];

/// Tables that empty the mirror when dropped (virtual ones take theirs along).
const DROPPED: [&str; 25] = [
    "targets",
    "tickets",
    "timeline",
    "actors",
    "documents",
    "document_contents",
    "document_links",
    "ticket_links",
    "asset_links",
    "people",
    "groups",
    "catalogue",
    "articles",
    "assets",
    "reach",
    "collections",
    "ticket_history",
    "history_state",
    "last_round",
    "ticket_view",
    "view_party",
    "tally",
    "held",
    "words",
    "person_digits",
];

fn sql() -> String {
    use std::fmt::Write;
    let mut sql = String::from(TABLES);
    sql.push_str(FIRST_ROWS);
    for (scope, condition) in SCOPES {
        for (order, columns, _) in ORDERS {
            let filter = if condition.is_empty() {
                String::new()
            } else {
                format!(" WHERE {condition}")
            };
            let ordered: Vec<&str> = columns.split([',', ' ']).collect();
            let facts: Vec<&str> = FACTS.into_iter().filter(|fact| !ordered.contains(fact)).collect();
            let _ = writeln!(
                sql,
                "CREATE INDEX list_{scope}_{order} ON ticket_view({columns}, {}){filter};",
                facts.join(", ")
            );
        }
    }
    for (table, columns) in SEARCH {
        let _ = writeln!(
            sql,
            "CREATE VIRTUAL TABLE {table} USING fts5({columns}, content='', contentless_delete=1, detail=column, prefix='2 3', \
             tokenize='unicode61 remove_diacritics 0');"
        );
    }
    // Any four digits in a row of a telephone number.
    sql.push_str(
        "CREATE VIRTUAL TABLE person_digits USING fts5(digits, content='', contentless_delete=1, tokenize='trigram');\n",
    );
    for table in ["people", "articles", "assets"] {
        let _ = writeln!(
            sql,
            "CREATE TRIGGER held_{table}_in AFTER INSERT ON {table} BEGIN UPDATE held SET n = n + 1 WHERE what = '{table}'; END;\n\
             CREATE TRIGGER held_{table}_out AFTER DELETE ON {table} BEGIN UPDATE held SET n = n - 1 WHERE what = '{table}'; END;"
        );
    }
    let _ = writeln!(
        sql,
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    );
    sql
}

/// Creates everything in an empty database, in one transaction.
pub(crate) async fn create(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let sql = format!("BEGIN IMMEDIATE; {} COMMIT;", sql());
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

/// Empties the mirror: everything is dropped and created again, within the caller's transaction.
pub(crate) async fn recreate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut drops = String::new();
    for table in DROPPED.into_iter().chain(SEARCH.into_iter().map(|(table, _)| table)) {
        drops.push_str(&format!("DROP TABLE IF EXISTS {table};"));
    }
    drops.push_str(&sql());
    sqlx::raw_sql(AssertSqlSafe(drops)).execute(connection).await?;
    Ok(())
}
