//! The hot transfer against the pretend PBX, over a real connection, with real databases. The PBX is as unforgiving as Asterisk: who
//! completes too early cuts the caller off.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::with_a_pbx::{Scene, now, rings};
use super::*;
use guichet_domain::{
    call::CallState,
    hot_transfer::{ConsultPhase, Decision, HandStep, Happened, Notice, Outcome, State, Step},
    operation::{NewTicket, Operation},
    rich_text::RichText,
    ticket::{Level, TicketKind},
};
use guichet_sandbox::pbx::Behaviour;
use guichet_store::Submission;

const EXTENSION: &str = "6001";

impl Scene {
    /// The next state of a transfer that is as wanted.
    async fn transfer(&mut self, wanted: impl Fn(&TransferCard) -> bool) -> TransferCard {
        loop {
            if let TelephonyEvent::Transfer(card) = self.heard().await
                && wanted(&card)
            {
                return *card;
            }
        }
    }

    /// A VIP calls and is talked with; nobody of the roster answers unless he is made to.
    async fn talking(&mut self, telephone: &Telephone) -> (String, CallCard) {
        for extension in ["7001", "7002"] {
            self.pbx.set_behaviour(extension, Behaviour::Rings);
        }
        let caller = self.pbx.call("0612340013", "");
        let card = self.card(rings).await;
        assert!(card.offer.is_some(), "a VIP's call is one to hand over");
        assert!(self.pbx.pick_up(EXTENSION));
        let answered = self.card(|card| card.call.state == CallState::Answered).await;
        assert_eq!(telephone.calls().len(), 1);
        (caller, answered)
    }

    async fn new_ticket(&self) -> TicketId {
        let ticket = NewTicket {
            title: "Écran noir".to_owned(),
            description: RichText::from_plain("Plus rien à l’écran"),
            kind: TicketKind::Incident,
            urgency: Level(5),
            impact: Level(5),
            category: None,
            location: None,
            channel: None,
            entity: None,
            actors: Vec::new(),
            assets: Vec::new(),
        };
        let submission = Submission {
            lane: None,
            operations: vec![(
                OperationId::new(),
                Operation::CreateTicket {
                    ticket: Box::new(ticket),
                },
            )],
            draft: None,
            hold: Duration::ZERO,
        };
        self.store.submit(submission, now()).await.unwrap().lane
    }

    /// First lines of what is to go into the ticket, without their dates.
    async fn lines(&self, ticket: TicketId) -> Vec<String> {
        let entries = self.store.outbox(Some(ticket), true).await.unwrap();
        let bodies = entries.into_iter().filter_map(|entry| match entry.operation {
            Operation::AddFollowup { body, private: true } => Some(body.to_plain()),
            _ => None,
        });
        bodies
            .map(|body| {
                let first = body.lines().next().unwrap_or_default().to_owned();
                first
                    .split_once(" · ")
                    .map_or(first.clone(), |(_, what)| what.to_owned())
            })
            .collect()
    }
}

fn consulting(card: &TransferCard, wanted: ConsultPhase) -> bool {
    matches!(card.transfer.state, State::Consulting { phase, .. } if phase == wanted)
}

fn briefed(card: &TransferCard) -> Briefing {
    let mut briefing = card.transfer.briefing.clone();
    briefing.diagnosis.symptom = "Écran noir".to_owned();
    briefing.diagnosis.affected = "Une personne".to_owned();
    briefing
}

#[tokio::test]
async fn the_first_of_the_roster_does_not_answer_the_second_does_and_the_caller_is_handed_over() {
    let mut scene = Scene::at_pace(1.0).await;
    let telephone = scene.telephone().await;
    let (caller, call) = scene.talking(&telephone).await;
    let id = call.call.id.clone();
    let card = telephone.begin_transfer(&id).await.unwrap();
    let transfer = card.transfer.id;
    assert_eq!(card.transfer.briefing.caller.name, "Claire Fontaine");
    assert!(!card.missing.is_empty());
    let again = telephone.begin_transfer(&id).await.unwrap();
    assert_eq!(again.transfer.id, transfer, "one call, one transfer");

    // Refused until the briefing says enough; then kept as typed.
    let consult = || Decision::Consult { nth: None };
    let transfers = telephone.transfers();
    let error = transfers.decide(transfer, consult()).await.unwrap_err();
    assert_eq!(error.code(), "transfer_briefing_incomplete");
    let card = transfers.brief(transfer, briefed(&card)).await.unwrap();
    assert!(card.missing.is_empty());

    // The ticket comes while it goes on: every line of before goes there.
    let ticket = scene.new_ticket().await;
    write(&scene.store, Some(&telephone), &id, Written::Ticket(Some(ticket)))
        .await
        .unwrap();
    transfers.decide(transfer, consult()).await.unwrap();
    scene.transfer(|card| consulting(card, ConsultPhase::Ringing)).await;
    let next = scene
        .transfer(|card| matches!(card.transfer.state, State::Consulting { nth: 1, .. }))
        .await;
    assert_eq!(next.transfer.roster[0].tried, Some(Outcome::NoAnswer));
    scene.transfer(|card| consulting(card, ConsultPhase::Ringing)).await;
    assert!(scene.pbx.pick_up("7002"));
    scene.transfer(|card| consulting(card, ConsultPhase::Talking)).await;
    // Completing before the briefing was given is not possible, whatever is pressed.
    let error = transfers.decide(transfer, Decision::Complete).await.unwrap_err();
    assert_eq!(error.code(), "transfer_wrong_state");
    transfers.decide(transfer, Decision::Briefed).await.unwrap();
    transfers.decide(transfer, Decision::Complete).await.unwrap();
    let done = scene
        .transfer(|card| matches!(card.transfer.state, State::Completed { .. }))
        .await;
    assert_eq!(done.transfer.state.name(), "completed");
    assert_eq!(done.notice, Some(Notice::Completed));
    // The caller goes on talking, with the other.
    let goes_on = telephone.calls();
    assert!(goes_on.iter().any(|card| card.call.ids.contains(&id)), "{goes_on:?}");

    let lines = scene.lines(ticket).await;
    assert_eq!(lines.len(), done.transfer.trace.len(), "each step once: {lines:?}");
    scene.pbx.hang_up(&caller);
    scene.card(|card| card.call.state.is_over()).await;
    assert_eq!(scene.lines(ticket).await, lines, "the end of the call is no step");
}

