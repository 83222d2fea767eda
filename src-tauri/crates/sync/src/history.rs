//! The tickets' history: read last in a round, as nothing on a screen waits for it, and no round is less complete without.

use crate::{Engine, RoundReport, SyncError, gate::Pass, pull::ReadingState, time};
use guichet_backend::{Cursor, Retry};
use guichet_domain::{TicketId, catalogue::Availability};
use guichet_store::{ChangeSet, CollectionState};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// How far back a first reading goes: the thirteen months that a figure is shown over, and one for tickets that were opened
/// before them.
const HORIZON_DAYS: i64 = 14 * 31;

/// Above so many tickets none is named as changed: everything may be.
const NAMED: usize = 500;

/// Pages of one round. A first reading of a large server goes on in the rounds after it.
const PAGES: u32 = 20;

impl Engine {
    /// Reads what is new in the history, a bounded number of pages, when it is due. Never fails for the server: an account
    /// that may not read it is remembered as such.
    pub(crate) async fn read_history(
        &self,
        round: Pass,
        reading: &mut ReadingState,
        report: &mut RoundReport,
    ) -> Result<(), SyncError> {
        let now = self.clock.now();
        let due = reading
            .history_read_at
            .is_none_or(|at| now >= time::after(at, self.settings.reconcile_interval));
        if !due {
            return Ok(());
        }
        let horizon = now
            .checked_sub(SignedDuration::from_hours(24 * HORIZON_DAYS))
            .unwrap_or(Timestamp::MIN);
        for _ in 0..PAGES {
            let before = self.db(self.store.history_state()).await?;
            let cursor = before.as_ref().and_then(|state| state.cursor.clone()).map(Cursor);
            let pass = self.pass();
            let answer = self.backend.history(cursor.as_ref(), horizon).await;
            if answer.as_ref().map_or(true, |page| page.asked) {
                self.note(pass, &answer).await?;
            }
            self.steps.reached("history.read").await;
            let page = match answer {
                Ok(page) => page,
                Err(error) => {
                    if error.retry() == Retry::Permanent {
                        tracing::warn!(%error, "the history cannot be read");
                        reading.history_read_at = Some(now);
                    }
                    return Ok(());
                }
            };
            let state = CollectionState {
                cursor: Some(page.cursor.0),
                // What was read to its end once has gaps no more, unless the right was taken away meanwhile.
                complete: page.complete || before.as_ref().is_some_and(|state| state.complete),
                progress: None,
                availability: page.availability,
            };
            let stood_still = page.changes.is_empty() && before.as_ref() == Some(&state);
            if !stood_still {
                self.db(self.store.apply_history(&page.changes, &state)).await?;
                self.steps.reached("history.applied").await;
                // Waits and assignments are dated by it: a ticket's next target may be another one now.
                let mut tickets: BTreeSet<TicketId> = page.changes.iter().map(|change| change.ticket).collect();
                let lists = tickets.len() > NAMED;
                if lists {
                    tickets.clear();
                }
                self.publish(ChangeSet {
                    tickets,
                    lists,
                    ..ChangeSet::default()
                });
            }
            let lines = page.changes.len() as u64;
            if lines > 0 {
                *report.applied.entry("ticket_history".to_owned()).or_default() += lines;
            }
            if !page.more || stood_still || page.availability != Availability::Available {
                reading.history_read_at = Some(now);
                return Ok(());
            }
            // Somebody's words come first.
            if self.gate_is_open() {
                report.sent += self.drain(round).await?;
            }
            if self.closed_since(round) {
                return Ok(());
            }
        }
        Ok(())
    }
}
