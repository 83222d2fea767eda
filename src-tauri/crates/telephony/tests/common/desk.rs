//! A desk: any adapter, and a tracker that hears it.

use guichet_domain::call::{Call, CallEvent, CallEventKind as Kind, CallSource, CallState, LineState};
use guichet_telephony::{Action, ActionError, ConnectionState, LossReason, Pbx, PbxUpdate, Tracker};
use std::time::Duration;
use tokio::{sync::mpsc, time::timeout};

const PATIENCE: Duration = Duration::from_secs(8);

pub struct Desk {
    pub pbx: Box<dyn Pbx>,
    /// The technician's own telephone.
    pub device: String,
    updates: mpsc::Receiver<PbxUpdate>,
    pub tracker: Tracker,
    pub heard: Vec<CallEvent>,
    pub lines: Vec<(String, LineState)>,
    pub rereads: usize,
}

impl Desk {
    pub fn new(pbx: Box<dyn Pbx>, device: &str, updates: mpsc::Receiver<PbxUpdate>) -> Self {
        Self {
            pbx,
            device: device.to_owned(),
            updates,
            tracker: Tracker::new(),
            heard: Vec::new(),
            lines: Vec::new(),
            rereads: 0,
        }
    }

    pub async fn connected(&self) {
        let mut state = self.pbx.state();
        timeout(PATIENCE, state.wait_for(ConnectionState::is_connected))
            .await
            .expect("connected in time")
            .unwrap();
    }

    /// Waits until it is lost, and says why.
    pub async fn lost(&self) -> LossReason {
        let mut state = self.pbx.state();
        let lost = |state: &ConnectionState| matches!(state, ConnectionState::Lost { .. });
        let state = timeout(PATIENCE, state.wait_for(lost))
            .await
            .expect("lost in time")
            .unwrap()
            .clone();
        match state {
            ConnectionState::Lost { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    fn take(&mut self, update: PbxUpdate) {
        match update {
            PbxUpdate::Call(event) => {
                self.heard.push((*event).clone());
                self.tracker.apply(*event);
            }
            PbxUpdate::Line(line) => self.lines.push((line.device, line.state)),
            PbxUpdate::Reread { alive, at } => {
                self.rereads += 1;
                let source: CallSource = self.pbx.source().clone();
                for event in self.tracker.absent(&source, &alive, at) {
                    self.tracker.apply(event);
                }
            }
        }
    }

    /// Listens until an event of this kind (at this telephone) comes that was not looked at before.
    pub async fn until(&mut self, kind: Kind, device: Option<&str>) -> CallEvent {
        let mut from = self.heard.len();
        let waiting = async {
            loop {
                let found = self.heard[from..]
                    .iter()
                    .find(|event| event.kind == kind && (device.is_none() || event.device.as_deref() == device));
                if let Some(found) = found {
                    return found.clone();
                }
                from = self.heard.len();
                let update = self.updates.recv().await.expect("the adapter goes on");
                self.take(update);
            }
        };
        match timeout(PATIENCE, waiting).await {
            Ok(event) => event,
            Err(_) => panic!("no {kind:?} {device:?} in {:?}", self.kinds()),
        }
    }

    /// Takes in what comes until nothing came for a while.
    pub async fn settle(&mut self) {
        while let Ok(Some(update)) = timeout(Duration::from_millis(150), self.updates.recv()).await {
            self.take(update);
        }
    }

    pub fn kinds(&self) -> Vec<Kind> {
        self.heard.iter().map(|event| event.kind).collect()
    }

    /// The one call there is.
    pub fn call(&self) -> &Call {
        let calls: Vec<&Call> = self.tracker.calls().collect();
        assert_eq!(calls.len(), 1, "{calls:#?}");
        calls[0]
    }

    pub fn state(&self) -> CallState {
        self.call().state
    }

    pub async fn consult(&self, conversation: &str, extension: &str) -> Result<(), ActionError> {
        let (conversation, device) = (conversation.to_owned(), self.device.clone());
        let extension = extension.to_owned();
        self.pbx
            .act(Action::Consult {
                conversation,
                device,
                extension,
            })
            .await
    }

    pub async fn complete(&self, conversation: &str) -> Result<(), ActionError> {
        let (conversation, device) = (conversation.to_owned(), self.device.clone());
        self.pbx.act(Action::Complete { conversation, device }).await
    }

    pub async fn cancel(&self, conversation: &str) -> Result<(), ActionError> {
        let (conversation, device) = (conversation.to_owned(), self.device.clone());
        self.pbx.act(Action::Cancel { conversation, device }).await
    }

    pub async fn answer(&self, conversation: &str) -> Result<(), ActionError> {
        let (conversation, device) = (conversation.to_owned(), self.device.clone());
        self.pbx.act(Action::Answer { conversation, device }).await
    }

    pub async fn hold(&self, conversation: &str, on: bool) -> Result<(), ActionError> {
        let (conversation, device) = (conversation.to_owned(), self.device.clone());
        self.pbx
            .act(Action::Hold {
                conversation,
                device,
                on,
            })
            .await
    }

    pub async fn blind(&self, conversation: &str, extension: &str) -> Result<(), ActionError> {
        let (conversation, device) = (conversation.to_owned(), self.device.clone());
        let extension = extension.to_owned();
        self.pbx
            .act(Action::Blind {
                conversation,
                device,
                extension,
            })
            .await
    }
}
