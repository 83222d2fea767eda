//! The referee: compares what was accepted, what the server's journal says, and what the mirror holds.

use crate::{
    blocking::wait,
    intents::{Intent, Ledger, Mark},
    network::Server,
};
use guichet_backend::Backend;
use guichet_backend_glpi::GlpiBackend;
use guichet_domain::{
    OperationId, TicketId, UserId,
    outbox::{EntryState, OutboxEntry, WedgeReason},
    record::{Collection, TicketBundle},
    ticket::Party,
    timeline::EntryDetail,
};
use guichet_sandbox::{Author, Write, WriteAction};
use guichet_store::Store;
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// What the referee found wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// An accepted operation is said to have arrived and did not.
    Lost(String),
    /// An operation arrived more often than it was meant to, or although it was said not to have.
    Duplicated(String),
    /// An operation neither arrived nor is its blockage named.
    Stalled(String),
    /// Two operations of a lane arrived in the wrong order.
    OutOfOrder(String),
    /// The mirror is not what the server shows.
    Differs(String),
    /// The schedule could not be judged.
    Broken(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost(what) => write!(f, "lost: {what}"),
            Self::Duplicated(what) => write!(f, "duplicated: {what}"),
            Self::Stalled(what) => write!(f, "stalled: {what}"),
            Self::OutOfOrder(what) => write!(f, "out of order: {what}"),
            Self::Differs(what) => write!(f, "mirror differs: {what}"),
            Self::Broken(what) => write!(f, "broken: {what}"),
        }
    }
}

/// How far a judgement goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Everything that is wrong.
    Final,
    /// Whether anything is wrong yet: the first finding is enough.
    Early,
}

/// Judges a schedule: at its end, or when it may have come to rest before.
pub(crate) async fn check(
    server: &Server,
    store: &Store,
    ledger: &Ledger,
    direct: &GlpiBackend,
    me: UserId,
    untold: Option<&Untold>,
    verdict: Verdict,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let entries = match wait(store.outbox(None, true)) {
        Ok(entries) => entries,
        Err(error) => return vec![Finding::Broken(error.to_string())],
    };
    drained(&entries, &mut findings);
    if verdict == Verdict::Early && !findings.is_empty() {
        return findings;
    }
    let gone = server.gone();
    let ledger = &if gone.is_empty() {
        ledger.clone()
    } else {
        with_repeated(ledger, &entries)
    };
    let writes: Vec<Write> = server.glpi().writes().to_vec();
    let ours: Vec<&Write> = writes
        .iter()
        .filter(|write| write.author == Author::Client && write.user == me.0)
        .collect();
    let untold_to = |entry: &OutboxEntry| untold.is_some_and(|untold| untold.holds(entry));
    accounted_for(&entries, ledger, &ours, &writes, &gone, &untold_to, &mut findings);
    taken_back(&entries, store, ledger, &mut findings);
    in_order(&entries, ledger, &ours, &untold_to, &mut findings);
    let ever: Vec<Write> = writes.iter().chain(&gone).cloned().collect();
    parts(&entries, ledger, &ever, server, &mut findings);
    kept(store, ledger, &mut findings);
    known(&entries, ledger, &mut findings);
    if verdict == Verdict::Early && !findings.is_empty() {
        return findings;
    }
    let unseen = match untold {
        Some(untold) if !untold.noticed => touched(&gone),
        _ => BTreeSet::new(),
    };
    mirrored(server, store, direct, &unseen, verdict, &mut findings).await;
    findings
}

/// What no client can know after a backup was brought back, and nothing else: what arrived between that and its being noticed may have
/// gone to a number that was given out again (in whatever order, and once more where a person asked for it); and a restore that nothing
/// shows leaves the tickets it changed as they were here until they change.
#[derive(Debug, Clone)]
pub(crate) struct Untold {
    /// From the restore until a person decided, by this machine's clock.
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// It was noticed, and the mirror read again.
    pub(crate) noticed: bool,
}

