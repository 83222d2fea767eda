//! The store's answers about the audit log. What the store itself decides durably is written down in the same transaction, where it
//! is decided; what only the shell knows (what was shown, exported, changed in the settings) comes through [`Store::audit`].

use crate::{
    Store, StoreError, desk,
    view::{read_desk, write_desk},
};
use guichet_domain::audit::{Anchor, AuditEntry, AuditLine, Broken, Chain};
use sqlx::Connection;

/// Lines looked at at a time.
const PART: u32 = 1_000;

impl Store {
    /// Adds lines, durably, in their order.
    pub async fn audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        write_desk!(self, |connection| {
            for entry in entries {
                desk::audit::append(connection, entry).await?;
            }
        })
    }

    /// Lines after a number, in order, so many at most.
    pub async fn audit_after(&self, seq: u64, limit: u32) -> Result<Vec<AuditLine>, StoreError> {
        read_desk!(self, |connection| desk::audit::after(connection, seq, limit).await?)
    }

    /// The head of the log.
    pub async fn audit_head(&self) -> Result<Anchor, StoreError> {
        read_desk!(self, |connection| desk::audit::head(connection).await?)
    }

    /// Goes through the whole log, held against anchors; its head, or what is wrong first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify_audit(&self, anchors: Vec<Anchor>) -> Result<Result<Anchor, Broken>, StoreError> {
        let mut chain = Chain::begin(anchors);
        let mut last = 0;
        loop {
            let lines = self.audit_after(last, PART).await?;
            let Some(end) = lines.last() else {
                return Ok(chain.end());
            };
            last = end.seq;
            for line in &lines {
                if let Err(broken) = chain.next(line) {
                    return Ok(Err(broken));
                }
            }
        }
    }
}
