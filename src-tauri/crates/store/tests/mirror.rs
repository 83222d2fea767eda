//! The mirror: applying pages, bundles, removals, names that arrive late, lists, the view.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    ArticleId, DocumentId, GroupId, TicketId, UserId,
    catalogue::{Availability, CatalogueKind},
    operation::{Field, FieldValue, Operation},
    record::{Collection, Departure, LinkKind, Record, RecordKey, Removal, TicketLink},
    ticket::{Actor, Level, Party, Role, Status},
    timeline::{EntryKey, EntryKind},
};
use guichet_store::*;
use std::collections::BTreeSet;

async fn apply(store: &Store, records: Vec<Record>) -> ChangeSet {
    store.apply(&batch(records)).await.unwrap()
}

async fn leave(store: &Store, key: RecordKey, departure: Departure) -> ChangeSet {
    store.apply(&removals(vec![Removal { key, departure }])).await.unwrap()
}

async fn row(store: &Store, id: i64) -> Option<TicketRow> {
    let list = store.list_tickets(&query(View::All, Sort::Opened)).await.unwrap();
    list.rows.into_iter().find(|row| row.id.0 == id)
}

async fn ids(store: &Store, query: TicketQuery) -> Vec<i64> {
    let list = store.list_tickets(&query).await.unwrap();
    assert_eq!(list.total as usize, list.rows.len());
    list.rows.iter().map(|row| row.id.0).collect()
}

fn everything() -> Vec<Record> {
    let mut with_links = bundle(ticket(1, "Un"));
    with_links.ticket_links.push(TicketLink {
        id: 1,
        from: TicketId(1),
        to: TicketId(2),
        kind: LinkKind::ChildOf,
    });
    vec![
        Record::Catalogue(item(CatalogueKind::Category, 4, "Réseau > VPN")),
        Record::Group(team(5, "Support")),
        Record::Person(Box::new(person(7, "Hélène", "Lefèvre"))),
        bundled(with_links),
        bundled(bundle(ticket(2, "Deux"))),
        Record::Ticket(Box::new(ticket(3, "Trois"))),
        Record::Actor(actor(300, 3, user(Role::Requester, 7))),
        Record::TimelineEntry(Box::new(followup(300, 3, "À part"))),
        Record::Article(Box::new(article(1, "Fiche", "Texte"))),
        Record::Asset(Box::new(asset(1, "PC-0417"))),
    ]
}

#[tokio::test]
async fn applying_twice_changes_nothing() {
    let store = memory().await;
    let first = apply(&store, everything()).await;
    assert_eq!(first.tickets, BTreeSet::from([TicketId(1), TicketId(2), TicketId(3)]));
    assert!(first.lists && first.people && first.articles && first.catalogues && first.assets && !first.outbox);
    assert_eq!(apply(&store, everything()).await, ChangeSet::default());
    // In another order of a bundle's parts too: a server lists them as it likes.
    let mut shuffled = bundle(ticket(2, "Deux"));
    shuffled.actors.reverse();
    shuffled.timeline.reverse();
    assert_eq!(apply(&store, vec![bundled(shuffled)]).await, ChangeSet::default());
}

#[tokio::test]
async fn a_bundle_reads_back_as_it_was_given() {
    let store = memory().await;
    let mut given = bundle(ticket(1, "Un"));
    given.ticket.category = Some(reference(4, "Réseau"));
    given.ticket.slas = vec![reference(2, "Standard")];
    given.ticket.closed_at = Some(at(99));
    given.ticket.external_id = Some("guichet:1".to_owned());
    given.actors.push(actor(
        99,
        1,
        Actor {
            role: Role::Observer,
            party: Party::Email {
                address: "a@exemple.fr".to_owned(),
            },
        },
    ));
    apply(&store, vec![bundled(given.clone())]).await;
    let mut held = store.mirrored_ticket(1.into()).await.unwrap().unwrap();
    held.actors.sort_by_key(|row| (row.id, format!("{row:?}")));
    given.actors.sort_by_key(|row| (row.id, format!("{row:?}")));
    assert_eq!(held, given);
}