impl Untold {
    /// Whether an operation arrived while nobody knew; what was under way when it was noticed had left before.
    fn holds(&self, entry: &OutboxEntry) -> bool {
        matches!(entry.state, EntryState::Sent { at } if self.from <= at && at <= self.until)
    }
}

/// Tickets that a write that is gone had changed.
fn touched(gone: &[Write]) -> BTreeSet<i64> {
    let links = |write: &Write| {
        [
            number(&write.input["tickets_id_1"]),
            number(&write.input["tickets_id_2"]),
            place(write).1,
            (write.itemtype == "Ticket").then_some(write.id),
        ]
    };
    gone.iter().flat_map(links).flatten().collect()
}

/// How an entry counts against the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    /// It arrived, once.
    Arrived,
    /// It may have arrived, once at most.
    Perhaps,
    /// It did not arrive.
    Absent,
}

fn claim(entry: &OutboxEntry, ledger: &Ledger, mark: &Mark, gone: &[Write]) -> Claim {
    if ledger.repeated.contains(&entry.id) {
        return Claim::Absent;
    }
    match &entry.state {
        // The backup that was brought back does not have it: it was left, or somebody's later write has its words.
        EntryState::Sent { .. } if gone.iter().any(|write| mark.matches(write)) => Claim::Perhaps,
        EntryState::Sent { .. } => Claim::Arrived,
        EntryState::InFlight | EntryState::InDoubt { .. } => Claim::Perhaps,
        EntryState::Wedged {
            reason: WedgeReason::Undetermined,
        } => Claim::Perhaps,
        EntryState::Cancelled { .. } if ledger.given_up_in_doubt.contains(&entry.id) => Claim::Perhaps,
        EntryState::Queued { .. } | EntryState::Wedged { .. } | EntryState::Cancelled { .. } => Claim::Absent,
    }
}

fn describe(entry: &OutboxEntry, intent: &Intent) -> String {
    format!(
        "{} [{}] on {} ({:?}, {} attempts, {:?}, last error {:?})",
        entry.operation.name(),
        entry.id,
        entry.lane,
        entry.state,
        entry.attempts,
        intent.mark,
        entry.last_error
    )
}

/// Whether somebody else took away what this write brought, wrote over it, or took it out of the account's sight: nobody can
/// read it back then, and sending it again, or showing why it cannot go, is what the technician meant.
fn undone(write: &Write, all: &[Write]) -> bool {
    let mut others = all.iter().filter(|other| other.author == Author::Colleague);
    others.any(|other| {
        let same_row = other.itemtype == write.itemtype && other.id == write.id;
        let (parent, ticket) = place(write);
        let its_ticket = other.itemtype == "Ticket" && Some(other.id) == ticket;
        // A document stays where it is kept, and hangs on nothing any more by which it could be found.
        let its_parent = parent == Some((other.itemtype.as_str(), other.id));
        match (write.action, other.action) {
            (WriteAction::Add, WriteAction::Delete) => same_row || its_parent && other.itemtype != "Ticket",
            (WriteAction::Add | WriteAction::Update, WriteAction::Purge) => same_row || its_ticket || its_parent,
            // A field written over.
            (WriteAction::Update, WriteAction::Update) => same_row && !other.input["name"].is_null(),
            // A ticket moved out of sight. There is no key that a client could ask for.
            (WriteAction::Add, WriteAction::Update) => {
                write.itemtype == "Ticket" && same_row && !other.input["entities_id"].is_null()
            }
            // The account was shut out of where it had put its ticket, before the lost reply could be read back.
            (WriteAction::Add, WriteAction::Add) => {
                write.itemtype == "Ticket" && other.itemtype == "Profile_User" && other.at >= write.at
            }
            _ => false,
        }
    })
}

/// What an uploaded document was hung on, and the ticket that a write belongs to.
fn place(write: &Write) -> (Option<(&str, i64)>, Option<i64>) {
    if write.itemtype != "Document" {
        return (None, write.ticket);
    }
    let parent = write.input["itemtype"].as_str().zip(number(&write.input["items_id"]));
    (parent, number(&write.input["tickets_id"]))
}

