//! Faults on a switch: what can go wrong between a client and a server, one at a time or together.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Every fault, and whether it is on. As JSON this is what `/_sandbox/faults` gives and takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Connections are taken and closed without a reply; nothing reaches the server.
    pub down: bool,
    /// Connections are refused: nobody listens.
    pub refuse: bool,
    /// Every reply waits this long, in milliseconds.
    pub slow_ms: u64,
    /// Every session is forgotten, once: each client's next call is answered 401.
    pub lose_session: bool,
    /// Requests are answered with this status instead of being looked at.
    pub status: Option<StatusFault>,
    /// That many accepted writes are committed and their replies lost: the connection closes.
    pub drop_reply_after_commit: u32,
    /// That many replies break off in the middle of their body.
    pub truncate_body: u32,
    /// A colleague edits and answers at random while others work.
    pub other_technician: bool,
}

/// A status instead of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusFault {
    /// 429, 500, 503…
    pub code: u16,
    /// `Retry-After`, in seconds.
    #[serde(default)]
    pub retry_after_s: Option<u64>,
    /// How many requests; without end when absent.
    #[serde(default)]
    pub count: Option<u32>,
}

/// One fault, as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `down`
    Down,
    /// `refused`
    Refused,
    /// `slow=200`: milliseconds.
    Slow(u64),
    /// `session-lost`
    SessionLost,
    /// `429`, `500`, `503`…: for every request, 2 seconds to wait with 429 and 503.
    Status(u16),
    /// `reply-lost`, `reply-lost=3`
    ReplyLost(u32),
    /// `truncated`, `truncated=3`
    Truncated(u32),
    /// `other-technician`
    OtherTechnician,
}

/// A fault nobody knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown fault {0:?}: down, refused, slow=MS, session-lost, 429, 500, 503, reply-lost[=N], truncated[=N], other-technician"
)]
pub struct UnknownFault(pub String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        let (name, value) = text
            .split_once('=')
            .map_or((text, None), |(name, value)| (name, Some(value)));
        let number = |default: u32| match value {
            None => Ok(default),
            Some(value) => value.parse().map_err(|_| unknown()),
        };
        match (name, value) {
            ("down", None) => Ok(Self::Down),
            ("refused", None) => Ok(Self::Refused),
            ("slow", value) => value.unwrap_or("1000").parse().map(Self::Slow).map_err(|_| unknown()),
            ("session-lost", None) => Ok(Self::SessionLost),
            ("reply-lost", _) => number(1).map(Self::ReplyLost),
            ("truncated", _) => number(1).map(Self::Truncated),
            ("other-technician", None) => Ok(Self::OtherTechnician),
            (code, None) => match code.parse() {
                Ok(code @ (429 | 500..=599)) => Ok(Self::Status(code)),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

impl Faults {
    /// Switches one on.
    pub fn add(&mut self, fault: Fault) {
        match fault {
            Fault::Down => self.down = true,
            Fault::Refused => self.refuse = true,
            Fault::Slow(ms) => self.slow_ms = ms,
            Fault::SessionLost => self.lose_session = true,
            Fault::Status(code) => {
                let retry_after_s = matches!(code, 429 | 503).then_some(2);
                self.status = Some(StatusFault {
                    code,
                    retry_after_s,
                    count: None,
                });
            }
            Fault::ReplyLost(count) => self.drop_reply_after_commit = count,
            Fault::Truncated(count) => self.truncate_body = count,
            Fault::OtherTechnician => self.other_technician = true,
        }
    }

    /// The status the next request gets instead of an answer.
    pub(super) fn take_status(&mut self) -> Option<StatusFault> {
        let fault = self.status.clone()?;
        if let Some(StatusFault { count: Some(left), .. }) = &mut self.status {
            if *left == 0 {
                self.status = None;
                return None;
            }
            *left -= 1;
        }
        Some(fault)
    }
}

/// Counts one down; tells whether there was one left.
pub(super) fn take_one(left: &mut u32) -> bool {
    let had = *left > 0;
    *left = left.saturating_sub(1);
    had
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_names_every_fault() {
        let mut faults = Faults::default();
        for name in [
            "down",
            "slow=200",
            "session-lost",
            "429",
            "reply-lost",
            "truncated=3",
            "other-technician",
        ] {
            faults.add(name.parse().unwrap());
        }
        assert!(faults.down && faults.lose_session && faults.other_technician);
        assert_eq!(
            (faults.slow_ms, faults.drop_reply_after_commit, faults.truncate_body),
            (200, 1, 3)
        );
        let status = faults.status.unwrap();
        assert_eq!((status.code, status.retry_after_s), (429, Some(2)));
        for wrong in ["", "slow=x", "200", "down=1", "reply-lost=-1"] {
            assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_counted_status_ends() {
        let mut faults = Faults {
            status: Some(StatusFault {
                code: 503,
                retry_after_s: None,
                count: Some(2),
            }),
            ..Faults::default()
        };
        assert!(faults.take_status().is_some() && faults.take_status().is_some());
        assert!(faults.take_status().is_none() && faults.status.is_none());
    }
}
