//! Consent to remote control: who asked whom, for which ticket and which equipment, how and when, and what the answer was.
//!
//! A consent is a **record that nobody edits**: taking it back is another record that points at the first, and so is being asked
//! again. What may be done follows from all of them: [`ConsentLog::grant`] is the only way to a [`Granted`], and nothing is
//! launched without one (`guichet-remote`). Keeping the records is the store's affair; time comes in as a parameter.

use crate::{TicketId, UserId, asset::AssetKey, names::names};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// The identity of one record of consent (UUID version 7: time-ordered), chosen when the answer is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(transparent)]
pub struct ConsentId(#[cfg_attr(feature = "bindings", specta(type = String))] pub Uuid);

impl ConsentId {
    /// A fresh identity.
    #[must_use]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl Default for ConsentId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for ConsentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// How the person was asked, and answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ConsentMeans {
    /// Aloud, on the telephone or beside the desk.
    Aloud,
    /// By a link that the person opened.
    Link,
}

names!(ConsentMeans { Aloud => "aloud", Link => "link" });

/// What a consent is for. It holds for this ticket **and** this equipment, not for either alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConsentSubject {
    /// For which ticket.
    pub ticket: TicketId,
    /// For which equipment; `None` where the inventory does not know it (the target was told by the person). That is a subject of
    /// its own: it opens no known equipment.
    pub asset: Option<AssetKey>,
}

/// Who was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct AskedPerson {
    /// Known to the backend as.
    pub user: Option<UserId>,
    /// The name as it was then: the record must still say who when the account is gone.
    pub name: String,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ConsentAnswer {
    /// Yes.
    Agreed,
    /// No.
    Refused,
    /// No longer.
    Withdrawn {
        /// The record of the yes that is taken back.
        agreement: ConsentId,
    },
}

/// One record. It is written once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConsentRecord {
    /// Its identity.
    pub id: ConsentId,
    /// For what.
    pub subject: ConsentSubject,
    /// Who asked (who noted it, for a withdrawal).
    pub technician: UserId,
    /// Who answered.
    pub person: AskedPerson,
    /// How.
    pub means: ConsentMeans,
    /// When the question was put (the same as `answered_at` for a withdrawal that nobody asked for).
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub asked_at: Timestamp,
    /// When the answer came.
    #[cfg_attr(feature = "bindings", specta(type = String))]
    pub answered_at: Timestamp,
    /// What it was.
    pub answer: ConsentAnswer,
}

/// Why a record is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// A record is never written over, not even with itself.
    #[error("the record {0} is there already")]
    AlreadyRecorded(ConsentId),
    /// Nobody answers before being asked.
    #[error("the answer is earlier than the question")]
    AnsweredBeforeAsked,
    /// Nobody is named.
    #[error("who answered is not named")]
    NobodyNamed,
    /// There is no such yes to take back.
    #[error("there is no agreement {0}")]
    NoSuchAgreement(ConsentId),
    /// The yes was for another ticket or other equipment.
    #[error("the agreement {0} is for something else")]
    AnotherSubject(ConsentId),
    /// The yes came later than its withdrawal.
    #[error("the withdrawal is earlier than the agreement {0}")]
    WithdrawnBeforeAgreed(ConsentId),
    /// It was taken back before.
    #[error("the agreement {0} was withdrawn already")]
    AlreadyWithdrawn(ConsentId),
}

impl ConsentError {
    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 7] = [
        "consent_already_recorded",
        "consent_answered_before_asked",
        "consent_nobody_named",
        "consent_no_such_agreement",
        "consent_another_subject",
        "consent_withdrawn_before_agreed",
        "consent_already_withdrawn",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::AlreadyRecorded(_) => "consent_already_recorded",
            Self::AnsweredBeforeAsked => "consent_answered_before_asked",
            Self::NobodyNamed => "consent_nobody_named",
            Self::NoSuchAgreement(_) => "consent_no_such_agreement",
            Self::AnotherSubject(_) => "consent_another_subject",
            Self::WithdrawnBeforeAgreed(_) => "consent_withdrawn_before_agreed",
            Self::AlreadyWithdrawn(_) => "consent_already_withdrawn",
        }
    }
}

/// Why nothing may be launched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGranted {
    /// Nobody was asked for this ticket and this equipment.
    #[error("nobody was asked for this ticket and this equipment")]
    NotAsked,
    /// The last answer is no.
    #[error("the person refused")]
    Refused,
    /// The last answer was taken back.
    #[error("the person withdrew the consent")]
    Withdrawn,
    /// The yes is too old.
    #[error("the consent expired at {0}")]
    Expired(Timestamp),
    /// The yes has a date to come: a clock is wrong.
    #[error("the consent is dated {0}, which is still to come")]
    Future(Timestamp),
}

impl NotGranted {
    /// Every code, for the catalogue's test.
    pub const CODES: [&'static str; 5] = [
        "consent_not_asked",
        "consent_refused",
        "consent_withdrawn",
        "consent_expired",
        "consent_future",
    ];

