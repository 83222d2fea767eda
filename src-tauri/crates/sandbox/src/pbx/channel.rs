//! Channels and bridges, and the fields that events carry about them.

use super::AmiFrame;

/// A channel, with the fields that every event about it repeats.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) uniqueid: String,
    pub(super) linkedid: String,
    pub(super) name: String,
    /// 0 down, 4 ring, 5 ringing, 6 up, 7 busy.
    pub(super) state: u8,
    pub(super) number: String,
    pub(super) caller_name: String,
    pub(super) connected_number: String,
    pub(super) connected_name: String,
    pub(super) context: String,
    pub(super) exten: String,
    pub(super) priority: u32,
    pub(super) application: String,
    pub(super) application_data: String,
    pub(super) bridge: Option<String>,
    pub(super) born: i64,
}

impl Channel {
    fn state_name(&self) -> &'static str {
        match self.state {
            4 => "Ring",
            5 => "Ringing",
            6 => "Up",
            7 => "Busy",
            _ => "Down",
        }
    }

    /// The channel's fourteen fields, under a prefix ("", "Dest", "LocalOne", "Transferee"…).
    pub(super) fn fields(&self, prefix: &str) -> AmiFrame {
        let known = |text: &str| {
            if text.is_empty() {
                "<unknown>".to_owned()
            } else {
                text.to_owned()
            }
        };
        [
            ("Channel", self.name.clone()),
            ("ChannelState", self.state.to_string()),
            ("ChannelStateDesc", self.state_name().to_owned()),
            ("CallerIDNum", known(&self.number)),
            ("CallerIDName", known(&self.caller_name)),
            ("ConnectedLineNum", known(&self.connected_number)),
            ("ConnectedLineName", known(&self.connected_name)),
            ("Language", "en".to_owned()),
            ("AccountCode", String::new()),
            ("Context", self.context.clone()),
            ("Exten", self.exten.clone()),
            ("Priority", self.priority.to_string()),
            ("Uniqueid", self.uniqueid.clone()),
            ("Linkedid", self.linkedid.clone()),
        ]
        .into_iter()
        .map(|(key, value)| (format!("{prefix}{key}"), value))
        .collect()
    }

    /// "SIP/6001".
    pub(super) fn device(&self) -> &str {
        self.name.rsplit_once('-').map_or(&self.name, |(device, _)| device)
    }
}

/// A bridge's seven fields, under a prefix ("", "To", "From", "Orig", "Second").
pub(super) fn bridge_fields(prefix: &str, id: &str, members: usize) -> AmiFrame {
    [
        ("BridgeUniqueid", id.to_owned()),
        ("BridgeType", "basic".to_owned()),
        ("BridgeTechnology", "simple_bridge".to_owned()),
        ("BridgeCreator", "<unknown>".to_owned()),
        ("BridgeName", "<unknown>".to_owned()),
        ("BridgeNumChannels", members.to_string()),
        ("BridgeVideoSourceMode", "none".to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (format!("{prefix}{key}"), value))
    .collect()
}
