//! Hot transfers of this desk: the machine of the domain, kept durably before what it asks for is carried out, fed with what the
//! PBX shows and what the technician decides.
//!
//! Everything that moves a machine holds one lock until it is stored: decisions, events, results and the clock come one after the other.
//! What a machine asks of the PBX is carried out outside of it, because waiting for an effect takes seconds.

use crate::{
    api::{Instruction, TransferCard, TransferLine},
    core::{
        desk::{AppEvent, Session},
        telephony::{Around, TelephonyEvent},
    },
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId, TicketId,
    call::{Call, CallSource, LinePresence, LineState},
    hot_transfer::{
        ActionResult, Briefing, Decision, Effect, HotTransfer, HotTransferError, Observation, OfferReason, PbxAction,
        PbxVerb, State,
    },
    operation::Operation,
    ticket::Level,
    wrap_up::{CallPolicy, Owner},
};
use guichet_service_levels::Contract;
use guichet_store::{ChangeSet, KeptTransfer, Store, StoreError};
use guichet_telephony::{Action, ActionError, Attachment, Pbx};
use jiff::{Timestamp, tz::TimeZone};
use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::sync::{Mutex, RwLock, broadcast};

/// What the attached ticket is called in a call's data.
pub const TICKET: &str = "TICKET";
/// How long the ticket's number may take to get onto the call before the consultation is asked for all the same.
const ATTACHING: Duration = Duration::from_millis(700);

/// The session, where one is.
pub type SessionSlot = Arc<RwLock<Option<Arc<Session>>>>;

/// Why a hot transfer cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// The contract has no roster for it.
    #[error("the contract has no hot transfer")]
    NoPolicy,
    /// The call is not one that is being talked.
    #[error("call {0} is not being talked here")]
    NoCall(String),
    /// There is no such transfer.
    #[error("no transfer {0}")]
    Unknown(OperationId),
    /// Not now.
    #[error(transparent)]
    Refused(#[from] HotTransferError),
}

impl TransferError {
    /// Key in the message catalogue.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoPolicy => "transfer_no_policy",
            Self::NoCall(_) => "transfer_no_call",
            Self::Unknown(_) => "transfer_unknown",
            Self::Refused(error) => error.code(),
        }
    }

    /// What fills the places of the texts.
    #[must_use]
    pub fn args(&self, locale: Locale) -> Vec<(&'static str, String)> {
        match self {
            Self::Refused(HotTransferError::BriefingIncomplete { missing }) => {
                let labels: Vec<String> = missing.iter().map(|field| field.label(&locale)).collect();
                vec![("missing", labels.join(", "))]
            }
            _ => Vec::new(),
        }
    }
}

/// The transfers that go on, and those of this run that ended.
pub struct Transfers {
    kept: Mutex<BTreeMap<OperationId, KeptTransfer>>,
    /// What other telephones do, as far as the PBX told.
    lines: std::sync::Mutex<BTreeMap<String, LineState>>,
    pbx: Arc<Box<dyn Pbx>>,
    device: String,
    store: Store,
    contract: Option<Arc<Contract>>,
    locale: Locale,
    session: SessionSlot,
    events: broadcast::Sender<AppEvent>,
    /// Itself, for what is carried out later.
    me: Weak<Self>,
}

/// What a transfer begins with besides the call.
#[derive(Debug, Clone, Default)]
pub struct Beginning {
    /// What is known already.
    pub briefing: Briefing,
    /// Why it is offered.
    pub reason: Option<OfferReason>,
}

impl Transfers {
    /// Takes up what was kept: nothing is asked of the PBX anew, lines that did not reach the outbox do now.
    pub async fn start(pbx: Arc<Box<dyn Pbx>>, device: String, around: Around) -> Arc<Self> {
        let Around {
            store,
            events,
            contract,
            locale,
            session,
        } = around;
        let transfers = Arc::new_cyclic(|me| Self {
            kept: Mutex::new(BTreeMap::new()),
            lines: std::sync::Mutex::default(),
            pbx,
            device,
            store,
            contract,
            locale,
            session,
            events,
            me: me.clone(),
        });
        let known = transfers.store.told_transfers(Timestamp::now()).await;
        let known = known.unwrap_or_else(|error| {
            tracing::error!(%error, "transfers of the last start could not be read");
            Vec::new()
        });
        for kept in known {
            let id = kept.transfer.id;
            transfers.kept.lock().await.insert(id, kept);
            let resumed = transfers
                .step(id, |transfer, _| {
                    // The lines come again; those that are in the outbox are known by their number.
                    transfer.resume();
                    Ok(Vec::new())
                })
                .await;
            if let Err(error) = resumed {
                tracing::error!(
                    code = error.code(),
                    "a transfer of the last start could not be taken up"
                );
            }
        }
        transfers
    }

