//! The recorded streams, as frames and as calls.
#![allow(dead_code, reason = "each test file uses its own part")]

use guichet_domain::call::{Call, CallEvent, CallSource};
use guichet_telephony::{
    Tracker,
    ami::{Decoder, Frame, Scope, Switchboard},
};
use jiff::Timestamp;
use std::path::Path;

/// What one side said, in a recording.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// By the PBX, not by the client.
    pub received: bool,
    pub frame: Frame,
}

/// The recording whose name begins so.
pub fn recording(number: &str) -> Vec<Spoken> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recordings/asterisk-20.20");
    let path = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(number))
        .unwrap_or_else(|| panic!("no recording {number}"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut decoder = Decoder::new();
    decoder.push(b"Asterisk Call Manager/9.0.0\r\n");
    let mut spoken = Vec::new();
    for block in text.split("\n\n") {
        let mut lines = block.trim_start_matches('\n').lines();
        let received = match lines.next() {
            Some(mark) if mark.starts_with('<') => true,
            Some(mark) if mark.starts_with('>') => false,
            _ => continue,
        };
        let body: String = lines.map(|line| format!("{line}\r\n")).collect();
        // Through the decoder, as it came over the wire.
        for frame in decoder.push(format!("{body}\r\n").as_bytes()) {
            spoken.push(Spoken { received, frame });
        }
    }
    spoken
}

/// What the PBX said in a recording.
pub fn received(number: &str) -> Vec<Frame> {
    recording(number)
        .into_iter()
        .filter(|spoken| spoken.received)
        .map(|spoken| spoken.frame)
        .collect()
}

pub fn source() -> CallSource {
    CallSource("asterisk".to_owned())
}

/// The technician's own telephone and his queue.
pub fn desk() -> Scope {
    Scope::devices(["SIP/6001"]).queues(["support"])
}

pub fn board(scope: Scope) -> Switchboard {
    Switchboard::new(source(), "FR", scope, 0)
}

/// An instant of no importance: where the PBX gives none.
pub fn heard() -> Timestamp {
    Timestamp::from_second(1_795_327_000).unwrap()
}

/// A recording as call events.
pub fn events(number: &str, scope: Scope) -> Vec<CallEvent> {
    let mut board = board(scope);
    received(number)
        .iter()
        .flat_map(|frame| board.apply(frame, heard()))
        .collect()
}

/// Events as calls, in the order of their beginning.
pub fn calls(events: impl IntoIterator<Item = CallEvent>) -> Vec<Call> {
    let mut tracker = Tracker::new();
    for event in events {
        tracker.apply(event);
    }
    let mut calls: Vec<Call> = tracker.calls().cloned().collect();
    calls.sort_by(|a, b| (a.started_at, &a.id).cmp(&(b.started_at, &b.id)));
    calls
}

/// The events in short: `kind device cause`.
pub fn story(events: &[CallEvent]) -> Vec<String> {
    events
        .iter()
        .map(|event| {
            let kind = format!("{:?}", event.kind);
            let device = event.device.clone().unwrap_or_default();
            let cause = event.cause.map(|cause| format!("{cause:?}")).unwrap_or_default();
            [kind, device, cause]
                .iter()
                .filter(|word| !word.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}
