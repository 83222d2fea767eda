//! What the account sees, and since when.
//!
//! A row that is read back and not found proves that it is not there only while the account sees what it saw when it wrote
//! it. Rights may change between the two, or the entity a ticket is in: the document sent before is then out of sight, and
//! sending it again would double it.

use crate::{Engine, SyncError};
use guichet_domain::{operation::Operation, outbox::OutboxEntry};
use guichet_store::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where it is kept over restarts, in the desk's settings.
const SETTING: &str = "sync.sight";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sight {
    /// The backend's digest.
    digest: String,
    /// Since when, as far as noticed; `None`: ever since anything was sent from here.
    since: Option<Timestamp>,
}

/// Whether an operation's row lives somewhere of its own, where the account may cease to see it, and not on a ticket.
pub(crate) fn has_a_place_of_its_own(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::CreateTicket { .. } | Operation::UploadDocument { .. } | Operation::ProposeArticle { .. }
    )
}

impl Engine {
    /// Takes note of what the account sees now; answers since when it has.
    pub(crate) async fn saw(&self, digest: &str) -> Result<Option<Timestamp>, SyncError> {
        let kept = self.db(self.store.setting(SETTING)).await?;
        let kept: Option<Sight> = kept.and_then(|text| serde_json::from_str(&text).ok());
        let since = match kept {
            Some(kept) if kept.digest == digest => return Ok(kept.since),
            Some(_) => Some(self.clock.now()),
            None => None,
        };
        let sight = Sight {
            digest: digest.to_owned(),
            since,
        };
        let text = serde_json::to_string(&sight).map_err(StoreError::from)?;
        self.db(self.store.set_setting(SETTING, &text)).await?;
        Ok(since)
    }

    /// Whether an entry that is not found may be there all the same, where the account does not see it any more.
    pub(crate) async fn may_be_out_of_sight(&self, entry: &OutboxEntry, digest: &str) -> Result<bool, SyncError> {
        let since = self.saw(digest).await?;
        Ok(since.is_some_and(|since| entry.first_attempt_at.is_none_or(|first| first < since)))
    }
}
