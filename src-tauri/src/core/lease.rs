//! The lease: how long a desk stays open without the server having accepted its account. It locks; it never wipes: an outage, or a
//! refusal, tells nothing about the person.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Hours of a lease nobody chose (three days: a long weekend without network).
pub const HOURS: u32 = 72;

/// What is kept of it, in the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lease {
    /// How many hours; 0: there is none.
    pub hours: u32,
    /// When the server last accepted the account; `None`: it is not counted (nobody signed in yet, or the sandbox).
    pub accepted_at: Option<Timestamp>,
    /// The highest instant seen: a clock that is set back must not lengthen the lease.
    pub seen_at: Option<Timestamp>,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            hours: HOURS,
            accepted_at: None,
            seen_at: None,
        }
    }
}

impl Lease {
    /// The instant it counts by: now, or the highest one seen.
    #[must_use]
    pub fn instant(&self, now: Timestamp) -> Timestamp {
        self.seen_at.map_or(now, |seen| seen.max(now))
    }

    /// Time went by.
    pub fn look(&mut self, now: Timestamp) {
        self.seen_at = Some(self.instant(now));
    }

    /// The server accepted the account.
    pub fn accepted(&mut self, now: Timestamp) {
        self.look(now);
        self.accepted_at = self.seen_at;
    }

    /// What is left of it, not below zero; `None`: there is none.
    #[must_use]
    pub fn left(&self, now: Timestamp) -> Option<SignedDuration> {
        let accepted = self.accepted_at.filter(|_| self.hours > 0)?;
        let gone = self.instant(now).duration_since(accepted);
        Some((SignedDuration::from_hours(self.hours.into()) - gone).max(SignedDuration::ZERO))
    }

    /// It ran out.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.left(now).is_some_and(|left| left.is_zero())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HOUR: SignedDuration = SignedDuration::from_hours(1);

    fn begun() -> (Lease, Timestamp) {
        let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let mut lease = Lease::default();
        lease.accepted(now);
        (lease, now)
    }

    #[test]
    fn it_runs_out_after_its_hours_and_begins_again_with_the_servers_word() {
        let (mut lease, now) = begun();
        assert_eq!(lease.left(now), Some(72 * HOUR));
        assert!(!lease.is_over(now + 71 * HOUR));
        assert!(lease.is_over(now + 72 * HOUR));
        lease.accepted(now + 80 * HOUR);
        assert!(!lease.is_over(now + 81 * HOUR));
    }

    #[test]
    fn a_clock_set_back_does_not_lengthen_it() {
        let (mut lease, now) = begun();
        lease.look(now + 71 * HOUR);
        assert_eq!(lease.left(now - 24 * HOUR), Some(HOUR));
        lease.look(now - 24 * HOUR);
        assert_eq!(lease.left(now), Some(HOUR), "the highest instant stays");
        // Nor does a clock that was a year ahead keep the server's word from counting.
        lease.look(now + 9000 * HOUR);
        assert!(lease.is_over(now));
        lease.accepted(now);
        assert!(!lease.is_over(now));
    }

    #[test]
    fn there_may_be_none() {
        let (mut lease, now) = begun();
        lease.hours = 0;
        assert_eq!(lease.left(now + 9000 * HOUR), None);
        assert!(!Lease::default().is_over(now), "nobody signed in yet");
    }
}
