//! Exports from a script: with the server gone, as everything that is only read; and the whole desk, handed over.

use crate::harness::{Desk, Server};
use calamine::{Data, Reader, Xlsx, open_workbook};

#[test]
fn every_ticket_and_escalation_is_written_to_a_file_while_the_server_is_away() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let server = Server::start("11", &data, 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    server.kill();
    let local = desk.run(&["ticket", "new", "--title", "=Écran; noir", "--text", "Depuis lundi"]);
    let local = local.ended(3).json()["ticket"].as_f64().unwrap();
    let all = desk.run(&["ticket", "list", "--all"]).ended(0).json()["total"]
        .as_u64()
        .unwrap();

    let path = desk.folder.path().join("tickets.xlsx");
    let name = path.to_str().unwrap();
    let told = desk.run(&["export", "tickets", "--output", name]).ended(0).json();
    assert_eq!(told["rows"].as_u64(), Some(all));
    let mut book: Xlsx<_> = open_workbook(&path).unwrap();
    let sheet = book.worksheet_range("Tickets").unwrap();
    assert_eq!(sheet.height() as u64, all + 1);
    let numbers: Vec<f64> = sheet
        .rows()
        .skip(1)
        .map(|row| match row[0] {
            Data::Float(number) => number,
            ref other => panic!("no number: {other:?}"),
        })
        .collect();
    assert!(numbers.is_sorted(), "the ticket that waits to be sent comes first");
    assert_eq!(numbers[0], local);
    assert_eq!(sheet.get((1, 1)), Some(&Data::String("=Écran; noir".to_owned())));

    let path = desk.folder.path().join("mine.csv");
    let told = desk.run(&[
        "export",
        "tickets",
        "--view",
        "mine",
        "--output",
        path.to_str().unwrap(),
    ]);
    let mine = desk.run(&["ticket", "list"]).ended(0).json()["total"].as_u64();
    assert_eq!(told.ended(0).json()["rows"].as_u64(), mine);

    let path = desk.folder.path().join("escalades.csv");
    let told = desk.run(&["export", "escalations", "--done", "--output", path.to_str().unwrap()]);
    let board = desk.run(&["escalation", "board", "--done"]).ended(0).json();
    let rows = board["rows"].as_array().unwrap().len();
    assert_eq!(told.ended(0).json()["rows"].as_u64(), Some(rows as u64));
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count(), rows + 1);

    let other = desk.run(&["export", "calls", "--output", "calls.pdf"]).ended(2).json();
    assert_eq!(other["error"]["code"], "usage_bad_value");
    assert!(other["error"]["message"].as_str().unwrap().contains("calls.pdf"));
    let nowhere = desk.folder.path().join("no/such/calls.csv");
    let refused = desk.run(&["export", "calls", "--output", nowhere.to_str().unwrap()]);
    assert_eq!(refused.ended(1).json()["error"]["code"], "file_not_saved");
}

#[test]
fn the_whole_desk_is_handed_over_with_its_documents_and_never_over_anything() {
    let desk = Desk::new();
    let data = desk.folder.path().join("server");
    let server = Server::start("11", &data, 0, &[]);
    desk.sign_in(&server).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let note = desk.folder.path().join("note <1>.txt");
    std::fs::write(&note, "Vu sur place").unwrap();
    let ticket = desk.a_ticket().to_string();
    let attached = ["ticket", "followup", &ticket, "--text", "Voir la note", "--attach"];
    desk.run(&[&attached[..], &[note.to_str().unwrap()]].concat()).ended(0);
    desk.run(&["sync", "--once"]).ended(0);
    let all = desk.run(&["ticket", "list", "--all"]).ended(0).json()["total"]
        .as_u64()
        .unwrap();

    let to = desk.folder.path().join("remise");
    let name = to.to_str().unwrap();
    let told = desk
        .run(&["export", "desk", "--to", name, "--documents"])
        .ended(0)
        .json();
    assert_eq!(told["path"].as_str(), Some(name));
    assert_eq!(told["counts"]["tickets"].as_u64(), Some(all));
    assert_eq!(told["counts"]["documents"], told["counts"]["documents_written"]);
    let mut book: Xlsx<_> = open_workbook(to.join("tickets.xlsx")).unwrap();
    assert_eq!(book.worksheet_range("Tickets").unwrap().height() as u64, all + 1);
    let manifest = std::fs::read_to_string(to.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let files = manifest["files"].as_array().unwrap();
    assert_eq!(told["counts"]["files"].as_u64(), Some(files.len() as u64));
    let path = files
        .iter()
        .filter_map(|file| file["path"].as_str())
        .find(|path| path.ends_with("-note-1.txt"))
        .unwrap();
    assert_eq!(std::fs::read_to_string(to.join(path)).unwrap(), "Vu sur place");
    let index = std::fs::read_to_string(to.join("index.html")).unwrap();
    assert!(
        index.contains("Remise du poste") && index.contains(&server.url),
        "{index}"
    );

    let again = desk.run(&["export", "desk", "--to", name]).ended(1).json();
    assert_eq!(again["error"]["code"], "hand_over_folder");
    assert!(again["error"]["message"].as_str().unwrap().contains("remise"));

    // Without the server everything is there but the documents, and that is said.
    server.kill();
    let to = desk.folder.path().join("hand-over");
    let to = to.to_str().unwrap();
    let said = crate::harness::run(
        {
            let mut command = crate::harness::command();
            command.arg("--profile").arg(desk.profile()).args(["--lang", "en"]);
            command.args(["export", "desk", "--to", to, "--documents"]);
            command
        },
        "",
    )
    .ended(0);
    assert!(said.out.contains("documents are not in the hand-over"), "{said:?}");
    assert!(said.err.contains("Tickets…"), "{said:?}");
}
