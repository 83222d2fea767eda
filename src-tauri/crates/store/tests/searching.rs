//! Search: accents, ligatures, plurals, unfinished and misspelt words, numbers, telephone numbers, ranking, excerpts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{TicketId, record::Record, ticket::Status};
use guichet_store::*;

async fn store() -> Store {
    let store = memory().await;
    let mut described = bundle(ticket(10, "Poste lent"));
    described.ticket.description = rich("L'imprimante du service a disparu du poste de Mme Œuvrard.");
    described.timeline[0].body = rich("Redémarrage du spouleur demandé à l'élève stagiaire.");
    let mut vip = person(7, "Hélène", "Lefèvre");
    vip.vip = true;
    let mut gone = person(9, "Hélène", "Ancien");
    gone.active = false;
    let records = vec![
        Record::Person(Box::new(vip)),
        Record::Person(Box::new(person(8, "Jean", "Dupont"))),
        Record::Person(Box::new(gone)),
        Record::Article(Box::new(article(
            1,
            "Chevaux de Troie",
            "Que faire d'un courriel suspect : journaux à joindre.",
        ))),
        Record::Asset(Box::new(asset(417, "PC-0417"))),
        bundled(bundle(ticket(1, "Imprimantes bloquées à l'accueil"))),
        bundled(described),
        bundled(bundle(ticket(12, "Mot de passe oublié"))),
        bundled(bundle(ticket(417, "Écran noir"))),
    ];
    store.apply(&batch(records)).await.unwrap();
    store
}

async fn hits(store: &Store, text: &str, kinds: &[HitKind]) -> Vec<Hit> {
    let query = SearchQuery {
        text: text.to_owned(),
        kinds: kinds.to_vec(),
        limit: 20,
    };
    store.search(&query).await.unwrap().hits
}

async fn tickets(store: &Store, text: &str) -> Vec<i64> {
    hits(store, text, &[HitKind::Ticket])
        .await
        .iter()
        .map(|hit| hit.id)
        .collect()
}

#[tokio::test]
async fn accents_ligatures_and_plurals_are_forgiven() {
    let store = store().await;
    for text in ["imprimante", "IMPRIMANTES", "imprimantés", "l'imprimante"] {
        assert_eq!(
            tickets(&store, text).await,
            [1, 10],
            "{text}: the title's before the description's"
        );
    }
    for text in ["oeuvrard", "œuvrard", "ŒUVRARD", "Œuvrards"] {
        assert_eq!(tickets(&store, text).await, [10], "{text}");
    }
    assert_eq!(tickets(&store, "eleve").await, [10], "in the timeline");
    assert_eq!(tickets(&store, "ecran").await, [417]);
    for text in ["journal", "journaux", "cheval troie", "chevaux"] {
        assert_eq!(hits(&store, text, &[HitKind::Article]).await.len(), 1, "{text}");
    }
}

#[tokio::test]
async fn every_letter_typed_finds_what_it_begins() {
    let store = store().await;
    let typed = "bloquées";
    for end in 2..=typed.chars().count() {
        let start: String = typed.chars().take(end).collect();
        assert!(tickets(&store, &start).await.contains(&1), "{start}");
    }
    assert_eq!(tickets(&store, "mot de pas").await, [12]);
    assert!(
        tickets(&store, "imprim ").await.is_empty(),
        "a finished word is no beginning"
    );
}

#[tokio::test]
async fn all_words_must_be_there_or_else_some() {
    let store = store().await;
    assert_eq!(tickets(&store, "imprimante accueil").await, [1]);
    assert_eq!(
        tickets(&store, "lent spouleur").await,
        [10],
        "one in the title, the other in a follow-up"
    );
    let some = tickets(&store, "imprimante accueil vidéoprojecteur").await;
    assert_eq!(some, [1, 10], "nothing has all three: the more the better");
    assert!(tickets(&store, "vidéoprojecteur").await.is_empty());
    assert!(tickets(&store, "").await.is_empty());
    assert!(tickets(&store, "  ?! ").await.is_empty());
}

#[tokio::test]
async fn a_letter_wrong_missing_or_swapped_is_forgiven() {
    let store = store().await;
    for text in ["imprimnate", "imprimente", "imprimannte", "impriante"] {
        assert_eq!(tickets(&store, text).await, [1, 10], "{text}");
    }
    assert!(tickets(&store, "imprxmxnte").await.is_empty());
}

