//! What people do, and what the exchange makes of it: the scenes of the recordings.

use super::{
    channel::bridge_fields,
    exchange::{Behaviour, ConsultLeg, Exchange, Later, Ringing, Talk},
};
use std::time::Duration;

/// How long the dialplan greets before the queue.
const GREETING: Duration = Duration::from_millis(500);
/// From the start of a feature code's tones to the caller's hold.
const TO_HOLD: Duration = Duration::from_millis(260);
/// From there to the end of the extension's tones.
const TO_CONSULT: Duration = Duration::from_millis(240);
/// The abort code's tones.
const TO_ABORT: Duration = Duration::from_millis(280);
/// `atxferloopdelay`: before the target of a lost technician is tried again.
const LOOP_DELAY: Duration = Duration::from_secs(5);
/// The line to the outside world.
const OUTSIDE: &str = "SIP/trunk";

impl Exchange {
    /// Somebody outside calls the house's number; gives the caller's channel.
    pub fn call(&mut self, number: &str, name: &str) -> String {
        let exten = self.options.queue_number.clone();
        let caller = self.new_channel(OUTSIDE, None, "from-outside", &exten);
        if let Some(channel) = self.channels.get_mut(&caller) {
            channel.number = number.to_owned();
            channel.caller_name = name.to_owned();
        }
        self.say_channel("Newchannel", &caller, &[]);
        self.set_state(&caller, 4);
        self.set_state(&caller, 6);
        self.talks.insert(caller.clone(), Talk::default());
        self.in_a_while(GREETING, Later::JoinQueue { caller: caller.clone() });
        caller
    }

    /// The caller hangs up.
    pub fn hang_up(&mut self, caller: &str) {
        if !self.channels.contains_key(caller) {
            return;
        }
        self.say_channel("HangupRequest", caller, &[]);
        self.caller_gone(caller);
    }

    /// Somebody picks up a telephone that rings; whether it rang.
    pub fn pick_up(&mut self, extension: &str) -> bool {
        let Some(channel) = self.ringing_at(extension) else {
            return false;
        };
        self.picked_up(&channel);
        true
    }

    /// Somebody hangs up a telephone: what that means depends on what it was doing. Whether it was used.
    pub fn put_down(&mut self, extension: &str) -> bool {
        if let Some(channel) = self.ringing_at(extension) {
            self.refused(&channel, "BUSY", 17);
            return true;
        }
        let device = format!("SIP/{extension}");
        let channel = self
            .order
            .iter()
            .find(|id| self.channels.get(*id).is_some_and(|channel| channel.device() == device))
            .cloned();
        channel.is_some_and(|channel| {
            self.hung_up(&channel);
            true
        })
    }

    fn ringing_at(&self, extension: &str) -> Option<String> {
        let device = format!("SIP/{extension}");
        self.ringing
            .keys()
            .find(|id| self.channels.get(*id).is_some_and(|channel| channel.device() == device))
            .cloned()
    }

    /// Something planned happens now.
    pub(super) fn happens(&mut self, what: Later) {
        match what {
            Later::JoinQueue { caller } => self.join_queue(&caller),
            Later::Reacts { channel } => self.reacts(&channel),
            Later::Hold { technician } => self.say_channel("Hold", &technician, &[]),
            Later::Consult { technician, extension } => self.consult(&technician, &extension),
            Later::Abort { technician } => self.back_to_caller(&technician),
            Later::NoAnswer { half } => self.no_answer(&half),
            Later::TryAgain { caller, extension } => self.try_again(&caller, &extension),
        }
    }

    // --- the queue ------------------------------------------------------------------------------------------------------

    fn join_queue(&mut self, caller: &str) {
        let queue = self.options.queue.clone();
        let data = format!("{queue},tT,,,60");
        let Some(channel) = self.channels.get_mut(caller) else {
            return;
        };
        channel.priority = 3;
        channel.application = "Queue".to_owned();
        channel.application_data = data;
        let waiting = self.talks.values().filter(|talk| talk.waiting).count() + 1;
        if let Some(talk) = self.talks.get_mut(caller) {
            talk.queued = Some(self.now);
            talk.waiting = true;
        }
        let waiting = waiting.to_string();
        let more = [("Queue", queue.as_str()), ("Position", &waiting), ("Count", &waiting)];
        self.say_channel("QueueCallerJoin", caller, &more);
        self.ring_members(caller);
    }

    /// Rings every member who is free and not paused.
    fn ring_members(&mut self, caller: &str) {
        let queue = self.options.queue.clone();
        for member in self.options.members.clone() {
            let device = format!("SIP/{}", member.extension);
            let used = self.channels.values().any(|channel| channel.device() == device);
            if used || self.paused.contains(&device) || member.behaviour == Behaviour::Unreachable {
                continue;
            }
            let linkedid = self.linkedid(caller);
            let channel = self.new_channel(&device, Some(&linkedid), "desk", "s");
            self.say_channel("Newchannel", &channel, &[]);
            self.show_one(&channel, caller);
            let more = [
                ("Queue", queue.as_str()),
                ("Interface", &device),
                ("MemberName", &member.name),
            ];
            self.say_dial("AgentCalled", Some(caller), &channel, &more);
            self.say_dial("DialBegin", Some(caller), &channel, &[("DialString", &device)]);
            let exten = self.options.queue_number.clone();
            self.rings(&channel, &exten, Some(caller), None);
            self.say_dial("DialState", Some(caller), &channel, &[("DialStatus", "RINGING")]);
        }
    }

