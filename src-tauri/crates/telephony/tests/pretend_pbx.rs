//! The sandbox's pretend PBX says what the real one said: scene by scene, the same events of each channel in the same order,
//! with the same fields.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{board, desk, heard, recording, story};
use guichet_sandbox::pbx::{AmiFrame, Behaviour, Exchange, PbxOptions};
use guichet_telephony::ami::Frame;
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What the pretend PBX does not say: the dialplan's steps and variables, names on displays, accounting, tones, media
/// reports, and the requests that precede a hangup. None of them changes what a call is.
const UNSAID: &[&str] = &[
    "VarSet",
    "Newexten",
    "NewCallerid",
    "NewConnectedLine",
    "DeviceStateChange",
    "Cdr",
    "DTMFEnd",
    "RTCPSent",
    "RTCPReceived",
    "SuccessfulAuth",
    "SoftHangupRequest",
    "FullyBooted",
    "RequestBadFormat",
];

/// The recorded events until the recorder tears the scene down.
fn recorded(number: &str) -> Vec<Frame> {
    recording(number)
        .into_iter()
        // In 01 there was nothing left to tear down.
        .take_while(|spoken| number == "01" || spoken.frame.get("Command").is_none())
        .filter(|spoken| spoken.received)
        .map(|spoken| spoken.frame)
        .filter(|frame| frame.event().is_some_and(|event| !UNSAID.contains(&event)))
        .collect()
}

/// Names of channels as roles: the first channel of SIP/6001 is "SIP/6001 1", whatever its serial number.
struct Roles(BTreeMap<String, String>, BTreeMap<String, u32>);

impl Roles {
    fn of(&mut self, name: &str) -> String {
        if let Some(role) = self.0.get(name) {
            return role.clone();
        }
        let (device, half) = match name.rsplit_once('-') {
            Some((device, serial)) => (device, serial.split_once(';').map_or("", |(_, half)| half)),
            None => (name, ""),
        };
        let count = self.1.entry(format!("{device} {half}")).or_default();
        *count += 1;
        let role = format!("{device}{half} {count}");
        self.0.insert(name.to_owned(), role.clone());
        role
    }
}

/// Each channel's events in their order, and how often bridges came, went and merged.
fn shape(frames: &[Frame]) -> BTreeMap<String, Vec<String>> {
    let mut roles = Roles(BTreeMap::new(), BTreeMap::new());
    let mut shape: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for frame in frames {
        let event = frame.event().unwrap();
        let detail = ["DialStatus", "Result", "Reason", "Queue"]
            .iter()
            .filter_map(|key| frame.known(key))
            .collect::<Vec<_>>()
            .join(",");
        let channel = [
            "Channel",
            "DestChannel",
            "OrigTransfererChannel",
            "TransfererChannel",
            "LocalOneChannel",
        ]
        .iter()
        .find_map(|key| frame.known(key));
        let state = match event {
            "Newstate" | "Newchannel" => frame.get("ChannelStateDesc").unwrap_or_default(),
            _ => "",
        };
        let dest = frame
            .known("DestChannel")
            .map(|name| roles.of(name))
            .unwrap_or_default();
        let who = match channel {
            // The report of a transfer and the channels' own events overtake each other (recordings 03 and 04).
            Some(_) if event.ends_with("Transfer") => "transfers".to_owned(),
            Some(name) => roles.of(name),
            None => "bridges".to_owned(),
        };
        shape
            .entry(who)
            .or_default()
            .push(format!("{event} {state}{detail} {dest}").trim().to_owned());
    }
    if let Some(bridges) = shape.get_mut("bridges") {
        bridges.sort();
    }
    shape
}

/// Each event's sets of fields.
fn keys(frames: &[Frame]) -> BTreeMap<String, BTreeSet<Vec<String>>> {
    let mut keys: BTreeMap<String, BTreeSet<Vec<String>>> = BTreeMap::new();
    for frame in frames {
        let fields: Vec<String> = frame.fields().map(|(key, _)| key.to_owned()).collect();
        keys.entry(frame.event().unwrap().to_owned())
            .or_default()
            .insert(fields);
    }
    keys
}

