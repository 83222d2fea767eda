//! The adapter over a real socket, against the sandbox's pretend PBX in a thread of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

#[path = "common/tls.rs"]
mod tls;

use guichet_domain::call::{CallCause, CallEvent, CallEventKind as Kind, CallSource, CallState, LineState};
use guichet_sandbox::pbx::{Behaviour, Pbx, PbxOptions};
use guichet_telephony::{
    Action, ConnectionState, LossReason, Pbx as AnyPbx, Tracker,
    ami::{ActionError, Ami, AmiConfig, AmiSecurity, AmiUpdate, Attachment, Scope},
};
use jiff::Timestamp;
use secrecy::SecretString;
use std::time::Duration;
use tls::tls_before;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};

/// The pretend PBX's time goes this much faster than the world's.
const PACE: f64 = 10.0;
const ANSWERS: Behaviour = Behaviour::Answers(Duration::from_millis(500));

/// A desk: an adapter, and a tracker that hears it.
struct Desk {
    ami: Ami,
    updates: mpsc::Receiver<AmiUpdate>,
    tracker: Tracker,
    heard: Vec<CallEvent>,
    lines: Vec<(String, LineState)>,
}

fn config(port: u16, secret: &str, devices: &[&str]) -> AmiConfig {
    let scope = Scope::devices(devices.iter().copied()).queues(["support"]);
    AmiConfig {
        port,
        transfer_context: "atxfer".to_owned(),
        dial_context: "desk".to_owned(),
        shortest_pause: Duration::from_millis(20),
        longest_pause: Duration::from_millis(200),
        effect_timeout: Duration::from_millis(800),
        ..AmiConfig::new(
            "asterisk",
            "127.0.0.1",
            "guichet",
            SecretString::from(secret.to_owned()),
            scope,
        )
    }
}

impl Desk {
    async fn open(config: AmiConfig) -> Self {
        let (tell, updates) = mpsc::channel(1024);
        let ami = Ami::start(config, tell);
        let mut state = ami.state();
        timeout(Duration::from_secs(5), state.wait_for(ConnectionState::is_connected))
            .await
            .expect("connected in time")
            .unwrap();
        Self {
            ami,
            updates,
            tracker: Tracker::new(),
            heard: Vec::new(),
            lines: Vec::new(),
        }
    }

    fn take(&mut self, update: AmiUpdate) {
        match update {
            AmiUpdate::Call(event) => {
                self.heard.push((*event).clone());
                self.tracker.apply(*event);
            }
            AmiUpdate::Line(line) => self.lines.push((line.device, line.state)),
            AmiUpdate::Reread { alive, at } => {
                for event in self.tracker.absent(&source(), &alive, at) {
                    self.tracker.apply(event);
                }
            }
        }
    }

