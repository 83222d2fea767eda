//! A narrowed list against a naive filter over every row, with budgets small enough for every way of finding it; the plans
//! SQLite makes; and what groups add up to.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::cast_possible_wrap, missing_docs)]

use super::*;
use crate::work_tests::common::{self, *};
use crate::{Grouping, Sort, Store, TicketFilter, TicketRow};
use guichet_domain::{
    GroupId,
    operation::{Field, FieldValue, Operation},
    people::Group,
    record::Record,
    ticket::{Level, Role, Ticket, TicketKind},
};
use proptest::{prelude::*, strategy::ValueTree};

const WORDS: [&str; 6] = ["imprimante", "Écran", "réseau", "imprimerie", "vpn", "badge"];
const NOW: i64 = 1_000_000;
const HOUR: i64 = 3600;

/// A tree of five: 1 and 2 at the top, 3 and 4 below 1, 5 below 3.
fn tree(kind: CatalogueKind) -> Vec<Record> {
    [(1, None), (2, None), (3, Some(1)), (4, Some(1)), (5, Some(3))]
        .into_iter()
        .map(|(id, parent)| {
            let mut item = item(kind, id, &format!("{kind:?} {}", 9 - id));
            item.parent = parent;
            Record::Catalogue(item)
        })
        .collect()
}

fn group(id: i64) -> Group {
    team(id, &format!("Équipe {id}"))
}

/// What the naive filter knows of a ticket.
#[derive(Debug, Clone)]
struct Known {
    ticket: Ticket,
    requester: i64,
    assignee: Option<(i64, i64)>,
}

fn known() -> impl Strategy<Value = Known> {
    let place = || prop::option::of(1_i64..=5);
    let dates = (0_i64..72, 0_i64..72, prop::option::of(-30_i64..30));
    (
        (0_usize..6, 0_usize..6, 0_usize..6, 1_u8..=5, 1_u8..=6, any::<bool>()),
        (place(), place(), place()),
        dates,
        1_i64..=3,
        prop::option::of((prop::sample::select(vec![0_i64, 2]), 1_i64..=3)),
    )
        .prop_map(|(main, places, (opened, updated, target), requester, assignee)| {
            let (first, second, status, urgency, priority, incident) = main;
            let mut ticket = ticket(1, &format!("{} {}", WORDS[first], WORDS[second]));
            ticket.status = [
                Status::New,
                Status::Assigned,
                Status::Planned,
                Status::Waiting,
                Status::Solved,
                Status::Closed,
            ][status];
            ticket.kind = if incident {
                TicketKind::Incident
            } else {
                TicketKind::Request
            };
            ticket.urgency = Level(urgency);
            ticket.priority = Level(priority);
            ticket.category = places.0.map(|id| reference(id, "Catégorie"));
            ticket.location = places.1.map(|id| reference(id, "Site"));
            ticket.entity = places.2.map(|id| reference(id, "Entité"));
            ticket.opened_at = at(NOW - opened * HOUR);
            ticket.updated_at = at(NOW - updated * HOUR);
            ticket.time_to_own = None;
            ticket.time_to_resolve = target.map(|hours| at(NOW + hours * HOUR));
            Known {
                ticket,
                requester,
                assignee,
            }
        })
}

/// Few of several values, so that filters are of every width.
fn few<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Vec<T>> {
    let most = values.len().min(3);
    prop_oneof![3 => Just(Vec::new()), 1 => prop::sample::subsequence(values, 1..=most)]
}

fn rarely<T: Clone + std::fmt::Debug>(value: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.25, value)
}

