//! Rooms of major incidents: opened on a ticket, kept as they are typed, their updates given to the outbox once, and a reminder before
//! the next one is late. The rules are `guichet_domain::room`'s.

use crate::{
    api::{Accepted, NewRoomUpdate, RoomCard, RoomPosted, RoomReport, RoomSheet, RoomTicket, SavedRoomReport},
    core::{
        bulk,
        desk::{AppEvent, Desk},
        files,
    },
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    OperationId, TicketId,
    operation::Operation,
    record::LinkKind,
    room::{Incident, ReportedTicket, Room, RoomWords},
    ticket::Status,
    timeline::TimelineEntry,
    wording::Phrases,
};
use guichet_store::{RoomPost, StoreError, Submission, TicketView};
use jiff::tz::TimeZone;
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{sync::broadcast, task::JoinHandle};

/// Rooms are looked at again at most this often…
const PACE: Duration = Duration::from_secs(2);
/// …and at least this often: an update becomes due by nothing happening.
const PATIENCE: Duration = Duration::from_secs(15);
/// Rooms told of when the closed ones are asked for as well.
const LISTED: u32 = 100;

/// Whether a ticket still asks for work, and takes follow-ups.
fn is_open(view: &TicketView) -> bool {
    view.departure.is_none() && view.ticket.status.is_open()
}

fn ticket_of(id: TicketId, view: Option<&TicketView>) -> RoomTicket {
    let Some(view) = view.filter(|view| view.departure.is_none()) else {
        return RoomTicket {
            id,
            title: None,
            status: None,
            requester: None,
            vip: false,
            site: None,
            opened_at: None,
            solved_at: None,
            open: false,
        };
    };
    let ticket = &view.ticket;
    let person = view.requester.as_ref().map(|card| &card.person);
    RoomTicket {
        id: ticket.id,
        title: Some(ticket.title.clone()),
        status: Some(ticket.status),
        requester: person.map(|person| person.display_name()),
        vip: person.is_some_and(|person| person.vip),
        site: ticket.location.as_ref().and_then(|site| site.name.clone()),
        opened_at: Some(ticket.opened_at),
        // A solution that was refused leaves its date behind.
        solved_at: ticket.solved_at.filter(|_| !ticket.status.is_open()),
        open: is_open(view),
    }
}

fn reported(ticket: &RoomTicket) -> ReportedTicket {
    ReportedTicket {
        id: ticket.id,
        title: ticket.title.clone(),
        requester: ticket.requester.clone(),
        site: ticket.site.clone(),
        opened_at: ticket.opened_at,
        solved_at: ticket.solved_at,
    }
}

impl Desk {
    fn room_card(&self, room: &Room, view: Option<&TicketView>) -> RoomCard {
        // A ticket that is not read yet is no reason to forget a promise.
        let resolved = view.is_some_and(|view| !is_open(view));
        RoomCard {
            ticket: room.ticket,
            title: view.map(|view| view.ticket.title.clone()),
            opened_at: room.opened_at,
            closed_at: room.closed_at,
            next_update_at: room.next_update_due().filter(|_| !resolved),
            soon_at: room.soon_at().filter(|_| !resolved),
            standing: room.standing(resolved, self.now()),
            workaround_at: room.workaround_at,
            updates: u32::try_from(room.updates.len()).unwrap_or(u32::MAX),
        }
    }