/// Every accepted operation applied exactly once, or wedged visibly, or cancelled.
fn accounted_for(
    entries: &[OutboxEntry],
    ledger: &Ledger,
    ours: &[&Write],
    all: &[Write],
    gone: &[Write],
    untold_to: &dyn Fn(&OutboxEntry) -> bool,
    findings: &mut Vec<Finding>,
) {
    let by_id: BTreeMap<OperationId, &OutboxEntry> = entries.iter().map(|entry| (entry.id, entry)).collect();
    // Operations with equal words are told apart by nobody but their dates: they are counted together.
    let mut groups: BTreeMap<&Mark, Vec<(&OutboxEntry, &Intent)>> = BTreeMap::new();
    for (id, intent) in &ledger.intents {
        let Some(entry) = by_id.get(id) else {
            findings.push(Finding::Lost(format!(
                "[{id}] {:?} is not in the outbox any more",
                intent.mark
            )));
            continue;
        };
        // Another operation may have used the same words.
        let reused = |old: &Mark| ledger.intents.values().any(|other| other.mark == *old);
        for old in intent.superseded.iter().filter(|old| !reused(old)) {
            let there = ours.iter().filter(|write| old.matches(write)).count();
            if there > 0 {
                findings.push(Finding::Duplicated(format!(
                    "edited away, yet there {there}×: {}",
                    describe(entry, intent)
                )));
            }
        }
        if matches!(intent.mark, Mark::Word { .. }) {
            groups.entry(&intent.mark).or_default().push((entry, intent));
        }
    }
    for (mark, group) in groups {
        let matching: Vec<&&Write> = ours.iter().filter(|write| mark.matches(write)).collect();
        let there = matching.len();
        let undone = matching.iter().filter(|write| undone(write, all)).count();
        let count = |wanted: Claim| {
            group
                .iter()
                .filter(|(entry, _)| claim(entry, ledger, mark, gone) == wanted)
                .count()
        };
        let (arrived, perhaps) = (count(Claim::Arrived), count(Claim::Perhaps));
        let named: Vec<String> = group.iter().map(|(entry, intent)| describe(entry, intent)).collect();
        let named = named.join("; ");
        if there < arrived {
            findings.push(Finding::Lost(format!(
                "{there} at the server, {arrived} said to be: {named}"
            )));
        }
        // What a person had sent again because its ticket is gone is on a stranger's ticket too, if it arrived before anybody knew.
        let stray = group
            .iter()
            .filter(|(entry, _)| ledger.repeated.contains(&entry.id) && untold_to(entry))
            .count();
        if there - undone > arrived + perhaps + stray {
            findings.push(Finding::Duplicated(format!(
                "{there} at the server, {arrived} (and perhaps {perhaps}) said to be: {named}"
            )));
        }
    }
}

/// The ledger with what was accepted once more after a backup was brought back: a person pressed one button for all of it.
fn with_repeated(ledger: &Ledger, entries: &[OutboxEntry]) -> Ledger {
    let mut ledger = ledger.clone();
    for entry in entries
        .iter()
        .filter(|entry| !ledger.intents.contains_key(&entry.id))
        .cloned()
        .collect::<Vec<_>>()
    {
        let words = entry.operation.plain_text();
        let told = ledger.told_again.get(&entry.id);
        let was = entries.iter().find(|was| {
            told.is_none_or(|told| *told == was.id)
                && was.seq < entry.seq
                && was.operation.name() == entry.operation.name()
                && was.operation.plain_text() == words
                && !ledger.repeated.contains(&was.id)
                && !was.state.is_pending()
                && ledger.intents.contains_key(&was.id)
        });
        if let Some((was, intent)) = was.and_then(|was| Some((was.id, ledger.intents.get(&was.id)?.clone()))) {
            ledger.repeated.insert(was);
            ledger.intents.insert(
                entry.id,
                Intent {
                    superseded: Vec::new(),
                    lane: entry.lane,
                    ..intent
                },
            );
        }
    }
    ledger
}