#[tokio::test]
async fn a_bundle_replaces_everything_on_the_ticket() {
    let store = memory().await;
    apply(&store, everything()).await;
    let mut later = bundle(ticket(1, "Un"));
    later.timeline.remove(0);
    later.actors.remove(1);
    later.document_links.clear();
    later.documents.clear();
    later.asset_links.clear();
    let changes = apply(&store, vec![bundled(later.clone())]).await;
    assert_eq!(
        changes.tickets,
        BTreeSet::from([TicketId(1), TicketId(2)]),
        "the link's other end shows it no more"
    );
    assert_eq!(store.mirrored_ticket(1.into()).await.unwrap().unwrap(), later);
    let search = |text: &str| SearchQuery {
        text: text.to_owned(),
        kinds: vec![HitKind::Ticket],
        limit: 9,
    };
    let hits = store.search(&search("premier")).await.unwrap().hits;
    assert_eq!(
        hits.iter().map(|hit| hit.id).collect::<Vec<_>>(),
        [2],
        "a deleted follow-up is found no more"
    );
}

#[tokio::test]
async fn a_row_applied_apart_and_a_bundle_that_lacks_it() {
    // A follow-up arrives by itself, then an older bundle without it: the bundle wins although it was applied before.
    let store = memory().await;
    let given = bundle(ticket(1, "Un"));
    apply(&store, vec![bundled(given.clone())]).await;
    apply(
        &store,
        vec![Record::TimelineEntry(Box::new(followup(999, 1, "En plus")))],
    )
    .await;
    assert_eq!(
        store.mirrored_ticket(1.into()).await.unwrap().unwrap().timeline.len(),
        3
    );
    apply(&store, vec![bundled(given.clone())]).await;
    assert_eq!(store.mirrored_ticket(1.into()).await.unwrap().unwrap(), given);
    // The same for the ticket's own fields.
    apply(&store, vec![Record::Ticket(Box::new(ticket(1, "Autre titre")))]).await;
    assert!(
        store.ticket(1.into()).await.unwrap().unwrap().details_read,
        "its details stay read"
    );
    apply(&store, vec![bundled(given.clone())]).await;
    assert_eq!(store.mirrored_ticket(1.into()).await.unwrap().unwrap(), given);
}

#[tokio::test]
async fn rows_whose_ticket_is_not_mirrored_are_dropped_and_counted() {
    let store = memory().await;
    apply(&store, vec![Record::Ticket(Box::new(ticket(1, "Un")))]).await;
    let link = |id, from, to| {
        Record::TicketLink(TicketLink {
            id,
            from: TicketId(from),
            to: TicketId(to),
            kind: LinkKind::Related,
        })
    };
    let stray = bundle(ticket(9, "Invisible"));
    let changes = apply(
        &store,
        vec![
            Record::TimelineEntry(Box::new(stray.timeline[0].clone())),
            Record::Actor(stray.actors[0].clone()),
            Record::DocumentLink(stray.document_links[0].clone()),
            Record::AssetLink(stray.asset_links[0].clone()),
            link(1, 8, 9),
            link(2, 9, 1),
        ],
    )
    .await;
    assert_eq!(changes.dropped, 5, "a link is kept if either end is mirrored");
    let links = store.ticket(1.into()).await.unwrap().unwrap().links;
    assert_eq!(
        links,
        [LinkedTicket {
            id: TicketId(9),
            kind: LinkKind::Related,
            title: None,
            status: None
        }]
    );
}