    /// One channel shows whom it is rung for, not the other way round.
    fn show_one(&mut self, channel: &str, for_whom: &str) {
        let Some((number, name)) = self
            .channels
            .get(for_whom)
            .map(|other| (other.number.clone(), other.caller_name.clone()))
        else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.connected_number = number;
            channel.connected_name = name;
        }
    }

    /// A telephone begins to ring.
    fn rings(&mut self, channel: &str, exten: &str, dialer: Option<&str>, originate: Option<(String, String)>) {
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.exten = exten.to_owned();
        }
        let behaviour = self.channels.get(channel).map(|channel| self.behaviour(channel));
        if behaviour != Some(Behaviour::Silent) {
            self.set_state(channel, 5);
        }
        let ringing = Ringing {
            dialer: dialer.map(str::to_owned),
            originate,
        };
        self.ringing.insert(channel.to_owned(), ringing);
        self.react_later(channel);
    }

    fn reacts(&mut self, channel: &str) {
        if !self.ringing.contains_key(channel) {
            return;
        }
        match self.channels.get(channel).map(|channel| self.behaviour(channel)) {
            Some(Behaviour::Answers(_)) => self.picked_up(channel),
            Some(Behaviour::Busy(_)) => self.refused(channel, "BUSY", 17),
            Some(Behaviour::Unreachable) => self.refused(channel, "CHANUNAVAIL", 0),
            Some(Behaviour::Rings | Behaviour::Silent) | None => {}
        }
    }

    // --- answers --------------------------------------------------------------------------------------------------------

    fn picked_up(&mut self, channel: &str) {
        let Some(ringing) = self.ringing.remove(channel) else {
            return;
        };
        self.set_state(channel, 6);
        let answer = [("DialStatus", "ANSWER")];
        if let Some((action, number)) = ringing.originate {
            return self.own_telephone_picked_up(channel, &action, &number);
        }
        let Some(dialer) = ringing.dialer else {
            self.say_dial("DialEnd", None, channel, &answer);
            return self.called_back(channel);
        };
        self.say_dial("DialEnd", Some(&dialer), channel, &answer);
        if let Some(caller) = self.talk_of_half(&dialer) {
            return self.target_answers(&caller, channel);
        }
        self.show(&dialer, channel);
        if self.talks.get(&dialer).is_some_and(|talk| talk.waiting) {
            return self.agent_connects(&dialer, channel);
        }
        // A call put through (blind transfer) or made by the house.
        let bridge = self.new_bridge();
        self.enter(channel, &bridge);
        self.enter(&dialer, &bridge);
        if let Some(talk) = self.talks.get_mut(&dialer) {
            talk.technician = Some(channel.to_owned());
        }
    }

    fn agent_connects(&mut self, caller: &str, agent: &str) {
        // The other members' telephones stop ringing.
        let others: Vec<String> = self
            .ringing
            .iter()
            .filter(|(_, ringing)| ringing.dialer.as_deref() == Some(caller))
            .map(|(id, _)| id.clone())
            .collect();
        for other in others {
            self.say_dial("DialEnd", Some(caller), &other, &[("DialStatus", "CANCEL")]);
            self.hang_up_channel(&other, 26);
        }
        let held = self.seconds_in_queue(caller);
        let rung = self
            .channels
            .get(agent)
            .map_or(0, |channel| (self.now - channel.born) / 1_000_000);
        if let Some(talk) = self.talks.get_mut(caller) {
            talk.waiting = false;
            talk.answered = Some(self.now);
            talk.technician = Some(agent.to_owned());
        }
        self.leave_queue(caller);
        let (queue, device, name) = self.agent_words(agent);
        let (held, rung) = (held.to_string(), rung.to_string());
        let more = [
            ("Queue", queue.as_str()),
            ("Interface", &device),
            ("MemberName", &name),
            ("HoldTime", &held),
            ("RingTime", &rung),
        ];
        self.say_dial("AgentConnect", Some(caller), agent, &more);
        let bridge = self.new_bridge();
        self.enter(agent, &bridge);
        self.enter(caller, &bridge);
    }

    fn leave_queue(&mut self, caller: &str) {
        let queue = self.options.queue.clone();
        let waiting = self.talks.values().filter(|talk| talk.waiting).count().to_string();
        let more = [("Queue", queue.as_str()), ("Position", "1"), ("Count", &waiting)];
        self.say_channel("QueueCallerLeave", caller, &more);
    }

    fn agent_words(&self, agent: &str) -> (String, String, String) {
        let channel = self.channels.get(agent);
        (
            self.options.queue.clone(),
            channel.map(|channel| channel.device().to_owned()).unwrap_or_default(),
            channel.map(|channel| channel.caller_name.clone()).unwrap_or_default(),
        )
    }

    fn seconds_in_queue(&self, caller: &str) -> i64 {
        let queued = self.talks.get(caller).and_then(|talk| talk.queued).unwrap_or(self.now);
        (self.now - queued) / 1_000_000
    }

    /// The queue's part in a call ends: the technician hung up, the caller did, or the call was transferred.
    fn agent_completes(&mut self, caller: &str, agent: &str, reason: &str) {
        let Some(talk) = self.talks.get_mut(caller) else { return };
        if talk.queued.is_none() || talk.answered.is_none() || std::mem::replace(&mut talk.agent_done, true) {
            return;
        }
        self.completed += 1;
        let talk = self.talks.get(caller).cloned().unwrap_or_default();
        let held = (talk.answered.unwrap_or(self.now) - talk.queued.unwrap_or(self.now)) / 1_000_000;
        let talked = (self.now - talk.answered.unwrap_or(self.now)) / 1_000_000;
        let (queue, device, name) = self.agent_words(agent);
        let (held, talked) = (held.to_string(), talked.to_string());
        let more = [
            ("Queue", queue.as_str()),
            ("Interface", &device),
            ("MemberName", &name),
            ("HoldTime", &held),
            ("TalkTime", &talked),
            ("Reason", reason),
        ];
        self.say_dial("AgentComplete", Some(caller), agent, &more);
    }

    // --- ends -----------------------------------------------------------------------------------------------------------

    /// A telephone that rang does not answer.
    fn refused(&mut self, channel: &str, status: &str, cause: u16) {
        let Some(ringing) = self.ringing.remove(channel) else {
            return;
        };
        if let Some((action, _)) = &ringing.originate {
            self.originate_response(channel, action, false);
        }
        self.say_dial("DialEnd", ringing.dialer.as_deref(), channel, &[("DialStatus", status)]);
        self.drop_channel(channel, cause);
        let Some(dialer) = ringing.dialer else { return };
        if let Some(caller) = self.talk_of_half(&dialer) {
            // The technician stays in the consultation: nothing goes back by itself.
            self.set_state(&dialer, 7);
            let leg = self.talks.get_mut(&caller).and_then(|talk| talk.consult.as_mut());
            if let Some(leg) = leg {
                leg.target = None;
                let first = leg.first.clone();
                self.say_dial("DialEnd", None, &first, &[("DialStatus", status)]);
            }
        } else if !self.talks.contains_key(&dialer) {
            // A call the house made: its own side is left with nobody.
            self.hang_up_channel(&dialer, cause);
        }
    }

    /// The caller's leg ends, and with it everything that was done for him.
    fn caller_gone(&mut self, caller: &str) {
        let Some(talk) = self.talks.get(caller).cloned() else {
            return;
        };
        if talk.waiting {
            return self.abandoned(caller);
        }
        let bridge = self.channels.get(caller).and_then(|channel| channel.bridge.clone());
        if let Some(technician) = &talk.technician {
            self.agent_completes(caller, technician, "caller");
        }
        self.leave(caller);
        self.talks.remove(caller);
        if let Some(leg) = &talk.consult
            && !leg.orphan
            && let Some(technician) = &talk.technician
        {
            self.attended_transfer(technician, None, leg, "Fail");
            if let Some(bridge) = &bridge {
                self.destroy(bridge);
            }
        }
        self.drop_channel(caller, 16);
        // Whatever rang for the caller himself.
        for channel in self.rung_by(caller) {
            self.say_dial("DialEnd", None, &channel, &[("DialStatus", "CANCEL")]);
            self.hang_up_channel(&channel, 16);
        }
        if let Some(leg) = &talk.consult {
            let consult_bridge = self.channels.get(&leg.first).and_then(|channel| channel.bridge.clone());
            if let Some(technician) = &talk.technician
                && !leg.orphan
            {
                self.leave(technician);
            }
            self.end_consult(leg);
            if let Some(bridge) = consult_bridge {
                self.destroy(&bridge);
            }
        }
        if let Some(technician) = &talk.technician {
            self.leave(technician);
            if let Some(bridge) = &bridge {
                self.destroy(bridge);
            }
            self.drop_channel(technician, 16);
        }
        if let Some(bridge) = bridge {
            self.empty(&bridge);
        }
    }

    /// Everybody who is left in a bridge is hung up, and what hangs on them.
    fn empty(&mut self, bridge: &str) {
        for member in self.bridges.get(bridge).cloned().unwrap_or_default() {
            let pair = self.other_half(&member);
            self.hang_up_channel(&member, 16);
            if let Some(half) = pair {
                let far = self.channels.get(&half).and_then(|channel| channel.bridge.clone());
                self.say_channel("HangupRequest", &half, &[("Cause", "16")]);
                self.hang_up_channel(&half, 16);
                if let Some(far) = far {
                    self.empty(&far);
                }
            }
        }
        self.destroy(bridge);
    }

    fn other_half(&self, id: &str) -> Option<String> {
        let name = &self.channels.get(id)?.name;
        let (stem, half) = name.rsplit_once(';')?;
        let other = format!("{stem};{}", if half == "1" { "2" } else { "1" });
        self.channels
            .values()
            .find(|channel| channel.name == other)
            .map(|channel| channel.uniqueid.clone())
    }

    fn rung_by(&self, dialer: &str) -> Vec<String> {
        self.ringing
            .iter()
            .filter(|(_, ringing)| ringing.dialer.as_deref() == Some(dialer))
            .map(|(id, _)| id.clone())
            .collect()
    }

    fn abandoned(&mut self, caller: &str) {
        let held = self.seconds_in_queue(caller).to_string();
        for channel in self.rung_by(caller) {
            // Asterisk 20 says it twice (recording 02).
            self.say_dial("DialEnd", Some(caller), &channel, &[("DialStatus", "CANCEL")]);
            self.say_dial("DialEnd", Some(caller), &channel, &[("DialStatus", "CANCEL")]);
            self.hang_up_channel(&channel, 16);
        }
        self.abandoned += 1;
        let queue = self.options.queue.clone();
        let more = [
            ("Queue", queue.as_str()),
            ("Position", "1"),
            ("OriginalPosition", "1"),
            ("HoldTime", &held),
        ];
        self.say_channel("QueueCallerAbandon", caller, &more);
        if let Some(talk) = self.talks.get_mut(caller) {
            talk.waiting = false;
        }
        self.leave_queue(caller);
        self.talks.remove(caller);
        self.drop_channel(caller, 0);
    }

    /// A telephone that is off hook is put down.
    pub(super) fn hung_up(&mut self, channel: &str) {
        let talk = self
            .talks
            .iter()
            .find(|(_, talk)| talk.technician.as_deref() == Some(channel))
            .map(|(caller, talk)| (caller.clone(), talk.clone()));
        if let Some((caller, talk)) = talk {
            match talk.consult {
                Some(leg) => self.technician_leaves(&caller, channel, &leg),
                None => self.technician_ends(&caller, channel),
            }
        } else if self.talks.contains_key(channel) {
            self.caller_gone(channel);
        } else if let Some(bridge) = self.channels.get(channel).and_then(|channel| channel.bridge.clone()) {
            // The person the caller was handed to, or either side of a call the house made.
            let talker = self.talks.keys().find(|caller| self.reaches(&bridge, caller)).cloned();
            self.hang_up_channel(channel, 16);
            if let Some(caller) = talker {
                self.talks.remove(&caller);
            }
            self.empty(&bridge);
        } else {
            self.hang_up_channel(channel, 16);
        }
    }

    /// The caller in whose consultation a channel is the second half.
    fn talk_of_half(&self, half: &str) -> Option<String> {
        self.talks
            .iter()
            .find(|(_, talk)| talk.consult.as_ref().is_some_and(|leg| leg.second == half))
            .map(|(caller, _)| caller.clone())
    }

    fn reaches(&self, bridge: &str, caller: &str) -> bool {
        self.bridges.get(bridge).is_some_and(|members| {
            members.iter().any(|member| {
                member == caller
                    || self
                        .other_half(member)
                        .and_then(|half| self.channels.get(&half)?.bridge.clone())
                        .is_some_and(|far| {
                            self.bridges
                                .get(&far)
                                .is_some_and(|far| far.iter().any(|id| id == caller))
                        })
            })
        })
    }

    fn technician_ends(&mut self, caller: &str, technician: &str) {
        let bridge = self.channels.get(caller).and_then(|channel| channel.bridge.clone());
        self.agent_completes(caller, technician, "agent");
        self.hang_up_channel(technician, 16);
        self.talks.remove(caller);
        self.hang_up_channel(caller, 16);
        if let Some(bridge) = bridge {
            self.destroy(&bridge);
        }
    }

    // --- transfers ------------------------------------------------------------------------------------------------------

    /// `Atxfer`: the feature code's tones are played to the technician's channel.
    pub(super) fn begin_consult(&mut self, technician: &str, extension: &str) {
        if !self.options.transfers {
            return;
        }
        let technician = technician.to_owned();
        self.in_a_while(
            TO_HOLD,
            Later::Hold {
                technician: technician.clone(),
            },
        );
        let extension = extension.to_owned();
        self.in_a_while(TO_HOLD + TO_CONSULT, Later::Consult { technician, extension });
    }

    /// `CancelAtxfer`: likewise; without a consultation the tones mean nothing.
    pub(super) fn begin_abort(&mut self, technician: &str) {
        let technician = technician.to_owned();
        self.in_a_while(TO_ABORT, Later::Abort { technician });
    }

    fn consult(&mut self, technician: &str, extension: &str) {
        let Some((caller, main_bridge)) = self.call_of(technician) else {
            return;
        };
        let linkedid = self.linkedid(technician);
        let pair = self.local_pair_name(extension);
        let first = self.new_channel(&format!("{pair};1"), Some(&linkedid), "atxfer", extension);
        self.say_channel("Newchannel", &first, &[]);
        let second = self.new_channel(&format!("{pair};2"), Some(&linkedid), "atxfer", extension);
        if let Some(channel) = self.channels.get_mut(&second) {
            channel.state = 4;
        }
        self.say_channel("Newchannel", &second, &[]);
        self.say_local_bridge(&first, &second, technician, extension);
        let bridge = self.new_bridge();
        self.enter(&first, &bridge);
        let leg = ConsultLeg {
            first,
            second,
            target: None,
            extension: extension.to_owned(),
            main_bridge,
            orphan: false,
        };
        if let Some(talk) = self.talks.get_mut(&caller) {
            talk.consult = Some(leg.clone());
        }
        self.leave(technician);
        self.enter(technician, &bridge);
        self.ring_target(&caller, &leg, technician);
        let half = leg.first.clone();
        self.in_a_while(self.options.no_answer_after, Later::NoAnswer { half });
    }

    fn say_local_bridge(&mut self, first: &str, second: &str, shown: &str, extension: &str) {
        let mut fields = Vec::new();
        for (prefix, id) in [("LocalOne", first), ("LocalTwo", second)] {
            fields.extend(
                self.channels
                    .get(id)
                    .map(|channel| channel.fields(prefix))
                    .unwrap_or_default(),
            );
        }
        let own = [
            ("Context", "atxfer"),
            ("Exten", extension),
            ("LocalOptimization", "Yes"),
        ];
        fields.extend(own.map(|(key, value)| (key.to_owned(), value.to_owned())));
        self.say("LocalBridge", fields);
        let Some((number, name)) = self
            .channels
            .get(shown)
            .map(|channel| (channel.number.clone(), channel.caller_name.clone()))
        else {
            return;
        };
        if let Some(channel) = self.channels.get_mut(second) {
            channel.number = number;
            channel.caller_name = name;
        }
    }

    /// The target's telephone is dialled through the second half.
    fn ring_target(&mut self, caller: &str, leg: &ConsultLeg, shown: &str) {
        let device = format!("SIP/{}", leg.extension);
        let linkedid = self.linkedid(&leg.second);
        let target = self.new_channel(&device, Some(&linkedid), "desk", "s");
        self.say_channel("Newchannel", &target, &[]);
        self.show_one(&target, shown);
        self.say_dial(
            "DialBegin",
            Some(&leg.second),
            &target,
            &[("DialString", &leg.extension)],
        );
        if let Some(leg) = self.talks.get_mut(caller).and_then(|talk| talk.consult.as_mut()) {
            leg.target = Some(target.clone());
        }
        if self
            .line(&leg.extension)
            .is_none_or(|line| line.behaviour == Behaviour::Unreachable)
        {
            let ringing = Ringing {
                dialer: Some(leg.second.clone()),
                originate: None,
            };
            self.ringing.insert(target.clone(), ringing);
            return self.refused(&target, "CHANUNAVAIL", 0);
        }
        self.rings(&target, &leg.extension, Some(&leg.second), None);
        self.show_one(&leg.second, &target);
        if let Some((number, name)) = self
            .channels
            .get(&target)
            .map(|channel| (channel.number.clone(), channel.caller_name.clone()))
            && let Some(first) = self.channels.get_mut(&leg.first)
        {
            first.number = number;
            first.caller_name = name;
        }
        let shows = self
            .channels
            .get(shown)
            .map(|channel| (channel.number.clone(), channel.caller_name.clone()));
        if let (Some((number, name)), Some(first)) = (shows, self.channels.get_mut(&leg.first)) {
            first.connected_number = number;
            first.connected_name = name;
        }
        if self
            .line(&leg.extension)
            .is_some_and(|line| line.behaviour == Behaviour::Silent)
        {
            return;
        }
        self.set_state(&leg.first, 5);
        self.say_dial("DialState", None, &leg.first, &[("DialStatus", "RINGING")]);
        self.say_dial("DialState", Some(&leg.second), &target, &[("DialStatus", "RINGING")]);
    }

    fn target_answers(&mut self, caller: &str, target: &str) {
        let Some(leg) = self.talks.get(caller).and_then(|talk| talk.consult.clone()) else {
            return;
        };
        self.set_state(&leg.second, 6);
        self.set_state(&leg.first, 6);
        let bridge = self.new_bridge();
        self.enter(target, &bridge);
        self.say_dial("DialEnd", None, &leg.first, &[("DialStatus", "ANSWER")]);
        self.enter(&leg.second, &bridge);
        if leg.orphan {
            // The caller, who heard it ring, is put through.
            self.show(caller, target);
            if let Some(talk) = self.talks.get_mut(caller) {
                talk.consult = None;
                talk.technician = None;
            }
        } else if let Some(technician) = self.talks.get(caller).and_then(|talk| talk.technician.clone()) {
            self.show_one(&technician, target);
        }
    }

    /// The technician goes back to the caller, who never left.
    fn back_to_caller(&mut self, technician: &str) {
        let talk = self
            .talks
            .iter()
            .find(|(_, talk)| talk.technician.as_deref() == Some(technician) && talk.consult.is_some())
            .map(|(caller, talk)| (caller.clone(), talk.consult.clone()));
        let Some((caller, Some(leg))) = talk else { return };
        let consult_bridge = self.channels.get(technician).and_then(|channel| channel.bridge.clone());
        self.leave(technician);
        self.enter(technician, &leg.main_bridge);
        self.say_channel("Unhold", technician, &[]);
        self.end_consult(&leg);
        if let Some(bridge) = consult_bridge {
            self.destroy(&bridge);
        }
        if let Some(talk) = self.talks.get_mut(&caller) {
            talk.consult = None;
        }
        self.show(technician, &caller);
    }

    /// The consultation's channels end.
    fn end_consult(&mut self, leg: &ConsultLeg) {
        self.leave(&leg.first);
        let far = self
            .channels
            .get(&leg.second)
            .and_then(|channel| channel.bridge.clone());
        self.say_channel("HangupRequest", &leg.second, &[("Cause", "16")]);
        if let Some(target) = &leg.target {
            if self.ringing.remove(target).is_some() {
                self.say_dial("DialEnd", Some(&leg.second), target, &[("DialStatus", "CANCEL")]);
                self.drop_channel(target, 16);
                self.drop_channel(&leg.first, 16);
                self.drop_channel(&leg.second, 16);
                return;
            }
            self.drop_channel(&leg.first, 16);
            self.leave(&leg.second);
            self.leave(target);
            self.drop_channel(&leg.second, 16);
            self.drop_channel(target, 16);
            if let Some(far) = far {
                self.destroy(&far);
            }
            return;
        }
        self.drop_channel(&leg.second, 17);
        self.drop_channel(&leg.first, 17);
    }

    /// The technician's leg ends in mid-consultation: the PBX calls that a completed transfer, whether the target answered,
    /// still rings, or was busy.
    fn technician_leaves(&mut self, caller: &str, technician: &str, leg: &ConsultLeg) {
        let consult_bridge = self.channels.get(technician).and_then(|channel| channel.bridge.clone());
        self.leave(technician);
        if let Some(from) = &consult_bridge {
            let mut fields = bridge_fields("To", &leg.main_bridge, self.members(&leg.main_bridge));
            fields.extend(bridge_fields("From", from, self.members(from)));
            self.say("BridgeMerge", fields);
        }
        self.leave(&leg.first);
        self.enter(&leg.first, &leg.main_bridge);
        self.show_one(&leg.first, caller);
        self.attended_transfer(technician, Some(caller), leg, "Success");
        self.agent_completes(caller, technician, "transfer");
        let answered = leg
            .target
            .as_ref()
            .is_some_and(|target| self.channels.get(target).is_some_and(|channel| channel.state == 6));
        if (answered || leg.target.is_none())
            && let Some(bridge) = consult_bridge
        {
            self.destroy(&bridge);
        }
        if answered {
            if let Some(target) = leg.target.clone() {
                self.show(caller, &target);
            }
            if let Some(talk) = self.talks.get_mut(caller) {
                talk.consult = None;
                talk.technician = None;
            }
            self.drop_channel(technician, 16);
        } else if leg.target.is_some() {
            // It rings on, for the caller now; the lost leg hangs about until the call is over (recording 09).
            if let Some(leg) = self.talks.get_mut(caller).and_then(|talk| talk.consult.as_mut()) {
                leg.orphan = true;
            }
        } else {
            // The caller is joined with nobody, and cut.
            self.talks.remove(caller);
            self.drop_channel(technician, 16);
            self.empty(&leg.main_bridge);
        }
    }

    fn attended_transfer(&mut self, technician: &str, caller: Option<&str>, leg: &ConsultLeg, result: &str) {
        let of = |prefix: &str, id: &str| {
            self.channels
                .get(id)
                .map(|channel| channel.fields(prefix))
                .unwrap_or_default()
        };
        let main = &leg.main_bridge;
        let answered = self.channels.get(&leg.first).is_some_and(|channel| channel.state == 6);
        let mut fields = vec![("Result".to_owned(), result.to_owned())];
        fields.extend(of("OrigTransferer", technician));
        fields.extend(bridge_fields("Orig", main, self.members(main)));
        fields.extend(of("SecondTransferer", technician));
        let second = self.channels.get(&leg.first).and_then(|channel| channel.bridge.clone());
        let second = second.unwrap_or_default();
        fields.extend(bridge_fields("Second", &second, self.members(&second)));
        if let Some(caller) = caller {
            fields.extend(of("Transferee", caller));
        }
        if answered || result == "Fail" {
            fields.extend(of("TransferTarget", &leg.first));
        }
        fields.push(("IsExternal".to_owned(), "No".to_owned()));
        let kind = if result == "Fail" { "Fail" } else { "Bridge" };
        fields.push(("DestType".to_owned(), kind.to_owned()));
        if result != "Fail" {
            fields.push(("DestBridgeUniqueid".to_owned(), main.clone()));
        }
        self.say("AttendedTransfer", fields);
    }

    /// `atxfernoanswertimeout`: back to the caller, or, when the technician's leg is lost, he is called back.
    fn no_answer(&mut self, half: &str) {
        let talk = self
            .talks
            .iter()
            .find(|(_, talk)| talk.consult.as_ref().is_some_and(|leg| leg.first == half))
            .map(|(caller, talk)| (caller.clone(), talk.clone()));
        let Some((caller, talk)) = talk else { return };
        let (Some(leg), Some(technician)) = (talk.consult, talk.technician) else {
            return;
        };
        let rings = leg
            .target
            .as_ref()
            .is_some_and(|target| self.ringing.contains_key(target));
        if !rings {
            return;
        }
        if !leg.orphan {
            return self.back_to_caller(&technician);
        }
        self.end_consult(&leg);
        if let Some(talk) = self.talks.get_mut(&caller) {
            talk.consult = None;
        }
        let Some(line) = self
            .channels
            .get(&technician)
            .map(|channel| channel.device().to_owned())
        else {
            return;
        };
        let recall = self.new_channel(&line, None, "desk", "s");
        self.say_channel("Newchannel", &recall, &[]);
        self.show_one(&recall, &caller);
        let extension = line.trim_start_matches("SIP/").to_owned();
        self.say_dial("DialBegin", None, &recall, &[("DialString", &extension)]);
        if self
            .line(&extension)
            .is_none_or(|line| line.behaviour == Behaviour::Unreachable)
        {
            self.drop_channel(&recall, 0);
        } else {
            self.rings(&recall, "", None, None);
        }
        let extension = leg.extension;
        self.in_a_while(LOOP_DELAY, Later::TryAgain { caller, extension });
    }

    /// The technician answers his recall: he and the caller are joined again.
    fn called_back(&mut self, channel: &str) {
        let number = self
            .channels
            .get(channel)
            .map(|channel| channel.connected_number.clone());
        let caller = self
            .talks
            .iter()
            .find(|(caller, _)| self.channels.get(*caller).map(|channel| &channel.number) == number.as_ref());
        let Some(caller) = caller.map(|(caller, _)| caller.clone()) else {
            return;
        };
        let Some(bridge) = self.channels.get(&caller).and_then(|channel| channel.bridge.clone()) else {
            return;
        };
        let lost = self
            .talks
            .get_mut(&caller)
            .and_then(|talk| talk.technician.replace(channel.to_owned()));
        let linkedid = self.linkedid(&caller);
        if let Some(channel) = self.channels.get_mut(channel) {
            channel.linkedid = linkedid;
        }
        self.enter(channel, &bridge);
        if let Some(lost) = lost {
            self.drop_channel(&lost, 16);
        }
    }

    /// The technician could not be called back: the target is tried again, in a conversation of its own that becomes the
    /// caller's (recording 09).
    fn try_again(&mut self, caller: &str, extension: &str) {
        let Some((_, main_bridge)) = self
            .channels
            .get(caller)
            .and_then(|channel| Some((channel.uniqueid.clone(), channel.bridge.clone()?)))
        else {
            return;
        };
        // Somebody is with the caller again, or the recall still rings.
        if self.members(&main_bridge) > 1 || self.ringing.values().any(|ringing| ringing.dialer.is_none()) {
            return;
        }
        let pair = self.local_pair_name(extension);
        let first = self.new_channel(&format!("{pair};1"), None, "atxfer", extension);
        self.show_one(&first, caller);
        self.say_channel("Newchannel", &first, &[]);
        let second = self.new_channel(&format!("{pair};2"), Some(&first), "atxfer", extension);
        if let Some(channel) = self.channels.get_mut(&second) {
            channel.state = 4;
        }
        self.say_channel("Newchannel", &second, &[]);
        self.say_local_bridge(&first, &second, caller, extension);
        let leg = ConsultLeg {
            first: first.clone(),
            second,
            target: None,
            extension: extension.to_owned(),
            main_bridge: main_bridge.clone(),
            orphan: true,
        };
        if let Some(talk) = self.talks.get_mut(caller) {
            talk.consult = Some(leg.clone());
        }
        self.ring_target(caller, &leg, caller);
        let linkedid = self.linkedid(caller);
        if let Some(channel) = self.channels.get_mut(&first) {
            channel.linkedid = linkedid;
        }
        self.enter(&first, &main_bridge);
        self.in_a_while(self.options.no_answer_after, Later::NoAnswer { half: first });
    }

    /// `BlindTransfer`; whether there was a call to transfer.
    pub(super) fn blind(&mut self, technician: &str, extension: &str, context: &str) -> bool {
        let Some((caller, bridge)) = self.call_of(technician) else {
            return false;
        };
        let of = |prefix: &str, id: &str| {
            self.channels
                .get(id)
                .map(|channel| channel.fields(prefix))
                .unwrap_or_default()
        };
        let mut fields = vec![("Result".to_owned(), "Success".to_owned())];
        fields.extend(of("Transferer", technician));
        fields.extend(of("Transferee", &caller));
        fields.extend(bridge_fields("", &bridge, self.members(&bridge)));
        for (key, value) in [("IsExternal", "Yes"), ("Context", context), ("Extension", extension)] {
            fields.push((key.to_owned(), value.to_owned()));
        }
        // Said of a call that never was on hold, as chan_sip does.
        self.say_channel("Unhold", technician, &[]);
        self.say("BlindTransfer", fields);
        self.agent_completes(&caller, technician, "transfer");
        self.leave(technician);
        if let Some(channel) = self.channels.get_mut(&caller) {
            channel.exten = extension.to_owned();
            channel.context = context.to_owned();
            channel.priority = 1;
        }
        self.leave(&caller);
        self.destroy(&bridge);
        if let Some(talk) = self.talks.get_mut(&caller) {
            talk.technician = None;
        }
        let linkedid = self.linkedid(&caller);
        let target = self.new_channel(&format!("SIP/{extension}"), Some(&linkedid), "desk", "s");
        self.say_channel("Newchannel", &target, &[]);
        self.show_one(&target, &caller);
        self.say_dial("DialBegin", Some(&caller), &target, &[("DialString", extension)]);
        self.drop_channel(technician, 16);
        self.rings(&target, extension, Some(&caller), None);
        self.show_one(&caller, &target);
        self.say_dial("DialState", Some(&caller), &target, &[("DialStatus", "RINGING")]);
        true
    }

    /// The caller a technician talks with, and their bridge.
    pub(super) fn call_of(&self, technician: &str) -> Option<(String, String)> {
        let bridge = self.channels.get(technician)?.bridge.clone()?;
        let caller = self
            .talks
            .iter()
            .find(|(_, talk)| talk.technician.as_deref() == Some(technician) && talk.consult.is_none())?;
        Some((caller.0.clone(), bridge))
    }

    // --- calls the house makes ------------------------------------------------------------------------------------------

    /// `Originate`: one's own telephone rings first.
    pub(super) fn originate(&mut self, device: &str, number: &str, action: &str) -> String {
        let own = self.new_channel(device, None, "desk", "s");
        self.say_channel("Newchannel", &own, &[]);
        self.show_one(&own, &own.clone());
        let extension = device.trim_start_matches("SIP/").to_owned();
        self.say_dial("DialBegin", None, &own, &[("DialString", &extension)]);
        self.rings(&own, "", None, Some((action.to_owned(), number.to_owned())));
        self.say_dial("DialState", None, &own, &[("DialStatus", "RINGING")]);
        own
    }

    fn originate_response(&mut self, own: &str, action: &str, success: bool) {
        let Some(channel) = self.channels.get(own) else { return };
        let fields = [
            ("ActionID", action.to_owned()),
            ("Response", if success { "Success" } else { "Failure" }.to_owned()),
            ("Channel", channel.name.clone()),
            ("Context", channel.context.clone()),
            ("Exten", channel.exten.clone()),
            ("Reason", if success { "4" } else { "5" }.to_owned()),
            ("Uniqueid", channel.uniqueid.clone()),
            ("CallerIDNum", channel.number.clone()),
            ("CallerIDName", channel.caller_name.clone()),
        ];
        let fields = fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        self.say("OriginateResponse", fields);
    }

    fn own_telephone_picked_up(&mut self, own: &str, action: &str, number: &str) {
        if let Some(channel) = self.channels.get_mut(own) {
            channel.exten = number.to_owned();
        }
        self.originate_response(own, action, true);
        self.say_dial("DialEnd", None, own, &[("DialStatus", "ANSWER")]);
        let linkedid = self.linkedid(own);
        let inside = self.line(number).is_some();
        let device = if inside {
            format!("SIP/{number}")
        } else {
            OUTSIDE.to_owned()
        };
        let other = self.new_channel(&device, Some(&linkedid), "from-outside", "s");
        self.say_channel("Newchannel", &other, &[]);
        if let Some(channel) = self.channels.get_mut(&other) {
            channel.number = number.to_owned();
        }
        self.show_one(&other, own);
        let dialled = if inside {
            number.to_owned()
        } else {
            format!("{number}@trunk")
        };
        self.say_dial("DialBegin", Some(own), &other, &[("DialString", &dialled)]);
        self.rings(&other, number, Some(own), None);
        self.say_dial("DialState", Some(own), &other, &[("DialStatus", "RINGING")]);
    }
}
