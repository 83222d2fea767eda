//! Comparing complete lists of identities: the only way to notice a purge, a change of rights, or a row that a delta missed.
//!
//! What the mirror holds beyond the server's list is asked for one by one, so that a deletion is told from a change of
//! rights; what it lacks is fetched. Both in bounded portions, the rest in the next round.

use crate::{
    Engine, RoundReport, SyncError,
    engine::removal,
    gate::Pass,
    pull::{ReadingState, name},
    restored::{Earlier, Watched},
    status, time,
};
use futures::{StreamExt, stream};
use guichet_backend::{BackendError, Presence};
use guichet_domain::record::{Collection, Record};
use guichet_store::Batch;
use jiff::Timestamp;
use std::{collections::BTreeSet, sync::atomic::Ordering};

/// Identities looked at in one round, of each collection and direction.
const PORTION: usize = 200;

/// Collections whose identities the server lists.
const COMPARED: [Collection; 4] = [
    Collection::Tickets,
    Collection::Articles,
    Collection::People,
    Collection::Groups,
];

/// Where the comparison stands.
#[derive(Debug, Default)]
pub(crate) struct Reconciling {
    /// Not before this instant; `None`: as soon as the collections are complete.
    next_at: Option<Timestamp>,
    /// Tickets as they looked at the last comparison (or when reading began): what a restored server would have lost.
    pub(crate) watched: Vec<Watched>,
    /// Listed by the server, refused when asked for: not asked again in this pass.
    unfetchable: BTreeSet<(Collection, i64)>,
}

