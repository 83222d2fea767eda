//! The contract's clocks: the next target of every open ticket (take up, escalate, resolve) is worked out from what the desk holds,
//! pending changes included, and kept in the rows that lists are sorted by. Without a network as well.
//!
//! What runs by itself (the time that is left) is counted by whoever shows it, with the calendars' openings: a row is written again
//! when a ticket changes, not as time goes by.

use crate::{
    api::{ServiceCalendar, ServiceHours},
    core::{
        desk::{AppEvent, Desk},
        evidence::{self, Gap, Levels},
    },
    error::AppError,
};
use guichet_domain::{TicketId, history::HistoryChange, ticket::Status};
use guichet_service_levels::{
    Clocks, Contract,
    clock::{NextTarget as Told, TargetKind as ToldKind},
    evidence::model::{EventKind, Ticket},
};
use guichet_store::{ChangeSet, NextTarget, OpenTicket, TargetClock, TargetKind};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    task::JoinHandle,
};

/// Tickets of one read, and of one transaction.
const PART: u32 = 500;
/// Changes that come together are taken together.
const PACE: Duration = Duration::from_millis(200);
/// What time alone changes is looked at this often.
const PATIENCE: Duration = Duration::from_secs(30);
/// The calendars' openings are told for so long before and after now: nothing that is worked on is older.
const TOLD_DAYS: i64 = 400;

/// Whose targets are to be worked out.
#[derive(Debug, PartialEq, Eq)]
pub enum Due {
    /// Every open ticket's.
    All,
    /// These, and those that time alone changes.
    Named(BTreeSet<TicketId>),
}

impl Due {
    fn and(&mut self, changes: &ChangeSet) {
        match self {
            // Too many to be named.
            Self::Named(_) if changes.lists && changes.tickets.is_empty() => *self = Self::All,
            Self::Named(tickets) => tickets.extend(&changes.tickets),
            Self::All => {}
        }
    }
}

/// A ticket for the clock: what is known of it, and what waits in the outbox as though the server had it.
fn as_it_stands(
    open: &OpenTicket,
    contract: &Contract,
    levels: &Levels,
    history: Option<&[HistoryChange]>,
    now: Timestamp,
    gaps: &mut BTreeSet<Gap>,
) -> Ticket<'static> {
    let known = &open.known;
    let mut ticket = evidence::ticket_of(known, contract, levels, &[], history, gaps);
    let mut add = |kind, level| {
        let mut event = evidence::event(kind, now.max(known.opened_at));
        event.level = level;
        ticket.events.push(event);
    };
    match (known.status == Status::Waiting, open.status == Status::Waiting) {
        (false, true) => add(EventKind::WaitingStarted, None),
        (true, false) => add(EventKind::WaitingEnded, None),
        _ => {}
    }
    if levels.highest(&known.groups).is_some_and(|level| level > 1) {
        add(EventKind::Assigned, Some(2));
    } else if !open.unassigned || open.status != Status::New {
        add(EventKind::TakenUp, None);
    }
    ticket
}

/// Since when a ticket waits, and whether that is known; `None` where it does not.
pub(super) fn waiting_since(
    open: &OpenTicket,
    contract: &Contract,
    levels: &Levels,
    history: Option<&[HistoryChange]>,
    now: Timestamp,
) -> Option<(Timestamp, bool)> {
    let mut gaps = BTreeSet::new();
    let ticket = as_it_stands(open, contract, levels, history, now, &mut gaps);
    let last = ticket
        .events
        .iter()
        .rev()
        .find(|event| matches!(event.kind, EventKind::WaitingStarted | EventKind::WaitingEnded))?;
    let waits = last.kind == EventKind::WaitingStarted;
    waits.then(|| (last.at.timestamp(), !gaps.contains(&Gap::WaitingSince)))
}

fn target(told: Told) -> NextTarget {
    let left = i32::try_from(told.remaining_service_seconds).unwrap_or(if told.remaining_service_seconds < 0 {
        i32::MIN
    } else {
        i32::MAX
    });
    NextTarget {
        kind: match told.kind {
            ToldKind::TakeUp => TargetKind::Own,
            ToldKind::Escalate => TargetKind::Escalate,
            ToldKind::Resolve => TargetKind::Resolve,
        },
        due: (!told.paused).then_some(told.due),
        clock: Some(TargetClock {
            indicator: told.indicator,
            calendar: u32::try_from(told.calendar).unwrap_or(u32::MAX),
            soon_at: (!told.paused).then_some(told.soon_at),
            paused_left_s: told.paused.then_some(left),
        }),
    }
}

impl Desk {
    /// When the calendars of the contract are open, around now.
    ///
    /// # Errors
    /// As [`Desk::contract`].
    pub async fn service_hours(&self) -> Result<ServiceHours, AppError> {
        let (clocks, now) = (self.clocks().await?, self.now());
        let away = SignedDuration::from_hours(24 * TOLD_DAYS);
        let (from, to) = (
            now.checked_sub(away).unwrap_or(Timestamp::MIN),
            now.checked_add(away).unwrap_or(Timestamp::MAX),
        );
        let second = |at: Timestamp| u32::try_from(at.as_second()).unwrap_or(0);
        let calendars = clocks.openings(from, to).into_iter().map(|openings| ServiceCalendar {
            day_s: u32::try_from(openings.day_s).unwrap_or(0),
            spans: openings
                .spans
                .into_iter()
                .map(|(opens, closes)| (second(opens), second(closes)))
                .collect(),
        });
        Ok(ServiceHours {
            calendars: calendars.collect(),
        })
    }