#[tokio::test]
async fn names_that_arrive_later_reach_the_lists() {
    let store = memory().await;
    let mut one = ticket(1, "Un");
    one.category = Some(reference(4, "VPN (expansion)"));
    one.location = Some(guichet_domain::catalogue::CatalogueRef { id: 6, name: None });
    apply(&store, vec![Record::Ticket(Box::new(one))]).await;
    apply(
        &store,
        vec![
            Record::Actor(actor(1, 1, user(Role::Requester, 7))),
            Record::Actor(actor(1, 1, group(Role::Assigned, 5))),
        ],
    )
    .await;
    let before = row(&store, 1).await.unwrap();
    assert_eq!(
        (before.requester, before.requester_id, before.assignee, before.vip),
        (None, Some(UserId(7)), None, false)
    );
    assert_eq!(
        (before.category.as_deref(), before.location),
        (Some("VPN (expansion)"), None)
    );

    let mut vip = person(7, "Hélène", "Lefèvre");
    vip.vip = true;
    let changes = apply(
        &store,
        vec![
            Record::Person(Box::new(vip)),
            Record::Group(team(5, "Support")),
            Record::Catalogue(item(CatalogueKind::Category, 4, "Réseau > VPN")),
            Record::Catalogue(item(CatalogueKind::Location, 6, "Site de Bondy")),
        ],
    )
    .await;
    assert!(changes.lists);
    let after = row(&store, 1).await.unwrap();
    assert_eq!(
        (after.requester.as_deref(), after.assignee.as_deref(), after.vip),
        (Some("Hélène Lefèvre"), Some("DSI > Support"), true)
    );
    assert_eq!(
        (after.category.as_deref(), after.location.as_deref()),
        (Some("Réseau > VPN"), Some("Site de Bondy"))
    );
    let vip_only = TicketQuery {
        vip_only: true,
        ..query(View::Open, Sort::NextTarget)
    };
    assert_eq!(ids(&store, vip_only.clone()).await, [1]);
    let view = store.ticket(1.into()).await.unwrap().unwrap();
    assert_eq!(view.ticket.location.unwrap().name.as_deref(), Some("Site de Bondy"));

    leave(&store, RecordKey::Person(UserId(7)), Departure::Purged).await;
    assert_eq!(row(&store, 1).await.unwrap().requester, None, "unavailable");
    assert!(ids(&store, vip_only).await.is_empty());
}

#[tokio::test]
async fn what_was_learned_by_expansion_does_not_cover_the_list() {
    let store = memory().await;
    let mut expanded = item(CatalogueKind::Category, 4, "VPN");
    expanded.by_expansion = true;
    assert!(
        apply(&store, vec![Record::Catalogue(expanded.clone())])
            .await
            .catalogues
    );
    let full = item(CatalogueKind::Category, 4, "Réseau > VPN");
    assert!(apply(&store, vec![Record::Catalogue(full.clone())]).await.catalogues);
    assert_eq!(
        apply(&store, vec![Record::Catalogue(expanded)]).await,
        ChangeSet::default()
    );
    assert_eq!(
        store.catalogue(CatalogueKind::Category).await.unwrap(),
        (vec![full], Availability::Unknown)
    );
}

#[tokio::test]
async fn a_removed_ticket_goes_unless_something_of_ours_hangs_on_it() {
    let store = memory().await;
    apply(&store, everything()).await;
    store.keep_document(DocumentId(1), b"pixels").await.unwrap();
    let changes = leave(&store, RecordKey::Ticket(TicketId(1)), Departure::Purged).await;
    let both = BTreeSet::from([TicketId(1), TicketId(2)]);
    assert_eq!(
        (changes.tickets, changes.lists),
        (both, true),
        "its link goes from the other end"
    );
    assert_eq!(store.ticket(1.into()).await.unwrap(), None);
    assert_eq!(row(&store, 1).await, None);
    assert_eq!(store.document(DocumentId(1)).await.unwrap(), None);
    assert_eq!(
        store.document_content(DocumentId(1)).await.unwrap(),
        None,
        "nothing of it is kept"
    );
    assert_eq!(store.ids(Collection::Tickets).await.unwrap(), [2, 3]);
    assert_eq!(
        leave(&store, RecordKey::Ticket(TicketId(1)), Departure::Purged).await,
        ChangeSet::default()
    );

    let entry = store
        .submit(on(2, vec![say("Encore là ?")]), at(0))
        .await
        .unwrap()
        .entries
        .remove(0);
    leave(&store, RecordKey::Ticket(TicketId(2)), Departure::Binned).await;
    let view = store.ticket(2.into()).await.unwrap().unwrap();
    assert_eq!(
        (view.departure, view.pending.len(), view.timeline.len()),
        (Some(Departure::Binned), 1, 2)
    );
    assert!(row(&store, 2).await.is_some());
    assert_eq!(store.ids(Collection::Tickets).await.unwrap(), [3]);
    assert_eq!(store.mirrored_ticket(2.into()).await.unwrap(), None);
    store.resolve(entry.id, Resolution::Discard, at(1)).await.unwrap();
    assert_eq!(store.ticket(2.into()).await.unwrap(), None);
    assert_eq!(row(&store, 2).await, None);
    // Taken out of the bin.
    apply(&store, vec![bundled(bundle(ticket(2, "Deux")))]).await;
    assert_eq!(store.ticket(2.into()).await.unwrap().unwrap().departure, None);
    assert_eq!(store.counts().await.unwrap().tickets, 2);
}

