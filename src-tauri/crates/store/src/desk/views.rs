//! The views people keep: their name and their place in columns, what they mean as JSON, so that a view kept by an earlier
//! version reads with what it did not know left as usual.

use crate::{SavedView, StoreError};
use sqlx::SqliteConnection;

/// The views in their order.
pub(crate) async fn all(connection: &mut SqliteConnection) -> Result<Vec<SavedView>, StoreError> {
    let rows: Vec<String> = sqlx::query_scalar("SELECT definition FROM saved_views ORDER BY place, id")
        .fetch_all(connection)
        .await?;
    Ok(rows
        .iter()
        .map(|definition| serde_json::from_str(definition))
        .collect::<Result<_, _>>()?)
}

/// Keeps a view, replacing the one of that identity; at a place (from 0) among the others, else where it was, or last.
pub(crate) async fn save(
    connection: &mut SqliteConnection,
    view: &SavedView,
    place: Option<u32>,
) -> Result<(), StoreError> {
    let mut view = view.clone();
    view.name = view.name.trim().to_owned();
    if view.name.is_empty() {
        return Err(StoreError::ViewNameEmpty);
    }
    if view.name.chars().count() > SavedView::LONGEST_NAME {
        return Err(StoreError::ViewNameTooLong {
            max: SavedView::LONGEST_NAME,
        });
    }
    if uuid::Uuid::parse_str(&view.id).is_err() {
        return Err(StoreError::Invalid {
            message: format!("{:?} is no identity of a view", view.id),
        });
    }
    let held = all(connection).await?;
    let mut others: Vec<&str> = held.iter().map(|one| one.id.as_str()).collect();
    let before = others.iter().position(|id| *id == view.id);
    if before.is_none() && held.len() >= SavedView::MOST {
        return Err(StoreError::TooManyViews { max: SavedView::MOST });
    }
    let name = view.name.to_lowercase();
    if held
        .iter()
        .any(|one| one.id != view.id && one.name.to_lowercase() == name)
    {
        return Err(StoreError::ViewNameTaken { name: view.name });
    }
    others.retain(|id| *id != view.id);
    let place = place
        .and_then(|place| usize::try_from(place).ok())
        .or(before)
        .unwrap_or(usize::MAX)
        .min(others.len());
    others.insert(place, &view.id);
    sqlx::query(
        "INSERT INTO saved_views (id, place, definition) VALUES (?, 0, ?) \
         ON CONFLICT DO UPDATE SET definition = excluded.definition",
    )
    .bind(&view.id)
    .bind(serde_json::to_string(&view)?)
    .execute(&mut *connection)
    .await?;
    for (id, place) in others.into_iter().zip(0_i64..) {
        sqlx::query("UPDATE saved_views SET place = ? WHERE id = ? AND place <> ?")
            .bind(place)
            .bind(id)
            .bind(place)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Forgets a view.
pub(crate) async fn delete(connection: &mut SqliteConnection, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM saved_views WHERE id = ?")
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}