fn queries() -> impl Strategy<Value = TicketQuery> {
    let statuses = vec![
        Status::New,
        Status::Assigned,
        Status::Planned,
        Status::Waiting,
        Status::Solved,
        Status::Closed,
    ];
    let levels: Vec<Level> = (1..=5).map(Level).collect();
    let assignee = prop_oneof![
        Just(AssigneeFilter::Me),
        Just(AssigneeFilter::Nobody),
        (1_i64..=3).prop_map(|id| AssigneeFilter::User { id: UserId(id) }),
        (1_i64..=3).prop_map(|id| AssigneeFilter::Group { id: GroupId(id) }),
    ];
    let target = prop_oneof![
        Just(TargetFilter::Late),
        (0_u32..1200).prop_map(|minutes| TargetFilter::Within { minutes })
    ];
    let title = prop_oneof![
        4 => Just(String::new()),
        2 => prop::sample::select(vec!["impr", "imprimante ", "écr", "reseau vpn", "imprim vp", "x", "badges "]).prop_map(str::to_owned),
    ];
    let filter = (
        (few(statuses), few(levels.clone()), few(levels)),
        (few(vec![1_i64, 2, 3, 5]), few(vec![1_i64, 2, 3]), few(vec![1_i64, 4])),
        rarely(any::<bool>()),
        rarely(assignee),
        (rarely(0_u32..72), rarely(0_u32..72)),
        rarely(target),
        title,
    )
        .prop_map(|(levels, places, kind, assignee, within, target, title)| TicketFilter {
            statuses: levels.0,
            kind: kind.map(|incident| {
                if incident {
                    TicketKind::Incident
                } else {
                    TicketKind::Request
                }
            }),
            priorities: levels.1,
            urgencies: levels.2,
            categories: places.0,
            locations: places.1,
            entities: places.2,
            assignee,
            opened_within_h: within.0,
            updated_within_h: within.1,
            target,
            title,
        });
    let views = prop::sample::select(vec![
        View::Mine,
        View::Unassigned,
        View::Open,
        View::Waiting,
        View::Solved,
        View::All,
        View::Pending,
    ]);
    let sorts = prop::sample::select(vec![
        Sort::NextTarget,
        Sort::Updated,
        Sort::Opened,
        Sort::Oldest,
        Sort::Priority,
    ]);
    let groups = rarely(prop::sample::select(vec![
        Grouping::Status,
        Grouping::Priority,
        Grouping::Category,
        Grouping::Assignee,
        Grouping::Entity,
        Grouping::Target,
    ]));
    (views, sorts, filter, groups, any::<bool>(), rarely(1_i64..=3)).prop_map(
        |(view, sort, filter, group, vip_only, requester)| TicketQuery {
            view,
            me: Some(UserId(1)),
            vip_only,
            requester: requester.map(UserId),
            sort,
            filter,
            group,
            heads: true,
            now: Some(at(NOW)),
            depth: 0,
            offset: 0,
            limit: 500,
        },
    )
}

/// The tree's rows below these, themselves included.
fn subtree(chosen: &[i64]) -> BTreeSet<i64> {
    let below = |id: i64| -> &[i64] {
        match id {
            1 => &[1, 3, 4, 5],
            3 => &[3, 5],
            2 => &[2],
            4 => &[4],
            _ => &[5],
        }
    };
    chosen.iter().flat_map(|id| below(*id).iter().copied()).collect()
}

/// Whether a ticket belongs in a list, by the words of the fields' documentation.
fn belongs(known: &Known, query: &TicketQuery, pending: bool) -> bool {
    let (ticket, filter) = (&known.ticket, &query.filter);
    let open = ticket.status.is_open();
    // Person 1 is in group 2; person 3 is a VIP.
    let mine = matches!(known.assignee, Some((0, 1) | (2, 2)));
    let view = match query.view {
        View::Mine => open && mine,
        View::Unassigned => open && known.assignee.is_none(),
        View::Open => open,
        View::Waiting => ticket.status == Status::Waiting,
        View::Solved => ticket.status == Status::Solved,
        View::All => true,
        View::Pending => pending,
    };
    let one_of = |chosen: &[i64], reference: &Option<guichet_domain::catalogue::CatalogueRef>| {
        chosen.is_empty()
            || reference
                .as_ref()
                .is_some_and(|reference| subtree(chosen).contains(&reference.id))
    };
    let within =
        |hours: Option<u32>, at_time: Timestamp| hours.is_none_or(|hours| at_time >= at(NOW - i64::from(hours) * HOUR));
    let next = if open { ticket.time_to_resolve } else { None };
    view && (!query.vip_only || known.requester == 3)
        && query.requester.is_none_or(|requester| requester.0 == known.requester)
        && (filter.statuses.is_empty() || filter.statuses.contains(&ticket.status))
        && filter.kind.is_none_or(|kind| kind == ticket.kind)
        && (filter.priorities.is_empty() || filter.priorities.contains(&ticket.priority))
        && (filter.urgencies.is_empty() || filter.urgencies.contains(&ticket.urgency))
        && one_of(&filter.categories, &ticket.category)
        && one_of(&filter.locations, &ticket.location)
        && one_of(&filter.entities, &ticket.entity)
        && match filter.assignee {
            None => true,
            Some(AssigneeFilter::Nobody) => known.assignee.is_none(),
            Some(AssigneeFilter::Me) => known.assignee == Some((0, 1)),
            Some(AssigneeFilter::User { id }) => known.assignee == Some((0, id.0)),
            Some(AssigneeFilter::Group { id }) => known.assignee == Some((2, id.0)),
        }
        && within(filter.opened_within_h, ticket.opened_at)
        && within(filter.updated_within_h, ticket.updated_at)
        && match filter.target {
            None => true,
            Some(TargetFilter::Late) => next.is_some_and(|next| next < at(NOW)),
            Some(TargetFilter::Within { minutes }) => next.is_some_and(|next| next < at(NOW + i64::from(minutes) * 60)),
        }
        && has_all(&ticket.title, &terms(&filter.title))
}

