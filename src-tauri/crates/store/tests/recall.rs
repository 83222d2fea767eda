//! Recall: of what ought to come up for queries as technicians type them, how much is among the first ten of its kind.
//!
//! `recall/*.tsv` hold the desk and the queries; some thousands of newer, similar tickets stand before them, so that being
//! found takes ranking. `cargo test -p guichet-store --test recall -- --nocapture` prints the figure and what is missed.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{phone::PhoneNumber, record::Record, ticket::Ticket};
use guichet_store::*;
use std::collections::BTreeMap;

/// The house's promise for the held list.
const WANTED: f64 = 0.95;
/// How many hits of a kind count.
const FIRST: usize = 10;
/// Fewest queries that make a list worth holding.
const QUERIES: usize = 60;

const OBJECTS: [&str; 8] = [
    "Imprimante",
    "Poste",
    "Écran",
    "Téléphone",
    "Compte",
    "Messagerie",
    "Logiciel métier",
    "Accès réseau",
];
const TROUBLES: [&str; 7] = [
    "en panne",
    "à remplacer",
    "à installer",
    "très lent depuis lundi",
    "à déplacer",
    "à vérifier avant la réunion",
    "sans réponse",
];
const PLACES: [&str; 9] = [
    "au gymnase",
    "à la piscine",
    "au théâtre",
    "au stade",
    "à la halte-garderie",
    "à la maison des associations",
    "aux espaces verts",
    "au service des sports",
    "à l'annexe nord",
];

/// Rows of a table, its first line left out.
fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('\t').collect())
}

fn told(id: i64, title: &str, text: &str) -> Record {
    let mut told = bundle(Ticket {
        description: rich(text),
        ..ticket(id, title)
    });
    told.timeline.clear();
    bundled(told)
}

/// The desk of the tables, and what each key stands for.
fn desk() -> (Vec<Record>, BTreeMap<&'static str, (HitKind, i64)>) {
    let mut records = Vec::new();
    let mut keys = BTreeMap::new();
    let mut named = |key, kind, id| assert!(keys.insert(key, (kind, id)).is_none(), "{key} is there twice");
    for (id, row) in (101..).zip(rows(include_str!("recall/tickets.tsv"))) {
        records.push(told(id, row[1], row[2]));
        named(row[0], HitKind::Ticket, id);
    }
    for (id, row) in (1..).zip(rows(include_str!("recall/articles.tsv"))) {
        records.push(Record::Article(Box::new(article(id, row[1], row[2]))));
        named(row[0], HitKind::Article, id);
    }
    for (id, row) in (11..).zip(rows(include_str!("recall/people.tsv"))) {
        let mut one = person(id, row[1], row[2]);
        row[3].clone_into(&mut one.login);
        one.phones = vec![PhoneNumber::parse(row[4]).unwrap()];
        records.push(Record::Person(Box::new(one)));
        named(row[0], HitKind::Person, id);
    }
    for (id, row) in (21..).zip(rows(include_str!("recall/assets.tsv"))) {
        let mut one = asset(id, row[1]);
        one.serial = Some(row[2].to_owned());
        records.push(Record::Asset(Box::new(one)));
        named(row[0], HitKind::Asset, id);
    }
    let crowd = (0..6).flat_map(|_| OBJECTS).flat_map(|object| {
        TROUBLES
            .iter()
            .flat_map(move |trouble| PLACES.iter().map(move |place| (object, trouble, place)))
    });
    for (id, (object, trouble, place)) in (1001..).zip(crowd) {
        let text = format!("Signalé {place} : {} {trouble}.", object.to_lowercase());
        records.push(told(id, &format!("{object} {trouble} {place}"), &text));
    }
    (records, keys)
}

#[tokio::test]
async fn what_ought_to_come_up_is_among_the_first_ten() {
    let (records, keys) = desk();
    let store = memory().await;
    store.apply(&batch(records)).await.unwrap();
    let (mut queries, mut wanted, mut found) = (0, 0, 0);
    let mut missed = Vec::new();
    for row in rows(include_str!("recall/queries.tsv")) {
        let (text, expected, why) = (row[0], row[1], row[2]);
        queries += 1;
        let query = SearchQuery {
            text: text.to_owned(),
            kinds: Vec::new(),
            limit: u32::try_from(FIRST).unwrap(),
        };
        let hits = store.search(&query).await.unwrap().hits;
        for key in expected.split(' ') {
            let &(kind, id) = keys
                .get(key)
                .unwrap_or_else(|| panic!("{text}: no {key} in the tables"));
            wanted += 1;
            if hits.iter().any(|hit| hit.kind == kind && hit.id == id) {
                found += 1;
            } else {
                missed.push(format!("{text} ({why}): {key}"));
            }
        }
    }
    let recall = f64::from(found) / f64::from(wanted);
    println!("recall@{FIRST}: {recall:.3} ({found} of {wanted}, {queries} queries)");
    for one in &missed {
        println!("missed: {one}");
    }
    assert!(queries >= QUERIES, "{queries} queries");
    assert!(recall >= WANTED, "recall {recall:.3}, missed: {missed:#?}");
}
