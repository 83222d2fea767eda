//! Lists that are narrowed by a filter or put in groups: found once with a bounded amount of work, then read by slices.
//!
//! A list begins where the fewest rows have to be looked at: with the tickets of a person, of a category, of the last days,
//! when those are few; else with the list's own index in its order, whose columns hold everything a filter asks about
//! ([`FACTS`]). Never more than a [`Budget`] is looked at, whatever the filter and however large the mirror: a list that was
//! not looked through to its end says so ([`TicketList::more`]), and a person may have it looked through further. A choice
//! too large to be begun with (3,000 of a million) is dense enough for a walk to find a first page, unless what it chooses
//! lies at the far end of the order.

use super::{
    codes::{kind_code, status_code},
    grouping, index, lists,
    schema::{FACTS, SCOPES},
    search,
};
use crate::{AssigneeFilter, GroupHead, StoreError, TargetFilter, TicketList, TicketQuery, View, sql::json_ids};
use guichet_domain::{
    UserId,
    catalogue::CatalogueKind,
    text::{self, Pattern, Term},
    ticket::Status,
};
use jiff::Timestamp;
use sqlx::{AssertSqlSafe, SqliteConnection};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How much may be looked at for one list. The tests have smaller ones.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// Rows of an index.
    walk: u32,
    /// Rows of the table: each costs a search in a tree.
    few: u32,
    /// A word in more tickets than this is common.
    common: u32,
    /// Where every word is common, only so many of the newest tickets are searched: words that are common and never together
    /// would otherwise be followed through the whole index.
    window: i64,
}

impl Budget {
    /// Ten milliseconds or so.
    pub(crate) const USUAL: Self = Self {
        walk: 20_000,
        few: 3_000,
        common: 5_000,
        window: 100_000,
    };

    /// What a row of the table costs in rows of an index.
    fn row_cost(&self) -> u32 {
        self.walk.div_ceil(self.few)
    }

    fn times(self, depth: u32) -> Self {
        Self {
            walk: self.walk * depth,
            few: self.few * depth,
            common: self.common,
            window: self.window * i64::from(depth),
        }
    }
}

/// How much further than usual may be looked.
const DEEPEST: u32 = 64;
/// Rows a found list has at most.
const MOST: u32 = 100_000;
/// Lists remembered.
const REMEMBERED: usize = 4;

/// Whether a list is more than one of the ready-made ones.
pub(crate) fn is_narrowed(query: &TicketQuery) -> bool {
    query.group.is_some() || !query.filter.is_empty()
}

/// What a list is remembered by: the query without its slice.
pub(crate) fn key(query: &TicketQuery) -> TicketQuery {
    TicketQuery {
        heads: false,
        offset: 0,
        limit: 0,
        ..query.clone()
    }
}

/// A list that was found.
#[derive(Debug)]
pub(crate) struct Found {
    ids: Vec<i64>,
    more: bool,
    groups: Vec<GroupHead>,
}

/// The lists last found.
#[derive(Debug, Default, Clone)]
pub(crate) struct Lists(Vec<(TicketQuery, Arc<Found>)>);

impl Lists {
    pub(crate) fn get(&self, key: &TicketQuery) -> Option<&Found> {
        self.0
            .iter()
            .find(|(known, _)| known == key)
            .map(|(_, found)| found.as_ref())
    }

    pub(crate) fn with(mut self, key: TicketQuery, found: Found) -> Self {
        self.0.retain(|(known, _)| *known != key);
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push((key, Arc::new(found)));
        self
    }
}

impl Found {
    /// Reads a slice of it.
    pub(crate) async fn slice(
        &self,
        connection: &mut SqliteConnection,
        query: &TicketQuery,
    ) -> Result<TicketList, StoreError> {
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(query.limit.min(lists::LONGEST)).unwrap_or(usize::MAX);
        let ids: Vec<i64> = self.ids.iter().skip(offset).take(limit).copied().collect();
        let sql = format!(
            "SELECT {} FROM ticket_view WHERE id IN (SELECT value FROM json_each(?))",
            lists::COLUMNS
        );
        let mut rows = BTreeMap::new();
        for row in &sqlx::query(AssertSqlSafe(sql))
            .bind(json_ids(&ids))
            .fetch_all(connection)
            .await?
        {
            let row = lists::decode(row)?;
            rows.insert(row.id.0, row);
        }
        Ok(TicketList {
            rows: ids.iter().filter_map(|id| rows.remove(id)).collect(),
            total: u32::try_from(self.ids.len()).unwrap_or(u32::MAX),
            more: self.more,
            groups: if query.heads { self.groups.clone() } else { Vec::new() },
        })
    }
}

