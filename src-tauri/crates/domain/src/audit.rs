//! The audit log: one line for every access to somebody's record, every action, exchange, consent, step of a transfer, export and
//! change of settings. Lines are only ever added, and each carries a hash of itself and of the line before it, so that a line
//! that was changed, taken out, put in or moved shows ([`Chain::verify`]).
//!
//! What a chain cannot show by itself is that its end was cut off, or that all of it was made anew: that shows when it is held
//! against an [`Anchor`] that was put where this desk cannot change it.
//!
//! A line names people and tickets by their numbers only; nothing that somebody wrote is in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// What a hash begins with: another use of SHA-256 gives another hash.
const LABEL: &[u8] = b"guichet audit line 1\0";
/// How an anchor begins, in a text for people.
const ANCHOR: &str = "guichet-audit:1:";
/// The log itself, as the subject of a line.
const LOG: &str = "audit";
/// Longest detail, in characters: a code, a kind, a number; never a text.
pub const DETAIL_MAX: usize = 120;

/// SHA-256 of a line and of all before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// What stands before the first line.
    pub const NONE: Self = Self([0; 32]);
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a hash has 64 hexadecimal digits")]
pub struct NoHash;

impl FromStr for LineHash {
    type Err = NoHash;

    fn from_str(text: &str) -> Result<Self, NoHash> {
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NoHash);
        }
        for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = text
                .get(at..at + 2)
                .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                .ok_or(NoHash)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for LineHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LineHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What was done. The names are kept: a log is read years later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditAction {
    /// The log was begun.
    LogBegun,
    /// Somebody signed in.
    SignedIn,
    /// Somebody signed out.
    SignedOut,
    /// A ticket was shown.
    TicketSeen,
    /// A person's card was shown.
    PersonSeen,
    /// A call's card or its row was shown.
    CallSeen,
    /// A document was read.
    DocumentSeen,
    /// A document was saved outside.
    DocumentSaved,
    /// An operation was accepted; the detail says which kind.
    OperationAccepted,
    /// An operation was changed before it left.
    OperationEdited,
    /// A request for it goes out.
    OperationUnderWay,
    /// It waits (again).
    OperationQueued,
    /// Whether it arrived is not known.
    OperationInDoubt,
    /// It arrived.
    OperationSent,
    /// It is stuck.
    OperationWedged,
    /// It never leaves.
    OperationCancelled,
    /// A person decided what becomes of what a restored server lost, and opened the outbox; the detail says how.
    OutboxReopened,
    /// A consent was given, refused or withdrawn.
    ConsentRecorded,
    /// A remote session was started.
    RemoteSessionStarted,
    /// A remote session ended.
    RemoteSessionEnded,
    /// A step of a hot transfer; the detail says which.
    TransferStep,
    /// A call was given a person.
    CallerNamed,
    /// A call was linked to a ticket.
    CallLinked,
    /// A call's wrap-up.
    CallClosed,
    /// An alert was taken up.
    AlertTakenUp,
    /// An alert became an incident, or was linked to one.
    AlertLinked,
    /// A room of a major incident was opened.
    RoomOpened,
    /// An update of a room was told.
    RoomUpdated,
    /// A room was closed.
    RoomClosed,
    /// A notable event was taken back.
    EventWithdrawn,
    /// Something was exported; the detail says what.
    Exported,
    /// Settings (or a policy) changed; the detail says which.
    SettingsChanged,
    /// The key of the databases is kept elsewhere.
    KeyMoved,
    /// The desk was locked.
    Locked,
    /// The desk was unlocked.
    Unlocked,
    /// What the policy no longer needs was purged; the detail says what and how much.
    Purged,
    /// The head of this log was sent where this desk cannot change it.
    AnchorSent,
    /// This log was verified.
    Verified,
}

impl AuditAction {
    /// Its name, as it is kept.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self)
            .ok()
            .and_then(|name| name.as_str().map(str::to_owned))
            .unwrap_or_default()
    }
}

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// The desk's account.
    Account(i64),
    /// Somebody at this desk, before anybody signed in.
    Unknown,
    /// The program by itself: what it sends, what it reads.
    Program,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(user) => write!(f, "user:{user}"),
            Self::Unknown => f.write_str("unknown"),
            Self::Program => f.write_str("program"),
        }
    }
}

/// What is to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was done.
    pub action: AuditAction,
    /// By the program itself.
    pub by_program: bool,
    /// On what: a kind and a number ("ticket:4821"); empty for nothing in particular.
    pub subject: String,
    /// "done", or the code of what came of it.
    pub outcome: String,
    /// A code, a kind or a number more; never a text that somebody wrote.
    pub detail: String,
}

impl AuditEntry {
    /// What somebody at the desk did, and it was done.
    #[must_use]
    pub fn done(action: AuditAction, subject: impl Into<String>) -> Self {
        Self {
            action,
            by_program: false,
            subject: subject.into(),
            outcome: "done".to_owned(),
            detail: String::new(),
        }
    }

    /// The log was shortened from its beginning: up to this line, and with it.
    #[must_use]
    pub fn log_cut(cut: Anchor) -> Self {
        Self::done(AuditAction::Purged, LOG)
            .by_program()
            .detail(format!("line:{}:{}", cut.seq, cut.hash))
    }

    /// The same, by the program itself.
    #[must_use]
    pub fn by_program(mut self) -> Self {
        self.by_program = true;
        self
    }

    /// With a detail; what is too long is cut.
    #[must_use]
    pub fn detail(mut self, detail: impl AsRef<str>) -> Self {
        self.detail = detail.as_ref().chars().take(DETAIL_MAX).collect();
        self
    }

