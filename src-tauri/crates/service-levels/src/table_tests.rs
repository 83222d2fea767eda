#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;

fn paris() -> TimeZone {
    TimeZone::get("Europe/Paris").unwrap()
}

fn every_kind() -> Vec<Cell> {
    vec![
        Cell::text("=1+1"),
        Cell::Nothing,
        Cell::Number(2.5),
        Cell::Share(0.95),
        Cell::Bool(true),
        Cell::Period("2026-06".parse().unwrap()),
        Cell::At("2026-06-02T08:00:00Z".parse().unwrap()),
        Cell::Seconds(-90),
        Cell::count(3),
    ]
}

fn columns() -> Vec<Column> {
    (1..=9).map(|n| Column::new(format!("c{n}"), 10.0)).collect()
}

fn read(bytes: Vec<u8>) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes)).unwrap()
}

#[test]
fn a_workbook_has_typed_cells_below_one_row_of_headings() {
    let mut book = Book::new(paris());
    book.table("Calls: all/open", columns()).unwrap();
    book.row(every_kind()).unwrap();
    book.table("None", columns()).unwrap();
    let mut book = read(book.finish().unwrap());
    // What Excel does not take in a name is a blank.
    assert_eq!(book.sheet_names(), ["Calls  all open", "None"]);
    let sheet = book.worksheet_range("Calls  all open").unwrap();
    assert_eq!(sheet.get_size(), (2, 9));
    let row: Vec<Data> = sheet.rows().nth(1).unwrap().to_vec();
    assert_eq!(row[0], Data::String("=1+1".to_owned()), "a text is no formula");
    assert_eq!(row[1], Data::Empty);
    assert_eq!(row[2], Data::Float(2.5));
    assert_eq!(row[3], Data::Float(0.95));
    assert_eq!(row[4], Data::Bool(true));
    let day = |data: &Data| match data {
        Data::DateTime(at) => at.as_f64(),
        other => panic!("no date: {other:?}"),
    };
    // Days since the end of 1899; ten o'clock in Paris.
    assert!((day(&row[5]) - 46174.0).abs() < 1e-9);
    assert!((day(&row[6]) - (46175.0 + 10.0 / 24.0)).abs() < 1e-6);
    assert_eq!(row[7], Data::Float(-90.0));
    assert_eq!(row[8], Data::Float(3.0));
    assert_eq!(book.worksheet_range("None").unwrap().get_size(), (1, 9));
}

#[test]
fn a_text_that_is_too_long_is_cut_and_says_so() {
    let mut book = Book::new(paris());
    book.table("t", vec![Column::new("text", 10.0)]).unwrap();
    book.row([Cell::Text("é".repeat(40_000))]).unwrap();
    let mut book = read(book.finish().unwrap());
    let sheet = book.worksheet_range("t").unwrap();
    let Data::String(text) = sheet.get((1, 0)).unwrap() else {
        panic!("no text")
    };
    assert_eq!(text.chars().count(), LONGEST_TEXT);
    assert!(text.ends_with('…'));
}

#[test]
fn a_row_without_a_table_is_refused() {
    assert!(matches!(
        Book::new(paris()).row([Cell::Nothing]),
        Err(TableError::NoTable)
    ));
    assert!(matches!(
        TextFile::new(paris(), ';').row([Cell::Nothing]),
        Err(TableError::NoTable)
    ));
}

#[test]
fn a_text_file_can_be_read_again_and_holds_no_formula() {
    let mut file = TextFile::new(paris(), ';');
    file.table(&columns()).unwrap();
    file.row(every_kind()).unwrap();
    let said = [
        "+33 6 12 34",
        "-2",
        "-cmd|' /C calc'!A0",
        "@x",
        "deux;\n\"lignes\"",
        "",
        "",
        "",
        "",
    ];
    file.row(said.map(Cell::text)).unwrap();
    assert!(matches!(file.table(&columns()), Err(TableError::OneTable)));
    let bytes = file.finish().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("the mark that Excel wants");
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    assert_eq!(reader.headers().unwrap().get(8), Some("c9"));
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect();
    assert_eq!(
        rows[0],
        [
            "'=1+1",
            "",
            "2.5",
            "0.95",
            "1",
            "2026-06",
            "2026-06-02 10:00:00",
            "-90",
            "3"
        ]
    );
    assert_eq!(
        rows[1][..5],
        ["+33 6 12 34", "-2", "'-cmd|' /C calc'!A0", "'@x", "deux;\n\"lignes\""]
    );
}