/// Where a list begins: rows to look at, each once.
struct Source {
    /// What follows FROM, giving [`columns`].
    from: String,
    /// In the list's order.
    ordered: bool,
    /// Every row that could be chosen is among them.
    whole: bool,
}

/// A filter as it is asked of the database.
struct Asked<'a> {
    query: &'a TicketQuery,
    /// The ready-made choice it lies in.
    scope: &'static str,
    /// What must hold of a row.
    conditions: Vec<String>,
    /// `updated_at` is asked about, which is in some indexes only.
    dated: bool,
    budget: Budget,
    now: Timestamp,
}

/// Finds a list.
pub(crate) async fn find(
    connection: &mut SqliteConnection,
    query: &TicketQuery,
    budget: &Budget,
) -> Result<Found, StoreError> {
    let asked = ask(connection, query, budget).await?;
    let terms = terms(&query.filter.title);
    let (mut ids, keys, more) = if terms.is_empty() {
        let source = source(connection, &asked).await?;
        choose(connection, &asked, &source, MOST).await?
    } else {
        titled(connection, &asked, &terms).await?
    };
    let mut groups = Vec::new();
    if let Some(grouping) = query.group {
        groups = grouping::put_in_groups(connection, grouping, &mut ids, &keys).await?;
    }
    Ok(Found { ids, more, groups })
}

/// What a query chooses, as a condition on every row: for who looks at them all.
pub(crate) struct Chosen {
    /// In SQL, on `ticket_view`.
    pub(crate) condition: String,
    terms: Vec<Term>,
}

impl Chosen {
    /// Whether a title has the words that are asked for, which SQL cannot tell.
    pub(crate) fn has_title(&self, title: &str) -> bool {
        has_all(title, &self.terms)
    }
}

/// See [`Chosen`].
pub(crate) async fn chosen(connection: &mut SqliteConnection, query: &TicketQuery) -> Result<Chosen, StoreError> {
    let mut conditions = ask(connection, query, &Budget::USUAL).await?.conditions;
    match query.view {
        View::Mine => {
            let mine = lists::mine(connection, query.me).await?;
            conditions.push(format!("id IN ({mine})"));
        }
        View::Pending => conditions.push("pending > 0".to_owned()),
        _ => {}
    }
    conditions.push("true".to_owned());
    Ok(Chosen {
        condition: conditions.join(" AND "),
        terms: terms(&query.filter.title),
    })
}

/// The terms of a title, without letters that may go on.
fn terms(title: &str) -> Vec<Term> {
    let mut terms = text::query_terms(title);
    terms.retain(|term| !(term.unfinished && term.folded.chars().count() < 2));
    terms
}

/// Whether a title has them all.
fn has_all(title: &str, terms: &[Term]) -> bool {
    let tokens = text::fold_tokens(title);
    terms.iter().all(|term| {
        term.patterns
            .iter()
            .any(|pattern| tokens.iter().any(|token| pattern.matches(token)))
    })
}

