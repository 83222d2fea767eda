//! Rules of refusals: each has its reason, none is taken for a doubt, and none leaves a trace.

use super::{Act, Subject, bundle, opened, outgoing, refused, somebody, text, user, writing::picture};
use crate::{BackendError, Probe};
use guichet_domain::{
    TicketId,
    merge::field_value,
    operation::{AttachTo, Field, FieldValue, Operation},
    ticket::{Level, Role},
};

fn followup() -> Operation {
    let body = text("Trop tard");
    Operation::AddFollowup { body, private: false }
}

fn solution() -> Operation {
    let body = text("Autre chose");
    Operation::AddSolution {
        body,
        solution_type: None,
    }
}

/// Whatever is sent to a closed ticket, the answer is that it is closed.
pub async fn a_closed_ticket_takes_no_change(subject: &dyn Subject) {
    let ticket = opened(subject).await;
    let field = Field::Urgency;
    let base = field_value(&bundle(subject, ticket).await.ticket, field);
    let new = FieldValue::Level(Level(1));
    subject.act(Act::Close(ticket)).await;
    let closed = bundle(subject, ticket).await;
    let body = text("Encore en panne");
    for operation in [
        Operation::SetField { field, base, new },
        solution(),
        Operation::Reopen { body },
    ] {
        let outgoing = outgoing(subject, Some(ticket), operation);
        let error = refused(subject, &outgoing).await;
        let name = outgoing.operation.name();
        assert!(matches!(error, BackendError::Closed), "{name}: {error:?}");
        assert_eq!(bundle(subject, ticket).await, closed, "{name}");
    }
}

/// A solution on a ticket that somebody else solved meanwhile is refused for that reason.
pub async fn a_second_solution_is_refused(subject: &dyn Subject) {
    let ticket = opened(subject).await;
    subject.act(Act::Solve(ticket, "Câble changé")).await;
    let solved = bundle(subject, ticket).await;
    let ours = outgoing(subject, Some(ticket), solution());
    let error = refused(subject, &ours).await;
    assert!(matches!(error, BackendError::AlreadySolved), "{error:?}");
    assert_eq!(bundle(subject, ticket).await, solved);
    assert_eq!(subject.backend().probe(&ours).await.unwrap(), Probe::Absent);
}

/// A file that the server does not accept is an error, and nothing of it stays on the ticket.
pub async fn a_refused_file_leaves_nothing(subject: &dyn Subject) {
    let ticket = opened(subject).await;
    let upload = picture(subject, ticket, subject.refused_file(), AttachTo::Ticket);
    let error = refused(subject, &upload).await;
    assert!(matches!(error, BackendError::Invalid { .. }), "{error:?}");
    let after = bundle(subject, ticket).await;
    assert_eq!((after.documents, after.document_links), (Vec::new(), Vec::new()));
    assert_eq!(subject.backend().probe(&upload).await.unwrap(), Probe::Absent);
}

/// Nothing can be sent to a ticket that was deleted or went out of sight. Of a deleted one it is certain that nothing is there;
/// one that is merely out of sight may be back in sight when it is sent again, so it is never said to be absent.
pub async fn a_ticket_that_left_is_a_refusal_not_a_doubt(subject: &dyn Subject) {
    let actor = user(somebody(subject).await, Role::Observer);
    for act in [Act::Purge as fn(TicketId) -> Act, Act::Hide] {
        let ticket = opened(subject).await;
        subject.act(act(ticket)).await;
        for operation in [followup(), solution(), Operation::Assign { actor: actor.clone() }] {
            let outgoing = outgoing(subject, Some(ticket), operation);
            let error = refused(subject, &outgoing).await;
            assert!(
                matches!(error, BackendError::NotFound | BackendError::Forbidden { .. }),
                "{act:?}: {error:?}",
                act = act(ticket)
            );
            let probe = subject.backend().probe(&outgoing).await;
            match act(ticket) {
                Act::Hide(_) => assert!(
                    matches!(probe, Ok(Probe::Undecidable) | Err(BackendError::Forbidden { .. })),
                    "{probe:?}"
                ),
                _ => assert_eq!(probe.unwrap(), Probe::Absent),
            }
        }
    }
}