/// Nothing is in the outbox that nobody accepted.
fn known(entries: &[OutboxEntry], ledger: &Ledger, findings: &mut Vec<Finding>) {
    for entry in entries.iter().filter(|entry| !ledger.intents.contains_key(&entry.id)) {
        findings.push(Finding::Duplicated(format!(
            "{} [{}] on {} was accepted from nobody",
            entry.operation.name(),
            entry.id,
            entry.lane
        )));
    }
}

/// What is kept on this desk alone: every record of consent as it was written and none besides, every call with its wrap-up, every news
/// of a room once.
fn kept(store: &Store, ledger: &Ledger, findings: &mut Vec<Finding>) {
    for record in &ledger.consents {
        let log = wait(store.consents(record.subject.ticket));
        let log = log.as_ref().map(|log| log.records()).unwrap_or_default();
        // The ticket's number is the one thing about it that may become known later.
        let same = |other: &&guichet_domain::consent::ConsentRecord| {
            let mut other = (*other).clone();
            other.subject.ticket = record.subject.ticket;
            other == *record
        };
        let there = log.iter().filter(same).count();
        if there != 1 {
            findings.push(Finding::Lost(format!("consent [{}] is there {there}×", record.id)));
        }
    }
    for call in &ledger.calls {
        let row = wait(store.journal_call(&call.source, &call.id)).ok().flatten();
        let wrapped_up = row.is_some_and(|row| row.note == call.note && row.closed_at.is_some());
        if !wrapped_up {
            findings.push(Finding::Lost(format!("call {} is not wrapped up as it was", call.id)));
        }
    }
    for (ticket, id) in &ledger.updates {
        let room = wait(store.room(*ticket)).ok().flatten();
        let told = room.map_or(0, |room| room.updates.iter().filter(|update| update.id == *id).count());
        if told != 1 {
            findings.push(Finding::Lost(format!("news [{id}] is in the room of {ticket} {told}×")));
        }
    }
}

/// What was taken back is given up (that it never arrived is in [`accounted_for`]), and its words are in a draft.
fn taken_back(entries: &[OutboxEntry], store: &Store, ledger: &Ledger, findings: &mut Vec<Finding>) {
    for entry in entries.iter().filter(|entry| ledger.taken_back.contains(&entry.id)) {
        if !matches!(entry.state, EntryState::Cancelled { .. }) || entry.attempts > 0 {
            findings.push(Finding::Duplicated(format!(
                "taken back, yet {:?} after {} attempts: {} [{}]",
                entry.state,
                entry.attempts,
                entry.operation.name(),
                entry.id
            )));
        }
    }
    if ledger.drafted.is_empty() {
        return;
    }
    let drafts = match wait(store.drafts()) {
        Ok(drafts) => drafts,
        Err(error) => {
            findings.push(Finding::Broken(error.to_string()));
            return;
        }
    };
    for words in &ledger.drafted {
        let kept = drafts
            .iter()
            .any(|draft| draft.body.contains(words) || draft.attachments.iter().any(|file| file.filename == *words));
        if !kept {
            findings.push(Finding::Lost(format!("{words:?} is in no draft any more")));
        }
    }
}

/// Every queue is drained, or its head waits for a person.
fn drained(entries: &[OutboxEntry], findings: &mut Vec<Finding>) {
    let mut heads: BTreeMap<TicketId, &OutboxEntry> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.state.is_pending()) {
        heads.entry(entry.lane).or_insert(entry);
    }
    for head in heads.values() {
        if !matches!(head.state, EntryState::Wedged { .. }) {
            findings.push(Finding::Stalled(format!(
                "{} [{}] on {}: {:?} after {} attempts, last error {:?}",
                head.operation.name(),
                head.id,
                head.lane,
                head.state,
                head.attempts,
                head.last_error
            )));
        }
    }
}

