//! From what a person types to a row: people, groups and list rows by number, login or name. Several candidates are an
//! error that names them: a guess would assign a ticket to the wrong person.

use crate::{core::Desk, error::AppError};
use guichet_domain::{GroupId, UserId, catalogue::CatalogueKind, people::Person, text::fold};
use guichet_store::Store;

/// People looked at for a name.
const CANDIDATES: u32 = 20;
/// Candidates quoted in the error.
const QUOTED: usize = 5;

fn one<T>(what: &'static str, typed: &str, mut found: Vec<(T, String)>) -> Result<T, AppError> {
    match found.len() {
        1 => Ok(found.remove(0).0),
        0 => Err(AppError::NotFound {
            what,
            name: typed.to_owned(),
        }),
        _ => Err(AppError::Ambiguous {
            name: typed.to_owned(),
            candidates: found
                .into_iter()
                .take(QUOTED)
                .map(|(_, name)| name)
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}

/// A person by number, login, or the beginning of the name.
pub async fn person(store: &Store, typed: &str) -> Result<UserId, AppError> {
    let typed = typed.trim();
    if let Ok(id) = typed.trim_start_matches('#').parse::<i64>() {
        return Ok(UserId(id));
    }
    let found = store.find_people(typed, CANDIDATES).await?;
    let exact = |person: &&Person| person.login == typed || fold(&person.display_name()) == fold(typed);
    let chosen: Vec<&Person> = found.iter().filter(exact).collect();
    let chosen = if chosen.is_empty() {
        found.iter().collect()
    } else {
        chosen
    };
    let named = |person: &Person| (person.id, format!("{} ({})", person.display_name(), person.login));
    one("person", typed, chosen.into_iter().map(named).collect())
}

/// The signed-in account.
pub async fn me(desk: &Desk) -> Result<UserId, AppError> {
    Ok(desk.account().await.ok_or(AppError::NotSignedIn)?.user)
}

/// A group by number or name.
pub async fn group(store: &Store, typed: &str) -> Result<GroupId, AppError> {
    let typed = typed.trim();
    if let Ok(id) = typed.trim_start_matches('#').parse::<i64>() {
        return Ok(GroupId(id));
    }
    let groups = store.groups().await?;
    let wanted = fold(typed);
    let exact = groups
        .iter()
        .filter(|group| fold(&group.name) == wanted || fold(&group.full_name) == wanted);
    one(
        "group",
        typed,
        exact.map(|group| (group.id, group.full_name.clone())).collect(),
    )
}

/// A row of a list by number or name.
pub async fn row(store: &Store, kind: CatalogueKind, what: &'static str, typed: &str) -> Result<i64, AppError> {
    let typed = typed.trim();
    if let Ok(id) = typed.trim_start_matches('#').parse::<i64>() {
        return Ok(id);
    }
    let (items, _) = store.catalogue(kind).await?;
    let wanted = fold(typed);
    let exact = items
        .iter()
        .filter(|item| fold(&item.name) == wanted || fold(&item.full_name) == wanted);
    one(
        what,
        typed,
        exact.map(|item| (item.id, item.full_name.clone())).collect(),
    )
}
