//! The map of places: site → people → equipment.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    UserId,
    asset::Asset,
    catalogue::{Availability, CatalogueItem, CatalogueKind, CatalogueRef},
    people::Person,
    record::{Collection, Record},
};
use guichet_store::*;

fn place(id: i64, name: &str, full_name: &str, parent: Option<i64>) -> Record {
    Record::Catalogue(CatalogueItem {
        full_name: full_name.to_owned(),
        parent,
        ..item(CatalogueKind::Location, id, name)
    })
}

fn somebody(id: i64, first: &str, last: &str, place: Option<i64>, active: bool) -> Record {
    Record::Person(Box::new(Person {
        location: place.map(|id| CatalogueRef { id, name: None }),
        active,
        vip: false,
        ..person(id, first, last)
    }))
}

fn machine(id: i64, name: &str, user: Option<i64>, place: Option<i64>) -> Record {
    Record::Asset(Box::new(Asset {
        name: name.to_owned(),
        user: user.map(UserId),
        location: place.map(|id| CatalogueRef {
            id,
            name: Some(format!("Lieu {id}")),
        }),
        ..asset(id, name)
    }))
}

async fn site() -> Store {
    let store = memory().await;
    let records = vec![
        place(1, "Siège", "Siège", None),
        place(2, "Étage 2", "Siège > Étage 2", Some(1)),
        place(3, "Étage 1", "Siège > Étage 1", Some(1)),
        place(4, "Salle 12", "Siège > Étage 2 > Salle 12", Some(2)),
        place(5, "Atelier", "Atelier", None),
        // Its parent is in an entity this account may not read.
        place(6, "Accueil", "Annexe > Accueil", Some(99)),
        somebody(10, "Zoé", "Blanc", Some(2), true),
        somebody(11, "Émile", "Roux", Some(2), true),
        somebody(12, "Ancien", "Parti", Some(2), false),
        somebody(13, "Paul", "Noir", Some(4), true),
        somebody(14, "Sans", "Lieu", None, true),
        somebody(15, "Caché", "Lieu", Some(77), true),
        machine(20, "PC-0010", Some(10), Some(5)),
        machine(21, "PC-0011", Some(10), None),
        machine(22, "IMP-02", None, Some(2)),
        machine(23, "IMP-01", None, Some(2)),
        machine(24, "BORNE", None, None),
    ];
    store.apply(&batch(records)).await.unwrap();
    store
}

async fn slice(store: &Store, within: PlaceNode, offset: u32, limit: u32) -> (Vec<String>, u32) {
    let level = store.places(&PlaceQuery { within, offset, limit }).await.unwrap();
    let rows = level
        .rows
        .iter()
        .map(|row| match row {
            PlaceRow::Place {
                id,
                name,
                places,
                people,
                assets,
            } => format!(
                "{}: {places}/{people}/{assets}",
                name.clone().unwrap_or_else(|| format!("#{id}"))
            ),
            PlaceRow::Nowhere { people, assets } => format!("nowhere: {people}/{assets}"),
            PlaceRow::Person {
                name, active, assets, ..
            } => format!("{name}{} {assets}", if *active { "" } else { " (off)" }),
            PlaceRow::Asset { name, .. } => name.clone(),
        })
        .collect();
    (rows, level.total)
}

#[tokio::test]
async fn a_place_holds_places_then_people_then_what_is_nobodys() {
    let store = site().await;
    let (top, _) = slice(&store, PlaceNode::Top, 0, 50).await;
    assert_eq!(
        top,
        [
            "Annexe > Accueil: 0/0/0",
            "Atelier: 0/0/0",
            "Siège: 3/3/2",
            "#77: 0/1/0",
            "nowhere: 1/1"
        ],
        "one whose parent is not readable under its full name; one in no list without a name; counts of all that is below"
    );
    let (floors, _) = slice(&store, PlaceNode::Place { id: 1 }, 0, 50).await;
    assert_eq!(floors, ["Étage 1: 0/0/0", "Étage 2: 1/3/2"], "by name, folded");
    let (floor, total) = slice(&store, PlaceNode::Place { id: 2 }, 0, 50).await;
    assert_eq!(
        floor,
        [
            "Salle 12: 0/1/0",
            "Émile Roux 0",
            "Zoé Blanc 2",
            "Ancien Parti (off) 0",
            "IMP-01",
            "IMP-02"
        ],
        "an accent does not send a name to the end"
    );
    assert_eq!(total, 6);
    let (own, _) = slice(&store, PlaceNode::Person { id: UserId(10) }, 0, 50).await;
    assert_eq!(own, ["PC-0010", "PC-0011"], "wherever it stands");
    let (nowhere, _) = slice(&store, PlaceNode::Nowhere, 0, 50).await;
    assert_eq!(nowhere, ["Sans Lieu 0", "BORNE"]);
    let (hidden, _) = slice(&store, PlaceNode::Place { id: 77 }, 0, 50).await;
    assert_eq!(hidden, ["Caché Lieu 0"]);
}

