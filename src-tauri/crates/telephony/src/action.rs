//! What the desk asks of a telephone system, whichever it is, and how such a thing ends.
//!
//! An action is done when its **effect on the call** was seen wherever the telephone system lets one see it; that it was accepted is not
//! enough. What a system cannot do at all is said so ([`ActionError::NotSupported`]), and beforehand ([`Abilities`]), so
//! that the desk can lead people through the same steps at their telephone instead.

use serde::Serialize;

/// What attached values are called in a call's `user_data`, whichever telephone system carries them: "GUICHET_TICKET".
pub const DATA_PREFIX: &str = "GUICHET_";

/// Something the desk asks for. `conversation` is any name the call has or had; `device` is the technician's own telephone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Call a number from one's own telephone.
    Dial {
        /// Which telephone calls.
        device: String,
        /// Whom: a number as people write it, or an extension.
        number: String,
        /// What travels with the call, where that is possible.
        attachments: Vec<Attachment>,
    },
    /// Pick a ringing call up.
    Answer {
        /// Which call.
        conversation: String,
        /// Which telephone rings.
        device: String,
    },
    /// Put the caller on hold, or take him off it.
    Hold {
        /// Which call.
        conversation: String,
        /// Whose telephone.
        device: String,
        /// On hold (or off).
        on: bool,
    },
    /// Ring somebody while the caller waits.
    Consult {
        /// Which call.
        conversation: String,
        /// Whose telephone.
        device: String,
        /// Whom.
        extension: String,
    },
    /// Join the caller with the person consulted, and leave. Refused unless that person is on the line.
    Complete {
        /// Which call.
        conversation: String,
        /// Whose telephone.
        device: String,
    },
    /// Give the consultation up and go back to the caller.
    Cancel {
        /// Which call.
        conversation: String,
        /// Whose telephone.
        device: String,
    },
    /// Send the caller elsewhere without a word.
    Blind {
        /// Which call.
        conversation: String,
        /// Whose telephone.
        device: String,
        /// Where to.
        extension: String,
    },
    /// Attach something to the call; the next desk that it reaches sees it.
    Attach {
        /// Which call.
        conversation: String,
        /// What.
        attachment: Attachment,
    },
    /// Take a telephone out of a queue for a while, or back in.
    Pause {
        /// Which telephone.
        device: String,
        /// Which queue.
        queue: String,
        /// Out (or in).
        paused: bool,
    },
}

/// What a kind of telephone system can be asked for at all. What it can do with one call at this moment is the call's
/// [`CallCapabilities`](guichet_domain::call::CallCapabilities).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[allow(clippy::struct_excessive_bools, reason = "independent abilities")]
pub struct Abilities {
    /// Click to call.
    pub dial: bool,
    /// Pick up.
    pub answer: bool,
    /// Hold and resume.
    pub hold: bool,
    /// Consult, complete and cancel: a hot transfer.
    pub consult: bool,
    /// Blind transfer.
    pub blind: bool,
    /// Attach values that travel with the call.
    pub attach: bool,
    /// Leave a queue for a while.
    pub pause: bool,
    /// It tells what other telephones do: who is free.
    pub lines: bool,
}

impl Abilities {
    /// Whether such an action is possible with this kind of telephone system at all.
    #[must_use]
    pub fn allow(self, action: &Action) -> bool {
        match action {
            Action::Dial { .. } => self.dial,
            Action::Answer { .. } => self.answer,
            Action::Hold { .. } => self.hold,
            Action::Consult { .. } | Action::Complete { .. } | Action::Cancel { .. } => self.consult,
            Action::Blind { .. } => self.blind,
            Action::Attach { .. } => self.attach,
            Action::Pause { .. } => self.pause,
        }
    }
}

/// Why an action did not come about, or is not known to have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
    /// This kind of telephone system cannot be asked for that.
    #[error("this telephone system cannot be asked for that")]
    NotSupported,
    /// The PBX is not there. Nothing was sent: a transfer is never kept for later.
    #[error("the PBX is not connected")]
    NotConnected,
    /// The telephone has no part in that call.
    #[error("that telephone is not in that call")]
    NoSuchLeg,
    /// Not in this state of the call: completing a transfer that nobody answered would cut the caller off.
    #[error("the call is not in a state for that")]
    NotPossible,
    /// What was to be dialled or attached cannot be put on the wire.
    #[error("{0} cannot be sent to the PBX")]
    Invalid(&'static str),
    /// The PBX refuses.
    #[error("the PBX refuses: {message}")]
    Refused {
        /// What it said, for support.
        message: String,
    },
    /// The PBX did not answer in time.
    #[error("the PBX did not answer")]
    Unanswered,
    /// The PBX accepted, and nothing happened.
    #[error("the PBX accepted it and nothing happened")]
    NoEffect,
    /// The call ended first.
    #[error("the call is over")]
    CallOver,
    /// The connection was lost while waiting: it may have happened.
    #[error("the PBX was lost while it worked on it")]
    Lost,
}