async fn ask<'a>(
    connection: &mut SqliteConnection,
    query: &'a TicketQuery,
    budget: &Budget,
) -> Result<Asked<'a>, StoreError> {
    let filter = &query.filter;
    let now = query.now.unwrap_or_else(Timestamp::now);
    let mut conditions = Vec::new();
    let mut one_of = |column: &str, values: Vec<i64>| {
        if !values.is_empty() {
            let list: Vec<String> = values.iter().map(i64::to_string).collect();
            conditions.push(format!("{column} IN ({})", list.join(",")));
        }
    };
    one_of("status", filter.statuses.iter().map(|one| status_code(*one)).collect());
    one_of("kind", filter.kind.iter().map(|one| kind_code(*one)).collect());
    one_of("priority", filter.priorities.iter().map(|one| one.0.into()).collect());
    one_of("urgency", filter.urgencies.iter().map(|one| one.0.into()).collect());
    for (column, kind, chosen) in trees(query) {
        one_of(column, below(connection, kind, chosen).await?);
    }
    if query.vip_only {
        conditions.push("vip = 1".to_owned());
    }
    match query.view {
        View::Mine | View::Open => conditions.push("status < 5".to_owned()),
        View::Unassigned => conditions.push("status < 5 AND unassigned = 1".to_owned()),
        View::Waiting => conditions.push("status = 4".to_owned()),
        View::Solved => conditions.push("status = 5".to_owned()),
        View::All | View::Pending => {}
    }
    if let Some(requester) = query.requester {
        conditions.push(party(1, 0, requester.0));
    }
    if let Some(assignee) = filter.assignee {
        conditions.push(match assignee {
            AssigneeFilter::Nobody => "unassigned = 1".to_owned(),
            AssigneeFilter::Me => party(2, 0, me(query)),
            AssigneeFilter::User { id } => party(2, 0, id.0),
            AssigneeFilter::Group { id } => party(2, 2, id.0),
        });
    }
    if let Some(hours) = filter.opened_within_h {
        conditions.push(format!("opened_at >= {}", hours_before(now, hours)));
    }
    if let Some(hours) = filter.updated_within_h {
        conditions.push(format!("updated_at >= {}", hours_before(now, hours)));
    }
    if let Some(target) = filter.target {
        let minutes = match target {
            TargetFilter::Late => 0,
            TargetFilter::Within { minutes } => minutes,
        };
        let until = now.as_microsecond().saturating_add(i64::from(minutes) * 60_000_000);
        conditions.push(format!("status < 5 AND next_key < {until}"));
    }
    Ok(Asked {
        query,
        scope: scope(query),
        conditions,
        dated: filter.updated_within_h.is_some(),
        budget: budget.times(query.depth.clamp(1, DEEPEST)),
        now,
    })
}

fn trees(query: &TicketQuery) -> [(&'static str, CatalogueKind, &[i64]); 3] {
    let filter = &query.filter;
    [
        ("category_id", CatalogueKind::Category, &filter.categories),
        ("location_id", CatalogueKind::Location, &filter.locations),
        ("entity_id", CatalogueKind::Entity, &filter.entities),
    ]
}

fn me(query: &TicketQuery) -> i64 {
    query.me.map_or(i64::MIN, |UserId(me)| me)
}

fn hours_before(now: Timestamp, hours: u32) -> i64 {
    now.as_microsecond().saturating_sub(i64::from(hours) * 3_600_000_000)
}

/// That somebody has a part in a ticket: one look into an index.
fn party(role: i64, party: i64, id: i64) -> String {
    format!(
        "EXISTS (SELECT 1 FROM view_party p WHERE p.role = {role} AND p.party = {party} AND p.party_id = {id} \
         AND p.open = (status < 5) AND p.ticket = id)"
    )
}

/// These rows of a tree and everything below them.
async fn below(connection: &mut SqliteConnection, kind: CatalogueKind, chosen: &[i64]) -> Result<Vec<i64>, StoreError> {
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(i64, Option<i64>)> =
        sqlx::query_as("SELECT id, json_extract(record, '$.parent') FROM catalogue WHERE kind = ?")
            .bind(super::codes::catalogue_code(kind))
            .fetch_all(connection)
            .await?;
    let mut children: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for (id, parent) in rows {
        if let Some(parent) = parent {
            children.entry(parent).or_default().push(id);
        }
    }
    let mut all = BTreeSet::new();
    let mut next = chosen.to_vec();
    while let Some(id) = next.pop() {
        // A tree that bites its tail ends here.
        if all.insert(id) {
            next.extend(children.get(&id).into_iter().flatten());
        }
    }
    Ok(all.into_iter().collect())
}

/// The narrowest ready-made choice that holds everything the list can have.
fn scope(query: &TicketQuery) -> &'static str {
    let filter = &query.filter;
    let only = |wanted: fn(Status) -> bool| {
        !filter.statuses.is_empty() && filter.statuses.iter().all(|status| wanted(*status))
    };
    let open = matches!(query.view, View::Mine | View::Open | View::Unassigned | View::Waiting)
        || filter.target.is_some()
        || only(Status::is_open);
    if query.view == View::Waiting || only(|status| status == Status::Waiting) {
        "waiting"
    } else if open && (query.view == View::Unassigned || filter.assignee == Some(AssigneeFilter::Nobody)) {
        "unassigned"
    } else if open {
        "open"
    } else if query.view == View::Solved || only(|status| status == Status::Solved) {
        "solved"
    } else {
        "all"
    }
}