    /// Listens until an event of this kind (at this telephone) comes.
    async fn until(&mut self, kind: Kind, device: Option<&str>) -> CallEvent {
        let known = self.heard.len();
        let waiting = async {
            let mut from = known;
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
        match timeout(Duration::from_secs(8), waiting).await {
            Ok(event) => event,
            Err(_) => panic!("no {kind:?} {device:?} in {:?}", self.kinds()),
        }
    }

    fn kinds(&self) -> Vec<Kind> {
        self.heard.iter().map(|event| event.kind).collect()
    }

    /// Takes in what has come.
    fn drain(&mut self) {
        while let Ok(update) = self.updates.try_recv() {
            self.take(update);
        }
    }

    fn state(&self) -> CallState {
        self.tracker.calls().next().unwrap().state
    }
}

fn source() -> CallSource {
    CallSource("asterisk".to_owned())
}

async fn pbx(change: impl FnOnce(&mut PbxOptions)) -> Pbx {
    let mut options = PbxOptions::demo(Timestamp::now());
    for line in options.members.iter_mut().chain(&mut options.lines) {
        line.behaviour = ANSWERS;
    }
    change(&mut options);
    Pbx::start(options, "127.0.0.1:0".parse().unwrap(), PACE).await.unwrap()
}

async fn talking(change: impl FnOnce(&mut PbxOptions)) -> (Pbx, Desk, String, String) {
    let pbx = pbx(change).await;
    let mut desk = Desk::open(config(pbx.address().port(), "bac-a-sable", &["SIP/6001"])).await;
    let caller = pbx.call("0612340013", "Claire Fontaine");
    let answered = desk.until(Kind::Answered, Some("SIP/6001")).await;
    (pbx, desk, caller, answered.conversation_id)
}

#[tokio::test]
async fn a_call_rings_is_answered_and_ends() {
    let (pbx, mut desk, caller, _) = talking(|_| {}).await;
    assert_eq!(desk.state(), CallState::Answered);
    pbx.hang_up(&caller);
    desk.until(Kind::Ended, None).await;
    assert_eq!(desk.kinds(), [Kind::Queued, Kind::Ringing, Kind::Answered, Kind::Ended]);
    let call = desk.tracker.calls().next().unwrap();
    assert_eq!(call.remote.e164.as_deref(), Some("+33612340013"));
    let states: Vec<_> = desk
        .lines
        .iter()
        .filter(|(device, _)| device == "SIP/6001")
        .map(|(_, state)| *state)
        .collect();
    assert!(
        states.contains(&LineState::Ringing) && states.contains(&LineState::Busy),
        "{states:?}"
    );
}

#[tokio::test]
async fn a_hot_transfer_first_does_not_answer_second_does() {
    let (pbx, mut desk, caller, call) = talking(|options| options.lines[0].behaviour = Behaviour::Rings).await;
    desk.ami
        .attach(&call, Attachment::new("TICKET", "4821").unwrap())
        .await
        .unwrap();
    desk.ami.consult(&call, "SIP/6001", "7001").await.unwrap();
    assert_eq!(
        desk.ami.complete(&call, "SIP/6001").await,
        Err(ActionError::NotPossible),
        "nobody is there yet"
    );
    desk.ami.cancel(&call, "SIP/6001").await.unwrap();
    desk.ami.consult(&call, "SIP/6001", "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("SIP/7002")).await;
    desk.ami.complete(&call, "SIP/6001").await.unwrap();
    desk.until(Kind::Transferred, Some("SIP/7002")).await;
    assert_eq!(desk.state(), CallState::Transferred);
    pbx.hang_up(&caller);
    pbx.put_down("7002");
    desk.until(Kind::Ended, None).await;
    assert_eq!(desk.tracker.calls().count(), 1);
    assert_eq!(desk.heard.last().unwrap().user_data["GUICHET_TICKET"], "4821");
}

#[tokio::test]
async fn the_other_desk_sees_the_ticket_when_its_telephone_rings() {
    let (pbx, desk, _caller, call) = talking(|_| {}).await;
    let mut other = Desk::open(config(pbx.address().port(), "bac-a-sable", &["SIP/7002"])).await;
    desk.ami
        .attach(&call, Attachment::new("TICKET", "4821").unwrap())
        .await
        .unwrap();
    desk.ami.consult(&call, "SIP/6001", "7002").await.unwrap();
    let ring = other.until(Kind::ConsultRinging, Some("SIP/7002")).await;
    assert_eq!(ring.user_data["GUICHET_TICKET"], "4821");
    assert_eq!(ring.remote.raw, "0612340013");
    assert_eq!(ring.conversation_id, call);
}

#[tokio::test]
async fn a_busy_target_is_said_and_completing_is_refused_so_that_the_caller_is_not_cut() {
    let (_pbx, mut desk, _caller, call) =
        talking(|options| options.lines[0].behaviour = Behaviour::Busy(Duration::from_millis(300))).await;
    desk.ami.consult(&call, "SIP/6001", "7001").await.unwrap();
    let failed = desk.until(Kind::ConsultFailed, Some("SIP/7001")).await;
    assert_eq!(failed.cause, Some(CallCause::Busy));
    assert_eq!(
        desk.ami.complete(&call, "SIP/6001").await,
        Err(ActionError::NotPossible)
    );
    desk.ami.cancel(&call, "SIP/6001").await.unwrap();
    desk.until(Kind::Resumed, None).await;
    assert_eq!(desk.state(), CallState::Answered);
}

#[tokio::test]
async fn a_pbx_that_accepts_the_transfer_and_ignores_it_is_found_out() {
    let (_pbx, mut desk, _caller, call) = talking(|options| options.transfers = false).await;
    assert_eq!(
        desk.ami.consult(&call, "SIP/6001", "7002").await,
        Err(ActionError::NoEffect)
    );
    desk.drain();
    assert_eq!(desk.state(), CallState::Answered, "the call goes on");
}

#[tokio::test]
async fn the_target_never_answers_and_the_pbx_goes_back_by_itself() {
    let (_pbx, mut desk, _caller, call) = talking(|options| options.lines[0].behaviour = Behaviour::Rings).await;
    desk.ami.consult(&call, "SIP/6001", "7001").await.unwrap();
    desk.until(Kind::TransferCancelled, Some("SIP/6001")).await;
    desk.until(Kind::Resumed, None).await;
    assert_eq!(desk.state(), CallState::Answered);
}

#[tokio::test]
async fn a_technician_whose_leg_is_lost_is_called_back_and_it_is_the_same_call() {
    let (pbx, mut desk, _caller, call) = talking(|options| options.lines[0].behaviour = Behaviour::Rings).await;
    desk.ami.consult(&call, "SIP/6001", "7001").await.unwrap();
    assert!(pbx.put_down("6001"));
    desk.until(Kind::Ringing, Some("SIP/7001")).await;
    desk.until(Kind::Ringing, Some("SIP/6001")).await;
    desk.until(Kind::Answered, Some("SIP/6001")).await;
    assert_eq!(desk.tracker.calls().count(), 1);
    assert_eq!(desk.state(), CallState::Answered);
}

#[tokio::test]
async fn a_blind_transfer_is_done_when_the_target_rings_and_transferred_when_it_answers() {
    let (_pbx, mut desk, _caller, call) = talking(|_| {}).await;
    desk.ami.blind_transfer(&call, "SIP/6001", "7002").await.unwrap();
    desk.until(Kind::Transferred, Some("SIP/7002")).await;
    assert_eq!(desk.state(), CallState::Transferred);
}

#[tokio::test]
async fn click_to_call_rings_ones_own_telephone_first_and_carries_the_ticket() {
    let pbx = pbx(|options| options.outside = ANSWERS).await;
    let mut desk = Desk::open(config(pbx.address().port(), "bac-a-sable", &["SIP/6001"])).await;
    let ticket = Attachment::new("TICKET", "4821").unwrap();
    desk.ami.dial("SIP/6001", "06 12 34 00 13", vec![ticket]).await.unwrap();
    let answered = desk.until(Kind::Answered, Some("SIP/6001")).await;
    assert_eq!(answered.remote.e164.as_deref(), Some("+33612340013"));
    assert_eq!(answered.user_data["GUICHET_TICKET"], "4821");
    assert!(desk.kinds().starts_with(&[Kind::Dialing]));
}

#[tokio::test]
async fn a_click_to_call_that_is_not_picked_up_is_refused() {
    let pbx = pbx(|options| options.members[0].behaviour = Behaviour::Busy(Duration::from_millis(300))).await;
    let mut desk = Desk::open(config(pbx.address().port(), "bac-a-sable", &["SIP/6001"])).await;
    let answer = desk.ami.dial("SIP/6001", "0612340013", Vec::new()).await;
    assert!(matches!(answer, Err(ActionError::Refused { .. })), "{answer:?}");
    desk.until(Kind::Ended, None).await;
}

#[tokio::test]
async fn the_shell_drives_it_as_any_other_pbx() {
    let (_pbx, mut desk, _caller, conversation) = talking(|_| {}).await;
    let (device, extension) = ("SIP/6001".to_owned(), "7002".to_owned());
    let pbx: &dyn AnyPbx = &desk.ami;
    assert_eq!(pbx.source(), &source());
    assert!(pbx.state().borrow().is_connected());
    let answer = Action::Answer {
        conversation: conversation.clone(),
        device: device.clone(),
    };
    assert!(!pbx.abilities().allow(&answer));
    assert_eq!(pbx.act(answer).await, Err(ActionError::NotSupported));
    let consult = Action::Consult {
        conversation: conversation.clone(),
        device: device.clone(),
        extension,
    };
    assert!(pbx.abilities().allow(&consult));
    pbx.act(consult).await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("SIP/7002")).await;
    let complete = Action::Complete { conversation, device };
    let any: &dyn AnyPbx = &desk.ami;
    any.act(complete).await.unwrap();
    desk.until(Kind::Transferred, Some("SIP/7002")).await;
}

#[tokio::test]
async fn a_pause_is_seen_by_everybody() {
    let pbx = pbx(|_| {}).await;
    let mut desk = Desk::open(config(pbx.address().port(), "bac-a-sable", &["SIP/6001"])).await;
    desk.ami.pause("SIP/6001", "support", true).await.unwrap();
    let refused = desk.ami.pause("SIP/9999", "support", true).await;
    assert!(matches!(refused, Err(ActionError::Refused { .. })));
    desk.drain();
    pbx.call("0612340013", "Claire Fontaine");
    desk.until(Kind::Queued, None).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    desk.drain();
    assert!(!desk.kinds().contains(&Kind::Ringing), "nobody takes calls");
}

#[tokio::test]
async fn a_lost_connection_is_seen_and_what_the_pbx_did_meanwhile_is_learnt() {
    let (pbx, mut desk, caller, call) = talking(|_| {}).await;
    let mut state = desk.ami.state();
    pbx.set_away(true);
    pbx.cut();
    let lost = timeout(Duration::from_secs(3), state.wait_for(|state| !state.is_connected()))
        .await
        .unwrap()
        .unwrap()
        .clone();
    let ConnectionState::Lost { reason, .. } = lost else {
        panic!("{lost:?}")
    };
    assert!(matches!(reason, LossReason::Closed { .. }), "{reason:?}");
    // Nothing waits for the PBX to come back.
    assert_eq!(
        desk.ami.consult(&call, "SIP/6001", "7002").await,
        Err(ActionError::NotConnected)
    );
    pbx.hang_up(&caller);
    pbx.set_away(false);
    let end = desk.until(Kind::Ended, None).await;
    assert_eq!(end.cause, Some(CallCause::Unseen));
    assert!(desk.ami.state().borrow().is_connected());
    assert!(desk.tracker.calls().next().unwrap().times_uncertain);
}

#[tokio::test]
async fn a_call_goes_on_through_a_cut_and_can_still_be_transferred() {
    let (pbx, mut desk, _caller, call) = talking(|_| {}).await;
    let mut state = desk.ami.state();
    pbx.cut();
    timeout(Duration::from_secs(3), state.wait_for(|state| !state.is_connected()))
        .await
        .unwrap()
        .unwrap();
    timeout(Duration::from_secs(3), state.wait_for(ConnectionState::is_connected))
        .await
        .unwrap()
        .unwrap();
    desk.ami.consult(&call, "SIP/6001", "7002").await.unwrap();
    desk.until(Kind::ConsultAnswered, Some("SIP/7002")).await;
    desk.ami.complete(&call, "SIP/6001").await.unwrap();
    desk.drain();
    assert_eq!(desk.tracker.calls().count(), 1);
}

#[tokio::test]
async fn a_desk_opened_in_mid_call_sees_it() {
    let (pbx, _desk, _caller, call) = talking(|_| {}).await;
    let mut late = Desk::open(config(pbx.address().port(), "bac-a-sable", &["SIP/6001"])).await;
    let answered = late.until(Kind::Answered, Some("SIP/6001")).await;
    assert_eq!(answered.conversation_id, call);
    assert_eq!(answered.remote.raw, "0612340013");
    late.ami.consult(&call, "SIP/6001", "7002").await.unwrap();
}

#[tokio::test]
async fn a_wrong_secret_is_refused_and_not_tried_again_at_once() {
    let pbx = pbx(|_| {}).await;
    let (tell, _updates) = mpsc::channel(16);
    let mut config = config(pbx.address().port(), "wrong", &["SIP/6001"]);
    config.longest_pause = Duration::from_secs(30);
    assert!(!format!("{config:?}").contains("wrong"), "the secret is not printed");
    let ami = Ami::start(config, tell);
    let mut state = ami.state();
    let lost = timeout(
        Duration::from_secs(3),
        state.wait_for(|state| matches!(state, ConnectionState::Lost { .. })),
    )
    .await
    .unwrap()
    .unwrap()
    .clone();
    let ConnectionState::Lost {
        reason,
        since,
        retry_at,
    } = lost
    else {
        panic!()
    };
    assert_eq!(
        reason,
        LossReason::Refused {
            message: "Authentication failed".to_owned()
        }
    );
    assert!(retry_at.duration_since(since).as_secs() >= 29);
    ami.stop().await;
    assert_eq!(*state.borrow(), ConnectionState::Stopped);
}

#[tokio::test]
async fn something_else_on_the_port_is_said_to_be_no_pbx() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            assert!(rest.is_empty(), "no secret is sent to what is no PBX");
        }
    });
    let (tell, _updates) = mpsc::channel(16);
    let ami = Ami::start(config(port, "bac-a-sable", &[]), tell);
    let mut state = ami.state();
    let is_lost = |state: &ConnectionState| {
        matches!(
            state,
            ConnectionState::Lost {
                reason: LossReason::NotAPbx { .. },
                ..
            }
        )
    };
    timeout(Duration::from_secs(3), state.wait_for(is_lost))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_a_mute_pbx_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, _updates) = mpsc::channel(16);
    let mut mute = config(port, "bac-a-sable", &[]);
    mute.connect_timeout = Duration::from_millis(200);
    let ami = Ami::start(mute.clone(), tell.clone());
    let mut state = ami.state();
    let silent = |state: &ConnectionState| {
        matches!(
            state,
            ConnectionState::Lost {
                reason: LossReason::Silent,
                ..
            }
        )
    };
    timeout(Duration::from_secs(3), state.wait_for(silent))
        .await
        .unwrap()
        .unwrap();
    drop(listener);
    let gone = |state: &ConnectionState| {
        matches!(
            state,
            ConnectionState::Lost {
                reason: LossReason::Unreachable { .. },
                ..
            }
        )
    };
    timeout(Duration::from_secs(3), state.wait_for(gone))
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_pbx_that_refuses_to_list_its_channels_ends_no_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let said = [
            "Asterisk Call Manager/9.0.0\r\n",
            "Response: Success\r\nActionID: guichet-1\r\nMessage: Authentication accepted\r\n\r\n",
            "Response: Error\r\nActionID: guichet-2\r\nMessage: Permission denied\r\n\r\n",
            "Event: Newchannel\r\nChannel: SIP/trunk-1\r\nChannelState: 4\r\nCallerIDNum: 0612340013\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\n\r\n",
            "Event: QueueCallerJoin\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nQueue: support\r\n\r\n",
        ];
        for text in said {
            stream.write_all(text.as_bytes()).await.unwrap();
        }
        std::future::pending::<()>().await;
    });
    let mut desk = Desk::open(config(port, "bac-a-sable", &[])).await;
    let first = timeout(Duration::from_secs(3), desk.updates.recv())
        .await
        .unwrap()
        .unwrap();
    assert!(
        matches!(&first, AmiUpdate::Call(event) if event.kind == Kind::Queued),
        "no Reread: {first:?}"
    );
}

