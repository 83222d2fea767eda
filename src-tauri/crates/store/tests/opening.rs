//! Opening: locks, broken and foreign files, versions, recovery, and a process that is killed.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    BlobHash, OperationId, TicketId,
    outbox::{EntryState, Failure, Gate, WedgeReason},
};
use guichet_store::*;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, Command, Stdio},
};

async fn open(folder: &Path) -> (Store, OpenReport) {
    Store::open(folder, &KEY, at(0)).await.unwrap()
}

async fn raw(path: &Path) -> SqliteConnection {
    raw_options(path).create_if_missing(true).connect().await.unwrap()
}

/// A folder with a mirrored ticket and a pending follow-up on it.
async fn prepared() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (store, report) = open(folder.path()).await;
    assert_eq!(report, OpenReport::default());
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Un")))]))
        .await
        .unwrap();
    store.submit(on(1, vec![say("Bonjour")]), at(1)).await.unwrap();
    store.submit(new(vec![create("Nouveau")]), at(1)).await.unwrap();
    store.close().await;
    folder
}

/// After the mirror was rebuilt: empty but for what the outbox shows.
async fn rebuilt_with_its_outbox(folder: &Path) {
    let (store, report) = open(folder).await;
    let aside = report.mirror_moved_aside.expect("the mirror was moved aside");
    assert!(aside.exists(), "{}", aside.display());
    assert!(
        aside
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("mirror.broken-2025")
    );
    assert_eq!(store.outbox(None, false).await.unwrap().len(), 2);
    let list = store.list_tickets(&query(View::All, Sort::Updated)).await.unwrap();
    assert_eq!(list.rows.iter().map(|row| row.id).collect::<Vec<_>>(), [TicketId(-1)]);
    // The server gives the ticket again: the pending follow-up is still on it.
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Un")))]))
        .await
        .unwrap();
    let rows = store
        .list_tickets(&query(View::Pending, Sort::Opened))
        .await
        .unwrap()
        .rows;
    assert_eq!(rows.len(), 2);
    store.close().await;
    let (_store, report) = open(folder).await;
    assert_eq!(report.mirror_moved_aside, None);
}

#[tokio::test]
async fn everything_is_there_after_closing_and_opening() {
    let folder = prepared().await;
    let (store, report) = open(folder.path()).await;
    assert_eq!(report, OpenReport::default());
    assert_eq!(store.counts().await.unwrap().tickets, 2);
    assert_eq!(store.outbox_counts().await.unwrap().pending, 2);
    store.close().await;
    assert!(store.counts().await.is_err(), "closed");
}

