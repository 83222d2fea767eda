//! What the organisation's policy no longer needs is deleted, a few times a day, each kind with its line in the audit log. See
//! `docs/retention.md`.

use crate::{
    core::{Desk, policy::RetentionPolicy},
    error::AppError,
};
use guichet_store::{Purge, Purged};
use jiff::{SignedDuration, Timestamp};
use std::{
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::task::JoinHandle;

/// Between two looks.
const PACE: Duration = Duration::from_secs(6 * 3_600);
/// After the start: a technician's first minute is not spent on it.
const FIRST: Duration = Duration::from_secs(120);
/// Where the instant of the last look is kept.
const LOOKED_AT: &str = "retention.looked_at";
/// How far the clock may have gone since the last look to be believed at once. A clock that jumped would have years deleted; one that
/// stays there is believed at the next look.
const PLAUSIBLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The instants that a policy gives at `now`. `round`: when the server last finished a round; what was sent since may not be mirrored
/// yet, and is shown from here until it is.
fn cutoffs(policy: &RetentionPolicy, now: Timestamp, round: Option<Timestamp>) -> Purge {
    let before = |days: Option<u32>| {
        let days = SignedDuration::from_hours(24 * i64::from(days?));
        now.checked_sub(days).ok()
    };
    Purge {
        calls: before(policy.calls_days),
        sent: before(policy.sent_days).and_then(|before| Some(before.min(round?))),
        alerts: before(policy.alerts_days),
        events: before(policy.events_days),
        consents: before(policy.consents_days),
        audit: before(policy.audit_days),
    }
}

impl Desk {
    /// Deletes what the policy no longer needs, now.
    ///
    /// # Errors
    /// When the desk cannot be read or written; nothing is deleted then.
    pub async fn purge(&self, policy: &RetentionPolicy) -> Result<Vec<Purged>, AppError> {
        let round = self.store.last_round_at().await?;
        Ok(self.store.purge(&cutoffs(policy, self.now(), round)).await?)
    }

    /// What [`Self::purge`] would delete.
    ///
    /// # Errors
    /// When the desk cannot be read.
    pub async fn would_purge(&self, policy: &RetentionPolicy) -> Result<Vec<Purged>, AppError> {
        let round = self.store.last_round_at().await?;
        Ok(self.store.would_purge(&cutoffs(policy, self.now(), round)).await?)
    }

    /// A look by the program itself: deletes only where the clock can be believed.
    async fn look_at_retention(&self, policy: &RetentionPolicy) -> Result<Vec<Purged>, AppError> {
        let now = self.now();
        let before = self.store.setting(LOOKED_AT).await?;
        self.store.set_setting(LOOKED_AT, &now.to_string()).await?;
        let before: Option<Timestamp> = before.and_then(|text| text.parse().ok());
        let believed =
            before.is_some_and(|before| (SignedDuration::ZERO..=PLAUSIBLE).contains(&now.duration_since(before)));
        if believed {
            self.purge(policy).await
        } else {
            Ok(Vec::new())
        }
    }
}

/// Looks a few times a day, while the desk is open. Ends with the desk.
pub fn watch(desk: &Arc<Desk>, policy: RetentionPolicy) -> Option<JoinHandle<()>> {
    if policy == RetentionPolicy::default() {
        return None;
    }
    let desk = Arc::downgrade(desk);
    Some(tokio::spawn(async move {
        tokio::time::sleep(FIRST).await;
        while let Some(desk) = Weak::upgrade(&desk) {
            match desk.look_at_retention(&policy).await {
                Ok(purged) => {
                    for Purged { subject, rows } in purged {
                        tracing::info!(subject, rows, "purged");
                    }
                }
                Err(error) => tracing::error!(%error, "what the policy no longer needs could not be deleted"),
            }
            drop(desk);
            tokio::time::sleep(PACE).await;
        }
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::core::test_desk;
    use guichet_store::NotableEvent;

    const POLICY: RetentionPolicy = RetentionPolicy {
        calls_days: None,
        sent_days: Some(7),
        alerts_days: None,
        events_days: Some(31),
        consents_days: None,
        audit_days: None,
    };

    #[test]
    fn what_was_sent_since_the_last_round_is_not_deleted() {
        let now = test_desk::at(0);
        let hours = |hours| SignedDuration::from_hours(hours);
        assert_eq!(cutoffs(&POLICY, now, None).sent, None);
        assert_eq!(cutoffs(&POLICY, now, Some(now)).sent, Some(now - hours(7 * 24)));
        let long_ago = now - hours(30 * 24);
        assert_eq!(cutoffs(&POLICY, now, Some(long_ago)).sent, Some(long_ago));
        assert_eq!(cutoffs(&POLICY, now, None).events, Some(now - hours(31 * 24)));
        assert_eq!(cutoffs(&POLICY, now, None).calls, None);
    }

    #[tokio::test]
    async fn a_clock_that_jumped_deletes_nothing_until_it_is_believed() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, clock) = test_desk::desk(folder.path()).await;
        let event = NotableEvent {
            id: guichet_domain::OperationId::new(),
            at: test_desk::at(0),
            kind: guichet_store::EventKind::Outage,
            text: "Coupure".to_owned(),
            ticket: None,
            author: None,
        };
        desk.store.keep_event(&event).await.unwrap();
        let minutes = |days: i64| test_desk::at(days * 24 * 60);
        let look = |day: i64| {
            *clock.0.lock().unwrap() = minutes(day);
            desk.look_at_retention(&POLICY)
        };
        assert_eq!(look(0).await.unwrap(), []);
        assert_eq!(look(6).await.unwrap(), [], "young");
        // A year ahead, and put right: nothing went.
        assert_eq!(look(400).await.unwrap(), []);
        assert_eq!(look(7).await.unwrap(), [], "back");
        // Weeks in which the desk was closed: the second look believes it.
        assert_eq!(look(40).await.unwrap(), []);
        let purged = look(41).await.unwrap();
        assert_eq!(
            purged.iter().map(|kind| (kind.subject, kind.rows)).collect::<Vec<_>>(),
            [("events", 1)]
        );
        desk.close().await;
    }
}