/// The pretend PBX, with people who do things at times.
struct Scene {
    exchange: Exchange,
    start: Timestamp,
    said: Vec<Frame>,
}

fn frame(fields: AmiFrame) -> Frame {
    fields
        .into_iter()
        .fold(Frame::default(), |frame, (key, value)| frame.with(&key, value))
}

impl Scene {
    fn new(answers_after: f64, karim: Behaviour, sophie: Behaviour) -> Self {
        let start = Timestamp::from_second(1_795_327_500).unwrap();
        let mut exchange = Exchange::new(PbxOptions::demo(start));
        exchange.set_behaviour("6001", Behaviour::Answers(Duration::from_secs_f64(answers_after)));
        exchange.set_behaviour("7001", karim);
        exchange.set_behaviour("7002", sophie);
        Self {
            exchange,
            start,
            said: Vec::new(),
        }
    }

    fn at(&mut self, seconds: f64) -> &mut Exchange {
        let at = self.start + SignedDuration::from_secs_f64(seconds);
        self.exchange.advance(at);
        self.said.extend(self.exchange.take_events().into_iter().map(frame));
        &mut self.exchange
    }

    /// The channel of a telephone, as an action names it.
    fn channel(&self, device: &str) -> String {
        let events = self.said.iter().rev();
        let mut names = events.filter_map(|frame| frame.known("Channel"));
        names
            .find(|name| name.starts_with(&format!("{device}-")))
            .unwrap()
            .to_owned()
    }

