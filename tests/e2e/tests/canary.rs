//! A thousand planted strings (titles, texts, answers, drafts, searches, files) and where they are not: in no file of the profile,
//! of the web view, of the temporary folders, of the logs, while the window is open, after each kind of end, and after a wipe.
#![allow(clippy::unwrap_used, missing_docs)]

use guichet_e2e::{Console, Scenario, Server, test_id};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What every planted string begins with; the rest is its number, twice, so that none is part of another.
const MARK: &str = "kanari";
/// Tickets of the server, each with a title and a text of its own.
const TICKETS: usize = 400;
/// Strings in each long text that is typed.
const TYPED: usize = 50;

fn planted(nth: usize) -> String {
    format!("{MARK}{nth:05}x{:05}", 99_999 - nth)
}

fn many(from: usize, count: usize) -> String {
    (from..from + count).map(planted).collect::<Vec<_>>().join(" ")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&path, found),
            Ok(kind) if kind.is_file() => found.push(path),
            _ => {}
        }
    }
}

fn times(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).filter(|window| *window == needle).count()
}

/// Files with planted strings, as bytes and as the web engine writes texts (UTF-16), in everything that the desktop's programs
/// wrote, but for the server's own folder and the file that was attached.
fn leaks(scenario: &Scenario, except: &[&Path]) -> BTreeMap<PathBuf, usize> {
    let wide: Vec<u8> = MARK.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut all = Vec::new();
    files(&scenario.folder(), &mut all);
    files(scenario.pictures(), &mut all);
    assert!(all.len() > 1, "nothing was looked at");
    all.retain(|path| !except.iter().any(|one| path.starts_with(one)));
    // What the server says goes to logs of its own.
    all.retain(|path| {
        !path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("server-"))
    });
    all.into_iter()
        .filter_map(|path| {
            let bytes = fs::read(&path).ok()?;
            let found = times(&bytes, MARK.as_bytes()) + times(&bytes, &wide);
            (found > 0).then_some((path, found))
        })
        .collect()
}

#[tokio::test]
#[ignore = "needs a display and the built application: run `cargo xtask e2e canaries`"]
async fn a_thousand_canaries_are_in_no_file() {
    let scenario = Scenario::start("canary", "fr_FR.UTF-8").unwrap();
    let mut server = Server::start(&scenario, &["--glpi", "11", "--tickets", "100"]).unwrap();
    let mut last = 0;
    for nth in 0..TICKETS {
        last = server
            .colleague_writes(&planted(2 * nth), &format!("<p>{}</p>", planted(2 * nth + 1)))
            .await
            .unwrap();
    }
    let mut next = 2 * TICKETS;
    let mut typed = || {
        next += TYPED;
        many(next - TYPED, TYPED)
    };
    let attached = scenario.folder().join("attached");
    fs::create_dir(&attached).unwrap();
    let file = attached.join(format!("{}.txt", planted(99_000)));
    fs::write(&file, typed()).unwrap();
    let data = scenario.folder().join("server");
    let except = [data.as_path(), attached.as_path()];

    // The way of looking finds what is there.
    let trap = scenario.folder().join("trap");
    fs::write(&trap, planted(1)).unwrap();
    assert_eq!(leaks(&scenario, &except).len(), 1);
    fs::remove_file(&trap).unwrap();

    let console = Console::open(&scenario).await.unwrap();
    console.sign_in(&server).await.unwrap();
    console.first_sync_done().await.unwrap();
    let title = planted(2 * (TICKETS - 1));
    console.open_ticket(&title, last).await.unwrap();
    // The mirror holds them, and the search finds them.
    console
        .window
        .text_with(&test_id(&format!("ticket-{last}")), &title)
        .await
        .unwrap();
    server.kill();
    console.gate("offline").await.unwrap();
    console.write("followup", &typed()).await.unwrap();
    console.attach(&file).await.unwrap();
    console.send().await.unwrap();
    console.new_ticket(&planted(98_000), &typed()).await.unwrap();
    console.open_ticket(&title, last).await.unwrap();
    console.write("followup", &typed()).await.unwrap();
    console.draft_saved().await.unwrap();
    assert_eq!(leaks(&scenario, &except), BTreeMap::new(), "while it is open");

    console.window.kill_web_view().unwrap();
    assert_eq!(
        leaks(&scenario, &except),
        BTreeMap::new(),
        "after the page's process died"
    );

    console.window.kill().await.unwrap();
    assert_eq!(leaks(&scenario, &except), BTreeMap::new(), "after a kill");

    let console = Console::open(&scenario).await.unwrap();
    console.window.find(&test_id("queue")).await.unwrap();
    console.open_ticket(&title, last).await.unwrap();
    console.window.close().await.unwrap();
    assert_eq!(leaks(&scenario, &except), BTreeMap::new(), "after it was closed");

    let refused = scenario.command_line(&["wipe", "--yes"], "").unwrap();
    assert_eq!(refused.json["error"]["code"], "wipe_unsent");
    let wiped = scenario.command_line(&["wipe", "--yes", "--even-unsent"], "").unwrap();
    assert_eq!(wiped.json["key"], "destroyed", "{}", wiped.json);
    assert!(!scenario.profile().join("desk.db").exists());
    assert_eq!(leaks(&scenario, &except), BTreeMap::new(), "after a wipe");
}