#[tokio::test]
async fn an_action_on_a_call_that_is_not_there_is_refused_here() {
    let (_pbx, desk, _caller, call) = talking(|_| {}).await;
    assert_eq!(
        desk.ami.consult("1.999", "SIP/6001", "7002").await,
        Err(ActionError::NoSuchLeg)
    );
    assert_eq!(
        desk.ami.consult(&call, "SIP/7001", "7002").await,
        Err(ActionError::NoSuchLeg)
    );
    assert_eq!(
        desk.ami.consult(&call, "SIP/6001", "7002&SIP/trunk").await,
        Err(ActionError::Invalid("the number"))
    );
    assert_eq!(desk.ami.cancel(&call, "SIP/6001").await, Err(ActionError::NotPossible));
}

#[tokio::test]
async fn a_caller_redirected_to_the_queue_waits_there_again() {
    let (_pbx, mut desk, _caller, call) = talking(|_| {}).await;
    desk.ami.pause("SIP/6001", "support", true).await.unwrap();
    desk.ami.redirect(&call, "from-outside", "3000").await.unwrap();
    desk.until(Kind::Queued, None).await;
    assert_eq!(desk.state(), CallState::Queued);
    assert_eq!(desk.tracker.calls().count(), 1);
}

#[tokio::test]
async fn a_pbx_that_stops_answering_is_noticed_though_the_connection_stands() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"Asterisk Call Manager/9.0.0\r\n").await.unwrap();
        stream
            .write_all(b"Response: Success\r\nActionID: guichet-1\r\nMessage: Authentication accepted\r\n\r\n")
            .await
            .unwrap();
        stream
            .write_all(b"Event: CoreShowChannelsComplete\r\nActionID: guichet-2\r\nListItems: 0\r\n\r\n")
            .await
            .unwrap();
        std::future::pending::<()>().await;
    });
    let (tell, _updates) = mpsc::channel(16);
    let mut quick = config(port, "bac-a-sable", &[]);
    quick.silence = Duration::from_millis(150);
    let ami = Ami::start(quick, tell);
    let mut state = ami.state();
    timeout(Duration::from_secs(3), state.wait_for(ConnectionState::is_connected))
        .await
        .unwrap()
        .unwrap();
    let silent = |state: &ConnectionState| {
        matches!(
            state,
            ConnectionState::Lost {
                reason: LossReason::Silent,
                ..
            }
        )
    };
    timeout(Duration::from_secs(3), state.wait_for(silent))
        .await
        .unwrap()
        .unwrap();
}