/// The order of a list, for the naive one.
fn precedes(sort: Sort, a: &Ticket, b: &Ticket) -> std::cmp::Ordering {
    let next = |ticket: &Ticket| {
        if ticket.status.is_open() {
            ticket.time_to_resolve.map_or(i64::MAX, |at| at.as_microsecond())
        } else {
            i64::MAX
        }
    };
    match sort {
        Sort::NextTarget => (next(a), b.priority, a.opened_at, a.id).cmp(&(next(b), a.priority, b.opened_at, b.id)),
        Sort::Updated => (b.updated_at, b.id).cmp(&(a.updated_at, a.id)),
        Sort::Opened => (b.opened_at, b.id).cmp(&(a.opened_at, a.id)),
        Sort::Oldest => (a.opened_at, a.id).cmp(&(b.opened_at, b.id)),
        Sort::Priority => (b.priority, b.updated_at, b.id).cmp(&(a.priority, a.updated_at, a.id)),
    }
}

fn group_of(known: &Known, grouping: Grouping) -> String {
    let ticket = &known.ticket;
    let named = |word: &str, reference: &Option<guichet_domain::catalogue::CatalogueRef>| {
        reference
            .as_ref()
            .map_or("none".to_owned(), |reference| format!("{word}:{}", reference.id))
    };
    match grouping {
        Grouping::Status => serde_json::to_value(ticket.status)
            .unwrap()
            .as_str()
            .unwrap()
            .to_owned(),
        Grouping::Priority => ticket.priority.0.to_string(),
        Grouping::Category => named("category", &ticket.category),
        Grouping::Entity => named("entity", &ticket.entity),
        Grouping::Assignee => match known.assignee {
            None => "nobody".to_owned(),
            Some((0, id)) => format!("user:{id}"),
            Some((_, id)) => format!("group:{id}"),
        },
        Grouping::Target => match ticket.time_to_resolve.filter(|_| ticket.status.is_open()) {
            None => "none",
            Some(next) if next < at(NOW) => "late",
            Some(next) if next < at(NOW + HOUR) => "hour",
            Some(next) if next < at(NOW + 24 * HOUR) => "day",
            Some(_) => "later",
        }
        .to_owned(),
    }
}

async fn store_with(all: &[Known]) -> Store {
    let store = memory().await;
    let mut records = tree(CatalogueKind::Category);
    records.extend(tree(CatalogueKind::Location));
    records.extend(tree(CatalogueKind::Entity));
    for id in 1..=3 {
        let mut one = person(id, "Hélène", &format!("Nom{id}"));
        one.vip = id == 3;
        one.groups = if id == 1 { vec![GroupId(2)] } else { Vec::new() };
        records.push(Record::Person(Box::new(one)));
        records.push(Record::Group(group(id)));
    }
    for known in all {
        let id = known.ticket.id.0;
        records.push(Record::Ticket(Box::new(known.ticket.clone())));
        records.push(Record::Actor(actor(id * 2, id, user(Role::Requester, known.requester))));
        if let Some((party, who)) = known.assignee {
            let who = if party == 0 {
                user(Role::Assigned, who)
            } else {
                common::group(Role::Assigned, who)
            };
            records.push(Record::Actor(actor(id * 2 + 1, id, who)));
        }
    }
    store.apply(&batch(records)).await.unwrap();
    store
}

async fn found(store: &Store, query: &TicketQuery, budget: &Budget) -> Found {
    let mut connection = store.inner.mirror.writer().await.unwrap();
    find(&mut connection, &key(query), budget).await.unwrap()
}

const AMPLE: Budget = Budget {
    walk: 1000,
    few: 500,
    common: 500,
    window: 10_000,
};

