//! What an exported table says, read by readers of their own.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::core::{desk::Pace, profile::ProfileFolder};
use calamine::{Data, Reader, Xlsx};
use guichet_backend::SystemClock;
use guichet_domain::call::{Call, CallCapabilities, CallSource, CallState, Direction, RemoteParty};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Cursor,
    path::Path,
    sync::Arc,
};
use tokio::sync::broadcast;

async fn desk(folder: &Path) -> Desk {
    let profile = ProfileFolder {
        id: "one".to_owned(),
        path: folder.join("one"),
    };
    let (events, _) = broadcast::channel(16);
    let clock = Arc::new(SystemClock);
    Desk::open(profile, clock, events, Pace::OnDemand, Some(Locale::Fr))
        .await
        .unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn call(id: &str, began: i64, answered: Option<i64>) -> Call {
    Call {
        source: CallSource("pbx".to_owned()),
        id: id.to_owned(),
        ids: BTreeSet::from([id.to_owned()]),
        direction: Direction::Inbound,
        remote: RemoteParty::read("0612345678", "", "FR"),
        state: if answered.is_some() {
            CallState::Ended
        } else {
            CallState::Missed
        },
        queue: Some("support".to_owned()),
        ringing: BTreeSet::new(),
        device: Some("SIP/6001".to_owned()),
        agent: None,
        answered_by: None,
        consultation: None,
        started_at: at(began),
        queued_at: Some(at(began)),
        ringing_at: Some(at(began + 1)),
        answered_at: answered.map(at),
        transferred_at: None,
        voicemail_at: None,
        ended_at: Some(at(began + 100)),
        cause: None,
        times_uncertain: false,
        user_data: BTreeMap::new(),
        capabilities: CallCapabilities::default(),
    }
}

/// A desk of more calls than are read at once.
async fn with_calls(folder: &Path, many: i64) -> Desk {
    let desk = desk(folder).await;
    for n in 0..many {
        let answered = (n % 2 == 0).then_some(n * 200 + 12);
        desk.store
            .keep_call(&call(&format!("c{n:04}"), n * 200, answered), &[], &[], true)
            .await
            .unwrap();
    }
    desk
}

#[tokio::test]
async fn the_journal_is_exported_whole_with_typed_cells_and_masked_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let desk = with_calls(folder.path(), 503).await;
    let source = CallSource("pbx".to_owned());
    desk.store
        .note_call(&source, "c0000", "=demande; d'aide")
        .await
        .unwrap();
    let what = Export::Calls {
        query: JournalQuery::default(),
    };
    let now = at(10_000_000);
    let file = desk.export(&what, ExportFormat::Xlsx, Locale::Fr, now).await.unwrap();
    assert_eq!(file.rows, 503);
    assert!(file.filename.starts_with("guichet appels 2026-") && file.filename.ends_with(".xlsx"));
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Appels"]);
    let sheet = book.worksheet_range("Appels").unwrap();
    assert_eq!(sheet.get_size(), (504, CALL_COLUMNS.len()));
    let headings: Vec<String> = sheet.rows().next().unwrap().iter().map(ToString::to_string).collect();
    let column = |key: &str| {
        let heading = Locale::Fr.catalogue().text(&format!("export.column.{key}"), &[]);
        headings.iter().position(|one| *one == heading).unwrap()
    };
    // Newest first: the very first call is the last row.
    let row = sheet.rows().next_back().unwrap();
    assert_eq!(row[column("call")], Data::String("c0000".to_owned()));
    assert_eq!(
        row[column("number")],
        Data::String("+•••••••5678".to_owned()),
        "as the contract says"
    );
    assert_eq!(row[column("wait_s")], Data::Float(12.0));
    assert_eq!(row[column("talk_s")], Data::Float(88.0));
    assert_eq!(row[column("note")], Data::String("=demande; d'aide".to_owned()));
    assert!(matches!(row[column("began_at")], Data::DateTime(_)));
    assert_eq!(row[column("ticket")], Data::Empty);
    let ids: BTreeSet<String> = sheet
        .rows()
        .skip(1)
        .map(|row| row[column("call")].to_string())
        .collect();
    assert_eq!(ids.len(), 503, "each call once");

    let only = Export::Calls {
        query: JournalQuery {
            answered: Some(false),
            ..JournalQuery::default()
        },
    };
    let file = desk.export(&only, ExportFormat::Csv, Locale::En, now).await.unwrap();
    assert_eq!(file.rows, 251, "as the screen narrows it");
    let text = String::from_utf8(file.bytes).unwrap();
    assert!(
        text.starts_with("\u{feff}Call,Direction,State,Number,"),
        "{}",
        &text[..80]
    );
}

#[tokio::test]
async fn an_empty_list_is_a_table_of_headings() {
    let folder = tempfile::tempdir().unwrap();
    let desk = desk(folder.path()).await;
    let what = Export::Tickets {
        query: TicketQuery::default(),
    };
    let file = desk.export(&what, ExportFormat::Csv, Locale::Fr, at(0)).await.unwrap();
    assert_eq!(file.rows, 0);
    let text = String::from_utf8(file.bytes).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert_eq!(text.split(';').count(), TICKET_COLUMNS.len());
}

#[test]
fn every_heading_and_word_is_in_both_catalogues() {
    for locale in Locale::ALL {
        let catalogue = locale.catalogue();
        for (key, _) in TICKET_COLUMNS.iter().chain(CALL_COLUMNS).chain(ESCALATION_COLUMNS) {
            let key = format!("export.column.{key}");
            assert!(catalogue.texts.contains_key(&key), "{key}");
        }
        for columns in [TICKET_COLUMNS, CALL_COLUMNS, ESCALATION_COLUMNS] {
            let headings: BTreeSet<String> = columns
                .iter()
                .map(|(key, _)| catalogue.text(&format!("export.column.{key}"), &[]))
                .collect();
            assert_eq!(headings.len(), columns.len(), "a pivot table needs different headings");
        }
    }
}