#[tokio::test]
async fn a_departed_ticket_that_comes_back_is_as_it_was() {
    let store = memory().await;
    let given = bundle(ticket(2, "Deux"));
    apply(&store, vec![bundled(given.clone())]).await;
    store.submit(on(2, vec![say("Encore là ?")]), at(0)).await.unwrap();
    leave(&store, RecordKey::Ticket(TicketId(2)), Departure::Hidden).await;
    // The very same bundle: unchanged, but no longer gone.
    let changes = apply(&store, vec![bundled(given.clone())]).await;
    assert_eq!(changes.tickets, BTreeSet::from([TicketId(2)]));
    assert_eq!(store.ticket(2.into()).await.unwrap().unwrap().departure, None);
    assert_eq!(store.mirrored_ticket(2.into()).await.unwrap(), Some(given));
}

#[tokio::test]
async fn an_entry_moved_to_another_ticket_moves() {
    let store = memory().await;
    apply(&store, everything()).await;
    let mut moved = followup(10, 2, "Premier suivi");
    moved.updated_at = at(500);
    let changes = apply(&store, vec![Record::TimelineEntry(Box::new(moved))]).await;
    assert_eq!(changes.tickets, BTreeSet::from([TicketId(1), TicketId(2)]));
    let key = EntryKey {
        kind: EntryKind::Followup,
        id: 10,
    };
    for (id, there) in [(1, false), (2, true)] {
        let timeline = store.mirrored_ticket(id.into()).await.unwrap().unwrap().timeline;
        assert_eq!(timeline.iter().any(|entry| entry.key == key), there);
    }
}