fn protected(port: u16, host: &str, authorities: &[u8]) -> AmiConfig {
    AmiConfig {
        host: host.to_owned(),
        security: AmiSecurity::Tls {
            authorities: Some(authorities.to_vec()),
        },
        ..config(port, "bac-a-sable", &["SIP/6001"])
    }
}

#[tokio::test]
async fn a_protected_connection_carries_calls() {
    let pbx = pbx(|_| {}).await;
    let (port, ca) = tls_before(pbx.address().port()).await;
    let mut desk = Desk::open(protected(port, "localhost", &ca)).await;
    pbx.call("0612340013", "Claire Fontaine");
    let answered = desk.until(Kind::Answered, Some("SIP/6001")).await;
    desk.ami
        .consult(&answered.conversation_id, "SIP/6001", "7002")
        .await
        .unwrap();
}

#[tokio::test]
async fn what_cannot_prove_that_it_is_the_pbx_is_told_nothing() {
    let pbx = pbx(|_| {}).await;
    let plain = pbx.address().port();
    let (own, ca) = tls_before(plain).await;
    let (_, other) = tls_before(plain).await;
    let ca = ca.as_slice();
    let mut system = protected(own, "localhost", ca);
    system.security = AmiSecurity::Tls { authorities: None };
    for (what, config) in [
        ("another name than the certificate's", protected(own, "127.0.0.1", ca)),
        ("an authority the system does not know", system),
        (
            "another authority than the one that is trusted",
            protected(own, "localhost", &other),
        ),
        ("authorities that are none", protected(own, "localhost", b"nonsense")),
        ("no TLS at all", protected(plain, "localhost", ca)),
    ] {
        let (tell, _updates) = mpsc::channel(16);
        let ami = Ami::start(config, tell);
        let mut state = ami.state();
        let lost =
            |state: &ConnectionState| matches!(state, ConnectionState::Lost { .. } | ConnectionState::Connected { .. });
        let state = timeout(Duration::from_secs(3), state.wait_for(lost))
            .await
            .unwrap()
            .unwrap()
            .clone();
        let ConnectionState::Lost { reason, .. } = state else {
            panic!("{what}: {state:?}")
        };
        assert!(matches!(reason, LossReason::Untrusted { .. }), "{what}: {reason:?}");
    }
}