    /// Key in the message catalogue.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAsked => "consent_not_asked",
            Self::Refused => "consent_refused",
            Self::Withdrawn => "consent_withdrawn",
            Self::Expired(_) => "consent_expired",
            Self::Future(_) => "consent_future",
        }
    }
}

/// A consent that holds now: the key to one launch. It cannot be written down, copied or made by hand; it comes from
/// [`ConsentLog::grant`] and is used up by the launch.
///
/// ```compile_fail
/// let forged = guichet_domain::consent::Granted { consent: todo!(), subject: todo!(), until: todo!() };
/// ```
///
/// ```compile_fail
/// fn twice(granted: guichet_domain::consent::Granted) -> (guichet_domain::consent::Granted, guichet_domain::consent::Granted) {
///     (granted.clone(), granted)
/// }
/// ```
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a consent that is not used launches nothing"]
pub struct Granted {
    consent: ConsentId,
    subject: ConsentSubject,
    until: Timestamp,
}

impl Granted {
    /// The record it rests on.
    #[must_use]
    pub const fn consent(&self) -> ConsentId {
        self.consent
    }

    /// For what it is.
    #[must_use]
    pub const fn subject(&self) -> &ConsentSubject {
        &self.subject
    }

    /// When it ends to hold.
    #[must_use]
    pub const fn until(&self) -> Timestamp {
        self.until
    }

    /// Whether it still holds at an instant: the window may have shown the button for an hour.
    #[must_use]
    pub fn holds_at(&self, now: Timestamp) -> bool {
        now < self.until
    }
}

/// Every record of consent, in the order they were written. Records are added; none is changed or removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConsentLog {
    records: Vec<ConsentRecord>,
}

impl ConsentLog {
    /// Reads the records that were kept, in their order.
    ///
    /// # Errors
    /// The first that the log would not have taken.
    pub fn read(records: impl IntoIterator<Item = ConsentRecord>) -> Result<Self, ConsentError> {
        let mut log = Self::default();
        for record in records {
            log.append(record)?;
        }
        Ok(log)
    }

    /// The records, oldest first.
    #[must_use]
    pub fn records(&self) -> &[ConsentRecord] {
        &self.records
    }

    /// Adds one.
    ///
    /// # Errors
    /// When it contradicts itself or what is there.
    pub fn append(&mut self, record: ConsentRecord) -> Result<(), ConsentError> {
        if self.records.iter().any(|known| known.id == record.id) {
            return Err(ConsentError::AlreadyRecorded(record.id));
        }
        if record.answered_at < record.asked_at {
            return Err(ConsentError::AnsweredBeforeAsked);
        }
        if record.person.name.trim().is_empty() {
            return Err(ConsentError::NobodyNamed);
        }
        if let ConsentAnswer::Withdrawn { agreement } = record.answer {
            let agreed = self
                .records
                .iter()
                .find(|known| known.id == agreement && known.answer == ConsentAnswer::Agreed)
                .ok_or(ConsentError::NoSuchAgreement(agreement))?;
            if agreed.subject != record.subject {
                return Err(ConsentError::AnotherSubject(agreement));
            }
            if record.answered_at < agreed.answered_at {
                return Err(ConsentError::WithdrawnBeforeAgreed(agreement));
            }
            if self.records.iter().any(|known| known.answer == record.answer) {
                return Err(ConsentError::AlreadyWithdrawn(agreement));
            }
        }
        self.records.push(record);
        Ok(())
    }

    /// The consent that holds for a ticket and a piece of equipment, `valid_for` after the answer at most. **The last record
    /// about the subject decides**: a no or a withdrawal closes every earlier yes, whichever it points at.
    ///
    /// # Errors
    /// Why there is none.
    pub fn grant(
        &self,
        subject: &ConsentSubject,
        now: Timestamp,
        valid_for: SignedDuration,
    ) -> Result<Granted, NotGranted> {
        let last = self
            .records
            .iter()
            .rev()
            .find(|record| record.subject == *subject)
            .ok_or(NotGranted::NotAsked)?;
        match last.answer {
            ConsentAnswer::Refused => return Err(NotGranted::Refused),
            ConsentAnswer::Withdrawn { .. } => return Err(NotGranted::Withdrawn),
            ConsentAnswer::Agreed => {}
        }
        if last.answered_at > now {
            return Err(NotGranted::Future(last.answered_at));
        }
        // A length beyond the calendar's end cannot be meant: such a consent has expired rather than never.
        let until = last.answered_at.checked_add(valid_for).unwrap_or(last.answered_at);
        if now >= until {
            return Err(NotGranted::Expired(until));
        }
        Ok(Granted {
            consent: last.id,
            subject: last.subject.clone(),
            until,
        })
    }
}

#[cfg(test)]
#[path = "consent_tests.rs"]
mod tests;
