//! The board of what was escalated, and its steps: derived from the tickets alone, so that both sides see the same. What waits in this
//! desk's outbox counts as done.

use crate::{
    api::{Accepted, Board, BoardQuery, BoardRow, ChaseRow},
    core::{desk::Desk, escalation::EscalationFailure},
    error::AppError,
    messages::Locale,
};
use guichet_domain::{
    GroupId, OperationId, TicketId, text,
    ticket::{Party, Role},
    triage::{BoardState, Marker, TriageAction, Triaged, markers, plan_triage},
};
use guichet_store::{Escalated, EscalatedQuery, Submission};
use jiff::SignedDuration;
use std::{collections::BTreeSet, time::Duration};

/// How long what is done stays on the board.
const DONE_SHOWN: SignedDuration = SignedDuration::from_hours(7 * 24);

impl Desk {
    /// The board.
    ///
    /// # Errors
    /// When the contract or the databases cannot be read.
    pub async fn triage_board(&self, query: &BoardQuery) -> Result<Board, AppError> {
        let office = self.office().await?;
        let me = self.account().await.map(|account| account.user);
        let since = office.now.checked_sub(DONE_SHOWN).ok();
        let asked = EscalatedQuery {
            groups: office.matrix.above_ids(),
            over_since: since.filter(|_| query.done),
        };
        let chosen: BTreeSet<GroupId> = query.groups.iter().copied().collect();
        let names: BTreeSet<String> = office
            .matrix
            .above
            .iter()
            .filter(|group| chosen.contains(&group.id))
            .map(|group| text::fold(&group.name))
            .collect();
        let mut rows = Vec::new();
        for ticket in self.store.escalated(&asked).await? {
            let Some(escalated) = office.standing(&ticket) else {
                continue;
            };
            let card = &escalated.card;
            if card.state == BoardState::Done && (!query.done || card.state_since < since) {
                continue;
            }
            let last = card.group.as_deref().map(text::fold);
            if !chosen.is_empty() && !is_with(&ticket, &chosen) && !last.is_some_and(|group| names.contains(&group)) {
                continue;
            }
            let sent_by_me = |marked: &guichet_domain::triage::Marked| {
                matches!(marked.marker, Marker::Sent { .. }) && marked.author.is_some() && marked.author == me
            };
            if query.mine && !markers(&ticket.lines).iter().any(sent_by_me) {
                continue;
            }
            rows.push(BoardRow {
                target: card.dated.then(|| office.timer(&ticket)),
                third: card.third.clone(),
                ticket: ticket.row,
                escalated,
            });
        }
        rows.sort_by_key(|row| (row.escalated.card.escalated_at, row.ticket.id));
        self.name_standing(rows.iter_mut().map(|row| &mut row.escalated))
            .await?;
        Ok(Board {
            rows,
            groups: office.matrix.above,
            level_1: office.matrix.level_1,
        })
    }

    /// Third parties that are waited for, the next to be reminded first.
    ///
    /// # Errors
    /// As [`Desk::triage_board`].
    pub async fn chase_list(&self) -> Result<Vec<ChaseRow>, AppError> {
        let office = self.office().await?;
        let asked = EscalatedQuery {
            groups: office.matrix.above_ids(),
            over_since: None,
        };
        let mut rows = Vec::new();
        for ticket in self.store.escalated(&asked).await? {
            let Some(mut standing) = office.standing(&ticket) else {
                continue;
            };
            if standing.card.state != BoardState::Waiting {
                continue;
            }
            let Some(wait) = standing.waits.pop().filter(|wait| wait.to.is_none()) else {
                continue;
            };
            rows.push(ChaseRow {
                ticket: ticket.row,
                wait,
                remind_at: standing.remind_at,
                late: standing.remind_at.is_some_and(|at| at <= office.now),
            });
        }
        // What has no date comes last.
        rows.sort_by_key(|row| (row.remind_at.is_none(), row.remind_at, row.ticket.id));
        Ok(rows)
    }

    /// Does a step of triage: its line and what it changes, as one lane.
    ///
    /// # Errors
    /// When the ticket is not on the board, is in no state for it, or something is not said.
    pub async fn triage(&self, ticket: TicketId, action: &TriageAction, locale: Locale) -> Result<Accepted, AppError> {
        let me = self.account().await.ok_or(AppError::NotSignedIn)?.user;
        let office = self.office().await?;
        let read = self.escalated_ticket(ticket).await?;
        let standing = office.standing(&read).ok_or(EscalationFailure::NotEscalated)?;
        let mut action = action.clone();
        if let TriageAction::SendBack { to, .. } | TriageAction::ReRoute { to, .. } = &mut action {
            *to = office.matrix.existing(to)?;
        }
        let triaged = Triaged {
            card: &standing.card,
            status: read.ticket.status,
            actors: &read.actors,
            groups: &office.matrix.above_ids(),
            me,
        };
        let operations = plan_triage(&triaged, &action, &locale, OperationId::new)?;
        let submission = Submission {
            lane: Some(read.row.id),
            operations,
            draft: None,
            hold: Duration::ZERO,
        };
        self.submit(submission).await
    }
}

/// Whether the ticket is assigned to one of the groups.
fn is_with(ticket: &Escalated, groups: &BTreeSet<GroupId>) -> bool {
    ticket.actors.iter().any(|actor| match (&actor.role, &actor.party) {
        (Role::Assigned, Party::Group { id }) => groups.contains(id),
        _ => false,
    })
}
