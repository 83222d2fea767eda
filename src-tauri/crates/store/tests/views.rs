//! Views that somebody keeps: their own work, in the desk.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use guichet_store::{
    AssigneeFilter, Column, Grouping, Layout, SavedView, Sort, Store, StoreError, TargetFilter, TicketFilter, View,
};

fn view(n: u32, name: &str) -> SavedView {
    SavedView {
        id: uuid::Uuid::from_u128(u128::from(n)).to_string(),
        name: name.to_owned(),
        view: View::Open,
        vip_only: true,
        filter: TicketFilter {
            priorities: vec![4.into_level(), 5.into_level()],
            assignee: Some(AssigneeFilter::Nobody),
            target: Some(TargetFilter::Within { minutes: 60 }),
            title: "vpn".to_owned(),
            ..TicketFilter::default()
        },
        sort: Sort::Oldest,
        group: Some(Grouping::Category),
        layout: Layout::Table,
        columns: vec![Column::Id, Column::Target],
    }
}

trait IntoLevel {
    fn into_level(self) -> guichet_domain::ticket::Level;
}

impl IntoLevel for u8 {
    fn into_level(self) -> guichet_domain::ticket::Level {
        guichet_domain::ticket::Level(self)
    }
}

fn names(views: &[SavedView]) -> Vec<&str> {
    views.iter().map(|view| view.name.as_str()).collect()
}

#[tokio::test]
async fn a_view_reads_back_as_it_was_kept_after_closing() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    let kept = view(1, "À faire");
    assert_eq!(store.save_view(&kept, None).await.unwrap(), std::slice::from_ref(&kept));
    store.close().await;
    let (store, _) = Store::open(folder.path(), &KEY, at(1)).await.unwrap();
    assert_eq!(store.saved_views().await.unwrap(), [kept]);
}

#[tokio::test]
async fn views_are_ordered_renamed_and_deleted_and_come_back_to_their_place() {
    let store = memory().await;
    for (n, name) in [(1, "un"), (2, "deux"), (3, "trois")] {
        store.save_view(&view(n, name), None).await.unwrap();
    }
    let moved = store.save_view(&view(3, "trois"), Some(0)).await.unwrap();
    assert_eq!(names(&moved), ["trois", "un", "deux"]);
    let renamed = store.save_view(&view(1, "  premier "), None).await.unwrap();
    assert_eq!(names(&renamed), ["trois", "premier", "deux"], "where it was");
    let rest = store.delete_view(&view(1, "").id).await.unwrap();
    assert_eq!(names(&rest), ["trois", "deux"]);
    let undone = store.save_view(&view(1, "premier"), Some(1)).await.unwrap();
    assert_eq!(names(&undone), ["trois", "premier", "deux"]);
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused_with_its_reason() {
    let store = memory().await;
    let refused = async |view: &SavedView| store.save_view(view, None).await.unwrap_err();
    assert!(matches!(refused(&view(1, "  ")).await, StoreError::ViewNameEmpty));
    let long = "é".repeat(SavedView::LONGEST_NAME + 1);
    assert!(matches!(
        refused(&view(1, &long)).await,
        StoreError::ViewNameTooLong { max: 60 }
    ));
    let nobody = SavedView {
        id: "1".to_owned(),
        ..view(1, "x")
    };
    assert!(matches!(refused(&nobody).await, StoreError::Invalid { .. }));
    for n in 1..=SavedView::MOST as u32 {
        store.save_view(&view(n, &format!("Vue {n}")), None).await.unwrap();
    }
    assert!(matches!(
        refused(&view(1, "VUE 2")).await,
        StoreError::ViewNameTaken { .. }
    ));
    assert!(matches!(
        refused(&view(51, "de trop")).await,
        StoreError::TooManyViews { max: 50 }
    ));
    // Those that are kept can still be changed.
    store.save_view(&view(1, "Vue une"), None).await.unwrap();
    assert_eq!(store.saved_views().await.unwrap().len(), SavedView::MOST);
}
