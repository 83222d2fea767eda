//! What each adapter reads of a PBX's bytes, from the bytes to the events and without its connection: where the fuzzer (`tests/fuzz`)
//! plays the PBX. What is read here goes through the adapters' own readers and stations.

use crate::{
    aircall::{self, AircallConfig},
    ami::{Decoder, Scope, Switchboard},
    generic::GenericCall,
    net::clip,
    o2g,
    station::Station,
    wazo, xuc,
};
use guichet_domain::call::{CallEvent, CallSource};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;
use url::Url;

/// The telephone that is looked at.
const OWN: &str = "6001";
const REGION: &str = "FR";

fn source() -> CallSource {
    CallSource("pbx".to_owned())
}

fn station() -> Station {
    Station::new(source(), REGION, OWN, 1)
}

/// Asterisk's manager: a stream of frames.
#[must_use]
pub fn ami_stream(bytes: &[u8], at: Timestamp) -> Vec<CallEvent> {
    let mut board = Switchboard::new(source(), REGION, Scope::default(), 1);
    let mut decoder = Decoder::new();
    let frames = decoder.push(bytes);
    frames.iter().flat_map(|frame| board.apply(frame, at)).collect()
}

/// O2G: a stream of events, one a line, and then the same bytes as the list of calls.
#[must_use]
pub fn o2g_stream(bytes: &[u8], at: Timestamp) -> Vec<CallEvent> {
    let own = o2g::wire::Own {
        login: "nleroux",
        device: OWN,
    };
    let mut station = station();
    let mut events = Vec::new();
    for event in o2g::wire::Lines::default().push(bytes) {
        let named = clip(&event.call_ref);
        if let Some(report) = event.report(own, station.stage(&named)) {
            events.extend(station.report(report, at));
        }
    }
    if let Ok(said) = serde_json::from_slice::<Value>(bytes) {
        let calls = o2g::wire::Event::list(&said);
        station.begin_reread();
        let listed = calls
            .iter()
            .filter_map(|call| call.report(own, station.stage(&clip(&call.call_ref))))
            .collect();
        events.extend(station.end_reread(listed, at));
    }
    events
}

/// XiVO's xuc: messages, one a line.
#[must_use]
pub fn xuc_messages(text: &str, at: Timestamp) -> Vec<CallEvent> {
    let mut station = station();
    let mut events = Vec::new();
    for line in text.lines() {
        match xuc::wire::Message::read(line) {
            xuc::wire::Message::Phone(event) => {
                if let Some(report) = event.report(&station) {
                    events.extend(station.report(report, at));
                }
            }
            xuc::wire::Message::Current(listed) => {
                station.begin_reread();
                let listed = listed.iter().filter_map(|event| event.report(&station)).collect();
                events.extend(station.end_reread(listed, at));
            }
            xuc::wire::Message::Hint { number, state } => events.extend(station.presence(&number, state, at)),
            xuc::wire::Message::LoggedOn | xuc::wire::Message::Error(_) | xuc::wire::Message::Other => {}
        }
    }
    events
}

/// Wazo: messages, one a line; what is no message may be the list of calls or of transfers.
#[must_use]
pub fn wazo_messages(text: &str, at: Timestamp) -> Vec<CallEvent> {
    let mut station = station().with_transfers();
    let numbers = BTreeMap::new();
    let mut events = Vec::new();
    for line in text.lines() {
        if let wazo::wire::Message::Event { name, data } = wazo::wire::Message::read(line) {
            if let Some(step) = wazo::wire::step(&name) {
                let told = wazo::wire::WireTransfer::read(data);
                if let Some(transfer) = told.and_then(|told| told.transfer(&numbers)) {
                    events.extend(station.transfer(&transfer, step, at));
                }
            } else if let Some(report) = wazo::wire::Call::read(data).and_then(|call| call.report(&name)) {
                events.extend(station.report(report, at));
            }
        }
        let Ok(said) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        for told in wazo::wire::WireTransfer::list(&said) {
            let _ = (told.transfer(&numbers), told.stage());
        }
        station.begin_reread();
        let listed = wazo::wire::Call::list(&said);
        let listed = listed.iter().filter_map(|call| call.report("")).collect();
        events.extend(station.end_reread(listed, at));
    }
    events
}

/// Aircall: pages of its list of calls, one a line, each a look.
#[must_use]
pub fn aircall_looks(text: &str, at: Timestamp) -> Vec<CallEvent> {
    let Ok(url) = Url::parse("https://api.aircall.io/v1") else {
        return Vec::new();
    };
    let config = AircallConfig::new("pbx", url, "id", SecretString::from(String::new()), OWN);
    let mut ledger = aircall::ledger::Ledger::new(&config);
    let mut events = Vec::new();
    for line in text.lines() {
        let said = serde_json::from_str::<Value>(line).ok();
        if let Some((calls, _)) = said.as_ref().and_then(aircall::wire::page) {
            events.extend(ledger.look(&calls, at));
        }
    }
    events
}

/// Any other telephone: Zammad's form, as it is posted.
#[must_use]
pub fn generic_form(bytes: &[u8], at: Timestamp) -> Vec<CallEvent> {
    GenericCall::read(url::form_urlencoded::parse(bytes))
        .map_or_else(|_| Vec::new(), |call| call.events(&source(), REGION, at, 1))
}
