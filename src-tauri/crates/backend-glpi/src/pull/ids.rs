//! Identities, presence, and single records: what the comparison of complete lists needs.

use crate::{
    backend::GlpiBackend,
    bundle::Fetched,
    client::Failure,
    wire::{Generation, Row},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use guichet_backend::{BackendError, Delivery, Presence};
use guichet_domain::{
    TicketId,
    record::{Collection, Departure, Record},
};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Identities asked for at once: 21,000 come in 0.15 s and 264 KB, and take some 13 MB while they are read; a hundred thousand
/// would be no faster and take 63 MB, every few minutes.
const ID_PAGE: u64 = 20_000;
/// Rows read again between two pages of identities.
const ID_OVERLAP: u64 = 100;
/// How long an article of 10.0 is believed visible, or not.
const VISIBILITY_S: i64 = 3600;
/// Articles of 10.0 whose visibility is checked again in one go.
const CHECKED_AT_ONCE: usize = 200;

/// Which articles of 10.0 the account may really see, as its list gives them all.
#[derive(Debug, Default)]
pub(crate) struct Visible(BTreeMap<i64, (bool, Timestamp)>);

impl Visible {
    /// Remembers what a read of the article itself showed.
    pub(crate) fn note(&mut self, id: i64, visible: bool, at: Timestamp) {
        self.0.insert(id, (visible, at));
    }

    /// The visible ones among these, and those that should be checked again, longest unchecked first.
    fn sort(&self, ids: &[i64], now: Timestamp) -> (BTreeSet<i64>, Vec<i64>) {
        let mut visible = BTreeSet::new();
        let mut due: Vec<(Option<Timestamp>, i64)> = Vec::new();
        for id in ids {
            match self.0.get(id) {
                Some((seen, at)) => {
                    if *seen {
                        visible.insert(*id);
                    }
                    if (now.as_second() - at.as_second()).abs() >= VISIBILITY_S {
                        due.push((Some(*at), *id));
                    }
                }
                None => due.push((None, *id)),
            }
        }
        due.sort();
        (visible, due.into_iter().map(|(_, id)| id).collect())
    }
}

fn table(collection: Collection) -> Result<&'static str, BackendError> {
    match collection {
        Collection::Tickets => Ok("Ticket"),
        Collection::Articles => Ok("KnowbaseItem"),
        Collection::People => Ok("User"),
        Collection::Groups => Ok("Group"),
        Collection::Catalogue(kind) => Ok(super::catalogues::table(kind)),
        Collection::TicketDetails => Err(BackendError::Unsupported {
            what: "identities of ticket details",
        }),
        Collection::Assets => Err(BackendError::Unsupported {
            what: "identities of equipment",
        }),
    }
}

impl GlpiBackend {
    pub(crate) async fn identities(&self, collection: Collection) -> Result<Vec<i64>, BackendError> {
        let facts = self.facts().await?;
        let ids = self.all_ids(table(collection)?).await?;
        if collection == Collection::Articles && facts.generation == Generation::Ten {
            return self.really_visible(ids).await.map_err(BackendError::from);
        }
        Ok(ids)
    }

    /// Every number of a table, ascending. A list that contradicts its own total is an error: what is missing from it would
    /// be taken for deleted.
    pub(crate) async fn all_ids(&self, table: &str) -> Result<Vec<i64>, BackendError> {
        let mut ids: Vec<i64> = Vec::new();
        let mut start = 0;
        loop {
            let query = [("only_id", "true".to_owned())];
            let listing = self.client.list(table, &query, ("id", "ASC"), start, ID_PAGE).await?;
            let got = listing.rows.len() as u64;
            let expected = listing
                .total
                .map_or(got, |total| total.saturating_sub(start).min(ID_PAGE));
            if got != expected {
                return Err(BackendError::Protocol {
                    delivery: Delivery::NotSent,
                    message: format!("{table}: {got} identities where {expected} were announced"),
                });
            }
            ids.extend(listing.rows.iter().map(Row::id));
            let end = start + got;
            if got < ID_PAGE || listing.total.is_some_and(|total| end >= total) {
                ids.sort_unstable();
                ids.dedup();
                return Ok(ids);
            }
            start = end - ID_OVERLAP;
        }
    }

    /// 10.0 lists every article, also those whose own GET is refused: those are asked one by one, a bounded number at a
    /// time, and remembered.
    async fn really_visible(&self, ids: Vec<i64>) -> Result<Vec<i64>, Failure> {
        let now = self.client.now();
        let (mut visible, due) = self.visible.lock().await.sort(&ids, now);
        let checked: Vec<(i64, bool)> = stream::iter(due.iter().copied().take(CHECKED_AT_ONCE))
            .map(|id| async move {
                let there = self.optional_item("KnowbaseItem", id).await?.is_some();
                Ok::<_, Failure>((id, there))
            })
            .buffered(self.config.concurrency.max(1))
            .try_collect()
            .await?;
        let mut known = self.visible.lock().await;
        for (id, there) in checked {
            known.note(id, there, now);
            if there {
                visible.insert(id);
            } else {
                visible.remove(&id);
            }
        }
        // Not checked yet for want of time: believed, so that nothing is taken for deleted.
        visible.extend(
            due.into_iter()
                .skip(CHECKED_AT_ONCE)
                .filter(|id| !known.0.contains_key(id)),
        );
        Ok(visible.into_iter().collect())
    }

    pub(crate) async fn is_there(&self, collection: Collection, id: i64) -> Result<Presence, BackendError> {
        self.facts().await?;
        match self.client.item(table(collection)?, id).await {
            Ok((row, _)) if row.flag("is_deleted") => Ok(Presence::Left(Departure::Binned)),
            Ok(_) => Ok(Presence::Visible),
            // Only GLPI's own words count: a proxy's 404 or 403 is not JSON and is an error.
            Err(Failure::Refused(refusal)) if refusal.is_missing() => Ok(Presence::Left(Departure::Purged)),
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() => Ok(Presence::Left(Departure::Hidden)),
            Err(other) => Err(other.into()),
        }
    }

    pub(crate) async fn one_record(&self, collection: Collection, id: i64) -> Result<Record, BackendError> {
        let facts = self.facts().await?;
        match collection {
            Collection::Tickets => match self.fetch_ticket(TicketId(id)).await? {
                Fetched::Bundle(bundle) => Ok(Record::Bundle(bundle)),
                Fetched::Binned | Fetched::Purged => Err(BackendError::NotFound),
                Fetched::Hidden => Err(BackendError::Forbidden {
                    message: format!("ticket {id} is not visible"),
                }),
            },
            Collection::People => {
                let (row, _) = self.client.item_with("User", id, &super::people::expanded()).await?;
                let crowd = self.crowd_of(id).await?;
                let vip = self.vip_groups().await?;
                Ok(Record::Person(Box::new(self.person(&row, &crowd, &vip, &facts))))
            }
            Collection::Groups => {
                let (row, _) = self.client.item("Group", id).await?;
                let vip = self.vip_groups().await?;
                Ok(Record::Group(self.reader(&facts).group(&row, vip.contains(&id))))
            }
            Collection::Articles => {
                let (row, _) = self.client.item("KnowbaseItem", id).await?;
                Ok(Record::Article(Box::new(self.reader(&facts).article(&row))))
            }
            Collection::Catalogue(kind) => {
                let (row, _) = self.client.item(table(collection)?, id).await?;
                Ok(Record::Catalogue(self.reader(&facts).catalogue_item(&row, kind)))
            }
            Collection::TicketDetails | Collection::Assets => Err(BackendError::Unsupported {
                what: "single records of this collection",
            }),
        }
    }
}
