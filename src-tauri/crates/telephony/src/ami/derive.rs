//! What a conversation has come to, from what is joined with what: pure, and the same whether the state was built from
//! events or read again after a reconnection.
//!
//! Nothing here believes a result code. "Answered" is: the caller's channel and a telephone's, both up, joined. "Transferred"
//! is the same with another telephone, and without the first.

use super::{
    channels::{Channel, Channels, Stage, is_station},
    config::Scope,
    conversation::{Consult, Conversation, Holder, Ring, Said},
};
use guichet_domain::call::{CallCause, CallEventKind as Kind, Direction, RemoteParty};

/// Says what changed, and remembers it.
pub(super) fn derive(
    conversation: &mut Conversation,
    channels: &Channels,
    members: &[&Channel],
    scope: &Scope,
    region: &str,
) -> Vec<Said> {
    if conversation.over {
        return Vec::new();
    }
    let mut said = Vec::new();
    identify(conversation, channels, members, scope, region);
    dialing(conversation, channels, &mut said);
    rings_that_ended(conversation, channels, &mut said);
    joined(conversation, channels, &mut said);
    rings(conversation, channels, members, &mut said);
    consulted(conversation, channels, &mut said);
    said
}

/// Finds out which channel is the other end.
pub(super) fn identify(
    conversation: &mut Conversation,
    channels: &Channels,
    members: &[&Channel],
    scope: &Scope,
    region: &str,
) {
    if conversation.originator.is_none() {
        // What begins with a `Local` channel is the PBX's own doing (it calls somebody again, recording 09) and belongs to a
        // conversation that will be said later.
        let Some(first) = members
            .iter()
            .min_by_key(|channel| channel.born)
            .filter(|channel| !channel.is_local())
        else {
            return;
        };
        conversation.originator = Some(first.uniqueid.clone());
        let everything = scope.devices.is_empty() && scope.queues.is_empty();
        let ours = scope.devices.contains(first.device()) || (everything && is_station(first.device()));
        conversation.direction = if ours { Direction::Outbound } else { Direction::Inbound };
        if !ours {
            conversation.remote = Some(first.uniqueid.clone());
        }
    }
    let dialled = conversation
        .originator
        .as_deref()
        .and_then(|id| channels.get(id))
        .map(|channel| channel.exten.clone())
        .filter(|exten| exten.chars().any(|c| c.is_ascii_digit()));
    if conversation.direction == Direction::Outbound && !conversation.answered {
        // The one called last: a trunk that refuses is followed by another.
        let called = members
            .iter()
            .filter(|channel| !channel.is_local() && Some(&channel.uniqueid) != conversation.originator.as_ref())
            .filter(|channel| {
                // Of what was dialled while nobody listened, only that it rings or is up is known.
                channel.dialer == conversation.originator
                    || (channel.dialer.is_none() && (channel.dialled || channel.stage == Stage::Up))
            })
            .max_by_key(|channel| channel.born);
        if let Some(called) = called {
            conversation.remote = Some(called.uniqueid.clone());
        }
    }
    let Some(remote) = conversation.remote.as_deref().and_then(|id| channels.get(id)) else {
        return;
    };
    let number = match (conversation.direction, &dialled) {
        (Direction::Outbound, Some(dialled)) => dialled,
        _ => &remote.number,
    };
    // The name on a trunk's channel is the one the house shows outside.
    let name = if conversation.direction == Direction::Outbound && !is_station(remote.device()) {
        ""
    } else {
        remote.caller_name.as_str()
    };
    // Reading a number is the dearest part of an event, and most events change neither.
    let read_from = (number.clone(), name.to_owned());
    if conversation.read_from.as_ref() == Some(&read_from) {
        return;
    }
    let party = RemoteParty::read(number, name, region);
    conversation.read_from = Some(read_from);
    // A number once known is not lost to a later "unknown".
    if conversation.party.raw.is_empty() || !party.anonymous {
        conversation.party = party;
    }
}