#[tokio::test]
async fn views_choose_and_sorts_order() {
    let store = memory().await;
    let made = |id: i64, status: Status, priority: u8, own: Option<i64>, resolve: Option<i64>| {
        let mut ticket = ticket(id, &format!("T{id}"));
        ticket.status = status;
        ticket.priority = Level(priority);
        ticket.time_to_own = own.map(at);
        ticket.time_to_resolve = resolve.map(at);
        ticket.updated_at = at(1000 - id);
        Record::Ticket(Box::new(ticket))
    };
    apply(
        &store,
        vec![
            made(1, Status::New, 3, Some(500), Some(9000)),
            made(2, Status::Assigned, 3, Some(1), Some(400)),
            made(3, Status::Waiting, 5, None, None),
            made(4, Status::Planned, 3, None, Some(500)),
            made(5, Status::Solved, 6, None, Some(1)),
            made(6, Status::Closed, 2, None, Some(2)),
            made(7, Status::New, 5, None, Some(500)),
        ],
    )
    .await;
    let mut me = person(2, "Moi", "Même");
    me.groups = vec![GroupId(5)];
    apply(
        &store,
        vec![
            Record::Person(Box::new(me)),
            Record::Actor(actor(1, 2, user(Role::Assigned, 2))),
            Record::Actor(actor(1, 3, group(Role::Assigned, 5))),
            Record::Actor(actor(2, 4, user(Role::Assigned, 3))),
            Record::Actor(actor(3, 5, user(Role::Assigned, 2))),
            Record::Actor(actor(4, 6, user(Role::Requester, 2))),
            Record::Actor(actor(5, 2, group(Role::Assigned, 5))),
        ],
    )
    .await;
    // To own while new, else to resolve; at the same instant the higher priority; those without a target last.
    assert_eq!(ids(&store, query(View::Open, Sort::NextTarget)).await, [2, 7, 1, 4, 3]);
    assert_eq!(ids(&store, query(View::Open, Sort::Priority)).await, [3, 7, 1, 2, 4]);
    assert_eq!(ids(&store, query(View::Open, Sort::Updated)).await, [1, 2, 3, 4, 7]);
    assert_eq!(ids(&store, query(View::Open, Sort::Opened)).await, [7, 4, 3, 2, 1]);
    assert_eq!(ids(&store, query(View::Unassigned, Sort::Opened)).await, [7, 1]);
    assert_eq!(ids(&store, query(View::Waiting, Sort::Opened)).await, [3]);
    assert_eq!(ids(&store, query(View::Solved, Sort::Opened)).await, [5]);
    assert_eq!(ids(&store, query(View::All, Sort::Opened)).await, [7, 6, 5, 4, 3, 2, 1]);
    let mine = TicketQuery {
        me: Some(UserId(2)),
        ..query(View::Mine, Sort::Opened)
    };
    assert_eq!(ids(&store, mine).await, [3, 2], "mine and my groups', open, each once");
    assert!(
        ids(&store, query(View::Mine, Sort::Opened)).await.is_empty(),
        "nobody's"
    );
    let of = TicketQuery {
        requester: Some(UserId(2)),
        ..query(View::All, Sort::Opened)
    };
    assert_eq!(ids(&store, of).await, [6]);
    let first = row(&store, 1).await.unwrap();
    assert_eq!(
        first.target,
        Some(NextTarget {
            kind: TargetKind::Own,
            due: Some(at(500)),
            clock: None,
        })
    );
    let solved = row(&store, 5).await.unwrap();
    assert_eq!(solved.target, None);

    // Any slice, from either end, is a slice of the same order.
    for sort in [Sort::NextTarget, Sort::Updated, Sort::Opened, Sort::Priority] {
        let whole = ids(&store, query(View::All, sort)).await;
        for offset in 0..9_u32 {
            for limit in 0..9_u32 {
                let page = store
                    .list_tickets(&TicketQuery {
                        offset,
                        limit,
                        ..query(View::All, sort)
                    })
                    .await
                    .unwrap();
                let expected: Vec<i64> = whole
                    .iter()
                    .skip(offset as usize)
                    .take(limit as usize)
                    .copied()
                    .collect();
                assert_eq!(
                    page.rows.iter().map(|row| row.id.0).collect::<Vec<_>>(),
                    expected,
                    "{sort:?} {offset}+{limit}"
                );
                assert_eq!(page.total, 7);
            }
        }
    }
}

#[tokio::test]
async fn pending_operations_show_in_lists_and_on_the_ticket() {
    let store = memory().await;
    let mut one = bundle(ticket(1, "Un"));
    one.ticket.status = Status::New;
    one.actors.truncate(1);
    apply(
        &store,
        vec![
            bundled(one),
            Record::Catalogue(item(CatalogueKind::Category, 4, "Réseau > VPN")),
        ],
    )
    .await;
    assert_eq!(ids(&store, query(View::Unassigned, Sort::Opened)).await, [1]);
    let changes = store
        .submit(
            on(
                1,
                vec![
                    Operation::Assign {
                        actor: user(Role::Assigned, 2),
                    },
                    Operation::SetField {
                        field: Field::Title,
                        base: FieldValue::Text("Un".to_owned()),
                        new: FieldValue::Text("Nouveau titre".to_owned()),
                    },
                    Operation::SetField {
                        field: Field::Category,
                        base: FieldValue::Row(None),
                        new: FieldValue::Row(Some(4)),
                    },
                    say("Je regarde"),
                ],
            ),
            at(0),
        )
        .await
        .unwrap()
        .changes;
    assert_eq!(
        (changes.tickets, changes.lists, changes.outbox),
        (BTreeSet::from([TicketId(1)]), true, true)
    );
    assert!(ids(&store, query(View::Unassigned, Sort::Opened)).await.is_empty());
    let mine = TicketQuery {
        me: Some(UserId(2)),
        ..query(View::Mine, Sort::Opened)
    };
    assert_eq!(ids(&store, mine).await, [1]);
    let shown = row(&store, 1).await.unwrap();
    assert_eq!(
        (shown.title.as_str(), shown.status, shown.pending),
        ("Nouveau titre", Status::Assigned, 4)
    );
    assert_eq!(shown.category.as_deref(), Some("Réseau > VPN"));
    // The server's truth is untouched; a page that arrives does not cover what is pending.
    assert_eq!(
        store.mirrored_ticket(1.into()).await.unwrap().unwrap().ticket.title,
        "Un"
    );
    let mut theirs = ticket(1, "Un");
    theirs.status = Status::Waiting;
    apply(&store, vec![Record::Ticket(Box::new(theirs))]).await;
    let shown = row(&store, 1).await.unwrap();
    assert_eq!((shown.title.as_str(), shown.pending), ("Nouveau titre", 4));
    let view = store.ticket(1.into()).await.unwrap().unwrap();
    assert_eq!(
        (view.ticket.title.as_str(), view.pending.len(), view.timeline.len()),
        ("Nouveau titre", 4, 2)
    );
    assert_eq!(view.ticket.category.unwrap().name.as_deref(), Some("Réseau > VPN"));
    assert!(
        view.users
            .iter()
            .any(|user| user.id == UserId(2) && user.name.is_none())
    );
}