    /// Works targets out and keeps them; tells which tickets have another one than before.
    ///
    /// # Errors
    /// When the contract or the databases cannot be read, or the databases not written.
    pub async fn wind_clocks(&self, due: &Due) -> Result<ChangeSet, AppError> {
        let (clocks, now) = (self.clocks().await?, self.now());
        let levels = Levels::of(clocks.contract(), &self.store.groups().await?);
        let readable = self.history_is_read().await?;
        let mut named: BTreeSet<TicketId> = self.store.stale_targets(now).await?.into_iter().collect();
        let mut changes = ChangeSet::default();
        if let Due::Named(tickets) = due {
            named.extend(tickets);
        }
        let named: Vec<TicketId> = named.into_iter().collect();
        for part in named.chunks(PART as usize) {
            let (open, _) = self.store.open_tickets(Some(part), None, PART).await?;
            let gone = part.iter().filter(|id| !open.iter().any(|open| open.known.id == **id));
            let mut targets: Vec<_> = gone.map(|id| (*id, None)).collect();
            targets.extend(self.targets(&clocks, &levels, &open, readable, now).await?);
            merge(&mut changes, self.store.set_targets(&targets).await?);
        }
        if *due != Due::All {
            return Ok(changes);
        }
        let mut after = None;
        loop {
            let (open, last) = self.store.open_tickets(None, after, PART).await?;
            let targets = self.targets(&clocks, &levels, &open, readable, now).await?;
            merge(&mut changes, self.store.set_targets(&targets).await?);
            if last.is_none() {
                return Ok(changes);
            }
            after = last;
        }
    }

    async fn targets(
        &self,
        clocks: &Clocks,
        levels: &Levels,
        open: &[OpenTicket],
        readable: bool,
        now: Timestamp,
    ) -> Result<Vec<(TicketId, Option<NextTarget>)>, AppError> {
        let mut lines: BTreeMap<TicketId, Vec<HistoryChange>> = BTreeMap::new();
        if readable {
            let ids: Vec<TicketId> = open.iter().map(|open| open.known.id).collect();
            for change in self.store.ticket_history(&ids).await? {
                lines.entry(change.ticket).or_default().push(change);
            }
        }
        let of = |open: &OpenTicket| {
            let id = open.known.id;
            let history = readable.then(|| lines.get(&id).map(Vec::as_slice).unwrap_or_default());
            let ticket = as_it_stands(open, clocks.contract(), levels, history, now, &mut BTreeSet::new());
            // A server's clock may be ahead of this one.
            let next = clocks.next_target(&ticket, now.max(open.known.opened_at));
            (id, next.map(target))
        };
        Ok(open.iter().map(of).collect())
    }
}

fn merge(into: &mut ChangeSet, from: ChangeSet) {
    into.lists |= from.lists;
    into.tickets.extend(from.tickets);
}

/// Keeps the targets right while a desk is open: when tickets change, when another contract is chosen, when time alone changes them.
pub fn watch(desk: &Arc<Desk>) -> JoinHandle<()> {
    let mut events = desk.hear();
    let desk = Arc::downgrade(desk);
    tokio::spawn(async move {
        let mut due = Due::All;
        let mut by: Option<Arc<Clocks>> = None;
        while let Some(desk) = Weak::upgrade(&desk) {
            let begun = Instant::now();
            let result = async {
                let clocks = desk.clocks().await?;
                if !by.as_ref().is_some_and(|known| Arc::ptr_eq(known, &clocks)) {
                    (due, by) = (Due::All, Some(clocks));
                }
                desk.wind_clocks(&due).await
            };
            match result.await {
                Ok(changes) if changes != ChangeSet::default() => desk.tell(AppEvent::Targets(changes)),
                Ok(_) => {}
                // A contract that does not read is told where it is chosen.
                Err(error) => tracing::debug!(%error, "targets could not be worked out"),
            }
            drop(desk);
            // A first reading changes everything again and again: it is not held up by this.
            tokio::time::sleep(PACE.max(begun.elapsed() * 5)).await;
            due = next(&mut events).await;
        }
    })
}

/// What is due next: what changed meanwhile, or after a while what time alone changes. The end of all events is an end of the wait.
async fn next(events: &mut broadcast::Receiver<AppEvent>) -> Due {
    let mut due = Due::Named(BTreeSet::new());
    let changed = async {
        loop {
            match events.recv().await {
                Ok(AppEvent::Changed(changes)) => due.and(&changes),
                Ok(_) => continue,
                Err(RecvError::Lagged(_)) => due = Due::All,
                Err(RecvError::Closed) => return,
            }
            if due != Due::Named(BTreeSet::new()) {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE, changed).await;
    // What came together.
    loop {
        match events.try_recv() {
            Ok(AppEvent::Changed(changes)) => due.and(&changes),
            Ok(_) => {}
            Err(broadcast::error::TryRecvError::Lagged(_)) => due = Due::All,
            Err(_) => return due,
        }
    }
}

#[cfg(test)]
#[path = "clocks_tests.rs"]
mod tests;