    /// The rooms that are open, the next update first; with `closed`, the latest closed ones after them.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub async fn rooms(&self, closed: bool) -> Result<Vec<RoomCard>, AppError> {
        let rooms = if closed {
            self.store.latest_rooms(LISTED).await?
        } else {
            self.store.open_rooms().await?
        };
        let mut cards = Vec::with_capacity(rooms.len());
        for room in &rooms {
            let view = self.store.ticket(room.ticket).await?;
            cards.push(self.room_card(room, view.as_ref()));
        }
        cards.sort_by_key(|card| {
            let due = card.next_update_at;
            (card.closed_at.is_some(), due.is_none(), due, card.ticket)
        });
        Ok(cards)
    }

    async fn parent_of(&self, ticket: TicketId) -> Result<TicketView, AppError> {
        let view = self.store.ticket(ticket).await?;
        view.filter(|view| view.departure.is_none())
            .ok_or(AppError::NoSuchTicket(ticket))
    }

    /// The children of a ticket: those linked at the server, and those whose link waits in the outbox, whichever end it was made at.
    async fn children_of(&self, parent: &TicketView) -> Result<Vec<(TicketId, Option<TicketView>)>, AppError> {
        let links = parent.links.iter().filter(|link| link.kind == LinkKind::ParentOf);
        let mut ids: BTreeSet<TicketId> = links.map(|link| link.id).collect();
        for entry in self.store.outbox(None, false).await? {
            if let Operation::LinkTicket { ticket, kind } = entry.operation
                && kind == LinkKind::ChildOf
                && ticket == parent.ticket.id
            {
                ids.insert(entry.lane);
            }
        }
        let mut children = Vec::with_capacity(ids.len());
        for id in ids {
            children.push((id, self.store.ticket(id).await?));
        }
        Ok(children)
    }

    async fn room_sheet(&self, room: Room) -> Result<(RoomSheet, Vec<TimelineEntry>), AppError> {
        let view = self.store.ticket(room.ticket).await?;
        let children = match &view {
            Some(view) => self.children_of(view).await?,
            None => Vec::new(),
        };
        let sheet = RoomSheet {
            card: self.room_card(&room, view.as_ref()),
            parent: ticket_of(room.ticket, view.as_ref()),
            children: children
                .iter()
                .map(|(id, child)| ticket_of(*id, child.as_ref()))
                .collect(),
            room,
        };
        Ok((sheet, view.map(|view| view.timeline).unwrap_or_default()))
    }

    /// The room of a ticket with its parent and children; `None` where it has none.
    ///
    /// # Errors
    /// When the databases cannot be read.
    pub async fn room(&self, ticket: TicketId) -> Result<Option<RoomSheet>, AppError> {
        match self.store.room(ticket).await? {
            Some(room) => Ok(Some(self.room_sheet(room).await?.0)),
            None => Ok(None),
        }
    }

    async fn existing_room(&self, ticket: TicketId) -> Result<Room, AppError> {
        let room = self.store.room(ticket).await?;
        Ok(room.ok_or(StoreError::NoSuchRoom { ticket })?)
    }

    /// Opens the room of a ticket, led by whoever opens it; one that was closed is open again.
    ///
    /// # Errors
    /// When the ticket is not known here, or the room cannot be written.
    pub async fn open_room(&self, ticket: TicketId) -> Result<RoomSheet, AppError> {
        let view = self.parent_of(ticket).await?;
        let lead = self.account().await.map(|account| account.name);
        let room = self.store.open_room(view.ticket.id, lead, self.now()).await?;
        let (sheet, _) = self.room_sheet(room).await?;
        self.tell_rooms().await;
        Ok(sheet)
    }

    /// Keeps what was typed in a room, durably.
    ///
    /// # Errors
    /// When there is no room, something is too long, or it cannot be written.
    pub async fn save_room(&self, ticket: TicketId, words: RoomWords) -> Result<RoomCard, AppError> {
        let room = self.store.write_room(ticket, words, self.now()).await?;
        let view = self.store.ticket(room.ticket).await?;
        Ok(self.room_card(&room, view.as_ref()))
    }

    /// Closes a room; its report can be made whenever it is asked for.
    ///
    /// # Errors
    /// When there is no room, or it cannot be written.
    pub async fn close_room(&self, ticket: TicketId) -> Result<RoomSheet, AppError> {
        let room = self.store.close_room(ticket, self.now()).await?;
        let (sheet, _) = self.room_sheet(room).await?;
        self.tell_rooms().await;
        Ok(sheet)
    }

    /// Posts an update: its line in the room, a follow-up on the parent and, where asked, on each open child, in one transaction and
    /// once. It leaves at once: who waits for news is not kept waiting for an undo.
    ///
    /// # Errors
    /// When there is no room, the update says nothing, or the parent takes no follow-up. What children refuse is in the answer.
    pub async fn post_room_update(
        &self,
        ticket: TicketId,
        asked: &NewRoomUpdate,
        locale: Locale,
    ) -> Result<RoomPosted, AppError> {
        let parent = self.parent_of(ticket).await?;
        if parent.ticket.status == Status::Closed {
            return Err(AppError::TicketClosed);
        }
        let mut children = Vec::new();
        let mut refused = Vec::new();
        if asked.children {
            for (id, child) in self.children_of(&parent).await? {
                match child {
                    Some(view) if is_open(&view) => children.push(view),
                    // Who has his answer needs no news.
                    Some(view) if view.departure.is_none() => {}
                    _ => refused.push(bulk::refusal(id, None, &AppError::NoSuchTicket(id), locale)),
                }
            }
            if children.len() > bulk::MOST {
                return Err(AppError::TooManyTickets { max: bulk::MOST });
            }
        }
        let post = RoomPost {
            id: asked.id,
            text: asked.text.clone(),
            next_in_min: asked.next_in_min,
            children: children.iter().map(|view| view.ticket.id).collect(),
        };
        let zone = TimeZone::system();
        let followup = |room: &Room, update: &_| Operation::AddFollowup {
            body: room.followup(update, &zone, &locale),
            private: asked.private,
        };
        let posted = self
            .store
            .post_room_update(parent.ticket.id, &post, followup, self.now())
            .await?;
        if posted.new {
            self.publish(posted.changes);
            self.publish_status().await;
            if let Some(session) = self.session().await {
                session.engine.accepted(false);
            }
        }
        let mut accepted = Vec::new();
        for (id, outcome) in posted.outcomes {
            match outcome {
                Ok(told) => accepted.push(Accepted {
                    lane: told.lane,
                    entries: told.entries,
                }),
                Err(error) => {
                    let view = children.iter().find(|view| view.ticket.id == id);
                    let error = AppError::from(error);
                    refused.push(bulk::refusal(id, view, &error, locale));
                }
            }
        }
        self.tell_rooms().await;
        let card = self.room_card(&posted.room, Some(&parent));
        Ok(RoomPosted {
            room: posted.room,
            card,
            accepted,
            refused,
        })
    }

    /// The report of a ticket's room, as it would be now.
    ///
    /// # Errors
    /// When there is no room, or the databases cannot be read.
    pub async fn room_report(&self, ticket: TicketId, locale: Locale) -> Result<RoomReport, AppError> {
        let room = self.existing_room(ticket).await?;
        let (sheet, timeline) = self.room_sheet(room).await?;
        let children: Vec<ReportedTicket> = sheet.children.iter().map(reported).collect();
        let incident = Incident {
            room: &sheet.room,
            parent: &reported(&sheet.parent),
            children: &children,
            timeline: &timeline,
        };
        let body = incident.report(self.now(), &TimeZone::system(), &locale);
        // A number that only this desk knows is no name for a file.
        let number = sheet.room.ticket.0.unsigned_abs().to_string();
        Ok(RoomReport {
            markdown: body.to_markdown(0, &|_| None),
            filename: locale.phrase("room.report.file", &[("ticket", number)]),
            body,
        })
    }

    /// Saves the report into a folder, never over another file, and adds it to the parent as a private follow-up of the identity given,
    /// once.
    ///
    /// # Errors
    /// As [`Desk::room_report`], and when the file cannot be written or the parent takes no follow-up.
    pub async fn save_room_report(
        &self,
        ticket: TicketId,
        note: Option<OperationId>,
        folder: PathBuf,
        locale: Locale,
    ) -> Result<SavedRoomReport, AppError> {
        let report = self.room_report(ticket, locale).await?;
        let noted = self.note_room_report(ticket, note, &report).await?;
        let path = files::save(folder, report.filename, report.markdown.into_bytes()).await?;
        Ok(SavedRoomReport {
            path: path.display().to_string(),
            noted,
        })
    }

    /// Adds a report to the parent as a private follow-up, unless it was added under this identity before.
    ///
    /// # Errors
    /// When the parent takes no follow-up.
    pub async fn note_room_report(
        &self,
        ticket: TicketId,
        note: Option<OperationId>,
        report: &RoomReport,
    ) -> Result<Option<Accepted>, AppError> {
        let Some(id) = note else {
            return Ok(None);
        };
        if self.store.entry(id).await?.is_some() {
            return Ok(None);
        }
        let parent = self.parent_of(ticket).await?;
        if parent.ticket.status == Status::Closed {
            return Err(AppError::TicketClosed);
        }
        let operation = Operation::AddFollowup {
            body: report.body.clone(),
            private: true,
        };
        let submission = Submission {
            lane: Some(parent.ticket.id),
            operations: vec![(id, operation)],
            draft: None,
            hold: Duration::ZERO,
        };
        self.submit(submission).await.map(Some)
    }

    /// Tells the window of the open rooms now, without waiting for the watch.
    async fn tell_rooms(&self) {
        if let Ok(cards) = self.rooms(false).await {
            self.tell(AppEvent::Room(cards));
        }
    }
}

