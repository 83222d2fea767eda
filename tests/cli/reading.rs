//! Reading commands: their JSON shapes, and that they need no server.

use crate::harness::{Desk, Server, run};

#[test]
fn everything_reads_offline_in_the_promised_shapes() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let server = Server::start("10", &data, 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    server.kill();

    let list = desk.run(&["ticket", "list"]).ended(0).json();
    let row = &list["tickets"][0];
    for field in ["id", "title", "status", "priority", "requester", "updated_at"] {
        assert!(!row[field].is_null(), "{field}: {row}");
    }
    let id = row["id"].to_string();
    let shown = desk.run(&["ticket", "show", &id]).ended(0).json();
    assert_eq!(shown["ticket"]["id"], row["id"]);
    for entry in shown["timeline"].as_array().unwrap() {
        for field in ["kind", "at", "text", "private", "state"] {
            assert!(!entry[field].is_null(), "{field}: {entry}");
        }
    }
    // A word of a title, typed without its accents.
    let title = row["title"].as_str().unwrap();
    let word = title
        .split(|c: char| !c.is_alphanumeric())
        .max_by_key(|word| word.chars().count())
        .unwrap();
    let found = desk.run(&["search", word]).ended(0).json();
    assert!(found["elapsed_ms"].is_number());
    let hit = found["hits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| hit["kind"] == "ticket" && hit["id"] == row["id"]);
    let hit = hit.unwrap_or_else(|| panic!("{word} does not find {title}: {found}"));
    for field in ["title", "snippet"] {
        assert!(hit[field].is_string(), "{field}: {hit}");
    }
    assert!(
        !found.to_string().contains("\\u0002"),
        "marks of the snippet are for the window only"
    );

    let articles = desk.run(&["kb", "search", "mot", "de", "passe"]).ended(0).json();
    let articles = articles["hits"].as_array().unwrap().clone();
    assert!(!articles.is_empty());
    assert!(articles.iter().all(|hit| hit["kind"] == "article"), "{articles:?}");
    let article = desk
        .run(&["kb", "show", &articles[0]["id"].to_string()])
        .ended(0)
        .json();
    assert_eq!(article["article"]["title"], articles[0]["title"]);
    assert!(!article["article"]["text"].as_str().unwrap().is_empty());

    let unknown = desk.run(&["ticket", "show", "999999"]).ended(1).json();
    assert_eq!(unknown["error"]["code"], "ticket_unknown");
}

#[test]
fn people_read_french_or_english() {
    let desk = Desk::new();
    for (lang, words) in [
        ("fr", "La file d’attente d’envoi est vide."),
        ("en", "The outbox is empty."),
    ] {
        let mut command = crate::harness::command();
        command
            .arg("--profile")
            .arg(desk.profile())
            .args(["--lang", lang, "outbox", "list"]);
        assert_eq!(run(command, "").ended(0).out.trim(), words);
    }
}