#[tokio::test]
async fn a_program_started_again_goes_on_with_the_transfer_and_writes_no_line_twice() {
    let mut scene = Scene::at_pace(1.0).await;
    let telephone = scene.telephone().await;
    let (_, call) = scene.talking(&telephone).await;
    let ticket = scene.new_ticket().await;
    let id = call.call.id.clone();
    write(&scene.store, Some(&telephone), &id, Written::Ticket(Some(ticket)))
        .await
        .unwrap();
    let card = telephone.begin_transfer(&id).await.unwrap();
    let transfer = card.transfer.id;
    let card = telephone.transfers().brief(transfer, briefed(&card)).await.unwrap();
    telephone
        .transfers()
        .decide(transfer, Decision::Consult { nth: Some(0) })
        .await
        .unwrap();
    scene.transfer(|card| consulting(card, ConsultPhase::Ringing)).await;
    drop(card);
    telephone.stop().await;
    let before = scene.lines(ticket).await;

    let telephone = scene.telephone().await;
    let cards = telephone.transfers().cards().await.unwrap();
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].transfer.id, transfer);
    // Somebody answers; nothing was asked of the PBX meanwhile, and the technician goes back to his caller.
    assert!(scene.pbx.pick_up("7001"));
    scene.transfer(|card| consulting(card, ConsultPhase::Talking)).await;
    telephone.transfers().decide(transfer, Decision::Return).await.unwrap();
    let end = scene.transfer(|card| card.transfer.state.is_end()).await;
    assert!(
        matches!(end.transfer.state, State::Returned { .. }),
        "{:?}",
        end.transfer.state
    );
    let after = scene.lines(ticket).await;
    assert_eq!(after.len(), end.transfer.trace.len());
    assert_eq!(after[..before.len()], before[..]);
    let begun = end
        .transfer
        .trace
        .iter()
        .filter(|line| matches!(line.step, Step::Consulting { .. }));
    assert_eq!(begun.count(), 1);
    assert_eq!(telephone.calls().len(), 1, "the caller is there still");
    let kept = scene.store.transfer(transfer).await.unwrap().unwrap();
    assert_eq!(kept.transfer.trace, end.transfer.trace);
    assert!(scene.store.transfer(OperationId::new()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_lost_pbx_is_said_and_the_rest_is_done_by_hand() {
    let mut scene = Scene::at_pace(1.0).await;
    let telephone = scene.telephone().await;
    let (_, call) = scene.talking(&telephone).await;
    let card = telephone.begin_transfer(&call.call.id).await.unwrap();
    let transfer = card.transfer.id;
    let transfers = telephone.transfers();
    transfers.brief(transfer, briefed(&card)).await.unwrap();
    scene.pbx.set_away(true);
    scene.pbx.cut();
    scene.transfer(|card| card.notice == Some(Notice::PbxLost)).await;
    let card = transfers
        .decide(transfer, Decision::Consult { nth: Some(0) })
        .await
        .unwrap();
    let told = card.instruction.expect("what to press is said");
    assert_eq!(told.step, HandStep::Consult);
    assert!(
        told.text.contains("7001") && told.text.contains("Karim DSI"),
        "{}",
        told.text
    );
    let confirm = |what| Decision::Confirm { what };
    let card = transfers.decide(transfer, confirm(Happened::Answered)).await.unwrap();
    assert!(card.instruction.is_none(), "done, and not said any more");
    transfers.decide(transfer, Decision::Briefed).await.unwrap();
    let card = transfers.decide(transfer, Decision::Complete).await.unwrap();
    assert_eq!(card.instruction.unwrap().step, HandStep::Join);
    let card = transfers.decide(transfer, confirm(Happened::Joined)).await.unwrap();
    assert!(matches!(card.transfer.state, State::Completed { .. }));
    // No ticket: the lines wait for it, and all go there once there is one.
    let ticket = scene.new_ticket().await;
    write(
        &scene.store,
        Some(&telephone),
        &call.call.id,
        Written::Ticket(Some(ticket)),
    )
    .await
    .unwrap();
    assert_eq!(scene.lines(ticket).await.len(), card.transfer.trace.len());
}

#[tokio::test]
async fn without_a_policy_and_without_a_call_it_is_refused() {
    let mut scene = Scene::at_pace(1.0).await;
    let telephone = scene.telephone().await;
    let error = telephone.begin_transfer("none").await.unwrap_err();
    assert_eq!(error.code(), "transfer_no_call");
    let error = telephone
        .transfers()
        .decide(OperationId::new(), Decision::Return)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "transfer_unknown");
}