    fn act(&mut self, seconds: f64, action: &str, device: &str, more: &[(&str, &str)]) -> Vec<Frame> {
        self.at(seconds);
        let mut fields: AmiFrame = vec![
            ("Action".to_owned(), action.to_owned()),
            ("ActionID".to_owned(), "a".to_owned()),
            ("Channel".to_owned(), self.channel(device)),
        ];
        fields.extend(more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let answer = guichet_sandbox::pbx::perform(&mut self.exchange, &fields);
        self.said.extend(self.exchange.take_events().into_iter().map(frame));
        answer.into_iter().map(frame).collect()
    }

    fn until(&mut self, seconds: f64) -> Vec<Frame> {
        self.at(seconds);
        self.said.clone()
    }
}

const CONSULT_7001: &[(&str, &str)] = &[("Exten", "7001"), ("Context", "atxfer")];
const CONSULT_7002: &[(&str, &str)] = &[("Exten", "7002"), ("Context", "atxfer")];

fn secs(seconds: f64) -> Behaviour {
    Behaviour::Answers(Duration::from_secs_f64(seconds))
}

fn hangs(scene: &mut Scene, seconds: f64) {
    scene.at(seconds);
    let caller = scene
        .said
        .iter()
        .find_map(|frame| frame.known("Uniqueid"))
        .unwrap()
        .to_owned();
    scene.exchange.hang_up(&caller);
    let said = scene.exchange.take_events();
    scene.said.extend(said.into_iter().map(frame));
}

fn play(number: &str) -> Vec<Frame> {
    let (answers, karim, sophie) = match number {
        "01" => (2.5, Behaviour::Rings, Behaviour::Rings),
        "02" => (60.0, Behaviour::Rings, Behaviour::Rings),
        "10" => (1.5, Behaviour::Busy(Duration::from_millis(500)), Behaviour::Rings),
        _ => (1.5, Behaviour::Rings, secs(1.5)),
    };
    let mut scene = Scene::new(answers, karim, sophie);
    if number == "07" {
        scene.exchange.set_behaviour("6001", secs(1.2));
        let call: AmiFrame = [
            ("Action", "Originate"),
            ("ActionID", "a"),
            ("Channel", "SIP/6001"),
            ("Exten", "0612340013"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        guichet_sandbox::pbx::perform(&mut scene.exchange, &call);
        return scene.until(6.4);
    }
    scene.at(0.4).call("0612340013", "Claire Fontaine");
    match number {
        "01" => {
            hangs(&mut scene, 8.4);
            scene.until(8.41)
        }
        "02" => {
            hangs(&mut scene, 4.4);
            scene.until(5.0)
        }
        "03" => {
            scene.act(3.6, "Atxfer", "SIP/6001", CONSULT_7002);
            scene.act(8.1, "Hangup", "SIP/6001", &[]);
            scene.until(10.0)
        }
        "04" => {
            scene.act(3.6, "Atxfer", "SIP/6001", CONSULT_7001);
            scene.act(7.6, "CancelAtxfer", "SIP/6001", &[]);
            scene.act(10.6, "Atxfer", "SIP/6001", CONSULT_7002);
            scene.act(14.1, "Hangup", "SIP/6001", &[]);
            scene.until(15.5)
        }
        "05" => {
            scene.act(3.6, "Atxfer", "SIP/6001", CONSULT_7002);
            scene.act(7.1, "CancelAtxfer", "SIP/6001", &[]);
            scene.until(10.0)
        }
        "06" => {
            scene.act(
                3.6,
                "BlindTransfer",
                "SIP/6001",
                &[("Exten", "7002"), ("Context", "desk")],
            );
            scene.until(7.5)
        }
        "08" => {
            scene.act(3.4, "Atxfer", "SIP/6001", CONSULT_7001);
            hangs(&mut scene, 9.4);
            scene.until(12.0)
        }
        "09" => {
            scene.act(3.6, "Atxfer", "SIP/6001", CONSULT_7001);
            scene.act(6.6, "Hangup", "SIP/6001", &[]);
            scene.at(7.0).set_behaviour("6001", Behaviour::Unreachable);
            // By then the recorder's 7001 had gone silent.
            scene.exchange.set_behaviour("7001", Behaviour::Silent);
            scene.until(20.5)
        }
        "10" | "11" => {
            scene.act(3.6, "Atxfer", "SIP/6001", CONSULT_7001);
            scene.until(if number == "10" { 9.5 } else { 17.5 })
        }
        other => panic!("no scene {other}"),
    }
}

const SCENES: [&str; 11] = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11"];

#[test]
fn each_channel_is_told_of_by_the_same_events_in_the_same_order() {
    let mut differences = Vec::new();
    for number in SCENES {
        let (real, pretend) = (shape(&recorded(number)), shape(&play(number)));
        let roles: BTreeSet<&String> = real.keys().chain(pretend.keys()).collect();
        for role in roles {
            if real.get(role) != pretend.get(role) {
                differences.push(format!(
                    "{number} {role}\n  real    {:?}\n  pretend {:?}",
                    real.get(role),
                    pretend.get(role)
                ));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn each_event_carries_the_same_fields_in_the_same_order() {
    let mut real = BTreeMap::new();
    for number in SCENES {
        for (event, sets) in keys(&recorded(number)) {
            real.entry(event).or_insert_with(BTreeSet::new).extend(sets);
        }
    }
    for number in SCENES {
        for (event, sets) in keys(&play(number)) {
            for set in sets {
                assert!(
                    real[&event].contains(&set),
                    "{number} {event}: {set:?}\nreal: {:?}",
                    real[&event]
                );
            }
        }
    }
}

#[test]
fn the_adapter_makes_the_same_story_of_both() {
    for number in SCENES {
        let mut stories = Vec::new();
        for frames in [recorded(number), play(number)] {
            let mut board = board(desk());
            let events: Vec<_> = frames.iter().flat_map(|frame| board.apply(frame, heard())).collect();
            stories.push(story(&events));
        }
        assert_eq!(stories[0], stories[1], "{number}");
        assert!(stories[0].len() >= 3, "{number}");
    }
}