const SCANT: Budget = Budget {
    walk: 12,
    few: 4,
    common: 3,
    window: 20,
};

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_narrowed_list_is_what_a_naive_filter_over_every_row_finds(
        tickets in prop::collection::vec(known(), 1..60),
        queries in prop::collection::vec(queries(), 24),
        retitled in prop::option::of(0_usize..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut all: Vec<Known> = tickets;
            for (known, id) in all.iter_mut().zip(1..) {
                known.ticket.id = id.into();
            }
            let store = store_with(&all).await;
            let mut pending = None;
            if let Some(known) = retitled.and_then(|at| all.get_mut(at)) {
                let new = "Imprimante retrouvée".to_owned();
                let set = Operation::SetField {
                    field: Field::Title,
                    base: FieldValue::Text(known.ticket.title.clone()),
                    new: FieldValue::Text(new.clone()),
                };
                store.submit(on(known.ticket.id.0, vec![set]), at(NOW)).await.unwrap();
                known.ticket.title = new;
                pending = Some(known.ticket.id);
            }
            for query in &queries {
                let mut naive: Vec<&Known> = all
                    .iter()
                    .filter(|known| belongs(known, query, pending == Some(known.ticket.id)))
                    .collect();
                naive.sort_by(|a, b| precedes(query.sort, &a.ticket, &b.ticket));
                let ample = found(&store, query, &AMPLE).await;
                prop_assert!(!ample.more, "{query:?}");
                prop_assert_eq!(ample.ids.len(), naive.len(), "{:?}", query);
                check(&ample, &naive, query)?;
                // With little to spend: nothing that does not belong, in the order, and honest about the rest.
                let scant = found(&store, query, &SCANT).await;
                prop_assert!(scant.more || scant.ids.len() == naive.len(), "{query:?} {scant:?}");
                check(&scant, &naive, query)?;
                // Looked through further, everything is found in the end.
                let deep = TicketQuery { depth: DEEPEST, ..query.clone() };
                let deep = found(&store, &deep, &SCANT).await;
                prop_assert!(!deep.more, "{query:?}");
                prop_assert_eq!(&deep.ids, &ample.ids, "{:?}", query);
                // The way of the program, slice by slice.
                let mut sliced = Vec::new();
                for offset in (0..).step_by(7).take_while(|offset| *offset < naive.len() as u32 + 7) {
                    let page = store.list_tickets(&TicketQuery { offset, limit: 7, ..query.clone() }).await.unwrap();
                    prop_assert_eq!(page.total as usize, naive.len());
                    sliced.extend(page.rows.iter().map(|row: &TicketRow| row.id.0));
                }
                prop_assert_eq!(sliced, ample.ids, "{:?}", query);
                // What is exported is everything, in the order of the numbers.
                let (mut exported, mut after) = (Vec::new(), None);
                loop {
                    let part = store.exported_tickets(query, after, 5).await.unwrap();
                    exported.extend(part.rows.iter().map(|row| (row.ticket.id.0, row.ticket.title.clone())));
                    match part.last {
                        Some(last) => after = Some(last),
                        None => break,
                    }
                }
                let mut whole: Vec<_> = naive.iter().map(|known| (known.ticket.id.0, known.ticket.title.clone())).collect();
                whole.sort_unstable();
                prop_assert_eq!(exported, whole, "{:?}", query);
            }
            Ok(())
        })?;
    }
}

/// Rows of a found list are rows of the naive one, in its order within each group, and groups count them.
fn check(found: &Found, naive: &[&Known], query: &TicketQuery) -> Result<(), TestCaseError> {
    let place: BTreeMap<i64, usize> = naive
        .iter()
        .zip(0..)
        .map(|(known, at)| (known.ticket.id.0, at))
        .collect();
    let places: Vec<Option<usize>> = found.ids.iter().map(|id| place.get(id).copied()).collect();
    prop_assert!(places.iter().all(Option::is_some), "{query:?} {:?}", found.ids);
    let Some(grouping) = query.group else {
        prop_assert!(places.is_sorted(), "{query:?} {:?}", found.ids);
        return Ok(());
    };
    let mut rest = places.as_slice();
    for head in &found.groups {
        prop_assert!(head.count > 0);
        let (group, after) = rest.split_at(head.count as usize);
        prop_assert!(group.is_sorted());
        for at in group.iter().flatten() {
            prop_assert_eq!(&group_of(naive[*at], grouping), &head.key);
        }
        rest = after;
    }
    prop_assert!(rest.is_empty());
    let keys: BTreeSet<&str> = found.groups.iter().map(|head| head.key.as_str()).collect();
    prop_assert_eq!(keys.len(), found.groups.len(), "each group once");
    Ok(())
}

