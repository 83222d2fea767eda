//! The manager's actions: what is answered, and what is done.

use super::{AmiFrame, channel::bridge_fields, exchange::Exchange};
use std::collections::BTreeMap;

/// The answer to an action: frames for the client that asked.
pub(super) struct Answer {
    pub(super) frames: Vec<AmiFrame>,
    /// The client says goodbye.
    pub(super) goodbye: bool,
}

/// A field of an action, empty when it is missing.
pub(super) fn field<'a>(action: &'a AmiFrame, key: &str) -> &'a str {
    action
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(key))
        .map_or("", |(_, value)| value)
}

fn frame(fields: &[(&str, &str)]) -> AmiFrame {
    fields
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

impl Exchange {
    /// Whether an account may sign in.
    pub(super) fn login(&self, action: &AmiFrame) -> bool {
        field(action, "Username") == self.options.username && field(action, "Secret") == self.options.secret
    }

    /// Carries an action out. What it changes is said to everybody; what is answered goes to who asked.
    pub(super) fn act(&mut self, action: &AmiFrame) -> Answer {
        let id = field(action, "ActionID").to_owned();
        let name = field(action, "Action");
        let success = |message: &str| frame(&[("Response", "Success"), ("ActionID", &id), ("Message", message)]);
        let error = |message: &str| frame(&[("Response", "Error"), ("ActionID", &id), ("Message", message)]);
        let channel = self.by_name(field(action, "Channel"));
        let mut goodbye = false;
        let frames = match (name.to_ascii_lowercase().as_str(), channel) {
            ("ping", _) => vec![frame(&[("Response", "Success"), ("ActionID", &id), ("Ping", "Pong")])],
            ("logoff", _) => {
                goodbye = true;
                let thanks = "Thanks for all the fish.";
                vec![frame(&[
                    ("Response", "Goodbye"),
                    ("ActionID", &id),
                    ("Message", thanks),
                ])]
            }
            ("coreshowchannels", _) => self.list_channels(&id),
            ("queuestatus", _) => self.queue_status(&id),
            ("bridgelist", _) => self.list_bridges(&id),
            ("originate", _) => {
                let (device, number) = (field(action, "Channel"), field(action, "Exten"));
                if !device.starts_with("SIP/") || number.is_empty() {
                    vec![error("Invalid channel")]
                } else {
                    let own = self.originate(device, number, &id);
                    let variables: BTreeMap<String, String> = action
                        .iter()
                        .filter(|(key, _)| key.eq_ignore_ascii_case("Variable"))
                        .filter_map(|(_, value)| value.split_once('='))
                        .map(|(name, value)| (name.to_owned(), value.to_owned()))
                        .collect();
                    for (name, value) in variables {
                        self.set_variable(&own, &name, &value);
                    }
                    vec![success("Originate successfully queued")]
                }
            }
            ("atxfer", Some(channel)) => {
                self.begin_consult(&channel, field(action, "Exten"));
                vec![success("Atxfer successfully queued")]
            }
            ("cancelatxfer", Some(channel)) => {
                self.begin_abort(&channel);
                vec![success("CancelAtxfer successfully queued")]
            }
            ("atxfer" | "cancelatxfer", None) => vec![error("Channel specified does not exist")],
            ("blindtransfer", Some(channel)) => {
                if self.blind(&channel, field(action, "Exten"), field(action, "Context")) {
                    vec![success("Transfer succeeded")]
                } else {
                    vec![error("Transfer not permitted")]
                }
            }
            ("redirect", Some(channel)) => {
                self.redirect(&channel);
                vec![success("Redirect successful")]
            }
            ("hangup", Some(channel)) => {
                self.hung_up(&channel);
                vec![success("Channel Hungup")]
            }
            ("setvar", Some(channel)) => {
                self.set_variable(&channel, field(action, "Variable"), field(action, "Value"));
                vec![success("Variable Set")]
            }
            ("getvar", Some(channel)) => {
                let name = field(action, "Variable");
                let value = self.variables.get(&channel).and_then(|all| all.get(name)).cloned();
                let value = value.unwrap_or_default();
                vec![frame(&[
                    ("Response", "Success"),
                    ("ActionID", &id),
                    ("Variable", name),
                    ("Value", &value),
                ])]
            }
            ("queuepause", _) => vec![self.pause(action, &id)],
            ("blindtransfer" | "redirect" | "hangup" | "setvar" | "getvar", None) => vec![error("No such channel")],
            _ => vec![error(&format!(
                "Invalid/unknown command: {name}. Use Action: ListCommands to show available commands."
            ))],
        };
        Answer { frames, goodbye }
    }

    fn by_name(&self, name: &str) -> Option<String> {
        self.channels
            .values()
            .find(|channel| channel.name == name)
            .map(|channel| channel.uniqueid.clone())
    }

    fn set_variable(&mut self, channel: &str, name: &str, value: &str) {
        let all = self.variables.entry(channel.to_owned()).or_default();
        all.insert(name.to_owned(), value.to_owned());
        self.say_channel("VarSet", channel, &[("Variable", name), ("Value", value)]);
    }

    /// Sends a channel back to the dialplan: here that is the queue again, or the end.
    fn redirect(&mut self, channel: &str) {
        let bridge = self.channels.get(channel).and_then(|channel| channel.bridge.clone());
        self.leave(channel);
        let technician = self.talks.get_mut(channel).and_then(|talk| {
            talk.answered = None;
            talk.agent_done = false;
            talk.technician.take()
        });
        if let Some(technician) = technician {
            self.hang_up_channel(&technician, 16);
        }
        if let Some(bridge) = bridge {
            self.destroy(&bridge);
        }
        let caller = channel.to_owned();
        self.in_a_while(std::time::Duration::ZERO, super::exchange::Later::JoinQueue { caller });
    }

    fn pause(&mut self, action: &AmiFrame, id: &str) -> AmiFrame {
        let device = field(action, "Interface").to_owned();
        let paused = matches!(field(action, "Paused"), "true" | "1" | "yes");
        let member = self
            .options
            .members
            .iter()
            .find(|member| format!("SIP/{}", member.extension) == device)
            .cloned();
        let Some(member) = member else {
            return frame(&[
                ("Response", "Error"),
                ("ActionID", id),
                ("Message", "Interface not found"),
            ]);
        };
        if paused {
            self.paused.insert(device.clone());
        } else {
            self.paused.remove(&device);
        }
        let (queue, flag) = (self.options.queue.clone(), if paused { "1" } else { "0" });
        let fields = frame(&[
            ("Queue", &queue),
            ("MemberName", &member.name),
            ("Interface", &device),
            ("StateInterface", &device),
            ("Membership", "static"),
            ("Penalty", "0"),
            ("CallsTaken", &self.completed.to_string()),
            ("LastCall", "0"),
            ("LastPause", "0"),
            ("LoginTime", "0"),
            ("InCall", "0"),
            ("Status", "1"),
            ("Paused", flag),
            ("PausedReason", field(action, "Reason")),
            ("Ringinuse", "1"),
            ("Wrapuptime", "0"),
        ]);
        self.say("QueueMemberPause", fields);
        let message = if paused {
            "Interface paused successfully"
        } else {
            "Interface unpaused successfully"
        };
        frame(&[("Response", "Success"), ("ActionID", id), ("Message", message)])
    }

    fn list(id: &str, message: &str, items: Vec<AmiFrame>, complete: &str) -> Vec<AmiFrame> {
        let count = items.len().to_string();
        let mut frames = vec![frame(&[
            ("Response", "Success"),
            ("ActionID", id),
            ("EventList", "start"),
            ("Message", message),
        ])];
        frames.extend(items);
        frames.push(frame(&[
            ("Event", complete),
            ("ActionID", id),
            ("EventList", "Complete"),
            ("ListItems", &count),
        ]));
        frames
    }

    fn list_channels(&self, id: &str) -> Vec<AmiFrame> {
        // Asterisk's order is that of its hash table: not the order in which channels were made.
        let items = self.channels.values().rev().map(|channel| {
            let mut item = frame(&[("Event", "CoreShowChannel"), ("ActionID", id)]);
            item.extend(channel.fields(""));
            let seconds = (self.now - channel.born) / 1_000_000;
            let duration = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
            item.extend(frame(&[
                ("Application", &channel.application),
                ("ApplicationData", &channel.application_data),
                ("Duration", &duration),
                ("BridgeId", channel.bridge.as_deref().unwrap_or_default()),
            ]));
            item
        });
        Self::list(id, "Channels will follow", items.collect(), "CoreShowChannelsComplete")
    }

    fn list_bridges(&self, id: &str) -> Vec<AmiFrame> {
        let items = self.bridges.iter().map(|(bridge, members)| {
            let mut item = frame(&[("Event", "BridgeListItem"), ("ActionID", id)]);
            item.extend(bridge_fields("", bridge, members.len()));
            item
        });
        Self::list(id, "Bridge listing will follow", items.collect(), "BridgeListComplete")
    }

    fn queue_status(&self, id: &str) -> Vec<AmiFrame> {
        let queue = &self.options.queue;
        let waiting = self.talks.values().filter(|talk| talk.waiting).count().to_string();
        let mut items = vec![frame(&[
            ("Event", "QueueParams"),
            ("Queue", queue),
            ("Max", "0"),
            ("Strategy", "ringall"),
            ("Calls", &waiting),
            ("Holdtime", "0"),
            ("TalkTime", "0"),
            ("Completed", &self.completed.to_string()),
            ("Abandoned", &self.abandoned.to_string()),
            ("ServiceLevel", "0"),
            ("ServicelevelPerf", "0.0"),
            ("ServicelevelPerf2", "0.0"),
            ("Weight", "0"),
            ("ActionID", id),
        ])];
        for member in &self.options.members {
            let device = format!("SIP/{}", member.extension);
            let used = self.channels.values().any(|channel| channel.device() == device);
            let paused = self.paused.contains(&device);
            items.push(frame(&[
                ("Event", "QueueMember"),
                ("Queue", queue),
                ("Name", &member.name),
                ("Location", &device),
                ("StateInterface", &device),
                ("Membership", "static"),
                ("Penalty", "0"),
                ("CallsTaken", &self.completed.to_string()),
                ("LastCall", "0"),
                ("LastPause", "0"),
                ("LoginTime", "0"),
                ("InCall", if used { "1" } else { "0" }),
                ("Status", "1"),
                ("Paused", if paused { "1" } else { "0" }),
                ("PausedReason", ""),
                ("Wrapuptime", "0"),
                ("ActionID", id),
            ]));
        }
        Self::list(id, "Queue status will follow", items, "QueueStatusComplete")
    }
}