#[tokio::test]
async fn a_damaged_mirror_is_moved_aside_and_the_outbox_stays() {
    let folder = prepared().await;
    let path = folder.path().join("mirror.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    // Its first page is read: the key is the right one.
    bytes[4096..end].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    rebuilt_with_its_outbox(folder.path()).await;
}

#[tokio::test]
async fn a_mirror_that_is_no_database_is_moved_aside() {
    let folder = prepared().await;
    std::fs::write(folder.path().join("mirror.db"), "ceci n'est pas une base".repeat(500)).unwrap();
    rebuilt_with_its_outbox(folder.path()).await;
}

#[tokio::test]
async fn a_mirror_of_another_version_is_moved_aside() {
    let folder = prepared().await;
    let mut connection = raw(&folder.path().join("mirror.db")).await;
    sqlx::raw_sql("PRAGMA user_version = 4711")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    rebuilt_with_its_outbox(folder.path()).await;
}

#[tokio::test]
async fn a_mirror_found_damaged_while_open_is_moved_aside_next_time() {
    let folder = prepared().await;
    let mut connection = raw(&folder.path().join("mirror.db")).await;
    // A table that opening does not look into.
    let page: i64 = sqlx::query_scalar("SELECT rootpage FROM sqlite_schema WHERE name = 'articles'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let path = folder.path().join("mirror.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let start = (page as usize - 1) * 4096;
    bytes[start..start + 4096].fill(0xA5);
    std::fs::write(&path, bytes).unwrap();
    let (store, report) = open(folder.path()).await;
    assert_eq!(report.mirror_moved_aside, None);
    assert!(matches!(store.article(1.into()).await, Err(StoreError::Corrupt { .. })));
    store.close().await;
    rebuilt_with_its_outbox(folder.path()).await;
}

#[tokio::test]
async fn a_damaged_desk_is_an_error_and_is_left_as_it_is() {
    let folder = prepared().await;
    let path = folder.path().join("desk.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = bytes.len();
    // Its first page is read: the key is the right one.
    bytes[4096..end].fill(0xA5);
    std::fs::write(&path, &bytes).unwrap();
    assert!(matches!(
        Store::open(folder.path(), &KEY, at(0)).await,
        Err(StoreError::Corrupt { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
}

#[tokio::test]
async fn a_desk_without_sqlite_s_first_bytes_has_another_key() {
    let folder = prepared().await;
    let path = folder.path().join("desk.db");
    let bytes = vec![0x5A_u8; 8192];
    std::fs::write(&path, &bytes).unwrap();
    let error = Store::open(folder.path(), &KEY, at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    assert_eq!(error.code(), "store_wrong_key");
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(folder.path().join("mirror.db").exists(), "the mirror is not touched");
}

#[tokio::test]
async fn a_desk_of_a_newer_version_is_refused() {
    let folder = prepared().await;
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql("PRAGMA user_version = 99")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(matches!(
        Store::open(folder.path(), &KEY, at(0)).await,
        Err(StoreError::TooNew {
            found: 99,
            known: 9,
            ..
        })
    ));
}

#[tokio::test]
async fn another_program_s_database_is_not_taken_for_a_desk() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql("CREATE TABLE recettes (nom TEXT)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    assert!(matches!(
        Store::open(folder.path(), &KEY, at(0)).await,
        Err(StoreError::Corrupt { .. })
    ));
}

#[tokio::test]
async fn a_desk_of_version_1_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v1.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (store, report) = open(folder.path()).await;
    let id = |n: u8| -> OperationId { format!("019a0000-0000-7000-8000-00000000000{n}").parse().unwrap() };
    assert_eq!(report.recovered, [id(2)]);
    let all = store.outbox(None, true).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(all[0].remote_id, Some(77));
    assert_eq!(
        all[1].state,
        EntryState::InDoubt {
            since: at(0),
            not_before: None
        }
    );
    assert_eq!(all[1].attempts, 1);
    assert!(matches!(
        all[2].state,
        EntryState::Wedged {
            reason: WedgeReason::Undetermined
        }
    ));
    let before = Failure {
        code: Failure::UNEXPLAINED.to_owned(),
        detail: "timeout".to_owned(),
    };
    assert_eq!(all[2].last_error, Some(before), "plain words of an earlier version");
    assert_eq!(store.resolve_ticket(TicketId(-1)).await.unwrap(), TicketId(815));
    assert_eq!(
        store.draft("ticket:815").await.unwrap().unwrap().body,
        "{\"text\":\"Je vous rap\"}"
    );
    let blob = BlobHash("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".to_owned());
    assert_eq!(store.attachment(&blob).await.unwrap().unwrap(), b"abc");
    assert_eq!(store.setting("theme").await.unwrap().as_deref(), Some("\"dark\""));
    assert!(matches!(store.gate().await.unwrap(), Gate::AuthRequired { .. }));
    // The numbers of local tickets go on where they were.
    let accepted = store.submit(new(vec![create("Autre")]), at(1)).await.unwrap();
    assert_eq!(accepted.lane, TicketId(-3));
}

#[tokio::test]
async fn what_a_desk_of_version_1_holds_can_be_taken_back_entry_by_entry() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v1.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    let queued = "UPDATE outbox SET state = '{\"type\":\"queued\",\"not_before\":null}', state_name = 'queued', attempts = 0 \
                  WHERE seq >= 2";
    sqlx::raw_sql(queued).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let (store, _) = open(folder.path()).await;
    let entries = store.outbox(None, false).await.unwrap();
    assert_eq!(entries.len(), 2);
    assert!(
        entries.iter().all(|entry| entry.held_until.is_none()),
        "nothing held anything then"
    );
    let taken = store.take_back(&[entries[0].id], at(1)).await.unwrap();
    assert_eq!(taken.operations, [entries[0].id]);
    assert!(taken.drafts.is_empty(), "that version kept no draft of it");
    assert_eq!(store.outbox(None, false).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_desk_of_version_2_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v2.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (store, _) = open(folder.path()).await;
    let waiting = store.outbox(None, false).await.unwrap();
    let held_until: jiff::Timestamp = "2025-11-22T12:00:06Z".parse().unwrap();
    assert_eq!(
        waiting.iter().map(|entry| entry.held_until).collect::<Vec<_>>(),
        [Some(held_until); 2]
    );
    let taken = store.take_back(&[waiting[1].id], at(1)).await.unwrap();
    assert_eq!(taken.operations, [waiting[0].id, waiting[1].id]);
    assert_eq!(taken.drafts[0].body, "{\"text\":\"Retenu\"}");
    assert_eq!(store.draft("ticket:815").await.unwrap().as_ref(), taken.drafts.first());
}

#[tokio::test]
async fn a_desk_of_version_3_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v3.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (store, _) = open(folder.path()).await;
    let views = store.saved_views().await.unwrap();
    assert_eq!(
        views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(),
        ["Réseau en retard", "Tout"]
    );
    assert_eq!(views[0].filter.categories, [12]);
    assert_eq!(views[0].filter.assignee, Some(guichet_store::AssigneeFilter::Nobody));
    assert_eq!(views[0].sort, guichet_store::Sort::Oldest);
    assert!(views[1].filter.is_empty(), "what is not said is as usual");
    assert_eq!(store.outbox(None, false).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_desk_of_version_4_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v4.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (store, _) = open(folder.path()).await;
    let query = guichet_store::JournalQuery {
        limit: 10,
        ..Default::default()
    };
    let page = store.journal(&query).await.unwrap();
    assert_eq!((page.rows.len(), page.numbers.answered), (1, 1));
    let row = &page.rows[0];
    assert_eq!((row.note.as_str(), row.mine), ("Plus d’image", true));
    assert_eq!(row.disposition, Some(guichet_domain::wrap_up::Disposition::Solved));
    assert_eq!(row.call.remote.e164.as_deref(), Some("+33199000010"));
}

#[tokio::test]
async fn a_desk_of_version_6_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v6.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (store, _) = open(folder.path()).await;
    let tracked = store.tracked_alerts("nagios").await.unwrap();
    assert_eq!(tracked.len(), 1);
    assert_eq!(
        (tracked[0].host.as_str(), tracked[0].service.as_deref()),
        ("srv-web", None)
    );
    let query = guichet_store::AlertQuery {
        limit: 10,
        ..Default::default()
    };
    let page = store.alert_journal(&query).await.unwrap();
    let taken = &page.rows[1];
    assert_eq!(page.total, 2);
    assert_eq!(taken.handling, Some(guichet_store::AlertHandling::Ticket));
    assert_eq!(taken.ticket, Some(guichet_domain::TicketId(815)));
}

#[tokio::test]
async fn a_desk_of_version_7_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = raw(&folder.path().join("desk.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v7.sql"))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (store, _) = open(folder.path()).await;
    let day = jiff::Timestamp::from_second(1_763_892_000).unwrap();
    let events = store.events_between(day, at(i64::from(u32::MAX))).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].ticket, Some(guichet_domain::TicketId(815)));
}

#[tokio::test]
async fn a_desk_of_every_shipped_version_is_brought_to_the_newest() {
    let folder = prepared().await;
    let mut connection = raw(&folder.path().join("desk.db")).await;
    let newest: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    for version in 1..=newest {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/desk-v{version}.sql"));
        let sql = std::fs::read_to_string(&fixture).unwrap_or_else(|error| {
            panic!(
                "version {version} needs a desk it wrote, {}: {error}",
                fixture.display()
            )
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let mut connection = raw(&path).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
        let found: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(found, version, "{}", fixture.display());
        let words: i64 = sqlx::query_scalar("SELECT count(*) FROM outbox")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        assert!(words > 0, "a fixture without words proves nothing");
        for _ in 0..2 {
            let (store, _) = open(folder.path()).await;
            assert_eq!(store.outbox(None, true).await.unwrap().len() as i64, words);
            store.close().await;
        }
        let mut connection = raw(&path).await;
        let now: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(now, newest);
    }
}

#[tokio::test]
async fn the_newest_fixture_is_what_this_version_writes() {
    // Each version has a fixture of its own.
    async fn schema(connection: &mut SqliteConnection) -> Vec<(String, String)> {
        let rows: Vec<(String, Option<String>)> =
            sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
                .fetch_all(connection)
                .await
                .unwrap();
        rows.into_iter()
            .map(|(name, sql)| {
                let lines: Vec<String> = sql
                    .unwrap_or_default()
                    .lines()
                    .filter(|line| !line.trim_start().starts_with("--"))
                    .map(|line| line.trim().to_owned())
                    .collect();
                (name, lines.join(" "))
            })
            .collect()
    }
    let folder = prepared().await;
    let mut now = raw(&folder.path().join("desk.db")).await;
    let mut then = raw(&folder.path().join("fixture.db")).await;
    sqlx::raw_sql(include_str!("fixtures/desk-v9.sql"))
        .execute(&mut then)
        .await
        .unwrap();
    assert_eq!(schema(&mut now).await, schema(&mut then).await);
}

const ROLE: &str = "GUICHET_TEST_CHILD";
const FOLDER: &str = "GUICHET_TEST_FOLDER";

/// Runs one test of this file in a process of its own, as a child with a role.
fn child(role: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "in_a_process_of_its_own", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[tokio::test]
async fn in_a_process_of_its_own() {
    let (Ok(role), Ok(folder)) = (std::env::var(ROLE), std::env::var(FOLDER)) else {
        return;
    };
    let (store, _) = open(Path::new(&folder)).await;
    if role == "hold" {
        println!("\nheld");
        std::thread::sleep(std::time::Duration::from_secs(60));
        return;
    }
    store
        .apply(&batch(vec![bundled(bundle(ticket(1, "Un")))]))
        .await
        .unwrap();
    for n in 0.. {
        let kept = store
            .keep_attachment("a.txt", "text/plain", format!("fichier {n}").as_bytes())
            .await
            .unwrap();
        let draft = Draft {
            key: "ticket:1".to_owned(),
            ticket: Some(TicketId(1)),
            body: format!("frappe {n}"),
            attachments: vec![kept],
            updated_at: at(n),
        };
        store.save_draft(&draft).await.unwrap();
        println!("\ndraft {n}");
        let mut submission = on(1, vec![say(&format!("suivi {n}"))]);
        submission.draft = (n % 2 == 0).then(|| "ticket:1".to_owned());
        let accepted = store.submit(submission, at(n)).await.unwrap();
        println!("\naccepted {}", accepted.entries[0].id);
        let due = store.due(at(n), 1).await.unwrap();
        if let Some(head) = due
            .first()
            .filter(|head| matches!(head.state, EntryState::Queued { .. }))
        {
            store.begin_attempt(head.id, at(n)).await.unwrap();
            println!("\nflying {}", head.id);
        }
    }
}

#[tokio::test]
async fn what_was_accepted_survives_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let mut accepted: BTreeSet<OperationId> = BTreeSet::new();
    for round in 0..3 {
        let mut child = child("submit", folder.path());
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (mut seen, mut draft, mut flying) = (0, None, None);
        let mut take = |line: &str| {
            if let Some(id) = line.strip_prefix("accepted ") {
                accepted.insert(id.trim().parse().unwrap());
                draft = None::<String>;
                return true;
            }
            if let Some(n) = line.strip_prefix("draft ") {
                draft = Some(n.trim().to_owned());
            }
            if let Some(id) = line.strip_prefix("flying ") {
                flying = Some(id.trim().to_owned());
            }
            false
        };
        let mut line = String::new();
        while seen < 15 + round * 7 {
            line.clear();
            assert!(output.read_line(&mut line).unwrap() > 0, "the child ended by itself");
            seen += usize::from(take(&line));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died counts as well.
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        for line in rest.lines().filter(|line| !line.is_empty()) {
            take(line);
        }
        let (store, report) = open(folder.path()).await;
        let held: BTreeSet<OperationId> = store
            .outbox(None, true)
            .await
            .unwrap()
            .iter()
            .map(|entry| entry.id)
            .collect();
        assert!(
            accepted.is_subset(&held),
            "lost: {:?}",
            accepted.difference(&held).collect::<Vec<_>>()
        );
        assert!(
            held.len() <= accepted.len() + 3,
            "at most the unacknowledged last one of each round beyond"
        );
        if let Some(n) = draft {
            // Typed and acknowledged, not submitted: it is there, unless the submission got through unacknowledged.
            let kept = store.draft("ticket:1").await.unwrap();
            assert!(kept.is_none_or(|kept| kept.body == format!("frappe {n}") || kept.body > format!("frappe {n}")));
        }
        if let Some(id) = flying {
            let entry = store.entry(id.parse().unwrap()).await.unwrap().unwrap();
            assert!(matches!(entry.state, EntryState::InDoubt { .. }), "{:?}", entry.state);
        }
        if round == 0 {
            assert_eq!(report.recovered.len(), 1);
        }
        let row = &store
            .list_tickets(&query(View::Pending, Sort::Updated))
            .await
            .unwrap()
            .rows[0];
        assert_eq!(row.pending as usize, held.len(), "the view was computed again");
        store.close().await;
    }
}

#[tokio::test]
async fn a_profile_held_by_another_process_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = child("hold", folder.path());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "held" {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0);
    }
    let error = Store::open(folder.path(), &KEY, at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    // A dead process holds nothing.
    open(folder.path()).await;
}

#[tokio::test]
async fn a_profile_let_go_a_moment_later_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = child("hold", folder.path());
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "held" {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0);
    }
    // The opening is under way before the holder ends.
    let opening = Store::open(folder.path(), &KEY, at(0));
    let ending = async {
        tokio::task::yield_now().await;
        child.kill().unwrap();
        child.wait().unwrap();
    };
    let (opened, ()) = tokio::join!(opening, ending);
    opened.unwrap();
}

#[tokio::test]
async fn both_databases_are_unreadable_without_the_key_and_hold_no_word() {
    let folder = prepared().await;
    let (store, _) = open(folder.path()).await;
    // While they are open too: the log holds what was written last.
    store.submit(on(1, vec![say("mot-planté-7391")]), at(2)).await.unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for word in [
            "Bonjour",
            "mot-plant",
            "7391",
            "Nouveau",
            "SQLite format",
            "CREATE TABLE",
        ] {
            let found = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!found, "{word} is in {}", path.display());
        }
    }
    store.close().await;
    for name in ["desk.db", "mirror.db"] {
        let mut without = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(folder.path().join(name))
            .connect()
            .await
            .unwrap();
        let refused = sqlx::query("SELECT * FROM sqlite_schema").fetch_all(&mut without).await;
        assert!(refused.is_err(), "{name}");
    }
}

