//! What the desk asks of the PBX, and what counts as its having happened.
//!
//! Asterisk answers most actions with "successfully queued", which says nothing: an `Atxfer` on a PBX without the feature
//! code or its prompt sounds is accepted and ignored. So an action is done when its **effect on the call** was seen, and has
//! failed when that did not come in time.

use super::{config::AmiConfig, frame::Frame, switchboard::DATA_PREFIX, switchboard::Switchboard};
use guichet_domain::call::{CallEvent, CallEventKind as Kind};
use std::time::Duration;

/// How long one's own telephone may ring for a call one makes by a click.
const OWN_RING: Duration = Duration::from_secs(30);

/// Why an action did not come about, or is not known to have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActionError {
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
    name: String,
    value: String,
}

impl Attachment {
    /// `name` is capital letters, digits and `_` ("TICKET"); on the wire it begins with [`DATA_PREFIX`]. `value` is letters,
    /// digits and a few signs: what separates variables or evaluates in a dialplan (`,`, `$`, quotes…) is refused.
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
            name: format!("__{DATA_PREFIX}{name}"),
            value: value.to_owned(),
        })
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Dial {
        device: String,
        number: String,
        attachments: Vec<Attachment>,
    },
    Consult {
        conversation: String,
        device: String,
        extension: String,
    },
    Cancel {
        conversation: String,
        device: String,
    },
    Complete {
        conversation: String,
        device: String,
    },
    Blind {
        conversation: String,
        device: String,
        extension: String,
    },
    Redirect {
        conversation: String,
        extension: String,
        context: String,
    },
    Attach {
        conversation: String,
        attachment: Attachment,
    },
    Pause {
        device: String,
        queue: String,
        paused: bool,
    },
}

/// What shows that it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Effect {
    /// The answer itself does.
    Response,
    /// Asterisk's own report of a call made for somebody.
    OriginateResponse,
    /// One of these events of the conversation.
    Event(String, &'static [Kind]),
}

/// An action made ready.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) frame: Frame,
    pub(super) effect: Effect,
    pub(super) effect_timeout: Duration,
}

impl Action {
    /// The frame to send and what to wait for.
    pub(super) fn prepare(self, id: &str, board: &Switchboard, config: &AmiConfig) -> Result<Prepared, ActionError> {
        let action = |name: &str| Frame::new([("Action", name), ("ActionID", id)]);
        let leg = |conversation: &str, device: &str| {
            board
                .leg(conversation, device)
                .map(str::to_owned)
                .ok_or(ActionError::NoSuchLeg)
        };
        let event = |conversation: &str, kinds| Effect::Event(conversation.to_owned(), kinds);
        let mut effect_timeout = config.effect_timeout;
        let (frame, effect) = match self {
            Self::Dial {
                device,
                number,
                attachments,
            } => {
                effect_timeout = OWN_RING + config.effect_timeout;
                let mut frame = action("Originate")
                    .with("Channel", device)
                    .with("Context", config.dial_context.clone())
                    .with("Exten", dialled(&number)?)
                    .with("Priority", "1")
                    .with("Timeout", OWN_RING.as_millis().to_string());
                for attachment in attachments {
                    frame = frame.with("Variable", format!("{}={}", attachment.name, attachment.value));
                }
                (frame.with("Async", "true"), Effect::OriginateResponse)
            }
            Self::Consult {
                conversation,
                device,
                extension,
            } => {
                let frame = action("Atxfer")
                    .with("Channel", leg(&conversation, &device)?)
                    .with("Exten", dialled(&extension)?)
                    .with("Context", config.transfer_context.clone());
                if !board.capabilities(&conversation).consult {
                    return Err(ActionError::NotPossible);
                }
                let seen: &[Kind] = &[Kind::ConsultRinging, Kind::ConsultAnswered, Kind::ConsultFailed];
                (frame, event(&conversation, seen))
            }
            Self::Cancel { conversation, device } => {
                let frame = action("CancelAtxfer").with("Channel", leg(&conversation, &device)?);
                if !board.capabilities(&conversation).cancel {
                    return Err(ActionError::NotPossible);
                }
                (frame, event(&conversation, &[Kind::TransferCancelled]))
            }
            Self::Complete { conversation, device } => {
                let frame = action("Hangup").with("Channel", leg(&conversation, &device)?);
                if !board.capabilities(&conversation).complete {
                    return Err(ActionError::NotPossible);
                }
                (frame, event(&conversation, &[Kind::Transferred]))
            }
            Self::Blind {
                conversation,
                device,
                extension,
            } => {
                let frame = action("BlindTransfer")
                    .with("Channel", leg(&conversation, &device)?)
                    .with("Exten", dialled(&extension)?)
                    .with("Context", config.transfer_context.clone());
                if !board.capabilities(&conversation).blind {
                    return Err(ActionError::NotPossible);
                }
                (
                    frame,
                    event(&conversation, &[Kind::Ringing, Kind::Transferred, Kind::Queued]),
                )
            }
            Self::Redirect {
                conversation,
                extension,
                context,
            } => {
                let channel = board.remote_leg(&conversation).ok_or(ActionError::NoSuchLeg)?;
                let frame = action("Redirect")
                    .with("Channel", channel)
                    .with("Context", context)
                    .with("Exten", dialled(&extension)?)
                    .with("Priority", "1");
                (frame, Effect::Response)
            }
            Self::Attach {
                conversation,
                attachment,
            } => {
                let channel = board.remote_leg(&conversation).ok_or(ActionError::NoSuchLeg)?;
                let frame = action("Setvar")
                    .with("Channel", channel)
                    .with("Variable", attachment.name)
                    .with("Value", attachment.value);
                (frame, Effect::Response)
            }
            Self::Pause { device, queue, paused } => {
                let frame = action("QueuePause")
                    .with("Interface", device)
                    .with("Queue", queue)
                    .with("Paused", paused.to_string());
                (frame, Effect::Response)
            }
        };
        Ok(Prepared {
            frame,
            effect,
            effect_timeout,
        })
    }
}

impl Effect {
    /// Whether an event shows it, or that it cannot come any more.
    pub(super) fn shown_by(&self, event: &CallEvent) -> Option<Result<(), ActionError>> {
        let Self::Event(conversation, kinds) = self else {
            return None;
        };
        if event.conversation_id != *conversation && !event.previous_ids.contains(conversation) {
            return None;
        }
        if kinds.contains(&event.kind) {
            return Some(Ok(()));
        }
        let over = event.kind == Kind::Ended || (event.kind == Kind::Missed && event.device.is_none());
        over.then_some(Err(ActionError::CallOver))
    }
}

/// A number or extension fit for a dialplan: digits, `*`, `#` and a leading `+`, nothing that could be a pattern, a second
/// argument or a channel.
fn dialled(number: &str) -> Result<String, ActionError> {
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
        ] {
            assert_eq!(dialled(bad), Err(ActionError::Invalid("the number")), "{bad}");
        }
    }

    #[test]
    fn what_is_attached_cannot_say_more_than_one_thing() {
        assert!(Attachment::new("TICKET", "4821").is_ok());
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

    proptest! {
        #[test]
        fn nothing_dialled_ever_leaves_its_field(text in "\\PC{0,40}") {
            if let Ok(number) = dialled(&text) {
                prop_assert!(number.chars().all(|c| c.is_ascii_digit() || "+*#".contains(c)));
            }
        }
    }
}