impl ActionError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotSupported => "call_not_supported",
            Self::NotConnected => "pbx_not_connected",
            Self::NoSuchLeg => "call_no_such_leg",
            Self::NotPossible => "call_not_possible",
            Self::Invalid(_) => "call_invalid",
            Self::Refused { .. } => "pbx_action_refused",
            Self::Unanswered => "pbx_unanswered",
            Self::NoEffect => "pbx_no_effect",
            Self::CallOver => "call_over",
            Self::Lost => "pbx_lost_meanwhile",
        }
    }
}

/// Something attached to a call: it travels with it through transfers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    key: String,
    value: String,
}

impl Attachment {
    /// `name` is capital letters, digits and `_` ("TICKET"). `value` is letters, digits and a few signs: what separates
    /// variables or evaluates in a dialplan (`,`, `$`, quotes…) is refused, whichever telephone system it is for.
    ///
    /// # Errors
    /// [`ActionError::Invalid`].
    pub fn new(name: &str, value: &str) -> Result<Self, ActionError> {
        let good_name = (1..=40).contains(&name.len())
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let good_value = value.len() <= 200
            && value
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || " ._:/-+@".contains(c));
        if !good_name || !good_value {
            return Err(ActionError::Invalid("the attached value"));
        }
        Ok(Self {
            key: format!("{DATA_PREFIX}{name}"),
            value: value.to_owned(),
        })
    }

    /// What it is called in a call's `user_data` ("GUICHET_TICKET").
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What it says.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// A number or extension fit to be dialled: digits, `*`, `#` and a leading `+`, nothing that could be a pattern, a second
/// argument, a channel, another field or another path.
pub(crate) fn dialled(number: &str) -> Result<String, ActionError> {
    let text: String = number.chars().filter(|c| !" .-()\u{a0}".contains(*c)).collect();
    let digits = text.strip_prefix('+').unwrap_or(&text);
    let good = (1..=32).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit() || "*#".contains(c));
    good.then_some(text).ok_or(ActionError::Invalid("the number"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_numbers_are_dialled() {
        for good in [
            "7001",
            "0612340013",
            "+33 6 12 34 00 13",
            "01.44.55.66.77",
            "*8",
            "#31#0612340013",
        ] {
            assert!(dialled(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "+",
            "7001,1",
            "7001@outside",
            "${EXTEN}",
            "_X.",
            "SIP/trunk",
            "7001\r\nAction: Command",
            "s",
            "7001/../../users",
            "7001?x=1",
        ] {
            assert_eq!(dialled(bad), Err(ActionError::Invalid("the number")), "{bad}");
        }
    }

    #[test]
    fn what_is_attached_cannot_say_more_than_one_thing() {
        let ticket = Attachment::new("TICKET", "4821").unwrap();
        assert_eq!((ticket.key(), ticket.value()), ("GUICHET_TICKET", "4821"));
        for (name, value) in [
            ("ticket", "1"),
            ("", "1"),
            ("T=X", "1"),
            ("T", "1,EVIL=2"),
            ("T", "${SHELL(id)}"),
            ("T", "1\r\nAction: x"),
            ("T", "\"1\""),
        ] {
            assert!(Attachment::new(name, value).is_err(), "{name}={value}");
        }
    }

    #[test]
    fn a_hot_transfer_is_one_ability() {
        let able = Abilities {
            consult: true,
            ..Abilities::default()
        };
        let (conversation, device) = ("1".to_owned(), "6001".to_owned());
        let consult = Action::Consult {
            conversation: conversation.clone(),
            device: device.clone(),
            extension: "7001".to_owned(),
        };
        assert!(able.allow(&consult));
        assert!(able.allow(&Action::Complete {
            conversation: conversation.clone(),
            device: device.clone()
        }));
        assert!(!able.allow(&Action::Answer { conversation, device }));
        assert!(!Abilities::default().allow(&consult));
    }

    proptest! {
        #[test]
        fn nothing_dialled_ever_leaves_its_field(text in "\\PC{0,40}") {
            if let Ok(number) = dialled(&text) {
                prop_assert!(number.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c)));
            }
        }
    }
}