#[tokio::test]
async fn another_key_opens_nothing_and_changes_nothing() {
    let folder = prepared().await;
    let before = std::fs::read(folder.path().join("desk.db")).unwrap();
    let error = Store::open(folder.path(), &DataKey::from_bytes([8; 32]), at(0))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::WrongKey { .. }), "{error}");
    assert_eq!(std::fs::read(folder.path().join("desk.db")).unwrap(), before);
    let (store, report) = open(folder.path()).await;
    assert_eq!(report, OpenReport::default());
    assert_eq!(store.outbox(None, false).await.unwrap().len(), 2);
}

/// Databases as a version before encryption left them.
async fn left_plain(folder: &Path) {
    for name in ["desk.db", "mirror.db"] {
        let path = folder.join(name);
        let mut keyed = raw(&path).await;
        let plain = folder.join(format!("{name}.plain"));
        let version: i64 = sqlx::query_scalar("PRAGMA user_version")
            .fetch_one(&mut keyed)
            .await
            .unwrap();
        let application: i64 = sqlx::query_scalar("PRAGMA application_id")
            .fetch_one(&mut keyed)
            .await
            .unwrap();
        sqlx::query("ATTACH DATABASE ? AS plain KEY ''")
            .bind(plain.to_str().unwrap())
            .execute(&mut keyed)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "SELECT sqlcipher_export('plain'); PRAGMA plain.user_version = {version}; \
             PRAGMA plain.application_id = {application}; DETACH DATABASE plain;"
        )))
        .execute(&mut keyed)
        .await
        .unwrap();
        keyed.close().await.unwrap();
        std::fs::rename(&plain, &path).unwrap();
        assert!(std::fs::read(&path).unwrap().starts_with(b"SQLite format 3\0"));
    }
}

#[tokio::test]
async fn a_profile_left_plain_by_an_earlier_version_is_encrypted_and_keeps_everything() {
    let folder = prepared().await;
    left_plain(folder.path()).await;
    // What an interrupted try left.
    std::fs::write(folder.path().join("desk.db.encrypting"), "à moitié").unwrap();
    let (store, report) = open(folder.path()).await;
    assert_eq!(report, OpenReport::default(), "the mirror is kept too");
    assert_eq!(store.outbox(None, false).await.unwrap().len(), 2);
    let rows = store
        .list_tickets(&query(View::Pending, Sort::Opened))
        .await
        .unwrap()
        .rows;
    assert_eq!(rows.len(), 2);
    store.close().await;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        assert!(
            !bytes.windows(7).any(|window| window == b"Bonjour"),
            "{}",
            path.display()
        );
    }
    assert!(!folder.path().join("desk.db.encrypting").exists());
}