fn agent(channel: &Channel) -> Option<String> {
    let name = channel.caller_name.trim();
    (!name.is_empty() && name != channel.number).then(|| name.to_owned())
}

fn about(kind: Kind, channel: &Channel) -> Said {
    Said {
        leg: Some(channel.uniqueid.clone()),
        device: Some(channel.device().to_owned()),
        agent: agent(channel),
        ..Said::new(kind)
    }
}

/// An outgoing call: said when one's own telephone rings for it, and again once the number is known.
fn dialing(conversation: &mut Conversation, channels: &Channels, said: &mut Vec<Said>) {
    if conversation.direction != Direction::Outbound || conversation.answered {
        return;
    }
    let Some(own) = conversation.originator.as_deref().and_then(|id| channels.get(id)) else {
        return;
    };
    let number_known = conversation.remote.is_some();
    if number_known && !conversation.dialing_said {
        conversation.dialing_said = true;
        said.push(about(Kind::Dialing, own));
    } else if own.dialled && own.stage != Stage::Up && !conversation.own_ring_said && !number_known {
        // Click to call: one's own telephone rings first.
        conversation.own_ring_said = true;
        said.push(about(Kind::Dialing, own));
    }
}

/// Who the other end is joined with.
fn joined(conversation: &mut Conversation, channels: &Channels, said: &mut Vec<Said>) {
    let Some(remote) = conversation.remote.as_deref().and_then(|id| channels.get(id)) else {
        return;
    };
    if remote.stage != Stage::Up || remote.bridge.is_none() {
        return;
    }
    let mut parties: Vec<&Channel> = channels
        .joined_to(&remote.uniqueid)
        .iter()
        .filter_map(|id| channels.get(id))
        .filter(|channel| !channel.is_local() && channel.uniqueid != remote.uniqueid && channel.stage == Stage::Up)
        .collect();
    parties.sort_by_key(|channel| channel.born);
    let held_by = conversation.holder.as_ref().map(|holder| holder.uniqueid.as_str());
    let Some(with) = parties
        .iter()
        .find(|channel| Some(channel.uniqueid.as_str()) == held_by)
        .or(parties.first())
    else {
        return;
    };
    conversation.queued = false;
    conversation.rings.remove(&with.uniqueid);
    match &conversation.holder {
        Some(holder) if holder.uniqueid == with.uniqueid => {
            if conversation.consult.take().is_some() {
                said.push(about(Kind::TransferCancelled, with));
            }
            return;
        }
        Some(holder) if holder.device != with.device() => {
            said.push(about(Kind::Transferred, with));
            conversation.held = false;
        }
        // The first answer, or the same telephone on another leg (it was called back).
        _ => said.push(about(Kind::Answered, with)),
    }
    conversation.answered = true;
    conversation.consult = None;
    conversation.holder = Some(Holder {
        uniqueid: with.uniqueid.clone(),
        device: with.device().to_owned(),
    });
}

/// Telephones that began to ring, and for whom.
fn rings(conversation: &mut Conversation, channels: &Channels, members: &[&Channel], said: &mut Vec<Said>) {
    let outbound = conversation.direction == Direction::Outbound;
    for channel in members {
        let id = &channel.uniqueid;
        let is_end = conversation.remote.as_ref() == Some(id);
        let is_start = outbound && conversation.originator.as_ref() == Some(id);
        let rings = matches!(channel.stage, Stage::Down | Stage::Ringing) && channel.dialled;
        if channel.is_local() || is_end || is_start || !rings || conversation.dial_ends.contains_key(id) {
            continue;
        }
        let Some(consult) = for_technician(conversation, channels, channel) else {
            continue;
        };
        if conversation.rings.get(id).is_some_and(|ring| ring.consult == consult) {
            continue;
        }
        let ring = Ring {
            device: channel.device().to_owned(),
            agent: agent(channel),
            consult,
        };
        conversation.rings.insert(id.clone(), ring);
        if consult {
            conversation.consult = Some(Consult {
                uniqueid: id.clone(),
                answered: false,
                failed: false,
            });
            said.push(about(Kind::ConsultRinging, channel));
        } else {
            conversation.consult = None;
            conversation.held = false;
            said.push(about(Kind::Ringing, channel));
        }
    }
}

