//! Exports from a script: with the server gone, as everything that is only read.

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