#[tokio::test]
async fn the_row_is_the_same_with_and_without_the_overlay() {
    let store = memory().await;
    let mut records = everything();
    let mut three = ticket(3, "Trois");
    three.category = Some(reference(4, "autre"));
    three.location = Some(reference(9, "Site sans liste"));
    three.time_to_own = Some(at(5));
    three.status = Status::New;
    records.push(Record::Ticket(Box::new(three)));
    records.push(Record::Actor(actor(
        299,
        3,
        Actor {
            role: Role::Requester,
            party: Party::Email {
                address: "x@exemple.fr".to_owned(),
            },
        },
    )));
    let mut vip = team(8, "Direction");
    vip.vip = true;
    records.push(Record::Group(vip));
    records.push(Record::Actor(actor(301, 3, group(Role::Requester, 8))));
    records.push(Record::Actor(actor(302, 3, group(Role::Assigned, 5))));
    apply(&store, records).await;
    for id in [1, 2, 3] {
        let plain = row(&store, id).await.unwrap();
        assert_eq!(plain.vip, id == 3);
        // An operation that changes no field.
        let article = Operation::LinkArticle { article: ArticleId(1) };
        let entry = store
            .submit(on(id, vec![article]), at(0))
            .await
            .unwrap()
            .entries
            .remove(0);
        let overlaid = row(&store, id).await.unwrap();
        assert_eq!(
            overlaid,
            TicketRow {
                pending: 1,
                ..plain.clone()
            }
        );
        store.resolve(entry.id, Resolution::Discard, at(1)).await.unwrap();
        assert_eq!(row(&store, id).await.unwrap(), plain);
    }
}

#[tokio::test]
async fn a_ticket_s_screen_has_all_it_needs() {
    let store = memory().await;
    let mut records = everything();
    let Record::Bundle(one) = &mut records[3] else { panic!() };
    one.asset_links.push(guichet_domain::record::AssetLink {
        id: 77,
        ticket: TicketId(1),
        asset: asset_key(404),
    });
    apply(&store, records).await;
    store.keep_document(DocumentId(1), b"pixels").await.unwrap();
    let view = store.ticket(1.into()).await.unwrap().unwrap();
    assert_eq!(
        view.timeline.iter().map(|entry| entry.key.id).collect::<Vec<_>>(),
        [10, 11],
        "oldest first"
    );
    let names: Vec<(i64, Option<&str>)> = view
        .users
        .iter()
        .map(|user| (user.id.0, user.name.as_deref()))
        .collect();
    assert_eq!(
        names,
        [(2, None), (7, Some("Hélène Lefèvre"))],
        "not mirrored is not empty"
    );
    assert_eq!(view.groups[0].name.as_deref(), Some("DSI > Support"));
    assert_eq!(
        view.links[0],
        LinkedTicket {
            id: TicketId(2),
            kind: LinkKind::ChildOf,
            title: Some("Deux".to_owned()),
            status: Some(Status::Assigned)
        }
    );
    assert_eq!(
        store.ticket(2.into()).await.unwrap().unwrap().links[0].kind,
        LinkKind::ParentOf,
        "seen from the other end"
    );
    assert_eq!(
        view.assets.iter().map(|asset| asset.name.as_str()).collect::<Vec<_>>(),
        ["PC-0417", ""]
    );
    assert!(view.documents[0].kept);
    assert!(!store.ticket(2.into()).await.unwrap().unwrap().documents[0].kept);
    assert!(view.details_read);
    let card = view.requester.unwrap();
    assert_eq!(card.person.display_name(), "Hélène Lefèvre");
    assert_eq!(
        card.open_tickets.iter().map(|row| row.id.0).collect::<Vec<_>>(),
        [3, 2, 1]
    );
    assert_eq!(card.assets[0].name, "PC-0417");
    assert_eq!(store.ticket(404.into()).await.unwrap(), None);
    assert_eq!(store.asset(&asset_key(1)).await.unwrap().unwrap().name, "PC-0417");
    assert_eq!(store.article(ArticleId(1)).await.unwrap().unwrap().title, "Fiche");
    assert_eq!(store.groups().await.unwrap(), [team(5, "Support")]);
    assert_eq!(store.person(UserId(404)).await.unwrap(), None);
}