#[tokio::test]
async fn groups_are_named_and_in_their_order() {
    let base = known_ticket;
    let mut all = vec![base(1), base(2), base(3), base(4), base(5)];
    all[0].ticket.category = Some(reference(5, "x"));
    all[1].ticket.category = Some(reference(2, "x"));
    all[2].ticket.category = None;
    all[3].assignee = Some((0, 2));
    all[4].assignee = Some((2, 1));
    let store = store_with(&all).await;
    let heads = async |group| {
        let query = TicketQuery {
            group: Some(group),
            heads: true,
            now: Some(at(NOW)),
            ..query(View::All, Sort::Opened)
        };
        let list = store.list_tickets(&query).await.unwrap();
        assert_eq!(list.groups.iter().map(|head| head.count).sum::<u32>(), list.total);
        list.groups
            .into_iter()
            .map(|head| (head.key, head.label))
            .collect::<Vec<_>>()
    };
    let categories = heads(Grouping::Category).await;
    let name = |text: &str| Some(text.to_owned());
    assert_eq!(
        categories,
        [
            ("category:5".to_owned(), name("Category 4")),
            ("category:2".to_owned(), name("Category 7")),
            ("category:1".to_owned(), name("Category 8")),
            ("none".to_owned(), None),
        ]
    );
    let assignees = heads(Grouping::Assignee).await;
    assert_eq!(assignees[0], ("nobody".to_owned(), None));
    assert_eq!(assignees[1], ("group:1".to_owned(), name("DSI > Équipe 1")));
    assert_eq!(assignees[2].0, "user:2");
}

fn known_ticket(id: i64) -> Known {
    let mut ticket = ticket(id, "Imprimante");
    ticket.category = Some(reference(1, "Catégorie"));
    Known {
        ticket,
        requester: 1,
        assignee: None,
    }
}

/// The plan of every choice: bounded walks of indexes that hold all they are asked about, or searches by numbers.
#[tokio::test]
async fn no_plan_scans_the_table() {
    let all: Vec<Known> = (1..=40).map(known_ticket).collect();
    let store = store_with(&all).await;
    let mut connection = store.inner.mirror.writer().await.unwrap();
    let runner_seed = proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha);
    let mut runner = proptest::test_runner::TestRunner::new_with_rng(ProptestConfig::default(), runner_seed);
    let mut covered = 0;
    for _ in 0..400 {
        let query = queries().new_tree(&mut runner).unwrap().current();
        for budget in [AMPLE, SCANT] {
            let asked = ask(&mut connection, &query, &budget).await.unwrap();
            let source = source(&mut connection, &asked).await.unwrap();
            let sql = format!("EXPLAIN QUERY PLAN {}", choice(&asked, &source, MOST));
            let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(AssertSqlSafe(sql))
                .fetch_all(&mut *connection)
                .await
                .unwrap();
            for (.., step) in &plan {
                let walks = step.starts_with("SCAN ticket_view") || step.starts_with("SCAN view_party");
                let by_index = step.contains("USING COVERING INDEX list_")
                    || (asked.dated && step.contains("USING INDEX list_"))
                    || step.contains("ticket_view_pending");
                assert!(!walks || by_index, "{query:?}\n{plan:#?}");
                covered += u32::from(step.contains("USING COVERING INDEX list_"));
            }
            // What is sorted is bounded: an order is asked of a source that has a limit or was counted.
            let sorted = plan.iter().any(|(.., step)| step.contains("TEMP B-TREE FOR ORDER BY"));
            assert!(!(sorted && source.ordered), "{query:?}\n{plan:#?}");
        }
    }
    assert!(covered > 100, "walks of covering indexes were tried: {covered}");
}

#[tokio::test]
async fn a_found_list_is_remembered_until_something_is_written() {
    let all: Vec<Known> = (1..=9).map(known_ticket).collect();
    let store = store_with(&all).await;
    let narrowed = TicketQuery {
        filter: TicketFilter {
            categories: vec![1],
            ..TicketFilter::default()
        },
        limit: 3,
        ..query(View::All, Sort::Opened)
    };
    let first = store.list_tickets(&narrowed).await.unwrap();
    assert_eq!((first.total, first.rows.len(), first.more), (9, 3, false));
    assert!(store.inner.found.known().unwrap().get(&key(&narrowed)).is_some());
    let second = TicketQuery {
        offset: 3,
        ..narrowed.clone()
    };
    assert_eq!(store.list_tickets(&second).await.unwrap().rows[0].id.0, 6);
    let mut moved = all[8].ticket.clone();
    moved.category = Some(reference(2, "Catégorie"));
    store
        .apply(&batch(vec![Record::Ticket(Box::new(moved))]))
        .await
        .unwrap();
    assert!(store.inner.found.known().is_err());
    assert_eq!(store.list_tickets(&narrowed).await.unwrap().total, 8);
}