/// Whether a telephone rings for the technician (a consultation) or for the other end; `None` while that is between two
/// states of the PBX.
fn for_technician(conversation: &Conversation, channels: &Channels, channel: &Channel) -> Option<bool> {
    let remote = conversation.remote.as_deref()?;
    let dialer = channel
        .dialer
        .as_deref()
        .and_then(|id| channels.get(id))
        .or_else(|| channels.likely_dialer(channel).filter(|_| channel.dialer.is_none()));
    let Some(dialer) = dialer else {
        // The PBX itself calls on behalf of the other end (a recall), or nobody saw the dialling begin.
        return channel.dialer.is_none().then_some(false);
    };
    let joined = channels.joined_to(&dialer.uniqueid);
    if joined.contains(remote) {
        return Some(false);
    }
    let holder = conversation.holder.as_ref()?;
    joined.contains(&holder.uniqueid).then_some(true)
}

/// Telephones that ring no more.
fn rings_that_ended(conversation: &mut Conversation, channels: &Channels, said: &mut Vec<Said>) {
    let ended: Vec<String> = conversation
        .rings
        .keys()
        .filter(|id| conversation.dial_ends.contains_key(*id) || channels.get(id).is_none_or(|c| c.stage == Stage::Up))
        .cloned()
        .collect();
    for id in ended {
        let cause = conversation.dial_ends.get(&id).copied();
        let is_up = channels.get(&id).is_some_and(|channel| channel.stage == Stage::Up);
        let Some(ring) = conversation.rings.remove(&id) else {
            continue;
        };
        if is_up && cause.is_none() {
            continue;
        }
        let what = Said {
            kind: Kind::Missed,
            leg: Some(id.clone()),
            device: Some(ring.device),
            agent: ring.agent,
            cause,
        };
        if !ring.consult {
            let elsewhere = conversation.answered
                && conversation
                    .holder
                    .as_ref()
                    .filter(|holder| what.device.as_ref() != Some(&holder.device))
                    .and_then(|holder| channels.get(&holder.uniqueid))
                    .is_some_and(|channel| channel.bridge.is_some());
            let cause = if elsewhere && cause != Some(CallCause::Busy) && !conversation.queued {
                Some(CallCause::AnsweredElsewhere)
            } else {
                cause
            };
            said.push(what.because(cause));
        } else if let Some(consult) = &mut conversation.consult
            && consult.uniqueid == id
            && !consult.answered
        {
            consult.failed = true;
            said.push(Said {
                kind: Kind::ConsultFailed,
                ..what.because(cause.or(Some(CallCause::Unknown)))
            });
        }
    }
}

/// Whom the technician talks with while the other end waits.
fn consulted(conversation: &mut Conversation, channels: &Channels, said: &mut Vec<Said>) {
    let Some(holder) = &conversation.holder else { return };
    let Some(own) = channels.get(&holder.uniqueid).filter(|own| own.bridge.is_some()) else {
        return;
    };
    let joined = channels.joined_to(&own.uniqueid);
    if conversation
        .remote
        .as_ref()
        .is_some_and(|remote| joined.contains(remote))
    {
        return;
    }
    let target = joined.iter().filter_map(|id| channels.get(id)).find(|channel| {
        !channel.is_local()
            && channel.uniqueid != own.uniqueid
            && channel.stage == Stage::Up
            && conversation.remote.as_ref() != Some(&channel.uniqueid)
    });
    let Some(target) = target else { return };
    let known = conversation
        .consult
        .as_ref()
        .is_some_and(|consult| consult.uniqueid == target.uniqueid && consult.answered);
    if !known {
        conversation.consult = Some(Consult {
            uniqueid: target.uniqueid.clone(),
            answered: true,
            failed: false,
        });
        said.push(about(Kind::ConsultAnswered, target));
    }
}
