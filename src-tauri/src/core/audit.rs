//! The audit log as the shell writes it: what was shown, saved, exported, changed in the settings, and who signed in. What the
//! store decides durably it writes down itself, in the same transaction. See `docs/audit.md`.
//!
//! What was shown is gathered and written a moment later ([`Desk::audit_soon`]), so that showing it waits for no disk; closing
//! the desk writes the rest.

use crate::{
    api::{Accepted, AuditReport},
    core::Desk,
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId, TicketId,
    audit::{Anchor, AuditAction, AuditEntry},
    operation::Operation,
    rich_text::RichText,
};
use guichet_store::{Store, Submission};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long lines are gathered.
const GATHERED: Duration = Duration::from_millis(300);

/// Lines that are not written yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gathered(Arc<Mutex<Vec<AuditEntry>>>);

impl Gathered {
    fn take(&self) -> Vec<AuditEntry> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a line; true when it is the first of a new gathering.
    fn add(&self, entry: AuditEntry) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(entry);
        all.len() == 1
    }

    /// Writes what was gathered. What cannot be written is told in the log of the program and kept for the next time.
    pub(super) async fn write(&self, store: &Store) {
        let entries = self.take();
        if entries.is_empty() {
            return;
        }
        if let Err(error) = store.audit(&entries).await {
            tracing::error!(%error, lines = entries.len(), "audit lines could not be written yet");
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.splice(0..0, entries);
        }
    }
}

/// The names of what differs between two configurations, preferences one by one. Where the account is is told by signing in.
pub(super) fn changed_settings(before: &Value, after: &Value) -> String {
    let mut names = BTreeSet::new();
    let empty = serde_json::Map::new();
    let fields = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    let (before, after) = (fields(before), fields(after));
    for (name, value) in &after {
        let earlier = before.get(name);
        if earlier == Some(value) || name == "connection" {
            continue;
        }
        if name == "settings" {
            let earlier = earlier.map(fields).unwrap_or_default();
            let changed = fields(value)
                .into_iter()
                .filter(|(key, value)| earlier.get(key) != Some(value));
            names.extend(changed.map(|(key, _)| key));
        } else {
            names.insert(name.clone());
        }
    }
    names.into_iter().collect::<Vec<_>>().join(" ")
}

