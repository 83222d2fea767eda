//! Surges: many contacts on one subject, noticed from the tickets and calls of this desk and proposed as a major incident.
//!
//! What was dismissed is remembered as long as the surge lasts. A surge is the same one as before while it is about the same contacts,
//! whatever its subject is called by then.

use crate::{
    api::{MajorIncident, SurgeCard},
    core::{
        desk::{AppEvent, Desk},
        escalation::EscalationFailure,
        telephony::TelephonyEvent,
    },
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId,
    operation::NewTicket,
    rich_text::RichText,
    surge::{Shared, SurgeProposal, surges},
    ticket::{Actor, Level, Party, Role, TicketKind},
    wording::Phrases,
};
use guichet_store::{StoreError, Submission};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{sync::broadcast, task::JoinHandle};

/// Where the desk remembers the surges it has noticed.
const SETTING: &str = "shell.surges";
/// Contacts are looked at again at most this often…
const PACE: Duration = Duration::from_secs(5);
/// …and at least this often: a surge ends by nothing happening.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many lengths of time before the present one are read: what is usual is told from them.
const LENGTHS: i32 = 17;
/// Of everybody, at once.
const MAJOR: Level = Level(5);

/// A surge as it was last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    key: String,
    contacts: BTreeSet<String>,
    at: Timestamp,
    dismissed: bool,
}

impl Seen {
    /// How many contacts it has in common with a proposal, where that makes them the same surge.
    fn shared(&self, proposal: &SurgeProposal) -> Option<usize> {
        let contacts = &proposal.contacts;
        let shared = contacts.iter().filter(|id| self.contacts.contains(*id)).count();
        let same = shared * 2 > contacts.len().min(self.contacts.len());
        same.then_some(shared)
    }
}

/// A key for a surge that is new: what it is about.
fn subject_key(proposal: &SurgeProposal) -> String {
    match proposal.reasons.first().map(|reason| &reason.shared) {
        Some(Shared::Category { label }) => format!("category:{}", label.id),
        Some(Shared::Site { label }) => format!("site:{}", label.id),
        Some(Shared::Word { word }) => format!("word:{word}"),
        None => "none".to_owned(),
    }
}

/// Proposals with the key and the mark of the surge they are, in their order; `seen` is brought up to date. A surge that is not
/// proposed any more is remembered for one length of time: one contact less for a minute does not make it another.
fn known(
    proposals: Vec<SurgeProposal>,
    seen: &mut Vec<Seen>,
    now: Timestamp,
    within: SignedDuration,
) -> Vec<(String, bool, SurgeProposal)> {
    let mut before = std::mem::take(seen);
    let mut found = Vec::with_capacity(proposals.len());
    for proposal in proposals {
        let best = before
            .iter()
            .enumerate()
            .filter_map(|(place, seen)| Some((seen.shared(&proposal)?, place)))
            .max_by_key(|(shared, place)| (*shared, std::cmp::Reverse(*place)));
        let (mut key, dismissed) = match best {
            Some((_, place)) => {
                let same = before.remove(place);
                (same.key, same.dismissed)
            }
            None => (subject_key(&proposal), false),
        };
        while seen.iter().chain(&before).any(|other| other.key == key) {
            key.push('+');
        }
        seen.push(Seen {
            key: key.clone(),
            contacts: proposal.contacts.iter().cloned().collect(),
            at: now,
            dismissed,
        });
        found.push((key, dismissed, proposal));
    }
    let lasting = before.into_iter().filter(|gone| now.duration_since(gone.at) <= within);
    seen.extend(lasting);
    found
}

impl Desk {
    async fn seen_surges(&self) -> Result<Vec<Seen>, AppError> {
        let kept = self.store.setting(SETTING).await?;
        // What does not read is what another version wrote: only a dismissal is lost.
        Ok(kept
            .and_then(|kept| serde_json::from_str(&kept).ok())
            .unwrap_or_default())
    }

    async fn keep_surges(&self, seen: &[Seen]) -> Result<(), AppError> {
        let text = serde_json::to_string(seen).map_err(StoreError::from)?;
        Ok(self.store.set_setting(SETTING, &text).await?)
    }