    /// Why a hot transfer is offered for a caller and a ticket of this priority, by the contract.
    #[must_use]
    pub fn reason(&self, vip: bool, priority: Level) -> Option<OfferReason> {
        let rules = self.contract.as_ref()?.hot_transfer.as_ref()?;
        rules.policy.reason(vip, priority)
    }

    /// The contract the desk works by.
    #[must_use]
    pub fn contract(&self) -> Option<&Contract> {
        self.contract.as_deref()
    }

    /// Whether a transfer of a call is this desk's own.
    pub async fn has(&self, call: &Call) -> bool {
        self.kept.lock().await.values().any(|kept| is_of(&kept.transfer, call))
    }

    /// All that are told of, oldest first: those that go on, and those that ended while their call's wrap-up is not done.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn cards(&self) -> Result<Vec<TransferCard>, AppError> {
        let told = self.store.told_transfers(Timestamp::now()).await?;
        let kept = self.kept.lock().await;
        Ok(told
            .iter()
            .map(|stored| self.shown(kept.get(&stored.transfer.id).unwrap_or(stored)))
            .collect())
    }

    /// Offers the transfer of a call; one of it that is not over is given again.
    ///
    /// # Errors
    /// When the contract has none, or it cannot be kept.
    pub async fn begin(&self, call: &Call, beginning: Beginning) -> Result<TransferCard, AppError> {
        let now = Timestamp::now();
        let (contract, rules) = self
            .contract
            .as_ref()
            .and_then(|contract| Some((contract, contract.hot_transfer.as_ref()?)))
            .ok_or(TransferError::NoPolicy)?;
        let mut all = self.kept.lock().await;
        if let Some(known) = all
            .values()
            .find(|kept| is_of(&kept.transfer, call) && !kept.transfer.state.is_end())
        {
            return Ok(self.shown(known));
        }
        let mut roster = contract.roster_members(rules.roster, now.into());
        {
            let lines = self.lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            for member in &mut roster {
                let line = lines.iter().find(|(device, _)| member.has_device(device));
                member.line = line.map(|(_, state)| *state);
            }
        }
        let (transfer, effects) = HotTransfer::offer(
            OperationId::new(),
            call,
            &self.device,
            self.pbx.abilities().consult,
            beginning.reason.unwrap_or(OfferReason::Asked),
            rules.policy.clone(),
            roster,
            beginning.briefing,
            now,
        );
        let kept = KeptTransfer {
            transfer,
            handed: 0,
            called_back: false,
            hand_step: None,
            notice: None,
        };
        let id = kept.transfer.id;
        let kept = self.keep(kept, now).await?;
        let card = self.shown(&kept);
        all.insert(id, kept);
        drop(all);
        self.carry_out(id, effects);
        self.tell(card.clone());
        Ok(card)
    }

    /// Keeps the briefing as it is typed.
    ///
    /// # Errors
    /// When there is no such transfer, or it cannot be kept.
    pub async fn brief(&self, id: OperationId, briefing: Briefing) -> Result<TransferCard, AppError> {
        self.step(id, |transfer, _| {
            // The ticket is the desk's to say.
            let ticket = transfer.briefing.ticket;
            transfer.brief(Briefing { ticket, ..briefing });
            Ok(Vec::new())
        })
        .await
    }

    /// Takes a decision.
    ///
    /// # Errors
    /// Why it cannot be taken now, or be kept. Nothing has changed then.
    pub async fn decide(&self, id: OperationId, decision: Decision) -> Result<TransferCard, AppError> {
        self.step(id, |transfer, now| transfer.decide(decision, now)).await
    }

    /// A call as it is now.
    pub async fn saw(&self, call: &Call, seq: u64) {
        for id in self.going_on(Some(call)).await {
            let call = Box::new(call.clone());
            self.observe(id, Observation::Call { call, seq }).await;
        }
    }

    /// The PBX is out of sight, or there again and read anew.
    pub async fn pbx(&self, there: bool) {
        for id in self.going_on(None).await {
            let observation = if there {
                Observation::PbxBack
            } else {
                Observation::PbxLost
            };
            self.observe(id, observation).await;
        }
        if !there {
            self.lines
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clear();
        }
    }

    /// What a telephone does.
    pub async fn line(&self, line: &LinePresence) {
        self.lines
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(line.device.clone(), line.state);
        for id in self.going_on(None).await {
            let (device, state) = (line.device.clone(), line.state);
            self.observe(id, Observation::Line { device, state }).await;
        }
    }

    /// About once a second: what waits for time, and tickets that got their number.
    pub async fn tick(&self) {
        for id in self.going_on(None).await {
            self.observe(id, Observation::Tick).await;
        }
        let local: Vec<(OperationId, TicketId)> = {
            let kept = self.kept.lock().await;
            let tickets = kept
                .values()
                .map(|kept| (kept.transfer.id, kept.transfer.briefing.ticket));
            tickets
                .filter_map(|(id, ticket)| Some((id, ticket.filter(|ticket| ticket.is_local())?)))
                .collect()
        };
        for (id, ticket) in local {
            match self.store.resolve_ticket(ticket).await {
                Ok(present) if present != ticket => self.set_ticket(id, present).await,
                Ok(_) => {}
                Err(error) => tracing::warn!(%error, "a ticket's number could not be read"),
            }
        }
    }

    /// Says which ticket a call is about: the lines that waited for it go there.
    pub async fn ticket_of(&self, source: &CallSource, call: &str, ticket: TicketId) {
        let ids: Vec<OperationId> = {
            let kept = self.kept.lock().await;
            let of_call = kept.values().filter(|kept| {
                let transfer = &kept.transfer;
                transfer.source == *source
                    && transfer.call_ids.contains(call)
                    && transfer.briefing.ticket != Some(ticket)
            });
            of_call.map(|kept| kept.transfer.id).collect()
        };
        for id in ids {
            self.set_ticket(id, ticket).await;
        }
    }

    async fn set_ticket(&self, id: OperationId, ticket: TicketId) {
        let set = self
            .step(id, |transfer, _| {
                transfer.set_ticket(ticket);
                Ok(Vec::new())
            })
            .await;
        match set {
            // Whoever is consulted already finds the briefing by the number on the call.
            Ok(card) if !ticket.is_local() && is_consulting(&card.transfer.state) => {
                let (call, pbx) = (card.transfer.call, self.pbx.clone());
                tokio::spawn(async move {
                    let attached = async { pbx.act(attach(call, ticket)?).await };
                    if let Err(error) = attached.await {
                        tracing::warn!(%error, "the ticket's number could not be attached to the call");
                    }
                });
            }
            Ok(_) => {}
            Err(error) => tracing::error!(code = error.code(), "a transfer's ticket could not be kept"),
        }
    }

    async fn going_on(&self, call: Option<&Call>) -> Vec<OperationId> {
        let kept = self.kept.lock().await;
        let on = kept.values().filter(|kept| {
            let transfer = &kept.transfer;
            !transfer.state.is_end() && call.is_none_or(|call| is_of(transfer, call))
        });
        on.map(|kept| kept.transfer.id).collect()
    }

    async fn observe(&self, id: OperationId, observation: Observation) {
        let seen = self
            .step(id, |transfer, now| Ok(transfer.observe(observation, now)))
            .await;
        if let Err(error) = seen {
            tracing::error!(code = error.code(), "a transfer's step could not be kept");
        }
    }

    /// One step of a machine: taken on a copy, stored, then in force, then carried out.
    async fn step(
        &self,
        id: OperationId,
        change: impl FnOnce(&mut HotTransfer, Timestamp) -> Result<Vec<Effect>, HotTransferError>,
    ) -> Result<TransferCard, AppError> {
        let now = Timestamp::now();
        let mut all = self.kept.lock().await;
        let before = all.get(&id).ok_or(TransferError::Unknown(id))?;
        let mut after = before.clone();
        let effects = change(&mut after.transfer, now).map_err(TransferError::from)?;
        if before.transfer.state != after.transfer.state {
            after.hand_step = None;
        }
        for effect in &effects {
            match effect {
                Effect::Instruct { step, nth } => after.hand_step = Some((*step, *nth)),
                Effect::Tell { notice } => after.notice = Some(*notice),
                _ => {}
            }
        }
        let waits = after.transfer.briefing.ticket.is_some() && usize::from(after.handed) < after.transfer.trace.len();
        // What is only of this run (what the PBX showed) is not stored, and no reason to.
        if !waits && written(before)? == written(&after)? {
            let card = self.shown(&after);
            all.insert(id, after);
            return Ok(card);
        }
        let after = self.keep(after, now).await?;
        let card = self.shown(&after);
        all.insert(id, after);
        drop(all);
        self.carry_out(id, effects);
        self.tell(card.clone());
        Ok(card)
    }

    /// Stores a machine with what is new for its ticket. A ticket that takes nothing keeps the machine from nothing.
    async fn keep(&self, kept: KeptTransfer, now: Timestamp) -> Result<KeptTransfer, AppError> {
        let (with, operations) = self.for_ticket(&kept);
        match self.store.keep_transfer(&with, operations, now).await {
            Ok(changes) => {
                self.publish(changes).await;
                Ok(with)
            }
            Err(StoreError::Invalid { message }) => {
                tracing::warn!(message, "the lines of a transfer are not taken by its ticket");
                self.store.keep_transfer(&kept, Vec::new(), now).await?;
                Ok(kept)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What of a transfer its ticket does not have yet, and the transfer once it has.
    fn for_ticket(&self, kept: &KeptTransfer) -> (KeptTransfer, Vec<(OperationId, Operation)>) {
        let mut with = kept.clone();
        let mut operations = Vec::new();
        if kept.transfer.briefing.ticket.is_none() {
            return (with, operations);
        }
        let zone = TimeZone::system();
        for line in kept.transfer.trace.iter().filter(|line| line.number > kept.handed) {
            operations.push((line.operation_id(), line.operation(&self.locale, &zone)));
            with.handed = line.number;
        }
        if let State::FellBack { call_back, .. } | State::CallerLeft { call_back, .. } = &kept.transfer.state
            && !kept.called_back
        {
            let owner = match &call_back.owner {
                Owner::Group { name } => name.clone(),
                Owner::User { id } => id.to_string(),
            };
            let mask = self
                .contract
                .as_ref()
                .map_or_else(CallPolicy::default, |contract| contract.calls.clone())
                .mask;
            if let Some((_, id, task)) = call_back.task(&owner, mask, &self.locale, &zone) {
                operations.push((id, task));
                with.called_back = true;
            }
        }
        (with, operations)
    }

    /// What was asked of the PBX, in its order.
    fn carry_out(&self, id: OperationId, effects: Vec<Effect>) {
        let actions: Vec<PbxAction> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Ask { action } => Some(action),
                _ => None,
            })
            .collect();
        let Some(me) = self.me.upgrade().filter(|_| !actions.is_empty()) else {
            return;
        };
        tokio::spawn(async move {
            for action in actions {
                let number = action.number;
                let result = me.ask(action).await;
                me.observe(id, Observation::Action { number, result }).await;
            }
        });
    }

    /// Asks the PBX, at once or never.
    async fn ask(&self, action: PbxAction) -> ActionResult {
        if Timestamp::now() > action.not_after {
            return ActionResult::NotSent;
        }
        let patience = match action.verb {
            PbxVerb::AttachTicket { .. } => ATTACHING,
            // An adapter ends by itself.
            _ => Duration::MAX,
        };
        let acted = async { self.pbx.act(asked(action)?).await };
        match tokio::time::timeout(patience, acted).await {
            Ok(acted) => {
                if let Err(error) = &acted {
                    tracing::warn!(%error, "the PBX did not do what the transfer asked for");
                }
                result_of(&acted)
            }
            Err(_) => ActionResult::Unknown,
        }
    }

    async fn publish(&self, changes: ChangeSet) {
        if changes == ChangeSet::default() {
            return;
        }
        let _ = self.events.send(AppEvent::Changed(changes));
        if let Some(session) = self.session.read().await.as_ref() {
            session.engine.accepted(false);
        }
    }

    fn tell(&self, card: TransferCard) {
        let event = TelephonyEvent::Transfer(Box::new(card));
        let _ = self.events.send(AppEvent::Telephony(event));
    }

    fn shown(&self, kept: &KeptTransfer) -> TransferCard {
        card(kept, self.locale)
    }
}