#[tokio::test]
async fn a_number_is_the_ticket_of_that_number_first() {
    let store = store().await;
    assert_eq!(tickets(&store, "#417").await, [417]);
    assert_eq!(tickets(&store, " 417 ").await[0], 417);
    let all = hits(&store, "0417", &[]).await;
    assert!(
        all.iter()
            .any(|hit| hit.kind == HitKind::Asset && hit.title == "PC-0417")
    );
    assert!(tickets(&store, "#404").await.is_empty());
}

#[tokio::test]
async fn people_are_found_by_name_login_address_and_digits() {
    let store = store().await;
    let people = async |text: &str| -> Vec<i64> {
        hits(&store, text, &[HitKind::Person])
            .await
            .iter()
            .map(|hit| hit.id)
            .collect()
    };
    assert_eq!(people("helene").await, [7, 9], "accounts switched off come last");
    for text in [
        "lefevre helene",
        "Lefèvre7",
        "helene.lefevre@exemple.fr",
        "helene.lef",
        "lefev",
    ] {
        assert_eq!(people(text).await, [7], "{text}");
    }
    for text in [
        "01 46 58 00 07",
        "0146580007",
        "+33 1 46 58 00 07",
        "0033146580007",
        "580007",
        "46.58.00.07",
    ] {
        assert_eq!(people(text).await, [7], "{text}");
    }
    let many = people("4658").await;
    assert_eq!(many.len(), 3, "any four digits in a row");
    assert!(people("465").await.is_empty());
    assert!(hits(&store, "lefevre", &[HitKind::Person]).await[0].vip);
    let found = |words: &str| {
        let words = words.to_owned();
        let store = store.clone();
        async move {
            store
                .find_people(&words, 10)
                .await
                .unwrap()
                .iter()
                .map(|person| person.id.0)
                .collect::<Vec<_>>()
        }
    };
    for words in ["hel lef", "lef", "lef hel", "lefevre7", "580007"] {
        assert_eq!(found(words).await, [7], "{words}");
    }
    assert_eq!(found("j").await, [8], "a letter is a beginning in the picker");
    assert_eq!(found("h").await, [7, 9]);
    assert!(found("").await.is_empty());
}

#[tokio::test]
async fn equipment_is_found_by_any_part_of_its_tag() {
    let store = store().await;
    for text in ["PC-0417", "pc0417", "0417", "pc-04", "SN00417", "inv-417", "latitude"] {
        let hits = hits(&store, text, &[HitKind::Asset]).await;
        assert_eq!(hits.len(), 1, "{text}");
        assert_eq!((hits[0].asset_kind.as_str(), hits[0].id), ("Computer", 417));
    }
}

#[tokio::test]
async fn excerpts_mark_the_words_in_the_original_text() {
    let store = store().await;
    let snippet = async |text: &str| {
        hits(&store, text, &[HitKind::Ticket])
            .await
            .last()
            .unwrap()
            .snippet
            .clone()
    };
    assert_eq!(
        snippet("oeuvrard").await,
        "L'imprimante du service a disparu du poste de Mme \u{2}Œuvrard\u{3}."
    );
    assert_eq!(
        snippet("eleve").await,
        "Redémarrage du spouleur demandé à l'\u{2}élève\u{3} stagiaire."
    );
    let mut long = bundle(ticket(20, "Journal"));
    long.ticket.description = rich(&format!(
        "{} la clé perdue {}",
        "avant ".repeat(300),
        "après ".repeat(300)
    ));
    store.apply(&batch(vec![bundled(long)])).await.unwrap();
    let excerpt = snippet("perdues").await;
    assert!(
        excerpt.starts_with('…') && excerpt.ends_with('…') && excerpt.contains("la clé \u{2}perdue\u{3} après"),
        "{excerpt}"
    );
    assert!(excerpt.chars().count() < 220, "{excerpt}");
}

#[tokio::test]
async fn hits_are_grouped_by_kind_and_the_newest_of_equals_come_first() {
    let store = store().await;
    for id in 30..60 {
        store
            .apply(&batch(vec![Record::Ticket(Box::new(ticket(id, "Session figée")))]))
            .await
            .unwrap();
    }
    let found = tickets(&store, "session").await;
    assert_eq!(found.len(), 20);
    assert_eq!(&found[..3], [59, 58, 57]);
    let kinds: Vec<HitKind> = hits(&store, "helene imprimante troie latitude", &[])
        .await
        .iter()
        .map(|hit| hit.kind)
        .collect();
    let mut sorted = kinds.clone();
    sorted.sort_by_key(|kind| {
        [HitKind::Ticket, HitKind::Person, HitKind::Article, HitKind::Asset]
            .iter()
            .position(|k| k == kind)
    });
    assert_eq!(kinds, sorted, "tickets, people, articles, equipment");
}