    /// The surges there are now, the largest first; none where the contract says nothing about them.
    ///
    /// # Errors
    /// When the contract or the databases cannot be read.
    pub async fn surges(&self, locale: Locale) -> Result<Vec<SurgeCard>, AppError> {
        let contract = self.contract().await?;
        let Some(policy) = &contract.surge else {
            return Ok(Vec::new());
        };
        let now = self.now();
        let within = SignedDuration::from_secs(policy.within_s.into());
        let since = now.checked_sub(within * LENGTHS).unwrap_or(Timestamp::MIN);
        let contacts = self.store.contacts_since(since).await?;
        let proposals = surges(&contacts, policy, now);
        let _one = self.surging().await;
        let before = self.seen_surges().await?;
        let mut seen = before.clone();
        let found = known(proposals, &mut seen, now, within);
        let same = |a: &[Seen], b: &[Seen]| {
            let of = |seen: &[Seen]| -> Vec<_> {
                seen.iter()
                    .map(|seen| (seen.key.clone(), seen.contacts.clone(), seen.dismissed))
                    .collect()
            };
            of(a) == of(b)
        };
        // The instant alone is written when half of the time it is remembered for is over.
        let old = before.iter().any(|seen| now.duration_since(seen.at) * 2 > within);
        if !same(&before, &seen) || (old && !seen.is_empty()) {
            self.keep_surges(&seen).await?;
        }
        let cards = found.into_iter().map(|(key, dismissed, proposal)| SurgeCard {
            key,
            title: proposal.title(&locale),
            explanation: proposal.explanation(policy, &locale),
            message: proposal.message.get(locale.language()).to_owned(),
            proposal,
            dismissed,
        });
        Ok(cards.collect())
    }

    /// Says that a surge is none; remembered as long as it lasts.
    ///
    /// # Errors
    /// When there is no such surge, or it cannot be written.
    pub async fn dismiss_surge(&self, key: &str, locale: Locale) -> Result<(), AppError> {
        self.put_aside(key).await?;
        let cards = self.surges(locale).await?;
        self.tell(AppEvent::Surge(cards));
        Ok(())
    }

    async fn put_aside(&self, key: &str) -> Result<(), AppError> {
        let _one = self.surging().await;
        let mut seen = self.seen_surges().await?;
        let surge = seen.iter_mut().find(|seen| seen.key == key);
        surge.ok_or(EscalationFailure::SurgeOver)?.dismissed = true;
        self.keep_surges(&seen).await
    }

    /// Makes the major incident of a surge: its ticket, as the technician completed it, with its children, in one durable transaction.
    ///
    /// # Errors
    /// When there is no such surge any more, none of its tickets is at the server yet, or the title is no title.
    pub async fn declare_major_incident(
        &self,
        key: &str,
        title: &str,
        text: &str,
        locale: Locale,
    ) -> Result<MajorIncident, AppError> {
        let cards = self.surges(locale).await?;
        let card = cards.into_iter().find(|card| card.key == key);
        let proposal = card.ok_or(EscalationFailure::SurgeOver)?.proposal;
        if proposal.tickets.iter().all(|ticket| ticket.is_local()) {
            return Err(EscalationFailure::NothingToLink.into());
        }
        let me = self.account().await.map(|account| Actor {
            role: Role::Assigned,
            party: Party::User { id: account.user },
        });
        let parent = NewTicket {
            title: title.trim().to_owned(),
            description: RichText::from_plain(text.trim()),
            kind: TicketKind::Incident,
            urgency: MAJOR,
            impact: MAJOR,
            category: proposal.category.as_ref().map(|category| category.id),
            location: proposal.site.as_ref().map(|site| site.id),
            channel: None,
            entity: None,
            actors: me.into_iter().collect(),
            assets: Vec::new(),
        };
        let (plan, left_out) = proposal.plan(parent, OperationId::new);
        let accepted = self
            .submit(Submission {
                lane: plan.lane,
                operations: plan.operations,
                draft: None,
                hold: Duration::ZERO,
            })
            .await?;
        // The incident is declared whatever becomes of the mark.
        if let Err(error) = self.dismiss_surge(key, locale).await {
            tracing::warn!(%error, "the surge could not be put aside");
        }
        Ok(MajorIncident { accepted, left_out })
    }
}

