#![allow(clippy::unwrap_used)]

use super::*;
use crate::{compute, evidence::model::Evidence};
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;

fn labels() -> Labels {
    let text = |word: &str| word.to_owned();
    Labels {
        sheets: ["Indicators", "History", "Missed", "Excluded", "Rejected"].map(text),
        headings: Headings {
            month: text("Month"),
            contract: text("Contract"),
            indicator: text("Indicator"),
            name: text("Name"),
            numerator: text("Numerator"),
            denominator: text("Denominator"),
            value: text("Value"),
            objective: text("Objective"),
            met: text("Met"),
            penalty: text("Penalty"),
            amount: text("Amount"),
            currency: text("Currency"),
            missed: text("Missed"),
            id: text("Id"),
            reason: text("Reason"),
            explanation: text("Explanation"),
        },
    }
}

#[test]
fn an_independent_reader_finds_typed_cells_under_one_row_of_headings() {
    let text = r#"{"data_end": "2026-07-31T00:00:00Z", "calls": [
        {"id": "1", "direction": "inbound", "queue": "q", "offered_at": "2026-06-02T08:00:00Z",
         "answered_at": "2026-06-02T08:00:10Z", "ended_at": "2026-06-02T08:01:00Z"},
        {"id": "=2+3", "direction": "inbound", "queue": "q", "offered_at": "2026-06-02T08:00:00Z",
         "answered_at": null, "ended_at": "2026-06-02T08:01:00Z"},
        {"id": "3", "direction": "inbound", "queue": "q", "offered_at": "2026-06-02T08:00:00Z",
         "answered_at": null, "ended_at": "2026-06-02T08:00:01Z"}]}"#;
    let evidence: Evidence<'_> = serde_json::from_str(text).unwrap();
    let contract = Contract::embedded("vsgp").unwrap().unwrap();
    let report = compute(&evidence, &contract, "2026-06".parse::<crate::Month>().unwrap()).unwrap();
    let bytes = workbook(
        &report,
        &contract,
        &labels(),
        &|indicator| indicator.name.en.clone(),
        &str::to_uppercase,
    )
    .unwrap();

    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(
        book.sheet_names(),
        ["Indicators", "History", "Missed", "Excluded", "Rejected"]
    );
    let mut sheet = |name: &str| book.worksheet_range(name).unwrap();

    let indicators = sheet("Indicators");
    assert_eq!(indicators.get_size(), (26, 13));
    assert!(
        indicators
            .rows()
            .next()
            .unwrap()
            .iter()
            .all(|cell| matches!(cell, Data::String(_)))
    );
    let first: Vec<&Data> = indicators.rows().nth(1).unwrap().iter().collect();
    // 1 June 2026 is day 46,174 of the workbook's calendar, and the cell is a date.
    match first[0] {
        Data::DateTime(date) => assert_eq!(date.as_f64(), 46_174.0),
        other => panic!("{other:?}"),
    }
    assert_eq!(*first[2], Data::String("KPI1".into()));
    assert_eq!(*first[4], Data::Float(1.0));
    assert_eq!(*first[5], Data::Float(2.0));
    assert_eq!(*first[6], Data::Float(0.5));
    assert_eq!(*first[7], Data::Float(0.95));
    assert_eq!(*first[8], Data::Bool(false));
    assert_eq!(*first[9], Data::String("P1".into()));
    assert_eq!(*first[10], Data::Float(0.0));
    assert_eq!(*first[12], Data::Float(1.0));
    // No data: no value, and neither met nor not.
    let empty: Vec<&Data> = indicators.rows().nth(2).unwrap().iter().collect();
    assert_eq!(
        (empty[6], empty[8], empty[9]),
        (&Data::Empty, &Data::Empty, &Data::Empty)
    );

    assert_eq!(sheet("History").get_size(), (1 + 25 * 13, 9));
    // A text that looks like a formula stays a text.
    let missed = sheet("Missed");
    assert_eq!(missed.get_size(), (2, 5));
    assert_eq!(missed.get((1, 4)), Some(&Data::String("=2+3".into())));
    assert_eq!(
        sheet("Excluded").get((1, 2)),
        Some(&Data::String("ABANDONED_EARLY".into()))
    );
    assert_eq!(sheet("Rejected").get_size(), (1, 3));
}