#[tokio::test]
async fn changed_and_local_tickets_are_found_as_they_are_now() {
    let store = store().await;
    let mut renamed = ticket(12, "Badge perdu");
    renamed.status = Status::Solved;
    renamed.description = rich("Accès au parking");
    store
        .apply(&batch(vec![Record::Ticket(Box::new(renamed))]))
        .await
        .unwrap();
    assert!(tickets(&store, "oublié").await.is_empty());
    let hit = &hits(&store, "badge", &[HitKind::Ticket]).await[0];
    assert_eq!((hit.id, hit.status), (12, Some(Status::Solved)));
    let local = store
        .submit(new(vec![create("Badges à refaire")]), at(0))
        .await
        .unwrap()
        .lane;
    assert_eq!(tickets(&store, "badge refaire").await, [local.0]);
    assert_eq!(local, TicketId(-1));
}

#[tokio::test]
async fn what_waits_in_the_outbox_is_found() {
    let store = store().await;
    let accepted = store
        .submit(
            on(
                12,
                vec![say(
                    "J'ai rappelé Mme Œuvrard, les travaux du câblage commencent lundi.",
                )],
            ),
            at(0),
        )
        .await
        .unwrap();
    let local = store
        .submit(new(vec![create("Casque audio")]), at(0))
        .await
        .unwrap()
        .lane;
    store
        .submit(
            on(local.0, vec![say("Le casque grésille aussi sur le softphone")]),
            at(1),
        )
        .await
        .unwrap();
    for text in ["travail cablage", "cabl", "oeuvrard lundi", "travau"] {
        assert_eq!(tickets(&store, text).await, [12], "{text}");
    }
    assert_eq!(
        tickets(&store, "passe câblage").await,
        [12],
        "one word in the mirrored title, the other in what waits"
    );
    assert_eq!(
        tickets(&store, "suivi câblage").await,
        [12],
        "one in the mirrored timeline"
    );
    assert_eq!(tickets(&store, "casque").await, [local.0]);
    assert_eq!(tickets(&store, "softphone casq").await, [local.0]);
    assert_eq!(
        tickets(&store, "prise au téléphone").await,
        [local.0],
        "its description"
    );
    assert!(
        !tickets(&store, "vidéoprojecteur câblage").await.contains(&1),
        "a word that is nowhere is not taken for found"
    );
    let snippet = |text: &'static str| {
        let store = store.clone();
        async move { hits(&store, text, &[HitKind::Ticket]).await[0].snippet.clone() }
    };
    assert!(snippet("câblage").await.contains("\u{2}câblage\u{3}"));
    assert!(snippet("softphone").await.contains("\u{2}softphone\u{3}"));
    assert_eq!(
        snippet("casque audio").await,
        "Le \u{2}casque\u{3} grésille aussi sur le softphone"
    );
    // Several mirrored tickets have the word: the one that exists only here is the newest.
    store
        .submit(new(vec![create("Imprimante du hall")]), at(2))
        .await
        .unwrap();
    assert_eq!(tickets(&store, "imprimante").await, [-2, 1, 10]);
    // Given up: not found any more.
    store
        .resolve(accepted.entries[0].id, Resolution::Discard, at(3))
        .await
        .unwrap();
    assert!(tickets(&store, "câblage").await.is_empty());
}

#[tokio::test]
async fn a_title_that_waits_is_found_as_a_title() {
    let store = store().await;
    let rename = guichet_domain::operation::Operation::SetField {
        field: guichet_domain::operation::Field::Title,
        base: guichet_domain::operation::FieldValue::Text("Écran noir".to_owned()),
        new: guichet_domain::operation::FieldValue::Text("Dalle tactile inerte".to_owned()),
    };
    store.submit(on(417, vec![rename]), at(0)).await.unwrap();
    let hit = &hits(&store, "dalle inerte", &[HitKind::Ticket]).await[0];
    assert_eq!((hit.id, hit.title.as_str()), (417, "Dalle tactile inerte"));
    // Retyped for a while, then sent: it is found by what the server has.
    assert_eq!(tickets(&store, "ecran").await, [417]);
}
