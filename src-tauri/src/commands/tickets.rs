//! Reading: lists, tickets, search, people, articles, equipment. All of it from the local databases.

use crate::{
    api::{ArticleUse, Catalogue, OpenedTicket},
    commands::{Answer, told},
    core::AppCore,
    error::AppError,
};
use guichet_domain::{
    ArticleId, TicketId, UserId,
    article::Article,
    asset::{Asset, AssetKey},
    catalogue::CatalogueKind,
    people::{Group, Person},
};
use guichet_store::{
    AroundNew, AroundTicket, ArticleCategory, ArticleList, ArticleQuery, Hit, NewTicketWords, PersonCard, PlaceHit,
    PlaceLevel, PlaceQuery, SearchQuery, SearchResults, TicketList, TicketQuery, TicketView,
};
use tauri::State;

/// A page of a list. "Mine" means the signed-in account unless the query names somebody.
#[tauri::command]
#[specta::specta]
pub async fn list_tickets(core: State<'_, AppCore>, query: TicketQuery) -> Answer<TicketList> {
    let result = async {
        let desk = core.desk().await?;
        Ok::<_, AppError>(desk.store.list_tickets(&desk.with_me(&query).await).await?)
    };
    let result = result.await;
    told(&core, result).await
}

/// One ticket with everything its screen needs.
#[tauri::command]
#[specta::specta]
pub async fn ticket(core: State<'_, AppCore>, id: TicketId) -> Answer<Option<TicketView>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.ticket(id).await?) }.await;
    told(&core, result).await
}

/// A ticket as it is opened: what its screen shows, what lies around it, what is being typed on it.
#[tauri::command]
#[specta::specta]
pub async fn open_ticket(core: State<'_, AppCore>, id: TicketId) -> Answer<Option<OpenedTicket>> {
    let result = async { core.desk().await?.open_ticket(id).await }.await;
    told(&core, result).await
}

/// Fetches one ticket from the server now, then reads it.
#[tauri::command]
#[specta::specta]
pub async fn refresh_ticket(core: State<'_, AppCore>, id: TicketId) -> Answer<Option<TicketView>> {
    let result = async {
        let desk = core.desk().await?;
        desk.require_session().await?.engine.refresh_ticket(id).await?;
        Ok::<_, AppError>(desk.store.ticket(id).await?)
    };
    let result = result.await;
    told(&core, result).await
}

/// The tickets around one: its requester's others and those of the same equipment.
#[tauri::command]
#[specta::specta]
pub async fn around_ticket(
    core: State<'_, AppCore>,
    id: TicketId,
    requester: Option<UserId>,
    assets: Vec<AssetKey>,
) -> Answer<AroundTicket> {
    let result = async {
        let desk = core.desk().await?;
        Ok::<_, AppError>(desk.store.around_ticket(id, requester, &assets).await?)
    };
    let result = result.await;
    told(&core, result).await
}

/// What may be repeated by a ticket being written, and the category its words suggest.
#[tauri::command]
#[specta::specta]
pub async fn around_new_ticket(core: State<'_, AppCore>, written: NewTicketWords) -> Answer<AroundNew> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.around_new_ticket(&written).await?) }.await;
    told(&core, result).await
}

/// Searches everything.
#[tauri::command]
#[specta::specta]
pub async fn search(core: State<'_, AppCore>, query: SearchQuery) -> Answer<SearchResults> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.search(&query).await?) }.await;
    told(&core, result).await
}

/// Articles that may help with what these texts are about, the likeliest first.
#[tauri::command]
#[specta::specta]
pub async fn suggest_articles(core: State<'_, AppCore>, texts: Vec<String>, limit: u32) -> Answer<Vec<Hit>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.suggest_articles(&texts, limit).await?) }.await;
    told(&core, result).await
}

/// Articles read and used at this desk, read last first.
#[tauri::command]
#[specta::specta]
pub async fn article_uses(core: State<'_, AppCore>) -> Answer<Vec<ArticleUse>> {
    let result = async { core.desk().await?.article_uses().await }.await;
    told(&core, result).await
}

/// An article was opened, or went into an answer or onto a ticket; answers as [`article_uses`].
#[tauri::command]
#[specta::specta]
pub async fn note_article(
    core: State<'_, AppCore>,
    id: ArticleId,
    title: String,
    used: bool,
) -> Answer<Vec<ArticleUse>> {
    let result = async { core.desk().await?.note_article(id, &title, used).await }.await;
    told(&core, result).await
}

/// A person's card.
#[tauri::command]
#[specta::specta]
pub async fn person(core: State<'_, AppCore>, id: UserId) -> Answer<Option<PersonCard>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.person(id).await?) }.await;
    told(&core, result).await
}

/// People whose name, login, mail or phone begins with the words typed.
#[tauri::command]
#[specta::specta]
pub async fn find_people(core: State<'_, AppCore>, words: String, limit: u32) -> Answer<Vec<Person>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.find_people(&words, limit).await?) }.await;
    told(&core, result).await
}

/// A slice of the map of places: what is directly in a place, at a person, or at the top.
#[tauri::command]
#[specta::specta]
pub async fn places(core: State<'_, AppCore>, query: PlaceQuery) -> Answer<PlaceLevel> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.places(&query).await?) }.await;
    told(&core, result).await
}

/// Places, people and equipment that answer to the words, with the way to each in the map of places.
#[tauri::command]
#[specta::specta]
pub async fn find_in_places(core: State<'_, AppCore>, words: String, limit: u32) -> Answer<Vec<PlaceHit>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.find_in_places(&words, limit).await?) }.await;
    told(&core, result).await
}

/// Groups, by full name.
#[tauri::command]
#[specta::specta]
pub async fn groups(core: State<'_, AppCore>) -> Answer<Vec<Group>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.groups().await?) }.await;
    told(&core, result).await
}

/// One of the backend's lists.
#[tauri::command]
#[specta::specta]
pub async fn catalogue(core: State<'_, AppCore>, kind: CatalogueKind) -> Answer<Catalogue> {
    let result = async {
        let (items, availability) = core.desk().await?.store.catalogue(kind).await?;
        Ok::<_, AppError>(Catalogue { items, availability })
    };
    let result = result.await;
    told(&core, result).await
}

/// A slice of the knowledge base, newest first.
#[tauri::command]
#[specta::specta]
pub async fn list_articles(core: State<'_, AppCore>, query: ArticleQuery) -> Answer<ArticleList> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.list_articles(&query).await?) }.await;
    told(&core, result).await
}

/// The categories of the knowledge base that hold something.
#[tauri::command]
#[specta::specta]
pub async fn article_categories(core: State<'_, AppCore>) -> Answer<Vec<ArticleCategory>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.article_categories().await?) }.await;
    told(&core, result).await
}

/// An article.
#[tauri::command]
#[specta::specta]
pub async fn article(core: State<'_, AppCore>, id: ArticleId) -> Answer<Option<Article>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.article(id).await?) }.await;
    told(&core, result).await
}

/// A piece of equipment.
#[tauri::command]
#[specta::specta]
pub async fn asset(core: State<'_, AppCore>, key: AssetKey) -> Answer<Option<Asset>> {
    let result = async { Ok::<_, AppError>(core.desk().await?.store.asset(&key).await?) }.await;
    told(&core, result).await
}