/// The columns a source gives: everything conditions, groups and orders name.
fn columns(dated: bool) -> String {
    let dated = if dated { ", updated_at" } else { "" };
    format!("id, {}{dated}", FACTS.join(", "))
}

fn where_scope(scope: &str) -> &'static str {
    SCOPES
        .into_iter()
        .find(|(name, condition)| *name == scope && !condition.is_empty())
        .map_or("true", |(_, condition)| condition)
}

/// The list's own index from its beginning.
fn walk(asked: &Asked<'_>, whole: bool) -> Source {
    let (name, forward, _) = lists::order(asked.query.sort);
    let held = matches!(name, "updated" | "priority");
    let covered = held || !asked.dated;
    let limit = if covered { asked.budget.walk } else { asked.budget.few };
    Source {
        from: format!(
            "(SELECT {} FROM ticket_view INDEXED BY list_{}_{name} WHERE {} ORDER BY {forward} LIMIT {limit})",
            columns(held || asked.dated),
            asked.scope,
            where_scope(asked.scope)
        ),
        ordered: true,
        whole: whole && covered,
    }
}

/// The latest rows of a list's index: since when, by which of its dates.
fn since(asked: &Asked<'_>, date: &str, hours: u32) -> (String, u32) {
    let (name, ..) = lists::order(asked.query.sort);
    let wanted = asked.dated || matches!(name, "updated" | "priority");
    let covered = date == "updated" || !wanted;
    let numbers = format!(
        "SELECT {} FROM ticket_view INDEXED BY list_{}_{date} WHERE {} AND {date}_at >= {}",
        columns(wanted),
        asked.scope,
        where_scope(asked.scope),
        hours_before(asked.now, hours)
    );
    (numbers, if covered { 1 } else { asked.budget.row_cost() })
}

/// Rows of the table by their numbers.
fn rows(numbers: &str, limit: u32, whole: bool) -> Source {
    Source {
        from: format!(
            "(SELECT {} FROM ticket_view NOT INDEXED WHERE id IN (SELECT * FROM ({numbers}) LIMIT {limit}))",
            columns(true)
        ),
        ordered: false,
        whole,
    }
}

