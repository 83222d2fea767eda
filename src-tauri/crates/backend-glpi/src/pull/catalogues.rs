//! GLPI's lists, read whole: they are small. Nothing comes again while nothing changed; a refused list says so, and its
//! names come by expansion from the tickets.

use crate::{
    backend::GlpiBackend,
    client::Failure,
    pull::{empty_page, fingerprint, is_due, read_cursor, resting_page, write_cursor},
    wire::Row,
};
use guichet_backend::{BackendError, Cursor, Page};
use guichet_domain::{
    GroupId,
    catalogue::{Availability, CatalogueKind},
    record::{Departure, Record, RecordKey, Removal},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// When it was last read (epoch seconds, our clock).
    read: Option<i64>,
    /// Fingerprint of what was read.
    print: String,
    /// Numbers of the rows there were.
    ids: BTreeSet<i64>,
    /// It was refused.
    refused: bool,
}

/// GLPI's table of a list.
pub(crate) fn table(kind: CatalogueKind) -> &'static str {
    match kind {
        CatalogueKind::Entity => "Entity",
        CatalogueKind::Category => "ITILCategory",
        CatalogueKind::Location => "Location",
        CatalogueKind::Channel => "RequestType",
        CatalogueKind::FollowupTemplate => "ITILFollowupTemplate",
        CatalogueKind::TaskTemplate => "TaskTemplate",
        CatalogueKind::SolutionTemplate => "SolutionTemplate",
        CatalogueKind::SolutionType => "SolutionType",
        CatalogueKind::Sla => "SLA",
        CatalogueKind::UserCategory => "UserCategory",
        CatalogueKind::ArticleCategory => "KnowbaseItemCategory",
    }
}

impl GlpiBackend {
    pub(crate) async fn pull_catalogue(
        &self,
        kind: CatalogueKind,
        cursor: Option<&Cursor>,
    ) -> Result<Page, BackendError> {
        let mut position: Position = read_cursor(cursor);
        let now = self.client.now();
        let availability = |refused: bool| {
            if refused {
                Availability::Forbidden
            } else {
                Availability::Available
            }
        };
        if !is_due(position.read, now, self.config.slow_interval) {
            if position.refused {
                self.names.refuse(kind);
            }
            return Ok(resting_page(&position, availability(position.refused)));
        }
        let facts = self.facts().await?;
        let rows = match self
            .client
            .all(table(kind), &[], u64::from(self.config.detail_page))
            .await
        {
            Ok(rows) => rows,
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() => {
                self.names.refuse(kind);
                position = Position {
                    read: Some(now.as_second()),
                    refused: true,
                    ..Position::default()
                };
                return Ok(empty_page(&position, Availability::Forbidden));
            }
            Err(Failure::Refused(refusal)) if refusal.is_unknown_type() => {
                position.read = Some(now.as_second());
                return Ok(empty_page(&position, Availability::Unsupported));
            }
            Err(other) => return Err(other.into()),
        };
        self.names.allow(kind);
        let reader = self.reader(&facts);
        let items: Vec<_> = rows.iter().map(|row| reader.catalogue_item(row, kind)).collect();
        for item in &items {
            self.names.learn(kind, item.id, Some(item.full_name.clone()));
        }
        let (print, ids) = (
            fingerprint(&items),
            items.iter().map(|item| item.id).collect::<BTreeSet<_>>(),
        );
        let changed = position.print != print || position.refused;
        let removals = departed(&position.ids, &ids, |id| RecordKey::Catalogue(kind, id));
        let total = items.len() as u64;
        position = Position {
            read: Some(now.as_second()),
            print,
            ids,
            refused: false,
        };
        Ok(Page {
            records: if changed {
                items.into_iter().map(Record::Catalogue).collect()
            } else {
                Vec::new()
            },
            removals,
            cursor: write_cursor(&position),
            more: false,
            complete: true,
            progress: Some((total, total)),
            availability: Availability::Available,
            asked: true,
        })
    }

    pub(crate) async fn pull_groups(&self, cursor: Option<&Cursor>) -> Result<Page, BackendError> {
        let mut position: Position = read_cursor(cursor);
        let now = self.client.now();
        if !is_due(position.read, now, self.config.slow_interval) {
            let availability = if position.refused {
                Availability::Forbidden
            } else {
                Availability::Available
            };
            return Ok(resting_page(&position, availability));
        }
        let facts = self.facts().await?;
        let rows: Vec<Row> = match self.client.all("Group", &[], u64::from(self.config.detail_page)).await {
            Ok(rows) => rows,
            Err(Failure::Refused(refusal)) if refusal.is_forbidden() => {
                position = Position {
                    read: Some(now.as_second()),
                    refused: true,
                    ..Position::default()
                };
                return Ok(empty_page(&position, Availability::Forbidden));
            }
            Err(other) => return Err(other.into()),
        };
        let vip = self.vip_groups().await?;
        let reader = self.reader(&facts);
        let groups: Vec<_> = rows
            .iter()
            .map(|row| reader.group(row, vip.contains(&row.id())))
            .collect();
        let (print, ids) = (
            fingerprint(&groups),
            groups.iter().map(|group| group.id.0).collect::<BTreeSet<_>>(),
        );
        let changed = position.print != print;
        let removals = departed(&position.ids, &ids, |id| RecordKey::Group(GroupId(id)));
        let total = groups.len() as u64;
        position = Position {
            read: Some(now.as_second()),
            print,
            ids,
            refused: false,
        };
        Ok(Page {
            records: if changed {
                groups.into_iter().map(Record::Group).collect()
            } else {
                Vec::new()
            },
            removals,
            cursor: write_cursor(&position),
            more: false,
            complete: true,
            progress: Some((total, total)),
            availability: Availability::Available,
            asked: true,
        })
    }
}

fn departed(before: &BTreeSet<i64>, now: &BTreeSet<i64>, key: impl Fn(i64) -> RecordKey) -> Vec<Removal> {
    before
        .difference(now)
        .map(|id| Removal {
            key: key(*id),
            departure: Departure::Purged,
        })
        .collect()
}
