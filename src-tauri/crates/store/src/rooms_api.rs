//! The store's answers about rooms of major incidents.

use crate::{
    Accepted, ChangeSet, Store, StoreError, Submission, desk,
    view::{read_desk, write_desk},
};
use guichet_domain::{
    OperationId, TicketId,
    audit::{AuditAction, AuditEntry},
    operation::Operation,
    room::{Room, RoomUpdate, RoomWords},
};
use jiff::Timestamp;
use sqlx::Connection;
use std::time::Duration;
use uuid::Uuid;

/// An update to be posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomPost {
    /// Its identity, and that of its follow-up on the parent: the same one is posted once.
    pub id: OperationId,
    /// What is told.
    pub text: String,
    /// Minutes until the next one, where it is not the room's cadence.
    pub next_in_min: Option<u32>,
    /// The children that are told as well.
    pub children: Vec<TicketId>,
}

/// An update as it was accepted.
#[derive(Debug)]
pub struct PostedUpdate {
    /// The room with it.
    pub room: Room,
    /// It is new; one that was posted before is not accepted again, and `accepted` is empty.
    pub new: bool,
    /// What became of each ticket's follow-up, the parent's first.
    pub outcomes: Vec<(TicketId, Result<Accepted, StoreError>)>,
    /// Reads to make again.
    pub changes: ChangeSet,
}

/// The audit log's line of a room.
fn line_of(action: AuditAction, room: &Room) -> AuditEntry {
    AuditEntry::done(action, format!("ticket:{}", room.ticket.0))
}

impl Store {
    /// The room of a ticket, under its present number.
    pub async fn room(&self, ticket: TicketId) -> Result<Option<Room>, StoreError> {
        read_desk!(self, |connection| desk::rooms::get(connection, ticket).await?)
    }

    /// Rooms that are open, the first opened first.
    pub async fn open_rooms(&self) -> Result<Vec<Room>, StoreError> {
        read_desk!(self, |connection| desk::rooms::open(connection).await?)
    }

    /// The newest rooms, closed ones included.
    pub async fn latest_rooms(&self, limit: u32) -> Result<Vec<Room>, StoreError> {
        read_desk!(self, |connection| desk::rooms::latest(connection, limit).await?)
    }

    /// Opens the room of a ticket, durably; one that was closed is open again as it was left.
    pub async fn open_room(&self, ticket: TicketId, lead: Option<String>, now: Timestamp) -> Result<Room, StoreError> {
        write_desk!(self, |connection| {
            let ticket = desk::outbox::resolve(connection, ticket).await?;
            let mut room = match desk::rooms::get(connection, ticket).await? {
                Some(room) => room,
                None => Room::open(ticket, lead, now),
            };
            room.closed_at = None;
            desk::rooms::keep(connection, &room).await?;
            desk::audit::append(connection, &line_of(AuditAction::RoomOpened, &room)).await?;
            room
        })
    }

    /// Keeps what was typed in a room, durably.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`]; [`StoreError::Room`] when something is too long or too much.
    pub async fn write_room(&self, ticket: TicketId, words: RoomWords, now: Timestamp) -> Result<Room, StoreError> {
        write_desk!(self, |connection| {
            let mut room = desk::rooms::existing(connection, ticket).await?;
            room.write(words, now)?;
            desk::rooms::keep(connection, &room).await?;
            room
        })
    }

    /// Closes a room, durably.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`].
    pub async fn close_room(&self, ticket: TicketId, now: Timestamp) -> Result<Room, StoreError> {
        write_desk!(self, |connection| {
            let mut room = desk::rooms::existing(connection, ticket).await?;
            room.close(now);
            desk::rooms::keep(connection, &room).await?;
            desk::audit::append(connection, &line_of(AuditAction::RoomClosed, &room)).await?;
            room
        })
    }

    /// Posts an update: the room's line and a follow-up for the parent and each child, in one durable transaction. `followup` makes the
    /// words of a follow-up. What a child's ticket refuses refuses that child alone; the parent's refusal refuses the whole.
    ///
    /// # Errors
    /// [`StoreError::NoSuchRoom`]; [`StoreError::Room`] when it says nothing or the room is closed; as [`Store::submit`] for the parent.
    pub async fn post_room_update(
        &self,
        ticket: TicketId,
        post: &RoomPost,
        followup: impl Fn(&Room, &RoomUpdate) -> Operation,
        now: Timestamp,
    ) -> Result<PostedUpdate, StoreError> {
        let parent_known = self.is_known(ticket).await?;
        let mut children = Vec::with_capacity(post.children.len());
        for child in &post.children {
            children.push((*child, self.is_known(*child).await?));
        }
        let (room, new, outcomes) = write_desk!(self, |connection| {
            let mut room = desk::rooms::existing(connection, ticket).await?;
            let new = room.post(post.id, &post.text, post.next_in_min, now)?;
            let mut outcomes = Vec::new();
            if new && let Some(update) = room.updates.last() {
                let operation = followup(&room, update);
                let submission = |lane, id| Submission {
                    lane: Some(lane),
                    operations: vec![(id, operation.clone())],
                    draft: None,
                    hold: Duration::ZERO,
                };
                let of_parent = submission(room.ticket, post.id);
                let accepted = desk::outbox::submit(connection, &of_parent, parent_known, now).await?;
                outcomes.push((room.ticket, Ok(accepted)));
                for (child, known) in children {
                    let mut part = connection.begin().await?;
                    let of_child = submission(child, of_child(post.id, child));
                    match desk::outbox::submit(&mut part, &of_child, known, now).await {
                        Ok(accepted) => {
                            part.commit().await?;
                            outcomes.push((child, Ok(accepted)));
                        }
                        Err(error @ StoreError::Invalid { .. }) => {
                            part.rollback().await?;
                            outcomes.push((child, Err(error)));
                        }
                        Err(error) => return Err(error),
                    }
                }
                desk::rooms::keep(connection, &room).await?;
                desk::audit::append(connection, &line_of(AuditAction::RoomUpdated, &room)).await?;
                let lanes = outcomes.iter().filter_map(|(_, outcome)| outcome.as_ref().ok());
                self.mark_stale(lanes.map(|(lane, _)| lane.0));
            }
            (room, new, outcomes)
        })?;
        let mut changes = ChangeSet::default();
        if new {
            changes = self.refresh_stale().await?;
            changes.outbox = true;
        }
        let accepted = |(lane, entries)| Accepted {
            lane,
            entries,
            changes: changes.clone(),
        };
        Ok(PostedUpdate {
            room,
            new,
            outcomes: outcomes
                .into_iter()
                .map(|(ticket, outcome)| (ticket, outcome.map(accepted)))
                .collect(),
            changes,
        })
    }
}

/// The identity of an update's follow-up on a child: its own for each child, and always the same.
fn of_child(update: OperationId, child: TicketId) -> OperationId {
    OperationId(Uuid::from_u128(
        update.0.as_u128() ^ u128::from(child.0.unsigned_abs() & 0xffff_ffff),
    ))
}