/// The operations of a lane arrived in the order they were accepted in.
fn in_order(
    entries: &[OutboxEntry],
    ledger: &Ledger,
    ours: &[&Write],
    untold_to: &dyn Fn(&OutboxEntry) -> bool,
    findings: &mut Vec<Finding>,
) {
    let mut words: BTreeMap<&Mark, u32> = BTreeMap::new();
    for intent in ledger.intents.values() {
        *words.entry(&intent.mark).or_default() += 1;
    }
    let mut arrived: BTreeMap<TicketId, Vec<(usize, OperationId, &Intent)>> = BTreeMap::new();
    for entry in entries {
        let Some(intent) = ledger.intents.get(&entry.id) else {
            continue;
        };
        let unique = words.get(&intent.mark) == Some(&1) && matches!(intent.mark, Mark::Word { .. });
        if !unique || !matches!(entry.state, EntryState::Sent { .. }) || untold_to(entry) {
            continue;
        }
        let Some(place) = ours.iter().position(|write| intent.mark.matches(write)) else {
            continue;
        };
        let earlier = arrived.entry(entry.lane).or_default();
        for (before, id, first) in earlier.iter() {
            if *before > place && !intent.strangers.contains(&first.lane) {
                findings.push(Finding::OutOfOrder(format!(
                    "[{}] on {} arrived before [{id}], which was accepted first",
                    entry.id, entry.lane
                )));
            }
        }
        earlier.push((place, entry.id, intent));
    }
}

/// An assignment that arrived was in force at some time.
fn parts(entries: &[OutboxEntry], ledger: &Ledger, writes: &[Write], server: &Server, findings: &mut Vec<Finding>) {
    for entry in entries {
        let Some(intent) = ledger.intents.get(&entry.id) else {
            continue;
        };
        let Mark::Part { party, role, add: true } = &intent.mark else {
            continue;
        };
        if !matches!(entry.state, EntryState::Sent { .. }) {
            continue;
        }
        let (itemtype, column, id) = match party {
            Party::User { id } => ("Ticket_User", "users_id", id.0),
            Party::Group { id } => ("Group_Ticket", "groups_id", id.0),
            Party::Email { .. } => continue,
        };
        let part = match role {
            guichet_domain::ticket::Role::Requester => 1,
            guichet_domain::ticket::Role::Assigned => 2,
            guichet_domain::ticket::Role::Observer => 3,
        };
        let written = writes.iter().any(|write| {
            write.action == WriteAction::Add
                && (write.itemtype == itemtype
                    && write.ticket == Some(entry.lane.0)
                    && number(&write.input[column]) == Some(id)
                    && number(&write.input["type"]) == Some(part)
                    // Created with it.
                    || write.itemtype == "Ticket" && write.id == entry.lane.0)
        });
        let there = || {
            let glpi = server.glpi();
            glpi.on_ticket(itemtype, entry.lane.0).into_iter().any(|row| {
                glpi.peek(itemtype, row, column).as_ref().and_then(number) == Some(id)
                    && glpi.peek(itemtype, row, "type").as_ref().and_then(number) == Some(part)
            })
        };
        // In force from the start, GLPI refuses it as a duplicate and the adapter finds it there; it may have been taken away
        // since, but not before.
        let from_the_start = || {
            let taken_away = entries.iter().any(|other| {
                let away = Mark::Part {
                    party: party.clone(),
                    role: *role,
                    add: false,
                };
                other.lane == entry.lane
                    && other.seq < entry.seq
                    && matches!(other.state, EntryState::Sent { .. })
                    && ledger.intents.get(&other.id).is_some_and(|intent| intent.mark == away)
            });
            !taken_away && server.parts_at_first.contains(&(itemtype, entry.lane.0, id, part))
        };
        if !written && !there() && !from_the_start() {
            findings.push(Finding::Lost(describe(entry, intent)));
        }
    }
}

