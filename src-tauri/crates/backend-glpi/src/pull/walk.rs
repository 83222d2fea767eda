//! Walking a long table newest first, in pages that survive the table changing meanwhile.
//!
//! The rows are ordered by descending number, so new ones only push the rest down (some are read twice). Removed ones pull
//! the rest up: each page therefore begins a few rows before the last one ended, and when even that does not meet a row
//! already read, the walk steps back.

use crate::{
    backend::GlpiBackend,
    client::{Failure, Listing},
    wire::Row,
};
use serde::{Deserialize, Serialize};

/// Where a walk stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Walk {
    /// Rows passed so far.
    pub(crate) offset: u64,
    /// The smallest number read so far.
    pub(crate) lowest: Option<i64>,
}

/// One step of a walk.
pub(crate) struct Step {
    /// Rows not read before.
    pub(crate) rows: Vec<Row>,
    /// Where the walk stands now.
    pub(crate) walk: Walk,
    /// The end was reached.
    pub(crate) done: bool,
    /// Rows in all, where the server tells.
    pub(crate) total: Option<u64>,
}

impl GlpiBackend {
    /// The next page of a table.
    pub(crate) async fn step(
        &self,
        table: &str,
        query: &[(&str, String)],
        walk: &Walk,
        page: u64,
    ) -> Result<Step, Failure> {
        let overlap = if walk.lowest.is_some() {
            u64::from(self.config.page_overlap).min(page / 2)
        } else {
            0
        };
        let start = walk.offset.saturating_sub(overlap);
        let listing: Listing = self.client.list(table, query, ("id", "DESC"), start, page).await?;
        let back = Walk {
            offset: walk.offset.saturating_sub(page),
            lowest: walk.lowest,
        };
        if listing.beyond_the_end {
            let done = walk.offset == 0;
            return Ok(Step {
                rows: Vec::new(),
                walk: back,
                done,
                total: None,
            });
        }
        let got = listing.rows.len() as u64;
        if let Some(lowest) = walk.lowest
            && start > 0
            && listing.rows.first().is_none_or(|first| first.id() < lowest)
        {
            // More rows went than the overlap holds: what moved up across the edge has not been read.
            return Ok(Step {
                rows: Vec::new(),
                walk: back,
                done: false,
                total: listing.total,
            });
        }
        let end = start + got;
        let done =
            got == 0 || listing.total.is_some_and(|total| end >= total) || (listing.total.is_none() && got < page);
        let lowest = listing.rows.iter().map(Row::id).chain(walk.lowest).min();
        let rows = listing
            .rows
            .into_iter()
            .filter(|row| walk.lowest.is_none_or(|lowest| row.id() < lowest))
            .collect();
        Ok(Step {
            rows,
            walk: Walk { offset: end, lowest },
            done,
            total: listing.total,
        })
    }
}
