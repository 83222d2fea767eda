//! What is handed over beside the tickets: every piece of equipment and every document, by parts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    DocumentId, TicketId, UserId,
    asset::Asset,
    catalogue::{CatalogueKind, CatalogueRef},
    document::{Document, DocumentLink},
    record::Record,
};

#[tokio::test]
async fn equipment_is_walked_by_parts_with_the_names_of_places_and_people() {
    let store = memory().await;
    let place = |id| CatalogueRef {
        id,
        name: Some("Autrefois".to_owned()),
    };
    let mut records: Vec<Record> = (1..=5)
        .map(|id| {
            Record::Asset(Box::new(Asset {
                user: (id < 3).then_some(UserId(10 * id)),
                location: Some(place(id)),
                ..asset(id, &format!("PC-{id}"))
            }))
        })
        .collect();
    records.push(Record::Catalogue(item(CatalogueKind::Location, 1, "Siège")));
    records.push(Record::Person(Box::new(person(10, "Zoé", "Blanc"))));
    store.apply(&batch(records)).await.unwrap();
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let part = store.exported_assets(after, 2).await.unwrap();
        assert!(part.rows.len() <= 2);
        rows.extend(part.rows);
        match part.last {
            Some(last) => after = Some(last),
            None => break,
        }
    }
    rows.sort_by_key(|(asset, _)| asset.key.id);
    let told: Vec<_> = rows
        .iter()
        .map(|(asset, person)| {
            let place = asset.location.as_ref().and_then(|place| place.name.as_deref());
            (asset.name.as_str(), place, person.as_deref())
        })
        .collect();
    let before = Some("Autrefois");
    assert_eq!(
        told,
        [
            ("PC-1", Some("Siège"), Some("Zoé Blanc")),
            ("PC-2", before, None),
            ("PC-3", before, None),
            ("PC-4", before, None),
            ("PC-5", before, None),
        ]
    );
}

#[tokio::test]
async fn documents_are_walked_by_parts_in_the_order_of_their_numbers() {
    let store = memory().await;
    let mut held = bundle(ticket(1, "Écran"));
    held.documents.clear();
    held.document_links.clear();
    for id in [7, 3, 5] {
        held.documents.push(Document {
            id: DocumentId(id),
            name: format!("bon {id}"),
            filename: format!("bon {id}.pdf"),
            mime: None,
            sha1: None,
            updated_at: None,
        });
        held.document_links.push(DocumentLink {
            id,
            document: DocumentId(id),
            ticket: TicketId(1),
            entry: None,
            author: None,
            at: None,
        });
    }
    store.apply(&batch(vec![bundled(held)])).await.unwrap();
    let first = store.exported_documents(None, 2).await.unwrap();
    assert_eq!(first.rows.iter().map(|one| one.id.0).collect::<Vec<_>>(), [3, 5]);
    let second = store.exported_documents(first.last, 2).await.unwrap();
    assert_eq!(second.rows[0].filename, "bon 7.pdf");
    assert_eq!((second.rows.len(), second.last), (1, None));
}
