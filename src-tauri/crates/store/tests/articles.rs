//! The knowledge base before a word is typed.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
mod common;
use common::*;
use guichet_domain::{
    article::Article,
    catalogue::{CatalogueKind, CatalogueRef},
    record::Record,
};
use guichet_store::*;

fn filed(id: i64, title: &str, day: Option<i64>, categories: &[(i64, Option<&str>)]) -> Record {
    Record::Article(Box::new(Article {
        updated_at: day.map(|day| at(day * 86_400)),
        categories: categories
            .iter()
            .map(|(id, name)| CatalogueRef {
                id: *id,
                name: name.map(str::to_owned),
            })
            .collect(),
        ..article(
            id,
            title,
            &format!("Texte de {title}. {}", "Encore une phrase. ".repeat(20)),
        )
    }))
}

fn slice(category: Option<i64>, offset: u32, limit: u32) -> ArticleQuery {
    ArticleQuery {
        category,
        offset,
        limit,
    }
}

async fn library() -> Store {
    let store = memory().await;
    let records = vec![
        filed(1, "VPN", Some(3), &[(7, None)]),
        filed(2, "Imprimante", Some(9), &[(8, Some("Impression")), (7, None)]),
        filed(3, "Sans date", None, &[]),
        filed(4, "Badge", Some(5), &[(9, None)]),
        Record::Catalogue(item(CatalogueKind::ArticleCategory, 7, "Réseau")),
    ];
    store.apply(&batch(records)).await.unwrap();
    store
}

#[tokio::test]
async fn articles_come_newest_first_in_slices() {
    let store = library().await;
    let all = store.list_articles(&slice(None, 0, 10)).await.unwrap();
    let titles: Vec<&str> = all.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(titles, ["Imprimante", "Badge", "VPN", "Sans date"]);
    assert_eq!(all.total, 4);
    assert!(
        all.rows[0].excerpt.starts_with("Texte de Imprimante."),
        "{:?}",
        all.rows[0]
    );
    assert_eq!(all.rows[0].excerpt.chars().count(), 160, "cut by characters");
    let rest = store.list_articles(&slice(None, 2, 10)).await.unwrap();
    assert_eq!((rest.rows.len(), rest.total), (2, 4));
    assert_eq!(rest.rows[0].title, "VPN");
}

#[tokio::test]
async fn a_category_holds_its_own_articles_and_is_counted() {
    let store = library().await;
    let network = store.list_articles(&slice(Some(7), 0, 10)).await.unwrap();
    let titles: Vec<&str> = network.rows.iter().map(|row| row.title.as_str()).collect();
    assert_eq!(
        (titles.as_slice(), network.total),
        (["Imprimante", "VPN"].as_slice(), 2)
    );
    let told: Vec<(i64, Option<String>, u32)> = store
        .article_categories()
        .await
        .unwrap()
        .into_iter()
        .map(|category| (category.id, category.name, category.articles))
        .collect();
    assert_eq!(
        told,
        [
            (8, Some("Impression".to_owned()), 1),
            (7, Some("Réseau".to_owned()), 2),
            (9, None, 1)
        ],
        "the list's name, else the record's own, else none, last"
    );
}

#[tokio::test]
async fn the_order_is_read_from_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), &KEY, at(0)).await.unwrap();
    store.close().await;
    use sqlx::{ConnectOptions, Row};
    let mut connection = raw_options(&folder.path().join("mirror.db")).connect().await.unwrap();
    let plan = sqlx::query(
        "EXPLAIN QUERY PLAN SELECT record FROM articles ORDER BY json_extract(record, '$.updated_at') DESC, id DESC LIMIT 50",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get::<String, _>("detail")).collect();
    assert!(plan.iter().any(|step| step.contains("articles_recent")), "{plan:?}");
    assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE")), "{plan:?}");
}

#[tokio::test]
async fn articles_are_suggested_by_the_words_of_a_ticket_and_its_answer() {
    let store = memory().await;
    let records = vec![
        Record::Article(Box::new(article(
            1,
            "VPN refusé",
            "Renouveler le certificat de la passerelle.",
        ))),
        Record::Article(Box::new(article(
            2,
            "Certificat de messagerie",
            "Le certificat expire chaque année.",
        ))),
        Record::Article(Box::new(article(
            3,
            "Imprimante bloquée",
            "Vider le bac, puis la passerelle d'impression.",
        ))),
    ];
    store.apply(&batch(records)).await.unwrap();
    let suggest = |texts: &[&str], limit| {
        let store = store.clone();
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        async move {
            let hits = store.suggest_articles(&texts, limit).await.unwrap();
            hits.iter().map(|hit| hit.id).collect::<Vec<_>>()
        }
    };
    assert_eq!(
        suggest(&["VPN impossible", "Réseau > VPN", "le certificat de la passerelle"], 5).await,
        [1, 2, 3],
        "the one with most of the words first; a word in the title counts more"
    );
    assert_eq!(suggest(&["VPN impossible", "", "certificat"], 1).await, [1]);
    assert_eq!(
        suggest(&["certificta"], 5).await,
        [2, 1],
        "a word nobody wrote is taken for its neighbour"
    );
    assert_eq!(suggest(&["", "le la les"], 5).await, [] as [i64; 0]);
}
