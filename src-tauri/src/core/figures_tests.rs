//! Figures of a week, a month and a year from one desk.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    api::{Export, ExportFormat},
    core::test_desk::{at, desk, held, mirrored},
};
use guichet_domain::ticket::Status;
use jiff::Timestamp;

/// Two incidents of high priority (to be solved within 3 h of service), opened on 2 June 2026 at 10: one solved within the hour, one a
/// day later.
async fn filled(folder: &std::path::Path) -> std::sync::Arc<Desk> {
    let (desk, clock) = desk(folder).await;
    for (id, solved) in [(1, 60), (2, 24 * 60)] {
        let mut ticket = held(id, Status::Solved, 4);
        ticket.solved_at = Some(at(solved));
        ticket.updated_at = at(solved);
        mirrored(&desk, ticket).await;
    }
    let end: Timestamp = "2026-06-20T10:00:00Z".parse().unwrap();
    *clock.0.lock().unwrap() = end;
    desk.store.set_last_round_at(end).await.unwrap();
    desk
}

fn kpi7(sheet: &IndicatorSheet) -> &IndicatorRow {
    sheet.indicators.iter().find(|row| row.id == "KPI7").unwrap()
}

fn last(values: &[PeriodValue]) -> (&str, Option<f64>) {
    let last = values.last().unwrap();
    (&last.period, last.value)
}

#[tokio::test]
async fn a_week_a_month_and_a_year_are_told_by_the_same_rules() {
    let folder = tempfile::tempdir().unwrap();
    let desk = filled(folder.path()).await;
    for (period, first, end, shown) in [
        ("2026-W23", "2026-06-01", "2026-06-08", 13),
        ("2026-06", "2026-06-01", "2026-07-01", 13),
        ("2026", "2026-01-01", "2027-01-01", 2),
    ] {
        let sheet = desk.indicator_sheet(period, Locale::Fr).await.unwrap();
        assert_eq!((sheet.first_day.as_str(), sheet.end_day.as_str()), (first, end));
        let row = kpi7(&sheet);
        assert_eq!(last(&row.history), (period, Some(0.5)), "{period}");
        assert_eq!(row.history.len(), shown);
        assert_eq!(row.missed, ["2"]);
        assert_eq!((row.met, row.year_before), (Some(false), None));
        // The months behind it are the same whatever is asked for: up to the one that is running.
        assert_eq!(row.months.len(), 13);
        assert_eq!(last(&row.months), ("2026-06", Some(0.5)), "{period}");
    }
    let next = desk.indicator_sheet("2026-W24", Locale::Fr).await.unwrap();
    assert_eq!(kpi7(&next).history.last().unwrap().denominator, 0.0);
    assert_eq!(kpi7(&next).history[11].value, Some(0.5));
    // 52 weeks after, in a week of which nothing is known.
    let later = desk.indicator_sheet("2027-W22", Locale::Fr).await.unwrap();
    assert_eq!(kpi7(&later).year_before, Some(0.5));
}

#[tokio::test]
async fn penalties_are_foreseen_by_the_month() {
    let folder = tempfile::tempdir().unwrap();
    let desk = filled(folder.path()).await;
    let foreseen = async |period: &str| {
        let sheet = desk.indicator_sheet(period, Locale::En).await.unwrap();
        let of = |one: PenaltyForeseen| (one.level, one.times);
        sheet.penalties.into_iter().map(of).collect::<Vec<_>>()
    };
    let june = foreseen("2026-06").await;
    assert!(june.contains(&("P2".to_owned(), 1)), "{june:?}");
    assert_eq!(foreseen("2026").await, june, "June is all that is known of the year");
    assert!(
        foreseen("2026-W23").await.is_empty(),
        "contracts are judged by the month"
    );
    assert!(foreseen("2025").await.is_empty());
}

#[tokio::test]
async fn figures_and_what_missed_them_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let desk = filled(folder.path()).await;
    let text = async |what: Export| {
        let made = desk.export(&what, ExportFormat::Csv, Locale::En, at(0)).await.unwrap();
        (String::from_utf8(made.bytes).unwrap(), made.rows)
    };
    let period = || "2026-06".to_owned();
    let (missed, rows) = text(Export::Missed { period: period() }).await;
    assert!(missed.contains("2026-06,KPI7,"), "{missed}");
    assert_eq!(missed.lines().count(), rows as usize + 1);
    let (figures, rows) = text(Export::Indicators { period: period() }).await;
    let indicators = desk.contract().await.unwrap().indicators.len();
    assert_eq!(rows as usize, indicators * 13, "every month of every indicator");
    assert!(figures.contains(",1,2,0.5,0.9,0"), "{figures}");
}

#[tokio::test]
async fn what_is_no_period_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, _) = desk(folder.path()).await;
    for wrong in ["", "June", "2026-W60", "2026-6"] {
        let error = desk.indicator_sheet(wrong, Locale::Fr).await.unwrap_err();
        assert_eq!(error.code(), "usage", "{wrong}");
    }
}