/// A transfer with everything that is shown of it.
#[must_use]
pub fn card(kept: &KeptTransfer, locale: Locale) -> TransferCard {
    use guichet_domain::wording::Phrases;
    let transfer = &kept.transfer;
    let zone = TimeZone::system();
    let lines = transfer.trace.iter().map(|line| TransferLine {
        number: line.number,
        at: line.at,
        witness: line.witness,
        text: line.words(&locale, &zone),
    });
    TransferCard {
        lines: lines.collect(),
        missing: transfer.briefing.missing(&transfer.policy.mandatory),
        next: transfer.next_free(),
        instruction: kept.hand_step.map(|(step, nth)| Instruction {
            step,
            text: transfer.instruction(step, nth, locale.language()),
        }),
        notice: kept.notice,
        transfer: transfer.clone(),
    }
}

fn written(kept: &KeptTransfer) -> Result<String, StoreError> {
    Ok(serde_json::to_string(kept)?)
}

fn is_of(transfer: &HotTransfer, call: &Call) -> bool {
    transfer.source == call.source
        && (transfer.call_ids.contains(&call.id) || !transfer.call_ids.is_disjoint(&call.ids))
}

fn is_consulting(state: &State) -> bool {
    matches!(
        state,
        State::Consulting { .. } | State::Briefed { .. } | State::Completing { .. }
    )
}

