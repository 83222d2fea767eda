#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use calamine::{Data, Reader, Xlsx, open_workbook};

fn columns(many: usize) -> Vec<Column> {
    (1..=many).map(|n| Column::new(format!("c{n}"), 10.0)).collect()
}

fn read(path: &Path) -> Xlsx<std::io::BufReader<std::fs::File>> {
    open_workbook(path).unwrap()
}

#[test]
fn tables_are_filled_side_by_side_with_typed_cells() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = StreamedBook::new(TimeZone::UTC, folder.path()).unwrap();
    let first = book.table("One", columns(4)).unwrap();
    let second = book.table("Two", columns(1)).unwrap();
    for n in 0..3_u8 {
        book.row(
            first,
            [
                Cell::text(format!("=HYPERLINK(\"x\";{n})")),
                Cell::count(n.into()),
                Cell::At("2026-06-02T12:00:00Z".parse().unwrap()),
                Cell::text("a\u{1}b & <c> _x0041_"),
            ],
        )
        .unwrap();
        book.row(second, [Cell::Bool(n == 1)]).unwrap();
    }
    book.row(second, [Cell::At("1789-07-14T12:00:00Z".parse().unwrap())])
        .unwrap();
    let path = folder.path().join("a.xlsx");
    book.save(&path).unwrap();
    let mut book = read(&path);
    assert_eq!(book.sheet_names(), ["One", "Two"]);
    let sheet = book.worksheet_range("One").unwrap();
    assert_eq!(sheet.get_size(), (4, 4));
    let row = sheet.rows().nth(3).unwrap();
    assert_eq!(
        row[0],
        Data::String("=HYPERLINK(\"x\";2)".to_owned()),
        "a text is no formula"
    );
    assert_eq!(row[1], Data::Float(2.0));
    assert!(matches!(&row[2], Data::DateTime(at) if (at.as_f64() - 46175.5).abs() < 1e-9));
    let told = row[3].to_string();
    assert!(told.contains("& <c>") && !told.contains('\u{1}'), "{told:?}");
    let sheet = book.worksheet_range("Two").unwrap();
    let column: Vec<Data> = sheet.rows().skip(1).map(|row| row[0].clone()).collect();
    let of_the_day = Data::String("1789-07-14 12:00:00".to_owned());
    assert_eq!(
        column,
        [Data::Bool(false), Data::Bool(true), Data::Bool(false), of_the_day],
        "Excel knows no day before 1900"
    );
    assert!(book.worksheet_formula("One").unwrap().is_empty());
}

#[test]
fn a_text_that_excel_would_not_take_is_cut_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = StreamedBook::new(TimeZone::UTC, folder.path()).unwrap();
    let table = book.table("One", columns(2)).unwrap();
    let long = "é".repeat(40_000);
    let wide = "😀".repeat(20_000);
    book.row(table, [Cell::text(long), Cell::text(wide)]).unwrap();
    let path = folder.path().join("a.xlsx");
    book.save(&path).unwrap();
    let sheet = read(&path).worksheet_range("One").unwrap();
    for cell in sheet.rows().nth(1).unwrap() {
        let text = cell.to_string();
        let units = text.encode_utf16().count();
        assert!(text.ends_with('…') && (32_760..=32_767).contains(&units), "{units}");
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    assert!(matches!(
        StreamedBook::new(TimeZone::UTC, &missing),
        Err(TableError::Workbook(_))
    ));
}

#[test]
fn a_full_sheet_goes_on_to_a_further_one_with_the_same_headings() {
    let folder = tempfile::tempdir().unwrap();
    let mut book = StreamedBook::new(TimeZone::UTC, folder.path()).unwrap();
    let table = book.table("A name of thirty-one characters", columns(1)).unwrap();
    let other = book.table("Other", columns(1)).unwrap();
    for _ in 0..ROWS {
        book.row(table, [Cell::Bool(true)]).unwrap();
    }
    for _ in 0..2 {
        book.row(table, [Cell::Bool(false)]).unwrap();
    }
    book.row(other, [Cell::Bool(true)]).unwrap();
    let path = folder.path().join("a.xlsx");
    book.save(&path).unwrap();
    let mut book = read(&path);
    let names = [
        "A name of thirty-one characters",
        "A name of thirty-one characte 2",
        "Other",
    ];
    assert_eq!(book.sheet_names(), names);
    let sheet = book.worksheet_range(names[1]).unwrap();
    let column: Vec<Data> = sheet.rows().map(|row| row[0].clone()).collect();
    assert_eq!(
        column,
        [Data::String("c1".to_owned()), Data::Bool(false), Data::Bool(false)]
    );
}