/// How many rows a query has, up to one more than a limit.
async fn counted(connection: &mut SqliteConnection, sql: &str, limit: u32) -> Result<u32, StoreError> {
    let n: i64 = sqlx::query_scalar(AssertSqlSafe(format!(
        "SELECT count(*) FROM (SELECT 1 FROM ({sql}) LIMIT {})",
        limit + 1
    )))
    .fetch_one(connection)
    .await?;
    Ok(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Chooses where a list begins.
async fn source(connection: &mut SqliteConnection, asked: &Asked<'_>) -> Result<Source, StoreError> {
    let (query, filter) = (asked.query, &asked.query.filter);
    // What a view begins with by itself.
    let own = match query.view {
        View::Mine => Some(lists::mine(connection, query.me).await?),
        View::Pending => Some("SELECT id FROM ticket_view INDEXED BY ticket_view_pending WHERE pending > 0".to_owned()),
        _ => None,
    };
    if let Some(own) = own {
        let n = counted(connection, &own, asked.budget.walk).await?;
        return Ok(rows(&own, asked.budget.walk, n <= asked.budget.walk));
    }
    let open = if matches!(asked.scope, "open" | "unassigned" | "waiting") {
        " AND open = 1"
    } else {
        ""
    };
    let of = |role: i64, party: i64, id: i64| {
        format!("SELECT ticket FROM view_party WHERE role = {role} AND party = {party} AND party_id = {id}{open}")
    };
    let mut sets = Vec::new();
    if let Some(requester) = query.requester {
        sets.push(of(1, 0, requester.0));
    }
    match filter.assignee {
        Some(AssigneeFilter::Me) => sets.push(of(2, 0, me(query))),
        Some(AssigneeFilter::User { id }) => sets.push(of(2, 0, id.0)),
        Some(AssigneeFilter::Group { id }) => sets.push(of(2, 2, id.0)),
        Some(AssigneeFilter::Nobody) | None => {}
    }
    let total = lists::tallied(connection, asked.scope, false).await?;
    let mut best: Option<(u32, Source)> = None;
    let mut offer = |cost: u32, source: Source| {
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, source));
        }
    };
    let in_order = walk(asked, true);
    if total <= asked.budget.walk && in_order.whole {
        offer(total, in_order);
    } else {
        for (column, kind, chosen) in trees(query) {
            if chosen.is_empty() {
                continue;
            }
            let all: Vec<String> = below(connection, kind, chosen)
                .await?
                .iter()
                .map(i64::to_string)
                .collect();
            sets.push(format!(
                "SELECT id FROM ticket_view INDEXED BY view_{} WHERE {column} IN ({})",
                column.trim_end_matches("_id"),
                all.join(",")
            ));
        }
        for (date, hours) in [("opened", filter.opened_within_h), ("updated", filter.updated_within_h)] {
            let Some(hours) = hours else { continue };
            let (numbers, cost) = since(asked, date, hours);
            let most = asked.budget.walk / cost;
            let n = counted(connection, &numbers, most).await?;
            if n <= most {
                let source = Source {
                    from: format!("({numbers})"),
                    ordered: false,
                    whole: true,
                };
                offer(n.saturating_mul(cost), source);
            }
        }
    }
    for set in sets {
        let n = counted(connection, &set, asked.budget.few).await?;
        if n <= asked.budget.few {
            offer(
                n.saturating_mul(asked.budget.row_cost()),
                rows(&set, asked.budget.few, true),
            );
        }
    }
    Ok(best.map_or_else(|| walk(asked, false), |(_, source)| source))
}

/// The rows of a source that satisfy the filter, in the list's order: their numbers, what they are grouped by, and whether
/// there may be more.
async fn choose(
    connection: &mut SqliteConnection,
    asked: &Asked<'_>,
    source: &Source,
    most: u32,
) -> Result<(Vec<i64>, Vec<i64>, bool), StoreError> {
    let (ids, keys): (String, String) = sqlx::query_as(AssertSqlSafe(choice(asked, source, most)))
        .fetch_one(connection)
        .await?;
    let mut ids: Vec<i64> = serde_json::from_str(&ids)?;
    let mut keys: Vec<i64> = serde_json::from_str(&keys)?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let more = !source.whole || ids.len() > most;
    ids.truncate(most);
    keys.truncate(most);
    Ok((ids, keys, more))
}

/// One row with all the numbers: a row each would cost more than finding it.
fn choice(asked: &Asked<'_>, source: &Source, most: u32) -> String {
    let (_, forward, _) = lists::order(asked.query.sort);
    let key = asked
        .query
        .group
        .map_or_else(|| "0".to_owned(), |group| grouping::key(group, asked.now));
    let conditions = if asked.conditions.is_empty() {
        "true".to_owned()
    } else {
        asked.conditions.join(" AND ")
    };
    let order = if source.ordered {
        String::new()
    } else {
        format!("ORDER BY {forward}")
    };
    format!(
        "SELECT json_group_array(id), json_group_array(key) FROM \
         (SELECT id, {key} AS key FROM {} WHERE {conditions} {order} LIMIT {})",
        source.from,
        most + 1
    )
}