#[tokio::test]
async fn details_are_unread_until_they_are_read() {
    let store = memory().await;
    apply(
        &store,
        vec![
            Record::Ticket(Box::new(ticket(1, "Un"))),
            bundled(bundle(ticket(2, "Deux"))),
        ],
    )
    .await;
    let read = async |id: i64| store.ticket(id.into()).await.unwrap().unwrap().details_read;
    assert_eq!((read(1).await, read(2).await), (false, true));
    let state = CollectionState {
        complete: true,
        ..CollectionState::default()
    };
    let done = Batch {
        collection: Some(Collection::TicketDetails),
        state: Some(state),
        ..Batch::default()
    };
    assert_eq!(store.apply(&done).await.unwrap(), ChangeSet::default());
    assert!(read(1).await);
}

#[tokio::test]
async fn cursors_move_with_their_page() {
    let store = memory().await;
    assert_eq!(
        store.collection_state(Collection::Tickets).await.unwrap(),
        CollectionState::default()
    );
    let state = CollectionState {
        cursor: Some(serde_json::json!({"page": 3})),
        complete: false,
        progress: Some((300, 20_000)),
        availability: Availability::Available,
    };
    let page = |collection| Batch {
        collection: Some(collection),
        state: Some(state.clone()),
        records: vec![Record::Ticket(Box::new(ticket(1, "Un")))],
        removals: Vec::new(),
    };
    store.apply(&page(Collection::Tickets)).await.unwrap();
    let category = Collection::Catalogue(CatalogueKind::Category);
    store.apply(&page(category)).await.unwrap();
    assert_eq!(store.collection_state(Collection::Tickets).await.unwrap(), state);
    assert_eq!(
        store.collection_states().await.unwrap(),
        [(category, state.clone()), (Collection::Tickets, state.clone())]
    );
    assert_eq!(
        store.catalogue(CatalogueKind::Category).await.unwrap().1,
        Availability::Available
    );
    store.reset_mirror().await.unwrap();
    assert!(store.collection_states().await.unwrap().is_empty());
}

#[tokio::test]
async fn forgetting_the_mirror_keeps_the_desk() {
    let store = memory().await;
    apply(&store, everything()).await;
    store.submit(on(1, vec![say("Bonjour")]), at(0)).await.unwrap();
    let local = store.submit(new(vec![create("Ici")]), at(0)).await.unwrap().lane;
    store.reset_mirror().await.unwrap();
    assert_eq!(
        store.counts().await.unwrap(),
        MirrorCounts {
            tickets: 1,
            ..MirrorCounts::default()
        }
    );
    assert_eq!(store.outbox_counts().await.unwrap().pending, 2);
    assert_eq!(ids(&store, query(View::All, Sort::Opened)).await, [local.0]);
    apply(&store, everything()).await;
    assert_eq!(row(&store, 1).await.unwrap().pending, 1);
    assert_eq!(
        store.counts().await.unwrap(),
        MirrorCounts {
            tickets: 4,
            articles: 1,
            people: 1,
            assets: 1
        }
    );
}