impl Desk {
    /// Writes a line down, durably.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn audit(&self, entry: AuditEntry) -> Result<(), AppError> {
        Ok(self.store.audit(&[entry]).await?)
    }

    /// Writes a line down within a moment.
    pub fn audit_soon(&self, entry: AuditEntry) {
        if self.gathered.add(entry) {
            let (gathered, store) = (self.gathered.clone(), self.store.clone());
            tokio::spawn(async move {
                tokio::time::sleep(GATHERED).await;
                gathered.write(&store).await;
            });
        }
    }

    /// Something leaves as a file.
    ///
    /// # Errors
    /// When the database cannot be written: nothing leaves then.
    pub async fn audit_exported(&self, what: &str, format: &str) -> Result<(), AppError> {
        self.gathered.write(&self.store).await;
        self.audit(AuditEntry::done(AuditAction::Exported, what).detail(format))
            .await
    }

    /// A ticket is on the screen (or was printed).
    pub fn ticket_seen(&self, ticket: TicketId) {
        self.audit_soon(AuditEntry::done(
            AuditAction::TicketSeen,
            format!("ticket:{}", ticket.0),
        ));
    }

    /// Goes through the whole log, held against the anchors given and those in the follow-ups of a ticket; the check itself is a line.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub async fn verify_audit(
        &self,
        mut anchors: Vec<Anchor>,
        ticket: Option<TicketId>,
    ) -> Result<AuditReport, AppError> {
        self.gathered.write(&self.store).await;
        if let Some(ticket) = ticket {
            let view = self.store.ticket(ticket).await?.ok_or(AppError::NoSuchTicket(ticket))?;
            anchors.extend(
                view.timeline
                    .iter()
                    .flat_map(|entry| Anchor::all_in(&entry.body.to_plain())),
            );
        }
        let held_against = u32::try_from(anchors.len()).unwrap_or(u32::MAX);
        let verified = self.store.verify_audit(anchors).await?;
        let line = AuditEntry::done(AuditAction::Verified, "");
        let report = match verified {
            Ok(head) => {
                self.audit(line).await?;
                AuditReport {
                    lines: head.seq,
                    anchor: head.to_string(),
                    anchors: held_against,
                    broken: None,
                }
            }
            Err(broken) => {
                // Added behind what is broken: the finding is not lost.
                self.audit(line.outcome("broken")).await?;
                let head = self.store.audit_head().await?;
                AuditReport {
                    lines: head.seq,
                    anchor: head.to_string(),
                    anchors: held_against,
                    broken: Some(broken.to_string()),
                }
            }
        };
        Ok(report)
    }

    /// Sends the head of the log to the backend, as a private follow-up of a ticket: through the outbox, like every word.
    ///
    /// # Errors
    /// As [`Desk::submit`].
    pub async fn send_anchor(&self, ticket: TicketId, locale: Locale) -> Result<Accepted, AppError> {
        self.gathered.write(&self.store).await;
        let head = self.store.audit_head().await?;
        let words = locale.catalogue().text(
            "audit.anchor",
            &[("lines", head.seq.to_string()), ("anchor", head.to_string())],
        );
        let submission = Submission {
            lane: Some(ticket),
            operations: vec![(
                OperationId::new(),
                Operation::AddFollowup {
                    body: RichText::from_plain(&words),
                    private: true,
                },
            )],
            draft: None,
            hold: Duration::ZERO,
        };
        let accepted = self.submit(submission).await?;
        self.audit(
            AuditEntry::done(AuditAction::AnchorSent, format!("ticket:{}", ticket.0))
                .detail(format!("line:{}", head.seq)),
        )
        .await?;
        Ok(accepted)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{api::Theme, core::test_desk::desk};
    use serde_json::json;

    async fn told(desk: &Desk) -> Vec<(String, String, String)> {
        let lines = desk.store.audit_after(0, 100).await.unwrap();
        let line = |line: guichet_domain::audit::AuditLine| (line.action, line.subject, line.detail);
        lines.into_iter().map(line).collect()
    }

    #[test]
    fn what_changed_is_named_and_its_values_are_not() {
        let before =
            json!({ "name": "a", "connection": { "x": 1 }, "settings": { "theme": "dark", "undo_send_s": 5 } });
        let after = json!({ "name": "b", "connection": null, "settings": { "theme": "light", "undo_send_s": 5 }, "telephone": {} });
        assert_eq!(changed_settings(&before, &after), "name telephone theme");
        assert_eq!(changed_settings(&before, &before), "");
    }

    #[tokio::test]
    async fn what_was_shown_is_written_when_the_desk_closes_at_the_latest() {
        let folder = tempfile::tempdir().unwrap();
        let (first, _) = desk(folder.path()).await;
        first.ticket_seen(TicketId(7));
        first.ticket_seen(TicketId(8));
        first.close().await;
        drop(first);
        let (again, _) = desk(folder.path()).await;
        let told = told(&again).await;
        let seen: Vec<&str> = told
            .iter()
            .filter(|(action, ..)| action == "ticket_seen")
            .map(|(_, subject, _)| subject.as_str())
            .collect();
        assert_eq!(seen, ["ticket:7", "ticket:8"]);
    }

    #[tokio::test]
    async fn a_change_of_settings_is_a_line_and_verifying_is_one_too() {
        let folder = tempfile::tempdir().unwrap();
        let (desk, _) = desk(folder.path()).await;
        let mut settings = desk.config().await.settings;
        settings.theme = Theme::Dark;
        desk.save_settings(settings.clone()).await.unwrap();
        // Saved again without a change: no line.
        desk.save_settings(settings).await.unwrap();
        let changes = |told: &[(String, String, String)]| {
            told.iter()
                .filter(|(action, ..)| action == "settings_changed")
                .map(|(.., detail)| detail.clone())
                .collect::<Vec<_>>()
        };
        // The desk of these tests chose its contract first.
        assert_eq!(changes(&told(&desk).await), ["contract", "theme"]);
        let report = desk.verify_audit(Vec::new(), None).await.unwrap();
        assert_eq!(report.broken, None);
        let anchor = Anchor::all_in(&report.anchor);
        assert_eq!(told(&desk).await.last().unwrap().0, "verified");
        assert_eq!(desk.verify_audit(anchor, None).await.unwrap().anchors, 1);
        let foreign = Anchor {
            seq: 1,
            hash: "ab".repeat(32).parse().unwrap(),
        };
        let report = desk.verify_audit(vec![foreign], None).await.unwrap();
        assert!(report.broken.is_some());
        let lines = desk.store.audit_after(0, 100).await.unwrap();
        assert_eq!(lines.last().unwrap().outcome, "broken");
    }
}