/// The rows of a list whose title has some words. Words few tickets have are looked up; where the rest of the filter leaves
/// few, their titles are read; else the newest with those words are taken.
async fn titled(
    connection: &mut SqliteConnection,
    asked: &Asked<'_>,
    terms: &[Term],
) -> Result<(Vec<i64>, Vec<i64>, bool), StoreError> {
    let (newest, whole) = with_words(connection, asked, terms).await?;
    if !whole {
        let source = source(connection, asked).await?;
        let (ids, keys, more) = choose(connection, asked, &source, asked.budget.few).await?;
        if !more {
            let titles: Vec<(i64, String)> =
                sqlx::query_as("SELECT id, title FROM ticket_view WHERE id IN (SELECT value FROM json_each(?))")
                    .bind(json_ids(&ids))
                    .fetch_all(connection)
                    .await?;
            let with: BTreeSet<i64> = titles
                .iter()
                .filter(|(_, title)| has_all(title, terms))
                .map(|(id, _)| *id)
                .collect();
            let kept = |id: &i64| with.contains(id);
            let (ids, keys) = ids.into_iter().zip(keys).filter(|(id, _)| kept(id)).unzip();
            return Ok((ids, keys, false));
        }
    }
    // A pending operation may have changed a title, and a ticket written here is in no index.
    let mut numbers: BTreeSet<i64> = newest.into_iter().collect();
    let pending: Vec<(i64, String)> = sqlx::query_as(
        "SELECT id, title FROM ticket_view INDEXED BY ticket_view_pending WHERE pending > 0 ORDER BY id LIMIT ?",
    )
    .bind(asked.budget.few)
    .fetch_all(&mut *connection)
    .await?;
    for (id, title) in pending {
        if has_all(&title, terms) {
            numbers.insert(id);
        } else {
            numbers.remove(&id);
        }
    }
    let set = format!("SELECT value FROM json_each('{}')", json_ids(&numbers));
    let mut source = rows(&set, asked.budget.few * 2, whole);
    if asked.query.view == View::Mine {
        let mine = lists::mine(connection, asked.query.me).await?;
        source.from = format!("(SELECT * FROM {} WHERE id IN ({mine}))", source.from);
    } else if asked.query.view == View::Pending {
        source.from = format!(
            "(SELECT * FROM {} WHERE id IN (SELECT id FROM ticket_view INDEXED BY ticket_view_pending WHERE pending > 0))",
            source.from
        );
    }
    choose(connection, asked, &source, MOST).await
}

/// The newest tickets of the server's with these words in their titles, and whether they are all of them.
async fn with_words(
    connection: &mut SqliteConnection,
    asked: &Asked<'_>,
    terms: &[Term],
) -> Result<(Vec<i64>, bool), StoreError> {
    let (mut all, mut whole, mut common) = (Vec::new(), true, true);
    for term in terms {
        let mut alternatives = BTreeSet::new();
        for pattern in &term.patterns {
            match pattern {
                Pattern::Token(token) => {
                    alternatives.insert(format!("\"{token}\""));
                }
                Pattern::Prefix(start) if start.len() >= index::MIN_WORD => {
                    let longer = search::expand(connection, start).await?;
                    whole &= longer.len() < search::EXPANSIONS as usize;
                    alternatives.insert(format!("\"{start}\""));
                    alternatives.extend(longer.into_iter().map(|word| format!("\"{word}\"")));
                }
                Pattern::Prefix(start) => {
                    alternatives.insert(format!("\"{start}\" *"));
                }
            }
        }
        let spelt = format!("({})", Vec::from_iter(alternatives).join(" OR "));
        let beyond: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM (SELECT rowid FROM ticket_fts WHERE ticket_fts MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
        )
        .bind(format!("{{title}} : {spelt}"))
        .bind(asked.budget.common)
        .fetch_optional(&mut *connection)
        .await?;
        common &= beyond.is_some();
        all.push(spelt);
    }
    let mut floor = i64::MIN;
    if common {
        let newest: Option<i64> = sqlx::query_scalar("SELECT max(id) FROM tickets")
            .fetch_one(&mut *connection)
            .await?;
        floor = newest.unwrap_or(0) - asked.budget.window;
        whole &= floor <= 0;
    }
    let query = format!("{{title}} : ({})", all.join(" AND "));
    let found = search::newest_from(connection, index::TICKETS, &query, asked.budget.few + 1, floor).await?;
    whole &= found.len() <= asked.budget.few as usize;
    Ok((found, whole))
}

#[cfg(test)]
#[path = "found_tests.rs"]
mod tests;