#[tokio::test]
async fn more_than_500_changed_tickets_are_not_named() {
    let store = memory().await;
    let many = (1..=501).map(|id| Record::Ticket(Box::new(ticket(id, "T")))).collect();
    let changes = apply(&store, many).await;
    assert!(changes.lists && changes.tickets.is_empty());
    let list = store
        .list_tickets(&TicketQuery {
            limit: 10_000,
            ..query(View::All, Sort::Opened)
        })
        .await
        .unwrap();
    assert_eq!((list.rows.len(), list.total), (500, 501), "a page has 500 rows at most");
}

#[tokio::test]
async fn a_changed_file_is_not_shown_from_the_kept_content() {
    let store = memory().await;
    let mut given = bundle(ticket(1, "Un"));
    apply(&store, vec![bundled(given.clone())]).await;
    store.keep_document(DocumentId(1), b"ancien").await.unwrap();
    given.documents[0].sha1 = Some("1".repeat(40));
    apply(&store, vec![bundled(given)]).await;
    assert_eq!(store.document_content(DocumentId(1)).await.unwrap(), None);
}

#[tokio::test]
async fn everything_else_that_leaves_is_forgotten() {
    let store = memory().await;
    apply(&store, everything()).await;
    for (key, collection) in [
        (RecordKey::Group(GroupId(5)), Some(Collection::Groups)),
        (RecordKey::Person(UserId(7)), Some(Collection::People)),
        (RecordKey::Article(ArticleId(1)), Some(Collection::Articles)),
        (
            RecordKey::Catalogue(CatalogueKind::Category, 4),
            Some(Collection::Catalogue(CatalogueKind::Category)),
        ),
        (RecordKey::Asset(asset_key(1)), None),
    ] {
        assert_ne!(
            leave(&store, key.clone(), Departure::Purged).await,
            ChangeSet::default(),
            "{key:?}"
        );
        assert_eq!(
            leave(&store, key.clone(), Departure::Purged).await,
            ChangeSet::default(),
            "{key:?}"
        );
        if let Some(collection) = collection {
            assert!(store.ids(collection).await.unwrap().is_empty(), "{key:?}");
        }
    }
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.people, counts.articles, counts.assets), (0, 0, 0));
    for text in ["lefevre", "fiche", "pc0417"] {
        let query = SearchQuery {
            text: text.to_owned(),
            kinds: Vec::new(),
            limit: 9,
        };
        assert!(store.search(&query).await.unwrap().hits.is_empty(), "{text}");
    }
}

#[tokio::test]
async fn a_purged_tickets_links_go_from_its_other_ends_too() {
    let store = memory().await;
    let link = |id: i64, from: i64, to: i64| TicketLink {
        id,
        from: TicketId(from),
        to: TicketId(to),
        kind: LinkKind::Related,
    };
    let mut records: Vec<Record> = [1, 2, 3]
        .map(|id| bundled(bundle(ticket(id, &format!("Ticket {id}")))))
        .into();
    records.extend([link(1, 1, 2), link(2, 3, 1), link(3, 2, 3)].map(Record::TicketLink));
    store.apply(&batch(records)).await.unwrap();
    let hide = |id: i64, departure: Departure| {
        removals(vec![Removal {
            key: RecordKey::Ticket(TicketId(id)),
            departure,
        }])
    };
    // Out of sight, it is still linked: the server goes on showing that at the other end.
    store.apply(&hide(3, Departure::Hidden)).await.unwrap();
    let links =
        |held: guichet_domain::record::TicketBundle| held.ticket_links.iter().map(|link| link.id).collect::<Vec<_>>();
    let held = |id: i64| store.mirrored_ticket(TicketId(id));
    assert_eq!(links(held(2).await.unwrap().unwrap()), [1, 3]);
    let changes = store.apply(&hide(1, Departure::Purged)).await.unwrap();
    assert!(changes.tickets.contains(&TicketId(2)), "{changes:?}");
    assert_eq!(links(held(2).await.unwrap().unwrap()), [3]);
}