/// What an adapter is asked for.
fn asked(action: PbxAction) -> Result<Action, ActionError> {
    let (conversation, device) = (action.call, action.device);
    Ok(match action.verb {
        PbxVerb::AttachTicket { ticket } => attach(conversation, ticket)?,
        PbxVerb::Consult { extension } => Action::Consult {
            conversation,
            device,
            extension,
        },
        PbxVerb::Cancel => Action::Cancel { conversation, device },
        PbxVerb::Complete { .. } => Action::Complete { conversation, device },
    })
}

fn attach(conversation: String, ticket: TicketId) -> Result<Action, ActionError> {
    Ok(Action::Attach {
        conversation,
        attachment: Attachment::new(TICKET, &ticket.to_string())?,
    })
}

/// What an adapter's answer means to the machine (docs/hot-transfer.md).
fn result_of(acted: &Result<(), ActionError>) -> ActionResult {
    match acted {
        Ok(()) => ActionResult::Done,
        Err(
            ActionError::NotConnected
            | ActionError::NoSuchLeg
            | ActionError::NotPossible
            | ActionError::NotSupported
            | ActionError::Invalid(_)
            | ActionError::CallOver,
        ) => ActionResult::NotSent,
        Err(ActionError::Refused { .. }) => ActionResult::Refused,
        Err(ActionError::NoEffect) => ActionResult::NoEffect,
        Err(ActionError::Unanswered | ActionError::Lost) => ActionResult::Unknown,
    }
}

/// One value of every variant, for the catalogue's test.
#[cfg(test)]
pub(crate) fn every_error() -> Vec<TransferError> {
    use guichet_domain::diagnosis::DiagnosisField;
    let refused = [
        HotTransferError::BriefingIncomplete {
            missing: vec![DiagnosisField::Symptom],
        },
        HotTransferError::WrongState { state: "offered" },
        HotTransferError::NoSuchMember { nth: 9 },
        HotTransferError::NotNow,
        HotTransferError::NotUp,
        HotTransferError::PbxSaysOtherwise,
        HotTransferError::NoReason,
    ];
    let mut all: Vec<TransferError> = refused.into_iter().map(TransferError::Refused).collect();
    all.extend([
        TransferError::NoPolicy,
        TransferError::NoCall(String::new()),
        TransferError::Unknown(OperationId::new()),
    ]);
    all
}