fn number(value: &serde_json::Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

/// The mirror equals the server for everything the account sees, and holds nothing that it does not see.
async fn mirrored(
    server: &Server,
    store: &Store,
    direct: &GlpiBackend,
    unseen: &BTreeSet<i64>,
    verdict: Verdict,
    findings: &mut Vec<Finding>,
) {
    let enough = |findings: &Vec<Finding>| verdict == Verdict::Early && !findings.is_empty();
    for collection in [
        Collection::Tickets,
        Collection::Articles,
        Collection::People,
        Collection::Groups,
    ] {
        let there = match direct.list_ids(collection).await {
            Ok(ids) => ids,
            Err(error) => {
                findings.push(Finding::Broken(format!("{collection:?} cannot be listed: {error}")));
                continue;
            }
        };
        let here = match wait(store.ids(collection)) {
            Ok(ids) => ids,
            Err(error) => {
                findings.push(Finding::Broken(error.to_string()));
                continue;
            }
        };
        if here != there {
            findings.push(Finding::Differs(format!(
                "{collection:?}: here {here:?}, there {there:?}"
            )));
        }
        if enough(findings) {
            return;
        }
        if collection != Collection::Tickets {
            continue;
        }
        for id in there {
            if enough(findings) {
                return;
            }
            let bundle = direct.ticket(id.into()).await;
            let mirrored = wait(store.mirrored_ticket(id.into()));
            match (bundle, mirrored) {
                (Ok(there), Ok(Some(here))) => {
                    let (here, there) = (normal(here), normal(there));
                    if here != there && !unseen.contains(&id) {
                        findings.push(Finding::Differs(difference(&here, &there)));
                    }
                }
                (Ok(_), Ok(None)) => findings.push(Finding::Differs(format!("ticket {id} is not mirrored"))),
                (Err(error), _) => findings.push(Finding::Broken(format!("ticket {id} cannot be read: {error}"))),
                (_, Err(error)) => findings.push(Finding::Broken(error.to_string())),
            }
        }
        hidden(server, store, &here, findings);
    }
}

/// Nothing is stored whose parent is invisible.
fn hidden(server: &Server, store: &Store, visible: &[i64], findings: &mut Vec<Finding>) {
    let rows = i64::try_from(server.glpi().count("Ticket")).unwrap_or(0) + 50;
    for id in (1..=rows).filter(|id| visible.binary_search(id).is_err()) {
        if let Ok(Some(bundle)) = wait(store.mirrored_ticket(id.into()))
            && (!bundle.timeline.is_empty() || !bundle.actors.is_empty() || !bundle.document_links.is_empty())
        {
            findings.push(Finding::Differs(format!(
                "ticket {id} is not visible, and what hangs on it is kept"
            )));
        }
    }
}

/// Orders what has no order of its own, and leaves out names of list rows: who learned them first depends on the path.
fn normal(mut bundle: TicketBundle) -> TicketBundle {
    let ticket = &mut bundle.ticket;
    for reference in [
        &mut ticket.category,
        &mut ticket.entity,
        &mut ticket.location,
        &mut ticket.channel,
    ]
    .into_iter()
    .flatten()
    {
        reference.name = None;
    }
    for sla in &mut ticket.slas {
        sla.name = None;
    }
    for entry in &mut bundle.timeline {
        if let EntryDetail::Followup { channel: Some(channel) } = &mut entry.detail {
            channel.name = None;
        }
    }
    bundle
        .actors
        .sort_by_key(|row| (matches!(row.actor.party, Party::Group { .. }), row.id));
    bundle.timeline.sort_by_key(|entry| entry.key);
    bundle.documents.sort_by_key(|document| document.id);
    bundle.document_links.sort_by_key(|link| link.id);
    bundle.ticket_links.sort_by_key(|link| link.id);
    bundle.asset_links.sort_by_key(|link| link.id);
    bundle
}

/// The parts that differ, each cut to where they begin to.
fn difference(here: &TicketBundle, there: &TicketBundle) -> String {
    let mut parts = Vec::new();
    macro_rules! compare {
        ($($part:ident),*) => {$(
            if here.$part != there.$part {
                let (here, there) = (format!("{:?}", here.$part), format!("{:?}", there.$part));
                let same = here.chars().zip(there.chars()).take_while(|(here, there)| here == there).count();
                let from = same.saturating_sub(60);
                let cut = |text: &str| text.chars().skip(from).take(200).collect::<String>();
                parts.push(format!("{}: here …{}, there …{}", stringify!($part), cut(&here), cut(&there)));
            }
        )*};
    }
    compare!(
        ticket,
        actors,
        timeline,
        documents,
        document_links,
        ticket_links,
        asset_links
    );
    format!("ticket {}: {}", there.ticket.id, parts.join("; "))
}
