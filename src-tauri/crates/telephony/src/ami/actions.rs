//! What the desk asks of the PBX, and what counts as its having happened.
//!
//! Asterisk answers most actions with "successfully queued", which says nothing: an `Atxfer` on a PBX without the feature
//! code or its prompt sounds is accepted and ignored. So an action is done when its **effect on the call** was seen, and has
//! failed when that did not come in time.

use super::{config::AmiConfig, frame::Frame, switchboard::Switchboard};
use crate::action::{self, ActionError, Attachment, dialled};
use guichet_domain::call::{CallEvent, CallEventKind as Kind};
use std::time::Duration;

/// How long one's own telephone may ring for a call one makes by a click.
const OWN_RING: Duration = Duration::from_secs(30);

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

impl TryFrom<action::Action> for Action {
    type Error = ActionError;

    fn try_from(asked: action::Action) -> Result<Self, ActionError> {
        use action::Action as Asked;
        Ok(match asked {
            Asked::Dial {
                device,
                number,
                attachments,
            } => Self::Dial {
                device,
                number,
                attachments,
            },
            Asked::Consult {
                conversation,
                device,
                extension,
            } => Self::Consult {
                conversation,
                device,
                extension,
            },
            Asked::Complete { conversation, device } => Self::Complete { conversation, device },
            Asked::Cancel { conversation, device } => Self::Cancel { conversation, device },
            Asked::Blind {
                conversation,
                device,
                extension,
            } => Self::Blind {
                conversation,
                device,
                extension,
            },
            Asked::Attach {
                conversation,
                attachment,
            } => Self::Attach {
                conversation,
                attachment,
            },
            Asked::Pause { device, queue, paused } => Self::Pause { device, queue, paused },
            // AMI has no action for either.
            Asked::Answer { .. } | Asked::Hold { .. } => return Err(ActionError::NotSupported),
        })
    }
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
                    frame = frame.with("Variable", format!("__{}={}", attachment.key(), attachment.value()));
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
                    .with("Variable", format!("__{}", attachment.key()))
                    .with("Value", attachment.value());
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