fn ascending(mut ids: Vec<i64>) -> Vec<i64> {
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What the first of two ascending lists has beyond the second.
fn beyond<'a>(ids: &'a [i64], others: &'a [i64]) -> impl Iterator<Item = i64> + 'a {
    let mut others = others.iter().copied().peekable();
    ids.iter().copied().filter(move |id| {
        while others.next_if(|other| other < id).is_some() {}
        others.peek() != Some(id)
    })
}

/// What asking for one record said.
enum Looked {
    Record(Box<Record>),
    Removal(guichet_domain::record::Removal),
    Nothing(i64),
}

impl Engine {
    /// Compares what is due.
    pub(crate) async fn reconcile(
        &self,
        round: Pass,
        reading: &mut ReadingState,
        report: &mut RoundReport,
    ) -> Result<(), SyncError> {
        let now = self.clock.now();
        if reading.reconciling.next_at.is_some_and(|at| now < at) {
            return Ok(());
        }
        let ready = |collection: &Collection| {
            let state = reading.state(*collection);
            state.complete && !status::unreadable(&state)
        };
        let collections: Vec<Collection> = COMPARED.into_iter().filter(ready).collect();
        if !collections.contains(&Collection::Tickets) {
            return Ok(());
        }
        let mut rest = false;
        for collection in collections {
            rest |= self.compare(collection, reading, report).await?;
            if self.closed_since(round) {
                // The gate closed: what is left is compared when it opens.
                return Ok(());
            }
            report.sent += self.drain(round).await?;
            if self.closed_since(round) {
                return Ok(());
            }
        }
        if rest {
            // The next round goes on at once with the next portion.
            self.wake_soon();
        } else {
            reading.reconciling.unfetchable.clear();
            reading.reconciling.next_at = Some(time::after(now, self.settings.reconcile_interval));
            reading.reconciling.watched = self.watch().await?;
        }
        Ok(())
    }

    /// Compares one collection; true when more than a portion differs.
    async fn compare(
        &self,
        collection: Collection,
        reading: &mut ReadingState,
        report: &mut RoundReport,
    ) -> Result<bool, SyncError> {
        let mirroring = self.mirroring.lock().await;
        // Sorted lists and not sets: a million identities are 8 MB each way, in nodes of a tree a multiple of it.
        let here = ascending(self.db(self.store.ids(collection)).await?);
        let pass = self.pass();
        let answer = self.backend.list_ids(collection).await;
        self.note(pass, &answer).await?;
        let there = match answer {
            Ok(ids) => ascending(ids),
            Err(error) => {
                tracing::debug!(?collection, %error, "identities not compared");
                return Ok(false);
            }
        };
        self.steps.reached("identities.read").await;
        if collection == Collection::Tickets {
            match self.earlier_state(&reading.reconciling.watched, &there).await {
                Ok(Earlier::No) => {}
                Ok(Earlier::Restored) => {
                    self.freeze().await?;
                    return Ok(false);
                }
                Ok(Earlier::Perhaps) => {
                    // Not enough to stop anybody's work for, enough to read everything again: what went back has an older date than
                    // the reading has passed.
                    drop(mirroring);
                    self.read_anew(reading).await?;
                    return Ok(false);
                }
                // The gate knows; the comparison is made when it opens.
                Err(SyncError::Backend(_)) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        let fetchable = |id: &i64| !reading.reconciling.unfetchable.contains(&(collection, *id));
        let missing: Vec<i64> = beyond(&there, &here).filter(fetchable).collect();
        let extra: Vec<i64> = beyond(&here, &there).filter(fetchable).collect();
        drop((here, there));
        let rest = missing.len() > PORTION || extra.len() > PORTION;
        let width = self.settings.concurrency.max(1);
        let mut looks = Vec::new();
        for id in missing.iter().take(PORTION) {
            looks.push(self.look_at(collection, *id, true));
        }
        for id in extra.iter().take(PORTION) {
            looks.push(self.look_at(collection, *id, false));
        }
        // In the order asked for, so that the same answers always make the same batch.
        let mut looked = stream::iter(looks).buffered(width);
        let mut batch = Batch::default();
        let mut failure = None;
        while let Some(answer) = looked.next().await {
            match answer {
                Ok(Looked::Record(record)) => batch.records.push(*record),
                Ok(Looked::Removal(removal)) => batch.removals.push(removal),
                Ok(Looked::Nothing(id)) => {
                    reading.reconciling.unfetchable.insert((collection, id));
                }
                Err(SyncError::Backend(error)) => {
                    tracing::debug!(?collection, %error, "comparison interrupted");
                    failure = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        drop(looked);
        let rows = (batch.records.len() + batch.removals.len()) as u64;
        if rows > 0 {
            self.mirrored.fetch_add(1, Ordering::SeqCst);
            let changes = self.db(self.store.apply(&batch)).await?;
            self.steps.reached("identities.applied").await;
            self.publish(changes);
            *report.applied.entry(name(collection)).or_default() += rows;
        }
        drop(mirroring);
        Ok(rest && failure.is_none())
    }

    /// Fetches what is missing, or asks how what is in excess left.
    async fn look_at(&self, collection: Collection, id: i64, missing: bool) -> Result<Looked, SyncError> {
        if !missing {
            let pass = self.pass();
            let answer = self.backend.presence(collection, id).await;
            self.note(pass, &answer).await?;
            match answer? {
                Presence::Left(departure) => {
                    return Ok(removal(collection, id, departure).map_or(Looked::Nothing(id), Looked::Removal));
                }
                // Listed a moment too late; it is read afresh.
                Presence::Visible => {}
            }
        }
        let pass = self.pass();
        let answer = if collection == Collection::Tickets {
            let bundle = self.backend.ticket(id.into()).await;
            bundle.map(|bundle| Record::Bundle(Box::new(bundle)))
        } else {
            self.backend.record(collection, id).await
        };
        self.note(pass, &answer).await?;
        match answer {
            Ok(record) => Ok(Looked::Record(Box::new(record))),
            Err(BackendError::NotFound | BackendError::Forbidden { .. } | BackendError::Unsupported { .. }) => {
                Ok(Looked::Nothing(id))
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::beyond;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn what_one_list_has_beyond_the_other_is_their_difference(
            one in prop::collection::btree_set(-50_i64..50, 0..60),
            other in prop::collection::btree_set(-50_i64..50, 0..60),
        ) {
            let list = |set: &BTreeSet<i64>| set.iter().copied().collect::<Vec<_>>();
            prop_assert_eq!(
                beyond(&list(&one), &list(&other)).collect::<Vec<_>>(),
                one.difference(&other).copied().collect::<Vec<_>>()
            );
        }
    }
}
