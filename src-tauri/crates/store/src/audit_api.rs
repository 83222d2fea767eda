//! The store's answers about the audit log. What the store itself decides durably is written down in the same transaction, where it
//! is decided; what only the shell knows (what was shown, exported, changed in the settings) comes through [`Store::audit`].

use crate::{
    Purge, Purged, Store, StoreError, desk,
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

    /// Where the log begins, when it was shortened: behind the line that a line still there names.
    async fn audit_cut(&self) -> Result<Option<Anchor>, StoreError> {
        read_desk!(self, |connection| desk::audit::cut(connection).await?)
    }

    /// Deletes what is over and older than the instants given, durably, each kind with its line in the audit log.
    pub async fn purge(&self, purge: &Purge) -> Result<Vec<Purged>, StoreError> {
        let purged = write_desk!(self, |connection| desk::retention::purge(connection, purge).await?)?;
        if !purged.is_empty() {
            self.forget_former_pages().await;
        }
        Ok(purged)
    }

    /// What [`Self::purge`] would delete.
    pub async fn would_purge(&self, purge: &Purge) -> Result<Vec<Purged>, StoreError> {
        read_desk!(self, |connection| {
            desk::retention::would_purge(connection, purge).await?
        })
    }

    /// What was deleted leaves the file too: free pages are given up and the log of former pages is emptied. That they stay a while
    /// longer (somebody reads) is no failure of the purge: without the key they say nothing.
    async fn forget_former_pages(&self) {
        let emptied = async {
            let mut writer = self.inner.desk.writer().await?;
            let connection: &mut sqlx::SqliteConnection = &mut writer;
            sqlx::raw_sql("VACUUM").execute(&mut *connection).await?;
            sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                .execute(connection)
                .await?;
            Ok::<_, StoreError>(())
        };
        if let Err(error) = emptied.await {
            tracing::warn!(%error, "what was purged may stay in the file for a while, encrypted");
        }
    }

    /// Goes through the whole log, held against anchors; its head, or what is wrong first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify_audit(&self, anchors: Vec<Anchor>) -> Result<Result<Anchor, Broken>, StoreError> {
        let mut chain = match self.audit_cut().await? {
            Some(cut) => Chain::behind(cut, anchors),
            None => Chain::begin(anchors),
        };
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