    /// With another outcome than "done".
    #[must_use]
    pub fn outcome(mut self, code: impl Into<String>) -> Self {
        self.outcome = code.into();
        self
    }
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditLine {
    /// Its number, from 1 without a gap.
    pub seq: u64,
    /// When it was written, to the microsecond.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// On what.
    pub subject: String,
    /// What came of it.
    pub outcome: String,
    /// More.
    pub detail: String,
    /// The hash of it and of all before it.
    pub hash: LineHash,
}

impl AuditLine {
    /// Up to where the log was cut, where this line says so.
    #[must_use]
    pub fn cut(&self) -> Option<Anchor> {
        if self.action != AuditAction::Purged.name() || self.subject != LOG {
            return None;
        }
        let (seq, hash) = self.detail.strip_prefix("line:")?.split_once(':')?;
        Some(Anchor {
            seq: seq.parse().ok()?,
            hash: hash.parse().ok()?,
        })
    }

    /// The hash this line should have behind `before`.
    #[must_use]
    pub fn hash_after(&self, before: LineHash) -> LineHash {
        let mut hash = Sha256::new();
        hash.update(LABEL);
        hash.update(before.0);
        hash.update(self.seq.to_le_bytes());
        hash.update(self.at.as_microsecond().to_le_bytes());
        for text in [&self.actor, &self.action, &self.subject, &self.outcome, &self.detail] {
            // Its length first: no text can run over into the next one.
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        LineHash(hash.finalize().into())
    }
}

/// The head of a log, put where this desk cannot change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// The line.
    pub seq: u64,
    /// Its hash.
    pub hash: LineHash,
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ANCHOR}{}:{}", self.seq, self.hash)
    }
}

impl Anchor {
    /// The anchors in a text.
    #[must_use]
    pub fn all_in(text: &str) -> Vec<Self> {
        text.match_indices(ANCHOR)
            .filter_map(|(at, _)| {
                let rest = text.get(at + ANCHOR.len()..)?;
                let (seq, rest) = rest.split_once(':')?;
                Some(Self {
                    seq: seq.parse().ok()?,
                    hash: rest.get(..64)?.parse().ok()?,
                })
            })
            .collect()
    }
}

/// What is wrong with a log, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A line is missing, or is not where it was.
    #[error("line {expected} is missing: {found} stands in its place")]
    Gap {
        /// Which line should stand there.
        expected: u64,
        /// Which does.
        found: u64,
    },
    /// A line (or one before it) is not as it was written.
    #[error("line {seq} is not as it was written")]
    Changed {
        /// Which.
        seq: u64,
    },
    /// The log ends before an anchor.
    #[error("the log ends at line {last}, an anchor knows line {anchor}")]
    CutOff {
        /// Its last line.
        last: u64,
        /// The line of the anchor.
        anchor: u64,
    },
    /// The line of an anchor is another one: the log was made anew.
    #[error("line {seq} is not the one that was anchored")]
    MadeAnew {
        /// Which.
        seq: u64,
    },
}

/// Goes through a log line by line, in order.
#[derive(Debug, Clone)]
pub struct Chain {
    last: u64,
    hash: LineHash,
    anchors: Vec<Anchor>,
}

impl Chain {
    /// From the beginning, held against these anchors.
    #[must_use]
    pub fn begin(mut anchors: Vec<Anchor>) -> Self {
        anchors.sort_by_key(|anchor| anchor.seq);
        Self {
            last: 0,
            hash: LineHash::NONE,
            anchors,
        }
    }

    /// From behind a line that is not there any more: the log was cut up to it, and a line that is still there says so
    /// ([`AuditLine::cut`]). That line is verified with the others; what an anchor knows of earlier ones cannot be held against anything.
    #[must_use]
    pub fn behind(cut: Anchor, anchors: Vec<Anchor>) -> Self {
        let mut chain = Self::begin(anchors);
        chain.last = cut.seq;
        chain.hash = cut.hash;
        chain
    }

    /// Takes the next line.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn next(&mut self, line: &AuditLine) -> Result<(), Broken> {
        let expected = self.last.saturating_add(1);
        if line.seq != expected {
            return Err(Broken::Gap {
                expected,
                found: line.seq,
            });
        }
        let known = self.anchors.iter().find(|anchor| anchor.seq == self.last);
        if known.is_some_and(|anchor| anchor.hash != self.hash) {
            return Err(Broken::MadeAnew { seq: self.last });
        }
        if line.hash != line.hash_after(self.hash) {
            return Err(Broken::Changed { seq: line.seq });
        }
        if self
            .anchors
            .iter()
            .any(|anchor| anchor.seq == line.seq && anchor.hash != line.hash)
        {
            return Err(Broken::MadeAnew { seq: line.seq });
        }
        self.last = line.seq;
        self.hash = line.hash;
        Ok(())
    }

    /// After the last line: its head.
    ///
    /// # Errors
    /// [`Broken::CutOff`] when an anchor knows more lines.
    pub fn end(self) -> Result<Anchor, Broken> {
        match self.anchors.last() {
            Some(anchor) if anchor.seq > self.last => Err(Broken::CutOff {
                last: self.last,
                anchor: anchor.seq,
            }),
            _ => Ok(Anchor {
                seq: self.last,
                hash: self.hash,
            }),
        }
    }

    /// All of it at once.
    ///
    /// # Errors
    /// What is wrong first.
    pub fn verify(lines: &[AuditLine], anchors: Vec<Anchor>) -> Result<Anchor, Broken> {
        let mut chain = Self::begin(anchors);
        lines.iter().try_for_each(|line| chain.next(line))?;
        chain.end()
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
