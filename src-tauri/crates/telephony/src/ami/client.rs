//! The adapter as the shell sees it: started once, told what to do, heard through a channel.

use super::{actions::Action, config::AmiConfig, connection::Exchange};
use crate::{
    action::{self, Abilities, ActionError, Attachment},
    link::{Handle, Keeping},
    pbx::{Pbx, PbxUpdate},
    state::ConnectionState,
};
use async_trait::async_trait;
use guichet_domain::call::CallSource;
use tokio::sync::{mpsc, watch};

/// The adapter of one PBX. It connects, and connects again, by itself; dropping it ends it.
#[derive(Debug)]
pub struct Ami {
    handle: Handle<Action>,
}

impl Ami {
    /// Starts it. What it hears goes to `updates`, in order; when nobody takes it, the PBX is read no further.
    #[must_use]
    pub fn start(config: AmiConfig, updates: mpsc::Sender<PbxUpdate>) -> Self {
        let keeping = Keeping {
            source: config.source.clone(),
            region: config.region.clone(),
            shortest_pause: config.shortest_pause,
            longest_pause: config.longest_pause,
        };
        Self {
            handle: Handle::start(Exchange::new(config), keeping, updates),
        }
    }

    /// Whether the PBX is there, now and from now on.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.state()
    }

    /// Calls a number: `device` rings first, then the number is dialled from it. Done when one's own telephone was picked up.
    ///
    /// # Errors
    /// See [`ActionError`]; [`ActionError::Refused`] when one's own telephone was not answered.
    pub async fn dial(&self, device: &str, number: &str, attachments: Vec<Attachment>) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Dial {
                device: device.to_owned(),
                number: number.to_owned(),
                attachments,
            })
            .await
    }

    /// Consults somebody while the caller waits. Done when their telephone rings, or could not be made to
    /// ([`ConsultFailed`](guichet_domain::call::CallEventKind::ConsultFailed) says why).
    ///
    /// # Errors
    /// [`ActionError::NoEffect`] when the PBX accepts and ignores it: the call goes on as it was.
    pub async fn consult(&self, conversation: &str, device: &str, extension: &str) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Consult {
                conversation: conversation.to_owned(),
                device: device.to_owned(),
                extension: extension.to_owned(),
            })
            .await
    }

    /// Gives a consultation up. Done when technician and caller are joined again.
    ///
    /// # Errors
    /// See [`ActionError`].
    pub async fn cancel(&self, conversation: &str, device: &str) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Cancel {
                conversation: conversation.to_owned(),
                device: device.to_owned(),
            })
            .await
    }

    /// Hands the caller to the person consulted, by hanging the technician up. Refused unless that person is on the line:
    /// with nobody there the caller would be cut off. Done when caller and person are joined.
    ///
    /// # Errors
    /// [`ActionError::NotPossible`] when nobody answered the consultation.
    pub async fn complete(&self, conversation: &str, device: &str) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Complete {
                conversation: conversation.to_owned(),
                device: device.to_owned(),
            })
            .await
    }

    /// Sends the caller elsewhere without a word. Done when a telephone rings there.
    ///
    /// # Errors
    /// See [`ActionError`].
    pub async fn blind_transfer(&self, conversation: &str, device: &str, extension: &str) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Blind {
                conversation: conversation.to_owned(),
                device: device.to_owned(),
                extension: extension.to_owned(),
            })
            .await
    }

    /// Sends the other end's leg to a place of the dialplan (a queue, a message).
    ///
    /// # Errors
    /// See [`ActionError`].
    pub async fn redirect(&self, conversation: &str, context: &str, extension: &str) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Redirect {
                conversation: conversation.to_owned(),
                extension: extension.to_owned(),
                context: context.to_owned(),
            })
            .await
    }

    /// Attaches something to a call; the next desk it reaches sees it.
    ///
    /// # Errors
    /// See [`ActionError`].
    pub async fn attach(&self, conversation: &str, attachment: Attachment) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Attach {
                conversation: conversation.to_owned(),
                attachment,
            })
            .await
    }

    /// Takes a telephone out of a queue for a while, or back in.
    ///
    /// # Errors
    /// See [`ActionError`].
    pub async fn pause(&self, device: &str, queue: &str, paused: bool) -> Result<(), ActionError> {
        self.handle
            .ask(Action::Pause {
                device: device.to_owned(),
                queue: queue.to_owned(),
                paused,
            })
            .await
    }

    /// Says goodbye to the PBX and ends.
    pub async fn stop(self) {
        self.handle.stop().await;
    }
}

#[async_trait]
impl Pbx for Ami {
    fn source(&self) -> &CallSource {
        self.handle.source()
    }

    fn state(&self) -> watch::Receiver<ConnectionState> {
        self.handle.state()
    }

    fn abilities(&self) -> Abilities {
        Abilities {
            dial: true,
            answer: false,
            hold: false,
            consult: true,
            blind: true,
            attach: true,
            pause: true,
            lines: true,
        }
    }

    async fn act(&self, action: action::Action) -> Result<(), ActionError> {
        self.handle.ask(action.try_into()?).await
    }

    async fn stop(self: Box<Self>) {
        self.handle.stop().await;
    }
}
