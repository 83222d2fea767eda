//! What every adapter must do, run by each adapter's own tests.
//!
//! An adapter's tests implement [`Subject`] (its server, with the ways to disturb it) and call
//! [`conformance_tests!`](crate::conformance_tests): every rule becomes one test on a fresh subject. A rule asks the server
//! for nothing but what [`Backend`] promises, so it holds for any ITSM; what only one product does is tested by its adapter.
//!
//! The idea is that of matrix-rust-sdk's `statestore_integration_tests!`.

// Rules are tests: they say what is wrong by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod mirror;
mod reading;
mod refusals;
mod writing;

pub use mirror::{Mirror, sorted};
pub use reading::*;
pub use refusals::*;
pub use writing::*;

use crate::{Backend, BackendError, Delivery, Outgoing};
use async_trait::async_trait;
use guichet_domain::{
    OperationId, TicketId, UserId,
    operation::{NewTicket, Operation},
    record::{Collection, TicketBundle},
    rich_text::RichText,
    ticket::{Actor, Level, Party, Role, TicketKind},
};
use jiff::{SignedDuration, Timestamp};

/// Something another person does on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// A colleague writes a public follow-up that says this.
    Followup(TicketId, &'static str),
    /// A colleague sets the urgency.
    Urgency(TicketId, Level),
    /// A colleague proposes a solution that says this.
    Solve(TicketId, &'static str),
    /// An administrator closes the ticket.
    Close(TicketId),
    /// An administrator puts the ticket in the bin.
    Bin(TicketId),
    /// An administrator takes it out again.
    Restore(TicketId),
    /// An administrator deletes the ticket for good.
    Purge(TicketId),
    /// An administrator moves the ticket where the account may not look.
    Hide(TicketId),
}

/// An adapter on a server of its own, which holds at least a few open tickets, people, groups, articles and pieces of
/// equipment.
#[async_trait]
pub trait Subject: Send + Sync {
    /// The adapter, which has not signed in yet.
    fn backend(&self) -> &dyn Backend;

    /// Who the adapter signs in as: a technician who may write on every ticket they see.
    fn account(&self) -> UserId;

    /// A file name (with its media type) that the server does not accept.
    fn refused_file(&self) -> (&'static str, &'static str);

    /// The current instant, for the adapter and its server.
    fn now(&self) -> Timestamp;

    /// Lets some seconds pass.
    fn advance(&self, seconds: i64);

    /// From now on requests that can change something are carried out and their replies lost, or no more.
    fn lose_replies(&self, lose: bool);

    /// How many requests that can change something the server has seen so far (signing in and out do not count).
    fn mutations(&self) -> usize;

    /// Another person does something, right now.
    async fn act(&self, act: Act);
}

/// One test per rule, each on the fresh [`Subject`](crate::conformance::Subject) that the expression makes, in a module of
/// that name. The calling crate needs tokio with its macros.
///
/// ```ignore
/// guichet_backend::conformance_tests!(eleven, Desk::new(Version::Eleven));
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($name:ident, $subject:expr) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            $crate::conformance_tests! { @rules $subject;
                opening_names_the_account
                a_first_reading_is_complete_and_every_page_may_be_applied_twice
                a_stored_cursor_reads_the_same_page_again
                an_idle_server_brings_nothing
                single_records_are_those_of_the_lists
                a_colleague_s_change_arrives_as_a_bundle
                bin_restore_and_purge_are_told_apart
                hidden_is_told_from_purged
                every_operation_is_one_request_and_is_read_back
                every_operation_is_found_again_after_its_reply_was_lost
                what_is_so_already_is_no_error
                equal_words_are_told_apart
                a_conflict_carries_theirs
                a_closed_ticket_takes_no_change
                a_second_solution_is_refused
                a_refused_file_leaves_nothing
                a_ticket_that_left_is_a_refusal_not_a_doubt
            }
        }
    };
    (@rules $subject:expr; $($rule:ident)*) => {$(
        #[tokio::test]
        async fn $rule() {
            $crate::conformance::$rule(&$subject).await;
        }
    )*};
}

/// A text with what gets lost easily: an entity, markup, a comparison sign, a list.
fn text(words: &str) -> RichText {
    RichText::from_html(&format!(
        "<p>{words} &amp; <b>plus</b> &lt;3</p><ul><li>un</li><li>deux</li></ul>"
    ))
}

fn user(id: UserId, role: Role) -> Actor {
    let party = Party::User { id };
    Actor { role, party }
}

/// An operation written a minute ago and tried first now; no two of them at the same second.
fn outgoing(subject: &dyn Subject, ticket: Option<TicketId>, operation: Operation) -> Outgoing {
    subject.advance(2);
    let now = subject.now();
    Outgoing {
        id: OperationId::new(),
        ticket,
        operation,
        written_at: now - SignedDuration::from_secs(60),
        first_attempt_at: Some(now),
        content: None,
        attach_to: None,
        claimed: Vec::new(),
    }
}

fn creation(requester: UserId) -> Operation {
    let ticket = NewTicket {
        title: "R&D : écran <noir>".to_owned(),
        description: text("Rien ne s'affiche"),
        kind: TicketKind::Incident,
        urgency: Level(4),
        impact: Level(3),
        category: None,
        location: None,
        channel: None,
        entity: None,
        actors: vec![user(requester, Role::Requester)],
        assets: Vec::new(),
    };
    Operation::CreateTicket {
        ticket: Box::new(ticket),
    }
}

/// A new ticket of the account's own.
async fn opened(subject: &dyn Subject) -> TicketId {
    let create = outgoing(subject, None, creation(subject.account()));
    let receipt = subject.backend().send(&create).await.unwrap();
    receipt.ticket.expect("the number of the new ticket")
}

async fn bundle(subject: &dyn Subject, ticket: TicketId) -> TicketBundle {
    sorted(subject.backend().ticket(ticket).await.unwrap())
}

/// Somebody else than the account.
async fn somebody(subject: &dyn Subject) -> UserId {
    let people = subject.backend().list_ids(Collection::People).await.unwrap();
    let other = people.into_iter().find(|id| *id != subject.account().0);
    UserId(other.expect("other people"))
}

/// Sends what must be refused for good, and gives the reason.
async fn refused(subject: &dyn Subject, outgoing: &Outgoing) -> BackendError {
    let error = subject.backend().send(outgoing).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Rejected, "{error:?}");
    error
}