#[tokio::test]
async fn slices_put_together_are_the_whole() {
    let store = site().await;
    let within = PlaceNode::Place { id: 2 };
    let (whole, total) = slice(&store, within, 0, 50).await;
    for size in 1..=4 {
        let mut parts = Vec::new();
        for offset in (0..total).step_by(size) {
            let (rows, all) = slice(&store, within, offset, u32::try_from(size).unwrap()).await;
            assert_eq!(all, total);
            parts.extend(rows);
        }
        assert_eq!(parts, whole, "slices of {size}");
    }
    assert_eq!(slice(&store, within, total, 10).await.0, [] as [&str; 0]);
}

#[tokio::test]
async fn what_moves_or_goes_is_where_it_is_now() {
    let store = site().await;
    store
        .apply(&batch(vec![
            somebody(10, "Zoé", "Blanc", Some(5), true),
            machine(22, "IMP-02", Some(11), Some(2)),
        ]))
        .await
        .unwrap();
    let (workshop, _) = slice(&store, PlaceNode::Place { id: 5 }, 0, 50).await;
    assert_eq!(workshop, ["Zoé Blanc 2"]);
    let (floor, _) = slice(&store, PlaceNode::Place { id: 2 }, 0, 50).await;
    assert_eq!(
        floor,
        ["Salle 12: 0/1/0", "Émile Roux 1", "Ancien Parti (off) 0", "IMP-01"]
    );
}

#[tokio::test]
async fn places_that_are_each_others_parents_are_counted_once_and_end() {
    let store = memory().await;
    let records = vec![
        place(1, "A", "A", Some(2)),
        place(2, "B", "B", Some(1)),
        somebody(10, "Zoé", "Blanc", Some(1), true),
    ];
    store.apply(&batch(records)).await.unwrap();
    let (within, _) = slice(&store, PlaceNode::Place { id: 1 }, 0, 50).await;
    assert_eq!(within[0], "B: 1/1/0");
    let hits = store.find_in_places("zoe", 10).await.unwrap();
    assert_eq!(hits[0].way.len(), 2);
}

#[tokio::test]
async fn what_the_account_may_not_read_is_said_to_be_unavailable() {
    let store = site().await;
    let query = PlaceQuery {
        within: PlaceNode::Top,
        offset: 0,
        limit: 10,
    };
    let level = store.places(&query).await.unwrap();
    assert_eq!(level.assets, Availability::Unknown, "not read yet");
    let refused = Batch {
        collection: Some(Collection::Assets),
        state: Some(CollectionState {
            complete: true,
            availability: Availability::Forbidden,
            ..CollectionState::default()
        }),
        ..Batch::default()
    };
    store.apply(&refused).await.unwrap();
    let level = store.places(&query).await.unwrap();
    assert_eq!(
        (level.assets, level.people),
        (Availability::Forbidden, Availability::Unknown)
    );
}

#[tokio::test]
async fn words_lead_to_places_people_and_equipment_with_the_way_to_each() {
    let store = site().await;
    let found = |words: &'static str| {
        let store = store.clone();
        async move { store.find_in_places(words, 10).await.unwrap() }
    };
    let at = |id| PlaceNode::Place { id };
    let rooms = found("salle siege").await;
    assert_eq!(rooms[0].way, [at(1), at(2)]);
    assert!(
        matches!(&rooms[0].row, PlaceRow::Place { id: 4, name: Some(name), .. } if name == "Siège > Étage 2 > Salle 12")
    );
    let people = found("zoe").await;
    assert!(matches!(
        people[0].row,
        PlaceRow::Person {
            id: UserId(10),
            assets: 2,
            ..
        }
    ));
    assert_eq!(people[0].way, [at(1), at(2)]);
    let machines = found("pc-0010").await;
    assert_eq!(machines[0].way, [at(1), at(2), PlaceNode::Person { id: UserId(10) }]);
    assert_eq!(machines[0].at.as_deref(), Some("Zoé Blanc"));
    assert_eq!(found("borne").await[0].way, [PlaceNode::Nowhere]);
    assert_eq!(found("imp-01").await[0].way, [at(1), at(2)]);
    assert_eq!(found("  ").await, []);
    assert_eq!(
        found("siege").await.len(),
        1,
        "a site's rooms are not all hits for its name"
    );
}