/// Looks at the open rooms again whenever tickets change and as time passes, and tells when their standing does. Ends with the desk.
pub fn watch(desk: &Arc<Desk>) -> JoinHandle<()> {
    watch_by(desk, PACE, PATIENCE)
}

fn watch_by(desk: &Arc<Desk>, pace: Duration, patience: Duration) -> JoinHandle<()> {
    let mut events = desk.hear();
    let desk = Arc::downgrade(desk);
    tokio::spawn(async move {
        let mut told: Vec<RoomCard> = Vec::new();
        while let Some(desk) = Weak::upgrade(&desk) {
            match desk.rooms(false).await {
                Ok(cards) if cards != told => {
                    told.clone_from(&cards);
                    desk.tell(AppEvent::Room(cards));
                }
                Ok(_) => {}
                Err(error) => tracing::debug!(%error, "rooms could not be looked at"),
            }
            drop(desk);
            tokio::time::sleep(pace).await;
            let changed = async { while !matters(events.recv().await) {} };
            // Without a change the time alone: a promise comes near.
            let _ = tokio::time::timeout(patience, changed).await;
        }
    })
}

/// Whether an event may change what is told of rooms. The end of all events does: it ends the wait.
fn matters(event: Result<AppEvent, broadcast::error::RecvError>) -> bool {
    match event {
        Ok(AppEvent::Changed(changes)) => changes.lists || !changes.tickets.is_empty(),
        Ok(_) => false,
        Err(_) => true,
    }
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
