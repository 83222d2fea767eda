//! The store's answers about hot transfers.

use crate::{
    ChangeSet, KeptTransfer, Store, StoreError, Submission, desk,
    view::{read_desk, write_desk},
};
use guichet_domain::{OperationId, operation::Operation};
use jiff::Timestamp;
use sqlx::Connection;
use std::time::Duration;

impl Store {
    /// Keeps a transfer as it is now and gives the lines of its trace that are new to the outbox, on its ticket's lane: all of it in
    /// one durable transaction.
    ///
    /// # Errors
    /// As [`Store::submit`]: the ticket may be unknown or given up. Nothing is kept then.
    pub async fn keep_transfer(
        &self,
        kept: &KeptTransfer,
        operations: Vec<(OperationId, Operation)>,
        now: Timestamp,
    ) -> Result<ChangeSet, StoreError> {
        let lane = kept.transfer.briefing.ticket.filter(|_| !operations.is_empty());
        let known = match lane {
            Some(lane) => self.is_known(lane).await?,
            None => true,
        };
        let submission = Submission {
            lane,
            operations,
            draft: None,
            hold: Duration::ZERO,
        };
        write_desk!(self, |connection| {
            if lane.is_some() {
                let (lane, _) = desk::outbox::submit(connection, &submission, known, now).await?;
                self.mark_stale([lane.0]);
            }
            desk::transfers::keep(connection, kept).await?;
        })?;
        if lane.is_none() {
            return Ok(ChangeSet::default());
        }
        let mut changes = self.refresh_stale().await?;
        changes.outbox = true;
        Ok(changes)
    }

    /// Transfers that are not over, and those that are while the wrap-up of their call is not done; oldest first.
    pub async fn told_transfers(&self, now: Timestamp) -> Result<Vec<KeptTransfer>, StoreError> {
        read_desk!(self, |connection| desk::transfers::told(connection, now).await?)
    }

    /// Every transfer of this desk, newest first, so many at most.
    pub async fn transfers(&self, limit: u32) -> Result<Vec<KeptTransfer>, StoreError> {
        read_desk!(self, |connection| desk::transfers::all(connection, limit).await?)
    }

    /// One transfer.
    pub async fn transfer(&self, id: OperationId) -> Result<Option<KeptTransfer>, StoreError> {
        read_desk!(self, |connection| desk::transfers::one(connection, id).await?)
    }
}