/// Looks at the contacts again whenever tickets or calls change, and tells when the surges do. Ends with the desk.
pub fn watch(desk: &Arc<Desk>) -> JoinHandle<()> {
    let mut events = desk.hear();
    let desk = Arc::downgrade(desk);
    tokio::spawn(async move {
        let mut told: Vec<SurgeCard> = Vec::new();
        while let Some(desk) = Weak::upgrade(&desk) {
            let locale = desk.locale().await;
            match desk.surges(locale).await {
                Ok(cards) if cards != told => {
                    told.clone_from(&cards);
                    desk.tell(AppEvent::Surge(cards));
                }
                Ok(_) => {}
                // A contract that does not read is told where it is chosen.
                Err(error) => tracing::debug!(%error, "surges could not be looked for"),
            }
            drop(desk);
            tokio::time::sleep(PACE).await;
            let changed = async { while !matters(events.recv().await) {} };
            // Without a change the time alone: contacts become old.
            let _ = tokio::time::timeout(PATIENCE, changed).await;
        }
    })
}

/// Whether an event may change the contacts. The end of all events does: it ends the wait.
fn matters(event: Result<AppEvent, broadcast::error::RecvError>) -> bool {
    match event {
        Ok(AppEvent::Changed(changes)) => changes.lists || !changes.tickets.is_empty(),
        Ok(AppEvent::Telephony(event)) => matches!(event, TelephonyEvent::Call(_)),
        Ok(_) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use guichet_domain::{surge::SurgeReason, wording::Text};

    fn proposal(word: &str, contacts: &[i64]) -> SurgeProposal {
        SurgeProposal {
            subject: word.to_owned(),
            site: None,
            category: None,
            reasons: vec![SurgeReason {
                shared: Shared::Word { word: word.to_owned() },
                count: 5,
            }],
            contacts: contacts.iter().map(|n| format!("ticket:{n}")).collect(),
            tickets: Vec::new(),
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            usual_tenths: 0,
            message: Text::default(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const WITHIN: SignedDuration = SignedDuration::from_secs(900);

    #[test]
    fn a_surge_keeps_its_key_and_its_mark_while_it_is_about_the_same_contacts() {
        let mut seen = Vec::new();
        let first = known(vec![proposal("vpn", &[1, 2, 3, 4, 5])], &mut seen, at(0), WITHIN);
        assert_eq!(first[0].0, "word:vpn");
        seen[0].dismissed = true;
        // One more contact, and by now another word is the commonest.
        let later = known(vec![proposal("reseau", &[2, 3, 4, 5, 6])], &mut seen, at(300), WITHIN);
        assert_eq!((later[0].0.as_str(), later[0].1), ("word:vpn", true));
        // Below the threshold for a while, and back.
        assert!(known(Vec::new(), &mut seen, at(400), WITHIN).is_empty());
        let back = known(vec![proposal("vpn", &[3, 4, 5, 6, 7])], &mut seen, at(500), WITHIN);
        assert_eq!((back[0].0.as_str(), back[0].1), ("word:vpn", true));
    }

    #[test]
    fn the_next_surge_on_the_same_subject_is_another_one() {
        let mut seen = Vec::new();
        known(vec![proposal("vpn", &[1, 2, 3, 4, 5])], &mut seen, at(0), WITHIN);
        seen[0].dismissed = true;
        // Meanwhile the first is still remembered: two surges have two keys.
        let both = known(vec![proposal("vpn", &[11, 12, 13, 14, 15])], &mut seen, at(800), WITHIN);
        assert_eq!((both[0].0.as_str(), both[0].1), ("word:vpn+", false));
        let mut seen = seen.split_off(1);
        assert!(known(Vec::new(), &mut seen, at(2000), WITHIN).is_empty());
        assert!(seen.is_empty(), "what is long over is forgotten: {seen:?}");
        let fresh = known(
            vec![proposal("vpn", &[21, 22, 23, 24, 25])],
            &mut seen,
            at(9000),
            WITHIN,
        );
        assert_eq!((fresh[0].0.as_str(), fresh[0].1), ("word:vpn", false));
    }
}
