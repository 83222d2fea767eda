//! Equipment: one table a type, those of GLPI's core and those its administrators defined (11.0). A type the account may not
//! list is left out; when none may be listed, the collection says so.
//!
//! A purge leaves no trace and nobody compares identities for equipment: the cursor keeps the numbers read (as ranges, which
//! are short) and compares them itself, at a slow pace.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    pull::{fingerprint, is_due, read_cursor, resting_page, walk::Walk, write_cursor},
    wire::Row,
};
use guichet_backend::{BackendError, Cursor, Page};
use guichet_domain::{
    asset::AssetKey,
    catalogue::Availability,
    record::{Departure, Record, RecordKey, Removal},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The core's types, with the field that points to their model.
const CORE: [(&str, &str); 6] = [
    ("Computer", "computermodels_id"),
    ("Monitor", "monitormodels_id"),
    ("Printer", "printermodels_id"),
    ("Phone", "phonemodels_id"),
    ("NetworkEquipment", "networkequipmentmodels_id"),
    ("Peripheral", "peripheralmodels_id"),
];

/// How many looks for changes pass between two comparisons of identities.
const LOOKS_PER_COMPARISON: u32 = 6;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Which type is being read; past the last one, all have been.
    kind: usize,
    walk: Walk,
    kinds: BTreeMap<String, Kind>,
    looked: Option<i64>,
    looks: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kind {
    /// Newest change when reading began.
    watermark: Option<i64>,
    seen: BTreeMap<i64, String>,
    /// Numbers read, as ranges with both ends included.
    ids: Vec<(i64, i64)>,
    refused: bool,
}

impl GlpiBackend {
    pub(crate) async fn pull_assets(&self, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        let position: Position = read_cursor(cursor);
        let kinds = self.asset_kinds().await?;
        if position.kind < kinds.len() {
            self.all_assets(position, &kinds).await
        } else {
            self.changed_assets(position, &kinds).await
        }
        .map_err(BackendError::from)
    }

    pub(crate) async fn asset_kinds(&self) -> Result<Vec<(String, &'static str)>, BackendError> {
        let facts = self.facts().await?;
        let core = CORE.iter().map(|(kind, model)| ((*kind).to_owned(), *model));
        let custom = facts
            .custom_assets
            .iter()
            .map(|kind| (kind.clone(), "assets_assetmodels_id"));
        Ok(core.chain(custom).collect())
    }

    async fn all_assets(&self, mut position: Position, kinds: &[(String, &'static str)]) -> Result<Page, Failure> {
        let (kind, model) = &kinds[position.kind.min(kinds.len() - 1)];
        let mut state = position.kinds.get(kind).cloned().unwrap_or_default();
        let (mut records, mut progress) = (Vec::new(), None);
        match self.assets_step(kind, model, &mut state, &position.walk).await {
            Ok(step) => {
                let facts = self.facts().await?;
                let reader = self.reader(&facts);
                records = step
                    .rows
                    .iter()
                    .filter(|row| !row.flag("is_template"))
                    .map(|row| Record::Asset(Box::new(reader.asset(row, kind, model))))
                    .collect();
                let mut ids = expand(&state.ids);
                ids.extend(step.rows.iter().filter(|row| !row.flag("is_template")).map(Row::id));
                state.ids = ranges(&ids);
                let total = step.total.unwrap_or(step.walk.offset).max(step.walk.offset);
                progress = Some((step.walk.offset.min(total), total));
                position.walk = step.walk;
                if step.done {
                    position.kind += 1;
                    position.walk = Walk::default();
                }
            }
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() || refusal.is_unknown_type() => {
                state.refused = true;
                position.kind += 1;
                position.walk = Walk::default();
            }
            Err(other) => return Err(other),
        }
        position.kinds.insert(kind.clone(), state);
        let complete = position.kind >= kinds.len();
        if complete {
            position.looked = Some(self.client.now().as_second());
        }
        let availability = availability(&position);
        Ok(Page {
            records,
            removals: Vec::new(),
            cursor: write_cursor(&position),
            more: !complete,
            complete,
            progress,
            availability,
            asked: true,
        })
    }

    async fn assets_step(
        &self,
        kind: &str,
        model: &str,
        state: &mut Kind,
        walk: &Walk,
    ) -> Result<crate::pull::walk::Step, Failure> {
        if state.watermark.is_none() {
            state.watermark = Some(self.newest_change(kind).await?);
        }
        self.step(kind, &names(model), walk, u64::from(self.config.ticket_page))
            .await
    }

    async fn changed_assets(&self, mut position: Position, kinds: &[(String, &'static str)]) -> Result<Page, Failure> {
        let now = self.client.now();
        if !is_due(position.looked, now, self.config.slow_interval) {
            return Ok(resting_page(&position, availability(&position)));
        }
        let facts = self.facts().await?;
        let reader = self.reader(&facts);
        position.looks += 1;
        let compare = position.looks.is_multiple_of(LOOKS_PER_COMPARISON);
        let (mut records, mut removals) = (Vec::new(), Vec::new());
        for (kind, model) in kinds {
            let mut state = position.kinds.get(kind).cloned().unwrap_or_default();
            // A refused type is asked again now and then: rights are given.
            if state.refused && !compare {
                continue;
            }
            let known = state.watermark.unwrap_or(0);
            let changes = match self.changed_rows(kind, &names(model), known, &facts.zone).await {
                Ok(changes) => changes,
                Err(Failure::Refused(refusal)) if refusal.is_forbidden() || refusal.is_unknown_type() => continue,
                Err(other) => return Err(other),
            };
            state.refused = false;
            let mut ids = expand(&state.ids);
            let mut seen = BTreeMap::new();
            for row in changes.rows.iter().filter(|row| !row.flag("is_template")) {
                let stamp = row
                    .str("date_mod")
                    .and_then(|naive| facts.zone.earliest(naive))
                    .map(Timestamp::as_second);
                state.watermark = state.watermark.max(stamp);
                let print = fingerprint(&row.0);
                if state.seen.get(&row.id()) != Some(&print) {
                    records.push(Record::Asset(Box::new(reader.asset(row, kind, model))));
                }
                ids.insert(row.id());
                seen.insert(row.id(), print);
            }
            state.watermark = state.watermark.map(|newest| changes.watermark(newest));
            state.seen = seen;
            if compare {
                let there: BTreeSet<i64> = self
                    .all_ids(kind)
                    .await
                    .map_err(Failure::Backend)?
                    .into_iter()
                    .collect();
                let left: Vec<i64> = ids.difference(&there).copied().collect();
                for id in left {
                    let departure = match self.client.item(kind, id).await {
                        Ok((row, _)) if row.flag("is_deleted") => Departure::Binned,
                        Ok(_) => continue,
                        Err(Failure::Refused(refusal)) if refusal.is_missing() => Departure::Purged,
                        Err(Failure::Refused(refusal)) if refusal.is_forbidden() => Departure::Hidden,
                        Err(other) => return Err(other),
                    };
                    ids.remove(&id);
                    removals.push(Removal {
                        key: RecordKey::Asset(AssetKey { kind: kind.clone(), id }),
                        departure,
                    });
                }
            }
            state.ids = ranges(&ids);
            position.kinds.insert(kind.clone(), state);
        }
        position.looked = Some(now.as_second());
        let availability = availability(&position);
        Ok(Page {
            records,
            removals,
            cursor: write_cursor(&position),
            more: false,
            complete: true,
            progress: None,
            availability,
            asked: true,
        })
    }
}

fn availability(position: &Position) -> Availability {
    let all_refused = !position.kinds.is_empty() && position.kinds.values().all(|kind| kind.refused);
    if all_refused {
        Availability::Forbidden
    } else {
        Availability::Available
    }
}

/// Names that equipment shows and that have no list of their own here.
fn names(model: &str) -> Vec<(&'static str, String)> {
    ["manufacturers_id", "states_id", "locations_id", model]
        .into_iter()
        .map(|field| ("add_keys_names[]", field.to_owned()))
        .collect()
}

fn expand(ranges: &[(i64, i64)]) -> BTreeSet<i64> {
    ranges.iter().flat_map(|(first, last)| *first..=*last).collect()
}

fn ranges(ids: &BTreeSet<i64>) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for id in ids {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *id => *last = *id,
            _ => ranges.push((*id, *id)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_being_kept_as_ranges() {
        let ids: BTreeSet<i64> = [1, 2, 3, 7, 9, 10].into_iter().collect();
        assert_eq!(ranges(&ids), [(1, 3), (7, 7), (9, 10)]);
        assert_eq!(expand(&ranges(&ids)), ids);
        assert!(ranges(&BTreeSet::new()).is_empty());
    }
}
